"""The quantising autoencoder of the Zero Resource Speech Challenge 2020: convolutions that turn speech into units.

Comes in: waveforms at 16 kHz. Goes out: "relu.1" ... "relu.5", the rectified layers of the encoder, one frame per 10 ms
(the first two) and per 20 ms.

Input is an 80-band mel spectrum of magnitudes in dB (Hann windows of 400 samples every 160 in transforms of 2048, from
50 Hz, Slaney's scale and areas) of the sound at a peak of 0.999 with a pre-emphasis of 0.97, from -1 (80 dB below the
maximum, or less than the reference) to 1. Names are those of the encoder of the public checkpoints
(github.com/bshall/ZeroSpeech); codebook and decoder are not read. Reference: van Niekerk, Nortje & Kamper 2020,
Interspeech, arXiv:2005.09409.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import centred
from lib.models.architectures.parts.spectra import PREEMPHASIS, decibels, mel, stft

DEFAULTS = {"width": 768, "codes": 64}
IGNORED = ("codebook.", "jitter.")
PREFIXES = ()
FILES = {}
RATE, BANDS, SIZE, WINDOW, HOP = 16000, 80, 2048, 400, 160
LOWEST, DYNAMIC, PEAK = 50.0, 80.0, 0.999
KERNELS = ((3, 1, 0), (3, 1, 1), (4, 2, 1), (3, 1, 1), (3, 1, 1))  # size, stride, padding


def build(config) -> nn.Module:
    """Network of a config: width of the convolutions, units of a code."""
    return Quantiser(**config)


class Quantiser(nn.Module):
    """See the module."""

    longest = None
    shortest = SIZE

    def __init__(self, *, width, codes):
        super().__init__()
        steps, before = [], BANDS
        for kernel in KERNELS:
            steps += [nn.Conv1d(before, width, *kernel, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
            before = width
        self.encoder = nn.Sequential(*steps, nn.Conv1d(width, codes, 1))

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        return {f"relu.{number + 1}": self.encoder[0].out_channels for number in range(len(KERNELS))}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        state, clock, layers = self._spectra(waves).transpose(1, 2), centred(HOP), {}
        for number, kernel in enumerate(KERNELS):
            state = self.encoder[3 * number : 3 * number + 3](state)
            clock = clock.then(*kernel)
            layers[f"relu.{number + 1}"] = state.transpose(1, 2), clock
        return layers

    def _spectra(self, waves) -> Tensor:
        waves = PEAK * waves / waves.abs().amax(dim=1, keepdim=True).clamp_min(1e-12)
        waves = torch.cat([waves[:, :1], waves[:, 1:] - PREEMPHASIS * waves[:, :-1]], dim=1)
        magnitude = stft(waves, SIZE, HOP, torch.hann_window(WINDOW))
        magnitude = mel(magnitude, BANDS, RATE, LOWEST, RATE / 2, scale="slaney", area=True)
        return decibels(magnitude**2, dynamic=DYNAMIC) / DYNAMIC + 1
