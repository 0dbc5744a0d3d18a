"""Verdicts: what a recording says of the papers' claims, by the rules of the ledger.

Comes in: for each part of a claim (``rules``) a measured value with its interval, or the reason why it can't be
measured. Goes out: verdicts, computed and never typed: *supported* where every part lies on the claimed side of its
threshold with its whole interval, and with a p-value that survives correction within the paper; *not supported* where
the interval of a part excludes the claimed effect; *undecided* where neither; *not testable here* with the reason: that
of the chapter, or that noise alone is called supported too often on this recording, or that its null has too few draws
for any p-value to survive. Beside an undecided verdict stands whether the claimed effect is absent (smaller than a
margin stated in the ledger) or could not be told. Beside every tested claim stands its power: how often the rule finds
what was planted where that was counted, else how often it would find an effect of the ledger's margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from lib.ground import WrongUse, unknown
from lib.report import words
from lib.report.claims.power import Power
from lib.report.claims.power import power as power_of
from lib.report.claims.rules import Claim, Measured, Part, ledger
from lib.report.claims.sizes import Size

ABSENT = "absent"
UNKNOWN = "could not tell"
SUPPORTED = "supported"
NOT_SUPPORTED = "not supported"
UNDECIDED = "undecided"
NOT_TESTABLE = "not testable here"


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
    reading : str
        Of an undecided verdict: ``ABSENT``, where the interval of a part ends below its margin, or ``UNKNOWN``.
    size : Size or None
        Measured on noise like this recording; None where it was not.
    power : Power or None
        How often the rule finds an effect, and which; None where the claim is not tested.
    """

    claim: str
    recording: str
    verdict: str
    why: str
    p: float
    p_holm: float
    n_tests: int
    measured: Mapping[str, Any]
    reading: str = ""
    size: Size | None = None
    power: Power | None = None

    @property
    def told(self) -> str:
        """The verdict with its reading."""
        return self.verdict + (f" ({self.reading})" if self.reading else "")

    @property
    def beside(self) -> tuple[str, str]:
        """Measured size and power, as far as they are known, in words."""
        return str(self.size or "not counted"), str(self.power or "not known")


