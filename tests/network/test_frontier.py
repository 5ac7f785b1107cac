"""Compromises between two objectives, and what is left of them when somebody stops the search."""

import dataclasses
import functools

import pytest

from batteryopt.errors import InvalidInput
from batteryopt.network import frontier_search, time_budget
from batteryopt.network.compromises import solve_frontier
from batteryopt.network.frontier import frontier
from batteryopt.network.objective import Objective
from batteryopt.network.policy import Limit, Policy, Quantity
from batteryopt.status import PointStatus, StopReason
from tests.network.compromise import POINTS, chain_of_choice

KINDS = (Objective.COST, Objective.COLLECTION)


@pytest.fixture(scope="module")
def found():
    return frontier(chain_of_choice(), *KINDS, points=5, gap=0.0)


def test_points_are_those_found_by_hand(found):
    rows = found.to_frame()[["cost", "collection"]].to_numpy().tolist()
    assert [value for row in rows for value in row] == pytest.approx([v for point in POINTS for v in point], rel=1e-4)
    assert found.stop_reason is StopReason.CONVERGED


def test_every_point_is_the_cheapest_that_keeps_its_limit(found):
    """The middle one had to collect at least 12.5 t; the last one all that anybody can collect, 20 t."""
    held = [answer.held.get(Objective.COLLECTION) for answer in found.answers]
    assert held[0] is None
    assert held[1:] == pytest.approx([12.5, 20.0], rel=1e-5)
    for answer, (cost, _) in zip(found.answers, POINTS, strict=True):
        assert answer.run.bound == pytest.approx(cost, rel=1e-4)
        assert answer.run.point_status is PointStatus.OPTIMAL
        assert answer.certificate.passed


def test_a_point_beyond_its_bound_or_limit_fails_its_check(found):
    from batteryopt.network.frontier_search import _certificate

    middle = found.answers[1]
    run = dataclasses.replace(middle.run, bound=460.0)  # the plan costs 450
    [beyond, kept] = _certificate(dataclasses.replace(middle, run=run), Objective.COST, middle.held)
    assert not beyond.passed
    assert kept.passed
    [_, missed] = _certificate(middle, Objective.COST, {Objective.COLLECTION: 13.0})  # it collects 12.5 t
    assert missed.residual == pytest.approx(0.5 / 13.0, rel=1e-3)
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
    monkeypatch.setattr("batteryopt.network.frontier.TimeBudget", still)
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
    assert [so_far.sought for so_far in given] == [1, 2, 3, 4, 5]
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
    middle = found.points[1]
    wide = dataclasses.replace(middle, answer=dataclasses.replace(middle.answer, run=run_with(middle, bound=441.0)))
    assert wide.is_proven(0.03)  # it costs 450: a gap of 2 %
    assert not wide.is_proven(0.01)
    assert not dataclasses.replace(middle, second_gap=None).is_proven(0.01)
    assert found.to_frame()["is_proven"].tolist() == [True, True, True]


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
