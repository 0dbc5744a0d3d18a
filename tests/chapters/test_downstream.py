"""The page on downstream tasks: what it says is said of what was scored, and the paper's tables say what they say."""

import json
from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib import provenance, recordings
from lib.chapters.downstream import (
    calibration,
    figures,
    headline,
    material,
    numbers,
    published,
    records,
    relation,
    tasks,
)
from lib.compare import Estimate
from lib.ground import WrongUse
from lib.report import check, claims

TASKS = ("pocket-kinds", "pocket-music", "pocket-words")
MODELS = (
    "spectrotemporal", "logmel", "mini-mixture", "mini-speech", "untrained:mini-mixture:0", "mini-hubert",
    "mini-audio-llm", "whisper-base", "untrained:whisper-base:0", "crepe-tiny", "untrained:crepe-tiny:0", "resemblyzer",
    "silero-vad",
)  # fmt: skip


def rows(slope=1.0, noise=0.05, seed=0, recording="pocket-sounds"):
    """Rows of models whose likeness to cortex follows their scores."""
    rng, out = np.random.default_rng(seed), []
    for k, name in enumerate(MODELS):
        good = k % 5 / 5 + 0.1 * rng.standard_normal()
        made = {"model": name, "family": records.family(name), "mark": "x", "code": "x", "day": "2020-01-01"}
        for task in TASKS:
            value = float(np.clip(0.4 + 0.3 * good + 0.05 * rng.standard_normal(), 0, 1))
            ends = {
                "value": value,
                "low": value - 0.1,
                "high": value + 0.1,
                "n": 100,
                "chance": 0.2,
                "null": 0.2,
                "p": 0.01,
            }
            out.append(made | ends | {"where": task, "measure": "accuracy"})
        for measure in ("r2", "rho"):
            value = 0.4 + 0.2 * slope * good + noise * rng.standard_normal()
            ends = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 165}
            out.append(made | ends | {"where": recording, "measure": measure})
    return pd.DataFrame(out, columns=records.COLUMNS)


@pytest.fixture(scope="module")
def scored():
    return material.Material("pocket-sounds", TASKS, rows())


@pytest.fixture(scope="module")
def related(scored):
    return relation.relations(scored, n_draws=100, seed=0)


def test_every_model_has_a_row_with_its_kind_family_and_overall_score(scored):
    table = scored.scores
    assert sorted(table.index) == sorted(MODELS)
    z = (table[list(TASKS)] - table[list(TASKS)].mean()) / table[list(TASKS)].std()
    np.testing.assert_allclose(table["overall"], z.mean(axis=1))
    kinds = table["kind"]
    assert kinds["logmel"] == material.FILTERS
    assert kinds["whisper-base"] == material.PUBLISHED
    assert kinds["untrained:whisper-base:0"] == material.TWINS
    assert kinds["mini-hubert"] == material.SMALL
    assert table.loc["untrained:whisper-base:0", "family"] == table.loc["whisper-base", "family"] == "whisper"
    assert table.loc["logmel", "family"] == table.loc["spectrotemporal", "family"] == "filters"
    assert (
        table.loc["mini-speech", "family"] == table.loc["mini-mixture", "family"] != table.loc["mini-hubert", "family"]
    )


def test_models_that_learnt_from_a_set_are_marked(scored):
    heard = scored.scores["heard"]
    assert heard["mini-speech"]
    assert not heard["untrained:mini-mixture:0"]
    assert not heard["whisper-base"]
    assert material.learnt_from("mini-mixture", ["environment"])
    assert material.learnt_from("mini-mixture", ["spoken-words"])
    assert not material.learnt_from("mini-speech", ["environment"])
    assert "`mini-speech`" in numbers.of_tasks(scored)["heard_models"]


def test_a_model_that_lacks_a_score_is_left_out():
    some = rows()
    some = some[~((some["model"] == "logmel") & (some["where"] == "pocket-music"))]
    assert "logmel" not in material.Material("pocket-sounds", TASKS, some).scores.index


def test_what_goes_together_is_found_and_what_does_not_is_not(scored, related):
    assert related.r("overall").low > 0
    assert related.of["overall"].r.n == len(MODELS)
    assert related.of["trained"].r.n == len(MODELS) - 3
    assert related.of["unheard"].r.n == int((~scored.scores["heard"]).sum())
    assert related.of["better"].r.n == int((scored.scores["overall"] > -1).sum())
    none = material.Material("pocket-sounds", TASKS, rows(slope=0.0, noise=0.2, seed=3))
    assert not relation.relations(none, n_draws=10, seed=0).r("overall").low > 0


