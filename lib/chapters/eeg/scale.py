"""How much work the EEG chapter is at the size of the published study, from one unit of it timed on this machine.

Comes in: the measures and the settings of the chapter. Goes out: hours on the processor and on a GPU where there is
one, memory and disk. Sizes are those of arXiv 2601.16540; seconds are measured when the plan is made.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.compare import sentence_null

SENTENCES, LISTENERS, MODELS, LAYERS, DRAWS = 84, 49, 12, 33, 500
"""Of the published study; 33 layers are the mean of its models, about."""
SECONDS, CHANNELS, WIDTH = 744, 60, 4096
"""Speech heard, electrodes, and units of a layer."""
UNIT = (7, 3)
"""Listeners and layers of the unit that is timed; more of each at once cost less apiece."""


@dataclass(frozen=True)
class Plan:
    """Work at the published size.

    Attributes
    ----------
    table : pandas.DataFrame
        What there is to do and what it takes, for reading.
    seconds, hours : dict of str to float
        One unit and the whole, by device: ``cpu``, and ``cuda`` where there is a GPU.
    gpu : str or None
        Name of that GPU.
    """

    table: pd.DataFrame
    seconds: dict[str, float]
    hours: dict[str, float]
    gpu: str | None


def plan(measures: Sequence[str], *, components: int = 20, frame_rate: float = 12.5, **how: Any) -> Plan:
    """Time one unit and extrapolate.

    Parameters
    ----------
    measures : sequence of str
        Keys of ``MEASURES`` or ``VARIANTS``.
    components : int
        Dimensions kept of a layer's frames.
    frame_rate : float
        Frames per second; a sentence lasts ``SECONDS / SENTENCES``.
    **how
        scheme and seed of ``sentence_null``.
    """
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    length, (listeners, layers) = round(SECONDS / SENTENCES * frame_rate), UNIT
    item = _item(length, components)
    seconds = {device: _seconds(item, measures, device, how) for device in ("cpu", *(["cuda"] if gpu else []))}
    units = SENTENCES * MODELS * (LISTENERS / listeners) * (LAYERS / layers)
    hours = {device: each * units / 3600 for device, each in seconds.items()}
    unit = f"one sentence of {length} frames, {listeners} listeners, {layers} layers, {DRAWS} draws"
    draws = len(measures) * LISTENERS * LAYERS * (DRAWS + 1) * 8
    states = MODELS * LAYERS * SECONDS * frame_rate * WIDTH * 4
    rows = {
        "sentences x listeners x models x layers x draws": f"{SENTENCES * LISTENERS * MODELS * LAYERS * DRAWS:.1e}",
        f"{unit}, {torch.get_num_threads()} threads": f"{seconds['cpu']:.2f} s",
        "all of it on this processor": f"{hours['cpu']:.0f} h",
        f"{unit}, GPU": f"{seconds['cuda']:.3f} s on {gpu}" if gpu else "not measured: no GPU here",
        "all of it on one GPU": f"{hours['cuda']:.1f} h" if gpu else "not measured: no GPU here",
        "memory of one sentence with all listeners, layers and draws": f"{draws / 2**20:.0f} MB",
        f"states of all models, {frame_rate:g} frames a second, {WIDTH} units": f"{states / 2**30:.0f} GB on disk",
    }
    return Plan(pd.Series(rows).to_frame("").rename_axis(None), seconds, hours, gpu)


def _item(length: int, components: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng, (listeners, layers) = np.random.default_rng(0), UNIT
    states = [rng.standard_normal((length, components)) for _ in range(layers)]
    return states, [rng.standard_normal((length, CHANNELS)) for _ in range(listeners)]


def _seconds(item: tuple, measures: Sequence[str], device: str, how: dict) -> float:
    """Of all draws, after a run of a few that also loads and compiles."""
    for draws in (2, DRAWS):
        started = time.perf_counter()
        sentence_null([item], measures, n_permutations=draws, device=device, **how)
        taken = time.perf_counter() - started
    return taken
