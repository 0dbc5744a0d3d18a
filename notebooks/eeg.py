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
# Yang and colleagues {cite}`yang2026` played speech to people and to twelve large audio-language models.
# They asked with eight measures of similarity whether the two respond alike.
# They report that the answer depends on the measure: some measures peak in early layers, others in late ones.
# They also report that likeness is strongest 250 to 500 ms after a sentence begins.
# And they report that negative prosody, a voice that sounds sad or angry, lowers some measures and raises others.
#
# This chapter takes the analysis apart, step by step.
# Beside every number it sets what the paper leaves out: what chance gives where responses drift slowly,
# models with the same architecture that never learnt anything, and the plain loudness of the sound.
#
# **What is heard here.** By default simulated listeners to a short story: what was planted in them shows what the
# analysis can find.
# With `recording: song-ecog` the same page runs on electrodes in human auditory cortex, sound by sound.

# %% tags=["parameters"]
# fmt: off
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
# fmt: on

# %% [markdown]
# ## Load: who heard what
#
# A recording names its stimuli and its listeners.
# The functions used below are those of this chapter's room, `lib/chapters/eeg`.

# %%
from lib.chapters.eeg import figures, material
from lib.chapters.eeg import numbers as prose
from lib.chapters.eeg.figures import show_or_why
from lib.recordings import load
from lib.report import say, show, style

style.use_house_style()

# %%
from lib.chapters.eeg.study import options, study_of

settings = options(
    recording,
    level=level,
    subjects=subjects,
    segments=segments,
    snr=snr,
    without=without,
)
heard = load(recording, **settings)

# %% [markdown]
# The analysis goes piece by piece: sentences, words or sounds, evenly spaced over the recording.

# %%
pieces = material.pieces(heard, unit, sentences)

# %% [markdown]
# ### How are responses made ready?
#
# Electrodes on the scalp pick up more than a brain.
# So the mains and its harmonics are cut out and the band is limited.
# Channels that cannot be believed are found by a stated rule and repaired from their neighbours.
# What is left is measured against the average of all channels.
#
# The published rule asks each channel to correlate with the mean of all, and so discards good ones.
# The default here asks whether a channel's neighbours hear what it hears.
#
# Responses of electrodes inside the brain come already reduced to the strength of fast activity: nothing is cleaned.

# %%
cleaning = {
    "band": tuple(band),
    "line": line,
    "bad": bad,
    "repair": repair,
    "reference": reference,
}

# %%
study = study_of(
    heard,
    pieces,
    unit=unit,
    responses=responses,
    options=settings,
    cleaning=cleaning,
    seed=seed,
)
study.facts

# %%
show(figures.spectra(study))

# %% [markdown]
# The steps, in their order.
# Every choice is a parameter above.

# %%
study.steps

# %% [markdown]
# ## Represent: what models make of the same sounds
#
# Every model hears each stimulus once.
# A model works in *layers*, each computed from the one before.
# A layer's response is a series of *frames*: its state at one moment, with the frame's own time in seconds.
# The paper writes 20 ms for the frames of all twelve models, though their real frames last 40 to 160 ms.
#
# Three things stand beside each trained model.
# Its *untrained twin* has the same architecture and random weights.
# *Baselines* describe the sound itself.
# The *envelope* is the simplest of them, the loudness of the sound: the mean over frequency bands of the last baseline.

# %%
twins = [f"untrained:{name}:0" for name in models]
frames = {
    model: material.represented(
        model, heard, study.stimuli, frame_rate
    )
    for model in [*models, *twins, *baseline_models]
}
frames["envelope"] = material.envelope(frames[baseline_models[-1]])

# %%
material.shapes(frames, study.stimuli[0])

