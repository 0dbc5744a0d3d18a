"""The captioning baseline of DCASE 2020: gated recurrent layers trained to describe a sound in words.

Comes in: waveforms at 44.1 kHz. Goes out: "gru.1" ... "gru.3", the encoder's layers, both directions, one frame per
11.6 ms; "hidden.1" ... "hidden.4", the last states of encoder and decoder, and "words", the scores of the vocabulary
averaged over the 22 words of a caption, single frames, which is what the cortex paper reads.

Input is the logarithm of a 64-band mel spectrum of magnitudes (Hann windows of 1024 samples every 512, Slaney's scale
and areas) of the sound at a peak of 1. Names are those of the public checkpoint dcase_model_baseline_pre_trained.pt
(github.com/audio-captioning/dcase-2020-baseline). Reference: Drossos, Lipping & Virtanen 2020, ICASSP,
arXiv:1910.09387.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import centred, pooled
from lib.models.architectures.parts.spectra import mel, stft

DEFAULTS = {"width": 256, "words": 4367}
IGNORED = ()
PREFIXES = ()
FILES = {}
RATE, BANDS, SIZE, HOP = 44100, 64, 1024, 512
STEPS = 22  # words of a caption


def build(config) -> nn.Module:
    """Network of a config: width of the recurrent layers, number of words."""
    return Captioner(**config)


class Captioner(nn.Module):
    """See the module."""

    longest = None
    shortest = 2 * SIZE

    def __init__(self, *, width, words):
        super().__init__()
        options = {"batch_first": True, "bidirectional": True}
        self.encoder, self.decoder = nn.Module(), nn.Module()
        self.encoder.gru_1 = nn.GRU(BANDS, width, **options)
        self.encoder.gru_2 = nn.GRU(2 * width, width, **options)
        self.encoder.gru_3 = nn.GRU(2 * width, width, **options)
        self.decoder.rnn = nn.GRU(2 * width, width, batch_first=True)
        self.decoder.classifier = nn.Linear(width, words)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        width = self.decoder.rnn.hidden_size
        frames = {f"gru.{number}": 2 * width for number in (1, 2, 3)}
        states = {f"hidden.{number}": 2 * width for number in (1, 2, 3)}
        return frames | states | {"hidden.4": width, "words": self.decoder.classifier.out_features}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        clock, whole = centred(HOP), pooled(waves.shape[1])
        state, frames, last = self._spectra(waves), {}, {}
        for number in (1, 2, 3):
            output, hidden = getattr(self.encoder, f"gru_{number}")(state)
            frames[f"gru.{number}"] = output, clock
            last[f"hidden.{number}"] = hidden.transpose(0, 1).flatten(1)[:, None], whole
            state = state + output if state.shape == output.shape else output
        output, hidden = self.decoder.rnn(state[:, -1:].expand(-1, STEPS, -1))
        last["hidden.4"] = hidden.transpose(0, 1), whole
        last["words"] = self.decoder.classifier(output).mean(dim=1, keepdim=True), whole
        return frames | last

    def _spectra(self, waves) -> Tensor:
        waves = waves / waves.abs().amax(dim=1, keepdim=True).clamp_min(1e-12)
        magnitude = mel(stft(waves, SIZE, HOP), BANDS, RATE, 0.0, RATE / 2, scale="slaney", area=True)
        return (magnitude + torch.finfo(torch.float64).eps).log()
