"""The nulls: equal to a draw-by-draw computation, paired, reproducible, and independent of how they are computed."""

import contextlib
import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lib.compare import MEASURES, VARIANTS, averaged, permutation_null, sentence_null, similarity
from lib.compare.similarity import reorder
from lib.compare.similarity.tables import joint_table, reordering_table
from lib.ground import WrongUse
from tests.compare.test_measures import CASES, inputs

NAMES = [*MEASURES, *VARIANTS]


def simulated(n_times=15, widths=(4, 4, 7), channels=5, subjects=None, seed=0):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n_times, 2))
    layers = [common @ rng.standard_normal((2, d)) + rng.standard_normal((n_times, d)) for d in widths]
    shape = (n_times, channels) if subjects is None else (subjects, n_times, channels)
    return layers, common @ rng.standard_normal((2, channels)) + rng.standard_normal(shape)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@example(4, [2], 1, 3, 899)
@given(
    st.integers(4, 14),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(0, 10**6),
)
def test_equal_to_scoring_reordered_layers(name, n_times, widths, subjects, channels, seed):
    rng = np.random.default_rng(seed)
    layers = [rng.standard_normal((n_times, d)) for d in widths]
    responses = rng.standard_normal((subjects, n_times, channels))
    table = rng.permuted(np.tile(np.arange(n_times), (4, 1)), axis=1)
    assume(n_times > 4 or "debiased" not in name)  # U-centring leaves two numbers of four points
    expected = np.full((subjects, len(layers), 4), np.nan)
    for s, layer, k in np.ndindex(expected.shape):
        with contextlib.suppress(ValueError):
            expected[s, layer, k] = similarity(layers[layer][table[k]], responses[s], name)
    if np.isnan(expected).all():  # few points of two columns: all of them may be equally far apart
        with pytest.raises(ValueError, match="nothing to compare"):
            permutation_null(layers, responses, [name], table=table)
    else:
        null = permutation_null(layers, responses, [name], table=table)
        np.testing.assert_allclose(null.draws[0], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", [case for case in CASES.values() if "null" in case], ids=lambda case: case["case"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_reference_nulls(case, precision):
    x, y = inputs(case)
    assert hashlib.sha256(reordering_table(case["T"], 500).astype("<i8").tobytes()).hexdigest() == case["table_sha256"]
    null = permutation_null([y], x, list(case["null"]), seed=0, precision=precision)
    close = 1e-12 if precision == "double" else 1e-6
    for name, expected in case["null"].items():
        ours = null.to_frame().set_index("measure").loc[name]
        assert ours.null_mean == pytest.approx(expected["mean"], abs=close), name
        assert ours.null_sd == pytest.approx(expected["sd"], abs=close), name
        assert ours.z == pytest.approx(expected["z"], abs=1e4 * close), name
        assert ours.p == pytest.approx(expected["p"], abs=1e-14), name
        assert ours.p_max == ours.p
        np.testing.assert_allclose(null.draws.sel(measure=name)[0, :5], expected["first5"], rtol=0, atol=close)


def test_the_record():
    layers, responses = simulated(subjects=2)
    null = permutation_null(dict(zip("abc", layers, strict=True)), responses, ["dcor", "mi"], n_permutations=39)
    assert null.observed.dims == ("measure", "subject", "layer")
    assert null.draws.dims == ("measure", "subject", "layer", "draw")
    assert null.n_permutations == 39
    assert null.p.layer.values.tolist() == ["a", "b", "c"]
    draws, observed = null.draws.values, null.observed.values
    np.testing.assert_allclose(null.p, ((draws >= observed[..., None]).sum(-1) + 1) / 40)
    largest = draws.max(2, keepdims=True)
    np.testing.assert_allclose(null.p_max, ((largest >= observed[..., None]).sum(-1) + 1) / 40)
    np.testing.assert_allclose(null.z, (observed - draws.mean(-1)) / draws.std(-1, ddof=1))
    assert (null.p_max >= null.p).all()
    frame = null.to_frame()
    assert len(frame) == 2 * 2 * 3
    assert {"measure", "subject", "layer", "value", "null_mean", "null_sd", "z", "p", "p_max"} <= set(frame.columns)


def test_observed_is_the_similarity():
    layers, responses = simulated()
    null = permutation_null(layers, responses, NAMES, n_permutations=2)
    assert null.observed.dims == ("measure", "layer")
    for name in NAMES:
        for k, layer in enumerate(layers):
            assert null.observed.sel(measure=name, layer=k) == pytest.approx(
                similarity(layer, responses, name), abs=1e-12
            )


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("channels", [1, 6])
def test_a_draw_that_changes_nothing_counts(precision, channels):
    layers, responses = simulated(channels=channels, widths=(1, 3))
    table = np.tile(np.arange(15), (7, 1))
    null = permutation_null(layers, responses, NAMES, table=table, precision=precision)
    assert (null.p == 1).all()
    assert null.z.isnull().all()
    assert null.scheme == "table"


@pytest.mark.parametrize("subjects", [1, 5])  # fewer than layers: responses are gathered; more: layers are
def test_side_blocks_and_threads_change_nothing(subjects, monkeypatch):
    layers, responses = simulated(subjects=subjects)
    reference = permutation_null(layers, responses, NAMES, n_permutations=25)
    monkeypatch.setattr(reorder, "ROOM", 300)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            again = permutation_null(layers, responses, NAMES, n_permutations=25)
            xr.testing.assert_allclose(again.draws, reference.draws, rtol=0, atol=1e-12)
            xr.testing.assert_identical(again.p, reference.p)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("seed", range(3))
def test_single_precision_changes_no_p(seed):
    layers, responses = simulated(n_times=9, widths=(1, 2, 6), channels=1, subjects=2, seed=seed)
    double, single = (
        permutation_null(layers, np.round(responses, 1), NAMES, n_permutations=200, precision=p)
        for p in ("double", "single")
    )
    xr.testing.assert_allclose(single.draws, double.draws, rtol=0, atol=1e-5)
    xr.testing.assert_identical(single.p, double.p)
    xr.testing.assert_allclose(single.observed, double.observed, rtol=0, atol=1e-14)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_equals_processor():
    layers, responses = simulated(n_times=60, widths=(20, 20, 8), channels=30, subjects=3)
    here, there = (permutation_null(layers, responses, NAMES, device=device) for device in ("cpu", "cuda"))
    xr.testing.assert_allclose(there.draws, here.draws, rtol=0, atol=1e-5)
    xr.testing.assert_identical(there.p, here.p)


def test_adding_measures_layers_or_subjects_changes_no_draw():
    layers, responses = simulated(subjects=3)
    every = permutation_null(layers, responses, n_permutations=20)
    part = permutation_null(layers[1:2], responses[2], ["rsa_kendall", "cka_rbf"], n_permutations=20)
    expected = every.draws.sel(measure=["rsa_kendall", "cka_rbf"]).isel(subject=2, layer=[1])
    np.testing.assert_allclose(part.draws, expected, rtol=0, atol=1e-13)


def test_rv_and_linear_cka_have_one_null():
    layers, responses = simulated()
    null = permutation_null(layers, responses, ["rv", "cka_linear"], n_permutations=20)
    np.testing.assert_array_equal(null.draws[0], null.draws[1])


def test_subjects_by_name_may_differ_in_channels():
    layers, responses = simulated(subjects=2)
    named = permutation_null(layers, {"s1": responses[0], "s2": responses[1][:, :2]}, ["mi"], n_permutations=5)
    assert named.observed.subject.values.tolist() == ["s1", "s2"]
    alone = permutation_null(layers, responses[1][:, :2], ["mi"], n_permutations=5)
    np.testing.assert_allclose(named.draws.sel(subject="s2"), alone.draws)
    labelled = xr.DataArray(responses, {"subject": ["s1", "s2"]}, ("subject", "time", "channel"))
    assert permutation_null(layers, labelled, ["mi"], n_permutations=5).p.subject.values.tolist() == ["s1", "s2"]


def test_tables():
    table = reordering_table(9, 50, seed=3)
    assert (np.sort(table, 1) == np.arange(9)).all()
    np.testing.assert_array_equal(table, reordering_table(9, 50, seed=3))
    some = reordering_table(30, 10, scheme="shift", seed=1)
    assert len({row[0] for row in some}) == 10
    assert (some[:, 0] != 0).all()
    np.testing.assert_array_equal(np.diff(some, axis=1) % 30, 1)
    np.testing.assert_array_equal(reordering_table(6, 500, scheme="shift")[:, 0], [1, 2, 3, 4, 5])
    joint = joint_table(6, 500, scheme="shift", seed=0)
    assert joint.shape == (500, 6)
    assert set(joint[:, 0]) == set(range(6))


def test_shift_enumerates_all_rotations():
    layers, responses = simulated(n_times=12)
    null = permutation_null(layers, responses, ["dcor"], scheme="shift", n_permutations=500)
    assert null.n_permutations == 11
    rolled = [similarity(np.roll(layers[0], -shift, axis=0), responses, "dcor") for shift in range(1, 12)]
    np.testing.assert_allclose(null.draws[0, 0], rolled)


def test_what_is_undefined_is_nan_with_its_reason():
    layers, responses = simulated(subjects=2)
    layers[1] = np.zeros_like(layers[1])
    responses[1, :, 3] = 5.0
    null = permutation_null(layers, responses, ["rsa_kendall", "dcor", "mi"], n_permutations=9)
    assert null.observed.sel(layer=1).isnull().all()
    assert null.p.sel(layer=1).isnull().all()
    assert null.p.sel(measure="mi", subject=1).isnull().all()
    assert null.p_max.sel(measure="dcor", layer=[0, 2]).notnull().all()
    assert any("mi is undefined: response 1 is constant in column 3" in note for note in null.notes)
    assert any(note == "dcor is undefined: layer 1 has all time points equally far apart" for note in null.notes)
    without = permutation_null([layers[0], layers[2]], responses, ["dcor"], n_permutations=9)
    np.testing.assert_allclose(null.p_max.sel(measure="dcor", layer=[0, 2]), without.p_max[0])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"layers": []}, ValueError, "no layers"),
        ({"layers": [np.full((15, 2), np.nan)]}, ValueError, "layer 0 holds 30 NaN"),
        ({"layers": [np.zeros((15, 2))]}, ValueError, "nothing to compare: .*layer 0"),
        ({"layers": [np.zeros((14, 2))]}, ValueError, "layer 0 has 14, response 0 has 15"),
        ({"responses": {}}, ValueError, "no responses"),
        ({"measures": ["dcor", "rsa"]}, WrongUse, "unknown measure 'rsa'"),
        ({"measures": ["dcor", "dcor"]}, WrongUse, "each once"),
        ({"measures": []}, WrongUse, "must be named"),
        ({"scheme": "roll"}, WrongUse, "unknown scheme 'roll'.*shift, shuffle"),
        ({"precision": "half"}, WrongUse, "unknown precision"),
        ({"n_permutations": 0}, ValueError, "at least 1 permutation"),
        ({"table": np.zeros((3, 15), int)}, ValueError, r"row 0 is no permutation of 0..14 \(3 such rows\)"),
        ({"table": np.zeros((3, 15))}, ValueError, "must be ints"),
        ({"table": np.arange(14)[None]}, ValueError, r"\(draw, 15\)"),
    ],
)
def test_wrong_use(change, error, words):
    layers, responses = simulated()
    with pytest.raises(error, match=words):
        permutation_null(**{"layers": layers, "responses": responses, **change})