# %% [markdown]
# Models that make more than `frame_rate` frames a second were thinned to that many.
# Otherwise models would differ in similarity because they differ in frames ({doc}`measures` shows how).
#
# ## Align: responses at the times of frames
#
# A model has a dozen frames a second, a response a hundred samples or more.
# The published code draws straight lines between samples.
# That folds everything faster than half the frame rate back into the slow part of the signal:
# with 12 frames a second, everything above 6 Hz.
# A low-pass filter before the frames are taken prevents it, and is the default here.

# %%
from lib.chapters.eeg.choices import two_ways

show(figures.on_the_frames(two_ways(study, frames, models), study))

# %% [markdown]
# The filtered series follows the slow course of the response.
# Where a response has fast parts, as scalp EEG does, the interpolated one jumps between peaks that no frame could
# follow.
# Part of what is then compared with a model is noise of the method's own making.
# Where a response is slow, as that of electrodes inside the brain, the two nearly coincide.
#
# ## Compare: are they alike?
#
# Units of a model and electrodes can't be compared one by one: nothing pairs them.
# So each side is described by its own *geometry*: how far apart its states are at any two moments.
# If two moments that are alike for a listener are alike for a model too, the two geometries agree.
#
# *Spearman RSA* (representational similarity analysis) is the rank correlation of these distances:
# 1 if they rise together, around 0 if they have nothing in common.
# It is one of three *rank measures*; five others, *dependence measures*, compare the two series in other ways.
# {doc}`measures` explains all eight.
#
# For each piece and layer the frames are first reduced to their leading principal components.
# The paper scales these to equal variance (*whitens* them) and takes one minus the correlation across them as distance.
# That distance is not well defined, as shown below.
# So trained models are scored twice: as published, and with the distance of `rdm`, Euclidean unless you change it.
# Everything after the first figures rests on the second.
#
# ### What would chance give?
#
# Two series that both change slowly look alike, whatever they are.
# So every similarity is held against a *null*: what chance gives where everything stays as it was but the pairing.
# Here every response goes to another piece that lasts about as long, and both are cut to one length.
# The slow drift stays in that null, and so does what pieces of equal length have in common.
# Pieces of unequal length run to their own ends, and what these share can pass: see *Is it this piece, or any?*
# All pieces are paired anew in every draw, the same way for all models, layers and listeners.
#
# {doc}`measures` shows why rotating responses by a few seconds, averaged over many pieces, finds likeness in noise.

# %%
from lib.chapters.eeg.scores import chosen_null
from lib.chapters.eeg.scoring import Scoring, kinds, n_pieces

null = chosen_null(scheme, unit)
say(study.words(null))

# %%
scoring = Scoring(
    study,
    frames,
    null=null,
    rdm=rdm,
    components=components,
    debiased=debiased,
    alignment=alignment,
    lag=lag,
    n_permutations=n_permutations,
    seed=seed,
)

# %%
scores = scoring.scores(frames)
trained = {model: scores[model] for model in models}
published = scoring.published.scores(models)
n = n_pieces(scores)

# %% [markdown]
# What decides each claim is collected on the way, under the claim's name in the ledger (`data/claims.yml`).

# %%
measured = {}

# %% [markdown]
# ### How alike is each layer?
#
# One figure for the distance used here, one for the published distance.
# A layer is called above chance, and its mark is filled, where it beats the best layer of 95 % of the draws.

# %%
shown = trained | {"envelope": scores["envelope"]}
show(figures.trajectories(shown, scoring, "trajectories"))

# %%
show(
    figures.trajectories(published, scoring.published, "published")
)

# %% [markdown]
# Look at the shaded bands first: what chance gives differs from layer to layer, and is far from 0 in most measures.
# Curves rise and fall with their bands, so that the shape of a curve does not say where a model hears like a brain.
# What counts is how far a curve leaves its own band.
#
# ### Is the best layer above chance?
#
# Layers differ in what chance gives them, so the best layer is the one furthest above its own null.
# The same choice is made in every draw, and the best layer of the draw is subtracted: choosing among many layers earns
# nothing.
# For comparison one model, {glue:text}`main`, is also held against the null of the paper.
# That null shuffles time points, which destroys the drift in the null but not in the data.

