"""The facts about every recording, from the one place where they are written: data/recordings.yml.

Comes in: a recording's name. Goes out: its card, and the registry of the files its publisher published, each with
its SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib import ground

REGISTRIES = ground.DATA / "registries"


@cache
def cards() -> dict[str, dict[str, Any]]:
    """All cards, by the recording's name."""
    return yaml.safe_load((ground.DATA / "recordings.yml").read_text(encoding="utf-8"))


def card(name: str) -> dict[str, Any]:
    """Card of one recording; an unknown name is an error that lists the known ones."""
    if name not in cards():
        raise ground.unknown("recording", name, cards())
    return cards()[name]


def described(name: str) -> dict[str, Any]:
    """Fields of a ``Recording`` that its card gives."""
    facts = card(name)
    told = {key: facts[key] for key in ("title", "simulated", "citation", "source", "licence")}
    return {"name": name, "card": facts} | told


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
