"""The small models that were trained for this book: how they come out of data/zoo.

Comes in: a card of the roster. Goes out: a ``Model``, read through transformers as a published one is. A folder of
data/zoo holds config.json, model.safetensors, preprocessor_config.json, card.yml (recipe, licences, scores on held-out
sounds) and curve.csv; checkpoints of its training lie below it, and the roster calls them ``NAME@STEP``.

Spectrogram models hear two seconds at once. Those of patches have layers ``embedding`` (patches with their places) and
``layer.k``; patches of one column of time are averaged over frequency, and the two tokens that stand for no place are
left out. Those that are convolutional have layers ``stem`` and ``stage.k``, of channels at rows of frequency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from lib.ground import DATA, MissingData
from lib.models.activations import Frames
from lib.models.extraction import Model
from lib.models.loaders import audio, audio_llms, checkpoints, networks
from lib.models.loaders.mini import patches, residual

FOLDER = DATA / "zoo"
WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS, "preprocessor_config.json")
SPECTROGRAMS = {"audio-spectrogram-transformer": patches, "resnet": residual}
"""Modules of the kinds of models that see a spectrogram."""
WINDOWS = {"qwen2_audio": (2.0, 0.2)}  # what it heard in training, and context, in seconds
OF_THE_FILE = ("architectures", "dtype", "model_type", "transformers_version")  # of config.json: no sizes


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the small model of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster: `name` (with ``@STEP`` for a checkpoint) and `architecture`.
    seed : int, optional
        Take random weights from this seed; the spectrogram keeps the scale of the trained model.

    Raises
    ------
    lib.ground.MissingData
        If its folder is not complete.
    """
    folder = _complete(folder_of(card["name"]))
    if card["architecture"] in SPECTROGRAMS:
        return _spectrogram_model(card, folder, seed)
    room = audio if card["architecture"] == "hubert" else audio_llms
    model = room.from_folder(folder, card) if seed is None else room.load(_sized(card, folder), seed)
    if card["architecture"] not in WINDOWS:
        return model
    window, context = WINDOWS[card["architecture"]]
    return replace(model, window=window, context=context)


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Files of a small model; of its twin, those with the sizes and the scale."""
    folder = _complete(folder_of(card["name"]))
    return [folder / file for file in FILES if seed is None or file != WEIGHTS]


def folder_of(name: str) -> Path:
    """Folder of a small model, or of one of its checkpoints, by its name in the roster."""
    base, _, step = name.partition("@")
    return FOLDER / base / "checkpoints" / f"step-{step}" if step else FOLDER / base


def _sized(card, folder) -> dict:
    """Card with the sizes of the trained network, for its untrained twin."""
    config = checkpoints.facts_of(folder / "config.json")
    return card | {"config": {key: value for key, value in config.items() if key not in OF_THE_FILE}}


def _complete(folder: Path) -> Path:
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        name = folder.relative_to(FOLDER).parts[0]
        raise MissingData(f"{folder} lacks {', '.join(missing)}: `alike models train {name}` makes it anew")
    return folder


def _spectrogram_model(card, folder, seed) -> Model:
    """A network that sees two seconds of a spectrogram; the module of its kind says which layers it has."""
    import transformers

    kind, path = SPECTROGRAMS[card["architecture"]], folder / "config.json"
    configured, trained = (getattr(transformers, name) for name in kind.CLASSES)
    config = checkpoints.configured(configured, checkpoints.facts_of(path), path)
    scale, layers = patches.Scale.read(folder), kind.layers(config)

    @cache
    def network():
        if seed is None:
            return networks.ready(networks.trained(trained, folder, config=config))
        config.dtype = None  # of the stored weights; random ones are drawn in single precision
        return networks.ready(networks.untrained(lambda: kind.network(config), seed))

    def represent(waves: np.ndarray) -> dict[str, Frames]:
        import torch

        with torch.inference_mode():
            states = kind.states(network(), patches.heard(waves, scale), waves.shape[1])
        return dict(zip(layers, states, strict=True))

    def describe(layer: str):
        import pandas as pd

        return pd.DataFrame(kind.describe(layer, layers[layer]))

    longest = patches.FRAMES * patches.HOP / patches.RATE
    return Model(card["name"], patches.RATE, layers, patches.SHORTEST, represent, describe, longest, patches.CONTEXT)
