"""One study of simulated listeners, seen whole: what an analysis recovers of two responses, beside what was planted.

Comes in: a simulated recording, and its truth, which the chapter opens. Goes out: per response its waves and maps,
found and planted, the latency of its peak, and what there is to say of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from lib.chapters.recovery.eeg import PLACES, peak_interval, scalp_responses
from lib.compare import Estimate
from lib.compare.word_responses import FEATURES, MAIN, SECONDS
from lib.ground import WrongUse
from lib.recordings import EEGRecording, load
from lib.report import words

if TYPE_CHECKING:
    from lib.recordings.pocket.brains.story_truth import EEGTruth

RECORDING = "pocket-eeg"
PARTS = {
    "onset": ("onset", "sound onsets", "N1", "fronto-central", (0.05, 0.15), "µV per s.d. of onset"),
    "surprisal": ("word", "words", "N400", "centro-parietal", (0.25, 0.55), "µV per mean surprisal"),
}
"""By planted feature: the analysis' own, what is answered to, its peak, where and when it is sought [s], its unit."""


def hear(recording: str, **options: Any) -> EEGRecording:
    """Load simulated listeners whose truth this chapter knows; options as of ``load("pocket-eeg")``.

    Raises
    ------
    WrongUse
        Another recording.
    """
    if recording != RECORDING:
        raise WrongUse(f"{recording} has no known truth of this kind: this chapter needs {RECORDING}")
    return load(recording, **options)


def outline(heard: EEGRecording) -> pd.DataFrame:
    """What was heard, one row a segment of the story."""
    names = {"speaker": "speaker", "sentences": "sentences", "duration": "duration (s)"}
    return heard.segments[list(names)].rename(columns=names).rename_axis(None).round(1)


def recovered(heard: EEGRecording) -> xr.DataArray:
    """Responses by deconvolution from the raw EEG, (listener, feature, lag, channel) [µV per unit of the feature]."""
    values = [scalp_responses(heard, name) for name in heard.subjects]
    coords = {"listener": list(heard.subjects), "feature": [FEATURES[k] for k in MAIN], "lag": SECONDS}
    coords["channel"] = heard.info(heard.subjects[0]).ch_names
    return xr.DataArray(np.array(values), coords, ("listener", "feature", "lag", "channel"))


@dataclass(frozen=True, eq=False)
class Response:
    """One response, recovered and planted.

    Attributes
    ----------
    name : str
        Planted feature, a key of ``PARTS``.
    found, planted : DataArray (listener, lag, channel)
        µV per unit of the feature.
    peak, planted_peak, likeness : Estimate
        Latency [ms] as recovered (95 % jackknife interval over listeners) and planted; correlation of the two maps at
        the planted latency, NaN where nothing was planted.
    """

    name: str
    found: xr.DataArray
    planted: xr.DataArray
    peak: Estimate
    planted_peak: Estimate
    likeness: Estimate

    @property
    def there(self) -> bool:
        """Whether anything was planted."""
        return bool(abs(self.planted).max() > 0)

    @property
    def waves(self) -> np.ndarray:
        """Recovered waves (listener, lag), averaged over the channels of the place."""
        return _at_place(self.found, self.name).values

    @property
    def goal(self) -> np.ndarray:
        """The planted wave (lag,): over listeners and the channels of the place, in its own unit."""
        return _at_place(self.planted, self.name).values.mean(axis=0)

    @property
    def scale(self) -> float:
        """Factor that takes the planted wave to the unit of the analysis.

        The brain's onsets have another unit than those of a cochleagram: their factor is fitted (least squares), and so
        says nothing. Words count in one unit for both.
        """
        if self.name != "onset":
            return 1.0
        return float(self.goal @ self.waves.mean(axis=0) / max(self.goal @ self.goal, 1e-12))

    def turns(self) -> pd.DataFrame:
        """Peaks of the planted wave of at least a tenth of its largest: lag [ms], planted (scaled) and recovered."""
        wave, size = self.scale * self.goal, abs(self.scale * self.goal)
        bend = np.sign(np.diff(wave))
        inner = np.flatnonzero((bend[:-1] * bend[1:] < 0) & (size[1:-1] >= 0.1 * size.max())) + 1
        turns = {"lag": 1000 * SECONDS[inner], "planted": wave[inner], "recovered": self.waves.mean(axis=0)[inner]}
        return pd.DataFrame(turns)

    def reading(self) -> str:
        """In a sentence, where the response was planted and where it is found."""
        _, what, peak, *_ = PARTS[self.name]
        found = f"{words.number(self.peak.value, 0)} ms"
        when, like = words.number(self.planted_peak.value, 0), words.number(self.likeness.value)
        if not self.there:
            return f"No response to {what} was planted here: what looks like a peak at {found} is noise."
        return (
            f"The {peak} to {what} was planted at {when} ms and is found at {found} "
            f"(95 % interval {words.interval(self.peak, 0)} ms); "
            f"its map correlates {like} with the planted one, over {self.likeness.n} channels."
        )

    def off_by(self) -> str:
        """In a sentence, how large the recovered wave is where the planted one turns."""
        if not self.there:
            return f"After {PARTS[self.name][1]} there is nothing to compare."
        sizes = [
            (f"{row.recovered / row.planted:.1f} times", f"at {row.lag:.0f} ms") for row in self.turns().itertuples()
        ]
        scaled = f" (multiplied by {self.scale:.2g} to fit)" if self.scale != 1 else ""
        (first, when), *rest = sizes
        first = f"{first} as large as the planted one{scaled} {when}"
        return f"After {PARTS[self.name][1]} the recovered wave is {words.listing([first, *map(' '.join, rest)])}."


