"""Representational similarity over sounds: how alike a model's layers and listeners arrange a set of stimuli.

Comes in: activations (sound, unit) by layer and responses (sound, voxel) by subject. Goes out: Spearman correlations of
their RDMs by layer and subject, the best layer chosen in two ways, a null over exchanged sounds, an interval over
resampled sounds, and how well listeners predict each other. After arXiv 2511.16849, where it says so. A layer or
subject without an RDM (no variation) takes part in nothing, and a warning says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity.geometry import CONSTANT, average_ranks, correlation_rdm, settle_ties
from lib.compare.similarity.measures import measure, why_undefined
from lib.compare.similarity.nulls import Null, averaged, permutation_null
from lib.compare.similarity.series import layer_series, response_series, same_time, series
from lib.ground import unknown

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

RULES = ("symmetric", "as_published")
PUBLISHED_LEAST = 1e-10  # added to standard deviations (arXiv 2511.16849)
ORDINARY = 1e-4  # in series whose largest standard deviation is smaller, it is a share of that one: units do not matter


@dataclass(frozen=True)
class LayerRSA:
    """Similarity of every layer to the responses.

    Attributes
    ----------
    rho : xarray.DataArray
        (subject, layer) Spearman correlations of the RDMs' upper triangles.
    best_layer : object
        Name of the layer with the largest mean over subjects: chosen on the data that score it, so optimistic.
    best_rho, best_sd : float
        That mean, and the standard deviation over subjects (ddof 0), which the paper draws as error bars.
    cross_validated : xarray.DataArray
        (subject,) correlations with an RDM put together from layers chosen on other sounds.
    null : Null
        Of the mean over subjects, sounds exchanged; the p-value of `best_rho` is the smallest of ``null.p_max``.
    interval : xarray.DataArray
        (layer, bound) 95 % percentile interval of the mean over subjects, sounds resampled.
    topline : float
        Mean correlation of one subject's RDM with the mean RDM of the others; NaN for one subject.
    left_out : tuple of str
        Layers and subjects that have no RDM, and why: they are in none of the above.
    """

    rho: xr.DataArray
    best_layer: object
    best_rho: float
    best_sd: float
    cross_validated: xr.DataArray
    null: Null
    interval: xr.DataArray
    topline: float
    left_out: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one row per layer: mean rho over subjects, its interval, its null, p corrected over layers."""
        frame = self.null.to_frame().drop(columns=["measure", "z"]).rename(columns={"p": "p_uncorrected", "p_max": "p"})
        frame["low"], frame["high"] = self.interval.values.T
        return frame.assign(null_high=self.null.draws.quantile(0.95, "draw").values.ravel())


def rsa_layers(
    layers: Sequence | Mapping,
    responses,
    *,
    folds: np.ndarray | None = None,
    rule: str = "symmetric",
    n_permutations: int = 500,
    n_bootstraps: int = 500,
    seed: int = 0,
) -> LayerRSA:
    """Compare every layer with the responses of every subject.

    Parameters
    ----------
    layers : sequence of array (n, d_l), or mapping of name to array
        One row per sound.
    responses : array (n, v) or (S, n, v), or sequence or mapping by subject of array (n, v_s)
        The same sounds in the same order; voxels without data must have been left out.
    folds : array (n,) of int, optional
        Folds for the cross-validated choice of a layer; 0, 1, 2, 3, 4, 0, 1, ... where not given.
    rule : {"symmetric", "as_published"}
        See :func:`cross_validated_rsa`.
    n_permutations, n_bootstraps, seed : int
        Draws of the null and of the interval.

    Returns
    -------
    LayerRSA

    Raises
    ------
    ValueError
        Series of different length, NaN, or no layer or no subject with an RDM.
    """
    layers, responses, left_out = _standardised(layers, responses)
    null = permutation_null(layers, responses, ["rsa_spearman"], n_permutations=n_permutations, seed=seed)
    group, rho = averaged(null), null.observed.sel(measure="rsa_spearman", drop=True)
    best = int(rho.mean("subject").argmax("layer"))
    draws = _bootstrap(layers, responses, n_bootstraps, seed).mean("subject")
    return LayerRSA(
        rho=rho,
        best_layer=list(layers)[best],
        best_rho=float(group.observed.max()),
        best_sd=float(rho.isel(layer=best).std("subject")),
        cross_validated=_cross_validated(layers, responses, folds, rule)[0],
        null=group,
        interval=draws.quantile([0.025, 0.975], "draw").rename(quantile="bound").transpose("layer", "bound"),
        topline=_topline(_triangles(responses)),
        left_out=left_out,
    )


def sound_rdm(x) -> np.ndarray:
    """RDM of sounds: 1 - Pearson correlation between rows, after every column is z-scored over sounds.

    Parameters
    ----------
    x : array (n, d)
        One row per sound.

    Returns
    -------
    numpy.ndarray
        (n, n), 0 to 2. Columns are divided by their population standard deviation + 1e-10 (arXiv 2511.16849), which is
        a share of the largest one where all are below 1e-4. Constant columns are 0.
    """
    return correlation_rdm(_z_scored(series(x, "x"))).numpy()


