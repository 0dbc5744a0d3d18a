"""What is planted is found by an analysis that does not know it, and is not found when it is switched off."""

import numpy as np
import pytest

from lib.chapters.recovery import eeg as studies_eeg
from lib.chapters.recovery import fmri as studies_fmri
from lib.chapters.recovery import studies
from lib.ground import DATA
from lib.recordings import load
from lib.recordings.channels import ROBUST_Z, robust_z
from lib.recordings.pocket.brains import eeg, waves
from lib.recordings.pocket.story.telling import tell
from lib.report.claims import detection

SEGMENTS = 3


@pytest.fixture(scope="module")
def listeners():
    return [studies_eeg.listen(11, number, SEGMENTS) for number in range(6)]


def t_of(listeners, snr, without=()):
    measured = studies_eeg.measure([studies_eeg.mixture(one, snr, without) for one in listeners])
    return {name: float(studies.t_test(values[None])["t"][0]) for name, values in measured.contrasts.items()}


def test_windows_and_families_are_found(listeners):
    t = t_of(listeners, 1.0)
    assert min(t["early window"], t["late window"], t["sound family"]) > 2.57
    assert t["word family"] > max(0, t_of(listeners, 1.0, ("surprisal",))["word family"])


def test_what_is_switched_off_is_gone_and_the_rest_stays(listeners):
    t = t_of(listeners, 1.0, ("surprisal",))
    assert t["late window"] < 2 < t["early window"]
    t = t_of(listeners, 1.0, ("acoustic",))
    assert t["early window"] < 2 < t["late window"]


def test_latencies_come_out_within_their_intervals(listeners):
    waves_of = studies_eeg.measure([studies_eeg.mixture(one, 1.0, ()) for one in listeners]).waves
    value, low, high = studies_eeg.peak_interval(waves_of["word"], 0.25, 0.55)
    assert abs(value - 0.400) < 0.04
    assert low < value < high
    assert abs(studies_eeg.peak_interval(waves_of["onset"], 0.05, 0.15)[0] - 0.105) < 0.015


def test_a_mixture_of_moments_equals_the_recording_it_stands_for(listeners):
    options = waves.Options(seed=11, segments=SEGMENTS, subjects=1, snr=0.7, without=("affect",))
    recorded = eeg.simulate(tell(SEGMENTS), options, 0)
    good = abs(robust_z(recorded.std(axis=1))) <= ROBUST_Z
    centred = recorded - recorded[good].mean(axis=0)
    places = [[c for c in studies_eeg._channels(name) if good[c]] for name in studies_eeg.PLACES]
    at_places = studies_eeg.band(np.array([centred[place].mean(axis=0) for place in places]))
    features, spans = studies_eeg.story_features(SEGMENTS)
    mixed = studies_eeg.mixture(listeners[0], 0.7, ("affect",))
    for span, mixture in zip(spans, mixed, strict=True):
        whole = studies_eeg.moments(features[:, span].T, at_places[:, span].T, studies_eeg.LAGS)
        scale = np.sqrt(np.outer(np.diag(whole.xx), whole.yy))
        assert (abs(whole.xy - mixture.xy) / scale).max() < 1e-3  # noise is kept in single precision
        np.testing.assert_allclose(whole.yy, mixture.yy, rtol=1e-3)


def test_profiles_are_found_blind_and_not_in_noise():
    from lib.recordings.pocket.brains.truth import truth

    for snr, low, high in ((1.0, 0.75, 1.0), (0.0, 0.0, 0.1)):
        heard = load("pocket-sounds", snr=snr, subjects=2, seed=4)
        found = studies_fmri.blind_components(studies_fmri.mean_voxels(heard, 2), 6)
        assert low <= studies_fmri.matched(found, truth().profiles.values).mean() <= high


def test_hierarchy_of_regions_is_found_and_gone_when_off():
    on = studies_fmri.hierarchy_table(5, 2, 6, 1.0, ())
    off = studies_fmri.hierarchy_table(5, 2, 6, 1.0, ("late",))
    assert (on["interaction"] > 0.03).all()
    assert (abs(off["interaction"]) < 0.03).all()
    assert (on["sound, early"] > 0.2).all()


def test_with_everything_off_the_stored_studies_find_one_in_twenty():
    counts = detection.read_counts(DATA / "recovery.csv")
    silent = counts[(counts["snr"] == 0) & ~counts["effect"].str.contains("profile|size|latency")]
    silent = silent[silent["minutes"].isin([silent["minutes"].max(), 0])]
    for _, mine in silent.groupby(silent["effect"].str.replace("tuning to .*", "tuning", regex=True)):
        for _, group in mine.groupby("listeners"):
            total = group[["studies", "significant"]].sum()
            low, high = detection.binomial_band(int(total["studies"]))
            assert low <= total["significant"] / total["studies"] <= high
