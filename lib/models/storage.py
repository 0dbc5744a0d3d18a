"""The shelf of computed activations: one file per model and sound, never half written, never trusted blindly.

Comes in: a model's name, revision and layers, and the sound itself. Goes out: {layer: array} as it was computed, or
nothing, where there is no file or a damaged one.

A shelf is a folder ``activations/<model>/<key>``, the key a hash of model, revision, layers with their widths, dtype
and kind. A safetensors file in it is named by the hash of its sound, so a sound is known by its content alone.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lib.ground import cache_folder, fingerprint, replacing

DTYPE = np.dtype("float32")


def shelf(name: str, revision: str, layers: Mapping[str, int], kind: str) -> Path:
    """Folder for one kind of activations (say, time-averaged) of one revision of one model."""
    widths = [f"{layer} {width}" for layer, width in layers.items()]
    return cache_folder() / "activations" / name / fingerprint(name, revision, *widths, DTYPE.str, kind)


def file_of(folder: Path, samples: np.ndarray, rate: float) -> Path:
    """File for one sound, named by the hash of its samples and its rate."""
    digest = hashlib.sha256(f"{float(rate)!r} {samples.dtype.str} {samples.shape} ".encode())
    digest.update(np.ascontiguousarray(samples))
    return folder / f"{digest.hexdigest()[:32]}.safetensors"


def write(path: Path, layers: Mapping[str, np.ndarray]) -> None:
    """Write {layer: array} as float32, with a checksum, in one step."""
    from safetensors.numpy import save_file

    layers = {layer: np.ascontiguousarray(values, dtype=DTYPE) for layer, values in layers.items()}
    with replacing(path) as scratch:
        save_file(layers, scratch, metadata={"checksum": _checksum(layers)})


def read(path: Path, widths: Mapping[str, int]) -> dict[str, np.ndarray] | None:
    """Read {layer: array}; None if there is no such file, or if it is damaged (then with a warning).

    Parameters
    ----------
    path : pathlib.Path
        From ``file_of``.
    widths : mapping of str to int
        Layers the file must hold, with the length of their last axis.
    """
    if not path.exists():
        return None
    try:
        layers, checksum = _load(path)
        damage = _damage(layers, checksum, widths)
    except Exception as error:  # the file may hold any bytes, and the library raises as many kinds of error
        damage = f"{type(error).__name__}: {error}"
    if damage:
        warnings.warn(f"{path} is damaged ({damage}); its sound is represented again", stacklevel=2)
        return None
    return {layer: layers[layer] for layer in widths}


def _load(path) -> tuple[dict[str, np.ndarray], str]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return {layer: file.get_tensor(layer) for layer in file.keys()}, file.metadata()["checksum"]  # noqa: SIM118


def _damage(layers, checksum, widths) -> str:
    """What is wrong with a file's content; empty if nothing is."""
    if set(layers) != set(widths):
        return f"it holds the layers {sorted(layers)}, not {sorted(widths)}"
    for layer, width in widths.items():
        if layers[layer].dtype != DTYPE or layers[layer].shape[-1:] != (width,):
            return f"layer {layer!r} is {layers[layer].dtype} {layers[layer].shape}, not {DTYPE} (..., {width})"
    return "" if checksum == _checksum(layers) else "its content does not have the checksum it was written with"


def _checksum(layers) -> str:
    digest = hashlib.sha256()
    for layer in sorted(layers):
        digest.update(f"{layer} {layers[layer].shape} ".encode())
        digest.update(layers[layer])
    return digest.hexdigest()
