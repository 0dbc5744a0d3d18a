"""Material of the EEG chapter: pieces of sound, what listeners answered to them, and what models made of them.

Comes in: a recording of connected speech with EEG, or of short sounds with electrodes in the brain. Goes out: pieces
(sentences, words or sounds), responses and frames of models on clocks in seconds, and the similarity of the two by
sentence, measure, listener and layer, each beside what re-ordered frames of the same sentence give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.compare import averaged, onto_frames, other_null, principal_components, sentence_null, zscored
from lib.compare.nulls import Null
from lib.ground import WrongUse, unknown
from lib.models import Activations, sound_activations
from lib.models import load as load_model
from lib.recordings import EEGRecording
from lib.report.kept import kept

if TYPE_CHECKING:
    import mne
    import xarray as xr

    from lib.recordings.preprocessing import Cleaned

RDMS = {
    "correlation": ("", True),
    "cosine": ("_cosine", False),
    "euclidean": ("_euclidean", False),
    "mahalanobis": ("_euclidean", True),
}
"""Distance between frames: ending of the rank measures, and whether components are whitened. ``correlation`` is the
published one; whitened Euclidean distance is Mahalanobis' distance within the components."""
LEAST_FRAMES, LEAST_OTHERS, LEAST_PIECES = 4, 5, 8
NULLS = ("auto", "shift", "shuffle", "other")
MARGIN = 0.6
"""Seconds of response kept before a piece and after its end, for filters and lags."""
ROOM = 3e9
"""Bytes of cleaned recordings held at once; a listener that does not fit is cleaned again when asked for again."""


@dataclass(frozen=True)
class Piece:
    """A sentence, word or sound: which stimulus it is part of, from when to when [s from the stimulus' onset]."""

    name: str
    stimulus: str
    start: float
    stop: float


@dataclass(frozen=True, eq=False)
class Heard:
    """Responses to the stimuli of a chapter.

    Attributes
    ----------
    subjects : tuple of str
        Whose; ("group",) where channels of several brains are taken together.
    values : dict
        By stimulus and subject, (n, c).
    times : dict
        By stimulus, (n,) [s from onset].
    channels : tuple of str
    info : mne.Info or None
        Where channels lie on the scalp.
    cleaned : Cleaned or None
        What cleaning did to the first listener.
    clean : callable or None
        Gives the cleaned recording of a subject (``Cleaned``); ask for one after the other (see ``ROOM``).
    """

    subjects: tuple[str, ...]
    values: dict[str, dict[str, np.ndarray]] = field(repr=False)
    times: dict[str, np.ndarray] = field(repr=False)
    channels: tuple[str, ...] = field(repr=False)
    info: mne.Info | None = field(repr=False, default=None)
    cleaned: Cleaned | None = field(repr=False, default=None)
    clean: Callable[[str], Cleaned] | None = field(repr=False, default=None)


def pieces(recording, unit: str, count: int) -> list[Piece]:
    """`count` sentences (or sounds), evenly spaced over the recording, or all words of as many sentences.

    Raises
    ------
    WrongUse
        Words of sounds that have none, or fewer than ``LEAST_PIECES``: one half chooses layers for the other, and five
        nuisances are regressed out of sentences.
    """
    table = recording.stimuli
    if unit not in ("sentence", "word") or (unit == "word" and not isinstance(recording, EEGRecording)):
        raise unknown("unit", unit, ("sentence", "word") if isinstance(recording, EEGRecording) else ("sentence",))
    chosen = table.index[np.unique(np.linspace(0, len(table) - 1, min(count, len(table))).round().astype(int))]
    if unit == "sentence":
        found = [Piece(name, name, 0.0, float(table.loc[name, "duration"])) for name in chosen]
    else:
        words = recording.words[recording.words["sentence"].isin(chosen)]
        found = [Piece(f"{w.sentence}/{w.position}", w.sentence, w.onset, w.offset) for w in words.itertuples()]
    if len(found) < LEAST_PIECES:
        raise WrongUse(f"{len(found)} pieces ({unit}) are too few: take sentences of at least {LEAST_PIECES}, or 0.")
    return found


