"""Plans for the worst of a budget of deviating returns: by hand, and against all corners of the set."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    Coverage,
    InvalidNetwork,
    Limit,
    Quantity,
    Return,
    Scenario,
    Site,
)
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.extensive_form import join
from batteryopt.network.futures.first_stage import FIRST_STAGE, FOLLOWS
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.risk_measure import Risk, minimised
from batteryopt.network.robust.adversary import Adversary
from batteryopt.network.robust.deviations import moved, moves_of, name_of, room
from batteryopt.network.robust.hindsight import Hindsight
from batteryopt.network.robust.known_futures import KnownFutures
from batteryopt.network.robust.moving_sides import MovingSides
from batteryopt.network.robust.solve_robust import solve_robust
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from tests.network.line import level, line, lorry, plant, returns, rules
from tests.network.random_networks import random_network
from tests.network.small import small_network

EXACT = Options(relative_gap=0.0, threads=1)


def corners(moves, budget):
    """Yield every choice of at most so many moves, of each row one."""
    for size in range(budget + 1):
        for choice in itertools.combinations(range(len(moves)), size):
            if len({moves[i].row for i in choice}) == size:
                yield frozenset(choice)


def in_full(network, moves, choice):
    return moved(network, moves, [float(i in choice) for i in range(len(moves))])


def enumerated(network, budget, deviation=None):
    """Return the least worst cost by one program over all corners at once, which knows nothing of an adversary."""
    moves = moves_of(network, deviation)
    futures = [in_full(network, moves, choice) for choice in corners(moves, budget)]
    parts = [formulate(future, WEIGHTS) for future in futures]
    shares, names = [1 / len(parts)] * len(parts), [str(n) for n in range(len(parts))]
    form = join(parts, shares, names, first_stage=FIRST_STAGE, follows=FOLLOWS)
    costs = [weighted(part, WEIGHTS) for part in parts]
    objective = minimised(form, costs, Risk(alpha=1.0, weight=1.0), [-1e5] * len(parts), 1e5)
    problem = make_problem(form.m, objective)
    whole = problem.with_cuts()
    found = solve_arrays(whole, EXACT)
    return whole.objective(found.x) * problem.money


# ---- by hand ---------------------------------------------------------------------------------------------------------


def test_one_row_by_hand():
    """60 t, or 54 t less: 6 t. A plant costs 320, a tonne worked on earns 17, one that is left costs 10.

    Open: 320 - 17 x 60 = -700 or 320 - 17 x 6 = 218. Not: 600 or 60. The worst of open is 218, of not 600: open it.
    """
    found = solve_robust(line(returns=returns(less_t=54.0)), budget=1, gap=0)
    assert found.certificate.passed, found.certificate
    assert found.run.point_status is PointStatus.OPTIMAL
    assert (found.objective, found.most, found.run.bound) == pytest.approx((218, 218, 218))
    assert found.worst.name == "less pack from Ash"
    assert found.outcomes[0].cost == pytest.approx(-700)
    assert [row["site"] for row in found.to_json()["first_stage"]] == ["Birch"]


def test_without_a_budget_it_is_the_design():
    found = solve_robust(line(returns=returns(less_t=54.0)), budget=0, gap=0)
    assert found.objective == pytest.approx(solve(line(), gap=0).objective) == pytest.approx(-700)


def two_towns(**changes):
    """Return 30 t in Ash and 30 t in Elm, as far from Birch; each may have 60 t more.

    Levels: S of 60 t for 320 in all, L of 120 t for 470. A tonne worked on earns 17, one that is left costs 10.
    """
    rows = tuple(Return(site=site, product="pack", tonnes=30, more_t=60) for site in ("Ash", "Elm"))
    base = line(
        sites=(Site(name="Ash"), Site(name="Birch"), Site(name="Elm")),
        returns=rows,
        types=plant(levels=(level(capacity_t=60), level(name="L", capacity_t=120, opening_cost=450))),
        distances={"road": np.array([[0.0, 10, 90], [10, 0.0, 10], [90, 10, 0.0]])},
        modes=(lorry(),),
    )
    return dataclasses.replace(base, **changes)


def test_a_budget_by_hand():
    """Returns of 60, 120 or 180 t. S: -700; 320 - 1020 + 600 = -100; +500. L: 470 - 1020 = -550, -1570, -970.

    Budget 1: the worst of S is -100, of L -550 (as planned). Budget 2: +500 and -550. L in both.
    """
    for budget in (1, 2):
        found = solve_robust(two_towns(), budget=budget, gap=0)
        assert found.certificate.passed, found.certificate
        assert found.objective == pytest.approx(-550)
        assert found.worst.name == "as planned"
        assert {row["level"] for row in found.to_json()["first_stage"]} == {"L"}


def test_the_adversary_by_hand():
    """S stands and takes 60 t of 60, 120 or 180 t: -700, -100, +500. With 2 moves the worst is both."""
    network = two_towns(types=plant(levels=(level(capacity_t=60),)))
    moves = moves_of(network)
    plan = solve(network, gap=0).solution
    sides = MovingSides(network, moves)
    with catching_interrupt() as flag:
        hindsight = Hindsight(sides, plan, EXACT, flag)
        assert hindsight.cost({}) == pytest.approx(-700)
        assert hindsight.cost({0: 1.0}) == pytest.approx(-100)
        assert hindsight.cost({0: 0.5, 1: 0.25}) == pytest.approx(-700 + 45 * 10)
        for budget, expected in ((1, -100), (2, 500)):
            adversary = Adversary(hindsight, moves, [room(network, m) for m in moves], budget)
            found = adversary.go(is_enough=lambda value, bound: bound - value <= 1e-7)
            assert (found.value, found.bound) == pytest.approx((expected, expected))
            assert len(found.moves) == budget


def test_less_and_more_of_a_row_exclude_each_other():
    network = line(returns=returns(more_t=30.0, less_t=30.0))
    moves = moves_of(network)
    assert [move.words for move in moves] == ["more pack from Ash", "less pack from Ash"]
    found = solve_robust(network, budget=2, gap=0)
    assert found.budget == 1
    assert found.objective == pytest.approx(320 - 17 * 30)


def test_a_share_is_for_rows_that_say_nothing():
    rows = (Return(site="Ash", product="pack", tonnes=50), Return(site="Birch", product="pack", tonnes=10, less_t=1))
    found = moves_of(line(returns=rows), 0.2)
    assert [(move.site, move.by) for move in found] == [("Ash", (10.0,)), ("Ash", (-10.0,)), ("Birch", (-1.0,))]
    assert [room(line(returns=rows), move) for move in found] == [np.inf, 5.0, 10.0]


def test_rules_that_a_future_makes_impossible():
    """At least 85 t must be worked on; 90 t return, or 10 t less: then no facilities keep the rule."""
    least = Limit(name="work", quantity=Quantity.PROCESSED, least=85)
    network = line(returns=returns(tonnes=90, less_t=10.0), policy=rules(limits=(least,)))
    found = solve_robust(network, budget=1, gap=0)
    assert found.solution is None
    assert found.run.stop_reason is StopReason.INFEASIBLE
    assert "no facilities keep the hard rules in all of the futures" in found.reason
    assert "less pack from Ash" in found.reason


def test_a_future_in_which_only_some_facilities_keep_a_rule():
    """All must be collected: S of 60 t cannot where 90 t return, L can; at 60 t S alone would be the better one."""
    whole = CollectionTarget(name="all", share=1.0)
    types = plant(levels=(level(capacity_t=60), level(name="L", capacity_t=120, opening_cost=450)))
    network = line(returns=returns(more_t=30.0), types=types, policy=rules(collection_targets=(whole,)))
    found = solve_robust(network, budget=1, gap=0)
    assert found.certificate.passed, found.certificate
    assert {row["level"] for row in found.to_json()["first_stage"]} == {"L"}
    assert found.objective == pytest.approx(470 - 17 * 60)


def test_whole_trips_are_bounded_with_trips_as_they_are():
    """A lorry takes 7 t, a whole trip costs 5: 60 t take 9 trips, 30 t take 5."""
    mode = lorry(cost_per_t_km=0.0, trip_capacity_t=7.0, whole_trips=True, cost_per_trip=5.0)
    network = line(modes=(mode,), returns=returns(less_t=30.0))
    found = solve_robust(network, budget=1, gap=0.2)
    assert found.certificate.passed, found.certificate
    assert found.outcomes[0].cost == pytest.approx(320 - 18 * 60 + 9 * 5)
    assert found.objective == pytest.approx(320 - 18 * 30 + 5 * 5)
    assert found.most >= found.objective - 1e-9


# ---- against all corners ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("budget", "deviation"), [(1, None), (2, None), (1, 0.5), (2, 0.5)])
def test_two_towns_like_all_corners(budget, deviation):
    network = two_towns()
    if deviation is not None:
        flat = tuple(dataclasses.replace(row, more_t=0.0) for row in network.returns)
        network = dataclasses.replace(network, returns=flat)
    found, whole = (
        solve_robust(network, budget=budget, deviation=deviation, gap=0),
        enumerated(network, budget, deviation),
    )
    assert found.objective == pytest.approx(whole)
    assert found.most == pytest.approx(whole)


def many_towns(count, seed, *, largest=0.9):
    """Return towns around three places for plants of two sizes, with deviations up and down drawn at random."""
    rng = np.random.default_rng(seed)
    names = [f"town {n}" for n in range(count)]
    at = rng.uniform(0, 100, (count, 2))
    km = np.linalg.norm(at[:, None] - at[None, :], axis=2)
    rows = []
    for name in names:
        tonnes, up, down = rng.uniform(20, 60), rng.uniform(0.0, largest), rng.uniform(0.0, largest)
        rows.append(Return(site=name, product="pack", tonnes=tonnes, more_t=up * tonnes, less_t=down * tonnes))
    small, large = level(capacity_t=80, opening_cost=700), level(name="L", capacity_t=200, opening_cost=1300)
    return line(
        sites=tuple(Site(name=name) for name in names),
        returns=tuple(rows),
        types=plant(levels=(small, large)),
        candidates=tuple(Candidate(site=name, type="plant") for name in names[:3]),
        markets=tuple(dataclasses.replace(line().markets[0], site=name) for name in names[:3]),
        distances={"road": km},
    )


@pytest.mark.parametrize(("seed", "budget"), [(1, 2), pytest.param(2, 3, marks=pytest.mark.slow)])
def test_towns_like_all_corners(seed, budget):
    network = many_towns(4, seed)
    found, whole = solve_robust(network, budget=budget, gap=0), enumerated(network, budget)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(whole, rel=1e-6)
    assert found.most == pytest.approx(whole, rel=1e-6)
    assert found.run.bound == pytest.approx(whole, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 23))
def test_more_towns_like_all_corners(seed):
    network, budget = many_towns(5, seed), 1 + seed % 3
    found, whole = solve_robust(network, budget=budget, gap=0), enumerated(network, budget)
    assert found.certificate.passed, found.certificate
    assert found.most == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("largest", [0.2, 0.45, 1.0])
def test_the_adversary_finds_the_worst_of_all_corners(largest):
    """Single corners fit below 0.2 with a budget of 4, pairs of them below 0.5; else it branches first."""
    network, budget = many_towns(6, 7, largest=largest), 4
    moves = moves_of(network)
    plan = solve(network, gap=0).solution
    with catching_interrupt() as flag:
        hindsight = Hindsight(MovingSides(network, moves), plan, EXACT, flag)
        adversary = Adversary(hindsight, moves, [room(network, m) for m in moves], budget)
        found = adversary.go(is_enough=lambda value, bound: bound - value <= 1e-6)
        worst = max(hindsight.cost(dict.fromkeys(sorted(choice), 1.0)) for choice in corners(moves, budget))
    assert found.value == pytest.approx(worst)
    assert found.bound == pytest.approx(worst)


def test_bounds_by_what_can_reach_a_place_are_never_below_those_of_a_future():
    """They are the least of capacities and of returns, a kink; a step measured elsewhere had put them below 0."""
    network = many_towns(5, 5)
    sides = MovingSides(network, moves_of(network))
    own = to_arrays(formulate(network, WEIGHTS, is_tight=False), np.zeros(sides.m.size))
    assert np.all(sides.at(np.zeros(len(sides.moves))).upper >= own.upper - 1e-9)


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_moving_sides_are_those_of_the_futures(seed):
    """What the linear program says of a future is what the usual formulation finds there, on random networks."""
    try:
        network = random_network(seed)
    except InvalidNetwork:
        return
    answer = solve(network, gap=0)
    try:
        moves = moves_of(network, 0.3)
        sides = MovingSides(network, moves)
    except InvalidInput:
        return
    if answer.solution is None:
        return
    rng = np.random.default_rng(seed)
    with catching_interrupt() as flag:
        hindsight = Hindsight(sides, answer.solution, EXACT, flag)
        for _ in range(3):
            choice = {int(i): 1.0 for i in rng.permutation(len(moves))[:2]}
            future = in_full(network, moves, frozenset(choice))
            usual = solve(future, gap=0, facilities=answer.solution)
            value, _ = hindsight.with_whole_numbers(choice, EXACT)
            if usual.objective is None:
                assert not np.isfinite(value)
            else:
                size = max(1.0, sum(map(abs, usual.solution.cost_terms.values())))
                assert value == pytest.approx(usual.objective, abs=1e-6 * size)


@pytest.mark.parametrize("seed", [3, 5])
def test_slopes_of_duals_never_say_too_much(seed):
    """The cost is convex: elsewhere it is no less than what the slopes at a future say."""
    network = many_towns(5, seed)
    moves = moves_of(network)
    plan, rng = solve(network, gap=0).solution, np.random.default_rng(seed)
    with catching_interrupt() as flag:
        hindsight = Hindsight(MovingSides(network, moves), plan, EXACT, flag)
        drawn = [frozenset(rng.permutation(len(moves))[:size].tolist()) for size in (0, 1, 2, 3)]
        futures = [dict.fromkeys(choice, 1.0) for choice in drawn if len({moves[i].row for i in choice}) == len(choice)]
        for here, there in itertools.product(futures, repeat=2):
            slopes = hindsight.slopes(here)
            by = sum(slopes[i] * (there.get(i, 0.0) - here.get(i, 0.0)) for i in {*here, *there})
            assert hindsight.cost(there) >= hindsight.cost(here) + by - 1e-6 * abs(hindsight.cost(here))


def test_plans_are_made_for_what_is_planned_only_until_a_worse_future_is_known():
    network = two_towns()
    known = KnownFutures(network, moves_of(network))
    assert (known.active, known.names) == ([0], ["as planned"])
    assert known.add(frozenset({0}))
    assert known.active == [1]
    assert not known.add(frozenset({0}))
    assert known.add(frozenset())
    assert (known.active, known.count) == ([1, 0], 2)


@pytest.mark.parametrize("budget", [1, 2])
def test_fractions_of_facilities_bound_all_plans(budget):
    """Whatever futures are known: a plan for them, in fractions, costs no more than one for all corners."""
    network = two_towns()
    moves = moves_of(network)
    known, whole = KnownFutures(network, moves), enumerated(network, budget)
    for choice in corners(moves, budget):
        known.add(choice)
        bound, _ = known.relaxed(EXACT)
        assert bound <= whole + 1e-6
    low, high = known.ranges()
    assert max(low) <= whole <= high


# ---- bad input, limits -----------------------------------------------------------------------------------------------


def test_a_time_limit_keeps_the_best_plan():
    found = solve_robust(many_towns(6, 3), budget=3, gap=0, time_limit=1.5)
    assert found.run.stop_reason in (StopReason.TIME_LIMIT, StopReason.CONVERGED)
    if found.solution is not None and found.most is not None:
        assert found.run.bound <= found.most + 1e-6


@pytest.mark.parametrize(
    ("network", "options", "told"),
    [
        (line(), {"budget": 1}, "no row of the returns may deviate"),
        (line(), {"budget": -1, "deviation": 0.2}, "--budget: is -1"),
        (line(), {"budget": 1, "deviation": 2.0}, "--deviation: is 2"),
        (line(scenarios=(Scenario(name="a"), Scenario(name="b"))), {"budget": 1, "deviation": 0.1}, "has 2 futures"),
    ],
)
def test_what_is_wrong_is_told(network, options, told):
    with pytest.raises(InvalidInput, match=told):
        solve_robust(network, **options)


def test_rules_that_weigh_by_returns_are_refused():
    near = Coverage(name="near", share=0.5, radius_km=50.0, types=("plant",), distance="road", penalty_per_t=1.0)
    with pytest.raises(InvalidInput, match="coverage"):
        solve_robust(two_towns(policy=rules(coverage=(near,))), budget=1)


def test_deviations_are_read_from_the_table(tmp_path):
    row = read(small_network(tmp_path)).returns[0]
    text = f"site,product,tonnes,less_t\n{row.site},{row.product},100,{{}}\n"
    network = read(small_network(tmp_path, {"returns.csv": text.format(30)}))
    assert [move.by for move in moves_of(network)] == [(-30.0,) * len(network.periods)]
    with pytest.raises(InvalidInput, match=r"less_t: is 120 in .*; expected at most tonnes, 100"):
        moves_of(read(small_network(tmp_path, {"returns.csv": text.format(120)})))


def test_names_of_futures():
    moves = moves_of(two_towns())
    assert name_of(moves, frozenset()) == "as planned"
    assert name_of(moves, frozenset({1, 0})) == "more pack from Ash; more pack from Elm"
