"""Classification: a small AST learns the names of sounds, from random weights or from a masked autoencoder's.

Comes in: one diet whose labels are classes. Goes out: an ``ASTForAudioClassification``. In training it sees two fifths
of the patches, which saves time and keeps it from learning clips by heart (Koutini et al. 2022); in the test all.
"""

from __future__ import annotations

import numpy as np
import torch

from lib.models.loaders import patches
from lib.models.loaders.patches import SIDE, initialised
from lib.training.loop import Diet, Work, device, train
from lib.training.masked import Spectra, cropped, encoded, spectra_of

SEEN = 0.4  # of the patches, in training
TRIES = 3  # crops per example, of which the loudest is taken: many clips are mostly silence
STRIDE = 200  # frames from one crop of a test clip to the next


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train a classifier; fills `work` with curve, weights and card. Its score is on the clips held out."""
    classes = sorted({clip.label for clip in diets[0].train})
    torch.manual_seed(recipe.schedule.seed)
    network, scale = _network(recipe, classes, work)
    seen = spectra_of(diets, scale=scale)
    unseen = spectra_of(diets, held_out=True, scale=seen.scale)
    train_labels, test_labels = (
        np.array([classes.index(clip.label) for clip in clips]) for clips in (diets[0].train, diets[0].held_out)
    )

    def loss(network, rng):
        return _loss(network, seen, train_labels, rng, recipe.schedule.batch)

    def held_out(network):
        return float(np.mean(predicted(network, unseen) != test_labels))

    curve = train(network, loss, recipe.schedule, work.folder, key=work.key, held_out=held_out)
    work.publish(network, work.folder / "final", seen.scale)
    right = predicted(_reread(network, work), unseen) == test_labels
    score = {"score": "accuracy", "value": round(float(right.mean()), 4), "chance": 1 / len(classes), "n": len(right)}
    work.finish(curve, [score | {"of": "clips of 5 s", "on": "held-out fold 5"}])


def _network(recipe, classes, work):
    from transformers import ASTConfig, ASTForAudioClassification

    names = {"id2label": dict(enumerate(classes)), "label2id": {name: k for k, name in enumerate(classes)}}
    if not recipe.start:
        network = ASTForAudioClassification(ASTConfig(**recipe.config, **names))
        initialised(network.audio_spectrogram_transformer)
        return network, None
    folder = work.target.parent / recipe.start
    network = ASTForAudioClassification.from_pretrained(folder, dtype=torch.float32, **names)
    return network, patches.Scale.read(folder)


def _reread(network, work):
    return type(network).from_pretrained(work.folder / "final", dtype=torch.float32).eval().to(device())


def _loss(network, seen: Spectra, labels, rng, batch) -> torch.Tensor:
    (clips,) = seen.groups
    chosen = rng.choice(len(clips), batch)
    spectra = np.stack([_loudest(clips[place], rng, seen.scale) for place in chosen])
    count = SIDE[0] * SIDE[1]
    order = torch.as_tensor(rng.random((batch, count)).argsort(axis=1)[:, : round(SEEN * count)]).to(device())
    states = encoded(network.audio_spectrogram_transformer, torch.as_tensor(spectra).to(device()), order)
    logits = network.classifier((states[:, 0] + states[:, 1]) / 2)
    wanted = torch.as_tensor(labels[chosen]).to(device())
    return torch.nn.functional.cross_entropy(logits, wanted, label_smoothing=0.1)


def _loudest(clip, rng, scale):
    last = max(1, len(clip) - patches.FRAMES + 1)
    starts = rng.integers(last, size=TRIES)
    start = max(starts, key=lambda start: clip[start : start + patches.FRAMES].sum())
    return cropped(clip[start : start + patches.FRAMES], rng, scale)


def predicted(network, sounds: Spectra) -> np.ndarray:
    """Most probable class (clips,), probabilities averaged over crops of 2 s every second."""
    (clips,) = sounds.groups
    rng, found = np.random.default_rng(0), []
    for clip in clips:
        starts = range(0, max(1, len(clip) - patches.FRAMES + 1), STRIDE)
        crops = np.stack([cropped(clip[start : start + patches.FRAMES], rng, sounds.scale) for start in starts])
        with torch.inference_mode():
            found.append(network(torch.as_tensor(crops).to(device())).logits.softmax(-1).mean(0).argmax().item())
    return np.array(found)
