"""Models of the page on learning: trainings of one recipe, their untrained twins, and what may be asked of each pair.

Comes in: names of the roster and the facts on their cards. Goes out: the differences that these facts allow (diet,
task, tuning, size, trained against untrained), and fits as ``lib.compare.contrasts`` takes them. Nothing hangs on the
order in which models are named: only on what their cards say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import pandas as pd

from lib.chapters.cortex.questions import Question, called, family
from lib.compare import contrasts
from lib.ground import WrongUse
from lib.models import card, is_here, load, named, original
from lib.models import names as roster_names

TRAINING, DIET, OWN, TASK, TUNING, SIZE = "training", "diet", "own diet", "task", "tuning", "size"
KINDS = {
    TRAINING: "Trained minus random weights",
    DIET: "More kinds of sound minus fewer",
    OWN: "The same, on one component",
    TASK: "Same sounds, another task",
    TUNING: "Tuned to a task minus before",
    SIZE: "Larger minus smaller",
}
"""What is asked, as figures say it."""
COMPONENT_OF = {"speech": "speech", "music": "music"}
"""The component that is a diet's own."""
TOLD_WHAT = ("labels", "transcripts")
"""Tasks whose answers people gave."""


@dataclass(frozen=True)
class Kin:
    """Models that one recipe made: they differ by chance alone.

    Attributes
    ----------
    name : str
        The first of them, whose name stands for all.
    trainings, twins : tuple of str
        All of them, and untrained twins of the first; none of a model that was never trained.
    """

    name: str
    trainings: tuple[str, ...]
    twins: tuple[str, ...] = ()

    @property
    def facts(self) -> Mapping:
        """The card of the first."""
        return card(original(self.name))

    @property
    def diets(self) -> frozenset[str]:
        """Kinds of sound or collections that it was trained on, as far as its card says."""
        return frozenset(self.facts.get("diets", ()))

    @property
    def shape(self) -> tuple:
        """Architecture and how many layers and units it has."""
        return tuple(self.facts.get(key) for key in ("architecture", "layers", "width"))

    @property
    def names(self) -> tuple[str, ...]:
        """Trainings and twins."""
        return self.trainings + self.twins


@dataclass(frozen=True)
class Learners:
    """Models of a page: by recipe, and those that were asked for and are not here."""

    kin: tuple[Kin, ...]
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All of them with their twins."""
        return [name for one in self.kin for name in one.names]

    @property
    def trained(self) -> list[Kin]:
        """Those that have untrained twins."""
        return [one for one in self.kin if one.twins]


def learners(models: Sequence[str], trainings: int, twins: int) -> Learners:
    """Models of a page with further trainings of their recipes and their untrained twins, as far as they are here.

    Parameters
    ----------
    models : sequence of str
        Names of the roster, or what else stands for a model.
    trainings : int
        At most so many trainings of each recipe: those that are named, then others of the roster.
    twins : int
        Untrained twins of each recipe's first training.

    Raises
    ------
    lib.ground.WrongUse
        If there is no such model, or if none is here.
    """
    asked = list(dict.fromkeys(map(named, models)))
    here = [name for name in asked if is_here(name)]
    if not here:
        raise WrongUse(f"none of these models is on this machine: {', '.join(asked) or 'none was named'}")
    by_recipe: dict[str, list[str]] = {}
    for name in here:
        by_recipe.setdefault(recipe_of(name), []).append(name)
    kin = []
    for recipe, members in by_recipe.items():
        more = [name for name in others_of(recipe) if name not in members][: max(0, trainings - len(members))]
        every = (*members, *(name for name in more if is_here(name)))
        count = twins if has_twins(members[0]) else 0
        kin.append(Kin(members[0], every, tuple(f"untrained:{members[0]}:{k}" for k in range(count))))
    return Learners(tuple(kin), tuple(name for name in asked if name not in here))


def recipe_of(name: str) -> str:
    """Recipe of a model, which is itself where its card names none; a checkpoint or a twin has one of its own."""
    return name if "@" in name or name != original(name) else card(name).get("recipe", name)


def others_of(recipe: str) -> list[str]:
    """All trainings of a recipe in the roster, by their seeds."""
    every = [name for name in roster_names() if "@" not in name and card(name).get("recipe") == recipe]
    return sorted(every, key=lambda name: card(name)["seed"])


def has_twins(name: str) -> bool:
    """Whether a model has an untrained twin: fixed filters have none, nor have twins."""
    if name != original(name):
        return False
    try:
        load(f"untrained:{name}:0")
    except WrongUse:
        return False
    return True


@dataclass(frozen=True)
class Asked(Question):
    """A question with its kind, and the one component that it is about (empty: the mean over all)."""

    kind: str = ""
    component: str = ""


def questions(found: Learners, components: Sequence[str]) -> dict[str, Asked]:
    """Every difference that the cards' facts allow between models of a page, by a name, sorted by kind."""
    out = {}
    for one in found.trained:
        out[f"{TRAINING} {one.name}"] = Asked(
            f"{one.name} minus untrained", f"{called(one.name)} − untrained", one.name, twins_of(one), TRAINING
        )
    for kind, (one, other) in _pairs(found.kin):
        key, label = f"{one.name} {other.name}", f"{called(one.name)} − {called(other.name)}"
        out[f"{kind} {key}"] = Asked(f"{one.name} minus {other.name}", label, one.name, other.name, kind)
        own = COMPONENT_OF.get(*other.diets) if kind == DIET and len(other.diets) == 1 else None
        if own in components:
            title, on = f"{one.name} minus {other.name} on {own}", f"{label} on {own}"
            out[f"{OWN} {key}"] = Asked(title, on, _on(one.name, own), _on(other.name, own), OWN, own)
    return {key: one for kind in KINDS for key, one in out.items() if one.kind == kind}


