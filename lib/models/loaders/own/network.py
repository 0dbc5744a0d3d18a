"""Any torch network of a user's own file as a ``Model``: hooks collect what the parts it names give while it listens.

Comes in: a card whose name is ``/folder/file.py:function@mark``. Goes out: the ``Model``, or its untrained twin, the
same network with every part reset by its own ``reset_parameters`` under a seed. Two stretches of noise are heard before
anything else is, so that a wrong shape or a number that is none is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lib.ground import WrongUse
from lib.models import own
from lib.models.activations import Frames
from lib.models.extraction import Model
from lib.models.loaders import networks
from lib.models.loaders.own import record as records
from lib.models.loaders.own.record import Record

TRIAL = 2.0  # seconds of noise that a network has to hear before it is believed


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the model, or its untrained twin, of a function in a file.

    Raises
    ------
    lib.ground.WrongUse
        What is wrong with the file, the function, what it gives, or what the network does with noise; where its weights
        are not those of the mark in its name; or where a twin is asked for and a part can't be reset.
    """
    place = own.place(card["name"])
    record, who = records.read(place.file, place.function), own.short(card["name"])
    if place.mark and records.mark(record.network) != place.mark:
        raise WrongUse(f"{who} gives other weights than before: ask for it anew by {place.file}:{place.function}")
    if seed is not None:
        _reset(record.network, seed, who)
    networks.ready(record.network)
    represent = partial(_represent, record, who, place.file)
    layers = {layer: frames.values.shape[-1] for layer, frames in represent(_noise(record)).items()}
    return Model(card["name"], record.rate, layers, record.shortest, represent, partial(_numbered, layers))


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Files that a model in a file consists of: its own, and what it imports from beside it."""
    return records.sources(own.place(card["name"]).file)


def marked(place: own.Place) -> str:
    """Full name of a model in a file: its code is run, it hears some noise, and its weights are marked.

    Raises
    ------
    lib.ground.WrongUse
        As ``load`` does.
    """
    model = load({"name": str(place)})
    network = model.represent.args[0].network
    return str(place._replace(mark=records.mark(network)))


def _noise(record: Record) -> np.ndarray:
    samples = round(max(TRIAL, 2 * record.shortest) * record.rate)
    return (0.05 * np.random.default_rng(0).standard_normal((2, samples))).astype(np.float32)


def _represent(record: Record, who: str, file: Path, waves: np.ndarray) -> dict[str, Frames]:
    """Frames of all layers while the network hears waveforms (sounds, samples)."""
    import torch

    first = next(record.network.parameters(), None)
    heard = torch.as_tensor(waves, device=first.device if first is not None else "cpu")
    with torch.inference_mode(), _listening(record) as outputs:
        with records.told(file, f"prepare of {who}"):
            given = record.prepare(heard) if record.prepare else heard
        with records.told(file, f"the network of {who}"):
            _called(record.network, given)
        seconds = waves.shape[1] / record.rate
        return {layer: _frames(record, who, layer, outputs[layer], len(waves), seconds) for layer in record.layers}


def _called(network: Any, given: Any) -> None:
    if isinstance(given, Mapping):
        network(**given)
    elif isinstance(given, tuple):
        network(*given)
    else:
        network(given)


@contextmanager
def _listening(record: Record) -> Iterator[dict[str, list]]:
    """Outputs of each layer while the network runs, one for every time it was called."""
    outputs: dict[str, list] = {layer: [] for layer in record.layers}

    def keep(module, args, output, layer):
        outputs[layer].append(output)

    hooks = [
        record.network.get_submodule(layer).register_forward_hook(partial(keep, layer=layer)) for layer in record.layers
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def _frames(record: Record, who: str, layer: str, outputs: list, sounds: int, seconds: float) -> Frames:
    """Output of one layer as frames (sounds, frames, units) on its clock."""
    where = f"{who}, layer {layer!r}"
    if len(outputs) != 1:
        raise WrongUse(f"{where} was called {len(outputs)} times for one sound: name a part that is called once")
    value = _tensor(outputs[0])
    if value is None:
        raise WrongUse(f"{where} gives a {type(outputs[0]).__name__}, in which there is no tensor")
    axes, shape = record.axes_of(layer, value.ndim), tuple(value.shape)
    if value.ndim != len(axes) or shape[axes.index("sound")] != sounds:
        raise WrongUse(
            f"{where} gives an output of shape {shape} for {sounds} sounds, which is not {' x '.join(axes)!r}: "
            "say what its axes are, as in axes='sound unit time'"
        )
    order = [axes.index("sound"), *(k for k, axis in enumerate(axes) if axis == "time")]
    value = value.permute(*order, *(k for k, axis in enumerate(axes) if axis == "unit"))
    frames = shape[axes.index("time")] if "time" in axes else 1
    values = value.reshape(sounds, frames, -1).float().cpu().numpy()
    if not values.size:
        raise WrongUse(f"{where} gives an output of shape {shape}, in which there is nothing")
    if not np.isfinite(values).all():
        raise WrongUse(f"{where}: {np.mean(~np.isfinite(values)):.0%} of its numbers are not finite")
    return _clocked(values, record.frame_of(layer), seconds)


def _tensor(output: Any) -> Any:
    """First tensor of what a part of a network gives: itself, or in a tuple, a list or a mapping."""
    import torch

    if isinstance(output, torch.Tensor):
        return output
    parts = output.values() if isinstance(output, Mapping) else output if isinstance(output, list | tuple) else ()
    return next((found for part in parts if (found := _tensor(part)) is not None), None)


def _clocked(values: np.ndarray, frame: float | None, seconds: float) -> Frames:
    """Frames with their times; those that begin after the end of the sound are left out, but for the first."""
    step = frame or seconds / values.shape[1]
    kept = min(values.shape[1], max(1, int(np.ceil(seconds / step - 1e-9))))
    return Frames(values[:, :kept], (np.arange(kept) + 0.5) * step)


def _reset(network: Any, seed: int, who: str) -> None:
    """Draw all weights anew from a seed, each part by its own rule."""
    import torch

    before = {name: value.detach().clone() for name, value in network.named_parameters() if value.ndim > 1}
    if not before:
        raise WrongUse(f"no twin of {who}: it has no weights to draw at random")
    parts = list(network.named_modules())
    for name, part in parts:
        if list(part.parameters(recurse=False)) and _rule(part) is None:
            what = f"{name or 'the network itself'} ({type(part).__name__})"
            raise WrongUse(f"no twin of {who}: {what} has weights, and no reset_parameters() that draws them anew")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for _, part in parts:
            if rule := _rule(part):
                rule()
    same = [name for name, value in network.named_parameters() if name in before and torch.equal(value, before[name])]
    if same:
        raise WrongUse(f"no twin of {who}: {same[0]} is not changed by the reset_parameters() of its part")


def _rule(part: Any) -> Any:
    return getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))


def _numbered(layers: Mapping[str, int], layer: str):
    import pandas as pd

    return pd.DataFrame({"unit": np.arange(layers[layer])})
