"""What the EEG chapter's functions find where something was planted, and what they say where nothing was."""

from dataclasses import replace
from types import SimpleNamespace

import mne
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lib.chapters.eeg import evidence as eeg_claims
from lib.chapters.eeg import material as eeg
from lib.chapters.eeg import prosody as eeg_prosody
from lib.chapters.eeg import scale as eeg_scale
from lib.chapters.eeg import scores as eeg_scores
from lib.chapters.eeg import threeway
from lib.chapters.eeg import windows as eeg_windows
from lib.chapters.eeg import words as eeg_words
from lib.compare import word_responses, zscored
from lib.compare.deconvolution import lagged
from lib.compare.similarity.conditional import BeyondSound
from lib.compare.word_responses import LAGS, RATE, SECONDS, late_contrast
from lib.ground import WrongUse
from lib.models import Activations
from lib.recordings import load
from lib.report import claims

SUBJECTS = tuple(f"s{k}" for k in range(6))


def smooth(rng, length, width):
    return np.apply_along_axis(np.convolve, 0, rng.standard_normal((length, width)), np.hanning(9), "same")


def constructed(follows, *, n=8, frames=100, seed=0):
    """Sentences of 4 s at 25 frames a second; listeners follow the layer "deep" where `follows(times)` is true."""
    rng = np.random.default_rng(seed)
    times = (np.arange(frames) + 0.5) / 25
    models, values, clocks, parts = {}, {}, {}, []
    for k in range(n):
        name = f"sentence-{k}"
        layers = {"early": smooth(rng, frames, 12), "deep": smooth(rng, frames, 12)}
        models[name] = Activations(layers, dict.fromkeys(layers, times))
        mixing = rng.standard_normal((12, 10))
        strength = follows(times)[:, None]
        values[name] = {s: strength * layers["deep"] @ mixing + smooth(rng, frames, 10) for s in SUBJECTS}
        clocks[name] = times
        parts.append(eeg.Piece(name, name, 0.0, 4.0))
    return models, eeg.Heard(SUBJECTS, values, clocks, tuple("abcdefghij")), parts


def scored(models, heard, parts, scheme="pieces", measures=None, before_end=0.0, draws=60):
    how = {"components": 20, "whiten": False, "method": "linear"}
    plain = measures or eeg_scores.chosen_measures("euclidean")
    sizes = eeg.lengths({"model": models}, parts, before_end=before_end) if scheme in eeg_scores.PAIRED else None
    found, draws = eeg.found(models, heard, parts, sizes, **how)(), {"n_permutations": draws, "seed": 0}
    one = eeg_scores.scores(found, list(plain.values()), scheme=scheme, groups=eeg.groups(sizes), **draws)
    return eeg_scores.renamed(one, plain)


@pytest.fixture(scope="module")
def planted():
    return constructed(lambda times: np.full(len(times), 2.0))


@pytest.fixture(scope="module")
def planted_scores(planted):
    return scored(*planted)


def test_a_layer_that_listeners_follow_is_above_chance(planted_scores):
    best, by_model = eeg_claims.above_chance({"model": planted_scores})
    assert by_model["layer"].item() == "deep"
    assert best.low > 0
    assert best.p == 1 / 61


def test_nothing_is_above_chance_where_nothing_is_shared():
    best, _ = eeg_claims.above_chance({"model": scored(*constructed(lambda times: np.zeros(len(times)), seed=3))})
    assert best.p > 0.05


def test_the_scored_layer_is_chosen_on_other_sentences(planted_scores):
    kept = eeg_claims.held_out(planted_scores)
    np.testing.assert_allclose(kept.values, planted_scores.excess.sel(layer="deep").transpose(*kept.dims).values)
    assert list(kept.sentence.values) == list(planted_scores.observed.sentence.values)


def test_a_sentence_takes_the_best_layer_of_the_other_half():
    models, heard, parts = constructed(lambda times: np.full(len(times), 2.0))
    for k, part in enumerate(parts):
        layers = models[part.name].layers
        if k % 2:  # what listeners follow is "early" in odd sentences
            layers["early"], layers["deep"] = layers["deep"], layers["early"]
    found = eeg_claims.held_out_layers(scored(models, heard, parts))
    assert [found[part.name] for part in parts] == ["early", "deep"] * 4


