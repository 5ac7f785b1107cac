"""HiGHS on arrays: linear, mixed-integer and convex quadratic programs, assembled with Pyomo or without."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from batteryopt.errors import UnsupportedModel
from batteryopt.solvers.adapter import Options, Progress, ProgressListener
from batteryopt.solvers.arrays import QuadraticProgram
from batteryopt.solvers.interrupt import InterruptFlag, catching_interrupt
from batteryopt.solvers.points import claim_tolerance, judged
from batteryopt.status import PointStatus, StopReason

Floats = npt.NDArray[np.float64]
_Status = highspy.HighsModelStatus
_Callback = highspy.cb.HighsCallbackType

STOP_REASONS: dict[Any, StopReason] = {
    _Status.kOptimal: StopReason.CONVERGED,
    _Status.kModelEmpty: StopReason.CONVERGED,
    _Status.kObjectiveBound: StopReason.CONVERGED,
    _Status.kObjectiveTarget: StopReason.CONVERGED,
    _Status.kInfeasible: StopReason.INFEASIBLE,
    _Status.kUnbounded: StopReason.UNBOUNDED,
    _Status.kUnboundedOrInfeasible: StopReason.INFEASIBLE_OR_UNBOUNDED,
    _Status.kTimeLimit: StopReason.TIME_LIMIT,
    _Status.kIterationLimit: StopReason.ITERATION_LIMIT,
    _Status.kSolutionLimit: StopReason.ITERATION_LIMIT,
    _Status.kInterrupt: StopReason.INTERRUPTED,
    getattr(_Status, "kHighsInterrupt", _Status.kInterrupt): StopReason.INTERRUPTED,
}
"""Every other status means numerical trouble."""

DUALITY_GAP = 1e-6
"""Relative gap between a point and the bound that its duals prove, up to which it is called optimal."""


@dataclass(frozen=True, kw_only=True)
class ArraySolution:
    """What HiGHS says of a `QuadraticProgram`; duals have the sign of `batteryopt.solvers.adapter`.

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


def highs_version() -> str:
    """Return the version of HiGHS."""
    return str(highspy.Highs().version())


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
) -> ArraySolution:
    """Solve arrays with HiGHS; `start` (n) is a point to begin from.

    Raises
    ------
    UnsupportedModel
        If the objective is not convex, or quadratic with integer columns.
    """
    refuse_unless_solvable(program)
    options = options or Options()
    highs = _loaded(program, options)
    if start is not None:
        point = highspy.HighsSolution()
        point.col_value = start.tolist()
        highs.setSolution(point)
    began = time.perf_counter()
    with catching_interrupt() as flag:
        _run(highs, program, flag, on_progress)
    return _solution(highs, program, options, time.perf_counter() - began)


def _loaded(program: QuadraticProgram, options: Options) -> highspy.Highs:
    """Return HiGHS with options and the program, always as a minimisation so that one rule gives all signs."""
    highs = highspy.Highs()
    _set_options(highs, program, options)
    sign = -1.0 if program.maximise else 1.0
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.A.shape
    lp.col_cost_ = sign * program.c
    lp.offset_ = sign * program.c0
    lp.col_lower_, lp.col_upper_ = program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.A.indptr
    lp.a_matrix_.index_ = program.A.indices
    lp.a_matrix_.value_ = program.A.data
    if program.has_integers:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in program.is_integer]
    highs.passModel(lp)
    if program.is_quadratic:
        highs.passHessian(_hessian(sign * program.Q))
    return highs


def _hessian(matrix: sp.csc_array) -> highspy.HighsHessian:
    triangle = sp.csc_array(sp.tril(matrix))
    hessian = highspy.HighsHessian()
    hessian.dim_ = matrix.shape[0]
    hessian.format_ = highspy.HessianFormat.kTriangular
    hessian.start_ = triangle.indptr
    hessian.index_ = triangle.indices
    hessian.value_ = triangle.data
    return hessian


def _set_options(highs: highspy.Highs, program: QuadraticProgram, options: Options) -> None:
    settings: dict[str, Any] = {
        "output_flag": options.log,
        "mip_rel_gap": options.relative_gap,
        "mip_abs_gap": options.absolute_gap,
        "time_limit": options.time_limit,
        "primal_feasibility_tolerance": options.feasibility_tolerance,
        "mip_feasibility_tolerance": options.feasibility_tolerance,
        "dual_feasibility_tolerance": options.optimality_tolerance,
        "threads": options.threads,
    }
    for name in _iteration_limits(program):
        settings[name] = options.iteration_limit
    for name, value in {**settings, **options.extra}.items():
        if value is not None and highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise ValueError(f"highs does not take the option {name} = {value!r}; see its list of options")


def _iteration_limits(program: QuadraticProgram) -> tuple[str, ...]:
    if program.has_integers:
        return ("mip_max_nodes",)
    return ("qp_iteration_limit",) if program.is_quadratic else ("simplex_iteration_limit", "ipm_iteration_limit")


