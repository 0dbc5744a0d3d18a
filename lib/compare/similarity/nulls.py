"""Permutation nulls for every measure: what a similarity is worth once the time labels of the model mean nothing.

Comes in: layers of a model and responses of listeners to the same time points. Goes out: a record of observed values,
draws, p-values, p-values corrected over layers, null means and z, as labelled arrays. One table of re-orderings is
shared by all measures, subjects and layers, so draws are paired.

Two schemes. ``shuffle`` exchanges time points freely, as published: exact only where time points are exchangeable, and
too generous to smooth series. ``shift`` rotates the layers in time and so keeps their autocorrelation, but for a seam
where their end meets their beginning: averaged over short pieces it finds likeness in noise. For sentences, words and
sounds there is ``pieces_null``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity.measures import MEASURES, measure, why_undefined
from lib.compare.similarity.series import layer_series, once_each, response_series, same_time
from lib.compare.similarity.tables import checked_table, joint_table, reordering_table
from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

ROUNDING = 1e-11  # a draw this close below the observed value equals it
DOUBTFUL = 1e-5  # a single-precision draw this close to the observed value is computed again in double precision


@dataclass(frozen=True)
class Null:
    """Observed similarities beside what re-ordered time points give.

    Attributes
    ----------
    observed : xarray.DataArray
        (measure, [subject], layer). NaN where a measure is undefined; `notes` says why.
    draws : xarray.DataArray
        (measure, [subject], layer, draw). Draw k is the similarity after the k-th re-ordering.
    p : xarray.DataArray
        (b + 1) / (P + 1), b of the P draws being at least the observed value: one-sided.
    p_max : xarray.DataArray
        The same against each draw's largest value over layers: corrected for having looked at all of them. The p-value
        of the best layer is its minimum over layers.
    null_mean, null_sd, z : xarray.DataArray
        Mean of the draws that are not the observed order itself, sample standard deviation (ddof 1) of all draws, and
        (observed - null_mean) / null_sd, NaN where all draws are equal.
    scheme : str
        ``"shuffle"``, ``"shift"``, ``"table"`` where the re-orderings were given, or ``"pieces"`` where responses to
        other pieces take the place of re-ordered layers.
    items : xarray.DataArray or None
        Where sentences were averaged: how many went into each value.
    notes : tuple of str
        What is undefined, where, and why.
    """

    observed: xr.DataArray
    draws: xr.DataArray
    p: xr.DataArray
    p_max: xr.DataArray
    null_mean: xr.DataArray
    null_sd: xr.DataArray
    z: xr.DataArray
    scheme: str
    items: xr.DataArray | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_permutations(self) -> int:
        """Number of draws P; no p-value can be smaller than 1 / (P + 1)."""
        return self.draws.sizes["draw"]

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one row per measure, subject and layer."""
        import xarray as xr

        columns = {"value": self.observed, "null_mean": self.null_mean, "null_sd": self.null_sd, "z": self.z}
        frame = xr.Dataset(columns | {"p": self.p, "p_max": self.p_max}).to_dataframe().reset_index()
        return frame.assign(scheme=self.scheme, n_permutations=self.n_permutations)