def test_peaks_are_found_in_depth_and_hold_up(planted_scores):
    table = eeg_claims.peaks(planted_scores, "model")
    assert (table.loc[table["measure"] == "rsa_spearman", "depth"] == 1).all()
    gains = eeg_claims.family_difference(table)
    assert all(eeg_claims.of_units(gains[key], 8).low > 0 for key in ("gain_rank", "gain_dependence"))
    shown = eeg_claims.peak_intervals(table, 8).set_index("measure").loc["rsa_spearman"]
    assert (shown["depth"], shown["low"], shown["high"], shown["n"]) == (1, 1, 1, len(SUBJECTS))


def noisy(scores, subjects, seed=0, sentences=8):
    """Scores that are noise around a floor of their own in every layer and measure, which their null has too."""
    rng, like = np.random.default_rng(seed), scores.observed.isel(subject=slice(0, subjects))
    names = [f"n{k}" for k in range(sentences)]
    floor = like.isel(sentence=[0] * sentences).assign_coords(sentence=names)
    return replace(scores, observed=floor + rng.standard_normal(floor.shape), expected=floor)


@pytest.mark.parametrize("subjects", [2, 6])
def test_noise_has_no_peak_that_holds_up(planted_scores, subjects):
    """Neither floors of layers nor sentences drawn twice may hold up: intervals above 0 as often as chance has it."""
    above = []
    for seed in range(20):
        table = eeg_claims.peaks(noisy(planted_scores, subjects, seed, 24), "model", n_splits=8, n_draws=60)
        gains = eeg_claims.family_difference(table)
        above += [eeg_claims.of_units(gains[key], 24).low > 0 for key in ("gain_rank", "gain_dependence")]
    assert np.mean(above) < 0.15  # 40 at .025, families sharing nothing


def test_intervals_of_few_listeners_are_over_redrawn_sentences(planted_scores):
    few = noisy(planted_scores, 2)
    table = eeg_claims.peak_intervals(eeg_claims.peaks(few, "model", n_draws=40), 8)
    assert set(table["n"]) == {8}
    assert ((table["low"] <= table["depth"]) & (table["depth"] <= table["high"])).all()
    assert (table["high"] > table["low"]).any()


def test_draws_that_see_less_of_a_peak_do_not_make_it_absent():
    units = pd.Series([0.084, *np.linspace(-0.01, 0.09, 101)], ["all", *(f"draw {k}" for k in range(101))])
    found = eeg_claims.of_units(units, 165)
    assert (found.value, found.n) == (0.084, 165)
    assert found.low == pytest.approx(-0.0075)
    assert found.high == pytest.approx(2 * 0.084 + 0.0075)


def test_units_are_listeners_or_sentences(planted_scores):
    few = planted_scores.observed.isel(subject=slice(0, 2))
    assert eeg_claims.by_unit(planted_scores.observed).sizes["unit"] == len(SUBJECTS)
    assert eeg_claims.by_unit(few).sizes["unit"] == 8


@pytest.mark.parametrize(("start", "found"), [(0.25, True), (0.5, False)])
def test_a_planted_window_is_found_where_it_is(start, found):
    models, heard, parts = constructed(lambda times: np.zeros(len(times)), n=30, seed=1)
    rng = np.random.default_rng(2)
    for name, by in heard.values.items():
        times = heard.times[name]
        inside = (times >= start) & (times < start + 0.25)
        walk = rng.standard_normal(len(times))[:, None]  # one dimension: every electrode can follow it
        models[name].layers["deep"][:] = walk
        for subject in by:
            by[subject] = np.where(inside[:, None], walk, rng.standard_normal((len(times), 10)))
    spans = eeg_windows.windows(0.25)
    timed = eeg_windows.windowed(
        models, {p.name: "deep" for p in parts}, heard, parts, spans, rate=25.0, distance="euclidean", n_permutations=20
    )
    contrast = eeg_claims.estimate(eeg_windows.late_contrast(timed["observed"] - timed["expected"], spans))
    assert (contrast.low > 0) is found


