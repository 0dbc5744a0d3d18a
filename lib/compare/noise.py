"""Noise that sounds like a recording and knows nothing, and how often a decision finds something in it.

Comes in: the responses of a recording, piece by piece, and a decision as a function of them. Goes out: responses of the
same shapes with the same spectrum and the same correlations between channels, but without anything to find; and a table
that says how often each decision was positive on them, with its exact interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.compare.statistics import proportion
from lib.ground import WrongUse

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
STEADIEST = 0.9995  # largest correlation of neighbouring samples that is still taken out before the rest is coloured


def stretch_like(pieces: Sequence[np.ndarray], length: int, *, seed: int | Sequence[int] = 0) -> np.ndarray:
    """One stretch of stationary Gaussian noise with the spectrum and channel correlations of some pieces.

    Every piece is convolved with white noise of its own, and all are added: the result has the pieces' mean
    autocovariance at every lag between every two channels, no seam, and any length. Autocovariances of short pieces
    fade towards the longest lag, so the correlation of neighbouring samples, which carries slow drift, is taken out of
    each channel before (``x[t] - phi x[t - 1]``) and put back by the recursive filter after (prewhitening).

    Parameters
    ----------
    pieces : sequence of array (n_i, c)
        At least 4 samples each; they may differ in length. The mean of all samples of a channel is removed, the means
        of single pieces are not: they are slow drift.
    length : int
        Samples wanted.
    seed : int or sequence of int

    Returns
    -------
    ndarray (length, c)
        Each channel with the variance that its pieces have around their common mean.
    """
    from scipy.signal import lfilter

    pieces = [np.asarray(x, dtype=np.float64) for x in pieces]
    if not pieces or len({x.shape[1:] for x in pieces}) > 1 or min(map(len, pieces)) < 4 or pieces[0].ndim != 2:
        raise WrongUse("noise needs pieces (sample, channel) of at least 4 samples, all with the same channels.")
    mean, rng = np.concatenate(pieces).mean(axis=0), np.random.default_rng(seed)
    pieces = [x - mean for x in pieces]
    variance = sum((x**2).sum(axis=0) for x in pieces) / sum(map(len, pieces))
    before, after = (sum((x[cut] ** 2).sum(axis=0) for x in pieces) for cut in (slice(-1), slice(1, None)))
    product = sum((x[1:] * x[:-1]).sum(axis=0) for x in pieces)
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = np.clip(np.nan_to_num(product / np.sqrt(before * after)), -STEADIEST, STEADIEST)
    burn = int(np.ceil(5 / (1 - np.abs(phi).max())))
    noise = _coloured([x[1:] - phi * x[:-1] for x in pieces], length + burn, rng)
    for channel, keep in enumerate(phi):
        noise[:, channel] = lfilter([1.0], [1.0, -keep], noise[:, channel])
    noise = noise[burn:]
    size = np.sqrt((noise**2).mean(axis=0))  # what the filter carries beyond a piece adds to the variance
    return noise * np.divide(np.sqrt(variance), size, out=np.zeros_like(size), where=size > 0) + mean


def _coloured(pieces: list[np.ndarray], length: int, rng: np.random.Generator) -> np.ndarray:
    """White noise convolved with the pieces, block by block (overlap and add), of their mean variance."""
    from scipy.fft import irfft, next_fast_len, rfft

    longest, samples = max(map(len, pieces)), sum(map(len, pieces))
    size, blocks = next_fast_len(2 * longest, real=True), -(-length // longest) + 1
    padded = np.stack([np.pad(x, ((0, longest - len(x)), (0, 0))) for x in pieces])
    shapes = rfft(padded, size, axis=1).transpose(1, 0, 2)  # frequency, piece, channel
    white = rfft(rng.standard_normal((blocks, len(pieces), longest)), size, axis=2).transpose(2, 0, 1)
    parts = irfft(white @ shapes, size, axis=0)  # sample, block, channel
    out = np.zeros((blocks * longest + size, padded.shape[2]))
    for block in range(blocks):
        out[block * longest : block * longest + size] += parts[:, block]
    return out[longest : longest + length] / np.sqrt(samples)


def noise_like(responses: Any, *, seed: int | Sequence[int] = 0) -> Any:
    """Responses of the same shapes that are noise with a recording's own spectrum (``stretch_like``).

    Pieces are cut, one after the other, from one longer stretch of each listener; listeners are independent.

    Parameters
    ----------
    responses : sequence of array (n_i, c), or mapping by piece of array or of mapping by listener
        Pieces of a recording, in order. Listeners may lack pieces.
    seed : int or sequence of int

    Returns
    -------
    list or dict
        As `responses`, of the same names and shapes.
    """
    named = responses if isinstance(responses, Mapping) else dict(enumerate(responses))
    by_listener = {
        piece: dict(one) if isinstance(one, Mapping) else {None: one} for piece, one in named.items()
    }  # those without a name are one listener
    listeners, out = dict.fromkeys(s for one in by_listener.values() for s in one), {}
    for number, listener in enumerate(listeners):
        pieces = {piece: np.asarray(one[listener]) for piece, one in by_listener.items() if listener in one}
        ends = np.cumsum([len(x) for x in pieces.values()])
        stretch = stretch_like([*pieces.values()], ends[-1], seed=[*np.atleast_1d(seed).tolist(), number])
        for piece, cut in zip(pieces, np.split(stretch, ends[:-1]), strict=True):
            out.setdefault(piece, {})[listener] = cut
    made = {piece: out[piece] if isinstance(one, Mapping) else out[piece][None] for piece, one in named.items()}
    return made if isinstance(responses, Mapping) else list(made.values())


def calibrated(
    decide: Callable[[Any], Mapping[str, float]],
    responses: Any,
    *,
    n: int = 200,
    alpha: float = ALPHA,
    seed: int = 0,
    noise: Callable = noise_like,
) -> pd.DataFrame:
    """How often decisions find something in noise like a recording's own responses: their measured size.

    Parameters
    ----------
    decide : callable
        The whole decision, from responses as given here to a mapping of names to p-values, or to verdicts as booleans.
        Everything that is chosen on the data has to be chosen inside. NaN: this decision could not be made.
    responses : sequence or mapping
        As for :func:`noise_like`.
    n : int
        Repetitions. The interval of a size of .05 is (.02, .11) after 100 and (.03, .09) after 200.
    alpha : float
        Level at which a p-value is positive.
    seed : int
        Repetition k has the noise of (seed, k).
    noise : callable
        Makes the noise, ``noise(responses, seed=...)``.

    Returns
    -------
    pandas.DataFrame
        ``sizes`` of all repetitions: one row per decision.
    """
    import pandas as pd

    return sizes(pd.DataFrame([dict(decide(noise(responses, seed=(seed, k)))) for k in range(n)]), alpha=alpha)


def sizes(found: pd.DataFrame, *, alpha: float = ALPHA) -> pd.DataFrame:
    """Share of positive decisions with its exact (Clopper-Pearson) 95 % interval.

    Parameters
    ----------
    found : pandas.DataFrame (repetition, decision)
        P-values, or booleans; NaN where a decision could not be made.
    alpha : float
        Level.

    Returns
    -------
    pandas.DataFrame
        decision, n, positives, size, low, high, alpha. Size and interval are NaN where n is 0.
    """
    import pandas as pd

    rows = []
    for decision in found:
        values = found[decision].dropna()
        hits = sum(bool(v) if isinstance(v, bool | np.bool_) else v <= alpha for v in values)
        n = len(values)
        share = proportion(hits, n, method="exact") if n else None
        ends = (share.value, share.low, share.high) if n else (np.nan,) * 3
        rows.append((decision, n, hits, *ends, alpha))
    return pd.DataFrame(rows, columns=["decision", "n", "positives", "size", "low", "high", "alpha"])


def holds(size: pd.Series) -> bool:
    """Whether a measured size is compatible with its level: its interval does not lie above it."""
    return not size["low"] > size["alpha"]
