"""What the measures chapter says of its numbers and figures: in whom, how many, and what is worst."""

import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lib.chapters.measures import calibration, figures, headline, parity, stored, tables
from lib.compare import MEASURES, VARIANTS, permutation_null
from lib.report import check, style


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    shared = calibration.ar1_noise(rng, (20, 2), phi=0.7)
    return calibration.mixture(rng, shared, 5), calibration.mixture(rng, shared, 8)


@pytest.fixture(scope="module")
def nulls(pair):
    layer, response = pair
    return [permutation_null([layer], response, n_permutations=19, scheme=scheme) for scheme in ("shuffle", "shift")]


@pytest.fixture(scope="module")
def rates():
    p = calibration.null_p_values(n_repetitions=7, n_times=20, n_permutations=19, noises=("white", "ar1_slow"))
    return calibration.false_positive_rates(p)


def made_up(**shares):
    """Rates of two measures under both schemes: highest where `shares` says."""
    rows = [
        {"scheme": scheme, "noise": "ar1", "measure": measure, "rate": share, "low": 0.1, "high": 0.6, "n": 40}
        for scheme, share in shares.items()
        for measure, share in (("rsa_spearman", share / 2), ("mi", share))
    ]
    return pd.DataFrame(rows)


def test_headline_has_the_worst_of_the_page_and_what_is_stored():
    short, same = stored.read(), pd.DataFrame({"difference": [1e-14]})
    text = headline.headline(made_up(shuffle=0.52, shift=0.9), short, same)
    assert "simulated noise" in text.split(". ")[0]
    assert "52 % (95 % interval 10 to 60 %, n = 40 pairs" in text
    assert "100 % (95 % interval 96 to 100 %, n = 100 simulated recordings)" in text
    assert text.count("stored counts") == 2
    assert "are computed as other" in text
    assert "NOT as" in headline.headline(made_up(shuffle=0.5, shift=0.5), short, same + 0.01)
    assert check.first_screen(text) == []


def test_numbers_are_those_of_their_noise_scheme_and_measure():
    numbers = calibration.rate_numbers(made_up(shuffle=0.5, shift=0.2))
    assert {name: one.value for name, one in numbers.items()} == {
        "fp_ar1_shift": 0.1, "fp_ar1_shift_worst": 0.2, "fp_ar1_shuffle": 0.25, "fp_ar1_shuffle_worst": 0.5,
    }  # fmt: skip
    assert numbers["fp_ar1_shift"].n == 40


def test_what_chance_gives_is_told_of_shuffles(nulls):
    told = calibration.chance_numbers(*nulls)
    draws = nulls[0].draws.sel(measure="dcor")
    assert told["chance_dcor"].value == pytest.approx(float(draws.mean()))
    assert told["chance_dcor"].low < told["chance_dcor"].value < told["chance_dcor"].high
    assert told["chance_dcor"].n == 19


def test_floor_is_told_of_the_shortest_and_the_longest():
    floor = calibration.bias_floor(n_times=(8, 16, 32), n_repetitions=5)
    told = calibration.floor_numbers(floor)
    assert (told["floor_t"], told["floor_t_longest"]) == (8, 32)
    assert told["floor_cka_linear"].value > told["floor_cka_linear_longest"].value > 0
    assert told["floor_cka_linear"].n == 5
    figure = figures.bias_floor(floor)
    assert "over 5 pairs" in figure.caption
    assert f"{told['floor_cka_linear'].value:.2f} and" in figure.alt


@pytest.mark.parametrize(
    ("difference", "text"), [(0.0, "10⁻¹⁵"), (2e-16, "10⁻¹⁵"), (1e-14, "10⁻¹³"), (0.5, "10⁰"), (20, "10²")]
)
def test_power_of_ten_lies_above_a_difference(difference, text):
    assert parity.power_above(difference) == text


