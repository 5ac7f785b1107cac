"""A certificate must fail for a point that is wrong, and say by how much."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.problem.normal_form import BilevelProblem, extract
from batteryopt.bilevel.proof import convexity
from batteryopt.bilevel.proof.qualification import Qualification, qualify

from .models import duopoly, linear, nonlinear, retailer


def certificate(m: pyo.ConcreteModel, *, bound_gap: float | None = 0.0):
    problem = extract(m)
    return claims.certify(problem, convexity.prove(problem), qualify(problem), bound_gap=bound_gap, gap=1e-6)


def at(m: pyo.ConcreteModel, w: float, p: float) -> BilevelProblem:
    m.w.set_value(w)
    m.retailer.p.set_value(p)
    return extract(m)


def test_the_right_point_passes():
    m = retailer()
    at(m, 15, 22.5)
    assert certificate(m).passed


def test_the_followers_gain_is_what_it_loses():
    """The retailer's profit is (p - w)(30 - p); 0.1 off the best price costs 0.01, relative to 56.24."""
    problem = at(retailer(), 15, 22.6)
    check = claims.best_response_gain(problem.followers[0])
    assert check.residual == pytest.approx(0.01 / 56.24, rel=1e-4)
    assert not check.passed
    assert "56.24 now, 56.25 at its best" in check.detail


def test_a_follower_that_is_off_by_a_ten_thousandth_fails():
    """A linear follower loses what it is off by; a quadratic one loses its square, but is not stationary."""
    m = linear()
    m.x.set_value(2)
    m.f.y.set_value(2 - 1e-4)
    assert not certificate(m).passed
    assert claims.best_response_gain(extract(m).followers[0]).residual == pytest.approx(5e-5, rel=1e-3)

    m = retailer()
    at(m, 15, 22.5 + 1e-4)
    failed = {check.name for check in certificate(m).failures}
    assert failed == {"stationarity[retailer]"}
    # The gradient of -(p - w)(30 - p) is 2 p - w - 30 = 2e-4; relative changes (dp, dw) bring 45 dp - 15 dw. The least
    # that undo it are in that proportion: dp = 2e-4 * 45 / (45^2 + 15^2) = 4e-6.
    assert claims.stationarity(extract(m).followers[0]).residual == pytest.approx(4e-6, rel=1e-4)


def test_a_nonlinear_follower_that_is_off():
    m = nonlinear()
    m.x.set_value(math.e)
    m.f.y.set_value(1 + 1e-4)
    # exp(y) - x = e (exp(1e-4) - 1) at y = 1.0001: about e * 1e-4. Relative changes (dy, dx) bring e (dy - dx), so that
    # half of 1e-4 each undoes it.
    assert claims.stationarity(extract(m).followers[0]).residual == pytest.approx(5e-5, rel=1e-3)
    assert not certificate(m).passed


def test_the_leaders_constraints():
    """w <= 14 at w = 15: by 1, relative to 14."""
    m = retailer()
    m.cap = pyo.Constraint(expr=m.w <= 14)
    check = claims.leader_feasibility(at(m, 15, 22.5))
    assert check.residual == pytest.approx(1 / 14)
    assert not certificate(m).passed


def test_the_leaders_bounds_and_integrality():
    m = linear()
    m.x.domain = pyo.Integers
    m.x.set_value(2.25, skip_validation=True)
    m.f.y.set_value(1.75)
    assert claims.leader_feasibility(extract(m)).residual == pytest.approx(0.25)
    m.x.set_value(5, skip_validation=True)
    assert claims.leader_feasibility(extract(m)).residual == pytest.approx(1 / 4)


def test_the_followers_rows():
    """30 - p <= 12 at p = 17: by 1; Pyomo stores the row as -p <= -18, and its size is 18."""
    problem = at(retailer(), 2, 17)
    assert claims.follower_feasibility(problem.followers[0]).residual == pytest.approx(1 / 18, rel=0.6)
    assert not claims.follower_feasibility(problem.followers[0]).passed


def test_equalities_count_on_both_sides():
    for value in (4.0, 6.0):
        m = linear()
        m.f.tie = pyo.Constraint(expr=m.f.y == 5)
        m.x.set_value(4)
        m.f.y.set_value(value)
        assert not claims.follower_feasibility(extract(m).followers[0]).passed


def test_a_follower_outside_its_rows_is_not_excused_by_a_better_value():
    """p = 16 is better for the retailer at w = 2, but not allowed: the gain is zero, the row fails."""
    m = retailer()
    at(m, 2, 16)
    failed = {check.name for check in certificate(m).failures}
    assert "follower-rows[retailer]" in failed


def test_a_false_bound():
    m = retailer()
    at(m, 15, 22.5)
    assert not certificate(m, bound_gap=1e-3).passed
    assert certificate(m, bound_gap=1e-3)["bound"].residual == 1e-3


