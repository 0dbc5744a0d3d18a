"""What networks whose weights come in packages know of sounds, where their weights are on this machine.

``ALIKE_MODELS`` is taken as it is outside of the tests; a model that isn't there is passed over.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from lib import models

HERE = Path(os.environ.get("ALIKE_MODELS", "/nowhere"))
RATE = 16000
TEXTS = ("He walked along the river until the lamps were lit.", "Nobody had told her that the old house was sold.")


@pytest.fixture(autouse=True)
def weights(monkeypatch):
    monkeypatch.setenv("ALIKE_MODELS", str(HERE.resolve()))


def loaded(name):
    if not any((HERE / name).glob("*.*")):
        pytest.skip(f"weights of {name} are not in ALIKE_MODELS")
    return models.load(name)


@pytest.fixture(scope="module")
def voices():
    """Two sentences by each speaker of the pocket story."""
    from lib.recordings.pocket.story.narrator import SPEAKERS, say

    return {who: [say(text, speaker=who).samples.astype(np.float32) for text in TEXTS] for who in SPEAKERS}


def noise(seconds=2.0, level=0.1, seed=0):
    return (level * np.random.default_rng(seed).normal(size=round(seconds * RATE))).astype(np.float32)


@pytest.mark.parametrize("name", ["crepe-tiny", "crepe-full"])
@pytest.mark.parametrize("tone", [110.0, 220.0, 587.3])
def test_crepe_hears_the_pitch_of_a_tone(name, tone):
    model, t = loaded(name), np.arange(RATE // 4) / RATE
    buzz = sum(np.sin(2 * np.pi * k * tone * t) / k for k in range(1, 6)).astype(np.float32) / 4
    heard = model.activations(buzz, RATE)
    frequencies = model.units("pitch")["frequency"].to_numpy()
    inside = (heard.times["pitch"] > 0.05) & (heard.times["pitch"] < 0.2)
    best = frequencies[heard.layers["pitch"][inside].argmax(axis=1)]
    np.testing.assert_allclose(best, tone, rtol=0.01)


def test_crepe_is_surer_of_a_tone_than_of_noise():
    model, t = loaded("crepe-tiny"), np.arange(RATE) / RATE
    sure = [model.activations(x.astype(np.float32), RATE).layers["pitch"].max(axis=1).mean()
            for x in (np.sin(2 * np.pi * 220 * t) / 4, noise(1.0))]  # fmt: skip
    assert sure[0] > 0.5 > sure[1]


def test_silero_hears_speech_in_speech_and_not_in_noise(voices):
    model = loaded("silero-vad")
    speech = {who: model.activations(sounds[0], RATE).layers["speech"].mean() for who, sounds in voices.items()}
    assert min(speech.values()) > 0.5
    assert model.activations(noise(), RATE).layers["speech"].mean() < 0.2


def test_silero_hears_when_speech_begins(voices):
    model, quiet = loaded("silero-vad"), noise(1.0, level=0.001)
    heard = model.activations(np.concatenate([quiet, voices["ada"][0]]), RATE)
    began = heard.times["speech"][(heard.layers["speech"][:, 0] > 0.5).argmax()]
    assert 0.95 < began < 1.3


def test_resemblyzer_finds_the_speaker_of_one_sentence_among_those_of_another(voices):
    """Whoever speaks, the nearest of all who say the other sentence is the same speaker."""
    model = loaded("resemblyzer")
    heard = [
        [model.activations(xs[text], RATE).layers["speaker"].mean(axis=0) for xs in voices.values()] for text in (0, 1)
    ]
    one, two = (np.array([x / np.linalg.norm(x) for x in some]) for some in heard)
    alike = one @ two.T
    assert (alike.argmax(axis=1) == np.arange(len(voices))).all()
    assert (alike.argmax(axis=0) == np.arange(len(voices))).all()


@pytest.mark.parametrize("name", ["crepe-tiny", "resemblyzer", "silero-vad"])
def test_files_are_those_the_cards_name(name):
    from lib.ground import sha256

    loaded(name)
    facts = models.card(name)
    assert sha256(HERE / name / Path(facts["member"]).name) == facts["sha256"]
