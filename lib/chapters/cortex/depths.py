"""Depth in a model of what predicts each place in cortex, and what its layers add to filters of sound.

Comes in: places (``places``), and a model with at least two layers. Goes out: one record of scores by layer, preferred
depths, parts of variance, and what four fifths of the sounds give of all that the page tells; kept in the cache.

What rests on fits of thousands of places is done once. What is done again on four fifths of the sounds, and along
training, is done on fewer places, evenly spaced among those of each listener that the model predicts at all.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import xarray as xr

from lib.chapters.cortex.places import ALONE, PRIMARY, Places, load_places
from lib.compare import (
    correct_p,
    encoding_null,
    layer_scores,
    nested_ridge,
    over_subsets,
    preferred_depth,
    relative_slope,
    variance_partition,
)
from lib.ground import WrongUse
from lib.models import load as load_model
from lib.models import names as model_names
from lib.models import sound_features
from lib.report.cache import kept

FILTERS, MODEL = "filters", "model"
PARTS = (f"only {FILTERS}", f"{FILTERS} and {MODEL}", f"only {MODEL}")
ALPHAS = tuple(10.0**x for x in range(-4, 3))
MIXES = {2: np.array([[1, 0], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0, 1]])}
"""Weights of filters and model in the joint fit: five of the eleven that a partition of six responses takes, and a
coarser grid of penalties, so that thousands of places take seconds."""
FOR_NULL = 200
"""Places whose permuted responses make the null; what chance gives is the same for all."""
SOME = 200
"""Voxels whose median parts are told again on fewer sounds."""
LEAST = 20
"""Fewer predicted places tell nothing of where layers lie."""

Layers = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Depths:
    """What was computed of places.

    Attributes
    ----------
    places : Places
    model : str
    layers : list of str
        From the first to the last.
    stages : list of str
        Of the model's training, from the first to the model itself.
    arrays : mapping of str to array
        scores (layer, place); nested and chosen (place,), r2 with the layer chosen in training folds, and the mean
        relative depth of these choices; p (place,), corrected; parts (part, voxel) and place_parts (part, place); few
        (k,), the places of what follows; staged (stage, layer, k); of_components (layer, component); draws (draw,
        number), those of ``_again``.
    """

    places: Places
    model: str
    layers: list
    stages: list
    arrays: Mapping[str, np.ndarray]

    @cached_property
    def predicted(self) -> np.ndarray:
        """Whether the model predicts a place at all: p below .05, false discoveries among all places controlled."""
        return self.arrays["p"] <= 0.05

    @cached_property
    def depth(self) -> np.ndarray:
        """Preferred depth of each predicted place, 0 to 1; NaN elsewhere."""
        return np.where(self.predicted, preferred_depth(self.arrays["scores"]), np.nan)

    @property
    def enough(self) -> bool:
        """Whether enough places are predicted to ask where layers lie."""
        return len(self.arrays["few"]) >= LEAST


def depths(
    name: str,
    model: str,
    *,
    primary: Sequence[float] = (45, -24, 6),
    n_few: int = 600,
    n_permutations: int = 20,
    n_draws: int = 24,
    seed: int = 0,
) -> Depths:
    """All that the page needs, from the cache where it has been computed before.

    Parameters
    ----------
    name, model : str
        A recording with places, and a model of the roster with at least two layers.
    primary : sequence of float
        Where primary auditory cortex is on the right [mm].
    n_few : int
        At most so many places on four fifths of the sounds.
    n_permutations, n_draws, seed : int

    Raises
    ------
    WrongUse
        The model has a single layer; the recording has no places.
    """
    places = load_places(name, primary)
    layers = list(load_model(model).layers)
    if len(layers) < 2:
        raise WrongUse(f"{model} has one layer, {layers[0]!r}: depth needs a model with several, such as mini-resnet")
    stages = course(model)
    key = (places.recording.fingerprint, *stages, places.primary, n_few, n_permutations, n_draws, seed)
    counts = {"n_few": n_few, "n_permutations": n_permutations, "n_draws": n_draws, "seed": seed}
    found = kept("layers", key, partial(_compute, name, places.primary, tuple(stages), **counts))
    return Depths(places, model, layers, stages, {key: x.values for key, x in found.items()})


def course(model: str) -> list[str]:
    """Stages of a model's training from the first to the model: its checkpoints, or an untrained twin and itself."""
    steps = [name for name in model_names() if name.startswith(f"{model}@")]
    return [*sorted(steps, key=step_of), model] if steps else [f"untrained:{model}:0", model]


