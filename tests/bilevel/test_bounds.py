"""Every derivation of a bound, against multipliers worked out by hand or by enumeration; never below a true one."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt import bilevel
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.proof import bounds

from .models import linear, market, retailer


def derived(m: pyo.ConcreteModel) -> tuple[dict, dict, list[str]]:
    """Return bounds of multipliers and slacks by row name, and what is missing."""
    system = kkt.build(extract(m))
    found, missing = bounds.derive(system)
    multipliers = {p.row.name: found[p.multiplier] for p in system.all_pairs if p.multiplier in found}
    slacks = {p.row.name: found[p.slack] for p in system.all_pairs if p.slack in found}
    return multipliers, slacks, missing


def test_slacks_from_variable_bounds():
    """y <= x + 2 with y in [0, 3], x in [0, 4]: slack x + 2 - y <= 6; of the bounds of y: 3 each."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 3))
    m.f.c = pyo.Constraint(expr=m.f.y <= m.x + 2)
    m.f.cost = pyo.Objective(expr=-m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    _, slacks, missing = derived(m)
    assert {name: bound.value for name, bound in slacks.items()} == pytest.approx(
        {"f.c (upper)": 6, "f.y (upper bound)": 3, "f.y (lower bound)": 3}, rel=1e-6, abs=1e-6
    )
    assert {bound.by for bound in slacks.values()} == {"variable bounds"}
    assert missing == []


def test_multipliers_from_bases():
    """max y s.t. y <= x, y <= 4 - x, y >= 0: -1 + a + b - c = 0 has the basic solutions a = 1 and b = 1."""
    multipliers, _, missing = derived(linear())
    assert missing == []
    assert multipliers["f.rise (upper)"].value >= 1
    assert multipliers["f.fall (upper)"].value >= 1
    assert multipliers["f.rise (upper)"].value <= 1 + 1e-6


def test_multipliers_from_bases_with_data_in_the_objective():
    """min c y with c in [-2, 5], 0 <= y <= 1: the lower bound's multiplier is up to 5, the upper one's up to 2."""
    m = pyo.ConcreteModel()
    m.c = pyo.Var(bounds=(-2, 5))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.c * m.f.y)
    m.cost = pyo.Objective(expr=m.c)
    multipliers, _, missing = derived(m)
    assert missing == []
    assert multipliers["f.y (lower bound)"].value == pytest.approx(5, rel=1e-6)
    assert multipliers["f.y (upper bound)"].value == pytest.approx(2, rel=1e-6)


def test_equalities_are_projected_out():
    """min 3 y + 5 z s.t. y + z = 1, y, z >= 0. The multiplier of z >= 0 is 2 (and of y >= 0 none): enumerated below."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(0, None))
    m.f.sum = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] == 1)
    m.f.cost = pyo.Objective(expr=3 * m.f.y[1] + 5 * m.f.y[2])
    m.cost = pyo.Objective(expr=m.x)
    multipliers, _, missing = derived(m)
    assert missing == []
    assert 2 <= multipliers["f.y[2] (lower bound)"].value <= 2 + 1e-6


def test_where_nothing_bounds_it_nothing_is_made_up():
    """min y^2 over y >= x with neither bounded above: the multiplier is 2 y, the slack y - x."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var()
    m.f.c = pyo.Constraint(expr=m.f.y >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y**2)
    m.cost = pyo.Objective(expr=m.x)
    _, _, missing = derived(m)
    assert any("f.c" in name and "(multiplier)" in name for name in missing)


def test_bases_are_not_used_where_the_leader_chooses_among_multipliers():
    """Bases bound some multipliers, not all: at x = 2 of the market the price reaches from 20 to 40."""
    multipliers, _, _ = derived(market())
    assert all(bound.by != "bases of the constraint gradients" for bound in multipliers.values())


def test_bounds_and_values_come_back():
    m = retailer()
    m.w.set_value(3)
    derived(m)
    assert (m.w.bounds, m.w.value) == ((0, 30), 3)
    assert m.retailer.p.bounds == (0, None)


