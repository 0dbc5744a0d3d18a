"""The workshop behind the recovery chapter: blocks of simulated studies, each analysed as if nothing were known of it.

Comes in: a block (which listeners, which seeds, how many, how strong). Goes out: one row per setting and effect, which
``lib.chapters.recovery.studies`` adds up. What was planted is read only to count how far estimates are from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.chapters.recovery import eeg, fmri
from lib.chapters.recovery.studies import count, t_test
from lib.ground import WrongUse, unknown
from lib.recordings import load
from lib.recordings.pocket.brains.story_truth import eeg_truth
from lib.recordings.pocket.brains.truth import truth


@dataclass(frozen=True)
class Block:
    """Studies to simulate.

    Attributes
    ----------
    recording : str
        pocket-eeg, pocket-sounds or pocket-story.
    seeds : sequence of int
        One per study.
    listeners : sequence of int
        Sizes of a study; smaller ones are cut out of the largest.
    segments : sequence of int
        How much of the story is heard.
    strengths : sequence of float
        Of the signal; 0 is added.
    n_permutations : int
        Draws of the null of sound components.
    """

    recording: str
    seeds: Sequence[int]
    listeners: Sequence[int]
    segments: Sequence[int]
    strengths: Sequence[float]
    n_permutations: int

    @property
    def most(self) -> int:
        """Listeners that are simulated for each study."""
        return max(self.listeners)

    def settings(self, switches: tuple[str, ...]) -> list[tuple[float, tuple[str, ...], int]]:
        """Strength, what is off, and segments: all on, each of `switches` off, and noise only."""
        lengths = [(snr, (), k) for snr in self.strengths for k in self.segments]
        return lengths + [(1.0, (off,), max(self.segments)) for off in switches] + [(0.0, (), k) for k in self.segments]

    def common(self, snr: float, off: tuple[str, ...], n: int, minutes: float = 0.0) -> dict[str, Any]:
        """What identifies a setting in the table of counts."""
        of_what = {"recording": self.recording, "without": ",".join(off), "snr": snr}
        return of_what | {"listeners": n, "minutes": round(float(minutes), 2)}


def simulate(block: Block) -> pd.DataFrame:
    """Simulate and count a block of studies, one row per setting and effect.

    Raises
    ------
    WrongUse
        A recording that is not simulated, or studies of one listener where listeners are the sample of a test.
    """
    worlds = {"pocket-eeg": eeg_rows, "pocket-sounds": sound_rows, "pocket-story": story_rows}
    if block.recording not in worlds:
        raise unknown("simulated recording", block.recording, worlds)
    if min(block.listeners) < 2 and block.recording != "pocket-sounds":
        raise WrongUse(f"studies of {block.recording} test over listeners: each needs at least 2 of them")
    return pd.DataFrame(worlds[block.recording](block))


def groups_of(values: np.ndarray, n: int) -> np.ndarray:
    """Listeners (listener, ...) cut into studies of n, (study, n, ...); those left over are dropped."""
    return values[: len(values) // n * n].reshape(-1, n, *values.shape[1:])


def without_test(estimates: np.ndarray) -> dict[str, np.ndarray]:
    """Estimates that are not tested, as ``count`` takes them."""
    return {"estimate": np.atleast_1d(estimates), "p": np.ones(np.size(estimates))}


def story_minutes(recording: str, **options: Any) -> pd.Series:
    """Minutes of the story up to each segment's end."""
    return load(recording, subjects=1, **options).segments["duration"].cumsum() / 60


