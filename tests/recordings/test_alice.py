"""The loader of "Alice in Wonderland" on made-up recordings in the publisher's layout, with everything odd about it."""

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.io import loadmat, savemat

from lib import ground
from lib.recordings import EEGRecording, bids, card, check, fetch, load
from lib.recordings.public.alice_eeg import positions

RATE, SOUND_RATE = 500, 8000
EEG = [str(number) for number in range(1, 62) if number != 29]
SECONDS = {1: 4.0, 2: 3.5, 3: 5.0}
TEXT = {  # word, onset, offset [s from the segment's beginning], sentence
    1: [("Alice", 0.131, 0.6, 1), ("was", 0.633, 1.2, 1), ("tired", 1.207, 1.9, 1), ("So", 2.4, 2.7, 2),
        ("she", 2.733, 3.5, 2)],
    2: [("slept", 0.25, 1.377, 2), ("Nobody", 1.801, 2.5, 3), ("noticed", 2.503, 3.3, 3)],
    3: [("The", 0.5, 0.9, 4), ("rabbit", 0.901, 1.7, 4), ("ran", 2.611, 3.3, 5), ("and", 3.303, 3.6, 5),
        ("ran", 3.7, 4.9, 5)],
}  # fmt: skip
TRIGGERS = {
    "S01": {1: 1031, 2: 3530, 3: 5777},
    "S02": {1: 700, 2: 2950, 3: 5001},
    "S03": {1: 901, 2: 3333, 3: 5555},
    "S26": {2: 1200, 3: 3456},
    "S28": {1: 1000, 2: 3000, 3: 5000},
    "S24": {1: 800, 2: 3000, 3: 5200},
    "S07": {1: -250, 2: 2800, 3: 5100},
}
"""Samples, counted from 1, at which segments began. S26 lost the first trigger, S28 has no parameters, S24's recording
ends early, S07's begins late."""
LENGTH = {"S24": 6000}
BAD = {"S01": ["7", "40"]}


def words():
    rows = [(word, segment, *rest) for segment, said in TEXT.items() for word, *rest in said]
    table = pd.DataFrame(rows, columns=["Word", "Segment", "onset", "offset", "Sentence"])
    table["Order"] = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]  # with a gap, as published
    table["Position"] = table.groupby("Sentence").cumcount() + 1
    numbers = np.arange(1.0, len(table) + 1)
    table = table.assign(LogFreq=numbers / 2, LogFreq_Prev=0, LogFreq_Next=0, SndPower=0.1, Length=1.0)
    table["IsLexical"] = (table["Word"].str.len() > 3).astype(int)
    return table.assign(NGRAM=numbers, RNN=numbers - 2.0, CFG=numbers / 10)


def onset_samples(subject):
    """Where (from 0) the words of each segment are in a recording, {segment: [...]}."""
    return {s: [at - 1 + on * RATE for _, on, *_ in TEXT[s]] for s, at in TRIGGERS[subject].items()}


def size(subject, segment):
    return 100.0 * segment + int(subject[1:])


def samples(subject):
    """µV, (60, n): noise of 1 µV, and an impulse at each word, up in channels from 33 on, down in those before."""
    values = np.random.default_rng(int(subject[1:])).standard_normal((60, LENGTH.get(subject, 9000)))
    for segment, places in onset_samples(subject).items():
        at = [round(place) for place in places if 0 <= round(place) < values.shape[1]]
        values[31:, at] += size(subject, segment)
        values[:31, at] -= size(subject, segment)
    return values


def trials(subject):
    """The publisher's trl: a trial goes from .3 s before a word to 1 s after it; labels count the triggers found."""
    rows, table = [], words()
    for label, at in enumerate(TRIGGERS[subject].values(), 1):
        for row in table[table["Segment"] == label].itertuples():
            word = at + np.ceil(row.onset * RATE)
            if word + RATE <= samples(subject).shape[1]:
                rows.append([word - 150, word + 500, -150, label, row.onset, row.Order])
    rows = np.array(rows)
    return np.insert(rows, 3, 1, axis=1) if subject == "S02" else rows


def cells(names):
    return np.array(names, object)[:, None]


