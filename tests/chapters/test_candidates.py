"""Candidate nulls of short pieces: what is counted, and that the stored counts say what the book says of them."""

import numpy as np
import pandas as pd
import pytest

from lib.chapters.measures import candidates, stored
from lib.compare import similarity, zscored


def test_similarities_are_those_of_the_measure():
    one = candidates.world("AR .8", [20, 20], 0.5, (0, 1))
    found = candidates._triangles(one.frames[0]) @ candidates._triangles(one.responses[0][None]).T
    known = [similarity(zscored(x), zscored(one.responses[0]), candidates.MEASURE) for x in one.frames[0]]
    np.testing.assert_allclose(found[:, 0], known, atol=1e-12)


@pytest.mark.parametrize("noise", candidates.NOISES)
def test_pieces_are_cut_from_one_recording(noise):
    one = candidates.world(noise, [30, 25, 40], 0.0, (0,))
    assert [x.shape for x in one.frames] == [(4, 30, 6), (4, 25, 6), (4, 40, 6)]
    assert [len(x) for x in one.responses] == [30, 25, 40]
    assert one.onsets[1] == one.onsets[0] + 30 + candidates.GAP
    related = candidates.world(noise, [30, 25, 40], 2.0, (0,))
    assert not np.allclose(related.responses[1], one.responses[1])
    np.testing.assert_allclose(related.recording[: one.onsets[0]], one.recording[: one.onsets[0]])


@pytest.mark.parametrize("null", candidates.REPLACING)
def test_draws_have_the_shape_of_the_pieces(null):
    one = candidates.world("AR .8", [12, 15], 0.0, (0,))
    drawn = list(candidates.REPLACING[null](one, 7, np.random.default_rng(0)))
    assert [x.shape for x in drawn] == [(7, 12, 6), (7, 15, 6)]
    if null in ("rotation", "random phases"):  # as strong as the piece itself
        np.testing.assert_allclose(drawn[0].var(1), np.tile(one.responses[0].var(0), (7, 1)), rtol=0.5)


def test_counts_of_a_cell():
    table = candidates.counts("AR .95", (6, 12, 16), n=8, draws=19)
    assert tuple(table.columns) == candidates.COLUMNS
    assert set(table["null"]) == set(candidates.NULLS)
    assert table.groupby("strength").size().tolist() == [5, 5]
    assert (table["positive"] <= 8).all()
    assert candidates.counts("AR .95", (6, 12, 16), n=8, draws=19).equals(table)
    assert "pieces" not in set(candidates.counts("AR .8", (1, 12, 12), n=2, draws=19)["null"])


@pytest.fixture(scope="module")
def table():
    return stored.read()


def test_stored_counts_hold_every_setting(table):
    settings = len(candidates.NOISES) * (5 * len(candidates.CELLS) - 1) * 2
    assert len(table) == settings
    assert (table["rate_low"] <= table["rate"]).all()
    assert table["n"].min() >= 50


def test_pairings_hold_their_level_everywhere_and_rotations_do_not(table):
    from scipy.stats import binom

    paired, rotated = (stored.quiet(table, name) for name in ("pieces", "rotation"))
    assert paired["positive"].sum() <= binom.ppf(0.999, paired["n"].sum(), 0.05)
    assert (paired["positive"] <= binom.ppf(0.9999, paired["n"], 0.05)).all()
    assert stored.rate(table, "rotation", "AR .95", 18, 30).low > 0.26
    assert stored.rate(table, "rotation", "AR .8", 165, 25).low > 0.26
    assert rotated["rate"].mean() > 0.4


def made_up(*rows):
    """A table as ``stored.read`` gives it, of (null, pieces, strength, n, positive, at_equal_size)."""
    columns = ("null", "pieces", "strength", "n", "positive", "at_equal_size")
    known = {"noise": "AR .8", "frames": 30, "longest": 30}
    return pd.DataFrame(rows, columns=columns).assign(**known)[list(candidates.COLUMNS)]


@pytest.fixture
def few(tmp_path):
    made_up(
        ("pieces", 6, 0.0, 100, 4, 5), ("pieces", 18, 0.0, 300, 16, 15), ("pieces", 18, 0.4, 100, 80, 70),
        ("rotation", 1, 0.0, 100, 100, 5), ("rotation", 6, 0.0, 50, 50, 3), ("rotation", 18, 0.0, 100, 20, 5),
    ).to_csv(tmp_path / "few.csv", index=False)  # fmt: skip
    return stored.read(tmp_path / "few.csv")


def test_worst_is_the_highest_rate_of_most_recordings_with_nothing_planted(few):
    assert (stored.worst(few, "rotation").value, stored.worst(few, "rotation").n) == (1, 100)
    assert stored.worst(few, "pieces").value == pytest.approx(16 / 300)


def test_overall_pools_recordings_of_several_pieces(few):
    pieces, rotation = stored.overall(few, "pieces"), stored.overall(few, "rotation")
    assert (pieces.value, pieces.n) == (20 / 400, 400)
    assert pieces.low < 0.05 < pieces.high
    assert (rotation.value, rotation.n) == (70 / 150, 150)
    assert stored.power(few, "pieces").value == 0.7


def test_settings_whose_interval_lies_above_the_level_are_counted(few):
    assert stored.clearly_above(few, "pieces") == "none of 2 settings"
    assert stored.clearly_above(few, "rotation") == "3 of 3 settings"
