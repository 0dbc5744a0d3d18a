"""Check a built site the way a reader with no network and no eyes would.

Comes in: the folder of a built site. Goes out: a list of what is wrong: broken internal links, pictures without a text
alternative, anything fetched from elsewhere, headings that skip a level, formulas or numbers left raw.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

FETCHING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
NOT_FETCHED = {"canonical", "next", "prev", "search", "index", "author", "copyright"}


def problems(site: str | Path) -> list[str]:
    """What is wrong with the pages of a built site, one line each; empty if nothing is.

    Parameters
    ----------
    site : path
        Folder with index.html.
    """
    site = Path(site)
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in _pages(site)}
    anchors = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    found = []
    for path, page in pages.items():
        checks = (_links(path, page, anchors), _fetched(page), _pictures(page), _headings(page), _raw(page))
        found += [f"{path.relative_to(site)}: {problem}" for check in checks for problem in check]
    return found


def _pages(site: Path) -> list[Path]:
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


def _links(path: Path, page: BeautifulSoup, anchors: dict[Path, set[str]]) -> Iterator[str]:
    for link in page.find_all("a", href=True):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.exists():
            yield f"link to {link['href']!r}, which does not exist"
        elif parts.fragment and unquote(parts.fragment) not in anchors.get(target, {unquote(parts.fragment)}):
            yield f"link to {link['href']!r}, where there is no such place"


def _fetched(page: BeautifulSoup) -> Iterator[str]:
    for name, attribute in FETCHING.items():
        for tag in page.find_all(name):
            address = tag.get(attribute, "")
            if urlsplit(address).netloc and not set(tag.get("rel", [])) & NOT_FETCHED:
                yield f"fetches {address!r} from elsewhere"
    for script in page.find_all("script", src=False):
        if "http://" in script.text or "https://" in script.text:
            yield f"a script names an address elsewhere: {script.text.strip()[:80]!r}"


def _pictures(page: BeautifulSoup) -> Iterator[str]:
    for picture in page.select("article img"):
        alt = picture.get("alt", "").strip()
        if not alt or alt == picture.get("src", "") or "_images/" in alt:
            yield f"picture {picture.get('src', '')[:80]!r} has no text alternative"


def _headings(page: BeautifulSoup) -> Iterator[str]:
    levels = [(int(tag.name[1]), tag.get_text(strip=True)) for tag in page.select("article h1, h2, h3, h4, h5, h6")
              if tag.find_parent("article")]  # fmt: skip
    if levels and [level for level, _ in levels].count(1) != 1:
        yield "does not have exactly one title"
    for (above, _), (level, text) in pairwise(levels):
        if level > above + 1:
            yield f"heading {text!r} skips a level"


def _raw(page: BeautifulSoup) -> Iterator[str]:
    article = page.find("article")
    text = "".join(part for part in article.strings if not part.find_parent("pre")) if article else ""
    for mark in ("{glue", "{numref", "{cite", "np.float64("):
        if mark in text:
            yield f"{mark!r} is left raw in the text"
