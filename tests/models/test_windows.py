import numpy as np
import pytest

from lib.models.activations import Frames
from lib.models.loaders.baselines import load as load_baseline
from lib.models.windows import BATCH, batches, represented_in_windows

RATE = 1000


def averages(hop, reach):
    """A layer that sees `reach` samples around every hop, and nothing else."""

    def represent(waves):
        padded = np.pad(waves, ((0, 0), (reach, reach)))
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)[:, ::hop]
        return Frames(around.mean(axis=2, keepdims=True), np.arange(around.shape[1]) * hop / RATE)

    return represent


def represent(waves):
    return {"fast": averages(10, 40)(waves), "slow": averages(35, 90)(waves)}


def joined(pieces, layer):
    pieces = list(pieces)
    return (np.concatenate([getattr(piece[layer], part) for piece in pieces]) for part in ("values", "times"))


@pytest.mark.parametrize("length", [2001, 2069, 2070, 2071, 3400, 5000, 5003, 9999])
@pytest.mark.parametrize("layer", ["fast", "slow"])
def test_windows_give_what_the_whole_sound_gives(length, layer):
    wave = np.random.default_rng(length).normal(size=length)
    values, times = joined(represented_in_windows(represent, wave, RATE, 2.0, 0.2), layer)
    whole = represent(wave[None])[layer]
    np.testing.assert_allclose(times, whole.times, atol=1e-9)
    np.testing.assert_allclose(values, whole.values[0], atol=1e-12)


def test_too_little_context_shows_at_the_seams_only():
    wave = np.random.default_rng(0).normal(size=5000)
    values, times = joined(represented_in_windows(represent, wave, RATE, 1.0, 0.01), "slow")
    wrong = ~np.isclose(values[:, 0], represent(wave[None])["slow"].values[0, :, 0], atol=1e-12)
    assert 0 < wrong.mean() < 0.5
    assert not wrong[times < 0.9].any()


@pytest.mark.parametrize("name", ["logmel", "mfcc", "cochleagram"])
def test_baseline_hears_a_long_sound_as_if_at_once(name):
    from lib.models import roster

    model = load_baseline(roster().set_index("name", drop=False).loc[name])
    wave = np.random.default_rng(1).normal(size=7 * model.rate + 77).astype(np.float32)
    values, times = joined(represented_in_windows(model.represent, wave, model.rate, 3.0, 0.5), name)
    whole = model.represent(wave[None])[name]
    np.testing.assert_allclose(times, whole.times, atol=1e-9)
    assert np.sqrt(np.mean((values - whole.values[0]) ** 2)) < 0.01 * whole.values.std()  # filters ring a little


def test_windows_go_together_and_no_batch_is_larger():
    shapes = []

    def noting(waves):
        shapes.append(waves.shape)
        return represent(waves)

    list(represented_in_windows(noting, np.zeros(200 * RATE), RATE, 2.0, 0.2))
    assert max(sounds * samples for sounds, samples in shapes) <= BATCH * RATE + 2100
    assert sum(sounds > 1 for sounds, _ in shapes) > 10


def test_frames_between_samples_are_heard_once():
    def odd(waves):
        count = int(waves.shape[1] / 13.7)
        return {"a": Frames(np.zeros((len(waves), count, 1)), np.arange(count) * 13.7 / RATE)}

    _, times = joined(represented_in_windows(odd, np.zeros(7000), RATE, 2.0, 0.2), "a")
    np.testing.assert_allclose(np.diff(times), 0.0137, atol=1e-9)


def test_window_shorter_than_the_common_clock_is_refused():
    with pytest.raises(ValueError, match="take a longer window"):
        list(represented_in_windows(represent, np.zeros(5000), RATE, 0.25, 0.1))


def test_batches_hold_equal_lengths_and_every_key_once():
    lengths = dict(enumerate([2000] * 20 + [500] * 3 + [40_000] * 2))
    found = list(batches(lengths, RATE))
    assert sorted(key for keys in found for key in keys) == list(range(25))
    assert all(len({lengths[key] for key in keys}) == 1 for keys in found)
    assert [len(keys) for keys in found] == [2] * 10 + [3, 1, 1]
