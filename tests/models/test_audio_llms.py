import json

import numpy as np
import pytest
import torch
import transformers as T
from safetensors.torch import load_file, save_file
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from lib import models
from lib.ground import DamagedData, MissingData, WrongUse
from lib.models import cards
from lib.models.loaders import audio_llms, checkpoints
from lib.models.loaders.audio_tokens import DESIGNS, centred, logmel, paired, paired_logmel
from tests.models import tiny_audio_llms as tiny

RATE = 16000
ROWS = [card for card in map(models.card, models.names()) if card.get("loader") == "audio_llms"]
WHISPERS = [name for name in DESIGNS if name not in ("granite_speech", "qwen2_5_omni")]
PROMPT = (8, 3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def noises(seconds, sounds=2, seed=0):
    rng = np.random.default_rng(seed)
    return (0.05 * rng.normal(size=(sounds, round(seconds * RATE)))).astype(np.float32)


def made(architecture, place, *, part="decoder", prompt=PROMPT, **options):
    network = tiny.save(architecture, place, **options)
    card = {"name": "tiny", "architecture": architecture, "prompt": list(prompt)}
    return audio_llms.from_folder(place, card, part=part), network


def test_every_architecture_has_a_tiny_checkpoint_and_a_row():
    assert set(tiny.NETWORKS) == set(DESIGNS) == {card["architecture"] for card in ROWS}


@pytest.mark.parametrize("card", ROWS, ids=lambda card: card["name"])
def test_row_runs_from_a_checkpoint_through_the_front_door(card, folder):
    tiny.save(card["architecture"], folder / card["name"], vocabulary=max(card["prompt"]) + 10)
    model, seconds = models.load(card["name"]), 1.9
    frames = model.represent(noises(seconds))
    assert card["status"] == "runs"
    assert model.name == card["name"]
    assert model.rate == card["rate"]
    assert list(model.layers) == list(frames) == ["embedding", "layer.1", "layer.2"]
    for layer, (values, times) in frames.items():
        assert values.shape == (2, len(times), model.layers[layer]) == (2, len(times), tiny.WIDTH)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert 1 / np.diff(times) == pytest.approx(card["frame_rate"])
        assert 0 <= times[0] < times[-1] < seconds
        assert seconds - times[-1] < 1 / card["frame_rate"] + 0.03  # to the end of the sound, and not beyond
        assert len(model.units(layer)) == tiny.WIDTH


@pytest.mark.parametrize("card", ROWS, ids=lambda card: card["name"])
def test_published_size_is_what_the_card_says(card):
    design = DESIGNS[card["architecture"]]
    config = audio_llms._class(design.config)(**card["config"])
    layers = audio_llms._decoder_layers(config)
    assert (len(layers), set(layers.values())) == (card["layers"], {card["width"]})
    assert 1 / design.step == pytest.approx(card["frame_rate"])
    with torch.device("meta"):
        network = audio_llms._class(design.network)(config)
    seen = sum(weight.numel() for name, weight in network.named_parameters() if not name.startswith("visual."))
    assert seen == card["parameters"]


def _tokens(count, *after):
    return torch.tensor([[*PROMPT, *[tiny.AUDIO_TOKEN] * count, *after]] * 2)


def _plain_qwen2_audio(network, waves):
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=2)
    features = extractor(list(waves), sampling_rate=RATE, return_attention_mask=True, return_tensors="pt")
    mask = features["attention_mask"]
    count = int(network.model.audio_tower._get_feat_extract_output_lengths(mask.sum(-1))[1][0])
    ids = _tokens(count, 9, 11)
    inputs = {"input_features": features["input_features"], "feature_attention_mask": mask}
    return network(ids, attention_mask=torch.ones_like(ids), **inputs, output_hidden_states=True).hidden_states, count


