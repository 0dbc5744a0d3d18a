import os

import numpy as np
import pytest

from lib.ground import MissingData, WrongUse
from lib.recordings import labelled
from lib.recordings.pocket.story import text as story
from lib.training import diets

real = pytest.mark.skipif("ALIKE_DATA" not in os.environ, reason="the sounds are not on this machine")


def test_voices_never_say_a_sentence_as_it_is_told_in_the_story():
    rows = diets._other_voices()
    told = {(row.text, row.speaker) for row in story.sentences().itertuples()}
    assert not told & {(text, speaker) for _, text, speaker, _ in rows}


def test_sentences_held_out_are_not_among_those_to_train_on():
    rows = diets._other_voices()
    held_out = {text for segment, text, _, _ in rows if segment in diets.LAST_SEGMENTS}
    train = {text for segment, text, _, _ in rows if segment not in diets.LAST_SEGMENTS}
    assert len(held_out) > 20
    assert not held_out & train
    assert held_out | train == set(story.sentences().text)


def test_a_voice_says_what_its_words_are_and_when():
    clip = diets._said(("segment-01", "The old bell rang.", "bruno", "neutral"))
    assert clip.label == "the old bell rang"
    onsets = [onset for _, onset, _ in clip.words]
    assert sorted(onsets) == onsets
    assert clip.words[-1][2] < len(clip.samples) / diets.RATE


def test_music_is_another_specimen_than_any_of_the_recordings():
    from lib.recordings.pocket.sounds.specimens import specimen

    piece = diets._piece("flute", 1)
    assert 2 / 2**0.5 < len(piece) / diets.RATE < 2 * 2**0.5
    np.testing.assert_array_equal(piece, diets._piece("flute", 1))
    assert (specimen("flute", seed=diets.MUSIC_SEED) != specimen("flute")).mean() > 0.9


def test_what_takes_long_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    made = []

    def make():
        made.append(1)
        return [np.linspace(-1, 1, 5, dtype=np.float32)]

    one, two = diets._kept("ramp", "key", make), diets._kept("ramp", "key", make)
    assert len(made) == 1
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(one[0], np.linspace(-1, 1, 5), atol=1e-4)


def test_strings_of_digits_hold_every_digit_but_those_of_a_last_short_string():
    clips = [diets.Clip(np.random.default_rng(k).normal(size=8000).astype(np.float32)) for k in range(40)]
    strings = diets._numbers(clips)
    assert all(len(string.samples) > 4 * diets.RATE for string in strings)
    assert sum(len(string.samples) for string in strings) > 0.7 * 40 * 8000


def test_a_set_that_is_not_here_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    with pytest.raises(MissingData, match="ESC-10 is not on this machine"):
        diets.collect("environment")
    with pytest.raises(WrongUse, match="unknown diet 'silence'"):
        diets.collect("silence")


def wav(path, seconds=0.5, gain=0.5):
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(16_000 * seconds)) / 16_000
    soundfile.write(path, np.stack([gain * np.sin(800 * time)] * 2, axis=1), 16_000)


def test_packages_are_read_once_each_short_and_silent_files_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    stamps = tmp_path / "tuxpaint-stamps-default" / "usr/share/tuxpaint/stamps"
    for number in range(3):
        wav(stamps / f"food/corn{number}_desc_pt_BR.ogg")
    wav(stamps / "symbols/math/8_fr.ogg")
    wav(stamps / "symbols/math/8.ogg", seconds=0.1)
    wav(stamps / "animals/cow.ogg")
    wav(stamps / "animals/mouse.ogg", gain=0.0)
    wav(tmp_path / "klettres-data/usr/share/klettres/nds/alpha/x.ogg")
    wav(tmp_path / "ktuberling-data/usr/share/ktuberling/sounds/gl/moon.ogg")
    for package, folder in (("wesnoth-1.16-data", "sounds"), ("widelands-data", "data/sound/farm")):
        wav(tmp_path / package / folder / "axe.ogg")
    spoken, effects = diets.collect("languages"), diets.collect("effects")
    labels = sorted(clip.label for clip in (*spoken.train, *spoken.held_out))
    assert labels == ["fr", "gl", "nds", "pt_br", "pt_br", "pt_br"]
    assert len(effects.train) + len(effects.held_out) == 3
    assert len(spoken.held_out) == len(effects.held_out) == 1


def test_a_long_piece_gives_its_middle(tmp_path, monkeypatch):
    monkeypatch.setattr(diets, "LONGEST", 1)
    wav(tmp_path / "piece.ogg", seconds=3)
    middle = diets._middle(tmp_path / "piece.ogg")
    assert len(middle) == diets.RATE
    np.testing.assert_array_equal(middle, diets._read(tmp_path / "piece.ogg")[16_000:32_000])


def test_a_package_that_is_not_here_comes_with_the_commands_that_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    with pytest.raises(MissingData, match=r"apt-get download wesnoth-1.16-music.*dpkg-deb --extract"):
        diets.collect("orchestra")


@real
@pytest.mark.real
def test_digits_are_split_as_their_publisher_does():
    diet = diets.collect("digits")
    assert (len(diet.train), len(diet.held_out)) == (2700, 300)
    assert {clip.label for clip in diet.held_out} == set(labelled.DIGITS)


@real
@pytest.mark.real
def test_fifth_fold_of_environmental_sounds_is_held_out():
    diet = diets.collect("environment")
    assert (len(diet.train), len(diet.held_out)) == (320, 80)
    assert len({clip.label for clip in diet.train}) == 10
