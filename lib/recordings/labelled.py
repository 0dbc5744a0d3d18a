"""Public sets of sounds with names and no brains: what small models learn from, and what models can be tested on.

Comes in: folders in their publishers' layout, in ``ALIKE_DATA`` or the cache. Goes out: tables with one row a sound,
and ``read``, which gives a sound of them. Nothing is downloaded: the error says where to get a set.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from lib.ground import MissingData, cache_folder, unknown

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SETS = {
    "free-spoken-digit-dataset": "spoken digits, Z. Jackson and others, CC BY-SA 4.0, github.com/Jakobovski",
    "ESC-10": "environmental sounds, K. J. Piczak, CC BY 3.0, some clips CC0, github.com/karolpiczak",
}
"""What each set is, its licence, and where to look for it."""
PACKAGES = (
    "klettres-data",
    "ktuberling-data",
    "tuxpaint-stamps-default",
    "wesnoth-1.16-data",
    "wesnoth-1.16-music",
    "widelands-data",
)
"""Debian's data packages with sounds, each unpacked into a folder of its name."""


def folder(name: str) -> Path:
    """Folder of a set, or of a package of Debian.

    Raises
    ------
    lib.ground.WrongUse
        If no set has that name.
    lib.ground.MissingData
        If it is not on this machine; the message says where to put it.
    """
    if name not in (*SETS, *PACKAGES):
        raise unknown("set of sounds", name, (*SETS, *PACKAGES))
    if place := find(name):
        return place
    if name in PACKAGES:
        raise MissingData(
            f"Debian's package {name} is not on this machine: `apt-get download {name}`, then "
            f"`dpkg-deb --extract {name}_*.deb {cache_folder() / name}`"
        )
    raise MissingData(
        f"{name} is not on this machine ({SETS[name]}): put its folder into {cache_folder()} or set ALIKE_DATA to the "
        "folder that holds it"
    )


def find(name: str) -> Path | None:
    """Folder of this name in ``ALIKE_DATA`` or the cache, None where it is in neither."""
    places = (Path(os.environ.get("ALIKE_DATA") or cache_folder()) / name, cache_folder() / name)
    return next((place for place in places if place.is_dir()), None)


def spoken_digits() -> pd.DataFrame:
    """Takes of spoken digits by the name of their file: columns file, word, speaker, take (0 to 49)."""
    files = sorted((folder("free-spoken-digit-dataset") / "recordings").glob("*.wav"))
    parts = [re.fullmatch(r"(\d)_([a-z]+)_(\d+)", file.stem).groups() for file in files]
    rows = [(file, DIGITS[int(digit)], who, int(take)) for file, (digit, who, take) in zip(files, parts, strict=True)]
    return pd.DataFrame(rows, [file.stem for file in files], ["file", "word", "speaker", "take"])


def environmental_sounds() -> pd.DataFrame:
    """Clips of five seconds by the name of their file: columns file, category, fold (1 to 5, the publisher's)."""
    files = sorted(folder("ESC-10").glob("*/*.ogg"))
    rows = [(file, file.parent.name.split(" - ")[1], int(file.name[0])) for file in files]
    return pd.DataFrame(rows, [file.stem for file in files], ["file", "category", "fold"])


def read(file: Path) -> tuple[np.ndarray, int]:
    """Samples (float32, mono) and rate of a sound."""
    import soundfile

    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return samples.mean(axis=1), rate
