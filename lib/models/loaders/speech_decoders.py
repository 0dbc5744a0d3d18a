"""Audio-language models that transformers lacks: a Whisper encoder, a small projector, a language model.

Comes in: a configuration as published. Goes out: networks of the published architectures, made of transformers' own
Whisper encoder and language models, with our projectors between them. ``NAMES`` of each class translates the names of
the published weights into ours, so that the published checkpoints load.

* ``Ultravox`` 0.5 (fixie-ai/ultravox): eight encoder frames stacked, RMS norms, a gated linear unit.
* ``LlamaOmni`` (Fang et al. 2024, arXiv 2409.06666): five encoder frames joined, two linear maps.
* ``MiniCPMO`` 2.6 (openbmb/MiniCPM-o-2_6): encoder that looks back and to the end of its second, averaged in pairs.
"""

from __future__ import annotations

import re
from typing import ClassVar

import torch
from torch import nn
from transformers import AutoModel, PretrainedConfig, PreTrainedModel, WhisperConfig
from transformers.models.auto import CONFIG_MAPPING
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.whisper.modeling_whisper import WhisperEncoder


class SpeechDecoderConfig(PretrainedConfig):
    """Sizes of encoder, projector and language model.

    Parameters
    ----------
    audio_config, text_config : dict or configuration
        Of the Whisper encoder and of the language model (its `model_type` is read, llama where there is none).
    """

    model_type = "speech_decoder"
    hidden_size: int = 4096  # between the two maps of Ultravox's projector
    projector_size: int = 2048  # between those of LLaMA-Omni's
    stack_factor: int = 8
    norm_init: float = 0.4
    audio_pool_step: int = 2
    audio_chunk_length: float = 1.0
    audio_config: dict | PretrainedConfig | None = None
    text_config: dict | PretrainedConfig | None = None

    def __post_init__(self, **kwargs):
        if not isinstance(self.audio_config, PretrainedConfig):
            self.audio_config = WhisperConfig(**(self.audio_config or {}))
        if not isinstance(self.text_config, PretrainedConfig):
            text = dict(self.text_config or {})
            self.text_config = CONFIG_MAPPING[text.pop("model_type", "llama")](**text)
        super().__post_init__(**kwargs)


class UltravoxConfig(SpeechDecoderConfig):
    """As fixie-ai publishes it."""

    model_type = "ultravox"


class LlamaOmniConfig(SpeechDecoderConfig):
    """As ICTNLP publishes it, but for the sizes of the encoder, which it leaves to OpenAI's code."""

    model_type = "omni_speech2s_llama"


class MiniCPMOConfig(SpeechDecoderConfig):
    """As openbmb publishes it, with the language model's sizes apart."""

    model_type = "minicpmo"


