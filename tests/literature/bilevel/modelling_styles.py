"""Problems constructed to be written in unusual ways: what a user of Pyomo may type, with answers by hand."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nash_answer, nested_minimum


def inside_a_block() -> pyo.ConcreteModel:
    """The follower and a leader's variable live in an ordinary block; the leader's objective comes first."""
    m = pyo.ConcreteModel()
    m.region = pyo.Block()
    m.region.x = pyo.Var(bounds=(0, 10))
    m.region.shop = bilevel.Follower()
    m.region.shop.y = pyo.Var(bounds=(None, 6))
    m.cost = pyo.Objective(expr=(m.region.x - 4) ** 2 + 2 * m.region.shop.y)
    m.region.shop.cost = pyo.Objective(expr=(m.region.shop.y - 2 * m.region.x) ** 2)
    m.region.limit = pyo.Constraint(expr=m.region.shop.y >= 1)
    return m


def verify_inside_a_block() -> float:
    # y = min(2x, 6) >= 1: (x - 4)^2 + 4x is least at x = 2, 4 + 8; beyond x = 3 it is (x - 4)^2 + 12, 12 at x = 4.
    def value(x: np.ndarray) -> float:
        y = min(2 * x[0], 6)
        return (x[0] - 4) ** 2 + 2 * y if y >= 1 - 1e-12 else math.inf

    return nested_minimum(value, [(0, 10)])


def switched_off() -> pyo.ConcreteModel:
    """Deactivated rows and objectives on both levels, a fixed follower's variable, a mutable Param changed late."""
    m = pyo.ConcreteModel()
    m.price = pyo.Param(initialize=1.0, mutable=True)
    m.x = pyo.Var(bounds=(0, 4))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(bounds=(0, None))
    f.z = pyo.Var(bounds=(0, None), initialize=7.0)
    f.z.fix(2.0)
    f.old_row = pyo.Constraint(expr=f.y >= 100)
    f.old_row.deactivate()
    f.row = pyo.Constraint(expr=f.y + f.z >= m.x)
    f.old_cost = pyo.Objective(expr=-f.y)
    f.old_cost.deactivate()
    f.cost = pyo.Objective(expr=m.price * f.y + 10 * f.z)
    m.old_row = pyo.Constraint(expr=m.x <= -1)
    m.old_row.deactivate()
    m.gain = pyo.Objective(expr=m.x - m.price * f.y, sense=pyo.maximize)
    m.price.set_value(3.0)
    return m


def verify_switched_off() -> float:
    # z = 2 for ever, y = max(0, x - 2): x up to 2, then x - 3 (x - 2).
    return -nested_minimum(lambda x: -(x[0] - 3 * max(0.0, x[0] - 2)), [(0, 4)])


def sparse() -> pyo.ConcreteModel:
    """Skipped rows, two-dimensional followers' index, domains by name, and a sum that leaves some out."""
    m = pyo.ConcreteModel()
    m.R = pyo.Set(initialize=["north", "south"])
    m.S = pyo.RangeSet(2)
    m.quota = pyo.Var(m.R, domain=pyo.NonNegativeIntegers, bounds=(0, 3))
    m.user = bilevel.Follower(m.R, m.S)
    for r in m.R:
        for s in m.S:
            u = m.user[r, s]
            u.y = pyo.Var(domain=pyo.NonNegativeReals)
            u.debt = pyo.Var(domain=pyo.NonPositiveReals)
            u.row = pyo.Constraint(
                m.S, rule=lambda b, k, r=r, s=s: b.y <= m.quota[r] / s if k == s else pyo.Constraint.Skip
            )
            u.link = pyo.Constraint(expr=u.debt + u.y == 0)
            u.gain = pyo.Objective(expr=2 * s * u.y + u.debt - 0.5 * u.y**2, sense=pyo.maximize)
    m.total = pyo.Constraint(expr=sum(m.quota[r] for r in m.R) <= 5)
    m.gain = pyo.Objective(
        expr=sum(m.user[r, s].y * (3 if r == "north" else 2) + s * m.user[r, s].debt for r in m.R for s in m.S),
        sense=pyo.maximize,
    )
    return m


