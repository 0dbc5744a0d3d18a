"""A simulated EEG session taken apart: a listener's noise, and the current of each planted effect.

Comes in: a seed, which listener, how many segments. Goes out: a ``Session`` of arrays. The recording is linear in its
parts, so that each listener is simulated once and joined afterwards at any strength and with any effect switched off:
``noise + maps.T @ (strengths(snr, without)[:, None] * currents)`` is what ``eeg.simulate`` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.recordings.pocket.brains import scalp, static, waves
from lib.recordings.pocket.story.telling import tell


@dataclass(frozen=True, eq=False)
class Session:
    """One listener to the story, before anything is mixed.

    Attributes
    ----------
    noise : ndarray, shape (64, time)
        Everything that is no answer to the story [µV], at ``waves.RATE``; the bad channel holds nothing else.
    currents : ndarray, shape (current, time)
        Every planted effect twice: first as affect changes it, then as it is without affect.
    maps : ndarray, shape (current, 64)
        How strongly a unit of each current is seen by each electrode against the left mastoid [µV].
    """

    noise: np.ndarray
    currents: np.ndarray
    maps: np.ndarray


def session(seed: int, number: int, segments: int) -> Session:
    """Simulate listener `number` (from 0) of the study `seed` who hears the first `segments` of the story."""
    who = waves.listener(waves.Options(seed=seed, segments=segments), number)
    drives, effects = _drives(segments), 2 * waves.EFFECTS
    return Session(
        noise=static.noise(np.random.default_rng([seed, 21, number]), who, drives.shape[1]),
        currents=np.array([waves.current(row, effect, who) for row, effect in zip(drives, effects, strict=True)]),
        maps=who.maps[[list(scalp.SOURCES).index(effect.source) for effect in effects]],
    )


def strengths(snr: float, without: tuple[str, ...]) -> np.ndarray:
    """Factor on each of a session's currents at a signal strength and with effects switched off, shape (current,)."""
    on = [effect.switch not in without for effect in waves.EFFECTS]
    off = np.zeros(len(on))
    return snr * np.concatenate([off, on] if "affect" in without else [on, off])


@cache
def _drives(segments: int) -> np.ndarray:
    """Drives of all effects with affect, then without, (current, time)."""
    options = [waves.Options(segments=segments, without=without) for without in ((), ("affect",))]
    return np.concatenate([waves.drives(tell(segments), each) for each in options])
