"""What a chapter leaves behind: names are unique, figures bring their words, numbers their digits."""

import json

import matplotlib.pyplot as plt
import pytest

from lib.compare import Estimate
from lib.ground import WrongUse
from lib.report import Captioned, answer, records, say, show, style


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Folder of a run."""
    monkeypatch.setenv("ALIKE_RUN", str(tmp_path))
    return tmp_path


def said(run):
    return json.loads((run / "numbers.json").read_text())


def drawn(size=10, width=6.0):
    figure, axis = plt.subplots(figsize=(width, 2))
    axis.set_title("title", fontsize=size)
    axis.set(xticks=[], yticks=[])
    return figure


def test_a_name_stands_for_one_thing(run):
    say({"gain": 0.5, "n": 3})
    say({"gain": 0.5})  # a cell that is run again
    with pytest.raises(WrongUse, match="'gain' was said before"):
        say({"gain": 0.6})
    answer("What?", "This.")
    with pytest.raises(WrongUse, match="_answer"):
        answer("What?", "That.")
    assert said(run)["gain"]["value"] == 0.5


def test_records_tables_and_words_are_said(run):
    estimate = Estimate(0.1234, 0.08, 0.16, 12, p=0.2, about="gain [µV]")
    import pandas as pd

    table = pd.DataFrame(
        {"value": [1.0, 2.0], "low": [0.5, float("nan")], "high": [1.5, float("nan")], "n": 7}, ["a", "b"]
    )
    say({"gain": estimate, "word": "slow", "count": 3})
    say(table)
    numbers = said(run)
    assert numbers["gain"] == {"value": 0.1234, "low": 0.08, "high": 0.16, "p": 0.2, "n": 12, "text": "0.123",
                               "about": "gain [µV]", "digits": 3}  # fmt: skip
    assert (numbers["a"]["low"], numbers["a"]["n"], numbers["b"]["low"]) == (0.5, 7, None)
    assert (numbers["count"]["text"], numbers["word"]["text"]) == ("3", "slow")


def test_digits_of_the_record_go_first(run):
    say({"gain": Estimate(0.1234, 0.08, 0.16, 12, digits=1)})
    assert records.quoted(said(run), "gain_told") == "0.1 (0.1 to 0.2)"


def test_figures_bring_words_and_have_names_of_their_own(run):
    figure = Captioned(drawn(), "line", "What  is\nshown.", "What it shows.")
    show(figure)
    assert {path.name for path in (run / "figures").iterdir()} == {"line.svg", "line.pdf"}
    assert not plt.fignum_exists(figure.drawn.number)
    with pytest.raises(WrongUse, match="a figure 'line' in this chapter already"):
        show(Captioned(drawn(), "line", "Another.", "It shows another."))
    with pytest.raises(WrongUse, match="needs a caption and an alternative text"):
        Captioned(drawn(), "bare", "Caption.", " ")
    plt.close("all")


@pytest.mark.parametrize(("size", "width", "pixels"), [(10, 6.0, 8.3), (8, 6.0, 6.7), (10, 8.2, 6.1)])
def test_smallest_text_is_that_of_a_phone(size, width, pixels):
    assert style.smallest_text(drawn(size, width)) == pixels
    plt.close("all")
