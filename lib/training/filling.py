"""Masked reconstruction by a convolutional network: stretches of a spectrogram are cut out, and have to be filled in.

Comes in: diets. Goes out: a ``ResNetModel`` of transformers. A linear map from its last two stages guesses what was
cut out, and is thrown away after training. Normalisation is settled on whole spectrograms at the end, since those that
the network trained on have holes.
"""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate, pad, unfold

from lib.models.loaders.mini import patches, residual
from lib.training.loop import Diet, Work, device
from lib.training.masked import reconstruct
from lib.training.spectra import Spectra, spectra_of

HOLE = 16  # pixels of the halved spectrogram on a side: 32 bands and 160 ms, and what a place of the third stage sees
MASKED = 0.6  # share that is cut out
SETTLING = 30  # batches of 32 crops


class Filler(nn.Module):
    """A convolutional network with a linear map to the holes of its spectrogram."""

    def __init__(self, config):
        super().__init__()
        from transformers import ResNetModel

        self.encoder = ResNetModel(config)
        self.fill = nn.Conv2d(sum(config.hidden_sizes[-2:]), HOLE**2, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Pixels (sounds, pixels of a hole, rows, columns) from images (sounds, 1, bands, frames)."""
        *_, third, fourth = self.encoder(images, output_hidden_states=True).hidden_states
        return self.fill(torch.cat([third, interpolate(fourth, size=third.shape[-2:])], dim=1))


def filling_loss(network: Filler, spectra: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Squared error of what was cut out, each hole standardised on its own: 1 is what guessing its mean costs."""
    images = residual.images(spectra).to(device())
    images = pad(images, (0, -images.shape[-1] % HOLE))
    rows, columns = (side // HOLE for side in images.shape[-2:])
    cut = torch.as_tensor(rng.random((len(images), 1, rows, columns)) < MASKED).to(device()).float()
    guessed = network(images * (1 - interpolate(cut, scale_factor=HOLE))).float()
    wanted = unfold(images, HOLE, stride=HOLE).unflatten(2, (rows, columns))
    wanted = (wanted - wanted.mean(1, keepdim=True)) / (wanted.var(1, keepdim=True) + 1e-3).sqrt()
    error = (guessed - wanted).square().mean(1, keepdim=True) * cut
    whole = patches.FRAMES // 2 // HOLE  # columns without padding
    return error[..., :whole].sum() / cut[..., :whole].sum()


def settled(encoder: nn.Module, spectra: Spectra) -> nn.Module:
    """Copy of a network whose batch normalisation has the statistics of whole spectrograms."""
    encoder = copy.deepcopy(encoder).train()
    for part in encoder.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over batches
    with torch.no_grad():
        for step in range(SETTLING):
            encoder(residual.images(spectra.draw(np.random.default_rng([9, step]), 32)).to(device()))
    return encoder.eval()


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train an encoder by masked reconstruction; fills `work` with checkpoints, curve, weights and card."""
    from transformers import ResNetConfig

    torch.manual_seed(recipe.schedule.seed)
    network, seen = Filler(ResNetConfig(**recipe.config)).to(memory_format=torch.channels_last), spectra_of(diets)
    finished = partial(settled, spectra=seen)
    reconstruct(network, filling_loss, recipe.schedule, seen, diets, work, what="holes", finished=finished)