class SpeechDecoder(PreTrainedModel):
    """Encoder, projector and language model; each published kind has its own way to ``project``."""

    config_class = SpeechDecoderConfig
    base_model_prefix = ""
    _supports_sdpa = True
    NAMES: ClassVar[dict[str, str]] = {}

    def __init__(self, config):
        super().__init__(config)
        self.audio_tower = WhisperEncoder(config.audio_config)
        self.multi_modal_projector = self._projector(config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.post_init()

    def get_input_embeddings(self):
        """Word embeddings of the language model."""
        return self.language_model.get_input_embeddings()

    def hear(self, spectra: torch.Tensor, attended: torch.Tensor | None = None) -> torch.Tensor:
        """Encoder states (sounds, frames / 2, units) of log-mel spectrograms (sounds, bands, frames) of any length."""
        encoder = self.audio_tower
        states = nn.functional.gelu(encoder.conv1(spectra))
        states = nn.functional.gelu(encoder.conv2(states)).transpose(1, 2)
        states = states + encoder.embed_positions.weight[: states.shape[1]]
        for layer in encoder.layers:
            states = layer(states, attended)
            states = states[0] if isinstance(states, tuple) else states
        return encoder.layer_norm(states)


def ours(kind: type[SpeechDecoder], name: str) -> str:
    """Our name of a weight that the published checkpoint of a network calls `name`."""
    for theirs, own in kind.NAMES.items():
        name = re.sub(theirs, own, name)
    return name


class UltravoxProjector(nn.Module):
    """RMS norm, gated linear unit with another norm inside."""

    def __init__(self, config):
        super().__init__()
        stacked = config.audio_config.hidden_size * config.stack_factor
        self.ln_pre = LlamaRMSNorm(stacked)
        self.linear_1 = nn.Linear(stacked, config.hidden_size, bias=False)
        self.ln_mid = LlamaRMSNorm(config.hidden_size // 2)
        self.linear_2 = nn.Linear(config.hidden_size // 2, config.text_config.hidden_size, bias=False)

    def forward(self, stacked: torch.Tensor) -> torch.Tensor:
        """Map (..., stacked) to (..., width)."""
        values, gate = self.linear_1(self.ln_pre(stacked)).chunk(2, dim=-1)
        return self.linear_2(self.ln_mid(nn.functional.silu(gate) * values))


class Ultravox(SpeechDecoder):
    """Frames of 20 ms stacked in eights, the last stack filled up with zeros: tokens of 160 ms."""

    config_class = UltravoxConfig
    NAMES: ClassVar = {r"^language_model\.model\.": "language_model."}

    def _projector(self, config):
        return UltravoxProjector(config)

    def project(self, states: torch.Tensor) -> torch.Tensor:
        """Encoder states to audio tokens (sounds, tokens, width)."""
        factor = self.config.stack_factor
        states = nn.functional.pad(states, (0, 0, 0, -states.shape[1] % factor))
        return self.multi_modal_projector(states.reshape(len(states), -1, factor * states.shape[2]))


class TwoLinear(nn.Module):
    """Two linear maps and what is positive between them."""

    def __init__(self, before, between, after):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(before, between), nn.Linear(between, after)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map (..., before) to (..., after)."""
        return self.linear2(nn.functional.relu(self.linear1(states)))


class LlamaOmni(SpeechDecoder):
    """Frames of 20 ms joined in fives: tokens of 100 ms."""

    config_class = LlamaOmniConfig
    NAMES: ClassVar = {
        r"^model\.speech_projector\.": "multi_modal_projector.",
        r"^model\.speech_encoder\.": "audio_tower.",
        r"\.positional_embedding$": ".embed_positions.weight",
        r"\.ln_post\.": ".layer_norm.",
        r"\.blocks\.": ".layers.",
        r"\.attn\.query\.": ".self_attn.q_proj.",
        r"\.attn\.key\.": ".self_attn.k_proj.",
        r"\.attn\.value\.": ".self_attn.v_proj.",
        r"\.attn\.out\.": ".self_attn.out_proj.",
        r"\.attn_ln\.": ".self_attn_layer_norm.",
        r"\.mlp\.0\.": ".fc1.",
        r"\.mlp\.2\.": ".fc2.",
        r"\.mlp_ln\.": ".final_layer_norm.",
        r"^model\.": "language_model.",
    }

    def _projector(self, config):
        joined = config.audio_config.hidden_size * config.stack_factor
        return TwoLinear(joined, config.projector_size, config.text_config.hidden_size)

    def project(self, states: torch.Tensor) -> torch.Tensor:
        """Encoder states to audio tokens (sounds, tokens, width); frames that fill no token are left out."""
        factor = self.config.stack_factor
        states = states[:, : states.shape[1] // factor * factor]
        return self.multi_modal_projector(states.reshape(len(states), -1, factor * states.shape[2]))


class MiniCPMO(SpeechDecoder):
    """Frames of 20 ms projected, then averaged in pairs: tokens of 40 ms."""

    config_class = MiniCPMOConfig
    NAMES: ClassVar = {
        r"^apm\.": "audio_tower.",
        r"^audio_projection_layer\.": "multi_modal_projector.",
        r"^llm\.model\.": "language_model.",
    }

    def _projector(self, config):
        width = config.text_config.hidden_size
        return TwoLinear(config.audio_config.encoder_ffn_dim // 4, width, width)

    def hear(self, spectra: torch.Tensor, attended: torch.Tensor | None = None) -> torch.Tensor:
        """Encoder states; a frame attends to all before it and to the rest of its own second."""
        chunk = int(self.config.audio_chunk_length * 50)
        second = torch.arange((spectra.shape[2] + 1) // 2, device=spectra.device) // chunk
        return super().hear(spectra, (second[None, :] <= second[:, None])[None, None])

    def project(self, states: torch.Tensor) -> torch.Tensor:
        """Encoder states to audio tokens (sounds, tokens, width)."""
        projected = self.multi_modal_projector(states).transpose(1, 2)
        return nn.functional.avg_pool1d(projected, self.config.audio_pool_step).transpose(1, 2)
