"""The loader of song-ecog: on the real files where they are, and on nine sounds in the same layout always."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from lib import ground
from lib.recordings import SensorSoundRecording, card, check, fingerprint, load
from lib.recordings.cards import described, published_fingerprint, registry
from lib.recordings.public import natsound, song_ecog

LEVELS = ("electrodes", "components", "individual")
KINDS = {"music": 3, "song": 2, "speech": 2}
TINY = {"components": 3, "electrodes": 7, "patients": 2, "selective": KINDS, "window": 0.4}
TINY |= {"commit": "0", "rates": {"electrodes": 25, "components": 25, "individual": 100}}
PER_PATIENT = [4, 4, 13, 70, 7, 4, 30, 53, 11, 19, 12, 11, 22, 5, 7]


def cells(names):
    return np.array([f"{name}.wav" for name in names], object)[:, None]


def write_song_ecog(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Three components, seven electrodes of two patients and seven single ones, two of them the same; what is in R."""
    rng = np.random.default_rng(1)
    (folder / "data/individual-electrodes").mkdir(parents=True)
    written = {"R": rng.random((9, 10, 3)), "W": rng.random((3, 7))}
    extra = {"C": {"category_labels": np.array(["Music", "SfX"], object)}}  # a struct that must not disturb
    times = {"t": np.arange(10)[:, None] / 25, "stim_names": cells(names)}
    savemat(folder / song_ecog.RESPONSES, {"R": written["R"].astype(np.float32)} | times | extra)
    place = rng.uniform(0.1, 1, (7, 3))
    place[:2, 0] *= -1
    who = {"subject_indices": np.uint8([1, 1, 2, 2, 2, 2, 2])[:, None], "elec_verts_ras": place}
    vertices = {"elec_vert_nums": np.int32(np.arange(7) + 356)[:, None]}
    savemat(folder / song_ecog.WEIGHTS, {"W": written["W"].astype(np.float32)} | who | vertices)
    for kind, count in KINDS.items():
        for number in range(1, count + 1):
            values = written["music2"] if (kind, number) == ("song", 2) else rng.normal(size=(9, 40)) * 30
            written[f"{kind}{number}"] = values
            file = folder / song_ecog.ELECTRODE.format(kind=kind, number=number)
            times = {"t": np.arange(40)[:, None] / 100, "stim_names": cells(names)}
            savemat(file, {"R": values} | times | extra)
    return written


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): ground.sha256(path) for path in folder.rglob("*.mat")}


@pytest.fixture
def ecog(tiny, tmp_path):
    """Folder, facts, registry, sounds and content of a nine-sound song-ecog; its sounds in an order of their own."""
    heard = natsound.open_folder(tiny.folder, tiny.facts, tiny.files)
    names = sorted(heard.stimuli.index)
    assert names != list(heard.stimuli.index)
    folder = tmp_path / "song-ecog-current-biology"
    written = write_song_ecog(folder, names)
    facts = {"name": "song-ecog", "title": "nine sounds", "simulated": False, "citation": "nobody", "source": "nowhere"}
    notes = {"responses": "made up", "levels": dict.fromkeys(LEVELS, "made up"), "positions": "made up"}
    facts |= {"licence": "none", "card": TINY | notes}
    rows = [names.index(name) for name in heard.stimuli.index]
    return SimpleNamespace(
        folder=folder, facts=facts, files=hashes(folder), heard=heard, names=names, rows=rows, written=written
    )


def opened(ecog, level="electrodes"):
    return song_ecog.open_folder(ecog.folder, ecog.facts, ecog.files, ecog.heard, level=level)


def altered(ecog, file, **changes):
    """Write one file anew, with a registry that takes it for what was published."""
    path = ecog.folder / file
    content = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
    savemat(path, {key: value for key, value in (content | changes).items() if value is not None})
    ecog.files[file] = ground.sha256(path)


