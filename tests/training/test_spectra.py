import numpy as np
import pytest

from lib.models.loaders.mini import patches
from lib.training.loop import Clip, Diet
from lib.training.spectra import Spectrum, spectra_of


def noise(seconds, seed, loud=1.0):
    rng = np.random.default_rng(seed)
    return (loud * rng.normal(size=round(16_000 * seconds))).astype(np.float32)


@pytest.mark.parametrize("loud", [1.0, 1e-3])
def test_what_is_kept_small_is_what_the_model_hears(loud):
    samples = noise(2.0, 0) * np.hanning(32_000).astype(np.float32) * loud
    heard = patches.level_free(patches.power(samples[None]))[0]
    np.testing.assert_allclose(Spectrum.of(samples).level_free(), heard, atol=0.01)


def test_crops_are_two_seconds_from_everywhere():
    clip = Spectrum.of(noise(3.0, 1))
    scale = patches.Scale((0.0,) * patches.BANDS, (1.0,) * patches.BANDS)
    assert clip.starts == len(clip) - patches.FRAMES + 1
    last = clip.crop(clip.starts - 1, scale)
    assert last.shape == (patches.FRAMES, patches.BANDS)
    np.testing.assert_array_equal(last, clip.level_free(len(clip) - patches.FRAMES))
    assert Spectrum.of(noise(0.5, 2)).starts == 1


def test_diets_are_drawn_equally_often_and_clips_by_their_length():
    long = Diet(name="long", sources={}, train=(Clip(noise(9, 0)), Clip(noise(3, 1, 1e-3))), held_out=())
    short = Diet(name="short", sources={}, train=(Clip(noise(2, 2)),), held_out=())
    found = spectra_of([long, short])
    assert [len(group) for group in found.groups] == [2, 1]
    np.testing.assert_allclose(found.shares[0], [0.75, 1.0], atol=0.01)
    assert found.draw(np.random.default_rng(0), 5).shape == (5, patches.FRAMES, patches.BANDS)
    again = spectra_of([short], scale=found.scale)
    assert again.scale == found.scale
