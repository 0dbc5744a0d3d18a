"""The ledger: what the papers claim, and what this recording says of it, by rules that are written down.

Comes in: data/claims.yml, and for each part of a claim a measured value with its interval, or the reason why it can't
be measured. Goes out: verdicts, computed and never typed: *supported* where every part lies on the claimed side of its
threshold with its whole interval, and with a p-value that survives correction within the paper; *not supported* where
the interval of a part excludes the claimed effect; *undecided* where neither; *not testable here* with the reason: that
of the chapter, or that noise alone is called supported too often on this recording, or that its null has too few draws
for any p-value to survive. Beside an undecided verdict stands whether the claimed effect is absent (smaller than a
margin stated in the ledger) or could not be told. Beside every tested claim stands its power: how often the rule finds
what was planted where that was counted, else how often it would find an effect of the ledger's margin.

A rule that changed says in the ledger when, what it was, and why.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import yaml

from lib.ground import DATA, DamagedData, WrongUse, replacing, unknown

if TYPE_CHECKING:
    import pandas as pd

LEDGER = DATA / "claims.yml"
ALTERNATIVES = ("greater", "less", "equivalent")
SIZES = DATA / "calibration.csv"
ABSENT, UNKNOWN = "absent", "could not tell"
PLANTED = "the planted effect"
OFTEN = 0.8
"""Share of studies that find what is told as the least effect found in four of five."""
SUPPORTED, NOT_SUPPORTED, UNDECIDED, NOT_TESTABLE = "supported", "not supported", "undecided", "not testable here"


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


@dataclass(frozen=True)
class Size:
    """How often a claim is called supported where there is noise alone: share of n, with its interval."""

    share: float
    low: float
    high: float
    n: int

    def __str__(self):
        """Share, interval and count in words."""
        return f"{self.share:.2f} ({self.low:.2f} to {self.high:.2f}, n = {self.n})"


@dataclass(frozen=True, kw_only=True)
class Power:
    """How often a rule calls a claim supported in studies as large and as noisy as this one where there is an effect.

    Attributes
    ----------
    share, most : float
        At least and at most this share of studies; the same for a claim of one part tested alone, and where counted.
    effect : str
        What there is to find, in words: ``PLANTED``, or effects of the margins.
    margin : float
        That of the claim's parts; NaN where they have several.
    times : float
        In effects of so many margins in every part, at least ``OFTEN`` of studies find the claim; NaN where a part
        claims that there is no difference.
    """

    share: float
    most: float
    effect: str
    margin: float = math.nan
    times: float = math.nan

    def __str__(self):
        """Share, effect, and the least effect found in four of five studies, in words."""
        share, most = f"{self.share:.2f}", f"{self.most:.2f}"
        told = f"{share if share == most else f'{share} to {most}'} for {self.effect}"
        if not math.isfinite(self.times):
            return told
        least = float(f"{self.times * self.margin if self.margin > 0 else self.times:.2g}")
        return f"{told}; 4 in 5 from {least:g}{'' if self.margin > 0 else ' times the margins'}"


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
            planted = tuple(entry["planted_by"]) if "planted_by" in entry else None
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


def sizes(recording: str, path: Path = SIZES) -> dict[str, Size]:
    """How often noise like a recording's is called supported, by claim; empty where that was not counted.

    Raises
    ------
    DamagedData
        The table lacks a column: recording, decision (a claim), n, size, low, high.
    """
    import pandas as pd

    if not path.exists():
        return {}
    table = pd.read_csv(path)
    missing = {"recording", "decision", "n", "size", "low", "high"} - set(table.columns)
    if missing:
        raise DamagedData(f"{path.name} has no column {', '.join(sorted(missing))}.")
    mine = table[(table["recording"] == recording) & table["decision"].isin(ledger()) & (table["n"] > 0)]
    return {row.decision: Size(row.size, row.low, row.high, int(row.n)) for row in mine.itertuples()}


def counted_sizes(recording: str | None = None) -> pd.DataFrame:
    """Stored sizes in words, of one recording or of all: decision, noise called significant, n, settings.

    The share of repetitions in which noise like the recording's passed stands with its exact 95 % interval.
    """
    import pandas as pd

    table = pd.read_csv(SIZES)
    table = table if recording is None else table[table["recording"] == recording]
    share = [f"{row.size:.2f} ({row.low:.2f} to {row.high:.2f})" for row in table.itertuples(index=False)]
    shown = table.assign(**{"noise passes": share})[["recording", "decision", "noise passes", "n", "settings"]]
    return shown.set_index("recording").rename_axis(None)


def keep_sizes(recording: str, new: pd.DataFrame, *, over: bool = True, path: Path | None = None) -> None:
    """Put rows of a recording into the table of sizes, in the place of older ones of the same decision.

    Parameters
    ----------
    recording : str
    new : pandas.DataFrame
        From ``lib.compare.calibrated``: decision, n, positives, size, low, high, alpha; settings, in words.
    over : bool
        Whether new rows replace those that are there; if not, only decisions that nobody counted are added.
    path : path, optional
        The table. Default: ``SIZES``.
    """
    import pandas as pd

    path = path or SIZES
    old = pd.read_csv(path) if path.exists() else new.assign(recording=recording).iloc[:0]
    there = (old["recording"] == recording) & old["decision"].isin(new["decision"])
    new = new if over else new[~new["decision"].isin(old.loc[there, "decision"])]
    table = pd.concat([old[~there] if over else old, new.assign(recording=recording)]).round(4)
    first = ["recording", "decision"]
    with replacing(path) as place:
        table[[*first, *table.columns.drop(first)]].sort_values(first).to_csv(place, index=False)


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
            facts["power"] = _power(claims[name], found, alpha, len(tested), (power or {}).get(name))
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
        return ABSENT, f"{why}; absent: less than the margin of {absent[0].margin:g} ({absent[0].about})"
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


def _power(
    claim: Claim, found: Mapping[str, Measured], alpha: float, n_tests: int, counted: float | None
) -> Power | None:
    """Power of a rule for effects of its margins, or as it was counted for what was planted (``decide``)."""
    margins = [part.margin for part in claim.parts]
    if not all(math.isfinite(margin) for margin in margins):
        return None if counted is None else Power(share=counted, most=counted, effect=PLANTED)
    same = len(set(margins)) == 1
    one = margins[0] if same else math.nan
    times = _enough(claim, found, alpha / n_tests)
    if counted is not None:
        return Power(share=counted, most=counted, effect=PLANTED, margin=one, times=times)
    worse, better = ([_finds(part, found[part.key], a) for part in claim.parts] for a in (alpha / n_tests, alpha))
    share = max(0.0, 1 - sum(1 - finds for finds in worse))
    effect = f"an effect of the margin, {one:g}" if same else "effects of the margins"
    effect = "no difference" if {part.alternative for part in claim.parts} == {"equivalent"} else effect
    return Power(share=share, most=min(better), effect=effect, margin=one, times=times)


def _finds(part: Part, found: Measured, alpha: float) -> float:
    """Probability that a part holds where there is an effect of its margin; for equivalence, no difference."""
    se = _se(found)
    beyond = NormalDist().cdf((part.margin / se if se > 0 else math.inf) - _asked(part, found, alpha))
    return max(0.0, 2 * beyond - 1) if part.alternative == "equivalent" else beyond


def _enough(claim: Claim, found: Mapping[str, Measured], alpha: float) -> float:
    """How many margins the effect in every part has to be for the claim to be found ``OFTEN``; NaN for equivalence."""
    if "equivalent" in {part.alternative for part in claim.parts}:
        return math.nan
    more = NormalDist().inv_cdf(1 - (1 - OFTEN) / len(claim.parts))  # no part is missed more often than its share
    return max(
        (_asked(part, found[part.key], alpha) + more) * _se(found[part.key]) / part.margin for part in claim.parts
    )


def _asked(part: Part, found: Measured, alpha: float) -> float:
    """How many standard errors beyond its threshold a part has to be for its interval and for a p below `alpha`."""
    tail = alpha if found.draws or part.alternative == "equivalent" else alpha / 2
    return max(NormalDist().inv_cdf((1 + found.level) / 2), NormalDist().inv_cdf(1 - tail))


def _se(found: Measured) -> float:
    """Standard error that an interval tells, by normal theory."""
    return (found.high - found.low) / (2 * NormalDist().inv_cdf((1 + found.level) / 2))


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
    normal, se = NormalDist(), _se(found)
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
    digits = max(2, min(9, 1 - math.floor(math.log10(max(abs(found.high - found.low), 1e-9)))))
    numbers = [f"{number:.{digits}f}".replace("-", "−") for number in (found.value, found.low, found.high)]
    return f"{part.about}: {numbers[0]}, {numbers[1]} to {numbers[2]}, n = {found.n}"


def beside(row: Mapping[str, Any]) -> tuple[str, str]:
    """Measured size and power of a verdict's rule, as far as they are known."""
    size, power = row.get("size"), row.get("power")
    power = power and Power(**{key: math.nan if value is None else value for key, value in power.items()})
    return str(Size(**size) if size else "not counted"), str(power or "not known")


def changed_rules(names: Iterable[str] | None = None) -> str:
    """Markdown list of the rules that are not the first, of some claims or of all: when, what they were, and why."""
    wanted = set(ledger() if names is None else names)
    told = [one for name, one in ledger().items() if one.changed and name in wanted]
    return "".join(f"* **{one.id}**, {one.changed}\n" for one in told)
