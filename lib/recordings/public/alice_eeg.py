"""The EEG of "Alice in Wonderland": FieldTrip's files read, placed on the head, and set on the clock of the sounds.

Comes in: a listener's recording and the parameters of its preprocessing, as Brennan & Hale published them. Goes out: an
``mne.io.BaseRaw`` with marks, and when each sound file began in it.

What the publisher's scripts do is undone here: a trial begins at the trigger of its segment, plus the delay of the
presentation, plus the word's onset rounded up to a sample, plus the (negative) offset; and samples count from 1.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.recordings import spoken
from lib.recordings.bids import MICRO
from lib.recordings.files import damaged
from lib.recordings.units import in_volts

if TYPE_CHECKING:
    import mne

NAME = "alice"
REJECTIONS = ("channels", "components")
PARAMETERS = ("proc", "timelock-preprocessing")
"""Folders that proc.zip makes, in the first and the second version of the data set."""
APART = 10
"""Samples by which words may differ on when their segment began before their columns are taken for other columns."""
RINGS = (
    (range(1, 7), 23, 0, 60),
    (range(7, 22), 68, 0, 24),
    (range(22, 33), 113, 55, 25),
    (range(33, 34), 0, 0, 0),
)
"""Electrodes of the publisher's easycapM10-acti61_elec.sfp: numbers, degrees from the vertex, and on the way round from
the nose over the right ear the degrees of the first and from one to the next."""
HALVES = {45: (range(34, 46), (0, 24, 57, 90, 123, 156)), 90: (range(46, 62), (0, 22, 45, 68, 90, 112, 135, 158))}
"""The other two rings: degrees from the vertex, numbers, and degrees of those on the right; on the left they go on."""
RADIUS = 0.095
FIDUCIALS = {"nasion": (115, 0), "rpa": (115, 90), "lpa": (115, 270)}
"""Where a head's landmarks are taken to lie on the same sphere [degrees], as in the layouts that come with mne."""


def subjects(folder: Path) -> list[str]:
    """Listeners of whom there are a recording and the parameters of its preprocessing."""
    parameters = {path.stem for place in PARAMETERS for path in (folder / place).glob("S*.mat")}
    recordings = {path.stem for ending in ("mat", "vhdr") for path in folder.glob(f"S*.{ending}")}
    return sorted(parameters & recordings)


def recording_file(folder: Path, subject: str) -> Path:
    """FieldTrip's file of the first version of the data set, or the BrainVision header of the second."""
    own = folder / f"{subject}.mat"
    return own if own.exists() else spoken.readable(NAME, own.with_suffix(".vhdr"), "a recording, .mat or .vhdr")


