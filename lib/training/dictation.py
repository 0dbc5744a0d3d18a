"""Dictation: a small audio-language model learns to write down what is said, letter by letter.

Comes in: digits and sentences, with their words. Goes out: a ``Qwen2AudioForConditionalGeneration`` with its tokenizer.
It hears 2 s: strings of digits, or a few words cut out of a sentence. Beside predicting the next letter, the audio
tokens themselves must spell the text (connectionist temporal classification, Graves et al. 2006), without which so
small a model would hardly find out which sound goes with which letter; that second reading is thrown away afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lib.models.loaders.audio_tokens import logmel, paired
from lib.training.loop import Clip, Diet, Work, device, train

RATE, SECONDS = 16_000, 2.0
SPECIAL = ("<pad>", "<s>", "</s>", "<audio>", "<text>")
PAD, BEGIN, END, AUDIO, TEXT = range(5)
ALPHABET = " 'abcdefghijklmnopqrstuvwxyz"
LONGEST = 40  # letters
Example = tuple[np.ndarray, str]


def tokenizer():
    """One token per letter; after the sound come <text>, letters, </s>."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = Tokenizer(
        models.WordLevel({token: k for k, token in enumerate([*SPECIAL, *ALPHABET])}, unk_token="<pad>")
    )
    letters.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    letters.decoder = decoders.Fuse()
    names = {
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "extra_special_tokens": ["<audio>", "<text>"],
    }
    return PreTrainedTokenizerFast(tokenizer_object=letters, **names)


def spelled(text: str) -> list[int]:
    """Tokens of a text."""
    return [len(SPECIAL) + ALPHABET.index(letter) for letter in text]


def written(tokens: Sequence[int]) -> str:
    """Text of tokens, up to the end sign, special ones left out."""
    letters = []
    for token in tokens:
        if token == END:
            break
        letters += [ALPHABET[token - len(SPECIAL)]] if token >= len(SPECIAL) else []
    return "".join(letters)


def phrases(clip: Clip, *, longest: int = 4) -> list[Example]:
    """Cut a sentence into neighbouring phrases of up to `longest` words that fit into the model's window."""
    found, words = [], list(clip.words)
    while words:
        count = max(k for k in range(1, min(longest, len(words)) + 1) if k == 1 or words[k - 1][2] - words[0][1] < 1.9)
        found.append(_phrase(clip, words[:count]))
        words = words[count:]
    return found


def _phrase(clip, words) -> Example:
    start, end = words[0][1] - 0.03, words[-1][2] + 0.03
    samples = clip.samples[max(0, round(start * RATE)) : round(end * RATE)]
    return samples[: round(SECONDS * RATE)], " ".join(word for word, _, _ in words)


@dataclass(frozen=True)
class Lessons:
    """What there is to write down: single words, and sentences to cut phrases from."""

    words: list[Clip]
    sentences: list[Clip]

    def draw(self, rng: np.random.Generator, count: int) -> list[Example]:
        """Every other example is a string of digits, the others are phrases."""
        return [self._digits(rng) if k % 2 else self._words(rng) for k in range(count)]

    def _digits(self, rng) -> Example:
        parts, texts = [np.zeros(rng.integers(800), np.float32)], []
        for place in rng.choice(len(self.words), rng.choice([1, 1, 2, 3, 4])):
            sound = self.words[place].samples[: round(1.2 * RATE)]
            if sum(map(len, parts)) + len(sound) > SECONDS * RATE:
                break
            parts += [sound / (sound.std() + 1e-9), np.zeros(rng.integers(400, 3200), np.float32)]
            texts.append(self.words[place].label)
        return _varied(rng, np.concatenate(parts)), " ".join(texts)

    def _words(self, rng) -> Example:
        clip = self.sentences[rng.choice(len(self.sentences))]
        first, count = rng.integers(len(clip.words)), rng.integers(1, 6)
        words = clip.words[first : first + count]
        while len(words) > 1 and words[-1][2] - words[0][1] > 1.8:
            words = words[:-1]
        samples, text = _phrase(clip, words)
        return _varied(rng, samples), text


def _varied(rng, samples):
    """Up to a tenth faster or slower, as loud as recordings are."""
    import soxr

    samples = soxr.resample(samples.astype(np.float32), 1.0, rng.uniform(0.9, 1.1))[: round(SECONDS * RATE)]
    return samples / (samples.std() + 1e-9) * 10 ** rng.uniform(-2.2, -0.8)


