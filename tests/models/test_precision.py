import numpy as np
import pytest

from lib.ground import WrongUse
from lib.models.precision import computing, folded, one_by_one


def build():
    """A small network of the wav2vec 2.0 kind: all twelve layers, an eighth of the units, random weights."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    sizes = {"hidden_size": 96, "intermediate_size": 384, "conv_dim": (64,) * 7, "num_conv_pos_embedding_groups": 8}
    return Wav2Vec2Model(Wav2Vec2Config(**sizes)).eval()


@pytest.fixture(scope="module")
def network():
    return build()


@pytest.fixture(scope="module")
def waves():
    """Harmonic glides and noises of different levels and colours, one second each."""
    rng, t = np.random.default_rng(0), np.arange(16000) / 16000
    tones = [
        np.sin(2 * np.pi * f * t * (1 + g * t)).cumsum() / 9 for f, g in zip((110, 300, 900), (1, 0, -0.4), strict=True)
    ]
    noises = [np.convolve(rng.normal(size=16000), np.ones(k) / k, "same") for k in (1, 5, 50)]
    return np.array(tones + noises, dtype=np.float32)


def layers(network, waves, precision):
    import torch

    with torch.inference_mode(), computing(precision):
        states = network(torch.from_numpy(waves), output_hidden_states=True).hidden_states
    return np.stack([state.float().numpy() for state in states])  # layers, sounds, frames, units


def norm(x, axis):
    return np.sqrt((x**2).sum(axis))


def test_half_precision_keeps_its_tolerance(network, waves):
    full, half = layers(network, waves, "full"), layers(network, waves, "half")
    assert not np.array_equal(full, half)
    apart = norm(half.mean(2) - full.mean(2), -1) / norm(full.mean(2), -1)
    assert apart.max() < 0.02
    frames = norm(half - full, -1) / norm(full, -1)
    assert frames.max() < 0.05


def test_half_precision_keeps_what_tells_sounds_apart(network, waves):
    full, half = (layers(network, waves, precision).mean(2) for precision in ("full", "half"))
    for one, two in zip(full, half, strict=True):
        i, j = np.triu_indices(len(waves), 1)
        assert np.corrcoef(np.corrcoef(one)[i, j], np.corrcoef(two)[i, j])[0, 1] > 0.999


def test_convolutions_of_groups_stay_in_full_precision():
    """Some processors' library gets them wrong in bfloat16; where it does not, the numbers would still be coarser."""
    import torch

    torch.manual_seed(0)
    groups, whole = (torch.nn.Conv1d(96, 96, 128, padding=64, groups=n).eval() for n in (8, 1))
    x = torch.randn(2, 96, 50)
    with torch.inference_mode():
        plain = groups(x), whole(x)
        with computing("half"):
            half = groups(x), whole(x)
    assert torch.equal(half[0].float(), plain[0])
    assert not torch.equal(half[1].float(), plain[1])


def test_full_precision_changes_nothing(network, waves):
    import torch

    with torch.inference_mode():
        plain = network(torch.from_numpy(waves)).last_hidden_state.numpy()
    np.testing.assert_array_equal(layers(network, waves, "full")[-1], plain)


def test_unknown_precision_is_refused():
    with pytest.raises(WrongUse, match="Known: full, half"), computing("double"):
        pass


def test_one_by_one_gives_the_same_and_keeps_the_names(network, waves):
    import copy

    import torch

    front = copy.deepcopy(network.feature_extractor)
    names, seen = list(front.state_dict()), []
    front.conv_layers[0].register_forward_hook(lambda module, given, out: seen.append(len(out)))
    with torch.inference_mode():
        together = network.feature_extractor(torch.from_numpy(waves))
        np.testing.assert_allclose(one_by_one(front)(torch.from_numpy(waves)), together, atol=1e-5)
    assert seen == [1] * len(waves)
    assert list(front.state_dict()) == names


def test_folded_weights_give_the_same_numbers(network, waves):
    import torch

    twin = folded(build())
    assert any("parametrizations" in name for name in network.state_dict())
    assert not any("parametrizations" in name for name in twin.state_dict())
    with torch.inference_mode():
        one, two = (net(torch.from_numpy(waves)).last_hidden_state.numpy() for net in (network, twin))
    np.testing.assert_array_equal(one, two)
