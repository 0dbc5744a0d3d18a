"""The loader of natsound165: on the real files where they are, and on nine sounds in the same layout always."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import ground
from lib.recordings import COMPONENTS, card, load
from lib.recordings.cards import published_fingerprint, registry
from lib.recordings.public import natsound

COUNTS = {"Mechanical": 39, "EnvSound": 27, "Music": 24, "HumNonVoc": 15, "HumVoc": 13, "Song": 11}
COUNTS |= {"EngSpeech": 10, "AniVoc": 10, "ForSpeech": 7, "AniNonVoc": 5, "Nature": 4}
PUBLISHED = json.loads((Path(__file__).parents[1] / "reference" / "natsound165.json").read_text())


def open_tiny(tiny):
    return natsound.open_folder(tiny.folder, tiny.facts, tiny.files)


def test_tiny_set_in_the_same_layout(tiny):
    heard = open_tiny(tiny)
    assert list(heard.components.sound.values) == list(heard.stimuli.index)
    assert heard.components.dims == ("sound", "component")
    assert heard.weights.shape == (6, 7)
    samples, rate = heard.audio("stim7_thing_7")
    assert samples.dtype == np.float32
    assert samples.shape == (400,)
    assert rate == 8000
    assert np.abs(samples).max() <= 9000 / 32768
    responses = heard.responses("group")
    assert responses.dims == ("sound", "voxel", "scan")
    np.testing.assert_allclose(responses.values[..., 0], heard.components.values @ heard.weights.values)


def test_surface_is_labelled_and_holds_nan_where_nothing_was_measured(tiny):
    maps = open_tiny(tiny).surface("pitch", "s1")
    assert set(maps) == {"left", "right"}
    assert np.isnan(maps["left"].values[:3]).all()
    np.testing.assert_array_equal(maps["right"].values[3:], np.arange(3, 20) + 4)
    assert maps["left"].attrs["units"] == "signed -log10 p"


def test_folds_follow_the_numbers_of_the_stimuli():
    names = ["stim28_a", "stim3_b", "stim136_c", "stim7_d"]
    np.testing.assert_array_equal(natsound.numeric_order_folds(names, "0123"), [2, 0, 3, 1])
    with pytest.raises(ground.DamagedData, match="one digit per sound"):
        natsound.numeric_order_folds(names, "012")


def test_missing_wav_is_named_with_the_remedy(tiny):
    (tiny.folder / "stimuli/wav/stim7_thing_7.wav").unlink()
    with pytest.raises(ground.MissingData, match=r"stim7_thing_7\.wav.*sha256.*alike data fetch .*ALIKE_DATA"):
        open_tiny(tiny)


def test_truncated_wav_is_noticed_when_loading(tiny):
    path = tiny.folder / "stimuli/wav/stim7_thing_7.wav"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ground.DamagedData, match=r"stim7_thing_7\.wav.*400 samples"):
        open_tiny(tiny)


def test_altered_wav_is_noticed_when_heard(tiny):
    path = tiny.folder / "stimuli/wav/stim7_thing_7.wav"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    heard = open_tiny(tiny)
    heard.audio("stim3_thing_3")
    with pytest.raises(ground.DamagedData, match=r"stim7_thing_7\.wav.*sha256"):
        heard.audio("stim7_thing_7")


@pytest.mark.parametrize("file", ["data/components.mat", "stimuli/category_labels.csv"])
def test_altered_table_is_noticed_when_loading(tiny, file):
    (tiny.folder / file).write_bytes((tiny.folder / file).read_bytes() + b"\n")
    with pytest.raises(ground.DamagedData, match="sha256"):
        open_tiny(tiny)


def test_labels_written_down_twice_must_agree(tiny):
    path = tiny.folder / "stimuli/category_labels.csv"
    path.write_text(path.read_text().replace("stim7_thing_7,Music", "stim7_thing_7,Nature"))
    tiny.files["stimuli/category_labels.csv"] = ground.sha256(path)
    with pytest.raises(ground.DamagedData, match="stim7_thing_7"):
        open_tiny(tiny)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [("voxels", 8, "W finite"), ("categories", {"Music": 9}, "categories"), ("samples", 401, "401 samples")],
)
def test_sizes_of_the_card_are_enforced(tiny, key, value, what):
    tiny.facts[key] = value
    with pytest.raises(ground.DamagedData, match=what):
        open_tiny(tiny)


@pytest.mark.parametrize("spoil", [lambda r: r[:, [0, 1, 2, 3, 4, 4]], lambda r: np.where(r > 1, np.nan, r)])
def test_rank_and_finiteness_are_enforced(tiny, spoil):
    from scipy.io import loadmat, savemat

    path = tiny.folder / "data/components.mat"
    content = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
    savemat(path, content | {"R": spoil(content["R"])})
    tiny.files["data/components.mat"] = ground.sha256(path)
    with pytest.raises(ground.DamagedData, match="R finite, of shape"):
        open_tiny(tiny)


def test_vertices_of_the_card_are_enforced(tiny):
    tiny.facts["vertices"] = 21
    with pytest.raises(ground.DamagedData, match="21 vertices"):
        open_tiny(tiny).surface("speech")


def test_unknown_names_are_wrong_use(tiny):
    heard = open_tiny(tiny)
    for call in (
        lambda: heard.audio("stim7_thing_8"),
        lambda: heard.responses("s1"),
        lambda: heard.surface("sp\u00e9ech"),
        lambda: heard.surface("speech", "s2"),
        lambda: heard.surface("speech", mesh="fsaverage6"),
    ):
        with pytest.raises(ground.WrongUse, match="natsound165"):
            call()


def test_registry_covers_what_the_card_promises():
    files, facts = registry("natsound165"), card("natsound165")
    assert sum(file.endswith(".wav") for file in files) == sum(facts["categories"].values()) == 165
    maps = {f"{subject}/{h}h.comp{k}.mgz" for subject in facts["surface_subjects"] for h in "lr" for k in range(1, 7)}
    assert {"/".join(file.split("/")[2:]) for file in files if file.endswith(".mgz")} == maps
    assert all(len(digest) == 64 for digest in files.values())


def test_published_folds_are_33_sounds_each():
    digits = card("natsound165")["folds"]
    assert {digit: digits.count(digit) for digit in "01234"} == dict.fromkeys("01234", 33)


def test_an_explicit_root_is_the_only_place_looked_at(tmp_path):
    with pytest.raises(ground.MissingData, match=str(tmp_path)):
        load("natsound165", root=tmp_path)


@pytest.mark.real
def test_real_sizes_names_and_categories(natural):
    assert natural.stimuli["category"].value_counts().to_dict() == COUNTS
    assert natural.components.shape == (165, 6)
    assert tuple(natural.components.component.values) == COMPONENTS
    assert natural.weights.shape == (6, 11065)
    assert list(natural.components.sound.values) == list(natural.stimuli.index)
    assert natural.fingerprint == published_fingerprint("natsound165")
    assert not natural.simulated


@pytest.mark.real
def test_real_responses_are_of_rank_six(natural):
    responses = natural.responses("group")
    assert responses.shape == (165, 11065, 1)
    singular = np.linalg.svd(responses.values[..., 0], compute_uv=False)
    assert singular[5] > 1e-3 * singular[0]
    assert singular[6] < 1e-12 * singular[0]


@pytest.mark.real
def test_real_sounds(natural):
    for name in natural.stimuli.index[::10]:
        samples, rate = natural.audio(name)
        assert samples.shape == (88200,)
        assert rate == 44100
        assert np.abs(samples).max() <= 1
        assert samples.std() > 1e-4


@pytest.mark.real
def test_real_folds_are_the_published_ones_and_stratified(natural):
    assert "".join(map(str, natural.folds)) == PUBLISHED["folds"]
    table = pd.crosstab(natural.stimuli["category"], natural.folds)
    assert (table.max(axis=1) - table.min(axis=1)).max() <= 2


@pytest.mark.real
def test_real_dissimilarities_match_the_papers_code(natural):
    voxels = natural.responses("group").values[:, ::37, 0]
    z = (voxels - voxels.mean(0)) / (voxels.std(0) + 1e-10)
    upper = (1 - np.corrcoef(z))[np.triu_indices(165, 1)]
    assert voxels.shape[1] == 300
    np.testing.assert_allclose(upper[:3], PUBLISHED["rdm_first"], rtol=1e-9)
    np.testing.assert_allclose(upper.sum(), PUBLISHED["rdm_sum"], rtol=1e-10)


@pytest.mark.real
@pytest.mark.parametrize("subject", ["group", "s1", "s10"])
def test_real_surfaces(natural, subject):
    for component in COMPONENTS:
        full, coarse = natural.surface(component, subject), natural.surface(component, subject, mesh="fsaverage5")
        for side in ("left", "right"):
            assert full[side].shape == (163_842,)
            np.testing.assert_array_equal(coarse[side], full[side][:10_242])
            assert 5_000 < np.isfinite(full[side]).sum() < 30_000


@pytest.mark.real
def test_first_vertices_of_fsaverage_are_those_of_fsaverage5(natural):
    """The labels carry white-surface coordinates: they must lie where nilearn's fsaverage5 has the same vertex."""
    from nilearn.datasets import load_fsaverage

    from lib.recordings.files import found

    mesh = load_fsaverage("fsaverage5")["white_matter"]
    for side, prefix in (("left", "lh"), ("right", "rh")):
        labels = sorted(found("natsound165").glob(f"data/component-clusters-top10/{prefix}.*.label"))
        rows = np.vstack([np.loadtxt(label, skiprows=2) for label in labels])
        rows = rows[rows[:, 0] < 10_242]
        distance = np.linalg.norm(mesh.parts[side].coordinates[rows[:, 0].astype(int)] - rows[:, 1:4], axis=1)
        assert len(rows) > 300
        assert np.median(distance) < 1.5  # mm; vertices are 3 to 4 mm apart
