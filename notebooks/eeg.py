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
# # Do models hear like us?
#
# {glue:md}`answer`
#
# Yang and colleagues {cite}`yang2026` played speech to people and to twelve large audio-language models, and asked with
# eight measures of similarity whether the two respond alike. They report that the answer depends on the measure: rank
# geometry peaks in early layers, dependence in late ones; that alignment is strongest 250 to 500 ms after a sentence
# begins; and that negative prosody lowers one and raises the other. This chapter takes the analysis apart, step by
# step, and sets beside every number what the paper leaves out: a null that respects slow drift, untrained twins of the
# models, and the plain envelope of the sound.
#
# **What is heard here.** By default simulated listeners to a short story, whose planted responses show what the analysis can
# find. With `recording: song-ecog` the same page runs on electrodes in human auditory cortex, sound by sound.

# %% tags=["parameters"]
recording: str = "pocket-eeg"  # pocket-eeg (simulated), song-ecog, ds004408 or alice
responses: str = "recorded"  # or noise with its spectrum: then nothing may be supported [one of recorded, noise]
level: str = "individual"  # of song-ecog: at 100 Hz, or denoised at 25 Hz [one of individual, components, electrodes]
models: list = ["mini-audio-llm", "mini-mixture", "mini-hubert", "mini-speech"]  # trained; each gets an untrained twin
baseline_models: list = ["logmel", "cochleagram"]  # the sound itself; the envelope is the mean over bands of the last
subjects: int = 12  # how many listeners of pocket-eeg, ds004408 or alice [at least 1]
segments: int = 2  # of ds004408 and alice: how many stretches of the book; 0: all [at least 0]
snr: float = 1.0  # of pocket-eeg: strength of planted responses; 0 leaves noise only [at least 0]
without: list[str] = []  # planted effects to leave out [one of acoustic, phoneme, surprisal, affect, early, late]
sentences: int = 0  # how many sentences or sounds, evenly spaced; 0: 18 sentences, or all sounds [at least 0]
unit: str = "sentence"  # what a piece is [one of sentence, word]
band: list = [0.5, 40.0]  # pass band of the EEG in Hz [2 values, rising, at least 0]
line: str = "recording"  # mains: what the recording says, or a country code such as US
bad: str = "robust"  # rule for bad channels [one of robust, published]
repair: str = "spline"  # of bad channels [one of spline, mean, drop]
reference: str = "average"  # of the EEG
components: int = 20  # principal components kept per sentence and layer [at least 1]
rdm: str = "euclidean"  # of frames; correlation as published [one of euclidean, cosine, mahalanobis, correlation]
debiased: bool = False  # whether dependence measures are corrected for their bias
frame_rate: float = 12.5  # faster models are thinned to so many frames per second, so that all are alike [above 0]
alignment: str = "antialiased"  # responses onto frames; count as published [one of linear, count, antialiased]
lag: float = 0.0  # seconds by which responses follow the sound
n_permutations: int = 200  # draws of every null [at least 1]
scheme: str = "auto"  # null: auto is pieces, which are paired anew [one of auto, pieces, shift, shuffle]
window_width: float = 0.25  # of sliding windows, in seconds; the published one is .25 [above 0]
window_rate: float = 25.0  # frames per second in windows of time [above 0]
groups: int = 0  # affect groups; 0 lets stability choose [at least 0]
seed: int = 0  # of permutations, splits and groups [at least 0]

# %% [markdown]
# ## Load
#
# A recording names its stimuli and its listeners. Intervals below are over listeners where there are at least five of
# them, else over sentences or sounds.

# %%
import numpy as np
import pandas as pd

from lib.chapters.eeg import evidence as eeg_claims
from lib.chapters.eeg import figures as figures_eeg
from lib.chapters.eeg import material as eeg
from lib.chapters.eeg import scores as eeg_scores
from lib.chapters.eeg import words as eeg_words
from lib.recordings import EEGRecording, load
from lib.report import answer, claims, detection, save_results, say, show, style, verdict
from lib.report.cache import kept

style.use_house_style()
options = {
    "pocket-eeg": {"subjects": subjects, "snr": snr, "without": tuple(without)},
    "song-ecog": {"level": level},
    "ds004408": {"subjects": subjects, "runs": segments or None},
    "alice": {"subjects": subjects, "segments": segments or None},
}
heard = load(recording, **options.get(recording, {}))
spoken = isinstance(heard, EEGRecording)
parts = eeg.pieces(heard, unit, sentences or (18 if spoken else len(heard.stimuli)))
null = eeg_scores.chosen_null(scheme, unit)
rotated = null if null != "pieces" else "shift"  # where frames are re-ordered
stimuli = list(dict.fromkeys(piece.stimulus for piece in parts))
who = (
    "simulated listeners"
    if heard.simulated
    else "human listeners"
    if spoken
    else "components of electrodes in human auditory cortex"
    if level == "components"
    else "electrodes in human auditory cortex"
)
who = f"noise like that of {who}" if responses == "noise" else who
things = {"word": "words", "sentence": "sentences" if spoken else "sounds"}[unit]
facts = {"recording": heard.title, "stimuli": len(heard.stimuli), "used here": f"{len(parts)} {things}"}
pd.Series(facts | {"responses": who, "source": heard.source}).to_frame("").rename_axis(None)


# %% tags=["hide-input"]
def tell(key, found, about="", digits=2):
    p = None if np.isnan(found.p) else float(found.p)
    say(key, found.value, low=found.low, high=found.high, n=found.n, p=p, digits=digits, about=about)


# %% [markdown]
# ### Clean
#
# Scalp EEG is cleaned: the mains and its harmonics are cut out, the band is limited, channels that cannot be believed are found by a stated rule
# and repaired, and the rest is measured against the average. Every choice is a parameter above. The published rule asks each
# channel to correlate with the mean of all and so discards good ones; the rule used by default asks whether a channel's
# neighbours hear what it hears. Intracranial time courses come already reduced to the envelope of fast activity; nothing is filtered.

# %%
choices = {"band": tuple(band), "line": line, "bad": bad, "repair": repair, "reference": reference} if spoken else {}
listeners = eeg.responses(heard, stimuli, kind=responses, seed=seed, **choices)
n_subjects, rate = len(listeners.subjects), 1 / np.median(np.diff(listeners.times[stimuli[0]]))
if spoken:
    cleaned = listeners.cleaned
    show(
        figures_eeg.spectra(cleaned.before, cleaned.after, cleaned.bad),
        "spectra",
        f"Power spectra of one listener ({listeners.subjects[0]}, {who}), {len(listeners.channels)} channels, before and after "
        f"cleaning. Bad channels ({repair}): {', '.join(cleaned.bad) or 'none'}.",
        "Two panels of power against frequency; after cleaning the peak of the mains is gone and channels lie closer together.",
    )
    table = cleaned.steps.set_index("step").rename_axis(None)
