"""Maps on the cortical surface: distance along the sheet, and tests that know that neighbours are alike.

Comes in: meshes, values at some vertices of each hemisphere, and a second map that is known at all of them. Goes out:
distances, and the rank correlation of the two maps with its p by rotation.

Neighbouring places answer alike, so a thousand places are not a thousand observations: a test that takes them for
independent finds relations between maps that have none. A spin test (Alexander-Bloch et al. 2018, NeuroImage 178: 540)
turns one map on the sphere, which leaves it as smooth as it was. Usually both maps cover the whole cortex, and what
turns into the medial wall is lost. Here one covers the temporal lobe alone, and turned away from there it would meet
nothing. So the other map is turned, the one that geometry gives at every vertex (distance from a point): the patch
stays where it is, nothing is lost, and a draw is the distance from another point of another turn of the brain.

A turned map lies otherwise under the patch (a slope, where the true one is a cone), and the correlation of smooth maps
varies more with some shapes than with others. Each correlation is therefore divided by its standard error under
independence, from the autocorrelation of both maps by distance (Clifford, Richardson and Hemon 1989, Biometrics 45:
123). In simulations of smooth random maps over temporal cortex the plain spin is positive in .08 to .10 at .05, this
one in .06 to .08, a test without space in .2 to .4 (tests/compare/test_spatial.py).

It assumes that the map is equally smooth everywhere. An interval over listeners assumes nothing of space, but asks
something else: whether others would show the relation, not whether this point of cortex is special.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lib.ground import WrongUse

BINS = (0, 2, 4, 6, 9, 12, 16, 20, 25, 30, 36, 45, 60, 90)
"""Edges of the classes of distance, in hundredths of the sphere's radius; pairs further apart count as unrelated."""
_RADIUS = 100.0


