"""Solvers as they are shipped: the same doubles, their own words, every option on record; both tracks side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

from batteryopt.accuracy import AccuracyProblem, Evaluation, Track, Truth, contestants, problems
from batteryopt.accuracy.accuracy_page import page
from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.contest import track_of
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.raw import RAW, RawHighs, RawIpopt, RawScip, RawSolver
from batteryopt.accuracy.raw.raw_interior import AS_SAID
from batteryopt.accuracy.raw.raw_solver import RawAnswer
from batteryopt.accuracy.two_tracks import findings, side_by_side
from batteryopt.accuracy.verdicts import ContestVerdict
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import compile_model
from batteryopt.solvers.compile.components import parts_of
from batteryopt.solvers.compile.nonlinear import compile_nonlinear
from tests.command_line import invoke

HERE = [kind for kind in RAW if kind().is_available()]


def linear() -> pyo.ConcreteModel:
    """max 0.2 x + y / 3 with x + 3 y <= 4 and x <= 1: a unit of the row earns 1/5 by x, 1/9 by y; so x = 1, y = 1."""
    m = pyo.ConcreteModel(name="linear")
    m.x, m.y = pyo.Var(bounds=(0, 1), initialize=0.5), pyo.Var(bounds=(0, None), initialize=0.5)
    m.row = pyo.Constraint(expr=m.x + 3 * m.y <= 4)
    m.profit = pyo.Objective(expr=0.2 * m.x + m.y / 3, sense=pyo.maximize)
    return m


@pytest.mark.parametrize("kind", HERE, ids=lambda kind: kind.solver)
def test_a_solver_is_told_the_tolerance_and_everything_it_was_told_is_on_record(kind: type[RawSolver]) -> None:
    model, who = linear(), kind()
    word = who.solve(model, 1e-7, 9.0)
    assert (model.x.value, model.y.value) == pytest.approx((1.0, 1.0), abs=1e-5)
    assert word.stop_reason is StopReason.CONVERGED
    assert word.raw_status
    assert word.version
    assert dict(word.options) == who.settings(1e-7, 9.0)
    assert sum(value == 1e-7 for value in word.options.values()) >= 3
    assert 9.0 in word.options.values()


@pytest.mark.parametrize("name", ["highs", "raw:highs", "ipopt", "raw:ipopt"])
def test_duals_are_derivatives_of_the_optimal_value_on_both_tracks(name: str) -> None:
    """One more of the row is a third of y more, worth 1/9; x at its bound earns 1/5 and costs 1/9 of the row."""
    (who,) = contestants([name])
    word = who.solve(linear(), 1e-8, 9.0)
    assert word.duals["row"] == pytest.approx(1 / 9, abs=1e-6)
    assert word.reduced_costs["x"] == pytest.approx(1 / 5 - 1 / 9, abs=1e-6)
    assert word.reduced_costs["y"] == pytest.approx(0, abs=1e-6)


def test_both_tracks_hand_over_the_same_doubles() -> None:
    """A fifth and a third are no doubles: every digit of their neighbours has to arrive, by arrays and by NL file."""
    program, smooth = compile_model(linear()), compile_nonlinear(parts_of(linear()))
    assert program.c.tolist() == [0.2, 1 / 3]
    by_name = dict(zip((v.name for v in smooth.variables), smooth.callbacks.gradient(np.zeros(2)), strict=True))
    assert by_name == {"x": -0.2, "y": -1 / 3}  # a maximisation is handed over as the minimisation of its negative
    assert sorted(smooth.callbacks.jacobian(np.zeros(2)).tolist()) == [1.0, 3.0]


@pytest.mark.parametrize("kind", [RawHighs, RawScip])
def test_what_has_no_solution_is_said_in_the_solver_s_own_words(kind: type[RawSolver]) -> None:
    model = linear()
    model.contradiction = pyo.Constraint(expr=model.x + model.y >= 3)
    word = kind().solve(model, 1e-6, 9.0)
    assert word.stop_reason is StopReason.INFEASIBLE
    assert word.raw_status.lower() == "infeasible"
    assert word.point_status is PointStatus.NONE


def test_whole_numbers_are_not_for_interior_points_and_sets_not_for_highs() -> None:
    model = linear()
    model.x.domain = pyo.Integers
    with pytest.raises(UnsupportedModel, match="whole numbers: 'x'"):
        RawIpopt().solve(model, 1e-6, 9.0)
    model.z = pyo.Var([1, 2], bounds=(0, 1))
    model.either = pyo.SOSConstraint(var=model.z, sos=1)
    with pytest.raises(UnsupportedModel, match="special ordered sets: 'either'"):
        RawHighs().solve(model, 1e-6, 9.0)


def test_a_bogus_option_is_refused_by_each() -> None:
    for kind in HERE:
        with pytest.raises(ValueError, match="option"):
            kind(options={"no_such_option": 1}).solve(linear(), 1e-6, 9.0)


def test_acceptable_is_no_claim_at_the_tolerance_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ipopt's code 1 says that the tolerance was not reached, and 3 that a step was too small: neither says optimal."""
    assert AS_SAID[0] == (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL)
    told: dict[str, Any] = {}

    class Acceptable:
        def __init__(self, **given: Any) -> None:
            told.update(given)

        def add_option(self, name: str, value: Any) -> None:
            told[name] = value

        def solve(self, x: Any) -> Any:
            multipliers = {"mult_g": np.zeros(1), "mult_x_L": np.zeros(2), "mult_x_U": np.zeros(2)}
            return x, {"status": 1, "status_msg": b"acceptable level", **multipliers}

    monkeypatch.setattr("cyipopt.Problem", Acceptable)
    word = RawIpopt().solve(linear(), 1e-9, 9.0)
    assert (word.stop_reason, word.point_status) == (StopReason.NUMERICAL_TROUBLE, PointStatus.FEASIBLE)
    assert word.raw_status == "1: acceptable level"
    assert [told[f"{name}_tol"] for name in ("constr_viol", "dual_inf", "compl_inf")] == [1e-9] * 3


