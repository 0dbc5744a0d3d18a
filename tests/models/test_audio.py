import json
import os
import socket

import numpy as np
import pytest
import torch
import transformers as T

from lib import models
from lib.ground import DamagedData, MissingData, WrongUse
from lib.models.loaders import audio, networks
from lib.models.loaders.audio_encoders import ENCODERS
from tests.models import tiny

ROWS = [card for card in map(models.card, models.names()) if card.get("loader") == "audio"]
CODECS = {"encodec", "mimi"}
RATES = {"clap": 48000, "encodec": 24000, "mimi": 24000}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Folder of local checkpoints; no hub and no network within reach."""
    from huggingface_hub import constants

    def refuse(*address):
        raise OSError("the network was asked for")

    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path / "models"


def noise(architecture, seconds=1.3, sounds=1, seed=0):
    rng = np.random.default_rng(seed)
    return (0.05 * rng.normal(size=(sounds, round(seconds * RATES.get(architecture, 16000))))).astype(np.float32)


def made(architecture, place, seed=0):
    network = tiny.save(architecture, place, seed)
    return audio.from_folder(place, {"name": "tiny", "architecture": architecture}), network


def tiny_card(architecture):
    """Card of a model that is published at tiny width."""
    facts = config_of(tiny.network(architecture)).to_dict()
    known = vars(audio._class(ENCODERS[architecture].config)())
    config = {key: value for key, value in facts.items() if key in known and not key.startswith("_")}
    return {"name": "tiny", "architecture": architecture, "config": config}


# rows


def test_every_architecture_has_a_row_and_a_tiny_checkpoint():
    assert set(ENCODERS) == set(tiny.NETWORKS) == {card["architecture"] for card in ROWS}


@pytest.mark.parametrize("card", ROWS, ids=lambda card: card["name"])
def test_row_runs_from_a_checkpoint_through_the_front_door(card, folder):
    architecture = card["architecture"]
    network = tiny.save(architecture, folder / card["name"])
    model = models.load(card["name"])
    waves = noise(architecture, sounds=2)
    heard = model.represent(waves)
    assert card["status"] == "runs"
    assert (model.name, model.rate) == (card["name"], card["rate"])
    assert list(heard) == list(model.layers) == list(ENCODERS[architecture].layers(config_of(network)))
    for layer, (values, times) in heard.items():
        assert values.dtype == np.float32
        assert values.shape == (2, len(times), model.layers[layer])
        assert np.isfinite(values).all()
        assert (values.std(axis=(0, 1)) > 0).any()
        assert len(model.units(layer)) == values.shape[2]
        step = np.diff(times).mean()
        np.testing.assert_allclose(np.diff(times), step)
        assert -step / 2 < times[0] < 1.5 * step
        assert 0 < 1.3 - times[-1] < 4.5 * step  # EnCodec's latent is seven frames wide and looks back


def config_of(network):
    """Configuration of the part of a published model that hears."""
    inside = ("audio_config", "encoder_config")
    return next((part for name in inside if (part := getattr(network.config, name, None))), network.config)


@pytest.mark.parametrize("card", ROWS, ids=lambda card: card["name"])
def test_card_says_what_the_published_size_has(card):
    encoder = ENCODERS[card["architecture"]]
    config = audio._class(encoder.config)(**card.get("config", {}))
    extractor = audio._extractor(encoder, config, card.get("extractor", {}))
    with torch.device("meta"):
        network = audio._class(encoder.network)(config)
    heard = network.encoder if card["architecture"] in CODECS else network
    layers = encoder.layers(config)
    clocks = dict(zip(layers, audio._clocks(encoder, config, extractor), strict=True))
    main = "embedding" if "embedding" in layers else "latent"
    assert sum(weight.numel() for weight in heard.parameters()) == card["parameters"]
    assert len(layers) == card["layers"]
    assert max(set(layers.values()), key=list(layers.values()).count) == card["width"]
    assert extractor.sampling_rate == card["rate"]
    assert card["rate"] / clocks[main].step == pytest.approx(card["frame_rate"], abs=1e-3)


def test_untrained_row_runs_in_its_published_size_without_any_file():
    model = models.load("untrained:moonshine-tiny:3")
    heard = model.represent(noise("moonshine", 0.5))
    assert model.name == "untrained:moonshine-tiny:3"
    assert {layer: frames.values.shape[2] for layer, frames in heard.items()} == dict(model.layers)
    assert heard["layer.6"].values.shape[2] == 288


# against transformers itself


def plain(architecture, network, wave):
    """States (frames, units) of one sound from an ordinary forward pass, padding and special tokens included."""
    encoder = ENCODERS[architecture]
    extractor = getattr(T, encoder.extractor)(**encoder.settings(config_of(network)))
    inputs = extractor(wave, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    part = tiny.encoder(architecture, network)
    with torch.inference_mode():
        if architecture == "encodec":
            return {"latent": part.encoder(inputs["input_values"])[0].T}
        if architecture == "mimi":
            out = part.encoder(inputs["input_values"], output_hidden_states=True)
            return named(out.hidden_states) | {"latent": out.latents[0].T}
        inputs = {key: value for key, value in inputs.items() if key != "attention_mask" or architecture in MASKED}
        if architecture == "seamless_m4t_v2":  # transformers gives the adaptor's output as its last state
            last = []
            part.encoder.layers[-1].register_forward_hook(lambda module, args, output: last.append(output))
            states = (*part(**inputs, output_hidden_states=True).hidden_states[:-1], *last[-1:])
        else:
            states = part(**inputs, output_hidden_states=True).hidden_states
    if architecture == "audio-spectrogram-transformer":
        return {layer: columns(state, 4) for layer, state in named(states).items()}
    if architecture == "clap":
        return {layer: stretches(state) for layer, state in named([image[None] for image in states]).items()}
    return named(states)


MASKED = ("wav2vec2-bert", "seamless_m4t_v2")


def named(states):
    return {"embedding" if k == 0 else f"layer.{k}": state[0] for k, state in enumerate(states)}


def columns(tokens, bands):
    """Average over frequency of the patches (tokens, units) of each column; two tokens come first."""
    count = (len(tokens) - 2) // bands
    return torch.stack([tokens[2 + column :: count].mean(0) for column in range(count)])


def stretches(image):
    """Image (1, units, rows, columns) of four stretches of sound, one above the other, as frames (frames, units)."""
    units, rows, width = image.shape[-3:]
    parts = [image.reshape(units, rows, width)[:, k * rows // 4 : (k + 1) * rows // 4].mean(1) for k in range(4)]
    return torch.cat(parts, dim=1).T


BEFORE = {("encodec", "latent"): 3, ("mimi", "embedding"): 1, ("mimi", "latent"): 1}  # frames before the sound


@pytest.mark.parametrize("seconds", [1.3, 0.497])
@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_layers_are_those_of_an_ordinary_forward_pass(architecture, seconds, folder):
    model, network = made(architecture, folder)
    waves = noise(architecture, seconds, sounds=2)
    heard = model.represent(waves)
    for number, wave in enumerate(waves):
        expected = plain(architecture, network, wave)
        assert all(layer in expected or layer.startswith(("conv", "recurrent")) for layer in heard)
        for layer, state in expected.items():
            ours = heard[layer].values[number]
            place = (architecture, "embedding" if layer.startswith("layer") else layer)
            before = BEFORE.get(place, 0)
            assert len(ours) <= len(state)
            theirs = state.numpy()[before : before + len(ours)]
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["wav2vec2", "hubert", "wavlm", "sew", "unispeech-sat"])
def test_convolutions_are_those_of_the_front_end(architecture, folder):
    model, network = made(architecture, folder)
    wave = noise(architecture)
    normal = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    with torch.inference_mode():
        expected = tiny.encoder(architecture, network).feature_extractor(torch.from_numpy(normal))[0].T
    ours = next(iter(model.represent(wave).values())).values[0]
    np.testing.assert_allclose(ours, expected.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_no_frame_of_the_sound_is_lost(architecture, folder):
    """Frames end less than one step and half a window before the sound does, and none lies beyond it."""
    model, _ = made(architecture, folder)
    for seconds in (0.3, 0.71, 1.9):
        for layer, (_, times) in model.represent(noise(architecture, seconds)).items():
            assert times[-1] < seconds
            if len(times) > 4:
                assert seconds - times[-1] < 4.5 * (times[1] - times[0]), layer


# when frames are


def without_positions(network):
    """Silence the convolution that tells positions: it is as wide as the whole sound at tiny width."""
    for name, weight in network.named_parameters():
        if "pos_conv" in name and "original1" not in name:
            weight.data.zero_()


@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_click_is_heard_in_the_frame_that_claims_its_time(architecture, folder):
    network = tiny.network(architecture)
    without_positions(network)
    with networks.quiet():
        network.save_pretrained(folder)
    model = audio.from_folder(folder, {"name": "tiny", "architecture": architecture})
    whens = (0.4, 0.713, 1.107, 1.45)
    heard = model.represent(clicks(architecture, whens))
    for layer, (values, times) in heard.items():
        if layer.startswith("layer"):
            continue  # attention sees everything
        change = ((values[1:] - values[0]) ** 2).sum(axis=2)
        if architecture in CODECS:  # their widest kernel is seven frames, whose weights are random here
            change = np.clip(change - np.median(change, axis=1, keepdims=True), 0, None)
            found = (change * times).sum(axis=1) / change.sum(axis=1)
        else:
            found = times[change.argmax(axis=1)]
        tolerance = max(times[1] - times[0], 0.0005)
        assert np.abs(found - whens).max() <= tolerance, layer


def clicks(architecture, whens, seconds=1.8):
    """Noise, and the same with a click of one millisecond around each of the times."""
    rate = RATES.get(architecture, 16000)
    waves = np.repeat(noise(architecture, seconds), len(whens) + 1, axis=0)
    signs = np.sign(np.random.default_rng(5).normal(size=rate // 1000))
    for wave, when in zip(waves[1:], whens, strict=True):
        start = round((when - 0.0005) * rate)
        wave[start : start + len(signs)] += 0.5 * signs
    return waves


@pytest.mark.parametrize("architecture", ["whisper", "audio-spectrogram-transformer", "clap"])
def test_padding_is_not_heard_as_frames(architecture, folder):
    model, _ = made(architecture, folder)
    for layer, (values, times) in model.represent(noise(architecture, 0.7)).items():
        assert times[-1] < 0.7, layer
        assert values.shape[1] == len(times)


@pytest.mark.parametrize("architecture", ["whisper", "audio-spectrogram-transformer", "clap"])
def test_network_of_one_length_hears_longer_sounds_in_windows(architecture, folder):
    model, _ = made(architecture, folder)
    rate = RATES.get(architecture, 16000)
    long = noise(architecture, 1.7 * model.window)
    with pytest.raises(WrongUse, match="at once"):
        model.represent(long)
    heard = model.activations(long[0], rate)
    for layer, times in heard.times.items():
        assert (np.diff(times) > 0).all(), layer
        assert 1.7 * model.window - times[-1] < 2 * np.diff(times).mean()


@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_shortest_sound_is_heard_and_a_shorter_one_refused(architecture, folder):
    model, _ = made(architecture, folder)
    rate = model.rate
    heard = model.activations(noise(architecture, model.shortest)[0], rate)
    assert min(map(len, heard.times.values())) > 0
    with pytest.raises(ValueError, match="at least"):
        model.activations(noise(architecture, model.shortest)[0][:-2], rate)


# the same numbers every time


@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_numbers_are_the_same_again_and_in_company(architecture, folder):
    model, _ = made(architecture, folder)
    waves = noise(architecture, 0.7, sounds=3)
    together, again = model.represent(waves), model.represent(waves)
    for layer, frames in together.items():
        np.testing.assert_array_equal(frames.values, again[layer].values)
    for number in range(3):
        for layer, frames in model.represent(waves[number : number + 1]).items():
            np.testing.assert_allclose(frames.values[0], together[layer].values[number], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", tiny.NETWORKS)
def test_untrained_twin_follows_its_seed(architecture):
    card = tiny_card(architecture)
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    one, same, other = (audio.load(card, seed=seed) for seed in (1, 1, 2))
    waves = noise(architecture, 0.5)
    first, second, third = (model.represent(waves) for model in (one, same, other))
    assert torch.equal(torch.random.get_rng_state(), before)
    for layer, frames in first.items():
        np.testing.assert_array_equal(frames.values, second[layer].values)
        assert not np.allclose(frames.values, third[layer].values)


def test_making_a_model_reads_no_weights(folder, monkeypatch):
    tiny.save("wav2vec2", folder)

    def never(*words, **options):
        raise AssertionError("weights were read")

    monkeypatch.setattr(networks, "trained", never)
    model = audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})
    assert list(model.layers) == ["conv.7", "embedding", "layer.1", "layer.2", "layer.3"]
    with pytest.raises(AssertionError, match="weights were read"):
        model.represent(noise("wav2vec2"))


def test_revision_follows_weights_and_extractor(folder):
    revisions = {made("wav2vec2", folder / str(seed), seed)[0].revision for seed in (0, 0, 1)}
    assert len(revisions) == 2
    (folder / "0" / "preprocessor_config.json").write_text('{"do_normalize": false}')
    revisions.add(audio.from_folder(folder / "0", {"name": "tiny", "architecture": "wav2vec2"}).revision)
    assert len(revisions) == 3


# what lies beside the weights


@pytest.mark.parametrize("file", ["preprocessor_config.json", "processor_config.json"])
def test_extractor_of_the_checkpoint_is_used(folder, file):
    """Without normalisation a louder sound gives other numbers; with it, the same."""
    model, _ = made("wav2vec2", folder)
    wave = noise("wav2vec2")
    quiet, loud = (model.represent(gain * wave)["layer.1"].values for gain in (1, 2))
    np.testing.assert_allclose(quiet, loud, rtol=1e-3, atol=1e-4)
    facts = {"do_normalize": False, "sampling_rate": 16000, "feature_extractor_type": "Wav2Vec2FeatureExtractor"}
    nested = {"feature_extractor": facts} if file == "processor_config.json" else facts
    (folder / file).write_text(json.dumps(nested))
    model = audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})
    quiet, loud = (model.represent(gain * wave)["layer.1"].values for gain in (1, 2))
    assert not np.allclose(quiet, loud, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("architecture", ["wav2vec2", "whisper", "clap"])
def test_checkpoint_with_its_own_extractor_gives_the_same(architecture, folder):
    model, network = made(architecture, folder)
    waves = noise(architecture, 0.7)
    expected = model.represent(waves)
    encoder = ENCODERS[architecture]
    getattr(T, encoder.extractor)(**encoder.settings(config_of(network))).save_pretrained(folder)
    assert (folder / "preprocessor_config.json").exists()
    heard = audio.from_folder(folder, {"name": "tiny", "architecture": architecture}).represent(waves)
    for layer, frames in heard.items():
        np.testing.assert_array_equal(frames.values, expected[layer].values)


@pytest.mark.parametrize("architecture", ["wav2vec2", "whisper", "audio-spectrogram-transformer", "clap"])
def test_half_precision_is_heard_too_from_spectra_in_full(architecture, folder):
    model, _ = made(architecture, folder)
    wave = noise(architecture, 0.7)[0]
    full, half = (model.activations(wave, model.rate, precision=precision) for precision in ("full", "half"))
    for layer, values in full.layers.items():
        one, two = values.mean(axis=0), half.layers[layer].mean(axis=0)
        assert np.linalg.norm(one - two) < 0.02 * np.linalg.norm(one), layer


def test_rate_of_the_card_must_be_that_of_the_checkpoint(folder):
    tiny.save("wav2vec2", folder)
    with pytest.raises(DamagedData, match="hears at 16000 Hz, but its card says 8000 Hz"):
        audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2", "rate": 8000})


# what can be wrong


def test_missing_weights_are_said_in_one_line():
    with pytest.raises(MissingData) as caught:
        models.load("wav2vec2-base")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("wav2vec2-base", "380 MB", "`alike models fetch wav2vec2-base`", "untrained:wav2vec2-base:0"):
        assert part in message


def test_unknown_architecture_lists_the_known():
    with pytest.raises(WrongUse, match="Did you mean 'wav2vec2'"):
        audio.load({"name": "some", "architecture": "wav2vec"}, seed=0)


def test_checkpoint_of_another_architecture_is_refused(folder):
    tiny.save("hubert", folder)
    with pytest.raises(DamagedData, match="holds a hubert, but tiny is a wav2vec2"):
        audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})


def test_checkpoint_without_a_readable_config_is_refused(folder):
    tiny.save("wav2vec2", folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(DamagedData, match=r"config\.json cannot be read"):
        audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})


def as_pickle(folder, **more):
    """Replace the safetensors of a folder by a pickled file with the same tensors and whatever else is given."""
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors") | more, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize("architecture", ["wav2vec2", "whisper", "clap"])
def test_pickled_checkpoint_gives_the_same(architecture, folder):
    model, _ = made(architecture, folder)
    waves = noise(architecture, 0.7)
    expected = model.represent(waves)
    as_pickle(folder)
    heard = audio.from_folder(folder, {"name": "tiny", "architecture": architecture}).represent(waves)
    for layer, frames in heard.items():
        np.testing.assert_array_equal(frames.values, expected[layer].values)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_malicious_pickle_is_not_opened(folder, tmp_path):
    tiny.save("wav2vec2", folder)
    as_pickle(folder, extra=Trap(tmp_path / "sprung"))
    model = audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})
    with pytest.raises(DamagedData, match="was not opened"):
        model.represent(noise("wav2vec2"))
    assert not (tmp_path / "sprung").exists()


def without(weights, word):
    return {name: tensor for name, tensor in weights.items() if word not in name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: without(weights, "layers.1.final_layer_norm"), "lacks 2 weights"),
        (lambda weights: weights | {"wav2vec2.encoder.layer_norm.weight": torch.ones(7)}, "do not fit"),
    ],
)
def test_weights_that_do_not_fit_are_refused(folder, change, message):
    from safetensors.torch import load_file, save_file

    tiny.save("wav2vec2", folder)
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
    model = audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})
    with pytest.raises(DamagedData, match=message):
        model.represent(noise("wav2vec2"))


def test_weights_of_masking_may_be_missing(folder):
    from safetensors.torch import load_file, save_file

    model, _ = made("wav2vec2", folder)
    wave = noise("wav2vec2")
    expected = model.represent(wave)["layer.3"].values
    path = folder / "model.safetensors"
    save_file(without(load_file(path), "masked_spec_embed"), path, metadata={"format": "pt"})
    model = audio.from_folder(folder, {"name": "tiny", "architecture": "wav2vec2"})
    np.testing.assert_array_equal(model.represent(wave)["layer.3"].values, expected)
