"""Audio-language models: what the layers of a language model hold while it listens.

Comes in: the roster's card of an audio language model, or a folder with its checkpoint. Goes out: a ``Model`` whose
layers are those of the language decoder, at the positions of the audio tokens only. No tokenizer is needed: the input
is a short prompt of token numbers (`prompt` in the card, else the model's own first token, else nothing), then what the
audio encoder and its projector made of the sound. The decoder is causal, so nothing after the sound could matter.

``embedding`` is the projected audio as it enters the first block, ``layer.k`` the output of block k; the last one has
passed the final norm, as everywhere in transformers. Tokens that stand for padding are dropped. Times are centres of
the audio that a token sees first-hand, before any attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from lib.ground import DamagedData, MissingData, WrongUse, unknown
from lib.models.activations import Frames
from lib.models.extraction import Model
from lib.models.loaders import checkpoints, networks
from lib.models.loaders.audio_tokens import DESIGNS, RATE, Design, centred
from lib.models.revisions import revision

SHORTEST = 0.1  # seconds
PARTS = ("decoder", "encoder")


def load(card: Mapping, seed: int | None = None, *, part: str = "decoder") -> Model:
    """Make the audio language model of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster.
    seed : int, optional
        Take random weights from this seed, in the published size, instead of a checkpoint.
    part : str
        "decoder", or "encoder" for the blocks of its audio encoder (layers ``encoder.embedding``, ``encoder.1``, ...).

    Raises
    ------
    lib.ground.MissingData
        If the checkpoint is not on this machine.
    """
    if seed is None:
        return _of_folder(checkpoints.find(card), card, part)
    config = checkpoints.configured(_class(_design(card).config), card.get("config", {}), card)

    def build():
        kind = _class(_design(card).network)
        return _ready(networks.untrained(lambda: kind(config), seed))

    return _model(card, config, build, part)


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Where the weights of a roster card lie, and those of the models it may borrow from; untrained twins have none."""
    return [] if seed is not None else _places(checkpoints.find(card), card)


def from_folder(folder: str | Path, card: Mapping, *, part: str = "decoder") -> Model:
    """Make an audio language model from a folder written by ``save_pretrained``.

    Parameters
    ----------
    folder : path
        Holds config.json and the weights as safetensors.
    card : mapping
        `name` and `architecture` (one of ``DESIGNS``) are needed, `prompt` (list of token numbers) is used.
    part : str
        See ``load``.

    Returns
    -------
    Model
        Weights are read when it first represents a sound.
    """
    folder = Path(folder)
    mark = revision(card | {"part": part}, None, _places(folder, card), __name__)
    return replace(_of_folder(folder, card, part), revision=mark)


def _of_folder(folder: Path, card, part) -> Model:
    config = _read_config(folder, card)
    borrowed = {name: checkpoints.find(other) for name, other in _lenders(folder, card).items()}
    return _model(card, config, lambda: _trained(card, config, folder, borrowed), part)


def _places(folder: Path, card) -> list[Path]:
    """Folder of a checkpoint, and those of the models it may borrow from which are on this machine."""
    from lib.models.cards import card as card_of

    places = [folder]
    for name in card.get("borrows", {}).values():
        with suppress(MissingData):
            places.append(checkpoints.find(card_of(name)))
    return places


def _lenders(folder, card) -> dict[str, dict]:
    """Cards of the models whose weights a checkpoint leaves out: {part of the network: card}."""
    if "borrows" not in card:
        return {}
    from lib.models.cards import card as card_of
    from lib.models.loaders.speech_decoders import ours

    kind = _class(_design(card).network)
    held = {ours(kind, key).split(".")[0] for key in checkpoints.keys(folder)}
    return {part: card_of(name) for part, name in card["borrows"].items() if part not in held}


def _model(card, config, build, part) -> Model:
    if part not in PARTS:
        raise unknown("part of an audio language model", part, PARTS)
    design, network = _design(card), cache(build)
    layers = _decoder_layers(config) if part == "decoder" else _encoder_layers(config, design)
    prompt = _prompt(card, config)

    def represent(waves: np.ndarray) -> dict[str, Frames]:
        import torch

        with torch.inference_mode():
            if part == "encoder":
                return _encoded(network(), design, waves, layers)
            return _decoded(network(), design, waves, layers, prompt)

    def describe(layer: str):
        import pandas as pd

        return pd.DataFrame({"unit": range(layers[layer])})

    window = 0.02 * getattr(getattr(config, design.audio), "max_source_positions", 1500)
    context = min(4.0, window / 4)
    return Model(card["name"], RATE, layers, SHORTEST, represent, describe, window=window, context=context)


def _decoder_layers(config) -> dict[str, int]:
    text = config.text_config
    return {"embedding": text.hidden_size} | {f"layer.{k + 1}": text.hidden_size for k in range(text.num_hidden_layers)}


def _encoder_layers(config, design) -> dict[str, int]:
    audio = getattr(config, design.audio)
    names = ["embedding", *range(1, audio.num_hidden_layers + 1)]
    return {f"encoder.{name}": audio.hidden_size for name in names}


