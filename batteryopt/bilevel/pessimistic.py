"""What the leader gets if followers that are indifferent answer worst."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel import kkt
from batteryopt.bilevel.methods.base import Settings
from batteryopt.bilevel.methods.indicator import IndicatorConstraints
from batteryopt.bilevel.problem import BilevelProblem
from batteryopt.bilevel.responses import fixed, restored


def worst_answer(problem: BilevelProblem, settings: Settings) -> float | None:
    """Return the leader's worst objective over the followers' best answers to the leader's decision as it stands.

    The leader's constraints are not imposed: they do not bind the followers. Returns None where no bound was proven
    within the time limit.
    """
    followers = [v for follower in problem.followers for v in follower.variables]
    with fixed(problem.leader_variables), restored(followers), kkt.duals_restored(problem):
        reformulation = IndicatorConstraints().apply(problem, settings)
        model = reformulation.system.model
        model.leader_constraint.deactivate()
        opposite = pyo.maximize if problem.objective.sense == pyo.minimize else pyo.minimize
        model.objective.sense = opposite
        report = solvers.get("scip").solve(model, settings.options(), indicators=tuple(reformulation.indicators))
        return report.objective if report.is_optimal else None
