"""Numbers, verdict and answer of the page on depth.

Comes in: ``Depths``. Goes out: named estimates for prose, a spin test, evidence for the ledger, tidy results, the
answer that opens the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lib.chapters.cortex.depths import LEAST, PARTS, Depths, of_listeners
from lib.chapters.cortex.places import ALONE, SIDES, SURFACE, distances
from lib.compare import Estimate, aggregate_subjects, crossed, preferred_depth, spin_test
from lib.compare.spatial import SpinTest
from lib.report import words
from lib.report.claims import Measured
from lib.report.style import COMPONENT_TITLES

QUESTION = "Does depth in a model follow the way through cortex?"
NAMES = ("only_filters", "both", "only_model")
ABOUT = {
    "rho": "rank correlation of preferred depth and distance from primary cortex, mean over listeners",
    "training": "change of the interaction over training",
    "interaction_before": "interaction before training",
    "interaction": "relative gain from first to last layer, other regions minus primary",
}


def of_parts(depths: Depths) -> dict[str, object]:
    """Median parts over voxels with intervals over sounds, and how many are predicted."""
    draws, values = depths.arrays["draws"], np.median(depths.arrays["parts"], axis=1)
    out: dict[str, object] = {
        name: crossed(float(value), draws[:, k], n=depths.places.n, about=f"median part of r², {PARTS[k]}")
        for k, (name, value) in enumerate(zip(NAMES, values, strict=True))
    }
    return out | {
        "n_voxels": depths.places.voxels.shape[1],
        "n_places": len(depths.predicted),
        "n_predicted": int(depths.predicted.sum()),
        "n_few": len(depths.arrays["few"]),
        "what": depths.places.what,
        "model_name": f"`{depths.model}`",
    }


def of_components(depths: Depths) -> pd.DataFrame:
    """Preferred depth of each component with its interval over sounds; empty where there are none."""
    names = depths.places.names
    values, draws = preferred_depth(depths.arrays["of_components"]), depths.arrays["draws"][:, 3:]
    every = [crossed(float(values[k]), draws[:, k], n=depths.places.n) for k in range(len(names))]
    best = [depths.layers[k] for k in depths.arrays["of_components"].argmax(axis=0)] if names else []
    table = {"best layer": best, "preferred depth": [words.number(one.value) for one in every]}
    return pd.DataFrame(table | {"95 % interval": [words.interval(one, 2) for one in every]},
                        index=[COMPONENT_TITLES[name] for name in names])  # fmt: skip


def of_depth(depths: Depths) -> dict[str, Estimate]:
    """What is told of depth and place, with intervals over sounds and listeners; NaN where too few are predicted."""
    start = 3 + len(depths.places.names)
    draws = depths.arrays["draws"][:, start:]
    if not depths.enough:
        return {name: Estimate(np.nan, about=about) for name, about in ABOUT.items()}
    own = of_listeners(depths.places, depths.arrays["staged"], depths.arrays["few"])
    rows = {"rho": 0, "training": 1, "interaction_before": 2, "interaction": -1}
    out = {}
    for column, (name, row) in enumerate(rows.items()):
        counted = int(np.isfinite(own[row]).sum())
        out[name] = crossed(float(np.nanmean(own[row])), draws[:, column], own[row], n=counted, about=ABOUT[name])
    return out


def agreement(depths: Depths) -> Estimate:
    """Rank correlation over a listener's places of preferred and chosen depth, mean over listeners."""
    from scipy.stats import spearmanr

    every = [np.isfinite(depths.depth) & (depths.places.owner == listener) for listener in depths.places.listeners]
    own = [spearmanr(depths.depth[mine], depths.arrays["chosen"][mine]).statistic if mine.sum() >= ALONE else np.nan
           for mine in every]  # fmt: skip
    one = aggregate_subjects(own, depths.places.listeners)
    return Estimate(one.value, one.low, one.high, one.n, about="Spearman's ρ of preferred and chosen depth, listeners")


def spun(depths: Depths, *, n_spins: int, seed: int) -> SpinTest | None:
    """The map of mean preferred depth against distance from primary cortex, turned on the sphere."""
    from nilearn.datasets import load_fsaverage

    if not depths.enough:
        return None
    values = depths.places.map_of(depths.depth)
    at = {side: np.flatnonzero(np.isfinite(values[side])) for side in SIDES}
    sides = [side for side in SIDES if len(at[side]) > 3]
    sphere, far = load_fsaverage(SURFACE)["sphere"].parts, distances(depths.places.primary)
    return spin_test(
        {side: values[side][at[side]] for side in sides}, {side: far[side] for side in sides},
        {side: sphere[side].coordinates for side in sides}, {side: at[side] for side in sides},
        n_spins=n_spins, seed=seed,
    )  # fmt: skip


