"""The generated sounds: bytes that depend on the seed alone, counts, levels, and spectra of the right kind."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import periodogram, welch

from lib import ground
from lib.recordings import card, load
from lib.recordings.pocket.folders import kept_folder
from lib.recordings.pocket.sounds.specimens import specimen

RATE = 22_050


def share(samples, low, high):
    """Share of a sound's power between two frequencies."""
    frequency, power = welch(samples, RATE, nperseg=2048)
    return power[(frequency >= low) & (frequency < high)].sum() / power.sum()


def spectral_flatness(samples, low=200, high=6000):
    """Geometric over arithmetic mean of third-octave levels: 1 for noise, near 0 for a tone."""
    edges = low * 2 ** (np.arange(int(3 * np.log2(high / low)) + 1) / 3)
    bands = np.array([share(samples, low, high) for low, high in pairwise(edges)]) + 1e-12
    return np.exp(np.log(bands).mean()) / bands.mean()


def modulation_peak(samples, low, high):
    """Strongest rate of the envelope between `low` and `high` [Hz]."""
    envelope = np.abs(samples)[: len(samples) // 50 * 50].reshape(-1, 50).mean(axis=1)
    rate, power = periodogram(envelope - envelope.mean(), RATE / 50, nfft=16_384)
    inside = (rate >= low) & (rate <= high)
    return rate[inside][power[inside].argmax()]


def periodicity(samples, low=70, high=1000):
    """Median over frames of the normalised autocorrelation's peak."""
    peaks = []
    for start in range(0, len(samples) - 2048, 2048):
        frame = samples[start : start + 2048] - samples[start : start + 2048].mean()
        auto = np.correlate(frame, frame, "full")[2047:] / np.arange(2048, 0, -1)
        if auto[0] > 1e-7:
            peaks.append(auto[int(RATE / high) : int(RATE / low)].max() / auto[0])
    return np.median(peaks)


def loudest_frequency(samples):
    frequency, power = periodogram(samples, RATE)
    return frequency[power.argmax()]


@pytest.fixture(scope="module")
def heard(pocket):
    return {row.object: pocket.audio(name)[0].astype(float) for name, row in pocket.stimuli.iterrows()}


def test_same_categories_and_counts_as_the_real_set(pocket):
    assert Counter(pocket.stimuli["category"]) == Counter(card("natsound165")["categories"])
    assert pocket.stimuli.index.is_unique
    assert pocket.stimuli["object"].is_unique


def test_form_of_every_sound(pocket, heard):
    assert set(pocket.stimuli["rate"]) == {RATE}
    for thing, samples in heard.items():
        assert samples.shape == (44_100,), thing
        assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.05, abs=2e-4), thing
        assert np.abs(samples).max() < 0.92, thing
        assert np.abs(samples[:5]).max() < 1e-3, thing  # ramps
        assert np.abs(samples[-5:]).max() < 1e-3, thing
        loud = np.sqrt((samples.reshape(20, -1) ** 2).mean(axis=1)) > 0.0005
        assert loud.sum() >= 3, thing


def test_no_two_sounds_are_alike(heard):
    spectra = np.array([np.log(welch(samples, RATE, nperseg=1024)[1] + 1e-12) for samples in heard.values()])
    distance = np.abs(spectra[:, None] - spectra[None]).mean(axis=2)
    assert distance[np.triu_indices(len(spectra), 1)].min() > 0.1


def test_bytes_depend_on_nothing_but_the_seed(pocket):
    """A fresh process, another order, another number of threads: the same bytes, speech included."""
    things = [*pocket.stimuli["object"][::-9], "man speaking", "Chinese speech", "people talking", "rap song"]
    script = (
        "import sys, hashlib\nfrom lib.recordings.pocket.sounds.specimens import specimen\n"
        "print(*(hashlib.sha256(specimen(thing).tobytes()).hexdigest() for thing in sys.argv[1:]))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": str(ground.ROOT)}
    command = [sys.executable, "-c", script, *things]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    here = [hashlib.sha256(specimen(thing).tobytes()).hexdigest() for thing in things]
    assert done.stdout.split() == here
    names = {row.object: name for name, row in pocket.stimuli.iterrows()}
    for thing, digest in zip(things, here, strict=True):
        kept = np.round(pocket.audio(names[thing])[0] * 32768).astype("<i2")
        assert hashlib.sha256(kept.tobytes()).hexdigest() == digest


@pytest.mark.parametrize("thing", ["rain", "violin", "dog barking", "woman speaking"])
def test_seeds_and_variants_differ(thing):
    first, other, variant = specimen(thing), specimen(thing, seed=1), specimen(thing, variant=1)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, variant)


@pytest.mark.parametrize("thing", ["thunder", "heartbeat", "ship horn", "bass guitar", "refrigerator", "cow mooing"])
def test_low_sounds(heard, thing):
    assert share(heard[thing], 0, 1000) > 0.8


