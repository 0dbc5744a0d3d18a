"""Prosody: published functionals and proxies, ablation, and tri-modal consistency with its failure signature."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.compare import similarity
from lib.compare.prosody import (
    PROXIES,
    affect_scores,
    descriptors,
    energy_and_duration,
    functionals,
)
from lib.compare.similarity.trimodal import PAIRS, SCORES, consistency_scores, tri_modal

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "egemaps.json").read_text())
TRIMODAL = json.loads((FOLDER / "timing.json").read_text())["tnc"]


def voice(seed, f0, glide, vib, am, tilt, noise, dur, amp, **_):
    """One of the generated voices of the reference values, as 16-bit samples."""
    t = np.arange(int(16000 * dur)) / 16000
    f = f0 * 2 ** ((glide * (t / dur - 0.5) + vib * np.sin(2 * np.pi * 5 * t)) / 12)
    phase = 2 * np.pi * np.cumsum(f / 16000)
    s = sum(np.where(k * f < 7500, np.sin(k * phase) / k**tilt, 0) for k in range(1, 21))
    s = s * (0.55 + 0.45 * np.sin(2 * np.pi * am * t - np.pi / 2))
    x = amp * s / np.abs(s).max() + noise * np.random.default_rng(seed).standard_normal(len(t))
    return np.clip(np.round(32767 * x), -32768, 32767).astype("<i2")


@pytest.fixture(scope="module")
def voices():
    return {known["params"]["id"]: voice(**known["params"]) for known in REFERENCE["voices"]}


@pytest.fixture(scope="module")
def features(voices):
    return functionals({name: samples / np.float32(32768) for name, samples in voices.items()}, 16000)


def test_functionals_are_those_of_opensmile(voices, features):
    assert features.shape == (6, 88)
    for known in REFERENCE["voices"]:
        name = known["params"]["id"]
        same = hashlib.sha256(voices[name].tobytes()).hexdigest() == known["int16_sha256_le"]
        expected = known.get("all_88_functionals", known["valence_features"] | known["arousal_features"])
        got = features.loc[name, list(expected)]
        np.testing.assert_allclose(got, list(expected.values()), rtol=1e-5 if same else 1e-3, atol=1e-6)


def test_published_proxies(features):
    scores = affect_scores(features)
    for known in REFERENCE["voices"]:
        expected = [known[f"{name}_score"] for name in ("arousal", "valence", "sentiment")]
        np.testing.assert_allclose(scores.loc[known["params"]["id"]], expected, atol=5e-3)
    assert set(PROXIES["published"]["valence"]) == set(REFERENCE["valence_features"])
    assert set(PROXIES["published"]["arousal"]) == set(REFERENCE["arousal_features"])


def test_the_separate_proxies_share_nothing():
    assert not set(PROXIES["separate"]["valence"]) & set(PROXIES["separate"]["arousal"])
    rng = np.random.default_rng(0)
    names = {name for pair in PROXIES["published"].values() for name in pair}
    noise = pd.DataFrame({name: rng.standard_normal(4000) for name in names})
    apart, shared = (
        affect_scores(noise, variant)[["arousal", "valence"]].corr().iloc[0, 1] for variant in ("separate", "published")
    )
    assert abs(apart) < 0.06
    assert shared == pytest.approx(1 / 3, abs=0.06)


def test_proxies_within_speakers_forget_who_speaks():
    rng = np.random.default_rng(0)
    names = list({name for pair in PROXIES["published"].values() for name in pair})
    speaker = np.repeat(["a", "b"], 30)
    values = pd.DataFrame(rng.standard_normal((60, len(names))), columns=names)
    moved = values + np.where(speaker == "a", 50, -50)[:, None]
    pd.testing.assert_frame_equal(
        affect_scores(moved, within=speaker), affect_scores(values, within=speaker), check_exact=False, atol=1e-9
    )
    assert affect_scores(moved).groupby(speaker).mean().loc["a", "arousal"] > 0.9
    assert affect_scores(moved * 0 + 1).eq(0).all(axis=None)


def six_sentences():
    names = dict.fromkeys(name for names in PROXIES["published"].values() for name in names)
    return pd.DataFrame(np.random.default_rng(0).standard_normal((6, len(names))), columns=[*names])


@pytest.mark.parametrize("unit", [1e-13, 1e-8, 1e8])
def test_units_of_functionals_do_not_matter(unit):
    plain, scaled = (affect_scores(six_sentences() * a) for a in (1, unit))
    pd.testing.assert_frame_equal(scaled, plain, check_exact=False, rtol=1e-6)
    missing = six_sentences().where(six_sentences() > -1)
    pd.testing.assert_frame_equal(affect_scores(missing), affect_scores(missing.fillna(0)))


def test_descriptors_have_times_in_seconds(voices):
    samples = np.r_[np.zeros(16000), voices["voice2"] / 32768].astype(np.float32)
    values, times, names = descriptors(samples, 16000)
    assert values.shape == (len(times), 25)
    np.testing.assert_allclose(np.diff(times)[:-2], 0.01, atol=1e-9)
    assert 0 < times[0] < 0.02
    assert 2.9 < times[-1] <= 3.0
    loudness = values[:, names.index("Loudness_sma3")]
    assert loudness[times < 0.9].max() < 0.05 < loudness[times > 1.1].mean()


def test_what_the_ablation_takes_out(features):
    table = energy_and_duration(features, np.arange(1, 7))
    assert list(table.columns)[-1] == "log_duration"
    assert "equivalentSoundLevel_dBp" in table
    np.testing.assert_allclose(table["log_duration"], np.log(np.arange(1, 7)))


# ---- tri-modal consistency ----


def latent(seed=None):
    """Three modalities that share one latent series; the reference values' input."""
    rng = np.random.default_rng(TRIMODAL["seed"] if seed is None else seed)
    common = rng.standard_normal((30, 4))
    return [common @ rng.standard_normal((4, k)) + 0.7 * rng.standard_normal((30, k)) for k in (6, 16, 20)]