def cross_validated_rsa(
    layers: Sequence | Mapping, responses, folds: np.ndarray | None = None, *, rule: str = "symmetric"
) -> tuple[xr.DataArray, xr.DataArray]:
    """Correlation with an RDM whose cells come from the layer that is best on other cells.

    For every pair of folds a layer is chosen by its Spearman correlation on the cells that are kept, and lends cells.

    ``symmetric`` keeps the cells of sounds in neither fold and fills the cells between the two. No sound takes part in
    the choice for its own cells, and the order of the sounds does not matter.
    ``as_published`` drops a cell if its row is in the first or its column in the second fold, and fills all dropped
    cells, later pairs of folds over earlier ones. Held-out sounds take part in the choice, and the value depends on
    the order of the sounds (arXiv 2511.16849, the authors' code).

    Parameters
    ----------
    layers, responses, folds, rule
        As for :func:`rsa_layers`.

    Returns
    -------
    rho : xarray.DataArray
        (subject,)
    share : xarray.DataArray
        (subject, layer) share of the cells that each layer lends.
    """
    layers, responses, _ = _standardised(layers, responses)
    return _cross_validated(layers, responses, folds, rule)


def listener_ceilings(responses) -> tuple[np.ndarray, np.ndarray]:
    """How well listeners' RDMs agree with each other: what bounds the correlation of any model with them.

    Parameters
    ----------
    responses : array (S, n, v), or sequence or mapping by subject of array (n, v_s)
        Two subjects at least.

    Returns
    -------
    low, high : array (S,)
        Spearman correlation of each subject's RDM with the mean RDM of the others (the inter-subject topline), and with
        the mean of all subjects' ranks, itself included: no RDM has a larger mean correlation with all of them (Nili et
        al. 2014, PLoS Computational Biology 10: e1003553).
    """
    named = {name: _z_scored(x) for name, x in response_series(responses)[0].items()}
    if len(named) < 2:
        raise ValueError("listeners are set against each other: need two at least.")
    triangles = _triangles(named)
    ranks = average_ranks(triangles)
    ranks = ranks - ranks.mean(-1, keepdim=True)
    ranks = ranks / ranks.norm(dim=-1, keepdim=True)
    every = ranks.mean(0)
    return _with_others(triangles).numpy(), (ranks @ (every / every.norm())).numpy()


# ---- the parts, on z-scored series ----


def _z_scored(x):
    centred, spread = x - x.mean(0), x.std(0, correction=0)
    rounding = CONSTANT * x.abs().amax(0)
    most = float(spread.max())
    least = PUBLISHED_LEAST * (1.0 if most >= ORDINARY else most)
    return (centred / (spread + least)).masked_fill((centred.abs() <= rounding) | (spread <= rounding), 0.0)


def _standardised(layers, responses) -> tuple[dict, dict, tuple[str, ...]]:
    """Z-scored layers and responses that have an RDM, and what is left out for it has none."""
    layers, responses = layer_series(layers), response_series(responses)[0]
    same_time(layers, responses, [])
    kept, reasons = [], []
    for kind, named in (("layer", layers), ("subject", responses)):
        scored = {name: _z_scored(x) for name, x in named.items()}
        flat = {name: reason for name, x in scored.items() if (reason := _why_flat(x, f"{kind} {name}"))}
        if len(flat) == len(scored):
            raise ValueError(f"nothing to compare: {'; '.join(flat.values())}.")
        kept.append({name: x for name, x in scored.items() if name not in flat})
        reasons += flat.values()
    if reasons:
        warnings.warn(f"left out of the RSA: {'; '.join(reasons)}", stacklevel=3)
    return *kept, tuple(reasons)


def _why_flat(x, where: str) -> str | None:
    reason = why_undefined(measure("rsa_spearman"), x, where)
    return reason and reason.replace("time point", "sound")


def _triangles(named: Mapping):
    """Upper triangles of the RDMs, (RDM, pair)."""
    import torch

    i, j = np.triu_indices(len(next(iter(named.values()))), 1)
    return torch.stack([correlation_rdm(x)[i, j] for x in named.values()])


def _spearman(a, b):
    """Spearman correlations of all rows of b with all rows of a, (b, a)."""
    a, b = (average_ranks(x) for x in (a, b))
    a, b = (x - x.mean(-1, keepdim=True) for x in (a, b))
    return (b / b.norm(dim=-1, keepdim=True)) @ (a / a.norm(dim=-1, keepdim=True)).mT


def _topline(triangles) -> float:
    return float(_with_others(triangles).mean()) if len(triangles) > 1 else float("nan")