@pytest.mark.parametrize("width", [0.15, 0.25, 0.35])
def test_every_width_leaves_windows_apart_from_the_late_one(width):
    spans = eeg_windows.windows(width)
    late, apart = eeg_windows.late_windows(spans)
    assert len({round(stop - start, 9) for start, stop in spans.values()}) == 1
    assert late
    assert apart
    assert not set(late) & set(apart)
    ones = xr.DataArray(np.ones((6, 2, len(spans), 3)), dims=("sentence", "subject", "window", "channel"))
    flat = ones.assign_coords(window=list(spans), subject=["a", "b"], sentence=list("abcdef"))
    np.testing.assert_allclose(eeg_windows.late_contrast(flat, spans), 0)


def test_pieces_are_cut_in_seconds_not_in_frames(planted):
    models, heard, _ = planted
    layers, answers = eeg.item(
        models["sentence-0"], heard, eeg.Piece("w", "sentence-0", 1.0, 2.0), components=5, whiten=True, method="linear"
    )
    assert {len(x) for x in layers.values()} == {25}
    np.testing.assert_allclose(answers["s0"], zscored(heard.values["sentence-0"]["s0"][25:50]))
    assert (
        eeg.item(
            models["sentence-0"],
            heard,
            eeg.Piece("w", "sentence-0", 1.0, 1.1),
            components=5,
            whiten=True,
            method="linear",
        )
        is None
    )


def test_counted_frames_spread_over_the_piece_alone(planted):
    models, heard, _ = planted
    how = {"components": 5, "whiten": True}
    piece = eeg.Piece("w", "sentence-0", 1.0, 2.0)
    counted, linear = (eeg.item(models["sentence-0"], heard, piece, method=m, **how)[1] for m in ("count", "linear"))
    np.testing.assert_allclose(counted["s0"], linear["s0"])  # as many samples as frames: nothing to spread


def test_pieces_are_cut_to_their_common_length_before_anything_else(planted):
    models, heard, _ = planted
    parts = [eeg.Piece(f"{k}", f"sentence-{k}", 0.5, 2.5 - 0.05 * k) for k in range(8)]
    how = {"components": 5, "whiten": False, "method": "linear"}
    sizes = eeg.lengths({"model": models}, parts, before_end=0.5)
    found = list(eeg.cut_items(models, heard, parts, sizes, **how))
    assert [piece.name for piece, _ in found] == [piece.name for piece in parts]
    assert {len(x) for _, (layers, _) in found for x in layers.values()} == {
        29
    }  # the last .53 s before the shortest ends
    known = heard.values["sentence-3"]["s0"][12:41]
    np.testing.assert_allclose(found[3][1][1]["s0"], zscored(known))
    assert eeg.groups(sizes) == (0,) * 8


def test_a_model_with_few_frames_cuts_the_pieces_of_all(planted):
    models, _, parts = planted
    slow = {
        name: Activations(
            {k: x[::5] for k, x in one.layers.items()}, {k: t[::5] for k, t in one.times.items()}
        )
        for name, one in models.items()
    }  # fmt: skip
    words = [replace(part, stop=0.3 if k < 2 else 0.8 + 0.1 * k) for k, part in enumerate(parts)]
    assert eeg.lengths({"fast": models}, words[2:]).kept.all()
    assert eeg.lengths({"fast": models}, [replace(word, stop=0.3) for word in words]).kept.all()
    both = eeg.lengths({"fast": models, "slow": slow}, words)
    assert both.kept.tolist() == [False] * 2 + [True] * 6
    short = [replace(part, stop=0.6) for part in parts]
    assert eeg.lengths({"fast": models}, short).kept.all()
    assert eeg.lengths_or_why({"fast": models, "slow": slow}, short, "pieces", "word").startswith("8 pieces of 0.60")
    assert eeg.lengths_or_why({"slow": slow}, words, "specific", "word").startswith("words are too short")
    assert eeg.lengths_or_why({"slow": slow}, words, "specific", "sentence").startswith("8 pieces of")


@pytest.mark.parametrize("before_end", [0.0, 0.5])
def test_a_layer_that_listeners_follow_exceeds_other_pieces(planted, before_end):
    spearman = {"rsa_spearman": "rsa_spearman_euclidean"}
    best, by_model = eeg_claims.above_chance({"model": scored(*planted, measures=spearman, before_end=before_end)})
    assert best.low > 0
    assert best.p == 1 / 61
    assert by_model.layer.item() == "deep"


