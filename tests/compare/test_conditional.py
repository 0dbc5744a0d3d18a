"""Brain and model given the sound: size where the sound drives both, power where they share more, and errors."""

import numpy as np
import pytest

from lib.compare import beyond_sound, tri_modal
from lib.compare.similarity.conditional import _lagged
from lib.ground import WrongUse


def smooth(x):
    for t in range(1, len(x)):
        x[t] += 0.7 * x[t - 1]
    return x


def world(seed, share=0.0, course="straight", subjects=3, n=14, length=36):
    """Sound (4), brains (8 each) and model (6), all slow; `share` of what brains and model have beyond the sound."""
    rng = np.random.default_rng(seed)
    to_model, to_brain = rng.standard_normal((4, 6)), rng.standard_normal((subjects, 4, 8))
    more_model, more_brain = rng.standard_normal((2, 6)), rng.standard_normal((subjects, 2, 8))
    for _ in range(n):
        sound, hidden = smooth(rng.standard_normal((length, 4))), smooth(rng.standard_normal((length, 2)))
        seen = sound if course == "straight" else sound**2 / 2 - 1
        louder = np.exp(sound[:, :1] / 3) if course == "louder" else 1.0
        seen = sound if course == "louder" else seen
        model = seen @ to_model + share * hidden @ more_model + 2 * louder * smooth(rng.standard_normal((length, 6)))
        noise = np.stack([smooth(rng.standard_normal((length, 8))) for _ in range(subjects)])
        yield sound, seen @ to_brain + share * hidden @ more_brain + 4 * louder * noise, model


@pytest.mark.parametrize("course", ["straight", "bent", "louder"])
def test_a_sound_that_drives_both_is_not_more_than_the_sound(course):
    found = [beyond_sound(world(seed, course=course), n_permutations=199, seed=seed) for seed in range(40)]
    assert np.sum([one.p <= 0.05 for one in found]) <= 6  # more than 6 of 40 has probability .003 at .05
    assert np.sum([one.p <= 0.05 and one.low > 0 for one in found]) <= 3


def test_the_product_of_three_correlations_takes_it_for_more():
    found = [tri_modal(world(seed), "rsa_spearman_euclidean", n_permutations=99) for seed in range(3)]
    assert all((one.p_all.sel(score="product") <= 0.02).all() for one in found)


def test_what_brain_and_model_share_beyond_the_sound_is_found():
    found = [beyond_sound(world(seed, share=1.0), n_permutations=199, seed=seed) for seed in range(5)]
    assert all(one.p <= 0.05 and one.low > 0 for one in found)
    assert all(0 < one.value < 1 for one in found)


def test_it_rests_on_what_is_said_of_the_sound():
    """A description that lacks what drives both leaves it to them."""
    blind = [(sound[:, :1], brain, model) for sound, brain, model in world(0)]
    assert beyond_sound(blind, n_permutations=199).p <= 0.05


def test_a_late_answer_needs_its_lag():
    def late(seed):
        for sound, brain, _ in world(seed):
            yield (
                sound,
                brain,
                np.roll(sound, 3, axis=0) + 0.3 * np.random.default_rng(seed).standard_normal(sound.shape),
            )

    found = beyond_sound(late(0), lags=range(5), n_permutations=199)
    assert found.model_explained > beyond_sound(late(0), n_permutations=199).model_explained + 0.2


def test_wrong_use_is_explained():
    with pytest.raises(WrongUse, match="at least 8"):
        beyond_sound(list(world(0))[:5])
    pieces = list(world(0))
    pieces[3] = (pieces[3][0], pieces[3][1], pieces[3][2][:, :5])
    with pytest.raises(WrongUse, match="columns"):
        beyond_sound(pieces)
    pieces[3] = (pieces[3][0][:-1], *pieces[3][1:])
    with pytest.raises(ValueError, match="time points"):
        beyond_sound(pieces)
    still = [(sound, brain, np.zeros((len(sound), 2))) for sound, brain, _ in world(0)]
    with pytest.raises(ValueError, match="without variation"):
        beyond_sound(still)


def test_pieces_may_be_shorter_than_a_lag():
    """Where a lag leads out of a short piece the sound is its mean, as it is at the ends of a long one."""
    rng = np.random.default_rng(0)
    sounds, lags = [rng.standard_normal((n, 2)) for n in (4, 9)], range(-1, 7)
    short, long = np.split(_lagged(sounds, lags), [4])
    mean = np.concatenate(sounds).mean(axis=0)
    for piece, found in zip(sounds, (short, long), strict=True):
        outside = np.concatenate([np.zeros((8, 2)), piece - mean, np.zeros((8, 2))])
        wanted = [outside[8 - lag : 8 - lag + len(piece)] for lag in lags]
        np.testing.assert_allclose(found, np.stack(wanted, axis=2).reshape(len(piece), -1))
