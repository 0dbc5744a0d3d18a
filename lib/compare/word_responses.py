"""The late response to words: what is fitted, and the lags, the place on the head and the contrast that tell of it.

Comes in: a cochleagram of speech, onsets of phonemes and words, and responses to words by deconvolution
(``lib.compare.deconvolution``). Goes out: the features of the fit, which are those of every analysis of this book, and
the late response as one number a listener.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

FEATURES = ("envelope", "onset", "phoneme", "word", "envelope, negative", "onset, negative", "word, negative")
"""The last three are the first, second and fourth in negative passages only, 0 elsewhere. Without the first two of
these, a response to sound that differs in negative passages is taken for one to words."""
MAIN = [0, 1, 2, 3]

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


def story_features(
    courses: Iterable[np.ndarray],
    phonemes: np.ndarray,
    words: np.ndarray,
    weights: np.ndarray,
    negative: Iterable[tuple[float, float]],
    rate: float,
) -> np.ndarray:
    """What a fit knows of a stretch of speech, (time, feature) in the order of ``FEATURES``.

    Parameters
    ----------
    courses : two arrays (time,)
        Envelope and onsets at `rate` (``envelope_and_onsets``).
    phonemes, words : array of float
        When each begins [s from the start of the stretch].
    weights : array of float
        By word, how strongly it counts: surprisal over its mean, or 1.
    negative : iterable of (start, stop)
        Negative passages [s].
    rate : float
        Samples per second.
    """
    courses = np.stack([*courses])
    length = courses.shape[1]
    marks = [
        np.bincount(np.round(np.asarray(onsets) * rate).astype(int), sizes, minlength=length)[:length]
        for onsets, sizes in ((phonemes, np.ones(len(phonemes))), (words, weights))
    ]
    inside = np.zeros(length)
    for start, stop in negative:
        inside[round(start * rate) : round(stop * rate)] = 1
    main = np.stack([*courses, *marks], axis=1)
    return np.concatenate([main, main[:, [0, 1, 3]] * inside[:, None]], axis=1)


def late_contrast(wave: np.ndarray, seconds: np.ndarray = SECONDS) -> np.ndarray:
    """Mean over the other lags from 0 to 800 ms minus mean of 250 to 500 ms of waves (..., lag)."""
    late = late_lags(seconds)
    rest = (seconds >= 0) & ~late
    return wave[..., rest].mean(axis=-1) - wave[..., late].mean(axis=-1)


def late_lags(seconds: np.ndarray) -> np.ndarray:
    """Which of `seconds` lie in ``LATE``."""
    return (seconds >= LATE[0]) & (seconds <= LATE[1])
