"""What several tests share: a copy of the project with one tiny chapter, as a stranger's checkout would be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("lib", "book", "data", "benchmarks", "_config.yml", "_toc.yml", "requirements.lock", "README.md")
LEFT_OUT = shutil.ignore_patterns("cache", "chapters", "generated", "__pycache__", "zoo", "mathjax")


class House:
    """A copy of the project in an empty folder, and its ``alike`` command."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=LEFT_OUT)
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

    def alike(self, *words: str) -> subprocess.CompletedProcess:
        """Run the command line as a user would."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200"}
        command = [sys.executable, "-m", "lib.report.cli", *words]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> House:
    return House(tmp_path_factory.mktemp("house"))
