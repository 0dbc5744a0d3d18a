"""Material of the page: scores of models on tasks, and of their likeness to cortex, as they are stored or made now.

Comes in: a recording, tasks, and models that are asked for by name. Goes out: ``Material``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from lib import provenance, recordings
from lib.chapters.downstream import records
from lib.chapters.downstream.tasks import TASKS
from lib.compare import overall
from lib.ground import MissingData, WrongUse, unknown
from lib.models import card, original

TITLES = {
    "environment": "Environmental sounds", "spoken-words": "Spoken words", "spoken-voices": "Speakers",
    "pocket-kinds": "Kinds of sound", "pocket-music": "Instruments", "pocket-words": "Words",
    "pocket-moods": "Moods",
}  # fmt: skip
ASKED = {
    "environment": "which of ten kinds of environmental sound is this? (other recordings)",
    "spoken-words": "which digit is said? (a speaker not learnt from)",
    "spoken-voices": "who speaks? (digits not learnt from)",
    "pocket-kinds": "which of eleven categories is this generated sound of? (objects not learnt from)",
    "pocket-music": "which of 24 generated instruments or bands plays? (another piece)",
    "pocket-words": "which of twenty words does a simulated voice say? (a voice not learnt from)",
    "pocket-moods": "in which of three moods does it speak? (another part of the story)",
}
LEARNT_FROM = {
    "environment": "ESC-10", "spoken-words": "spoken digits", "spoken-voices": "spoken digits",
    "pocket-words": "simulated voices", "pocket-moods": "simulated voices", "pocket-music": "simulated music",
}  # fmt: skip
"""Where a card's `training` says this, the model learnt from sounds of the set that the task's are taken from."""
FILTERS, SMALL, PUBLISHED, TWINS = "filters", "trained for this book", "published", "random weights"
KINDS = (PUBLISHED, SMALL, FILTERS, TWINS)


@dataclass(frozen=True, eq=False)
class Material:
    """Scores of every model.

    Attributes
    ----------
    recording : str
    tasks : tuple of str
    rows : DataFrame
        Rows of data/downstream.csv, and new ones, of these.
    computed : int
        How many rows were made now.
    """

    recording: str
    tasks: tuple[str, ...]
    rows: pd.DataFrame = field(repr=False)
    computed: int = 0

    @property
    def simulated(self) -> bool:
        """Whether no brain was measured."""
        return recordings.card(self.recording)["simulated"]

    @property
    def who(self) -> str:
        """Whose responses, in words."""
        return "simulated listeners" if self.simulated else "human auditory cortex"

    @property
    def titles(self) -> dict[str, str]:
        """What the tasks are called."""
        return {name: TITLES[name] for name in self.tasks}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row for each model that has them all: its tasks, overall, r2, rho, family, kind, and heard (or not)."""
        rows, wanted = self.rows[self.rows["measure"].isin(("accuracy", "r2", "rho"))], [*self.tasks, "r2", "rho"]
        key = rows["measure"].where(rows["measure"] != "accuracy", rows["where"])
        wide = rows.assign(key=key).pivot(index="model", columns="key", values="value")
        wide = wide.reindex(columns=wanted).dropna()
        facts = self.rows.groupby("model")["family"].first()
        heard = [learnt_from(name, self.tasks) for name in wide.index]
        table = wide.assign(family=facts, heard=heard, kind=[kind_of(name) for name in wide.index])
        if len(table) < 2:
            raise WrongUse(
                f"{len(table)} models have scores on all of {', '.join(wanted)}: `make downstream` makes them"
            )
        return table.assign(overall=overall({name: table[name] for name in self.tasks})).rename_axis(None)

    @cached_property
    def ordered(self) -> pd.DataFrame:
        """The same, the best overall first."""
        return self.scores.sort_values("overall", ascending=False)

    def of(self, measure: str) -> pd.DataFrame:
        """Rows of one measure, of models that have all scores."""
        return self.rows[(self.rows["measure"] == measure) & self.rows["model"].isin(self.scores.index)]

    @property
    def n(self) -> int:
        """Number of models."""
        return len(self.scores)

    @property
    def n_families(self) -> int:
        """Number of families of models."""
        return self.scores["family"].nunique()

    @property
    def counted(self) -> str:
        """How many models of how many families, for captions."""
        return f"{self.n} models of {self.n_families} families"

    def outline(self) -> pd.DataFrame:
        """What is asked in each task, of how many sounds, and what guessing gives."""
        first = self.of("accuracy").groupby("where")[["n", "chance"]].first().loc[list(self.tasks)]
        table = first.assign(**{"what is asked": [ASKED[name] for name in self.tasks]}).rename(TITLES)
        table = table.rename(columns={"n": "sounds", "chance": "largest class"})
        return table[["what is asked", "sounds", "largest class"]].rename_axis(None).round(2)

    def kinds(self) -> pd.DataFrame:
        """How many models of each kind, in how many families."""
        table = self.scores.groupby("kind").agg(models=("family", "size"), families=("family", "nunique"))
        return table.reindex([kind for kind in KINDS if kind in table.index]).rename_axis(None)


