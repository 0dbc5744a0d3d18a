"""EEG in the Brain Imaging Data Structure: the reader that every EEG set in BIDS goes through.

Comes in: the root of a BIDS data set in any format that mne-bids reads (BrainVision, EDF, BDF, EEGLAB). Goes out:
``mne.io.Raw`` objects with positions and annotations, what the annotations mark, and labelled pieces of a recording.
Nothing is filtered, re-referenced or repaired here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground
from lib.recordings.tables import read_table
from lib.recordings.units import in_volts

if TYPE_CHECKING:
    import mne

MICRO = 1e6
"""Microvolts per volt: mne counts in V, responses are in µV."""
BYTES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4}
"""Of one number in a BrainVision file, by its BinaryFormat."""


def subjects(root: str | Path) -> tuple[str, ...]:
    """Labels of the subjects of a data set (without "sub-"), in the order of participants.tsv if there is one.

    Raises
    ------
    ground.MissingData
        `root` is no BIDS data set: it has no dataset_description.json.
    ground.DamagedData
        participants.tsv cannot be read, or has no column participant_id.
    """
    root = _dataset(root)
    here = sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*") if path.is_dir())
    table = root / "participants.tsv"
    if not table.is_file():
        return tuple(here)
    listed = read_table(table, "\t", ["participant_id"])["participant_id"]
    order = [name.removeprefix("sub-") for name in listed]
    return tuple(sorted(here, key=lambda name: (order.index(name) if name in order else len(order), name)))


def runs(root: str | Path, subject: str, *, task: str) -> tuple[str | None, ...]:
    """Labels of a subject's runs of a task, in order; (None,) where the recording is not divided into runs."""
    folder = _dataset(root) / f"sub-{subject}"
    files = sorted(path.name for path in folder.glob(f"**/eeg/sub-{subject}*_task-{task}_*eeg.*"))
    labels = {next((part[4:] for part in name.split("_") if part.startswith("run-")), None) for name in files}
    if not labels:
        raise ground.MissingData(f"no EEG of task {task!r} for subject {subject!r} below {folder}")
    return tuple(sorted(labels, key=str))


