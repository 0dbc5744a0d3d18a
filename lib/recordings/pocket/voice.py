"""A speaking voice: text in, speech with word and phoneme times out, by espeak-ng.

Each utterance is spoken in a fresh process (see ``espeak``), so that the same words give the same samples whenever
and in whatever order they are spoken.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from lib import ground
from lib.recordings.pocket import espeak

SPEAKERS = {
    "man": ("m3", 50),
    "young man": ("m1", 65),
    "deep man": ("m8", 30),
    "woman": ("Annie", 40),
    "low woman": ("linda", 20),
    "old woman": ("grandma", 45),
    "girl": ("anika", 50),
    "boy": ("f1", 85),
    "robot": ("robosoft", 50),
}
"""Speakers: a voice variant of espeak-ng and the height of its pitch, 0 to 100.

Variants that add breath (f2, f3, f5, victor, ...) read memory that nobody has set and differ from run to run.
"""

_WORD, _PHONEME = 1, 7  # event types
_SPEED, _PITCH, _RANGE = 1, 3, 4  # parameters


@dataclass(frozen=True, eq=False)
class Utterance:
    """Speech and when its words and phonemes begin and end.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, -1 to 1.
    rate : int
        Samples per second (22,050).
    words, phonemes : pandas.DataFrame
        Columns text, onset, offset [s from the start of `samples`].
    """

    samples: np.ndarray
    rate: int
    words: pd.DataFrame
    phonemes: pd.DataFrame


def speak(
    text: str, *, speaker: str = "man", language: str = "en-us", speed: int = 165, pitch: int = 0, expression: int = 50
) -> Utterance:
    """Speak a text.

    Parameters
    ----------
    text : str
        What to say, in `language`.
    speaker : str
        One of ``SPEAKERS``.
    language : str
        A voice of espeak-ng, such as "en-us", "fr", "de", "it", "es", "ru", "hi", "cmn".
    speed : int
        Words per minute, 80 to 450.
    pitch : int
        Added to the height of the speaker's pitch; the sum is kept within 0 to 100.
    expression : int
        Range of the intonation, 0 to 100.

    Returns
    -------
    Utterance
        The same arguments give the same bytes.

    Raises
    ------
    ground.WrongUse
        No such speaker or language.
    ground.MissingData
        espeak-ng does not start.
    """
    if speaker not in SPEAKERS:
        raise ground.unknown("speaker", speaker, SPEAKERS)
    variant, height = SPEAKERS[speaker]
    parameters = ((_SPEED, speed), (_PITCH, max(0, min(100, height + pitch))), (_RANGE, expression))
    rate, events, raw = in_fresh_process(text, f"{language}+{variant}", parameters)
    samples = np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    words = [(text[at - 1 : at - 1 + length], start / rate) for kind, start, at, length, _ in events if kind == _WORD]
    phonemes = [(name, start / rate) for kind, start, _, _, name in events if kind == _PHONEME and name]
    return Utterance(samples, rate, *(_spans(rows, len(samples) / rate) for rows in (words, phonemes)))


def in_fresh_process(text: str, voice: str, parameters: Iterable[tuple[int, int]]) -> tuple[int, list, bytes]:
    """Speak once, in a process that has never spoken.

    Parameters
    ----------
    text : str
        What to say.
    voice : str
        Language and variant of espeak-ng, such as "en-us+m3".
    parameters : iterable of (int, int)
        Numbers and values of espeak-ng's own parameters: 1 speed, 3 pitch, 4 range.

    Returns
    -------
    rate : int
        Samples per second.
    events : list
        Type, sample, position in the text (from 1), length in the text, and name of each event: type 1 is a word, 7 a
        phoneme (nameless in a pause), 5 the end of a clause.
    raw : bytes
        16-bit little-endian samples.
    """
    import espeakng_loader

    with _short_path(Path(espeakng_loader.get_data_path())) as data:
        order = {"library": str(espeakng_loader.get_library_path()), "data": str(data), "voice": voice, "text": text}
        order["parameters"] = list(parameters)
        command = [sys.executable, "-I", "-S", espeak.__file__]
        done = subprocess.run(command, input=json.dumps(order).encode(), capture_output=True, check=False, timeout=120)
    if done.returncode == 2:
        raise ground.WrongUse(f"espeak-ng has no voice {voice!r}")
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ground.MissingData(f"espeak-ng did not start ({why}): reinstall the package espeakng-loader")
    head, _, raw = done.stdout.partition(b"\n")
    return *json.loads(head).values(), raw


@contextmanager
def _short_path(data: Path) -> Iterator[Path]:
    """The data folder itself, or a link to it: espeak-ng cuts a path off after about 140 characters."""
    if len(str(data)) < 120:
        yield data
        return
    with TemporaryDirectory(prefix="espeak") as scratch:
        (Path(scratch) / data.name).symlink_to(data, target_is_directory=True)
        yield Path(scratch) / data.name


def _spans(rows: list[tuple[str, float]], end: float) -> pd.DataFrame:
    """Each span lasts until the next begins; the last until the sound ends."""
    table = pd.DataFrame(rows, columns=["text", "onset"])
    table["offset"] = [*table["onset"][1:], end][: len(table)]
    return table
