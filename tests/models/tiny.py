"""Tiny checkpoints of every audio encoder, in the classes of the published ones, heads and decoders included.

``network(architecture)`` draws a whole published model at tiny width from a seed; ``save(architecture, folder)`` writes
it as ``save_pretrained`` does. ``encoder(architecture, network)`` is the part of it that hears.
"""

import torch
import transformers as T

from lib.models.loaders import networks

BLOCKS = {"num_hidden_layers": 3, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48}
CONVOLUTIONS = {  # kernels and strides as published
    "conv_dim": (16,) * 7,
    "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
    "conv_stride": (5, 2, 2, 2, 2, 2, 2),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 12,
    "mask_time_length": 2,
}
WAVES = BLOCKS | CONVOLUTIONS
QUANTIZED = {"codevector_dim": 8, "proj_codevector_dim": 8, "num_codevectors_per_group": 4}
SQUEEZED = {
    "conv_dim": (16,) * 13,
    "conv_kernel": (10, 3, 1, 3, 1, 3, 1, 3, 1, 2, 1, 2, 1),
    "conv_stride": (5, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1),
}
SPEECH = {
    "d_model": 32,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 48,
    "vocab_size": 40,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 3,
    "decoder_start_token_id": 1,
}
CODEC = {"hidden_size": 16, "num_filters": 4, "codebook_size": 16}


def wav2vec2():
    return T.Wav2Vec2ForPreTraining(T.Wav2Vec2Config(**WAVES, **QUANTIZED))


def hubert():
    return T.HubertForCTC(T.HubertConfig(**WAVES))


def wavlm():
    return T.WavLMForCTC(T.WavLMConfig(**WAVES, num_buckets=8))


def data2vec_audio():
    return T.Data2VecAudioForCTC(T.Data2VecAudioConfig(**WAVES | {"num_conv_pos_embeddings": 2}))


def unispeech_sat():
    return T.UniSpeechSatForCTC(T.UniSpeechSatConfig(**WAVES))


def conformer():
    return T.Wav2Vec2ConformerForCTC(T.Wav2Vec2ConformerConfig(**WAVES, conv_depthwise_kernel_size=5))


def sew():
    return T.SEWForCTC(T.SEWConfig(**WAVES | SQUEEZED, squeeze_factor=2))


def speecht5():
    more = {key.replace("intermediate_size", "unused"): value for key, value in CONVOLUTIONS.items()}
    sizes = {key: value for key, value in SPEECH.items() if key != "d_model"}
    return T.SpeechT5ForSpeechToText(T.SpeechT5Config(**more | sizes, hidden_size=32))


def moonshine():
    config = T.MoonshineConfig(
        hidden_size=32,
        intermediate_size=48,
        encoder_num_hidden_layers=3,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        vocab_size=40,
    )
    return T.MoonshineForConditionalGeneration(config)


def whisper():
    return T.WhisperForConditionalGeneration(T.WhisperConfig(**SPEECH, num_mel_bins=16, max_source_positions=100))


def speech_to_text():
    config = T.Speech2TextConfig(**SPEECH, conv_channels=24, input_feat_per_channel=40)
    return T.Speech2TextForConditionalGeneration(config)


def wav2vec2_bert():
    config = T.Wav2Vec2BertConfig(
        **BLOCKS, feature_projection_input_dim=32, conv_depthwise_kernel_size=5, vocab_size=12
    )
    return T.Wav2Vec2BertForCTC(config)


def seamless_m4t_v2():
    sizes = {
        "hidden_size": 32,
        "vocab_size": 40,
        "char_vocab_size": 20,
        "t2u_vocab_size": 20,
        "unit_hifi_gan_vocab_size": 20,
        "speech_encoder_layers": 3,
        "speech_encoder_attention_heads": 2,
        "speech_encoder_intermediate_size": 48,
        "feature_projection_input_dim": 32,
        "conv_depthwise_kernel_size": 5,
        "unit_embed_dim": 8,
        "lang_embed_dim": 8,
        "spkr_embed_dim": 8,
        "upsample_initial_channel": 8,
        "max_position_embeddings": 64,
    }
    for part in ("encoder", "decoder", "t2u_encoder", "t2u_decoder"):
        sizes |= {f"{part}_layers": 1, f"{part}_ffn_dim": 16, f"{part}_attention_heads": 2}
    return T.SeamlessM4Tv2ForSpeechToText(T.SeamlessM4Tv2Config(**sizes))


def parakeet():
    encoder = BLOCKS | {"num_mel_bins": 16, "subsampling_conv_channels": 8, "conv_kernel_size": 5}
    return T.ParakeetForCTC(T.ParakeetCTCConfig(encoder_config=encoder, vocab_size=12, pad_token_id=0))


def ast():
    config = T.ASTConfig(**BLOCKS, num_mel_bins=48, max_length=216)
    return T.ASTForAudioClassification(config)


def clap():
    audio = {
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 1, 2, 2],
        "hidden_size": 64,
        "projection_dim": 16,
    }
    text = BLOCKS | {"vocab_size": 40, "projection_dim": 16}
    return T.ClapModel(T.ClapConfig(audio_config=audio, text_config=text, projection_dim=16))


def encodec():
    return T.EncodecModel(T.EncodecConfig(**CODEC))


def mimi():
    config = T.MimiConfig(
        **BLOCKS | CODEC | {"hidden_size": 32},
        head_dim=16,
        num_key_value_heads=2,
        codebook_dim=8,
        upsample_groups=32,
        vector_quantization_hidden_dimension=8,
        num_semantic_quantizers=1,
        num_quantizers=4,
    )
    return T.MimiModel(config)


NETWORKS = {
    "wav2vec2": wav2vec2,
    "hubert": hubert,
    "wavlm": wavlm,
    "data2vec-audio": data2vec_audio,
    "unispeech-sat": unispeech_sat,
    "wav2vec2-conformer": conformer,
    "sew": sew,
    "speecht5": speecht5,
    "moonshine": moonshine,
    "whisper": whisper,
    "speech_to_text": speech_to_text,
    "wav2vec2-bert": wav2vec2_bert,
    "seamless_m4t_v2": seamless_m4t_v2,
    "parakeet_ctc": parakeet,
    "audio-spectrogram-transformer": ast,
    "clap": clap,
    "encodec": encodec,
    "mimi": mimi,
}


def network(architecture, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return NETWORKS[architecture]().eval()


def save(architecture, folder, seed=0):
    made = network(architecture, seed)
    with networks.quiet():
        made.save_pretrained(folder)
    return made


def encoder(architecture, made):
    """Part of a published model that hears."""
    if architecture in ("encodec", "mimi"):
        return made
    if architecture == "clap":
        return made.audio_model
    if architecture == "seamless_m4t_v2":
        return made.speech_encoder
    if architecture in ("parakeet_ctc",):
        return made.encoder
    base = made.base_model
    return getattr(base, "encoder", base) if architecture in ENCODER_DECODERS else base


ENCODER_DECODERS = {"whisper", "speech_to_text", "moonshine", "speecht5"}
