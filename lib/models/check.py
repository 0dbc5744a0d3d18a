"""Does a model do what its card says? A click, a sentence, and a look at what comes out.

Comes in: the name of a model, and a spoken sentence if there is one at hand. Goes out: a ``Check``: what was measured,
a table of the layers, and what is wrong.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import DamagedData, MissingData, WrongUse
from lib.models import Model, card, load, load_language, original
from lib.models.activations import Frames
from lib.models.extraction import prepared, read_frames, write_frames

if TYPE_CHECKING:
    import pandas as pd

CLICKS = (
    (0.2607, 0.7383),
    (0.2833, 0.7849),
)  # fractions of the sound, at other phases of its frames
NOISE, CLICK = 0.02, 0.5  # level of the noise a click stands in, and height of the click
SEEN = 0.125  # share of the largest change from which on a frame saw the click
RECURRENT = ("lstm", "gru", "rnn", "cell")  # layers that remember the past: where they change is no matter of windows
TEXTS = ["the sound of a dog", "the sound of rain on a tin roof"]


@dataclass(frozen=True)
class Check:
    """What was found out about one model.

    Parameters
    ----------
    name : str
        The model.
    facts : dict of str to str
        What was measured, in words.
    layers : pandas.DataFrame
        One row per layer: units, frames, frame_rate (frames per second), and click (by how many seconds the middle of
        the frames that see a click differs from the time of the click: the median of four).
    problems : list of str
        What is wrong, one line each; empty if nothing is.
    """

    name: str
    facts: dict[str, str]
    layers: pd.DataFrame
    problems: list[str]


def check(name: str, sentence: tuple[np.ndarray, float] | None = None) -> Check:
    """Load a model and find out whether it does what its card says.

    Looked at are: layers, widths, clocks and rates against the card; that numbers are finite; that the frames that see
    a click lie around its time; that the same sound gives the same numbers again, and among others in a batch; that
    activations come back from the cache as they were; speed and memory.

    Parameters
    ----------
    name : str
        One of ``lib.models.names()``, or ``untrained:NAME:SEED``.
    sentence : (samples, rate), optional
        Speech. Default: a buzz that rises and falls like syllables.

    Raises
    ------
    lib.ground.MissingData
        If the weights are not on this machine.
    """
    import pandas as pd

    facts = card(original(name))
    model = load_language(name) if facts.get("input") == "text" else load(name)
    try:
        checked = _listens(model, facts, sentence or syllables()) if isinstance(model, Model) else _reads(model, facts)
    except (WrongUse, MissingData, DamagedData):  # of the user, not of the model
        raise
    except Exception as error:  # whatever a model may raise is what is wrong with it
        checked = {"revision": model.revision}, pd.DataFrame(), [f"it stops with {type(error).__name__}: {error}"]
    return Check(name, *checked)


def syllables(seconds: float = 2.5, rate: int = 16000) -> tuple[np.ndarray, int]:
    """Make a buzz of a falling voice, four syllables a second, with a little noise: samples and rate."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (140 * t - 10 * t**2)
    voice = sum(np.sin(k * phase) / k for k in range(1, 20)) * (1 - np.cos(2 * np.pi * 4 * t)) / 8
    return (voice + 0.002 * np.random.default_rng(0).normal(size=len(t))).astype(np.float32), rate


def _listens(model, facts, sentence) -> tuple[dict[str, str], pd.DataFrame, list[str]]:
    samples, rate = sentence
    start = time.perf_counter()
    activations = model.activations(samples, rate)
    first = time.perf_counter()
    again = model.activations(samples, rate)
    seconds = time.perf_counter() - first
    layers = _table(model, activations)
    problems = [
        *_wrong_clocks(activations, len(samples) / rate),
        *_wrong_layers(model, activations),
        *_against_card(model, facts, layers),
        *_wrong_clicks(model, layers),
        *_unsteady(model, activations, again, samples, rate),
        *_wrong_cache(activations),
    ]
    measured = {
        "revision": model.revision,
        "speed": f"{len(samples) / rate / seconds:.3g} times real time ({len(samples) / rate:.1f} s of sound in "
        f"{seconds:.3g} s; the first time, with reading the weights, {first - start:.3g} s)",
        "memory": f"{_peak_memory():,.0f} MB at most, of the whole process",
    }
    return measured, layers, problems


