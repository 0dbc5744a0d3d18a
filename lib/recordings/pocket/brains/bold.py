"""Simulated fMRI of listeners to the pocket story: early regions follow the sound, late ones the words and meanings.

Comes in: how many listeners, how strong a signal, which effects to leave out. Goes out: a ``StoryRecording`` in the
form of a measured one, in percent signal change, a volume every two seconds; the last segment is heard several times.
``voxels`` plants its effects and ``story_truth`` states them. Right: haemodynamic delay and blur, noise that
outlasts a volume and is partly shared by all voxels, noise ceilings of real data. Wrong: no drift, no motion, no pulse,
one haemodynamic response per listener, and twelve runs of 45 s are shorter than a scanner would run.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np
import xarray as xr

from lib import ground, provenance
from lib.recordings.cards import described
from lib.recordings.narrative import StoryRecording
from lib.recordings.pocket.brains import voxels, waves
from lib.recordings.pocket.brains.settings import check_settings, switched_off
from lib.recordings.pocket.brains.voxels import BANDS, EFFECTS, MEANINGS, Voxels
from lib.recordings.pocket.brains.waves import loudness
from lib.recordings.pocket.story.telling import Telling, tell

NAME = "pocket-story"
TR = 2.0
"""Seconds from volume to volume. Volume k shows the state of k * TR after the onset of its segment."""
TAIL = 10.0
"""How long a run goes on after its segment [s]."""
STEP = 16
"""The features' clock runs at 128 / STEP = 8 Hz before the haemodynamic response."""
PERSISTENCE, SHARED = 0.45, 0.2
"""Autocorrelation of the noise from volume to volume; the share of its variance that comes from five sources common to
all voxels."""
Courses = dict[str, dict[str, np.ndarray]]
"""By effect and segment, (time, feature or voxel)."""
MEANING_SEED = 7
"""Of the vectors of words' meanings: they are the same in every simulation."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """A simulation's settings; ``load`` says what they mean."""

    subjects: int = 3
    segments: int = 12
    repeats: int = 8
    snr: float = 1.0
    seed: int = 0
    without: tuple[str, ...] = ()

    def __post_init__(self):
        """Check types and ranges: a wrong one is a ``ground.WrongUse`` that says which and what is allowed."""
        object.__setattr__(self, "without", switched_off(self.without, EFFECTS, voxels.GROUPS))
        counts = {name: (getattr(self, name), 1) for name in ("subjects", "segments", "repeats")}
        check_settings(self.snr, seed=(self.seed, 0), **counts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the simulated listeners: sim01, sim02, ..."""
        return tuple(f"sim{k + 1:02d}" for k in range(self.subjects))


def load(
    root: str | Path | None = None,
    *,
    subjects: int = 3,
    segments: int = 12,
    repeats: int = 8,
    snr: float = 1.0,
    seed: int = 0,
    without: tuple[str, ...] = (),
) -> StoryRecording:
    """Simulate fMRI of listeners to the pocket story.

    Parameters
    ----------
    root : path, optional
        Folder in which the sounds are kept; default: the cache.
    subjects : int
        How many listeners.
    segments : int
        How many of the story's twelve segments they hear, from the first.
    repeats : int
        How often they hear the last of these; the others are heard once.
    snr : float
        Factor on every planted response; 0 leaves noise only. At 1 signal makes about .15 of the variance of one
        presentation in the median early voxel, .12 in the median late one.
    seed : int
        Of the listeners and their noise; neither depends on `snr` or `without`.
    without : sequence of str
        Effects to switch off: "acoustic" (early regions), "lexical" and "semantic" (late regions); "early" and "late"
        name the same by region.

    Returns
    -------
    StoryRecording
        ``responses(subject, segment)``: (time, voxel) for a segment heard once, (repeat, time, voxel) for the one
        heard again; voxels carry region, hemisphere, vertex on fsaverage5 and position x, y, z [mm].

    Raises
    ------
    ground.WrongUse
        An option's value is of the wrong kind.
    """
    settings = {"subjects": subjects, "segments": segments, "repeats": repeats, "snr": snr}
    options = Options(**settings, seed=seed, without=without)
    telling = tell(segments, root)
    names = list(telling.segments.index)
    presentations = dict.fromkeys(names, 1) | {names[-1]: repeats}
    code = provenance.code(__name__)
    answers = lru_cache(maxsize=subjects)(partial(signals, cache(partial(drives, telling)), options))
    return StoryRecording(
        **described(NAME),
        stimuli=telling.sentences,
        subjects=options.names,
        fingerprint=ground.fingerprint(telling.fingerprint, code, repr(options)),
        read_audio=telling.audio,
        read_responses=partial(_responses, answers, options, presentations),
        segments=telling.segments,
        words=telling.words,
        phonemes=telling.phonemes,
        tr=TR,
        repeats=presentations,
    )


def drives(telling: Telling) -> Courses:
    """Features of each segment at 8 Hz, by effect, each of variance 1 over the telling.

    Returns
    -------
    dict
        ``drives[effect][segment]``, shape (time, feature). acoustic: energy in 16 bands and its rises; lexical: words,
        their surprisal and their rarity (the negative of their log frequency), both from the mean; semantic: twelve
        dimensions of the meanings of content words.
    """
    makers = {"acoustic": _acoustic, "lexical": _lexical, "semantic": _semantic}
    out = {}
    for effect, make in makers.items():
        parts = {segment: make(telling, segment) for segment in telling.segments.index}
        every = np.concatenate(list(parts.values()))
        out[effect] = {name: (part - every.mean(axis=0)) / every.std(axis=0) for name, part in parts.items()}
    return out


def _acoustic(telling: Telling, segment: str) -> np.ndarray:
    bands = loudness(telling.audio(segment)[0], BANDS)
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0).mean(axis=1, keepdims=True)
    both = np.hstack([bands, rise])  # time, feature
    both = np.pad(both, ((0, -len(both) % STEP), (0, 0)), mode="edge")
    return both.reshape(-1, STEP, both.shape[1]).mean(axis=1)


def _lexical(telling: Telling, segment: str) -> np.ndarray:
    table = telling.words
    centred = [table[name] - table[name].mean() for name in ("surprisal", "log_frequency")]
    values = np.column_stack([np.ones(len(table)), centred[0], -centred[1]])
    return _impulses(telling, segment, values)


def _semantic(telling: Telling, segment: str) -> np.ndarray:
    table = telling.words
    values = np.array([word_meaning(*row) for row in table[["word", "meaning"]].itertuples(index=False)])
    return _impulses(telling, segment, values)


def word_meaning(word: str, kind: str) -> np.ndarray:
    """Vector of a word's meaning, twelve dimensions: words of one kind are alike (cosine about .7), others are not.

    The kinds are those that data/pocket/story.yml gives by hand; a word of the kind "other" has only a vector of its
    own, a function word (kind "") has none. The vectors are random and the same in every simulation.
    """
    if not kind:
        return np.zeros(MEANINGS)
    own, common = (
        np.random.default_rng([MEANING_SEED, zlib.crc32(name.encode())]).standard_normal(MEANINGS)
        for name in (word, f"kind {kind}")
    )
    return 0.55 * own + (0 if kind == "other" else 0.84) * common


def _impulses(telling: Telling, segment: str, values: np.ndarray) -> np.ndarray:
    """Values (word, feature) of the words of a segment, laid at their onsets, shape (time, feature)."""
    rate = waves.RATE / STEP
    mine = (telling.words["segment"] == segment).to_numpy()
    onset = telling.words["onset"] + telling.words["sentence"].map(telling.sentences["start"])
    frames = (onset[mine] * rate).astype(int)
    out = np.zeros((int(np.ceil(telling.segments.loc[segment, "duration"] * rate)), values.shape[1]))
    np.add.at(out, frames.to_numpy(), values[mine])
    return out


def courses(drive: Courses, planted: Voxels) -> Courses:
    """Time course of each effect in each voxel, ``courses[effect][segment]`` of shape (volume, voxel).

    Mixed by the voxel's weights, convolved with the listener's haemodynamic response, sampled at the volumes, and of
    variance 1 over the segments.
    """
    from nilearn.glm.first_level import glover_hrf
    from scipy.signal import fftconvolve

    rate = waves.RATE / STEP
    response = glover_hrf(1 / rate, oversampling=1, time_length=32.0, onset=planted.delay)
    out = {}
    for effect, parts in drive.items():
        mixed = {}
        for segment, part in parts.items():
            length = int(np.ceil((len(part) / rate + TAIL) / TR))
            # Silence follows: the features fall back to what they are in silence, not to their mean.
            still = np.repeat(part[:1], int(TAIL * rate) + 1, axis=0)
            padded = np.concatenate([np.repeat(part[:1], 32 * int(rate), axis=0), part, still])
            blurred = fftconvolve(padded, response[:, None], axes=0)[32 * int(rate) :]
            mixed[segment] = blurred[:: int(TR * rate)][:length] @ planted.weights[effect].T  # volume, voxel
        every = np.concatenate(list(mixed.values()))
        out[effect] = {name: (part - every.mean(axis=0)) / every.std(axis=0) for name, part in mixed.items()}
    return out


def signals(drive: Callable[[], Courses], options: Options, number: int) -> dict[str, np.ndarray]:
    """Planted response of listener `number` (from 0) to each segment, (volume, voxel) [percent signal change].

    `drive` gives the features of ``drives``; it is asked when it is needed.
    """
    planted = voxels.draw(options.seed, number)
    parts = courses(drive(), planted)
    gains = options.snr * planted.gains * [effect not in options.without for effect in EFFECTS]
    pairs = list(zip(EFFECTS, gains.T, strict=True))
    return {segment: sum(parts[effect][segment] * gain for effect, gain in pairs) for segment in parts[EFFECTS[0]]}


def noise(rng: np.random.Generator, planted: Voxels, volumes: int) -> np.ndarray:
    """Noise of one presentation, shape (volume, voxel): autocorrelated, in part common to all voxels."""
    from scipy.signal import lfilter

    count = len(planted.noise)
    common = rng.standard_normal((volumes + 20, 5)) @ rng.standard_normal((5, count)) / np.sqrt(5)
    own = rng.standard_normal((volumes + 20, count))
    mixed = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * own
    smooth = lfilter([np.sqrt(1 - PERSISTENCE**2)], [1, -PERSISTENCE], mixed, axis=0)[20:]  # from rest to steady state
    return planted.noise * smooth


def _responses(
    answers: Callable[[int], dict[str, np.ndarray]],
    options: Options,
    presentations: Mapping[str, int],
    subject: str,
    stimulus: str,
) -> xr.DataArray:
    if stimulus not in presentations:
        raise ground.WrongUse(
            f"{NAME} has responses to whole segments, such as {next(iter(presentations))!r}, not {stimulus!r}"
        )
    number = options.names.index(subject)
    answer, planted = answers(number)[stimulus], voxels.draw(options.seed, number)
    seeds = [[options.seed, 31, number, zlib.crc32(stimulus.encode()), k] for k in range(presentations[stimulus])]
    runs = [answer + noise(np.random.default_rng(seed), planted, len(answer)) for seed in seeds]
    notes = {"units": "percent signal change", "tr": TR, "recording": NAME, "subject": subject, "stimulus": stimulus}
    dims = ("repeat", "time", "voxel") if len(runs) > 1 else ("time", "voxel")
    coords = {"time": TR * np.arange(len(answer)), "voxel": np.arange(answer.shape[1])}
    coords |= {name: ("voxel", column.to_numpy()) for name, column in voxels.places().items()}
    values = np.array(runs if len(runs) > 1 else runs[0], np.float32)
    notes |= {"simulated": True, "mesh": "fsaverage5"}
    return xr.DataArray(values, dims=dims, coords=coords, name="responses", attrs=notes)
