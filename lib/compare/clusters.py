"""Cluster statistics over electrodes and windows of time: where on the scalp, and when, listeners agree on an effect.

Comes in: one value per subject, window and channel (a score minus its null mean, or one condition minus another). Goes
out: the clusters that sign flips of whole subjects rarely produce (Maris & Oostenveld 2007), by mne.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import mne
    import pandas as pd

LEAST_SUBJECTS = 6
"""With five, the 16 sign flips that differ give no p below .0625."""
TAILS = {"both": 0, "greater": 1, "less": -1}


@dataclass(frozen=True)
class ClusterTest:
    """Clusters of an effect over windows and channels.

    Attributes
    ----------
    t : ndarray (window, channel)
        Student's t against 0.
    significant : ndarray of bool (window, channel)
        In a cluster with p below `alpha`.
    clusters : pandas.DataFrame
        One row per cluster, the least likely first: p (corrected for every place and time that was looked at), mass
        (sum of t), windows and channels (tuples of names), size.
    n, n_permutations : int
        Subjects, and sign flips of which there are at most 2^(n - 1) (two-sided) or 2^n.
    alpha : float
        Level of `significant`.

    A cluster says that there is an effect, not where exactly it ends.
    """

    t: np.ndarray
    significant: np.ndarray
    clusters: pd.DataFrame = field(repr=False)
    n: int
    n_permutations: int
    alpha: float


def channel_adjacency(info: mne.Info):
    """Which EEG channels are neighbours by mne's triangulation: sparse matrix (channel, channel).

    A channel without a position has no neighbours, and a warning names it.

    Raises
    ------
    WrongUse
        Fewer than three EEG channels with a position.
    """
    import mne
    from mne.channels import find_ch_adjacency
    from scipy import sparse

    eeg = mne.pick_types(info, eeg=True, exclude=())
    places = np.array([info["chs"][k]["loc"][:3] for k in eeg]).reshape(-1, 3)
    placed = np.isfinite(places).all(axis=1) & (places != 0).any(axis=1)
    if placed.sum() < 3:
        raise WrongUse(f"neighbours need three EEG channels with a position, got {placed.sum()} of {len(eeg)}.")
    if not placed.all():
        names = ", ".join(info["ch_names"][k] for k in eeg[~placed])
        warnings.warn(
            f"channel(s) {names} have no position and no neighbours: give one, or leave them out", stacklevel=2
        )
    with mne.use_log_level("ERROR"):
        found = find_ch_adjacency(mne.pick_info(info, eeg[placed]), "eeg")[0]
    back = sparse.eye_array(len(eeg), dtype=int, format="csr")[:, placed]
    lonely = sparse.diags_array((~placed).astype(int), dtype=int)
    return sparse.csr_array(back @ found @ back.T + lonely)


def cluster_test(
    values: np.ndarray,
    adjacency,
    windows: Sequence[str],
    channels: Sequence[str],
    *,
    in_sequence: bool = True,
    tail: str = "both",
    threshold: float | Mapping | None = None,
    n_permutations: int = 1024,
    alpha: float = 0.05,
    seed: int = 0,
) -> ClusterTest:
    """Test values against 0 in every window and channel, corrected by clusters.

    Parameters
    ----------
    values : array (subject, window, channel)
        At least ``LEAST_SUBJECTS`` subjects, no NaN.
    adjacency : sparse matrix (channel, channel)
        From :func:`channel_adjacency`.
    windows, channels : sequence of str
        Names of the last two axes.
    in_sequence : bool
        Whether each window is a neighbour of the next (sliding windows). False for named windows, which overlap and
        leave gaps: clusters then stay within one.
    tail : {"both", "greater", "less"}
        Direction of the effect.
    threshold : float or mapping, optional
        t from which on points form clusters, or ``{"start": 0, "step": 0.2}`` for threshold-free enhancement. Default:
        where p is .05.
    n_permutations, alpha, seed : int, float, int
        Sign flips, level, seed.

    Returns
    -------
    ClusterTest
    """
    import pandas as pd
    from mne.stats import combine_adjacency, permutation_cluster_1samp_test
    from scipy import sparse

    values = _checked(values, adjacency, windows, channels)
    if tail not in TAILS:
        raise unknown("tail", tail, TAILS)
    n_windows = values.shape[1]
    joined = combine_adjacency(n_windows, adjacency) if in_sequence else sparse.kron(sparse.eye(n_windows), adjacency)
    t, masks, p, null = permutation_cluster_1samp_test(
        values, threshold, n_permutations, TAILS[tail], adjacency=joined.tocoo(), out_type="mask", rng=seed,
        n_jobs=1, verbose="ERROR",
    )  # fmt: skip
    rows = [_described(mask, t, float(one), windows, channels) for mask, one in zip(masks, p, strict=True)]
    table = pd.DataFrame(rows, columns=["p", "mass", "windows", "channels", "size"])
    significant = np.zeros(t.shape, dtype=bool)
    for mask, one in zip(masks, p, strict=True):
        significant |= mask & (one < alpha)
    table = table.sort_values(["p", "size"], ascending=[True, False], ignore_index=True)
    return ClusterTest(t, significant, table, len(values), len(null), alpha)


def _checked(values, adjacency, windows: Sequence[str], channels: Sequence[str]) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 3 or values.shape[1:] != (len(windows), len(channels)):
        raise WrongUse(
            f"values must be (subject, {len(windows)} windows, {len(channels)} channels), got {values.shape}."
        )
    if len(values) < LEAST_SUBJECTS:
        least = 0.5 ** (len(values) - 1)
        raise WrongUse(
            f"two-sided, sign flips of {len(values)} subjects have p of at least {least:.4f}, never below .05: at "
            f"least {LEAST_SUBJECTS} subjects are needed."
        )
    if adjacency.shape != (len(channels),) * 2:
        raise WrongUse(f"adjacency must be ({len(channels)}, {len(channels)}), got {adjacency.shape}.")
    if not np.isfinite(values).all():
        subject, window, channel = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"values hold {(~np.isfinite(values)).sum()} NaN or infinite, the first of subject {subject} in window "
            f"{windows[window]}, channel {channels[channel]}: leave that window out."
        )
    return values


def _described(mask: np.ndarray, t: np.ndarray, p: float, windows: Sequence[str], channels: Sequence[str]) -> tuple:
    when, where = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    names = tuple(windows[k] for k in when), tuple(channels[k] for k in where)
    return p, float(t[mask].sum()), *names, int(mask.sum())
