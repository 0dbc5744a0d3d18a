"""EEG of listeners to an audiobook of "The Old Man and the Sea" (OpenNeuro ds004408), in its publisher's layout.

Comes in: a folder that holds ``ds004408``: BrainVision recordings in BIDS, and in ``stimuli`` a sound file and a
TextGrid of words and phonemes for each run. Goes out: an ``EEGRecording`` whose segments are the runs. The publisher
marks no sentences: they are cut here, at pauses, and are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib import ground
from lib.recordings import bids, spoken
from lib.recordings.cards import described
from lib.recordings.files import damaged, found, remedy
from lib.recordings.narrative import EEGRecording
from lib.recordings.textgrid import is_mark, read_tiers

if TYPE_CHECKING:
    import mne

NAME = "ds004408"
TASK = "listening"
TIERS = {"word": ("WORD", "WORDS"), "phoneme": ("PHONEME", "PHONEMES", "PHONE", "PHONES")}
"""Names of tiers in capitals, the publisher's first."""
_IPA = """
AA ɑ, AE æ, AH ʌ, AO ɔ, AW aʊ, AY aɪ, B b, CH tʃ, D d, DH ð, EH ɛ, ER ɝ, EY eɪ, F f,
G ɡ, HH h, IH ɪ, IY i, JH dʒ, K k, L l, M m, N n, NG ŋ, OW oʊ, OY ɔɪ, P p, R ɹ,
S s, SH ʃ, T t, TH θ, UH ʊ, UW u, V v, W w, Y j, Z z, ZH ʒ
"""
ARPABET = dict(pair.split() for pair in _IPA.split(","))
"""IPA of the aligner's phonemes; an unstressed AH is ə."""


def load(
    root: str | Path | None = None,
    *,
    subjects: int | Sequence[str] | None = None,
    runs: int | Sequence[int] | None = None,
    pause: float = 0.5,
    shortest: float = 1.0,
) -> EEGRecording:
    """Load EEG of listeners to "The Old Man and the Sea".

    Parameters
    ----------
    root : path, optional
        Folder that holds ``ds004408``. Default: ``ALIKE_DATA`` where it has it, else the cache. It is not downloaded.
    subjects : int or sequence of str, optional
        How many listeners, from the first, or which ("001" to "019"). Default: everybody who heard all `runs`.
    runs : int or sequence of int, optional
        How many runs, from the first, or which (1 to 20; each lasts about three minutes). Default: all there are, or,
        where `subjects` are named, those that all of them heard.
    pause : float
        The publisher marks words and no sentences. A sentence ends where nobody speaks for so many seconds,
    shortest : float
        provided that it has lasted as many seconds as this; a shorter rest of a run belongs to the sentence before.

    Returns
    -------
    EEGRecording
        128 channels (biosemi128) at 512 Hz, unfiltered and without a reference: choose one before anything else. Runs
        follow each other in ``raw`` as if without a break ("EDGE boundary" marks where they meet); nothing is read
        from disk before it is asked for. Channels that the publisher marks as bad in any run are marked in all.
        Margins of a response never reach into another run; near the ends of a run they are shorter.

    Raises
    ------
    ground.WrongUse
        No such subject or run, or a pause or length that is not positive.
    ground.MissingData
        A file is not there or only git-annex's pointer to it, or nobody heard all that was asked for.
    ground.DamagedData
        A file is not what its publisher describes.

    References
    ----------
    Di Liberto, O'Sullivan & Lalor (2015), Current Biology 25(19); Broderick et al. (2018), Current Biology 28(5).
    """
    if not (pause > 0 and shortest >= 0):
        raise ground.WrongUse(f"pause={pause} and shortest={shortest}: give seconds, pause more than 0")
    facts, folder = described(NAME), found(NAME, root)
    have = {who: _runs(folder, who) for who in bids.subjects(folder)}
    who, numbers = spoken.chosen(have, subjects, runs, name=NAME, kind="runs")
    tables, phonemes = _tables(folder, numbers, facts["card"]["rate"], pause, shortest)
    recordings = [_present(folder, one, number) for one in who for number in numbers]
    room = tables.room(_around(folder, who, numbers, tables))
    read = lru_cache(maxsize=2)(partial(_raw, folder, facts["card"], numbers, tables))
    notes = {"recording": NAME, "simulated": False}
    return EEGRecording(
        **facts,
        stimuli=tables.stimuli,
        subjects=who,
        fingerprint=spoken.fingerprint(NAME, folder, tables, recordings, who, facts["card"]["version"]),
        read_audio=partial(spoken.audio, NAME, folder, tables),
        read_responses=partial(spoken.responses, read, tables.durations, notes, room),
        segments=tables.segments,
        words=tables.words,
        phonemes=phonemes,
        rate=float(facts["card"]["rate"]),
        read_raw=lambda subject: read(subject).copy(),
    )


