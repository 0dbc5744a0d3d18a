import json
import re
import statistics

import numpy as np
import pytest
import torch
from torch.nn import functional

from lib import models
from lib.ground import ROOT, DamagedData, MissingData, WrongUse
from lib.models.architectures import cochdnn, resemblyzer, sepformer
from lib.models.architectures.parts import clock, spectra
from lib.models.loaders import architectures
from tests.models.tiny_architectures import SIZES, config_of, save

PUBLIC = json.loads((ROOT / "tests/reference/architectures.json").read_text())["checkpoints"]
CARDS = {name: models.card(name) for name in models.names() if models.card(name).get("loader") == "architectures"}
RUNS = [name for name, card in CARDS.items() if card["status"] == "runs"]
ONE_EACH = list({card["architecture"]: name for name, card in reversed(CARDS.items())}.values())
EXTRA = ["cochcnn9-word", "encodecmae-ec-ec-base", "encodecmae-spec-ec-base", "audiomae-ft"]
LOCAL = ("embedding", "conv", "pool", "relu0", "maxpool0", "maxpool1", "layer1", "relu.1", "relu.2", "hardtanh")
CUT = ["audiomae", "dasheng-base", "encodecmae-mel256-ec-base", "encodecmae-ec-ec-base", "passt", "cochcnn9-word"]
RECURRENT = {"dcase2020", "metricgan"}  # every layer depends on the whole sound
EACH_NORMALISED = {"crepe-tiny", "crepe-full"}  # each frame by itself
CASES = sorted({*ONE_EACH, *EXTRA})  # every architecture, and every way a card can change its shape


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    """Folder of local checkpoints; no hub within reach."""
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "models"


def noise(card, seconds=2.0, sounds=1, seed=0):
    count = round(seconds * card["rate"])
    return (0.01 * np.random.default_rng(seed).normal(size=(sounds, count))).astype(np.float32)


def tiny(name, seed=0):
    """Untrained network of a card's architecture at tiny size, as the loader makes it."""
    return architectures.load({**CARDS[name], "config": config_of(CARDS[name])}, seed=seed)


def unread(name):
    return PUBLIC.get(name, {}).get("unread", [])


# loading


@pytest.mark.parametrize("name", list(CARDS))
def test_every_row_loads_its_checkpoint_from_a_local_folder(name, checkpoints):
    card = CARDS[name]
    written = save(card, checkpoints / name, seed=3, unread=unread(name))
    model = models.load(name)
    waves = noise(card)
    heard, expected = model.represent(waves), architectures.represent(written, waves, card["rate"])
    assert list(heard) == list(expected) == list(model.layers)
    for layer, frames in heard.items():
        np.testing.assert_allclose(frames.values, expected[layer].values, rtol=1e-5, atol=1e-6)
        assert frames.values.dtype == np.float32
        assert frames.values.shape == (1, len(frames.times), model.layers[layer])
        assert np.isfinite(frames.values).all()
        assert (frames.values.std(axis=(0, 1)) > 0).any() or frames.values.shape[1] == 1


@pytest.mark.parametrize("name", [name for name in ONE_EACH if name != "sepformer"])
def test_pickled_checkpoint_with_the_public_wrapping_is_read(name, checkpoints):
    card = CARDS[name]
    written = save(card, checkpoints / name, seed=3, unread=unread(name), pickled=True)
    waves = noise(card)
    heard, expected = models.load(name).represent(waves), architectures.represent(written, waves, card["rate"])
    for layer, frames in heard.items():
        np.testing.assert_allclose(frames.values, expected[layer].values, rtol=1e-5, atol=1e-6)


def test_all_rows_that_run_are_covered():
    assert set(RUNS) <= set(CARDS)
    assert {card["architecture"] for card in CARDS.values()} == set(architectures.FAMILIES) == set(SIZES)


def test_pickled_code_is_not_run(checkpoints):
    save(CARDS["metricgan"], checkpoints / "metricgan", seed=0)
    (checkpoints / "metricgan/model.safetensors").unlink()
    torch.save({"model": torch.nn.Linear(2, 2)}, checkpoints / "metricgan/enhance_model.ckpt")
    with pytest.raises(DamagedData, match="not opened"):
        models.load("metricgan").represent(noise(CARDS["metricgan"]))


def test_weights_of_another_shape_are_refused(checkpoints):
    save(CARDS["metricgan"], checkpoints / "metricgan", seed=0)
    config = {"architecture": "metricgan", "config": {"width": 9, "full": 6}}
    (checkpoints / "metricgan/config.json").write_text(json.dumps(config))
    with pytest.raises(DamagedData, match=r"do not fit the architecture: size mismatch for blstm\.rnn"):
        models.load("metricgan").represent(noise(CARDS["metricgan"]))


