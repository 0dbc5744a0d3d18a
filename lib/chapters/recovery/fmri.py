"""Many simulated fMRI studies: components found blind in voxels, and the hierarchy from sound to meaning.

Comes in: seeds and settings. Goes out: what a plain analysis of each study would report. Nothing here reads what was
planted; whoever calls compares.

Sounds: voxels of all listeners, averaged over scans, are reduced to six dimensions and rotated until their weights are
as far from Gaussian as they get (the idea of Norman-Haignere et al. 2015; FastICA here). Story: each listener's voxels
are predicted, segment by segment, from the sound's spectrum or from words, and regions are compared.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd

from lib.compare import encoding_null, nested_ridge
from lib.models import load as load_model
from lib.models import sound_features
from lib.recordings import SoundRecording, StoryRecording, load

DELAYS = (1, 2, 3, 4)
"""Volumes by which a response may follow."""
EVERY = 4
"""Every fourth voxel is enough for the mean of a region."""
EARLY = ("primary auditory", "auditory belt")
LATE = ("posterior temporal", "anterior temporal", "angular gyrus", "inferior frontal")


def blind_components(voxels: np.ndarray, count: int, *, seed: int = 0) -> np.ndarray:
    """Components (sound, count) whose weighted sums make up voxels (sound, voxel), in no order and of either sign.

    Sounds' means are removed and voxels are not scaled; weights are made independent over voxels by FastICA.
    """
    from sklearn.decomposition import fastica

    centred = voxels - voxels.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    reduced = vt[:count].T * np.sqrt(len(vt.T))  # voxel, count
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in noise alone there is nothing to converge to
        _, rotation, _ = fastica(reduced, whiten=False, max_iter=500, random_state=seed)
    profiles = (u[:, :count] * s[:count]) @ np.linalg.pinv(rotation)
    return profiles / profiles.std(axis=0)


def matched(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Squared correlation of each wanted profile (sound, k) with the found one it is paired with, each used once."""
    from scipy.optimize import linear_sum_assignment

    count = wanted.shape[1]
    r2 = np.nan_to_num(np.corrcoef(wanted.T, found.T)[:count, count:]) ** 2
    rows, columns = linear_sum_assignment(-r2)
    return r2[rows, columns]