else:
    table = pd.DataFrame(
        {"choice": [f"as published, {len(listeners.channels)} channels at {rate:.0f} Hz"]}, index=["cleaning"]
    )

# %%
table

# %% [markdown]
# ## Represent
#
# Every model hears each stimulus once. Its layers are series of frames, each frame with its own time in seconds. The paper writes 20 ms
# for the frames of all twelve models, though their real frames last 40 to 160 ms. *Untrained twins* have the same architecture
# and random weights. The *envelope* is the mean over frequency bands of the last baseline: one number per frame.

# %%
from lib.models import Activations, fingerprint

twins = {name: f"untrained:{name}:0" for name in models}
every = [*models, *twins.values(), *baseline_models]
frames = {name: eeg.represented(name, heard, stimuli, frame_rate) for name in every}
frames["envelope"] = {
    stimulus: Activations(
        {"envelope": np.mean([*one.layers.values()][-1], axis=1, keepdims=True)},
        {"envelope": [*one.times.values()][-1]},
    )
    for stimulus, one in frames[baseline_models[-1]].items()
}
first = {name: by[stimuli[0]] for name, by in frames.items()}
clock = {name: [*one.times.values()][-1] for name, one in first.items()}
shapes = {
    name: (len(one.layers), [*one.layers.values()][-1].shape[1], 1 / np.median(np.diff(clock[name])))
    for name, one in first.items()
}
pd.DataFrame(shapes, index=["layers", "units", "frames per second"]).T.astype({"layers": int, "units": int}).round(1)

# %% [markdown]
# ## Align
#
# Responses are brought to the models' frames, at the frames' own times. The published code interpolates linearly, which
# folds everything faster than half the frame rate back into the slow part of the signal: with 12 frames a second,
# everything above 6 Hz. A low-pass filter at the frame rate prevents that, and is the default here.

# %%
from lib.compare import onto_frames

slowest = max(models, key=lambda name: np.median(np.diff(clock[name])))
wave, when = listeners.values[stimuli[0]][listeners.subjects[0]][:, [0]], listeners.times[stimuli[0]]
at = clock[slowest][clock[slowest] <= when[-1]]
ways = {"linear (published)": onto_frames(wave, when, at), "anti-aliased": onto_frames(wave, when, at, "antialiased")}
show(
    figures_eeg.on_the_frames(
        when, wave[:, 0], at, {name: x[:, 0] for name, x in ways.items()}, "µV" if spoken else "Response"
    ),
    "frames",
    f"Channel {listeners.channels[0]} of {who} during {stimuli[0]}, as recorded ({rate:.0f} Hz) and at the frames of `{slowest}`, two ways.",
    "A fast wave and two coarse ones: linear interpolation jumps between fast peaks, the anti-aliased series follows the slow course.",
)

# %% [markdown]
# ## Compare
#
# For each sentence and layer the frames are reduced to their leading principal components; the listener's
# channels are standardised over the sentence; and both become matrices over time points ({doc}`measures` explains how). The paper whitens the components and takes one minus the
# correlation across them as distance; that distance is not well defined, as shown below. So the analysis is done twice for the trained models, as published and with
# the distance of `rdm` (Euclidean between states, unless you change it), and everything after the first figures, verdicts included, rests on the second. Every similarity
# comes with a null: every response goes to another piece that lasts about as long, both cut to one length, so that the slow drift that any two
# series share stays in it, and so does whatever all pieces have in common ({doc}`measures` shows why rotations of a few seconds, averaged over many pieces, find likeness in noise).
# All pieces of a group are paired anew in every draw, the same way for all models, layers and listeners.

# %%
import functools

plain, as_published = eeg_scores.chosen_measures(rdm, debiased=debiased), eeg_scores.chosen_measures("correlation")
how = {"components": components, "whiten": eeg_scores.RDMS[rdm][1], "method": alignment, "lag": lag}
whitened = how | {"whiten": True}
draws = {"n_permutations": n_permutations, "seed": seed}
state = (heard.fingerprint, str(options.get(recording)), str(parts), str(choices), str(frame_rate), responses)
cuts = {one: eeg.lengths_or_why(frames, parts, one, unit) for one in eeg_scores.PAIRED}


def scored(name, scheme=null, measures=plain, how=how):
    key = (*state, str(how), str(every), fingerprint(baseline_models[-1] if name == "envelope" else name), name)
    found = eeg.found(frames[name], listeners, parts, cuts.get(scheme), **how)
    groups = eeg.groups(cuts.get(scheme))
    return eeg_scores.renamed(
        eeg_scores.kept_scores(key, found, list(measures.values()), scheme=scheme, groups=groups, **draws), measures
    )


scores = {name: scored(name) for name in [*every, "envelope"]}
published = {name: scored(name, measures=as_published, how=whitened) for name in models}
trained = {name: scores[name] for name in models}
main = models[0]
n_pieces = min(one.observed.sizes["sentence"] for one in scores.values())  # those with enough frames in every model
n_units = f"{n_subjects} listeners" if n_subjects >= eeg_claims.ENOUGH else f"{n_pieces} {things}"

# %% [markdown]
# ### Through the layers

# %%
told = f"by relative depth, eight measures, mean over {n_pieces} {things} and {n_subjects} set(s) of responses. Bands: 95 % of {n_permutations} draws of the {null} null. "
told += "Filled: above the largest value over layers in 95 % of draws. RV and linear CKA are one number."
show(
    figures_eeg.trajectories(trained | {"envelope": scores["envelope"]}),
    "trajectories",
    f"Similarity of {len(models)} models and the envelope to {who} {told} Distances between frames: {rdm}.",
    "Eight panels of lines over layers, with a shaded band of the null for every model.",
)

# %%
show(
    figures_eeg.trajectories(published),
    "published",
    f"The same as published: similarity of {len(models)} models to {who} {told} Distances between frames: one minus the correlation across {components} whitened components.",
    "Eight panels of lines over layers, with a shaded band of the null for every model.",
)

