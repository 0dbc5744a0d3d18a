"""Audio encoders of transformers: what the layers of a network hold while it listens.

Comes in: the roster's card of an encoder (wav2vec 2.0, Whisper, AST, ...), or a folder with its checkpoint. Goes out: a
``Model`` with all hidden states. What is particular to an architecture is in ``lib.models.loaders.audio_encoders``.

Sounds of one batch have equal length, so nothing is masked. The feature extractor of the checkpoint normalises each
sound as it was in training. Networks that were made for sounds of one length (Whisper 30 s, AST 10 s, CLAP 10 s) get
shorter sounds padded as they expect; frames whose centre lies beyond the end of the sound are left out.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from lib.ground import DamagedData, WrongUse, unknown
from lib.models.activations import Frames
from lib.models.architectures.parts.clock import Clock
from lib.models.extraction import Model
from lib.models.loaders import checkpoints, networks
from lib.models.loaders.audio_encoders import ENCODERS, Encoder
from lib.models.precision import folded, one_by_one
from lib.models.revisions import revision

BATCH = 32.0  # seconds of sound, padding included, that pass through the network at once
WINDOW, CONTEXT = 60.0, 4.0  # seconds heard at once of a long sound, and how much of them only serves as context
SPARE = ("masked_spec_embed",)  # stands for masked frames in training
DESCRIPTIONS = ("processor_config.json", "preprocessor_config.json")


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the audio encoder of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster: `architecture` is one of ``ENCODERS``; `config` and `extractor` hold the sizes and the
        settings of the published model that differ from the defaults of transformers.
    seed : int, optional
        Take random weights from this seed, in the published size, instead of a checkpoint.

    Raises
    ------
    lib.ground.MissingData
        If the checkpoint is not on this machine.
    lib.ground.DamagedData
        If it is one of another architecture.
    """
    if seed is None:
        return _of_folder(checkpoints.find(card), card)
    encoder = _encoder(card)
    config = checkpoints.configured(_class(encoder.config), card.get("config", {}), card)
    extractor = _extractor(encoder, config, card.get("extractor", {}))
    return _model(card, config, extractor, lambda: _untrained(encoder, config, seed))


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Where the weights of a roster card lie; untrained twins have none."""
    return [] if seed is not None else [checkpoints.find(card)]


def from_folder(folder: str | Path, card: Mapping) -> Model:
    """Make an audio encoder from a folder written by ``save_pretrained``.

    Parameters
    ----------
    folder : path
        Holds config.json and the weights; preprocessor_config.json, if there is one, describes the feature extractor.
    card : mapping
        `name` and `architecture` are needed, `extractor` is used.

    Returns
    -------
    Model
        Weights are read when it first represents a sound.
    """
    mark = revision(card, None, [Path(folder)], __name__)
    return replace(_of_folder(Path(folder), card), revision=mark)


def _of_folder(folder: Path, card) -> Model:
    encoder = _encoder(card)
    config = _config(encoder, folder, card)
    path, settings = _described(folder)
    try:
        extractor = _extractor(encoder, config, card.get("extractor", {}) | settings)
        rate = operator.index(extractor.sampling_rate)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise DamagedData(f"{path} does not describe a {encoder.extractor}: {error}") from error
    if rate != card.get("rate", rate):
        raise DamagedData(f"{path}: {card['name']} hears at {rate} Hz, but its card says {card['rate']} Hz")
    return _model(card, config, extractor, lambda: _trained(encoder, config, folder))


def forward(network, encoder: Encoder, inputs) -> list:
    """Activations (sounds, frames, units) of every layer, as tensors in float32; the one place a network is run."""
    import torch

    with torch.inference_mode():
        return [state.float() for state in encoder.states(network, inputs)]


def _model(card, config, extractor, build) -> Model:
    encoder, network = _encoder(card), cache(build)
    layers, clocks = encoder.layers(config), _clocks(encoder, config, extractor)
    rate, longest = extractor.sampling_rate, encoder.longest and encoder.longest(extractor)

    def represent(waves: np.ndarray) -> dict[str, Frames]:
        if longest and waves.shape[1] > longest:
            raise WrongUse(f"{card['name']} hears {longest / rate:.2f} s at once; got {waves.shape[1] / rate:.2f} s")
        parts = []
        for some in _pieces(waves, longest or waves.shape[1], rate):
            states = forward(network(), encoder, _inputs(extractor, some, network().device))
            pairs = zip(states, clocks, strict=True)
            parts.append([_inside(state.cpu().numpy(), clock, waves.shape[1], rate) for state, clock in pairs])
        return {name: _joined(frames) for name, frames in zip(layers, zip(*parts, strict=True), strict=True)}

    def units(layer: str):
        return _numbered(layers[layer])

    window = min(WINDOW, longest / rate if longest else WINDOW)
    context = min(CONTEXT, window / 5)
    return Model(card["name"], rate, layers, encoder.shortest, represent, units, window, context)


def _pieces(waves, padded, rate) -> Iterator[np.ndarray]:
    """So many sounds at a time that they last about BATCH seconds."""
    size = max(1, int(BATCH * rate / padded))
    yield from (waves[start : start + size] for start in range(0, len(waves), size))


def _inputs(extractor, waves, device):
    """What the network takes, made by the feature extractor; where it stacks frames, a last one without pair is cut."""
    import torch

    with torch.autocast("cpu", enabled=False):  # spectra are computed in full precision always
        made = extractor(list(waves), sampling_rate=extractor.sampling_rate, return_tensors="pt")
    inputs = made[extractor.model_input_names[0]]
    if getattr(extractor, "stride", 1) > 1:
        inputs = inputs[:, made["attention_mask"][0].bool()]
    return inputs.to(device)


def _inside(values, clock: Clock, samples: int, rate: int) -> Frames:
    """Frames whose centre lies inside the sound (or less than half a frame before its start), at least one."""
    centres = clock.first + clock.step * np.arange(values.shape[1])
    first, end = np.searchsorted(centres, [-clock.step / 2, samples])
    inside = slice(first, max(end, first + 1))
    return Frames(values[:, inside], centres[inside] / rate)


def _joined(frames: Sequence[Frames]) -> Frames:
    """Frames of several batches as those of one."""
    return frames[0] if len(frames) == 1 else Frames(np.concatenate([some.values for some in frames]), frames[0].times)


def _clocks(encoder, config, extractor) -> list[Clock]:
    clocks = encoder.clocks(config, extractor)
    return [clocks] * len(encoder.layers(config)) if isinstance(clocks, Clock) else clocks


def _encoder(card) -> Encoder:
    if card["architecture"] not in ENCODERS:
        raise unknown(f"architecture of the audio encoder {card['name']}", card["architecture"], ENCODERS)
    return ENCODERS[card["architecture"]]


def _class(name: str):
    """Class of transformers, by its name, with the module before it where it isn't listed at the door."""
    module, _, name = f"transformers.{name}".rpartition(".")
    return getattr(import_module(module), name)


