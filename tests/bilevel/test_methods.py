"""Each reformulation: what it accepts, what it writes, what it gives back."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel, solvers
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import duality_gap
from batteryopt.bilevel.methods import METHODS, MethodSettings
from batteryopt.bilevel.methods.base import multipliers_of
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.ground.errors import BatteryOptError
from batteryopt.ground.status import PointStatus, StopReason

from .models import SOLVED, disk, duopoly, linear, nonlinear, one_follower, retailer

OF_CONDITIONS = [name for name, method in METHODS.items() if not method.takes_integers]
GLOBAL = [name for name, method in METHODS.items() if method.is_global and not method.takes_integers]
LOCAL_OPTIMA = {"linear", "market"}
"""Where the local method may stop at a corner that is not the best."""
UNFINISHED = {("sos1", "market"), ("product", "market")}
"""Searches without an end in 20 s: the market's multipliers are unbounded, and SCIP needs bounds to branch well."""
CASES = [
    pytest.param(method, name, marks=[pytest.mark.slow] if (method, name) in UNFINISHED else [], id=f"{method}-{name}")
    for method in METHODS
    for name in SOLVED
]


@pytest.mark.parametrize(("method", "name"), CASES)
def test_method_on_a_model_worked_out_by_hand(method: str, name: str):
    build, expected = SOLVED[name]
    m = build()
    if method not in bilevel.accepting_methods(m):
        with pytest.raises(BatteryOptError, match=f"'{method}' does not accept this problem"):
            bilevel.solve(m, method=method)
        return
    answer = bilevel.solve(m, method=method, time_limit=20, starts=2)
    if (method, name) in UNFINISHED and not answer.is_optimal:
        assert answer.stop_reason.is_limit
        return
    assert answer.point_status.is_feasible
    if METHODS[method].is_global:
        assert answer.objective == pytest.approx(expected, rel=2e-5)
        assert answer.is_optimal
        assert answer.bound == pytest.approx(expected, rel=2e-5)
    else:
        assert answer.point_status is PointStatus.LOCALLY_OPTIMAL
        assert answer.bound is None
        if name not in LOCAL_OPTIMA:
            assert answer.objective == pytest.approx(expected, rel=2e-5)


def refusal(method: str, m: pyo.ConcreteModel) -> str | None:
    return METHODS[method].refusal(extract(m), MethodSettings())


@pytest.mark.parametrize("method", ["sos1", "indicator", "product"])
@pytest.mark.parametrize("name", SOLVED)
def test_methods_without_m_accept_everything(method: str, name: str):
    assert refusal(method, SOLVED[name][0]()) is None


def test_big_m_names_the_rows_without_a_bound():
    """min y^2 - x y over y >= 0 with x >= 0 unbounded: neither slack nor multiplier has a limit."""
    m = one_follower(lambda x, y: y**2 - x * y, lower=0)
    m.x.setub(None)
    assert "f.y (lower bound) (" in str(refusal("big-m", m))


def test_strong_duality_takes_linear_and_quadratic_followers_only():
    assert refusal("strong-duality", linear()) is None
    assert refusal("strong-duality", retailer()) is None
    assert "neither linear nor quadratic" in str(refusal("strong-duality", nonlinear()))
    assert "not affine in its variables" in str(refusal("strong-duality", disk()))


def test_regularized_refuses_integer_leaders():
    m = linear()
    m.x.domain = pyo.Integers
    assert "'x' is integer" in str(refusal("regularized", m)) or "x is integer" in str(refusal("regularized", m))


def test_accepting_methods_agree_with_refusals():
    m = disk()
    assert bilevel.accepting_methods(m) == tuple(name for name in METHODS if refusal(name, disk()) is None)


def test_accepting_methods_leave_duals_as_they_were():
    m = SOLVED["market"][0]()
    m.price.set_value(7.0)
    bilevel.accepting_methods(m)
    assert pyo.value(m.price) == 7


def applied(method: str, m: pyo.ConcreteModel):
    return METHODS[method].apply(extract(m), MethodSettings())


