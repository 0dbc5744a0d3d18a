"""Variance partition: what each of two or three sets of features explains alone, and what they share.

Comes in: sets of features and responses to the same stimuli, and a fold for every stimulus. Goes out: unique and shared
explained variance of every response, and of their mean, with intervals.

Explained variance is the squared correlation r2 of pooled out-of-fold predictions, the score of every other page: R2
would charge predictions for their size too, which shrinking makes too small, and more so the weaker the signal. Each
set is fitted alone by ridge and with the others by banded ridge; layers, weights and penalties are chosen on inner
folds. With two sets, unique to a is ``r2(a, b) - r2(b)``, and shared is ``r2(a) + r2(b) - r2(a, b)``. Nothing is cut
at 0: a part below it says that the joint fit paid more for choosing among more than it gained, or, where shared, that
each set predicts better beside the other than alone.

Intervals are those of `refitted`, of the sums and differences: one stimulus leaves all fits at once, and one draw of
inner stimuli makes the choices of all fits.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.encoding.banded import layers_of, mixtures
from lib.compare.encoding.intervals import Refitted, refitted_data, variance_of
from lib.compare.encoding.nested import checked, fit_data
from lib.compare.encoding.search import NestedRidge, warn_about_edges
from lib.compare.statistics import Estimate
from lib.ground import WrongUse

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-9  # of r2: no interval is narrower, for the same fit made twice may differ by less
METHOD = "jackknife with refits and choices, Student's t"


@dataclass(frozen=True)
class Partition:
    """What `variance_partition` returns.

    Attributes
    ----------
    sets : tuple of str
        Names of the sets.
    scores : dict of str to Estimate
        r2 of each set ("a") and of sets together ("a + b"), (v,).
    parts : dict of str to Estimate
        Explained variance that is unique to a set ("only a") or shared ("a and b"), (v,). With three sets "a and b" is
        what both explain and the third doesn't. All parts add up to the score of all sets together. NaN for constant
        responses; intervals are NaN where none were asked for.
    mean : dict of str to Estimate
        Mean of the parts over responses that vary.
    fits : dict of str to NestedRidge
        The fits behind `scores`.
    """

    sets: tuple
    scores: dict[str, Estimate]
    parts: dict[str, Estimate]
    mean: dict[str, Estimate]
    fits: dict[str, NestedRidge]

    def to_frame(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per response (called `names`) and part: columns response, part, value, low, high, p; "mean" last."""
        import pandas as pd

        names = range(len(self.fits[self.sets[0]].r2)) if names is None else names
        columns = ("value", "low", "high", "p")
        rows = [
            {"response": response, "part": part}
            | {c: np.broadcast_to(getattr(found, c), len(names))[i] for c in columns}
            for part, found in self.parts.items()
            for i, response in enumerate(names)
        ]
        rows += [{"response": "mean", "part": k} | {c: getattr(e, c) for c in columns} for k, e in self.mean.items()]
        return pd.DataFrame(rows)


def variance_partition(
    sets: Mapping[str, np.ndarray | Mapping[str, np.ndarray]],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] | None = None,
    *,
    weights: Mapping[int, np.ndarray] | None = None,
    units: str = "gram",
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] | None = None,
    n_draws: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> Partition:
    """Unique and shared explained variance of two or three sets of features, per response.

    Parameters
    ----------
    sets : mapping of str to array of shape (n, d), or to mapping of str to such arrays
        Two or three sets of features of n stimuli, or the layers of a set, of which the best is chosen each time.
    responses, folds, alphas, units, extend_alphas, alpha_limits, device
        As in `nested_ridge`.
    weights : mapping of int to array of shape (k, int), optional
        Weights of the joint fits by their number of sets. Default: `band_weights`.
    n_draws : int
        Draws of stimuli for the choices, as in `refitted`; 0 for values without intervals, as thousands of voxels need.
    seed : int
        Of the draws.

    Returns
    -------
    Partition

    Raises
    ------
    WrongUse
        As `nested_ridge`; if there are not two or three sets.
    """
    if not isinstance(sets, Mapping) or len(sets) not in (2, 3):
        raise WrongUse(f"a partition needs two or three sets {{name: features}}, got {len(sets)}")
    members = layers_of(sets)
    data = checked({name: x for layers in members.values() for name, x in layers.items()}, responses, folds, units)
    how = {"alphas": alphas, "extend_alphas": extend_alphas, "alpha_limits": alpha_limits, "device": device}
    every = [group for size in range(1, len(sets) + 1) for group in combinations(sets, size)]
    fits: dict[tuple, Refitted | NestedRidge] = {}
    for group in every:
        mixed = mixtures(data, {name: list(members[name]) for name in group}, (weights or {}).get(len(group))).data
        fits[group] = refitted_data(mixed, **how, n_draws=n_draws, seed=seed) if n_draws else fit_data(mixed, **how)
    plain = {" + ".join(group): fit.fit if n_draws else fit for group, fit in fits.items()}
    for fit in plain.values():
        warn_about_edges(fit.edge, fit.inner_r2, fit.layer)
    names, signs = part_signs(tuple(sets))
    moved = [_moved_r2(fit) if n_draws else (_varying(fit.r2, data.y),) for fit in fits.values()]
    parts, mean = _estimates(names, signs, moved, data.labels)
    r2 = zip(plain, fits.values(), moved, strict=True)
    scores = {name: fit.scores if n_draws else Estimate(value[0], n=len(data.y)) for name, fit, value in r2}
    return Partition(tuple(sets), scores, parts, mean, plain)