def chance_match(found: np.ndarray, wanted: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """What ``matched`` gives for the same profiles with their sounds exchanged."""
    order = np.random.default_rng(seed).permutation(len(wanted))
    return matched(found[order], wanted)


def mean_voxels(recording: SoundRecording, listeners: int) -> np.ndarray:
    """Voxels of the first listeners side by side, averaged over scans, (sound, voxel)."""
    each = [recording.responses(name).mean("scan").values for name in recording.subjects[:listeners]]
    return np.concatenate(each, axis=1)


@cache
def _filters() -> dict[str, np.ndarray]:
    recording = load("pocket-sounds", subjects=1, scans=1)
    return sound_features(load_model("spectrotemporal"), [recording.audio(name) for name in recording.stimuli.index])


def component_p_values(recording: SoundRecording, *, n_permutations: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """r² of the measured components from the modulation filters, and p under the null that refits everything."""
    options = {"alphas": np.logspace(-3, 6, 10), "units": "absolute", "extend_alphas": False}
    fit = nested_ridge(_filters(), recording.components.values, recording.folds, **options)
    null = encoding_null(
        _filters(), recording.components.values, recording.folds, n_permutations=n_permutations, seed=seed, **options
    )
    return fit.r2, null.p


def story_layers(recording: StoryRecording) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Two families of features at the volumes of all segments, delayed, and the segment of each volume.

    Returns
    -------
    dict of ndarray, shape (volume, feature)
        sound: 16 bands of a cochleagram; words: how many, their surprisal and log frequency, and how many of each kind
        of meaning.
    ndarray, shape (volume,)
    """
    kinds = sorted(set(recording.words["meaning"]) - {""})
    parts, owner = {"sound": [], "words": []}, []
    for number, segment in enumerate(recording.segments.index):
        volumes = len(recording.responses(recording.subjects[0], segment).time)
        sound, words = _sound(recording, segment, volumes), _words(recording, segment, volumes, kinds)
        parts["sound"].append(_delayed(sound))
        parts["words"].append(_delayed(words))
        owner += [number] * volumes
    return {name: np.concatenate(values) for name, values in parts.items()}, np.array(owner)


def _sound(recording: StoryRecording, segment: str, volumes: int) -> np.ndarray:
    coch = load_model("cochleagram").activations(*recording.audio(segment))
    bands = coch.layers["cochleagram"].reshape(len(coch.layers["cochleagram"]), 16, -1).mean(axis=2)
    at = np.minimum(coch.times["cochleagram"] / recording.tr, volumes - 1).astype(int)
    return np.array([np.bincount(at, column, minlength=volumes) for column in bands.T]).T


def _words(recording: StoryRecording, segment: str, volumes: int, kinds: list[str]) -> np.ndarray:
    part = recording.words[recording.words["segment"] == segment]
    at = ((part["onset"] + part["sentence"].map(recording.stimuli["start"])) / recording.tr).astype(int).to_numpy()
    values = [np.ones(len(part)), part["surprisal"], part["log_frequency"], *((part["meaning"] == k) for k in kinds)]
    return np.array([np.bincount(at, np.asarray(v, float), minlength=volumes) for v in values]).T


def _delayed(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, ((max(DELAYS), 0), (0, 0)))
    return np.hstack([padded[max(DELAYS) - delay : len(padded) - delay] for delay in DELAYS])


def hierarchy(
    recording: StoryRecording, subject: str, layers: dict[str, np.ndarray], owner: np.ndarray
) -> dict[str, float]:
    """How much better words than sound predict late regions, beyond how much they do so in early ones.

    Each family predicts every segment from the other segments (ridge, penalty chosen inside); r is the correlation
    within a segment, averaged over segments and over a region's voxels.

    Returns
    -------
    dict
        Mean r of each family in each system ("sound, early", ...), and "interaction".
    """
    first = {name: recording.responses(subject, name)[..., ::EVERY] for name in recording.segments.index}
    run = [one.mean("repeat") if "repeat" in one.dims else one for one in first.values()]
    responses = np.concatenate([one.values - one.values.mean(axis=0) for one in run]).astype(float)
    region = run[0].region.values
    folds = owner % 4
    out = {}
    for family, features in layers.items():
        options = {"alphas": np.logspace(0, 6, 7), "units": "absolute", "extend_alphas": False}
        centred = features - np.array([features[owner == k].mean(axis=0) for k in range(owner.max() + 1)])[owner]
        scaled = {family: centred / np.maximum(centred.std(axis=0), 1e-12)}
        predicted = nested_ridge(scaled, responses, folds, **options).predictions
        r = np.mean([_r(predicted[owner == k], responses[owner == k]) for k in np.unique(owner)], axis=0)
        for system, names in (("early", EARLY), ("late", LATE)):
            out[f"{family}, {system}"] = float(r[np.isin(region, names)].mean())
    late, early = (out[f"words, {system}"] - out[f"sound, {system}"] for system in ("late", "early"))
    return out | {"interaction": late - early}


def _r(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.divide((a * b).sum(axis=0), size, out=np.zeros(a.shape[1]), where=size > 1e-12)


def hierarchy_table(seed: int, listeners: int, segments: int, snr: float, without: tuple[str, ...]) -> pd.DataFrame:
    """``hierarchy`` of each listener of one simulated study."""
    recording = load("pocket-story", subjects=listeners, segments=segments, snr=snr, seed=seed, without=without)
    layers, owner = _layers(segments)
    return pd.DataFrame(
        [hierarchy(recording, name, layers, owner) for name in recording.subjects], index=recording.subjects
    )


@cache
def _layers(segments: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    return story_layers(load("pocket-story", subjects=1, segments=segments))
