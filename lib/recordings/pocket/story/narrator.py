"""Who tells the pocket story, and how: six speakers, a prosody for each kind of passage, times of words and phonemes.

Comes in: a sentence, a speaker, an affect. Goes out: samples at ``RATE`` with a table of its words and one of its
phonemes. Right: real phoneme sequences with true onsets, speakers that differ in pitch and formants, lower, flatter
and slower speech in sad passages, higher, wider and faster in glad ones. Wrong: a formant synthesiser, cleaner and
more regular than any person; its sadness is three numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib import ground
from lib.recordings.pocket.voice import in_fresh_process

RATE = 16_000
"""Samples per second."""
FRAME = 125
"""Samples of one frame at 128 Hz: every sentence begins and ends on this grid."""

SPEAKERS = {
    "ada": ("Annie", 40),
    "bruno": ("m3", 45),
    "clara": ("f1", 50),
    "dario": ("m1", 75),
    "elena": ("shelby", 35),
    "felix": ("m8", 40),
}
"""Speakers: a voice variant of espeak-ng and the height of its pitch, 0 to 100. All speak American English."""


@dataclass(frozen=True)
class Prosody:
    """Speed in words per minute; pitch added to the speaker's, and range of the intonation, both of 0 to 100."""

    speed: int
    pitch: int
    range: int


PROSODY = {"negative": Prosody(148, -12, 25), "neutral": Prosody(162, 0, 50), "positive": Prosody(175, 12, 80)}

_SPEED, _PITCH, _RANGE = 1, 3, 4  # parameters of espeak-ng
_WORD, _END, _PHONEME = 1, 5, 7  # its event types
_BEFORE, _AFTER = 0.03, 0.05  # silence kept around a sentence [s]


@dataclass(frozen=True, eq=False)
class Spoken:
    """One spoken sentence.

    Attributes
    ----------
    samples : ndarray of float64, shape (n,)
        Mono at ``RATE``, -1 to 1; n is a multiple of ``FRAME``.
    words : pandas.DataFrame
        Columns position (from 0), word, onset, offset [s from the first sample].
    phonemes : pandas.DataFrame
        Columns position (of its word), phoneme (IPA), stress (0 none, 1 primary, 2 secondary), onset, offset [s].
    """

    samples: np.ndarray
    words: pd.DataFrame
    phonemes: pd.DataFrame


def say(text: str, *, speaker: str = "ada", affect: str = "neutral") -> Spoken:
    """Say one sentence.

    Parameters
    ----------
    text : str
        English, in plain letters.
    speaker : str
        One of ``SPEAKERS``.
    affect : str
        One of ``PROSODY``.

    Returns
    -------
    Spoken
        The same arguments give the same bytes.

    Raises
    ------
    ground.WrongUse
        No such speaker or affect.
    ground.DamagedData
        espeak-ng did not report every word, as with digits or abbreviations.
    """
    for kind, name, known in (("speaker", speaker, SPEAKERS), ("affect", affect, PROSODY)):
        if name not in known:
            raise ground.unknown(kind, name, known)
    (variant, height), prosody = SPEAKERS[speaker], PROSODY[affect]
    pitch = max(0, min(100, height + prosody.pitch))
    parameters = ((_SPEED, prosody.speed), (_PITCH, pitch), (_RANGE, prosody.range))
    rate, events, raw = in_fresh_process(_kept_apart(text), f"en-us+{variant}", parameters)
    phonemes = _phonemes(text, [(kind, sample / rate, at, name) for kind, sample, at, _, name in events])
    silence = int(_BEFORE * rate)
    start, stop = (round(time * rate) for time in (phonemes["onset"].iloc[0], phonemes["offset"].iloc[-1] + _AFTER))
    samples = np.pad(np.frombuffer(raw, "<i2")[start:stop] / 32768, (silence, 0))
    phonemes[["onset", "offset"]] += (silence - start) / rate
    return Spoken(_resampled(samples, rate), _words(text, phonemes), phonemes)


def _kept_apart(text: str) -> str:
    """Text whose words a no-break space joins: else espeak-ng speaks and reports "of the" as one word."""
    return re.sub(r"(?<=[A-Za-z']) (?=[A-Za-z'])", "\u00a0", text)


def _phonemes(text: str, events: list[tuple[int, float, int, str]]) -> pd.DataFrame:
    """Phonemes with the word each belongs to; a phoneme lasts until the next one, a pause or the end of a clause."""
    _check_reported(text, [at for kind, _, at, _ in events if kind == _WORD])
    rows, position = [], -1
    for kind, time, _, name in events:
        if kind in (_PHONEME, _END) and rows and np.isnan(rows[-1][-1]):
            rows[-1][-1] = time
        position += kind == _WORD
        if kind == _PHONEME and name:
            stress = "ˈˌ".find(name[0]) + 1
            rows.append([position, name.lstrip("ˈˌ"), stress, time, np.nan])
    return pd.DataFrame(rows, columns=["position", "phoneme", "stress", "onset", "offset"])


def _check_reported(text: str, reported: list[int]) -> None:
    starts = [match.start() + 1 for match in re.finditer(r"[A-Za-z']+", text)]
    if reported != starts:
        raise ground.DamagedData(f"espeak-ng reported words at {reported}, but they begin at {starts} in {text!r}")


def _words(text: str, phonemes: pd.DataFrame) -> pd.DataFrame:
    spans = phonemes.groupby("position").agg(onset=("onset", "first"), offset=("offset", "last"))
    words = [word.lower() for word in re.findall(r"[A-Za-z']+", text)]
    if len(spans) != len(words):
        raise ground.DamagedData(f"espeak-ng gave phonemes for {len(spans)} of the {len(words)} words of {text!r}")
    spans.insert(0, "word", words)
    return spans.reset_index()


def _resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    from scipy.signal import resample_poly

    common = np.gcd(rate, RATE)
    out = resample_poly(samples, RATE // common, rate // common)
    return np.pad(out, (0, -len(out) % FRAME))
