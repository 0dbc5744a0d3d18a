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
# # What has to be learnt to hear like us?
#
# {glue:md}`answer`
#
# Why ask?
# Because a network that was never trained already resembles cortex a little, and acoustic filters do so a lot.
# Only what training adds can tell us what has to be learnt.
#
# **What the paper claims.**
# Pepino and colleagues {cite}`pepino2025` find three things about training.
# Models that heard all kinds of sound predict auditory cortex better than those that heard one kind alone.
# The likeness to cortex grows early in training, with no brain in the loop.
# Tuning a model to one task afterwards does not add to it.
#
# This chapter asks the same of any models.
# What is compared with what follows from facts on their cards ({doc}`../generated/models`).
# {doc}`cortex` has the acoustic filters, the measures and the published models.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # which sounds and brains: pocket-sounds (simulated), natsound165 (real)
# Any names of the roster; those whose weights are not here are named and left out
models: list = ["mini-resnet", "mini-resnet-speech", "mini-resnet-environment", "mini-resnet-music", "mini-resnet-finetuned", "mini-resnet-supervised"]  # which models
trainings: int = 3  # at most so many trainings of each recipe, as far as the roster has them [at least 1]
twins: int = 3  # untrained twins of each model, with seeds 0, 1, ... [at least 1]
filters: str = "spectrotemporal"  # what is not trained and stands beside
n_permutations: int = 200  # draws of the null of dissimilarities [at least 1]
n_bootstrap: int = 200  # resamples of the intervals of dissimilarities [at least 1]
voxels: int = 2000  # at most so many voxels per listener, evenly spaced [at least 1]
seed: int = 0  # of permutations, resamples and folds [at least 0]
# fmt: on

# %% [markdown]
# ## Load: which sounds, and whose answers
#
# The sounds last two seconds each, and belong to eleven categories.
# *Components* are six patterns of response over sounds whose weighted sums make up the answers of the *voxels*,
# small cubes of cortex.

# %%
from lib.chapters.cortex.material import load_material
from lib.report import say, show, style

style.use_house_style()
heard = load_material(recording, voxels)
heard.categories.value_counts().to_frame("sounds")

# %% [markdown]
# ## Represent: models, and the same with random weights
#
# The small models of this book share one architecture, a residual network: five layers of convolutions on a spectrum.
# Some filled in masked stretches of sound, some named sounds, and one did both, one after the other.
# Their diets were speech, environmental sounds, music, or all three.
# None heard the sounds of this chapter.

# %%
from lib.chapters.cortex import scores as tables
from lib.chapters.cortex.learning import kin, told

found_here = kin.learners(models, trainings, twins)
say(told.about_models(found_here))

# %% [markdown]
# These stand here:
#
# {glue:md}`models_here`
#
# Each has *untrained twins*: the same architecture with random weights, drawn several times.
# They show what the architecture gives away before anything was learnt.
#
# {glue:md}`trainings_here`

# %%
compared = dict.fromkeys([filters, *found_here.names])
features = tables.features_of(compared, heard.sounds)
first_ones = {
    one.name: features[one.name] for one in found_here.kin
}
tables.layer_sizes(first_ones).groupby("units").size().to_frame(
    "layers"
)

# %% [markdown]
# ## Align: sounds are the common axis
#
# One row of features and one row of answers belong to each sound.
# Sounds are split into five parts, the *folds*, each with its share of every category.
# Weights are found on four of them, and the fifth is predicted.

# %%
folds = heard.folds.to_numpy()
heard.folds.value_counts().sort_index().to_frame("sounds")

# %% [markdown]
# ## Compare
#
# ### How far does each model get?
#
# A weighted sum of a layer's outputs predicts each component (*ridge regression*, {doc}`cortex`).
# Layer and penalty are chosen for each component inside the four folds.
# The score is $r^2$, the share of variance predicted in the sounds left out.

# %%
import warnings

# Penalties at an end of those tried are no news here.
warnings.filterwarnings("ignore", "the penalty sits|no layer and")
y = heard.components
fits = tables.fit_all(features, y, folds, seed=seed)

