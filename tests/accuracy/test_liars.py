"""Wrong solvers are caught by the measures; a right one is not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from batteryopt.accuracy import AccuracyProblem, Solver, problems
from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.contest import Word
from batteryopt.accuracy.measures import ContestVerdict
from batteryopt.ground.status import PointStatus, StopReason
from tests.accuracy import liars


def problem(name: str) -> AccuracyProblem:
    (found,) = [p for p in problems(quick=True) if p.name == name]
    return found


QUADRATIC = problem("centralized-interior-0")
ACTIVE = problem("plain-4-0")
INTEGER = problem("line-plain-4x6-0")
INFEASIBLE = problem("linear-infeasible")


def judged(case: AccuracyProblem, liar: liars.Liar, tolerance: float = 1e-6) -> dict[str, object]:
    return judge_run(case, case.find_truth(), Solver(liar), tolerance)


@pytest.mark.parametrize("case", [QUADRATIC, ACTIVE, INTEGER, INFEASIBLE], ids=lambda p: p.name)
def test_an_honest_solver_is_right(case: AccuracyProblem) -> None:
    row = judged(case, liars.Honest())
    assert row["verdict"] == ContestVerdict.RIGHT
    assert case is INFEASIBLE or row["objective_error"] < 1e-9


@pytest.mark.parametrize("case", [QUADRATIC, ACTIVE, INTEGER], ids=lambda p: p.name)
def test_a_perturbed_answer_is_caught(case: AccuracyProblem) -> None:
    row = judged(case, liars.Perturber())
    assert row["verdict"] == ContestVerdict.WRONG
    # Every decision was multiplied by 1 + 1e-4; errors are relative to the decision where it is larger than its unit.
    assert row["decision_error"] == pytest.approx(1e-4, rel=1e-4)
    assert max(row["violation"], row["objective_error"]) > 1e-5


def test_the_kkt_residual_sees_a_perturbation_that_breaks_no_constraint() -> None:
    """With one variable free and no row, x = 2 (1 + 1e-4) has the gradient 2e-4 against terms of 2."""
    import pyomo.environ as pyo

    from batteryopt.accuracy.kkt_points import truth_of_program

    def build() -> pyo.ConcreteModel:
        m = pyo.ConcreteModel()
        m.x = pyo.Var(bounds=(0, 10))
        m.objective = pyo.Objective(expr=m.x**2 / 2 - 2 * m.x)
        return m

    case = AccuracyProblem(
        family="test", name="free", size=1, build=build, find_truth=lambda: truth_of_program(build())
    )
    row = judged(case, liars.Perturber(), tolerance=1e-9)
    assert row["stationarity"] == pytest.approx(1e-4, rel=1e-3)
    assert row["decision_error"] == pytest.approx(1e-4, rel=1e-3)
    # f = -2 at the optimum; the error is (2e-4)^2 / 2 = 2e-8, which is 1e-8 of it: of second order
    assert row["objective_error"] == pytest.approx(1e-8, rel=1e-3)


@pytest.mark.parametrize("case", [QUADRATIC, ACTIVE, INTEGER], ids=lambda p: p.name)
def test_a_false_bound_is_caught(case: AccuracyProblem) -> None:
    row = judged(case, liars.FalseBounder())
    assert row["verdict"] == ContestVerdict.FALSE_BOUND
    assert row["bound_excess"] == pytest.approx(1e-3, rel=1e-3)


def test_optimal_where_nothing_is_feasible_is_caught() -> None:
    row = judged(INFEASIBLE, liars.Pretender())
    assert row["verdict"] == ContestVerdict.MISSED


@pytest.mark.parametrize("case", [QUADRATIC, INTEGER], ids=lambda p: p.name)
def test_optimal_at_an_infeasible_point_is_caught(case: AccuracyProblem) -> None:
    row = judged(case, liars.Pretender())
    assert row["verdict"] in (ContestVerdict.WRONG, ContestVerdict.FALSE_BOUND)
    assert row["violation"] > 1e-2


@pytest.mark.parametrize("case", [QUADRATIC, ACTIVE, INTEGER], ids=lambda p: p.name)
def test_failed_at_the_optimum_is_recognised(case: AccuracyProblem) -> None:
    row = judged(case, liars.Doubter())
    assert row["verdict"] == ContestVerdict.MODEST
    assert row["objective_error"] < 1e-9


def test_no_solution_where_there_is_one_is_caught() -> None:
    row = judged(QUADRATIC, liars.Denier())
    assert row["verdict"] == ContestVerdict.NO_SUCH_THING
    assert math.isnan(row["objective_error"])


def test_a_local_claim_is_honest_only_where_there_are_lesser_peaks() -> None:
    """Lowest bidder: at x = 1, y = 2 the follower is at its best and the leader at a lesser peak, -7 for -12.

    At the kink the leader has one peak: x = y = 1/2 is none, though the follower is at its best there.
    """
    for name, x, y, expected in (
        ("lowest-bidder", 1.0, 2.0, ContestVerdict.RIGHT),
        ("lowest-bidder", 1.0, 3.0, ContestVerdict.WRONG),  # one more than the follower would bid
        ("at-the-kink", 0.5, 0.5, ContestVerdict.WRONG),
    ):
        case = problem(name)
        row = judge_run(case, case.find_truth(), Claimant(x, y), 1e-6)
        assert row["verdict"] == expected, name


class Claimant:
    """Puts a point into a two-level model and calls it locally optimal."""

    name, levels = "claimant", 2

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        model.x.set_value(self.x)
        model.follower.y.set_value(self.y)
        return Word(
            solver="claimant",
            version="0",
            stop_reason=StopReason.CONVERGED,
            point_status=PointStatus.LOCALLY_OPTIMAL,
            bound=None,
            iterations=None,
            seconds=0.0,
        )


def test_a_solver_that_breaks_down_has_failed_and_says_why() -> None:
    class Broken(liars.Liar):
        name = "broken"

        def spoil(self, model: object, report: object) -> object:
            raise RuntimeError("out of order")

    row = judged(QUADRATIC, Broken())
    assert row["verdict"] == ContestVerdict.HONEST_FAILURE
    assert "out of order" in row["message"]
