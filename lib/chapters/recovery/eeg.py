"""Many simulated EEG studies: what a plain analysis finds in each, over listeners, minutes and signal strengths.

Comes in: seeds and settings. Goes out: per listener and setting the contrasts and waves that a study would average.
The pocket world simulates (``lib.recordings.pocket.brains.sessions``), with noise and planted currents apart, because
both and every step up to the fit are linear: each listener is reduced to sums of products once and joined at any
strength afterwards. The analysis itself has the story's features and the recording, and nothing that was planted.

The analysis: average reference over good channels, 0.5 to 20 Hz, two groups of electrodes chosen beforehand
(fronto-central for sounds, centro-parietal for words), deconvolution (``lib.compare.response_functions``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.compare.deconvolution import Moments, lagged, moments, response_functions, unique_prediction
from lib.compare.word_responses import (
    CENTRO_PARIETAL,
    FEATURES,
    LAGS,
    MAIN,
    RATE,
    SECONDS,
    TAIL,
    envelope_and_onsets,
    late_contrast,
)
from lib.compare.word_responses import story_features as features_of
from lib.models import load as load_model
from lib.recordings import EEGRecording, load
from lib.recordings.channels import ROBUST_Z, robust_z
from lib.recordings.pocket.brains import scalp, waves
from lib.recordings.pocket.brains.sessions import Session, session, strengths
from lib.recordings.pocket.story.telling import tell

SOUND, WORDS = [0, 1], [3]
"""Of ``FEATURES``, which are the analysis' own: a word counts by its surprisal."""
PLACES = {
    "fronto-central": ("Fz", "FCz", "Cz", "F1", "F2", "FC1", "FC2"),
    "centro-parietal": CENTRO_PARIETAL,
}
FRONT, BACK = 0, 1
BAND = (0.5, 20.0)


@dataclass(frozen=True, eq=False)
class Listener:
    """One listener, as sums of products per segment: noise and responses apart, so that any mixture can be analysed.

    Attributes
    ----------
    noise : list of Moments
        Of the story's features with noise alone at the two places.
    answers : list of Moments
        Of the story's features with each source current (effect with affect, then without).
    mixed : ndarray, shape (segment, place, current)
        Products of noise with currents.
    currents : ndarray, shape (segment, current, current)
        Products of currents with each other.
    maps : ndarray, shape (place, current)
        How strongly each current is seen at each place.
    """

    noise: list[Moments]
    answers: list[Moments]
    mixed: np.ndarray
    currents: np.ndarray
    maps: np.ndarray


