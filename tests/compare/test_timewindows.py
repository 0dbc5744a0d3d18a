"""Similarity in windows: published values, SciPy, planted windows, the null, and slow models."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from lib.compare.timewindows import window_scores
from lib.compare.timing import NAMED_WINDOWS, sliding_windows
from lib.ground import WrongUse

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "timing.json").read_text())["time_windows"]


@pytest.fixture(scope="module")
def published():
    rng = np.random.default_rng(REFERENCE["seed"])
    eeg = np.cumsum(rng.standard_normal((1500, 8)), axis=0)
    rng.standard_normal((75, 20))
    frames = rng.standard_normal((150, 20))
    return [({"layer": frames}, np.arange(150) / 50, eeg, np.arange(1500) / 500)]


def test_published_sliding_windows(published):
    scores = window_scores(published, sliding_windows(3.0), method="published").observed.sel(layer="layer")
    np.testing.assert_allclose(scores.isel(window=0), REFERENCE["rsa_first_window"], atol=1e-9)
    np.testing.assert_allclose(scores.isel(window=-1), REFERENCE["rsa_last_window"], atol=1e-9)
    np.testing.assert_allclose(scores.mean("channel"), REFERENCE["mean_over_electrodes_per_window"], atol=1e-9)


def test_published_named_windows(published):
    scores = window_scores(published, method="published").observed.sel(layer="layer")
    for name, values in REFERENCE["named"].items():
        np.testing.assert_allclose(scores.sel(window=name), values, atol=1e-9)


def sentence(seed, *, planted=None, rate=50.0, length=1.2, channels=4, subjects=2):
    """Frames, and responses whose channel 0 follows their first unit, in one window only where it is given."""
    rng = np.random.default_rng(seed)
    frame_times = np.arange(int(length * rate)) / rate
    states = np.cumsum(rng.standard_normal((len(frame_times), 6)), axis=0)
    times = np.arange(int(length * 128)) / 128
    responses = np.cumsum(rng.standard_normal((subjects, len(times), channels)), axis=1)
    if planted:
        inside = (times >= planted[0]) & (times < planted[1])
        responses[:, inside, 0] = 5 * np.interp(times, frame_times, states[:, 0])[inside]
    return {"a": states[:, :1], "b": states}, frame_times, responses, times


def test_one_window_is_scipy():
    layers, frame_times, responses, times = sentence(0)
    scores = window_scores([(layers, frame_times, responses, times)], {"w": (0.2, 0.5)}, distance="euclidean").observed
    inside = (frame_times >= 0.2) & (frame_times < 0.5)
    brain = np.interp(frame_times[inside], times, responses[1, :, 3])[:, None]
    expected = spearmanr(pdist(layers["b"][inside]), pdist(brain)).statistic
    assert float(scores.sel(subject=1, layer="b", window="w", channel=3)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scheme", ["response", "shift"])
def test_planted_window_and_channel_are_found_and_beat_their_null(scheme):
    items = [sentence(seed, planted=(0.3, 0.5)) for seed in range(12)]
    found = window_scores(items, rate=50.0, n_permutations=49, scheme=scheme)
    mean = found.observed.mean("subject").sel(layer="a")
    assert mean.argmax(...)["window"] == list(NAMED_WINDOWS).index("N400")
    assert mean.argmax(...)["channel"] == 0
    assert float(mean.sel(window="N400", channel=0)) > 0.7
    best = found.observed.sel(layer="a", window="N400", channel=0)
    assert (best > found.draws.sel(layer="a", window="N400", channel=0).max("draw")).all()
    assert abs(float(mean.sel(window="P600").mean())) < 0.2
    assert (found.items == 12).all()
    assert found.draws.dims == ("subject", "layer", "window", "channel", "draw")


def test_draws_are_scores_with_the_response_moved():
    layers, frame_times, responses, times = sentence(3)
    spans = {"w": (0.0, 0.24), "v": (0.24, 0.48)}
    draws = window_scores(
        [(layers, frame_times, responses, times)], spans, rate=50.0, distance="euclidean", n_permutations=30
    ).draws.sel(layer="b", subject=1)
    places, grid = 60 - 12 + 1, np.arange(60) / 50
    shifts = np.random.default_rng((0, 0)).integers(60, size=30)
    for (name, (start, _)), k in [(span, k) for span in spans.items() for k in range(30)]:
        first = round(start * 50)
        at = (first + shifts[k]) % places
        brain = np.interp(grid[at : at + 12], times, responses[1, :, 2])[:, None]
        expected = spearmanr(pdist(layers["b"][first : first + 12]), pdist(brain)).statistic
        assert float(draws.sel(window=name).isel(channel=2, draw=k)) == pytest.approx(expected, abs=1e-9)


def steady_onset(seed, *, rate=25.0, subjects=1):
    """Frames that rise steadily for half a second and then wander; responses are slow noise."""
    rng = np.random.default_rng(seed)
    frame_times, times = np.arange(50) / rate, np.arange(int(2.4 * 128)) / 128 - 0.2
    states = np.concatenate([np.linspace(-20, 20, 12)[:, None] + np.zeros((12, 4)), 5 * rng.standard_normal((38, 4))])
    responses = np.cumsum(rng.standard_normal((subjects, len(times), 4)), axis=1)
    return {"a": states + rng.standard_normal(states.shape)}, frame_times, responses, times


@pytest.mark.parametrize(("make", "scheme", "holds"), [
    (lambda seed: sentence(seed, subjects=1), "shift", True),
    (lambda seed: sentence(seed, subjects=1), "response", True),
    (steady_onset, "shift", False),
    (steady_onset, "response", True),
])  # fmt: skip
def test_the_level_of_the_nulls(make, scheme, holds):
    """Series that know nothing of each other: as often above the null's 90 % as chance has it, or far too often."""
    above = []
    for k in range(60):
        items = [make(100 * k + n) for n in range(2)]
        how = {"rate": 25.0, "n_permutations": 39, "scheme": scheme, "distance": "euclidean", "seed": k}
        found = window_scores(items, {"w": (0.0, 0.4)}, **how)
        above.append(((found.draws >= found.observed).sum("draw") + 1) / 40 <= 0.1)
    assert bool(0.02 < np.mean(above) < 0.2) is holds


