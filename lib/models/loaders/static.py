"""Static word embeddings: one vector a word, whatever stands around it.

Comes in: the roster's card of GloVe or word2vec vectors, and texts. Goes out: a ``LanguageModel`` with one layer and
one token a word. The file (text as GloVe and word2vec write it, or word2vec's binary format; also in a gzip or zip
file) is read as a stream, once for all new words that are asked for, and only their vectors are kept.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lib.ground import DamagedData, MissingData, WrongUse
from lib.models.loaders import checkpoints
from lib.models.revisions import revision
from lib.models.text import LanguageModel, TextStates

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # letters and digits, apostrophes inside


def load(card: Mapping, seed: int | None = None) -> LanguageModel:
    """Make the static embeddings of a roster card.

    Parameters
    ----------
    card : mapping
        Row of the roster; `name` and `width`, the length of the vectors, are used.
    seed : int, optional
        Refused: there is no architecture to leave untrained.
    """
    return _of_file(*weights(card, seed), card)


def weights(card: Mapping, seed: int | None = None) -> list[Path]:
    """Find the file with the vectors of a roster card; a seed is refused, see ``load``."""
    if seed is not None:
        raise WrongUse(f"{card['name']} is a list of vectors: there is no untrained:{card['name']}:{seed}")
    return [checkpoints.verified(_file(card))]


def _file(card) -> Path:
    folder = checkpoints.models_folder() / card["name"]
    files = sorted(path for path in folder.glob("*") if path.suffix in (".txt", ".vec", ".bin", ".gz", ".zip"))
    if len(files) != 1:
        size, found = card.get("size_mb"), "no file" if not files else f"{len(files)} files"
        raise MissingData(
            f"vectors of {card['name']}{f' ({size:,} MB)' if size else ''}: {found} in {folder}, one is needed: "
            f"`alike models fetch {card['name']}` gets it"
        )
    return files[0]


def from_file(path: str | Path, card: Mapping) -> LanguageModel:
    """Make static embeddings from a file of vectors; the card gives `name` and `width`."""
    return replace(_of_file(Path(path), card), revision=revision(card, None, [Path(path)], __name__))


def _of_file(path: Path, card) -> LanguageModel:
    known: dict[str, np.ndarray] = {}

    def read(texts):
        found = [[(match.group(), match.span()) for match in WORD.finditer(text)] for text in texts]
        words = {word for text in found for word, _ in text}
        wanted = {form for word in words for form in (word, word.lower())} - known.keys()
        known.update(vectors(path, wanted, card["width"]) if wanted else {})
        return [_states(text, known, path) for text in _complete(found, known, path)]

    return LanguageModel(card["name"], {"embedding": card["width"]}, read, context=False)


def vectors(path: str | Path, wanted: Set[str], width: int) -> dict[str, np.ndarray]:
    """Vectors (width,) float32 of those of the wanted words that the file has; of two lines for a word the first.

    Raises
    ------
    lib.ground.DamagedData
        If the file is not one of vectors with `width` numbers each, or is not all there.
    """
    path = checkpoints.verified(Path(path))
    made: dict[str, np.ndarray] = {}
    try:
        with _opened(path) as file:
            binary = _is_binary(file)
        with _opened(path) as file:
            for word, numbers in (_binary if binary else _lines)(file, path, {word.encode() for word in wanted}, width):
                made.setdefault(word.decode(), numbers)
                if len(made) == len(wanted):
                    break
    except DamagedData:
        raise
    except (OSError, EOFError, ValueError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedData(
            f"{path} cannot be read as word vectors ({type(error).__name__}: {error}): fetch it again"
        ) from error
    return made


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """File as bytes; of a gzip or zip file what is in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed, packed.open(packed.namelist()[0]) as file:
            yield file
        return
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        yield file


def _is_binary(file) -> bool:
    """Whether what follows the two counts of the first line and a word is not a number in letters."""
    if len(file.readline().split()) != 2:
        return False
    try:
        float(file.read(400).split()[1])
    except (ValueError, IndexError):
        return True
    return False


def _lines(file, path, wanted, width) -> Iterator[tuple[bytes, np.ndarray]]:
    """Text: a word and its numbers on a line; word2vec writes a line with two counts first."""
    for number, line in enumerate(file):
        word, _, rest = line.rstrip(b" \r\n").partition(b" ")
        if number == 0 and rest.isdigit() and word.isdigit():
            _check(int(rest), width, path)
            continue
        if number < 2 and not rest.count(b" ") >= width - 1:
            _check(rest.count(b" ") + 1, width, path)
        if word in wanted and rest.count(b" ") == width - 1:  # some words of GloVe hold spaces: not this word
            yield word, np.array(rest.split(), dtype=np.float32)
        elif rest.count(b" ") < width - 1 and not line.endswith(b"\n"):
            raise DamagedData(f"{path} ends inside a vector: fetch it again")


def _binary(file, path, wanted, width) -> Iterator[tuple[bytes, np.ndarray]]:
    """word2vec's binary format: counts on a line, then word, space, little-endian float32 numbers."""
    count, size = (int(number) for number in file.readline().split())
    _check(size, width, path)
    for _ in range(count):
        letters = []
        while (letter := file.read(1)) not in (b" ", b""):
            letters.append(letter)
        numbers = file.read(4 * size)
        if len(numbers) < 4 * size:
            raise DamagedData(f"{path} ends inside a vector: fetch it again")
        if (word := b"".join(letters).lstrip(b"\n")) in wanted:
            yield word, np.frombuffer(numbers, dtype="<f4")


def _check(size, width, path):
    if size != width:
        raise DamagedData(f"{path} holds vectors of {size} numbers; the card says {width}")


def _complete(found, known, path):
    """Refuse words that have no vector, all of them at once."""
    unknown = {word for text in found for word, _ in text if word not in known and word.lower() not in known}
    if unknown:
        raise WrongUse(
            f"no vector in {path.name} for: {', '.join(sorted(unknown))}. Rename these sounds or leave them out."
        )
    if not all(found):
        raise WrongUse("a text has no word in it, only signs")
    return found


def _states(text, known, path) -> TextStates:
    rows = [known[word] if word in known else known[word.lower()] for word, _ in text]
    return TextStates({"embedding": np.stack(rows)}, np.array([span for _, span in text]))
