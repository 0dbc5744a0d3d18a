"""The probe of the HEAR benchmark: a small network on a learnt mixture of layers.

Comes in: layers (sound, unit), labels, folds. Goes out: ``Probed``. As arXiv 2511.16849 runs it: layers are mixed by
weights |w| / Σ|w| that are learnt with the network (where widths differ, after a rotation onto as many principal
components as the narrowest has, or as there are sounds); hidden layers of 1,024 units, each linear, normalised over the
batch, dropout .1, ReLU; Adam; up to 200 passes, stopped 20 after the best accuracy on the validation fold, whose state
is kept. Fold i tests, fold i + 1 validates; the settings are searched on the first fold alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import nn

from lib.compare.probes.probed import Probed, accuracy, checked, largest_class
from lib.ground import WrongUse

BATCH, PASSES, PATIENCE, DROPOUT = 1024, 200, 20, 0.1


@dataclass(frozen=True)
class Setting:
    """What is searched: widths of the hidden layers, the rate of learning, how weights start."""

    hidden: tuple[int, ...]
    rate: float
    start: str


PUBLISHED_GRID = tuple(
    Setting(hidden, rate, start)
    for hidden, rate, start in product(
        ((1024,), (1024, 1024)), (3.2e-3, 1e-3, 3.2e-4, 1e-4), ("xavier_uniform", "xavier_normal")
    )
)
"""The sixteen settings of the paper."""
QUICK_GRID = (Setting((1024,), 1e-3, "xavier_uniform"), Setting((1024,), 3.2e-4, "xavier_uniform"))
"""Two of them, an eighth of the work."""


def mlp_probe(
    layers: Mapping[str, np.ndarray],
    labels: np.ndarray,
    folds: np.ndarray,
    *,
    grid: Sequence[Setting] = PUBLISHED_GRID,
    passes: int = PASSES,
    seed: int = 0,
) -> Probed:
    """Predict the label of every sound with networks that were trained on other folds.

    Parameters
    ----------
    layers : mapping of str to array (n, d)
        Time-averaged layers.
    labels, folds : array (n,)
        At least three folds: one tests, one validates, the rest trains.
    grid : sequence of Setting
        ``PUBLISHED_GRID`` or another.
    passes : int
        At most so many over the training set.
    seed : int
        Of starts, dropout and the order of batches.

    Returns
    -------
    Probed
        Without a null; `chosen` holds the setting, the same for all folds.
    """
    layers, names, classes, folds = checked(layers, labels, folds)
    count = int(folds.max()) + 1
    if count < 3 or not grid:
        raise WrongUse(f"the probe needs a setting, and folds to train, to validate and to test: got {count} folds")
    x = torch.from_numpy(np.stack(list(same_width(layers).values()), axis=1)).float()  # (n, layer, unit)
    y = torch.from_numpy(classes)
    best = max(grid, key=_Score(x, y, folds, passes, seed)) if len(grid) > 1 else grid[0]
    predicted = np.empty(len(classes), dtype=int)
    for fold in range(count):
        network, _ = _trained(x, y, *_split(folds, fold), best, passes, seed)
        inside = torch.from_numpy(folds == fold)
        with torch.no_grad():
            predicted[folds == fold] = network(x[inside]).argmax(dim=1).numpy()
    right = predicted == classes
    return Probed(names[predicted], accuracy(right, folds), largest_class(labels), chosen=(best,) * count)


def same_width(layers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Layers as they are where all are equally wide, else on min(n, least width) principal components each."""
    widths = {x.shape[1] for x in layers.values()}
    if len(widths) == 1:
        return dict(layers)
    width = min(*widths, len(next(iter(layers.values()))))
    return {name: _rotated(x, width) for name, x in layers.items()}


def _rotated(x: np.ndarray, width: int) -> np.ndarray:
    left, sizes, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return left[:, :width] * sizes[:width]


@dataclass(frozen=True)
class _Score:
    """Best accuracy on the validation fold where the first fold tests, of a setting."""

    x: torch.Tensor
    y: torch.Tensor
    folds: np.ndarray
    passes: int
    seed: int

    def __call__(self, setting: Setting) -> float:
        return _trained(self.x, self.y, *_split(self.folds, 0), setting, self.passes, self.seed)[1]


def _split(folds: np.ndarray, fold: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sounds to train on and to validate on, where a fold tests."""
    held = (fold + 1) % (int(folds.max()) + 1)
    return torch.from_numpy((folds != fold) & (folds != held)), torch.from_numpy(folds == held)


class Mixed(nn.Module):
    """Layers mixed by learnt weights |w| / Σ|w|, which start alike, and a network on the mixture."""

    def __init__(self, layers: int, width: int, classes: int, setting: Setting):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(layers))
        parts, before = [], width
        for units in setting.hidden:
            parts += [nn.Linear(before, units), nn.BatchNorm1d(units), nn.Dropout(DROPOUT), nn.ReLU()]
            before = units
        self.network = nn.Sequential(*parts, nn.Linear(before, classes))
        for part in self.network:
            if isinstance(part, nn.Linear):
                getattr(nn.init, f"{setting.start}_")(part.weight)
                nn.init.zeros_(part.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, class) of layers (n, layer, unit)."""
        share = self.weights.abs() / self.weights.abs().sum()
        return self.network(torch.einsum("l,nlu->nu", share, x))


def _trained(x, y, train, held, setting: Setting, passes: int, seed: int) -> tuple[Mixed, float]:
    """The network in its best state, and its accuracy on the validation fold."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Mixed(x.shape[1], x.shape[2], int(y.max()) + 1, setting)
        learn = torch.optim.Adam(network.parameters(), lr=setting.rate)
        best, kept, since = -1.0, None, 0
        for _ in range(passes):
            _one_pass(network, learn, x[train], y[train])
            network.eval()
            with torch.no_grad():
                right = float((network(x[held]).argmax(dim=1) == y[held]).float().mean())
            since += 1
            if right > best:
                best, since = right, 0
                kept = {name: value.clone() for name, value in network.state_dict().items()}
            if since >= PATIENCE:
                break
    network.load_state_dict(kept)
    return network.eval(), best


def _one_pass(network: Mixed, learn: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor) -> None:
    network.train()
    for rows in torch.randperm(len(x)).tensor_split(-(-len(x) // BATCH)):
        learn.zero_grad()
        nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
        learn.step()