class Writer(nn.Module):
    """The audio-language model, with the reading of its audio tokens that only training needs."""

    def __init__(self, config):
        super().__init__()
        from transformers import Qwen2AudioForConditionalGeneration

        self.model = Qwen2AudioForConditionalGeneration(config)
        self.read = nn.Linear(config.text_config.hidden_size, len(SPECIAL) + len(ALPHABET))

    def loss(self, examples: list[Example]) -> torch.Tensor:
        """Next letter given the sound, plus the spelling of the sound itself."""
        sounds, counts = _heard(self.model, [samples for samples, _ in examples])
        texts = [spelled(text) for _, text in examples]
        rows = [[BEGIN, *[AUDIO] * n, TEXT, *text, END] for n, text in zip(counts, texts, strict=True)]
        tokens = torch.full((len(rows), max(map(len, rows))), PAD)
        for k, row in enumerate(rows):
            tokens[k, : len(row)] = torch.tensor(row)
        tokens = tokens.to(device())
        wanted = tokens.masked_fill((tokens == PAD) | (tokens == BEGIN) | (tokens == AUDIO) | (tokens == TEXT), -100)
        with _listening(self.model) as projected:
            logits = self.model(input_ids=tokens, attention_mask=(tokens != PAD).long(), **sounds).logits
        next_letter = nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), wanted[:, 1:].flatten())
        return next_letter + self._spelling(projected[0], counts, texts)

    def _spelling(self, audio, counts, texts):
        reading = self.read(audio).float().log_softmax(-1).transpose(0, 1)  # tokens, sounds, letters
        letters = torch.cat([torch.tensor(text) for text in texts])
        lengths = torch.tensor([len(text) for text in texts])
        ctc = nn.functional.ctc_loss(
            reading, letters.to(device()), torch.tensor(counts), lengths, blank=PAD, zero_infinity=True, reduction="sum"
        )
        return ctc / lengths.sum()


def _heard(model, waves: list[np.ndarray]) -> tuple[dict, list[int]]:
    """Spectrograms and their masks as the model takes them, and the number of audio tokens of each sound."""
    config = model.config.audio_config
    frames = 2 * config.max_source_positions
    padded = np.stack([np.pad(wave, (0, round(SECONDS * RATE) - len(wave))) for wave in waves]).astype(np.float32)
    valid = np.array([-(-len(wave) // 160) for wave in waves])
    mask = torch.as_tensor(np.arange(frames) < valid[:, None]).long().to(device())
    spectra = logmel(padded, config.num_mel_bins, frames).to(device())
    return {"input_features": spectra, "feature_attention_mask": mask}, [paired(len(wave), 0, 0) for wave in waves]


@contextmanager
def _listening(model):
    found = []
    hook = model.model.multi_modal_projector.register_forward_hook(lambda module, args, output: found.append(output))
    try:
        yield found
    finally:
        hook.remove()


def dictated(model, samples: np.ndarray) -> str:
    """What a model writes when it hears `samples` (n,), at most 2 s at 16 kHz; always the most probable letter."""
    sounds, (count,) = _heard(model, [samples])
    tokens = torch.tensor([[BEGIN, *[AUDIO] * count, TEXT]], device=device())
    options = {"max_new_tokens": LONGEST, "do_sample": False, "pad_token_id": PAD, "eos_token_id": END}
    with torch.inference_mode():
        made = model.generate(input_ids=tokens, attention_mask=torch.ones_like(tokens), **sounds, **options)
    return written(made[0, tokens.shape[1] :].tolist())


def word_errors(hypothesis: str, reference: str) -> int:
    """Least number of words to change, leave out or add that makes one text the other (Levenshtein distance)."""
    words, others = hypothesis.split(), reference.split()
    row = list(range(len(others) + 1))
    for i, word in enumerate(words, 1):
        before, row = row, [i]
        for j, other in enumerate(others, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def run(recipe, diets: list[Diet], work: Work) -> None:
    """Train the model; fills `work` with curve, weights, tokenizer and card. Scores are word error rates, held out."""
    from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration, WhisperFeatureExtractor

    digits, voices = diets
    lessons = Lessons(list(digits.train), list(voices.train))
    test = {"digits": [_loud(clip.samples, clip.label) for clip in digits.held_out]}
    test["phrases"] = [_loud(*example) for clip in voices.held_out for example in phrases(clip)]
    torch.manual_seed(recipe.schedule.seed)
    network = Writer(Qwen2AudioConfig(**recipe.config))

    def loss(network, rng):
        return network.loss(lessons.draw(rng, recipe.schedule.batch))

    def held_out(network):
        return float(np.mean([network.loss(examples[:64]).item() for examples in test.values()]))

    curve = train(network, loss, recipe.schedule, work.folder, key=work.key, held_out=held_out)
    final = work.folder / "final"
    work.publish(network.model, final)
    tokenizer().save_pretrained(final)
    WhisperFeatureExtractor(feature_size=recipe.config["audio_config"]["num_mel_bins"], chunk_length=2).save_pretrained(
        final
    )
    model = Qwen2AudioForConditionalGeneration.from_pretrained(final, dtype=torch.float32).eval().to(device())
    sets = {"digits": "held-out takes 0 to 4 of each digit and speaker", "phrases": "held-out sentences, in phrases"}
    work.finish(curve, [_score(model, test[name], sets[name]) for name in sets])


def _loud(samples, text) -> Example:
    samples = np.asarray(samples[: round(SECONDS * RATE)], np.float32)
    return samples / (samples.std() + 1e-9) * 0.03, text


def _score(model, examples, on) -> dict:
    errors = [word_errors(dictated(model, samples), text) for samples, text in examples]
    words = sum(len(text.split()) for _, text in examples)
    rate = round(sum(errors) / words, 4)
    return {
        "score": "word error rate",
        "value": rate,
        "n": words,
        "of": f"words in {len(examples)} sounds",
        "on": on,
    }
