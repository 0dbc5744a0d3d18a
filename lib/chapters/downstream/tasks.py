"""What models are tested on: sounds with labels, and folds that keep apart what a label must not be told by.

Comes in: the name of a task. Goes out: a ``Task``. Three tasks have real sounds (public sets in ``ALIKE_DATA``), four
have sounds of the pocket world. None has a sound of a recording that a model's likeness to cortex is measured on, so
that a sound can't count twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from lib.ground import unknown

TEST_TAKES = 5  # of each digit and speaker: those that their publisher keeps for tests, and no model here learnt from
FOLDS = 5
SPECIMENS, SPECIMENS_OF_MUSIC = 2, 5
WORDS = 20  # of the story: the most frequent that are not function words
SEED = 4271  # of specimens: far from those of recordings and diets


@dataclass(frozen=True, eq=False)
class Task:
    """Sounds, what each is, and the fold that tests it.

    Attributes
    ----------
    name, title : str
    simulated : bool
        Whether the sounds are generated.
    sounds : list of (samples, rate)
    labels : array of str (n,)
    folds : array of int (n,)
    apart : str
        What no two folds share, in words.
    """

    name: str
    title: str
    simulated: bool
    sounds: list = field(repr=False)
    labels: np.ndarray = field(repr=False)
    folds: np.ndarray = field(repr=False)
    apart: str


def environment() -> Task:
    """Environmental sounds in the publisher's five folds (clips of one recording stay together)."""
    from lib.recordings.labelled import environmental_sounds, read

    table = environmental_sounds()
    sounds = [read(file) for file in table["file"]]
    labels, folds = table["category"].to_numpy(str), table["fold"].to_numpy()
    return Task("environment", "kind of environmental sound", False, sounds, labels, folds, "recording")


def spoken_words() -> Task:
    """Which digit is said, tested on a speaker who was not learnt from."""
    return _digits("spoken-words", "spoken digit", "word", "speaker", "speaker")


def spoken_voices() -> Task:
    """Who speaks, tested on digits that were not learnt from."""
    return _digits("spoken-voices", "speaker of a digit", "speaker", "word", "word")


def _digits(name: str, title: str, what: str, over: str, apart: str) -> Task:
    from lib.recordings.labelled import read, spoken_digits

    table = spoken_digits().query("take < @TEST_TAKES", local_dict={"TEST_TAKES": TEST_TAKES})
    groups = np.unique(table[over].to_numpy(str), return_inverse=True)[1]
    folds = groups if over == "speaker" else groups % FOLDS
    sounds = [read(file) for file in table["file"]]
    return Task(name, title, False, sounds, table[what].to_numpy(str), folds, apart)


def pocket_kinds() -> Task:
    """Category of generated sounds, tested on objects that were not learnt from."""
    from lib.recordings.pocket.sounds.catalogue import CATALOGUE

    things = [(category, thing) for category, group in CATALOGUE.items() for thing in group]
    rows = [(category, thing, variant) for category, thing in things for variant in range(1, SPECIMENS + 1)]
    place = {thing: k for group in CATALOGUE.values() for k, thing in enumerate(_shuffled(group))}
    folds = np.array([place[thing] % FOLDS for _, thing, _ in rows])
    labels = np.array([category for category, _, _ in rows])
    sounds = [_specimen(thing, variant) for _, thing, variant in rows]
    return Task("pocket-kinds", "category of a generated sound", True, sounds, labels, folds, "kind of object")


def pocket_music() -> Task:
    """Which of the instruments and bands plays, tested on other pieces."""
    from lib.recordings.pocket.sounds.catalogue import MUSIC

    rows = [(kind, variant) for kind in MUSIC for variant in range(1, SPECIMENS_OF_MUSIC + 1)]
    sounds = [_specimen(*row) for row in rows]
    labels, folds = (np.array(column) for column in zip(*rows, strict=True))
    return Task("pocket-music", "generated instrument", True, sounds, labels, folds, "piece")


def pocket_words() -> Task:
    """Which word of the pocket story is said, cut out of its sentence, tested on a voice that was not learnt from."""
    from lib.recordings.pocket.story.telling import tell

    telling = tell()
    words = telling.words[telling.words["content"]]
    words = words[words["word"].isin(words["word"].value_counts().index[:WORDS])]
    voice = telling.sentences["speaker"].loc[words["sentence"]].to_numpy(str)
    sounds = [_cut(*telling.audio(row.sentence), row.onset, row.offset) for row in words.itertuples()]
    folds = np.unique(voice, return_inverse=True)[1]
    return Task("pocket-words", "word of a simulated voice", True, sounds, words["word"].to_numpy(str), folds, "voice")


def pocket_moods() -> Task:
    """In which mood a sentence of the pocket story is said, tested on another part of what each voice tells."""
    from lib.recordings.pocket.story.telling import tell

    telling = tell()
    table = telling.sentences
    pairs = table[["speaker", "segment"]].drop_duplicates()  # each voice tells several: its n-th segment is fold n
    nth = dict(zip(pairs["segment"], pairs.groupby("speaker").cumcount(), strict=True))
    folds, labels = table["segment"].map(nth).to_numpy(), table["affect"].to_numpy(str)
    sounds = [telling.audio(sentence) for sentence in table.index]
    return Task("pocket-moods", "mood of a simulated voice", True, sounds, labels, folds, "part of the story")


TASKS: dict[str, Callable[[], Task]] = {
    "environment": environment,
    "spoken-words": spoken_words,
    "spoken-voices": spoken_voices,
    "pocket-kinds": pocket_kinds,
    "pocket-music": pocket_music,
    "pocket-words": pocket_words,
    "pocket-moods": pocket_moods,
}


def task(name: str) -> Task:
    """A task by its name.

    Raises
    ------
    lib.ground.WrongUse
        If there is no such task.
    lib.ground.MissingData
        If its sounds are not on this machine.
    """
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]()


def _specimen(thing: str, variant: int) -> tuple[np.ndarray, int]:
    from lib.recordings.pocket.sounds.elements import RATE
    from lib.recordings.pocket.sounds.specimens import specimen

    return specimen(thing, seed=SEED, variant=variant).astype(np.float32) / 32768, RATE


def _cut(samples: np.ndarray, rate: int, onset: float, offset: float) -> tuple[np.ndarray, int]:
    return samples[round(onset * rate) : round(offset * rate)], rate


def _shuffled(group: Iterable[str]) -> list[str]:
    """Objects of a category in an order that has nothing to do with what they are."""
    return sorted(group, key=_mixed)


def _mixed(thing: str) -> int:
    return zlib.crc32(thing.encode())