def test_slow_models_need_the_grid():
    item = sentence(3, rate=8.0)
    assert window_scores([item], {"w": (0.25, 0.5)}).observed.isnull().all()
    on_grid = window_scores([item], {"w": (0.25, 0.5)}, rate=50)
    assert on_grid.observed.notnull().all()
    assert (on_grid.items == 1).all()


def test_sentences_too_short_for_a_window_are_left_out_of_its_mean():
    items = [sentence(0, length=0.6), sentence(1, length=1.2)]
    found = window_scores(items, {"early": (0, 0.25), "late": (0.75, 1.0)})
    assert (found.items.sel(window="early") == 2).all()
    assert (found.items.sel(window="late") == 1).all()
    alone = window_scores(items[1:], {"late": (0.75, 1.0)}).observed
    np.testing.assert_allclose(found.observed.sel(window="late"), alone.sel(window="late"))


def test_unit_and_sign_of_a_channel_do_not_matter():
    layers, frame_times, responses, times = sentence(0)
    a, b = (window_scores([(layers, frame_times, x, times)]).observed for x in (responses, 5 - 3 * responses))
    np.testing.assert_allclose(a, b)
    one = window_scores([(layers, frame_times, responses[1], times)]).observed
    np.testing.assert_allclose(one, a.sel(subject=1))
    assert one.dims == ("layer", "window", "channel")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"distance": "angle"}, "unknown distance"),
        ({}, {"method": "count"}, "unknown method"),
        ({}, {"windows": {}}, "at least one"),
        ({}, {"windows": {"w": (0.5, 0.2)}}, "must end after it starts"),
        ({}, {"scheme": "flip", "n_permutations": 3}, "unknown scheme"),
        ({}, {"n_permutations": 3}, "give rate"),
        ({1: np.arange(5) / 50}, {}, "layer a has 60 rows and 5 times"),
        ({3: np.arange(5) / 128}, {}, "item 0: response 0 has 153 rows and 5 times"),
        ({1: np.arange(60)[::-1] / 50}, {"method": "published"}, "item 0: frame_times must be finite, rising"),
        ({3: np.full(153, np.nan)}, {"method": "published"}, "item 0: times must be finite, rising"),
        ({3: 9 + np.arange(153) / 128}, {"rate": 50.0}, "share no time at 50 frames per second"),
        ({}, {"rate": 0}, "rate must be"),
        ({}, {"n_permutations": -5, "rate": 50.0}, "n_permutations must be 0"),
        ({0: {"a": np.full((60, 2), np.nan)}}, {}, "layer a holds 120 NaN"),
        ({2: {"s": np.ones((153, 2)), "t": np.ones((153, 3))}}, {}, "share their channels"),
    ],
)
def test_wrong_use_is_explained(change, options, message):
    item = [change.get(k, part) for k, part in enumerate(sentence(0))]
    with pytest.raises(ValueError, match=message):
        window_scores([item], **options)
    with pytest.raises(ValueError, match="no items"):
        window_scores([])


