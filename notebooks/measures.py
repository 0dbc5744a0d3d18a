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
# # How we compare, and when you can trust it
#
# {glue:md}`answer`
#
# The chapters on people ask whether two things that are built quite differently respond alike to the same sounds:
# the units of a model, and the electrodes or {term}`voxels <voxel>` of a listener.
# Yang and colleagues {cite}`yang2026` answer with eight measures of likeness, and test one of them against chance.
# This chapter explains all eight, shows that each is computed right, and asks how often each is fooled by chance.
#
# **What the paper does.**
# Three of its measures compare *rank geometry*: they ask whether the same moments lie far apart in both series,
# by Pearson's r (which uses no ranks, but is of that family), Spearman's ρ or Kendall's τ {cite}`kriegeskorte2008`.
# Five compare *dependence*: distance correlation, RV, mutual information, and centred kernel alignment (CKA) in two
# forms.
# To know what chance gives, the paper shuffles the time points of the model many times and measures again:
# that is its {term}`null`.

# %% tags=["parameters"]
n_times: int = 60  # time points of the examples and of the calibration [at least 4]
n_permutations: int = 199  # draws of every null [at least 1]
n_repetitions: int = 300  # pairs of independent series per kind of noise [at least 1]
seed: int = 0  # of every series and every permutation [at least 0]

# %% [markdown]
# ## Load: two series whose truth is known
#
# The series of this chapter are simulated noise: no brain and no model.
# Only where we know that nothing is shared can we count how often a test claims that something is.
# To begin with, though, something is: two slow signals.

# %%
import numpy as np

from lib.chapters.measures import calibration

rng = np.random.default_rng(seed)
shared = calibration.ar1_noise(rng, (n_times, 2), phi=0.7)

# %% [markdown]
# A *layer* with five units and a *response* with eight {term}`channels <channel>` each mix the two in their own way,
# under noise of their own.
# So no unit looks like any channel, and still both go through the same states at the same times.

# %%
layer = calibration.mixture(rng, shared, n_columns=5)
response = calibration.mixture(rng, shared, n_columns=8)

# %% [markdown]
# ## Represent: from a series to a matrix
#
# Units can't be set against channels one by one, as there are not even equally many.
# But one can ask of each series alone how alike its states at two moments are, and compare the answers.
# So a measure first turns each series into a square matrix over time points.
# Four kinds of matrix serve all measures but one.
#
# * **Correlation distance**, $1 - r$ between the patterns of two time points: the
#   {term}`dissimilarity matrix <RDM>` of {term}`representational similarity analysis` (RSA).
#   It is used raw (Pearson RSA), as ranks (Spearman RSA) and as an order of pairs (Kendall RSA).
#   A single electrode has no pattern; there, the distance is $|x_i - x_j|$.
# * **Euclidean distance**, for {term}`distance correlation` {cite}`szekely2007`.
# * **Inner product**, for {term}`RV` {cite}`robert1976` and linear {term}`CKA` {cite}`kornblith2019`.
# * **Gaussian kernel**, as wide as the median distance: Gaussian CKA.
#
# The last three are *double-centred*: the mean of every row and column is taken away.
# {term}`Mutual information <mutual information>` needs no matrix over time:
# it averages $-\tfrac12\ln(1-r^2)$ over all pairs of a unit and a channel.

# %%
from lib.chapters.measures import figures
from lib.report import show
from lib.report.style import use_house_style

use_house_style()
show(figures.prepared_matrices(layer, response))

# %% [markdown]
# Layer and response share no column, and yet one half of each square nearly mirrors the other.
# That is what a measure counts.
# The four forms show the same moments as alike, and differ in how much weight extremes get.
#
# ## Align: one clock
#
# Both series already share their time points here.
# Chapters with real recordings bring them onto one clock first.
#
# ## Compare: eight measures, and what chance gives
#
# ### How alike are the two?
#
# Once both matrices are prepared, a measure is their inner product after each was scaled to length one.
# Only Kendall's τ counts pairs in the same order instead, and mutual information multiplies columns.
# To shuffle the model's time points is then to re-order its matrix, so a null costs one product a draw,
# and all measures share the same draws.

# %%
from lib.chapters.measures import tables
from lib.compare import permutation_null

null = permutation_null(
    [layer], response, n_permutations=n_permutations, seed=seed
)
tables.observed(null)

# %% [markdown]
# {term}`p <p value>` is the share of shuffles, the observed order counted with them, that look at least as alike.
# The eight values differ widely, though all describe one pair of series:
# a value says little before one knows what chance gives on the same scale.
#
# ### How is each defined?
#
# $A$ and $B$ are the two centred matrices, and
#
# $$\begin{aligned}
# \langle A, B \rangle &= \sum_{ij} A_{ij} B_{ij}, \\
# \cos(A, B) &= \langle A, B \rangle \Big/ \sqrt{\langle A, A \rangle \langle B, B \rangle}.
# \end{aligned}$$
#
# $a$ and $b$ are the distances above the diagonals of two distance matrices, $1 - r$ unless the table says otherwise.

