"""The page on learning: what is asked follows from cards, claims follow from what was asked, and what it says."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lib.chapters.cortex.learning import course, depths, figures, kin, told
from lib.chapters.cortex.learning.course import Course
from lib.chapters.cortex.learning.evidence import evidence
from lib.chapters.cortex.learning.headline import headline
from lib.chapters.cortex.learning.kin import DIET, OWN, SIZE, TASK, TRAINING, TUNING, Kin, Learners
from lib.compare import listener_ceilings, refitted
from lib.ground import WrongUse
from lib.models import cards
from lib.models.cards import Card
from lib.recordings.record import COMPONENTS
from lib.report import check, claims, style
from tests.chapters.test_cortex_page import family, material

ALL = ["speech", "environment", "music"]
SHAPE = {"architecture": "net", "layers": 2, "width": 3, "title": "Net", "family": "mini", "objective": "o"}
MINIS = {
    "mix": {"diets": ALL, "task": "masked reconstruction"},
    "talk": {"diets": ["speech"], "task": "masked reconstruction"},
    "noise": {"diets": ["environment"], "task": "masked reconstruction"},
    "tunes": {"diets": ["music"], "task": "masked reconstruction"},
    "tuned": {"diets": ALL, "task": "labels", "tuned_from": "mix"},
    "named": {"diets": ["environment"], "task": "labels"},
}
BIG = {"architecture": "crepe", "objective": "pitch", "training": "voices"}


@pytest.fixture
def roster(monkeypatch):
    """A made-up roster: small models, further trainings of two of them, and two of one make in two sizes."""
    rows = {name: SHAPE | facts for name, facts in MINIS.items()}
    for name in ("mix", "tuned"):
        rows[name] |= {"recipe": name, "seed": 0}
        for seed in (1, 2):
            start = {"tuned_from": f"mix-seed{seed}"} if name == "tuned" else {}
            rows[f"{name}-seed{seed}"] = rows[name] | {"seed": seed} | start
    rows |= {"small": BIG | {"parameters": 5, "width": 2}, "large": BIG | {"parameters": 50, "width": 8}}
    rows["again"] = rows["tuned"] | {"tuned_from": "tuned", "recipe": "again"}
    rows["chat"] = rows["talk"]  # another recipe, of the same diet and task
    rows |= {f"mix@{step}": SHAPE for step in (0, 10)} | {"bank": {"title": "Bank", "objective": "none"}}
    every = [Card(facts | {"name": name, "loader": "zoo"}) for name, facts in rows.items()]
    monkeypatch.setattr(cards, "_stored", lambda: every)
    monkeypatch.setattr(kin, "named", str)
    monkeypatch.setattr(kin, "is_here", lambda name: name != "lost")
    monkeypatch.setattr(kin, "has_twins", lambda name: name != "bank")


def asked_of(*names, trainings=1):
    found = kin.learners(names, trainings, 2)
    return found, kin.questions(found, COMPONENTS)


def told_pairs(asked, kind):
    return {(one.one, one.other) for one in asked.values() if one.kind == kind}


@pytest.mark.parametrize("order", [list(MINIS), list(MINIS)[::-1]])
def test_what_is_asked_follows_from_cards_and_not_from_positions(roster, order):
    _, asked = asked_of(*order)
    assert told_pairs(asked, TRAINING) == {(name, f"untrained {name}") for name in MINIS}
    assert told_pairs(asked, DIET) == {("mix", "talk"), ("mix", "noise"), ("mix", "tunes")}
    assert told_pairs(asked, OWN) == {("mix on speech", "talk on speech"), ("mix on music", "tunes on music")}
    assert told_pairs(asked, TASK) == {("noise", "named")}
    assert told_pairs(asked, TUNING) == {("tuned", "mix")}
    assert told_pairs(asked, SIZE) == set()


def test_any_models_will_do(roster):
    found, asked = asked_of("large", "bank", "small", "lost")
    assert told_pairs(asked, SIZE) == {("large", "small")}
    assert found.missing == ("lost",)
    assert [len(one.twins) for one in found.kin] == [2, 0, 2]
    assert set(told_pairs(asked, TRAINING)) == {("large", "untrained large"), ("small", "untrained small")}
    assert asked_of("bank")[1] == {}
    assert {one.kind for one in asked_of("talk", "chat")[1].values()} == {TRAINING}  # no diet is more than the other
    with pytest.raises(WrongUse, match="none of these models is on this machine: lost"):
        asked_of("lost")


def test_trainings_of_a_recipe_stand_for_it_and_share_seeds_with_what_was_tuned_from_them(roster):
    found, asked = asked_of("tuned", "mix", "talk", trainings=3)
    mine = {one.name: one for one in found.kin}
    assert mine["mix"].trainings == ("mix", "mix-seed1", "mix-seed2")
    assert mine["talk"].trainings == ("talk",)
    groups = kin.shared_seeds(found, {"mix": 0, "mix on speech": 0, "tuned": 0, "talk": 0})
    assert sorted(map(sorted, groups)) == [["mix", "mix on speech", "tuned"], ["talk"]]
    assert told_pairs(asked, TUNING) == {("tuned", "mix")}
    for order in (("again", "tuned", "mix"), ("mix", "tuned", "again"), ("tuned", "mix", "again")):
        chain, _ = asked_of(*order)
        assert list(map(sorted, kin.shared_seeds(chain, dict.fromkeys(order)))) == [["again", "mix", "tuned"]]
    two, _ = asked_of("mix-seed2", "mix", trainings=2)
    assert two.kin[0].trainings == ("mix-seed2", "mix")
    assert "trained once" in told.about_trainings(asked_of("mix")[0])
    assert "(3)" in told.about_trainings(found)
    assert "not covered: Net" in told.about_trainings(found)


def fits_of(found, heard, luck=0.3):
    """Every training knows the components, with its own luck; twins know little."""
    rng, out = np.random.default_rng(1), {}
    for name in found.names:
        noise = 3.0 if name.startswith("untrained") else np.exp(luck * rng.standard_normal())
        x = heard.components + noise * rng.standard_normal(heard.components.shape)
        out[name] = refitted({"x": x}, heard.components, heard.folds.to_numpy(), n_draws=20)
    return out


def test_differences_are_those_of_means_over_trainings(roster):
    heard = material()
    found, asked = asked_of("mix", "talk", "tuned", trainings=3)
    fits = fits_of(found, heard)
    gains = kin.differences(found, fits, asked, heard.names, 0)
    mean = {one.name: np.mean([fits[name].mean[0] for name in one.trainings]) for one in found.kin}
    assert gains["value"][f"{DIET} mix talk"] == pytest.approx(mean["mix"] - mean["talk"])
    assert gains["value"][f"{TUNING} tuned mix"] == pytest.approx(mean["tuned"] - mean["mix"])
    speech = np.mean([fits[name].scores.value[4] for name in found.kin[0].trainings])
    own = speech - fits["talk"].scores.value[4]
    assert gains["value"][f"{OWN} mix talk"] == pytest.approx(own)
    assert gains["seeds"].to_dict()[f"{TUNING} tuned mix"] == 3
    assert gains["seeds"].to_dict()[f"{DIET} mix talk"] == 1
    assert kin.differences(found, fits, {}, heard.names, 0).empty


def test_a_course_of_all_trainings_that_have_it(roster, monkeypatch):
    monkeypatch.setattr(course, "RECIPES", {"mix": SimpleNamespace(schedule=SimpleNamespace(steps=100))})
    every = [f"{name}@{step}" for name in ("mix", "mix-seed1") for step in (0, 10)] + ["mix-seed2@0", "talk@5"]
    monkeypatch.setattr(course, "roster_names", lambda: every)
    found, _ = asked_of("talk", "mix", trainings=3)
    way = course.course(found)
    assert way.stages == {0: ("mix@0", "mix-seed1@0"), 10: ("mix@10", "mix-seed1@10"), 100: ("mix", "mix-seed1")}
    assert way.without == ("mix-seed2",)
    assert way.weights["ends"] == {"step 100": 1.0, "step 0": -1.0}
    none = course.course(asked_of("talk")[0])
    assert none.names == []
    assert course.overall(none, {}, 0) is None
    assert course.by_layer(none, {}, None, None, 0) == (None, None)
    assert "can't be followed" in told.about_course(none, None, None)["course_read"]


def decided(roster_names=tuple(MINIS), layers=0.1, **changes):
    found, asked = asked_of(*roster_names)
    gains = family({key: changes.get(key.replace(" ", "_"), 0.1 if one.kind != TUNING else -0.1)
                    for key, one in asked.items()})  # fmt: skip
    way = Course("mix", {0: ("mix@0",), 10: ("mix@10",), 100: ("mix",)})
    of_layers = family({"embedding": -0.5, "layer.1": 0.1, "layer.2": layers})
    taken = evidence(found, asked, gains, way, family({"rise": 0.1, "ends": 0.1}), of_layers)
    return {name: one.verdict for name, one in claims.decide("x", taken).items()}, taken


def test_the_ledger_takes_what_the_page_found(roster):
    assert decided()[0] == dict.fromkeys(("B4", "B5", "B7"), claims.SUPPORTED)
    assert decided(list(MINIS)[::-1])[0]["B4"] == claims.SUPPORTED
    assert decided(diet_mix_noise=0.0)[0]["B4"] == claims.UNDECIDED
    assert decided(own_diet_mix_tunes=-0.1)[0]["B4"] == claims.NOT_SUPPORTED
    assert decided(tuning_tuned_mix=0.1)[0]["B7"] == claims.NOT_SUPPORTED
    assert decided(layers=0.0)[0]["B5"] == claims.UNDECIDED
    assert decided(layers=-0.1)[0]["B5"] == claims.NOT_SUPPORTED
    assert np.isnan(decided()[1]["B7"]["change"].p)


@pytest.mark.parametrize(("first", "told_of"), [("embedding", "Of 2 layers above the embedding, 2 rise"),
                                                ("stem", "Of 3 layers, 2 rise")])  # fmt: skip
def test_the_stem_of_a_network_is_a_layer_and_a_linear_embedding_is_none(first, told_of):
    way = Course("mix", {0: ("mix@0",), 10: ("mix@10",), 100: ("mix",)})
    of_layers = family({first: -0.5, "layer.1": 0.1, "layer.2": 0.2})
    path = family({"rise": 0.1, "ends": 0.1})
    assert told_of in told.about_course(way, path, of_layers)["course_read"]
    least = evidence(Learners(()), {}, family({}), way, path, of_layers)["B5"]["layers"]
    assert least.value == (0.1 if first == "embedding" else -0.5)


def test_what_these_models_cannot_test_is_said(roster):
    verdicts, taken = decided(("mix", "talk", "named"))
    assert verdicts["B4"] == verdicts["B7"] == claims.NOT_TESTABLE
    assert "beside one for each of them alone" in taken["B4"]
    assert "tuned to a task" in taken["B7"]
    found, asked = asked_of("small")
    none = evidence(found, asked, family({}), Course(stages={}), None, None)
    assert "no model of this page has checkpoints" in none["B5"]
    sentences = told.about_differences(family({f"{TRAINING} small": 0.1}), asked)
    assert sentences["about_diet"] == told.NONE[DIET]
    assert sentences["about_training"].startswith(asked[f"{TRAINING} small"].label)


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize(("tuning", "said"), [(-0.2, "less than before."), (0.01, "which may be nothing.")])
def test_the_answer_says_in_whom_and_what_stayed_open(roster, simulated, tuning, said):
    found, asked = asked_of(*MINIS)
    values = {key: tuning if one.kind == TUNING else 0.2 for key, one in asked.items()}
    text = headline(found, family(values), asked, material(simulated=simulated))
    assert check.first_screen(text) == []
    assert ("3 simulated listeners" if simulated else "3 people") in text.partition(".")[0]
    assert ("Nobody was measured" in text) == simulated
    assert "In 3 of 3 comparisons more kinds of sound did better" in text
    assert said in text
    assert "trained once" in text
    bare = headline(*((only := asked_of("bank"))[0], family({}), only[1]), material())
    assert "No trained model was set against random weights" in bare


def test_captions_say_who_and_how_many(roster):
    style.use_house_style()
    heard = material()
    found, asked = asked_of("mix", "talk", "bank")
    fits = fits_of(found, heard) | {"spectrotemporal": fits_of(found, heard)["mix"]}
    table = told.component_scores(found, fits, "spectrotemporal", heard)
    gains = kin.differences(found, fits, asked, heard.names, 0)
    way = Course("mix", {0: ("mix@0",), 9: ("mix",)})
    whole = pd.DataFrame({"step": [0, 9], "value": [0.1, 0.4], "low": [0.0, 0.3], "high": [0.2, 0.5]})
    alone = pd.DataFrame([(s, x, 0.1 * s) for s in (0, 9) for x in ("a", "b")], columns=["step", "layer", "value"])
    rows = [(m, x, k, 0.2 * k, 0.1, 0.3) for m in ("mix", "talk") for k, x in enumerate("abc")]
    layers = pd.DataFrame(rows, columns=["model", "layer", "place", "components", "voxels", "rho"])
    place = [("mix", name, 0.3, 0.2, 0.4, 3, 4) for name in ("all", *depths.REGIONS)]
    by_place = pd.DataFrame(place, columns=["model", "region", "value", "low", "high", "n", "voxels"])
    shown = [
        figures.scores(table, found, "spectrotemporal", heard), figures.differences(gains, asked, heard),
        figures.course(alone, whole, way, heard), figures.layers(layers, layers.iloc[:0], heard),
        figures.regions(by_place, heard),
    ]  # fmt: skip
    for figure in shown:
        assert "simulated listeners" in figure.caption, figure.name
        assert re.search(r"\b20\b", figure.caption), figure.name
        assert style.smallest_text(figure.drawn) >= 8, figure.name
        assert figure.drawn.get_figwidth() <= style.WIDTH
    assert "from 0.10 at step 0 to 0.40 at step 9" in shown[2].alt
    assert figures.regions(by_place[by_place["region"] == "all"], heard) is None
    assert figures.course(None, None, way, heard) is None
    assert figures.differences(gains.iloc[:0], {}, heard) is None
    assert "does not say where its voxels lie" in told.about_voxels(by_place.iloc[:1], heard)["regions_read"]
    assert "primary 0.30" in told.about_voxels(by_place, heard)["regions_read"]


def test_regions_are_known_where_voxels_have_places():
    heard = material()
    assert heard.regions is None
    for subject, voxels in heard.voxels.items():
        heard.voxels[subject] = voxels.assign_coords(region=("voxel", ["primary", "lateral"] * 2))
    assert heard.regions.tolist() == ["primary", "lateral"] * 6
    scores = {"m": np.where(heard.regions == "primary", 0.6, 0.2)}
    table = depths.by_voxel(scores, heard).set_index("region")["value"]
    assert (table["primary"], table["lateral"]) == (pytest.approx(0.6), pytest.approx(0.2))


def test_ceilings_bound_what_a_model_reaches():
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((30, 5))
    listeners = [shared + 0.8 * rng.standard_normal((30, 5)) for _ in range(4)]
    low, high = listener_ceilings(listeners)
    assert (low < high).all()
    assert 0 < low.mean() < high.mean() < 1
    from scipy.stats import spearmanr

    from lib.compare import sound_rdm

    upper = np.triu_indices(30, 1)
    rdms = [sound_rdm(x)[upper] for x in listeners]
    others = spearmanr(rdms[0], np.mean(rdms[1:], axis=0)).statistic
    assert low[0] == pytest.approx(others)
    model = np.mean([spearmanr(sound_rdm(shared)[upper], rdm).statistic for rdm in rdms])
    assert model < high.mean()
    with pytest.raises(ValueError, match="two at least"):
        listener_ceilings(listeners[:1])


def test_no_ceiling_is_said():
    none = depths.Ceilings(None, None, None, None)
    assert "not published" in told.about_ceilings(none, material())["ceilings_read"]


def test_a_checkpoint_is_no_training_of_its_recipe(roster):
    found = kin.learners(["mix@10", "mix"], 1, 1)
    assert [one.trainings for one in found.kin] == [("mix@10",), ("mix",)]
    assert isinstance(found, Learners)
    assert all(isinstance(one, Kin) for one in found.kin)
