"""``python -m benchmarks.gpu [--small] [--out FILE]``: what a GPU is worth, beside the processor of the same machine.

Comes in: nothing; all inputs are simulated, weights are random where none are at hand. Goes out: a JSON file with the
card's name, the seconds of each job on the card and on the processor, and of the null the share of matrix products.

It is made for a machine that is lent for minutes, has no network and not the project's environment: it needs a Python
with what ``NEEDED`` names, says in one line what is missing, and keeps each row as soon as it is measured. Either
device is measured in a process of its own (the processor in one that sees no card), which is ended when its time is up,
so that all of it takes less than eight minutes. Without a card it measures the processor alone and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from benchmarks import frame
from lib.ground import ROOT, MissingData

NEEDED = ("numpy", "scipy", "torch", "transformers", "xarray", "pandas", "numba", "safetensors", "lazy_loader",
          "tqdm", "yaml", "sklearn")  # fmt: skip
LIMITS = {"gpu": 170, "cpu": 270}
"""Seconds after which the process of a device is ended; what it has measured is kept."""
PRODUCTS = {"aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm", "aten::addbmm"}
ALL_BUT_KENDALL = ["rsa_pearson", "rsa_spearman", "dcor", "rv", "mi", "cka_linear", "cka_rbf"]


@dataclass(frozen=True)
class Sizes:
    """How much of each job is done; the defaults are those of the papers (2601.16540; 2511.16849).

    Attributes
    ----------
    subjects, channels, layers, components, frames : int
        Of one sentence of the EEG study: listeners, electrodes, layers of a model, components of each, frames.
    draws, many_draws : int
        Of its null: as published, and as one would rather have.
    sentences, models : int
        Of the whole study, to which the time of a sentence is extrapolated.
    sounds, seconds : int
        That a model hears in one call, and how long each lasts.
    heard, units, voxels, penalties : int
        Of nested ridge: sounds, units of each layer (seven layers), voxels.
    steps, tuning_steps, pieces : int
        Of training in one call; pieces of ten seconds in a step of tuning.
    blocks : int
        Of the speech encoder that is tuned.
    budget : float
        Seconds after which a job is not repeated.
    """

    subjects: int = 49
    channels: int = 60
    layers: int = 32
    components: int = 20
    frames: int = 100
    draws: int = 500
    many_draws: int = 2000
    sentences: int = 84
    models: int = 12
    sounds: int = 33
    seconds: int = 2
    heard: int = 165
    units: int = 512
    voxels: int = 11_065
    penalties: int = 21
    steps: int = 20
    tuning_steps: int = 2
    pieces: int = 2
    blocks: int = 12
    budget: float = 10.0


SMALL = Sizes(
    subjects=2, channels=4, layers=2, components=3, frames=20, draws=10, many_draws=20, sounds=2, seconds=1, heard=30,
    units=8, voxels=20, penalties=5, steps=2, tuning_steps=1, pieces=1, blocks=1, budget=0.0,
)  # fmt: skip
"""For a test: every job within seconds on a processor."""


@dataclass(frozen=True)
class Job:
    """Something to be timed.

    Attributes
    ----------
    what : str
        In words, with its sizes.
    call : callable
        Does it once.
    count : int
        How many of what is told one call does: its time is divided by that.
    profiled : bool
        Whether the share of matrix products is measured too.
    whole : tuple of (str, int)
        What so many of it make, in words: told by extrapolation. Empty if nothing is.
    note : str
        Anything a reader must know.
    """

    what: str
    call: Callable[[], object]
    count: int = 1
    profiled: bool = False
    whole: tuple = ()
    note: str = ""


def null_job(sizes: Sizes, draws: int) -> Job:
    """Null of one sentence of the EEG study: all subjects, layers and measures, but Kendall's, which counts."""
    import numpy as np

    from lib.compare import permutation_null

    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((sizes.frames, sizes.components)) for _ in range(sizes.layers)]
    responses = rng.standard_normal((sizes.subjects, sizes.frames, sizes.channels))

    def call() -> object:
        return permutation_null(layers, responses, ALL_BUT_KENDALL, n_permutations=draws)

    what = (
        f"Null of one sentence: {sizes.subjects} subjects × {sizes.channels} channels, {sizes.layers} layers × "
        f"{sizes.components} components, {sizes.frames} frames, {draws} draws, {len(ALL_BUT_KENDALL)} measures"
    )
    whole = (f"{sizes.models} models × {sizes.sentences} sentences", sizes.models * sizes.sentences)
    return Job(what, call, profiled=True, whole=whole, note="card: single precision, doubtful draws again in double")


