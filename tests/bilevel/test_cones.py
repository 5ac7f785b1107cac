"""Followers with norms, second-order cones and absolute values, in all the ways in which people write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.problem.forms import own_form, variables_in
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.proof.norms import with_directions
from batteryopt.bilevel.proof.squares import cone_of, squares_of
from tests.literature.bilevel.second_route import nested_minimum

Row = Callable[[Any, Any, Any], Any]
CONES: dict[str, Row] = {
    "product": lambda y, s, t: y**2 <= s * t,
    "ratio": lambda y, s, t: y**2 / t <= s,
    "squared": lambda y, s, t: 4 * y**2 + (t - s) ** 2 <= (t + s) ** 2,
    "norm": lambda y, s, t: pyo.sqrt(4 * y**2 + (t - s) ** 2) <= t + s,
    "root": lambda y, s, t: (4 * y**2 + (t - s) ** 2) ** 0.5 <= t + s,
}


def geometric_mean(row: Row, lowest: float) -> pyo.ConcreteModel:
    """The follower takes the most y <= sqrt(s t), t <= x, s <= 4 - x: y = sqrt(x (4 - x)). The leader max y - x/2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 3))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(-5, 5))
    m.f.s, m.f.t = pyo.Var(bounds=(lowest, 9)), pyo.Var(bounds=(lowest, 9))
    m.f.first = pyo.Constraint(expr=m.f.t <= m.x)
    m.f.second = pyo.Constraint(expr=m.f.s <= 4 - m.x)
    m.f.cone = pyo.Constraint(expr=row(m.f.y, m.f.s, m.f.t))
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.gain = pyo.Objective(expr=m.f.y - m.x / 2, sense=pyo.maximize)
    return m


@pytest.mark.parametrize(
    ("way", "lowest"),
    [
        pytest.param(way, lowest, marks=[pytest.mark.slow] if (way, lowest) == ("product", 0.0) else [])
        for way in CONES
        for lowest in ((0.01,) if way == "ratio" else (0.0, 0.01))
    ],
)
def test_a_cone_in_every_writing(way: str, lowest: float):
    """On the circle y^2 + (x - 2)^2 = 4 the slope is 1/2 at x = 2 - 2/sqrt(5), y = 4/sqrt(5): sqrt(5) - 1."""
    m = geometric_mean(CONES[way], lowest)
    answer = bilevel.solve(m, time_limit=60, gap=1e-5)
    assert answer.objective == pytest.approx(math.sqrt(5) - 1, abs=1e-5)
    assert answer.is_optimal, str(answer)
    assert m.x.value == pytest.approx(2 - 2 / math.sqrt(5), abs=1e-2)


def budget(target: float, weight: float) -> pyo.ConcreteModel:
    """min -y1 - 2 y2 over ||y|| <= x: y = x (1, 2)/sqrt(5). The leader min (y1 - target)^2 + weight x, x in [0, 2]."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(-10, 10))
    m.f.ball = pyo.Constraint(expr=pyo.sqrt(m.f.y[1] ** 2 + m.f.y[2] ** 2) <= m.x)
    m.f.cost = pyo.Objective(expr=-m.f.y[1] - 2 * m.f.y[2])
    m.cost = pyo.Objective(expr=(m.f.y[1] - target) ** 2 + weight * m.x)
    return m


def test_a_ball_that_may_shrink_to_a_point():
    """No Slater point at x = 0. y1 = x/sqrt(5) = u: min (u - 1/2)^2 + sqrt(5) u/10 at u = 1/2 - sqrt(5)/20."""
    u = 0.5 - math.sqrt(5) / 20
    answer = bilevel.solve(budget(0.5, 0.1), time_limit=60)
    assert answer.objective == pytest.approx((u - 0.5) ** 2 + math.sqrt(5) * u / 10, abs=1e-5)
    assert answer.is_optimal, str(answer)


def test_the_point_itself():
    """A weight of 1 on x: the slope at u = 0 is -1 + sqrt(5) > 0, so that x = 0 and y = 0: the norm's kink. 1/4."""
    m = budget(0.5, 1)
    answer = bilevel.solve(m, time_limit=60)
    assert answer.objective == pytest.approx(0.25, abs=1e-5)
    assert [m.f.y[i].value for i in (1, 2)] == pytest.approx([0, 0], abs=1e-3)
    assert answer.is_optimal, str(answer)


