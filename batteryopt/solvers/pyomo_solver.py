"""Any solver that Pyomo knows and this machine has (Gurobi, CPLEX, Xpress, COPT, Knitro ...), with modest claims.

Pyomo's interfaces differ in what they report, so that little is taken on trust: the objective and the violation are
evaluated in the model, "optimal" needs a bound that meets the objective, and no duals are passed on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.opt import TerminationCondition as Termination

from batteryopt.errors import UnsupportedModel
from batteryopt.solvers.adapter import Adapter, Capability, Indicator, Options, ProgressListener, Report
from batteryopt.solvers.components import Parts, parts_of
from batteryopt.solvers.natural_units import small_units
from batteryopt.solvers.points import claim_tolerance, is_proven, judged, settle_unused, violation_in_model
from batteryopt.status import PointStatus, StopReason

MEANINGS = ("time_limit", "relative_gap", "feasibility_tolerance", "optimality_tolerance", "threads")
NATIVE = {
    "gurobi": ("TimeLimit", "MIPGap", "FeasibilityTol", "OptimalityTol", "Threads"),
    "cplex": (
        "timelimit",
        "mip_tolerances_mipgap",
        "simplex_tolerances_feasibility",
        "simplex_tolerances_optimality",
        "threads",
    ),
    "xpress": ("maxtime", "miprelstop", "feastol", "optimalitytol", "threads"),
    "copt": ("TimeLimit", "RelGap", "FeasTol", "DualTol", "Threads"),
    "knitro": ("maxtime_real", "mip_opt_gap_rel", "feastol", "opttol", "numthreads"),
    "appsi_highs": (
        "time_limit",
        "mip_rel_gap",
        "primal_feasibility_tolerance",
        "dual_feasibility_tolerance",
        "threads",
    ),
}
"""By solver, its own names of what `MEANINGS` lists."""
FACTORIES = {
    "gurobi": ("gurobi_direct", "gurobi"),
    "cplex": ("cplex_direct", "cplex"),
    "xpress": ("xpress_direct", "xpress"),
    "copt": ("copt_direct", "copt"),
    "knitro": ("knitroampl", "knitro"),
}
"""By solver, the names under which Pyomo may have it, best first; one that is not listed goes by its own."""
NONLINEAR = frozenset({"knitro"})
REASONS = {
    Termination.optimal: StopReason.CONVERGED,
    Termination.locallyOptimal: StopReason.CONVERGED,
    Termination.globallyOptimal: StopReason.CONVERGED,
    Termination.infeasible: StopReason.INFEASIBLE,
    Termination.unbounded: StopReason.UNBOUNDED,
    Termination.infeasibleOrUnbounded: StopReason.INFEASIBLE_OR_UNBOUNDED,
    Termination.maxTimeLimit: StopReason.TIME_LIMIT,
    Termination.maxIterations: StopReason.ITERATION_LIMIT,
    Termination.maxEvaluations: StopReason.ITERATION_LIMIT,
    Termination.userInterrupt: StopReason.INTERRUPTED,
}


class PyomoAdapter(Adapter):
    """One of Pyomo's solvers.

    Parameters
    ----------
    name
        As in `FACTORIES`, or any name that Pyomo's ``SolverFactory`` knows.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.capabilities = Capability.LINEAR | Capability.CONVEX_QUADRATIC_OBJECTIVE | Capability.INTEGER
        if name in NONLINEAR:
            self.capabilities |= Capability.NONLINEAR

    def is_available(self) -> bool:
        """Whether Pyomo finds the solver, with a licence where it needs one."""
        return self._factory() is not None

    def version(self) -> str:
        """Return the solver's version, or "unknown" where Pyomo cannot tell."""
        factory = self._factory()
        found = factory.version() if factory is not None and hasattr(factory, "version") else None
        return ".".join(map(str, found)) if found else "unknown"

    def solve(
        self,
        model: Any,
        options: Options | None = None,
        *,
        indicators: Sequence[Indicator] = (),
        start_duals: ComponentMap | None = None,  # noqa: ARG002 (multipliers help no solver here)
        start_bound_duals: ComponentMap | None = None,  # noqa: ARG002
        on_progress: ProgressListener | None = None,  # noqa: ARG002 (Pyomo's interfaces do not tell)
    ) -> Report:
        """Solve as `Adapter.solve` does, without progress or duals."""
        options = options or Options()
        if indicators:
            raise UnsupportedModel(f"{self.name} through Pyomo cannot take indicator constraints")
        parts = parts_of(model)
        factory = self._factory()
        if factory is None:
            raise UnsupportedModel(f"{self.name} is not available to Pyomo on this machine")
        native = native_options(self.name, options)
        begin = time.perf_counter()
        results = factory.solve(model, tee=options.log, load_solutions=False, options=native)
        seconds = time.perf_counter() - begin
        reason = REASONS.get(results.solver.termination_condition, StopReason.NUMERICAL_TROUBLE)
        has_point = not reason.is_no_solution and len(results.solution) > 0
        if has_point:
            model.solutions.load_from(results)
            has_point = _is_complete(parts)
        return self._report(parts, results, options, reason, has_point=has_point, seconds=seconds)

    def _report(
        self, parts: Parts, results: Any, options: Options, reason: StopReason, *, has_point: bool, seconds: float
    ) -> Report:
        bound = _bound(results, is_maximisation=parts.is_maximisation)
        objective, status = None, PointStatus.NONE
        if has_point:
            settle_unused(parts.variables, ())
            objective = 0.0 if parts.objective is None else float(pyo.value(parts.objective.expr))
            claim = PointStatus.FEASIBLE
            if reason is StopReason.CONVERGED:
                small = small_units(parts, objective)
                is_optimal = is_proven(objective, bound, options, 1.0 if small is None else small[1])
                claim = PointStatus.OPTIMAL if is_optimal else PointStatus.LOCALLY_OPTIMAL
                if not is_optimal and any(not v.is_continuous() for v in parts.variables):
                    claim = PointStatus.FEASIBLE
            status = judged(claim, violation_in_model(parts.constraints, parts.variables), claim_tolerance(options))
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=reason,
            point_status=status,
            objective=objective,
            bound=bound,
            seconds=seconds,
            message=str(results.solver.message or ""),
        )

    def _factory(self) -> Any | None:
        for name in FACTORIES.get(self.name, (self.name,)):
            factory = pyo.SolverFactory(name)
            if factory.available(exception_flag=False):
                return factory
        return None