# %%
from lib.chapters.eeg import evidence
from lib.chapters.eeg.scoring import SPEARMAN

main = models[0]
shuffled = scoring.scores([main], "shuffle", SPEARMAN)
say(prose.likeness(trained, published, shuffled, main))

# %%
best, by_model = evidence.above_chance(trained)
measured["A6"] = {"best_layer": best}
evidence.shown_models(by_model)

# %% [markdown]
# Beyond {glue:text}`null`, the best layer of all models is above the best of a draw by {glue:text}`chance_told` in
# Spearman RSA (n = {glue:text}`chance_n`, {glue:text}`chance_p` with {glue:text}`n_draws` draws).
# That is {glue:text}`chance_side`.
# With the published distance it is {glue:text}`chance_published_told`, {glue:text}`chance_published_p`.
#
# How much of a score is drift?
# Chance alone gives {glue:text}`main` a similarity of {glue:text}`drift_told`, mean over layers.
# Against shuffled time points its best layer has {glue:text}`shuffle_excess_p`; against the null used here,
# {glue:text}`main_excess_p`.
# A shuffle takes the drift for 0, and so counts it as likeness.
#
# ### Does the published distance have a value?
#
# The published distance between two frames is one minus the correlation *across whitened components*.
# A component is a direction, and nothing says which way it points: its sign is arbitrary.
# Turn one around, and every correlation across components changes.
# A convention for signs makes the score reproducible, no more.
#
# There is a second fault.
# Whitening $k$ components of $n$ frames puts all frames equally far from each other wherever $n \le k + 1$:
# then there is no geometry to compare.
#
# {numref}`fig-signs` draws signs at random, and looks at short excerpts.
# Distances that do not ask which way a component points, such as the Euclidean, have one value.

# %%
from lib.chapters.eeg.choices import signs

drawn = signs(scoring, main)
show(figures.sign_spread(drawn, study))

# %%
say(prose.signs(drawn))

# %% [markdown]
# The middle 95 % of signs move a score over a range of {glue:text}`sign_range_told`.
# That is the mean over {glue:text}`sign_range_n` excerpts.
# Scores of different excerpts have a standard deviation of {glue:text}`sign_between_told`.
# Where the first is no smaller than the second, the choice of signs decides a score as much as the sound does.
# And up to {glue:text}`sign_frames` frames the whitened components keep no geometry at all.
# So the Euclidean distance is the default of what follows.
#
# ### Do measures peak in different layers?
#
# The paper claims that dependence measures peak deeper in a model than rank measures.
# To look for a peak and to measure it on the same data rewards noise.
# So the best layer is chosen on half of the pieces and scored on the other half, over many random halves.
# Depth is 0 for the first layer and 1 for the last, and similarity is counted beyond each layer's own null.

# %%
peaks = evidence.all_peaks(trained, seed=seed)
depths = evidence.peak_intervals(peaks, n)
show(figures.peak_depths(depths, scoring))

# %% [markdown]
# The paper reads its peaks off raw values.
# Raw values differ between layers in noise, too, and by as much in either half.
# Both are computed here.

# %%
measured["A2"] = evidence.split_in_depth(peaks, n)
raw, raw_published = (
    evidence.raw_split(scored, n, seed)
    for scored in (trained, published)
)
say(prose.depths(measured["A2"], raw_published, raw))

