"""Scores of models, computed once and kept: data/downstream.csv, a row for each number.

Comes in: names of models, tasks, recordings. Goes out: the stored table, and new rows for it, each with what made it:
a mark of the model, a mark of the code, the day. ``make downstream`` (this module, run) makes what is missing and what
another model or other code had made; nothing in the table is typed.
"""

from __future__ import annotations

import datetime
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np
import pandas as pd

from lib import models, provenance, recordings
from lib.chapters.downstream.tasks import TASKS, Task, task
from lib.compare import cross_validated_rsa, linear_probe, mean_score, refitted
from lib.compare.probes.mlp import PUBLISHED_GRID, QUICK_GRID, mlp_probe
from lib.ground import DATA, MissingData, WrongUse, fingerprint, replacing
from lib.models import card, original, sound_features
from lib.recordings import load_sounds

TABLE = DATA / "downstream.csv"
COLUMNS = ["model", "family", "where", "measure", "value", "low", "high", "n", "chance", "null", "p", "mark",
           "code", "day"]  # fmt: skip
RECORDINGS = ("natsound165", "pocket-sounds")
PERMUTATIONS, DRAWS = 99, 50
NETWORKS = (
    "mini-resnet", "mini-resnet-speech", "mini-resnet-environment", "mini-resnet-music", "mini-resnet-finetuned",
    "mini-resnet-supervised", "mini-mixture", "mini-speech", "mini-hubert", "mini-audio-llm", "whisper-base",
    "crepe-tiny", "crepe-full", "resemblyzer", "silero-vad",
)  # fmt: skip
TWINS = (
    "mini-resnet", "mini-mixture", "mini-hubert", "mini-audio-llm", "whisper-base", "crepe-tiny", "resemblyzer",
    "silero-vad",
)  # fmt: skip
"""Networks whose twin is listed: one of each architecture."""
FILTERS = ("spectrotemporal", "cochleagram", "logmel", "mfcc")
LISTED = (*FILTERS, *NETWORKS, *(f"untrained:{name}:0" for name in TWINS))
PROBED = ("logmel", "mini-mixture", "resemblyzer")
"""Models on which the published probe stands beside the linear one."""
HALF = ("whisper", "crepe")
"""Networks that hear tasks in half precision: large ones, whose layers it moves by less than 2 %."""
MADE_BY = {
    "accuracy": ("lib.compare.probes.linear", "lib.chapters.downstream.tasks"),
    "accuracy, 16 networks": ("lib.compare.probes.mlp", "lib.chapters.downstream.tasks"),
    "accuracy, 2 networks": ("lib.compare.probes.mlp", "lib.chapters.downstream.tasks"),
    "r2": ("lib.compare.encoding.intervals", "lib.compare.encoding.contrasts"),
    "rho": ("lib.compare.similarity.rsa",),
}
"""Where each measure's numbers begin; all that is imported from there decides them too."""


def stored() -> pd.DataFrame:
    """The table as it is stored; empty where there is none."""
    return pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=COLUMNS)


def family(name: str) -> str:
    """Which models count as one case of a kind: one architecture, its sizes, diets, and untrained twins."""
    facts = card(original(name))
    if facts["family"] == "acoustic baseline":
        return "filters"
    if facts["family"] == "mini":
        return f"mini {facts['architecture']}"
    return original(name).split("-")[0]


@cache
def code(measure: str, where: str) -> str:
    """Mark of all that decides a measure's numbers at a place but the model: code, and the recording."""
    heard = [recordings.fingerprint(where)] if where in RECORDINGS else []
    return fingerprint(provenance.code(*MADE_BY[measure]), *heard)


def is_current(row: pd.Series) -> bool | None:
    """Whether a row was made by the model and code of today; None where the model is not on this machine."""
    try:
        return row["mark"] == _mark(row["model"]) and row["code"] == code(row["measure"], row["where"])
    except (MissingData, WrongUse):
        return None


_fingerprint = cache(models.fingerprint)


def _mark(name: str) -> str:
    """Fingerprint of a model; what is told of its rows depends on it."""
    provenance.loaded("models", name, _fingerprint(name))
    return _fingerprint(name)


def of_task(name: str, what: Task, measures: Sequence[str] = ("accuracy",)) -> list[dict]:
    """Rows of a model on a task: the linear probe, and the published one where it is asked for."""
    precision = "half" if original(name).startswith(HALF) else "full"
    layers = sound_features(models.load(name), what.sounds, precision=precision)
    rows = []
    for measure in measures:
        found = PROBES[measure](layers, what)
        null = float(found.null.mean()) if len(found.null) else np.nan
        rows.append(_row(name, what.name, measure, found.accuracy) | {"chance": found.chance, "null": null})
    return rows


