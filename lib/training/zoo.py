"""How the small models of this book get into data/zoo.

Comes in: a recipe with the diets it asks for. Goes out: freshly trained weights in the folder where
``lib.models.loaders.zoo`` finds them.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from lib.ground import cache_folder, fingerprint
from lib.models.loaders import checkpoints
from lib.models.loaders.zoo import FILES, FOLDER
from lib.training.loop import Diet, Work
from lib.training.recipes import Recipe


def train(recipe: Recipe, diets: list[Diet], *, shelf: Path | None = None) -> Path:
    """Train a small model, from where an interrupted training of the same recipe stopped.

    Parameters
    ----------
    recipe : Recipe
        What to make.
    diets : list of Diet
        Those the recipe names, in its order.
    shelf : path, optional
        Folder in which the model's own folder is made, or replaced. Default: data/zoo.

    Returns
    -------
    pathlib.Path
        The model's folder.
    """
    sounds = [fingerprint(*(clip.samples.tobytes() for clip in diet.train + diet.held_out)) for diet in diets]
    start = [checkpoints.fingerprint_of((shelf or FOLDER) / recipe.start / FILES[1])] if recipe.start else []
    key = fingerprint(repr(asdict(recipe)), *sounds, *start)
    facts = asdict(recipe) | {"diets": {diet.name: _described(diet) for diet in diets}, "seed": recipe.schedule.seed}
    facts["schedule"]["kept"] = list(recipe.schedule.kept)
    work = Work(cache_folder() / "training" / f"{recipe.name}-{key}", (shelf or FOLDER) / recipe.name, facts, key)
    import_module(f"lib.training.{recipe.kind}").run(recipe, diets, work)
    return work.target


def _described(diet) -> dict:
    sizes = {name: len(clips) for name, clips in (("train", diet.train), ("held_out", diet.held_out))}
    seconds = round(sum(len(clip.samples) for clip in diet.train) / 16_000)
    return {"sources": dict(diet.sources), "sounds": sizes, "seconds_of_training_sound": seconds}
