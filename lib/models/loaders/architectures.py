"""Published audio networks that no package at hand implements, written here so that their published weights load.

Comes in: a card of the roster whose loader is ``architectures``. Goes out: the network as a ``Model``. Each file of
``lib.models.architectures`` is one family, and offers what the table below needs: ``build(config)``, a torch module
with the names of the public checkpoint, whose ``forward`` takes waveforms (sounds, samples) to {layer: (values,
clock)}; ``DEFAULTS``, the published size; and which keys of the checkpoint are not part of what is read here.

Sounds longer than what a network was published for are heard in windows of that length. ``represent`` by itself cuts
them into pieces without overlap, and leaves out a last piece of less than an eighth of that (windows that overlap are
a little longer, so that they end with the sound).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from lib.ground import DamagedData, unknown
from lib.models.activations import Frames
from lib.models.extraction import Model
from lib.models.loaders import checkpoints, networks

FAMILIES = (
    "audiomae",
    "beats",
    "cochdnn",
    "crepe",
    "dasheng",
    "dcase",
    "deepspeech",
    "encodecmae",
    "metricgan",
    "panns",
    "passt",
    "resemblyzer",
    "sepformer",
    "silero",
    "vggish",
    "zerospeech",
)


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the network of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster; its name, architecture, config and rate are used.
    seed : int, optional
        Fill the network with random weights from this seed instead of the published ones.

    Returns
    -------
    Model
        Weights are read, or drawn, at the first ``represent``, then kept.

    Raises
    ------
    lib.ground.WrongUse
        If no file here has the card's architecture.
    lib.ground.MissingData
        If the weights are not on this machine.
    """
    family = family_of(card)
    folder = None if seed is not None else checkpoints.find(card)
    config = {**family.DEFAULTS, **card.get("config", {}), **_own_config(folder, card)}
    outline = outlined(family, config)

    @cache
    def network():
        return drawn(family, config, seed) if folder is None else filled(family, config, files_of(folder, family, card))

    return Model(
        name=card["name"],
        rate=card["rate"],
        layers=outline.widths(),
        shortest=outline.shortest / card["rate"],
        represent=lambda waves: represent(network(), waves, card["rate"]),
        describe=lambda layer: _units(outline, layer),
        **_window(outline, card["rate"]),
    )


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Files with the weights and sizes of a roster card; untrained twins have none."""
    if seed is not None:
        return []
    folder = checkpoints.find(card)
    named = [folder / file for file in card.get("files", []) if (folder / file).is_file()]
    return [*named, *folder.glob("config.json")] if named else [folder]


def family_of(card: Mapping):
    """Module of this folder that holds a card's architecture."""
    if card["architecture"] not in FAMILIES:
        raise unknown(f"architecture of {card['name']}", card["architecture"], FAMILIES)
    return import_module(f"lib.models.architectures.{card['architecture']}")


def outlined(family, config: Mapping):
    """Network without numbers in it: names and shapes only, which costs neither time nor memory."""
    import torch

    with torch.device("meta"):
        return family.build(config)


def drawn(family, config: Mapping, seed: int):
    """Network with random weights from `seed`, the same on every call."""
    return networks.ready(networks.untrained(lambda: family.build(config), seed))


def filled(family, config: Mapping, files: Mapping[str, Path]):
    """Network with published weights.

    Parameters
    ----------
    files : mapping of str to path
        Files of weights (or the folder that holds one), each with the prefix its names get.

    Raises
    ------
    lib.ground.DamagedData
        If the weights do not have the names and shapes of the architecture; the message lists the first of them.
    """
    network = outlined(family, config)
    parts = {prefix: checkpoints.state_dict(file) for prefix, file in files.items()}
    weights = {prefix + key: value for prefix, part in parts.items() for key, value in part.items()}
    try:
        network.load_state_dict(matched(weights, family), strict=True, assign=True)
    except RuntimeError as error:
        lines = " ".join(line.strip() for line in str(error).splitlines()[1:4])
        where = ", ".join(str(file) for file in files.values())
        raise DamagedData(f"weights in {where} do not fit the architecture: {lines:.240}") from error
    return networks.ready(network.float())


def files_of(folder: Path, family, card: Mapping) -> dict[str, Path]:
    """Where the weights of a card lie in a folder: {prefix of their names: file, or the folder if it is its only one}.

    A repository on the hub may hold the weights of several models; the card's `files` say which are this one's.
    """
    if family.FILES:
        return {prefix: folder / file for prefix, file in family.FILES.items()}
    named = [folder / file for file in card.get("files", []) if file.endswith(checkpoints.PICKLED)]
    return {"": next((file for file in named if file.exists()), folder)}


def matched(weights: Mapping, family) -> dict:
    """The part of a checkpoint that is read here, under the names it has here.

    Public checkpoints put prefixes ("module.", "encoder.") before their names, and hold heads, decoders and fixed
    filters besides.
    """
    for prefix in family.PREFIXES:
        if any(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
            break
    return {key: value for key, value in weights.items() if not key.startswith(family.IGNORED)}


def represent(network, waves: np.ndarray, rate: float) -> dict[str, Frames]:
    """Layers of waveforms (sounds, samples), piece after piece."""
    import torch

    parts, device = [], next(network.parameters()).device
    with torch.inference_mode():
        for start, piece in _pieces(torch.from_numpy(np.ascontiguousarray(waves, dtype=np.float32)), network):
            layers = network(piece.to(device)).items()
            parts.append({name: _frames(values, clock, start, rate) for name, (values, clock) in layers})
    return {layer: _joined([part[layer] for part in parts]) for layer in parts[0]}


def _window(outline, rate) -> dict[str, float]:
    """Longest stretch of sound for a network, and how much of it at both ends is only context, where it says so."""
    if outline.longest is None:
        return {}
    return {"window": outline.longest / rate, "context": getattr(outline, "context", 0) / rate}


def _frames(values, clock, start, rate) -> Frames:
    return Frames(values.float().cpu().numpy(), start / rate + clock.times(values.shape[1], rate))


def _joined(frames: list[Frames]) -> Frames:
    if len(frames) == 1:
        return frames[0]
    values = np.concatenate([frame.values for frame in frames], axis=1)
    return Frames(values, np.concatenate([frame.times for frame in frames]))


def _pieces(waves, network) -> Iterator[tuple[int, object]]:
    """Pieces of a sound as long as the network takes at once, with the sample they start at."""
    samples = waves.shape[1]
    length = network.longest or samples
    for start in range(0, samples, length):
        if start == 0 or samples - start >= max(network.shortest, length / 8):
            yield start, waves[:, start : start + length]


def _own_config(folder, card) -> dict:
    """Sizes that a folder's config.json gives, if it is one of ours (a hub's own has other names in it)."""
    if folder is None or not (folder / "config.json").exists():
        return {}
    own = checkpoints.facts_of(folder / "config.json")
    return own.get("config", {}) if own.get("architecture") == card["architecture"] else {}


def _units(outline, layer):
    """Units of a layer by their numbers, and what each stands for where the network says so."""
    import pandas as pd

    return pd.DataFrame({"unit": np.arange(outline.widths()[layer]), **getattr(outline, "units", {}).get(layer, {})})
