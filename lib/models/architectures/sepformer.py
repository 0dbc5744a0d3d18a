"""SepFormer: transformers within and across chunks of a learnt representation, trained to part two voices.

Comes in: waveforms at 8 kHz. Goes out: "conv.1", the learnt filters, and "layer.1" ... "layer.32", the perceptrons of
the blocks in order, one frame per 1 ms; overlapping chunks are averaged. Blocks alternate by eight: within chunks of
250 frames, across chunks, within, across. What a block gives here is the output of its perceptron before the residual,
which is what the cortex paper reads.

Names are those of the public checkpoints encoder.ckpt and masknet.ckpt (speechbrain/sepformer-whamr), which a local
folder holds side by side; the decoder and what follows the blocks are not read. Reference: Subakan et al. 2021, ICASSP,
arXiv:2010.13154.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import Clock

DEFAULTS = {"width": 256, "depth": 8, "heads": 8, "hidden": 1024, "repeats": 2, "chunk": 250}
UNREAD = ("conv2d.", "end_conv1x1.", "prelu.", "output.", "output_gate.")  # what makes masks of the blocks' output
UNREAD += tuple(f"dual_mdl.{n}.{path}_mdl.pos_enc." for n in range(2) for path in ("intra", "inter"))  # fixed
IGNORED = ("decoder.", *(f"masknet.{part}" for part in UNREAD))
PREFIXES = ()
FILES = {"encoder.": "encoder.ckpt", "masknet.": "masknet.ckpt"}
RATE, KERNEL, STRIDE = 8000, 16, 8
SMALL = 1e-8


def build(config) -> nn.Module:
    """Network of a config: width, blocks in a row, heads, hidden units, repeats, frames of a chunk."""
    return SepFormer(**config)


class SepFormer(nn.Module):
    """See the module."""

    longest = None
    shortest = KERNEL

    def __init__(self, *, width, depth, heads, hidden, repeats, chunk):
        super().__init__()
        self.chunk = chunk
        self.encoder, self.masknet = nn.Module(), nn.Module()
        self.encoder.conv1d = nn.Conv1d(1, width, KERNEL, STRIDE, bias=False)
        self.masknet.norm = nn.GroupNorm(1, width, eps=SMALL)
        self.masknet.conv1d = nn.Conv1d(width, width, 1, bias=False)
        pairs = [DualPath(width, depth, heads, hidden) for _ in range(repeats)]
        self.masknet.dual_mdl = nn.ModuleList(pairs)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        pair = self.masknet.dual_mdl[0]
        count = 2 * len(pair.intra_mdl.mdl.layers) * len(self.masknet.dual_mdl)
        return dict.fromkeys(
            ["conv.1", *(f"layer.{number + 1}" for number in range(count))], self.encoder.conv1d.out_channels
        )

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        encoded = self.encoder.conv1d(waves[:, None])
        frames = encoded.shape[2]
        chunks = self._chunked(self.masknet.conv1d(self.masknet.norm(torch.relu(encoded))))
        outputs = []
        for pair in self.masknet.dual_mdl:
            chunks = pair(chunks, outputs)
        clock = Clock((KERNEL - 1) / 2, STRIDE)
        states = [encoded.transpose(1, 2), *(self._merged(output, frames) for output in outputs)]
        return {layer: (state, clock) for layer, state in zip(self.widths(), states, strict=True)}

    def _chunked(self, state) -> Tensor:
        """Frames (sounds, units, frames) to half-overlapping chunks (sounds, units, frames of a chunk, chunks)."""
        half = self.chunk // 2
        gap = self.chunk - (half + state.shape[2] % self.chunk) % self.chunk
        return functional.pad(state, (half, gap + half)).unfold(2, self.chunk, half).transpose(2, 3)

    def _merged(self, chunks, frames) -> Tensor:
        """Chunks (sounds, units, frames of a chunk, chunks) to their average (sounds, frames, units)."""
        sounds, units, size, count = chunks.shape
        half = size // 2
        length = half * (count - 1) + size
        columns = chunks.reshape(sounds, units * size, count)
        summed = functional.fold(columns, (1, length), (1, size), stride=(1, half))[:, :, 0]
        return summed[..., half : half + frames].transpose(1, 2) / 2


class DualPath(nn.Module):
    """A transformer within chunks and one across them."""

    def __init__(self, width, depth, heads, hidden):
        super().__init__()
        self.intra_mdl, self.inter_mdl = (Transformer(width, depth, heads, hidden) for _ in range(2))
        self.intra_norm, self.inter_norm = (nn.GroupNorm(1, width, eps=SMALL) for _ in range(2))

    def forward(self, chunks: Tensor, outputs: list) -> Tensor:
        """Chunks (sounds, units, frames, chunks) to chunks; the blocks' perceptrons are added to `outputs`."""
        for model, norm, order in (
            (self.intra_mdl, self.intra_norm, (0, 3, 2, 1)),
            (self.inter_mdl, self.inter_norm, (0, 2, 3, 1)),
        ):
            rows = chunks.permute(order)  # sounds, rows, places in a row, units
            state, parts = model(rows.flatten(0, 1))
            back = tuple(order.index(axis) for axis in range(4))
            outputs += [part.view(rows.shape).permute(back) for part in parts]
            chunks = chunks + norm(state.view(rows.shape).permute(back))
        return chunks


class Transformer(nn.Module):
    """Positions and blocks, normalised before each step and at the end."""

    def __init__(self, width, depth, heads, hidden):
        super().__init__()
        self.mdl = nn.Module()
        self.mdl.layers = nn.ModuleList([Block(width, heads, hidden) for _ in range(depth)])
        self.mdl.norm = Norm(width)

    def forward(self, rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Rows (rows, places, units) to rows, and the outputs of the blocks' perceptrons."""
        state, parts = rows + _positions(*rows.shape[1:]).to(rows), []
        for block in self.mdl.layers:
            state, part = block(state)
            parts.append(part)
        return self.mdl.norm(state), parts


class Block(nn.Module):
    """Attention and perceptron, each around a residual."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.self_att = nn.Module()
        self.self_att.att = nn.MultiheadAttention(width, heads)
        self.pos_ffn = nn.Module()
        self.pos_ffn.ffn = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Identity(), nn.Linear(hidden, width))
        self.norm1, self.norm2 = Norm(width), Norm(width)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (rows, places, units) to rows, and what the perceptron adds to them."""
        places = self.norm1(rows).transpose(0, 1)
        rows = rows + self.self_att.att(places, places, places, need_weights=False)[0].transpose(0, 1)
        part = self.pos_ffn.ffn(self.norm2(rows))
        return rows + part, part


class Norm(nn.Module):
    """Layer normalisation under the name the checkpoint has for it."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (rows, places, units) to rows."""
        return self.norm(rows)


def _positions(places, width) -> Tensor:
    """Sines and cosines (places, units) of each place in a row, interleaved over units."""
    angles = torch.arange(places)[:, None] * 10000.0 ** -(torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
