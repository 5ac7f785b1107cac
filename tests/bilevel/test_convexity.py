"""The gate: every proof on a function that it alone shows, every refusal with its words, and never a wrong yes."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.core.expr.visitor import replace_expressions

from batteryopt import bilevel
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.proof import convexity

from .expressions import boxed_model, composed
from .models import one_follower, retailer


def how(model: pyo.ConcreteModel, **options) -> str:
    """Return how the follower's objective is known to be convex."""
    return convexity.prove(extract(model), **options)[0].by["objective"]


PROOFS = {
    "affine": (lambda x, y: x**2 * y + pyo.exp(x), (None, None)),
    "constant-hessian": (lambda x, y: y**2 - x * y, (None, None)),
    "composition": (lambda x, y: (1 + x) * pyo.exp(y - x), (None, None)),
    # d2/dy2 = 2 (x - 1) + 6 y on [0, 4] x [1, 2]: at the corners 4, 10, 12 and 18 or more; -2 of the sum alone
    "vertex-hessians": (lambda x, y: (x - 1) * y**2 + y**3, (1, 2)),
    # d2/dy2 = 2 (2 + sin x) + exp(y) (1 + 0.1 sin x): positive, no rule shows it
    "interval-hessian": (lambda x, y: (2 + pyo.sin(x)) * y**2 - 0.1 * pyo.sin(y), (0, 3)),
}


@pytest.mark.parametrize("name", PROOFS)
def test_proof(name: str):
    objective, (lower, upper) = PROOFS[name]
    assert how(one_follower(objective, lower=lower, upper=upper)) == name


def test_a_maximised_concave_objective():
    assert how(one_follower(lambda x, y: x * y - y**2, sense=pyo.maximize)) == "constant-hessian"


def test_every_function_of_a_follower_is_accounted_for():
    m = retailer()
    m.retailer.balance = pyo.Constraint(expr=m.retailer.p == 20 - m.w)
    m.retailer.disk = pyo.Constraint(expr=m.retailer.p**2 + m.w**3 <= 900)
    (conviction,) = convexity.prove(extract(m))
    assert conviction.follower == "retailer"
    assert conviction.by == {
        "objective": "constant-hessian",
        "retailer.stock (upper)": "affine",
        "retailer.disk (upper)": "constant-hessian",
        "retailer.p (lower bound)": "affine",
        "retailer.balance": "affine",
    }


def test_data_rows_may_be_anything():
    m = retailer()
    m.retailer.odd = pyo.Constraint(expr=pyo.sin(m.w) >= -1)
    assert "retailer.odd (lower)" not in convexity.prove(extract(m))[0].by


REFUSED = {
    # the Hessian of x y - y^2 is -2
    "concave objective": (lambda x, y: x * y - y**2, (0, 1), {}, r"eigenvalue -2$"),
    "sin": (lambda x, y: pyo.sin(y), (0, 6), {}, r"eigenvalue -[\d.]+ at f\.y = [\d.]+"),
    "data of either sign in the Hessian": (lambda x, y: (x - 2) * y**2, (0, 1), {}, r"eigenvalue -[\d.]+ at x = "),
    "cubic on both sides": (lambda x, y: y**3, (-1, 1), {}, r"eigenvalue -[\d.]+ at f\.y = -"),
    "absolute value": (lambda x, y: abs(y - x), (0, 1), {}, r"not differentiable \('abs'.*epigraph"),
    "absolute value, vouched for": (lambda x, y: abs(y - x), (0, 1), {"assume_convex": True}, r"not differentiable"),
    "norm": (lambda x, y: pyo.sqrt((y - x) ** 2), (0, 4), {}, r"argument of the root 'sqrt\(.*is zero"),
    "norm by a power": (lambda x, y: ((y - x) ** 2) ** 0.5, (0, 4), {}, "argument of the root"),
    "cosh": (lambda x, y: pyo.cosh(y), (0, 4), {}, "'cosh', which cannot be differentiated here; write it with exp"),
    "piecewise": (lambda x, y: pyo.Expr_if(y >= 1, y, 2 - y), (0, 4), {}, "not differentiable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_names_the_follower_and_the_value(name: str):
    objective, (lower, upper), options, words = REFUSED[name]
    with pytest.raises(bilevel.UnsupportedFollower, match=words) as caught:
        how(one_follower(objective, lower=lower, upper=upper), **options)
    assert caught.value.component == "f"


def test_refusal_without_a_counterexample_says_what_to_do():
    """x^2 + y^2 + sin(x) - sin(x) times y^2 is convex for every x, but the box of x has no end to be split to."""
    m = one_follower(lambda x, y: (2 + x**2 + pyo.sin(x) - x**2) * y**2)
    m.x.setub(None)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"could not be proven convex.*assume_convex=True"):
        how(m)


def test_the_users_word_is_recorded_where_no_proof_is_found():
    m = one_follower(lambda x, y: pyo.sin(y), lower=0, upper=6)
    assert how(m, assume_convex=True) == "assumed"
    assert how(one_follower(lambda x, y: -(y**2), lower=0, upper=6), assume_convex=True) == "assumed"


def test_the_users_word_does_not_replace_a_proof():
    assert how(one_follower(lambda x, y: y**2), assume_convex=True) == "constant-hessian"


def test_nonconvex_constraint_is_named():
    m = retailer()
    m.retailer.ring = pyo.Constraint(expr=m.retailer.p**2 >= 4)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"retailer\.ring \(lower\) is not convex.*eigenvalue -2"):
        convexity.prove(extract(m))


