"""What every reformulation of complementarity offers: say whether it accepts a problem, apply, solve, invert."""

from __future__ import annotations

import abc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyomo.common.collections import ComponentMap

from batteryopt import solvers
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Indicator, Options, Report
from batteryopt.solvers.contract.points import inside

GAP_SHARE = 0.3
"""What the solver is asked for, of the gap that is to be claimed: polishing moves the point once the bound is known."""
NO_WEIGHT = 1e-9
"""A Fritz John weight of the objective below this is zero: such an answer has no multipliers."""


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """What the caller of `bilevel.solve` asked for, as the methods need it.

    Attributes
    ----------
    gap
        Relative gap at which a bound counts as proven.
    tolerance
        Feasibility and optimality tolerance of the solvers.
    starts
        Starting points of the local methods.
    fritz_john
        Positions of followers for which no constraint qualification is known (see `qualification`).
    equal
        Rows of different followers whose multipliers are one (see `shared`).
    limits
        What the user says that the multipliers of constraints do not exceed in size.
    is_near
        Whether the values in the model are those of an answer to nearly the same problem.
    """

    solver: str | None = None
    time_limit: float | None = None
    gap: float = 1e-6
    tolerance: float = 1e-9
    threads: int | None = None
    starts: int = 6
    seed: int = 0
    log: bool = False
    fritz_john: frozenset[int] = frozenset()
    equal: tuple[tuple[FollowerRow, FollowerRow], ...] = ()
    limits: tuple[tuple[Any, float], ...] = ()
    is_near: bool = False

    def options(self, **changes: Any) -> Options:
        """Return solver options for a global solve, with changes."""
        given: dict[str, Any] = {
            "time_limit": self.time_limit,
            "relative_gap": GAP_SHARE * self.gap,
            "threads": self.threads,
            "log": self.log,
        }
        return Options(**(given | changes))


def report_of_highs(reason: StopReason, value: float | None, bound: float | None, began: float, **more: Any) -> Report:
    """Return what a search of our own over runs of HiGHS came to; a value is no point where nothing can be found."""
    status = PointStatus.NONE
    if value is not None and not reason.is_no_solution:
        status = PointStatus.OPTIMAL if reason is StopReason.CONVERGED else PointStatus.FEASIBLE
    return Report(
        solver="highs",
        version=solvers.get("highs").version(),
        stop_reason=reason,
        point_status=status,
        objective=value if status is not PointStatus.NONE else None,
        bound=bound,
        seconds=time.perf_counter() - began,
        **more,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Reformulation:
    """A KKT system with its complementarity conditions expressed; ``indicators`` go to the solver beside the model."""

    system: KktSystem
    indicators: Sequence[Indicator] = ()
    assumptions: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodOutcome:
    """What a method found, in the user's terms; the point itself is in the user's variables.

    Attributes
    ----------
    multipliers
        By `FollowerRow`, as the single-level solution has them.
    assumptions
        Under which the bound holds, for the reader.
    failures
        Reasons why the method's own claim does not hold (an active M, say).
    """

    report: Report
    system: KktSystem
    multipliers: ComponentMap
    assumptions: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


class Method(abc.ABC):
    """One way to express complementarity."""

    name: str
    is_global: bool
    """Whether its bound, where the solver proves one, is a bound of the bilevel problem."""
    only_solver: str | None = None
    """The solver that its own search is written on, or None where a single-level model goes to whichever is named."""
    takes_integers = False
    """Whether it takes followers who decide on integers."""
    has_conditions = True
    """Whether its single-level model holds the followers' optimality conditions, for whoever polishes the point."""

    @abc.abstractmethod
    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:
        """Return why the method does not accept a problem, or None where it does."""

    def accepts(self, problem: BilevelProblem, settings: MethodSettings | None = None) -> bool:
        """Whether the method accepts a problem."""
        return self.objection(problem, settings or MethodSettings()) is None

    def objection(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:
        """Return why the method does not accept a problem, integer followers among the reasons."""
        if problem.integer_decision is not None and not self.takes_integers:
            return f"{problem.integer_decision}: KKT conditions do not express the optimality of an integer decision"
        return self.refusal(problem, settings)

    @abc.abstractmethod
    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the single-level model."""

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Apply, hand to the solver, invert."""
        reformulation = self.apply(problem, settings)
        complete(problem)
        adapter = solvers.get(settings.solver or self.default_solver(reformulation))
        report = adapter.solve(
            reformulation.system.model, settings.options(), indicators=tuple(reformulation.indicators)
        )
        return self.invert(reformulation, report)

    def default_solver(self, reformulation: Reformulation) -> str:  # noqa: ARG002 (some methods look at it)
        """Return the solver to use where the user names none."""
        return "scip"

    def invert(self, reformulation: Reformulation, report: Report) -> MethodOutcome:
        """Read the followers' multipliers off the single-level point."""
        return MethodOutcome(
            report=report,
            system=reformulation.system,
            multipliers=multipliers_of(reformulation.system) if report.has_point else ComponentMap(),
            assumptions=reformulation.assumptions,
        )


def complete(problem: BilevelProblem) -> None:
    """Give variables without a value one within their bounds: where all coefficients are zero, no solver will."""
    for variable in (*problem.leader_variables, *(v for f in problem.followers for v in f.variables)):
        if variable.value is None:
            variable.set_value(inside(variable), skip_validation=True)


def multipliers_of(system: KktSystem) -> ComponentMap:
    """Return the value of every row's multiplier, where there are any: per unit of weight on the objective."""
    values: ComponentMap = ComponentMap()
    if not hasattr(system.model, "kkt"):
        return values
    for i, follower in enumerate(system.problem.followers):
        block = system.model.kkt[i]
        weight = block.objective_weight.value or 0.0
        if weight < NO_WEIGHT:
            continue
        for rows, multipliers in (
            (follower.inequalities, block.multiplier),
            (follower.equalities, block.equality_multiplier),
        ):
            for k, row in enumerate(rows):
                values[row] = (multipliers[k].value or 0.0) / weight
    return values


REFUTED = 1e-6
"""Relative amount by which a polished point may be better than the bound it was found with."""
BEYOND_TOLERANCES = 1e-4
"""Relative amount that no solver's tolerances explain: a bound so far on the wrong side of its point is an error."""


def is_refuted(problem: BilevelProblem, bound: float | None, objective: float, *, by: float = REFUTED) -> bool:
    """Return whether a point that was found is better than the bound that came with it, which is then none."""
    return bound is not None and problem.sense * (bound - objective) > by * max(1.0, abs(bound))
