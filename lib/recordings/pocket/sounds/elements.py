"""Elements of sound from which the pocket world builds its own: noise, tones, pulses, impacts, strings, resonances.

Comes in: a random generator and physical quantities (Hz, seconds, dB per octave). Goes out: float64 samples at
``RATE``. Randomness comes only from the generator that is passed in, so a seed fixes every sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.signal import lfilter

RATE = 22_050
"""Samples per second of every pocket sound."""
SECONDS = 2.0
N = int(RATE * SECONDS)
"""Samples of a finished sound."""
LEVEL = 0.05
"""Root mean square of a finished sound, as a fraction of full scale (-26 dB)."""


def clock(n: int = N) -> np.ndarray:
    """Times of `n` samples [s]."""
    return np.arange(n) / RATE


def vary(rng: np.random.Generator, value: float, spread: float = 0.06) -> float:
    """A value scattered around `value` by a factor of about 1 ± `spread` (log-normal): one specimen of its kind."""
    return float(value * np.exp(spread * rng.standard_normal()))


def contour(points: Sequence[tuple[float, float]], n: int = N) -> np.ndarray:
    """Straight lines through (time [s], value) points; constant before the first and after the last."""
    times, values = zip(*points, strict=True)
    return np.interp(clock(n), times, values)


def noise(
    rng: np.random.Generator, n: int = N, *, low: float = 20.0, high: float = RATE / 2, slope: float = 0.0
) -> np.ndarray:
    """Gaussian noise of unit RMS between `low` and `high` [Hz] (24 dB/octave edges), tilted by `slope` [dB/octave]."""
    frequency = np.fft.rfftfreq(n, 1 / RATE)
    frequency[0] = frequency[1] / 2
    gain = (frequency / 1000) ** (slope / 6.02)
    gain /= np.sqrt((1 + (low / frequency) ** 8) * (1 + (frequency / high) ** 8))
    samples = np.fft.irfft(gain * np.fft.rfft(rng.standard_normal(n)), n)
    return samples / samples.std()


def wander(rng: np.random.Generator, n: int = N, *, cutoff: float = 4.0) -> np.ndarray:
    """Smooth random contour of unit variance that varies no faster than about `cutoff` [Hz]."""
    knots = rng.standard_normal(max(4, int(np.ceil(n / RATE * cutoff * 2)) + 3))
    position = np.linspace(1, len(knots) - 2, n)
    left = position.astype(int).clip(0, len(knots) - 2)
    blend = (1 - np.cos(np.pi * (position - left))) / 2
    return (1 - blend) * knots[left] + blend * knots[left + 1]


def tone(
    frequency: np.ndarray | float, amplitudes: Sequence[float] = (1.0,), n: int = N, phase: float = 0.0
) -> np.ndarray:
    """Harmonic complex: partial k at k times `frequency` [Hz], amplitude ``amplitudes[k - 1]``, none above 10 kHz."""
    frequency = np.broadcast_to(np.asarray(frequency, float), (n,))
    angle = 2 * np.pi * np.cumsum(frequency) / RATE + phase
    top = frequency.max()
    out = np.zeros(n)
    for k, amplitude in enumerate(amplitudes, 1):
        if amplitude and k * top < 10_000:
            out += amplitude * np.sin(k * angle)
    return out


def pulses(frequency: np.ndarray | float, n: int = N, *, top: float = 6000.0) -> np.ndarray:
    """Band-limited pulse train: all harmonics of `frequency` [Hz] up to `top`, equally strong, in phase."""
    frequency = np.broadcast_to(np.asarray(frequency, float), (n,))
    harmonics = max(1, int(min(top, 0.45 * RATE) / frequency.max()))
    half = np.pi * np.cumsum(frequency) / RATE
    sine = np.sin(half)
    flat = np.abs(sine) < 1e-6  # limit of the Dirichlet kernel at the pulse itself
    ratio = np.sin((2 * harmonics + 1) * half) / np.where(flat, 1.0, sine)
    return (np.where(flat, 2 * harmonics + 1, ratio) - 1) / (2 * harmonics)


def soften(samples: np.ndarray, corner: float) -> np.ndarray:
    """Low-pass of 6 dB/octave above `corner` [Hz]."""
    pole = np.exp(-2 * np.pi * corner / RATE)
    return lfilter([1 - pole], [1, -pole], samples)


def resonate(
    source: np.ndarray, centres: Iterable[float], bandwidths: Iterable[float], gains: Iterable[float] | None = None
) -> np.ndarray:
    """Sum of two-pole resonances at `centres` [Hz], each of unit gain at its peak times its entry of `gains`."""
    centres, bandwidths = list(centres), list(bandwidths)
    out = np.zeros(len(source))
    for centre, width, gain in zip(centres, bandwidths, gains or [1.0] * len(centres), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * min(centre, 0.45 * RATE) / RATE
        poles = [1, -2 * radius * np.cos(angle), radius**2]
        peak = 1 / np.abs(np.polyval(poles, np.exp(1j * angle)))
        out += gain / peak * lfilter([1.0], poles, source)
    return out


def ring(frequencies: Sequence[float], decays: Sequence[float], gains: Sequence[float], seconds: float) -> np.ndarray:
    """Modes of a struck body: sinusoids at `frequencies` [Hz] that fall by 60 dB in `decays` [s]."""
    t = clock(int(seconds * RATE))
    out = np.zeros(len(t))
    for frequency, decay, gain in zip(frequencies, decays, gains, strict=True):
        if frequency < 10_000:
            out += gain * np.exp(-6.9 * t / decay) * np.sin(2 * np.pi * frequency * t)
    return out


def knock(
    rng: np.random.Generator,
    *,
    centre: float,
    spread: float = 1.0,
    decay: float = 0.1,
    modes: int = 8,
    click: float = 0.3,
) -> np.ndarray:
    """One impact: `modes` inharmonic modes within `spread` octaves of `centre` [Hz], and the click of the contact.

    High modes die sooner than low ones, as in wood and metal (`decay` [s] is that of the lowest).
    """
    frequencies = np.sort(centre * 2.0 ** rng.uniform(-spread / 2, spread / 2, modes))
    decays = decay * (frequencies[0] / frequencies) ** 0.5 * rng.uniform(0.7, 1.3, modes)
    body = ring(frequencies, decays, rng.uniform(0.4, 1.0, modes), max(1.2 * decay, 0.03))
    contact = int(0.006 * RATE)
    body[:contact] += (
        click * modes / 3 * noise(rng, contact, low=centre) * np.exp(-np.arange(contact) / (0.25 * contact))
    )
    return body


def pluck(
    rng: np.random.Generator, frequency: float, seconds: float, *, bright: float = 0.5, sustain: float = 0.996
) -> np.ndarray:
    """Plucked string after Karplus and Strong (1983): a noise burst in a delay line that loses its highs each turn.

    Right: harmonic, the attack bright and the decay faster for higher partials. Wrong: no body, no pluck position.
    """
    delay = RATE / frequency - 0.5
    whole = int(delay)
    fraction = delay - whole
    n = int(seconds * RATE)
    burst = np.zeros(n)
    burst[: min(whole, n)] = soften(rng.uniform(-1, 1, min(whole, n)), 500 + 9000 * bright)
    loop = np.convolve([1 - fraction, fraction], [0.5, 0.5]) * sustain
    poles = np.zeros(whole + 3)
    poles[0] = 1
    poles[whole : whole + 3] -= loop
    return lfilter([1.0], poles, burst)


def decay_from(n: int, seconds: float, attack: float = 0.003) -> np.ndarray:
    """Envelope that rises in `attack` [s] and then falls by 60 dB in `seconds`."""
    t = clock(n)
    return np.minimum(t / attack, 1) * np.exp(-6.9 * np.maximum(t - attack, 0) / seconds)


def hump(n: int, attack: float = 0.3, release: float = 0.4) -> np.ndarray:
    """Envelope of one event: a raised-cosine rise over the share `attack` of `n` samples, a fall over `release`."""
    position = np.arange(n) / max(n - 1, 1)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.minimum(position / attack, 1))
    fall = 0.5 - 0.5 * np.cos(np.pi * np.minimum((1 - position) / release, 1))
    return rise * fall


def onsets(rng: np.random.Generator, rate: float, *, jitter: float = 0.1, start: float | None = None) -> np.ndarray:
    """Times [s] of events at about `rate` per second; `jitter` 0 is a metronome, 1 is nearly a Poisson process."""
    gaps = (1 - jitter) / rate + jitter * rng.exponential(1 / rate, int(3 * rate * SECONDS) + 8)
    times = np.cumsum(gaps) - gaps[0] + (rng.uniform(0.01, min(0.3 / rate, 0.2) + 0.011) if start is None else start)
    return times[times < SECONDS - 0.02]


def scatter(times: Iterable[float], event: Callable[[], np.ndarray], n: int = N) -> np.ndarray:
    """Lay one fresh `event` at each of `times` [s]; what sticks out at the end is cut."""
    out = np.zeros(n)
    for time in times:
        first = int(time * RATE)
        piece = event()[: max(n - first, 0)]
        out[first : first + len(piece)] += piece
    return out


def finish(samples: np.ndarray) -> np.ndarray:
    """A finished sound: `N` samples, 10 ms raised-cosine ramps, RMS of ``LEVEL``, peaks below full scale.

    Rare peaks above 0.9 (a single click in silence) are bent down smoothly and the level is set again.
    """
    ramp = int(0.010 * RATE)
    window = np.ones(N)
    window[:ramp] = 0.5 - 0.5 * np.cos(np.pi * np.arange(ramp) / ramp)
    window[-ramp:] = window[:ramp][::-1]
    out = np.pad(samples[:N], (0, max(N - len(samples), 0)))
    out = (out - out.mean()) * window
    for _ in range(60):
        out = out * (LEVEL / np.sqrt(np.mean(out**2)))
        if np.abs(out).max() <= 0.9:
            break
        out = 0.8 * np.tanh(out / 0.8)
    return out