def sentences(lengths=(8, 15, 11), subjects=2):
    return [simulated(n_times=n, subjects=subjects, seed=n) for n in lengths]


@pytest.mark.parametrize("scheme", ["shuffle", "shift"])
def test_sentences_average_draw_by_draw(scheme):
    items = sentences()
    null = sentence_null(iter(items), ["rsa_spearman", "mi"], n_permutations=30, scheme=scheme, seed=4)
    tables = [joint_table(x[0].shape[0], 30, scheme=scheme, seed=(4, k)) for k, (x, _) in enumerate(items)]
    each = [permutation_null(*item, ["rsa_spearman", "mi"], table=t) for item, t in zip(items, tables, strict=True)]
    np.testing.assert_allclose(null.draws, np.mean([one.draws for one in each], axis=0), atol=1e-12)
    np.testing.assert_allclose(null.observed, np.mean([one.observed for one in each], axis=0), atol=1e-12)
    assert (null.items == 3).all()
    assert null.n_permutations == 30


def test_a_subject_or_a_measure_may_be_missing_from_a_sentence():
    (x0, y0), (x1, y1), _ = sentences()
    y1[1, :, 0] = 1.0
    items = [(x0, {"a": y0[0], "b": y0[1]}), (x1, {"b": y1[1]})]
    null = sentence_null(items, ["mi", "dcor"], n_permutations=6)
    assert null.items.sel(measure="mi", subject="b", layer=0) == 1
    assert null.items.sel(measure="dcor", subject="b", layer=0) == 2
    assert null.items.sel(subject="a").max() == 1
    assert null.notes == ("item 1: mi is undefined: response b is constant in column 0",)
    first = permutation_null(*items[0], ["mi"], table=joint_table(8, 6, scheme="shuffle", seed=(0, 0)))
    np.testing.assert_allclose(null.draws.sel(measure="mi"), first.draws.sel(measure="mi"), atol=1e-12)


