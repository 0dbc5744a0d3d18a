"""Layers of many sounds against a plain loop over transformers, with the geometry of wav2vec 2.0 base."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version

import numpy as np

from benchmarks.frame import Step, peak_memory, row
from lib.models import load, sound_activations, sound_features

NAME = "untrained:wav2vec2-base:0"
N_SOUNDS, FEW, SECONDS, RATE = 24, 8, 2.0, 16000
LAYERS = ["embedding", *(f"layer.{k + 1}" for k in range(12))]
WORK = f"{N_SOUNDS} sounds of two seconds, 13 layers of 768 units (wav2vec 2.0 base, random weights)"
OTHER = f"transformers {version('transformers')}, one sound after the other: feature extractor, hidden states, mean"


def steps() -> list[Step]:
    return [
        Step(f"layers of {N_SOUNDS} sounds: computed in both precisions, and read from the cache", computed),
        Step(f"peak memory of {FEW} sounds in both precisions", memory),
    ]


@contextmanager
def empty_cache() -> Iterator[None]:
    """Cache in an empty folder while the block lasts."""
    before = os.environ.get("ALIKE_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ALIKE_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("ALIKE_CACHE") if before is None else os.environ.update(ALIKE_CACHE=before)


def simulate(n_sounds: int = N_SOUNDS) -> list[tuple[np.ndarray, int]]:
    """Noises of different colours under envelopes of different rates."""
    rng, t = np.random.default_rng(0), np.arange(round(SECONDS * RATE)) / RATE
    sounds = []
    for _ in range(n_sounds):
        colour = np.fft.rfft(rng.normal(size=len(t))) / np.maximum(np.arange(len(t) // 2 + 1), 20) ** rng.uniform(0, 2)
        noise = np.fft.irfft(colour) * (1 + np.sin(2 * np.pi * rng.uniform(1, 16) * t))
        sounds.append(((0.1 * noise / noise.std()).astype(np.float32), RATE))
    return sounds


def plain_network():
    """The same network as ``load(NAME)`` makes."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    return Wav2Vec2Model(Wav2Vec2Config()).eval()


def plain_loop(network, sounds: list[tuple[np.ndarray, int]]) -> dict[str, np.ndarray]:
    """What one would write down: time-averaged hidden states of each sound."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor

    extractor, rows = Wav2Vec2FeatureExtractor(), []
    with torch.no_grad():
        for samples, rate in sounds:
            inputs = extractor(samples, sampling_rate=rate, return_tensors="pt").to(network.device)
            states = network(**inputs, output_hidden_states=True).hidden_states
            rows.append([state.mean(1)[0].cpu().numpy() for state in states])
    return {layer: np.stack([row[k] for row in rows]) for k, layer in enumerate(LAYERS)}


def taken(call, best: dict, name: str):
    start = time.perf_counter()
    result = call()
    best[name] = min(best.get(name, np.inf), time.perf_counter() - start)
    return result


@empty_cache()
def computed(turns: int = 2) -> Iterator[dict]:
    """Time of computing everything, in both precisions, and of finding it in the cache."""
    sounds, model, best, found = simulate(), load(NAME), {}, {}
    network = plain_network().to("cuda" if _on_gpu() else "cpu")
    plain = partial(plain_loop, network)
    ours = {p: partial(sound_features, model, layers=LAYERS, precision=p, cache=False) for p in ("full", "half")}
    for call in (plain, *ours.values()):
        call(sounds=sounds[:2])
    for _ in range(turns):
        found["plain"] = taken(partial(plain, sounds=sounds), best, "plain")
        for precision, call in ours.items():
            found[precision] = taken(partial(call, sounds=sounds), best, precision)
    same = {precision: agreement(found[precision], found["plain"]) for precision in ours}
    yield beside("Computed", best, "full", same["full"], "float32 on both sides")
    note = "products in bfloat16 where torch says it is safe, against float32"
    yield beside("Computed in half precision", best, "half", same["half"], note)
    sound_features(model, sounds, LAYERS)
    size = sum(values.nbytes for a in sound_activations(model, sounds, LAYERS) for values in a.layers.values()) / 1e6
    for _ in range(3):
        found["cache"] = taken(lambda: sound_features(load(NAME), sounds, LAYERS), best, "cache")
        taken(lambda: list(sound_activations(load(NAME), sounds, LAYERS)), best, "frames")
    same["cache"] = agreement(found["cache"], found["plain"])
    yield beside("Cached", best, "cache", same["cache"], "a second run: the network is not made")
    yield beside("Cached frames", best, "frames", "", f"frame by frame: {size:,.0f} MB are verified and mapped")


def beside(what: str, best: dict[str, float], key: str, check: str, note: str) -> dict:
    """One row: the shortest time of one of our ways beside that of the plain loop."""
    return row(f"{what}: {WORK}", best[key], theirs=best["plain"], other=OTHER, check=check, note=note)


def agreement(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> str:
    """Largest distance between the vectors of a sound, as a fraction of their length, in words."""
    norm = np.linalg.norm
    apart = max((norm(one[layer] - two[layer], axis=1) / norm(two[layer], axis=1)).max() for layer in LAYERS)
    return f"averages differ by at most {apart:.0e} of their norm"


def _on_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@empty_cache()
def memory() -> list[dict]:
    """Peak memory of a process that makes the network and represents a few of the sounds."""
    setup = (
        "import torch, transformers\n"
        "from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model\n"
        "from benchmarks.bench_activations import LAYERS, NAME, load, plain_loop, plain_network, simulate, "
        "sound_features\n"
        f"sounds = simulate({FEW})"
    )
    _, plain = peak_memory(setup, "plain_loop(plain_network(), sounds)")
    rows = []
    for precision in ("full", "half"):
        call = f"sound_features(load(NAME), sounds, LAYERS, precision={precision!r}, cache=False)"
        _, peak = peak_memory(setup, call)
        rows.append(
            row(
                f"Peak memory in {precision} precision, {FEW} such sounds",
                peak,
                theirs=plain,
                other=OTHER,
                unit="MB",
                note="of the whole process, with the libraries and the weights",
            )
        )
    return rows
