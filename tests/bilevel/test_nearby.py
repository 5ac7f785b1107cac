"""Searches that begin at an answer to nearly the same problem: what binds there binds, sides change where in doubt."""

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.methods import nearby, regularized


def problem(most_x=None):
    """Return ``min (x - 2)^2 + (y - 2)^2`` where the follower answers ``y = min(x, 1)``."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=0.5, bounds=(None, most_x))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(initialize=0.5)
    m.follower.objective = pyo.Objective(expr=(m.follower.y - m.x) ** 2)
    m.follower.cap = pyo.Constraint(expr=m.follower.y <= 1)
    m.objective = pyo.Objective(expr=(m.x - 2) ** 2 + (m.follower.y - 2) ** 2)
    return m


def solved(m, x, y):
    """Solve from a point that is said to be near the answer."""
    m.x.set_value(x, skip_validation=True)
    m.follower.y.set_value(y)
    return bilevel.solve(m, "regularized", starts=1, is_near=True)


@pytest.fixture
def relaxed(monkeypatch):
    """Count the searches that drive a relaxation to zero."""
    seen, real = [], regularized._descend

    def counted(*arguments):
        seen.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(regularized, "_descend", counted)
    return seen


def test_what_binds_at_the_point_binds(relaxed):
    """With y = 1 what is left is (x - 2)^2 + 1, least at x = 2."""
    m = problem()
    answer = solved(m, 1.9, 1.0)
    assert (m.x.value, m.follower.y.value) == pytest.approx((2.0, 1.0), abs=1e-8)
    assert answer.objective == pytest.approx(1.0, abs=1e-8)
    assert answer.point_status.value == "locally-optimal"
    assert answer.certificate.passed
    assert not relaxed


def test_sides_change_where_the_answer_presses_against_them(relaxed):
    """Nothing binds at 0.5: y = x, and 2 (x - 2)^2 is least at x = 1, where the cap just binds; beyond it is better."""
    m = problem()
    answer = solved(m, 0.5, 0.5)
    assert (m.x.value, m.follower.y.value) == pytest.approx((2.0, 1.0), abs=1e-8)
    assert answer.objective == pytest.approx(1.0, abs=1e-8)
    assert not relaxed


def test_sides_stay_where_changing_them_gains_nothing(monkeypatch, relaxed):
    """With x <= 1 the best is x = y = 1 on both sides: 1 + 1, found on the first and tried on the other once."""
    polished, real = [], nearby.polish

    def counted(*arguments, **terms):
        polished.append(terms)
        return real(*arguments, **terms)

    monkeypatch.setattr(nearby, "polish", counted)
    assert solved(problem(most_x=1.0), 0.5, 0.5).objective == pytest.approx(2.0, abs=1e-7)
    assert len(polished) == 2
    assert not relaxed


def test_a_point_that_is_not_near_is_searched_from_as_any(relaxed):
    """x <= 1/2 leaves no answer with y = 1: the relaxation finds x = y = 1/2, and 2 (3/2)^2."""
    answer = solved(problem(most_x=0.5), 0.4, 1.0)
    assert answer.objective == pytest.approx(4.5, abs=1e-7)
    assert answer.certificate.passed
    assert len(relaxed) == 1


def test_a_relaxation_that_does_not_end_leaves_what_was_known_before_it(monkeypatch):
    """After the first relaxation the cap binds plainly: the polish needs no more than that."""
    monkeypatch.setattr(regularized, "LATER_ITERATIONS", 1)
    m = problem()
    answer = bilevel.solve(m, "regularized", starts=1)
    assert (m.x.value, m.follower.y.value) == pytest.approx((2.0, 1.0), abs=1e-8)
    assert answer.certificate.passed
