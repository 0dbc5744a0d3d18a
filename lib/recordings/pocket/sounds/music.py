"""Instruments, drums, small pieces, and songs over them.

Comes in: a random generator and the scoring. Goes out: two seconds of samples, not yet levelled. Melodies are new:
random walks on a scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lib.recordings.pocket.sounds.elements import (
    RATE,
    N,
    clock,
    decay_from,
    hump,
    noise,
    pluck,
    ring,
    scatter,
    soften,
    tone,
    vary,
    wander,
)
from lib.recordings.pocket.sounds.voices import sing

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "pentatonic": (0, 3, 5, 7, 10)}
Note = tuple[float, float, float]  # onset [s], pitch [Hz], length [s]
Instrument = Callable[[np.random.Generator, float, float], np.ndarray]  # generator, pitch, length -> samples


def melody(
    rng: np.random.Generator, *, tonic: float, scale: str = "major", beat: float = 0.25, legato: float = 1.0
) -> list[Note]:
    """Random walk on a scale: steps more often than leaps, one note per `beat` [s], some of them held for two."""
    degrees, place, time, notes = SCALES[scale], int(rng.integers(0, 5)), 0.05, []
    while time < 1.95 - 0.5 * beat:
        length = beat * (2 if rng.random() < 0.25 else 1)
        octave, degree = divmod(place, len(degrees))
        notes.append((time, tonic * 2 ** (octave + degrees[degree] / 12), legato * length))
        place = int(np.clip(place + rng.choice((-2, -1, -1, 1, 1, 2, 3)), -2, 9))
        time += length
    return notes


def play(rng: np.random.Generator, notes: Sequence[Note], instrument: Instrument) -> np.ndarray:
    """Play `notes` on `instrument`, each a little louder or softer."""
    out = np.zeros(N)
    for onset, pitch, length in notes:
        first = int(onset * RATE)
        piece = instrument(rng, pitch, length)[: N - first]
        out[first : first + len(piece)] += rng.uniform(0.75, 1.0) * piece
    return out


def sustained(
    partials: Sequence[float], *, attack: float = 0.06, vibrato: float = 0.006, breath: float = 0.03, bow: float = 0.0
) -> Instrument:
    """Winds and bowed strings: steady `partials`, slow attack, vibrato, wind or bow noise.

    Right: harmonic spectrum of the family and the onset. Wrong: the spectrum does not change with loudness.
    """

    def instrument(rng: np.random.Generator, pitch: float, length: float) -> np.ndarray:
        n = max(int(1.1 * length * RATE), RATE // 15)
        t = np.arange(n) / RATE
        swing = 1 + vibrato * np.sin(2 * np.pi * vary(rng, 5.6) * t) * np.minimum(t / 0.25, 1) + 0.002 * wander(rng, n)
        body = tone(pitch * swing, partials, n)
        scratch = (breath + bow) * noise(rng, n, low=pitch, high=min(8 * pitch, 9000), slope=-2)
        return hump(n, min(attack / length, 0.4), 0.15) * (body / (body.std() + 1e-12) + scratch)

    return instrument


def struck(
    *, decay: float = 1.5, stretch: float = 0.0004, bright: float = 0.75, ratios: Sequence[float] | None = None
) -> Instrument:
    """Piano, marimba, vibraphone, music box: partials (harmonic, stretched, or given `ratios`) that all decay.

    Right: percussive onset, high partials die first. Wrong: no sympathetic strings.
    """

    def instrument(rng: np.random.Generator, pitch: float, length: float) -> np.ndarray:
        k = np.array(ratios) if ratios is not None else np.arange(1, 17) * np.sqrt(1 + stretch * np.arange(1, 17) ** 2)
        long = decay * (220 / pitch) ** 0.4 * k**-0.6
        out = ring(pitch * k, long, bright ** np.arange(len(k)), max(length, 0.4) * 1.4)
        out[: RATE // 250] += 0.15 * noise(rng, RATE // 250, low=800)
        return out

    return instrument


def plucked(*, bright: float = 0.5, sustain: float = 0.997, drive: float = 0.0) -> Instrument:
    """Guitar, harp, banjo, bass; `drive` overdrives it into an electric guitar's distortion.

    Right: see ``elements.pluck``. Wrong: no fingers on the fret.
    """

    def instrument(rng: np.random.Generator, pitch: float, length: float) -> np.ndarray:
        string = pluck(rng, pitch, max(length, 0.3) * 1.3, bright=bright, sustain=sustain)
        string = string / (string.std() + 1e-12)
        fade = np.minimum(1, np.linspace(1, 0, len(string)) * 8)
        return fade * (soften(np.tanh(drive * string), 4000) if drive else string)

    return instrument


STRINGS = sustained(1 / np.arange(1, 20) ** 1.1, attack=0.09, vibrato=0.008, bow=0.08)
FLUTE = sustained((1, 0.35, 0.12, 0.05), attack=0.05, breath=0.12)
CLARINET = sustained((1, 0.05, 0.7, 0.08, 0.5, 0.1, 0.3, 0.1, 0.15), attack=0.04, vibrato=0.0)
BRASS = sustained(0.88 ** np.arange(16), attack=0.04, vibrato=0.003, breath=0.02)
REED = sustained((1, 0.9, 0.8, 0.5, 0.45, 0.3, 0.3, 0.2, 0.15, 0.1, 0.08), attack=0.03, breath=0.08)
ORGAN = sustained((1, 0.8, 0.5, 0.6, 0.1, 0.3, 0.05, 0.3), attack=0.02, vibrato=0.0, breath=0.01)
PIANO = struck()
BAR = struck(decay=0.9, ratios=(1, 3.93, 9.6), bright=0.4)
BOX = struck(decay=1.8, ratios=(1, 2.0, 6.3, 9.1), bright=0.5)
GUITAR = plucked()
BASS = plucked(bright=0.0, sustain=0.998)
BANJO = plucked(bright=0.95, sustain=0.985)
OVERDRIVE = plucked(bright=0.6, sustain=0.999, drive=4.0)


def solo(
    rng: np.random.Generator,
    *,
    instrument: Instrument,
    tonic: float,
    scale: str = "major",
    beat: float = 0.25,
    chord: bool = False,
) -> np.ndarray:
    """One instrument plays a melody, with its own third and fifth below where it can play a `chord`.

    Right: discrete pitches of a scale in a regular rhythm. Wrong: no phrase, no dynamics, no room.
    """
    base = vary(rng, tonic, 0.08)
    notes = melody(rng, tonic=base, scale=scale, beat=vary(rng, beat))
    if chord:
        third = SCALES[scale][2 if len(SCALES[scale]) == 7 else 1]
        notes += [(k * 0.95 + 0.05, base / 2 * 2 ** (step / 12), 0.95) for k in range(2) for step in (0, third, 7)]
    return play(rng, notes, instrument)


def drum(rng: np.random.Generator, kind: str) -> np.ndarray:
    """One stroke on a drum: kick, snare, hat, tom, cymbal or tabla.

    Right: falling pitch of a skin, noise of snares, dense high modes of bronze. Wrong: strokes differ only in level.
    """
    n = int({"cymbal": 1.9, "tom": 0.4, "tabla": 0.4}.get(kind, 0.25) * RATE)
    t = clock(n)
    if kind in ("kick", "tom", "tabla"):
        pitch, fall = {"kick": (52, 2.5), "tom": (110, 0.8), "tabla": (210, 0.3)}[kind]
        skin = np.sin(2 * np.pi * np.cumsum(vary(rng, pitch) * (1 + fall * np.exp(-t / 0.03))) / RATE)
        return skin * decay_from(n, 0.8 * n / RATE) + 0.1 * noise(rng, n, low=1000) * decay_from(n, 0.03)
    if kind == "snare":
        return 0.8 * noise(rng, n, low=900) * decay_from(n, 0.2) + np.sin(2 * np.pi * 190 * t) * decay_from(n, 0.12)
    if kind == "hat":
        return 0.5 * noise(rng, n, low=6000) * decay_from(n, 0.06)
    bronze = sum(
        np.sin(2 * np.pi * f * t + p) for f, p in zip(rng.uniform(400, 9500, 40), rng.uniform(0, 6, 40), strict=True)
    )
    return (0.15 * bronze + noise(rng, n, low=3500)) * decay_from(n, 1.8)


PATTERNS = {
    "rock": ("kick hat", "hat", "snare hat", "hat"),
    "techno": ("kick", "hat", "kick", "hat"),
    "latin": ("kick tabla", "hat", "tabla", "snare hat", "tabla", "hat"),
    "roll": ("snare",),
    "solo": ("kick tom", "tom", "snare", "tom hat", "snare", "kick"),
    "tabla": ("tabla", "tabla", "tom"),
    "reggae": ("hat", "hat", "kick snare", "hat"),
}


def drums(rng: np.random.Generator, *, pattern: str = "rock", step: float = 0.2) -> np.ndarray:
    """A drum kit repeats a pattern, one step each `step` seconds; a roll is a pattern of one.

    Right: metre, and instruments that separate in frequency. Wrong: no human timing beyond a few milliseconds.
    """
    step = vary(rng, step, 0.08)
    out = np.zeros(N)
    for k, time in enumerate(np.arange(0.03, 1.97, step)):
        for kind in PATTERNS[pattern][k % len(PATTERNS[pattern])].split():
            late = max(time + 0.004 * rng.standard_normal(), 0.0)
            out += scatter((late,), lambda kind=kind: rng.uniform(0.7, 1.0) * drum(rng, kind))
    return out


def crash(rng: np.random.Generator) -> np.ndarray:
    """One cymbal crash that rings out."""
    return scatter((0.05,), lambda: drum(rng, "cymbal"))


def chords(
    rng: np.random.Generator,
    *,
    instrument: Instrument,
    tonic: float,
    minor: bool = False,
    bar: float = 1.0,
    strum: float = 0.0,
) -> np.ndarray:
    """Triads on the first, fourth and fifth degree, one per `bar` [s], strummed over `strum` seconds."""
    triad = (0, 3, 7, 12) if minor else (0, 4, 7, 12)
    notes: list[Note] = []
    for k, time in enumerate(np.arange(0.03, 1.9, bar)):
        root = tonic * 2 ** ((0, 5, 7, 0)[(k + int(rng.integers(0, 3))) % 4] / 12)
        notes += [(time + strum * i, root * 2 ** (step / 12), bar) for i, step in enumerate(triad)]
    return play(rng, notes, instrument)


def level(samples: np.ndarray, gain: float) -> np.ndarray:
    """`samples` at RMS `gain`."""
    return gain * samples / (samples.std() + 1e-12)


def band(
    rng: np.random.Generator,
    *,
    lead: Instrument | None,
    backing: Instrument,
    tonic: float = 330.0,
    scale: str = "major",
    beat: float = 0.25,
    pattern: str | None = "rock",
    bass: bool = True,
) -> np.ndarray:
    """Ensemble: a lead melody over chords, bass and drums.

    Right: simultaneous harmonic voices with a beat. Wrong: nobody listens to the others; no room.
    """
    base = vary(rng, tonic, 0.06)
    out = level(chords(rng, instrument=backing, tonic=base / 2, minor=scale == "minor", strum=0.01), 0.7)
    if lead is not None:
        out += level(play(rng, melody(rng, tonic=base, scale=scale, beat=beat), lead), 1.0)
    if bass:
        out += level(play(rng, [(t, base / 4, 2 * beat) for t in np.arange(0.03, 1.9, 2 * beat)], BASS), 0.6)
    if pattern:
        out += level(drums(rng, pattern=pattern, step=beat), 0.6)
    return out


def song(
    rng: np.random.Generator,
    *,
    tonic: float = 220.0,
    scale: str = "major",
    beat: float = 0.3,
    tract: float = 1.1,
    voices: int = 1,
    vibrato: float = 0.015,
    backing: Instrument | None = GUITAR,
    pattern: str | None = "rock",
    breath: float = 0.04,
) -> np.ndarray:
    """Song: one voice or a choir sings a melody, over a band or alone.

    Right: formants of a voice on the stable pitches of a scale, which is what tells song from speech and from
    instruments. Wrong: vowels without words.
    """
    base = vary(rng, tonic, 0.06)
    notes = melody(rng, tonic=base, scale=scale, beat=beat)
    intervals = (1.0, 0.5, 0.75, 1.5)[:voices] if voices <= 4 else (1.0, 0.5, 0.75, 1.5, 1.003, 0.498)
    sung = sum(
        sing(rng, [(t + 0.01 * k, p * ratio, d) for t, p, d in notes], scale=tract, vibrato=vibrato, breath=breath)
        for k, ratio in enumerate(intervals)
    )
    out = level(sung, 1.0)
    if backing is not None:
        out += 0.6 * level(
            band(rng, lead=None, backing=backing, tonic=base, scale=scale, beat=beat, pattern=pattern), 1.0
        )
    return out
