"""What every EEG recording of connected speech needs: sentences in tables, marks in the recording, and pieces cut out.

Comes in: words with their times in each sound file, where those files were heard in the EEG, and who heard which. Goes
out: the tables of an ``EEGRecording``, annotations, audio, and responses on clocks that are the same for all listeners.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground
from lib.recordings import bids
from lib.recordings.files import damaged, missing, remedy

if TYPE_CHECKING:
    import mne

PHONEMES = ("sentence", "segment", "position", "phoneme", "stress", "onset", "offset")
"""Columns of a table of phonemes."""
ENDLESS = (np.inf, np.inf)
TINY = 1e-6
OVERHANG = 0.5
"""Seconds by which an aligned word may outlast its sound before the two are taken for strangers."""
STREAMED = 2**31 - 2**20
"""Lengths from here on in a wav file's header mean that its writer did not know the length."""
OVERS = 4.0
"""Samples in floating point may exceed full scale by this factor (12 dB) before they are taken for integers."""


@dataclass(frozen=True, eq=False)
class Tables:
    """Stimuli, segments and words, as ``narrative.SpeechRecording`` describes them."""

    stimuli: pd.DataFrame = field(repr=False)
    segments: pd.DataFrame = field(repr=False)
    words: pd.DataFrame = field(repr=False)

    @property
    def durations(self) -> pd.Series:
        """Seconds that each sentence and each segment lasts."""
        return pd.concat([self.stimuli["duration"], self.segments["duration"]])

    def room(self, around: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        """Seconds of EEG before and after every stimulus, given those before and after every segment."""
        out = dict(around)
        for name, row in self.stimuli.iterrows():
            before, after = around[row["segment"]]
            out[name] = (before + row["start"], after + self.segments.loc[row["segment"], "duration"] - row["stop"])
        return out


def chosen(
    have: Mapping[str, Collection[int]],
    subjects: int | Sequence[str] | None,
    segments: int | Sequence[int] | None,
    *,
    name: str,
    kind: str,
    every: Collection[int] = (),
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Whom and what to load, so that everybody loaded has everything loaded.

    Parameters
    ----------
    have : mapping of str to collection of int
        Numbers of the segments that each subject's recording holds.
    subjects, segments : int or sequence, optional
        How many, from the first, or which. Subjects who are not named are those who have all `segments`; segments that
        are not named are those that all named subjects have (all there are, where no subject is named either).
    name, kind : str
        Of the recording, and what its segments are called, for messages.
    every : collection of int
        All segments there are. Default: those that anybody has.

    Raises
    ------
    ground.WrongUse
        No such subject or segment, or a number that is not positive.
    ground.MissingData
        A named subject lacks a named segment, or nobody has all of them.
    """
    every = sorted(set(every).union(*have.values()))
    named = None if _counted(subjects) else _known(f"subject of {name}", subjects, have)
    wanted = _segments(have, named, segments, every, name=name, kind=kind)
    if named is None:
        complete = [who for who, numbers in have.items() if set(wanted) <= set(numbers)]
        named = _first(subjects, complete, "subjects") if complete else []
    if reason := _lacking(have, named, wanted):
        raise ground.MissingData(f"{name}, {kind}: {reason}. Name other subjects or {kind}. {remedy(name)}")
    return tuple(named), tuple(sorted(wanted))


def _segments(have, named: list | None, segments, every: list[int], *, name: str, kind: str) -> list[int]:
    """Segments that are asked for; by default those that all named subjects have."""
    if not _counted(segments):
        return _known(f"{kind} of {name}", segments, every)
    if segments is None and named is not None:
        return sorted(set(every).intersection(*(have[who] for who in named)))
    return _first(segments, every, kind)


def _lacking(have: Mapping[str, Collection[int]], named: Collection[str], wanted: Sequence[int]) -> str:
    """Why not everybody named has everything wanted; empty if they do."""
    if not wanted:
        return "there are none that all have"
    if not named:
        return f"nobody has all of {wanted}"
    absent = {who: sorted(set(wanted) - set(have[who])) for who in named}
    return "; ".join(f"{who} lacks {numbers}" for who, numbers in absent.items() if numbers)


def _counted(value: int | Sequence | None) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _first(count: int | None, every: Sequence, kind: str) -> list:
    if count is not None and not 1 <= count <= len(every):
        raise ground.WrongUse(f"{kind}={count}: there are {len(every)}, ask for 1 to {len(every)}")
    return list(every)[:count]


def _known(kind: str, names: Sequence, every: Collection) -> list:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ground.WrongUse(f"{kind}: give a number or a list, not {names!r}")
    for one in names:
        if one not in every:
            raise ground.unknown(kind, str(one), map(str, every))
    return list(dict.fromkeys(names))


def tabulated(words: pd.DataFrame, sounds: pd.DataFrame, *, rate: float, speaker: str) -> Tables:
    """Sentences, segments and words of a recording.

    Sentences begin and end on samples of the EEG (the last before their first word, the first after their last), so
    that all listeners' responses to a sentence are sampled at the same times from its onset.

    Parameters
    ----------
    words : pandas.DataFrame
        sentence and segment (names), word, onset and offset [s from the start of the segment], in the order in which
        they are heard, and whatever else is known of them.
    sounds : pandas.DataFrame
        duration [s], rate [Hz] and file of every segment, indexed by its name.
    rate : float
        Of the EEG [Hz].
    speaker : str
        Who reads.
    """
    said = words.groupby("sentence", sort=False)
    stimuli = said.agg(
        segment=("segment", "first"), text=("word", " ".join), start=("onset", "min"), stop=("offset", "max")
    ).rename_axis("name")
    end = stimuli["segment"].map(sounds["duration"])
    stimuli["start"] = np.floor(stimuli["start"] * rate + TINY) / rate
    stimuli["stop"] = np.minimum(np.ceil(stimuli["stop"] * rate - TINY), np.floor(end * rate + TINY)) / rate
    files = {"rate": stimuli["segment"].map(sounds["rate"]), "file": stimuli["segment"].map(sounds["file"])}
    stimuli = stimuli.assign(
        order=np.arange(1, len(stimuli) + 1),
        speaker=speaker,
        category="speech",
        duration=stimuli["stop"] - stimuli["start"],
        **files,
    )
    count = stimuli.groupby("segment")["order"].count()
    segments = sounds.assign(speaker=speaker, sentences=sounds.index.map(count).astype(int)).rename_axis("name")
    return Tables(stimuli, segments, from_sentence(words.assign(position=said.cumcount()), stimuli))


def from_sentence(table: pd.DataFrame, stimuli: pd.DataFrame) -> pd.DataFrame:
    """Words or phonemes with times from the start of the sentence, given times from that of the segment."""
    start = table["sentence"].map(stimuli["start"])
    return table.assign(onset=table["onset"] - start, offset=table["offset"] - start).reset_index(drop=True)


def no_phonemes() -> pd.DataFrame:
    """An empty table of phonemes, for publishers who give none."""
    kinds = {"position": int, "stress": int, "onset": float, "offset": float}
    # Not str: an empty column of texts cannot be mapped to numbers, as names of sentences are to their times.
    return pd.DataFrame({column: pd.Series(dtype=kinds.get(column, object)) for column in PHONEMES})


def marked_up(raw: mne.io.BaseRaw, onsets: Mapping[str, float], tables: Tables) -> mne.io.BaseRaw:
    """Annotate "segment/NAME" and "sentence/NAME" in a recording, given each segment's onset [s from its start].

    Marks of these names that are there already go: they would tell of the same stimulus twice.
    """
    rows = [(onset, tables.segments.loc[name, "duration"], f"segment/{name}") for name, onset in onsets.items()]
    for name, row in tables.stimuli.iterrows():
        if row["segment"] in onsets:
            rows.append((onsets[row["segment"]] + row["start"], row["duration"], f"sentence/{name}"))
    times, durations, marks = zip(*rows, strict=True)
    raw.annotations.delete(np.flatnonzero(np.isin(raw.annotations.description, marks)))
    raw.annotations.append(np.array(times) + raw.first_time, durations, marks)
    return raw


def responses(
    read: Callable[[str], mne.io.BaseRaw],
    durations: pd.Series,
    notes: Mapping[str, Any],
    room: Mapping[str, tuple[float, float]],
    subject: str,
    stimulus: str,
    *,
    tmin: float = 0.0,
    tmax: float = 0.0,
    raw: mne.io.BaseRaw | None = None,
) -> xr.DataArray:
    """Response to a sentence or segment, (channel, time), cut out of a marked recording.

    Parameters
    ----------
    read : callable
        Gives a subject's recording.
    durations : pandas.Series
        Seconds that each stimulus lasts.
    notes : mapping
        Attributes of the array.
    room : mapping of str to (float, float)
        How much EEG everybody has before and after a stimulus [s]; where a margin asks for more, it is shorter.
        Stimuli that are not in it have any amount.
    subject, stimulus, tmin, tmax, raw
        As in ``EEGRecording.responses``.

    Raises
    ------
    ground.WrongUse
        The recording does not hold the whole stimulus.
    """
    raw = read(subject) if raw is None else raw
    marks = bids.marked(raw, stimulus.partition("-")[0])
    if stimulus not in marks.index:
        raise ground.WrongUse(f"the raw given for {subject} has no annotation of {stimulus!r}: was it cropped?")
    onset, duration = marks.loc[stimulus]
    if abs(duration - durations[stimulus]) > 0.5 / raw.info["sfreq"]:
        span = f"{duration:.3f} of its {durations[stimulus]:.3f} s"
        raise ground.WrongUse(f"the raw given for {subject} holds {span} of {stimulus!r}: was it cropped?")
    before, after = room.get(stimulus, ENDLESS)
    notes = {**notes, "subject": subject, "stimulus": stimulus}
    piece = bids.cut(raw, onset, duration, tmin=max(tmin, -before), tmax=min(tmax, after), **notes)
    # Differences of large times leave 1e-13 s behind, which would keep listeners from being put side by side.
    return piece.assign_coords(time=piece.time.values.round(9))


def sound_files(name: str, folder: Path, files: Mapping[str, str]) -> pd.DataFrame:
    """Duration, rate and file of sound files, given {segment: file within the folder}; only headers are read.

    Raises
    ------
    ground.MissingData, ground.DamagedData
        A file is not there, cannot be read, holds no sound, or is shorter than its own header says.
    """
    import soundfile

    rows = []
    for segment, file in files.items():
        path = readable(name, folder / file, "a sound file")
        try:
            found = soundfile.info(path)
        except soundfile.SoundFileError as error:
            raise damaged(name, path, f"a sound file; it cannot be read ({error})") from error
        if lost := _bytes_lost(path):
            raise damaged(name, path, f"{lost} more bytes, by its own header: it was cut short")
        if not found.frames:
            raise damaged(name, path, "a sound; it holds not one sample")
        rows.append((segment, found.frames / found.samplerate, found.samplerate, file))
    return pd.DataFrame(rows, columns=["name", "duration", "rate", "file"]).set_index("name")


def _bytes_lost(path: Path) -> int:
    """How many bytes of samples the header of a wav file promises that are not there; 0 for other files."""
    size = path.stat().st_size
    with path.open("rb") as file:
        form, _, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        while (form, kind) == (b"RIFF", b"WAVE") and len(head := file.read(8)) == 8:
            chunk, length = struct.unpack("<4sI", head)
            if chunk == b"data":  # those who stream a sound write the largest number, for they do not know
                return max(0, file.tell() + length - size) if length < STREAMED else 0
            file.seek(length + length % 2, 1)
    return 0


def audio(name: str, folder: Path, tables: Tables, stimulus: str) -> tuple[np.ndarray, int]:
    """Samples (float32, -1 to 1, mean over channels) and rate of a sentence or of a whole segment."""
    import soundfile

    if stimulus in tables.segments.index:
        row, start, stop = tables.segments.loc[stimulus], 0.0, None
    else:
        row = tables.stimuli.loc[stimulus]
        start, stop = row["start"], row["stop"]
    rate, path = int(row["rate"]), folder / row["file"]
    last = None if stop is None else round(stop * rate)
    try:
        samples, _ = soundfile.read(path, start=round(start * rate), stop=last, dtype="float32", always_2d=True)
        scale = _full_scale(path, path.stat().st_mtime_ns)
    except soundfile.SoundFileError as error:
        raise damaged(name, path, f"a sound file; it cannot be read ({error})") from error
    if not np.isfinite(scale):
        raise damaged(name, path, "finite samples; it has others")
    return samples.mean(axis=1, dtype=np.float32) / np.float32(scale), rate


@lru_cache(maxsize=256)
def _full_scale(path: Path, changed: int) -> float:
    """What stands for full scale in a sound file: 1, or the largest integer if it holds those; NaN if not finite."""
    import soundfile

    del changed  # part of the key
    if soundfile.info(path).subtype not in ("FLOAT", "DOUBLE"):
        return 1.0  # libsndfile sees to integers
    peak = max((np.abs(block).max(initial=0) for block in soundfile.blocks(path, 2**20)), default=0.0)
    if not np.isfinite(peak):
        return np.nan
    scale = next((full for full in (1.0, 2.0**15, 2.0**23) if peak <= OVERS * full), 2.0**31)
    if scale > 1:
        line = f"{path} holds floating-point samples up to {peak:.6g}: full scale is taken to be {scale:.0f}"
        warnings.warn(line, stacklevel=4)
    return scale


def readable(name: str, path: Path, expected: str) -> Path:
    """The path of a file that is there with its content: neither missing nor a pointer of git-annex."""
    if bids.is_pointer(path):
        raise ground.MissingData(f"{name}: {path} is a pointer of git-annex, not {expected}. {remedy(name)}")
    if not path.is_file():
        raise missing(name, path, expected)
    return path


def check_words(name: str, path: Path, words: pd.DataFrame, duration: float) -> None:
    """Refuse words of one segment that are not in order of time, or that go on after its sound has ended."""
    onset, offset = words["onset"].to_numpy(float), words["offset"].to_numpy(float)
    finite = np.isfinite(onset).all() and np.isfinite(offset).all()
    if not len(words) or not finite or (offset < onset).any() or (np.diff(onset) < 0).any() or onset[0] < 0:
        raise damaged(name, path, "words in order of time, none of which ends before it begins")
    if offset.max() > duration + OVERHANG:
        last = f"the last ends at {offset.max():.3f} s, the sound at {duration:.3f} s"
        raise damaged(
            name, path, f"words that lie within their sound; {last}: one of the two is of something else or cut"
        )


def faults(readers: Iterable[Callable[[], mne.io.BaseRaw]]) -> list[str]:
    """Messages of those recordings that cannot be read: damaged, not there, or not in volts."""
    found = []
    for read in readers:
        try:
            read()
        except (ground.DamagedData, ground.MissingData) as error:
            found.append(str(error))
    return found


def fingerprint(name: str, folder: Path, tables: Tables, large: Sequence[Path], *facts: Any) -> str:
    """Hash of a recording: its tables, and the names, sizes and dates of the files too large to be read for it."""
    stats = [(path, path.stat()) for path in [*(folder / file for file in tables.segments["file"]), *large]]
    listed = [f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]
    written = [table.to_csv() for table in (tables.stimuli, tables.segments, tables.words)]
    return ground.fingerprint(name, *written, *listed, *map(repr, facts))
