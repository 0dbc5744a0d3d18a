"""What else an electrode picks up: brain noise, alpha, its own noise, the mains, and one bad channel per listener.

Comes in: a random generator and a listener. Goes out: microvolts at 64 electrodes. Right: spectra (1/f, a peak at 9 to
11.5 Hz over the back of the head, a line at 50 Hz) and noise that neighbouring channels share. Wrong: all of it is
stationary and Gaussian, and there are no blinks, no muscles and no heart.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import fft

from lib.recordings.pocket.brains import scalp
from lib.recordings.pocket.brains.waves import RATE, Listener

BACKGROUND, ALPHA, SENSOR = 8.0, 4.0, 0.7
"""Root mean square [µV]: brain noise in the median channel against the average reference, alpha where it is
greatest, and each electrode's own white noise."""
SLOPE, FLOOR = 1.2, 0.1
"""Power of brain noise falls as 1 / f ** `SLOPE`, above `FLOOR` [Hz]."""
GENERATORS = 60
"""Dipoles of brain noise all around a shell; in the same places for all listeners, but turned differently."""
ALPHA_PLACES = ((0.018, -0.052, 0.060), (-0.018, -0.052, 0.060), (0.035, -0.045, 0.055), (-0.035, -0.045, 0.055))
"""Dipoles of alpha, occipital, pointing outwards; in head coordinates [m]."""
ALPHA_WIDTH = 0.7
"""Standard deviation of alpha's spectral peak [Hz]."""
MAINS, MAINS_HZ = 4.0, 50.0
"""Amplitude of line noise in the median channel [µV], and its frequency."""
BROKEN = 60.0
"""Root mean square of a bad channel [µV]."""


def noise(rng: np.random.Generator, who: Listener, length: int) -> np.ndarray:
    """Everything that is not an answer to the story, shape (64, length) [µV]; the bad channel holds nothing else."""
    frequency = fft.rfftfreq(fft.next_fast_len(length, real=True), 1 / RATE)
    pink = np.maximum(frequency, FLOOR) ** (-SLOPE / 2)
    peak = np.exp(-0.5 * ((frequency - who.alpha) / ALPHA_WIDTH) ** 2)
    brain = who.noise * _generators(rng).T @ _shaped(rng, GENERATORS, pink, length)  # channel, time
    alpha = who.noise * _alpha_maps().T @ _shaped(rng, len(ALPHA_PLACES), peak, length)
    out = brain + alpha
    out += SENSOR * rng.standard_normal(out.shape, dtype=np.float32)
    out += _mains(rng, length)
    out[who.bad] = BROKEN * _shaped(rng, 1, np.maximum(frequency, FLOOR) ** -0.5, length)[0]
    return out


def _shaped(rng: np.random.Generator, rows: int, gain: np.ndarray, length: int) -> np.ndarray:
    """Gaussian noise of unit variance with an amplitude spectrum proportional to `gain`, shape (rows, length)."""
    draws = rng.standard_normal((2, rows, len(gain)), dtype=np.float32)
    spectrum = (draws[0] + 1j * draws[1]) * gain.astype(np.float32)
    spectrum[:, 0] = 0
    full = 2 * (len(gain) - 1)
    scale = full / (2 * np.sqrt(np.square(gain[1:], dtype=float).sum()))
    return fft.irfft(spectrum, full, axis=1)[:, :length] * np.float32(scale)


def _generators(rng: np.random.Generator) -> np.ndarray:
    """Maps (generator, channel) of brain noise in one listener, at the level of ``BACKGROUND``."""
    moments = rng.standard_normal((GENERATORS, 3))
    moments /= np.linalg.norm(moments, axis=1, keepdims=True)
    maps = np.einsum("cgx,gx->gc", _shell(), moments)
    centred = maps - maps.mean(axis=1, keepdims=True)
    return BACKGROUND * maps / np.median(np.linalg.norm(centred, axis=0))


@cache
def _shell() -> np.ndarray:
    """Lead field (channel, generator, axis) of dipoles spread evenly over a shell, from below the rim to the crown."""
    number = np.arange(GENERATORS)
    height = 1 - 1.4 * (number + 0.5) / GENERATORS
    angle = number * np.pi * (3 - np.sqrt(5))  # golden angle: no two turns fall on one meridian
    ring = np.sqrt(1 - height**2)
    return scalp.leadfield(scalp.CENTRE + 0.065 * np.column_stack([ring * np.cos(angle), ring * np.sin(angle), height]))


@cache
def _alpha_maps() -> np.ndarray:
    places = np.array(ALPHA_PLACES)
    outwards = places - scalp.CENTRE
    maps = np.einsum("cgx,gx->gc", scalp.leadfield(places), outwards)
    centred = maps - maps.mean(axis=1, keepdims=True)
    return ALPHA * maps / np.linalg.norm(centred, axis=0).max()


def _mains(rng: np.random.Generator, length: int) -> np.ndarray:
    """Line noise (64, length): one phase, an amplitude of its own in every channel."""
    wave = np.sin(2 * np.pi * MAINS_HZ * np.arange(length) / RATE + rng.uniform(0, 2 * np.pi))
    return MAINS * rng.lognormal(0, 0.4, 64)[:, None] * wave