def test_the_best_layer_is_the_one_furthest_above_its_own_null(planted):
    """A slow layer is like any slow response, and more so than the one that listeners follow is like theirs."""
    models, heard, parts = planted
    trend, with_drift = np.linspace(-1, 1, 100)[:, None], {}
    for name, one in models.items():
        layers = one.layers | {"slow": trend * np.ones((1, 12)) + 0.01 * one.layers["early"]}
        with_drift[name] = Activations(layers, dict.fromkeys(layers, one.times["deep"]))
    slow = {name: {s: x + 3 * x.std() * trend for s, x in by.items()} for name, by in heard.values.items()}
    one = scored(with_drift, replace(heard, values=slow), parts, measures={"rsa_spearman": "rsa_spearman_euclidean"})
    assert str(one.group.observed.idxmax("layer").item()) == "slow"
    best, by_model = eeg_claims.above_chance({"model": one})
    assert by_model.layer.item() == "deep"
    assert best.low > 0


@pytest.mark.parametrize(
    ("scheme", "unit", "null"),
    [("auto", "sentence", "pieces"), ("auto", "word", "pieces"), ("shuffle", "sentence", "shuffle")],
)
def test_the_null_fits_the_pieces(scheme, unit, null):
    assert eeg_scores.chosen_null(scheme, unit) == null


@pytest.mark.parametrize(("scheme", "unit", "words"), [("rotate", "sentence", "null"), ("shift", "word", "too short")])
def test_a_null_that_does_not_fit_is_refused(scheme, unit, words):
    with pytest.raises(WrongUse, match=words):
        eeg_scores.chosen_null(scheme, unit)


def test_the_back_of_the_head_is_found_by_name_or_by_place():
    named, placed = (
        mne.create_info(montage.ch_names, 128.0, "eeg").set_montage(montage)
        for montage in map(mne.channels.make_standard_montage, ("biosemi64", "biosemi128"))
    )
    assert {named.ch_names[k] for k in eeg_words.back_of_head(named)} == set(word_responses.CENTRO_PARIETAL)
    assert {"A3", "A19"} <= {placed.ch_names[k] for k in eeg_words.back_of_head(placed)}  # where CPz and Pz are
    with pytest.raises(WrongUse, match="positions"):
        eeg_words.back_of_head(mne.create_info(["1", "2"], 128.0, "eeg"))


def test_the_recording_says_which_sentences_are_negative_else_prosody_does():
    stimuli = pd.DataFrame({"affect": ["negative", "neutral", "negative"]}, index=list("abc"))
    prosody = pd.Series([False, True, False], list("abc"))
    assert eeg_words.negative_sentences(SimpleNamespace(stimuli=stimuli), prosody) == ["a", "c"]
    assert eeg_words.negative_sentences(SimpleNamespace(stimuli=stimuli[[]]), prosody) == ["b"]


def test_the_plan_multiplies_what_was_timed(monkeypatch):
    monkeypatch.setattr(eeg_scale, "_seconds", lambda *_: 2.0)
    plan = eeg_scale.plan(["rv"])
    assert plan.hours["cpu"] == pytest.approx(2 * 84 * 12 * 7 * 11 / 3600)
    assert ("cuda" in plan.hours) is (plan.gpu is not None)
    assert plan.table.iloc[:, 0].str.contains("not measured").any() == (plan.gpu is None)


def test_layers_of_one_model_come_onto_one_clock():
    slow, fast = np.arange(20) * 0.08, np.arange(400) * 0.005
    one = Activations({"fast": np.sin(fast)[:, None], "slow": np.ones((20, 1))}, {"fast": fast, "slow": slow})
    both = eeg._on_one_clock(one, 25.0)
    assert {len(x) for x in both.layers.values()} == {20}
    np.testing.assert_allclose(both.layers["fast"][:, 0], np.sin(slow), atol=1e-3)
    thinned = eeg._on_one_clock(Activations({"fast": np.sin(fast)[:, None]}, {"fast": fast}), 25.0)
    assert np.allclose(np.diff(thinned.times["fast"]), 0.04)


