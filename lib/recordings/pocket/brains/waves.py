"""Simulated EEG: which feature of the story moves which source, when and how strongly, in how much noise.

Comes in: a telling, options, a listener. Goes out: microvolts at 64 electrodes, 128 times a second. The planted
numbers live here: ``eeg`` and ``sessions`` simulate with them, ``story_truth`` states them. Right: responses
at the latencies and places of the literature, overlapping as words do; noise of brain, electrodes and mains at natural
levels. Wrong: responses are linear and never vary from word to word, the noise is stationary, nobody blinks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.recordings.pocket.brains import scalp
from lib.recordings.pocket.brains.settings import check_settings, switched_off
from lib.recordings.pocket.story.narrator import FRAME
from lib.recordings.pocket.story.telling import Telling

RATE = 128
"""Samples per second; one sample of EEG is `FRAME` samples of sound."""
BEFORE, BETWEEN = 2.0, 1.5
"""Rest before the first segment, and after each [s]."""


@dataclass(frozen=True)
class Effect:
    """One temporal response function: a feature drives a source through a kernel that is a sum of Gaussians.

    Attributes
    ----------
    feature : str
        A key of ``features``.
    switch : str
        The effect that turns it off.
    source : str
        A key of ``scalp.SOURCES``.
    peaks : tuple of (lag, width, amplitude)
        Lag and standard deviation [s]; amplitude [µV per unit of the feature in one sample, where the source's map has
        its maximum in the mean head].
    """

    feature: str
    switch: str
    source: str
    peaks: tuple[tuple[float, float, float], ...]


EFFECTS = (
    Effect("onset", "acoustic", "auditory", ((0.055, 0.012, 0.08), (0.105, 0.018, -0.25), (0.180, 0.026, 0.18))),
    Effect("envelope", "acoustic", "auditory", ((0.110, 0.025, -0.03), (0.185, 0.030, 0.03))),
    Effect("phoneme", "phoneme", "phonetic", ((0.140, 0.025, -0.45),)),
    Effect("surprisal", "surprisal", "semantic", ((0.400, 0.055, -1.20),)),
)
AFFECT_GAIN = {"acoustic": {"negative": 1.5}, "surprisal": {"negative": 0.5}}
"""Factor on the effects of a switch in sentences of an affect (1 where nothing is said): in negative passages early
responses grow and late ones shrink."""
SWITCHES = ("acoustic", "phoneme", "surprisal", "affect")
GROUPS = {"early": ("acoustic", "phoneme"), "late": ("surprisal",)}

ENVELOPE_UNIT, ONSET_UNIT = 0.48, 0.088
"""Standard deviations of the two over the whole telling: the features count in these."""
SURPRISAL_UNIT = 6.35
"""Mean surprisal of the story's words [bits]."""

