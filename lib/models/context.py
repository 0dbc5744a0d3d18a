"""What a model knows at each moment of a story: the last frame of a snippet that ends there.

Comes in: a ``Model``, a sound, how much of the past a snippet holds and how often one ends. Goes out: per layer one row
a snippet, with the times at which the snippets end, from disk if it was computed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lib.models.activations import Activations, Frames, checked
from lib.models.extraction import Hearing, Model, Piece, joined, prepared, read_frames, write_frames
from lib.models.windows import batches


def context_features(
    model: Model,
    samples: np.ndarray,
    rate: float,
    layers: Sequence[str] | None = None,
    *,
    context: float = 16.0,
    stride: float = 0.1,
    precision: str = "full",
    cache: bool = True,
    progress: bool = False,
) -> Activations:
    """Last frame of every layer, for snippets that end every `stride` seconds and hold `context` seconds of the past.

    The features of the brain-tuning papers (Moussa, Klakow & Toneva 2025): nothing in a row comes from the future of
    its time, as it does in the frames of a whole sound. At the start, where there is less past than `context`,
    snippets are shorter; those too short for the model are left out.

    Every snippet is represented anew, `context` / `stride` times the work of hearing the sound once. Snippets of equal
    length go together; rows are streamed to disk, so memory holds one batch.

    Parameters
    ----------
    model : Model
        From ``lib.models.load``.
    samples : array (samples,)
        Mono waveform.
    rate : float
        Its sampling rate in Hz.
    layers : sequence of str, optional
        Those that are wanted. Default: all.
    context, stride : float
        In seconds.
    precision : {"full", "half"}
        As in ``lib.models.sound_features``.
    cache : bool
        Read the rows from disk if they are there, else write them.
    progress : bool
        Show a bar that counts snippets, on stderr.

    Returns
    -------
    Activations
        Per layer (snippets, units), and as times the ends of the snippets in seconds, equal for all layers.

    Raises
    ------
    ValueError
        If the sound is not valid, or context or stride is too short.
    """
    samples = checked(samples, rate, ndim=1, shortest=model.shortest).astype(np.float32, copy=False)
    if not (stride > 0 and context >= model.shortest):
        raise ValueError(
            f"stride is {stride} s and context {context} s; expected a stride above 0 and a context of at least "
            f"{model.shortest:.3f} s, the shortest sound {model.name} can represent"
        )
    hearing = Hearing.of(model, layers, precision, np.inf, 0.0)
    file = hearing.file(f"context {context:g} {stride:g}", (samples, rate)) if cache else None
    if file and (found := read_frames(file, hearing.layers)):
        return found
    rows = _rows(hearing, prepared(samples, rate, model), context, stride, progress)
    return write_frames(file, rows) if file else joined(rows)


def _rows(hearing, wave, context, stride, progress) -> Iterator[Piece]:
    """Last frames of a few snippets at a time, in order."""
    from tqdm import tqdm

    rate = hearing.model.rate
    spans = snippets(len(wave), rate, context, stride, hearing.model.shortest)
    with tqdm(desc=hearing.model.name, unit="snippet", total=len(spans), disable=not progress) as bar:
        for numbers in batches({k: end - start for k, (start, end) in enumerate(spans)}, rate):
            frames = hearing.represent(np.stack([wave[slice(*spans[k])] for k in numbers]))
            ends = np.array([spans[k][1] for k in numbers]) / rate
            yield {layer: Frames(values[:, -1].copy(), ends) for layer, (values, _) in frames.items()}
            del frames  # before the next are made
            bar.update(len(numbers))


def snippets(length: int, rate: int, context: float, stride: float, shortest: float = 0.0) -> list[tuple[int, int]]:
    """Start and end of every snippet in samples: ends at multiples of the stride, starts `context` seconds before."""
    ends = np.round(np.arange(1, int(length / rate / stride + 1e-9) + 1) * stride * rate).astype(int)
    starts = np.maximum(ends - round(context * rate), 0)
    long_enough = (ends - starts >= shortest * rate) & (ends <= length)
    return list(zip(starts[long_enough].tolist(), ends[long_enough].tolist(), strict=True))
