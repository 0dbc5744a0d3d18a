"""Rules of the house that no single room can keep: who imports whom, what opens the truth, one place for versions."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from lib import provenance

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "lib").rglob("*.py")
)
STANDS_ON = {
    "ground": set(),
    "provenance": {"ground"},
    "recordings": {"ground", "provenance"},
    "models": {"ground", "provenance"},
    "compare": {"ground"},
    "training": {"ground", "provenance", "recordings", "models"},
    "report": {"ground", "provenance", "recordings", "models", "compare", "training"},
    "chapters": {"ground", "provenance", "recordings", "models", "compare", "training", "report"},
}
TRUTH = "lib.recordings.pocket.brains."
"""Every module of this folder plants effects in simulated listeners, or states them."""
OPEN_THE_TRUTH = ("recovery", "studies")
SIDE_BY_SIDE = 16


def named(node, module):
    """Modules of lib that an import statement names, relative ones made absolute."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    package = module if provenance.module_file(module).name == "__init__.py" else module.rpartition(".")[0]
    up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    source = ".".join([*up, *([node.module] if node.module else [])])
    return [source] + [f"{source}.{alias.name}" for alias in node.names]


@cache
def imported(module):
    """Modules of lib that a module imports anywhere, for type checkers or inside functions too."""
    tree = ast.parse(provenance.module_file(module).read_text())
    found = [
        name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for name in named(node, module)
    ]
    exact = {name for name in found if provenance.module_file(name) and name != "lib"}
    deeper = {name for name in exact for other in exact if other.startswith(f"{name}.")}
    return exact - deeper - {module}


def room(module):
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("module", [module for module in MODULES if "." in module])
def test_arrows_run_down(module):
    down = STANDS_ON[room(module)] | {room(module)}
    assert not {name for name in imported(module) if room(name) not in down}


def test_report_takes_nothing_of_compare_but_statistics():
    taken = {name for module in MODULES if room(module) == "report" for name in imported(module)}
    assert {name for name in taken if room(name) == "compare"} <= {"lib.compare.statistics"}


def test_chapters_do_not_import_each_other():
    for module in MODULES:
        if module.startswith("lib.chapters."):
            own = module.split(".")[2]
            others = {name for name in imported(module) if room(name) == "chapters" and name.split(".")[2:3] != [own]}
            assert not others - {"lib.chapters"}, f"{module} imports {others}"


def test_there_are_no_circles():
    done, path = set(), []

    def visit(module):
        if module in path:
            pytest.fail(" -> ".join([*path[path.index(module) :], module]))
        if module not in done:
            path.append(module)
            for name in sorted(imported(module)):
                visit(name)
            done.add(path.pop())

    for module in MODULES:
        visit(module)


def test_no_folder_is_a_corridor():
    for folder in [ROOT / "lib", *(path for path in (ROOT / "lib").rglob("*") if path.is_dir())]:
        side_by_side = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(side_by_side) <= SIDE_BY_SIDE, f"{folder} has {len(side_by_side)} modules side by side"


def test_tables_of_contents_name_what_is_there():
    for module in MODULES:
        for part, names in provenance.contents(module).items():
            tree = ast.parse(provenance.module_file(f"{module}.{part}").read_text())
            targets = [
                t.id for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)
            ]
            defined = {getattr(node, "name", None) for node in tree.body} | set(targets)
            assert set(names) <= defined, f"{module}.{part} lacks {set(names) - defined}"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module):
    docstring = ast.get_docstring(ast.parse(provenance.module_file(module).read_text())) or ""
    assert len(docstring.split()) >= 15


def opened(*roots):
    """Modules with planted effects that imports lead to; loaders that a card names are not imports."""
    return {module for module in provenance.closure(*roots) if module.startswith(TRUTH)}


def test_analysis_never_reads_the_truth():
    rooms = [module for module in MODULES if room(module) in ("compare", "models", "training", "report", "chapters")]
    readers = {module: [module] for module in rooms if not module.startswith("lib.chapters.recovery")}
    readers |= {path.stem: [path] for path in (ROOT / "notebooks").glob("*.py") if path.stem not in OPEN_THE_TRUTH}
    for reader, roots in readers.items():
        assert not opened(*roots), reader


def test_the_truth_is_where_this_test_looks():
    assert all(opened(ROOT / "notebooks" / f"{name}.py") for name in OPEN_THE_TRUTH)
    planting = {module for module in MODULES if room(module) == "recordings" and plants(module)}
    assert planting
    assert not {module for module in planting if not module.startswith(TRUTH)}


def plants(module):
    """Whether a module defines what names a planted effect: a truth, gains, effects, or a component's profile."""
    tree = ast.parse(provenance.module_file(module).read_text())
    defined = [getattr(node, "name", "") for node in tree.body]
    defined += [t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
    return bool({"EFFECTS", "AFFECT_GAIN", "REGIONS", "SOURCES", "planted_profiles", "truth"} & set(defined))


def test_versions_stand_in_the_lock_alone():
    exact = re.compile(r"[A-Za-z0-9_.-]+==\d")
    for name in ("pyproject.toml", "environment.yml"):
        assert not exact.findall((ROOT / name).read_text())
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.!+-]+", line) for line in lines)