def test_verdicts_follow_from_the_numbers(scored, related):
    found = claims.decide("pocket-sounds", relation.evidence(scored, related))
    assert found["B3"].verdict == claims.SUPPORTED
    assert found["B2"].measured["agree"]["value"] == related.r("agree").value
    without = found["B3"].measured["without"]
    family = relation.weakest(related.of["overall"])
    assert without["n"] == int((scored.scores["family"] != family).sum())
    assert without["value"] == pytest.approx(min(related.of["overall"].without_family.values()))
    worse = material.Material("pocket-sounds", TASKS, rows(slope=-1.0))
    against = claims.decide("a", relation.evidence(worse, relation.relations(worse, n_draws=10, seed=0)))
    assert against["B3"].verdict == claims.NOT_SUPPORTED


def test_prose_and_verdict_ask_for_the_same_agreement(scored, related, monkeypatch):
    one = Estimate(0.8, 0.6, 0.9, 20)
    agreed = relation.Relation(related.of | {"agree": replace(related.of["agree"], r=one)}, {})
    told = {}
    for bar in (0.5, 0.7):
        monkeypatch.setattr(relation.claims, "ledger", lambda bar=bar: {"B2": _claim_above(bar)})
        told[bar] = numbers.about_agreement(agreed)["agreement"], headline.headline(scored, agreed)
    assert "lies wholly above .5, the bar" in told[0.5][0]
    assert "reaches below .7, the bar" in told[0.7][0]
    assert "rank models much alike" in told[0.5][1]
    assert "do not surely rank models alike" in told[0.7][1]
    monkeypatch.undo()
    assert relation.bar() == 0.7
    found = relation.evidence(scored, related)
    assert np.isnan(found["B2"]["agree"].p)  # p of a correlation is that of 0, not that of the bar
    assert found["B3"]["overall"].p == related.r("overall").p


def _claim_above(bar):
    return SimpleNamespace(parts=(SimpleNamespace(threshold=bar),))


def test_classes_are_told_by_the_cards():
    assert relation.class_of("mini-mixture") == published.MASKED
    assert relation.class_of("beats-iter1") == published.MASKED
    assert relation.class_of("whisper-base") == published.OTHER
    for name in ("untrained:mini-mixture:0", "logmel", "mini-resnet-supervised", "mini-resnet-finetuned"):
        assert relation.class_of(name) == "", name


def test_a_class_with_one_family_cannot_be_tested(scored):
    told = relation.evidence(scored, relation.relations(scored, n_draws=2, seed=0))["B1"]
    assert "'masked reconstruction' has less than two families" in told


def test_too_few_families_are_said_and_not_tested():
    few = rows()
    few = few[few["model"].isin(["logmel", "mini-mixture", "mini-hubert", "mini-speech"])]
    scored = material.Material("pocket-sounds", TASKS, few)
    found = relation.relations(scored, n_draws=2, seed=0)
    decided = claims.decide("a", relation.evidence(scored, found))
    assert decided["B3"].verdict == decided["B2"].verdict == claims.NOT_TESTABLE
    assert "too few" in headline.headline(scored, found)
    assert "can't be told" in numbers.about_downstream(scored, found)["downstream"]


@pytest.mark.parametrize(("recording", "who"), [("pocket-sounds", "simulated listeners"), ("natsound165", "human")])
def test_first_screen_says_in_whom_and_holds_the_rules(recording, who):
    scored = material.Material(recording, TASKS, rows(recording=recording))
    found = relation.relations(scored, n_draws=10, seed=0)
    text = headline.headline(scored, found)
    assert who in text
    assert f"{len(MODELS)} models of {scored.n_families} families" in text
    assert f"n = {len(MODELS)} models" in text
    assert check.first_screen(text) == []
    assert ("Nobody was measured" in text) == (recording == "pocket-sounds")


@pytest.mark.parametrize(
    ("estimate", "told"),
    [
        (Estimate(0.5, 0.2, 0.7, 20), "They do:"),
        (Estimate(0.5, -0.2, 0.7, 20), "stayed open"),
        (Estimate(-0.5, -0.7, -0.2, 20), "They do worse"),
    ],
)
def test_headline_depends_on_the_interval(estimate, told):
    assert told in headline._main(estimate)


