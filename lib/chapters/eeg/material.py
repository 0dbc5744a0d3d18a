"""Material of the EEG chapter: pieces of sound, what listeners answered to them, and what models made of them.

Comes in: a recording of connected speech with EEG, or of short sounds with electrodes in the brain. Goes out: pieces
(sentences, words or sounds), responses and frames of models on clocks in seconds, and both at the frames of one piece
after the other, ready to be compared (``scores``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.compare import matched, noise_like, onto_frames, principal_components, zscored
from lib.compare.noise import stretch_like
from lib.ground import WrongUse, unknown
from lib.models import Activations, sound_activations
from lib.models import load as load_model
from lib.recordings import EEGRecording
from lib.report.cache import kept

if TYPE_CHECKING:
    import mne

    from lib.compare.similarity.pieces import Matched
    from lib.recordings.preprocessing import Cleaned

LEAST_FRAMES, LEAST_PIECES = 4, 8
SENTENCES = 18
"""Of connected speech, taken where nobody says how many."""
ENOUGH = 5
"""Listeners from which on intervals are over listeners."""
BEFORE_END = 0.5
"""Seconds before the end of any piece that likeness to this piece alone stops: as far as a response is smoothed into
the frames before it, and a voice falls."""
KINDS = ("recorded", "noise")
STRETCH = 8.0
"""Seconds of a recording whose autocovariance noise has."""
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


def pieces(recording, unit: str, count: int = 0) -> list[Piece]:
    """`count` sentences (or sounds), evenly spaced over the recording, or all words of as many sentences.

    Of no `count` they are ``SENTENCES`` sentences, or all sounds.

    Raises
    ------
    WrongUse
        Words of sounds that have none, or fewer than ``LEAST_PIECES``: one half chooses layers for the other, and five
        nuisances are regressed out of sentences.
    """
    table = recording.stimuli
    count = count or (SENTENCES if isinstance(recording, EEGRecording) else len(table))
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


def responses(
    recording, stimuli: Sequence[str], *, kind: str = "recorded", seed: int | Sequence[int] = 0, **choices: Any
) -> Heard:
    """Responses to some stimuli: EEG cleaned by `choices` (``recordings.preprocessing.clean``), others as they are.

    Channels that somebody lacks, and those that are the reference and so always 0, are left out. Of the kind ``noise``,
    everything that anybody answered gives way to noise with the same spectrum and channel correlations
    (``noise_like``), drawn by `seed`: EEG after cleaning, over the whole recording.
    """
    if kind not in KINDS:
        raise unknown("kind of responses", kind, KINDS)
    if isinstance(recording, EEGRecording):
        return _scalp(recording, stimuli, choices, seed if kind == "noise" else None)
    one = recording.responses("group", stimuli[0])
    values = {name: {"group": recording.responses("group", name).values.T} for name in stimuli}
    if kind == "noise":
        values = noise_like(values, seed=seed)
    return Heard(("group",), values, dict.fromkeys(stimuli, one.time.values), tuple(map(str, one.channel.values)))


def _scalp(recording, stimuli: Sequence[str], choices: Mapping, noise: int | Sequence[int] | None) -> Heard:
    import mne
    import xarray as xr

    from lib.recordings.preprocessing import clean

    subjects = tuple(recording.subjects)
    first = clean(recording.raw(subjects[0]), **choices)
    size = first.raw.n_times * len(first.raw.ch_names) * 8

    @lru_cache(maxsize=max(1, int(ROOM // size)))
    def cleaned(subject: str) -> Cleaned:
        one = first if subject == subjects[0] else clean(recording.raw(subject), **choices)
        return one if noise is None else _as_noise(one, [*np.atleast_1d(noise).tolist(), subjects.index(subject)])

    def compute():
        cuts = {name: [] for name in stimuli}
        for subject in subjects:
            raw = cleaned(subject).raw
            for name in stimuli:
                cuts[name].append(recording.responses(subject, name, raw=raw, tmin=-MARGIN, tmax=MARGIN).astype("f4"))
        place = pd.Index(subjects, name="subject")
        together = {name: xr.concat(each, place, join="inner") for name, each in cuts.items()}  # channels of everybody
        return {name: x.transpose("subject", "time", "channel") for name, x in together.items()}

    key = (recording.fingerprint, str(choices), str(stimuli), str(subjects), f"noise={noise}")
    found = kept("responses", key, compute)
    named = choices.get("reference") or ()
    against = {named} if isinstance(named, str) else set(named)
    found = {name: x.sel(channel=[c for c in x.channel.values if c not in against]) for name, x in found.items()}
    values = {name: dict(zip(subjects, x.values, strict=True)) for name, x in found.items()}
    times = {name: x.time.values for name, x in found.items()}
    channels = tuple(map(str, found[stimuli[0]].channel.values))
    info = mne.pick_info(first.raw.info, [first.raw.ch_names.index(name) for name in channels])
    return Heard(subjects, values, times, channels, info, first, cleaned)


def _as_noise(cleaned: Cleaned, seed: Sequence[int]) -> Cleaned:
    import mne

    raw = cleaned.raw.copy().load_data()
    scalp = mne.pick_types(raw.info, eeg=True, exclude=())
    data = raw.get_data(picks=scalp)
    count = max(1, int(data.shape[1] / raw.info["sfreq"] / STRETCH))
    raw[scalp] = stretch_like(np.array_split(data.T, count), data.shape[1], seed=seed).T
    return replace(cleaned, raw=raw)


def represented(name: str, recording, stimuli: Sequence[str], rate: float) -> dict[str, Activations]:
    """Frames of a model for each stimulus, on one clock for all layers, at most `rate` of them a second."""
    sounds = [recording.audio(stimulus) for stimulus in stimuli]
    found = sound_activations(load_model(name), sounds)
    return {stimulus: _on_one_clock(one, rate) for stimulus, one in zip(stimuli, found, strict=True)}


def envelope(frames: Mapping[str, Activations]) -> dict[str, Activations]:
    """The mean over bands of the last layer of a baseline, by stimulus: one number per frame."""
    out = {}
    for stimulus, one in frames.items():
        values, times = [*one.layers.values()][-1], [*one.times.values()][-1]
        out[stimulus] = Activations({"envelope": np.mean(values, axis=1, keepdims=True)}, {"envelope": times})
    return out


def shapes(frames: Mapping[str, Mapping[str, Activations]], stimulus: str) -> pd.DataFrame:
    """How many layers, units (of the last layer) and frames per second every model has, for reading."""
    rows = {}
    for name, by in frames.items():
        *_, last = by[stimulus].layers.values()
        rows[title(name)] = len(by[stimulus].layers), last.shape[1], _rate(by)
    table = pd.DataFrame(rows, index=["layers", "units", "frames per second"]).T
    return table.astype({"layers": int, "units": int}).round(1)


def frame_rates(frames: Mapping[str, Mapping[str, Activations]]) -> dict[str, float]:
    """Frames per second, by model."""
    return {name: _rate(by) for name, by in frames.items()}


def title(model: str) -> str:
    """What a model is called on the page: twins without the mark of their seed."""
    return f"{model.split(':')[1]}, untrained" if model.startswith("untrained:") else model


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


# ---- one piece after the other ----


def item(
    frames: Activations, heard: Heard, piece: Piece, *, components: int, whiten: bool, method: str, lag: float = 0.0
) -> tuple[dict, dict] | None:
    """Layers' components and listeners' responses at the frames of one piece; None where it has too few frames."""
    inside = np.flatnonzero(_inside(frames, piece))
    if len(inside) < LEAST_FRAMES:
        return None
    layers, when = _projected(frames, inside, components, whiten)
    return layers, answers(heard, piece, when, method, lag)


def _projected(frames: Activations, inside: np.ndarray, components: int, whiten: bool) -> tuple[dict, np.ndarray]:
    layers = {n: principal_components(x[inside], components, whiten=whiten) for n, x in frames.layers.items()}
    return layers, _times(frames)[inside]


def answers(heard: Heard, piece: Piece, when: np.ndarray, method: str, lag: float = 0.0) -> dict[str, np.ndarray]:
    """Standardised responses of all listeners to a piece, at the times of its frames and a lag later."""
    known = heard.times[piece.stimulus]
    its_own = (known >= piece.start + lag) & (known < piece.stop + lag) if method == "count" else slice(None)
    heard_here = {s: x[its_own] for s, x in heard.values[piece.stimulus].items()}
    return {s: zscored(x) for s, x in _brought(heard_here, known[its_own], when + lag, method).items()}


def items(frames: Mapping[str, Activations], heard: Heard, parts: Sequence[Piece], **how: Any) -> Iterator[tuple]:
    """Piece and its ``item``, those with too few frames left out."""
    for piece in parts:
        found = item(frames[piece.stimulus], heard, piece, **how)
        if found is not None:
            yield piece, found


def lengths(
    frames: Mapping[str, Mapping[str, Activations]], parts: Sequence[Piece], *, before_end: float = 0.0
) -> Matched:
    """Groups of pieces as long as each other, the same for all models, and their common lengths (``matched``).

    Pieces that have fewer than ``LEAST_FRAMES`` frames of the slowest model are left out.
    """
    rates = frame_rates(frames)
    covered = [min(_inside(by[p.stimulus], p).sum() / rates[name] for name, by in frames.items()) for p in parts]
    frame = 1 / min(rates.values())
    return matched(covered, before_end=before_end, same=frame, shortest=LEAST_FRAMES * frame)


def lengths_or_why(
    frames: Mapping[str, Mapping[str, Activations]], parts: Sequence[Piece], null: str, unit: str
) -> Matched | str:
    """``lengths`` for the null ``pieces``, or ``specific`` (less ``BEFORE_END``); where there are none, why."""
    if null == "specific" and unit == "word":
        return "words are too short to stop before they end"
    try:
        return lengths(frames, parts, before_end=BEFORE_END if null == "specific" else 0.0)
    except WrongUse as error:
        return str(error)


def found(frames: Mapping[str, Activations], heard: Heard, parts: Sequence[Piece], sizes: Any, **how: Any) -> Callable:
    """What gives the items of a null: pieces cut to common lengths where there are any, else as long as they are."""
    if sizes is None:
        return partial(items, frames, heard, parts, **how)
    if isinstance(sizes, str):
        raise WrongUse(f"no pieces to pair: {sizes}")
    return partial(cut_items, frames, heard, parts, sizes, **how)


def groups(sizes: Matched | None) -> tuple[int, ...] | None:
    """Groups of the pieces that ``found`` gives, in order."""
    return None if sizes is None else tuple(sizes.group[sizes.kept].tolist())


def cut_items(
    frames: Mapping[str, Activations],
    heard: Heard,
    parts: Sequence[Piece],
    sizes: Matched,
    *,
    components: int,
    whiten: bool,
    method: str,
    lag: float = 0.0,
) -> Iterator[tuple]:
    """Piece and its ``item``, cut to the common length of its group (``lengths``) before anything else is done."""
    for piece, layers, when in cut_layers(frames, parts, sizes, components=components, whiten=whiten):
        yield piece, (layers, answers(heard, piece, when, method, lag))


def cut_layers(
    frames: Mapping[str, Activations], parts: Sequence[Piece], sizes: Matched, *, components: int, whiten: bool
) -> Iterator[tuple]:
    """Piece, its layers' components and the times of its frames, all cut to the common length of its group."""
    rate = _rate(frames)
    for piece, length in zip(parts, sizes.length, strict=True):
        if np.isfinite(length):
            one, short = frames[piece.stimulus], replace(piece, stop=min(piece.stop, piece.start + length))
            inside = np.flatnonzero(_inside(one, short))[: int(length * rate + 1e-6)]
            yield short, *_projected(one, inside, components, whiten)


