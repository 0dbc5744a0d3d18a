"""Parts of lib/models/architectures against other implementations of the same, and against their formulas."""

import re

import numpy as np
import pytest
import torch

from lib.models.architectures import beats, cochdnn, encodecmae
from lib.models.architectures.parts import spectra, vit


@pytest.fixture
def transformers():
    return pytest.importorskip("transformers")


def test_kaldi_mel_spectrum_is_that_of_the_audio_spectrogram_transformer(transformers):
    wave = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    extractor = transformers.ASTFeatureExtractor(max_length=98, do_normalize=False)
    expected = extractor(wave, sampling_rate=16000, return_tensors="np")["input_values"][0]
    heard = spectra.kaldi_mel(torch.from_numpy(wave)[None], 16000, 128, length=400, hop=160, window="hann")[0]
    np.testing.assert_allclose(heard, expected, atol=2e-3)


def test_centred_spectrum_is_that_of_transformers(transformers):
    from transformers.audio_utils import spectrogram, window_function

    wave = np.random.default_rng(0).normal(size=5000)
    expected = spectrogram(wave, window_function(512, "hann"), 512, 160, power=1.0, center=True)
    found = spectra.stft(torch.from_numpy(wave)[None], 512, 160)[0].T
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_vision_block_is_that_of_torch():
    torch.manual_seed(0)
    block = vit.Block(24, 3).eval()
    other = torch.nn.TransformerEncoderLayer(24, 3, 96, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True).eval()
    names = {"self_attn.in_proj_": "attn.qkv.", "self_attn.out_proj": "attn.proj"}
    names |= {"linear1": "mlp.fc1", "linear2": "mlp.fc2"}
    weights = {}
    for key in other.state_dict():
        ours = key
        for theirs, name in names.items():
            ours = ours.replace(theirs, name)
        weights[key] = block.state_dict()[ours]
    other.load_state_dict(weights)
    tokens = torch.randn(2, 7, 24)
    torch.testing.assert_close(block(tokens), other(tokens), atol=1e-5, rtol=1e-5)


def test_position_buckets_are_those_of_wavlm(transformers):
    from transformers.models.wavlm.modeling_wavlm import WavLMAttention

    encoder = beats.Encoder(16, 1, heads=2, hidden=8, kernel=4, groups=2, buckets=320, distance=800)
    theirs = WavLMAttention(16, 2, num_buckets=320, max_distance=800)
    place = torch.arange(1500)
    expected = theirs._relative_positions_bucket(place[None] - place[:, None])
    assert torch.equal(encoder._buckets(1500), expected)


def test_beats_attention_is_its_formula():
    torch.manual_seed(0)
    bias = torch.randn(2, 5, 5)
    attention = beats.Attention(8, 2, torch.nn.Embedding(4, 2))
    torch.nn.init.normal_(attention.grep_a)
    tokens = torch.randn(1, 5, 8)
    query, key, value = (p(tokens)[0].view(5, 2, 4) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
    mixed = torch.zeros(5, 8)
    for head in range(2):
        for here in range(5):
            parts = attention.grep_linear(query[here, head])
            inner, outer = torch.sigmoid(parts[:4].sum()), torch.sigmoid(parts[4:].sum())
            gate = inner * (outer * attention.grep_a[0, head, 0, 0] - 1) + 2
            scores = key[:, head] @ query[here, head] / 2 + gate * bias[head, here]
            mixed[here, 4 * head : 4 * head + 4] = scores.softmax(0) @ value[:, head]
    torch.testing.assert_close(attention(tokens, bias)[0], attention.out_proj(mixed), atol=1e-5, rtol=1e-5)


def test_interleaved_heads_are_their_formula():
    torch.manual_seed(0)
    attention = encodecmae.Attention(7, 2)  # a unit is left over, as in the large model
    frames = torch.randn(1, 4, 7)
    query, key, value = (p(frames)[0] for p in (attention.wq, attention.wk, attention.wv))
    mixed = torch.zeros(4, 6)
    for head in range(2):
        own = slice(head, None, 2)
        scores = query[:, own] @ key[:3, own].T / 3**0.5
        mixed[:, own] = scores.softmax(1) @ value[:3, own]
    heard = torch.tensor([True, True, True, False])
    torch.testing.assert_close(attention(frames, heard)[0], attention.wo(mixed), atol=1e-5, rtol=1e-5)


def test_codec_encoder_is_that_of_transformers(transformers):
    from transformers.models.encodec.modeling_encodec import EncodecEncoder

    torch.manual_seed(0)
    config = transformers.EncodecConfig(num_filters=4, hidden_size=12, codebook_dim=12)
    theirs = EncodecEncoder(config).eval()
    ours = encodecmae.codec_encoder(4, 12).eval()
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = {}
    for key, value in theirs.state_dict().items():
        for old, new in names.items():
            key = key.replace(old, new)
        weights[re.sub(r"\.conv\.(?=weight|bias)", ".conv.conv.", key.removeprefix("layers."))] = value
    ours.load_state_dict(weights)
    waves = torch.randn(2, 1, 2345)
    torch.testing.assert_close(ours(waves), theirs(waves), atol=1e-5, rtol=1e-4)


def test_residual_network_is_that_of_transformers(transformers):
    torch.manual_seed(0)
    sizes = {"embedding_size": 4, "hidden_sizes": [16, 16, 16, 16], "depths": [3, 4, 6, 3], "num_channels": 1}
    theirs = transformers.ResNetModel(transformers.ResNetConfig(**sizes, layer_type="bottleneck")).eval()
    ours = cochdnn.CochResNet50([4, 4, 4, 4, 4]).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    names = {r"^embedder\.embedder\.convolution": "conv1", r"^embedder\.embedder\.normalization": "bn1"}
    names |= {r"\.shortcut\.convolution": ".downsample.0", r"\.shortcut\.normalization": ".downsample.1"}
    weights = {}
    for key, value in theirs.state_dict().items():
        for old, new in names.items():
            key = re.sub(old, new, key)
        key = re.sub(r"^encoder\.stages\.(\d)\.layers\.(\d)", lambda m: f"layer{int(m[1]) + 1}.{m[2]}", key)
        key = re.sub(r"layer\.(\d)\.convolution", lambda m: f"conv{int(m[1]) + 1}", key)
        weights[re.sub(r"layer\.(\d)\.normalization", lambda m: f"bn{int(m[1]) + 1}", key)] = value
    ours.load_state_dict(weights)
    inputs = torch.randn(2, 1, 60, 70)
    expected = theirs(inputs, output_hidden_states=True)
    layers = ours.layers(inputs)
    for layer, state in zip(("maxpool1", "layer1", "layer2", "layer3", "layer4"), expected.hidden_states, strict=True):
        torch.testing.assert_close(layers[layer][0], state, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layers["avgpool"][0], expected.pooler_output, atol=1e-4, rtol=1e-4)