@pytest.mark.parametrize("level", LEVELS)
def test_tiny_set_is_labelled_in_the_order_of_the_sounds(ecog, level):
    recording = opened(ecog, level)
    courses = recording.responses_of_all()
    assert isinstance(recording, SensorSoundRecording)
    assert not recording.simulated
    assert courses.dims == ("sound", "channel", "time")
    assert list(courses.sound.values) == list(recording.stimuli.index) == list(ecog.heard.stimuli.index)
    assert recording.rate == courses.attrs["rate"] == (100 if level == "individual" else 25)
    np.testing.assert_allclose(courses.time, np.arange(courses.sizes["time"]) / recording.rate)
    assert courses.time.values[0] == 0
    assert len(set(courses.channel.values)) == courses.sizes["channel"]
    assert (courses.category == recording.stimuli["category"].to_numpy()).all()


def test_components_are_joined_by_name(ecog):
    courses = opened(ecog, "components").responses_of_all()
    np.testing.assert_allclose(courses.values, ecog.written["R"][ecog.rows].transpose(0, 2, 1), rtol=1e-6)
    by_name = courses.sel(sound="stim7_thing_7", channel="component2").values
    np.testing.assert_allclose(by_name, ecog.written["R"][ecog.names.index("stim7_thing_7"), :, 1], rtol=1e-6)


def test_electrodes_are_components_times_weights(ecog):
    recording = opened(ecog)
    courses = recording.responses_of_all("group")
    expected = np.tensordot(ecog.written["R"][ecog.rows], ecog.written["W"], axes=1).transpose(0, 2, 1)
    np.testing.assert_allclose(courses.values, expected, rtol=1e-5)
    assert courses.attrs["denoised"]
    assert courses.attrs["rank"] == 3
    assert list(courses.hemisphere.values) == ["left"] * 2 + ["right"] * 5
    assert list(courses.vertex.values) == list(range(355, 362))
    places = loadmat(ecog.folder / song_ecog.WEIGHTS)["elec_verts_ras"]
    np.testing.assert_array_equal(np.stack([courses[axis] for axis in "xyz"], axis=1), places)


def test_responses_of_a_patient_are_those_electrodes(ecog):
    recording = opened(ecog)
    assert recording.subjects == ("s1", "s2")
    group = recording.responses("group", "stim101_thing_101")
    parts = [recording.responses(subject, "stim101_thing_101") for subject in recording.subjects]
    assert [part.shape for part in parts] == [(2, 10), (5, 10)]
    assert [part.attrs["subject"] for part in parts] == ["s1", "s2"]
    assert parts[0].dims == ("channel", "time")
    np.testing.assert_array_equal(np.concatenate(parts), group)
    np.testing.assert_array_equal(group, recording.responses_of_all().sel(sound="stim101_thing_101"))


def test_an_electrode_published_twice_is_one_channel(ecog):
    recording = opened(ecog, "individual")
    courses = recording.responses_of_all()
    assert courses.shape == (9, 6, 40)
    assert "song-elec2" not in courses.channel
    assert courses.selective.sel(channel="music-elec2") == "music+song"
    assert courses.selective.sel(channel="music-elec1") == "music"
    np.testing.assert_array_equal(courses.sel(channel="speech-elec2"), ecog.written["speech2"][ecog.rows])
    assert recording.subjects == ()
    assert not courses.attrs["denoised"]
    assert courses.attrs["units"] == "percent signal change"


def test_sounds_are_those_of_the_other_recording(ecog):
    recording = opened(ecog)
    samples, rate = recording.audio("stim7_thing_7")
    expected, _ = ecog.heard.audio("stim7_thing_7")
    np.testing.assert_array_equal(samples, expected)
    assert rate == 8000
    assert recording.stimuli is ecog.heard.stimuli


def test_fingerprint_follows_the_files_and_the_sounds(ecog):
    before = opened(ecog).fingerprint
    ecog.files["data/more.mat"] = "0" * 64
    assert opened(ecog).fingerprint != before
    assert fingerprint("song-ecog") != fingerprint("natsound165")


@pytest.mark.parametrize("level", LEVELS)
def test_missing_file_is_named_with_the_remedy(ecog, level):
    file = song_ecog.ELECTRODE.format(kind="song", number=1) if level == "individual" else song_ecog.RESPONSES
    (ecog.folder / file).unlink()
    with pytest.raises(ground.MissingData, match=f"{Path(file).name}.*sha256.*alike data fetch song-ecog.*ALIKE_DATA"):
        opened(ecog, level)


