"""The text of the pocket story and what can be known of its words from the text alone.

Comes in: data/pocket/story.yml, written for this project. Goes out: a table of its sentences and a table of its words.
Some forty-five content words come eight times or more, so that a probe for word identity has examples to learn from.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lib import ground

FILE = ground.DATA / "pocket" / "story.yml"
AFFECTS = ("negative", "neutral", "positive")
PRIOR = 5.0
"""Weight of the unigram distribution in the bigram model, in words."""


@cache
def _written() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def tokens(text: str) -> list[str]:
    """Words of a text in lower case, without punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def sentences() -> pd.DataFrame:
    """One row per sentence, indexed by its name ("sentence-001", ...).

    Returns
    -------
    pandas.DataFrame
        Columns segment ("segment-01", ...), order (from 1), speaker, affect (one of ``AFFECTS``), text.
    """
    rows = []
    for number, segment in enumerate(_written()["segments"], 1):
        for passage in segment["passages"]:
            ((affect, text),) = passage.items()
            for line in text.strip().splitlines():
                rows.append((f"segment-{number:02d}", len(rows) + 1, segment["speaker"], affect, line))
    table = pd.DataFrame(rows, columns=["segment", "order", "speaker", "affect", "text"])
    return table.set_index(pd.Index([f"sentence-{order:03d}" for order in table["order"]], name="name"))


def words() -> pd.DataFrame:
    """One row per word of the story, in order.

    Returns
    -------
    pandas.DataFrame
        Columns sentence, position (in the sentence, from 0), word, content (not a function word), meaning (what a
        content word is about; "" for function words), log_frequency (base 10, of its count in the story) and
        surprisal [bits] (see ``surprisal``).
    """
    meanings = {word: kind for kind, forms in _written()["meanings"].items() for word in forms}
    function = set(_written()["function_words"])
    texts = [tokens(text) for text in sentences()["text"]]
    rows = [
        (name, position, word, word not in function, "" if word in function else meanings.get(word, "other"))
        for name, text in zip(sentences().index, texts, strict=True)
        for position, word in enumerate(text)
    ]
    table = pd.DataFrame(rows, columns=["sentence", "position", "word", "content", "meaning"])
    table["log_frequency"] = np.log10(table["word"].map(table["word"].value_counts()).to_numpy(float))
    table["surprisal"] = np.concatenate(surprisal(texts))
    return table


def surprisal(texts: list[list[str]], prior: float = PRIOR) -> list[np.ndarray]:
    """Surprisal of each word given the one before it, learnt from all the other words of the same texts.

    A bigram model whose counts are smoothed towards a unigram model (a Dirichlet prior of `prior` words, MacKay & Peto
    1995), itself smoothed by one word of each kind and one of a kind not seen. The word in question is left out of
    all counts, or else a word that occurs once would be expected where it occurs. The model knows this story and
    nothing else: it is a stand-in for the predictions of a reader, and is planted as such.

    Parameters
    ----------
    texts : list of list of str
        Words of each sentence. A sentence begins after a boundary, which is a context of its own.
    prior : float
        Weight of the unigram model, in words.

    Returns
    -------
    list of ndarray
        Bits, one per word of each sentence.
    """
    counts = Counter(word for text in texts for word in text)
    pairs = Counter(pair for text in texts for pair in zip(["", *text], text, strict=False))
    contexts = Counter(word for text in texts for word in ["", *text[:-1]])
    total, kinds = counts.total(), len(counts)

    def bits(before: str, word: str) -> float:
        unigram = counts[word] / (total + kinds)  # (count - 1 + 1) / (total - 1 + kinds + 1)
        return -np.log2((pairs[before, word] - 1 + prior * unigram) / (contexts[before] - 1 + prior))

    return [np.array([bits(*pair) for pair in zip(["", *text], text, strict=False)]) for text in texts]
