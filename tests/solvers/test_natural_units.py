"""Units read off a model, solving in them, and claims about models in tiny units."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap

from batteryopt import solvers
from batteryopt.ground.status import PointStatus
from batteryopt.solvers.scaling.natural_units import restated, solve_in_natural_units
from batteryopt.solvers.scaling.units import Units, fitting, natural_units, terms_of

TINY = 1e-6


def nearest_on_a_line(k: float) -> Any:
    """min x^2 + y^2 with x + y = 2k and x >= -9k: x = y = k, 2 k^2; with a right-hand side r it is r^2 / 2."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(-9 * k, None)), pyo.Var()
    m.line = pyo.Constraint(expr=m.x + m.y == 2 * k)
    m.objective = pyo.Objective(expr=m.x**2 + m.y**2)
    return m


def units_in(m: Any) -> Units:
    return natural_units([m.objective.expr], [(m.line.body, m.line.lb, m.line.ub)], [m.x, m.y])


def test_units_go_with_the_data() -> None:
    """All data times 2^-20 is the same model in units of 2^-20, and an objective of degree 2 in units of 2^-40."""
    small, large = nearest_on_a_line(2.0**-20), nearest_on_a_line(1.0)
    for name in ("x", "y"):
        found, expected = units_in(small)[small.component(name)], units_in(large)[large.component(name)]
        assert 0.5 <= found / expected / 2.0**-20 <= 2
    assert 2.0**-42 <= units_in(small).size(small.objective.expr, has_level=False) <= 2.0**-34
    assert units_in(small).are_small
    assert not units_in(large).are_small
    assert not units_in(large).are_large
    assert units_in(nearest_on_a_line(2.0**20)).are_large


def fitting_units(k: float) -> Units | None:
    m = nearest_on_a_line(k)
    return fitting(units_in(m), lambda units: [units.size(m.objective.expr, has_level=False)])


def test_units_that_loosen_tolerances_are_for_what_is_large_as_a_whole() -> None:
    small, large = fitting_units(2.0**-20), fitting_units(2.0**20)
    assert fitting_units(1.0) is None
    assert fitting_units(1e3) is None
    assert small is not None
    assert not small.loosen
    assert max(small.of.values()) <= 1
    assert large is not None
    assert large.loosen
    assert 1 <= min(large.of.values()) <= max(large.of.values()) <= 2.0**20
    m = nearest_on_a_line(2.0**20)
    m.small = pyo.Var(bounds=(2.0**-20, None))
    mixed = fitting(natural_units([m.objective.expr], [], [m.x, m.y, m.small]), lambda _: [1.0])
    assert mixed is not None
    assert not mixed.loosen


