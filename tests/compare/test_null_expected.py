"""What a null expects: the mean of other responses alone; and products that keep their digits far from zero."""

import numpy as np
import pytest

from lib.compare import other_null, similarity


def test_what_is_expected_of_other_responses_leaves_out_the_response_itself():
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((9, 3)), rng.standard_normal((9, 5))]
    responses, others = rng.standard_normal((2, 9, 4)), rng.standard_normal((2, 3, 9, 4))
    null = other_null(layers, responses, others, ["dcor", "rsa_spearman"], n_permutations=40, seed=3)
    for s, layer in np.ndindex(2, 2):
        for name in ("dcor", "rsa_spearman"):
            expected = np.mean([similarity(layers[layer], x, name) for x in others[s]])
            found = null.null_mean.sel(measure=name).isel(subject=s, layer=layer)
            assert float(found) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["cka_linear", "rv", "cka_linear_debiased"])
def test_series_far_from_zero_keep_their_digits(name):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 4))
    assert similarity(x + 2.0**24, y, name) == pytest.approx(similarity(x, y, name), abs=1e-7)
