"""The score's numbers by name, as one tidy table, and as the lines that the terminal shows.

Comes in: ``Scored``. Goes out: what the prose quotes, what results.parquet holds, and a text of at most 80 columns.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.chapters.score.scores import BRAINS, FILTERS, MODEL, TITLES, TWIN, Scored, one
from lib.compare import Estimate
from lib.report import words
from lib.report.style import COMPONENT_TITLES

KEYS = {MODEL: "", TWIN: "twin_", FILTERS: "filters_", BRAINS: "brains_"}
PARTS = {
    "only_model": ("only model", "the model alone"),
    "shared": ("model and filters", "both alike"),
    "only_filters": ("only filters", "the filters alone"),
}
NOT_THERE = "not to be had"
COLUMNS = 80


def named(found: Scored) -> dict[str, Any]:
    """Every number by its name; where there is nothing to compare with, a word that says so."""
    return {**_components(found), **_gains(found), **_parts(found), **_others(found), **_names(found)}


def _components(found: Scored) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for who, key in KEYS.items():
        if who not in found.means:
            out[f"{key}mean_r2"] = NOT_THERE
            continue
        out[f"{key}mean_r2"] = replace(found.means[who], about=f"mean r² of six components, {TITLES[who]}")
        for place, name in enumerate(found.heard.names):
            about = f"r² of {COMPONENT_TITLES[name].lower()}, {TITLES[who]}"
            out[f"{key}r2_{name}"] = replace(one(found.components[who], place), about=about)
    return out


def _gains(found: Scored) -> dict[str, Any]:
    out: dict[str, Any] = {f"gain_{key.rstrip('_')}": NOT_THERE for key in KEYS.values() if key}
    for who, row in found.gains.iterrows():
        about = f"mean r² of the model minus that of {TITLES[who]}; interval and p of all differences together"
        estimate = Estimate(row["value"], row["low"], row["high"], int(row["n"]), p=row["p"], about=about)
        out[f"gain_{KEYS[who].rstrip('_')}"] = estimate
    return out


def _parts(found: Scored) -> dict[str, Any]:
    if not found.parts:
        return dict.fromkeys(PARTS, NOT_THERE)
    of = {key: (found.parts[f"mean {part}"], about) for key, (part, about) in PARTS.items()}
    return {key: replace(part, about=f"mean r² explained by {about}") for key, (part, about) in of.items()}


def _others(found: Scored) -> dict[str, Any]:
    return {
        "voxels": replace(found.voxels, about="median r² of a listener's voxels, mean over listeners"),
        "likeness": replace(found.likeness, about="Spearman ρ of dissimilarities, layer cross-validated"),
        "n_sounds": found.heard.n,
        "n_voxels": found.n_voxels,
    }


def _names(found: Scored) -> dict[str, str]:
    titles = [COMPONENT_TITLES[name].lower() for name in found.heard.names]
    layers = {f"layer_{name}": layer for name, (layer, _) in zip(found.heard.names, found.layers, strict=True)}
    return layers | {
        "model_name": found.features.name,
        "who": found.heard.who,
        "best_component": titles[found.best],
        "worst_component": titles[found.worst],
        "no_twin": found.features.no_twin or "there are some",
        "pace": found.features.pace,
    }


def by_component(found: Scored) -> pd.DataFrame:
    """The page's table: a row a component, with the model's r², its layer, and the r² of what stands beside it."""
    model = found.components[MODEL]
    rows = []
    for place, (layer, share) in enumerate(found.layers):
        row = {"model": _told(one(model, place)), "layer": layer, "training sets that chose it": words.share(share)}
        rows.append(row | {TITLES[who]: f"{each.value[place]:.2f}" for who, each in _beside(found).items()})
    return pd.DataFrame(rows, [COMPONENT_TITLES[name] for name in found.heard.names])


def _beside(found: Scored) -> dict[str, Estimate]:
    return {who: each for who, each in found.components.items() if who != MODEL}


def _told(found: Estimate) -> str:
    return f"{words.number(found.value)} ({words.interval(found, 2)})"


def tidy(found: Scored) -> pd.DataFrame:
    """Every number in a row of its own, as ``save_results`` takes them; the component is in the column layer."""
    rows = []
    for who, scores in found.components.items():
        name = found.features.name if who == MODEL else TITLES[who]
        ends = {end: np.asarray(getattr(scores, end)) for end in ("value", "low", "high")}
        rows.append(pd.DataFrame({"layer": found.heard.names, "model": name, "measure": "r2_component"} | ends))
    said = {key: each for key, each in named(found).items() if hasattr(each, "low") and "r2_" not in key}
    said |= {"r2_mean": found.means[MODEL]}
    lines = [{"measure": k, "value": e.value, "low": e.low, "high": e.high, "p": e.p} for k, e in said.items()]
    rows.append(pd.DataFrame(lines).assign(model=found.features.name))
    return pd.concat(rows, ignore_index=True).assign(n=found.heard.n)


def lines(found: Scored) -> pd.DataFrame:
    """What ``alike score`` prints, a row a line of at most 80 columns."""
    head = [
        _cut(f"{found.features.name} on {found.heard.recording.name}"),
        f"r² of {found.heard.who}, {found.heard.n} sounds, with 95 % intervals over sounds",
        "",
        _row("component", "the model", "layer", *(_short(who) for who in _beside(found))),
    ]
    body = [
        _row(COMPONENT_TITLES[name], _told(one(found.components[MODEL], place)), found.layers[place][0],
             *(f"{each.value[place]:.2f}" for each in _beside(found).values()))
        for place, name in enumerate(found.heard.names)
    ]  # fmt: skip
    means = [f"{found.means[who].value:.2f}" for who in _beside(found)]
    mean = _row("mean", _told(found.means[MODEL]), "each its own", *means)
    return pd.DataFrame({"text": [*head, *body, mean, "", *_differences(found), "", *_rest(found)]})


def _short(who: str) -> str:
    return {TWIN: "twin", FILTERS: "filters", BRAINS: "brains"}[who]


def _row(name: str, told: str, layer: str, *others: str) -> str:
    return f"{name[:15]:<16}{told:<23}{_cut(layer, 14):<15}" + "".join(f"{value:>8}" for value in others)


def _cut(text: str, most: int = COLUMNS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _differences(found: Scored) -> list[str]:
    """Differences with their intervals, and what there is nothing to be said of."""
    said = _gains(found)
    out = [_line(f"minus {TITLES[who]}", said[f"gain_{KEYS[who].rstrip('_')}"]) for who in _beside(found)]
    if found.features.no_twin:
        why = f"no untrained twin: {found.features.no_twin.removeprefix('no twin of ')}"
        out += textwrap.wrap(why, COLUMNS, subsequent_indent="  ")
    if BRAINS not in found.means:
        out.append("no other brains: none with electrodes heard these sounds, or they are not here")
    return out


def _line(title: str, found: Estimate) -> str:
    p = f", {words.p_value(found.p)}" if np.isfinite(found.p) else ""
    return f"{title:<39}{words.number(found.value):>5} ({words.interval(found, 2)}{p})"


def _rest(found: Scored) -> list[str]:
    out = []
    if found.parts:
        out += [_line(f"explained by {about}, mean r²", found.parts[f"mean {part}"]) for part, about in PARTS.values()]
    out.append(_line(f"median of {found.n_voxels} voxels, r²", found.voxels))
    out.append(_line("likeness of dissimilarities, ρ", found.likeness))
    return [*out, f"{'hears':<39}{found.features.pace}"]
