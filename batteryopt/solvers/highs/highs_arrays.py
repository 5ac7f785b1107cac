"""HiGHS on arrays: linear, mixed-integer and convex quadratic programs, assembled with Pyomo or without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Options, ProgressListener
from batteryopt.solvers.contract.points import claim_tolerance, is_proven, judged
from batteryopt.solvers.highs.highs_run import HighsRun, Watch, run

DUALITY_GAP = 1e-6
"""Relative gap between a point and the bound that its duals prove, up to which it is called optimal."""


@dataclass(frozen=True, kw_only=True)
class ArraySolution:
    """What HiGHS says of a `QuadraticProgram`; duals have the sign of `batteryopt.solvers.contract.adapter`.

    Attributes
    ----------
    x
        The point (n), None where there is none.
    row_duals, column_duals
        Derivatives of the optimum by the rows' (m) and columns' (n) binding bounds; None where there are none.
    bound
        Proven limit of the optimum.
    """

    stop_reason: StopReason
    point_status: PointStatus
    x: Floats | None = None
    row_duals: Floats | None = None
    column_duals: Floats | None = None
    bound: float | None = None
    seconds: float = 0.0
    iterations: int | None = None
    message: str = ""


def refuse_unless_solvable(program: QuadraticProgram, objective: str = "objective") -> None:
    """Raise `UnsupportedModel` where HiGHS has no method: mixed-integer quadratic or nonconvex."""
    if program.is_quadratic and program.has_integers:
        raise UnsupportedModel(
            f"highs cannot take '{objective}': a quadratic objective with integer variables has no method "
            "there; use scip"
        )
    if not program.is_convex():
        shape = "concave" if program.maximise else "convex"
        raise UnsupportedModel(
            f"highs cannot take '{objective}': its quadratic part is not {shape}; use scip for a global "
            "or ipopt for a local answer"
        )


def solve_arrays(
    program: QuadraticProgram,
    options: Options | None = None,
    *,
    start: Floats | None = None,
    on_progress: ProgressListener | None = None,
    on_point: Callable[[Floats], None] | None = None,
) -> ArraySolution:
    """Solve arrays with HiGHS; `start` (n) is a point to begin from, `on_point` gets every better one of a tree.

    Raises
    ------
    UnsupportedModel
        If the objective is not convex, or quadratic with integer columns.
    """
    refuse_unless_solvable(program)
    options = options or Options()
    if not len(program.c):
        return _without_columns(program, options)
    with catching_interrupt() as flag:
        watch = Watch(flag=flag, on_progress=on_progress, on_point=on_point)
        if program.has_integers:
            solution = _integer(program, options, watch, start)
        elif program.is_quadratic:
            solution = _quadratic(program, options, watch, start)
        else:
            solution = _continuous(program, options, run(program, options, watch, start=start))
        if solution.stop_reason is StopReason.INFEASIBLE_OR_UNBOUNDED:
            left = options.after(solution.seconds)
            return dataclasses.replace(solution, stop_reason=_which_of_the_two(program, left, watch))
    return solution


def _without_columns(program: QuadraticProgram, options: Options) -> ArraySolution:
    """Return the answer where nothing is to be decided, which HiGHS calls optimal whatever the rows say."""
    x = np.zeros(0)
    if program.violation(x) > claim_tolerance(options):
        return ArraySolution(
            stop_reason=StopReason.INFEASIBLE,
            point_status=PointStatus.NONE,
            message="a constraint without free variables does not hold",
        )
    return ArraySolution(
        stop_reason=StopReason.CONVERGED,
        point_status=PointStatus.OPTIMAL,
        x=x,
        row_duals=np.zeros(len(program.row_lower)),
        column_duals=x,
        bound=program.c0,
        iterations=0,
        message="nothing is left to decide",
    )


def _which_of_the_two(program: QuadraticProgram, options: Options, watch: Watch) -> StopReason:
    """Return infeasible or unbounded, by asking for any feasible point; what it was where that fails."""
    flat = dataclasses.replace(program, c=np.zeros_like(program.c), c0=0.0)
    found = run(flat, options, watch).stop_reason
    if found is StopReason.CONVERGED:
        return StopReason.UNBOUNDED
    return found if found is StopReason.INFEASIBLE else StopReason.INFEASIBLE_OR_UNBOUNDED


def _quadratic(program: QuadraticProgram, options: Options, watch: Watch, start: Floats | None) -> ArraySolution:
    """Return the answer to a quadratic program; whether it is unbounded is found out apart, by its rays."""
    from batteryopt.solvers.highs.highs_quadratic import is_unbounded, run_quadratic

    solution = _continuous(program, options, run_quadratic(program, options, watch, start))
    if solution.stop_reason not in (StopReason.NUMERICAL_TROUBLE, StopReason.UNBOUNDED):
        return solution
    if not is_unbounded(program, options, watch):
        return dataclasses.replace(solution, stop_reason=StopReason.NUMERICAL_TROUBLE)
    return dataclasses.replace(
        solution,
        stop_reason=StopReason.UNBOUNDED,
        point_status=PointStatus.NONE,
        x=None,
        message="the objective improves without limit along a ray of the feasible set",
    )


def _continuous(program: QuadraticProgram, options: Options, answer: HighsRun) -> ArraySolution:
    """Return a run's answer, judged: the bound is the dual objective, by weak duality."""
    nothing = _without_point(answer)
    if answer.x is None or answer.row_duals is None:
        return nothing
    feasible = judged(PointStatus.FEASIBLE, program.violation(answer.x), claim_tolerance(options))
    held = dataclasses.replace(nothing, point_status=feasible, x=answer.x)
    if answer.stop_reason is not StopReason.CONVERGED:
        return held
    objective, gap = program.objective(answer.x), program.duality_gap(answer.x, answer.row_duals)
    if not feasible.is_feasible or gap > DUALITY_GAP * max(1.0, abs(objective)):
        return dataclasses.replace(held, stop_reason=StopReason.NUMERICAL_TROUBLE)
    return dataclasses.replace(
        held,
        point_status=PointStatus.OPTIMAL,
        row_duals=answer.row_duals,
        column_duals=program.reduced_costs(answer.x, answer.row_duals),
        bound=objective - program.sign * gap,
    )


