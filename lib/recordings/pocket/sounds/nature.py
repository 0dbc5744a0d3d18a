"""Weather, water and fire: noise textures and bubbles.

Comes in: a random generator and what kind of thing sounds. Goes out: two seconds of samples, not yet levelled.
"""

from __future__ import annotations

import numpy as np

from lib.recordings.pocket.sounds.elements import (
    RATE,
    N,
    clock,
    contour,
    decay_from,
    noise,
    onsets,
    resonate,
    scatter,
    vary,
    wander,
)


def wind(rng: np.random.Generator, *, centre: float = 350.0, gusts: float = 1.0, whistle: float = 0.3) -> np.ndarray:
    """Wind: low noise whose level and resonance wander together in gusts.

    Right: a falling spectrum and slow modulation below 2 Hz. Wrong: one obstacle only; real wind has many.
    """
    gust = wander(rng, cutoff=gusts)
    base = noise(rng, low=40, high=vary(rng, 2.2 * centre, 0.2), slope=-6)
    narrow = noise(rng, low=centre, high=2 * centre)
    airy = resonate(noise(rng), [vary(rng, 2.5 * centre, 0.2)], [centre / 3])
    level = np.exp(0.6 * gust)
    return level * base + 0.6 * level**1.5 * narrow + whistle * level**2 * airy / airy.std()


def thunder(rng: np.random.Generator, *, crack: float = 0.5) -> np.ndarray:
    """Thunder: a crack, then claps of ever lower noise that roll away.

    Right: most energy below 300 Hz, an irregular decay. Wrong: no echo from terrain, and it is over within two seconds.
    """
    out = crack * noise(rng, low=100, slope=-4) * decay_from(N, 0.5)
    for start in np.sort(rng.uniform(0, 1.1, 7)):
        roll = noise(rng, low=25, high=vary(rng, 700 - 350 * start, 0.2), slope=-3)
        n = N - int(start * RATE)
        out[-n:] += rng.uniform(0.4, 1.0) * roll[:n] * decay_from(n, vary(rng, 1.8, 0.3), 0.04)
    return out


def rain(rng: np.random.Generator, *, drops: float = 400.0, dull: float = 0.0) -> np.ndarray:
    """Rain: a steady hiss under many single drops.

    Right: a flat, broad spectrum with fast, shallow modulation. Wrong: every drop meets the same surface.
    """
    hiss = noise(rng, low=300, high=9000, slope=-1 - 3 * dull)
    splash = scatter(onsets(rng, drops, jitter=1), lambda: _drop(rng, 0.012, rng.uniform(800, 6000 - 3500 * dull)))
    return hiss + 1.2 * splash / splash.std()


def _drop(rng: np.random.Generator, seconds: float, low: float) -> np.ndarray:
    n = int(seconds * RATE)
    return rng.uniform(0.2, 1) * noise(rng, n, low=low) * decay_from(n, seconds, 0.0005)


def waves(rng: np.random.Generator, *, period: float = 1.6) -> np.ndarray:
    """Surf: noise that swells and brightens as a wave breaks.

    Right: broadband with very slow modulation. Wrong: no undertow of pebbles.
    """
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * clock() / vary(rng, period) + rng.uniform(0, 2 * np.pi))
    return 0.3 * noise(rng, slope=-4) + swell * noise(rng, low=80, slope=-4) + swell**3 * noise(rng, low=900, slope=-2)


