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
# # How much of auditory cortex is already in the sound?
#
# {glue:md}`answer`
#
# Why ask?
# Because it is the bar that every trained model has to clear.
# A model that predicts a brain has learnt something about hearing only if it does so better than the sound itself.
#
# **What the paper claims.**
# Pepino and colleagues {cite}`pepino2025` compared 36 audio models with fMRI responses of human auditory cortex.
# Listeners heard the 165 natural sounds of Norman-Haignere and colleagues {cite}`normanhaignere2015`.
# Models that were trained to fill in masked stretches of diverse audio predicted cortex best.
# Their oldest yardstick is no trained model at all: a bank of filters for modulations of sound {cite}`chi2005`.
# The best models predict about 1.7 times the variance that these filters do.
#
# This chapter rebuilds the filters and the analysis around them, step by step.
# It then asks whether trained models do better, and how sure one can be.
# What training adds, and when it comes, is the next chapter's question ({doc}`learning`).

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # which sounds and brains: pocket-sounds (simulated), natsound165 (real)
model: str = "spectrotemporal"  # the model in the main figures
models: list = ["spectrotemporal", "cochleagram", "logmel", "mfcc"]  # all that are compared
trained: str = "mini-resnet"  # the trained model that is asked for what it adds to the main one
# Trained elsewhere and published; each gets an untrained twin; those whose weights are not here are named and left out
published_models: list = []  # names of the roster
n_permutations: int = 1000  # draws of the nulls of components and dissimilarities [at least 1]
voxel_permutations: int = 19  # draws of the null of voxels, each a whole nested fit of the main model [at least 1]
n_bootstrap: int = 1000  # resamples of the intervals of dissimilarities [at least 1]
voxels: int = 2000  # at most so many voxels per listener, evenly spaced [at least 1]
seed: int = 0  # of permutations, resamples and folds [at least 0]
# fmt: on

# %% [markdown]
# ## Load: which sounds, and whose answers
#
# A recording names its sounds, their categories, and what brains answered.
# Every sound lasts two seconds, and belongs to one of eleven categories.

# %%
from lib.chapters.cortex.material import load_material
from lib.report import say, show, style

style.use_house_style()
heard = load_material(recording, voxels)
heard.categories.value_counts().to_frame("sounds")

# %% [markdown]
# The answers come in two forms.
# *Voxels* are what the scanner measures: small cubes of cortex, thousands of them.
# *Components* are six patterns of response over sounds whose weighted sums make up the voxels.
# We begin with components, because each has a meaning that one can hear.
#
# How much of a component is a matter of category alone?
# The share of its variance that lies between the eleven categories says so.
# Where labels are exchanged among sounds, some share is left by chance, and it stands beside.

# %%
from lib.chapters.cortex import scores as tables
from lib.compare import between_groups

between = between_groups(heard.components, heard.categories)
shares = tables.category_shares(between, heard.names)
shares.round(3)

# %%
from lib.chapters.cortex import figures

by_category = shares["between categories"]
say(tables.extremes(by_category))
show(figures.component_profiles(heard, by_category))

# %% [markdown]
# {numref}`fig-profiles` shows why components are a good place to begin.
# Category accounts for most of {glue:text}`most_by_category`, and for least of {glue:text}`least_by_category`.
# Even so, sounds of one category differ a lot, and a model has to say which will answer more.
#
# ## Represent: what the models compute
#
# The filters work on a cochleagram: the energy in narrow frequency bands over time, compressed as the ear does.
# Each filter prefers one rate of modulation in time, one scale in frequency and one direction of sweep.
# Its output, averaged over the two seconds, is one number per filter and frequency.
#
# The other models are simpler looks at the same sound, averaged over time too.
# They are the cochleagram itself, a log-mel spectrum (another way to space frequency bands), and its cepstrum (MFCC).

# %%
compared = dict.fromkeys([model, *models])
features = tables.features_of(compared, heard.sounds)
tables.layer_sizes(features)