def _pairs(kin: Sequence[Kin]) -> Iterator[tuple[str, tuple[Kin, Kin]]]:
    for kind, holds in ((DIET, _heard_more), (TUNING, _tuned), (SIZE, _larger)):
        yield from ((kind, pair) for pair in permutations(kin, 2) if holds(*pair))
    yield from ((TASK, _taught_last(*pair)) for pair in combinations(kin, 2) if _other_task(*pair))


def _same(one: Kin, other: Kin, *keys: str) -> bool:
    """Whether both cards have these facts, and the same."""
    return all(one.facts.get(key) is not None and one.facts.get(key) == other.facts.get(key) for key in keys)


def _from_start(*pair: Kin) -> bool:
    """Whether none of them began with another model's weights."""
    return not any("tuned_from" in one.facts for one in pair)


def _heard_more(one: Kin, other: Kin) -> bool:
    return (
        one.shape == other.shape
        and _same(one, other, "task")
        and _from_start(one, other)
        and bool(other.diets)
        and one.diets > other.diets
    )


def _other_task(one: Kin, other: Kin) -> bool:
    tasks = {one.facts.get("task"), other.facts.get("task")}
    alike = one.shape == other.shape and bool(one.diets) and one.diets == other.diets
    return alike and _from_start(one, other) and len(tasks) == 2 and None not in tasks


def _taught_last(one: Kin, other: Kin) -> tuple[Kin, Kin]:
    """A pair with the one that learnt what people had said last."""
    return (other, one) if one.facts["task"] in TOLD_WHAT else (one, other)


def _tuned(one: Kin, other: Kin) -> bool:
    start = one.facts.get("tuned_from")
    return start is not None and (start in other.trainings or recipe_of(start) == recipe_of(other.name))


def _larger(one: Kin, other: Kin) -> bool:
    sizes = [each.facts.get("parameters") for each in (one, other)]
    learnt_alike = _same(one, other, "architecture", "objective", "training")
    return learnt_alike and None not in sizes and sizes[0] > sizes[1] and one.shape != other.shape


def twins_of(one: Kin) -> str:
    """What the untrained twins of a model are called together."""
    return f"untrained {one.name}"


def _on(name: str, component: str) -> str:
    return f"{name} on {component}"


def pool(found: Learners, fits: Mapping[str, object], components: Sequence[str]) -> dict[str, list]:
    """Fits by what questions call them: of each recipe, of its twins, and of each on a diet's own component."""
    out = {}
    for one in found.kin:
        every = [fits[name] for name in one.trainings]
        out[one.name] = every
        for component in (name for name in COMPONENT_OF.values() if name in components):
            out[_on(one.name, component)] = [fit.of(list(components).index(component)) for fit in every]
        if one.twins:
            out[twins_of(one)] = [fits[name] for name in one.twins]
    return out


def shared_seeds(found: Learners, fits: Mapping[str, object]) -> list[list[str]]:
    """Those of `fits` with the same seeds: a recipe, its components, and what was tuned from each of its trainings."""
    groups: dict[str, list[str]] = {}
    for one in found.kin:
        keys = [key for key in fits if key == one.name or key.startswith(f"{one.name} on ")]
        groups.setdefault(_first_start(one, found.kin).name, []).extend(keys)
    return [group for group in groups.values() if group]


def _first_start(one: Kin, kin: Sequence[Kin]) -> Kin:
    """Where a chain of tunings began, as far as every training was tuned from one of the start; else itself."""
    starts = [other for other in kin if _tuned(one, other) and _one_by_one(one, other)]
    return _first_start(starts[0], kin) if starts else one


def _one_by_one(tuned: Kin, start: Kin) -> bool:
    """Whether every training was tuned from the other's training of the same place."""
    return tuple(card(name).get("tuned_from") for name in tuned.trainings) == start.trainings


def differences(found: Learners, fits: Mapping[str, object], asked: Mapping, names: Sequence[str], seed: int):
    """``lib.compare.contrasts`` of all questions as one family, as a table; an empty one where nothing is asked."""
    if not asked:
        return pd.DataFrame(columns=["value", "low_family", "high_family", "p_family", "seeds", "n"])
    together = pool(found, fits, names)
    needed = {key for one in asked.values() for key in (one.one, one.other)}
    kept = {key: together[key] for key in together if key in needed}
    return contrasts(kept, family(asked), together=shared_seeds(found, kept), seed=seed).to_frame()
