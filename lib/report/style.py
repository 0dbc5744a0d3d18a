"""House style of all figures and tables: fonts, colours, and what components, categories and measures are called.

Comes in: nothing. Goes out: ``use_house_style``, called once at the top of a chapter; colours that are safe for
colour-blind readers; titles in words. No figure depends on colour alone.
"""

from __future__ import annotations

import html

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from IPython.display import HTML, Markdown
from matplotlib.text import Text

from lib.report import words

COMPONENT_TITLES = {
    "lowfreq": "Low frequency", "highfreq": "High frequency", "envsounds": "Broadband",
    "pitch": "Pitch", "speech": "Speech", "music": "Music",
}  # fmt: skip
CATEGORY_TITLES = {
    "EngSpeech": "English speech", "ForSpeech": "Foreign speech", "HumVoc": "Human vocal",
    "HumNonVoc": "Human non-vocal", "AniVoc": "Animal vocal", "AniNonVoc": "Animal non-vocal", "Nature": "Nature",
    "Mechanical": "Mechanical",
    "EnvSound": "Environmental", "Song": "Vocal music", "Music": "Music",
}  # fmt: skip
"""The eleven categories in the order figures show them: voices, animals, nature and things, music."""
MEASURE_TITLES = {
    "rsa_pearson": "Pearson RSA", "rsa_spearman": "Spearman RSA", "rsa_kendall": "Kendall RSA",
    "dcor": "Distance correlation", "rv": "RV", "mi": "Mutual information", "cka_linear": "Linear CKA",
    "cka_rbf": "Gaussian CKA", "cka_linear_debiased": "Linear CKA, debiased",
    "dcor_squared": "Squared distance corr.", "dcor_squared_debiased": "Squared distance corr., debiased",
}  # fmt: skip
OURS, PUBLISHED, FAINT, INK = "#1d5fbf", "#b45309", "#cbd2d9", "#1f2933"
WIDTH = 6.0
"""Inches that no figure is wider than: its text is 10 points, and a phone shows six inches in 360 pixels."""
PHONE = 360
"""Pixels that a figure has on a page 400 pixels wide."""


def use_house_style() -> None:
    """Set figures and tables to the house style; call once at the top of a chapter."""
    pd.set_option("display.max_colwidth", None, "display.precision", 3)
    sns.set_theme(context="notebook", style="ticks", font="DejaVu Sans")
    plt.rcParams.update({
        "figure.dpi": 180, "savefig.dpi": 180, "figure.facecolor": "white", "figure.figsize": (WIDTH, 3.8),
        "font.size": 10, "axes.titlesize": 10.5, "axes.labelsize": 10, "xtick.labelsize": 10, "ytick.labelsize": 10,
        "legend.fontsize": 10, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.titleweight": "bold", "axes.titlelocation": "left", "pdf.fonttype": 42, "svg.hashsalt": "alike",
        "figure.constrained_layout.use": True,
    })  # fmt: skip


def smallest_text(figure: plt.Figure) -> float:
    """Height of a figure's smallest text in pixels, where the figure is as wide as a phone allows."""
    points = [text.get_fontsize() for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return round(min(points, default=99) * PHONE / (72 * figure.get_figwidth()), 1)


def in_markdown(table: pd.DataFrame) -> Markdown:
    """Show a table as Markdown, so that formulas between dollars and code between backticks are set as such."""
    text = table.astype(str).replace(r"\|", r"\\|", regex=True)
    return Markdown(text.to_markdown(index=False, disable_numparse=True, tablefmt="pipe"))


def in_cards(table: pd.DataFrame) -> HTML:
    """Show a table whose rows become cards on a phone; the first column is what a row is about."""
    shown = table.astype(str).map(html.escape)
    return HTML(words.cards(list(shown.columns), shown.to_dict("records"), "plain"))
