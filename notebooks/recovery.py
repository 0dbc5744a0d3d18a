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
# Every other chapter asks what is in a recording. This one knows. The listeners here are simulated: responses to sound
# and to words were planted in them, with known latencies, places and sizes, under noise of natural strength. The same
# kind of analysis that the book applies to people is applied to them as if nothing were known, and its answers are held
# against the truth. A reader learns three things no recording of people can teach: how often an effect of a given size is
# found, how often one is found that is not there, and how much data a study needs.
#
# **None of this is a finding about people.** Noise here is stationary and Gaussian, nobody blinks, and responses are as
# linear as the analysis assumes. Power is therefore an upper bound; false positives are the least one must expect.

# %% tags=["parameters"]
recording: str = "pocket-eeg"  # the simulated listeners in the first figure
subjects: int = 12  # how many of them [at least 2]
snr: float = 1.0  # strength of every planted response; 0 leaves noise only [at least 0]
without: list[str] = []  # effects to switch off [one of acoustic, phoneme, surprisal, affect, early, late]
plan_listeners: int = 20  # a study you plan: listeners [at least 2]
plan_minutes: float = 15.0  # minutes of the story each of them hears [above 0]
plan_noise: float = 1.5  # amplitude of the noise against that of the simulated recordings [above 0]
seed: int = 0  # of the listeners in the first figure [at least 0]

# %% [markdown]
# ## Load
#
# Twelve listeners hear a story of about nine minutes. The EEG is read from disk as any EEG in BIDS would be: against
# one mastoid, with the hum of the mains and one bad channel that nothing marks.

# %%
from lib.chapters.recovery import eeg as studies_eeg
from lib.chapters.recovery import figures as figures_recovery
from lib.ground import DATA, WrongUse
from lib.recordings import load
from lib.report import answer, detection, save_results, say, show, style

style.use_house_style()
if recording != "pocket-eeg":
    raise WrongUse(f"{recording} has no known truth of this kind: this chapter needs pocket-eeg")
options = {"subjects": subjects, "snr": snr, "without": tuple(without), "seed": seed}
heard = load(recording, **options)
heard.segments[["speaker", "sentences", "duration"]].rename_axis(None).T.round(1)

# %% [markdown]
# ## Represent and align
#
# What the analysis knows of the story is what a stranger could compute: the envelope and the onsets of a cochleagram,
# the onset of each phoneme, and of each word, weighted by its surprisal. The planted brains answer to another filterbank than
# this one. Cleaning filters, repairs the bad channel and re-references, and responses that overlap are then taken apart by
# deconvolution {cite}`lalor2009`.

# %%
import numpy as np
import pandas as pd

responses = np.array([studies_eeg.scalp_responses(heard, name) for name in heard.subjects])
dict(zip(("listener", "feature", "lag", "channel"), responses.shape, strict=True))

# %% [markdown]
# ## Compare
#
# ### One study, seen whole
#
# The truth is opened here, and only here.

# %%
from lib.recordings.pocket.brains.story_truth import eeg_truth

truth = eeg_truth(**options)
channels = [str(name) for name in truth.maps.channel.values]
planted = {
    feature: np.array(
        [truth.response(name, feature).transpose("lag", "channel").interp(lag=studies_eeg.SECONDS, kwargs={"fill_value": 0.0}).values
         for name in heard.subjects]
    )
    for feature in ("onset", "surprisal")
}  # fmt: skip

# %%
front, back = ([channels.index(name) for name in studies_eeg.PLACES[place]] for place in studies_eeg.PLACES)
found = {"onset": responses[:, 1], "surprisal": responses[:, 3]}
wave = {name: found[name][:, :, place].mean(axis=2) for name, place in (("onset", front), ("surprisal", back))}
goal = planted["onset"][:, :, front].mean(axis=(0, 2))
scale = float(goal @ wave["onset"].mean(axis=0) / max(goal @ goal, 1e-12))
spans = {"onset": (0.05, 0.15), "surprisal": (0.25, 0.55)}
peaks = {name: studies_eeg.peak_interval(wave[name], *span) for name, span in spans.items()}
when = truth.peaks.query(
    "feature == 'surprisal' or (feature == 'onset' and amplitude <= 0 and width > .015 and width < .02)"
)
when = when.groupby("feature")["latency"].mean()

