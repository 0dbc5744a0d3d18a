"""The layer that is scored was chosen on other sentences: its choice can't be seen in its score."""

import numpy as np
import xarray as xr

from lib.chapters.eeg import evidence
from lib.chapters.eeg.scores import Scores


def scores_of(values):
    """Scores (sentence, measure, subject, layer) that expect nothing."""
    dims = ("sentence", "measure", "subject", "layer")
    coords = {
        "sentence": [f"s{k}" for k in range(values.shape[0])],
        "measure": ["rsa_spearman", "dcor"],
        "subject": [f"p{k}" for k in range(values.shape[2])],
        "layer": [f"layer{k}" for k in range(values.shape[3])],
    }
    observed = xr.DataArray(values, coords, dims)
    return Scores(observed, 0 * observed, None)


def test_a_layer_that_is_good_in_one_half_earns_nothing_there():
    values = np.zeros((8, 2, 3, 2))
    values[::2, :, :, 0] = values[1::2, :, :, 1] = 1  # even sentences follow layer0, odd ones layer1
    np.testing.assert_array_equal(evidence.held_out(scores_of(values)), 0)
    values[:, 1] = [0, 1]  # in the second measure all follow layer1
    found = evidence.held_out(scores_of(values))
    np.testing.assert_array_equal(found.sel(measure="rsa_spearman"), 0)
    np.testing.assert_array_equal(found.sel(measure="dcor"), 1)


def test_noise_gains_nothing_from_many_layers():
    values = np.random.default_rng(0).standard_normal((40, 2, 3, 50))
    found = evidence.held_out(scores_of(values)).values
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(found.size)
    assert scores_of(values).excess.mean("sentence").max("layer").mean() > 0.3  # what a choice on all would give
