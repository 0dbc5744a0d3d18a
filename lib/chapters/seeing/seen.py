"""What a model does during sounds, small enough to be looked at.

Comes in: names of a recording, of sounds and of a model. Goes out: per layer pictures of its units against time, 16
steps fine, and its pace beside that of the cochleagram on the layer's clock. Kept on disk: models need not hear twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import xarray as xr

from lib.chapters.seeing import paces
from lib.chapters.seeing.material import Heard, twin_of
from lib.models import load, sound_activations
from lib.models.baselines.cochlea import cochleagram, cochleagram_units
from lib.report import kept

SHOWN_UNITS = 96
"""At most so many units of a layer are shown, evenly spaced in their order."""
LEVELS = 16
RANGE = 2.5
"""Standard deviations at either side of a unit's mean that a picture's colours reach."""
STEP = 0.02  # seconds of a column of the cochleagram's picture
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Layer:
    """One layer during the sounds that are looked at.

    Attributes
    ----------
    name : str
    units : int
        How many there are.
    pictures : array (sound, frame, unit) of int
        0 to 15: units in the order of the frequency they follow, lowest first.
    times : array (frame,)
        Centres of frames in seconds.
    frequencies : array (unit,)
        In Hz: the channel of the cochleagram that each shown unit follows.
    """

    name: str
    units: int
    pictures: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    frequencies: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Seen:
    """A model during all sounds.

    Attributes
    ----------
    name : str
    layers : tuple of Layer
    pace, of_sound, of_twin : array (sound, layer)
        Seconds after which the layer, the cochleagram on the layer's clock, and the same layer of the untrained twin
        are no longer like themselves. NaN where a layer has too few frames, or there is no twin.
    """

    name: str
    layers: tuple[Layer, ...]
    pace: np.ndarray = field(repr=False)
    of_sound: np.ndarray = field(repr=False)
    of_twin: np.ndarray = field(repr=False)

    @property
    def paced(self) -> list[int]:
        """Layers that have a pace."""
        return [place for place in range(len(self.layers)) if np.isfinite(self.pace[:, place]).any()]

    @property
    def has_twin(self) -> bool:
        """Whether an untrained twin was heard."""
        return bool(np.isfinite(self.of_twin).any())


def look(heard: Heard, model: str) -> Seen:
    """Let a model and its untrained twin hear all sounds, or read what they did from the cache."""
    key = (heard.recording.fingerprint, model, *heard.names, *heard.shown)
    found = kept("seeing", key, partial(_looked, heard, model, twin_of(model)))
    names = [name.removeprefix("picture ") for name in found if name.startswith("picture ")]
    layers = tuple(
        Layer(name, int(found["units"].sel(layer=name)), *(found[f"{what} {name}"].values for what in _KEPT))
        for name in names
    )
    return Seen(model, layers, *(found[kind].values for kind in ("pace", "of_sound", "of_twin")))


_KEPT = ("picture", "times", "frequencies")


def _looked(heard: Heard, model: str, twin: str) -> dict[str, xr.DataArray]:
    sounds = [heard.audio(name) for name in heard.names]
    cochlea, clock = cochleagrams(heard, heard.names)
    centres = cochleagram_units(sounds[0][1])["frequency"].to_numpy()
    shown = [heard.names.index(name) for name in heard.shown]
    frames, found, units = _frames(model, sounds), {}, {}
    pace, of_sound = {}, {}
    for layer, (values, times) in frames.items():
        beside = paces.on_clock(cochlea, clock, times) if len(times) > 1 else cochlea[:, :1]
        step = paces.step_of(times)
        pace[layer], of_sound[layer] = paces.paces(values, step), paces.paces(beside, step)
        order, follows = _order(values, beside)
        picture = quantised(values, shown)[:, :, order]
        found |= {
            f"picture {layer}": xr.DataArray(picture, dims=("sound", "frame", "unit")),
            f"times {layer}": xr.DataArray(times, dims="frame"),
            f"frequencies {layer}": xr.DataArray(centres[follows[order]], dims="unit"),
        }
        units[layer] = values.shape[2]
    of_twin = dict.fromkeys(frames, np.full(len(sounds), np.nan))
    if twin:
        del frames
        of_twin |= {k: paces.paces(x, paces.step_of(times)) for k, (x, times) in _frames(twin, sounds).items()}
    return found | {
        "units": xr.DataArray(list(units.values()), dims="layer", coords={"layer": list(units)}),
        "pace": _table(pace), "of_sound": _table(of_sound), "of_twin": _table({k: of_twin[k] for k in pace}),
    }  # fmt: skip


def _table(columns: Mapping[str, np.ndarray]) -> xr.DataArray:
    return xr.DataArray(np.stack(list(columns.values()), 1), dims=("sound", "layer"), coords={"layer": list(columns)})


def _frames(model: str, sounds: list) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Values (sound, frame, unit) and times (frame,) of every layer."""
    each = list(sound_activations(load(model), sounds, cache=False))
    return {
        layer: (np.stack([one.layers[layer] for one in each]), np.asarray(each[0].times[layer], float))
        for layer in each[0].layers
    }


def cochleagrams(heard: Heard, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Cochleagrams (sound, frame, channel) of sounds, and the times of their frames."""
    waves = [heard.audio(name) for name in names]
    found = [cochleagram(samples[None], rate) for samples, rate in waves]
    return np.concatenate([one.values for one in found]), found[0].times


def _order(values: np.ndarray, cochlea: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units to be shown, by the channel they follow, and the channel that each unit follows (unit,).

    A unit follows the channel with which it is correlated most, up or down, over all frames of all sounds.
    """
    x, c = (_standard(a.reshape(-1, a.shape[2])) for a in (values, cochlea))
    r = x.T @ c / len(x)
    follows = np.abs(r).argmax(1)
    order = np.lexsort((r[np.arange(len(r)), follows], follows))
    places = np.linspace(0, len(order) - 1, min(SHOWN_UNITS, len(order))).round().astype(int)
    return order[places], follows


def _standard(x: np.ndarray) -> np.ndarray:
    spread = x.std(0)
    return (x - x.mean(0)) / np.where(spread > 0, spread, 1)


def quantised(values: np.ndarray, shown: list[int]) -> np.ndarray:
    """Frames of some sounds in 16 steps, each unit in standard deviations over all sounds: uint8 (sound, frame, unit).

    Parameters
    ----------
    values : array (sound, frame, unit)
    shown : list of int
        Which sounds.
    """
    mean, spread = values.mean((0, 1)), values.std((0, 1))
    z = (values[shown] - mean) / np.where(spread > 0, spread, 1)
    return np.clip((z / RANGE + 1) / 2 * LEVELS, 0, LEVELS - 1).astype(np.uint8)


def pictures_of_sound(heard: Heard) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cochleagrams to be looked at: (sound, column, channel) from 0 to 15, columns' times, channels' frequencies."""
    frames, times = cochleagrams(heard, heard.shown)
    count = min(MOST_COLUMNS, round(heard.duration / STEP))
    columns = (np.arange(count) + 0.5) * heard.duration / count
    coarse = paces.on_clock(frames, times, columns)
    top = coarse.max((1, 2), keepdims=True)
    pictures = np.clip(coarse / np.where(top > 0, top, 1) * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    return pictures, columns, cochleagram_units(heard.audio(heard.shown[0])[1])["frequency"].to_numpy()
