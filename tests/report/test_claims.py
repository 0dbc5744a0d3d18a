"""The ledger: verdicts by rule, correction within a paper, and entries that numbers.json and the book can hold."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from scipy import stats
from scipy.stats import norm

from lib.ground import DamagedData, WrongUse
from lib.report import claims, records
from lib.report.claims import (
    LEDGER,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    Measured,
    Part,
    changed_rules,
    decide,
    deciding,
)
from lib.report.claims import table as verdict_table
from lib.report.claims.power import PLANTED, Power
from lib.report.claims.sizes import Size, counted


@pytest.fixture(autouse=True)
def uncollected(monkeypatch):
    """Spare the collection of garbage that statsmodels asks for at every correction: .3 s each in a long test run."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


def measured(value, half=0.1, p=np.nan, n=12):
    return Measured(value=value, low=value - half, high=value + half, n=n, p=p)


def one(value, **options):
    return decide("here", {"A6": {"best_layer": measured(value, **options)}})["A6"]


def test_the_ledger_is_complete():
    ledger = claims.ledger()
    assert {f"A{k}" for k in range(1, 8)} <= set(ledger)
    about = ledger["E1"].parts[0].about
    assert ledger["E1"].parts[0] == Part("late", "greater", 0, about, margin=0.1, planted="late window")
    for claim in ledger.values():
        assert all(len(text.split()) > 3 for text in (claim.claim, claim.quantity, claim.rule))
        assert all(part.about and part.margin > 0 for part in claim.parts)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.2, SUPPORTED), (0.05, UNDECIDED), (-0.05, UNDECIDED), (-0.2, NOT_SUPPORTED), (-0.1, NOT_SUPPORTED)],
)
def test_the_interval_decides(value, verdict):
    found = one(value)
    assert found.verdict == verdict
    assert found.measured["best_layer"]["value"] == value
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


def test_a_late_response_has_to_be_negative_itself():
    """A positive response before or after leaves the late one less positive than the rest, but not negative."""
    late = measured(0.5)
    assert decide("x", {"E1": {"late": late, "mean": measured(-0.3)}})["E1"].verdict == SUPPORTED
    assert decide("x", {"E1": {"late": late, "mean": measured(0.0)}})["E1"].verdict == UNDECIDED
    assert decide("x", {"E1": {"late": late, "mean": measured(0.3)}})["E1"].verdict == NOT_SUPPORTED


def test_changed_rules_say_when_what_and_why(tmp_path):
    told = changed_rules()
    assert [line[4:6] for line in told.splitlines()] == [
        "A1",
        "A2",
        "A5",
        "A6",
        "A7",
        "E1",
        "E2",
        "E3",
        "E4",
        "B4",
        "B5",
    ]
    assert changed_rules(["E1", "A3"]).startswith("* **E1**, 2026-11-26: ")
    entry = {"claim": "c", "quantity": "q", "rule": "r", "changed": "lately, and for good reasons indeed"}
    entry["parts"] = {"gap": {"alternative": "greater", "threshold": 0, "about": "x"}}
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"papers": {"B": {}}, "claims": {"B7": entry}}))
    with pytest.raises(DamagedData, match="says when"):
        claims.ledger(path)
    assert "before anything was run" not in LEDGER.read_text() + claims.__doc__ + deciding.__doc__


def test_undecided_is_absent_or_could_not_be_told():
    """The margin of A6 is .01."""
    small, wide = one(0.002, half=0.005), one(0.002, half=0.05)
    assert (small.verdict, small.reading) == (UNDECIDED, claims.ABSENT)
    assert "less than the margin of 0.01" in small.why
    assert (wide.verdict, wide.reading) == (UNDECIDED, claims.UNKNOWN)
    assert "0.052 is possible, the margin is 0.01" in wide.why
    assert one(0.2).reading == one(-0.2).reading == ""


def test_of_several_parts_one_that_is_absent_decides():
    parts = {"untrained": measured(0.5), "envelope": measured(0.001, half=0.004)}
    found = decide("x", {"A7": parts})["A7"]
    assert (found.verdict, found.reading) == (UNDECIDED, claims.ABSENT)
    assert "envelope" in found.why.split("absent")[1]


def test_a_rule_that_noise_passes_cannot_be_tested():
    sizes = {"A6": Size(0.26, 0.18, 0.35, 100)}
    found = decide("x", {"A6": {"best_layer": measured(0.3)}}, sizes=sizes)["A6"]
    assert found.verdict == NOT_TESTABLE
    assert "supported in 0.26 of 100 runs (0.18 to 0.35)" in found.why
    assert found.size == sizes["A6"]
    rare = {"A6": Size(0.06, 0.02, 0.13, 100)}
    assert decide("x", {"A6": {"best_layer": measured(0.3)}}, sizes=rare)["A6"].verdict == SUPPORTED


