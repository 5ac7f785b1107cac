"""What the leader gets if followers that are indifferent answer worst."""

from __future__ import annotations

import dataclasses
import math

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.judge.responses import fixed, restored
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods.base import MethodOutcome, MethodSettings
from batteryopt.bilevel.methods.indicator import IndicatorConstraints
from batteryopt.bilevel.methods.pessimistic_leader import answer_worst, worst_violation
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus

WORST_TOLERANCE = 1e-5
"""Relative amount by which a worst case may be worse than a pessimistic method says."""


def worst_answer(problem: BilevelProblem, settings: MethodSettings) -> float | None:
    """Return the leader's worst objective over the followers' best answers to the leader's decision as it stands.

    The leader's constraints are not imposed: they do not bind the followers. Returns None where no bound was proven
    within the time limit, or where Fritz John conditions, which are necessary only, gave an answer that is no best one.
    """
    followers = [v for follower in problem.followers for v in follower.variables]
    with fixed(problem.leader_variables), restored(followers), kkt.duals_restored(problem):
        reformulation = IndicatorConstraints().apply(problem, settings)
        model = reformulation.system.model
        model.leader_constraint.deactivate()
        opposite = pyo.maximize if problem.objective.sense == pyo.minimize else pyo.minimize
        model.objective.sense = opposite
        report = solvers.get("scip").solve(model, settings.options(), indicators=tuple(reformulation.indicators))
        is_known = report.is_optimal and (not settings.fritz_john or _are_best(problem))
        return report.objective if is_known else None


def _are_best(problem: BilevelProblem) -> bool:
    gains = [claims.best_response_gain(f, tolerance=claims.UNQUALIFIED_TOLERANCE) for f in problem.followers]
    return all(gain.passed for gain in gains)


def worst_checks(problem: BilevelProblem, outcome: MethodOutcome, settings: MethodSettings) -> tuple[Check, ...]:
    """Let the followers answer worst by programs of their own, and compare; the point is theirs from then on."""
    if not outcome.report.has_point:
        return ()
    said = float(pyo.value(problem.objective.expr))
    found = answer_worst(problem, settings)
    loss = math.nan if found is None else max(0.0, problem.sense * (found - said)) / max(1.0, abs(said))
    check = Check(
        is_of_convergence=True,
        name="worst-answer",
        residual=loss,
        tolerance=WORST_TOLERANCE,
        detail="how much worse the followers' equally good answers are than the method says, re-solved",
    )
    rows = Check(
        name="leader-constraints[worst]",
        residual=worst_violation(problem, settings),
        tolerance=claims.FEASIBILITY_TOLERANCE,
        detail="largest violation of the leader's constraints over all best answers of the followers, re-solved",
    )
    return (check, rows)


def with_worst(answer: BilevelAnswer, checks: tuple[Check, ...]) -> BilevelAnswer:
    """Return a pessimistic leader's answer with the check of its worst case; no claim passes where that fails."""
    if not checks or not answer.has_point:
        return answer
    is_known = all(not math.isnan(check.residual) for check in checks)
    status = answer.point_status
    if not all(check.passed for check in checks if not check.is_of_convergence):
        status = PointStatus.INFEASIBLE
    elif status.is_claim and not all(check.passed for check in checks):
        status = PointStatus.FEASIBLE
    return dataclasses.replace(
        answer,
        certificate=Certificate((*answer.certificate, *checks)),
        point_status=status if is_known else PointStatus.UNKNOWN,
        pessimistic_objective=answer.objective if is_known else None,
    )
