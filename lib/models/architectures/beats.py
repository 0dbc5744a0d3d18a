"""BEATs: a transformer over patches of a mel spectrum, trained to predict the tokens of an acoustic tokenizer.

Comes in: waveforms at 16 kHz. Goes out: "embedding" (what the first block sees) and "layer.1" ... "layer.12", one frame
per 160 ms, the patches of one time averaged over frequency.

Patches of 16 x 16 of a 128-band Kaldi mel spectrum (25 ms windows every 10 ms, samples as 16-bit integers), normalised
with one mean and deviation; normalisation after each block with a residual of weight (2 layers) ** 1/4 (deep norm); a
relative position bias, learnt once and gated by the query in each block. Names are those of the public checkpoints
(github.com/microsoft/unilm, beats). Reference: Chen et al. 2023, ICML, arXiv:2212.09058.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import windowed
from lib.models.architectures.parts.spectra import kaldi_mel
from lib.models.architectures.parts.vit import names

DEFAULTS = {
    "width": 768,
    "patch_width": 512,
    "depth": 12,
    "heads": 12,
    "hidden": 3072,
    "kernel": 128,
    "groups": 16,
    "buckets": 320,
    "distance": 800,
}
IGNORED = ("predictor.",)  # the head of the fine-tuned model
PREFIXES = ()
FILES = {}
RATE, PATCH, BANDS = 16000, 16, 128
WINDOW, HOP = 400, 160
MEAN, DEVIATION = 15.41663, 6.55582


def build(config) -> nn.Module:
    """Network of a config: its widths, depth, heads and the reach of its position bias."""
    return Beats(**config)


class Beats(nn.Module):
    """See the module."""

    longest = None
    shortest = WINDOW + (PATCH - 1) * HOP

    def __init__(self, *, width, patch_width, depth, **sizes):
        super().__init__()
        self.patch_embedding = nn.Conv2d(1, patch_width, PATCH, PATCH, bias=False)
        self.layer_norm = nn.LayerNorm(patch_width)
        self.post_extract_proj = nn.Linear(patch_width, width)
        self.encoder = Encoder(width, depth, **sizes)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        return names(len(self.encoder.layers), self.encoder.layer_norm.normalized_shape[0])

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        spectra = kaldi_mel(waves * 2**15, RATE, BANDS, length=WINDOW, hop=HOP)
        spectra = (spectra - MEAN) / (2 * DEVIATION)
        patches = self.patch_embedding(spectra[:, None]).flatten(2).transpose(1, 2)  # sounds, times * bands, units
        clock = windowed(WINDOW, HOP).then(PATCH, PATCH)
        states = self.encoder(self.post_extract_proj(self.layer_norm(patches)))
        columns = (state.unflatten(1, (-1, BANDS // PATCH)).mean(dim=2) for state in states)
        return {layer: (column, clock) for layer, column in zip(self.widths(), columns, strict=True)}


class Encoder(nn.Module):
    """Position convolution, normalisation and blocks; gives the state before each block and after the last."""

    def __init__(self, width, depth, *, heads, hidden, kernel, groups, buckets, distance):
        super().__init__()
        self.buckets, self.distance = buckets, distance
        self.pos_conv = nn.Sequential(PositionConvolution(width, kernel, groups))
        self.layer_norm = nn.LayerNorm(width)
        bias = nn.Embedding(buckets, heads)
        self.layers = nn.ModuleList([Block(width, heads, hidden, depth, bias) for _ in range(depth)])
        self.apply(_normal)
        for block in self.layers:
            block.deepen((8 * depth) ** -0.25)

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """Tokens (sounds, tokens, units) to the states of all layers."""
        states = [self.layer_norm(tokens + self.pos_conv(tokens))]
        bias = self.layers[0].self_attn.relative_attention_bias(self._buckets(tokens.shape[1]))
        bias = bias.permute(2, 0, 1)  # heads, tokens, tokens
        for block in self.layers:
            states.append(block(states[-1], bias))
        return states

    def _buckets(self, tokens) -> Tensor:
        """Bucket of the distance between each pair of tokens: exact near by, logarithmic further off."""
        place = torch.arange(tokens, device=self.layer_norm.weight.device)
        distance = place[None] - place[:, None]
        half = self.buckets // 2
        exact = half // 2
        far = (distance.abs().clamp_min(1) / exact).log() / log(self.distance / exact) * (half - exact)
        far = (exact + far.long()).clamp_max(half - 1)
        return half * (distance > 0) + torch.where(distance.abs() < exact, distance.abs(), far)


class PositionConvolution(nn.Module):
    """Grouped convolution over tokens whose kernel has a norm of its own for each tap."""

    def __init__(self, width, kernel, groups):
        super().__init__()
        self.groups = groups
        self.weight_g = nn.Parameter(torch.ones(1, 1, kernel))
        self.weight_v = nn.Parameter(torch.randn(width, width // groups, kernel) * (4 / (kernel * width)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        if not self.weight_v.is_meta:
            self.weight_g.data = self.weight_v.data.norm(dim=(0, 1), keepdim=True)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) to tokens."""
        weight = self.weight_g * self.weight_v / self.weight_v.norm(dim=(0, 1), keepdim=True)
        kernel = weight.shape[2]
        mixed = functional.conv1d(tokens.transpose(1, 2), weight, self.bias, padding=kernel // 2, groups=self.groups)
        if kernel % 2 == 0:
            mixed = mixed[..., :-1]
        return functional.gelu(mixed).transpose(1, 2)


class Block(nn.Module):
    """Attention and perceptron, normalised after residuals that weigh more than one."""

    def __init__(self, width, heads, hidden, depth, bias):
        super().__init__()
        self.weight = (2 * depth) ** 0.25
        self.self_attn = Attention(width, heads, bias)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) and the bias (heads, tokens, tokens) to tokens."""
        tokens = self.self_attn_layer_norm(self.weight * tokens + self.self_attn(tokens, bias))
        return self.final_layer_norm(self.weight * tokens + self.fc2(functional.gelu(self.fc1(tokens))))

    def deepen(self, gain: float) -> None:
        """Draw the weights as a deep network needs them: those on the residual path scaled down by `gain`."""
        attention = self.self_attn
        for linear in (attention.k_proj, attention.q_proj):
            nn.init.xavier_normal_(linear.weight)
        for linear in (attention.v_proj, attention.out_proj, self.fc1, self.fc2):
            nn.init.xavier_normal_(linear.weight, gain=gain)


class Attention(nn.Module):
    """Self-attention with a position bias that each query gates."""

    def __init__(self, width, heads, bias):
        super().__init__()
        self.heads = heads
        self.relative_attention_bias = bias
        self.k_proj, self.v_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.q_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.grep_linear = nn.Linear(width // heads, 8)
        self.grep_a = nn.Parameter(torch.ones(1, heads, 1, 1))

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) and the bias (heads, tokens, tokens) to tokens."""
        projections = (self.q_proj, self.k_proj, self.v_proj)
        query, key, value = (p(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2) for p in projections)
        inner, outer = self.grep_linear(query).unflatten(3, (2, 4)).sum(dim=4).sigmoid().split(1, dim=3)
        gate = inner * (outer * self.grep_a - 1) + 2  # sounds, heads, tokens, 1
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=gate * bias)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


def _normal(module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
