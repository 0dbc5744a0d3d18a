"""The parameters of a chapter: what its cell tagged ``parameters`` says, and values for them from text or YAML.

Comes in: a chapter's file. Goes out: ``read``, its parameters by name, each with type, default, help and range, as
``name: type = value  # help [at least 1]``; ``Parameter.parse``, a value of the parameter's own type that is in its
range. The cell is read with Python's own parser; what is not one parameter a line is an error that names the line.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from lib.ground import WrongUse

KINDS = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict}
NOTHING = ("None", "none", "null")
RULES = "`at least 1`, `above 0`, `at most 9`, `below 9`, `0 to 1`, `one of a, b, c`, `2 values`, `rising`"
_NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"


@dataclass(frozen=True)
class Range:
    """What a value must be besides its type; of a list, every element, and `count` and `rising` the whole."""

    text: str = ""
    low: float = -math.inf
    high: float = math.inf
    open: bool = False  # whether low and high themselves are out
    among: tuple[str, ...] = ()
    count: int | None = None
    rising: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value of the right type is in the range; None always is."""
        if isinstance(value, list):
            ordered = not self.rising or all(a < b for a, b in pairwise(value))
            return (self.count is None or len(value) == self.count) and ordered and all(map(self._one, value))
        return self._one(value)

    def _one(self, value: Any) -> bool:
        if self.among:
            return value is None or str(value) in self.among
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return self.low < value < self.high if self.open else self.low <= value <= self.high


@dataclass(frozen=True)
class Parameter:
    """One line of a chapter's parameters cell: ``name: kind = default  # help [range]``."""

    name: str
    kind: str
    default: Any
    help: str = ""
    element: str = ""  # kind of the elements of a list
    optional: bool = False  # whether None is a value too
    range: Range = Range()

    def __str__(self) -> str:
        """Give the line a user reads when a parameter was wrong."""
        about = " ".join(part for part in (self.help, self.range.text and f"[{self.range.text}]") if part)
        return f"{self.name}: {self.type} = {self.default!r}" + (f"  ({about})" if about else "")

    @property
    def type(self) -> str:
        """Type in words, as it would be annotated."""
        return (f"list[{self.element}]" if self.element else self.kind) + (" | None" if self.optional else "")

    def parse(self, value: Any) -> Any:
        """Value of the parameter's own type, from text or from YAML.

        Raises
        ------
        WrongUse
            If the value is not of that type, or out of range.
        """
        try:
            found = self._converted(value)
        except (ValueError, SyntaxError, TypeError, OverflowError):
            raise WrongUse(f"parameter {self.name!r} must be of type {self.type}, not {value!r}{self._how()}") from None
        if not self.range.holds(found):
            raise WrongUse(f"parameter {self.name!r} is {value!r}, which is out of range [{self.range.text}].")
        return found

    def _converted(self, value: Any) -> Any:
        if self.optional and (value is None or value in NOTHING):
            return None
        if self.kind == "list":
            parts = _parts(value, self.element) if isinstance(value, str) else value
            if not isinstance(parts, list):
                raise ValueError
            return [CONVERTED[self.element](part) for part in parts] if self.element else parts
        return CONVERTED[self.kind](value)

    def _how(self) -> str:
        if self.kind == "list":
            example = {"int": "1,2", "float": "0.5,40"}.get(self.element, "one,two")
            return f". Give a list as {example} or as JSON, '{json.dumps(_parts(example, self.element))}'."
        return {"bool": ": True or False.", "int": ": a whole number.", "float": ": a number."}.get(self.kind, ".")


def _int(value: Any) -> int:
    number = _literal(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number):
        raise ValueError
    return int(number)


