"""The families of `benchmarks.bilevel_scale`: seeded numbers, a bilevel model, a single-level one typed by hand.

Numbers are small integers where that can be, so that two codes agree on the optimum to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel
from benchmarks.bilevel import market_of, oligopoly

PRICE_CAP = 100.0


# --- linear leader, linear follower ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Packing:
    """Follower: max d'y over B y <= b + A x, y >= 0 with B >= 0; leader: min c'x + e'y, x in [0, 10]."""

    A: np.ndarray
    B: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    e: np.ndarray

    @classmethod
    def drawn(cls, n: int, seed: int) -> _Packing:
        rng = np.random.default_rng(seed)
        rows, leaders = n // 2, n // 2
        B = rng.integers(1, 10, (rows, n)) * (rng.random((rows, n)) < 5 / n)
        B[np.arange(n) % rows, np.arange(n)] = rng.integers(1, 10, n)  # every y is limited by some row
        A = rng.integers(-5, 6, (rows, leaders)) * (rng.random((rows, leaders)) < 3 / leaders)
        b = rng.integers(20, 60, rows) + 10 * np.maximum(0, -A).sum(axis=1)  # feasible whatever x is
        c, d, e = rng.integers(1, 10, leaders), rng.integers(1, 20, n), rng.integers(-10, 11, n)
        return cls(A=A, B=B, b=b, c=c, d=d, e=e)


def linear(n: int, seed: int) -> Any:
    """Return the bilevel model of n follower's variables."""
    p = _Packing.drawn(n, seed)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(len(p.c)), bounds=(0, 10))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(n), bounds=(0, None))
    m.f.row = pyo.Constraint(range(len(p.b)), rule=lambda f, k: _dot(p.B[k], f.y) <= float(p.b[k]) + _dot(p.A[k], m.x))
    m.f.gain = pyo.Objective(expr=_dot(p.d, m.f.y), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=_dot(p.c, m.x) + _dot(p.e, m.f.y))
    return m


def linear_by_hand(n: int, seed: int) -> Any:
    """Big-M: some optimal multipliers of packing rows obey u_k <= max_j d_j / B_kj, and the rest follows."""
    p = _Packing.drawn(n, seed)
    rows = range(len(p.b))
    most_u = np.array([(p.d[p.B[k] > 0] / p.B[k][p.B[k] > 0]).max(initial=0.0) for k in rows])
    most_v = np.maximum(0.0, p.B.T @ most_u - p.d)
    most_slack = p.b + 10 * np.maximum(0, p.A).sum(axis=1)
    most_y = np.array([min(most_slack[k] / p.B[k, j] for k in rows if p.B[k, j]) for j in range(n)])
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(len(p.c)), bounds=(0, 10))
    m.y = pyo.Var(range(n), bounds=lambda _, j: (0, float(most_y[j])))
    m.u = pyo.Var(rows, bounds=lambda _, k: (0, float(most_u[k])))
    m.binds, m.is_zero = pyo.Var(rows, domain=pyo.Binary), pyo.Var(range(n), domain=pyo.Binary)
    slack = [float(p.b[k]) + _dot(p.A[k], m.x) - _dot(p.B[k], m.y) for k in rows]
    reduced = [_dot(p.B[:, j], m.u) - float(p.d[j]) for j in range(n)]
    m.limit = pyo.ConstraintList()
    for k in rows:
        for row in (slack[k] >= 0, slack[k] <= float(most_slack[k]) * (1 - m.binds[k])):
            m.limit.add(row)
        m.limit.add(m.u[k] <= float(most_u[k]) * m.binds[k])
    for j in range(n):
        for row in (reduced[j] >= 0, reduced[j] <= float(most_v[j]) * m.is_zero[j]):
            m.limit.add(row)
        m.limit.add(m.y[j] <= float(most_y[j]) * (1 - m.is_zero[j]))
    m.cost = pyo.Objective(expr=_dot(p.c, m.x) + _dot(p.e, m.y))
    return m


# --- interdiction ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """A grid of streets to the right, down and up; the leader makes ``budget`` of them longer."""

    size: int
    arcs: list[tuple[int, int]]
    length: np.ndarray
    detour: np.ndarray

    @property
    def budget(self) -> int:
        return self.size

    @classmethod
    def drawn(cls, size: int, seed: int) -> _Grid:
        rng = np.random.default_rng(seed)
        arcs = [(r * size + c, r * size + c + 1) for r in range(size) for c in range(size - 1)]
        down = [(r * size + c, (r + 1) * size + c) for r in range(size - 1) for c in range(size)]
        arcs += down + [(j, i) for i, j in down]
        return cls(size=size, arcs=arcs, length=rng.integers(1, 11, len(arcs)), detour=rng.integers(5, 21, len(arcs)))

    def leaves(self, node: int) -> float:
        """Return what must leave a node on balance."""
        return 1.0 if node == 0 else -1.0 if node == self.size**2 - 1 else 0.0