def _prompt(card, config) -> tuple[int, ...]:
    """Token numbers before the sound: the card's, else the token every text of this model begins with, if any."""
    first = getattr(config.text_config, "bos_token_id", None)
    prompt = tuple(card.get("prompt", () if first is None else (first,)))
    last = config.text_config.vocab_size - 1
    if any(not 0 <= token <= last for token in prompt):
        raise WrongUse(f"prompt of {card['name']} is {list(prompt)}; every token must be from 0 to {last}")
    return prompt


def _decoded(network, design, waves, layers, prompt) -> dict[str, Frames]:
    """Hidden states of the language model at the audio tokens."""
    import torch

    count = design.count(waves.shape[1], design.step, design.offset)
    audio = design.hear(network, waves)[:, :count]  # (sounds, tokens, width)
    before = network.get_input_embeddings()(torch.tensor(prompt, dtype=torch.long, device=audio.device))
    sequence = torch.cat([before.expand(len(audio), -1, -1), audio], dim=1)
    states = network.language_model(inputs_embeds=sequence, output_hidden_states=True, use_cache=False).hidden_states
    times = design.offset + design.step * np.arange(audio.shape[1])
    return {name: _frames(state[:, len(prompt) :], times) for name, state in zip(layers, states, strict=True)}


def _encoded(network, design, waves, layers) -> dict[str, Frames]:
    """Input of the first block of the audio encoder and outputs of all blocks; the language model does not run."""
    with _listening(design.encoder(network)) as states:
        design.hear(network, waves)
    step, offset = design.clock
    states = [_joined(pieces, len(waves)) for pieces in states]
    count = min(centred(waves.shape[1], step, offset), states[0].shape[1])
    states, times = [state[:, :count] for state in states], offset + step * np.arange(count)
    return {name: _frames(state, times) for name, state in zip(layers, states, strict=True)}


@contextmanager
def _listening(blocks):
    """Collect the inputs of the first block and the outputs of every block, one for each window."""
    states = [[] for _ in range(len(blocks) + 1)]

    def before(module, args, kwargs):
        states[0].append(args[0] if args else kwargs["hidden_states"])

    def after(module, args, output, place):
        states[place].append(output[0] if isinstance(output, tuple) else output)

    hooks = [blocks[0].register_forward_pre_hook(before, with_kwargs=True)]
    hooks += [block.register_forward_hook(partial(after, place=k + 1)) for k, block in enumerate(blocks)]
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()


def _joined(pieces, sounds):
    """Windows (any number of sounds and frames, units) one after the other: (sounds, frames, units)."""
    import torch

    return torch.cat([piece.reshape(sounds, -1, piece.shape[-1]) for piece in pieces], dim=1)


def _frames(state, times) -> Frames:
    return Frames(state.float().cpu().numpy(), times)


def _design(card) -> Design:
    if card["architecture"] not in DESIGNS:
        raise unknown(f"architecture of the audio language model {card['name']}", card["architecture"], DESIGNS)
    return DESIGNS[card["architecture"]]


def _class(name: str):
    import transformers

    found = getattr(transformers, name, None)
    if found is None:  # our module imports networks: seconds that reading a configuration must not cost
        from lib.models.loaders import speech_decoders

        found = getattr(speech_decoders, name)
    return found


def _read_config(folder: Path, card):
    """Configuration of a checkpoint; where the published one only points to others' sizes, the card has them."""
    path = folder / "config.json"
    facts, kind = checkpoints.facts_of(path), _class(_design(card).config)
    if kind.__module__.startswith("transformers"):
        return checkpoints.configured(kind, facts.get("thinker_config", facts), path)
    return checkpoints.configured(kind, card.get("config", {}) | facts, path)


def _trained(card, config, folder, borrowed):
    """Weights of a checkpoint and of the models it borrows from."""
    from transformers import AutoModel

    kind = _class(_design(card).network)
    names = getattr(kind, "NAMES", None)
    network = networks.trained(kind, folder, spare=borrowed, config=config, key_mapping=names)
    for part, place in borrowed.items():
        whole = networks.trained(AutoModel, place, spare=("pooler", "decoder"))
        setattr(network, part, getattr(whole, "encoder", whole))
    _adapt(network, folder)
    return _ready(network)


def _adapt(network, folder):
    """Add the low-rank adapter that lies beside some checkpoints: weight + alpha / rank * B A (Hu et al. 2021)."""
    import torch

    if not (folder / "adapter_config.json").exists() or any("lora_" in name for name, _ in network.named_parameters()):
        return
    facts = checkpoints.facts_of(folder / "adapter_config.json", "lora_alpha", "r")
    pairs = checkpoints.state_dict(folder / "adapter_model.safetensors")
    try:
        with torch.no_grad():
            for name in (name for name in pairs if name.endswith(".lora_A.weight")):
                down, up = pairs[name].float(), pairs[name.replace("lora_A", "lora_B")].float()
                place = name.split(".layers.")[1].removesuffix(".lora_A.weight")
                weight = network.language_model.get_parameter(f"layers.{place}.weight")
                weight += facts["lora_alpha"] / facts["r"] * (up @ down)  # (out, rank) @ (rank, in)
    except (LookupError, TypeError, ArithmeticError, AttributeError, RuntimeError) as error:
        line = f"{type(error).__name__}: {error}"
        raise DamagedData(f"the adapter in {folder} does not fit the language model: {line:.200}") from error


def _ready(network):
    network.visual = None  # some also see; nothing here does
    return networks.ready(network)
