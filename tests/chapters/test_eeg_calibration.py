"""The measured size of the EEG chapter's claims: how it is counted, and what is stored."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.chapters.eeg import calibration, material
from lib.compare import calibrated
from lib.ground import MissingData
from lib.models import Activations
from lib.report import runs
from lib.report.claims import sizes


@pytest.fixture(scope="module")
def world():
    """Twelve sounds of two seconds, models and twins of noise, and four listeners whose responses are slow noise."""
    rng, times, clock = np.random.default_rng(0), np.arange(0.04, 2.0, 0.08), np.arange(300) / 100
    parts = [material.Piece(f"s{k}", f"s{k}", 0.0, 2.0) for k in range(12)]
    every = [*calibration.MODELS, *(f"untrained:{name}:0" for name in calibration.MODELS), "envelope"]

    def slow(length, width):
        return np.cumsum(rng.standard_normal((length, width)), axis=0)

    frames = {}
    for name in every:
        layers = ("envelope",) if name == "envelope" else ("a", "b")
        frames[name] = {
            p.stimulus: Activations({x: slow(25, 5) for x in layers}, dict.fromkeys(layers, times)) for p in parts
        }
    values = {p.stimulus: {"group": slow(300, 6)} for p in parts}
    heard = material.Heard(("group",), values, dict.fromkeys(values, clock), tuple("abcdef"))
    return frames, heard, parts


def test_every_claim_on_likeness_is_decided(world):
    frames, heard, parts = world
    prepared = calibration.prepared(frames, parts)
    assert list(prepared) == ["pieces"]  # all end at once: the two nulls are one
    found = calibration.likeness(heard, prepared, draws=40)
    assert list(found) == ["A6", "A7", "E3", "E4"]
    assert not any(found.values())


def test_what_listeners_follow_is_found(world):
    frames, heard, parts = world
    values = {}
    for part in parts:
        one = frames[calibration.MODELS[1]][part.stimulus]
        follows = [np.interp(heard.times[part.stimulus], one.times["b"], x) for x in one.layers["b"].T]
        values[part.stimulus] = {"group": np.stack([*follows, follows[0]], 1)}
    follower = material.Heard(("group",), values, heard.times, tuple("abcdef"))
    assert calibration.likeness(follower, calibration.prepared(frames, parts), draws=60)["A6"]


def test_sizes_of_slow_noise_are_those_promised(world):
    frames, heard, parts = world
    prepared = calibration.prepared(frames, parts)
    table = calibrated(
        lambda noise: calibration.likeness(noise, prepared, draws=39), heard, n=12, noise=calibration.noise_of
    )
    assert table["n"].tolist() == [12] * 4
    assert (table["positives"] <= 4).all()  # binomial: 12 at .05 exceed 4 in less than .02 %


def test_unequal_sounds_have_two_nulls(world):
    frames, _, parts = world
    shorter = [material.Piece(p.name, p.stimulus, 0.0, 1.5 + 0.04 * k) for k, p in enumerate(parts)]
    assert list(calibration.prepared(frames, shorter)) == ["pieces", "specific"]


def test_stored_sizes_are_those_of_claims():
    known = sizes.counted("song-ecog")
    assert {"A6", "A7", "E3", "E4"} <= set(known)
    for one in known.values():
        assert one.low <= one.share <= one.high
        assert one.low <= 0.05
        assert one.n >= 20


def run_on_noise(folder, monkeypatch, verdicts):
    """Runs of the chapter whose numbers hold one claim each time, supported or not."""
    found = []
    for k, high in enumerate(verdicts):
        place = folder / f"{k}"
        place.mkdir()
        part = {"value": 0.2, "low": 0.1 if high else -0.1, "high": 0.3, "n": 9, "p": None, "level": 0.95, "draws": 0}
        told = {
            "claim": "A7",
            "verdict": "not testable here",
            "measured": dict.fromkeys(("untrained", "envelope"), part),
        }
        numbers = {"verdict": told, "other": {"claim": "A3", "measured": None}, "p": {"value": 1.0}}
        (place / "numbers.json").write_text(json.dumps(numbers))
        of = {"recording": "song-ecog", "responses": "noise", "seed": k, "n_permutations": 60}
        found.append(runs.Run(place, {"parameters": of, "started": f"2020-01-0{k + 1}"}, fresh=False))
    monkeypatch.setattr(calibration.runs, "of_this_source", lambda chapter: found)


def test_runs_on_noise_are_counted(tmp_path, monkeypatch):
    run_on_noise(tmp_path, monkeypatch, [True, False, False, False])
    table = calibration.from_runs("song-ecog").set_index("decision")
    assert list(table.index) == ["A7"]
    assert (table.loc["A7", "positives"], table.loc["A7", "n"]) == (1, 4)
    assert table.loc["A7", "settings"] == "runs of the chapter, 60 draws"
    with pytest.raises(MissingData, match="no run of the chapter"):
        calibration.from_runs("alice")


def test_rows_of_other_recordings_and_better_counts_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(sizes, "SIZES", tmp_path / "calibration.csv")
    rows = pd.DataFrame({"decision": ["A6", "A7"], "n": 9, "positives": 0, "size": 0.0, "low": 0.0, "high": 0.3})
    sizes.keep("song-ecog", rows)
    sizes.keep("pocket-eeg", rows.assign(n=99))
    more = pd.concat([rows, rows.iloc[:1].assign(decision="A1")]).assign(n=2)
    sizes.keep("song-ecog", more, over=False)
    table = pd.read_csv(sizes.SIZES).set_index(["recording", "decision"])["n"]
    assert table.to_dict() == {
        ("pocket-eeg", "A6"): 99, ("pocket-eeg", "A7"): 99,
        ("song-ecog", "A1"): 2, ("song-ecog", "A6"): 9, ("song-ecog", "A7"): 9,
    }  # fmt: skip
    sizes.keep("song-ecog", rows.assign(n=50))
    assert pd.read_csv(sizes.SIZES).set_index(["recording", "decision"]).loc[("song-ecog", "A6"), "n"] == 50
    sizes.keep("song-ecog", more.assign(n=20), over=False)
    table = pd.read_csv(sizes.SIZES).set_index(["recording", "decision"])["n"]
    assert (table["song-ecog", "A1"], table["song-ecog", "A6"]) == (20, 50)


def test_all_runs_are_counted_before_the_table_that_they_depend_on_changes(monkeypatch):
    done = []
    monkeypatch.setattr(calibration, "from_runs", lambda name: done.append(name) or pd.DataFrame())
    monkeypatch.setattr(sizes, "keep", lambda name, table, over: done.append(f"kept {name}"))
    calibration.main(["--runs", "a", "b"])
    assert done == ["a", "b", "kept a", "kept b"]
