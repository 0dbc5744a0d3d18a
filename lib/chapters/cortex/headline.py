"""The answer that opens the cortex page: in whom, what was found, how sure, and what was not.

Comes in: records and tables that the chapter computed. Goes out: at most five sentences with at most three numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.chapters.cortex.material import Material
from lib.chapters.cortex.published import Leader
from lib.chapters.cortex.questions import called
from lib.compare import Estimate
from lib.models import card, original
from lib.report import style, words


def headline(
    numbers: Mapping[str, Estimate],
    main: pd.DataFrame,
    heard: Material,
    leader: Leader | None = None,
    trained: str = "mini-resnet",
) -> str:
    """The answer that opens the page: in whom, what was found, how sure, and what was not.

    Parameters
    ----------
    numbers : mapping
        Of components and gains, as said on the page.
    main : pandas.DataFrame
        ``scores.main_scores`` of the main model.
    heard : Material
    trained : str
        The trained model beside the main one.
    leader : Leader, optional
        The best published model, where any ran: it takes the place of the small one, and the filters' average that of
        their range, so that no more than three numbers stand here.
    """
    model = main["model"].iloc[0]
    training = card(original(model))["training"]
    what = "a fixed description of sound that is not trained" if training == "none" else f"trained on {training}"
    return " ".join([
        f"We asked how much of what auditory cortex of {heard.listeners} answered to {heard.n} {heard.kind_of_sounds} "
        "can be told from the sounds alone.",
        f"Weighted sums of the outputs of `{model}`, {what}, predict {_reach(numbers, main, leader)}, in sounds that "
        "were not used to find the weights.",
        _sure(main["p"]),
        _published(leader) if leader else _trained(trained, numbers["gain_acoustics"], numbers["gain_beyond"]),
        _unknown(heard),
    ])  # fmt: skip


def _reach(numbers: Mapping[str, Estimate], main: pd.DataFrame, leader: Leader | None) -> str:
    """How far the main model gets: from the worst component to the best, or on average beside a published model."""
    least, most = main["value"].idxmin(), main["value"].idxmax()
    if not leader:
        return f"from {_share(numbers, least)} to {_share(numbers, most)} of the variance of six patterns of response"
    worst, best = (style.COMPONENT_TITLES[name].lower() for name in (least, most))
    return (
        f"{words.told_share(leader.filters, 'sounds')} of the variance of six patterns of response on average, most of "
        f"{best} and least of {worst}"
    )


def _published(leader: Leader) -> str:
    """What the best published model reaches on average, and how far it is from the main model."""
    gain = leader.lead
    many = f"The best of {leader.count} published models" if leader.count > 1 else "A published model"
    one = f"{many}, {leader.name}, predicts on average {words.told_share(leader.mean, 'sounds')}"
    if gain.low <= 0 <= gain.high:
        return f"{one}; whether that is more stayed open."
    way = "more" if gain.value > 0 else "less"
    chosen = ", and optimistic, because it was chosen on these sounds" if leader.count > 1 and gain.value > 0 else ""
    return f"{one}, which is {way} by {_of_variance(gain)}{chosen}."


def _share(numbers: Mapping[str, Estimate], name: str) -> str:
    one, called = numbers[f"r2_{name}"], style.COMPONENT_TITLES[name].lower()
    return f"{words.share(one.value)} ({called}; {words.beside_share(one, 'sounds')})"


def _of_variance(gain: Estimate) -> str:
    """A difference without its sign, which a word tells."""
    sign = -1 if gain.value < 0 else 1
    low, high = sorted((sign * gain.low, sign * gain.high))
    size = Estimate(abs(gain.value), low, high, gain.n)
    return f"{words.share(size.value)} of the variance ({words.beside_share(size, 'sounds')})"


def _sure(p: pd.Series) -> str:
    within = [style.COMPONENT_TITLES[name].lower() for name in p.index[p > 0.05]]
    if not within:
        return "Chance does not reach any of the six."
    return f"Chance reaches as far for {words.listing(within)}; the others lie beyond it."


def _trained(name: str, gain: Estimate, beyond: Estimate) -> str:
    """How the trained model compares with the main one, and whether it adds to it."""
    if not np.isfinite(gain.value):
        return "No trained model was set against it."
    one = (
        f"A small model that we trained ({called(name)})" if card(original(name))["family"] == "mini" else called(name)
    )
    adds = "it adds to it" if beyond.low > 0 else "it takes from it" if beyond.high < 0 else ""
    adds = adds or "whether it adds anything stayed open"
    size = _of_variance(gain)
    if gain.low <= 0 <= gain.high:
        return f"{one} differs from it by {size}, which may be nothing; {adds}."
    return f"{one} predicts {'more' if gain.value > 0 else 'less'}, by {size}; {adds}."


def _unknown(heard: Material) -> str:
    if heard.simulated:
        return (
            "Nobody was measured: this shows what the analysis does, says nothing about people, and leaves open what "
            "larger models or a second training would give."
        )
    return (
        "We do not know how much could be predicted at all, for single scans were not published, nor what larger "
        "models or a second training would give."
    )