def test_a_range_needs_both_sides_convex():
    m = retailer()
    m.retailer.ring = pyo.Constraint(expr=(4, m.retailer.p**2, 400))
    with pytest.raises(bilevel.UnsupportedFollower, match=r"ring \(lower\)"):
        convexity.prove(extract(m))


def test_an_equality_must_be_affine_in_own_variables_only():
    m = retailer()
    m.retailer.circle = pyo.Constraint(expr=m.retailer.p**2 == 4)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"^retailer\.circle: .*equality that is not affine"):
        convexity.prove(extract(m))
    assert convexity.prove(extract(m), assume_convex=True)[0].by["retailer.circle"] == "assumed"
    m.retailer.circle.deactivate()
    m.retailer.tied = pyo.Constraint(expr=m.retailer.p == m.w**2)
    assert convexity.prove(extract(m))[0].by["retailer.tied"] == "affine"


def test_a_norm_in_a_constraint_that_cannot_bind_at_its_kink_is_taken():
    """sqrt(y1^2 + y2^2) <= 1 has no kink where it binds; <= x with x >= 0 may bind at the origin."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    m.f.norm = pyo.Constraint(expr=pyo.sqrt(m.f.y[1] ** 2 + m.f.y[2] ** 2) <= 1)
    m.f.cost = pyo.Objective(expr=m.f.y[1] + m.x * m.f.y[2])
    m.cost = pyo.Objective(expr=m.x)
    assert convexity.prove(extract(m))[0].by["f.norm (upper)"] == "composition"
    m.f.norm.deactivate()
    m.f.other = pyo.Constraint(expr=pyo.sqrt(m.f.y[1] ** 2 + m.f.y[2] ** 2) <= m.x)
    with pytest.raises(bilevel.UnsupportedFollower, match="argument of the root"):
        convexity.prove(extract(m))


def test_a_smoothed_norm_is_taken():
    assert how(one_follower(lambda x, y: pyo.sqrt((y - x) ** 2 + 0.01))) == "composition"


def test_a_root_that_is_maximised_has_no_kink():
    assert how(one_follower(lambda x, y: pyo.sqrt(y) - x * y, sense=pyo.maximize, lower=0)) == "composition"


def test_absolute_values_of_data_are_data():
    assert how(one_follower(lambda x, y: y**2 + abs(x - 1) * y)) == "constant-hessian"


def test_convexity_is_asked_in_own_variables_only():
    """x y is convex in y alone for every x, and -x**2 is a constant to the follower."""
    assert how(one_follower(lambda x, y: x * y - x**2 + y**2)) == "constant-hessian"


def test_the_box_of_the_leader_decides():
    """(x - 2) y^2 is convex for x >= 2 only."""
    m = one_follower(lambda x, y: (x - 2) * y**2, lower=0, upper=1)
    with pytest.raises(bilevel.UnsupportedFollower):
        how(m)
    m.x.setlb(2)
    assert how(m) == "composition"


def test_half_open_sides_are_judged_by_their_direction():
    """d2/dy2 = 2 x + 2 with x >= 0 unbounded above: convex; x unbounded below: not."""
    m = one_follower(lambda x, y: (x + 1) * y**2 + x * y * 0)
    m.x.setub(None)
    assert how(m) in {"composition", "vertex-hessians"}
    m.x.setub(4)
    m.x.setlb(None)
    with pytest.raises(bilevel.UnsupportedFollower):
        how(m)


def test_two_own_variables_coupled_by_data():
    """y1^2 + y2^2 + x y1 y2 has the Hessian ((2, x), (x, 2)): positive semidefinite exactly for |x| <= 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-2, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    m.f.cost = pyo.Objective(expr=m.f.y[1] ** 2 + m.f.y[2] ** 2 + m.x * m.f.y[1] * m.f.y[2])
    m.cost = pyo.Objective(expr=m.x)
    assert how(m) == "vertex-hessians"
    m.x.setub(2.01)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"eigenvalue -0.0"):
        how(m)


def test_proofs_leave_bounds_values_and_domains_as_they_were():
    m = pyo.ConcreteModel()
    m.cap = pyo.Param(initialize=2.0, mutable=True)
    m.x = pyo.Var(bounds=(0, m.cap))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(domain=pyo.NonNegativeReals, bounds=(None, m.cap))
    m.f.cost = pyo.Objective(expr=(2 + pyo.sin(m.x)) * m.f.y**2 - 0.1 * pyo.sin(m.f.y))
    m.cost = pyo.Objective(expr=m.x)
    assert how(m) == "interval-hessian"
    m.cap.set_value(3)
    assert (m.x.ub, m.f.y.ub) == (3, 3)
    m.f.y.domain = pyo.Reals
    assert m.f.y.lb is None
    assert (m.x.value, m.f.y.value) == (None, None)


