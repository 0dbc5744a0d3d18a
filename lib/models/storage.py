"""The shelf of computed activations: one file per model and sound, never half written, never trusted blindly.

Comes in: a model's name, revision and layers, and the sound itself. Goes out: {layer: array} as it was computed, or
nothing, where there is no file or a damaged one.

A shelf is a folder ``activations/<model>/<key>``, the key a hash of model, revision, layers with their widths, dtype
and kind. A safetensors file in it is named by the hash of its sound, so a sound is known by its content alone. One row
a layer goes through ``write`` and ``read``; frames, which may be more than memory holds, through ``write_frames`` and
``read_frames``: piece by piece onto the disk, and mapped from there.
"""

from __future__ import annotations

import hashlib
import json
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.ground import WrongUse, cache_folder, fingerprint, replacing

DTYPE = np.dtype("float32")
TIMES = "times of "  # before a layer's name: the tensor with its clock
NUMBERS = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}  # as safetensors calls them
BLOCK = 1 << 20  # bytes that are copied at once


def shelf(name: str, revision: str, layers: Mapping[str, int], kind: str) -> Path:
    """Folder for one kind of activations (say, time-averaged) of one revision of one model.

    Raises
    ------
    lib.ground.WrongUse
        If the model has no revision: nothing would tell its activations from those of another of its name.
    """
    if not revision:
        raise WrongUse(f"{name} has no revision, so its activations cannot be cached: give it one, or do without cache")
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
    return _checked(path, _load, _checksum, widths)


def write_frames(path: Path, pieces: Iterable[Mapping[str, tuple]]) -> tuple[dict, dict]:
    """Write the frames of one sound piece by piece, with their times and a checksum, in one step at the end.

    Parameters
    ----------
    path : pathlib.Path
        From ``file_of``.
    pieces : iterable of {layer: (values, times)}
        Frames in order of time: values (frames, units), times (frames,) in seconds. Memory holds one piece.

    Returns
    -------
    layers, times : dict of str to array
        Each layer (frames, units) float32, mapped from the file, and its times (frames,) float64.
    """
    with replacing(path) as scratch:
        growing = {}
        for piece in pieces:
            for layer, (values, times) in piece.items():
                for name, array in ((TIMES + layer, np.asarray(times, "f8")), (layer, np.asarray(values, "f4"))):
                    if name not in growing:
                        growing[name] = _Growing(scratch.parent / str(len(growing)), array.dtype, array.shape[1:])
                    growing[name].append(array)
        _assemble(scratch, growing)
    return _split(_mapped(path)[0])


def read_frames(path: Path, widths: Mapping[str, int]) -> tuple[dict, dict] | None:
    """Layers and times as ``write_frames`` gave them; None if there is no such file, or a damaged one (with a warning).

    Parameters
    ----------
    path : pathlib.Path
        From ``file_of``.
    widths : mapping of str to int
        Layers the file must hold, with their number of units.
    """
    found = _checked(path, _mapped, _frames_checksum, {**widths, **{TIMES + layer: None for layer in widths}})
    return _split(found) if found else None


def _split(tensors) -> tuple[dict, dict]:
    layers = [name for name in tensors if not name.startswith(TIMES)]
    return {layer: tensors[layer] for layer in layers}, {layer: np.array(tensors[TIMES + layer]) for layer in layers}


@dataclass
class _Growing:
    """A tensor of which the number of rows is not known yet, in a file of its own."""

    path: Path
    dtype: np.dtype
    row: tuple[int, ...]
    count: int = 0

    def append(self, rows) -> None:
        with self.path.open("ab") as file:
            file.write(np.ascontiguousarray(rows))
        self.count += len(rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, *self.row)

    def blocks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block


def _assemble(path, growing) -> None:
    """Put tensors together as one safetensors file: length of the header, header, numbers (the wider ones first)."""
    ordered = dict(sorted(growing.items(), key=lambda item: -item[1].dtype.itemsize))
    header, start = {"__metadata__": {"checksum": _frames_checksum(growing)}}, 0
    for name, tensor in ordered.items():
        end = start + tensor.path.stat().st_size
        kind = next(kind for kind, dtype in NUMBERS.items() if dtype == tensor.dtype)
        header[name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in ordered.values():
            file.writelines(tensor.blocks())


def _frames_checksum(tensors) -> str:
    """Of names, shapes and numbers, in blocks. A cyclic one: it reveals damage, and frames are too many for a hash."""
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(f"{name} {tensors[name].shape} ".encode(), total)
        for block in _blocks(tensors[name]):
            total = zlib.crc32(block, total)
    return f"{total:08x}"


def _blocks(tensor) -> Iterator:
    """Numbers of a tensor, from its raw file or mapped, a block of bytes at a time."""
    if isinstance(tensor, _Growing):
        yield from tensor.blocks()
    else:
        raw = tensor.reshape(-1).view(np.uint8)
        yield from (raw[start : start + BLOCK] for start in range(0, len(raw), BLOCK))


def _mapped(path) -> tuple[dict[str, np.ndarray], str]:
    """Tensors of a file as views of the disk, and the checksum they were written with."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(size, path.stat().st_size)))
    checksum = header.pop("__metadata__")["checksum"]
    data = np.memmap(path, np.uint8, "r", offset=8 + size)
    tensors = {}
    for name, told in header.items():
        start, end = told["data_offsets"]
        tensors[name] = data[start:end].view(NUMBERS[told["dtype"]]).reshape(told["shape"])
    return tensors, checksum


def _checked(path, load, checksum, widths) -> dict[str, np.ndarray] | None:
    """What `load` finds in the file, in the order of `widths`; None, with a warning, if it is not what it should be."""
    if not path.exists():
        return None
    try:
        tensors, written = load(path)
        damage = _misfit(tensors, widths)
        if not damage and checksum(tensors) != written:
            damage = "its content does not have the checksum it was written with"
    except Exception as error:  # the file may hold any bytes, and the library raises as many kinds of error
        damage = f"{type(error).__name__}: {error}"
    if damage:
        warnings.warn(f"{path} is damaged ({damage}); its sound is represented again", stacklevel=3)
        return None
    return {name: tensors[name] for name in widths}


def _load(path) -> tuple[dict[str, np.ndarray], str]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return {layer: file.get_tensor(layer) for layer in file.keys()}, file.metadata()["checksum"]  # noqa: SIM118


def _misfit(layers, widths) -> str:
    """Why a file's content is not what it should be about; empty if it is."""
    if set(layers) != set(widths):
        return f"it holds the layers {sorted(layers)}, not {sorted(widths)}"
    for layer, width in widths.items():
        found = layers[layer]
        dtype, shape = (DTYPE, (width,)) if width is not None else (np.dtype("float64"), found.shape[:1])
        if found.dtype != dtype or found.shape[-1:] != shape:
            return f"layer {layer!r} is {found.dtype} {found.shape}, not {dtype} (..., {shape[0]})"
    return ""


def _checksum(layers) -> str:
    digest = hashlib.sha256()
    for layer in sorted(layers):
        digest.update(f"{layer} {layers[layer].shape} ".encode())
        digest.update(layers[layer])
    return digest.hexdigest()
