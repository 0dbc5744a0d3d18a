"""Questions of the cortex pages about models: what a difference is called, and how it becomes a record.

Comes in: names of models, tables of ``lib.compare.contrasts``. Goes out: differences as that function takes them,
records that the prose quotes, and what the ledger takes of a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from lib.compare import Estimate, contrasts
from lib.models import card, original
from lib.report.claims import Measured

TITLES = {
    "spectrotemporal": "modulation filters", "cochleagram": "cochleagram", "logmel": "log-mel spectrum",
    "mfcc": "cepstrum (MFCC)", "mini-resnet": "all diets", "mini-resnet-speech": "speech diet",
    "mini-resnet-environment": "environment diet", "mini-resnet-music": "music diet",
    "mini-resnet-finetuned": "all, then labels", "mini-resnet-supervised": "labels only",
}  # fmt: skip
"""Models in words."""
FILTERS = "spectrotemporal"


def title(name: str) -> str:
    """What a figure calls a model."""
    return TITLES.get(name, name)


def called(name: str) -> str:
    """What a figure or a sentence calls a model of the roster."""
    return title(name) if title(name) != name else card(original(name)).get("title", name).split(",")[0]


@dataclass(frozen=True)
class Question:
    """A difference between two models, one minus the other: as results call it, as a figure does, and which models."""

    title: str
    label: str
    one: str
    other: str


def family(asked: Mapping[str, Question]) -> dict[str, dict[str, float]]:
    """Weights of models in every difference, as ``lib.compare.contrasts`` takes them."""
    return {key: {one.one: 1.0, one.other: -1.0} for key, one in asked.items()}


def differences(fits: Mapping[str, object], asked: Mapping[str, Question], seed: int) -> pd.DataFrame | None:
    """``lib.compare.contrasts`` of the questions as one family; None where nothing is asked."""
    return contrasts(fits, family(asked), seed=seed).to_frame() if asked else None


def beside_filters(trained: str, model: str) -> dict[str, Question]:
    """How a trained model stands to the main one, and what both together have more; nothing of one and the same.

    ``"both"`` are the two together.
    """
    if trained == model:
        return {}
    name, filters = called(trained), title(model)
    return {
        "acoustics": Question(f"{trained} minus {model}", f"{name} − {filters}", trained, model),
        "beyond": Question(f"{model} and {trained} minus {model}", f"both together − {filters}", "both", model),
    }


def estimate(row: pd.Series, about: str) -> Estimate:
    """A row of ``lib.compare.contrasts`` as a record: the interval and p are those of its family."""
    return Estimate(row["value"], row["low_family"], row["high_family"], int(row["n"]), p=row["p_family"], about=about)


def key(name: str) -> str:
    """A name that prose can quote: letters, digits and underscores."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)


def named(records: Mapping[str, Estimate], before: str) -> dict[str, Estimate]:
    """Records under names that the prose can quote."""
    return {f"{before}_{key(name)}": one for name, one in records.items()}


def gained(gains: pd.DataFrame | None, asked: Mapping[str, Question], keys: Iterable[str] = ()) -> dict[str, Estimate]:
    """Differences between models by name, as the prose quotes them; those of `keys` that were not asked have none."""
    rows = gains.iterrows() if gains is not None else ()
    of = {f"gain_{key}": estimate(row, f"mean r², {asked[key].title}, corrected for {len(gains)}") for key, row in rows}
    none = Estimate(float("nan"), about="the models that would be compared are one")
    return of | {f"gain_{key}": none for key in keys if key not in asked}


def measured(row: pd.Series, *, of_nothing: bool = True) -> Measured:
    """A difference as the ledger takes it, with its family's interval, and with its p where the claim is on 0."""
    p = {"p": float(row["p_family"])} if of_nothing else {}
    return Measured(value=row["value"], low=row["low_family"], high=row["high_family"], n=int(row["n"]), **p)


def beyond_filters(gains: pd.DataFrame | None, trained: str, model: str) -> dict[str, dict[str, Measured] | str]:
    """What the ledger takes of the addition to the filters, or why it can't be tested."""
    if model != FILTERS:
        return {"B8": f"the claim is about the filters ({FILTERS}); the main model of this run is {model}"}
    if gains is None:
        return {"B8": "no trained model stands beside the filters in this run"}
    return {"B8": {"beyond": measured(gains.loc["beyond"])}}
