"""A checkpoint in a folder of the user's, as ``save_pretrained`` leaves it: an audio encoder that transformers knows.

Comes in: a card of ``lib.models.own`` with the folder. Goes out: the ``Model``, or its untrained twin in the sizes of
its config.json. No code of a checkpoint is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lib.ground import WrongUse, unknown
from lib.models.cards import Card
from lib.models.extraction import Model
from lib.models.loaders import audio, checkpoints
from lib.models.loaders.audio_encoders import ENCODERS

NO_SIZES = ("architectures", "dtype", "torch_dtype", "model_type", "transformers_version")


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the audio encoder of a folder.

    Raises
    ------
    lib.ground.WrongUse
        There is no checkpoint, or it is of no architecture that is known here.
    lib.ground.MissingData, lib.ground.DamagedData
        Its files are not whole.
    """
    folder = Path(card["folder"])
    facts = _facts(folder)
    card = Card(card) | {"architecture": _architecture(folder, facts)}
    if seed is None:
        return audio.from_folder(folder, card)
    sizes = {key: value for key, value in facts.items() if key not in NO_SIZES}
    settings = audio._described(folder)[1]
    return audio.load(card | {"config": sizes, "extractor": settings}, seed)


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """The folder; of a twin the settings in it."""
    folder = Path(card["folder"])
    _facts(folder)
    return [folder] if seed is None else sorted(folder.glob("*.json"))


def _facts(folder: Path) -> dict:
    if not (folder / "config.json").is_file():
        raise WrongUse(f"{folder} holds no config.json, so it is no checkpoint as save_pretrained leaves it")
    return checkpoints.facts_of(folder / "config.json", "model_type")


def _architecture(folder: Path, facts: Mapping) -> str:
    kinds = {audio._class(encoder.config).model_type: name for name, encoder in reversed(ENCODERS.items())}
    if facts["model_type"] not in kinds:
        raise unknown(f"model_type in {folder / 'config.json'}", facts["model_type"], kinds)
    return kinds[facts["model_type"]]
