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
    """A copy of the project with the page's two files and one row."""
    house = House(tmp_path_factory.mktemp("own-model"))
    for code in blocks("python")[:2]:
        (house.folder / re.match(r"# (\S+)\n", code).group(1)).write_text(code.split("\n", 1)[1])
    shutil.copy(ROOT / "notebooks" / "score.py", house.folder / "notebooks" / "score.py")
    with (house.folder / "data" / "models.yml").open("a") as roster:
        roster.write("\n" + blocks("yaml")[0])
    return house


def test_check_finds_nothing_wrong(house):
    command = blocks("bash")[-1].split()
    assert command[0] == "alike"
    done = house.alike(*command[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "echo: 0 problems." in done.stdout


def test_every_command_of_the_page_is_tried():
    found = re.findall(r"^(alike .*)$|`(alike [^`]*)`", PAGE, flags=re.M)
    own = ["alike score my_model.py:load", "alike models check my_model.py:load"]
    own += ["alike score untrained:my_model.py:load:3"]
    row = ["alike models check echo", "alike score echo", "alike run cortex -p model echo"]
    assert ["".join(words) for words in found] == own + row


FEWER = ("-p", "n_draws", "5", "-p", "voxels", "6", "--recording", "pocket-sounds")


@pytest.fixture(scope="module")
def scored(house):
    """The page's first command, with fewer draws: what it printed, and its run."""
    done = house.alike(*blocks("bash")[0].split()[1:], *FEWER)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (house.folder / "runs").glob("score-*")
    return done.stdout, folder


def test_score_of_the_network_is_printed_and_kept(house, scored):
    shown, folder = scored
    numbers = json.loads((folder / "numbers.json").read_text())
    table = shown[shown.index("my_model.py:load on pocket-sounds") :].splitlines()
    assert all(len(line) <= 80 for line in table if not line.startswith("score: done"))
    mean = numbers["mean_r2"]
    assert f"mean            {mean['value']:.2f} ({mean['low']:.2f} to {mean['high']:.2f})" in shown
    assert "rank by mean r²                        1 of 1 scored on pocket-sounds" in shown
    assert {numbers[f"layer_{name}"]["value"] for name in ("speech", "music")} <= {"bands", "mixed", "words", "head"}
    assert numbers["twin_mean_r2"]["value"] != mean["value"]
    assert numbers["brains_mean_r2"]["value"] == "not to be had"
    outside = json.loads((folder / "manifest.json").read_text())["outside"]
    assert outside == []
    again = house.alike("score", "my_model.py:load", *FEWER)
    assert "nothing changed since" in again.stdout


def test_other_weights_or_other_code_are_another_run(house, scored):
    def name():
        code = "from lib import models; print(models.fingerprint(models.named('my_model.py:load')))"
        return answered(house, code)

    file, first = house.folder / "my_model.py", name()
    text = file.read_text()
    marks = [first]
    for change in ("network = Network()\n    network.head.bias.data += 1", "network = Network()  # said otherwise"):
        file.write_text(text.replace("network = Network()", change, 1))
        marks.append(name())
    file.write_text(text)
    assert name() == first
    assert len(set(marks)) == 3


def test_leaderboard_has_a_row_for_it_and_runs_no_code_for_that(house, scored):
    file = house.folder / "my_model.py"
    page = "from lib.report import generated; print(generated._leaderboard_page(generated.scored()))"
    shown = answered(house, page)
    assert "<code>my_model.py:load</code>" in shown
    assert scored[1].name in shown
    assert "pocket-sounds (simulated listeners)" in shown
    text = file.read_text()
    file.write_text(text + "\nraise SystemExit('was run')\n")
    assert "Nothing was scored yet" in answered(house, page)
    file.write_text(text)


def test_network_is_checked_and_its_twin_is_a_model_too(house):
    done = house.alike("models", "check", "my_model.py:load")
    assert "frame_rate" in done.stdout, done.stderr
    twin = "from lib.models import load; print(list(load('untrained:my_model.py:load:3').layers))"
    assert "['bands', 'mixed', 'words', 'head']" in answered(house, twin)


@pytest.mark.parametrize(
    ("model", "right", "wrong", "message"),
    [
        ("my_model.py:lod", "", "", "unknown function of my_model.py 'lod'. Did you mean 'load'?"),
        ("my_model.py:load", "torch.log1p(100", "torch.log1p(-100", "of its numbers are not finite"),
        ("example/network", "", "", "no row of data/models.yml has the repository"),
    ],
)
def test_what_is_wrong_with_a_network_is_one_line_and_nothing_is_written(house, scored, model, right, wrong, message):
    file, before = house.folder / "my_model.py", sorted(house.folder.glob("runs/*"))
    text = file.read_text()
    assert right in text
    try:
        file.write_text(text.replace(right, wrong, 1) if right else text)
        done = house.alike("score", model, *FEWER)
    finally:
        file.write_text(text)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(house.folder.glob("runs/*")) == before


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
    fewer = {"models": "echo", "n_bootstrap": 10, "voxels": 10, "n_permutations": 9, "voxel_permutations": 1}
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
    assert answered(house, blocks("python")[2], ALIKE_CACHE=str(tmp_path)) == blocks("text")[0]


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