def test_missing_weights_are_one_clear_line():
    with pytest.raises(MissingData, match=r"weights of beats-iter3 .*untrained:beats-iter3:0") as caught:
        models.load("beats-iter3")
    assert "\n" not in str(caught.value)


def test_unknown_architecture_lists_the_known():
    with pytest.raises(WrongUse, match="Known: audiomae, beats"):
        architectures.load({"name": "x", "architecture": "beat"}, seed=0)


def test_weights_mark_the_revision(checkpoints):
    revisions = []
    for seed in (0, 1):
        save(CARDS["metricgan"], checkpoints / "metricgan", seed=seed)
        revisions.append(models.fingerprint("metricgan"))
    assert len({*revisions, models.fingerprint("untrained:metricgan:0")}) == 3


# untrained twins


@pytest.mark.parametrize("name", CASES)
def test_untrained_twin_is_the_same_every_time_and_another_for_another_seed(name):
    waves = noise(CARDS[name])
    one, same, other = (tiny(name, seed) for seed in (5, 5, 6))
    state = torch.random.get_rng_state()
    first, second, third = (model.represent(waves) for model in (one, same, other))
    assert torch.equal(state, torch.random.get_rng_state())
    for layer in one.layers:
        np.testing.assert_array_equal(first[layer].values, second[layer].values)
        assert not np.array_equal(first[layer].values, third[layer].values)


def test_untrained_twin_by_name_has_the_published_size():
    model = models.load("untrained:metricgan:1")
    assert model.name == "untrained:metricgan:1"
    sound = noise(CARDS["metricgan"])[0]
    activations = model.activations(sound, 16000)
    assert {layer: values.shape[1] for layer, values in activations.layers.items()} == dict(model.layers)
    assert model.layers == {"linear.1": 300, "linear.2": 257, "cell.1": 400, "cell.2": 400}


# facts


def expanded(keys):
    """Names with {0-11} in them, once for each number."""
    found = {}
    for key, shape in (PUBLIC[keys]["keys"] if isinstance(keys, str) else keys).items():
        names = [key]
        while "{" in names[0]:
            low, high = map(int, re.search(r"\{(\d+)-(\d+)\}", names[0]).groups())
            numbers = range(low, high + 1)
            names = [re.sub(r"\{\d+-\d+\}", str(number), name, count=1) for name in names for number in numbers]
        found |= dict.fromkeys(names, tuple(shape))
    return found


@pytest.mark.parametrize("name", list(PUBLIC))
def test_names_and_shapes_are_those_of_the_public_checkpoint(name):
    family = architectures.family_of(CARDS[name])
    config = {**family.DEFAULTS, **CARDS[name].get("config", {})}
    weights = architectures.outlined(family, config).state_dict()
    public = expanded(PUBLIC[name]["keys"])
    assert {key: tuple(value.shape) for key, value in weights.items()} == public
    others = dict.fromkeys(PUBLIC[name]["unread"], torch.zeros(1))
    assert set(architectures.matched({**dict.fromkeys(public, torch.zeros(1)), **others}, family)) == set(public)


@pytest.mark.parametrize("name", [name for name, facts in PUBLIC.items() if "parameters" in facts])
def test_number_of_parameters_is_the_published_one(name):
    facts = PUBLIC[name]
    statistics_of_normalisation = ("running_mean", "running_var", "num_batches_tracked")
    fixed = (*statistics_of_normalisation, *facts.get("fixed", []))
    own = [shape for key, shape in expanded(facts["keys"]).items() if not key.endswith(fixed)]
    assert sum(int(np.prod(shape)) for shape in [*own, *facts["head"]]) == facts["parameters"]


@pytest.mark.parametrize("name", list(CARDS))
def test_card_says_what_the_network_is(name):
    card, family = CARDS[name], architectures.family_of(CARDS[name])
    network = architectures.outlined(family, {**family.DEFAULTS, **card.get("config", {})})
    widths = network.widths()
    assert card["rate"] == family.RATE
    assert card["layers"] == len(widths)
    assert card["width"] == statistics.mode(widths.values())
    if "parameters" in card:
        assert card["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    clocks = [frames.times for frames in tiny(name).represent(noise(card)).values() if len(frames.times) > 2]
    rates = [1 / np.diff(times).mean() for times in clocks]
    assert any(rate == pytest.approx(card["frame_rate"], abs=0.01) for rate in rates)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("beats-iter1", 13),
        ("dasheng-0.6b", 33),
        ("dasheng-1.2b", 41),
        ("encodecmae-mel256-ec-small", 6),
        ("encodecmae-mel256-ec-large", 21),
        ("cochresnet50-word", 7),
        ("cochcnn9-word", 9),
        ("vggish", 13),
        ("zerospeech2020", 5),
        ("sepformer", 33),
        ("metricgan", 4),
    ],
)
def test_layers_are_those_the_cortex_paper_reads_and_the_embedding(name, layers):
    assert len(models.load(f"untrained:{name}:0").layers) == layers


