"""Each reformulation: what it accepts, what it writes, what it gives back."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel, solvers
from batteryopt.bilevel import kkt
from batteryopt.bilevel.methods import METHODS, Settings
from batteryopt.bilevel.methods.base import multipliers_of
from batteryopt.bilevel.methods.strong_duality import duality_gap
from batteryopt.bilevel.problem import extract
from batteryopt.errors import BatteryOptError
from batteryopt.status import PointStatus

from .models import SOLVED, disk, duopoly, linear, nonlinear, one_follower, retailer

GLOBAL = [name for name, method in METHODS.items() if method.is_global]
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
    return METHODS[method].refusal(extract(m), Settings())


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
    return METHODS[method].apply(extract(m), Settings())


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