def grouped(seed, *, effect, overlap, subjects=6, sentences=30):
    """Scores of sentences in two groups; `overlap` is how closely a nuisance follows the group."""
    rng, names = np.random.default_rng(seed), [f"n{k}" for k in range(sentences)]
    low = pd.Series(np.arange(sentences) % 2 == 0, names)
    nuisance = pd.DataFrame({"level": overlap * low + rng.standard_normal(sentences)}, names)
    own = (
        rng.standard_normal((sentences, 1, 1)) + effect * low.to_numpy(float)[:, None, None]
    )  # of the sentence, for all
    values = own + 0.2 * rng.standard_normal((sentences, 3, subjects)) + nuisance.to_numpy()[:, :, None]
    coords = {"sentence": names, "measure": ["rsa_spearman", "dcor", "cka_linear"], "subject": list(range(subjects))}
    return xr.DataArray(values, coords, ("sentence", "measure", "subject")), low, nuisance


def effects(seed, **how):
    scores, low, nuisance = grouped(seed, **how)
    return eeg_prosody.group_effects(scores, low, nuisance).set_index("measure").loc["rank"]


def test_ablation_keeps_an_effect_that_goes_with_a_nuisance():
    found = [effects(seed, effect=2.0, overlap=2.0)["difference"] for seed in range(40)]
    assert np.mean(found) == pytest.approx(2.0, abs=0.3)


def test_ablation_removes_what_only_the_nuisance_explains():
    found = [effects(seed, effect=0.0, overlap=2.0) for seed in range(200)]
    assert abs(np.mean([row["difference"] for row in found])) < 0.15
    assert 0.01 < np.mean([row["p"] < 0.05 for row in found]) < 0.1  # as often as chance, whatever listeners share
    scores, low, _ = grouped(0, effect=0.0, overlap=2.0)
    assert eeg_prosody.group_effects(scores, low).set_index("measure").loc["rank", "low"] > 0


def test_groups_and_nuisances_need_enough_sentences():
    scores, low, _ = grouped(0, effect=0.0, overlap=0.0, sentences=8)
    many = pd.DataFrame(np.random.default_rng(0).standard_normal((8, 7)), low.index)
    with pytest.raises(WrongUse, match="take more"):
        eeg_prosody.group_effects(scores, low, many)


def test_a_twin_beyond_the_sound_takes_the_test_away():
    """What a random function of the sound shares with the brain, the descriptions of the sound have left out."""
    quiet = BeyondSound(-0.001, -0.003, 0.002, 0.9, 0.003, 0.2, 0.6, 18, 150, 999)
    found = replace(quiet, value=0.05, low=0.02, high=0.08, p=0.001)
    told = threeway.given_sound(found, quiet)
    assert (told.value, told.p, told.draws) == (0.05, 0.001, 999)
    assert "descriptions leave out" in threeway.given_sound(found, replace(found, value=0.03))
    few = threeway.given_sound(replace(found, n=8, n_draws=127), quiet)
    assert few.p == 1 / 128


def test_pieces_come_with_descriptions_whose_columns_are_the_same(planted):
    models, heard, parts = planted
    sounds = {name: (one.layers["early"][:, :3], one.times["early"]) for name, one in models.items()}
    found = list(eeg.beside_the_sound(models, heard, parts, [sounds], method="linear"))
    assert [x.shape for x in (found[0][0], found[0][1]["s0"], found[0][2])] == [(100, 3), (100, 10), (100, 24)]
    assert eeg.lags_of(models[parts[0].stimulus]) == range(-2, 13)  # 25 frames a second


def test_consistency_needs_all_three():
    rng = np.random.default_rng(0)
    sound, other = smooth(rng, 300, 4), smooth(rng, 300, 4)
    both = np.hstack([sound, other]) + 0.3 * rng.standard_normal((300, 8))
    how = {"n_permutations": 60, "scheme": "shift"}
    agrees = [
        (sound[k : k + 100], sound[k : k + 100] + 0.3 * both[k : k + 100, :4], sound[k : k + 100])
        for k in (0, 100, 200)
    ]
    apart = [(sound[k : k + 100], both[k : k + 100], other[k : k + 100]) for k in (0, 100, 200)]
    assert threeway.consistency_by_sentence(agrees, "rsa_spearman_euclidean", seed=0, **how).p < 0.05
    assert threeway.consistency_by_sentence(apart, "rsa_spearman_euclidean", seed=0, **how).p > 0.05


