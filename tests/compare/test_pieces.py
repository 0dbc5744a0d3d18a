"""Re-paired pieces: equal to scoring every pair, at their level where rotations are not, and specific."""

import numpy as np
import pytest
from scipy.stats import binom

from lib.chapters.measures.calibration import ar1_noise
from lib.compare import MEASURES, averaged, matched, pieces_null, sentence_null, similarity, zscored
from lib.compare.similarity.pieces import pairings
from lib.ground import WrongUse

SPEARMAN = ["rsa_spearman_euclidean"]


def most(level, n):
    """False positives of `n` tests that an exact test stays below but once in a thousand times."""
    return binom.ppf(0.999, n, level)


def pieces(n=7, n_times=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 2, n_times, 3)), rng.standard_normal((n, 3, n_times, 4))


@pytest.mark.parametrize("name", MEASURES)
def test_equal_to_scoring_every_pair(name):
    states, answers = pieces()
    found = pieces_null(zip(states, answers, strict=True), [name], n_permutations=20, seed=3)
    grid = np.array(
        [[[[similarity(x, y, name) for x in states[i]] for y in answers[j]] for j in range(7)] for i in range(7)]
    )
    np.testing.assert_allclose(found.observed[:, 0], grid[range(7), range(7)], atol=1e-10)
    for draw, row in enumerate(pairings([9] * 7, 20, seed=3)):
        np.testing.assert_allclose(found.null.draws[0, ..., draw], grid[range(7), row].mean(0), atol=1e-10)
    different = grid[~np.eye(7, dtype=bool)].mean(0)
    np.testing.assert_allclose(found.expected.mean("piece")[0], different, atol=1e-10)
    np.testing.assert_allclose(found.null.null_mean[0], different, atol=1e-10)
    assert found.null.scheme == "pieces"
    assert (found.null.items == 7).all()


def test_effects_of_frames_and_of_responses_alone_leave_no_excess():
    from lib.compare.similarity.pieces import _unrelated

    rng = np.random.default_rng(0)
    additive = rng.standard_normal((8, 1, 2)) + rng.standard_normal((1, 8, 2))
    np.testing.assert_allclose(_unrelated(additive), np.einsum("iik->ik", additive), atol=1e-12)


def test_one_subject_and_names():
    states, answers = pieces()
    alone = pieces_null([(dict(zip("ab", x, strict=True)), y[1]) for x, y in zip(states, answers, strict=True)], ["rv"])
    named = pieces_null([(x, dict(zip("xyz", y, strict=True))) for x, y in zip(states, answers, strict=True)], ["rv"])
    assert list(alone.observed.layer.values) == ["a", "b"]
    assert alone.null.observed.dims == ("measure", "layer")
    np.testing.assert_allclose(alone.null.draws, named.null.draws.sel(subject="y"), rtol=1e-12)
    assert averaged(named.null).observed.dims == ("measure", "layer")


def test_responses_are_exchanged_within_groups_only():
    table = pairings([1, 0, 1, 0, 0], 200, seed=1)
    assert (np.sort(table[:, [0, 2]], axis=1) == [0, 2]).all()
    assert (np.sort(table[:, [1, 3, 4]], axis=1) == [1, 3, 4]).all()
    assert len(np.unique(table, axis=0)) == 12


def test_an_undefined_layer_leaves_its_piece_out():
    states, answers = pieces()
    states[2, 1] = 1.0
    found = pieces_null(zip(states, answers, strict=True), ["rsa_spearman"], n_permutations=30)
    assert int(found.null.items.sel(layer=1).max()) == 6
    assert int(found.null.items.sel(layer=0).min()) == 7
    assert np.isfinite(found.null.draws).all()
    assert found.null.notes[0].startswith("item 2")
    kept = found.expected.sel(layer=1)
    assert np.isnan(kept[2]).all()
    assert np.isfinite(kept.drop_isel(piece=2)).all()


@pytest.mark.parametrize(
    ("count", "groups", "words"),
    [(4, None, "too few"), (7, [0] * 6 + [1], "too few"), (7, [0] * 5, "one group each")],
)
def test_too_few_pieces(count, groups, words):
    states, answers = pieces(count)
    with pytest.raises(ValueError, match=words):
        pieces_null(zip(states, answers, strict=True), ["rv"], groups=groups)


