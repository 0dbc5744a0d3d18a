"""LOAD: what was heard and how brains answered.

Comes in: the name of a recording. Goes out: a ``Recording`` with its stimuli, sounds and labelled responses; and, for
those who keep the data, ``fetch`` and ``check``.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from lib import ground
from lib.recordings.cards import card, published_fingerprint
from lib.recordings.files import check, fetch
from lib.recordings.narrative import EEGRecording, StoryRecording
from lib.recordings.record import COMPONENTS, Recording, SensorSoundRecording, SoundRecording

__all__ = [
    "COMPONENTS",
    "EEGRecording",
    "Recording",
    "SensorSoundRecording",
    "SoundRecording",
    "StoryRecording",
    "card",
    "check",
    "fetch",
    "fingerprint",
    "load",
    "names",
]

_LOADERS = {
    "natsound165": ("lib.recordings.natsound", "load"),
    "song-ecog": ("lib.recordings.song_ecog", "load"),
    "ds004408": ("lib.recordings.old_man", "load"),
    "alice": ("lib.recordings.alice", "load"),
    "pocket-words": ("lib.recordings.pocket.sounds", "labelled_sounds"),
    "pocket-sounds": ("lib.recordings.pocket.listeners", "load"),
    "pocket-eeg": ("lib.recordings.pocket.eeg", "load"),
    "pocket-story": ("lib.recordings.pocket.bold", "load"),
}


def names() -> list[str]:
    """Names of all recordings that ``load`` knows."""
    return sorted(_LOADERS)


def fingerprint(name: str) -> str:
    """Hash that changes when what a recording is made of changes; it needs no data on this machine.

    For published files it is that of their registered hashes (nothing is read that differs from them), for generated
    ones that of the generators' source. For ds004408 and alice, of which no hashes are registered, it is that of the
    publisher's version; the ``fingerprint`` of what is loaded tells more.
    """
    if name not in _LOADERS:
        raise ground.unknown("recording", name, names())
    if card(name)["simulated"]:
        folders = (Path(__file__).parent / "pocket", ground.DATA / "pocket")
        sources = sorted(path for folder in folders for path in folder.glob("*.*") if path.is_file())
        return ground.fingerprint(name, *(source.read_bytes() for source in sources))
    return published_fingerprint(name)


def load(name: str, root: str | Path | None = None, **options: Any) -> Recording:
    """Load a recording by name.

    Parameters
    ----------
    name : str
        One of ``names()``.
    root : path, optional
        Folder that holds the recording's own folder. Default: ``ALIKE_DATA`` where it has that folder, else the
        cache (data/cache or ``ALIKE_CACHE``), into which what is missing is downloaded or generated. ds004408 and
        alice are not downloaded: the error says where they are to be had.
    **options
        What the recording's loader takes: none for natsound165; level for song-ecog
        (``lib.recordings.song_ecog.load``); subjects, runs, pause and shortest for ds004408
        (``lib.recordings.old_man.load``); subjects, segments, surprisal and published for alice
        (``lib.recordings.alice.load``); snr, subjects, scans, seed, without and sound_seed for pocket-sounds
        (``lib.recordings.pocket.listeners.load``); variants and seed for pocket-words; subjects, segments, snr,
        seed, without and stored for pocket-eeg (``lib.recordings.pocket.eeg.load``); subjects, segments, repeats, snr,
        seed and without for pocket-story (``lib.recordings.pocket.bold.load``).

    Returns
    -------
    Recording
        For sets of short sounds with fMRI responses a ``SoundRecording``, with a time course of the response to each
        sound a ``SensorSoundRecording``; for EEG an ``EEGRecording``, for fMRI to a story a ``StoryRecording``.

    Raises
    ------
    ground.WrongUse
        No such recording or option, or an option's value is of the wrong kind.
    ground.MissingData, ground.DamagedData
        A file is not there, or is not what its publisher published.
    """
    if name not in _LOADERS:
        raise ground.unknown("recording", name, names())
    module, function = _LOADERS[name]
    loader = getattr(import_module(module), function)
    known = [option for option in inspect.signature(loader).parameters if option != "root"]
    for option in options:
        if option not in known:
            raise ground.unknown(f"option of {name}", option, known)
    return loader(root=root, **options)
