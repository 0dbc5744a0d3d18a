"""The simulated listeners: labels, reliability, switches, and the truth that an analysis can find again."""

import numpy as np
import pytest

from lib import ground
from lib.recordings import COMPONENTS, load
from lib.recordings.pocket.brains.truth import truth


def pairwise(responses):
    """Correlation of each voxel's profile between two scans, averaged over the pairs of scans."""
    x = responses.values - responses.values.mean(axis=0)
    x = x / np.sqrt((x**2).sum(axis=0))
    return np.mean([(x[..., i] * x[..., j]).sum(axis=0) for i, j in ((0, 1), (0, 2), (1, 2))], axis=0)


def reliability(recording):
    """Spearman-Brown corrected reliability of the mean of three scans, all voxels of all listeners."""
    r = np.concatenate([pairwise(recording.responses(subject)) for subject in recording.subjects])
    return 3 * r / (1 + 2 * r)


@pytest.fixture(scope="module")
def planted(pocket_root, monkeypatch_module):
    monkeypatch_module.setenv("ALIKE_CACHE", str(pocket_root))
    return truth()


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def variant(pocket_root, **options):
    return load("pocket-sounds", root=pocket_root, **options)


def test_labels(pocket):
    assert pocket.simulated
    assert "simulated" in pocket.title
    assert len(pocket.subjects) >= 4
    sizes = []
    for subject in pocket.subjects:
        responses = pocket.responses(subject)
        assert responses.dims == ("sound", "voxel", "scan")
        assert list(responses.sound.values) == list(pocket.stimuli.index)
        assert responses.attrs["units"] == "percent signal change"
        assert responses.attrs["simulated"]
        assert set(responses.region.values) == {"primary", "lateral", "posterior", "anterior"}
        assert set(responses.hemisphere.values) == {"left", "right"}
        assert responses.vertex.values.max() < 10_242
        assert np.isfinite(responses).all()
        sizes.append(responses.sizes["voxel"])
    assert min(sizes) >= 150
    assert 1500 <= sum(sizes) <= 2500
    assert pocket.weights.sizes["voxel"] == sum(sizes)
    assert tuple(pocket.components.component.values) == COMPONENTS


def test_regions_lie_where_they_should(pocket):
    """Median positions: lateral is furthest out, anterior before primary before posterior."""
    where = pocket.responses("sim1")[0, :, 0].to_dataframe()
    middle = where.assign(out=where["x"].abs()).groupby("region")[["out", "y", "z"]].median()
    assert middle["out"].idxmax() == "lateral"
    assert middle.loc["anterior", "y"] > middle.loc["primary", "y"] > middle.loc["posterior", "y"]
    assert middle["z"].idxmax() == "posterior"
    assert (where["z"] < 35).all()