def sheet_distance(coordinates: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance along a mesh's edges from every vertex to the nearest of some points.

    Parameters
    ----------
    coordinates : array (v, 3)
        In mm, of a surface whose distances are those of the sheet: white matter, not an inflated one.
    faces : array of int (f, 3)
    points : array (k, 3)
        Each stands for its nearest vertex.

    Returns
    -------
    array (v,)
        In mm; infinite for what is not connected.
    """
    from scipy import sparse

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    lengths = np.linalg.norm(coordinates[pairs[:, 0]] - coordinates[pairs[:, 1]], axis=1)
    sheet = sparse.coo_matrix((lengths, pairs.T), shape=(len(coordinates),) * 2).tocsr()
    return sparse.csgraph.dijkstra(sheet, directed=False, indices=nearest(points, coordinates)).min(axis=0)


def nearest(points: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """Number of the vertex (of v, 3) nearest to each point (k, 3), in a straight line."""
    from scipy.spatial import cKDTree

    return cKDTree(coordinates).query(np.atleast_2d(points))[1]


def spins(
    sphere: np.ndarray, at: np.ndarray, *, n_spins: int = 999, seed: int = 0, mirrored: bool = False
) -> np.ndarray:
    """Where vertices come to lie when the sphere turns at random.

    Parameters
    ----------
    sphere : array (v, 3)
        Of one hemisphere, centred on 0.
    at : array of int (k,)
        Vertices that are turned.
    n_spins, seed : int
        Rotations are uniform, and the same for one seed.
    mirrored : bool
        Turn as the mirror image in x: of two hemispheres one is, so that what is alike in both stays so.

    Returns
    -------
    array of int (n_spins, k)
        Number of the vertex nearest to each turned one.
    """
    from scipy.spatial import cKDTree
    from scipy.spatial.transform import Rotation

    turns = Rotation.random(n_spins, rng=np.random.default_rng(seed)).as_matrix()
    flip = np.diag([-1.0 if mirrored else 1.0, 1, 1])
    turned = np.einsum("sij,kj->ski", flip @ turns @ flip, sphere[at])
    return cKDTree(sphere).query(turned.reshape(-1, 3))[1].reshape(n_spins, len(at))


@dataclass(frozen=True)
class SpinTest:
    """What `spin_test` returns.

    Attributes
    ----------
    value : float
        Spearman's ρ of the two maps, hemispheres centred.
    p : float
        One-sided: (b + 1) / (n_spins + 1), b the spins whose ρ over its standard error reaches the observed one.
    p_plain : float
        The same of ρ itself, as spin tests are usually made.
    p_naive : float
        One-sided, as if all places were independent.
    draws : array (n_spins,)
        ρ of each spin.
    n : int
        Number of places.
    """

    value: float
    p: float
    p_plain: float
    p_naive: float
    draws: np.ndarray
    n: int


def spin_test(
    values: Mapping[str, np.ndarray],
    everywhere: Mapping[str, np.ndarray],
    spheres: Mapping[str, np.ndarray],
    at: Mapping[str, np.ndarray],
    *,
    n_spins: int = 999,
    seed: int = 0,
) -> SpinTest:
    """Whether values at some vertices rise with a map that is known at all of them, against turns of that map.

    Parameters
    ----------
    values : mapping of str to array (k,)
        By hemisphere, without NaN. Hemispheres may be of any number, and their sizes differ.
    everywhere : mapping of str to array (v,)
        The other map.
    spheres : mapping of str to array (v, 3)
        Centred on 0; every second hemisphere turns as the mirror image of the first.
    at : mapping of str to array of int (k,)
        At which vertices the values are.
    n_spins, seed : int
        Of the rotations.

    Raises
    ------
    WrongUse
        Mappings of different hemispheres or lengths, NaN, or fewer than 8 places.
    """
    _check(values, everywhere, spheres, at)
    sides = list(values)
    ours = _ranks([values[side] for side in sides])
    turned = []
    for number, side in enumerate(sides):
        moved = spins(spheres[side], at[side], n_spins=n_spins, seed=seed, mirrored=bool(number % 2))
        turned.append(everywhere[side][np.vstack([at[side], moved])])
    theirs = _ranks(turned)  # (1 + n_spins, k): the first is the map as it lies
    rho = _unit(theirs) @ _unit(ours)
    places = [spheres[side][at[side]] for side in sides]
    strength = rho / standard_error(ours, theirs, places)
    return SpinTest(
        float(rho[0]), _reached(strength), _reached(rho), _naive(rho[0], len(ours), len(sides)), rho[1:], len(ours)
    )


def standard_error(one: np.ndarray, others: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    """Of correlations between a smooth map and others that have nothing to do with it.

    Parameters
    ----------
    one : array (k,)
        Centred within hemispheres, which follow each other.
    others : array (m, k)
        Likewise.
    places : sequence of array (k_i, 3)
        Of each hemisphere, on its sphere.

    Returns
    -------
    array (m,)
        Root of the sum over pairs of places of both maps' autocovariance at their distance, over k² and both
        variances; at least that of k independent places.
    """
    count = np.zeros(len(BINS) - 1)
    mine, theirs = np.zeros(len(count)), np.zeros((len(others), len(count)))
    start = 0
    for where in places:
        part = slice(start, start := start + len(where))
        scale = _RADIUS / np.linalg.norm(where, axis=1).mean()
        apart = np.linalg.norm(where[:, None] - where, axis=2) * scale
        for number, (low, high) in enumerate(pairwise(BINS)):
            pairs = ((apart >= low) & (apart < high)).astype(float)
            count[number] += pairs.sum()
            mine[number] += one[part] @ pairs @ one[part]
            theirs[:, number] += ((others[:, part] @ pairs) * others[:, part]).sum(axis=1)
    shared = (theirs * mine / np.maximum(count, 1)).sum(axis=1)
    k = len(one)
    variance = shared / (k**2 * one.var() * others.var(axis=1).clip(1e-12))
    return np.sqrt(np.maximum(variance, 1 / k))


def _ranks(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Ranks over all hemispheres (..., k), then centred within each: whether one lies higher says nothing of place."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate(parts, axis=-1), axis=-1)
    cuts = np.cumsum([part.shape[-1] for part in parts])[:-1]
    return np.concatenate([x - x.mean(-1, keepdims=True) for x in np.split(ranks, cuts, axis=-1)], axis=-1)


def _unit(x: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(norm > 0, norm, 1.0)


def _reached(statistic: np.ndarray) -> float:
    return float((statistic[1:] >= statistic[0] - 1e-12).sum() + 1) / len(statistic)


def _naive(rho: float, k: int, n_sides: int) -> float:
    from scipy.stats import t

    df = k - 1 - n_sides
    return float(t.sf(rho * np.sqrt(df / max(1 - rho**2, 1e-12)), df))


def _check(values: Mapping, everywhere: Mapping, spheres: Mapping, at: Mapping) -> None:
    if not list(values) == list(everywhere) == list(spheres) == list(at):
        raise WrongUse(
            f"a spin test needs the same hemispheres everywhere, got {[*map(list, (values, everywhere, at))]}"
        )
    for side, own in values.items():
        if len(own) != len(at[side]) or len(everywhere[side]) != len(spheres[side]):
            raise WrongUse(f"{side}: {len(own)} values at {len(at[side])} vertices, maps of {len(everywhere[side])}")
        if not np.isfinite(own).all() or not np.isfinite(everywhere[side]).all():
            raise WrongUse(f"{side}: leave out places without a value before the test")
    if (k := sum(map(len, values.values()))) < 8:
        raise WrongUse(f"a relation over places needs at least 8 of them, got {k}")
