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
# # How we compare, and why you can trust it
#
# {glue:md}`answer`
#
# Every chapter of this book asks whether two things that have nothing in common, the units of a model and the electrodes
# or voxels of a listener, respond alike to the same sounds. Yang and colleagues {cite}`yang2026` answer with eight
# measures of similarity and a permutation test for one of them. This chapter explains all eight, shows that each is
# computed right, gives each its null, and shows when the null itself can be trusted.
#
# **What the paper does.** Five of its measures compare *dependence*: distance correlation, RV, mutual information, linear
# and Gaussian CKA. Three compare *rank geometry*: representational similarity with Pearson's r, Spearman's ρ and
# Kendall's τ {cite}`kriegeskorte2008`. Its null shuffles the time labels of the model.

# %% tags=["parameters"]
n_times: int = 60  # time points of the examples and of the calibration [at least 4]
n_permutations: int = 199  # draws of every null [at least 1]
n_repetitions: int = 300  # pairs of independent series per kind of noise [at least 1]
seed: int = 0  # of every series and every permutation [at least 0]

# %% [markdown]
# ## Load
#
# The series of this chapter are generated noise with known truth: simulated, no brain and no model. A *response* with
# eight channels and a *layer* with five units share one slow signal, each under its own noise.

# %%
import numpy as np

from lib.chapters.measures.calibration import ar1_noise

rng = np.random.default_rng(seed)
shared = ar1_noise(rng, (n_times, 2), phi=0.7)
layer = shared @ rng.standard_normal((2, 5)) + rng.standard_normal((n_times, 5))
response = shared @ rng.standard_normal((2, 8)) + rng.standard_normal((n_times, 8))

# %% [markdown]
# ## Represent
#
# A measure first turns each series into a square matrix over time points: how far apart, or how alike, is the model's
# state at one moment and at another? Four kinds of matrix serve all measures but one.
#
# * **Correlation distance**, $1 - r$ between the patterns of two time points. Used raw (Pearson RSA), as ranks
#   (Spearman RSA) and as an order of pairs (Kendall RSA). A single electrode has no pattern; there, $|x_i - x_j|$.
# * **Euclidean distance**, double-centred: distance correlation {cite}`szekely2007`.
# * **Inner product**, double-centred: RV {cite}`robert1976` and linear CKA {cite}`kornblith2019`, which are one number.
# * **Gaussian kernel**, double-centred, as wide as the median distance: Gaussian CKA.
#
# The mutual-information proxy needs no matrix over time: it averages $-\tfrac12\ln(1-\rho^2)$ over all pairs of a unit
# and a channel.

# %%
from lib.chapters.measures import figures as figures_measures
from lib.report import answer, save_results, say, show
from lib.report.style import use_house_style

use_house_style()
show(
    figures_measures.prepared_matrices(layer, response),
    "matrices",
    f"What measures compare: the matrix of a layer (top) and of a response (bottom) over {n_times} time points, in the four "
    "forms that serve seven of the eight measures. Simulated series that share a slow signal.",
    "Two rows of four square matrices; layer and response show similar blocks along the diagonal.",
)

# %% [markdown]
# ## Align
#
# Both series already share their time points here. Chapters with real recordings bring them onto one clock first.
#
# ## Compare
#
# ### Eight measures, one computation
#
# Once prepared, a measure is the inner product of two matrices of norm one (Kendall counts concordant pairs, mutual
# information multiplies columns). Exchanging time points of the model only re-orders its matrix. So a null costs one
# re-ordering and one product per draw, for any measure, and all measures, layers and listeners share the same draws.

# %%
import pandas as pd

from lib.compare import MEASURES, VARIANTS, permutation_null

null = permutation_null([layer], response, n_permutations=n_permutations, seed=seed)
shift = permutation_null([layer], response, n_permutations=n_permutations, scheme="shift", seed=seed)
facts = [
    {"measure": m.name, "family": m.family, "range": f"{m.low:g} to {m.high:.3g}", "unit": m.unit}
    for m in MEASURES.values()
]
eight = pd.DataFrame(facts).merge(null.to_frame()[["measure", "value", "null_mean", "z", "p"]])
eight.set_index("measure").rename_axis(None).round(3)

# %% [markdown]
# Formulas, with A and B for the two prepared matrices:

# %%
formulas = [{"measure": m.name, "formula": m.formula, "source": m.source} for m in MEASURES.values()]
pd.DataFrame(formulas).set_index("measure").rename_axis(None)

# %%
show(
    figures_measures.observed_and_null(null, shift),
    "nulls",
    f"The eight measures of one pair of simulated series (lines) beside their nulls: {null.n_permutations} free shuffles of "
    f"the layer's time points and all {shift.n_permutations} circular shifts. What chance gives differs from measure to "
    "measure, so values of two measures, or of two models with different frame rates, are comparable only against it.",
    "Eight panels, each with two histograms of null values and a line at the observed value.",
)