def _float(value: Any) -> float:
    number = _literal(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError
    return float(number)


def _bool(value: Any) -> bool:
    found = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError
    return found


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _dict(value: Any) -> dict:
    found = _literal(value)
    if not isinstance(found, dict):
        raise ValueError
    return found


CONVERTED: dict[str, Callable[[Any], Any]] = {
    "int": _int, "float": _float, "bool": _bool, "str": _str, "dict": _dict
}  # fmt: skip


def _literal(value: Any) -> Any:
    """What a text says, in Python's or in JSON's spelling; what is not text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return json.loads(value)


def _parts(text: str, element: str) -> list:
    """Elements of a list in a text: JSON, Python's spelling, or words between commas, in brackets or not."""
    inner = text.strip()
    if inner.startswith("["):
        try:
            return _literal(inner)
        except (ValueError, SyntaxError):
            inner = inner.removeprefix("[").removesuffix("]")
    words = [word.strip() for word in inner.split(",")] if inner else []
    if not all(words):
        raise ValueError
    return words if element in ("str", "") else [_literal(word) for word in words]


# ---- the cell ----


def read(path: Path) -> dict[str, Parameter]:
    """Parameters of a chapter, read from its cell tagged ``parameters``: {name: Parameter}.

    Parameters
    ----------
    path : path
        A notebook in percent format.

    Raises
    ------
    WrongUse
        There is no such cell, there are two, or one of its lines is not ``name: type = value  # help``, the value
        written out.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    heads = [k for k, line in enumerate(lines) if re.match(r"# %%.*[\"']parameters[\"']", line)]
    if len(heads) != 1:
        count = "no cell" if not heads else "more than one cell"
        raise WrongUse(f"chapter {path.stem!r} has {count} tagged 'parameters' ({path.name}).")
    first = heads[0] + 1
    stop = next((k for k in range(first, len(lines)) if lines[k].startswith("# %%")), len(lines))
    return _Cell(path.name, first, lines[first:stop]).parameters()


@dataclass(frozen=True)
class _Cell:
    """Lines of a parameters cell, with the place of the first in its file."""

    file: str
    first: int
    lines: list[str]

    def parameters(self) -> dict[str, Parameter]:
        text = "\n".join(self.lines) + "\n"
        try:
            statements = ast.parse(text).body
            comments = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT]
        except (SyntaxError, tokenize.TokenError) as error:
            raise self._wrong(getattr(error, "lineno", None) or 1, getattr(error, "msg", str(error))) from None
        found: dict[str, Parameter] = {}
        ends: set[int] = set()
        for node in statements:
            about = [c.string.lstrip("# ").strip() for c in comments if node.lineno <= c.start[0] <= node.end_lineno]
            one = self._parameter(node, " ".join(about))
            if one.name in found or node.lineno in ends:
                raise self._wrong(node.lineno, "give each parameter once, on a line of its own")
            found[one.name] = one
            ends.add(node.end_lineno)
        return found

    def _parameter(self, node: ast.stmt, comment: str) -> Parameter:
        annotated = isinstance(node, ast.AnnAssign)
        target = node.target if annotated else node.targets[0] if isinstance(node, ast.Assign) else None
        single = annotated or (isinstance(node, ast.Assign) and len(node.targets) == 1)
        if not single or not isinstance(target, ast.Name) or node.value is None:
            raise self._wrong(node.lineno, "a parameter is one line: name: type = value  # help")
        try:
            default = ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError):
            raise self._wrong(node.lineno, f"write the value of {target.id!r} out: it is not computed") from None
        kind, element, optional = self._kind(node, default)
        about, rules = self._range(node, comment)
        parameter = Parameter(target.id, kind, default, about, element, optional, rules)
        try:
            return Parameter(target.id, kind, parameter.parse(default), about, element, optional, rules)
        except WrongUse as error:
            raise self._wrong(node.lineno, str(error)) from None

    def _kind(self, node: ast.stmt, default: Any) -> tuple[str, str, bool]:
        """Kind, kind of elements, and whether None is allowed, from the annotation or else from the default."""
        kind, element, optional = type(default).__name__, "", False
        if isinstance(node, ast.AnnAssign):
            written = ast.unparse(node.annotation).replace("typing.", "").strip("'")
            inner = re.fullmatch(r"Optional\[(.+)\]|(.+) \| None|None \| (.+)", written)
            optional, kind = bool(inner), next(filter(None, inner.groups())) if inner else written
        if listed := re.fullmatch(r"list\[(\w+)\]", kind):
            kind, element = "list", listed.group(1)
        if kind not in KINDS or element not in ("", *CONVERTED):
            why = f"its type must be one of {', '.join(KINDS)}, list[str] and the like, or one of them | None"
            raise self._wrong(node.lineno, why)
        if kind == "list" and not element and isinstance(default, list):
            kinds = {type(value).__name__ for value in default}
            element = {("float", "int"): "float"}.get(tuple(sorted(kinds)), kinds.pop() if len(kinds) == 1 else "")
        return kind, element if element in CONVERTED else "", optional

    def _range(self, node: ast.stmt, comment: str) -> tuple[str, Range]:
        """Help and range out of a comment; the range stands in brackets at its end."""
        found = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]", comment)
        if not found:
            return comment, Range()
        try:
            return found.group(1), parsed_range(found.group(2))
        except ValueError:
            raise self._wrong(node.lineno, f"a range in brackets is one or two of {RULES}") from None

    def _wrong(self, line: int, why: str) -> WrongUse:
        line = min(line, len(self.lines)) if self.lines else 1
        shown = self.lines[line - 1].strip() if self.lines else ""
        return WrongUse(f"{self.file}, line {self.first + line}: `{shown}`: {why}.")


def parsed_range(text: str) -> Range:
    """Range in words: ``at least 1``, ``0 to 1``, ``one of a, b``; ``2 values, rising`` of a list.

    Raises
    ------
    ValueError
        Anything else.
    """
    if text.startswith("one of "):
        return Range(text, among=tuple(word.strip() for word in text.removeprefix("one of ").split(",")))
    facts: dict[str, Any] = {}
    for part in text.split(","):
        facts |= _rule(part.strip())
    return Range(text, **facts)


def _rule(text: str) -> dict[str, Any]:
    if text == "rising":
        return {"rising": True}
    if found := re.fullmatch(r"(\d+) values?", text):
        return {"count": int(found.group(1))}
    if found := re.fullmatch(rf"{_NUMBER} to {_NUMBER}", text):
        return {"low": float(found.group(1)), "high": float(found.group(2))}
    if found := re.fullmatch(rf"(at least|at most|above|below) {_NUMBER}", text):
        side = "low" if found.group(1) in ("at least", "above") else "high"
        return {side: float(found.group(2))} | ({"open": True} if found.group(1) in ("above", "below") else {})
    raise ValueError(text)