# %% [markdown]
# The peak of dependence measures minus that of rank measures lies at {glue:text}`depth_told` of the depth
# (n = {glue:text}`depth_n`): {glue:text}`depth_side`.
# The paper's claim is that it is above 0.
# On raw values it is {glue:text}`depth_raw_told`, and with the published distance {glue:text}`depth_published_told`.
#
# Is there a peak to find at all?
# On pieces that did not choose it, the chosen layer is compared with the mean layer.
# It exceeds that by {glue:text}`gain_rank_told` in rank measures, which is {glue:text}`gain_rank_side`.
# In dependence measures it does by {glue:text}`gain_dependence_told`, {glue:text}`gain_dependence_side`.
# Where neither is above 0, the depth of a peak is that of noise.
#
# ### Do measures rank models alike?
#
# If the eight measures saw the same thing, they would put the models in the same order.
# Kendall's $W$ says how well they agree: 1 is one ranking, 0 none.
# For $m$ measures and $k$ models with rank sums $R_i$ it is
#
# $$W = \frac{12 \sum_i (R_i - \bar R)^2}{m^2 (k^3 - k)}$$
#
# Models are scored by the best layer, chosen on the other half of the pieces, minus what chance gives.
# Raw values would rank models by their number of frames.

# %%
from lib.compare import concordance

table = evidence.model_scores(scores)
names = table.measure.values.tolist()
agreement = concordance(
    table.values,
    names,
    n_permutations=2000,
    n_draws=500,
    seed=seed,
)

# %%
ranked = table.mean("unit").to_pandas()
show(figures.rankings(ranked, agreement, study, n))

# %% [markdown]
# That $W$ is below 1 says nothing: no two measures are one and the same.
# Do they disagree by more than noise has it?
# A measure's ranking in one half of the data is compared with its own in the other half, and with other measures'.
#
# Families can be asked as well: do rank measures agree with each other more than with dependence measures?
# Kendall's $\tau$ is the agreement of two rankings, 1 if they are the same and 0 if they are unrelated.
# But measures share their noise, those of a family most.
# So the same is done with draws of the null, in which there is nothing to rank.

# %%
from lib.compare import disagreement, family_agreement

families = family_agreement(
    table.values, names, n_draws=500, seed=seed
)
differ = disagreement(table.values, names, seed=seed)
noise = evidence.noise_rankings(scores)

# %%
from lib.chapters.eeg import verdicts as ledger

p_split = prose.p_split(families, noise)
measured["A1"] = {
    "split": ledger.measured(families.split, p_split, len(noise)),
    "disagreement": ledger.measured(differ, differ.p),
}
say(prose.rankings(agreement, families, differ, noise))

# %% [markdown]
# Agreement is $W$ = {glue:text}`w_told`, n = {glue:text}`w_n`.
# The figure shows it with any one measure left out.
# Against random rankings that has {glue:text}`w_p`.
# But draws of the null, with nothing to rank, have {glue:text}`noise_w` (middle 95 %: {glue:text}`noise_w_interval`).
# So a high $W$ says little about models: measures see the same noise alike.
#
# A measure agrees with itself, over two halves, by {glue:text}`differ_told` more than with other measures.
# Agreement within families exceeds that between families by {glue:text}`split_told` in $\tau$.
# Draws of the null split by {glue:text}`noise_split` (middle 95 %: {glue:text}`noise_split_interval`).
# Held against them, the split of the data has {glue:text}`noise_split_p`.
# The claim that families disagree is held to that.
#
# ### Does training add anything?
#
# What would a model that never learnt anything score?
# Its frames drift through a sentence as smoothly as a trained one's.
# And the loudness of a sound is known to be in the brain.
# A trained model has to beat both.
#
# ### Is it this piece, or any?
#
# Pieces of unequal length, paired to their ends, are told apart by these: a voice falls where a sentence stops.
# So a second null stops half a second before the end of any piece.
# What all pieces share, an onset or a course, is then in the null as in the data.
# What is left belongs to the piece itself.
# Where all pieces last the same, the two nulls are one.

# %%
kind = kinds(frames, models, twins)
ends = scoring.before_ends
alone = scoring.scores(kind, ends, SPEARMAN)
particular = evidence.model_scores(alone)

# %%
panels = scoring.panels(table, particular)
beside = evidence.beyond_chance(panels, kind)
counts = {
    study.panel(null): n,
    study.panel(ends): n_pieces(alone),
}
show(figures.controls(beside, study, counts))