@pytest.mark.parametrize("thing", ["cicadas", "spray can", "keys jingling", "songbird", "crickets", "brushing teeth"])
def test_high_sounds(heard, thing):
    assert share(heard[thing], 2000, 11_025) > 0.8


@pytest.mark.parametrize("thing", ["rain", "applause", "hair dryer", "whispering", "velcro", "running water"])
def test_broadband_sounds(heard, thing):
    assert spectral_flatness(heard[thing]) > 0.15
    assert periodicity(heard[thing]) < 0.25


@pytest.mark.parametrize("thing", ["dial tone", "whistling a tune", "truck backing up", "humming", "flute"])
def test_tonal_sounds(heard, thing):
    assert spectral_flatness(heard[thing]) < 0.05
    assert periodicity(heard[thing]) > 0.95


@pytest.mark.parametrize(
    "thing", ["trumpet", "violin", "man speaking", "Italian speech", "cat meowing", "choir singing"]
)
def test_voices_and_winds_have_pitch(heard, thing):
    assert periodicity(heard[thing]) > 0.6


@pytest.mark.parametrize(
    ("thing", "low", "high"),
    [("clock ticking", 3.2, 5), ("laughing", 4, 6.2), ("helicopter", 10, 14), ("washing machine", 2.6, 3.6)],
)
def test_rhythms(heard, thing, low, high):
    assert low < modulation_peak(heard[thing], 1.5, 20) < high


def test_speech_is_modulated_at_the_rate_of_syllables(pocket, heard):
    """Envelopes of speech have more of their power at 2 to 8 Hz than those of steady machines."""

    def syllabic(samples):
        envelope = np.abs(samples)[:44_100].reshape(-1, 50).mean(axis=1)
        rate, power = periodogram(envelope / envelope.mean() - 1, RATE / 50)
        return power[(rate >= 2) & (rate <= 8)].sum()

    spoken = [heard[thing] for thing in pocket.stimuli.query("category == 'ForSpeech'")["object"]]
    steady = [heard[thing] for thing in ("vacuum cleaner", "hair dryer", "refrigerator", "blender", "dial tone")]
    assert min(map(syllabic, spoken)) > 5 * max(map(syllabic, steady))


def test_pitch_moves_as_it_should(heard):
    kettle = heard["kettle whistling"]
    assert loudest_frequency(kettle[:6000]) < 0.95 * loudest_frequency(kettle[-6000:])
    assert 300 < loudest_frequency(heard["dial tone"]) < 500
    pieces = [loudest_frequency(piece) for piece in heard["ambulance siren"].reshape(20, -1)]
    assert max(pieces) > 1.8 * min(pieces)


def test_labelled_sounds_have_many_objects_in_several_specimens():
    labelled = load("pocket-words", variants=3)
    counts = labelled.stimuli["object"].value_counts()
    assert len(counts) >= 60
    assert set(counts) == {3}
    assert labelled.simulated
    assert labelled.subjects == ()
    first, second = (labelled.audio(f"church_bells_{k}")[0] for k in (0, 1))
    assert first.shape == (44_100,)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, labelled.audio("church_bells_0")[0])
    with pytest.raises(ground.WrongUse, match="whole number"):
        load("pocket-words", variants=0)


def test_specimens_of_an_object_are_nearer_to_each_other_than_to_others():
    things = ["rain", "violin", "dog barking", "electric drill", "man speaking", "keys jingling", "thunder", "flute"]
    sounds = [[specimen(thing, variant=k) / 32768 for k in (1, 2, 3)] for thing in things]
    spectra = np.array([[np.log(welch(s, RATE, nperseg=512)[1] + 1e-10) for s in group] for group in sounds])
    spectra = spectra.reshape(24, -1) - spectra.mean(axis=(0, 1))
    distance = 1 - np.corrcoef(spectra)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1) // 3
    assert (nearest == np.arange(24) // 3).mean() > 0.5  # chance is .09


def test_unknown_object():
    with pytest.raises(ground.WrongUse, match="church bells"):
        specimen("church bell")


def test_damaged_cache_is_noticed_and_made_anew(tmp_path):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "one.txt").write_text("content")

    folder = kept_folder("thing", make, tmp_path)
    assert kept_folder("thing", make, tmp_path) == folder
    assert len(made) == 1
    (folder / "one.txt").write_text("conten")
    kept_folder("thing", make, tmp_path)
    assert (folder / "one.txt").read_text() == "content"
    (folder / "one.txt").unlink()
    kept_folder("thing", make, tmp_path)
    assert len(made) == 3


def test_making_that_fails_leaves_nothing(tmp_path):
    def make(folder):
        (folder / "half.txt").write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        kept_folder("thing", make, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []
