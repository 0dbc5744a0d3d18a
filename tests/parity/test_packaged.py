"""Networks whose weights come in packages against the packages themselves, where they can be imported.

Reads the weights of the package; other seeds, sounds and lengths than in the packages' own examples.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.models.loaders import architectures

RATE = 16000
TINY = {"channels": [128, 16, 16, 16, 32, 64]}


def network(architecture, file=None, weights=None, **config):
    """Our network, with the weights of a file, or with those given."""
    family = architectures.family_of({"name": architecture, "architecture": architecture})
    config = {**family.DEFAULTS, **config}
    if file:
        return architectures.filled(family, config, {"": Path(file)})
    made = architectures.drawn(family, config, 0)
    made.load_state_dict(weights)
    return made


def sound(samples, seed=0):
    """A buzz in noise, its pitch rising."""
    t = np.arange(samples) / RATE
    buzz = sum(np.sin(2 * np.pi * k * (120 * t + 30 * t**2)) / k for k in range(1, 12)) / 6
    return (buzz + 0.02 * np.random.default_rng(seed).normal(size=samples)).astype(np.float32)


def inside(package):
    """Folder of a package, without importing it."""
    found = find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    return Path(found.submodule_search_locations[0])


@pytest.mark.parametrize(("capacity", "config"), [("tiny", TINY), ("full", {})])
def test_crepe_is_torchcrepe(capacity, config):
    package = pytest.importorskip("torchcrepe", exc_type=ImportError)
    wave = sound(5000)
    package.load.model("cpu", capacity)
    frames = torch.cat(list(package.core.preprocess(torch.from_numpy(wave)[None], RATE)))
    with torch.inference_mode():
        expected = package.infer.model(frames).numpy()
        embedded = package.infer.model.embed(frames).mean(dim=(2, 3)).numpy()
    ours = network("crepe", inside("torchcrepe") / "assets" / f"{capacity}.pth", **config)
    heard = architectures.represent(ours, wave[None], RATE)
    np.testing.assert_allclose(heard["pitch"].values[0], expected, atol=1e-5)
    np.testing.assert_allclose(heard["conv.5"].values[0], embedded, atol=1e-4)


@pytest.mark.parametrize("samples", [12000, 25600, 26000, 38000, 60000])
def test_speaker_encoder_is_resemblyzer(samples):
    package = pytest.importorskip("resemblyzer", exc_type=ImportError)
    wave = 0.01 * sound(samples)
    loud = package.normalize_volume(wave, -30, increase_only=True)
    whole, partial, slices = package.VoiceEncoder("cpu", verbose=False).embed_utterance(loud, return_partials=True)
    ours = network("resemblyzer", inside("resemblyzer") / "pretrained.pt")
    values, times = architectures.represent(ours, wave[None], RATE)["speaker"]
    np.testing.assert_allclose(values[0], partial, atol=1e-5)
    mean = values[0].mean(axis=0)
    np.testing.assert_allclose(mean / np.linalg.norm(mean), whole, atol=1e-5)
    if len(times) > 1:
        np.testing.assert_allclose(times, [(part.start + part.stop - 160) / 2 / RATE for part in slices])


def test_voice_detector_is_silero_vad():
    script = torch.jit.load(inside("silero_vad") / "data" / "silero_vad.jit")
    names = {f"encoder.{k}.reparam_conv": f"conv{k + 1}" for k in range(4)}
    names |= {"decoder.rnn": "lstm_cell", "decoder.decoder.2": "final_conv"}
    weights = {}
    for key, value in script._model.state_dict().items():
        part, _, kind = key.rpartition(".")
        if part in names:  # the others are the fixed transform of the spectrum
            weights[f"{names[part]}.{kind}"] = value
    wave = sound(30000)
    expected = script.audio_forward(torch.from_numpy(wave)[None], RATE).numpy()[0]
    heard = architectures.represent(network("silero", weights=weights), wave[None], RATE)["speech"].values[0, :, 0]
    np.testing.assert_allclose(heard, expected[: len(heard)], atol=1e-5)
    assert len(expected) - len(heard) <= 1  # a last chunk whose middle lies beyond the end
