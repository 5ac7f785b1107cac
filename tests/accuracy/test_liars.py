"""Wrong solvers are caught by the measures; a right one is not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt.accuracy import AccuracyProblem, Solver, contestants, problems, run
from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.contest import Word
from batteryopt.accuracy.contestants import with_options
from batteryopt.accuracy.digits import exact
from batteryopt.accuracy.dual_errors import judged_duals
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.verdicts import ContestVerdict
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.compile.arrays import compile_model
from batteryopt.solvers.contract.attempts import Start
from batteryopt.solvers.highs import highs_run
from batteryopt.solvers.interior_point import ipopt
from tests.accuracy import liars
from tests.accuracy.test_references import quadratic


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


def test_the_floor_follows_the_tolerance() -> None:
    """Every decision of the plan is moved by 5e-8: within ten times 1e-6, and outside of ten times 1e-9."""
    for tolerance, verdict in ((1e-6, ContestVerdict.RIGHT), (1e-9, ContestVerdict.WRONG)):
        assert judged(INTEGER, liars.Perturber(5e-8), tolerance)["verdict"] == verdict


def test_a_dearer_twin_is_the_wrong_plan_for_who_was_asked_for_a_gap_of_0() -> None:
    """The twin costs a millionth more of some 3,000: 3e-10, far within any tolerance, and yet another plan."""
    tied = problem("line-nearly-tied-4x6-0")
    for tolerance, verdict in ((1e-6, ContestVerdict.RIGHT), (1e-9, ContestVerdict.WRONG)):
        row = judge_run(tied, tied.find_truth(), liars.DearerTwin(), tolerance)
        assert row["verdict"] == verdict
        assert 1e-10 < row["objective_error"] < 1e-8
        assert row["violation"] == 0
    assert judged(tied, liars.Honest(), 1e-9)["verdict"] == ContestVerdict.RIGHT


@pytest.mark.parametrize(
    ("name", "reason", "verdict"),
    [
        ("linear-unbounded", StopReason.INFEASIBLE, ContestVerdict.OTHER_REASON),
        ("linear-infeasible", StopReason.UNBOUNDED, ContestVerdict.OTHER_REASON),
        ("linear-unbounded", StopReason.UNBOUNDED, ContestVerdict.RIGHT),
        ("linear-infeasible", StopReason.INFEASIBLE, ContestVerdict.RIGHT),
        ("linear-unbounded", StopReason.INFEASIBLE_OR_UNBOUNDED, ContestVerdict.RIGHT),
    ],
)
def test_why_there_is_no_solution_counts(name: str, reason: StopReason, verdict: ContestVerdict) -> None:
    case = problem(name)
    assert judge_run(case, case.find_truth(), liars.Teller(reason), 1e-6)["verdict"] == verdict
    assert ContestVerdict.OTHER_REASON.is_lie


def test_a_local_claim_is_tried_for_being_one() -> None:
    """Lowest bidder: 5x - 12 up to x = 2, 8 - 5x beyond; so at 2 the leader's cost is largest, -2, 83 % off -12.

    The contract: whoever sells nothing at a wholesale price of the whole market would gain by asking for less.
    """
    case = problem("lowest-bidder")
    for x, y, expected in ((2.0, 1.0, ContestVerdict.WRONG), (1.5, 1.5, ContestVerdict.WRONG)):
        row = judge_run(case, case.find_truth(), Claimant(x, y), 1e-6)
        assert row["verdict"] == expected
        assert row["nearby_gain"] > 1e-3
    row = judge_run(case, case.find_truth(), Claimant(1.0, 2.0), 1e-6)
    assert (row["verdict"], row["nearby_gain"]) == (ContestVerdict.RIGHT, 0.0)


def test_stopped_with_the_optimum_in_hand_is_apart_from_modest_and_from_stopped() -> None:
    assert judged(INTEGER, liars.Sleeper())["verdict"] == ContestVerdict.IN_HAND
    assert judged(INTEGER, liars.Doubter())["verdict"] == ContestVerdict.MODEST
    nowhere = liars.Teller(StopReason.TIME_LIMIT)
    assert judge_run(INTEGER, INTEGER.find_truth(), nowhere, 1e-6)["verdict"] == ContestVerdict.LIMIT


@pytest.mark.parametrize("name", ["highs", "raw:highs", "ipopt", "raw:ipopt", "scip", "raw:scip"])
def test_a_bogus_option_is_a_fault_and_no_finding(name: str) -> None:
    (bogus,) = with_options(contestants(), {name: {"no_such_option": 3}})
    with pytest.raises(InvalidInput, match=r"no_such_option(.|\n)*solver's own list"):
        run([QUADRATIC], [bogus], tolerances=[1e-6])
    (known,) = with_options(contestants(["highs"]), {"highs": {"presolve": "off"}})
    assert list(run([QUADRATIC], [known], tolerances=[1e-6])["verdict"]) == ["right"]


def test_what_could_not_be_handed_over_is_no_failure_of_the_solver() -> None:
    row = judged(QUADRATIC, liars.Unhanded())
    assert row["verdict"] == ContestVerdict.INTERFACE
    assert "no way to write this down" in row["message"]
    assert not ContestVerdict.INTERFACE.is_run


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "right"), (-1.0, "wrong"), (1 + 1e-3, "wrong")])
def test_duals_are_judged_apart_from_the_point(factor: float, verdict: str) -> None:
    row = judged(ACTIVE, liars.Twister(factor))
    assert row["verdict"] == ContestVerdict.RIGHT
    assert row["dual_verdict"] == verdict
    assert judged(ACTIVE, liars.Honest())["dual_verdict"] == "right"
    assert judged(INTEGER, liars.Honest())["dual_verdict"] == ""


def test_dual_errors_by_hand() -> None:
    """min x^2 - 2x + y^2 - 6y with x + y <= 2 is least at (0, 2), where both gradients are -2: the row's dual.

    The objective is -8. With a dual of -1 there, -1 is left of each gradient: of x's largest term 2, or of the 8 that
    such a slope would cost at the size of 1, 1/8; of y's largest term 6 (8 at the size of 2 are 4) 1/6.
    At (0, 1) the objective is -5; the gradient (-2, -4) leaves -2 of y's terms 2, 6, 2, and the row's slack of 1 times
    its dual of 2 is a gap of 2/5. A dual above 0, which a row without lower side cannot have, counts as 0.
    """
    model = quadratic()
    program = ExactProgram(compile_model(model))

    def errors(x: float, y: float, dual: float) -> tuple[float, float, float]:
        found = judged_duals(program, {"x": exact(x), "y": exact(y)}, {"line": dual}, {"x": 0.0, "y": 0.0})
        return found.residual, found.complementarity, found.gap

    assert errors(0, 2, -2) == (0, 0, 0)
    assert errors(0, 2, -1) == pytest.approx((1 / 6, 0, 0))
    assert errors(0, 1, -2) == pytest.approx((1 / 3, 0.4, 0.4))
    assert errors(0, 2, 2) == errors(0, 2, 0) == pytest.approx((1 / 3, 0, 0))


def test_where_all_multipliers_of_a_column_are_rounding_they_have_no_size() -> None:
    """min -2a with a + b <= 1 and b - d == 0: at a = 1, b = d = 0 all but the first row's dual, -2, may be 0.

    An interior point leaves 1e-9 in the duals of d's column, which is as large as its terms, and proves -2 to 1e-9.
    """
    model = pyo.ConcreteModel()
    model.a, model.b, model.d = (pyo.Var(bounds=(0, None)) for _ in range(3))
    model.first = pyo.Constraint(expr=model.a + model.b <= 1)
    model.same = pyo.Constraint(expr=model.b - model.d == 0)
    model.cost = pyo.Objective(expr=-2 * model.a)
    program = ExactProgram(compile_model(model))
    point = {"a": exact(1), "b": exact(0), "d": exact(0)}
    duals, reduced = {"first": -2.0, "same": 1e-9}, {"a": 0.0, "b": 2.0, "d": 0.0}
    assert judged_duals(program, point, duals, reduced).residual == pytest.approx(0.5e-9)
    assert judged_duals(program, point, {"first": -1.0}, {"b": 2.0}).residual == pytest.approx(0.5)


def test_every_tolerance_that_a_solver_has_is_passed_on() -> None:
    asked = Options(feasibility_tolerance=1e-8, optimality_tolerance=1e-9)
    start = Start(x=np.zeros(1))
    told = ipopt.native_options(asked, start, {"compl_inf_tol": 1e-8})
    names = ("tol", "constr_viol_tol", "dual_inf_tol", "compl_inf_tol")
    assert [told[name] for name in names] == [1e-9, 1e-8, 1e-9, 1e-9]
    loose = ipopt.native_options(Options(optimality_tolerance=1e-4), start, {"compl_inf_tol": 1e-8})
    assert loose["compl_inf_tol"] == 1e-8  # what an attempt needs is not loosened
    assert "dual_inf_tol" not in ipopt.native_options(Options(), start, {})
    settings = highs_run.settings_of(compile_model(quadratic()), asked)
    assert settings["primal_residual_tolerance"] == 1e-8
    assert settings["ipm_optimality_tolerance"] == settings["dual_residual_tolerance"] == 1e-9
