"""Who is judged: solvers as they are shipped, the same behind their adapters, and methods of the Stackelberg engine."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from batteryopt import bilevel, solvers
from batteryopt.accuracy.contest import Contestant, Track, Word, called, gap_at, track_of
from batteryopt.accuracy.implications import implications_of
from batteryopt.accuracy.raw import RAW, RawSolver
from batteryopt.bilevel.methods import METHODS
from batteryopt.solvers import Adapter, Options
from batteryopt.solvers.through_pyomo.pyomo_solver import FACTORIES, NATIVE, PyomoAdapter, known_to_pyomo


@dataclass(frozen=True)
class Solver:
    """A solver behind its adapter."""

    adapter: Adapter
    options: Mapping[str, Any] = field(default_factory=dict)
    """Native options beside the tolerance, which make it a contestant of its own."""
    levels: int = 1
    track: Track = Track.THROUGH
    takes_indicators: bool = True
    """An adapter that has none of them says so itself."""

    @property
    def name(self) -> str:
        """The adapter's name, and what is asked of it beside the tolerance."""
        return called(self.adapter.name, self.options)

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Solve with feasibility, optimality and gap at the tolerance, where we know what the solver calls these."""
        options = Options(
            time_limit=time_limit,
            feasibility_tolerance=tolerance,
            optimality_tolerance=tolerance,
            relative_gap=gap_at(tolerance),
            threads=1,
            extra=dict(self.options),
        )
        told = _asked(options)
        if isinstance(self.adapter, PyomoAdapter) and self.adapter.name not in NATIVE:
            options, told = Options(extra=dict(self.options)), dict(self.options)
        report = self.adapter.solve(model, options, indicators=implications_of(model))
        return Word(
            solver=report.solver,
            version=report.version,
            stop_reason=report.stop_reason,
            point_status=report.point_status,
            bound=report.bound,
            iterations=report.iterations,
            seconds=report.seconds,
            raw_status=report.message,
            options=told,
            duals={str(constraint.name): value for constraint, value in report.duals.items()},
            reduced_costs={str(v.name): found.lower + found.upper for v, found in report.bound_duals.items()},
        )


@dataclass(frozen=True)
class EngineMethod:
    """A method of the engine with its own choice of solver; the tolerance is the gap it proves."""

    method: str
    levels: int = 2
    track: Track = Track.THROUGH

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
            options={"gap": tolerance, "time_limit": time_limit, "threads": 1},
        )


def _asked(options: Options) -> dict[str, Any]:
    """Return what was asked of an adapter; what is left to the solver is left out."""
    names = ("time_limit", "relative_gap", "feasibility_tolerance", "optimality_tolerance", "threads")
    return {**{name: getattr(options, name) for name in names}, **options.extra}


def contestants(names: Collection[str] = (), tracks: Collection[Track] = ()) -> tuple[Contestant, ...]:
    """Return every installed solver on both tracks and every method of the engine; or those named, or of some tracks.

    Parameters
    ----------
    names
        As ``highs``, ``raw:highs`` (the solver as it is shipped), ``engine:auto``; of any other solver that Pyomo has,
        Pyomo's own name for it.
    """
    here = _here()
    everyone: list[Contestant] = [Solver(adapter) for adapter in (*here, *_of_pyomo(names, here))]
    everyone += [raw for raw in (kind() for kind in RAW) if raw.is_available()]
    everyone += [EngineMethod(method) for method in ("auto", *METHODS)]
    return tuple(c for c in everyone if (not names or c.name in names) and (not tracks or track_of(c) in tracks))


def _of_pyomo(names: Collection[str], here: Collection[Adapter]) -> list[Adapter]:
    """Return those of the named solvers that nobody here has, and Pyomo finds on this machine."""
    known = {adapter.name for adapter in here}
    asked = (name for name in names if name not in known and known_to_pyomo(name))
    with _quiet_pyomo():
        return [adapter for adapter in map(PyomoAdapter, asked) if adapter.is_available()]


def with_options(everyone: Iterable[Contestant], asked: Mapping[str, Mapping[str, Any]]) -> tuple[Contestant, ...]:
    """Return solvers with native options, each set of options a contestant beside the plain one."""
    plain = {who.name: who for who in everyone if isinstance(who, Solver | RawSolver)}
    return tuple(replace(plain[name], options=options) for name, options in asked.items())


def absent() -> tuple[str, ...]:
    """Return the names of solvers that would be judged if they were installed."""
    here = {adapter.name for adapter in _here()}
    return tuple(name for name in (*solvers.known(), *FACTORIES) if name not in here)


def _here() -> list[Adapter]:
    """Return the installed solvers, then those without an adapter of their own that Pyomo finds on this machine."""
    with _quiet_pyomo():
        return [*solvers.installed(), *(a for a in map(PyomoAdapter, FACTORIES) if a.is_available())]


@contextlib.contextmanager
def _quiet_pyomo() -> Iterator[None]:
    """Keep Pyomo from complaining about each solver that it does not find."""
    logger = logging.getLogger("pyomo")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
