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
# That is the bar every trained model has to clear. Pepino and colleagues {cite}`pepino2025` compared 36 audio models
# with fMRI responses of human auditory cortex to 165 natural sounds, and found that models trained to fill in masked
# stretches of diverse audio predict cortex best. Their weakest yardstick, and the oldest, is no trained model at all: a
# bank of spectro-temporal modulation filters {cite}`chi2005`. This chapter rebuilds that yardstick and the analysis
# around it, step by step, so that the trained models of later chapters stand on ground that has been tested.
#
# **What the paper claims.** Regression and similarity of dissimilarity matrices rank models alike ($r = .92$); the
# best models predict about 1.7 times the variance of the modulation filters; and the six response components that
# underlie the voxels {cite}`normanhaignere2015` differ: low and high frequency are nearly given away by acoustics,
# speech and music are not.

# %% tags=["parameters"]
recording: str = "pocket-sounds"  # which sounds and brains: pocket-sounds (simulated), natsound165 (real)
model: str = "spectrotemporal"  # the model in the main figures
models: list = ["spectrotemporal", "cochleagram", "logmel", "mfcc"]  # all that are compared
# Diets: mixed, speech, environment, music
trained_models: list = ["mini-mixture", "mini-speech", "mini-environment", "mini-music"]  # by diet [4 values]
tuned_models: list = ["mini-mixture-finetuned", "mini-supervised"]  # tuned to labels, on labels only [2 values]
twins: int = 5  # untrained twins of the first trained model, with seeds 0, 1, ... [at least 1]
n_permutations: int = 1000  # draws of the nulls of components and dissimilarities [at least 1]
voxel_permutations: int = 19  # draws of the null of voxels, each a whole nested fit of the main model [at least 1]
n_bootstrap: int = 1000  # resamples of the intervals of dissimilarities [at least 1]
voxels: int = 2000  # at most so many voxels per listener, evenly spaced [at least 1]
seed: int = 0  # of permutations, resamples and folds [at least 0]

# %% [markdown]
# ## Load
#
# A recording names its sounds, their categories, and what brains answered. Every sound lasts two seconds; the
# categories are the eleven of Norman-Haignere et al. {cite}`normanhaignere2015`.

# %%
from lib.chapters.cortex import figures
from lib.ground import PUBLISHED, WrongUse
from lib.recordings import SoundRecording, load
from lib.report import answer, save_results, say, show, style

style.use_house_style()
heard = load(recording)
if not isinstance(heard, SoundRecording):
    raise WrongUse(f"{recording} has no components: this chapter needs a set of sounds, natsound165 or pocket-sounds")
categories = heard.stimuli["category"].map(style.CATEGORY_TITLES)
categories.value_counts().to_frame("sounds").rename_axis(None)

# %% [markdown]
# The responses come in two forms: *voxels*, and six *components* whose weighted sums make up the voxels. Components
# come first in this chapter, because each has a meaning one can hear. How much of a component is a matter of category alone?
# The share of its variance that lies between the eleven categories says so; where labels are exchanged, some is left by chance.

# %%
import numpy as np
import pandas as pd

from lib.compare import between_groups, correct_p

names = list(heard.components.component.values)
profiles = heard.components.to_pandas()
found = between_groups(profiles.to_numpy(), categories.loc[profiles.index])
between = pd.Series(found.share, names)
told = {"variance between categories": found.share, "by chance": found.chance, "95 % by chance": found.chance_high}
told["p (Holm)"] = correct_p(found.p).p
pd.DataFrame(told, index=between.rename(style.COMPONENT_TITLES).index).round(3)

# %%
n, who = len(profiles), "simulated listeners" if heard.simulated else "human auditory cortex"
most, least = (style.COMPONENT_TITLES[c].lower() for c in (between.idxmax(), between.idxmin()))
show(
    figures.component_profiles(heard.components, heard.components.attrs["units"]),
    "profiles",
    f"Response of the six components to each of {n} sounds ({who}), by category: one dot a sound, the bar is the "
    f"category's mean. Category accounts for {between.max():.0%} of the variance of {most} and {between.min():.0%} of "
    f"that of {least}.",
    f"Six panels of dots, one per component, grouped by eleven sound categories, {who}.",
)

