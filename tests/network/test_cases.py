"""Networks small enough for pen and paper, one for each meaning that was once read in two ways.

Every value is derived beside its network. Where a row, a bound or a cut of the model is narrower than what the check
allows, the optimum is dearer than the value here; where the model and the ledger read a rule differently, the
certificate fails.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    ComesBack,
    Coverage,
    FacilityType,
    Lane,
    Level,
    Limit,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Product,
    Quantity,
    Recipe,
    Return,
    Site,
    Sizes,
    Standing,
    Storage,
    Subsidy,
    SubsidyBase,
)
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.pyomo_model import to_pyomo
from batteryopt.network.plan.kept import existing_facilities
from batteryopt.network.solve import solve


def eats_packs(*levels: Level, **more) -> FacilityType:
    """Return a plant that makes nothing of packs."""
    return FacilityType(
        name="plant", recipes=(Recipe(name="r", inputs=(("pack", 1.0),), outputs=()),), levels=levels, **more
    )


def network(*, tonnes, type_, candidates=None, uncollected=None, sites=("A",), **more) -> Network:
    """Return a network with returns of packs at its first site, and candidates for the one type."""
    rows = (tonnes,) if isinstance(tonnes, int | float) else tonnes
    defaults = {
        "name": "case",
        "currency": "EUR",
        "periods": tuple(Period(name=f"p{t + 1}") for t in range(len(rows))),
        "products": (Product(name="pack", uncollected_cost_per_t=uncollected),),
        "sites": tuple(Site(name=name) for name in sites),
        "returns": (Return(site=sites[0], product="pack", tonnes=tuple(map(float, rows))),),
        "types": (type_,),
        "candidates": candidates or (Candidate(site=sites[0], type="plant"),),
        "modes": (),
    }
    return Network(**{**defaults, **more})


def best(instance: Network, **more) -> float:
    """Return the proven optimum of a network, whose plan passes every check."""
    found = solve(instance, gap=0.0, **more)
    assert found.solution is not None, [vars(breach) for breach in found.conflicts]
    assert found.certificate.passed, str(found.certificate)
    assert found.run.bound == pytest.approx(found.objective, rel=1e-9, abs=1e-6)
    return found.objective


# ---- slacks as wide as what can be missing -------------------------------------------------------------------------


def soft_limit(**more) -> Network:
    """60 t return, leaving one costs 10; 29 t should be collected, a missing one costs 20; a plant costs 5,000."""
    rule = Limit(name="soft", quantity=Quantity.COLLECTED, least=29.0, penalty=20.0)
    plant = eats_packs(Level(name="L", capacity_t=100.0, opening_cost=5000.0))
    return network(tonnes=60, type_=plant, uncollected=10.0, policy=Policy(limits=(rule,)), **more)


def test_a_soft_limit_may_be_missed_as_a_whole():
    """To collect nothing costs 60 x 10 + 29 x 20; to open 5,000."""
    assert best(soft_limit()) == pytest.approx(60 * 10 + 29 * 20)


def test_a_soft_limit_forbids_nothing():
    closed = (Candidate(site="A", type="plant", standing=Standing.CLOSED),)
    assert best(soft_limit(candidates=closed)) == pytest.approx(60 * 10 + 29 * 20)


def test_a_soft_limit_over_all_periods_may_be_missed_as_a_whole():
    rule = Limit(name="soft", quantity=Quantity.COLLECTED, least=50.0, penalty=20.0, over_all_periods=True)
    plant = eats_packs(Level(name="L", capacity_t=100.0, opening_cost=5000.0))
    both = network(tonnes=(30, 30), type_=plant, uncollected=10.0, policy=Policy(limits=(rule,)))
    assert best(both) == pytest.approx(60 * 10 + 50 * 20)


def second_life(penalty: float | None) -> Network:
    """Return 10 t sold for 100 a tonne, all of which come back a period later; the plant that could work them is dear.

    In the first period a shop makes packs of the 10 t of cells that return; in the second nothing else returns.
    """
    shop = FacilityType(
        name="shop",
        recipes=(Recipe(name="test", inputs=(("cell", 1.0),), outputs=(("used", 1.0),)),),
        levels=(Level(name="L", capacity_t=10.0),),
    )
    plant = eats_packs(Level(name="L", capacity_t=100.0, opening_cost=5000.0))
    back = (ComesBack(product="pack", share=1.0, lag_periods=1),)
    return network(
        tonnes=(0, 0),
        type_=plant,
        uncollected=1.0,
        products=(Product(name="cell"), Product(name="used"), Product(name="pack", uncollected_cost_per_t=1.0)),
        returns=(Return(site="A", product="cell", tonnes=(10.0, 0.0)),),
        types=(plant, shop),
        candidates=(Candidate(site="A", type="plant"), Candidate(site="A", type="shop")),
        markets=(Market(site="A", product="used", price_per_t=100.0, comes_back=back),),
        policy=Policy(collection_targets=(CollectionTarget(name="half", share=0.5, penalty_per_t=penalty),)),
    )


def test_what_came_back_may_be_missing_from_a_soft_target():
    """10 t are sold (-1,000), come back and are left (10 x 1); half of them is missing at 7 a tonne (5 x 7)."""
    assert best(second_life(7.0)) == pytest.approx(-1000 + 10 + 35)


def test_what_came_back_counts_in_a_hard_target():
    """The cells must be collected, so that 10 t come back, 5 of which at least the plant has to take: 5,000 - 1,000."""
    assert best(second_life(None)) == pytest.approx(5000 - 1000)


# ---- size: shrinking, closing, what is left at the end -------------------------------------------------------------


def between(*levels: Level, **more) -> FacilityType:
    return eats_packs(*levels, sizes=Sizes.BETWEEN, refunds_shrinking=True, **more)


SMALL = Level(name="S", capacity_t=100.0, opening_cost=1000.0)
LARGE = Level(name="L", capacity_t=200.0, opening_cost=3000.0)


def pot(most: float | None) -> Network:
    """Return 150 t and then 90 t; half of the opening cost is paid by somebody else, from a pot."""
    help_ = Subsidy(name="s", base=SubsidyBase.OPENING_COST, rate=0.5, most=most)
    return network(tonnes=(150, 90), type_=between(SMALL, LARGE), policy=Policy(subsidies=(help_,)))


@pytest.mark.parametrize("most", [None, 5000.0])
def test_a_pot_that_never_binds_changes_nothing(most):
    """150 t cost 2,000, of which 1,000 are given; 50 t fewer are refunded 1,000, and half of that is given back."""
    assert best(pot(most)) == pytest.approx(2000 - 1000 - 1000 + 500)


def test_a_pot_that_binds_is_paid_out_and_refunds_count_in_full():
    """Of 1,000 due only 300 are in the pot; not to shrink leaves 1,700, to shrink 2,000 - 300 - 1,000 + 500."""
    assert best(pot(300.0)) == pytest.approx(1200)


def standing(tonnes, **more) -> Network:
    """Return a plant of 200 t that stands; 50 a period while it does."""
    levels = (dataclasses.replace(SMALL, fixed_cost=50.0, **more), dataclasses.replace(LARGE, fixed_cost=50.0, **more))
    candidate = Candidate(site="A", type="plant", standing=Standing.EXISTING, level="L")
    return network(tonnes=tonnes, type_=between(*levels), candidates=(candidate,))


def test_what_closes_is_not_refunded():
    """It shrinks to 150 t for 1,000 and to 100 t for 1,000; to close in p2 would save 50 and lose the refund."""
    assert best(standing((150, 0))) == pytest.approx((50 - 1000) + (50 - 1000))


def test_what_closes_is_closed_as_it_stood():
    """Closing costs 300 at any size: 200 t are needed in p1, and 2,000 are refunded in p2 for shrinking to 100 t."""
    assert best(standing((200, 0), closing_cost=300.0)) == pytest.approx(50 + 50 - 2000)


def test_closing_costs_are_those_of_the_size_before():
    """Not refunded for shrinking, 200 t stand: to close costs 20, to stay 50 a period, and p1 must stand."""
    levels = (
        dataclasses.replace(SMALL, fixed_cost=50.0, closing_cost=5.0),
        dataclasses.replace(LARGE, fixed_cost=50.0, closing_cost=20.0),
    )
    plant = eats_packs(*levels, sizes=Sizes.BETWEEN)
    candidate = Candidate(site="A", type="plant", standing=Standing.EXISTING, level="L")
    assert best(network(tonnes=(150, 0), type_=plant, candidates=(candidate,))) == pytest.approx(50 + 20)


def shrinking(**more) -> Network:
    """163 t in p1, 88 t in p2; 148 t are free, 88 t more cost 1,319."""
    levels = (Level(name="S", capacity_t=148.0), Level(name="L", capacity_t=236.0, opening_cost=1319.0))
    return network(tonnes=(163, 88), type_=between(*levels, life_periods=10.0, **more))


STEP = 15 / 88 * 1319.0
"""Cost of the 15 t above 148 t."""


@pytest.mark.parametrize("new_may_close", [False, True])
def test_a_refund_takes_its_salvage_back(new_may_close):
    """STEP is paid in p1 (8 of 10 periods left at the end) and refunded in p2 (9 of 10 left): STEP x (0.9 - 0.8)."""
    assert best(shrinking(new_may_close=new_may_close)) == pytest.approx(STEP * (0.9 - 0.8))


def test_shrinking_never_pays_by_salvage_alone():
    """To raise and shrink in one period is worth nothing: the 15 t are kept, with 9 of 10 periods left at the end."""
    levels = (Level(name="S", capacity_t=148.0), Level(name="L", capacity_t=236.0, opening_cost=1319.0))
    plant = between(*levels, life_periods=10.0, new_may_close=True)
    assert best(network(tonnes=163, type_=plant)) == pytest.approx(STEP * 0.1)


@pytest.mark.parametrize("new_may_close", [False, True])
def test_salvage_is_of_what_the_owner_paid(new_may_close):
    """An idle plant of 1,000 with 30 % from elsewhere and all of its life left but a tenth.

    It costs 700 and leaves 0.9 x 700, so that nobody opens one for nothing: the best is to open none.
    """
    plant = eats_packs(
        Level(name="L", capacity_t=10.0, opening_cost=1000.0), life_periods=10.0, new_may_close=new_may_close
    )
    help_ = Subsidy(name="s", base=SubsidyBase.OPENING_COST, rate=0.3)
    idle = network(tonnes=0, type_=plant, policy=Policy(subsidies=(help_,)))
    assert best(idle) == pytest.approx(0)
    forced = (Candidate(site="A", type="plant", standing=Standing.FORCED),)
    kept = network(tonnes=0, type_=plant, candidates=forced, policy=Policy(subsidies=(help_,)))
    assert best(kept) == pytest.approx(700 - 0.9 * 700)


@pytest.mark.parametrize("new_may_close", [False, True])
def test_what_opening_earned_is_taken_off_at_the_end(new_may_close):
    """A plant whose opening earns 100, in p1 with 8 of 10 periods left: 80 are taken off if it stands at the end.

    One that may close does so in p2, and keeps the 100.
    """
    plant = eats_packs(
        Level(name="L", capacity_t=10.0, opening_cost=-100.0), life_periods=10.0, new_may_close=new_may_close
    )
    assert best(network(tonnes=(0, 0), type_=plant)) == pytest.approx(-100 if new_may_close else -100 + 80)


def test_nothing_grows_before_its_earliest_period():
    """A plant of 200 t shrinks in p1 for a refund of 2,000; in p2 150 t are needed, and it may grow in p3 only.

    So it keeps 150 t: 1,000 refunded in p1, and the other 1,000 in p3, when nothing returns.
    """
    candidate = Candidate(site="A", type="plant", standing=Standing.EXISTING, level="L", earliest="p3", may_close=False)
    case = network(tonnes=(0, 150, 0), type_=between(SMALL, LARGE), candidates=(candidate,))
    assert best(case) == pytest.approx(-2000)


# ---- lanes, rounds -------------------------------------------------------------------------------------------------

KM = np.array([[0.0, 10.0], [10.0, 0.0]])


def lane_case(*lanes: Lane) -> Network:
    """100 t return in A, to be left at 100 a tonne or worked in B, 10 km away at 0.1 a t-km."""
    return network(
        tonnes=100,
        type_=eats_packs(Level(name="L", capacity_t=100.0, opening_cost=10.0)),
        candidates=(Candidate(site="B", type="plant"),),
        uncollected=100.0,
        sites=("A", "B"),
        modes=(
            Mode(name="lorry", distance="km", cost_per_t_km=0.1),
            Mode(name="rail", distance="km", cost_per_t_km=0.5),
        ),
        lanes=lanes,
        distances={"km": KM},
    )


CLOSED = Lane(origin="A", destination="B", is_allowed=False)


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        ((CLOSED,), 100 * 100),
        # open to the lorry, whose row says nothing of the way: 10 km
        ((CLOSED, Lane(origin="A", destination="B", mode="lorry")), 10 + 100 * 10 * 0.1),
        # what the general row says of the way and the toll holds where the lorry's does not say otherwise
        (
            (
                dataclasses.replace(CLOSED, distance_km=20.0, extra_cost_per_t=3.0),
                Lane(origin="A", destination="B", mode="lorry"),
            ),
            10 + 100 * (20 * 0.1 + 3),
        ),
        (
            (
                dataclasses.replace(CLOSED, distance_km=20.0, extra_cost_per_t=3.0),
                Lane(origin="A", destination="B", mode="lorry", distance_km=30.0, extra_cost_per_t=1.0),
            ),
            10 + 100 * (30 * 0.1 + 1),
        ),
        # closed to the lorry alone: by rail
        ((Lane(origin="A", destination="B", mode="lorry", is_allowed=False),), 10 + 100 * 10 * 0.5),
    ],
)
def test_a_row_for_one_mode_goes_before_the_general_one(lanes, expected):
    assert best(lane_case(*lanes)) == pytest.approx(expected)
    assert best(lane_case(*lanes[::-1])) == pytest.approx(expected)


CELLS = {"carries": ("cell",), "products": (Product(name="pack", uncollected_cost_per_t=10.0), Product(name="cell"))}


def rounds(*, opening: float, carries=None, **more) -> Network:
    """60 t return in A, 10 each to leave; without a visit each costs 100 more; a plant may open in B, 50 km off."""
    cover = Coverage(name="near", radius_km=10.0, types=("plant",), distance="km", visits=1.0, penalty_per_t=100.0)
    round_ = Mode(
        name="round",
        distance="km",
        products=carries,
        trip_capacity_t=5.0,
        whole_trips=True,
        cost_per_trip=7.0,
        is_mobile=True,
    )
    return network(
        tonnes=60,
        type_=eats_packs(Level(name="S", capacity_t=100.0, opening_cost=opening)),
        candidates=(Candidate(site="B", type="plant"),),
        uncollected=10.0,
        sites=("A", "B"),
        modes=(round_,),
        distances={"km": KM * 5},
        policy=Policy(coverage=(cover,)),
        **more,
    )


def test_a_visit_needs_a_depot():
    """The plant is too dear: 60 x 10 left and 60 x 100 not covered."""
    assert best(rounds(opening=100_000.0)) == pytest.approx(60 * 10 + 60 * 100)


def test_a_visit_from_an_open_depot_covers():
    """A plant of 500 takes the 60 t in 12 trips of 7, which are visits too."""
    assert best(rounds(opening=500.0)) == pytest.approx(500 + 12 * 7)


def test_an_empty_visit_covers_a_zone_whose_returns_the_round_may_not_carry():
    """The round carries cells, which the plant in B takes too; what returns are packs: one empty trip, all are left."""
    base = rounds(opening=500.0, **CELLS)
    plant = dataclasses.replace(
        base.types[0], recipes=(*base.types[0].recipes, Recipe(name="c", inputs=(("cell", 1.0),), outputs=()))
    )
    assert best(dataclasses.replace(base, types=(plant,))) == pytest.approx(500 + 7 + 60 * 10)


def test_a_round_ends_where_its_load_is_taken():
    """The plant takes no cells, which is all that the round carries: no depot for it, and no visit."""
    assert best(rounds(opening=500.0, **CELLS)) == pytest.approx(60 * 10 + 60 * 100)


def test_a_mobile_load_needs_a_depot_where_trips_need_not_be_whole():
    """A market in B buys packs for 50, and the round may not end there as long as no plant stands: 60 x 10 left."""
    base = rounds(opening=100_000.0)
    mode = dataclasses.replace(base.modes[0], whole_trips=False)
    case = dataclasses.replace(
        base, modes=(mode,), policy=Policy(), markets=(Market(site="B", product="pack", price_per_t=50.0),)
    )
    assert best(case) == pytest.approx(600)
    # with one for 1,000: 12 vehicle loads of 7 bring 60 x 50
    cheap = dataclasses.replace(case, types=(eats_packs(Level(name="S", capacity_t=100.0, opening_cost=1000.0)),))
    assert best(cheap) == pytest.approx(1000 + 12 * 7 - 60 * 50)


def test_where_no_depot_may_stand_a_hard_coverage_says_so():
    base = rounds(opening=500.0)
    hard = Policy(
        coverage=(dataclasses.replace(base.policy.coverage[0], penalty_per_t=None),),
        limits=(Limit(name="none", quantity=Quantity.FACILITIES, most=0.0),),
    )
    found = solve(dataclasses.replace(base, policy=hard), gap=0.0)
    assert found.solution is None
    told = {breach.rule for breach in (*found.conflicts, *found.opposed)}
    assert told == {"enough is covered", "limits are kept"}


def test_no_visit_is_needed_where_none_is_asked_for():
    """A rule that is content with 0 visits covers every zone."""
    base = rounds(opening=100_000.0)
    rule = dataclasses.replace(base.policy.coverage[0], visits=0.0)
    assert best(dataclasses.replace(base, policy=Policy(coverage=(rule,)))) == pytest.approx(600)


# ---- stock ---------------------------------------------------------------------------------------------------------


def test_a_level_without_a_limit_stores_any_amount():
    """90 t return in p1 and none later; the small plant works 30 t a period and stores 5 t, the large one anything.

    The small one would leave 55 t at 100 each; the large one, of 40 t for 3,000, stores 50 and then 10 t.
    """
    plant = eats_packs(
        Level(name="S", capacity_t=30.0, opening_cost=1000.0, storage_limit_t=5.0),
        Level(name="L", capacity_t=40.0, opening_cost=3000.0),
        storage=(Storage(product="pack"),),
    )
    assert best(network(tonnes=(90, 0, 0), type_=plant, uncollected=100.0)) == pytest.approx(3000)


def test_what_was_in_stock_is_not_left_uncollected():
    """A tonne that came back and was stored may not be left later, beyond what returns then."""
    case = second_life(None)
    plant = dataclasses.replace(case.types[0], storage=(Storage(product="pack", initial_t=4.0, site="A"),))
    candidate = Candidate(site="A", type="plant", standing=Standing.EXISTING, may_close=False)
    case = dataclasses.replace(
        case, types=(plant, case.types[1]), candidates=(candidate, case.candidates[1]), policy=Policy()
    )
    # 4 t in stock are worked, 10 t come back in p2 and are worked too, for nothing
    assert best(case) == pytest.approx(-1000)


def test_what_one_facility_had_in_stock_another_one_may_keep():
    """Two facilities of a site have 4 t each; a tonne earns 100 in p2, and to keep it costs 1 in one, 10 in the other.

    The cheaper one keeps all 8 t.
    """
    kinds = tuple(
        dataclasses.replace(
            eats_packs(Level(name="L", capacity_t=1.0)),
            name=name,
            storage=(Storage(product="pack", site="A", initial_t=4.0, holding_cost_per_t=cost),),
        )
        for name, cost in (("plant", 1.0), ("shed", 10.0))
    )
    case = network(
        tonnes=(0, 0),
        type_=kinds[0],
        types=kinds,
        candidates=tuple(Candidate(site="A", type=kind.name, standing=Standing.EXISTING) for kind in kinds),
        markets=(Market(site="A", product="pack", price_per_t=(0.0, 100.0)),),
    )
    assert best(case) == pytest.approx(8 * 1 - 8 * 100)


# ---- what is added to a model --------------------------------------------------------------------------------------


def twins() -> Network:
    """Return two equal plots, of which the second one has the plant in the plan that is kept."""
    km = np.array([[0.0, 10.0, 10.0], [10.0, 0.0, 5.0], [10.0, 5.0, 0.0]])
    return network(
        tonnes=10,
        type_=eats_packs(Level(name="L", capacity_t=10.0, opening_cost=100.0)),
        candidates=(Candidate(site="B", type="plant"), Candidate(site="C", type="plant")),
        sites=("A", "B", "C"),
        modes=(Mode(name="lorry", distance="km", cost_per_t_km=1.0),),
        distances={"km": km},
    )


def test_a_kept_plan_may_have_the_second_of_two_equal_sites():
    case = twins()
    forced = dataclasses.replace(
        case, candidates=(case.candidates[0], Candidate(site="C", type="plant", standing=Standing.FORCED))
    )
    plan = dataclasses.replace(existing_facilities(forced), network=case)
    assert plan.facilities["site"].tolist() == ["C"]
    assert best(case, facilities=plan) == pytest.approx(100 + 10 * 10)


def test_a_users_own_rule_may_tell_equal_sites_apart():
    m = build(twins())
    assert len(m.rows["twins_open_in_order"]) == 1
    costs = costs_of(m, Objective.COST)
    model = to_pyomo(m, costs.vector, constant=costs.constant)
    assert not hasattr(model, "twins_open_in_order")


def test_equal_sites_whose_types_stand_in_the_tables_in_any_order():
    """Two plots may have a plant for packs or one for cells, listed in opposite orders; only cells return, 10 t.

    A plant for cells takes 5 t, so that both plots have one: 2 x 100, and 10 t travel 10 km.
    """
    base = twins()
    cells = eats_packs(Level(name="L", capacity_t=5.0, opening_cost=100.0))
    cells = dataclasses.replace(cells, name="cells", recipes=(Recipe(name="c", inputs=(("cell", 1.0),), outputs=()),))
    order = (("B", "plant"), ("B", "cells"), ("C", "cells"), ("C", "plant"))
    case = dataclasses.replace(
        base,
        products=(*base.products, Product(name="cell")),
        returns=(Return(site="A", product="cell", tonnes=10.0),),
        types=(base.types[0], cells),
        candidates=tuple(Candidate(site=site, type=type_) for site, type_ in order),
    )
    assert best(case) == pytest.approx(2 * 100 + 10 * 10)


def test_two_rules_of_one_name_are_both_kept():
    """Two limits called "most": at most 6 t, and at most 4 t; the model that Pyomo sees has both."""
    limits = tuple(Limit(name="most", quantity=Quantity.PROCESSED, most=most) for most in (6.0, 4.0))
    plant = eats_packs(Level(name="L", capacity_t=10.0))
    case = network(tonnes=10, type_=plant, uncollected=5.0, policy=Policy(limits=limits))
    assert best(case) == pytest.approx(6 * 5)
    m = build(case)
    model = to_pyomo(m, costs_of(m, Objective.COST).vector)
    assert sorted(row.upper for row in model.limits_are_kept.values()) == [4.0, 6.0]
