"""Tiny language models with tokenizers made here, in the classes and formats of the published ones.

``save(architecture, folder)`` writes network and tokenizer as ``save_pretrained`` does; every architecture has the kind
of tokenizer it was published with: word pieces, byte pairs, or unigrams with a mark for the space.
"""

import torch
import transformers as T
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXT = [
    "the sound of a dog that barks in the night",
    "the sound of an acoustic guitar and of rain on a window",
    "the sound of a church bell, of thunder, of a crowd that laughs",
    "a dog barks; a bell rings; thunder rolls; rain falls on the roof",
] * 3
SIZES = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
DECODER = SIZES | {"num_key_value_heads": 1, "max_position_embeddings": 64}


def _word_pieces():
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=70, special_tokens=special))
    ends = [(mark, made.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return T.PreTrainedTokenizerFast(tokenizer_object=made, **marks)


def _byte_pairs(begin=None, pad=None):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = {"special_tokens": [mark for mark in ("<pad>", "<|begin|>") if mark in (begin, pad)]}
    made.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, **special))
    made.post_processor = processors.ByteLevel(trim_offsets=True)
    if begin:
        first = processors.TemplateProcessing(single=f"{begin} $A", special_tokens=[(begin, made.token_to_id(begin))])
        made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), first])
    return T.PreTrainedTokenizerFast(tokenizer_object=made, bos_token=begin, pad_token=pad)


def _unigrams():
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    made.train_from_iterator(TEXT, trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>"))
    end = [("</s>", made.token_to_id("</s>"))]
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=end)
    return T.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def bert():
    return _word_pieces(), lambda size: T.BertModel(T.BertConfig(vocab_size=size, max_position_embeddings=64, **SIZES))


def roberta():
    config = {"pad_token_id": 0, "bos_token_id": 1, "max_position_embeddings": 66, **SIZES}
    tokenizer = _byte_pairs("<|begin|>", "<pad>")
    return tokenizer, lambda size: T.RobertaForMaskedLM(T.RobertaConfig(vocab_size=size, **config))


def gpt2():
    sizes = {"n_embd": 16, "n_layer": 3, "n_head": 2, "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0}
    return _byte_pairs(), lambda size: T.GPT2LMHeadModel(T.GPT2Config(vocab_size=size, **sizes))


def t5():
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_heads": 2}
    return _unigrams(), lambda size: T.T5ForConditionalGeneration(T.T5Config(vocab_size=size, **sizes))


def llama():
    return _byte_pairs("<|begin|>"), lambda size: T.LlamaForCausalLM(T.LlamaConfig(vocab_size=size, **DECODER))


def qwen2():
    return _byte_pairs(), lambda size: T.Qwen2ForCausalLM(T.Qwen2Config(vocab_size=size, **DECODER))


MAKERS = {"bert": bert, "roberta": roberta, "gpt2": gpt2, "t5": t5, "llama": llama, "qwen2": qwen2}


def save(architecture, folder, seed=0):
    """Write a tiny language model and its tokenizer into a folder; give both."""
    torch.manual_seed(seed)
    tokenizer, make = MAKERS[architecture]()
    network = make(len(tokenizer)).eval()
    tokenizer.save_pretrained(folder)
    network.save_pretrained(folder)
    return network, tokenizer