def _plain_audioflamingo3(network, waves):
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=2)
    features = extractor(list(waves), sampling_rate=RATE, return_attention_mask=True, return_tensors="pt")
    mask = features["attention_mask"]
    count = int(network.model.audio_tower._get_feat_extract_output_lengths(mask.sum(-1))[1][0])
    inputs = {"input_features": features["input_features"], "input_features_mask": mask}
    return network(_tokens(count, 9), **inputs, output_hidden_states=True).hidden_states, count


def _plain_voxtral(network, waves):
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=2)
    features = extractor(list(waves), sampling_rate=RATE, return_tensors="pt")["input_features"]
    states = network(_tokens(25, 9), input_features=features, output_hidden_states=True).hidden_states
    return states, centred(waves.shape[1], 0.08, 0.03)


def _plain_qwen2_5_omni(network, waves):
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=300)
    features = extractor(list(waves), sampling_rate=RATE, return_attention_mask=True, return_tensors="pt")
    mask = features["attention_mask"]
    count = int(network.model.audio_tower._get_feat_extract_output_lengths(mask.sum(-1))[1][0])
    ids = torch.tensor([[3, 8, *[tiny.AUDIO_TOKEN] * count, 9, 11]] * 2)
    inputs = {"input_features": features["input_features"], "feature_attention_mask": mask}
    return network(ids, attention_mask=torch.ones_like(ids), **inputs, output_hidden_states=True).hidden_states, count


def _plain_granite_speech(network, waves):
    filters = mel_filter_bank(257, 32, 0.0, RATE / 2, RATE, norm=None, mel_scale="htk")
    window = window_function(400, "hann", frame_length=512)
    options = {"frame_length": 512, "hop_length": 160, "fft_length": 512, "power": 2.0, "mel_filters": filters}
    decades = np.log10(np.maximum([spectrogram(wave, window, **options).T for wave in waves], 1e-10))
    scaled = np.maximum(decades, decades.max(axis=(1, 2), keepdims=True) - 8) / 4 + 1
    scaled = scaled[:, : scaled.shape[1] // 2 * 2].reshape(2, -1, 64).astype(np.float32)
    every = -(-scaled.shape[1] // 15) * 3
    ids = _tokens(every, 9)
    inputs = {"input_features": torch.tensor(scaled), "input_features_mask": torch.ones(2, every, dtype=torch.bool)}
    return network(ids, **inputs, output_hidden_states=True).hidden_states, centred(waves.shape[1], 0.1, 0.045)


@pytest.mark.parametrize("seconds", [0.5, 1.234, 2.0])
@pytest.mark.parametrize("architecture", ["qwen2_audio", "audioflamingo3", "voxtral", "qwen2_5_omni", "granite_speech"])
def test_same_states_as_a_plain_forward_of_transformers(architecture, seconds, tmp_path):
    prompt = (3, 8) if architecture == "qwen2_5_omni" else PROMPT
    model, network = made(architecture, tmp_path, prompt=prompt)
    waves = noises(seconds)
    frames = model.represent(waves)
    with torch.inference_mode():
        plain, count = globals()[f"_plain_{architecture}"](network, waves)
    assert len(plain) == len(frames)
    for (values, times), state in zip(frames.values(), plain, strict=True):
        assert len(times) == count
        np.testing.assert_allclose(values, state[:, 2 : 2 + count].numpy(), atol=2e-5)


def test_long_sound_is_heard_as_audio_flamingo_hears_it(tmp_path):
    model, network = made("audioflamingo3", tmp_path)
    waves = noises(5.0, sounds=1)
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=2)
    pieces = [waves[0, start : start + 2 * RATE] for start in range(0, waves.shape[1], 2 * RATE)]
    features = extractor(pieces, sampling_rate=RATE, return_attention_mask=True, return_tensors="pt")
    inputs = {"input_features": features["input_features"], "input_features_mask": features["attention_mask"]}
    with torch.inference_mode():
        plain = network(_tokens(125)[:1], **inputs, output_hidden_states=True).hidden_states
    frames = model.represent(waves)
    for (values, times), state in zip(frames.values(), plain, strict=True):
        np.testing.assert_allclose(values, state[:, 2:].numpy(), atol=2e-5)
        np.testing.assert_allclose(times, 0.01 + 0.04 * np.arange(125))


def _encoder_states(network, waves, seconds=2):
    extractor = T.WhisperFeatureExtractor(feature_size=32, chunk_length=seconds)
    features = extractor(list(waves), sampling_rate=RATE, return_tensors="pt")["input_features"]
    return network.audio_tower(features).last_hidden_state


def test_llama_omni_joins_five_frames_of_whispers_encoder(tmp_path):
    model, network = made("llama_omni", tmp_path)
    waves, weights = noises(1.5), load_file(tmp_path / "model.safetensors")
    with torch.inference_mode():
        joined = _encoder_states(network, waves).reshape(2, 20, 5 * tiny.WIDTH)
        one, two = (f"model.speech_projector.linear{k}" for k in (1, 2))
        between = torch.relu(joined @ weights[f"{one}.weight"].T + weights[f"{one}.bias"])
        expected = between @ weights[f"{two}.weight"].T + weights[f"{two}.bias"]
    np.testing.assert_allclose(model.represent(waves)["embedding"].values, expected[:, :15], atol=1e-5)


def test_minicpm_averages_two_projected_frames_of_whispers_encoder(tmp_path):
    model, network = made("minicpmo", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"audio_chunk_length": 2.0}))  # one chunk: no mask
    model = audio_llms.from_folder(tmp_path, {"name": "tiny", "architecture": "minicpmo", "prompt": list(PROMPT)})
    waves, weights = noises(2.0), load_file(tmp_path / "model.safetensors")
    with torch.inference_mode():
        one, two = (f"audio_projection_layer.linear{k}" for k in (1, 2))
        between = torch.relu(_encoder_states(network, waves) @ weights[f"{one}.weight"].T + weights[f"{one}.bias"])
        projected = between @ weights[f"{two}.weight"].T + weights[f"{two}.bias"]
        expected = projected.reshape(2, 50, 2, tiny.WIDTH).mean(dim=2)
    np.testing.assert_allclose(model.represent(waves)["embedding"].values, expected, atol=1e-5)