# ---- simulated listeners ----


def listened(**options):
    heard = load("pocket-eeg", subjects=5, stored=False, **options)
    return heard, eeg.responses(heard, list(heard.stimuli.index[:1]))


def late(heard, listeners):
    negative = heard.stimuli.index[heard.stimuli["affect"] == "negative"]
    found = eeg_words.word_responses(heard, listeners, negative)
    sizes = (eeg_words.late_size(x, listeners.info) for x in (found["words"].values, -found["change"].values))
    return [eeg_claims.estimate(each) for each in sizes]


def test_planted_late_response_and_its_loss_with_affect_are_found():
    word, affect = late(*listened(segments=6, snr=4.0))
    assert word.low > 0
    assert affect.low > 0


def test_nothing_late_is_found_where_it_is_off():
    word, affect = late(*listened(segments=6, snr=4.0, without=("late", "affect")))
    assert word.low <= 0
    assert affect.low <= 0


def test_louder_answers_to_sound_are_no_change_of_words(monkeypatch):
    """Answers to sound half as large again in negative sentences, and words everywhere the same."""
    heard = load("pocket-eeg", subjects=1, segments=4, stored=False)
    negative = set(heard.stimuli.index[heard.stimuli["affect"] == "negative"])

    def answers(recording, listeners, subject, segments):
        out = []
        for name in segments:
            plain = eeg_words._features(recording, name, set())[:, :4]
            clock = np.arange(len(plain)) / RATE
            mine = recording.stimuli[recording.stimuli["segment"] == name].loc[lambda x: x.index.isin(negative)]
            louder = np.any(
                [(clock >= a) & (clock < a + d) for a, d in zip(mine["start"], mine["duration"], strict=True)], 0
            )
            sound = plain[:, 1] * (1 + 0.5 * louder)
            answered = (
                bump(sound, 0.105, 0.02, -1.0) + bump(sound, 0.18, 0.03, 0.7) + bump(plain[:, 3], 0.4, 0.07, -1.0)
            )
            out.append(np.stack([answered, answered], axis=1))
        return out

    def bump(x, at, width, size):
        return lagged(x[:, None], LAGS) @ (size * np.exp(-0.5 * ((SECONDS - at) / width) ** 2))

    monkeypatch.setattr(eeg_words, "_answers", answers)
    listeners = eeg.Heard(("a",), {}, {}, ("Cz", "Pz"))
    found = eeg_words.word_responses(heard, listeners, negative)
    words, change = (late_contrast(found[key].values[0].T).mean() for key in ("words", "change"))
    assert words > 0.3
    assert abs(change) < 0.07 * words


def test_channels_that_somebody_lacks_are_left_out():
    heard, listeners = listened(segments=2)
    fewer = eeg.responses(heard, list(heard.stimuli.index[:1]), repair="drop")
    assert set(fewer.channels) < set(listeners.channels)
    assert tuple(fewer.info.ch_names) == fewer.channels
    assert len({x.shape for x in fewer.values[heard.stimuli.index[0]].values()}) == 1
    words = eeg_words.word_responses(heard, fewer, [])["words"]
    assert list(words.channel.values) == list(fewer.channels)
    assert np.isfinite(words).all()
    against = eeg.responses(heard, list(heard.stimuli.index[:1]), reference="Cz")
    assert "Cz" not in against.channels
    one = next(iter(against.values[heard.stimuli.index[0]].values()))
    assert one.shape[1] == len(against.channels) == len(against.info.ch_names) == 63
    assert (one.std(axis=0) > 0).all()


@pytest.mark.parametrize("scheme", ["pieces", "shift"])
def test_noise_is_found_in_words_by_rotations_alone(scheme):
    heard = load("pocket-eeg", subjects=5, segments=2, snr=0.0, stored=False)
    parts = eeg.pieces(heard, "word", 6)
    stimuli = list(dict.fromkeys(piece.stimulus for piece in parts))
    listeners, frames = eeg.responses(heard, stimuli), eeg.represented("logmel", heard, stimuli, 12.5)
    spearman = {"rsa_spearman": "rsa_spearman_euclidean"}
    one = scored(frames, listeners, parts, scheme, measures=spearman, draws=100)
    chance, _ = eeg_claims.above_chance({"logmel": one})
    assert (chance.p < 0.05) is (scheme == "shift")


