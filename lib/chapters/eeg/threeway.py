"""Whether sound, brain and model agree all three, and whether brain and model do once the sound is taken out of both.

Comes in: descriptions of the sound, frames of a model and what listeners answered. Goes out: products of the three
squared correlations beside those with one pair broken, a constructed case in which two pairs agree and the third does
not, and the likeness that is left beside the described sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.chapters.eeg.evidence import ENOUGH, estimate
from lib.chapters.eeg.material import beside_the_sound, items, lags_of
from lib.compare import beyond_sound, onto_frames, tri_modal, zscored
from lib.compare.similarity.nulls import ROUNDING
from lib.report.cache import kept
from lib.report.claims import Measured

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.scoring import Scoring
    from lib.compare.similarity.conditional import BeyondSound
    from lib.compare.similarity.trimodal import TriModal

MOST_DRAWS = 200
SCORES = ("product", "geometric_mean", "minimum")
MILLION = 1e6


def constructed(scheme: str, seed: int) -> TriModal:
    """Twelve series of 200 frames: half of the brain follows the sound, half a model that knows nothing of it."""
    rng = np.random.default_rng(seed)
    sound, alone = rng.standard_normal((2, 12, 200, 4))
    brain = np.concatenate([sound, alone], axis=2) + 0.5 * rng.standard_normal((12, 200, 8))
    triples = zip(sound, brain, alone, strict=True)
    return tri_modal(triples, "rsa_spearman_euclidean", n_permutations=50, scheme=scheme, seed=seed)


def triples(scoring: Scoring, model: str, layers: Mapping[str, str]) -> Iterator[tuple]:
    """Sound (eGeMAPS descriptors), brain and the chosen layer of a model at the frames of every piece."""
    study, frames = scoring.study, scoring.frames[model]
    voiced = descriptions(study.recording, study.stimuli)
    for piece, (components, answers) in items(frames, study.heard, study.pieces, **scoring.how()):
        if piece.name not in layers:
            continue
        times = frames[piece.stimulus].times[layers[piece.name]]
        inside = (times >= piece.start) & (times < piece.stop)
        yield at_frames(voiced[piece.stimulus], times[inside]), answers, components[layers[piece.name]]


def together(scoring: Scoring, model: str, layers: Mapping[str, str]) -> tuple[TriModal, Measured]:
    """Agreement of all three, and how far their product is above that with the pair broken that leaves most."""
    name = f"rsa_spearman{scoring.ending}"
    how = {"n_permutations": min(scoring.n_permutations, MOST_DRAWS), "scheme": scoring.rotated, "seed": scoring.seed}
    found = tri_modal(triples(scoring, model, layers), name, **how)
    if scoring.study.n_listeners >= ENOUGH:
        return found, consistency(found)
    return found, consistency_by_sentence(triples(scoring, model, layers), name, **how)


def left_of(scoring: Scoring, model: str, baseline: str) -> BeyondSound:
    """Likeness of brain and model once descriptors and the baseline's last layer are taken out of both."""
    study = scoring.study
    voiced = descriptions(study.recording, study.stimuli)
    described = {name: (one.values, one.time.values) for name, one in voiced.items()}
    bands = {
        name: ([*one.layers.values()][-1], [*one.times.values()][-1]) for name, one in scoring.frames[baseline].items()
    }
    frames = scoring.frames[model]
    how = {"method": scoring.alignment, "lag": scoring.lag}
    beside = beside_the_sound(frames, study.heard, study.pieces, [described, bands], **how)
    return beyond_sound(beside, lags=lags_of(frames[study.stimuli[0]]), seed=scoring.seed)


def claimed(product: Measured, given: Measured | str) -> dict[str, Measured] | str:
    """Parts of the claim that all three agree beyond what any two share; or why it can't be tested."""
    return given if isinstance(given, str) else {"product": product, "given_sound": given}


def squared_pairs(cases: Mapping[str, TriModal]) -> pd.DataFrame:
    """Mean squared correlation of each pair, (case, pair)."""
    return pd.DataFrame({case: _over_listeners(one.squared).to_series() for case, one in cases.items()}).T