# what a network hears, and when


@pytest.mark.parametrize("name", CASES)
def test_batch_equals_one_by_one(name):
    model, waves = tiny(name), noise(CARDS[name], sounds=3)
    together = model.represent(waves)
    for number, wave in enumerate(waves):
        for layer, frames in model.represent(wave[None]).items():
            np.testing.assert_allclose(frames.values[0], together[layer].values[number], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name not in RECURRENT])
def test_clicks_change_the_frames_that_claim_their_times(name):
    """In each layer before which nothing looks at the whole sound; the other click keeps level and peak as they are."""
    model, waves = tiny(name), noise(CARDS[name])
    clicked = np.repeat(waves, 2, axis=0)
    moments = 0.52, 1.37
    for wave, moment in zip(clicked, moments, strict=True):
        wave[round(moment * model.rate)] += 0.5
    local = [layer for layer in model.layers if layer.startswith(LOCAL)]
    if config_of(CARDS[name]).get("input") == "codec":
        local.remove("embedding")  # a recurrence lies before it
    heard = model.represent(clicked)
    for layer in local:
        values, times = heard[layer]
        frame = np.diff(times).mean() if len(times) > 1 else 2.0
        change = np.abs(values[1] - values[0]).sum(axis=1)
        change[change < 0.05 * change.max()] = 0
        if name in EACH_NORMALISED:
            change = change > 0  # by how much tells where in a frame a click is, not when the frame is
        for moment, half in zip(moments, (times < 0.945, times >= 0.945), strict=True):
            if half.sum() > 2:
                assert abs(np.average(times[half], weights=change[half]) - moment) <= max(frame, 0.002), layer


@pytest.mark.parametrize("name", CASES)
def test_shortest_sound_is_heard_and_a_shorter_one_refused(name):
    model = tiny(name)
    sound = noise(CARDS[name])[0]
    count = round(model.shortest * model.rate)
    assert all(len(times) > 0 for times in model.activations(sound[:count], model.rate).times.values())
    with pytest.raises(ValueError, match="at least"):
        model.activations(sound[: count - 1], model.rate)


@pytest.mark.parametrize("name", CUT)
def test_longer_sounds_are_cut_at_the_published_length(name):
    model, network = tiny(name), architectures.outlined(architectures.family_of(CARDS[name]), config_of(CARDS[name]))
    waves = noise(CARDS[name], seconds=1.5 * network.longest / model.rate)
    whole = model.represent(waves)
    parts = [model.represent(waves[:, : network.longest]), model.represent(waves[:, network.longest :])]
    for layer, (values, times) in whole.items():
        np.testing.assert_allclose(values, np.concatenate([part[layer].values for part in parts], axis=1), atol=1e-5)
        assert (np.diff(times) > 0).all()
        assert times[-1] < waves.shape[1] / model.rate
    for times in model.activations(waves[0], model.rate).times.values():
        gaps = np.diff(times)
        assert times[-1] < waves.shape[1] / model.rate
        assert (gaps > 0).all()
        assert gaps.max() < 2.1 * np.median(gaps)  # no frame is lost where windows meet


def test_only_sound_has_frames():
    """AudioMAE and CochDNN fill up short sounds with silence, which is not given."""
    for name in ("audiomae", "cochresnet50-word", "cochcnn9-word"):
        for layer, (_, times) in tiny(name).represent(noise(CARDS[name], seconds=0.7)).items():
            assert times[-1] < 0.7 + (0.16 if name == "audiomae" else 0.1), (name, layer)


@pytest.mark.parametrize(
    ("name", "layers"), [("crepe-tiny", ["conv.1", "conv.6", "pitch"]), ("silero-vad", ["conv.2", "conv.3", "conv.4"])]
)
def test_time_of_a_frame_is_the_middle_of_the_samples_it_depends_on(name, layers):
    card = CARDS[name]
    network = architectures.drawn(architectures.family_of(card), config_of(card), 0)
    wave = torch.from_numpy(noise(card, 0.5)).requires_grad_()
    for layer in layers:
        values, when = network(wave)[layer]
        frame = values.shape[1] // 2
        seen = torch.autograd.grad(values[0, frame].sum(), wave)[0][0].nonzero()[:, 0]
        middle = (seen[0] + seen[-1] + 1).item() / 2
        assert abs(middle - when.times(frame + 1, 1)[-1]) < 16, layer  # 1 ms


