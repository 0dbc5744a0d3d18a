"""Spectrograms of diets, from which lessons are cut: two seconds each, standardised as the small models take them.

Comes in: diets. Goes out: ``Spectra``, whose ``draw`` gives crops. Hours of sound are kept in half precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lib.models.loaders.mini import patches
from lib.training.loop import Diet


@dataclass(frozen=True)
class Spectrum:
    """Mel power of a clip: `decades` (frames, bands) in half precision, and the mean power of each frame (frames,)."""

    decades: np.ndarray
    frames: np.ndarray

    @classmethod
    def of(cls, samples: np.ndarray) -> Spectrum:
        """Of the samples of a clip."""
        mel = patches.power(samples[None])[0]
        return cls(np.log10(np.maximum(mel, patches.TINY)).astype(np.float16), mel.mean(axis=-1))

    def __len__(self) -> int:
        return len(self.frames)

    def level_free(self, start: int = 0, count: int | None = None) -> np.ndarray:
        """Decades above the floor of a stretch (frames, bands)."""
        place = slice(start, None if count is None else start + count)
        return patches.relative(self.decades[place].astype(np.float32), self.frames[place])

    def crop(self, start: int, scale: patches.Scale) -> np.ndarray:
        """Two seconds from a frame on (frames, bands), as the network takes them."""
        return patches.fitted(self.level_free(start, patches.FRAMES), scale)

    @property
    def starts(self) -> int:
        """Number of frames at which two seconds may begin."""
        return max(1, len(self) - patches.FRAMES + 1)


@dataclass(frozen=True)
class Spectra:
    """Spectra of clips, a list for each diet, and the scale of their bands."""

    groups: tuple[list[Spectrum], ...]
    scale: patches.Scale

    @cached_property
    def shares(self) -> list[np.ndarray]:
        """Of each diet, the share of its frames in its first clips, up to 1."""
        lengths = [np.array([len(clip) for clip in clips]) for clips in self.groups]
        return [np.cumsum(some) / some.sum() for some in lengths]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Crops of 2 s (count, frames, bands) from all places of the sounds alike, equally many of each diet."""
        return np.stack([self._crop(rng, k % len(self.groups)) for k in range(count)])

    def _crop(self, rng, group):
        clip = self.groups[group][int(np.searchsorted(self.shares[group], rng.random(), side="right"))]
        return clip.crop(int(rng.integers(clip.starts)), self.scale)


def spectra_of(diets: Sequence[Diet], *, held_out: bool = False, scale: patches.Scale | None = None) -> Spectra:
    """Spectra of all sounds of some diets, and their scale unless that is given."""
    clips = (diet.held_out if held_out else diet.train for diet in diets)
    groups = tuple([Spectrum.of(clip.samples) for clip in some] for some in clips)
    if scale is None:
        each = min(sum(map(len, group)) for group in groups)  # frames: the same number of every diet
        scale = patches.Scale.of([clip.level_free() for group in groups for clip in _some(group, each)])
    return Spectra(groups, scale)


def _some(clips, frames):
    step = max(1, round(sum(map(len, clips)) / frames))
    return clips[::step]