# %%
chance, by_model = eeg_claims.above_chance(trained)
way_published, _ = eeg_claims.above_chance(published)
shuffled, _ = eeg_claims.above_chance({main: scored(main, "shuffle", {"rsa_spearman": plain["rsa_spearman"]})})
tell("chance_published", way_published, "the same with the published distance", digits=4)
say("chance_published_p", way_published.p, digits=3)
drift = float(scores[main].group.null_mean.sel(measure="rsa_spearman").mean())
tell("chance", chance, "best layer above its null, minus that of a draw", digits=4)
say("chance_p", chance.p, digits=3)
say("shuffle_excess", shuffled.value, p=shuffled.p, digits=4, about=f"{main}: best layer minus that of shuffles")
say("shuffle_p", shuffled.p, digits=3)
say("shift_p", float(by_model.set_index("model").loc[main, "p"]), digits=3)
say("drift", drift, digits=3, about=f"{main}: mean Spearman RSA of the {null} null")
say("n_draws", n_permutations, digits=0)
say("main", main)
say("n_units", n_units)
by_model.set_index("model").rename_axis(None).round(4)

# %% [markdown]
# How much of a score is drift? The null of {glue:text}`main` is {glue:text}`drift` on average. Frames and responses of a sentence
# both change slowly, and two slow things look alike whatever they are; only a shuffle takes that for 0. Against the published shuffle, which destroys the drift in the null but
# not in the data, its best layer has p = {glue:text}`shuffle_p`; against the null used here, {glue:text}`shift_p`. Layers differ in what chance gives them, so the best is the one furthest above its own null:
# over all models and layers it is above by {glue:text}`chance` more than the best of a draw ({glue:text}`chance_interval`), p = {glue:text}`chance_p` with {glue:text}`n_draws` draws; with the published distance
# {glue:text}`chance_published` ({glue:text}`chance_published_interval`), p = {glue:text}`chance_published_p`.
#
# ### The signs of an SVD
#
# The published distance between two frames is one minus the correlation *across whitened components*. No decomposition determines
# the signs of components, and that correlation changes with them. So the score has no value of its own; a sign convention makes it
# reproducible, no more. {numref}`fig-signs` draws signs at random. Distances that do not ask which way a component
# points (Euclidean, cosine) have one value. And where frames outnumber whitened components by no more than one (21 frames, 20 components), every frame is equally far from every
# other: there is no geometry to compare.

# %%
from lib.compare import principal_components, sign_scores, similarity

