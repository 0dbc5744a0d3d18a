"""An edition: which chapters, with which parameters, make the book.

Comes in: book/editions/NAME.yml and the run folders. Goes out: executed chapters under book/chapters/, the pages made
from their results under book/generated/, and the built site in _build/html. Files are rewritten only when their content
changed, so that a second build has little to do.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.ground import ROOT, WrongUse, unknown
from lib.report import generated, notebooks, runs
from lib.report.notebooks import Page

BOOK = ROOT / "book"
EDITIONS = BOOK / "editions"
CHAPTERS = BOOK / "chapters"
GENERATED = BOOK / "generated"
SITE = ROOT / "_build" / "html"
TABLE_OF_CONTENTS = ROOT / "_toc.yml"


@dataclass(frozen=True)
class Edition:
    """A named list of pages."""

    name: str
    title: str
    about: str
    pages: tuple[Page, ...]


def names() -> list[str]:
    """Names of the editions in book/editions/."""
    return sorted(path.stem for path in EDITIONS.glob("*.yml"))


def load(name: str) -> Edition:
    """Read an edition and check it against notebooks/ and the table of contents.

    Raises
    ------
    WrongUse
        Unknown edition, chapter or parameter, or pages that do not agree with _toc.yml.
    """
    if name not in names():
        raise unknown("edition", name, names())
    read = _read(EDITIONS / f"{name}.yml")
    pages = tuple(_page(f"{name}.yml", page, entry) for page, entry in read["pages"].items())
    for page in pages:
        try:
            runs.check_parameters(page.chapter, page.parameters)
        except WrongUse as error:
            raise WrongUse(f"{name}.yml, page {page.name}: {error}") from None
    listed, wanted = _pages_in_contents(), {page.name for page in pages}
    if listed != wanted:
        raise WrongUse(
            f"edition {name!r} and _toc.yml disagree. Only in the edition: {_listing(wanted - listed)}; "
            f"only in _toc.yml: {_listing(listed - wanted)}. Give each page one line in both "
            f"(`- file: book/chapters/PAGE` in _toc.yml)."
        )
    return Edition(name, read["title"], read["about"], pages)


def _read(path: Path) -> dict[str, Any]:
    read = _yaml(path)
    _check_keys(path.name, read, ("title", "about", "pages"))
    if missing := {"title", "about", "pages"} - set(read):
        raise WrongUse(f"{path.name} must have the keys title, about and pages; it lacks {_listing(missing)}.")
    if not isinstance(read["pages"], dict) or not read["pages"]:
        raise WrongUse(
            f"{path.name}, pages: one line `PAGE:` or `PAGE: {{parameters: {{NAME: VALUE}}}}` for each page."
        )
    for key in ("title", "about"):
        if not isinstance(read[key], str):
            raise WrongUse(f"{path.name}, {key}: must be text, not {read[key]!r}.")
    return read


class _OnceLoader(yaml.SafeLoader):
    """Reader of YAML in which a key may stand once: otherwise the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in seen:
            if seen.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _OnceLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path.name} is not valid YAML: {' '.join(str(error).split())}") from None


def _check_keys(where: str, read: Any, known: tuple[str, ...]) -> None:
    if not isinstance(read, dict):
        raise WrongUse(f"{where}: expected {' and '.join(f'`{key}: ...`' for key in known)}, not {read!r}.")
    for key in read:
        if key not in known:
            raise WrongUse(f"{where}: {unknown('key', str(key), known)}")


def _page(file: str, name: Any, entry: Any) -> Page:
    """One entry of ``pages``: empty, or a mapping with a notebook and parameters."""
    entry = {} if entry is None else entry
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
        raise WrongUse(f"{file}, pages: {name!r} is no name of a page: letters, digits, hyphens and underscores.")
    _check_keys(f"{file}, page {name}", entry, ("notebook", "parameters"))
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise WrongUse(f"{file}, page {name}, parameters: expected `NAME: VALUE` for each, not {parameters!r}.")
    return Page(name, entry.get("notebook", name), parameters)


def _pages_in_contents() -> set[str]:
    """Pages of book/chapters/ in _toc.yml, wherever they stand, with or without the ending of their files."""
    files = (
        re.fullmatch(r"(?:\./)?book/chapters/([\w-]+)(?:\.\w+)?", file) for file in _files(_yaml(TABLE_OF_CONTENTS))
    )
    return {found.group(1) for found in files if found}


def _files(entry: Any) -> Iterator[str]:
    """Everything that a table of contents calls a file."""
    if isinstance(entry, dict):
        yield from (str(value) for key, value in entry.items() if key in ("file", "root"))
    for value in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from _files(value)


def _listing(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def run_pages(edition: Edition, run_page: Callable[[Page], runs.Run]) -> dict[str, runs.Run]:
    """Run every page that is stale; the others are found. All are tried even if one fails."""
    return {page.name: run_page(page) for page in edition.pages}


def place(edition: Edition, done: Mapping[str, runs.Run]) -> None:
    """Put the executed chapters and the generated pages where the book builds from, and remove what is left over."""
    wanted = {CHAPTERS / f"{page.name}{suffix}" for page in edition.pages for suffix in (".ipynb", ".csv")}
    for path in set(CHAPTERS.glob("*")) - wanted:
        path.unlink()
    for page in edition.pages:
        run = done[page.name]
        _write(
            CHAPTERS / f"{page.name}.ipynb",
            json.dumps(notebooks.page_notebook(page, run), indent=1, ensure_ascii=False),
        )
        if (run.folder / "results.parquet").exists():
            import pandas as pd

            _write(CHAPTERS / f"{page.name}.csv", pd.read_parquet(run.folder / "results.parquet").to_csv(index=False))
    made = {page.name: done[page.name] for page in edition.pages}
    for name, text in generated.pages(edition.title, edition.about, made).items():
        _write(GENERATED / name, text)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build(*, strict: bool = False) -> int:
    """Build the site; in strict mode every Sphinx warning is an error. Returns the exit code of the build."""
    _place_mathjax()
    start = "from jupyter_book.cli.main import main; main()"  # the package has no __main__
    command = [sys.executable, "-c", start, "build", str(ROOT), "--keep-going", "--quiet"]
    code = subprocess.run(command + (["-W", "-n"] if strict else []), check=False).returncode
    if code == 0 and not (SITE / "index.html").exists():
        code = 1
    _for_readers()
    if code:  # what was read is cached, and its warnings would not be told again
        shutil.rmtree(SITE.parent / ".doctrees", ignore_errors=True)
    return code


def _for_readers() -> None:
    """Put notebooks in plain Markdown where the site's download button leads."""
    sources = SITE / "_sources" / CHAPTERS.relative_to(ROOT)  # pages of earlier editions may lie there still
    for placed in CHAPTERS.glob("*.ipynb"):
        if (sources / placed.name).exists():
            notebook = notebooks.reader_notebook(json.loads(placed.read_text(encoding="utf-8")))
            _write(sources / placed.name, json.dumps(notebook, indent=1, ensure_ascii=False))


def _place_mathjax() -> None:
    """Serve formulas from the site itself: the part of MathJax that a page loads, out of its installed package."""
    from importlib.metadata import files

    target = BOOK / "_static" / "mathjax"
    if (target / "tex-mml-chtml.js").exists():
        return
    needed = r".*/static/mathjax/(tex-mml-chtml\.js|output/chtml/fonts/woff-v2/.*)"
    for file in files("sphinx-mathjax-offline") or []:
        if found := re.fullmatch(needed, file.as_posix()):
            place = target / found.group(1)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), place)
