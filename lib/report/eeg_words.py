"""Responses to words by deconvolution: what a linear analysis sees of a late response where similarity sees none.

Comes in: a recording of connected speech and its cleaned EEG. Goes out: by listener the response to words (channel by
lag), with the envelope, the acoustic onsets and the phonemes of the sound accounted for, and what it changes in
sentences of one kind. Nothing here knows what a simulation planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lib.compare.deconvolution import moments, response_functions
from lib.models import load as load_model

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import xarray as xr

    from lib.recordings import EEGRecording
    from lib.report.eeg import Heard

RATE = 64
LAGS = np.arange(-8, 52)
SECONDS = LAGS / RATE
TAIL = 1.0
"""Seconds after a segment's end that still hold answers to it."""
CENTRO_PARIETAL = ("Cz", "CPz", "Pz", "CP1", "CP2", "P1", "P2")


def word_responses(recording: EEGRecording, heard: Heard, group: Collection[str]) -> dict[str, xr.DataArray]:
    """Fit responses of every listener to words, and to words of the sentences in `group` once more.

    Returns
    -------
    dict of str to xarray.DataArray
        ``words``, the response to a word of mean surprisal (to any word, where surprisal is unknown), and ``change``,
        how it differs in the sentences of the group; (subject, lag, channel) in µV, lag in seconds.
    """
    import xarray as xr

    total = None
    for name in recording.segments.index:
        features = _features(recording, name, set(group))
        cuts = [recording.responses(one, name, raw=heard.clean(one).raw, tmax=TAIL) for one in heard.subjects]
        answers = np.concatenate([_slower(cut.values, cut.attrs["rate"]) for cut in cuts]).T  # time, subject * channel
        length = min(len(answers), len(features))
        part = moments(features[:length], answers[:length], LAGS)
        total = part if total is None else total + part
    fitted = response_functions(total)[-2:]  # words and change, lag, subject * channel
    words, change = fitted.reshape(2, len(LAGS), len(heard.subjects), -1).swapaxes(1, 2)
    coords = {"subject": list(heard.subjects), "lag": SECONDS, "channel": list(heard.channels)}
    return {n: xr.DataArray(x, coords=coords, dims=list(coords)) for n, x in (("words", words), ("change", change))}


def _slower(values: np.ndarray, rate: float) -> np.ndarray:
    from scipy.signal import resample_poly

    return resample_poly(values, RATE, round(rate), axis=1)


def _features(recording: EEGRecording, segment: str, group: set[str]) -> np.ndarray:
    """Envelope, acoustic onsets, phonemes, words, and words of the group, (time, feature) at `RATE`."""
    samples, rate = recording.audio(segment)
    clock = np.arange(int((len(samples) / rate + TAIL) * RATE)) / RATE
    courses, times = envelope_and_onsets(samples, rate)
    heard = [np.interp(clock, times, x, right=0.0) for x in courses]
    return np.stack([*heard, *_impulses(recording, segment, group, len(clock))], axis=1)


def envelope_and_onsets(samples: np.ndarray, rate: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Mean of a cochleagram over its bands and that of its rises, each of standard deviation 1, and their times [s]."""
    found = load_model("cochleagram").activations(samples, rate, cache=True)
    bands, times = found.layers["cochleagram"], found.times["cochleagram"]
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0).mean(axis=1)
    return [x / x.std() for x in (bands.mean(axis=1), rise)], times


def _impulses(recording: EEGRecording, segment: str, group: set[str], length: int) -> list[np.ndarray]:
    starts, out = recording.stimuli["start"], []
    words = recording.words[recording.words["segment"] == segment]
    known = "surprisal" in words and recording.words["surprisal"].notna().all()
    weight = words["surprisal"] / recording.words["surprisal"].mean() if known else np.ones(len(words))
    phonemes = recording.phonemes[recording.phonemes["segment"] == segment]
    chosen = words["sentence"].isin(group)
    for table, size in ((phonemes, np.ones(len(phonemes))), (words, weight), (words, weight * chosen)):
        at = np.round((table["onset"] + table["sentence"].map(starts)) * RATE).astype(int)
        out.append(np.bincount(at, size, minlength=length)[:length])
    return out


def in_windows(waves: np.ndarray, spans: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Mean of waves (subject, lag, channel) in every window, (subject, window, channel)."""
    inside = [(start <= SECONDS + 1e-9) & (stop > SECONDS + 1e-9) for start, stop in spans.values()]
    return np.stack([waves[:, one].mean(axis=1) for one in inside], axis=1)


def late_size(waves: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Other lags up to 800 ms minus 250 to 500 ms over the back of the head, by listener: positive for a negativity."""
    place = [channels.index(name) for name in CENTRO_PARIETAL if name in channels] or list(range(len(channels)))
    return late_contrast(waves[:, :, place].mean(axis=2))


def late_contrast(wave: np.ndarray, seconds: np.ndarray = SECONDS) -> np.ndarray:
    """Mean over the other lags from 0 to 800 ms minus mean of 250 to 500 ms of waves (..., lag)."""
    late = (seconds >= 0.25) & (seconds <= 0.5)
    rest = (seconds >= 0) & ~late
    return wave[..., rest].mean(axis=-1) - wave[..., late].mean(axis=-1)
