"""Trained models of the cortex chapter: which there are, what is asked of them, and how training goes.

Comes in: names of models, features of them, fits of components. Goes out: families of differences for
``lib.compare.contrasts``, tables of these, and what the ledger takes of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.chapters.cortex.scores import slope_over_steps, training_course
from lib.compare import Estimate, nested_ridge
from lib.models import names as roster_names
from lib.report.claims import Measured
from lib.training.recipes import RECIPES

TITLES = {
    "spectrotemporal": "modulation filters", "cochleagram": "cochleagram", "logmel": "log-mel spectrum",
    "mfcc": "cepstrum (MFCC)", "mini-mixture": "all diets", "mini-speech": "speech diet",
    "mini-environment": "environment diet", "mini-music": "music diet",
    "mini-mixture-finetuned": "all, then labels", "mini-supervised": "labels only",
}  # fmt: skip
"""Models in words."""
FILTERS, TWIN = "spectrotemporal", "untrained twin"
CLAIMS = {
    "B4": ("speech", "environment", "music"),
    "B7": ("finetuned",),
    "B8": ("beyond",),
}
"""Differences that decide a claim of the ledger."""
KEYS = ("training", "speech", "environment", "music", "finetuned", "supervised", "acoustics", "beyond")
"""Short names of all differences."""
PARTS = {"finetuned": "change"}


def title(name: str) -> str:
    """What a figure calls a model."""
    return TITLES.get(name, name)


@dataclass(frozen=True)
class Trained:
    """Names of the trained models of a page.

    Attributes
    ----------
    first, diets, tuned : str, tuple of str, tuple of str
        The model of all diets, those of one diet, and those that learnt labels.
    twins : tuple of str
        Untrained twins of the first.
    course : dict of str to int
        Stages of the training of the first, and their steps.
    """

    first: str
    diets: tuple[str, ...]
    tuned: tuple[str, ...]
    twins: tuple[str, ...]
    course: dict[str, int]

    @property
    def names(self) -> list[str]:
        """All of them, once each."""
        return list(dict.fromkeys([self.first, *self.diets, *self.tuned, *self.twins, *self.course]))

    def shown(self, fits: Mapping[str, object], model: str) -> dict[str, object]:
        """Fits of one model of each kind and of the filters, by what results call them."""
        every = {name: fits[name] for name in (self.first, *self.diets, *self.tuned)}
        return every | {TWIN: fits[self.twins[0]], model: fits[model]}

    def every_twin(self, fits: Mapping[str, object]) -> list:
        """Fits of all untrained twins."""
        return [fits[name] for name in self.twins]

    def stages(self, fits: Mapping[str, object]) -> dict[int, object]:
        """Fits of the stages of training by step."""
        return {step: fits[name] for name, step in self.course.items()}


def trained(models: Sequence[str], tuned: Sequence[str], twins: int) -> Trained:
    """Names from the parameters of the page: models by diet, the mixed one first."""
    first, *diets = models
    steps = {name: recipe.schedule.steps for name, recipe in RECIPES.items()}
    course = training_course(first, roster_names(), steps)
    return Trained(first, tuple(diets), tuple(tuned), tuple(f"untrained:{first}:{k}" for k in range(twins)), course)


@dataclass(frozen=True)
class Question:
    """A difference between two models, one minus the other: as results call it, as a figure does, and which models."""

    title: str
    label: str
    one: str
    other: str


def questions(zoo: Trained, model: str) -> dict[str, Question]:
    """What is asked of the trained models, by a short name; a model is no news to itself and not asked about.

    ``"twins"`` are all untrained twins, ``"both"`` the filters and the first trained model together.
    """
    speech, environment, music = zoo.diets
    finetuned, supervised = zoo.tuned
    first, twins, filters = zoo.first, f"{len(zoo.twins)} untrained twins", title(model)
    every = {
        "training": Question(f"mixture minus {twins}", f"all diets − {twins}", first, "twins"),
        "speech": Question("mixture minus speech", "all diets − speech", first, speech),
        "environment": Question("mixture minus environment", "all diets − environment", first, environment),
        "music": Question("mixture minus music", "all diets − music", first, music),
        "finetuned": Question("fine-tuned minus mixture", "then labels − all diets", finetuned, first),
        "supervised": Question("supervised minus mixture", "labels only − all diets", supervised, first),
        "acoustics": Question(f"mixture minus {model}", f"all diets − {filters}", first, model),
        "beyond": Question(f"{model} and mixture minus {model}", f"both together − {filters}", "both", model),
    }
    return {key: one for key, one in every.items() if one.one != one.other}


def family(asked: Mapping[str, Question]) -> dict[str, dict[str, float]]:
    """Weights of models in every difference, as ``lib.compare.contrasts`` takes them."""
    return {key: {one.one: 1.0, one.other: -1.0} for key, one in asked.items()}


def rise(course: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Weights of the stages of a training: the slope on the log of the step, and the last minus the first."""
    last, start = max(course, key=course.get), min(course, key=course.get)
    return {"rise": slope_over_steps(course), "ends": {last: 1.0, start: -1.0}}


