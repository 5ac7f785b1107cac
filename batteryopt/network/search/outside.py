"""Whether a bound holds against a model that is wider than the one that it comes from.

Bound and plan come from one model: were it narrower than the rules, it would certify itself. So the plan is improved by
another form of it, without cuts, without bounds by reachable mass and with every slack free: first its flows with the
facilities as they are, then some facilities too. What comes of that is judged from its tables like any plan. If it is
better than the bound allows, the bound is wrong. That nothing better is found proves nothing.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.fix import fix_facilities, planned_shares
from batteryopt.network.formulation.objective import SOFT_FAMILIES, harden, weighted
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.improve import improve, neighbourhoods
from batteryopt.network.search.searched_problem import Problem, make_problem
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

SHARE = 0.15
"""Part of the time of the solve that trying its bound from outside may take, within the two limits below."""
LEAST_SECONDS, MOST_SECONDS = 0.2, 20.0
MOVES = 4
"""Neighbourhoods that are tried at most."""
SMALL = 5_000
"""Non-zeros up to which all facilities are decided anew at once."""
AUXILIARIES = (*SOFT_FAMILIES, "at_level")
"""Families that only count what the others do: rows and costs hold them, and a bound of them could cut plans off."""


def wider(network: Network, weights: Mapping[Objective, float], facilities: Solution | None) -> Formulation:
    """Return the formulation of a network without cuts and mass bounds, and with its auxiliaries free."""
    m = build(network, is_tight=False)
    for name in AUXILIARIES:
        if name in m.families:
            family = m.families[name]
            m.families[name] = dataclasses.replace(family, upper=np.full(len(family), np.inf))
    if facilities is not None:
        fix_facilities(m, facilities)
    if Objective.COST not in weights:
        harden(m)
    return m


def improved(
    network: Network, m: Formulation, plan: Solution, weights: Mapping[Objective, float], seconds: float
) -> Solution | None:
    """Return the best plan that a wider formulation finds from a plan in some seconds; None where it finds none."""
    deadline = time.monotonic() + seconds
    problem = make_problem(m, weighted(m, weights))
    x = _flows(problem, m, plan, seconds / 2)
    if x is not None:
        x = _moved(problem, x, deadline)
    return None if x is None else to_solution(m, network, problem.units.outside(x))


def _flows(problem: Problem, m: Formulation, plan: Solution, seconds: float) -> Floats | None:
    """Return the best point with the plan's facilities."""
    sizes, shares = m.families["is_open"].positions, planned_shares(m, plan)
    lower, upper = np.array(problem.core.lower), np.array(problem.core.upper)
    lower[sizes], upper[sizes] = shares, shares
    program = dataclasses.replace(problem.with_cuts(), lower=lower, upper=upper)
    return solve_arrays(program, Options(time_limit=seconds, relative_gap=0.0)).x


def _moved(problem: Problem, x: Floats, deadline: float) -> Floats:
    """Return the best point with some facilities decided anew, as far as time allows."""
    program = problem.with_cuts()
    for free in islice(_masks(problem, program), MOVES):
        left = deadline - time.monotonic()
        if left < LEAST_SECONDS / 4:
            break
        with catching_interrupt() as flag:
            x = improve(problem, program, x, free, np.zeros(len(x), dtype=bool), left, flag, Options())
    return x


def _masks(problem: Problem, program: QuadraticProgram) -> Iterator[Bools]:
    """Yield which integers are decided anew: all of them where they are few."""
    if program.A.nnz <= SMALL:
        yield program.is_integer
        return
    yield from neighbourhoods(problem.m, None)