def test_sos1_has_a_set_a_pair():
    reformulation = applied("sos1", linear())
    sets = reformulation.system.model.complementarity
    for k, pair in enumerate(reformulation.system.all_pairs):
        assert [id(v) for v in sets[k].variables] == [id(pair.multiplier), id(pair.slack)]
        assert sets[k].level == 1


def test_indicators_switch_each_side_off():
    reformulation = applied("indicator", linear())
    binaries = reformulation.system.model.is_binding
    for k, pair in enumerate(reformulation.system.all_pairs):
        one, zero = reformulation.indicators[2 * k : 2 * k + 2]
        assert (one.binary, one.active_value, one.body) == (binaries[k], 1, pair.slack) or one.body is pair.slack
        assert one.active_value == 1
        assert zero.active_value == 0
        assert zero.body is pair.multiplier


def test_product_is_at_most_zero():
    reformulation = applied("product", linear())
    pair = reformulation.system.all_pairs[0]
    pair.multiplier.set_value(3)
    pair.slack.set_value(5)
    row = reformulation.system.model.complementarity[0]
    assert (pyo.value(row.body), pyo.value(row.upper), row.lower) == (15, 0, None)


def test_regularized_relaxes_the_product_by_t():
    reformulation = applied("regularized", linear())
    pair = reformulation.system.all_pairs[0]
    pair.multiplier.set_value(3)
    pair.slack.set_value(5)
    reformulation.system.model.t.set_value(2)
    assert pyo.value(reformulation.system.model.complementarity[0].body) == 15 - 2


def test_big_m_ties_each_side_to_its_binary():
    """multiplier <= M z and slack <= N (1 - z); linear(): slack x - y <= 4, multiplier 1."""
    reformulation = applied("big-m", linear())
    single, pair = reformulation.system.model, reformulation.system.all_pairs[0]
    for z in (0, 1):
        single.is_binding[0].set_value(z)
        pair.multiplier.set_value(0)
        pair.slack.set_value(0)
        room = pyo.value(single.multiplier_bound[0].body) - pyo.value(single.multiplier_bound[0].upper)
        assert room == pytest.approx(-1.0 * z, abs=1e-6)
        room = pyo.value(single.slack_bound[0].body) - pyo.value(single.slack_bound[0].upper)
        assert room == pytest.approx(-4.0 * (1 - z), abs=1e-6)
    assert "proven bounds" in reformulation.assumptions[0]


def test_duality_gap_is_the_sum_of_products_where_the_follower_is_stationary():
    """min -y, rows y - x <= 0, y - (4 - x) <= 0, -y <= 0 at x = 3, y = 0.5 with multipliers (1, 0, 0):

    slacks 2.5, 0.5, 0.5; sum of products 2.5. Gap: grad f y - sum lambda r = -0.5 - 1 * (-3) = 2.5.
    """
    m = linear()
    problem = extract(m)
    block = kkt.build(problem).model.kkt[0]
    m.x.set_value(3)
    m.f.y.set_value(0.5)
    for k, value in enumerate((1, 0, 0)):
        block.multiplier[k].set_value(value)
    assert pyo.value(duality_gap(block, problem.followers[0])) == pytest.approx(2.5)


def test_multipliers_come_back_by_row():
    reformulation = applied("sos1", linear())
    solvers.get("scip").solve(reformulation.system.model)
    by_name = {row.name: value for row, value in multipliers_of(reformulation.system).items()}
    # At x = y = 2 both rows bind: any a + b = 1 will do.
    assert by_name["f.rise (upper)"] + by_name["f.fall (upper)"] == pytest.approx(1)
    assert by_name["f.y (lower bound)"] == pytest.approx(0)


@pytest.mark.parametrize("solver", ["ipopt"])
def test_a_local_solver_of_a_global_method_gives_no_bound(solver: str):
    answer = bilevel.solve(retailer(), method="product", solver=solver)
    assert answer.bound is None
    assert not answer.is_optimal


def test_big_m_goes_to_highs_where_it_can():
    assert bilevel.solve(linear(), method="big-m").solver.startswith("highs")
    assert bilevel.solve(duopoly(), method="big-m").solver.startswith("scip")


