"""Noise gives false positives at the level where the null fits it, and far above where it does not."""

import numpy as np
import pytest
from scipy.stats import binomtest

from lib.chapters.measures.calibration import (
    NOISES,
    ar1_noise,
    bias_floor,
    false_positive_rates,
    null_p_values,
    pink_noise,
)
from lib.compare import MEASURES
from lib.ground import WrongUse

FEW = ["rsa_spearman", "cka_linear"]


@pytest.fixture(scope="module")
def rates():
    table = false_positive_rates(null_p_values(FEW, n_repetitions=200, n_times=40, n_permutations=99))
    return table.set_index(["noise", "scheme", "measure"])


def test_every_combination_has_a_row(rates):
    assert len(rates) == len(NOISES) * 2 * len(FEW)
    assert ((rates.low <= rates.rate) & (rates.rate <= rates.high)).all()
    np.testing.assert_allclose(rates.rate, rates.hits / rates.n)


@pytest.mark.parametrize("name", FEW)
def test_the_level_holds_where_the_null_fits(rates, name):
    for cell in [("white", "shuffle"), ("white", "shift"), ("pink", "shift")]:
        assert binomtest(int(rates.hits[*cell, name]), 200, 0.05).pvalue > 0.001, cell


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("noise", ["ar1", "pink"])
def test_a_free_shuffle_of_smooth_series_finds_too_much(rates, name, noise):
    assert rates.low[noise, "shuffle", name] > 0.3
    assert rates.rate[noise, "shift", name] < rates.rate[noise, "shuffle", name] / 2


def test_repeatable():
    first, again = (null_p_values(["rv"], n_repetitions=5, n_times=20, n_permutations=19) for _ in range(2))
    assert first.equals(again)


def test_floor_falls_with_length_unless_debiased():
    floor = bias_floor(["cka_linear", "cka_linear_debiased"], n_times=(16, 64), n_repetitions=40)
    biased = floor[floor.measure == "cka_linear"].set_index("n_times")
    debiased = floor[floor.measure == "cka_linear_debiased"].set_index("n_times")
    assert biased.low[16] > biased.high[64] > 0.05
    assert (debiased["mean"].abs() < 0.05).all()


def test_noise_has_the_stated_correlation():
    rng = np.random.default_rng(0)
    series = ar1_noise(rng, (200, 100, 3), phi=0.9)
    assert np.mean(series[:, 1:] * series[:, :-1]) == pytest.approx(0.9, abs=0.05)
    assert series[:, -1].var() == pytest.approx(1, abs=0.15)
    power = (np.abs(np.fft.rfft(pink_noise(rng, (400, 64, 3)), axis=1)) ** 2).mean((0, 2))
    np.testing.assert_allclose(power[1:20] * np.arange(1, 20) / power[1], 1, atol=0.15)


def test_wrong_names():
    with pytest.raises(WrongUse, match="unknown noise 'brown'"):
        null_p_values(FEW, noises=["brown"])
    assert set(FEW) <= set(MEASURES)
