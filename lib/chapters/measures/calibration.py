"""How far the measures can be trusted: false positives of their nulls, and the value they take when nothing is shared.

Comes in: nothing but sizes and seeds; all series here are simulated noise. Goes out: tidy tables with intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lib.compare import Estimate
from lib.compare.similarity.measures import MEASURES, measure
from lib.compare.similarity.nulls import ROUNDING
from lib.compare.similarity.series import once_each
from lib.compare.similarity.tables import SCHEMES, reordering_table
from lib.ground import unknown

if TYPE_CHECKING:
    import pandas as pd

    from lib.compare.similarity.nulls import Null


def white_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Independent standard normal values."""
    return rng.standard_normal(shape)


def ar1_noise(rng: np.random.Generator, shape: tuple[int, ...], *, phi: float = 0.8) -> np.ndarray:
    """First-order autoregressive series along the second axis from the end, variance 1, correlation phi per step."""
    noise = rng.standard_normal(shape)
    noise[..., 1:, :] *= np.sqrt(1 - phi**2)
    for t in range(1, shape[-2]):
        noise[..., t, :] += phi * noise[..., t - 1, :]
    return noise


def mixture(rng: np.random.Generator, shared: np.ndarray, n_columns: int) -> np.ndarray:
    """Columns that each mix shared signals (time, signal) by weights of their own, under white noise of their own."""
    weights = rng.standard_normal((shared.shape[1], n_columns))
    return shared @ weights + rng.standard_normal((len(shared), n_columns))


def pink_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Series with power falling as 1 / frequency along the second axis from the end, mean 0, periodic."""
    spectrum = np.fft.rfft(rng.standard_normal(shape), axis=-2)
    frequency = np.arange(spectrum.shape[-2])[:, None]
    spectrum *= np.where(frequency > 0, 1 / np.sqrt(np.maximum(frequency, 1)), 0.0)
    return np.fft.irfft(spectrum, n=shape[-2], axis=-2)


ALPHA = 0.05
NOISES = {
    "white": white_noise,
    "ar1": ar1_noise,
    "ar1_slow": partial(ar1_noise, phi=0.95),
    "pink": pink_noise,
}


def null_p_values(
    measures: Sequence[str] = tuple(MEASURES),
    *,
    noises: Sequence[str] = tuple(NOISES),
    schemes: Sequence[str] = SCHEMES,
    n_repetitions: int = 300,
    n_times: int = 60,
    widths: tuple[int, int] = (5, 8),
    n_permutations: int = 199,
    seed: int = 0,
) -> pd.DataFrame:
    """P-values of independent pairs of series, by measure, noise and scheme; uniform where the null fits.

    Parameters
    ----------
    measures : sequence of str
        Keys of ``MEASURES`` or ``VARIANTS``.
    noises : sequence of {"white", "ar1", "ar1_slow", "pink"}
        Both series of a pair are noise of the same kind, every column independent; ``ar1`` has correlation .8 per step,
        ``ar1_slow`` .95.
    schemes : sequence of {"shuffle", "shift"}
        Nulls to test. Every pair has a table of its own.
    n_repetitions : int
        Pairs of series; all measures and schemes see the same ones.
    n_times : int
        Time points. Under ``shift`` p has steps of 1 / n_times: choose a multiple of 1 / alpha to make its level exact.
    widths : (int, int)
        Columns of the layer and of the response.
    n_permutations : int
        Draws; (n_permutations + 1) * alpha should be whole.
    seed : int
        Of the noise and the tables.

    Returns
    -------
    pandas.DataFrame
        noise, scheme, measure, repetition, p.
    """
    import pandas as pd

    names, parts = once_each(measures, "measures"), []
    for noise in noises:
        x, y = _pairs(noise, n_repetitions, n_times, widths, seed)
        for scheme in schemes:
            seeds = [(seed, repetition) for repetition in range(n_repetitions)]
            tables = np.stack([reordering_table(n_times, n_permutations, scheme=scheme, seed=s) for s in seeds])
            values = _paired(names, x, y, np.concatenate([_identity(x), tables], axis=1))  # (n, measure, 1 + P)
            reached = (values[..., 1:] >= values[..., :1] - ROUNDING).sum(-1)
            p = pd.DataFrame((reached + 1) / values.shape[-1], columns=names).rename_axis("repetition").reset_index()
            parts.append(p.melt("repetition", var_name="measure", value_name="p").assign(noise=noise, scheme=scheme))
    return pd.concat(parts, ignore_index=True)[["noise", "scheme", "measure", "repetition", "p"]]


def false_positive_rates(p_values: pd.DataFrame, *, alpha: float = ALPHA) -> pd.DataFrame:
    """How often independent noise gets p <= alpha.

    Parameters
    ----------
    p_values : pandas.DataFrame
        From :func:`null_p_values`.
    alpha : float
        Nominal level.

    Returns
    -------
    pandas.DataFrame
        noise, scheme, measure, rate, low, high (exact 95 % binomial interval), hits, n, alpha.
    """
    import pandas as pd

    groups = p_values.groupby(["noise", "scheme", "measure"], sort=False)["p"]
    rows = [dict(zip(("noise", "scheme", "measure"), key, strict=True)) | _rate(p, alpha) for key, p in groups]
    return pd.DataFrame(rows).assign(alpha=alpha)


def worst(rates: pd.DataFrame, scheme: str, noise: str | None = None) -> Estimate:
    """Highest of :func:`false_positive_rates` under one scheme, over measures and kinds of noise, or in one kind."""
    mine = rates[(rates["scheme"] == scheme) & (True if noise is None else rates["noise"] == noise)]
    return _record(mine.sort_values("rate", kind="stable").iloc[-1])


def _record(row: pd.Series) -> Estimate:
    about = f"share of pairs of independent series found alike: {row['measure']}, {row['noise']}, {row['scheme']}"
    return Estimate(row["rate"], row["low"], row["high"], int(row["n"]), about=about, digits=2)


def rate_numbers(rates: pd.DataFrame) -> dict[str, Estimate]:
    """Rates of Spearman RSA by noise and scheme (fp_NOISE_SCHEME), and of the worst measure there (.._worst)."""
    numbers = {}
    for (noise, scheme), _ in rates.groupby(["noise", "scheme"]):
        at = (rates["noise"] == noise) & (rates["scheme"] == scheme) & (rates["measure"] == "rsa_spearman")
        numbers[f"fp_{noise}_{scheme}"] = _record(rates[at].iloc[0])
        numbers[f"fp_{noise}_{scheme}_worst"] = worst(rates, scheme, noise)
    return numbers


def chance_numbers(shuffle: Null, shift: Null) -> dict[str, Estimate | str]:
    """What chance gives one pair of series: distance correlation of shuffles, and how much wider shifts spread."""
    draws = shuffle.draws.sel(measure="dcor").values.ravel()
    low, high = np.quantile(draws, (0.025, 0.975))
    about = "distance correlation of shuffles: mean and middle 95 % of draws"
    wider = (shift.null_sd / shuffle.null_sd).values
    return {
        "chance_dcor": Estimate(draws.mean(), low, high, draws.size, about=about, digits=2),
        "chance_spread": f"{wider.min():.1f} to {wider.max():.1f}",
    }


def bias_floor(
    measures: Sequence[str] = ("cka_linear", "cka_linear_debiased", "cka_rbf", "dcor_squared", "dcor_squared_debiased"),
    *,
    n_times: Sequence[int] = (16, 32, 64, 128, 256),
    widths: tuple[int, int] = (8, 8),
    n_repetitions: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Value of a measure for independent white noise, against the number of time points.

    Biased measures of noise fall as 1 / T towards 0, so a model with few frames per sentence scores higher than one
    with many; the debiased ones stay around 0.

    Returns
    -------
    pandas.DataFrame
        measure, n_times, mean, low, high (95 % interval of the mean), sd over repetitions, n.
    """
    import pandas as pd

    names, rows = once_each(measures, "measures"), []
    for length in n_times:
        x, y = _pairs("white", n_repetitions, length, widths, seed)
        values = _paired(names, x, y, _identity(x))[..., 0]  # (n, measure)
        for name, mean, sd in zip(names, values.mean(0), values.std(0, ddof=1), strict=True):
            half = 1.96 * sd / np.sqrt(n_repetitions)
            row = {"measure": name, "n_times": length, "mean": mean, "low": mean - half, "high": mean + half}
            rows.append(row | {"sd": sd, "n": n_repetitions})
    return pd.DataFrame(rows)


