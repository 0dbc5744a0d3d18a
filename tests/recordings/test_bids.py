"""The reader of EEG in BIDS: on a tiny set laid out like a public one, on damage, and on raws made by hand."""

import json
import os
from pathlib import Path

import mne
import numpy as np
import pytest

from lib import ground
from lib.recordings import bids, load
from lib.recordings.pocket.brains.eeg import kept_bids
from lib.recordings.pocket.brains.waves import Options
from lib.recordings.pocket.story.telling import tell

CHANNELS = [f"{row}{number}" for row in "ABCD" for number in range(1, 33)]
RATE, SECONDS = 512.0, 3.0


def samples(run):
    """Microvolts of one run: seeded noise around a different level in every channel."""
    rng = np.random.default_rng(run)
    return 20 * rng.standard_normal((len(CHANNELS), int(RATE * SECONDS))) + np.arange(len(CHANNELS))[:, None]


def write_run(folder, stem, run):
    """One run as OpenNeuro's ds004408 has them: BrainVision, channels.tsv, eeg.json, no events, no positions."""
    import pybv

    pybv.write_brainvision(
        data=samples(run) / bids.MICRO,
        sfreq=RATE,
        ch_names=CHANNELS,
        fname_base=stem,
        folder_out=folder,
        unit="µV",
        fmt="binary_float32",
    )
    names = "name\ttype\tunits\tdescription\tsampling_frequency\tstatus\tstatus_description\n"
    rows = [f"{name}\tEEG\tV\tElectroEncephaloGram\t512.0\tgood\tn/a\n" for name in CHANNELS]
    (folder / f"{stem.removesuffix('_eeg')}_channels.tsv").write_text(names + "".join(rows))
    sidecar = {"TaskName": "listening", "PowerLineFrequency": "n/a", "SamplingFrequency": RATE}
    sidecar |= {"RecordingDuration": SECONDS - 1 / RATE, "EEGReference": "n/a", "EEGChannelCount": 128}
    (folder / f"{stem}.json").write_text(json.dumps(sidecar))


@pytest.fixture(scope="module")
def shared_set(tmp_path_factory):
    root = tmp_path_factory.mktemp("ds004408")
    (root / "dataset_description.json").write_text('{"Name": "tiny", "BIDSVersion": "1.7.0"}')
    (root / "participants.tsv").write_text("\ufeffparticipant_id\tage\nsub-002\tn/a\nsub-001\tn/a\n", encoding="utf-8")
    for subject in ("001", "002"):
        folder = root / f"sub-{subject}" / "eeg"
        folder.mkdir(parents=True)
        for run in (1, 2):
            write_run(folder, f"sub-{subject}_task-listening_run-{run:02d}_eeg", run + 10 * int(subject))
    return root


@pytest.fixture
def public(shared_set, tmp_path):
    """A copy that a test may damage."""
    import shutil

    return Path(shutil.copytree(shared_set, tmp_path / "ds004408"))


def read(root, subject="001", run="02", **options):
    return bids.read_raw(root, subject, task="listening", run=run, **options)


def test_subjects_and_runs(shared_set):
    assert bids.subjects(shared_set) == ("002", "001")
    assert bids.runs(shared_set, "001", task="listening") == ("01", "02")


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "cp1252"])
def test_participants_in_any_encoding(public, coding):
    rows = "participant_id\tname\nsub-002\tRen\u00e9\nNA\tn/a\nsub-001\t\n"
    (public / "participants.tsv").write_text(rows, encoding=coding)
    assert bids.subjects(public) == ("002", "001")


def test_participants_without_a_header_are_refused_in_a_line(public):
    (public / "participants.tsv").write_text("sub-002\t31\nsub-001\t25\n")
    with pytest.raises(ground.DamagedData, match=r"participants\.tsv has no column 'participant_id'.*'sub-002', '31'"):
        bids.subjects(public)
    (public / "participants.tsv").write_text("")
    with pytest.raises(ground.DamagedData, match=r"participants\.tsv cannot be read as a table"):
        bids.subjects(public)


def renamed(folder, pairs):
    """Give channels of one run other names, in header and channels.tsv."""
    for path in folder.glob("*run-02_*"):
        if path.suffix in (".vhdr", ".tsv"):
            text = path.read_text(encoding="utf-8")
            for old, new in pairs.items():
                text = text.replace(f"={old},", f"={new},").replace(f"\n{old}\t", f"\n{new}\t")
            path.write_text(text, encoding="utf-8")


def test_channels_outside_a_montage_have_no_position_and_are_named(public):
    renamed(public / "sub-001" / "eeg", {"A1": "Nasion", "D32": "d32"})
    with pytest.warns(UserWarning, match=r"run-02.*: Nasion have no position in biosemi128"):
        raw = read(public, montage="biosemi128")
    places = {channel["ch_name"]: channel["loc"][:3] for channel in raw.info["chs"]}
    assert np.isfinite(places["d32"]).all()
    assert not np.isfinite(places["Nasion"]).all() or not places["Nasion"].any()