def beside_broken(cases: Mapping[str, TriModal]) -> pd.DataFrame:
    """Scores of each case beside 95 % of draws with the pair broken that leaves most: case, score, value, ends."""
    rows = []
    for case, one in cases.items():
        for name in SCORES:
            value, drawn = (_over_listeners(x).sel(score=name) for x in (one.observed, one.draws))
            hardest = drawn.isel(broken=int(drawn.mean("draw").argmax("broken")))
            rows.append((case, name, float(value), *(float(hardest.quantile(q)) for q in (0.025, 0.975))))
    return pd.DataFrame(rows, columns=["case", "score", "value", "null_low", "null_high"])


def _over_listeners(array: xr.DataArray) -> xr.DataArray:
    return array.mean("subject") if "subject" in array.dims else array


def descriptions(recording, stimuli: Sequence[str]) -> dict[str, xr.DataArray]:
    """The eGeMAPS descriptors of some stimuli frame by frame, each (time, descriptor); from disk if known."""
    import xarray as xr

    from lib.compare import descriptors

    def one(name):
        values, times, names = descriptors(*recording.audio(name))
        return xr.DataArray(values, {"time": times, "descriptor": names}, ("time", "descriptor"))

    return kept("descriptors", (recording.fingerprint, str(stimuli)), lambda: {name: one(name) for name in stimuli})


def at_frames(described: xr.DataArray, frames: np.ndarray) -> np.ndarray:
    """Descriptors at the times of frames, (frame, descriptor), standardised; those that never change are left out."""
    varied, known = described.values[:, described.values.std(axis=0) > 0], described.time.values
    values = onto_frames(varied, known, np.clip(frames, known[0], known[-1]), "linear")
    return zscored(values[:, values.std(axis=0) > 1e-9])


def consistency(found: Any, score: str = "product") -> Measured:
    """Tri-modal consistency minus its mean with the pair broken that leaves most, over subjects.

    p is that of the mean over subjects against the pair that is hardest to beat.
    """
    observed, draws = found.observed.sel(score=score), found.draws.sel(score=score)
    units = (observed - draws.mean("draw").max("broken")).values
    p = _hardest_p(observed.mean("subject"), draws.mean("subject"))
    return estimate(units, p=p, draws=draws.sizes["draw"])


def consistency_by_sentence(
    items: Iterable[tuple], name: str, score: str = "product", *, seed: int, **how: Any
) -> Measured:
    """The same over sentences or sounds, for few sets of responses; `how` is that of ``tri_modal``."""
    import xarray as xr

    found = [tri_modal([one], name, seed=seed * 100_003 + k, **how) for k, one in enumerate(items)]
    observed = xr.concat([one.observed.sel(score=score) for one in found], "sentence")
    draws = xr.concat([one.draws.sel(score=score) for one in found], "sentence")
    if "subject" in observed.dims:
        observed, draws = observed.mean("subject"), draws.mean("subject")
    drawn = draws.mean("sentence")
    hardest = draws.isel(broken=int(drawn.mean("draw").argmax("broken"))).mean("draw")
    p = _hardest_p(observed.mean("sentence"), drawn)
    return estimate((observed - hardest).values, p=p, draws=drawn.sizes["draw"])


def given_sound(found: BeyondSound, twin: BeyondSound) -> Measured | str:
    """Likeness of brain and model once the sound is taken out of both, over pieces, or why that can't be told.

    An untrained `twin` is a random function of the sound: if it, too, is more like the brain than chance, the
    descriptions leave out something that the sound does to both.
    """
    if twin.p <= 0.05 and twin.low > 0:
        return (
            f"an untrained twin, a random function of the sound, is like the brain beyond the described sound as well "
            f"({twin.value:.3f}, {twin.low:.3f} to {twin.high:.3f}, n = {twin.n}; the trained model {found.value:.3f}, "
            f"{found.low:.3f} to {found.high:.3f}): the descriptions leave out what drives both"
        )
    p = max(found.p, 1 / (found.n_draws + 1))
    return Measured(value=found.value, low=found.low, high=found.high, n=found.n, p=p, draws=found.n_draws)


def _hardest_p(value: xr.DataArray, draws: xr.DataArray) -> float:
    return float((((draws >= value - ROUNDING).sum("draw") + 1) / (draws.sizes["draw"] + 1)).max())
