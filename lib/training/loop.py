"""How the small models are trained: one loop for all of them, that can stop at any step and go on later.

Comes in: a network, a loss, and a schedule. Goes out: the trained network and its loss curve. What is drawn at a step
(crops, masks, dropout) depends on seed and step alone, and the state on disk holds weights and moments of the
optimiser, so a training that was interrupted ends with the very weights of one that was not.
"""

from __future__ import annotations

import copy
import csv
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.ground import replacing

if TYPE_CHECKING:
    import torch

STATE, CURVE = "state.safetensors", "curve.csv"
COLUMNS = ("step", "rate", "loss", "held_out")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        Updates of the weights.
    batch : int
        Examples in each.
    rate : float
        Highest learning rate; it rises linearly for `warmup` steps and falls as a cosine to a hundredth of it.
    warmup : int
        See `rate`.
    decay : float
        Weight decay of AdamW; biases, norms and other vectors are spared.
    seed : int
        Of the initial weights and of all that is drawn.
    kept : tuple of int
        Steps whose weights are kept as checkpoints.
    record : int
        The curve gets a row every so many steps, and the state is saved.
    half : bool
        Multiply in bfloat16 on every processor; on a GPU it is always so.
    """

    steps: int
    batch: int
    rate: float
    warmup: int = 100
    decay: float = 0.05
    seed: int = 0
    kept: tuple[int, ...] = ()
    record: int = 100
    half: bool = False


@dataclass(frozen=True)
class Clip:
    """One training sound: `samples` (n,) at 16 kHz, its class or text, and (word, onset, offset [s]) where known."""

    samples: np.ndarray
    label: str = ""
    words: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diet:
    """What a model is fed.

    Parameters
    ----------
    name : str
        One word for it.
    sources : dict of str to str
        Where its sounds come from, and their licences.
    train, held_out : tuple of Clip
        The model never trains on what is held out; its scores are measured there.
    """

    name: str
    sources: Mapping[str, str]
    train: tuple[Clip, ...]
    held_out: tuple[Clip, ...]


@dataclass(frozen=True)
class Work:
    """Where a training does its work, and what becomes of it.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the saved state, checkpoints and all else until the training is done.
    target : pathlib.Path
        The model's own folder; it is replaced in one step when everything is there.
    facts : dict
        What the card says besides the scores: recipe, licences.
    key : str
        Stands for all that the result depends on.
    """

    folder: Path
    target: Path
    facts: Mapping[str, Any]
    key: str

    def publish(self, network: Any, folder: Path, scale: Any = None) -> None:
        """Save a network of transformers in half precision, with the scale of its spectrogram."""
        import torch

        from lib.models.loaders import networks

        with replacing(folder) as scratch, networks.quiet():
            copy.deepcopy(network).to("cpu", torch.float16).save_pretrained(scratch)
            (scratch / "model.safetensors").chmod(0o644)
            if scale is not None:
                scale.write(scratch)

    def finish(self, curve: list[dict], scores: list[dict]) -> None:
        """Put weights, checkpoints, curve and card in their place."""
        import yaml

        with replacing(self.target) as scratch:
            shutil.copytree(self.folder / "final", scratch)
            if (self.folder / "checkpoints").is_dir():
                shutil.copytree(self.folder / "checkpoints", scratch / "checkpoints")
            write_curve(curve, scratch / CURVE)
            card = yaml.safe_dump({**self.facts, "curve": CURVE, "scores": scores}, sort_keys=False, allow_unicode=True)
            (scratch / "card.yml").write_text(card, encoding="utf-8")


Loss = Callable[[Any, np.random.Generator], "torch.Tensor"]


def train(
    network: torch.nn.Module,
    loss: Loss,
    schedule: Schedule,
    folder: Path,
    *,
    key: str,
    held_out: Callable[[Any], float] | None = None,
    keep: Callable[[Any, int], None] | None = None,
) -> list[dict]:
    """Train a network, from its last saved state if there is one.

    Parameters
    ----------
    network : torch.nn.Module
        With its initial weights; it ends with the trained ones.
    loss : callable
        Network and random generator to the loss of one batch. Everything random must be drawn from that generator or
        from torch's default one.
    schedule : Schedule
        Number of steps, learning rate and so on.
    folder : pathlib.Path
        Where the state is saved, every `schedule.record` steps.
    key : str
        Stands for all that the result depends on; a state that was saved under another key is not used.
    held_out : callable, optional
        Network to its loss on what it never trains on, for the curve.
    keep : callable, optional
        Called with network and step at each of `schedule.kept`.

    Returns
    -------
    list of dict
        Rows of the loss curve: step, rate, loss (mean since the row before), held_out.
    """
    import torch
    from tqdm import tqdm

    network.to(device()).train()
    optimizer = torch.optim.AdamW(_groups(network, schedule.decay), lr=schedule.rate, betas=(0.9, 0.98))
    curve = _restore(network, optimizer, folder, key)
    done, losses = curve[-1]["step"] if curve else 0, []
    if done == 0 and keep and 0 in schedule.kept:
        keep(network, 0)
    with tqdm(total=schedule.steps, initial=done, desc=folder.name, unit="step", mininterval=5) as bar:
        for step in range(done + 1, schedule.steps + 1):
            losses.append(_update(network, optimizer, loss, schedule, step))
            bar.update()
            recorded = step % schedule.record == 0 or step == schedule.steps
            if recorded:
                curve.append(_row(network, schedule, step, losses, held_out))
                bar.set_postfix(loss=curve[-1]["loss"], held_out=curve[-1]["held_out"])
                losses = []
            if keep and step in schedule.kept:
                keep(network, step)
            if recorded:
                _save(network, optimizer, folder, key, curve)
    network.eval()
    return curve


def device() -> str:
    """Name of the processor that trains: the GPU if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def learning_rate(schedule: Schedule, step: int) -> float:
    """Learning rate at a step (from 1): linear up, cosine down to a hundredth of the highest."""
    if step <= schedule.warmup:
        return schedule.rate * step / schedule.warmup
    done = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return schedule.rate * (0.01 + 0.99 * (1 + cos(pi * done)) / 2)


