"""Cluster statistics: mne's own answer, planted clusters, and as many false alarms as promised."""

import mne
import numpy as np
import pytest
from scipy import sparse

from lib.compare.clusters import channel_adjacency, cluster_test
from lib.ground import WrongUse

WINDOWS = [f"w{k}" for k in range(6)]


@pytest.fixture(scope="module")
def scalp():
    montage = mne.channels.make_standard_montage("biosemi32")
    info = mne.create_info(montage.ch_names, 100.0, "eeg", verbose="ERROR").set_montage(montage)
    return info, channel_adjacency(info)


def noise(seed=0, n=12):
    return np.random.default_rng(seed).standard_normal((n, len(WINDOWS), 32))


def test_neighbours(scalp):
    info, adjacency = scalp
    assert adjacency.shape == (32, 32)
    near = [info.ch_names[k] for k in np.flatnonzero(adjacency.toarray()[info.ch_names.index("Cz")])]
    assert {"C3", "C4"} & set(near)
    assert "Oz" not in near


@pytest.mark.parametrize("nowhere", [0.0, np.nan])
def test_a_channel_without_a_position_has_no_neighbours(scalp, nowhere):
    info, _ = scalp
    names = [*info.ch_names[:5], "far", *info.ch_names[5:], "VEOG"]
    more = mne.create_info(names, 100.0, ["eeg"] * 33 + ["eog"], verbose="ERROR")
    more.set_montage(info.get_montage(), on_missing="ignore")
    more["chs"][5]["loc"][:] = nowhere
    with pytest.warns(UserWarning, match=r"channel\(s\) far have no position"):
        found = channel_adjacency(more).toarray()
    assert found.shape == (33, 33)
    assert np.flatnonzero(found[5]).tolist() == np.flatnonzero(found[:, 5]).tolist() == [5]
    without = mne.create_info(info.ch_names, 100.0, "eeg", verbose="ERROR").set_montage(info.get_montage())
    others = np.delete(np.arange(33), 5)
    np.testing.assert_array_equal(found[np.ix_(others, others)], channel_adjacency(without).toarray())
    values = np.random.default_rng(0).standard_normal((8, 2, 33))
    assert cluster_test(values, sparse.csr_array(found), ["a", "b"], names[:33], n_permutations=20).n == 8


@pytest.mark.parametrize("kind", ["eeg", "mag"])
def test_neighbours_need_positions(kind):
    with pytest.raises(WrongUse, match="three EEG channels with a position, got 0"):
        channel_adjacency(mne.create_info(list("abcd"), 100.0, kind, verbose="ERROR"))


def test_planted_cluster_is_found_where_and_when_it_is(scalp):
    info, adjacency = scalp
    where = [info.ch_names.index(name) for name in ("Cz", "Pz", "CP1", "CP2")]
    values = noise()
    values[:, 2:4, where] += 1.8
    got = cluster_test(values, adjacency, WINDOWS, info.ch_names, n_permutations=300)
    assert got.clusters["p"][0] < 0.05
    assert {"w2", "w3"} <= set(got.clusters["windows"][0])
    assert {"Cz", "Pz"} <= set(got.clusters["channels"][0])
    assert got.significant[2:4][:, where].mean() > 0.8
    assert got.significant[[0, 5]].mean() < 0.1
    less = cluster_test(-values, adjacency, WINDOWS, info.ch_names, n_permutations=300, tail="less")
    assert less.clusters["mass"][0] < 0
    assert (
        not cluster_test(values, adjacency, WINDOWS, info.ch_names, tail="less", n_permutations=99)
        .significant[2:4][:, where]
        .any()
    )


def test_answer_is_that_of_mne(scalp):
    info, adjacency = scalp
    values = noise(1)
    values[:, 1, :6] += 1
    got = cluster_test(values, adjacency, WINDOWS, info.ch_names, n_permutations=200, threshold=2.2, seed=3)
    t, clusters, p, _ = mne.stats.spatio_temporal_cluster_1samp_test(
        values, 2.2, 200, 0, adjacency=adjacency, rng=3, verbose="ERROR", out_type="mask"
    )
    np.testing.assert_allclose(got.t, t)
    assert sorted(got.clusters["p"]) == sorted(p)
    assert sorted(got.clusters["size"]) == sorted(int(cluster.sum()) for cluster in clusters)


def test_named_windows_are_no_neighbours(scalp):
    info, adjacency = scalp
    values = noise() + 1.5
    apart = cluster_test(values, adjacency, WINDOWS, info.ch_names, in_sequence=False, n_permutations=64)
    joined = cluster_test(values, adjacency, WINDOWS, info.ch_names, n_permutations=64)
    assert {len(windows) for windows in apart.clusters["windows"]} == {1}
    assert len(joined.clusters["windows"][0]) == len(WINDOWS)


def test_false_alarms_are_as_rare_as_promised(scalp):
    info, adjacency = scalp
    found = [
        cluster_test(noise(seed), adjacency, WINDOWS, info.ch_names, n_permutations=99, seed=seed).significant.any()
        for seed in range(40)
    ]
    assert np.mean(found) < 0.2


def test_wrong_use_is_explained(scalp):
    info, adjacency = scalp
    for values, options, message in (
        (noise(n=5), {}, r"p of at least 0\.0625, never below \.05: at least 6 subjects"),
        (noise()[:, :3], {}, r"\(subject, 6 windows, 32 channels\)"),
        (noise() * np.where(np.arange(32) == 3, np.nan, 1), {}, "subject 0 in window w0, channel"),
        (noise(), {"tail": "two"}, "unknown tail"),
    ):
        with pytest.raises(ValueError, match=message):
            cluster_test(values, adjacency, WINDOWS, info.ch_names, **options)
    with pytest.raises(ValueError, match="adjacency must be"):
        cluster_test(noise(), adjacency.tocsr()[:5, :5], WINDOWS, info.ch_names)


def test_six_listeners_can_pass(scalp):
    info, adjacency = scalp
    assert cluster_test(noise(n=6) + 5, adjacency, WINDOWS, info.ch_names, n_permutations=64).significant.all()