def part_signs(sets: tuple) -> tuple[list[str], np.ndarray]:
    """Names of the parts, and with which sign the score of every group of sets enters them, (part, group).

    Groups go by size, then in the order of the sets; so do the parts, each that of exactly the sets of its group. It is
    the sum over subsets T of its group of ``(-1) ** (len(T) + 1)`` times the score of T with all other sets.
    """
    groups = [frozenset(group) for size in range(1, len(sets) + 1) for group in combinations(sets, size)]
    signs = np.zeros((len(groups), len(groups)))
    for part, group in enumerate(groups):
        others = frozenset(sets) - group
        for size in range(len(group) + 1):
            for some in combinations(sorted(group), size):
                if others | set(some):  # no set at all explains nothing
                    signs[part, groups.index(others | set(some))] += (-1) ** (size + 1)
    ordered = [[name for name in sets if name in group] for group in groups]
    return [f"only {one[0]}" if len(one) == 1 else " and ".join(one) for one in ordered], signs


def _varying(r2: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(np.ptp(y, axis=0) > 0, r2, np.nan)


def _moved_r2(fit: Refitted) -> tuple[np.ndarray, ...]:
    """r2 of every response and how it moves: (v,), (n, v), (n, n, v), (n_draws, v)."""
    r2 = np.where(np.isfinite(fit.r), fit.r.clip(0) ** 2, np.nan)
    return r2, fit.deleted.clip(0) ** 2, fit.pairs * (2 * fit.r.clip(0)), fit.choices.clip(0) ** 2


def _estimates(names: list, signs: np.ndarray, moved: list, folds: np.ndarray) -> tuple[dict, dict]:
    """Parts of every response, and of their mean, each by name."""
    value = signs @ np.stack([m[0] for m in moved])  # (part, v)
    kept = np.flatnonzero(np.isfinite(value[0]))
    se, se_mean = np.full(value.shape, np.nan), np.full(len(value), np.nan)
    if len(moved[0]) > 1:
        changes = [np.stack([m[i] for m in moved], axis=-1) @ signs.T for i in (1, 2, 3)]  # (..., v, part)
        for response in kept:
            se[:, response] = _se([change[..., response, :] for change in changes], folds)
        if len(kept):
            se_mean = _se([change[..., kept, :].mean(-2) for change in changes], folds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        mean = np.nanmean(value, axis=1)
    return tuple(
        {name: _interval(v, s, len(folds)) for name, v, s in zip(names, values, errors, strict=True)}
        for values, errors in ((value, se), (mean, se_mean))
    )


def _se(changes: list, folds: np.ndarray) -> np.ndarray:
    return np.sqrt(variance_of(*changes, folds).diagonal()).clip(ROUNDING)


def _interval(value: np.ndarray, se: np.ndarray, n: int) -> Estimate:
    from scipy import stats

    half = se * stats.t.ppf(0.975, n - 1)
    p = 2 * stats.t.sf(np.abs(value) / se, n - 1)
    value, low, high, p = (x if np.ndim(x) else float(x) for x in (value, value - half, value + half, p))
    return Estimate(value, low, high, n, 0.95, METHOD if np.isfinite(se).any() else "", p)