def read_raw(
    root: str | Path,
    subject: str,
    *,
    task: str,
    run: str | None = None,
    session: str | None = None,
    montage: str | None = None,
) -> mne.io.BaseRaw:
    """Read one recording with what its sidecar files say of it.

    Parameters
    ----------
    root : path
        Folder of the data set, with dataset_description.json in it.
    subject, task, run, session : str
        Labels, without "sub-" and so on.
    montage : str, optional
        Name of one of mne's montages, such as "biosemi128", for data sets that come without electrode positions.

    Returns
    -------
    mne.io.BaseRaw
        In volts; what was assumed of units that are not stated is in ``info["description"]`` (see
        ``lib.recordings.units``). Samples stay on disk until they are asked for, unless their unit had to be put
        right. Annotations are those of events.tsv, ``info["bads"]`` those of channels.tsv, ``info["line_freq"]`` that
        of the sidecar.

    Raises
    ------
    ground.MissingData
        There is no such recording, or only a pointer of git-annex in its place.
    ground.DamagedData
        The recording cannot be read, or its amplitudes are not those of EEG. What its sidecar says of its length does
        not count: whoever knows what was heard sees whether it is too short.
    """
    from mne_bids import BIDSPath, read_raw_bids

    root = _dataset(root)
    path = BIDSPath(root=root, subject=subject, task=task, run=run, session=session, datatype="eeg", suffix="eeg")
    file = _data_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a set without events.tsv or electrodes.tsv is still a set
            raw = read_raw_bids(path.copy().update(extension=file.suffix), verbose="ERROR")
    except (OSError, ValueError, RuntimeError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise ground.DamagedData(f"{file} cannot be read as EEG in BIDS: {error}") from error
    raw = in_volts(raw, _stated_units(raw, path), str(file))
    if montage is not None and raw.get_montage() is None:
        _place(raw, montage, file)
    return raw


def _place(raw: mne.io.BaseRaw, montage: str, file: Path) -> None:
    """Give the EEG channels the positions of a layout; those that it lacks stay without one, and are named."""
    import mne

    layout = mne.channels.make_standard_montage(montage)
    known = {name.lower() for name in layout.ch_names}
    names = [raw.ch_names[k] for k in eeg_channels(raw)]
    outside = [name for name in names if name.lower() not in known]
    if len(outside) == len(names):
        raise ground.DamagedData(f"{file}: none of its {len(names)} EEG channels ({names[0]}, ...) is in {montage}")
    raw.set_montage(layout, match_case=False, on_missing="ignore", verbose="ERROR")
    if outside:
        warnings.warn(f"{file}: {', '.join(outside)} have no position in {montage}", stacklevel=3)


def _stated_units(raw: mne.io.BaseRaw, path: Any) -> dict[str, list[str]]:
    """Units that the header and channels.tsv state, by channel."""
    stated = {name: [text] for name, text in (raw._orig_units or {}).items()}
    table = path.copy().find_matching_sidecar(suffix="channels", extension=".tsv", on_error="ignore")
    if table is None:
        return stated
    listed = read_table(Path(table), "\t", ["name"])
    if "units" in listed:
        for name, text in zip(listed["name"], listed["units"], strict=True):
            stated.setdefault(name, []).append(text)
    return stated


def joined(raws: Sequence[mne.io.BaseRaw]) -> mne.io.BaseRaw:
    """Recordings one after the other as one; samples stay on disk where they do in all of them."""
    import mne

    if any(raw.preload for raw in raws):  # else those in memory would be read again, and what was done to them lost
        raws = [raw.load_data(verbose="ERROR") for raw in raws]
    notes = dict.fromkeys(raw.info["description"] for raw in raws if raw.info["description"])
    whole = mne.concatenate_raws(list(raws), verbose="ERROR")
    whole.info["description"] = "; ".join(notes) or None
    return whole


def marked(raw: mne.io.BaseRaw, kind: str) -> pd.DataFrame:
    """What annotations called "KIND/NAME" mark.

    Returns
    -------
    pandas.DataFrame
        onset and duration [s from the first sample of `raw`], indexed by NAME, in order of time. What is marked twice
        at the same time, as by a file of markers and by events.tsv, is marked once.

    Raises
    ------
    ground.DamagedData
        A name is marked at two times.
    """
    rows = [
        (text.partition("/")[2], onset - raw.first_time, duration)
        for text, onset, duration in zip(
            raw.annotations.description, raw.annotations.onset, raw.annotations.duration, strict=True
        )
        if text.startswith(f"{kind}/")
    ]
    table = pd.DataFrame(rows, columns=["name", "onset", "duration"]).sort_values("onset", kind="stable")
    for name, same in table[table["name"].duplicated(keep=False)].groupby("name"):
        if np.ptp(same["onset"]) > 1 / raw.info["sfreq"]:
            times = ", ".join(f"{onset:.3f}" for onset in same["onset"])
            raise ground.DamagedData(f"{kind}/{name} is marked at {times} s in one recording")
    return table.drop_duplicates("name").set_index("name")


def cut(
    raw: mne.io.BaseRaw, onset: float, duration: float, *, tmin: float = 0.0, tmax: float = 0.0, **attrs: Any
) -> xr.DataArray:
    """Piece of a recording around a stimulus.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording, as read or as preprocessed.
    onset, duration : float
        Of the stimulus [s from the first sample of `raw`].
    tmin, tmax : float
        What to add: from `tmin` (0 or negative) before the onset to `tmax` after the end [s].
    **attrs
        Further attributes of the array.

    Returns
    -------
    xarray.DataArray, shape (channel, time)
        EEG channels, bad ones included, in µV; `time` in seconds from the onset, of the samples as they are: where the
        onset lies between two samples, no time is exactly 0.

    Raises
    ------
    ground.WrongUse
        The piece begins before or ends after the recording.
    """
    rate = raw.info["sfreq"]
    first = round((onset + tmin) * rate)
    stop = first + round((duration + tmax - tmin) * rate)
    if first < 0 or stop > raw.n_times or stop <= first:
        reach = f"{first / rate:.3f} to {stop / rate:.3f} s"
        raise ground.WrongUse(f"the recording lasts from 0 to {raw.n_times / rate:.3f} s; {reach} is not in it")
    names = [raw.ch_names[k] for k in eeg_channels(raw)]
    values = raw.get_data(picks=names, start=first, stop=stop, verbose="ERROR") * MICRO
    times = np.arange(first, stop) / rate - onset
    notes = {"units": "µV", "rate": rate, "bads": list(raw.info["bads"]), **attrs}
    if raw.info["description"]:
        notes["assumed"] = raw.info["description"]
    return xr.DataArray(
        values, dims=("channel", "time"), coords={"channel": names, "time": times}, name="responses", attrs=notes
    )


def is_pointer(file: Path) -> bool:
    """True if a link or note of git-annex stands where a file's content should be."""
    if not file.exists():
        return file.is_symlink()
    if not file.is_file():
        return False
    with open(file, "rb") as start:
        return b"annex/objects" in start.read(200)


def _dataset(root: str | Path) -> Path:
    if not (Path(root) / "dataset_description.json").is_file():
        raise ground.MissingData(f"{root} is no BIDS data set: it has no dataset_description.json")
    return Path(root)


def eeg_channels(raw: mne.io.BaseRaw) -> np.ndarray:
    """Numbers of the EEG channels of a recording, bad ones included."""
    import mne

    return mne.pick_types(raw.info, eeg=True, exclude=[])


def _data_file(path: Any) -> Path:
    """The header or data file that mne reads, once it is known that samples are really there."""
    folder = Path(path.directory)
    found = {file.suffix: file for file in sorted(folder.glob(f"{path.basename}.*"))}
    for ending in (".vhdr", ".edf", ".bdf", ".set"):
        if ending in found:
            _check_present(found[ending])
            if ending == ".vhdr":
                samples_of(found[ending])
            return found[ending]
    raise ground.MissingData(f"no recording {folder / path.basename} (.vhdr with .eeg, .edf, .bdf or .set)")


def _check_present(file: Path) -> None:
    if is_pointer(file):
        raise ground.MissingData(f"{file} is a pointer of git-annex: fetch its content first (`datalad get`)")
    if not file.exists():
        raise ground.MissingData(f"no file {file}")


def samples_of(header: Path) -> Path:
    """The file of samples that a BrainVision header names, whatever its ending.

    Raises
    ------
    ground.MissingData
        It is not there, or only git-annex's pointer to it.
    ground.DamagedData
        The header names none.
    """
    name = _brainvision_facts(header).get("DataFile", "")
    if not name:
        raise ground.DamagedData(f"{header} cannot be read as a BrainVision header: it names no DataFile")
    file = header.with_name(name.replace("$b", header.stem))
    beside = [path.name for path in header.parent.glob(f"{header.stem}.*") if path.suffix in (".eeg", ".dat", ".avg")]
    if beside and not file.exists() and not file.is_symlink():
        raise ground.MissingData(
            f"{header} names samples in {name!r}, which is not there, but {beside[0]} is: correct its line DataFile="
        )
    _check_present(file)
    return file


def brainvision_seconds(header: Path) -> float:
    """How long a BrainVision recording lasts, by its samples: what side files say may be rounded or of something else.

    Raises
    ------
    ground.MissingData, ground.DamagedData
        As ``samples_of``, or the header does not say how samples are stored.
    """
    size, facts = samples_of(header).stat().st_size, _brainvision_facts(header)
    try:
        width = int(facts["NumberOfChannels"]) * BYTES[facts["BinaryFormat"].upper()]
        return size // width * float(facts["SamplingInterval"]) * 1e-6
    except (KeyError, ValueError) as error:
        raise ground.DamagedData(
            f"{header} cannot be read as a BrainVision header of binary samples: {error}"
        ) from error


def _brainvision_facts(header: Path) -> dict[str, str]:
    text = header.read_bytes().decode("utf-8", "replace")
    return dict(re.findall(r"^(\w+)=(.*?)[ \t\r]*$", text, re.MULTILINE))
