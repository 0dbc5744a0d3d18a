"""The loader of ds004408: on made-up recordings in the publisher's layout, and on the publisher's own side files."""

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from lib import ground
from lib.recordings import EEGRecording, bids, card, check, fetch, load
from lib.recordings.public.old_man import sentence_numbers
from lib.recordings.spoken import chosen, marked_up

RATE, SOUND_RATE = 512, 8000
CHANNELS = [f"{row}{number}" for row in "ABCD" for number in range(1, 33)]
SECONDS = {1: 6.0, 2: 5.0, 3: 4.0}
EXTRA = {"001": 1.5, "002": 0.25}
"""Seconds that the EEG lasts longer than the sound."""
WORDS = {
    1: [("THE", 0.2, 0.45), ("OLD", 0.45, 0.8), ("MAN", 0.8, 1.5), ("FISHED", 2.1, 2.8), ("ALONE", 2.9, 3.6),
        ("YES", 4.3, 4.5), ("IN", 5.1, 5.3), ("A", 5.3, 5.4), ("SKIFF", 5.45, 5.9)],
    2: [("HE", 0.31, 0.6), ("WENT", 0.61, 1.4), ("OUT", 1.95, 2.4), ("FAR", 2.45, 3.3), ("TOO", 4.0, 4.2)],
    3: [("IT", 0.5, 1.0), ("WAS", 1.1, 2.2), ("DONE", 2.8, 3.9)],
}  # fmt: skip
SENTENCES = {1: [3, 2, 4], 2: [2, 3], 3: [2, 1]}
"""Words per sentence, by hand: pauses of .5 s after at least 1 s, and a short rest joins the sentence before."""
BADS = {1: ["A2"], 2: ["B7"], 3: []}


def intervals(run, duration):
    """A WORD tier with silence in the gaps, and a PHONEME tier with two phonemes a word."""
    words, phonemes, at = [], [], 0.0
    for label, onset, offset in WORDS[run]:
        if onset > at:
            words.append(("sp", at, onset))
            phonemes.append(("M" if (run, at) == (1, 1.5) else "sil", at, onset))  # once, somebody hums
        middle = (onset + offset) / 2
        words.append((label, onset, offset))
        phonemes += [("AH0", onset, middle), ("IY1", middle, offset)]
        at = offset
    return {"PHONEME": [*phonemes, ("", at, duration)], "WORD": [*words, ("", at, duration)]}


def long_grid(tiers, duration):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {duration} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, rows) in enumerate(tiers.items(), 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {duration} ", f"        intervals: size = {len(rows)} "]
        for place, (label, onset, offset) in enumerate(rows, 1):
            lines += [f"        intervals [{place}]:", f"            xmin = {onset} ", f"            xmax = {offset} "]
            lines += [f'            text = "{label}" ']
    return "\n".join(lines) + "\n"


def short_grid(tiers, duration):
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "0",
        str(duration),
        "<exists>",
        str(len(tiers)),
    ]
    for name, rows in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", str(duration), str(len(rows))]
        for label, onset, offset in rows:
            lines += [str(onset), str(offset), f'"{label}"']
    return "\n".join(lines) + "\n"


def size(run, subject):
    """What an impulse at a word's onset measures [µV]; every run and listener has another."""
    return 100.0 * run + int(subject)


def samples(run, subject):
    """Noise of 1 µV, and at every word's onset an impulse: none in A1, positive in rows C and D, negative elsewhere."""
    length = round((SECONDS[run] + EXTRA[subject]) * RATE)
    values = np.random.default_rng([run, int(subject)]).standard_normal((128, length))
    at = [round(onset * RATE) for _, onset, _ in WORDS[run]]
    values[64:, at] += size(run, subject)
    values[1:64, at] -= size(run, subject)
    return values


def write_run(root, subject, run):
    import pybv

    folder, stem = root / f"sub-{subject}" / "eeg", f"sub-{subject}_task-listening_run-{run:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    values, name = samples(run, subject), f"{stem}_eeg"
    pybv.write_brainvision(
        data=values * 1e-6,
        sfreq=RATE,
        ch_names=CHANNELS,
        fname_base=name,
        folder_out=folder,
        unit="µV",
        resolution=0.01,
    )
    rows = "".join(
        f"{name}\tEEG\tV\tElectroEncephaloGram\t512.0\t{'bad' if name in BADS[run] else 'good'}\tn/a\n"
        for name in CHANNELS
    )
    head = "name\ttype\tunits\tdescription\tsampling_frequency\tstatus\tstatus_description\n"
    (folder / f"{stem}_channels.tsv").write_text(head + rows)
    sidecar = {"TaskName": "listening", "PowerLineFrequency": "n/a", "SamplingFrequency": 512.0, "EEGReference": "n/a"}
    sidecar |= {"RecordingDuration": (values.shape[1] - 1) / RATE, "EEGChannelCount": 128}
    (folder / f"{stem}_eeg.json").write_text(json.dumps(sidecar))