# %%
rows = {
    "To acoustic onsets, fronto-central": {
        "place": front, "at": when["onset"], "unit": "µV per s.d. of onset", "scale": scale, "note": ", scaled to fit",
    },
    "To words, centro-parietal": {"place": back, "at": when["surprisal"], "unit": "µV per mean surprisal"},
}  # fmt: skip
show(
    figures_recovery.waves_and_maps(
        np.array([found["onset"], found["surprisal"]]),
        np.array([planted["onset"], planted["surprisal"]]),
        studies_eeg.SECONDS, heard.info(heard.subjects[0]), rows,
    ),
    "responses",
    f"Responses of {subjects} simulated listeners, recovered from their raw EEG by deconvolution, and as planted. Top: to "
    "acoustic onsets, an N1 and a P2 over the front of the head. Bottom: to words, a slow negativity over the back, "
    "as an N400. Shaded: two standard errors over listeners. Maps: mean over listeners at the planted peak, each scaled to its "
    "own largest value.",
    "Two rows of a wave and two scalp maps. The recovered and the planted wave nearly coincide, and so do the maps: "
    "early response fronto-central, late response centro-parietal.",
)  # fmt: skip

# %%
window = []
for name, title in (("onset", "acoustic onset, N1"), ("surprisal", "word, N400")):
    value, low, high = (1000 * x for x in peaks[name])
    at = np.argmin(abs(studies_eeg.SECONDS - when[name]))
    likeness = np.corrcoef(found[name][:, at].mean(axis=0), planted[name][:, at].mean(axis=0))[0, 1] if snr else np.nan
    say(f"peak_{name}", value, low=low, high=high, n=subjects, digits=0, about=f"latency of the {title} peak [ms]")
    say(f"planted_{name}", 1000 * when[name], n=subjects, digits=0, about=f"planted latency of the {title} peak [ms]")
    say(
        f"map_{name}",
        likeness,
        n=len(channels),
        about="correlation of the recovered with the planted map over channels",
    )
    window.append((title, 1000 * when[name], value, low, high, likeness))
columns = ["response", "planted (ms)", "recovered (ms)", "low", "high", "map, r"]
pd.DataFrame(window, columns=columns).set_index("response").rename_axis(None).round(2)

# %% [markdown]
# The response to acoustic onsets was planted to peak at {glue:text}`planted_onset` ms and is found at {glue:text}`peak_onset`
# ms (95 % interval {glue:text}`peak_onset_interval`); that to words was planted at {glue:text}`planted_surprisal` ms and is
# found at {glue:text}`peak_surprisal` ms ({glue:text}`peak_surprisal_interval`). The maps correlate with the planted ones at
# {glue:text}`map_onset` and {glue:text}`map_surprisal` over channels.
#
# ### Many studies
#
# One study says little about how often such a study succeeds. So that studies can be counted, they were simulated by the hundred in
# advance, with other seeds, by the chapter's workshop (`notebooks/studies.py`, run by `make recovery`), each analysed without the
# truth. What is stored, in `data/recovery.csv`, are counts; everything below is computed from them now. The effects are of the kind
# that the papers claim:
#
# | effect | what a study tests, over its listeners | planted |
# |---|---|---|
# | early window | response to acoustic onsets, 150 to 210 minus 80 to 130 ms, fronto-central | N1 at 105, P2 at 180 ms |
# | late window | response to words, other lags minus 250 to 500 ms, centro-parietal | negativity at 400 ms |
# | sound family | out-of-sample correlation of what envelope and onsets add to words and phonemes | yes |
# | word family | out-of-sample correlation of what words add to sound and phonemes | yes |
# | affect, early | early window in negative sentences minus the rest | 1.5 times as large |
# | affect, late | late window in the rest minus negative sentences | half as large |
# | hierarchy | fMRI to the story: words minus sound, in late minus early regions | pure regions |
# | tuning | fMRI to sounds: r² of a component from modulation filters, all choices refitted per permutation | six components |

# %%
counts = detection.read_counts(DATA / "recovery.csv")
effects = list(figures_recovery.EFFECT_TITLES)
present = counts[(counts["without"] == "") & (counts["snr"] > 0)]
sizes = {effect: detection.fit_effect_size(present[present["effect"] == effect]) for effect in effects}
longest = present[present["minutes"] == present["minutes"].max()]
simulated = int(counts[counts["effect"] == "early window"]["studies"].max())
show(
    figures_recovery.power_curves(longest, sizes),
    "power",
    f"Power of simulated studies of {longest['minutes'].max():.0f} minutes: share of studies that find each planted effect "
    f"(two-sided t test over listeners at .05, in the planted direction) against the strength of the signal. Dots: counted, "
    f"{longest['studies'].min()} to {longest['studies'].max()} studies each, exact 95 % intervals. Lines: predicted from two numbers per "
    "effect, its spread between listeners and its noise, fitted to the counts of all lengths and strengths at once.",
    "Seven panels of power against signal strength for three numbers of listeners, dots near fitted lines.",
)

