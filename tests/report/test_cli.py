"""The command line: exit codes, messages that help, and nothing written when it is used wrongly."""

import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "cortx"], "Did you mean 'cortex'"),
        (["run", "cortex", "-p", "sise", "3"], "Did you mean 'size'"),
        (["run", "cortex", "-p", "size", "many"], "must be of type int"),
        (["run", "cortex", "-p", "size", "-1.5"], "must be of type int"),
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


def test_failed_run_exits_1_and_says_where_the_notebook_is(house):
    done = house.alike("run", "-p", "fail", "True", "cortex")
    assert done.returncode == 1
    assert "RuntimeError: asked to fail" in done.stderr
    assert "-failed/chapter.ipynb" in done.stderr


def test_lists_recordings_and_models(house):
    assert "natsound165" in house.alike("data", "list").stdout
    assert "spectrotemporal" in house.alike("models", "list").stdout
