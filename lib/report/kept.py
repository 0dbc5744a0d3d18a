"""Results that take long to compute and are small to keep: on disk under a key of everything they depend on.

Comes in: a name, the parts of a key, and a function that computes labelled arrays. Goes out: the arrays, read from the
cache where they have been computed before. The key has to hold data and options; the code of the rooms is added here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from lib.ground import ROOT, cache_folder, fingerprint, replacing

if TYPE_CHECKING:
    import xarray as xr


def kept(what: str, key: tuple[str, ...], compute: Callable[[], Mapping[str, xr.DataArray]]) -> dict[str, xr.DataArray]:
    """Labelled arrays from the cache, or computed and put there.

    Parameters
    ----------
    what : str
        First part of the file's name.
    key : tuple of str
        Everything the arrays depend on but the code of lib/compare, lib/recordings and lib/report/eeg*.py.
    compute : callable
        Gives the arrays by name; labels must be strings or numbers.
    """
    path = cache_folder() / "results" / f"{what}-{fingerprint(_code(), *map(str, key))}.npz"
    found = _read(path)
    if found is None:
        found = dict(compute())
        _write(path, found)
    return found


@cache
def _code() -> str:
    files = [*(ROOT / "lib" / "compare").glob("*.py"), *(ROOT / "lib" / "recordings").glob("*.py")]
    files += (ROOT / "lib" / "report").glob("eeg*.py")
    return fingerprint(*(path.read_bytes() for path in sorted(files)))


def _write(path: Path, arrays: Mapping[str, xr.DataArray]) -> None:
    labels = {
        name: {
            "dims": list(map(str, x.dims)),
            "coords": {str(d): x[d].values.tolist() for d in x.dims if d in x.coords},
        }
        for name, x in arrays.items()
    }
    with replacing(path) as new, new.open("wb") as file:
        np.savez(file, labels_=np.array(json.dumps(labels)), **{name: x.values for name, x in arrays.items()})


def _read(path: Path) -> dict[str, xr.DataArray] | None:
    import xarray as xr

    try:
        with np.load(path, allow_pickle=False) as stored:
            labels = json.loads(str(stored["labels_"]))
            return {n: xr.DataArray(stored[n], dims=of["dims"], coords=of["coords"]) for n, of in labels.items()}
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # not there, or not whole: computed anew
