"""What the published networks are fed: spectra and mel spectra with the constants they were trained with.

Comes in: waveforms (sounds, samples) as tensors, and the published sizes, windows and scales. Goes out: tensors
(sounds, frames, bins or bands). There are two conventions of framing: windows inside the sound (``kaldi``, ``framed``),
and windows centred on every hop with the sound mirrored at its ends (``stft``).
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from torch import Tensor

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
    from transformers.audio_utils import mel_filter_bank

    norm = "slaney" if area else None
    with warnings.catch_warnings():  # the published filters of some networks leave their lowest bands empty
        warnings.filterwarnings("ignore", "At least one mel filter has all zero values")
        filters = mel_filter_bank(bins, bands, low, high, rate, norm, scale, triangularize_in_mel_space=bent)
    return torch.from_numpy(filters).float()


def decibels(power: Tensor, floor: float = 1e-10, dynamic: float | None = None) -> Tensor:
    """10 log10 of a power, not below `floor`, nor more than `dynamic` dB below the maximum of each sound."""
    levels = 10 * power.clamp_min(floor).log10()
    return levels if dynamic is None else torch.maximum(levels, levels.amax(dim=(1, 2), keepdim=True) - dynamic)
