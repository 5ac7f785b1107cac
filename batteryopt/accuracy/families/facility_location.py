"""Facility location by enumeration: which sites to open on a line, with costs in whole numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.arrays import ExactProgram
from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.problem import Evaluation, Point, Problem, Truth
from batteryopt.solvers.arrays import compile_model

UNITS = 1_000_000
"""Costs are whole numbers of a millionth."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Sites and clients on a line; all costs in whole numbers.

    Attributes
    ----------
    opening
        Cost of each site.
    serving
        Cost of serving each client from each site, clients by sites.
    """

    opening: tuple[int, ...]
    serving: tuple[tuple[int, ...], ...]

    @property
    def sites(self) -> range:
        """Positions of the sites."""
        return range(len(self.opening))

    def cost(self, is_open: Sequence[int]) -> int:
        """Return what a set of open sites costs, each client served from the cheapest."""
        return sum(self.opening[s] for s in is_open) + sum(min(row[s] for s in is_open) for row in self.serving)


def problems(seed: int, quick: bool) -> Iterator[Problem]:
    """Yield lines of several sizes, and the same with two nearly tied plans."""
    for sites, clients in ((4, 6),) if quick else ((4, 6), (8, 12), (12, 30)):
        for is_tied in (False, True):
            line = random_line(seed, sites, clients, is_tied=is_tied)
            variant = "nearly-tied" if is_tied else "plain"
            yield Problem(
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
    return Line(opening=tuple(opening), serving=tuple(tuple(row) for row in serving))


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


def _truth(line: Line) -> Truth:
    cost, plan, is_unique = best_by_enumeration(line)
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
        evaluate=evaluate,
    )
