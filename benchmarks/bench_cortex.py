"""The cortex chapter's jobs at their full size: every voxel of the natural sounds against every layer of a model.

Nothing else does these in one go, so that a row has no other side: what counts is whether a reader has to wait.
"""

from __future__ import annotations

import warnings
from functools import cache, partial

import numpy as np

from benchmarks.frame import Step, best_of, row
from lib.compare import cross_validated_rsa, nested_ridge, rsa_layers

N_SOUNDS, N_VOXELS, N_LAYERS, N_UNITS = 165, 11_065, 7, 512
ALPHAS = np.logspace(-6, 4, 21)
FOLDS = np.arange(N_SOUNDS) % 5
SIZES = f"{N_SOUNDS} sounds × {N_VOXELS:,} voxels × {N_LAYERS} layers of {N_UNITS} units"


def steps() -> list[Step]:
    return [
        Step("regression of all voxels on all layers", regression),
        Step("similarity of all voxels and all layers", likeness),
    ]


@cache
def simulate() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Layers of the size of whisper-base's, and voxels that one of them drives in part."""
    rng = np.random.default_rng(0)
    layers = {f"layer.{k}": rng.standard_normal((N_SOUNDS, N_UNITS)) for k in range(N_LAYERS)}
    weights = rng.standard_normal((N_UNITS, N_VOXELS)) / np.sqrt(N_UNITS)
    return layers, layers["layer.3"] @ weights + 3 * rng.standard_normal((N_SOUNDS, N_VOXELS))


def regression() -> list[dict]:
    """Nested ridge, layer and penalty chosen for every voxel inside the training folds."""
    layers, voxels = simulate()
    call = partial(nested_ridge, layers, voxels, FOLDS, ALPHAS, extend_alphas=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits at")
        (seconds,) = best_of(call, repeats=2)
    return [row(f"Nested ridge, {SIZES}, {len(ALPHAS)} penalties, 5 × 4 folds", seconds, note="asked: below 60 s")]


def likeness() -> list[dict]:
    """Spearman RSA with the layer cross-validated, and the same with null and interval."""
    layers, voxels = simulate()
    alone = partial(cross_validated_rsa, layers, {"group": voxels}, FOLDS)
    full = partial(rsa_layers, layers, {"group": voxels}, folds=FOLDS)
    first, second = best_of(alone, repeats=3)[0], best_of(full, repeats=1)[0]
    what = f"Spearman RSA, layer cross-validated, {SIZES}"
    return [
        row(what, first, note="asked: below 2 s"),
        row(f"{what}, with 500 permutations and 500 bootstraps", second),
    ]
