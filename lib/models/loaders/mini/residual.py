"""The small convolutional networks of this book: a spectrogram goes through the residual stages of a ResNet.

Comes in: a card of the roster, its folder in data/zoo and a seed. Goes out: a ``Model``. Layers are ``stem`` and
``stage.1`` to ``stage.4``; a unit is a channel at a row of frequency, so that a layer keeps high and low
apart. Frames are 40 ms apart in the first two layers, then 80, 160 and 320 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np

from lib.ground import WrongUse
from lib.models.activations import Frames
from lib.models.extraction import Model
from lib.models.loaders import checkpoints, networks
from lib.models.loaders.mini import patches

SHORTEST, CONTEXT = 0.1, 0.4  # seconds
STRIDES = (4, 4, 8, 16, 32)  # of stem and stages, in pixels of the image


def images(spectra: np.ndarray):
    """Spectra (sounds, frames, bands) as the network takes them: means of two by two, (sounds, 1, bands, frames)."""
    import torch

    halved = torch.nn.functional.avg_pool2d(torch.as_tensor(spectra).transpose(1, 2)[:, None], 2)
    return halved.contiguous(memory_format=torch.channels_last)


def model(card: Mapping, folder: Path, seed: int | None) -> Model:
    """Network of a folder of data/zoo, or with random weights from a seed."""
    from transformers import ResNetConfig

    path = folder / "config.json"
    config, scale = checkpoints.configured(ResNetConfig, checkpoints.facts_of(path), path), patches.Scale.read(folder)
    network = cache(lambda: _network(folder, config, seed))
    layers = _layers(config)

    def represent(waves: np.ndarray) -> dict[str, Frames]:
        return dict(zip(layers, _states(network(), waves, scale), strict=True))

    def describe(layer: str):
        import pandas as pd

        rows = _rows(STRIDES[list(layers).index(layer)])
        channel, row = np.divmod(np.arange(layers[layer]), rows)
        return pd.DataFrame({"channel": channel, "row": row})

    longest = patches.FRAMES * patches.HOP / patches.RATE
    return Model(card["name"], patches.RATE, layers, SHORTEST, represent, describe, longest, CONTEXT)


def _layers(config) -> dict[str, int]:
    """Units of every layer."""
    channels = [config.embedding_size, *config.hidden_sizes]
    names = ["stem", *(f"stage.{k + 1}" for k in range(len(config.hidden_sizes)))]
    return {name: some * _rows(stride) for name, some, stride in zip(names, channels, STRIDES, strict=True)}


def _rows(stride) -> int:
    return patches.BANDS // 2 // stride


def _network(folder, config, seed):
    from transformers import ResNetModel

    if seed is None:
        return networks.ready(networks.trained(ResNetModel, folder, config=config))
    config.dtype = None  # of the stored weights; random ones are drawn in single precision
    return networks.ready(networks.untrained(lambda: ResNetModel(config), seed))


def _states(network, waves, scale) -> list[Frames]:
    """What leaves stem and stages: one frame per column whose centre lies inside the sound, at least one."""
    import torch

    if waves.shape[1] > patches.FRAMES * patches.HOP:
        raise WrongUse(f"a spectrogram model hears 2 s at once; got {waves.shape[1] / patches.RATE:.2f} s")
    spectra = images(patches.fitted(patches.level_free(patches.power(waves)), scale))
    with torch.inference_mode():
        states = network(spectra.to(network.device), output_hidden_states=True).hidden_states
    return [_frames(state, stride, waves.shape[1]) for state, stride in zip(states, STRIDES, strict=True)]


def _frames(state, stride, samples) -> Frames:
    """Columns of an image (sounds, channels, rows, columns): the first is centred between the first two spectra."""
    step, offset = 2 * stride * patches.HOP / patches.RATE, patches.HOP / patches.RATE / 2
    count = min(state.shape[-1], max(1, ceil((samples / patches.RATE - offset) / step - 1e-9)))
    values = state[..., :count].flatten(1, 2).transpose(1, 2).float().cpu().numpy()
    return Frames(values, offset + step * np.arange(count))