def verify_sparse() -> float:
    # User (r, s) gains (2s - 1) y - y^2/2 with y <= q_r/s: y = min(2s - 1, q_r/s). The leader has (w_r - s) y from it.
    def value(north: int, south: int) -> float:
        return sum((w - s) * min(2 * s - 1, q / s) for w, q in ((3, north), (2, south)) for s in (1, 2))

    return float(max(value(n, s) for n in range(4) for s in range(4) if n + s <= 5))


def eight_rivals() -> pyo.ConcreteModel:
    """A leader ahead of eight equal Cournot firms."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.firm = bilevel.Follower(range(8))
    for i in range(8):
        m.firm[i].y = pyo.Var(domain=pyo.NonNegativeReals)
    m.price = pyo.Expression(expr=100 - m.x - sum(m.firm[i].y for i in range(8)))
    for i in range(8):
        m.firm[i].profit = pyo.Objective(expr=(m.price - 20) * m.firm[i].y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(m.price - 20) * m.x, sense=pyo.maximize)
    return m


def verify_eight_rivals() -> float:
    # With N equal firms each answers (a - c - x)/(N + 1), so the leader has (a - c - x) x/(N + 1): Sherali, Soyster and
    # Murphy's closed form (a - c)^2/(4 (N + 1)). Best responses as a check of the answer at x = 40.
    rest = 60.0
    y = nash_answer(
        [lambda y, i=i: max(0.0, (rest - 20 - (y.sum() - y[i])) / 2) for i in range(8)], np.zeros(8), rounds=5000
    )
    return float((rest - y.sum() - 20) * 40)


def permits() -> pyo.ConcreteModel:
    """A price that is a negative multiplier: more permits make the industry's cost smaller."""
    m = pyo.ConcreteModel()
    m.permits = pyo.Var(bounds=(0, 18))
    m.industry = bilevel.Follower()
    k = m.industry
    k.e = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    k.cost = pyo.Objective(expr=0.5 * (10 - k.e[1]) ** 2 + (8 - k.e[2]) ** 2)
    k.cap = pyo.Constraint(expr=k.e[1] + k.e[2] <= m.permits)
    m.shadow = bilevel.dual_of(k.cap)
    m.welfare = pyo.Objective(expr=-m.shadow * m.permits - 0.5 * m.permits**2, sense=pyo.maximize)
    return m


def verify_permits() -> float:
    # Equal marginal costs p = 10 - e1 = 2 (8 - e2) and e1 + e2 = E give p = (18 - E)/1.5 while e1 > 0, that is p < 10.
    def value(permits: np.ndarray) -> float:
        e = permits[0]
        p = (18 - e) / 1.5
        return -(p * e - 0.5 * e**2) if p <= 10 else math.inf

    # Below E = 3 firm 1 emits nothing, e2 = E, and p = 2 (8 - E).
    low = nested_minimum(lambda e: -(2 * (8 - e[0]) * e[0] - 0.5 * e[0] ** 2), [(0, 3)])
    return -min(low, nested_minimum(value, [(3, 18)]))


def binary_and_quadratic() -> pyo.ConcreteModel:
    """A leader opens sites by yes or no ahead of a quadratic follower; minimise on top, maximise below."""
    m = pyo.ConcreteModel()
    m.SITES = pyo.Set(initialize=["p", "q", "r"])
    fee = {"p": 3.0, "q": 2.0, "r": 1.0}
    m.opened = pyo.Var(m.SITES, within=pyo.Binary)
    m.user = bilevel.Follower()
    m.user.y = pyo.Var(m.SITES, bounds=(0, 5))
    m.user.only_if_open = pyo.Constraint(m.SITES, rule=lambda b, s: b.y[s] <= 5 * m.opened[s])
    m.user.total = pyo.Constraint(expr=pyo.summation(m.user.y) <= 6)
    m.user.gain = pyo.Objective(
        expr=sum(6 * m.user.y[s] - 0.5 * m.user.y[s] ** 2 for s in m.SITES) - 4 * m.user.y["r"], sense=pyo.maximize
    )
    m.loss = pyo.Objective(expr=sum(4 * m.opened[s] - fee[s] * m.user.y[s] for s in m.SITES))
    return m


