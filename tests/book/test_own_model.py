"""The worked example of the book: every block of the page is done as it says, in a copy of the project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import House

PAGE = (Path(__file__).parents[2] / "book" / "own-model.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the project with the page's one file and one row."""
    house = House(tmp_path_factory.mktemp("own-model"))
    code = blocks("python")[0]
    (house.folder / re.match(r"# (\S+)\n", code).group(1)).write_text(code.split("\n", 1)[1])
    with (house.folder / "data" / "models.yml").open("a") as roster:
        roster.write("\n" + blocks("yaml")[0])
    return house


def test_check_finds_nothing_wrong(house):
    command = blocks("bash")[0].split()
    assert command[0] == "alike"
    done = house.alike(*command[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "echo: 0 problems." in done.stdout


def test_untrained_twin_is_made_too(house):
    assert house.alike("models", "check", "untrained:echo:5").returncode == 0


def test_use_prints_what_the_page_shows(house, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(house.folder), "ALIKE_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", blocks("python")[1]]
    done = subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == blocks("text")[0]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("(stretches @ filters) ** 2", "(stretches @ filters) ** 2 / 0", "not finite"),
        ("* HOP + WINDOW / 2)", "* HOP + 20 * WINDOW)", "a click changes most the frame that claims"),
        ('"slow": UNITS}', '"slow": UNITS + 1}', "announced are 33"),
        ("HOP = 32, 400, 160", "HOP = 16, 400, 160", "width is 16, its card says 32"),
        ("(stretches @ filters) ** 2", "(stretches @ filters + np.random.rand()) ** 2", "gave other numbers"),
        ("waves, WINDOW, axis=1", "waves - waves.mean(axis=0), WINDOW, axis=1", "next to another sound"),
    ],
)
def test_check_says_what_is_wrong(house, right, wrong, message):
    file = house.folder / "lib" / "models" / "loaders" / "echo.py"
    kept = file.read_text()
    assert right in kept
    try:
        file.write_text(kept.replace(right, wrong))
        done = house.alike("models", "check", "echo")
    finally:
        file.write_text(kept)
    assert done.returncode == 1, done.stdout + done.stderr
    assert message in done.stderr