# %% [markdown]
# {numref}`fig-power` shows what studies of this length can and cannot see. Windows and families of features are found almost always at
# the strength of these recordings. The effect of affect is a difference of differences: it rests on the
# share of the story that is negative, and needs many times the data.
#
# ### What is found where nothing is
#
# With every effect off, listeners give noise only. A sound test then finds something in one study of twenty.
# The grey bands of {numref}`fig-false` show where the share should lie in 99 of 100 sets of as many studies.
# Below them, one effect is off and the others are on: what is found now is a confound.


# %%
def off(effect, without, what):
    mine = counts[(counts["effect"] == effect) & (counts["without"] == without)]
    mine = mine[(mine["snr"] == 0) if not without else (mine["snr"] > 0)]
    longest = mine[mine["minutes"] == mine["minutes"].max()]
    return longest[["listeners", "studies", "significant"]].assign(effect=effect, off=what)


switch = {
    "early window": "acoustic",
    "sound family": "acoustic",
    "late window": "surprisal",
    "word family": "surprisal",
}
switch |= {"affect, early": "affect", "affect, late": "affect", "hierarchy": "late"}
tuning = counts[counts["effect"].str.startswith("tuning to") & (counts["snr"] == 0)]
tuning = tuning.groupby("listeners", as_index=False)[["studies", "significant"]].sum()
tuning = tuning.assign(effect="Tuning, six components", off="every effect")
nothing = [off(effect, "", "every effect") for effect in effects] + [tuning]
nothing = pd.concat([*nothing, *(off(effect, switch[effect], "this effect") for effect in effects)], ignore_index=True)
show(
    figures_recovery.false_positives(nothing),
    "false",
    "False positives of simulated studies: share of tests with p ≤ .05, either direction, with exact 95 % intervals; for "
    "each effect from few listeners (top, circle) to many. Left: listeners give noise only. Right: only the effect in "
    "question is off. Grey: where a test of exactly .05 would lie in 99 % of sets of as many studies; dotted: .05.",
    "Two panels of dots with intervals, a row per effect; left all lie around .05, right those of affect lie above.",
)

# %%
bands = np.array([detection.binomial_band(int(count)) for count in nothing["studies"]])
nothing["share"] = nothing["significant"] / nothing["studies"]
nothing["inside 99 %"] = (bands[:, 0] <= nothing["share"]) & (nothing["share"] <= bands[:, 1])
quiet, single = (nothing[nothing["off"] == what] for what in ("every effect", "this effect"))
nested = {effect: detection.nested_inflation(mine["listeners"]) for effect, mine in quiet.groupby("effect")}
inflation = np.average(quiet["effect"].map(nested), weights=quiet["studies"])
total = quiet[["studies", "significant"]].sum().to_frame().T
share = detection.rates(total, "significant", inflation=inflation).iloc[0]
say("inflation", inflation, about="variance of the count of positives over that of independent studies")
tests = int(share["studies"])
say("false_share", share["rate"], low=share["low"], high=share["high"], n=tests, digits=3, about="positives, all off")
say("false_inside", int(quiet["inside 99 %"].sum()), n=len(quiet), digits=0, about="rows inside the band, all off")
say("false_rows", len(quiet), digits=0)
worst = single.nlargest(1, "share").iloc[0]
say("worst_label", figures_recovery.EFFECT_TITLES[worst["effect"]].lower())
say("worst_share", worst["share"], n=int(worst["studies"]), about="largest share, one effect off, the others on")
say("worst_n", int(worst["listeners"]), digits=0)
table = nothing.assign(effect=nothing["effect"].replace(figures_recovery.EFFECT_TITLES)).set_index(["effect", "off"])
table.rename_axis([None, None]).round(3)

# %% [markdown]
# With everything off, {glue:text}`false_inside` of {glue:text}`false_rows` rows lie inside their band, and over all of them the share is
# {glue:text}`false_share` ({glue:text}`false_share_interval`). Small studies are parts of the large ones, which makes the variance of that count {glue:text}`inflation`
# times that of independent studies; the interval is widened by as much. With one effect off and the others on, the largest share
# is {glue:text}`worst_share`, for *{glue:text}`worst_label`* with {glue:text}`worst_n` listeners: negative passages are also spoken differently, and a response that the
# analysis' features describe a little wrongly then differs between passages although no gain was changed. No number of listeners
# mends that, and a test against noise cannot see it. It is the reason why the book's claim about affect is repeated
# with loudness and duration taken out.
#
# ### Are sizes and intervals right?
#
# A latency or an amplitude can be found and still be wrong. Bias is the mean estimate minus what was planted; coverage is the share of
# 95 % intervals that hold it.