def verify_binary_and_quadratic() -> float:
    # Marginal gains 6 - y (2 - y at r) are levelled under the total of 6; a site whose first gain is below stays at 0.
    def answer(opened: tuple[int, int, int]) -> tuple[float, ...]:
        first = (6.0, 6.0, 2.0)
        low, high = 0.0, 6.0
        used: tuple[float, ...] = tuple(min(5.0 * o, g) for o, g in zip(opened, first, strict=True))
        if sum(used) <= 6:
            return used
        for _ in range(100):
            level = (low + high) / 2
            used = tuple(min(5.0 * o, max(0.0, g - level)) for o, g in zip(opened, first, strict=True))
            low, high = (level, high) if sum(used) > 6 else (low, level)
        return used

    def loss(opened: tuple[int, int, int]) -> float:
        y = answer(opened)
        return 4 * sum(opened) - 3 * y[0] - 2 * y[1] - y[2]

    return min(loss((a, b, c)) for a in (0, 1) for b in (0, 1) for c in (0, 1))


CONSTRUCTED = "constructed by us"


PROBLEMS = (
    Problem(
        name="inside-a-block",
        source=CONSTRUCTED,
        statement="min (x - 4)^2 + 2y with y >= 1, 0 <= x <= 10; y <= 6 minimises (y - 2x)^2",
        build=inside_a_block,
        optimal_value=12.0,
        verify=verify_inside_a_block,
        tags=tags("qp", "leader-constraints", "blocks", "many-optima"),
        note="Two optima, x = 2 and x = 4.",
    ),
    Problem(
        name="switched-off",
        source=CONSTRUCTED,
        statement="max x - 3y, 0 <= x <= 4; y >= 0 minimises 3y with y + 2 >= x",
        build=switched_off,
        optimal_value=2.0,
        sense=pyo.maximize,
        verify=verify_switched_off,
        tags=tags("lp-lp", "fixed-variables", "params", "deactivated", "maximise"),
    ),
    Problem(
        name="sparse",
        source=CONSTRUCTED,
        statement="max sum (w_r - s) y_rs with integer quotas q_r in {0, ..., 3}, at most 5 together, w = (3, 2); user "
        "(r, s) "
        "maximises (2s - 1) y - y^2/2 with s y <= q_r",
        build=sparse,
        optimal_value=4.5,
        sense=pyo.maximize,
        verify=verify_sparse,
        tags=tags("qp", "several-followers", "indexed-followers", "integer-leader", "equalities", "maximise"),
        note="q = (3, 1 or more): 2 * 1 + 1.5 from the north, 1 from the south.",
    ),
    Problem(
        name="stackelberg-cournot-eight",
        source="Sherali, Soyster and Murphy (1983), Stackelberg-Nash-Cournot equilibria: characterizations and "
        "computations, "
        "Operations Research 31(2): equal firms, closed form",
        statement="max (80 - x - Y) x; eight firms maximise (80 - x - Y) y, y >= 0",
        build=eight_rivals,
        optimal_value=6400 / 36,
        sense=pyo.maximize,
        verify=verify_eight_rivals,
        tags=tags("qp", "nash", "several-followers", "indexed-followers", "unbounded-leader-variable", "maximise"),
    ),
    Problem(
        name="permits",
        source=CONSTRUCTED,
        statement="max p E - E^2/2, 0 <= E <= 18; the industry minimises (10 - e1)^2/2 + (8 - e2)^2 with e1 + e2 <= E, "
        "e >= 0; "
        "p is minus the multiplier",
        build=permits,
        optimal_value=216 / 7,
        sense=pyo.maximize,
        verify=verify_permits,
        tags=tags("qp", "dual", "maximise"),
        note="p = (18 - E)/1.5, E = 36/7.",
    ),
    Problem(
        name="binary-and-quadratic",
        source=CONSTRUCTED,
        statement="min 4 sum o - 3y_p - 2y_q - y_r, o in {0, 1}^3; y in [0, 5]^3 maximises 6 sum y - |y|^2/2 - 4 y_r "
        "with "
        "y <= 5 o, sum y <= 6",
        build=binary_and_quadratic,
        optimal_value=-11.0,
        verify=verify_binary_and_quadratic,
        tags=tags("qp", "integer-leader", "indexed-constraints", "maximise"),
    ),
)