def write_sound(path, run):
    times = np.arange(round(SECONDS[run] * SOUND_RATE)) / SOUND_RATE
    loud = 0.01 + 0.3 * np.any([(times >= on) & (times < off) for _, on, off in WORDS[run]], axis=0)
    left = loud * np.sin(2 * np.pi * 50 * (run + 2) * times)
    soundfile.write(path, np.stack([left, 0.5 * left], axis=1), SOUND_RATE)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    root = tmp_path_factory.mktemp("published") / "ds004408"
    (root / "stimuli").mkdir(parents=True)
    (root / "dataset_description.json").write_text('{"Name": "made up", "BIDSVersion": "1.7.0"}')
    (root / "participants.tsv").write_text("\ufeffparticipant_id\tage\nsub-001\tn/a\nsub-002\tn/a\n", encoding="utf-8")
    grids = {1: (long_grid, "utf-8"), 2: (short_grid, "utf-8"), 3: (long_grid, "utf-16")}
    for run, (write, encoding) in grids.items():
        path = root / "stimuli" / f"audio{run:02d}.TextGrid"
        path.write_text(write(intervals(run, SECONDS[run]), SECONDS[run]), encoding=encoding)
        write_sound(path.with_suffix(".wav"), run)
        for subject in EXTRA:
            write_run(root, subject, run)
    return root.parent


@pytest.fixture(scope="module")
def heard(shared):
    return load("ds004408", shared)


@pytest.fixture
def copy(shared, tmp_path):
    """A set that a test may damage."""
    shutil.copytree(shared, tmp_path / "here")
    return tmp_path / "here"


def a_run(root, subject, run, ending="eeg"):
    return root / "ds004408" / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-listening_run-{run:02d}_eeg.{ending}"


def test_it_is_a_recording_of_connected_speech(heard):
    assert isinstance(heard, EEGRecording)
    assert not heard.simulated
    assert heard.subjects == ("001", "002")
    assert list(heard.segments.index) == ["segment-01", "segment-02", "segment-03"]
    assert list(heard.segments["sentences"]) == [3, 2, 2]
    assert heard.rate == RATE
    assert heard.stimuli["category"].notna().all()
    assert "affect" not in heard.stimuli  # nobody rated any: the chapter then takes its own groups


def test_sentences_are_cut_at_pauses(heard):
    counts = heard.words.groupby("sentence", sort=False)["word"].count()
    assert list(counts) == [n for run in (1, 2, 3) for n in SENTENCES[run]]
    assert list(counts.index) == list(heard.stimuli.index)
    assert heard.stimuli.loc["sentence-01-001", "text"] == "the old man"
    assert heard.stimuli.loc["sentence-02-002", "text"] == "out far too"
    assert list(heard.stimuli["order"]) == list(range(1, 8))


@pytest.mark.parametrize(
    ("pause", "shortest", "sizes"),
    [(0.5, 0.0, [3, 2, 1, 3]), (0.5, 0.7, [3, 2, 4]), (0.65, 1.0, [5, 4]), (9.0, 1.0, [9])],
)
def test_the_rule_for_sentences_has_options(pause, shortest, sizes):
    words = pd.DataFrame(WORDS[1], columns=["label", "onset", "offset"])
    numbers = sentence_numbers(words, pause=pause, shortest=shortest)
    assert list(np.bincount(numbers)[1:]) == sizes


def test_words_count_from_their_sentence(heard):
    for run, words in WORDS.items():
        own = heard.words[heard.words["segment"] == f"segment-{run:02d}"]
        start = own["sentence"].map(heard.stimuli["start"])
        np.testing.assert_allclose(own["onset"] + start, [onset for _, onset, _ in words])
        np.testing.assert_allclose(own["offset"] + start, [offset for *_, offset in words])
        assert list(own["word"]) == [word.lower() for word, *_ in words]
    assert list(heard.words.groupby("sentence")["position"].first()) == [0] * 7
    assert (heard.words["onset"].between(0, 1 / RATE) == (heard.words["position"] == 0)).all()


