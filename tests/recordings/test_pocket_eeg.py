"""Simulated EEG: in the form of a measured one, and what was planted can be found where and when it was planted."""

import numpy as np
import pytest

from lib import ground
from lib.recordings import bids, load
from lib.recordings.pocket.brains import scalp, static, waves
from lib.recordings.pocket.brains.story_truth import eeg_truth
from lib.recordings.pocket.story.telling import tell

FRONTO_CENTRAL = {"Fz", "F1", "F2", "FCz", "FC1", "FC2", "FC3", "FC4", "Cz", "C1", "C2"}
CENTRO_PARIETAL = {"Cz", "C1", "C2", "CPz", "CP1", "CP2", "CP3", "CP4", "Pz", "P1", "P2", "P3", "P4"}
LAGS = np.arange(-26, 103)


@pytest.fixture(scope="module")
def eeg(pocket_root):
    return load("pocket-eeg", pocket_root, subjects=2, segments=2, seed=3)


@pytest.fixture(scope="module")
def unstored(pocket_root):
    """Load a simulation that writes nothing, with as many listeners and minutes as a test can afford."""

    def make(**options):
        settings = {"subjects": 3, "segments": 2, "stored": False, "snr": 8.0, "seed": 1} | options
        return load("pocket-eeg", pocket_root, **settings)

    return make


def cleaned(recording, subject):
    """Repair the bad channel, re-reference to the average, 0.5 to 30 Hz; (channel, time) in µV."""
    raw = recording.raw(subject).load_data(verbose="ERROR")
    raw.info["bads"] = [eeg_truth(subjects=3, seed=1).bad[subject]]
    raw.interpolate_bads(verbose="ERROR").set_eeg_reference("average", verbose="ERROR").filter(0.5, 30, verbose="ERROR")
    return raw.get_data() * 1e6


def outlier(values):
    """Number of the one channel whose standard deviation is more than three of their spread off the median."""
    spread = values.std(axis=1)
    (found,) = np.flatnonzero(np.abs(spread - np.median(spread)) > 3 * spread.std())
    return int(found)


def deconvolved(recording, pocket_root, keep=None):
    """Responses (subject, feature, channel, lag) that explain the EEG together, by least squares."""
    telling = tell(len(recording.segments), pocket_root)
    drive = waves.drives(telling, waves.Options(without=("affect",)))
    drive = drive if keep is None else np.concatenate([drive, drive * keep(telling)])
    design = np.array([np.roll(row, lag) for row in drive for lag in LAGS] + [np.ones(drive.shape[1])])
    gram = design @ design.T
    gram[np.diag_indices_from(gram)] += 1e-4 * np.trace(gram) / len(gram)
    found = [np.linalg.solve(gram, design @ cleaned(recording, name).T)[:-1] for name in recording.subjects]
    shape = (len(found), len(drive), len(LAGS), 64)
    return np.array(found).reshape(shape).transpose(0, 1, 3, 2)


def feature(name):
    return [effect.feature for effect in waves.EFFECTS].index(name)


def peak(response, channels):
    """Channel and lag [s] of the most negative value of a response (channel, lag): N1 and N400 are negative."""
    channel, lag = np.unravel_index(response.argmin(), response.shape)
    return channels[channel], LAGS[lag] / waves.RATE


def test_form(eeg):
    assert eeg.simulated
    assert "simulated" in eeg.title
    assert eeg.subjects == ("sim01", "sim02")
    assert eeg.rate == 128
    info = eeg.info("sim01")
    assert len(info.ch_names) == 64
    assert info["sfreq"] == 128
    assert info["line_freq"] == 50
    places = np.array([channel["loc"][:3] for channel in info["chs"]])
    assert np.isfinite(places).all()
    assert 0.08 < np.linalg.norm(places - scalp.CENTRE, axis=1).mean() < 0.11
    assert {"text", "affect", "segment", "speaker", "duration", "rate", "file", "start", "stop"} <= set(eeg.stimuli)


def test_defaults_are_a_study():
    options = waves.Options()
    assert options.subjects >= 12
    assert options.segments == 12
    assert options.without == ()


def test_responses_are_labelled(eeg):
    row = eeg.stimuli.loc["sentence-010"]
    response = eeg.responses("sim02", "sentence-010", tmin=-0.25, tmax=0.5)
    assert response.dims == ("channel", "time")
    assert list(response.channel.values) == eeg.info("sim02").ch_names
    assert response.sizes["time"] == round((row["duration"] + 0.75) * 128)
    np.testing.assert_allclose(response.time, np.arange(response.sizes["time"]) / 128 - 0.25, atol=1e-5)
    assert response.attrs["units"] == "µV"
    assert response.attrs["rate"] == 128
    assert response.attrs["simulated"]
    assert 3 < float(response.std()) < 60


