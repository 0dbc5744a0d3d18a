"""How fast something changes: the time after which a series is no longer like itself.

Comes in: frames of a layer, or of the cochleagram, during many sounds. Goes out: one time in seconds per sound, and
ratios of such times with intervals over sounds. Arrays in, arrays out.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, stats

from lib.compare import Estimate

LEAST_FRAMES = 8
"""A layer with fewer frames a sound has no pace."""
DEAD = 1e-6  # share of the liveliest unit's spread below which a unit does nothing


def paces(frames: np.ndarray, step: float) -> np.ndarray:
    """Seconds after which the units of a layer are no longer like themselves, for each sound.

    What all sounds have in common at a moment (a network that counts time, the common onset) is taken away first. Each
    unit is then centred and scaled over the frames of the sound, its autocorrelation taken (lag products summed and
    divided by the number of frames), and averaged over units. The pace is where this falls to 1/e, by linear
    interpolation between lags.

    Parameters
    ----------
    frames : array (sound, frame, unit)
    step : float
        Seconds from frame to frame.

    Returns
    -------
    array (sound,)
        NaN for sounds in which nothing changes, and everywhere if there are fewer than ``LEAST_FRAMES`` frames.
    """
    count = frames.shape[1]
    if count < LEAST_FRAMES:
        return np.full(len(frames), np.nan)
    common = frames.mean(0) if len(frames) > 1 else 0.0
    return np.array([_crossing(_autocorrelation(one - common)) * step for one in frames])


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Mean over units of the autocorrelation (lag,), lag 0 being 1; empty where no unit changes."""
    spread = frames.std(0)
    alive = spread > DEAD * max(float(spread.max(initial=0)), np.finfo("f4").tiny)
    if not alive.any():
        return np.empty(0)
    x = (frames[:, alive] - frames[:, alive].mean(0)) / spread[alive]
    spectrum = np.abs(fft.rfft(x, fft.next_fast_len(2 * len(x)), axis=0)) ** 2
    return fft.irfft(spectrum.mean(1), fft.next_fast_len(2 * len(x)))[: len(x)] / len(x)


def _crossing(r: np.ndarray) -> float:
    """Lag at which a function that begins with 1 first falls to 1/e."""
    below = np.flatnonzero(r < np.exp(-1))
    if not len(below):
        return np.nan
    first = int(below[0])
    return first - 1 + (r[first - 1] - np.exp(-1)) / (r[first - 1] - r[first])


def on_clock(frames: np.ndarray, times: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Average frames around each moment of a slower clock, half a step of it to either side.

    Parameters
    ----------
    frames : array (sound, frame, unit)
    times : array (frame,)
        In seconds.
    clock : array (moment,)
        In seconds, evenly spaced.

    Returns
    -------
    array (sound, moment, unit)
        Where no frame is near a moment, the nearest one.
    """
    half = step_of(clock) / 2
    first = np.searchsorted(times, clock - half - 1e-9)
    last = np.searchsorted(times, clock + half - 1e-9)
    nearest = np.abs(times[None] - clock[:, None]).argmin(1)
    empty = last <= first
    first, last = np.where(empty, nearest, first), np.where(empty, nearest + 1, last)
    sums = np.concatenate([np.zeros_like(frames[:, :1], dtype="f8"), np.cumsum(frames, 1, dtype="f8")], 1)
    return (sums[:, last] - sums[:, first]) / (last - first)[None, :, None]


def step_of(times: np.ndarray) -> float:
    """Seconds from frame to frame; of a single frame, NaN."""
    return float(np.median(np.diff(times))) if len(times) > 1 else np.nan


def ratio(above: np.ndarray, below: np.ndarray, about: str = "") -> Estimate:
    """How many times as long something lasts as something else, over sounds, layers averaged within each.

    Geometric mean with a 95 % interval: that of t for the mean of the logarithms.

    Parameters
    ----------
    above, below : array (sound, layer) or (sound,)
        In the same unit; NaN where there is none. Pairs with one are left out.
    about : str
        What it is, in words.
    """
    logs = np.log(np.asarray(above, float).reshape(len(above), -1)) - np.log(
        np.asarray(below, float).reshape(len(below), -1)
    )
    known = np.isfinite(logs).any(1)
    each = np.nanmean(logs[known], 1)
    n = len(each)
    if n < 2:
        return Estimate(float(np.exp(each.mean())) if n else np.nan, n=n, about=about)
    half = stats.t.ppf(0.975, n - 1) * each.std(ddof=1) / np.sqrt(n)
    value, low, high = np.exp(each.mean() + np.array([0, -half, half]))
    return Estimate(float(value), float(low), float(high), n, method="t of logarithms", about=about)
