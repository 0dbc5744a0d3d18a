"""Responses to words by deconvolution: what a linear analysis sees of a late response where similarity sees none.

Comes in: a recording of connected speech and its cleaned EEG. Goes out: by listener the response to words (channel by
lag), with the envelope, the acoustic onsets and the phonemes of the sound accounted for, and what it changes in
sentences of one kind. Of what a simulation planted, only labels of affect are read, as a recording's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from lib.chapters.eeg.evidence import estimate
from lib.chapters.eeg.material import ENOUGH
from lib.compare.deconvolution import moments, response_functions
from lib.compare.word_responses import (
    CENTRO_PARIETAL,
    FEATURES,
    LAGS,
    RATE,
    SECONDS,
    TAIL,
    envelope_and_onsets,
    late_contrast,
    late_lags,
    story_features,
)
from lib.ground import WrongUse
from lib.models import load as load_model
from lib.report.cache import kept

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import mne
    import pandas as pd
    import xarray as xr

    from lib.chapters.eeg.material import Heard
    from lib.chapters.eeg.prosody import Grouped
    from lib.chapters.eeg.study import Study
    from lib.recordings import EEGRecording
    from lib.report.claims import Measured

CENTRE = np.array([0.0, 0.0, 0.04])
"""Of a head, in mne's head coordinates [m]: electrodes are compared by their direction from it."""

CLAIMS = ("E1", "E2")
NO_WORDS = "the stimuli have no words"


@dataclass(frozen=True, eq=False)
class Words:
    """Responses to words of all listeners.

    Attributes
    ----------
    words, change : xarray.DataArray (subject, lag, channel)
        As ``word_responses`` gives them [µV].
    study : Study
    told : bool
        Whether the recording itself says which sentences are negative; if not, their prosody does.
    """

    words: xr.DataArray
    change: xr.DataArray
    study: Study
    told: bool

    @cached_property
    def measured(self) -> dict[str, Measured]:
        """The late response over listeners: ``late`` (other lags minus it), ``mean`` (itself), ``change`` [µV]."""
        info = self.study.heard.info
        late, change = (late_size(x.values, info) for x in (self.words, -self.change))
        each = {"late": late, "mean": late_mean(self.words.values, info), "change": change}
        return {name: estimate(values) for name, values in each.items()}

    @property
    def claimed(self) -> dict[str, dict[str, Measured] | str]:
        """Parts of the two claims on words."""
        if not self.study.many:
            return dict.fromkeys(CLAIMS, f"at least {ENOUGH} listeners are needed")
        found = self.measured
        return {"E1": {key: found[key] for key in ("late", "mean")}, "E2": {"change": found["change"]}}


def heard_words(study: Study, groups: Grouped | str) -> Words | str:
    """Responses to words (``word_responses``), from disk if known; or why there are none."""
    if not study.spoken:
        return NO_WORDS
    negative = negative_sentences(study.recording, groups.low)
    found = kept("words", (*study.key, str(negative)), partial(word_responses, study.recording, study.heard, negative))
    affect = study.recording.stimuli.get("affect")
    told = affect is not None and not affect.isna().all()
    return Words(found["words"], found["change"], study, told)


def claimed(words: Words | str) -> dict[str, dict[str, Measured] | str]:
    """Parts of the claims on words, or why they can't be tested."""
    return dict.fromkeys(CLAIMS, words) if isinstance(words, str) else words.claimed


def word_responses(recording: EEGRecording, heard: Heard, group: Collection[str]) -> dict[str, xr.DataArray]:
    """Fit responses of every listener to speech (``FEATURES``), and to that of the sentences in `group` once more.

    In those, the response to sound is free to differ as well: what it changes would else be taken for one of words.

    Returns
    -------
    dict of str to xarray.DataArray
        ``words``, the response to a word of mean surprisal (to any word, where surprisal is unknown), and ``change``,
        how it differs in the sentences of the group; (subject, lag, channel) in µV, lag in seconds.
    """
    import xarray as xr

    segments, total = list(recording.segments.index), None
    answers = [_answers(recording, heard, subject, segments) for subject in heard.subjects]
    for number, name in enumerate(segments):
        features = _features(recording, name, set(group))
        together = np.concatenate([one[number] for one in answers], axis=1)  # time, subject * channel
        length = min(len(together), len(features))
        part = moments(features[:length], together[:length], LAGS)
        total = part if total is None else total + part
    fitted = response_functions(total)[[FEATURES.index("word"), FEATURES.index("word, negative")]]
    words, change = fitted.reshape(2, len(LAGS), len(heard.subjects), -1).swapaxes(1, 2)
    coords = {"subject": list(heard.subjects), "lag": SECONDS, "channel": list(heard.channels)}
    return {n: xr.DataArray(x, coords=coords, dims=list(coords)) for n, x in (("words", words), ("change", change))}


