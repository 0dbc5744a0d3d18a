"""Human voices without words, from a source and a filter: pulses and breath of the glottis, resonances of the tract.

Comes in: a random generator and how the voice is used. Goes out: two seconds of samples, not yet levelled; ``sing``
gives a sung line to whoever makes music. The source and filter follow Fant (1960); formants are those of Peterson and
Barney (1952) for men, scaled by the length of the tract.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.recordings.pocket.sounds.elements import (
    RATE,
    N,
    contour,
    decay_from,
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

VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "ae": (660, 1720, 2410),
    "uh": (500, 1500, 2500),
    "m": (250, 1000, 2200),
}
"""First three formants [Hz] of a man's vowels; a woman's are about 1.17, a small child's 1.4 times as high."""


def glottis(rng: np.random.Generator, pitch: np.ndarray, *, breath: float = 0.05, jitter: float = 0.01) -> np.ndarray:
    """Source of a voice: pulses at `pitch` [Hz] that fall by about 12 dB/octave, uneven by `jitter`, with `breath`."""
    n = len(pitch)
    uneven = pitch * (1 + jitter * wander(rng, n, cutoff=40)) * (1 + 0.01 * wander(rng, n, cutoff=5))
    voiced = soften(soften(pulses(uneven, n, top=7000), 300), 1500)
    return voiced / (voiced.std() + 1e-12) + breath * noise(rng, n, low=500)


def tract(source: np.ndarray, vowel: str, scale: float = 1.0) -> np.ndarray:
    """Resonances of `vowel` applied to `source`, formants `scale` times those of a man; a nasal for "m"."""
    first, second, third = (scale * formant for formant in VOWELS[vowel])
    widths = (80, 100, 140, 200)
    gains = (1.0, 0.05, 0.02, 0.01) if vowel == "m" else (1.0, 0.55, 0.3, 0.15)
    return resonate(source, (first, second, third, 3500 * scale), widths, gains)


def utter(source: np.ndarray, vowels: Sequence[str], scale: float = 1.0) -> np.ndarray:
    """Pass `source` through a row of vowels, one gliding into the next at equal distances."""
    if len(vowels) == 1:
        return tract(source, vowels[0], scale)
    place = np.linspace(0, len(vowels) - 1, len(source))
    weights = [np.clip(1 - np.abs(place - k), 0, 1) for k in range(len(vowels))]
    return sum(weight * tract(source, vowel, scale) for weight, vowel in zip(weights, vowels, strict=True))


def sing(
    rng: np.random.Generator,
    notes: Sequence[tuple[float, float, float]],
    *,
    scale: float = 1.1,
    vibrato: float = 0.015,
    breath: float = 0.04,
    vowels: Sequence[str] = ("a", "o", "e", "u", "i"),
) -> np.ndarray:
    """Sing `notes` (onset [s], pitch [Hz], length [s]), each on a vowel after a soft consonant.

    Right: steady pitches with vibrato, formants, legato. Wrong: vowels only, so the words cannot be understood.
    """
    out = np.zeros(N)
    for onset, pitch, length in notes:
        first = int(onset * RATE)
        n = min(int(length * RATE), N - first)
        if n < RATE // 20:
            continue
        swing = 1 + vibrato * np.sin(2 * np.pi * vary(rng, 5.5) * np.arange(n) / RATE) * np.minimum(
            np.arange(n) / (0.3 * RATE), 1
        )
        scoop = 1 - 0.06 * np.exp(-np.arange(n) / (0.03 * RATE))
        voice = glottis(rng, pitch * swing * scoop, breath=breath, jitter=0.004)
        pair = ("m", str(rng.choice(vowels))) if rng.random() < 0.4 else (str(rng.choice(vowels)),)
        out[first : first + n] += hump(n, 0.12, 0.2) * utter(voice, pair, scale)
    return out


def calling(
    rng: np.random.Generator,
    *,
    rate: float,
    length: float,
    pitch: Sequence[float],
    vowels: Sequence[str],
    scale: float = 1.0,
    breath: float = 0.1,
    jitter: float = 0.01,
    rough: float = 0.0,
    even: float = 0.15,
) -> np.ndarray:
    """Vocal outbursts at `rate` per second, each `length` seconds, whose pitch runs through `pitch` [Hz].

    Crying, laughing, moaning, babbling differ in these few numbers. Right: rhythm, pitch contour, formants, breath,
    and subharmonic roughness where the voice is pressed. Wrong: no consonants, and one throat does not tire.
    """

    def outburst() -> np.ndarray:
        n = int(vary(rng, length, 0.12) * RATE)
        points = np.array(pitch) * vary(rng, 1.0, 0.05)
        glide = np.interp(np.linspace(0, len(points) - 1, n), np.arange(len(points)), points)
        source = glottis(rng, glide, breath=breath, jitter=jitter)
        if rough:
            source = source * (1 + rough * np.sign(np.sin(np.pi * np.cumsum(glide) / RATE))) + 0.3 * rough * noise(
                rng, n, low=800
            )
        row = [str(rng.choice(vowels)) for _ in range(2)] if len(vowels) > 2 else list(vowels)
        return rng.uniform(0.7, 1) * hump(n, 0.15, 0.35) * utter(source, row, scale)

    return scatter(onsets(rng, vary(rng, rate), jitter=even), outburst) + 0.004 * noise(rng, slope=-3)