def test_items_must_match():
    layers, frame_times, responses, times = sentence(0)
    item, how = (layers, frame_times, responses, times), {"windows": {"w": (0.2, 0.5)}}
    with pytest.raises(WrongUse, match=r"item 0 must be \(layers, frame_times, responses, times\), got 3"):
        window_scores([item[:3]], **how)
    for other in ((layers, frame_times, responses[..., :1], times), ({"a": layers["a"]}, *item[1:])):
        with pytest.raises(ValueError, match="item 1 has other subjects, layers or channels"):
            window_scores([item, other], **how)


@pytest.mark.parametrize("options", [{}, {"method": "published"}, {"rate": 25.0, "n_permutations": 5}])
def test_what_does_not_vary_has_no_score(options):
    """A layer, or a single frame, without variation has no correlation distance: no ranks are made of NaN."""
    layers, frame_times, responses, times = sentence(0)
    layers |= {"flat": np.ones((60, 3)), "one flat frame": layers["b"] * (np.arange(60)[:, None] != 12)}
    responses[:, :, 1] = 0.1
    found = window_scores([(layers, frame_times, responses, times)], {"w": (0.2, 0.4), "v": (0.6, 1.0)}, **options)
    assert found.observed.sel(layer="flat").isnull().all()
    assert found.observed.sel(layer="one flat frame", window="w").isnull().all()
    assert found.observed.sel(channel=1).isnull().all()
    others = found.observed.drop_sel(layer="flat").sel(channel=[0, 2, 3])
    assert others.sel(window="v").notnull().all()
    assert others.sel(layer="b").notnull().all()
    assert (found.items == found.observed.notnull()).all()


@pytest.mark.parametrize("options", [{}, {"rate": 25.0, "n_permutations": 5}, {"method": "antialiased"}])
def test_units_of_layers_and_responses_do_not_matter(options):
    layers, frame_times, responses, times = sentence(0)
    plain = window_scores([(layers, frame_times, responses, times)], **options).observed
    for a, b in ((1e-8, 1e-13), (1e8, 1e12)):
        scaled = {name: a * x for name, x in layers.items()}
        found = window_scores([(scaled, frame_times, b * responses, times)], **options).observed
        np.testing.assert_allclose(found, plain, atol=1e-9)


def test_published_windows_of_a_single_frame_have_no_score():
    layers, frame_times, responses, times = sentence(0)
    short = {name: x[:1] for name, x in layers.items()}
    found = window_scores([(short, frame_times[:1], responses, times)], {"w": (0, 0.3)}, method="published")
    assert found.observed.isnull().all()
    early = window_scores([(layers, frame_times, responses, times)], {"w": (-0.1, 0.3)}, method="published").observed
    same = window_scores([(layers, frame_times, responses, times)], {"w": (0.0, 0.3)}, method="published").observed
    np.testing.assert_array_equal(early, same)
