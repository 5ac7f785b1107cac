"""Stackelberg leaders ahead of several followers that play a Nash equilibrium among themselves."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from scipy.optimize import minimize_scalar

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nash_answer, nested_minimum


def henderson_quandt() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 200))
    m.rival = bilevel.Follower()
    m.rival.y = pyo.Var(domain=pyo.NonNegativeReals)
    y = m.rival.y
    m.rival.loss = pyo.Objective(expr=(0.5 * (m.x + y) + 0.5 * y - 100) * y)
    m.loss = pyo.Objective(expr=(0.5 * (m.x + y) - 95) * m.x)
    return m


def verify_henderson_quandt() -> float:
    def value(x: np.ndarray) -> float:
        y = max(0.0, 50 - x[0] / 4)
        return (0.5 * (x[0] + y) - 95) * x[0]

    return nested_minimum(value, [(0, 200)])


COSTS = {"a": 30.0, "b": 34.0, "c": 38.0}


def cournot() -> pyo.ConcreteModel:
    """Three followers over a string index, each seeing the others' outputs; one leaves the market at the optimum."""
    m = pyo.ConcreteModel()
    m.FIRMS = pyo.Set(initialize=list(COSTS))
    m.x = pyo.Var(bounds=(0, 100))

    def firm(b, i):
        b.y = pyo.Var(bounds=(0, None))

    m.firm = bilevel.Follower(m.FIRMS, rule=firm)
    m.price = pyo.Expression(expr=100 - m.x - sum(m.firm[i].y for i in m.FIRMS))
    for i in m.FIRMS:
        m.firm[i].profit = pyo.Objective(expr=(m.price - COSTS[i]) * m.firm[i].y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(m.price - 20) * m.x, sense=pyo.maximize)
    return m


def verify_cournot() -> float:
    def value(x: np.ndarray) -> float:
        rest = 100 - x[0]
        answers = [
            lambda y, i=i, c=c: max(0.0, (rest - c - (y.sum() - y[i])) / 2) for i, c in enumerate(COSTS.values())
        ]
        y = nash_answer(answers, np.zeros(3))
        return -(rest - y.sum() - 20) * x[0]

    return -nested_minimum(value, [(0, 100)], points=101)


CAPACITY = {1: 8.0, 2: 20.0}

SLOPE = {1: 1.0, 2: 0.5}


def cournot_with_capacities() -> pyo.ConcreteModel:
    """Quadratic costs, capacities as constraints with the leader's investment in them, tax paid to the leader."""
    m = pyo.ConcreteModel()
    m.FIRMS = pyo.RangeSet(2)
    m.tax = pyo.Var(bounds=(0, 40))
    m.extra = pyo.Var(bounds=(0, 10))
    m.firm = bilevel.Follower(m.FIRMS)
    for i in m.FIRMS:
        m.firm[i].y = pyo.Var(domain=pyo.NonNegativeReals)
    m.output = pyo.Expression(expr=m.firm[1].y + m.firm[2].y)
    for i in m.FIRMS:
        f = m.firm[i]
        f.capacity = pyo.Constraint(expr=f.y <= CAPACITY[i] + (m.extra if i == 1 else 0))
        f.cost = pyo.Objective(expr=0.5 * SLOPE[i] * f.y**2 + (10 + m.tax) * f.y - (60 - m.output) * f.y)
    m.welfare = pyo.Objective(expr=m.tax * m.output - 4 * m.extra - 0.5 * m.tax**2, sense=pyo.maximize)
    return m


def verify_cournot_with_capacities() -> float:
    # The equilibrium without capacities has y1 = 3 (50 - t)/13; z is the tax and how far the capacity stays below that.
    def value(z: np.ndarray) -> float:
        tax = z[0]
        extra = min(max(3 * (50 - tax) / 13 - 8 - z[1], 0.0), 10.0)
        caps = (CAPACITY[1] + extra, CAPACITY[2])
        answers = [
            lambda y: min(max(0.0, (50 - tax - y[1]) / (2 + SLOPE[1])), caps[0]),
            lambda y: min(max(0.0, (50 - tax - y[0]) / (2 + SLOPE[2])), caps[1]),
        ]
        y = nash_answer(answers, np.zeros(2))
        return -(tax * y.sum() - 4 * extra - 0.5 * tax**2)

    return -nested_minimum(value, [(0, 40), (0, 10)], points=41)


FIRMS = ((10, 5, 1.2), (8, 5, 1.1), (6, 5, 1.0), (4, 5, 0.9), (2, 5, 0.8))

ELASTICITY = 1.7

LIMIT = 20.0

SCALE = 5000 ** (1 / ELASTICITY)


