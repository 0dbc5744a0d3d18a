"""The story and its voices: enough of everything, the same bytes always, times that fit the sound."""

import subprocess
import sys

import numpy as np
import pytest

from lib import ground
from lib.recordings.pocket.story import text as story
from lib.recordings.pocket.story.narrator import FRAME, RATE, say
from lib.recordings.pocket.story.telling import tell


@pytest.fixture(scope="module")
def telling(pocket_root):
    return tell(2, pocket_root)


def test_story_is_large_enough():
    table = story.sentences()
    assert len(table) >= 84
    assert table["segment"].nunique() == 12
    assert table["speaker"].nunique() >= 6
    assert (table["affect"].value_counts().reindex(story.AFFECTS) >= 25).all()
    assert table["text"].is_unique


def test_affect_is_not_told_apart_by_speaker_or_place():
    table = story.sentences()
    assert (table.groupby("speaker")["affect"].nunique() == 3).all()
    assert (table.groupby("segment")["affect"].nunique() == 3).all()


def test_words_recur():
    table = story.words().merge(story.sentences()[["speaker"]], left_on="sentence", right_index=True)
    content = table[table["content"]].groupby("word")
    often = content.size().loc[lambda count: count >= 8].index
    assert len(often) >= 40
    assert (content["speaker"].nunique()[often] >= 3).all()


def test_words_and_kinds_are_text():
    """YAML reads a bare no or on as a truth value; the lists must quote them."""
    table = story.words().set_index("word")
    assert not table.loc[["on", "no", "the"], "content"].any()
    assert (table.loc[table["content"], "meaning"] != "").all()
    assert (table.loc[table["content"], "meaning"] == "other").mean() < 0.05


def test_surprisal_by_hand():
    """Leave out the word itself: of a b / a c / a b, the first b has seen one b after a among the two other a."""
    first, _, _ = story.surprisal([["a", "b"], ["a", "c"], ["a", "b"]], prior=2.0)
    unigram = (2 - 1 + 1) / (6 - 1 + 3 + 1)
    assert first[1] == pytest.approx(-np.log2((1 + 2 * unigram) / (2 + 2)))


@pytest.mark.parametrize("place", [0, 7, 60, 112])
def test_surprisal_by_counting_anew(place):
    """The same number from counts over a corpus from which the one word has really been taken out."""
    texts = [story.tokens(text) for text in story.sentences()["text"]]
    position = len(texts[place]) // 2
    before, word = ["", *texts[place]][position], texts[place][position]
    pairs = [
        (a, b)
        for number, text in enumerate(texts)
        for k, (a, b) in enumerate(zip(["", *text], text, strict=False))
        if (number, k) != (place, position)
    ]
    seen = [b for _, b in pairs]
    kinds = len({word for text in texts for word in text})
    unigram = (seen.count(word) + 1) / (len(seen) + kinds + 1)
    after = [b for a, b in pairs if a == before]
    expected = -np.log2((after.count(word) + story.PRIOR * unigram) / (len(after) + story.PRIOR))
    assert story.surprisal(texts)[place][position] == pytest.approx(expected)


def test_surprisal_is_lower_where_a_phrase_is_repeated():
    table = story.words()
    assert table["surprisal"].min() > 0
    the = table[table["word"] == "the"]["surprisal"].mean()
    assert the < table["surprisal"].mean() - 2


def test_speech_is_the_same_in_another_process(telling, tmp_path):
    script = "import sys; from lib.recordings.pocket.story.telling import tell;print(tell(2, sys.argv[1]).fingerprint)"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ground.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == telling.fingerprint


def test_speech_does_not_depend_on_what_was_said_before():
    first = say("The old bell rang.", speaker="elena", affect="positive")
    say("Nobody came.", speaker="felix", affect="negative")
    again = say("The old bell rang.", speaker="elena", affect="positive")
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.phonemes.equals(again.phonemes)


def test_tables_fit_each_other(telling):
    rows = telling.sentences
    assert list(telling.segments["sentences"]) == [9, 9]
    for name, row in rows.iterrows():
        words, phonemes = (table[table["sentence"] == name] for table in (telling.words, telling.phonemes))
        assert list(words["word"]) == story.tokens(row["text"])
        assert (np.diff(words["onset"]) > 0).all()
        assert (words["offset"] > words["onset"]).all()
        assert words["offset"].iloc[-1] <= row["duration"]
        assert (phonemes["offset"] >= phonemes["onset"]).all()
        np.testing.assert_allclose(phonemes.groupby("position")["onset"].first(), words["onset"])
        np.testing.assert_allclose(phonemes.groupby("position")["offset"].last(), words["offset"])


