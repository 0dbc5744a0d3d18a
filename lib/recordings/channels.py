"""Which electrodes are not to be believed, by two rules that are stated.

Comes in: a filtered ``mne.io.BaseRaw`` and a rule, or names. Goes out: a table with one row per EEG channel, the
statistics the rule looks at, and the reason why a channel is bad.

``published`` (arXiv 2601.16540): flat; a standard deviation more than 3 of their own standard deviations from the
median channel's; a correlation with the mean of all channels below .4. The last asks every place on the head to look
like the mean of all, and so discards channels of clean recordings too. ``robust`` asks, against the median of all
channels, whether a channel is louder or quieter than the others by the median absolute deviation of log amplitudes,
and whether any of its neighbours hears what it hears. On simulated EEG with one or six planted bad channels of eight
kinds it finds more of them than mne's local outlier factor (which misses flat and weak ones), and as few good ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import unknown

if TYPE_CHECKING:
    import mne
    import pandas as pd

BAD_RULES = ("robust", "published")
FLAT = {"published": 1e-6, "robust": 0.1}
"""Standard deviation [µV] below which a channel is flat. The published 1e-6 has no unit; the recordings it was made for
are in µV. Taken for volts it would be 1 µV, which a quiet channel near the reference can reach."""
PUBLISHED_Z, PUBLISHED_R = 3.0, 0.4
ROBUST_Z, ROBUST_R = 5.0, 0.4
NEIGHBOURS = 4
WINDOW = 5.0
"""Length of the stretches over which neighbours are correlated [s]; the median stretch counts."""


def channel_table(raw: mne.io.BaseRaw, rule: str | Sequence[str] | None) -> pd.DataFrame:
    """Statistics of every EEG channel, and why some are bad.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Filtered, not yet re-referenced.
    rule : {"robust", "published"} or sequence of str, optional
        The rule, or the names of the bad channels. None: those that the recording itself marks, and no others.

    Returns
    -------
    pandas.DataFrame
        Indexed by channel: sd [µV]; z, of the rule; r, correlation with the mean of all channels (published) or with
        the best of the four nearest (robust; the four most alike where positions are unknown); reason, empty for a
        good channel.
    """
    import pandas as pd
    from mne import pick_types

    picks = pick_types(raw.info, eeg=True, exclude=())
    names, values = [raw.ch_names[k] for k in picks], raw.get_data(picks=picks, verbose="ERROR") * 1e6
    table = pd.DataFrame({"sd": values.std(axis=1)}, index=pd.Index(names, name="channel"))
    if isinstance(rule, str):
        table = _judged(table, values, rule, raw.info["sfreq"], _places(raw, picks))
    else:
        table = table.assign(reason=_named(names, rule or ()))
    marked = table.index.isin(raw.info["bads"]) & (table["reason"] == "")
    return table.assign(reason=table["reason"].mask(marked, "marked in the recording"))


def _judged(table, values, rule: str, rate: float, places) -> pd.DataFrame:
    if rule not in BAD_RULES:
        raise unknown("rule for bad channels", rule, BAD_RULES)
    flat = (table["sd"] < FLAT[rule]).to_numpy()
    if rule == "published":
        z, r, most, least = published_z(values.std(axis=1)), mean_correlation(values), PUBLISHED_Z, PUBLISHED_R
    else:  # against the median channel: quiet places near the reference are no longer quiet, one bad channel is no part
        values = values - np.median(values, axis=0)
        z, r, most, least = (
            robust_z(values.std(axis=1)),
            neighbour_correlation(values, rate, places),
            ROBUST_Z,
            ROBUST_R,
        )
    reasons = [("flat", flat), ("amplitude", np.abs(z) > most), ("correlation", ~(r >= least))]
    listed = [", ".join(word for word, hit in reasons if hit[k]) for k in range(len(table))]
    return table.assign(z=z, r=r, reason=listed)


def _named(names: list[str], bad: Sequence[str]) -> list[str]:
    for name in bad:
        if name not in names:
            raise unknown("channel", name, names)
    return ["named" if name in bad else "" for name in names]


def _places(raw: mne.io.BaseRaw, picks: np.ndarray) -> np.ndarray | None:
    places = np.array([raw.info["chs"][k]["loc"][:3] for k in picks])
    return places if np.isfinite(places).all() and places.any() else None


def published_z(sd: np.ndarray) -> np.ndarray:
    """(sd - median) / standard deviation of the channels' standard deviations, as published."""
    sd = np.asarray(sd, dtype=np.float64)
    spread = sd.std()
    return (sd - np.median(sd)) / spread if spread > 0 else np.zeros(len(sd))


def robust_z(sd: np.ndarray) -> np.ndarray:
    """Log amplitude in median absolute deviations (times 1.4826, a normal standard deviation) from the median."""
    log = np.log(np.maximum(sd, np.finfo(float).tiny))
    away = log - np.median(log)
    return away / max(1.4826 * np.median(np.abs(away)), 1e-12)


def mean_correlation(values: np.ndarray) -> np.ndarray:
    """Absolute correlation of each row with the mean of all rows, NaN for a constant one (as published)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(_unit(values) @ _unit(values.mean(axis=0)[None])[0])


def neighbour_correlation(values: np.ndarray, rate: float, places: np.ndarray | None = None) -> np.ndarray:
    """Correlation with the most similar of the nearest channels, in the median stretch of 5 s; NaN for a constant row.

    Parameters
    ----------
    values : ndarray, shape (channel, time)
        At least one stretch, or it is taken whole.
    rate : float
        Samples per second.
    places : ndarray, shape (channel, 3), optional
        Positions [m]. Default: a channel's neighbours are those most correlated with it over the whole recording.
    """
    size = min(values.shape[1], int(WINDOW * rate))
    stretches = values[:, : values.shape[1] // size * size].reshape(len(values), -1, size).swapaxes(0, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.array([unit @ unit.T for unit in map(_unit, stretches)])  # stretch, channel, channel
    r[:, np.arange(len(values)), np.arange(len(values))] = np.nan
    near = _most_alike(r) if places is None else _nearest(places)
    best = np.nan_to_num(np.take_along_axis(np.abs(r), near[None], axis=2), nan=-1).max(axis=2)  # stretch, channel
    return np.where((best < 0).all(0), np.nan, np.median(best, axis=0))


def _nearest(places: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1)[:, :NEIGHBOURS]


def _most_alike(r: np.ndarray) -> np.ndarray:
    return np.argsort(-np.nan_to_num(np.abs(r).mean(axis=0), nan=-1), axis=1)[:, :NEIGHBOURS]


def _unit(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)
