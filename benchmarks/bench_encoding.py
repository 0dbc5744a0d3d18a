"""Nested ridge and noise-corrected scores against himalaya and scikit-learn, on simulated sounds and voxels."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stdout
from functools import cache, partial
from importlib.metadata import version
from itertools import product

import numpy as np

from benchmarks.frame import Step, best_of, peak_memory, row
from lib.compare.encoding.ceilings import STABLE_ALPHAS, noise_corrected_r2
from lib.compare.encoding.nested import nested_ridge

N_SOUNDS, N_FEATURES, N_VOXELS = 165, 768, 7694
ALPHAS = np.logspace(-2, 6, 17)
OPTIONS = {"extend_alphas": False, "units": "absolute", "device": "cpu"}
FOLDS = np.arange(N_SOUNDS) % 5
SIZES = f"{N_SOUNDS} sounds × {N_FEATURES:,} features × {N_VOXELS:,} voxels"


def steps() -> list[Step]:
    return [
        Step("nested ridge beside himalaya in single precision", partial(nested, "float32")),
        Step("nested ridge beside himalaya in double precision", partial(nested, "float64")),
        Step("nested ridge beside one fit per voxel", per_voxel_loop),
        Step("noise-corrected R² beside ridge with a penalty per target", corrected),
        Step("peak memory of nested ridge", memory),
    ]


@cache
def simulate(n_voxels: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_SOUNDS, N_FEATURES))
    weights = rng.standard_normal((N_FEATURES, n_voxels)) / np.sqrt(N_FEATURES)
    return x, x @ weights + 3 * rng.standard_normal((N_SOUNDS, n_voxels))


def himalaya(x: np.ndarray, y: np.ndarray, alphas: np.ndarray, dtype: str, batch: int | None) -> np.ndarray:
    """The same nested folds with KernelRidgeCV: one Gram matrix, inner folds predefined, one fit per outer fold."""
    from himalaya.backend import set_backend
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.scoring import correlation_score
    from sklearn.model_selection import PredefinedSplit

    set_backend("torch")
    x, y, alphas = x.astype(dtype), y.astype(dtype), alphas.astype(dtype)
    kernel, predictions = x @ x.T, np.empty_like(y)
    for fold in range(5):
        train, test = np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)
        model = KernelRidgeCV(
            alphas,
            kernel="precomputed",
            fit_intercept=True,
            cv=PredefinedSplit(FOLDS[train]),
            solver_params={"score_func": correlation_score, "n_targets_batch": batch},
        )
        with redirect_stdout(io.StringIO()):
            model.fit(kernel[np.ix_(train, train)], y[train])
        predictions[test] = model.predict(kernel[np.ix_(test, train)])
    return predictions


def nested(dtype: str) -> list[dict]:
    """Against the fastest arrangement of himalaya in single or in double precision."""
    x, y = simulate(N_VOXELS)
    ours = partial(nested_ridge, {"x": x}, y, FOLDS, ALPHAS, **OPTIONS)
    ways = {batch: partial(himalaya, x, y, ALPHAS, dtype, batch) for batch in (500, 2000)}
    first = best_of(*ways.values(), repeats=1)
    batch = list(ways)[int(np.argmin(first))]
    mine, theirs = best_of(ours, ways[batch], repeats=3)
    one = np.array([100.0])
    fixed = nested_ridge({"x": x}, y, FOLDS, one, **OPTIONS).predictions
    apart = np.abs(fixed - himalaya(x, y, one, dtype, batch)).max()
    line = row(
        f"Nested ridge, {SIZES}, 17 penalties, 5 × 4 folds",
        mine,
        theirs=theirs,
        other=f"himalaya {version('himalaya')} KernelRidgeCV, torch, {dtype}, {batch} targets at once",
        check=f"predictions at one penalty differ by at most {apart:.0e}",
        note="ours in float64, scores pooled over inner folds; himalaya averages the scores of inner folds; "
        f"faster of {len(ways)} batch sizes",
    )
    return [line]


def per_voxel_loop(n_fits: int = 40) -> list[dict]:
    """Against one scikit-learn fit per voxel, penalty and fold, from a few fits."""
    from sklearn.linear_model import Ridge

    x, y = simulate(N_VOXELS)
    (mine,) = best_of(partial(nested_ridge, {"x": x}, y, FOLDS, ALPHAS, **OPTIONS), repeats=3)
    train, test = FOLDS > 1, FOLDS == 1
    start = time.perf_counter()
    for i in range(n_fits):
        Ridge(ALPHAS[i % len(ALPHAS)]).fit(x[train], y[train, i]).predict(x[test])
    per_fit = (time.perf_counter() - start) / n_fits
    line = row(
        f"Nested ridge, {SIZES}, 17 penalties, 5 × 4 folds",
        mine,
        theirs=per_fit * N_VOXELS * (5 * 4 * len(ALPHAS) + 5),
        other=f"scikit-learn {version('scikit-learn')} Ridge, one fit per voxel",
        extrapolated=f"from {n_fits} fits",
        check=f"predictions of 3 voxels differ by at most {explicit_difference(x, y[:, :3]):.0e}",
    )
    return [line]


def explicit_difference(x: np.ndarray, y: np.ndarray) -> float:
    """Largest difference to explicit scikit-learn refits with the penalties that were chosen."""
    from sklearn.linear_model import Ridge

    fit = nested_ridge({"x": x}, y, FOLDS, ALPHAS, **OPTIONS)
    largest = 0.0
    for fold, voxel in product(range(5), range(y.shape[1])):
        train, test = fold != FOLDS, fold == FOLDS
        model = Ridge(fit.alpha[fold, voxel]).fit(x[train], y[train, voxel])
        largest = max(largest, np.abs(model.predict(x[test]) - fit.predictions[test, voxel]).max())
    return largest


def corrected() -> list[dict]:
    """One half-split of noise-corrected R squared against RidgeCV for all voxels and scans at once."""
    from sklearn.linear_model import RidgeCV

    x, y = simulate(N_VOXELS)
    rng = np.random.default_rng(1)
    scans = y[:, :, None] + rng.standard_normal((*y.shape, 3))
    train, test = np.arange(83), np.arange(83, N_SOUNDS)
    targets = np.concatenate([scans.reshape(N_SOUNDS, -1), scans.mean(2)], axis=1)

    def ours():
        return noise_corrected_r2(x, scans, splits=[(train, test)], units="absolute", device="cpu")

    def sklearn():
        return RidgeCV(STABLE_ALPHAS, alpha_per_target=True).fit(x[train], targets[train]).predict(x[test])

    mine, theirs = best_of(ours, sklearn, repeats=3)
    model = RidgeCV(STABLE_ALPHAS, alpha_per_target=True).fit(x[train], targets[train, -200:])
    same = (model.alpha_ == ours().alpha[0, -200:]).mean()
    line = row(
        f"Noise-corrected R², one half-split, {SIZES}, 3 scans, 11 penalties",
        mine,
        theirs=theirs,
        other=f"scikit-learn {version('scikit-learn')} RidgeCV with a penalty per target (fits alone, no correction)",
        check=f"same penalty in {same:.0%} of 200 voxels",
    )
    return [line]


def memory() -> list[dict]:
    """Peak memory of the largest published size: 26,792 voxels and 13 layers."""
    setup = (
        "import numpy as np; from lib.compare.encoding.nested import nested_ridge\n"
        "rng = np.random.default_rng(0)\n"
        "layers = {str(i): rng.standard_normal((165, 768), dtype=np.float32) for i in range(13)}\n"
        "y = rng.standard_normal((165, 26792), dtype=np.float32)"
    )
    before, peak = peak_memory(setup, "nested_ridge(layers, y, np.arange(165) % 5, device='cpu', extend_alphas=False)")
    line = row(
        "Peak memory of nested ridge, 165 sounds × 26,792 voxels × 13 layers of 768 features",
        peak,
        unit="MB",
        note=f"of the whole process; {before:,.0f} MB of it are libraries and inputs",
    )
    return [line]
