"""Who is judged: solvers behind their adapters, and methods of the Stackelberg engine; what they said, kept apart."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from batteryopt import bilevel, solvers
from batteryopt.bilevel.methods import METHODS
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Adapter, Options
from batteryopt.solvers.through_pyomo.pyomo_solver import FACTORIES, PyomoAdapter

TOLERANCES = (1e-4, 1e-6, 1e-9)
"""Loose, usual, tight."""
TIGHTEST_GAP = 1e-9
"""At this tolerance and below, branch and bound is asked for a gap of 0."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a contestant said of its own run."""

    solver: str
    version: str = ""
    stop_reason: StopReason
    point_status: PointStatus
    bound: float | None = None
    iterations: int | None = None
    seconds: float


class Contestant(Protocol):
    """Something that takes a model and leaves a point in it."""

    @property
    def name(self) -> str:
        """As in the tables."""

    @property
    def levels(self) -> int:
        """1 for models of one decision maker, 2 for models with followers."""

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Leave the point in the model's variables; raise `BatteryOptError` where the model is not for it."""


@dataclass(frozen=True)
class Solver:
    """A solver behind its adapter."""

    adapter: Adapter
    options: Mapping[str, Any] = field(default_factory=dict)
    """Native options beside the tolerance, which make it a contestant of its own."""
    levels: int = 1

    @property
    def name(self) -> str:
        """The adapter's name, and what is asked of it beside the tolerance."""
        asked = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.adapter.name}({asked})" if asked else self.adapter.name

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Solve with feasibility, optimality and gap at the tolerance."""
        options = Options(
            time_limit=time_limit,
            feasibility_tolerance=tolerance,
            optimality_tolerance=tolerance,
            relative_gap=0.0 if tolerance <= TIGHTEST_GAP else tolerance,
            threads=1,
            extra=dict(self.options),
        )
        report = self.adapter.solve(model, options)
        return Word(
            solver=report.solver,
            version=report.version,
            stop_reason=report.stop_reason,
            point_status=report.point_status,
            bound=report.bound,
            iterations=report.iterations,
            seconds=report.seconds,
        )


@dataclass(frozen=True)
class EngineMethod:
    """A method of the engine with its own choice of solver; the tolerance is the gap it proves."""

    method: str
    levels: int = 2

    @property
    def name(self) -> str:
        """The method's name, marked as one."""
        return f"engine:{self.method}"

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Solve a model with followers."""
        begin = time.perf_counter()
        answer = bilevel.solve(model, self.method, gap=tolerance, time_limit=time_limit, threads=1)
        solver, _, version = answer.solver.partition(" ")
        return Word(
            solver=solver,
            version=version,
            stop_reason=answer.stop_reason,
            point_status=answer.point_status,
            bound=answer.bound,
            seconds=time.perf_counter() - begin,
        )


def contestants(names: Collection[str] = ()) -> tuple[Contestant, ...]:
    """Return every installed solver and every method of the engine, or those named."""
    everyone: list[Contestant] = [Solver(adapter) for adapter in _here()]
    everyone += [EngineMethod(method) for method in ("auto", *METHODS)]
    return tuple(c for c in everyone if not names or c.name in names)


def with_options(everyone: Iterable[Contestant], asked: Mapping[str, Mapping[str, Any]]) -> tuple[Contestant, ...]:
    """Return solvers with native options, each set of options a contestant beside the plain one."""
    plain = {who.name: who for who in everyone if isinstance(who, Solver)}
    return tuple(replace(plain[name], options=options) for name, options in asked.items())


def absent() -> tuple[str, ...]:
    """Return the names of solvers that would be judged if they were installed."""
    here = {adapter.name for adapter in _here()}
    return tuple(name for name in (*solvers.known(), *FACTORIES) if name not in here)


def _here() -> list[Adapter]:
    """Return the installed solvers, then those without an adapter of their own that Pyomo finds on this machine."""
    logger = logging.getLogger("pyomo")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # Pyomo complains about each one that it does not find
    try:
        return [*solvers.installed(), *(a for a in map(PyomoAdapter, FACTORIES) if a.is_available())]
    finally:
        logger.setLevel(level)
