"""DeepSpeech2: convolutions and five bidirectional recurrent layers, trained to write down what is said.

Comes in: waveforms at 16 kHz. Goes out: "hardtanh.1" and "hardtanh.2" (units: channels times frequencies), "lstm.1" ...
"lstm.5" (both directions summed), one frame per 20 ms; and "cell.1" ... "cell.5", the last cell states of both
directions, a single frame, which is what the cortex paper reads.

Input is log(1 + magnitude) of Hamming windows of 20 ms every 10 ms, centred, normalised to mean 0 and deviation 1 over
each sound. Names are those of the public LibriSpeech checkpoints (github.com/SeanNaren/deepspeech.pytorch; releases
that store their settings as Python objects have to be converted, because nothing here is unpickled). Reference: Amodei
et al. 2016, ICML, arXiv:1512.02595.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import centred, pooled
from lib.models.architectures.parts.spectra import stft

DEFAULTS = {"channels": 32, "width": 1024, "depth": 5}
IGNORED = ("fc.", "lookahead.", "inference_softmax.")
PREFIXES = ()
FILES = {}
RATE, SIZE, HOP = 16000, 320, 160
BANDS = 41  # frequencies left after two strides of two


def build(config) -> nn.Module:
    """Network of a config: channels of the convolutions, width and depth of the recurrent layers."""
    return DeepSpeech2(**config)


class DeepSpeech2(nn.Module):
    """See the module."""

    longest = None
    shortest = 4 * HOP

    def __init__(self, *, channels, width, depth):
        super().__init__()
        self.conv = nn.Module()
        self.conv.seq_module = nn.Sequential(
            nn.Conv2d(1, channels, (41, 11), (2, 2), (20, 5)),
            nn.BatchNorm2d(channels),
            nn.Hardtanh(0, 20),
            nn.Conv2d(channels, channels, (21, 11), (2, 1), (10, 5)),
            nn.BatchNorm2d(channels),
            nn.Hardtanh(0, 20),
        )
        sizes = [BANDS * channels, *[width] * (depth - 1)]
        self.rnns = nn.Sequential(*[Recurrent(size, width, number > 0) for number, size in enumerate(sizes)])

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        channels, width = self.conv.seq_module[0].out_channels, self.rnns[0].rnn.hidden_size
        numbers = range(1, len(self.rnns) + 1)
        recurrent = {f"lstm.{number}": width for number in numbers} | {
            f"cell.{number}": 2 * width for number in numbers
        }
        return {"hardtanh.1": channels * 81, "hardtanh.2": channels * BANDS} | recurrent

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        state = self._spectra(waves)[:, None]  # sounds, 1, frequencies, frames
        clock, layers = centred(HOP).then(11, 2, 5), {}
        for number, step in enumerate(self.conv.seq_module):
            state = step(state)
            if number in (2, 5):
                layers[f"hardtanh.{len(layers) + 1}"] = state.flatten(1, 2).transpose(1, 2), clock
        state, cells = layers["hardtanh.2"][0], {}
        for number, recurrent in enumerate(self.rnns, start=1):
            state, cell = recurrent(state)
            layers[f"lstm.{number}"] = state, clock
            cells[f"cell.{number}"] = cell[:, None], pooled(waves.shape[1])
        return layers | cells

    def _spectra(self, waves) -> Tensor:
        spectra = torch.log1p(stft(waves, SIZE, HOP, torch.hamming_window(SIZE))).transpose(1, 2)
        mean, deviation = spectra.mean(dim=(1, 2), keepdim=True), spectra.std(dim=(1, 2), keepdim=True)
        return (spectra - mean) / deviation.clamp_min(1e-12)


class Recurrent(nn.Module):
    """Bidirectional recurrent layer whose directions are summed, after a normalisation in all but the first."""

    def __init__(self, size, width, normalised):
        super().__init__()
        self.batch_norm = None
        if normalised:
            self.batch_norm = nn.Module()
            self.batch_norm.module = nn.BatchNorm1d(size)
        self.rnn = nn.LSTM(size, width, bidirectional=True)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (sounds, frames, units) to frames, and the last cell states (sounds, 2 * units)."""
        if self.batch_norm is not None:
            state = self.batch_norm.module(state.transpose(1, 2)).transpose(1, 2)
        output, (_, cell) = self.rnn(state.transpose(0, 1))
        return output.unflatten(2, (2, -1)).sum(dim=2).transpose(0, 1), cell.transpose(0, 1).flatten(1)
