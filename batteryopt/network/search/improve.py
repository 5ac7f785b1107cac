"""Better plans around a plan: some facilities are decided anew, all others stay, and the best of these is taken."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.search.searched_problem import Problem
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import Watch, run

SUB_GAP = 1e-3
"""Relative gap at which a search around a plan is content."""
NEIGHBOURS = 0.12
"""Share of all sites that one regional search decides anew, at least `FEWEST`."""
FEWEST = 8
MANY_FLOWS = 20_000
KEPT_FLOWS = 0.3
"""Share of the flows that a search around a plan keeps where there are many."""
UNUSED = 1e-9


def neighbourhoods(m: Formulation, positions: Floats | None, *, seed: int = 0) -> Iterator[Bools]:
    """Yield masks over the model's columns: which integers are decided anew. Endless: types, dearest first, regions.

    Parameters
    ----------
    positions
        Coordinates of the sites (sites, any number of dimensions); None where they have none.
    """
    generator = np.random.default_rng(seed)
    family = m.families["is_open"]
    cost = np.zeros(int(family.index["type"].max(initial=0)) + 1)
    np.maximum.at(cost, family.index["type"], np.abs(m.account("opening")[m.families["raised"].positions]))
    types = np.argsort(-cost)
    while True:
        for chosen in types.tolist():
            yield _columns(m, lambda index, chosen=chosen: index["type"] == chosen)
        for near in _regions(len(m.labels["site"]), positions, generator):
            yield _columns(m, lambda index, near=near: near[index["site"]])


def _columns(m: Formulation, is_free: Callable[..., Bools]) -> Bools:
    """Return the mask of facility decisions that are free, and of all integers that follow from them."""
    mask = np.zeros(m.size, dtype=bool)
    for name in ("is_open", "is_full"):
        if name in m.families:
            mask[m.families[name].positions] = is_free(m.families[name].index)
    for name, family in m.families.items():
        if family.is_added or name in ("trips", "is_covered"):
            mask[family.positions] = True
    return mask


def _regions(sites: int, positions: Floats | None, generator: np.random.Generator) -> Iterator[Bools]:
    """Yield sets of sites that cover all: those near a seed, or random ones."""
    size = min(sites, max(FEWEST, round(NEIGHBOURS * sites)))
    uncovered = np.ones(sites, dtype=bool)
    while uncovered.any():
        seed = generator.choice(np.flatnonzero(uncovered))
        if positions is None:
            near = np.concatenate([[seed], generator.choice(sites, size - 1, replace=False)])
        else:
            near = np.argsort(np.linalg.norm(positions - positions[seed], axis=1))[:size]
        mask = np.zeros(sites, dtype=bool)
        mask[near] = True
        uncovered &= ~mask
        yield mask


def improve(
    problem: Problem,
    program: QuadraticProgram,
    x: Floats,
    free: Bools,
    idle: Bools,
    seconds: float,
    flag: InterruptFlag,
    options: Options,
) -> Floats:
    """Return the best point found with all integers but the free ones as they are; the point given, if none is better.

    Parameters
    ----------
    program
        The problem with the cuts that matter.
    idle
        Columns that are left out where the point does not use them.
    """
    fixed = program.is_integer & ~free
    lower, upper = np.array(program.lower), np.array(program.upper)
    lower[fixed] = upper[fixed] = np.round(x[fixed])
    upper[idle & (x <= UNUSED)] = 0.0
    sub = dataclasses.replace(program, lower=lower, upper=upper, is_integer=program.is_integer & free)
    settings = dataclasses.replace(options, time_limit=seconds, relative_gap=SUB_GAP, log=False)
    found = run(sub, settings, Watch(flag=flag), start=x).x
    if found is None or problem.core.objective(found) >= problem.core.objective(x):
        return x
    whole = np.where(program.is_integer, np.round(found), found)
    return found if np.max(abs(whole - found), initial=0.0) > 1e-5 else whole


def idle_flows(m: Formulation, reduced_costs: Floats) -> Bools:
    """Return the flows that the relaxation finds least worth their while (n): a search around a plan does without."""
    mask = np.zeros(m.size, dtype=bool)
    flows = m.families["shipped"].positions
    if len(m.families["shipped"]) > MANY_FLOWS:
        mask[flows] = reduced_costs[flows] > np.quantile(reduced_costs[flows], KEPT_FLOWS)
    return mask


def clock(deadline: float, share: float, least: float = 5.0, most: float = 120.0) -> float:
    """Return the seconds that one search may take: a share of what is left."""
    left = deadline - time.monotonic()
    return float(np.clip(left * share, least, most)) if np.isfinite(left) else most
