"""Simulated fMRI to the story: its form, its ceilings, its delay, and who follows sound and who follows meaning."""

import numpy as np
import pytest

from lib import ground
from lib.recordings import load
from lib.recordings.pocket.brains import bold, voxels
from lib.recordings.pocket.brains.story_truth import story_truth

TEST = "segment-03"


@pytest.fixture(scope="module")
def story(pocket_root):
    """Load a simulation with as many listeners and minutes as a test can afford."""

    def make(**options):
        return load("pocket-story", pocket_root, **{"subjects": 1, "segments": 3, "seed": 2} | options)

    return make


@pytest.fixture(scope="module")
def plain(story):
    return story()


@pytest.fixture(scope="module")
def planted(pocket_root):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALIKE_CACHE", str(pocket_root))
        yield story_truth(subjects=1, segments=3, seed=2)


def explainable(repeats):
    """Share of signal in the variance of one presentation, from several (Schoppe et al. 2016), per voxel."""
    count = repeats.sizes["repeat"]
    total = repeats.var("time", ddof=1).mean("repeat")
    signal = (count * repeats.mean("repeat").var("time", ddof=1) - total) / (count - 1)
    return (signal / total).values


def test_form(plain):
    assert plain.simulated
    assert plain.tr == 2
    assert plain.repeats == {"segment-01": 1, "segment-02": 1, TEST: 8}
    train, test = plain.responses("sim01", "segment-01"), plain.responses("sim01", TEST)
    assert train.dims == ("time", "voxel")
    assert test.dims == ("repeat", "time", "voxel")
    assert test.sizes["repeat"] == 8
    np.testing.assert_array_equal(train.time, 2.0 * np.arange(train.sizes["time"]))
    assert (
        plain.segments.loc["segment-01", "duration"] + 8
        < train.time[-1]
        < plain.segments.loc["segment-01", "duration"] + 12
    )
    assert set(train.region.values) == set(voxels.REGIONS)
    assert set(train.hemisphere.values) == {"left", "right"}
    assert train.vertex.values.max() < 10_242
    assert train.attrs["units"] == "percent signal change"
    assert train.attrs["simulated"]
    sound, rate = plain.audio("segment-01")
    assert len(sound) / rate == plain.segments.loc["segment-01", "duration"]


def test_voxels_lie_where_their_region_is(plain):
    where = plain.responses("sim01", "segment-01")
    for name, region in voxels.REGIONS.items():
        for side, sign in (("left", -1), ("right", 1)):
            mine = where[:, (where.region == name) & (where.hemisphere == side)]
            assert mine.sizes["voxel"] > 30
            middle = np.array([mine[axis].mean() for axis in "xyz"])
            assert np.linalg.norm(middle - np.multiply(region.centre, (sign, 1, 1))) < 8
            assert len(set(mine.vertex.values)) == mine.sizes["voxel"]


def test_defaults_are_a_study():
    options = bold.Options()
    assert options.subjects >= 3
    assert options.repeats >= 5


def test_ceilings_are_those_planted(plain, planted):
    """Estimated and true share of signal agree over voxels; ceilings of one presentation lie where real ones do."""
    found = explainable(plain.responses("sim01", TEST))
    control = (planted["system"] == "control").to_numpy()
    assert np.corrcoef(found[~control], planted["explainable"][~control])[0, 1] > 0.5
    assert abs(found[control].mean()) < 0.02
    assert (planted.loc[control, "explainable"] == 0).all()
    ceilings = planted[~control].groupby("system")["ceiling"].median()
    assert ((ceilings > 0.25) & (ceilings < 0.65)).all()