def write_subject(folder, subject, *, parameters=True):
    one = np.empty((1, 1), object)
    one[0, 0] = np.vstack([samples(subject), 5 * np.ones((2, LENGTH.get(subject, 9000)))])
    labels = cells([*EEG, "VEOG", "Aux5"])
    raw = {"label": labels, "fsample": 500.0, "trial": one, "hdr": {"Fs": 500.0, "label": labels}}
    savemat(folder / f"{subject}.mat", {"raw": raw}, do_compression=True)
    if parameters:
        rng = np.random.default_rng(5)
        ica = {"unmixing": rng.standard_normal((61, 61)), "topolabel": cells([*EEG, "29"]), "rejcomp": [3.0, 17.0]}
        proc = {"subject": subject, "trl": trials(subject), "varnames": cells(["segment", "tmin", "Order"])}
        proc |= {"implicitref": "29", "refchannels": cells(["25", "29"]), "ica": ica}
        proc |= {"rejections": {"badchans": cells(BAD.get(subject, []))}, "impedence": {"bads": cells(["3"])}}
        savemat(folder / "proc" / f"{subject}.mat", {"proc": proc})


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "alice"
    (folder / "proc").mkdir(parents=True)
    (folder / "audio").mkdir()
    words().to_csv(folder / "AliceChapterOne-EEG.csv", index=False)
    for segment, seconds in SECONDS.items():
        times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
        loud = 0.01 + 0.3 * np.any([(times >= on) & (times < off) for _, on, off, _ in TEXT[segment]], axis=0)
        sound = loud * np.sin(2 * np.pi * 100 * (segment + 1) * times)
        soundfile.write(folder / "audio" / f"DownTheRabbitHoleFinal_SoundFile{segment}.wav", sound, SOUND_RATE)
    for subject in TRIGGERS:
        write_subject(folder, subject, parameters=subject != "S28")
    return folder.parent


@pytest.fixture(scope="module")
def heard(shared):
    return load("alice", shared)


@pytest.fixture
def copy(shared, tmp_path):
    shutil.copytree(shared, tmp_path / "here")
    return tmp_path / "here"


def loud(cut):
    return cut.time.values[cut.sel(channel="50").values > 50]


def test_it_is_a_recording_of_connected_speech(heard):
    assert isinstance(heard, EEGRecording)
    assert not heard.simulated
    assert heard.subjects == ("S01", "S03")  # of the published 33, those who heard everything
    assert list(heard.segments.index) == ["segment-01", "segment-02", "segment-03"]
    assert heard.rate == RATE
    assert len(heard.phonemes) == 0
    assert {"sentence", "segment", "onset", "offset"} <= set(heard.phonemes)
    assert "affect" not in heard.stimuli


def test_sentences_are_the_publishers_and_break_at_segments(heard):
    names = ["sentence-001", "sentence-002", "sentence-002b", "sentence-003", "sentence-004", "sentence-005"]
    assert list(heard.stimuli.index) == names
    assert list(heard.stimuli["text"][:3]) == ["alice was tired", "so she", "slept"]
    assert list(heard.stimuli["segment"][1:3]) == ["segment-01", "segment-02"]


def test_words_and_what_is_known_of_them(heard):
    table, said = heard.words, words()
    start = table["sentence"].map(heard.stimuli["start"])
    np.testing.assert_allclose(table["onset"] + start, said["onset"])
    np.testing.assert_allclose(table["offset"] + start, said["offset"])
    np.testing.assert_allclose(table["surprisal"], said["CFG"])
    np.testing.assert_allclose(table["rnn"], said["RNN"])
    np.testing.assert_allclose(table["log_frequency"], said["LogFreq"])
    assert list(table["content"]) == list(said["IsLexical"] == 1)
    assert list(table["position"]) == [0, 1, 2, 0, 1, 0, 0, 1, 0, 1, 0, 1, 2]


@pytest.mark.parametrize("spelling", [("TRUE", "FALSE"), ("1", "0")])
def test_content_words_however_they_are_spelt(copy, spelling):
    table = words()
    yes = table["IsLexical"] == 1
    table.assign(IsLexical=np.where(yes, *spelling)).to_csv(copy / "alice" / "AliceChapterOne-EEG.csv", index=False)
    assert list(load("alice", copy).words["content"]) == list(yes)


