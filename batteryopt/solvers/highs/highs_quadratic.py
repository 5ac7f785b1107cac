"""Convex quadratic programs with HiGHS, made exact by the proximal point method.

HiGHS' active-set code adds a small multiple of the identity to the Hessian, without which it cycles or fails on
degenerate models and with which its answer is slightly wrong. Adding ``rho |x - x_k|^2 / 2`` instead, around the last
answer x_k, keeps the help and takes the error away in a few rounds: the proximal point method (R. T. Rockafellar,
"Monotone operators and the proximal point algorithm", SIAM J. Control Optim. 14, 1976, doi:10.1137/0314056), whose
fixed points are exact optima.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.status import StopReason
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import HighsRun, Watch, run

LIGHT, FIRM = 1e-6, 1e-2
"""What is added to the Hessian, relative to its largest entry: as a rule, and for a code that goes in circles."""
ROUNDS = {LIGHT: 8, FIRM: 30}
"""The firmer, the smaller the steps."""
PATIENCE = 20
"""Pivots for each row and column, and for 500 more, after which the active-set code is taken to go in circles."""
GOOD_GAP = 1e-9
"""Relative duality gap at which no further round is worth it."""
RAY_SLOPE = 1e-9
"""Slope along a ray, relative to the largest cost, from which on the objective is unbounded along it."""


def run_quadratic(program: QuadraticProgram, options: Options, watch: Watch, start: Floats | None) -> HighsRun:
    """Return the answer of the last round that made the duality gap smaller; the sum of all rounds' time and work.

    Where the code goes in circles, which it does on one small program in a hundred, it is begun again with a firmer
    regularisation, and then left to itself for as long as the caller allows.
    """
    patience = PATIENCE * (500 + sum(program.A.shape))
    impatient = dataclasses.replace(options, iteration_limit=patience)
    attempts = [(LIGHT, options)]
    if options.iteration_limit is None:
        attempts = [(LIGHT, impatient), (FIRM, impatient), *attempts]
    seconds, iterations = 0.0, 0
    for share, allowed in attempts:
        answer = _rounds(program, allowed.after(seconds), watch, start, share)
        seconds, iterations = seconds + answer.seconds, iterations + answer.iterations
        if answer.stop_reason is not StopReason.ITERATION_LIMIT:
            break
        start = start if answer.x is None else answer.x
    return dataclasses.replace(answer, seconds=seconds, iterations=iterations)


def _rounds(program: QuadraticProgram, options: Options, watch: Watch, start: Floats | None, share: float) -> HighsRun:
    """Return the best answer of the proximal point method with one regularisation, a share of the Hessian's size."""
    rho = share * float(abs(program.Q).max())
    best, best_gap = None, np.inf
    centre = np.zeros(len(program.c)) if start is None else start
    seconds, iterations = 0.0, 0
    for _ in range(ROUNDS[share]):
        last = run(_pulled_to(program, centre, rho), options.after(seconds), watch, regularisation=rho)
        seconds, iterations = seconds + last.seconds, iterations + last.iterations
        if last.stop_reason is not StopReason.CONVERGED or last.x is None or last.row_duals is None:
            best = last if best is None else dataclasses.replace(best, stop_reason=last.stop_reason)
            break
        gap = program.duality_gap(last.x, last.row_duals)
        is_better = gap < best_gap
        if is_better:
            best, best_gap, centre = last, gap, last.x
        if not is_better or gap <= GOOD_GAP * max(1.0, abs(program.objective(last.x))):
            break
    assert best is not None
    return dataclasses.replace(best, seconds=seconds, iterations=iterations)


def _pulled_to(program: QuadraticProgram, centre: Floats, rho: float) -> QuadraticProgram:
    """Return the program whose regularised objective is its own with ``rho |x - centre|^2 / 2``, but for a constant."""
    return dataclasses.replace(program, c=program.c - program.sign * rho * centre)


def is_unbounded(program: QuadraticProgram, options: Options, watch: Watch) -> bool:
    """Return whether a feasible convex program is unbounded: a ray of its rows and bounds, flat in Q, with a slope.

    The steepest such ray within the unit box is a linear program.
    """
    rows = sp.csr_array(sp.vstack([program.A, program.Q]))
    flat = np.zeros(program.Q.shape[0])
    ray = dataclasses.replace(
        program,
        c0=0.0,
        Q=sp.csc_array(program.Q.shape),
        A=rows,
        row_lower=np.concatenate([np.where(np.isfinite(program.row_lower), 0.0, -np.inf), flat]),
        row_upper=np.concatenate([np.where(np.isfinite(program.row_upper), 0.0, np.inf), flat]),
        lower=np.where(np.isfinite(program.lower), 0.0, -1.0),
        upper=np.where(np.isfinite(program.upper), 0.0, 1.0),
    )
    steepest = run(ray, options, watch)
    if steepest.stop_reason is not StopReason.CONVERGED or steepest.x is None:
        return False
    return -program.sign * ray.objective(steepest.x) > RAY_SLOPE * float(abs(program.c).max())
