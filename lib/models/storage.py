"""The shelf of computed activations: one file per model and sound, never half written, never trusted blindly.

Comes in: a model's name, revision and layers, and the sound itself. Goes out: {name: array} as it was computed, or
nothing, where there is no file or a damaged one.

A shelf is a folder ``activations/<model>/<key>``, the key a hash of model, revision, layers with their widths, dtype
and kind. A safetensors file in it is named by the hash of its sound, so a sound is known by its content alone. Arrays
may be more than memory holds: they go piece by piece onto the disk, and are mapped from there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import warnings
import zlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

import numpy as np

from lib.ground import WrongUse, cache_folder, fingerprint, replacing

DTYPE = np.dtype("<f4")
NUMBERS = {"F32": DTYPE, "F64": np.dtype("<f8")}  # as safetensors calls them
BLOCK = 1 << 20  # bytes that are copied or checked at once, and of an array that stay in memory while it grows


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
    folder = re.sub(r"[^\w.@:+-]", "_", name)[-100:]  # the name may be a path
    return cache_folder() / "activations" / folder / fingerprint(name, revision, *widths, DTYPE.str, kind)


def file_of(folder: Path, samples: np.ndarray, rate: float) -> Path:
    """File for one sound, named by the hash of its samples and its rate."""
    digest = hashlib.sha256(f"{float(rate)!r} {samples.dtype.str} {samples.shape} ".encode())
    digest.update(np.ascontiguousarray(samples))
    return folder / f"{digest.hexdigest()[:32]}.safetensors"


def write(path: Path, pieces: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Write arrays piece by piece, with a checksum, in one step at the end.

    Parameters
    ----------
    path : pathlib.Path
        From ``file_of``.
    pieces : iterable of {name: array}
        float32 or float64. Those of one name follow each other along their first axis; memory holds one piece.

    Returns
    -------
    dict of str to array
        The arrays, mapped from the file.
    """
    growing: dict[str, _Growing] = {}
    with replacing(path) as scratch, ExitStack() as files:
        for piece in pieces:
            for name, rows in piece.items():
                if name not in growing:
                    file = files.enter_context(SpooledTemporaryFile(BLOCK, dir=scratch.parent))
                    growing[name] = _Growing(file, rows.dtype, rows.shape[1:])
                growing[name].append(rows)
        _assemble(scratch, growing)
    return _mapped(path)[0]


def read(path: Path, widths: Mapping[str, int | None]) -> dict[str, np.ndarray] | None:
    """Give arrays as they were written, mapped from the file.

    Parameters
    ----------
    path : pathlib.Path
        From ``file_of``.
    widths : mapping of str to int or None
        Arrays the file must hold: float32 with the length of their last axis, or a list of times in float64 (None).

    Returns
    -------
    dict of str to array, or None
        In the order of `widths`. None if there is no such file, or if it is damaged (then with a warning).
    """
    if not path.exists():
        return None
    try:
        arrays, written = _mapped(path)
        damage = _misfit(arrays, widths)
        if not damage and _checksum({name: (a.shape, _crc(a)) for name, a in arrays.items()}) != written:
            damage = "its content does not have the checksum it was written with"
    except Exception as error:  # the file may hold any bytes, and each part of it fails in its own way
        damage = f"{type(error).__name__}: {error}"
    if damage:
        warnings.warn(f"{path} is damaged ({damage}); its sound is represented again", stacklevel=2)
        return None
    return {name: arrays[name] for name in widths}


@dataclass
class _Growing:
    """An array of which the number of rows is not known yet, in a file of its own."""

    file: BinaryIO
    dtype: np.dtype
    row: tuple[int, ...]
    count: int = 0
    crc: int = 0

    def append(self, rows: np.ndarray) -> None:
        raw = np.ascontiguousarray(rows, self.dtype)
        self.file.write(raw)
        self.crc = zlib.crc32(raw, self.crc)
        self.count += len(rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, *self.row)


def _assemble(path, growing) -> None:
    """Put arrays together as one safetensors file: length of the header, header, numbers (the wider ones first)."""
    checksum = _checksum({name: (array.shape, array.crc) for name, array in growing.items()})
    ordered = dict(sorted(growing.items(), key=lambda item: -item[1].dtype.itemsize))
    header, start = {"__metadata__": {"checksum": checksum}}, 0
    for name, array in ordered.items():
        end = start + array.file.tell()
        kind = next(kind for kind, dtype in NUMBERS.items() if dtype == array.dtype)
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in ordered.values():
            array.file.seek(0)
            shutil.copyfileobj(array.file, file, BLOCK)


def _mapped(path) -> tuple[dict[str, np.ndarray], str]:
    """Arrays of a file as views of the disk, and the checksum they were written with."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(size, path.stat().st_size)))
    checksum = header.pop("__metadata__")["checksum"]
    data = np.memmap(path, np.uint8, "r", offset=8 + size)
    arrays = {}
    for name, facts in header.items():
        start, end = facts["data_offsets"]
        arrays[name] = data[start:end].view(NUMBERS[facts["dtype"]]).reshape(facts["shape"])
    return arrays, checksum


def _checksum(contents: Mapping[str, tuple]) -> str:
    """Of names, shapes and numbers. A cyclic one: it reveals damage, and frames are too many for a hash."""
    lines = [f"{name} {list(shape)} {crc}" for name, (shape, crc) in sorted(contents.items())]
    return f"{zlib.crc32(' '.join(lines).encode()):08x}"


def _crc(array) -> int:
    raw, total = array.reshape(-1).view(np.uint8), 0
    for start in range(0, len(raw), BLOCK):
        total = zlib.crc32(raw[start : start + BLOCK], total)
    return total


def _misfit(arrays, widths) -> str:
    """Why a file's content is not what it should be about; empty if it is."""
    if set(arrays) != set(widths):
        return f"it holds {sorted(arrays)}, not {sorted(widths)}"
    for name, width in widths.items():
        found = arrays[name]
        dtype, shape = (DTYPE, (width,)) if width is not None else (NUMBERS["F64"], found.shape[:1])
        if found.dtype != dtype or found.shape[-1:] != shape:
            return f"{name!r} is {found.dtype} {found.shape}, not {dtype} (..., {shape[0]})"
    return ""