def _integer(program: QuadraticProgram, options: Options, watch: Watch, start: Floats | None) -> ArraySolution:
    """Return point and bound of an integer program: the bound is that of the tree."""
    answer = run(program, options, watch, start=start)
    nothing = dataclasses.replace(_without_point(answer), bound=answer.bound)
    if answer.x is None:
        return nothing
    x = _rounded(program, answer.x, options.after(answer.seconds), watch)
    is_claimed = answer.stop_reason is StopReason.CONVERGED and is_proven(program.objective(x), answer.bound, options)
    claim = PointStatus.OPTIMAL if is_claimed else PointStatus.FEASIBLE
    status = judged(claim, program.violation(x), claim_tolerance(options))
    if answer.stop_reason is StopReason.CONVERGED and status is not PointStatus.OPTIMAL:
        nothing = dataclasses.replace(nothing, stop_reason=StopReason.NUMERICAL_TROUBLE)
    return dataclasses.replace(nothing, point_status=status, x=x)


def _rounded(program: QuadraticProgram, x: Floats, options: Options, watch: Watch) -> Floats:
    """Return a point with whole integers; where rounding them breaks a row, the rest is decided anew."""
    whole = np.where(program.is_integer, np.round(x), x)
    if program.violation(whole) <= claim_tolerance(options) or program.is_integer.all():
        return whole
    fixed = dataclasses.replace(
        program,
        lower=np.where(program.is_integer, whole, program.lower),
        upper=np.where(program.is_integer, whole, program.upper),
        is_integer=np.zeros_like(program.is_integer),
    )
    again = run(fixed, options, watch)
    return whole if again.x is None else np.where(program.is_integer, whole, again.x)


def _without_point(answer: HighsRun) -> ArraySolution:
    return ArraySolution(
        stop_reason=answer.stop_reason,
        point_status=PointStatus.NONE,
        seconds=answer.seconds,
        iterations=answer.iterations,
        message=answer.message,
    )
