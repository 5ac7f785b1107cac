"""A solver's word is checked against the model: what a wrong answer, called optimal, becomes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from batteryopt import solvers
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Capability, Options
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.attempts import Attempt
from batteryopt.solvers.contract.points import claim_tolerance, inside, is_proven, judged, violation_in_model
from batteryopt.solvers.highs import highs_arrays
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_run import HighsRun
from batteryopt.solvers.interior_point.ipopt import IpoptAdapter
from batteryopt.solvers.interior_point.multipliers import Multipliers
from batteryopt.solvers.scip.scip_model import ScipModel

INTEGER = [a for a in solvers.installed() if Capability.INTEGER in a.capabilities]


def model_of_two():
    """Min x + y with x + y >= 2 in [0, 9]^2: 2."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 9)), pyo.Var(bounds=(0, 9))
    model.row = pyo.Constraint(expr=model.x + model.y >= 2)
    model.cost = pyo.Objective(expr=model.x + model.y)
    return model


def highs_answers(monkeypatch, x, duals):
    answer = HighsRun(stop_reason=StopReason.CONVERGED, x=np.array(x), row_duals=np.array(duals), message="Optimal")
    monkeypatch.setattr(highs_arrays, "run", lambda *_, **__: answer)
    return solvers.get("highs").solve(model_of_two())


def test_highs_believed(monkeypatch):
    report = highs_answers(monkeypatch, [0.5, 1.5], [1.0])
    assert report.is_optimal
    assert report.bound == pytest.approx(2.0)


def test_highs_with_a_point_that_breaks_a_row(monkeypatch):
    report = highs_answers(monkeypatch, [0.5, 1.0], [1.0])
    assert report.point_status is PointStatus.INFEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert report.bound is None
    assert report.objective == pytest.approx(1.5)


def test_highs_with_a_point_that_is_not_the_best(monkeypatch):
    """(2, 1) is feasible; its value 3 is 1 above what the dual 1 proves, 2."""
    report = highs_answers(monkeypatch, [2.0, 1.0], [1.0])
    assert report.point_status is PointStatus.FEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert len(report.duals) == 0


def test_scip_with_a_point_that_breaks_a_row(monkeypatch):
    monkeypatch.setattr(ScipModel, "best_point", lambda self: [0.5, 1.0])
    report = solvers.get("scip").solve(model_of_two())
    assert report.point_status is PointStatus.INFEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert not report.is_optimal


def test_scip_with_a_point_that_breaks_a_set(monkeypatch):
    model = model_of_two()
    model.one = pyo.SOSConstraint(rule=lambda m: ([m.x, m.y], [1, 2]), sos=1)
    monkeypatch.setattr(ScipModel, "best_point", lambda self: [1.0, 1.0])
    assert solvers.get("scip").solve(model).point_status is PointStatus.INFEASIBLE


def test_scip_with_a_point_that_is_not_the_best(monkeypatch):
    """(2, 1) is feasible, and SCIP's own bound says that 2 is to be had."""
    monkeypatch.setattr(ScipModel, "best_point", lambda self: [2.0, 1.0])
    report = solvers.get("scip").solve(model_of_two())
    assert report.point_status is PointStatus.FEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert report.bound == pytest.approx(2.0)


def test_highs_with_a_whole_point_far_from_its_bound(monkeypatch):
    model = model_of_two()
    model.x.domain = pyo.Integers
    answer = HighsRun(stop_reason=StopReason.CONVERGED, x=np.array([1.0, 1.5]), bound=2.0, message="Optimal")
    monkeypatch.setattr(highs_arrays, "run", lambda *_, **__: answer)
    report = solvers.get("highs").solve(model)
    assert report.point_status is PointStatus.FEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE


def test_highs_with_whole_numbers_that_were_not_quite_whole(monkeypatch):
    """0.999 and 2: with the first rounded to 1, the second is decided anew and becomes 1."""
    model = model_of_two()
    model.x.domain = pyo.Integers
    model.tight = pyo.Constraint(expr=1000 * model.x + model.y == 1001)
    answers = iter(
        [
            HighsRun(stop_reason=StopReason.CONVERGED, x=np.array([0.999, 2.0]), bound=2.0),
            HighsRun(stop_reason=StopReason.CONVERGED, x=np.array([1.0, 1.0])),
        ]
    )
    monkeypatch.setattr(highs_arrays, "run", lambda *_, **__: next(answers))
    report = solvers.get("highs").solve(model)
    assert (model.x.value, model.y.value) == (1.0, 1.0)
    assert report.is_optimal