def extraction_job(sizes: Sizes) -> Job:
    """Time-averaged layers of Whisper base for sounds it hears for the first time."""
    import numpy as np

    from lib.models import load, sound_features

    try:
        model, note = load("whisper-base"), "published weights"
    except MissingData:
        model, note = load("untrained:whisper-base:0"), "random weights"
    rng = np.random.default_rng(0)
    sounds = [
        (0.1 * rng.standard_normal(sizes.seconds * model.rate).astype("f4"), model.rate) for _ in range(sizes.sounds)
    ]

    def call() -> object:
        return sound_features(model, sounds, cache=False)

    return Job(f"One sound of {sizes.seconds} s through whisper-base, all layers", call, sizes.sounds, note=note)


def ridge_job(sizes: Sizes) -> Job:
    """Nested ridge from seven layers to all voxels of the natural sounds."""
    import numpy as np

    from lib.compare import nested_ridge

    rng = np.random.default_rng(0)
    layers = {f"layer.{k}": rng.standard_normal((sizes.heard, sizes.units)) for k in range(7)}
    weights = rng.standard_normal((sizes.units, sizes.voxels)) / np.sqrt(sizes.units)
    voxels = layers["layer.3"] @ weights + 3 * rng.standard_normal((sizes.heard, sizes.voxels))
    folds, alphas = np.arange(sizes.heard) % 5, np.logspace(-6, 4, sizes.penalties)

    def call() -> object:
        return nested_ridge(layers, voxels, folds, alphas, extend_alphas=False)

    what = f"Nested ridge: {sizes.heard} sounds, 7 layers × {sizes.units} units, {sizes.voxels:,} voxels"
    return Job(what, call, note=f"{sizes.penalties} penalties, double precision")


def _training(network: object, loss: Callable, steps: int, rate: float, *, half: bool = False) -> Callable[[], object]:
    """So many steps of the project's own loop."""
    from lib.training.loop import Schedule, train

    schedule = Schedule(steps=steps, batch=0, rate=rate, warmup=1, record=steps, half=half)

    def call() -> object:
        with tempfile.TemporaryDirectory() as folder:
            return train(network, loss, schedule, Path(folder), key="bench")

    return call


def _crops_job(sizes: Sizes, name: str, network: object, loss_of: Callable) -> Job:
    """Steps of a small model that learns from spectrograms, its own batch; every step gets the same crops."""
    import numpy as np

    from lib.models.loaders.mini import patches
    from lib.training.recipes import recipe

    plan = recipe(name).schedule
    spectra = np.random.default_rng(0).standard_normal((plan.batch, patches.FRAMES, patches.BANDS), dtype="f4")

    def loss(network: object, rng: object) -> object:
        return loss_of(network, spectra, rng)

    call = _training(network, loss, sizes.steps, plan.rate, half=plan.half)
    note = "crops are at hand; the state is saved once in as many steps as were timed"
    note += "; bfloat16 on both" if plan.half else ""
    return Job(f"One training step of {name}, batch of {plan.batch}", call, sizes.steps, note=note)


def filling_job(sizes: Sizes) -> Job:
    """Steps of mini-resnet, the family that is compared with itself: holes of spectrograms are filled in."""
    import torch
    from transformers import ResNetConfig

    from lib.training.filling import Filler, filling_loss
    from lib.training.recipes import recipe

    network = Filler(ResNetConfig(**recipe("mini-resnet").config)).to(memory_format=torch.channels_last)
    return _crops_job(sizes, "mini-resnet", network, filling_loss)


def masked_job(sizes: Sizes) -> Job:
    """Steps of mini-mixture: masked reconstruction of spectrograms by a transformer."""
    from transformers import ASTConfig

    from lib.training.masked import Autoencoder, reconstruction_loss
    from lib.training.recipes import recipe

    network = Autoencoder(ASTConfig(**recipe("mini-mixture").config))
    return _crops_job(sizes, "mini-mixture", network, reconstruction_loss)


def units_job(sizes: Sizes) -> Job:
    """Steps of mini-hubert: masked prediction of units, its own batch."""
    import numpy as np
    from transformers import HubertConfig

    from lib.training import units
    from lib.training.recipes import recipe

    mini, rng = recipe("mini-hubert"), np.random.default_rng(0)
    count = (units.CROP - units.FIELD) // units.HOP + 1
    waves = rng.standard_normal((mini.schedule.batch, units.CROP), dtype="f4")
    wanted = rng.integers(units.UNITS, size=(mini.schedule.batch, count))

    def loss(network: object, rng: object) -> object:
        return units._judged(network, waves, wanted, rng)[0]

    call = _training(units.Guesser(HubertConfig(**mini.config)), loss, sizes.steps, mini.schedule.rate)
    return Job(f"One training step of mini-hubert, batch of {mini.schedule.batch}", call, sizes.steps)


