"""What an answer says of its money and bound: the objective is that of the tables, and no plan is beyond the bound."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.network.data.objective import Objective, direction
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.judge.check import check
from batteryopt.network.plan.answer import BOUND, ROOT_BOUND, value_of
from batteryopt.network.plan.gross import size_of
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.outside import LEAST_SECONDS, MOST_SECONDS, SHARE, improved
from batteryopt.network.search.search import Found
from batteryopt.network.search.searched_problem import Problem
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.provenance import Run

JUDGING = 2.0
"""Times that building the model took which tables, check and output of its plan take, measured on large networks."""


class AsAsked:
    """Between the search, which minimises in units of its own, and people, who may ask for the most collected."""

    def __init__(self, problem: Problem, weights: Mapping[Objective, float]) -> None:
        self.sign = direction(weights)
        self._factor = self.sign * problem.money

    def theirs(self, value: float) -> float:
        """Return a value of the search as people asked for it."""
        return float(self._factor * value)

    def if_any(self, value: float | None) -> float | None:
        """Return a value that may be missing."""
        return None if value is None else self.theirs(value)


def money_checks(
    problem: Problem, found: Found, solution: Solution, weights: Mapping[Objective, float], units: AsAsked
) -> Certificate:
    """Return whether the model's objective is the tables' own, and whether both bounds are on the right side of it."""
    assert found.x is not None
    value, reported = value_of(solution, weights), units.theirs(problem.core.objective(found.x))
    size = size_of(solution, weights, value)
    checks = [
        Check(
            name="objective-recomputed",
            residual=abs(value - reported) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"from tables {value:.10g}, from the model {reported:.10g}",
        )
    ]
    bounds = {BOUND: found.bound, ROOT_BOUND: found.root_bound}
    for name, bound in bounds.items():
        if bound is not None:
            beyond = max(0.0, units.sign * (units.theirs(bound) - value))
            checks.append(Check(name=name, residual=beyond / size, tolerance=BOUND_TOLERANCE, detail=f"{bound:.10g}"))
    return Certificate(tuple(checks))


def seconds_to_try(options: Options, began: float, building: float) -> float:
    """Return the seconds in which a bound may be tried from outside; perhaps less than none.

    The wider model is built for it first, and the plan that it finds is judged like any.
    """
    spent = time.monotonic() - began
    left = np.inf if options.time_limit is None else options.time_limit - spent - (1.0 + JUDGING) * building
    return float(min(np.clip(SHARE * spent, LEAST_SECONDS, MOST_SECONDS), left))


def tried_from_outside(
    m: Formulation, plan: Solution, weights: Mapping[Objective, float], run: Run, seconds: float
) -> Certificate:
    """Return whether the bound holds against a plan that a wider model finds; nothing where there is no time to try.

    Only what passes the check itself counts: a wider model that lets too much through accuses nobody.
    """
    if m.wider is None or seconds < LEAST_SECONDS or run.bound is None:
        return Certificate()
    until, wide = time.monotonic() + seconds, m.wider()
    found = improved(plan.network, wide, plan, weights, max(until - time.monotonic(), LEAST_SECONDS / 2))
    if found is None or not check(found).passed:
        return Certificate()
    value = value_of(found, weights)
    beyond = max(0.0, direction(weights) * (run.bound - value))
    return Certificate(
        (
            Check(
                name="bound-holds-against-a-wider-model",
                residual=beyond / size_of(found, weights, value),
                tolerance=BOUND_TOLERANCE,
                detail=f"bound {run.bound:.10g}, best of a model without cuts and mass bounds {value:.10g}",
            ),
        )
    )
