"""Compromises between two objectives, and what is left of them when somebody stops the search."""

import dataclasses
import functools

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Candidate, Level
from batteryopt.network.data.objective import Objective
from batteryopt.network.data.policy import Limit, Policy, Quantity
from batteryopt.network.studies import frontier_search, time_budget
from batteryopt.network.studies.compromises import solve_frontier
from batteryopt.network.studies.frontier import frontier
from tests.network.compromise import POINTS, chain_of_choice
from tests.network.echelon import echelon

KINDS = (Objective.COST, Objective.COLLECTION)


@pytest.fixture(scope="module")
def found():
    return frontier(chain_of_choice(), *KINDS, points=5, gap=0.0)


def test_points_are_those_found_by_hand(found):
    rows = found.to_frame()[["cost", "collection"]].to_numpy().tolist()
    assert [value for row in rows for value in row] == pytest.approx([v for point in POINTS for v in point], rel=1e-4)
    assert found.stop_reason is StopReason.CONVERGED


def no_more_than_half_way(model):
    model.half_way = pyo.Constraint(expr=model.collection <= 12.5)


def test_every_point_keeps_the_users_rules():
    """Half-way up were 12.5 t for 450; the rule makes it the other end, and nothing dearer is a compromise."""
    kept = frontier(chain_of_choice(), *KINDS, points=3, gap=0.0, rules=no_more_than_half_way)
    assert kept.to_frame().iloc[0]["cost"] == pytest.approx(POINTS[0][0], rel=1e-4)
    assert kept.to_frame().iloc[-1][["cost", "collection"]].tolist() == pytest.approx([450, 12.5], rel=1e-4)
    assert all(answer.certificate.passed for answer in kept.answers)
    assert all("half_way" in str(answer.certificate) for answer in kept.answers)


def test_another_solver_finds_the_same_ends():
    ends = frontier(chain_of_choice(), *KINDS, points=2, gap=0.0, solver="scip")
    assert ends.to_frame()[["cost", "collection"]].to_numpy().ravel().tolist() == pytest.approx(
        [*POINTS[0], *POINTS[-1]], rel=1e-4
    )
    assert all(answer.run.solver.startswith("scip") for answer in ends.answers)


def test_every_point_is_the_best_in_one_that_keeps_its_limit_of_the_other(found):
    """Half-way up were 12.5 t, and 11.25 t; just below the cost of all there were 15 t; at the end all, 20 t."""
    held = [answer.held.get(Objective.COLLECTION) for answer in found.answers]
    assert held[0] is None
    assert held[1:] == pytest.approx([11.25, 12.5, 15.0, 20.0], rel=1e-4)
    for answer, (cost, _) in zip(found.answers, POINTS, strict=True):
        assert answer.run.bound == pytest.approx(cost, rel=1e-4)
        assert answer.run.point_status is PointStatus.OPTIMAL
        assert answer.certificate.passed


def test_a_point_beyond_its_bound_or_limit_fails_its_check(found):
    """A tonne collected is worth one: what is missing of a limit is told in tonnes."""
    from batteryopt.network.studies.frontier_search import _certificate

    middle, sizes = found.answers[2], {Objective.COST: 400.0, Objective.COLLECTION: 1.0}
    run = dataclasses.replace(middle.run, bound=460.0)  # the plan costs 450
    [beyond, kept] = _certificate(dataclasses.replace(middle, run=run), Objective.COST, middle.held, sizes)
    assert not beyond.passed
    assert kept.passed
    [_, missed] = _certificate(middle, Objective.COST, {Objective.COLLECTION: 13.0}, sizes)  # it collects 12.5 t
    assert missed.residual == pytest.approx(0.5, rel=1e-3)
    assert not missed.passed


def test_ctrl_c_between_two_points_keeps_those_found():
    def stop_at_the_third(number, _):
        if number == 3:
            raise KeyboardInterrupt

    kept = frontier(chain_of_choice(), *KINDS, points=5, gap=0.0, on_point=stop_at_the_third)
    assert kept.to_frame()["cost"].tolist() == pytest.approx([400, 500], rel=1e-4)
    assert kept.stop_reason is StopReason.INTERRUPTED


