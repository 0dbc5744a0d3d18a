"""Clocks: responses of any sensor brought onto a model's frames, and the windows of time that they are cut into.

Comes in: series with time points as rows, (n, c), and the times of their rows in seconds. Goes out: the same responses
at the frames of a model, at the frames' own times. No frame rate is ever assumed: a model says when its frames are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from lib.ground import WrongUse, unknown

METHODS = ("linear", "count", "antialiased")
EDGE = 0.05
"""How far outside the response a frame may lie [s], where one sample is not more: the last sample is held."""
LOBES = 4
"""Half width of the anti-aliasing kernel, in frames."""

NAMED_WINDOWS = MappingProxyType(
    {
        "N100": (0.080, 0.150),
        "P200": (0.150, 0.250),
        "N200": (0.200, 0.300),
        "N400": (0.300, 0.500),
        "P300": (0.250, 0.500),
        "P600": (0.500, 0.800),
        "LPC": (0.500, 0.800),
    }
)
"""Start and end [s from onset] of the windows that arXiv 2601.16540 names; P600 and LPC are one window."""


def sliding_windows(
    stop: float, *, start: float = 0.0, width: float = 0.25, step: float = 0.05
) -> dict[str, tuple[float, float]]:
    """Windows of one width from `start` on that end by `stop` [s], named "START-STOP ms"; defaults as published."""
    if not (width > 0 and step > 0 and np.isfinite([start, stop, width, step]).all()):
        raise WrongUse(f"width and step must be positive and the ends finite, got {width}, {step}, {start} to {stop}.")
    count = int(np.floor((stop - start - width) / step + 1e-9)) + 1
    if count < 1:
        raise WrongUse(f"no window of {width:g} s fits between {start:g} and {stop:g} s.")
    edges = [(start + k * step, start + k * step + width) for k in range(count)]
    named = {f"{1000 * a:.0f}-{1000 * b:.0f} ms": (round(a, 9), round(b, 9)) for a, b in edges}
    if len(named) < count:
        raise WrongUse(f"windows are named in whole milliseconds: a step of {step:g} s gives several one name.")
    return named


# ---- onto a model's frames ----


def onto_frames(values, times, frame_times, method: str = "linear") -> np.ndarray:
    """Response at a model's frames.

    Parameters
    ----------
    values : array (n, c) or (n,)
        One row per sample.
    times : array (n,)
        When each sample was taken [s], rising.
    frame_times : array (T,)
        When each frame of the model is [s, on the same clock], rising.
    method : {"linear", "count", "antialiased"}
        ``linear`` interpolates at the frames' times. ``count`` does what arXiv 2601.16540 does: the samples are spread
        over as many frames as there are, whatever their times (torch's ``interpolate`` with align_corners=False).
        Neither removes what is faster than half the frame rate, which folds back. ``antialiased`` does: it weighs the
        samples around a frame by a sinc with its cut-off there, under a Hann window of four frames to either side.

    Returns
    -------
    ndarray (T, c) or (T,)

    Raises
    ------
    ValueError
        Lengths that differ, times that do not rise, NaN, or a frame more than 50 ms (or one sample) outside the
        response (cut a longer one then) or away from its samples, in a gap.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    values, times = _sampled(values, times)
    frame_times = rising(frame_times, "frame_times")
    if method == "count":
        return resized(values, len(frame_times))
    reach = max(np.median(np.diff(times)), EDGE) + 1e-9
    outside = (frame_times < times[0] - reach) | (frame_times > times[-1] + reach)
    _check_gaps(times, frame_times[~outside], reach)
    if outside.any():
        raise ValueError(
            f"{outside.sum()} frame(s) lie outside the response, which lasts from {times[0]:.3f} to {times[-1]:.3f} s; "
            f"the first at {frame_times[outside][0]:.3f} s. Cut a longer response, or leave those frames out."
        )
    if method == "antialiased":
        return _smoothed(values, times, frame_times)
    return _interpolated(values, times, frame_times)


def _check_gaps(times: np.ndarray, frame_times: np.ndarray, reach: float) -> None:
    after = np.clip(np.searchsorted(times, frame_times), 1, len(times) - 1)
    far = np.minimum(np.abs(frame_times - times[after - 1]), np.abs(times[after] - frame_times)) > reach
    if far.any():
        raise ValueError(
            f"{far.sum()} frame(s) lie in a gap of the response, the first at {frame_times[far][0]:.3f} s: leave them."
        )


def resized(values, count: int) -> np.ndarray:
    """Linear interpolation of rows (n, ...) at `count` places (k + 1/2) n / count - 1/2, ends held (as published)."""
    values = np.asarray(values, dtype=np.float64)
    if count < 1 or not len(values):
        raise ValueError(f"cannot spread {len(values)} samples over {count} frames.")
    places = (np.arange(count) + 0.5) * len(values) / count - 0.5
    return _interpolated(values, np.arange(len(values)), places)


def _interpolated(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    place = np.interp(at, times, np.arange(len(times)))
    left = np.minimum(place.astype(int), max(len(times) - 2, 0))
    right = np.minimum(left + 1, len(times) - 1)
    share = (place - left).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - share) * values[left] + share * values[right]


def _smoothed(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    samples = np.gradient(times)
    spacing = np.maximum(np.gradient(at) if len(at) > 1 else np.zeros(1), np.median(samples))
    first = np.minimum(np.searchsorted(times, at - LOBES * spacing), len(times) - 1)
    stop = np.maximum(np.searchsorted(times, at + LOBES * spacing), first + 1)
    near = first[:, None] + np.arange((stop - first).max())  # frame, sample
    away = (times[np.minimum(near, len(times) - 1)] - at[:, None]) / spacing[:, None]
    weights = np.sinc(away) * np.cos(np.pi * np.clip(away / LOBES, -1, 1) / 2) ** 2
    weights *= np.where(near < stop[:, None], samples[np.minimum(near, len(times) - 1)], 0)
    weights /= weights.sum(axis=1, keepdims=True)
    out = np.empty((len(at), *values.shape[1:]))
    for row, (start, end) in enumerate(zip(first, stop, strict=True)):
        out[row] = np.tensordot(weights[row, : end - start], values[start:end], axes=1)  # c
    return out


def zscored(values) -> np.ndarray:
    """Every column (electrode, component) with mean 0 and sample standard deviation 1 (ddof 1) over its rows.

    Raises
    ------
    ValueError
        Fewer than two rows, NaN, or a constant column.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 1 or len(values) < 2 or not values.size:
        raise ValueError(f"standardising needs at least two rows, got shape {values.shape}.")
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))
        raise ValueError(f"{len(bad)} NaN or infinite value(s), the first in row {bad[0, 0]}: leave those rows out.")
    centred = values - values.mean(axis=0)
    spread = values.std(axis=0, ddof=1)
    flat = np.flatnonzero(spread <= 1e-12 * np.abs(values).max(axis=0))
    if flat.size:
        raise ValueError(f"column(s) {', '.join(map(str, flat[:5]))} of {values.shape} are constant: leave them out.")
    return centred / spread


# ---- checks ----


def checked_windows(windows: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Windows by name, each with an end after its start [s]."""
    if not isinstance(windows, Mapping) or not windows:
        raise WrongUse("windows must be a mapping of names to (start, stop) in seconds, with at least one.")
    for name, edges in windows.items():
        if len(edges) != 2 or not edges[0] < edges[1]:
            raise WrongUse(f"window {name!r} must be (start, stop) and must end after it starts, got {edges} [s].")
    return dict(windows)


def _sampled(values, times) -> tuple[np.ndarray, np.ndarray]:
    values, times = np.asarray(values, dtype=np.float64), rising(times, "times")
    if len(times) < 2 or values.ndim < 1 or len(values) != len(times):
        raise ValueError(f"a response has one row per time, at least two: got {values.shape} and {len(times)} times.")
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))
        raise ValueError(f"the response holds {len(bad)} NaN or infinite value(s), the first in row {bad[0, 0]}.")
    return values, times


def rising(times, name: str) -> np.ndarray:
    """Times as float64, or an error unless they are finite and rise."""
    times = np.asarray(times, dtype=np.float64)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or not (np.diff(times) > 0).all():
        raise ValueError(f"{name} must be finite, rising numbers of seconds, got {times.dtype} of shape {times.shape}.")
    return times
