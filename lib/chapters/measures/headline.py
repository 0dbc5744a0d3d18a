"""What the chapter answers on its first screen, with what its nulls find in noise at worst.

Comes in: rates of false positives, counted on the page and stored. Goes out: five sentences in words a student knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.chapters.measures import calibration, stored
from lib.report.words import told_share

if TYPE_CHECKING:
    import pandas as pd

QUESTION = "When is a likeness between two recordings more than chance?"
EQUAL = 1e-9  # implementations whose values differ by less compute the same


def headline(rates: pd.DataFrame, short: pd.DataFrame, parity: pd.DataFrame) -> str:
    """State in whom it was asked, what each test finds in noise at worst, how sure that is, and what cannot be tested.

    Parameters
    ----------
    rates : pandas.DataFrame
        From ``calibration.false_positive_rates``: counted on the page.
    short : pandas.DataFrame
        From ``stored.read``.
    parity : pandas.DataFrame
        From ``parity.parity_table``.
    """
    shuffle, rotation = calibration.worst(rates, "shuffle"), stored.worst(short, "rotation")
    pairing, wrong = stored.overall(short, "pieces"), stored.clearly_above(short, "pieces")
    agree = parity["difference"].max() < EQUAL
    return (
        "To learn when a likeness between two recordings is more than chance, this chapter compares simulated noise "
        "that has nothing in common: no people, no models. "
        "A test that should be wrong once in twenty times was, when it shuffled the moments of one series, wrong in "
        f"{told_share(shuffle, 'pairs of series')} with the worst of eight measures in the worst kind of noise. "
        "The usual remedy, to turn each series in a circle, was at worst wrong in "
        f"{told_share(rotation, 'simulated recordings')} when short pieces were averaged, by stored counts. "
        "Exchanging whole pieces with each other, which is how this book decides, was wrong in "
        f"{told_share(pairing, 'simulated recordings')}, stored counts too, and clearly too often in {wrong}; a single "
        "piece cannot be tested so. "
        f"The measures themselves are computed {'as' if agree else 'NOT as'} other programs compute them."
    )
