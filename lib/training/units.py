"""Masked prediction of acoustic units: a small HuBERT learns to guess what it cannot hear (Hsu et al. 2021).

Comes in: diets of speech. Goes out: a ``HubertModel``. Units are clusters of cepstra and their changes, fifty a second,
each on the very window that a frame of HuBERT sees; a linear map tells them from the last states, and is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lib.models.baselines.mel import mfcc
from lib.training.loop import Clip, Diet, Work, device, train

RATE, HOP, FIELD = 16_000, 320, 400  # Hz, samples from frame to frame, samples a frame sees
UNITS = 64
CROP = 2 * RATE
SPAN, MASKED = 8, 0.5  # frames of a masked stretch, share of frames to begin with
HELD_OUT_CROPS = 192


class Guesser(nn.Module):
    """HuBERT with a linear map to units."""

    def __init__(self, config):
        super().__init__()
        from transformers import HubertModel

        self.hubert = HubertModel(config)
        self.guess = nn.Linear(config.hidden_size, UNITS)

    def forward(self, waves: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """Logits (sounds, frames, units) of waveforms (sounds, samples) of which the frames `masked` are hidden."""
        return self.guess(self.hubert(waves, mask_time_indices=masked).last_hidden_state)


@dataclass(frozen=True)
class Speech:
    """Waveforms, each with its unit per frame."""

    waves: list[np.ndarray]
    units: list[np.ndarray]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Normalised crops of 2 s (count, samples) and their units (count, frames); -1 where there is no sound."""
        lengths = np.array([len(wave) for wave in self.waves])
        chosen = rng.choice(len(lengths), count, p=lengths / lengths.sum())
        frames = (CROP - FIELD) // HOP + 1
        waves, units = np.zeros((count, CROP), np.float32), np.full((count, frames), -1)
        for row, place in enumerate(chosen):
            start = int(rng.integers(max(1, (lengths[place] - CROP) // HOP + 1)))
            wave = self.waves[place][start * HOP :][:CROP]
            unit = self.units[place][start:][:frames]
            waves[row, : len(wave)] = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
            units[row, : len(unit)] = unit
        return waves, units


def features(wave: np.ndarray) -> np.ndarray:
    """Cepstra and their changes (frames, 40), fifty a second, standardised over the sound."""
    cepstra = mfcc(wave[None].astype(np.float32) / (wave.std() + 1e-9), RATE).values[0]
    both = np.concatenate([cepstra, 3 * np.gradient(cepstra, axis=0)], axis=1)[::2]
    return (both - both.mean(0)) / (both.std(0) + 1e-3)


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train HuBERT on its diets; fills `work` with curve, weights and card. The score is masked accuracy, held out."""
    from transformers import HubertConfig, Wav2Vec2FeatureExtractor

    clips, unseen_clips = (
        tuple(clip for diet in diets for clip in getattr(diet, part)) for part in ("train", "held_out")
    )
    cluster = _clusters(clips, recipe.schedule.seed)
    seen, unseen = _speech(clips, cluster), _speech(unseen_clips, cluster)
    common = _commonest(seen)
    torch.manual_seed(recipe.schedule.seed)
    network = Guesser(HubertConfig(**recipe.config))
    test = unseen.draw(np.random.default_rng(0), HELD_OUT_CROPS)

    def loss(network, rng):
        return _judged(network, *seen.draw(rng, recipe.schedule.batch), rng)[0]

    def held_out(network):
        return float(np.mean([part[0].item() for part in _in_parts(network, test)]))

    curve = train(network, loss, recipe.schedule, work.folder, key=work.key, held_out=held_out)
    work.publish(network.hubert, work.folder / "final")
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(work.folder / "final")
    network.hubert = (
        type(network.hubert).from_pretrained(work.folder / "final", dtype=torch.float32).eval().to(device())
    )
    with torch.inference_mode():
        right = torch.cat([part[1] for part in _in_parts(network, test)])
        wanted = torch.cat([part[2] for part in _in_parts(network, test)])
    score = {"score": "accuracy at masked frames", "value": round(right.float().mean().item(), 4)}
    score |= {"chance": round((wanted == common).float().mean().item(), 4), "n": len(right)}
    score |= {"of": "masked frames", "on": "held-out takes and sentences", "chance_is": "always the commonest unit"}
    work.finish(curve, [score])


def _clusters(clips: tuple[Clip, ...], seed):
    from sklearn.cluster import MiniBatchKMeans

    frames = np.concatenate([features(clip.samples) for clip in clips[::2]])
    return MiniBatchKMeans(UNITS, random_state=seed, batch_size=4096, n_init=3).fit(frames)


def _speech(clips, cluster) -> Speech:
    waves = [np.asarray(clip.samples, np.float32) for clip in clips]
    return Speech(waves, [cluster.predict(features(wave)) for wave in waves])


def _commonest(speech) -> int:
    return int(np.bincount(np.concatenate(speech.units), minlength=UNITS).argmax())


def _judged(network, waves, units, rng):
    """Loss, which masked frames are guessed right, and their units."""
    starts = rng.random(units.shape) < MASKED / SPAN
    masked = np.zeros(units.shape, bool)
    for shift in range(SPAN):
        masked[:, shift:] |= starts[:, : units.shape[1] - shift]
    masked[:, units.shape[1] // 2] |= ~masked.any(axis=1)
    logits = network(torch.as_tensor(waves).to(device()), torch.as_tensor(masked).to(device()))
    counted = torch.as_tensor(masked & (units >= 0)).to(device())
    wanted = torch.as_tensor(units).to(device())[counted]
    logits = logits.float()[counted]
    return nn.functional.cross_entropy(logits, wanted), logits.argmax(-1) == wanted, wanted


def _in_parts(network, test):
    rng = np.random.default_rng(1)
    return [_judged(network, *part, rng) for part in zip(*(np.split(array, 8) for array in test), strict=True)]