def responses(recording, stimuli: Sequence[str], **choices: Any) -> Heard:
    """Responses to some stimuli: EEG cleaned by `choices` (``recordings.preprocessing.clean``), others as they are.

    Channels that somebody lacks, and those that are the reference and so always 0, are left out.
    """
    if isinstance(recording, EEGRecording):
        return _scalp(recording, stimuli, choices)
    one = recording.responses("group", stimuli[0])
    values = {name: {"group": recording.responses("group", name).values.T} for name in stimuli}
    return Heard(("group",), values, dict.fromkeys(stimuli, one.time.values), tuple(map(str, one.channel.values)))


def _scalp(recording, stimuli: Sequence[str], choices: Mapping) -> Heard:
    import mne
    import xarray as xr

    from lib.recordings.preprocessing import clean

    subjects = tuple(recording.subjects)
    first = clean(recording.raw(subjects[0]), **choices)
    size = first.raw.n_times * len(first.raw.ch_names) * 8

    @lru_cache(maxsize=max(1, int(ROOM // size)))
    def cleaned(subject: str) -> Cleaned:
        return first if subject == subjects[0] else clean(recording.raw(subject), **choices)

    def compute():
        cuts = {name: [] for name in stimuli}
        for subject in subjects:
            raw = cleaned(subject).raw
            for name in stimuli:
                cuts[name].append(recording.responses(subject, name, raw=raw, tmin=-MARGIN, tmax=MARGIN).astype("f4"))
        place = pd.Index(subjects, name="subject")
        together = {name: xr.concat(each, place, join="inner") for name, each in cuts.items()}  # channels of everybody
        return {name: x.transpose("subject", "time", "channel") for name, x in together.items()}

    found = kept("responses", (recording.fingerprint, str(choices), str(stimuli), str(subjects)), compute)
    named = choices.get("reference") or ()
    against = {named} if isinstance(named, str) else set(named)
    found = {name: x.sel(channel=[c for c in x.channel.values if c not in against]) for name, x in found.items()}
    values = {name: dict(zip(subjects, x.values, strict=True)) for name, x in found.items()}
    times = {name: x.time.values for name, x in found.items()}
    channels = tuple(map(str, found[stimuli[0]].channel.values))
    info = mne.pick_info(first.raw.info, [first.raw.ch_names.index(name) for name in channels])
    return Heard(subjects, values, times, channels, info, first, cleaned)


def represented(name: str, recording, stimuli: Sequence[str], rate: float) -> dict[str, Activations]:
    """Frames of a model for each stimulus, on one clock for all layers, at most `rate` of them a second."""
    sounds = [recording.audio(stimulus) for stimulus in stimuli]
    found = sound_activations(load_model(name), sounds)
    return {stimulus: _on_one_clock(one, rate) for stimulus, one in zip(stimuli, found, strict=True)}


def _on_one_clock(one: Activations, rate: float) -> Activations:
    """All layers at the times of the last, thinned through an anti-aliasing filter where it is faster than `rate`."""
    *_, times = one.times.values()
    if len(times) > 1 and 1 / np.median(np.diff(times)) > 1.01 * rate:
        grid, method = np.arange(times[0], times[-1] + 1e-9, 1 / rate), "antialiased"
    else:
        grid, method = times, "linear"
    layers = {}
    for name, values in one.layers.items():
        same = len(one.times[name]) == len(grid) and np.allclose(one.times[name], grid)
        known = one.times[name]
        layers[name] = np.asarray(values) if same else onto_frames(values, known, _within(grid, known), method)
    return Activations(layers, dict.fromkeys(layers, grid))


def _within(grid: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Times of `grid`, held at the ends of a layer that starts later or stops earlier."""
    return np.clip(grid, times[0] - 0.04, times[-1] + 0.04)


def voice(recording) -> pd.DataFrame:
    """The eGeMAPS functionals of every sentence of a recording, (sentence, functional); from disk if known."""
    import xarray as xr

    from lib.compare import functionals

    def compute():
        sounds = {name: recording.audio(name)[0] for name in recording.stimuli.index}
        found = functionals(sounds, int(recording.stimuli["rate"].iloc[0]))
        return {"functionals": xr.DataArray(found, dims=("sentence", "functional"))}

    found = kept("functionals", (recording.fingerprint,), compute)["functionals"]
    return found.to_pandas().loc[recording.stimuli.index]


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


# ---- similarity, sentence by sentence ----


def item(
    frames: Activations, heard: Heard, piece: Piece, *, components: int, whiten: bool, method: str, lag: float = 0.0
) -> tuple[dict, dict] | None:
    """Layers' components and listeners' responses at the frames of one piece; None where it has too few frames."""
    inside = _inside(frames, piece)
    if inside.sum() < LEAST_FRAMES:
        return None
    layers = {n: principal_components(x[inside], components, whiten=whiten) for n, x in frames.layers.items()}
    known, when = heard.times[piece.stimulus], _times(frames)[inside] + lag
    its_own = (known >= piece.start + lag) & (known < piece.stop + lag) if method == "count" else slice(None)
    heard_here = {s: x[its_own] for s, x in heard.values[piece.stimulus].items()}
    brought = _brought(heard_here, known[its_own], when, method)
    return layers, {s: zscored(x) for s, x in brought.items()}


def items(frames: Mapping[str, Activations], heard: Heard, parts: Sequence[Piece], **how: Any) -> Iterator[tuple]:
    """Piece and its ``item``, those with too few frames left out."""
    for piece in parts:
        found = item(frames[piece.stimulus], heard, piece, **how)
        if found is not None:
            yield piece, found


def items_with_others(
    frames: Mapping[str, Activations], heard: Heard, parts: Sequence[Piece], *, seed: int, most: int = 20, **how: Any
) -> Iterator[tuple]:
    """Piece, its ``item``, and what the same listeners answered to at most `most` other pieces, for ``other_null``.

    Another response starts with the first frame of the other piece and lasts as long as this one; it may go on after
    the other piece has ended. Pieces for which fewer than ``LEAST_OTHERS`` last so long are left out.
    """
    method = "linear" if how["method"] == "count" else how["method"]
    stimuli = dict.fromkeys(piece.stimulus for piece in parts)
    whole = {name: _whole(frames[name], heard, name, method, how.get("lag", 0.0)) for name in stimuli}
    first = {piece.name: int(_inside(frames[piece.stimulus], piece).argmax()) for piece in parts}
    left = {piece.name: len(next(iter(whole[piece.stimulus].values()))) - first[piece.name] for piece in parts}
    rng = np.random.default_rng(seed)
    for piece, (layers, answers) in items(frames, heard, parts, **how):
        length = len(next(iter(answers.values())))
        others = [other for other in parts if other.name != piece.name and left[other.name] >= length]
        if len(others) < LEAST_OTHERS:
            continue
        chosen = [others[k] for k in rng.permutation(len(others))[:most]]
        cuts = [(whole[other.stimulus], slice(first[other.name], first[other.name] + length)) for other in chosen]
        yield piece, (layers, answers, {s: [zscored(x[s][cut]) for x, cut in cuts] for s in answers})


def _times(frames: Activations) -> np.ndarray:
    *_, times = frames.times.values()
    return times


def _inside(frames: Activations, piece: Piece) -> np.ndarray:
    return (_times(frames) >= piece.start) & (_times(frames) < piece.stop)


def _whole(frames: Activations, heard: Heard, stimulus: str, method: str, lag: float) -> dict[str, np.ndarray]:
    """Responses of all listeners at every frame of a stimulus that lies within what was recorded."""
    known, when = heard.times[stimulus], _times(frames) + lag
    when = when[(when >= known[0]) & (when <= known[-1])]
    return _brought(heard.values[stimulus], known, when, method)


def _brought(
    values: Mapping[str, np.ndarray], known: np.ndarray, when: np.ndarray, method: str
) -> dict[str, np.ndarray]:
    """Responses of all listeners at some times: together, because a filter is made once for all of them."""
    ends = np.cumsum([x.shape[1] for x in values.values()])[:-1]
    together = onto_frames(np.concatenate([*values.values()], axis=1), known, when, method)
    return dict(zip(values, np.split(together, ends, axis=1), strict=True))


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


def scores(found: Iterator[tuple], measures: Sequence[str], *, n_permutations: int, scheme: str, seed: int) -> Scores:
    """Similarity by sentence with its null.

    Parameters
    ----------
    found : iterator of (Piece, (layers, responses))
        From ``items``, or from ``items_with_others`` where the scheme is ``other``.
    measures : sequence of str
    n_permutations : int
        Draws for every sentence.
    scheme : {"shift", "shuffle", "other"}
        Of ``sentence_null``, or ``other_null``.
    seed : int
        Sentences draw independently of each other.
    """
    import xarray as xr

    names, nulls = [], []
    for number, (piece, one) in enumerate(found):
        names.append(piece.name)
        draws = {"n_permutations": n_permutations, "seed": seed * 100_003 + number}
        if scheme == "other":
            nulls.append(other_null(*one, measures, **draws))
        else:
            nulls.append(sentence_null([one], measures, scheme=scheme, **draws))
    if not nulls:
        raise WrongUse("no piece has enough frames: take longer pieces or a faster model.")
    place = pd.Index(names, name="sentence")
    observed, expected = (xr.concat([getattr(n, key) for n in nulls], place) for key in ("observed", "null_mean"))
    return Scores(observed, expected, averaged(_side_by_side(nulls, place), "sentence"))


def kept_scores(key: tuple, found: Callable[[], Iterator[tuple]], measures: Sequence[str], **how: Any) -> Scores:
    """``scores``, read from disk where the same were computed before; `key` holds all that the items depend on."""

    def compute():
        new = scores(found(), measures, **how)
        parts = {"observed": new.observed, "expected": new.expected}
        return parts | {"mean": new.null.observed, "draws": new.null.draws}

    told = [*measures, *(f"{name}={value}" for name, value in sorted(how.items()))]
    old = kept("scores", (*key, *told), compute)
    blank = {f.name: None for f in fields(Null)} | {"scheme": how.get("scheme", "shuffle"), "notes": ()}
    one = Null(**blank | {name: old[of].expand_dims("item") for name, of in (("observed", "mean"), ("draws", "draws"))})
    return Scores(old["observed"], old["expected"], averaged(one, "item"))


def _side_by_side(nulls: list[Null], place: pd.Index) -> Null:
    import xarray as xr

    parts = {f.name: getattr(nulls[0], f.name) for f in fields(Null)}
    notes = tuple(note for null in nulls for note in null.notes)
    for key in ("observed", "draws", "items"):
        parts[key] = xr.concat([getattr(null, key) for null in nulls], place)
    return Null(**parts | {"notes": notes})


def chosen_null(scheme: str, unit: str) -> str:
    """Name of the null: ``auto`` is ``shift``, and ``other`` for words.

    Rotating the few frames of a word breaks the plain course from its begin to its end that every word has, so that
    noise passes for likeness.
    """
    if scheme not in NULLS:
        raise unknown("null (scheme)", scheme, NULLS)
    if unit == "word" and scheme not in ("auto", "other"):
        raise WrongUse(
            f"words are too short for {scheme}: take scheme other (or auto), which needs no frames re-ordered."
        )
    return ("other" if unit == "word" else "shift") if scheme == "auto" else scheme


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
    from dataclasses import replace

    back = {variant: name for name, variant in plain.items()}

    def called(array):
        return array.assign_coords(measure=[back[str(m)] for m in array.measure.values])

    parts = {f.name: getattr(one.null, f.name) for f in fields(Null) if f.name not in ("scheme", "notes", "items")}
    null = replace(one.null, **{key: called(value) for key, value in parts.items()}, items=None)
    return Scores(called(one.observed), called(one.expected), null)
