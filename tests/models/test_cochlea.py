import numpy as np
import pytest

from lib.models.baselines.cochlea import (
    COMPRESSION,
    cochleagram,
    cochleagram_units,
    envelopes,
    erb_frequency,
    erb_number,
)

RATE = 20000


def tone(frequency, rate=RATE, seconds=0.5, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)[None]


def bandwidth(frequency):
    return 24.7 * (0.00437 * frequency + 1)  # Hz, Glasberg & Moore 1990


@pytest.mark.parametrize("frequency", [50.0, 440.0, 1000.0, 8000.0])
def test_erb_scale_inverts_and_grows_by_the_measured_bandwidth(frequency):
    assert erb_frequency(erb_number(frequency)) == pytest.approx(frequency)
    slope = (erb_number(frequency + 0.5) - erb_number(frequency - 0.5)) / 1.0
    assert 1 / slope == pytest.approx(bandwidth(frequency), rel=0.01)


@pytest.mark.parametrize("rate", [16000, 20000, 44100])
@pytest.mark.parametrize("channel", [0, 7, 31, 55, 63])
def test_tone_is_loudest_in_its_own_channel(rate, channel):
    centres = cochleagram_units(rate).frequency.to_numpy()
    values, times = cochleagram(tone(centres[channel], rate), rate)
    steady = values[0, (times > 0.15) & (times < 0.35)]
    assert (steady.argmax(axis=1) == channel).all()
    np.testing.assert_allclose(steady[:, channel], 1, atol=0.02)  # a tone of amplitude one has the envelope one


@pytest.mark.parametrize("frequency", [123.0, 777.0, 2500.0, 7000.0])
def test_any_tone_is_loudest_in_the_nearest_channel(frequency):
    centres = erb_number(cochleagram_units(RATE).frequency)
    values = cochleagram(tone(frequency), RATE).values[0, 40:60].mean(axis=0)
    assert values.argmax() == np.abs(centres - erb_number(frequency)).argmin()


def test_filters_are_one_erb_wide_and_tile_power():
    centres = erb_number(cochleagram_units(RATE).frequency.to_numpy())
    spacing = np.diff(centres)
    np.testing.assert_allclose(spacing, 0.5, rtol=2e-3)
    inside = np.linspace(centres[3], centres[-4], 500)
    gains = np.cos(np.clip(np.abs(inside[:, None] - centres) / (2 * spacing[0]), 0, 1) * np.pi / 2)
    np.testing.assert_allclose((gains**2).sum(axis=1), 2, rtol=1e-6)


def test_white_noise_follows_bandwidth():
    noise = np.random.default_rng(0).normal(size=(8, 4 * RATE))
    centres = cochleagram_units(RATE).frequency.to_numpy()
    level = cochleagram(noise, RATE).values.mean(axis=(0, 1))
    per_erb = level / bandwidth(centres) ** (COMPRESSION / 2)  # power in a band grows with its width
    np.testing.assert_allclose(per_erb / per_erb.mean(), 1, atol=0.03)


@pytest.mark.parametrize("when", [0.1, 0.25, 0.41])
def test_click_peaks_at_the_frame_that_claims_its_time(when):
    wave = np.zeros((1, RATE // 2))
    wave[0, round(when * RATE)] = 1
    values, times = cochleagram(wave, RATE)
    np.testing.assert_allclose(times[values[0].argmax(axis=0)], when, atol=0.5 / 200 + 1e-9)


@pytest.mark.parametrize("gain", [1e-3, 0.1, 10.0])
def test_level_is_compressed(gain):
    noise = np.random.default_rng(1).normal(size=(1, RATE // 2))
    quiet, loud = cochleagram(noise * gain, RATE).values, cochleagram(noise, RATE).values
    np.testing.assert_allclose(quiet, loud * gain**COMPRESSION, rtol=1e-4, atol=1e-5)


def test_envelope_from_the_band_equals_the_envelope_of_the_filtered_wave():
    """Against the long way: filter at the full rate, Hilbert magnitude, compress, low-pass, sample."""
    from scipy.signal import hilbert

    wave = np.zeros((1, 8 * RATE // 10))
    wave[0, 2000:12000] = np.random.default_rng(2).normal(size=10000) * np.hanning(10000)
    centre = erb_number(1000.0)
    frequencies = np.fft.rfftfreq(wave.shape[1], 1 / RATE)
    distance = np.abs(erb_number(frequencies) - centre)
    band = np.fft.irfft(np.fft.rfft(wave) * np.where(distance < 1, np.cos(np.pi / 2 * distance), 0))
    response = np.abs(hilbert(band)) ** COMPRESSION
    low_pass = np.cos(np.pi / 2 * np.clip((frequencies - 80) / 20, 0, 1)) ** 2
    long_way = np.fft.irfft(np.fft.rfft(response) * low_pass)[0, :: RATE // 200]
    short_way = envelopes(wave, RATE, np.array([centre]), 1.0)[0, 0]
    inside = slice(30, 110)  # outside, there is only the ringing of two different lengths of silence
    np.testing.assert_allclose(short_way[inside], long_way[inside], atol=0.01 * long_way.max())


def test_two_rates_tell_the_same():
    t = np.arange(2 * 44100) / 44100
    wave = sum(np.sin(2 * np.pi * f * t) for f in (200, 900, 4000)) * (1 + 0.8 * np.sin(2 * np.pi * 5 * t))
    centres = erb_number(np.array([200.0, 900.0, 4000.0]))
    fine, coarse = envelopes(wave[None], 44100, centres, 1.0), envelopes(wave[None, ::2], 22050, centres, 1.0)
    np.testing.assert_allclose(fine, coarse, atol=0.01)


def test_odd_rates_and_lengths_keep_the_clock():
    values, times = cochleagram(np.random.default_rng(3).normal(size=(2, 16001 * 2 + 17)), 16001)
    assert values.shape == (2, 401, 64)
    np.testing.assert_allclose(np.diff(times), 0.005)


def test_silence_stays_silent():
    assert not cochleagram(np.zeros((1, RATE)), RATE).values.any()
