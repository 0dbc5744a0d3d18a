"""The room's table of contents, its cards, and the speaking voice."""

import numpy as np
import pytest

from lib import ground, provenance
from lib.recordings import card, fingerprint, load, names
from lib.recordings.cards import cards
from lib.recordings.pocket.voice import speak


def test_every_recording_has_a_card():
    assert {"natsound165", "pocket-sounds", "pocket-words"} <= set(names()) <= set(cards())


@pytest.mark.parametrize("name", names())
def test_cards_hold_what_pages_quote(name):
    facts = card(name)
    for key in ("title", "citation", "source", "licence", "files", "responses"):
        assert isinstance(facts[key], str), key
        assert facts[key].strip(), key
    assert isinstance(facts["simulated"], bool)
    assert ("simulated" in facts["title"]) == facts["simulated"]
    assert len(fingerprint(name)) == 16


@pytest.mark.parametrize("call", [load, card, fingerprint])
def test_unknown_recording_lists_the_known_ones(call):
    with pytest.raises(ground.WrongUse, match=r"natsound16.*Did you mean 'natsound165'.*pocket-sounds"):
        call("natsound16")


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes recordings.yml anew, from a function of its text."""

    def write(change):
        text = (ground.DATA / "recordings.yml").read_text()
        (tmp_path / "recordings.yml").write_text(change(text))
        monkeypatch.setattr("lib.ground.DATA", tmp_path)
        cards.cache_clear()

    yield write
    cards.cache_clear()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace("  licence: CC0", "  license: CC0"), "ds004408: it lacks 'licence'"),
        (lambda text: text.replace("  rate: 512", "  rte: 512"), "ds004408: unknown key 'rte'.*Did you mean 'rate'"),
        (lambda text: text.replace("public.old_man:load", "public.old_man"), "ds004408: loader must be a module"),
        (lambda text: text.replace("  licence: CC0", "  licence: 0"), "ds004408: licence must be a text, not 0"),
    ],
)
def test_a_card_at_fault_is_one_clear_line_and_the_others_stay(written, change, what):
    before = set(names())
    written(change)
    with pytest.warns(UserWarning, match=what):
        assert set(names()) == before - {"ds004408"}
    with pytest.raises(ground.DamagedData, match=what) as error:
        load("ds004408")
    assert "\n" not in str(error.value)
    assert card("alice")["channels"] == 60


def test_a_loader_that_is_not_there_is_named(written):
    written(lambda text: text.replace("public.old_man:load", "public.old_men:load"))
    with pytest.raises(ground.DamagedData, match=r"card of ds004408: lib\.recordings has no public\.old_men:load"):
        load("ds004408")


@pytest.mark.parametrize("broken", ["alice: [", "alice: {title: x}\nalice: {title: y}\n", "just words"])
def test_a_file_of_cards_that_cannot_be_read_is_one_line(written, broken):
    written(lambda _: broken)
    with pytest.raises(ground.DamagedData, match=r"recordings\.yml") as error:
        names()
    assert "\n" not in str(error.value)


def test_unregistered_files_on_this_machine_count(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    nowhere = fingerprint("ds004408")
    file = tmp_path / "ds004408" / "stimuli" / "audio01.TextGrid"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    there = fingerprint("ds004408")
    (tmp_path / "ds004408" / ".git").mkdir()
    (tmp_path / "ds004408" / ".git" / "index").write_text("changes with every command")
    assert nowhere != there == fingerprint("ds004408")
    file.write_text("three")
    assert fingerprint("ds004408") != there
    (tmp_path / "ds004408" / "annexed.eeg").symlink_to(".git/annex/objects/nothing")
    assert len({nowhere, there, fingerprint("ds004408")}) == 3


def test_unknown_option_lists_the_known_ones():
    with pytest.raises(ground.WrongUse, match="option of natsound165 'snr'"):
        load("natsound165", snr=1)


def test_speech_comes_with_times():
    said = speak("hello little world", speaker="woman")
    assert said.rate == 22_050
    assert list(said.words["text"]) == ["hello", "little", "world"]
    for table in (said.words, said.phonemes):
        assert (np.diff(table["onset"]) > 0).all()
        assert (table["offset"] > table["onset"]).all()
        assert table["offset"].iloc[-1] <= len(said.samples) / said.rate + 1e-9
    assert np.abs(said.samples).max() <= 1


def test_speech_is_the_same_whatever_was_said_before():
    first = speak("the river was long", speaker="man")
    speak("une autre langue", speaker="woman", language="fr")
    np.testing.assert_array_equal(speak("the river was long", speaker="man").samples, first.samples)


def test_speakers_differ_in_pitch():
    def pitch(speaker):
        """Median over voiced frames of the autocorrelation's peak [Hz]."""
        samples, found = speak("hello my old friend how are you", speaker=speaker).samples, []
        for start in range(0, len(samples) - 2048, 1024):
            frame = samples[start : start + 2048]
            auto = np.correlate(frame, frame, "full")[2047:] / np.arange(2048, 0, -1)
            if auto[0] > 1e-3:
                found.append(22_050 / (44 + auto[44:370].argmax()))
        return np.median(found)

    pitches = [pitch(speaker) for speaker in ("deep man", "man", "woman", "girl")]
    assert (np.diff(pitches) > 15).all()
    assert 60 < pitches[0] < 100
    assert 180 < pitches[2] < 260


@pytest.mark.parametrize("wrong", [{"speaker": "parrot"}, {"language": "xx"}])
def test_unknown_voice(wrong):
    with pytest.raises(ground.WrongUse):
        speak("hello", **wrong)


def test_what_speaks_and_what_is_planted_count_in_what_is_kept():
    telling = provenance.closure("lib.recordings.pocket.story.telling")
    assert "lib.recordings.pocket.espeak" in telling  # a script that runs in a process of its own
    assert not [name for name in telling if ".pocket.sounds" in name or ".pocket.brains" in name]
    assert "lib.recordings.pocket.brains.profiles" in provenance.closure("lib.recordings.pocket.brains.planted")
