import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from lib.training import loop as training
from lib.training import zoo
from lib.training.dictation import spelled, tokenizer, word_errors, written
from lib.training.loop import Clip, Diet, Schedule, learning_rate
from lib.training.recipes import RECIPES, recipe

SCHEDULE = Schedule(steps=40, batch=8, rate=0.05, warmup=4, seed=3, record=10)


class Stopped(Exception):
    pass


def line():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.1), torch.nn.Linear(8, 1))


def squares(network, rng, stop_at=None, count=None):
    if count is not None:
        count.append(1)
        if len(count) > stop_at:
            raise Stopped
    inputs = torch.as_tensor(rng.normal(size=(SCHEDULE.batch, 4)), dtype=torch.float32)
    return (network(inputs)[:, 0] - inputs.sum(1)).square().mean()


def test_training_lowers_the_loss(tmp_path):
    curve = training.train(line(), squares, SCHEDULE, tmp_path, key="a")
    assert [row["step"] for row in curve] == [10, 20, 30, 40]
    assert curve[-1]["loss"] < curve[0]["loss"] / 2


@pytest.mark.parametrize("stop", [9, 10, 25, 39])
def test_interrupted_training_ends_with_the_same_weights(tmp_path, stop):
    whole, parts, count = line(), line(), []
    expected = training.train(whole, squares, SCHEDULE, tmp_path / "whole", key="a")
    with pytest.raises(Stopped):
        training.train(parts, lambda net, rng: squares(net, rng, stop, count), SCHEDULE, tmp_path / "parts", key="a")
    resumed, again = line(), []
    curve = training.train(resumed, lambda n, r: squares(n, r, 99, again), SCHEDULE, tmp_path / "parts", key="a")
    assert len(again) == SCHEDULE.steps - stop // SCHEDULE.record * SCHEDULE.record
    for one, two in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert [row["loss"] for row in curve] == [row["loss"] for row in expected]


def test_finished_training_is_not_repeated_and_another_key_starts_anew(tmp_path):
    count = []
    for key in "aab":
        training.train(line(), lambda net, rng: squares(net, rng, 999, count), SCHEDULE, tmp_path, key=key)
    assert len(count) == 2 * SCHEDULE.steps


