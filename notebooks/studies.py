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
# This is the workshop behind the chapter *Would we have found it?*.
# One run simulates a block of studies and analyses each as if nothing were known of what was planted.
# It leaves counts, which add up over blocks.
# `make recovery` runs all blocks and writes data/recovery.csv.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-eeg"  # which listeners are simulated: pocket-eeg, pocket-sounds or pocket-story
first: int = 1000  # seed of the first study; study k has the seed first + k [at least 0]
studies: int = 4  # how many studies [at least 1]
listeners: list = [4, 8, 16]  # sizes of a study; smaller ones are cut out of the largest [at least 1]
segments: list = [3, 6, 12]  # how much of the story is heard, in segments of about 45 s [at least 1]
strengths: list = [0.25, 0.5, 1.0]  # of the signal, 1 is that of the recordings in this book [at least 0]
n_permutations: int = 199  # draws of the null of sound components [at least 1]
# fmt: on

# %% [markdown]
# ## What a block is
#
# Every study has a seed of its own, so that blocks with different seeds can be added up.
# A small study is a part of a large one: the same listeners count in both.

# %%
from lib.chapters.recovery import studies as tables
from lib.chapters.recovery import workshop
from lib.report import save_table

seeds = range(first, first + studies)
block = workshop.Block(
    recording,
    seeds,
    listeners,
    segments,
    strengths,
    n_permutations,
)

# %% [markdown]
# ## What is simulated, and what is asked
#
# * **EEG.** Each listener's noise is simulated once, and responses of every strength are added to it.
#   Tests over listeners ask for early and late windows, for what sound and words predict, and for affect.
#   Two things are held against the truth: when responses peak, and how large the response to words is.
# * **Sounds.** Does a filterbank predict what was measured of each component, under a null that refits everything?
#   And how well does a blind decomposition of the voxels find its profile?
# * **Story.** Are words better than sound in late regions, beyond what they are in early ones?
#   This is computed in every listener and tested over listeners.
#
# Each question is also asked where the answer is no: with one effect off, and with noise only.

# %%
simulated = workshop.simulate(block)
simulated.groupby("effect", sort=False)["studies"].sum().to_frame()

# %% [markdown]
# ## What is kept
#
# Of each setting: studies, how many found it, and sums from which means, spreads and coverage follow.

# %%
counts = save_table(tables.add_up([simulated]), "counts")
counts.head(12)