def test_a_montage_of_another_cap_is_refused(public):
    renamed(public / "sub-001" / "eeg", {name: f"E{number}x" for number, name in enumerate(CHANNELS)})
    with pytest.raises(ground.DamagedData, match=r"none of its 128 EEG channels \(E0x, ...\) is in biosemi128"):
        read(public, montage="biosemi128")


def test_channels_tsv_without_a_header_is_one_line(public):
    table = public / "sub-001" / "eeg" / "sub-001_task-listening_run-02_channels.tsv"
    table.write_text(table.read_text().partition("\n")[2])
    with pytest.raises(ground.DamagedData, match="run-02") as error:
        read(public)
    assert "\n" not in str(error.value)


def test_samples_names_and_positions(shared_set):
    raw = read(shared_set, montage="biosemi128")
    assert raw.ch_names == CHANNELS
    assert raw.info["sfreq"] == RATE
    np.testing.assert_allclose(raw.get_data() * bids.MICRO, samples(12), atol=1e-4)
    places = np.array([channel["loc"][:3] for channel in raw.info["chs"]])
    assert np.isfinite(places).all()
    assert (np.ptp(places, axis=0) > 0.1).all()


def test_without_a_montage_there_are_no_positions(shared_set):
    assert read(shared_set).get_montage() is None


def test_no_events_is_no_mistake(shared_set):
    assert bids.marked(read(shared_set), "sentence").empty


@pytest.fixture(scope="module")
def simulated(pocket_root):
    """Folder of the smallest simulated set."""
    options = Options(subjects=1, segments=1)
    return kept_bids(tell(1, pocket_root), options, pocket_root)


def test_positions_of_the_set_win(simulated):
    """A montage is for sets without positions: it does not replace measured ones."""
    root = simulated
    own = bids.read_raw(root, "sim01", task="story")
    asked = bids.read_raw(root, "sim01", task="story", montage="standard_1020")
    np.testing.assert_array_equal(own.info["chs"][5]["loc"], asked.info["chs"][5]["loc"])


def test_what_another_reader_reads(simulated, pocket_root):
    """The simulated set read by mne-bids and pandas alone gives the same samples, events and channels."""
    import pandas as pd
    from mne_bids import BIDSPath, read_raw_bids

    root, recording = simulated, load("pocket-eeg", pocket_root, subjects=1, segments=1)
    theirs = read_raw_bids(BIDSPath(root=root, subject="sim01", task="story", datatype="eeg"), verbose="ERROR")
    np.testing.assert_array_equal(theirs.get_data(), recording.raw("sim01").get_data())
    events = pd.read_csv(next(root.glob("**/*_events.tsv")), sep="\t").set_index("trial_type")
    row = recording.stimuli.loc["sentence-005"]
    start = events.loc["segment/segment-01", "onset"]
    assert events.loc["sentence/sentence-005", "onset"] == pytest.approx(start + row["start"])
    assert events.loc["sentence/sentence-005", "duration"] == pytest.approx(row["duration"])
    sidecar = json.loads(next(root.glob("sub-sim01/eeg/*_eeg.json")).read_text())
    assert sidecar["EEGReference"] == "left mastoid"
    assert sidecar["PowerLineFrequency"] == 50


def test_not_a_data_set(tmp_path):
    with pytest.raises(ground.MissingData, match="dataset_description"):
        bids.subjects(tmp_path)


@pytest.mark.parametrize(("subject", "run"), [("003", "01"), ("001", "07")])
def test_no_such_recording(shared_set, subject, run):
    with pytest.raises(ground.MissingData, match=f"sub-{subject}"):
        read(shared_set, subject, run)


def test_no_such_task(shared_set):
    with pytest.raises(ground.MissingData, match="speaking"):
        bids.runs(shared_set, "001", task="speaking")


@pytest.mark.parametrize("suffix", [".eeg", ".vhdr"])
def test_pointers_of_git_annex_are_named_as_such(public, suffix):
    file = public / "sub-001" / "eeg" / f"sub-001_task-listening_run-02_eeg{suffix}"
    file.unlink()
    file.write_text("/annex/objects/MD5E-s51380224--0123456789abcdef.eeg\n")
    with pytest.raises(ground.MissingData, match="git-annex"):
        read(public)
    file.unlink()
    file.symlink_to("../../.git/annex/objects/nowhere.eeg")
    with pytest.raises(ground.MissingData, match=r"git-annex|no recording"):
        read(public)


ABOUT = [3, 2.0, "n/a", None, float("nan"), [2.998], 1e9]
"""What side files say of a recording's length: rounded, of an epoch, nothing, a list, of another recording."""


@pytest.mark.parametrize("seconds", ABOUT)
@pytest.mark.parametrize("inherited", [False, True])
def test_what_a_side_file_says_of_the_length_refuses_nothing(public, seconds, inherited):
    own = public / "sub-001" / "eeg" / "sub-001_task-listening_run-02_eeg.json"
    facts = json.loads(own.read_text()) | {"RecordingDuration": seconds}
    own.unlink()
    (public / "task-listening_eeg.json" if inherited else own).write_text(json.dumps(facts))
    assert read(public).n_times == RATE * SECONDS