def learnt_from(name: str, tasks: Sequence[str]) -> bool:
    """Whether a model learnt from sounds of the sets that some tasks are taken from, by its card; a twin did not."""
    if name.startswith("untrained:"):
        return False
    return any(LEARNT_FROM[task] in card(original(name))["training"] for task in tasks if task in LEARNT_FROM)


def kind_of(name: str) -> str:
    """One of ``KINDS``."""
    if name.startswith("untrained:"):
        return TWINS
    of = card(original(name))["family"]
    return FILTERS if of == "acoustic baseline" else SMALL if of == "mini" else PUBLISHED


def called(name: str) -> str:
    """A model as figures call it."""
    base = original(name)
    return f"{base}, random" if name.startswith("untrained:") else base


def gathered(recording: str, tasks: Sequence[str], more: Sequence[str] = ()) -> Material:
    """Stored scores of all models on some tasks and a recording; those of models asked for are made where they lack.

    Parameters
    ----------
    recording : str
        A set of sounds with components.
    tasks : sequence of str
        At least two of ``tasks.TASKS``.
    more : sequence of str
        Models whose scores are to be made now where they are not stored; names of the roster.

    Raises
    ------
    lib.ground.WrongUse
        No such task, recording or model.
    lib.ground.MissingData
        A model that is asked for is not on this machine.
    """
    for name in tasks:
        if name not in TASKS:
            raise unknown("task", name, TASKS)
    if len(set(tasks)) < 2:
        raise WrongUse(f"an overall score needs two tasks at least, got {', '.join(tasks) or 'none'}")
    if recording not in records.RECORDINGS:
        raise unknown("recording with components", recording, records.RECORDINGS)
    # Stored scores are of its responses, though nothing of it is read: the page says whose they are.
    provenance.loaded("recordings", recording, recordings.fingerprint(recording))
    known = records.stored()
    new = records.made(more, tasks, [recording], known) if more else known.iloc[:0]
    if lacking := [name for name in more if not _is_there(name, pd.concat([known, new]))]:
        raise MissingData(
            f"{', '.join(lacking)}: no weights on this machine; alike models fetch {lacking[0]} gets them"
        )
    rows = records.merged(known, new)
    return Material(recording, tuple(dict.fromkeys(tasks)), rows[rows["where"].isin([*tasks, recording])], len(new))


def _is_there(name: str, rows: pd.DataFrame) -> bool:
    return bool((rows["model"] == name).any())


def freshness(material: Material) -> dict[str, int]:
    """How many of the rows were made by other code or another model than today's, and of how many nobody can say."""
    told = [records.is_current(row) for _, row in material.rows.iterrows()]
    return {
        "n_rows": len(told),
        "n_stale": told.count(False),
        "n_unknown": told.count(None),
        "n_new": material.computed,
    }


def probes(material: Material) -> pd.DataFrame:
    """Accuracy of the three probes where all were run: columns model, where, linear, sixteen, two."""
    names = {"accuracy": "linear", "accuracy, 16 networks": "sixteen", "accuracy, 2 networks": "two"}
    rows = material.rows[material.rows["measure"].isin(names)]
    wide = rows.pivot(index=["model", "where"], columns="measure", values="value").rename(columns=names)
    return wide.reindex(columns=list(names.values())).dropna().reset_index()
