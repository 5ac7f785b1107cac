"""A problem of the benchmark, the truth about it, and what our own arithmetic makes of a point."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batteryopt.accuracy.digits import Number

Point = Mapping[str, Number]
"""Values of a model's variables, by name."""


class ProblemKind(enum.StrEnum):
    """What there is to find."""

    OPTIMUM = "optimum"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A point in fifty digits; every number relative to the size of its terms, None where it has no meaning.

    Attributes
    ----------
    objective
        In the model's own sense and unit.
    violation
        The worst constraint, bound or whole number.
    stationarity
        The worst of the KKT conditions with the exact multipliers: 0 only at an optimum.
    follower_gain
        What the follower with most to gain would gain by answering anew, relative to the stakes of its problem.
    profits
        By player.
    """

    objective: Number
    violation: Number
    stationarity: Number | None = None
    follower_gain: Number | None = None
    profits: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The exact answer, and how to judge another.

    Attributes
    ----------
    maximise
        The sense.
    variables
        Names of the variables that make up a point.
    objective, decisions, profits
        The optimum; decisions only where they are unique.
    unit
        The size below which a decision's error is relative to this and not to the decision; one for all, or by name.
    trial
        Where there are local optima that are not the best, or flat ones: how a claim of one is tried.
    resolution
        Of a problem of whole numbers: half of what the next plan costs more, at least. Who was asked for a gap of 0 and
        calls a plan optimal that is worse by more has the wrong plan.
    multipliers, reduced_costs
        The exact ones that prove the optimum, by constraint and by variable, as derivatives of the optimal value.
    certificate
        Where there is no solution: an exact Farkas vector by constraint, or a ray by variable.
    margin
        Of an unbounded problem: how fast the objective improves along its ray, relatively. An optimum that is claimed
        where this is below the tolerance asked for is one to that tolerance.
    is_rational
        Whether all of these are the very numbers, found in rationals, and not numbers known to fifty digits.
    judge_duals
        From a point, duals and reduced costs to their errors.
    evaluate
        From a point to what it is worth.
    """

    kind: ProblemKind = ProblemKind.OPTIMUM
    maximise: bool = False
    variables: tuple[str, ...] = ()
    objective: Number | None = None
    decisions: Mapping[str, Number] = field(default_factory=dict)
    profits: Mapping[str, Number] = field(default_factory=dict)
    unit: float | Mapping[str, float] = 1.0
    trial: Any = None
    resolution: float | None = None
    multipliers: Mapping[str, Number] = field(default_factory=dict)
    reduced_costs: Mapping[str, Number] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    margin: float | None = None
    is_rational: bool = False
    judge_duals: Callable[[Point, Mapping[str, float], Mapping[str, float]], Any] | None = None
    evaluate: Callable[[Point], Evaluation] | None = None


def unit_of(unit: float | Mapping[str, float], name: str) -> float:
    """Return the unit of one variable."""
    return unit[name] if isinstance(unit, Mapping) else unit


@dataclass(frozen=True, kw_only=True, eq=False)
class AccuracyProblem:
    """One problem; its functions are of modules, so that it can be sent to another process.

    Attributes
    ----------
    variant
        What makes it hard, or "plain".
    size
        Number of variables.
    levels
        1 for a solver, 2 for a method of the engine.
    seed
        That it was drawn with.
    kind
        A `ProblemClass` where the model does not show it.
    build
        Returns a fresh Pyomo model.
    find_truth
        Returns the truth, which rests on no solver's word.
    """

    family: str
    name: str
    variant: str = "plain"
    size: int
    levels: int = 1
    seed: int = 0
    kind: str = ""
    build: Callable[[], Any]
    find_truth: Callable[[], Truth]
