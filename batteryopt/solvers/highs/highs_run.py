"""One run of HiGHS on arrays: options in, callbacks and Ctrl-C while it works, its raw answer out."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from batteryopt.ground.compiled_output import silent_compiled_code
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.interrupt import InterruptFlag, run_interruptibly
from batteryopt.ground.scarce_memory import is_scarce
from batteryopt.ground.status import StopReason
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener

_Status = highspy.HighsModelStatus

STOP_REASONS: dict[Any, StopReason] = {
    _Status.kOptimal: StopReason.CONVERGED,
    _Status.kModelEmpty: StopReason.CONVERGED,
    _Status.kObjectiveBound: StopReason.ITERATION_LIMIT,
    _Status.kObjectiveTarget: StopReason.ITERATION_LIMIT,
    _Status.kInfeasible: StopReason.INFEASIBLE,
    _Status.kUnbounded: StopReason.UNBOUNDED,
    _Status.kUnboundedOrInfeasible: StopReason.INFEASIBLE_OR_UNBOUNDED,
    _Status.kTimeLimit: StopReason.TIME_LIMIT,
    _Status.kIterationLimit: StopReason.ITERATION_LIMIT,
    _Status.kSolutionLimit: StopReason.ITERATION_LIMIT,
    _Status.kMemoryLimit: StopReason.MEMORY_LIMIT,
    _Status.kInterrupt: StopReason.INTERRUPTED,
    getattr(_Status, "kHighsInterrupt", _Status.kInterrupt): StopReason.INTERRUPTED,
}
"""Every other status means numerical trouble."""


@dataclass(frozen=True, kw_only=True)
class HighsRun:
    """HiGHS' own answer, in the program's sense and with its signs of duals.

    Attributes
    ----------
    x
        The point (n), None where HiGHS has none that it calls feasible.
    row_duals
        Duals of the rows (m), None where there is no point; without meaning for integer programs.
    bound
        Bound of the tree of an integer program.
    """

    stop_reason: StopReason
    x: Floats | None = None
    row_duals: Floats | None = None
    bound: float | None = None
    seconds: float = 0.0
    iterations: int = 0
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who may stop a run, who is told how it goes, and who gets every point of a tree that is better than the last."""

    flag: InterruptFlag
    on_progress: ProgressListener | None = None
    on_point: Callable[[Floats], None] | None = None


def new_highs() -> highspy.Highs:
    """Return a HiGHS that has not printed anything."""
    _let_it_greet()
    return highspy.Highs()


@functools.cache
def _let_it_greet() -> None:
    """Construct HiGHS once where nobody hears it: since 1.16 the first one prints a banner, whatever its options."""
    with silent_compiled_code():
        highspy.Highs()


def version() -> str:
    """Return the version of HiGHS."""
    return str(new_highs().version())


def run(
    program: QuadraticProgram,
    options: Options,
    watch: Watch,
    *,
    start: Floats | None = None,
    regularisation: float = 0.0,
) -> HighsRun:
    """Run HiGHS once; a quadratic objective gets ``regularisation |x|^2 / 2`` added (taken off, if maximised)."""
    highs = new_highs()
    settings = settings_of(program, options) | {"qp_regularization_value": regularisation} | options.extra
    set_options(highs, settings)
    load(highs, program)
    if start is not None:
        point = highspy.HighsSolution()
        point.col_value = start.tolist()
        highs.setSolution(point)
    began = time.perf_counter()
    run_watched(highs, program, watch)
    return _answer(highs, program, time.perf_counter() - began)


def settings_of(program: QuadraticProgram, options: Options) -> dict[str, Any]:
    """Return HiGHS' names and values of what the caller asked for; None leaves HiGHS' default."""
    settings: dict[str, Any] = {
        "output_flag": options.log,
        "mip_rel_gap": options.relative_gap,
        "mip_abs_gap": options.absolute_gap,
        "time_limit": options.time_limit,
        "primal_feasibility_tolerance": options.feasibility_tolerance,
        "mip_feasibility_tolerance": options.feasibility_tolerance,
        "dual_feasibility_tolerance": options.optimality_tolerance,
        "primal_residual_tolerance": options.feasibility_tolerance,
        "dual_residual_tolerance": options.optimality_tolerance,
        "optimality_tolerance": options.optimality_tolerance,
        "ipm_optimality_tolerance": options.optimality_tolerance,
        "threads": options.threads or (1 if is_scarce() else None),
        "small_matrix_value": 1e-12,  # HiGHS would drop coefficients below 1e-9 without a word
    }
    return settings | dict.fromkeys(_iteration_limits(program), options.iteration_limit)


def _iteration_limits(program: QuadraticProgram) -> tuple[str, ...]:
    if program.has_integers:
        return ("mip_max_nodes",)
    return ("qp_iteration_limit",) if program.is_quadratic else ("simplex_iteration_limit", "ipm_iteration_limit")


