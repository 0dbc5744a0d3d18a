"""Power: how often a claim's rule would find an effect in studies as large and as noisy as this one.

Comes in: a claim, what was measured for its parts, and how many claims are corrected for. Goes out: bounds on the share
of studies that find effects of the ledger's margins, and the least effect that four in five of them find; or the power
that was counted for what was planted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from lib.report.claims.rules import Claim, Measured, Part

PLANTED = "the planted effect"
OFTEN = 0.8
"""Share of studies that find what is told as the least effect found in four of five."""


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
        return f"{told}; 4 in 5 studies find {least:g}{'' if self.margin > 0 else ' times the margins'} or more"


def power(
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
    se = found.se
    beyond = NormalDist().cdf((part.margin / se if se > 0 else math.inf) - _asked(part, found, alpha))
    return max(0.0, 2 * beyond - 1) if part.alternative == "equivalent" else beyond


def _enough(claim: Claim, found: Mapping[str, Measured], alpha: float) -> float:
    """How many margins the effect in every part has to be for the claim to be found ``OFTEN``; NaN for equivalence."""
    if "equivalent" in {part.alternative for part in claim.parts}:
        return math.nan
    more = NormalDist().inv_cdf(1 - (1 - OFTEN) / len(claim.parts))  # no part is missed more often than its share
    return max((_asked(part, found[part.key], alpha) + more) * found[part.key].se / part.margin for part in claim.parts)


def _asked(part: Part, found: Measured, alpha: float) -> float:
    """How many standard errors beyond its threshold a part has to be for its interval and for a p below `alpha`."""
    tail = alpha if found.draws or part.alternative == "equivalent" else alpha / 2
    return max(NormalDist().inv_cdf((1 + found.level) / 2), NormalDist().inv_cdf(1 - tail))
