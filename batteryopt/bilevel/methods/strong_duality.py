"""Complementarity of linear and convex quadratic followers as one condition: primal and dual value agree.

For ``min q(y) s.t. a_k' y + r_k <= 0, b_j' y + s_j == 0`` with q convex quadratic, stationarity multiplied by y gives

    sum_k lambda_k slack_k = grad q(y)' y - sum_k lambda_k r_k - sum_j mu_j s_j   (>= 0 by weak duality)

so that "<= 0" is complementarity. Where r and s are numbers it is convex, with no product of multipliers and y.
"""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import duality_gap
from batteryopt.bilevel.methods.base import Method, MethodSettings, Reformulation
from batteryopt.bilevel.problem.normal_form import BilevelProblem


class StrongDuality(Method):
    """One aggregated condition a follower instead of one a row."""

    name = "strong-duality"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept linear and convex quadratic followers."""
        for follower in problem.followers:
            if not follower.objective.is_quadratic:
                return f"the objective of follower '{follower.name}' is neither linear nor quadratic"
            if not follower.has_affine_rows:
                return f"follower '{follower.name}' has constraints that are not affine in its variables"
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the duality gap of every follower as a constraint."""
        system = kkt.build(problem, equal=settings.equal, limits=settings.limits)
        single = system.model
        single.no_duality_gap = pyo.Constraint(
            single.FOLLOWERS,
            rule=lambda s, i: (None, duality_gap(s.kkt[i], problem.followers[i]), 0.0),
        )
        return Reformulation(system=system)