def test_pieces_of_a_group_last_the_same():
    states, answers = pieces()
    items = [(x[:, k // 6 :], y[:, k // 6 :]) for k, (x, y) in enumerate(zip(states, answers, strict=True))]
    with pytest.raises(ValueError, match="8 to 9 time points"):
        pieces_null(items, ["rv"], groups=[0] * 7)
    with pytest.raises(ValueError, match="other layers or subjects"):
        pieces_null([*items[:6], (items[6][0][:1], items[6][1])], ["rv"])


# ---- lengths ----


def test_pieces_of_one_length_are_one_group():
    found = matched([2.0] * 20, before_end=0.5)
    assert (found.group == 0).all()
    assert (found.length == 2.0).all()  # their ends coincide


def test_groups_end_before_the_shortest_does():
    durations = np.random.default_rng(0).uniform(1.5, 4.0, 40)
    found = matched(durations, before_end=0.5, shortest=0.32)
    assert np.bincount(found.group[found.kept]).min() >= 8
    for one in np.unique(found.group[found.kept]):
        members = durations[found.group == one]
        np.testing.assert_allclose(found.length[found.group == one], members.min() - 0.5)
        assert len(members) <= 9 or members.min() >= 0.85 * members.max() - 1e-9
    assert found.kept.sum() > 30


def test_a_few_short_pieces_are_left_out():
    found = matched([3.0] * 12 + [0.4, 0.3])
    assert found.kept.tolist() == [True] * 12 + [False] * 2
    assert (found.length[:12] == 3.0).all()
    assert np.isnan(found.length[12:]).all()


def test_one_short_piece_does_not_cut_all_others():
    found = matched([4.0, 3.9, 3.8, 3.9, 4.0, 3.8, 3.9, 0.5], shortest=0.3)
    assert found.kept.tolist() == [True] * 7 + [False]
    assert found.length[0] == 3.8
    assert matched([0.2, 0.25, *[1.0] * 6], shortest=0.8).kept.tolist() == [False] * 2 + [True] * 6


def test_lengths_that_leave_too_little_are_refused():
    with pytest.raises(WrongUse, match=r"12 pieces of 0.15 to 0.70 s leave no 5 that share 0.32 s which end 0.50 s"):
        matched(np.linspace(0.15, 0.7, 12), before_end=0.5, shortest=0.32)
    with pytest.raises(WrongUse, match="duration of 0 s or more"):
        matched([1.0, -0.5])


# ---- size ----


def slow_pieces(rng, n, n_times, phi):
    x, y = (ar1_noise(rng, (n, n_times, width), phi=phi) for width in (5, 6))
    return [([frames], zscored(response)) for frames, response in zip(x, y, strict=True)]


@pytest.mark.parametrize(("phi", "n_times", "n"), [(0.95, 60, 6), (0.95, 60, 18), (0.8, 30, 18)])
def test_short_slow_pieces_are_found_by_rotations_and_not_by_pairings(phi, n_times, n):
    repetitions, found = 40, {"shift": 0, "pieces": 0}
    for seed in range(repetitions):
        items = slow_pieces(np.random.default_rng((seed, n)), n, n_times, phi)
        how = {"n_permutations": 59, "seed": seed}
        found["pieces"] += pieces_null(items, SPEARMAN, **how).null.p.item() <= 0.05
        if seed < 20:
            found["shift"] += sentence_null(items, SPEARMAN, scheme="shift", **how).p.item() <= 0.05
    assert found["pieces"] <= most(0.05, repetitions)
    assert found["shift"] > most(0.05, 20)


def test_few_pieces_hold_their_level():
    rejected = 0
    for seed in range(200):
        items = slow_pieces(np.random.default_rng((seed, 5)), 5, 12, 0.8)
        rejected += pieces_null(items, SPEARMAN, n_permutations=59, seed=seed).null.p.item() <= 0.05
    assert rejected <= most(0.05, 200)


def with_a_course(seed, durations, strength=1.0, rate=12.5):
    """Frames and responses that share one course from their onset and one towards their end, and nothing else."""
    rng, out = np.random.default_rng(seed), []
    states, answers = rng.standard_normal((2, 8)), rng.standard_normal((2, 6))
    for duration in durations:
        times = np.arange(0.04, duration, 1 / rate)
        course = np.exp(-np.stack([times, duration - times], 1) / 0.3)
        x, y = (ar1_noise(rng, (len(times), width)) for width in (8, 6))
        out.append((x + strength * 3 * course @ states, y + strength * 3 * course @ answers))
    return out


def above_others(seed, durations, before_end):
    lengths = matched(durations, before_end=before_end, same=0.08)
    counts = np.floor((lengths.length - 0.04) * 12.5 + 1e-9)
    world = zip(with_a_course(seed, durations), counts, lengths.kept, strict=True)
    items = [([x[: int(count)]], zscored(y[: int(count)])) for (x, y), count, kept in world if kept]
    groups = lengths.group[lengths.kept]
    return pieces_null(items, SPEARMAN, groups=groups, n_permutations=59, seed=seed).null.p.item() <= 0.05


def test_one_course_in_all_pieces_is_likeness_to_none_of_them():
    unequal = [np.random.default_rng((seed, 1)).uniform(1.5, 4.0, 24) for seed in range(40)]
    before = sum(above_others(seed, durations, 0.5) for seed, durations in enumerate(unequal))
    up_to_the_end = sum(above_others(seed, durations, 0.0) for seed, durations in enumerate(unequal))
    equal = sum(above_others(seed, np.full(24, 2.0), 0.5) for seed in range(40))
    assert before <= most(0.05, 40)
    assert equal <= most(0.05, 40)
    assert up_to_the_end > most(0.05, 40)  # which is why it has to stop before


@pytest.mark.parametrize("n_times", [6, 12, 25, 50])
def test_excess_of_a_perfect_match_does_not_depend_on_the_number_of_frames(n_times):
    frames = np.random.default_rng(0).standard_normal((40, n_times, 5))
    found = pieces_null([([x], x) for x in frames], [*SPEARMAN, "cka_linear_debiased"], n_permutations=19)
    np.testing.assert_allclose((found.observed - found.expected).mean("piece"), 1.0, atol=0.03)


def test_it_finds_what_belongs_to_the_piece():
    rng = np.random.default_rng(0)
    items = [([x], x @ rng.standard_normal((5, 6)) + y) for ([x], y) in slow_pieces(rng, 18, 30, 0.8)]
    assert pieces_null(items, SPEARMAN, n_permutations=199).null.p.item() == 1 / 200