def _table(model, activations) -> pd.DataFrame:
    import pandas as pd

    clicks = _click_errors(model)
    rows = [
        (layer, values.shape[1], len(values), frame_rate(activations.times[layer]), clicks[layer])
        for layer, values in activations.layers.items()
    ]
    columns = ["layer", "units", "frames", "frame_rate", "click"]
    return pd.DataFrame(rows, columns=columns).set_index("layer")


def frame_rate(times: np.ndarray) -> float:
    """Frames per second of a clock; not a number if it has but one frame."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else np.nan


def _click_errors(model) -> dict[str, float]:
    """Median over four clicks of the middle of the frames that saw it, minus the time of the click, per layer.

    Two sounds are compared that have their clicks at different places, each in its own half: their levels and peaks are
    equal, so that a normalisation over the whole sound changes nothing.
    """
    length = round(max(2.0, 3 * model.shortest) * model.rate)
    errors = {layer: [] for layer in model.layers}
    for places in CLICKS:
        moments = [place * length / model.rate + 0.0005 for place in places]
        one, two = (model.activations(_clicked(length, place, model.rate), model.rate) for place in places)
        for layer, times in one.times.items():
            change = np.linalg.norm(one.layers[layer] - two.layers[layer], axis=1)
            for half, moment in zip((times < np.mean(moments), times >= np.mean(moments)), moments, strict=True):
                errors[layer].append(_middle(change[half], times[half]) - moment)
    return {layer: float(np.median(found)) for layer, found in errors.items()}


def _clicked(length, place, rate) -> np.ndarray:
    """Noise with a click of a millisecond."""
    sound = (NOISE * np.random.default_rng(0).normal(size=length)).astype(np.float32)
    sound[round(place * length) : round(place * length) + rate // 1000] += CLICK
    return sound


def _middle(change, times) -> float:
    """Middle of the first and the last frame that saw a click; not a number if none did.

    A window sees a click wherever in it the click is, but how much that changes may depend on the place: a network that
    normalises each window may change most where the click is at its edges. So what counts is which frames change, not
    how much each does.
    """
    seen = change > SEEN * change.max(initial=0)
    return float(times[seen][[0, -1]].mean()) if seen.any() else np.nan


def _wrong_clicks(model, layers) -> Iterator[str]:
    """Only layers that see little more than their own frame have to show where a click was."""
    for layer, row in layers.iterrows():
        near = layer in (layers.index[0], "embedding") or str(layer).startswith("conv.")
        near = near and not str(layer).startswith(RECURRENT)
        if near and not abs(row["click"]) <= 1 / row["frame_rate"] + 1e-6:
            yield (
                f"layer {layer!r}: the frames that see a click claim to be {1000 * row['click']:+.0f} ms "
                f"away from it; frames are {1000 / row['frame_rate']:.0f} ms apart"
            )


def _wrong_clocks(activations, seconds) -> Iterator[str]:
    for layer, times in activations.times.items():
        if not len(times):
            yield f"layer {layer!r} has no frames"
        elif not (np.diff(times) > 0).all():
            yield f"layer {layer!r}: the times of its frames do not rise"
        elif times[0] < 0 or times[-1] > seconds:
            yield f"layer {layer!r}: frames from {times[0]:.3f} to {times[-1]:.3f} s, but the sound has {seconds:.3f} s"


def _wrong_layers(model, activations) -> Iterator[str]:
    if list(activations.layers) != list(model.layers):
        yield f"its layers are {list(activations.layers)}, announced are {list(model.layers)}"
    for layer, values in activations.layers.items():
        if values.dtype != np.float32:
            yield f"layer {layer!r} is {values.dtype}, not float32"
        if model.layers.get(layer) != values.shape[1]:
            yield f"layer {layer!r} has {values.shape[1]} units, announced are {model.layers.get(layer)}"
        if not np.isfinite(values).all():
            yield f"layer {layer!r}: {np.mean(~np.isfinite(values)):.1%} of its numbers are not finite"
        elif len(values) > 1 and not values.std(axis=0).any():
            yield f"layer {layer!r} does not change during a sentence"


def _against_card(model, facts, layers) -> Iterator[str]:
    found = {
        "rate": [model.rate],
        "layers": [len(layers)],
        "width": layers["units"].mode().tolist(),  # of most layers
        "frame_rate": layers["frame_rate"].round(3).mode().tolist(),
    }
    for key, values in found.items():
        if key in facts and not np.isclose(values, facts[key], rtol=0.01).any():
            yield f"{key} is {' or '.join(f'{value:g}' for value in values)}, its card says {facts[key]:g}"


def _unsteady(model, once, again, samples, rate) -> Iterator[str]:
    for layer, values in once.layers.items():
        if not np.array_equal(values, again.layers[layer]):
            yield f"layer {layer!r}: the same sound gave other numbers, {_apart(values, again.layers[layer])}"
    wave = prepared(samples, rate, model)[: round(model.window * model.rate)]
    alone, beside = model.represent(wave[None]), model.represent(np.stack([wave[::-1], wave]))
    for layer, (values, _) in alone.items():
        one, two = values[0], beside[layer].values[1]
        if not np.allclose(two, one, rtol=1e-3, atol=1e-3 * np.nanmax(np.abs(one), initial=0), equal_nan=True):
            yield f"layer {layer!r}: next to another sound it gives other numbers, {_apart(one, two)}"


def _apart(one, two) -> str:
    return f"apart by up to {np.abs(one - two).max():.2g} (its largest number is {np.abs(one).max():.2g})"


def _wrong_cache(activations) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.safetensors"
        write_frames(file, [{k: Frames(v, activations.times[k]) for k, v in activations.layers.items()}])
        back = read_frames(file, {layer: values.shape[1] for layer, values in activations.layers.items()})
        for layer, values in activations.layers.items():
            if back is None or not np.array_equal(back.layers[layer], values):
                yield f"layer {layer!r} does not come back from the cache as it was"


def _reads(model, facts) -> tuple[dict[str, str], pd.DataFrame, list[str]]:
    """The same for a model that reads: two texts instead of sounds."""
    import pandas as pd

    start = time.perf_counter()
    states = model.read(TEXTS)
    first = time.perf_counter()
    again = model.read(TEXTS)
    seconds = time.perf_counter() - first
    problems = []
    for text, one, two in zip(TEXTS, states, again, strict=True):
        for layer, values in one.layers.items():
            if values.shape != (len(one.spans), model.layers.get(layer, -1)):
                problems.append(f"layer {layer!r} of {text!r} has shape {values.shape} for {len(one.spans)} tokens")
            if not np.isfinite(values).all():
                problems.append(f"layer {layer!r} of {text!r} is not finite")
            if not np.array_equal(values, two.layers[layer]):
                problems.append(f"layer {layer!r}: the same text gave numbers that differ")
    if "layers" in facts and facts["layers"] != len(model.layers):
        problems.append(f"layers is {len(model.layers)}, its card says {facts['layers']}")
    rows = [(layer, width, len(states[0].spans)) for layer, width in model.layers.items()]
    measured = {
        "revision": model.revision,
        "speed": f"{len(TEXTS) / seconds:.3g} texts per second (the first time, with reading the weights, "
        f"{first - start:.3g} s)",
        "memory": f"{_peak_memory():,.0f} MB at most, of the whole process",
    }
    return measured, pd.DataFrame(rows, columns=["layer", "units", "tokens"]).set_index("layer"), problems


def _peak_memory() -> float:
    """Largest memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
