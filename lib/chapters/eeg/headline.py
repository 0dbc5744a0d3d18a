"""The first sentences of the EEG page: what was asked, in whom, what was found, how sure, and what was not.

Comes in: the study, what it measured, and the verdicts. Goes out: at most five sentences in words, with at most three
numbers, each with its interval and n.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lib.report import claims, words

if TYPE_CHECKING:
    from lib.chapters.eeg.study import Study
    from lib.report.claims import Measured, Verdict

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def headline(
    study: Study,
    models: int,
    n_pieces: int,
    found: Mapping[str, Mapping | str],
    verdicts: Mapping[str, Verdict],
    *,
    null: str = "pieces",
) -> str:
    """Text of the page's answer.

    Parameters
    ----------
    study : Study
    models : int
        How many trained models there are.
    n_pieces : int
        How many pieces all of them have frames enough for.
    found : mapping
        By claim its parts, or why it can't be tested: A6, A7 and E1 are told.
    verdicts : mapping of str to Verdict
    null : str
        What chance is.
    """
    units = study.counted_things
    best, learnt = found["A6"]["best_layer"], found["A7"]
    sentences = [
        _asked(study, models, n_pieces),
        f"Beyond what {study.beyond(null)} give{_loose(null)}, the best layer of them all is {_like(best, study)}: "
        f"{words.told(best, units)}, where 1 would mean exactly alike.",
        _trained(learnt, units),
        _heard_words(study, found["E1"]),
        _counted(verdicts),
    ]
    return " ".join(one for one in sentences if one)


def _loose(null: str) -> str:
    """What has to be known of a null that decides no claim."""
    return "" if null == "pieces" else ", which noise exceeds too often"


def _asked(study: Study, models: int, n_pieces: int) -> str:
    """What was asked, in whom, and whether anybody was measured."""
    whom = f"{'noise, made like the responses of ' if study.noise else ''}{study.crowd}"
    nobody = " (nobody was measured)" if study.simulated else ""
    return (
        f"Are moments of sound that are alike for {whom}{nobody} also alike for {count(models)} small audio models "
        f"that heard the same {n_pieces} {study.things}?"
    )


def count(number: int) -> str:
    """A number in words up to twelve."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def _like(best: Measured, study: Study) -> str:
    """Whether there is likeness, by the interval and the p of its null, and whether there should be."""
    planted = study.truths(["A6"])["A6"]
    if best.low > 0 and best.p < 0.05:
        return "like these responses" + (", and nothing is there to be like" if planted is False else "")
    missed = ", though responses to the sound were planted" if planted else ""
    return ("less like them than chance has it" if best.high < 0 else "not like them by more than chance") + missed


def _trained(learnt: Mapping[str, Measured], units: str) -> str:
    """What training adds, and whether the envelope of the sound does as well."""
    gain, envelope = learnt["untrained"], learnt["envelope"]
    adds = (
        "adds to it"
        if gain.low > 0
        else "takes from it"
        if gain.high < 0
        else "adds nothing that stands out from chance"
    )
    beats = {(True, False): "better than", (False, True): "worse than"}
    beats = beats.get((envelope.low > 0, envelope.high < 0), "not told apart from")
    told = f"{words.told(gain, units)}; trained models are {beats} the plain loudness of the sound"
    return f"Training {adds}: {told}."


def _heard_words(study: Study, late: Mapping[str, Measured] | str) -> str:
    """What an analysis that asks for no model finds in the same listeners."""
    if isinstance(late, str):
        return ""
    there = late["late"].low > 0 and late["mean"].high < 0
    planted = study.truths(["E1"])["E1"]
    found = "finds the late response to words" if there else "finds no late response to words"
    which = " that was planted" if planted else ", and none was planted" if planted is False else ""
    mean = words.told(late["mean"], study.counted_things)
    return f"An analysis that fits responses to words, and asks no model, {found}{which}: in µV, {mean}."


def _counted(verdicts: Mapping[str, Verdict]) -> str:
    """How many of the paper's claims hold here, and which."""
    paper = [one for one in verdicts.values() if one.claim.startswith("A")]
    held = [one.claim for one in paper if one.verdict == claims.SUPPORTED]
    rest = {
        kind: sum(one.verdict == kind for one in paper)
        for kind in (claims.NOT_SUPPORTED, claims.UNDECIDED, claims.NOT_TESTABLE)
    }
    told = words.listing([f"{count(n)} {'is' if n == 1 else 'are'} {kind}" for kind, n in rest.items() if n])
    ledger = claims.ledger()
    which = f" ({'; '.join(ledger[one].claim[0].lower() + ledger[one].claim[1:] for one in held)})" if held else ""
    holds = f"{count(len(held)) if held else 'none'} {'are' if len(held) > 1 else 'is'} supported{which}"
    return f"Of the paper's {count(len(paper))} claims {holds}" + (f"; {told}." if told != "none" else ".")