def test_what_is_negative_is_no_surprisal(shared):
    assert "surprisal" not in load("alice", shared, surprisal="RNN").words
    np.testing.assert_allclose(load("alice", shared, surprisal="NGRAM").words["surprisal"], words()["NGRAM"])


@pytest.mark.parametrize("subject", ["S01", "S02", "S03", "S26", "S07", "S24"])
def test_an_impulse_at_a_word_comes_out_at_that_word(shared, subject):
    """In every segment: onsets count from the segment, columns of S02 are shifted, S26 lacks a trigger."""
    heard = load("alice", shared, subjects=[subject])
    lacking = {"S26": 1, "S07": 1, "S24": 3}.get(subject)
    numbers = [segment for segment in SECONDS if segment != lacking]
    assert list(heard.segments.index) == [f"segment-{number:02d}" for number in numbers]
    for number in numbers:
        cut = heard.responses(subject, f"segment-{number:02d}")
        np.testing.assert_allclose(loud(cut), [on for _, on, *_ in TEXT[number]], atol=0.5 / RATE + 1e-9)
        np.testing.assert_allclose(cut.sel(channel="50", time=loud(cut)), size(subject, number), atol=6)
    for name, said in heard.words.groupby("sentence"):
        np.testing.assert_allclose(loud(heard.responses(subject, name)), said["onset"], atol=0.5 / RATE + 1e-9)


def test_times_are_the_same_for_all_listeners(shared):
    heard = load("alice", shared, subjects=["S01", "S02", "S03"])
    assert len(heard.segments) == 3
    for name in (*heard.stimuli.index, *heard.segments.index):
        cuts = [heard.responses(subject, name, tmin=-3.0, tmax=0.6) for subject in heard.subjects]
        for cut in cuts[1:]:
            np.testing.assert_array_equal(cut.time, cuts[0].time)
    first = heard.responses("S01", "sentence-001", tmin=-3.0).time.values[0]
    assert first == pytest.approx(-(699 / RATE + heard.stimuli["start"].iloc[0]))  # as much as S02 has


def test_a_margin_after_the_recordings_end_is_refused(heard):
    with pytest.raises(ground.WrongUse, match="not in it"):
        heard.responses("S01", "segment-03", tmax=60)


def test_who_heard_what(shared):
    assert load("alice", shared, segments=[2, 3]).subjects == ("S01", "S03", "S26")
    assert load("alice", shared, subjects=1).subjects == ("S01",)
    both = load("alice", shared, subjects=["S01", "S26"])
    assert list(both.segments.index) == ["segment-02", "segment-03"]
    with pytest.raises(ground.MissingData, match=r"S26 lacks \[1\]"):
        load("alice", shared, subjects=["S26"], segments=[1])
    with pytest.raises(ground.WrongUse, match="S28"):
        load("alice", shared, subjects=["S28"])  # nothing says when it heard what


def test_sentence_names_do_not_depend_on_what_is_loaded(heard, shared):
    part = load("alice", shared, subjects=["S26"])
    assert list(part.stimuli.index) == list(heard.stimuli.index[2:])
    assert list(part.stimuli["text"]) == list(heard.stimuli["text"][2:])


def test_the_raw_is_marked_and_as_recorded(heard):
    raw = heard.raw("S03")
    assert raw.ch_names == [*EEG, "VEOG", "Aux5"]
    assert raw.get_channel_types(["VEOG", "Aux5", "1"]) == ["eog", "misc", "eeg"]
    assert raw.info["line_freq"] == 60
    assert raw.info["bads"] == []
    np.testing.assert_allclose(raw.get_data(picks=EEG) * 1e6, samples("S03"), atol=1e-9)
    starts = bids.marked(raw, "segment")["onset"]
    np.testing.assert_allclose(starts * RATE, [at - 1 for at in TRIGGERS["S03"].values()])
    assert len(bids.marked(raw, "sentence")) == 6