def test_figures_say_how_many_models_of_whom(scored, related):
    drawn = [
        figures.by_task(scored),
        figures.two_ways(scored, related),
        figures.downstream(scored, related),
        figures.published_relations(),
        figures.two_probes(_probed(), scored),
    ]
    assert len({figure.name for figure in drawn}) == 5
    for figure in drawn[:3]:
        assert f"{len(MODELS)} models of {scored.n_families} families" in figure.caption
    for figure in drawn[1:3]:
        assert "simulated listeners" in figure.caption
    assert "run on none" in figures.two_probes(_probed().iloc[:0], scored).alt
    best = scored.ordered.index[0]
    assert f"Best overall is {material.called(best)}" in drawn[0].alt
    assert f"r = {related.r('overall').value:.2f}" in drawn[2].alt
    plt.close("all")


def _probed():
    return pd.DataFrame(
        {"model": ["a", "b"], "where": TASKS[:2], "linear": [0.5, 0.6], "sixteen": [0.55, 0.5], "two": [0.5, 0.4]}
    )


def test_probes_are_compared_where_all_were_run(scored):
    assert "not run" in numbers.of_probes(scored)["probes"]
    more = [
        scored.rows[
            (scored.rows["measure"] == "accuracy") & scored.rows["model"].isin(["logmel", "crepe-tiny"])
        ].assign(measure=measure, value=lambda table, step=step: table["value"] + step)
        for measure, step in (("accuracy, 16 networks", 0.05), ("accuracy, 2 networks", 0.02))
    ]
    both = material.Material("pocket-sounds", TASKS, pd.concat([scored.rows, *more]))
    said = numbers.of_probes(both)
    assert said["gap_linear"].value == pytest.approx(0.05)
    assert said["gap_two"].value == pytest.approx(0.03)
    assert "5 points more often" in said["probes"]
    assert "On 6 pairs" in said["probes"]
    assert "n = 6 pairs" in said["probes"]
    assert "3 points more often" in said["probes"]
    assert (said["gap_two"].low, said["gap_two"].n) == (pytest.approx(0.03), 6)
    assert len(both.scores) == len(MODELS)


def test_published_numbers_are_those_of_the_paper():
    first, second = published.agreement(n_draws=2), published.agreement("b2021", n_draws=2)
    assert (round(first.r.value, 2), first.r.n, first.n_families) == (0.92, 36, 15)
    assert second.r.value == pytest.approx(0.93, abs=0.006)
    table = published.alignment()
    assert (table["class"] == published.MASKED).sum() == 16
    assert set(table["family"][table["class"] == published.MASKED]) == {"ECMAE", "BEATs", "Dasheng"}
    assert published.classes().low > 0


def test_stars_tell_how_many_models_are_behind_a_correlation():
    assert published.models_behind(published.BETTER) == (32,)
    assert 36 in published.models_behind(published.ALL)
    assert published._fits(0.5, "p<.01", 30)
    assert not published._fits(0.5, "p<.05", 30)
    assert not published._fits(0.2, "p<.05", 30)
    assert published._fits(0.2, "ns", 30)


def test_published_intervals_are_fishers():
    from scipy import stats

    found = published.relation("Reg NH2015", published.BETTER)
    assert (found.value, found.n) == (0.713, 32)
    half = stats.norm.ppf(0.975) / np.sqrt(29)
    assert (found.low, found.high) == pytest.approx(
        (np.tanh(np.arctanh(0.713) - half), np.tanh(np.arctanh(0.713) + half))
    )
    assert found.p == pytest.approx(4.7e-6, rel=0.05)


def test_the_papers_tables_have_verdicts_of_their_own():
    found = relation.of_the_paper()
    assert found["B2"].verdict == claims.SUPPORTED
    assert found["B3"].verdict == claims.NOT_TESTABLE
    assert "not published" in found["B3"].why


def test_generated_tasks_keep_apart_what_must_be():
    voices, moods, music = tasks.task("pocket-words"), tasks.task("pocket-moods"), tasks.task("pocket-music")
    assert len(set(voices.folds)) == 6
    assert len(set(voices.labels)) == tasks.WORDS
    assert len(set(moods.folds)) == 2
    assert all(len(samples) / rate > 0.2 for samples, rate in voices.sounds)
    assert np.unique(music.labels, return_counts=True)[1].tolist() == [tasks.SPECIMENS_OF_MUSIC] * 24


def test_specimens_of_an_object_are_tested_together(monkeypatch):
    monkeypatch.setattr(tasks, "_specimen", lambda thing, variant: thing)
    kinds = tasks.task("pocket-kinds")
    table = pd.DataFrame({"thing": kinds.sounds, "fold": kinds.folds, "label": kinds.labels})
    assert len(table.drop_duplicates(["thing", "fold"])) == 165
    assert len(table) == 165 * tasks.SPECIMENS
    assert table["fold"].nunique() == tasks.FOLDS