# %%
from lib.compare import MEASURES

tables.formulas(MEASURES)

# %% [markdown]
# Publications differ in what they call by one name.
# Here plain names follow the usual definition.
# What published code returns under the same name, and what takes away a bias that we come to below, are variants with
# names of their own.

# %%
from lib.compare import VARIANTS

tables.formulas(VARIANTS)

# %% [markdown]
# ### Do other programs get the same numbers?
#
# A measure that is computed wrongly looks like any other number.
# So each is computed again, now and on the series above, by SciPy, rsatoolbox and dcor.
# Where no library has the measure, a textbook formula of another form takes their place.

# %%
from lib.chapters.measures.parity import (
    parity_numbers,
    parity_table,
)
from lib.report import say

parity = parity_table(layer, response)
say(parity_numbers(parity, null))
tables.beside(parity)

# %% [markdown]
# In {glue:text}`n_checks` comparisons no difference reaches {glue:text}`parity`: all compute the same.
# And RV *is* linear CKA: {glue:text}`rv` beside {glue:text}`cka`, less than {glue:text}`rv_apart` apart.
# A paper that counts both counts one measure twice.
#
# ### What does chance give?
#
# A shuffle is one way to draw what chance gives.
# It exchanges moments freely, and so takes for granted that each could as well have come at any other time.
# A {term}`circular shift` is another: it turns the series, so that its end comes before its beginning and all
# neighbours but two stay neighbours.

# %%
shift = permutation_null(
    [layer],
    response,
    n_permutations=n_permutations,
    scheme="shift",
    seed=seed,
)
say(calibration.chance_numbers(null, shift))
show(figures.observed_and_null(null, shift))

# %% [markdown]
# Chance does not give zero: shuffled, distance correlation is still {glue:text}`chance_dcor` on average
# (middle 95 % of {glue:text}`chance_dcor_n` shuffles: {glue:text}`chance_dcor_interval`).
# So values of two measures can't be compared, and neither can those of two models with different numbers of frames.
# Only their place against chance can.
# And the two ways to draw chance disagree: shifts spread {glue:text}`chance_spread` times as wide as shuffles.
# Which of them is right is the question of the rest of this page.
#
# ### Why is chance not zero?
#
# Distance correlation, RV and CKA of *independent* series are above zero because they add up squares,
# and squares of chance correlations do not cancel.
# The fewer time points, the larger these are.
# So a model with few frames per sentence scores higher than one with many, for no reason that has to do with hearing.
# Another way of centring, which leaves the diagonal out, removes that floor {cite}`szekely2014`.

# %%
floor = calibration.bias_floor(seed=seed)
say(calibration.floor_numbers(floor))
show(figures.bias_floor(floor))

# %% [markdown]
# At {glue:text}`floor_t` time points, linear CKA of unrelated noise is {glue:text}`floor_cka_linear_told`,
# and at {glue:text}`floor_t_longest` still {glue:text}`floor_cka_linear_longest_told`.
# Debiased, it is {glue:text}`floor_cka_linear_debiased_told` and {glue:text}`floor_cka_linear_debiased_longest_told`.
# Debiasing mends the mean; it does not say how far a single value strays from it.
# For that one needs a null.
#
# ### How often is a test wrong about one pair?
#
# A test at .05 may call one in twenty independent pairs significant, no more: those are its
# {term}`false positives <false positive>`.
# For white noise, whose moments know nothing of each other, a shuffle keeps that promise.
# But neural and model series are smooth: neighbours resemble each other.
# A shuffle destroys that, and beside its ragged draws any two smooth series look alike.
# A shift keeps the smoothness, so it should do better.
# We count, on pairs that share nothing, in four kinds of noise.

# %%
p_values = calibration.null_p_values(
    n_repetitions=n_repetitions,
    n_times=n_times,
    n_permutations=n_permutations,
    seed=seed,
)
rates = calibration.false_positive_rates(p_values)

# %%
show(figures.false_positives(rates, n_times=n_times))

# %%
say(calibration.rate_numbers(rates))
tables.wrong(rates)

# %% [markdown]
# Shares are of {glue:text}`fp_ar1_shuffle_n` pairs, with 95 % intervals; .05 was promised.
# In smooth noise, a shuffle finds likeness in {glue:text}`fp_ar1_shuffle_told` by Spearman RSA, and a shift in
# {glue:text}`fp_ar1_shift_told`.
# In slow noise even the shift is wrong in {glue:text}`fp_ar1_slow_shift_told`, and by the worst measure in
# {glue:text}`fp_ar1_slow_shift_worst_told`.
# No choice of measure mends it: the fault lies in the null.
#
# A shift is exact for series that wrap around, as the 1/f noise here does.
# A real excerpt has a seam where its end meets its beginning.
# So a shifted series is a little less smooth than the observed one,
# and the slower the series beside the length of the excerpt, the more that matters.
#
# ### And when short pieces are averaged?
#
# A chapter asks its question of many sentences, words or sounds at once.
# Every seam biases its draws the same way, and while the mean over pieces grows ever more precise, the bias stays.
# Random phases, another common null, have the same fault, since they too join the end to the beginning.
# Three nulls have no seam:
#
# * *noise made anew*, with the spectrum of all pieces together;
# * *other stretches* of the recording that the pieces were cut from: shifts that do not wrap around;
# * *pieces exchanged*: whole pieces, each paired with the response to another.
#
# Slow series call for care everywhere {cite}`harris2020`.
# So each null decides, for simulated recordings in pieces, whether the best layer is above chance on average.
# That takes too long for a page, so these are stored counts: `make calibration` makes them.