def test_a_sentence_is_a_piece_of_its_segment(eeg):
    row = eeg.stimuli.loc["sentence-012"]
    whole = eeg.responses("sim01", row["segment"])
    first, stop = round(row["start"] * 128), round(row["stop"] * 128)
    np.testing.assert_array_equal(eeg.responses("sim01", "sentence-012").values, whole.values[:, first:stop])
    sound, rate = eeg.audio(row["segment"])
    assert len(sound) / rate == pytest.approx(whole.sizes["time"] / 128)


def test_what_is_stored_is_what_was_simulated(eeg, pocket_root):
    direct = load("pocket-eeg", pocket_root, subjects=2, segments=2, seed=3, stored=False)
    for stimulus in ("sentence-003", "segment-02"):
        read, made = (one.responses("sim02", stimulus) for one in (eeg, direct))
        np.testing.assert_allclose(read.values, made.values, atol=0.051)
        np.testing.assert_allclose(read.time, made.time, atol=1e-5)


def test_a_recording_of_ones_own_making_is_cut_alike(eeg):
    raw = eeg.raw("sim01").load_data(verbose="ERROR").set_eeg_reference("average", verbose="ERROR")
    mine = eeg.responses("sim01", "sentence-004", raw=raw)
    theirs = eeg.responses("sim01", "sentence-004")
    np.testing.assert_allclose(mine.values, theirs.values - theirs.values.mean(axis=0), atol=1e-9)
    slow = eeg.responses("sim01", "sentence-004", raw=raw.resample(64, verbose="ERROR"))
    assert slow.attrs["rate"] == 64
    with pytest.raises(ground.WrongUse, match="annotation"):
        eeg.responses("sim01", "sentence-018", raw=raw.crop(0, 20))


def test_raw_is_a_copy(eeg):
    eeg.raw("sim01").load_data(verbose="ERROR")._data[:] = 0
    assert float(eeg.responses("sim01", "sentence-001").std()) > 1


def test_there_is_something_to_clean(eeg):
    """One channel that stands out and is not marked, a line at 50 Hz, alpha at the back, power that falls with f."""
    from scipy.signal import welch

    bad = eeg_truth(subjects=2, segments=2, seed=3).bad
    for subject in eeg.subjects:
        raw = eeg.raw(subject)
        assert raw.info["bads"] == []
        assert raw.ch_names[outlier(raw.get_data())] == bad[subject]
        good = [name for name in raw.ch_names if name != bad[subject]]
        frequency, power = welch(raw.get_data(picks=good) * 1e6, 128, nperseg=512)
        level = dict(zip(frequency, np.median(power, axis=0), strict=True))
        assert level[50] > 20 * level[47]
        assert level[50] > 20 * level[53]
        back, front = (power[good.index(name)][(frequency >= 9) & (frequency <= 11.5)].max() for name in ("Oz", "Fz"))
        assert back > 3 * front
        slope = np.polyfit(np.log([1, 2, 4, 16, 32]), np.log([level[f] for f in (1, 2, 4, 16, 32)]), 1)[0]
        assert -1.6 < slope < -0.7


def test_every_bad_channel_can_be_found():
    for number in range(12):
        who = waves.listener(waves.Options(), number)
        assert outlier(static.noise(np.random.default_rng(number), who, 128 * 60)) == who.bad


def test_the_same_bytes_again(eeg, pocket_root, tmp_path):
    assert load("pocket-eeg", tmp_path, subjects=1, segments=1, seed=3).fingerprint != eeg.fingerprint
    one, two = (load("pocket-eeg", place, subjects=1, segments=1) for place in (tmp_path, tmp_path / "elsewhere"))
    assert one.fingerprint == two.fingerprint


def test_listeners_do_not_depend_on_how_many_there_are(unstored):
    few, many = unstored(subjects=1), unstored(subjects=3)
    np.testing.assert_array_equal(
        few.responses("sim01", "sentence-001").values, many.responses("sim01", "sentence-001").values
    )
    one, two = (np.diff(many.responses(name, "segment-01").values, n=2).ravel() for name in many.subjects[:2])
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.9


def test_snr_scales_answers_and_not_noise(unstored):
    none, one, two = (unstored(snr=snr).responses("sim01", "segment-01").values for snr in (0.0, 1.0, 2.0))
    np.testing.assert_allclose(two - one, one - none, atol=1e-9)
    assert 0.3 < (one - none).std() < 2
    off = unstored(without=waves.SWITCHES).responses("sim01", "segment-01").values
    np.testing.assert_array_equal(off, none)


