"""What cortex is said to do with envelopes: filters for temporal rate, spectral scale and direction.

Comes in: waveforms (sounds, samples) of equal length and their sampling rate. Goes out: ``spectrotemporal``, how strong
each modulation is in each half-octave of the sound at each moment. This is the baseline that models of auditory cortex
are measured against.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from lib.models.activations import Frames
from lib.models.baselines.cochlea import FRAME_RATE, envelopes, erb_frequency, erb_number

if TYPE_CHECKING:
    import pandas as pd

AXIS_START, OCTAVES, PER_OCTAVE = 62.5, 7, 24  # log-frequency axis: 62.5 Hz to 8 kHz
CHANNELS = OCTAVES * PER_OCTAVE
BANDS = 2 * OCTAVES  # half-octave bands the magnitudes are averaged in
AXIS_PADDED = 288  # channels with the silence beyond the ends: twelve octaves, on whose grid every scale lies
RATES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # Hz
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # cycles per octave
DIRECTIONS = {"up": -1, "down": 1}  # sign of the scale where the rate is positive


def spectrotemporal(waves: np.ndarray, rate: int) -> Frames:
    """Magnitudes of spectrotemporal modulation filters, 50 frames per second.

    The multiresolution model of Chi, Ru & Shamma (2005), as used on natural sounds by Norman-Haignere & McDermott
    (2018): cochlear envelopes on a logarithmic frequency axis (one-ERB filters, 24 per octave) pass filters tuned to a
    temporal rate, a spectral scale and a direction. The gains are the model's own: a gammatone of order three in time,
    the second derivative of a Gaussian in frequency, each with a peak of one. Each filter passes one quadrant of the
    modulation plane, so its response is complex and the magnitude is free of phase: a moving ripple of amplitude a in
    the envelopes gives a in the filter tuned to it. Magnitudes are averaged in half-octave bands.

    Rates run from one cycle in two seconds, the length of the natural sounds, to 64 Hz, the last octave that envelopes
    sampled at 200 Hz hold. Scales end at 8 cycles per octave, past what one-ERB filters resolve. Rate 0 and scale 0
    stand for no filter on that axis: rate 0 is the spectral filter at every instant, scale 0 the temporal filter in
    every channel, and both 0 the envelopes themselves.

    The filters have no phase, so that frames line up with the sound (the original is causal and lags by half a cycle).
    They see deviations from the mean along the axis they filter, so that the mere start and end of an excerpt, or of
    the frequency axis, are not taken for modulations.

    Parameters
    ----------
    waves : array (sounds, samples)
        At least 0.1 s long.
    rate : int
        Sampling rate in Hz, at least 18 kHz.

    Returns
    -------
    Frames
        Values (sounds, frames, 1554): 14 bands by 111 filters, as ``spectrotemporal_units`` lists them. Frame k is the
        average of two samples 10 ms apart, around 0.005 + k / 50 s.

    Raises
    ------
    ValueError
        If the waveforms are not valid, or the sampling rate is below 18 kHz.
    """
    centres = erb_number(AXIS_START * 2 ** ((np.arange(CHANNELS) + 0.5) / PER_OCTAVE))
    if 0 < rate < 2 * erb_frequency(centres[-1] + 1):
        raise ValueError(f"sampling rate is {rate} Hz; the modulation filters need at least 18000 Hz: resample first")
    channels = envelopes(waves, rate, centres, 1.0)
    values = np.stack([_pooled(np.abs(response)) for response in _responses(channels)], axis=-1)
    sounds, frames, bands, filters = values.shape
    return Frames(values.reshape(sounds, frames, bands * filters), (np.arange(frames) * 4 + 1) / FRAME_RATE)


def spectrotemporal_units(rate: int) -> pd.DataFrame:
    """Frequency (Hz), rate (Hz), scale (cycles/octave) and direction of each unit; 0 or "" where it does not filter."""
    import pandas as pd

    centres = AXIS_START * 2 ** ((np.arange(BANDS) + 0.5) * OCTAVES / BANDS)
    units = [(centre, *tuning) for centre in centres for tuning in _tunings()]
    return pd.DataFrame(units, columns=["frequency", "rate", "scale", "direction"])


def _tunings() -> list[tuple[float, float, str]]:
    """Rate, scale and direction of every filter, in the order of ``_responses``."""
    single = [(0.0, 0.0, ""), *((0.0, scale, "") for scale in SCALES), *((rate, 0.0, "") for rate in RATES)]
    return single + [(rate, scale, side) for scale in SCALES for side in DIRECTIONS for rate in RATES]


def _responses(channels) -> Iterator[np.ndarray]:
    """Response (sounds, channels, samples at 100 Hz) of every filter, one at a time."""
    instants = channels[:, :, ::2]
    count = instants.shape[2]
    yield instants
    profile = _over_frequency(instants)
    for scale in SCALES:
        yield _spectral(profile, 2 * _scale_gain(scale, 1))
    motion = _over_time(channels)
    for rate in RATES:
        yield _temporal(motion, rate, count)
    plane = _over_frequency(motion)
    for scale in SCALES:
        for sign in DIRECTIONS.values():
            filtered = _spectral(plane, _scale_gain(scale, sign))
            for rate in RATES:
                yield _temporal(filtered, rate, count)


def _over_frequency(channels) -> np.ndarray:
    """Spectrum along the frequency axis of what departs from its mean, with silence beyond its ends."""
    return fft.fft(channels - channels.mean(axis=1, keepdims=True), AXIS_PADDED, axis=1)


def _over_time(channels) -> np.ndarray:
    """Positive half of the spectrum along time of what departs from its mean, padded by one slowest period.

    The negative half of a real signal says nothing new; without it the signal is complex and half as many samples, 100
    a second, hold all of it.
    """
    padded = channels.shape[2] + ceil(FRAME_RATE / RATES[0])
    half = fft.next_fast_len(ceil(padded / 2))
    return fft.rfft(channels - channels.mean(axis=2, keepdims=True), 2 * half)[..., :half]


def _spectral(spectrum, gain) -> np.ndarray:
    return fft.ifft(spectrum * gain[:, None], axis=1)[:, :CHANNELS]


def _temporal(spectrum, rate, count) -> np.ndarray:
    return fft.ifft(spectrum * _rate_gain(rate, spectrum.shape[2]))[..., :count]


def _scale_gain(scale, sign) -> np.ndarray:
    """Gain (channels,) of the spectral filter, at scales of one sign only (Chi, Ru & Shamma 2005)."""
    cycles = fft.fftfreq(AXIS_PADDED, 1 / PER_OCTAVE)
    squared = (cycles / scale) ** 2
    return (squared * np.exp(1 - squared) * (np.sign(cycles) == sign)).astype(np.float32)


def _rate_gain(rate, half) -> np.ndarray:
    """Gain (half,) of the temporal filter: magnitude of the transform of sin(2πt) t² exp(−3.5t), t in cycles.

    The impulse response is that of Chi, Ru & Shamma (2005); its transform is in closed form, the peak scaled to one.
    """
    cycles = np.arange(half) * FRAME_RATE / (2 * half) / rate
    return (_gammatone(cycles) / _gammatone(np.linspace(0.5, 1.5, 1001)).max()).astype(np.float32)


def _gammatone(cycles) -> np.ndarray:
    decay = 3.5 + 2j * np.pi * cycles
    return np.abs((decay - 2j * np.pi) ** -3 - (decay + 2j * np.pi) ** -3)


def _pooled(magnitude) -> np.ndarray:
    """Average of (sounds, channels, samples) in half-octaves and pairs of samples: (sounds, frames, bands)."""
    sounds, _, samples = magnitude.shape
    frames = samples // 2
    pairs = (magnitude[..., 0 : 2 * frames : 2] + magnitude[..., 1 : 2 * frames : 2]) / 2
    return pairs.reshape(sounds, BANDS, CHANNELS // BANDS, frames).mean(axis=2).transpose(0, 2, 1)
