"""What the page answers on its first screen, in words a student knows.

Comes in: what models did (``Seen``). Goes out: a question and at most five sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.chapters.seeing.material import Heard
from lib.chapters.seeing.numbers import against_first, against_sound, against_twin
from lib.chapters.seeing.seen import Seen
from lib.compare import Estimate
from lib.report import words

QUESTION = "What does a model see of a sound, and how fast does that change?"


def headline(seen: Sequence[Seen], heard: Heard) -> str:
    """In what, how long layers stay like themselves, whether depth and training slow them, and what was not asked."""
    first = seen[0]
    return " ".join([
        f"This page shows what {_models(seen)} make of {heard.kind}, moment by moment; no brain is asked.",
        f"The layers of `{first.name}` stay like themselves {words.told(against_sound(first), 'sounds')} times as long "
        "as the picture of the sound in the inner ear, seen through the same frames.",
        _compared(against_first(first), "From its first layer to its last", "that"),
        _compared(against_twin(first), "Through training", "it"),
        "How long something lasts in a layer says nothing of what it is.",
    ])  # fmt: skip


def _models(seen: Sequence[Seen]) -> str:
    names = [f"`{one.name}`" for one in seen]
    return f"the model {names[0]}" if len(names) == 1 else f"{len(names)} models ({words.listing(names)})"


def _compared(found: Estimate | None, when: str, what: str) -> str:
    if found is None:
        return f"{when}: that can't be asked of it."
    told = words.told(found, "sounds")
    if found.low <= 1 <= found.high:
        return f"{when} {what} did not clearly change, by a factor of {told}."
    return f"{when} {what} became {'longer' if found.value > 1 else 'shorter'}, by a factor of {told}."
