"""Probes: what is there is read out, what is not there is not, and nothing of a test fold is used for its answers."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lib.compare import PUBLISHED_GRID, QUICK_GRID, linear_probe, mlp_probe
from lib.compare.probes import linear, mlp
from lib.compare.probes.mlp import Mixed, Setting, same_width
from lib.compare.probes.probed import accuracy, largest_class
from lib.ground import WrongUse

N, CLASSES, FOLDS = 120, 4, 5
SMALL = (Setting((32,), 1e-2, "xavier_uniform"),)


def material(seed=0, signal=2.0):
    """Two layers, of which the second holds the label, and labels that are balanced in every fold."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(CLASSES), N // CLASSES)
    folds = np.repeat(np.arange(FOLDS), N // FOLDS)
    deep = signal * np.eye(CLASSES)[labels] @ rng.standard_normal((CLASSES, 12)) + rng.standard_normal((N, 12))
    return {"shallow": rng.standard_normal((N, 12)), "deep": deep}, np.array(list("abcd"))[labels], folds


def test_labels_are_read_out_where_they_are_and_not_where_they_are_not():
    layers, labels, folds = material()
    found = linear_probe(layers, labels, folds, n_permutations=19)
    assert found.accuracy.value > 0.9
    assert found.accuracy.p == 0.05
    assert abs(found.null.mean() - 0.25) < 0.05
    assert found.chance == 0.25
    noise = linear_probe({"shallow": layers["shallow"]}, labels, folds, n_permutations=19)
    assert noise.accuracy.value < 0.4
    assert noise.accuracy.p > 0.05


def test_probe_is_a_ridge_on_indicators_with_the_penalty_chosen_inside():
    layers, labels, folds = material(signal=0.6)
    labels = np.where(np.arange(N) % 3 == 0, "a", labels)  # one label is more frequent: intercepts matter
    found = linear_probe(layers, labels, folds)
    x = np.hstack([(layer - layer.mean(0)) / np.sqrt(layer.var(0).sum()) for layer in layers.values()]) / np.sqrt(2)
    targets = np.eye(CLASSES)[np.unique(labels, return_inverse=True)[1]]

    def fitted(train, test, penalty):
        return Ridge(alpha=penalty * len(train)).fit(x[train], targets[train]).predict(x[test])

    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        errors = []
        for penalty in linear.PENALTIES:
            inner = [(train[folds[train] != k], train[folds[train] == k]) for k in np.unique(folds[train])]
            errors.append(sum(((fitted(a, b, penalty) - targets[b]) ** 2).sum() for a, b in inner))
        best = linear.PENALTIES[int(np.argmin(errors))]
        assert found.chosen[fold] == best
        expected = np.unique(labels)[fitted(train, test, best).argmax(1)]
        assert (found.predicted[test] == expected).all()


def test_units_of_a_layer_and_layers_that_do_not_vary_change_nothing():
    layers, labels, folds = material(signal=0.6)
    plain = linear_probe(layers, labels, folds).predicted
    scaled = {"shallow": 1e4 * layers["shallow"], "deep": 1e-6 * layers["deep"] + 3, "flat": np.ones((N, 5))}
    assert (linear_probe(scaled, labels, folds).predicted == plain).all()


def test_labels_of_a_fold_have_no_part_in_its_own_answers():
    layers, labels, folds = material(signal=0.6)
    changed = labels.copy()
    changed[folds == 2] = np.roll(labels[folds == 2], 1)
    for probe in (linear_probe, small_network):
        before, after = probe(layers, labels, folds), probe(layers, changed, folds)
        assert (before.predicted[folds == 2] == after.predicted[folds == 2]).all()


def small_network(layers, labels, folds):
    return mlp_probe(layers, labels, folds, grid=SMALL, passes=30)


def test_exchanged_labels_stay_in_their_fold():
    classes, folds = np.arange(12) % 3, np.repeat([0, 1, 2], 4)
    classes[folds == 1] = 2
    for table in linear._exchanged(classes, folds, 20, 0):
        assert (table[folds == 1] == 2).all()
        assert sorted(table) == sorted(classes)


def test_a_voice_does_not_give_the_word_away():
    """Where all that can be read is who speaks, and each fold is a speaker, words are guessed."""
    rng = np.random.default_rng(1)
    who, words = np.repeat(np.arange(5), 24), np.tile(np.arange(4), 30)
    layers = {"one": np.eye(5)[who] + 0.01 * rng.standard_normal((120, 5))}
    assert linear_probe(layers, words, who).accuracy.value < 0.45
    assert linear_probe(layers, who, words).accuracy.value == 1


def test_interval_counts_folds_where_there_are_enough():
    right, folds = np.repeat([1, 1, 1, 0], 25).astype(bool), np.repeat(np.arange(4), 25)
    clustered = accuracy(right, folds)
    assert (clustered.value, clustered.low, clustered.high) == (0.75, 0.0, 1.0)
    assert "4 folds" in clustered.method
    spread = accuracy(right, np.tile(np.arange(4), 25))
    assert spread.high - spread.low < 0.2
    few = accuracy(right, np.repeat([0, 1], 50))
    assert "Wilson" in few.method
    assert few.low == pytest.approx(0.657, abs=0.001)
    t = accuracy(np.array([1, 0, 1, 1, 1, 1, 1, 1, 0, 0], bool), np.repeat(np.arange(5), 2))
    rates = np.array([0.5, 1, 1, 1, 0])
    assert t.value - t.low == pytest.approx(2.776 * rates.std(ddof=1) / np.sqrt(5), abs=0.001)


def test_largest_class():
    assert largest_class(np.array(["a", "b", "b", "b"])) == 0.75


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros(N)}, "two labels"),
        ({"folds": np.zeros(N)}, "two folds"),
        ({"labels": np.zeros(N - 1)}, "must be"),
        ({"layers": {"deep": np.full((N, 2), np.nan)}}, "NaN"),
        ({"labels": np.repeat([0, 1], N // 2), "folds": np.repeat([0, 1], N // 2)}, "same thing"),
    ],
)
def test_what_cannot_be_probed_is_said(change, message):
    layers, labels, folds = material()
    given = {"layers": layers, "labels": labels, "folds": folds} | change
    with pytest.raises(WrongUse, match=message):
        linear_probe(**given)


def test_published_grid_is_the_stated_one():
    assert len(PUBLISHED_GRID) == len(set(PUBLISHED_GRID)) == 16
    assert {s.hidden for s in PUBLISHED_GRID} == {(1024,), (1024, 1024)}
    assert {s.rate for s in PUBLISHED_GRID} == {3.2e-3, 1e-3, 3.2e-4, 1e-4}
    assert {s.start for s in PUBLISHED_GRID} == {"xavier_uniform", "xavier_normal"}
    assert (mlp.BATCH, mlp.PASSES, mlp.PATIENCE, mlp.DROPOUT) == (1024, 200, 20, 0.1)
    assert set(QUICK_GRID) < set(PUBLISHED_GRID)


def test_network_reads_labels_and_is_the_same_every_time():
    layers, labels, folds = material()
    first, again = small_network(layers, labels, folds), small_network(layers, labels, folds)
    assert first.accuracy.value > 0.9
    assert (first.predicted == again.predicted).all()
    assert first.chosen == SMALL * FOLDS


def test_network_mixes_layers_by_shares_that_start_alike_and_find_the_layer_that_knows():
    import torch

    layers, labels, folds = material(signal=1.0)
    network = Mixed(2, 12, CLASSES, SMALL[0])
    network.eval()
    x = torch.from_numpy(np.stack(list(layers.values()), 1)).float()
    both = network.network(x.mean(1))
    torch.testing.assert_close(network(x), both)
    network.weights.data = torch.tensor([-3.0, 1.0])
    torch.testing.assert_close(network(x), network.network(0.75 * x[:, 0] + 0.25 * x[:, 1]))
    y = torch.from_numpy(np.unique(labels, return_inverse=True)[1])
    trained, _ = mlp._trained(x, y, *mlp._split(folds, 0), SMALL[0], 100, 0)
    assert trained.weights[1].abs() > trained.weights[0].abs()


def test_one_fold_tests_the_next_validates_and_the_first_chooses(monkeypatch):
    folds = np.repeat(np.arange(4), 3)
    train, held = mlp._split(folds, 3)
    assert set(folds[held.numpy()]) == {0}
    assert set(folds[train.numpy()]) == {1, 2}
    layers, labels, folds = material()
    seen = []
    real = mlp._trained
    monkeypatch.setattr(mlp, "_trained", lambda x, y, *how: seen.append(how) or real(x, y, *how))
    mlp_probe(layers, labels, folds, grid=(SMALL[0], Setting((32,), 1e-9, "xavier_normal")), passes=5)
    searched = seen[:2]
    assert all((how[1].numpy() == (folds == 1)).all() for how in searched)
    assert [how[2] for how in seen[2:]] == [SMALL[0]] * FOLDS


def test_layers_of_several_widths_are_rotated_without_loss():
    rng = np.random.default_rng(0)
    layers = {"wide": rng.standard_normal((10, 40)), "narrow": rng.standard_normal((10, 14))}
    rotated = same_width(layers)
    assert {x.shape for x in rotated.values()} == {(10, 10)}
    for name, x in layers.items():
        centred = x - x.mean(0)
        np.testing.assert_allclose(rotated[name] @ rotated[name].T, centred @ centred.T, atol=1e-9)
    alike = {"a": layers["wide"], "b": layers["wide"]}
    assert same_width(alike)["a"] is layers["wide"]


def test_network_needs_three_folds():
    layers, labels, folds = material()
    with pytest.raises(WrongUse, match="got 2 folds"):
        mlp_probe(layers, labels, folds % 2)
