"""How an answer came about: the part of every answer that no family differs in."""

from __future__ import annotations

import dataclasses
import enum
import importlib.metadata
import platform
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.adapter import Report, relative_gap


class Route(enum.StrEnum):
    """The two ways from an instance to a solution; they share no code."""

    CLOSED_FORM = "closed-form"
    OPTIMIZER = "optimizer"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Which route produced a point, why it stopped, what it holds and what bound was proven.

    Attributes
    ----------
    solver
        Solver and version ("scip 10.0"), or "formula".
    bound
        Proven limit of the objective; a formula's bound is its own value.
    seconds
        Wall time of building and solving.
    refuted
        What the solver called its point before a failed check took that back; None where none did.
    """

    route: Route
    solver: str
    stop_reason: StopReason
    point_status: PointStatus
    bound: float | None = None
    seconds: float = 0.0
    refuted: PointStatus | None = None

    @classmethod
    def of_formula(cls, objective: float, seconds: float) -> Run:
        """Return the run of a closed form, whose value is its own bound."""
        return cls(
            route=Route.CLOSED_FORM,
            solver="formula",
            stop_reason=StopReason.CONVERGED,
            point_status=PointStatus.OPTIMAL,
            bound=objective,
            seconds=seconds,
        )

    @classmethod
    def of_report(cls, report: Report) -> Run:
        """Return the run that a solver's report describes."""
        return cls(
            route=Route.OPTIMIZER,
            solver=f"{report.solver} {report.version}",
            stop_reason=report.stop_reason,
            point_status=report.point_status,
            bound=report.bound,
            seconds=report.seconds + report.build_seconds,
        )

    def as_certified(self, certificate: Certificate) -> Run:
        """Return the run with the status that a certificate bears out: beside a failed check a point is just a point.

        Which of its claims the failed check refutes is for the reader of the certificate to say; no claim is left.
        """
        if not certificate.failures or not self.point_status.is_feasible:
            return self
        return dataclasses.replace(self, point_status=PointStatus.UNKNOWN, refuted=self.point_status)

    def to_json(self, objective: float | None) -> dict[str, Any]:
        """Return the keys that every model answer has in JSON, but for its certificate."""
        return {
            "route": self.route.value,
            "solver": self.solver,
            "stop_reason": self.stop_reason.value,
            "point_status": self.point_status.value,
            "objective": objective,
            "bound": self.bound,
            "gap": relative_gap(objective, self.bound),
            "seconds": self.seconds,
        }


class Certified:
    """What all answers are: a run whose status never says more than the certificate beside it."""

    run: Run
    certificate: Certificate

    def __post_init__(self) -> None:
        """Take back what a failed check does not bear out, however the answer came to its certificate."""
        object.__setattr__(self, "run", self.run.as_certified(self.certificate))


def versions() -> dict[str, str]:
    """Return the versions that an answer depends on, for its JSON."""
    packages = ("batteryopt", "pyomo", "highspy", "cyipopt-wheels", "pyscipopt", "casadi", "numpy", "scipy")
    return {"python": platform.python_version(), **{name: _version_of(name) for name in packages}}


def _version_of(package: str) -> str:
    """Return a package's version; no answer is lost because one does not know its own."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
