"""Results that take long to compute and are small to keep: on disk under a key of everything they depend on.

Comes in: a name, the data and options that are the key, and a function that computes labelled arrays. Goes out: the
arrays, read from the cache where they have been computed before. The code that the function can reach and the locked
versions are part of the key; the models and recordings it loads are noted with the arrays, and arrays whose models or
recordings have changed since are computed anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from lib import models, provenance, recordings
from lib.ground import ROOT, DamagedData, MissingData, WrongUse, cache_folder, fingerprint, replacing

if TYPE_CHECKING:
    import xarray as xr

FINGERPRINTS = {"models": models.fingerprint, "recordings": recordings.fingerprint}


def kept(what: str, key: tuple[str, ...], compute: Callable[[], Mapping[str, xr.DataArray]]) -> dict[str, xr.DataArray]:
    """Labelled arrays from the cache, or computed and put there.

    Parameters
    ----------
    what : str
        First part of the file's name.
    key : tuple of str
        Data and options that the arrays depend on. Code, versions, and what `compute` loads are seen to here.
    compute : callable
        Gives the arrays by name; labels must be strings or numbers. A function of lib, or a ``functools.partial`` of
        one, so that its code can be followed.

    Raises
    ------
    WrongUse
        `compute`, or a function it is given, was defined in a notebook, or `compute` is no function of lib.
    """
    origins = sorted(set(_origins(compute)))
    if not origins:
        raise WrongUse(f"{compute!r} is no function of lib, so its code can't be followed.")
    code = provenance.code(*origins)
    versions = (ROOT / "requirements.lock").read_bytes()
    path = cache_folder() / "results" / f"{what}-{fingerprint(code, versions, *map(str, key))}.npz"
    found = _read(path)
    if found is None:
        with provenance.watching() as loaded:
            found = dict(compute())
        _write(path, found, loaded)
    return found


def current(loaded: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether models and recordings are still what they were when they were noted, {kind: {name: fingerprint}}."""
    try:
        return all(FINGERPRINTS[kind](name) == mark for kind, marks in loaded.items() for name, mark in marks.items())
    except (WrongUse, MissingData, DamagedData):
        return False  # there is no such model or recording any more, or not its weights


def _origins(function: Any) -> Iterator[str]:
    """Modules of lib that a function, and the functions it was given, were defined in."""
    if isinstance(function, partial):
        given = (function.func, *function.args, *function.keywords.values())
        yield from (name for one in given if callable(one) for name in _origins(one))
        return
    module = getattr(function, "__module__", None) or ""
    if module == "__main__":
        name = getattr(function, "__qualname__", str(function))
        raise WrongUse(f"{name} is defined in a notebook, where its code can't be followed: move it to lib.")
    if module.partition(".")[0] == "lib":
        yield module
    for cell in getattr(function, "__closure__", None) or ():
        if callable(cell.cell_contents):
            yield from _origins(cell.cell_contents)


def _write(path: Path, arrays: Mapping[str, xr.DataArray], loaded: Mapping[str, Any]) -> None:
    labels = {
        name: {
            "dims": list(map(str, x.dims)),
            "coords": {str(d): x[d].values.tolist() for d in x.dims if d in x.coords},
        }
        for name, x in arrays.items()
    }
    import numpy as np

    about = np.array(json.dumps({"labels": labels, "loaded": loaded}))
    with replacing(path) as new, new.open("wb") as file:
        np.savez(file, about_=about, **{name: x.values for name, x in arrays.items()})


def _read(path: Path) -> dict[str, xr.DataArray] | None:
    import numpy as np
    import xarray as xr

    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(str(stored["about_"]))
            found = {
                n: xr.DataArray(stored[n], dims=of["dims"], coords=of["coords"]) for n, of in about["labels"].items()
            }
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # not there, or not whole: computed anew
    if not current(about["loaded"]):
        return None
    for kind, marks in about["loaded"].items():
        for name, mark in marks.items():
            provenance.loaded(kind, name, mark)
    return found