def permutation_null(
    layers: Sequence | Mapping,
    responses,
    measures: Sequence[str] = tuple(MEASURES),
    *,
    n_permutations: int = 500,
    scheme: str = "shuffle",
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    table: np.ndarray | None = None,
) -> Null:
    """Similarity of every layer to every response, with its permutation null.

    Draw k re-orders the layers' time points by row k of the table; p = (b + 1) / (P + 1) (arXiv 2601.16540).

    Parameters
    ----------
    layers : sequence of array (T, d_l), or mapping of name to array
        Activations of each layer on one time axis; widths may differ.
    responses : array (T, c) or (S, T, c), or sequence or mapping by subject of array (T, c_s)
        Responses on the same time axis; subjects may differ in their channels unless they share an array.
    measures : sequence of str
        Keys of ``MEASURES`` or ``VARIANTS``.
    n_permutations : int
        Draws P. Under ``shift`` there are at most T - 1, and with all of them p is exact in steps of 1 / T.
    scheme : {"shuffle", "shift"}
        How time points are re-ordered.
    seed : int
        Seed of the table.
    device : str
        ``"auto"`` (a GPU where there is one) or a torch device. It changes no result by more than 1e-5.
    precision : {"auto", "double", "single"}
        Of the products; auto is double on a processor, single elsewhere. Draws that single precision leaves in doubt
        are computed again, so p-values do not depend on it.
    table : array (P, T) of int, optional
        Re-orderings to use instead; `n_permutations`, `scheme` and `seed` are then ignored.

    Returns
    -------
    Null
        With a subject dimension where `responses` has one.

    Raises
    ------
    ValueError
        For NaN or infinite input, series of different or too few time points, a table not made of permutations, and
        where nothing is defined. An unknown measure or scheme lists the known ones.
    """
    wanted, engine = [measure(name) for name in once_each(measures, "measures")], _engine(device, precision)
    layers, (responses, several) = layer_series(layers), response_series(responses)
    n_times = same_time(layers, responses, wanted)
    if table is None:
        table = reordering_table(n_times, n_permutations, scheme=scheme, seed=seed)
    else:
        table, scheme = checked_table(table, n_times), "table"
    values, notes = _observed_and_draws(layers, responses, wanted, table, engine)
    if np.isnan(values).all():
        raise ValueError("nothing to compare: " + "; ".join(notes))
    values = labelled(values, wanted, responses, layers)
    return record(values if several else values.isel(subject=0, drop=True), scheme, tuple(notes))


def sentence_null(
    items: Iterable[tuple],
    measures: Sequence[str] = tuple(MEASURES),
    *,
    n_permutations: int = 500,
    scheme: str = "shuffle",
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
) -> Null:
    """Null of the mean similarity over many sentences of different length, in the memory of one.

    Draw k of the result is the mean over sentences of each one's draw k. Sentences are re-ordered independently of each
    other; all measures, layers and subjects of a sentence share its re-orderings.

    Parameters
    ----------
    items : iterable of (layers, responses)
        One pair per sentence, each as for :func:`permutation_null`; a generator is read one item at a time. Every item
        has the same layers. A subject missing from an item's mapping is averaged over the other items.
    measures, n_permutations, scheme, seed, device, precision
        As for :func:`permutation_null`. There are always `n_permutations` draws: rotations of a sentence repeat and may
        be 0, since it is their combination over sentences that has to be random.

    Returns
    -------
    Null
        Its `items` counts the sentences behind each value; where a measure is undefined the sentence is left out.
    """
    wanted, engine = [measure(name) for name in once_each(measures, "measures")], _engine(device, precision)
    names, sums, counts, notes, several = None, {}, {}, [], False
    for number, item in enumerate(items):
        layers, (responses, several) = layer_series(item[0]), response_series(item[1])
        if names not in (None, list(layers)):
            raise ValueError(f"item {number} has layers {list(layers)}, those before it {names}.")
        names, n_times = list(layers), same_time(layers, responses, wanted)
        table = joint_table(n_times, n_permutations, scheme=scheme, seed=(seed, number))
        values, reasons = _observed_and_draws(layers, responses, wanted, table, engine)
        values = np.concatenate([values, _expected(values, table)], axis=-1)
        notes += [f"item {number}: {reason}" for reason in reasons]
        for subject, value in zip(responses, values.swapaxes(0, 1), strict=True):
            sums[subject] = sums.get(subject, 0.0) + np.nan_to_num(value)
            counts[subject] = counts.get(subject, 0) + ~np.isnan(value)
    if not sums:
        raise ValueError("no items: a mean over sentences needs at least one.")
    count, total = (labelled(np.stack([*x.values()], axis=1), wanted, x, names) for x in (counts, sums))
    if not several:
        count, total = (x.isel(subject=0, drop=True) for x in (count, total))
    mean = total / count.where(count > 0)
    items, expected = count.isel(draw=0, drop=True), mean.isel(draw=-1, drop=True)
    return record(mean.isel(draw=slice(-1)), scheme, tuple(notes), items, expected)


