"""Each adapter solves what it declares, and refuses by name what it does not: generated from the table of cases."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt import solvers
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Adapter, Capability, Options
from batteryopt.solvers.contract.adapter import Report

from .cases import CASES, Case

ADAPTERS = [a for a in solvers.available() if a.name != "appsi_highs"]
"""Those that Pyomo finds too: CBC and GLPK, where they are installed."""
OWN = solvers.installed()
SAYS_LESS = {("glpk", "integer_unbounded"): StopReason.NUMERICAL_TROUBLE}
"""What a solver ends with and does not say why."""
PAIRS = [pytest.param(a, c, id=f"{a.name}-{c.name}") for a in ADAPTERS for c in CASES]
ACCURACY = defaultdict(lambda: 1e-6, {"highs": 1e-8, "scip": 2e-6, "cbc": 1e-8, "glpk": 1e-8})
"""Of the objective; SCIP holds nonlinear constraints, and so its objectives, to 1e-6 only."""


def takes(adapter: Adapter, case: Case) -> bool:
    return case.needs in adapter.capabilities and adapter.name not in case.refused_by


@pytest.mark.parametrize(("adapter", "case"), [p for p in PAIRS if takes(*p.values)])
def test_what_is_declared_is_solved(adapter: Adapter, case: Case):
    model = case.build()
    report = adapter.solve(model, indicators=case.indicators(model))
    assert report.stop_reason in (*case.stop_reasons, SAYS_LESS.get((adapter.name, case.name)))
    if case.objective is None:
        assert not report.point_status.is_feasible
        assert report.bound is None
        return
    assert report.objective == pytest.approx(case.objective, abs=ACCURACY[adapter.name])
    assert report.objective == pytest.approx(_value_of_objective(model), abs=1e-12)
    for name, value in case.point.items():
        assert model.find_component(name).value == pytest.approx(value, abs=2e-3), name
    _the_status_is_earned(adapter, report, maximised=_sense(model) == pyo.maximize)


def _the_status_is_earned(adapter, report, *, maximised):
    if report.bound is None:
        assert report.point_status is PointStatus.LOCALLY_OPTIMAL
        assert Capability.INTEGER not in adapter.capabilities
        return
    assert report.point_status is PointStatus.OPTIMAL
    assert report.gap <= 2e-6
    beyond = report.objective - report.bound if maximised else report.bound - report.objective
    assert beyond <= ACCURACY[adapter.name]


@pytest.mark.parametrize(("adapter", "case"), [p for p in PAIRS if not takes(*p.values)])
def test_what_is_not_declared_is_refused_by_name(adapter: Adapter, case: Case):
    model = case.build()
    with pytest.raises(UnsupportedModel, match="'"):
        adapter.solve(model, indicators=case.indicators(model))


@pytest.fixture(scope="module")
def stopped_within_a_gap() -> dict[str, Report]:
    """What every solver of whole numbers says of one covering problem that it may leave 5 % before its optimum."""
    draw, columns, rows = np.random.default_rng(0), 60, 8
    weight = draw.integers(10, 100, (rows, columns))
    price = weight.sum(axis=0) / rows + draw.integers(1, 40, columns)
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(columns), domain=pyo.Binary)
    model.covered = pyo.Constraint(
        range(rows), rule=lambda m, i: pyo.quicksum(int(w) * x for w, x in zip(weight[i], m.x.values(), strict=True))
        >= int(weight[i].sum()) // 2,
    )  # fmt: skip
    model.cost = pyo.Objective(expr=pyo.quicksum(float(p) * x for p, x in zip(price, model.x.values(), strict=True)))
    whole = [a for a in ADAPTERS if Capability.INTEGER in a.capabilities]
    return {a.name: a.solve(model, Options(relative_gap=0.05)) for a in whole}


def test_a_bound_within_the_gap_is_none_that_another_solver_s_point_refutes(stopped_within_a_gap):
    """Some stop early there: one that gave its best value for a bound would be found out by a better point."""
    best = min(report.objective for report in stopped_within_a_gap.values())
    assert any(report.objective > best + 1 for report in stopped_within_a_gap.values())
    for name, report in stopped_within_a_gap.items():
        assert report.bound is not None, name
        assert report.bound <= best + 1e-6 * abs(best), name


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda a: a.name)
def test_a_local_answer_is_never_called_optimal(adapter: Adapter):
    """-x^2 on [-1, 2] has a local optimum at -1 (value -1) and the global one at 2 (value -4)."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1, 2), initialize=-0.9)
    model.cost = pyo.Objective(expr=-(model.x**2))
    if Capability.NONLINEAR not in adapter.capabilities:
        with pytest.raises(UnsupportedModel, match="cost"):
            adapter.solve(model)
        return
    report = adapter.solve(model)
    if Capability.GLOBAL in adapter.capabilities:
        assert report.is_optimal
        assert report.objective == pytest.approx(-4, abs=1e-5)
    else:
        assert report.point_status is PointStatus.LOCALLY_OPTIMAL
        assert not report.is_optimal
        assert report.bound is None


@pytest.mark.parametrize("adapter", OWN, ids=lambda a: a.name)
def test_options_are_taken(adapter: Adapter):
    model = next(c for c in CASES if c.name == "maximised").build()
    asked = Options(
        time_limit=60.0, threads=1, feasibility_tolerance=1e-8, optimality_tolerance=1e-8, iteration_limit=10_000
    )
    report = adapter.solve(model, asked)
    assert report.stop_reason is StopReason.CONVERGED
    assert report.objective == pytest.approx(17.0, abs=1e-6)
    assert report.solver == adapter.name
    assert report.version[0].isdigit()
    assert report.seconds >= 0
    assert report.build_seconds > 0


@pytest.mark.parametrize("adapter", OWN, ids=lambda a: a.name)
def test_a_native_option_that_is_not_one_is_not_swallowed(adapter: Adapter):
    model = next(c for c in CASES if c.name == "maximised").build()
    with pytest.raises(ValueError, match=r"does not take .*no_such"):
        adapter.solve(model, Options(extra={"no_such": 1}))


@pytest.mark.parametrize("adapter", OWN, ids=lambda a: a.name)
def test_a_second_solve_with_other_threads_is_not_refused(adapter: Adapter):
    for threads in (1, 2, 1):
        model = next(c for c in CASES if c.name == "maximised").build()
        assert adapter.solve(model, Options(threads=threads)).objective == pytest.approx(17.0, abs=1e-6)


def _value_of_objective(model):
    objectives = list(model.component_data_objects(pyo.Objective, active=True))
    return pyo.value(objectives[0]) if objectives else 0.0


def _sense(model):
    objectives = list(model.component_data_objects(pyo.Objective, active=True))
    return objectives[0].sense if objectives else pyo.minimize
