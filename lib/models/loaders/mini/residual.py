"""The small convolutional networks of this book: a spectrogram goes through the residual stages of a ResNet.

Comes in: spectra, and a ``ResNetModel`` of transformers. Goes out: what its stem and stages say, frame by frame. A unit
is a channel at a row of frequency, so that a layer keeps high and low apart. Frames are 40 ms apart in the first two
layers, then 80, 160 and 320 ms.
"""

from __future__ import annotations

import numpy as np

from lib.models.activations import Frames
from lib.models.loaders.mini import patches

CLASSES = ("ResNetConfig", "ResNetModel")  # of transformers
STRIDES = {"stem": 4, "stage.1": 4, "stage.2": 8, "stage.3": 16, "stage.4": 32}  # in pixels of the image
PIXEL = 2 * patches.HOP / patches.RATE  # seconds
OFFSET = patches.HOP / patches.RATE / 2  # the first pixel is centred between the first two spectra


def images(spectra: np.ndarray):
    """Spectra (sounds, frames, bands) as the network takes them: means of two by two, (sounds, 1, bands, frames)."""
    import torch

    halved = torch.nn.functional.avg_pool2d(torch.as_tensor(spectra).transpose(1, 2)[:, None], 2)
    return halved.contiguous(memory_format=torch.channels_last)


def layers(config) -> dict[str, int]:
    """Stem and stages with their numbers of units."""
    channels = [config.embedding_size, *config.hidden_sizes]
    return {layer: count * _rows(layer) for layer, count in zip(STRIDES, channels, strict=True)}


def describe(layer: str, units: int) -> dict[str, np.ndarray]:
    """Channel and row of frequency, from low to high, of every unit of a layer."""
    channel, row = np.divmod(np.arange(units), _rows(layer))
    return {"channel": channel, "row": row}


def _rows(layer) -> int:
    return patches.BANDS // 2 // STRIDES[layer]


def network(config):
    """ResNet with random weights."""
    from transformers import ResNetModel

    return ResNetModel(config)


def states(network, spectra: np.ndarray, samples: int) -> list[Frames]:
    """What leaves stem and stages: one frame per column whose centre lies inside the sound, at least one."""
    hidden = network(images(spectra).to(network.device), output_hidden_states=True).hidden_states
    return [_frames(state, stride, samples) for state, stride in zip(hidden, STRIDES.values(), strict=True)]


def _frames(state, stride, samples) -> Frames:
    times = patches.centres(samples, stride * PIXEL, OFFSET, state.shape[-1])
    values = state[..., : len(times)].flatten(1, 2).transpose(1, 2)  # sounds, columns, channels at rows
    return Frames(values.float().cpu().numpy(), times)