@pytest.mark.parametrize("name", waves.SWITCHES)
def test_each_switch_takes_away_its_own_part(name, unstored):
    silent = unstored(snr=0.0).responses("sim01", "segment-01").values
    full = unstored().responses("sim01", "segment-01").values - silent
    part = full - (unstored(without=name).responses("sim01", "segment-01").values - silent)
    assert 0.02 < part.var() / full.var() < 0.98


def test_groups_name_effects(unstored):
    assert waves.Options(without="early").without == ("acoustic", "phoneme")
    assert waves.Options(without=("late", "affect")).without == ("surprisal", "affect")


def test_words_evoke_an_early_fronto_central_response(unstored):
    recording = unstored(snr=2.0)
    channels = recording.info("sim01").ch_names
    epochs = []
    for subject in recording.subjects:
        values = cleaned(recording, subject)
        begin = bids.marked(recording.raw(subject), "sentence")["onset"][recording.words["sentence"]].to_numpy()
        at = np.round((begin + recording.words["onset"]) * 128).astype(int)
        epochs.append(np.mean([values[:, k - 13 : k + 39] for k in at], axis=0))
    average = np.mean(epochs, axis=0)  # channel, time from -100 to 300 ms
    average = average - average[:, :13].mean(axis=1, keepdims=True)
    early = average[:, 13 + 6 : 13 + 26]  # 50 to 200 ms
    channel, time = np.unravel_index(early.argmin(), early.shape)
    assert channels[channel] in FRONTO_CENTRAL
    assert 0.09 < (time + 6) / 128 < 0.18
    assert -early.min() > 5 * average[channel, :13].std()


def test_planted_responses_are_found_and_gone_when_off(unstored, pocket_root):
    found = deconvolved(unstored(), pocket_root).mean(axis=0)
    channels = scalp.electrodes().ch_names
    onset, phoneme, late = (found[feature(name)] for name in ("onset", "phoneme", "surprisal"))
    assert peak(onset, channels)[0] in FRONTO_CENTRAL
    assert peak(onset, channels)[1] == pytest.approx(0.105, abs=0.02)
    assert peak(phoneme, channels)[0] in {"C3", "FC3", "FC5", "C5", "C1", "FC1"}
    assert peak(phoneme, channels)[1] == pytest.approx(0.14, abs=0.03)
    assert peak(late, channels)[0] in CENTRO_PARIETAL
    assert peak(late, channels)[1] == pytest.approx(0.4, abs=0.06)

    off = deconvolved(unstored(without=("surprisal", "acoustic")), pocket_root).mean(axis=0)
    before = LAGS < -3
    for name, there in (("surprisal", late), ("onset", onset)):
        gone = off[feature(name)]
        criterion = 5 * gone[:, before].std()
        assert np.abs(there).max() > 2 * criterion
        assert np.abs(gone).max() < criterion


def test_truth_states_what_is_found(unstored, pocket_root):
    """With little noise, least squares gives back each listener's planted response, in shape and in size."""
    found = deconvolved(unstored(snr=50.0, subjects=2, without="affect"), pocket_root)
    truth = eeg_truth(snr=50.0, subjects=2, segments=2, seed=1, without="affect")
    later = LAGS >= 0
    for number, subject in enumerate(("sim01", "sim02")):
        for name in ("onset", "phoneme", "surprisal"):
            planted = truth.response(subject, name).values
            mine = found[number, feature(name)][:, later]
            mine = mine - mine.mean(axis=0)
            assert np.corrcoef(mine.ravel(), planted.ravel())[0, 1] > 0.9, (subject, name)
            assert (mine * planted).sum() / (planted**2).sum() == pytest.approx(1, abs=0.25), (subject, name)


def test_negative_passages_strengthen_early_and_weaken_late(unstored, pocket_root):
    def negative(telling):
        marks = waves.timeline(telling).set_index("description")
        span = np.zeros(waves.session_length(telling))
        for name in telling.sentences.query("affect == 'negative'").index:
            onset, duration = marks.loc[f"sentence/{name}"]
            span[round(onset * 128) : round((onset + duration) * 128)] = 1
        return span

    def ratios(recording):
        both = deconvolved(recording, pocket_root, negative)[0]
        shares = []
        for name in ("onset", "surprisal"):
            k = feature(name)
            base, more = both[k], both[k + len(waves.EFFECTS)]
            shares.append(1 + (base * more).sum() / (base**2).sum())
        return shares

    np.testing.assert_allclose(ratios(unstored(snr=50.0, subjects=1)), [1.5, 0.5], atol=0.15)
    np.testing.assert_allclose(ratios(unstored(snr=50.0, subjects=1, without="affect")), [1, 1], atol=0.15)