def _answers(recording: EEGRecording, heard: Heard, subject: str, segments: Sequence[str]) -> list[np.ndarray]:
    """What one listener answered to each segment, (time, channel) at `RATE`."""
    from scipy.signal import resample_poly

    raw, out = heard.clean(subject).raw, []
    for name in segments:
        cut = recording.responses(subject, name, raw=raw, tmax=TAIL).sel(channel=list(heard.channels))
        out.append(resample_poly(cut.values, RATE, round(cut.attrs["rate"]), axis=1).T)
    return out


def _features(recording: EEGRecording, segment: str, group: set[str]) -> np.ndarray:
    """What the fit knows of a segment, (time, feature) at `RATE`, with the sentences of the group as negative ones."""
    samples, rate = recording.audio(segment)
    clock = np.arange(int((len(samples) / rate + TAIL) * RATE)) / RATE
    cochleagram = load_model("cochleagram").activations(samples, rate, cache=True)
    times, courses = cochleagram.times["cochleagram"], envelope_and_onsets(cochleagram.layers["cochleagram"])
    starts, stimuli = recording.stimuli["start"], recording.stimuli
    phonemes, words = (table[table["segment"] == segment] for table in (recording.phonemes, recording.words))
    onsets = [(table["onset"] + table["sentence"].map(starts)).to_numpy() for table in (phonemes, words)]
    known = "surprisal" in words and recording.words["surprisal"].notna().all()
    weights = (words["surprisal"] / recording.words["surprisal"].mean()).to_numpy() if known else np.ones(len(words))
    chosen = stimuli[(stimuli["segment"] == segment) & stimuli.index.isin(group)]
    passages = np.stack([chosen["start"], chosen["start"] + chosen["duration"]], axis=1)
    courses = [np.interp(clock, times, course, right=0.0) for course in courses]
    return story_features(courses, *onsets, weights, passages, RATE)


def in_windows(waves: np.ndarray, spans: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Mean of waves (subject, lag, channel) in every window, (subject, window, channel)."""
    inside = [(start <= SECONDS + 1e-9) & (stop > SECONDS + 1e-9) for start, stop in spans.values()]
    return np.stack([waves[:, one].mean(axis=1) for one in inside], axis=1)


def negative_sentences(recording: EEGRecording, otherwise: pd.Series) -> list[str]:
    """Sentences that the recording calls negative; where it says nothing of affect, those true in `otherwise`."""
    told = recording.stimuli.get("affect")
    if told is None or told.isna().all():
        return list(otherwise.index[otherwise])
    return list(told.index[told == "negative"])


def late_size(waves: np.ndarray, info: mne.Info) -> np.ndarray:
    """Other lags up to 800 ms minus 250 to 500 ms over the back of the head, by listener: positive for a negativity.

    Parameters
    ----------
    waves : array (subject, lag, channel)
        Responses to words at ``SECONDS``.
    info : mne.Info
        Of the channels, in the same order.

    Raises
    ------
    WrongUse
        Channels without positions, and without the names of ``CENTRO_PARIETAL``.
    """
    return late_contrast(waves[:, :, back_of_head(info)].mean(axis=2))


def late_mean(waves: np.ndarray, info: mne.Info) -> np.ndarray:
    """Mean from 250 to 500 ms over the back of the head, by listener; arguments as for ``late_size``."""
    return waves[:, late_lags(SECONDS)][:, :, back_of_head(info)].mean(axis=(1, 2))


def back_of_head(info: mne.Info) -> list[int]:
    """Numbers of the channels called as in ``CENTRO_PARIETAL``, or of as many that are nearest to its middle."""
    import mne

    named = [info.ch_names.index(name) for name in CENTRO_PARIETAL if name in info.ch_names]
    if named:
        return named
    places = np.array([one["loc"][:3] for one in info["chs"]])
    if not (np.isfinite(places).all() and places.any()):
        raise WrongUse("channels have neither positions nor standard names: where the back of the head is isn't known.")
    montage = mne.channels.make_standard_montage("biosemi64")
    standard = mne.create_info(montage.ch_names, 1.0, "eeg", verbose="ERROR").set_montage(montage)
    middle = np.mean([standard["chs"][standard.ch_names.index(name)]["loc"][:3] for name in CENTRO_PARIETAL], axis=0)
    places, middle = ((x - CENTRE) / np.linalg.norm(x - CENTRE, axis=-1, keepdims=True) for x in (places, middle))
    return sorted(np.argsort(-(places @ middle))[: len(CENTRO_PARIETAL)].tolist())
