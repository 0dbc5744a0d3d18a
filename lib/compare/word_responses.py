"""The late response to words: the lags, the place on the head and the contrast that tell whether it is there.

Comes in: a cochleagram of speech, and responses to words by deconvolution (``lib.compare.deconvolution``). Goes out:
the acoustic courses that a fit has to account for, and the late response as one number a listener.
"""

from __future__ import annotations

import numpy as np

RATE = 64
LAGS = np.arange(-8, 52)
SECONDS = LAGS / RATE
LATE = (0.25, 0.5)
"""Seconds after onset in which the paper finds most."""
TAIL = 1.0
"""Seconds after a segment's end that still hold answers to it."""
CENTRO_PARIETAL = ("Cz", "CPz", "Pz", "CP1", "CP2", "P1", "P2")


def envelope_and_onsets(bands: np.ndarray) -> list[np.ndarray]:
    """Mean of a cochleagram (frame, band) over its bands, and that of its rises, each of standard deviation 1."""
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0).mean(axis=1)
    return [course / course.std() for course in (bands.mean(axis=1), rise)]


def late_contrast(wave: np.ndarray, seconds: np.ndarray = SECONDS) -> np.ndarray:
    """Mean over the other lags from 0 to 800 ms minus mean of 250 to 500 ms of waves (..., lag)."""
    late = late_lags(seconds)
    rest = (seconds >= 0) & ~late
    return wave[..., rest].mean(axis=-1) - wave[..., late].mean(axis=-1)


def late_lags(seconds: np.ndarray) -> np.ndarray:
    """Which of `seconds` lie in ``LATE``."""
    return (seconds >= LATE[0]) & (seconds <= LATE[1])