# %%
from lib.chapters.measures import stored

short = stored.read()
say(stored.numbers(short))
show(figures.nulls_of_short_pieces(short))

# %% [markdown]
# On the left there is nothing to find, and pieces turned in a circle find it all the same.
# In slow noise they are wrong in {glue:text}`rotation_one_told` of recordings of one piece
# (n = {glue:text}`rotation_one_n`), in {glue:text}`rotation_six_told` of six pieces, and in
# {glue:text}`rotation_many_told` of eighteen; in smooth noise, in {glue:text}`rotation_sounds_told` of 165 sounds
# (n = {glue:text}`rotation_sounds_n`).
# Exchanged with each other, six such pieces are found alike in {glue:text}`pieces_six_told`, eighteen in
# {glue:text}`pieces_many_told`, and the 165 sounds in {glue:text}`pieces_sounds_told`.
#
# Over all settings with more than one piece, exchanged pieces are wrong in {glue:text}`pieces_all_told`
# (n = {glue:text}`pieces_all_n`), other stretches in {glue:text}`elsewhere_all_told`, noise made anew in
# {glue:text}`synthetic_all_told`.
# The worst setting of exchanged pieces is {glue:text}`pieces_worst_told` (n = {glue:text}`pieces_worst_n`), and
# {glue:text}`pieces_above` lie clearly above .05.
#
# On the right something is planted, and every null gets the threshold that noise passes in .05.
# Then exchanged pieces find {glue:text}`pieces_power_told` of what is there, other stretches
# {glue:text}`elsewhere_power_told`, noise made anew {glue:text}`synthetic_power_told`, and pieces turned in a circle
# {glue:text}`rotation_power_told`.
# (These intervals count the recordings alone; each threshold is itself an estimate.)
# So a null that is right about noise finds no less.
#
# **The book decides by exchanged pieces.**
# They are exact, not approximate, and need neither a longer recording nor a model of its noise:
# where responses know nothing of the sounds, which response followed which sound is a matter of chance.
# They have three limits.
#
# * Pieces have to share a length.
#   A response that is cut where another piece ended has its own end elsewhere, and a course that all pieces have then
#   sets them apart.
#   So pieces are grouped by length and cut to that of the shortest, and where the question is what belongs to one
#   piece alone, half a second before any of them ends.
# * What all pieces share is no likeness by that measure.
# * A single piece cannot be tested so at all.
#
# ### And on real recordings?
#
# The same is asked of every recording the book uses.
# Its responses give way to noise with their own spectrum, correlations between channels and lengths, and the whole
# decision is repeated.
# The share of repetitions in which a claim comes out supported, its {term}`size`, stands beside the verdict.
# Where it clearly exceeds .05, the claim is not testable on that recording.
# These counts are stored, too.

# %%
say({"sizes_above": tables.sizes_above()})
tables.sizes()

# %% [markdown]
# The whole interval lies above .05 in {glue:text}`sizes_above`.
# Shares far below .05 belong to rules that ask more than one thing, so that noise has to pass several times, or to
# intervals that are corrected for a family of questions.
#
# ## Report
#
# Every number behind the figures goes into one table, and the answer to the first screen.

# %%
from lib.report import save_results

results = save_results(
    tables.tidy(
        short, [null, shift], floor, rates, n_times=n_times
    ),
    chapter="measures",
    recording="simulated noise",
)

# %%
from lib.chapters.measures.headline import QUESTION, headline
from lib.report import answer

answer(QUESTION, headline(rates, short, parity))

# %% [markdown]
# ## What would change this answer
#
# * **Longer or slower series.** `n_times` and the smoothness decide how wrong a shuffle is: the slower, the worse.
# * **Another null.** Random phases also keep smoothness, but make series Gaussian; shifts keep the values.
# * **Averaging.** What a seam does to one piece hardly shows; averaged over pieces, it decides
#   ({numref}`fig-averaged`).
# * **What pieces share.** Exchanged pieces leave a course that all pieces have in the null.
#   Whether a brain and a model share *that* is a question for a longer recording with pauses of unequal length.
#
# ## Re-run it, fork it
#
# ```bash
# alike run measures -p n_times 120 -p n_repetitions 1000
# cp notebooks/measures.py notebooks/my_question.py     # then one line in an edition, one in _toc.yml
# alike run my_question
# ```
