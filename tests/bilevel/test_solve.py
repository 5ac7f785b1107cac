"""`bilevel.solve` as a user meets it."""

from __future__ import annotations

import json
import time

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.ground.errors import BatteryOptError, SolverUnavailable
from batteryopt.ground.status import PointStatus, StopReason

from .models import SOLVED, duopoly, linear, market, retailer


@pytest.mark.parametrize("name", SOLVED)
def test_auto_finds_and_proves_the_optimum(name: str):
    build, expected = SOLVED[name]
    answer = bilevel.solve(build(), time_limit=20)
    assert answer.objective == pytest.approx(expected, rel=2e-5)
    assert answer.is_optimal
    assert answer.stop_reason is StopReason.CONVERGED
    assert answer.certificate.passed
    assert answer.gap <= 1e-6


def test_values_come_back_into_the_model_and_into_the_answer():
    m = retailer()
    answer = bilevel.solve(m)
    assert (m.w.value, m.retailer.p.value) == (pytest.approx(15, rel=1e-3), pytest.approx(22.5, rel=1e-3))
    assert answer.values == {"w": m.w.value, "retailer.p": m.retailer.p.value}
    assert pyo.value(m.profit) == answer.objective


def test_the_examples_multiplier_is_reported_though_the_leader_does_not_use_it():
    """With the wholesale price held at 2 the stock binds: p = 18, and a unit more of it is worth p - w - 12 = 4."""
    m = retailer()
    m.stock_value = bilevel.dual_of(m.retailer.stock)
    m.w.setub(2)
    m.w.setlb(2)
    bilevel.solve(m)
    assert m.retailer.p.value == pytest.approx(18)
    # profit (p - 2)(30 - p) at p = 18 - s: d/ds = -(32 - 2 p) = 4
    assert pyo.value(m.stock_value) == pytest.approx(4, abs=1e-5)


def test_the_leader_may_use_a_multiplier():
    m = market()
    answer = bilevel.solve(m)
    assert m.x.value == pytest.approx(7)
    assert pyo.value(m.price) == pytest.approx(20)
    assert any("not unique" in note for note in answer.notes)


def test_multipliers_of_the_answer_are_nonnegative_and_by_side():
    answer = bilevel.solve(linear())
    assert set(answer.multipliers) == {"f.rise (upper)", "f.fall (upper)", "f.y (lower bound)"}
    assert min(answer.multipliers.values()) >= -1e-9


def snapshot(m: pyo.ConcreteModel) -> dict:
    """Everything of a model that a solve must not change."""
    blocks = (pyo.Block, bilevel.Follower)
    variables = list(m.component_data_objects(pyo.Var, descend_into=blocks))
    return {
        "components": [c.name for c in m.component_objects(descend_into=blocks)],
        "bounds": [(v.name, v.lb, v.ub, v.domain.name, v.fixed) for v in variables],
        "active": [(c.name, c.active) for c in m.component_objects(pyo.Constraint, descend_into=blocks)],
        "sense": [(o.name, o.sense, o.active) for o in m.component_data_objects(pyo.Objective, descend_into=blocks)],
    }


@pytest.mark.parametrize("method", ["auto", *bilevel.METHODS])
@pytest.mark.parametrize("name", ["linear", "retailer"])
def test_the_model_is_unchanged_but_for_values(method: str, name: str):
    m = SOLVED[name][0]()
    m.free = pyo.Var(domain=pyo.NonNegativeReals)  # unused, and unbounded above
    before = snapshot(m)
    if method == "auto" or method in bilevel.accepting_methods(m):
        bilevel.solve(m, method=method, time_limit=20, pessimistic_gap=True, starts=2)
    assert snapshot(m) == before
    assert m.free.value is None


def test_fixed_variables_stay_fixed_and_are_numbers():
    m = retailer()
    m.w.fix(10)
    answer = bilevel.solve(m)
    # p = 15 + 5 = 20, profit 10 * 10
    assert answer.objective == pytest.approx(100)
    assert m.w.fixed
    assert m.w.value == 10
    m.w.unfix()
    assert bilevel.solve(m).objective == pytest.approx(112.5)


