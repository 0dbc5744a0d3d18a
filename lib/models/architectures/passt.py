"""PaSST: a vision transformer trained on AudioSet labels with most of its patches left out.

Comes in: waveforms at 32 kHz. Goes out: "embedding" and "layer.1" ... "layer.12", one frame per 100 ms, the patches of
one time averaged over frequency, without the two class tokens.

Patches of 16 x 16 every 10 bands and frames of a 128-band mel spectrum to 15 kHz (symmetric Hann windows of 800 samples
every 320 in transforms of 1024, pre-emphasis 0.97 of the whole sound). Positions in time and frequency have embeddings
of their own, which fit 10 s; longer sounds are cut. Blocks give what leaves them, before the last normalisation. Names
are those of the public checkpoint passt_s_swa_p16_128_ap476 (github.com/kkoutini/passt_hear21). Reference: Koutini et
al. 2022, Interspeech, arXiv:2110.05069.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import centred
from lib.models.architectures.parts.spectra import PREEMPHASIS, mel, stft
from lib.models.architectures.parts.vit import Block, Patches, names, truncated

DEFAULTS = {"width": 768, "depth": 12, "heads": 12}
IGNORED = ("head.", "head_dist.", "pre_logits.")
PREFIXES = ("net.",)
FILES = {}
RATE, BANDS, SIZE, WINDOW, HOP = 32000, 128, 1024, 800, 320
HIGHEST = 15000.0
PATCH, STRIDE, FRAMES = 16, 10, 998


def build(config) -> nn.Module:
    """Network of a config: width, depth, heads."""
    return PaSST(**config)


class PaSST(nn.Module):
    """See the module."""

    longest = 10 * RATE
    shortest = PATCH * HOP

    def __init__(self, *, width, depth, heads):
        super().__init__()
        self.patch_embed = Patches(width, PATCH, STRIDE)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.dist_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.new_pos_embed = nn.Parameter(torch.randn(1, 2, width) * 0.02)
        self.freq_new_pos_embed = nn.Parameter(torch.randn(1, width, BANDS // STRIDE, 1) * 0.02)
        self.time_new_pos_embed = nn.Parameter(torch.randn(1, width, 1, FRAMES // STRIDE) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.apply(truncated)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        return names(len(self.blocks), self.norm.normalized_shape[0])

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        patches = self.patch_embed(self._spectra(waves))  # sounds, units, bands, times
        patches = patches + self.time_new_pos_embed[..., : patches.shape[3]] + self.freq_new_pos_embed
        special = torch.cat([self.cls_token, self.dist_token], dim=1) + self.new_pos_embed
        tokens = torch.cat([special.expand(len(waves), -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        states = [tokens]
        for block in self.blocks:
            states.append(block(states[-1]))
        clock = centred(HOP).then(PATCH, STRIDE)
        columns = (state[:, 2:].unflatten(1, patches.shape[2:]).mean(dim=1) for state in states)
        return {layer: (column, clock) for layer, column in zip(self.widths(), columns, strict=True)}

    def _spectra(self, waves) -> Tensor:
        """Normalised log-mel spectra (sounds, bands, frames)."""
        waves = waves[:, 1:] - PREEMPHASIS * waves[:, :-1]
        power = stft(waves, SIZE, HOP, torch.hann_window(WINDOW, periodic=False)) ** 2
        spectra = (mel(power, BANDS, RATE, 0.0, HIGHEST, bent=True) + 1e-5).log()
        return ((spectra + 4.5) / 5).transpose(1, 2)
