"""What is true of the simulated listeners to the story: which feature drives which sensor or voxel, when, how strongly.

Comes in: the options of a simulation. Goes out: tables. An analysis that looks for the truth must not be able to read
it: only the recovery chapter and tests compare with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lib.recordings.pocket.brains import bold, scalp, voxels, waves
from lib.recordings.pocket.story.telling import tell


@dataclass(frozen=True, kw_only=True, eq=False)
class EEGTruth:
    """What was planted in ``load("pocket-eeg", ...)``.

    Attributes
    ----------
    options : waves.Options
        Of the simulation.
    peaks : pandas.DataFrame
        One row per subject and peak of a response: subject, effect (the switch that turns it off), feature, source,
        latency and width (standard deviation) [s], amplitude [µV per unit of the feature, before the map]; switches
        and snr included.
    maps : xarray.DataArray, shape (subject, source, channel)
        Topography of each source against the average of the 64 channels; an amplitude times a map is in µV.
    affect : pandas.DataFrame
        Factor on each effect in sentences of each affect, (effect, affect); 1 throughout when switched off.
    bad : dict
        The bad channel of each subject.
    """

    options: waves.Options
    peaks: pd.DataFrame
    maps: xr.DataArray
    affect: pd.DataFrame
    bad: dict[str, str]

    def response(self, subject: str, feature: str) -> xr.DataArray:
        """Temporal response function (channel, lag) of one subject, µV per unit of `feature`, 128 Hz, 0 to 0.8 s."""
        lags = np.arange(0, 0.8, 1 / waves.RATE)
        rows = self.peaks.query("subject == @subject and feature == @feature")
        waves_at = rows["amplitude"].to_numpy()[:, None] * np.exp(
            -0.5 * ((lags - rows["latency"].to_numpy()[:, None]) / rows["width"].to_numpy()[:, None]) ** 2
        )
        wave = xr.DataArray(waves_at.sum(axis=0), dims="lag", coords={"lag": lags})
        return self.maps.sel(subject=subject, source=rows["source"].iloc[0]) * wave


def eeg_truth(**options: Any) -> EEGTruth:
    """What was planted in ``load("pocket-eeg", **options)``."""
    settings = waves.Options(**{name: value for name, value in options.items() if name != "stored"})
    listeners = {name: waves.listener(settings, number) for number, name in enumerate(settings.names)}
    maps = np.array([who.maps - who.maps.mean(axis=1, keepdims=True) for who in listeners.values()])
    channels = scalp.electrodes().ch_names
    coords = {"subject": list(listeners), "source": list(scalp.SOURCES), "channel": channels}
    return EEGTruth(
        options=settings,
        peaks=pd.DataFrame([row for name, who in listeners.items() for row in _peaks(settings, name, who)]),
        maps=xr.DataArray(maps, dims=("subject", "source", "channel"), coords=coords, attrs={"simulated": True}),
        affect=_affect(settings),
        bad={name: channels[who.bad] for name, who in listeners.items()},
    )


def _peaks(options: waves.Options, subject: str, who: waves.Listener) -> list[dict[str, Any]]:
    return [
        {
            "subject": subject,
            "effect": effect.switch,
            "feature": effect.feature,
            "source": effect.source,
            "latency": lag + who.delay[effect.switch],
            "width": width,
            "amplitude": size * who.gain[effect.feature] * options.snr * (effect.switch not in options.without),
        }
        for effect in waves.EFFECTS
        for lag, width, size in effect.peaks
    ]


def _affect(options: waves.Options) -> pd.DataFrame:
    planted = {} if "affect" in options.without else waves.AFFECT_GAIN
    effects = [switch for switch in waves.SWITCHES if switch != "affect"]
    affects = ("negative", "neutral", "positive")
    return pd.DataFrame(
        {affect: [planted.get(effect, {}).get(affect, 1.0) for effect in effects] for affect in affects}, index=effects
    )


def story_truth(**options: Any) -> pd.DataFrame:
    """What was planted in ``load("pocket-story", **options)``.

    Returns
    -------
    pandas.DataFrame
        One row per subject and voxel: subject, voxel, region, hemisphere, vertex; system ("early", "late" or
        "control"); acoustic, lexical and semantic gain [percent signal change per standard deviation of that effect's
        time course]; best_frequency [Hz] of the acoustic tuning; delay of the haemodynamic response [s]; noise
        (standard deviation of one presentation) [percent signal change]; explainable, the share of signal in the
        variance of one presentation, and ceiling, the highest correlation that a model can reach with one presentation.
    """
    settings = bold.Options(**options)
    drive = cache(partial(bold.drives, tell(settings.segments)))
    parts = [_voxels(settings, drive, number) for number in range(settings.subjects)]
    return pd.concat(parts, ignore_index=True)


def _voxels(options: bold.Options, drive: Any, number: int) -> pd.DataFrame:
    planted, where = voxels.draw(options.seed, number), voxels.places()
    answers = np.concatenate(list(bold.signals(drive, options, number).values()))
    explained = answers.var(axis=0)
    gains = options.snr * planted.gains * [effect not in options.without for effect in voxels.EFFECTS]
    centres = 100 * 70 ** (planted.best_frequency / (voxels.BANDS - 1))  # bands lie evenly from 100 Hz to 7 kHz
    table = where[["region", "hemisphere", "vertex"]].assign(
        system=[voxels.REGIONS[name].system for name in where["region"]],
        **dict(zip(voxels.EFFECTS, gains.T, strict=True)),
        best_frequency=centres,
        delay=planted.delay,
        noise=planted.noise,
        explainable=explained / (explained + planted.noise**2),
    )
    table.insert(0, "subject", options.names[number])
    table.insert(1, "voxel", np.arange(len(table)))
    return table.assign(ceiling=np.sqrt(table["explainable"]))