def test_folds_are_stratified(pocket):
    assert np.bincount(pocket.folds).tolist() == [33] * 5
    for category in set(pocket.stimuli["category"]):
        counts = np.bincount(pocket.folds[pocket.stimuli["category"] == category], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_reliability_is_realistic_and_as_planted(pocket, planted):
    measured, expected = reliability(pocket), planted.reliability().values
    assert 0.4 < np.median(measured) < 0.8
    assert np.subtract(*np.percentile(measured, [90, 10])) > 0.4
    assert np.corrcoef(measured, expected)[0, 1] > 0.95
    assert np.median(measured) == pytest.approx(np.median(expected), abs=0.03)


def test_snr_switch(pocket, pocket_root):
    silent = variant(pocket_root, snr=0.0)
    r = np.concatenate([pairwise(silent.responses(subject)) for subject in silent.subjects])
    assert abs(r.mean()) < 0.02  # voxels share no noise, so the mean of 1,880 is near 0
    assert r.std() == pytest.approx(1 / np.sqrt(3 * 164), rel=0.2)
    medians = [np.median(reliability(variant(pocket_root, snr=snr))) for snr in (0.5, 2.0)]
    assert medians[0] < np.median(reliability(pocket)) < medians[1]


@pytest.mark.parametrize("component", ["music", "speech", "lowfreq"])
def test_switching_one_effect_off(pocket, pocket_root, planted, component):
    without = variant(pocket_root, without=(component,))
    driven = planted.gains.sel(component=component).values > 0.3
    assert driven.sum() > 30

    def drive(recording):
        responses = np.concatenate([recording.responses(s).mean("scan").values.T for s in recording.subjects])[driven]
        profiles = np.column_stack([planted.profiles.values, np.ones(165)])
        return np.linalg.lstsq(profiles, responses.T, rcond=None)[0][COMPONENTS.index(component)]

    assert np.median(drive(pocket)) > 0.3
    assert abs(np.median(drive(without))) < 0.02
    others = [name for name in COMPONENTS if name != component]
    np.testing.assert_array_equal(without.components.sel(component=others), pocket.components.sel(component=others))
    r = np.corrcoef(without.components.sel(component=component), planted.profiles.sel(component=component))[0, 1]
    assert abs(r) < 0.3


def test_truth_recovers(pocket, planted):
    """Regression on the planted profiles finds the planted gains, and explains what is reliable and no more."""
    responses = np.concatenate([pocket.responses(s).mean("scan").values.T for s in pocket.subjects]).T  # sound, voxel
    design = np.column_stack([planted.profiles.values, np.ones(165)])
    solution, *_ = np.linalg.lstsq(design, responses, rcond=None)
    for k, component in enumerate(COMPONENTS):
        gain = planted.gains.sel(component=component).values
        assert np.corrcoef(solution[k], gain)[0, 1] > 0.9
    total = ((responses - responses.mean(axis=0)) ** 2).sum(axis=0)
    explained = 1 - ((responses - design @ solution) ** 2).sum(axis=0) / total
    assert np.corrcoef(explained, planted.reliability().values)[0, 1] > 0.95
    wrong = np.column_stack([planted.profiles.values[np.random.default_rng(0).permutation(165)], np.ones(165)])
    fitted = wrong @ np.linalg.lstsq(wrong, responses, rcond=None)[0]
    by_chance = 1 - ((responses - fitted) ** 2).sum(axis=0) / total
    assert np.median(by_chance) < 0.1 < 0.5 < np.median(explained)


HOMES = {
    "lowfreq": "primary",
    "highfreq": "primary",
    "envsounds": "posterior",
    "speech": "lateral",
    "music": "anterior",
}


@pytest.mark.parametrize(("component", "region"), HOMES.items())
def test_components_drive_their_regions(pocket, component, region):
    """In the estimated weights, each component is strongest where it was planted, in every listener."""
    weights = pocket.weights.sel(component=component)
    for subject in pocket.subjects:
        mine = weights[weights.subject.values == subject]
        assert mine.groupby("region").mean().idxmax().item() == region


def test_components_are_measured_with_noise(pocket, planted):
    assert pocket.components.attrs["reliability"] == pytest.approx(0.9)
    for component in COMPONENTS:
        r = np.corrcoef(pocket.components.sel(component=component), planted.profiles.sel(component=component))[0, 1]
        assert 0.9 < r < 0.98  # the root of .9 is .95


def test_speech_and_music_respond_to_their_categories(pocket):
    means = pocket.components.groupby("category").mean("sound")
    assert set(means.sel(component="speech").to_series().nlargest(2).index) == {"EngSpeech", "ForSpeech"}
    assert set(means.sel(component="music").to_series().nlargest(2).index) == {"Music", "Song"}


def test_surface_maps(pocket):
    group, single = pocket.surface("speech"), pocket.surface("speech", "sim1")
    for side in ("left", "right"):
        assert group[side].shape == (10_242,)
        assert np.isfinite(group[side]).sum() > np.isfinite(single[side]).sum() > 100
        assert group[side].attrs["simulated"]
    mine = pocket.responses("sim1")
    left = mine.vertex.values[mine.hemisphere.values == "left"]
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(single["left"])), np.sort(left))
    with pytest.raises(ground.WrongUse, match="mesh"):
        pocket.surface("speech", mesh="fsaverage")


def test_same_seed_same_listeners(pocket, pocket_root):
    again, other = variant(pocket_root), variant(pocket_root, seed=1)
    np.testing.assert_array_equal(again.responses("sim2"), pocket.responses("sim2"))
    assert again.fingerprint == pocket.fingerprint != other.fingerprint
    assert not np.array_equal(other.responses("sim2"), pocket.responses("sim2"))
    few = variant(pocket_root, subjects=2)
    np.testing.assert_array_equal(few.responses("sim2"), pocket.responses("sim2"))
    np.testing.assert_array_equal(other.audio("rain")[0], pocket.audio("rain")[0])


def test_noise_is_new_in_every_scan_and_listener(pocket, planted):
    residuals = []
    for subject in pocket.subjects[:2]:
        gains = planted.gains[planted.gains.subject.values == subject]
        signal = planted.profiles.values @ gains.values.T
        residuals += list(np.moveaxis(pocket.responses(subject).values[:, :400] - signal[:, :400, None], 2, 0))
    residuals = np.array([(r - r.mean(axis=0)).ravel() for r in residuals])
    off = np.corrcoef(residuals)[np.triu_indices(6, 1)]
    assert np.abs(off).max() < 5 / np.sqrt(residuals.shape[1])


def test_responses_are_copies(pocket):
    pocket.responses("sim1")[:] = 0
    assert pocket.responses("sim1").std() > 0


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"snr": -1}, "snr"),
        ({"snr": "high"}, "snr"),
        ({"subjects": 0}, "subjects"),
        ({"subjects": 2.5}, "subjects"),
        ({"scans": True}, "scans"),
        ({"without": ("musik",)}, "music"),
        ({"loudness": 3}, "Known: .*snr"),
    ],
)
def test_wrong_options(pocket_root, options, what):
    with pytest.raises(ground.WrongUse, match=what):
        variant(pocket_root, **options)