def tuning_job(sizes: Sizes) -> Job:
    """Steps of tuning a speech encoder of published size to voxels: every weight moves (2410.09230's arrangement)."""
    import numpy as np
    import torch
    from torch import nn
    from transformers import HubertConfig, HubertModel

    class Tuned(nn.Module):
        """Encoder, then a linear map from its average over five blocks of two seconds to voxels."""

        def __init__(self, voxels: int):
            super().__init__()
            self.encoder = HubertModel(HubertConfig(num_hidden_layers=sizes.blocks))
            self.head = nn.Linear(self.encoder.config.hidden_size, voxels)

        def forward(self, waves: torch.Tensor) -> torch.Tensor:
            states = self.encoder(waves).last_hidden_state
            return self.head(nn.functional.adaptive_avg_pool1d(states.mT, 5).mT)

    rng, voxels = np.random.default_rng(0), min(1000, sizes.voxels)
    waves = rng.standard_normal((sizes.pieces, 160_000), dtype="f4")
    wanted = rng.standard_normal((sizes.pieces, 5, voxels), dtype="f4")

    def loss(network: nn.Module, rng: object) -> torch.Tensor:
        place = network.head.weight.device
        found = network(torch.as_tensor(waves, device=place))
        return nn.functional.mse_loss(found.float(), torch.as_tensor(wanted, device=place))

    size = f"{sizes.blocks} blocks of HuBERT base"
    what = f"One tuning step of a speech encoder ({size}), {sizes.pieces} × 10 s, {voxels} voxels"
    call = _training(Tuned(voxels), loss, sizes.tuning_steps, 1e-5)
    return Job(what, call, sizes.tuning_steps, note="random weights; card: bfloat16, processor: single precision")


JOBS = {
    "null": lambda sizes: null_job(sizes, sizes.draws),
    "extraction": extraction_job,
    "ridge": ridge_job,
    "filling": filling_job,
    "masked": masked_job,
    "units": units_job,
    "tuning": tuning_job,
    "many draws": lambda sizes: null_job(sizes, sizes.many_draws),
}


def seconds_of(call: Callable[[], object], budget: float) -> tuple[float, int]:
    """Shortest time of a call, and how often it was made: again as long as the budget of seconds lasts.

    The first call counts only where there is no other: it finds kernels and memory.
    """
    taken, spent = [], 0.0
    while len(taken) < 2 or spent + taken[-1] < budget:
        if taken and spent + taken[-1] > 4 * budget + 5:
            break
        start = time.perf_counter()
        call()
        _wait()
        taken.append(time.perf_counter() - start)
        spent += taken[-1]
    return min(taken[1:] or taken), len(taken)


def _wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def share_of_products(call: Callable[[], object]) -> dict[str, float | None]:
    """Shares of the card's time that are matrix products, and of the time that passed in which the card was busy.

    Without a card, of the time of all operations of torch on the processor; None where the profiler can't see the
    threads that compute.
    """
    import torch
    from torch.profiler import ProfilerActivity, profile

    card = torch.cuda.is_available()
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if card else [])], **_threads()) as found:
        start = time.perf_counter()
        call()
        _wait()
        passed = time.perf_counter() - start
    events = found.key_averages()
    if card:
        kernels = sum(_on_card(event) for event in events if event.device_type.name == "CUDA")
        products = sum(_on_card(event) for event in events if event.key in PRODUCTS)
        return {"products": _part(products, kernels), "busy": _part(kernels / 1e6, passed)}
    every = sum(event.self_cpu_time_total for event in events if event.key.startswith("aten::"))
    products = sum(event.self_cpu_time_total for event in events if event.key in PRODUCTS)
    return {"products": _part(products, every) if products else None, "busy": None}


def _threads() -> dict:
    """Option that lets the profiler see operations of all threads, where this torch has it."""
    from torch._C._profiler import _ExperimentalConfig

    try:
        return {"experimental_config": _ExperimentalConfig(profile_all_threads=True)}
    except TypeError:
        return {}


def _on_card(event: object) -> float:
    """Microseconds of an operation's own kernels, or of a kernel."""
    return getattr(event, "self_device_time_total", None) or getattr(event, "self_cuda_time_total", 0.0)


def _part(some: float, whole: float) -> float | None:
    return round(some / whole, 4) if whole else None


