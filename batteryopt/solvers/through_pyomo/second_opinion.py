"""What is not taken on the word of a solver that only Pyomo knows: that there is no point, and proofs that rest on M.

CBC 2.10 calls five regular equations in whole numbers infeasible (Vandermonde's, condition number 2.6e4), and proves
plans best that cost twice the least where a row has 1e9 times a binary variable.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import BatteryOptError
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram, compile_parts
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.points import PROOF_GAP
from batteryopt.solvers.highs.highs_arrays import solve_arrays

STRICT = 1e-9
"""Relative violation up to which a point refutes that there is none."""
SLACK, ROUNDING = 10.0, 1e-13
"""How many tolerances a point may be from its bound, and what doubles lose in any case."""
WHOLE_TOLERANCE = 1e-6
"""How far from whole solvers let a variable be, where they are not told otherwise."""


def has_a_point(parts: Parts, options: Options) -> bool:
    """Return whether HiGHS finds a point of a model that another solver called infeasible; False if it cannot say."""
    try:
        program = compile_parts(parts)
        flat = dataclasses.replace(
            program, c=np.zeros_like(program.c), c0=0.0, Q=sp.csc_array(program.Q.shape), maximise=False
        )
        asked = dataclasses.replace(options, feasibility_tolerance=STRICT, optimality_tolerance=None, extra={})
        x = solve_arrays(flat, asked).x
    except BatteryOptError:
        return False
    return x is not None and _is_point(program, x)


def _is_point(program: QuadraticProgram, x: Floats) -> bool:
    return program.violation(x) <= STRICT and program.integrality_violation(x) <= STRICT


def is_coarse(objective: float, bound: float | None, options: Options) -> bool:
    """Return whether the point is farther from its bound than ten of the tolerances that were asked for.

    CBC writes eight digits of a point: at 1e-9 it has another objective than the one that was proven.
    """
    if bound is None or options.optimality_tolerance is None:
        return False
    allowed = options.relative_gap + SLACK * options.optimality_tolerance
    return abs(objective - bound) > options.absolute_gap + max(allowed, ROUNDING) * max(1.0, abs(objective))


def is_contradicted(bound: float | None, objective: float, *, is_maximisation: bool) -> bool:
    """Return whether the point in hand is better than a bound says that any can be: Pyomo has read it amiss.

    At its time limit, CBC's upper bound of 272 for a maximum comes back as -272.
    """
    if bound is None:
        return False
    beyond = objective - bound if is_maximisation else bound - objective
    return beyond > PROOF_GAP * max(1.0, abs(objective))


def rests_on_a_tolerance(parts: Parts) -> bool:
    """Return whether a whole variable that is off by a solver's tolerance moves some row by 1 or more.

    Then a bound may be one of another model: what is nearly closed lets through all that there is, or nothing.
    """
    try:
        program = compile_parts(parts)
    except BatteryOptError:
        return False
    entries = abs(program.A[:, np.flatnonzero(program.is_integer)])
    return bool(entries.nnz) and float(entries.max()) * WHOLE_TOLERANCE >= 1.0


def within_the_gap(value: float, options: Options, *, is_maximisation: bool) -> float:
    """Return the bound that a solver has proven which says of its best value no more than that the gap is reached.

    The gap is relative to the larger of best value and bound, so that the bound is at most ``gap / (1 - gap)`` times
    the best value away.
    """
    gap = min(options.relative_gap, 0.5)
    slack = max(options.absolute_gap, gap / (1.0 - gap) * abs(value))
    return value + slack if is_maximisation else value - slack
