"""A model's frames in few dimensions, and what the arbitrary signs of those dimensions do to a score.

Comes in: frames (T, d). Goes out: principal components (T, k), whitened as in arXiv 2601.16540, with the signs fixed.

Two things to know before using them. 1 - Pearson correlation across components depends on their signs, which no
decomposition determines: a sign convention makes a score reproducible, not meaningful. And k components of T <= k + 1
whitened frames leave every frame equally far from every other: a short sentence has no geometry left.
"""

from __future__ import annotations

import numpy as np

from lib.compare.similarity.geometry import CONSTANT
from lib.compare.similarity.measures import similarities
from lib.compare.timing import zscored
from lib.ground import WrongUse


def principal_components(frames, k: int = 20, *, whiten: bool = True, published: bool = False) -> np.ndarray:
    """Principal components of a sentence's frames.

    Frames are centred over time and projected on their leading right singular vectors, each turned so that its largest
    loading by amount is positive; then every component is given mean 0 and sample standard deviation 1.

    Parameters
    ----------
    frames : array (T, d)
        States of one layer.
    k : int
        Components to keep: at most as many as the centred frames have dimensions, which is T - 1 or less.
    whiten : bool
        Standardise the components (as published); False leaves them their variance.
    published : bool
        Keep min(k, T, d) as published, though for T <= k the last one is rounding noise (of unit variance where all is
        computed in single precision, near 0 here); and where d <= k, do not rotate.

    Returns
    -------
    ndarray (T, at most k)

    Raises
    ------
    ValueError
        Fewer than 3 frames, NaN, k below 1, or frames that are all the same.
    """
    frames = np.asarray(frames, dtype=np.float64)
    if frames.ndim != 2 or len(frames) < 3 or not np.isfinite(frames).all():
        raise ValueError(f"frames must be finite numbers (time, unit), at least 3 times; got shape {frames.shape}.")
    if k < 1 or k != int(k):
        raise WrongUse(f"at least one component must be kept, and a whole number of them, not {k}.")
    centred = frames - frames.mean(axis=0)
    if np.abs(centred).max() <= CONSTANT * np.abs(frames).max():
        raise ValueError("all frames are the same: there is nothing to take components of.")
    if published and frames.shape[1] <= k:
        return zscored(frames) if whiten else centred
    left, size, right = np.linalg.svd(centred, full_matrices=False)  # (T, r), (r,), (r, d)
    there = size > size[0] * max(centred.shape) * np.finfo(float).eps
    kept = min(k, len(size)) if published else min(k, int(there.sum()))
    largest = np.abs(right[:kept]).argmax(axis=1)
    signs = np.sign(right[np.arange(kept), largest])
    scores = left[:, :kept] * (signs * size[:kept])  # T, k
    if not whiten:
        return scores
    return scores / (scores.std(axis=0, ddof=1) + 1e-9) if published else zscored(scores)


def sign_patterns(k: int, n_patterns: int = 200, *, seed: int = 0) -> np.ndarray:
    """Random signs of k components, (n_patterns, k) of -1 and 1; the first pattern leaves all as they are."""
    if n_patterns < 1:
        raise WrongUse(f"at least one pattern of signs is needed, not {n_patterns}.")
    patterns = np.random.default_rng(seed).choice([-1.0, 1.0], (n_patterns, k))
    patterns[:1] = 1
    return patterns


def sign_scores(components, response, measure: str = "rsa_spearman", *, n_patterns: int = 200, seed: int = 0):
    """Score under many choices of the components' signs, (n_patterns,); the first is that of the convention.

    Parameters
    ----------
    components : array (T, k)
        From :func:`principal_components`.
    response : array (T, c)
        At the same frames.
    measure : str
        Measures on correlation distances move; dcor, rv, cka, mi and the cosine and Euclidean variants do not.
    n_patterns, seed : int
        Number of patterns and seed of their draw.
    """
    components = np.asarray(components, dtype=np.float64)
    patterns = sign_patterns(components.shape[1], n_patterns, seed=seed)
    return similarities([components * signs for signs in patterns], response, measure)
