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
# # Do models that do better on tasks also hear more like us?
#
# {glue:md}`answer`
#
# A model of sound may be good in two ways.
# It may be *useful*: what a sound is can be read out of its layers.
# And it may be *like us*: what auditory cortex answers to a sound can be predicted from them.
# If the two go together, whoever builds better models also builds better models of hearing.
#
# **What the paper claims.**
# Pepino and colleagues {cite}`pepino2025` gave 36 models six tasks, from notes of instruments to moods of voices.
# The better a model did over all of them, the better it predicted cortex.
# Models that had learnt to fill in masked stretches of sound did best at both.
#
# This page asks the same of every model that runs here, with tasks that fit a laptop.
# Then it recomputes what can be recomputed of the paper's own numbers.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # whose likeness: pocket-sounds (simulated), natsound165 (real)
# Real ones: environment, spoken-words, spoken-voices
tasks: list = ["pocket-kinds", "pocket-music", "pocket-words", "pocket-moods"]  # what models are tested on
models: list = []  # names of further models, whose scores are made now; those that are stored are always there
n_draws: int = 2000  # resamples of models, and of families, for intervals that stand beside the main one [at least 2]
seed: int = 0  # of these resamples [at least 0]
# fmt: on

# %% [markdown]
# ## Load: tasks with sounds, and a recording
#
# A task is a set of sounds, each with a name for what it is.
# It tells which sounds are tested together, so that nothing but what is asked for can give the answer away:
# a new speaker, another recording, another part of the story.
# None of these sounds is among those that cortex answered to.

# %%
from lib.chapters.downstream import material
from lib.report import say, show, style

style.use_house_style()
scored = material.gathered(recording, tasks, models)
scored.outline()

# %% [markdown]
# The last column is what one gets by always naming the most frequent label.
#
# To let twenty models hear a thousand sounds takes a while, so their scores are stored.
# `make downstream` makes those that are missing, and those that another version of a model or of the code had made.
# This page reads {glue:text}`n_rows` of them, and made {glue:text}`n_new` itself.
# {glue:md}`freshness`

# %%
from lib.chapters.downstream import numbers

say(numbers.of_records(scored))
scored.kinds()

# %% [markdown]
# "Random weights" are {term}`untrained twins <untrained twin>`, one of each network.
# A *family* is one architecture with its sizes, its diets and its twin.
# Models of a family are alike for reasons that have nothing to do with the question, and that will matter below.
#
# ## Represent: what can be read out of a model?
#
# Every layer is averaged over the sound's duration, which gives one row of numbers a layer.
# A {term}`probe` is a small learner on top of these rows: it learns names of some sounds, and is tested on others.
#
# The probe here is a {term}`ridge regression`.
# Layers stand side by side, each scaled to the same total variance, and each label $c$ has an indicator $y_c$.
# It is 1 for sounds of that label and 0 for others:
#
# $$\min_w \; \lVert y_c - Xw \rVert^2 + \alpha \lVert w \rVert^2$$
#
# The label whose predicted indicator is largest is named.
# One penalty $\alpha$ serves all labels, and is chosen on training sounds alone.
#
# Benchmarks use a small network in place of the ridge, and try sixteen settings of it.
# That takes a hundred times as long; how far the scores of both differ is told below.
#
# ## Align: the same models, twice
#
# The common axis of this page is not a sound but a *model*: each has a score on tasks, and a likeness to cortex.
# The *overall score* follows the paper.
# On each task, scores are turned into {term}`z-scores <z-score>` over models, and these are averaged over tasks.
#
# ## Compare
#
# ### Which tasks can be solved from which layers?

# %%
from lib.chapters.downstream import figures

say(numbers.of_tasks(scored))
show(figures.by_task(scored))

# %% [markdown]
# Of {glue:text}`n_scores` scores in {numref}`fig-tasks`, {glue:text}`n_above_chance` lie above what exchanged labels
# give ($p \le .05$, one by one).
# The best are {glue:text}`best_by_task`.
# {glue:md}`heard_models`
#
# Read the figure along a row, too: a model that is good at one task need not be good at the next.
# A network that was trained to tell speakers apart was never asked to tell rain from waves.
# What it knows of them came along.
#
# ### Do two ways to be like cortex agree?
#
# Likeness to cortex is measured in two ways, as in {doc}`cortex`.
# By *regression*: the share of the variance of six response components that is predicted, $r^2$.
# By *similarity*: whether sounds that lie far apart in a model lie far apart in cortex, a rank correlation $\rho$.
# Regression may reweigh the units of a model, similarity may not.

# %%
from lib.chapters.downstream import relation

related = relation.relations(scored, n_draws=n_draws, seed=seed)
say(numbers.of_relation(related))
say(numbers.about_agreement(related))
show(figures.two_ways(scored, related))

# %% [markdown]
# {glue:md}`agreement`
#
# How sure can one be of a correlation over models?
# The usual interval takes them for independent, which those of one family are not.
# In simulations with families like these and nothing to find, it excluded 0 more than twice as often as it may.
# So the intervals here leave out a whole family at a time, and count as many cases as there are families.
# In the same simulations they excluded 0 as often as they may.
#
# ### Do better models predict cortex better?