def test_sizes_come_from_a_table_that_may_be_missing(tmp_path):
    path = tmp_path / "calibration.csv"
    assert counted("here", path) == {}
    head = "recording,decision,n,false_positives,size,low,high\n"
    path.write_text(head + "here,A6,100,26,.26,.18,.35\nthere,A6,10,0,0,0,.3\nhere,figure 2,10,0,0,0,.3\n")
    assert counted("here", path) == {"A6": Size(0.26, 0.18, 0.35, 100)}
    path.write_text("recording,decision\n")
    with pytest.raises(DamagedData, match="no column high, low, n, size"):
        counted("here", path)


def test_too_few_draws_are_refused_with_the_number_that_is_needed():
    """Three claims whose p is counted over 50 draws: none can survive, however strong."""
    strong = [Measured(value=1, low=0.9, high=1.1, n=12, p=1 / (draws + 1), draws=draws) for draws in (50, 60)]
    few, enough = (
        decide("x", {"A6": {"best_layer": one}, "A7": {"untrained": one, "envelope": measured(1)},
                     "A3": {"contrast": one, "shift": one}})
        for one in strong
    )  # fmt: skip
    assert {found.verdict for found in few.values()} == {NOT_TESTABLE}
    assert "50 draws of its null p is at least 0.02, corrected for 3 claims 0.059: take at least 60" in few["A6"].why
    assert {found.verdict for found in enough.values()} == {SUPPORTED}
    against = Measured(value=-1, low=-1.1, high=-0.9, n=12, p=1.0, draws=5)
    assert decide("x", {"A6": {"best_layer": against}})["A6"].verdict == NOT_SUPPORTED


def listeners(values):
    """Mean with its Student's t interval, as chapters measure parts over listeners."""
    mean, half = values.mean(), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return Measured(value=mean, low=mean - half, high=mean + half, n=len(values))


def simulated(claims_of, sizes, n=400, seed=0):
    """Share of studies of 12 listeners in which A7 or A6 is supported, and the power told, on average."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(n):
        verdicts = decide("x", claims_of(rng, sizes))
        found.append([(v.verdict == SUPPORTED, v.power.share, v.power.most) for v in verdicts.values()])
    return np.mean(found, axis=0)


@pytest.mark.parametrize("standard_errors", [2.0, 2.8, 3.5])
def test_power_is_how_often_a_rule_finds_an_effect_of_its_margin(standard_errors):
    """The margin of A6, .01, is so many standard errors; t tests of 12 listeners find it in .45, .72, .89."""
    spread = 0.01 * np.sqrt(12) / standard_errors

    def study(rng, effect):
        return {"A6": {"best_layer": listeners(effect + spread * rng.standard_normal(12))}}

    ((found, share, most),) = simulated(study, 0.01)
    exact = stats.nct.sf(stats.t.ppf(0.975, 11), 11, standard_errors)
    assert found == pytest.approx(exact, abs=3 * np.sqrt(0.25 / 400))
    assert share == most == pytest.approx(found, abs=0.06)
    assert share == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize("shared", [0.0, 0.7, 1.0])
def test_power_of_several_parts_and_claims_lies_between_what_is_told(shared):
    """Parts that share none or all of their noise, beside a claim without and with an effect of its own."""

    def study(rng, other):
        common, own = rng.standard_normal(12), rng.standard_normal((2, 12))
        noise = 0.0115 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        parts = dict(zip(("untrained", "envelope"), map(listeners, 0.01 + noise), strict=True))
        return {"A7": parts, "A6": {"best_layer": listeners(other + 0.01 * rng.standard_normal(12))}}

    for other in (0.0, 0.05):
        found, share, most = simulated(study, other, n=300)[0]
        assert share - 0.06 < found < most + 0.06
        assert share < most - 0.05


def test_least_effect_told_is_found_in_four_of_five():
    half = 0.02
    power = one(0.0, half=half).power
    assert str(power) == "0.16 for an effect of the margin, 0.01; 4 in 5 studies find 0.029 or more"
    least = power.times * power.margin
    assert least == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * half / norm.ppf(0.975))
    draws = least + half / norm.ppf(0.975) * norm.ppf(np.linspace(0.0005, 0.9995, 1000))
    assert np.mean([one(value, half=half).verdict == SUPPORTED for value in draws]) == pytest.approx(0.8, abs=0.002)


def test_power_asks_for_the_p_that_is_asked_for():
    """Among more claims more is asked; a p counted over draws is one-sided, and here no harder to reach than 0."""
    counted = Measured(value=0.0, low=-0.01, high=0.01, n=12, p=0.5, draws=200)
    others = {"A7": {"untrained": measured(1), "envelope": measured(1)}, "A3": {"contrast": counted, "shift": counted}}
    alone, among = (decide("x", {"A6": {"best_layer": counted}} | more)["A6"].power for more in ({}, others))
    se = 0.01 / norm.ppf(0.975)
    assert alone.share == alone.most == among.most == pytest.approx(0.5)
    assert among.share == pytest.approx(norm.cdf(0.01 / se - norm.ppf(1 - 0.05 / 3)))
    two_sided = decide("x", {"A6": {"best_layer": measured(0.0, half=0.01)}} | others)["A6"].power
    assert two_sided.share == pytest.approx(norm.cdf(0.01 / se - norm.ppf(1 - 0.025 / 3)))
    assert str(two_sided).startswith("0.33 to 0.50 for an effect of the margin, 0.01; 4 in 5 studies find ")


def test_power_says_of_what():
    """Counted power goes first; margins of several kinds are told in multiples; what is not tested has none."""
    parts = {"E1": {"late": measured(0.3), "mean": measured(-0.3)}, "E3": "no", "E2": {"change": measured(0.0)}}
    found = decide("x", parts, power={"E1": 0.83})
    assert str(found["E1"].power).startswith("0.83 for the planted effect; 4 in 5 studies find 0.18")
    assert found["E2"].beside[1].startswith("0.39 to 0.50 for an effect of the margin, 0.1; 4 in 5 studies find ")
    assert found["E3"].power is None
    assert found["E3"].beside == ("not counted", "not known")
    gains = {"gain_rank": measured(0.3), "gain_dependence": measured(0.3)}
    mixed = decide("x", {"A2": {"depth": measured(0.3)} | gains})["A2"].power
    assert str(mixed) == "0.00 to 0.04 for effects of the margins; 4 in 5 studies find 18 times the margins or more"
    often = {"A6": Size(0.26, 0.18, 0.35, 100)}
    assert decide("x", {"A6": {"best_layer": measured(0.3)}}, sizes=often)["A6"].power is None


def test_correction_is_holm_over_the_claims_tested():
    parts = {
        "A3": {"contrast": measured(0.3, p=0.02), "shift": measured(0.3, p=0.001)},
        "A5": {"product": measured(0.3, p=0.03), "given_sound": measured(0.3, p=0.001)},
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


def test_no_effect_is_rarely_supported():
    """Noise around 0: the share of false verdicts over all claims stays below alpha."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        a, b, c = (measured(value) for value in 0.051 * rng.standard_normal(3))
        decided = decide("x", {"A5": {"product": a, "given_sound": b}, "A6": {"best_layer": c}})
        found.append(any(verdict.verdict == SUPPORTED for verdict in decided.values()))
    assert np.mean(found) < 0.06


