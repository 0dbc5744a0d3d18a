"""Affect groups: planted clusters are found and their number justified; comparisons against SciPy and pingouin."""

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from lib.compare.affect import affect_groups, compare_groups


def clusters(k, n=30, seed=0, apart=6.0):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(k), n)
    angle = 2 * np.pi * truth / k + 0.7  # no column of noise alone: columns are standardised
    return rng.standard_normal((k * n, 2)) + apart * np.c_[np.cos(angle), np.sin(angle)], truth


@pytest.mark.parametrize("k", [2, 3, 4])
def test_planted_number_of_groups_is_chosen(k):
    features, truth = clusters(k)
    got = affect_groups(features, -truth, n_resamples=10)
    assert got.k == k
    assert pd.crosstab(got.labels, truth).gt(0).sum(axis=1).eq(1).all()
    chosen = got.table.set_index("k").loc[k]
    assert chosen["stability"] > 0.99 > chosen["null_stability"]
    assert got.table["silhouette"].idxmax() == got.table["k"].tolist().index(k)


def test_groups_are_named_by_their_order():
    features, truth = clusters(3)
    got = affect_groups(features, truth, k=3, n_resamples=5)
    assert [got.labels[truth == group][0] for group in range(3)] == ["negative", "neutral", "positive"]
    again = affect_groups(features * 100 + 3, truth, k=3, n_resamples=5)
    assert (again.labels == got.labels).all()
    four = affect_groups(features, truth, k=4, ks=(2,), n_resamples=5)
    assert set(four.labels) == {f"group {k}" for k in (1, 2, 3, 4)}
    assert four.table["k"].tolist() == [2, 4]


def scores(effect=0.0, n=14, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        {"subject": f"s{subject:02d}", "group": group, "measure": measure, "value": value}
        for subject, base in enumerate(rng.standard_normal(n))
        for measure, sign in (("rank", -1), ("dependence", 1))
        for group in ("negative", "neutral", "positive")
        for value in [base + 0.3 * rng.standard_normal() + (effect * sign if group == "negative" else 0)]
    ]
    return pd.DataFrame(rows)


def test_paired_comparison_is_scipy_and_pingouin():
    table = scores(0.5)
    got = compare_groups(table.sample(frac=1, random_state=1))
    row = got.set_index(["measure", "a", "b"]).sort_index()
    wide = table[table["measure"] == "rank"].pivot(index="subject", columns="group", values="value")
    for (_, a, b), found in row.loc[["rank"]].iterrows():
        test = stats.ttest_rel(wide[a], wide[b])
        interval = test.confidence_interval()
        np.testing.assert_allclose(found[["t", "p", "low", "high"]].astype(float), [*test, *interval])
        assert found["hedges_g"] == pytest.approx(
            pingouin.compute_effsize(wide[a], wide[b], paired=True, eftype="hedges")
        )
    anova = pingouin.rm_anova(wide, correction=True)
    assert got.loc[got["measure"] == "rank", "F"].unique().item() == pytest.approx(anova["F"].iloc[0])
    assert (got["p_holm"] >= got["p"]).all()
    assert len(got) == 6


def test_planted_dissociation_is_found_and_nothing_without_it(monkeypatch):
    monkeypatch.setattr("gc.collect", lambda *_: 0)  # statsmodels collects at every correction, .3 s each
    found = compare_groups(scores(0.6)).set_index(["a", "b", "measure"]).loc["negative"]
    for other in ("neutral", "positive"):
        assert found.loc[(other, "rank"), "high"] < 0 < found.loc[(other, "dependence"), "low"]
    assert (found["p_holm"] < 0.05).all()
    missed = [compare_groups(scores(0, seed=seed))["p_holm"].min() < 0.05 for seed in range(60)]
    assert np.mean(missed) < 0.15


def test_sentences_of_one_listener_are_compared_unpaired():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"stimulus": range(90), "group": np.tile(["a", "b", "c"], 30), "measure": "rank"})
    table["value"] = rng.standard_normal(90) + (table["group"] == "a") * 2
    got = compare_groups(table, unit="stimulus", paired=False)
    a, b = (table.loc[table["group"] == group, "value"] for group in "ab")
    assert got.iloc[0]["t"] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).statistic)
    assert got["p_all"].iloc[0] < 1e-6
    assert got.iloc[0]["difference"] == pytest.approx(a.mean() - b.mean())
    assert got.iloc[0]["n"] == 60


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: compare_groups(t.drop(columns="value")), "no column value"),
        (lambda t: compare_groups(t.iloc[1:]), "exactly one value"),
        (lambda t: compare_groups(t[t["group"] == "neutral"]), "at least two groups"),
        (lambda t: compare_groups(t[t["subject"] < "s02"]), "at least three subjects"),
        (lambda t: compare_groups(t.assign(value=np.nan)), "84 scores are missing"),
        (lambda t: affect_groups(np.eye(5), np.arange(5), ks=(2, 9)), "between 2 and 4 groups"),
        (lambda t: affect_groups(np.eye(5), np.arange(4), ks=(2,)), "one value for each of 5"),
        (lambda t: affect_groups(np.full((5, 2), np.nan), np.arange(5), ks=(2,)), "must be finite"),
    ],
)
def test_wrong_use_is_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call(scores())
