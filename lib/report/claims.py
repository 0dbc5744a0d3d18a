"""The ledger: what the papers claim, and what this recording says of it, by rules stated before anything was run.

Comes in: data/claims.yml, and for each part of a claim a measured value with its interval, or the reason why it can't
be measured. Goes out: verdicts, computed and never typed: *supported* where every part lies on the claimed side of its
threshold with its whole interval, and with a p-value that survives correction within the paper; *not supported* where
the interval of a part excludes the claimed effect; *undecided* where neither; *not testable here* with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib.ground import DATA, DamagedData, WrongUse, unknown

LEDGER = DATA / "claims.yml"
ALTERNATIVES = ("greater", "less", "equivalent")
SUPPORTED, NOT_SUPPORTED, UNDECIDED, NOT_TESTABLE = "supported", "not supported", "undecided", "not testable here"


@dataclass(frozen=True)
class Part:
    """One measurable part of a claim: which way a quantity should differ from what."""

    key: str
    alternative: str
    threshold: float
    about: str
    margin: float = math.nan


@dataclass(frozen=True)
class Claim:
    """A claim of a paper and its rule, in words and by parts."""

    id: str
    paper: str
    claim: str
    quantity: str
    rule: str
    parts: tuple[Part, ...]


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
    """

    value: float
    low: float
    high: float
    n: int
    p: float = math.nan
    level: float = 0.95

    def __post_init__(self):
        """Refuse what no verdict can rest on."""
        if not self.low <= self.value <= self.high:
            raise WrongUse(f"an interval must hold its value: {self.value} is not within {self.low} to {self.high}.")
        if not (math.isnan(self.p) or 0 <= self.p <= 1) or not 0 < self.level < 1:
            raise WrongUse(f"p and level must lie between 0 and 1, got {self.p} and {self.level}.")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one recording says of one claim.

    Attributes
    ----------
    claim, recording, verdict : str
        The claim's id, the recording, and one of the four verdicts.
    why : str
        What decided it, with the numbers, or why the claim can't be tested.
    p, p_holm : float
        The largest p of the claim's parts, as it is and corrected for the claims of the paper that were tested; NaN if
        not tested.
    n_tests : int
        How many claims were corrected for.
    measured : mapping
        The parts by name, as dictionaries.
    """

    claim: str
    recording: str
    verdict: str
    why: str
    p: float
    p_holm: float
    n_tests: int
    measured: Mapping[str, Any]


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
            out[name] = Claim(name, paper, entry["claim"], entry["quantity"], entry["rule"], parts)
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedData(f"claim {name} of {path.name} is not complete: {error}") from None
        for part in parts:
            if part.alternative not in ALTERNATIVES or (part.alternative == "equivalent" and not part.margin > 0):
                raise DamagedData(f"part {part.key} of claim {name}: {part.alternative} is no usable alternative.")
        if not parts or paper not in told["papers"]:
            raise DamagedData(f"claim {name} of {path.name} has no parts, or its paper {paper!r} is not listed.")
    return out


def decide(
    recording: str, measured: Mapping[str, Mapping[str, Measured] | str], *, alpha: float = 0.05
) -> dict[str, Verdict]:
    """Verdicts of one recording on the claims of one paper.

    Parameters
    ----------
    recording : str
        What was measured.
    measured : mapping
        For each claim its parts by name (``Measured``), or in place of the parts the reason why it can't be tested
        here. Claims of the paper that are left out do not count in the correction.
    alpha : float
        Family-wise error rate over the claims tested (Holm).

    Returns
    -------
    dict of str to Verdict
        In the order given.

    Raises
    ------
    WrongUse
        An unknown claim, a claim without exactly its parts, an empty reason, or claims of two papers.
    """
    claims = {name: _known(name) for name in measured}
    if len({claim.paper for claim in claims.values()}) > 1:
        raise WrongUse(f"correction is within a paper: decide the claims of one at a time, not {', '.join(claims)}.")
    for name, found in measured.items():
        _check(claims[name], found)
    tested = {name: found for name, found in measured.items() if not isinstance(found, str)}
    p = {name: max(_p(part, found[part.key]) for part in claims[name].parts) for name, found in tested.items()}
    corrected = _holm(p)
    out = {}
    for name, found in measured.items():
        facts = {"claim": name, "recording": recording, "n_tests": len(tested)}
        if isinstance(found, str):
            out[name] = Verdict(verdict=NOT_TESTABLE, why=found, p=math.nan, p_holm=math.nan, measured={}, **facts)
            continue
        verdict, why = _decided(claims[name], found, corrected[name], alpha)
        kept = {key: asdict(one) for key, one in found.items()}
        out[name] = Verdict(verdict=verdict, why=why, p=p[name], p_holm=corrected[name], measured=kept, **facts)
    return out


def _known(name: str) -> Claim:
    if name not in ledger():
        raise unknown("claim", name, ledger())
    return ledger()[name]


def _check(claim: Claim, found: Mapping[str, Measured] | str) -> None:
    if isinstance(found, str):
        if not found.strip():
            raise WrongUse(f"claim {claim.id}: say why it can't be tested.")
        return
    wanted = {part.key for part in claim.parts}
    if set(found) != wanted:
        raise WrongUse(f"claim {claim.id} is decided by {', '.join(sorted(wanted))}; got {', '.join(sorted(found))}.")


def _side(part: Part, found: Measured) -> int:
    """1 where the whole interval is on the claimed side, -1 where it excludes the claimed effect, else 0."""
    if part.alternative == "equivalent":
        low, high = part.threshold - part.margin, part.threshold + part.margin
        return 1 if low < found.low and found.high < high else -1 if found.high < low or found.low > high else 0
    sign = 1 if part.alternative == "greater" else -1
    near, far = sorted((sign * (found.low - part.threshold), sign * (found.high - part.threshold)))
    return 1 if near > 0 else -1 if far <= 0 else 0


def _p(part: Part, found: Measured) -> float:
    """The p-value that was given, else that of the interval: two-sided, for equivalence the larger of two one-sided."""
    from statistics import NormalDist

    if not math.isnan(found.p):
        return found.p
    normal = NormalDist()
    se = (found.high - found.low) / (2 * normal.inv_cdf((1 + found.level) / 2))
    away = abs(found.value - part.threshold)
    if part.alternative == "equivalent":
        return normal.cdf((away - part.margin) / se) if se > 0 else float(away >= part.margin)
    return 2 * normal.cdf(-away / se) if se > 0 else float(away == 0)


def _holm(p: Mapping[str, float]) -> dict[str, float]:
    from lib.compare.statistics import correct_p

    return dict(zip(p, map(float, correct_p(list(p.values())).p), strict=True)) if p else {}


def _decided(claim: Claim, found: Mapping[str, Measured], p_holm: float, alpha: float) -> tuple[str, str]:
    sides = {part.key: _side(part, found[part.key]) for part in claim.parts}
    told = "; ".join(_told(part, found[part.key]) for part in claim.parts)
    if -1 in sides.values():
        against = next(part for part in claim.parts if sides[part.key] == -1)
        return NOT_SUPPORTED, f"the interval excludes the claimed effect ({_told(against, found[against.key])})"
    if set(sides.values()) == {1} and p_holm < alpha:
        return SUPPORTED, f"{told}; corrected p = {p_holm:.2g}"
    if set(sides.values()) == {1}:
        return UNDECIDED, f"{told}; does not survive correction, p = {p_holm:.2g}"
    open_part = next(part for part in claim.parts if sides[part.key] == 0)
    return UNDECIDED, f"the interval holds both ({_told(open_part, found[open_part.key])})"


def _told(part: Part, found: Measured) -> str:
    digits = max(2, min(4, 1 - math.floor(math.log10(max(abs(found.high - found.low), 1e-3)))))
    numbers = [f"{number:.{digits}f}".replace("-", "−") for number in (found.value, found.low, found.high)]
    return f"{part.about}: {numbers[0]}, {numbers[1]} to {numbers[2]}, n = {found.n}"


def verdict_table(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """Markdown table of verdicts, one row per claim and recording, in the order of the ledger.

    Parameters
    ----------
    verdicts : iterable of mapping
        Entries of numbers.json that ``report.verdict`` left, with `page` where a recording's name should lead there.
    """
    order = list(ledger())
    rows = sorted(verdicts, key=lambda row: (order.index(row["claim"]), row["recording"]))
    lines = ["| claim | what is claimed | recording | verdict | why |", "|---|---|---|---|---|"]
    for row in rows:
        name = f"[{row['recording']}]({row['page']})" if "page" in row else row["recording"]
        name += " *(simulated)*" if row["simulated"] else ""
        cells = (row["claim"], ledger()[row["claim"]].claim, name, f"**{row['verdict']}**", row["why"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
