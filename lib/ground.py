"""What every room stands on: where things lie, how files are written, and the errors a user meets.

Comes in: nothing. Goes out: the folders of the project, ``replacing`` for writes that are never half done, content
hashes, and three errors whose messages say what is wrong, where, and what to do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
PUBLISHED = DATA / "published"


class WrongUse(ValueError):
    """The call names something that does not exist or has the wrong type (exit code 2)."""


class MissingData(FileNotFoundError):
    """A recording or a model's weights are not on this machine."""


class DamagedData(ValueError):
    """A file is there but is not what its publisher published."""


def cache_folder() -> Path:
    """Folder of everything that can be made or fetched again: ``ALIKE_CACHE``, or data/cache."""
    return Path(os.environ.get("ALIKE_CACHE", DATA / "cache"))


def unknown(kind: str, name: str, known: Iterable[str]) -> WrongUse:
    """Error for a name that is not known, listing the ones that are and the nearest to it."""
    known = sorted(known)
    near = get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return WrongUse(f"unknown {kind} {name!r}.{hint} Known: {', '.join(known) or 'none'}.")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes `path`'s place in one step, on error nothing changes.

    Parameters
    ----------
    path : path
        File or folder to be written. An existing one is replaced whole.

    Yields
    ------
    pathlib.Path
        Where to write (it does not exist yet; its parent does).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield scratch / path.name
        if path.is_dir():  # a folder cannot be renamed over a full one: step aside first
            os.replace(path, scratch / "replaced")
        os.replace(scratch / path.name, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sha256(path: str | Path) -> str:
    """Hex digest of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: str | bytes) -> str:
    """Short stable hash (16 hex digits) of an ordered list of strings and bytes."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()[:16]
