"""Classification: a small convolutional network learns the names of sounds, from random weights or from a model's.

Comes in: diets whose labels are classes. Goes out: a ``ResNetForImageClassification`` of transformers. A class that no
training sound has is not asked for in the test.
"""

from __future__ import annotations

import numpy as np
import torch

from lib.models.loaders.mini import patches, residual
from lib.training.filling import settled
from lib.training.loop import Diet, Work, device, train
from lib.training.spectra import Spectra, Spectrum, spectra_of

TRIES = 3  # crops per example, of which the loudest is taken: many clips are mostly silence
STRIDE = 200  # frames from one crop of a test clip to the next


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train a classifier; fills `work` with curve, weights and card. Its score is on the clips held out."""
    classes = sorted({clip.label for diet in diets for clip in diet.train})
    torch.manual_seed(recipe.schedule.seed)
    network, scale = _network(recipe, classes, work)
    seen = spectra_of(diets, scale=scale)
    unseen = spectra_of(diets, held_out=True, scale=seen.scale)
    labels = [np.array([classes.index(clip.label) for clip in diet.train]) for diet in diets]
    right = [np.array([_place(clip.label, classes) for clip in diet.held_out]) for diet in diets]

    def loss(network, rng):
        return _loss(network, seen, labels, rng, recipe.schedule.batch)

    def held_out(network):
        return float(1 - np.mean(_rights(network, unseen, right)))

    curve = train(network, loss, recipe.schedule, work.folder, key=work.key, held_out=held_out)
    work.publish(settled(network, seen), work.folder / "final", seen.scale)
    rights = _rights(_reread(network, work), unseen, right)
    score = {"score": "accuracy", "value": round(float(rights.mean()), 4), "chance": 1 / len(classes), "n": len(rights)}
    work.finish(curve, [score | {"of": "clips", "on": "held-out sounds of its diets"}])


def _place(label, classes) -> int:
    return classes.index(label) if label in classes else -1


def _network(recipe, classes, work):
    from transformers import ResNetConfig, ResNetForImageClassification

    names = {"id2label": dict(enumerate(classes)), "label2id": {name: k for k, name in enumerate(classes)}}
    if not recipe.start:
        network = ResNetForImageClassification(ResNetConfig(**recipe.config, **names))
        return network.to(memory_format=torch.channels_last), None
    folder = work.target.parent / recipe.start
    network = ResNetForImageClassification.from_pretrained(folder, dtype=torch.float32, **names)
    return network.to(memory_format=torch.channels_last), patches.Scale.read(folder)


def _reread(network, work):
    return type(network).from_pretrained(work.folder / "final", dtype=torch.float32).eval().to(device())


def _loss(network, seen: Spectra, labels, rng, batch) -> torch.Tensor:
    """Cross entropy of crops, equally many of each diet; clips of a diet are drawn alike."""
    drawn = [(k % len(labels), int(rng.integers(len(labels[k % len(labels)])))) for k in range(batch)]
    crops = np.stack([_loudest(seen.groups[group][place], rng, seen.scale) for group, place in drawn])
    wanted = torch.as_tensor([labels[group][place] for group, place in drawn]).to(device())
    logits = network(residual.images(crops).to(device())).logits.float()
    return torch.nn.functional.cross_entropy(logits, wanted, label_smoothing=0.1)


def _loudest(clip: Spectrum, rng, scale):
    starts = rng.integers(clip.starts, size=TRIES)
    return clip.crop(max(starts, key=lambda start: clip.frames[start : start + patches.FRAMES].sum()), scale)


def _rights(network, sounds: Spectra, wanted) -> np.ndarray:
    """Whether each clip whose class is known was named rightly."""
    found = [
        predicted(network, clips, sounds.scale) == right for clips, right in zip(sounds.groups, wanted, strict=True)
    ]
    return np.concatenate([each[right >= 0] for each, right in zip(found, wanted, strict=True)])


def predicted(network, clips: list[Spectrum], scale: patches.Scale) -> np.ndarray:
    """Most probable class (clips,), probabilities averaged over crops of 2 s every second."""
    found = []
    for clip in clips:
        crops = np.stack([clip.crop(start, scale) for start in range(0, clip.starts, STRIDE)])
        with torch.inference_mode():
            found.append(network(residual.images(crops).to(device())).logits.softmax(-1).mean(0).argmax().item())
    return np.array(found)
