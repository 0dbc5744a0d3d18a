"""Getting the files of a recording, and knowing that they are the ones its publisher published.

Comes in: a recording's name, its card (where the archive is) and its registry (each needed file's SHA-256). Goes out:
a folder in the publisher's layout, or an error that says which file, what was expected, where it was looked for and
what to do. Hashes are kept per file and not per archive: a host may compress the archive of a commit anew, which
changes the archive's bytes and none of the files in it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lib import ground
from lib.recordings.cards import card, loader, registry

LARGEST = 64 * 2**20
"""No registered file is larger [bytes]; an archive that says otherwise is not unpacked."""


def fetch(name: str) -> Path:
    """Download a recording into the cache, unless an intact copy is already there.

    A recording whose files are not registered is not downloaded: an error says where they are and where to put them.

    Parameters
    ----------
    name : str
        A published recording.

    Returns
    -------
    pathlib.Path
        The recording's folder.

    Raises
    ------
    ground.MissingData
        The archive cannot be reached, or the files are to be got by hand (`get` on the recording's card).
    ground.DamagedData
        The archive is unsafe, or a file in it is not what was published. Nothing is left behind.
    """
    facts = card(name)
    if "archive" not in facts:
        return _got_by_hand(name)
    folder = ground.cache_folder() / facts["folder"]
    if _problems(folder, registry(name)):
        fetch_archive(name, facts["archive"], registry(name), folder)
    return folder


def _got_by_hand(name: str) -> Path:
    problems = check(name, content=False)
    if problems:
        raise ground.MissingData(f"{name}: {problems[0]}")
    return at_hand(name)


def check(name: str, root: str | Path | None = None, *, content: bool = True) -> list[str]:
    """Compare every file of a recording with its registered SHA-256.

    Where no hashes are registered, what its card says everybody needs (`needs`) is looked for, and every recording that
    is there is opened: it has to be as its side files say, with amplitudes of EEG.

    Parameters
    ----------
    name : str
        A recording.
    root : path, optional
        Folder that holds the recording's own folder; default as in ``load``.
    content : bool
        False: only whether the files are there.

    Returns
    -------
    list of str
        What is missing or damaged, with file names; empty if all is well.
    """
    if card(name)["simulated"]:
        return []  # made anew whenever its cache is not what it was
    folder = at_hand(name, root)
    if folder is None:
        return [f"no folder {' or '.join(map(str, _places(name, root)))}. {remedy(name)}"]
    if "archive" in card(name):
        return _problems(folder, registry(name), content=content)
    absent = [folder / file for file in card(name)["needs"] if not (folder / file).exists()]
    problems = [f"{path} is missing. {remedy(name)}" for path in absent]
    return problems if problems or not content else import_module(loader(name)).faults(folder)


def found(name: str, root: str | Path | None = None) -> Path:
    """Folder of a recording: below `root`; else below ``ALIKE_DATA`` or in the cache; else downloaded."""
    folder = at_hand(name, root)
    if folder is None and root is not None:
        raise missing(name, _places(name, root)[0], "the folder of the recording")
    return folder or fetch(name)


def at_hand(name: str, root: str | Path | None = None) -> Path | None:
    """Folder of a recording where it is on this machine, else None."""
    return next((place for place in _places(name, root) if place.is_dir()), None)


def listed(folder: Path | None) -> list[str]:
    """Name, size and date of every file below a folder, those of git and DataLad left out; nothing where it is None.

    Where a link leads nowhere, as those of git-annex do before their content is there, its own size and date count.
    """
    out = []
    for place, folders, names in os.walk(folder) if folder else ():
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names)):
            about = path.stat() if path.exists() else path.lstat()
            out.append(f"{path.relative_to(folder).as_posix()} {about.st_size} {about.st_mtime_ns}")
    return out


def _places(name: str, root: str | Path | None) -> list[Path]:
    """Where a recording's folder may be, in the order in which it is looked for."""
    if root is not None:
        roots = [Path(root)]
    else:
        roots = [Path(os.environ[key]) for key in ("ALIKE_DATA",) if os.environ.get(key)] + [ground.cache_folder()]
    return [place / card(name)["folder"] for place in roots]


def _problems(folder: Path, files: Mapping[str, str], *, content: bool = True) -> list[str]:
    problems = []
    for file, digest in files.items():
        path = folder / file
        if not path.is_file():
            problems.append(f"{path} is missing (expected sha256 {digest})")
        elif content and (got := ground.sha256(path)) != digest:
            problems.append(f"{path} is damaged: sha256 {got}, expected {digest}")
    return problems


def missing(name: str, path: Path, expected: str, reason: str = "") -> ground.MissingData:
    """Error for a file that is not there: which, what was expected, and how to get it."""
    return ground.MissingData(f"{name}: {path} is missing (expected {expected}).{reason} {remedy(name)}")


def damaged(name: str, path: Path | str, expected: str) -> ground.DamagedData:
    """Error for a file that is there but is not what was published."""
    return ground.DamagedData(f"{name}: {path} is damaged: expected {expected}. {remedy(name)}")


def remedy(name: str) -> str:
    """How a reader gets intact files."""
    if "archive" not in card(name):
        place = ground.cache_folder() / card(name)["folder"]
        return f"{card(name)['get']} Put them into {place}, or into a folder of that name below ALIKE_DATA."
    return (
        f"Fetch it with `alike data fetch {name}`, or set ALIKE_DATA to a folder that holds "
        f"{card(name)['folder']} as its publisher lays it out."
    )


def read_verified(name: str, folder: Path, file: str, files: Mapping[str, str]) -> bytes:
    """Content of one registered file, compared with its SHA-256."""
    path = folder / file
    if file not in files:
        raise damaged(name, path, "a file of the registry, which has no such entry")
    if not path.is_file():
        raise missing(name, path, f"a file with sha256 {files[file]}")
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != files[file]:
        raise damaged(name, path, f"sha256 {files[file]}, got {digest}")
    return raw


def fetch_archive(name: str, url: str, files: Mapping[str, str], folder: Path) -> None:
    """Download `url`, unpack its registered `files`, verify each, and only then put them in place as `folder`."""
    ground.cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch.", dir=ground.cache_folder()) as scratch:
        archive = _download(name, url, Path(scratch), folder)
        with ground.replacing(folder) as target:
            unpack(name, archive, files, target)


def _download(name: str, url: str, scratch: Path, folder: Path) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # its notes are about the hash of the archive, which is not ours to keep
    downloader = pooch.HTTPDownloader(timeout=30)
    try:
        return Path(pooch.retrieve(url, known_hash=None, fname="archive", path=scratch, downloader=downloader))
    except (requests.RequestException, OSError, ValueError) as error:
        looked = ", ".join(map(str, dict.fromkeys([*_places(name, None), folder])))
        why = f" Looked in {looked}; {url} cannot be downloaded ({type(error).__name__})."
        raise missing(name, folder, "the folder of the recording", why) from error


def unpack(name: str, archive: Path, files: Mapping[str, str], target: Path) -> None:
    """Write the registered files of a zip or tar archive below `target`, without its outermost folder.

    Nothing is written under a name that the archive chose: names are those of the registry. An archive with an
    absolute path, a path or link that leaves the archive's folder, or a device file is refused whole.
    """
    wanted = dict(files)
    try:
        with _opened(name, archive) as members:
            for member in members:
                _check_safe(name, member)
            for member in members:
                inner = member.path.partition("/")[2]
                if member.kind == "file" and inner in wanted:
                    _write_verified(name, target / inner, inner, member.read(LARGEST + 1), wanted.pop(inner))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise damaged(name, "the archive", f"a whole zip or tar file; reading it failed ({error})") from error
    if wanted:
        raise damaged(name, "the archive", f"{len(wanted)} more files, the first of them {next(iter(wanted))}")


def _write_verified(name: str, path: Path, inner: str, raw: bytes, digest: str) -> None:
    got = hashlib.sha256(raw).hexdigest()
    if got != digest:
        raise damaged(name, f"{inner} in the archive", f"sha256 {digest}, got {got}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


@dataclass(frozen=True)
class Member:
    """What stands in an archive: its path, "file", "link" or "device", where a link leads, and what reads n bytes."""

    path: str
    kind: str
    leads: str
    read: Callable[[int], bytes]


@contextmanager
def _opened(name: str, archive: Path) -> Iterator[list[Member]]:
    """All members of an archive but its folders."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield [_zip_member(file, entry) for entry in file.infolist() if not entry.is_dir()]
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as file:
            yield [_tar_member(file, entry) for entry in file.getmembers() if not entry.isdir()]
    else:
        raise damaged(name, "the archive", "a zip or tar file; what was downloaded is neither")


def _zip_member(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    def read(count: int) -> bytes:
        with file.open(entry) as stream:
            return stream.read(count)

    kinds = {0: "file", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(entry.external_attr >> 16), "device")
    target = read(4096).decode(errors="replace") if kind == "link" else ""
    leads = posixpath.join(posixpath.dirname(entry.filename), target)
    return Member(entry.filename, kind, leads, read)


def _tar_member(file: tarfile.TarFile, entry: tarfile.TarInfo) -> Member:
    kind = "file" if entry.isfile() else "link" if entry.issym() or entry.islnk() else "device"
    # A hard link names a member from the archive's root, a symbolic one a path from where it stands.
    leads = posixpath.join(posixpath.dirname(entry.name), entry.linkname) if entry.issym() else entry.linkname
    return Member(entry.name, kind, leads, lambda count: file.extractfile(entry).read(count))


def _check_safe(name: str, member: Member) -> None:
    if member.kind == "device":
        raise damaged(name, member.path, "a regular file in the archive, not a device")
    if not _inside(member.path):
        raise damaged(name, f"{member.path!r} in the archive", "a path within the archive's own folder")
    if member.kind == "link" and not _inside(member.leads):
        raise damaged(name, f"the link {member.path!r} in the archive", "a target within the archive's own folder")


def _inside(path: str) -> bool:
    """Whether a path, with its ".." worked out, stays below the folder it starts in."""
    normal = posixpath.normpath(path.replace("\\", "/"))
    return not normal.startswith(("/", "..")) and ":" not in normal.partition("/")[0]