# %% [markdown]
# ## Represent
#
# The modulation filterbank works on a cochleagram: the energy in narrow frequency bands over time, compressed as the
# ear does. Each filter prefers one rate of modulation in time, one scale in frequency and one direction of sweep. Its
# output, averaged over the two seconds, is one number per filter and frequency. The other models are simpler looks at
# the same sound: the cochleagram, a log-mel spectrogram and its cepstrum, averaged over time.

# %%
from lib.models import card, original, sound_features
from lib.models import load as load_model

sounds = [heard.audio(name) for name in heard.stimuli.index]
features = {name: sound_features(load_model(name), sounds) for name in dict.fromkeys([model, *models])}
shapes = [(name, layer, *x.shape) for name, layers in features.items() for layer, x in layers.items()]
pd.DataFrame(shapes, columns=["model", "layer", "sounds", "units"]).set_index("model").rename_axis(None)

# %% [markdown]
# ## Align
#
# Sounds are the common axis: one row of features and one row of responses per sound, joined by name. For regression
# they are split into five folds, stratified by category. For the real recordings these are the paper's own folds.

# %%
components, folds = heard.components.values, heard.folds
pd.crosstab(categories, pd.Series(folds, heard.stimuli.index, name="fold")).rename_axis(None)

# %% [markdown]
# ## Compare
#
# ### Can a linear readout predict the components?
#
# Ridge regression predicts each response from the features. Four folds train, the fifth is predicted, and the squared
# correlation of the pooled predictions with the responses is the score (a negative correlation counts as zero). The
# penalty, and the layer where a model has several, are chosen per response inside the four training folds, never on the
# fold that is scored.

# %%
import warnings

from lib.compare import encoding_null, refitted

warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty")  # counted below: edge_share
fits = {name: refitted(layers, components, folds, seed=seed) for name, layers in features.items()}
fit = fits[model].fit
null = encoding_null(features[model], components, folds, n_permutations=n_permutations, seed=seed)

# %% [markdown]
# How sure are these scores? Had other sounds been played, other predictions would have been fitted to them, with other
# layers and penalties, and tested on them. The interval is about what this whole procedure reaches on average over draws of
# this many sounds. It comes from taking every sound out of training and test in turn, and from choosing layers and penalties
# again on sounds drawn with replacement; a bootstrap that leaves predictions as they are can miss half
# of that variance, and then finds differences between models that are equal. The null exchanges
# responses among the sounds of a fold before anything is chosen or fitted, and repeats the whole procedure for each permutation:
# leaving the predictions as they are and shuffling only what they are compared with would call too much significant. The last
# column is what the paper's own filters reach on human cortex.

# %%
from lib.chapters.cortex.scores import component_scores

scores = component_scores(fits, names)
main = scores[scores["model"] == model].set_index("component").assign(null_mean=null.null_mean, p=null.p_max)
published = pd.read_csv(PUBLISHED / "cortex_components.csv", index_col="model")
published = published.rename({"SpectroTemporal (line)": "baseline"})
shown = main[["value", "low", "high", "null_mean", "p"]].assign(published=published.loc["baseline"])
shown.rename(style.COMPONENT_TITLES).rename_axis(None).round(3)

# %%
show(
    figures.predicted_and_measured(heard.components, fit.predictions, fit.r2),
    "predicted",
    f"Out-of-fold prediction against measured response of the six components; `{model}`, {n} sounds, {who}. The grey "
    "line is identity, and colour is category.",
    f"Six scatter plots of predicted against measured responses, r² {fit.r2.min():.2f} to {fit.r2.max():.2f}.",
)

