"""What the small models are fed: sounds from the recordings' room, and public sets, as ``Diet`` records.

Comes in: the name of a diet. Goes out: its training sounds and those held out, mono at 16 kHz. The rooms do not know
each other, so this is where sounds of one become lessons of another. No sound of a recording with brains is among
them: the story's voices say its sentences with other speakers and moods than in the telling, and never the last two
segments; the pieces of music are other specimens than those of the pocket sounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lib.ground import cache_folder, fingerprint, replacing, unknown
from lib.recordings.labelled import environmental_sounds, folder, read, spoken_digits
from lib.training.loop import Clip, Diet

RATE = 16_000
LAST_SEGMENTS = ("segment-11", "segment-12")  # of the story: nobody trains on their sentences
TAKES_HELD_OUT = 5  # of each digit and speaker: the test takes of their publisher
FOLD_HELD_OUT = 5
PIECES, PIECES_HELD_OUT = 20, 2  # variants of each kind of music
ONE_IN = 12  # files of packages that are held out
LONGEST = 120  # seconds of a piece of music, from its middle
SHORTEST = 0.15  # seconds of a file
SPOKEN = 5000  # files of speech, drawn from all
MUSIC_SEED = 7919  # far from those the recordings use
SOURCES = {
    "digits": "free-spoken-digit-dataset, Z. Jackson and others, 6 speakers (CC BY-SA 4.0)",
    "voices": "pocket story voices, simulated: espeak-ng speech of this project's text (BSD-3-Clause)",
    "environment": "ESC-10, K. J. Piczak; authors of the clips are in its README (CC BY 3.0, some clips CC0)",
    "music": "pocket music and songs, simulated: made by this project's generators (BSD-3-Clause)",
    "languages": "names of things in some fifty languages, from tuxpaint-stamps-default (GPL-2), klettres-data and "
    "ktuberling-data (GPL-2+)",
    "orchestra": "music of wesnoth-1.16-music (GPL-2+) and widelands-data (GPL-2+)",
    "effects": "animals, tools and weapons of wesnoth-1.16-data (GPL-2+), widelands-data (GPL-2+) and "
    "tuxpaint-stamps-default (GPL-2)",
}
PACKAGES = {
    "languages": (
        ("tuxpaint-stamps-default", "**/*_desc*.ogg"),
        ("tuxpaint-stamps-default", "**/symbols/**/*.ogg"),
        ("klettres-data", "**/*.ogg"),
        ("ktuberling-data", "**/*.ogg"),
    ),
    "orchestra": (("wesnoth-1.16-music", "**/*.ogg"), ("widelands-data", "**/music/*.ogg")),
    "effects": (
        ("wesnoth-1.16-data", "**/*.ogg"),
        ("widelands-data", "**/sound/**/*.ogg"),
        ("tuxpaint-stamps-default", "**/stamps/[!s]*/**/*.ogg"),
    ),
}
"""Sounds of Debian's data packages, unpacked into folders of their names: patterns of files."""


def collect(name: str) -> Diet:
    """Collect the sounds of a diet.

    Parameters
    ----------
    name : str
        One of ``DIETS``: digits, voices, speech (both), environment, music, and languages, orchestra, effects, which
        are of Debian's data packages.

    Raises
    ------
    lib.ground.WrongUse
        If there is no such diet.
    lib.ground.MissingData
        If a public set is not on this machine; the message says where to get it.
    """
    if name not in DIETS:
        raise unknown("diet", name, DIETS)
    return DIETS[name]()


def digits() -> Diet:
    """Spoken digits: takes 5 to 49 to train on, takes 0 to 4 held out."""
    clips = [(row.take < TAKES_HELD_OUT, Clip(_read(row.file), row.word)) for row in spoken_digits().itertuples()]
    return _diet("digits", clips, "digits")


def voices() -> Diet:
    """Sentences of the pocket story by the speakers that do not say them there; held-out segments by one of them."""
    rows = _other_voices()
    with ThreadPoolExecutor(2) as two:  # espeak-ng works in processes of its own
        spoken = list(two.map(_said, rows))
    clips = [(row[0] in LAST_SEGMENTS, clip) for row, clip in zip(rows, spoken, strict=True)]
    return _diet("voices", clips, "voices")


def speech() -> Diet:
    """Digits and voices; the digits of all speakers follow each other with short pauses."""
    digit, voice = digits(), voices()
    train, held_out = (_numbers(clips) for clips in (digit.train, digit.held_out))
    sources = {**digit.sources, **voice.sources}
    return Diet(name="speech", sources=sources, train=train + voice.train, held_out=held_out + voice.held_out)


def environment() -> Diet:
    """Environmental sounds with their class: folds 1 to 4 to train on, fold 5 held out."""
    sounds = environmental_sounds().itertuples()
    clips = [(row.fold == FOLD_HELD_OUT, Clip(_read(row.file), row.category)) for row in sounds]
    return _diet("environment", clips, "environment")


def music() -> Diet:
    """Instruments, bands and songs of the pocket world, in new specimens, up to half an octave higher or lower."""
    from lib.recordings.pocket.sounds.catalogue import MUSIC, SONG

    kinds = [kind for kind in {**MUSIC, **SONG} if kind != "rap song"]
    wanted = [(kind, variant) for variant in range(1, PIECES + PIECES_HELD_OUT + 1) for kind in kinds]
    made = _kept("music", fingerprint(str(wanted), str(MUSIC_SEED)), lambda: [_piece(*piece) for piece in wanted])
    clips = [(variant > PIECES, Clip(samples, kind)) for (kind, variant), samples in zip(wanted, made, strict=True)]
    return _diet("music", clips, "music")