def envelope(recording, segment):
    """Root mean square of the sound in steps of 0.1 s."""
    sound, rate = recording.audio(segment)
    steps = sound[: len(sound) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    return np.sqrt((steps.astype(float) ** 2).mean(axis=1))


def expected(recording, segment, delay=0.0):
    """The envelope after a haemodynamic response, at the volumes of `segment`."""
    from nilearn.glm.first_level import glover_hrf

    volumes = recording.responses("sim01", segment).sizes["time"]
    blurred = np.convolve(envelope(recording, segment), glover_hrf(0.1, oversampling=1, onset=delay))
    return blurred[: 20 * volumes : 20]


def similar(course, values):
    """Correlation of a time course with every column."""
    x, y = course - course.mean(), values - values.mean(axis=0)
    return x @ y / np.sqrt((x @ x) * (y**2).sum(axis=0))


def test_early_regions_follow_the_sound(story):
    loud = story(snr=20.0)
    r = similar(expected(loud, TEST), loud.responses("sim01", TEST).mean("repeat").values)
    region = loud.responses("sim01", TEST).region.values
    early = np.isin(region, ["primary auditory", "auditory belt"])
    assert np.median(r[early]) > 0.5
    assert abs(np.median(r[region == "primary visual"])) < 0.2
    off = story(snr=20.0, without="early").responses("sim01", TEST).mean("repeat").values
    gone = similar(expected(loud, TEST), off)[early]
    chance = similar(expected(loud, TEST), off)[region == "primary visual"]
    assert abs(np.median(gone)) < 3 * chance.std()


def test_the_answer_is_delayed_as_blood_is(story, planted):
    """Without any haemodynamic model the envelope leads by four to six seconds, and the planted delay fits best."""
    loud = story(snr=20.0)
    values = loud.responses("sim01", TEST).mean("repeat").values
    early = (planted["system"] == "early").to_numpy()
    raw = np.pad(envelope(loud, TEST), (200, 200))
    volumes = 200 + 20 * np.arange(len(values))
    lags = np.arange(0, 12, 0.5)
    fits = [
        np.median(similar(raw[np.minimum(volumes - int(10 * lag), len(raw) - 1)], values[:, early])) for lag in lags
    ]
    assert 3.5 <= lags[int(np.argmax(fits))] <= 7


@pytest.mark.parametrize(
    ("name", "systems"), [("acoustic", {"early"}), ("lexical", {"late"}), ("semantic", {"late"}), ("late", {"late"})]
)
def test_switches_change_their_own_regions(name, systems, story, planted):
    full, off = (one.responses("sim01", "segment-01").values for one in (story(), story(without=name)))
    changed = np.abs(full - off).max(axis=0) > 1e-6
    assert set(planted["system"][changed]) == systems
    assert changed[planted["system"].isin(systems)].all()


def test_late_regions_follow_meanings(story, planted):
    """With meaning alone, the rates of kinds of words predict a held-out run of late voxels, and nothing else."""
    loud = story(snr=20.0, without=("acoustic", "lexical"))
    kinds = loud.words["meaning"].unique()
    kinds = [kind for kind in kinds if kind not in ("", "other")]

    def design(segment):
        mine = loud.words[loud.words["segment"] == segment]
        begin = (mine["onset"] + mine["sentence"].map(loud.stimuli["start"])).to_numpy()
        rates = np.array([np.histogram(begin[mine["meaning"] == kind], np.arange(0, 80, 0.1))[0] for kind in kinds])
        from nilearn.glm.first_level import glover_hrf

        response = glover_hrf(0.1, oversampling=1)
        volumes = loud.responses("sim01", segment).sizes["time"]
        return np.array([np.convolve(rate, response)[: 20 * volumes : 20] for rate in rates]).T

    train = np.concatenate([design(segment) for segment in ("segment-01", TEST)])
    answers = np.concatenate(
        [loud.responses("sim01", "segment-01").values, loud.responses("sim01", TEST).mean("repeat").values]
    )
    centred = train - train.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + 0.01 * np.eye(len(kinds)), centred.T @ answers)
    predicted, heard = design("segment-02") @ weights, loud.responses("sim01", "segment-02").values
    r = [np.corrcoef(predicted[:, v], heard[:, v])[0, 1] for v in range(heard.shape[1])]
    by_system = planted.assign(r=r).groupby("system")["r"].median()
    assert by_system["late"] > 0.5
    assert abs(by_system["early"]) < 0.15
    assert abs(by_system["control"]) < 0.15


