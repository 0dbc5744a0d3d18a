"""Clocks against torch, closed forms and planted lags; components and their signs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.compare import similarity
from lib.compare.similarity.components import principal_components, sign_patterns, sign_scores
from lib.compare.similarity.geometry import correlation_rdm
from lib.compare.timing import (
    NAMED_WINDOWS,
    checked_windows,
    onto_frames,
    resized,
    sliding_windows,
    zscored,
)
from lib.ground import WrongUse

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "timing.json").read_text())


def walk():
    """Simulated EEG of the reference values, (1500, 8), and the generator after it."""
    rng = np.random.default_rng(REFERENCE["eeg_alignment"]["seed"])
    return np.cumsum(rng.standard_normal((1500, 8)), axis=0), rng


def test_published_alignment():
    known = REFERENCE["eeg_alignment"]
    eeg, _ = walk()
    assert eeg.sum() == pytest.approx(known["E_sum"])
    got = zscored(onto_frames(eeg, np.arange(1500) / 500, np.arange(75) / 25, "count"))
    np.testing.assert_allclose(got[[0, -1]], [known["first_row"], known["last_row"]], atol=1e-8)
    assert (got**2).sum() == pytest.approx(known["sum_of_squares"])


@pytest.mark.parametrize(("n", "count"), [(40, 7), (40, 40), (9, 31), (5, 1), (1, 4)])
def test_count_is_torch_interpolate(n, count):
    x = np.random.default_rng(0).standard_normal((n, 3))
    expected = torch.nn.functional.interpolate(torch.from_numpy(x.T[None]), count, mode="linear", align_corners=False)
    np.testing.assert_allclose(resized(x, count), expected[0].T.numpy(), atol=1e-12)


def test_linear_is_exact_for_a_line_and_honours_seconds():
    times = np.arange(200) / 128 + 0.3
    frames = np.array([0.31, 0.5, 0.52, 1.7])
    line = np.stack([2 * times - 1, -times], axis=1)
    np.testing.assert_allclose(
        onto_frames(line, times, frames), np.stack([2 * frames - 1, -frames], axis=1), atol=1e-12
    )
    np.testing.assert_allclose(onto_frames(line[:, 0], times, frames), 2 * frames - 1, atol=1e-12)
    uneven = np.sort(np.random.default_rng(0).uniform(0, 1, 50))
    np.testing.assert_allclose(
        onto_frames(np.sin(uneven), uneven, uneven[3:9] + 1e-3), np.interp(uneven[3:9] + 1e-3, uneven, np.sin(uneven))
    )


def test_antialiased_keeps_slow_removes_fast_and_linear_folds_it_back():
    times, frames = np.arange(4 * 512) / 512, np.arange(3, 97) / 25
    slow, fast = np.sin(2 * np.pi * 3 * times), np.sin(2 * np.pi * 22 * times)
    inside = slice(10, -10)
    got = onto_frames(np.stack([slow, fast], axis=1), times, frames, "antialiased")
    np.testing.assert_allclose(got[inside, 0], np.sin(2 * np.pi * 3 * frames)[inside], atol=0.02)
    assert np.abs(got[inside, 1]).max() < 0.02
    assert np.abs(onto_frames(fast, times, frames)).max() > 0.9
    np.testing.assert_allclose(onto_frames(np.ones(times.shape), times, frames, "antialiased"), 1)


def test_antialiased_to_faster_frames_interpolates():
    times, frames = np.arange(300) / 100, np.arange(100, 500) / 200
    wave = np.cos(2 * np.pi * 11 * times)
    got = onto_frames(wave, times, frames, "antialiased")
    np.testing.assert_allclose(got, np.cos(2 * np.pi * 11 * frames), atol=0.02)


def test_antialiased_takes_a_single_frame():
    times = np.arange(100) / 100
    assert onto_frames(np.ones(100), times, [0.5], "antialiased") == pytest.approx(1)
    assert onto_frames(times, times, [0.5], "antialiased") == pytest.approx(0.5)


def test_slow_responses_have_no_gaps():
    times = np.arange(10) * 2.0
    np.testing.assert_allclose(onto_frames(times, times, [0.9, 1.0, 17.3]), [0.9, 1.0, 17.3])


def test_zscored():
    x = np.random.default_rng(0).standard_normal((30, 4)) * 7 + 3
    got = zscored(x)
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(got.std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(zscored(-2 * x + 5), -got)
    for unit in (1e-9, 1e-13, 1e9):
        np.testing.assert_allclose(zscored(unit * x), got, rtol=1e-9)


def test_windows():
    windows = sliding_windows(3.0)
    assert len(windows) == REFERENCE["time_windows"]["n_windows"]
    assert list(windows)[:2] == ["0-250 ms", "50-300 ms"]
    assert windows["250-500 ms"] == (0.25, 0.5)
    assert {name: [1000 * edge for edge in edges] for name, edges in NAMED_WINDOWS.items()}["N400"] == [300, 500]
    assert list(sliding_windows(0.8, width=0.35, start=-0.1)) == [f"{a}-{a + 350} ms" for a in range(-100, 451, 50)]


@pytest.mark.parametrize("case", REFERENCE["pca20"][:3], ids=lambda case: f"T={case['T']}")
def test_components_and_their_signs(case):
    rng = np.random.default_rng(case["seed"])
    frames = rng.standard_normal((case["T"], case["D"])) * np.linspace(3, 0.5, case["D"]) + 1
    assert frames.sum() == pytest.approx(case["X_sum"])
    got = principal_components(frames)
    assert got.shape == (case["T"], case["n_components"])
    assert np.abs(got @ got.T).sum() == pytest.approx(case["gram_abs_sum"], rel=1e-7)
    np.testing.assert_allclose((got @ got.T)[0, :4], case["gram_first_row_first4"], atol=1e-6)
    rdm = correlation_rdm(torch.from_numpy(got)).numpy()
    np.testing.assert_allclose(rdm[0, 1:4], case["rdm_upper_first3_sign_convention"], atol=1e-6)
    assert rdm[np.triu_indices(len(rdm), 1)].sum() == pytest.approx(case["rdm_upper_sum_sign_convention"], abs=1e-5)
    assert principal_components(frames, published=True).shape == tuple(case["published_shape"])


def test_components_are_those_of_an_svd():
    frames = np.random.default_rng(0).standard_normal((50, 8)) @ np.random.default_rng(1).standard_normal((8, 30))
    plain = principal_components(frames, whiten=False)
    assert plain.shape == (50, 8)
    centred = frames - frames.mean(axis=0)
    np.testing.assert_allclose(plain @ plain.T, centred @ centred.T, atol=1e-9)
    np.testing.assert_allclose(principal_components(frames, 3), principal_components(frames)[:, :3])
    np.testing.assert_allclose(principal_components(3 * frames + 7), principal_components(frames), atol=1e-9)
    np.testing.assert_allclose(principal_components(frames[:, :20], published=True), zscored(frames[:, :20]))


@pytest.mark.parametrize("unit", [1e-13, 1e-8, 1e8])
@pytest.mark.parametrize("options", [{}, {"published": True}, {"k": 3}])
def test_units_of_frames_do_not_matter(unit, options):
    frames = np.random.default_rng(0).standard_normal((30, 12))
    expected = principal_components(frames, **options)
    np.testing.assert_allclose(principal_components(unit * frames, **options), expected, atol=1e-8)


def test_short_sentences_have_no_geometry_after_whitening():
    frames = np.random.default_rng(0).standard_normal((15, 200))
    distances = np.linalg.norm(principal_components(frames)[:, None] - principal_components(frames)[None], axis=-1)
    np.testing.assert_allclose(distances[np.triu_indices(15, 1)], distances[0, 1])


def test_signs_move_rank_measures_and_not_the_others():
    rng = np.random.default_rng(0)
    response = rng.standard_normal((40, 10))
    frames = response @ rng.standard_normal((10, 60)) + rng.standard_normal((40, 60))
    components = principal_components(frames)
    moved = sign_scores(components, response, n_patterns=40)
    assert moved[0] == pytest.approx(similarity(components, response, "rsa_spearman"))
    assert np.ptp(moved) > 0.01
    for measure in ("dcor", "cka_rbf", "mi", "rsa_spearman_cosine", "rsa_spearman_euclidean"):
        np.testing.assert_allclose(np.ptp(sign_scores(components, response, measure, n_patterns=10)), 0, atol=1e-9)
    assert set(np.unique(sign_patterns(6, 50))) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, t: onto_frames(x, t, t, "cubic"), "unknown method"),
        (lambda x, t: onto_frames(x, t, [0.5, 3.2]), r"1 frame\(s\) lie outside .* first at 3.200 s"),
        (lambda x, t: onto_frames(x, t[:-1], t), "one row per time"),
        (lambda x, t: onto_frames(x, t[::-1], t), "times must be finite, rising"),
        (lambda x, t: onto_frames(x * np.nan, t, t), "NaN"),
        (lambda x, t: zscored(np.c_[x, np.ones(len(x))]), "2 of .* are constant"),
        (lambda x, t: zscored(np.where(x == x[7], np.nan, x)), "2 NaN or infinite value.* first in row 7"),
        (lambda x, t: zscored(x[:1]), "at least two rows"),
        (lambda x, t: zscored(x[:0]), "at least two rows"),
        (lambda x, t: onto_frames(x, t + 5 * (t > 0.5), [0.2, 3.0]), r"1 frame\(s\) lie in a gap .* first at 3.000 s"),
        (lambda x, t: onto_frames(x, t + 5 * (t > 0.5), [3.0], "antialiased"), "lie in a gap"),
        (lambda x, t: sliding_windows(1.0, width=np.inf), "must be positive and the ends finite"),
        (lambda x, t: sliding_windows(0.1, width=0.002, step=0.0003), "gives several one name"),
        (lambda x, t: checked_windows({"w": (1,)}), "must be .start, stop."),
        (lambda x, t: checked_windows({"w": (np.nan, 1)}), "must end after it starts"),
        (lambda x, t: sliding_windows(0.2), "no window of 0.25 s fits"),
        (lambda x, t: sliding_windows(1.0, step=0), "must be positive"),
        (lambda x, t: principal_components(x, 0), "at least one component"),
        (lambda x, t: principal_components(np.ones((9, 3))), "all frames are the same"),
        (lambda x, t: principal_components(1e3 + 1e-14 * x), "all frames are the same"),
        (lambda x, t: principal_components(np.full((41, 3), 0.1), published=True), "all frames are the same"),
        (lambda x, t: principal_components(x[:, 0]), "finite numbers .time, unit."),
        (lambda x, t: principal_components(x, 2.5), "whole number of them"),
        (lambda x, t: sign_scores(x, x, n_patterns=0), "at least one pattern"),
        (lambda x, t: principal_components(x[:2]), "at least 3 times"),
    ],
)
def test_wrong_use_is_explained(call, message):
    times = np.arange(100) / 100
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0).standard_normal((100, 2)), times)


def test_wrong_window_choice_is_wrong_use():
    with pytest.raises(WrongUse):
        onto_frames([1, 2], [0, 1], [0], "nearest")
