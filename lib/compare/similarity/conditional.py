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
flipped or not, fitted as the data were. The rest of a piece is what a fit to the other pieces leaves. Rests keep their
drift and their changes of size, and no piece is cut.

What this rests on: pieces are independent, and the curves hold what the sound does to at least one of the two. A model
is a function of the sound, so "more" always means more than these descriptions of it.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        Linear CKA of what is left, over pairs of different pieces, minus its mean under the null; mean over subjects.
        About 0 where brain and model are independent given the sound, at most 1.
    low, high : float
        Its 95 % interval over pieces (jackknife, Student's t).
    p : float
        (b + 1) / (P + 1), b of the P draws being at least as large.
    null_mean : float
        What fits alone give, already taken off.
    brain_explained, model_explained : float
        Share of variance that the curves of the sound take out of either, in the data they were fitted to.
    n, n_curves : int
        Pieces, and terms fitted: linear components and bumps.
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
    rests = [_rest(curves, np.concatenate(one)) for one in brains]
    parts = [np.split(x, cuts) for x in (curves, left)]
    found = _Pairs.of(*parts, [np.split(rest, cuts) for rest, _ in rests])
    return found.estimate(n_permutations, seed, np.mean([share for _, share in rests]), told, curves.shape[1])


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

    mean = np.concatenate(sounds).mean(axis=0)
    return np.concatenate([lagged(x - mean, np.asarray(list(lags))) for x in sounds])


def _principal(x: np.ndarray, count: int) -> np.ndarray:
    """Leading components over all pieces of standardised columns, those that never change left out."""
    spread = x.std(axis=0)
    if not (spread > 0).any():
        raise ValueError("a series without variation shares nothing with another: leave it out.")
    x = (x[:, spread > 0] - x[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    kept = min(count, int((s > 1e-9 * s[0]).sum()))
    return u[:, :kept] * s[:kept]


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


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Sums of products that give the likeness of rests, and of rests with their signs flipped, in any combination.

    `observed` (n, n): covariances of every two pieces. The others belong to the model's rests of left-out pieces
    (``_left_out``): their covariances `drawn` (n, n), what curves take back of them `back` (n, curve, d), and how those
    covary with the brain, `mixed` (n, curve, d) and `curved` (curve, curve).
    """

    observed: np.ndarray
    drawn: np.ndarray
    back: np.ndarray
    mixed: np.ndarray
    curved: np.ndarray

    @classmethod
    def of(cls, curves: list[np.ndarray], model: list[np.ndarray], brains: list[list[np.ndarray]]) -> _Pairs:
        """From pieces of curves, of the model's rest and of every subject's rest."""
        noise = [_left_out(q, m) for q, m in zip(curves, model, strict=True)]
        back = np.stack([q.T @ m for q, m in zip(curves, noise, strict=True)])
        size, sums = _size(model), [0.0, 0.0, 0.0, 0.0]
        for brain in brains:
            weight = 1 / (len(brains) * np.sqrt(size * _size(brain)))
            seen, drawn, through = (
                np.stack([b.T @ x for b, x in zip(brain, other, strict=True)]) for other in (model, noise, curves)
            )
            parts = (_gram(seen), _gram(drawn), np.einsum("icp,icd->ipd", through, drawn),
                     np.einsum("icp,icq->pq", through, through))  # fmt: skip
            sums = [total + weight * part for total, part in zip(sums, parts, strict=True)]
        return cls(sums[0], sums[1], back, sums[2], sums[3])

    def estimate(self, n_draws: int, seed: int, brain: float, model: float, n_curves: int) -> BeyondSound:
        """Value, interval and p."""
        from scipy import stats

        n = len(self.observed)
        others = self.observed - np.diag(np.diag(self.observed))
        value, rows = others.sum() / (n * (n - 1)), others.sum(axis=0)
        draws = self._draws(np.random.default_rng(seed).choice([-1.0, 1.0], (n_draws, n)))
        without = (others.sum() - 2 * rows) / ((n - 1) * (n - 2))
        reach = stats.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
        p = (int((draws >= value - ROUNDING).sum()) + 1) / (n_draws + 1)
        above = float(value - draws.mean())
        ends = (above - float(reach), above + float(reach))
        return BeyondSound(above, *ends, p, float(draws.mean()), float(brain), model, n, n_curves)

    def _draws(self, signs: np.ndarray) -> np.ndarray:
        """Likeness with the model's rests flipped and fitted again: the covariance of piece i is s_i C_i - D_i H."""
        n = len(self.drawn)
        taken = np.tensordot(signs, self.back, 1)  # draw, curve, d
        own = np.trace(self.drawn) - 2 * (np.tensordot(signs, self.mixed, 1) * taken).sum(axis=(1, 2))
        own += np.einsum("kpd,pq,kqd->k", taken, self.curved, taken, optimize=True)
        return (np.einsum("ki,ij,kj->k", signs, self.drawn, signs, optimize=True) - own) / (n * (n - 1))


def _left_out(curves: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Rest of a piece for a fit to all others: (1 - curves curves')^-1 rest."""
    size, axes = np.linalg.eigh(np.eye(len(curves)) - curves @ curves.T)
    return axes @ ((axes.T @ rest) / np.maximum(size, 0.05)[:, None])


def _size(parts: list[np.ndarray]) -> float:
    own = _gram(np.stack([x.T @ x for x in parts]))
    return float((own.sum() - np.trace(own)) / (len(own) * (len(own) - 1)))


def _gram(parts: np.ndarray) -> np.ndarray:
    flat = parts.reshape(len(parts), -1)
    return flat @ flat.T
