"""Every command on a page is one that works; quick ones are executed here, runs of chapters by tests.commands."""

import re
import shlex

import pytest

from lib import recordings
from lib.models import cards
from lib.report import editions, notebooks, runs
from tests import commands
from tests.commands import ROOT

QUICK = ("chapters", "runs", "models list", "data list")
FOUND = commands.every()


def test_pages_have_commands():
    assert {"README.md", "book/howto.md", "notebooks/eeg.py"} <= {page for page, _ in FOUND}
    assert len(FOUND) > 30


def check_alike(words):
    path, values = commands.parsed(words)
    if path in ("run", "score"):
        chapter, given = commands.asked_for(("alike", *words))
        if not commands.on_the_page(chapter):
            known = {name: value for name, value in given.items() if not commands.on_the_page(value)}
            runs.check_parameters(chapter, known)
    if path.startswith("data") and values.get("name", "NAME") != "NAME":
        assert values["name"] in recordings.names()
    if path.startswith("models") and not commands.on_the_page(values.get("name", "NAME")):
        cards.card(cards.original(values["name"]))


def check_make(words):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    for word in words:
        name, _, value = word.partition("=")
        assert name in (*targets, "EDITION", "STRICT", "PYTHON")
        assert name != "EDITION" or value in (*editions.names(), "NAME")


@pytest.mark.parametrize(("page", "words"), FOUND)
def test_command_is_known_and_takes_what_it_is_given(page, words):
    program, *rest = words
    if program == "alike":
        check_alike(rest)
    elif program == "make":
        check_make(rest)
    elif program == "cp":
        assert (ROOT / rest[0]).exists()
    elif program == "python":
        assert rest[:2] == ["-m", "benchmarks"]
        assert all((ROOT / "benchmarks" / f"bench_{name}.py").exists() for name in rest[2:])
    else:
        assert program in ("conda", "jupytext", "jupyter", "pip")


def test_quick_commands_are_executed(house):
    quick = {words for _, words in FOUND if " ".join(words[1:]).startswith(QUICK) and "cortex" in (*words, "cortex")}
    assert len(quick) >= 5
    for words in quick:
        done = house.alike(*words[1:])
        assert done.returncode == 0, done.stderr
        assert done.stdout


@pytest.mark.parametrize("edition", editions.names())
def test_command_at_the_end_of_a_page_repeats_its_run(edition, tmp_path):
    for page in editions.load(edition).pages:
        known = runs.check_parameters(page.chapter, page.parameters)
        facts = {"id": "x", "started": "2020-01-01", "seconds": 1, "peak_memory_mb": 1, "platform": "", "python": "3"}
        run = runs.Run(tmp_path, facts | {"parameters": known, "versions": {}}, fresh=False)
        (command,) = re.findall(r"Repeat it with `(.+)`", notebooks._made_by(page, run))
        path, values = commands.parsed(shlex.split(command)[1:])
        given = dict(pair.split("=", 1) for pair in values["parameter"] or [])
        assert (path, values["chapter"]) == ("run", page.chapter)
        assert runs.check_parameters(page.chapter, given) == known


@pytest.mark.parametrize("page", ["book/howto.md"])
def test_python_on_the_page_runs(page, tmp_path):
    """The snippet on models, with random weights in place of those that would have to be fetched."""
    import numpy as np

    (code,) = [block for block in re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), flags=re.M | re.S)
               if "import" in block]  # fmt: skip
    samples = np.random.default_rng(0).normal(size=16000).astype("f4")
    names = {"samples": samples, "rate": 16000, "sounds": [(samples, 16000)]}
    exec(compile(code.replace('"wav2vec2-base"', '"untrained:wav2vec2-base:0"'), page, "exec"), names)
    assert names["one"].layers["layer.6"].shape[1] == names["many"]["layer.6"].shape[1] == 768


def test_runs_on_pages_are_made_once_where_that_is_possible(monkeypatch):
    monkeypatch.setattr(recordings, "check", lambda name, **_: ["missing"] if name == "natsound165" else [])
    chosen = commands.to_run(FOUND)
    assert len(chosen) == len(set(chosen)) > 15
    reasons = {" ".join(words): commands.lacking(words) for words in chosen}
    assert "on the page itself" in reasons["alike run my_question"]
    assert "on the page itself" in reasons["alike run cortex -p model echo"]
    assert "natsound165 is not on this machine" in reasons["alike run cortex -p recording natsound165"]
    assert "natsound165 is not on this machine" in reasons["alike run eeg -p recording song-ecog"]  # has its sounds
    assert reasons["alike run eeg -p snr 0"] == ""


def test_a_command_on_a_page_that_fails_is_told(monkeypatch, capsys):
    monkeypatch.setattr(commands, "executed", lambda words: (1.0, int("0.5" in str(words)), "no such thing"))
    for words, code in ((["recovery"], 1), (["plan_noise"], 0)):
        with pytest.raises(SystemExit) as done:
            commands.main(words)
        assert done.value.code == code
    told = capsys.readouterr().out
    assert "      1    1 alike run recovery -p snr 0.5" in told
    assert "no such thing" in told
    assert re.search("^2 of 3 commands ran, 0 passed over", told, flags=re.M)