# %%
say(numbers.about_downstream(scored, related))
say(numbers.shares(scored))
show(figures.downstream(scored, related))

# %% [markdown]
# {glue:md}`downstream`
#
# In {numref}`fig-downstream`, {glue:text}`n_twins` of {glue:text}`n_models` models have random weights.
# Models that are bad at tasks and unlike cortex at once can make a correlation on their own.
# {glue:text}`n_worse` lie left of the dashed line.
# So the same is asked again with something left out:
#
# {glue:md}`robust`

# %%
relation.table_of(scored, related)

# %% [markdown]
# The table has the same correlations with the interval over families, and the narrower one over models beside it.
#
# Is it one task that does this?

# %%
numbers.each_task(scored, related)

# %% [markdown]
# A correlation with a single task says whether what that task needs is also what cortex is predicted from.
#
# ### Does it depend on the probe?

# %%
say(numbers.of_probes(scored))
compared = material.probes(scored)
show(figures.two_probes(compared, scored))

# %% [markdown]
# {glue:md}`probes`
# The network mixes layers by weights that it learns, and has one or two hidden layers of 1,024 units.
# It keeps a fold back to know when to stop, so it learns from less than the ridge does.
#
# ### What do the paper's own numbers say?
#
# These are numbers of people, whatever was chosen above, and of the paper's models.
#
# Regression and similarity of each model were read off a figure, so their correlation can be computed again.
# It is {glue:text}`paper_agree_told` over {glue:text}`paper_agree_n` models of {glue:text}`paper_families` families,
# where the paper prints .92.
# With one family left out it stays between {glue:text}`paper_least` and {glue:text}`paper_most`.
# In its second data set it is {glue:text}`paper_agree_second_told`, where it prints .93.
# Models that fill in masked sound lie {glue:text}`paper_classes_told` above older and specialised ones in $R^2$,
# families as cases.
#
# How single models did on tasks was not published, only how tasks and alignment correlate.
# Intervals need a number of models, which is stated for all of them but not for the better ones.
# Yet the table has stars: each of its {glue:text}`paper_stars` correlations over better models says whether $p$ is
# below .05 or .01.
# Of all numbers from 10 to 60, {glue:text}`paper_n_better` fits all stars.

# %%
say(numbers.of_paper())
show(figures.published_relations())

# %% [markdown]
# Over all models, overall score and alignment by regression go together at {glue:text}`paper_overall_told`.
# Over the better ones it is {glue:text}`paper_better_told`.
# By similarity, over those, it is {glue:text}`paper_better_similarity_told`.
# So part of the relation is a matter of a few models that are bad at everything.
# The intervals in {numref}`fig-published-relations` are too narrow.
# Families cannot be left out of a table of correlations.
#
# ## Report
#
# ### What does this say of the paper's claims?
#
# The ledger holds the claims and the rule for each; the verdicts follow from the intervals above.
# Beside each stands what the same rule says of the paper's own tables, where they have the numbers for it.

# %%
from lib.report import claims, verdicts
from lib.report.claims import sizes, table

verdicts(
    claims.decide(
        recording, relation.evidence(scored, related),
        sizes=sizes.counted(recording),
    ),
    simulated=scored.simulated,
    planted=table.truths(("B1", "B2", "B3"), ()),
    published=relation.of_the_paper(),
)  # fmt: skip

# %% [markdown]
# The paper's claim about classes of models is a claim about large ones, trained on millions of sounds.
# The models of this book that fill in masked sound are small and heard minutes of it.
# A verdict against them would say little of the paper's.
#
# ### How often would unrelated scores pass?
#
# The rules on correlations were applied to random scores, in families of the same sizes.
# Half of their variance lies between families.
# These counts are stored; `make calibration` makes them.

# %%
sizes.table(recording).query("decision in ['B2', 'B3']")

# %% [markdown]
# ### Everything as one table

# %%
from lib.report import answer, save_results

results = save_results(
    numbers.tidy(scored, related),
    chapter="downstream",
    recording=recording,
)
results.groupby("measure").size().to_frame("rows")

# %%
from lib.chapters.downstream.headline import QUESTION, headline

answer(QUESTION, headline(scored, related))

# %% [markdown]
# ## What would change this answer?
#
# * **More families.** Intervals count families, and there are few here.
#   Those of the paper are in the roster, and run here once their weights are fetched (`alike models fetch NAME`).
#   Then `-p models NAME` puts them on this page.
# * **Other tasks.** Tasks that ask for pitch, for melody or for meaning may go with cortex in another way.
# * **Cause.** A correlation over models cannot say that being good at tasks makes a model like cortex.
#   Larger models that heard more are better at both.
#
# Scores that others published for the tasks of that benchmark are on {doc}`their own page <../generated/hear>`.
#
# ## Re-run it, fork it
#
# ```bash
# alike run downstream -p recording natsound165 -p tasks "[environment, spoken-words, spoken-voices]"
# alike run downstream -p models "[mini-resnet@100]"       # one model more
# cp notebooks/downstream.py notebooks/my_tasks.py          # then one line in an edition, one in _toc.yml
# ```
#
# {doc}`../howto` tells the rest.
