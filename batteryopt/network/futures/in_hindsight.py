"""What is decided in one future when it is known, with the facilities of a plan."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable, Sequence

from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.fix import fix_facilities
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.search import search
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.solvers.contract.adapter import Options

WEIGHTS = {Objective.COST: 1.0}
"""What plans for several futures minimise, in each of them."""
WHOLE_GAP = 1e-4
"""Relative gap of whole numbers that are decided with hindsight, at most."""


def hindsight_point(m: Formulation, plan: Solution, options: Options) -> Floats | None:
    """Return the best values of a formulation's variables with the facilities of a plan; None where there are none."""
    fixed = with_facilities(m, plan)
    problem = make_problem(fixed, weighted(fixed, WEIGHTS))
    scaled = dataclasses.replace(options, absolute_gap=options.absolute_gap / problem.money)
    found = search(problem, scaled, began=time.monotonic())
    return None if found.x is None else problem.units.outside(found.x)


def hindsight_points(
    forms: Sequence[Formulation], plan: Solution, options: Options, seconds: Callable[[int], float | None]
) -> list[Floats]:
    """Return those points of all futures; none where one future has none.

    Parameters
    ----------
    seconds
        What the next one may take, by how many are left; None: as long as it takes.
    """
    points: list[Floats] = []
    for number, m in enumerate(forms):
        x = hindsight_point(m, plan, dataclasses.replace(options, time_limit=seconds(len(forms) - number)))
        if x is None:
            return []
        points.append(x)
    return points


def with_facilities(m: Formulation, plan: Solution) -> Formulation:
    """Return a formulation whose facilities are those of a plan; the one given stays as it is."""
    fixed = copy.copy(m)
    fixed.families = dict(m.families)
    fix_facilities(fixed, plan)
    return fixed
