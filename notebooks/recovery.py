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
# # Would we have found it?
#
# {glue:md}`answer`
#
# Every other chapter asks what is in a recording.
# This one knows.
# Its listeners are simulated: responses to sound and to words were planted in them, with known moments, places and
# sizes, under noise of natural strength.
# The same kind of analysis that the book applies to people is applied to them as if nothing were known, and its answers
# are held against the truth.
#
# That shows three things no recording of people can show: how often an effect is found, how often one is found that is
# not there, and how much data a study needs.
#
# **None of this is a finding about people.**
# Noise here is stationary and Gaussian, nobody blinks, and responses are as linear as the analysis assumes.
# Expect less to be found in people, and false alarms at least as often.

# %% tags=["parameters"]
# fmt: off
recording: str = "pocket-eeg"  # the simulated listeners in the first figure
subjects: int = 12  # how many of them [at least 2]
snr: float = 1.0  # strength of every planted response; 0 leaves noise only [at least 0]
without: list[str] = []  # effects to switch off [one of acoustic, phoneme, surprisal, affect, early, late]
plan_listeners: int = 20  # a study you plan: listeners [at least 2]
plan_minutes: float = 15.0  # minutes of the story each of them hears [above 0]
plan_noise: float = 1.5  # amplitude of the noise against that of the simulated recordings [above 0]
seed: int = 0  # of the listeners in the first figure [at least 0]
# fmt: on

# %% [markdown]
# ## What is planted, and what is tested
#
# The planted effects are of the kind that the papers of this book claim.
# A study finds one if a t test over its listeners says so at .05, in the planted direction.
#
# | effect | what a study tests | planted |
# |---|---|---|
# | early response to sound | 150–210 ms minus 80–130 ms after onsets, front of head | peaks at 105 and 180 ms |
# | late response to words | other moments minus 250–500 ms, back of the head | dip at 400 ms |
# | prediction by sound | what sound adds to words, in data not fitted | yes |
# | prediction by words | what words add to sound, in data not fitted | yes |
# | affect on early response | early response, negative passages minus the rest | 1.5 times as large |
# | affect on late response | late response, the rest minus negative passages | half as large |
# | words in later regions | fMRI: words minus sound, late minus early regions | regions of one kind each |
# | tuning, six components | fMRI: components predicted from sound filters | six components |
#
# A late dip after words is called an *N400*: negative, near 400 ms.
# The early dip after a sound's onset is the *N1*.
# *Affect* stands for the emotional tone of a passage.

# %% [markdown]
# ## Load: a story, heard by simulated listeners
#
# The listeners hear a story of about nine minutes.
# Their EEG is read from disk as any EEG would be: against one electrode behind the ear, with the hum of the mains, and
# with one bad channel that nothing marks.

# %%
from lib.chapters.recovery import one_study, study_figure
from lib.report import answer, save_results, say, show, style

style.use_house_style()
options = {"subjects": subjects, "snr": snr, "seed": seed}
options["without"] = tuple(without)
heard = one_study.hear(recording, **options)
one_study.outline(heard)

# %% [markdown]
# ## Represent and align: what an analysis can know
#
# The analysis knows of the story what a stranger could compute.
# That is the loudness of the sound and its onsets, the onset of each phoneme, and that of each word, weighted by its
# *surprisal*: how little the words before it let one expect it.
# The planted brains hear through another filterbank than this one, so that the analysis is a little wrong, as all are.
#
# Responses to successive words overlap.
# They are taken apart by *deconvolution* {cite}`lalor2009`: a regression of the EEG on all features at all lags at
# once.
# Before that, the EEG is filtered, the bad channel is repaired, and the average of all channels becomes the reference.

# %%
responses = one_study.recovered(heard)
dict(responses.sizes)

# %% [markdown]
# ## Compare
#
# ### Is one study right?
#
# The truth is opened here, and only here.
# It is compared with what the analysis found, at the places where each response is strongest.

# %%
from lib.recordings.pocket.brains.story_truth import eeg_truth

truth = eeg_truth(**options)
study = one_study.beside_truth(responses, truth)
say(one_study.numbers(study))
one_study.table(study)

# %%
show(study_figure.responses(study, heard.info(heard.subjects[0])))

# %% [markdown]
# {glue:text}`reading_onset`
# {glue:text}`reading_surprisal`
#
# {numref}`fig-responses` shows what is not right about it.
# {glue:text}`turns_onset`
# {glue:text}`turns_surprisal`
# The interval of a latency says how much listeners differ.
# It does not know that the analysis blurs what it measures.
#
# ### How often is it found?
#
# One study says little about how often such a study succeeds.
# So that studies can be counted, they were simulated by the hundred in advance, with other seeds, by the chapter's
# workshop (`notebooks/studies.py`, run by `make recovery`).
# Each was analysed without the truth.
# What is stored, in `data/recovery.csv`, are counts.
# Everything below is computed from these stored counts, and none of it from the listeners above.

# %%
from lib.chapters.recovery import accuracy, counted, figures

counts = counted.stored()
counted.overview(counts)

# %% [markdown]
# An effect has a size against the spread between listeners, $d$.
# Noise adds to that spread, and shrinks with the minutes $m$ and the strength of the signal $s$:
#
# $$1 / d^2 = a + b / (s^2 m)$$
#
# The two numbers of each effect, $a$ for its listeners and $b$ for its noise, are fitted to all counts at once.

# %%
effects = counted.found(counts)
say(effects.numbers)
show(figures.power_curves(effects))

