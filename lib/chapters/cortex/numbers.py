"""Numbers that the prose of the cortex chapter quotes, and the sentences that depend on what was recorded.

Comes in: fits, tables and records that the chapter computed. Goes out: named records for ``lib.report.say``, and tidy
results.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import Question
from lib.compare import Estimate, aggregate_subjects
from lib.report import words

PARTS = ("main", "scores", "voxels", "similarity", "trained", "gains")
FAMILY = {"low_family": "low", "high_family": "high", "p_family": "p"}


def of_components(main: pd.DataFrame, scores: pd.DataFrame, heard: Material) -> dict[str, object]:
    """Scores of the main model by component and on average, the best of the others, and published means if any."""
    model, n = main["model"].iloc[0], heard.n
    out = {
        f"r2_{row.Index}": Estimate(row.value, row.low, row.high, n, p=row.p, about=f"r² of {row.Index}, {model}")
        for row in main.itertuples()
    }
    others = scores[scores["model"] != model].sort_values("value").drop_duplicates("component", keep="last")
    others = others.set_index("component").reindex(list(main.index))
    for row in others.loc[["lowfreq", "speech", "music"]].itertuples():
        about = f"best r² of {row.Index} among the other models"
        out[f"other_{row.Index}"] = Estimate(row.value, row.low, row.high, n, about=about)
    mean = Estimate(main["value"].mean(), n=len(main), about=f"mean r² over components, {model}", digits=2)
    return out | {"r2_mean": mean, "n_sounds": n} | _published_means(heard.published)


def _published_means(published: pd.DataFrame | None) -> dict[str, Estimate]:
    if published is None:
        return {}
    others = published.drop("baseline").median().mean()
    return {
        "published_mean": Estimate(published.loc["baseline"].mean(), about="published filters, mean r²", digits=2),
        "median_model_mean": Estimate(others, about="median published model, mean r²", digits=2),
    }


def of_edges(fits: Mapping[str, object]) -> dict[str, int]:
    """How often a penalty lies at an end of the grid, over all fits."""
    edges = np.concatenate([fit.fit.edge.ravel() for fit in fits.values()])
    return {"n_edges": int((edges != 0).sum()), "n_choices": edges.size}


def of_voxels(fit: object, null: object, group: object) -> dict[str, object]:
    """Scores over voxels: the group's, how many are predicted at all, what they choose (counts)."""
    chosen, about = pd.Series(fit.layer.ravel()).value_counts(), "median voxel r², mean over listeners"
    return {
        "voxel_r2": Estimate(group.value, group.low, group.high, group.n, about=about, digits=2),
        "n_significant": int((null.p_max <= 0.05).sum()),
        "n_silent": int((fit.inner_r2 <= 0).sum()),
        "n_chosen": fit.layer.size,
        "n_voxels": fit.r2.size,
        "voxel_draws": len(null.draws),
        "top_layer": str(chosen.index[0]),
        "n_top": int(chosen.iloc[0]),
    }


def about_voxels(numbers: Mapping[str, Estimate], heard: Material) -> dict[str, str]:
    """The median voxel in sentences, with the published one where people were measured."""
    one = numbers["voxel_r2"]
    if np.isfinite(one.low):
        told = f"The median voxel's $r^2$ is {words.told(one, 'listeners')}."
    else:
        told = (
            f"The median voxel's $r^2$ is {words.number(one.value)}. There is no interval over listeners, since nobody "
            "says whose voxel is whose."
        )
    return {"median_voxel": told + _published_voxel(heard)}


def _published_voxel(heard: Material) -> str:
    if heard.simulated:
        return ""
    value = heard.published_alignment["r2"]
    return (
        f" The paper's filters reach {value:.2f} in eight listeners whose voxels were not denoised. That is another "
        "quantity: this matrix holds only what six components explain."
    )


def of_halves(halves: pd.DataFrame, owner: np.ndarray) -> dict[str, Estimate]:
    """Scores over listeners' voxels from half of the sounds to the other (``scores.noise_corrected_voxels``)."""
    about = {
        "r2": "median voxel r² from half of the sounds to the other, mean over listeners",
        "corrected": "the same, corrected for noise",
        "ceiling": "reliability of the mean over scans: r² of a perfect model",
    }
    return {
        f"voxel_{key}_halves": Estimate(one.value, one.low, one.high, one.n, about=about[key])
        for key, one in ((column, aggregate_subjects(halves[column], owner)) for column in halves)
    }


