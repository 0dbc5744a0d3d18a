"""Cleaning of continuous EEG: what is filtered away, which channels are repaired, what the rest is measured against.

Comes in: one recording as read, an ``mne.io.BaseRaw``. Goes out: a ``Cleaned`` record: the cleaned copy, the channels
that were repaired, why, and spectra before and after. Every choice is a keyword; ``AS_PUBLISHED`` holds those of arXiv
2601.16540, the defaults are the sounder ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import WrongUse, unknown
from lib.recordings.channels import BAD_RULES, channel_table

if TYPE_CHECKING:
    import mne
    import pandas as pd
    import xarray as xr

MICRO = 1e6
NOTCH_Q = 30
"""Quality factor of the published notch: 50 Hz / 30 = 1.7 Hz wide at half power, once each way."""

AS_PUBLISHED = MappingProxyType(
    {"band_filter": "butterworth", "line": 50.0, "notch_filter": "iir", "bad": "published", "repair": "mean"}
)
"""Keywords of ``clean`` for the pipeline of arXiv 2601.16540: 50 Hz is removed wherever the recording was made."""

_SIXTY_HERTZ = """
AG AI AS AW BM BR BS BZ CA CO CR CU DO EC FM GT GU GY HN HT KN KR KY LR MH MS MX NI PA PE PH PR PW SA SR SV TC TT TW US
VE VG VI
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleaned:
    """A cleaned recording and what was done to it.

    Attributes
    ----------
    raw : mne.io.BaseRaw
        A copy; annotations are kept, repaired channels are no longer marked as bad.
    bad : tuple of str
        Channels that were not believed, in the order of the recording.
    channels : pandas.DataFrame
        One row per EEG channel, after filtering: the statistics of the rule that was used, and `reason`, empty for a
        good channel.
    steps : pandas.DataFrame
        What was done, in order: step, choice.
    before, after : xarray.DataArray, shape (channel, frequency)
        Power spectral density of the EEG channels [µV²/Hz], Welch's method, windows of 4 s.
    """

    raw: mne.io.BaseRaw = field(repr=False)
    bad: tuple[str, ...]
    channels: pd.DataFrame = field(repr=False)
    steps: pd.DataFrame = field(repr=False)
    before: xr.DataArray = field(repr=False)
    after: xr.DataArray = field(repr=False)


def clean(
    raw: mne.io.BaseRaw,
    *,
    band: tuple[float | None, float | None] | None = (0.5, 40.0),
    band_filter: str = "fir",
    line: float | str | None = "recording",
    notch_filter: str = "fir",
    bad: str | Sequence[str] | None = "robust",
    repair: str | None = "spline",
    reference: str | Sequence[str] | None = "average",
    rate: float | None = None,
) -> Cleaned:
    """Clean a continuous recording: notch, band-pass, centre, find and repair bad channels, re-reference, resample.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        As read; it is not changed.
    band : (float or None, float or None), optional
        Pass band [Hz]; None leaves that side open.
    band_filter : {"fir", "butterworth"}
        mne's zero-phase FIR filter, or a Butterworth filter of order 4 run forwards and backwards (as published).
    line : float or str, optional
        Frequency of the mains [Hz], a country's two-letter code, or "recording": what ``raw.info["line_freq"]`` says.
        It and its harmonics below half the sampling rate are removed. None: no notch.
    notch_filter : {"fir", "iir"}
        mne's zero-phase FIR notches, or a second-order notch with Q = 30 forwards and backwards (as published).
    bad : {"robust", "published"} or sequence of str, optional
        Rule that finds bad channels (``lib.recordings.channels``), or their names. Those that ``raw.info["bads"]``
        names are always added.
    repair : {"spline", "mean", "drop"}, optional
        Spherical splines (they need positions), the mean of the good channels (as published), or leave them out. None:
        they stay marked.
    reference : "average" or sequence of str, optional
        New reference; an average is taken over good and repaired channels.
    rate : float, optional
        Resample to so many samples per second [Hz].

    Returns
    -------
    Cleaned

    Raises
    ------
    ground.WrongUse
        An unknown choice, a band that does not fit the sampling rate, a mains frequency that nobody told, channels
        that do not exist, no positions where they are needed, or fewer than three good channels.
    """
    _check(raw, band, band_filter, notch_filter, bad, repair)
    work, steps = raw.copy().load_data(verbose="ERROR"), []
    before = spectrum(work)
    steps.append(("notch", _notch(work, line_frequency(raw, line), notch_filter)))
    steps.append(("band", _band_pass(work, band, band_filter)))
    steps.append(("centre", _centre(work)))
    channels = channel_table(work, bad)
    found = tuple(channels.index[channels["reason"] != ""])
    steps.append(("bad channels", f"{bad if isinstance(bad, str) else 'named'}: {', '.join(found) or 'none'}"))
    steps.append(("repair", _repair(work, found, repair)))
    steps.append(("reference", _reference(work, reference)))
    steps.append(("rate", _resample(work, rate)))
    return Cleaned(raw=work, bad=found, channels=channels, steps=_table(steps), before=before, after=spectrum(work))


