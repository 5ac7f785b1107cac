"""Judging rounds from the problem's tables alone: whoever planned them, and whatever they say they cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.network.rounds.round_problem import RoundPlan, RoundProblem

TOLERANCE = 1e-6
"""Largest relative excess that passes: loads and hours are whole numbers in the planner's units."""


def check_rounds(
    plan: RoundPlan, *, cost: float, bound: float | None = None, of_all: float | None = None
) -> Certificate:
    """Return the certificate of rounds.

    Parameters
    ----------
    cost
        What the plan is said to cost.
    bound
        What rounds are said to cost at least.
    of_all
        What the bound is compared with, where more than rounds is in it; else what they cost.
    """
    problem, vehicle = plan.problem, plan.problem.vehicle
    rounds = [(each.depot, each.stops) for each in plan.rounds]
    visits = Counter(stop for _, stops in rounds for stop in stops)
    loads = [math.fsum(float(problem.load_t[stop]) for stop in stops) for _, stops in rounds]
    slots = [math.fsum(float(problem.slots[stop]) for stop in stops) for _, stops in rounds]
    figures = [_driven(problem, depot, stops) for depot, stops in rounds]
    hours = [
        driving + len(stops) * vehicle.stop_hours for (_, stops), (_, driving) in zip(rounds, figures, strict=True)
    ]
    recomputed = math.fsum(
        vehicle.cost_per_round + km * vehicle.cost_per_km + time * vehicle.cost_per_hour
        for (km, _), time in zip(figures, hours, strict=True)
    )
    checks = [
        _check("every-place-is-visited-once", (abs(visits[p] - 1) for p in range(len(problem.places)))),
        _check("no-round-is-empty", (0.0 if stops else 1.0 for _, stops in rounds)),
        _check("vehicles-carry-it", (_over(load, vehicle.capacity_t) for load in loads)),
        _check("slots-are-enough", (_over(number, vehicle.slots) for number in slots)),
        _check("no-round-has-too-many-stops", (_over(len(stops), vehicle.most_stops) for _, stops in rounds)),
        _check("shifts-are-long-enough", (_over(time, vehicle.shift_hours) for time in hours)),
        _check("depots-have-room", _beyond(problem, rounds, loads)),
        _check("depots-have-the-vehicles", _too_many(problem, [depot for depot, _ in rounds])),
        _check("cost-recomputed", [abs(recomputed - cost) / max(1.0, abs(recomputed))]),
    ]
    if bound is not None:
        value = recomputed if of_all is None else of_all
        beyond = max(0.0, bound - value) / max(1.0, abs(value))
        checks.append(Check(name="bound", residual=beyond, tolerance=BOUND_TOLERANCE, detail=f"{bound:.10g}"))
    return Certificate(tuple(checks))


def _check(name: str, residuals: Iterable[float]) -> Check:
    values = list(residuals)
    worst = float("nan") if any(math.isnan(value) for value in values) else max(values, default=0.0)
    return Check(name=name, residual=float(worst), tolerance=TOLERANCE)


def _over(amount: float, most: float) -> float:
    return 0.0 if math.isinf(most) else max(0.0, amount - most) / max(most, 1e-300)


def _driven(problem: RoundProblem, depot: int, stops: tuple[int, ...]) -> tuple[float, float]:
    """Return km and hours on the way; NaN where there is none."""
    at, km, hours = depot, 0.0, 0.0
    for node in [*(len(problem.depots) + stop for stop in stops), depot]:
        km += float(problem.km[at, node])
        hours += float(problem.hours[at, node])
        at = node
    return km, hours


def _beyond(problem: RoundProblem, rounds: list[tuple[int, tuple[int, ...]]], loads: list[float]) -> list[float]:
    """Return what each depot gets beyond its capacity."""
    got = [0.0] * len(problem.depots)
    for (depot, _), load in zip(rounds, loads, strict=True):
        got[depot] += load
    return [_over(load, float(most)) for load, most in zip(got, problem.depot_capacity_t, strict=True)]


def _too_many(problem: RoundProblem, depots: list[int]) -> list[float]:
    counts = Counter(depots)
    return [_over(counts[depot], float(most)) for depot, most in enumerate(problem.vehicles)]
