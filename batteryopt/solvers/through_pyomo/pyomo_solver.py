"""Any solver that Pyomo knows and this machine has (Gurobi, CPLEX, Xpress, COPT, CBC, GLPK ...), with modest claims.

Pyomo's interfaces differ in what they report, so that little is taken on trust: the objective and the violation are
evaluated in the model, "optimal" needs a bound that meets the objective, and no duals are passed on.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import ApplicationError, PyomoException
from pyomo.opt import TerminationCondition as Termination

from batteryopt.ground.errors import UnsupportedModel, UnsupportedOption
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import compile_parts
from batteryopt.solvers.compile.components import Parts, parts_of
from batteryopt.solvers.contract.adapter import Adapter, Capability, Indicator, Options, ProgressListener, Report
from batteryopt.solvers.contract.points import (
    claim_tolerance,
    empty_domains,
    is_proven,
    judged,
    settle_unused,
    violation_in_model,
)
from batteryopt.solvers.scaling.natural_units import small_units
from batteryopt.solvers.through_pyomo.second_opinion import (
    has_a_point,
    is_coarse,
    is_contradicted,
    rests_on_a_tolerance,
    within_the_gap,
)

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
    "cbc": ("sec", "ratioGap", "primalTolerance", "dualTolerance", "threads"),
    "glpk": ("tmlim",),  # without a gap: glpsol does not tell the bound that it stops with
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
    "cbc": ("cbc",),
    "glpk": ("glpk",),
    "appsi_highs": ("appsi_highs",),
}
"""By solver, the names under which Pyomo may have it, best first; one that is not listed goes by its own."""
EXECUTABLES = ("bonmin", "couenne")
"""What Pyomo runs by the name of its program, without an interface of its own."""
NONLINEAR = frozenset({"knitro", *EXECUTABLES, "ipopt", "baron", "gurobi_direct_minlp"})
LINEAR_ONLY = frozenset({"cbc", "glpk"})
HIDES_ITS_BOUND = frozenset({"cbc"})
"""Solvers whose objective Pyomo reports as the bound where they stopped within the gap: the gap is taken off it."""
TRUSTS_BIG_M = frozenset({"cbc", "glpk"})
"""Solvers whose proofs are not passed on where a row rests on how whole a variable is."""
ONE_THREAD = frozenset({"glpk"})
ALWAYS = {"cbc": {"timeMode": "elapsed"}}
"""Options that a solver is always given: CBC would count the processor's seconds."""
INSTALL = {"cbc": "apt-get install coinor-cbc", "glpk": "apt-get install glpk-utils"}
"""How to get what has no licence."""
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
    Termination.feasible: StopReason.TIME_LIMIT,  # GLPK's word for a point that is not proven
}
NEARLY = 0.95
"""Part of the time limit after which a solver that gives no reason is taken to have stopped for it."""


def known_to_pyomo(name: str) -> bool:
    """Return whether Pyomo has an interface of this name; it would run any program of an unknown one."""
    return name in FACTORIES or name in EXECUTABLES or (not name.startswith("_") and name in set(pyo.SolverFactory))