def test_electrodes_are_where_the_publishers_template_has_them(heard):
    """Some rows of easycapM10-acti61_elec.sfp, in cm on a sphere of 9 cm."""
    published = {"1": (0.000, 3.517, 8.285), "8": (3.394, 7.623, 3.371), "22": (6.786, 4.752, -3.517),
                 "25": (6.346, -5.325, -3.517), "29": (-6.346, -5.325, -3.517), "33": (0, 0, 9),
                 "36": (5.337, 3.466, 6.364), "41": (-2.588, -5.814, 6.364), "45": (-2.588, 5.814, 6.364),
                 "51": (8.345, -3.371, 0),
                 "55": (-3.371, -8.345, 0), "61": (-3.371, 8.345, 0)}  # fmt: skip
    here = positions()
    assert list(here) == [str(number) for number in range(1, 62)]
    for name, place in published.items():
        np.testing.assert_allclose(here[name] / 0.095 * 9, place, atol=6e-4)
    far = np.array(list(here.values()))
    assert np.linalg.norm(far[:, None] - far[None], axis=-1)[np.triu_indices(61, 1)].min() > 0.02


def test_the_head_is_where_mnes_layouts_have_it(heard):
    """Their sphere has its middle 4 cm above the line between the ears; the landmarks are the same."""
    import mne

    montage = mne.channels.make_standard_montage("biosemi64")
    info = mne.create_info(montage.ch_names, 1.0, "eeg").set_montage(montage)
    vertex = info["chs"][info.ch_names.index("Cz")]["loc"][:3]
    own = heard.info("S01")
    np.testing.assert_allclose(own["chs"][own.ch_names.index("33")]["loc"][:3], vertex, atol=1e-4)
    for theirs, ours in zip(info["dig"][:3], own["dig"][:3], strict=True):
        np.testing.assert_allclose(ours["r"], theirs["r"], atol=1e-4)
    right = own["chs"][own.ch_names.index("50")]["loc"][:3]
    t8 = info["chs"][info.ch_names.index("T8")]["loc"][:3]
    assert np.linalg.norm(right - t8) < 0.01


def test_mne_numbers_the_same_cap_differently():
    import mne

    theirs = mne.channels.make_standard_montage("easycap-M10").get_positions()["ch_pos"]
    assert np.linalg.norm(theirs["33"] - positions()["33"]) > 0.03


def test_published_rejections_only_where_asked_for(shared, heard):
    marked = load("alice", shared, published=["channels"])
    assert marked.raw("S01").info["bads"] == ["3", "7", "40"]
    np.testing.assert_array_equal(marked.raw("S01").get_data(), heard.raw("S01").get_data())
    cleaned = load("alice", shared, published=("components",)).raw("S01")
    assert cleaned.ch_names[-1] == "29"
    order = [*EEG, "29"]
    values = np.vstack([samples("S01"), np.zeros(9000)])
    values = values - values[[order.index("25"), 60]].mean(axis=0)
    unmixing = np.random.default_rng(5).standard_normal((61, 61))
    sources = unmixing @ values
    sources[[2, 16]] = 0  # counted from 1 where they are published
    np.testing.assert_allclose(cleaned.get_data(picks=order) * 1e6, np.linalg.solve(unmixing, sources), atol=1e-6)
    assert len({one.fingerprint for one in (marked, heard, load("alice", shared, published=["components"]))}) == 3


def test_sounds_are_cut_where_the_eeg_is(heard):
    whole, rate = heard.audio("segment-02")
    assert rate == SOUND_RATE
    assert whole.shape == (SECONDS[2] * SOUND_RATE,)
    row = heard.stimuli.loc["sentence-003"]
    part, _ = heard.audio("sentence-003")
    np.testing.assert_array_equal(part, whole[round(row["start"] * rate) : round(row["stop"] * rate)])


def test_the_second_version_has_brainvision_files(copy):
    import pybv

    folder = copy / "alice"
    (folder / "proc").rename(folder / "timelock-preprocessing")
    (folder / "S03.mat").unlink()
    pybv.write_brainvision(
        data=np.vstack([samples("S03"), np.ones((2, 9000))]) * 1e-6, sfreq=RATE, ch_names=[*EEG, "VEOG", "AUD"],
        fname_base="S03", folder_out=folder, unit="µV", fmt="binary_float32",
    )  # fmt: skip
    found = load("alice", copy)
    assert found.subjects == ("S01", "S03")
    cut = found.responses("S03", "segment-02")
    np.testing.assert_allclose(loud(cut), [on for _, on, *_ in TEXT[2]], atol=0.5 / RATE + 1e-9)
    (folder / "S03.vhdr").write_text("nothing")
    with pytest.raises(ground.DamagedData, match=r"S03\.vhdr"):
        load("alice", copy).raw("S03")