def faults(folder: Path) -> list[str]:
    """What is wrong with any recording that is there, a line each; those that are not there are no fault."""
    facts = described(NAME)["card"]
    there = [(who, run) for who in bids.subjects(folder) for run in _runs(folder, who)]
    headers = {one: _stem(folder, *one).with_suffix(".vhdr") for one in there}
    here = [one for one in there if headers[one].is_file() and not bids.is_pointer(headers[one])]
    return spoken.faults(partial(_run, folder, facts, *one) for one in here)


def sentence_numbers(words: pd.DataFrame, *, pause: float, shortest: float) -> np.ndarray:
    """Number of the sentence of each word of a run, from 1: our rule, as ``load`` states it.

    Parameters
    ----------
    words : pandas.DataFrame
        onset and offset [s], in order of time.
    pause, shortest : float
        As for ``load`` [s].
    """
    onset, offset = words["onset"].to_numpy(float), words["offset"].to_numpy(float)
    starts = [0]
    for last in range(len(words) - 1):
        is_pause = onset[last + 1] - offset[last] >= pause - spoken.TINY
        if is_pause and offset[last] - onset[starts[-1]] >= shortest:
            starts.append(last + 1)
    if len(starts) > 1 and offset[-1] - onset[starts[-1]] < shortest:
        starts.pop()
    return np.searchsorted(starts, np.arange(len(words)), side="right")


def _runs(folder: Path, subject: str) -> tuple[int, ...]:
    labels = bids.runs(folder, subject, task=TASK)
    if None in labels or not all(label.isdigit() for label in labels):
        raise damaged(NAME, folder / f"sub-{subject}", f"numbered runs, got {labels}")
    return tuple(int(label) for label in labels)


def _stem(folder: Path, subject: str, run: int) -> Path:
    return folder / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-{TASK}_run-{run:02d}_eeg"


def _header(folder: Path, subject: str, run: int) -> Path:
    path = _stem(folder, subject, run).with_suffix(".vhdr")
    return spoken.readable(NAME, path, "a BrainVision header")


def _present(folder: Path, subject: str, run: int) -> Path:
    """The samples of a run, once header and samples are known to be there with their content."""
    try:
        return bids.samples_of(_header(folder, subject, run))
    except ground.MissingData as error:
        raise ground.MissingData(f"{NAME}: {error}. {remedy(NAME)}") from error


def _around(
    folder: Path, subjects: Sequence[str], runs: Sequence[int], tables: spoken.Tables
) -> dict[str, tuple[float, float]]:
    """Seconds of EEG that all have before (none) and after each run's sound."""
    around, spoken_until = {}, tables.stimuli.groupby("segment")["stop"].max()
    for run, (name, duration) in zip(runs, tables.segments["duration"].items(), strict=True):
        headers = [_header(folder, subject, run) for subject in subjects]
        lasts, shortest = min((bids.brainvision_seconds(header), header) for header in headers)
        if lasts < spoken_until[name]:
            reason = f"the words of audio{run:02d} end at {spoken_until[name]:.3f} s, the EEG at {lasts:.3f} s"
            raise damaged(NAME, shortest, f"a recording longer than its sound; {reason}")
        around[name] = (0.0, lasts - duration)
    return around


def _tables(
    folder: Path, runs: Sequence[int], rate: float, pause: float, shortest: float
) -> tuple[spoken.Tables, pd.DataFrame]:
    sounds = spoken.sound_files(NAME, folder, {f"segment-{run:02d}": f"stimuli/audio{run:02d}.wav" for run in runs})
    parts = [_aligned(folder, run, sounds.loc[f"segment-{run:02d}", "duration"], pause, shortest) for run in runs]
    words, phonemes = (pd.concat(each, ignore_index=True) for each in zip(*parts, strict=True))
    tables = spoken.tabulated(words, sounds, rate=rate, speaker="narrator")
    return tables, spoken.from_sentence(phonemes, tables.stimuli)[list(spoken.PHONEMES)]