# %% [markdown]
# ## Align: sounds are the common axis
#
# One row of features and one row of responses belong to each sound, joined by its name.
# Sounds are split into five parts, the *folds*, each with its share of every category.
# For the real recording these are the paper's own folds.

# %%
import numpy as np
import pandas as pd

pd.crosstab(heard.categories, heard.folds).rename_axis(None)

# %% [markdown]
# ## Compare
#
# ### Can a weighted sum of features predict the components?
#
# Four folds are used to find the weights, and the fifth is predicted; each fold has its turn.
# There are more features than sounds, so large weights cost something (*ridge regression*):
#
# $$\min_w \; \lVert y - Xw \rVert^2 + \alpha \lVert w \rVert^2$$
#
# Here $y$ are responses, $X$ features and $w$ weights.
# The penalty $\alpha$ is chosen for each response inside the four folds, never on the fold that is scored.
# So is the layer, where a model has several.
#
# The score is $r^2$, the squared correlation of all predictions with the responses.
# It is the share of variance predicted; a negative correlation counts as 0.

# %%
import warnings

# Penalties at an end of those tried are counted below.
warnings.filterwarnings("ignore", "the penalty sits|no layer and")
y, folds = heard.components, heard.folds.to_numpy()
fits = tables.fit_all(features, y, folds, seed=seed)
fit = fits[model].fit

# %% [markdown]
# How sure are these scores?
# Had other sounds been played, other weights would have been found, with other penalties, and tested on them.
# The interval is about what this whole procedure reaches on average over draws of this many sounds.
# It takes every sound out in turn, both where weights are found and where they are tested.
# It also chooses layers and penalties again, on sounds drawn with replacement.
# A bootstrap of fixed predictions can miss half of that variance, and then finds differences between equal models.
#
# What would chance give?
# We exchange responses among the sounds of a fold and repeat everything, choices included (the *null*).
# To shuffle only at the end would call too much significant.

# %%
from lib.compare import encoding_null

null = encoding_null(
    features[model], y, folds,
    n_permutations=n_permutations, seed=seed,
)  # fmt: skip
scores = tables.component_scores(fits, heard.names)
main = tables.main_scores(scores, model, null)
tables.readable(main, heard.published)

# %% [markdown]
# The $p$ is that of a component's $r^2$ against the largest of all six in every exchange.
# It is corrected, that is, for having looked six times.

# %%
show(figures.predicted_and_measured(heard, fit, model))

# %% [markdown]
# {numref}`fig-predicted` shows where a readout of acoustics succeeds and what it misses.
# Where a component follows the category rather than the sound, marks of one kind lie together above or below the line.
# That is a hint at what acoustics leaves over, and no proof: other filters might catch it.

# %%
from lib.chapters.cortex import numbers

of_components = numbers.of_components(main, scores, heard)
beside = numbers.about_published(of_components, heard)
say(of_components | {"beside_published": beside})
show(figures.component_r2(main, heard, n_permutations))

# %% [markdown]
# {numref}`fig-scores` has the same numbers with their intervals, beside what chance gives.
# {glue:md}`beside_published`
#
# Filterbanks of one kind differ because details matter that a paper rarely states.
# Which rates and scales, magnitude or power, how the cochleagram is compressed: each is a choice.
# So a "baseline" is a choice too, and a model that beats a weak one has shown little.
#
# ### What do modulations add to a spectrum?
#
# The simpler models see the spectrum alone, so their distance to the filters is what modulations add.

# %%
show(figures.acoustic_models(scores, heard))

# %% [markdown]
# The best of the simpler models reaches {glue:text}`other_lowfreq` on low frequency in {numref}`fig-models`.
# On speech it reaches {glue:text}`other_speech`, and on music {glue:text}`other_music`.
# Which bands have energy says something of frequency, and less of whether someone speaks or plays.
#
# ### Does a trained model hear what the filters do not?
#
# Filters are fixed; a trained model may have found something that they lack.
# To see that, both are fitted alone and together.
# The trained model is a small one of this book, `mini-resnet` unless another one is named.
# It learnt to fill in masked stretches of sound ({doc}`learning`).
# Layer and penalty are chosen per component inside the training folds, as above.

