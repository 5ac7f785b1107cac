"""Random followers that are nearly indifferent, badly scaled or partly concave, with answers by exact enumeration.

Every number of a problem is a float and is read as the fraction that it is; linear systems are solved in fractions, so
that a cost of 50.0001 beside one of 50 is as clear as 2 beside 1. Nothing here knows optimality conditions or solvers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

Exact = Fraction
Vector = list[Fraction]


@dataclass(frozen=True, kw_only=True)
class Treacherous:
    """One problem: how to write it, its optimum, and what `bilevel.solve` is to be told."""

    name: str
    build: Callable[[], pyo.ConcreteModel]
    optimum: Callable[[], float]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LinearGame:
    """Leader max w0 x + w y, x in [0, top]; follower min c y s.t. A y <= b + s x, 0 <= y <= u."""

    w0: float
    w: Sequence[float]
    top: float
    c: Sequence[float]
    A: Sequence[Sequence[float]]
    b: Sequence[float]
    s: Sequence[float]
    u: Sequence[float]

    def model(self) -> pyo.ConcreteModel:
        """Write it for the engine."""
        m = pyo.ConcreteModel()
        own = range(len(self.c))
        m.x = pyo.Var(bounds=(0, self.top))
        m.f = bilevel.Follower()
        m.f.y = pyo.Var(own, bounds=lambda _, i: (0, self.u[i]))
        m.f.cost = pyo.Objective(expr=sum(self.c[i] * m.f.y[i] for i in own))
        m.f.row = pyo.Constraint(
            range(len(self.b)),
            rule=lambda b, k: sum(self.A[k][i] * b.y[i] for i in own) <= self.b[k] + self.s[k] * m.x,
        )
        m.gain = pyo.Objective(expr=self.w0 * m.x + sum(self.w[i] * m.f.y[i] for i in own), sense=pyo.maximize)
        return m

    def optimum(self) -> float:
        """Return the leader's best over all vertices of the joint polyhedron at which the follower is at its best.

        That the optimum is at such a vertex: Bialas and Karwan (1984). Minus infinity where there is none.
        """
        size = len(self.c)
        follower = self._follower_rows()
        leader = [([Exact(1)] + [Exact(0)] * size, Exact(self.top)), ([Exact(-1)] + [Exact(0)] * size, Exact(0))]
        weights = [Exact(self.w0), *map(Exact, self.w)]
        found = sorted(((_dot(weights, p), p) for p in vertices(follower + leader)), key=lambda pair: -pair[0])
        for value, point in found:
            at = [(row[1:], right - row[0] * point[0]) for row, right in follower]
            costs = [_dot(list(map(Exact, self.c)), y) for y in vertices(at)]
            if _dot(list(map(Exact, self.c)), point[1:]) == min(costs):
                return float(value)
        return -math.inf

    def _follower_rows(self) -> list[tuple[Vector, Fraction]]:
        size = len(self.c)
        rows = [([-Exact(s), *map(Exact, a)], Exact(b)) for a, b, s in zip(self.A, self.b, self.s, strict=True)]
        for i, most in enumerate(self.u):
            unit = [Exact(int(k == i)) for k in range(size)]
            rows += [([Exact(0), *unit], Exact(most)), ([Exact(0), *(-e for e in unit)], Exact(0))]
        return rows


def vertices(rows: Sequence[tuple[Vector, Fraction]]) -> list[Vector]:
    """Return all vertices of ``a z <= b`` in fractions."""
    size = len(rows[0][0])
    found: dict[tuple[Fraction, ...], None] = {}
    for chosen in itertools.combinations(rows, size):
        point = _solved([row for row, _ in chosen], [right for _, right in chosen])
        if point is not None and all(_dot(row, point) <= right for row, right in rows):
            found[tuple(point)] = None
    return [list(point) for point in found]


def _solved(matrix: Sequence[Vector], right: Sequence[Fraction]) -> Vector | None:
    """Solve a square system by elimination; None where it is singular."""
    work = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(work)
    for k in range(size):
        pivot = next((i for i in range(k, size) if work[i][k]), None)
        if pivot is None:
            return None
        work[k], work[pivot] = work[pivot], work[k]
        for i in range(size):
            if i != k and work[i][k]:
                factor = work[i][k] / work[k][k]
                work[i] = [a - factor * b for a, b in zip(work[i], work[k], strict=True)]
    return [work[k][size] / work[k][k] for k in range(size)]


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True) if a and b), Exact(0))


@dataclass(frozen=True, kw_only=True)
class SeparableGame:
    """Leader max w0 x + w y, x in [0, top]; follower min sum_i q_i/2 y_i^2 + (c_i + d_i x) y_i, 0 <= y_i <= u_i.

    Any q_i may be zero or negative. Each y_i answers for itself.
    """

    w0: float
    w: Sequence[float]
    top: float
    q: Sequence[float]
    c: Sequence[float]
    d: Sequence[float]
    u: Sequence[float]

    def model(self) -> pyo.ConcreteModel:
        """Write it for the engine."""
        m = pyo.ConcreteModel()
        own = range(len(self.c))
        m.x = pyo.Var(bounds=(0, self.top))
        m.f = bilevel.Follower()
        m.f.y = pyo.Var(own, bounds=lambda _, i: (0, self.u[i]))
        y = m.f.y
        m.f.cost = pyo.Objective(
            expr=sum(0.5 * self.q[i] * y[i] ** 2 + (self.c[i] + self.d[i] * m.x) * y[i] for i in own)
        )
        m.gain = pyo.Objective(expr=self.w0 * m.x + sum(self.w[i] * y[i] for i in own), sense=pyo.maximize)
        return m

    def optimum(self) -> float:
        """Return the leader's best over the ends and the decisions at which an answer starts, ends or jumps.

        Between them every answer is affine in x, or constant, and at a jump the leader has the choice of both sides.
        """
        ends = {Exact(0), Exact(self.top)}
        for i in range(len(self.c)):
            ends.update(x for x in self._breaks(i) if 0 <= x <= Exact(self.top))
        return float(max(self._value(x) for x in ends))

    def _breaks(self, i: int) -> list[Fraction]:
        q, c, d, u = (Exact(values[i]) for values in (self.q, self.c, self.d, self.u))
        if not d:
            return []
        if q <= 0:  # the answer is at an end of the box, and q u^2 / 2 + (c + d x) u = 0 is where both are as good
            return [(-q * u / 2 - c) / d]
        return [-c / d, (-q * u - c) / d]

    def _value(self, x: Fraction) -> Fraction:
        return Exact(self.w0) * x + sum(
            (max(Exact(self.w[i]) * y for y in self._answers(i, x)) for i in range(len(self.c))), Exact(0)
        )

    def _answers(self, i: int, x: Fraction) -> list[Fraction]:
        q, u, slope = Exact(self.q[i]), Exact(self.u[i]), Exact(self.c[i]) + Exact(self.d[i]) * x
        tried = [Exact(0), u]
        if q > 0:
            tried.append(min(u, max(Exact(0), -slope / q)))
        costs = [q / 2 * y * y + slope * y for y in tried]
        return [y for y, cost in zip(tried, costs, strict=True) if cost == min(costs)]


def near_indifferent(seed: int) -> Treacherous:
    """A merit order whose plants differ in the fifth to ninth digit, and a leader who cares which of them run."""
    draw = np.random.default_rng([1, seed])
    count = int(draw.integers(2, 4))
    base, step = float(draw.choice([1.0, 50.0, 300.0])), 10.0 ** -int(draw.integers(3, 8))
    order = draw.permutation(count)
    game = LinearGame(
        w0=round(float(draw.uniform(-1, 0.5)), 2),
        w=[round(float(v), 2) for v in draw.uniform(-1, 3, count)],
        top=5.0,
        c=[base + step * float(k) for k in order],
        A=[[-1.0] * count],
        b=[-round(float(draw.uniform(6, 9 * count)), 1)],
        s=[1.0],
        u=[10.0] * count,
    )
    return Treacherous(name=f"near-indifferent-{seed}", build=game.model, optimum=game.optimum)


def mixed_units(seed: int) -> Treacherous:
    """One follower minds one thing a million times less than another."""
    draw = np.random.default_rng([2, seed])
    count = int(draw.integers(2, 4))
    sizes = 10.0 ** draw.integers(-4, 7, count)
    signs = draw.choice([1.0, 1.0, -1.0], count)
    rows = int(draw.integers(1, 3))
    A = draw.choice([-1.0, 0.0, 1.0], (rows, count))
    game = LinearGame(
        w0=round(float(draw.uniform(-1, 1)), 2),
        w=[round(float(v), 2) for v in draw.uniform(-2, 3, count)],
        top=1.0,
        c=[float(v) for v in sizes * signs],
        A=[[float(v) for v in row] for row in A],
        b=[round(float(v), 1) for v in draw.uniform(0, 1.5, rows)],
        s=[round(float(v), 1) for v in draw.uniform(-1, 1, rows)],
        u=[1.0] * count,
    )
    return Treacherous(name=f"mixed-units-{seed}", build=game.model, optimum=game.optimum)


def badly_scaled(seed: int) -> Treacherous:
    """Rows and columns in units of their own, so that the same tolerance means different things in each."""
    draw = np.random.default_rng([3, seed])
    count, rows = int(draw.integers(2, 4)), int(draw.integers(1, 3))
    units, heights = 10.0 ** draw.integers(-3, 4, count), 10.0 ** draw.integers(-3, 4, rows)
    A = draw.uniform(-1, 2, (rows, count)).round(1)
    game = LinearGame(
        w0=round(float(draw.uniform(-1, 1)), 2),
        w=[float(v) for v in draw.uniform(-2, 3, count).round(2) / units],
        top=2.0,
        c=[float(v) for v in draw.uniform(-3, 2, count).round(1) / units],
        A=[[float(v) for v in row] for row in A * heights[:, None] / units],
        b=[float(v) for v in draw.uniform(0.5, 3, rows).round(1) * heights],
        s=[float(v) for v in draw.uniform(-0.2, 1, rows).round(1) * heights],
        u=[float(v) for v in 2 * units],
    )
    return Treacherous(name=f"badly-scaled-{seed}", build=game.model, optimum=game.optimum)


def with_zeros(seed: int) -> Treacherous:
    """Some variables and rows have coefficients of zero only; the leader may care for such a variable."""
    draw = np.random.default_rng([4, seed])
    count, rows = 3, 2
    A = draw.choice([-1.0, 1.0, 2.0], (rows, count))
    c = draw.uniform(-3, 2, count).round(1)
    idle = int(draw.integers(count))
    A[:, idle], c[idle] = 0.0, 0.0
    if draw.random() < 0.3:
        A[1] = 0.0
    game = LinearGame(
        w0=round(float(draw.uniform(-1, 1)), 2),
        w=[float(v) for v in draw.uniform(-2, 3, count).round(2)],
        top=2.0,
        c=[float(v) for v in c],
        A=[[float(v) for v in row] for row in A],
        b=[float(v) for v in draw.uniform(0.5, 3, rows).round(1)],
        s=[float(v) for v in draw.uniform(-0.2, 1, rows).round(1)],
        u=[2.0] * count,
    )
    return Treacherous(name=f"with-zeros-{seed}", build=game.model, optimum=game.optimum)


def bent(seed: int) -> Treacherous:
    """Convex quadratic followers whose curvatures differ by up to ten powers of ten."""
    game = _separable(seed, stream=5, concave=0.0)
    return Treacherous(name=f"bent-{seed}", build=game.model, optimum=game.optimum)


def partly_concave(seed: int) -> Treacherous:
    """The same, with a direction of a little negative curvature in a wide box: refused, or answered right."""
    game = _separable(seed, stream=6, concave=0.7)
    return Treacherous(name=f"partly-concave-{seed}", build=game.model, optimum=game.optimum)


def _separable(seed: int, *, stream: int, concave: float) -> SeparableGame:
    """Each y_i in units of its own: q of q_i / unit^2 is its curvature in units of its box."""
    draw = np.random.default_rng([stream, seed])
    count = int(draw.integers(2, 4))
    units = 10.0 ** draw.integers(-1, 4, count)
    money = 10.0 ** draw.integers(-3, 5, count)
    q = draw.uniform(0.2, 3, count).round(2)
    if concave:
        q[0] *= -1.0 if draw.random() < concave else 1.0
    return SeparableGame(
        w0=round(float(draw.uniform(-1, 1)), 2),
        w=[float(v) for v in draw.uniform(-2, 3, count).round(2) / units],
        top=2.0,
        q=[float(v) for v in q * money / units**2],
        c=[float(v) for v in draw.uniform(-2, 1, count).round(2) * money / units],
        d=[float(v) for v in draw.uniform(-1, 1, count).round(2) * money / units],
        u=[float(v) for v in units],
    )


def one_price(seed: int) -> Treacherous:
    """Two followers of one variable each serve a demand together, each with its own copy of it, in its own units.

    With one price of the demand their equilibrium is what a single follower with both costs would do.
    """
    draw = np.random.default_rng([7, seed])
    scales = [float(10.0**k) for k in draw.integers(-3, 4, 2)]
    c = [float(v) for v in draw.uniform(0.2, 4, 2).round(1)]
    u = [float(v) for v in draw.uniform(0.3, 2, 2).round(1)]
    need = min(round(float(draw.uniform(0.4, 2)), 1), sum(u))
    w0, *w = (float(v) for v in draw.uniform(-2, 2, 3).round(2))
    game = LinearGame(w0=w0, w=w, top=need, c=c, A=[[-1.0, -1.0]], b=[-need], s=[1.0], u=u)

    def build() -> pyo.ConcreteModel:
        m = pyo.ConcreteModel()
        m.x = pyo.Var(bounds=(0, need))
        m.f = bilevel.Follower([0, 1])
        for i in (0, 1):
            m.f[i].y = pyo.Var(bounds=(0, u[i]))
            m.f[i].cost = pyo.Objective(expr=c[i] * m.f[i].y)
        for i in (0, 1):
            m.f[i].demand = pyo.Constraint(expr=scales[i] * (m.f[0].y + m.f[1].y + m.x) >= scales[i] * need)
        m.gain = pyo.Objective(expr=w0 * m.x + w[0] * m.f[0].y + w[1] * m.f[1].y, sense=pyo.maximize)
        return m

    options = {"shared_multipliers": "equal"}
    return Treacherous(name=f"one-price-{seed}", build=build, optimum=game.optimum, options=options)


FAMILIES: tuple[Callable[[int], Treacherous], ...] = (
    near_indifferent,
    mixed_units,
    badly_scaled,
    with_zeros,
    bent,
    partly_concave,
    one_price,
)


def problem_number(number: int) -> Treacherous:
    """Return one of an endless row of problems, the families in turn."""
    return FAMILIES[number % len(FAMILIES)](number // len(FAMILIES))