def test_regularized_is_reproducible_by_its_seed():
    first = bilevel.solve(linear(), method="regularized", starts=2, seed=4)
    second = bilevel.solve(linear(), method="regularized", starts=2, seed=4)
    assert first.values == second.values


def test_more_starts_are_never_worse():
    objectives = [bilevel.solve(linear(), method="regularized", starts=n).objective for n in (1, 3, 6)]
    assert objectives[0] >= objectives[1] - 1e-8 >= objectives[2] - 2e-8
    assert objectives[2] == pytest.approx(-16)


def with_zeros(*, in_row: bool, for_leader: bool) -> pyo.ConcreteModel:
    """max y over y <= x <= 1, beside a variable z in [0, 3], or free, all of whose coefficients are a parameter of 0.

    The follower does not care for z; a leader who does has it at 3: 1 + 3.
    """
    m = pyo.ConcreteModel()
    m.nothing = pyo.Param(initialize=0.0)
    m.x = pyo.Var(bounds=(0, 1))
    m.w = pyo.Var()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 2))
    m.f.z = pyo.Var(bounds=(0, 3) if for_leader else (None, None))
    m.f.gain = pyo.Objective(expr=m.f.y + m.nothing * m.f.z, sense=pyo.maximize)
    m.f.cap = pyo.Constraint(expr=m.f.y + (m.nothing * m.f.z if in_row else 0.0) <= m.x)
    m.rule = pyo.Constraint(expr=m.x + m.nothing * m.w <= 1)
    m.gain = pyo.Objective(expr=m.f.y + (m.f.z if for_leader else 0.0), sense=pyo.maximize)
    return m


@pytest.mark.parametrize("method", ["auto", *OF_CONDITIONS])
@pytest.mark.parametrize("in_row", [False, True])
@pytest.mark.parametrize("for_leader", [False, True])
def test_coefficients_of_zero_are_none(method: str, in_row: bool, for_leader: bool):
    m = with_zeros(in_row=in_row, for_leader=for_leader)
    answer = bilevel.solve(m, method=method, starts=1)
    assert answer.objective == pytest.approx(4.0 if for_leader else 1.0, abs=1e-5)
    assert answer.point_status.is_claim
    assert answer.stop_reason is StopReason.CONVERGED
    assert m.f.z.value is not None


def test_asking_which_methods_accept_leaves_the_model_alone():
    """Limits of multipliers come from solves, which write into variables."""
    m = linear()
    m.x.set_value(0.25)
    m.f.y.set_value(0.125)
    m.price = bilevel.dual_of(m.f.rise)
    before = m.price.expr
    bilevel.accepting_methods(m)
    assert (m.x.value, m.f.y.value, m.price.expr) == (0.25, 0.125, before)
    m = linear()
    bilevel.accepting_methods(m)
    assert (m.x.value, m.f.y.value) == (None, None)


@pytest.mark.parametrize("step", [1e-4, 1e-6])
@pytest.mark.parametrize("method", ["auto", *OF_CONDITIONS])
def test_a_merit_order_of_nearly_equal_costs(method: str, step: float):
    """Plants at 50 + step * i, 10 units each, serve 25 - x; the leader has sum i y_i - x / 2, x in [0, 5].

    The cheapest run first: 10 + 20 + 3 * 5 = 45 at x = 0, and a unit of x takes 3 and a half away.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(1, 7), bounds=(0, 10))
    m.f.cost = pyo.Objective(expr=sum((50 + step * i) * m.f.y[i] for i in m.f.y))
    m.f.balance = pyo.Constraint(expr=sum(m.f.y.values()) + m.x == 25)
    m.gain = pyo.Objective(expr=sum(i * m.f.y[i] for i in m.f.y) - m.x / 2, sense=pyo.maximize)
    answer = bilevel.solve(m, method=method, time_limit=20, starts=1)
    if answer.point_status.is_feasible:
        assert answer.objective == pytest.approx(45, abs=1e-4)
    if method in ("auto", "branching", "big-m"):
        assert answer.is_optimal