def test_sentences_hold_their_words_and_lie_on_samples(heard):
    rows = heard.stimuli
    for column in ("start", "stop", "duration"):
        np.testing.assert_allclose(rows[column] * RATE, (rows[column] * RATE).round(), atol=1e-6)
    ends = heard.words.groupby("sentence")["offset"].max()
    assert (ends <= rows["duration"].loc[ends.index] + 1e-9).all()


def test_phonemes_in_ipa_belong_to_words(heard):
    assert list(heard.phonemes.columns) == ["sentence", "segment", "position", "phoneme", "stress", "onset", "offset"]
    assert len(heard.phonemes) == 2 * len(heard.words)
    assert list(heard.phonemes["phoneme"][:2]) == ["ə", "i"]
    assert list(heard.phonemes["stress"][:2]) == [0, 1]
    first = heard.phonemes.drop_duplicates(["sentence", "position"]).reset_index(drop=True)
    for column in ("sentence", "position", "onset"):
        assert (first[column] == heard.words[column]).all()


@pytest.mark.parametrize("subject", ["001", "002"])
def test_an_impulse_at_a_word_comes_out_at_that_word(heard, subject):
    """In every run, in the sentence and in the whole run, and with the amplitude of this run and listener."""
    for name, words in heard.words.groupby("sentence"):
        run = int(name.split("-")[1])
        cut = heard.responses(subject, name, tmin=-0.1, tmax=0.1)
        loud = cut.time.values[cut.sel(channel="D32").values > 50]
        np.testing.assert_allclose(loud, words["onset"], atol=0.5 / RATE + 1e-9)
        np.testing.assert_allclose(cut.sel(channel="D32", time=loud), size(run, subject), atol=6)
    for run, words in WORDS.items():
        cut = heard.responses(subject, f"segment-{run:02d}")
        assert cut.sizes["time"] == round(SECONDS[run] * RATE)
        loud = cut.time.values[cut.sel(channel="D32").values > 50]
        np.testing.assert_allclose(loud, [onset for _, onset, _ in words], atol=0.5 / RATE + 1e-9)


def test_margins_never_reach_into_another_run_and_are_the_same_for_all(heard):
    for name, row in heard.stimuli.iterrows():
        both = [heard.responses(subject, name, tmin=-1.0, tmax=1.0) for subject in heard.subjects]
        np.testing.assert_array_equal(both[0].time, both[1].time)
        run = int(name.split("-")[1])
        assert both[0].time.values[0] == pytest.approx(max(-1.0, -row["start"]), abs=1 / RATE)
        least = SECONDS[run] - row["stop"] + min(EXTRA.values())
        assert both[0].time.values[-1] == pytest.approx(row["duration"] + min(1.0, least), abs=3 / RATE)


def test_the_raw_is_marked_and_as_recorded(heard):
    raw = heard.raw("002")
    assert len(raw.ch_names) == 128
    assert raw.info["line_freq"] == 50
    assert raw.info["bads"] == ["A2", "B7"]
    assert not raw.preload
    assert len(bids.marked(raw, "sentence")) == len(heard.stimuli)
    starts = bids.marked(raw, "segment")["onset"]
    assert list(starts * RATE) == list(np.cumsum([0, *(round((SECONDS[r] + 0.25) * RATE) for r in (1, 2))]))
    expected = np.concatenate([samples(run, "002") for run in (1, 2, 3)], axis=1)
    np.testing.assert_allclose(raw.get_data() * 1e6, expected, atol=0.006)
    places = np.array([channel["loc"][:3] for channel in heard.info("001")["chs"]])
    assert places[0].argmax() == 2  # A1 is the vertex
    assert np.isfinite(places).all()


def test_a_raw_of_ones_own_is_cut(heard):
    own = heard.raw("001").load_data().pick(["A3", "B1"]).apply_function(lambda x: -x)
    cut = heard.responses("001", "sentence-02-001", raw=own)
    assert list(cut.channel.values) == ["A3", "B1"]
    np.testing.assert_allclose(cut, -heard.responses("001", "sentence-02-001").sel(channel=["A3", "B1"]))
    own.resample(128)
    slow = heard.responses("001", "sentence-02-001", raw=own)
    assert abs(slow.time.values[0]) < 1 / 128


