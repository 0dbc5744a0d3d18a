"""What speech technology starts from: log-mel spectra, and the cepstral coefficients of their shape.

Comes in: waveforms (sounds, samples) of equal length and their sampling rate. Goes out: ``logmel`` and ``mfcc``, 100
frames per second.
"""

from __future__ import annotations

from functools import cache
from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from lib.models.activations import Frames, checked, whole

if TYPE_CHECKING:
    import pandas as pd

BANDS, LOWEST, HIGHEST = 64, 50.0, 8000.0
WINDOW, HOP = 0.025, 0.010  # seconds
FLOOR = 1e-10  # power at and below which a band is at -100 dB
COEFFICIENTS = 20


def logmel(waves: np.ndarray, rate: int) -> Frames:
    """Log-mel spectrogram: 64 bands in dB, 100 frames per second.

    Periodic Hann windows of 25 ms every 10 ms, all of them inside the sound; power spectrum; triangles of unit height,
    evenly spaced on the HTK mel scale from 50 Hz to 8 kHz (or half the sampling rate); 10 log10, not below -100 dB.

    Parameters
    ----------
    waves : array (sounds, samples)
        At least one window long.
    rate : int
        Sampling rate in Hz.

    Returns
    -------
    Frames
        Values (sounds, frames, 64) in dB; the time of a frame is the middle of its window.

    Raises
    ------
    ValueError
        If the waveforms are not valid, see ``lib.models.activations.checked``.
    """
    waves = checked(waves, rate, ndim=2, shortest=WINDOW)
    rate = whole(rate)
    window, hop = round(WINDOW * rate), round(HOP * rate)
    size = 2 ** ceil(log2(window))
    hann = np.hanning(window + 1)[:-1].astype(waves.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(waves, window, axis=1)[:, ::hop]
    spectrum = fft.rfft(windows * hann, size)  # sounds, frames, bins
    power = (spectrum.real**2 + spectrum.imag**2) @ _filters(size, rate).astype(waves.dtype)
    times = (np.arange(power.shape[1]) * hop + window / 2) / rate
    return Frames((10 * np.log10(np.maximum(power, FLOOR))).astype(np.float32, copy=False), times)


def mfcc(waves: np.ndarray, rate: int) -> Frames:
    """Mel-frequency cepstral coefficients 0 to 19, 100 frames per second.

    Orthonormal cosine transform (type II) of ``logmel`` (Davis & Mermelstein 1980); coefficient 0 is the level. There
    are no differences over time: averaged over a sound they only say how it ends minus how it begins.

    Parameters
    ----------
    waves : array (sounds, samples)
        At least one window long.
    rate : int
        Sampling rate in Hz.

    Returns
    -------
    Frames
        Values (sounds, frames, 20) in dB; times as in ``logmel``.

    Raises
    ------
    ValueError
        If the waveforms are not valid, see ``lib.models.activations.checked``.
    """
    values, times = logmel(waves, rate)
    return Frames(fft.dct(values, norm="ortho")[..., :COEFFICIENTS].copy(), times)


def logmel_units(rate: int) -> pd.DataFrame:
    """Centre frequency in Hz of each band of ``logmel``."""
    import pandas as pd
    from transformers.audio_utils import hertz_to_mel, mel_to_hertz

    low, high = (hertz_to_mel(edge, "htk") for edge in _range(rate))
    return pd.DataFrame({"frequency": mel_to_hertz(np.linspace(low, high, BANDS + 2), "htk")[1:-1]})


def mfcc_units(rate: int) -> pd.DataFrame:
    """Number of each coefficient of ``mfcc``: its half cycles over the bands."""
    import pandas as pd

    return pd.DataFrame({"coefficient": np.arange(COEFFICIENTS)})


@cache
def _filters(size: int, rate: int) -> np.ndarray:
    """Triangles of unit height (bins, bands) over the bins of a Fourier transform of `size` samples."""
    from transformers.audio_utils import mel_filter_bank

    return mel_filter_bank(size // 2 + 1, BANDS, *_range(rate), rate, mel_scale="htk")


def _range(rate) -> tuple[float, float]:
    return LOWEST, min(HIGHEST, rate / 2)
