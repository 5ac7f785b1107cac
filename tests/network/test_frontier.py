"""Compromises between two objectives, and what is left of them when somebody stops the search."""

import dataclasses

import pytest

from batteryopt.errors import InvalidInput
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
    from batteryopt.network.frontier import _certificate

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
    assert kept.stop_reason is StopReason.TIME_LIMIT


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