# %%
trained_layers = tables.features_of([trained], heard.sounds)
pool = tables.fit_all(trained_layers, y, folds, seed=seed)
by_training = tables.component_scores(pool, heard.names)
pool[model] = fits[model]

# %% [markdown]
# Side by side means: all layers of both as one set of features, in which layers of any width weigh the same.
#
# Intervals of two models may overlap where their difference is certain, because the sounds are the same.
# So we ask for the differences themselves, of mean $r^2$ over components, and for both together.

# %%
from lib.chapters.cortex import questions
from lib.compare import refitted

layers_of_both = features[model], trained_layers[trained]
both = tables.side_by_side(*layers_of_both)
pool["both"] = refitted({"both": both}, y, folds, seed=seed)

# %%
asked = questions.beside_filters(trained, model)
gains = questions.differences(pool, asked, seed)
gained = questions.gained(gains, asked, ("acoustics", "beyond"))
say(gained | numbers.of_edges(fits | pool))

# %% [markdown]
# Against the fixed filters the trained model stands at {glue:text}`gain_acoustics_told`.
# Together they predict {glue:text}`gain_beyond_told` more than the filters alone.
# Both intervals are corrected for being two.
#
# One training of it stands here, so nothing tells how much another one of the same recipe would differ.
# It is tens of times smaller than published ones, and heard a few hours of sound.
#
# (In {glue:text}`n_edges` of {glue:text}`n_choices` choices the penalty lies at an end of those tried.)
#
# ### Do published models do better?
#
# Networks that others trained and published heard far more than hours of sound.
# Each can be asked just as the small one was, and each gets a twin with random weights.
# {glue:md}`elsewhere_asked`

# %%
from lib.chapters.cortex import published

elsewhere = published.at_hand(published_models, heard)
say(published.asked_for(elsewhere))
from_elsewhere = tables.features_of(elsewhere.models, heard.sounds)

# %% [markdown]
# Layers and penalties are chosen per component inside the same training folds as above.

# %%
from lib.chapters.cortex import published_figures as drawings
from lib.chapters.cortex.published_figures import show_any

layered = from_elsewhere | elsewhere.brains
outside = tables.fit_all(layered, y, folds, seed=seed)
outside[model] = fits[model]
show_any(drawings.scores(elsewhere, outside, model, heard))

# %%
best = published.best_of(elsewhere, outside)
averages = published.means(elsewhere, outside)
say(published.said(averages))
say(published.about_scores(elsewhere, outside, model, heard))

# %% [markdown]
# {glue:md}`elsewhere_scores`
#
# Again the differences are what counts, and they are one family.
# Each published model is set against the filters, and against its own random weights.

# %%
versus = published.questions(elsewhere, model)
leads = questions.differences(outside, versus, seed)
say(published.about_gains(leads, versus, best, model))
show_any(drawings.gains(leads, versus, heard))

# %% [markdown]
# {glue:md}`elsewhere_gains`
#
# ### Is it more than the spectrum and its modulations?
#
# A model may predict cortex because it passes on what the filters have as well.
# To *partition* the variance is to take that apart: fit each set of features alone, then all together.
# What the joint fit loses when a set $a$ is taken out is unique to it, and the rest is shared with the others:
#
# $$\begin{aligned}
# \text{only } a &= r^2_{a,b} - r^2_b \\
# a \text{ and } b &= r^2_a + r^2_b - r^2_{a,b}
# \end{aligned}$$
#
# Each set has a penalty of its own in the joint fit {cite}`dupre2022`.
# A part may come out below 0, where the joint fit paid more for its choices than it gained.

# %%
every_layer = features | from_elsewhere
divided = published.partition(
    elsewhere, every_layer, (model, best), heard, seed
)
say(published.about_parts(divided, elsewhere, best))
show_any(drawings.parts(divided, elsewhere, heard))

