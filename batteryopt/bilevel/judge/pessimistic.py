"""What the leader gets if followers that are indifferent answer worst."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.judge.responses import fixed, restored
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods.base import MethodSettings
from batteryopt.bilevel.methods.indicator import IndicatorConstraints
from batteryopt.bilevel.problem.normal_form import BilevelProblem


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
