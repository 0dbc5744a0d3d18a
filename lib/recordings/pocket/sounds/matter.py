"""Things that are struck, scraped, torn, crumpled or walked upon; and bodies as far as they do not use their voice.

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
    hump,
    knock,
    noise,
    onsets,
    pulses,
    resonate,
    ring,
    scatter,
    tone,
    vary,
    wander,
)


def impacts(
    rng: np.random.Generator,
    *,
    rate: float,
    centre: float,
    decay: float = 0.1,
    modes: int = 8,
    jitter: float = 0.3,
    click: float = 0.3,
    spread: float = 1.5,
    thud: float = 0.0,
) -> np.ndarray:
    """Hard things that meet: hammer, dishes, coins, door knocks, chopping.

    Right: inharmonic modes, short for wood and skin, long for metal and glass; `thud` [Hz] adds the support.
    Wrong: each impact is drawn anew, where a real object keeps its modes.
    """

    def hit() -> np.ndarray:
        strike = knock(
            rng, centre=vary(rng, centre, 0.15), spread=spread, decay=vary(rng, decay, 0.2), modes=modes, click=click
        )
        if thud:
            low = ring([thud, 1.6 * thud], [0.12, 0.08], [4.0, 2.0], 0.12)
            strike = np.pad(strike, (0, max(len(low) - len(strike), 0)))
            strike[: len(low)] += low
        return rng.uniform(0.5, 1.0) * strike

    return scatter(onsets(rng, vary(rng, rate), jitter=jitter), hit) + 0.004 * noise(rng, slope=-3)


def bouncing(
    rng: np.random.Generator, *, pitch: float = 180.0, decay: float = 0.15, first: float = 0.55, loss: float = 0.82
) -> np.ndarray:
    """A ball or coin that bounces: impacts ever closer and softer.

    Right: gaps and levels shrink by a constant factor. Wrong: no spin.
    """
    gaps = vary(rng, first) * loss ** np.arange(14)
    times = 0.03 + np.r_[0, np.cumsum(gaps)]
    level = iter(loss ** np.arange(len(times)))
    body = knock(rng, centre=pitch, spread=2.0, decay=decay, modes=9, click=0.5)
    return scatter(times[times < 1.95], lambda: next(level) * body * vary(rng, 1.0, 0.05))


def jingling(
    rng: np.random.Generator, *, rate: float = 28.0, centre: float = 4500.0, decay: float = 0.12, gusts: float = 3.0
) -> np.ndarray:
    """Keys, coins, wind chimes, small bells: many light metal contacts that come in gusts.

    Right: high inharmonic ringing at random times. Wrong: more pieces than a real bunch has.
    """
    gate = np.maximum(0.2, 1 + wander(rng, cutoff=gusts))
    pieces = centre * 2.0 ** rng.uniform(-0.6, 0.6, 7)

    def contact() -> np.ndarray:
        base = rng.choice(pieces)
        return rng.uniform(0.1, 1) * ring(
            [base, 1.51 * base, 2.2 * base], [decay, decay / 2, decay / 3], [1, 0.7, 0.4], decay
        )

    return gate * scatter(onsets(rng, rate, jitter=0.9), contact) + 0.003 * noise(rng, low=1000)


def crumpling(
    rng: np.random.Generator, *, rate: float = 180.0, low: float = 900.0, gusts: float = 4.0, body: float = 0.0
) -> np.ndarray:
    """Paper, leaves, plastic, gravel: crackles of very unequal strength, denser and sparser by turns.

    Right: broadband clicks with a heavy-tailed size and slow gusts. Wrong: no sheet that resonates, unless `body`.
    """

    def crack() -> np.ndarray:
        n = int(rng.uniform(0.002, 0.02) * RATE)
        return rng.pareto(1.6) * noise(rng, n, low=low * rng.uniform(0.7, 2)) * decay_from(n, n / RATE, 0.0005)

    cracks = np.clip(1 + 1.2 * wander(rng, cutoff=gusts), 0, None) * scatter(onsets(rng, rate, jitter=1), crack)
    cracks = np.tanh(cracks / (4 * cracks.std()))
    return cracks / cracks.std() + body * resonate(cracks, [250, 700], [150, 300])


def rubbing(
    rng: np.random.Generator,
    *,
    strokes: float = 3.0,
    low: float = 800.0,
    high: float = 8000.0,
    grain: float = 0.2,
    lift: float = 0.4,
) -> np.ndarray:
    """Brushing, sawing, sanding, writing, rubbing hands: strokes of friction noise to and fro.

    Right: noise modulated at the rate of the arm, back strokes brighter. Wrong: pressure is constant.
    """
    arm = np.sin(np.pi * np.cumsum(vary(rng, strokes) * (1 + 0.15 * wander(rng))) / RATE)
    speed = np.clip(np.abs(arm) - 0.3 * lift, 0, None)
    rough = 1 + grain * wander(rng, cutoff=120)
    forth = noise(rng, low=low, high=high, slope=-1) * (arm > 0)
    back = noise(rng, low=1.4 * low, high=high, slope=1) * (arm <= 0)
    return speed * rough * (forth + 0.8 * back)


def ripping(
    rng: np.random.Generator, *, rate: tuple[float, float] = (60.0, 400.0), low: float = 1000.0, span: float = 1.5
) -> np.ndarray:
    """Zipper, tape, velcro, tearing cloth: clicks whose rate runs from one value to another.

    Right: a buzz whose pitch follows the hand, bright and noisy. Wrong: no last thread.
    """
    speed = contour([(0.15, vary(rng, rate[0])), (0.15 + span, vary(rng, rate[1]))])
    gate = (clock() > 0.15) & (clock() < 0.15 + span)
    teeth = pulses(speed * (1 + 0.1 * wander(rng, cutoff=30)), top=9000)
    rasp = noise(rng, low=low, slope=0) * np.maximum(teeth, 0) ** 0.5
    body = resonate(teeth, [1.5 * low, 3 * low], [0.5 * low, low])
    return gate * (rasp / rasp.std() + 0.5 * body / body.std())


def squeak(
    rng: np.random.Generator, *, pitches: tuple[float, float] = (900.0, 1500.0), rate: float = 2.5, rough: float = 0.1
) -> np.ndarray:
    """Hinge, rubber toy, skidding tyre, chalk: stick and slip, a harmonic tone that glides with the force.

    Right: high pitch, strong harmonics, glides. Wrong: never breaks to the octave.
    """

    def cry() -> np.ndarray:
        n = int(vary(rng, 0.8 / rate, 0.2) * RATE)
        glide = np.linspace(vary(rng, pitches[0]), vary(rng, pitches[1]), n) * (1 + 0.03 * wander(rng, n, cutoff=9))
        voice = tone(glide, 0.75 ** np.arange(10), n) * (1 + rough * noise(rng, n, high=200))
        return hump(n, 0.2, 0.3) * (voice + rough * noise(rng, n, low=1500))

    return scatter(onsets(rng, rate, jitter=0.2), cry) + 0.01 * noise(rng, slope=-3)


def shattering(rng: np.random.Generator, *, centre: float = 3500.0) -> np.ndarray:
    """Breaking glass: one crash, then shards that fall and ring.

    Right: broadband onset and a thinning rain of high modes. Wrong: no floor.
    """
    times = np.r_[0.1, 0.1 + np.sort(rng.exponential(0.35, 45))]
    shards = scatter(
        times[times < 1.9], lambda: rng.pareto(2.0) * knock(rng, centre=vary(rng, centre, 0.4), decay=0.25, modes=5)
    )
    crash = np.zeros(N)
    crash[int(0.1 * RATE) :] = noise(rng, N - int(0.1 * RATE), low=800) * decay_from(N - int(0.1 * RATE), 0.3)
    return shards / shards.std() + 0.8 * crash / crash.std()


def spraying(
    rng: np.random.Generator, *, spans: tuple[tuple[float, float], ...] = ((0.1, 1.8),), low: float = 2000.0
) -> np.ndarray:
    """Spray can, steam, tyre valve: jets of high noise.

    Right: flat high-frequency noise with sharp edges. Wrong: no droplets on a wall.
    """
    gate = np.zeros(N)
    for first, last in spans:
        a, b = int(first * RATE), min(int(last * RATE), N)
        gate[a:b] = hump(b - a, 0.05, 0.1)
    return gate * noise(rng, low=vary(rng, low), slope=1) * (1 + 0.1 * wander(rng, cutoff=20)) + 0.003 * noise(rng)


def kettle(rng: np.random.Generator, *, pitch: float = 2300.0) -> np.ndarray:
    """Whistling kettle: a steam whistle that rises to its pitch over boiling water.

    Right: a near-pure high tone with hiss. Wrong: it never sputters.
    """
    rise = vary(rng, pitch) * contour([(0, 0.85), (0.7, 1.0)]) * (1 + 0.004 * wander(rng, cutoff=20))
    return contour([(0, 0.3), (0.7, 1)]) * (tone(rise, [1, 0.25, 0.1]) + 0.15 * noise(rng, low=2000)) + 0.1 * noise(
        rng, slope=-3
    )


def footsteps(rng: np.random.Generator, *, rate: float = 1.9, surface: str = "hard", heel: float = 0.5) -> np.ndarray:
    """Footsteps at `rate` per second: heel, then sole, on a `surface` that is hard, wood, gravel, leaves or snow.

    Right: the rhythm of walking and the two contacts of a step. Wrong: no change of weight from left to right.
    """
    loose = {"gravel": (0.22, 900.0), "leaves": (0.30, 1800.0), "snow": (0.25, 500.0)}
    centre = {"hard": 1800.0, "wood": 420.0}.get(surface, 250.0)

    def crunch() -> np.ndarray:
        length, low = loose[surface]
        n = int(length * RATE)
        grains = noise(rng, n, low=low) * (rng.random(n) < 0.05) * rng.pareto(2.0, n)
        return 3 * resonate(grains, [low, 2 * low, 4 * low], [low, low, low]) * hump(n, 0.15, 0.6)

    def step() -> np.ndarray:
        out = np.zeros(int(0.45 * RATE))
        for delay, gain in ((0.0, 1.0), (vary(rng, 0.11), heel)):
            hit = gain * knock(rng, centre=vary(rng, centre), spread=1.2, decay=0.05, modes=7, click=0.6)
            first = int(delay * RATE)
            out[first : first + len(hit)] += 0.3 * hit if surface in loose else hit
        if surface in loose:
            grains = crunch()
            out[: len(grains)] += grains
        return out

    return scatter(onsets(rng, vary(rng, rate), jitter=0.06), step) + 0.003 * noise(rng, slope=-3)


def clapping(rng: np.random.Generator, *, people: int = 1, rate: float = 3.5) -> np.ndarray:
    """Hands that clap: short noise bursts with the resonance of the cupped palms, one person or a hall.

    Right: bursts near 1 to 2 kHz; many people blur into steady noise. Wrong: a hall without echo.
    """
    total = np.zeros(N)
    for _ in range(people):
        centre, own = vary(rng, 1300, 0.25), vary(rng, rate, 0.12)

        def clap(centre: float = centre) -> np.ndarray:
            n = int(0.04 * RATE)
            burst = noise(rng, n, low=500) * decay_from(n, 0.03, 0.0006)
            return rng.uniform(0.7, 1) * (burst + 2 * resonate(burst, [centre], [centre / 3]))

        total += rng.uniform(0.4, 1) * scatter(onsets(rng, own, jitter=0.08, start=rng.uniform(0.01, 1 / own)), clap)
    return total / total.std() + 0.02 * noise(rng)


def heartbeat(rng: np.random.Generator, *, rate: float = 1.25) -> np.ndarray:
    """Heart through a stethoscope: two soft low thuds per beat.

    Right: energy below 150 Hz, lub and dub. Wrong: no breath.
    """

    def beat() -> np.ndarray:
        out = np.zeros(int(0.6 * RATE))
        for delay, pitch, gain in ((0.0, 55.0, 1.0), (vary(rng, 0.30, 0.03), 75.0, 0.7)):
            thud = ring([vary(rng, pitch), vary(rng, 1.7 * pitch)], [0.16, 0.1], [1, 0.5], 0.2) * hump(
                int(0.2 * RATE), 0.15, 0.5
            )
            first = int(delay * RATE)
            out[first : first + len(thud)] += gain * thud
        return out

    return scatter(onsets(rng, vary(rng, rate), jitter=0.03), beat) + 0.02 * noise(rng, high=300, slope=-4)


def chewing(rng: np.random.Generator, *, rate: float = 2.6, crisp: float = 1.0) -> np.ndarray:
    """Biting and chewing: crackles within each closure of the jaw, wet and low between.

    Right: broadband crunches at the rate of the jaw. Wrong: never a swallow.
    """

    def bite() -> np.ndarray:
        n = int(vary(rng, 0.2, 0.15) * RATE)
        crunch = noise(rng, n, low=500) * (rng.random(n) < 0.03) * rng.pareto(2.0, n)
        wet = noise(rng, n, low=150, high=900, slope=-3)
        return hump(n, 0.2, 0.5) * (4 * crisp * resonate(crunch, [900, 2600], [500, 1500]) + 0.25 * wet)

    return scatter(onsets(rng, vary(rng, rate), jitter=0.15), bite) + 0.003 * noise(rng)


def flapping(rng: np.random.Generator, *, rate: float = 7.0, low: float = 150.0, high: float = 2500.0) -> np.ndarray:
    """Wings, a flag, a shaken cloth: whooshes of air at a steady rate.

    Right: noise with strong modulation at the beat of the wing. Wrong: up and down stroke alike.
    """

    def beat() -> np.ndarray:
        n = int(0.9 / rate * RATE)
        return rng.uniform(0.7, 1) * noise(rng, n, low=low, high=high, slope=-2) * hump(n, 0.25, 0.6)

    return scatter(onsets(rng, vary(rng, rate), jitter=0.12), beat) + 0.01 * noise(rng)
