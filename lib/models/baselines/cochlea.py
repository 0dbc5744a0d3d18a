"""What the ear passes on: compressed envelopes of frequency channels, and the cochleagram made of them.

Comes in: waveforms (sounds, samples) of equal length and their sampling rate. Goes out: envelopes on any set of
channels, 200 frames per second; ``cochleagram`` is the set that tiles the hearing range evenly.
"""

from __future__ import annotations

from math import ceil, gcd
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from lib.models.activations import Frames, checked, whole

if TYPE_CHECKING:
    import pandas as pd

COMPRESSION = 0.3  # exponent from envelope to response
LOWEST, HIGHEST = 50.0, 10_000.0  # Hz, edges of the outermost filters of the cochleagram
CHANNELS = 64
FRAME_RATE = 200  # frames per second
PASSED, STOPPED = 80.0, 100.0  # Hz, anti-aliasing of the envelopes
MARGIN = 0.2  # seconds of silence after the sound, so that its end does not ring into its start
SHORTEST = 0.1  # seconds


def erb_number(frequency):
    """Number of equivalent rectangular bandwidths below `frequency` in Hz (Glasberg & Moore 1990)."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(frequency))


def erb_frequency(number):
    """Frequency in Hz at an ERB number, the inverse of ``erb_number``."""
    return (10 ** (np.asarray(number) / 21.4) - 1) / 0.00437


def cochleagram(waves: np.ndarray, rate: int) -> Frames:
    """Compressed envelopes of a bank of cochlear filters, 200 frames per second.

    64 half-cosine filters between 50 Hz and 10 kHz (or half the sampling rate), evenly spaced on the ERB-number scale,
    each reaching to the second neighbour on either side. With 64 of them the spacing is half an ERB and the equivalent
    rectangular width of each is one ERB (0.999), as measured in listeners; their squared gains sum to a constant, so no
    frequency counts twice. Half-cosines are the field's filters (McDermott & Simoncelli 2011). They end sharply, which
    makes a band's envelope exact from the few Fourier coefficients inside it; what that costs is low side lobes around
    abrupt onsets. They have no phase, so every channel peaks when the sound does.

    Parameters
    ----------
    waves : array (sounds, samples)
        At least 0.1 s long.
    rate : int
        Sampling rate in Hz.

    Returns
    -------
    Frames
        Values (sounds, frames, 64), at or above 0; frame k is the instant k / 200 s.

    Raises
    ------
    ValueError
        If the waveforms are not valid, see ``lib.models.activations.checked``.
    """
    waves = checked(waves, rate, ndim=2, shortest=SHORTEST)
    channels = envelopes(waves, rate, *_tiling(rate))
    return Frames(channels.transpose(0, 2, 1), np.arange(channels.shape[2]) / FRAME_RATE)


def cochleagram_units(rate: int) -> pd.DataFrame:
    """Centre frequency in Hz of each channel of ``cochleagram``."""
    import pandas as pd

    return pd.DataFrame({"frequency": erb_frequency(_tiling(rate)[0])})


def envelopes(waves: np.ndarray, rate: int, centres: np.ndarray, half_width: float) -> np.ndarray:
    """Compressed envelopes of half-cosine filters.

    A tone of amplitude a at a centre frequency has the envelope a. Envelopes are raised to the power 0.3, low-passed
    (flat to 80 Hz, nothing above 100 Hz) and sampled at 200 Hz.

    Parameters
    ----------
    waves : array (sounds, samples)
        At least 0.1 s long.
    rate : int
        Sampling rate in Hz.
    centres : array (channels,)
        Centres of the filters, as ERB numbers.
    half_width : float
        Distance from a centre to the filter's edges, in ERB; also its equivalent rectangular width.

    Returns
    -------
    array (sounds, channels, frames)
        float32, at or above 0; frame k is the instant k / 200 s.
    """
    waves = checked(waves, rate, ndim=2, shortest=SHORTEST)
    rate = whole(rate)
    sounds, samples = waves.shape
    length, frames = _padded(samples, rate)
    # double precision: a silent channel is raised to the power 0.3, and so is its rounding error
    spectrum = fft.rfft(waves.astype(np.float64, copy=False), length)
    bins = erb_number(fft.rfftfreq(length, 1 / rate))
    count = ceil(samples * FRAME_RATE / rate)
    channels = np.empty((sounds, len(centres), count), dtype=np.float32)
    for channel, centre in enumerate(centres):
        first, last = np.searchsorted(bins, [centre - half_width, centre + half_width])
        gain = np.cos(np.pi / 2 * (bins[first:last] - centre) / half_width) * 2 / length
        band = (spectrum[:, first:last] * gain).astype(np.complex64)
        channels[:, channel] = _compressed_envelope(band, frames)[:, :count]
    return channels


def _tiling(rate) -> tuple[np.ndarray, float]:
    """Centres of the cochleagram's filters and their half-width, as ERB numbers."""
    low, high = erb_number([LOWEST, min(HIGHEST, rate / 2)])
    spacing = (high - low) / (CHANNELS + 3)
    return low + spacing * (2 + np.arange(CHANNELS)), 2 * spacing


def _padded(samples, rate) -> tuple[int, int]:
    """Length with silence appended: in samples and in frames, whole in both and fast to transform."""
    step = rate // gcd(rate, FRAME_RATE)
    steps = fft.next_fast_len(ceil((samples + MARGIN * rate) / step))
    return steps * step, steps * FRAME_RATE // gcd(rate, FRAME_RATE)


def _compressed_envelope(band, frames) -> np.ndarray:
    """Compressed, low-passed envelope (sounds, frames) from a band's Fourier coefficients alone.

    Shifting a band to zero frequency leaves its envelope as it is, so a short transform over the band is enough.
    Compressed, an envelope has cusps where it vanishes; four times the band and eight times the frames keep their
    aliases below two per cent of the peak, a tenth of a per cent on average.
    """
    points = fft.next_fast_len(max(4 * band.shape[1], 8 * frames))
    analytic = fft.ifft(band, points, norm="forward")
    response = (analytic.real**2 + analytic.imag**2) ** np.float32(COMPRESSION / 2)
    slow = fft.rfft(response)[:, : frames // 2 + 1] * (_low_pass(frames) / np.float32(points))
    return np.maximum(fft.irfft(slow, frames, norm="forward"), 0)


def _low_pass(frames) -> np.ndarray:
    above = (fft.rfftfreq(frames, 1 / FRAME_RATE) - PASSED) / (STOPPED - PASSED)
    return (np.cos(np.pi / 2 * np.clip(above, 0, 1)) ** 2).astype(np.float32)
