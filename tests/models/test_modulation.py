import numpy as np
import pytest

from lib.models.baselines.modulation import (
    RATES,
    SCALES,
    _rate_gain,
    _responses,
    _scale_gain,
    spectrotemporal,
    spectrotemporal_units,
)

RATE = 20000
SECONDS = 2.0
TIME = np.arange(int(SECONDS * RATE)) / RATE
UNITS = spectrotemporal_units(RATE)


def strongest(wave, units):
    """Tuning with the largest response to a wave among `units`, averaged over bands and time."""
    pooled = spectrotemporal(wave[None], RATE).values[0].mean(axis=0)
    chosen = UNITS.assign(value=pooled)[units]
    return chosen.groupby(["rate", "scale", "direction"]).value.mean().idxmax()


def ripple(rate, scale, direction):
    """Dense tones over seven octaves whose level moves up or down (Chi, Ru & Shamma 2005)."""
    octaves = np.arange(0, 7, 1 / 40)
    moving = rate * TIME[:, None] - {"up": 1, "down": -1}[direction] * scale * octaves
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, len(octaves))
    carriers = np.sin(2 * np.pi * 62.5 * 2**octaves * TIME[:, None] + phases)
    return ((1 + 0.9 * np.cos(2 * np.pi * moving)) * carriers).sum(axis=1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("carrier", ["tone", "noise"])
def test_amplitude_modulation_is_found_at_its_rate(rate, carrier):
    waves = {"tone": np.sin(2 * np.pi * 1000 * TIME), "noise": np.random.default_rng(1).normal(size=len(TIME))}
    wave = (1 + np.cos(2 * np.pi * rate * TIME)) * waves[carrier]
    near = (UNITS.rate > 0) & (UNITS.scale == 0) & UNITS.frequency.between(800, 1250)
    assert strongest(wave, near) == (rate, 0, "")


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize(("rate", "scale"), [(2, 0.25), (4, 0.5), (8, 1), (16, 1), (4, 2)])
def test_ripple_is_found_at_its_rate_scale_and_direction(rate, scale, direction):
    moving = (UNITS.rate > 0) & (UNITS.scale > 0)
    assert strongest(ripple(rate, scale, direction), moving) == (rate, scale, direction)


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_still_spectral_profile_is_found_at_its_scale(scale):
    assert strongest(ripple(0, scale, "up"), (UNITS.rate == 0) & (UNITS.scale > 0)) == (0, scale, "")


@pytest.mark.parametrize(("direction", "sign"), [("up", -1), ("down", 1)])
def test_ripple_of_amplitude_a_gives_a_in_its_own_filter_and_nothing_in_the_mirror(direction, sign):
    """Straight on the envelopes, where the answer is exact away from the edges of the plane."""
    times, octaves = np.arange(800) / 200, (np.arange(168) + 0.5) / 24
    plane = 0.3 * np.cos(2 * np.pi * (8 * times + sign * 2 * octaves[:, None]))
    tunings = UNITS[["rate", "scale", "direction"]].itertuples(index=False, name=None)
    responses = zip(tunings, _responses(plane[None]), strict=False)  # every band has the same filters
    found = {tuning: np.abs(response[0, 60:108, 100:300]) for tuning, response in responses}
    mirror = {"up": "down", "down": "up"}[direction]
    np.testing.assert_allclose(found[8, 2, direction], 0.3, rtol=0.02)
    assert found[8, 2, mirror].max() < 0.01


@pytest.mark.parametrize("rate", RATES)
def test_temporal_gain_is_the_transform_of_its_impulse_response(rate):
    """Chi, Ru & Shamma 2005: h(t) = sin(2 pi t) t^2 exp(-3.5 t), t in cycles, sampled finely and summed."""
    half = 2000
    cycles = np.arange(0, 12, 1e-3)
    impulse = np.sin(2 * np.pi * cycles) * cycles**2 * np.exp(-3.5 * cycles)
    frequencies = np.arange(0, half, 50) * 200 / (2 * half) / rate
    summed = np.abs(np.exp(-2j * np.pi * np.outer(frequencies, cycles)) @ impulse)
    peak = np.abs(np.exp(-2j * np.pi * np.outer(np.linspace(0.8, 1.2, 401), cycles)) @ impulse).max()
    np.testing.assert_allclose(_rate_gain(rate, half)[::50], summed / peak, atol=1e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_spectral_gain_is_a_second_derivative_of_a_gaussian_on_one_side(scale):
    gain, other = _scale_gain(scale, 1), _scale_gain(scale, -1)
    cycles = np.fft.fftfreq(len(gain), 1 / 24)
    assert cycles[gain.argmax()] == pytest.approx(scale)
    assert gain.max() == pytest.approx(1)
    assert not gain[cycles <= 0].any()
    assert not other[cycles >= 0].any()
    positive = (cycles > 0) & (cycles < 3 * scale)
    logarithm = np.log(gain[positive]) - 2 * np.log(cycles[positive] / scale)  # what is left is a Gaussian
    slope = np.polyfit(cycles[positive] ** 2, logarithm, 1)[0]
    assert slope == pytest.approx(-1 / scale**2, rel=1e-3)


def test_units_and_frames_fit():
    values, times = spectrotemporal(np.random.default_rng(2).normal(size=(2, 2 * RATE)), RATE)
    assert values.shape == (2, 100, len(UNITS))
    assert len(UNITS) == 14 * (1 + len(SCALES) + len(RATES) + 2 * len(SCALES) * len(RATES))
    assert not UNITS.duplicated().any()
    assert UNITS.frequency.between(62.5, 8000).all()
    np.testing.assert_allclose(times, 0.005 + np.arange(100) / 50)


def test_tone_lands_in_its_band():
    pooled = spectrotemporal(np.sin(2 * np.pi * 1000 * TIME)[None], RATE).values[0].mean(axis=0)
    still = UNITS.assign(value=pooled)[(UNITS.rate == 0) & (UNITS.scale == 0)]
    nearest = np.abs(np.log2(still.frequency / 1000))
    assert set(still.value.nlargest(2).index) == set(nearest.nsmallest(2).index)


def test_level_is_compressed():
    wave = np.random.default_rng(3).normal(size=(1, RATE))
    quiet, loud = spectrotemporal(wave / 100, RATE).values, spectrotemporal(wave, RATE).values
    np.testing.assert_allclose(quiet, loud * 0.01**0.3, rtol=1e-3, atol=1e-5)


def test_burst_is_found_when_it_sounds():
    wave = np.random.default_rng(4).normal(size=(1, 2 * RATE)) * (np.abs(TIME - 1.3) < 0.05)
    values, times = spectrotemporal(wave, RATE)
    fast = values[0][:, ((UNITS.rate == 16) & (UNITS.scale == 0)).to_numpy()].mean(axis=1)
    assert abs(times[fast.argmax()] - 1.3) < 0.07


def test_low_sampling_rate_is_refused():
    with pytest.raises(ValueError, match="18000 Hz"):
        spectrotemporal(np.ones((1, 16000)), 16000)
