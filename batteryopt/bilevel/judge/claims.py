"""The three claims about an answer, kept apart: the followers are at their best, the bound, and feasibility."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.bilevel.judge.conditions import binding_gradients, distance
from batteryopt.bilevel.judge.responses import best_response, restored
from batteryopt.bilevel.judge.tries import MOST_GLOBAL, gain_elsewhere, is_tried
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.bilevel.problem.sizes import CHANGE, unit_of
from batteryopt.bilevel.proof.convexity import Conviction
from batteryopt.bilevel.proof.qualification import Qualification
from batteryopt.ground.certificate import Certificate, Check

FEASIBILITY_TOLERANCE = 1e-6
BEST_RESPONSE_TOLERANCE = 1e-6
UNQUALIFIED_TOLERANCE = 1e-4
"""The same where no constraint qualification holds: a feasibility tolerance of d then allows gains of order sqrt(d)."""
STATIONARITY_TOLERANCE = CHANGE
NO_STATIONARITY = 1e-5
"""From here on it is not a matter of rounding: some direction in which the follower moves is its loss."""


def certify(
    problem: BilevelProblem,
    convictions: tuple[Conviction, ...],
    qualifications: tuple[Qualification, ...],
    *,
    bound_gap: float | None,
    gap: float,
) -> Certificate:
    """Check the point in the variables.

    Parameters
    ----------
    bound_gap
        Relative distance of objective and proven bound, None where no bound was proven.
    gap
        The distance that was asked for.
    """
    checks = [leader_feasibility(problem)]
    asks_solver = sum(not follower.objective.is_affine for follower in problem.followers) <= MOST_GLOBAL
    for follower, conviction, qualified in zip(problem.followers, convictions, qualifications, strict=True):
        is_qualified = qualified is not Qualification.UNPROVEN
        checks.append(follower_feasibility(follower))
        checks.append(
            best_response_gain(
                follower,
                is_convex="assumed" not in conviction.by.values(),
                tolerance=BEST_RESPONSE_TOLERANCE if is_qualified else UNQUALIFIED_TOLERANCE,
            )
        )
        if (elsewhere := better_elsewhere(follower, asks_solver=asks_solver)) is not None:
            checks.append(elsewhere)
        if is_qualified and not follower.has_integers:  # else the best answer need not have multipliers
            checks.append(stationarity(follower))
    if bound_gap is not None:
        detail = "relative distance of the leader's objective and the proven bound"
        checks.append(Check(is_of_convergence=True, name="bound", residual=bound_gap, tolerance=gap, detail=detail))
    return Certificate(tuple(checks))


_NEEDED = ("leader-constraints", "follower-rows", "best-response", "elsewhere")


def is_bilevel_feasible(certificate: Certificate) -> bool:
    """Whether claims 1 and 3 hold: feasible, and every follower at its best, if not to the last digit in each unit."""
    kinds = [(check.name.split("[")[0], check) for check in certificate]
    needed = [check for kind, check in kinds if kind in _NEEDED]
    blurred = [check for kind, check in kinds if kind == "stationarity"]
    return all(check.passed for check in needed) and all(check.residual <= NO_STATIONARITY for check in blurred)


def are_at_their_best(problem: BilevelProblem) -> bool:
    """Whether a search may call a point bilevel feasible; what it claims in the end is for `certify`.

    The gain is judged leniently, as where no constraint qualification is known; the directions of followers with
    affine rows, which have multipliers at every best answer, are not.
    """
    return all(
        follower_feasibility(follower).passed
        and best_response_gain(follower, tolerance=UNQUALIFIED_TOLERANCE).passed
        and (not _has_first_order_conditions(follower) or stationarity(follower).residual <= NO_STATIONARITY)
        for follower in problem.followers
    )


def _has_first_order_conditions(follower: FollowerProblem) -> bool:
    """Whether every best answer has multipliers, so that a point without any is none."""
    return follower.has_affine_rows and not follower.has_integers


def leader_feasibility(problem: BilevelProblem) -> Check:
    """Return the largest violation of the leader's constraints, bounds and integrality."""
    worst = 0.0
    for constraint in problem.constraints:
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        unit = unit_of(body) or 1.0
        worst = max(worst, _violation(pyo.value(body), lower, upper) / min(1.0, unit))
    for variable in problem.leader_variables:
        worst = max(worst, _violation(variable.value, *variable.bounds))
        if not variable.is_continuous():
            worst = max(worst, abs(variable.value - round(variable.value)))
    return Check(
        name="leader-constraints",
        residual=worst,
        tolerance=FEASIBILITY_TOLERANCE,
        detail="largest violation of the leader's constraints, bounds and integrality, each in its own unit",
    )