def estimate(row: pd.Series, about: str) -> Estimate:
    """A row of ``lib.compare.contrasts`` as a record: the interval and p are those of its family."""
    return Estimate(row["value"], row["low_family"], row["high_family"], int(row["n"]), p=row["p_family"], about=about)


def gained(gains: pd.DataFrame, asked: Mapping[str, Question]) -> dict[str, Estimate]:
    """Differences between models by name, as the prose quotes them; how many exclude 0 is among them."""
    of = {f"gain_{key}": estimate(row, f"mean r², {asked[key].title}, corrected for {len(gains)}")
          for key, row in gains.iterrows()}  # fmt: skip
    none = Estimate(float("nan"), about="the models that would be compared are one")
    of |= {f"gain_{key}": none for key in KEYS if key not in asked}
    apart = int(((gains["low_family"] > 0) | (gains["high_family"] < 0)).sum())
    return of | {"gains_apart": apart, "n_gains": len(gains)}


def risen(path: pd.DataFrame) -> dict[str, Estimate]:
    """How training goes, as the prose quotes it."""
    about = {"rise": "slope of mean r² on the log of the step", "ends": "mean r², last minus first checkpoint"}
    return {key: estimate(path.loc[key], f"{told}, corrected for two") for key, told in about.items()}


def by_depth(course: Mapping[str, int], features: Mapping, components: np.ndarray, folds: np.ndarray) -> pd.DataFrame:
    """Mean r2 over components of each layer alone at each stage of a training: columns step, layer, value."""
    rows = [
        (step, layer, float(nested_ridge({layer: x}, components, folds).r2.mean()))
        for name, step in course.items()
        for layer, x in features[name].items()
    ]
    return pd.DataFrame(rows, columns=["step", "layer", "value"])


def evidence(gains: pd.DataFrame, path: pd.DataFrame, model: str) -> dict[str, dict[str, Measured] | str]:
    """What the ledger takes of the differences, by claim and part, or why a claim can't be tested.

    Parameters
    ----------
    gains, path : DataFrame
        ``lib.compare.contrasts`` of ``questions`` and of ``rise``, as frames: intervals and p are those of the family.
    model : str
        Against which trained models stand: a claim on the filters needs ``FILTERS``.
    """
    found = {name: _parts(gains, keys) for name, keys in CLAIMS.items()} | {"B5": _parts(path, ("rise", "ends"))}
    if model != FILTERS:
        found["B8"] = f"the claim is about the filters ({FILTERS}); the main model of this run is {model}"
    return dict(sorted(found.items()))


def _parts(table: pd.DataFrame, keys: Sequence[str]) -> dict[str, Measured] | str:
    missing = [key for key in keys if key not in table.index]
    if missing:
        return f"two of the models that the claim compares are one ({', '.join(missing)})"
    return {PARTS.get(key, key): _measured(table.loc[key], key) for key in keys}


def _measured(row: pd.Series, key: str) -> Measured:
    """A difference with its family's interval; its p is that of no difference, which is not what B7 asks about."""
    p = {} if key == "finetuned" else {"p": float(row["p_family"])}
    return Measured(value=row["value"], low=row["low_family"], high=row["high_family"], n=int(row["n"]), **p)