def decide(
    recording: str,
    measured: Mapping[str, Mapping[str, Measured] | str],
    *,
    alpha: float = 0.05,
    sizes: Mapping[str, Size] | None = None,
    power: Mapping[str, float] | None = None,
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
    sizes : mapping of str to Size, optional
        By claim, how often noise alone is called supported. A claim for which that is more than `alpha` with its whole
        interval can't be tested by its rule here.
    power : mapping of str to float, optional
        By claim, how often its rule finds what was planted in a study of this size, where that was counted. The power
        of all others is worked out, for effects of the ledger's margins.

    Returns
    -------
    dict of str to Verdict
        In the order given.

    Raises
    ------
    WrongUse
        An unknown claim, a claim without exactly its parts, an empty reason, or claims of two papers.

    Notes
    -----
    Power is that of the whole rule, by normal theory, with the standard error se that a part's interval tells (itself
    an estimate, so that studies alike tell somewhat different powers). With a true effect of the margin m, the interval
    lies wholly on the claimed side with probability Φ(m / se − z); where the claim is that there is no difference, and
    there is none, within the margin with 2 Φ(m / se − z) − 1. z is that of the interval's level or that of the p asked
    for, whichever is larger; one-sided for a p counted over draws, whose spread is taken to be that of the estimate,
    and for equivalence, else two-sided.

    Two numbers are told, for two things that are not known. How estimates of a claim's parts depend: all have to hold,
    with at least 1 − Σ (1 − power of a part), at most the least of these. And what the other claims give: Holm's
    correction asks for a p below alpha / n_tests if no other claim survives (Bonferroni), below alpha if all do. The
    first number takes the worse of both, the second the better.
    """
    claims = {name: _known(name) for name in measured}
    if len({claim.paper for claim in claims.values()}) > 1:
        raise WrongUse(f"correction is within a paper: decide the claims of one at a time, not {', '.join(claims)}.")
    for name, found in measured.items():
        _check(claims[name], found)
    tested = {name: found for name, found in measured.items() if not isinstance(found, str)}
    p = {name: max(_p(part, found[part.key]) for part in claims[name].parts) for name, found in tested.items()}
    corrected = _holm(p)
    least = _holm({name: max(_least_p(one) for one in found.values()) for name, found in tested.items()})
    out = {}
    for name, found in measured.items():
        facts = {"claim": name, "recording": recording, "n_tests": len(tested), "size": (sizes or {}).get(name)}
        if isinstance(found, str):
            out[name] = Verdict(verdict=NOT_TESTABLE, why=found, p=math.nan, p_holm=math.nan, measured={}, **facts)
            continue
        verdict, why = _decided(claims[name], found, corrected[name], alpha)
        reading, why = _read(claims[name], found, why) if verdict == UNDECIDED else ("", why)
        refused = _too_few_draws(found, least[name], len(tested), alpha) if verdict != NOT_SUPPORTED else ""
        refused = _too_often(facts["size"], alpha) or refused
        verdict, reading, why = (NOT_TESTABLE, "", refused) if refused else (verdict, reading, why)
        kept = {key: asdict(one) for key, one in found.items()}
        facts |= {"reading": reading}
        if verdict != NOT_TESTABLE:
            facts["power"] = power_of(claims[name], found, alpha, len(tested), (power or {}).get(name))
        out[name] = Verdict(verdict=verdict, why=why, p=p[name], p_holm=corrected[name], measured=kept, **facts)
    return out


def _least_p(found: Measured) -> float:
    return 1 / (found.draws + 1) if found.draws else 0.0


def _too_few_draws(found: Mapping[str, Measured], least: float, n_tests: int, alpha: float) -> str:
    """Why no p of these draws survives correction, however strong the effect; empty where one can."""
    if least < alpha:
        return ""
    draws = min(one.draws for one in found.values() if one.draws)
    return (
        f"with {draws} draws of its null p is at least {1 / (draws + 1):.2g}, corrected for {n_tests} claims "
        f"{least:.2g}: take at least {math.floor(n_tests / alpha)} draws"
    )


def _too_often(size: Size | None, alpha: float) -> str:
    """Why a rule that noise passes decides nothing; empty where noise passes it rarely, or nobody counted."""
    if size is None or size.low <= alpha:
        return ""
    return (
        f"noise like this recording's is called supported in {size.share:.2f} of {size.n} runs ({size.low:.2f} to "
        f"{size.high:.2f}), and {alpha:.2g} is allowed"
    )


def _read(claim: Claim, found: Mapping[str, Measured], why: str) -> tuple[str, str]:
    """Whether an undecided claim is absent or could not be told, and what was said with that added."""
    reach = {part: _reach(part, found[part.key]) for part in claim.parts if math.isfinite(part.margin)}
    absent = [part for part, far in reach.items() if far < part.margin]
    if absent:
        told = _told(absent[0], found[absent[0].key])
        return ABSENT, f"{why}; absent: less than the margin of {absent[0].margin:g} ({told})"
    if not reach:
        return UNKNOWN, why
    still_open = [part for part in reach if _side(part, found[part.key]) != 1] or list(reach)
    part = max(still_open, key=lambda one: reach[one] / one.margin)
    return UNKNOWN, f"{why}; could not tell: {reach[part]:.2g} is possible, the margin is {part.margin:g}"


def _reach(part: Part, found: Measured) -> float:
    """How far beyond its threshold the interval of a part reaches in the claimed direction."""
    if part.alternative == "equivalent":
        return max(abs(found.low - part.threshold), abs(found.high - part.threshold))
    return found.high - part.threshold if part.alternative == "greater" else part.threshold - found.low


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
    if not math.isnan(found.p):
        return found.p
    normal, se = NormalDist(), found.se
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
    fine = words.digits(found.value, found.low, found.high)
    return f"{part.about}: {words.number(found.value, fine)}, {words.interval(found, fine)}, n = {found.n}"