def languages() -> Diet:
    """Names of things and letters, spoken by people in some fifty languages; labels are the languages."""
    files = _files("languages")
    drawn = np.sort(np.random.default_rng(0).permutation(len(files))[:SPOKEN])
    return _from_files("languages", [files[k] for k in drawn], _language)


def orchestra() -> Diet:
    """Music of computer games, most of it for orchestra: the middle of each piece."""
    return _from_files("orchestra", _files("orchestra"), _unnamed)


def effects() -> Diet:
    """Animals, tools, weapons and machines of computer games."""
    spoken = set(_files("languages"))
    return _from_files("effects", [file for file in _files("effects") if file not in spoken], _unnamed)


DIETS: dict[str, Callable[[], Diet]] = {
    "digits": digits,
    "voices": voices,
    "speech": speech,
    "environment": environment,
    "music": music,
    "languages": languages,
    "orchestra": orchestra,
    "effects": effects,
}


def _files(diet) -> list[Path]:
    """All files of a diet of packages, in one order everywhere."""
    found = (sorted(folder(package).glob(pattern)) for package, pattern in PACKAGES[diet])
    return list(dict.fromkeys(file for files in found for file in files))


def _from_files(name, files, label) -> Diet:
    """A diet of files: every so many is held out; those that are short or silent are left out."""
    with ThreadPoolExecutor(2) as two:
        sounds = list(two.map(_middle, files))
    clips = [Clip(samples, label(file)) for file, samples in zip(files, sounds, strict=True)]
    heard = [clip for clip in clips if len(clip.samples) >= SHORTEST * RATE and clip.samples.std() > 1e-4]
    return _diet(name, [(k % ONE_IN == 0, clip) for k, clip in enumerate(heard)], name)


def _unnamed(file: Path) -> str:
    return ""


def _language(file: Path) -> str:
    """Language of a file of speech, from its name (``..._desc_fr.ogg``) or its folder; English says nothing of it."""
    if "tuxpaint" in file.parts:
        code = re.search(r"_([a-z]{2}(_[A-Za-z]{2})?)$", file.stem)
        return code[1].lower() if code else "en"
    parent = file.parts[file.parts.index("sounds") + 1] if "sounds" in file.parts else file.parent.parent.name
    return parent.lower()


def _middle(file) -> np.ndarray:
    samples = _read(file)
    start = max(0, (len(samples) - LONGEST * RATE) // 2)
    return samples[start : start + LONGEST * RATE]


def _diet(name, clips, *sources) -> Diet:
    train = tuple(clip for unseen, clip in clips if not unseen)
    held_out = tuple(clip for unseen, clip in clips if unseen)
    return Diet(name=name, sources={source: SOURCES[source] for source in sources}, train=train, held_out=held_out)


def _read(file) -> np.ndarray:
    import soxr

    return soxr.resample(*read(file), RATE)


def _numbers(clips) -> tuple[Clip, ...]:
    """Strings of about 4 s of digits in random order, with short pauses."""
    rng, strings, parts, length = np.random.default_rng(0), [], [], 0
    for place in rng.permutation(len(clips)):
        sample = clips[place].samples
        parts += [sample / (sample.std() + 1e-9), np.zeros(rng.integers(RATE // 20, RATE // 4), np.float32)]
        length += len(parts[-1]) + len(sample)
        if length > 4 * RATE:
            strings.append(Clip(np.concatenate(parts)))
            parts, length = [], 0
    return tuple(strings)


def _other_voices() -> list[tuple[str, str, str, str]]:
    """Segment, text, speaker and mood of every sentence to be said."""
    from lib.recordings.pocket.story import text as story
    from lib.recordings.pocket.story.narrator import PROSODY, SPEAKERS

    rows, moods = [], list(PROSODY)
    for number, row in enumerate(story.sentences().itertuples()):
        others = [speaker for speaker in SPEAKERS if speaker != row.speaker]
        if row.segment in LAST_SEGMENTS:
            others = [others[number % 5]]
        rows += [(row.segment, row.text, speaker, moods[(number + k) % 3]) for k, speaker in enumerate(others)]
    return rows


def _said(row) -> Clip:
    from lib.recordings.pocket.story.narrator import say

    _, text, speaker, mood = row
    spoken = say(text, speaker=speaker, affect=mood)
    words = tuple(spoken.words[["word", "onset", "offset"]].itertuples(index=False, name=None))
    return Clip(spoken.samples.astype(np.float32), " ".join(word for word, _, _ in words), words)


def _piece(kind, variant) -> np.ndarray:
    import soxr

    from lib.recordings.pocket.sounds.elements import RATE as MADE
    from lib.recordings.pocket.sounds.specimens import specimen

    samples = specimen(kind, seed=MUSIC_SEED, variant=variant).astype(np.float32) / 32768
    shift = np.random.default_rng([MUSIC_SEED, variant]).uniform(-0.5, 0.5)
    return soxr.resample(samples, MADE * 2**shift, RATE)


def _kept(name, key, make) -> list[np.ndarray]:
    """Sounds that take long to make: from the cache, as 16-bit integers, or made and put there."""
    file = cache_folder() / "diets" / f"{name}-{key}.npz"
    if not file.exists():
        made = [np.round(32767 * samples / (np.abs(samples).max() + 1e-9)).astype("<i2") for samples in make()]
        with replacing(file) as scratch, scratch.open("wb") as opened:
            np.savez_compressed(opened, *made)
    with np.load(file, allow_pickle=False) as stored:
        return [stored[f"arr_{k}"].astype(np.float32) / 32768 for k in range(len(stored))]
