"""Silero VAD: convolutions over a short spectrum and one recurrent layer that tell whether somebody speaks.

Comes in: waveforms at 16 kHz. Goes out: "conv.1", one frame per 8 ms; "conv.2" (units: channels times places),
"conv.3", "conv.4", "lstm" and "speech", the probability between 0 and 1, one frame per 32 ms.

The sound is taken in chunks of 512 samples, each with the last 64 of the one before, silence before the first and after
the last, and its end mirrored: four Hann windows of 256 samples, 8 ms apart. Four rectified convolutions, two of them
with stride 2; only the recurrent layer remembers earlier chunks. Names are those of silero_vad_16k.safetensors in the
package silero-vad, whose fixed filters (the transform of the Hann windows) are not read but made here; the other files
of that package hold other weights of the same network. Reference: Silero Team 2024, Silero VAD
(github.com/snakers4/silero-vad).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.architectures.parts.clock import Clock
from lib.models.architectures.parts.spectra import framed

DEFAULTS = {"channels": [128, 64, 64, 128]}
IGNORED = ("stft_conv.",)
PREFIXES = ()
FILES = {}
RATE, CHUNK, CONTEXT, SIZE, HOP = 16000, 512, 64, 256, 128
BINS = SIZE // 2 + 1
STRIDES = (1, 2, 2, 1)
FINE = Clock(SIZE / 2 - CONTEXT, HOP)
COARSE = Clock((CHUNK - CONTEXT) / 2, CHUNK)  # from conv.3 on a frame sees its chunk and what came with it


def build(config) -> nn.Module:
    """Network of a config: channels of the four convolutions."""
    return VoiceDetector(**config)


class VoiceDetector(nn.Module):
    """See the module."""

    longest = None
    shortest = CHUNK

    def __init__(self, *, channels):
        super().__init__()
        for number, (before, after, stride) in enumerate(zip([BINS, *channels], channels, STRIDES, strict=False), 1):
            setattr(self, f"conv{number}", nn.Conv1d(before, after, 3, stride, 1))
        self.lstm_cell = nn.LSTMCell(channels[-1], channels[-1])
        self.final_conv = nn.Conv1d(channels[-1], 1, 1)

    def widths(self) -> dict[str, int]:
        """Layers with their numbers of units."""
        first, second, third, last = (getattr(self, f"conv{number}").out_channels for number in (1, 2, 3, 4))
        convolved = {"conv.1": first, "conv.2": 2 * second, "conv.3": third, "conv.4": last}
        return {**convolved, "lstm": last, "speech": 1}

    def forward(self, waves: Tensor) -> dict:
        """Waveforms (sounds, samples) to {layer: (values, clock)}."""
        chunks = self._chunks(waves)
        state, states = framed(chunks.flatten(0, 1), torch.hann_window(SIZE), HOP, SIZE).transpose(1, 2), []
        for number in range(1, 5):
            state = torch.relu(getattr(self, f"conv{number}")(state))
            states.append(state)
        first = states[0].transpose(1, 2).reshape(len(waves), -1, states[0].shape[1])
        later = [state.flatten(1).unflatten(0, chunks.shape[:2]) for state in states[1:]]
        recurrent = self._remembered(later[-1])
        speech = torch.sigmoid(self.final_conv(torch.relu(recurrent).transpose(1, 2))).transpose(1, 2)
        layers = dict(zip(self.widths(), [first, *later, recurrent, speech], strict=True))
        clocks = dict.fromkeys(layers, COARSE) | {"conv.1": FINE}
        return {k: (_inside(values, clocks[k], waves.shape[1]), clocks[k]) for k, values in layers.items()}

    def _chunks(self, waves) -> Tensor:
        """What each chunk hears: (sounds, chunks, samples)."""
        padded = functional.pad(waves, (CONTEXT, -waves.shape[1] % CHUNK))
        return functional.pad(padded.unfold(1, CHUNK + CONTEXT, CHUNK), (0, SIZE - HOP - CONTEXT), mode="reflect")

    def _remembered(self, state) -> Tensor:
        """Frames (sounds, frames, units), one after the other."""
        memory, frames = None, []
        for frame in state.unbind(1):
            memory = self.lstm_cell(frame, memory)
            frames.append(memory[0])
        return torch.stack(frames, dim=1)


def _inside(values, clock, samples) -> Tensor:
    """Frames whose centre lies inside the sound."""
    return values[:, : max(1, -int((clock.first - samples) // clock.step))]
