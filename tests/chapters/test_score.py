"""The score page: like is set beside like, and what it says is said of what was scored."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from lib.chapters.score import figures, headline, material, numbers, scores
from lib.chapters.score.material import Features, Heard
from lib.compare import nested_ridge
from lib.recordings import COMPONENTS
from lib.report import check, records

N = 60


def recording(components, simulated=True, name="made-up"):
    """What a score needs of a recording: two listeners, their voxels sums of components."""
    coords = {"sound": [f"s{k}" for k in range(N)], "component": list(COMPONENTS)}
    weights = np.abs(np.random.default_rng(5).standard_normal((6, 30)))

    def responses(subject):
        mine = components @ weights[:, ::2] if subject == "a" else components @ weights[:, 1::2]
        return xr.DataArray(mine[:, :, None], dims=("sound", "voxel", "scan"))

    return SimpleNamespace(
        name=name,
        title="Made up",
        simulated=simulated,
        who="simulated listeners" if simulated else "human auditory cortex",
        components=xr.DataArray(components, coords, ["sound", "component"]),
        folds=np.arange(N) % 5,
        subjects=("a", "b"),
        responses=responses,
    )


@pytest.fixture(scope="module")
def parts():
    """Sounds, and features of which the layer "deep" holds the first five components, filters the first alone."""
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((N, 6))
    components = truth + 0.3 * rng.standard_normal((N, 6))
    model = {"shallow": rng.standard_normal((N, 8)), "deep": truth[:, :5] @ rng.standard_normal((5, 5))}
    twin = {"shallow": rng.standard_normal((N, 8)), "deep": rng.standard_normal((N, 5))}
    filters = {"filters": np.hstack([truth[:, :1], 0.1 * rng.standard_normal((N, 2))])}
    heard = Heard(recording(components), [None] * N, list(COMPONENTS))
    return heard, Features("mine.py:load", model, [twin], "", filters, {"electrodes": truth}, "9 times real time")


def scored(heard, features):
    how = {"n_draws": 20, "seed": 0}
    fitted = scores.fits(heard, features, **how)
    return scores.scored(heard, features, fitted, voxels=10, **how)


@pytest.fixture(scope="module")
def found(parts):
    return scored(*parts)


@pytest.fixture(scope="module")
def alone(parts):
    """The filters themselves, with nothing beside them, in people."""
    heard, features = parts
    heard = Heard(recording(heard.components, simulated=False), heard.sounds, heard.names)
    return scored(heard, Features("spectrotemporal", features.filters, [], "a filterbank", {}, {}, "fast"))


def test_layers_and_components_that_were_planted_are_found(found):
    assert [layer for layer, _ in found.layers[:5]] == ["deep"] * 5
    value = found.components["model"].value
    assert (value[:5] > 0.6).all()
    assert value[5] < 0.3
    assert found.heard.names[found.worst] == "music"
    assert (found.gains.loc[["twin", "filters"], "low"] > 0).all()
    assert found.gains.loc["other brains", "value"] < 0
    assert list(found.gains["n"].unique()) == [N]


def test_parts_are_of_the_model_and_the_filters(found):
    shared, own = found.parts["model and filters"].value, found.parts["only model"].value
    assert shared[0] > 0.5 > own[0]
    assert (own[1:5] > 0.5).all()
    total = own + shared
    np.testing.assert_allclose(total, found.components["model"].value, atol=1e-9)
    said = numbers.named(found)
    assert said["only_model"].value == pytest.approx(own.mean())
    assert said["shared"].value == pytest.approx(shared.mean())
    assert said["only_filters"].value == pytest.approx(found.parts["only filters"].value.mean())


def test_median_voxel_is_that_of_each_listener(parts, found):
    heard, features = parts
    responses, owner = heard.voxels(10)
    assert responses.shape == (N, 10)
    assert list(owner) == ["a"] * 5 + ["b"] * 5
    r2 = nested_ridge(features.model, responses, heard.folds, scores.ALPHAS, extend_alphas=False).r2
    expected = np.mean([np.median(r2[owner == listener]) for listener in "ab"])
    assert found.voxels.value == pytest.approx(expected, abs=1e-9)
    assert found.voxels.low < expected < found.voxels.high
    assert found.n_voxels == 10


def test_interval_of_the_likeness_is_about_sounds(parts):
    """It holds the value that other draws of as many sounds give, about as often as it should."""
    rng, inside, values = np.random.default_rng(1), 0, []
    folds = np.arange(40) % 5
    for draw in range(20):
        shared = rng.standard_normal((40, 6))
        x, y = shared, shared + 1.5 * rng.standard_normal((40, 6))
        values.append(scores.likeness({"x": x}, {"a": y}, folds, seed=draw, halves=20))
    mean = np.mean([one.value for one in values])
    inside = sum(one.low <= mean <= one.high for one in values)
    assert inside >= 16
    width = np.mean([one.high - one.low for one in values]) / 3.92
    assert 0.6 < width / np.std([one.value for one in values], ddof=1) < 1.9


def test_scores_of_twins_are_means_over_seeds(parts):
    heard, features = parts
    twins = [features.twins[0], {"deep": features.twins[0]["deep"][::-1]}]
    fitted = scores.fits(heard, replace(features, twins=twins), n_draws=5, seed=0)
    mean = scores._mean_of(fitted["twin"], "scores")
    np.testing.assert_allclose(mean.value, np.mean([fit.scores.value for fit in fitted["twin"]], axis=0))


def test_numbers_that_are_not_there_say_so(found, alone):
    said = numbers.named(alone)
    for name in ("twin_mean_r2", "gain_twin", "gain_filters", "gain_brains", "only_model", "shared"):
        assert said[name] == numbers.NOT_THERE
        assert not isinstance(numbers.named(found)[name], str)
    assert said["no_twin"] == "a filterbank"


def test_every_number_has_n_and_interval(found):
    entries = {name: records._entry(one) for name, one in numbers.named(found).items()}
    roles = " ".join(f"{{glue:text}}`{name}`" for name in entries)
    assert list(check._quoted(roles, entries)) == []


def test_first_screen(found, alone):
    text = headline.headline(found)
    assert check.first_screen(text) == []
    assert text.startswith("In simulated listeners, the layers of `mine.py:load`")
    assert "more than with the same network with random weights, by" in text
    assert "more than with filters of sound that nobody trained, by" in text
    assert "misses most is music" in text
    text = headline.headline(alone)
    assert check.first_screen(text) == []
    assert text.startswith("In human auditory cortex")
    assert text.count("is not to be had") == 2
    worse = replace(found, gains=found.gains.assign(value=-0.2, low=-0.3, high=-0.1))
    assert "less than with filters of sound that nobody trained, by 0.20 (95 % interval 0.10 to 0.30" in (
        headline.headline(worse)
    )
    unclear = replace(found, gains=found.gains.assign(value=-0.1, low=-0.3, high=0.1))
    assert headline.headline(unclear).count("no difference is clear: −0.10 (95 % interval −0.30 to 0.10") == 2


def test_terminal_lines_fit_and_hold_the_numbers(found, alone):
    lines = list(numbers.lines(found)["text"])
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "simulated listeners, 60 sounds" in text
    mean = found.means["model"]
    assert f"mean            {mean.value:.2f} ({mean.low:.2f} to {mean.high:.2f})" in text
    gain = found.gains.loc["filters"]
    assert f"minus modulation filters                {gain['value']:.2f} ({gain['low']:.2f} to" in text
    rest = "\n".join(numbers.lines(alone)["text"])
    assert "no untrained twin: a filterbank" in rest
    assert "no other brains" in rest
    assert "explained by" not in rest


def test_tidy_table_has_every_component_of_everyone(found):
    table = records.save_results(numbers.tidy(found), chapter="score")
    counts = table["measure"].value_counts()
    assert counts["r2_component"] == 4 * 6
    assert (table["n"] == N).all()
    assert table.set_index("measure").loc["r2_mean", "value"] == pytest.approx(found.means["model"].value)


@pytest.mark.parametrize("draw", [figures.components, figures.parts])
def test_figures_say_of_whom_and_what(found, alone, draw):
    for one, who in ((found, "simulated listeners"), (alone, "human auditory cortex")):
        shown = draw(one)
        assert one.features.name in shown.caption + shown.alt
        assert who in shown.caption or not one.parts
        from lib.report.style import smallest_text

        assert smallest_text(shown.drawn) >= 8
        plt.close("all")
    text = figures.components(found)
    assert "its untrained twin" in text.caption
    assert "music worst" in text.alt
    assert "It lies above its untrained twin in low frequency, high frequency, broadband, pitch" in text.alt
    plt.close("all")


def test_no_twin_of_what_has_none():
    assert material._twins("untrained:mini-mixture:0", 1) == ([], "it is untrained itself")
    assert material._twins("mini-mixture", 0) == ([], "none was asked for")
    models, why = material._twins("spectrotemporal", 1)
    assert models == []
    assert "no untrained twin" in why