def _rate(frames: Mapping[str, Activations]) -> float:
    """Frames per second."""
    return float(1 / np.median(np.diff(_times(next(iter(frames.values()))))))


def beside_the_sound(
    frames: Mapping[str, Activations],
    heard: Heard,
    parts: Sequence[Piece],
    sounds: Sequence[Mapping[str, tuple[np.ndarray, np.ndarray]]],
    *,
    method: str,
    lag: float = 0.0,
) -> Iterator[tuple[np.ndarray, dict, np.ndarray]]:
    """Descriptions of the sound, responses and all layers at the frames of each piece, for ``beyond_sound``.

    Columns are the same in every piece; `sounds` are descriptions by stimulus: values (time, d) and times.
    """
    method = "linear" if method == "count" else method
    for piece in parts:
        one = frames[piece.stimulus]
        inside, known = _inside(one, piece), heard.times[piece.stimulus]
        when = _times(one)[inside]
        if inside.sum() < LEAST_FRAMES:
            continue
        told = [by[piece.stimulus] for by in sounds]
        told = [onto_frames(x, times, np.clip(when, times[0], times[-1]), "linear") for x, times in told]
        layers = np.concatenate([np.asarray(x)[inside] for x in one.layers.values()], axis=1)
        yield np.concatenate(told, axis=1), _brought(heard.values[piece.stimulus], known, when + lag, method), layers


def lags_of(frames: Activations, first: float = -0.1, last: float = 0.5) -> range:
    """Lags in frames between two times [s] by which a sound may come before what it explains."""
    step = float(np.median(np.diff(_times(frames))))
    return range(round(first / step), round(last / step) + 1)


def _times(frames: Activations) -> np.ndarray:
    *_, times = frames.times.values()
    return times


def _inside(frames: Activations, piece: Piece) -> np.ndarray:
    return (_times(frames) >= piece.start) & (_times(frames) < piece.stop)


def _brought(
    values: Mapping[str, np.ndarray], known: np.ndarray, when: np.ndarray, method: str
) -> dict[str, np.ndarray]:
    """Responses of all listeners at some times: together, because a filter is made once for all of them."""
    ends = np.cumsum([x.shape[1] for x in values.values()])[:-1]
    together = onto_frames(np.concatenate([*values.values()], axis=1), known, when, method)
    return dict(zip(values, np.split(together, ends, axis=1), strict=True))