def test_unknown_tasks_and_recordings_are_named():
    with pytest.raises(WrongUse, match="unknown task 'pocket-kind'"):
        material.gathered("pocket-sounds", ["pocket-kind", "pocket-music"])
    with pytest.raises(WrongUse, match="two tasks"):
        material.gathered("pocket-sounds", ["pocket-kinds"])
    with pytest.raises(WrongUse, match="unknown recording"):
        material.gathered("song-ecog", list(TASKS))
    with pytest.raises(WrongUse, match="unknown task"):
        tasks.task("silence")


def test_stored_scores_are_whole_and_say_what_made_them():
    table = records.stored()
    assert list(table.columns) == records.COLUMNS
    assert not table.duplicated(["model", "where", "measure"]).any()
    assert table[["mark", "code", "day", "n", "value"]].notna().all().all()
    assert table["value"].between(-1, 1).all()
    for recording, names in calibration.TASKS.items():
        scored = material.gathered(recording, names)
        assert scored.n >= 10
        assert scored.n_families >= 6


def test_a_row_is_made_once_and_again_when_its_model_changed(monkeypatch):
    row = records._row("logmel", "pocket-moods", "accuracy", Estimate(0.5, 0.4, 0.6, 10))
    known = pd.DataFrame([row], columns=records.COLUMNS)
    asked = (["logmel"], ["pocket-moods"], ["accuracy"])
    assert list(records.missing(*asked, known)) == []
    assert list(records.missing(*asked, known.assign(mark="old"))) == [("logmel", "pocket-moods")]
    assert list(records.missing(*asked, known.assign(code="old"))) == [("logmel", "pocket-moods")]
    assert list(records.missing(["mfcc"], *asked[1:], known)) == [("mfcc", "pocket-moods")]
    newer = records.merged(known, known.assign(value=0.7))
    assert newer["value"].tolist() == [0.7]


def test_random_scores_have_families_and_rarely_pass():
    families = np.repeat([f"f{k}" for k in range(8)], (4, 7, 2, 2, 2, 2, 2, 2))
    drawn = pd.concat([calibration.unrelated(families, seed=(1, k)) for k in range(200)])
    assert abs(np.corrcoef(drawn["x"], drawn["y"])[0, 1]) < 0.1
    assert np.corrcoef(drawn["x"], drawn["z"])[0, 1] == pytest.approx(0.7, abs=0.05)
    within = drawn.groupby([np.repeat(np.arange(200), 23), "family"])["x"].var().mean()
    assert within == pytest.approx(0.5, abs=0.05)
    for score in "xyz":
        assert drawn[score].var() == pytest.approx(1, abs=0.1), score  # so that families explain the other half
    passed = [calibration.decisions(calibration.unrelated(families, seed=(2, k))) for k in range(60)]
    assert np.nanmean([one["B3"] for one in passed]) < 0.1


def test_source_has_no_problem():
    assert check.source_problems("downstream") == []


def test_numbers_are_fit_for_json(scored, related):
    from lib.report import records as report

    said = numbers.of_relation(related) | numbers.of_paper() | numbers.of_tasks(scored)
    assert json.dumps({name: report._entry(one) for name, one in said.items()})
    tidy = numbers.tidy(scored, related)
    assert {"model", "stimulus", "measure", "value", "low", "high", "n", "p", "null_mean"} == set(tidy.columns)


def test_a_page_of_stored_scores_depends_on_its_recording_and_its_models():
    with provenance.watching() as seen:
        scored = material.gathered("pocket-sounds", ["pocket-kinds", "pocket-music"])
        material.freshness(scored)
    assert list(seen["recordings"]) == ["pocket-sounds"]
    assert {"mini-hubert", "logmel"} <= set(seen["models"])


def test_scores_are_stale_when_their_code_or_recording_changes(monkeypatch):
    for measure, module in (("r2", "encoding.search"), ("rho", "similarity.geometry")):
        assert f"lib.compare.{module}" in provenance.closure(*records.MADE_BY[measure])
    assert "lib.recordings.labelled" in provenance.closure(*records.MADE_BY["accuracy"])
    records.code.cache_clear()
    task, r2 = records.code("accuracy", "pocket-kinds"), records.code("r2", "pocket-sounds")
    monkeypatch.setattr(recordings, "fingerprint", lambda name: f"another {name}")
    records.code.cache_clear()
    assert records.code("accuracy", "pocket-kinds") == task
    assert records.code("r2", "pocket-sounds") != r2
    records.code.cache_clear()