def _expected(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Mean of the draws that move any time point, one more value on the last axis.

    The order as it is may be drawn, and must be for p to be exact. But it is no example of what chance gives: counted
    among them it takes part of the likeness away, the more the fewer time points there are.
    """
    moved = np.append(False, (table != np.arange(table.shape[1])).any(axis=1))
    return values[..., moved].mean(axis=-1, keepdims=True) if moved.any() else np.full((*values.shape[:-1], 1), np.nan)


def averaged(null: Null, dim: str = "subject") -> Null:
    """Null of the mean over subjects, or another dimension: draw k is the mean of everybody's draw k."""
    import xarray as xr

    if dim not in null.observed.dims:
        raise WrongUse(f"no dimension {dim!r} to average over; there are {', '.join(map(str, null.observed.dims))}.")
    values = xr.concat([null.observed.expand_dims("draw"), null.draws], dim="draw").transpose(..., "draw")
    items = None if null.items is None else null.items.sum(dim)
    return record(values.mean(dim), null.scheme, null.notes, items, null.null_mean.mean(dim))


def _engine(device: str, precision: str) -> dict:
    import torch

    if precision not in ("auto", "double", "single"):
        raise unknown("precision", precision, ("auto", "double", "single"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(device)
    return {"device": device, "single": precision == "single" or (precision == "auto" and device.type != "cpu")}


def _observed_and_draws(layers: Mapping, responses: Mapping, wanted, table, engine) -> tuple[np.ndarray, list[str]]:
    """(measure, response, layer, 1 + P) with the observed value first, and why some are undefined."""
    import torch

    from lib.compare.similarity.reorder import reorderings

    exact = {"device": torch.device("cpu"), "single": False}
    a, b = [x[None] for x in layers.values()], [x[None] for x in responses.values()]
    table = np.concatenate([np.arange(table.shape[1])[None], table])[None]
    values = reorderings(a, b, wanted, table, **engine)[0]
    if engine["single"]:
        values[..., 0] = reorderings(a, b, wanted, table[:, :1], **exact)[0, ..., 0]
        doubtful = np.abs(values - values[..., :1]) < DOUBTFUL
        for m, s, layer in np.argwhere(doubtful.any(-1)):
            rows = np.flatnonzero(doubtful[m, s, layer])
            values[m, s, layer, rows] = reorderings([a[layer]], [b[s]], [wanted[m]], table[:, rows], **exact).ravel()
    return values, reasons_for(values[..., 0], layers, responses, wanted)


def reasons_for(observed: np.ndarray, layers: Mapping, responses: Mapping, wanted) -> list[str]:
    """Why values (measure, subject, layer) are NaN, where they are."""
    named = [(f"layer {n}", x) for n, x in layers.items()] + [(f"response {n}", x) for n, x in responses.items()]
    hit = [m for m, undefined in zip(wanted, np.isnan(observed).any((1, 2)), strict=True) if undefined]
    found = [(m.name, why_undefined(m, x, where)) for m in hit for where, x in named]
    return [f"{name} is undefined: {reason}" for name, reason in found if reason]


def labelled(values: np.ndarray, wanted, responses: Iterable, layers: Iterable) -> xr.DataArray:
    """Array (measure, subject, layer, draw) with its labels."""
    import xarray as xr

    coords = {"measure": [m.name for m in wanted], "subject": list(responses), "layer": list(layers)}
    return xr.DataArray(values, coords=coords, dims=("measure", "subject", "layer", "draw"))


def record(
    values: xr.DataArray,
    scheme: str,
    notes: tuple[str, ...] = (),
    items: xr.DataArray | None = None,
    expected: xr.DataArray | None = None,
) -> Null:
    """Observed values (first on the last axis, draw) and draws as a record; `expected` is the null's mean if known."""
    observed, draws = values.isel(draw=0, drop=True), values.isel(draw=slice(1, None))
    mean = draws.mean("draw", skipna=False) if expected is None else expected
    sd = draws.std("draw", ddof=1, skipna=False)
    return Null(
        observed=observed,
        draws=draws,
        p=_p(draws, observed),
        p_max=_p(draws.max("layer"), observed),
        null_mean=mean,
        null_sd=sd,
        z=(observed - mean) / sd.where(sd > ROUNDING),
        scheme=scheme,
        items=items,
        notes=notes,
    )


def _p(draws: xr.DataArray, observed: xr.DataArray) -> xr.DataArray:
    least = observed - ROUNDING * np.maximum(1.0, np.abs(observed))
    p = ((draws >= least).sum("draw") + 1) / (draws.sizes["draw"] + 1)
    return p.where(~np.isnan(observed)).transpose(*observed.dims)