def step_of(stage: str) -> float:
    """Step of training of a checkpoint's name; infinite for the model itself, 0 for an untrained twin."""
    return 0.0 if stage.startswith("untrained:") else float(stage.partition("@")[2] or "inf")


def _compute(name: str, primary: tuple, stages: tuple, **counts: int) -> dict[str, xr.DataArray]:
    """Everything of a recording and a model, as arrays to keep."""
    places = load_places(name, primary)
    sounds = places.sounds
    features = {stage: sound_features(load_model(stage), sounds) for stage in stages}
    filters = sound_features(load_model("spectrotemporal"), sounds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty|[0-9]+ responses are constant")
        found = computed(places, features, filters, **counts)
    return {key: xr.DataArray(x, dims=[f"{key}_{k}" for k in range(x.ndim)]) for key, x in found.items()}


def computed(
    places: Places,
    features: Mapping[str, Layers],
    filters: Layers,
    *,
    n_few: int,
    n_permutations: int,
    n_draws: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """`Depths.arrays`, from the layers of every stage; the last stage is the model."""
    model = list(features.values())[-1]
    y, folds = places.responses, places.folds
    nested = nested_ridge(model, y, folds, ALPHAS, extend_alphas=False)
    p = _chance(model, y, folds, nested.r2, n_permutations, seed)
    few = evenly(places, p <= 0.05, n_few)
    parts = parts_of(model, filters, y, folds)
    same = places.voxels is places.responses
    return {
        "scores": layer_scores(model, y, folds, ALPHAS),
        "nested": nested.r2,
        "chosen": nested.choice.mean(0) / (len(model) - 1),
        "p": p,
        "place_parts": parts,
        "parts": parts if same else parts_of(model, filters, places.voxels, folds),
        "few": few,
        "staged": np.stack([layer_scores(x, y[:, few], folds, ALPHAS) for x in features.values()]),
        "of_components": layer_scores(model, places.components, folds) if places.names else np.zeros((len(model), 0)),
        "draws": over_subsets(partial(_again, places, features, filters, few), folds, n_draws=n_draws, seed=seed),
    }


def _chance(model: Layers, y: np.ndarray, folds: np.ndarray, r2: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """P of every place against permuted responses of some, pooled, corrected for false discoveries."""
    some = spaced(y.shape[1], FOR_NULL)
    null = encoding_null(
        model, y[:, some], folds, ALPHAS, n_permutations=draws, seed=seed, extend_alphas=False
    ).draws.ravel()  # fmt: skip
    above = null.size - np.searchsorted(np.sort(null), r2 - 1e-12)
    return correct_p((above + 1) / (null.size + 1), method="fdr_bh").p


def evenly(places: Places, predicted: np.ndarray, most: int) -> np.ndarray:
    """Numbers of predicted places, as many of each listener as there are shares of `most`, evenly spaced."""
    share = max(1, most // len(places.listeners))
    every = [np.flatnonzero(predicted & (places.owner == listener)) for listener in places.listeners]
    return np.concatenate([own[spaced(len(own), share)] for own in every])


def spaced(count: int, most: int) -> np.ndarray:
    """At most so many of the numbers from 0 to `count` - 1, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def parts_of(model: Layers, filters: Layers, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """What only the filters explain, both, and only the model's layers, of every response: (3, v)."""
    sets = {FILTERS: filters, MODEL: model}
    found = variance_partition(sets, y, folds, ALPHAS, weights=MIXES, extend_alphas=False, n_draws=0)
    return np.stack([found.parts[part].value for part in PARTS])


def _again(
    places: Places, features: Mapping[str, Layers], filters: Layers, few: np.ndarray, sounds: np.ndarray
) -> np.ndarray:
    """What the page tells of some of the sounds, everything fitted and chosen again.

    Medians of the three parts; depth of each component; rank correlation of depth and distance, the change of the
    interaction over training, and the interaction before and after it, means over listeners.
    """
    folds, y = places.folds[sounds], places.responses[np.ix_(sounds, few)]
    ends = [next(iter(features)), list(features)[-1]]
    some = {stage: {layer: x[sounds] for layer, x in features[stage].items()} for stage in ends}
    model = list(some.values())[-1]
    heard = {layer: x[sounds] for layer, x in filters.items()}
    voxels = places.voxels[np.ix_(sounds, spaced(places.voxels.shape[1], SOME))]
    parts = np.median(parts_of(model, heard, voxels, folds), axis=1)
    tones = places.components[sounds]
    of_components = preferred_depth(layer_scores(model, tones, folds)) if places.names else np.zeros(0)
    if len(few) < LEAST:
        return np.concatenate([parts, of_components, np.full(4, np.nan)])
    staged = np.stack([layer_scores(layers, y, folds, ALPHAS) for layers in some.values()])
    return np.concatenate([parts, of_components, np.nanmean(of_listeners(places, staged, few), axis=1)])


def of_listeners(places: Places, staged: np.ndarray, few: np.ndarray) -> np.ndarray:
    """What each listener tells of depth, (2 + stage, listener); NaN for those with less than ``ALONE`` places.

    Rows: rank correlation of preferred depth and distance from primary cortex, hemispheres centred; the change of the
    interaction from the first stage to the last; the interaction of every stage.
    """
    out = np.full((2 + len(staged), len(places.listeners)), np.nan)
    for column, listener in enumerate(places.listeners):
        own = places.owner[few] == listener
        if own.sum() < ALONE:
            continue
        out[0, column] = relation(preferred_depth(staged[-1][:, own]), places.distance[few[own]],
                                  places.hemisphere[few[own]])  # fmt: skip
        out[2:, column] = [interaction(scores[:, own], places.region[few[own]]) for scores in staged]
        out[1, column] = out[-1, column] - out[2, column]
    return out


def relation(depth: np.ndarray, distance: np.ndarray, hemisphere: np.ndarray) -> float:
    """Correlation of the ranks of depth and distance, each centred within hemispheres."""
    from scipy.stats import rankdata

    there = np.isfinite(depth)
    ranks = np.stack([rankdata(depth[there]), rankdata(distance[there])])
    for side in np.unique(hemisphere[there]):
        mine = hemisphere[there] == side
        ranks[:, mine] -= ranks[:, mine].mean(axis=1, keepdims=True)
    size = np.linalg.norm(ranks, axis=1)
    return float(ranks[0] @ ranks[1] / size.prod()) if (size > 1e-9).all() else np.nan


def interaction(scores: np.ndarray, region: np.ndarray) -> float:
    """How much more of its mean r2 the rest of cortex gains from the first layer to the last than primary cortex.

    Parameters
    ----------
    scores : array (layer, place)
    region : array of str (place,)

    Returns
    -------
    float
        Difference of the relative slopes of the regions' mean profiles; NaN where one has no place.
    """
    first = region == PRIMARY
    if first.all() or not first.any():
        return np.nan
    return float(relative_slope(scores[:, ~first].mean(axis=1)) - relative_slope(scores[:, first].mean(axis=1)))
