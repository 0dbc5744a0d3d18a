"""What several tests share: a copy of the project with one tiny chapter, as a stranger's checkout would be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("lib", "book", "data", "benchmarks", "_config.yml", "_toc.yml", "requirements.lock", "README.md")
MADE = ("data/cache", "data/zoo", "book/chapters", "book/generated", "book/_static/mathjax")


def left_out(folder: str, names: list[str]) -> set[str]:
    """What a checkout would not have, or what takes long to copy."""
    return {
        name for name in names if name == "__pycache__" or (Path(folder) / name).relative_to(ROOT).as_posix() in MADE
    }


class House:
    """A copy of the project in an empty folder, and its ``alike`` command."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=left_out)
            else:
                shutil.copy(source, folder / part)
        (folder / "notebooks").mkdir()
        shutil.copy(ROOT / "tests" / "report" / "tiny_chapter.py", folder / "notebooks" / "cortex.py")
        (folder / "book" / "editions" / "pocket.yml").write_text(
            "title: pocket edition\nabout: One tiny chapter.\npages:\n  cortex:\n"
        )
        contents = (folder / "_toc.yml").read_text().splitlines()
        kept = [line for line in contents if "book/chapters/" not in line or "book/chapters/cortex" in line]
        (folder / "_toc.yml").write_text("\n".join(kept) + "\n")

    def environment(self, **changed: str) -> dict[str, str]:
        """Environment in which ``lib`` is that of the copy."""
        return {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200", **changed}

    def alike(self, *words: str, **changed: str) -> subprocess.CompletedProcess:
        """Run the command line as a user would."""
        command = [sys.executable, "-m", "lib.report.cli", *words]
        environment = self.environment(**changed)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> House:
    return House(tmp_path_factory.mktemp("house"))
