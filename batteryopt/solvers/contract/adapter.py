"""What every solver adapter offers: a declaration of what it can do, one call, one kind of report.

Sign of duals, once for the whole package: the dual of a constraint, or of a variable's bound, is the derivative of
the optimal value (in the model's own sense) with respect to the right-hand side. In a minimisation a binding ``>=``
has a dual >= 0 and a binding ``<=`` a dual <= 0; in a maximisation the signs are the other way round.
``tests/solvers/test_duals.py`` pins it for every adapter.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyomo.common.collections import ComponentMap

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason

LEAST_SECONDS = 1e-3
"""Not every solver takes a limit of 0."""


class Capability(enum.Flag):
    """What an adapter can express or return; its tests are generated from the declaration."""

    LINEAR = enum.auto()
    CONVEX_QUADRATIC_OBJECTIVE = enum.auto()
    INTEGER = enum.auto()
    NONLINEAR = enum.auto()
    """Smooth nonlinear objective and constraints; the answer is at least locally optimal."""
    GLOBAL = enum.auto()
    """Nonconvex quadratic and nonlinear models are solved to a proven global bound."""
    SOS1 = enum.auto()
    INDICATOR = enum.auto()
    DUALS = enum.auto()
    """Constraint duals and bound duals of continuous models."""
    WARM_START = enum.auto()
    """Starts from the values the model's variables hold."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the caller asks of a solver; None leaves the solver's own default.

    Attributes
    ----------
    time_limit
        Seconds of wall time.
    relative_gap, absolute_gap
        Where branch and bound may stop. Zero by default: accuracy is this package's business.
    feasibility_tolerance, optimality_tolerance
        Passed to the solver's parameters of that meaning.
    threads
        Number of threads, where the solver has any.
    iteration_limit
        Nodes of the tree for integer and global solvers, iterations for the others.
    warm_start
        Start from the variables' values (and the given multipliers, for Ipopt).
    log
        Whether the solver may print.
    extra
        Native parameters of the solver, applied last.
    """

    time_limit: float | None = None
    relative_gap: float = 0.0
    absolute_gap: float = 0.0
    feasibility_tolerance: float | None = None
    optimality_tolerance: float | None = None
    threads: int | None = None
    iteration_limit: int | None = None
    warm_start: bool = False
    log: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def is_near_enough(self, objective: float | None, bound: float | None) -> bool:
        """Return whether a bound is as near to an objective as one of the two gaps asks for."""
        if objective is None or bound is None:
            return False
        return abs(objective - bound) <= max(self.absolute_gap, self.relative_gap * abs(objective))

    def after(self, seconds: float) -> Options:
        """Return the options for what is left to do once some of the time has gone."""
        if self.time_limit is None:
            return self
        return dataclasses.replace(self, time_limit=max(LEAST_SECONDS, self.time_limit - seconds))


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """``binary == active_value`` implies ``body <= 0`` (Pyomo has no component for it)."""

    binary: Any
    active_value: int
    body: Any


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A solver's word while it works: best objective and bound so far, None while there is none; what it does."""

    seconds: float
    objective: float | None
    bound: float | None
    doing: str = ""


@dataclass(frozen=True, kw_only=True)
class BoundDuals:
    """Duals of a variable's two bounds, each the derivative of the optimal value by that bound."""

    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a solver says of one solve. The point itself is in the model's variables.

    Attributes
    ----------
    solver, version
        Which code ran.
    stop_reason, point_status
        See `batteryopt.ground.status`.
    objective
        The model's objective at the point, evaluated by Pyomo and not by the solver; None without a point.
    bound
        Proven limit of the optimal value (below it in a minimisation, above it in a maximisation); None if none.
    seconds
        Wall time inside the solver, and in translating the model for it (``build_seconds``).
    iterations
        Iterations or nodes.
    duals
        By constraint data object, with 0 for one that has no free variable; empty where there are none.
    bound_duals
        By variable data object, `BoundDuals`; a bound that is not there has 0.
    message
        The solver's own closing words.
    """

    solver: str
    version: str
    stop_reason: StopReason
    point_status: PointStatus
    objective: float | None = None
    bound: float | None = None
    seconds: float = 0.0
    build_seconds: float = 0.0
    iterations: int | None = None
    duals: ComponentMap = field(default_factory=ComponentMap)
    bound_duals: ComponentMap = field(default_factory=ComponentMap)
    message: str = ""

    @property
    def has_point(self) -> bool:
        """Whether the model's variables hold a point of this solve."""
        return self.point_status is not PointStatus.NONE

    @property
    def is_optimal(self) -> bool:
        """True only with a proven bound, never after a limit."""
        return self.point_status is PointStatus.OPTIMAL

    @property
    def gap(self) -> float | None:
        """Relative distance of objective and bound; None where either is missing."""
        return relative_gap(self.objective, self.bound)


def relative_gap(objective: float | None, bound: float | None, unit: float = 1.0) -> float | None:
    """Return ``|objective - bound| / max(unit, |objective|)``, or None where one is missing."""
    if objective is None or bound is None:
        return None
    return abs(objective - bound) / max(unit, abs(objective))


ProgressListener = Callable[[Progress], None]


class Adapter(abc.ABC):
    """A solver behind one interface. Subclasses declare `name`, `capabilities` and fill `_solve`."""

    name: str
    capabilities: Capability

    @abc.abstractmethod
    def is_available(self) -> bool:
        """Whether the solver can be used on this machine, found out by asking the solver itself."""

    @abc.abstractmethod
    def version(self) -> str:
        """Return the solver's version."""

    @abc.abstractmethod
    def solve(
        self,
        model: Any,
        options: Options | None = None,
        *,
        indicators: Sequence[Indicator] = (),
        start_duals: ComponentMap | None = None,
        start_bound_duals: ComponentMap | None = None,
        on_progress: ProgressListener | None = None,
    ) -> Report:
        """Solve a Pyomo model or block; a point, where there is one, is left in its variables.

        Fixed variables are data, whatever their bounds and domain. Ctrl-C stops the solver and returns what it holds.

        Parameters
        ----------
        indicators
            Implications that Pyomo has no component for.
        start_duals, start_bound_duals
            Multipliers to start from, in the sign convention above, used together with ``options.warm_start``.
        on_progress
            Called while the solver works; an exception of it stops the solve and is raised.

        Raises
        ------
        UnsupportedModel
            If the model has something the solver cannot express, named with its component.
        ValueError
            If the solver does not take an option.
        """

    def require(self, capability: Capability, component: str) -> None:
        """Raise `UnsupportedModel`, naming the component, where a capability is missing."""
        if capability not in self.capabilities:
            words = (capability.name or str(capability)).lower().replace("_", " ")
            raise UnsupportedModel(f"{self.name} cannot take '{component}': it has no support for {words}")
