"""The facts about every recording, from the one place where they are written: data/recordings.yml.

Comes in: a recording's name. Goes out: its card, checked, and the registry of the files its publisher published, each
with its SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib import ground

REGISTRIES = ground.DATA / "registries"
NEEDED = {
    "loader": "module of lib.recordings and function in it, `public.natsound:load`, that make a recording of the card",
    "title": "a line for figures; of simulated data it says so",
    "simulated": "true where nobody was measured",
    "citation": "whom to cite",
    "source": "where the files come from",
    "licence": "as their publisher states it",
    "files": "what there is",
    "responses": "what the numbers are, and what they are not",
}
"""Keys that every card has, and what they say."""
PUBLISHED = {
    "doi": "of the data",
    "folder": "the recording's own folder below ALIKE_DATA or the cache",
}
"""Keys that every card of published data has besides."""
FURTHER = {
    "archive": "address of the zip or tar file whose registered files make the folder",
    "commit": "of a repository, where there are no versions",
    "version": "of the data set",
    "get": "how to get files that are not downloaded from here",
    "needs": "files or folders that every use of these needs",
    "sounds": "recording whose sounds these are responses to",
    "stored": "false where nothing is kept on disk",
    "hazards": "what goes wrong for those who read the files themselves",
    "rate": "samples per second",
    "rates": "samples per second, by level",
    "samples": "in each sound",
    "channels": "how many EEG channels",
    "montage": "mne's name of the layout, where no positions are published",
    "line_freq": "of the mains [Hz]",
    "planted": "effects that a simulation plants, and names of several, which may be left out of it",
    "positions": "what they are",
    "sentences": "where sentences come from",
    "surprisal": "which models gave it",
    "surface": "what the maps show",
    "voxels": "how many",
    "vertices": "of a hemisphere",
    "surface_subjects": "who have maps",
    "categories": "how many sounds of each",
    "folds": "one digit per sound in ascending number",
    "folds_source": "where the folds come from",
    "components": "how many",
    "electrodes": "how many",
    "patients": "how many",
    "selective": "which component prefers what",
    "window": "seconds from a sound's onset",
    "levels": "what channels may be, and what has to be known of them",
    "used": "listeners of the original analysis",
    "column_shift": "by how many columns a listener's table of trials is shifted",
    "first_missing": "listeners who lack the first trigger",
    "more_bad": "bad channels that others added",
}
"""Keys that some loaders read and some pages quote."""
LOADER = re.compile(r"[a-z]\w*(\.[a-z]\w*)*:[a-z]\w*")


class _Once(yaml.SafeLoader):
    """Reads YAML in which no key stands twice: the second would silently replace the first."""

    def construct_mapping(self, node, deep=False):
        seen = [key.value for key, _ in node.value]
        if twice := sorted({str(key) for key in seen if seen.count(key) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


@cache
def cards() -> dict[str, dict[str, Any]]:
    """All cards as they are written, by the recording's name.

    Raises
    ------
    ground.DamagedData
        The file is no YAML, or names something twice.
    """
    path = ground.DATA / "recordings.yml"
    try:
        written = yaml.load(path.read_text(encoding="utf-8"), _Once)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ground.DamagedData(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(written, dict):
        raise ground.DamagedData(f"{path} holds no cards: expected a recording's name, a colon, and its facts below")
    return {str(name): facts for name, facts in written.items()}


def card(name: str) -> dict[str, Any]:
    """Card of one recording.

    Raises
    ------
    ground.WrongUse
        An unknown name; the known ones are listed.
    ground.DamagedData
        The card lacks a key, or has one that is unknown or of the wrong kind.
    """
    if name not in cards():
        raise ground.unknown("recording", name, cards())
    if problem := fault(cards()[name]):
        raise ground.DamagedData(f"data/recordings.yml, card of {name}: {problem}")
    return cards()[name]


def fault(facts: Any) -> str:
    """What is wrong with a card, in a line; empty if nothing is."""
    if not isinstance(facts, dict):
        return f"expected keys and values, got {facts!r}"
    known = NEEDED | PUBLISHED | FURTHER
    needed = [*NEEDED, *(PUBLISHED if facts.get("simulated") is False else ())]
    absent = [key for key in needed if facts.get(key) in (None, "")]
    if absent:
        return f"it lacks {absent[0]!r} ({known[absent[0]]})"
    if strange := [key for key in facts if key not in known]:
        return str(ground.unknown("key", str(strange[0]), known))
    return _wrong_kind(facts)


def _wrong_kind(facts: Mapping[str, Any]) -> str:
    if not isinstance(facts["simulated"], bool):
        return f"simulated must be true or false, not {facts['simulated']!r}"
    texts = [key for key in NEEDED if key != "simulated" and not isinstance(facts[key], str)]
    if texts:
        return f"{texts[0]} must be a text, not {facts[texts[0]]!r}: put it in quotes"
    if not LOADER.fullmatch(facts["loader"]):
        return f"loader must be a module and a function, such as public.natsound:load, not {facts['loader']!r}"
    if facts["simulated"] or "archive" in facts or {"version", "get", "needs"} <= set(facts):
        return ""
    return "it needs archive, or version, get and needs (how its files are had)"


def loader(name: str) -> str:
    """Dotted name of the module that loads a recording, as its card says."""
    return f"lib.recordings.{card(name)['loader'].partition(':')[0]}"


def described(name: str) -> dict[str, Any]:
    """Fields of a ``Recording`` that its card gives."""
    facts = card(name)
    fields = {key: facts[key] for key in ("title", "simulated", "citation", "source", "licence")}
    return {"name": name, "card": facts} | fields


def registry(name: str) -> dict[str, str]:
    """Files of a recording that come from its publisher: ``{path within its folder: sha256}``."""
    return read_registry(REGISTRIES / f"{name}.sha256")


def read_registry(path: str | Path) -> dict[str, str]:
    """Read a registry in the format of ``sha256sum``: digest, two spaces, path; lines that begin with # are notes."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    entries = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {file: digest for digest, file in entries}


def registry_fingerprint(name: str, files: Mapping[str, str]) -> str:
    """Hash of a registry's entries, whatever their order."""
    return ground.fingerprint(name, *(f"{file} {digest}" for file, digest in sorted(files.items())))


def published_fingerprint(name: str) -> str:
    """Hash of the registered files of a recording and of the one whose sounds it shares (`sounds` on its card).

    Where none are registered, that of the publisher's identifier and version.
    """
    if "archive" not in card(name):
        return ground.fingerprint(name, card(name)["doi"], str(card(name)["version"]))
    own = registry_fingerprint(name, registry(name))
    sounds = card(name).get("sounds")
    return ground.fingerprint(own, published_fingerprint(sounds)) if sounds else own
