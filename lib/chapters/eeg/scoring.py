"""How the EEG chapter scores its models: one set of choices, and scores of any model beside any null, kept on disk.

Comes in: a study, the frames of all models, and the choices of the parameters cell. Goes out: ``Scores`` by model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lib.chapters.eeg import material
from lib.chapters.eeg import scores as eeg_scores
from lib.models import fingerprint

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.scores import Scores
    from lib.chapters.eeg.study import Study
    from lib.compare.similarity.pieces import Matched
    from lib.models import Activations

SPEARMAN = ("rsa_spearman",)


@dataclass(frozen=True, eq=False)
class Scoring:
    """Choices that all scores of a page share.

    Attributes
    ----------
    study : Study
    frames : mapping
        By model and stimulus; ``envelope`` is made of a baseline.
    null : str
        What chance is, where nothing else is said: ``pieces``, ``shift`` or ``shuffle``.
    rdm : str
        Distance between frames, a key of ``scores.RDMS``.
    components, debiased, alignment, lag, n_permutations, seed
        As in the chapter's cell of parameters.
    """

    study: Study
    frames: Mapping[str, Mapping[str, Activations]]
    null: str
    rdm: str
    components: int
    debiased: bool
    alignment: str
    lag: float
    n_permutations: int
    seed: int

    @property
    def published(self) -> Scoring:
        """The same with the published distance: one minus the correlation across whitened components."""
        return replace(self, rdm="correlation", debiased=False)

    @property
    def ending(self) -> str:
        """Of the rank measures that this distance gives."""
        return eeg_scores.RDMS[self.rdm][0]

    @property
    def rotated(self) -> str:
        """The null where frames are re-ordered and not pieces."""
        return "shift" if self.null == "pieces" else self.null

    @property
    def before_ends(self) -> str:
        """The null of likeness to this piece alone; where pieces are all of one length, or too short, the plain one."""
        return self.null if isinstance(self.cuts["specific"], str) else "specific"

    def panels(self, whole: xr.DataArray, alone: xr.DataArray) -> list[tuple]:
        """Scores, a measure and beyond what, for ``evidence.beyond_chance``: whole pieces, and before their ends."""
        plain = self.study.panel(self.null)
        panels = [(whole, "rsa_spearman", plain), (whole, "dcor", plain)]
        if self.before_ends != self.null:
            panels.append((alone, "rsa_spearman", self.study.panel(self.before_ends)))
        return panels

    @property
    def measures(self) -> dict[str, str]:
        """Variant of each measure by its plain name."""
        return eeg_scores.chosen_measures(self.rdm, debiased=self.debiased)

    @cached_property
    def cuts(self) -> dict[str, Matched | str]:
        """By null of re-paired pieces, to which lengths they are cut, or why they are not."""
        study = self.study
        return {
            null: material.lengths_or_why(self.frames, study.pieces, null, study.unit) for null in eeg_scores.PAIRED
        }

    @cached_property
    def key(self) -> tuple[str, ...]:
        """All that items of any model depend on."""
        models = [name for name in self.frames if name != "envelope"]
        counts = [str(material.frame_rates(self.frames)), *map(fingerprint, models)]
        return (*self.study.key, str(list(self.frames)), *counts, str(self.how()))

    def how(self) -> dict[str, Any]:
        """How items are made (``material.items``)."""
        whiten = eeg_scores.RDMS[self.rdm][1]
        return {"components": self.components, "whiten": whiten, "method": self.alignment, "lag": self.lag}

    def scores(self, models: Iterable[str], null: str | None = None, only: Iterable[str] = ()) -> dict[str, Scores]:
        """Scores of some models beside a null, in all measures or only some; read from disk where they are known."""
        null = null or self.null
        measures = {name: one for name, one in self.measures.items() if name in (tuple(only) or self.measures)}
        return {name: self._scores(name, null, measures) for name in models}

    def _scores(self, name: str, null: str, measures: Mapping[str, str]) -> Scores:
        study, sizes = self.study, self.cuts.get(null)
        items = material.found(self.frames[name], study.heard, study.pieces, sizes, **self.how())
        draws = {"n_permutations": self.n_permutations, "seed": self.seed, "groups": material.groups(sizes)}
        found = eeg_scores.kept_scores((*self.key, name), items, list(measures.values()), scheme=null, **draws)
        return eeg_scores.renamed(found, measures)


def n_pieces(models: Mapping[str, Scores]) -> int:
    """How many pieces have enough frames in every model."""
    return min(one.observed.sizes["sentence"] for one in models.values())


def kinds(frames: Mapping[str, Any], trained: Iterable[str], twins: Iterable[str]) -> dict[str, str]:
    """By model, what it is: trained, untrained, or envelope (a baseline made of the sound)."""
    trained, twins = list(trained), list(twins)
    others = [name for name in frames if name not in (*trained, *twins)]
    return dict.fromkeys(trained, "trained") | dict.fromkeys(twins, "untrained") | dict.fromkeys(others, "envelope")