# %% [markdown]
# {numref}`fig-predicted` shows where a linear readout of acoustics succeeds and what it misses. Where a component
# follows the category rather than the sound, dots of one colour sit together above or below the line.
#
# ### Beside the published numbers
#
# The paper's own modulation filters are the orange diamonds of {numref}`fig-published`; the grey bars span its 35 other
# models, all trained. The published values were read off a figure (error about .005) and belong to the real recordings.
# When the recording here is simulated, they are shown for scale, not for comparison.

# %%
show(
    figures.beside_published(main, published, baseline="baseline", ours_label=f"{model}, this run ({who})"),
    "published",
    f"r² of the six components. Bars: `{model}`, this run, {n} sounds, {who}, 95 % interval over sounds, fits and choices; dotted: mean "
    f"of the null ({n_permutations} permutations). Diamonds: the paper's modulation filters; grey: range and median of "
    "its 35 other models, on human auditory cortex.",
    "Bars of r² per component with intervals, beside published values of a baseline and the range of 35 models.",
)

# %%
for row in main.itertuples():
    say(f"r2_{row.Index}", row.value, low=row.low, high=row.high, n=n, p=row.p, about=f"r² of {row.Index}, {model}")
say("r2_mean", fit.r2.mean(), n=6, about="mean over the six components")
say("p_largest", main["p"].max(), digits=3, about="largest p of the six, corrected for six")
say("published_mean", published.loc["baseline"].mean(), about="published baseline, mean over components")
say(
    "median_model_mean",
    published.drop("baseline").median().mean(),
    about="median published model, mean over components",
)
say("n_sounds", n, digits=0)

# %% [markdown]
# On average over components the filters here reach an r² of {glue:text}`r2_mean`; the paper's reach
# {glue:text}`published_mean` and its median trained model {glue:text}`median_model_mean`. Two filterbanks of the same
# kind differ because details matter that a paper rarely states: which rates and scales, whether magnitude or power is
# averaged, how the cochleagram is compressed. That spread is itself a caution: a "baseline" is a choice, and a model
# that beats a weak one has shown little.
#
# {numref}`fig-models` asks the same of the simpler models. The best of the others reaches
# {glue:text}`other_lowfreq` on low frequency, {glue:text}`other_speech` on speech and {glue:text}`other_music` on
# music: what modulation adds to a spectrum can be read off as the distance to the first row of dots.

# %%
others = scores[scores["model"] != model].groupby("component")["value"].max()
for name in ("lowfreq", "speech", "music"):
    say(f"other_{name}", others.get(name, np.nan), n=n, about=f"best r² of {name} among the other models")

# %%
show(
    figures.model_comparison(scores),
    "models",
    f"r² of the six components for {len(fits)} models; dots with 95 % intervals over {n} sounds, {who}.",
    f"Dots with intervals: r² per component for {', '.join(fits)}.",
)

# %% [markdown]
# ### What does training add?
#
# The paper's strongest models learnt by filling in masked stretches of sound, on diets as mixed as AudioSet. A laptop
# cannot hold those, but the question scales down. The small models of this book share one architecture, a transformer
# of six layers on patches of a log-mel spectrogram, and were trained here to fill in masked patches: of speech, of
# environmental sounds, of generated music, or of all three ({doc}`../generated/models`). None heard the sounds of this
# chapter. Beside them stand untrained twins, which are the same architecture with random weights; one that was
# fine-tuned to name ten kinds of environmental sounds; and one that was trained on nothing but that.

# %%
from lib.chapters.cortex.scores import training_course
from lib.models import names as model_names
from lib.training.recipes import RECIPES

twin_names = [f"untrained:{trained_models[0]}:{number}" for number in range(twins)]
steps = {name: one.schedule.steps for name, one in RECIPES.items()}
course = training_course(trained_models[0], model_names(), steps)
every = dict.fromkeys([*trained_models, *tuned_models, *twin_names, *course])
heard_by = {name: sound_features(load_model(name), sounds) for name in every}
deep = {name: refitted(each, components, folds, seed=seed) for name, each in heard_by.items()}
deep[model] = fits[model]

# %% [markdown]
# For every model, layer and penalty are chosen per component inside the training folds, as above.

