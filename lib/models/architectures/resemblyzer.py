"""Resemblyzer: three recurrent layers, trained so that utterances of one speaker lie together and of others apart.

Comes in: waveforms at 16 kHz. Goes out: "lstm.1" ... "lstm.3", one frame per 10 ms, and "speaker", the embedding of
length 1, one frame per 0.77 s: the published embedding of an utterance is their mean, brought to length 1.

Input is the power in 40 mel bands (Hann windows of 25 ms every 10 ms, centred, silence beyond both ends, Slaney's scale
and areas), not its logarithm, of a sound that was amplified to -30 dB of full scale if it was softer. It is heard in
partial windows of 1.6 s that begin every 0.77 s, silence after the end; a last one that holds less than three quarters
of sound is left out. Frames of a recurrent layer come from the window that has most sound before them. The published
preprocessing also cuts out silences; that would move sound in time, and is not done. Names are those of the checkpoint
in the package resemblyzer. Reference: Wan et al. 2018, Generalized end-to-end loss for speaker verification, ICASSP,
arXiv:1710.10467.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import Clock, centred, pooled
from lib.models.architectures.parts.spectra import mel, stft

DEFAULTS = {"width": 256, "depth": 3}
IGNORED = ("similarity_",)
PREFIXES = ()
FILES = {}
RATE, BANDS, SIZE, HOP = 16000, 40, 400, 160
PARTIAL, STEP, COVERED = 160, 77, 0.75  # frames of a window and between windows; share of the last that must be sound
SOFTEST = 10 ** (-30 / 20)


def build(config) -> nn.Module:
    """Network of a config: width and depth of the recurrent layers."""
    return SpeakerEncoder(**config)


class SpeakerEncoder(nn.Module):
    """See the module."""

    longest = None
    shortest = 10 * HOP

    def __init__(self, *, width, depth):
        super().__init__()
        self.lstm = nn.LSTM(BANDS, width, depth, batch_first=True)
        self.linear = nn.Linear(width, width)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        width = self.linear.out_features
        recurrent = {f"lstm.{number}": width for number in range(1, self.lstm.num_layers + 1)}
        return {**recurrent, "speaker": width}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        samples, starts = waves.shape[1], partials(waves.shape[1])
        padding = max(0, (starts[-1] + PARTIAL) * HOP - samples)
        power = stft(functional.pad(_loud_enough(waves), (0, padding)), SIZE, HOP, pad="constant") ** 2
        bands = mel(power, BANDS, RATE, 0.0, RATE / 2, scale="slaney", area=True)
        frames, layers = 1 + samples // HOP, {}
        state = bands[:, : starts[-1] + PARTIAL].unfold(1, PARTIAL, STEP).transpose(2, 3).flatten(0, 1)
        for number, weights in enumerate(self.lstm.all_weights, start=1):
            state = _recurrent(state, weights)
            layers[f"lstm.{number}"] = _in_order(state.unflatten(0, (len(waves), -1)))[:, :frames], centred(HOP)
        speaker = functional.normalize(torch.relu(self.linear(state[:, -1])), dim=1)
        clock = Clock((PARTIAL - 1) / 2 * HOP, STEP * HOP)
        clock = clock if samples > PARTIAL * HOP else pooled(samples)
        return {**layers, "speaker": (speaker.unflatten(0, (len(waves), -1)), clock)}


def partials(samples: int) -> list[int]:
    """First frames of the partial windows of a sound."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - PARTIAL + STEP + 1), STEP))
    enough = samples - starts[-1] * HOP >= COVERED * PARTIAL * HOP
    return starts if enough or len(starts) == 1 else starts[:-1]


def _loud_enough(waves) -> Tensor:
    level = waves.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-8)
    return waves * (SOFTEST / level).clamp_min(1)


def _recurrent(state, weights) -> Tensor:
    """One layer of the published LSTM, from zero: the library's own gives the last layer alone."""
    zero = state.new_zeros(1, len(state), weights[1].shape[1])
    return torch.lstm(state, (zero, zero), weights, True, 1, 0.0, False, False, True)[0]


def _in_order(windows) -> Tensor:
    """Windows (sounds, windows, frames, units) to frames in order: of every window but the first, its last ones."""
    first, later = windows[:, 0], windows[:, 1:, PARTIAL - STEP :]
    return torch.cat([first, later.flatten(1, 2)], dim=1)