def test_minicpm_does_not_hear_beyond_the_chunk(tmp_path):
    model, _ = made("minicpmo", tmp_path)  # chunks of half a second
    waves = noises(2.0, sounds=1)
    other = waves.copy()
    other[:, round(1.6 * RATE) :] = noises(2.0, sounds=1, seed=1)[:, round(1.6 * RATE) :]
    one, two = (model.represent(each)["embedding"].values[0] for each in (waves, other))
    changed = np.abs(one - two).max(axis=1) / np.abs(one).max()
    assert (changed[:37] < 1e-6).all()  # tokens centred before 1.5 s
    assert (changed[40:] > 1e-3).all()


def test_ultravox_stacks_eight_frames_between_norms(tmp_path):
    model, network = made("ultravox", tmp_path)
    waves, weights = noises(2.0), load_file(tmp_path / "model.safetensors")

    def norm(values, name):
        scaled = values / torch.sqrt((values**2).mean(-1, keepdim=True) + 1e-6)
        return scaled * weights[f"multi_modal_projector.{name}.weight"]

    with torch.inference_mode():
        network.audio_tower.config.max_source_positions = 100
        states = _encoder_states(network, waves)
        first = states[:, :96].reshape(2, 12, 8 * tiny.WIDTH)
        between = norm(first, "ln_pre") @ weights["multi_modal_projector.linear_1.weight"].T
        gated = between[..., :12] * torch.nn.functional.silu(between[..., 12:])
        expected = norm(gated, "ln_mid") @ weights["multi_modal_projector.linear_2.weight"].T
    heard = model.represent(waves[:, : round(1.92 * RATE)])["embedding"]
    assert heard.values.shape == (2, 12, tiny.WIDTH)
    with torch.inference_mode():
        spectra = logmel(waves[:, : round(1.92 * RATE)], 32, 192)
        alone = network.project(network.hear(spectra))
    np.testing.assert_allclose(heard.values, alone, atol=1e-5)
    with torch.inference_mode():
        np.testing.assert_allclose(network.project(states[:, :96]), expected, atol=1e-5)
        np.testing.assert_allclose(network.hear(logmel(waves, 32, 200)), states, atol=1e-5)


