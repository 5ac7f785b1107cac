"""Futures that are drawn: means against formulas, seeds, and forward selection by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import Period, Scenario
from batteryopt.network.draws.disruption_draws import disruption_draws
from batteryopt.network.draws.drawn import correlated, lognormal, quoted, spread_of_band
from batteryopt.network.draws.forward_selection import distances_between, forward_selection
from batteryopt.network.draws.made_futures import drawn_futures
from batteryopt.network.draws.price_draws import price_draws
from batteryopt.network.draws.returns_draws import FleetBands, lives_drawn, registered_draws, volume_draws
from batteryopt.network.fleet.fleet_returns import Fleet
from batteryopt.network.fleet.registrations import Registrations
from batteryopt.network.fleet.survival import Life, returned, returned_shares
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.solve_futures import solve_futures
from tests.network.line import line, periods, returns


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- forward selection ---------------------------------------------------------------------------------------------


def test_forward_selection_of_four_by_hand():
    """Futures at 0, 1, 3 and 7 on a line, with 0.4, 0.3, 0.2 and 0.1.

    One alone leaves: at 0: 0.3 + 0.6 + 0.7 = 1.6; at 1: 0.4 + 0.4 + 0.6 = 1.4; at 3: 1.2 + 0.6 + 0.4 = 2.2; at 7: 2.8 +
    1.8 + 0.8 = 5.4. So the second comes first. Beside it: 0 leaves 0.4 + 0.6 = 1.0; 3 leaves 0.4 + 0.4 = 0.8; 7 leaves
    0.4 + 0.4 = 0.8. Of equals the earlier is taken, 3: the first goes with the second, the last with the third.
    """
    between = distances_between(np.array([[0.0], [1.0], [3.0], [7.0]]))
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    one, two = (forward_selection(between, shares, count) for count in (1, 2))
    assert one.kept.tolist() == [1]
    assert (one.distance, one.distance_of_one) == pytest.approx((1.4, 1.4))
    assert one.probabilities == pytest.approx([1.0])
    assert two.kept.tolist() == [1, 2]
    assert two.distance == pytest.approx(0.8)
    assert two.probabilities == pytest.approx([0.7, 0.3])
    assert two.stands_for.tolist() == [1, 1, 2, 2]
    three = forward_selection(between, shares, 3)  # beside both: 0 leaves 0.4, and 7 leaves 0.4; the earlier is taken
    assert three.kept.tolist() == [0, 1, 2]
    assert three.distance == pytest.approx(0.4)


def test_to_keep_all_changes_nothing():
    points = rng(5).standard_normal((6, 3))
    shares = np.full(6, 1 / 6)
    found = forward_selection(distances_between(points), shares, 6)
    assert found.kept.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.probabilities == pytest.approx(shares)
    assert found.distance == pytest.approx(0.0, abs=1e-15)


def test_more_kept_leave_less():
    points = rng(6).standard_normal((40, 3))
    left = [forward_selection(distances_between(points), np.full(40, 1 / 40), k).distance for k in range(1, 41)]
    assert all(more <= less + 1e-15 for less, more in itertools.pairwise(left))


# ---- laws of the draws -----------------------------------------------------------------------------------------------


def test_nine_of_ten_factors_are_in_the_band():
    factors = lognormal(rng().standard_normal(40_000), spread_of_band(0.3), is_mean_one=False)
    inside = np.mean((factors < 1.3) & (factors > 1 / 1.3))
    assert inside == pytest.approx(0.9, abs=4 * math.sqrt(0.09 / 40_000))


def test_factors_of_mean_one_have_the_mean_and_the_variance_of_their_formula():
    """A lognormal factor of mean 1 has the variance exp(s^2) - 1."""
    s, count = spread_of_band(0.5), 40_000
    factors = lognormal(rng(1).standard_normal(count), s, is_mean_one=True)
    variance = math.exp(s * s) - 1
    assert factors.mean() == pytest.approx(1.0, abs=4 * math.sqrt(variance / count))
    assert factors.var() == pytest.approx(variance, rel=0.1)


def test_correlations_are_those_asked_for():
    found = np.corrcoef(correlated(rng(2).standard_normal((40_000, 3)), 0.6), rowvar=False)
    assert found[np.triu_indices(3, 1)] == pytest.approx([0.6] * 3, abs=0.02)


def test_the_mean_of_returns_drawn_is_that_of_the_tables():
    """Of 60 t in each of two periods: A G^y has mean 1 and the variance exp(s^2 + (g y)^2) - 1."""
    network, count = line(periods=periods(2)), 20_000
    found = volume_draws(network, count, rng(3), band=0.4, growth_band=0.1, correlation=0.5)
    s, g = spread_of_band(0.4), spread_of_band(0.1)
    for year in (0, 1):
        spread = 60 * math.sqrt(math.expm1(s * s + (g * year) ** 2))
        mean = found.panels[0].draws[:, year].mean()
        assert mean == pytest.approx(60.0, abs=4 * spread / math.sqrt(count))
    assert found.panels[0].base.tolist() == [60, 60]


def test_the_mean_of_returns_from_registrations_is_that_of_the_mean_survival():
    """Returns are linear in the shares that return at each age, so that their mean follows from the mean shares."""
    network = years()
    bands, battery, count = FleetBands(), Life(scale_years=3.0, shape=2.0), 50
    vehicles = np.array([1000.0, 2000.0, 500.0])
    table = Registrations(first_year=2025, vehicles={("Ash", ""): vehicles}, pack_t={})
    fleet = Fleet(battery=battery, kg_per_pack=400.0)
    found = registered_draws(network, table, fleet, count, rng(4), bands=bands)
    lives = lives_drawn(battery, bands, rng(4).standard_normal((count, 4))[:, :3])
    shares = np.mean([returned_shares(life, 4) for life in lives], axis=0)
    expected = 0.4 * returned(np.append(vehicles, 0.0), shares)[2:]
    mean = np.mean([row.tonnes for rows in found.returns for row in rows], axis=0)
    assert mean == pytest.approx(expected, rel=1e-12)


def test_the_mean_survival_of_drawn_lives_is_its_integral():
    """Only the scale is drawn: E S(a) over exp(s z) by Gauss and Hermite, which knows of no draws."""
    bands, age, count = FleetBands(life=0.3, shape=0.0, use=0.0), 8.0, 20_000
    lives = lives_drawn(Life(scale_years=10.0, shape=3.0), bands, rng(7).standard_normal((count, 3)))
    drawn = np.array([life.survival(np.array([age]))[0] for life in lives])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    survival = np.exp(-((age / (10.0 * np.exp(spread_of_band(0.3) * nodes))) ** 3))
    expected = float(weights @ survival) / math.sqrt(2 * math.pi)
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / math.sqrt(count))


def test_twice_the_use_is_half_the_life():
    z = math.log(2) / spread_of_band(0.1)
    (life,) = lives_drawn(Life(scale_years=10.0, shape=3.0), FleetBands(), np.array([[0.0, 0.0, z]]))
    assert (life.scale_years, life.shape) == pytest.approx((5.0, 3.0))


def test_sites_fail_as_often_as_was_said():
    """Of 1 place over 3 periods, for 2: out in the first of all with chance p / 3, in the others with 2 p / 3."""
    network, count, p = line(periods=periods(3)), 30_000, 0.3
    found = disruption_draws(network, count, rng(8), chance=p, lasts=2, types=(), is_regional=False)
    rates = found.panels[0].draws.mean(axis=0)
    for rate, expected in zip(rates, (p / 3, 2 * p / 3, 2 * p / 3), strict=True):
        assert rate == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / count))


# ---- networks with them ----------------------------------------------------------------------------------------------


CERTAIN = FleetBands(life=0.0, shape=0.0, use=0.0, growth=0.0)


def years():
    """Return the line with the years 2027 and 2028."""
    return line(periods=(Period(name="2027"), Period(name="2028")))


SAMPLERS = {
    "returns": lambda n, count, r: volume_draws(n, count, r, band=0.3, growth_band=0.05, correlation=0.5),
    "prices": lambda n, count, r: price_draws(n, count, r, band=0.3, bands={}, correlation=0.5),
    "disruptions": lambda n, count, r: disruption_draws(n, count, r, chance=0.5, lasts=1, types=(), is_regional=False),
}


def test_a_seed_repeats_and_more_draws_begin_with_the_same():
    one, again, more = (drawn_futures(line(), SAMPLERS, count=c, seed=s) for c, s in ((4, 9), (4, 9), (7, 9)))
    other = drawn_futures(line(), SAMPLERS, count=4, seed=10)
    assert one.network.changes == again.network.changes != other.network.changes
    values = [[(c.key, c.value) for c in made.sources[0].changes[:4][i]] for made in (one, more) for i in range(4)]
    assert values[:4] == values[4:]


def test_what_one_source_draws_does_not_depend_on_the_others():
    alone = drawn_futures(line(), {"prices": SAMPLERS["prices"]}, count=5, seed=1)
    together = drawn_futures(line(), SAMPLERS, count=5, seed=1)
    assert alone.sources[0].changes == together.sources[1].changes


def test_probabilities_sum_to_one_and_all_that_are_kept_are_all():
    everyone = drawn_futures(line(), SAMPLERS, count=7, seed=2)
    same = drawn_futures(line(), SAMPLERS, count=7, seed=2, keep=7)
    few = drawn_futures(line(), SAMPLERS, count=7, seed=2, keep=3)
    for made, size in ((everyone, 7), (few, 3)):
        assert len(made.network.scenarios) == size
        assert sum(s.probability for s in made.network.scenarios) == 1.0
    assert same.network.scenarios == everyone.network.scenarios
    assert same.network.changes == everyone.network.changes
    assert (same.reduced.distance, few.reduced.distance > 0) == (0.0, True)


def test_the_futures_of_the_network_are_what_was_drawn():
    made = drawn_futures(line(), SAMPLERS, count=3, seed=3)
    for n, future in enumerate(futures_of(made.network)):
        assert future.network.returns[0].tonnes == pytest.approx(made.sources[0].panels[0].draws[n, 0])
        assert future.network.markets[0].price_per_t == pytest.approx(40 * made.sources[1].coordinates[n, 0])


def test_nothing_is_processed_where_a_site_is_out_of_order():
    """In the future where the plant's site fails all 60 t stay uncollected (600), and the plant costs 320 in vain."""
    network = dataclasses.replace(line(), policy=line().policy)
    made = drawn_futures(network, {"disruptions": SAMPLERS["disruptions"]}, count=6, seed=4)
    is_out = made.sources[0].panels[0].draws[:, 0] > 0
    assert 0 < is_out.sum() < 6
    found = solve_futures(made.network, gap=0)
    assert found.certificate.passed, found.certificate
    expected = [320 + 600 if out else -700 for out in is_out]
    assert [outcome.cost for outcome in found.outcomes] == pytest.approx(expected)


