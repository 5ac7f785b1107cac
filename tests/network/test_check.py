"""The check must notice every kind of broken plan, and say where."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from batteryopt.network.data.instance import FacilityType, Level, Recipe
from batteryopt.network.judge.check import check
from batteryopt.network.plan.solution import Solution
from batteryopt.network.solve import solve
from tests.network.echelon import echelon
from tests.network.everything import everything


@pytest.fixture(scope="module")
def plan():
    solution = solve(everything(), gap=0.0).solution
    assert check(solution).passed
    return solution


def failures(plan, **tables):
    return {c.name for c in check(dataclasses.replace(plan, **tables)).failures}


def more(table, tonnes, **where):
    """Return a table with tonnes added to its first row, or to a row of its own."""
    if where:
        return pd.concat([table, pd.DataFrame([{**where, "tonnes": tonnes}])], ignore_index=True)
    changed = table.copy()
    changed.loc[changed.index[0], "tonnes"] += tonnes
    return changed


def test_a_balance_that_does_not_close(plan):
    found = check(dataclasses.replace(plan, sold=more(plan.sold, 1.0)))
    assert not found["every-node-is-in-balance"].passed
    assert found["every-node-is-in-balance"].detail.startswith("Docks/mass")


def test_negative_flows(plan):
    assert "no-table-has-negative-entries" in failures(plan, sold=more(plan.sold, -1000.0))


def test_more_uncollected_than_returned(plan):
    where = {"site": "Cedar", "product": "pack", "period": "1"}
    assert "collection-within-returns" in failures(plan, uncollected=more(plan.uncollected, 50.0, **where))


def test_passing_on(plan):
    """Packs received in Birch are sent on to Cedar: in balance, and not allowed."""
    rows = [
        ("Ash", "Birch", "lorry", "pack", "3", 30.0),
        ("Birch", "Cedar", "lorry", "pack", "3", 55.0),
    ]
    shipped = pd.DataFrame(rows, columns=plan.shipped.columns)
    assert "nothing-is-passed-on" in failures(Solution.of(plan.network), shipped=shipped)


def facilities(*rows):
    return pd.DataFrame(rows, columns=["site", "type", "level", "period", "capacity_t"])


def test_a_row_that_stands_twice(plan):
    found = check(dataclasses.replace(plan, shipped=pd.concat([plan.shipped, plan.shipped.head(1)])))
    assert not found["no-row-stands-twice"].passed
    assert found["no-row-stands-twice"].detail.startswith("shipped: ")


def test_a_facility_at_two_levels_at_once(plan):
    rows = facilities(*OUTLET, ("Ash", "outlet", "large", "1", 60.0), *PLANT, *FORCED)
    found = check(Solution.of(plan.network, facilities=rows))
    assert found["no-row-stands-twice"].detail == "facilities: Ash/outlet/1"


@pytest.mark.parametrize(
    ("level", "capacity", "is_right"),
    [
        ("M", 30.0, True),
        ("M", 40.0, True),
        ("L", 40.5, True),
        ("M", 40.5, False),
        ("L", 30.0, False),
        ("XL", 30.0, False),
    ],
)
def test_a_level_that_is_not_that_of_the_capacity(plan, level, capacity, is_right):
    rows = [("Birch", "plant", level, t, capacity) for t in ("1", "2", "3")]
    found = check(Solution.of(plan.network, facilities=facilities(*OUTLET, *rows, *FORCED)))
    assert found["levels-are-those-of-the-capacity"].passed == is_right


def test_a_round_without_a_depot(plan):
    """Nothing in Ash may take packs once its outlet is gone; the round needs one there even where it is empty."""
    trips = pd.DataFrame([("Birch", "Ash", "round", "3", 1.0)], columns=plan.trips.columns)
    for rows, is_right in (([*OUTLET, *PLANT], True), (PLANT, False)):
        found = check(Solution.of(plan.network, facilities=facilities(*rows), trips=trips))
        assert found["rounds-end-at-a-depot"].passed == is_right


def test_a_plan_that_replaces_another_one_is_held_to_its_bounds():
    """60 t return, leaving one costs 10, a plant 5,000: 600 at best. A plan of nothing at all would cost nothing."""
    plant = FacilityType(
        name="plant",
        recipes=(Recipe(name="r", inputs=(("pack", 1.0),), outputs=()),),
        levels=(Level(name="L", capacity_t=100.0, opening_cost=5000.0),),
    )
    network = dataclasses.replace(
        echelon([[0.0]], [60.0], [1.0], uncollected=10.0),
        types=(dataclasses.replace(plant, name="point"),),
    )
    answer = solve(network, gap=0.0)
    assert answer.objective == pytest.approx(600)
    assert answer.certificate.passed
    replaced = dataclasses.replace(answer, solution=Solution.of(network))
    assert replaced.objective == 0
    assert {entry.name for entry in replaced.certificate.failures} == {
        "bound-below-the-objective",
        "bound-from-duals-below-the-objective",
    }


OUTLET = [("Ash", "outlet", "small", t, 25.0) for t in ("1", "2", "3")]
PLANT = [("Birch", "plant", "M", t, 30.0) for t in ("1", "2", "3")]
FORCED = [("Cedar", "outlet", "small", "3", 25.0)]


def test_standing_facilities_are_a_legal_career(plan):
    assert check(Solution.of(plan.network, facilities=facilities(*OUTLET, *PLANT, *FORCED)))[
        "facilities-have-legal-careers"
    ].passed


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([*OUTLET, *FORCED], "Birch/plant: is closed"),
        ([*OUTLET, *PLANT], "Cedar/outlet: does not stand where it must"),
        ([OUTLET[0], OUTLET[2], *PLANT, *FORCED], "Ash/outlet: is opened again"),
        ([("Ash", "outlet", "large", "1", 60.0), *OUTLET[1:], *PLANT, *FORCED], "Ash/outlet: shrinks from 60 to 25"),
        ([("Ash", "outlet", "small", "1", 40.0), *PLANT, *FORCED], "Ash/outlet: has no size 40"),
        ([*OUTLET, *PLANT, *FORCED, ("Cedar", "plant", "S", "1", 20.0)], "Cedar/plant: is opened or raised before 2"),
        ([*OUTLET, *FORCED, *[(*row[:4], 25.0) for row in PLANT]], "Birch/plant: shrinks from 30 to 25"),
    ],
)
def test_illegal_careers(plan, rows, reason):
    found = check(Solution.of(plan.network, facilities=facilities(*rows)))["facilities-have-legal-careers"]
    assert not found.passed
    assert found.detail == reason


def test_a_facility_where_none_may_stand(plan):
    rows = facilities(("Ash", "shredder", "one", "1", 50.0))
    with pytest.raises(ValueError, match="'shredder' at 'Ash'"):
        check(Solution.of(plan.network, facilities=rows))


def test_capacity(plan):
    processed = pd.DataFrame([("Ash", "outlet", "check", "1", 26.0)], columns=plan.processed.columns)
    found = check(Solution.of(plan.network, facilities=facilities(*OUTLET), processed=processed))
    assert found["capacity-and-throughput"].residual == pytest.approx(1 / 25)


def test_least_throughput(plan):
    """A large outlet must process 5 t."""
    large = facilities(*[("Ash", "outlet", "large", t, 60.0) for t in ("1", "2", "3")])
    found = check(Solution.of(plan.network, facilities=large))
    assert found["capacity-and-throughput"].residual == pytest.approx(1.0)


def stock(*rows):
    return pd.DataFrame(rows, columns=["site", "type", "product", "period", "tonnes"])


def test_stock_limits(plan):
    """A small outlet stores 3 t; 5 are 2 t too many. In Birch none stands."""
    too_much = Solution.of(
        plan.network, facilities=facilities(*OUTLET), stock=stock(("Ash", "outlet", "pack", "1", 5.0))
    )
    assert check(too_much)["stock-is-safe"].residual == pytest.approx(2 / 3)
    nowhere = Solution.of(plan.network, stock=stock(("Birch", "outlet", "checked", "1", 1.0)))
    assert check(nowhere)["stock-is-safe"].residual == pytest.approx(1.0)
    at_the_end = Solution.of(
        plan.network, facilities=facilities(*OUTLET), stock=stock(("Ash", "outlet", "pack", "3", 1.0))
    )
    assert check(at_the_end)["stock-is-safe"].residual == pytest.approx(1.0)


def test_longest_stay(plan):
    """Checked packs may stay one period; here they stay two, as nothing leaves Ash."""
    rows = stock(("Ash", "outlet", "checked", "1", 2.0), ("Ash", "outlet", "checked", "2", 2.0))
    found = check(Solution.of(plan.network, facilities=facilities(*OUTLET), stock=rows))
    assert found["nothing-stays-too-long"].residual == pytest.approx(2.0)


def shipped(*rows):
    return pd.DataFrame(rows, columns=["origin", "destination", "mode", "product", "period", "tonnes"])


@pytest.mark.parametrize(
    "row",
    [
        ("Ash", "Cedar", "lorry", "pack", "1", 4.0),  # closed by a lane
        ("Ash", "Birch", "rail", "mass", "1", 4.0),  # no track
        ("Birch", "Docks", "rail", "checked", "1", 4.0),  # not by rail
        ("Birch", "Cedar", "round", "pack", "1", 4.0),  # 72 km are too far for a round
    ],
)
def test_lanes_that_are_not(plan, row):
    assert check(Solution.of(plan.network, shipped=shipped(row)))["lanes-exist-and-carry-it"].residual == pytest.approx(
        4
    )


def test_lane_limit(plan):
    load = shipped(("Ash", "Birch", "lorry", "pack", "1", 20.0), ("Ash", "Birch", "round", "pack", "1", 10.0))
    found = check(Solution.of(plan.network, shipped=load))
    assert found["lanes-exist-and-carry-it"].residual == pytest.approx(5 / 25)


def trips(*rows):
    return pd.DataFrame(rows, columns=["origin", "destination", "mode", "period", "trips"])


def test_trips(plan):
    """8 t need two rounds of 4 t; ten rounds are one more than the depot has time for."""
    load = shipped(("Ash", "Birch", "round", "pack", "1", 8.0))
    one = Solution.of(plan.network, shipped=load, trips=trips(("Ash", "Birch", "round", "1", 1)))
    assert check(one)["trips-carry-the-load"].residual == pytest.approx(1.0)
    two = Solution.of(plan.network, shipped=load, trips=trips(("Ash", "Birch", "round", "1", 2)))
    assert check(two)["trips-carry-the-load"].passed
    ten = Solution.of(plan.network, shipped=load, trips=trips(("Ash", "Birch", "round", "1", 10)))
    assert check(ten)["trips-carry-the-load"].residual == pytest.approx(1 / 9)
    half = Solution.of(plan.network, shipped=load, trips=trips(("Ash", "Birch", "round", "1", 2.5)))
    assert not check(half)["trips-carry-the-load"].passed


def test_markets_and_disposals(plan):
    sold = pd.DataFrame([("Docks", "mass", "1", 42.0)], columns=plan.sold.columns)
    assert check(Solution.of(plan.network, sold=sold))["markets-and-disposals-take-it"].residual == pytest.approx(0.05)
    nobody = pd.DataFrame([("Ash", "mass", "1", 2.0)], columns=plan.sold.columns)
    assert not check(Solution.of(plan.network, sold=nobody))["markets-and-disposals-take-it"].passed
    closed = pd.DataFrame([("Ash", "checked", "outlet", "1", 2.0)], columns=plan.disposed.columns)
    assert not check(Solution.of(plan.network, disposed=closed))["markets-and-disposals-take-it"].passed


def test_hard_rules_and_soft_ones(plan):
    """Leaving all of Birch breaks the fair share there, which is hard; what soft rules miss is paid for instead."""
    rows = pd.DataFrame([("Birch", "pack", "3", 20.0)], columns=plan.uncollected.columns)
    found = check(Solution.of(plan.network, uncollected=rows))["hard-rules-hold"]
    assert not found.passed
    nothing = Solution.of(plan.network)
    missed = {(b.rule, b.period): b for b in nothing.breaches if b.rule.startswith("market")}
    assert missed["market mass", "3"].amount == pytest.approx(6)
    assert missed["market mass", "3"].penalty == 90


def test_money_is_compared(plan):
    found = check(plan, objective=plan.net_present_cost + 1e3)
    assert not found["cost-terms-sum-to-the-objective"].passed


def test_tables_need_their_columns(plan):
    with pytest.raises(ValueError, match="table 'sold' of a solution lacks the columns tonnes"):
        dataclasses.replace(plan, sold=plan.sold[["site", "product", "period"]])