def bubbles(
    rng: np.random.Generator,
    *,
    rate: float,
    low: float = 400.0,
    high: float = 3000.0,
    hiss: float = 0.1,
    length: float = 0.03,
) -> np.ndarray:
    """Bubbling liquid: decaying tones of rising pitch, one for each bubble.

    After Minnaert (1933): a bubble rings at a frequency inverse to its radius and rises as it nears the surface.
    Right: the many short tones and their random rhythm. Wrong: no vessel unless a resonance is added.
    """

    def bubble() -> np.ndarray:
        n = int(vary(rng, length, 0.3) * RATE) + 8
        frequency = np.exp(rng.uniform(np.log(low), np.log(high)))
        rising = frequency * (1 + 0.25 * np.arange(n) / n)
        return rng.uniform(0.2, 1) * np.sin(2 * np.pi * np.cumsum(rising) / RATE) * decay_from(n, n / RATE, 0.002)

    wet = scatter(onsets(rng, rate, jitter=0.9), bubble)
    return wet / (wet.std() + 1e-12) + hiss * noise(rng, low=low, slope=-2)


def pouring(rng: np.random.Generator, *, start: float = 350.0, stop: float = 900.0, rate: float = 90.0) -> np.ndarray:
    """Liquid poured into a vessel: bubbles and splash, and the air column's resonance that rises as it fills.

    Right: the rising pitch that tells listeners how full the vessel is. Wrong: a perfectly steady stream.
    """
    wet = bubbles(rng, rate=rate, low=500, high=3500, hiss=0.5)
    column = vary(rng, 1.0) * contour([(0, start), (2, stop)])
    singing = np.sin(2 * np.pi * np.cumsum(column) / RATE) * (0.6 + 0.4 * wander(rng, cutoff=25))
    return wet + 0.5 * singing + 0.3 * noise(rng, low=600, slope=-2)


def drips(rng: np.random.Generator, *, rate: float = 3.0, pitch: float = 1100.0) -> np.ndarray:
    """Dripping tap: single bubbles, each after the small click of the drop.

    Right: sparse rising chirps in silence. Wrong: all drops fall from one height.
    """

    def plop() -> np.ndarray:
        n = int(0.12 * RATE)
        rising = vary(rng, pitch, 0.1) * (1 + 0.8 * np.arange(n) / n)
        tone = np.sin(2 * np.pi * np.cumsum(rising) / RATE) * decay_from(n, 0.1, 0.004)
        tone[: RATE // 200] += 0.5 * noise(rng, RATE // 200, low=1500)
        return rng.uniform(0.5, 1) * tone

    return scatter(onsets(rng, rate, jitter=0.25), plop) + 0.003 * noise(rng, slope=-3)


def splashing(rng: np.random.Generator, *, rate: float = 3.0, size: float = 0.25) -> np.ndarray:
    """Splashes: bursts of noise that darken as they die, with bubbles in their wake.

    Right: slow strong onsets over a wet tail. Wrong: no spray that falls back.
    """

    def splash() -> np.ndarray:
        n = int(vary(rng, 2.2 * size, 0.2) * RATE)
        bright = noise(rng, n, low=700, slope=-1) * decay_from(n, size, 0.01)
        return rng.uniform(0.5, 1) * (bright + 0.6 * noise(rng, n, low=150, high=900) * decay_from(n, 2 * size, 0.03))

    wet = bubbles(rng, rate=60, low=300, high=1500)
    return scatter(onsets(rng, rate, jitter=0.3), splash) + 0.12 * wet


def crackling(rng: np.random.Generator, *, rate: float = 60.0, hiss: float = 0.15, low: float = 800.0) -> np.ndarray:
    """Fire, frying, static: short clicks of random size over a hiss.

    Right: a heavy tail of click sizes and no rhythm. Wrong: no slow change of temperature.
    """

    def click() -> np.ndarray:
        n = int(rng.uniform(0.002, 0.012) * RATE)
        return rng.pareto(1.8) * noise(rng, n, low=low * rng.uniform(0.6, 2)) * decay_from(n, n / RATE, 0.0004)

    clicks = scatter(onsets(rng, rate, jitter=1), click)
    clicks = np.tanh(clicks / (4 * clicks.std()))
    return clicks / clicks.std() + hiss * noise(rng, low=100, slope=-2) * (1 + 0.3 * wander(rng, cutoff=6))