# %%
against = evidence.against(table, models, twins)
against_alone = evidence.against(particular, models, twins)
this_one, _ = evidence.above_chance(
    {name: alone[name] for name in models}
)
say(prose.training(against, against_alone, this_one))

# %%
measured["A7"] = against
measured["E3"] = {"best_layer": this_one}
measured["E4"] = against_alone

# %% [markdown]
# Over models, training adds {glue:text}`beyond_untrained_told` to Spearman RSA (n = {glue:text}`beyond_untrained_n`).
# That is {glue:text}`beyond_untrained_side`.
# Trained models differ from the envelope by {glue:text}`beyond_envelope_told`: {glue:text}`beyond_envelope_side`.
#
# Before the ends of {glue:text}`things` the best layer of all trained models is left with {glue:text}`alone_told`,
# {glue:text}`alone_p`: {glue:text}`alone_side`.
# To that, training adds {glue:text}`alone_untrained_told`, and the difference from the envelope is
# {glue:text}`alone_envelope_told`.
#
# ### When are they alike?
#
# The paper cuts a sentence into windows after its onset and compares each channel by itself:
# the differences of its values, $|x_i - x_j|$, with the distances of the model's frames.
# A window of 250 ms holds three frames of a model with twelve a second.
# So frames are interpolated to `window_rate`, which makes scores computable and adds no information.
#
# The contrast sets 250 to 500 ms against all windows that share no time with it.
# The layer is the one that is best in the other half of the pieces.
# The null moves the response and not the model: the first frames of a sentence run more steadily than those that
# follow,
# and noise that drifts is more like steady frames than like frames moved there from elsewhere.

# %%
from lib.chapters.eeg import windows

layers = evidence.held_out_layers(scores[main])
timed = windows.timed(
    scoring, main, layers, width=window_width, rate=window_rate
)
show(figures.window_courses(timed, study))

# %%
measured["A3"] = timed.contrasts
say(prose.timing(timed))

# %% [markdown]
# Similarity from 250 to 500 ms is above that of the other windows by {glue:text}`late_told` (n = {glue:text}`late_n`),
# which is {glue:text}`late_side`.
# With what the response at other times gives taken off, it is {glue:text}`late_shift_told`.
# Where the dashed line runs along with the other, the course is that of the model's frames and not of a listener.
#
# Does it lie somewhere on the head?
# Neighbouring electrodes and windows that go together form a *cluster*.
# A cluster counts if few flips of the listeners' signs give one as large.

# %%
on_head = windows.clustered(timed, study, seed)
show(figures.channels_in_time(timed, study, on_head))

# %%
say({"cluster": prose.clusters(on_head)})

# %% [markdown]
# {glue:text}`cluster`
# Colours without dots are not findings.
#
# ### Does it matter how a sentence is said?
#
# The paper computes 88 acoustic summaries of each sentence {cite}`eyben2016`.
# From these it makes *proxies* of arousal (how excited a voice is) and valence (how pleasant), and groups sentences by
# K-means, which puts neighbours together.
#
# The published proxies share a feature and so correlate by construction; here they share none, and are relative to the
# speaker.
# The number of groups is the one that resampling finds again most often.

# %%
from lib.chapters.eeg import prosody

grouped = prosody.grouped(study, k=groups, seed=seed)
show_or_why(figures.affect(grouped))

# %% [markdown]
# Groups are named by an acoustic proxy: nobody rated anything.
# Where they overlap in it, the name says less than it seems to.
# A group is worth its name only where its stability is well above that of one cloud without groups.
#
# The claim is about the group of lowest valence: its rank measures should be lower and its dependence measures higher.
# A quiet or short sentence differs from the rest too, so the difference is also fitted beside energy and duration.

# %%
effects = prosody.lowest_minus_rest(trained, grouped, study, n)
measured["A4"] = prosody.claimed(effects)
show_or_why(figures.group_differences(effects, study, len(models)))

