"""Electrodes as features: averages in stretches of time, joined by the names of sounds."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from lib.compare import refitted
from lib.ground import WrongUse
from lib.recordings import SensorSoundRecording, load
from lib.recordings.electrodes import electrode_features


def recording(n=6, channels=3, samples=10):
    values = np.random.default_rng(0).standard_normal((n, channels, samples))
    values[:, 2] = 1.5  # an electrode without contact
    coords = {"sound": [f"s{i}" for i in range(n)], "time": np.arange(samples) / 5}
    courses = xr.DataArray(values, dims=("sound", "channel", "time"), coords=coords)
    fields = dict.fromkeys(SensorSoundRecording.__dataclass_fields__) | {"name": "made-up", "time_courses": courses}
    return SensorSoundRecording(**fields)


def test_stretches_side_by_side_in_the_order_asked_for():
    heard = recording()
    order = ["s3", "s0", "s5", "s1", "s2", "s4"]
    rows = [int(name[1:]) for name in order]
    x = heard.time_courses.values[rows]
    (whole,) = electrode_features(heard, sounds=order).values()
    assert whole.shape == (6, 3)
    np.testing.assert_allclose(np.corrcoef(whole[:, 0], x[:, 0].mean(1))[0, 1], 1)
    np.testing.assert_allclose(whole.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(whole.std(0), [1, 1, 0])
    (three,) = electrode_features(heard, 3, sounds=order).values()
    assert three.shape == (6, 9)
    np.testing.assert_allclose(np.corrcoef(three[:, 4], x[:, 1, 4:7].mean(1))[0, 1], 1)
    np.testing.assert_array_equal(electrode_features(heard)["electrodes"][rows], whole)


def test_wrong_use_says_what_is_wrong():
    heard = recording()
    with pytest.raises(WrongUse, match=r"the 6 sounds to be predicted are not the 6 of made-up .*\['s5', 's9'\]"):
        electrode_features(heard, sounds=["s0", "s1", "s2", "s3", "s4", "s9"])
    with pytest.raises(WrongUse, match="some are asked for twice"):
        electrode_features(heard, sounds=["s0", "s0", "s1", "s2", "s3", "s4", "s5"])
    with pytest.raises(WrongUse, match="bins must be 1 to 10"):
        electrode_features(heard, 11)
    with pytest.raises(WrongUse, match="fmri has no time courses"):
        electrode_features(SimpleNamespace(name="fmri"))


@pytest.mark.real
@pytest.mark.skipif("ALIKE_DATA" not in os.environ, reason="real recordings are in ALIKE_DATA")
@pytest.mark.filterwarnings("ignore:the penalty sits at")
def test_electrodes_of_patients_predict_components_of_other_people():
    """With the published penalties .79 .71 .56 .91 .96 .88, found before by separate code; eight stretches .81."""
    people, patients = load("natsound165"), load("song-ecog", level="electrodes")
    for bins, expected, mean in ((1, [0.79, 0.71, 0.56, 0.91, 0.96, 0.88], 0.80), (8, None, 0.81)):
        layers = electrode_features(patients, bins, sounds=people.stimuli.index)
        scores = refitted(layers, people.components.values, people.folds, units="absolute", n_draws=20).scores
        assert scores.value.mean() == pytest.approx(mean, abs=0.006)
        if expected:
            np.testing.assert_allclose(scores.value, expected, atol=0.006)
        assert (scores.low < scores.value).all()
