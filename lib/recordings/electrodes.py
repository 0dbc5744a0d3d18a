"""Another brain as the yardstick: electrodes in other people who heard the same sounds, as features.

Comes in: time courses of channels for a set of sounds, and the names of the sounds of the recording to be predicted.
Goes out: features (sound, channel) like those of a model's layer.

What such a score can mean: how much of a response other brains share, read out linearly, as a model's layer is. It is
no noise ceiling: other people, other sensors and other places were measured, channels may be denoised (song-ecog's 272
electrodes are weighted sums of 15 components), and a model may well beat it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.ground import WrongUse
from lib.recordings.record import SensorSoundRecording


def electrode_features(
    recording: SensorSoundRecording, bins: int = 1, *, sounds: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Responses of all channels averaged over time, as the one layer of a model.

    Parameters
    ----------
    recording : SensorSoundRecording
        Time courses of the sounds, such as song-ecog's.
    bins : int
        Averages are taken in so many stretches of time, of the same length up to one sample, side by side.
    sounds : sequence of str, optional
        Names of the sounds to be predicted, in their order. Default: those of `recording`.

    Returns
    -------
    dict of str to array of shape (n, channels * bins)
        One layer, called "electrodes", all channels of the first stretch coming first. Columns are z-scored over
        sounds: how large a channel's response is depends on the electrode's contact, not on the brain.

    Raises
    ------
    WrongUse
        If `recording` has no time courses, if the sounds are not the same, or if there are not 1 to n_samples bins.
    """
    if not isinstance(recording, SensorSoundRecording):
        raise WrongUse(
            f"{getattr(recording, 'name', recording)} has no time courses of single sounds: take a recording that has, "
            "such as song-ecog"
        )
    heard = recording.time_courses.transpose("sound", "time", "channel")
    row = {str(name): place for place, name in enumerate(heard.sound.values)}
    wanted = list(row) if sounds is None else [str(name) for name in sounds]
    odd = sorted(row.keys() ^ set(wanted))
    if odd or len(wanted) != len(row):
        what = f"only one of them has {odd[:3]}" if odd else "some are asked for twice"
        raise WrongUse(
            f"the {len(wanted)} sounds to be predicted are not the {len(row)} of {recording.name} ({what}): take "
            "recordings of one set of sounds, such as natsound165 and song-ecog"
        )
    if not 1 <= bins <= heard.sizes["time"]:
        raise WrongUse(f"bins must be 1 to {heard.sizes['time']}, the samples of {recording.name}, got {bins}")
    values = heard.values[[row[name] for name in wanted]]
    x = np.hstack([part.mean(1) for part in np.array_split(values, bins, axis=1)])
    spread = x.std(0)
    return {"electrodes": (x - x.mean(0)) / np.where(spread > 0, spread, 1.0)}
