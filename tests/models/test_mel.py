import numpy as np
import pytest

from lib.models.baselines import mel
from lib.models.baselines.mel import logmel, logmel_units, mfcc, mfcc_units

RATE = 16000


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(3, RATE))


def test_logmel_agrees_with_an_independent_library(noise):
    audio_utils = pytest.importorskip("transformers.audio_utils")
    theirs = audio_utils.spectrogram(
        noise[0],
        audio_utils.window_function(400, "hann", periodic=True),
        frame_length=400,
        hop_length=160,
        fft_length=512,
        power=2.0,
        center=False,
        mel_filters=audio_utils.mel_filter_bank(257, 64, 50.0, 8000.0, RATE, norm=None, mel_scale="htk"),
        log_mel="dB",
    )
    np.testing.assert_allclose(logmel(noise, RATE).values[0], theirs.T, atol=1e-3)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_filters_are_triangles_of_unit_height_evenly_spaced_in_mel(rate):
    size, high = 2 ** int(np.ceil(np.log2(round(0.025 * rate)))), min(8000.0, rate / 2)
    mels = np.linspace(*(2595 * np.log10(1 + np.array([50.0, high]) / 700)), 66)
    edges, bins = 700 * (10 ** (mels / 2595) - 1), np.fft.rfftfreq(size, 1 / rate)[:, None]
    sides = [(bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]]
    np.testing.assert_allclose(mel._filters(size, rate), np.clip(np.minimum(*sides), 0, None), atol=1e-9)
    np.testing.assert_allclose(logmel_units(rate).frequency, edges[1:-1])
    assert (mel._filters(size, rate).max(axis=0) > 0.3).all()


@pytest.mark.parametrize("frequency", [200.0, 1000.0, 3000.0, 7000.0])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_tone_is_loudest_in_the_nearest_band(frequency, rate):
    wave = np.sin(2 * np.pi * frequency * np.arange(rate) / rate)[None]
    centres = logmel_units(rate).frequency
    loudest = logmel(wave, rate).values[0].argmax(axis=1)
    assert set(loudest) <= set(np.abs(np.log(centres / frequency)).argsort()[:2])


@pytest.mark.parametrize("gain", [1e-2, 10.0])
def test_gain_adds_decibels(noise, gain):
    louder = logmel(noise * gain, RATE).values - logmel(noise, RATE).values
    np.testing.assert_allclose(louder, 20 * np.log10(gain), atol=1e-3)


def test_silence_rests_on_the_floor():
    assert (logmel(np.zeros((1, RATE)), RATE).values == -100).all()


@pytest.mark.parametrize("when", [0.2, 0.505, 0.8])
def test_click_peaks_at_the_frame_that_claims_its_time(when):
    wave = np.zeros((1, RATE))
    wave[0, round(when * RATE)] = 1
    values, times = logmel(wave, RATE)
    assert abs(times[values[0].mean(axis=1).argmax()] - when) <= 0.005 + 1e-9


def test_frames_lie_in_the_sound(noise):
    values, times = logmel(noise, RATE)
    assert values.shape == (3, 98, 64)
    assert times[0] == 0.0125
    assert times[-1] + 0.0125 <= 1
    np.testing.assert_allclose(np.diff(times), 0.01)


def test_cepstrum_is_an_orthonormal_cosine_transform(noise):
    bands = np.arange(64)
    cosines = np.sqrt(2 / 64) * np.cos(np.pi * np.outer(np.arange(64), bands + 0.5) / 64)
    cosines[0] /= np.sqrt(2)
    np.testing.assert_allclose(cosines @ cosines.T, np.eye(64), atol=1e-12)
    expected = logmel(noise, RATE).values @ cosines[:20].T
    np.testing.assert_allclose(mfcc(noise, RATE).values, expected, atol=1e-3)
    assert len(mfcc_units(RATE)) == 20


def test_level_moves_coefficient_zero_alone(noise):
    change = mfcc(noise * 10, RATE).values - mfcc(noise, RATE).values
    np.testing.assert_allclose(change[..., 0], 20 * np.sqrt(64), rtol=1e-4)
    np.testing.assert_allclose(change[..., 1:], 0, atol=1e-3)
