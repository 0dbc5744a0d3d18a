"""The plain vision transformer block that AudioMAE, PaSST and Dasheng share, under the names all three publish.

Comes in: tokens (sounds, tokens, units). Goes out: tokens. Normalisation comes before attention and before the
perceptron (Dosovitskiy et al. 2021); keys of a block: norm1, attn.qkv, attn.proj, norm2, mlp.fc1, mlp.fc2.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Self-attention with one matrix for queries, keys and values."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) to tokens."""
        sounds, count, width = tokens.shape
        query, key, value = self.qkv(tokens).view(sounds, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).reshape(sounds, count, width))


class Perceptron(nn.Module):
    """Two layers with a Gaussian error linear unit between them."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) to tokens."""
        return self.fc2(functional.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """Attention and perceptron, each around a residual."""

    def __init__(self, width: int, heads: int, ratio: float = 4):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width, int(width * ratio))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (sounds, tokens, units) to tokens."""
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class Patches(nn.Module):
    """A convolution that cuts a spectrogram into patches; key: proj."""

    def __init__(self, width: int, size, stride):
        super().__init__()
        self.proj = nn.Conv2d(1, width, size, stride)

    def forward(self, spectra: Tensor) -> Tensor:
        """Spectrogram (sounds, rows, columns) to patches (sounds, units, rows, columns)."""
        return self.proj(spectra[:, None])


def xavier(module: nn.Module) -> None:
    """Fill linear layers as masked autoencoders do: Xavier-uniform weights, zero biases."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def truncated(module: nn.Module) -> None:
    """Fill linear layers with a truncated normal distribution of width 0.02, zero biases."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def names(depth: int, width: int) -> dict[str, int]:
    """Layers of a transformer with their widths: the embedding and each block's output."""
    return dict.fromkeys(["embedding", *(f"layer.{number + 1}" for number in range(depth))], width)