def _config(encoder, folder: Path, card):
    """Configuration of a checkpoint, or the part of it that is about the audio encoder."""
    path, kind = folder / "config.json", _class(encoder.config)
    facts = checkpoints.facts_of(path)
    facts = facts.get(encoder.inside, facts) if encoder.inside else facts
    if facts.get("model_type", kind.model_type) != kind.model_type:
        raise DamagedData(f"{folder} holds a {facts['model_type']}, but {card['name']} is a {kind.model_type}")
    return checkpoints.configured(kind, facts, path)


def _described(folder: Path) -> tuple[Path, dict]:
    """Settings of the feature extractor that lie beside a checkpoint, and the file they are in."""
    for path in (folder / name for name in DESCRIPTIONS):
        if path.exists():
            facts = checkpoints.facts_of(path)
            return path, facts.get("feature_extractor", facts)
    return folder / "config.json", {}


def _extractor(encoder, config, settings: Mapping):
    settings = encoder.settings(config) | dict(settings)
    with warnings.catch_warnings():  # the published filters of AST leave some of the lowest bands empty
        warnings.filterwarnings("ignore", "At least one mel filter has all zero values")
        return _class(encoder.extractor)(**{key: value for key, value in settings.items() if not key.endswith("_type")})


def _trained(encoder, config, folder):
    """Network with the weights of a checkpoint, all of them."""
    kind, options = _class(encoder.network), {"config": config, "spare": SPARE}
    if encoder.names:
        options["key_mapping"] = {encoder.names: ""}
    return _ready(networks.trained(kind, folder, **options), encoder)


def _untrained(encoder, config, seed):
    return _ready(networks.untrained(lambda: _class(encoder.network)(config), seed), encoder)


def _ready(network, encoder):
    network = folded(networks.ready(network))
    if encoder.front and network.device.type == "cpu":
        one_by_one(network.get_submodule(encoder.front))
    return network


def _numbered(count: int):
    import pandas as pd

    return pd.DataFrame({"unit": np.arange(count)})
