"""The pocket story told aloud: twelve sound files, and when each sentence, word and phoneme is heard.

Comes in: the story and its narrators. Goes out: a ``Telling``, kept in the cache, the same bytes on every run. The EEG
and the fMRI listeners of the pocket world hear this telling.
"""

from __future__ import annotations

import io
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib import ground, provenance
from lib.recordings.pocket.folders import content_fingerprint, kept_folder
from lib.recordings.pocket.story import text as story
from lib.recordings.pocket.story.narrator import RATE, Spoken, say

LEAD = 0.25
"""Silence before the first sentence of a segment and after its last [s]."""
PAUSE, BREAK = 0.375, 0.75
"""Silence between two sentences, and between two passages [s]; multiples of 1/128 s, as `LEAD` is."""
LEVEL = 0.06
"""Root mean square of a segment, as a fraction of full scale: all speakers are equally loud."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Telling:
    """The spoken story.

    Attributes
    ----------
    folder : pathlib.Path
        Where its sound files lie.
    sentences : pandas.DataFrame
        One row per sentence: those of ``story.sentences()`` and category (its affect), duration [s], rate [Hz], file,
        start and stop [s] within that file.
    segments : pandas.DataFrame
        One row per segment: speaker, sentences (how many), duration [s], rate [Hz], file.
    words : pandas.DataFrame
        Those of ``story.words()`` and segment, onset and offset [s from the start of the sentence].
    phonemes : pandas.DataFrame
        sentence, segment, position (of its word), phoneme (IPA), stress, onset and offset [s from the sentence].
    fingerprint : str
        Hash of all of it.
    """

    folder: Path
    sentences: pd.DataFrame = field(repr=False)
    segments: pd.DataFrame = field(repr=False)
    words: pd.DataFrame = field(repr=False)
    phonemes: pd.DataFrame = field(repr=False)
    fingerprint: str

    def audio(self, name: str) -> tuple[np.ndarray, int]:
        """Samples (float32, -1 to 1) and rate of a sentence or of a whole segment."""
        if name in self.segments.index:
            return self._read(self.segments.loc[name, "file"], 0.0, None)
        row = self.sentences.loc[name]
        return self._read(row["file"], row["start"], row["stop"])

    def _read(self, file: str, start: float, stop: float | None) -> tuple[np.ndarray, int]:
        with wave.open(str(self.folder / file)) as wav:
            rate, first = wav.getframerate(), round(start * wav.getframerate())
            wav.setpos(first)
            raw = wav.readframes((wav.getnframes() if stop is None else round(stop * rate)) - first)
        return np.frombuffer(raw, "<i2").astype(np.float32) / 32768, rate


def tell(segments: int | None = None, root: str | Path | None = None) -> Telling:
    """Have the story told, or take the telling from the cache.

    Parameters
    ----------
    segments : int, optional
        How many segments, from the first. Default: all twelve.
    root : path, optional
        Folder that holds the telling's own folder. Default: the cache.

    Raises
    ------
    ground.WrongUse
        The story has not so many segments.
    """
    texts = story.sentences()
    every = texts["segment"].unique()
    count = len(every) if segments is None else segments
    if not 1 <= count <= len(every):
        raise ground.WrongUse(f"segments={segments}: the story has {len(every)}, ask for 1 to {len(every)}")
    code = provenance.code(__name__)
    key = ground.fingerprint(code, story.FILE.read_bytes(), str(count))
    folder = kept_folder(f"pocket-telling-{key}", partial(_make, texts[texts["segment"].isin(every[:count])]), root)
    tables = {name: pd.read_csv(folder / f"{name}.csv", keep_default_na=False) for name in _TABLES}
    tables |= {name: tables[name].set_index("name") for name in ("sentences", "segments")}
    return Telling(folder=folder, fingerprint=content_fingerprint(folder), **tables)


_TABLES = ("sentences", "segments", "words", "phonemes")


def _make(texts: pd.DataFrame, folder: Path) -> None:
    with ThreadPoolExecutor(2) as two:  # espeak-ng works in processes of its own
        spoken = list(two.map(_said, texts[["text", "speaker", "affect"]].itertuples(index=False)))
    texts = texts.assign(category=texts["affect"], duration=[len(one.samples) / RATE for one in spoken], rate=RATE)
    parts, segments = [], []
    for name, part in texts.groupby("segment", sort=False):
        part = _placed(part)
        duration = part["stop"].iloc[-1] + LEAD
        sounds = [spoken[order - 1].samples for order in part["order"]]
        (folder / part["file"].iloc[0]).write_bytes(_wav(part, sounds, duration))
        parts.append(part)
        segments.append((name, part["speaker"].iloc[0], len(part), duration, RATE, part["file"].iloc[0]))
    pd.concat(parts).to_csv(folder / "sentences.csv")
    columns = ["name", "speaker", "sentences", "duration", "rate", "file"]
    pd.DataFrame(segments, columns=columns).to_csv(folder / "segments.csv", index=False)
    _timed(texts, [one.words for one in spoken]).merge(story.words()).to_csv(folder / "words.csv", index=False)
    _timed(texts, [one.phonemes for one in spoken]).to_csv(folder / "phonemes.csv", index=False)


def _said(sentence: tuple[str, str, str]) -> Spoken:
    text, speaker, affect = sentence
    return say(text, speaker=speaker, affect=affect)


def _placed(part: pd.DataFrame) -> pd.DataFrame:
    """Give the sentences of one segment their file, start and stop."""
    gaps = np.where(part["affect"] == part["affect"].shift(), PAUSE, BREAK)
    gaps[0] = LEAD
    stop = np.cumsum(gaps + part["duration"])
    return part.assign(file=f"{part['segment'].iloc[0]}.wav", start=stop - part["duration"], stop=stop)


def _wav(part: pd.DataFrame, sounds: list[np.ndarray], duration: float) -> bytes:
    samples = np.zeros(round(duration * RATE))
    for start, sound in zip(part["start"], sounds, strict=True):
        samples[round(start * RATE) :][: len(sound)] = sound
    samples *= LEVEL / samples.std()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as wav:
        wav.setparams((1, 2, RATE, len(samples), "NONE", "not compressed"))
        wav.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def _timed(texts: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of all sentences under each other, with the names of sentence and segment, times rounded to 0.1 ms."""
    named = [
        table.assign(sentence=name, segment=segment).round({"onset": 4, "offset": 4})
        for (name, segment), table in zip(texts["segment"].items(), tables, strict=True)
    ]
    return pd.concat(named, ignore_index=True)