def test_returns_from_registrations_stand_in_rows_of_the_future():
    network = dataclasses.replace(years(), returns=returns(acquisition_cost_per_t=7.0))
    table = Registrations(first_year=2025, vehicles={("Ash", ""): np.array([1000.0, 0.0])}, pack_t={})
    fleet = Fleet(battery=Life(scale_years=3.0, shape=1.0), kg_per_pack=100.0)
    sampler = {"returns": lambda n, c, r: registered_draws(n, table, fleet, c, r, bands=CERTAIN)}
    made = drawn_futures(network, sampler, count=1, seed=0)
    (future,) = futures_of(made.network)
    q = math.exp(-1 / 3)  # no band: S(a) = q^a, 100 t of packs registered at the end of 2025
    assert future.network.returns[0].tonnes == pytest.approx((100 * (q - q**2), 100 * (q**2 - q**3)))
    assert future.network.returns[0].acquisition_cost_per_t == 7.0


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ({}, {"count": 0}, "--count: is 0"),
        ({}, {"count": 3, "keep": 0}, "--reduce: is 0"),
        ({}, {"count": 3, "seed": -1}, "--seed: is -1"),
        ({"scenarios": (Scenario(name="a"),)}, {"count": 3}, "has 1 futures already"),
    ],
)
def test_what_is_wrong_is_told(change, options, told):
    with pytest.raises(InvalidInput, match=told):
        drawn_futures(line(**change), SAMPLERS, **{"seed": 0, **options})


def test_registrations_of_unknown_places_and_periods_that_are_no_years_are_told():
    table = Registrations(first_year=2025, vehicles={("Ush", ""): np.array([1.0])}, pack_t={})
    fleet = Fleet(battery=Life(scale_years=3.0, shape=1.0), kg_per_pack=100.0)
    with pytest.raises(InvalidInput, match="no site 'Ush'"):
        registered_draws(years(), table, fleet, 2, rng(), bands=FleetBands())
    with pytest.raises(InvalidInput, match="not named by a year"):
        registered_draws(line(periods=(Period(name="soon"),)), table, fleet, 2, rng(), bands=FleetBands())


@pytest.mark.parametrize(
    ("name", "text"), [("Ash", "Ash"), ("Ash, West", '"Ash, West"'), ('a "b" c', "'a \"b\" c'"), (" a", '" a"')]
)
def test_names_in_keys(name, text):
    assert quoted(name) == text
