"""VGGish: a plain convolutional network trained on the labels of millions of videos.

Comes in: waveforms at 16 kHz. Goes out: the nine rectified layers ("conv.1" ... "conv.6", "full.1" ... "full.3") and
the four poolings ("pool.1" ... "pool.4"), in order; units of a convolutional layer are its channels times its bands.

64 mel bands of the magnitude spectrum (25 ms windows every 10 ms, 125 Hz to 7.5 kHz, logarithm of the sum plus 0.01),
cut into examples of 0.96 s without overlap; each example is represented by itself; an incomplete last one is left out.
Names are those of the public checkpoint (github.com/harritaylor/torchvggish). The whitening and quantisation that
follow the network in AudioSet's own embeddings are left out. Reference: Hershey et al. 2017, ICASSP, arXiv:1609.09430.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lib.models.architectures.parts.clock import windowed
from lib.models.architectures.parts.spectra import framed, mel

DEFAULTS = {"channels": [64, 128, 256, 256, 512, 512], "full": [4096, 4096, 128]}
IGNORED = ("pproc.",)
PREFIXES = ()
FILES = {}
RATE, BANDS, WINDOW, HOP, SIZE = 16000, 64, 400, 160, 512
EXAMPLE = 96  # frames
POOLED = (0, 1, 3, 5)  # convolutions after which the spectrum is halved


def build(config) -> nn.Module:
    """Network of a config: channels of the convolutions, units of the full layers."""
    return VGGish(**config)


class VGGish(nn.Module):
    """See the module."""

    longest = None
    shortest = WINDOW + (EXAMPLE - 1) * HOP

    def __init__(self, *, channels, full):
        super().__init__()
        steps, before = [], 1
        for number, after in enumerate(channels):
            steps += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            steps += [nn.MaxPool2d(2)] if number in POOLED else []
            before = after
        self.features = nn.Sequential(*steps)
        sizes = [channels[-1] * (BANDS // 16) * (EXAMPLE // 16), *full]
        steps = [step for pair in zip(sizes, full, strict=False) for step in (nn.Linear(*pair), nn.ReLU())]
        self.embeddings = nn.Sequential(*steps)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        widths, bands, channels = {}, BANDS, 0
        for layer, step in self._steps():
            if isinstance(step, nn.Linear):
                widths[layer] = step.out_features
                continue
            bands = bands // 2 if isinstance(step, nn.MaxPool2d) else bands
            channels = getattr(step, "out_channels", channels)
            widths[layer] = channels * bands
        return widths

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        sounds, examples = len(waves), self._examples(waves)
        clock, state, layers = windowed(WINDOW, HOP), examples, {}
        for layer, step in self._steps():
            if isinstance(step, nn.Linear):
                if state.ndim == 4:
                    state = state.permute(0, 2, 3, 1).flatten(1)  # the published order: time, band, channel
                    clock = windowed(WINDOW, HOP).then(EXAMPLE, EXAMPLE)
                state = torch.relu(step(state))
                layers[layer] = state.view(sounds, -1, state.shape[1]), clock
                continue
            pooling = isinstance(step, nn.MaxPool2d)
            state = step(state) if pooling else torch.relu(step(state))
            clock = clock.then(2, 2) if pooling else clock
            layers[layer] = _times_first(state, sounds), clock
        return layers

    def _steps(self):
        """Names of the layers, with the step whose (rectified) output each is."""
        counts = {"conv": 0, "pool": 0, "full": 0}
        for step in (*self.features, *self.embeddings):
            kind = {nn.Conv2d: "conv", nn.MaxPool2d: "pool", nn.Linear: "full"}.get(type(step))
            if kind:
                counts[kind] += 1
                yield f"{kind}.{counts[kind]}", step

    def _examples(self, waves) -> Tensor:
        """Log-mel spectra (sounds * examples, 1, frames, bands)."""
        magnitude = framed(waves, torch.hann_window(WINDOW), HOP, SIZE)
        spectra = (mel(magnitude, BANDS, RATE, 125.0, 7500.0, bent=True) + 0.01).log()
        return spectra[:, : spectra.shape[1] // EXAMPLE * EXAMPLE].reshape(-1, 1, EXAMPLE, BANDS)


def _times_first(state, sounds) -> Tensor:
    """Examples (sounds * examples, channels, times, bands) to (sounds, all times, channels * bands)."""
    return state.transpose(1, 2).flatten(2).reshape(sounds, -1, state.shape[1] * state.shape[3])