def eeg_rows(block: Block) -> Iterator[dict[str, Any]]:
    """EEG: windows, families of features and affect are tested; latencies and sizes held against what was planted.

    Each listener's noise is simulated once; responses of every strength are then added to it.
    """
    sizes, spans = planted_sizes(), planted_latencies()
    minutes = story_minutes(block.recording, stored=False)
    everybody = [eeg.listen(seed, number) for seed in block.seeds for number in range(block.most)]
    for snr, off, k in block.settings(("surprisal", "acoustic", "affect")):
        measured = eeg.measure([eeg.mixture(one, snr, off)[:k] for one in everybody])
        for n in block.listeners:
            common = block.common(snr, off, n, minutes.iloc[k - 1])
            for name, values in measured.contrasts.items():
                tests = t_test(groups_of(values, n))
                yield count(tests | {"estimate": tests["t"]}, effect=name, **common)
                if name in sizes and not off:
                    yield count(tests, sizes[name] * snr, effect=f"size of {name}", **common)
            for name, each in measured.waves.items() if snr else ():
                start, stop, when = spans[name]
                peaks = np.array([eeg.peak_interval(group, start, stop) for group in groups_of(each, n)])
                latency = without_test(peaks[:, 0]) | {"low": peaks[:, 1], "high": peaks[:, 2]}
                yield count(latency, when, effect=f"latency of {name}", **common)


def planted_sizes() -> dict[str, float]:
    """How large the response to words is where the analysis looks, and what negative passages take from it [µV]."""
    planted = eeg_truth(subjects=400, seed=0)
    place = list(eeg.PLACES["centro-parietal"])
    names = planted.maps.subject.values
    waves = [planted.response(name, "surprisal").sel(channel=place).mean("channel") for name in names]
    size = float(np.mean([eeg.late_contrast(wave.values, wave.lag.values) for wave in waves]))
    return {"late size": size, "affect, late": size * (1 - planted.affect.loc["surprisal", "negative"])}


def planted_latencies() -> dict[str, tuple[float, float, float]]:
    """Where each peak is sought, from and to, and where it was planted [s]."""
    peaks = eeg_truth(subjects=400, seed=0).peaks
    n1 = peaks.query("feature == 'onset' and amplitude < 0")["latency"].mean()
    n400 = peaks.query("feature == 'surprisal'")["latency"].mean()
    return {"onset": (0.05, 0.15, n1), "word": (0.25, 0.55, n400)}


def sound_rows(block: Block) -> Iterator[dict[str, Any]]:
    """Sounds, by component: whether a filterbank predicts it, and how well its profile is found blind in the voxels."""
    for snr in [*block.strengths, 0.0]:
        tested = []
        for seed in block.seeds:
            heard = load(block.recording, subjects=block.most, snr=snr, seed=seed)
            wanted = truth(subjects=1, snr=snr, seed=seed).profiles
            tested.append(fmri.component_p_values(heard, n_permutations=block.n_permutations, seed=seed))
            for n in block.listeners:
                found = fmri.blind_components(fmri.mean_voxels(heard, n), 6, seed=seed)
                by_chance = fmri.chance_match(found, wanted.values, seed=seed)
                pairs = zip(wanted.component.values, fmri.matched(found, wanted.values), by_chance, strict=True)
                common = block.common(snr, (), n)
                for name, r2, chance in pairs:
                    yield count(without_test(r2), effect=f"profile of {name}", **common)
                    yield count(without_test(chance), effect=f"profile of {name}, chance", **common)
        r2, p = (np.array(values) for values in zip(*tested, strict=True))
        for k, name in enumerate(wanted.component.values):
            tests = {"estimate": r2[:, k], "p": p[:, k]}
            yield count(tests, effect=f"tuning to {name}", **block.common(snr, (), 1))


def story_rows(block: Block) -> Iterator[dict[str, Any]]:
    """Story: words against sound, late regions against early ones, in every listener; tested over listeners."""
    minutes = story_minutes(block.recording)
    for snr, off, k in block.settings(("late",)):
        tables = [fmri.hierarchy_table(seed, block.most, k, snr, off) for seed in block.seeds]
        each = np.concatenate([table["interaction"] for table in tables])
        for n in block.listeners:
            tests = t_test(groups_of(each, n))
            common = block.common(snr, off, n, minutes.iloc[k - 1])
            yield count(tests | {"estimate": tests["t"]}, effect="hierarchy", **common)