def test_figures_say_what_they_drew(pair, nulls, rates):
    short = stored.read()
    drawn = [
        figures.prepared_matrices(*pair),
        figures.observed_and_null(*nulls),
        figures.false_positives(rates, n_times=20),
        figures.nulls_of_short_pieces(short),
    ]
    told = {figure.name: figure for figure in drawn}
    assert "of 20 time points" in told["matrices"].caption
    assert "19 free shuffles" in told["nulls"].caption
    assert "7 pairs of independent simulated series of 20 time" in told["calibration"].caption
    assert "50 to 100 simulated recordings" in told["averaged"].caption
    assert "Stored counts" in told["averaged"].caption
    assert "pieces turned in a circle, 8 % to 100 % in noise" in told["averaged"].alt
    for figure in drawn:
        assert figure.drawn.get_figwidth() <= style.WIDTH
        assert style.smallest_text(figure.drawn) >= check.SMALLEST_TEXT
        assert len(figure.drawn.legends) <= 1
        plt.close(figure.drawn)


def test_text_of_the_matrices_says_how_alike_they_are(pair):
    layer, _ = pair
    same, other = figures.prepared_matrices(layer, layer), figures.prepared_matrices(*pair)
    assert "1.00 (Correlation distance)" in same.alt
    assert "1.00 (Correlation distance)" not in other.alt


def test_text_of_the_nulls_counts_measures_above_every_draw(nulls):
    alike = figures.observed_and_null(*nulls)
    none = figures.observed_and_null(*(SimpleNamespace(**vars(null)) for null in map(lowered, nulls)))
    above = int((nulls[0].observed > nulls[0].draws.max("draw")).sum())
    assert (
        f"Where the layer is shuffled, chance gives on average from {'−' * (float(nulls[0].null_mean.min()) < -0.005)}"
        in alike.alt
    )
    assert f"every draw for {above} of 8 measures" in alike.alt
    assert none.alt.count("every draw for 0 of 8") == 2


def lowered(null):
    """A null whose observed values lie below every draw."""
    known = {name: getattr(null, name) for name in ("draws", "null_mean", "scheme", "n_permutations")}
    return SimpleNamespace(observed=null.draws.min("draw") - 1, **known)


def test_tables_are_in_words(pair, nulls, rates):
    cells = [[cell.strip() for cell in line.split("|")] for line in tables.observed(nulls[0]).data.splitlines()]
    assert [line[1] for line in cells[2:]] == [style.MEASURE_TITLES[name] for name in MEASURES]
    assert {line[1]: line[2] for line in cells}["Mutual information"] == "0 to 8.1 nats"
    assert {line[1]: line[2] for line in cells}["RV"] == "0 to 1"
    beside = tables.beside(parity.parity_table(*pair)).data
    assert len(beside.splitlines()) == 2 + 13
    wrong = BeautifulSoup(tables.wrong(rates).data, "html.parser")
    assert [cell.text for cell in wrong.select('td[data-label="series"]')] == ["White noise", "Slow noise (.95)"]
    worst = calibration.worst(rates, "shuffle", "ar1_slow")
    told = wrong.select('td[data-label="shuffle, worst measure"]')[1].text
    assert told.startswith(f"{worst.value:.2f} ({worst.low:.2f} to")
    decisions = BeautifulSoup(tables.sizes().data, "html.parser").select('td[data-label="decision"]')
    assert len(decisions) > 10
    assert not any(re.fullmatch(r"[A-Z]\d", cell.text) for cell in decisions)


def test_formulas_are_set_as_such():
    text = tables.formulas(MEASURES | VARIANTS).data
    assert len(text.splitlines()) == 2 + len(MEASURES) + len(VARIANTS)
    assert all(line.count("$") % 2 == 0 and line.replace("\\|", "").count("|") == 4 for line in text.splitlines())
    assert r"$\operatorname{corr}(a, b)$" in text


def test_results_hold_every_number_behind_the_figures(nulls, rates):
    floor, short = calibration.bias_floor(n_times=(8, 16), n_repetitions=3), stored.read()
    table = tables.tidy(short, nulls, floor, rates, n_times=20)
    assert len(table) == len(stored.quiet(short)) + 16 + len(floor) + len(rates)
    example = table[table["window"] == "example, shift"].set_index("measure")
    assert example.loc["rv", "value"] == pytest.approx(float(nulls[1].observed.sel(measure="rv").squeeze()))
    assert set(example["n"]) == {20}
    assert table["value"].notna().all()