def _aligned(
    folder: Path, run: int, duration: float, pause: float, shortest: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Words and phonemes of one run, with their sentences."""
    path = folder / "stimuli" / f"audio{run:02d}.TextGrid"
    spoken.readable(NAME, path, "words and phonemes of a run")
    try:
        tiers = read_tiers(path)
    except ValueError as error:
        raise damaged(NAME, path, f"a TextGrid; {error}") from error
    words, phonemes = (_spoken(path, tiers, kind) for kind in TIERS)
    spoken.check_words(NAME, path, words, duration)
    numbers = sentence_numbers(words, pause=pause, shortest=shortest)
    words = words.assign(
        sentence=[f"sentence-{run:02d}-{number:03d}" for number in numbers],
        segment=f"segment-{run:02d}",
        word=words["label"].str.lower(),
    )
    columns = ["sentence", "segment", "word", "onset", "offset"]
    return words[columns], _phonemes(phonemes, words)


def _spoken(path: Path, tiers: Sequence[tuple[str, pd.DataFrame]], kind: str) -> pd.DataFrame:
    """Intervals of a tier in which somebody speaks."""
    names = [name.strip().upper() for name, _ in tiers]
    wanted = next((name for name in TIERS[kind] if name in names), None)
    if wanted is None:
        raise damaged(NAME, path, f"a tier {TIERS[kind][0]}, got {sorted(names)}")
    if names.count(wanted) > 1:
        raise damaged(NAME, path, f"one tier {wanted}, got {names.count(wanted)} of that name (in any case)")
    tier = tiers[names.index(wanted)][1]
    return tier[~tier["label"].map(is_mark).astype(bool)].reset_index(drop=True)


def _phonemes(phonemes: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    """Phonemes in IPA with the word that each lies in (by its middle); those outside of all words are left out."""
    middle = (phonemes["onset"] + phonemes["offset"]) / 2
    word = np.searchsorted(words["onset"], middle, side="right") - 1
    inside = (word >= 0) & (middle.to_numpy() < words["offset"].to_numpy()[word])
    of, phonemes = words.iloc[word[inside]], phonemes[inside]
    position = words.groupby("sentence").cumcount().to_numpy()[word[inside]]
    found = phonemes["label"].str.strip().str.upper().str.extract(r"^(?P<name>.*?)(?P<stress>[012]?)$")
    name = found["name"].map(ARPABET).fillna(phonemes["label"])
    return pd.DataFrame(
        {
            "sentence": of["sentence"].to_numpy(),
            "segment": of["segment"].to_numpy(),
            "position": position,
            "phoneme": name.mask((found["name"] == "AH") & (found["stress"] == "0"), "ə").to_numpy(),
            "stress": found["stress"].replace("", "0").astype(int).to_numpy(),
            "onset": phonemes["onset"].to_numpy(),
            "offset": phonemes["offset"].to_numpy(),
        }
    )


def _raw(
    folder: Path, card: Mapping[str, Any], runs: Sequence[int], tables: spoken.Tables, subject: str
) -> mne.io.BaseRaw:
    """All chosen runs of a subject one after the other, marked; samples stay on disk."""
    raws = [_run(folder, card, subject, run) for run in runs]
    bads = [name for name in raws[0].ch_names if any(name in raw.info["bads"] for raw in raws)]
    for raw in raws:
        raw.info["bads"] = bads  # they differ from run to run, and one recording has one list
    starts = np.cumsum([0, *(raw.n_times for raw in raws[:-1])]) / card["rate"]
    return spoken.marked_up(bids.joined(raws), dict(zip(tables.segments.index, starts, strict=True)), tables)


def _run(folder: Path, card: Mapping[str, Any], subject: str, run: int) -> mne.io.BaseRaw:
    raw = bids.read_raw(folder, subject, task=TASK, run=f"{run:02d}", montage=card["montage"])
    eeg = [raw.ch_names[k] for k in bids.eeg_channels(raw)]
    if raw.info["sfreq"] != card["rate"] or len(eeg) != card["channels"]:
        got = f"{len(eeg)} at {raw.info['sfreq']:g} Hz"
        raise damaged(
            NAME, _stem(folder, subject, run), f"{card['channels']} EEG channels at {card['rate']} Hz, got {got}"
        )
    if raw.info["line_freq"] is None:
        raw.info["line_freq"] = card["line_freq"]  # the sidecar files say n/a
    return raw