def test_no_bound_is_no_check_of_it():
    m = retailer()
    at(m, 15, 22.5)
    assert "bound" not in {c.name for c in certificate(m, bound_gap=None)}


def test_in_a_nash_equilibrium_each_is_checked_against_the_other():
    m = duopoly()
    m.x.set_value(12)
    m.firm[1].y.set_value(4)
    m.firm[2].y.set_value(4)
    assert certificate(m).passed
    m.firm[2].y.set_value(5)
    failed = {check.name for check in certificate(m).failures}
    # firm 1 would now answer (12 - 5)/2 = 3.5, firm 2 still 4: both are off
    assert {"best-response[firm[1]]", "best-response[firm[2]]"} <= failed


def test_the_leader_being_suboptimal_is_not_claimed_by_the_followers_checks():
    """w = 10 is a bilevel feasible point and no optimum: everything but the bound passes."""
    m = retailer()
    at(m, 10, 20)
    found = certificate(m, bound_gap=abs(100 - 112.5) / 100)
    assert [c.name for c in found.failures] == ["bound"]
    assert claims.is_bilevel_feasible(found)


@pytest.mark.parametrize("shift", [1e-3, -1e-3])
def test_perturbed_answers_of_the_engine_fail(shift: float):
    m = linear()
    bilevel.solve(m)
    m.f.y.set_value(m.f.y.value + shift, skip_validation=True)
    assert not certificate(m).passed


def test_checking_leaves_the_point_alone():
    m = retailer()
    at(m, 15, 22.6)
    certificate(m)
    assert (m.w.value, m.retailer.p.value, m.w.fixed) == (15, 22.6, False)


def test_a_follower_that_cannot_be_solved_again_gives_no_residual():
    """Unbounded at this decision: the gain is not a number, and such a check never passes."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=1)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(initialize=0)
    m.f.cost = pyo.Objective(expr=-m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    check = claims.best_response_gain(extract(m).followers[0])
    assert math.isnan(check.residual)
    assert not check.passed
    assert "could not re-solve it" in check.detail


def test_convexity_by_word_is_checked_globally():
    """min -y^2 on [-1, 2] is at y = 2; a local solve from y = -1 would stay there."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=0)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(-1, 2), initialize=-1)
    m.f.cost = pyo.Objective(expr=-(m.f.y**2))
    m.cost = pyo.Objective(expr=m.x)
    check = claims.best_response_gain(extract(m).followers[0], is_convex=False)
    assert check.residual == pytest.approx(3)


def test_stationarity_estimates_signs():
    """At y = 2 of max y with only the row y >= 1 about: not stationary, whatever multiplier is used."""
    m = linear()
    m.x.set_value(2)
    m.f.y.set_value(0)
    assert claims.stationarity(extract(m).followers[0]).residual == pytest.approx(1)
    m.f.y.set_value(2)
    assert claims.stationarity(extract(m).followers[0]).residual == pytest.approx(0, abs=1e-9)


def test_multipliers_are_unique_where_binding_gradients_are_independent():
    m = linear()
    m.x.set_value(1)
    m.f.y.set_value(1)
    assert claims.has_unique_multipliers(extract(m).followers[0])
    m.x.set_value(2)
    m.f.y.set_value(2)
    assert not claims.has_unique_multipliers(extract(m).followers[0])


def test_where_no_qualification_holds_no_stationarity_is_asked():
    """min y s.t. y^2 <= x: at x = 0 the answer y = 0 has no multiplier, and the certificate does not ask for one."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=0)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(initialize=0)
    m.f.c = pyo.Constraint(expr=m.f.y**2 <= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    problem = extract(m)
    assert qualify(problem) == (Qualification.UNPROVEN,)
    assert "stationarity[f]" not in {c.name for c in certificate(m)}
    answer = bilevel.solve(m)
    assert answer.objective == pytest.approx(0, abs=1e-5)


def two_units(cheap: float, dear: float) -> pyo.ConcreteModel:
    """A follower min cheap * y + dear * z, z >= x + 1, y in [0, 1]; the leader max y + z, x in [0, 1].

    The follower pays for y, however little: y = 0, z = x + 1, and the leader has 2.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=1)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1), initialize=0)
    m.f.z = pyo.Var(initialize=2)
    m.f.cost = pyo.Objective(expr=cheap * m.f.y + dear * m.f.z)
    m.f.need = pyo.Constraint(expr=m.f.z >= m.x + 1)
    m.gain = pyo.Objective(expr=m.f.y + m.f.z, sense=pyo.maximize)
    return m


