"""The ledger: verdicts by rule, correction within a paper, and entries that numbers.json and the book can hold."""

import json

import numpy as np
import pytest
import yaml
from scipy.stats import norm

from lib.ground import DamagedData, WrongUse
from lib.report import claims, records
from lib.report.claims import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, UNDECIDED, Measured, decide


def measured(value, half=0.1, p=np.nan, n=12):
    return Measured(value=value, low=value - half, high=value + half, n=n, p=p)


def one(value, **options):
    return decide("here", {"A5": {"product": measured(value, **options)}})["A5"]


def test_the_ledger_is_complete():
    ledger = claims.ledger()
    assert {f"A{k}" for k in range(1, 8)} <= set(ledger)
    assert ledger["A1"].parts[1] == claims.Part("concordance", "less", 1, ledger["A1"].parts[1].about)
    for claim in ledger.values():
        assert all(len(text.split()) > 3 for text in (claim.claim, claim.quantity, claim.rule))
        assert all(part.about for part in claim.parts)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.2, SUPPORTED), (0.05, UNDECIDED), (-0.05, UNDECIDED), (-0.2, NOT_SUPPORTED), (-0.1, NOT_SUPPORTED)],
)
def test_the_interval_decides(value, verdict):
    found = one(value)
    assert found.verdict == verdict
    assert found.measured["product"]["value"] == value
    assert found.why
    assert "n = 12" in found.why


def test_a_p_value_of_the_null_counts_too():
    assert one(0.2, p=0.2).verdict == UNDECIDED
    assert "does not survive" in one(0.2, p=0.2).why
    assert one(0.2, p=0.01).verdict == SUPPORTED


def test_p_of_an_interval_is_normal():
    found = one(0.12)
    assert found.p == pytest.approx(2 * norm.sf(0.12 / (0.1 / norm.ppf(0.975))))


def test_less_is_the_mirror_of_greater():
    parts = {"rank": -0.3, "dependence": 0.3, "rank_ablated": -0.3, "dependence_ablated": 0.3}
    found = decide("here", {"A4": {key: measured(value) for key, value in parts.items()}})
    assert found["A4"].verdict == SUPPORTED
    flipped = decide("here", {"A4": {key: measured(-value) for key, value in parts.items()}})
    assert flipped["A4"].verdict == NOT_SUPPORTED


def test_every_part_has_to_hold():
    untrained, envelope = measured(0.5), measured(0.05)
    assert decide("x", {"A7": {"untrained": untrained, "envelope": envelope}})["A7"].verdict == UNDECIDED
    found = decide("x", {"A7": {"untrained": untrained, "envelope": measured(-0.5)}})["A7"]
    assert found.verdict == NOT_SUPPORTED
    assert "envelope" in found.why
    assert "untrained" not in found.why


def test_concordance_has_to_lie_below_one():
    split = measured(0.3)
    below = Measured(value=0.5, low=0.4, high=0.7, n=9)
    at = Measured(value=0.99, low=0.9, high=1.0, n=9)
    assert decide("x", {"A1": {"split": split, "concordance": below}})["A1"].verdict == SUPPORTED
    assert decide("x", {"A1": {"split": split, "concordance": at}})["A1"].verdict == UNDECIDED


def test_correction_is_holm_over_the_claims_tested():
    parts = {
        "A3": {"contrast": measured(0.3, p=0.02), "shift": measured(0.3, p=0.001)},
        "A5": {"product": measured(0.3, p=0.03)},
        "A6": {"best_layer": measured(0.3, p=0.001)},
        "A7": "no untrained twin of this model",
    }
    found = decide("here", parts)
    assert [found[name].p for name in ("A3", "A5", "A6")] == [0.02, 0.03, 0.001]
    np.testing.assert_allclose([found[name].p_holm for name in ("A3", "A5", "A6")], [0.04, 0.04, 0.003])
    assert {found[name].verdict for name in ("A3", "A5", "A6")} == {SUPPORTED}
    assert found["A7"].verdict == NOT_TESTABLE
    assert found["A7"].why == "no untrained twin of this model"
    assert found["A6"].n_tests == 3
    gains = {"gain_rank": measured(0.3), "gain_dependence": measured(0.3)}
    stricter = decide("here", parts | {"A2": {"depth": measured(0.3, p=0.03)} | gains})
    assert stricter["A3"].verdict == UNDECIDED
    assert list(stricter) == ["A3", "A5", "A6", "A7", "A2"]


