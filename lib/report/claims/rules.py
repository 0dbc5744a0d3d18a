"""The ledger: what the papers claim, in parts that can be measured, and by which rule each is decided.

Comes in: data/claims.yml. Goes out: claims by id (``ledger``), the record of what was measured for a part, and the
rules that changed: a rule that is not the first says in the ledger when, what it was, and why.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist

import yaml

from lib.ground import DATA, DamagedData, WrongUse

LEDGER = DATA / "claims.yml"
ALTERNATIVES = ("greater", "less", "equivalent")


@dataclass(frozen=True)
class Part:
    """One measurable part of a claim: which way a quantity should differ from what.

    Less than `margin` beyond the threshold counts as no effect. `planted` names an effect of the simulated studies,
    whose power is that of this part.
    """

    key: str
    alternative: str
    threshold: float
    about: str
    margin: float = math.nan
    planted: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim of a paper and its rule, in words and by parts.

    `changed` says when, what and why it was not so. `planted_by` names the effects whose presence in simulated
    listeners makes the claim true there: none can where it is empty; where it is None planted effects don't settle it.
    """

    id: str
    paper: str
    claim: str
    quantity: str
    rule: str
    parts: tuple[Part, ...]
    changed: str = ""
    planted_by: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found for one part of a claim.

    Attributes
    ----------
    value, low, high : float
        The quantity and its interval.
    n : int
        How many subjects, stimuli or models it rests on.
    p : float
        Probability under a null that is the part's threshold; NaN where there is only the interval, from which one is
        then worked out (normal theory).
    level : float
        Confidence level of the interval.
    draws : int
        Of the null that p comes from: p is at least 1 / (draws + 1). 0 where p is not counted from draws.
    """

    value: float
    low: float
    high: float
    n: int
    p: float = math.nan
    level: float = 0.95
    draws: int = 0

    def __post_init__(self):
        """Refuse what no verdict can rest on."""
        if not self.low <= self.value <= self.high:
            raise WrongUse(f"an interval must hold its value: {self.value} is not within {self.low} to {self.high}.")
        if not (math.isnan(self.p) or 0 <= self.p <= 1) or not 0 < self.level < 1:
            raise WrongUse(f"p and level must lie between 0 and 1, got {self.p} and {self.level}.")

    @property
    def se(self) -> float:
        """Standard error that the interval tells, by normal theory."""
        return (self.high - self.low) / (2 * NormalDist().inv_cdf((1 + self.level) / 2))


@cache
def ledger(path: Path = LEDGER) -> dict[str, Claim]:
    """All claims by id.

    Raises
    ------
    DamagedData
        An entry lacks something or names an alternative that is not one of ``ALTERNATIVES``.
    """
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    out = {}
    for name, entry in told["claims"].items():
        paper = name.rstrip("0123456789")
        try:
            parts = tuple(Part(key, **facts) for key, facts in entry["parts"].items())
            words = (" ".join(entry[key].split()) for key in ("claim", "quantity", "rule"))
            planted = _names_of(entry["planted_by"]) if "planted_by" in entry else None
            out[name] = Claim(name, paper, *words, parts, " ".join(entry.get("changed", "").split()), planted)
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedData(f"claim {name} of {path.name} is not complete: {error}") from None
        for part in parts:
            if part.alternative not in ALTERNATIVES or (part.alternative == "equivalent" and not part.margin > 0):
                raise DamagedData(f"part {part.key} of claim {name}: {part.alternative} is no usable alternative.")
        if out[name].changed and not re.match(r"\d{4}-\d{2}-\d{2}: .{20}", out[name].changed):
            raise DamagedData(f"claim {name} of {path.name}: `changed` says when (YYYY-MM-DD:), what it was, and why.")
        if not parts or paper not in told["papers"]:
            raise DamagedData(f"claim {name} of {path.name} has no parts, or its paper {paper!r} is not listed.")
    return out


def _names_of(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise TypeError(f"planted_by must be a list of effects, not {told!r}")
    return tuple(told)


def changed_rules(names: Iterable[str] | None = None) -> str:
    """Markdown list of the rules that are not the first, of some claims or of all: when, what they were, and why."""
    wanted = set(ledger() if names is None else names)
    told = [one for name, one in ledger().items() if one.changed and name in wanted]
    return "".join(f"* **{one.id}**, {one.changed}\n" for one in told)