def band(values: np.ndarray) -> np.ndarray:
    """Pass `BAND` without phase shift and keep every second sample, (row, time) at 128 Hz to (row, time / 2)."""
    length = values.shape[1]
    frequency = np.fft.rfftfreq(length, 1 / waves.RATE)
    rise = np.clip((frequency - BAND[0] / 2) / (BAND[0] / 2), 0, 1)
    fall = np.clip((BAND[1] * 1.25 - frequency) / (BAND[1] * 0.25), 0, 1)
    gain = np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2
    return np.fft.irfft(np.fft.rfft(values, axis=1) * gain, length, axis=1)[:, :: waves.RATE // RATE]


@cache
def story_features(segments: int) -> tuple[np.ndarray, list[slice]]:
    """Features (feature, time) over the whole session at `RATE`, filtered as the EEG is, and where segments lie.

    Envelope and onset come from a cochleagram, not from the energies that drive the simulated brains: an analysis
    never has the brain's own features.
    """
    heard = load("pocket-eeg", subjects=1, segments=segments, stored=False)
    telling = tell(segments)
    marks = waves.timeline(telling).set_index("description")["onset"]
    out = np.zeros((len(FEATURES), waves.session_length(telling)))
    spans = []
    for segment, row in heard.segments.iterrows():
        first = marks[f"segment/{segment}"]
        values = _segment_features(heard, segment)
        at = round(first * waves.RATE)
        out[:, at : at + values.shape[1]] = values
        spans.append(slice(round(first * RATE), round((first + row["duration"] + TAIL) * RATE)))
    return band(out) * (waves.RATE / RATE), spans  # a response is a sum over lags, of which there are now fewer


def _segment_features(heard, segment: str) -> np.ndarray:
    samples, rate = heard.audio(segment)
    clock = np.arange(int(heard.segments.loc[segment, "duration"] * waves.RATE)) / waves.RATE
    cochleagram = load_model("cochleagram").activations(samples, rate, cache=True)
    times, courses = cochleagram.times["cochleagram"], envelope_and_onsets(cochleagram.layers["cochleagram"])
    starts, stimuli = heard.stimuli["start"], heard.stimuli[heard.stimuli["segment"] == segment]
    phonemes, words = (table[table["segment"] == segment] for table in (heard.phonemes, heard.words))
    onsets = [(table["onset"] + table["sentence"].map(starts)).to_numpy() for table in (phonemes, words)]
    weights = (words["surprisal"] / heard.words["surprisal"].mean()).to_numpy()
    negative = stimuli.loc[stimuli["affect"] == "negative", ["start", "stop"]].to_numpy()
    courses = [np.interp(clock, times, course) for course in courses]
    return features_of(courses, *onsets, weights, negative, waves.RATE).T


def listen(seed: int, number: int, segments: int = 12) -> Listener:
    """Simulate listener `number` of a study and reduce everything to sums of products."""
    whole = session(seed, number, segments)
    noise, maps = _at_places(whole)
    currents = band(whole.currents)
    _, spans = story_features(segments)
    parts = [[_centred(values[:, span].T) for values in (noise, currents)] for span in spans]
    both = [_moments(number, segments, np.hstack(part)) for number, part in enumerate(parts)]
    width = len(PLACES)
    return Listener(
        noise=[Moments(m.xx, m.xy[:, :width], m.yy[:width], m.features) for m in both],
        answers=[Moments(m.xx, m.xy[:, width:], m.yy[width:], m.features) for m in both],
        mixed=np.array([n.T @ q for n, q in parts]),
        currents=np.array([q.T @ q for _, q in parts]),
        maps=maps,
    )


def _at_places(whole: Session) -> tuple[np.ndarray, np.ndarray]:
    """Noise (place, time) and maps (place, current) at `PLACES`, against the average of the good channels."""
    good = np.abs(robust_z(whole.noise.std(axis=1))) <= ROBUST_Z
    noise = whole.noise - whole.noise[good].mean(axis=0)
    maps = whole.maps - whole.maps[:, good].mean(axis=1, keepdims=True)
    places = [[c for c in _channels(name) if good[c]] for name in PLACES]
    at_places = np.array([noise[place].mean(axis=0) for place in places])
    return band(at_places), np.array([maps[:, place].mean(axis=1) for place in places])


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


@cache
def _design(number: int, segments: int) -> tuple[np.ndarray, np.ndarray]:
    features, spans = story_features(segments)
    x = lagged(features[:, spans[number]].T, LAGS)
    x = x - x.mean(axis=0)
    return x.astype(np.float32), x.T @ x


def _moments(number: int, segments: int, responses: np.ndarray) -> Moments:
    """As ``moments``, with the features' share computed once for all listeners."""
    x, xx = _design(number, segments)
    return Moments(xx, (x.T @ responses.astype(np.float32)).astype(float), (responses**2).sum(axis=0), len(FEATURES))


def _channels(place: str) -> list[int]:
    names = scalp.electrodes().ch_names
    return [names.index(name) for name in PLACES[place]]


def mixture(one: Listener, snr: float, without: tuple[str, ...]) -> list[Moments]:
    """Moments of one listener, segment by segment, at a signal strength and with effects switched off."""
    maps = one.maps * strengths(snr, without)  # place, current
    out = []
    for noise, answer, mixed, currents in zip(one.noise, one.answers, one.mixed, one.currents, strict=True):
        yy = noise.yy + 2 * (maps * mixed).sum(axis=1) + np.einsum("pe,ef,pf->p", maps, currents, maps)
        out.append(Moments(noise.xx, noise.xy + answer.xy @ maps.T, yy, noise.features))
    return out


@dataclass(frozen=True, eq=False)
class Measured:
    """What the analysis gives per listener, rows in the order they came.

    Attributes
    ----------
    contrasts : dict of ndarray, shape (listener,)
        ``CONTRASTS``: each is positive if the effect is there as claimed.
    waves : dict of ndarray, shape (listener, lag)
        Response to acoustic onsets (fronto-central) and to words (centro-parietal), at ``SECONDS``.
    """

    contrasts: dict[str, np.ndarray]
    waves: dict[str, np.ndarray]


CONTRASTS = {
    "early window": "response to acoustic onsets: 150 to 210 ms minus 80 to 130 ms, fronto-central",
    "late window": "response to words: all other lags minus 250 to 500 ms, centro-parietal",
    "sound family": "out-of-sample r of what sound adds to words, fronto-central",
    "word family": "out-of-sample r of what words add to sound, centro-parietal",
    "affect, early": "early window in negative sentences minus the rest",
    "affect, late": "late window in the rest minus negative sentences",
    "late size": "late window in sentences that are not negative",
}
"""`late size` is there for its size, which can be compared with what was planted; the others for detection."""


def early_contrast(wave: np.ndarray) -> np.ndarray:
    """Mean of 150 to 210 ms minus mean of 80 to 130 ms of waves (..., lag): positive for an N1 before a P2."""
    return _mean(wave, 0.15, 0.21) - _mean(wave, 0.08, 0.13)


def _mean(wave: np.ndarray, start: float, stop: float) -> np.ndarray:
    return wave[..., (start <= SECONDS) & (stop >= SECONDS)].mean(axis=-1)


def measure(listeners: list[list[Moments]]) -> Measured:
    """Analyse listeners, each given as moments of the segments that were heard (the same for all)."""
    parts = [_joined([one[k] for one in listeners]) for k in range(len(listeners[0]))]
    whole = sum(parts[1:], parts[0])
    main = response_functions(whole.only(MAIN)).reshape(len(MAIN), len(LAGS), -1, len(PLACES))
    split = response_functions(whole).reshape(len(FEATURES), len(LAGS), -1, len(PLACES))
    onset, word = main[1, :, :, FRONT].T, main[3, :, :, BACK].T  # listener, lag
    plain = [part.only(MAIN) for part in parts]
    sound, words = (unique_prediction(plain, family).reshape(-1, len(PLACES)) for family in (SOUND, WORDS))
    contrasts = (
        early_contrast(onset),
        late_contrast(word),
        sound[:, FRONT],
        words[:, BACK],
        early_contrast(split[5, :, :, FRONT].T),
        -late_contrast(split[6, :, :, BACK].T),
        late_contrast(split[3, :, :, BACK].T),
    )
    return Measured(dict(zip(CONTRASTS, contrasts, strict=True)), {"onset": onset, "word": word})


def _joined(columns: list[Moments]) -> Moments:
    """Listeners side by side, as so many channels."""
    first = columns[0]
    xy = np.concatenate([one.xy for one in columns], axis=1)
    return Moments(first.xx, xy, np.concatenate([one.yy for one in columns]), first.features)


def peak(wave: np.ndarray, start: float, stop: float) -> float:
    """Latency [s] of the most negative point of a wave (lag,) between two lags, by a parabola through three points."""
    inside = np.flatnonzero((start <= SECONDS) & (stop >= SECONDS))
    k = inside[np.argmin(wave[inside])]
    left, middle, right = wave[k - 1], wave[k], wave[min(k + 1, len(wave) - 1)]
    bend = left - 2 * middle + right
    return SECONDS[k] + (0.5 * (left - right) / bend if bend > 0 else 0.0) / RATE


def peak_interval(each: np.ndarray, start: float, stop: float) -> tuple[float, float, float]:
    """Latency of the mean wave of listeners (listener, lag) with its 95 % jackknife interval over listeners."""
    from scipy.stats import t

    n = len(each)
    total = each.sum(axis=0)
    left_out = np.array([peak((total - one) / (n - 1), start, stop) for one in each])
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    value, reach = peak(total / n, start, stop), t.ppf(0.975, n - 1) * error
    return value, value - reach, value + reach


def scalp_responses(heard: EEGRecording, subject: str) -> np.ndarray:
    """Response of every channel of one listener to the features of `MAIN`, (feature, lag, channel), from the raw EEG.

    The recording is cleaned with the defaults of ``lib.recordings.preprocessing.clean``.
    """
    from lib.recordings.preprocessing import clean

    segments = len(heard.segments)
    cleaned = clean(heard.raw(subject)).raw.get_data(units="µV")
    features, spans = story_features(segments)
    responses = band(cleaned)
    parts = [moments(features[MAIN][:, span].T, responses[:, span].T, LAGS) for span in spans]
    return response_functions(sum(parts[1:], parts[0]))
