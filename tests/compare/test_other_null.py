"""The null of other stimuli: equal to scoring each, paired, valid where rotations are not."""

import numpy as np
import pytest

from lib.compare import MEASURES, averaged, other_null, sentence_null, similarity


def made(subjects=2, others=6, n_times=9, seed=0):
    rng = np.random.default_rng(seed)
    layers = [rng.standard_normal((n_times, 3)), rng.standard_normal((n_times, 5))]
    return layers, rng.standard_normal((subjects, n_times, 4)), rng.standard_normal((subjects, others, n_times, 4))


@pytest.mark.parametrize("name", MEASURES)
def test_equal_to_scoring_each_candidate(name):
    layers, responses, others = made()
    null = other_null(layers, responses, others, [name], n_permutations=40, seed=3)
    drawn = np.random.default_rng(3).integers(7, size=40)
    for s, layer in np.ndindex(2, 2):
        candidates = [responses[s], *others[s]]
        known = np.array([similarity(layers[layer], x, name) for x in candidates])
        np.testing.assert_allclose(null.observed[0, s, layer], known[0], atol=1e-12)
        np.testing.assert_allclose(null.draws[0, s, layer], known[drawn], atol=1e-12)
    assert null.scheme == "other"
    assert int(null.items.sum()) == 4


def test_one_subject_and_names():
    layers, responses, others = made()
    alone = other_null(layers, responses[1], others[1], ["dcor"], n_permutations=20)
    states = dict(zip("ab", layers, strict=True))
    answers, unrelated = (dict(zip("xy", each, strict=True)) for each in (responses, others))
    named = other_null(states, answers, unrelated, ["dcor"], n_permutations=20)
    assert "subject" not in alone.observed.dims
    np.testing.assert_allclose(alone.draws.values, named.draws.sel(subject="y").values, rtol=1e-12)
    assert list(named.observed.layer.values) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o: o[:, :1], "at least 2"),
        (lambda o: o[:, :, :-1], "each of shape"),
        (lambda o: [o[0], o[1][:3]], "as many other responses"),
        (lambda o: np.where(np.arange(4) == 1, np.nan, o), "NaN"),
    ],
)
def test_wrong_others(change, words):
    layers, responses, others = made()
    with pytest.raises(ValueError, match=words):
        other_null(layers, responses, change(others), ["dcor"], n_permutations=5)


def short_pieces(rng, count=40, n_times=5):
    """Frames and responses that know nothing of each other but both run steadily from begin to end."""
    trend = np.linspace(-1, 1, n_times)[:, None]
    states = trend + 0.5 * rng.standard_normal((count, n_times, 3))
    return states, trend + 0.5 * rng.standard_normal((count, n_times, 4))


def test_rotations_of_short_pieces_find_what_all_share_and_other_pieces_do_not():
    rejected = {"shift": 0, "other": 0}
    for seed in range(30):
        states, responses = short_pieces(np.random.default_rng(seed))
        how = {"n_permutations": 60, "seed": seed}
        items = [([x], y) for x, y in zip(states, responses, strict=True)]
        rotated = sentence_null(items, ["rsa_spearman_euclidean"], scheme="shift", **how)
        nulls = [
            other_null(
                [x], y, np.delete(responses, k, 0), ["rsa_spearman_euclidean"], n_permutations=60, seed=[seed, k]
            )
            for k, (x, y) in enumerate(zip(states, responses, strict=True))
        ]
        observed = np.mean([n.observed.item() for n in nulls])
        draws = np.mean([n.draws.values.ravel() for n in nulls], axis=0)
        rejected["shift"] += rotated.p.item() < 0.05
        rejected["other"] += ((draws >= observed).sum() + 1) / 61 < 0.05
    assert rejected["shift"] == 30
    assert rejected["other"] <= 5  # binomial: 30 at .05 exceed 5 in less than .4 %


def test_it_averages_like_the_others():
    layers, responses, others = made()
    null = averaged(other_null(layers, responses, others, ["dcor", "rv"], n_permutations=20))
    assert null.observed.dims == ("measure", "layer")
    assert null.n_permutations == 20
