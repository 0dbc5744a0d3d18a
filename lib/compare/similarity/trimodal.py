"""Tri-modal consistency: whether a brain shares with a model what both share with the sound.

Comes in: sound, brain and model, each a series on the same time points of a sentence. Goes out: the three rank
correlations of their distances, and four ways to make one number of them, each with a null that breaks one pair.

arXiv 2601.16540 says: the three squared correlations, high only if all three agree; not how they are combined. Its code
computes something else under the same name, the share of the sound-brain relation that the model accounts for. So all
are here by name: ``product``, ``geometric_mean`` and ``minimum`` of the squares, and ``mediation``. Where the brain
relates to sound and to model by different parts of itself, two pairwise scores are high, and product, minimum and
mediation are near zero: agreement that is a confound's.

The null holds two pairs as observed and takes the third from re-ordered time points of one of its members. Re-ordering
a modality outright would break two pairs at once, and a product of two strong pairs and a chance one would beat it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity.measures import RANK, measure, why_undefined
from lib.compare.similarity.nulls import ROUNDING
from lib.compare.similarity.series import response_series, same_time, series
from lib.compare.similarity.tables import joint_table
from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import xarray as xr

PAIRS = ("sound-brain", "brain-model", "sound-model")
SCORES = ("product", "geometric_mean", "minimum", "mediation")


def consistency_scores(correlations: np.ndarray) -> np.ndarray:
    """Four scores from three rank correlations.

    Parameters
    ----------
    correlations : array (3, ...)
        In the order of ``PAIRS``.

    Returns
    -------
    ndarray (4, ...)
        In the order of ``SCORES``: product, geometric mean and minimum of the squares, 0 to 1; and mediation,
        1 - r(sound, brain | model)^2 / r(sound, brain)^2, at most 1 and without a lower bound, 0 where the sound-brain
        correlation is below 1e-10 (as published).
    """
    correlations = np.asarray(correlations, dtype=np.float64)
    sound_brain, brain_model, sound_model = correlations
    squares = correlations**2
    product = squares.prod(axis=0)
    left = np.sqrt(np.maximum((1 - brain_model**2) * (1 - sound_model**2), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        partial = np.where(left > 0, (sound_brain - brain_model * sound_model) / left, 0.0)
        mediation = np.where(np.abs(sound_brain) < 1e-10, 0.0, 1 - partial**2 / squares[0])
    return np.stack([product, np.cbrt(product), squares.min(axis=0), mediation])


@dataclass(frozen=True)
class TriModal:
    """Tri-modal consistency beside what a broken pair gives.

    Attributes
    ----------
    correlations : xarray.DataArray (pair, [subject])
        Mean rank correlation of each pair.
    squared : xarray.DataArray (pair, [subject])
        Mean of the squares.
    observed : xarray.DataArray (score, [subject])
        The four scores.
    draws : xarray.DataArray (broken, score, [subject], draw)
        The same with one pair broken.
    p : xarray.DataArray (broken, score, [subject])
        (b + 1) / (P + 1), b of the P draws being at least the observed score.
    p_all : xarray.DataArray (score, [subject])
        The largest of the three: small only where every pair adds more than chance.
    n : int
        Sentences.
    """

    correlations: xr.DataArray
    squared: xr.DataArray
    observed: xr.DataArray
    draws: xr.DataArray
    p: xr.DataArray
    p_all: xr.DataArray
    n: int


def tri_modal(
    items: Iterable[tuple],
    name: str = "rsa_spearman",
    *,
    average: str = "scores",
    n_permutations: int = 500,
    scheme: str = "shuffle",
    seed: int = 0,
) -> TriModal:
    """Tri-modal consistency of sentences, with its null.

    Parameters
    ----------
    items : iterable of (sound, brain, model)
        One per sentence: descriptors (T, a), responses (T, c) or (S, T, c) or a mapping by subject, states (T, d).
        Every item has the same subjects. A generator is read one item at a time.
    name : str
        A rank measure of ``MEASURES`` or ``VARIANTS``.
    average : {"scores", "correlations"}
        Over sentences: the mean of each sentence's scores, or the scores of the mean correlations, which noise does not
        square into something positive.
    n_permutations, scheme, seed : int, {"shuffle", "shift"}, int
        As for ``sentence_null``.

    Raises
    ------
    ValueError
        Series of different length, NaN, no items, or a series without variation.
    """
    wanted = measure(name)
    if wanted.family != RANK:
        raise WrongUse(f"the three correlations are of ranks of distances: {name} is a {wanted.family} measure.")
    if average not in ("scores", "correlations"):
        raise unknown("average", average, ("scores", "correlations"))
    correlations, squares, scores, n, labels = 0.0, 0.0, 0.0, 0, None
    for number, (sound, brain, model) in enumerate(items):
        sound, model, (named, several) = series(sound, "sound"), series(model, "model"), response_series(brain)
        n_times = same_time({"sound": sound, "model": model}, named, [wanted])
        if labels not in (None, (list(named), several)):
            raise ValueError(f"item {number} has other subjects than those before it.")
        table = joint_table(n_times, n_permutations, scheme=scheme, seed=(seed, number))
        rho = _correlations(sound, list(named.values()), model, wanted, table)
        if np.isnan(rho).any():
            parts = {"sound": sound, "model": model} | {f"brain of subject {key}": x for key, x in named.items()}
            reasons = filter(None, (why_undefined(wanted, x, where) for where, x in parts.items()))
            raise ValueError(f"{name} is undefined in item {number}: {' and '.join(reasons)}. Leave those times out.")
        correlations, squares, n, labels = correlations + rho, squares + rho**2, n + 1, (list(named), several)
        scores = scores + (consistency_scores(rho) if average == "scores" else 0.0)
    if labels is None:
        raise ValueError("no items: a mean over sentences needs at least one.")
    scores = scores / n if average == "scores" else consistency_scores(correlations / n)
    return _record(correlations / n, squares / n, scores, n, *labels)


def _correlations(sound, brains: list, model, wanted, table: np.ndarray) -> np.ndarray:
    """(pair, broken pair, subject, 1 + P): only the broken pair's correlation changes from draw to draw."""
    import torch

    from lib.compare.similarity.reorder import reorderings

    table = np.concatenate([np.arange(table.shape[1])[None], table])[None]

    def against(moved, still: list) -> np.ndarray:  # still, 1 + P
        still = [x[None] for x in still]
        return reorderings([moved[None]], still, [wanted], table, device=torch.device("cpu"), single=False)[0, 0, :, 0]

    by_sound, brain_model = against(sound, [*brains, model]), against(model, brains)
    pairs = np.stack([by_sound[:-1], brain_model, np.broadcast_to(by_sound[-1], brain_model.shape)])
    out = np.repeat(np.repeat(pairs[:, None, :, :1], 3, axis=1), pairs.shape[-1], axis=-1)
    out[np.arange(3), np.arange(3)] = pairs
    return out


def _record(correlations, squares, scores, n: int, subjects: list, several: bool) -> TriModal:
    import xarray as xr

    coords = {"broken": list(PAIRS), "subject": subjects}
    dims = ("broken", "subject", "draw")
    correlations, squares = (
        xr.DataArray(x, dims=("pair", *dims), coords={"pair": list(PAIRS)} | coords) for x in (correlations, squares)
    )
    scores = xr.DataArray(scores, dims=("score", *dims), coords={"score": list(SCORES)} | coords)
    if not several:
        correlations, squares, scores = (x.isel(subject=0, drop=True) for x in (correlations, squares, scores))
    first = {"broken": 0, "draw": 0}
    observed, draws = scores.isel(first, drop=True), scores.isel(draw=slice(1, None))
    p = ((draws >= observed - ROUNDING).sum("draw") + 1) / (draws.sizes["draw"] + 1)
    draws, p = draws.transpose("broken", ...), p.transpose("broken", ...)
    means = correlations.isel(first, drop=True), squares.isel(first, drop=True)
    return TriModal(*means, observed, draws, p, p.max("broken"), n)