# %%
from lib.chapters.cortex.learning import figures

by_component = told.component_scores(
    found_here, fits, filters, heard
)
averages = told.means(found_here, fits, filters)
say(told.named(averages, "mean"))
show(figures.scores(by_component, found_here, filters, heard))

# %%
say(told.beside_filters(averages, found_here, filters))

# %% [markdown]
# {glue:md}`scores_read`
#
# Read {numref}`fig-learners` from the open dot: it is what the architecture gives away before it has learnt anything.
# What is right of it came with training, and what is right of the diamond would be more than acoustics.
#
# ### What makes a difference?
#
# Intervals of two models may overlap where their difference is certain, because the sounds are the same.
# So we ask for the differences themselves.
# Which ones can be asked follows from what the models' cards say:
#
# * **Training.** A model minus its untrained twins.
# * **Diets.** Two models of one task and architecture, of which one heard all kinds of sound that the other heard,
#   and more.
#   Where the other's one kind has a component of its own, that component is asked about as well.
# * **Tasks.** Two models of one architecture that heard the same sounds and learnt different things from them.
# * **Tuning.** A model that was trained further on a task, minus the one it started from.
# * **Size.** Two models alike in all but the number of weights.
#
# All are asked together, so they answer together.
# Intervals are those of a family, in which the largest of all differences takes the place of each.
# Sounds are the random factor, and so are trainings and random weights where there are several of them.

# %%
from lib.chapters.cortex.published_figures import show_any

asked = kin.questions(found_here, heard.names)
gains = kin.differences(found_here, fits, asked, heard.names, seed)
say(told.about_differences(gains, asked))
show_any(figures.differences(gains, asked, heard))

# %% [markdown]
# {glue:md}`gains_read`
#
# **Training.**
# {glue:md}`about_training`
#
# **Diets.**
# {glue:md}`about_diet`
#
# **Diets, each on its own component.**
# {glue:md}`about_own_diet`
#
# **Tasks.**
# {glue:md}`about_task`
#
# **Tuning.**
# {glue:md}`about_tuning`
#
# **Size.**
# {glue:md}`about_size`
#
# The small models are tens of times smaller than the published ones, and heard hours of sound, not years.
# What carries over to those is the way to ask.
#
# ### When does it come?
#
# The paper finds that likeness to cortex rises early in training.
# Some models were kept at steps spaced evenly in the logarithm, from random weights on.
# Each training has a course of its own, so its slope is worked out within it, and trainings differ in their slopes.

# %%
from lib.chapters.cortex.learning import course

way = course.course(found_here)
on_the_way = [name for name in way.names if name not in fits]
stages = tables.features_of(on_the_way, heard.sounds)
staged = fits | tables.fit_all(stages, y, folds, seed=seed)
path = course.overall(way, staged, seed)
whole = course.whole(way, staged)

# %% [markdown]
# The same is asked of each layer alone, where no choice of a layer can hide which of them changes.

# %%
alone, of_layers = course.by_layer(
    way, features | stages, y, folds, seed
)
say(told.about_course(way, path, of_layers))
show_any(figures.course(alone, whole, way, heard))

# %% [markdown]
# {glue:md}`course_read`
#
# ### Which layers, and which measure?
#
# A score with the layer chosen inside the folds hides where in a model the likeness lies.
# So each layer is asked alone, in three ways.
# *Components* and *voxels* are predicted by weighted sums, as above.
# *Matrices* are no prediction: they ask whether two sounds that are far apart in the layer are far apart in cortex,
# by the rank correlation $\rho$ of all pairs of sounds {cite}`kriegeskorte2008`.

# %%
from lib.chapters.cortex.learning import depths

rsa = depths.arranged(
    first_ones, heard, n_permutations, n_bootstrap, seed
)
matrices = depths.similarity(rsa, heard)
told.similarity_table(matrices)

# %% [markdown]
# The largest $\rho$ is chosen on the data that score it, and so too high; its $p$ is corrected for the layers.
# The last column lets other sounds choose the layer.

