"""Stackelberg problems small enough for paper: each with its derivation, its followers' best answers in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyomo.environ as pyo

from batteryopt import bilevel
from batteryopt.accuracy.digits import FIFTY, Number, exact
from batteryopt.accuracy.families.followers import interval_gain
from batteryopt.accuracy.local_claims import LocalTrial
from batteryopt.accuracy.problem import AccuracyProblem, Evaluation, Point, Truth

Measure = Callable[[Point], Number]
QUICK = ("lowest-bidder", "at-the-kink", "hardly-caring-1e-6", "oligopoly-4")


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One problem with its answer.

    Attributes
    ----------
    best
        The optimal decisions, by the model's names.
    limits
        From a point to how far each constraint is exceeded, relative to the size of its terms.
    gain
        From a point to what the followers would gain by answering anew, relative to their stakes.
    """

    model: Any
    best: dict[str, Number]
    maximise: bool
    objective: Measure
    limits: Callable[[Point], list[Number]]
    gain: Measure
    unit: float = 1.0
    trial: LocalTrial | None = None

    def truth(self) -> Truth:
        """Return the case as the benchmark wants it."""
        return Truth(
            maximise=self.maximise,
            variables=tuple(self.best),
            objective=self.objective(self.best),
            decisions=self.best,
            unit=self.unit,
            trial=self.trial,
            evaluate=lambda point: Evaluation(
                objective=self.objective(point),
                violation=max(exact(0), *self.limits(point)),
                follower_gain=self.gain(point),
            ),
        )


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (typed by hand: nothing is drawn)
    """Yield the cases; oligopolies of several sizes and scales among them."""
    cases: list[tuple[str, str, int, Callable[[], Case]]] = [
        ("lowest-bidder", "linear", 2, lowest_bidder),
        ("redundant-limits", "degenerate-follower", 2, redundant_limits),
        ("at-the-kink", "degenerate-follower", 2, at_the_kink),
        ("hardly-caring-1e-2", "nearly-singular-follower", 2, partial(hardly_caring, 1e-2)),
        ("hardly-caring-1e-6", "nearly-singular-follower", 2, partial(hardly_caring, 1e-6)),
        *((f"oligopoly-{n}", "plain", n + 1, partial(oligopoly, n, 1.0)) for n in (1, 4, 12)),
        *((f"oligopoly-2-times-{k:.0e}", f"times-{k:.0e}", 3, partial(oligopoly, 2, k)) for k in (1e-6, 1e6)),
    ]
    for name, variant, size, make in (case for case in cases if not quick or case[0] in QUICK):
        yield AccuracyProblem(
            family="stackelberg",
            name=name,
            variant=variant,
            size=size,
            levels=2,
            build=partial(_model_of, make),
            find_truth=partial(_truth_of, make),
        )


def _model_of(make: Callable[[], Case]) -> Any:
    return make().model


def _truth_of(make: Callable[[], Case]) -> Truth:
    return make().truth()


def _over(excess: Number, *terms: Number) -> Number:
    return excess / max(1, *(abs(term) for term in terms))


