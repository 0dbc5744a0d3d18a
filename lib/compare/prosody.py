"""How it was said: acoustic descriptors of speech, and scores of arousal and valence made from them.

Comes in: mono samples and their rate. Goes out: eGeMAPS descriptors frame by frame with their times, functionals of
whole sentences, the published proxies for affect and a sounder version, and what an ablation of energy and duration
takes out. openSMILE computes the descriptors (Eyben et al. 2016, eGeMAPSv02). No listener ever
rated anything here: the proxies are acoustic, and named after what they are meant to stand for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import pandas as pd

_PITCH = "F0semitoneFrom27.5Hz_sma3nz_amean"
_PITCH_RANGE = "F0semitoneFrom27.5Hz_sma3nz_stddevNorm"
_LOUDNESS = "loudness_sma3_amean"
_FLUX = "spectralFlux_sma3_amean"
_TILT = "mfcc1_sma3_amean"

PROXIES = MappingProxyType(
    {
        "published": {"arousal": (_PITCH, _LOUDNESS, _PITCH_RANGE), "valence": (_PITCH_RANGE, _FLUX, _TILT)},
        "separate": {"arousal": (_PITCH, _LOUDNESS), "valence": (_FLUX, _TILT)},
    }
)
"""Functionals whose mean z-score over sentences is a proxy. The published two share the spread of pitch, and so
correlate by construction; ``separate`` leaves it out of both."""

ENERGY = (_LOUDNESS, "loudness_sma3_stddevNorm", "equivalentSoundLevel_dBp", _FLUX)
"""Functionals that follow the level of a sound: level and loudness themselves, and spectral flux, which scales."""


LOUDEST = 2.0
"""Samples beyond this are in another unit: 16-bit integers, not numbers between -1 and 1 with an overshoot."""
LEAST_RATE = 1000
"""Below, openSMILE has no bands to describe; below 0 it ends the whole process."""


@cache
def _extractor(level: str):
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=getattr(opensmile.FeatureLevel, level)
    )


def functionals(sounds: Mapping[str, np.ndarray], rate: int) -> pd.DataFrame:
    """The 88 eGeMAPS functionals of whole sentences.

    Parameters
    ----------
    sounds : mapping of name to array (n,)
        Mono samples, -1 to 1.
    rate : int
        Samples per second.

    Returns
    -------
    pandas.DataFrame
        One row per sound, indexed by name; columns as openSMILE names them, units as in Eyben et al. (2016).

    Raises
    ------
    ValueError
        A sound that is not finite mono samples between -1 and 1, or too short for openSMILE.
    """
    import pandas as pd

    if not isinstance(sounds, Mapping):
        raise WrongUse("sounds must be a mapping of names to samples.")
    rows = {name: _processed("Functionals", name, samples, rate).iloc[0] for name, samples in sounds.items()}
    if not rows:
        raise WrongUse("no sounds to describe.")
    return pd.DataFrame(rows).T.astype(np.float64)


def descriptors(samples: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The 25 frame-level eGeMAPS descriptors of a sound, every 10 ms.

    Returns
    -------
    values : ndarray (frame, 25)
        As openSMILE gives them, each in its own unit: standardise the columns before measuring distances.
    times : ndarray (frame,)
        Middle of each frame [s].
    names : list of str
        Of the columns; what belongs to the voice is 0 where there is none.
    """
    frame = _processed("LowLevelDescriptors", "sound", samples, rate)
    start, end = (frame.index.get_level_values(edge).total_seconds().to_numpy() for edge in ("start", "end"))
    return frame.to_numpy(np.float64), (start + end) / 2, list(frame.columns)


def _processed(level: str, name: str, samples: np.ndarray, rate: int) -> pd.DataFrame:
    import warnings

    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
        raise ValueError(f"sound {name!r} must be finite mono samples, got shape {samples.shape}.")
    if np.abs(samples).max() > LOUDEST:
        raise ValueError(f"sound {name!r} reaches {np.abs(samples).max():g}: give samples between -1 and 1.")
    if not (np.isscalar(rate) and rate >= LEAST_RATE):
        raise WrongUse(f"rate must be samples per second, at least {LEAST_RATE}, got {rate}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # too short a sound becomes an error below
        found = _extractor(level).process_signal(samples, rate)
    if found.isna().to_numpy().any():
        raise ValueError(f"sound {name!r} lasts {len(samples) / rate:.3f} s, too short for eGeMAPS: leave it out.")
    return found


def affect_scores(
    features: pd.DataFrame, variant: str = "published", *, within: Sequence | None = None
) -> pd.DataFrame:
    """Acoustic proxies of arousal and valence.

    Each is the mean of z-scores (over the rows, ddof 1) of the functionals that ``PROXIES`` names; missing values count
    as 0 and a constant column scores 0, as in the code of arXiv 2601.16540.

    Parameters
    ----------
    features : pandas.DataFrame
        From :func:`functionals`, at least two sentences. Scores are relative to these sentences.
    variant : {"published", "separate"}
        Key of ``PROXIES``.
    within : sequence of length n, optional
        Who speaks each sentence: z-scores are then taken speaker by speaker. Without it (as published) the proxies of
        several speakers tell the speakers apart, by their pitch, before they tell how anything was said.

    Returns
    -------
    pandas.DataFrame
        arousal, valence, sentiment (their mean), indexed as `features`.
    """
    if variant not in PROXIES:
        raise unknown("variant of the affect proxies", variant, PROXIES)
    voices = np.zeros(len(features)) if within is None else np.asarray(within)
    if within is not None and (voices != voices).any():
        raise WrongUse("within must say of every sentence who speaks it: some are missing.")
    if voices.shape != (len(features),) or min(np.unique(voices, return_counts=True)[1], default=0) < 2:
        raise WrongUse(
            f"scores are relative to other sentences: {len(features)} sentences with at least two of each speaker."
        )
    missing = {name for names in PROXIES[variant].values() for name in names} - set(features.columns)
    if missing:
        raise WrongUse(f"the features lack {', '.join(sorted(missing))}: give all functionals of eGeMAPSv02.")
    named = features[[*dict.fromkeys(name for names in PROXIES[variant].values() for name in names)]]
    if not all(kind.kind in "fiu" for kind in named.dtypes) or np.isinf(named.to_numpy(np.float64)).any():
        raise ValueError("features must be numbers, missing ones NaN and none infinite.")
    filled = named.fillna(0.0)
    groups = filled.groupby(voices)
    spread = groups.transform("std")
    z = ((filled - groups.transform("mean")) / spread.where(spread > 1e-12 * filled.abs().max())).fillna(0.0)
    scores = {name: z[list(names)].mean(axis=1) for name, names in PROXIES[variant].items()}
    sentiment = (scores["arousal"] + scores["valence"]) / 2
    return z.assign(**scores, sentiment=sentiment)[["arousal", "valence", "sentiment"]]


def energy_and_duration(features: pd.DataFrame, durations: Sequence[float]) -> pd.DataFrame:
    """What the ablation removes: the ``ENERGY`` functionals and the logarithm of each sentence's duration [s]."""
    missing = set(ENERGY) - set(features.columns)
    if missing:
        raise WrongUse(f"the features lack {', '.join(sorted(missing))}: give all functionals of eGeMAPSv02.")
    durations = np.asarray(durations, dtype=np.float64)
    if durations.shape != (len(features),) or not (durations > 0).all():
        raise WrongUse(f"one positive duration per sentence is needed: {len(features)}, got shape {durations.shape}.")
    return features[list(ENERGY)].assign(log_duration=np.log(durations))