def test_recurrent_frames_of_a_speaker_come_from_the_window_with_most_sound_before_them():
    card = CARDS["resemblyzer"]
    network = architectures.drawn(resemblyzer, config_of(card), 0)
    wave = torch.from_numpy(noise(card, 4.0))
    loud = wave * 10**-1.5 / wave.square().mean().sqrt()
    starts = resemblyzer.partials(64000)
    assert starts == [0, 77, 154, 231]
    power = spectra.stft(functional.pad(loud, (0, 391 * 160 - 64000)), 400, 160, pad="constant") ** 2
    bands = spectra.mel(power, 40, 16000, 0.0, 8000.0, scale="slaney", area=True)
    with torch.inference_mode():
        layers = network(wave)
        frames, times = layers["lstm.3"][0][0], layers["lstm.3"][1].times(391, 16000)
        for first, start in zip((0, 160, 237, 314), starts, strict=True):
            window, (last, _) = network.lstm(bands[:, start : start + 160])
            torch.testing.assert_close(frames[first : start + 160], window[0, first - start :], atol=1e-5, rtol=1e-4)
            speaker = functional.normalize(torch.relu(network.linear(last[-1])), dim=1)
            torch.testing.assert_close(layers["speaker"][0][:, start // 77], speaker, atol=1e-5, rtol=1e-4)
    assert times[160] == pytest.approx(1.6)


def test_click_is_in_the_spectra_that_claim_its_time():
    wave = torch.zeros(1, 8000)
    wave[0, 3210] = 1
    inside = spectra.framed(wave, torch.hann_window(400), 160, 512)[0].sum(dim=1)
    around = spectra.stft(wave, 512, 160)[0].sum(dim=1)
    kaldi = spectra.kaldi(wave, length=400, hop=160)[0].sum(dim=1)
    for levels, when in (
        (inside, clock.windowed(400, 160)),
        (around, clock.centred(160)),
        (kaldi, clock.windowed(400, 160)),
    ):
        assert abs(when.times(len(levels), 16000)[levels.argmax()] - 3210 / 16000) <= 80 / 16000


def test_clock_counts_strides_and_paddings():
    one = clock.windowed(400, 160)
    assert one.times(3, 16000) == pytest.approx([0.0125, 0.0225, 0.0325])
    assert one.then(16, 16).times(2, 16000) == pytest.approx([0.0875, 0.2475])
    assert clock.centred(10).then(3, 1, 1) == clock.centred(10)
    assert clock.pooled(100).times(1, 10) == pytest.approx([5.0])
    assert clock.same(390, 14, 3) == (5, 6)
    assert clock.same(36, 4, 2) == (1, 1)


# cochleagram


def test_cochlear_filters_pass_everything_once():
    gains = cochdnn.filters()
    assert gains.shape == (211, 20001)
    np.testing.assert_allclose((gains**2).sum(dim=0), 1, atol=1e-5)


def test_tone_excites_its_own_filter():
    centres = cochdnn.frequencies()
    for number in (40, 101, 160):
        wave = torch.sin(2 * np.pi * centres[number] / 20000 * torch.arange(40000, dtype=torch.float64)).float()
        pattern = cochdnn.cochleagram(wave).mean(dim=1)
        assert pattern.shape == (211,)
        assert abs(int(pattern.argmax()) - cochdnn.SAMPLING - number) <= 1
        assert pattern.max() == pytest.approx((0.5 * cochdnn.SAMPLING**-0.5) ** 0.3, rel=0.01)


def test_level_does_not_matter_to_what_is_heard_at_one_level():
    model = tiny("cochcnn9-word")
    waves = noise(CARDS["cochcnn9-word"])
    loud, soft = model.represent(20 * waves), model.represent(waves)
    for layer in model.layers:
        np.testing.assert_allclose(loud[layer].values, soft[layer].values, rtol=1e-3, atol=1e-4)


# chunks


@pytest.mark.parametrize("frames", [7, 49, 50, 51, 100, 333])
def test_chunks_put_together_again_are_the_frames(frames):
    network = sepformer.build({**sepformer.DEFAULTS, **SIZES["sepformer"]})
    state = torch.randn(2, 16, frames)
    chunks = network._chunked(state)
    assert chunks.shape[2] == 50
    torch.testing.assert_close(network._merged(chunks, frames), state.transpose(1, 2))