def test_searching_for_negative_curvature_leaves_values_alone():
    m = one_follower(lambda x, y: (x - 2) * pyo.sin(y), lower=0, upper=6)
    m.x.set_value(1.5)
    with pytest.raises(bilevel.UnsupportedFollower):
        how(m)
    assert m.x.value == 1.5
    assert m.f.y.value is None


@pytest.mark.parametrize("count", [3, 30])
def test_many_variables_at_once(count: int):
    """sum (y_i - x)^2 + (sum y_i)^2: the Hessian is 2 I plus twice a matrix of ones."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(count))
    m.f.cost = pyo.Objective(expr=sum((m.f.y[i] - m.x) ** 2 for i in range(count)) + pyo.summation(m.f.y) ** 2)
    m.cost = pyo.Objective(expr=m.x**2)
    assert how(m) == "constant-hessian"


def _smallest_sampled_eigenvalue(m: pyo.ConcreteModel, draw) -> float:
    """The least eigenvalue of second differences at random points of the box, relative to the largest difference."""
    smallest = math.inf
    own = [m.f.y[1], m.f.y[2]]
    for _ in range(4):
        m.x.set_value(draw(st.floats(m.x.lb, m.x.ub)))
        centre = [draw(st.floats(v.lb + 0.02, v.ub - 0.02)) for v in own]
        try:
            hessian = _second_differences(m, own, centre)
        except (ArithmeticError, ValueError):  # a pole or the end of a domain on the edge of the box
            continue
        smallest = min(smallest, float(np.linalg.eigvalsh(hessian)[0]) / max(1.0, float(np.abs(hessian).max())))
    return smallest


def _second_differences(m: pyo.ConcreteModel, own, centre, step: float = 5e-4) -> np.ndarray:
    def value(*shift: float) -> float:
        for variable, middle, by in zip(own, centre, shift, strict=True):
            variable.set_value(middle + by * step, skip_validation=True)
        return float(pyo.value(m.f.cost))

    mixed = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / 4
    first = value(1, 0) - 2 * value(0, 0) + value(-1, 0)
    second = value(0, 1) - 2 * value(0, 0) + value(0, -1)
    return np.array([[first, mixed], [mixed, second]]) / step**2


def _random_follower(draw) -> pyo.ConcreteModel:
    drawn = boxed_model(draw)
    expression = draw(composed(drawn))
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=drawn.x.bounds)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    for i in (1, 2):
        m.f.y[i].setlb(drawn.y[i].lb)
        m.f.y[i].setub(drawn.y[i].ub)
    swap = {id(drawn.x): m.x, id(drawn.y[1]): m.f.y[1], id(drawn.y[2]): m.f.y[2]}
    m.f.cost = pyo.Objective(expr=replace_expressions(expression, swap))
    m.cost = pyo.Objective(expr=m.x)
    return m


def _never_accepts_a_nonconvex_one(data) -> None:
    m = _random_follower(data.draw)
    try:
        how(m)
    except bilevel.UnsupportedFollower:
        return
    smallest = _smallest_sampled_eigenvalue(m, data.draw)
    assert smallest >= -1e-4, f"accepted with an eigenvalue of {smallest}"


@pytest.mark.parametrize(
    ("objective", "bounds"),
    [
        (lambda x, y: -((y - 1.75) ** 0.5), (0, 1)),  # the root of what is negative wherever the follower may be
        (lambda x, y: -(y**0.5), (0, 0)),  # its second derivative is 1 / 0 wherever the follower may be
    ],
    ids=["negative", "zero"],
)
def test_a_function_without_value_somewhere_is_refused_in_words(objective, bounds):
    lower, upper = bounds
    with pytest.raises(bilevel.UnsupportedFollower):
        how(one_follower(objective, lower=lower, upper=upper, sense=pyo.maximize))


@settings(max_examples=40)
@given(data=st.data())
def test_no_nonconvex_follower_is_accepted(data):
    _never_accepts_a_nonconvex_one(data)


@pytest.mark.slow
@settings(max_examples=1000)
@given(data=st.data())
def test_no_nonconvex_follower_is_accepted_among_many(data):
    _never_accepts_a_nonconvex_one(data)


@settings(max_examples=40)
@given(data=st.data())
def test_negative_curvature_that_is_reported_is_there(data):
    """Where a refusal names an eigenvalue, the function really bends down somewhere in the box."""
    m = _random_follower(data.draw)
    try:
        how(m)
    except bilevel.UnsupportedFollower as refusal:
        if " at " not in refusal.reason:
            return
        point = dict(part.split(" = ") for part in refusal.reason.rsplit(" at ", 1)[1].split(", "))
        if "x" in point:
            m.x.set_value(float(point["x"]))
        else:
            m.x.set_value(m.x.lb)
        own = [m.f.y[1], m.f.y[2]]
        centre = [float(point.get(v.name, 0.5 * (v.lb + v.ub))) for v in own]
        assert float(np.linalg.eigvalsh(_second_differences(m, own, centre))[0]) < 1e-3
