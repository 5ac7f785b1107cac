"""A point to begin from, of facilities that an earlier plan had: with them as they are, else at least as large."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.fix import planned_shares
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.searched_problem import Problem
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

SHARE = 0.2
"""Part of the time limit that finding the point may take, both tries together."""
MOST_SECONDS = 60.0
ENOUGH = 1e-3
"""Relative gap at which flows and trips around given facilities are good enough to begin with."""


def point_of(problem: Problem, plan: Solution, time_limit: float | None) -> Floats | None:
    """Return a feasible point with the facilities of a plan, in the problem's units; None where there is none.

    What the network decides beforehand (what must stand, what may not yet) goes before the plan. Where that leaves no
    feasible flows the facilities may also be larger, or more: returns may have grown since.
    """
    family = problem.m.families["is_open"]
    core, where = problem.core, family.positions
    shares = np.clip(planned_shares(problem.m, plan), core.lower[where], core.upper[where])
    seconds = MOST_SECONDS if time_limit is None else min(MOST_SECONDS, SHARE * time_limit)
    for upper in (shares, core.upper[where]):
        lower_all, upper_all = core.lower.copy(), core.upper.copy()
        lower_all[where], upper_all[where] = shares, upper
        program = dataclasses.replace(core, lower=lower_all, upper=upper_all)
        found = solve_arrays(program, Options(time_limit=seconds / 2, relative_gap=ENOUGH))
        if found.x is not None and found.point_status.is_feasible:
            return found.x
    return None
