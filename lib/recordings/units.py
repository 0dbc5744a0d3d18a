"""Whether numbers that are called volts can be volts: the amplitude of EEG against the unit that its files state.

Comes in: a recording as mne reads it, and the units that its header and side files state. Goes out: the same in volts,
with a note of what was assumed where the files do not say it; or an error, where no reading is plausible.
mne takes a number without a unit, or with one in a spelling it does not know, for volts.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lib import ground

if TYPE_CHECKING:
    import mne

PLAUSIBLE = (0.02, 10_000.0)
"""Standard deviation within a second of raw EEG in the median channel [µV]: from less than an amplifier's own noise to
line noise without a reference. The two are less than a factor of a million apart, so that no recording is plausible in
volts and in microvolts at once."""
STRETCHES = 10
"""So many stretches of a second, spread over the recording, are looked at."""
MISREAD = {"µV": 1e-6, "mV": 1e-3, "V": 1e6}
"""What makes volts of numbers of that unit which were taken for volts (the last: for microvolts)."""
_SPELLINGS = {"v": "V", "volt": "V", "mv": "mV", "uv": "µV", "microv": "µV", "microvolt": "µV", "nv": "nV"}
_VOLTAGES = ("eeg", "eog", "ecg", "emg")


def unit(text: object) -> str:
    """A unit of voltage (V, mV, µV, nV) from however it is spelt; empty for any other text."""
    plain = str(text).strip().lower().replace("\u03bc", "u").replace("\u00b5", "u").replace("\x83\xea", "u")
    return _SPELLINGS.get(plain.removesuffix("s"), "")


def in_volts(
    raw: mne.io.BaseRaw, stated: Mapping[str, Sequence[str]], source: str, *, default: str = "V"
) -> mne.io.BaseRaw:
    """The recording with numbers that are volts, as far as amplitudes tell.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        As mne reads it. Where numbers have to be changed, they are loaded and changed in place.
    stated : mapping of str to sequence of str
        Units that anything states for each channel; what is no unit of voltage does not count.
    source : str
        The recording's file, for messages.
    default : str
        What numbers without a unit were taken for.

    Returns
    -------
    mne.io.BaseRaw
        `raw`. What was assumed stands in ``info["description"]``; where numbers were changed, a warning says so too.

    Raises
    ------
    ground.DamagedData
        Every channel is flat, or amplitudes are not those of EEG in any unit that is stated (in any, where none is).
    """
    sizes = amplitudes(raw)
    if not any(size > 0 for size in sizes.values()):
        raise ground.DamagedData(f"{source} holds no EEG: all {len(sizes)} EEG channels are flat.")
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, kind in zip(raw.ch_names, raw.get_channel_types(), strict=True):
        if kind in _VOLTAGES:
            claims = tuple(sorted({unit(text) for text in stated.get(name, ())} - {""}))
            groups.setdefault(claims, []).append(name)
    for claims, names in groups.items():
        _settle(raw, claims, names, [sizes[name] for name in names if sizes.get(name, 0) > 0], source, default)
    return raw


def amplitudes(raw: mne.io.BaseRaw) -> dict[str, float]:
    """Standard deviation within a second of every EEG channel [µV], the median over some stretches."""
    from mne import pick_types

    picks = pick_types(raw.info, eeg=True, exclude=())
    size = min(raw.n_times, round(raw.info["sfreq"]))
    starts = np.unique(np.linspace(0, raw.n_times - size, STRETCHES).astype(int))
    stretches = [raw.get_data(picks=picks, start=at, stop=at + size, verbose="ERROR").std(axis=1) for at in starts]
    return dict(zip((raw.ch_names[k] for k in picks), np.median(stretches, axis=0) * 1e6, strict=True))


def _settle(
    raw: mne.io.BaseRaw, claims: tuple[str, ...], names: list[str], sizes: list[float], source: str, default: str
) -> None:
    """Bring channels for which the same units are stated to volts."""
    if not sizes:
        return  # no EEG among them, or flat channels alone
    size = float(np.median(sizes))
    said = f"{source} states {' and '.join(claims) or 'no unit'} for {_some(names)}"
    if _plausible(size):
        if not claims:
            _note(raw, f"{said}: taken for {default}, {size:.3g} µV in the median channel")
        return
    meant = _meant(claims, size, said)
    factor = MISREAD[meant]
    raw.load_data(verbose="ERROR").apply_function(lambda values: values * factor, picks=names, verbose="ERROR")
    line = f"{said}, which was read as {size:.3g} µV: taken for {meant}, {size * factor:.3g} µV in the median channel"
    _note(raw, line)
    warnings.warn(line, stacklevel=3)


def _meant(claims: tuple[str, ...], size: float, said: str) -> str:
    """The unit, of those that are stated or of all where none is, in which an implausible amplitude is plausible."""
    for name in MISREAD:
        if name in (claims or MISREAD) and _plausible(size * MISREAD[name]):
            return name
    wrong = "large" if size > 1 else "small"
    raise ground.DamagedData(
        f"{said}, which gives {size:.3g} µV in the median channel: no EEG is so {wrong}. Correct the unit in the "
        "header or in channels.tsv."
    )


def _plausible(size: float) -> bool:
    return PLAUSIBLE[0] <= size <= PLAUSIBLE[1]


def _some(names: list[str]) -> str:
    return f"{len(names)} channels ({names[0]}, ...)" if len(names) > 1 else names[0]


def _note(raw: mne.io.BaseRaw, line: str) -> None:
    raw.info["description"] = "; ".join(filter(None, (raw.info["description"], line)))