def measure(names: list[str], sizes: Sizes) -> Iterator[dict]:
    """Rows of jobs, on the card where this process sees one; a job that fails gives a row that says why."""
    for name in names:
        try:
            job = JOBS[name](sizes)
            seconds, calls = seconds_of(job.call, sizes.budget)
            row = {"name": name, "what": job.what, "seconds": seconds / job.count, "calls": calls, "note": job.note}
            row["whole"] = list(job.whole)
            yield row | (share_of_products(job.call) if job.profiled and name == "null" else {})
        except Exception as error:  # the next job may well work, and minutes on such a machine are few
            line = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({Path(line.filename).name}, line {line.lineno})"
            yield {"name": name, "failed": " ".join(why.split())[:300]}


def missing() -> list[str]:
    """Packages that are needed and not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def in_a_process(where: str, names: list[str], *, small: bool, limit: float, say: Callable = print) -> Iterator[dict]:
    """Rows of one device (``"gpu"`` or ``"cpu"``), measured in a process that is ended after `limit` seconds."""
    environment = dict(os.environ) | ({"CUDA_VISIBLE_DEVICES": ""} if where == "cpu" else {})
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    command = [
        sys.executable,
        "-m",
        "benchmarks.gpu",
        "--rows",
        "--only",
        ",".join(names),
        *(["--small"] if small else []),
    ]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        timer = Timer(limit, process.kill)
        timer.start()
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    row = json.loads(line)
                    say(f"{where}: {told(row)}")
                    yield row
        finally:
            timer.cancel()
    if process.returncode:
        say(f"{where}: ended by {process.returncode} before its last job")


def told(row: dict) -> str:
    """A row on a line."""
    if "failed" in row:
        return f"{row['name']} failed: {row['failed']}"
    share = f", {100 * row['products']:.0f} % matrix products" if row.get("products") else ""
    return f"{row['what']}: {frame.quantity(row['seconds'], 's')}{share}"


def run(path: Path | None, *, small: bool = False, names: list[str] | None = None, say: Callable = print) -> dict:
    """Measure both devices, keep what was measured after every row, and give it.

    Parameters
    ----------
    path : path, optional
        Where results are kept; nowhere without one. Where there is no card, nothing is written over those of one.
    small : bool
        Tiny sizes: whether it works, not how fast.
    names : list of str, optional
        Of ``JOBS``. Default: all.
    say : callable
        Takes a line for every row.
    """
    about = frame.circumstances()
    devices = ["gpu", "cpu"] if about["gpu"] else ["cpu"]
    if not about["gpu"]:
        say("No GPU here: the processor is measured alone, which says nothing about any card.")
    sizes = SMALL if small else Sizes()
    found = {**about, "small": small, "sizes": asdict(sizes), "rows": {where: [] for where in devices}}
    if path and path.exists() and not about["gpu"] and frame.load(path).get("gpu"):
        say(f"{path} holds the results of a card ({frame.load(path)['gpu']}), so nothing is written.")
        path = None
    for where in devices:
        for row in in_a_process(where, names or list(JOBS), small=small, limit=LIMITS[where], say=say):
            found["rows"][where].append(row)
            if path:
                frame.save(found, path)
    return found


def main(given: list[str] | None = None) -> int:
    """Measure what a GPU is worth; the exit code is 2 where something is missing or unknown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=main.__doc__)
    parser.add_argument("--small", action="store_true", help="tiny sizes, for a test")
    parser.add_argument("--out", type=Path, default=frame.GPU_RESULTS, help="where results are kept")
    parser.add_argument("--only", default="", help=f"some of these, with commas: {', '.join(JOBS)}")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)  # of this process, as JSON
    asked = parser.parse_args(given)
    names = [name for name in asked.only.split(",") if name] or list(JOBS)
    unknown = [name for name in names if name not in JOBS]
    if problem := _problem(missing(), unknown):
        print(problem, file=sys.stderr)
        return 2
    if asked.rows:
        for row in measure(names, SMALL if asked.small else Sizes()):
            print(json.dumps(row), flush=True)
        return 0
    start = time.perf_counter()
    kept = None if asked.small and asked.out == frame.GPU_RESULTS else asked.out
    run(kept, small=asked.small, names=names)
    print(f"{frame.quantity(time.perf_counter() - start, 's')} in all" + (f"; {kept}" if kept else ""))
    return 0


def _problem(lacking: list[str], unknown: list[str]) -> str:
    """Why nothing can be measured; empty if it can."""
    if lacking:
        return f"not installed here: {', '.join(lacking)}. Bring them along as wheels."
    return f"unknown job {unknown[0]!r}; known: {', '.join(JOBS)}" if unknown else ""


if __name__ == "__main__":
    sys.exit(main())
