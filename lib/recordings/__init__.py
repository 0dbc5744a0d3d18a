"""LOAD: what was heard and how brains answered.

Comes in: the name of a recording. Goes out: a ``Recording`` with its stimuli, sounds and labelled responses; and, for
those who keep the data, ``fetch`` and ``check``. Facts about a recording are in its card (data/recordings.yml), whose
`loader` names the function of this room that loads it.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from lib import ground, provenance
from lib.recordings.cards import card, cards, fault, loader, published_fingerprint

if TYPE_CHECKING:
    from lib.recordings.record import Recording, SoundRecording

__getattr__, __dir__, _lazy = lazy_loader.attach(
    __name__,
    submod_attrs={
        "files": ["check"],
        "narrative": ["EEGRecording", "StoryRecording"],
        "record": ["COMPONENTS", "Recording", "SensorSoundRecording", "SoundRecording"],
    },
)
__all__ = [*_lazy, "card", "fetch", "fingerprint", "load", "load_sounds", "loader", "names"]


def names() -> list[str]:
    """Names of all recordings that ``load`` knows; those whose card is at fault are left out with a warning."""
    faults = {name: fault(facts) for name, facts in cards().items()}
    for name, problem in faults.items():
        if problem:
            warnings.warn(f"data/recordings.yml, card of {name}: {problem}", stacklevel=2)
    return sorted(name for name, problem in faults.items() if not problem)


def fingerprint(name: str) -> str:
    """Hash that changes when what a recording is made of changes; it needs no data on this machine.

    Its card and the code that loads or generates it count always. For published files their registered hashes do too
    (nothing is read that differs from them), for generated ones the tables of the pocket world. For ds004408 and alice,
    of which no hashes are registered, it is the publisher's version and, where they are on this machine, the names,
    sizes and dates of the files.
    """
    facts = json.dumps(card(name), sort_keys=True, default=str)
    if card(name)["simulated"]:
        tables = sorted((ground.DATA / "pocket").glob("*.yml"))
        return ground.fingerprint(facts, provenance.code(loader(name)), *(table.read_bytes() for table in tables))
    here = () if "archive" in card(name) else _listed(name)
    return ground.fingerprint(facts, published_fingerprint(name), provenance.code(loader(name)), *here)


def _listed(name: str) -> list[str]:
    """Names, sizes and dates of the files of a recording that no hashes are registered for."""
    from lib.recordings import files

    return files.listed(files.at_hand(name))


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
        What the recording's loader takes; its card names the loader, and the loader's docstring explains them.

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
    make = _function(name)
    known = [option for option in inspect.signature(make).parameters if option != "root"]
    for option in options:
        if option not in known:
            raise ground.unknown(f"option of {name}", option, known)
    provenance.loaded("recordings", name, fingerprint(name))
    return make(root=root, **options)


def load_sounds(name: str) -> SoundRecording:
    """Load a set of short sounds with responses and their components (``load``).

    Raises
    ------
    ground.WrongUse
        It is another kind of recording.
    """
    from lib.recordings import record

    heard = load(name)
    if not isinstance(heard, record.SoundRecording):
        raise ground.WrongUse(f"{name} has no components: a set of sounds is needed, natsound165 or pocket-sounds")
    return heard


def fetch(name: str) -> Path:
    """Get a recording: download and verify it, or generate it, as its card says. Gives the folder where it lies."""
    from lib.recordings import files

    if not card(name)["simulated"]:
        return files.fetch(name)
    if not card(name).get("stored", True):
        raise ground.WrongUse(f"{name} has nothing to fetch: {card(name)['files']}")
    load(name)
    return ground.cache_folder()


def _function(name: str) -> Callable[..., Recording]:
    """The function that a recording's card names."""
    module, _, function = card(name)["loader"].partition(":")
    if provenance.module_file(loader(name)) is None or not hasattr(import_module(loader(name)), function):
        raise ground.DamagedData(f"data/recordings.yml, card of {name}: lib.recordings has no {module}:{function}")
    return getattr(import_module(loader(name)), function)
