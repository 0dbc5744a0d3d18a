"""The six response profiles planted in the simulated listeners, worked out from the sounds themselves.

Comes in: samples and categories of the sounds. Goes out: one number per sound and component, standardised over the
sounds. Named after the components of Norman-Haignere et al. (2015); what drives each is our own definition.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.recordings.pocket.sounds.elements import RATE, N
from lib.recordings.record import COMPONENTS

HOP, WINDOW = 220, 512  # samples: 10 and 23 ms
SPEECHLIKE = {"EngSpeech": 1.0, "ForSpeech": 0.9, "Song": 0.45, "HumVoc": 0.3, "AniVoc": 0.08}
MUSICLIKE = {"Music": 1.0, "Song": 0.8, "HumVoc": 0.05, "AniVoc": 0.05}


def cochleagram(samples: np.ndarray, bands: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Compressed energy (band, frame) in Gaussian bands equally spaced on the ERB scale, and their centres [Hz].

    Energy is raised to the power .3, about as the ear compresses.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2  # frame, bin
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)
    numbers = np.linspace(_erb_number(80), _erb_number(9500), bands)
    width = numbers[1] - numbers[0]
    weight = np.exp(-0.5 * ((_erb_number(frequency)[None] - numbers[:, None]) / width) ** 2)  # band, bin
    weight /= weight.sum(axis=1, keepdims=True)
    # einsum keeps to one thread and one order of summation, so that profiles do not depend on the number of cores.
    return np.einsum("bf,tf->bt", weight, power) ** 0.3, (10 ** (numbers / 21.4) - 1) / 0.00437


def _erb_number(frequency: np.ndarray | float) -> np.ndarray:
    """ERB-rate scale of Glasberg and Moore (1990)."""
    return 21.4 * np.log10(0.00437 * np.asarray(frequency, float) + 1)


def band_level(energy: np.ndarray, centres: np.ndarray, *, low: float, high: float) -> float:
    """Mean compressed energy between `low` and `high` [Hz] over the whole sound."""
    return float(energy[(centres >= low) & (centres < high)].mean())


def flatness(energy: np.ndarray) -> float:
    """Spectro-temporal flatness: geometric over arithmetic mean of each frame's bands; loud frames count more."""
    safe = energy + 1e-3 * energy.mean()
    ratio = np.exp(np.log(safe).mean(axis=0)) / safe.mean(axis=0)
    return float(np.average(ratio, weights=energy.sum(axis=0) + 1e-12))


def modulation(energy: np.ndarray, *, low: float, high: float) -> float:
    """Share of a sound's envelope variance (bands pooled) between `low` and `high` modulations per second."""
    spectrum = np.abs(np.fft.rfft(energy - energy.mean(axis=1, keepdims=True), axis=1)) ** 2
    rate = np.fft.rfftfreq(energy.shape[1], HOP / RATE)
    depth = spectrum[:, (rate >= low) & (rate < high)].sum() / energy.shape[1]
    return float(np.sqrt(depth) / np.sqrt((energy**2).sum()))


def harmonicity(samples: np.ndarray, *, lowest: float = 70.0, highest: float = 900.0) -> float:
    """Strength of resolved pitch, 0 to 1: the highest normalised autocorrelation between 1/`highest` and 1/`lowest`.

    Frames of 46 ms below 4 kHz, where harmonics are resolved, weighted by their energy; noise gives about .3, a
    periodic sound nearly 1.
    """
    size = 1024
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::512] * np.hanning(size)
    spectrum = np.fft.rfft(frames, 2 * size, axis=1)
    spectrum[:, np.fft.rfftfreq(2 * size, 1 / RATE) > 4000] = 0
    auto = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[:size]
    lags = slice(int(RATE / highest), int(RATE / lowest))
    zero = auto[:, 0] + 1e-12
    peak = (auto[:, lags] / window[lags] * window[0]).max(axis=1) / zero
    return float(np.average(np.clip(peak, 0, 1), weights=zero))


def acoustics(samples: np.ndarray) -> dict[str, float]:
    """Acoustic measures of one sound from which the profiles are built."""
    samples = np.asarray(samples, float)[:N]
    energy, centres = cochleagram(samples)
    return {
        "low": band_level(energy, centres, low=100, high=700),
        "high": band_level(energy, centres, low=1800, high=7000),
        "flat": flatness(energy),
        "fast": modulation(energy, low=15, high=45),
        "syllabic": modulation(energy, low=2.5, high=8),
        "pitch": harmonicity(samples),
    }


def planted_profiles(sounds: Mapping[str, np.ndarray], table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Profiles of the six components, one row per sound, each of mean 0 and variance 1 over the sounds.

    lowfreq, highfreq: level below 700 Hz and from 1.8 to 7 kHz. envsounds: flat spectra with fast modulation. pitch:
    harmonicity. speech: a degree for each category, more where syllables beat at 2.5 to 8 per second. music: a
    degree for each category, more where pitch is clear. Speech and music have a tenth of their spread that no
    acoustic measure predicts (drawn from `seed`), as familiarity would.
    """
    measures = pd.DataFrame({name: acoustics(samples / 32768) for name, samples in sounds.items()}).T
    measures = _standard(measures)
    speech = table["category"].map(SPEECHLIKE).fillna(0.0)
    music = table["category"].map(MUSICLIKE).fillna(0.0)
    chance = np.random.default_rng([seed, 6]).standard_normal((2, len(table)))
    profiles = pd.DataFrame(
        {
            "lowfreq": measures["low"],
            "highfreq": measures["high"],
            "envsounds": measures["flat"] + 0.5 * measures["fast"],
            "pitch": measures["pitch"],
            "speech": _standard(speech * (1 + 0.2 * measures["syllabic"]))
            + 0.15 * measures["syllabic"]
            + 0.33 * chance[0],
            "music": _standard(music * (1 + 0.2 * measures["pitch"])) + 0.15 * measures["pitch"] + 0.33 * chance[1],
        }
    )
    return _standard(profiles[list(COMPONENTS)])


def _standard(values: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    return (values - values.mean()) / values.std(ddof=0)
