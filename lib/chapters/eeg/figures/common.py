"""What figures of the EEG chapter share: marks and colours of models, and what is shown where there is no figure.

Comes in: names of models, a figure or the reason why there is none. Goes out: colours and markers, which always go
together, so that nothing depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import seaborn as sns
from IPython.display import Markdown

from lib.report import Captioned, show, words
from lib.report.style import INK

MARKS = "osD^vPXd*<"
GREY, PALE = "#7b8794", "#9aa5b1"


def colours(names: Sequence[str]) -> dict[str, tuple]:
    """Colours of some names, safe for colour-blind readers; the envelope is always dark."""
    paints = dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))
    return paints | {name: INK for name in names if name == "envelope"}


def show_or_why(figure: Captioned | str) -> Markdown | None:
    """Show a figure, or say why there is none."""
    if isinstance(figure, str):
        return Markdown(f"*No figure here: {figure}.*")
    show(figure)
    return None


def number(value: float, fine: int = 2) -> str:
    """A number in a caption or an alternative text."""
    return words.number(value, fine)