# %%
say(prose.prosody(measured["A4"]))

# %% [markdown]
# {glue:text}`affect_told`
# Intervals are over sentences: whatever sets two groups of them apart does so in all listeners alike.
# The table of all pairs of groups below is over listeners where there are enough, as is usual.
# It speaks of these sentences only.

# %%
prosody.all_pairs(trained, grouped, effects)

# %% [markdown]
# ### Is there a late response at all?
#
# Where similarity of geometry sees nothing, a linear analysis may.
# *Deconvolution* fits the response to every word of the whole recording at once, as one curve that each word adds.
# Loudness, acoustic onsets and phonemes of the sound are fitted beside it.
# In negative sentences the responses to words, to loudness and to onsets are free to differ.
#
# It asks for no model.
# It shows whether there is a late response for a model to match.

# %%
from lib.chapters.eeg.words import claimed, heard_words

to_words = heard_words(study, grouped)
measured |= claimed(to_words)
say(prose.late_response(to_words))

# %%
word_clusters = windows.clustered_words(to_words, timed, seed)
show_or_why(figures.word_maps(to_words, timed, word_clusters))

# %% [markdown]
# {glue:text}`words_told`
# {doc}`recovery` counts how often an analysis like this one finds what was planted, and what was not.
#
# ### Do sound, brain and model agree, all three?
#
# Or only two and two?
# Three squared rank correlations are combined: of sound and brain, of brain and model, of sound and model.
# Their product is high only if all three are.
# The null breaks one pair at a time and keeps the other two.
#
# What failure looks like is shown on constructed series.
# One half of a brain follows the sound, and the other half follows a model that knows nothing of the sound.
# Two pairs agree, and the product is near zero.
#
# The published code computes an index under the same name, the share of the sound-brain relation that the model
# accounts for.
# It has no lower bound, so that averages of it mean nothing, and it is left out here.

# %%
from lib.chapters.eeg import threeway

failure = threeway.constructed(scoring.rotated, seed)
agree, product = threeway.together(scoring, main, layers)
cases = {"constructed failure": failure, main: agree}
show(figures.tri_modal(cases, study))

# %%
say(prose.three_ways(product, failure))

# %% [markdown]
# The product differs from that with one pair broken by {glue:text}`product_told` millionths.
# For the pair that is hardest to beat, {glue:text}`product_p` (n = {glue:text}`product_n`).
# Three correlations of .1 would give one millionth.
# In the constructed failure the product itself is {glue:text}`failure_product` ({glue:text}`failure_product_p`).
#
# ### Is it more than the sound that both hear?
#
# A sound that drives brain and model alike makes all three pairs agree, though neither knows of the other.
# So the sound is taken out of both.
# It is described by its spectrum and 25 acoustic descriptors, straight and curved.
# These are taken from half a second before to 100 ms after each moment.
#
# A model is a function of the sound.
# So anything above 0 means more than *these descriptions* of it, never more than the sound.
# Whether they suffice is shown by the untrained twin, a random function of the sound.
# If it is above 0 too, the claim can't be tested.

# %%
bands = baseline_models[-1]
left = threeway.left_of(scoring, main, bands)
left_twin = threeway.left_of(scoring, twins[0], bands)
say(prose.beside_sound(left, left_twin, study.things))

# %%
given = threeway.given_sound(left, left_twin)
measured["A5"] = threeway.claimed(product, given)

# %% [markdown]
# The descriptions account for {glue:text}`by_sound_told`.
# The model is all layers of {glue:text}`main`.
# What is left of the two is alike by {glue:text}`given_told` (n = {glue:text}`given_n`), {glue:text}`given_p` against
# models drawn anew given the sound: {glue:text}`given_side`.
# For the untrained twin it is {glue:text}`given_twin_told`, {glue:text}`given_twin_p`: {glue:text}`given_twin_side`.
#
# ### What would the paper's size take?
#
# The paper has 84 sentences, 49 listeners, 12 models of about 33 layers, 500 draws and eight measures.
# One unit of that work, a sentence for a few listeners and layers with all its draws, is timed here and multiplied.

