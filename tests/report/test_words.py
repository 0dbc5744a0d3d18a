"""Numbers in words: never finer than their interval, and p never below what draws can reach."""

import math

import pandas as pd
import pytest

from lib.compare import Estimate
from lib.report import style, words


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.12345, 0.08, 0.16, "0.123"),
        (-0.4567, -0.9, 0.1, "−0.46"),
        (12.345, 2, 20, "12.3"),
        (-0.00004, -0.02, 0.02, "0.000"),
        (1234.5, math.nan, math.nan, "1234"),
        (math.nan, math.nan, math.nan, "not available"),
    ],
)
def test_number_is_as_fine_as_its_interval(value, low, high, text):
    assert words.number(value, words.digits(value, low, high)) == text


def test_told_names_interval_and_n():
    found = Estimate(0.12345, 0.08, 0.16, 12)
    assert words.told(found, "listeners") == "0.123 (95 % interval 0.080 to 0.160, n = 12 listeners)"
    assert words.interval(Estimate(1.0)) == "no interval"


@pytest.mark.parametrize(
    ("p", "draws", "text"),
    [(0.0314, 0, "p = .031"), (0.2, 0, "p = .20"), (1e-9, 0, "p < .001"), (1 / 201, 200, "p ≤ .005"),
     (0.04, 19, "p ≤ .050"), (1.0, 0, "p = 1"), (math.nan, 0, "p not available")],
)  # fmt: skip
def test_p_is_never_below_what_draws_can_reach(p, draws, text):
    assert words.p_value(p, draws) == text


def test_lists_and_shares():
    assert words.listing(["a", "b", "c"]) == "a, b and c"
    assert words.listing([]) == "none"
    found = Estimate(0.387, 0.331, 0.444, 300)
    assert words.told_share(found, "pairs") == "39 % (95 % interval 33 to 44 %, n = 300 pairs)"
    assert words.told_share(found) == "39 % (95 % interval 33 to 44 %)"
    assert (words.share(0.123), words.share(0.004), words.share(0)) == ("12 %", "0.4 %", "0 %")


def test_table_in_markdown_keeps_formulas_and_bars_in_their_cells():
    table = pd.DataFrame({"what": ["$r^2$", "a|b"], "how many": [3, 4]})
    lines = style.in_markdown(table).data.splitlines()
    assert [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]] == [
        ["$r^2$", "3"],
        ["a\\|b", "4"],
    ]
