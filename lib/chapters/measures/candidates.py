"""Which null to trust on short pieces: how often each finds noise alike, and what it finds at an equal rate.

Comes in: nothing but sizes and seeds; all series are simulated. Goes out: a table of counts (data/nulls.csv, made by
``python -m lib.chapters.measures.candidates``, read by ``stored``), one row per null, kind of noise, number and length
of pieces, and strength of what is planted.

A recording is one long stretch of noise, from which pieces are cut; the frames of a model's few layers are other noise.
Each null is asked what the EEG chapter asks: is the mean over pieces of the best layer's Spearman
similarity above chance?
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from lib.compare import matched, pieces_null, zscored
from lib.compare.noise import stretch_like
from lib.compare.similarity.nulls import ROUNDING
from lib.ground import DATA, replacing

TABLE = DATA / "nulls.csv"
MEASURE = "rsa_spearman_euclidean"
LAYERS, UNITS, CHANNELS = 4, 6, 6
GAP, MARGIN = 8, 200  # frames of the recording between two pieces, and before the first and after the last
ALPHA = 0.05
COLUMNS = ("null", "noise", "pieces", "frames", "longest", "strength", "n", "positive", "at_equal_size")


@dataclass(frozen=True)
class World:
    """Independent or related frames and responses, in pieces.

    Attributes
    ----------
    frames : list of ndarray (layer, T_i, unit)
    recording : ndarray (n, channel)
        The stretch from which responses are cut.
    onsets : list of int
        First frame of each piece in it.
    """

    frames: list[np.ndarray]
    recording: np.ndarray
    onsets: list[int]

    @property
    def responses(self) -> list[np.ndarray]:
        """Responses to the pieces, each (T_i, channel)."""
        return [self.recording[o : o + x.shape[1]] for o, x in zip(self.onsets, self.frames, strict=True)]


def autoregressive(rng: np.random.Generator, shape: tuple[int, int], phi: float) -> np.ndarray:
    """Stationary first-order noise (n, columns), correlation `phi` from one frame to the next."""
    from scipy.signal import lfilter

    burn = int(10 / (1 - phi))
    noise = rng.standard_normal((shape[0] + burn, shape[1]))
    return lfilter([1.0], [1.0, -phi], noise, axis=0)[burn:] * np.sqrt(1 - phi**2)


def one_over_f(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Power falling as 1 / frequency, cut from a stretch twice as long, so that its ends do not meet."""
    spectrum = np.fft.rfft(rng.standard_normal((2 * shape[0], shape[1])), axis=0)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))[:, None]
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, axis=0)[: shape[0]]
    return noise / noise.std()


