"""What a recording of connected speech is: sentences and segments, words and phonemes, and who listened to them.

Comes in: tables and reading functions, from any data set whose stimuli are spoken texts. Goes out: ``EEGRecording``
and ``StoryRecording`` (fMRI), the same for real and for simulated listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from lib.recordings.record import Recording

if TYPE_CHECKING:
    import mne


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeechRecording(Recording):
    """Responses to a spoken text.

    Attributes
    ----------
    stimuli : pandas.DataFrame
        One row per sentence; besides the columns of every recording: segment, order, text, speaker, and where it is
        known affect.
    segments : pandas.DataFrame
        One row per stretch that was heard without interruption, indexed by its name: speaker, sentences (how many),
        duration [s], rate [Hz], file.
    words : pandas.DataFrame
        sentence, segment, position (in the sentence, from 0), word, onset and offset [s from the start of the
        sentence], and what else is known of words: content, meaning, log_frequency, surprisal [bits].
    phonemes : pandas.DataFrame
        sentence, segment, position (of the word it belongs to), phoneme (IPA), stress, onset and offset [s]; empty
        where the publisher gives none.
    """

    segments: pd.DataFrame = field(repr=False)
    words: pd.DataFrame = field(repr=False)
    phonemes: pd.DataFrame = field(repr=False)

    def audio(self, stimulus: str) -> tuple[np.ndarray, int]:
        """Sound of a sentence or of a whole segment: mono float32 samples, -1 to 1, and their rate [Hz]."""
        return self.read_audio(self._stimulus(stimulus))

    def responses(self, subject: str, stimulus: str, **options: Any) -> xr.DataArray:
        """Labelled responses of one of `subjects` to one stimulus.

        Parameters
        ----------
        subject : str
            One of `subjects`.
        stimulus : str
            A sentence (of ``stimuli.index``) or a segment (of ``segments.index``).
        **options
            For EEG `tmin` and `tmax` [s], what to add before the stimulus (negative) and after its end (less where
            not everybody's recording has so much: see `time`), and `raw`, a recording of your own making (filtered,
            re-referenced, ...) to cut instead of the one on disk.

        Returns
        -------
        xarray.DataArray
            (channel, time) for EEG, (time, voxel) or (repeat, time, voxel) for fMRI; `time` in seconds from the
            stimulus' onset; units, rate and caveats are in the array's attributes.
        """
        subject = self._one_of(subject, "subject", self.subjects)
        return self.read_responses(subject, self._stimulus(stimulus), **options)

    def _stimulus(self, name: str) -> str:
        return self._one_of(name, "sentence or segment", [*self.stimuli.index, *self.segments.index])


@dataclass(frozen=True, kw_only=True, eq=False)
class EEGRecording(SpeechRecording):
    """EEG during connected speech, as recorded: not filtered, not re-referenced, no channel repaired.

    Attributes
    ----------
    rate : float
        Samples per second.
    """

    rate: float
    read_raw: Callable[[str], mne.io.BaseRaw] = field(repr=False)

    def raw(self, subject: str) -> mne.io.BaseRaw:
        """The whole recording of one subject; annotations "segment/NAME" and "sentence/NAME" mark what was heard."""
        return self.read_raw(self._one_of(subject, "subject", self.subjects))

    def info(self, subject: str) -> mne.Info:
        """Channels of one subject with their positions, as mne keeps them."""
        return self.raw(subject).info


@dataclass(frozen=True, kw_only=True, eq=False)
class StoryRecording(SpeechRecording):
    """fMRI during connected speech.

    Attributes
    ----------
    tr : float
        Seconds from volume to volume.
    repeats : mapping of str to int
        How often each segment was heard: once for training, several times for testing.
    """

    tr: float
    repeats: dict[str, int] = field(repr=False)