def test_a_cropped_raw_is_not_taken_for_a_whole_one(heard):
    with pytest.raises(ground.WrongUse, match=r"sentence-01-001.*cropped"):
        heard.responses("001", "sentence-01-001", raw=heard.raw("001").crop(0.5))
    with pytest.raises(ground.WrongUse, match=r"no annotation of 'sentence-01-001'.*cropped"):
        heard.responses("001", "sentence-01-001", raw=heard.raw("001").crop(4.0))


def test_sounds_are_mono_and_cut_where_the_eeg_is(heard):
    whole, rate = heard.audio("segment-02")
    assert rate == SOUND_RATE
    assert whole.dtype == np.float32
    assert whole.shape == (SECONDS[2] * SOUND_RATE,)
    row = heard.stimuli.loc["sentence-02-002"]
    part, _ = heard.audio("sentence-02-002")
    np.testing.assert_array_equal(part, whole[round(row["start"] * rate) : round(row["stop"] * rate)])
    stereo, _ = soundfile.read(next(Path(heard.read_audio.args[1]).glob("stimuli/audio02.wav")))
    np.testing.assert_allclose(whole, stereo.mean(axis=1), atol=1e-6)


def test_only_what_is_asked_for_is_needed(copy):
    """Two runs of one listener load where nothing else was fetched."""
    for path in copy.rglob("*run-03*"):
        path.unlink()
    (copy / "ds004408" / "stimuli" / "audio03.wav").unlink()
    a_run(copy, "002", 1).unlink()
    one = load("ds004408", copy, subjects=["001"], runs=[2])
    assert one.subjects == ("001",)
    assert list(one.segments.index) == ["segment-02"]
    whole = load("ds004408", copy, subjects=1, runs=2)
    assert whole.subjects == ("001",)
    assert list(whole.stimuli.index) == [
        f"sentence-{r:02d}-{n:03d}" for r, n in ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2))
    ]
    np.testing.assert_array_equal(one.responses("001", "sentence-02-001"), whole.responses("001", "sentence-02-001"))


def test_a_missing_run_leaves_out_the_listener_or_the_run(copy):
    for path in copy.rglob("sub-002*run-02*"):
        path.unlink()
    assert load("ds004408", copy).subjects == ("001",)
    named = load("ds004408", copy, subjects=["001", "002"])
    assert list(named.segments.index) == ["segment-01", "segment-03"]
    later = named.responses("002", "sentence-03-001")
    assert later.sel(channel="D32").max() == pytest.approx(size(3, "002"), abs=6)
    with pytest.raises(ground.MissingData, match=r"002 lacks \[2\]"):
        load("ds004408", copy, subjects=["002"], runs=[2])


