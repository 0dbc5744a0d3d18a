"""Rules of the house that no single room can keep: who imports whom, and one place for versions."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("recordings", "models", "compare")
OPEN_THE_TRUTH = ("notebooks/recovery.py", "notebooks/studies.py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_import_each_other(room):
    others = {f"lib.{other}" for other in (*ROOMS, "report") if other != room}
    for path in (ROOT / "lib" / room).rglob("*.py"):
        found = {name for name in imported(path) if any(name == o or name.startswith(f"{o}.") for o in others)}
        assert not found, f"{path.name} imports {found}"


@pytest.mark.parametrize("path", sorted((ROOT / "lib").rglob("*.py")), ids=lambda path: path.stem)
def test_every_module_says_what_it_is_for(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert len(docstring.split()) >= 15


def test_analysis_never_reads_the_truth():
    readers = [*(ROOT / "lib" / "compare").glob("*.py"), *(ROOT / "lib" / "models").glob("*.py")]
    readers += [*(ROOT / "lib" / "report").glob("*.py"), *(ROOT / "notebooks").glob("*.py")]
    readers = [path for path in readers if path.relative_to(ROOT).as_posix() not in OPEN_THE_TRUTH]
    assert not [path for path in readers if any("truth" in name for name in imported(path))]


def test_versions_stand_in_the_lock_alone():
    exact = re.compile(r"[A-Za-z0-9_.-]+==\d")
    for name in ("pyproject.toml", "environment.yml"):
        assert not exact.findall((ROOT / name).read_text())
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.!+-]+", line) for line in lines)