def test_noise_outlasts_a_volume():
    noise = bold.noise(np.random.default_rng(0), voxels.draw(0, 0), 300)
    lagged = (noise[1:] * noise[:-1]).sum() / (noise**2).sum()
    assert lagged == pytest.approx(bold.PERSISTENCE, abs=0.02)
    np.testing.assert_allclose(noise.std(axis=0) / voxels.draw(0, 0).noise, 1, atol=0.3)


def test_noise_is_partly_shared(monkeypatch):
    def likeness():
        noise = bold.noise(np.random.default_rng(0), voxels.draw(0, 0), 300)
        return np.mean(np.corrcoef(noise.T) ** 2)

    shared = likeness()
    monkeypatch.setattr(bold, "SHARED", 0.0)
    assert shared - likeness() == pytest.approx(0.2**2 / 5, rel=0.3)


def test_snr_scales_answers_and_not_noise(story):
    none, one, three = (story(snr=snr).responses("sim01", "segment-02").values for snr in (0.0, 1.0, 3.0))
    np.testing.assert_allclose(three - none, 3 * (one - none), atol=1e-4)


def test_the_same_numbers_again(story, plain):
    np.testing.assert_array_equal(plain.responses("sim01", TEST).values, story().responses("sim01", TEST).values)
    assert plain.fingerprint == story().fingerprint
    assert plain.fingerprint != story(snr=2.0).fingerprint
    other = story(seed=5).responses("sim01", TEST).values
    assert np.corrcoef(other[0].ravel(), plain.responses("sim01", TEST).values[0].ravel())[0, 1] < 0.3
    two = story(subjects=2)
    np.testing.assert_array_equal(two.responses("sim01", TEST).values, plain.responses("sim01", TEST).values)
    assert np.abs(two.responses("sim02", TEST).values - plain.responses("sim01", TEST).values).mean() > 0.5


def test_repeats_differ_in_noise_only(plain):
    test = plain.responses("sim01", TEST).values
    assert np.abs(test[0] - test[1]).mean() > 0.5
    first, second = test[:4].mean(axis=0), test[4:].mean(axis=0)
    r = [np.corrcoef(first[:, v], second[:, v])[0, 1] for v in range(test.shape[2])]
    assert np.median(r) > 0.2


def test_truth_follows_the_switches(pocket_root, monkeypatch, planted):
    monkeypatch.setenv("ALIKE_CACHE", str(pocket_root))
    other = story_truth(subjects=1, segments=3, seed=2, snr=2.0, without="semantic")
    assert (other["semantic"] == 0).all()
    np.testing.assert_allclose(other[["acoustic", "lexical"]], 2 * planted[["acoustic", "lexical"]])
    assert (planted.groupby("system")[["acoustic", "lexical", "semantic"]].sum().loc["control"] == 0).all()
    left, right = (
        planted.query("system == 'late' and hemisphere == @side")["lexical"].mean() for side in ("left", "right")
    )
    assert left > right


def test_words_of_a_kind_are_alike():
    dog, bird, rope, the = (
        bold.word_meaning(*pair) for pair in (("dog", "animals"), ("bird", "animals"), ("rope", "things"), ("the", ""))
    )

    def cosine(x, y):
        return x @ y / np.linalg.norm(x) / np.linalg.norm(y)

    assert cosine(dog, bird) > 0.4 > abs(cosine(dog, rope))
    assert not the.any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"subjects": 0},
        {"segments": 13},
        {"repeats": 0},
        {"snr": -0.1},
        {"seed": 1.5},
        {"without": "phoneme"},
        {"tr": 1},
    ],
)
def test_wrong_options(wrong, tmp_path):
    with pytest.raises(ground.WrongUse):
        load("pocket-story", tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_responses_are_to_segments(plain):
    with pytest.raises(ground.WrongUse, match="segment-01"):
        plain.responses("sim01", "sentence-001")
