"""An interior-point code run again and again, with other settings each time, until its claim is borne out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.nonlinear import Floats, NonlinearProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.watched import Watched
from batteryopt.solvers.interior_point.kkt_residual import STATIONARITY, estimated_multipliers, kkt_residual
from batteryopt.solvers.interior_point.multipliers import Multipliers

STATUSES: dict[int, tuple[StopReason, PointStatus]] = {
    0: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # solve succeeded
    1: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # solved to the looser "acceptable" tolerances
    2: (StopReason.INFEASIBLE, PointStatus.INFEASIBLE),  # converged to a point of locally least violation
    3: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # search direction too small: often at an optimum
    4: (StopReason.UNBOUNDED, PointStatus.NONE),  # iterates diverge
    5: (StopReason.INTERRUPTED, PointStatus.UNKNOWN),  # stopped by our own callback
    6: (StopReason.CONVERGED, PointStatus.FEASIBLE),  # feasible point of a square system
    -1: (StopReason.ITERATION_LIMIT, PointStatus.UNKNOWN),
    -2: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),  # restoration of feasibility failed
    -3: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),  # error in step computation
    -4: (StopReason.TIME_LIMIT, PointStatus.UNKNOWN),  # processor time
    -5: (StopReason.TIME_LIMIT, PointStatus.UNKNOWN),  # wall time
    -10: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # more equalities than free variables
    -11: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # invalid problem definition
    -12: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # invalid option
    -13: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # a function or derivative is not a number
    -100: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
    -101: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
    -102: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # not enough memory
    -199: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
}
"""Every return code of Ipopt: why it stopped, and what its point is if constraints and KKT conditions bear it out."""

_STRICT = {"s_max": 1e8, "compl_inf_tol": 1e-8}
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"bound_relax_factor": 0.0},
    {"bound_relax_factor": 0.0, **_STRICT},
    {"bound_relax_factor": 1e-8, **_STRICT},
)
"""Settings tried in turn until the KKT conditions bear a claim out.

Ipopt's default widens all bounds by 1e-8, and moves its optimum with them: that is left for models that have no
interior without it. Its tolerances are for multipliers of ordinary size; the strict ones do not grow with them.
"""

CLAIMS = frozenset(code for code, (_, point) in STATUSES.items() if point is PointStatus.LOCALLY_OPTIMAL)
TOO_FEW_DEGREES_OF_FREEDOM = -10
RETRIED = frozenset({TOO_FEW_DEGREES_OF_FREEDOM, -2, -3})
"""Failures that other settings may avoid."""
EQUALITY_SLACK = 1e-9
"""Relative width given to equalities where there are too many of them for Ipopt."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What an interior-point code returned: Ipopt's status code, the point (n), multipliers, its closing words."""

    status: int
    x: Floats
    multipliers: Multipliers
    message: str
    iterations: int = 0
    residual: float = np.inf


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where to begin: a point (n), and multipliers where the caller has any."""

    x: Floats
    multipliers: Multipliers | None = None


Runner = Callable[[NonlinearProgram, Watched, Start, Options, dict[str, Any]], Attempt]
"""Runs a code once with settings of its own."""


def attempted(run: Runner, program: NonlinearProgram, callbacks: Watched, start: Start, options: Options) -> Attempt:
    """Return the attempt with the least KKT residual; the first that is small enough ends it."""
    began = time.perf_counter()
    best: Attempt | None = None
    for settings in ATTEMPTS:
        left = options.after(time.perf_counter() - began)
        answer = _measured(program, run(program, callbacks, start, left, settings))
        if answer.status == TOO_FEW_DEGREES_OF_FREEDOM or _is_square(program):
            program = _widened(program)
        elif answer.status in CLAIMS and np.isfinite(answer.x).all():
            start = Start(x=answer.x)
        if best is None or answer.residual <= best.residual:
            best = answer
        if callbacks.is_stopped or not _is_worth_another(answer):
            break
    assert best is not None
    return dataclasses.replace(best, iterations=callbacks.iterations)


def _measured(program: NonlinearProgram, answer: Attempt) -> Attempt:
    """Return a claim with the KKT residual of its point, and with better multipliers where its own do not bear it."""
    if answer.status not in CLAIMS:
        return answer
    residual = kkt_residual(program, answer.x, answer.multipliers)
    if np.isfinite(residual) and residual > STATIONARITY:
        estimated = estimated_multipliers(program, answer.x)
        if estimated is not None and kkt_residual(program, answer.x, estimated) < residual:
            residual = kkt_residual(program, answer.x, estimated)
            answer = dataclasses.replace(answer, multipliers=estimated)
    return dataclasses.replace(answer, residual=residual)


def _is_worth_another(answer: Attempt) -> bool:
    return answer.status in RETRIED or (answer.status in CLAIMS and not answer.residual <= STATIONARITY)


def _is_square(program: NonlinearProgram) -> bool:
    """Whether there are as many equalities as free columns: Ipopt then looks for a feasible point only."""
    equalities = int(np.sum(program.row_lower == program.row_upper))
    return equalities == int(np.sum(program.lower < program.upper))


def _widened(program: NonlinearProgram) -> NonlinearProgram:
    """Return the program with its equalities as narrow ranges."""
    equal = program.row_lower == program.row_upper
    slack = np.where(equal, EQUALITY_SLACK * np.maximum(1.0, abs(program.row_upper)), 0.0)
    return dataclasses.replace(program, row_lower=program.row_lower - slack, row_upper=program.row_upper + slack)


def pushed_inside(x: Floats, lower: Floats, upper: Floats, push: float = 1e-2) -> Floats:
    """Return a point (n) at least `push` inside of its bounds, relative to their size, or in the middle."""
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    low, high = np.where(has_lower, lower, 0.0), np.where(has_upper, upper, 0.0)
    width = np.where(has_lower & has_upper, high - low, np.inf)
    above = low + push * np.minimum(np.maximum(1.0, abs(low)), width)
    below = high - push * np.minimum(np.maximum(1.0, abs(high)), width)
    inner = np.where(has_lower, np.maximum(x, above), x)
    return np.asarray(np.where(has_upper, np.minimum(inner, below), inner), dtype=float)