def of_spins(found: SpinTest | None) -> dict[str, object]:
    """The spin test by name, with what tests would have said that know less of space."""
    if found is None:
        none = Estimate(np.nan, n=0, p=1.0)
        return {"map_rho": none, "map_plain": none, "map_naive": none, "n_vertices": 0, "n_spins": 0}
    one = Estimate(found.value, n=found.n, p=found.p, about="ρ of the mean map and distance", digits=2)
    return {
        "map_rho": one,
        "map_plain": replace(one, p=found.p_plain),
        "map_naive": replace(one, p=found.p_naive),
        "n_vertices": found.n,
        "n_spins": len(found.draws),
    }


def evidence(depths: Depths, found: Mapping[str, Estimate], turned: SpinTest | None) -> dict[str, object]:
    """What the ledger's rule needs, or why it can't be asked."""
    if turned is None:
        return {"B6": f"the model predicts {int(depths.predicted.sum())} places, and at least {LEAST} are needed"}
    if not all(np.isfinite(found[name].low) for name in ("rho", "interaction", "training")):
        return {"B6": "no listener has enough predicted places in primary cortex and outside it"}
    parts = {"depth": "rho", "interaction": "interaction", "training": "training"}
    measured = {part: _measured(found[name]) for part, name in parts.items()}
    p = max(measured["depth"].p, turned.p)
    return {"B6": measured | {"depth": replace(measured["depth"], p=p, draws=len(turned.draws))}}


def _measured(one: Estimate) -> Measured:
    return Measured(value=one.value, low=one.low, high=one.high, n=one.n, p=float(one.p))


def tidy(depths: Depths, found: Mapping[str, Estimate], of_voxels: Mapping[str, object]) -> pd.DataFrame:
    """One row a number: medians by layer, parts, and what was asked of depth."""
    scores, depth = depths.arrays["scores"], np.linspace(0, 1, len(depths.layers))
    layers = pd.DataFrame({
        "layer": depths.layers, "depth": depth, "value": np.median(scores, axis=1), "measure": "r2_place_median",
        "n": scores.shape[1],
    })  # fmt: skip
    told = {f"part_{name}": of_voxels[name] for name in NAMES} | dict(found)
    rest = [{"measure": k, "value": e.value, "low": e.low, "high": e.high, "p": e.p, "n": e.n} for k, e in told.items()]
    return pd.concat([layers, pd.DataFrame(rest)], ignore_index=True)


def headline(depths: Depths, found: Mapping[str, Estimate], of_voxels: Mapping[str, object], turned: object) -> str:
    """The answer that opens the page: whether layers lie in cortex as they lie in the model, how sure, and what not."""
    return " ".join([
        f"We asked where in `{depths.model}` lies what predicts each place in auditory cortex of {depths.places.who}, "
        f"who heard {depths.places.n} sounds.",
        f"Of the variance in the median of {depths.places.of_voxels}, it predicts "
        f"{words.told_share(of_voxels['only_model'], 'sounds')} that filters of sound, which nobody trained, do not.",
        _ordered(found["rho"], turned),
        _trained(found["training"]),
        _unknown(depths),
    ])  # fmt: skip


def _ordered(rho: Estimate, turned: SpinTest | None) -> str:
    if turned is None or not np.isfinite(rho.low):
        return "It predicts too few places to say where its layers lie."
    told = f"(95 % interval {words.interval(rho)}, n = {rho.n} listeners)"
    value = words.number(rho.value, words.digits(rho.value, rho.low, rho.high))
    sure = rho.low > 0 and turned.p <= 0.05
    if sure:
        return f"Farther from primary cortex, deeper layers predict best: their ranks correlate by {value} {told}."
    if rho.high < 0:
        return f"Farther from primary cortex, earlier layers predict best: their ranks correlate by {value} {told}."
    why = "" if rho.low <= 0 else ", no more than smooth maps without such an order show by chance"
    return f"That depth grows with distance from primary cortex is not certain: ranks correlate by {value} {told}{why}."


def _trained(change: Estimate) -> str:
    if not np.isfinite(change.low):
        return "Whether training makes regions differ can't be asked."
    if change.low > 0:
        return "Training makes regions differ more in this."
    return (
        "Training makes regions differ less in this."
        if change.high < 0
        else "Whether training brings it about stayed open."
    )


def _unknown(depths: Depths) -> str:
    if depths.places.simulated:
        return "Nobody was measured, no order of layers was planted, and nothing here is about people."
    ways = {
        "vertices": "Places were worked out from six patterns of response and maps of each person, for measured voxels "
        "with places are not public.",
        "electrodes": "Surgeons chose where electrodes lie, and what is public is smoothed over all patients together.",
    }  # fmt: skip
    return ways[depths.places.what]