def test_published_tri_modal_scores():
    sound, brain, model = latent()
    got = tri_modal([(sound, brain, model)], n_permutations=20)
    known, squared = TRIMODAL["published_code"], TRIMODAL["squared"]
    np.testing.assert_allclose(
        got.correlations, [known["r_prosody_eeg"], known["r_llm_eeg"], known["r_prosody_llm"]], atol=1e-10
    )
    np.testing.assert_allclose(got.squared, [squared[k] for k in ("acoustic_eeg", "llm_eeg", "acoustic_llm")])
    expected = [TRIMODAL["product"], TRIMODAL["geometric_mean"], TRIMODAL["minimum"], known["tnc_score"]]
    np.testing.assert_allclose(got.observed, expected, atol=1e-10)


def test_consistent_modalities_beat_every_broken_pair():
    got = tri_modal([latent(seed) for seed in range(3)], n_permutations=99)
    assert (got.p_all.sel(score=["product", "geometric_mean", "minimum"]) == 0.01).all()
    assert got.draws.dims == ("broken", "score", "draw")
    assert got.n == 3
    for broken in PAIRS:
        assert got.draws.sel(broken=broken, score="product").mean() < 0.1 * got.observed.sel(score="product")


def test_failure_signature_of_a_confound():
    """The brain follows the sound with one half of its channels and the model with the other: nothing is shared."""

    def confounded(seed):
        rng = np.random.default_rng(seed)
        a, b = (rng.standard_normal((60, 8)) for _ in range(2))
        return a, np.c_[a, b], b

    got = tri_modal([confounded(seed) for seed in range(6)], "rsa_spearman_euclidean", n_permutations=99)
    pairwise = got.squared
    assert (pairwise.sel(pair=["sound-brain", "brain-model"]) > 0.3).all()
    assert float(got.observed.sel(score="product")) < 0.01
    assert float(got.observed.sel(score="minimum")) < 0.02
    assert float(got.observed.sel(score="mediation")) < 0
    assert float(got.p_all.sel(score="product")) > 0.05
    shared = tri_modal([latent(seed) for seed in range(6)], "rsa_spearman_euclidean", n_permutations=9)
    assert float(shared.observed.sel(score="product")) > 10 * float(got.observed.sel(score="product"))