def test_noise_supports_no_claim():
    heard = load("pocket-eeg", subjects=5, segments=2, snr=0.0, stored=False)
    parts = eeg.pieces(heard, "sentence", 10)
    stimuli = [piece.stimulus for piece in parts]
    listeners = eeg.responses(heard, stimuli)
    frames = {name: eeg.represented(name, heard, stimuli, 25.0) for name in ("logmel", "mfcc")}
    measures = {name: name for name in ("rsa_spearman", "rsa_kendall", "dcor", "cka_linear")}
    found = {name: scored(by, listeners, parts, measures=measures, draws=100) for name, by in frames.items()}
    spans = eeg_windows.windows(0.25)
    layers = dict.fromkeys((part.name for part in parts), "logmel")
    timed = eeg_windows.windowed(frames["logmel"], layers, listeners, parts, spans, rate=25.0, n_permutations=20)
    both = [timed["observed"], timed["observed"] - timed["expected"]]
    contrast, above = (eeg_claims.estimate(eeg_windows.late_contrast(one, spans)) for one in both)
    chance, _ = eeg_claims.above_chance(found)
    evidence = {"A3": {"contrast": contrast, "shift": above}, "A6": {"best_layer": chance}}
    verdicts = claims.decide("pocket-eeg", evidence)
    assert claims.SUPPORTED not in {one.verdict for one in verdicts.values()}


def test_noise_takes_the_place_of_everything_that_was_recorded():
    heard = load("pocket-eeg", subjects=2, segments=2)
    stimuli = list(heard.stimuli.index[:3])
    true, made, again = (eeg.responses(heard, stimuli, kind=kind, seed=1) for kind in ("recorded", "noise", "noise"))
    name, subject = stimuli[1], true.subjects[1]
    a, b = true.values[name][subject], made.values[name][subject]
    assert a.shape == b.shape
    assert np.abs(np.corrcoef(a[:, 5], b[:, 5])[0, 1]) < 0.5
    np.testing.assert_array_equal(b, again.values[name][subject])
    raw, noise = true.clean(subject).raw.get_data("eeg"), made.clean(subject).raw.get_data("eeg")
    cut = heard.responses(subject, name, raw=made.clean(subject).raw, tmin=-eeg.MARGIN, tmax=eeg.MARGIN)
    np.testing.assert_allclose(
        cut.transpose("time", "channel").sel(channel=list(made.channels)), b, rtol=1e-5, atol=1e-4
    )
    np.testing.assert_allclose(noise.std(1), raw.std(1), rtol=0.2)
    upper = np.triu_indices(len(raw), 1)
    assert np.corrcoef(np.corrcoef(raw)[upper], np.corrcoef(noise)[upper])[0, 1] > 0.95
    with pytest.raises(WrongUse, match="kind of responses"):
        eeg.responses(heard, stimuli, kind="noisy")


def test_sounds_have_no_words_and_one_set_of_responses():
    stimuli = pd.DataFrame({"duration": 2.0}, index=[f"stim{k}" for k in range(29)])
    answer = SimpleNamespace(
        values=np.zeros((3, 50)),
        time=SimpleNamespace(values=np.arange(50) / 25),
        channel=SimpleNamespace(values=list("abc")),
    )
    recording = SimpleNamespace(stimuli=stimuli, responses=lambda subject, name: answer)
    parts = eeg.pieces(recording, "sentence", 8)
    assert [part.name for part in parts] == [f"stim{k}" for k in range(0, 29, 4)]
    heard = eeg.responses(recording, [part.stimulus for part in parts])
    assert heard.subjects == ("group",)
    assert heard.values["stim0"]["group"].shape == (50, 3)
    with pytest.raises(ValueError, match="unit"):
        eeg.pieces(recording, "word", 4)
    with pytest.raises(WrongUse, match="at least 8"):
        eeg.pieces(recording, "sentence", 7)
