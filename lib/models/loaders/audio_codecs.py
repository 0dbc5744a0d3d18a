"""Layers of neural codecs: strided convolutions that only look back, and what is quantised in the end.

Comes in: the configuration of EnCodec or Mimi, or the network and waveforms (sounds, channels, samples). Goes out: the
names and widths of layers, their clocks, and their activations. ``conv.k`` is the output of strided convolution k,
``latent`` what the codec rounds to codes.
"""

from __future__ import annotations

from lib.models.architectures.parts.clock import Clock
from lib.models.loaders.listening import listening


def _places(config) -> list[str]:
    """Names of the strided convolutions: after the first one, each comes after a residual stack and a nonlinearity."""
    step = config.num_residual_layers + 2
    return [f"layers.{step * (k + 1)}" for k in range(len(config.upsampling_ratios))]


def _widths(config) -> dict[str, int]:
    return {f"conv.{k + 1}": config.num_filters * 2 ** (k + 1) for k in range(len(config.upsampling_ratios))}


def _clocks(config) -> list[Clock]:
    """Clocks of the strided convolutions. Residual blocks pass on what they get, in time."""
    clocks, clock = [], _looking_back(Clock(0, 1), config.kernel_size, 1, config)
    for ratio in reversed(config.upsampling_ratios):
        clock = _looking_back(clock, 2 * ratio, ratio, config)
        clocks.append(clock)
    return clocks


def _looking_back(clock, kernel, stride, config) -> Clock:
    padding = kernel - stride
    return clock.then(kernel, stride, padding if config.use_causal_conv else padding - padding // 2)


def encodec_layers(config) -> dict[str, int]:
    """Layers and widths of EnCodec's encoder: its convolutions, the recurrence after them, the latent."""
    convolutions = _widths(config)
    return convolutions | {"recurrent": list(convolutions.values())[-1], "latent": config.hidden_size}


def encodec_clocks(config, extractor) -> list[Clock]:
    """Clocks of the layers of EnCodec; the recurrence keeps that of what enters it."""
    clocks = _clocks(config)
    return [*clocks, clocks[-1], _looking_back(clocks[-1], config.last_kernel_size, 1, config)]


def encodec_states(network, inputs) -> list:
    """Activations (sounds, frames, units) of the layers of EnCodec."""
    places = _places(network.config)
    step = int(places[-1].split(".")[1])
    with listening(network.encoder, [*places, f"layers.{step + 1}", f"layers.{step + 3}"]) as outputs:
        network.encoder(inputs)
    return [state.transpose(1, 2) for state in outputs]


def mimi_layers(config) -> dict[str, int]:
    """Layers and widths of Mimi's encoder: its convolutions, its transformer blocks, the latent."""
    blocks = ["embedding", *(f"layer.{k + 1}" for k in range(config.num_hidden_layers)), "latent"]
    return _widths(config) | dict.fromkeys(blocks, config.hidden_size)


def mimi_clocks(config, extractor) -> list[Clock]:
    """Clocks of the layers of Mimi; the latent is slower than the blocks."""
    clocks = _clocks(config)
    embedded = _looking_back(clocks[-1], config.last_kernel_size, 1, config)
    stride = round(config.encodec_frame_rate / config.frame_rate)
    return clocks + [embedded] * (config.num_hidden_layers + 1) + [_looking_back(embedded, 2 * stride, stride, config)]


def mimi_states(network, inputs) -> list:
    """Activations (sounds, frames, units) of the layers of Mimi."""
    places = [f"encoder_seanet.{place}" for place in _places(network.config)]
    with listening(network.encoder, places) as convolved:
        out = network.encoder(inputs, output_hidden_states=True)
    return [state.transpose(1, 2) for state in convolved] + [*out.hidden_states, out.latents.transpose(1, 2)]
