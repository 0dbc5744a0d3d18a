"""Maps on the surface: distances along the sheet, and a spin test that is calibrated where others are not."""

import numpy as np
import pytest
from nilearn.datasets import load_fsaverage

from lib.compare import nearest, sheet_distance, spin_test
from lib.compare.spatial import spins
from lib.ground import WrongUse

SIDES = ("left", "right")
SPREAD = 6.0  # of smooth maps, in hundredths of the sphere's radius


@pytest.fixture(scope="module")
def patch():
    """Half of the vertices of temporal cortex, their spheres, distances from Heschl's gyrus, roots of smoothness."""
    mesh = load_fsaverage("fsaverage5")
    out = {"at": {}, "sphere": {}, "far": {}, "root": {}}
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        white, sphere = mesh["white_matter"].parts[side], mesh["sphere"].parts[side].coordinates
        far = sheet_distance(white.coordinates, white.faces, [(45 * sign, -24, 6)])
        at = np.flatnonzero(far < 50)[::2]
        apart = np.linalg.norm(sphere[at][:, None] - sphere[at], axis=2)
        values, vectors = np.linalg.eigh(np.exp(-0.5 * (apart / SPREAD) ** 2))
        out["at"][side], out["sphere"][side], out["far"][side] = at, sphere, far
        out["root"][side] = vectors * np.sqrt(values.clip(0))
    return out


def _smooth(patch, rng):
    return {side: root @ rng.standard_normal(len(root)) for side, root in patch["root"].items()}


def _tested(patch, values, **options):
    return spin_test(values, patch["far"], patch["sphere"], patch["at"], **options)


def test_distance_runs_along_the_sheet():
    folded = np.array([[0.0, 0, 0], [0, 10, 0], [1, 10, 0], [1, 0, 0], [0, 0, 50]])
    faces = np.array([[0, 1, 2], [1, 2, 3]])
    far = sheet_distance(folded, faces, [[0.1, 0.1, 0]])
    assert far[0] == 0
    assert far[3] == pytest.approx(10 + np.hypot(1, 10), abs=1e-9)
    assert np.isinf(far[4])
    np.testing.assert_array_equal(nearest([[1, 9, 0]], folded), [2])


def test_smooth_maps_without_relation_pass_a_naive_test_and_not_this_one(patch):
    rng = np.random.default_rng(0)
    found = [_tested(patch, _smooth(patch, rng), n_spins=199) for _ in range(80)]
    naive, size = (np.mean([getattr(one, key) <= 0.05 for one in found]) for key in ("p_naive", "p"))
    assert naive > 0.18  # far from .05
    assert size <= 0.125  # .05 to .08 in long runs; this many of 80 are too many with p < .01
    assert np.mean([one.p <= 0.5 for one in found]) > 0.3  # nor does it never find anything


def test_a_map_that_follows_distance_is_found_and_its_reverse_is_not(patch):
    rng = np.random.default_rng(1)
    noise = _smooth(patch, rng)
    along = {side: patch["far"][side][at] / 15 + noise[side] for side, at in patch["at"].items()}
    up, down = _tested(patch, along), _tested(patch, {side: -x for side, x in along.items()})
    assert up.value > 0.4
    assert up.p < 0.05
    assert down.value == pytest.approx(-up.value)
    assert down.p > 0.9


def test_rank_correlation_is_that_of_scipy_within_one_hemisphere(patch):
    from scipy.stats import spearmanr

    values = _smooth(patch, np.random.default_rng(2))
    one = {key: {"left": patch[key]["left"]} for key in ("far", "sphere", "at")}
    found = spin_test({"left": values["left"]}, one["far"], one["sphere"], one["at"], n_spins=9)
    expected = spearmanr(values["left"], patch["far"]["left"][patch["at"]["left"]]).statistic
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.draws.shape == (9,)
    assert found.n == len(values["left"])


def test_a_difference_between_hemispheres_is_no_relation(patch):
    values = _smooth(patch, np.random.default_rng(3))
    before = _tested(patch, values, n_spins=9).value
    lifted = {"left": values["left"], "right": values["right"] + 100}
    assert abs(_tested(patch, lifted, n_spins=9).value - before) < 0.15
    far = {"left": patch["far"]["left"], "right": patch["far"]["right"] + 1000}  # both maps lie higher on the right
    assert abs(_tested(patch | {"far": far}, lifted, n_spins=9).value - before) < 0.15


def test_p_counts_the_map_as_it_lies(patch):
    along = {side: patch["far"][side][at] for side, at in patch["at"].items()}
    assert _tested(patch, along, n_spins=19).p_plain == pytest.approx(1 / 20)


def test_turns_keep_distances_and_mirror_images_stay_mirror_images(patch):
    sphere = patch["sphere"]["left"]
    there, image = spins(sphere, np.arange(50), n_spins=3), sphere * [-1, 1, 1]
    mirrored = spins(image, np.arange(50), n_spins=3, mirrored=True)
    np.testing.assert_array_equal(there, mirrored)
    assert not np.array_equal(there, spins(image, np.arange(50), n_spins=3))
    before = np.linalg.norm(sphere[:50, None] - sphere[:50], axis=2)
    after = np.linalg.norm(sphere[there[0]][:, None] - sphere[there[0]], axis=2)
    assert np.abs(before - after).max() < 8  # the nearest vertex is up to 4 away


def test_what_does_not_fit_is_refused(patch):
    values = _smooth(patch, np.random.default_rng(4))
    with pytest.raises(WrongUse, match="values at"):
        _tested(patch, values | {"left": values["left"][1:]})
    with pytest.raises(WrongUse, match="without a value"):
        _tested(patch, values | {"left": values["left"] * np.nan})
    with pytest.raises(WrongUse, match="same hemispheres"):
        _tested(patch, {"left": values["left"]})
