import pytest
import torch
import transformers as T

from lib.ground import DamagedData
from lib.models.loaders import networks

SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 12}


def test_whole_checkpoint_is_read_and_nothing_is_said(tmp_path, capfd):
    network = T.BertForMaskedLM(T.BertConfig(**SIZES))
    with networks.quiet():
        network.save_pretrained(tmp_path)
    read = networks.trained(T.BertModel, tmp_path, spare=("pooler",))
    for name, weight in read.named_parameters():
        if "pooler" not in name:
            assert torch.equal(weight, network.bert.get_parameter(name))
    with pytest.raises(DamagedData, match=r"lacks 2 weights of BertModel, the first is 'pooler\.dense\.bias'"):
        networks.trained(T.BertModel, tmp_path)
    assert "pooler" not in "".join(capfd.readouterr())


def test_half_precision_checkpoint_is_computed_in_full(tmp_path):
    with networks.quiet():
        T.BertModel(T.BertConfig(**SIZES)).to(torch.bfloat16).save_pretrained(tmp_path)
    assert networks.trained(T.BertModel, tmp_path).dtype == torch.float32


def test_seed_decides_and_other_random_numbers_stay():
    def build():
        return T.BertModel(T.BertConfig(**SIZES))

    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, same, other = (networks.untrained(build, seed).embeddings.word_embeddings.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_ready_means_without_dropout():
    assert not networks.ready(T.BertModel(T.BertConfig(**SIZES))).training


@pytest.mark.parametrize("bar", [True, False])
def test_quiet_ends(bar):
    logging = T.logging
    before, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    (logging.enable_progress_bar if bar else logging.disable_progress_bar)()
    with networks.quiet():
        assert logging.get_verbosity() == logging.ERROR
        assert not logging.is_progress_bar_enabled()
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (level, bar)
    (logging.enable_progress_bar if before else logging.disable_progress_bar)()
