"""Similarity of models to listeners, piece by piece, each beside its null.

Comes in: components of layers and responses at the frames of one piece after the other (``material.items``, or
``material.cut_items``). Goes out: the similarity by sentence, measure, listener and layer, and beside it what responses
to other pieces, or re-ordered frames, give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lib.compare import averaged, pieces_null, sentence_null
from lib.compare.similarity.nulls import Null, record
from lib.ground import WrongUse, unknown
from lib.report.cache import kept

if TYPE_CHECKING:
    import xarray as xr

RDMS = {
    "correlation": ("", True),
    "cosine": ("_cosine", False),
    "euclidean": ("_euclidean", False),
    "mahalanobis": ("_euclidean", True),
}
"""Distance between frames: ending of the rank measures, and whether components are whitened. ``correlation`` is the
published one; whitened Euclidean distance is Mahalanobis' distance within the components."""
NULLS = ("auto", "pieces", "shift", "shuffle")
PAIRED = ("pieces", "specific")
"""Nulls of re-paired pieces: as long as each other to their ends, or cut before the end of any (``BEFORE_END``)."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Similarity of one model to all listeners.

    Attributes
    ----------
    observed, expected : xarray.DataArray (sentence, measure, subject, layer)
        Of each sentence, and the mean of its draws.
    null : Null
        Of the mean over sentences (measure, subject, layer).
    """

    observed: xr.DataArray
    expected: xr.DataArray
    null: Null

    @property
    def excess(self) -> xr.DataArray:
        """Observed minus expected: what is left once slow drift, number of frames and bias are accounted for."""
        return self.observed - self.expected

    @cached_property
    def group(self) -> Null:
        """Null of the mean over sentences and subjects (measure, layer)."""
        return averaged(self.null)


def scores(
    found: Iterator[tuple],
    measures: Sequence[str],
    *,
    n_permutations: int,
    scheme: str,
    seed: int,
    groups: Sequence[int] | None = None,
) -> Scores:
    """Similarity by sentence with its null.

    Parameters
    ----------
    found : iterator of (Piece, (layers, responses))
        From ``material.items``, or ``material.cut_items`` where pieces are re-paired.
    measures : sequence of str
    n_permutations : int
        Draws of the null.
    scheme : {"pieces", "specific", "shift", "shuffle"}
        Re-paired pieces (``pieces_null``), or re-ordered frames (``sentence_null``).
    seed : int
        Re-paired pieces: the same pairings for every model. Re-ordered frames: every sentence draws for itself.
    groups : sequence of int, optional
        Which pieces may exchange their responses, those that `found` gives, in order.
    """
    pieces, items = zip(*found, strict=True) if (found := list(found)) else ((), ())
    if not pieces:
        raise WrongUse("no piece has enough frames: take longer pieces or a faster model.")
    place = pd.Index([piece.name for piece in pieces], name="sentence")
    if scheme in PAIRED:
        paired = pieces_null(items, measures, groups=groups, n_permutations=n_permutations, seed=seed)
        each = [x.rename(piece="sentence").assign_coords(sentence=place) for x in (paired.observed, paired.expected)]
        return Scores(*each, paired.null)
    return _reordered(items, measures, place, scheme=scheme, n_permutations=n_permutations, seed=seed)


def _reordered(items: Sequence[tuple], measures: Sequence[str], place: pd.Index, *, seed: int, **how: Any) -> Scores:
    import xarray as xr

    nulls = [sentence_null([one], measures, seed=seed * 100_003 + number, **how) for number, one in enumerate(items)]
    observed, expected = (xr.concat([getattr(n, key) for n in nulls], place) for key in ("observed", "null_mean"))
    return Scores(observed, expected, averaged(_side_by_side(nulls, place), "sentence"))


def kept_scores(key: tuple, found: Callable[[], Iterator[tuple]], measures: Sequence[str], **how: Any) -> Scores:
    """``scores``, read from disk where the same were computed before; `key` holds all that the items depend on."""
    import xarray as xr

    def compute():
        new = scores(found(), measures, **how)
        parts = {"observed": new.observed, "expected": new.expected}
        return parts | {"mean": new.null.observed, "draws": new.null.draws, "unrelated": new.null.null_mean}

    told = [*measures, *(f"{name}={value}" for name, value in sorted(how.items()))]
    old = kept("scores", (*key, *told), compute)
    values = xr.concat([old["mean"].expand_dims("draw"), old["draws"]], "draw").transpose(..., "draw")
    null = record(values, how["scheme"], expected=old["unrelated"])
    return Scores(old["observed"], old["expected"], null)


def _side_by_side(nulls: list[Null], place: pd.Index) -> Null:
    import xarray as xr

    parts = {f.name: getattr(nulls[0], f.name) for f in fields(Null)}
    notes = tuple(note for null in nulls for note in null.notes)
    for key in ("observed", "draws", "null_mean", "items"):
        parts[key] = xr.concat([getattr(null, key) for null in nulls], place)
    return Null(**parts | {"notes": notes})


def chosen_null(scheme: str, unit: str) -> str:
    """Name of the null: ``auto`` is ``pieces``.

    Rotating the few frames of a word breaks the plain course from its begin to its end that every word has, so that
    noise passes for likeness; so do seams, in sentences and sounds, where many of them are averaged.
    """
    if scheme not in NULLS:
        raise unknown("null (scheme)", scheme, NULLS)
    if unit == "word" and scheme not in ("auto", "pieces"):
        raise WrongUse(
            f"words are too short for {scheme}: take scheme pieces (or auto), which needs no frames re-ordered."
        )
    return "pieces" if scheme == "auto" else scheme


def chosen_measures(rdm: str, *, debiased: bool = False) -> dict[str, str]:
    """The eight measures under their plain names, each as the variant that a kind of distance and debiasing ask for."""
    if rdm not in RDMS:
        raise unknown("kind of dissimilarity", rdm, RDMS)
    ending = RDMS[rdm][0]
    out = {f"rsa_{name}": f"rsa_{name}{ending}" for name in ("pearson", "spearman", "kendall")}
    bias = {"dcor": "dcor_squared_debiased", "rv": "rv_debiased", "cka_linear": "cka_linear_debiased"}
    bias["cka_rbf"] = "cka_rbf_debiased"
    others = ("dcor", "rv", "mi", "cka_linear", "cka_rbf")
    return out | {name: bias.get(name, name) if debiased else name for name in others}


def renamed(one: Scores, plain: Mapping[str, str]) -> Scores:
    """Scores under the plain names of their measures."""
    back = {variant: name for name, variant in plain.items()}

    def called(array):
        return array.assign_coords(measure=[back[str(m)] for m in array.measure.values])

    parts = {f.name: getattr(one.null, f.name) for f in fields(Null) if f.name not in ("scheme", "notes", "items")}
    null = replace(one.null, **{key: called(value) for key, value in parts.items()}, items=None)
    return Scores(called(one.observed), called(one.expected), null)
