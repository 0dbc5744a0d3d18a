"""What a caller hands over, checked: series with time points as rows, by layer and by subject.

Comes in: arrays, tensors, mappings or sequences of them. Goes out: float64 tensors (T, d) under their names, or an
error that says which array is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lib.ground import WrongUse


def series(x, where: str):
    """Array as a float64 tensor (T, d); a vector is one column."""
    import torch

    array = x.detach().cpu().double().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{where} must be real numbers (time, column), got {array.dtype} of shape {array.shape}.")
    array = np.array(array, dtype=np.float64).reshape(len(array), -1)  # a copy: inputs may be read-only or reversed
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise ValueError(
            f"{where} holds {len(bad)} NaN or infinite value(s), the first in row {bad[0, 0]}, "
            f"column {bad[0, 1]}: repair or leave out those rows or columns before comparing."
        )
    return torch.from_numpy(array)


def layer_series(layers: Sequence | Mapping) -> dict:
    """Layers by name; those of a sequence are called 0, 1, ..."""
    named = layers if isinstance(layers, Mapping) else dict(enumerate(layers))
    if not named:
        raise ValueError("no layers to compare.")
    return {name: series(x, f"layer {name}") for name, x in named.items()}


def response_series(responses) -> tuple[dict, bool]:
    """Responses by subject, and whether subjects are told apart: (T, c) is one without a name."""
    several = isinstance(responses, list | tuple) and len(responses) > 0 and np.ndim(responses[0]) == 2
    if isinstance(responses, Mapping):
        named = responses
    elif getattr(responses, "ndim", None) == 3 or several:
        named = dict(zip(_subjects(responses), responses, strict=True))
    else:
        return {0: series(responses, "responses")}, False
    if not len(named):
        raise ValueError("no responses to compare.")
    return {name: series(x, f"responses of subject {name}") for name, x in named.items()}, True


def _subjects(responses) -> Iterable:
    coords = getattr(responses, "coords", {})
    first = responses.dims[0] if coords else None
    return coords[first].values.tolist() if first in coords else range(len(responses))


def same_time(layers: Mapping, responses: Mapping, measures) -> int:
    """Number of time points that all series share; an error unless they do and it is enough for every measure."""
    lengths = {f"layer {name}": len(x) for name, x in layers.items()}
    lengths |= {f"response {name}": len(x) for name, x in responses.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{where} has {length}" for where, length in lengths.items())
        raise ValueError(f"series must share their time points: {listed}. Align them first.")
    length = min(lengths.values())
    for measure in measures:
        if length < measure.shortest:
            raise ValueError(f"{measure.name} needs at least {measure.shortest} time points, got {length}.")
    return length


def once_each(names, what: str) -> list[str]:
    """List of names; a single string is one of them, none or a repeated one is wrong use."""
    names = [names] if isinstance(names, str) else list(names)
    if not names or len(set(names)) < len(names):
        raise WrongUse(f"{what} must be named, each once; got {names}.")
    return names
