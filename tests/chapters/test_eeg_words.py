"""What the EEG chapter says: of whom, with which n, and whether what was planted was found."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lib.chapters.eeg import figures, headline, numbers, prosody, threeway, verdicts
from lib.chapters.eeg.choices import Signs
from lib.chapters.eeg.material import Heard, Piece, title
from lib.chapters.eeg.study import Study, options
from lib.chapters.eeg.windows import Timed
from lib.ground import ROOT
from lib.recordings import EEGRecording, card
from lib.recordings.pocket.brains import waves
from lib.report import claims, parameters, style
from lib.report.check import first_screen


@pytest.fixture(autouse=True)
def _house_style():
    style.use_house_style()
    yield
    plt.close("all")


class Spoken(EEGRecording):
    """A recording of connected speech of which only the card and the name are read."""

    def __init__(self, name):
        for key, value in {"name": name, "card": card(name), "simulated": card(name)["simulated"]}.items():
            object.__setattr__(self, key, value)


def study(name="pocket-eeg", *, subjects=12, channels=64, responses="recorded", unit="sentence", **settings):
    """A study without responses: what it is called does not depend on them."""
    sounds = SimpleNamespace(name=name, card=card(name), simulated=card(name)["simulated"])
    recording = sounds if name == "song-ecog" else Spoken(name)
    heard = Heard(tuple(f"s{k}" for k in range(subjects)), {}, {}, tuple(f"c{k}" for k in range(channels)))
    pieces = [Piece(f"p{k}", f"p{k}", 0.0, 2.0) for k in range(18)]
    chosen = {"level": "individual", "subjects": subjects, "segments": 0, "snr": 1.0, "without": []} | settings
    return Study(recording, pieces, unit, heard, responses, options(name, **chosen), {}, 0)


ECOG = {"name": "song-ecog", "subjects": 1, "channels": 33}


@pytest.mark.parametrize(
    ("how", "who", "counted"),
    [
        ({}, "12 simulated listeners", "12 listeners"),
        ({"name": "alice"}, "12 human listeners", "12 listeners"),
        ({"subjects": 3}, "3 simulated listeners", "18 sentences"),
        ({"unit": "word", "subjects": 3}, "3 simulated listeners", "18 words"),
        (ECOG, "33 electrodes in human auditory cortex", "18 sounds"),
        (ECOG | {"level": "components"}, "33 components of electrodes in human auditory cortex", "18 sounds"),
        ({"responses": "noise"}, "noise like the responses of 12 simulated listeners", "12 sets of noise"),
    ],
)
def test_listeners_are_called_what_they_are(how, who, counted):
    one = study(**how)
    assert one.who == who
    assert one.counted(18) == counted


def test_noise_is_nobody_and_electrodes_are_people():
    assert not study(**ECOG).simulated
    assert study(**ECOG | {"responses": "noise"}).simulated
    assert study().simulated
    assert not study("alice").simulated


# ---- what was planted ----


def test_the_card_names_the_effects_that_the_simulation_plants():
    known = [*waves.SWITCHES, *waves.GROUPS]
    assert card("pocket-eeg")["planted"] == known
    assert list(parameters.read(ROOT / "notebooks" / "eeg.py")["without"].range.among) == known


TESTED = ("A5", "A6", "A7", "E1", "E2", "E3")


@pytest.mark.parametrize(
    ("how", "true", "false"),
    [
        ({}, {"A6", "E1", "E2", "E3"}, {"A5"}),
        ({"without": ["affect"]}, {"A6", "E1", "E3"}, {"A5", "E2"}),
        ({"without": ["late"]}, {"A6", "E3"}, {"A5", "E1", "E2"}),
        ({"without": ["surprisal"]}, {"A6", "E3"}, {"A5", "E1", "E2"}),
        ({"without": ["early"]}, {"E1", "E2"}, {"A5"}),
        ({"snr": 0.0}, set(), set(TESTED)),
        ({"responses": "noise"}, set(), set(TESTED)),
        ({"name": "alice"}, set(), set()),
    ],
)
def test_what_was_planted_makes_claims_true(how, true, false):
    found = study(**how).truths(TESTED)
    assert {name for name, holds in found.items() if holds} == true
    assert {name for name, holds in found.items() if holds is False} == false


# ---- the first screen ----


def measured(value, low, high, n=12, p=0.5):
    return claims.Measured(value=value, low=low, high=high, n=n, p=p)


NOTHING, SOME = measured(0.001, -0.011, 0.013), measured(0.03, 0.015, 0.045, p=0.005)


def told(one, best=NOTHING, words="the stimuli have no words", **how):
    found = {"A6": {"best_layer": best}, "A7": {"untrained": NOTHING, "envelope": NOTHING}, "E1": words}
    decided = {
        name: SimpleNamespace(
            claim=name, verdict=claims.SUPPORTED if name == "A6" and best is SOME else claims.UNDECIDED
        )
        for name in verdicts.PAPER
    }
    return headline.headline(one, 4, 18, found, decided, **how)


LATE = {"late": measured(0.45, 0.32, 0.57), "mean": measured(-0.44, -0.58, -0.31)}


@pytest.mark.parametrize(
    ("one", "best", "words"),
    [(study(), NOTHING, LATE), (study(**ECOG), SOME, "no words"), (study(responses="noise"), SOME, LATE)],
)
def test_a_first_screen_is_short_and_its_numbers_have_n_and_interval(one, best, words):
    text = told(one, best, words)
    assert first_screen(text) == []
    first = text.partition("?")[0]
    assert one.crowd in first
    assert ("nobody was measured" in first) is one.simulated


def test_a_first_screen_says_what_was_missed():
    assert "not like them by more than chance, though responses to the sound were planted" in told(study())
    assert "though" not in told(study("alice"))
    assert "nothing is there to be like" in told(study(snr=0.0), SOME)
    assert "less like them than chance has it" in told(study("alice"), measured(-0.03, -0.04, -0.02))


def test_a_first_screen_says_whether_words_are_found_and_were_planted():
    assert "finds the late response to words that was planted" in told(study(), words=LATE)
    assert "none was planted" in told(study(without=["late"]), words=LATE)
    assert "planted" not in told(study("alice"), words=LATE)
    early = LATE | {"mean": measured(0.1, -0.1, 0.3)}
    assert "finds no late response" in told(study("alice"), words=early)


def test_a_first_screen_counts_verdicts():
    assert "Of the paper's seven claims none is supported; seven are undecided." in told(study())
    assert "one is supported (models and brains are alike above chance at all)" in told(study(), SOME)


def test_a_first_screen_says_what_chance_was():
    assert "Beyond what responses to other sentences give, the best" in told(study())
    assert "Beyond what rotations in time give, which noise exceeds too often, the best" in told(study(), null="shift")


# ---- numbers ----


@pytest.mark.parametrize(
    ("ends", "words"), [((0.1, 0.3), "above 0"), ((-0.3, -0.1), "below 0"), ((-0.1, 0.1), "not told apart from 0")]
)
def test_sides_of_nothing(ends, words):
    assert numbers.side(SimpleNamespace(low=ends[0], high=ends[1])) == words


def test_words_that_were_not_tested_say_why():
    assert numbers.late_response("the stimuli have no words")["words_told"].endswith("the stimuli have no words.")
    assert numbers.prosody("no prosody") == {"affect_told": "This part can't be tested here: no prosody."}


def test_twins_are_called_untrained():
    assert title("untrained:mini-speech:0") == "mini-speech, untrained"
    assert title("envelope") == "envelope"


# ---- captions ----


def test_the_caption_of_windows_says_who_and_how_many():
    rng, spans = (
        np.random.default_rng(0),
        {"0-250 ms": (0.0, 0.25), "250-500 ms": (0.25, 0.5), "500-750 ms": (0.5, 0.75)},
    )
    coords = {
        "sentence": list("abcd"),
        "subject": [f"s{k}" for k in range(12)],
        "window": list(spans),
        "channel": [0, 1],
    }
    values = xr.DataArray(rng.standard_normal((4, 12, 3, 2)) / 100, coords, tuple(coords))
    values.loc[{"window": "250-500 ms"}] += 1
    timed = Timed(values, 0 * values, spans, "mini-speech")
    figure = figures.window_courses(timed, study())
    assert "95 % intervals over 12 simulated listeners." in figure.caption
    assert "largest in the window of 250-500 ms" in figure.alt
    few = Timed(values.isel(subject=slice(1)), 0 * values.isel(subject=slice(1)), spans, "mini-speech")
    figure = figures.window_courses(few, study(**ECOG))
    assert "intervals over 4 sounds (33 electrodes in human auditory cortex)" in figure.caption
    assert figures.channels_in_time(few, study(**ECOG), None).alt.count("above 0") == 1


def test_the_caption_of_controls_counts_pieces_and_units():
    rows = [("mini-speech", "trained", 0.1, 0.05, 0.15), ("untrained:mini-speech:0", "untrained", 0.0, -0.1, 0.1)]
    table = pd.DataFrame(rows, columns=["model", "kind", "value", "low", "high"])
    table = table.assign(measure="rsa_spearman", window="beyond other sentences", n=12)
    figure = figures.controls(table, study(), {"beyond other sentences": 17})
    assert "95 % interval over 12 simulated listeners." in figure.caption
    assert "Beyond other sentences, 17 sentences" in figure.caption
    assert "1 in Spearman RSA beyond other sentences" in figure.alt
    assert style.smallest_text(figure.drawn) >= 8


def test_the_caption_of_signs_counts_excerpts():
    draws = pd.DataFrame({"piece": list("1122"), "value": [0.0, 0.3, 0.1, 0.2], "convention": 0.1, "invariant": 0.2})
    spread = pd.DataFrame({"frames": [6, 40], "kind": "whitened components", "spread": [0.0, 0.2]})
    found = Signs(draws, spread, 20, "mini-speech", "s0")
    figure = figures.sign_spread(found, study())
    assert "for 2 excerpts" in figure.caption
    assert "range of 0.10 to 0.30" in figure.alt
    said = numbers.signs(found)
    assert (said["sign_range"].n, said["sign_frames"].value) == (2, 21)


def test_the_figure_of_groups_names_them_by_their_proxy_and_says_that_they_overlap():
    rng = np.random.default_rng(0)
    proxies = pd.DataFrame(rng.standard_normal((20, 2)), columns=["arousal", "valence"])
    labels = pd.Series(["negative", "positive"] * 10)
    table = pd.DataFrame({"k": [2, 3], "stability": 0.9, "standard_error": 0.01, "null_stability": 0.8})
    figure = figures.affect(prosody.Grouped(proxies, labels, 2, table, proxies))
    assert "20 sentences" in figure.caption
    assert "nobody rated anything" in figure.caption
    assert figure.alt.startswith("Groups overlap in valence: lowest valence")
    assert figures.affect(prosody.NO_WORDS) == prosody.NO_WORDS


def test_three_ways_say_who_was_heard():
    failure = threeway.constructed("shift", 0)
    figure = figures.tri_modal({"constructed failure": failure, "mini-speech": replace(failure, n=165)}, study(**ECOG))
    assert "33 electrodes in human auditory cortex, mean over 165 sounds" in figure.caption
    assert figure.alt.startswith("Squared correlations, constructed: sound-brain 0.29")


# ---- verdicts ----


def scoring(one, null="pieces", specific=None):
    return SimpleNamespace(study=one, null=null, cuts={"pieces": None, "specific": specific})


FOUND = dict.fromkeys(("A1", "A2", "A3", "A4", "A5", "E1", "E2"), "left out") | {
    "A6": {"best_layer": SOME},
    "A7": {"untrained": NOTHING, "envelope": NOTHING},
    "E3": {"best_layer": SOME},
    "E4": {"untrained": NOTHING, "envelope": NOTHING},
}


def test_claims_on_likeness_need_other_pieces_as_their_null():
    found = verdicts.decided(FOUND, scoring(study()))
    assert list(found) == [*verdicts.PAPER, *verdicts.OURS]
    assert (found["A6"].verdict, found["E3"].verdict) == (claims.SUPPORTED, claims.SUPPORTED)
    loose = verdicts.decided(FOUND, scoring(study(), null="shift"))
    assert {loose[name].verdict for name in ("A6", "A7", "E3", "E4")} == {claims.NOT_TESTABLE}
    assert "finds likeness in noise" in loose["A6"].why
    short = verdicts.decided(FOUND, scoring(study(unit="word"), specific="words are too short"))
    assert (short["A6"].verdict, short["E3"].why) == (claims.SUPPORTED, "words are too short")
    assert "too few of them" in short["A5"].why


def test_groups_that_lie_apart_do_not_overlap():
    proxies = pd.DataFrame({"arousal": 0.0, "valence": [-2.0, -1.0, 1.0, 2.0]})
    table = pd.DataFrame({"k": [2], "stability": 0.9, "standard_error": 0.01, "null_stability": 0.8})
    labels = pd.Series(["negative", "negative", "positive", "positive"])
    assert "lie apart" in figures.affect(prosody.Grouped(proxies, labels, 2, table, proxies)).alt
