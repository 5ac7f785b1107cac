"""What an interrupt is owed: a plan for all futures as soon as any plan is known, or can be made in a moment.

Whoever interrupts asks for the best so far. As long as no first stage has been tried in all futures that would be
nothing, though plans of the mean future, or of single ones, are there: they are tried then, for a moment, as if nobody
had asked for a stop. A second interrupt ends that too.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence

from batteryopt.ground.interrupt import winding_up
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_points
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.solvers.contract.adapter import Options

SECONDS = 20.0
"""What it may take after an interrupt, all together; half of it for a plan of the mean future where none is known."""
ENOUGH = 0.05
"""Relative gap that such a plan of the mean future may leave."""
LEAST_SECONDS = 0.1


def owed_points(
    forms: Sequence[Formulation], plans: Sequence[Solution], mean: Network, options: Options
) -> list[Floats]:
    """Return points in all futures with the facilities of the first plan that keeps their rules; none in time: empty.

    Parameters
    ----------
    plans
        Those that are known, the best one first.
    mean
        The mean of the futures: a quick plan of it is the last that is tried.
    """
    until = time.monotonic() + SECONDS
    with winding_up() as flag:
        for plan in _each(plans, mean, options, until):
            points = hindsight_points(forms, plan, options, lambda _: seconds_left(until, LEAST_SECONDS))
            if points or flag.is_set or time.monotonic() > until:
                return points
    return []


def _each(plans: Sequence[Solution], mean: Network, options: Options, until: float) -> Iterator[Solution]:
    yield from plans
    left = max(LEAST_SECONDS, (until - time.monotonic()) / 2)
    quick = dataclasses.replace(options, time_limit=left, relative_gap=max(options.relative_gap, ENOUGH))
    found, _ = answer_with_point(mean, formulate(mean, WEIGHTS), WEIGHTS, quick, began=time.monotonic())
    if found.solution is not None:
        yield found.solution