def _with_others(triangles):
    """Correlation of each RDM with the mean of the others, (RDM,)."""
    others = (triangles.sum(0) - triangles) / (len(triangles) - 1)
    return _spearman(triangles, others).diagonal()


def _cross_validated(layers: Mapping, responses: Mapping, folds, rule: str) -> tuple[xr.DataArray, xr.DataArray]:
    import xarray as xr

    model, brain = _triangles(layers), _triangles(responses)  # (L, pairs), (S, pairs)
    n_sounds = len(next(iter(layers.values())))
    choice = np.full(brain.shape, -1)
    for kept, filled in _blocks(_checked_folds(folds, n_sounds), rule):
        choice[:, filled] = _spearman(model[:, kept], brain[:, kept]).argmax(1)[:, None]
    lent = model.new_tensor(np.take_along_axis(model.numpy(), choice, axis=0))  # (S, pairs)
    rho = [_spearman(a[None], b[None]).item() for a, b in zip(lent, brain, strict=True)]
    share = (choice[:, None] == np.arange(len(model))[:, None]).mean(-1)
    coords = {"subject": list(responses), "layer": list(layers)}
    return xr.DataArray(rho, {"subject": coords["subject"]}, ["subject"]), xr.DataArray(share, coords, list(coords))


def _checked_folds(folds, n_sounds: int) -> np.ndarray:
    folds = np.arange(n_sounds) % 5 if folds is None else np.asarray(folds)
    if folds.shape != (n_sounds,):
        raise ValueError(f"folds must have one label for each of {n_sounds} sounds, got shape {folds.shape}.")
    if len(np.unique(folds)) < 3:
        raise ValueError(f"a layer is chosen on sounds outside two folds: need 3 folds, got {len(np.unique(folds))}.")
    return folds


def _blocks(folds: np.ndarray, rule: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For every pair of folds: pairs of sounds to choose on, and pairs to fill."""
    if rule not in RULES:
        raise unknown("rule", rule, RULES)
    i, j = np.triu_indices(len(folds), 1)
    row, column = folds[i], folds[j]
    for a, b in combinations_with_replacement(np.unique(folds), 2):
        if rule == "as_published":
            kept = (row != a) & (column != b)
            yield kept, ~kept
        else:
            outside = ~np.isin(row, (a, b)) & ~np.isin(column, (a, b))
            yield outside, ((row == a) & (column == b)) | ((row == b) & (column == a))


def _bootstrap(layers: Mapping, responses: Mapping, n_bootstraps: int, seed: int) -> xr.DataArray:
    """RSA of sounds drawn with replacement, (subject, layer, draw).

    A sound drawn twice is at distance 0 from itself in every RDM, agreement that is not there, so pairs of a sound with
    itself are left out. The others count as often as they were drawn.
    """
    import xarray as xr

    n = len(next(iter(layers.values())))
    i, j = np.triu_indices(n, 1)
    model, brain = ([_Sorted(pairs) for pairs in _triangles(x)] for x in (layers, responses))
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstraps)  # (draw, sound)
    rho = np.empty((len(brain), len(model), n_bootstraps))
    for rows in np.array_split(np.arange(n_bootstraps), n_bootstraps * len(i) // 2**19 + 1):
        weights = (drawn[rows][:, i] * drawn[rows][:, j]).astype(np.float64)  # (draw, pair)
        of_brain = [pairs.centred_ranks(weights) for pairs in brain]
        for k, pairs in enumerate(model):
            ranks = pairs.centred_ranks(weights)
            rho[:, k, rows] = [_weighted_cosine(ranks, other, weights) for other in of_brain]
    return xr.DataArray(rho, {"subject": list(responses), "layer": list(layers)}, ["subject", "layer", "draw"])


class _Sorted:
    """A triangle sorted once, so that its ranks under any weights are running sums."""

    def __init__(self, pairs):
        values = settle_ties(pairs).numpy()
        self.order = np.argsort(values, kind="stable")
        self.place = np.argsort(self.order)
        ordered = values[self.order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        run = np.cumsum(np.r_[True, ordered[1:] != ordered[:-1]]) - 1
        self.before, self.up_to = starts[run], np.r_[starts[1:], len(values)][run]

    def centred_ranks(self, weights: np.ndarray) -> np.ndarray:
        """Average ranks (draw, pair) of pairs that count weights times, minus their weighted mean."""
        sums = np.zeros((len(weights), weights.shape[1] + 1))
        np.cumsum(weights[:, self.order], axis=1, out=sums[:, 1:])
        ranks = sums[:, self.before[self.place]] + sums[:, self.up_to[self.place]]  # twice the rank, minus 1
        return (ranks - sums[:, -1:]) / 2


def _weighted_cosine(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    together, of_a, of_b = (np.einsum("ij,ij,ij->i", x, y, weights) for x, y in ((a, b), (a, a), (b, b)))
    return together / np.sqrt(of_a * of_b)