# %%
shown = {name: name for name in [*trained_models, *tuned_models]} | {twin_names[0]: "untrained twin", model: model}
diets = component_scores({title: deep[name] for name, title in shown.items()}, names)
show(
    figures.model_comparison(diets),
    "diets",
    f"r² of the six components for small trained models, an untrained twin and `{model}`; dots with 95 % intervals over "
    f"{n} sounds, fits and choices, {who}. Layers and penalties are chosen inside the training folds.",
    f"Dots with intervals: r² per component for {', '.join(shown.values())}.",
)

# %% [markdown]
# Differences between models are of their mean r² over components, on the same sounds. They are asked together, so they
# answer together: intervals and p are those of a family, in which the largest of all differences takes the place of each. Where
# a model has several seeds, seeds are a random factor beside the sounds. The untrained twins have; each trained model
# exists once, so nothing here tells how much another training run of the same recipe would differ.

# %%
from lib.chapters.cortex.scores import mean_scores, side_by_side
from lib.compare import contrasts

first, diet_names = trained_models[0], trained_models[1:]
deep["both"] = refitted({"both": side_by_side(features[model], heard_by[first])}, components, folds, seed=seed)
deep["twins"] = [deep[name] for name in twin_names]
comparisons = {
    "training": (f"mixture minus {twins} untrained twins", first, "twins"),
    "speech": ("mixture minus speech", first, diet_names[0]),
    "environment": ("mixture minus environment", first, diet_names[1]),
    "music": ("mixture minus music", first, diet_names[2]),
    "finetuned": ("fine-tuned minus mixture", tuned_models[0], first),
    "supervised": ("supervised minus mixture", tuned_models[1], first),
    "acoustics": (f"mixture minus {model}", first, model),
    "beyond": (f"{model} and mixture minus {model}", "both", model),
}

# %%
comparisons = {key: each for key, each in comparisons.items() if each[1] != each[2]}  # a model is no news to itself
family = {title: {one: 1.0, other: -1.0} for title, one, other in comparisons.values()}
gains = contrasts(deep, family, seed=seed).to_frame()
gains[["value", "low_family", "high_family", "p_family", "p", "seeds"]].round(3)

# %%
for (key, (title, *_)), row in zip(comparisons.items(), gains.itertuples(), strict=True):
    ends = {"low": row.low_family, "high": row.high_family, "p": row.p_family}
    say(f"gain_{key}", row.value, **ends, n=n, digits=3, about=f"mean r², {title}; corrected for {len(gains)}")
if "acoustics" not in comparisons:
    say("gain_acoustics", np.nan, about="the main model is the first trained model")
twin_r2 = [one.fit.r2.mean() for one in deep["twins"]]
say("twin_low", min(twin_r2), n=twins, about="least mean r² of the untrained twins")
say("twin_high", max(twin_r2), n=twins, about="largest mean r² of the untrained twins")
whole = mean_scores({first: deep[first], "untrained twins": deep["twins"], model: deep[model]}, "model").set_index(
    "model"
)
first_mean = whole.loc[first]
say("first_mean", first_mean["value"], low=first_mean["low"], high=first_mean["high"], n=n, about=f"mean r² of {first}")
edge_share = 100 * np.mean([one.fit.edge != 0 for one in deep.values() if not isinstance(one, list)])
say("edge_share", edge_share, digits=1, about="components x folds x models whose penalty lies at an end of those tried")
say(
    "gains_apart", ((gains["low_family"] > 0) | (gains["high_family"] < 0)).sum(), digits=0, about="intervals without 0"
)
whole.rename_axis(None).round(3)

