"""Public sets of sounds with names: read in their publishers' layout, and asked for where they are not here."""

import numpy as np
import pytest
import soundfile

from lib.ground import MissingData, WrongUse
from lib.recordings import labelled


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of data with a few made-up files in the publishers' layouts."""
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    for name in ("7_jackson_32.wav", "0_theo_4.wav"):
        _write(tmp_path / "free-spoken-digit-dataset" / "recordings" / name, 8000)
    _write(tmp_path / "ESC-10" / "003 - Sea waves" / "4-182395-A.ogg", 44100)
    return tmp_path


def _write(file, rate):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, 0.1 * np.sin(np.arange(rate) / 9), rate)


def test_names_of_files_say_what_is_heard(data):
    digits = labelled.spoken_digits()
    assert digits[["word", "speaker", "take"]].to_numpy().tolist() == [["zero", "theo", 4], ["seven", "jackson", 32]]
    assert list(digits.index) == ["0_theo_4", "7_jackson_32"]
    sounds = labelled.environmental_sounds()
    assert sounds[["category", "fold"]].to_numpy().tolist() == [["Sea waves", 4]]
    samples, rate = labelled.read(sounds["file"].iloc[0])
    assert (rate, samples.dtype, samples.ndim) == (44100, np.float32, 1)


def test_a_set_that_is_not_here_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    with pytest.raises(MissingData, match=r"ESC-10 is not on this machine .*Piczak.*set ALIKE_DATA"):
        labelled.environmental_sounds()
    with pytest.raises(WrongUse, match="unknown set of sounds 'ESC-11'"):
        labelled.folder("ESC-11")


def test_a_set_in_the_cache_is_found_too(data, monkeypatch):
    (data / "cache").mkdir()
    (data / "ESC-10").rename(data / "cache" / "ESC-10")
    assert len(labelled.environmental_sounds()) == 1