@pytest.mark.parametrize("part", audio_llms.PARTS)
@pytest.mark.parametrize("architecture", DESIGNS)
def test_click_changes_most_the_frame_that_claims_its_time(architecture, part, tmp_path):
    model, _ = made(architecture, tmp_path, part=part)
    layer = next(iter(model.layers))
    for time in (0.35, 0.81, 1.33):
        waves = np.repeat(0.2 * noises(1.8, sounds=1), 2, axis=0)
        start = round(time * RATE)
        waves[1, start : start + 16] += 0.5 * np.hanning(16)
        values, times = model.represent(waves)[layer]
        changed = times[np.linalg.norm(values[1] - values[0], axis=1).argmax()]
        step = np.diff(times).mean()
        if (architecture, part) == ("granite_speech", "decoder"):
            step = 0.2  # its three tokens of 300 ms hear the same
        assert abs(changed - time) <= step, (time, changed)


@pytest.mark.parametrize("architecture", DESIGNS)
def test_encoder_has_all_its_blocks_on_one_clock(architecture, tmp_path):
    model, _ = made(architecture, tmp_path, part="encoder")
    depth = 2 if architecture == "granite_speech" else 3
    frames = model.represent(noises(1.7))
    assert list(frames) == list(model.layers) == ["encoder.embedding", *(f"encoder.{k + 1}" for k in range(depth))]
    for values, times in frames.values():
        assert values.shape == (2, 85, tiny.WIDTH)
        np.testing.assert_allclose(np.diff(times), 0.02)
    assert model.revision != made(architecture, tmp_path)[0].revision


def test_encoder_states_are_those_of_the_encoder(tmp_path):
    model, network = made("qwen2_audio", tmp_path, part="encoder")
    waves = noises(2.0)
    with torch.inference_mode():
        tower = network.model.audio_tower
        plain = tower(logmel(waves, 32, 200), output_hidden_states=True).hidden_states
    for (values, _), state in zip(model.represent(waves).values(), plain[:3], strict=False):
        np.testing.assert_allclose(values, state, atol=1e-5)


@pytest.mark.parametrize("architecture", DESIGNS)
def test_a_batch_gives_what_its_sounds_give_alone(architecture, tmp_path):
    model, _ = made(architecture, tmp_path)
    waves = noises(3.1, sounds=3)  # two windows
    together = model.represent(waves)
    for k in range(3):
        alone = model.represent(waves[k : k + 1])
        for layer, (values, times) in alone.items():
            np.testing.assert_allclose(together[layer].values[k], values[0], atol=1e-5)
            np.testing.assert_array_equal(together[layer].times, times)


def test_layers_hear_only_what_was_before(tmp_path):
    model, _ = made("minicpmo", tmp_path)  # the encoder looks half a second ahead at most
    waves = noises(2.0, sounds=1)
    whole, half = model.represent(waves), model.represent(waves[:, :RATE])
    for layer, (values, times) in half.items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(whole[layer].values[:, : len(times) - 1] / scale, values[:, :-1] / scale, atol=2e-3)


@pytest.mark.parametrize("architecture", WHISPERS)
def test_windows_follow_each_other(architecture, tmp_path):
    model, _ = made(architecture, tmp_path)
    waves = noises(3.84, sounds=1)
    length = round((1.92 if architecture == "ultravox" else 2.0) * RATE)
    whole, first = model.represent(waves)["embedding"], model.represent(waves[:, :length])["embedding"]
    tolerance = 0.2 if architecture == "ultravox" else 1e-5  # its spectrogram is one for the whole sound
    count = len(first.times)
    np.testing.assert_allclose(whole.times[:count], first.times)
    np.testing.assert_allclose(whole.values[:, :count], first.values, atol=tolerance)
    assert model.window == pytest.approx(2.0)