@pytest.mark.parametrize("file", [song_ecog.RESPONSES, song_ecog.WEIGHTS])
def test_altered_file_is_noticed(ecog, file):
    path = ecog.folder / file
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ground.DamagedData, match=f"{path.name}.*sha256"):
        opened(ecog)


def spoiled(values):
    values = np.array(values)
    values.flat[0] = np.nan
    return values


@pytest.mark.parametrize(
    ("file", "changes", "what"),
    [
        (
            song_ecog.RESPONSES,
            {"R": np.ones((9, 10, 2))},
            r"R finite and of shape \(9, 10, 3\), got shape \(9, 10, 2\)",
        ),
        (song_ecog.RESPONSES, {"R": spoiled(np.ones((9, 10, 3)))}, "R finite"),
        (song_ecog.RESPONSES, {"t": np.arange(10) / 20}, r"times t from 0 s in 10 steps of 0\.04 s"),
        (song_ecog.RESPONSES, {"t": None}, r"\['t'\] are not in it"),
        (song_ecog.RESPONSES, {"stim_names": cells([f"stim{n}_thing_{n}" for n in range(9)])}, r"stim0_thing_0"),
        (song_ecog.RESPONSES, {"stim_names": cells(["stim3_thing_3"] * 9)}, "each once"),
        (song_ecog.WEIGHTS, {"W": np.ones((3, 6))}, r"W finite and of shape \(3, 7\)"),
        (song_ecog.WEIGHTS, {"elec_verts_ras": np.ones((7, 2))}, "elec_verts_ras finite"),
        (song_ecog.WEIGHTS, {"subject_indices": np.ones(7)}, r"subject_indices 1 to 2"),
    ],
)
def test_content_that_is_not_as_the_card_says_is_damage(ecog, file, changes, what):
    altered(ecog, file, **changes)
    with pytest.raises(ground.DamagedData, match=f"{Path(file).name}.*{what}"):
        opened(ecog)


def test_a_name_written_twice_besides_all_others_is_damage(ecog):
    altered(ecog, song_ecog.RESPONSES, stim_names=cells([*ecog.names, ecog.names[0]]))
    with pytest.raises(ground.DamagedData, match="each once"):
        opened(ecog)


def test_unknown_names_are_wrong_use(ecog):
    recording = opened(ecog)
    for call in (
        lambda: recording.audio("stim7_thing_8"),
        lambda: recording.responses("s3", "stim7_thing_7"),
        lambda: recording.responses("s1", "stim7_thing_7.wav"),
        lambda: recording.responses_of_all("s3"),
    ):
        with pytest.raises(ground.WrongUse, match="song-ecog"):
            call()


def test_unknown_level_lists_the_known_ones():
    with pytest.raises(ground.WrongUse, match=r"level of song-ecog 'electrode'.*Did you mean 'electrodes'"):
        load("song-ecog", level="electrode")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ground.MissingData, match=f"{tmp_path}/song-ecog-current-biology.*alike data fetch song-ecog"):
        load("song-ecog", root=tmp_path)
    assert len(check("song-ecog", tmp_path)) == 1


def test_missing_sounds_are_named(ecog, tmp_path):
    root = tmp_path / "elsewhere"
    root.mkdir()
    (root / "song-ecog-current-biology").symlink_to(ecog.folder)
    with pytest.raises(ground.MissingData, match=r"song-ecog needs the sounds of natsound165.*fetch natsound165"):
        load("song-ecog", root=root)


def test_registry_covers_what_the_card_promises():
    files, facts = registry("song-ecog"), card("song-ecog")
    singles = {
        song_ecog.ELECTRODE.format(kind=kind, number=number + 1)
        for kind, count in facts["selective"].items()
        for number in range(count)
    }
    assert set(files) == {song_ecog.RESPONSES, song_ecog.WEIGHTS} | singles
    assert all(len(digest) == 64 for digest in files.values())
    assert set(facts["levels"]) == set(facts["rates"]) == set(LEVELS)


@pytest.fixture(scope="module")
def real():
    if not os.environ.get("ALIKE_DATA"):
        pytest.skip("needs the real recordings in ALIKE_DATA")
    return {level: load("song-ecog", level=level) for level in LEVELS}


