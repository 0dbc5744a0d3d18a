import numpy as np
import pandas as pd
import pytest

from lib.chapters.recovery import studies
from lib.report.claims import detection

SETTING = {"recording": "r", "effect": "e", "without": "", "snr": 1.0, "listeners": 8, "minutes": 9.0}


def test_test_over_listeners_is_students():
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(0).normal(0.4, 1, (5, 9))
    ours, theirs = studies.t_test(values), ttest_1samp(values, 0, axis=1)
    np.testing.assert_allclose(ours["t"], theirs.statistic)
    np.testing.assert_allclose(ours["p"], theirs.pvalue)
    interval = theirs.confidence_interval()
    np.testing.assert_allclose([ours["low"], ours["high"]], [interval.low, interval.high])


def test_counts_tell_direction_and_coverage():
    tests = {
        "estimate": [1.0, -1.0, 0.2],
        "p": [0.01, 0.01, 0.5],
        "low": np.array([0.5, -2, -1]),
        "high": np.array([2, -0.5, 1]),
    }
    row = studies.count(tests, 0.9, **SETTING)
    assert (row["studies"], row["found"], row["significant"], row["covered"]) == (3, 1, 2, 2)
    assert row["total"] == pytest.approx(0.2)


def test_counts_of_runs_add_up():
    row = studies.count({"estimate": np.ones(4), "p": np.full(4, 0.01)}, **SETTING)
    other = studies.count({"estimate": np.ones(6), "p": np.ones(6)}, **SETTING)
    table = studies.add_up([pd.DataFrame([row]), pd.DataFrame([other])])
    assert table[["studies", "found"]].to_numpy().tolist() == [[10, 4]]
    assert table.get("covered", pd.Series([np.nan])).isna().all()


def test_rates_have_exact_intervals():
    from scipy.stats import binomtest

    table = detection.rates(pd.DataFrame({"studies": [40, 40, 40], "found": [0, 7, 40]}))
    for row in table.itertuples():
        exact = binomtest(row.found, row.studies).proportion_ci()
        assert (row.low, row.high) == pytest.approx((exact.low, exact.high))


def test_studies_cut_from_the_same_listeners_are_not_independent():
    """An interval of the share of positives holds .05 in 95 of 100 sets of studies only if it knows that."""
    assert detection.nested_inflation([4]) == detection.nested_inflation([1]) == 1.0
    inflation = detection.nested_inflation([4, 8, 16])
    assert 1.4 < inflation < 1.55
    rng, held = np.random.default_rng(5), []
    for _ in range(400):
        noise = rng.standard_normal((40, 16))
        tests = [studies.t_test(noise.reshape(-1, size))["p"] for size in (4, 8, 16)]
        hits, n = sum((p <= 0.05).sum() for p in tests), sum(map(len, tests))
        table = pd.DataFrame({"studies": [n], "significant": [hits]})
        rows = [detection.rates(table, "significant", inflation=one).iloc[0] for one in (1.0, inflation)]
        held.append([row["low"] <= 0.05 <= row["high"] for row in rows])
    plain, widened = np.mean(held, axis=0)
    assert plain < 0.94
    assert widened >= 0.95


def test_band_of_chance_holds_what_it_says():
    draws = np.random.default_rng(1).binomial(200, 0.05, 20000) / 200
    low, high = detection.binomial_band(200)
    assert 0.985 < ((draws >= low) & (draws <= high)).mean() < 1


def simulated(spread, noise, n, drive, repeats, rng):
    each = rng.standard_normal((repeats, n)) * np.sqrt(spread + noise / drive) + 1.0
    return studies.t_test(each)


def test_power_is_the_share_of_studies_that_find_it():
    rng = np.random.default_rng(2)
    size = {"spread": 0.5, "noise": 8.0}
    for n, minutes, noise in ((4, 9, 1.0), (12, 9, 2.0), (30, 3, 1.0)):
        tests = simulated(0.5, 8.0, n, minutes / noise**2, 4000, rng)
        found = ((tests["p"] <= 0.05) & (tests["t"] > 0)).mean()
        assert float(detection.power(size, n, minutes, noise)) == pytest.approx(found, abs=0.03)


def test_effect_size_is_found_from_counts():
    rng, rows = np.random.default_rng(3), []
    for snr in (0.25, 0.5, 1.0):
        for n in (4, 8, 16):
            for minutes in (3.0, 9.0):
                tests = simulated(0.4, 6.0, n, snr**2 * minutes, 400, rng)
                setting = SETTING | {"snr": snr, "listeners": n, "minutes": minutes}
                rows.append(studies.count(tests | {"estimate": tests["t"]}, **setting))
    size = detection.fit_effect_size(pd.DataFrame(rows))
    assert size["noise"] == pytest.approx(6.0, rel=0.15)
    true, planned = {"spread": 0.4, "noise": 6.0}, (np.array([5, 12, 40]), np.array([5.0, 20.0, 2.0]))
    np.testing.assert_allclose(detection.power(size, *planned), detection.power(true, *planned), atol=0.04)


def test_power_grows_with_listeners_and_needs_two():
    size = {"spread": 0.5, "noise": 8.0}
    assert (np.diff(detection.power(size, np.arange(2, 40), 9)) > 0).all()
    with pytest.raises(ValueError, match="at least two"):
        detection.power(size, 1, 9)


def test_power_of_the_stored_effects():
    few, many = (detection.planned(["E1", "E2", "A6"], n, 9.0) for n in (6, 40))
    assert 0.5 < few["E1"] <= many["E1"] <= 1
    assert few["E2"] < many["E2"]
    assert set(few) == {"E1", "E2"}  # no study was simulated for the others