# %% [markdown]
# Of the eight intervals, {glue:text}`gains_apart` exclude 0 after correction. (In {glue:text}`edge_share` % of all choices the
# penalty lies at an end of those tried.)
# Trained on all three diets, the small model reaches a mean r² of {glue:text}`first_mean` ({glue:text}`first_mean_interval`); its untrained twins, over seeds,
# {glue:text}`twin_low` to {glue:text}`twin_high`. Training adds {glue:text}`gain_training` ({glue:text}`gain_training_interval`).
# A mixed diet against one of speech: {glue:text}`gain_speech` ({glue:text}`gain_speech_interval`), of environmental sounds:
# {glue:text}`gain_environment` ({glue:text}`gain_environment_interval`), of music: {glue:text}`gain_music`
# ({glue:text}`gain_music_interval`). Fine-tuning changes it by {glue:text}`gain_finetuned`
# ({glue:text}`gain_finetuned_interval`), and training on the labels alone differs from it by
# {glue:text}`gain_supervised` ({glue:text}`gain_supervised_interval`). Against the fixed filters it stands at
# {glue:text}`gain_acoustics` ({glue:text}`gain_acoustics_interval`), and it adds {glue:text}`gain_beyond`
# ({glue:text}`gain_beyond_interval`) to them. These models are hundreds of times smaller than the published ones and heard minutes
# of sound, not years; what carries over is the way to ask.
#
# ### When does it come?
#
# The paper finds that alignment rises early in training and without any brain in the loop. The mixed model was kept at steps
# spaced evenly in the logarithm, from random weights on.

# %%
from lib.chapters.cortex.scores import slope_over_steps
from lib.compare import nested_ridge

by_depth = []
for name, step in course.items():
    for layer, x in heard_by[name].items():
        by_depth.append((step, layer, float(nested_ridge({layer: x}, components, folds).r2.mean())))
by_depth = pd.DataFrame(by_depth, columns=["step", "layer", "value"])
whole = mean_scores({step: deep[name] for name, step in course.items()}, "step")

# %%
last, start = max(course, key=course.get), min(course, key=course.get)
family = {"rise": slope_over_steps(course), "ends": {last: 1.0, start: -1.0}}
path = contrasts(deep, family, seed=seed).to_frame()
for (key, about), row in zip(
    {"rise": "slope of mean r² on the log of the step", "ends": "mean r², last minus first checkpoint"}.items(),
    path.itertuples(),
    strict=True,
):
    ends = {"low": row.low_family, "high": row.high_family, "p": row.p_family}
    say(key, row.value, **ends, n=n, digits=4 if key == "rise" else 3, about=f"{about}; corrected for two")
show(
    figures.course_of_training(by_depth, whole),
    "course",
    f"Mean r² over the six components along the training of `{first}` ({n} sounds, {who}). Black: layer chosen per component inside "
    "the training folds, 95 % intervals over sounds, fits and choices. Colours: each layer alone, light is early. The first step has random weights.",
    "Lines of mean r² against training step on a logarithmic axis, one per layer, and one with intervals for all layers.",
)

# %% [markdown]
# From first to last checkpoint mean r² changes by {glue:text}`ends` ({glue:text}`ends_interval`), and by {glue:text}`rise`
# ({glue:text}`rise_interval`) per unit of the natural logarithm of the step (both intervals corrected for being two; one training
# run, followed). {numref}`fig-course` shows which layers carry it.
#
# ### From components to voxels
#
# Components are clean, because they pool thousands of voxels. Voxels are what was measured. The paper's number is the
# median over a listener's voxels, then the mean over listeners. Here every voxel chooses among the layers of all
# acoustic models at once, penalty and layer together, inside the training folds.
#
# Two cautions go with it. The public voxel matrix of the real recordings is *denoised*: components times weights,
# without repetitions and without saying whose voxel is whose, so its scores run above those of measured voxels and have
# no noise ceiling. Where single scans exist, as in the simulated recording, the score can be corrected for noise as
# Tuckute and colleagues do {cite}`tuckute2023`: divided by the reliability of responses and of predictions.

# %%
from lib.chapters.cortex.scores import named_layers
from lib.compare import aggregate_subjects

