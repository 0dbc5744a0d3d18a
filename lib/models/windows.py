"""Which stretches of sound are represented together: batches of equal length, and windows of a long sound.

Comes in: waveforms at the model's sampling rate, and the function that represents several of equal length. Goes out:
the frames of a long sound as if it had been represented at once, a few windows at a time.

Windows overlap. Frames of the overlap are taken from the window that has more sound around them, so that every frame
has at least `context` seconds of sound before and after it, as far as the sound goes. Where that covers all that a
frame depends on, the frames are those of the whole sound. A model that looks at everything (attention), or that
normalises what it is given (most do, per window), hears a window as a sound of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from math import isclose, lcm

import numpy as np

from lib.models.activations import Frames

BATCH = 4.0  # seconds of sound represented at once: more is hardly faster, and costs memory
SAME_TIME = 1e-6  # seconds by which two frames may differ that are meant to be at the same time

Represent = Callable[[np.ndarray], dict[str, Frames]]


def batches(lengths: Mapping[int, int], rate: float) -> Iterator[list[int]]:
    """Keys of equal length (in samples), so many at a time that they last about BATCH seconds."""
    equal = {}
    for key, length in lengths.items():
        equal.setdefault(length, []).append(key)
    for length, keys in equal.items():
        size = max(1, int(BATCH * rate / length))
        yield from (keys[start : start + size] for start in range(0, len(keys), size))


def represented_in_windows(
    represent: Represent, wave: np.ndarray, rate: int, window: float, context: float
) -> Iterator[dict[str, Frames]]:
    """Frames of a sound that is longer than a window, piece by piece.

    Parameters
    ----------
    represent : callable
        Waveforms (sounds, samples) to {layer: Frames}.
    wave : array (samples,)
        At `rate`, longer than `window`.
    rate : int
        Sampling rate in Hz.
    window, context : float
        Length of a window, and of what is context at both its ends, in seconds.

    Yields
    ------
    dict of str to Frames
        One entry per layer: values (frames, units) and times (frames,) in the sound. Pieces are in order of time, and
        together they hold every frame once.
    """
    period = _period(represent(wave[None, : round(window * rate)]), rate)
    spans = _spans(len(wave), round(window * rate), round(context * rate), period)
    cuts = [-np.inf, *((start + end) / 2 / rate for (_, end), (start, _) in pairwise(spans)), np.inf]
    for numbers in batches({k: end - start for k, (start, end) in enumerate(spans)}, rate):
        frames = represent(np.stack([wave[slice(*spans[k])] for k in numbers]))
        for place, k in enumerate(numbers):
            yield _between(frames, place, spans[k][0] / rate, cuts[k], cuts[k + 1])
        del frames  # before the next are made


def _spans(length, window, context, period) -> list[tuple[int, int]]:
    """Start and end of each window in samples; starts are multiples of the period, so that frames fall on one grid."""
    hop = (window - 2 * context) // period * period
    if hop < 1:
        raise ValueError(
            f"a window of {window} samples with {context} of context at both ends is too short for frames that fall "
            f"on full samples every {period}: take a longer window"
        )
    starts = list(range(0, length - window, hop))
    last = -((window - length) // period) * period  # the last window is not longer than the others
    if last > starts[-1]:
        starts.append(last)
    ends = [start + window for start in starts[:-1]] + [length]
    return list(zip(starts, ends, strict=True))


def _period(frames, rate) -> int:
    """Smallest number of samples that is a whole number of frames of every layer whose frames fall on samples."""
    periods = [1]
    for _, times in frames.values():
        if len(times) > 1:
            spacing = (times[-1] - times[0]) / (len(times) - 1) * rate
            fraction = Fraction(spacing).limit_denominator(100)
            if isclose(fraction, spacing, rel_tol=1e-9):
                periods.append(fraction.numerator)
    return lcm(*periods)


def _between(frames, place, start, low, high) -> dict[str, Frames]:
    """Frames of one window that starts at `start` and stands for the time from `low` to `high`, in seconds."""
    chosen = {}
    for layer, (values, times) in frames.items():
        times = times + start
        inside = (times >= low - SAME_TIME) & (times < high - SAME_TIME)
        chosen[layer] = Frames(values[place][inside], times[inside])
    return chosen
