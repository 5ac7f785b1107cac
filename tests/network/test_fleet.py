"""Returns from registrations: the survival model against arithmetic by hand, laws of balance, and drawn lives."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.fleet.fleet_returns import Fleet, returned_t, returns_csv
from batteryopt.network.fleet.registrations import read_registrations
from batteryopt.network.fleet.survival import Life, Sales, returned, returned_shares, spares_fitted

LIVES = st.builds(Life, scale_years=st.floats(2.0, 20.0), shape=st.floats(0.8, 8.0))


def test_the_mean_is_that_of_weibull():
    # Gamma(1.5) = sqrt(pi) / 2, Gamma(2) = 1: mean and spread of shape 2 in closed form
    life = Life(scale_years=10.0, shape=2.0)
    assert life.mean_years == pytest.approx(10 * math.sqrt(math.pi) / 2, rel=1e-14)
    assert life.spread_years == pytest.approx(10 * math.sqrt(1 - math.pi / 4), rel=1e-12)
    # shape 1 is the exponential law: mean and spread are both the scale
    exponential = Life(scale_years=7.0, shape=1.0)
    assert (exponential.mean_years, exponential.spread_years) == pytest.approx((7.0, 7.0), rel=1e-12)


@given(st.floats(1.0, 40.0), st.floats(0.02, 3.0))
def test_a_life_has_the_mean_and_the_spread_that_were_asked_for(mean, variation):
    """Both by quadrature of the survival, which knows no gamma function: E = int S, E of the square = int 2 a S."""
    life = Life.of_mean(mean, variation * mean)
    x = np.linspace(-60.0, 30.0, 60_001)  # a = mean exp(x): long tails and early ends alike
    ages = mean * np.exp(np.minimum(x, 30.0))
    survival = life.survival(ages)
    first = np.trapezoid(survival * ages, x)
    second = np.trapezoid(2 * ages * survival * ages, x)
    assert first == pytest.approx(mean, rel=1e-5)
    assert math.sqrt(second - first**2) == pytest.approx(variation * mean, rel=1e-3)


def test_a_life_of_fifteen_years_with_a_spread_of_four():
    life = Life.of_mean(15.0, 4.0)
    assert life.shape == pytest.approx(4.2, abs=0.1)  # the value that is quoted for batteries
    assert life.scale_years == pytest.approx(16.5, abs=0.1)


def test_shares_by_hand():
    """Exponential lives: S(a) = q^a."""
    q = math.exp(-1 / 10)
    life = Life(scale_years=10.0, shape=1.0)
    assert returned_shares(life, 4) == pytest.approx([0, 1 - q, q - q**2, q**2 - q**3], abs=1e-15)


def test_registration_in_the_middle_of_the_year_shifts_ages_by_half_a_year():
    life = Life(scale_years=2.0, shape=2.0)
    s = {age: math.exp(-((age / 2) ** 2)) for age in (0.5, 1.5, 2.5)}
    by_hand = [1 - s[0.5], s[0.5] - s[1.5], s[1.5] - s[2.5]]
    assert returned_shares(life, 3, sales=Sales.MID_YEAR) == pytest.approx(by_hand, abs=1e-15)


def test_the_first_of_battery_and_car():
    """Of two exponential lives the first to end is exponential, with the sum of the rates."""
    both = returned_shares(Life(scale_years=10.0, shape=1.0), 20, car=Life(scale_years=15.0, shape=1.0))
    assert both == pytest.approx(returned_shares(Life(scale_years=6.0, shape=1.0), 20), abs=1e-14)


def test_one_spare_by_hand():
    """Two years, exponential lives, q of a battery and p of a car a year, half of the failed are replaced.

    Year 1: 1 - p q end. Of the cars left, p, a share (1 - q) had a failed battery: half of it gets a spare. Year 2: of
    the first packs p q (1 - p q) end, of the spares p (1 - q) / 2 times (1 - p q).
    """
    q, p = math.exp(-1 / 10), math.exp(-1 / 20)
    battery, car = Life(scale_years=10.0, shape=1.0), Life(scale_years=20.0, shape=1.0)
    by_hand = [0, 1 - p * q, (p * q + p * (1 - q) / 2) * (1 - p * q)]
    assert returned_shares(battery, 3, car=car, spares=0.5) == pytest.approx(by_hand, abs=1e-15)
    assert spares_fitted(battery, 2, car=car, spares=0.5)[1] == pytest.approx(p * (1 - q) / 2, abs=1e-15)


@given(LIVES, LIVES, st.floats(0.0, 1.0), st.sampled_from(Sales))
@settings(max_examples=20)
def test_every_pack_that_was_fitted_returns_once(battery, car, spares, sales):
    """A horizon at whose end no car is left, whatever is drawn: 20 years and shape 0.8 leave 1e-8 after 800."""
    shares = returned_shares(battery, 800, car=car, spares=spares, sales=sales)
    fitted = spares_fitted(battery, 800, car=car, spares=spares, sales=sales)
    assert shares.sum() == pytest.approx(1.0 + fitted.sum(), rel=1e-7)
    assert (shares >= -1e-15).all()


@given(LIVES, st.sampled_from(Sales))
@settings(max_examples=30)
def test_constant_registrations_give_constant_returns(battery, sales):
    found = returned(np.full(600, 1_000.0), returned_shares(battery, 600, sales=sales))
    assert found[-1] == pytest.approx(1_000.0, rel=1e-6)
    assert (np.diff(found) >= -1e-9).all()


def test_drawn_lives_return_as_the_formula_says():
    """100,000 packs by lot, each with its own two ends: the second route."""
    draw, count = np.random.default_rng(7), 100_000
    battery, car = Life.of_mean(12.0, 4.0), Life.of_mean(15.0, 4.0)
    ends = np.minimum(*(life.scale_years * draw.weibull(life.shape, count) for life in (battery, car)))
    counted = np.bincount(np.floor(ends + 0.5).astype(int), minlength=40)[:40] / count
    formula = returned_shares(battery, 40, car=car, sales=Sales.MID_YEAR)
    # five standard errors of a share, each at most sqrt(0.25 / count)
    assert np.abs(counted - formula).max() < 5 * math.sqrt(0.25 / count)


LONG = "site,year,vehicles\nAda,2020,1000\nAda,2021,2000\nBel,2021,500\n"
WIDE = "site,2020,registrations_2021\nAda,1000,2000\nBel,,500\n"


@pytest.mark.parametrize("text", [LONG, WIDE])
def test_a_table_becomes_returns(tmp_path, text):
    file = tmp_path / "registrations.csv"
    file.write_text(text, encoding="utf-8")
    fleet = Fleet(battery=Life(scale_years=10.0, shape=1.0), kg_per_pack=300.0, shares={"lfp": 0.25, "ncm": 0.75})
    found = returned_t(read_registrations(file), fleet, first_year=2022, last_year=2022)
    q = math.exp(-1 / 10)
    ada = 0.3 * (1000 * (q - q**2) + 2000 * (1 - q))
    assert found["Ada", "lfp"] == pytest.approx([0.25 * ada])
    assert found["Ada", "ncm"] == pytest.approx([0.75 * ada])
    assert found["Bel", "ncm"] == pytest.approx([0.75 * 0.3 * 500 * (1 - q)])
    assert returns_csv(found, 2022).splitlines()[:2] == ["site,product,tonnes:2022", f"Ada,lfp,{0.25 * ada:.4f}"]


def test_growth_after_the_last_year(tmp_path):
    file = tmp_path / "registrations.csv"
    file.write_text("site,year,vehicles\nAda,2020,1000\n", encoding="utf-8")
    life, q = Life(scale_years=10.0, shape=1.0), math.exp(-1 / 10)
    fleet = Fleet(battery=life, kg_per_pack=1000.0, growth=0.1)
    found = returned_t(read_registrations(file), fleet, first_year=2022, last_year=2022)
    assert found["Ada", "pack"] == pytest.approx([1000 * (q - q**2) + 1100 * (1 - q)])


def test_everything_wrong_in_a_table_is_told(tmp_path):
    file = tmp_path / "registrations.csv"
    file.write_text("site,year,vehicles\nAda,20,1\nBel,2021,many\n,2021,-3\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_registrations(file)
    problems = [fault.problem for fault in caught.value.faults]
    assert problems == ["is 20", "is 'many'", "is empty", "is '-3'"]


def test_lives_that_cannot_be_are_refused():
    for build in (lambda: Life.of_mean(15.0, 0.0), lambda: Life.of_mean(15.0, 1e4), lambda: Life.of_mean(-1, 4)):
        with pytest.raises(InvalidInput):
            build()
    with pytest.raises(InvalidInput, match="sum to"):
        Fleet(battery=Life(scale_years=10, shape=2), shares={"lfp": 0.5})
