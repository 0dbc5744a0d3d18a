"""EEG of listeners to the first chapter of "Alice in Wonderland" (Brennan & Hale 2019), in its publisher's layout.

Comes in: a folder that holds ``alice`` with the publisher's files: a table of words, twelve sound files, and for each
listener a recording and the parameters of its preprocessing. Goes out: an ``EEGRecording``. The table's word onsets
count from the beginning of a sound file; where that lies in a listener's recording is worked out by ``alice_eeg``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import ground
from lib.recordings import spoken
from lib.recordings.cards import described
from lib.recordings.files import damaged, found
from lib.recordings.narrative import EEGRecording
from lib.recordings.public import alice_eeg
from lib.recordings.tables import numbers, read_table

NAME = "alice"
WORDS = "AliceChapterOne-EEG.csv"
SOUND = "audio/DownTheRabbitHoleFinal_SoundFile{number}.wav"
NUMBERS = ("Segment", "onset", "offset", "Order", "Sentence", "LogFreq", "IsLexical")
WHOLE = ("Segment", "Order", "Sentence")
MODELS = ("NGRAM", "RNN", "CFG")
"""Columns of surprisal: of a trigram model, a recurrent network, and a context-free grammar."""


def load(
    root: str | Path | None = None,
    *,
    subjects: int | Sequence[str] | None = None,
    segments: int | Sequence[int] | None = None,
    surprisal: str = "CFG",
    published: Sequence[str] = (),
) -> EEGRecording:
    """Load EEG of listeners to the first chapter of "Alice in Wonderland".

    Parameters
    ----------
    root : path, optional
        Folder that holds ``alice``. Default: ``ALIKE_DATA`` where it has it, else the cache. It is not downloaded.
    subjects : int or sequence of str, optional
        How many listeners, from the first, or which ("S01" to "S49"; without parameters of preprocessing nothing says
        when a listener heard what, which leaves 42). Default: those of the 33 of the original study who heard all
        `segments` from beginning to end while they were recorded.
    segments : int or sequence of int, optional
        How many of the twelve sound files, from the first, or which. Default: all, or, where `subjects` are named,
        those that all of them heard: S26, S34, S35 and S36 lack the first.
    surprisal : {"CFG", "RNN", "NGRAM"}
        Which of the publisher's models gives the words' `surprisal`; its unit is not stated. Columns cfg, rnn and ngram
        hold all three. Where a model's values are not all known and positive, they are no surprisals, and the words
        have no such column.
    published : sequence of {"channels", "components"}
        Which of the publisher's rejections to use: "channels" marks those that they left out, "components" takes their
        references (channels 25 and 29, the mastoids) and removes the independent components that they removed.
        Default: none, the EEG is as recorded.

    Returns
    -------
    EEGRecording
        60 channels (easycap M10, at the publisher's template positions) at 500 Hz against channel 29, with an EOG and
        an audio channel beside them. Sentences are the publisher's; one that goes on in the next sound file is two,
        the second with a "b" behind its name. There are no phonemes.

    Raises
    ------
    ground.WrongUse
        No such subject, segment, model or rejection.
    ground.MissingData
        A file is not there, or nobody heard all that was asked for.
    ground.DamagedData
        A file is not what its publisher describes.

    References
    ----------
    Brennan & Hale (2019), PLoS ONE 14(1), e0207741.
    """
    _check(surprisal, published)
    facts, folder = described(NAME), found(NAME, root)
    table = _words(folder)
    begins = _onsets(folder, facts["card"], table, subjects)
    have = {who: list(found) for who, found in begins.items()}
    who, numbers = spoken.chosen(have, subjects, segments, name=NAME, kind="segments", every=set(table["Segment"]))
    tables = _tables(folder, table, numbers, facts["card"]["rate"], surprisal)
    large = [alice_eeg.recording_file(folder, one) for one in who]
    onsets = {one: {f"segment-{n:02d}": begins[one][n] for n in numbers} for one in who}
    # A recording's end is known only once it is read; where it begins, everybody can be given the same margin.
    around = {name: (min(onsets[one][name] for one in who), np.inf) for name in tables.segments.index}
    read = lru_cache(maxsize=2)(partial(alice_eeg.marked_raw, folder, facts["card"], tables, onsets, tuple(published)))
    notes = {"recording": NAME, "simulated": False}
    state = (sorted(onsets.items()), surprisal, tuple(published), facts["card"]["version"])
    return EEGRecording(
        **facts,
        stimuli=tables.stimuli,
        subjects=who,
        fingerprint=spoken.fingerprint(NAME, folder, tables, large, *state),
        read_audio=partial(spoken.audio, NAME, folder, tables),
        read_responses=partial(spoken.responses, read, tables.durations, notes, tables.room(around)),
        segments=tables.segments,
        words=tables.words,
        phonemes=spoken.no_phonemes(),
        rate=float(facts["card"]["rate"]),
        read_raw=lambda subject: read(subject).copy(),
    )


def faults(folder: Path) -> list[str]:
    """What is wrong with any recording that is there, a line each."""
    facts = described(NAME)["card"]
    return spoken.faults(partial(alice_eeg.recorded, folder, facts, who) for who in alice_eeg.subjects(folder))


def _check(surprisal: str, published: Sequence[str]) -> None:
    if surprisal not in MODELS:
        raise ground.unknown("model of surprisal", surprisal, MODELS)
    if isinstance(published, str):
        raise ground.WrongUse(f"published={published!r}: give a list, such as ['channels']")
    for one in published:
        if one not in alice_eeg.REJECTIONS:
            raise ground.unknown("published rejection", one, alice_eeg.REJECTIONS)


def _words(folder: Path) -> pd.DataFrame:
    """The publisher's table, in order of segments and time, checked."""
    path = spoken.readable(NAME, folder / WORDS, "the table of words")
    table = read_table(path, ",", ("Word", *NUMBERS, *MODELS))
    table["IsLexical"] = table["IsLexical"].str.lower().replace({"true": "1", "false": "0"})
    table = table.assign(**{column: numbers(table[column], path) for column in (*NUMBERS, *MODELS)})
    for column in WHOLE:
        if not (table[column] % 1 == 0).all():
            raise damaged(NAME, path, f"whole numbers in the column {column}")
    if table.empty:
        raise damaged(NAME, path, "rows below its header")
    if (table["Word"] == "").any():
        raise damaged(NAME, path, f"a word in every row, got none in row {int(table['Word'].eq('').idxmax()) + 1}")
    table = table.astype(dict.fromkeys(WHOLE, int)).sort_values(["Segment", "onset"], kind="stable", ignore_index=True)
    for _, part in table.groupby("Segment"):
        spoken.check_words(NAME, path, part, np.inf)
    return table


def _onsets(
    folder: Path, card: Mapping[str, Any], table: pd.DataFrame, subjects: int | Sequence[str] | None
) -> dict[str, dict[int, float]]:
    """When each segment began in the recordings of everybody who may be chosen [s], by subject and number."""
    here = alice_eeg.subjects(folder)
    if not here:
        raise ground.MissingData(f"{NAME}: {folder} has no recording with its parameters of preprocessing (proc)")
    counted = subjects is None or isinstance(subjects, int)
    wanted = set(card["used"] if counted else subjects) & set(here)
    onsets = {who: alice_eeg.segment_onsets(folder, card, table, who) for who in here if who in wanted}
    return onsets if counted else {who: onsets.get(who, {}) for who in here}


def _tables(folder: Path, table: pd.DataFrame, numbers: Sequence[int], rate: float, surprisal: str) -> spoken.Tables:
    sounds = spoken.sound_files(NAME, folder, {f"segment-{n:02d}": SOUND.format(number=n) for n in numbers})
    first = table.groupby("Sentence")["Segment"].transform("min")
    table, first = (one[table["Segment"].isin(numbers)] for one in (table, first))
    for number, part in table.groupby("Segment"):
        spoken.check_words(NAME, folder / WORDS, part, sounds.loc[f"segment-{number:02d}", "duration"])
    names = [
        f"sentence-{sentence:03d}{'' if segment == start else 'b'}"
        for sentence, segment, start in zip(table["Sentence"], table["Segment"], first, strict=True)
    ]
    words = pd.DataFrame(
        {
            "sentence": names,
            "segment": [f"segment-{number:02d}" for number in table["Segment"]],
            "word": table["Word"].str.lower(),
            "onset": table["onset"],
            "offset": table["offset"],
            "content": table["IsLexical"] == 1,
            "log_frequency": table["LogFreq"],
            "order": table["Order"],
        }
    ).assign(**{model.lower(): table[model] for model in MODELS})
    if (words[surprisal.lower()] >= 0).all():
        words["surprisal"] = words[surprisal.lower()]
    return spoken.tabulated(words, sounds, rate=rate, speaker="narrator")
