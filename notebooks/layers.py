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
# # Does depth in a model follow the way through cortex?
#
# {glue:md}`answer`
#
# Sound reaches cortex in primary auditory cortex, on Heschl's gyrus, and goes on from there.
# A deep network has an order too, from its first layer to its last.
# Do the two orders agree?
#
# **What the paper claims.**
# Pepino and colleagues {cite}`pepino2025` followed one model through its training.
# Its layers came to differ by region: middle ones fit primary cortex best, later ones what lies behind it.
#
# This page asks which part of a place's response a model predicts beyond filters of sound.
# Then it asks which of the model's layers does so, and where.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # who heard what: pocket-sounds (simulated), natsound165, song-ecog (real)
model: str = "mini-resnet"  # a name of the roster with at least two layers
primary: list = [45, -24, 6]  # where primary auditory cortex is on the right: x, y, z in mm [3 values]
places: int = 600  # at most so many places on fewer sounds and along training [at least 20]
n_permutations: int = 20  # exchanges of sounds, for what chance predicts [at least 1]
n_draws: int = 24  # draws of four fifths of the sounds, for the intervals [at least 2]
n_spins: int = 999  # turns of the sphere [at least 1]
seed: int = 0  # of all draws [at least 0]
# fmt: on

# %% [markdown]
# ## Load: places that answered
#
# A *place* is a {term}`voxel` of a simulated listener, an electrode, or a point of the surface (a *vertex*).
# The public voxels of real listeners have no positions.
# What is public are maps, of ten people, of how surely each of six {term}`components <component>` weighs at a vertex.
# Components times these weights are what a vertex answered, as far as six components tell it.
# Such maps are worked out, not measured, and they hold no more than six numbers a vertex.
#
# How far is a place from primary cortex?
# We measure along the folded sheet, from a point on Heschl's gyrus that you may move.

# %%
from lib.chapters.cortex.depths import depths
from lib.report import say, show, style

style.use_house_style()
layered = depths(
    recording, model, primary=primary, n_few=places,
    n_permutations=n_permutations, n_draws=n_draws, seed=seed,
)  # fmt: skip
layered.places.outline()

# %% [markdown]
# ## Represent: layers in their order
#
# The model hears every sound, and each layer is averaged over time.
# *Relative depth* is 0 for its first layer and 1 for its last.
#
# ## Align: sounds that were not fitted
#
# A {term}`ridge regression` predicts each place from a layer, on folds of sounds that it was not fitted to.
# The score is {term}`r² <r²>`, the share of variance predicted.

# %%
layered.layers

# %% [markdown]
# ## Compare
#
# ### What does the model add to filters of sound?
#
# A model may predict cortex because it passes on what a bank of filters has as well.
# So filters and model predict together, each with a penalty of its own, and r² is taken apart for every voxel.
# What is lost without the model is *only* the model's; the rest is only the filters', or of both.
# To make thousands of voxels take seconds, fewer mixtures and penalties are tried than elsewhere in this book.

# %%
from lib.chapters.cortex import depth_figures as figures
from lib.chapters.cortex import depth_numbers as numbers

of_parts = numbers.of_parts(layered)
say(of_parts)
show(figures.parts(layered))

# %% [markdown]
# In the median of {glue:text}`n_voxels`, only {glue:text}`model_name` explains {glue:text}`only_model_told`.
# Both explain {glue:text}`both_told`, and only the filters {glue:text}`only_filters_told`.
# Intervals are over sounds: a fifth of them is left out, again and again, and everything is fitted anew.
#
# And where?

# %%
show(figures.part_maps(layered))

# %% [markdown]
# Where the middle row of {numref}`fig-where-parts` is bright, cortex may follow the spectrum and its modulations alone.
# Where the bottom row is, the model has something that they lack.
#
# ### Which places does it predict at all?
#
# Where a model predicts nothing, its best layer is a matter of chance.
# So we exchange the sounds of a fold and fit again, and keep places that such chance hardly reaches.
# That leaves {glue:text}`n_predicted` of {glue:text}`n_places`, at a {term}`false positive` share of .05 among them.
#
# ### How deep is the layer of a place?
#
# The layer that training folds choose is fair for predicting, and a poor measure of depth.
# Neighbouring layers are nearly alike, and chance decides between them.
# *Preferred depth* is the mean relative depth of all layers.
# Each weighs as much as its score $s_l$ exceeds that of the worst layer:
#
# $$d = \frac{\sum_l d_l \, (s_l - \min s)}{\sum_l (s_l - \min s)}$$
#
# A noisier place has all its scores multiplied by a factor, which changes nothing here.

