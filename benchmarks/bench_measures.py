"""Eight similarity measures with 500 re-orderings against loops over scipy, dcor and numpy; all series simulated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import numpy as np

from benchmarks.frame import best_of, peak_memory, row
from lib.compare import MEASURES, permutation_null
from lib.compare.similarity.tables import reordering_table

N_TIMES, N_LAYERS, N_COMPONENTS, N_CHANNELS, N_DRAWS = 100, 33, 20, 60, 500
CALLS = 40  # of a loop that is extrapolated to layers x draws
SIZES = f"{N_LAYERS} layers × {N_DRAWS} draws, {N_TIMES} time points, {N_COMPONENTS} components, {N_CHANNELS} channels"
SEVEN = [name for name in MEASURES if name != "rsa_kendall"]


def run() -> list[dict]:
    layers, response = simulate(N_TIMES, N_LAYERS)
    loops = {name: loop(layers[0], response) for name, loop in LOOPS.items()}
    rows, seconds = [], {}
    for name, one in loops.items():
        line, seconds[name] = beside_a_loop(name, one, layers, response)
        rows.append(line)
    rows.append(together("the seven without Kendall", SEVEN, seconds, layers, response))
    rows.append(together("all eight", list(MEASURES), seconds, layers, response))
    return [*rows, *scaling(), *many_subjects(), *memory()]


def simulate(n_times: int, n_layers: int, n_subjects: int | None = None) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((n_times, N_COMPONENTS)) for _ in range(n_layers)]
    shape = (n_times, N_CHANNELS) if n_subjects is None else (n_subjects, n_times, N_CHANNELS)
    return layers, rng.standard_normal(shape)


# ---- what a user would write: one draw at a time, the response's side prepared once ----


def rank_loop(function: Callable) -> Callable:
    def prepared(x: np.ndarray, y: np.ndarray) -> Callable:
        rdm, (i, j) = 1 - np.corrcoef(x), np.triu_indices(len(x), 1)
        other = (1 - np.corrcoef(y))[i, j]
        return lambda order: function(rdm[order[i], order[j]], other).statistic

    return prepared


def pearson_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    from scipy.stats import pearsonr

    return rank_loop(pearsonr)(x, y)


def spearman_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    from scipy.stats import spearmanr

    return rank_loop(spearmanr)(x, y)


def kendall_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    from scipy.stats import kendalltau

    return rank_loop(kendalltau)(x, y)


def dcor_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    from dcor import distance_correlation

    return lambda order: float(distance_correlation(x[order], y))


def rv_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    x, y = x - x.mean(0), y - y.mean(0)
    size = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return lambda order: float(np.linalg.norm(x[order].T @ y) ** 2 / size)


def mi_loop(x: np.ndarray, y: np.ndarray) -> Callable:
    def one(order: np.ndarray) -> float:
        r = np.corrcoef(x[order].T, y.T)[: x.shape[1], x.shape[1] :]
        return float(-0.5 * np.log(1 - np.minimum(r * r, 1 - 1e-7)).mean())

    return one


def kernel_loop(kernel: Callable) -> Callable:
    def prepared(x: np.ndarray, y: np.ndarray) -> Callable:
        centre = np.eye(len(x)) - 1 / len(x)
        other = centre @ kernel(y) @ centre
        other /= np.linalg.norm(other)

        def one(order: np.ndarray) -> float:
            mine = centre @ kernel(x[order]) @ centre
            return float((mine * other).sum() / np.linalg.norm(mine))

        return one

    return prepared


def gaussian(x: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import pdist, squareform

    squared = pdist(x, "sqeuclidean")
    return np.exp(-squareform(squared) / (2 * np.median(squared)))


LOOPS = {
    "rsa_pearson": pearson_loop,
    "rsa_spearman": spearman_loop,
    "rsa_kendall": kendall_loop,
    "dcor": dcor_loop,
    "rv": rv_loop,
    "mi": mi_loop,
    "cka_linear": kernel_loop(lambda x: x @ x.T),
    "cka_rbf": kernel_loop(gaussian),
}
SCIPY, DCOR, NUMPY = (f"{name} {version(name)}" for name in ("scipy", "dcor", "numpy"))
WHOSE = {
    "rsa_pearson": f"{SCIPY} pearsonr",
    "rsa_spearman": f"{SCIPY} spearmanr",
    "rsa_kendall": f"{SCIPY} kendalltau",
    "dcor": f"{DCOR} distance_correlation",
    "rv": f"{NUMPY}, covariances",
    "mi": f"{NUMPY}, corrcoef",
    "cka_linear": f"{NUMPY}, centred kernels",
    "cka_rbf": f"{NUMPY}, centred kernels; scipy pdist",
}


# ---- rows ----


def beside_a_loop(name: str, one: Callable, layers: list, response: np.ndarray) -> tuple[dict, float]:
    table = reordering_table(N_TIMES, N_DRAWS)
    ours = partial(permutation_null, layers, response, [name], table=table, device="cpu")
    mine, theirs = best_of(ours, lambda: [one(order) for order in table[:CALLS]])
    whole = theirs / CALLS * N_LAYERS * N_DRAWS
    apart = np.abs(ours().draws[0, 0, :CALLS].values - [one(order) for order in table[:CALLS]]).max()
    line = row(
        f"Null of {name}, {SIZES}",
        mine,
        theirs=whole,
        other=f"loop over {WHOSE[name]}",
        extrapolated=f"from {CALLS} calls",
        check=f"{CALLS} draws differ by at most {apart:.0e}",
    )
    return line, whole


def together(words: str, names: list[str], seconds: dict, layers: list, response: np.ndarray) -> dict:
    (mine,) = best_of(partial(permutation_null, layers, response, names, n_permutations=N_DRAWS, device="cpu"))
    return row(
        f"Null of {words}, {SIZES}",
        mine,
        theirs=sum(seconds[name] for name in names),
        other="the loops above, one after the other",
        extrapolated=f"from {CALLS} calls each",
    )


def scaling() -> list[dict]:
    """How the time of all eight grows with time points and with layers."""
    sizes = [(n, N_LAYERS) for n in (50, 100, 200, 400)] + [(N_TIMES, n) for n in (8, 65)]
    rows = []
    for n_times, n_layers in sizes:
        nulls = partial(permutation_null, *simulate(n_times, n_layers), n_permutations=N_DRAWS, device="cpu")
        seven, eight = best_of(partial(nulls, SEVEN), nulls, repeats=1 if n_times > 200 else 3)
        note = f"{seven:.3g} s without Kendall"
        rows.append(
            row(f"Null of all eight, {n_layers} layers, {n_times} time points, {N_DRAWS} draws", eight, note=note)
        )
    return rows


def many_subjects() -> list[dict]:
    """One sentence of the largest published study, and the same on a GPU where there is one."""
    import torch

    layers, responses = simulate(N_TIMES, N_LAYERS, n_subjects=49)
    what = f"Null of the seven, 49 subjects × {SIZES}"
    nulls = partial(permutation_null, layers, responses, SEVEN, n_permutations=N_DRAWS)
    (here,) = best_of(partial(nulls, device="cpu"), repeats=1)
    rows = [row(what, here, note="processor, double precision")]
    if torch.cuda.is_available():
        (there,) = best_of(partial(nulls, device="cuda"))
        apart = np.abs(nulls(device="cuda").draws - nulls(device="cpu").draws).max().item()
        check = f"draws differ by at most {apart:.0e}"
        rows.append(
            row(what, there, theirs=here, other="ours on the processor", check=check, note="GPU, single precision")
        )
    return rows


def memory() -> list[dict]:
    """Peak memory of all eight at the usual size and at the longest sentences."""
    setup = "from benchmarks.bench_measures import simulate\nfrom lib.compare import permutation_null\n"
    rows = []
    for n_times in (N_TIMES, 400):
        warm = "import torch, xarray, numba, lib.compare.similarity.kendall\n"
        before, peak = peak_memory(
            setup + warm + f"data = simulate({n_times}, {N_LAYERS})", "permutation_null(*data, device='cpu')"
        )
        what = f"Peak memory of the null of all eight, {N_LAYERS} layers × {N_DRAWS} draws, {n_times} time points"
        note = f"of the whole process; {before:,.0f} MB of it are libraries and inputs"
        rows.append(row(what, peak, unit="MB", note=note))
    return rows