def _update(network, optimizer, loss, schedule, step) -> float:
    import torch

    for group in optimizer.param_groups:
        group["lr"] = learning_rate(schedule, step)
    rng = np.random.default_rng([schedule.seed, step])
    torch.manual_seed(int(rng.integers(2**62)))
    with torch.autocast(device(), torch.bfloat16, enabled=schedule.half or device() == "cuda"):
        value = loss(network, rng)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(value.detach())


def _row(network, schedule, step, losses, held_out) -> dict:
    import torch

    if held_out is None:
        unseen = float("nan")
    else:
        network.eval()
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(0)
            unseen = held_out(network)
        network.train()
    rate = learning_rate(schedule, step)
    return {"step": step, "rate": rate, "loss": round(float(np.mean(losses)), 5), "held_out": round(unseen, 5)}


def _groups(network, decay) -> list[dict]:
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in trained if weight.ndim > 1], "weight_decay": decay},
        {"params": [weight for weight in trained if weight.ndim <= 1], "weight_decay": 0.0},
    ]


def _named_moments(network, optimizer) -> dict[str, torch.Tensor]:
    moments = {}
    for name, weight in network.named_parameters():
        for moment, value in optimizer.state.get(weight, {}).items():
            moments[f"{moment} of {name}"] = value
    return moments


def _save(network, optimizer, folder, key, curve) -> None:
    """One file with everything, so that a state is whole or not there."""
    from safetensors.torch import save_file

    tensors = {f"weight of {name}": value for name, value in network.state_dict().items()}
    tensors |= _named_moments(network, optimizer)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with replacing(folder / STATE) as scratch:
        save_file(tensors, scratch, metadata={"key": key, "curve": json.dumps(curve)})


def _restore(network, optimizer, folder, key) -> list[dict]:
    """Read the last state into network and optimiser; its curve, empty if there is none under this key."""
    from safetensors import safe_open

    if not (folder / STATE).exists():
        return []
    with safe_open(folder / STATE, framework="pt", device=device()) as file:
        facts = file.metadata()
        if facts["key"] != key:
            return []
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    marked = "weight of "
    network.load_state_dict({name[len(marked) :]: v for name, v in tensors.items() if name.startswith(marked)})
    for name, weight in network.named_parameters():
        moments = {kind: tensors.get(f"{kind} of {name}") for kind in ("step", "exp_avg", "exp_avg_sq")}
        if moments["step"] is not None:
            optimizer.state[weight] = moments | {"step": moments["step"].cpu()}
    return json.loads(facts["curve"])


def write_curve(curve: list[dict], path: Path) -> None:
    """Write a loss curve as CSV."""
    with replacing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(curve)
