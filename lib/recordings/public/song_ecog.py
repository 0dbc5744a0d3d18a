"""Intracranial time courses for the 165 natural sounds (Norman-Haignere et al. 2022), in their publisher's layout.

Comes in: a folder that holds ``song-ecog-current-biology`` (the repository at the commit named on its card) and
natsound165, whose sounds these are. Goes out: a ``SensorSoundRecording`` with the stimuli of natsound165 in their
order. The two sets are joined by name: their orders differ. Every file is compared with its registered SHA-256.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground
from lib.recordings.cards import described, registry, registry_fingerprint
from lib.recordings.files import damaged, found, read_verified
from lib.recordings.public import natsound
from lib.recordings.record import GROUP, SensorSoundRecording, SoundRecording

NAME = "song-ecog"
RESPONSES = "data/ecog_component_responses.mat"
WEIGHTS = "data/ecog_component_weights.mat"
ELECTRODE = "data/individual-electrodes/{kind}-elec{number}-response.mat"


def load(root: str | Path | None = None, *, level: str = "electrodes") -> SensorSoundRecording:
    """Load broadband gamma time courses for the 165 natural sounds.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``song-ecog-current-biology`` and ``natsound165-neuron2015``. Default: ``ALIKE_DATA`` where
        it has them, else the cache, into which the files are downloaded if they are not there.
    level : {"electrodes", "components", "individual"}
        What the channels are. "electrodes": 272 electrodes of 15 patients at 25 Hz, each the sum of the components
        times its weights (rank 15, denoised). "components": the 15 components, 25 Hz. "individual": the electrodes
        that prefer song, music or speech as measured, 100 Hz, in percent signal change; an electrode that is
        published under two preferences is one channel.

    Returns
    -------
    SensorSoundRecording
        `subjects` are the patients "s1" to "s15" for "electrodes", nobody for the other levels; "group" is all
        channels at every level.

    Raises
    ------
    ground.WrongUse
        No such level.
    ground.MissingData
        A file is not there (and could not be downloaded), or the sounds of natsound165 are not.
    ground.DamagedData
        A file is not what its publisher published.

    References
    ----------
    Norman-Haignere et al. (2022), Current Biology 32(7), 1470-1484; components: figure 2, single electrodes: figure 6.
    """
    if level not in _READERS:
        raise ground.unknown(f"level of {NAME}", level, _READERS)
    facts = described(NAME)
    folder = found(NAME, root)
    return open_folder(folder, facts, registry(NAME), _sounds(root), level=level)


def open_folder(
    folder: Path, facts: Mapping[str, Any], files: Mapping[str, str], sounds: SoundRecording, *, level: str
) -> SensorSoundRecording:
    """Read a folder in the publisher's layout, of responses to `sounds`.

    `facts` are the fields of a ``Recording`` that a card gives (``cards.described``), `files` the registered hashes.
    """
    card = facts["card"]
    rate = float(card["rates"][level])
    read = partial(_responses, folder, files, sounds.stimuli.index, round(card["window"] * rate), rate)
    courses = _labelled(_READERS[level](folder, files, card, read), sounds.stimuli, rate, card, level)
    subjects = dict.fromkeys(courses.subject.values) if "subject" in courses.coords else ()
    described_as = facts | {"source": f"{facts['source']} at commit {card['commit']}"}
    return SensorSoundRecording(
        **described_as,
        stimuli=sounds.stimuli,
        subjects=tuple(map(str, subjects)),
        fingerprint=ground.fingerprint(registry_fingerprint(NAME, files), sounds.fingerprint),
        read_audio=sounds.read_audio,
        read_responses=partial(_of_subject, courses),
        level=level,
        rate=rate,
        time_courses=courses,
    )


def _sounds(root: str | Path | None) -> SoundRecording:
    try:
        return natsound.load(root)
    except ground.MissingData as error:
        raise ground.MissingData(f"{NAME} needs the sounds of {natsound.NAME}. {error}") from error


def _matrix(folder: Path, files: Mapping[str, str], file: str, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """The variables `keys` of one MATLAB file; one that is not there is damage."""
    from scipy.io import loadmat

    raw = io.BytesIO(read_verified(NAME, folder, file, files))
    content = loadmat(raw, squeeze_me=True, struct_as_record=False, variable_names=list(keys))
    absent = [key for key in keys if key not in content]
    if absent:
        raise damaged(NAME, folder / file, f"the variables {list(keys)}; {absent} are not in it")
    return {key: np.asarray(content[key]) for key in keys}


def _checked(path: Path, key: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.shape != shape or not np.isfinite(values).all():
        raise damaged(NAME, path, f"{key} finite and of shape {shape}, got shape {values.shape}")
    return values.astype(float)


def _responses(
    folder: Path, files: Mapping[str, str], names: pd.Index, samples: int, rate: float, file: str, *channels: int
) -> np.ndarray:
    """R (sound, time, *channels) of one file, its rows in the order of `names`."""
    content, path = _matrix(folder, files, file, ("R", "t", "stim_names")), folder / file
    values = _checked(path, "R", content["R"], (len(names), samples, *channels))
    if content["t"].shape != (samples,) or not np.allclose(content["t"], np.arange(samples) / rate, atol=1e-6):
        raise damaged(NAME, path, f"times t from 0 s in {samples} steps of {1 / rate:g} s")
    row = {str(name).removesuffix(".wav"): place for place, name in enumerate(content["stim_names"].ravel())}
    if row.keys() != set(names) or content["stim_names"].size != len(names):
        odd = sorted(row.keys() ^ set(names))
        raise damaged(NAME, path, f"the {len(names)} sounds of {natsound.NAME}, each once; they differ in {odd[:3]}")
    return values[[row[name] for name in names]]


Channels = tuple[np.ndarray, dict[str, Any]]  # (sound, channel, time), and the channels' coordinates


def _components(folder: Path, files: Mapping[str, str], card: Mapping[str, Any], read: Callable) -> Channels:
    values = read(RESPONSES, card["components"])  # sound, time, component
    return values.swapaxes(1, 2), {"channel": [f"component{number + 1}" for number in range(card["components"])]}


def _electrodes(folder: Path, files: Mapping[str, str], card: Mapping[str, Any], read: Callable) -> Channels:
    """Components times weights, with whose each electrode is and where it lies."""
    keys = ("W", "subject_indices", "elec_verts_ras", "elec_vert_nums")
    content, path, count = _matrix(folder, files, WEIGHTS, keys), folder / WEIGHTS, card["electrodes"]
    shapes = ((card["components"], count), (count,), (count, 3), (count,))
    weights, patient, place, vertex = (
        _checked(path, key, content[key], shape) for key, shape in zip(keys, shapes, strict=True)
    )
    if set(patient) != set(range(1, card["patients"] + 1)):
        raise damaged(NAME, path, f"subject_indices 1 to {card['patients']}, got {sorted(set(patient))}")
    values = np.einsum("stc,ce->set", read(RESPONSES, card["components"]), weights)  # sound, electrode, time
    coords = {
        "channel": [f"electrode{number + 1}" for number in range(count)],
        "subject": ("channel", [f"s{number:.0f}" for number in patient]),
        # x is negative on the lateral side of the left hemisphere, where (as on the right) all that can be placed lie.
        "hemisphere": ("channel", np.where(place[:, 0] < 0, "left", "right")),
        "vertex": ("channel", vertex.astype(int) - 1),  # MATLAB counts from 1
    }
    return values, coords | {axis: ("channel", place[:, number]) for number, axis in enumerate("xyz")}


def _individual(folder: Path, files: Mapping[str, str], card: Mapping[str, Any], read: Callable) -> Channels:
    """Single electrodes; one whose response is published under a second preference stays one channel."""
    values: dict[str, np.ndarray] = {}
    kinds: dict[str, str] = {}
    for kind, count in card["selective"].items():
        for number in range(1, count + 1):
            response = read(ELECTRODE.format(kind=kind, number=number))  # sound, time
            twin = next((name for name, other in values.items() if np.array_equal(other, response)), None)
            if twin:
                kinds[twin] += f"+{kind}"
            else:
                values[f"{kind}-elec{number}"] = response
                kinds[f"{kind}-elec{number}"] = kind
    return np.stack(list(values.values()), axis=1), {
        "channel": list(values),
        "selective": ("channel", list(kinds.values())),
    }


_READERS = {"electrodes": _electrodes, "components": _components, "individual": _individual}


def _labelled(
    channels: Channels, stimuli: pd.DataFrame, rate: float, card: Mapping[str, Any], level: str
) -> xr.DataArray:
    values, coords = channels
    coords = coords | {
        "sound": stimuli.index.to_numpy(str),
        "category": ("sound", stimuli["category"].to_numpy(str)),
        "time": ("time", np.arange(values.shape[-1]) / rate, {"units": "s", "description": "from the sound's onset"}),
    }
    attrs = {
        "recording": NAME,
        "level": level,
        "rate": rate,
        "units": "percent signal change" if level == "individual" else "arbitrary",
        "description": card["responses"],
        "caveat": card["levels"][level],
        "denoised": level != "individual",
        "repetitions": 0,
        "noise_ceiling": "none",
        "baseline": "none published",
    }
    if level != "individual":
        attrs["rank"] = card["components"]
    if "vertex" in coords:
        attrs["positions"] = card["positions"]
    return xr.DataArray(values, dims=("sound", "channel", "time"), coords=coords, name="responses", attrs=attrs)


def _of_subject(courses: xr.DataArray, subject: str) -> xr.DataArray:
    chosen = courses if subject == GROUP else courses.isel(channel=courses.subject.values == subject)
    return chosen.assign_attrs(subject=subject)
