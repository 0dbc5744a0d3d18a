"""How often the EEG chapter calls a claim on likeness supported where its listeners are noise: measured, and stored.

Comes in: a recording, whose responses give way to noise with their own spectrum, channel correlations and lengths. Goes
out: rows of data/calibration.csv, one per claim, made by ``python -m lib.chapters.eeg.calibration RECORDING ...``
(``make calibration``) and read beside every verdict. Claims on likeness are decided here, many times; for the others,
whole runs of the chapter on noise are counted (``--runs``). Each is decided alone, without correction for the others:
what the page does on top makes it stricter.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lib.chapters.eeg import evidence, material
from lib.chapters.eeg import scores as eeg_scores
from lib.chapters.eeg.material import Heard, Piece
from lib.compare import calibrated, noise_like
from lib.compare.noise import sizes
from lib.ground import MissingData
from lib.models import Activations
from lib.recordings import EEGRecording, load
from lib.report import claims, runs, words
from lib.report.claims import sizes as stored

MODELS = ("mini-audio-llm", "mini-mixture", "mini-hubert", "mini-speech")
OPTIONS = {"song-ecog": {"level": "individual"}, "pocket-eeg": {"subjects": 12}}
RATE, COMPONENTS, METHOD = 12.5, 20, "antialiased"
CLEANING = {"band": (0.5, 40.0), "line": "recording", "bad": "robust", "repair": "spline", "reference": "average"}
CLAIMS = {"pieces": ("A6", "A7"), "specific": ("E3", "E4")}
SPEARMAN = {"rsa_spearman": "rsa_spearman_euclidean"}


def likeness(heard: Heard, material_of: Mapping[str, Any], *, draws: int = 200) -> dict[str, bool]:
    """Whether A6, A7, E3 and E4 would be supported by some responses, each alone.

    Parameters
    ----------
    heard : Heard
    material_of : mapping
        By null, the groups of pieces and by model their cut layers (``prepared``).
    draws : int
        Of the nulls.
    """
    twins, found = [f"untrained:{name}:0" for name in MODELS], {}
    for null, (cuts, layers) in material_of.items():
        of = {name: _scored(some, heard, cuts, null, draws) for name, some in layers.items()}
        best, _ = evidence.above_chance({name: of[name] for name in MODELS})
        differences = evidence.against(evidence.model_scores(of), MODELS, twins)
        measured = dict(zip(CLAIMS[null], ({"best_layer": best}, differences), strict=True))
        found |= {claim: claims.decide("noise", {claim: parts})[claim].verdict for claim, parts in measured.items()}
    if len(material_of) == 1:  # all pieces last the same: their ends coincide, and the two nulls are one
        found |= {"E3": found["A6"], "E4": found["A7"]}
    return {claim: verdict == claims.SUPPORTED for claim, verdict in found.items()}


def _scored(some: Sequence[tuple], heard: Heard, cuts, null: str, draws: int) -> eeg_scores.Scores:
    found = ((piece, (layers, material.answers(heard, piece, when, METHOD))) for piece, layers, when in some)
    how = {"n_permutations": draws, "scheme": null, "seed": 0, "groups": material.groups(cuts)}
    return eeg_scores.renamed(eeg_scores.scores(found, [*SPEARMAN.values()], **how), SPEARMAN)


def prepared(frames: Mapping[str, Mapping[str, Activations]], parts: Sequence[Piece]) -> dict[str, Any]:
    """By null, the groups of pieces and the layers of all models cut to them: what noise does not change."""
    out = {}
    for null in CLAIMS:
        cuts = material.lengths_or_why(frames, parts, null, "sentence")
        if isinstance(cuts, str) or any(np.array_equal(cuts.length, other.length) for other, _ in out.values()):
            continue
        how = {"components": COMPONENTS, "whiten": False}
        out[null] = cuts, {name: list(material.cut_layers(by, parts, cuts, **how)) for name, by in frames.items()}
    return out


def count(name: str, n: int, *, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Rows of the table for one recording, at the chapter's defaults."""
    recording = load(name, **OPTIONS.get(name, {}))
    spoken = isinstance(recording, EEGRecording)
    parts = material.pieces(recording, "sentence")
    stimuli = [piece.stimulus for piece in parts]
    every = [*MODELS, *(f"untrained:{model}:0" for model in MODELS), "cochleagram"]
    frames = {model: material.represented(model, recording, stimuli, RATE) for model in every}
    frames["envelope"] = material.envelope(frames.pop("cochleagram"))
    heard = material.responses(recording, stimuli, **(CLEANING if spoken else {}))
    decide = partial(likeness, material_of=prepared(frames, parts), draws=draws)
    table = calibrated(decide, heard, n=n, seed=seed, noise=noise_of)
    settings = f"{len(parts)} pieces, {len(heard.channels)} channels, {len(heard.subjects)} listeners, {draws} draws"
    return table.assign(settings=settings)


def noise_of(heard: Heard, *, seed: int | Sequence[int]) -> Heard:
    """The same listeners with noise in place of what they answered (``noise_like``)."""
    return replace(heard, values=noise_like(heard.values, seed=seed))


def from_runs(name: str) -> pd.DataFrame:
    """Rows of the table for all claims, from runs of the chapter on noise (``-p responses noise -p seed ...``).

    A claim is decided alone here too, from what each run measured; of runs of one seed the latest counts. Claims that
    could not be tested are left out.

    Raises
    ------
    MissingData
        There is no such run of the chapter as it stands.
    """
    wanted = {"recording": name, "responses": "noise"}
    found = [run for run in runs.of_this_source("eeg") if wanted.items() <= run.manifest["parameters"].items()]
    if not found:
        raise MissingData(f"there is no run of the chapter 'eeg' on noise like {name}: `make calibration` makes them")
    latest = {run.manifest["parameters"]["seed"]: run for run in sorted(found, key=_started)}.values()
    rows = [_decided(run.numbers()) for run in latest]
    draws = sorted({run.manifest["parameters"]["n_permutations"] for run in latest})
    settings = f"runs of the chapter, {words.listing(list(map(str, draws)))} draws"
    return sizes(pd.DataFrame(rows).dropna(axis=1, how="all")).assign(settings=settings)


def _started(run: runs.Run) -> str:
    return run.manifest["started"]


def _decided(numbers: Mapping[str, Any]) -> dict[str, bool]:
    out = {}
    for one in numbers.values():
        if isinstance(one, dict) and one.get("measured"):
            parts = {key: claims.Measured(**_numbers(part)) for key, part in one["measured"].items()}
            out[one["claim"]] = claims.decide("noise", {one["claim"]: parts})[one["claim"]].verdict == claims.SUPPORTED
    return out


def _numbers(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: np.nan if value is None else value for key, value in part.items()}


def main(names: Sequence[str], *, n: int = 100) -> None:
    """Count for some recordings; with ``--runs`` first, add what runs of the chapter on noise decided more often."""
    if names[0] == "--runs":
        counted = {name: from_runs(name) for name in names[1:]}  # the table is part of what a run depends on
        for name, table in counted.items():
            stored.keep(name, table, over=False)
        return
    for name in names:
        stored.keep(name, count(name, n))


if __name__ == "__main__":
    main(sys.argv[1:] or ["song-ecog", "pocket-eeg"])