def laughing(rng: np.random.Generator, *, pitch: float = 220.0, scale: float = 1.1, rate: float = 5.0) -> np.ndarray:
    """Laughter: aspirated syllables at about five per second whose pitch and level sink.

    Right: "ha" as breath and then voice, the syllable rate (Provine and Yong 1991). Wrong: no snorts.
    """
    turn = iter(range(1000))

    def syllable() -> np.ndarray:
        k = next(turn) % 8
        n = int(0.75 / rate * RATE)
        glide = vary(rng, pitch) * (1.25 - 0.05 * k) * np.linspace(1.1, 0.9, n)
        voice = glottis(rng, glide, breath=0.15, jitter=0.02) * hump(n, 0.35, 0.4)
        breath = 0.5 * noise(rng, n, low=400) * decay_from(n, 0.12, 0.02)
        return (1 - 0.07 * k) * utter(voice + breath, ("uh", "a"), scale)

    return scatter(onsets(rng, vary(rng, rate), jitter=0.05), syllable) + 0.004 * noise(rng)


def coughing(
    rng: np.random.Generator, *, rate: float = 1.6, length: float = 0.35, low: float = 300.0, scale: float = 1.0
) -> np.ndarray:
    """Coughs and sneezes: an explosive burst of breath through an open tract, a little voice behind it.

    Right: sharp onset, broadband noise with formants. Wrong: no inhalation before.
    """

    def burst() -> np.ndarray:
        n = int(vary(rng, length, 0.2) * RATE)
        blast = noise(rng, n, low=low) * decay_from(n, 0.8 * length, 0.004)
        voice = 0.3 * glottis(rng, np.linspace(190, 110, n), breath=0.5, jitter=0.05) * hump(n, 0.4, 0.5)
        return utter(blast + voice, ("a", "uh"), scale) + 0.25 * blast

    return scatter(onsets(rng, rate, jitter=0.3), burst) + 0.004 * noise(rng)


def breathing(rng: np.random.Generator, *, rate: float = 1.0, snore: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Breathing, panting, snoring: in and out through the tract; `snore` adds a flutter of the palate on the way in.

    Right: noise with weak formants, in brighter than out. Wrong: no nose.
    """
    cycle = np.cumsum(vary(rng, rate) * (1 + 0.05 * wander(rng))) / RATE
    inward, outward = np.clip(np.sin(2 * np.pi * cycle), 0, None), np.clip(-np.sin(2 * np.pi * cycle), 0, None)
    air = noise(rng, low=250, slope=-2)
    flutter = soften(pulses(vary(rng, 38) * (1 + 0.1 * wander(rng)), top=3000), 700)
    source = inward**0.7 * (air + snore * 3 * flutter / flutter.std())
    return tract(source, "i" if not snore else "uh", scale) + 0.8 * tract(outward * air, "uh", scale) + 0.12 * source


def whistling(
    rng: np.random.Generator, *, pitch: float = 1300.0, steps: Sequence[int] = (0, 2, 4, 7, 4, 0)
) -> np.ndarray:
    """Human whistling: an almost pure tone that glides between notes, with a little wind.

    Right: one partial, portamento, faint vibrato. Wrong: no breath pauses.
    """
    times = np.linspace(0, 2, len(steps) + 1)[:-1]
    melody = soften(contour([(t + d, s) for t, s in zip(times, steps, strict=True) for d in (0, 0.28)]), 12)
    rate = vary(rng, pitch, 0.12) * 2 ** (melody / 12) * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * np.arange(N) / RATE))
    level = 0.6 + 0.4 * np.clip(wander(rng, cutoff=4), -1, 1)
    return level * (tone(rate, [1, 0.03]) + 0.04 * noise(rng, low=900, high=4000))


def humming(
    rng: np.random.Generator, *, pitch: float = 150.0, steps: Sequence[int] = (0, 4, 2, 0), scale: float = 1.0
) -> np.ndarray:
    """Humming a few notes with the mouth closed.

    Right: a nasal murmur of low harmonics with stable pitches. Wrong: no breath between phrases.
    """
    length = 1.9 / len(steps)
    notes = [(0.05 + k * length, vary(rng, pitch, 0.08) * 2 ** (step / 12), length) for k, step in enumerate(steps)]
    return sing(rng, notes, scale=scale, vowels=("m",), breath=0.02)


def crowd(
    rng: np.random.Generator, *, people: int = 24, laugh: bool = False, cheer: float = 0.6, pitch: float = 230.0
) -> np.ndarray:
    """A crowd that cheers, laughs or murmurs: many throats at once, and clapping hands blurred to noise.

    Right: formants stay visible while single voices drown. Wrong: everyone is equally near.
    """
    total = np.zeros(N)
    for _ in range(people):
        own = vary(rng, pitch, 0.3)
        if laugh:
            total += rng.uniform(0.3, 1) * laughing(
                rng, pitch=own, scale=rng.uniform(1.0, 1.25), rate=vary(rng, 4.8, 0.1)
            )
            continue
        glide = contour([(0, own), (1, own * rng.uniform(1.0, 1.5)), (2, own)])
        voice = glottis(rng, glide, breath=0.2) * np.clip(1 + wander(rng, cutoff=2), 0.2, None)
        total += rng.uniform(0.3, 1) * utter(
            voice, [str(rng.choice(("a", "e", "o", "ae"))) for _ in range(3)], rng.uniform(0.95, 1.3)
        )
    return total / total.std() + cheer * noise(rng, low=500, high=6000, slope=-2) * (1 + 0.1 * wander(rng, cutoff=8))