def test_propagation_finds_bounds_that_nobody_wrote():
    """0 <= x <= 4, y + x == 5, y free: y is in [1, 5], so that the slack of y <= 6 is at most 5."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var()
    m.f.tie = pyo.Constraint(expr=m.f.y + m.x == 5)
    m.f.c = pyo.Constraint(expr=m.f.y <= 6)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    _, slacks, _ = derived(m)
    assert slacks["f.c (upper)"].value == pytest.approx(5, rel=1e-6)


def _random_lp(draw) -> pyo.ConcreteModel:
    """min c' y, A y <= b + d x, 0 <= y <= 4, two own variables, small integers; x in [0, 2]."""
    numbers = st.integers(-3, 3)
    a = np.array([[draw(numbers) for _ in range(2)] for _ in range(2)], dtype=float)
    c = np.array([draw(st.integers(-4, 4)) for _ in range(2)], dtype=float)
    d = [draw(st.integers(-1, 2)) for _ in range(2)]
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([0, 1], bounds=(0, 4))
    m.f.c = pyo.Constraint(
        [k for k in (0, 1) if a[k].any()],
        rule=lambda b, k: a[k, 0] * b.y[0] + a[k, 1] * b.y[1] <= 3 + d[k] * m.x,
    )
    m.f.cost = pyo.Objective(expr=c[0] * m.f.y[0] + c[1] * m.f.y[1])
    m.cost = pyo.Objective(expr=m.x)
    return m


@settings(max_examples=40)
@given(data=st.data())
def test_every_basic_multiplier_is_below_its_bound(data):
    """Multipliers of a two-variable LP: for every pair of rows, solve stationarity; every nonnegative solution whose
    vertex some x makes feasible must be within what was derived (bounds of one basis at a time)."""
    m = _random_lp(data.draw)
    problem = extract(m)
    system = kkt.build(problem)
    found, missing = bounds.derive(system)
    assert missing == []
    pairs = system.all_pairs
    own = problem.followers[0].variables
    gradients = np.array([[pyo.value(p.row.form.gradient().get(v, 0.0)) for v in own] for p in pairs])
    force = -np.array([pyo.value(problem.followers[0].objective.gradient().get(v, 0.0)) for v in own])
    for chosen in itertools.combinations(range(len(pairs)), len(own)):
        basis = gradients[list(chosen)].T
        if abs(np.linalg.det(basis)) < 1e-9:
            continue
        values = np.linalg.solve(basis, force)
        if (values < -1e-9).any() or not _is_vertex_for_some_x(m, pairs, own, chosen):
            continue
        for k, value in zip(chosen, values, strict=True):
            assert value <= found[pairs[k].multiplier].value + 1e-6, (pairs[k].row.name, value)


def _is_vertex_for_some_x(m, pairs, own, chosen) -> bool:
    for x in np.linspace(0, 2, 9):
        m.x.set_value(x)
        for v in own:
            v.set_value(0.0)
        right = np.array([-pyo.value(p.row.form.expression) for p in pairs])
        rows = np.array([[pyo.value(p.row.form.gradient().get(v, 0.0)) for v in own] for p in pairs])
        y = np.linalg.solve(rows[list(chosen)], right[list(chosen)])
        if (rows @ y <= right + 1e-9).all():
            return True
    return False


@settings(max_examples=10)
@given(data=st.data())
def test_big_m_agrees_with_a_method_that_needs_no_m(data):
    m = _random_lp(data.draw)
    other = m.clone()
    first, second = bilevel.solve(m, method="big-m"), bilevel.solve(other, method="sos1")
    assert first.stop_reason == second.stop_reason
    if first.has_point:
        assert first.objective == pytest.approx(second.objective, abs=1e-5)


def test_bounds_of_fixed_variables_are_put_back():
    """Propagation writes a fixed variable's value into its bounds; unfixed, it is as free as before."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.Binary, initialize=0)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.row = pyo.Constraint(expr=m.f.y >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.x.fix(0)
    assert bilevel.solve(m, method="milp").objective == pytest.approx(0)
    assert m.x.bounds == (0, 1)
    m.x.unfix()
    assert bilevel.solve(m, method="milp").objective == pytest.approx(1)
