"""Whether brain and model share more than the sound gives: what both leave over once the sound is accounted for.

Comes in: sound, brain and model, each a series on the same time points of a piece. Goes out: the likeness of what is
left of brain and model, with its interval over pieces and its null.

A sound that drives both makes brain and model alike, and the product of three correlations high, though neither knows
of the other. Taking the sound's distances out of theirs is not enough: three matrices of distances that hang together
through the sound have partial correlations above 0. So the sound is taken out of the series themselves. Both are
fitted by the same curves of the sound (its leading components at several lags, and smooth bumps over them), and what
remains is compared by its covariance, piece with other piece: chance alone does not make two pieces covary alike (the
covariance of residuals is that of Shah & Peters 2020, Annals of Statistics 48, 1514-1538).

The null draws the model anew given the sound: what the sound gives it, plus the rest of every piece with its sign
flipped or not, fitted as the data were. Rests keep their drift and their changes of size, and no piece is cut. A fit
takes some of the rest with it, so that rests as they are give too little, and those of fits to all other pieces too
much: p is against the larger, and the interval reaches from the one to the other.

What this rests on: pieces are independent, and the curves hold what the sound does to at least one of the two. A model
is a function of the sound, so "more" always means more than these descriptions of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lib.compare.similarity.nulls import ROUNDING
from lib.compare.similarity.series import response_series, same_time, series
from lib.ground import WrongUse

LEAST_PIECES = 8
FRAMES_PER_CURVE = 12
MOST_CURVES = 200


@dataclass(frozen=True)
class BeyondSound:
    """Likeness of brain and model once the sound is accounted for.

    Attributes
    ----------
    value : float
        Linear CKA of what is left, over pairs of different pieces, minus its mean under both nulls; mean over subjects.
        About 0 where brain and model are independent given the sound, at most 1.
    low, high : float
        Its 95 % interval over pieces (jackknife, Student's t), low against the larger null, high against the smaller.
    p : float
        (b + 1) / (P + 1), b of the P draws of the larger null being at least as large.
    null_mean : float
        What fits alone give, already taken off.
    brain_explained, model_explained : float
        Share of variance that the curves of the sound take out of either, in the data they were fitted to.
    n, n_curves, n_draws : int
        Pieces; terms fitted (linear components and bumps); draws that differ, at most 2^(n - 1) - 1.
    """

    value: float
    low: float
    high: float
    p: float
    null_mean: float
    brain_explained: float
    model_explained: float
    n: int
    n_curves: int
    n_draws: int


def beyond_sound(
    items: Iterable[tuple],
    *,
    lags: Iterable[int] = (0,),
    components: int = 20,
    n_permutations: int = 999,
    seed: int = 0,
) -> BeyondSound:
    """Compare what is left of brain and model when the sound is taken out of both.

    Parameters
    ----------
    items : iterable of (sound, brain, model)
        One per piece, at least ``LEAST_PIECES``: descriptions (T, a), responses (T, c) or (S, T, c) or a mapping by
        subject, states (T, d). Columns mean the same in every piece: no components of single pieces.
    lags : iterable of int
        By how many frames what is described may come before (above 0) or after what it explains.
    components : int
        How many principal components of the model are kept, over all pieces.
    n_permutations, seed : int
        Draws of the null and their seed.

    Raises
    ------
    WrongUse
        Too few pieces, or columns that differ between pieces.
    ValueError
        Series of different length, NaN, or a series without variation.
    """
    sounds, brains, models = _taken(items)
    cuts = np.cumsum([len(x) for x in sounds])[:-1]
    curves = _curves(_lagged(sounds, lags), seed)
    model = _principal(np.concatenate(models), components)
    left, told = _rest(curves, model)
    rests = [_rest(curves, _standard(np.concatenate(one))) for one in brains]
    parts = [np.split(x, cuts) for x in (curves, left)]
    others, brain = [np.split(rest, cuts) for rest, _ in rests], np.mean([share for _, share in rests])
    left_out = [_left_out(q, rest) for q, rest in zip(*parts, strict=True)]
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (n_permutations, len(sounds)))
    (value, reach), *nulls = (
        _likeness(parts[1], others),
        *(_null(*parts, others, x, signs) for x in (parts[1], left_out)),
    )
    means = [null.mean() for null in nulls]
    low, high = value - max(means) - reach, value - min(means) + reach
    p = (int((nulls[1] >= value - ROUNDING).sum()) + 1) / (n_permutations + 1)
    counts = len(sounds), curves.shape[1], min(n_permutations, 2 ** (len(sounds) - 1) - 1)
    ends = (float(x) for x in (value - np.mean(means), low, high))
    return BeyondSound(*ends, p, float(np.mean(means)), float(brain), told, *counts)


def _taken(items: Iterable[tuple]) -> tuple[list, list[list], list]:
    sounds, brains, models = [], [], []
    for sound, brain, model in items:
        sound, model, (named, _) = series(sound, "sound"), series(model, "model"), response_series(brain)
        same_time({"sound": sound, "model": model}, named, [])
        sounds.append(sound.numpy())
        models.append(model.numpy())
        brains.append([x.numpy() for x in named.values()])
    if len(sounds) < LEAST_PIECES:
        raise WrongUse(f"what pieces share is told from chance by at least {LEAST_PIECES} of them, got {len(sounds)}.")
    shapes = {
        (s.shape[1], m.shape[1], tuple(b.shape[1] for b in bs)) for s, bs, m in zip(sounds, brains, models, strict=True)
    }
    if len(shapes) > 1:
        raise WrongUse(f"columns must mean the same in every piece, but their numbers differ: {sorted(shapes)}.")
    return sounds, [list(one) for one in zip(*brains, strict=True)], models


def _lagged(sounds: list[np.ndarray], lags: Iterable[int]) -> np.ndarray:
    """All pieces (frame, description * lag), the mean over all of them where a lag leads out of a piece."""
    from lib.compare.deconvolution import lagged

    lags, mean = np.asarray(list(lags)), np.concatenate(sounds).mean(axis=0)
    short = [max(0, abs(lags).max() + 1 - len(x)) for x in sounds]  # a word may be shorter than a lag
    padded = [np.pad(x - mean, ((0, more), (0, 0))) for x, more in zip(sounds, short, strict=True)]
    return np.concatenate([lagged(x, lags)[: len(x) - more] for x, more in zip(padded, short, strict=True)])


def _principal(x: np.ndarray, count: int) -> np.ndarray:
    """Leading components over all pieces of standardised columns."""
    u, s, _ = np.linalg.svd(_standard(x), full_matrices=False)
    kept = min(count, int((s > 1e-9 * s[0]).sum()))
    return u[:, :kept] * s[:kept]


def _standard(x: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1 over all pieces, those that never change left out."""
    spread = x.std(axis=0)
    if not (spread > 0).any():
        raise ValueError("a series without variation shares nothing with another: leave it out.")
    return (x[:, spread > 0] - x[:, spread > 0].mean(axis=0)) / spread[spread > 0]


def _curves(x: np.ndarray, seed: int) -> np.ndarray:
    """Orthonormal terms (frame, curve): a constant, linear components, and as many bumps over the leading ones."""
    from sklearn.kernel_approximation import Nystroem

    each = max(1, min(len(x) // FRAMES_PER_CURVE, MOST_CURVES))
    straight = _principal(x, each)
    near = straight[:, :10] / straight[:, :10].std(axis=0)
    bumps = Nystroem(gamma=0.5 / near.shape[1], n_components=each, random_state=seed).fit_transform(near)
    together = np.hstack([np.ones((len(x), 1)), straight, bumps])
    u, s, _ = np.linalg.svd(together / np.linalg.norm(together, axis=0), full_matrices=False)
    return u[:, s > 1e-6 * s[0]]


def _rest(curves: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, float]:
    """What the curves leave of x, and the share of variance that they take."""
    rest = x - curves @ (curves.T @ x)
    return rest, float(1 - (rest**2).sum() / ((x - x.mean(axis=0)) ** 2).sum())


def _likeness(model: list[np.ndarray], brains: list[list[np.ndarray]]) -> tuple[float, float]:
    """Mean covariance likeness of two different pieces, and how far its interval reaches to either side."""
    from scipy import stats

    n = len(model)
    pairs = sum(weight * _gram(_across(brain, model)) for brain, weight in _weighted(model, brains))
    others = pairs - np.diag(np.diag(pairs))
    total, rows = others.sum(), others.sum(axis=0)
    without = (total - 2 * rows) / ((n - 1) * (n - 2))
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return float(total / (n * (n - 1))), float(stats.t.ppf(0.975, n - 1) * error)


def _null(
    curves: list[np.ndarray],
    model: list[np.ndarray],
    brains: list[list[np.ndarray]],
    rests: list[np.ndarray],
    signs: np.ndarray,
) -> np.ndarray:
    """Likeness of the brains with the model's `rests`, their signs flipped (draw, piece) and fitted again, by draw.

    With C the covariances of brain and rest, D those of brain and curves, and H what curves take of the flipped rests,
    the covariance of piece i is s_i C_i - D_i H. The sum of D over pieces is 0: the brain was fitted, too.
    """
    n = len(rests)
    back = np.stack([q.T @ x for q, x in zip(curves, rests, strict=True)])  # piece, curve, component
    pairs, mixed, curved = 0.0, 0.0, 0.0
    for brain, weight in _weighted(model, brains):
        c, d = _across(brain, rests), _across(brain, curves)
        pairs = pairs + weight * _gram(c)
        mixed = mixed + weight * np.einsum("icp,icd->ipd", d, c)
        curved = curved + weight * np.einsum("icp,icq->pq", d, d)
    taken = np.tensordot(signs, back, 1)  # draw, curve, component
    own = np.trace(pairs) - 2 * (np.tensordot(signs, mixed, 1) * taken).sum(axis=(1, 2))
    own += np.einsum("kpd,pq,kqd->k", taken, curved, taken, optimize=True)
    return (np.einsum("ki,ij,kj->k", signs, pairs, signs, optimize=True) - own) / (n * (n - 1))


def _weighted(model: list[np.ndarray], brains: list[list[np.ndarray]]) -> Iterator[tuple[list[np.ndarray], float]]:
    """Every brain with the weight that makes covariances a linear CKA, mean over brains."""
    size = _size(model)
    for brain in brains:
        yield brain, 1 / (len(brains) * np.sqrt(size * _size(brain)))


def _across(a: list[np.ndarray], b: list[np.ndarray]) -> np.ndarray:
    return np.stack([x.T @ y for x, y in zip(a, b, strict=True)])


def _left_out(curves: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Rest of a piece for a fit to all others: (1 - curves curves')^-1 rest."""
    size, axes = np.linalg.eigh(np.eye(len(curves)) - curves @ curves.T)
    return axes @ ((axes.T @ rest) / np.maximum(size, 0.05)[:, None])


def _size(parts: list[np.ndarray]) -> float:
    own = _gram(_across(parts, parts))
    return float((own.sum() - np.trace(own)) / (len(own) * (len(own) - 1)))


def _gram(parts: np.ndarray) -> np.ndarray:
    flat = parts.reshape(len(parts), -1)
    return flat @ flat.T
