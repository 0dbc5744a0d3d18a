"""Eight similarity measures with 500 re-orderings against loops over scipy, dcor and numpy; all series simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.metadata import version

import numpy as np

from benchmarks.frame import Step, best_of, peak_memory, row
from lib.compare import MEASURES, permutation_null
from lib.compare.similarity.tables import reordering_table

N_TIMES, N_LAYERS, N_COMPONENTS, N_CHANNELS, N_DRAWS = 100, 33, 20, 60, 500
CALLS = 40  # of a loop that is extrapolated to layers x draws
SIZES = f"{N_LAYERS} layers × {N_DRAWS} draws, {N_TIMES} time points, {N_COMPONENTS} components, {N_CHANNELS} channels"
SEVEN = [name for name in MEASURES if name != "rsa_kendall"]


def steps() -> list[Step]:
    return [
        Step("null of each measure beside a loop over a library", alone),
        Step("null of all measures together", all_at_once),
        Step("how time grows with time points and layers", scaling),
        Step("nulls of 49 subjects", many_subjects),
        Step("peak memory", memory),
    ]


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


@cache
def seconds_of_loops() -> dict[str, float]:
    """Seconds of one call of each loop on one layer, from the shortest of some runs over ``CALLS`` draws."""
    (layer, *_), response = simulate(N_TIMES, N_LAYERS)
    table, out = reordering_table(N_TIMES, N_DRAWS)[:CALLS], {}
    for name, prepare in LOOPS.items():
        one = prepare(layer, response)
        (out[name],) = best_of(lambda one=one: [one(order) for order in table], repeats=2)
    return {name: seconds / CALLS for name, seconds in out.items()}


def alone() -> Iterator[dict]:
    """Each measure beside a loop over a library's function, extrapolated to all layers and draws."""
    layers, response = simulate(N_TIMES, N_LAYERS)
    table = reordering_table(N_TIMES, N_DRAWS)
    for name, prepare in LOOPS.items():
        ours, one = (
            partial(permutation_null, layers, response, [name], table=table, device="cpu"),
            prepare(layers[0], response),
        )
        (mine,) = best_of(ours, repeats=2)
        apart = np.abs(ours().draws[0, 0, :CALLS].values - [one(order) for order in table[:CALLS]]).max()
        yield row(
            f"Null of {name}, {SIZES}",
            mine,
            theirs=seconds_of_loops()[name] * N_LAYERS * N_DRAWS,
            other=f"loop over {WHOSE[name]}",
            extrapolated=f"from {CALLS} calls",
            check=f"{CALLS} draws differ by at most {apart:.0e}",
        )


def all_at_once() -> Iterator[dict]:
    """The seven fast measures, and all eight, in one call."""
    layers, response = simulate(N_TIMES, N_LAYERS)
    for words, names in {"the seven without Kendall": SEVEN, "all eight": list(MEASURES)}.items():
        ours = partial(permutation_null, layers, response, names, n_permutations=N_DRAWS, device="cpu")
        (mine,) = best_of(ours, repeats=2)
        yield row(
            f"Null of {words}, {SIZES}",
            mine,
            theirs=sum(seconds_of_loops()[name] for name in names) * N_LAYERS * N_DRAWS,
            other="the loops above, one after the other",
            extrapolated=f"from {CALLS} calls each",
        )


def scaling() -> Iterator[dict]:
    """How the time of all eight grows with time points and with layers."""
    sizes = [(n, N_LAYERS) for n in (50, 100, 200, 400)] + [(N_TIMES, n) for n in (8, 65)]
    for n_times, n_layers in sizes:
        nulls = partial(permutation_null, *simulate(n_times, n_layers), n_permutations=N_DRAWS, device="cpu")
        seven, eight = best_of(partial(nulls, SEVEN), nulls, repeats=1)
        note = f"{seven:.3g} s without Kendall"
        yield row(f"Null of all eight, {n_layers} layers, {n_times} time points, {N_DRAWS} draws", eight, note=note)


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