def murphy() -> pyo.ConcreteModel:
    """Murphy, Sherali and Soyster's five firms: powers in costs and in demand; the first leads."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, LIMIT), initialize=10)
    m.firm = bilevel.Follower(range(1, 5))
    for i in range(1, 5):
        m.firm[i].y = pyo.Var(bounds=(0, LIMIT), initialize=5)
    m.total = pyo.Expression(expr=m.x + sum(m.firm[i].y for i in range(1, 5)))
    m.price = pyo.Expression(expr=SCALE * m.total ** (-1 / ELASTICITY))

    def cost(i, q):
        c, k, b = FIRMS[i]
        return c * q + b / (1 + b) * k ** (-1 / b) * q ** ((1 + b) / b)

    for i in range(1, 5):
        m.firm[i].loss = pyo.Objective(expr=cost(i, m.firm[i].y) - m.firm[i].y * m.price)
    m.loss = pyo.Objective(expr=cost(0, m.x) - m.x * m.price)
    return m


def verify_murphy() -> float:
    def loss(i: int, q: float, others: float) -> float:
        c, k, b = FIRMS[i]
        return c * q + b / (1 + b) * k ** (-1 / b) * q ** ((1 + b) / b) - q * SCALE * (q + others) ** (-1 / ELASTICITY)

    def best(i: int, others: float) -> float:
        found = minimize_scalar(
            lambda q: loss(i, q, others), bounds=(0, LIMIT), method="bounded", options={"xatol": 1e-10}
        )
        return float(found.x)

    def value(x: np.ndarray) -> float:
        y = np.full(4, 10.0)
        for _ in range(60):
            before = y.copy()
            for i in range(4):
                y[i] = best(i + 1, x[0] + y.sum() - y[i])
            if np.abs(y - before).max() < 1e-8:
                break
        return loss(0, x[0], float(y.sum()))

    found = minimize_scalar(
        lambda x: value(np.array([x])), bounds=(0.1, LIMIT), method="bounded", options={"xatol": 1e-6}
    )
    coarse = min(value(np.array([x])) for x in np.linspace(1, LIMIT, 20))
    return float(min(found.fun, coarse))


PROBLEMS = (
    Problem(
        name="henderson-quandt-1958",
        source="Henderson and Quandt (1958), Microeconomic Theory, McGraw-Hill; MacMPEC stackelberg1; BOLIB "
        "HendersonQuandt1958",
        statement="min (x + y)/2 x - 95x, 0 <= x <= 200; y >= 0 minimises (x + y)/2 y + y^2/2 - 100y",
        build=henderson_quandt,
        optimal_value=-9800 / 3,
        verify=verify_henderson_quandt,
        tags=tags("qp", "leader-in-follower-cost"),
        note="y = 50 - x/4: 3x^2/8 - 70x is least at x = 280/3.",
    ),
    Problem(
        name="stackelberg-cournot-three",
        source="Sherali, Soyster and Murphy (1983), Stackelberg-Nash-Cournot equilibria: characterizations and "
        "computations, "
        "Operations Research 31(2): the model, with linear demand and data of our own",
        statement="max (100 - x - Y - 20) x; three firms maximise (100 - x - Y - c) y with c = 30, 34, 38, Y their "
        "sum, y >= 0",
        build=cournot,
        optimal_value=2704 / 3,
        sense=pyo.maximize,
        verify=verify_cournot,
        tags=tags("qp", "nash", "several-followers", "indexed-followers", "expressions", "maximise"),
        note="With three firms in, the leader has x (122 - x)/4 up to x = 50 (price 38), 900 there; beyond with two "
        "x (104 - x)/3, 2704/3 at x = 52.",
    ),
    Problem(
        name="taxed-duopoly",
        source="constructed by us in the style of Sherali, Soyster and Murphy (1983), with capacities and a tax",
        statement="max t Y - 4e - t^2/2; firms with cost (10 + t) y + s y^2/2, s = 1, 0.5, price 60 - Y, capacities 8 "
        "+ e, 20",
        build=cournot_with_capacities,
        optimal_value=362**2 / 702 - 184 / 13,
        sense=pyo.maximize,
        verify=verify_cournot_with_capacities,
        tags=tags("qp", "nash", "several-followers", "indexed-followers", "expressions", "maximise"),
        note="y = (3, 4)(50 - t)/13 while the capacity is just enough, e = 3(50 - t)/13 - 8; then 362t/13 - 27t^2/26 - "
        "184/13 "
        "is greatest at t = 362/27.",
    ),
    Problem(
        name="murphy-sherali-soyster-1982",
        source="Murphy, Sherali and Soyster (1982), A mathematical programming approach for determining oligopolistic "
        "market "
        "equilibrium, Mathematical Programming 24, data; MacMPEC gnash1 with L = 20, gamma = 1.7",
        statement="min c(x) - x p(x + Y), 0 <= x <= 20; four firms minimise c(y) - y p(x + Y), 0 <= y <= 20, with "
        "c(q) = c q + b/(1 + b) K^(-1/b) q^((1 + b)/b) and p(Q) = 5000^(1/1.7) Q^(-1/1.7)",
        build=murphy,
        optimal_value=-5.349136,
        verify=verify_murphy,
        tags=tags("nlp", "nash", "several-followers", "indexed-followers", "expressions", "assumed-convex"),
        options={"assume_convex": True},
        outcomes=frozenset({"right", "flagged"}),
        note="MacMPEC prints -6.11671 (gnash19), because its followers' marginal cost reads K^(-1/b) y for K^(-1/b) "
        "y^(1/b). "
        "That each firm's profit is concave has no proof by intervals, so the user vouches for it.",
    ),
)
