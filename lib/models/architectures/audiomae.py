"""AudioMAE: a masked autoencoder over patches of a mel spectrum, and the same network fine-tuned on AudioSet.

Comes in: waveforms at 16 kHz. Goes out: "embedding" and "layer.1" ... "layer.12", one frame per 160 ms, the patches of
one time averaged over frequency, without the class token.

Patches of 16 x 16 of a 128-band Kaldi mel spectrum (Hann windows of 25 ms every 10 ms, the sound freed of its mean),
normalised with one mean and deviation. The network always sees 10.24 s, shorter sounds with silence after them (which
is zero before normalisation); frames that lie in that silence are left out here. Longer sounds are cut. Blocks give
what leaves them, before the last normalisation. Names are those of the public checkpoints
(github.com/facebookresearch/AudioMAE); the copy on the hub puts "encoder." before them. Reference: Huang et al. 2022,
NeurIPS, arXiv:2207.06405.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import windowed
from lib.models.architectures.parts.spectra import kaldi_mel
from lib.models.architectures.parts.vit import Block, Patches, names, xavier

DEFAULTS = {"width": 768, "depth": 12, "heads": 12, "tuned": False}
IGNORED = ("decoder", "mask_token", "head.")
PREFIXES = ("encoder.",)
FILES = {}
RATE, BANDS, WINDOW, HOP = 16000, 128, 400, 160
PATCH, FRAMES = 16, 1024
MEAN, DEVIATION = -4.2677393, 4.5689974


def build(config) -> nn.Module:
    """Network of a config: width, depth, heads, and whether it is the fine-tuned one, whose last norm differs."""
    return AudioMAE(**config)


class AudioMAE(nn.Module):
    """See the module."""

    longest = WINDOW + (FRAMES - 1) * HOP
    shortest = WINDOW

    def __init__(self, *, width, depth, heads, tuned):
        super().__init__()
        self.patch_embed = Patches(width, PATCH, PATCH)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(_positions(width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        if tuned:
            self.fc_norm = nn.LayerNorm(width, eps=1e-6)
        else:
            self.norm = nn.LayerNorm(width, eps=1e-6)
        self.apply(xavier)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        return names(len(self.blocks), self.cls_token.shape[2])

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        waves = waves - waves.mean(dim=1, keepdim=True)
        spectra = kaldi_mel(waves, RATE, BANDS, length=WINDOW, hop=HOP, window="hann")
        valid = max((spectra.shape[1] + PATCH // 2) // PATCH, 1)  # times whose middle is sound
        spectra = (functional.pad(spectra, (0, 0, 0, FRAMES - spectra.shape[1])) - MEAN) / (2 * DEVIATION)
        patches = self.patch_embed(spectra).flatten(2).transpose(1, 2) + self.pos_embed[:, 1:]
        tokens = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(waves), -1, -1), patches], dim=1)
        states = [tokens]
        for block in self.blocks:
            states.append(block(states[-1]))
        clock = windowed(WINDOW, HOP).then(PATCH, PATCH)
        columns = (state[:, 1:].unflatten(1, (-1, BANDS // PATCH)).mean(dim=2)[:, :valid] for state in states)
        return {layer: (column, clock) for layer, column in zip(self.widths(), columns, strict=True)}


def _positions(width) -> Tensor:
    """Sines and cosines of a patch's place on a grid, half of the units for each axis; zeros for the class token.

    The published code lays this grid out band by band although its tokens run time by time; so does this one.
    """
    place = np.arange(FRAMES // PATCH * (BANDS // PATCH))
    rates = 10000.0 ** -(np.arange(width // 4) / (width / 4))
    angles = [np.outer(axis, rates) for axis in (place % (FRAMES // PATCH), place // (FRAMES // PATCH))]
    grid = np.concatenate([part for angle in angles for part in (np.sin(angle), np.cos(angle))], axis=1)
    return torch.from_numpy(np.vstack([np.zeros((1, width)), grid])[None].astype(np.float32)).to(torch.empty(0).device)
