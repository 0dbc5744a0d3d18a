"""CochDNN: two convolutional networks on a simulated cochlea, trained to recognise words, speakers, sounds, or all.

Comes in: waveforms at 20 kHz. Goes out: for CochResNet50 "conv1_relu1", "maxpool1", "layer1" ... "layer4" and
"avgpool"; for CochCNN9 "relu0", "maxpool0", "relu1", "maxpool1", "relu2", "relu3", "relu4", "avgpool" and "relufc".
Units are channels times frequencies; "avgpool" of the first and "relufc" of the second are one frame per 2 s.

The networks hear 2 s at a root mean square of 0.1: longer sounds are cut into pieces of 2 s, the last filled up with
silence, of which no frame is given. Their cochleagram is not the one of ``lib.models.baselines.cochlea``: 211
half-cosine filters (203 between 50 Hz and 10 kHz, each an eighth of its width from the next, and four low-pass and
high-pass at either side), Hilbert envelopes of half the amplitude, sampled at 200 Hz by a windowed sinc, and only then
compressed.

Names are those of the public checkpoints (github.com/jenellefeather/cochdnn), whose network lies under
"module.model.1." after the fixed filters. Reference: Tuckute, Feather et al. 2023, PLoS Biology 21, e3002366.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import Clock, pooled, same
from lib.models.baselines.cochlea import COMPRESSION, erb_frequency, erb_number

DEFAULTS = {"network": "resnet50", "channels": None, "full": 4096}
IGNORED = ("fc.", "classification.")
PREFIXES = ("module.model.1.", "model.1.", "module.model.", "model.")
FILES = {}
RATE, SAMPLES = 20000, 40000
LEVEL = 0.1
LOWEST, HIGHEST, FILTERS, SAMPLING = 50.0, 10_000.0, 50, 4
HOP, TAPS = 100, 1001
CLOCK = Clock((TAPS - 1) / 2, HOP)
BANDS = (106, 53, 53, 27, 14, 7)  # frequencies left in the layers of the residual network
RESNET_CHANNELS = [64, 64, 128, 256, 512]
CNN_CHANNELS = [96, 256, 512, 1024, 512]


def build(config) -> nn.Module:
    """Network of a config: "resnet50" or "cnn9", its channels, and the units of the latter's full layer."""
    if config["network"] == "resnet50":
        return CochResNet50(config["channels"] or RESNET_CHANNELS)
    return CochCNN9(config["channels"] or CNN_CHANNELS, config["full"])


class Cochleagram(nn.Module):
    """What both networks share: their input, the length they hear, and which frames of it are sound."""

    longest = SAMPLES
    shortest = 2 * TAPS

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        samples = waves.shape[1]
        waves = waves - waves.mean(dim=1, keepdim=True)
        waves = LEVEL * waves / waves.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-12)
        filled = functional.pad(waves, (0, SAMPLES - samples))
        inputs = torch.stack([cochleagram(wave) for wave in filled])[:, None]  # sounds, 1, frequencies, frames
        return {layer: _heard(*pair, samples) for layer, pair in self.layers(inputs).items()}


