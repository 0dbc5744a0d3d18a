"""Masked reconstruction: a small AST sees a fifth of a spectrogram and has to fill in the rest (He et al. 2022).

Comes in: diets. Goes out: the encoder of a masked autoencoder whose heavy part never sees a masked patch, so that a
step costs little (Huang et al. 2022 do so with sounds). The decoder is thrown away after training.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from lib.models.loaders.mini import patches
from lib.models.loaders.mini.patches import SIDE, initialised, positions
from lib.training.loop import Diet, Schedule, Work, device, train
from lib.training.spectra import Spectra, spectra_of

VISIBLE = 0.2
HELD_OUT_CROPS = 192


class Autoencoder(nn.Module):
    """An AST encoder with a decoder of one narrow block.

    Parameters
    ----------
    config : transformers.ASTConfig
        Of the encoder.
    width : int
        Of the decoder.
    """

    def __init__(self, config, width: int = 64):
        super().__init__()
        from transformers import ASTConfig, ASTModel
        from transformers.models.audio_spectrogram_transformer.modeling_audio_spectrogram_transformer import ASTLayer

        narrow = ASTConfig(hidden_size=width, num_attention_heads=2, intermediate_size=2 * width)
        narrow._attn_implementation = "sdpa"
        self.encoder = initialised(ASTModel(config))
        self.enter = nn.Linear(config.hidden_size, width)
        self.masked = nn.Parameter(0.02 * torch.randn(width))
        self.block = ASTLayer(narrow)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.patch_size**2))
        self.register_buffer("places", positions(SIDE, width), persistent=False)

    def forward(self, spectra: torch.Tensor, visible: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Fill in hidden patches of spectra (sounds, frames, bands): (sounds, count, pixels).

        Hidden and visible patches are given by their numbers (sounds, count).
        """
        states = self.enter(encoded(self.encoder, spectra, visible)[:, 2:])  # sounds, count, width
        whole = self.masked.to(states.dtype).expand(len(spectra), len(self.places), -1)
        whole = whole.scatter(1, visible[..., None].expand_as(states), states) + self.places
        states = self.block(whole)
        return self.leave(states.gather(1, hidden[..., None].expand(-1, -1, states.shape[-1])))


def encoded(encoder, spectra: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Last states of an AST that sees only some patches: (sounds, 2 + count, width), the two special tokens first."""
    embeddings = encoder.embeddings
    every = embeddings.patch_embeddings(spectra) + embeddings.position_embeddings[:, 2:]
    seen = every.gather(1, visible[..., None].expand(-1, -1, every.shape[-1]))
    special = (
        torch.cat([embeddings.cls_token, embeddings.distillation_token], dim=1) + embeddings.position_embeddings[:, :2]
    )
    states = torch.cat([special.expand(len(seen), -1, -1).to(seen.dtype), seen], dim=1)
    for layer in encoder.layers:
        states = layer(states, None)
    return encoder.layernorm(states)


def cut(spectra: torch.Tensor) -> torch.Tensor:
    """Patches (sounds, patches, pixels) of spectra (sounds, frames, bands), in the order of the encoder's tokens."""
    sounds, size = len(spectra), patches.PATCH
    grid = spectra.transpose(1, 2).reshape(sounds, SIDE[0], size, SIDE[1], size)
    return grid.permute(0, 1, 3, 2, 4).reshape(sounds, SIDE[0] * SIDE[1], size * size)


def reconstruction_loss(network: Autoencoder, spectra: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Squared error of the masked patches, each standardised on its own: 1 is what guessing its mean costs."""
    count = SIDE[0] * SIDE[1]
    order = torch.as_tensor(rng.random((len(spectra), count)).argsort(axis=1)).to(device())
    visible, hidden = order[:, : round(VISIBLE * count)], order[:, round(VISIBLE * count) :]
    spectra = torch.as_tensor(spectra).to(device())
    wanted = cut(spectra).gather(1, hidden[..., None].expand(-1, -1, patches.PATCH**2))
    wanted = (wanted - wanted.mean(-1, keepdim=True)) / (wanted.var(-1, keepdim=True) + 1e-3).sqrt()
    return (network(spectra, visible, hidden).float() - wanted).square().mean()


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train an encoder by masked reconstruction; fills `work` with checkpoints, curve, weights and card."""
    from transformers import ASTConfig

    torch.manual_seed(recipe.schedule.seed)
    network = Autoencoder(ASTConfig(**recipe.config))
    reconstruct(network, reconstruction_loss, recipe.schedule, spectra_of(diets), diets, work, what="masked patches")


def reconstruct(
    network: nn.Module,
    error: Callable[[nn.Module, np.ndarray, np.random.Generator], torch.Tensor],
    schedule: Schedule,
    seen: Spectra,
    diets: list[Diet],
    work: Work,
    *,
    what: str,
    finished: Callable[[nn.Module], nn.Module] = lambda encoder: encoder,
) -> None:
    """Train a network to fill in what it does not see, and publish its encoder.

    Parameters
    ----------
    network : torch.nn.Module
        With an `encoder`.
    error : callable
        Network, spectra (sounds, frames, bands) and random generator to the error of what is hidden.
    seen : Spectra
        What it trains on; the same diets' sounds that are held out are what it is scored on.
    what : str
        Is hidden, for the card.
    finished : callable
        What is done to the encoder before it is published.
    """
    unseen = spectra_of(diets, held_out=True, scale=seen.scale).draw(np.random.default_rng(0), HELD_OUT_CROPS)

    def loss(network, rng):
        return error(network, seen.draw(rng, schedule.batch), rng)

    def held_out(network):
        rng = np.random.default_rng(1)
        return float(np.mean([error(network, crops, rng).item() for crops in np.split(unseen, 4)]))

    def keep(network, step):
        work.publish(finished(network.encoder), work.folder / "checkpoints" / f"step-{step}", seen.scale)

    curve = train(network, loss, schedule, work.folder, key=work.key, held_out=held_out, keep=keep)
    work.publish(finished(network.encoder), work.folder / "final", seen.scale)
    score = {"score": f"squared error of {what}, each standardised (1: guessing its mean)"}
    score |= {"value": curve[-1]["held_out"], "n": HELD_OUT_CROPS, "of": "crops of 2 s"}
    work.finish(curve, [score | {"on": "held-out sounds of its diets"}])