@pytest.mark.parametrize("architecture", DESIGNS)
def test_shortest_sound_is_heard(architecture, tmp_path):
    model, _ = made(architecture, tmp_path)
    for values, times in model.represent(noises(model.shortest)).values():
        assert values.shape[1] == len(times) >= 1
        assert np.isfinite(values).all()


def test_number_of_tokens_is_the_processors():
    tower = tiny.network("qwen2_audio").model.audio_tower
    samples = np.arange(1600, 40000, 37)
    lengths = tower._get_feat_extract_output_lengths(torch.tensor(-(-samples // 160)))[1]
    np.testing.assert_array_equal([paired(count, 0.04, 0.01) for count in samples.tolist()], lengths)


def test_spectrogram_of_granite_is_that_of_plain_signal_processing():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE, dtype=np.float32)[None]
    pairs = paired_logmel(tone, 80).numpy()
    assert pairs.shape == (1, 50, 160)
    one, other = pairs[0, 25, :80], pairs[0, 25, 80:]
    centres = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 82)[1:-1] / 2595) - 1)
    assert abs(centres[one.argmax()] - 1000) < 40
    np.testing.assert_allclose(one, other, atol=0.02)  # neighbours in time
    assert pairs.max() - pairs.min() <= 2 + 1e-6


def test_prompt_changes_the_layers_but_not_what_enters_them(tmp_path):
    one, two = made("qwen2_audio", tmp_path)[0], made("qwen2_audio", tmp_path, prompt=(7,))[0]
    waves = noises(1.0)
    first, second = one.represent(waves), two.represent(waves)
    np.testing.assert_array_equal(first["embedding"].values, second["embedding"].values)
    assert np.abs(first["layer.1"].values - second["layer.1"].values).max() > 1e-4
    assert one.revision != two.revision


def test_without_a_prompt_the_models_first_token_stands_before(tmp_path):
    tiny.save("qwen2_audio", tmp_path)
    model = audio_llms.from_folder(tmp_path, {"name": "tiny", "architecture": "qwen2_audio"})
    explicit = made("qwen2_audio", tmp_path, prompt=(1,))[0]
    waves = noises(1.0)
    one, two = (each.represent(waves)["layer.1"].values for each in (model, explicit))
    np.testing.assert_array_equal(one, two)


def test_prompt_beyond_the_vocabulary_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"prompt of tiny is \[160\]; every token must be from 0 to 159"):
        made("qwen2_audio", tmp_path, prompt=(160,))


@pytest.mark.parametrize("architecture", DESIGNS)
def test_untrained_twin_needs_no_files_and_follows_its_seed(architecture, tmp_path):
    network = tiny.save(architecture, tmp_path)
    config = json.loads(network.config.to_json_string(use_diff=False))
    card = {"name": "tiny", "architecture": architecture, "prompt": [3], "config": config}
    waves = noises(1.0)
    one, same, other = (audio_llms.load(card, seed) for seed in (1, 1, 2))
    before = torch.get_rng_state()
    values = [model.represent(waves)["layer.2"].values for model in (one, same, other)]
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(values[0], values[1])
    assert np.abs(values[0] - values[2]).max() > 1e-3


def test_missing_checkpoint_is_one_line_with_its_way_out():
    with pytest.raises(MissingData, match=r"qwen2-audio-7b .*alike models fetch qwen2-audio-7b") as error:
        models.load("qwen2-audio-7b")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("architecture", ["qwen2_audio", "qwen2_5_omni", "llama_omni"])