def lowest_bidder() -> Case:
    """Leader: min x - 4y. Follower: min y over 3 - x <= y, 3x - 4 <= 2y, y <= 2x, y <= 12 - 2x.

    The follower answers ``max(3 - x, (3x - 4) / 2)``, which it may for 1 <= x <= 4. The first is larger up to x = 2 and
    the leader's cost 5x - 12 there, least -7 at x = 1; beyond, it is 8 - 5x, least -12 at x = 4, y = 4.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.follower = bilevel.Follower()
    m.follower.y = y = pyo.Var(bounds=(0, 20))
    m.follower.conditions = pyo.ConstraintList()
    for condition in (m.x + y >= 3, 3 * m.x - 2 * y <= 4, y <= 2 * m.x, 2 * m.x + y <= 12):
        m.follower.conditions.add(condition)
    m.follower.cost = pyo.Objective(expr=y)
    m.cost = pyo.Objective(expr=m.x - 4 * y)

    def limits(v: Point) -> list[Number]:
        x, y = v["x"], v["follower.y"]
        excesses = (3 - x - y, 3 * x - 2 * y - 4, y - 2 * x, 2 * x + y - 12, -x, -y)
        return [_over(excess, x, y, 3) for excess in excesses]

    def gain(v: Point) -> Number:
        x, y = v["x"], v["follower.y"]
        return max(exact(0), y - max(3 - x, (3 * x - 4) / 2)) / 4

    def answered(v: Point) -> Point:
        return {**v, "follower.y": max(3 - v["x"], (3 * v["x"] - 4) / 2)}

    return Case(
        model=m,
        best={"x": exact(4), "follower.y": exact(4)},
        maximise=False,
        objective=lambda v: v["x"] - 4 * v["follower.y"],
        limits=limits,
        gain=gain,
        trial=LocalTrial(leads={"x": (exact(1), exact(4))}, answered=answered),
    )


def redundant_limits() -> Case:
    """Leader: min 1 + (x - 2)^2 + (y - 1)^2 over 0 <= x <= 3. Follower: min (y - x)^2 over y <= 1, said three times.

    It answers min(x, 1). At x = 2 it answers 1 and the leader has its least cost, 1; the follower's multipliers are not
    unique there.
    """
    m = _tracking(pyo.Var(bounds=(0, 3)), limits=(1, 2, 4))
    m.cost = pyo.Objective(expr=1 + (m.x - 2) ** 2 + (m.follower.y - 1) ** 2)
    return Case(
        model=m,
        best={"x": exact(2), "follower.y": exact(1)},
        maximise=False,
        objective=lambda v: 1 + (v["x"] - 2) ** 2 + (v["follower.y"] - 1) ** 2,
        limits=_tracking_limits,
        gain=_tracking_gain,
    )


def at_the_kink() -> Case:
    """Leader: min (x - 1)^2 - y over 0 <= x <= 3. Follower: min (y - x)^2 over y <= 1, answers min(x, 1).

    Up to x = 1 the cost is (x - 1)^2 - x, which falls; beyond, (x - 1)^2 - 1, which rises. So x = y = 1 with cost -1,
    just where the follower's limit starts to bind: constraint active, multiplier 0.
    """
    m = _tracking(pyo.Var(bounds=(0, 3)), limits=(1,))
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2 - m.follower.y)
    return Case(
        model=m,
        best={"x": exact(1), "follower.y": exact(1)},
        maximise=False,
        objective=lambda v: (v["x"] - 1) ** 2 - v["follower.y"],
        limits=_tracking_limits,
        gain=_tracking_gain,
    )


def _tracking(x: Any, limits: tuple[int, ...]) -> Any:
    """Return a model whose follower brings y as near to x as ``k y <= k``, for each k, lets it."""
    m = pyo.ConcreteModel()
    m.x = x
    m.follower = bilevel.Follower()
    m.follower.y = y = pyo.Var(bounds=(0, 5))
    m.follower.conditions = pyo.ConstraintList()
    for k in limits:
        m.follower.conditions.add(k * y <= k)
    m.follower.distance = pyo.Objective(expr=(y - m.x) ** 2)
    return m


def _tracking_limits(v: Point) -> list[Number]:
    return [-v["x"], v["x"] - 3, -v["follower.y"], v["follower.y"] - 1]


def _tracking_gain(v: Point) -> Number:
    return interval_gain(
        v["follower.y"], curvature=2, slope=-2 * v["x"], lower=exact(0), upper=exact(1), stakes=exact(1)
    )


def hardly_caring(care: float) -> Case:
    """Leader: max y (4 - x) over 0 <= x <= 4. Follower: min care (y^2 / 2 - x y) over 0 <= y <= 10, answers x.

    The leader earns x (4 - x): 4 at x = y = 2. The follower loses next to nothing by answering otherwise, and a
    solver's tolerance may hide it.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.follower = bilevel.Follower()
    m.follower.y = y = pyo.Var(bounds=(0, 10))
    m.follower.cost = pyo.Objective(expr=care * (y**2 / 2 - m.x * y))
    m.revenue = pyo.Objective(expr=y * (4 - m.x), sense=pyo.maximize)

    def gain(v: Point) -> Number:
        return interval_gain(
            v["follower.y"], curvature=1, slope=-v["x"], lower=exact(0), upper=exact(10), stakes=exact(2)
        )

    return Case(
        model=m,
        best={"x": exact(2), "follower.y": exact(2)},
        maximise=True,
        objective=lambda v: v["follower.y"] * (4 - v["x"]),
        limits=lambda v: [-v["x"], v["x"] - 4, -v["follower.y"], v["follower.y"] - 10],
        gain=gain,
    )


def oligopoly(followers: int, scale: float) -> Case:
    """Put a leader ahead of n Cournot firms without costs, at price a - x - sum y, with a = 10 times the scale.

    Each firm answers (a - x - the others) / 2, so that all make (a - x) / (n + 1), which is also the price. The leader
    earns x (a - x) / (n + 1): a^2 / (4 (n + 1)) at x = a / 2.
    """
    n, size = followers, 10.0 * scale
    a = exact(size)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, size))
    m.firm = bilevel.Follower(pyo.RangeSet(0, n - 1))
    for i in range(n):
        m.firm[i].y = pyo.Var(bounds=(0, size))
    price = size - m.x - pyo.quicksum(m.firm[i].y for i in range(n))
    for i in range(n):
        m.firm[i].profit = pyo.Objective(expr=price * m.firm[i].y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=price * m.x, sense=pyo.maximize)
    firms = [f"firm[{i}].y" for i in range(n)]

    def left(v: Point) -> Number:
        return a - v["x"] - FIFTY.fsum(v[name] for name in firms)

    def gain(v: Point) -> Number:
        return max(
            interval_gain(v[f], curvature=2, slope=-(left(v) + v[f]), lower=exact(0), upper=a, stakes=a**2 / 4)
            for f in firms
        )

    return Case(
        model=m,
        best={"x": a / 2, **dict.fromkeys(firms, a / 2 / (n + 1))},
        maximise=True,
        objective=lambda v: v["x"] * left(v),
        limits=lambda v: [over / a for name in ("x", *firms) for over in (-v[name], v[name] - a)],
        gain=gain,
        unit=scale,
    )
