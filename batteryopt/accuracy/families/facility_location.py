"""Facility location on a line, with costs in whole numbers: by enumeration, and where sites are many by recursion."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.problem import AccuracyProblem, Evaluation, Point, Truth
from batteryopt.solvers.compile.arrays import compile_model

UNITS = 1_000_000
"""Costs are whole numbers of a millionth."""
MOST_ENUMERATED = 12
"""Places up to which every set of sites is tried."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Sites and clients on a line; all costs in whole numbers.

    Attributes
    ----------
    opening
        Cost of each site.
    serving
        Cost of serving each client from each site, clients by sites.
    where, lives
        Positions of sites and clients.
    """

    opening: tuple[int, ...]
    serving: tuple[tuple[int, ...], ...]
    where: tuple[int, ...] = ()
    lives: tuple[int, ...] = ()

    @property
    def sites(self) -> range:
        """Positions of the sites."""
        return range(len(self.opening))

    def cost(self, is_open: Sequence[int]) -> int:
        """Return what a set of open sites costs, each client served from the cheapest."""
        return sum(self.opening[s] for s in is_open) + sum(min(row[s] for s in is_open) for row in self.serving)


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield lines of several sizes, and the same with two nearly tied plans."""
    for sites, clients in ((4, 6),) if quick else ((4, 6), (8, 12), (12, 30), (40, 100)):
        for is_tied in (False, True) if sites <= MOST_ENUMERATED else (False,):
            line = random_line(seed, sites, clients, is_tied=is_tied)
            variant = "nearly-tied" if is_tied else "plain"
            yield AccuracyProblem(
                family="facility-location",
                name=f"line-{variant}-{sites}x{clients}-{seed}",
                variant=variant,
                size=len(line.opening) * (clients + 1),
                build=partial(build, line),
                find_truth=partial(_truth, line),
            )


def random_line(seed: int, sites: int, clients: int, *, is_tied: bool = False) -> Line:
    """Return a line; a tied one has a twin of each site, dearer by one millionth."""
    rng = np.random.default_rng([seed, sites, clients])
    where, lives = rng.integers(0, 1000, sites), rng.integers(0, 1000, clients)
    opening = (rng.integers(200, 900, sites) * UNITS).tolist()
    weights = rng.integers(1, 5, clients)
    serving = (abs(lives[:, None] - where[None, :]) * weights[:, None] * UNITS).tolist()
    if is_tied:
        opening += [cost + 1 for cost in opening]
        serving = [[*row, *row] for row in serving]
        where = np.concatenate([where, where])
    return Line(
        opening=tuple(opening),
        serving=tuple(tuple(row) for row in serving),
        where=tuple(where.tolist()),
        lives=tuple(lives.tolist()),
    )


def build(line: Line) -> Any:
    """Return the usual model: each client is served once, from an open site."""
    m = pyo.ConcreteModel(name="facility location")
    m.SITES, m.CLIENTS = pyo.Set(initialize=line.sites), pyo.RangeSet(0, len(line.serving) - 1)
    m.is_open = pyo.Var(m.SITES, domain=pyo.Binary)
    m.served = pyo.Var(m.CLIENTS, m.SITES, bounds=(0, 1))
    m.each_client_is_served = pyo.Constraint(
        m.CLIENTS, rule=lambda m, i: pyo.quicksum(m.served[i, s] for s in m.SITES) == 1
    )
    m.from_an_open_site = pyo.Constraint(m.CLIENTS, m.SITES, rule=lambda m, i, s: m.served[i, s] <= m.is_open[s])
    m.objective = pyo.Objective(
        expr=pyo.quicksum(line.opening[s] / UNITS * m.is_open[s] for s in m.SITES)
        + pyo.quicksum(line.serving[i][s] / UNITS * m.served[i, s] for i in m.CLIENTS for s in m.SITES)
    )
    return m


def best_by_enumeration(line: Line) -> tuple[int, tuple[int, ...], bool]:
    """Return the least cost, the sites to open, and whether no other set costs as little.

    A twin that is dearer in nothing but opening is never opened in an optimum, so that only the cheaper of sites with
    the same costs of serving are enumerated.
    """
    columns = list(zip(*line.serving, strict=True))
    cheapest = {column: s for s, column in sorted(enumerate(columns), key=lambda pair: -line.opening[pair[0]])}
    sites = sorted(cheapest.values())
    plans = (plan for size in range(1, len(sites) + 1) for plan in itertools.combinations(sites, size))
    costs = sorted((line.cost(plan), plan) for plan in plans)
    is_unique = len(costs) == 1 or costs[1][0] > costs[0][0]
    return costs[0][0], costs[0][1], is_unique


def best_by_recursion(line: Line) -> tuple[int, tuple[int, ...], bool]:
    """Return the same from site to site along the line: clients between two open neighbours go to the cheaper one.

    With costs that grow with the distance, the best plans whose last open site is s cost what the best plans up to
    some site before it cost, and the clients between the two, and opening s. Plans are counted on the way.
    """
    order = sorted(line.sites, key=lambda s: (line.where[s], s))
    best: dict[int, tuple[int, tuple[int, ...], int]] = {}  # cost without clients beyond, plan, count
    for k, site in enumerate(order):
        first = (_between(line, None, site) + line.opening[site], (site,), 1)
        others = [
            (cost + _between(line, last, site) + line.opening[site], (*plan, site), count)
            for last, (cost, plan, count) in ((s, best[s]) for s in order[:k])
        ]
        best[site] = _least([first, *others])
    cost, plan, count = _least([(c + _between(line, s, None), p, n) for s, (c, p, n) in best.items()])
    return cost, tuple(sorted(plan)), count == 1


def _between(line: Line, left: int | None, right: int | None) -> int:
    """Return the cost of the clients after one open site, up to the next."""
    low = -math.inf if left is None else line.where[left]
    high = math.inf if right is None else line.where[right]
    open_sites = [s for s in (left, right) if s is not None]
    clients = (row for row, lives in zip(line.serving, line.lives, strict=True) if low < lives <= high)
    return sum(min(row[s] for s in open_sites) for row in clients)


def _least(plans: list[tuple[int, tuple[int, ...], int]]) -> tuple[int, tuple[int, ...], int]:
    """Return the cheapest plan, counted with all that cost as little."""
    cost, plan, _ = min(plans)
    return cost, plan, sum(count for c, _, count in plans if c == cost)


def _truth(line: Line) -> Truth:
    is_small = len(set(line.where)) <= MOST_ENUMERATED
    cost, plan, is_unique = best_by_enumeration(line) if is_small else best_by_recursion(line)
    model = build(line)  # kept alive: its variables lose their names with it
    program = ExactProgram(compile_model(model))
    decisions: dict[str, Number] = {f"is_open[{s}]": exact(int(s in plan)) for s in line.sites}

    def evaluate(point: Point) -> Evaluation:
        x = [point[name] for name in program.names]
        return Evaluation(objective=program.objective(x), violation=program.violation(x))

    return Truth(
        variables=program.names,
        objective=exact(cost) / UNITS,
        decisions=decisions if is_unique else {},
        resolution=0.5 / UNITS,  # plans cost whole numbers of a millionth
        evaluate=evaluate,
    )
