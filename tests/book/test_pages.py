"""Every command that stands on a page is one that works, and the quick ones are executed."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from lib import recordings
from lib.models import cards
from lib.report import cli, editions, notebooks, runs

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "book").glob("*.md"))]
PAGES += sorted(str(p.relative_to(ROOT)) for p in (ROOT / "notebooks").glob("*.py"))
FORKED = ("my_question", "echo")  # made on the page itself; test_build and test_own_model do that
QUICK = ("chapters", "runs", "models list", "data list")


def commands(page):
    """Commands of a page: lines of its bash blocks, and inline code that begins with alike or make."""
    text = (
        re.sub(r"^# ?", "", (ROOT / page).read_text(), flags=re.M)
        if page.endswith(".py")
        else (ROOT / page).read_text()
    )
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.M | re.S)
    inline = re.findall(r"`((?:[A-Z_]+=\S+ )*(?:alike|make) [^`]+)`", text)
    for line in [line for block in blocks for line in block.splitlines()] + inline:
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


FOUND = [(page, tuple(words)) for page in PAGES for words in commands(page)]


def test_pages_have_commands():
    assert {"README.md", "book/howto.md", "notebooks/eeg.py"} <= {page for page, _ in FOUND}
    assert len(FOUND) > 30


def checked_by_typer(words):
    """Parse a command as the command line does, and give its subcommand and values."""
    command, words, path = typer.main.get_command(cli.app), cli._joined(words), []
    while hasattr(command, "commands"):
        path.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    return " ".join(path), command.make_context("alike", words).params


def check_alike(words):
    path, values = checked_by_typer(words)
    if path == "run" and values["chapter"] not in (*FORKED, "CHAPTER"):
        given = dict(pair.split("=", 1) for pair in values["parameter"] or [])
        runs.check_parameters(values["chapter"], {name: v for name, v in given.items() if v not in FORKED})
    if path.startswith("data") and values.get("name", "NAME") != "NAME":
        assert values["name"] in recordings.names()
    if path.startswith("models") and values.get("name", "NAME") not in ("NAME", "echo"):
        cards.card(cards.original(values["name"]))


def check_make(words):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.M)
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
        assert program in ("conda", "jupytext")


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
        path, values = checked_by_typer(shlex.split(command)[1:])
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
