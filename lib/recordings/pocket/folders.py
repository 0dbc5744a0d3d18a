"""What the pocket world makes, it keeps: folders in the cache that are made once and checked each time.

Comes in: a folder's name and the function that fills it. Goes out: the folder, whole and as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib import ground
from lib.recordings.cards import read_registry

REGISTRY = "registry.sha256"


def kept_folder(name: str, make: Callable[[Path], None], root: str | Path | None = None) -> Path:
    """Folder that `make` fills, made if it is not there or if anything in it was lost or altered.

    Parameters
    ----------
    name : str
        Name of the folder; it should hold a fingerprint of everything that the content depends on.
    make : callable
        Takes an empty folder and writes its files. One process makes it while others wait.
    root : path, optional
        Where the folder lies. Default: the cache.

    Returns
    -------
    pathlib.Path
        Beside its files lies ``registry.sha256`` with the hash of each.
    """
    from filelock import FileLock

    folder = (ground.cache_folder() if root is None else Path(root)) / name
    if not intact(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{name}.lock")):
            if not intact(folder):
                with ground.replacing(folder) as scratch:
                    scratch.mkdir()
                    make(scratch)
                    _register(scratch)
    return folder


def intact(folder: Path) -> bool:
    """True if every file that the folder's registry names is there with the content it was written with."""
    try:
        files = read_registry(folder / REGISTRY)
        return bool(files) and all(ground.sha256(folder / file) == digest for file, digest in files.items())
    except (OSError, ValueError):
        return False


def content_fingerprint(folder: Path) -> str:
    """Hash of everything in a kept folder, as its registry states it."""
    return ground.fingerprint((folder / REGISTRY).read_bytes())


def _register(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{ground.sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / REGISTRY).write_text("".join(lines), encoding="utf-8")
