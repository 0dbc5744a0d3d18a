"""Tiny checkpoints of every audio-language architecture, in the classes and formats of the published ones.

``NETWORKS`` maps an architecture to a function that makes its whole network, with the language model's head where it is
published with one; ``save(architecture, folder)`` writes it as ``save_pretrained`` does.
"""

import json
from pathlib import Path

import torch
import transformers as T
from safetensors.torch import load_file, save_file

WIDTH = 16
WINDOW = 100  # encoder frames: 2 s
TEXT = {
    "hidden_size": WIDTH,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
WHISPER = {
    "d_model": WIDTH,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "num_mel_bins": 32,
    "max_source_positions": WINDOW,
}
AUDIO_TOKEN = 5


def _text(vocabulary, *, headless=False):
    """Sizes of a language model; some kinds compute the size of a head from the others."""
    return {"vocab_size": vocabulary} | {
        key: value for key, value in TEXT.items() if not (headless and key == "head_dim")
    }


def _whisper(cls, **more):
    names = {"d_model": "hidden_size", "encoder_layers": "num_hidden_layers"}
    names |= {"encoder_attention_heads": "num_attention_heads", "encoder_ffn_dim": "intermediate_size"}
    return cls(
        **{names[key]: value for key, value in WHISPER.items() if key in names},
        **{key: value for key, value in WHISPER.items() if key not in names},
        **more,
    )


def qwen2_audio(vocabulary):
    text = T.Qwen2Config(**_text(vocabulary, headless=True))
    config = T.Qwen2AudioConfig(
        audio_config=T.Qwen2AudioEncoderConfig(**WHISPER), text_config=text, audio_token_index=AUDIO_TOKEN
    )
    return T.Qwen2AudioForConditionalGeneration(config)


def audioflamingo3(vocabulary):
    text = T.Qwen2Config(**_text(vocabulary, headless=True))
    audio = _whisper(T.AudioFlamingo3EncoderConfig)
    config = T.AudioFlamingo3Config(audio_config=audio, text_config=text, audio_token_id=AUDIO_TOKEN)
    return T.AudioFlamingo3ForConditionalGeneration(config)


def voxtral(vocabulary):
    audio = _whisper(T.VoxtralEncoderConfig)
    audio.intermediate_size = 4 * WIDTH
    config = T.VoxtralConfig(
        audio_config=audio, text_config=T.LlamaConfig(**_text(vocabulary)), audio_token_id=AUDIO_TOKEN
    )
    return T.VoxtralForConditionalGeneration(config)


def granite_speech(vocabulary):
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text = _text(vocabulary, headless=True)
    config = T.GraniteSpeechConfig(
        encoder_config=T.GraniteSpeechEncoderConfig(
            input_dim=64, num_layers=2, hidden_dim=WIDTH, num_heads=2, output_dim=6, context_size=20, max_pos_emb=32
        ),
        projector_config=T.Blip2QFormerConfig(encoder_hidden_size=WIDTH, vocab_size=10, **sizes),
        text_config=T.GraniteConfig(embedding_multiplier=12.0, **text),
        audio_token_index=AUDIO_TOKEN,
        has_lora_adapter=False,
    )
    return T.GraniteSpeechForConditionalGeneration(config)


def qwen2_5_omni(vocabulary):
    """The part that listens and writes; the published checkpoint also holds one that speaks."""
    text = _text(vocabulary, headless=True)
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 0]}
    config = T.Qwen2_5OmniThinkerConfig(
        audio_config=WHISPER | {"n_window": 20, "output_dim": WIDTH},
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "num_heads": 2,
            "intermediate_size": 16,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [0],
        },
        text_config=text,
        audio_token_index=AUDIO_TOKEN,
        image_token_index=6,
        video_token_index=7,
        audio_start_token_id=8,
        audio_end_token_id=9,
        vision_start_token_id=10,
        vision_end_token_id=11,
    )
    return T.Qwen2_5OmniThinkerForConditionalGeneration(config)