@pytest.mark.parametrize("ending", [".dat", ".avg", ".bin"])
def test_samples_are_where_the_header_says(public, ending):
    header = public / "sub-001" / "eeg" / "sub-001_task-listening_run-02_eeg.vhdr"
    samples_file = header.with_suffix(".eeg").rename(header.with_name(f"others{ending}"))
    with pytest.raises(ground.MissingData, match=r"no file .*_eeg\.eeg"):
        read(public)
    header.write_text(header.read_text().replace(f"DataFile={header.stem}.eeg", f"DataFile=others{ending}"))
    np.testing.assert_allclose(read(public).get_data() * bids.MICRO, samples(12), atol=1e-4)
    assert bids.samples_of(header) == samples_file
    assert bids.brainvision_seconds(header) == pytest.approx(SECONDS)


def test_samples_that_were_renamed_and_not_in_the_header_are_named(public):
    header = public / "sub-001" / "eeg" / "sub-001_task-listening_run-02_eeg.vhdr"
    header.with_suffix(".eeg").rename(header.with_suffix(".dat"))
    with pytest.raises(ground.MissingData, match=r"not there, but .*_eeg\.dat is: correct its line DataFile="):
        read(public)


@pytest.mark.parametrize("damage", ["", "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n"])
def test_a_broken_header_is_noticed(public, damage):
    (public / "sub-001" / "eeg" / "sub-001_task-listening_run-02_eeg.vhdr").write_text(damage)
    with pytest.raises(ground.DamagedData, match="run-02"):
        read(public)


@pytest.fixture
def ramp():
    """Two EEG channels that count samples in µV, one other channel, three annotations."""
    count = np.arange(1000.0)
    info = mne.create_info(["Fz", "Cz", "EOG"], 100.0, ["eeg", "eeg", "eog"], verbose="ERROR")
    raw = mne.io.RawArray(np.array([count, -count, count]) / bids.MICRO, info, verbose="ERROR")
    return raw.set_annotations(mne.Annotations([5.0, 2.0, 1.0], [1.0, 0.5, 3.0], ["word/b", "word/a", "sentence/a"]))


def test_marks_in_order_of_time(ramp):
    table = bids.marked(ramp, "word")
    assert list(table.index) == ["a", "b"]
    assert list(table["onset"]) == [2.0, 5.0]
    assert list(table["duration"]) == [0.5, 1.0]


def test_marks_of_a_cropped_recording_count_from_its_start(ramp):
    np.testing.assert_allclose(bids.marked(ramp.crop(1.5, 9.0), "word")["onset"], [0.5, 3.5])


def test_what_is_marked_twice_is_marked_once_unless_the_times_differ(ramp):
    ramp.annotations.append([5.004, 2.0], [1.0, 0.5], ["word/b", "word/a"])
    assert list(bids.marked(ramp, "word").index) == ["a", "b"]
    ramp.annotations.append(7.0, 1.0, "word/b")
    with pytest.raises(ground.DamagedData, match=r"word/b is marked at 5\.000, 5\.004, 7\.000 s"):
        bids.marked(ramp, "word")


def test_cut(ramp):
    piece = bids.cut(ramp, 2.0, 0.5, tmin=-0.1, tmax=0.2, subject="x")
    assert list(piece.channel.values) == ["Fz", "Cz"]
    np.testing.assert_allclose(piece.sel(channel="Fz"), np.arange(190, 270))
    np.testing.assert_allclose(piece.time, np.arange(-10, 70) / 100)
    assert piece.attrs["subject"] == "x"
    assert piece.attrs["rate"] == 100


def test_cut_tells_the_true_times_of_samples(ramp):
    piece = bids.cut(ramp, 2.004, 0.5)
    np.testing.assert_allclose(piece.time.values[:2], [-0.004, 0.006])
    np.testing.assert_allclose(piece.sel(channel="Fz").values[:2], [200, 201])


@pytest.mark.parametrize(("onset", "duration", "tmin"), [(0.1, 1.0, -0.2), (9.5, 1.0, 0.0), (2.0, 0.0, 0.0)])
def test_cut_outside_the_recording(ramp, onset, duration, tmin):
    with pytest.raises(ground.WrongUse, match="not in it"):
        bids.cut(ramp, onset, duration, tmin=tmin)


@pytest.mark.real
def test_side_files_of_the_real_set():
    if not os.environ.get("ALIKE_DATA"):
        pytest.skip("needs the real recordings in ALIKE_DATA")
    root = Path(os.environ["ALIKE_DATA"]) / "ds004408"
    assert bids.subjects(root)[0] == "001"
    assert bids.runs(root, "001", task="listening")[:2] == ("01", "02")
    if not list(root.glob("sub-001/eeg/*.eeg")):
        with pytest.raises(ground.MissingData):
            read(root, "001", "01")
