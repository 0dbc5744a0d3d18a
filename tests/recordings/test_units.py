"""Units: a recording comes out in volts whatever its header and side files say, or the contradiction is named."""

import mne
import numpy as np
import pytest

from lib import ground
from lib.recordings import bids, units

RATE, NAMES = 256, ["Fz", "Cz", "Pz", "Oz"]
VALUES = 12 * np.random.default_rng(3).standard_normal((len(NAMES), 3 * RATE)) + 40
"""Microvolts."""


def write_edf(path, values, unit):
    """A 16-bit EDF file whose numbers reach from -1000 to 1000 of a unit."""
    count, seconds = len(values), values.shape[1] // RATE
    fields = [[name.ljust(16) for name in NAMES], [" " * 80] * count, [unit.ljust(8)] * count]
    fields += [[text.ljust(8)] * count for text in ("-1000", "1000", "-32768", "32767")]
    fields += [[" " * 80] * count, [str(RATE).ljust(8)] * count, [" " * 32] * count]
    head = "0".ljust(8) + " " * 160 + "01.01.2601.01.01" + str(256 * (count + 1)).ljust(8) + " " * 44
    head += str(seconds).ljust(8) + "1".ljust(8) + str(count).ljust(4) + "".join("".join(each) for each in fields)
    digits = np.round((values + 1000) * 65535 / 2000 - 32768).astype("<i2").reshape(count, seconds, RATE)
    path.write_bytes(head.encode("latin-1") + digits.swapaxes(0, 1).tobytes())


def write_brainvision(path, values, unit):
    import pybv

    pybv.write_brainvision(
        data=values * 1e-6, sfreq=RATE, ch_names=NAMES, fname_base=path.stem, folder_out=path.parent,
        unit="µV", fmt="binary_float32",
    )  # fmt: skip
    path.write_text(path.read_text(encoding="utf-8").replace(",µV", f",{unit}"), encoding="utf-8")


@pytest.fixture
def made(tmp_path):
    """Write one recording in BIDS and read it."""

    def make(ending, unit, listed, values=VALUES):
        folder = tmp_path / "sub-1" / "eeg"
        folder.mkdir(parents=True)
        (tmp_path / "dataset_description.json").write_text('{"Name": "made up", "BIDSVersion": "1.7.0"}')
        {"edf": write_edf, "vhdr": write_brainvision}[ending](folder / f"sub-1_task-t_eeg.{ending}", values, unit)
        if listed is not None:
            rows = "".join(f"{name}\tEEG\t{listed}\tgood\n" for name in NAMES)
            (folder / "sub-1_task-t_channels.tsv").write_text("name\ttype\tunits\tstatus\n" + rows, encoding="utf-8")
        return bids.read_raw(tmp_path, "1", task="t")

    return make


def assert_as_made(raw):
    np.testing.assert_allclose(raw.get_data(picks="eeg") * 1e6, VALUES, atol=0.03)
    raw.load_data()
    np.testing.assert_allclose(raw.get_data(picks="eeg") * 1e6, VALUES, atol=0.03)


@pytest.mark.parametrize(
    ("ending", "unit", "listed"),
    [("edf", "uV", "V"), ("edf", "uV", None), ("vhdr", "µV", "V"), ("vhdr", "µV", "n/a"), ("vhdr", "", "V")],
)
def test_a_unit_that_is_understood_stands(made, ending, unit, listed, recwarn):
    raw = made(ending, unit, listed)
    assert_as_made(raw)
    assert not [one for one in recwarn if "taken for" in str(one.message)]


@pytest.mark.parametrize(
    ("ending", "unit", "listed"),
    [
        ("edf", "", "uV"), ("edf", "", "µV"), ("edf", "", "μV"), ("edf", "", "microvolts"), ("edf", "", None),
        ("edf", "", "n/a"), ("edf", "uv", None), ("edf", "uv", "n/a"), ("edf", "counts", "uV"),
        ("vhdr", "μV", "µV"), ("vhdr", "μV", "V"), ("vhdr", "n/a", "uV"), ("vhdr", "UV", "uV"),
    ],
)  # fmt: skip
def test_a_unit_that_is_not_there_or_not_understood_is_said(made, ending, unit, listed):
    with pytest.warns(UserWarning, match=r"sub-1_task-t_eeg\.\w+ states .*taken for µV, 1\d(\.\d)? µV in the median"):
        raw = made(ending, unit, listed)
    assert_as_made(raw)
    assert "taken for µV" in raw.info["description"]
    assert "taken for µV" in bids.cut(raw, 1.0, 0.5).attrs["assumed"]


def test_volts_under_microvolts(made):
    """As a script leaves them that writes mne's volts into a file whose header says µV."""
    with pytest.warns(UserWarning, match="taken for V, 1"):
        raw = made("vhdr", "µV", "V", VALUES * 1e-6)
    np.testing.assert_allclose(raw.get_data() * 1e6, VALUES, rtol=1e-5)


@pytest.mark.parametrize(
    ("ending", "unit", "listed", "values", "what"),
    [
        ("edf", "", "V", VALUES, r"states V for 4 channels \(Fz, ...\), which gives 1.*e\+07 µV.*so large"),
        ("vhdr", "µV", None, VALUES * 1e-6, "states µV .*e-05 µV in the median channel: no EEG is so small"),
        ("vhdr", "mV", "mV", VALUES * 1e3, "no EEG is so large"),
        ("vhdr", "µV", "µV", 0 * VALUES, "all 4 EEG channels are flat"),
    ],
)
def test_a_contradiction_is_refused(made, ending, unit, listed, values, what):
    with pytest.raises(ground.DamagedData, match=what):
        made(ending, unit, listed, values)


def test_runs_of_which_one_had_to_be_changed_are_joined_as_they_are():
    info = mne.create_info(NAMES, RATE, "eeg", verbose="ERROR")
    wrong, right = (mne.io.RawArray(VALUES * factor, info.copy(), verbose="ERROR") for factor in (1.0, 1e-6))
    with pytest.warns(UserWarning, match="taken for µV"):
        wrong = units.in_volts(wrong, {}, "one")
    whole = bids.joined([right, wrong])
    assert whole.info["description"] == wrong.info["description"]
    np.testing.assert_allclose(whole.get_data() * 1e6, np.hstack([VALUES, VALUES]))


def test_channels_of_which_some_have_a_unit_are_settled_apart():
    info = mne.create_info(NAMES, RATE, "eeg", verbose="ERROR")
    values = VALUES * np.array([1e-6, 1e-6, 1, 1])[:, None]
    raw = mne.io.RawArray(values, info, verbose="ERROR")
    with pytest.warns(UserWarning, match=r"no unit for 2 channels \(Pz, ...\)"):
        raw = units.in_volts(raw, {"Fz": ["uV"], "Cz": ["uV"], "Pz": ["n/a"]}, "one")
    np.testing.assert_allclose(raw.get_data() * 1e6, VALUES)


@pytest.mark.parametrize("text", ["µV", "μV", "uV", "UV", "microvolts", " uv "])
def test_spellings_of_microvolts(text):
    assert units.unit(text) == "µV"
    assert units.unit(f"{text}/s") == units.unit("n/a") == units.unit("") == ""