def test_a_limit_keeps_what_there_is():
    kept = frontier(chain_of_choice(), *KINDS, points=5, gap=0.0, total_time_limit=1e-3)
    assert 1 <= len(kept.points) < 3
    assert kept.sought < kept.asked
    assert kept.stop_reason is StopReason.TIME_LIMIT


def test_solves_share_the_limit(monkeypatch):
    """Four solves for two points; as the clock stands still, 12 s give them 3, 4, 6 and 12 s."""
    still = functools.partial(time_budget.TimeBudget, clock=lambda: 1000.0)
    monkeypatch.setattr("batteryopt.network.studies.frontier.TimeBudget", still)
    shares = []
    answer_with_point = frontier_search.answer_with_point

    def noting(network, m, weights, options, **more):
        shares.append(options.time_limit)
        return answer_with_point(network, m, weights, dataclasses.replace(options, time_limit=None), **more)

    monkeypatch.setattr(frontier_search, "answer_with_point", noting)
    frontier(chain_of_choice(), *KINDS, points=2, gap=0.0, total_time_limit=12.0)
    assert shares == [3.0, 4.0, 6.0, 12.0]


def test_every_point_is_given_as_it_is_found():
    given = []
    whole = frontier(chain_of_choice(), *KINDS, points=5, gap=0.0, on_found=given.append)
    assert [so_far.sought for so_far in given] == [1, 2, 4, 5, 6]  # from 15 t up there was none but all
    assert {so_far.stop_reason for so_far in given} == {StopReason.INTERRUPTED}  # whoever kills it leaves that
    costs = [so_far.to_frame()["cost"].tolist() for so_far in given]
    assert costs[0] == pytest.approx([400], rel=1e-4)
    assert costs[1] == pytest.approx([400, 500], rel=1e-4)
    assert costs[-1] == whole.to_frame()["cost"].tolist()


def test_ctrl_c_while_a_point_is_saved_keeps_it():
    def stop(_):
        raise KeyboardInterrupt

    kept = frontier(chain_of_choice(), *KINDS, points=5, gap=0.0, on_found=stop)
    assert kept.to_frame()["cost"].tolist() == pytest.approx([400], rel=1e-4)
    assert (kept.sought, kept.stop_reason) == (1, StopReason.INTERRUPTED)


def test_ctrl_c_in_the_second_solve_of_a_point_keeps_the_first(monkeypatch):
    answer_with_point = frontier_search.answer_with_point

    def stop_at_the_second(network, m, weights, *rest, **more):
        if Objective.COLLECTION in weights:
            raise KeyboardInterrupt
        return answer_with_point(network, m, weights, *rest, **more)

    monkeypatch.setattr(frontier_search, "answer_with_point", stop_at_the_second)
    kept = frontier(chain_of_choice(), *KINDS, points=5, gap=0.0)
    [point] = kept.points
    assert point.answer.objective == pytest.approx(400.0)
    assert point.answer.gap == pytest.approx(0.0, abs=1e-9)
    assert point.second_gap is None
    assert kept.stop_reason is StopReason.INTERRUPTED


def test_proven_is_a_point_whose_both_gaps_are_small_enough(found):
    assert all(point.is_proven(1e-4) for point in found.points)
    middle = found.points[2]
    wide = dataclasses.replace(middle, answer=dataclasses.replace(middle.answer, run=run_with(middle, bound=441.0)))
    assert wide.is_proven(0.03)  # it costs 450: a gap of 2 %
    assert not wide.is_proven(0.01)
    assert not dataclasses.replace(middle, second_gap=None).is_proven(0.01)
    assert found.to_frame()["is_proven"].tolist() == [True] * 5


def run_with(point, **change):
    return dataclasses.replace(point.answer.run, **change)


