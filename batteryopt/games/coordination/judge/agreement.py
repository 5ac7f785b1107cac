"""How far two solutions of one model lie apart: every decision in its own size, or by what it does to profits.

A decision that nobody's profit depends on (a service that brings nothing back, the wholesale price where nothing is
sold) may differ as much as it likes. Where a profit is largest, a decision that is off by the part d of it costs the
part d^2: the root of a relative change of profits is a distance of decisions, and the smaller of the two counts.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.judge.own_sizes import OwnSizes
from batteryopt.games.coordination.solution import Decision, Model, Solution, as_array, evaluate
from batteryopt.ground.certificate import Certificate, Check

AGREEMENT_TOLERANCE = 1e-6
_LEAST_PART = 1e-3
"""A decision or profit counts as at least this part of what it could be: 1e-9 is as good as 0."""


def agreement(one: Solution, other: Solution, tolerance: float = AGREEMENT_TOLERANCE) -> Certificate:
    """Return how far two solutions of one model lie apart: decisions, terms, each player's profit, the objective.

    Raises
    ------
    ValueError
        If they answer different questions.
    """
    if one.model is not other.model or one.instance != other.instance:
        raise ValueError(f"cannot compare {one.model} of '{one.instance.name}' with {other.model} of another question")
    found = {name: _of_decisions(one, other, name) for name in one.decisions()}
    if one.terms is not None and other.terms is not None:
        found["cost-share"] = abs(one.cost_share - other.cost_share)
        found["wholesale-price"] = _of_decisions(one, other, "wholesale_price")
    detail = (
        "largest difference of the two routes, each relative to its own size, or the root of what it does to profits"
    )
    return Certificate(
        tuple(
            Check(
                name=f"agreement-{name.replace('_', '-')}",
                residual=residual,
                tolerance=tolerance,
                detail=detail,
                is_of_convergence=True,
            )
            for name, residual in {**found, **_of_profits(one, other)}.items()
        )
    )


def _of_decisions(one: Solution, other: Solution, name: str) -> float:
    left, right = (as_array(cast("Decision", getattr(solution, name))) for solution in (one, other))
    apart = _distances(left, right, _natural_size(one, name))
    return float(np.minimum(apart, np.sqrt(_effects(one, name, left, right))).max())


def _natural_size(solution: Solution, name: str) -> FloatArray | float:
    size = OwnSizes.of(solution)
    return {"recycling_service": size.service, "sales_effort": size.battery}.get(name, size.market)


def _distances(left: FloatArray, right: FloatArray, natural: FloatArray | float) -> FloatArray:
    sizes = np.maximum(np.maximum(np.abs(left), np.abs(right)), _LEAST_PART * np.asarray(natural))
    return np.asarray(np.abs(left - right) / sizes)


def _effects(solution: Solution, name: str, left: FloatArray, right: FloatArray) -> FloatArray:
    """Return by what part of its money a player's profit changes, at most, with each of the other decisions."""
    size, moved = OwnSizes.of(solution), np.abs(right - left)
    if name == "wholesale_price":
        return np.asarray(moved * np.abs(solution.outcome.demand) / size.retail_money)
    if name == "transfer_price":
        return np.asarray(moved * abs(solution.outcome.usable) / size.battery_money)
    if name not in ("recycling_service", "sales_effort"):
        return np.full(left.shape, np.inf)
    return np.array([_battery_effect(solution, name, left, i, right[i]) if moved[i] else 0.0 for i in range(len(left))])


def _battery_effect(solution: Solution, name: str, decisions: FloatArray, position: int, value: float) -> float:
    changed = decisions.copy()
    changed[position] = value
    before, after = (_on_batteries(solution, {name: values}) for values in (decisions, changed))
    size = OwnSizes.of(solution)
    money = np.array([size.battery_money, size.battery_money, *size.enterprise_money])
    return float((np.abs(after - before) / money).max())


def _on_batteries(solution: Solution, changes: dict[str, FloatArray]) -> FloatArray:
    """Return the profits of manufacturer, chain and enterprises where vehicles, sold at cost, earn nothing."""
    at_cost = np.full(solution.network.regions, solution.network.production_cost)
    outcome = evaluate(
        solution.network,
        p=at_cost,
        w=at_cost,
        e_r=changes.get("recycling_service", as_array(solution.recycling_service)),
        e_n=changes.get("sales_effort", as_array(solution.sales_effort)),
        w_t=cast(float, solution.transfer_price),
        x=solution.cost_share,
    )
    return np.array([outcome.manufacturer, outcome.supply_chain, *outcome.enterprises])


def _of_profits(one: Solution, other: Solution) -> dict[str, float]:
    """Return the distances of the objective and of every player's profit, the members of a group each by itself."""
    size, ours, theirs = OwnSizes.of(one), one.outcome, other.outcome
    batteries = size.enterprise_money.sum() + size.battery_money
    everything = np.array([size.retail_money.sum() + batteries])

    def apart(left: float | FloatArray, right: float | FloatArray, money: FloatArray) -> float:
        return float(_distances(np.atleast_1d(left), np.atleast_1d(right), money).max())

    found = {"objective": apart(one.objective, other.objective, everything)}
    if one.model is Model.CENTRALIZED:
        return found
    return found | {
        "profit-manufacturer": apart(ours.manufacturer, theirs.manufacturer, everything),
        "profit-retailer": apart(ours.retailers, theirs.retailers, size.retail_money),
        "profit-echelon_enterprise": apart(ours.enterprises, theirs.enterprises, size.enterprise_money),
        "profit-supply_chain": apart(ours.supply_chain, theirs.supply_chain, everything),
    }