# %% [markdown]
# {glue:md}`elsewhere_parts`
#
# ### From components to voxels
#
# Components are clean, because they pool thousands of voxels; voxels are what was measured.
# The paper's number is the median over a listener's voxels, then the mean over listeners.
# Here every voxel chooses among all acoustic models at once, model and penalty together, inside the training folds.
#
# Two cautions go with it.
# The public matrix of real voxels is *denoised*: six components times weights.
# It has no repetitions and does not say whose voxel is whose.
# So its scores run above those of measured voxels, and nobody can say how far noise would let a model go.

# %%
from lib.compare import aggregate_subjects, nested_ridge

layers = tables.named_layers(features)
# No chase beyond the last penalty for every noisy voxel.
grid = {"alphas": np.logspace(-6, 4, 21), "extend_alphas": False}
voxel_fit = nested_ridge(layers, heard.measured, folds, **grid)
group = aggregate_subjects(voxel_fit.r2, heard.owner)

# %%
voxel_null = encoding_null(
    features[model], heard.measured, folds,
    n_permutations=voxel_permutations, seed=seed, **grid,
)  # fmt: skip
of_voxels = numbers.of_voxels(voxel_fit, voxel_null, group)
say(of_voxels | numbers.about_voxels(of_voxels, heard))

# %% [markdown]
# Where single scans exist, the score can be corrected for noise {cite}`tuckute2023`.
# It is divided by how reliable responses and predictions are.
# The correction belongs to another analysis, and is compared with that one alone.
# There, the main model is fitted to half of the sounds and tested on the other half, by the layer that components chose
# most often.

# %%
main_layer = tables.main_layer(fit)
say({"main_layer": main_layer})

# %%
main_features = features[model][main_layer]
halves = tables.noise_corrected_voxels(
    main_features, heard.repeated, seed=seed
)
of_halves = numbers.of_halves(halves, heard.owner)
about_halves = numbers.about_halves(of_halves)
say(of_halves | {"halves": about_halves})

# %%
from lib.chapters.cortex import maps

show(maps.voxel_scores(voxel_fit.r2, halves, heard))

# %% [markdown]
# {glue:md}`median_voxel`
#
# How many voxels are predicted at all?
# The main model predicts {glue:text}`n_significant` of {glue:text}`n_voxels` at $p \le .05$.
# That is corrected for looking at all of them.
# It takes the largest $r^2$ of any voxel in each of {glue:text}`voxel_draws` exchanges.
#
# Each voxel chose a model in each fold, {glue:text}`n_chosen` choices in all.
# In {glue:text}`n_top` of these it chose {glue:text}`top_layer`.
# In {glue:text}`n_silent` no model predicted anything on the inner folds, and the choice means nothing.
#
# And the correction for noise?
# {glue:md}`halves`
#
# ### Do model and cortex arrange the sounds alike?
#
# Regression may reweigh a model's units at will.
# Similarity analysis may not: it asks whether two sounds that are far apart in the model are far apart in cortex
# {cite}`kriegeskorte2008`.
# Every unit and voxel is z-scored over sounds.
# The dissimilarity of sounds $i$ and $j$ is one minus the correlation of their patterns:
#
# $$d_{ij} = 1 - r(x_i, x_j)$$
#
# All pairs together make a matrix, and Spearman's rank correlation $\rho$ compares two of them.

# %%
from lib.compare import cross_validated_rsa, rsa_layers, sound_rdm

of_cortex = [
    sound_rdm(each) for each in heard.by_listener.values()
]
of_cortex = np.mean(of_cortex, axis=0)
of_model = sound_rdm(main_features)
show(maps.dissimilarities(of_cortex, of_model, model, heard))

# %% [markdown]
# In {numref}`fig-rdms`, dark squares along the diagonal are families of sounds that are alike.
# Dark places off the diagonal are families that resemble each other.
#
# Which model is best may be asked in two ways.
# The largest $\rho$ of all is chosen on the data that score it, and so too high.
# The paper also lets sounds outside a block choose for the pairs within it.
# Its code lets held-out sounds take part in that choice and depends on the order of rows.
# The symmetric version here does neither.