def paths(size: int, seed: int) -> Any:
    """Return path interdiction on a grid: the follower takes the shortest way from the first to the last corner."""
    g = _Grid.drawn(size, seed)
    arcs = range(len(g.arcs))
    m = pyo.ConcreteModel()
    m.is_blocked = pyo.Var(arcs, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=pyo.summation(m.is_blocked) <= g.budget)
    m.f = bilevel.Follower()
    m.f.flow = pyo.Var(arcs, bounds=(0, None))
    m.f.balance = pyo.Constraint(
        range(size**2),
        rule=lambda f, v: (
            sum(f.flow[a] for a in arcs if g.arcs[a][0] == v) - sum(f.flow[a] for a in arcs if g.arcs[a][1] == v)
            == g.leaves(v)
        ),
    )
    way = sum((int(g.length[a]) + int(g.detour[a]) * m.is_blocked[a]) * m.f.flow[a] for a in arcs)
    m.f.way = pyo.Objective(expr=way)
    m.delay = pyo.Objective(expr=way, sense=pyo.maximize)
    return m


def paths_by_hand(size: int, seed: int) -> Any:
    """Write the shortest way's dual (Israeli and Wood 2002): potentials no further apart than an arc is long."""
    g = _Grid.drawn(size, seed)
    arcs = range(len(g.arcs))
    m = pyo.ConcreteModel()
    m.is_blocked = pyo.Var(arcs, domain=pyo.Binary)
    m.potential = pyo.Var(range(size**2))
    m.budget = pyo.Constraint(expr=pyo.summation(m.is_blocked) <= g.budget)
    m.start = pyo.Constraint(expr=m.potential[0] == 0)
    m.arc = pyo.Constraint(
        arcs,
        rule=lambda m, a: (
            m.potential[g.arcs[a][1]] - m.potential[g.arcs[a][0]]
            <= int(g.length[a]) + int(g.detour[a]) * m.is_blocked[a]
        ),
    )
    m.delay = pyo.Objective(expr=m.potential[size**2 - 1], sense=pyo.maximize)
    return m


def _knapsack(n: int, seed: int) -> tuple[list[int], list[int], int, int]:
    """Return profits, weights, the follower's capacity and how many items the leader may take away."""
    rng = np.random.default_rng(seed)
    profit, weight = rng.integers(5, 30, n).tolist(), rng.integers(3, 20, n).tolist()
    return profit, weight, sum(weight) // 2, n // 5


def knapsack(n: int, seed: int) -> Any:
    """Return interdiction of a knapsack that may be filled with parts of items: a linear follower."""
    profit, weight, capacity, budget = _knapsack(n, seed)
    m = pyo.ConcreteModel()
    m.is_taken = pyo.Var(range(n), domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=pyo.summation(m.is_taken) <= budget)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(n), bounds=(0, 1))
    m.f.capacity = pyo.Constraint(expr=_dot(weight, m.f.y) <= capacity)
    m.f.left = pyo.Constraint(range(n), rule=lambda f, i: f.y[i] <= 1 - m.is_taken[i])
    m.f.gain = pyo.Objective(expr=_dot(profit, m.f.y), sense=pyo.maximize)
    m.loss = pyo.Objective(expr=_dot(profit, m.f.y))
    return m


def knapsack_by_hand(n: int, seed: int) -> Any:
    """Write the knapsack's dual: an item's price is at most its profit, and zero where the leader has taken it."""
    profit, weight, capacity, budget = _knapsack(n, seed)
    m = pyo.ConcreteModel()
    m.is_taken = pyo.Var(range(n), domain=pyo.Binary)
    m.u = pyo.Var(bounds=(0, None))
    m.counted = pyo.Var(range(n), bounds=(0, None))
    m.budget = pyo.Constraint(expr=pyo.summation(m.is_taken) <= budget)
    m.price = pyo.Constraint(
        range(n), rule=lambda m, i: m.counted[i] >= profit[i] - weight[i] * m.u - profit[i] * m.is_taken[i]
    )
    m.loss = pyo.Objective(expr=capacity * m.u + pyo.summation(m.counted))
    return m