class PyomoAdapter(Adapter):
    """One of Pyomo's solvers.

    Parameters
    ----------
    name
        As in `FACTORIES`, or any name that Pyomo's ``SolverFactory`` knows.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.capabilities = Capability.LINEAR | Capability.INTEGER
        if name not in LINEAR_ONLY:
            self.capabilities |= Capability.CONVEX_QUADRATIC_OBJECTIVE
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
            self.require(Capability.INDICATOR, str(indicators[0].binary.name))
        parts = parts_of(model)
        self._refuse(parts)
        empty = empty_domains(parts.variables)
        if empty:  # nobody here tells so of a variable that stands nowhere
            return self._without_point(StopReason.INFEASIBLE, f"bounds cross: {', '.join(empty)}")
        factory = self._factory()
        if factory is None:
            raise UnsupportedModel(f"{self.name} is not available to Pyomo on this machine")
        native = native_options(self.name, options)
        begin = time.perf_counter()
        try:
            with quiet():
                results = factory.solve(model, tee=options.log, load_solutions=False, options=native)
        except ApplicationError as error:
            raise UnsupportedModel(f"{self.name} gave up: {' '.join(str(error).split())}") from error
        except (PyomoException, NotImplementedError) as error:  # how Pyomo's newer interfaces refuse a model
            words = " ".join(str(error).split())
            raise UnsupportedModel(f"{self.name} cannot take '{model.name}': {words}") from error
        seconds = time.perf_counter() - begin
        reason = REASONS.get(results.solver.termination_condition, StopReason.NUMERICAL_TROUBLE)
        if reason is StopReason.NUMERICAL_TROUBLE and seconds >= NEARLY * (options.time_limit or math.inf):
            reason = StopReason.TIME_LIMIT
        message = str(results.solver.message or "")
        if reason is StopReason.INFEASIBLE and has_a_point(parts, options.after(seconds)):
            return self._without_point(StopReason.NUMERICAL_TROUBLE, f"called infeasible, and has a point; {message}")
        has_point = not reason.is_no_solution and len(results.solution) > 0
        if has_point:
            model.solutions.load_from(results)
            has_point = _is_complete(parts)
        return self._report(parts, results, options, reason, has_point=has_point, seconds=seconds)

    def _without_point(self, reason: StopReason, message: str) -> Report:
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=reason,
            point_status=PointStatus.NONE,
            message=message,
        )

    def _refuse(self, parts: Parts) -> None:
        """Raise `UnsupportedModel` for what a solver of linear programs cannot take, with the component's name."""
        if self.name in LINEAR_ONLY and compile_parts(parts).is_quadratic:
            self.require(Capability.CONVEX_QUADRATIC_OBJECTIVE, parts.objective_name)

    def _report(
        self, parts: Parts, results: Any, options: Options, reason: StopReason, *, has_point: bool, seconds: float
    ) -> Report:
        bound = None if reason.is_no_solution else _bound(results, is_maximisation=parts.is_maximisation)
        if bound is not None and self.name in TRUSTS_BIG_M and rests_on_a_tolerance(parts):
            bound, reason = None, StopReason.NUMERICAL_TROUBLE if reason is StopReason.CONVERGED else reason
        objective, status = None, PointStatus.NONE
        if has_point:
            settle_unused(parts.variables, ())
            objective = 0.0 if parts.objective is None else float(pyo.value(parts.objective.expr))
            if parts.objective is None and reason is StopReason.CONVERGED:
                bound = 0.0
            if is_contradicted(bound, objective, is_maximisation=parts.is_maximisation):
                bound = None
            if bound is not None and self.name in HIDES_ITS_BOUND and reason is StopReason.CONVERGED:
                bound = within_the_gap(bound, options, is_maximisation=parts.is_maximisation)
            claim = PointStatus.FEASIBLE
            if reason is StopReason.CONVERGED:
                small = small_units(parts, objective)
                is_optimal = is_proven(objective, bound, options, 1.0 if small is None else small[1])
                claim = PointStatus.OPTIMAL if is_optimal else PointStatus.LOCALLY_OPTIMAL
                is_whole = any(not v.is_continuous() for v in parts.variables)
                if (not is_optimal and is_whole) or is_coarse(objective, bound, options):
                    claim = PointStatus.FEASIBLE
            status = judged(claim, violation_in_model(parts.constraints, parts.variables), claim_tolerance(options))
        elif self.name in HIDES_ITS_BOUND:
            bound = None
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
        if not known_to_pyomo(self.name):
            return None
        with quiet():
            for name in FACTORIES.get(self.name, (self.name,)):
                factory = pyo.SolverFactory(name)
                if factory.available(exception_flag=False):
                    return factory
        return None


def through_pyomo() -> tuple[PyomoAdapter, ...]:
    """Return the solvers of `FACTORIES` that this machine has."""
    return tuple(adapter for adapter in map(PyomoAdapter, FACTORIES) if adapter.is_available())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pyomo from complaining about each solver that it does not find, and each end that is not an optimum."""
    logger = logging.getLogger("pyomo")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def native_options(name: str, options: Options) -> dict[str, Any]:
    """Return options by the solver's own names.

    Raises
    ------
    UnsupportedOption
        If one that was given has no name that we know.
    """
    names = dict(zip(MEANINGS, NATIVE.get(name, ()), strict=False))
    given = {meaning: getattr(options, meaning) for meaning in MEANINGS if getattr(options, meaning) is not None}
    if name in ONE_THREAD and given.get("threads") == 1:
        del given["threads"]
    missing = [meaning for meaning in given if meaning not in names and meaning != "relative_gap"]
    missing += ["iteration_limit"] if options.iteration_limit is not None else []
    if missing:
        raise UnsupportedOption(f"{name} does not take through Pyomo: {', '.join(missing)}; use Options.extra")
    if name == "glpk" and "time_limit" in given:
        given["time_limit"] = max(1, math.ceil(given["time_limit"]))  # glpsol knows whole seconds
    found = {names[meaning]: value for meaning, value in given.items() if meaning in names}
    return {**ALWAYS.get(name, {}), **found, **options.extra}


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
