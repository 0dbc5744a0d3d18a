"""Products of series far from zero keep their digits."""

import numpy as np
import pytest

from lib.compare import similarity


@pytest.mark.parametrize("name", ["cka_linear", "rv", "cka_linear_debiased"])
def test_series_far_from_zero_keep_their_digits(name):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 4))
    assert similarity(x + 2.0**24, y, name) == pytest.approx(similarity(x, y, name), abs=1e-7)
