"""The Stackelberg engine on two families of growing size and on the published problems, beside what one would type.

    python -m benchmarks.bilevel

Every answer is compared with a reference that shares no code with the engine: for the oligopolies a bisection for the
market's total inside a search over the leader's output, for the tolls a linear program for every choice of paths, for
the published problems what ``tests/literature`` verifies. "Right" is within 1e-4; "wrong" counts answers that were
called optimal and are not right.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables
from scipy.optimize import linprog, minimize_scalar

from batteryopt import bilevel, solvers
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods import METHODS, MethodSettings
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.solvers import Options

SECONDS = 5.0
"""Time limit of each solve."""
RIGHT = 1e-4
FIRMS = (2, 5, 10, 20)
USERS = (2, 3, 4, 5)
TOLLED_ARCS = 3
MADE_UP_M = 1e4


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model, its reference, and how the engine has to be asked."""

    family: str
    name: str
    build: Callable[[], Any]
    reference: float
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came back: an objective, whether it was called optimal, and the seconds."""

    objective: float | None
    is_claimed: bool
    seconds: float

    def is_right(self, reference: float) -> bool:
        """Whether the objective is the reference's, relative to max(1, |reference|)."""
        if self.objective is None or not math.isfinite(self.objective):
            return False
        return abs(self.objective - reference) <= RIGHT * max(1.0, abs(reference))


# --- the families -----------------------------------------------------------------------------------------------


def oligopoly(firms: int) -> Any:
    """One leader ahead of ``firms`` Cournot firms with capacities; price 100 minus the total of all."""
    cost, capacity = market_of(firms)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 100))
    m.firm = bilevel.Follower(range(firms))
    for i in range(firms):
        m.firm[i].y = pyo.Var(bounds=(0, float(capacity[i])))
    price = 100 - m.x - sum(m.firm[i].y for i in range(firms))
    for i in range(firms):
        m.firm[i].profit = pyo.Objective(expr=(price - float(cost[i])) * m.firm[i].y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(price - 20) * m.x, sense=pyo.maximize)
    return m