def test_the_multiplier_of_a_norm():
    """min -y1 - 2 y2 over ||y|| <= 1 has the value -sqrt(5) x: a unit more is worth -sqrt(5)."""
    m = budget(0.5, 0.1)
    m.price = bilevel.dual_of(m.f.ball)
    m.x.fix(1)
    answer = bilevel.solve(m)
    assert answer.point_status.is_feasible
    assert pyo.value(m.price) == pytest.approx(-math.sqrt(5), rel=1e-4)


def test_the_multiplier_of_a_squared_cone_is_refused():
    m = geometric_mean(CONES["product"], 0.0)
    m.price = bilevel.dual_of(m.f.cone)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\.cone: .*write it as a norm"):
        bilevel.solve(m)
    m.del_component(m.price)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\.cone: a limit of its multiplier"):
        bilevel.solve(m, multiplier_limits={m.f.cone: 5})


def test_a_distance_as_objective():
    """The nearest point to (x, 1) with y1 + y2 <= 2 is the point itself where x <= 1: the kink. (1/2, 1/2) is free."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(-10, 10))
    m.f.row = pyo.Constraint(expr=m.f.y[1] + m.f.y[2] <= 2)
    m.f.distance = pyo.Objective(expr=pyo.sqrt((m.f.y[1] - m.x) ** 2 + (m.f.y[2] - 1) ** 2))
    m.cost = pyo.Objective(expr=(m.x - 0.5) ** 2 + (m.f.y[1] - 0.5) ** 2 + 1)
    answer = bilevel.solve(m, time_limit=60)
    assert answer.objective == pytest.approx(1, abs=1e-5)
    assert answer.is_optimal, str(answer)
    m.cost.set_value((m.x - 2) ** 2 + m.f.y[1])
    # Beyond x = 1 it is ((x + 1)/2, (3 - x)/2): (x - 2)^2 + (x + 1)/2 is least at x = 7/4, 1/16 + 11/8.
    answer = bilevel.solve(m, time_limit=60)
    assert answer.objective == pytest.approx(23 / 16, abs=1e-5)
    assert answer.is_optimal, str(answer)


def test_an_absolute_value():
    """|y - x| + y^2/4: y = x up to x = 2, and 2 beyond. min (y - 3)^2 + x/10: x = 2 has 1 + 1/5."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(-10, 10))
    m.f.cost = pyo.Objective(expr=abs(m.f.y - m.x) + m.f.y**2 / 4)
    m.cost = pyo.Objective(expr=(m.f.y - 3) ** 2 + m.x / 10)
    answer = bilevel.solve(m, time_limit=60)
    assert answer.objective == pytest.approx(1.2, abs=1e-5)
    assert answer.is_optimal, str(answer)


def test_a_kink_that_opens_downwards_is_still_refused():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(-10, 10))
    m.f.cost = pyo.Objective(expr=-abs(m.f.y - m.x))
    m.cost = pyo.Objective(expr=m.f.y)
    with pytest.raises(bilevel.UnsupportedFollower, match="not differentiable"):
        bilevel.solve(m)