def native_options(name: str, options: Options) -> dict[str, Any]:
    """Return options by the solver's own names.

    Raises
    ------
    ValueError
        If one that was given has no name that we know.
    """
    names = dict(zip(MEANINGS, NATIVE.get(name, ()), strict=False))
    given = {meaning: getattr(options, meaning) for meaning in MEANINGS if getattr(options, meaning) is not None}
    missing = [meaning for meaning in given if meaning not in names and meaning != "relative_gap"]
    missing += ["iteration_limit"] if options.iteration_limit is not None else []
    if missing:
        raise ValueError(f"{name} does not take through Pyomo: {', '.join(missing)}; use Options.extra")
    return {**{names[meaning]: value for meaning, value in given.items() if meaning in names}, **options.extra}


def _is_complete(parts: Parts) -> bool:
    """Whether every variable of a constraint or the objective has a value."""
    used = pyo.value(parts.objective.expr, exception=False) if parts.objective is not None else 0.0
    bodies = (pyo.value(constraint.body, exception=False) for constraint in parts.constraints)
    return used is not None and all(body is not None for body in bodies)


def _bound(results: Any, *, is_maximisation: bool) -> float | None:
    bound = results.problem.upper_bound if is_maximisation else results.problem.lower_bound
    try:
        value = float(bound)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and abs(value) < 1e30 else None