def set_options(highs: highspy.Highs, settings: dict[str, Any]) -> None:
    """Give HiGHS options by its own names, None left out; raises ValueError for one that it does not take."""
    if settings.get("threads") is not None:
        highs.resetGlobalScheduler(True)  # the number of threads is the process's, fixed by its first run
    for name, value in settings.items():
        if value is not None and highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise ValueError(f"highs does not take the option {name} = {value!r}; see its list of options")


def load(highs: highspy.Highs, program: QuadraticProgram) -> None:
    """Hand the program over, always as a minimisation so that one rule gives all signs.

    As plain arrays: filling the fields of a ``HighsLp`` copies them number by number, an order of magnitude slower.
    """
    sign, (rows, columns) = program.sign, program.A.shape
    status = highs.passModel(
        columns,
        rows,
        program.A.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        sign * program.c0,
        sign * program.c,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        program.A.indptr.astype(np.int32, copy=False),
        program.A.indices.astype(np.int32, copy=False),
        program.A.data,
        program.is_integer.astype(np.int32),
    )
    if program.is_quadratic and status != highspy.HighsStatus.kError:
        status = highs.passHessian(_hessian(sign * program.Q))
    if status == highspy.HighsStatus.kError:
        raise UnsupportedModel(
            "highs does not take these arrays: look for coefficients beyond 1e15, infinite costs or lower bounds of "
            "+infinity (its own words: Options(log=True))"
        )


def _hessian(matrix: sp.csc_array) -> highspy.HighsHessian:
    triangle = sp.csc_array(sp.tril(matrix))
    hessian = highspy.HighsHessian()
    hessian.dim_ = matrix.shape[0]
    hessian.format_ = highspy.HessianFormat.kTriangular
    hessian.start_ = triangle.indptr
    hessian.index_ = triangle.indices
    hessian.value_ = triangle.data
    return hessian


def run_watched(highs: highspy.Highs, program: QuadraticProgram, watch: Watch) -> None:
    """Run HiGHS on what it holds; the caller's listener is told, and an exception of it raised."""
    listener = _Listener(program.sign, watch)
    if watch.on_progress is not None:
        highs.cbMipInterrupt.subscribe(listener.tell)
    if watch.on_point is not None:
        highs.cbMipImprovingSolution.subscribe(listener.hand_over)
    for callback in (highs.cbSimplexInterrupt, highs.cbIpmInterrupt, highs.cbMipInterrupt):
        callback.subscribe(listener.stop_if_asked)
    run_interruptibly(highs.run, watch.flag)
    if listener.error is not None:
        raise listener.error


class _Listener:
    """Passes HiGHS' callbacks on; an exception of the caller's listener stops HiGHS and is raised after it."""

    def __init__(self, sign: float, watch: Watch) -> None:
        self._sign = sign
        self._watch = watch
        self._told: tuple[float | None, float | None] = (None, None)
        self.error: Exception | None = None

    def stop_if_asked(self, event: Any) -> None:
        """Stop HiGHS where somebody asked for it."""
        if self._watch.flag.is_set:
            event.interrupt()

    def hand_over(self, event: Any) -> None:
        """Give a better point to whoever wants it."""
        assert self._watch.on_point is not None
        self._watch.on_point(np.array(event.data_out.mip_solution, dtype=float))

    def tell(self, event: Any) -> None:
        """Tell the caller's listener how far the tree is, where that is news."""
        data = event.data_out
        objective, bound = _known(self._sign * data.mip_primal_bound), _known(self._sign * data.mip_dual_bound)
        if self._watch.on_progress is None or (objective, bound) == self._told:
            return
        self._told = objective, bound
        try:
            self._watch.on_progress(Progress(seconds=data.running_time, objective=objective, bound=bound))
        except Exception as error:
            self.error = error
            self._watch.flag.is_set = True


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _answer(highs: highspy.Highs, program: QuadraticProgram, seconds: float) -> HighsRun:
    status = highs.getModelStatus()
    info = highs.getInfo()
    solution = highs.getSolution()
    stop_reason = STOP_REASONS.get(status, StopReason.NUMERICAL_TROUBLE)
    is_feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    has_point = is_feasible and not stop_reason.is_no_solution
    return HighsRun(
        stop_reason=stop_reason,
        x=np.array(solution.col_value, dtype=float) if has_point else None,
        row_duals=program.sign * np.array(solution.row_dual, dtype=float) if has_point else None,
        bound=None if stop_reason.is_no_solution else _known(program.sign * info.mip_dual_bound),
        seconds=seconds,
        iterations=_iterations(program, info),
        message=str(highs.modelStatusToString(status)),
    )


def _iterations(program: QuadraticProgram, info: Any) -> int:
    if program.has_integers:
        return int(info.mip_node_count)
    counts = (info.simplex_iteration_count, info.ipm_iteration_count, info.qp_iteration_count)
    return sum(max(0, int(count)) for count in counts)
