"""The voxels of simulated listeners to the story: where they lie, what drives them, and how noisy they are.

Comes in: a seed and the meshes that nilearn ships (no atlas: a region is a patch around a point). Goes out: a table of
places and one listener's planted gains. Right: a hierarchy from sound to meaning, the left hemisphere stronger for
language, most of a voxel's variance noise. Wrong: regions are pure (no voxel answers both to sound and to meaning).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

EFFECTS = ("acoustic", "lexical", "semantic")
GROUPS = {"early": ("acoustic",), "late": ("lexical", "semantic")}


@dataclass(frozen=True)
class Region:
    """A patch of cortex.

    Attributes
    ----------
    centre : tuple of float
        On the white surface of fsaverage5 [mm], right hemisphere; the left one has -x.
    radius : float
        How far the patch reaches [mm, straight].
    system : {"early", "late", "control"}
        What drives it.
    gains : tuple of float
        Share of each of ``EFFECTS``.
    """

    centre: tuple[float, float, float]
    radius: float
    system: str
    gains: tuple[float, float, float]


REGIONS = {
    "primary auditory": Region((45, -24, 6), 9, "early", (1.0, 0, 0)),
    "auditory belt": Region((58, -22, 4), 10, "early", (0.8, 0, 0)),
    "posterior temporal": Region((56, -42, 6), 11, "late", (0, 0.8, 0.5)),
    "anterior temporal": Region((54, -2, -14), 11, "late", (0, 0.5, 0.8)),
    "angular gyrus": Region((48, -60, 26), 11, "late", (0, 0.3, 0.9)),
    "inferior frontal": Region((48, 24, 8), 11, "late", (0, 0.7, 0.6)),
    "primary visual": Region((9, -84, 4), 11, "control", (0, 0, 0)),
}
AMPLITUDE = 0.55
"""Percent signal change per standard deviation of a driving feature, in a voxel of gain 1."""
RIGHT = 0.7
"""Factor on the late regions of the right hemisphere."""
NOISE = 1.0
"""Standard deviation of the noise of one presentation in the median voxel [percent signal change]."""
GAIN_SPREAD, NOISE_SPREAD = 0.3, 0.2
"""Of the logarithm of gain and noise, between voxels."""
HRF_SPREAD = 0.4
"""Standard deviation between listeners of the delay of the haemodynamic response [s]."""
BANDS, LEXICAL, MEANINGS = 16, ("words", "surprisal", "rarity"), 12
"""How many frequency bands, which lexical features, and how many dimensions of meaning there are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Voxels:
    """What is planted in one listener.

    Attributes
    ----------
    gains : ndarray, shape (voxel, effect)
        Percent signal change per standard deviation of each effect's time course in that voxel.
    weights : dict of ndarray
        How a voxel mixes the features of each effect: acoustic (voxel, band + 1; the last is acoustic onset), lexical
        (voxel, 3) and semantic (voxel, 12).
    best_frequency : ndarray, shape (voxel,)
        Centre of each voxel's acoustic tuning, as a band number.
    noise : ndarray, shape (voxel,)
        Standard deviation of one presentation's noise [percent signal change].
    delay : float
        Of the haemodynamic response, beyond the canonical one [s].
    """

    gains: np.ndarray
    weights: dict[str, np.ndarray]
    best_frequency: np.ndarray
    noise: np.ndarray
    delay: float


@cache
def places() -> pd.DataFrame:
    """One row per voxel: region, hemisphere, vertex (of fsaverage5), x, y, z [mm]; the same in all listeners."""
    from nilearn.datasets import load_fsaverage

    mesh = load_fsaverage("fsaverage5")["white_matter"]
    rows = [_patch(mesh.parts[side].coordinates, side) for side in ("left", "right")]
    return pd.concat(rows, ignore_index=True)


def _patch(coordinates: np.ndarray, side: str) -> pd.DataFrame:
    mirror = np.array([1 if side == "right" else -1, 1, 1])
    centres = np.array([region.centre for region in REGIONS.values()]) * mirror
    distance = np.linalg.norm(coordinates[:, None] - centres, axis=2)  # vertex, region
    nearest = distance.argmin(axis=1)
    radius = np.array([region.radius for region in REGIONS.values()])
    inside = np.flatnonzero(distance.min(axis=1) < radius[nearest])
    table = pd.DataFrame(coordinates[inside], columns=["x", "y", "z"])
    names = np.array(list(REGIONS))[nearest[inside]]
    return table.assign(region=names, hemisphere=side, vertex=inside).sort_values(["region", "vertex"])


def draw(seed: int, number: int) -> Voxels:
    """Draw listener `number` (from 0); it depends on the seed and on nothing else that can be switched."""
    rng = np.random.default_rng([seed, 30, number])
    where = places()
    late = where["region"].map(lambda name: REGIONS[name].system == "late").to_numpy()
    right = (where["hemisphere"] == "right").to_numpy()
    shares = np.array([REGIONS[name].gains for name in where["region"]])  # voxel, effect
    size = AMPLITUDE * rng.lognormal(0, GAIN_SPREAD, len(where)) * rng.lognormal(0, 0.15)
    size[late & right] *= RIGHT
    best = rng.uniform(0, BANDS - 1, len(where))
    width = np.where(where["region"] == "primary auditory", 1.5, 4.0)
    tuning = np.exp(-0.5 * ((np.arange(BANDS) - best[:, None]) / width[:, None]) ** 2)
    onset = rng.uniform(0, 0.8, (len(where), 1)) * tuning.sum(axis=1, keepdims=True)
    return Voxels(
        gains=size[:, None] * shares,
        weights={
            "acoustic": np.hstack([tuning, onset]),
            "lexical": np.array([0.6, 0.7, 0.4]) + 0.3 * rng.standard_normal((len(where), len(LEXICAL))),
            "semantic": _alike(rng, where, MEANINGS),
        },
        best_frequency=best,
        noise=NOISE * rng.lognormal(0, NOISE_SPREAD, len(where)),
        delay=HRF_SPREAD * rng.standard_normal(),
    )


def _alike(rng: np.random.Generator, where: pd.DataFrame, dimensions: int) -> np.ndarray:
    """Random directions (voxel, dimension): half common to a region, half the voxel's own."""
    common = {region: rng.standard_normal(dimensions) for region in REGIONS}
    return np.stack(where["region"].map(common)) + rng.standard_normal((len(where), dimensions))
