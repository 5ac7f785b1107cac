"""Solve a problem in its natural units, and see to it that units above the author's let no claim pass."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.methods import MethodSettings
from batteryopt.bilevel.methods.bilevel_units import Restatement
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.bilevel.proof import qualification
from batteryopt.ground.status import PointStatus
from batteryopt.solvers import LEAST_SECONDS, relative_gap

LEAST_GAP = 1e-6
"""The solvers' own feasibility tolerance blurs bounds by about this much: a smaller gap is not claimed or refused."""


def solve_restated(
    other: Restatement, settings: MethodSettings, solve: Callable[[BilevelProblem, MethodSettings], BilevelAnswer]
) -> BilevelAnswer:
    """Solve a problem in its natural units; as it stands where these are large and their answer is not borne out.

    Small units make every tolerance stricter, and their answer needs no second look.
    """
    began = time.perf_counter()
    answer = other.bring_back(solve(other.problem, settings))
    if not other.units.loosen:
        return answer
    answer = _judged_as_it_stands(other, answer, settings)
    if answer.point_status.is_claim or answer.stop_reason.is_limit:
        return answer
    put_back = remembered(other.original)
    again = solve(other.original, _after(settings, time.perf_counter() - began))
    if again.point_status.is_claim or not answer.point_status.is_feasible:
        return again
    put_back()  # neither proves anything, and the bound in natural units is the better one
    return answer


def remembered(problem: BilevelProblem) -> Callable[[], None]:
    """Return what puts back the values that variables and multipliers hold now."""
    followers = (variable for follower in problem.followers for variable in follower.variables)
    values = [(variable, variable.value) for variable in (*problem.leader_variables, *followers)]
    duals = [(dual, dual.expr) for dual in problem.all_duals]

    def put_back() -> None:
        for variable, value in values:
            variable.set_value(value, skip_validation=True)
        for dual, expression in duals:
            dual.set_value(expression)

    return put_back


def _judged_as_it_stands(other: Restatement, answer: BilevelAnswer, settings: MethodSettings) -> BilevelAnswer:
    """Return an answer from large units with the certificate, and the claim, of the problem in its author's units."""
    if not answer.has_point:
        return answer
    problem = other.original
    certificate = claims.certify(
        problem,
        answer.convictions,
        qualification.qualify(problem),
        bound_gap=relative_gap(answer.objective, answer.bound),
        gap=max(settings.gap, LEAST_GAP),
    )
    status = answer.point_status
    if not claims.is_bilevel_feasible(certificate):
        status = PointStatus.INFEASIBLE
    elif not other.is_to_scale(answer) or (status.is_claim and not certificate.passed):
        status = PointStatus.FEASIBLE
    return dataclasses.replace(answer, certificate=certificate, point_status=status)


def _after(settings: MethodSettings, seconds: float) -> MethodSettings:
    if settings.time_limit is None:
        return settings
    return dataclasses.replace(settings, time_limit=max(LEAST_SECONDS, settings.time_limit - seconds))