def test_truth_follows_the_switches():
    truth = eeg_truth(subjects=2, snr=2.0, without=("late", "affect"))
    plain = eeg_truth(subjects=2)
    rows = truth.peaks.merge(plain.peaks, on=["subject", "feature", "latency", "width"])
    off = rows["effect_x"] == "surprisal"
    assert (rows.loc[off, "amplitude_x"] == 0).all()
    np.testing.assert_allclose(rows.loc[~off, "amplitude_x"], 2 * rows.loc[~off, "amplitude_y"])
    assert (truth.affect == 1).all(axis=None)
    assert plain.affect.loc["surprisal", "negative"] < 1 < plain.affect.loc["acoustic", "negative"]
    np.testing.assert_allclose(truth.maps.mean("channel"), 0, atol=1e-12)


def test_listeners_differ():
    peaks = eeg_truth(subjects=12).peaks.query("feature == 'surprisal'")
    assert 0.008 < peaks["latency"].std() < 0.04
    assert 0.12 < np.log(-peaks["amplitude"]).std() < 0.45
    maps = eeg_truth(subjects=4).maps.sel(source="semantic").values
    similar = np.corrcoef(maps)[np.triu_indices(4, 1)]
    assert (similar > 0.8).all()
    assert (similar < 0.999).all()


def test_maps_of_the_mean_head():
    maps = scalp.topographies()
    maps = maps - maps.mean(axis=1, keepdims=True)
    channels = scalp.electrodes().ch_names
    for source, region in (("auditory", FRONTO_CENTRAL), ("semantic", CENTRO_PARIETAL)):
        values = maps[list(scalp.SOURCES).index(source)]
        assert channels[values.argmax()] in region
        assert values.max() == pytest.approx(1)
        for left, right in (("C3", "C4"), ("F5", "F6"), ("P9", "P10")):
            assert values[channels.index(left)] == pytest.approx(values[channels.index(right)], abs=0.02)
    phonetic = maps[list(scalp.SOURCES).index("phonetic")]
    assert phonetic[channels.index("C3")] > 1.5 * phonetic[channels.index("C4")]


def test_noise_has_the_stated_level():
    who = waves.listener(waves.Options(), 0)
    values = static.noise(np.random.default_rng(0), who, 128 * 120)
    good = np.delete(values, who.bad, axis=0)
    good = good - good.mean(axis=0)
    assert np.median(good.std(axis=1)) == pytest.approx(static.BACKGROUND * who.noise, rel=0.3)
    assert values[who.bad].std() == pytest.approx(static.BROKEN, rel=0.2)


def test_a_damaged_cache_is_made_anew(tmp_path):
    first = load("pocket-eeg", tmp_path, subjects=1, segments=1)
    (file,) = tmp_path.glob("pocket-eeg-*/sub-sim01/eeg/*.eeg")
    whole = file.read_bytes()
    file.write_bytes(whole[:1000] + b"\0\0" + whole[1002:])
    again = load("pocket-eeg", tmp_path, subjects=1, segments=1)
    assert again.fingerprint == first.fingerprint
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"subjects": 0},
        {"subjects": 2.5},
        {"segments": 13},
        {"segments": 0},
        {"snr": -1},
        {"snr": "high"},
        {"snr": np.nan},
        {"seed": -1},
        {"without": "surprise"},
        {"scans": 3},
    ],
)
def test_wrong_options(wrong, tmp_path):
    with pytest.raises(ground.WrongUse):
        load("pocket-eeg", tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("subject", "stimulus", "options"),
    [("sim03", "sentence-001", {}), ("sim01", "sentence-999", {}), ("sim01", "sentence-001", {"tmin": -9})],
)
def test_wrong_requests(eeg, subject, stimulus, options):
    with pytest.raises(ground.WrongUse):
        eeg.responses(subject, stimulus, **options)


def test_nothing_that_analyses_can_read_the_truth():
    rooms = [path for room in ("compare", "models", "report") for path in (ground.ROOT / "lib" / room).glob("*.py")]
    recordings = [path for path in (ground.ROOT / "lib" / "recordings").glob("**/*.py") if path.stem != "story_truth"]
    assert len(rooms) > 5
    assert not [path for path in rooms + recordings if "story_truth import" in path.read_text(encoding="utf-8")]