# %%
rsa = rsa_layers(
    layers, heard.by_listener, folds=folds, seed=seed,
    n_permutations=n_permutations, n_bootstraps=n_bootstrap,
)  # fmt: skip
published_way, _ = cross_validated_rsa(
    layers, heard.by_listener, folds, rule="as_published"
)
show(maps.similarity_scores(rsa, heard, n_permutations))

# %%
of_similarity = numbers.of_similarity(rsa, published_way, heard)
say(of_similarity | {"closest": f"`{rsa.best_layer}`"})
numbers.choices_of_layer(of_similarity, heard)

# %% [markdown]
# The largest $\rho$ in {numref}`fig-rsa` is that of {glue:md}`closest`.
# It is {glue:text}`rho_max_told`, with {glue:text}`rho_max_p` against the largest of all models in each exchange.
# How one chooses matters little where one model is far ahead, and more where several are close.
#
# ### Where in cortex?
#
# Components live in different places, and {numref}`fig-surface` shows where each one weighs most.

# %%
show(maps.surface_maps(heard))

# %% [markdown]
# Orange is where a component weighs above 0.
# A map of one component says nothing of whether another model would weigh there too: it is about cortex, not models.
#
# ## Report
#
# ### What does this say of the paper's claims?
#
# The ledger holds what the paper claims and the rule that decides it.
# One of its claims is about the filters; those about training are in {doc}`learning`.
# The verdict follows from the intervals above.
# The margin, below which an effect counts as none, was set on 2026-11-26, after first results had been seen.

# %%
from lib.report import claims, verdicts
from lib.report.claims import sizes, table

ruled = claims.decide(
    recording, questions.beyond_filters(gains, trained, model),
    sizes=sizes.counted(recording),
)  # fmt: skip
verdicts(
    ruled, simulated=heard.simulated,
    planted=table.truths(ruled, ()),
)  # fmt: skip

# %% [markdown]
# "Undecided" is not "no".
# In brackets stands whether an effect of the ledger's margin is excluded (absent) or could not be told.
# What was planted in simulated listeners does not settle it, for it is about training.
#
# ### How often would noise pass?
#
# The same decisions were taken of noise: responses with the components' own covariance that know nothing of the sounds.
# A test at .05 should find something in five of a hundred.
# These counts are stored, not made on this page; `make calibration` makes them.

# %%
sizes.table(recording)

# %% [markdown]
# ### Everything as one table
#
# All of the above, one row per number, and the answer that opens this page.

# %%
from lib.report import answer, save_results

parts = {
    "scores": scores, "main": main, "gains": gains,
    "trained": by_training,
    "voxels": tables.group_table(group),
    "similarity": rsa.to_frame(),
}  # fmt: skip
parts |= published.results(outside, leads, versus, divided, heard)
tidy = numbers.tidy(parts, asked, heard.n)
results = save_results(tidy, chapter="cortex", recording=recording)
results.groupby("measure").size().to_frame("rows")

# %%
from lib.chapters.cortex.headline import headline

question = "How much of auditory cortex is already in the sound?"
said = of_components | gained
first = published.leader(elsewhere, averages, leads, best, model)
answer(question, headline(said, main, heard, first, trained))

# %% [markdown]
# ## What would change this answer?
#
# * **Other folds.** Five folds are one of many ways to split the sounds, and each $r^2$ moves with them.
# * **Other seeds of training.** Intervals cover sounds, fits and choices.
#   One training of each model stands here.
# * **Other filters.** More rates and scales, power instead of magnitude, z-scored units.
#   Each is a variant of the same baseline.
# * **Measured voxels.** With single scans of real listeners one could say how far noise lets a model go.
# * **Larger models, longer training.** The small model heard a few hours of sound.
#   Those of the paper are in the roster, and run here by name once their weights are fetched.
#   `alike models fetch NAME` does that, then `-p published_models NAME`.
#
# ## Re-run it, fork it
#
# ```bash
# alike run cortex -p recording natsound165                 # real cortex
# alike run cortex -p model cochleagram -p n_permutations 200
# cp notebooks/cortex.py notebooks/my_question.py           # then one line in an edition, one in _toc.yml
# ```
#
# {doc}`../howto` tells the rest.