# %% [markdown]
# Names are kept apart where publications differ. Plain names follow the usual definition; what published code returns
# under the same name, and what removes its bias, are variants with names of their own.

# %%
variants = [{"variant": m.name, "formula": m.formula, "source": m.source} for m in VARIANTS.values()]
pd.DataFrame(variants).set_index("variant").rename_axis(None)

# %% [markdown]
# ### The same numbers from other libraries
#
# Computed now, on the series above, against SciPy, rsatoolbox and dcor, or a textbook formula of another form where no
# library has the measure. The last column is the absolute difference.

# %%
from lib.chapters.measures.parity import parity_table

parity = parity_table(layer, response)
shown = parity.assign(difference=parity["difference"].map("{:.0e}".format)).round(6)
shown.set_index("measure").rename_axis(None)

# %%
value = null.observed.isel(layer=0)
say("parity", f"{parity['difference'].max():.0e}")
say("n_checks", len(parity), digits=0)
say("rv", f"{float(value.sel(measure='rv')):.12f}")
say("cka", f"{float(value.sel(measure='cka_linear')):.12f}")

# %% [markdown]
# The largest difference over {glue:text}`n_checks` comparisons is {glue:text}`parity`. And RV *is* linear CKA:
# {glue:text}`rv` against {glue:text}`cka`. A paper that counts both counts one measure twice.
#
# ### The floor of biased measures
#
# CKA, RV and distance correlation of *independent* series are not zero. They fall with the number of frames, so a model
# with few frames per sentence scores higher than one with many, for no reason that has to do with hearing. Centring
# that corrects for the diagonal {cite}`szekely2014` removes the floor; a null shows it.

# %%
from lib.chapters.measures.calibration import bias_floor, false_positive_rates

floor = bias_floor(seed=seed)
shortest = floor[floor["n_times"] == floor["n_times"].min()].set_index("measure")
show(
    figures_measures.bias_floor(floor),
    "floor",
    "Mean value for independent white noise (eight columns each) against the number of time points, biased and debiased; "
    f"bands are 95 % intervals of the mean over {int(floor['n'].iloc[0])} pairs. Nothing is shared: the right answer is 0.",
    "Lines of biased measures fall with the number of time points; lines of debiased measures stay at zero.",
)

# %%
say("floor_t", int(shortest["n_times"].iloc[0]), digits=0)
for name in ("cka_linear", "cka_linear_debiased"):
    row = shortest.loc[name]
    say(f"floor_{name}", row["mean"], low=row["low"], high=row["high"], n=int(row["n"]))

# %% [markdown]
# At {glue:text}`floor_t` time points, linear CKA of unrelated noise is {glue:text}`floor_cka_linear`; debiased, it is
# {glue:text}`floor_cka_linear_debiased` ({glue:text}`floor_cka_linear_debiased_interval`).
#
# ### Can the null be trusted?
#
# A test at level .05 must call one in twenty independent pairs significant, no more. A free shuffle assumes that time
# points are exchangeable. For white noise they are. Neural and model series are smooth: neighbours resemble each other,
# a shuffle destroys that, and what remains looks more alike than any draw. A circular shift keeps the smoothness.

# %%
from lib.chapters.measures.calibration import null_p_values

p_values = null_p_values(n_repetitions=n_repetitions, n_times=n_times, n_permutations=n_permutations, seed=seed)
rates = false_positive_rates(p_values)
show(
    figures_measures.p_value_curves(p_values),
    "calibration",
    f"Share of p-values at or below each level, {n_repetitions} pairs of independent simulated series of {n_times} time "
    "points, one line per measure (solid: rank geometry, dashed: dependence). A calibrated test follows the grey diagonal; "
    "above it, it finds what is not there. Columns: white noise, smooth and slow noise (correlation .8 and .95 from one "
    "time point to the next) and 1/f noise; rows: free shuffle and circular shift.",
    "Eight panels of cumulative p-value curves, four kinds of noise by two null schemes.",
)

# %%
table = rates.assign(rate=[f"{r.rate:.3f} ({r.low:.3f} to {r.high:.3f})" for r in rates.itertuples()])
table.set_index(["scheme", "noise", "measure"])["rate"].unstack("measure").T.loc[list(MEASURES)]

# %%
for (noise, scheme), chosen in rates.groupby(["noise", "scheme"]):
    spearman, key = chosen.set_index("measure").loc["rsa_spearman"], f"fp_{noise}_{scheme}"
    say(key, spearman["rate"], low=spearman["low"], high=spearman["high"], n=int(spearman["n"]), digits=3)
    say(f"{key}_worst", chosen["rate"].max(), digits=3, n=int(spearman["n"]))