@pytest.mark.parametrize(("cheap", "dear"), [(1e-3, 100), (1e-4, 1000), (1e-2, 1e6), (1e-6, 1e6)])
def test_a_loss_in_a_followers_smallest_unit_is_a_loss(cheap: float, dear: float):
    m = two_units(cheap, dear)
    assert certificate(m).passed
    m.f.y.set_value(0.0029)
    assert not claims.is_bilevel_feasible(certificate(m))
    assert claims.stationarity(extract(m).followers[0]).residual == 1


@pytest.mark.parametrize("step", [1e-4, 1e-6, 1e-8])
def test_plants_of_nearly_the_same_cost_are_not_the_same(step: float):
    """Ten of the dearer plant and nine of the cheaper one: a unit moved saves the step, and nothing else binds."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5), initialize=1)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(0, 10), initialize={1: 10, 2: 9})
    m.f.cost = pyo.Objective(expr=50 * m.f.y[1] + (50 + step) * m.f.y[2])
    m.f.balance = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] + m.x == 20)
    m.gain = pyo.Objective(expr=m.f.y[2], sense=pyo.maximize)
    assert certificate(m).passed
    m.f.y[1].set_value(9)
    m.f.y[2].set_value(10)
    assert not claims.is_bilevel_feasible(certificate(m))


def test_a_price_that_the_leader_has_rounded_is_forgiven_and_a_cost_that_stands_in_the_model_is_not():
    """The follower is indifferent at x = 2 between buying at x and making at 2: one solver's x is 2 + 1e-9."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4), initialize=2 + 1e-9)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(0, 1), initialize={1: 1, 2: 0})
    m.f.cost = pyo.Objective(expr=m.x * m.f.y[1] + 2 * m.f.y[2])
    m.f.need = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] == 1)
    m.gain = pyo.Objective(expr=m.x * m.f.y[1], sense=pyo.maximize)
    assert certificate(m).passed
    m.x.fix(2 + 1e-9)
    assert not certificate(m).passed


def test_a_price_common_to_all_does_not_blur_what_differs():
    """Costs x and x + 1e-7: whatever x is rounded to, the second is dearer."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 100), initialize=50)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(0, 1), initialize={1: 1, 2: 0})
    m.f.cost = pyo.Objective(expr=m.x * m.f.y[1] + (m.x + 1e-7) * m.f.y[2])
    m.f.need = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] == 1)
    m.gain = pyo.Objective(expr=m.f.y[2], sense=pyo.maximize)
    assert certificate(m).passed
    m.f.y[1].set_value(0)
    m.f.y[2].set_value(1)
    assert not claims.is_bilevel_feasible(certificate(m))


def test_rows_are_judged_in_their_own_units():
    """1e-3 y <= 1e-3 x is broken by 1e-7 where y is off by 1e-4: that is 1e-4 of y."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4), initialize=1)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(initialize=1 + 1e-4)
    m.f.cost = pyo.Objective(expr=-m.f.y)
    m.f.cap = pyo.Constraint(expr=1e-3 * m.f.y <= 1e-3 * m.x)
    m.rule = pyo.Constraint(expr=1e-3 * m.f.y <= 1e-3)
    m.cost = pyo.Objective(expr=m.x)
    problem = extract(m)
    # relative to what changes of both by their sizes would do: 1e-3 (1 + 1.0001)
    assert claims.follower_feasibility(problem.followers[0]).residual == pytest.approx(1e-4 / 2.0001, rel=1e-3)
    assert claims.leader_feasibility(problem).residual == pytest.approx(1e-4 / 1.0001, rel=1e-3)


def test_a_follower_is_tried_far_away_without_any_proof():
    """1e6 z^2 - 1e-5 y^2 + 4e-3 y on y in [0, 1000]: 0 at y = 0 and 4 - 10 = -6 at the other end, behind a ridge."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1), initialize=0)
    m.f = bilevel.Follower()
    m.f.z = pyo.Var(bounds=(-1, 1), initialize=0)
    m.f.y = pyo.Var(bounds=(0, 1000), initialize=0)
    m.f.cost = pyo.Objective(expr=1e6 * m.f.z**2 - 1e-5 * m.f.y**2 + 4e-3 * m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    follower = extract(m).followers[0]
    for asks_solver in (False, True):
        check = claims.better_elsewhere(follower, asks_solver=asks_solver)
        assert check is not None
        assert check.residual == pytest.approx(6)
        assert not check.passed
    assert (m.f.y.value, m.f.z.value) == (0, 0)
    m.f.y.set_value(1000)
    assert claims.better_elsewhere(follower).passed
    with pytest.raises(bilevel.UnsupportedFollower, match="eigenvalue -2e-05"):
        bilevel.solve(m)


def test_a_linear_follower_needs_no_tries():
    assert claims.better_elsewhere(extract(linear()).followers[0]) is None
