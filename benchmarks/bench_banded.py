"""Banded ridge against himalaya at the same weights and penalties, and the time of variance partitions."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache, partial
from importlib.metadata import version

import numpy as np

from benchmarks.frame import Step, best_of, row
from lib.compare.encoding.banded import BandedRidge, band_weights, banded_ridge
from lib.compare.encoding.nested import ALPHAS
from lib.compare.encoding.partition import variance_partition
from lib.compare.encoding.ridge import pooled_r2

N_SOUNDS, WIDTHS, FEW, MANY = 165, (200, 512), 1000, 11_065
PENALTIES = np.array(ALPHAS["gram"])
WEIGHTS = np.array([w for w in band_weights(2) if w.all()])  # himalaya cannot take a weight of 0
FOLDS = np.arange(N_SOUNDS) % 5
SIZES = f"{N_SOUNDS} sounds × 2 bands of {WIDTHS[0]} and {WIDTHS[1]} features"
GRID = f"{len(WEIGHTS)} weights × {len(PENALTIES)} penalties, 5 × 4 folds"


def steps() -> list[Step]:
    return [
        Step("banded ridge beside GroupRidgeCV, single precision", partial(beside, FEW, "GroupRidgeCV", "float32")),
        Step("banded ridge beside GroupRidgeCV, double precision", partial(beside, FEW, "GroupRidgeCV", "float64")),
        Step("banded ridge beside MultipleKernelRidgeCV", partial(beside, FEW, "MultipleKernelRidgeCV", "float32")),
        Step("banded ridge beside GroupRidgeCV, all voxels", partial(beside, MANY, "GroupRidgeCV", "float32")),
        Step("variance partition", partition),
    ]


@cache
def simulate(n_voxels: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Bands in units of their Gram matrices, and voxels that follow both with shares of their own."""
    rng = np.random.default_rng(0)
    spectra = [np.linspace(1, 0.05, width) for width in WIDTHS]
    bands = [rng.standard_normal((N_SOUNDS, len(s))) * s for s in spectra]
    bands = tuple((x - x.mean(0)) / np.linalg.norm(x - x.mean(0)) * np.sqrt(N_SOUNDS) for x in bands)
    share = rng.uniform(0, 1, n_voxels)
    signals = [x @ rng.standard_normal((x.shape[1], n_voxels)) for x in bands]
    signal = signals[0] * np.sqrt(share) + signals[1] * np.sqrt(1 - share)
    return bands, signal + 0.7 * rng.standard_normal(signal.shape)


def ours(bands: tuple, y: np.ndarray, alphas: np.ndarray = PENALTIES, weights: np.ndarray = WEIGHTS) -> BandedRidge:
    how = {"units": "absolute", "extend_alphas": False, "device": "cpu"}
    return banded_ridge(dict(zip("ab", bands, strict=True)), y, FOLDS, alphas, weights=weights, **how)


def himalaya(
    bands: tuple, y: np.ndarray, estimator: str, dtype: str, alphas: np.ndarray = PENALTIES, weights=WEIGHTS
) -> np.ndarray:
    """The same nested folds: one fit per outer fold, inner folds predefined; himalaya's own loss chooses best here."""
    from himalaya import kernel_ridge, ridge
    from himalaya.backend import set_backend
    from sklearn.model_selection import PredefinedSplit

    set_backend("torch")
    y, alphas, weights = y.astype(dtype), alphas.astype(dtype), weights.astype(dtype)
    bands = [x.astype(dtype) for x in bands]
    predictions = np.empty_like(y)
    params = {"n_iter": weights, "alphas": alphas, "progress_bar": False}
    for fold in range(5):
        train, test = np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)
        cv, known = PredefinedSplit(FOLDS[train]), [x[train] - x[train].mean(0) for x in bands]
        new = [x[test] - x[train].mean(0) for x in bands]
        if estimator == "GroupRidgeCV":
            how = {"groups": "input", "solver_params": {**params, "warn": False}}
            model = ridge.GroupRidgeCV(**how, fit_intercept=True, cv=cv)
        else:
            known, new = (np.stack([x @ k.T for x, k in zip(xs, known, strict=True)]) for xs in (known, new))
            how = {"kernels": "precomputed", "solver": "random_search", "solver_params": params}
            model = kernel_ridge.MultipleKernelRidgeCV(**how, fit_intercept=True, cv=cv)
        with redirect_stdout(io.StringIO()):
            model.fit(known, y[train])
        predictions[test] = model.predict(new)
    return predictions


def beside(n_voxels: int, estimator: str, dtype: str) -> list[dict]:
    """Time, scores and agreement at one candidate."""
    bands, y = simulate(n_voxels)
    calls = partial(ours, bands, y), partial(himalaya, bands, y, estimator, dtype)
    mine, theirs = best_of(*calls, repeats=3) if n_voxels == FEW else [_once(call) for call in calls]
    scores = calls[0]().fit.r2.mean(), pooled_r2(calls[1](), y).mean()
    some = y[:, :100]
    one = {"alphas": PENALTIES[8:9], "weights": WEIGHTS[2:3]}
    apart = np.abs(ours(bands, some, **one).fit.predictions - himalaya(bands, some, estimator, dtype, **one)).max()
    line = row(
        f"Banded ridge, {SIZES}, {n_voxels:,} voxels, {GRID}",
        mine,
        theirs=theirs,
        other=f"himalaya {version('himalaya')} {estimator}, torch, {dtype}",
        check=f"predictions at one weight and penalty differ by at most {apart:.0e}; "
        f"mean r² {scores[0]:.4f} and {scores[1]:.4f}",
        note="ours in float64, choice by r² pooled over inner folds; himalaya by its default, squared error"
        + ("" if n_voxels == FEW else "; measured once"),
    )
    return [line]


def _once(call: Callable) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def partition() -> list[dict]:
    """Of six responses with intervals, of all voxels without: nothing else does either."""
    lines = []
    for what, n_voxels, n_draws in (("6 components, with intervals", 6, 200), (f"{MANY:,} voxels", MANY, 0)):
        bands, y = simulate(n_voxels)
        call = partial(variance_partition, dict(zip("ab", bands, strict=True)), y, FOLDS, n_draws=n_draws, device="cpu")
        lines.append(row(f"Variance partition, {SIZES}, {what}", _once(call), note="measured once"))
    return lines
