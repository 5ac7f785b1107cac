"""From an answer to nearly the same problem: the followers' constraints that bind there, and others where in doubt.

Driving a relaxation to zero forgets what is known: at its first parameters the followers do not yet answer, so that it
takes as long from the answer itself as from anywhere. Here the constraints that bind at the point bind, the others do
not, and what is left is a smooth problem. Its answer may press against that choice, with a multiplier or a slack at
zero that would rather be below: those pairs change sides, all of them, for as long as the leader gains.
"""

from __future__ import annotations

import time

from batteryopt.bilevel.kkt.active_set import all_variables, polish, set_slacks
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.ground.status import StopReason
from batteryopt.solvers import LEAST_SECONDS, Report

BINDS = 1e-6
"""Slack up to which a constraint binds, and both sides of a pair up to which the pair is in doubt: the feasibility that
is asked of answers."""
MOST_CHANGES = 6
_GAIN = 1e-10
"""Relative gain of the leader below which changing sides was of no use: less is the solver's rounding."""


def solve_nearby(system: KktSystem, deadline: float | None) -> Report | None:
    """Solve with what binds at the point in the variables; None where that gives no point, and the old one is kept.

    Parameters
    ----------
    deadline
        By `time.perf_counter`; no more sides are changed after it.
    """
    set_slacks(system)
    binding = [pair.slack.value <= BINDS for pair in system.all_pairs]
    best = _solved(system, binding, deadline)
    for _ in range(MOST_CHANGES):
        doubtful = [max(pair.slack.value, pair.multiplier.value) <= BINDS for pair in system.all_pairs]
        if best is None or not any(doubtful) or (deadline is not None and time.perf_counter() > deadline):
            break
        binding = [binds != is_doubtful for binds, is_doubtful in zip(binding, doubtful, strict=True)]
        variables = all_variables(system)
        before = [variable.value for variable in variables]
        other = _solved(system, binding, deadline)
        if other is None or not _gains(system, other, best):
            for variable, value in zip(variables, before, strict=True):
                variable.set_value(value, skip_validation=True)
            break
        best = other
    return best


def _solved(system: KktSystem, binding: list[bool], deadline: float | None) -> Report | None:
    """Solve with the constraints that are to bind at zero slack, and the multipliers of the others at zero."""
    for pair, binds in zip(system.all_pairs, binding, strict=True):
        slack, multiplier = pair.slack, pair.multiplier
        slack.set_value(0.0 if binds else max(slack.value, BINDS), skip_validation=True)
        multiplier.set_value(max(multiplier.value or 0.0, BINDS) if binds else 0.0, skip_validation=True)
    left = None if deadline is None else max(LEAST_SECONDS, deadline - time.perf_counter())
    report = polish(system, objective=None, time_limit=left)
    return report if report is not None and report.stop_reason is StopReason.CONVERGED else None


def _gains(system: KktSystem, other: Report, best: Report) -> bool:
    """Whether the leader has more of one point than of another, beyond rounding."""
    assert other.objective is not None
    assert best.objective is not None
    return system.problem.sense * (other.objective - best.objective) < -_GAIN * max(1.0, abs(best.objective))