def test_who_and_what_are_chosen_together():
    have = {"a": [1, 2, 3], "b": [2, 3], "c": [1, 2, 3]}
    names = {"name": "x", "kind": "runs"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib.recordings.spoken.remedy", lambda name: "")
        assert chosen(have, None, None, **names) == (("a", "c"), (1, 2, 3))
        assert chosen(have, None, [2], **names) == (("a", "b", "c"), (2,))
        assert chosen(have, 1, 2, **names) == (("a",), (1, 2))
        assert chosen(have, ["c"], [3, 1], **names) == (("c",), (1, 3))
        assert chosen(have, ["b", "c"], None, **names) == (("b", "c"), (2, 3))
        for wrong in ((4, None), (None, 0), ("a", None), (["d"], None), (None, [4]), (True, None)):
            with pytest.raises(ground.WrongUse):
                chosen(have, *wrong, **names)
        with pytest.raises(ground.MissingData):
            chosen({"a": [1], "b": [2]}, None, None, **names)
        with pytest.raises(ground.MissingData):
            chosen({}, None, None, **names)


@pytest.mark.parametrize("ending", ["eeg", "vhdr"])
def test_pointers_of_git_annex_say_how_to_get_the_file(copy, ending):
    path = a_run(copy, "001", 2, ending)
    path.unlink()
    path.symlink_to("../../.git/annex/objects/8W/Mx/SHA256E-s160708--35/SHA256E-s160708--35")
    with pytest.raises(ground.MissingData, match=r"run-02.*git-annex.*datalad get"):
        load("ds004408", copy)
    path.unlink()
    path.write_text("../../.git/annex/objects/8W/Mx/SHA256E-s160708--35/SHA256E-s160708--35")
    with pytest.raises(ground.MissingData, match="git-annex"):
        load("ds004408", copy)
    assert load("ds004408", copy, subjects=["002"]).subjects == ("002",)


@pytest.mark.parametrize("file", ["audio02.TextGrid", "audio02.wav"])
def test_missing_stimuli_are_named(copy, file):
    path = copy / "ds004408" / "stimuli" / file
    path.unlink()
    with pytest.raises(ground.MissingData, match=f"{file} is missing.*openneuro.*ALIKE_DATA"):
        load("ds004408", copy)
    path.symlink_to("../.git/annex/objects/8W/Mx/x")
    with pytest.raises(ground.MissingData, match=f"{file} is a pointer of git-annex"):
        load("ds004408", copy)


@pytest.mark.parametrize("seconds", [6.0, 2.0, "n/a", float("nan"), [7.5]])
def test_lengths_are_those_of_the_samples(heard, copy, seconds):
    """Rounded, of an epoch, inherited by all from the root: none refuses a recording, or moves a margin."""
    for path in (copy / "ds004408").rglob("*_eeg.json"):
        facts = json.loads(path.read_text())
        path.unlink()
    side_file = copy / "ds004408" / "task-listening_eeg.json"
    side_file.write_text(json.dumps(facts | {"RecordingDuration": seconds}))
    found = load("ds004408", copy)
    for name in ("sentence-01-003", "sentence-03-002"):
        np.testing.assert_array_equal(
            found.responses("001", name, tmax=3.0).time, heard.responses("001", name, tmax=3.0).time
        )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "ends too early"),
        ("hello", "ends too early"),
        ('"ooTextFile" "Pitch 1" 0 1', "no TextGrid"),
        (long_grid(intervals(2, 5.0), 5.0)[:900], "ends too early"),
        (long_grid({"WORD": intervals(2, 5.0)["WORD"]}, 5.0), "a tier PHONEME"),
        (long_grid(intervals(2, 5.0) | {"word": [("HE", 0.0, 5.0)]}, 5.0), "one tier WORD, got 2"),
        (long_grid(intervals(2, 5.0) | {"Phoneme ": []}, 5.0), "one tier PHONEME, got 2"),
        (long_grid(intervals(2, 5.0) | {"other": []}, 5.0).replace('"other"', '"WORD"'), "one tier WORD, got 2"),
        (long_grid({"WORD": [("A", 1.0, 0.5)], "PHONEME": []}, 5.0), "words in order of time"),
        (long_grid({"WORD": [("A", 1.0, 1.5), ("B", 0.5, 0.9)], "PHONEME": []}, 5.0), "words in order of time"),
        (long_grid({"WORD": [("sp", 0.0, 5.0)], "PHONEME": []}, 5.0), "words in order of time"),
        (long_grid({"WORD": [("A", 5.0, 7.5)], "PHONEME": []}, 7.5), r"ends at 7\.500 s, the sound at 5\.000 s"),
    ],
)  # fmt: skip
def test_a_damaged_textgrid_is_noticed(copy, text, what):
    (copy / "ds004408" / "stimuli" / "audio02.TextGrid").write_text(text)
    with pytest.raises(ground.DamagedData, match=rf"audio02\.TextGrid.*{what}"):
        load("ds004408", copy)


MARKS = ["sp", "{SL}", "{NS}", "ns", "lg", "ls", "<eps>", "<sil>", "<unk>", "[noise]", "sentence_start", "SPN", " "]


@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_aligners_are_no_words_and_leave_pauses(copy, mark):
    tiers = {name: [(mark if row[0] in ("sp", "") else row[0], *row[1:]) for row in rows]
             for name, rows in intervals(1, SECONDS[1]).items()}  # fmt: skip
    (copy / "ds004408" / "stimuli" / "audio01.TextGrid").write_text(long_grid(tiers, SECONDS[1]))
    found = load("ds004408", copy, runs=1)
    assert found.segments["sentences"].tolist() == [len(SENTENCES[1])]
    assert found.words["word"].tolist() == [label.lower() for label, _, _ in WORDS[1]]