def test_a_cone_whose_height_may_be_negative_is_none():
    """y^2 <= t^2 with t of either sign is two cones, not one."""
    m = pyo.ConcreteModel()
    m.y, m.t, m.s = pyo.Var(), pyo.Var(bounds=(-1, 1)), pyo.Var(bounds=(0, None))
    own = variables_in([m.y + m.t + m.s])
    assert cone_of(own_form(m.y**2 - m.t**2, own)) is None
    assert cone_of(own_form(m.y**2 - m.s**2 - 1, own)) is None  # outside of a hyperbola
    parts, height = cone_of(own_form(m.y**2 + 2 - m.s**2, own))  # within one of its branches
    m.y.set_value(3)
    m.s.set_value(4)
    assert sum(pyo.value(u) ** 2 for u in parts) == pytest.approx(11)
    assert pyo.value(height) == pytest.approx(4)


def test_squares_have_the_function_s_values():
    """(y - x)^2 + y z + z^2 with x as data, at a point: 4 + 6 + 9."""
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(initialize=4), pyo.Var(initialize=2), pyo.Var(initialize=3)
    own = variables_in([m.y + m.z])
    squares = squares_of(own_form((m.y - m.x) ** 2 + m.y * m.z + m.z**2, own))
    assert squares is not None
    assert sum(pyo.value(u) ** 2 for u in squares.plus) + pyo.value(squares.rest) == pytest.approx(19)
    assert squares_of(own_form(m.y**2 + m.z, own)) is None  # a parabola


def test_a_follower_without_kinks_is_left_alone():
    m = budget(0.5, 0.1)
    m.x.setlb(0.5)
    problem = extract(m)
    assert with_directions(problem) is problem


@pytest.mark.parametrize("price", [lambda q: 100 / q, lambda q: 100 * q ** (-1)], ids=["ratio", "power"])
@pytest.mark.parametrize("inside", [False, True], ids=["times", "over"])
def test_a_price_that_falls_as_one_over_quantity(price: Callable[[Any], Any], inside: bool):
    """max 100 y/(x + y + 1) - y: y = 10 sqrt(x + 1) - x - 1. max y - x: 5/sqrt(x + 1) = 2, x = 5.25, 18.75 - 5.25."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    total = m.x + m.f.y + 1
    income = 100 * m.f.y / total if inside else m.f.y * price(total)
    m.f.gain = pyo.Objective(expr=income - m.f.y, sense=pyo.maximize)
    m.gain = pyo.Objective(expr=m.f.y - m.x, sense=pyo.maximize)
    answer = bilevel.solve(m, time_limit=30, gap=1e-4)
    assert answer.objective == pytest.approx(13.5, abs=1e-5)
    assert answer.is_optimal, str(answer)


def discs(seed: int) -> tuple[pyo.ConcreteModel, float]:
    """max c'y over ||y|| <= x, a'y <= b; the leader min ||y - p||^2 + w x, x in [0, 2], by a fine grid as second way.

    The answer is x c/||c|| where a'y <= b lets it be, else the better end of the chord a'y = b; where the disc does not
    reach the half plane (b < 0) the decision is not allowed, and at its edge there is no Slater point.
    """
    rng = np.random.default_rng(seed)
    c, a, p = rng.normal(size=2), rng.normal(size=2), rng.normal(size=2)
    b, w = float(rng.uniform(-0.5, 0.8)), float(rng.uniform(0, 0.5))
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([0, 1], bounds=(-5, 5))
    m.f.disc = pyo.Constraint(expr=m.f.y[0] ** 2 + m.f.y[1] ** 2 <= m.x**2)
    m.f.norm = pyo.Constraint(expr=(m.f.y[0] ** 2 + m.f.y[1] ** 2) ** 0.5 <= m.x)
    (m.f.disc if seed % 2 else m.f.norm).deactivate()
    m.f.half = pyo.Constraint(expr=float(a[0]) * m.f.y[0] + float(a[1]) * m.f.y[1] <= b)
    m.f.gain = pyo.Objective(expr=float(c[0]) * m.f.y[0] + float(c[1]) * m.f.y[1], sense=pyo.maximize)
    m.cost = pyo.Objective(expr=sum((m.f.y[k] - float(p[k])) ** 2 for k in (0, 1)) + w * m.x)

    def value(x: np.ndarray) -> float:
        y = x[0] * c / np.linalg.norm(c)
        if a @ y > b:
            foot = a * b / (a @ a)
            if foot @ foot > x[0] ** 2:
                return math.inf
            along = np.array([-a[1], a[0]]) / np.linalg.norm(a)
            y = foot + math.copysign(math.sqrt(x[0] ** 2 - foot @ foot), c @ along) * along
        return float((y - p) @ (y - p) + w * x[0])

    edge = abs(b) / float(np.linalg.norm(a))
    return m, nested_minimum(value, [(0, 2)], points=2001, also=[[edge]] if b < 0 and edge <= 2 else [])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 16))])
def test_random_discs_against_a_grid(seed: int):
    m, value = discs(seed)
    answer = bilevel.solve(m, time_limit=20, gap=1e-5)
    assert answer.bound is None or answer.bound <= value + 1e-4, str(answer)
    if answer.point_status.is_feasible:
        assert answer.objective >= value - 1e-4, str(answer)
    if answer.is_optimal:
        assert answer.objective == pytest.approx(value, abs=1e-4), str(answer)
    if seed == 0:
        assert answer.is_optimal, str(answer)


WRITINGS: dict[str, tuple[Callable[[Any], None], float]] = {}


def written(value: float) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Keep a model with its value, which its docstring derives."""

    def keep(write: Callable[[Any], None]) -> Callable[[Any], None]:
        WRITINGS[write.__name__] = write, value
        return write

    return keep