def test_checkpoint_without_some_weight_is_not_filled_with_random_ones(architecture, tmp_path):
    tiny.save(architecture, tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    weights.pop(next(name for name in weights if "layers.1." in name and "audio" not in name))
    save_file(weights, path, metadata={"format": "pt"})
    model = audio_llms.from_folder(tmp_path, {"name": "tiny", "architecture": architecture, "prompt": [3]})
    with pytest.raises(DamagedData, match="lacks 1 weights"):
        model.represent(noises(1.0))


def test_what_is_not_known_is_listed(tmp_path):
    tiny.save("qwen2_audio", tmp_path)
    with pytest.raises(WrongUse, match=r"Known: .*qwen2_audio"):
        audio_llms.from_folder(tmp_path, {"name": "tiny", "architecture": "qwen3_audio"})
    with pytest.raises(WrongUse, match="Known: decoder, encoder"):
        audio_llms.from_folder(tmp_path, {"name": "tiny", "architecture": "qwen2_audio"}, part="both")


def test_adapter_beside_the_weights_is_added(tmp_path):
    plain, _ = made("granite_speech", tmp_path)
    waves = noises(1.0)
    before = plain.represent(waves)
    rng = torch.Generator().manual_seed(3)
    pair = {"lora_A": torch.randn(4, 16, generator=rng), "lora_B": torch.randn(16, 4, generator=rng)}
    place = "language_model.model.layers.1.self_attn.q_proj"
    named = {f"base_model.model.{place}.{name}.weight": value for name, value in pair.items()}
    save_file(named, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}))
    card = {"name": "tiny", "architecture": "granite_speech", "prompt": list(PROMPT)}
    adapted = audio_llms.from_folder(tmp_path, card)
    after = adapted.represent(waves)
    np.testing.assert_array_equal(before["layer.1"].values, after["layer.1"].values)
    weights = load_file(tmp_path / "model.safetensors")
    weights[f"{place}.weight"] += 2 * pair["lora_B"] @ pair["lora_A"]
    (tmp_path / "adapter_config.json").unlink()
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    merged = audio_llms.from_folder(tmp_path, card).represent(waves)
    np.testing.assert_allclose(after["layer.2"].values, merged["layer.2"].values, atol=1e-5)
    assert np.abs(after["layer.2"].values - before["layer.2"].values).max() > 1e-3
    assert adapted.revision != plain.revision


def test_weights_left_to_others_are_borrowed_from_them(folder, monkeypatch):
    name = "ultravox-v0.5-llama-3.2-1b"
    network = tiny.save("ultravox", folder / name)
    card = {"name": name, "architecture": "ultravox", "prompt": [3]}
    card["borrows"] = {"language_model": "reader", "audio_tower": "listener"}
    monkeypatch.setattr(cards, "card", lambda other: {"name": other})
    whole = audio_llms.from_folder(folder / name, card).represent(noises(1.0))

    reader = T.LlamaForCausalLM(network.config.text_config)
    reader.model.load_state_dict(network.language_model.state_dict())
    reader.save_pretrained(folder / "reader")
    listener = T.WhisperForConditionalGeneration(network.config.audio_config)
    listener.model.encoder.load_state_dict(network.audio_tower.state_dict())
    listener.save_pretrained(folder / "listener")
    path = folder / name / "model.safetensors"
    kept = {key: value for key, value in load_file(path).items() if key.startswith("multi_modal_projector.")}
    save_file(kept, path, metadata={"format": "pt"})

    borrowing = audio_llms.from_folder(folder / name, card)
    for layer, (values, _) in borrowing.represent(noises(1.0)).items():
        np.testing.assert_allclose(values, whole[layer].values, atol=1e-6)
    mark = borrowing.revision
    reader.model.norm.weight.data += 1
    reader.save_pretrained(folder / "reader")
    assert audio_llms.from_folder(folder / name, card).revision != mark


def test_lenders_are_rows_too():
    for card in ROWS:
        for lender in card.get("borrows", {}).values():
            assert models.card(lender)["status"] == "runs"


def test_a_checkpoint_is_only_read_when_a_sound_is_heard(tmp_path):
    model, _ = made("qwen2_audio", tmp_path)
    mark = checkpoints.fingerprint_of(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    assert model.layers["embedding"] == tiny.WIDTH
    assert mark
    with pytest.raises(MissingData, match="holds no weights"):
        model.represent(noises(1.0))
