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
# # How brain-like is this model?
#
# {glue:md}`answer`
#
# `alike score MODEL` runs this page for any model: one of the book's {doc}`roster <../generated/models>`, or
# {doc}`your own <../own-model>`.
# It asks four questions.
# How well can responses of auditory cortex be predicted from the model's layers?
# Is that what training gave it, or would the same network with random weights do as well?
# Does it know more than a bank of filters knows?
# And how far from other brains is it?

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # which sounds and brains: pocket-sounds (simulated), natsound165 (real)
model: str = "mini-mixture"  # a name of the roster, untrained:NAME:SEED, FILE.py:FUNCTION, or a checkpoint's folder
electrodes: str = ""  # a recording of electrodes in other people who heard the same sounds: song-ecog, or none
twins: int = 1  # untrained twins, with seeds 0, 1, ... [at least 0]
voxels: int = 400  # at most so many voxels, evenly spaced [at least 1]
n_draws: int = 200  # draws of sounds on which layers and penalties are chosen again, for the intervals [at least 2]
seed: int = 0  # of these draws [at least 0]
# fmt: on

# %% [markdown]
# ## Load: sounds, and what answered to them
#
# A set of sounds was heard, and responses of auditory cortex were measured or simulated.
# Six *components* underlie the responses of thousands of {term}`voxels <voxel>`: each voxel is a weighted sum of them
# {cite}`normanhaignere2015`.
# They can be told apart by ear: low and high frequency, broadband noise, pitch, speech, music.

# %%
from lib.chapters.score import material
from lib.report import say, show, style

style.use_house_style()
heard = material.heard(recording)
heard.outline()

# %% [markdown]
# ## Represent: the model, and what it is set beside
#
# The model hears every sound, and each of its layers is averaged over time: one row of numbers a sound.
#
# A score alone says little, so three others hear the same sounds.
# The *untrained twin* is the same network with random weights: what it predicts is owed to the architecture and to the
# sounds, not to training.
# *Modulation filters* measure how fast the energy of a sound changes in time and across frequency {cite}`chi2005`:
# nobody trained them.
# And where electrodes in other people recorded the same sounds, *other brains* are features too.

# %%
features = material.features(heard, model, twins=twins)
features.shapes()

# %%
from lib.recordings import load
from lib.recordings.electrodes import electrode_features

if electrodes:
    order = heard.recording.stimuli.index
    others = electrode_features(load(electrodes), sounds=order)
    features = features.with_electrodes(others)

# %% [markdown]
# Other brains are a yardstick, not a ceiling.
# Other people were measured with other sensors at other places, and a model may well do better than they.
#
# ## Align: sounds that were not fitted
#
# Sounds are split into folds.
# A {term}`ridge regression` from a layer to a component is fitted on all folds but one, and predicts that one.
# Which layer, and how strongly the regression is held back, is chosen on the training folds alone.
# So a model with many layers gains nothing from having many.

# %%
from lib.chapters.score import scores

fitted = scores.fits(heard, features, n_draws=n_draws, seed=seed)

# %% [markdown]
# ## Compare
#
# ### How well are six components predicted?
#
# {term}`r² <r²>` is the squared correlation of prediction and response over all sounds.
# Its interval says what the whole procedure would reach with other sounds: each sound leaves training and test in turn,
# and layers are chosen again on sounds drawn with replacement.

# %%
from lib.chapters.score import numbers

scored = scores.scored(
    heard,
    features,
    fitted,
    voxels=voxels,
    n_draws=n_draws,
    seed=seed,
)
say(numbers.named(scored))
numbers.by_component(scored)

# %%
from lib.chapters.score import figures

show(figures.components(scored))

# %% [markdown]
# On average over components, {glue:text}`model_name` reaches {glue:text}`mean_r2_told`, from
# {glue:text}`n_sounds` sounds.
# It predicts {glue:text}`best_component` best and {glue:text}`worst_component` worst.
# The twin reaches {glue:text}`twin_mean_r2_told`, the filters {glue:text}`filters_mean_r2_told`, and other brains
# {glue:text}`brains_mean_r2_told`.
#
# ### Is it better than what it is set beside?
#
# Two intervals that overlap may still belong to a clear difference, since the same sounds moved both scores.
# So differences have intervals of their own, corrected for being asked together.
#
# * **Minus its untrained twin:** {glue:text}`gain_twin_told`.
#   With a single twin, the interval says nothing of other draws of random weights: `-p twins 5` does.
# * **Minus the filters:** {glue:text}`gain_filters_told`.
# * **Minus other brains:** {glue:text}`gain_brains_told`.
#
# ### What does it add to filters?
#
# A model may predict cortex only because it knows what the filters know.
# So both predict together, each with a penalty of its own, and r² is taken apart: what only one of them explains, and
# what both do.

# %%
show(figures.parts(scored))

# %% [markdown]
# Only the model explains {glue:text}`only_model_told` on average, both explain {glue:text}`shared_told`, and only the
# filters {glue:text}`only_filters_told`.
# A model that shares nearly everything with the filters hears the spectrum, and little beyond it.
#
# ### Voxels, and likeness without fitting
#
# The median {term}`voxel` is predicted with an r² of {glue:text}`voxels_told` ({glue:text}`n_voxels` voxels).
# Where the voxel matrix was denoised, as that of the real sounds was, such scores run high.
#
# Regression may weigh a model's units as it likes.
# {term}`Representational similarity analysis <RSA>` may not: it asks whether sounds that lie far apart in the model lie
# far apart in cortex.
# With the layer chosen on other sounds, the rank correlation is {glue:text}`likeness_told`.
#
# ## Report
#
# All numbers go into one table, and the lines that `alike score MODEL` prints are kept beside it.
# Its rank among all models that were scored is on the {doc}`leaderboard <../generated/leaderboard>`.

# %%
from lib.report import answer, save_results, save_table

results = save_results(
    numbers.tidy(scored), chapter="score", recording=recording
)
save_table(numbers.lines(scored), "terminal")
results.groupby("measure").size().to_frame("rows")

# %%
from lib.chapters.score.headline import QUESTION, headline

answer(QUESTION, headline(scored))

# %% [markdown]
# ## What would change this answer
#
# * **Other sounds.** The intervals are about other sounds of the same kind; speech alone, or music alone, may rank
#   models otherwise.
# * **Time.** Layers are averaged over each sound, so what a model knows of the order of events counts for nothing.
# * **More twins.** One draw of random weights is one; five cost five times as long.
# * **Simulated listeners** say whether the analysis works, and nothing about people.
#
# ## Re-run it
#
# ```bash
# alike score mini-mixture
# alike score untrained:mini-mixture:3
# alike run score -p model mini-speech -p twins 5
# ```