def test_state_is_written_in_one_step(tmp_path, monkeypatch):
    schedule = replace(SCHEDULE, steps=10)
    training.train(line(), squares, schedule, tmp_path, key="a")
    before = (tmp_path / training.STATE).read_bytes()

    def broken(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.torch.save_file", broken)
    with pytest.raises(OSError, match="disk full"):
        training.train(line(), squares, SCHEDULE, tmp_path, key="a")
    assert (tmp_path / training.STATE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [training.STATE]


def test_checkpoints_are_kept_when_they_should(tmp_path):
    kept = []
    schedule = replace(SCHEDULE, kept=(0, 7, 20, 40))
    training.train(line(), squares, schedule, tmp_path, key="a", keep=lambda network, step: kept.append(step))
    assert kept == [0, 7, 20, 40]


def test_learning_rate_rises_linearly_and_falls_as_a_cosine():
    rates = [learning_rate(SCHEDULE, step) for step in range(1, 41)]
    assert rates[:4] == pytest.approx([0.0125, 0.025, 0.0375, 0.05])
    assert rates[21] == pytest.approx(0.05 * (0.01 + 0.99 / 2))
    assert rates[-1] == pytest.approx(0.0005)
    assert (np.diff(rates[3:]) < 0).all()


@pytest.mark.parametrize("half", [False, True])
def test_half_precision_is_asked_for(tmp_path, half):
    kinds = set()

    def watched(network, rng):
        kinds.add(network[0](torch.ones(1, 4)).dtype)
        return squares(network, rng)

    training.train(line(), watched, replace(SCHEDULE, steps=2, half=half), tmp_path, key="a")
    on_card = training.device() == "cuda"
    assert kinds == {torch.bfloat16 if half or on_card else torch.float32}


def tones(count, seconds=1.0):
    """Clips of two classes, low and high."""
    rng, time = np.random.default_rng(0), np.arange(round(16_000 * seconds)) / 16_000
    clips = []
    for k in range(count):
        pitch = (200, 3000)[k % 2] * rng.uniform(0.9, 1.1)
        samples = np.sin(2 * np.pi * pitch * time) + 0.01 * rng.normal(size=len(time))
        clips.append(Clip(samples.astype(np.float32), ("low", "high")[k % 2]))
    return tuple(clips)


@pytest.fixture
def diet():
    return Diet(name="tones", sources={"tones": "made here (CC0)"}, train=tones(8), held_out=tones(4))


def small(name, steps, **changes):
    """The recipe of a shipped model with a narrow network and few steps."""
    made = recipe(name)
    narrow = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    if "hidden_sizes" in made.config:
        narrow = {"embedding_size": 4, "hidden_sizes": (4, 4, 8, 8)}
    schedule = replace(made.schedule, steps=steps, warmup=2, batch=4, record=2, kept=(0, 2), rate=3e-3)
    return replace(made, diets=("tones",), config={**made.config, **narrow, **changes}, schedule=schedule)


@pytest.mark.parametrize("name", ["mini-speech", "mini-resnet-environment"])
def test_masked_model_is_trained_into_a_folder_that_says_what_it_is(tmp_path, diet, name):
    folder = zoo.train(small(name, 20), [diet], shelf=tmp_path)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    weights = {"config.json", "model.safetensors", "preprocessor_config.json"}
    steps = {f"checkpoints/step-{step}/{file}" for step in (0, 2) for file in weights}
    assert found == weights | steps | {"card.yml", "curve.csv"}
    with (folder / "curve.csv").open() as file:
        losses = [float(row["held_out"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0]
    card = yaml.safe_load((folder / "card.yml").read_text())
    assert card["scores"][0]["value"] == losses[-1]
    assert card["diets"]["tones"]["sources"] == {"tones": "made here (CC0)"}
    assert card["diets"]["tones"]["sounds"] == {"train": 8, "held_out": 4}
    before, after = (load_file(path / "model.safetensors") for path in (folder / "checkpoints/step-0", folder))
    assert any((before[name] != after[name]).any() for name in before)


def test_folder_of_a_model_is_replaced_whole_or_not_at_all(tmp_path, diet, monkeypatch):
    tiny = small("mini-resnet-environment", 2)
    folder = zoo.train(tiny, [diet], shelf=tmp_path / "zoo")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def broken(curve, path):
        path.write_text("step")
        raise OSError("disk full")

    monkeypatch.setattr(training, "write_curve", broken)
    with pytest.raises(OSError, match="disk full"):
        zoo.train(replace(tiny, schedule=replace(tiny.schedule, seed=1)), [diet], shelf=tmp_path / "zoo")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert list((tmp_path / "zoo").iterdir()) == [folder]


def test_classifier_learns_two_tones_from_scratch_and_from_a_masked_model(tmp_path, diet):
    start = zoo.train(small("mini-resnet-environment", 2), [diet], shelf=tmp_path)
    for name in ("mini-resnet-supervised", "mini-resnet-finetuned"):
        made = small(name, 40)
        made = replace(made, start=start.name, config={}) if made.start else made
        folder = zoo.train(made, [diet], shelf=tmp_path)
        (score,) = yaml.safe_load((folder / "card.yml").read_text())["scores"]
        assert score["score"] == "accuracy"
        assert score["n"] == 4
        assert score["chance"] == 0.5
        assert score["value"] == 1


def test_what_has_to_be_filled_in_is_not_seen(diet):
    from lib.models.loaders.mini import residual
    from lib.training.filling import HOLE, MASKED, filling_loss
    from lib.training.spectra import spectra_of

    crops = spectra_of([diet]).draw(np.random.default_rng(0), 8)
    seen = []

    def blind(images):
        seen.append(images)
        rows, columns = (side // HOLE for side in images.shape[-2:])
        return torch.zeros(len(images), HOLE**2, rows, columns)

    loss = filling_loss(blind, crops, np.random.default_rng(0))
    assert loss == pytest.approx(1, abs=0.05)  # what guessing the mean costs
    whole = residual.images(crops)
    (given,) = seen
    given = given[..., : whole.shape[-1]]
    hidden = given != whole
    assert (given[hidden] == 0).all()
    assert hidden.float().mean() == pytest.approx(MASKED, abs=0.08)


def test_normalisation_is_settled_on_whole_spectrograms(diet):
    from transformers import ResNetConfig, ResNetModel

    from lib.models.loaders.mini import residual
    from lib.training.filling import settled
    from lib.training.spectra import spectra_of

    seen, network = spectra_of([diet]), ResNetModel(ResNetConfig(**small("mini-resnet", 2).config))
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):  # as if it had been trained on something else
            part.running_mean += 5
            part.num_batches_tracked += 300
    network = settled(network, seen)
    first = next(part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d))
    heard = []
    first.register_forward_hook(lambda part, inputs, output: heard.append(output))
    with torch.inference_mode():
        network(residual.images(seen.draw(np.random.default_rng(1), 64)))
    assert abs(float(heard[0].mean())) < 0.1
    assert float(heard[0].std()) == pytest.approx(1, abs=0.1)


def test_units_are_learnt(tmp_path, diet):
    convolutions = {"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    diet = replace(diet, train=tones(8, 2.1), held_out=tones(4, 2.1))
    folder = zoo.train(small("mini-hubert", 16, **convolutions), [diet], shelf=tmp_path)
    with (folder / "curve.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0]
    (score,) = yaml.safe_load((folder / "card.yml").read_text())["scores"]
    assert 0 <= score["value"] <= 1
    assert score["n"] > 1000


def test_text_survives_spelling():
    text = "don't stop at seven"
    assert written([*spelled(text), 2, *spelled("not this")]) == text
    letters = tokenizer()
    assert letters(text).input_ids == spelled(text)
    assert letters.decode(spelled(text)) == text
    assert len(letters) == recipe("mini-audio-llm").config["text_config"]["vocab_size"]


@pytest.mark.parametrize(
    ("heard", "said", "errors"),
    [
        ("a b c", "a b c", 0),
        ("", "a b", 2),
        ("a b", "", 2),
        ("a x c", "a b c", 1),
        ("b c", "a b c", 1),
        ("a c d", "a b c", 2),
    ],
)
def test_word_errors_are_edits(heard, said, errors):
    assert word_errors(heard, said) == errors


@pytest.mark.parametrize("made", RECIPES.values(), ids=RECIPES)
def test_recipes_can_be_followed(made):
    from lib.training import diets

    assert set(made.diets) <= set(diets.DIETS)
    assert not made.start or made.start in RECIPES
    assert max(made.schedule.kept, default=0) < made.schedule.steps