def test_equivalence(tmp_path, monkeypatch):
    entry = {"claim": "x is y", "quantity": "x - y", "rule": "within", "parts": {}}
    entry["parts"]["gap"] = {"alternative": "equivalent", "threshold": 0, "margin": 0.2, "about": "x minus y"}
    (tmp_path / "claims.yml").write_text(yaml.safe_dump({"papers": {"B": {}}, "claims": {"B7": entry}}))
    ledger = claims.ledger(tmp_path / "claims.yml")
    monkeypatch.setattr(deciding, "ledger", lambda: ledger)
    verdicts = {v: decide("x", {"B7": {"gap": measured(v)}})["B7"].verdict for v in (0.0, 0.15, 0.5)}
    assert verdicts == {0.0: SUPPORTED, 0.15: UNDECIDED, 0.5: NOT_SUPPORTED}
    draws = 0.12 / norm.ppf(0.975) * norm.ppf(np.linspace(0.0005, 0.9995, 1000))  # of estimates, the difference being 0
    found = [decide("x", {"B7": {"gap": measured(value, half=0.12)}})["B7"] for value in draws]
    assert found[0].power.share == pytest.approx(np.mean([v.verdict == SUPPORTED for v in found]), abs=0.002)
    assert str(found[0].power) == "0.81 for no difference"


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


def test_what_could_not_be_told_is_the_part_that_is_open():
    parts = {"untrained": measured(0.3), "envelope": measured(0.02)}
    found = decide("x", {"A7": parts})["A7"]
    assert found.verdict == UNDECIDED
    assert "could not tell: 0.12 is possible" in found.why