def line_frequency(raw: mne.io.BaseRaw, line: float | str | None = "recording") -> float | None:
    """Frequency of the mains [Hz]: as given, of a country (ISO 3166 code of two letters), or as the recording says."""
    if line == "recording":
        line = raw.info["line_freq"]
        if line is None:
            raise WrongUse('the recording names no mains frequency: pass line=50, line=60 or a country, line="US".')
    if isinstance(line, str):
        return _mains_of(line)
    if line is not None and not 0 < line < np.inf:
        raise WrongUse(f"the mains frequency must be a positive number of Hz, not {line!r}.")
    return None if line is None else float(line)


def _mains_of(country: str) -> float:
    if country == "JP":
        raise WrongUse("Japan has mains of 50 Hz in the east and 60 Hz in the west: pass the number.")
    if len(country) != 2 or not country.isalpha() or not country.isupper():
        raise WrongUse(f'line must be "recording", a frequency in Hz or a code such as "US", not {country!r}.')
    return 60.0 if country in _SIXTY_HERTZ.split() else 50.0


def spectrum(raw: mne.io.BaseRaw) -> xr.DataArray:
    """Power spectral density of all EEG channels, (channel, frequency) in µV²/Hz; bad channels included."""
    import xarray as xr

    size = min(raw.n_times, int(4 * raw.info["sfreq"]))
    found = raw.compute_psd("welch", picks="eeg", exclude=(), n_fft=size, n_overlap=size // 2, verbose="ERROR")
    coords = {"channel": found.ch_names, "frequency": found.freqs}
    attrs = {"units": "µV²/Hz", "rate": raw.info["sfreq"]}
    return xr.DataArray(
        found.get_data(exclude=()) * MICRO**2, dims=("channel", "frequency"), coords=coords, attrs=attrs
    )


def _check(raw, band, band_filter, notch_filter, bad, repair) -> None:
    choices = (("band filter", band_filter, ("fir", "butterworth")), ("notch filter", notch_filter, ("fir", "iir")))
    for kind, name, known in (*choices, ("repair", repair, ("spline", "mean", "drop", None))):
        if name not in known:
            raise unknown(kind, name, [str(one) for one in known])
    if isinstance(bad, str) and bad not in BAD_RULES:
        raise unknown("rule for bad channels", bad, BAD_RULES)
    _check_band(band, raw.info["sfreq"] / 2)


def _check_band(band: tuple[float | None, float | None] | None, nyquist: float) -> None:
    low, high = band or (None, None)
    if not (low or 0) < (high or nyquist) <= nyquist:
        raise WrongUse(f"band {band} must rise and end below half the sampling rate, {nyquist:g} Hz.")


def _notch(raw: mne.io.BaseRaw, line: float | None, method: str) -> str:
    frequencies = [] if line is None else np.arange(line, raw.info["sfreq"] / 2, line).tolist()
    if not frequencies:
        return "none"
    if method == "fir":
        raw.notch_filter(frequencies, picks="eeg", verbose="ERROR")
    else:
        _in_place(raw, lambda values: _notched(values, frequencies, raw.info["sfreq"]))
    return f"{method} at {', '.join(f'{frequency:g}' for frequency in frequencies)} Hz"


def _notched(values: np.ndarray, frequencies: Sequence[float], rate: float) -> np.ndarray:
    from scipy.signal import filtfilt, iirnotch

    for frequency in frequencies:
        values = filtfilt(*iirnotch(frequency, NOTCH_Q, rate), values)
    return values


def _band_pass(raw: mne.io.BaseRaw, band: tuple | None, method: str) -> str:
    if band is None or band == (None, None):
        return "none"
    butterworth = {"method": "iir", "iir_params": {"order": 4, "ftype": "butter", "output": "sos"}}
    raw.filter(*band, picks="eeg", verbose="ERROR", **(butterworth if method == "butterworth" else {}))
    low, high = ("open" if edge is None else f"{edge:g}" for edge in band)
    return f"{method}, {low} to {high} Hz"


def _centre(raw: mne.io.BaseRaw) -> str:
    _in_place(raw, lambda values: values - values.mean(axis=1, keepdims=True))
    return "mean of the whole recording subtracted"


def _in_place(raw: mne.io.BaseRaw, function: Callable[[np.ndarray], np.ndarray]) -> None:
    raw.apply_function(function, picks=_eeg(raw), channel_wise=False, verbose="ERROR")


def _eeg(raw: mne.io.BaseRaw) -> list[str]:
    from mne import pick_types

    return [raw.ch_names[k] for k in pick_types(raw.info, eeg=True, exclude=())]


def _repair(raw: mne.io.BaseRaw, bad: tuple[str, ...], method: str | None) -> str:
    good = [name for name in _eeg(raw) if name not in bad]
    if len(good) < 3:
        raise WrongUse(f"only {len(good)} of {len(_eeg(raw))} EEG channels are good: use another rule or name the bad.")
    raw.info["bads"] = list(bad)
    if not bad or method is None:
        return "none"
    if method == "spline":
        _check_positions(raw)
        raw.interpolate_bads(reset_bads=True, verbose="ERROR")
    elif method == "mean":
        mean = raw.get_data(picks=good, verbose="ERROR").mean(axis=0)
        raw.apply_function(lambda values: np.broadcast_to(mean, values.shape).copy(), list(bad), channel_wise=False)
        raw.info["bads"] = []
    else:
        raw.drop_channels(list(bad))
    return {"spline": "spherical splines", "mean": "mean of the good channels", "drop": "left out"}[method]


def _check_positions(raw: mne.io.BaseRaw) -> None:
    places = np.array([raw.info["chs"][raw.ch_names.index(name)]["loc"][:3] for name in _eeg(raw)])
    unplaced = [name for name, place in zip(_eeg(raw), places, strict=True) if not np.isfinite(place).all()]
    if unplaced or not places.any():
        listed = ", ".join(unplaced[:5]) or "no channel"
        raise WrongUse(f'splines need positions; missing for {listed}: set a montage, or choose repair="mean".')


def _reference(raw: mne.io.BaseRaw, reference: str | Sequence[str] | None) -> str:
    if reference is None:
        return "as recorded"
    if reference != "average":
        reference = [reference] if isinstance(reference, str) else list(reference)
        for name in reference:
            if name not in raw.ch_names:
                raise unknown("reference channel", name, raw.ch_names)
    raw.set_eeg_reference(reference, verbose="ERROR")
    return reference if isinstance(reference, str) else ", ".join(reference)


def _resample(raw: mne.io.BaseRaw, rate: float | None) -> str:
    if rate is None or rate == raw.info["sfreq"]:
        return f"as recorded, {raw.info['sfreq']:g} Hz"
    raw.resample(rate, verbose="ERROR")
    return f"{rate:g} Hz"


def _table(steps: list[tuple[str, str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(steps, columns=["step", "choice"])