def follower_feasibility(follower: FollowerProblem) -> Check:
    """Return the largest violation of a follower's constraints and bounds."""
    worst = 0.0
    for row in follower.rows:
        value = pyo.value(row.form.expression)
        size = min(_size(row.origin), unit_of(row.form.expression) or 1.0)
        worst = max(worst, (abs(value) if row.is_equality else max(0.0, value)) / size)
    for variable in follower.variables:
        if not variable.is_continuous():
            worst = max(worst, abs(variable.value - round(variable.value)))
    return Check(
        name=f"follower-rows[{follower.name}]",
        residual=worst,
        tolerance=FEASIBILITY_TOLERANCE,
        detail="largest violation of the follower's constraints, bounds and integrality, each in its own unit",
    )


def best_response_gain(
    follower: FollowerProblem, *, is_convex: bool = True, tolerance: float = BEST_RESPONSE_TOLERANCE
) -> Check:
    """Re-solve a follower with everything else fixed and return what it could gain, relative to its own value."""
    now = pyo.value(follower.objective.expression)
    with restored(follower.variables):
        report = best_response(follower, is_global=is_convex, allow_current_violation=True)
        best = pyo.value(follower.objective.expression) if report.point_status.is_feasible else math.nan
    detail = f"re-solved by {report.solver}: {follower.sense * now:.10g} now, {follower.sense * best:.10g} at its best"
    return Check(
        is_of_convergence=True,
        name=f"best-response[{follower.name}]",
        residual=max(0.0, now - best) / max(1.0, abs(now)) if not math.isnan(best) else math.nan,
        tolerance=tolerance,
        detail=detail if not math.isnan(best) else f"{report.solver} could not re-solve it: {report.stop_reason}",
    )


def better_elsewhere(follower: FollowerProblem, *, asks_solver: bool = True) -> Check | None:
    """Return what a follower that is not linear would gain far from the point; None where none needs to be tried."""
    if not is_tried(follower):
        return None
    return Check(
        is_of_convergence=True,
        name=f"elsewhere[{follower.name}]",
        residual=gain_elsewhere(follower, asks_solver=asks_solver),
        tolerance=0.0,
        detail="what the follower gains at points far away where its function is below its tangent: "
        "tried without the proof of its convexity",
    )


def stationarity(follower: FollowerProblem) -> Check:
    """Return by how much numbers must change for the first-order conditions to hold, each relative to its own size.

    The multipliers of the single-level solution are not used: they are estimated anew from the point alone.
    """
    return Check(
        is_of_convergence=True,
        name=f"stationarity[{follower.name}]",
        residual=distance(follower),
        tolerance=STATIONARITY_TOLERANCE,
        detail="relative change of variables after which the first-order conditions hold, in every direction, "
        "multipliers estimated from the point alone",
    )


def has_unique_multipliers(follower: FollowerProblem) -> bool:
    """Whether the gradients of the binding rows are linearly independent at the point."""
    active = binding_gradients(follower)
    return bool(active.shape[1] == 0 or np.linalg.matrix_rank(active) == active.shape[1])


def _violation(value: float, lower: float | None, upper: float | None) -> float:
    """Return by how much a value leaves its bounds, relative to the bound's size or 1."""
    below = 0.0 if lower is None else (lower - value) / max(1.0, abs(lower))
    above = 0.0 if upper is None else (value - upper) / max(1.0, abs(upper))
    return max(0.0, below, above)


def _size(origin: Any) -> float:
    """Return the size of a constraint's right-hand side, at least 1: what its violation is relative to."""
    bounds = origin.bounds if origin.ctype is pyo.Var else (origin.lb, origin.ub)
    return float(max([1.0, *(abs(b) for b in bounds if b is not None and math.isfinite(b))]))