def test_without_any_plan_it_says_why():
    """The two towns return 20 t: nobody can collect 25 t."""
    rule = Limit(name="too much", quantity=Quantity.COLLECTED, least=25)
    network = dataclasses.replace(chain_of_choice(), policy=Policy(limits=(rule,)))
    result = solve_frontier(network, "cost", "emissions", points=3)
    assert result.frontier.points == ()
    assert result.answer.run.stop_reason is StopReason.INFEASIBLE
    assert result.to_json()["models"]["design"]["conflicts"]


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        solve_frontier(chain_of_choice(), "cots", "emissions", points=1)
    assert [fault.place for fault in caught.value.faults] == ["--between", "--points"]
    assert "cost" in caught.value.faults[0].remedy
    with pytest.raises(InvalidInput, match="stands there twice"):
        solve_frontier(chain_of_choice(), "cost", "cost")


def choice_of_plants(costs, emissions_t):
    """A town and plants, one of which takes its tonne: each costs and emits what it says (t CO2e, at opening)."""
    count = len(costs)
    town = echelon(np.zeros((count + 1, count + 1)), [1] + [0] * count, [1] * (count + 1))
    types = tuple(
        dataclasses.replace(
            town.types[0],
            name=f"type{i}",
            levels=(Level(name="one", capacity_t=1.0, opening_cost=cost, emission_kg=1000.0 * emitted),),
        )
        for i, (cost, emitted) in enumerate(zip(costs, emissions_t, strict=True))
    )
    candidates = tuple(Candidate(site=f"town{i + 1}", type=f"type{i}") for i in range(count))
    return dataclasses.replace(town, types=types, candidates=candidates)


def compromises(pairs):
    """Return the pairs that no other is as good as in both, best in the first one first."""
    return sorted(p for p in set(pairs) if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in pairs))


def test_all_compromises_are_found_where_there_are_no_more_than_asked_for():
    """Two of the eight are beaten, by (5, 60) and by (18, 29)."""
    pairs = [(0, 100), (5, 60), (9, 55), (10, 30), (18, 29), (20, 0), (6, 70), (19, 31)]
    kinds = (Objective.COST, Objective.EMISSIONS)
    whole = frontier(choice_of_plants(*zip(*pairs, strict=True)), *kinds, points=6, gap=0.0)
    rows = whole.to_frame()[["cost", "emissions"]].to_numpy()
    assert rows == pytest.approx(np.array([(0, 100), (5, 60), (9, 55), (10, 30), (18, 29), (20, 0)]), abs=1e-3)
    more = frontier(choice_of_plants(*zip(*pairs, strict=True)), *kinds, points=8, gap=0.0)
    assert len(more.points) == 6
    assert more.is_complete
    few = frontier(choice_of_plants(*zip(*pairs, strict=True)), *kinds, points=4, gap=0.0)
    assert len(few.points) == 4
    assert not few.is_complete


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=9))
@settings(max_examples=6, deadline=None)
def test_compromises_are_those_that_enumeration_finds(pairs):
    expected = compromises(pairs)
    kinds = (Objective.COST, Objective.EMISSIONS)
    found = frontier(choice_of_plants(*zip(*pairs, strict=True)), *kinds, points=max(2, len(expected) + 1), gap=0.0)
    assert found.to_frame()[["cost", "emissions"]].to_numpy() == pytest.approx(np.array(expected, float), abs=1e-3)
    assert found.is_complete
    assert all(point.answer.certificate.passed for point in found.points)


def test_a_stage_that_is_not_proven_never_makes_a_frontier_complete(monkeypatch):
    """The least emission is sought in vain for a proof: what comes of it is a plan, and no end of the frontier."""
    answer_with_point = frontier_search.answer_with_point

    def troubled(network, m, weights, *rest, **more):
        found, x = answer_with_point(network, m, weights, *rest, **more)
        if Objective.EMISSIONS in weights and more.get("extra") is None:
            trouble = {"stop_reason": StopReason.NUMERICAL_TROUBLE, "point_status": PointStatus.FEASIBLE, "bound": None}
            found = dataclasses.replace(found, run=dataclasses.replace(found.run, **trouble))
        return found, x

    monkeypatch.setattr(frontier_search, "answer_with_point", troubled)
    network = choice_of_plants([0, 10, 20], [10, 5, 0])
    found = frontier(network, Objective.COST, Objective.EMISSIONS, points=5, gap=0.0)
    assert not found.is_complete
    assert not found.points[-1].is_proven(0.0)
    assert found.answers[-1].run.stop_reason is StopReason.NUMERICAL_TROUBLE
