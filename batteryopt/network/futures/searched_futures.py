"""What a search for one plan for all futures has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.search import Found

Evaluation = tuple[NetworkAnswer, Floats | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """What the search found; all tuples have an entry for each future that has a probability.

    Attributes
    ----------
    mean
        The best plan of the mean future; None where a plan was given.
    mean_in_all, given_in_all
        That plan's facilities, and those that were given, in each future, flows decided with hindsight.
    alone
        The best plan of each future alone.
    lowest
        A proven lower bound of what each future costs; minus infinity where there was no time for any.
    found
        What the search of all together gave, in units of money; None where facilities were given or a future has no
        plan at all.
    solutions
        The plan for all, in each future; empty where there is none.
    model_value, tabled_value
        What the model says that its plan is worth, and what the plan's own tables say; None where no model was asked.
    """

    mean: NetworkAnswer | None
    mean_in_all: tuple[NetworkAnswer, ...]
    alone: tuple[NetworkAnswer, ...]
    given_in_all: tuple[NetworkAnswer, ...] = ()
    lowest: tuple[float, ...] = ()
    found: Found | None = None
    solutions: tuple[Solution, ...] = ()
    model_value: float | None = None
    tabled_value: float | None = None


def all_points(evaluations: Sequence[Evaluation], count: int) -> list[Floats]:
    """Return the points of evaluations, if there is one for each future."""
    points = [x for _, x in evaluations if x is not None]
    return points if len(points) == count else []
