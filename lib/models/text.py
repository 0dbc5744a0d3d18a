"""Models that read: what words mean to a machine, layer by layer.

Comes in: a ``LanguageModel``, which its loaders fill in, and texts. Goes out: ``text_states``, every layer at every
token with the characters it stands for; and ``sound_words``, one vector a layer for the name of each sound, read in
"the sound of ..." and averaged over the tokens of the name (Ngo & Kim 2024, arXiv 2402.16998, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.ground import WrongUse, fingerprint
from lib.models import storage

TEMPLATE = "the sound of {}"


class TextStates(NamedTuple):
    """One text as read: `layers` {name: float32 (tokens, units)} and `spans` (tokens, 2), first and last + 1 character.

    Tokens that stand for no character (beginning, end) have the span (0, 0).
    """

    layers: dict[str, np.ndarray]
    spans: np.ndarray

    def over(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Average over the tokens that share at least one character with start:stop: {layer: (units,)}.

        Raises
        ------
        ValueError
            If no token does.
        """
        inside = (self.spans[:, 0] < stop) & (self.spans[:, 1] > start)
        if not inside.any():
            raise ValueError(f"no token of the text has characters from {start} to {stop}")
        means = {name: values[inside].mean(axis=0, dtype=np.float64) for name, values in self.layers.items()}
        return {name: mean.astype(np.float32) for name, mean in means.items()}


@dataclass(frozen=True)
class LanguageModel:
    """A model that reads, as the book needs it: texts in, layers out.

    Parameters
    ----------
    name : str
        Name in the roster.
    layers : mapping of str to int
        Its layers in order, with their number of units.
    read : callable
        List of texts to a list of ``TextStates``.
    context : bool
        Whether the words around a word change what it is to the model.
    revision : str
        Changes whenever the numbers may; ``lib.models.load_language`` fills it in. Without one, nothing is cached.
    """

    name: str
    layers: Mapping[str, int]
    read: Callable[[Sequence[str]], list[TextStates]]
    context: bool = True
    revision: str = ""


def text_states(model: LanguageModel, texts: Sequence[str]) -> list[TextStates]:
    """Every layer at every token of every text, in context.

    Parameters
    ----------
    model : LanguageModel
        From ``load``.
    texts : sequence of str
        Each as long as the model can read at once.

    Returns
    -------
    list of TextStates
        In the order of `texts`.

    Raises
    ------
    ValueError
        If a text is empty, or has more tokens than the model reads; the message says which.
    """
    if isinstance(texts, str):
        raise WrongUse("`texts` is one text; expected a list of texts")
    for number, text in enumerate(texts):
        if not text.strip():
            raise ValueError(f"text {number} is empty")
    return model.read(list(texts))


def sound_words(
    model: LanguageModel, names: Sequence[str], template: str = TEMPLATE, *, cache: bool = True
) -> dict[str, np.ndarray]:
    """One vector a layer for the name of each sound: the average over the name's tokens inside a sentence.

    Parameters
    ----------
    model : LanguageModel
        From ``load``.
    names : sequence of str
        What makes the sound: "dog", "acoustic guitar". A token that only partly belongs to the name counts.
    template : str
        Sentence with {} where the name goes. Static embeddings do not read it: theirs is the average over the words
        of the name.
    cache : bool
        Read from disk what was computed before, and write what was missing or damaged.

    Returns
    -------
    dict of str to float32 array (words, units)
        One entry per layer, rows in the order of `names`.
    """
    if template.count("{}") != 1:
        raise WrongUse(f"template {template!r} must hold {{}} exactly once: the place of the name")
    if isinstance(names, str) or not names or not all(name.strip() for name in names):
        raise WrongUse("`names` must be a list of at least one name, none of them empty")
    before, after = template.split("{}") if model.context else ("", "")
    files = _files(model, before, after, names) if cache else dict.fromkeys(names)
    rows = {name: storage.read(path, model.layers) if path else None for name, path in files.items()}
    missing = [name for name, row in rows.items() if row is None]
    states = model.read([before + name + after for name in missing]) if missing else []
    for name, state in zip(missing, states, strict=True):
        rows[name] = state.over(len(before), len(before) + len(name))
        if files[name]:
            storage.write(files[name], [rows[name]])
    return {layer: np.stack([rows[name][layer] for name in names]) for layer in model.layers}


def _files(model, before, after, names) -> dict[str, Path]:
    shelf = storage.shelf(model.name, model.revision, model.layers, "words")
    return {name: shelf / f"{fingerprint(before, name, after)}.safetensors" for name in names}
