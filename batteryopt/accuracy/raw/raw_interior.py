"""Ipopt and POUNCE as they are shipped, on the NL file that Pyomo writes, with derivatives by CasADi."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from batteryopt.accuracy.raw.raw_solver import RawAnswer, RawSolver
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.compile.nonlinear import NonlinearProgram, compile_nonlinear
from batteryopt.solvers.contract.attempts import STATUSES, Attempt, Start
from batteryopt.solvers.contract.points import settle_unused, write_point
from batteryopt.solvers.contract.watched import Watched
from batteryopt.solvers.interior_point.ipopt import IpoptAdapter, run_problem
from batteryopt.solvers.interior_point.multipliers import bound_duals_of, duals_of
from batteryopt.solvers.interior_point.pounce import PounceAdapter, pounce_problem

AS_SAID: dict[int, tuple[StopReason, PointStatus]] = {
    **STATUSES,
    1: (StopReason.NUMERICAL_TROUBLE, PointStatus.FEASIBLE),
    3: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),
}
"""As `STATUSES`, but that "acceptable" says that the tolerance asked for was not reached, and a tiny step is a failure.

The adapter tries both and finds out; a raw word is not made more of than it says."""
NOT_BEGUN = {-10: "too few degrees of freedom", -11: "an invalid problem"}
"""Codes of models that these solvers do not take."""


@dataclass(frozen=True)
class RawInteriorPoint(RawSolver):
    """A code with Ipopt's options and interface; subclasses know where its problem class is."""

    @abc.abstractmethod
    def problem_class(self) -> Any:
        """Return the class with cyipopt's interface."""

    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        """Return ``tol`` and the absolute tolerances of violation, dual infeasibility and complementarity."""
        names = ("tol", "constr_viol_tol", "dual_inf_tol", "compl_inf_tol")
        return {
            "print_level": 0,
            "sb": "yes",
            "max_wall_time": time_limit,
            **dict.fromkeys(names, tolerance),
        }

    def run(self, parts: Parts, settings: Mapping[str, Any]) -> RawAnswer:
        """Run once from where the variables stand, or 0, as the AMPL programs of these codes do."""
        if parts.sos:
            raise UnsupportedModel(f"{self.solver} has no special ordered sets: '{parts.sos[0].name}'")
        program = compile_nonlinear(parts)
        whole = next((v.name for v in program.variables if not v.is_continuous()), None)
        if whole is not None:
            raise UnsupportedModel(f"{self.solver} has no whole numbers: '{whole}'")
        settle_unused(parts.variables, program.variables)
        with catching_interrupt() as flag:
            callbacks = Watched(program, flag, None)
            attempt = self._attempt(program, callbacks, settings)
        if attempt.status in NOT_BEGUN:
            raise UnsupportedModel(f"{self.solver} does not take '{parts.name}': {NOT_BEGUN[attempt.status]}")
        reason, held = AS_SAID.get(attempt.status, AS_SAID[-199])
        if np.isfinite(attempt.x).all():
            write_point(program.variables, attempt.x)
        return RawAnswer(
            status=f"{attempt.status}: {attempt.message}",
            stop_reason=reason,
            point_status=held,
            iterations=callbacks.iterations,
            duals={str(c.name): value for c, value in duals_of(program, attempt.multipliers, ()).items()},
            reduced_costs={
                str(v.name): found.lower + found.upper
                for v, found in bound_duals_of(program, attempt.multipliers, ()).items()
            },
        )

    def _attempt(self, program: NonlinearProgram, callbacks: Watched, settings: Mapping[str, Any]) -> Attempt:
        start = Start(x=np.array([v.value or 0.0 for v in program.variables], dtype=float))
        try:
            return run_problem(self.problem_class(), program, callbacks, start, dict(settings))
        except RuntimeError as error:  # POUNCE looks at options only when it runs
            if str(error).startswith("option"):
                raise ValueError(f"{self.solver} does not take an option: {error}") from error
            raise


@dataclass(frozen=True)
class RawIpopt(RawInteriorPoint):
    """Ipopt with MUMPS."""

    solver: ClassVar[str] = "ipopt"

    def is_available(self) -> bool:
        """Whether cyipopt can be imported."""
        return IpoptAdapter().is_available()

    def version(self) -> str:
        """Return the version of Ipopt."""
        return IpoptAdapter().version()

    def problem_class(self) -> Any:
        """Return cyipopt's class."""
        import cyipopt

        return cyipopt.Problem

    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        """Return the tolerances, and a look for NaNs: one in a matrix would end this process inside MUMPS."""
        return {**super().settings(tolerance, time_limit), "check_derivatives_for_naninf": "yes"}


@dataclass(frozen=True)
class RawPounce(RawInteriorPoint):
    """POUNCE through its Python class."""

    solver: ClassVar[str] = "pounce"

    def is_available(self) -> bool:
        """Whether the ``pounce-solver`` package is installed."""
        return PounceAdapter().is_available()

    def version(self) -> str:
        """Return the version of the package."""
        return PounceAdapter().version()

    def problem_class(self) -> Any:
        """Return POUNCE's class."""
        return pounce_problem()
