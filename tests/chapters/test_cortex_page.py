"""What the cortex page says: in whom and of how many, what stands beside what, and what the ledger takes from it."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lib.chapters.cortex import figures, maps, numbers, published, published_figures, questions, scores
from lib.chapters.cortex.headline import headline
from lib.chapters.cortex.material import Material, load_material
from lib.compare import Estimate, refitted
from lib.ground import MissingData, WrongUse
from lib.recordings.record import COMPONENTS
from lib.report import check, claims, style, words

CODES = ["EngSpeech"] * 6 + ["Mechanical"] * 8 + ["Music"] * 6


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What is kept of a test is its own."""
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "kept"))


def material(*, simulated=True, listeners=3):
    """Sounds whose music component answers to music alone, and the others to nothing."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((len(CODES), 6))
    values[:, 5] = 5.0 * (np.array(CODES) == "Music") + 0.1 * values[:, 5]
    components = xr.DataArray(
        values, dims=("sound", "component"), coords={"component": list(COMPONENTS)}, attrs={"units": "arbitrary"}
    )
    subjects = [f"s{k}" for k in range(listeners)]
    recording = SimpleNamespace(
        name="made-up",
        simulated=simulated,
        who="simulated listeners" if simulated else "human auditory cortex",
        surface_subjects=("group", *subjects),
        stimuli=pd.DataFrame({"category": CODES}, index=[f"sound{k}" for k in range(len(CODES))]),
        components=components,
        folds=np.arange(len(CODES)) % 5,
    )
    voxel = xr.DataArray(rng.standard_normal((len(CODES), 4, 3)), dims=("sound", "voxel", "scan"))
    return Material(recording, dict.fromkeys(subjects, voxel))


def main_table(model="spectrotemporal", p=0.001):
    value = np.array([0.8, 0.7, 0.6, 0.5, 0.45, 0.4])
    columns = {"value": value, "low": value - 0.1, "high": value + 0.1, "null_mean": 0.01, "null_high": 0.03, "p": p}
    return pd.DataFrame(columns, index=pd.Index(COMPONENTS, name="component")).assign(model=model)


def family(values, half=0.03, n=20, p=0.001):
    """What ``contrasts`` gives of differences by name."""
    table = pd.DataFrame({"value": pd.Series(values, dtype=float)})
    ends = {"low_family": table["value"] - half, "high_family": table["value"] + half}
    return table.assign(**ends, low=0.0, high=0.0, p=0.5, p_family=p, n=n, seeds=1)


def quoted(heard, gain=-0.2, beyond=0.0):
    gains = {key: Estimate(x, x - 0.05, x + 0.05, 20) for key, x in (("acoustics", gain), ("beyond", beyond))}
    table = main_table().reset_index()
    of = numbers.of_components(
        main_table(), pd.concat([table, table.assign(model="logmel", value=0.2, low=0.1, high=0.3)]), heard
    )
    return of | {f"gain_{key}": one for key, one in gains.items()}


@pytest.mark.parametrize(("simulated", "who"), [(True, "3 simulated listeners"), (False, "3 people")])
def test_the_answer_says_in_whom_first(simulated, who):
    heard = material(simulated=simulated)
    text = headline(quoted(heard), main_table(), heard)
    sentences = re.split(r"(?<=[.?]) (?=[A-Z])", text)
    assert len(sentences) <= 5
    assert who in sentences[0]
    assert "20" in sentences[0]
    assert ("Nobody was measured" in text) == simulated
    assert ("people" not in text.replace("says nothing about people", "")) == simulated
    assert "40 % (music; 95 % interval 30 to 50 %, n = 20 sounds) to 80 % (low frequency; " in text
    assert not re.search(r"\b[A-E]\d\b|r²|ridge|null", text)


@pytest.mark.parametrize(
    ("gain", "beyond", "told"),
    [
        (
            -0.2,
            0.0,
            "predicts less, by 20 % of the variance (95 % interval 15 to 25 %, n = 20 sounds); whether it adds",
        ),
        (0.2, 0.1, "predicts more, by 20 % of the variance (95 % interval 15 to 25 %, n = 20 sounds); it adds to it"),
        (
            -0.01,
            -0.1,
            "by 1 % of the variance (95 % interval −4 to 6 %, n = 20 sounds), which may be nothing; it takes",
        ),
        (np.nan, np.nan, "No trained model was set against it."),
    ],
)
def test_the_answer_says_what_training_adds(gain, beyond, told):
    heard = material()
    assert told in headline(quoted(heard, gain, beyond), main_table(), heard)


def leader(lead, half=0.05, count=2):
    gain = family({"a-spectrotemporal": lead}, half=half)
    mean = {"a": Estimate(0.75, 0.7, 0.8, 20), "spectrotemporal": Estimate(0.6, 0.5, 0.7, 20)}
    elsewhere = published.Elsewhere(("a", "b")[:count], ("a", "b")[:count])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "called", str)
        return published.leader(elsewhere, mean, gain, "a", "spectrotemporal")


@pytest.mark.parametrize(
    ("lead", "told"),
    [
        (0.15, "which is more by 15 % of the variance (95 % interval 10 to 20 %, n = 20 sounds), and optimistic"),
        (-0.15, "which is less by 15 % of the variance (95 % interval 10 to 20 %, n = 20 sounds)."),
        (0.01, "whether that is more stayed open."),
    ],
)
def test_the_answer_tells_the_best_published_model_beside_the_filters(lead, told):
    text = headline(quoted(material()), main_table(), material(), leader(lead))
    *_, fourth, _ = sentences = re.split(r"(?<=[.?]) (?=[A-Z])", text)
    assert len(sentences) == 5
    assert "The best of 2 published models, a, predicts on average 75 % (95 % interval 70 to 80 %, n = 20" in fourth
    assert told in fourth
    assert "predict 60 % (95 % interval 50 to 70 %, n = 20 sounds) of the variance" in sentences[1]
    assert "most of low frequency and least of music" in sentences[1]
    assert "small model" not in text
    assert check.first_screen(text) == []


def test_one_published_model_was_not_chosen():
    text = headline(quoted(material()), main_table(), material(), leader(0.15, count=1))
    assert "A published model, a, predicts" in text
    assert "optimistic" not in text
    assert published.leader(published.Elsewhere(), {}, None, "", "spectrotemporal") is None


def test_the_answer_does_not_hide_what_chance_reaches():
    heard = material()
    text = headline(quoted(heard), main_table(p=[0.001] * 4 + [0.2, 0.3]), heard)
    assert "Chance reaches as far for speech and music; the others lie beyond it." in text


def test_published_values_stand_beside_people_alone():
    """Neither figure, table nor prose of simulated listeners has a number of the paper; those of people have."""
    simulated, real = material(), material(simulated=False)
    assert simulated.published is None
    assert simulated.published_alignment is None
    of = quoted(simulated)
    assert not {"published_mean", "median_model_mean"} & set(of)
    assert not re.search(r"\d\.\d", numbers.about_published(of, simulated))
    assert "The paper's reach 0.56" in numbers.about_published(quoted(real), real)
    assert "published filters" not in scores.readable(main_table(), simulated.published)
    assert scores.readable(main_table(), real.published)["published filters"].between(0, 1).all()
    for heard, there in ((simulated, False), (real, True)):
        figure = figures.component_r2(main_table(), heard, 99)
        legend = " ".join(text.get_text() for text in figure.drawn.legends[0].get_texts())
        assert ("published" in legend) == ("paper's" in figure.caption) == there
        rho = dict.fromkeys(
            ("rho_max", "rho_as_published", "rho_symmetric", "rho_topline"), Estimate(0.5, 0.4, 0.6, 20)
        )
        assert ("ρ published" in numbers.choices_of_layer(rho, heard)) == there
        one = {"voxel_r2": Estimate(0.5, np.nan, np.nan, 1)}
        assert ("eight listeners" in numbers.about_voxels(one, heard)["median_voxel"]) == there


FILTERS, MODEL = questions.FILTERS, "crepe-tiny"


def beside(heard, *, brains=True):
    """One published model that knows the first component, its twin that knows nothing, and two yardsticks."""
    rng, y = np.random.default_rng(3), heard.components
    blurred = y + 0.1 * rng.standard_normal(y.shape)
    good = {"conv.1": blurred[:, :2], "pitch": rng.standard_normal((heard.n, 3))}
    features = {FILTERS: {"spectrotemporal": blurred[:, 1:3]}, MODEL: good}
    features[published.twin_of(MODEL)] = {name: rng.standard_normal(x.shape) for name, x in good.items()}
    electrodes = {published.ELECTRODES: {"electrodes": blurred[:, 3:5]}} if brains else {}
    elsewhere = published.Elsewhere((MODEL, "lost"), (MODEL,), electrodes, 15 * brains)
    folds = heard.folds.to_numpy()
    fits = {name: refitted(layers, y, folds, n_draws=20) for name, layers in (features | electrodes).items()}
    return elsewhere, features, fits


def drawn_of_published(heard):
    elsewhere, features, fits = beside(heard)
    asked = published.questions(elsewhere, FILTERS)
    parts = published.partition(elsewhere, features, (FILTERS, MODEL), heard, 0)
    return [
        published_figures.scores(elsewhere, fits, FILTERS, heard),
        published_figures.gains(questions.differences(fits, asked, 0), asked, heard),
        published_figures.parts(parts, elsewhere, heard),
    ]


def drawn(heard):
    """Figures of the page that need no fit of a real model."""
    table = pd.concat([main_table("m"), main_table("n").assign(value=0.3, low=0.2, high=0.4)]).reset_index()
    fit = SimpleNamespace(predictions=heard.components * 0.5, r2=np.linspace(0.2, 0.7, 6))
    asked = {
        "music": questions.Question("", "all − music", "n", "o"),
        "beyond": questions.Question("", "both − m", "both", "m"),
    }
    halves = pd.DataFrame({"r2": 0.3, "corrected": 0.6, "ceiling": 0.5}, index=range(heard.owner.size))
    matrix = np.random.default_rng(1).random((heard.n, heard.n))
    shares = pd.Series([0.2] * 5 + [0.9], [style.COMPONENT_TITLES[name] for name in COMPONENTS])
    return [
        figures.component_profiles(heard, shares),
        figures.predicted_and_measured(heard, fit, "m"),
        figures.component_r2(main_table("m"), heard, 99),
        figures.acoustic_models(table, heard),
        figures.differences(family({"music": 0.2, "beyond": 0.0}), asked, heard),
        *drawn_of_published(heard),
        maps.voxel_scores(np.full(heard.owner.size, 0.4), halves, heard),
        maps.dissimilarities(matrix + matrix.T, matrix @ matrix.T, "m", heard),
    ]


def test_captions_say_who_and_how_many():
    style.use_house_style()
    for simulated, who in ((True, "simulated listeners"), (False, "human auditory cortex")):
        for figure in drawn(material(simulated=simulated)):
            assert who in figure.caption, figure.name
            assert re.search(r"\b20\b", figure.caption), figure.name
            assert ("simulated" in figure.caption) == simulated
            assert style.smallest_text(figure.drawn) >= 8, figure.name
            assert figure.drawn.get_figwidth() <= style.WIDTH


def test_published_models_stand_beside_twins_and_another_brain():
    for simulated in (True, False):
        scored, gains, parts = drawn_of_published(material(simulated=simulated))
        rows = [text.get_text() for text in scored.drawn.axes[0].get_yticklabels()]
        assert rows == ["modulation filters", "CREPE tiny", "electrodes"]
        legend = " ".join(text.get_text() for text in scored.drawn.legends[0].get_texts())
        assert ("models of the paper" in legend) == ("models of the paper" in scored.caption) == (not simulated)
        assert "CREPE tiny" in scored.caption
        assert "15 other people" in scored.caption
        assert "15 other people" in parts.caption
        assert [text.get_text() for text in gains.drawn.axes[0].get_yticklabels()] == [
            "CREPE tiny − modulation filters", "CREPE tiny − untrained twin",
        ]  # fmt: skip
        rows = [text.get_text() for text in parts.drawn.axes[0].get_yticklabels()]
        assert rows[:4] == ["only filters", "only CREPE tiny", "only electrodes", "filters + CREPE tiny"]
        assert rows[-1] == "all three"


def test_the_prose_on_published_models_follows_the_fits():
    heard = material(simulated=False)
    elsewhere, features, fits = beside(heard)
    mean = published.means(elsewhere, fits)
    text = published.about_scores(elsewhere, fits, FILTERS, heard)["elsewhere_scores"]
    value = fits[MODEL].fit.r2.mean()
    assert mean[MODEL].value == pytest.approx(value)
    assert f"CREPE tiny has a mean $r^2$ of {value:.2f}"[:-1] in text
    assert "n = 20 sounds" in text
    assert "Electrodes in 15 other people reach" in text
    assert "range of the 35 models of the paper" in text
    asked = published.questions(elsewhere, FILTERS)
    gains = questions.differences(fits, asked, 0)
    quoted_gains = published.about_gains(gains, asked, MODEL, FILTERS)
    difference = fits[MODEL].mean[0] - fits[FILTERS].mean[0]
    assert quoted_gains["elsewhere_crepe_tiny_spectrotemporal"].value == pytest.approx(difference)
    assert "Of the 2 differences" in quoted_gains["elsewhere_gains"]
    parts = published.partition(elsewhere, features, (FILTERS, MODEL), heard, 0)
    told = published.about_parts(parts, elsewhere, MODEL)
    assert "only one stands beside the filters" in told["elsewhere_parts"]
    more = dataclasses.replace(elsewhere, here=(MODEL, "whisper-base"))
    chosen = published.about_parts(parts, more, MODEL)["elsewhere_parts"]
    assert "CREPE tiny was chosen because it predicts these data best" in chosen
    assert "no ceiling" in told["elsewhere_parts"]
    assert told["elsewhere_only_filters"].n == 20
    shared = parts.mean_of_pair["filters and CREPE tiny"]
    assert told["elsewhere_pair_filters_and_CREPE_tiny"] == shared
    assert f"the filters and CREPE tiny share {words.told(shared, 'sounds')}." in told["elsewhere_parts"]
    own = parts.mean_of_pair["only CREPE tiny"]
    assert own.value == pytest.approx(
        parts.mean["only CREPE tiny"].value + parts.mean["CREPE tiny and electrodes"].value, abs=0.05
    )
    rows = published.results(fits, gains, asked, parts, heard)
    assert {kind: len(table) for kind, table in rows.items()} == {
        "published scores": 24, "published gains": 2, "published parts": 49,
    }  # fmt: skip
    two, layers, _ = beside(heard, brains=False)
    parts = published.partition(two, layers, (FILTERS, MODEL), heard, 0)
    assert "ceiling" not in published.about_parts(parts, two, MODEL)["elsewhere_parts"]
    assert set(parts.mean) == {"only filters", "only CREPE tiny", "filters and CREPE tiny"}
    pd.testing.assert_frame_equal(parts.table, parts.pair)


def test_parts_add_up_and_find_what_only_one_set_knows():
    heard = material()
    elsewhere, features, _ = beside(heard)
    parts = published.partition(elsewhere, features, (FILTERS, MODEL), heard, 0)
    value = parts.table.set_index(["response", "part"])["value"]
    assert value["lowfreq", "only CREPE tiny"] > 0.5
    assert value["envsounds", "only filters"] > 0.5
    assert value["pitch", "only electrodes"] > 0.5
    again = published.partition(elsewhere, features, (FILTERS, MODEL), heard, 0)
    pd.testing.assert_frame_equal(parts.table, again.table)
    other = published.partition(elsewhere, features, (FILTERS, MODEL), material(simulated=False), 1)
    assert not parts.table["low"].equals(other.table["low"])


def test_no_published_model_is_no_error():
    heard = material()
    none = published.at_hand([], heard)
    asked = published.asked_for(none)["elsewhere_asked"]
    assert "none were asked for; `alike run cortex -p published_models whisper-base` does" in asked
    assert none.models == []
    fits = {FILTERS: object()}
    assert questions.differences(fits, published.questions(none, FILTERS), 0) is None
    assert published.partition(none, {}, (FILTERS, published.best_of(none, fits)), heard, 0) is None
    assert published.results(fits, None, {}, None, heard) == {}
    assert published.means(none, fits) == {}
    for figure in (
        published_figures.scores(none, fits, FILTERS, heard),
        published_figures.gains(None, {}, heard),
        published_figures.parts(None, none, heard),
    ):
        assert figure is None
        published_figures.show_any(figure)


def test_missing_weights_and_missing_brains_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    lost = published.at_hand(["whisper-base", "crepe-tiny", "crepe-tiny"], material(simulated=False))
    assert lost.asked == ("whisper-base", "crepe-tiny")
    assert lost.missing == ["whisper-base", "crepe-tiny"]
    assert lost.brains == {}
    text = published.asked_for(lost)["elsewhere_asked"]
    assert "not on this machine: `whisper-base` and `crepe-tiny` (`alike models fetch whisper-base` gets them)" in text
    with pytest.raises(WrongUse, match="wisper-base"):
        published.at_hand(["wisper-base"], material())

    monkeypatch.setattr(published, "is_here", bool)
    here = published.at_hand(["crepe-tiny"], material())
    assert here.models == ["crepe-tiny", "untrained:crepe-tiny:0"]
    assert "CREPE tiny (pitch of single notes and voices)" in published.asked_for(here)["elsewhere_asked"]
    assert "simulated" in here.why
    assert "No other brains heard these sounds" in published.at_hand(["crepe-tiny"], material(simulated=False)).why
    people = material(simulated=False)
    people.recording.name = "natsound165"
    monkeypatch.setattr(published.recordings, "load", raising)
    without = published.asked_for(published.at_hand(["crepe-tiny"], people))["elsewhere_asked"]
    assert "that recording (`song-ecog`) is not here" in without


def raising(*_, **__):
    raise MissingData("nothing there")


def test_the_best_is_a_published_model_of_the_largest_mean():
    fits = {name: SimpleNamespace(mean=(value,)) for name, value in (("a", 0.3), ("b", 0.5), ("electrodes", 0.9))}
    assert published.best_of(published.Elsewhere(("a", "b"), ("a", "b")), fits) == "b"


def test_the_main_model_is_not_set_against_itself():
    elsewhere = published.Elsewhere((MODEL,), (MODEL,))
    assert list(published.questions(elsewhere, MODEL)) == [f"{MODEL}-untrained:{MODEL}:0"]
    assert published.partition(elsewhere, {}, (MODEL, MODEL), material(), 0) is None
    assert published.leader(elsewhere, {}, None, MODEL, MODEL) is None


def test_texts_say_what_the_figures_show():
    shown = {figure.name: figure for figure in drawn(material())}
    assert "music: Music" in shown["profiles"].alt
    assert "90 % of the variance of music and 20 % of that of" in shown["profiles"].caption
    assert "Low frequency is predicted worst" in shown["predicted"].alt
    assert "r² falls from 0.80 (low frequency) to 0.40 (music)" in shown["scores"].alt
    assert "lead in 6 of 6" in shown["models"].alt
    assert shown["gains"].alt == "1 of 2 intervals leave out 0: all − music 0.20."


def test_significance_becomes_standard_errors():
    p = np.array([0.05, 1e-3, 1.0])
    found = maps.z_of(xr.DataArray([1, -1, 1] * -np.log10(p)))
    np.testing.assert_allclose(found, [1.96, -3.29, 0], atol=0.01)
    assert np.isfinite(maps.z_of(np.array([400.0]))).all()
    assert np.isnan(maps.z_of(np.array([np.nan]))).all()


def decided(beyond):
    found = questions.beyond_filters(family({"acoustics": 0.1, "beyond": beyond}), "n", FILTERS)
    return claims.decide("x", found)["B8"].verdict


def test_the_ledger_takes_what_the_page_found():
    assert decided(0.1) == claims.SUPPORTED
    assert decided(0.0) == claims.UNDECIDED
    assert decided(-0.1) == claims.NOT_SUPPORTED
    one = questions.beyond_filters(family({"beyond": 0.1}, p=0.04), "n", FILTERS)["B8"]["beyond"]
    assert (one.low, one.high, one.p, one.n) == (pytest.approx(0.07), pytest.approx(0.13), 0.04, 20)
    assert "main model of this run is cochleagram" in questions.beyond_filters(None, "n", "cochleagram")["B8"]
    assert "no trained model" in questions.beyond_filters(None, FILTERS, FILTERS)["B8"]


def test_a_model_is_not_asked_about_itself():
    asked = questions.beside_filters(MODEL, "m")
    assert questions.family(asked) == {"acoustics": {MODEL: 1.0, "m": -1.0}, "beyond": {"both": 1.0, "m": -1.0}}
    assert questions.beside_filters("m", "m") == {}
    assert questions.differences({}, {}, 0) is None
    gained = questions.gained(None, {}, ("acoustics", "beyond"))
    assert np.isnan(gained["gain_acoustics"].value)
    told = questions.gained(family({"acoustics": 0.2, "beyond": 0.1}), asked, ("acoustics", "beyond"))
    assert (told["gain_beyond"].value, told["gain_beyond"].p) == (0.1, 0.001)
    assert "corrected for 2" in told["gain_beyond"].about


def test_what_has_no_components_is_refused():
    with pytest.raises(WrongUse, match="pocket-eeg has no components"):
        load_material("pocket-eeg", 10)