def test_a_fixed_follower_variable_is_data():
    m = retailer()
    m.retailer.p.fix(25)
    m.retailer.q = pyo.Var(bounds=(0, 1))
    m.retailer.extra = pyo.Constraint(expr=m.retailer.q <= 0.5)
    m.retailer.profit.deactivate()
    m.retailer.other = pyo.Objective(expr=m.retailer.q)
    # the leader earns w (30 - 25) with w <= 30
    assert bilevel.solve(m).objective == pytest.approx(150)


def test_solving_twice_gives_the_same():
    m = market()
    first = bilevel.solve(m)
    second = bilevel.solve(m)
    assert first.objective == pytest.approx(second.objective)
    assert first.values == pytest.approx(second.values)
    assert pyo.value(m.price) == pytest.approx(20)


def test_solving_again_after_a_change():
    m = retailer()
    bilevel.solve(m)
    m.retailer.stock.deactivate()
    m.w.setub(10)
    # p = 20 at w = 10: 100
    assert bilevel.solve(m).objective == pytest.approx(100)


def test_mutable_parameters_are_read_at_each_solve():
    m = linear()
    m.top = pyo.Param(initialize=4.0, mutable=True)
    m.f.fall.deactivate()
    m.f.new = pyo.Constraint(expr=m.f.y <= m.top - m.x)
    assert bilevel.solve(m).objective == pytest.approx(-16)
    m.top.set_value(2.0)
    # y = min(x, 2 - x): best at x = 1: -1 - 7
    assert bilevel.solve(m).objective == pytest.approx(-8)


def test_unknown_method_suggests_one():
    with pytest.raises(BatteryOptError, match=r"unknown method 'sos': did you mean 'sos1'\?"):
        bilevel.solve(linear(), method="sos")


def test_unknown_solver_suggests_one():
    with pytest.raises(SolverUnavailable, match="did you mean 'scip'"):
        bilevel.solve(linear(), method="sos1", solver="scipp")


@pytest.mark.parametrize("method", ["milp", "branching", "value-function"])
def test_a_search_over_one_solver_refuses_another(method: str):
    """Else the answer would be HiGHS' and the user believe it to be the one that was named."""
    with pytest.raises(BatteryOptError, match=f"'{method}' is a search over highs and has no use for solver 'scip'"):
        bilevel.solve(linear(), method=method, solver="scip")


def test_errors_leave_the_model_as_it_was():
    m = market()
    m.price.set_value(3.0)
    m.x.set_value(1.25)
    with pytest.raises(SolverUnavailable):
        bilevel.solve(m, method="sos1", solver="nonesuch")
    assert m.x.value == 1.25
    assert pyo.value(m.price) == 3


def test_without_a_point_values_and_duals_stay():
    m = market()
    m.price.set_value(3.0)
    m.x.set_value(1.25)
    m.impossible = pyo.Constraint(expr=m.market.y[10] >= 6)
    answer = bilevel.solve(m)
    assert answer.stop_reason is StopReason.INFEASIBLE
    assert not answer.has_point
    assert m.x.value == 1.25
    assert pyo.value(m.price) == 3


def hard() -> pyo.ConcreteModel:
    """Twelve Cournot firms with capacities ahead of a leader with a wavy payoff: too much for a second."""
    m = pyo.ConcreteModel()
    n = 12
    m.x = pyo.Var(range(n), bounds=(0, 10))
    m.f = bilevel.Follower(range(n))
    for i in range(n):
        m.f[i].y = pyo.Var(bounds=(0, 5))
    total = sum(m.f[i].y for i in range(n))
    for i in range(n):
        m.f[i].c = pyo.Objective(
            expr=m.f[i].y ** 2 * (1 + 0.1 * i) + pyo.exp(0.2 * m.f[i].y) + m.f[i].y * (total - 20 + m.x[i])
        )
    m.o = pyo.Objective(expr=sum(pyo.sin(3 * m.x[i]) * m.f[(i + 1) % n].y * m.f[i].y for i in range(n)))
    return m


