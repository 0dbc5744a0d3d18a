import os
from pathlib import Path

import numpy as np
import pytest

from lib.models import card, load, names, sound_features

FILTERS = [name for name in names() if card(name).get("loader") == "baselines"]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("ALIKE_DATA" not in os.environ, reason="ALIKE_DATA is not set"),
]


@pytest.fixture(scope="module")
def folder():
    return Path(os.environ["ALIKE_DATA"])


@pytest.fixture(scope="module")
def features(folder, tmp_path_factory):
    """Time-averaged features of the 165 natural sounds, by the stem of their file, for every baseline."""
    import soundfile

    files = sorted((folder / "natsound165-neuron2015/stimuli/wav").glob("*.wav"))
    sounds = [soundfile.read(file, dtype="float32") for file in files]
    found = {name: sound_features(load(name), sounds, cache=False)[name] for name in FILTERS}
    return [file.stem for file in files], found


def matlab(path):
    from scipy.io import loadmat

    return loadmat(path, squeeze_me=True, struct_as_record=False)


def rows(stems, stim_names):
    place = {stem: row for row, stem in enumerate(stems)}
    return [place[str(name).removesuffix(".wav")] for name in stim_names]


def test_modulations_agree_with_those_their_authors_published(folder, features):
    """Norman-Haignere et al. 2022 give frequency and modulation energies of the same sounds, by code of their own."""
    stems, found = features
    song = folder / "song-ecog-current-biology/data"
    theirs = matlab(song / "acoustic_features.mat")
    order = rows(stems, matlab(song / "ecog_component_responses.mat")["stim_names"])
    ours, units = found["spectrotemporal"][order], load("spectrotemporal").units("spectrotemporal")
    for column, frequency in enumerate(theirs["coch_freqs"]):
        near = (units.rate == 0) & (units.scale == 0) & (np.abs(np.log2(units.frequency / frequency)) < 0.51)
        assert np.corrcoef(ours[:, near].mean(axis=1), theirs["F_coch"][:, column])[0, 1] > 0.93
    agreement = [
        np.corrcoef(
            ours[:, (units.rate == rate) & (units.scale == scale)].mean(axis=1), theirs["F_mod"][:, row, column]
        )[0, 1]
        for row, scale in enumerate(theirs["spec_mod_scales"])
        for column, rate in enumerate(theirs["temp_mod_rates"])
        if scale > 0 and 1 <= rate <= 64
    ]
    assert np.median(agreement) > 0.95
    assert min(agreement) > 0.7


def test_spectrotemporal_baseline_predicts_the_six_components(folder, features):
    """Cross-validated r2 of a ridge; published with filters of the same kind: .74 .57 .45 .53 .72 .33."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict

    stems, found = features
    components = matlab(folder / "natsound165-neuron2015/data/components.mat")
    order = rows(stems, components["stim_names"])
    ridge = RidgeCV(alphas=10.0 ** np.arange(-4, 3, 0.5), alpha_per_target=True)
    folds = KFold(5, shuffle=True, random_state=0)

    def scores(name):
        predicted = cross_val_predict(ridge, found[name][order].astype(float), components["R"], cv=folds)
        return np.array([np.corrcoef(p, r)[0, 1] ** 2 for p, r in zip(predicted.T, components["R"].T, strict=True)])

    modulation = scores("spectrotemporal")
    assert (modulation > [0.65, 0.5, 0.4, 0.45, 0.55, 0.25]).all()
    for plain in ("cochleagram", "logmel", "mfcc"):
        assert (modulation > scores(plain)).all()
