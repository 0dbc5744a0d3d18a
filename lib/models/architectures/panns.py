"""PANNs CNN14: a convolutional network trained on AudioSet labels.

Comes in: waveforms at 32 kHz. Goes out: "conv.1" ... "conv.6", the blocks after pooling, with channels times bands as
units and a frame per 20 ms to 320 ms; and "full", the clip embedding, a single frame (maximum plus mean over time).

64 mel bands in dB (Hann windows of 1024 samples every 320, 50 Hz to 14 kHz, Slaney's scale and areas), a batch
normalisation over bands, six blocks of two 3 x 3 convolutions. Names are those of the public checkpoint
Cnn14_mAP=0.431.pth (github.com/qiuqiangkong/audioset_tagging_cnn), whose fixed filters are not read but made here.
Reference: Kong et al. 2020, IEEE/ACM Transactions on Audio, Speech, and Language Processing 28, 2880-2894.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import centred, pooled
from lib.models.architectures.parts.spectra import decibels, mel, stft

DEFAULTS = {"channels": [64, 128, 256, 512, 1024, 2048], "full": 2048}
IGNORED = ("spectrogram_extractor.", "logmel_extractor.", "fc_audioset.")
PREFIXES = ()
FILES = {}
RATE, BANDS, SIZE, HOP = 32000, 64, 1024, 320
LOWEST, HIGHEST = 50.0, 14000.0


def build(config) -> nn.Module:
    """Network of a config: channels of the six blocks, units of the full layer."""
    return Cnn14(**config)


class Cnn14(nn.Module):
    """See the module."""

    longest = None
    shortest = 32 * HOP

    def __init__(self, *, channels, full):
        super().__init__()
        self.bn0 = nn.BatchNorm2d(BANDS)
        for number, pair in enumerate(zip([1, *channels[:-1]], channels, strict=True), start=1):
            setattr(self, f"conv_block{number}", Block(*pair))
        self.fc1 = nn.Linear(channels[-1], full)
        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        bands = [BANDS >> halvings for halvings in (1, 2, 3, 4, 5, 5)]
        blocks = enumerate(zip(self._blocks(), bands, strict=True), start=1)
        widths = {f"conv.{number}": block.conv2.out_channels * count for number, (block, count) in blocks}
        return {**widths, "full": self.fc1.out_features}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        power = stft(waves, SIZE, HOP) ** 2
        levels = decibels(mel(power, BANDS, RATE, LOWEST, HIGHEST, scale="slaney", area=True))
        state = self.bn0(levels.transpose(1, 2)[..., None]).permute(0, 3, 2, 1)  # sounds, 1, times, bands
        clock, layers = centred(HOP), {}
        for number, block in enumerate(self._blocks(), start=1):
            state = block(state)
            if number < 6:
                state, clock = functional.avg_pool2d(state, 2), clock.then(2, 2)
            layers[f"conv.{number}"] = state.transpose(1, 2).flatten(2), clock
        times = state.mean(dim=3)
        summed = torch.relu(self.fc1(times.amax(dim=2) + times.mean(dim=2)))
        return {**layers, "full": (summed[:, None], pooled(waves.shape[1]))}

    def _blocks(self):
        return [getattr(self, f"conv_block{number}") for number in range(1, 7)]


class Block(nn.Module):
    """Two convolutions, each normalised and rectified."""

    def __init__(self, before, after):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(after), nn.BatchNorm2d(after)
        nn.init.xavier_uniform_(self.conv1.weight)
        nn.init.xavier_uniform_(self.conv2.weight)

    def forward(self, state: Tensor) -> Tensor:
        """Feature maps (sounds, channels, times, bands) to feature maps."""
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(state))))))