deepest = list(first[main].layers)[-1]
whole_ones = [eeg.Piece(name, name, 0.0, float(heard.stimuli.loc[name, "duration"])) for name in stimuli]
few = min(components, max(map(len, (frames[main][name].layers[deepest] for name in stimuli))) - 4)
shown, invariant, spread = whole_ones[:: max(1, len(stimuli) // 8)][:8], "rsa_spearman_euclidean", []
signs = []
for piece in shown:
    found = eeg.item(frames[main][piece.stimulus], listeners, piece, **how | {"whiten": True, "components": few})
    if found is None or len(found[0][deepest]) <= few + 1:
        continue
    response = found[1][listeners.subjects[0]]
    states = eeg.item(frames[main][piece.stimulus], listeners, piece, **how | {"whiten": False})[0][deepest]
    values = sign_scores(found[0][deepest], response, n_patterns=100, seed=seed)
    signs.append(
        pd.DataFrame(
            {
                "piece": f"{len(signs) + 1}",
                "value": values,
                "convention": values[0],
                "invariant": similarity(states, response, invariant),
            }
        )
    )
signs = pd.concat(signs)

# %%
from scipy.spatial.distance import pdist

whole = max((frames[main][s].layers[deepest] for s in stimuli), key=len)
for count in sorted({6, 10, 15, 18, few + 1, 24, 30, 40, len(whole)}):
    if count <= len(whole):
        for kind, whiten in (("whitened components", True), ("states", False)):
            d = pdist(principal_components(whole[:count], few if whiten else count, whiten=whiten))
            spread.append((count, kind, d.std() / d.mean()))
spread = pd.DataFrame(spread, columns=["frames", "kind", "spread"])
show(
    figures_eeg.sign_spread(signs, spread, few + 1),
    "signs",
    f"Left: Spearman RSA of `{main}`, last layer, with one response set ({listeners.subjects[0]}, {who}) for {signs['piece'].nunique()} excerpts, over 100 "
    "random choices of the components' signs (shaded), by the convention of this book, and with Euclidean distance between states. "
    f"Right: how much distances between frames differ in the first frames of an excerpt; the grey line is at {few + 1} frames, one more than components.",
    "Left: wide distributions of scores per excerpt with two marks each. Right: the spread of distances of whitened components is 0 up to the grey line.",
)
range_of = signs.groupby("piece")["value"].agg(lambda v: np.quantile(v, 0.975) - np.quantile(v, 0.025))
between = signs.groupby("piece")["convention"].first().std()
say(
    "sign_range",
    range_of.mean(),
    n=len(range_of),
    digits=3,
    about="width of the middle 95 % of scores over sign patterns, mean over excerpts",
)
say(
    "sign_between",
    between,
    n=len(range_of),
    digits=3,
    about="standard deviation of the convention's score over excerpts",
)

# %% [markdown]
# By sign alone a score moves over a range of {glue:text}`sign_range` (middle 95 %, mean over excerpts); scores of different excerpts
# differ by a standard deviation of {glue:text}`sign_between`. Euclidean distance between states is the one to trust, and the default of what follows.
#
# ### Where measures peak
#
# The best layer is chosen on half of the sentences and scored on the other half, over random halves. The paper's claim is that dependence measures peak
# deeper than rank measures.

# %%
import pingouin

peaks = pd.concat([eeg_claims.peaks(one, name, seed=seed) for name, one in trained.items()], ignore_index=True)
intervals, in_family = eeg_claims.peak_intervals(peaks, n_pieces), eeg_claims.family_difference(peaks)
split = {key: eeg_claims.of_units(units, n_pieces) for key, units in in_family.items()}
for key, by_name in (("published", published), ("raw", trained)):
    found = pd.concat([eeg_claims.peaks(one, name, raw=True, seed=seed) for name, one in by_name.items()])
    found = eeg_claims.of_units(eeg_claims.family_difference(found)["depth"], n_pieces)
    tell(f"depth_{key}", found, f"depth of the peak, dependence minus rank, {key} values")
paired = pingouin.ttest(in_family["depth"], 0).iloc[0] if n_subjects >= eeg_claims.ENOUGH else None
show(
    figures_eeg.peak_depths(intervals),
    "peaks",
    f"Relative depth of the layer where each measure peaks beyond its {null} null, chosen on one half of {n_pieces} {things}; mean and 95 % interval over "
    + (f"{n_subjects} {who}." if n_subjects >= eeg_claims.ENOUGH else f"redrawn {things} ({who})."),
    "Dots with intervals for eight measures and several models, rank measures left and dependence measures right.",
)
tell("depth", split["depth"], "depth of the peak, dependence minus rank")
for family in ("rank", "dependence"):
    tell(f"gain_{family}", split[f"gain_{family}"], f"chosen layer minus mean layer, held out, {family}", digits=4)
say(
    "depth_test",
    "no test: too few listeners"
    if paired is None
    else f"t({paired['dof']:.0f}) = {paired['T']:.2f}, p = {paired['p_val' if 'p_val' in paired else 'p-val']:.3f}",
)

# %% [markdown]
# The peak of dependence measures minus that of rank measures lies at {glue:text}`depth` of the depth ({glue:text}`depth_interval`; {glue:text}`depth_test`). Above 0 is what the paper claims.
# That is beyond the null of each layer. On raw values, as published, it is {glue:text}`depth_raw` ({glue:text}`depth_raw_interval`), with the published distance
# {glue:text}`depth_published` ({glue:text}`depth_published_interval`); but raw values differ between layers in noise, too, and by as much in either half. Is there a peak to find at all? On the
# sentences that did not choose it, the chosen layer exceeds the mean layer by {glue:text}`gain_rank` ({glue:text}`gain_rank_interval`) in rank measures and by
# {glue:text}`gain_dependence` ({glue:text}`gain_dependence_interval`) in dependence measures.
#
# ### Do measures rank models alike?
#
# Scores are those of the best layer, chosen on the other half of the sentences, minus what the null gives: raw values would rank models by their number of frames
# ({doc}`measures` shows how dependence measures fall with it). Kendall's W is 1 if all measures give one ranking; what it is by chance
# depends on how many models and measures there are, so it has a null.

# %%
import itertools

from lib.compare import concordance, disagreement, family_agreement

table = eeg_claims.model_scores(scores)
names = [str(m) for m in table.measure.values]
agreement = concordance(table.values, names, n_permutations=2000, n_draws=500, seed=seed)
families = family_agreement(table.values, names, n_draws=500, seed=seed)
show(
    figures_eeg.rankings(table.mean("unit").to_pandas(), agreement.without, agreement.w.value, agreement.null_high),
    "rankings",
    f"Left: rank of {table.sizes['model']} models, twins and baselines by each measure ({who}, {n_units}; 1 is most alike). Right: Kendall's W of all measures "
    "and with each left out; dotted, what random rankings stay below in 95 % of draws.",
    "A table of ranks, models by measures, and dots of Kendall's W between 0 and 1.",
)
tell("w", agreement.w, "Kendall's W")
say("w_null", agreement.null_mean, about="mean W of random rankings")
say("w_p", agreement.w.p, digits=4)
say("w_least", agreement.without["w"].min(), about="smallest W with one measure left out")
say("w_most", agreement.without["w"].max(), about="largest W with one measure left out")
tell("split", families.split, "tau within minus between families")
differ = disagreement(table.values, names, seed=seed)
tell("differ", differ, "tau over halves, a measure with itself minus with others")
by_noise = eeg_claims.noise_rankings(scores)
p_split = (int((by_noise["split"] >= families.split.value).sum()) + 1) / (len(by_noise) + 1)
for key, values in by_noise.items():
    low, high = np.quantile(values, [0.025, 0.975])
    say(f"noise_{key}", values.mean(), low=low, high=high, n=len(values), about=f"{key} for draws of the null")
say("p_split", p_split, digits=3)
say("within", families.within)
say("between", families.between)

# %% [markdown]
# W is {glue:text}`w` ({glue:text}`w_interval`; random rankings: {glue:text}`w_null`, p = {glue:text}`w_p`), and between {glue:text}`w_least` and {glue:text}`w_most` with any one measure left
# out. That it is below 1 says nothing: no two measures are one and the same. Whether they disagree by more than chance is asked over two halves of
# the data: a measure's ranking in one agrees with its own in the other by {glue:text}`differ` more than with another measure's ({glue:text}`differ_interval`). Rankings agree at τ = {glue:text}`within` within a family of measures and {glue:text}`between` between families, a difference of {glue:text}`split` ({glue:text}`split_interval`).
# But measures share their noise, those of a family most. Draws of the null, with nothing to rank, have a W of {glue:text}`noise_w` (middle 95 %: {glue:text}`noise_w_interval`), so that W says
# little about models; and they split by {glue:text}`noise_split` ({glue:text}`noise_split_interval`), a share of {glue:text}`p_split` of them by as much as the data. The claim is held to that.
#
# ### Against the untrained and against the envelope
#
# What would a model that never learnt anything score? Its frames drift through a sentence as smoothly as a trained one's. And the
# envelope of the sound is known to be in the brain. A trained model has to beat both.
#
# And is it this sentence or sound, or any? In pieces of unequal length that are paired to their ends, what belongs to the end sets them apart: a voice that
# falls falls elsewhere. So the second null here stops half a second before the end of any piece of a group. What all of them share, an onset or a course, is then in the
# null as in the data, and what is left belongs to the piece itself. Where all pieces last the same, the two nulls are one.

# %%
kinds = (
    dict.fromkeys(models, "trained")
    | dict.fromkeys(twins.values(), "untrained")
    | dict.fromkeys([*baseline_models, "envelope"], "envelope")
)
before_ends = null if isinstance(cuts["specific"], str) else "specific"
alone = {name: scored(name, before_ends, {"rsa_spearman": plain["rsa_spearman"]}) for name in kinds}
particular, n_alone = eeg_claims.model_scores(alone), min(one.observed.sizes["sentence"] for one in alone.values())
beyond = {"shift": "beyond rotations", "shuffle": "beyond shuffles", "pieces": f"beyond other {things}"}
beyond["specific"] = f"beyond other {things}, before any ends"
panels = [
    (table, "rsa_spearman", null),
    (table, "dcor", null),
    *([(particular, "rsa_spearman", "specific")] * (before_ends == "specific")),
]
rows = []
for (scores_of, measure, drawn), (name, kind) in itertools.product(panels, kinds.items()):
    found = eeg_claims.estimate(scores_of.sel(model=name, measure=measure).values)
    rows.append((name, kind, measure, beyond[drawn], found.value, found.low, found.high, found.n, found.p))
beside = pd.DataFrame(rows, columns=["model", "kind", "measure", "window", "value", "low", "high", "n", "p"])
show(
    figures_eeg.controls(beside),
    "controls",
    f"Similarity beyond its null of trained models, their untrained twins and acoustic baselines; best layer chosen on other {things}; "
    f"mean and 95 % interval over {n_units} ({who}). Before any ends: {n_alone} {things}, cut to the lengths that they share.",
    "Panels of dots with intervals around zero, one row a model: trained, untrained, acoustic.",
)


def contrasts(scores_of):
    spearman = scores_of.sel(measure="rsa_spearman")
    learnt = spearman.sel(model=models).mean("model")
    others = {
        "untrained": spearman.sel(model=list(twins.values())).mean("model"),
        "envelope": spearman.sel(model="envelope"),
    }
    return {key: eeg_claims.estimate((learnt - other).values) for key, other in others.items()}


against, against_alone = contrasts(table), contrasts(particular)
this_one, _ = eeg_claims.above_chance({name: alone[name] for name in models})
for key in against:
    tell(f"beyond_{key}", against[key], f"Spearman RSA, trained minus {key}", digits=4)
    tell(f"alone_{key}", against_alone[key], f"the same, before any of the {things} ends", digits=4)
tell(
    "alone", this_one, f"best layer beyond responses to other {things}, before any ends, minus that of a draw", digits=4
)
say("alone_p", this_one.p, digits=3)
say("things", things)

# %% [markdown]
# Over models, training adds {glue:text}`beyond_untrained` ({glue:text}`beyond_untrained_interval`) to Spearman RSA, and trained models differ from the envelope by
# {glue:text}`beyond_envelope` ({glue:text}`beyond_envelope_interval`). Before the ends of {glue:text}`things`, the best layer of all trained models is left with
# {glue:text}`alone` ({glue:text}`alone_interval`), p = {glue:text}`alone_p`; training adds {glue:text}`alone_untrained` ({glue:text}`alone_untrained_interval`) to that, and the difference from the
# envelope is {glue:text}`alone_envelope` ({glue:text}`alone_envelope_interval`).
#
# ### When: windows of time
#
# As published: in windows after a sentence's onset, each channel's values $|x_i - x_j|$ are compared with the distances of the model's frames. A window of 250 ms holds three frames of a model with
# twelve a second, so frames are interpolated to `window_rate`; that makes scores computable and adds no information. The contrast sets 250 to 500 ms against
# all windows that share no time with it. Each half of the {glue:text}`things` takes the layer that is best, over whole pieces, in the other half. The null moves the response, not the model: the first frames of a sentence run more steadily than those that follow, and noise
# that drifts is more like steady frames than like frames moved there from elsewhere.

# %%
best_layers = eeg_claims.held_out_layers(scores[main])
taken = f"{main}, best layer of other {things}"
spans = eeg_claims.windows(window_width)
fine = {
    "rate": window_rate,
    "method": "antialiased" if alignment == "antialiased" else "linear",
    "distance": {"mahalanobis": "euclidean"}.get(rdm, rdm),
    "scheme": "response",
    "n_permutations": min(n_permutations, 50),
    "seed": seed,
}
key = (*state, fingerprint(main), str(best_layers), str(spans), str(fine))
windowed = functools.partial(eeg_claims.windowed, frames[main], best_layers, listeners, parts, spans, **fine)
timed = kept("windows", key, windowed)
contrast = eeg_claims.estimate(eeg_claims.late_contrast(timed["observed"], spans))
above = eeg_claims.estimate(eeg_claims.late_contrast(timed["observed"] - timed["expected"], spans))
centre = [500 * (start + stop) for start, stop in spans.values()]


def course(array):
    found = [eeg_claims.estimate(one) for one in eeg_claims.by_unit(array.mean("channel")).values.T]
    return pd.DataFrame([(x.value, x.low, x.high) for x in found], columns=["value", "low", "high"]).assign(
        centre=centre
    )


show(
    figures_eeg.window_courses(
        {taken: course(timed["observed"])}, course(timed["expected"]), "Spearman RSA, mean over channels"
    ),
    "windows",
    f"Similarity in windows of {1000 * window_width:.0f} ms after onset, `{main}`, best layer of other {things}, mean over {len(listeners.channels)} channels; 95 % intervals over "
    f"{n_units} ({who}). Dashed: the same frames with the response at other times. Shaded: 250 to 500 ms.",
    "A line with intervals over windows of time beside a dashed line of the null.",
)
tell("late", contrast, "250 to 500 ms minus the other windows", digits=4)
tell("late_shift", above, "the same minus its null", digits=4)

# %%
from lib.compare import LEAST_SUBJECTS, channel_adjacency, cluster_test

some = [list(spans)[k] for k in np.linspace(0, len(spans) - 1, 5).astype(int)]
montage = spoken and n_subjects >= LEAST_SUBJECTS  # scalp maps with statistics
adjacency = channel_adjacency(listeners.info) if montage else None
if montage:
    values = (timed["observed"] - timed["expected"]).mean("sentence").transpose("subject", "window", "channel")
    clusters = cluster_test(values.values, adjacency, list(spans), listeners.channels, n_permutations=512, seed=seed)
    at = [list(spans).index(name) for name in some]
    show(
        figures_eeg.topographies(
            values.mean("subject").values[at], clusters.significant[at], some, listeners.info, "Spearman RSA minus null"
        ),
        "scalp",
        f"Similarity beyond that with the response at other times, by electrode and window, `{main}`, best layer of other {things}, mean over {n_subjects} {who}. Dots: electrodes of clusters with p < .05 "
        f"(sign flips, corrected over electrodes and {len(spans)} windows).",
        "Five scalp maps of similarity, one per window of time.",
    )
    least = float(clusters.clusters["p"].min()) if len(clusters.clusters) else 1.0
    say(
        "cluster",
        f"The least likely cluster of electrodes and windows has p = {least:.3f} (corrected, {clusters.n_permutations} sign flips).",
    )
else:
    say(
        "cluster",
        "Scalp maps and cluster statistics are left out: they need electrodes on the scalp and at least six listeners (with five, no p is below .0625).",
    )

# %% [markdown]
# From 250 to 500 ms similarity differs from the other windows by {glue:text}`late` ({glue:text}`late_interval`); what the response at other times gives subtracted, {glue:text}`late_shift`
# ({glue:text}`late_shift_interval`). {glue:text}`cluster`
#
# #### Is there a late response at all?
#
# Where similarity of geometry sees nothing, a linear analysis may. Deconvolution fits the response to every word of the whole recording, with the envelope, acoustic onsets and phonemes
# of the sound accounted for, and with the response to envelope and onsets free to differ where words may. It asks for no model, and its cluster statistics show whether there is a late response for a model to match.

# %%
from lib.compare import affect_groups, affect_scores, energy_and_duration

by_words = {"E1": "the stimuli have no words", "E2": "the stimuli have no words"}
if spoken:
    features = eeg.voice(heard)
    within = heard.stimuli.get("speaker")
    proxies = affect_scores(features, "separate", within=within)
    grouped = affect_groups(proxies[["arousal", "valence"]], proxies["valence"], k=groups or None, seed=seed)
    labels = pd.Series(grouped.labels, features.index)
    low_group = labels.loc[proxies["valence"].groupby(labels).mean().idxmin() == labels].iloc[0]
    negative = eeg_words.negative_sentences(heard, labels == low_group)
    respond = functools.partial(eeg_words.word_responses, heard, listeners, negative)
    words = kept("words", (*state, str(negative)), respond)
    if n_subjects >= eeg_claims.ENOUGH:
        found = {"late": words["words"], "change": -words["change"]}
        found = {key: eeg_claims.estimate(eeg_words.late_size(x.values, listeners.info)) for key, x in found.items()}
        late_itself = eeg_claims.estimate(eeg_words.late_mean(words["words"].values, listeners.info))
        by_words = {"E1": {"late": found["late"], "mean": late_itself}, "E2": {"change": found["change"]}}
        say_words = (
            f"over the back of the head it is {late_itself.value:.2f} µV from 250 to 500 ms ({late_itself.low:.2f} to {late_itself.high:.2f}), "
            f"{found['late'].value:.2f} µV ({found['late'].low:.2f} to {found['late'].high:.2f}) more negative than at other lags; "
            f"that difference is {found['change'].value:.2f} µV ({found['change'].low:.2f} to {found['change'].high:.2f}) larger in sentences that are not negative. "
            f"Negative are those that {'the recording itself calls so' if 'affect' in heard.stimuli else 'K-means puts into the group of lowest valence, below'}; intervals are over {n_subjects} {who}"
        )
    else:
        by_words = dict.fromkeys(by_words, f"at least {eeg_claims.ENOUGH} listeners are needed")
    if montage:
        by_window = eeg_words.in_windows(words["words"].values, spans)
        found = cluster_test(by_window, adjacency, list(spans), listeners.channels, n_permutations=512, seed=seed)
        show(
            figures_eeg.topographies(
                by_window.mean(axis=0)[at], found.significant[at], some, listeners.info, "Response to a word (µV)"
            ),
            "words",
            f"Response to words by deconvolution, mean over {n_subjects} {who}, by window after the word's onset. Dots: electrodes of clusters with p < .05 (sign flips, corrected).",
            "Five scalp maps of the response to words.",
        )
for key, one in zip(("word_late_found", "word_affect_found"), by_words.values(), strict=True):
    told_of = (
        claims.NOT_TESTABLE
        if isinstance(one, str)
        else "found"
        if next(iter(one.values())).low > 0 and ("mean" not in one or one["mean"].high < 0)
        else "not found"
    )
    say(key, told_of)
say("words_told", (say_words if isinstance(by_words["E1"], dict) else by_words["E1"]).replace("-", "−"))

# %% [markdown]
# A late negativity to words: **{glue:text}`word_late_found`**. That it is larger in sentences that are not negative: **{glue:text}`word_affect_found`**. In numbers: {glue:text}`words_told`.
# {doc}`recovery` counts how often an analysis like this one finds what was planted, and what was not.
#
# ### How it was said
#
# From 88 acoustic functionals of each sentence {cite}`eyben2016` the paper makes proxies of arousal and valence, and groups sentences by K-means. The published proxies share a feature and so correlate
# by construction; here they share none, and are relative to the speaker. The number of groups is the one that resampling finds again most often. The names of groups are those of an acoustic proxy:
# nobody rated anything.

# %%
from lib.compare import compare_groups, tri_modal

claimed = {}
if spoken and unit == "sentence":
    show(
        figures_eeg.affect(proxies.assign(group=labels), grouped.table),
        "affect",
        f"Left: {len(labels)} sentences by two acoustic proxies, coloured by K-means group. Right: stability of groups under resampling, the same for one cloud "
        f"without groups, and silhouette; {grouped.k} groups were taken.",
        "Left, a scatter plot of sentences in coloured groups. Right, lines of stability against the number of groups.",
    )

# %%
if spoken and unit == "sentence" and n_pieces >= eeg.LEAST_PIECES:
    matched = eeg_claims.mean_excess(trained)
    nuisances = energy_and_duration(features, heard.stimuli["duration"].loc[features.index])
    is_low = labels == low_group
    rest = {
        "as it is": eeg_claims.group_effects(matched, is_low),
        "energy and duration removed": eeg_claims.group_effects(matched, is_low, nuisances),
    }
    pairs = compare_groups(eeg_claims.group_table(matched, labels), unit="unit", paired=n_subjects >= eeg_claims.ENOUGH)
    show(
        figures_eeg.group_differences(rest),
        "groups",
        f"Similarity (beyond the {null} null, mean over {len(models)} trained models and {n_subjects} {who}) of sentences in the group with the lowest valence proxy minus the rest, in standard deviations, "
        f"with 95 % intervals over {matched.sizes['sentence']} sentences; as it is, and with level, flux and duration of sentences fitted beside the group.",
        "Dots with intervals for eight measures, two per measure, around zero.",
    )
    for key, name in (("", "as it is"), ("_ablated", "energy and duration removed")):
        by_measure = rest[name].set_index("measure")
        claimed |= {family + key: eeg_claims.as_measured(by_measure.loc[family]) for family in ("rank", "dependence")}
told_of = {key: f"{x.value:.4f} ({x.low:.4f} to {x.high:.4f})".replace("-", "−") for key, x in claimed.items()}
say(
    "affect_told",
    f"The group with the lowest valence proxy differs from the rest by {told_of['rank']} in Spearman RSA and by {told_of['dependence']} in dependence (distance correlation and linear CKA). "
    f"With energy and duration fitted beside the group: {told_of['rank_ablated']} and {told_of['dependence_ablated']}."
    if claimed
    else "Not testable here: there are no groups of sentences to compare.",
)

# %% [markdown]
# {glue:text}`affect_told` Intervals are over sentences: whatever sets two groups of them apart does so in all listeners alike. A table of all pairs of groups is over listeners where
# there are enough, as is usual; it speaks of these sentences only.

# %%
pairs[pairs["measure"].isin(names)].set_index("measure").rename_axis(None).round(
    4
) if claimed else "No sentences, no prosody: this part is left out."

# %% [markdown]
# ### Three-way consistency
#
# Do sound, brain and model agree, or only two and two? Squared rank correlations of the three pairs are combined: their product, geometric mean and minimum, and the index
# that the published code computes, the share of the sound-brain relation that the model accounts for. The null breaks one pair at a time. What failure looks like is shown first, on constructed series:
# a brain whose one half follows the sound and whose other half follows a model that knows nothing of the sound. Two pairwise scores are high and the product is near zero.

# %%
rng = np.random.default_rng(seed)
sound, alone = rng.standard_normal((2, 12, 200, 4))
brain = np.concatenate([sound, alone], axis=2) + 0.5 * rng.standard_normal((12, 200, 8))
constructed = tri_modal(
    zip(sound, brain, alone, strict=True), "rsa_spearman_euclidean", n_permutations=50, scheme=rotated, seed=seed
)


voiced = eeg.descriptions(heard, stimuli)


def three_ways():
    for piece, (layers, answers) in eeg.items(frames[main], listeners, parts, **how):
        if piece.name not in best_layers:
            continue
        layer = best_layers[piece.name]
        times = frames[main][piece.stimulus].times[layer]
        inside = (times >= piece.start) & (times < piece.stop)
        yield eeg.at_frames(voiced[piece.stimulus], times[inside]), answers, layers[layer]


way = "rsa_spearman" + eeg_scores.RDMS[rdm][0]
three = {"n_permutations": min(n_permutations, 200), "scheme": rotated, "seed": seed}
together = tri_modal(three_ways(), way, **three)
product = (
    eeg_claims.consistency(together)
    if n_subjects >= eeg_claims.ENOUGH
    else eeg_claims.consistency_by_sentence(three_ways(), way, **three)
)
say(
    "product",
    1e6 * product.value,
    low=1e6 * product.low,
    high=1e6 * product.high,
    n=product.n,
    digits=2 if abs(product.value) < 1e-6 else 0,
    about="product of squares minus that with one pair broken, in millionths",
)
say("product_p", product.p, digits=3)

# %%
from lib.compare import beyond_sound

cochleagram = {
    stimulus: ([*one.layers.values()][-1], [*one.times.values()][-1])
    for stimulus, one in frames[baseline_models[-1]].items()
}
descriptors = {stimulus: (one.values, one.time.values) for stimulus, one in voiced.items()}
lags = eeg.lags_of(frames[main][stimuli[0]])
left, left_twin = (
    beyond_sound(
        eeg.beside_the_sound(frames[name], listeners, parts, [descriptors, cochleagram], method=alignment, lag=lag),
        lags=lags,
        seed=seed,
    )
    for name in (main, twins[main])
)
given = eeg_claims.given_sound(left, left_twin)
for key, one in (("given", left), ("given_twin", left_twin)):
    say(
        key,
        one.value,
        low=one.low,
        high=one.high,
        n=one.n,
        digits=4,
        about="likeness (linear CKA) of brain and model once the sound is taken out",
    )
    say(f"{key}_p", one.p, digits=3)
for key in ("brain", "model"):
    say(
        f"{key}_by_sound",
        getattr(left, f"{key}_explained"),
        about=f"share of variance of the {key} that the sound accounts for",
    )

# %%
cases = {"constructed failure": constructed, taken: together}
mean_over = lambda x: x.mean("subject") if "subject" in x.dims else x  # noqa: E731
squared = pd.DataFrame({case: mean_over(one.squared).to_series() for case, one in cases.items()}).T
rows = []
for case, one in cases.items():
    for name in ("product", "geometric_mean", "minimum"):
        value, drawn = (float(mean_over(one.observed).sel(score=name)), mean_over(one.draws).sel(score=name))
        hardest = drawn.isel(broken=int(drawn.mean("draw").argmax("broken")))
        rows.append((case, name, value, float(hardest.quantile(0.025)), float(hardest.quantile(0.975))))
ways = pd.DataFrame(rows, columns=["case", "score", "value", "null_low", "null_high"])
show(
    figures_eeg.tri_modal(squared, ways),
    "trimodal",
    f"Squared rank correlations of the three pairs (top) and scores made of them (bottom; grey, 95 % of draws with the pair broken that leaves most). Left: constructed series, "
    f"right: {who}, mean over {together.n} {things}; sound: 25 eGeMAPS descriptors.",
    "Two columns of bars and dots; left two bars are high and the product is near zero.",
)
index = {case: float(mean_over(one.observed).sel(score="mediation")) for case, one in cases.items()}
say(
    "mediation",
    index[taken],
    digits=2 if abs(index[taken]) < 100 else 0,
    about="published code's mediation index, which has no lower bound",
)
say("failure_product", float(constructed.observed.sel(score="product")), digits=4)

# %% [markdown]
# The product differs from that with one pair broken by {glue:text}`product` millionths ({glue:text}`product_interval`), p = {glue:text}`product_p` for the pair that is hardest to beat. The published code's index is {glue:text}`mediation` on average; it
# has no lower bound, so that averages of it mean nothing. In the constructed failure the product is {glue:text}`failure_product`.
#
# A high product has another cause yet: a sound that drives brain and model alike, though neither knows of the other, makes all three pairs agree. So the sound is taken out of both: descriptors and
# cochleagram, at lags from 100 ms after to half a second before, straight and curved. They account for {glue:text}`brain_by_sound` of the brain's variance and {glue:text}`model_by_sound` of the
# model's (all layers of {glue:text}`main`). What is left of the two is alike by {glue:text}`given` ({glue:text}`given_interval`), p = {glue:text}`given_p` against models drawn anew given the sound. A model is a function of
# the sound, so anything above 0 means more than *these descriptions* of it, not more than the sound. Whether the descriptions suffice is shown by the untrained twin, a random function of the sound: {glue:text}`given_twin`
# ({glue:text}`given_twin_interval`), p = {glue:text}`given_twin_p`. If that is above 0, too, the claim can't be tested.
#
# ### At the paper's scale
#
# The paper's numbers: 84 sentences, 49 listeners, 12 models, about 33 layers, 500 draws, eight measures. One unit of that work, a sentence for a few listeners and layers with all its draws, is timed here,
# on this machine, now, and multiplied.

# %%
from lib.chapters.eeg import scale as eeg_scale

scale = eeg_scale.plan(list(plain.values()), components=components, scheme=rotated, seed=seed)
say("hours", scale.hours["cpu"], digits=0, about="hours for the paper's scale, extrapolated")
say("unit_seconds", scale.seconds["cpu"], digits=2)
say(
    "gpu",
    "has no GPU, so nothing is said of one"
    if scale.gpu is None
    else f"has a GPU ({scale.gpu}): there {scale.hours['cuda']:.1f} h",
)
scale.table

# %% [markdown]
# One unit takes {glue:text}`unit_seconds` s, the whole {glue:text}`hours` h. This machine {glue:text}`gpu`. Sentences are independent of each other and models too, so the work divides over
# machines; draws run as batches of matrix products, on a GPU where there is one.
#
# ## Report

# %%
reason = "the stimuli are sounds without sentences: there is no prosody to group by"
if spoken:
    reason = f"groups are of at least {eeg.LEAST_PIECES} sentences, and here are {n_pieces} {things}"
not_paired = f"it is decided against re-paired pieces, and this run has the null {null}, which finds likeness in noise"
evidence = {
    "A1": {"split": claims.Measured(value=families.split.value, low=families.split.low, high=families.split.high, n=families.split.n, p=p_split, draws=len(by_noise)),
           "disagreement": claims.Measured(value=differ.value, low=differ.low, high=differ.high, n=differ.n, p=differ.p)},
    "A2": split,
    "A3": {"contrast": contrast, "shift": above},
    "A4": claimed or reason,
    "A5": "frames are re-ordered within words, which have too few of them" if unit == "word" else given if isinstance(given, str) else {"product": product, "given_sound": given},
    "A6": {"best_layer": chance} if null == "pieces" else not_paired,
    "A7": against if null == "pieces" else not_paired,
}  # fmt: skip
why = cuts["specific"] if before_ends != "specific" else not_paired if null != "pieces" else ""
ours = by_words | {"E3": why or {"best_layer": this_one}, "E4": why or against_alone}
sizes, power = claims.sizes(recording), {}
if isinstance(by_words["E1"], dict):
    minutes, noise = float(heard.segments["duration"].sum() / 60), 1 / snr if heard.simulated and snr else 1.0
    power = detection.planned(by_words, n_subjects, minutes, noise)
verdicts = claims.decide(recording, evidence, sizes=sizes) | claims.decide(recording, ours, sizes=sizes, power=power)
for one in verdicts.values():
    verdict(one, simulated=heard.simulated)
ledger = claims.ledger()
pd.DataFrame(
    {
        name: {
            "claim": ledger[name].claim,
            "verdict": v.told,
            "why": v.why,
            "noise called supported": v.beside[0],
            "power": v.beside[1],
        }
        for name, v in verdicts.items()
    }
).T

# %%
rows = [one.null.to_frame().assign(model=name, window=null) for name, one in scores.items()]
tidy = pd.concat(rows, ignore_index=True).drop(columns=["z", "p_max", "scheme", "n_permutations"]).assign(n=n_pieces)
more = [
    beside.drop(columns="kind"),
    intervals.rename(columns={"depth": "value"}).assign(window="depth of the peak"),
    course(timed["observed"])
    .drop(columns="centre")
    .assign(window=list(spans), measure="rsa_spearman", model=main, layer="best of the other half"),
]
results = save_results(pd.concat([tidy, *more], ignore_index=True), chapter="eeg", recording=recording)
results.groupby("measure").size().to_frame("rows").rename_axis(None).T

# %%
kinds = (claims.SUPPORTED, claims.NOT_SUPPORTED, claims.UNDECIDED, claims.NOT_TESTABLE)
listed = {kind: [name for name, one in verdicts.items() if one.verdict == kind] for kind in kinds}
counted = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in listed.items() if names)
learnt = against["untrained"]
text = (
    f"In {who} ({n_units}), Spearman RSA of the best layer of {len(models)} small models is above its null ({null}) by {chance.value:.3f} (95 % interval {chance.low:.3f} to {chance.high:.3f}, "
    f"p = {chance.p:.3f}), and trained models minus their untrained twins {learnt.value:.3f} ({learnt.low:.3f} to {learnt.high:.3f}). Half a second before the end of any of the {things} it is {this_one.value:.3f} "
    f"({this_one.low:.3f} to {this_one.high:.3f}, p = {this_one.p:.3f}). The paper's claims (A) and this book's (E) on this recording: {counted}."
)
answer("Do models hear like us?", text.replace("-", "−"))

# %% [markdown]
# ## What would change this answer
#
# * **Choices made on the way.** By default Euclidean distance decides the verdicts because it has no signs to choose, and frames are thinned so that
#   models have about as many. Peaks are counted beyond their nulls. None of this was fixed before the first results were seen. With the published distance, or with raw values, several verdicts differ, as the numbers above show.
# * **What counts as chance.** The ledger decides against responses to other pieces of about the same length. What all pieces have in common, an onset or a course, is no likeness
#   by that measure, though a brain and a model may well share it. Rotations in time (`scheme: shift`), as the book had it before, count it, and noise as well: {doc}`measures` shows how much.
# * **Noise in place of listeners.** `responses: noise` runs this whole page on noise with the recording's own spectrum and channel correlations.
# * **Larger models.** The small ones heard minutes of sound. The paper's twelve are in the roster ({doc}`../generated/models`) and run here by name once their weights are fetched.
# * **Another distance.** `rdm: correlation` decides by the published distance, `cosine` and `mahalanobis` are others (windows of time take states as they are, so that Mahalanobis is Euclidean there); `debiased: true` removes the floor of dependence measures but mutual information.
# * **Other pieces of time.** `unit: word`, `window_width` from .15 to .35, and `lag`, which lets responses to whole pieces follow the sound.
# * **More signal.** In simulated listeners `snr` says how strong planted responses are; {doc}`recovery` counts what is found at which strength.
#
# ## Re-run it, fork it
#
# ```bash
# alike run eeg -p recording song-ecog                       # electrodes in human auditory cortex
# alike run eeg -p recording song-ecog -p responses noise    # the same with nothing to find
# alike run eeg -p rdm correlation -p alignment count -p scheme shuffle -p bad published -p repair mean   # nearer to the published way
# alike run eeg -p unit word -p debiased True
# alike run eeg -p snr 0                                     # listeners with noise only
# alike run eeg -p without '["late","affect"]'              # without the planted word response
# ALIKE_DATA=~/recordings alike run eeg -p recording ds004408 # an audiobook, once you have its files
# cp notebooks/eeg.py notebooks/my_eeg.py                    # then one line in an edition, one in _toc.yml
# ```
