"""Small bilevel models with answers that can be worked out on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyomo.environ as pyo

from batteryopt import bilevel
from batteryopt.bilevel.problem.normal_form import BilevelProblem, extract


def retailer(demand: float = 30.0, stock: float = 12.0) -> pyo.ConcreteModel:
    """A manufacturer sets w, a retailer with limited stock answers with a price.

    The retailer maximises (p - w)(30 - p): p = 15 + w/2, but sells at most 12, so that p >= 18. The leader earns
    w (30 - p): for w <= 6 that is 12 w <= 72, above it w (15 - w/2), largest at w = 15 with 15 * 7.5 = 112.5.
    """
    m = pyo.ConcreteModel()
    m.w = pyo.Var(bounds=(0, demand))
    m.retailer = bilevel.Follower()
    m.retailer.p = pyo.Var(bounds=(0, None))
    m.retailer.profit = pyo.Objective(expr=(m.retailer.p - m.w) * (demand - m.retailer.p), sense=pyo.maximize)
    m.retailer.stock = pyo.Constraint(expr=demand - m.retailer.p <= stock)
    m.profit = pyo.Objective(expr=m.w * (demand - m.retailer.p), sense=pyo.maximize)
    return m


def market() -> pyo.ConcreteModel:
    """A leader sells x into a market that it knows to price at the cost of the last plant: the price is a multiplier.

    Plants at costs 10, 20 and 40 with 5 units each serve what of a demand of 12 is left by x <= 8. The price is 40 up
    to x = 2, 20 up to x = 7, and 10 beyond. The leader earns (price - 5) x: at x = 2 the multipliers reach from 20 to
    40, and the optimistic leader has 40: 70; at x = 7 it may have 20: 15 * 7 = 105; at x = 8 it has 5 * 8 = 40. So 105.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8))
    m.market = bilevel.Follower()
    m.market.y = pyo.Var([10, 20, 40], bounds=(0, 5))
    m.market.cost = pyo.Objective(expr=sum(c * m.market.y[c] for c in (10, 20, 40)))
    m.market.balance = pyo.Constraint(expr=pyo.summation(m.market.y) == 12 - m.x)
    m.price = bilevel.dual_of(m.market.balance)
    m.profit = pyo.Objective(expr=(m.price - 5) * m.x, sense=pyo.maximize)
    return m


def linear() -> pyo.ConcreteModel:
    """min -x - 7y s.t. the follower: min y over y >= 0, y <= x, y <= 4 - x turned round: it maximises y.

    So y = min(x, 4 - x); -x - 7y is -8x up to x = 2 and 6x - 28 beyond: -16 at x = 2, y = 2.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.rise = pyo.Constraint(expr=m.f.y <= m.x)
    m.f.fall = pyo.Constraint(expr=m.f.y <= 4 - m.x)
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=-m.x - 7 * m.f.y)
    return m


def duopoly() -> pyo.ConcreteModel:
    """A leader ahead of two Cournot firms with price 30 - x - y1 - y2 and unit costs 6 and 6, the leader's 6 too.

    Each firm answers (24 - x - other)/2, so that both make (24 - x)/3; the leader earns x (24 - x)/3: x = 12, 48.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 24))
    m.firm = bilevel.Follower([1, 2])
    for i in (1, 2):
        m.firm[i].y = pyo.Var(bounds=(0, 24))
    price = 30 - m.x - m.firm[1].y - m.firm[2].y
    for i in (1, 2):
        m.firm[i].profit = pyo.Objective(expr=(price - 6) * m.firm[i].y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(price - 6) * m.x, sense=pyo.maximize)
    return m


def nonlinear() -> pyo.ConcreteModel:
    """min (x - 3)^2 + y; the follower minimises exp(y) - x y over 0 <= y <= 2: y = log x where that is in the box.

    With x in [1, 5]: y = log x; 2 (x - 3) + 1/x = 0 has 2x^2 - 6x + 1 = 0: x = (6 + sqrt(28))/4 = 2.8228757.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 5))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 2))
    m.f.cost = pyo.Objective(expr=pyo.exp(m.f.y) - m.x * m.f.y)
    m.cost = pyo.Objective(expr=(m.x - 3) ** 2 + m.f.y)
    return m


def disk() -> pyo.ConcreteModel:
    """The follower goes as far along (x, 1) as a unit disk allows: y = (x, 1)/sqrt(1 + x^2); the leader wants y1 = 0.6.

    x/sqrt(1 + x^2) = 0.6 at x = 0.75; the leader's cost (y1 - 0.6)^2 + 1 is 1 there.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(-2, 2))
    m.f.disk = pyo.Constraint(expr=m.f.y[1] ** 2 + m.f.y[2] ** 2 <= 1)
    m.f.reach = pyo.Objective(expr=m.x * m.f.y[1] + m.f.y[2], sense=pyo.maximize)
    m.cost = pyo.Objective(expr=(m.f.y[1] - 0.6) ** 2 + 1)
    return m


SOLVED: dict[str, tuple[Callable[[], pyo.ConcreteModel], float]] = {
    "retailer": (retailer, 112.5),
    "market": (market, 105.0),
    "linear": (linear, -16.0),
    "duopoly": (duopoly, 48.0),
    "nonlinear": (nonlinear, 1.0691291),
    "disk": (disk, 1.0),
}
"""Model and the leader's optimal value, by name. In the nonlinear one (x - 3)^2 = 0.0313730 and log x = 1.0377561."""


def one_follower(
    objective: Callable[[Any, Any], Any], *, sense: Any = pyo.minimize, lower: Any = None, upper: Any = None
) -> pyo.ConcreteModel:
    """A leader's x in [0, 4] and a follower's y with that objective; the leader minimises (x - 1)^2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(lower, upper))
    m.f.cost = pyo.Objective(expr=objective(m.x, m.f.y), sense=sense)
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2)
    return m


def problem_of(model: pyo.ConcreteModel) -> BilevelProblem:
    """Return the model's normal form."""
    return extract(model)