def test_a_recording_shorter_than_its_sound_is_damaged(copy):
    cut = a_run(copy, "002", 1)
    cut.write_bytes(cut.read_bytes()[: 128 * 2 * 600])
    with pytest.raises(ground.DamagedData, match=r"sub-002.*run-01.*audio01 end at 5\.9.*EEG at 0\.586"):
        load("ds004408", copy)
    assert load("ds004408", copy, subjects=["001"]).responses("001", "sentence-01-001").sizes["channel"] == 128


def test_a_recording_off_by_a_million_is_found_by_the_check(copy):
    assert check("ds004408", copy) == []
    header = a_run(copy, "002", 1, "vhdr")
    header.write_text(header.read_text(encoding="utf-8").replace("µV", "V"), encoding="utf-8")
    (problem,) = check("ds004408", copy)
    assert "sub-002_task-listening_run-01_eeg.vhdr states V for 128 channels" in problem
    with pytest.raises(ground.DamagedData, match="no EEG is so large"):
        load("ds004408", copy).raw("002")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda raw: b"RIFF", "cannot be read"),
        (lambda raw: raw[: len(raw) // 2], "more bytes, by its own header: it was cut short"),
        (lambda raw: raw[:44], "more bytes, by its own header"),
        (lambda raw: raw[:40] + bytes(4), "not one sample"),
    ],
)
def test_a_damaged_sound_is_blamed_itself(copy, change, what):
    path = copy / "ds004408" / "stimuli" / "audio01.wav"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ground.DamagedData, match=rf"audio01\.wav is damaged.*{what}"):
        load("ds004408", copy)


@pytest.mark.parametrize(("full", "kind"), [(2**15, "FLOAT"), (2**23, "DOUBLE"), (2**31, "DOUBLE"), (1, "FLOAT")])
def test_sounds_in_floating_point_come_out_between_minus_one_and_one(heard, copy, full, kind):
    path = copy / "ds004408" / "stimuli" / "audio02.wav"
    samples_of, rate = soundfile.read(path)
    soundfile.write(path, 3 * samples_of * full, rate, subtype=kind)
    found = load("ds004408", copy)
    said = pytest.warns(UserWarning, match=rf"audio02\.wav .*full scale is taken to be {full}")
    with said if full > 1 else nullcontext():
        whole = found.audio("segment-02")[0]
    np.testing.assert_allclose(whole, 3 * heard.audio("segment-02")[0], atol=1e-6)
    np.testing.assert_allclose(found.audio("sentence-02-001")[0], 3 * heard.audio("sentence-02-001")[0], atol=1e-6)
    soundfile.write(path, np.full((40_000, 1), np.nan), rate, subtype=kind)
    with pytest.raises(ground.DamagedData, match=r"audio02\.wav.*finite"):
        load("ds004408", copy).audio("segment-02")


def test_a_raw_that_is_marked_already_is_marked_once(heard):
    raw = heard.raw("001")
    read = heard.read_raw.__closure__[0].cell_contents
    again = marked_up(raw.copy(), {"segment-01": 0.0}, read.__wrapped__.args[3])
    assert (again.annotations.description == "segment/segment-01").sum() == 1
    assert heard.responses("001", "sentence-01-001", raw=again).sizes["channel"] == 128


@pytest.mark.parametrize(
    "wrong", [{"pause": 0}, {"shortest": -1}, {"pause": float("nan")}, {"runs": 99}, {"runs": [7]}]
)
def test_wrong_options(shared, wrong):
    with pytest.raises(ground.WrongUse):
        load("ds004408", shared, **wrong)


def test_wrong_names(heard):
    for call in (lambda: heard.raw("sub-001"), lambda: heard.responses("001", "sentence-1"), lambda: heard.audio("x")):
        with pytest.raises(ground.WrongUse, match="ds004408"):
            call()


def test_fingerprint_follows_options_and_files(heard, copy):
    assert load("ds004408", heard.read_audio.args[1].parent).fingerprint == heard.fingerprint
    assert load("ds004408", copy, pause=0.7).fingerprint != load("ds004408", copy).fingerprint
    before = load("ds004408", copy).fingerprint
    os.utime(a_run(copy, "001", 1), ns=(1, 1))
    assert load("ds004408", copy).fingerprint != before