@written(0.0975)
def absolute_row(m: Any) -> None:
    """|y| <= x and max y: y = x. (x - 1)^2 + x/10 is least at 19/20: 1/400 + 19/200."""
    m.f.row = pyo.Constraint(expr=abs(m.f.y[0]) <= m.x)
    m.f.cost = pyo.Objective(expr=-m.f.y[0])
    m.cost = pyo.Objective(expr=(m.f.y[0] - 1) ** 2 + m.x / 10)


@written(0)
def weight_of_the_leaders(m: Any) -> None:
    """x |y| + (y - 2)^2: y = 2 - x/2. (y - 1)^2 is 0 at x = 2."""
    m.f.cost = pyo.Objective(expr=m.x * abs(m.f.y[0]) + (m.f.y[0] - 2) ** 2)
    m.cost = pyo.Objective(expr=(m.f.y[0] - 1) ** 2)


@written(1)
def norm_and_absolute_value(m: Any) -> None:
    """2 ||(y1 - x, y2)|| + 3 |y1 - 1| has y1 = 1, the steeper of both: (1 - 2)^2 and no x."""
    norm = pyo.sqrt((m.f.y[0] - m.x) ** 2 + m.f.y[1] ** 2)
    m.f.gain = pyo.Objective(expr=-2 * norm - 3 * abs(m.f.y[0] - 1), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=(m.f.y[0] - 2) ** 2 + m.x / 10)


@written(0)
def cross_terms(m: Any) -> None:
    """2 y1^2 + 2 y1 y2 + 2 y2^2 <= x^2 and max y1 + y2: both x/sqrt(6), and 1/2 is within what x <= 3 lets be."""
    y = m.f.y
    m.f.row = pyo.Constraint(expr=2 * y[0] ** 2 + 2 * y[0] * y[1] + 2 * y[1] ** 2 <= m.x**2)
    m.f.gain = pyo.Objective(expr=y[0] + y[1], sense=pyo.maximize)
    m.cost = pyo.Objective(expr=(y[0] - 0.5) ** 2)


@pytest.mark.parametrize("name", WRITINGS)
def test_other_writings(name: str):
    write, value = WRITINGS[name]
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([0, 1], bounds=(-5, 5))
    write(m)
    answer = bilevel.solve(m, time_limit=30)
    assert answer.objective == pytest.approx(value, abs=1e-5)
    assert answer.is_optimal, str(answer)
