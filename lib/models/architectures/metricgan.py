"""MetricGAN+: two recurrent and two full layers, trained to clean speech for the metric that judges it.

Comes in: waveforms at 16 kHz. Goes out: "linear.1" and "linear.2", one frame per 16 ms, and "cell.1" and "cell.2", the
last cell states of both directions of the recurrent layers, single frames, which is what the cortex paper reads.

Input is log(1 + magnitude) of Hamming windows of 32 ms every 16 ms, centred, silence at both ends. Names are those of
the public checkpoint enhance_model.ckpt (speechbrain/metricgan-plus-voicebank); the mask that follows is not made.
Reference: Fu et al. 2021, Interspeech, arXiv:2104.03538.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import centred, pooled
from lib.models.architectures.parts.spectra import stft

DEFAULTS = {"width": 200, "full": 300}
IGNORED = ("Learnable_sigmoid.",)
PREFIXES = ()
FILES = {}
RATE, SIZE, HOP = 16000, 512, 256
BINS = SIZE // 2 + 1


def build(config) -> nn.Module:
    """Network of a config: width of the recurrent layers and of the first full one."""
    return Enhancer(**config)


class Enhancer(nn.Module):
    """See the module."""

    longest = None
    shortest = 2 * SIZE

    def __init__(self, *, width, full):
        super().__init__()
        self.blstm = nn.Module()
        self.blstm.rnn = nn.LSTM(BINS, width, 2, batch_first=True, bidirectional=True)
        self.linear1, self.linear2 = nn.Linear(2 * width, full), nn.Linear(full, BINS)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        cell = 2 * self.blstm.rnn.hidden_size
        return {"linear.1": self.linear1.out_features, "linear.2": BINS, "cell.1": cell, "cell.2": cell}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        spectra = torch.log1p(stft(waves, SIZE, HOP, torch.hamming_window(SIZE), pad="constant"))
        output, (_, cells) = self.blstm.rnn(spectra)
        first = self.linear1(output)
        second = self.linear2(functional.leaky_relu(first, 0.3))
        clock, whole = centred(HOP), pooled(waves.shape[1])
        cells = (pair.transpose(0, 1).flatten(1)[:, None] for pair in cells.split(2))
        states = {f"cell.{number}": (cell, whole) for number, cell in enumerate(cells, start=1)}
        return {"linear.1": (first, clock), "linear.2": (second, clock), **states}
