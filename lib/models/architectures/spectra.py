"""What the published networks are fed: spectra and mel spectra with the constants they were trained with.

Comes in: waveforms (sounds, samples) as tensors, and the published sizes, windows and scales. Goes out: tensors
(sounds, frames, bins or bands). There are two conventions of framing: windows inside the sound (``kaldi``, ``framed``),
and windows centred on every hop with the sound mirrored at its ends (``stft``).
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from lib.models.baselines.mel import mel_frequency, mel_number

EPSILON = torch.finfo(torch.float32).eps
PREEMPHASIS = 0.97


def stft(waves: Tensor, size: int, hop: int, window: Tensor | None = None, pad: str = "reflect") -> Tensor:
    """Magnitude spectra (sounds, frames, size // 2 + 1) of windows centred on every `hop`-th sample.

    The window is a periodic Hann window of `size` unless another is given (a shorter one is centred).
    """
    window = torch.hann_window(size) if window is None else window
    options = {"hop_length": hop, "win_length": len(window), "center": True, "pad_mode": pad, "return_complex": True}
    return torch.stft(waves, size, window=window.to(waves), **options).abs().transpose(1, 2)


def framed(waves: Tensor, window: Tensor, hop: int, size: int) -> Tensor:
    """Magnitude spectra (sounds, frames, size // 2 + 1) of windows that all lie inside the sound."""
    frames = waves.unfold(-1, len(window), hop) * window.to(waves)
    return torch.fft.rfft(frames, size).abs()


def kaldi(waves: Tensor, *, length: int, hop: int, window: str = "povey") -> Tensor:
    """Power spectra (sounds, frames, bins) as the Kaldi toolkit takes them.

    Windows inside the sound, each freed of its mean and pre-emphasised (0.97) before a symmetric Hann window ("hann"),
    or one raised to the power 0.85 ("povey"); transform of the next power of two.
    """
    frames = waves.unfold(-1, length, hop)
    frames = frames - frames.mean(dim=-1, keepdim=True)
    frames = frames - PREEMPHASIS * torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
    shape = torch.hann_window(length, periodic=False) ** (0.85 if window == "povey" else 1.0)
    return torch.fft.rfft(frames * shape.to(frames), 1 << (length - 1).bit_length()).abs() ** 2


def kaldi_mel(waves: Tensor, rate: int, bands: int, *, length: int, hop: int, window: str = "povey") -> Tensor:
    """Log-mel spectra (sounds, frames, bands) as the Kaldi toolkit takes them, from 20 Hz to half the rate."""
    power = kaldi(waves, length=length, hop=hop, window=window)
    return mel(power, bands, rate, 20.0, rate / 2, bent=True).clamp_min(EPSILON).log()


def mel(spectra: Tensor, bands: int, rate: float, low: float, high: float, **shape) -> Tensor:
    """Spectra (sounds, frames, bins) summed in mel bands (sounds, frames, bands); `shape` as in ``mel_filters``."""
    return spectra @ mel_filters(spectra.shape[-1], bands, rate, low, high, **shape).to(spectra)


@lru_cache(maxsize=32)
def mel_filters(
    bins: int, bands: int, rate: float, low: float, high: float, *, scale: str = "htk", area: bool = False, bent=False
) -> Tensor:
    """Triangular filters (bins, bands), evenly spaced on a mel scale.

    Parameters
    ----------
    scale : {"htk", "slaney"}
        2595 log10(1 + f / 700), or linear to 1 kHz and logarithmic above.
    area : bool
        Filters of equal area instead of equal height.
    bent : bool
        Sides that are straight over mels instead of over Hz.
    """
    to_mel, to_hertz = (mel_number, mel_frequency) if scale == "htk" else (_slaney_number, _slaney_frequency)
    numbers = torch.linspace(*(float(to_mel(edge)) for edge in (low, high)), bands + 2, dtype=torch.float64)
    hertz = torch.linspace(0, rate / 2, bins, dtype=torch.float64)
    frequencies = torch.as_tensor(to_hertz(numbers.numpy()))
    edges, places = (numbers, torch.as_tensor(to_mel(hertz.numpy()))) if bent else (frequencies, hertz)
    rising = (places[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places[:, None]) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rising, falling).clamp_min(0)
    if area:
        filters = filters * 2 / (frequencies[2:] - frequencies[:-2])
    return filters.float()


def decibels(power: Tensor, floor: float = 1e-10, dynamic: float | None = None) -> Tensor:
    """10 log10 of a power, not below `floor`, nor more than `dynamic` dB below the maximum of each sound."""
    levels = 10 * power.clamp_min(floor).log10()
    return levels if dynamic is None else torch.maximum(levels, levels.amax(dim=(1, 2), keepdim=True) - dynamic)


def _slaney_number(frequency):
    frequency = torch.as_tensor(frequency, dtype=torch.float64)
    above = 15 + (frequency.clamp_min(1000) / 1000).log() * 27 / torch.tensor(6.4, dtype=torch.float64).log()
    return torch.where(frequency < 1000, frequency * 3 / 200, above).numpy()


def _slaney_frequency(number):
    number = torch.as_tensor(number, dtype=torch.float64)
    above = 1000 * (torch.tensor(6.4, dtype=torch.float64).log() / 27 * (number - 15)).exp()
    return torch.where(number < 15, number * 200 / 3, above).numpy()
