"""Machines, alarms and signals: engines, motors, bells, horns, beepers, ticking and clicking mechanisms.

Comes in: a random generator and what kind of thing sounds. Goes out: two seconds of samples, not yet levelled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.recordings.pocket.sounds.elements import (
    RATE,
    N,
    clock,
    contour,
    hump,
    knock,
    noise,
    onsets,
    pulses,
    resonate,
    ring,
    scatter,
    soften,
    tone,
    vary,
    wander,
)


def engine(
    rng: np.random.Generator, *, firing: Sequence[tuple[float, float]], rough: float = 0.15, bright: float = 400.0
) -> np.ndarray:
    """Combustion engine: explosions at the `firing` rate [(s, Hz), ...], uneven in time and strength, in an exhaust.

    Right: strong low harmonics that glide with speed, roughness, a resonant pipe. Wrong: one exhaust, no gear noise.
    """
    rate = vary(rng, 1.0) * contour(firing) * (1 + 0.02 * wander(rng, cutoff=12))
    uneven = 1 + rough * wander(rng, cutoff=60)
    # A firing order repeats over four strokes: every fourth explosion differs a little.
    strokes = 1 + rough * np.sin(np.pi * np.cumsum(rate) / 2 / RATE)
    source = pulses(rate, top=4000) * uneven * strokes
    pipe = resonate(
        source, [vary(rng, 90, 0.2), vary(rng, 240, 0.2), vary(rng, 700, 0.2)], [60, 120, 400], [1, 0.8, 0.4]
    )
    hiss = noise(rng, low=200, high=5000, slope=-3) * np.abs(soften(source, 900))
    out = soften(soften(source, bright), 4 * bright) + pipe
    return out / out.std() + 0.35 * hiss / hiss.std()


def motor(
    rng: np.random.Generator,
    *,
    spin: Sequence[tuple[float, float]],
    whine: float = 0.5,
    air: float = 1.0,
    air_low: float = 300.0,
    load: float = 0.1,
) -> np.ndarray:
    """Electric motor: a whine at the commutator's rate `spin` [(s, Hz), ...] in turbulent air.

    Right: a steady pitch with harmonics on broadband noise. Wrong: no rattle of loose parts.
    """
    rate = vary(rng, 1.0) * contour(spin) * (1 + 0.01 * wander(rng, cutoff=5))
    partials = rng.uniform(0.3, 1.0, 24) / np.arange(1, 25) ** 0.7
    hum = tone(rate, partials) * (1 + load * wander(rng, cutoff=20))
    wash = noise(rng, low=air_low, high=8000, slope=-2) * (1 + 0.5 * load * wander(rng, cutoff=15))
    return whine * hum / hum.std() + air * wash


def rotor(rng: np.random.Generator, *, chop: float = 12.0, depth: float = 0.9, dull: float = 5.0) -> np.ndarray:
    """Helicopter or propeller: low noise and thumps chopped at the rate at which blades pass.

    Right: slow strong modulation over a low rumble. Wrong: it neither comes near nor goes.
    """
    angle = 2 * np.pi * np.cumsum(vary(rng, chop) * (1 + 0.02 * wander(rng))) / RATE
    beat = (0.5 + 0.5 * np.cos(angle)) ** 3
    thump = noise(rng, low=40, high=220, slope=-3) * beat
    turbine = tone(vary(rng, 900), [0.05, 0.03, 0.02])
    return thump / thump.std() + noise(rng, low=150, high=3000, slope=-dull) * (1 - depth + depth * beat) + turbine


def hum(rng: np.random.Generator, *, mains: float = 100.0, buzz: float = 0.3, air: float = 0.2) -> np.ndarray:
    """Transformer, refrigerator, microwave oven: harmonics of the mains frequency and a fan.

    Right: a fixed low pitch with few harmonics. Wrong: perfectly steady.
    """
    partials = np.r_[1, 0.6, 0.4, np.full(20, buzz) / np.arange(1, 21)]
    steady = tone(mains, partials * rng.uniform(0.6, 1.2, len(partials)))
    return steady / steady.std() + air * noise(rng, low=100, high=4000, slope=-3)


def struck_bell(
    rng: np.random.Generator, *, pitch: float, decay: float = 2.5, strikes: Sequence[float] = (0.05,), hard: float = 0.3
) -> np.ndarray:
    """Bell: the partials of a tuned church bell (hum, prime, tierce, quint, nominal, ...) struck at given times [s].

    Right: inharmonic partials in the classical ratios, the high ones gone first. Wrong: no warble of split modes.
    """
    base = vary(rng, pitch)
    ratios = np.array([0.5, 1, 1.19, 1.5, 2, 2.51, 2.66, 3.01, 4.1, 5.4, 6.8]) * (1 + 0.004 * rng.standard_normal(11))
    gains = np.array([0.5, 0.6, 0.7, 0.35, 1, 0.5, 0.4, 0.5, 0.5, 0.35, 0.25]) * rng.uniform(0.7, 1.3, 11)
    stroke = ring(base * ratios, decay * ratios**-0.7, gains, 2.0)
    stroke[: RATE // 100] += hard * noise(rng, RATE // 100, low=2000) * np.linspace(1, 0, RATE // 100)
    return scatter(strikes, lambda: stroke * vary(rng, 1.0, 0.1))


def rattling_bell(
    rng: np.random.Generator, *, pitch: float, rate: float = 18.0, bursts: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Electric bell, old telephone, alarm clock: a hammer that strikes small bells `rate` times a second in `bursts`.

    Right: inharmonic high partials under fast regular strokes. Wrong: the bell is hit at the same spot each time.
    """
    one = struck_bell(rng, pitch=pitch, decay=0.7, strikes=(0.0,))[: RATE // 2]
    two = struck_bell(rng, pitch=1.17 * pitch, decay=0.7, strikes=(0.0,))[: RATE // 2]
    times = [t for first, last in bursts for t in np.arange(first, last, 1 / vary(rng, rate))]
    return scatter(times, lambda: (one if rng.random() < 0.5 else two) * vary(rng, 1.0, 0.15))


def beeps(
    rng: np.random.Generator,
    *,
    pitches: Sequence[float],
    on: float,
    off: float,
    partials: Sequence[float] = (1.0, 0.0, 0.2),
    together: bool = False,
) -> np.ndarray:
    """Electronic signal: tones of `pitches` [Hz], one after another or all `together`, `on` and `off` seconds each.

    Right: steady pitch, abrupt edges, silence between. Wrong: no loudspeaker or room.
    """
    shift, on, off = vary(rng, 1.0, 0.04), vary(rng, on), vary(rng, off) if off else 0.0
    n = int(on * RATE)
    groups = [pitches] if together else [[pitch] for pitch in pitches]
    tones = [sum(tone(shift * pitch, partials, n) for pitch in group) * hump(n, 0.02, 0.02) for group in groups]
    starts = np.arange(rng.uniform(0, 0.1), 2.0, on + off)
    order = iter(range(len(starts)))
    return scatter(starts, lambda: tones[next(order) % len(tones)])


def siren(rng: np.random.Generator, *, low: float, high: float, period: float, square: bool = False) -> np.ndarray:
    """Siren: a strong harmonic tone whose pitch rises and falls between `low` and `high` [Hz].

    Right: the glide and the harmonics of a horn. Wrong: no Doppler shift, no street.
    """
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * clock() / vary(rng, period) + rng.uniform(0, 6))
    swing = np.round(swing) if square else swing
    rate = vary(rng, 1.0, 0.04) * low * (high / low) ** soften(swing, 40)
    return tone(rate, 1 / np.arange(1, 12) ** 0.8) + 0.02 * noise(rng)


def horn(
    rng: np.random.Generator, *, pitches: Sequence[float], spans: Sequence[tuple[float, float]], breath: float = 0.05
) -> np.ndarray:
    """Car horn, train whistle, ship horn: a chord of bright tones within `spans` [(s, s), ...] of time.

    Right: many strong harmonics, dissonant chord, sharp onset. Wrong: no overblowing at the start.
    """
    rng_gain = rng.uniform(0.6, 1.0, 20)
    base = vary(rng, 1.0, 0.04) * (1 + 0.002 * wander(rng))
    chord = sum(tone(pitch * base, rng_gain * 0.9 ** np.arange(20)) for pitch in pitches)
    gate = np.zeros(N)
    for first, last in spans:
        a, b = int(first * RATE), min(int(last * RATE), N)
        gate[a:b] += hump(b - a, 0.06, 0.08)
    return gate * (chord / chord.std() + breath * noise(rng, low=500, slope=-2))


def ticking(
    rng: np.random.Generator,
    *,
    rate: float,
    centre: float = 3000.0,
    jitter: float = 0.0,
    decay: float = 0.02,
    pair: float = 0.6,
) -> np.ndarray:
    """Clock, typewriter, camera, turnstile: small hard impacts at `rate` per second; `pair` makes tick and tock differ.

    Right: sparse clicks with a few high modes. Wrong: no ring of the case.
    """
    turn = iter(range(1000))

    def tick() -> np.ndarray:
        odd = next(turn) % 2
        return (pair if odd else 1.0) * knock(
            rng, centre=centre * (0.8 if odd else 1.0), decay=decay, modes=6, click=0.8
        )

    return scatter(onsets(rng, rate, jitter=jitter), tick) + 0.002 * noise(rng, slope=-3)


def printing(rng: np.random.Generator, *, lines: float = 3.5, dots: float = 110.0, pitch: float = 1400.0) -> np.ndarray:
    """Printer, cash register, ticket machine: trains of pins within strokes of a carriage, and its motor.

    Right: two clocks, one within the other. Wrong: every line is equally full.
    """
    stroke = (np.mod(clock() * vary(rng, lines) + rng.random(), 1) < 0.65).astype(float)
    pins = resonate(
        pulses(vary(rng, dots) * (1 + 0.01 * wander(rng))), [pitch, 2.4 * pitch, 4.1 * pitch], [300, 600, 900]
    )
    carriage = noise(rng, low=250, high=5000, slope=-2) * (0.3 + 0.7 * stroke)
    return soften(stroke, 60) * pins / pins.std() + 0.4 * carriage


def vibrating(
    rng: np.random.Generator, *, rate: float = 160.0, on: float = 0.7, off: float = 0.4, rattle: float = 0.5
) -> np.ndarray:
    """Vibrating telephone, buzzer, shaver: a fast low buzz that makes its support rattle, in bursts.

    Right: low harmonics with a rough edge. Wrong: the support is always the same table.
    """
    gate = (np.mod(clock(), on + off) < on).astype(float)
    buzz = pulses(vary(rng, rate) * (1 + 0.01 * wander(rng, cutoff=8)), top=5000)
    body = resonate(buzz, [vary(rng, 320, 0.2), vary(rng, 1100, 0.2), vary(rng, 2600, 0.2)], [80, 200, 400])
    return soften(gate, 30) * (soften(buzz, 500) / soften(buzz, 500).std() + rattle * body / body.std()) + 0.01 * noise(
        rng
    )


def mechanism(
    rng: np.random.Generator, *, pieces: int = 6, centre: float = 1500.0, roll: float = 0.3, decay: float = 0.06
) -> np.ndarray:
    """Lock, drawer, coin slot, toaster: a few unlike impacts in quick succession and something that slides or rolls.

    Right: sparse inharmonic events of different sizes. Wrong: the order of the parts is random.
    """
    times = np.sort(rng.uniform(0.05, 1.7, pieces))
    hits = scatter(
        times, lambda: vary(rng, 1.0, 0.4) * knock(rng, centre=vary(rng, centre, 0.4), decay=vary(rng, decay, 0.4))
    )
    slide = noise(rng, low=centre, slope=-2) * np.maximum(wander(rng, cutoff=3), 0)
    return hits / hits.std() + roll * slide


def passing(rng: np.random.Generator, *, centre: float = 500.0, tonal: float = 120.0, peak: float = 1.0) -> np.ndarray:
    """Traffic, a train, an aeroplane that passes: a rumble that swells, brightens and fades, its pitch falling.

    Right: slow level change and the Doppler fall. Wrong: a single vehicle on a straight line.
    """
    near = 1 / (1 + ((clock() - vary(rng, peak, 0.2)) / 0.55) ** 2)
    doppler = 1 - 0.06 * np.tanh((clock() - peak) / 0.3)
    rumble = noise(rng, low=40, high=centre, slope=-3) + near * noise(rng, low=centre / 2, high=6000, slope=-4)
    drone = tone(vary(rng, tonal) * doppler, 1 / np.arange(1, 16))
    return (0.15 + near) * (rumble + 0.5 * drone / drone.std()) * (1 + 0.1 * wander(rng, cutoff=10))