AMPLITUDE_SPREAD = 0.25
"""Between listeners, of the logarithm of an effect's amplitude."""
LATENCY_SPREAD = {"acoustic": 0.006, "phoneme": 0.008, "surprisal": 0.020}
"""Between listeners, of the latency of all peaks of a switch [s]."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """A simulation's settings; ``eeg.load`` says what they mean."""

    subjects: int = 12
    segments: int = 12
    snr: float = 1.0
    seed: int = 0
    without: tuple[str, ...] = ()

    def __post_init__(self):
        """Check types and ranges: a wrong one is a ``ground.WrongUse`` that says which and what is allowed."""
        object.__setattr__(self, "without", switched_off(self.without, SWITCHES, GROUPS))
        check_settings(self.snr, subjects=(self.subjects, 1), segments=(self.segments, 1), seed=(self.seed, 0))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the simulated listeners: sim01, sim02, ..."""
        return tuple(f"sim{k + 1:02d}" for k in range(self.subjects))


@dataclass(frozen=True, kw_only=True, eq=False)
class Listener:
    """How one simulated listener differs from the mean.

    Attributes
    ----------
    maps : ndarray, shape (source, 64)
        Topography of each source, recorded against the reference electrode.
    gain, delay : dict
        By effect's feature: factor on its amplitude; by switch: added latency [s].
    alpha : float
        Frequency of the alpha rhythm [Hz].
    noise : float
        Factor on brain noise and alpha.
    bad : int
        Number of the bad channel.
    """

    maps: np.ndarray
    gain: dict[str, float]
    delay: dict[str, float]
    alpha: float
    noise: float
    bad: int


def listener(options: Options, number: int) -> Listener:
    """Draw listener `number` (from 0); it depends on the seed and on nothing else that can be switched."""
    rng = np.random.default_rng([options.seed, 20, number])
    return Listener(
        maps=scalp.topographies(rng),
        gain={effect.feature: rng.lognormal(0, AMPLITUDE_SPREAD) for effect in EFFECTS},
        delay={switch: spread * rng.standard_normal() for switch, spread in LATENCY_SPREAD.items()},
        alpha=rng.uniform(9.0, 11.5),
        noise=rng.lognormal(0, 0.15),
        bad=int(rng.integers(64)),
    )


def timeline(telling: Telling) -> pd.DataFrame:
    """When each segment and sentence is heard: description ("segment/NAME", "sentence/NAME"), onset, duration [s]."""
    rows, clock = [], BEFORE
    for name, segment in telling.segments.iterrows():
        rows.append((f"segment/{name}", clock, segment["duration"]))
        for sentence, row in telling.sentences[telling.sentences["segment"] == name].iterrows():
            rows.append((f"sentence/{sentence}", clock + row["start"], row["duration"]))
        clock += segment["duration"] + BETWEEN
    return pd.DataFrame(rows, columns=["description", "onset", "duration"])


def session_length(telling: Telling) -> int:
    """Samples of EEG from the first rest to the last."""
    return round((BEFORE + (telling.segments["duration"] + BETWEEN).sum()) * RATE)


def features(telling: Telling, segment: str) -> dict[str, np.ndarray]:
    """What drives the simulated EEG, 128 times a second over one segment.

    Returns
    -------
    dict of ndarray
        envelope: compressed energy averaged over frequency bands; onset: its positive changes, band by band; phoneme:
        1 in the sample of each phoneme's onset; surprisal: that of each word, as a multiple of the mean word's, in the
        sample of the word's onset.
    """
    bands = loudness(telling.audio(segment)[0])
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0)
    starts = telling.sentences["start"]
    out = {"envelope": bands.mean(axis=1) / ENVELOPE_UNIT, "onset": rise.mean(axis=1) / ONSET_UNIT}
    for name, table, unit in (("phoneme", telling.phonemes, None), ("surprisal", telling.words, SURPRISAL_UNIT)):
        part = table[table["segment"] == segment]
        samples = np.round((part["onset"] + part["sentence"].map(starts)) * RATE).astype(int)
        values = 1.0 if unit is None else part[name] / unit
        out[name] = np.bincount(samples, np.broadcast_to(values, len(part)), minlength=len(bands))
    return out


def loudness(samples: np.ndarray, bands: int = 16) -> np.ndarray:
    """Energy in `bands` Gaussian bands, evenly spaced in log frequency from 100 Hz to 7 kHz, to the power .3.

    Returns
    -------
    ndarray, shape (time, band)
        One frame of 25 ms around each sample of the EEG's clock.
    """
    size = 400
    padded = np.pad(samples.astype(float), (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::FRAME][: len(samples) // FRAME]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2  # time, bin
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / (FRAME * RATE)), 1.0))
    centres = np.linspace(np.log2(100), np.log2(7000), bands)
    weights = np.exp(-0.5 * ((octaves[:, None] - centres) / (centres[1] - centres[0])) ** 2)
    return (power @ (weights / weights.sum(axis=0))) ** 0.3  # time, band


def kernel(effect: Effect, delay: float = 0.0) -> np.ndarray:
    """Impulse response of an effect at 128 Hz, from lag 0 to 0.8 s, all its peaks later by `delay` [s]."""
    lags = np.arange(0, 0.8, 1 / RATE)
    return sum(size * np.exp(-0.5 * ((lags - lag - delay) / width) ** 2) for lag, width, size in effect.peaks)


def affect_gain(telling: Telling, segment: str, switch: str, length: int) -> np.ndarray:
    """Factor that the affect of the sentence being heard puts on the effects of a switch, at each sample."""
    gains = np.ones(length)
    for _, row in telling.sentences[telling.sentences["segment"] == segment].iterrows():
        span = slice(round(row["start"] * RATE), round(row["stop"] * RATE))
        gains[span] = AFFECT_GAIN.get(switch, {}).get(row["affect"], 1.0)
    return gains


def drives(telling: Telling, options: Options) -> np.ndarray:
    """Features over the whole session as they drive the sources, affect included, shape (effect, time)."""
    marks = timeline(telling).set_index("description")["onset"]
    out = np.zeros((len(EFFECTS), session_length(telling)))
    for segment in telling.segments.index:
        values = features(telling, segment)
        first = round(marks[f"segment/{segment}"] * RATE)
        for row, effect in zip(out, EFFECTS, strict=True):
            drive = values[effect.feature] * (effect.switch not in options.without)
            if "affect" not in options.without:
                drive = drive * affect_gain(telling, segment, effect.switch, len(drive))
            row[first : first + len(drive)] = drive
    return out


def current(drive: np.ndarray, effect: Effect, who: Listener) -> np.ndarray:
    """What flows in an effect's source in one listener at an snr of 1, given the effect's drive, both (time,)."""
    from scipy.signal import fftconvolve

    return who.gain[effect.feature] * fftconvolve(drive, kernel(effect, who.delay[effect.switch]))[: len(drive)]


def evoked(drive: np.ndarray, who: Listener) -> np.ndarray:
    """Planted responses of one listener to `drive` (effect, time) at an snr of 1, shape (64, time) [µV]."""
    currents = np.zeros((len(scalp.SOURCES), drive.shape[1]))
    for values, effect in zip(drive, EFFECTS, strict=True):
        currents[list(scalp.SOURCES).index(effect.source)] += current(values, effect, who)
    return who.maps.T @ currents  # channel, time
