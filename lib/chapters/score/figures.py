"""Figures of a score, each with its caption and its text alternative.

Comes in: ``Scored``. Goes out: captioned figures.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from lib.chapters.score.numbers import PARTS
from lib.chapters.score.scores import BRAINS, FILTERS, MODEL, TITLES, TWIN, Scored
from lib.compare import Estimate
from lib.report import Captioned, words
from lib.report.style import COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED, WIDTH

LOOKS = {MODEL: ("o", OURS), TWIN: ("s", "#5f6b7a"), FILTERS: ("D", PUBLISHED), BRAINS: ("^", "#0b6e4f")}
LOOKS_OF_PARTS = {"only_model": ("o", OURS), "shared": ("s", INK), "only_filters": ("D", PUBLISHED)}


def components(found: Scored) -> Captioned:
    """Draw r² of every component for the model and for what stands beside it, with intervals."""
    figure, axis = plt.subplots(figsize=(WIDTH, 4.6))
    names = {who: found.features.name if who == MODEL else TITLES[who] for who in found.components}
    _dots(axis, found, {names[who]: (each, *LOOKS[who]) for who, each in found.components.items()})
    axis.set(xlim=(-0.02, 1), xlabel="r²: share of the variance predicted, sounds not fitted")
    figure.legend(loc="outside lower center", ncols=2)
    titles = [COMPONENT_TITLES[name].lower() for name in found.heard.names]
    model = found.components[MODEL]
    caption = (
        f"r² of six response components, {found.heard.who}, {found.heard.n} sounds. "
        f"{_sentence(words.listing(list(names.values())))}; bars are 95 % intervals over sounds, fits and choices. "
        "Layers and penalties are chosen inside the training folds."
    )
    alt = (
        f"{found.features.name} predicts {titles[found.best]} best, r² {model.value[found.best]:.2f}, and "
        f"{titles[found.worst]} worst, {model.value[found.worst]:.2f}. "
        + " ".join(_beaten(found, who, titles) for who in found.components if who != MODEL)
    )
    return Captioned(figure, "components", caption, alt)


def _sentence(text: str) -> str:
    return text if "." in text.split(" ")[0] else text[0].upper() + text[1:]


def _beaten(found: Scored, who: str, titles: list[str]) -> str:
    """In which components the model's value is above that of another."""
    above = found.components[MODEL].value > found.components[who].value
    better = [title for title, yes in zip(titles, above, strict=True) if yes]
    return f"It lies above {TITLES[who]} in {words.listing(better)}."


def parts(found: Scored) -> Captioned:
    """Draw what only the model, only the filters, and both explain of every component, with intervals."""
    if not found.parts:
        return _nothing_to_take_apart(found)
    figure, axis = plt.subplots(figsize=(WIDTH, 4.4))
    drawn = {about: (found.parts[part], *LOOKS_OF_PARTS[key]) for key, (part, about) in PARTS.items()}
    _dots(axis, found, drawn)
    axis.axvline(0, color=FAINT, lw=1, zorder=0)
    axis.set(xlabel="Part of r²")
    figure.legend(loc="outside lower center", ncols=3)
    caption = (
        f"What {found.features.name} and modulation filters explain of six response components, alone and together "
        f"({found.heard.who}, {found.heard.n} sounds); bars are 95 % intervals over sounds, fits and choices. A part "
        "below 0 means that fitting both at once cost more than it gained."
    )
    means = [f"{about} {words.number(found.parts[f'mean {part}'].value)}" for part, about in PARTS.values()]
    return Captioned(figure, "parts", caption, f"Averaged over components: {words.listing(means)}.")


def _nothing_to_take_apart(found: Scored) -> Captioned:
    told = f"{found.features.name} is the modulation filters themselves: there is nothing to take apart."
    figure, axis = plt.subplots(figsize=(WIDTH, 0.6))
    axis.text(0, 0.5, "The model is the filters.", va="center")
    axis.axis("off")
    return Captioned(figure, "parts", told, told)


def _dots(axis: plt.Axes, found: Scored, drawn: Mapping[str, tuple[Estimate, str, str]]) -> None:
    """One row a component, one mark with its interval for each estimate (6,)."""
    rows = np.arange(len(found.heard.names))
    for k, (name, (each, mark, colour)) in enumerate(drawn.items()):
        y = rows + 0.17 * (k - (len(drawn) - 1) / 2)
        error = [each.value - each.low, each.high - each.value]
        axis.errorbar(each.value, y, xerr=error, fmt=mark, color=colour, ms=5, lw=1.2, label=name)
    axis.set_yticks(rows, [COMPONENT_TITLES[name] for name in found.heard.names])
    axis.invert_yaxis()
