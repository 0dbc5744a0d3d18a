"""The command line: exit codes, messages that help, and nothing written when it is used wrongly."""

import json
import resource
import subprocess
import sys

import pytest

from lib.ground import WrongUse
from lib.report import terminal

HEAVY = {"pandas", "numpy", "torch", "papermill", "jupytext", "matplotlib", "xarray", "rich"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "cortx"], "Did you mean 'cortex'"),
        (["run", "cortex", "-p", "sise", "3"], "Did you mean 'size'"),
        (["run", "cortex", "-psize", "many"], "must be of type int"),
        (["run", "cortex", "-p", "size", "-1.5"], "must be of type int"),
        (["run", "cortex", "--parameter=size=-2"], "out of range [at least 1]"),
        (["run", "cortex", "-p", "size"], "-p size VALUE"),
        (["run", "cortex", "-p"], "-p NAME VALUE"),
        (["runs", "cortx"], "Did you mean 'cortex'"),
        (["chapters", "cortx"], "Did you mean 'cortex'"),
        (["book", "--edition", "pockt"], "Did you mean 'pocket'"),
        (["data", "check", "natsound"], "Known: alice, ds004408, natsound165, pocket-eeg"),
        (["run"], "Missing argument"),
        (["walk"], "No such command"),
    ],
)
def test_wrong_use_exits_2_and_writes_nothing(house, words, message):
    before = sorted(house.folder.rglob("*"))
    done = house.alike(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in sorted(house.folder.rglob("*")) if "__pycache__" not in path.parts] == [
        path for path in before if "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "seed", "3"],
        ["-p", "seed=3"],
        ["-pseed", "3"],
        ["-pseed=3"],
        ["-p=seed=3"],
        ["--parameter", "seed", "3"],
        ["--parameter", "seed=3"],
        ["--parameter=seed", "3"],
        ["--parameter=seed=3"],
    ],
)
def test_parameters_may_be_given_in_every_usual_way(words):
    assert terminal.joined(["run", "eeg", *words, "--force"]) == ["run", "eeg", "-p", "seed=3", "--force"]


def test_values_may_hold_anything():
    assert terminal.joined(["-p", "a", "-1", "-p", "b", "x=y", "-p", "c=", "-pd=x=y"]) == [
        "-p", "a=-1", "-p", "b=x=y", "-p", "c=", "-p", "d=x=y"
    ]  # fmt: skip
    with pytest.raises(WrongUse, match="-p seed VALUE"):
        terminal.joined(["-pseed"])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["-h"], "run"),
        (["run", "-h"], "one,two or as JSON"),
        (["models", "list", "-h"], "--family"),
        (["models", "list"], "models: "),
        (["chapters"], "cortex           A tiny chapter"),
        (["chapters", "cortex"], "size: int = 3  (how many [at least 1])"),
        (["runs"], "runs."),
        (["run", "cortex", "-p", "sise", "4"], "Did you mean 'size'"),
    ],
)
def test_what_is_quick_loads_nothing_heavy(house, words, shown):
    code = (
        "import json, sys\nfrom lib.report import cli\nsys.argv = ['alike', *sys.argv[1:]]\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\nprint(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *words]
    environment = house.environment(COLUMNS="80")
    done = subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, text=True, check=False)
    *lines, modules = done.stdout.splitlines()
    assert shown in "\n".join(lines) + done.stderr
    assert not HEAVY & set(json.loads(modules))
    assert all(len(line) <= 80 for line in lines)


def test_failed_run_exits_1_and_says_which_cell_and_where_the_notebook_is(house):
    done = house.alike("run", "-p", "fail", "True", "cortex")
    assert done.returncode == 1
    assert "cortex failed in cell 6 of 9, under 'Compare': `if fail:`" in done.stderr
    assert "RuntimeError: asked to fail" in done.stderr
    assert "-failed/chapter.ipynb" in done.stderr
    assert "9/9" not in done.stdout
    *listed, last = house.alike("runs", "cortex").stdout.splitlines()
    assert sum("failed  fail=True" in line for line in listed) == 1
    assert last == f"{len(listed)} run{'s' * (len(listed) > 1)}."  # other tests of this house may have made some


def test_full_disk_is_one_clear_line(house):
    """A limit on the size of files is met in the same place as the end of the disk."""
    command = [sys.executable, "-m", "lib.report.cli", "run", "cortex", "-p", "label", "full"]
    limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # noqa: E731
    environment = house.environment(PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        command, cwd=house.folder, env=environment, preexec_fn=limited, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "File too large" in done.stderr
    assert not list((house.folder / "runs").glob(".running*"))


def test_runs_folder_that_can_not_be_written_is_one_clear_line(house, tmp_path):
    runs = house.folder / "runs"
    aside = runs.rename(tmp_path / "runs") if runs.exists() else None
    runs.write_text("")
    done = house.alike("run", "cortex", "-p", "label", "nowhere")
    runs.unlink()
    if aside:
        aside.rename(runs)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(runs) in done.stderr


def test_lists_recordings_and_models(house):
    assert "natsound165" in house.alike("data", "list").stdout
    assert "spectrotemporal" in house.alike("models", "list").stdout
