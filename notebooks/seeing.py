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
# # What a model sees
#
# {glue:md}`answer`
#
# The other chapters ask how well a model's layers go with a brain.
# Before that, one may simply look: what happens in a layer while a sound goes by?
# This page has no claim of a paper to judge.
# It lets you choose a sound, a model and a layer, and it measures one thing that can be seen: how fast layers change.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-sounds"  # which sounds: pocket-sounds (generated), natsound165 (real)
models: list = ["mini-hubert", "mini-mixture"]  # names of the roster, the first one leads the page
published_models: list = []  # names of the roster that come before these; what is not here is named
per_category: int = 3  # sounds drawn of each category; the first of each can be looked at [at least 1]
seed: int = 0  # of the draw of sounds [at least 0]
# fmt: on

# %% [markdown]
# ## Load: sounds of every kind
#
# The sounds last two seconds and belong to eleven categories, from speech to machines.
# We draw the same number of each, so that no kind decides alone.

# %%
from lib.chapters.seeing import material
from lib.report import say, show, style

style.use_house_style()
heard = material.heard(recording, per_category, seed)
heard.outline()

# %% [markdown]
# ## Represent: layers, frame by frame
#
# A model turns a sound into {term}`layers <layer>`, and each layer into *frames*: one row of numbers for every few
# milliseconds, one number for each {term}`unit`.
# Elsewhere in this book frames are averaged over a whole sound or matched with a brain's.
# Here we keep them as they are.
#
# Beside every model stands its {term}`untrained twin`, the same network with random weights.
# What the twin does as well was not learnt.

# %%
from lib.chapters.seeing.seen import look

names, missing = material.at_hand(models, published_models)
say({"missing": missing})
seen = [look(heard, name) for name in names]

# %% [markdown]
# {glue:md}`missing`
#
# ## Align: one axis of time
#
# Models run on clocks of their own: one gives a frame every 8 milliseconds, another every 80.
# So frames are drawn where they belong in time, not one beside the other.
# The {term}`cochleagram` on top is the sound itself, as energy over time in bands of frequency: the picture that the
# inner ear passes on.
#
# Units have no natural order.
# We ask which band of the cochleagram each unit goes with best, up or down, over all sounds, and put low ones at the
# bottom.
# Colours are standard deviations from the unit's own mean: orange is above, purple below.

# %%
from lib.chapters.seeing.viewer import viewer

viewer(seen, heard)

# %% [markdown]
# Start with all layers of a model, then look at one of them.
# Arrow keys move through the menus, and the slider below the pictures moves a line through all of them at once.
# A horizontal band of colour is a unit that holds on while the sound changes.
# A vertical one is an event that many units notice.

# %%
from lib.chapters.seeing import figures

show(figures.one_sound(seen[0], heard))

# %% [markdown]
# {numref}`fig-sound` is the same in print, for one sound and three layers of {glue:text}`first_model`.
# Where the cochleagram has edges, the first layer mostly has them too.
# Whether deeper layers blur them can be guessed from the picture, and is measured next.
#
# ## Compare: how fast do layers change?
#
# ### What is measured
#
# Take one unit during one sound, and compare its course with the same course $\tau$ seconds later.
# Their correlation $r(\tau)$ is the {term}`autocorrelation`.
# It begins with 1 and falls, the faster the more the unit changes.
# Averaged over units, the time at which it has fallen to $1/e \approx .37$ is how long the layer *stays like itself*.
#
# Two things would make this unfair, and both are dealt with.
# A model may count time by itself, whatever it hears.
# So what all sounds have in common at a moment is taken away first.
# And a slow clock can't show fast changes.
# So the cochleagram is averaged over the very frames of the layer before the two are compared; where frames come only
# every 80 milliseconds, as in `mini-mixture`, little of the difference between a fast layer and a slow one is left.

# %%
from lib.chapters.seeing import numbers

said = numbers.named(seen, heard)
say(said)
numbers.table(seen)

# %% [markdown]
# The table tells times as factors: 2 means twice as long.
# In brackets are 95 % intervals over the {glue:text}`n_sounds` sounds, each standing for itself.
# On the clock of {glue:text}`first_model`, the cochleagram stays like itself for {glue:text}`sound_ms_told` ms.
# This model's layers do so {glue:text}`slowness_told` times as long.
#
# ### Does it slow down with depth?

# %%
show(figures.pace(seen, heard))

# %% [markdown]
# In {numref}`fig-pace`, a line that rises is a network whose deeper layers hold on longer.
# For {glue:text}`first_model`, the last layer takes {glue:text}`deepening_told` times as long as the first; the slowest
# is {glue:text}`slowest_layer`.
# Of all {glue:text}`n_models` models' last layers, set against their first, {glue:text}`deeper`.
#
# ### Was that learnt?
#
# A network may be slow because it is built so: a filter that sees a tenth of a second can't change much within it.
# Its untrained twin is built the same.
# Trained layers of {glue:text}`first_model` stay like themselves {glue:text}`learnt_told` times as long as those of its
# twin.
# Of the models that have a twin, {glue:text}`trained`.
# The twin was drawn once, so the interval says nothing of other random weights.
#
# ## Report
#
# Every pace is a row of the table that this page leaves behind, in seconds, for each sound and layer.

# %%
from lib.chapters.seeing.headline import QUESTION, headline
from lib.report import answer, save_results

paced = numbers.tidy(seen, heard)
results = save_results(
    paced, chapter="seeing", recording=recording
)
answer(QUESTION, headline(seen, heard))
results.groupby(["model", "measure"])["value"].median().unstack()

# %% [markdown]
# ## What would change this answer
#
# * **Longer sounds.** Two seconds can't show anything that lasts longer than about half a second.
# * **Another measure.** Units count alike here, however strongly they respond; a measure that weighs them by their
#   variance would follow a few loud ones.
# * **Another ear.** A cochleagram with finer bands changes faster, and every factor would be larger.
#
# ## Re-run it
#
# ```bash
# alike run seeing -p models logmel,mini-speech
# alike run seeing -p published_models '["whisper-base"]'
# ```