# %% [markdown]
# False positives of Spearman RSA at a nominal .05 (worst of the eight measures in the last column):
#
# | series | null | rate | 95 % interval | worst |
# |---|---|---|---|---|
# | white | shuffle | {glue:text}`fp_white_shuffle` | {glue:text}`fp_white_shuffle_interval` | {glue:text}`fp_white_shuffle_worst` |
# | white | shift | {glue:text}`fp_white_shift` | {glue:text}`fp_white_shift_interval` | {glue:text}`fp_white_shift_worst` |
# | smooth (.8) | shuffle | {glue:text}`fp_ar1_shuffle` | {glue:text}`fp_ar1_shuffle_interval` | {glue:text}`fp_ar1_shuffle_worst` |
# | smooth (.8) | shift | {glue:text}`fp_ar1_shift` | {glue:text}`fp_ar1_shift_interval` | {glue:text}`fp_ar1_shift_worst` |
# | slow (.95) | shuffle | {glue:text}`fp_ar1_slow_shuffle` | {glue:text}`fp_ar1_slow_shuffle_interval` | {glue:text}`fp_ar1_slow_shuffle_worst` |
# | slow (.95) | shift | {glue:text}`fp_ar1_slow_shift` | {glue:text}`fp_ar1_slow_shift_interval` | {glue:text}`fp_ar1_slow_shift_worst` |
# | 1/f | shuffle | {glue:text}`fp_pink_shuffle` | {glue:text}`fp_pink_shuffle_interval` | {glue:text}`fp_pink_shuffle_worst` |
# | 1/f | shift | {glue:text}`fp_pink_shift` | {glue:text}`fp_pink_shift_interval` | {glue:text}`fp_pink_shift_worst` |
#
# A shift is exact for series that wrap around, as the 1/f noise here does. A real excerpt has
# a seam where its end meets its beginning: a shifted series is a little less smooth than the observed one, and the
# slower the series beside the excerpt, the more false positives remain. The slow column shows how many.
#
# ### Short pieces, averaged
#
# A sentence of 60 frames leaves few false positives. But the question of a chapter is asked of many sentences, words or
# sounds at once. Every seam biases its draws the same way, and while the mean over pieces grows ever more precise, the bias stays.
# Phases drawn at random have the same fault, since they, too, join the end to the beginning. Three nulls have no seam:
# noise made anew with the spectrum of all pieces; other stretches of the recording that the pieces were cut from, shifts that do not wrap
# around; and whole pieces, paired anew. Slow series call for care everywhere {cite}`harris2020`. Below, each null decides for simulated pieces whether the mean over
# pieces of the best layer is above chance, with nothing to find (top), and with something planted (bottom; there every null gets the threshold at which it finds
# likeness in noise in .05 of cases).

# %%
from lib.chapters.measures import candidates

short = candidates.read()
show(
    figures_measures.nulls_of_short_pieces(short),
    "averaged",
    f"Top: share of simulated recordings of noise in which a null finds likeness at .05 (dotted). Bottom: the same with something planted, each null at a threshold "
    f"that noise passes in .05. {short['n'].min()} to {short['n'].max()} simulated recordings a point, exact 95 % intervals; Spearman RSA, best of {candidates.LAYERS} layers, mean over pieces. A single piece can't be "
    "paired with another. Counts are stored; `make calibration` makes them.",
    "Two rows of four panels, one a kind of noise. Top: rotations and random phases rise to 1 with more pieces and slower noise, three other nulls stay near .05. Bottom: all nulls find about as much.",
)

# %%
cells = {"one": ("AR .95", 1, 60), "six": ("AR .95", 6, 30), "many": ("AR .95", 18, 30), "sounds": ("AR .8", 165, 25)}
for key, (noise, count, frames) in cells.items():
    for name in ("rotation", "pieces")[: 1 if count == 1 else 2]:
        found = candidates.row(short, name, noise, count, frames)
        say(f"{name}_{key}", found["rate"], low=found["rate_low"], high=found["rate_high"], n=int(found["n"]))
quiet, planted = (short[(short["strength"] > 0) == yes] for yes in (False, True))
for name, key in (("pieces", "pieces"), ("elsewhere", "elsewhere"), ("synthetic noise", "synthetic")):
    mine = quiet[(quiet["null"] == name) & (quiet["pieces"] > 1)]
    positive, n = int(mine["positive"].sum()), int(mine["n"].sum())
    say(f"{key}_all", positive / n, n=n, digits=3, about=f"size of {name}, over all kinds of noise and pieces")
    found = planted[(planted["null"] == name) & (planted["pieces"] > 1)]
    say(f"{key}_power", found["at_equal_size"].sum() / found["n"].sum(), about=f"power of {name} at equal size")

