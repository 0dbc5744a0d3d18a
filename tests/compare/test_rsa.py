"""RSA over sounds: published values, plain re-computations, and what each choice of a layer may and may not see."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.io import loadmat
from scipy.stats import spearmanr

from lib.compare import cross_validated_rsa, rsa_layers, sound_rdm
from lib.ground import WrongUse

REFERENCE = Path(__file__).parents[1] / "reference"
KNOWN = json.loads((REFERENCE / "rsa_natsound.json").read_text())


def simulated(n=24, subjects=3, seed=0):
    rng = np.random.default_rng(seed)
    layers = {f"layer{k}": rng.standard_normal((n, d)) for k, d in enumerate((6, 9, 5))}
    signal = layers["layer1"] @ rng.standard_normal((9, 12))
    return (
        layers,
        [signal + 2 * rng.standard_normal((n, 12)) for _ in range(subjects)],
        rng.permutation(np.arange(n) % 4),
    )


def upper(rdm):
    return rdm[np.triu_indices(len(rdm), 1)]


def explicit_choice(layers, response, folds, rule):
    """Both rules cell by cell, on full matrices."""
    brain, model = sound_rdm(response), [sound_rdm(x) for x in layers.values()]
    n = len(brain)
    lent, known = np.zeros((n, n)), np.unique(folds)
    rows, columns = np.triu_indices(n, 1)
    for a in range(len(known)):
        for b in range(a, len(known)):
            in_a, in_b = folds == known[a], folds == known[b]
            if rule == "symmetric":
                out = in_a | in_b
                keep, fill = ~out[:, None] & ~out, (in_a[:, None] & in_b) | (in_b[:, None] & in_a)
            else:
                keep = ~in_a[:, None] & ~in_b
                fill = ~keep
            cells = keep[rows, columns]
            scores = [spearmanr(m[rows, columns][cells], brain[rows, columns][cells]).statistic for m in model]
            lent[fill] = model[int(np.argmax(scores))][fill]
    return spearmanr(upper(lent), upper(brain)).statistic


def test_rdm_is_the_plain_formula():
    x = np.random.default_rng(0).standard_normal((10, 4)) * [1, 10, 100, 0] + 5
    z = (x - x.mean(0)) / (x.std(0) + 1e-10)
    np.testing.assert_allclose(sound_rdm(x), 1 - np.corrcoef(z), atol=1e-12)
    assert (np.diag(sound_rdm(x)) == 0).all()


def test_scores_are_spearman_of_the_rdms():
    layers, responses, _ = simulated()
    result = rsa_layers(layers, responses, n_permutations=99, n_bootstraps=20)
    assert result.rho.dims == ("subject", "layer")
    for s, response in enumerate(responses):
        for name, x in layers.items():
            expected = spearmanr(upper(sound_rdm(x)), upper(sound_rdm(response))).statistic
            assert result.rho.sel(subject=s, layer=name) == pytest.approx(expected, abs=1e-12)
    means = result.rho.mean("subject")
    assert result.best_layer == "layer1"
    assert result.best_rho == pytest.approx(float(means.max()))
    assert result.best_sd == pytest.approx(np.std(result.rho.sel(layer="layer1")))
    assert result.null.p_max.min() == 0.01
    low, high = result.interval.sel(layer="layer1")
    assert 0 < low < result.best_rho < high + 0.2


@pytest.mark.parametrize("rule", ["symmetric", "as_published"])
def test_choice_of_a_layer_cell_by_cell(rule):
    layers, responses, folds = simulated(seed=3)
    rho, share = cross_validated_rsa(layers, responses, folds, rule=rule)
    expected = [explicit_choice(layers, response, folds, rule) for response in responses]
    np.testing.assert_allclose(rho, expected, atol=1e-12)
    np.testing.assert_allclose(share.sum("layer"), 1)


def test_only_the_symmetric_choice_ignores_the_order_of_sounds():
    values = {"symmetric": [], "as_published": []}
    for seed in range(4):
        layers, responses, folds = simulated(seed=seed, subjects=1)
        layers = {k: layers["layer1"][:, k : k + 4] for k in range(5)}  # nearly equal layers: the choice is a close one
        order = np.random.default_rng(seed).permutation(len(folds))
        turned = {name: x[order] for name, x in layers.items()}
        for rule, found in values.items():
            here, _ = cross_validated_rsa(layers, responses, folds, rule=rule)
            there, _ = cross_validated_rsa(turned, [responses[0][order]], folds[order], rule=rule)
            found.append(abs(float(here[0] - there[0])))
    assert max(values["symmetric"]) < 1e-12
    assert max(values["as_published"]) > 1e-4


def test_noise_layers_do_not_gain_from_the_symmetric_choice():
    gains = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        layers, responses = [rng.standard_normal((20, 5)) for _ in range(8)], rng.standard_normal((20, 6))
        chosen, _ = cross_validated_rsa(layers, responses)
        each = [spearmanr(upper(sound_rdm(x)), upper(sound_rdm(responses))).statistic for x in layers]
        gains.append((max(each), float(chosen[0])))
    best, chosen = np.mean(gains, axis=0)
    assert best > 0.08
    assert chosen < 0.03


def test_the_interval_is_that_of_resampled_sounds_without_pairs_of_a_sound_with_itself():
    layers, responses, _ = simulated(n=12, subjects=2)
    layers["layer0"] = layers["layer0"][:, :2]  # rows of two columns correlate +1 or -1: many ties
    found = rsa_layers(layers, responses, n_permutations=1, n_bootstraps=6, seed=5).interval
    drawn = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=6)
    for name, x in layers.items():
        means = []
        for counts in drawn:
            sounds = np.repeat(np.arange(12), counts)
            i, j = np.triu_indices(12, 1)
            apart = sounds[i] != sounds[j]
            cells = sounds[i][apart], sounds[j][apart]
            each = [spearmanr(sound_rdm(x)[cells].round(12), sound_rdm(y)[cells]).statistic for y in responses]
            means.append(np.mean(each))
        np.testing.assert_allclose(found.sel(layer=name), np.quantile(means, [0.025, 0.975]), atol=1e-10)


def test_topline():
    layers, responses, _ = simulated(subjects=4)
    rdms = np.array([upper(sound_rdm(x)) for x in responses])
    expected = [spearmanr(rdms[s], np.delete(rdms, s, axis=0).mean(0)).statistic for s in range(4)]
    few = {"n_permutations": 1, "n_bootstraps": 1}
    assert rsa_layers(layers, responses, **few).topline == pytest.approx(np.mean(expected))
    assert np.isnan(rsa_layers(layers, responses[0], **few).topline)


def assert_same(found, expected):
    for key in ("rho", "cross_validated", "interval"):
        xr.testing.assert_allclose(getattr(found, key), getattr(expected, key), rtol=1e-9)
    xr.testing.assert_allclose(found.null.draws, expected.null.draws, rtol=1e-9)
    xr.testing.assert_identical(found.null.p_max, expected.null.p_max)
    for key in ("best_layer", "best_rho", "best_sd", "topline"):
        assert getattr(found, key) == pytest.approx(getattr(expected, key)), key


def without_rdm(kind, like):
    """Series that have no RDM: constant, constant but for rounding, or one sound is the mean of all others."""
    if kind == "constant":
        return np.full_like(like, 0.1)
    if kind == "rounding":
        return 1e3 + 1e-14 * like
    return np.where(np.arange(len(like))[:, None] == 3, np.delete(like, 3, axis=0).mean(axis=0), like)


@pytest.mark.parametrize("kind", ["constant", "rounding", "mean sound"])
def test_what_has_no_rdm_is_left_out_of_everything_and_named(kind):
    layers, responses, folds = simulated(subjects=3)
    named = dict(zip("abc", responses, strict=True))
    how = {"folds": folds, "n_permutations": 19, "n_bootstraps": 10}
    expected = rsa_layers(layers, named, **how)
    flat_layers = {"dead": without_rdm(kind, layers["layer0"]), **layers}
    flat_named = {**named, "asleep": without_rdm(kind, responses[0])}
    with pytest.warns(UserWarning, match=r"left out of the RSA: layer dead .*; subject asleep "):
        found = rsa_layers(flat_layers, flat_named, **how)
    assert_same(found, expected)
    assert [one.split(" has ")[0] for one in found.left_out] == ["layer dead", "subject asleep"]
    assert expected.left_out == ()
    with pytest.warns(UserWarning, match="left out"):
        rho, share = cross_validated_rsa(flat_layers, flat_named, folds)
    xr.testing.assert_allclose(rho, expected.cross_validated)
    assert share.layer.values.tolist() == list(layers)


@pytest.mark.parametrize("factor", [1e-12, 1e-8, 1e8])
def test_a_common_factor_does_not_matter(factor):
    layers, responses, folds = simulated(subjects=2)
    layers["layer0"] = layers["layer0"] * [1, 1e-2, 1, 1e-3, 1, 1]
    how = {"folds": folds, "n_permutations": 9, "n_bootstraps": 5}
    changed = {name: x * factor for name, x in layers.items()}
    assert_same(rsa_layers(changed, [y * factor for y in responses], **how), rsa_layers(layers, responses, **how))


def test_nothing_with_an_rdm_is_an_error():
    layers, responses, _ = simulated()
    with pytest.raises(
        ValueError, match=r"nothing to compare: subject 0 has no variation across columns at sound 0.*; subject 1"
    ):
        rsa_layers(layers, [np.ones_like(y) for y in responses])
    with pytest.raises(ValueError, match="nothing to compare: layer 0"):
        cross_validated_rsa([np.zeros((24, 3))], responses)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folds": np.zeros(23)}, "one label for each of 24 sounds"),
        ({"folds": np.arange(24) % 2}, "need 3 folds, got 2"),
        ({"rule": "best"}, "unknown rule 'best'"),
        ({"responses": np.full((24, 2), np.nan)}, "responses holds 48 NaN"),
        ({"responses": np.ones((20, 2))}, "response 0 has 20"),
    ],
)
def test_wrong_use(change, words):
    layers, responses, folds = simulated()
    error = WrongUse if "rule" in change else ValueError
    with pytest.raises(error, match=words):
        cross_validated_rsa(**{"layers": layers, "responses": responses, "folds": folds, **change})


@pytest.fixture(scope="module")
def natsound():
    if "ALIKE_DATA" not in os.environ:
        pytest.skip("ALIKE_DATA names no recordings")
    path = Path(os.environ["ALIKE_DATA"]) / "natsound165-neuron2015" / "data" / "components.mat"
    components = loadmat(path, squeeze_me=True)
    features = np.load(REFERENCE / "encoding_features.npz")
    bands, modulation = features["bands"], features["modulation"]
    layers = {
        "bands": bands,
        "modulation": modulation,
        "bands_and_modulation": np.c_[bands, modulation],
        "first_half_of_bands": bands[:, :16],
        **{f"modulation_third_{q}": modulation[:, q::3] for q in range(3)},
        "modulation_even": modulation[:, 0::2],
        "modulation_odd": modulation[:, 1::2],
    }
    numbers = [int(re.match(r"stim(\d+)", str(name)).group(1)) for name in components["stim_names"]]
    return layers, components["R"] @ components["W"][:, ::37], np.argsort(numbers)


@pytest.mark.real
def test_published_rdm_and_layers(natsound):
    layers, voxels, _ = natsound
    rdm = upper(sound_rdm(voxels[:, :300]))
    assert rdm.sum() == pytest.approx(KNOWN["rdm_upper_sum"], abs=1e-8)
    np.testing.assert_allclose(rdm[:3], KNOWN["rdm_upper_first3"], atol=1e-10)
    result = rsa_layers(layers, voxels, n_permutations=19, n_bootstraps=10)
    for name, rho in KNOWN["per_layer"].items():
        assert result.rho.sel(layer=name).item() == pytest.approx(rho, abs=1e-10), name
    assert result.best_layer == "bands_and_modulation"


@pytest.mark.real
@pytest.mark.parametrize(
    "known", KNOWN["cross_validated"], ids=lambda k: f"{len(k['layers'])}-{k['folds']}-{k['row_order']}"
)
def test_published_choice_of_a_layer(natsound, known):
    layers, voxels, by_number = natsound
    order = by_number if known["row_order"] == "stimulus_number" else np.arange(165)
    folds = {
        "paper_numeric_order": np.array([int(digit) for digit in KNOWN["folds"]["paper_numeric_order"]]),
        "mod5": np.arange(165) % 5,
        "block33": np.arange(165) // 33,
    }[known["folds"]]
    some = {name: layers[name][order] for name in known["layers"]}
    published, share = cross_validated_rsa(some, voxels[order], folds[order], rule="as_published")
    symmetric, _ = cross_validated_rsa(some, voxels[order], folds[order])
    assert published.item() == pytest.approx(known["rho_as_published"], abs=1e-10)
    assert symmetric.item() == pytest.approx(known["rho_symmetric_blocks"], abs=1e-10)
    cells = {name: round(float(share.sel(layer=name).item()) * 13530) for name in some}
    assert cells == known["upper_cells_per_layer_as_published"]
