"""What the score page answers on its first screen, in words a student knows.

Comes in: ``Scored``. Goes out: a question and at most five sentences.
"""

from __future__ import annotations

from lib.chapters.score.numbers import named
from lib.chapters.score.scores import MODEL, Scored
from lib.compare import Estimate
from lib.report import words

QUESTION = "How brain-like is this model?"


def headline(found: Scored) -> str:
    """In whom, how much is predicted, how that compares, and what is missed."""
    said, name = named(found), f"`{found.features.name}`"
    mean = words.told(found.means[MODEL], "sounds")
    return " ".join([
        f"In {found.heard.who}, the layers of {name} predict a share of {mean} of the variation of six response "
        "components over sounds that were not fitted.",
        _compared(said["gain_twin"], "the same network with random weights"),
        _compared(said["gain_filters"], "filters of sound that nobody trained"),
        f"What it predicts best is {said['best_component']}, what it misses most is {said['worst_component']}.",
        "A score says how much of a response can be read out of a model, not that the two compute alike.",
    ])  # fmt: skip


def _compared(gain: Estimate | str, what: str) -> str:
    """The model against something else, in one sentence."""
    if isinstance(gain, str):
        return f"A comparison with {what} is not to be had."
    if gain.low <= 0 <= gain.high:
        return f"Against {what} no difference is clear: {words.told(gain, 'sounds')}."
    more = "more" if gain.value > 0 else "less"
    size = Estimate(abs(gain.value), *_ends(gain), gain.n)
    return f"That is {more} than with {what}, by {words.told(size, 'sounds')}."


def _ends(gain: Estimate) -> tuple[float, float]:
    """Ends of the interval of a difference's size, where its sign is clear."""
    return (gain.low, gain.high) if gain.value >= 0 else (-gain.high, -gain.low)