def market_of(firms: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the firms' unit costs and capacities."""
    rng = np.random.default_rng(firms)
    return rng.uniform(20, 60, firms).round(1), rng.uniform(4, 30, firms).round(1)


def oligopoly_reference(firms: int) -> float:
    """Search over the leader's output; inside, bisect for the total Q at which Q = x + sum of the firms' answers."""
    cost, capacity = market_of(firms)

    def profit(x: float) -> float:
        low, high = x, x + float(capacity.sum())
        for _ in range(80):
            total = 0.5 * (low + high)
            answers = np.clip(100 - total - cost, 0, capacity).sum()
            low, high = (total, high) if x + answers > total else (low, total)
        return (100 - low - 20) * x

    grid = np.linspace(0, 100, 2001)
    best = max(grid, key=profit)
    fine = minimize_scalar(lambda x: -profit(x), bounds=(best - 0.05, best + 0.05), options={"xatol": 1e-10})
    return max(profit(float(best)), -float(fine.fun))


def tolls(users: int) -> Any:
    """Each user takes the cheapest of three tolled arcs and one free road; the leader sets the three tolls."""
    own, free, demand = _users(users)
    m = pyo.ConcreteModel()
    m.toll = pyo.Var(range(TOLLED_ARCS), bounds=(0, 60))
    m.user = bilevel.Follower(range(users))
    for k in range(users):
        u = m.user[k]
        u.share = pyo.Var(range(TOLLED_ARCS), bounds=(0, None))
        u.free = pyo.Var(bounds=(0, None))
        u.all_go = pyo.Constraint(expr=pyo.summation(u.share) + u.free == 1)
        u.cost = pyo.Objective(
            expr=sum((own[k, a] + m.toll[a]) * u.share[a] for a in range(TOLLED_ARCS)) + free[k] * u.free
        )
    m.revenue = pyo.Objective(
        expr=sum(demand[k] * m.toll[a] * m.user[k].share[a] for k in range(users) for a in range(TOLLED_ARCS)),
        sense=pyo.maximize,
    )
    return m


def _users(users: int) -> tuple[np.ndarray, list[float], list[float]]:
    rng = np.random.default_rng(100 + users)
    own = rng.uniform(5, 25, (users, TOLLED_ARCS)).round(1)
    return own, rng.uniform(25, 50, users).round(1).tolist(), rng.uniform(1, 5, users).round(1).tolist()


def tolls_reference(users: int) -> float:
    """For every choice of one road a user, the tolls that earn most while exactly these roads are cheapest."""
    own, free, demand = _users(users)
    best = 0.0
    for choice in itertools.product(range(TOLLED_ARCS + 1), repeat=users):
        rows, right, gain = [], [], np.zeros(TOLLED_ARCS)
        for k, road in enumerate(choice):
            costs, uses = [*own[k], free[k]], np.vstack([np.eye(TOLLED_ARCS), np.zeros(TOLLED_ARCS)])
            gain += demand[k] * uses[road]
            for other in range(TOLLED_ARCS + 1):
                rows.append(uses[road] - uses[other])
                right.append(costs[other] - costs[road])
        answer = linprog(-gain, A_ub=np.array(rows), b_ub=right, bounds=(0, 60), method="highs")
        if answer.status == 0:
            best = max(best, -float(answer.fun))
    return best


def families() -> list[Case]:
    """Return the cases of growing size."""
    cases = [
        Case(
            family="oligopoly",
            name=str(n),
            build=lambda n=n: oligopoly(n),
            reference=oligopoly_reference(n),
            options={},
        )
        for n in FIRMS
    ]
    cases.extend(
        Case(family="tolls", name=str(n), build=lambda n=n: tolls(n), reference=tolls_reference(n), options={})
        for n in USERS
    )
    return cases


def library() -> list[Case]:
    """Return the published problems that have a solution; they stand with the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.literature.bilevel import LIBRARY

    return [
        Case(family="published", name=p.name, build=p.build, reference=p.optimal_value, options=dict(p.options))
        for p in LIBRARY
        if not p.is_trap and math.isfinite(p.optimal_value)
    ]


# --- the ways to solve --------------------------------------------------------------------------------------------


def by_engine(method: str) -> Callable[[Case], Found]:
    """Return a solve by one of the engine's methods."""

    def solve(case: Case) -> Found:
        answer = bilevel.solve(case.build(), method=method, time_limit=SECONDS, **case.options)
        return Found(
            objective=answer.objective if answer.point_status.is_feasible else None,
            is_claimed=answer.is_optimal,
            seconds=answer.seconds,
        )

    return solve


def by_pyomo(solver: str) -> Callable[[Case], Found]:
    """Return a solve by Pyomo's own ``core.kkt`` and ``mpec.simple_nonlinear``, followers written as plain blocks."""

    def solve(case: Case) -> Found:
        with mock.patch.object(bilevel, "Follower", pyo.Block):
            model = case.build()
        leader = next(o for o in model.component_data_objects(pyo.Objective, descend_into=False))
        blocks = [b for b in model.block_data_objects() if b is not model and _has_objective(b)]
        owned = [list(b.component_data_objects(pyo.Var, descend_into=True)) for b in blocks]
        for block, own in zip(blocks, owned, strict=True):
            _apply_kkt(block, own)
        pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(model)
        return _solve(model, leader, solver)

    return solve


def _has_objective(block: Any) -> bool:
    return any(True for _ in block.component_data_objects(pyo.Objective, active=True, descend_into=False))


def _apply_kkt(block: Any, own: list[Any]) -> None:
    for objective in block.component_data_objects(pyo.Objective, active=True):
        if objective.sense == pyo.maximize:  # core.kkt writes a maximisation that no solver reads: spare it that
            objective.set_value(-objective.expr)
            objective.sense = pyo.minimize
    expressions = [o.expr for o in block.component_data_objects(pyo.Objective, active=True)]
    expressions.extend(c.body for c in block.component_data_objects(pyo.Constraint, active=True))
    mine = {id(v) for v in own}
    data = {id(v): v for e in expressions for v in identify_variables(e, include_fixed=False) if id(v) not in mine}
    pyo.TransformationFactory("core.kkt").apply_to(block, parameterize_wrt=list(data.values()))
    for objective in block.component_data_objects(pyo.Objective, active=True):
        objective.deactivate()


def by_product_and_ipopt(case: Case) -> Found:
    """Write the engine's KKT conditions with products, and solve once from where the variables stand."""
    problem = extract(case.build())
    system = METHODS["product"].apply(problem, MethodSettings(time_limit=SECONDS)).system
    return _solve(system.model, system.model.objective, "ipopt")


def by_made_up_m(case: Case) -> Found:
    """Write the engine's KKT conditions with one M of 1e4 for everything, for HiGHS."""
    system = kkt.build(extract(case.build()))
    single, pairs = system.model, system.all_pairs
    single.PAIRS = pyo.RangeSet(0, len(pairs) - 1)
    single.z = pyo.Var(single.PAIRS, domain=pyo.Binary)
    single.m1 = pyo.Constraint(single.PAIRS, rule=lambda s, k: pairs[k].multiplier <= MADE_UP_M * s.z[k])
    single.m2 = pyo.Constraint(single.PAIRS, rule=lambda s, k: pairs[k].slack <= MADE_UP_M * (1 - s.z[k]))
    return _solve(single, single.objective, "highs")


def _solve(model: Any, objective: Any, solver: str) -> Found:
    report = solvers.get(solver).solve(model, Options(time_limit=SECONDS, relative_gap=1e-7))
    has_point = report.point_status.is_feasible
    claims = report.is_optimal if solver != "ipopt" else has_point  # Ipopt says "optimal" where it converges
    return Found(
        objective=float(pyo.value(objective)) if has_point else None,
        is_claimed=claims,
        seconds=report.seconds + report.build_seconds,
    )


OTHERS: dict[str, Callable[[Case], Found]] = {
    "core.kkt + mpec, Ipopt": by_pyomo("ipopt"),
    "core.kkt + mpec, SCIP": by_pyomo("scip"),
    "products, Ipopt": by_product_and_ipopt,
    "M = 1e4, HiGHS": by_made_up_m,
}
WAYS: dict[str, Callable[[Case], Found]] = {name: by_engine(name) for name in ("auto", *METHODS)} | OTHERS


def attempt(way: str, case: Case) -> Found:
    """Solve; a refusal, or a solver that cannot take the model, is no answer."""
    began = time.perf_counter()
    try:
        return WAYS[way](case)
    except Exception:
        return Found(objective=None, is_claimed=False, seconds=time.perf_counter() - began)


# --- the tables ---------------------------------------------------------------------------------------------------


def run(*, which: str = "all") -> dict[str, Any]:
    """Solve everything once; ``which`` may also be "families" or "published".

    Returns
    -------
    dict
        By family and way: ``right`` and ``wrong`` (called optimal, but not right) as counts of ``cases``, and
        ``seconds`` by case name.
    """
    results: dict[str, Any] = {}
    for case in families() if which != "published" else []:
        for way in WAYS:
            _record(results, way, case)
    for case in library() if which != "families" else []:
        for way in ("auto", *OTHERS):
            _record(results, way, case)
    return results


def _record(results: dict[str, Any], way: str, case: Case) -> None:
    found = attempt(way, case)
    row = results.setdefault(case.family, {}).setdefault(
        way, {"cases": 0, "right": 0, "wrong": 0, "seconds": {}, "missed": []}
    )
    is_right = found.is_right(case.reference)
    row["cases"] += 1
    row["right"] += is_right
    row["wrong"] += found.is_claimed and not is_right
    row["seconds"][case.name] = round(found.seconds, 3)
    if not is_right:
        row["missed"].append(case.name)


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = []
    for family, rows in results.items():
        sizes = list(next(iter(rows.values()))["seconds"])
        is_family = len(sizes) <= 8
        heads = [f"{family} {s}" for s in sizes] if is_family else ["seconds in all"]
        lines.extend(["", "| way | right | called optimal, wrong | " + " | ".join(heads) + " |"])
        lines.append("|---|---|---|" + "---|" * len(heads))
        for way, row in rows.items():
            times = row["seconds"]
            cells = (
                [f"{times[s]:.2f}{' (no)' if s in row['missed'] else ''}" for s in sizes]
                if is_family
                else [f"{sum(times.values()):.0f}"]
            )
            lines.append(f"| {way} | {row['right']}/{row['cases']} | {row['wrong']} | " + " | ".join(cells) + " |")
    return "\n".join(lines).strip()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, help="also write the results to this file")
    arguments.add_argument("--which", choices=["all", "families", "published"], default="all")
    asked = arguments.parse_args()
    found = run(which=asked.which)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2))
    print(table(found))
