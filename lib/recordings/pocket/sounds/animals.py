"""Animals: voices of beasts and birds, and what they do without a voice.

Comes in: a random generator and which animal. Goes out: two seconds of samples, not yet levelled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.recordings.pocket.sounds.elements import (
    RATE,
    N,
    clock,
    hump,
    noise,
    onsets,
    pulses,
    resonate,
    scatter,
    soften,
    tone,
    vary,
    wander,
)


def cry(
    rng: np.random.Generator,
    *,
    pitch: Sequence[float],
    length: float,
    rate: float,
    formants: Sequence[float],
    rough: float = 0.1,
    breath: float = 0.1,
    tremor: float = 0.0,
    attack: float = 0.15,
    jitter: float = 0.2,
) -> np.ndarray:
    """Call of a mammal or a large bird, `rate` times a second: pulses that run through `pitch` [Hz] in a fixed throat.

    Bark, miaow, moo, bleat, caw, quack, howl, roar differ in pitch contour, length, formants, roughness (irregular
    pulses), breath and tremor [Hz]. Right: harmonic source, few resonances, contour. Wrong: the mouth does not move.
    """

    def call() -> np.ndarray:
        n = int(vary(rng, length, 0.1) * RATE)
        points = np.array(pitch, float) * vary(rng, 1.0, 0.05)
        glide = np.interp(np.linspace(0, len(points) - 1, n), np.arange(len(points)), points)
        glide = glide * (1 + rough * 0.3 * wander(rng, n, cutoff=60))
        source = soften(pulses(glide, n, top=8000), 800)
        source = source / source.std() * (1 + rough * wander(rng, n, cutoff=90)) + breath * noise(rng, n, low=300)
        if tremor:
            source = source * (1 + 0.7 * np.sin(2 * np.pi * tremor * np.arange(n) / RATE))
        widths = [0.12 * formant + 40 for formant in formants]
        return rng.uniform(0.8, 1) * hump(n, attack, 0.45) * (resonate(source, formants, widths) + 0.08 * source)

    return scatter(onsets(rng, vary(rng, rate), jitter=jitter), call) + 0.004 * noise(rng, slope=-3)


def birdsong(
    rng: np.random.Generator,
    *,
    low: float = 2500.0,
    high: float = 6000.0,
    rate: float = 7.0,
    trill: float = 0.3,
    kinds: int = 3,
) -> np.ndarray:
    """Songbird: a phrase of a few kinds of syllable, each a fast sweep of an almost pure tone, some of them trilled.

    Right: high pure glides that repeat. Wrong: one voice, where a syrinx has two.
    """
    syllables = []
    for _ in range(kinds):
        n = int(vary(rng, 0.7 / rate, 0.25) * RATE)
        ends = np.exp(rng.uniform(np.log(low), np.log(high), 3))
        sweep = np.interp(np.linspace(0, 2, n), np.arange(3), ends)
        if rng.random() < trill:
            sweep = sweep * (1 + 0.12 * np.sin(2 * np.pi * rng.uniform(30, 60) * np.arange(n) / RATE))
        syllables.append(tone(sweep, [1, 0.06], n) * hump(n, 0.2, 0.3))
    return scatter(onsets(rng, rate, jitter=0.15), lambda: syllables[rng.integers(kinds)]) + 0.01 * noise(rng, slope=-3)


def croaking(
    rng: np.random.Generator, *, rate: float = 2.0, pulse: float = 45.0, formants: Sequence[float] = (600, 1500)
) -> np.ndarray:
    """Frog or toad: trains of resonant pulses.

    Right: a low pulse rate under a mid-frequency resonance. Wrong: a lone frog.
    """

    def croak() -> np.ndarray:
        n = int(vary(rng, 0.6 / rate, 0.1) * RATE)
        train = pulses(vary(rng, pulse) * np.linspace(0.9, 1.15, n), n, top=7000)
        return 6 * resonate(train, formants, [90, 200], [1, 0.6]) * hump(n, 0.3, 0.2)

    return scatter(onsets(rng, rate, jitter=0.15), croak) + 0.005 * noise(rng, slope=-2)


def panting(rng: np.random.Generator, *, rate: float = 4.0) -> np.ndarray:
    """Dog that pants: short breaths, in and out unlike.

    Right: broadband noise at about four per second with a weak resonance. Wrong: no tongue.
    """
    cycle = np.sin(2 * np.pi * np.cumsum(vary(rng, rate) * (1 + 0.05 * wander(rng))) / RATE)
    air = noise(rng, low=400, high=7000, slope=-1)
    mouth = resonate(air, [1400, 3200], [500, 900])
    return np.clip(cycle, 0, None) * (air + mouth) + 0.6 * np.clip(-cycle, 0, None) * resonate(air, [900], [500])


def buzzing(rng: np.random.Generator, *, pitch: float = 230.0, insects: int = 6, wander_by: float = 0.06) -> np.ndarray:
    """Bees, flies, mosquitoes: wing beats as harmonic tones that come and go.

    Right: low to middle pitch with many harmonics, fluctuating. Wrong: no flight past the ear.
    """
    total = np.zeros(N)
    for _ in range(insects):
        rate = vary(rng, pitch, 0.12) * (1 + wander_by * wander(rng, cutoff=3))
        total += np.clip(1 + 0.7 * wander(rng, cutoff=3), 0.1, None) * tone(
            rate, 0.8 ** np.arange(18), phase=rng.uniform(0, 6)
        )
    return total / total.std() + 0.05 * noise(rng, low=200, slope=-2)


def chirping(
    rng: np.random.Generator, *, pitch: float = 4500.0, rate: float = 2.5, pulse: float = 45.0, share: float = 0.55
) -> np.ndarray:
    """Crickets and grasshoppers: a high tone in pulses, grouped in chirps.

    Right: narrow band, two rates of modulation. Wrong: every cricket keeps perfect time.
    """
    total = np.zeros(N)
    for gain in (1.0, 0.4, 0.25):
        phase = np.mod(clock() * vary(rng, rate, 0.08) + rng.random(), 1)
        teeth = np.clip(np.sin(2 * np.pi * vary(rng, pulse) * clock() + rng.uniform(0, 6)), 0, None)
        total += gain * soften((phase < share).astype(float), 80) * teeth * tone(vary(rng, pitch, 0.03), [1, 0.08])
    return total + 0.02 * noise(rng, low=300, slope=-2)


def cicadas(rng: np.random.Generator, *, pitch: float = 5200.0, rate: float = 190.0) -> np.ndarray:
    """Cicadas: a band of high noise that pulses fast and swells slowly.

    Right: dense high-frequency buzz. Wrong: the choir is one tree.
    """
    band = noise(rng, low=0.75 * pitch, high=1.35 * pitch)
    fast = 1 + 0.9 * np.sin(2 * np.pi * np.cumsum(vary(rng, rate) * (1 + 0.03 * wander(rng))) / RATE)
    return band * fast * (1 + 0.35 * np.sin(2 * np.pi * vary(rng, 1.5) * clock() + rng.uniform(0, 6))) + 0.03 * noise(
        rng
    )


def galloping(rng: np.random.Generator, *, rate: float = 2.1) -> np.ndarray:
    """Hooves: three or four beats and a pause, on earth.

    Right: the grouped rhythm and dull impacts. Wrong: neither near nor far.
    """
    beats = np.array([0.0, 0.13, 0.22])
    times = (onsets(rng, rate, jitter=0.03)[:, None] + beats).ravel()

    def hoof() -> np.ndarray:
        n = int(0.12 * RATE)
        return rng.uniform(0.6, 1) * resonate(
            noise(rng, n) * hump(n, 0.02, 0.9), [vary(rng, 130), vary(rng, 420), 1100], [70, 150, 400], [1, 0.7, 0.3]
        )

    return scatter(times[times < 1.95], hoof) + 0.004 * noise(rng, slope=-3)