# %%
say({"agreement": numbers.agreement(layered)})
numbers.of_components(layered)

# %% [markdown]
# Over a listener's places, preferred and chosen depth have a rank correlation of {glue:text}`agreement_told`.
# That is the mean of {glue:text}`agreement_n` listeners.
# The table has the components, where there are any.

# %%
show(figures.depth_map(layered))

# %% [markdown]
# ### Does it grow with distance from primary cortex?
#
# Neighbours on the cortex answer alike, so a thousand places are no thousand observations.
# A *spin test* {cite}`alexanderbloch2018` turns one of two maps on a sphere, which leaves it as smooth as it was.
# Depth is known on the temporal lobe alone, and distance everywhere, so we turn the map of distances.
# Each draw is the distance from another point, under the same patch of cortex.
# Correlations are taken over their standard errors, since some turned maps vary more than others.
#
# The spin test asks whether *this* point of cortex is special, and assumes that maps are equally smooth everywhere.
# The interval over listeners asks whether others would show it, and assumes nothing of space.
# We ask for both.

# %%
turned = numbers.spun(layered, n_spins=n_spins, seed=seed)
of_depth = numbers.of_depth(layered)
say(of_depth | numbers.of_spins(turned))
show(figures.against_distance(layered, turned, of_depth["rho"]))

# %% [markdown]
# The mean over listeners of their rank correlations is {glue:text}`rho_told`.
# That of the mean map, over {glue:text}`n_vertices` vertices, is {glue:text}`map_rho`.
# Turned {glue:text}`n_spins` times, {glue:text}`map_rho_p`.
# A spin test as it is usually made would say {glue:text}`map_plain_p`.
# One that took places for independent would say {glue:text}`map_naive_p`.
#
# In smooth random maps, where there is nothing to find, the last is positive several times too often.
# The usual spin test is so somewhat too often, and ours least of the three; it can still be a little generous.
#
# ### Do regions prefer other layers, and since when?
#
# Regions are drawn around points: primary cortex, and beside, behind and before it.
# No atlas comes with this book.
# Of each region we take the mean score of every layer, over the mean of all.

# %%
show(figures.profiles(layered))

# %% [markdown]
# A region that is only noisier has the same line in {numref}`fig-profiles`.
# What counts is whether lines cross: whether the rest of cortex gains more from first layer to last than primary does.
# This *interaction* is {glue:text}`interaction_told`, a share of the mean score.

# %%
show(figures.over_training(layered, of_depth))

# %% [markdown]
# Before training it is {glue:text}`interaction_before_told`, and it changes by {glue:text}`training_told`.
# Without checkpoints, an untrained twin stands for the beginning.
#
# ## Report
#
# The rule asks for all three: depth with distance, the interaction, and its change over training.

# %%
from lib.report import claims, verdicts
from lib.report.claims import sizes, table

ruled = claims.decide(
    recording, numbers.evidence(layered, of_depth, turned),
    sizes=sizes.counted(recording),
)  # fmt: skip
verdicts(
    ruled, simulated=layered.places.simulated,
    planted=table.truths(ruled, ()),
)  # fmt: skip

# %% [markdown]
# What was planted in simulated listeners does not settle the claim: it is about layers, and none were planted.

# %%
from lib.report import answer, save_results

tidy = numbers.tidy(layered, of_depth, of_parts)
results = save_results(
    tidy, chapter="layers", recording=recording, model=model
)
results.groupby("measure").size().to_frame("rows")

# %%
answer(
    numbers.QUESTION,
    numbers.headline(layered, of_depth, of_parts, turned),
)

# %% [markdown]
# ## What would change this answer?
#
# * **Another point for primary cortex.** Its place differs between people by a centimetre; `-p primary` moves it.
# * **Another depth.** Counting layers is one of many ways to say how far along a model is.
# * **Measured voxels with places.** Of real listeners, only six components have them here.
# * **Another training.** One training stands here, and before it one draw of random weights; others may differ.
#
# ## Re-run it
#
# ```bash
# alike run layers -p recording natsound165 -p model whisper-base
# alike run layers -p recording song-ecog
# alike run layers -p model mini-speech
# ```