def test_no_effect_is_rarely_supported(monkeypatch):
    """Noise around 0: the share of false verdicts over all claims stays below alpha."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)  # statsmodels collects at every correction, .3 s each
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        values = 0.051 * rng.standard_normal(3)
        names = (("A5", "product"), ("A6", "best_layer"))
        decided = decide("x", {name: {key: measured(v)} for (name, key), v in zip(names, values, strict=False)})
        found.append(any(verdict.verdict == SUPPORTED for verdict in decided.values()))
    assert np.mean(found) < 0.06


def test_equivalence(tmp_path, monkeypatch):
    entry = {"claim": "x is y", "quantity": "x - y", "rule": "within", "parts": {}}
    entry["parts"]["gap"] = {"alternative": "equivalent", "threshold": 0, "margin": 0.2, "about": "x minus y"}
    (tmp_path / "claims.yml").write_text(yaml.safe_dump({"papers": {"B": {}}, "claims": {"B7": entry}}))
    ledger = claims.ledger(tmp_path / "claims.yml")
    monkeypatch.setattr(claims, "ledger", lambda: ledger)
    verdicts = {v: decide("x", {"B7": {"gap": measured(v)}})["B7"].verdict for v in (0.0, 0.15, 0.5)}
    assert verdicts == {0.0: SUPPORTED, 0.15: UNDECIDED, 0.5: NOT_SUPPORTED}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"alternative": "more", "threshold": 0, "about": "x"}, "no usable alternative"),
        ({"alternative": "equivalent", "threshold": 0, "about": "x"}, "no usable alternative"),
        ({"alternative": "greater", "about": "x"}, "not complete"),
    ],
)
def test_a_damaged_ledger_is_named(tmp_path, part, message):
    entry = {"claim": "c", "quantity": "q", "rule": "r", "parts": {"gap": part}}
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"papers": {"B": {}}, "claims": {"B7": entry}}))
    with pytest.raises(DamagedData, match=message):
        claims.ledger(path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decide("x", {"A9": "none"}), "unknown claim 'A9'"),
        (lambda: decide("x", {"A7": " "}), "say why"),
        (lambda: decide("x", {"A7": {"untrained": measured(1)}}), "decided by envelope, untrained; got untrained"),
        (lambda: Measured(value=1, low=2, high=3, n=4), "must hold its value"),
        (lambda: measured(1, p=1.5), "between 0 and 1"),
    ],
)
def test_wrong_use_is_explained(call, message):
    with pytest.raises(WrongUse, match=message):
        call()


def test_verdicts_are_kept_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_RUN", str(tmp_path))
    for recording in ("b", "a"):
        decided = decide(recording, {"A7": "no twin | here", "A5": {"product": measured(0.3)}})
        for found in decided.values():
            records.verdict(found, simulated=recording == "a")
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    entry = numbers["verdict_A5_a"]
    assert (entry["verdict"], entry["claim"], entry["recording"], entry["simulated"]) == (SUPPORTED, "A5", "a", True)
    assert entry["measured"]["product"]["n"] == 12
    assert entry["measured"]["product"]["p"] is None
    assert numbers["verdict_A7_b"]["p_holm"] is None
    table = claims.verdict_table(numbers.values())
    rows = table.splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| A5", "| A5", "| A7", "| A7"]
    assert "a *(simulated)*" in rows[0]
    assert "no twin \\| here" in rows[2]
    linked = claims.verdict_table([entry | {"page": "chapters/eeg"}])
    assert "[a](chapters/eeg)" in linked
