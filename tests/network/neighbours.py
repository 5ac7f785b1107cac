"""Plans that a network's own optimum says nothing about: the best of its neighbours, with other rules and prices.

Such a plan is legal in the network wherever the check says so, and then it must be a point of the model, at the very
price of the ledger, and no better than the optimum. The model makes the plans it can; these come from elsewhere.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.fix import fix_facilities
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.plan.solution import Solution

FLOWS = ("processed", "shipped", "trips", "stock", "sold", "disposed", "uncollected")
"""Families of variables that a plan's tables say, beside what stands."""
ROUNDING = 1e-6


def neighbours(network: Network) -> Iterator[tuple[str, Network]]:
    """Yield networks that differ in one thing, with what it is."""
    policy = network.policy
    for kind in ("collection_targets", "coverage", "limits", "subsidies"):
        if getattr(policy, kind):
            yield f"without {kind}", _with_policy(network, **{kind: ()})
    if policy.budget is not None:
        yield "without the budget", _with_policy(network, budget=None)
    if policy.emission_cap_t is not None or policy.emission_cap_total_t is not None:
        yield "without emission caps", _with_policy(network, emission_cap_t=None, emission_cap_total_t=None)
    if any(type_.refunds_shrinking for type_ in network.types):
        yield "without refunds", _with_types(network, refunds_shrinking=False)
    if any(type_.new_may_close for type_ in network.types):
        yield "new ones stay open", _with_types(network, new_may_close=False)
    if any(type_.life_periods for type_ in network.types):
        yield "without salvage", _with_types(network, life_periods=None)
    yield "opening is dear", _with_opening(network, 20.0)
    yield "opening is cheap", _with_opening(network, 0.05)
    yield "nothing is sold well", _with_prices(network, -1000.0)
    yield "everything is sold well", _with_prices(network, 1000.0)
    yield "leaving is free", _with_uncollected(network, 0.0)
    yield "leaving is dear", _with_uncollected(network, 10_000.0)


def _with_policy(network: Network, **changes) -> Network:
    return dataclasses.replace(network, policy=dataclasses.replace(network.policy, **changes))


def _with_types(network: Network, **changes) -> Network:
    return dataclasses.replace(network, types=tuple(dataclasses.replace(t, **changes) for t in network.types))


def _with_opening(network: Network, factor: float) -> Network:
    candidates = (
        dataclasses.replace(c, opening_cost_factor=c.opening_cost_factor * factor) for c in network.candidates
    )
    return dataclasses.replace(network, candidates=tuple(candidates))


def _with_prices(network: Network, more: float) -> Network:
    markets = (
        dataclasses.replace(m, price_per_t=tuple((network.profile(m.price_per_t) + more).tolist()))
        for m in network.markets
    )
    return dataclasses.replace(network, markets=tuple(markets))


def _with_uncollected(network: Network, cost: float) -> Network:
    products = (
        p if p.uncollected_cost_per_t is None else dataclasses.replace(p, uncollected_cost_per_t=cost)
        for p in network.products
    )
    return dataclasses.replace(network, products=tuple(products))


# ---- plans ---------------------------------------------------------------------------------------------------------


def a_good_plan(network: Network, kind: Objective) -> Solution | None:
    """Return a plan that is the best by an objective, or nearly; None where none is found in a moment."""
    m = build(network)
    program = to_arrays(m, costs_of(m, kind).vector)
    answer = milp(
        program.c,
        integrality=program.is_integer.astype(int),
        bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(program.A, program.row_lower, program.row_upper),
        options={"mip_rel_gap": 0.01, "time_limit": 5.0},
    )
    return None if answer.x is None else to_solution(m, network, np.asarray(answer.x, dtype=float))


def at_home_in(plan: Solution, network: Network) -> Solution:
    """Return a neighbour's plan as one of the network itself."""
    return dataclasses.replace(plan, network=network)


def value_in_the_model(plan: Solution) -> tuple[float, str]:
    """Return the least cost that the model has for a plan, and what is in the way where it has none.

    What stands and what flows is fixed as the plan's tables say it; all else (steps that are raised and closed, what is
    short of rules, what subsidies pay) the model may choose. Rows that only choose among equal plans are left out.
    """
    m = build(plan.network)
    fix_facilities(m, plan)
    for name in FLOWS:
        problem = _fix(m, name, plan.tables[name])
        if problem:
            return math.inf, problem
    costs = costs_of(m, Objective.COST)
    program = to_arrays(m, costs.vector, constant=costs.constant)
    sides = [np.where(np.isfinite(side), abs(side), 0.0) for side in (program.row_lower, program.row_upper)]
    size = np.maximum(1.0, np.maximum(*sides))
    answer = milp(
        program.c,
        integrality=program.is_integer.astype(int),
        bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(
            program.A, program.row_lower - ROUNDING * size, program.row_upper + ROUNDING * size
        ),
        options={"mip_rel_gap": 0.0},
    )
    if not answer.success:
        return math.inf, f"the model has no point with this plan: {answer.message}"
    return float(answer.fun) + costs.constant, ""


def _fix(m: Formulation, name: str, table) -> str:
    """Fix a family of variables as a table says; return what the model has no room for."""
    family = m.families[name]
    values: Floats = np.zeros(len(family))
    rows = {row: position for position, row in enumerate(m.names_of(family))}
    keys = ["disposal_type" if key == "type" and name == "disposed" else key for key in table.columns[:-1]]
    order = [keys.index(key) for key in family.index.keys]
    for *codes, amount in table.itertuples(index=False):
        named = [str(code) or "any" for code in codes]
        row = f"{name}[{','.join(named[position] for position in order)}]"
        if row not in rows:
            return f"the model has no {row}, which is {amount:g}"
        values[rows[row]] = amount
    beyond = np.flatnonzero((values > family.upper * (1 + ROUNDING) + ROUNDING) | (values < family.lower - ROUNDING))
    if len(beyond):
        first = int(beyond[0])
        return (
            f"{list(rows)[first]} is {values[first]:g}, and may be {family.lower[first]:g} to {family.upper[first]:g}"
        )
    if name == "trips":
        values = np.round(values)
    m.families[name] = dataclasses.replace(family, lower=values, upper=values)
    return ""