def _compact(cls, bands, **more):
    """Ours, saved under the published names; `more` are the sizes of the projector."""
    from lib.models.loaders import speech_decoders

    kind = getattr(speech_decoders, cls)
    audio = WHISPER | {"num_mel_bins": bands, "decoder_layers": 1, "decoder_attention_heads": 2}
    return kind(kind.config_class(audio_config=audio, **more))


def ultravox(vocabulary):
    return _compact("Ultravox", 32, hidden_size=24, text_config={"model_type": "llama", **_text(vocabulary)})


def llama_omni(vocabulary):
    return _compact(
        "LlamaOmni", 32, projector_size=24, stack_factor=5, text_config={"model_type": "llama", **_text(vocabulary)}
    )


def minicpmo(vocabulary):
    text = _text(vocabulary, headless=True)
    made = {"audio_chunk_length": 0.5, "text_config": {"model_type": "qwen2", **text}}
    return _compact("MiniCPMO", 32, **made)


NETWORKS = {
    "qwen2_audio": qwen2_audio,
    "audioflamingo3": audioflamingo3,
    "voxtral": voxtral,
    "granite_speech": granite_speech,
    "qwen2_5_omni": qwen2_5_omni,
    "ultravox": ultravox,
    "llama_omni": llama_omni,
    "minicpmo": minicpmo,
}


def network(architecture, *, seed=0, vocabulary=160):
    """Network with larger weights than training begins with, so that narrow layers pass on what they hear."""
    torch.manual_seed(seed)
    made = NETWORKS[architecture](vocabulary).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.ndim > 1 and "position" not in name:
                weight *= 6
    return made


OPENAI = {  # how OpenAI's own Whisper code, which LLaMA-Omni uses, calls the encoder's weights
    "audio_tower.embed_positions.weight": "audio_tower.positional_embedding",
    "audio_tower.layer_norm.": "audio_tower.ln_post.",
    "audio_tower.layers.": "audio_tower.blocks.",
    ".self_attn_layer_norm.": ".attn_ln.",
    ".self_attn.q_proj.": ".attn.query.",
    ".self_attn.k_proj.": ".attn.key.",
    ".self_attn.v_proj.": ".attn.value.",
    ".self_attn.out_proj.": ".attn.out.",
    ".fc1.": ".mlp.0.",
    ".fc2.": ".mlp.2.",
    ".final_layer_norm.": ".mlp_ln.",
}


def published(architecture, key):
    """Name of a weight in the published checkpoint."""
    if architecture == "qwen2_5_omni":
        return f"thinker.{key}"
    if architecture == "ultravox":
        return key.replace("language_model.", "language_model.model.")
    if architecture == "minicpmo":
        key = key.replace("multi_modal_projector.", "audio_projection_layer.")
        return key.replace("audio_tower.", "apm.").replace("language_model.", "llm.model.")
    if architecture == "llama_omni":
        if key.startswith("audio_tower"):
            for ours, theirs in OPENAI.items():
                key = key.replace(ours, theirs)
        key = key.replace("audio_tower.", "model.speech_encoder.")
        return key.replace("multi_modal_projector.", "model.speech_projector.").replace("language_model.", "model.")
    return key  # transformers itself writes the published names


def save(architecture, folder, *, seed=0, vocabulary=160):
    """Write a tiny checkpoint into a folder, weights named as published, and give the network it holds."""
    made = network(architecture, seed=seed, vocabulary=vocabulary)
    made.save_pretrained(folder)
    path = Path(folder) / "model.safetensors"
    weights = {published(architecture, key): value for key, value in load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})
    if architecture == "qwen2_5_omni":
        path = Path(folder) / "config.json"
        whole = {"model_type": "qwen2_5_omni", "thinker_config": json.loads(path.read_text())}
        path.write_text(json.dumps(whole))
    return made