responses = {subject: heard.responses(subject) for subject in heard.subjects}
responses = {
    subject: r.isel(voxel=slice(None, None, max(1, -(-r.sizes["voxel"] // voxels)))) for subject, r in responses.items()
}
measured = np.concatenate([r.mean("scan").values for r in responses.values()], axis=1)
owner = np.concatenate([[subject] * r.sizes["voxel"] for subject, r in responses.items()])
layers = named_layers(features)

# %%
grid = {"alphas": np.logspace(-6, 4, 21), "extend_alphas": False}  # no chase beyond the edge for every noisy voxel
voxel_fit = nested_ridge(layers, measured, folds, **grid)
voxel_null = encoding_null(features[model], measured, folds, n_permutations=voxel_permutations, seed=seed, **grid)
group = aggregate_subjects(voxel_fit.r2, owner)
chosen = pd.Series(voxel_fit.layer.ravel()).value_counts(normalize=True)

# %%
from lib.chapters.cortex.scores import main_layer, noise_corrected_voxels

scans = min(r.sizes["scan"] for r in responses.values())
repeated = np.concatenate([r.values[:, :, :scans] for r in responses.values()], axis=1)
main_features = features[model][main_layer(fit)]
halves = noise_corrected_voxels(main_features, repeated, seed=seed)
say("main_layer", main_layer(fit), about=f"layer of {model} that components choose most, inside training folds")
of_halves = {column: aggregate_subjects(halves[column], owner) for column in halves}

# %%
alignment = pd.read_csv(PUBLISHED / "cortex_alignment.csv", index_col="model")
say("voxel_r2", group.value, low=group.low, high=group.high, n=group.n, about="median voxel r², mean over listeners")
say("voxel_significant", (voxel_null.p_max <= 0.05).mean(), n=len(owner), about="share of voxels above the max null")
for column, about in {
    "r2": "median voxel r² from half of the sounds to the other, mean over listeners",
    "corrected": "the same, corrected for noise",
    "ceiling": "reliability of the mean over scans: r² of a perfect model",
}.items():
    one = of_halves[column]
    say(f"voxel_{column}_halves", one.value, low=one.low, high=one.high, n=one.n, about=about)
silent = 100 * (voxel_fit.inner_r2 <= 0).mean()
say("voxel_silent", silent, digits=1, about="voxels x folds in which no layer and penalty predicts inner folds")
say("published_voxel_r2", alignment.loc["SpectroTemporal baseline", "r2_nh2015"], about="published, eight listeners")
say("n_voxels", len(owner), digits=0)
say("voxel_draws", voxel_permutations, digits=0)
say("top_layer", str(chosen.index[0]))
say("top_share", 100 * chosen.iloc[0], digits=0)

# %% [markdown]
# The median voxel's r² is {glue:text}`voxel_r2` (interval over listeners: {glue:text}`voxel_r2_interval`;
# {glue:text}`n_voxels` voxels). Published, on measured voxels of eight listeners: {glue:text}`published_voxel_r2`. A
# share of {glue:text}`voxel_significant` of the voxels is predicted by the main model at p ≤ .05, corrected for looking at
# all of them (the largest r² of any voxel in each of {glue:text}`voxel_draws` permutations).
# In {glue:text}`top_share` % of voxels and folds, the model chosen was {glue:text}`top_layer`; in {glue:text}`voxel_silent` % no
# layer and penalty predicted anything on the inner folds.
#
# The correction for noise belongs to another analysis, and is compared with that one alone: the main model, fitted to half of
# the sounds and tested on the other half. There the median voxel's r² is {glue:text}`voxel_r2_halves`, corrected for noise
# {glue:text}`voxel_corrected_halves` ({glue:text}`voxel_corrected_halves_interval`); a perfect model would reach
# {glue:text}`voxel_ceiling_halves` uncorrected. (None of these is available where single scans were not published.)

# %%
shown = {f"{subject}, r²": voxel_fit.r2[owner == subject] for subject in heard.subjects}
if scans >= 3:
    for subject in heard.subjects:
        own = halves[owner == subject]
        shown |= {
            f"{subject}, r², halves": own["r2"],
            f"{subject}, corrected, halves": np.clip(own["corrected"], 0, 1.2),
        }
show(
    figures.voxel_histogram(shown, xlabel="Variance explained out of fold"),
    "voxels",
    f"Variance explained across {len(owner)} voxels ({who}; {', '.join(heard.subjects)}). Dots are medians. "
    + (
        "Halves: the main model alone, fitted to half of the sounds, before and after correction for noise (cut at 1.2 "
        "for display only)."
        if scans >= 3
        else "The voxel matrix is denoised and has no noise ceiling."
    ),
    f"Distributions of r² over voxels, one row per listener; the median voxel is near {group.value:.2f}.",
)

# %% [markdown]
# ### Do model and cortex arrange the sounds alike?
#
# Regression may reweigh a model's units at will. Similarity analysis may not: it asks whether two sounds that are far
# apart in the model are far apart in cortex {cite}`kriegeskorte2008`. Every unit and voxel is z-scored over sounds; the
# dissimilarity of two sounds is one minus the correlation of their patterns; Spearman's ρ compares the two matrices.

# %%
from lib.compare import cross_validated_rsa, rsa_layers, sound_rdm

by_subject = {subject: r.mean("scan").values for subject, r in responses.items()}
rsa = rsa_layers(layers, by_subject, folds=folds, n_permutations=n_permutations, n_bootstraps=n_bootstrap, seed=seed)
published_way, _ = cross_validated_rsa(layers, by_subject, folds, rule="as_published")

# %%
matrices = {
    "Auditory cortex": np.mean([sound_rdm(y) for y in by_subject.values()], axis=0),
    model: sound_rdm(main_features),
}
show(
    figures.dissimilarities(matrices, list(heard.stimuli["category"])),
    "rdms",
    f"Dissimilarity of {n} sounds in {who} (left) and in `{model}` (right), sorted by category; dark is alike. Shown "
    "as percentiles, as a rank correlation sees them.",
    "Two square matrices sorted by category; dark blocks mark groups of sounds that are alike.",
)

# %% [markdown]
# The paper takes the best layer in two ways: the maximum over layers of the listeners' mean ρ, which is chosen on the
# data that score it, and a cross-validated choice over blocks of the matrix. The published code of the latter lets
# held-out sounds take part in the choice and depends on the order of rows; the symmetric version does neither.

# %%
table = rsa.to_frame()
show(
    figures.layer_scores(table, ceiling=rsa.topline if len(by_subject) > 1 else None, ylabel="Spearman ρ of RDMs"),
    "rsa",
    f"Similarity of each acoustic model to {who}: Spearman ρ of {n * (n - 1) // 2} pairs of sounds, mean over "
    f"{len(by_subject)} listener(s). Bars: 95 % interval over sounds; dotted: 95th percentile when sounds are "
    f"exchanged ({n_permutations} permutations).",
    f"Bars of Spearman correlation for {len(layers)} acoustic models; the highest is {rsa.best_layer}.",
)

# %%
best = table.set_index("layer").loc[rsa.best_layer]
say(
    "rho_max",
    rsa.best_rho,
    low=best["low"],
    high=best["high"],
    n=n,
    p=best["p"],
    about="maximum over layers (optimistic)",
)
say("rho_symmetric", float(rsa.cross_validated.mean()), n=n, about="layer cross-validated, symmetric blocks")
say("rho_as_published", float(published_way.mean()), n=n, about="layer cross-validated, as published")
say("rho_topline", rsa.topline, n=len(by_subject), about="one listener against the others")
say("rho_p", best["p"], digits=3)
say(
    "published_topline",
    alignment.loc["inter-subject topline (dotted)", "rho_nh2015"],
    about="published, eight listeners",
)
say("published_rho", alignment.loc["SpectroTemporal baseline", "rho_nh2015"], about="published maximum over layers")

# %% [markdown]
# | how the layer was chosen | ρ here | ρ published |
# |---|---|---|
# | maximum over layers (optimistic) | {glue:text}`rho_max` ({glue:text}`rho_max_interval`) | {glue:text}`published_rho` |
# | cross-validated, as published | {glue:text}`rho_as_published` | not given |
# | cross-validated, symmetric | {glue:text}`rho_symmetric` | not given |
# | other listeners (noise ceiling) | {glue:text}`rho_topline` | {glue:text}`published_topline` |
#
# The maximum over layers has p = {glue:text}`rho_p` against the largest value over layers when sounds are exchanged.
#
# ### Where in cortex
#
# Components live in different places. {numref}`fig-surface` shows where each one weighs most.

# %%
maps = {style.COMPONENT_TITLES[c]: heard.surface(c, mesh="fsaverage5") for c in names}
about = next(iter(maps.values()))["left"].attrs
show(
    figures.surface_maps(maps, label=about["units"]),
    "surface",
    f"Where the components weigh, on the inflated fsaverage5 surface ({who}): {about['description']}. Grey brain: not "
    "measured.",
    "Twelve inflated hemispheres, two per component, coloured along the superior temporal plane and gyrus.",
)

# %% [markdown]
# ### How often would noise pass?
#
# The same decisions were taken of noise: responses with the components' own covariance, which know nothing of the sounds.
# A test at .05 should find something in five of a hundred.
# The counts are stored, and `make calibration` makes them.

# %%
from lib.report import claims

claims.counted_sizes(recording)

# %% [markdown]
# ## Report
#
# Everything above as one tidy table, one row per number, and the answer that opens this page.

# %%
rows = [
    scores.merge(main[["null_mean", "p"]].reset_index().assign(model=model), how="left")
    .rename(columns={"component": "layer"})
    .assign(measure="r2_component", n=n),
    pd.DataFrame({"subject": group.subjects, "value": group.by_subject, "n": group.n_voxels}).assign(
        measure="r2_voxel_median", model="all layers"
    ),
    table[["layer", "value", "low", "high", "null_mean", "null_sd", "p"]].assign(
        measure="rsa_spearman", model=table["layer"], n=n
    ),
    diets[~diets["model"].isin(scores["model"])]
    .rename(columns={"component": "layer"})
    .assign(measure="r2_component", n=n),
    gains.rename_axis("model")
    .reset_index()[["model", "value", "low_family", "high_family", "p_family", "n"]]
    .rename(columns={"low_family": "low", "high_family": "high", "p_family": "p"})
    .assign(measure="r2_component_gain"),
    whole.assign(model=[f"{first}@{step}" for step in whole["step"]], measure="r2_component_mean", n=n).drop(
        columns="step"
    ),
]
results = save_results(pd.concat(rows, ignore_index=True), chapter="cortex", recording=recording)
results.groupby("measure").size().to_frame("rows").rename_axis(None)

# %%
span, title = main["value"], style.COMPONENT_TITLES
worst, best_of = (
    f"{span.min():.2f} ({title[span.idxmin()].lower()})",
    f"{span.max():.2f} ({title[span.idxmax()].lower()})",
)
diet = card(original(model))["training"]
training = "Without any training," if diet == "none" else f"Trained on {diet},"
answer(
    "How much of auditory cortex is already in the sound?",
    f"{training} `{model}` features predict the six response components with r² from {worst} to {best_of}, "
    f"{fit.r2.mean():.2f} on average (n = {n} sounds, out of fold, every p ≤ {main['p'].max():.3f}). The "
    f"dissimilarities of the sounds correlate with those of cortex at ρ = {rsa.best_rho:.2f} (95 % interval {best['low']:.2f} to "
    f"{best['high']:.2f}).",
)

# %% [markdown]
# ## What would change this answer
#
# * **Other folds.** Five folds are one of many ways to split the sounds, and each r² moves with them.
# * **Other seeds of training.** Intervals cover sounds, fits, choices and untrained twins. Each trained model was trained once.
# * **Other filters.** More rates and scales, power instead of magnitude, z-scored units: each is a variant of the same
#   baseline.
# * **Measured voxels.** With single scans of real listeners the noise ceiling is known. The public matrix has none.
# * **Larger models, longer training.** The small models heard minutes of sound. Those of the paper are in the roster, and
#   run here by name once their weights are fetched: `alike models fetch NAME`, then `-p trained_models`.
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
