"""EnCodecMAE: a masked autoencoder over frames of sound that predicts the codes of a neural codec.

Comes in: waveforms at 24 kHz. Goes out: "embedding" (projected input with positions) and "layer.1" ... (5, 10 or 20
blocks), one frame per 13 ms; and, where the input is EnCodec's encoder, "conv.4" before them, the last of its four
downsampling stages.

The input is a 256-band Kaldi mel spectrum ("mel": symmetric Hann windows of 637 samples every 318, the published 26.56
and 13.28 ms in whole samples), the 513 bins of the spectrum it is made of ("spectrum"), or the output of EnCodec's
encoder ("codec", 75 frames per second). Blocks have two residual streams (ResiDual): the one normalised after each step
is what they give, and the last block adds the other, normalised, as the published extraction does. Attention heads are
interleaved over units, as the published matrices need it. One perceptron serves all blocks of the published code, so
that all its copies start alike here too. Sounds are cut at 4 s, as published. Names are those of the checkpoints
of the second release (lpepino/encodecmae-v2, github.com/habla-liaa/encodecmae). The settings of the "spectrum" input
lie inside its checkpoint and nowhere else in public; those here are the mel input's. Reference: Pepino, Riera & Ferrer
2023, arXiv:2309.07391.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import Clock, windowed
from lib.models.architectures.parts.spectra import EPSILON, kaldi, kaldi_mel
from lib.models.architectures.parts.vit import names, xavier

DEFAULTS = {"input": "mel", "width": 768, "depth": 10, "heads": 12, "hidden": 4096, "filters": 32, "codes": 128}
IGNORED = ("target_encoder.", "visible_encoder.post_net.", "decoder.", "head.")
PREFIXES = ()
FILES = {}
RATE, BANDS, BINS, WINDOW, HOP = 24000, 256, 513, 637, 318
MEAN, DEVIATION = -6.12, 4.82
STRIDES = (2, 4, 5, 8)
LAST = 12  # place of the last strided convolution among the steps of the codec


def build(config) -> nn.Module:
    """Network of a config: its input ("mel", "spectrum" or "codec"), width, depth, heads and hidden units."""
    return EncodecMAE(**config)


class EncodecMAE(nn.Module):
    """See the module."""

    longest = 4 * RATE
    shortest = 2048

    def __init__(self, *, input, width, depth, heads, hidden, filters, codes):
        super().__init__()
        self.input = input
        self.context = RATE // 10 if input == "codec" else 0  # its frames lie a little before the samples they end with
        self.wav_encoder = nn.Module()
        if input == "codec":
            self.wav_encoder.encoder = nn.Module()
            self.wav_encoder.encoder.model = nn.Module()
            self.wav_encoder.encoder.model.model = codec_encoder(filters, codes)
        self.wav_encoder.post_net = nn.Linear({"mel": BANDS, "spectrum": BINS, "codec": codes}[input], width)
        self.masker = nn.Module()
        self.masker.positional_encoder = Positions()
        self.visible_encoder = nn.Module()
        self.visible_encoder.encoder_layers = nn.ModuleList([Block(width, heads, hidden) for _ in range(depth)])
        self.visible_encoder.final_norm = nn.LayerNorm(width)
        self.apply(xavier)
        for block in self.visible_encoder.encoder_layers[1:]:
            block.ff_layer.load_state_dict(self.visible_encoder.encoder_layers[0].ff_layer.state_dict())

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        convolution = {"conv.4": self._codec()[LAST].channels} if self.input == "codec" else {}
        return convolution | names(len(self.visible_encoder.encoder_layers), self.wav_encoder.post_net.out_features)

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        features, clock, layers = self._heard(waves)
        state = rest = self.masker.positional_encoder(self.wav_encoder.post_net(features))
        # a frame that starts after the last whole 320 samples is not attended to, as published
        attended = torch.arange(state.shape[1], device=state.device) < max(waves.shape[1] // 320, 1)
        states = [state]
        for block in self.visible_encoder.encoder_layers:
            state, rest = block(state, rest, attended)
            states.append(state)
        states[-1] = state + self.visible_encoder.final_norm(rest)
        own = names(len(states) - 1, state.shape[2])
        return layers | {layer: (state, clock) for layer, state in zip(own, states, strict=True)}

    def _heard(self, waves):
        """Features (sounds, frames, units), their clock, and the layers they were made with."""
        if self.input == "mel":
            spectra = kaldi_mel(waves, RATE, BANDS, length=WINDOW, hop=HOP, window="hann")
            return (spectra - MEAN) / DEVIATION, windowed(WINDOW, HOP), {}
        if self.input == "spectrum":
            power = kaldi(waves, length=WINDOW, hop=HOP, window="hann")
            return (power.clamp_min(EPSILON).log() - MEAN) / DEVIATION, windowed(WINDOW, HOP), {}
        clock = Clock(0, 1)
        for stride in STRIDES:
            clock = clock.then(2 * stride, stride, stride)
        stage = self._codec()[: LAST + 1](waves[:, None])
        return self._codec()[LAST + 1 :](stage).transpose(1, 2), clock, {"conv.4": (stage.transpose(1, 2), clock)}

    def _codec(self):
        return self.wav_encoder.encoder.model.model


class Positions(nn.Module):
    """Sines and cosines of a frame's number, interleaved over units, with one learnt weight."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (sounds, frames, units) to frames."""
        count, width = frames.shape[1:]
        rates = 10000.0 ** -(torch.arange(0, width, 2, device=frames.device) / width)
        angles = torch.arange(count, device=frames.device)[:, None] * rates
        return frames + self.scale * torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class Block(nn.Module):
    """Attention and perceptron on a normalised stream, summed up besides on one that is not."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.att_layer = Attention(width, heads)
        self.ff_layer = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, state: Tensor, rest: Tensor, attended: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams (sounds, frames, units) to both; `attended` (frames,) says which frames are attended to."""
        change = self.att_layer(state, attended)
        state, rest = self.norm1(state + change), rest + change
        change = self.ff_layer(state)
        return self.norm2(state + change), rest + change