class CochResNet50(Cochleagram):
    """The fifty-layer residual network with one input channel."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        before = channels[0]
        for stage, (width, blocks) in enumerate(zip(channels[1:], (3, 4, 6, 3), strict=True), start=1):
            steps = [Bottleneck(before, width, 1 if stage == 1 else 2)]
            steps += [Bottleneck(4 * width, width) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage}", nn.Sequential(*steps))
            before = 4 * width
        self.apply(_kaiming)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        channels = [self.conv1.out_channels] * 2 + [self._stage(number)[0].conv3.out_channels for number in range(1, 5)]
        places = zip(("conv1_relu1", "maxpool1", "layer1", "layer2", "layer3", "layer4"), BANDS, channels, strict=True)
        return {layer: bands * count for layer, bands, count in places} | {"avgpool": channels[-1]}

    def layers(self, state: Tensor) -> dict:
        """Cochleagrams (sounds, 1, frequencies, frames) to {layer: (feature maps, clock)}."""
        state = torch.relu(self.bn1(self.conv1(state)))
        clock = CLOCK.then(7, 2, 3)
        layers = {"conv1_relu1": (state, clock)}
        state, clock = functional.max_pool2d(state, 3, 2, 1), clock.then(3, 2, 1)
        layers["maxpool1"] = state, clock
        for number in range(1, 5):
            state = self._stage(number)(state)
            clock = clock.then(3, self._stage(number)[0].conv2.stride[0], 1)
            layers[f"layer{number}"] = state, clock
        return layers | {"avgpool": (state.mean(dim=(2, 3), keepdim=True), pooled(SAMPLES))}

    def _stage(self, number):
        return getattr(self, f"layer{number}")


class Bottleneck(nn.Module):
    """Three convolutions, the first and last of a single point, around a residual."""

    def __init__(self, before, width, stride=1):
        super().__init__()
        after = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after)
        self.downsample = None
        if stride > 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, state: Tensor) -> Tensor:
        """Feature maps (sounds, channels, frequencies, frames) to feature maps."""
        inner = torch.relu(self.bn1(self.conv1(state)))
        inner = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(inner)))))
        return torch.relu(inner + (state if self.downsample is None else self.downsample(state)))


class CochCNN9(Cochleagram):
    """Five convolutions and a full layer, after Kell et al. 2018."""

    SHAPES = (((7, 14), 3), ((4, 8), 2), ((2, 5), 1), ((2, 5), 1), ((2, 5), 1))  # kernels and strides
    POOL = (2, 5), 2

    def __init__(self, channels, full):
        super().__init__()
        self.batchnorm0 = nn.BatchNorm2d(1)
        self.batchnorm1, self.batchnorm2 = nn.BatchNorm2d(channels[0]), nn.BatchNorm2d(channels[1])
        for number, (before, after) in enumerate(zip([1, *channels[:-1]], channels, strict=True)):
            kernel, stride = self.SHAPES[number]
            setattr(self, f"conv{number}", nn.Conv2d(before, after, kernel, stride, bias=False))
        self.fullyconnected = nn.Linear(channels[-1] * 5 * 9, full)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        places = ("relu0", 0, 71), ("maxpool0", 0, 36), ("relu1", 1, 18), ("maxpool1", 1, 9)
        places += ("relu2", 2, 9), ("relu3", 3, 9), ("relu4", 4, 9), ("avgpool", 4, 5)
        widths = {layer: getattr(self, f"conv{number}").out_channels * bands for layer, number, bands in places}
        return {**widths, "relufc": self.fullyconnected.out_features}

    def layers(self, state: Tensor) -> dict:
        """Cochleagrams (sounds, 1, frequencies, frames) to {layer: (feature maps, clock)}."""
        layers, clock = {}, CLOCK
        for number in range(5):
            convolution, normal = getattr(self, f"conv{number}"), getattr(self, f"batchnorm{number}", None)
            state = state if normal is None else normal(state)
            state, clock = _same(state, clock, *self.SHAPES[number], convolution)
            state = torch.relu(state)
            layers[f"relu{number}"] = state, clock
            if number < 2:
                state, clock = _same(state, clock, *self.POOL, functional.max_pool2d)
                layers[f"maxpool{number}"] = state, clock
        state, clock = _same(state, clock, *self.POOL, functional.avg_pool2d)
        layers["avgpool"] = state, clock
        full = torch.relu(self.fullyconnected(state.flatten(1)))
        return layers | {"relufc": (full[:, :, None, None], pooled(SAMPLES))}


def cochleagram(wave: Tensor) -> Tensor:
    """Compressed envelopes (frequencies, frames) of 2 s of sound (samples,)."""
    spectrum = torch.fft.rfft(wave) * filters().to(wave)
    analytic = torch.fft.ifft(functional.pad(spectrum, (0, SAMPLES // 2 - 1)))
    slow = functional.conv1d(analytic.abs().clamp_min(1e-8)[:, None], _sinc().to(wave)[None, None], stride=HOP)
    return (slow[:, 0].clamp_min(0) + 1e-8) ** COMPRESSION


@lru_cache(maxsize=1)
def filters() -> Tensor:
    """Gains (frequencies, bins) of the filters: squares sum to one at every frequency."""
    bins = erb_number(np.linspace(0, RATE / 2, SAMPLES // 2 + 1))
    low, high = erb_number([LOWEST, HIGHEST])
    centres = np.linspace(low, high, SAMPLING * (FILTERS + 1) + 1)
    width = SAMPLING * (centres[1] - centres[0])
    centres = centres[1:-1, None]
    band = np.where(np.abs(bins - centres) < width, np.cos(np.pi / 2 * (bins - centres) / width), 0)
    low_pass = np.where(bins < centres[:SAMPLING], np.sqrt(1 - band[:SAMPLING] ** 2), 0)
    high_pass = np.where(bins > centres[-SAMPLING:], np.sqrt(1 - band[-SAMPLING:] ** 2), 0)
    gains = np.concatenate([low_pass, band, high_pass]) / np.sqrt(SAMPLING)
    return torch.from_numpy(gains.astype(np.float32))


def frequencies() -> np.ndarray:
    """Centre frequency in Hz of each filter of ``cochleagram`` but the low- and high-pass ones."""
    return erb_frequency(np.linspace(*erb_number([LOWEST, HIGHEST]), SAMPLING * (FILTERS + 1) + 1)[1:-1])


def _sinc() -> Tensor:
    """Windowed sinc that passes what 200 Hz can carry."""
    places = np.arange(-TAPS / 2, TAPS // 2)
    return torch.from_numpy((np.kaiser(TAPS, 5) * np.sinc(places / HOP) / HOP).astype(np.float32))


def _same(state, clock, kernel, stride, step):
    """Apply a convolution or pooling to feature maps padded so that ceil(size / stride) places remain."""
    below, above = same(state.shape[2], kernel[0], stride)
    before, after = same(state.shape[3], kernel[1], stride)
    filling = float("-inf") if step is functional.max_pool2d else 0.0
    padded = functional.pad(state, (before, after, below, above), value=filling)
    state = step(padded) if isinstance(step, nn.Conv2d) else step(padded, kernel, stride)
    return state, clock.then(kernel[1], stride, before)


def _heard(state, clock, samples):
    """Feature maps (sounds, channels, frequencies, frames) to (sounds, frames, units), without the filling."""
    values = state.flatten(1, 2).transpose(1, 2)
    if values.shape[1] > 1:
        values = values[:, : max(int((samples - 1 - clock.first) // clock.step) + 1, 1)]
        return values, clock
    return values, pooled(samples)


def _kaiming(module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