def test_verdicts_are_kept_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_RUN", str(tmp_path))
    for recording in ("b", "a"):
        decided = decide(recording, {"A7": "no twin | <here>", "A6": {"best_layer": measured(0.3)}})
        records.verdicts(decided, simulated=recording == "a", planted={"A6": True})
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    entry = numbers["verdict_A6_a"]
    assert (entry["verdict"], entry["claim"], entry["recording"], entry["simulated"]) == (SUPPORTED, "A6", "a", True)
    assert entry["measured"]["best_layer"]["n"] == 12
    assert entry["measured"]["best_layer"]["p"] is None
    assert (entry["reading"], entry["size"]) == ("", None)
    told = decide("a", {"A6": {"best_layer": measured(0.3)}})["A6"].power
    assert Power(**entry["power"]) == told
    assert numbers["verdict_A7_b"]["power"] is None
    assert numbers["verdict_A7_b"]["p_holm"] is None
    rows = cells(verdict_table.table(numbers.values()))
    assert [row["claim"][-2:] for row in rows] == ["A6", "A6", "A7", "A7"]
    assert [row["planted?"] for row in rows] == ["yes: found", "people", "neither way", "people"]
    assert (rows[0]["noise passes"], rows[0]["power"]) == ("not counted", str(told))
    assert rows[2]["power"] == "not known"
    assert rows[2]["why"] == "no twin | <here>"
    size = {"share": 0.04, "low": 0.01, "high": 0.09, "n": 99}
    power = {"share": 0.832, "most": 0.832, "effect": PLANTED, "margin": None, "times": None}
    (one_row,) = cells(verdict_table.table([entry | {"reading": "could not tell", "power": power, "size": size}]))
    assert one_row["verdict"] == "supported (could not tell)"
    assert (one_row["noise passes"], one_row["power"]) == (
        "0.04 (0.01 to 0.09, n = 99)",
        "0.83 for the planted effect",
    )
    (linked,) = cells(verdict_table.table([entry | {"page": "chapters/eeg"}]))
    assert linked["recording"] == "a (simulated)"
    assert 'href="chapters/eeg.html"' in verdict_table.table([entry | {"page": "chapters/eeg"}])


def cells(html):
    """Rows of a table of verdicts, each by what its cells say they are."""
    rows = BeautifulSoup(html, "html.parser").select("tbody tr")
    return [{cell["data-label"]: cell.get_text() for cell in row.find_all("td")} for row in rows]


def test_what_the_papers_numbers_say_has_a_column_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_RUN", str(tmp_path))
    of_paper = decide("published", {"A6": {"best_layer": measured(0.3)}})
    found = decide("a", {"A6": {"best_layer": measured(0.3)}, "A7": "no twin"})
    shown = cells(records.verdicts(found, published=of_paper).data)
    assert shown[0]["the paper's numbers"] == f"{SUPPORTED}: {of_paper['A6'].why}"
    assert shown[1]["the paper's numbers"] == "not asked"
    entry = json.loads((tmp_path / "numbers.json").read_text())["verdict_A6_a"]
    assert entry["published"] == {"verdict": SUPPORTED, "why": of_paper["A6"].why}
    assert "the paper's numbers" not in cells(verdict_table.table([{**entry, "published": None}]))[0]


def test_effects_that_a_claim_is_planted_by_are_a_list(tmp_path):
    entry = {"claim": "x", "quantity": "x", "rule": "x", "planted_by": "late"}
    entry["parts"] = {"gap": {"alternative": "greater", "threshold": 0, "about": "x"}}
    (tmp_path / "claims.yml").write_text(yaml.safe_dump({"papers": {"B": {}}, "claims": {"B7": entry}}))
    with pytest.raises(DamagedData, match=r"claim B7 .* list of effects, not 'late'"):
        claims.ledger(tmp_path / "claims.yml")


@pytest.mark.parametrize(
    ("verdict", "planted", "told"),
    [
        (SUPPORTED, True, "yes: found"),
        (claims.UNDECIDED, True, "yes: missed"),
        (claims.NOT_SUPPORTED, True, "yes: wrong"),
        (SUPPORTED, False, "no: wrong"),
        (claims.UNDECIDED, False, "no: right, nothing to find"),
        (claims.NOT_TESTABLE, True, "yes"),
        (SUPPORTED, None, "neither way"),
    ],
)
def test_a_verdict_stands_beside_its_truth(verdict, planted, told):
    row = {"claim": "A6", "recording": "a", "simulated": True, "verdict": verdict, "why": "x", "planted": planted}
    (shown,) = cells(verdict_table.table([row]))
    assert shown["planted?"] == told


def test_truth_follows_from_what_was_planted(monkeypatch):
    by = {"A1": None, "A2": (), "A3": ("late",), "A4": ("late", "affect")}
    ledger = {name: dataclasses.replace(claims.ledger()["A6"], planted_by=planted) for name, planted in by.items()}
    monkeypatch.setattr(verdict_table, "ledger", lambda: ledger)
    assert verdict_table.truths(by, {"late"}) == {"A1": None, "A2": False, "A3": True, "A4": False}