def drifting(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Autoregressive noise (.8) on a random walk."""
    return autoregressive(rng, shape, 0.8) + 0.4 * np.cumsum(rng.standard_normal(shape), axis=0)


NOISES: MappingProxyType[str, Callable] = MappingProxyType({
    "AR .8": lambda rng, shape: autoregressive(rng, shape, 0.8),
    "AR .95": lambda rng, shape: autoregressive(rng, shape, 0.95),
    "1/f": one_over_f,
    "drift": drifting,
})  # fmt: skip
CELLS = ((1, 60, 60), (6, 30, 30), (18, 30, 30), (18, 25, 60), (165, 25, 25))
"""Number of pieces, frames of the shortest and of the longest."""


def world(noise: str, lengths: Sequence[int], strength: float, seed: Sequence[int]) -> World:
    """A recording in pieces; with a `strength`, its response follows the first layer, else nothing."""
    rng, made = np.random.default_rng(seed), NOISES[noise]
    onsets = (MARGIN + np.cumsum([0, *(n + GAP for n in lengths[:-1])])).tolist()
    recording = made(rng, (onsets[-1] + lengths[-1] + MARGIN, CHANNELS))
    mixing, frames = rng.standard_normal((UNITS, CHANNELS)) / np.sqrt(UNITS), []
    for onset, n in zip(onsets, lengths, strict=True):
        layers = np.stack([made(rng, (n + GAP, UNITS))[:n] for _ in range(LAYERS)])
        recording[onset : onset + n] += strength * zscored(layers[0]) @ mixing * recording.std()
        frames.append(layers)
    return World(frames, recording, onsets)


# ---- responses that a null puts in place of the true ones: (draw, T, channel) of one piece after the other ----


def rotated(one: World, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The piece's own response, its end before its beginning."""
    for x in one.responses:
        yield np.stack([np.roll(x, k, axis=0) for k in rng.integers(len(x), size=draws)])


def phase_randomised(one: World, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The piece's own amplitudes, at random phases that its channels share."""
    for x in one.responses:
        spectrum = np.fft.rfft(x, axis=0)
        turns = np.exp(2j * np.pi * rng.random((draws, len(spectrum), 1)))
        yield np.fft.irfft(spectrum * turns, n=len(x), axis=1)


def synthetic(one: World, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Noise with the spectrum of all pieces together, by an autoregressive filter (``noise_like``)."""
    longest = max(map(len, one.responses))
    made = stretch_like(one.responses, 2 * draws * longest, seed=rng.integers(2**32))
    for x in one.responses:
        yield _cut(made, len(x), draws, rng)


def elsewhere(one: World, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Another stretch of the recording, as long: a shift without a wrap."""
    for x in one.responses:
        yield _cut(one.recording, len(x), draws, rng)


def _cut(stretch: np.ndarray, length: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    starts = rng.integers(len(stretch) - length + 1, size=draws)
    return stretch[starts[:, None] + np.arange(length)]


REPLACING: MappingProxyType[str, Callable] = MappingProxyType({
    "rotation": rotated,
    "random phases": phase_randomised,
    "synthetic noise": synthetic,
    "elsewhere": elsewhere,
})  # fmt: skip
NULLS = (*REPLACING, "pieces")


def best_and_draws(null: str, one: World, *, draws: int, seed: Sequence[int]) -> np.ndarray | None:
    """Similarity of the best layer, mean over pieces, and after it that of every draw; None where the null has none."""
    if null == "pieces":
        return _paired(one, draws, seed)
    rng, total = np.random.default_rng(seed), 0.0
    for frames, truth, others in zip(one.frames, one.responses, REPLACING[null](one, draws, rng), strict=True):
        candidates = np.concatenate([truth[None], others])
        total = total + _triangles(candidates - candidates.mean(axis=1, keepdims=True)) @ _triangles(frames).T
    return total.max(axis=1) / len(one.frames)


def _triangles(series: np.ndarray) -> np.ndarray:
    """Centred ranks of the distances within standardised series (B, T, d), as rows whose inner product is Spearman's.

    What ``MEASURES`` gives where no two distances tie, as in noise, and several times as fast.
    """
    x = series / series.std(axis=1, keepdims=True)
    products = x @ x.swapaxes(1, 2)
    size = np.einsum("bii->bi", products)
    i, j = np.triu_indices(series.shape[1], 1)
    order = np.argsort(size[:, i] + size[:, j] - 2 * products[:, i, j], axis=1)
    ranks = np.empty(order.shape)
    np.put_along_axis(ranks, order, np.arange(len(i), dtype=float)[None], axis=1)
    ranks -= (len(i) - 1) / 2
    return ranks / np.linalg.norm(ranks[0])


def _paired(one: World, draws: int, seed: Sequence[int]) -> np.ndarray | None:
    if len(one.frames) < 5:
        return None
    sizes = matched([x.shape[1] for x in one.frames])
    items = [
        ([zscored(layer[: int(n)]) for layer in x], zscored(y[: int(n)]))
        for x, y, n in zip(one.frames, one.responses, np.nan_to_num(sizes.length), strict=True)
        if n > 0
    ]
    null = pieces_null(items, [MEASURE], groups=sizes.group[sizes.kept], n_permutations=draws, seed=seed).null
    return np.append(null.observed.max(), null.draws.max("layer"))


def strength_of(pieces: int) -> float:
    """What is planted in so many pieces, so that a null neither finds it always nor never: less in more pieces."""
    return 0.6 / pieces**0.25


def counts(noise: str, cell: tuple[int, int, int], *, n: int, draws: int = 99, seed: int = 0) -> pd.DataFrame:
    """Rows of the table for one kind of noise and one cell, without and with something planted.

    Parameters
    ----------
    noise : str
        Key of ``NOISES``.
    cell : (int, int, int)
        Pieces, frames of the shortest and of the longest.
    n : int
        Repetitions, each with and without something planted.
    draws, seed : int
        Of every null, and of everything.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``; `positive` counts p <= .05. `at_equal_size` counts z, the best layer minus the mean draw in
        standard deviations of draws, above what .05 of the repetitions with nothing planted reach: the power of nulls
        of unequal size side by side.
    """
    number, shortest, longest = cell
    known = {}
    for strength in (0.0, strength_of(number)):
        for k in range(n):
            lengths = np.random.default_rng((seed, k)).integers(shortest, longest + 1, number).tolist()
            one = world(noise, lengths, strength, (seed, k, number, shortest))
            for null in NULLS:
                values = best_and_draws(null, one, draws=draws, seed=(seed, k))
                if values is not None:
                    known.setdefault((null, strength), []).append(_p_and_z(values))
    rows = []
    for (null, strength), found in known.items():
        p, z = np.transpose(found)
        level = np.quantile(np.transpose(known[null, 0.0])[1], 1 - ALPHA)
        rows.append((null, noise, *cell, strength, n, int((p <= ALPHA + ROUNDING).sum()), int((z > level).sum())))
    return pd.DataFrame(rows, columns=COLUMNS)


def _p_and_z(values: np.ndarray) -> tuple[float, float]:
    best, draws = values[0], values[1:]
    return ((draws >= best - ROUNDING).sum() + 1) / len(values), (best - draws.mean()) / draws.std(ddof=1)


def main(path=TABLE, *, n: int = 100) -> None:
    """Count everything and write the table."""
    parts = []
    for noise in NOISES:
        for cell in CELLS:
            parts.append(counts(noise, cell, n=n if cell[0] < 100 else n // 2))
            print(noise, cell, flush=True)
    with replacing(path) as new:
        pd.concat(parts).to_csv(new, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