def floor_numbers(floor: pd.DataFrame) -> dict[str, Estimate | int]:
    """Value of linear CKA, biased and debiased, of the shortest and of the longest noise in :func:`bias_floor`."""
    least, most = int(floor["n_times"].min()), int(floor["n_times"].max())
    numbers: dict[str, Estimate | int] = {"floor_t": least, "floor_t_longest": most}
    for ending, length in (("", least), ("_longest", most)):
        at = floor[floor["n_times"] == length].set_index("measure")
        for name in ("cka_linear", "cka_linear_debiased"):
            row, about = at.loc[name], f"{name} of unrelated noise, {length} time points"
            numbers[f"floor_{name}{ending}"] = Estimate(
                row["mean"], row["low"], row["high"], int(row["n"]), about=about, digits=3
            )
    return numbers


def _pairs(noise: str, n: int, n_times: int, widths: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    if noise not in NOISES:
        raise unknown("noise", noise, NOISES)
    rng = np.random.default_rng((seed, n_times))
    return tuple(NOISES[noise](rng, (n, n_times, width)) for width in widths)


def _identity(x: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.arange(x.shape[1]), (len(x), 1, x.shape[1]))


def _paired(names: Sequence[str], x: np.ndarray, y: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Similarity of each pair of series under its own table, (pair, measure, draw)."""
    import torch

    from lib.compare.similarity.reorder import reorderings

    x, y, wanted = torch.from_numpy(x), torch.from_numpy(y), [measure(name) for name in names]
    return reorderings([x], [y], wanted, tables, device=torch.device("cpu"), single=False)[:, :, 0, 0]


def _rate(p: pd.Series, alpha: float) -> dict:
    from scipy.stats import binomtest

    hits, n = int((p <= alpha + ROUNDING).sum()), len(p)
    interval = binomtest(hits, n).proportion_ci(0.95, method="exact")
    return {"rate": hits / n, "low": interval.low, "high": interval.high, "hits": hits, "n": n}
