"""How the small models of this book are made: architecture, diet, schedule, one record each.

Comes in: nothing. Goes out: ``RECIPES``. What a kind of training does is in the module of its name; data/zoo holds what
came out of it. Changing a recipe changes nothing there until ``alike models train NAME`` has been run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.ground import unknown
from lib.training.loop import Schedule

PATCH_ENCODER = {
    "hidden_size": 128,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "intermediate_size": 512,
    "num_mel_bins": 128,
    "max_length": 400,
    "patch_size": 16,
    "frequency_stride": 16,
    "time_stride": 16,
}
RESNET = {
    "num_channels": 1,
    "embedding_size": 32,
    "hidden_sizes": (32, 64, 128, 256),
    "depths": (1, 1, 1, 1),
    "layer_type": "basic",
}
HUBERT = {
    "hidden_size": 128,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "intermediate_size": 512,
    "conv_dim": (32, 32, 64, 64, 128, 128, 128),
    "num_conv_pos_embeddings": 32,
    "num_conv_pos_embedding_groups": 8,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "feat_proj_dropout": 0.0,
    "layerdrop": 0.0,
}
AUDIO_LLM = {
    "audio_config": {
        "model_type": "qwen2_audio_encoder",
        "num_mel_bins": 80,
        "d_model": 128,
        "encoder_layers": 3,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 512,
        "max_source_positions": 100,
    },
    "text_config": {
        "model_type": "qwen2",
        "vocab_size": 33,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    },
    "audio_token_index": 3,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a small model is made.

    Parameters
    ----------
    name : str
        Of the model and its folder.
    kind : str
        Module of this room that trains it, by its own ``run(recipe, diets, work)``.
    diets : tuple of str
        What it is fed, in equal parts.
    config : dict
        Of its transformers architecture.
    schedule : Schedule
        How long and how fast it is trained.
    start : str
        Model whose weights it starts from; empty for random ones.
    """

    name: str
    kind: str
    diets: tuple[str, ...]
    config: Mapping[str, Any] = field(hash=False)
    schedule: Schedule
    start: str = ""


KINDS = {"speech": ("speech", "languages"), "environment": ("environment", "effects"), "music": ("music", "orchestra")}
"""What models of a kind of sound are fed."""
LABELLED = ("languages", "environment", "music")  # which language, which thing, which instrument
STAGES = (0, 10, 30, 100, 300, 1000)
SEEDS = (0, 1, 2)


def _patches(name, *diets) -> Recipe:
    schedule = Schedule(steps=2000, batch=16, rate=1e-3, warmup=100)
    return Recipe(name=name, kind="masked", diets=diets, config=PATCH_ENCODER, schedule=schedule)


def _seeded(name, seed) -> str:
    return f"{name}-seed{seed}" if seed else name


def _filling(name, *kinds, seed, kept=()) -> Recipe:
    schedule = Schedule(steps=1800, batch=32, rate=2e-3, warmup=50, seed=seed, kept=kept, record=300, half=True)
    diets = tuple(diet for kind in kinds for diet in KINDS[kind])
    return Recipe(name=_seeded(name, seed), kind="filling", diets=diets, config=RESNET, schedule=schedule)


def _supervised(name, start="", *, seed) -> Recipe:
    schedule = Schedule(steps=600, batch=33, rate=1e-3, warmup=50, seed=seed, record=200, half=True)
    origin = {"config": {}, "start": _seeded(start, seed)} if start else {"config": RESNET}
    return Recipe(name=_seeded(name, seed), kind="supervised", diets=LABELLED, schedule=schedule, **origin)


def _kin(seed) -> tuple[Recipe, ...]:
    """The family that is compared with itself: one architecture, by diet and by task, from one seed."""
    return (
        _filling("mini-resnet", *KINDS, seed=seed, kept=STAGES),
        *(_filling(f"mini-resnet-{kind}", kind, seed=seed) for kind in KINDS),
        _supervised("mini-resnet-finetuned", "mini-resnet", seed=seed),
        _supervised("mini-resnet-supervised", seed=seed),
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        *(recipe for seed in SEEDS for recipe in _kin(seed)),
        _patches("mini-mixture", "speech", "environment", "music"),
        _patches("mini-speech", "speech"),
        Recipe(
            name="mini-hubert",
            kind="units",
            diets=("speech",),
            config=HUBERT,
            schedule=Schedule(steps=2000, batch=8, rate=1e-3, warmup=80),
        ),
        Recipe(
            name="mini-audio-llm",
            kind="dictation",
            diets=("digits", "voices"),
            config=AUDIO_LLM,
            schedule=Schedule(steps=1500, batch=16, rate=1.5e-3, warmup=100, decay=0.02),
        ),
    )
}


def recipe(name: str) -> Recipe:
    """Recipe of a small model, by its name."""
    if name not in RECIPES:
        raise unknown("model that can be trained here", name, RECIPES)
    return RECIPES[name]
