"""Complementarity relaxed and driven to zero: ``multiplier * slack <= t`` with t to 0, by an interior-point method.

Scholtes' scheme (SIAM J. Optim. 11, 2001, 918-936) from several starts, each followed by a polish with the active
set fixed. It finds local optima of problems too large or too nonlinear for a global search, and proves no bound.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.judge.responses import answer_in_turn
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.active_set import TOLERANCE, all_variables, is_small, polish, set_slacks
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.methods.base import Method, MethodOutcome, MethodSettings, Reformulation
from batteryopt.bilevel.methods.nearby import solve_nearby
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options, Report

RELAXATIONS = (1e-1, 1e-3, 1e-5, 1e-7, 1e-9)
"""The sequence of t, in the units of multiplier times slack."""
LATER_ITERATIONS = 200
"""Most iterations for a t after the first. Where a follower's multipliers are not unique the last ones may crawl
through thousands; but what binds, which is all that the polish takes from them, is plain before."""
MOST_ANSWERS = 100
"""Followers up to which a start begins at their answers: with more, solving one by one costs more than it saves."""
HALF_OPEN_REACH = 10.0
"""How far from a finite bound, or from zero, starts of unbounded leader variables are drawn."""


class Regularized(Method):
    """A local method: its answer is at best locally optimal."""

    name = "regularized"
    is_global = False

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept problems whose leader decides on continuous variables only."""
        integers = [v.name for v in problem.leader_variables if not v.is_continuous()]
        return f"the leader's variable {integers[0]} is integer" if integers else None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the relaxed products over a mutable parameter t."""
        system = kkt.build(problem, equal=settings.equal, limits=settings.limits)
        single, pairs = system.model, system.all_pairs
        single.PAIRS = pyo.RangeSet(0, len(pairs) - 1)
        single.t = pyo.Param(initialize=RELAXATIONS[0], mutable=True)
        single.complementarity = pyo.Constraint(
            single.PAIRS, rule=lambda s, k: pairs[k].multiplier * pairs[k].slack - s.t <= 0
        )
        return Reformulation(system=system)

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Run every start within the time limit and keep the best point."""
        reformulation = self.apply(problem, settings)
        system = reformulation.system
        variables = all_variables(system)
        deadline = None if settings.time_limit is None else time.perf_counter() + settings.time_limit
        begin = time.perf_counter()
        nearby = solve_nearby(system, deadline) if settings.is_near and system.all_pairs else None
        if nearby is not None:
            return self.invert(reformulation, _as_local(nearby, nearby, time.perf_counter() - begin))
        best: tuple[float, list[float], Report] | None = None
        last: Report | None = None
        for _ in starting_points(problem, settings):
            if last is not None and deadline is not None and time.perf_counter() > deadline:
                break
            last = _descend(system, settings, deadline)
            if not last.point_status.is_feasible or last.objective is None:
                continue
            if best is None or problem.sense * (last.objective - best[0]) < 0:
                best = (last.objective, [v.value for v in variables], last)
        assert last is not None  # there is always a first start
        report = last
        if best is not None:
            for variable, value in zip(variables, best[1], strict=True):
                variable.set_value(value, skip_validation=True)
            report = best[2]
        return self.invert(reformulation, _as_local(report, best, time.perf_counter() - begin))


def _as_local(report: Report, best: Any, seconds: float) -> Report:
    """Return a report that claims no more than a local method may."""
    if best is None:
        status, reason = PointStatus.NONE, report.stop_reason
        reason = StopReason.NUMERICAL_TROUBLE if reason is StopReason.CONVERGED else reason
    else:
        status, reason = PointStatus.LOCALLY_OPTIMAL, StopReason.CONVERGED
    return dataclasses.replace(report, point_status=status, stop_reason=reason, bound=None, seconds=seconds)


def starting_points(problem: BilevelProblem, settings: MethodSettings) -> Iterator[None]:
    """Set the variables to one starting point after the other."""
    leaders = problem.leader_variables
    followers = [v for follower in problem.followers for v in follower.variables]
    generator = np.random.default_rng(settings.seed)
    given = [_clipped(v, v.value) for v in leaders]
    for number in range(max(1, settings.starts)):
        values = given if number == 0 else [_drawn(v, generator) for v in leaders]
        for variable, value in zip(leaders, values, strict=True):
            variable.set_value(value, skip_validation=True)
        for variable in followers:
            if variable.value is None or number > 0:
                variable.set_value(_clipped(variable, None), skip_validation=True)
        if len(problem.followers) <= MOST_ANSWERS:
            answer_in_turn(problem, sweeps=2)
        yield


def _clipped(variable: Any, value: float | None) -> float:
    """Return a value within the bounds: the given one, or the middle of the box where there is none."""
    lower, upper = variable.bounds
    if value is None:
        if lower is None and upper is None:
            return 0.0
        if lower is None or upper is None:
            return float(upper - 1.0 if lower is None else lower + 1.0)
        return 0.5 * float(lower + upper)
    value = value if lower is None else max(lower, value)
    return float(value if upper is None else min(upper, value))


def _drawn(variable: Any, generator: np.random.Generator) -> float:
    """Draw a value from the variable's box."""
    lower, upper = variable.bounds
    if lower is None and upper is None:
        lower, upper = -HALF_OPEN_REACH, HALF_OPEN_REACH
    elif lower is None:
        lower = upper - HALF_OPEN_REACH
    elif upper is None:
        upper = lower + HALF_OPEN_REACH
    return float(generator.uniform(lower, upper))


def _descend(system: KktSystem, settings: MethodSettings, deadline: float | None) -> Report:
    """Drive t to zero from the point in the variables, then polish."""
    single = system.model
    set_slacks(system)
    for pair in system.all_pairs:
        pair.multiplier.set_value(min(1.0, RELAXATIONS[0] / max(pair.slack.value, 1e-3)), skip_validation=True)
    adapter = solvers.get(settings.solver or "ipopt")
    report: Report | None = None
    variables = all_variables(system)
    # Without complementarity (followers at interior points only) there is nothing to drive to zero, and no active set
    # to fix: a polish by Ipopt would ask it the same again.
    is_smooth = not system.all_pairs and not is_small(single)
    tolerance = min(TOLERANCE, settings.tolerance) if is_smooth else settings.tolerance
    for t in RELAXATIONS if system.all_pairs else RELAXATIONS[-1:]:
        left = None if deadline is None else max(0.1, deadline - time.perf_counter())
        single.t.set_value(t)
        options = Options(
            time_limit=left,
            feasibility_tolerance=tolerance,
            optimality_tolerance=tolerance,
            iteration_limit=None if report is None else LATER_ITERATIONS,
            warm_start=report is not None,
            log=settings.log,
        )
        before = [variable.value for variable in variables]
        latest = adapter.solve(single, options)
        if report is None and not latest.point_status.is_feasible:
            return latest
        if report is not None and (not latest.point_status.is_feasible or latest.stop_reason.is_limit):
            for variable, value in zip(variables, before, strict=True):
                variable.set_value(value, skip_validation=True)
            break
        report = latest
    assert report is not None  # RELAXATIONS is not empty
    if is_smooth:
        return report
    polished = polish(system, objective=report.objective)
    return report if polished is None else dataclasses.replace(report, objective=polished.objective)