def _run(
    highs: highspy.Highs, program: QuadraticProgram, flag: InterruptFlag, on_progress: ProgressListener | None
) -> None:
    """Run HiGHS; where Ctrl-C can come, in another thread, so that this one sees it while HiGHS is outside Python."""
    listener = _Listener(-1.0 if program.maximise else 1.0, flag, on_progress)
    if on_progress is not None and program.has_integers:
        highs.cbMipLogging.subscribe(listener.tell)
    for callback in (highs.cbSimplexInterrupt, highs.cbIpmInterrupt, highs.cbMipInterrupt):
        callback.subscribe(listener.stop_if_asked)
    if flag.is_live:
        worker = threading.Thread(target=highs.run, daemon=True)
        worker.start()
        while worker.is_alive():
            worker.join(0.05)
    else:
        highs.run()
    if listener.error is not None:
        raise listener.error


@dataclass
class _Listener:
    """Passes HiGHS' callbacks on; an exception of the caller's listener stops HiGHS and is raised after it."""

    sign: float
    flag: InterruptFlag
    on_progress: ProgressListener | None
    error: Exception | None = None

    def stop_if_asked(self, event: Any) -> None:
        if self.flag.is_set:
            event.interrupt()

    def tell(self, event: Any) -> None:
        assert self.on_progress is not None
        data = event.data_out
        objective, bound = _known(self.sign * data.mip_primal_bound), _known(self.sign * data.mip_dual_bound)
        try:
            self.on_progress(Progress(seconds=data.running_time, objective=objective, bound=bound))
        except Exception as error:
            self.error = error
            self.flag.set()


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _solution(highs: highspy.Highs, program: QuadraticProgram, options: Options, seconds: float) -> ArraySolution:
    status = highs.getModelStatus()
    stop_reason = STOP_REASONS.get(status, StopReason.NUMERICAL_TROUBLE)
    if program.has_integers:
        held = _held_by_tree(highs, program, options, stop_reason)
    else:
        held = _held_by_duals(highs, program, options, stop_reason)
    if stop_reason is StopReason.CONVERGED and held.point_status is not PointStatus.OPTIMAL:
        stop_reason = StopReason.NUMERICAL_TROUBLE
    return replace(
        held,
        stop_reason=stop_reason,
        seconds=seconds,
        iterations=_iterations(program, highs.getInfo()),
        message=str(highs.modelStatusToString(status)),
    )


def _held_by_tree(
    highs: highspy.Highs, program: QuadraticProgram, options: Options, stop_reason: StopReason
) -> ArraySolution:
    """Return point and bound of a mixed-integer program: the bound is that of the tree."""
    x = _point(highs)
    sign = -1.0 if program.maximise else 1.0
    bound = None if stop_reason.is_no_solution else _known(sign * highs.getInfo().mip_dual_bound)
    if x is None:
        return ArraySolution(stop_reason=stop_reason, point_status=PointStatus.NONE, bound=bound)
    x = np.where(program.is_integer, np.round(x), x)
    claim = PointStatus.OPTIMAL if stop_reason is StopReason.CONVERGED else PointStatus.FEASIBLE
    status = judged(claim, program.violation(x), claim_tolerance(options))
    return ArraySolution(stop_reason=stop_reason, point_status=status, x=x, bound=bound)


def _held_by_duals(
    highs: highspy.Highs, program: QuadraticProgram, options: Options, stop_reason: StopReason
) -> ArraySolution:
    """Return point, duals and bound of a continuous program: the bound is the dual objective, by weak duality."""
    x = _point(highs)
    if x is None:
        return ArraySolution(stop_reason=stop_reason, point_status=PointStatus.NONE)
    feasible = judged(PointStatus.FEASIBLE, program.violation(x), claim_tolerance(options))
    if stop_reason is not StopReason.CONVERGED or not feasible.is_feasible:
        return ArraySolution(stop_reason=stop_reason, point_status=feasible, x=x)
    sign = -1.0 if program.maximise else 1.0
    row_duals = sign * np.array(highs.getSolution().row_dual)
    column_duals = program.reduced_costs(x, row_duals)
    gap = program.duality_gap(x, row_duals)
    proven = gap <= DUALITY_GAP * max(1.0, abs(program.objective(x)))
    return ArraySolution(
        stop_reason=stop_reason,
        point_status=PointStatus.OPTIMAL if proven else PointStatus.FEASIBLE,
        x=x,
        row_duals=row_duals,
        column_duals=column_duals,
        bound=program.objective(x) - sign * gap,
    )


def _point(highs: highspy.Highs) -> Floats | None:
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return np.array(highs.getSolution().col_value, dtype=float)


def _iterations(program: QuadraticProgram, info: Any) -> int:
    if program.has_integers:
        return int(info.mip_node_count)
    counts = (info.simplex_iteration_count, info.ipm_iteration_count, info.qp_iteration_count)
    return sum(max(0, int(count)) for count in counts)