# %% [markdown]
# Noise that follows itself closely (.95), in pieces of 30 to 60 frames, is found alike by rotations in {glue:text}`rotation_one` of recordings of one piece, {glue:text}`rotation_six` of six pieces and
# {glue:text}`rotation_many` of eighteen; less slow noise (.8) in 165 sounds of 25 frames in {glue:text}`rotation_sounds`. Paired anew, the same pieces are found alike in {glue:text}`pieces_six`,
# {glue:text}`pieces_many` and {glue:text}`pieces_sounds`. Over all cells with more than one piece, pairings have a size of {glue:text}`pieces_all`, other stretches of the recording {glue:text}`elsewhere_all`, noise made anew
# {glue:text}`synthetic_all`; at equal size they find {glue:text}`pieces_power`, {glue:text}`elsewhere_power` and {glue:text}`synthetic_power` of what is planted.
#
# The book decides by pairings. They are exact, not approximate, and need neither a longer recording nor a model of its noise: where responses know nothing of the sounds, which response followed which sound is
# a matter of chance. Pieces have to share a length: a response that is cut where another piece ended has its own end elsewhere, and a course
# that all pieces have then sets them apart. So pieces are grouped by length and cut to that of the shortest, and where the question is what belongs to one piece alone, half a second before any
# of them ends. What all pieces share is no likeness by that measure; a single piece cannot be tested so at all.
#
# ### And on real recordings?
#
# The same is asked of every recording the book uses: its responses give way to noise with their own spectrum, correlations between channels and lengths, and the whole decision is
# repeated. The share of repetitions in which a claim comes out supported, its *size*, stands beside the verdict; where it exceeds .05, the claim is not testable on that recording.

# %%
from lib.report import claims

claims.counted_sizes()

# %% [markdown]
# ## Report

# %%
rows = [
    quiet.rename(columns={"rate": "value", "rate_low": "low", "rate_high": "high"}).assign(
        measure="rsa_spearman",
        window="pieces: " + quiet["null"] + ", " + quiet["noise"] + ", " + quiet["pieces"].astype(str),
    )[["measure", "window", "value", "low", "high", "n"]],
    null.to_frame()[["measure", "value", "null_mean", "null_sd", "p"]].assign(window="example, shuffle", n=n_times),
    shift.to_frame()[["measure", "value", "null_mean", "null_sd", "p"]].assign(window="example, shift", n=n_times),
    floor.rename(columns={"mean": "value"})[["measure", "value", "low", "high", "n"]].assign(
        window="floor, T = " + floor["n_times"].astype(str)
    ),
    rates.rename(columns={"rate": "value"}).assign(window=rates["noise"] + ", " + rates["scheme"])[
        ["measure", "window", "value", "low", "high", "n"]
    ],
]
save_results(pd.concat(rows, ignore_index=True), chapter="measures", recording="simulated noise").groupby(
    "window"
).size().to_frame("rows").T


# %%
def quoted(noise, scheme):
    found = rates[(rates["noise"] == noise) & (rates["scheme"] == scheme) & (rates["measure"] == "rsa_spearman")].iloc[
        0
    ]
    return f"{found['rate']:.3f} (95 % interval {found['low']:.3f} to {found['high']:.3f})"


answer(
    "Which similarity measures can be trusted, and against which null?",
    f"Eight measures agree with independent implementations to {parity['difference'].max():.0e}. On independent but smooth "
    f"simulated series, a test at .05 that shuffles time finds a similarity in a share of {quoted('ar1', 'shuffle')} of "
    f"cases (Spearman RSA, n = {n_repetitions}); one that shifts time, in {quoted('ar1', 'shift')}.",
)

# %% [markdown]
# ## What would change this answer
#
# * **Longer or slower series.** `n_times` and the autocorrelation decide how liberal a shuffle is. The slower the series,
#   the worse.
# * **Another null.** Phase randomisation also keeps smoothness, but it makes series Gaussian; shifts keep the values.
# * **Averaging.** What a seam does to one piece hardly shows; averaged over pieces, it decides ({numref}`fig-averaged`).
# * **What pieces share.** Pairings leave a course that all pieces have in the null. Whether a brain and a model share *that* is a question for a longer recording with pauses of unequal length.
#
# ## Re-run it, fork it
#
# ```bash
# alike run measures -p n_times 120 -p n_repetitions 1000
# cp notebooks/measures.py notebooks/my_measure.py      # then one line in an edition, one in _toc.yml
# ```