@dataclass(frozen=True)
class Denying(RawSolver):
    """Says of a bounded problem that it is unbounded."""

    solver: ClassVar[str] = "denying"

    def is_available(self) -> bool:
        return True

    def version(self) -> str:
        return "0"

    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        return {"tolerance": tolerance, "time": time_limit}

    def run(self, parts: Any, settings: Mapping[str, Any]) -> RawAnswer:
        return RawAnswer(status="Unbounded", stop_reason=StopReason.UNBOUNDED, point_status=PointStatus.NONE)


def test_a_raw_word_is_judged_as_any_other_and_its_row_has_all_there_is_to_know() -> None:
    case = AccuracyProblem(family="test", name="linear", size=2, build=linear, find_truth=truth_at_one)
    (highs,) = contestants(["raw:highs"])
    row = judge_run(case, truth_at_one(), highs, 1e-6)
    assert row["verdict"] == ContestVerdict.RIGHT
    assert (row["class"], row["rows"], row["columns"], row["track"], row["threads"]) == ("LP", 1, 2, "raw", 1)
    assert row["raw_status"] == "Optimal"
    assert json.loads(row["options"])["dual_feasibility_tolerance"] == 1e-6
    assert row["reference"] == row["objective"] == pytest.approx(0.2 + 1 / 3, rel=1e-15)
    assert judge_run(case, truth_at_one(), Denying(), 1e-6)["verdict"] == ContestVerdict.NO_SUCH_THING


def truth_at_one() -> Any:
    """At x = y = 1: both the row and the bound of x bind, and the two columns are met by two equations."""
    model = linear()
    program = ExactProgram(compile_model(model))

    def evaluate(point: Mapping[str, Any]) -> Evaluation:
        _ = model  # kept alive with its names
        x = [point["x"], point["y"]]
        return Evaluation(objective=program.objective(x), violation=program.violation(x))

    best = program.objective([1, 1])
    return Truth(maximise=True, variables=("x", "y"), objective=best, decisions={"x": 1, "y": 1}, evaluate=evaluate)


def test_tracks_are_told_by_name_and_chosen_together() -> None:
    raw, through = contestants(tracks=[Track.RAW]), contestants(tracks=[Track.THROUGH])
    assert {who.name for who in raw} >= {"raw:highs", "raw:ipopt", "raw:scip"}
    assert {who.name for who in through} >= {"highs", "ipopt", "scip", "engine:auto"}
    assert {track_of(who) for who in raw} == {Track.RAW}
    assert {who.name for who in contestants()} == {who.name for who in (*raw, *through)}


def frame(**changes: list[object]) -> pd.DataFrame:
    """Three problems: raw a misled on one, stopped on one; behind its adapter it is right on two, and refuses r."""
    base = {
        "family": "f",
        "problem": ["p", "q", "r", "p", "q", "r"],
        "variant": "plain",
        "size": 2,
        "levels": 1,
        "contestant": ["raw:a", "raw:a", "raw:a", "a", "a", "a"],
        "tolerance": 1e-6,
        "point_status": "optimal",
        "verdict": ["said-solved-and-was-not", "stopped-by-a-limit", "right", "right", "right", "not-for-it"],
        "objective_error": [1e-2, 1.0, 0.0, 0.0, 0.0, float("nan")],
        "decision_error": 0.0,
        "violation": 0.0,
        "follower_gain": float("nan"),
        "bound_excess": float("nan"),
        "seconds": 1.0,
    }
    return pd.DataFrame({**base, **changes})


def test_both_tracks_stand_side_by_side_on_the_problems_that_both_took() -> None:
    (row,) = side_by_side(frame()).to_dict("records")
    assert row["problems"] == 2
    assert [row[f"raw_{count}"] for count in ("right", "misleading", "modest", "stopped", "failed")] == [0, 1, 0, 1, 0]
    assert [row[f"batteryopt_{count}"] for count in ("right", "misleading", "stopped")] == [2, 0, 0]
    said = "a at 1e-06, on the same 2 problems: as shipped it misled in 1 and was right in 0; through batteryopt"
    assert any(sentence.startswith(said) for sentence in findings(frame()))
    assert "<td>0 / 2</td>" in page(frame())  # right, as shipped and through batteryopt


def test_the_raw_track_on_the_command_line() -> None:
    words = ("accuracy", "--quick", "--family", "facility-location", "--json")
    found = json.loads(invoke(*words, "--solver", "highs", "--solver", "raw:highs").stdout)
    assert [(t["solver"], t["problems"], t["raw_right"], t["batteryopt_right"]) for t in found["tracks"]] == [
        ("highs", 2, 2, 2)
    ]
    rows = json.loads(invoke(*words, "--option", "raw:highs:presolve=off").stdout)["runs"]
    assert {row["contestant"] for row in rows} == {"raw:highs", "raw:highs(presolve=off)"}
    assert {json.loads(row["options"]).get("presolve") for row in rows} == {None, "off"}
    assert "did you mean 'raw'" in invoke(*words, "--track", "rwa").stderr
    assert problems(["no-solution"], seed=3)[0].seed == 3