# %%
layers = depths.layer_by_layer(first_ones, heard)
layers = depths.with_similarity(layers, rsa)
random_ones = [one.twins[0] for one in found_here.trained]
random_layers = depths.layer_by_layer(
    {name: features[name] for name in random_ones},
    heard, voxels=False,
)  # fmt: skip
show(figures.layers(layers, random_layers, heard))

# %%
say(told.about_layers(layers, matrices))

# %% [markdown]
# {glue:md}`layers_read`
#
# Scores of voxels and components in {numref}`fig-layers` are not to be set against each other.
# Components pool thousands of voxels, and so have less noise.
#
# ### How far could a model go?
#
# Two ceilings frame the scores of voxels and matrices.
# A *lower* one is what other listeners tell of a listener, with all the noise that they have.
# An *upper* one is what noise would leave to a perfect model.

# %%
ceilings = depths.ceilings(heard)
say(told.about_ceilings(ceilings, heard))

# %% [markdown]
# {glue:md}`ceilings_read`
#
# ### Where in cortex?
#
# For voxels, too, layer and penalty are now chosen inside the training folds.

# %%
of_voxels = depths.voxel_scores(first_ones, heard)
by_place = depths.by_voxel(of_voxels, heard)
say(told.about_voxels(by_place, heard))
show_any(figures.regions(by_place, heard))

# %% [markdown]
# {glue:md}`voxels_read`
#
# {glue:md}`regions_read`
#
# ## Report
#
# ### What does this say of the paper's claims?
#
# The ledger holds what the paper claims and the rule that decides it.
# Three of its claims are about training.
# Every verdict follows from the intervals above, and is corrected once more for there being several claims.

# %%
from lib.chapters.cortex.learning.evidence import evidence
from lib.report import claims, verdicts
from lib.report.claims import sizes, table

ruled = claims.decide(
    recording,
    evidence(found_here, asked, gains, way, path, of_layers),
    sizes=sizes.counted(recording),
)  # fmt: skip
verdicts(
    ruled, simulated=heard.simulated,
    planted=table.truths(ruled, ()),
)  # fmt: skip

# %% [markdown]
# "Undecided" is not "no".
# In brackets stands whether an effect of the ledger's margin is excluded (absent) or could not be told.
# What was planted in simulated listeners settles none of these claims, for they are about training.
# Rules that are not as they first were:
#
# {glue:md}`changed_rules`

# %%
from lib.report.claims import changed_rules

say({"changed_rules": changed_rules(ruled)})

# %% [markdown]
# ### Everything as one table
#
# All of the above, one row per number, and the answer that opens this page.

# %%
from lib.report import answer, save_results

tidy = told.tidy(
    by_component, gains, asked, whole, way,
    layers, matrices, by_place, heard,
)  # fmt: skip
results = save_results(
    tidy, chapter="learning", recording=recording
)
results.groupby("measure").size().to_frame("rows")

# %%
from lib.chapters.cortex.learning.headline import headline

question = "What has to be learnt to hear like us?"
answer(question, headline(found_here, gains, asked, heard))

# %% [markdown]
# ## What would change this answer?
#
# * **A recipe that was chosen blindly.** The recipe of the small convolutional models was chosen among several.
#   Scores on these 165 natural sounds were looked at for that, so the level of the family is a little too high.
#   Differences within the family are not touched by that choice.
# * **Larger models, longer training.** The small models heard hours of sound, where published ones heard years.
#   Published ones run here by name once their weights are fetched: `alike models fetch NAME`.
# * **Other trainings.** More of them make the intervals over trainings mean more.
# * **Other folds.** Five folds are one of many ways to split the sounds, and each $r^2$ moves with them.
# * **Other facts.** A pair of models that differ in more than the card says is taken to differ in that alone.
#
# ## Re-run it, fork it
#
# ```bash
# alike run learning -p recording natsound165             # real cortex
# alike run learning -p models crepe-tiny,crepe-full      # other models: then size is asked about
# cp notebooks/learning.py notebooks/my_question.py       # then one line in an edition, one in _toc.yml
# ```
#
# {doc}`../howto` tells the rest.