# %%
sized = counts[counts["covered"].notna() & (counts["without"] == "") & (counts["snr"] == 1.0)]
sized = detection.rates(sized[sized["minutes"] == sized["minutes"].max()], "covered")
mean, error = figures_recovery.mean_and_error(sized)
titles = {"latency of onset": "N1, latency (ms)", "latency of word": "N400, latency (ms)"}
titles |= {"size of late size": "N400, size (µV)", "size of affect, late": "N400, loss with affect (µV)"}
unit = np.where(sized["effect"].str.startswith("latency"), 1000, 1)
calibration = pd.DataFrame({
    "quantity": sized["effect"].map(titles), "listeners": sized["listeners"], "studies": sized["studies"],
    "planted": unit * sized["planted"] / sized["studies"], "found": unit * mean,
    "bias": unit * (mean - sized["planted"] / sized["studies"]), "± (95 %)": unit * 1.96 * error,
    "coverage": sized["rate"], "low": sized["low"], "high": sized["high"],
})  # fmt: skip
calibration.set_index("quantity").rename_axis(None).round(3)

# %%
most = calibration[calibration["listeners"] == calibration["listeners"].max()].set_index("quantity")
for key, title in (
    ("n1", "N1, latency (ms)"),
    ("n400", "N400, latency (ms)"),
    ("size", "N400, size (µV)"),
    ("loss", "N400, loss with affect (µV)"),
):
    row = most.loc[title]
    say(
        f"coverage_{key}",
        row["coverage"],
        low=row["low"],
        high=row["high"],
        n=int(row["studies"]),
        about=f"coverage: {title}",
    )
    say(
        f"bias_{key}",
        row["bias"],
        low=row["bias"] - row["± (95 %)"],
        high=row["bias"] + row["± (95 %)"],
        n=int(row["studies"]),
        digits=2,
    )

# %% [markdown]
# With the largest studies, intervals of the N400's latency cover the truth in {glue:text}`coverage_n400` of studies, those of its
# size in {glue:text}`coverage_size`. The N1 is found {glue:text}`bias_n1` ms away from where it was planted, and its
# intervals cover in {glue:text}`coverage_n1`: the analysis sees onsets through another filterbank than the brain, filters add
# their own spread, and an interval over listeners knows nothing of an error that all listeners share. Precision is not accuracy.
#
# ### Components of responses to sounds
#
# For the sounds, the question is whether the six profiles can be found in voxels blind, without any model: reduced to
# six dimensions and rotated until the weights are independent, as Norman-Haignere and colleagues did in people
# {cite}`normanhaignere2015`.

# %%
show(
    figures_recovery.profiles_found(counts),
    "profiles-found",
    "r² between planted profiles and those found blind in the voxels of simulated listeners (165 sounds, mean and two standard "
    f"errors over {int(counts[counts['effect'].str.startswith('profile')]['studies'].max())} studies). Grey: the same with sounds exchanged.",
    "Six panels of r² against signal strength; all rise from chance to a plateau, at different heights.",
)

# %%
best = counts[
    counts["effect"].str.startswith("profile of") & ~counts["effect"].str.endswith("chance") & (counts["snr"] == 1.0)
]
best = best[best["listeners"] == best["listeners"].max()]
mean, error = figures_recovery.mean_and_error(best)
profile = pd.DataFrame({"r2": mean, "error": error, "studies": best["studies"]}).set_axis(
    best["effect"].str.removeprefix("profile of ")
)
for name, row in profile.iterrows():
    low, high = row["r2"] - 1.96 * row["error"], row["r2"] + 1.96 * row["error"]
    say(
        f"profile_{name}",
        row["r2"],
        low=low,
        high=high,
        n=int(row["studies"]),
        about=f"r² of the blind profile of {name}",
    )
weakest = profile["r2"].idxmin()
say("profile_mean", profile["r2"].mean(), n=6, about="mean r² of the six blind profiles")
say("profile_weakest", style.COMPONENT_TITLES[weakest].lower())
say("profile_lowest", profile.loc[weakest, "r2"])
profile.rename(style.COMPONENT_TITLES).rename_axis(None).round(2).T

# %% [markdown]
# On average the blind profiles share {glue:text}`profile_mean` of their variance with the planted ones. The weakest, {glue:text}`profile_weakest`,
# reaches {glue:text}`profile_lowest` and stays there however strong the signal is: its weights are less
# independent of the others' than the method assumes. More data do not help where an assumption fails.
#
# ### Plan a study
#
# Set `plan_listeners`, `plan_minutes` and `plan_noise` in the parameters above, or run
# `alike run recovery -p plan_listeners 30 -p plan_minutes 20`. The prediction uses the two numbers per effect that were
# fitted in {numref}`fig-power`: an effect divided by its spread over listeners, where noise shrinks with minutes and the
# differences between listeners do not.