def test_breaking_one_pair_leaves_the_others_alone():
    sound, brain, model = latent()
    table = np.random.default_rng((0, 0)).permuted(np.tile(np.arange(30), (5, 1)), axis=1)
    got = tri_modal([(sound, brain, model)], n_permutations=5, average="correlations")
    kept = got.correlations.values
    for k, order in enumerate(table):
        broken = similarity(sound[order], brain, "rsa_spearman"), similarity(brain, model[order], "rsa_spearman")
        broken += (similarity(sound[order], model, "rsa_spearman"),)
        for number, (pair, value) in enumerate(zip(PAIRS, broken, strict=True)):
            expected = consistency_scores(np.where(np.arange(3) == number, value, kept))
            np.testing.assert_allclose(got.draws.sel(broken=pair).isel(draw=k), expected, atol=1e-10)


def test_subjects_are_scored_side_by_side():
    items = [latent(seed) for seed in range(2)]
    other = [latent(seed + 10)[1] for seed in range(2)]
    both = [(s, {"x": b, "y": o}, m) for (s, b, m), o in zip(items, other, strict=True)]
    got, alone = tri_modal(both, n_permutations=9), tri_modal(items, n_permutations=9)
    np.testing.assert_allclose(got.observed.sel(subject="x"), alone.observed)
    np.testing.assert_allclose(got.draws.sel(subject="x"), alone.draws)
    assert float(got.observed.sel(subject="y", score="product")) < 0.02


def test_mean_correlations_do_not_square_noise_into_something():
    rng = np.random.default_rng(0)
    noise = [[rng.standard_normal((12, 6)) for _ in range(3)] for _ in range(40)]
    of_scores, of_means = (tri_modal(noise, n_permutations=9, average=way) for way in ("scores", "correlations"))
    minimum = SCORES.index("minimum")
    assert float(of_means.observed[minimum]) < 0.2 * float(of_scores.observed[minimum])


def test_scores_stay_in_their_range():
    rho = np.random.default_rng(0).uniform(-0.7, 0.7, (3, 500))
    product, geometric, least, mediation = consistency_scores(rho)
    assert (product <= least).all()
    assert (least <= geometric + 1e-12).all()
    assert (geometric <= 1).all()
    assert (mediation <= 1).all()
    np.testing.assert_array_equal(consistency_scores(np.zeros((3, 2))), 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functionals({"a": np.zeros(100)}, 16000), "sound 'a' lasts 0.006 s, too short"),
        (lambda: functionals({"a": np.zeros((100, 2))}, 16000), "mono"),
        (lambda: functionals({}, 16000), "no sounds"),
        (lambda: functionals([np.zeros(16000)], 16000), "mapping of names"),
        (lambda: functionals({"a": 1000 * np.ones(16000, dtype="i2")}, 16000), "sound 'a' reaches 1000: give samples"),
        (lambda: functionals({"a": np.zeros(16000)}, 0), "rate must be samples per second"),
        (lambda: descriptors(np.zeros(16000), -5), "rate must be samples per second"),
        (lambda: descriptors(np.full(16000, np.nan), 16000), "finite mono samples"),
        (lambda: affect_scores(six_sentences().astype(str)), "features must be numbers"),
        (lambda: affect_scores(six_sentences() / 0.0), "none infinite"),
        (lambda: affect_scores(six_sentences()[:0]), "at least two of each speaker"),
        (lambda: affect_scores(six_sentences(), within=["a"] * 5), "at least two of each speaker"),
        (lambda: affect_scores(six_sentences(), within=[np.nan] * 3 + [1.0] * 3), "some are missing"),
        (lambda: energy_and_duration(six_sentences(), np.ones(6)), "the features lack equivalentSoundLevel_dBp"),
        (lambda: affect_scores(pd.DataFrame({"x": [1, 2]}), "own"), "unknown variant"),
        (lambda: affect_scores(pd.DataFrame({"x": [1, 2]})), "the features lack"),
        (lambda: affect_scores(pd.DataFrame({"x": [1, 2]}), within=["a", "b"]), "at least two of each speaker"),
        (lambda: tri_modal([latent()], "dcor"), "dependence measure"),
        (lambda: tri_modal([latent()], average="medians"), "unknown average"),
        (lambda: tri_modal([]), "no items"),
        (
            lambda: tri_modal([(np.ones((30, 3)), *latent()[1:])], n_permutations=3),
            "undefined in item 0: sound has no variation across columns",
        ),
        (lambda: tri_modal([(latent()[0][:20], *latent()[1:])]), "share their time points"),
    ],
)
def test_wrong_use_is_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()
