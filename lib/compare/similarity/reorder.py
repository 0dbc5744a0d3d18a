"""Similarities of layers and responses under many re-orderings of the layers' time points, in one pass.

Comes in: series (T, d) of layers and responses, measures, and a table of re-orderings (P, T). Goes out: a similarity
per measure, response, layer and row of the table. A score is the row 0, 1, ..., T - 1, so scores and nulls are one
computation.

Re-ordering time points permutes rows and columns of a prepared matrix and changes nothing else, so every matrix is
prepared once; a row of the table is then a gather, and all layers are one matrix product. The gather is the dearer
part: its index is shared by all measures, and the side with fewer matrices is the one gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product

import numpy as np

from lib.compare.workers import workers

ROOM = 2**20  # numbers that a worker holds at once in a gather or a product: 8 MiB in double precision


def reorderings(layers: Sequence, responses: Sequence, measures: Sequence, tables: np.ndarray, *, device, single: bool):
    """Similarity of every layer and response of every item under every re-ordering.

    Parameters
    ----------
    layers, responses : sequence of torch.Tensor
        Series (N, T, d) of N items, float64, finite; widths may differ between layers and between responses.
    measures : sequence of Measure
        What to compute; those that share a prepared matrix share its work.
    tables : numpy.ndarray
        (N, P, T) ints; row k puts time point tables[n, k, t] of an item's layers at t.
    device : torch.device
        Where the products run.
    single : bool
        Products in single precision. Matrices are prepared in double precision either way.

    Returns
    -------
    numpy.ndarray
        (item, measure, response, layer, P) float64; NaN where a measure is undefined.
    """
    ways = {way: {m.prepared: m for m in measures if m.way == way} for way in _WAYS}  # one of those that share work
    values = {}
    with _full_single_precision(), workers() as (pool, count):
        place = _Place(device, single, pool, count)
        index = _Index(tables, place)
        for way, alike in ways.items():
            if alike:
                values |= zip(alike, _WAYS[way](list(alike.values()), layers, responses, index, place), strict=True)
    return np.stack([measure.finish(values[measure.prepared]) for measure in measures], axis=1)


class _Place:
    """Where matrices are prepared, in double precision, where they are multiplied, and by how many workers."""

    def __init__(self, device, single: bool, pool: ThreadPoolExecutor, workers: int):
        import torch

        self.pool, self.workers = pool, workers
        self.device, self.dtype = device, torch.float32 if single else torch.float64
        self.home = device if device.type == "cuda" else torch.device("cpu")

    def each(self, function: Callable, *things: Iterable) -> list:
        """`function` of everything, side by side on a processor."""
        return list((self.pool.map if self.home.type == "cpu" else map)(function, *things))

    def prepare(self, function: Callable, several: Sequence):
        """`function` of every series, some of equal width at once; (N, series, ...)."""
        import torch

        n_items, n_times, _ = several[0].shape
        at_once, by_width = max(1, ROOM // (n_items * n_times**2)), {}
        for number, x in enumerate(several):
            by_width.setdefault(x.shape[-1], []).append(number)
        groups = [some for group in by_width.values() for some in _batches(group, at_once)]
        parts = [function(torch.stack([several[n] for n in group], 1).to(self.home)) for group in groups]
        order = torch.tensor([n for group in groups for n in group]).argsort().to(self.home)
        return torch.cat(parts, 1)[:, order] if len(parts) > 1 else parts[0]

    def matrices(self, function: Callable, several: Sequence):
        """Prepared matrices (N, series, T, T), ready to be gathered from."""
        return self.prepare(function, several).to(self.device, self.dtype)

    def triangles(self, function: Callable, several: Sequence, index: _Index):
        """Their upper triangles and diagonals (N, series, pairs), off the diagonal twice because it stands for two."""
        i, j = index.i.to(self.home), index.j.to(self.home)
        times = 2 - (i == j).to(several[0].dtype)
        return self.prepare(lambda x: function(x)[..., i, j] * times, several).to(self.device, self.dtype)


class _Index:
    """The tables of re-orderings, as flat places in stacked T x T matrices, a block of items and draws at a time."""

    def __init__(self, tables: np.ndarray, place: _Place):
        import torch

        self.items, self.draws, self.times = tables.shape
        self.forward = torch.from_numpy(np.ascontiguousarray(tables, dtype=np.int32)).to(place.device)
        self.inverse = torch.from_numpy(np.argsort(tables, axis=-1).astype(np.int32)).to(place.device)
        self.i, self.j = torch.triu_indices(self.times, self.times, device=place.device)

    def blocks(self, numbers_per_draw: int, *, at_least: int) -> list[tuple[slice, slice]]:
        """Slices of items and draws that fit the room, so many that every worker has one."""
        rows = min(self.draws, max(1, ROOM // numbers_per_draw))
        items = max(1, ROOM // (numbers_per_draw * self.draws))
        if -(-self.items // items) * -(-self.draws // rows) < at_least:
            rows = -(-self.draws // at_least)
        corners = product(range(0, self.items, items), range(0, self.draws, rows))
        return [(slice(i, min(i + items, self.items)), slice(r, min(r + rows, self.draws))) for i, r in corners]

    def flat(self, items: slice, rows: slice, *, inverse: bool):
        """Places of the re-ordered upper triangles and diagonals, one after the other."""
        import torch

        column = (self.inverse if inverse else self.forward)[items, rows]  # (items, draws, T)
        first = torch.arange(len(column), dtype=torch.int32, device=column.device) * self.times**2
        row = column * self.times + first[:, None, None]
        return row[..., self.i].add_(column[..., self.j]).view(-1)


def _inner(measures, layers, responses, index: _Index, place: _Place) -> list[np.ndarray]:
    """Inner products of prepared matrices: gather one side, multiply with all of the other."""
    import torch

    gather_b = len(responses) <= len(layers)
    few, many = (responses, layers) if gather_b else (layers, responses)
    moved = place.each(lambda m: place.matrices(m.prepare, few), measures)
    fixed = place.each(lambda m: place.triangles(m.prepare, many, index), measures)
    out = np.empty((len(measures), index.items, len(few), len(many), index.draws))

    def block(items: slice, rows: slice) -> None:
        flat = index.flat(items, rows, inverse=gather_b)
        for m, k in product(range(len(measures)), range(len(few))):
            other = fixed[m][items]
            gathered = moved[m][items, k].reshape(-1).index_select(0, flat).view(len(other), -1, len(index.i))
            out[m, items, k, :, rows] = torch.bmm(other, gathered.mT).cpu().numpy()  # (items, many, draws)

    place.each(block, *zip(*index.blocks(len(index.i), at_least=place.workers), strict=True))
    return list(out if gather_b else out.swapaxes(2, 3))


def _columns(measures, layers, responses, index: _Index, place: _Place) -> list[np.ndarray]:
    return [_column_information(measure.prepare, layers, responses, index, place) for measure in measures]


def _column_information(prepare: Callable, layers, responses, index: _Index, place: _Place) -> np.ndarray:
    """Means over pairs of columns of -ln(1 - r^2) / 2, from all correlations of re-ordered columns.

    In double precision everywhere: near r = 1 the logarithm magnifies what single precision loses.
    """
    import torch

    a, b = ([place.prepare(prepare, [x])[:, 0] for x in side] for side in (layers, responses))  # (N, T, columns) each
    left = torch.cat(a, -1).mT.nan_to_num()  # (N, all columns, T)
    share = torch.block_diag(*(left.new_full((1, x.shape[-1]), -0.5 / x.shape[-1]) for x in a))
    out = np.empty((index.items, len(b), len(a), index.draws))

    def block(items: slice, rows: slice) -> None:
        order = index.inverse[items, rows].mT.long().to(place.home)  # (items, T, draws)
        for s, right in enumerate(b):
            moved = torch.stack([x[o] for x, o in zip(right[items], order, strict=True)])  # (items, T, draws, columns)
            r = torch.bmm(left[items], moved.flatten(2)).unflatten(2, moved.shape[2:])  # (items, all, draws, columns)
            out[items, s, :, rows] = (share @ _mean_log(r.square_().neg_().add_(1).clamp_(min=1e-7))).cpu().numpy()

    numbers = left.shape[1] * max(x.shape[-1] for x in b)
    place.each(block, *zip(*index.blocks(numbers, at_least=place.workers), strict=True))
    undefined = torch.stack([x.isnan().any(-1).any(-1) for x in a], 1).cpu().numpy()  # (N, layer)
    return np.where(undefined[:, None, :, None], np.nan, out)


def _mean_log(values):
    # ln over the last axis: products of four factors first, since the logarithm is the dear part
    fours = values.shape[-1] // 4 * 4
    total = values[..., fours:].log().sum(-1)
    if fours:
        a, b, c, d = values[..., :fours].split(fours // 4, dim=-1)
        total = total + (a * b).mul_(c).mul_(d).log_().sum(-1)
    return total / values.shape[-1]


def _order(measures, layers, responses, index: _Index, place: _Place) -> list[np.ndarray]:
    """Exact tau-b; on the processor, since it counts and does not multiply."""
    from lib.compare.similarity.kendall import tau_b

    inverse, sides = index.inverse.cpu().numpy(), (layers, responses)
    matrices = [[place.prepare(measure.prepare, side).cpu() for side in sides] for measure in measures]
    return [tau_b(*pair, inverse, pool=place.pool) for pair in matrices]


_WAYS = {"inner": _inner, "columns": _columns, "order": _order}


def _batches(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


@contextmanager
def _full_single_precision() -> Iterator[None]:
    # TF32 keeps ten bits of a factor: too few for a null
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