@pytest.mark.parametrize(
    ("objective", "bound", "options", "expected"),
    [
        (100.0, 100.0, Options(), True),
        (100.0, 99.9995, Options(), True),
        (100.0, 99.0, Options(), False),
        (100.0, 99.0, Options(relative_gap=0.01), True),
        (100.0, 99.0, Options(absolute_gap=1.0), True),
        (100.0, None, Options(), False),
    ],
)
def test_proof(objective, bound, options, expected):
    assert is_proven(objective, bound, options) is expected


class Liar(IpoptAdapter):
    """Says of a point of its own that it is optimal."""

    def __init__(self, x, status=0):
        self.x, self.status, self.calls = np.array(x), status, 0

    def run(self, program, callbacks, start, options, settings):
        self.calls += 1
        zeros = Multipliers(rows=np.zeros(len(program.row_lower)), lower=np.zeros(2), upper=np.zeros(2))
        return Attempt(status=self.status, x=self.x, multipliers=zeros, message="said so")


def test_ipopt_with_a_point_that_breaks_a_row():
    report = Liar([0.5, 1.0]).solve(model_of_two())
    assert report.point_status is PointStatus.INFEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE


def test_ipopt_with_a_point_that_is_not_the_best_is_asked_again():
    liar = Liar([2.0, 1.0])
    report = liar.solve(model_of_two())
    assert liar.calls == 3
    assert report.point_status is PointStatus.FEASIBLE
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE


@pytest.mark.parametrize("status", [0, 1, 3])
def test_ipopt_with_the_best_point_but_no_multipliers_is_given_some(status):
    """At (0.5, 1.5) the row's multiplier 1 makes the Lagrangian flat: it is found from the point."""
    model = model_of_two()
    report = Liar([0.5, 1.5], status).solve(model)
    assert report.point_status is PointStatus.LOCALLY_OPTIMAL
    assert report.stop_reason is StopReason.CONVERGED
    assert report.duals[model.row] == pytest.approx(1.0)


def test_ipopt_that_says_infeasible_of_a_feasible_point_is_not_believed():
    report = Liar([1.0, 1.0], status=2).solve(model_of_two())
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert report.point_status is PointStatus.FEASIBLE


@pytest.mark.parametrize(
    ("claim", "violation", "expected"),
    [
        (PointStatus.OPTIMAL, 1e-9, PointStatus.OPTIMAL),
        (PointStatus.OPTIMAL, 1e-3, PointStatus.INFEASIBLE),
        (PointStatus.LOCALLY_OPTIMAL, math.nan, PointStatus.INFEASIBLE),
        (PointStatus.UNKNOWN, 1e-9, PointStatus.FEASIBLE),
        (PointStatus.INFEASIBLE, 1e-9, PointStatus.FEASIBLE),
        (PointStatus.INFEASIBLE, 1.0, PointStatus.INFEASIBLE),
        (PointStatus.NONE, 0.0, PointStatus.NONE),
    ],
)
def test_judgement(claim, violation, expected):
    assert judged(claim, violation, claim_tolerance(Options())) is expected


def test_a_loose_tolerance_is_the_callers_wish():
    assert claim_tolerance(Options()) == claim_tolerance(Options(feasibility_tolerance=1e-9)) == 1e-6
    assert claim_tolerance(Options(feasibility_tolerance=1e-4)) == pytest.approx(1e-2)


def test_violation_is_measured_by_pyomo():
    model = model_of_two()
    model.x.value, model.y.value = 0.5, 1.25
    assert violation_in_model([model.row], [model.x, model.y]) == pytest.approx(0.25 / 2)
    model.x.value = 18.0
    assert violation_in_model([model.row], [model.x, model.y]) == pytest.approx(9 / 18)
    model.root = pyo.Constraint(expr=pyo.sqrt(model.y - 5) <= 3)
    assert math.isnan(violation_in_model([model.root], []))


def test_the_nearest_value_within_bounds():
    model = pyo.ConcreteModel()
    model.x, model.n = pyo.Var(bounds=(2, 5)), pyo.Var(bounds=(-3, -1), domain=pyo.Integers)
    assert (inside(model.x), inside(model.n)) == (2.0, -1.0)
    model.x.value, model.n.value = 4.5, -2.4
    assert (inside(model.x), inside(model.n)) == (4.5, -2.0)