# %%
from lib.chapters.eeg import scale

plan = scale.plan(
    list(scoring.measures.values()),
    components=components,
    scheme=scoring.rotated,
    seed=seed,
)
say(prose.work(plan))
plan.table

# %% [markdown]
# {glue:text}`work_told`
# Sentences and models do not depend on each other, so the work divides over machines.
#
# ## Report: what follows
#
# Each claim has a rule (`data/claims.yml`), and the rule decides.
# Most were written down before the first run, and many have changed since, when simulations showed what they accept.
# The first page of the book lists those, with date and reason.
# An undecided claim is *absent* where an effect as large as its margin is excluded, else it could not be told.
# *Planted?* is "neither way" where what was planted does not settle a claim.
# The paper's claims are corrected for each other, and so are those that this book adds.
# *Noise passes* says how often the rule supports its claim where listeners are noise.
# *Power* says how often it would find an effect.

# %%
from lib.report import verdicts

decided = ledger.decided(measured, scoring)
verdicts(
    decided,
    simulated=study.simulated,
    planted=study.truths(decided),
)

# %% [markdown]
# All results in one table, a row a number: as many of each measure.

# %%
from lib.report import save_results

every = ledger.tidy(scores, null, beside, depths, timed)
results = save_results(every, chapter="eeg", recording=recording)
ledger.counted(results)

# %%
from lib.chapters.eeg.headline import headline
from lib.report import answer

text = headline(
    study, len(models), n, measured, decided, null=null
)
answer("Do models hear like us?", text)

# %% [markdown]
# ## What would change this answer
#
# * **Choices made on the way.** Euclidean distance decides because it has no signs to choose, frames are thinned so
#   that models have about as many, and peaks are counted beyond their nulls.
#   None of this was fixed before the first results were seen.
#   With the published distance, or with raw values, numbers above differ, and so may verdicts.
# * **What counts as chance.** Claims on likeness are decided against responses to other pieces of about the same
#   length.
#   What all pieces have in common, an onset or a course, is no likeness by that measure.
#   A brain and a model may well share it.
#   Rotations in time (`scheme: shift`) count it, and noise as well: {doc}`measures` shows how much.
# * **Noise in place of listeners.** `responses: noise` runs this whole page on noise.
#   It has the recording's own spectrum and channel correlations.
# * **Larger models.** The small ones heard minutes of sound.
#   The paper's twelve are in the roster ({doc}`../generated/models`) and run here by name once their weights are
#   fetched.
# * **Another distance.** `rdm: correlation` decides by the published distance; `cosine` and `mahalanobis` are others
#   (windows of time take states as they are, so that Mahalanobis is Euclidean there).
#   `debiased: true` removes the floor of dependence measures but mutual information.
# * **Other pieces of time.** `unit: word`, `window_width` from .15 to .35, and `lag`, by which responses to whole
#   pieces
#   follow the sound.
# * **More signal.** In simulated listeners `snr` says how strong planted responses are.
#   {doc}`recovery` counts what is found at which strength.

# %% [markdown]
# ## Re-run it, fork it
#
# ```bash
# alike run eeg -p recording song-ecog                       # electrodes in human auditory cortex
# alike run eeg -p recording song-ecog -p responses noise    # the same with nothing to find
# alike run eeg -p rdm correlation -p alignment count -p scheme shuffle -p bad published -p repair mean  # as published
# alike run eeg -p unit word -p debiased True
# alike run eeg -p snr 0                                     # listeners with noise only
# alike run eeg -p without '["late","affect"]'              # without the planted word response
# ALIKE_DATA=~/recordings alike run eeg -p recording ds004408 # an audiobook, once you have its files
# cp notebooks/eeg.py notebooks/my_eeg.py                    # then one line in an edition, one in _toc.yml
# ```