@pytest.mark.parametrize("method", ["auto", "sos1", "regularized"])
def test_the_time_limit_is_kept_and_not_called_success(method: str):
    began = time.perf_counter()
    answer = bilevel.solve(hard(), method=method, time_limit=2)
    assert time.perf_counter() - began < 20  # a limit of two seconds on a busy machine, not a measurement
    assert not answer.is_optimal


def test_a_point_at_the_time_limit_is_still_judged():
    m = hard()
    answer = bilevel.solve(m, method="regularized", time_limit=2, starts=1)
    if answer.has_point:
        assert {c.name for c in answer.certificate} >= {"leader-constraints", "best-response[f[0]]"}


def test_the_answer_prints_its_three_claims():
    text = str(bilevel.solve(retailer()))
    for words in ("objective", "bound", "optimal", "method", "leader-constraints", "best-response[retailer]"):
        assert words in text


def test_the_answer_goes_to_json_and_back():
    answer = bilevel.solve(retailer(), pessimistic_gap=True)
    again = json.loads(json.dumps(answer.to_json()))
    assert again["objective"] == answer.objective
    assert again["is_optimal"] is True
    assert again["point_status"] == "optimal"
    assert {c["name"] for c in again["certificate"]} == {c.name for c in answer.certificate}


def test_the_answer_goes_to_a_table():
    frame = bilevel.solve(retailer()).to_frame()
    assert list(frame.columns) == ["variable", "value"]
    assert list(frame["variable"]) == ["w", "retailer.p"]


def test_the_users_word_is_an_assumption_and_no_proof():
    m = retailer()
    m.retailer.wave = pyo.Constraint(expr=pyo.sin(m.retailer.p / 100) >= -1)
    with pytest.raises(bilevel.UnsupportedFollower):
        bilevel.solve(m)
    answer = bilevel.solve(m, assume_convex=True, time_limit=20)
    assert "follower 'retailer' is convex, by your word" in answer.assumptions
    assert answer.point_status is not PointStatus.OPTIMAL


def test_a_larger_gap_is_accepted_and_said():
    answer = bilevel.solve(duopoly(), gap=0.05)
    assert answer.certificate["bound"].tolerance == 0.05
    assert answer.objective == pytest.approx(48, rel=0.05)


def test_integer_leaders():
    """linear() with x in {0, 1, 3, 4} only: y = min(x, 4 - x): at 1: -8, at 3: -10."""
    m = linear()
    m.x.domain = pyo.Integers
    m.hole = pyo.Var(domain=pyo.Binary)
    m.either = pyo.Constraint(expr=m.x <= 1 + 9 * m.hole)
    m.other = pyo.Constraint(expr=m.x >= 3 - 9 * (1 - m.hole))
    answer = bilevel.solve(m)
    assert answer.objective == pytest.approx(-10)
    assert m.x.value == pytest.approx(3)


def test_deactivated_followers_are_not_solved():
    m = duopoly()
    m.firm[2].deactivate()
    m.firm[2].y.fix(0)
    # one firm: (24 - x)/2, the leader earns x (24 - x)/2: 72
    assert bilevel.solve(m).objective == pytest.approx(72)


def test_ties_go_to_the_leader_and_the_pessimistic_value_says_what_that_is_worth():
    """A follower that is indifferent between 0 and 1; the leader earns x + y: optimistic 2, pessimistic 1."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.z = pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.f.z)
    m.f.c = pyo.Constraint(expr=m.f.y + m.f.z >= 0)
    m.gain = pyo.Objective(expr=m.x + m.f.y, sense=pyo.maximize)
    answer = bilevel.solve(m, pessimistic_gap=True)
    assert answer.objective == pytest.approx(2)
    assert answer.pessimistic_objective == pytest.approx(1)
    assert answer.pessimistic_gap == pytest.approx(1)
    assert m.f.y.value == pytest.approx(1)
