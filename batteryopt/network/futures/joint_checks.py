"""Judging a plan for all futures: each future's plan by the usual check, and what must hold between the futures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.plan.gross import gross
from batteryopt.network.plan.solution import Solution

SAME, PROBABILITY = 1e-9, 1e-9
"""Relative difference of one facility's capacities in two futures, and of the sum of probabilities from 1, that is
rounding: both come from one column, or from a division by their own sum."""


def worst_of(certificates: Mapping[str, Certificate]) -> Certificate:
    """Return each check with its largest residual over the futures, and the future that it is of."""
    found: dict[str, Check] = {}
    for future, certificate in certificates.items():
        for check in certificate:
            known = found.get(check.name)
            is_worse = known is None or not check.residual <= known.residual  # not a number is worse than any
            if is_worse:
                place = f"in the future '{future}'" + (f": {check.detail}" if check.detail else "")
                found[check.name] = dataclasses.replace(check, detail=place if check.residual else "")
    return Certificate(tuple(found.values()))


def joint_checks(
    plans: Sequence[Solution],
    probabilities: Sequence[float],
    risk: Risk,
    *,
    bound: float | None,
    root_bound: float | None,
    model_value: float | None,
    tabled_value: float | None,
    alone_bounds: Sequence[float | None],
    mean_costs: Sequence[float] | None,
) -> Certificate:
    """Return the checks between the futures.

    Parameters
    ----------
    bound, root_bound
        Proven lower bounds of the measure; None where facilities were given.
    model_value, tabled_value
        The measure of the model's own plan, as the model has it and as the ledgers have it.
    alone_bounds
        Proven lower bounds of each future's cost.
    mean_costs
        What the mean future's plan costs in each future; None where it has no plan in one of them.
    """
    costs = [plan.net_present_cost for plan in plans]
    value = risk.of(costs, probabilities)
    size = max(abs(value), *(gross(plan) for plan in plans)) or 1.0
    checks = [
        same_first_stage(plans),
        Check(
            name="probabilities-sum-to-one",
            residual=abs(sum(probabilities) - 1.0),
            tolerance=PROBABILITY,
            detail=f"{len(plans)} futures",
        ),
    ]
    if model_value is not None and tabled_value is not None:
        # the risk's own variables may lie above what the costs ask for, never below
        off = tabled_value - model_value
        checks.append(
            Check(
                name="objective-recomputed",
                residual=(abs(off) if risk.weight == 0 else max(0.0, off)) / size,
                tolerance=BOUND_TOLERANCE,
                detail=f"from the ledgers {tabled_value:.10g}, from the model {model_value:.10g}",
            )
        )
    checks += _risk_checks(costs, probabilities, risk, size)
    checks += _order(costs, probabilities, risk, bound, root_bound, alone_bounds, mean_costs, size)
    return Certificate(tuple(checks))


def same_first_stage(plans: Sequence[Solution]) -> Check:
    """Return whether the same stands in all futures, at the same size."""
    tables = [_standing(plan) for plan in plans]
    worst, place = 0.0, ""
    for table in tables[1:]:
        for key in tables[0].keys() | table.keys():
            one, other = tables[0].get(key, 0.0), table.get(key, 0.0)
            off = abs(one - other) / max(abs(one), abs(other), 1e-300)
            if (key in tables[0]) != (key in table):
                off = 1.0
            if off > worst:
                worst, place = off, ", ".join(key)
    return Check(name="one-first-stage-for-all-futures", residual=worst, tolerance=SAME, detail=place)


def _standing(plan: Solution) -> dict[tuple[str, str, str], float]:
    table = plan.facilities
    rows = zip(table["site"], table["type"], table["period"], table["capacity_t"], strict=True)
    return {(site, type_, period): float(capacity) for site, type_, period, capacity in rows}


def _risk_checks(costs: Sequence[float], probabilities: Sequence[float], risk: Risk, size: float) -> Iterator[Check]:
    """Yield whether the mean of the worst, by sorting, is what Rockafellar and Uryasev's formula gives."""
    if risk.weight == 0 or risk.is_worst:
        return
    sorted_out = risk.of_the_worst(costs, probabilities)
    by_formula = min(
        eta + sum(p * max(0.0, c - eta) for c, p in zip(costs, probabilities, strict=True)) / (1 - risk.alpha)
        for eta in costs
    )
    yield Check(
        name="cvar-recomputed",
        residual=abs(sorted_out - by_formula) / size,
        tolerance=BOUND_TOLERANCE,
        detail=f"by sorting {sorted_out:.10g}, by its formula {by_formula:.10g}",
    )


def _order(
    costs: Sequence[float],
    probabilities: Sequence[float],
    risk: Risk,
    bound: float | None,
    root_bound: float | None,
    alone_bounds: Sequence[float | None],
    mean_costs: Sequence[float] | None,
    size: float,
) -> Iterator[Check]:
    """Yield the sides that bounds and values must be on: WS <= RP <= EEV, each bound below what it bounds."""
    value = risk.of(costs, probabilities)

    def below(name: str, low: float, high: float) -> Check:
        detail = f"{low:.10g} <= {high:.10g}"
        return Check(name=name, residual=max(0.0, low - high) / size, tolerance=BOUND_TOLERANCE, detail=detail)

    if bound is not None:
        yield below("bound-below-the-objective", bound, value)
    if root_bound is not None:
        yield below("bound-from-duals-below-the-objective", root_bound, value)
    lows = [low for low in alone_bounds if low is not None]
    if len(lows) == len(costs):
        worst = max(range(len(costs)), key=lambda s: lows[s] - costs[s])
        yield below("no-future-is-cheaper-than-alone", lows[worst], costs[worst])
        yield below("waiting-is-no-dearer", risk.of(lows, probabilities), value)
    if mean_costs is not None and bound is not None:
        yield below("the-mean-plan-is-no-cheaper", bound, risk.of(mean_costs, probabilities))