# %% [markdown]
# {numref}`fig-power` shows what studies of this length can and cannot see.
# At the strength of these recordings the late response to words is found in a share of {glue:text}`late_found_told` of
# {glue:text}`late_found_n` studies of 4 listeners.
# That it halves in negative passages is a difference of differences, and rests on the part of the story that is
# negative.
# A share of {glue:text}`affect_found_4_told` of studies of 4 listeners find it, and {glue:text}`affect_found_16_told`
# of studies of 16.
#
# The lines are a summary, not a law: {glue:text}`fit_missed` of {glue:text}`fit_dots` counts have an interval that
# their line misses, where one in twenty would by chance.
#
# ### What is found where nothing is?
#
# With every effect off, listeners give noise only.
# A sound test then finds something in one study of twenty.
# With one effect off and the others on, whatever is found of it is a confound: something else that looks like it.

# %%
nothing = counted.nothing_there(counts)
say(counted.silence(nothing))
show(figures.false_positives(nothing))

# %% [markdown]
# With noise only, {glue:text}`false_inside` of {glue:text}`false_rows` rows lie inside their band, and the share over
# all tests is {glue:text}`false_share_told`.
# Small studies are parts of the large ones, so that this count varies more than that of independent studies; its
# interval is widened by as much.
#
# With one effect off, the tests below find more than chance allows.

# %%
counted.confounded(nothing)

# %% [markdown]
# The worst is *{glue:text}`worst_label`*: a share of {glue:text}`worst_share_told` of {glue:text}`worst_share_n`
# studies of {glue:text}`worst_n` listeners find it, and it was not planted.
# Negative passages are also spoken differently.
# A response that the features describe a little wrongly then differs between passages, although nothing was changed.
#
# No number of listeners mends that: more of them make it worse.
# A test against noise cannot see it.
# It is the reason why the book's claim about affect is repeated with loudness and duration taken out.
#
# ### Are sizes and intervals right?
#
# A latency or a size can be found and still be wrong.
# An interval of 95 % promises to hold the truth in 95 of 100 studies.
# The share that do is its *coverage*.

# %%
sizes = accuracy.accuracy(counts)
say(accuracy.numbers(sizes))
show(figures.coverage(sizes))

# %%
accuracy.shown(sizes)

# %% [markdown]
# With the largest studies, intervals of the N400's latency hold the truth in a share of {glue:text}`coverage_n400_told`
# of studies, those of its size in {glue:text}`coverage_size_told`.
# Those of the N1's latency hold it in {glue:text}`coverage_n1_told`: it is found {glue:text}`bias_n1_told` ms away from
# where it was planted.
#
# The analysis hears onsets through another filterbank than the brain, and filters add their own spread.
# All listeners share that error, so an interval over listeners knows nothing of it, and shrinks around the wrong value
# as listeners are added.
# Precision is not accuracy.
#
# ### Are components found without a model?
#
# Six profiles over 165 sounds were planted in the voxels of other listeners.
# Can they be found blind?
# The voxels are reduced to six dimensions, and these rotated until the weights of voxels are independent, as
# Norman-Haignere and colleagues did in people {cite}`normanhaignere2015`.
# The squared correlation with the planted profile, $r^2$, is the share of variance they have in common.

# %%
profiles = accuracy.profiles(counts)
say(accuracy.profile_numbers(profiles))
show(figures.profiles_found(profiles))

# %%
accuracy.profile_table(profiles)

# %% [markdown]
# The best of the blind profiles, {glue:text}`profile_strongest`, shares {glue:text}`profile_highest_told` of its
# variance with the planted one.
# The weakest, {glue:text}`profile_weakest`, reaches {glue:text}`profile_lowest_told` and stays there however strong the
# signal is.
# Its weights are less independent of the others' than the method assumes.
# More data do not help where an assumption fails.
#
# ### How large must a study be?
#
# Set `plan_listeners`, `plan_minutes` and `plan_noise` in the parameters above.
# The prediction uses the two numbers per effect that were fitted in {numref}`fig-power`, with the misses that are named
# there.
# Noise shrinks with minutes, and the differences between listeners do not.

# %%
from lib.chapters.recovery import headline, planning

plan = planning.plan(
    effects.sizes, plan_listeners, plan_minutes, plan_noise
)
say(plan.numbers)
show(figures.planned_power(plan))

# %%
plan.table

# %% [markdown]
# Windows and predictions need few listeners, and what affect does needs many.
# That is power against noise alone: it does not protect from confounds, and power to find a confound grows as well.
#
# ## Report

# %%
tidy = counted.tidy(effects, nothing)
kept = save_results(tidy, chapter="recovery")
kept.groupby("recording").size().to_frame("rows")

# %%
text = headline.headline(effects, nothing, sizes)
answer(headline.QUESTION, text)

# %% [markdown]
# ## What would change this answer
#
# * **Rougher noise.**
#   Blinks, drifts and bursts would lower power, and could raise false alarms where they lock to the sound.
# * **Responses that are not linear.**
#   Deconvolution assumes that responses add.
#   Adaptation, for one, breaks that.
# * **Another truth.**
#   `snr` and `without` change the first figure; the workshop's parameters change the rest.
# * **Other tests.**
#   A t test over listeners asks about the population.
#   With three listeners it has little to say, whatever each of them shows.
#
# ## Re-run it, fork it
#
# ```bash
# alike run recovery -p snr 0.5 -p without '["surprisal"]'
# alike run recovery -p plan_listeners 30 -p plan_minutes 20
# make recovery    # simulates all studies again
# cp notebooks/recovery.py notebooks/my_recovery.py
# ```
#
# A copy becomes a chapter with one line in an edition and one in `_toc.yml`.
