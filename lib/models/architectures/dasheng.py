"""Dasheng: a masked autoencoder over short slices of a mel spectrum, scaled to more than a billion parameters.

Comes in: waveforms at 16 kHz. Goes out: "embedding" and "layer.1" ... (12, 32 or 40 blocks), one frame per 40 ms.

64 mel bands in dB (windows of 512 samples every 160, not more than 120 dB below the maximum of the sound), a batch
normalisation over bands, and patches of all bands by four frames: no two tokens share a time. Blocks give what leaves
them, before the last normalisation. Longer sounds are cut at 10.08 s, for which there are position embeddings.

Names are those of the public checkpoints (github.com/RicherMans/Dasheng); those on the hub put "encoder." before them.
Reference: Dinkel et al. 2024, Interspeech, arXiv:2406.06992.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import centred
from lib.models.architectures.parts.spectra import decibels, mel, stft
from lib.models.architectures.parts.vit import Block, Patches, names, xavier

DEFAULTS = {"width": 768, "depth": 12, "heads": 12}
IGNORED = ("front_end.", "outputlayer.")  # fixed filters, and the head of the fine-tuned model
PREFIXES = ("encoder.",)
FILES = {}
RATE, BANDS, SIZE, HOP = 16000, 64, 512, 160
PATCH, FRAMES = 4, 1008


def build(config) -> nn.Module:
    """Network of a config: width, depth, heads."""
    return Dasheng(**config)


class Dasheng(nn.Module):
    """See the module."""

    longest = FRAMES * HOP
    shortest = PATCH * HOP

    def __init__(self, *, width, depth, heads):
        super().__init__()
        self.init_bn = nn.Sequential(nn.Identity(), nn.BatchNorm2d(BANDS), nn.Identity())
        self.patch_embed = Patches(width, (BANDS, PATCH), (BANDS, PATCH))
        self.time_pos_embed = nn.Parameter(torch.randn(1, width, 1, FRAMES // PATCH) * 0.02)
        self.freq_pos_embed = nn.Parameter(torch.randn(1, width, 1, 1) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.apply(xavier)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        return names(len(self.blocks), self.norm.normalized_shape[0])

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        patches = self.patch_embed(self._spectra(waves))  # sounds, units, 1, times
        patches = patches + self.time_pos_embed[..., : patches.shape[3]] + self.freq_pos_embed
        states = [patches.flatten(2).transpose(1, 2)]
        for block in self.blocks:
            states.append(block(states[-1]))
        clock = centred(HOP).then(PATCH, PATCH)
        return {layer: (state, clock) for layer, state in zip(self.widths(), states, strict=True)}

    def _spectra(self, waves) -> Tensor:
        power = stft(waves, SIZE, HOP) ** 2
        levels = decibels(mel(power, BANDS, RATE, 0.0, RATE / 2), dynamic=120.0)
        levels = levels[:, :FRAMES].transpose(1, 2)  # sounds, bands, frames
        return self.init_bn[1](levels[:, :, None])[:, :, 0]