def about_halves(numbers: Mapping[str, Estimate]) -> str:
    """What the correction for noise gives, in sentences, or why there is none."""
    raw, corrected, ceiling = (numbers[f"voxel_{key}_halves"] for key in ("r2", "corrected", "ceiling"))
    if not np.isfinite(raw.value):
        return "Here it is not available: single scans of these listeners were not published."
    return (
        f"There the median voxel's share is {words.told(raw, 'listeners')}, and corrected for noise "
        f"{words.told(corrected)}. A perfect model would reach {words.told(ceiling)} before the correction."
    )


def about_published(numbers: Mapping[str, Estimate], heard: Material) -> str:
    """How the published filters did, in sentences; beside simulated listeners nothing of people is said."""
    if heard.simulated:
        return (
            "The paper's values are of people. They are not set beside simulated listeners; "
            "`alike run cortex -p recording natsound165` shows them."
        )
    ours, theirs, median = (numbers[key].value for key in ("r2_mean", "published_mean", "median_model_mean"))
    return (
        f"On average over components the filters here reach {ours:.2f}. The paper's reach {theirs:.2f}, and its median "
        f"trained model {median:.2f}; both were read off a figure, with an error of about .005 each."
    )


def of_similarity(rsa: object, published_way: object, heard: Material) -> dict[str, Estimate]:
    """Similarity of matrices by how the layer was chosen."""
    best = rsa.to_frame().set_index("layer").loc[rsa.best_layer]
    n, ends = heard.n, {"low": best["low"], "high": best["high"], "p": best["p"]}
    crossed, theirs = float(rsa.cross_validated.mean()), float(published_way.mean())
    return {
        "rho_max": Estimate(rsa.best_rho, n=n, **ends, about="maximum over models"),
        "rho_symmetric": Estimate(crossed, n=n, about="chosen on other sounds, symmetric blocks", digits=2),
        "rho_as_published": Estimate(theirs, n=n, about="chosen on other sounds, as published", digits=2),
        "rho_topline": Estimate(rsa.topline, n=len(heard.voxels), about="one listener against the others", digits=2),
    }


def choices_of_layer(numbers: Mapping[str, Estimate], heard: Material) -> pd.DataFrame:
    """The same as a table, with published values beside those of people."""
    told = {
        "largest of all (optimistic)": words.told(numbers["rho_max"]),
        "chosen on other sounds, as published": words.number(numbers["rho_as_published"].value),
        "chosen on other sounds, symmetric": words.number(numbers["rho_symmetric"].value),
        "one listener and the others": words.number(numbers["rho_topline"].value),
    }
    table = pd.DataFrame({"ρ here": told})
    if heard.published_alignment is not None:
        theirs = heard.published_alignment
        table["ρ published"] = [f"{theirs['rho']:.2f}", "not given", "not given", f"{theirs['ceiling']:.2f}"]
    return table


def tidy(parts: Mapping[str, pd.DataFrame], asked: Mapping[str, Question], n: int) -> pd.DataFrame:
    """Results of the chapter, one row per number.

    Parameters
    ----------
    parts : mapping of str to DataFrame
        main, scores, voxels, similarity, trained, gains (None where nothing was asked): as the chapter computed them;
        any others are rows of results already, of which scores of models that are here before are left out.
    asked : what is asked of the trained model.
    n : int
        Number of sounds.
    """
    scores, main = parts["scores"], parts["main"].reset_index()[["model", "component", "null_mean", "p"]]
    new = parts["trained"][~parts["trained"]["model"].isin(scores["model"])]
    similarity = parts["similarity"][["layer", "value", "low", "high", "null_mean", "null_sd", "p"]]
    return pd.concat([
        scores.merge(main, how="left").rename(columns={"component": "layer"}).assign(measure="r2_component", n=n),
        parts["voxels"].assign(measure="r2_voxel_median", model="all layers"),
        similarity.assign(measure="rsa_spearman", model=similarity["layer"], n=n),
        new.rename(columns={"component": "layer"}).assign(measure="r2_component", n=n),
        *_gains(parts["gains"], asked),
        *(_new(table, [*scores["model"], *new["model"]]) for kind, table in parts.items() if kind not in PARTS),
    ], ignore_index=True)  # fmt: skip


def _gains(gains: pd.DataFrame | None, asked: Mapping[str, Question]) -> list[pd.DataFrame]:
    """Differences as rows of results."""
    if gains is None:
        return []
    rows = gains.drop(columns=["low", "high", "p"]).rename(columns=FAMILY)[["value", "low", "high", "p", "n"]]
    return [rows.assign(model=[asked[key].title for key in gains.index], measure="r2_component_gain")]


def _new(table: pd.DataFrame, scored: list[str]) -> pd.DataFrame:
    """Rows without scores of models that have them already."""
    return table[~(table["measure"].eq("r2_component") & table["model"].isin(scored))]
