"""The page on depth: what is said is said of what was measured, and made-up places give back what was put into them."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.chapters.cortex import depth_figures, depth_numbers, depths
from lib.chapters.cortex.depths import Depths, computed, interaction, relation
from lib.chapters.cortex.places import CENTRES, Places, distances, load_places
from lib.compare import Estimate
from lib.compare.spatial import SpinTest
from lib.ground import WrongUse
from lib.report import check, claims

PRIMARY = (45.0, -24.0, 6.0)
N, VOXELS = 60, 120


@pytest.fixture(scope="module")
def made():
    """Three listeners, whose places near primary cortex follow layer "a" of a model and whose others follow "c"."""
    rng = np.random.default_rng(0)
    near = {side: np.argsort(far)[: VOXELS // 2 * 12 : 12] for side, far in distances(PRIMARY).items()}
    vertex, side = np.concatenate([near["left"], near["right"]]), np.repeat(["left", "right"], VOXELS // 2)
    layers = {name: rng.standard_normal((N, 5)) for name in "abc"}
    far = np.concatenate([distances(PRIMARY)[one][near[one]] for one in near])
    deep = (far > np.median(far))[None, :]
    sums = {name: x @ rng.standard_normal((5, VOXELS)) for name, x in layers.items()}
    signal = np.where(deep, sums["c"], sums["a"]) + 0.3 * sums["b"]
    responses = np.hstack([signal + rng.standard_normal((N, VOXELS)) for _ in range(3)])
    places = Places(
        SimpleNamespace(name="made-up", title="Made up", simulated=True), np.arange(N) % 5, "voxels", responses,
        np.repeat(["x", "y", "z"], VOXELS), np.tile(side, 3), np.tile(vertex, 3), PRIMARY, np.zeros((N, 0)), [],
        responses,
    )  # fmt: skip
    twin = {name: rng.standard_normal((N, 5)) for name in "abc"}
    filters = {"f": np.hstack([layers["a"][:, :2], rng.standard_normal((N, 2))])}
    counts = {"n_few": 150, "n_permutations": 3, "n_draws": 4, "seed": 0}
    arrays = computed(places, {"untrained:m:0": twin, "m": layers}, filters, **counts)
    return Depths(places, "m", list("abc"), ["untrained:m:0", "m"], arrays)


def test_what_was_put_in_is_found(made):
    found = depth_numbers.of_depth(made)
    turned = depth_numbers.spun(made, n_spins=99, seed=0)
    assert made.predicted.mean() > 0.6
    assert found["rho"].value > 0.4
    assert turned.p <= 0.05
    assert found["interaction"].low > 0
    near, far = (np.nanmean(made.depth[mine]) for mine in (made.places.distance < 10, made.places.distance > 30))
    assert near < 0.4 < 0.6 < far


def test_parts_add_up_and_the_model_adds_what_filters_lack(made):
    told = depth_numbers.of_parts(made)
    assert told["n_voxels"] == 3 * VOXELS
    assert told["only_model"].value > told["only_filters"].value
    assert told["only_model"].low < told["only_model"].value < told["only_model"].high
    assert made.arrays["parts"].shape == (3, 3 * VOXELS)


def test_regions_that_differ_in_noise_alone_do_not_interact():
    profile = np.array([[0.1], [0.2], [0.4]])
    region = np.array(["primary", "lateral"])
    assert interaction(profile * [1.0, 0.25], region) == pytest.approx(0, abs=1e-12)
    assert interaction(np.hstack([profile, profile[::-1]]), region) < -0.5
    assert np.isnan(interaction(profile, region[:1]))


def test_a_difference_between_hemispheres_is_no_relation_of_depth_and_distance():
    depth, distance = np.r_[0.1, 0.2, 0.1, 0.8, 0.9, 0.8], np.r_[1.0, 2, 3, 11, 12, 13]
    sides = np.repeat(["left", "right"], 3)
    assert relation(depth, distance, np.full(6, "left")) > 0.6
    assert abs(relation(depth, distance, sides)) < 0.3


def test_figures_say_whose_and_how_many(made):
    turned = SpinTest(0.3, 0.02, 0.01, 0.001, np.zeros(99), 50)
    found = depth_numbers.of_depth(made)
    drawn = [
        depth_figures.parts(made), depth_figures.profiles(made), depth_figures.over_training(made, found),
        depth_figures.against_distance(made, turned, found["rho"]),
    ]  # fmt: skip
    for one in drawn:
        assert "3 simulated listeners" in one.caption
        plt.close(one.drawn)
    assert f"{3 * VOXELS} voxels" in drawn[0].caption
    assert f"{int(made.predicted.sum())} voxels" in drawn[3].caption
    assert "p = .02" in drawn[3].caption


@pytest.mark.parametrize(
    ("low", "high", "p", "said"),
    [
        (0.1, 0.5, 0.01, "deeper layers predict best"),
        (0.1, 0.5, 0.30, "smooth maps without such an order"),
        (-0.1, 0.5, 0.01, "not certain"),
        (-0.5, -0.1, 0.99, "earlier layers predict best"),
    ],
)
def test_the_answer_follows_interval_and_spin_test(made, low, high, p, said):
    found = depth_numbers.of_depth(made) | {"rho": Estimate((low + high) / 2, low, high, 3)}
    turned = SpinTest((low + high) / 2, p, p, p, np.zeros(99), 50)
    text = depth_numbers.headline(made, found, depth_numbers.of_parts(made), turned)
    assert said in text
    assert "3 simulated listeners" in text
    assert "Nobody was measured" in text
    assert check.first_screen(text) == []


def test_the_verdict_needs_the_spin_test_too(made):
    found = depth_numbers.of_depth(made)
    sure = {name: Estimate(0.3, 0.25, 0.35, 3, p=1e-6) for name in found}
    turned = SpinTest(0.3, 0.001, 0.001, 0.001, np.zeros(999), 50)
    for p, verdict in ((0.001, claims.SUPPORTED), (0.4, claims.UNDECIDED)):
        ruled = claims.decide("made-up", depth_numbers.evidence(made, sure, replace(turned, p=p)))
        assert ruled["B6"].verdict == verdict


def test_few_predicted_places_can_not_be_asked(made):
    blind = replace(made, arrays=made.arrays | {"few": np.arange(3), "p": np.ones(3 * VOXELS)})
    assert depth_numbers.spun(blind, n_spins=9, seed=0) is None
    assert "at least 20" in depth_numbers.evidence(blind, depth_numbers.of_depth(blind), None)["B6"]


def test_noise_is_not_predicted(made):
    order = np.random.default_rng(3).permutation(N)
    shuffled = replace(made.places, responses=made.places.responses[order], voxels=made.places.responses[order])
    rng = np.random.default_rng(4)
    layers = {name: rng.standard_normal((N, 5)) for name in "ab"}
    counts = {"n_few": 60, "n_permutations": 5, "n_draws": 2, "seed": 0}
    found = computed(shuffled, {"u": layers, "m": layers}, {"f": layers["a"]}, **counts)
    assert (found["p"] <= 0.05).mean() < 0.01  # without control of false discoveries .05 would be


def test_places_of_simulated_listeners_have_the_regions_that_their_recording_says():
    places = load_places("pocket-sounds", PRIMARY)
    said = np.concatenate([places.recording.responses(one).region.values for one in places.recording.subjects])
    assert (places.region == said).mean() > 0.99
    assert set(places.region) == {"primary", *CENTRES}
    assert len(places.listeners) == 4


def test_one_layer_has_no_depth_and_a_story_no_places():
    with pytest.raises(WrongUse, match="one layer"):
        depths.depths("pocket-sounds", "spectrotemporal")
    with pytest.raises(WrongUse, match="no places in cortex"):
        load_places("pocket-eeg", PRIMARY)


def test_chosen_depth_agrees_within_listeners_and_the_interval_is_over_them(made):
    one = depth_numbers.agreement(made)
    assert one.n == 3
    assert one.low < one.value < one.high
    lifted = made.arrays["chosen"] + (made.places.owner == "x")  # a difference between listeners is no disagreement
    again = depth_numbers.agreement(replace(made, arrays=made.arrays | {"chosen": lifted}))
    assert again.value == pytest.approx(one.value)
    few = replace(made, arrays=made.arrays | {"p": np.where(np.arange(3 * VOXELS) < 3, 0.0, 1.0)})
    assert np.isnan(depth_numbers.agreement(few).value)


def test_some_places_are_evenly_spaced_and_none_is_taken_twice():
    assert depths.spaced(101, 3).tolist() == [0, 50, 100]
    assert depths.spaced(4, 9).tolist() == [0, 1, 2, 3]
    assert depths.spaced(0, 9).size == 0


def test_another_checkpoint_is_noticed(monkeypatch):
    keys = []
    monkeypatch.setattr(depths, "kept", lambda what, key, compute: keys.append(key) or {})
    for stages in (["mini-resnet@0", "mini-resnet"], ["mini-resnet@0", "mini-resnet@90", "mini-resnet"]):
        monkeypatch.setattr(depths, "course", lambda model, stages=stages: stages)
        depths.depths("pocket-sounds", "mini-resnet")
    assert keys[0] != keys[1]


def test_stages_go_from_the_first_to_the_model():
    stages = depths.course("mini-resnet")
    assert stages[0] == "mini-resnet@0"
    assert stages[-1] == "mini-resnet"
    assert [depths.step_of(stage) for stage in stages] == sorted(depths.step_of(stage) for stage in stages)
    assert depths.course("whisper-base") == ["untrained:whisper-base:0", "whisper-base"]