@pytest.mark.real
def test_real_files_are_those_of_the_registry(real):
    assert check("song-ecog") == []
    assert real["electrodes"].fingerprint == published_fingerprint("song-ecog")
    assert real["electrodes"].name == described("song-ecog")["name"]


@pytest.mark.real
def test_real_sizes(real, natural):
    shapes = {level: recording.time_courses.shape for level, recording in real.items()}
    assert shapes == {"electrodes": (165, 272, 75), "components": (165, 15, 75), "individual": (165, 32, 300)}
    for recording in real.values():
        assert list(recording.time_courses.sound.values) == list(natural.stimuli.index)
    assert real["electrodes"].subjects == tuple(f"s{number}" for number in range(1, 16))
    counts = [real["electrodes"].responses_of_all(subject).sizes["channel"] for subject in real["electrodes"].subjects]
    assert counts == PER_PATIENT
    assert list(real["individual"].time_courses.selective.values).count("music+song") == 1


@pytest.mark.real
def test_real_electrodes_are_of_rank_fifteen(real):
    values = real["electrodes"].responses_of_all().values
    singular = np.linalg.svd(values.transpose(0, 2, 1).reshape(-1, 272)[::5], compute_uv=False)
    assert singular[14] > 1e-3 * singular[0]
    assert singular[15] < 1e-5 * singular[0]


@pytest.mark.real
def test_real_components_have_the_geometry_of_cortex_seen_by_fmri(real, natural):
    """Time-averaged components against R @ W of natsound165: .75, which a wrong order of the sounds destroys."""
    from scipy.stats import spearmanr

    upper = np.triu_indices(165, 1)
    fmri = (1 - np.corrcoef(natural.responses("group").values[..., 0]))[upper]
    ecog = real["components"].responses_of_all().mean("time").values
    assert spearmanr((1 - np.corrcoef(ecog))[upper], fmri)[0] == pytest.approx(0.75, abs=0.01)
    shuffled = np.random.default_rng(0).permutation(ecog)
    assert abs(spearmanr((1 - np.corrcoef(shuffled))[upper], fmri)[0]) < 0.1


@pytest.mark.real
def test_real_responses_follow_the_sound(real):
    """After the sound has begun there is more than in its first 40 ms, and little is left 0.7 s after its end."""
    for recording in real.values():
        course = recording.responses_of_all().mean(["sound", "channel"])
        heard = course.sel(time=slice(0.2, 1.9)).mean()
        assert course.sel(time=slice(0, 0.03)).mean() < 0.2 * heard
        assert course.sel(time=slice(2.7, None)).mean() < 0.2 * heard


@pytest.mark.real
def test_real_hemispheres_are_those_of_the_vertices(real, natural):
    """The labels of natsound165 say where in white matter a vertex lies; fsaverage5 says where that is inflated."""
    from nilearn.datasets import load_fsaverage

    from lib.recordings.files import found

    meshes, channels = load_fsaverage("fsaverage5"), real["electrodes"].time_courses
    places = np.stack([channels[axis] for axis in "xyz"], axis=1)
    distances = np.full((2, 272), np.inf)
    for row, (side, prefix) in enumerate((("left", "lh"), ("right", "rh"))):
        labels = found("natsound165").glob(f"data/component-clusters-top10/{prefix}.*.label")
        where = {int(line[0]): line[1:4] for label in labels for line in np.loadtxt(label, skiprows=2)}
        white, inflated = (meshes[kind].parts[side].coordinates for kind in ("white_matter", "inflated"))
        for electrode, vertex in enumerate(channels.vertex.values):
            if vertex in where:
                near = np.argsort(np.linalg.norm(white - where[vertex], axis=1))[:3]
                distances[row, electrode] = np.linalg.norm(inflated[near] - places[electrode], axis=1).min()
    known = np.isfinite(distances).any(axis=0)
    assert known.sum() == 214
    nearest = np.where(distances.argmin(axis=0) == 0, "left", "right")
    assert (nearest == channels.hemisphere.values)[known].all()
    assert distances.min(axis=0)[known].max() < 5  # mm; inflated vertices of fsaverage5 are about 3 mm apart
