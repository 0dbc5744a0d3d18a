"""When a frame is: the clock of a layer, derived from the windows and strides that lie before it.

Comes in: windows, kernels, strides and paddings, in the order a network applies them. Goes out: a ``Clock`` whose
``times`` are the centres of what each frame sees first-hand (attention and recurrence, which see everything, do not
count).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Clock:
    """Frames `step` samples apart, the centre of the first one at sample `first`."""

    first: float
    step: float

    def then(self, kernel: int, stride: int = 1, padding: int = 0) -> Clock:
        """Clock after a convolution or pooling over these frames, `padding` frames of it before the first.

        Frame k of the result looks at frames k * stride - padding ... + kernel - 1, whose centre lies (kernel - 1) / 2
        frames after the first of them.
        """
        return Clock(self.first + self.step * ((kernel - 1) / 2 - padding), self.step * stride)

    def times(self, frames: int, rate: float) -> np.ndarray:
        """Centres (frames,) in seconds."""
        return (self.first + self.step * np.arange(frames)) / rate


def windowed(length: int, hop: int) -> Clock:
    """Clock of analysis windows that all lie inside the sound."""
    return Clock(length / 2, hop)


def centred(hop: int) -> Clock:
    """Clock of analysis windows centred on every `hop`-th sample, the sound being padded at both ends."""
    return Clock(0, hop)


def pooled(samples: int) -> Clock:
    """Clock of a single frame that sums up a whole sound: its middle."""
    return Clock(samples / 2, samples)


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after that makes ceil(size / stride) outputs, the odd one after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