small = st.integers(-4, 4)


@pytest.mark.parametrize("adapter", INTEGER, ids=lambda a: a.name)
@given(
    costs=st.lists(small, min_size=3, max_size=3),
    rows=st.lists(st.tuples(st.lists(small, min_size=3, max_size=3), st.integers(-5, 8)), max_size=3),
    sense=st.sampled_from([pyo.minimize, pyo.maximize]),
)
def test_integer_programs_against_enumeration(adapter, costs, rows, sense):
    """Three whole numbers from 0 to 3: all 64 points are looked at."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(3), bounds=(0, 3), domain=pyo.Integers)
    model.rows = pyo.ConstraintList()
    for coefficients, limit in rows:
        if any(coefficients):
            model.rows.add(sum(a * model.x[i] for i, a in enumerate(coefficients)) <= limit)
    model.value = pyo.Objective(expr=sum(c * model.x[i] for i, c in enumerate(costs)), sense=sense)
    points = np.array(list(itertools.product(range(4), repeat=3)))
    allowed = [p for p in points if all(not any(a) or np.dot(a, p) <= limit for a, limit in rows)]
    report = adapter.solve(model)
    if not allowed:
        assert report.stop_reason is StopReason.INFEASIBLE
        return
    best = (min if sense == pyo.minimize else max)(float(np.dot(costs, p)) for p in allowed)
    assert report.is_optimal
    assert report.objective == pytest.approx(best, abs=1e-9)
    assert report.bound == pytest.approx(best, abs=1e-6)


@given(seed=st.integers(0, 100_000))
def test_degenerate_convex_quadratics_are_solved_to_a_proven_gap(seed):
    """Hessians of any rank, rows that meet in one point: the active-set code alone fails for one in seven."""
    random = np.random.default_rng(seed)
    columns, rows = int(random.integers(2, 20)), int(random.integers(1, 20))
    factor = random.normal(size=(int(random.integers(1, columns + 1)), columns))
    factor *= random.random(factor.shape) < 0.5
    A = random.normal(size=(rows, columns)) * (random.random((rows, columns)) < 0.4)
    activity = A @ random.random(columns)
    slack = random.random(rows) * (random.random(rows) < 0.5)
    maximise = bool(random.random() < 0.5)
    sign = -1.0 if maximise else 1.0
    program = QuadraticProgram(
        maximise=maximise,
        c=random.normal(size=columns),
        Q=sp.csc_array(sign * factor.T @ factor),
        A=sp.csr_array(A),
        row_lower=np.where(random.random(rows) < 0.5, activity - slack, -np.inf),
        row_upper=np.where(random.random(rows) < 0.6, activity + slack, np.inf),
        lower=np.zeros(columns),
        upper=np.full(columns, 3.0),
        is_integer=np.zeros(columns, dtype=bool),
    )
    solution = solve_arrays(program)
    assert solution.point_status is PointStatus.OPTIMAL
    value = program.objective(solution.x)
    assert program.violation(solution.x) <= 1e-7
    assert solution.bound == pytest.approx(value, abs=1e-7 * max(1.0, abs(value)))


@given(seed=st.integers(0, 100_000))
def test_two_codes_agree_on_convex_quadratics(seed):
    """HiGHS goes along the faces, Ipopt through the interior."""
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel()
    model.I = pyo.RangeSet(0, 3)
    model.x = pyo.Var(model.I, bounds=(0, 5))
    squares = [sum(int(a) * model.x[i] for i, a in enumerate(random.integers(-3, 4, 4))) for _ in range(3)]
    model.row = pyo.Constraint(expr=sum(model.x.values()) >= 3)
    model.cost = pyo.Objective(
        expr=sum((s - int(random.integers(-9, 10))) ** 2 for s in squares) + int(random.integers(-3, 4)) * model.x[0]
    )
    first = solvers.get("highs").solve(model)
    second = solvers.get("ipopt").solve(model)
    assert first.is_optimal
    assert second.point_status is PointStatus.LOCALLY_OPTIMAL
    assert second.objective == pytest.approx(first.objective, abs=1e-5)
    assert second.objective >= first.bound - 1e-5