def test_it_is_to_be_got_by_hand(tmp_path, monkeypatch, copy):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ALIKE_DATA", raising=False)
    for call in (lambda: fetch("ds004408"), lambda: load("ds004408"), lambda: load("ds004408", tmp_path)):
        with pytest.raises(ground.MissingData, match=f"openneuro.*{tmp_path}/cache/ds004408.*ALIKE_DATA"):
            call()
    assert len(check("ds004408")) == 1
    assert check("ds004408", copy) == []
    monkeypatch.setenv("ALIKE_DATA", str(copy))
    assert fetch("ds004408") == copy / "ds004408"
    shutil.rmtree(copy / "ds004408" / "stimuli")
    assert "stimuli is missing" in check("ds004408")[0]
    with pytest.raises(ground.MissingData, match="stimuli is missing"):
        fetch("ds004408")


def test_the_card_says_what_is_ours_and_what_was_not_tried():
    facts = card("ds004408")
    assert "own" in facts["sentences"]
    assert "not on the recordings themselves" in facts["responses"]


def test_the_eeg_chapter_runs_on_it(heard, tmp_path, monkeypatch):
    from lib.chapters.eeg import material as eeg
    from lib.chapters.eeg import words as eeg_words
    from lib.compare.word_responses import LAGS

    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    monkeypatch.setattr(eeg, "LEAST_PIECES", 4)  # as many sentences as the made-up book has
    parts = eeg.pieces(heard, "sentence", 4)
    stimuli = [piece.stimulus for piece in parts]
    listeners = eeg.responses(heard, stimuli, band=(2.0, 30.0), bad=None, repair="spline", reference="average")
    assert listeners.cleaned.bad == ("A2", "B7")
    assert "50" in listeners.cleaned.steps.set_index("step").loc["notch", "choice"]
    frames = eeg.represented("logmel", heard, stimuli, 12.5)
    how = {"components": 3, "whiten": False, "method": "antialiased"}
    assert [piece.name for piece, _ in eeg.items(frames, listeners, parts, **how)] == stimuli
    words = [p for p in eeg.pieces(heard, "word", 4) if p.stimulus in frames]
    assert len(words) == heard.words["sentence"].isin(stimuli).sum()
    assert list(eeg.items(frames, listeners, words, **how))
    fitted = eeg_words.word_responses(heard, listeners, [])
    assert fitted["words"].shape == (2, len(LAGS), 128)
    wave = fitted["words"].sel(channel="D32").mean("subject")
    assert abs(float(wave.lag[int(wave.values.argmax())])) <= 1 / 64


@pytest.fixture(scope="module")
def side_files():
    if not os.environ.get("ALIKE_DATA"):
        pytest.skip("needs the real recordings in ALIKE_DATA")
    return Path(os.environ["ALIKE_DATA"]) / "ds004408"


@pytest.mark.real
def test_real_side_files_are_as_the_card_says(side_files):
    facts = card("ds004408")
    for path in side_files.glob("sub-*/eeg/*_channels.tsv"):
        table = pd.read_csv(path, sep="\t")
        assert list(table["name"]) == CHANNELS
        assert set(table["sampling_frequency"]) == {facts["rate"]}
        sidecar = json.loads(path.with_name(path.name.replace("channels.tsv", "eeg.json")).read_text())
        assert sidecar["EEGChannelCount"] == facts["channels"]
        assert sidecar["PowerLineFrequency"] == "n/a"
        assert 150 < sidecar["RecordingDuration"] < 250
        count = sidecar["RecordingDuration"] * facts["rate"]
        assert count == round(count)  # whole samples, the last one's time
    description = json.loads((side_files / "dataset_description.json").read_text())
    assert description["DatasetDOI"].removeprefix("doi:") == facts["doi"]
    assert len(pd.read_csv(side_files / "participants.tsv", sep="\t", encoding="utf-8-sig")) == 19


@pytest.mark.real
def test_real_bad_channels_differ_between_runs(side_files):
    bad = []
    for run in ("01", "02"):
        table = pd.read_csv(side_files / f"sub-001/eeg/sub-001_task-listening_run-{run}_channels.tsv", sep="\t")
        bad.append(set(table.loc[table["status"] == "bad", "name"]))
    assert bad[0] > bad[1]


@pytest.mark.real
def test_real_folder_without_recordings_says_what_to_get(side_files):
    if list(side_files.glob("stimuli/*.wav")):
        assert load("ds004408", subjects=1, runs=1).rate == 512
    else:
        with pytest.raises(ground.MissingData, match=r"audio01\.wav is missing.*openneuro"):
            load("ds004408")
