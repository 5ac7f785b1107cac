"""The tree over what is left: links join as the relaxation violates them, then HiGHS branches."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.lagrangian.restricted import Restricted
from batteryopt.network.search.searched_problem import with_rows
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options, ProgressListener
from batteryopt.solvers.highs.highs_growing import GrowingProgram
from batteryopt.solvers.highs.highs_run import HighsRun, Watch, run

VIOLATED = 1e-4
"""Distance beyond a link from which it joins."""
MOST_ROUNDS = 12
ENOUGH_GAIN = 1e-5
"""Relative gain of a round below which the tree's own means do as well."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Linked:
    """A restricted program with the links that its relaxation violates.

    Attributes
    ----------
    is_in
        Which links are (cuts).
    row_duals
        Of the relaxation, before the last links joined; None where it was not solved.
    """

    restricted: Restricted
    program: QuadraticProgram
    is_in: Bools
    row_duals: Floats | None


def branch(
    linked: Linked,
    options: Options,
    flag: InterruptFlag,
    deadline: float,
    start: Floats | None,
    on_progress: ProgressListener | None = None,
) -> HighsRun:
    """Return what the tree of a restricted program finds.

    Parameters
    ----------
    start
        A point of the whole problem.
    """
    limited = dataclasses.replace(options, time_limit=seconds_left(deadline))
    point = None if start is None else linked.restricted.point(start)
    return run(linked.program, limited, Watch(flag=flag, on_progress=on_progress), start=point)


def with_links(restricted: Restricted, options: Options, flag: InterruptFlag, deadline: float, likely: Bools) -> Linked:
    """Return a program with the links that its relaxation violates.

    Parameters
    ----------
    likely
        Links that join from the beginning (cuts).
    """
    cuts = restricted.cuts
    is_in = likely & (np.diff(cuts.A.indptr) > 0)
    growing = GrowingProgram(joined(restricted, is_in), options, flag)
    before, duals = -np.inf, None
    for _ in range(MOST_ROUNDS):
        vertex = growing.solve(seconds_left(deadline))
        if vertex.x is None or flag.is_set:
            break
        duals, value = vertex.row_duals, restricted.program.objective(vertex.x)
        violation = cuts.violation(vertex.x)
        violation[is_in] = 0.0
        rows = np.flatnonzero(violation > VIOLATED)
        if not len(rows) or value - before < ENOUGH_GAIN * max(1.0, abs(value)) or time.monotonic() > deadline:
            break
        before = value
        growing.add_rows(cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
        is_in[rows] = True
    return Linked(restricted=restricted, program=joined(restricted, is_in), is_in=is_in, row_duals=duals)


def joined(restricted: Restricted, is_in: Bools) -> QuadraticProgram:
    """Return a restricted program with some of its cuts."""
    rows, cuts = np.flatnonzero(is_in), restricted.cuts
    return with_rows(restricted.program, cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
