"""What the recovery chapter's page says is what its counts say, bad news included."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lib.chapters.recovery import accuracy, counted, figures, headline, one_study, planning, study_figure, workshop
from lib.compare import Estimate
from lib.compare.word_responses import SECONDS
from lib.ground import WrongUse
from lib.recordings.pocket.brains import scalp
from lib.report import check, words

CHANNELS = scalp.electrodes().ch_names


@pytest.fixture(scope="module")
def counts():
    return counted.stored()


@pytest.fixture(scope="module")
def effects(counts):
    return counted.found(counts)


@pytest.fixture(scope="module")
def nothing(counts):
    return counted.nothing_there(counts)


def response(recovered, planted=1.0, *, name="surprisal", n=5):
    """One response of n listeners: a dip, so many times as deep as the planted one."""
    dip = -np.exp(-0.5 * ((SECONDS - 0.4) / 0.05) ** 2)[None, :, None] * np.ones((n, 1, len(CHANNELS)))
    spread = np.linspace(0.9, 1.1, n)[:, None, None] * (1 + 0.1 * np.arange(len(CHANNELS)))
    coords = {"listener": range(n), "lag": SECONDS, "channel": CHANNELS}
    arrays = (
        xr.DataArray(size * dip * spread, coords, ("listener", "lag", "channel")) for size in (recovered, planted)
    )
    peaks = Estimate(398.0, 390.0, 411.0, n), Estimate(400.0, n=n)
    return one_study.Response(name, *arrays, *peaks, Estimate(0.91, n=len(CHANNELS)))


def test_the_figure_of_one_study_says_how_far_off_it_is():
    shown = study_figure.responses({"surprisal": response(0.8, n=7)}, scalp.electrodes())
    assert "(0.8 times)" in shown.alt
    assert "7 simulated listeners" in shown.caption
    assert "multiplied" not in shown.caption
    assert "(2.5 times)" in study_figure.responses({"surprisal": response(2.5)}, scalp.electrodes()).alt


def test_a_fitted_factor_is_stated():
    shown = study_figure.responses({"onset": response(0.5, name="onset")}, scalp.electrodes())
    assert "multiplied by 0.5" in shown.caption
    assert "× 0.5" in shown.drawn.axes[0].get_title(loc=mpl.rcParams["axes.titlelocation"])
    assert "(1.0 times)" in shown.alt
    assert "multiplied by 0.5" in response(0.5, name="onset").off_by()


def test_what_was_not_planted_is_not_read_as_found():
    silent = response(0.3, planted=0.0)
    assert not silent.there
    assert "nothing was planted" in study_figure.responses({"surprisal": silent}, scalp.electrodes()).alt
    assert silent.reading().startswith("No response to words was planted")
    assert "398 ms (95 % interval 390 to 411 ms)" in response(1.0).reading()


def test_only_the_known_world_is_heard():
    with pytest.raises(WrongUse, match="song-ecog has no known truth"):
        one_study.hear("song-ecog")


def test_the_answer_carries_the_worst(counts, effects, nothing):
    sizes = accuracy.accuracy(counts)
    text = headline.headline(effects, nothing, sizes)
    assert check.first_screen(text) == []
    worst = nothing[nothing["off"] == counted.ONE_OFF]["share"].max()
    assert f"But a change of the early response in negative passages is found in {words.share(worst)}" in text
    lowest = sizes[sizes["listeners"] == sizes["listeners"].max()]["coverage"].min()
    assert f"holds it in {words.share(lowest)} (" in text
    assert "simulated listeners" in text.split(". ")[0]


def test_the_answer_follows_its_counts(counts, effects, nothing):
    sizes = accuracy.accuracy(counts)
    calm = nothing.assign(share=nothing["share"].clip(upper=0.05), low=0.01)
    calm.loc[(calm["effect"] == "hierarchy") & (calm["off"] == counted.ONE_OFF), "share"] = 0.07
    assert "At worst, a step from sound to words" in headline.headline(effects, calm, sizes)
    noisy = nothing.assign(significant=nothing["studies"] // 4)
    assert "not as rarely as it should be" in headline.headline(effects, noisy, sizes)
    assert "not as rarely" not in headline.headline(effects, nothing, sizes)
    other = sizes.assign(coverage=np.where(sizes["name"] == "loss", 0.01, sizes["coverage"]))
    assert "change in negative passages of the late response to words" in headline.headline(effects, nothing, other)


def test_rows_with_an_effect_off_are_those_of_its_own_switch(counts, nothing):
    row = nothing[(nothing["effect"] == "affect, early") & (nothing["off"] == counted.ONE_OFF)].nlargest(1, "listeners")
    mine = counts.query("effect == 'affect, early' and without == 'affect' and snr > 0 and listeners == 16")
    mine = mine[mine["minutes"] == mine["minutes"].max()]
    assert int(row["significant"].iloc[0]) == int(mine["significant"].iloc[0])
    assert counted.silence(nothing)["worst_share"].value == row["share"].iloc[0]
    assert len(counted.confounded(nothing)) == ((nothing["off"] == counted.ONE_OFF) & ~nothing["inside"]).sum()


def test_figures_count_what_they_draw(effects, nothing, counts):
    quiet = nothing[nothing["off"] == counted.ALL_OFF]
    alt = figures.false_positives(nothing.assign(inside=nothing["off"] == counted.ONE_OFF)).alt
    assert alt.startswith(f"With noise only, 0 of {len(quiet)} shares")
    assert "outside: none" in alt
    shown = figures.power_curves(effects)
    assert f"outside the interval of {effects.missed.sum()} of {len(effects.longest)} marks" in shown.caption
    perfect = counted.Found(effects.counts.assign(low=0.0, high=1.0), effects.sizes)
    assert "interval of 0 of" in figures.power_curves(perfect).caption
    labels = [text.get_text() for text in shown.drawn.axes[-1].get_legend().get_texts()]
    assert labels == ["4 or 3", "8 or 6", "16"]
    sizes = accuracy.accuracy(counts).assign(coverage=0.5, low=0.0, high=1.0)
    assert "N1, latency 0.50 and 0.50" in figures.coverage(sizes).alt
    assert (
        f"mean over {accuracy.profiles(counts)['studies'].max()} studies"
        in figures.profiles_found(accuracy.profiles(counts)).caption
    )


def test_a_plan_says_what_takes_too_many():
    sizes = {"early window": {"spread": 0.1, "noise": 0.1}, "affect, late": {"spread": 1e5, "noise": 1.0}}
    plan = planning.plan(sizes, 20, 10.0, 1.0)
    assert plan.table["listeners for .8"].tolist()[1] == "more than 400"
    assert plan.power["early window"] > 0.99
    assert plan.table["power"].tolist()[0] == "above 0.99"
    shown = figures.planned_power(plan)
    assert "power of 20 listeners" in shown.caption
    assert shown.alt.endswith("affect on late response more than 400.")
    assert plan.needed["early window"][0.8] <= plan.needed["early window"][0.95] <= 20
    assert plan.numbers["plan_affect_late"].n == 20


def test_bias_is_in_the_unit_it_is_told_in(counts):
    table = accuracy.shown(accuracy.accuracy(counts))
    assert table.loc["N1, latency (ms)", "planted"] == "105.0"
    assert "N400, size (µV)" in table.index


def test_a_block_has_every_setting_once():
    block = workshop.Block("pocket-eeg", range(5, 7), [2, 4], [1, 3], [0.5, 1.0], 9)
    settings = block.settings(("affect",))
    assert settings[:4] == [(0.5, (), 1), (0.5, (), 3), (1.0, (), 1), (1.0, (), 3)]
    assert settings[4:] == [(1.0, ("affect",), 3), (0.0, (), 1), (0.0, (), 3)]
    assert workshop.groups_of(np.arange(7), 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert pd.Series(block.common(1.0, ("affect",), 2, 1.234))["minutes"] == 1.23


@pytest.mark.parametrize(
    ("recording", "listeners", "why"), [("pocket-story", [1, 2], "at least 2"), ("song-ecog", [2], "pocket-sounds")]
)
def test_a_block_that_cannot_be_tested_is_refused(recording, listeners, why):
    with pytest.raises(WrongUse, match=why):
        workshop.simulate(workshop.Block(recording, range(1), listeners, [1], [1.0], 9))