def test_sentences_are_pieces_of_their_segment(telling):
    whole, rate = telling.audio("segment-02")
    assert rate == RATE
    assert len(whole) == round(telling.segments.loc["segment-02", "duration"] * rate)
    row = telling.sentences.loc["sentence-012"]
    piece, _ = telling.audio("sentence-012")
    np.testing.assert_array_equal(piece, whole[round(row["start"] * rate) : round(row["stop"] * rate)])
    assert piece.dtype == np.float32
    assert np.abs(whole).max() < 1


def test_sentences_lie_on_the_clock_of_the_eeg(telling):
    for column in ("start", "stop", "duration"):
        np.testing.assert_array_equal(telling.sentences[column] * RATE % FRAME, 0)


def test_words_begin_where_the_sound_begins(telling):
    """After a pause within a sentence: at least 30 dB more in the 60 ms from a word's onset than in the 40 before."""
    rises = []
    for name, words in telling.words.groupby("sentence"):
        samples, rate = telling.audio(name)
        after_pause = words["onset"].to_numpy()[1:] - words["offset"].to_numpy()[:-1] > 0.08
        for onset in words["onset"].to_numpy()[1:][after_pause]:
            at = round(onset * rate)
            before, after = samples[at - 700 : at - 60], samples[at : at + 960]
            rises.append(10 * np.log10(((after**2).mean() + 1e-9) / ((before**2).mean() + 1e-9)))
    assert len(rises) > 15
    assert np.min(rises) > 15
    assert np.median(rises) > 30


def test_phonemes_sound_as_they_are_called(telling):
    """Spectral centroid of the middle 20 ms: hissing s far above vowels, nasals below."""
    centroid = {"s": [], "ɪ": [], "n": []}
    for row in telling.phonemes.itertuples():
        if row.phoneme in centroid and row.offset - row.onset > 0.04:
            samples, rate = telling.audio(row.sentence)
            middle = round((row.onset + row.offset) / 2 * rate)
            power = np.abs(np.fft.rfft(samples[middle - 160 : middle + 160] * np.hanning(320))) ** 2
            centroid[row.phoneme].append((power * np.fft.rfftfreq(320, 1 / rate)).sum() / power.sum())
    s, vowel, nasal = (np.median(values) for values in centroid.values())
    assert s > 3500
    assert nasal < vowel < 2000


def pitch(samples):
    """Median over voiced frames of the autocorrelation's peak [Hz]."""
    found = []
    for start in range(0, len(samples) - 1600, 800):
        frame = samples[start : start + 1600]
        auto = np.correlate(frame, frame, "full")[1599:] / np.arange(1600, 0, -1)
        if auto[0] > 1e-3:
            found.append(RATE / (40 + auto[40:270].argmax()))
    return np.median(found)


def test_prosody_follows_affect():
    said = [say("The people stood in the rain by the river.", speaker="bruno", affect=each) for each in story.AFFECTS]
    assert np.all(np.diff([len(one.samples) for one in said]) < 0)
    assert np.all(np.diff([pitch(one.samples) for one in said]) > 5)


def test_six_speakers_sound_different():
    heights = sorted(
        pitch(say("The people stood by the river.", speaker=name).samples)
        for name in story.sentences()["speaker"].unique()
    )
    assert np.all(np.diff(heights) > 5)
    assert heights[-1] > 2 * heights[0]


@pytest.mark.parametrize("wrong", [{"speaker": "adda"}, {"affect": "sad"}])
def test_unknown_voice(wrong):
    with pytest.raises(ground.WrongUse, match="Known: "):
        say("The bell rang.", **wrong)


def test_text_whose_words_cannot_be_timed():
    with pytest.raises(ground.DamagedData, match="words"):
        say("In 1999 the bell rang.")


@pytest.mark.parametrize("segments", [0, 13])
def test_too_many_segments(segments, tmp_path):
    with pytest.raises(ground.WrongUse, match="12"):
        tell(segments, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_telling_is_made_anew(tmp_path):
    first = tell(1, tmp_path)
    file = first.folder / "segment-01.wav"
    whole = file.read_bytes()
    file.write_bytes(whole[:5000])
    (first.folder / "words.csv").unlink()
    assert tell(1, tmp_path).fingerprint == first.fingerprint
    assert file.read_bytes() == whole
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [first.folder]