def _linear(layers, what: Task):
    return linear_probe(layers, what.labels, what.folds, n_permutations=PERMUTATIONS)


def _published(layers, what: Task):
    return mlp_probe(layers, what.labels, what.folds, grid=PUBLISHED_GRID)


def _quick(layers, what: Task):
    return mlp_probe(layers, what.labels, what.folds, grid=QUICK_GRID)


PROBES: dict[str, Callable] = {
    "accuracy": _linear,
    "accuracy, 16 networks": _published,
    "accuracy, 2 networks": _quick,
}


def of_recording(name: str, heard) -> list[dict]:
    """Rows of a model on a recording: mean r² of the components, and ρ of dissimilarities, layers chosen elsewhere."""
    sounds = [heard.audio(stimulus) for stimulus in heard.stimuli.index]
    layers = sound_features(models.load(name), sounds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits|no layer and penalty|.* of .* penalties|.*no RDM")
        fit = refitted(layers, heard.components.values, heard.folds, n_draws=DRAWS)
        rho, _ = cross_validated_rsa(layers, _voxels(heard.name), heard.folds)
    found = mean_score(fit)
    row = _row(name, heard.name, "rho", found) | {
        "value": float(rho.mean()),
        "low": np.nan,
        "high": np.nan,
        "p": np.nan,
    }
    return [_row(name, heard.name, "r2", found), row]


@cache
def _voxels(recording: str) -> dict[str, np.ndarray]:
    heard = load_sounds(recording)
    return {subject: heard.responses(subject).mean("scan").values for subject in heard.subjects}


def _row(name: str, where: str, measure: str, found) -> dict:
    ends = {"value": found.value, "low": found.low, "high": found.high, "n": found.n, "p": found.p}
    made = {"mark": _mark(name), "code": code(measure, where), "day": datetime.date.today().isoformat()}
    return {"model": name, "family": family(name), "where": where, "measure": measure} | ends | made


def missing(names: Iterable[str], places: Iterable[str], measures: Sequence[str], known: pd.DataFrame) -> Iterator:
    """Pairs of a model and a place (a task or recording) of which no current rows are known."""
    done = dict(known.set_index(["model", "where", "measure"], drop=False).iterrows())
    for name in names:
        for place in places:
            rows = [done.get((name, place, measure)) for measure in measures]
            if any(row is None or is_current(row) is False for row in rows):
                yield name, place


def made(names: Iterable[str], tasks: Sequence[str], heard: Sequence[str], known: pd.DataFrame) -> pd.DataFrame:
    """Rows of models that a table lacks, or that are stale in it, computed now; models not here are left out."""
    rows, here = [], [name for name in names if models.is_here(name)]
    for name, place in missing(here, tasks, ["accuracy"], known):
        rows += of_task(name, _task(place))
    for name, place in missing(here, heard, ["r2", "rho"], known):
        rows += of_recording(name, load_sounds(place))
    return pd.DataFrame(rows, columns=COLUMNS)


@cache
def _task(name: str) -> Task:
    return task(name)


def merged(known: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Both tables, a new row in the place of an old one of the same model, place and measure."""
    whole = pd.concat([one for one in (known, new) if len(one)] or [known], ignore_index=True)
    return whole.drop_duplicates(["model", "where", "measure"], keep="last").reset_index(drop=True)


def keep(new: pd.DataFrame) -> None:
    """Put rows into the stored table, in the order of models, places and measures."""
    table, order = merged(stored(), new), {name: k for k, name in enumerate(LISTED)}
    table = table.assign(at=table["model"].map(order).fillna(len(order))).sort_values(
        ["where", "measure", "at", "model"]
    )
    numbers = ["value", "low", "high", "chance", "null", "p"]
    table[numbers] = table[numbers].astype(float).round(5)
    with replacing(TABLE) as place:
        table[COLUMNS].to_csv(place, index=False)


def main(names: Sequence[str]) -> None:
    """Make what is missing, a model at a time, and keep it."""
    for name in names or LISTED:
        if not models.is_here(name):
            print(f"{name}: its weights are not on this machine, so its rows stay as they are")
            continue
        keep(made([name], list(TASKS), RECORDINGS, stored()))
        print(name, len(stored()), flush=True)
    for name in PROBED:  # last, for it takes longest
        keep(pd.DataFrame(_probed(name), columns=COLUMNS))


def _probed(name: str) -> list[dict]:
    measures = [measure for measure in PROBES if measure != "accuracy"]
    able = [place for place in TASKS if len(np.unique(_task(place).folds)) > 2]  # one fold tests, one validates
    todo = missing([name], able, measures, stored())
    return [row for _, place in todo for row in of_task(name, _task(place), measures)]


if __name__ == "__main__":
    main(sys.argv[1:])