def test_a_size_is_that_of_the_largest_term() -> None:
    """With u(x) = 1/8 and u(y) = 1/2: terms 2 u^2 = 1/32, 4 u(y) = 2 which may be cut to 1, and 0.25."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var()
    units = Units(of=ComponentMap([(m.x, 0.125), (m.y, 0.5)]))
    assert units.size(2 * m.x**2) == 1 / 32
    assert units.size(2 * m.x**2 + 0.25) == 0.25
    assert units.size(2 * m.x**2 + 0.25, has_level=False) == 1 / 32
    assert units.size(4 * m.y) == 2.0
    assert units.cut().size(4 * m.y) == 1.0
    assert units.size(pyo.exp(m.x) * 2.0**-10) == 2.0**-10  # e^(1/8) is nearest to 1
    assert m.x.value is None


def test_terms() -> None:
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(), pyo.Var(), pyo.Var(initialize=3.0)
    m.z.fix()
    terms = terms_of((m.x + 2) * (m.y + m.z))
    assert terms.constant == 6.0
    products = {tuple(v.name for v in variables): c for c, variables in terms.products}
    assert products in ({("x",): 3.0, ("y",): 2.0, ("x", "y"): 1.0}, {("x",): 3.0, ("y",): 2.0, ("y", "x"): 1.0})


def test_a_restatement_keeps_values_domains_and_what_is_fixed() -> None:
    m = pyo.ConcreteModel()
    m.x, m.n = pyo.Var(bounds=(0, 1), initialize=0.5), pyo.Var(domain=pyo.Integers, initialize=7)
    m.n.fix()
    _, new = restated([m.x, m.n], Units(of=ComponentMap([(m.x, 0.25)])))
    assert (new[m.x].value, new[m.x].lb, new[m.x].ub) == (2.0, 0.0, 4.0)
    assert (new[m.n].value, new[m.n].fixed, new[m.n].is_integer()) == (7, True, True)


@pytest.mark.parametrize("name", ["highs", "ipopt", "scip", "pounce"])
@pytest.mark.parametrize("k", [1e-9, TINY, 1.0, 1e6])
def test_solving_in_natural_units(name: str, k: float) -> None:
    if name not in {adapter.name for adapter in solvers.installed()}:
        pytest.skip(f"{name} is not installed")
    m = nearest_on_a_line(k)
    report = solve_in_natural_units(solvers.get(name), m)
    assert report.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)
    assert report.objective == pytest.approx(2 * k**2, rel=1e-5, abs=0)
    assert m.x.value == pytest.approx(k, rel=2e-3, abs=0)
    if report.bound is not None:
        assert report.bound == pytest.approx(2 * k**2, rel=1e-5, abs=0)
    if report.duals:  # d(r^2 / 2)/dr = r = 2k
        assert report.duals[m.line] == pytest.approx(2 * k, rel=1e-5, abs=0)


@pytest.mark.parametrize("name", ["highs", "ipopt", "scip"])
def test_a_loose_bound_makes_units_large_but_no_claim_looser(name: str) -> None:
    """Bounds of 1e14 around an answer of 1: what is claimed is as near to it as where the model is solved as it is."""
    m = nearest_on_a_line(1.0)
    m.x.setlb(-1e14)
    m.y.setub(1e14)
    units = units_in(m)
    assert units.are_large
    report = solve_in_natural_units(solvers.get(name), m)
    assert report.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)
    assert report.objective == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("name", ["highs", "ipopt"])
def test_duals_of_bounds_come_back_in_the_models_units(name: str) -> None:
    """max 5k - (x + k)^2 over x >= k: at x = k the value falls by 2 (x + k) = 4k a unit of the bound."""
    k = TINY
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(k, 7 * k))
    m.objective = pyo.Objective(expr=5 * k - (m.x + k) ** 2, sense=pyo.maximize)
    report = solve_in_natural_units(solvers.get(name), m)
    assert m.x.value == pytest.approx(k, rel=1e-5, abs=0)
    assert report.bound_duals[m.x].lower == pytest.approx(-4 * k, rel=1e-4, abs=0)
    assert abs(report.bound_duals[m.x].upper) < 1e-6 * k


def test_a_model_without_a_solution_has_none_in_natural_units() -> None:
    m = nearest_on_a_line(TINY)
    m.below = pyo.Constraint(expr=m.x + m.y <= TINY)
    m.x.set_value(0.5)
    report = solve_in_natural_units(solvers.get("highs"), m)
    assert report.stop_reason.is_no_solution
    assert m.x.value == 0.5


@pytest.mark.parametrize("name", ["highs", "ipopt", "scip", "pounce"])
def test_whoever_claims_an_optimum_in_tiny_units_has_it(name: str) -> None:
    """As the model stands, 2e-12 is zero to a solver; its adapter must not pass on a claim that is wrong by half."""
    if name not in {adapter.name for adapter in solvers.installed()}:
        pytest.skip(f"{name} is not installed")
    m = nearest_on_a_line(TINY)
    report = solvers.get(name).solve(m, solvers.Options(time_limit=5.0))
    if report.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL):
        assert report.objective == pytest.approx(2 * TINY**2, rel=1e-3, abs=0)


@pytest.mark.parametrize("name", ["ipopt", "scip", "pounce"])
def test_a_small_objective_is_no_reason_to_doubt_where_the_models_numbers_are_not(name: str) -> None:
    """min x^2 over -1 <= x <= 1 is 0, and a solver is right to call 1e-18 that."""
    if name not in {adapter.name for adapter in solvers.installed()}:
        pytest.skip(f"{name} is not installed")
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1), initialize=0.7)
    m.objective = pyo.Objective(expr=m.x**2)
    report = solvers.get(name).solve(m)
    assert report.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)
