"""Where the simulated voxels lie: vertices of temporal cortex on fsaverage5, their regions and neighbours.

Comes in: the fsaverage5 meshes that nilearn ships (no atlas: regions are drawn around points). Goes out: plain arrays
that the cache keeps. Distances run along the cortical sheet, so that the two banks of the Sylvian fissure, close in
space, stay apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from lib.recordings.record import COMPONENTS

Point = tuple[float, float, float]

REGIONS: dict[str, Point] = {
    "primary": (45, -24, 6),
    "lateral": (61, -20, -1),
    "posterior": (57, -37, 12),
    "anterior": (53, -4, -7),
}
"""Centres of the regions on the white surface [mm; the left hemisphere has -x]; a vertex belongs to the nearest."""

PEAKS: dict[str, tuple[Point, ...]] = {
    "lowfreq": ((52, -21, 5),),
    "highfreq": ((41, -29, 7), (46, -12, -2)),
    "envsounds": ((58, -36, 12),),
    "pitch": ((52, -13, -1),),
    "speech": ((61, -20, -1),),
    "music": ((53, -4, -7), (50, -33, 14)),
}
"""Where each component's weight is greatest: near the peaks of the published group maps, in round numbers."""

REACH = 24.0
"""A vertex further than this from every region's centre [mm along the sheet] is not measured."""
WIDTH = 11.0
"""Standard deviation of a component's weight around its peaks [mm along the sheet]."""


def temporal_cortex() -> dict[str, np.ndarray]:
    """Vertices of auditory cortex in both hemispheres.

    Returns
    -------
    dict of ndarray
        vertex (v,) numbers on fsaverage5; right (v,) bool; region (v,) names; position (v, 3) [mm]; preference
        (v, 6) in 0 to 1, how near a vertex is to each component's peaks; edges (e, 2) pairs of neighbours.
    """
    from nilearn.datasets import load_fsaverage

    mesh = load_fsaverage("fsaverage5")["white_matter"]
    parts = [_hemisphere(mesh.parts[side], right=side == "right") for side in ("left", "right")]
    offset = len(parts[0]["vertex"])
    parts[1]["edges"] = parts[1]["edges"] + offset
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _hemisphere(mesh: object, *, right: bool) -> dict[str, np.ndarray]:
    sheet = _edge_lengths(mesh.coordinates, mesh.faces)
    side = 1 if right else -1
    regions = np.stack(
        [_distance(sheet, mesh.coordinates, [point], side) for point in REGIONS.values()]
    )  # region, vertex
    inside = np.flatnonzero(regions.min(axis=0) < REACH)
    peaks = np.stack([_distance(sheet, mesh.coordinates, PEAKS[name], side)[inside] for name in COMPONENTS])
    pairs = sparse.triu(sheet[inside][:, inside]).tocoo()
    return {
        "vertex": inside,
        "right": np.full(len(inside), right),
        "region": np.array(list(REGIONS))[regions[:, inside].argmin(axis=0)],
        "position": mesh.coordinates[inside],
        "preference": np.exp(-0.5 * (peaks / WIDTH) ** 2).T,
        "edges": np.column_stack([pairs.row, pairs.col]),
    }


def _edge_lengths(coordinates: np.ndarray, faces: np.ndarray) -> sparse.csr_matrix:
    """Symmetric sparse matrix of the lengths of a mesh's edges [mm]."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    lengths = np.linalg.norm(coordinates[pairs[:, 0]] - coordinates[pairs[:, 1]], axis=1)
    half = sparse.coo_matrix((lengths, pairs.T), shape=(len(coordinates),) * 2)
    return (half + half.T).tocsr()


def _distance(sheet: sparse.csr_matrix, coordinates: np.ndarray, points: Sequence[Point], side: int) -> np.ndarray:
    """Distance along the sheet from every vertex to the nearest of `points`."""
    seeds = [int(np.linalg.norm(coordinates - np.multiply(point, (side, 1, 1)), axis=1).argmin()) for point in points]
    return sparse.csgraph.dijkstra(sheet, indices=seeds).min(axis=0)


def smooth_field(
    rng: np.random.Generator, cortex: Mapping[str, np.ndarray], fields: int, rounds: int = 8
) -> np.ndarray:
    """Random maps (vertex, field) of unit variance that are alike in neighbouring vertices.

    White noise averaged `rounds` times over each vertex and its neighbours: with 8, vertices 5 mm apart correlate
    about .6, 12 mm apart .1.
    """
    n, edges = len(cortex["vertex"]), cortex["edges"]
    ones = np.ones(len(edges))
    links = sparse.coo_matrix((ones, edges.T), shape=(n, n))
    average = (links + links.T + sparse.eye(n)).tocsr()
    average = sparse.diags(1 / np.asarray(average.sum(axis=1)).ravel()) @ average
    values = rng.standard_normal((n, fields))
    for _ in range(rounds):
        values = average @ values
    return (values - values.mean(axis=0)) / values.std(axis=0)