class Attention(nn.Module):
    """Self-attention without biases; unit u belongs to head u modulo the number of heads."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        inner = width // heads * heads
        self.wq, self.wk = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.wv, self.wo = nn.Linear(width, inner, bias=False), nn.Linear(inner, width, bias=False)

    def forward(self, frames: Tensor, attended: Tensor) -> Tensor:
        """Frames (sounds, frames, units) to frames."""
        parts = (
            part(frames).unflatten(2, (-1, self.heads)).permute(0, 3, 1, 2) for part in (self.wq, self.wk, self.wv)
        )
        mixed = functional.scaled_dot_product_attention(*parts, attn_mask=attended[None])
        return self.wo(mixed.permute(0, 2, 3, 1).flatten(2))


def codec_encoder(filters: int, codes: int) -> nn.Sequential:
    """Encoder of EnCodec at 24 kHz (Défossez et al. 2022): causal convolutions that halve time and double channels."""
    steps = [Convolution(1, filters, 7)]
    for number, stride in enumerate(STRIDES):
        channels = filters << number
        steps += [Residual(channels), nn.ELU(), Convolution(channels, 2 * channels, 2 * stride, stride)]
    channels = filters << len(STRIDES)
    return nn.Sequential(*steps, Memory(channels), nn.ELU(), Convolution(channels, codes, 7))


class Convolution(nn.Module):
    """Causal convolution with a norm of its own for each output channel; the sound is mirrored at its start."""

    def __init__(self, before, after, kernel, stride=1):
        super().__init__()
        self.channels, self.kernel, self.stride = after, kernel, stride
        plain = nn.Conv1d(before, after, kernel, stride)
        self.conv = nn.Module()
        self.conv.conv = nn.Module()
        weights = self.conv.conv
        weights.bias = plain.bias
        weights.weight_g = nn.Parameter(plain.weight.detach().norm(dim=(1, 2), keepdim=True))
        weights.weight_v = plain.weight

    def forward(self, state: Tensor) -> Tensor:
        """Channels (sounds, channels, frames) to channels, ceil(frames / stride) of them."""
        weights = self.conv.conv
        norm = weights.weight_v.norm(dim=(1, 2), keepdim=True)
        before, frames = self.kernel - self.stride, state.shape[2]
        after = -(-frames // self.stride) * self.stride - frames
        short = max(max(before, after) + 1 - frames, 0)  # too short to be mirrored: silence first
        state = functional.pad(functional.pad(state, (0, short)), (before, after), mode="reflect")
        state = state[..., : state.shape[2] - short]
        return functional.conv1d(state, weights.weight_g * weights.weight_v / norm, weights.bias, self.stride)


class Residual(nn.Module):
    """A narrow pair of convolutions beside a plain one."""

    def __init__(self, channels):
        super().__init__()
        narrow = channels // 2
        self.block = nn.Sequential(
            nn.ELU(), Convolution(channels, narrow, 3), nn.ELU(), Convolution(narrow, channels, 1)
        )
        self.shortcut = Convolution(channels, channels, 1)

    def forward(self, state: Tensor) -> Tensor:
        """Channels (sounds, channels, frames) to channels."""
        return self.shortcut(state) + self.block(state)


class Memory(nn.Module):
    """Two recurrent layers around which the input is added."""

    def __init__(self, channels):
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, 2)

    def forward(self, state: Tensor) -> Tensor:
        """Channels (sounds, channels, frames) to channels."""
        frames = state.permute(2, 0, 1)
        return (self.lstm(frames)[0] + frames).permute(1, 2, 0)
