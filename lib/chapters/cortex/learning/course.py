"""How training goes: the checkpoints of one recipe's trainings, and the rise of their scores, overall and by layer.

Comes in: models of the page and the roster's checkpoints (``NAME@STEP``). Goes out: which stages there are, and slopes
and ends with intervals in which sounds and trainings are random: each training has a course of its own, and what
differs between trainings is the course, not the stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from lib.chapters.cortex.learning.kin import Kin, Learners, recipe_of
from lib.chapters.cortex.scores import mean_scores, slope_over_steps
from lib.compare import contrasts, refitted
from lib.models import names as roster_names
from lib.training.recipes import RECIPES

LEAST = 3
"""Stages that a course needs."""
RISE, ENDS = "rise", "ends"
FEW_DRAWS = 100
"""Draws of choices behind the interval of one layer, which has penalties to choose and nothing else."""


@dataclass(frozen=True)
class Course:
    """Stages of the trainings of one recipe.

    Attributes
    ----------
    name : str
        Of the recipe; empty where no model of the page has checkpoints.
    stages : mapping of int to tuple of str
        Models at each step, one for every training, in the same order.
    without : tuple of str
        Trainings that have no checkpoints at these steps.
    """

    name: str = ""
    stages: Mapping[int, tuple[str, ...]] = None
    without: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All models."""
        return [name for stage in (self.stages or {}).values() for name in stage]

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """Sums over stages: the slope on the logarithm of the step, and the last minus the first."""
        keys = {f"step {step}": step for step in self.stages}
        first, *_, last = keys
        return {RISE: slope_over_steps(keys), ENDS: {last: 1.0, first: -1.0}}

    def fits(self, by_name: Mapping[str, object]) -> dict[str, list]:
        """Fits of every stage, one for every training."""
        return {f"step {step}": [by_name[name] for name in stage] for step, stage in self.stages.items()}


def course(found: Learners) -> Course:
    """The course of the model with the most checkpoints, of all its trainings that have the same."""
    of_all = [_course_of(one) for one in found.kin]
    longest = max(of_all, key=lambda one: len(one.stages), default=Course(stages={}))
    return longest if len(longest.stages) >= LEAST else Course(stages={})


def _course_of(one: Kin) -> Course:
    steps = {name: _steps(name) for name in one.trainings}
    wanted = max(steps.values(), key=len)
    same = [name for name, mine in steps.items() if mine == wanted]
    stages = {step: tuple(f"{name}@{step}" for name in same) for step in wanted}
    if stages:
        stages[RECIPES[recipe_of(one.name)].schedule.steps] = tuple(same)
    return Course(one.name, stages, tuple(name for name in one.trainings if name not in same))


def _steps(name: str) -> tuple[int, ...]:
    """Steps of a model's checkpoints, in order; none of what was not trained here."""
    if recipe_of(name) not in RECIPES:
        return ()
    return tuple(sorted(int(other.partition("@")[2]) for other in roster_names() if other.startswith(f"{name}@")))


def overall(way: Course, fits: Mapping[str, object], seed: int) -> pd.DataFrame | None:
    """Slope and ends of mean r2, layers chosen in training folds: a family of two; None without a course."""
    if not way.stages:
        return None
    stages = way.fits(fits)
    return contrasts(stages, way.weights, together=[list(stages)], seed=seed).to_frame()


def by_layer(
    way: Course, features: Mapping[str, Mapping], components, folds, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame] | tuple[None, None]:
    """Each layer alone along training: mean r2 at every stage, and slopes as one family over layers.

    Returns
    -------
    (DataFrame, DataFrame) or (None, None)
        Columns step, layer, value, low, high; and ``lib.compare.contrasts`` with a row for every layer.
    """
    if not way.stages:
        return None, None
    layers = list(features[way.names[0]])
    stages, slopes, means = {}, {}, []
    for layer in layers:
        alone = {name: refitted({layer: features[name][layer]}, components, folds, n_draws=FEW_DRAWS, seed=seed)
                 for name in way.names}  # fmt: skip
        mine = way.fits(alone)
        stages |= {f"{layer}, {key}": each for key, each in mine.items()}
        slopes[layer] = {f"{layer}, {key}": weight for key, weight in way.weights[RISE].items()}
        steps = dict(zip(way.stages, mine.values(), strict=True))
        means.append(mean_scores(steps, "step").assign(layer=layer))
    path = contrasts(stages, slopes, together=[list(stages)], seed=seed).to_frame()
    return pd.concat(means, ignore_index=True), path


def whole(way: Course, fits: Mapping[str, object]) -> pd.DataFrame | None:
    """Mean r2 over components at every step, with its interval over sounds and trainings; None without a course."""
    if not way.stages:
        return None
    return mean_scores(dict(zip(way.stages, way.fits(fits).values(), strict=True)), "step")


def above_embedding(path: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table by layer without a transformer's embedding, which is a linear look at the spectrum.

    The stem of a convolutional network rectifies and pools: it is a layer as others are, and stays.
    """
    return path.drop(index="embedding", errors="ignore")