def _at_place(values: xr.DataArray, name: str) -> xr.DataArray:
    return values.sel(channel=list(PLACES[PARTS[name][3]])).mean("channel")


def beside_truth(responses: xr.DataArray, truth: EEGTruth) -> dict[str, Response]:
    """The two responses that were planted, as recovered and in truth, by name of the planted feature."""
    return {name: _response(name, responses, truth) for name in PARTS}


def _response(name: str, responses: xr.DataArray, truth: EEGTruth) -> Response:
    own, what, peak, _, span, _ = PARTS[name]
    found = responses.sel(feature=own, drop=True)
    names = found.listener.values
    outside = {"fill_value": 0.0}
    each = [truth.response(who, name).interp(lag=SECONDS, kwargs=outside) for who in names]
    planted = xr.concat(each, "listener").transpose("listener", "lag", "channel").sel(channel=found.channel)
    when = planted_latency(truth, name)
    at = int(np.argmin(abs(SECONDS - when)))
    maps = [values.mean("listener").values[at] for values in (found, planted)]
    likeness = float(np.corrcoef(*maps)[0, 1]) if np.ptp(maps[1]) else np.nan
    value, low, high = (1000 * x for x in peak_interval(_at_place(found, name).values, *span))
    n, title = len(names), f"{peak} to {what}"
    about = f"correlation of the recovered with the planted map over channels, {title}"
    return Response(
        name=name,
        found=found,
        planted=planted,
        peak=Estimate(value, low, high, n, about=f"latency of the {title} [ms]", digits=0),
        planted_peak=Estimate(1000 * when, n=n, about=f"planted latency of the {title} [ms]", digits=0),
        likeness=Estimate(likeness, n=len(found.channel), about=about, digits=2),
    )


def planted_latency(truth: EEGTruth, name: str) -> float:
    """Mean latency [s] of the peak that is sought: of those after sound onsets, the one that has the N1's width."""
    mine = truth.peaks[truth.peaks["feature"] == name]
    if name == "onset":
        mine = mine.query("amplitude <= 0 and width > .015 and width < .02")
    return float(mine["latency"].mean())


def numbers(study: Mapping[str, Response]) -> dict[str, Any]:
    """What the page quotes of the study, by name."""
    out = {}
    for name, one in study.items():
        out |= {f"peak_{name}": one.peak, f"planted_{name}": one.planted_peak, f"map_{name}": one.likeness}
        out |= {f"reading_{name}": one.reading(), f"turns_{name}": one.off_by()}
    return out


def table(study: Mapping[str, Response]) -> pd.DataFrame:
    """Latencies of the two peaks and likeness of their maps, one row a response."""
    rows = {
        f"{PARTS[name][2]}, to {PARTS[name][1]}": {
            "planted (ms)": words.number(one.planted_peak.value, 0),
            "recovered (ms)": words.number(one.peak.value, 0),
            "95 % interval (ms)": words.interval(one.peak, 0),
            "maps, r": words.number(one.likeness.value),
        }
        for name, one in study.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")
