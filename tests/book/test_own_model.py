"""The worked example of the book: every block of the page is done as it says, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, House

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


def test_every_command_of_the_page_is_tried():
    found = re.findall(r"^(alike .*)$|`(alike [^`]*)`", PAGE, flags=re.M)
    assert ["".join(words) for words in found] == ["alike models check echo", "alike run cortex -p model echo"]


def answered(house, code, **environment):
    environment = {**os.environ, "PYTHONPATH": str(house.folder), **environment}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_chapter_runs_on_the_model(house):
    """The page's second command, with fewer draws and the smallest of the book's models beside."""
    shutil.copy(ROOT / "notebooks" / "cortex.py", house.folder / "notebooks" / "cortex.py")
    (house.folder / "data" / "zoo").symlink_to(ROOT / "data" / "zoo")
    fewer = {"models": "echo", "twins": 1, "n_bootstrap": 10, "voxels": 10, "n_permutations": 9}
    fewer["trained_models"] = ",".join(f"mini-mixture@{step}" for step in (0, 10, 20, 50))
    fewer |= {"tuned_models": "mini-mixture@100,mini-mixture@200", "voxel_permutations": 1}
    options = [word for name, value in fewer.items() for word in ("-p", name, str(value))]
    done = house.alike("run", "cortex", "-p", "model", "echo", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    (numbers,) = (house.folder / "runs").glob("cortex-*/numbers.json")
    assert json.loads(numbers.read_text())["main_layer"]["value"] in ("filters", "slow")


def test_row_code_and_weights_of_the_model_mark_it(house, tmp_path):
    def mark():
        return answered(house, "from lib import models; print(models.fingerprint('echo'))", ALIKE_MODELS=str(tmp_path))

    marks, loader = [mark()], house.folder / "lib" / "models" / "loaders" / "echo.py"
    assert mark() == marks[0]
    for file, change in (
        (loader, lambda text: text.replace("default_rng(seed or 0)", "default_rng(seed or 1)")),
        (house.folder / "data" / "models.yml", lambda text: text.replace("reference: this page", "reference: no page")),
    ):
        before = file.read_text()
        file.write_text(change(before))
        marks.append(mark())
        file.write_text(before)
    (tmp_path / "echo").mkdir()
    (tmp_path / "echo" / "filters.npy").write_bytes(b"any numbers")
    marks.append(mark())
    assert len(set(marks)) == 4


def test_untrained_twin_is_made_too(house):
    assert house.alike("models", "check", "untrained:echo:5").returncode == 0


def test_use_prints_what_the_page_shows(house, tmp_path):
    assert answered(house, blocks("python")[1], ALIKE_CACHE=str(tmp_path)) == blocks("text")[0]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("(stretches @ filters) ** 2", "(stretches @ filters) ** 2 / 0", "not finite"),
        ("* HOP + WINDOW / 2)", "* HOP + 20 * WINDOW)", "the frames that see a click claim to be"),
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
