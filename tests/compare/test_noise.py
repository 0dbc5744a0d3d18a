"""Noise like a recording, and the measured size of decisions on it."""

import numpy as np
import pytest

from lib.chapters.measures.calibration import ar1_noise
from lib.compare import calibrated, noise_like, permutation_null, pieces_null, zscored
from lib.compare.noise import holds, sizes, stretch_like
from lib.ground import WrongUse


def recording(n=20, n_times=40, phi=0.9, seed=0):
    """Pieces of one listener whose second channel follows the first, and the third lags behind it."""
    rng = np.random.default_rng(seed)
    noise = ar1_noise(rng, (n, n_times + 3, 4), phi=phi)
    noise[..., 1] += noise[..., 0]
    noise[:, 3:, 2] = noise[:, :-3, 0] + 0.5 * noise[:, 3:, 2]
    return [*(noise[:, 3:] * [1.0, 2.0, 3.0, 4.0] + 5.0)]


def correlations(pieces, lag):
    x = np.concatenate([p[lag:] for p in pieces])
    y = np.concatenate([p[: len(p) - lag] for p in pieces])
    return np.corrcoef(x.T, y.T)[:4, 4:]


@pytest.mark.parametrize("lag", [0, 1, 3, 8, 16])
def test_noise_has_spectrum_and_channel_correlations_of_the_recording(lag):
    pieces = recording(400, phi=0.8)
    made = [x for seed in range(4) for x in noise_like(pieces, seed=seed)]
    np.testing.assert_allclose(correlations(made, lag), correlations(pieces, lag), atol=0.08)
    np.testing.assert_allclose(np.concatenate(made).mean(0), 5.0, atol=0.5)
    np.testing.assert_allclose(np.concatenate(made).std(0), np.concatenate(pieces).std(0), rtol=0.1)


def test_noise_keeps_drift_and_has_no_seam():
    """What a rotation breaks: the last sample of a slow piece is far from its first, and so it is in the noise."""
    pieces = recording(100, phi=0.99)
    made = noise_like(pieces, seed=0)
    jump = [
        np.mean([abs(x[-1, 0] - x[0, 0]) / np.abs(np.diff(x[:, 0])).mean() for x in some]) for some in (pieces, made)
    ]
    assert jump[1] == pytest.approx(jump[0], rel=0.25)


def test_noise_of_names_listeners_and_lengths():
    pieces = recording(9)
    told = {f"p{k}": {"a": x[: 20 + k], "b": x[::-1]} for k, x in enumerate(pieces)}
    del told["p3"]["b"]
    made = noise_like(told, seed=4)
    assert {p: {s: x.shape for s, x in one.items()} for p, one in made.items()} == {
        p: {s: x.shape for s, x in one.items()} for p, one in told.items()
    }
    again, other = noise_like(told, seed=4), noise_like(told, seed=5)
    assert all((made[p][s] == again[p][s]).all() for p in made for s in made[p])
    assert (made["p0"]["a"] != other["p0"]["a"]).all()
    a, b = (np.concatenate([one[s] for one in noise_like(told).values() if s in one]) for s in "ab")
    assert abs(np.corrcoef(a[:150, 0], b[:150, 0])[0, 1]) < 0.9


def test_noise_of_a_constant_channel_is_constant():
    pieces = [np.column_stack([x[:, 0], np.full(len(x), 3.0)]) for x in recording(5)]
    made = np.concatenate(noise_like(pieces))
    np.testing.assert_allclose(made[:, 1], 3.0)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("pieces", [[], [np.zeros((3, 2))], [np.zeros((9, 2)), np.zeros((9, 3))]])
def test_pieces_that_cannot_be_imitated(pieces):
    with pytest.raises(WrongUse, match="noise needs pieces"):
        stretch_like(pieces, 10)


# ---- measured size ----


@pytest.fixture(scope="module")
def sized():
    """Two decisions on slow responses that a model's frames know nothing of: of pairings, and of a shuffle of time."""
    rng = np.random.default_rng(5)
    frames = ar1_noise(rng, (10, 30, 5), phi=0.9)

    def decide(responses):
        items = [([x], zscored(y)) for x, y in zip(frames, responses, strict=True)]
        paired = pieces_null(items, ["rsa_spearman_euclidean"], n_permutations=59)
        shuffled = permutation_null(*items[0], ["rsa_spearman_euclidean"], n_permutations=59)
        return {"pieces": paired.null.p.item(), "shuffle": shuffled.p.item(), "always": True, "never": np.nan}

    return calibrated(decide, recording(10, 30), n=60, seed=2).set_index("decision")


def test_an_honest_decision_has_its_level(sized):
    honest = sized.loc["pieces"]
    assert honest["n"] == 60
    assert honest["low"] <= 0.05 <= honest["high"]
    assert holds(honest)


def test_a_shuffle_of_time_does_not(sized):
    assert sized.loc["shuffle", "size"] > 0.5
    assert not holds(sized.loc["shuffle"])


def test_verdicts_and_what_cannot_be_decided(sized):
    assert sized.loc["always", "size"] == 1
    assert sized.loc["never", "n"] == 0
    assert np.isnan(sized.loc["never", "size"])


def test_sizes_have_exact_intervals():
    import pandas as pd

    row = sizes(pd.DataFrame({"a": [0.05] * 3 + [0.5] * 37, "b": [True] + [False] * 39})).set_index("decision")
    np.testing.assert_allclose(row.loc["a", ["size", "low", "high"]].astype(float), [0.075, 0.0157, 0.2039], atol=1e-4)
    assert row.loc["b", "positives"] == 1


def test_repeatable():
    def decide(responses):
        return {"mean": float(responses[0].mean() > 5)}

    first, again = (calibrated(decide, recording(4), n=5, seed=s) for s in (1, 1))
    assert first.equals(again)
