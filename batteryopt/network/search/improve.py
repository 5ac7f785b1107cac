"""Better plans around a plan: some facilities are decided anew, all others stay, and the best of these is taken."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse.csgraph import shortest_path

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
MOST_SITES = 3_000
"""Up to so many sites the distances of all pairs are held."""
FOLLOWING = ("trips", "is_covered", "goes_to", "stays", "goes_to_by_mode")
"""Integers that follow from which facilities stand, decided anew with them."""
SPLIT = 1e-3
"""Difference of the relaxation and a plan from which an integer is decided anew."""


def neighbourhoods(m: Formulation, apart: Floats | None, *, seed: int = 0) -> Iterator[Bools]:
    """Yield masks over the model's columns: which integers are decided anew. Endless: types, dearest first, regions.

    Parameters
    ----------
    apart
        How far sites are from each other (sites, sites), by whatever measure; None where nothing says so.
    """
    generator = np.random.default_rng(seed)
    family = m.families["is_open"]
    cost = np.zeros(int(family.index["type"].max(initial=0)) + 1)
    np.maximum.at(cost, family.index["type"], np.abs(m.account("opening")[m.families["raised"].positions]))
    types = np.argsort(-cost)
    while True:
        for chosen in types.tolist():
            yield _columns(m, lambda index, chosen=chosen: index["type"] == chosen)
        for near in _regions(len(m.labels["site"]), apart, generator):
            yield _columns(m, lambda index, near=near: near[index["site"]])


def _columns(m: Formulation, is_free: Callable[..., Bools]) -> Bools:
    """Return the mask of facility decisions that are free, and of all integers that follow from them."""
    mask = np.zeros(m.size, dtype=bool)
    for name in ("is_open", "is_full"):
        if name in m.families:
            mask[m.families[name].positions] = is_free(m.families[name].index)
    for name, family in m.families.items():
        if family.is_added or name in FOLLOWING:
            mask[family.positions] = True
    return mask


def _regions(sites: int, apart: Floats | None, generator: np.random.Generator) -> Iterator[Bools]:
    """Yield sets of sites that cover all: those near a seed, or random ones."""
    size = min(sites, max(FEWEST, round(NEIGHBOURS * sites)))
    uncovered = np.ones(sites, dtype=bool)
    while uncovered.any():
        seed = generator.choice(np.flatnonzero(uncovered))
        if apart is None:
            near = np.concatenate([[seed], generator.choice(sites, size - 1, replace=False)])
        else:
            near = np.argsort(apart[seed], kind="stable")[:size]
        mask = np.zeros(sites, dtype=bool)
        mask[near] = True
        uncovered &= ~mask
        yield mask


def distances(m: Formulation, cost: Floats, positions: Floats | None) -> Floats | None:
    """Return how far sites are from each other (sites, sites): by their positions, else by what a tonne costs there.

    The cheapest way over any lanes, in either direction, by the objective's own prices: no coordinates are needed.
    None where there are more sites than a table should have, or no lane costs anything.
    """
    sites = len(m.labels["site"])
    if sites > MOST_SITES:
        return None
    if positions is not None:
        return np.asarray(np.linalg.norm(positions[:, None] - positions, axis=2), dtype=float)
    family = m.families["shipped"]
    price = cost[family.positions]
    if not (price > 0).any():
        return None
    table = np.full((sites, sites), np.inf)
    np.minimum.at(table, (family.index["origin"], family.index["destination"]), np.maximum(price, UNUSED))
    return np.asarray(shortest_path(np.minimum(table, table.T), directed=False), dtype=float)


def split(x: Floats, plan: Floats, is_integer: Bools) -> Bools:
    """Return the integers of a plan that the relaxation decides otherwise, or not as a whole (n)."""
    return np.asarray(is_integer & (np.abs(x - plan) > SPLIT), dtype=bool)


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
    """Return the seconds that one search may take: a share of what is left, and never more than that."""
    left = deadline - time.monotonic()
    return float(min(np.clip(left * share, least, most), max(left, 0.0))) if np.isfinite(left) else most