def rewritten(path, key, **changes):
    content = loadmat(path, simplify_cells=True)[key]
    savemat(path, {key: {name: value for name, value in (content | changes).items() if value is not None}})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda trl: np.insert(trl, 3, 1, axis=1), "apart"),  # columns shifted, and nobody said so
        (lambda trl: np.insert(trl, 3, 15, axis=1), r"segments 1 to 12 in column 4 of trl, got 15"),
        (lambda trl: trl[:, :4], r"at least 5 columns.*\(13, 4\)"),
        (lambda trl: np.where(np.arange(6) == 0, np.nan, trl), "at least 5 columns of numbers"),
        (lambda trl: trl - 2000 * (trl[:, [3]] == 2) * (np.arange(6) == 0), "segment 2 begins before 1 has ended"),
        (lambda trl: None, "a struct proc with trl"),
    ],
)
def test_columns_that_cannot_be_right_are_noticed(copy, change, what):
    path = copy / "alice" / "proc" / "S03.mat"
    rewritten(path, "proc", trl=change(trials("S03")))
    with pytest.raises(ground.DamagedData, match=rf"S03\.mat.*{what}"):
        load("alice", copy)
    assert load("alice", copy, subjects=["S01"]).subjects == ("S01",)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("missing", ["NA", "", "n/a", "NaN"])
def test_words_in_any_encoding_and_words_that_look_like_missing_values(copy, coding, missing):
    table = words().astype({"Word": object, "LogFreq": object})
    table.loc[[0, 1, 2], "Word"] = ["NA", "null", "d\u2019\u00e9t\u00e9"]
    table.loc[3, "LogFreq"] = missing
    table.to_csv(copy / "alice" / "AliceChapterOne-EEG.csv", index=False, encoding=coding)
    found = load("alice", copy).words
    assert found["word"].tolist()[:3] == ["na", "null", "d\u2019\u00e9t\u00e9"]
    assert np.flatnonzero(found["log_frequency"].isna()).tolist() == [3]


@pytest.mark.parametrize("stated", [None, "V"])
def test_a_recording_in_volts_is_brought_to_microvolts_and_says_so(copy, stated):
    hdr = {"Fs": 500.0} | ({"chanunit": cells([stated] * 62)} if stated else {})
    volts = np.vstack([samples("S03") * 1e-6, np.ones((2, 9000))])
    rewritten(copy / "alice" / "S03.mat", "raw", trial=volts, hdr=hdr, label=cells([*EEG, "VEOG", "Aux5"]))
    with pytest.warns(UserWarning, match=r"S03\.mat states .*taken for V"):
        raw = load("alice", copy).raw("S03")
    np.testing.assert_allclose(raw.get_data(picks=EEG) * 1e6, samples("S03"), rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"fsample": 250.0}, "500 samples per second, got 250"),
        ({"trial": np.zeros((61, 50))}, r"62 channels, got shape \(61, 50\)"),
        ({"trial": np.full((62, 50), np.nan)}, "one trial of 62 channels"),
        ({"label": cells([*EEG[1:], "AUX", "VEOG", "Aux5"])}, "60 EEG channels, got 59"),
        ({"trial": None}, "a struct raw with label, fsample, trial"),
    ],
)
def test_recordings_that_are_not_as_described_are_noticed(copy, changes, what):
    rewritten(copy / "alice" / "S03.mat", "raw", **changes)
    with pytest.raises(ground.DamagedData, match=rf"S03\.mat.*{what}"):
        load("alice", copy).raw("S03")


@pytest.mark.parametrize("place", ["S03.mat", "proc/S03.mat"])
@pytest.mark.parametrize("keep", [0, 60, 300, 0.7])
def test_truncated_files_are_noticed(copy, place, keep):
    path = copy / "alice" / place
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw)) if 0 < keep < 1 else keep])
    with pytest.raises(ground.DamagedData, match=r"S03\.mat"):
        load("alice", copy).raw("S03")


