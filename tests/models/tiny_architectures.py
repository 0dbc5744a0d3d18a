"""Tiny checkpoints of every family in lib/models/architectures, laid out as the published files are.

``SIZES`` maps an architecture to a config small enough to run in milliseconds; ``save(card, folder, seed)`` writes a
checkpoint drawn from a seed under the public names, with the prefixes, wrappings and unread weights of the public file,
and gives the network that was written.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from lib.models.loaders import architectures

SIZES = {
    "audiomae": {"width": 32, "depth": 2, "heads": 4},
    "beats": {"width": 32, "patch_width": 16, "depth": 2, "heads": 4, "hidden": 48, "kernel": 8, "groups": 4},
    "cochdnn": {"channels": [4, 4, 4, 4, 4], "full": 8},
    "crepe": {"channels": [8, 2, 2, 2, 4, 4]},
    "dasheng": {"width": 32, "depth": 2, "heads": 4},
    "dcase": {"width": 8, "words": 11},
    "deepspeech": {"channels": 3, "width": 8},
    "encodecmae": {"width": 36, "depth": 2, "heads": 5, "hidden": 40, "filters": 4, "codes": 12},
    "metricgan": {"width": 8, "full": 6},
    "panns": {"channels": [2, 3, 4, 5, 6, 8], "full": 8},
    "passt": {"width": 32, "depth": 2, "heads": 4},
    "resemblyzer": {"width": 8},
    "sepformer": {"width": 16, "depth": 2, "heads": 2, "hidden": 24, "chunk": 50},
    "silero": {"channels": [6, 4, 4, 6]},
    "vggish": {"channels": [4, 4, 6, 6, 8, 8], "full": [16, 16, 8]},
    "zerospeech": {"width": 8, "codes": 4},
}
PREFIX = {"cochdnn": "module.model.1."}  # before the names of pickled files
HUB_PREFIX = {"dasheng": "encoder.", "audiomae": "encoder."}  # before the names of safetensors on the hub
WRAPPED = {
    "beats": lambda weights: {"cfg": {"encoder_layers": 2}, "model": weights},
    "dasheng": lambda weights: {"model": weights, "config": {"depth": 2}},
    "encodecmae": lambda weights: {"state_dict": weights, "config": "NUM_LAYERS=2", "imports": "encodecmae"},
    "cochdnn": lambda weights: {"model": weights, "epoch": 5},
    "audiomae": lambda weights: {"model": weights, "epoch": 32},
    "deepspeech": lambda weights: {"state_dict": weights, "epoch": 9},
    "panns": lambda weights: {"iteration": 1, "model": weights},
    "resemblyzer": lambda weights: {"step": 9, "model_state": weights, "optimizer_state": {"state": {}}},
    "zerospeech": lambda weights: {"encoder": weights, "decoder": {"fc1.bias": torch.zeros(2)}, "step": 3},
}


def config_of(card) -> dict:
    """Published config of a card at tiny size."""
    return {**architectures.family_of(card).DEFAULTS, **card.get("config", {}), **SIZES[card["architecture"]]}


def save(card, folder: Path, seed: int, *, unread=(), pickled=False):
    """Write a tiny checkpoint of a card into a folder, and give the network it holds."""
    family, config = architectures.family_of(card), config_of(card)
    network = shaken(architectures.drawn(family, config, seed))
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    weights |= {key: torch.zeros(2) for key in unread}
    folder.mkdir(parents=True, exist_ok=True)
    own = {"architecture": card["architecture"], "config": config}
    (folder / "config.json").write_text(json.dumps(own), encoding="utf-8")
    if family.FILES:
        for prefix, file in family.FILES.items():
            part = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
            torch.save(part, folder / file)
    elif pickled:
        prefix = PREFIX.get(card["architecture"], "")
        weights = {prefix + key: value for key, value in weights.items()}
        wrapped = WRAPPED.get(card["architecture"], lambda weights: weights)(weights)
        torch.save(wrapped, folder / card.get("files", ["checkpoint.pt"])[0])
    else:
        prefix = HUB_PREFIX.get(card["architecture"], "")
        save_file({prefix + key: value for key, value in weights.items()}, folder / "model.safetensors")
    return network


def shaken(network):
    """Give normalisations other numbers than zeros and ones, so that one that is not loaded is noticed."""
    generator = torch.Generator().manual_seed(0)
    for key, value in network.state_dict().items():
        if value.is_floating_point() and value.ndim < 2:
            value += 0.1 * torch.rand(value.shape, generator=generator)
        if key.endswith("num_batches_tracked"):
            value += 1
    return network