# %%
of_plan = {name: float(detection.power(size, plan_listeners, plan_minutes, plan_noise)) for name, size in sizes.items()}
show(
    figures_recovery.planned_power(sizes, plan_listeners, plan_minutes, plan_noise),
    "plan",
    f"Power of a study of {plan_minutes:g} minutes per listener and noise {plan_noise:g} times that of the simulated recordings, against the "
    f"number of listeners; dots: {plan_listeners} listeners. Predicted from simulated studies; an upper bound for people.",
    "Seven rising lines of power against listeners with dots at the planned number.",
)

# %%
enough = np.arange(2, 401)
needed = {
    name: next((int(n) for n in enough if detection.power(size, n, plan_minutes, plan_noise) >= 0.8), None)
    for name, size in sizes.items()
}
plan = pd.DataFrame({"power": of_plan, "listeners for .8": needed}).rename(figures_recovery.EFFECT_TITLES)
for name, value in of_plan.items():
    say(f"plan_{name.replace(', ', '_').replace(' ', '_')}", value, about=f"predicted power: {name}")
plan.assign(
    **{"listeners for .8": plan["listeners for .8"].map(lambda n: "more than 400" if pd.isna(n) else f"{n:.0f}")}
).round(2)

# %% [markdown]
# ## Report

# %%
power = detection.rates(present[present["effect"].isin(effects)])
tidy = pd.DataFrame({
    "measure": "power: " + power["effect"], "window": power["minutes"].map("{:g} min".format), "layer": power["snr"].map("strength {:g}".format),
    "value": power["rate"], "low": power["low"], "high": power["high"], "n": power["studies"],
    "subject": power["listeners"].map("{} listeners".format), "recording": power["recording"],
})  # fmt: skip
false = detection.rates(nothing, "significant").assign(
    measure="false positives: " + nothing["effect"], value=nothing["share"], n=nothing["studies"], recording="simulated",
    window=nothing["off"] + " off", subject=nothing["listeners"].map("{} listeners".format),
)  # fmt: skip
tidy = pd.concat([tidy, false[["measure", "window", "subject", "value", "low", "high", "n", "recording"]]])
save_results(tidy, chapter="recovery").groupby("recording").size().to_frame("rows").rename_axis(None).T

# %%
affect = longest[(longest["effect"] == "affect, late") & (longest["snr"] == 1.0)].nlargest(1, "listeners")
late = longest[(longest["effect"] == "late window") & (longest["snr"] == 1.0)].nsmallest(1, "listeners")
affect, late = (detection.rates(each).iloc[0] for each in (affect, late))
answer(
    "Would we have found it?",
    f"In simulated listeners with planted responses: a response to words at {1000 * when['surprisal']:.0f} ms is recovered at "
    f"{1000 * peaks['surprisal'][0]:.0f} ms (95 % interval {1000 * peaks['surprisal'][1]:.0f} to {1000 * peaks['surprisal'][2]:.0f}, n = {subjects} listeners) and "
    f"found in {late['rate']:.0%} of {late['studies']:.0f} studies of {late['listeners']:.0f} listeners; that it halves in negative passages, in {affect['rate']:.0%} of "
    f"{affect['studies']:.0f} studies of {affect['listeners']:.0f}. With every effect off, a share of {share['rate']:.3f} of {tests} tests at .05 find something "
    f"(95 % interval {share['low']:.3f} to {share['high']:.3f}).",
)

# %% [markdown]
# ## What would change this answer
#
# * **Rougher noise.** Blinks, drifts and bursts would lower power, and could raise false positives where they lock to the
#   sound.
# * **Responses that are not linear.** Deconvolution assumes that responses add. Adaptation, for one, breaks it.
# * **Another truth.** `snr` and `without` change the first figure; the workshop's parameters change the rest.
# * **Other tests.** A t test over listeners asks about the population. With three listeners it has little to say, whatever each
#   of them shows.
#
# ## Re-run it, fork it
#
# ```bash
# alike run recovery -p snr 0.5 -p without '["surprisal"]'
# alike run recovery -p plan_listeners 30 -p plan_minutes 20 -p plan_noise 2
# make recovery                                       # simulates all studies again
# cp notebooks/recovery.py notebooks/my_recovery.py   # then one line in an edition, one in _toc.yml
# ```