# --- a bidder in a network of direct current ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Grid30:
    """Buses on a ring with chords; a plant at every third bus, two of them the leader's; hourly demand."""

    lines: list[tuple[int, int]]
    susceptance: np.ndarray
    capacity: np.ndarray
    plants: list[int]
    cost: np.ndarray
    most: np.ndarray
    demand: np.ndarray

    @classmethod
    def drawn(cls, buses: int, hours: int, seed: int) -> _Grid30:
        rng = np.random.default_rng(seed)
        lines = [(i, (i + 1) % buses) for i in range(buses)]
        lines += [(i, (i + buses // 3) % buses) for i in range(0, buses, 3)]
        plants = list(range(0, buses, 3))
        base = rng.integers(10, 30, buses)
        swing = 1 + 0.25 * np.sin(2 * np.pi * np.arange(hours) / 24)
        most = rng.integers(60, 120, len(plants))
        cost = rng.integers(20, 50, len(plants))
        cost[:2] = 10  # the leader's, who would be left out otherwise
        return cls(
            lines=lines,
            susceptance=rng.integers(5, 15, len(lines)),
            capacity=rng.integers(30, 60, len(lines)),
            plants=plants,
            cost=cost,
            most=most,
            demand=np.round(np.outer(swing, base), 0),
        )


def bidder(buses: int, hours: int, seed: int) -> Any:
    """Return a market whose leader offers two plants at prices of its own; unserved demand costs the price cap."""
    g = _Grid30.drawn(buses, hours, seed)
    times, plants, lines = range(hours), range(len(g.plants)), range(len(g.lines))
    m = pyo.ConcreteModel()
    m.offer = pyo.Var(times, (0, 1), bounds=(0, PRICE_CAP))
    m.f = bilevel.Follower()
    m.f.made = pyo.Var(times, plants, bounds=lambda _, _t, i: (0, float(g.most[i])))
    m.f.unserved = pyo.Var(times, range(buses), bounds=(0, None))
    m.f.angle = pyo.Var(times, range(buses))
    flow = {
        (t, k): float(g.susceptance[k]) * (m.f.angle[t, i] - m.f.angle[t, j])
        for t in times
        for k, (i, j) in enumerate(g.lines)
    }
    m.f.line = pyo.Constraint(times, lines, rule=lambda _, t, k: (-int(g.capacity[k]), flow[t, k], int(g.capacity[k])))
    m.f.slack_bus = pyo.Constraint(times, rule=lambda f, t: f.angle[t, 0] == 0)
    m.f.served = pyo.Constraint(
        times,
        range(buses),
        rule=lambda f, t, v: (
            sum(f.made[t, i] for i in plants if g.plants[i] == v)
            + f.unserved[t, v]
            - sum(flow[t, k] for k in lines if g.lines[k][0] == v)
            + sum(flow[t, k] for k in lines if g.lines[k][1] == v)
            >= float(g.demand[t, v])
        ),
    )
    m.price = bilevel.dual_of(m.f.served)
    asked = {(t, i): m.offer[t, i] if i < 2 else int(g.cost[i]) for t in times for i in plants}
    m.f.cost = pyo.Objective(
        expr=sum(asked[t, i] * m.f.made[t, i] for t in times for i in plants) + PRICE_CAP * pyo.summation(m.f.unserved)
    )
    m.profit = pyo.Objective(
        expr=sum((m.price[t, g.plants[i]] - int(g.cost[i])) * m.f.made[t, i] for t in times for i in (0, 1)),
        sense=pyo.maximize,
    )
    return m


def bidder_by_hand(buses: int, hours: int, seed: int) -> Any:
    """Ruiz and Conejo (2009): revenue by strong duality is linear; every pair a special ordered set of SCIP.

    Prices are within [0, cap], since unserved demand has no limit and energy may be given away; a plant's rent is
    then at most the cap. Nothing such is known of the lines' prices in a network with cycles.
    """
    g = _Grid30.drawn(buses, hours, seed)
    times, plants, lines, nodes = range(hours), range(len(g.plants)), range(len(g.lines)), range(buses)
    capacity = [float(c) for c in g.capacity]
    m = pyo.ConcreteModel()
    m.offer = pyo.Var(times, (0, 1), bounds=(0, PRICE_CAP))
    m.made = pyo.Var(times, plants, bounds=lambda _, _t, i: (0, float(g.most[i])))
    m.unserved, m.angle = pyo.Var(times, nodes, bounds=(0, None)), pyo.Var(times, nodes)
    m.price = pyo.Var(times, nodes, bounds=(0, PRICE_CAP))
    m.rent, m.loss = (pyo.Var(times, plants, bounds=(0, PRICE_CAP)) for _ in range(2))
    m.forth, m.back = (pyo.Var(times, lines, bounds=(0, None)) for _ in range(2))
    m.rows, m.pairs = pyo.ConstraintList(), pyo.ConstraintList()
    m.free = pyo.Var(pyo.NonNegativeIntegers, dense=False, bounds=(0, None))
    sets: list[tuple[Any, Any]] = []

    def pair(multiplier: Any, slack: Any) -> None:
        m.free.add(len(sets)).set_value(0.0)
        m.rows.add(m.free[len(sets)] == slack)
        sets.append((multiplier, m.free[len(sets)]))

    profit = 0.0
    for t in times:
        flow = [float(g.susceptance[k]) * (m.angle[t, i] - m.angle[t, j]) for k, (i, j) in enumerate(g.lines)]
        net = [m.price[t, i] - m.price[t, j] + m.forth[t, k] - m.back[t, k] for k, (i, j) in enumerate(g.lines)]
        m.rows.add(m.angle[t, 0] == 0)
        for v in nodes:
            sign = [(1 if i == v else -1 if j == v else 0) for i, j in g.lines]
            supply = sum(m.made[t, i] for i in plants if g.plants[i] == v) + m.unserved[t, v]
            pair(m.price[t, v], supply - sum(s * flow[k] for k, s in enumerate(sign) if s) - float(g.demand[t, v]))
            pair(m.unserved[t, v], PRICE_CAP - m.price[t, v])
            if v:  # the first angle is fixed
                m.rows.add(sum(s * float(g.susceptance[k]) * net[k] for k, s in enumerate(sign) if s) == 0)
        for i in plants:
            asked = m.offer[t, i] if i < 2 else float(g.cost[i])
            m.rows.add(asked - m.price[t, g.plants[i]] + m.rent[t, i] - m.loss[t, i] == 0)
            pair(m.rent[t, i], float(g.most[i]) - m.made[t, i])
            sets.append((m.loss[t, i], m.made[t, i]))
        for k in lines:
            pair(m.forth[t, k], capacity[k] - flow[k])
            pair(m.back[t, k], capacity[k] + flow[k])
        profit += sum(float(g.demand[t, v]) * m.price[t, v] - PRICE_CAP * m.unserved[t, v] for v in nodes)
        profit -= sum(capacity[k] * (m.forth[t, k] + m.back[t, k]) for k in lines)
        profit -= sum(float(g.cost[i]) * m.made[t, i] for i in plants)
        profit -= sum(float(g.most[i]) * m.rent[t, i] for i in plants if i > 1)
    m.apart = pyo.SOSConstraint(range(len(sets)), rule=lambda _, k: (list(sets[k]), [1, 2]), sos=1)
    m.profit = pyo.Objective(expr=profit, sense=pyo.maximize)
    return m


def oligopoly_by_hand(firms: int) -> Any:
    """Cournot answers as a set a pair; the leader's profit as it is written, for SCIP to branch on."""
    cost, capacity = market_of(firms)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 100))
    m.y = pyo.Var(range(firms), bounds=lambda _, i: (0, float(capacity[i])))
    m.rent = pyo.Var(range(firms), bounds=(0, 100))
    m.room = pyo.Var(range(firms), bounds=lambda _, i: (0, float(capacity[i])))
    m.loss = pyo.Var(range(firms), bounds=(0, 100 + float(capacity.sum())))
    m.price = pyo.Var(bounds=(-float(capacity.sum()), 100))
    m.demand = pyo.Constraint(expr=m.price == 100 - m.x - pyo.summation(m.y))
    m.left = pyo.Constraint(range(firms), rule=lambda m, i: m.room[i] == float(capacity[i]) - m.y[i])
    m.best = pyo.Constraint(
        range(firms), rule=lambda m, i: m.price - float(cost[i]) - m.y[i] - m.rent[i] + m.loss[i] == 0
    )
    m.full = pyo.SOSConstraint(range(firms), rule=lambda m, i: ([m.rent[i], m.room[i]], [1, 2]), sos=1)
    m.none = pyo.SOSConstraint(range(firms), rule=lambda m, i: ([m.loss[i], m.y[i]], [1, 2]), sos=1)
    m.profit = pyo.Objective(expr=(m.price - 20) * m.x, sense=pyo.maximize)
    return m


def _dot(numbers: Any, variables: Any) -> Any:
    return sum(float(number) * variables[k] for k, number in enumerate(numbers) if number)


MODELS = {
    "linear": (linear, linear_by_hand),
    "paths": (paths, paths_by_hand),
    "knapsack": (knapsack, knapsack_by_hand),
    "bidder": (bidder, bidder_by_hand),
    "firms": (oligopoly, oligopoly_by_hand),
}
"""By family: the bilevel model and the single-level one typed by hand, of the same numbers."""
