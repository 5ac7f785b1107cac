"""One destination a place, on cases whose answers are counted by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from batteryopt.network.data.instance import Market, Mode, Network, Policy
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.judge.check import check
from batteryopt.network.location.stages import Echelon, network_of
from batteryopt.network.search.kept_together import groups_of, one_of_each
from batteryopt.network.solve import solve
from tests.network.line import line


def towns(*rooms: float) -> Network:
    """Return A, B and C with 6 t each; a tonne to P costs 1 from each of them, to Q 2, 3 and 6."""
    stage = Echelon(
        type="depot",
        products=["goods"],
        sites=["P", "Q"],
        capacity=np.array(rooms, dtype=float),
        opening_cost=np.zeros(2),
        unit_costs=np.array([[1.0, 2], [1, 3], [1, 6]]),
    )
    return network_of("towns", "", ["A", "B", "C"], np.array([6.0, 6, 6]), [stage])


def whole(network: Network) -> Network:
    return network.replace(returns=tuple(dataclasses.replace(row, single_source=True) for row in network.returns))


def by_mode(network: Network) -> Network:
    return network.replace(modes=tuple(dataclasses.replace(mode, single_source=True) for mode in network.modes))


def by_policy(network: Network) -> Network:
    return network.replace(policy=Policy(single_source=True))


def test_split_or_whole():
    """P has room for one town and a half. Split: all C and half of B there, 6 + 3 + 6 x 2 + 3 x 3 = 30.

    Whole: one town at P, the two others at Q. Of the three choices C is best: 6 + 6 x 2 + 6 x 3 = 36 (B: 6 + 12 + 36;
    A: 6 + 18 + 36).
    """
    assert solve(towns(9, 12), gap=0.0).objective == pytest.approx(30)
    for scope in (whole, by_mode, by_policy):
        answer = solve(scope(towns(9, 12)), gap=0.0)
        assert answer.objective == pytest.approx(36)
        assert answer.certificate.passed


def test_only_the_town_that_says_so_is_kept_together():
    """B alone is whole: all of it at Q, and half of A beside all of C at P: 6 + 3 + 3 x 2 + 6 x 3 = 33."""
    network = towns(9, 12)
    returns = tuple(dataclasses.replace(row, single_source=row.site == "B") for row in network.returns)
    assert solve(network.replace(returns=returns), gap=0.0).objective == pytest.approx(33)


@pytest.mark.parametrize("scope", [whole, by_mode, by_policy])
def test_a_town_that_fits_nowhere_is_named(scope):
    """Three times 6 t, twice room for 9: a third town has 3 t here and 3 t there, and no room for the whole of it."""
    answer = solve(scope(towns(9, 9)), gap=0.0)
    assert answer.solution is None
    (conflict,) = answer.conflicts
    assert conflict.place.split("/")[0] in {"A", "B", "C"}
    assert conflict.unit == "destinations too many, for it fits nowhere whole"
    assert conflict.amount == pytest.approx(1)


def test_a_site_is_a_destination_of_its_own():
    """In Ash a market takes 20 of 60 t for 30 each; the plant in Birch makes 0.5 x 40 - 2 - 10 x 0.1 = 17 of a tonne.

    Split: 320 for the plant, 20 t sold for 600, 40 t melted for 680. Whole: all 60 t are melted, 320 - 60 x 17 = -700,
    or 20 t are sold and 40 t left at 10 a tonne, -600 + 400 = -200.
    """
    network = line()
    sold = Market(site="Ash", product="pack", price_per_t=30, most_t=20)
    network = network.replace(markets=(*network.markets, sold))
    assert solve(network, gap=0.0).objective == pytest.approx(320 - 600 - 680)
    assert solve(whole(network), gap=0.0).objective == pytest.approx(-700)


def test_the_check_sees_a_place_that_is_split():
    network = towns(9, 12)
    plan = solve(whole(network), gap=0.0).solution
    (other,) = plan.shipped.loc[plan.shipped["origin"] == "A", "destination"]
    assert other == "Q"
    broken = plan.shipped.copy()
    first = broken.index[broken["origin"] == "A"][0]
    broken.loc[first, "tonnes"] = 4.0
    row = {"origin": "A", "destination": "P", "mode": "way", "product": "goods", "period": "1", "tonnes": 2.0}
    split = pd.concat([broken, pd.DataFrame([row])], ignore_index=True)
    failure = check(dataclasses.replace(plan, shipped=split))["one-destination-a-place"]
    assert not failure.passed
    assert failure.detail == "A/goods/1"
    assert failure.residual == pytest.approx(2 / 6)  # of 6 t two go elsewhere


def test_the_check_sees_what_is_taken_at_the_place_itself():
    network = line().replace(markets=(*line().markets, Market(site="Ash", product="pack", price_per_t=30, most_t=20)))
    plan = solve(network, gap=0.0).solution  # 20 t sold in Ash, 40 t sent to Birch
    judged = check(dataclasses.replace(plan, network=whole(network)))["one-destination-a-place"]
    assert judged.residual == pytest.approx(20 / 60)
    assert check(plan)["one-destination-a-place"].passed


def test_two_modes_to_one_destination_are_one():
    """A lorry is dearer than the rail that carries 40 t: a place may use both towards its one destination."""
    network = line()
    rail = Mode(name="rail", distance="road", cost_per_t_km=0.01)
    both = whole(network.replace(modes=(*network.modes, rail)))
    assert solve(both, gap=0.0).objective == pytest.approx(-700 - 60 * 10 * 0.09)


def test_dives_round_one_of_each_group():
    m = formulate(whole(towns(9, 12)), {})
    group = groups_of(m)
    family = m.families["goes_to"]
    origin = family.index["origin"]
    mine = group[family.positions]
    assert (mine >= 0).all()
    assert all((mine == mine[row]).tolist() == (origin == origin[row]).tolist() for row in range(len(family)))
    values = np.array([0.4, 0.6, 0.5, 0.5, 0.2, 0.8])
    chosen = one_of_each(np.array([0, 0, 1, 1, -1, -1]), values)
    assert chosen.tolist() == [False, True, True, False, True, True]
