"""Simulated EEG of listeners to the pocket story, written as BIDS and read by the reader of public EEG.

Comes in: how many listeners, how strong a signal, which effects to leave out. Goes out: an ``EEGRecording`` in the form
of a measured one, with a noisy mains, a reference at one mastoid and one bad channel per listener that nothing marks.
``waves`` plants it and ``story_truth`` states it; the recording says nothing of it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache, lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from lib import ground, provenance
from lib.recordings import bids
from lib.recordings.cards import card
from lib.recordings.narrative import EEGRecording
from lib.recordings.pocket.brains import scalp, static, waves
from lib.recordings.pocket.brains.waves import RATE, Options
from lib.recordings.pocket.folders import content_fingerprint, kept_folder
from lib.recordings.pocket.story.telling import Telling, tell
from lib.recordings.spoken import Tables, responses

if TYPE_CHECKING:
    import mne

NAME = "pocket-eeg"
TASK = "story"
RESOLUTION = 0.05
"""What one bit of the stored recording stands for [µV]."""


def load(
    root: str | Path | None = None,
    *,
    subjects: int = 12,
    segments: int = 12,
    snr: float = 1.0,
    seed: int = 0,
    without: tuple[str, ...] = (),
    stored: bool = True,
) -> EEGRecording:
    """Simulate EEG of listeners to the pocket story.

    Parameters
    ----------
    root : path, optional
        Folder in which sounds and EEG are kept; default: the cache.
    subjects : int
        How many listeners.
    segments : int
        How many of the story's twelve segments they hear, from the first; each lasts about 45 s.
    snr : float
        Factor on every planted response; the noise stays as it is. 0 leaves noise only.
    seed : int
        Of the listeners and their noise; neither depends on `snr` or `without`.
    without : sequence of str
        Effects to switch off: "acoustic" (answers to acoustic onsets and envelope, 50 to 200 ms), "phoneme" (to
        phoneme onsets, 140 ms), "surprisal" (to words by their surprisal, 400 ms), "affect" (negative passages no
        longer strengthen the first and weaken the last); "early" is the first two, "late" the third.
    stored : bool
        Whether to write the EEG as BIDS and read it back (about 9 MB a listener), or to simulate each listener in
        memory when asked for, which is faster where many settings are tried.

    Returns
    -------
    EEGRecording
        64 channels (biosemi64) at 128 Hz against the left mastoid. What is stored is cut to steps of 0.05 µV.

    Raises
    ------
    ground.WrongUse
        An option's value is of the wrong kind.
    """
    options = Options(subjects=subjects, segments=segments, snr=snr, seed=seed, without=without)
    telling = tell(segments, root)
    if stored:
        place = kept_bids(telling, options, root)
        read, fingerprint = partial(bids.read_raw, place, task=TASK), content_fingerprint(place)
    else:
        read = partial(_simulated, telling, options, cache(partial(waves.drives, telling, options)))
        fingerprint = ground.fingerprint(telling.fingerprint, provenance.code(__name__), repr(options))
    recalled = lru_cache(maxsize=2)(read)
    notes = {"recording": NAME, "simulated": True}
    durations = Tables(telling.sentences, telling.segments, telling.words).durations
    facts = card(NAME)
    return EEGRecording(
        name=NAME,
        title=facts["title"],
        simulated=True,
        citation=facts["citation"],
        source=facts["source"],
        licence=facts["licence"],
        card=facts,
        stimuli=telling.sentences,
        subjects=options.names,
        fingerprint=fingerprint,
        read_audio=telling.audio,
        read_responses=partial(responses, recalled, durations, notes, {}),
        segments=telling.segments,
        words=telling.words,
        phonemes=telling.phonemes,
        rate=float(RATE),
        read_raw=lambda subject: recalled(subject).copy(),
    )


def simulate(telling: Telling, options: Options, number: int, drive: np.ndarray | None = None) -> np.ndarray:
    """Everything that listener `number` (from 0) is recorded with, shape (64, time) [µV].

    Parameters
    ----------
    telling : Telling
        What is heard.
    options : waves.Options
        Settings.
    number : int
        Which listener. The same listener has the same noise whatever `snr` and `without` are.
    drive : ndarray, optional
        ``waves.drives(telling, options)``, where it has been computed already.
    """
    who = waves.listener(options, number)
    drive = waves.drives(telling, options) if drive is None else drive
    out = static.noise(np.random.default_rng([options.seed, 21, number]), who, drive.shape[1])
    answers = options.snr * waves.evoked(drive, who)
    answers[who.bad] = 0
    return out + answers


def kept_bids(telling: Telling, options: Options, root: str | Path | None = None) -> Path:
    """Folder of the simulated data set in BIDS, made if it is not in the cache or if anything in it is damaged."""
    key = ground.fingerprint(provenance.code(__name__), telling.fingerprint, repr(options))
    return kept_folder(f"pocket-eeg-{key}", partial(_write, telling, options), root)


def _simulated(telling: Telling, options: Options, drive: Callable[[], np.ndarray], subject: str) -> mne.io.BaseRaw:
    import mne

    values = simulate(telling, options, options.names.index(subject), drive()) / bids.MICRO
    raw = mne.io.RawArray(values, scalp.electrodes().copy(), verbose="ERROR")
    return _described(raw, telling)


def _described(raw: mne.io.BaseRaw, telling: Telling) -> mne.io.BaseRaw:
    import mne

    marks = waves.timeline(telling)
    raw.set_montage(scalp.MONTAGE)
    raw.info["line_freq"] = static.MAINS_HZ
    return raw.set_annotations(mne.Annotations(marks["onset"], marks["duration"], marks["description"]))


def _write(telling: Telling, options: Options, folder: Path) -> None:
    from mne_bids import make_dataset_description

    facts = card(NAME)
    drive = waves.drives(telling, options)
    for number in range(options.subjects):
        _write_subject(simulate(telling, options, number, drive), telling, options.names[number], folder)
    authors, licence = ["Hearing Alike"], facts["licence"]
    make_dataset_description(path=folder, name=facts["title"], authors=authors, data_license=licence, verbose=False)
    (folder / "README").write_text(f"{facts['title']}\n\n{facts['responses']}\n", encoding="utf-8")


def _write_subject(values: np.ndarray, telling: Telling, subject: str, folder: Path) -> None:
    """Write one recording as 16-bit BrainVision and have mne-bids put it in its place with its sidecar files."""
    import mne
    import pybv
    from mne_bids import BIDSPath, update_sidecar_json, write_raw_bids

    with TemporaryDirectory() as scratch:
        names = scalp.electrodes().ch_names
        pybv.write_brainvision(
            data=values / bids.MICRO,
            sfreq=RATE,
            ch_names=names,
            fname_base="recording",
            folder_out=scratch,
            resolution=RESOLUTION,
            unit="µV",
            fmt="binary_int16",
        )
        raw = mne.io.read_raw_brainvision(Path(scratch) / "recording.vhdr", verbose="ERROR")
        target = BIDSPath(root=folder, subject=subject, task=TASK, datatype="eeg")
        with redirect_stdout(io.StringIO()):
            written = write_raw_bids(_described(raw, telling), target, overwrite=True, verbose="ERROR")
    said = {"EEGReference": "left mastoid", "Manufacturer": "none: simulated"}
    update_sidecar_json(written.copy().update(extension=".json"), said, verbose="ERROR")