def test_sentences_must_share_their_layers():
    (x0, y0), (x1, y1), _ = sentences()
    with pytest.raises(ValueError, match=r"item 1 has layers \[0, 1\], those before it \[0, 1, 2\]"):
        sentence_null([(x0, y0), (x1[:2], y1)], ["dcor"], n_permutations=2)
    with pytest.raises(ValueError, match="no items"):
        sentence_null([], ["dcor"])


def test_group_null():
    layers, responses = simulated(subjects=4)
    null = permutation_null(layers, responses, ["dcor"], n_permutations=19)
    group = averaged(null)
    np.testing.assert_allclose(group.draws, null.draws.mean("subject"))
    counts = (group.draws >= group.observed).sum("draw")
    np.testing.assert_allclose(group.p, (counts + 1) / 20)
    with pytest.raises(WrongUse, match="no dimension 'subject'"):
        averaged(group)


def test_a_planted_layer_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((60, 5)) for _ in range(6)]
    responses = layers[3] @ rng.standard_normal((5, 8)) + 0.5 * rng.standard_normal((60, 8))
    null = permutation_null(layers, responses, n_permutations=199)
    assert (null.z.argmax("layer") == 3).all()
    assert (null.p_max.sel(layer=3) == 1 / 200).all()
    assert (null.p_max.drop_sel(layer=3) > 0.05).all()


def test_light_imports():
    heavy = ("dcor", "rsatoolbox", "mne", "transformers", "opensmile", "numba", "torch", "sklearn", "himalaya")
    modules = "lib.compare.similarity.measures, lib.compare.similarity.nulls"
    code = f"import sys, {modules}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("n_times", [6, 25])
def test_the_order_as_it_is_has_no_part_in_what_chance_gives(n_times):
    layers, responses = simulated(n_times=n_times, subjects=2)
    found = sentence_null([(layers, responses)], ["dcor"], n_permutations=400, scheme="shift")
    every = permutation_null(layers, responses, ["dcor"], n_permutations=n_times, scheme="shift")
    assert every.n_permutations == n_times - 1
    assert (found.draws == found.observed).any("draw").all()  # it is drawn, for p to be exact
    np.testing.assert_allclose(found.null_mean, every.null_mean, atol=0.02)
    moved = found.draws.where(abs(found.draws - found.observed) > 1e-9).mean("draw")
    np.testing.assert_allclose(found.null_mean, moved, atol=1e-9)
