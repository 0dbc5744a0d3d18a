# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Many studies of listeners who do not exist
#
# The workshop behind the chapter *Would we have found it?*. One run simulates a block of studies, analyses each as if
# nothing were known of what was planted, and leaves counts that add up over blocks. `make recovery` runs all blocks and
# writes data/recovery.csv.

# %% tags=["parameters"]
recording: str = "pocket-eeg"  # which listeners are simulated: pocket-eeg, pocket-sounds or pocket-story
first: int = 1000  # seed of the first study; study k has the seed first + k [at least 0]
studies: int = 4  # how many studies [at least 1]
listeners: list = [4, 8, 16]  # sizes of a study; smaller ones are cut out of the largest [at least 2]
segments: list = [3, 6, 12]  # how much of the story is heard, in segments of about 45 s [at least 1]
strengths: list = [0.25, 0.5, 1.0]  # of the signal, 1 is that of the recordings in this book [at least 0]
n_permutations: int = 199  # draws of the null of sound components [at least 1]

# %%
import numpy as np
import pandas as pd

from lib.chapters.recovery import eeg as studies_eeg
from lib.chapters.recovery import fmri as studies_fmri
from lib.chapters.recovery.studies import add_up, count, t_test
from lib.recordings import load
from lib.recordings.pocket.brains.story_truth import eeg_truth
from lib.recordings.pocket.brains.truth import truth
from lib.report.records import save_table

seeds, most, rows = range(first, first + studies), max(listeners), []


def setting(snr, off, n, minutes=0.0):
    of_what = {"recording": recording, "without": ",".join(off), "snr": snr}
    return of_what | {"listeners": n, "minutes": round(float(minutes), 2)}


def without_test(estimates):
    return {"estimate": np.atleast_1d(estimates), "p": np.ones(np.size(estimates))}


# %% [markdown]
# ## EEG
#
# Each listener's noise is simulated once; responses of every strength are then added to it. What was planted is known
# here for two things: when responses peak, and how large the response to words is where the analysis looks.

# %%
if recording == "pocket-eeg":
    planted = eeg_truth(subjects=400, seed=0)
    place = list(studies_eeg.PLACES["centro-parietal"])
    waves = [
        planted.response(name, "surprisal").sel(channel=place).mean("channel") for name in planted.maps.subject.values
    ]
    size = float(np.mean([studies_eeg.late_contrast(wave.values, wave.lag.values) for wave in waves]))
    sizes = {"late size": size, "affect, late": size * (1 - planted.affect.loc["surprisal", "negative"])}
    n1 = planted.peaks.query("feature == 'onset' and amplitude < 0")["latency"].mean()
    n400 = planted.peaks.query("feature == 'surprisal'")["latency"].mean()
    spans = {"onset": (0.05, 0.15, n1), "word": (0.25, 0.55, n400)}

# %%
if recording == "pocket-eeg":
    minutes = load(recording, subjects=1, stored=False).segments["duration"].cumsum() / 60
    everybody = [studies_eeg.listen(seed, number) for seed in seeds for number in range(most)]
    settings = [(snr, (), k) for snr in strengths for k in segments]
    settings += [(1.0, (off,), max(segments)) for off in ("surprisal", "acoustic", "affect")]
    settings += [(0.0, (), k) for k in segments]
    for snr, off, k in settings:
        measured = studies_eeg.measure([studies_eeg.mixture(one, snr, off)[:k] for one in everybody])
        for n in listeners:
            common = setting(snr, off, n, minutes.iloc[k - 1])
            for name, values in measured.contrasts.items():
                tests = t_test(values[: len(values) // n * n].reshape(-1, n))
                sized = sizes.get(name) if not off else None
                rows.append(count(tests | {"estimate": tests["t"]}, effect=name, **common))
                if sized is not None:
                    rows.append(count(tests, sized * snr, effect=f"size of {name}", **common))
            if snr:
                for name, each in measured.waves.items():
                    start, stop, when = spans[name]
                    groups = each[: len(each) // n * n].reshape(-1, n, each.shape[1])
                    found = np.array([studies_eeg.peak_interval(group, start, stop) for group in groups])
                    latency = without_test(found[:, 0]) | {"low": found[:, 1], "high": found[:, 2]}
                    rows.append(count(latency, when, effect=f"latency of {name}", **common))

# %% [markdown]
# ## Sounds
#
# Component by component: does a filterbank predict what was measured of it (under the null that refits everything), and
# how well does a blind decomposition of the voxels find its profile?

# %%
if recording == "pocket-sounds":
    for snr in [*strengths, 0.0]:
        tested = []
        for seed in seeds:
            heard = load(recording, subjects=most, snr=snr, seed=seed)
            wanted = truth(subjects=1, snr=snr, seed=seed).profiles
            tested.append(studies_fmri.component_p_values(heard, n_permutations=n_permutations, seed=seed))
            for n in listeners:
                found = studies_fmri.blind_components(studies_fmri.mean_voxels(heard, n), 6, seed=seed)
                by_chance = studies_fmri.chance_match(found, wanted.values, seed=seed)
                pairs = zip(wanted.component.values, studies_fmri.matched(found, wanted.values), by_chance, strict=True)
                common = setting(snr, (), n)
                for name, r2, chance in pairs:
                    rows.append(count(without_test(r2), effect=f"profile of {name}", **common))
                    rows.append(count(without_test(chance), effect=f"profile of {name}, chance", **common))
        for k, name in enumerate(wanted.component.values):
            tests = {"estimate": np.array([r2[k] for r2, _ in tested]), "p": np.array([p[k] for _, p in tested])}
            common = setting(snr, (), 1)
            rows.append(count(tests, effect=f"tuning to {name}", **common))

# %% [markdown]
# ## Story
#
# Words against sound, late regions against early ones, in every listener; tested over listeners.

# %%
if recording == "pocket-story":
    minutes = load(recording, subjects=1).segments["duration"].cumsum() / 60
    settings = [(snr, (), k) for snr in strengths for k in segments]
    settings += [(1.0, ("late",), max(segments))] + [(0.0, (), k) for k in segments]
    for snr, off, k in settings:
        each = np.concatenate([studies_fmri.hierarchy_table(seed, most, k, snr, off)["interaction"] for seed in seeds])
        for n in listeners:
            tests = t_test(each[: len(each) // n * n].reshape(-1, n))
            common = setting(snr, off, n, minutes.iloc[k - 1])
            rows.append(count(tests | {"estimate": tests["t"]}, effect="hierarchy", **common))

# %%
counts = save_table(add_up([pd.DataFrame(rows)]), "counts")
counts.head(12)