def test_missing_files_are_named(copy):
    folder = copy / "alice"
    (folder / "audio" / "DownTheRabbitHoleFinal_SoundFile2.wav").unlink()
    with pytest.raises(ground.MissingData, match=r"SoundFile2\.wav is missing.*deepblue.*ALIKE_DATA"):
        load("alice", copy)
    shutil.rmtree(folder / "proc")
    with pytest.raises(ground.MissingData, match=r"\(proc\)"):
        load("alice", copy)
    (folder / "AliceChapterOne-EEG.csv").unlink()
    with pytest.raises(ground.MissingData, match=r"AliceChapterOne-EEG\.csv is missing"):
        load("alice", copy)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda table: table.drop(columns="CFG"), "no column 'CFG'"),
        (lambda table: table.assign(Sentence=table["Sentence"] + 0.5), "whole numbers in the column Sentence"),
        (lambda table: table.assign(Segment="x"), "column 'Segment', row 1: 'x' is no number"),
        (lambda table: table.assign(Segment="NA"), "whole numbers in the column Segment"),
        (lambda table: table.assign(Word=""), "a word in every row"),
        (lambda table: table.iloc[1:].set_axis(list(table.iloc[0]), axis=1), "no column 'Word'.*is the header missing"),
        (lambda table: table.iloc[:0], "rows below its header"),
        (lambda table: table.assign(offset=table["onset"] - 1), "words in order of time"),
        (lambda table: table.assign(onset=np.nan), "words in order of time"),
        (lambda table: table.assign(offset=table["offset"] + 3), "within their sound"),
    ],
)
def test_a_damaged_table_is_noticed(copy, change, what):
    change(words()).to_csv(copy / "alice" / "AliceChapterOne-EEG.csv", index=False)
    with pytest.raises(ground.DamagedData, match=rf"AliceChapterOne-EEG\.csv.*{what}"):
        load("alice", copy, subjects=["S01"])


@pytest.mark.parametrize(
    "wrong",
    [{"surprisal": "GPT"}, {"published": "channels"}, {"published": ["ica"]}, {"subjects": 0}, {"segments": [13]},
     {"subjects": ["S50"]}],
)  # fmt: skip
def test_wrong_options(shared, wrong):
    with pytest.raises(ground.WrongUse):
        load("alice", shared, **wrong)


def test_it_is_to_be_got_by_hand(tmp_path, monkeypatch, shared):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    monkeypatch.delenv("ALIKE_DATA", raising=False)
    with pytest.raises(ground.MissingData, match=rf"proc\.zip.*deepblue.*{tmp_path}/alice.*ALIKE_DATA"):
        fetch("alice")
    assert check("alice", shared) == []


def test_the_card_says_what_was_not_tried():
    facts = card("alice")
    assert "not on the recordings themselves" in facts["responses"]
    assert len(facts["used"]) == 33
    assert set(facts["first_missing"]) <= set(facts["used"])


def test_the_eeg_chapter_runs_on_it(shared, tmp_path, monkeypatch):
    from lib.chapters.eeg import material as eeg
    from lib.chapters.eeg import words as eeg_words
    from lib.compare.word_responses import LAGS

    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    monkeypatch.setattr(eeg, "LEAST_PIECES", 4)  # as many sentences as the made-up book has
    heard = load("alice", shared)
    parts = eeg.pieces(heard, "sentence", 4)
    stimuli = [piece.stimulus for piece in parts]
    listeners = eeg.responses(heard, stimuli, band=(2.0, 30.0), bad=None, repair="spline", reference="average")
    assert "60" in listeners.cleaned.steps.set_index("step").loc["notch", "choice"]
    assert len(listeners.channels) == 60
    frames = eeg.represented("logmel", heard, stimuli, 12.5)
    how = {"components": 3, "whiten": False, "method": "antialiased"}
    assert [piece.name for piece, _ in eeg.items(frames, listeners, parts, **how)] == stimuli
    said = [piece for piece in eeg.pieces(heard, "word", 4) if piece.stimulus in frames]
    assert len(said) == heard.words["sentence"].isin(stimuli).sum()
    assert list(eeg.items(frames, listeners, said, **how))
    fitted = eeg_words.word_responses(heard, listeners, ["sentence-003"])
    assert fitted["words"].shape == (2, len(LAGS), 60)
    wave = fitted["words"].sel(channel="50").mean("subject")
    assert abs(float(wave.lag[int(wave.values.argmax())])) <= 1 / 64