def positions() -> dict[str, np.ndarray]:
    """Where the 61 electrodes lie [m], on a sphere: x to the right, y to the nose, z up.

    mne's "easycap-M10" gives the same cap other numbers (its 1 is the vertex, the publisher's is 33).
    """
    degrees = {n: (down, first + k * step) for ring, down, first, step in RINGS for k, n in enumerate(ring)}
    for down, (ring, half) in HALVES.items():
        degrees |= {n: (down, 180 * (k // len(half)) + half[k % len(half)]) for k, n in enumerate(ring)}
    return {str(number): _place(*angles) for number, angles in sorted(degrees.items())}


def _place(down: float, around: float) -> np.ndarray:
    down, around = np.deg2rad([down, around])
    return RADIUS * np.array([np.sin(down) * np.sin(around), np.sin(down) * np.cos(around), np.cos(down)])


def segment_onsets(folder: Path, card: Mapping[str, Any], words: pd.DataFrame, subject: str) -> dict[int, float]:
    """When the segments that a listener heard whole began [s from the first sample], by number.

    Parameters
    ----------
    folder : path
        The publisher's files.
    card : mapping
        rate, column_shift (subjects whose columns stand further to the right) and first_missing (subjects whose first
        trigger was lost: what their file calls segment 1 is segment 2).
    words : pandas.DataFrame
        The publisher's table.
    subject : str
        Who.

    Raises
    ------
    ground.DamagedData
        The columns are not those they should be: words of a segment disagree on when it began, or segments overlap.
    """
    path, parameters = _parameters(folder, subject)
    trials = _trials(path, parameters, card["column_shift"].get(subject, 0))
    begin = trials["begin"] - 1 - trials["offset"] - np.ceil(trials["onset"] * card["rate"] - 1e-6)
    late = int(subject in card["first_missing"])
    onsets = {}
    for number, at in begin.groupby(trials["segment"]):
        if at.max() - at.min() > APART:
            reason = f"words of segment {number} put its beginning {(at.max() - at.min()) / card['rate']:.3f} s apart"
            raise damaged(NAME, path, f"columns segment and onset in trl; {reason}")
        last_word = words.loc[words["Segment"] == number, "onset"].max()
        is_whole = at.median() >= 0 and trials.loc[at.index, "onset"].max() > last_word - 1
        if is_whole and number + late in set(words["Segment"]):
            onsets[int(number) + late] = float(np.round(at.median()) / card["rate"])
    _check_order(path, onsets, words)
    return onsets


def _check_order(path: Path, onsets: Mapping[int, float], words: pd.DataFrame) -> None:
    last = words.groupby("Segment")["onset"].max()
    for before, after in zip(sorted(onsets)[:-1], sorted(onsets)[1:], strict=True):
        if onsets[after] < onsets[before] + last[before]:
            reason = f"segment {after} begins before {before} has ended"
            raise damaged(NAME, path, f"segments one after the other in trl; {reason}")


def _parameters(folder: Path, subject: str) -> tuple[Path, dict[str, Any]]:
    places = [folder / place / f"{subject}.mat" for place in PARAMETERS]
    path = next((place for place in places if place.exists()), places[0])
    return path, _struct(path, "proc", ("trl",))


def _trials(path: Path, parameters: Mapping[str, Any], shift: int) -> pd.DataFrame:
    """First sample, offset, segment and onset [s] of every word that was cut out."""
    trl = np.atleast_2d(np.asarray(parameters["trl"], float))
    if trl.shape[1] < 5 + shift or not np.isfinite(trl[:, :5]).all():
        raise damaged(NAME, path, f"trl with at least {5 + shift} columns of numbers, got shape {trl.shape}")
    columns = {"begin": 0, "offset": 2, "segment": 3 + shift, "onset": 4 + shift}
    trials = pd.DataFrame({name: trl[:, column] for name, column in columns.items()})
    if not trials["segment"].isin(range(1, 13)).all():
        odd = trials.loc[~trials["segment"].isin(range(1, 13)), "segment"].iloc[0]
        raise damaged(NAME, path, f"segments 1 to 12 in column {4 + shift} of trl, got {odd:g}")
    return trials


def _struct(path: Path, key: str, needed: Sequence[str]) -> dict[str, Any]:
    """A struct of a MATLAB file of version 5, as nested dictionaries."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    spoken.readable(NAME, path, f"a MATLAB file with {key}")
    try:
        content = loadmat(path, variable_names=[key], simplify_cells=True)
    except (ValueError, NotImplementedError, TypeError, IndexError, OSError, MatReadError, zlib.error) as error:
        raise damaged(NAME, path, f"a MATLAB file of version 5; it cannot be read ({error})") from error
    found = content.get(key)
    if not isinstance(found, dict) or any(field not in found for field in needed):
        raise damaged(NAME, path, f"a struct {key} with {', '.join(needed)}")
    return found


def marked_raw(
    folder: Path,
    card: Mapping[str, Any],
    tables: spoken.Tables,
    onsets: Mapping[str, Mapping[str, float]],
    rejections: Collection[str],
    subject: str,
) -> mne.io.BaseRaw:
    """A listener's recording with positions, marks, and the publisher's rejections where asked for."""
    import mne

    raw = recorded(folder, card, subject)
    if "components" in rejections:
        raw = _without_components(raw.load_data(verbose="ERROR"), *_parameters(folder, subject))
    landmarks = {name: _place(*angles) for name, angles in FIDUCIALS.items()}
    raw.set_montage(mne.channels.make_dig_montage(positions(), **landmarks), verbose="ERROR")
    if "channels" in rejections:
        raw.info["bads"] = _bad_channels(raw, card, subject, *_parameters(folder, subject))
    return spoken.marked_up(raw, onsets[subject], tables)


def recorded(folder: Path, card: Mapping[str, Any], subject: str) -> mne.io.BaseRaw:
    """A listener's recording as it was published, in volts."""
    path = recording_file(folder, subject)
    raw, stated = _fieldtrip(path) if path.suffix == ".mat" else _brainvision(path)
    if raw.info["sfreq"] != card["rate"]:
        raise damaged(NAME, path, f"{card['rate']} samples per second, got {raw.info['sfreq']:g}")
    raw = in_volts(_typed(raw, card, path), stated, str(path), default="µV")
    raw.info["line_freq"] = card["line_freq"]
    return raw


def _typed(raw: mne.io.BaseRaw, card: Mapping[str, Any], path: Path) -> mne.io.BaseRaw:
    """The recording with what is no electrode of the cap marked as such."""
    extra = {name: "eog" if "EOG" in name.upper() else "misc" for name in raw.ch_names if name not in positions()}
    raw.set_channel_types(extra, on_unit_change="ignore", verbose="ERROR")
    if len(raw.ch_names) - len(extra) != card["channels"]:
        raise damaged(NAME, path, f"{card['channels']} EEG channels, got {len(raw.ch_names) - len(extra)}")
    return raw


def _fieldtrip(path: Path) -> tuple[mne.io.BaseRaw, dict[str, list[str]]]:
    """The one trial of a FieldTrip struct, taken for µV, and the units that its header states for some channels."""
    import mne

    found = _struct(path, "raw", ("label", "fsample", "trial"))
    labels = [str(label) for label in np.atleast_1d(found["label"])]
    values = np.asarray(found["trial"])
    if values.dtype == object or values.ndim != 2 or len(values) != len(labels) or not np.isfinite(values).all():
        raise damaged(NAME, path, f"one trial of {len(labels)} channels, got shape {values.shape}")
    info = mne.create_info(labels, float(found["fsample"]), "eeg", verbose="ERROR")
    raw = mne.io.RawArray(values / MICRO, info, verbose="ERROR")
    header = found["hdr"] if isinstance(found.get("hdr"), dict) else {}
    units = np.atleast_1d(header.get("chanunit", ()))
    return raw, {label: [str(text)] for label, text in zip(labels, units, strict=False) if len(units) == len(labels)}


def _brainvision(path: Path) -> tuple[mne.io.BaseRaw, dict[str, list[str]]]:
    import mne

    try:
        raw = mne.io.read_raw_brainvision(path, verbose="ERROR")
        return raw, {name: [text] for name, text in (raw._orig_units or {}).items()}
    except (OSError, ValueError, RuntimeError, KeyError, IndexError) as error:
        raise damaged(NAME, path, f"a BrainVision recording; it cannot be read ({error})") from error


def _without_components(raw: mne.io.BaseRaw, path: Path, parameters: Mapping[str, Any]) -> mne.io.BaseRaw:
    """The EEG against the publisher's references, without the independent components that they rejected."""
    import mne

    try:
        own, references = str(parameters["implicitref"]), [str(name) for name in parameters["refchannels"]]
        labels = [str(name) for name in parameters["ica"]["topolabel"]]
        unmixing = np.atleast_2d(parameters["ica"]["unmixing"])
        rejected = np.atleast_1d(parameters["ica"]["rejcomp"]).astype(int) - 1
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(NAME, path, f"references and ica (unmixing, topolabel, rejcomp); {error} fails") from error
    raw = mne.add_reference_channels(raw, own).set_eeg_reference(references, verbose="ERROR")
    if unmixing.shape[1] != len(labels) or not set(labels) <= set(raw.ch_names) or (rejected >= len(unmixing)).any():
        raise damaged(NAME, path, f"components of {len(labels)} channels in ica, got shape {unmixing.shape}")
    mixing = np.linalg.pinv(unmixing)[:, rejected]

    def cleaned(values: np.ndarray) -> np.ndarray:
        return values - mixing @ (unmixing[rejected] @ values)

    return raw.apply_function(cleaned, labels, channel_wise=False, verbose="ERROR")


def _bad_channels(
    raw: mne.io.BaseRaw, card: Mapping[str, Any], subject: str, path: Path, parameters: Mapping[str, Any]
) -> list[str]:
    """Channels of high impedance, those that the publisher rejected, and those added to them since (on the card)."""
    try:
        listed = [parameters["rejections"]["badchans"], parameters.get("impedence", {}).get("bads", [])]
    except (KeyError, TypeError) as error:
        raise damaged(NAME, path, "rejections.badchans") from error
    bad = {str(name) for names in listed for name in np.atleast_1d(names)} | set(card["more_bad"].get(subject, ()))
    return [name for name in raw.ch_names if name in bad]
