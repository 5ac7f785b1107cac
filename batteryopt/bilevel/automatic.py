"""What ``method="auto"`` does: a global search first, a local one where the global one did not finish."""

from __future__ import annotations

import dataclasses
import time

from batteryopt.bilevel import kkt
from batteryopt.bilevel.active_set import all_variables
from batteryopt.bilevel.claims import UNQUALIFIED_TOLERANCE, best_response_gain
from batteryopt.bilevel.methods import METHODS, Outcome, Settings
from batteryopt.bilevel.problem import BilevelProblem
from batteryopt.status import StopReason

GLOBAL_SHARE = 0.7
"""Share of the time limit that the global search may use before a local one gets its turn."""
LARGE = 400
"""From this number of complementarity pairs on, the local search goes first: the global one may find no point."""


def run_automatic(problem: BilevelProblem, settings: Settings) -> tuple[Outcome, str, str]:
    """Return the best outcome, the method that gave it, and the reason in words."""
    begin = time.perf_counter()
    pairs = sum(len(follower.inequalities) for follower in problem.followers)
    if pairs >= LARGE and METHODS["regularized"].accepts(problem, settings):
        outcome = METHODS["regularized"].solve(problem, dataclasses.replace(settings, starts=1))
        return outcome, "regularized", f"{pairs} complementarity pairs are beyond a global search"
    limit = None if settings.time_limit is None else GLOBAL_SHARE * settings.time_limit
    outcome = METHODS["sos1"].solve(problem, dataclasses.replace(settings, time_limit=limit))
    reason = outcome.report.stop_reason
    if settings.fritz_john and outcome.report.has_point and not _followers_agree(problem):
        return _without_fritz_john(problem, settings, outcome)
    if reason is StopReason.CONVERGED or reason.is_no_solution or not METHODS["regularized"].accepts(problem, settings):
        return outcome, "sos1", "special ordered sets need no M, and SCIP proves a bound"
    left = None if settings.time_limit is None else max(1.0, settings.time_limit - (time.perf_counter() - begin))
    return _better(problem, outcome, dataclasses.replace(settings, time_limit=left))


def _better(problem: BilevelProblem, outcome: Outcome, settings: Settings) -> tuple[Outcome, str, str]:
    """Run the local method beside an unfinished global one, and keep the better point with the global bound."""
    variables = all_variables(outcome.system)
    values = [v.value for v in variables]
    local = METHODS["regularized"].solve(problem, settings)
    ours, theirs = local.report.objective, outcome.report.objective
    if local.report.has_point and ours is not None:
        gain = float("inf") if theirs is None else problem.sense * (theirs - ours)
        if gain > 1e-9 * max(1.0, abs(ours)):
            report = dataclasses.replace(
                outcome.report, objective=ours, point_status=local.report.point_status, solver=local.report.solver
            )
            joined = dataclasses.replace(outcome, report=report, system=local.system, multipliers=local.multipliers)
            return joined, "sos1", "bound of the global search, point of the local one, which was better"
    kkt.connect_duals(problem, outcome.system.model)
    for variable, value in zip(variables, values, strict=True):
        variable.set_value(value, skip_validation=True)
    return outcome, "sos1", "the global search's point, stopped by a limit; a local search found none better"


def _followers_agree(problem: BilevelProblem) -> bool:
    """Whether every follower is at its best at the point."""
    return all(best_response_gain(follower, tolerance=UNQUALIFIED_TOLERANCE).passed for follower in problem.followers)


def _without_fritz_john(problem: BilevelProblem, settings: Settings, bounding: Outcome) -> tuple[Outcome, str, str]:
    """Solve with KKT conditions where the Fritz John point was no best answer; its objective remains a bound."""
    outcome = METHODS["sos1"].solve(problem, dataclasses.replace(settings, fritz_john=frozenset()))
    report = dataclasses.replace(outcome.report, bound=bounding.report.bound)
    why = "a follower fails its constraint qualification somewhere: point from KKT, bound from Fritz John conditions"
    return dataclasses.replace(outcome, report=report), "sos1", why
