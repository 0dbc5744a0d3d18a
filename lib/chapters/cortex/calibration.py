"""How often the cortex chapter finds something in responses that know nothing of the sounds: counted, and stored.

Comes in: a recording, whose component responses give way to noise with the same covariance. Goes out: rows of
data/calibration.csv, one per decision of the page, made by ``python -m lib.chapters.cortex.calibration RECORDING ...``
(``make calibration``) and shown on it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from lib.chapters.cortex.scores import named_layers
from lib.compare import calibrated, contrasts, encoding_null, refitted, rsa_layers
from lib.models import load as load_model
from lib.models import sound_features
from lib.recordings import load
from lib.report.claims import sizes

ACOUSTIC = ("spectrotemporal", "cochleagram", "logmel", "mfcc")
TRAINED, TWIN = "mini-mixture", "untrained:mini-mixture:0"
PREDICTED = "r² of any of six components above chance"
ARRANGED = "ρ of the best acoustic model above chance"
DIFFERENT = "trained minus untrained excludes 0"


def noise_of(components: np.ndarray, *, seed: int | Sequence[int]) -> np.ndarray:
    """Responses (sound, component) of unrelated sounds, with the components' mean and covariance."""
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal(components.mean(0), np.cov(components.T), len(components))


def decisions(
    components: np.ndarray,
    features: Mapping[str, Mapping[str, np.ndarray]],
    weights: np.ndarray,
    folds: np.ndarray,
    draws: int = 39,
) -> dict[str, float | bool]:
    """What the page would say of some responses (sound, component): two p-values and whether a difference holds.

    Parameters
    ----------
    components : array (sound, component)
    features : mapping
        By model, its layers (sound, unit): ``ACOUSTIC``, ``TRAINED`` and ``TWIN``.
    weights : array (component, voxel)
        Voxels are components times weights.
    folds : array (sound,)
    draws : int
        Of the nulls.
    """
    acoustic = {name: features[name] for name in ACOUSTIC}
    null = encoding_null(acoustic[ACOUSTIC[0]], components, folds, n_permutations=draws)
    voxels = {"group": components @ weights}
    rsa = rsa_layers(named_layers(acoustic), voxels, folds=folds, n_permutations=draws, n_bootstraps=2)
    fits = {name: refitted(features[name], components, folds, n_draws=30) for name in (TRAINED, TWIN)}
    gain = contrasts(fits, {DIFFERENT: {TRAINED: 1.0, TWIN: -1.0}}).to_frame().iloc[0]
    differs = gain["low_family"] > 0 or gain["high_family"] < 0
    return {PREDICTED: float(null.p_max.min()), ARRANGED: float(rsa.to_frame()["p"].min()), DIFFERENT: bool(differs)}


def main(names: Sequence[str], *, n: int = 60) -> None:
    """Count for some recordings and put the rows in the place of older ones."""
    for name in names:
        recording = load(name)
        sounds = [recording.audio(stimulus) for stimulus in recording.stimuli.index]
        features = {model: sound_features(load_model(model), sounds) for model in (*ACOUSTIC, TRAINED, TWIN)}
        weights = np.asarray(recording.weights)[:, :: max(1, recording.weights.shape[1] // 500)]
        decide = partial(decisions, features=features, weights=weights, folds=recording.folds)
        table = calibrated(decide, np.asarray(recording.components), n=n, noise=noise_of)
        sizes.keep(name, table.assign(settings=f"{len(sounds)} sounds, 39 draws"))


if __name__ == "__main__":
    main(sys.argv[1:] or ["natsound165", "pocket-sounds"])
