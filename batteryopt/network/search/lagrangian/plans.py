"""Plans from what the relaxed problem has standing: what flows miss is added, what they leave idle goes."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.lagrangian.restricted import Maker, Restricted
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.worth import SizeBounds, Worth, free_sizes, of_levels
from batteryopt.network.search.start import Facilities
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import Watch, run

MISSED = 1e-5
"""Largest violation of a row, relative to its terms, that a solver's tolerances and rounded numbers leave."""
WAYS = 8
"""Flows from each node that a plan is valued with at first: those of most worth."""


class Planner:
    """Finds plans for facilities.

    Attributes
    ----------
    x, objective
        Best point of the problem so far; infinite where there is none.
    """

    def __init__(self, s: Structure, maker: Maker, options: Options, flag: InterruptFlag) -> None:
        self.s, self.maker, self.options, self.flag = s, maker, options, flag
        self.facilities = Facilities(s.problem.m)
        self.x: Floats | None = None
        self.objective = np.inf
        self._tried: set[bytes] = set()

    def offer(self, x: Floats) -> bool:
        """Keep a point if it is a plan and the best; return whether it is."""
        core = self.s.problem.core
        x = np.where(core.is_integer, np.round(x), x)
        value = core.objective(x)
        if value >= self.objective or core.violation(x) > MISSED:
            return False
        self.x, self.objective = x, value
        return True

    def try_levels(self, level: Ints, prices: Worth, deadline: float) -> bool:
        """Make a plan of levels that need not be enough (F, T); return whether it is the best."""
        if level.tobytes() in self._tried or self.flag.is_set:
            return False
        self._tried.add(level.tobytes())
        free, asked = free_sizes(self.s), of_levels(self.s, level)
        x = self._flows(asked, prices, deadline)
        if x is not None:
            return self.offer(x)
        at_least = SizeBounds(lower=np.minimum(asked.lower, free.upper), upper=free.upper)
        x = self._flows(at_least, prices, deadline, whole=False)
        return x is not None and self.try_point(x, prices, deadline)

    def try_point(self, x: Floats, prices: Worth, deadline: float) -> bool:
        """Make a plan of what a point processes; return whether it is the best."""
        core, places = self.s.problem.core, self.facilities
        sizes = places.cover(x, core.lower[places.sizes], core.upper[places.sizes])
        whole = np.zeros(len(core.c))
        whole[places.sizes] = sizes
        columns = self.s.careers.columns
        stands = np.where(columns >= 0, whole[np.maximum(columns, 0)], 0.0)
        found = self._flows(SizeBounds(lower=stands, upper=stands), prices, deadline)
        return found is not None and self.offer(found)

    def _flows(self, sizes: SizeBounds, prices: Worth, deadline: float, *, whole: bool = True) -> Floats | None:
        """Return the cheapest flows within bounds of sizes; whole or not, as far as there is anything to choose."""
        usable = self.maker.usable(sizes)
        for ways in (WAYS, 4 * WAYS, None):
            keep = usable if ways is None else usable & best_ways(self.maker, prices, usable, ways)
            found = self._solve(self.maker.restrict(keep | ~self.maker.may_go, sizes), deadline, whole=whole)
            if found is not None or time.monotonic() > deadline or self.flag.is_set:
                return found
            if keep.sum() == usable.sum():
                return None
        return None

    def _solve(self, restricted: Restricted, deadline: float, *, whole: bool) -> Floats | None:
        program = restricted.program
        to_choose = program.is_integer & (program.lower < program.upper) & whole
        program = dataclasses.replace(program, is_integer=to_choose)
        options = dataclasses.replace(self.options, time_limit=seconds_left(deadline), log=False)
        found = run(program, options, Watch(flag=self.flag))
        if found.x is None or found.stop_reason is not StopReason.CONVERGED:
            return None
        return restricted.whole(found.x, len(self.s.costs))


def best_ways(maker: Maker, prices: Worth, usable: Bools, ways: int) -> Bools:
    """Return the flows of most worth, so many from each node (flows)."""
    flow = np.where(usable, prices.flow[maker.flows], np.inf)
    order = np.lexsort((flow, maker.origin))
    origin = maker.origin[order]
    number = np.bincount(np.maximum(origin, 0), minlength=maker.s.nodes)
    rank = np.arange(len(origin)) - (np.cumsum(number) - number)[origin]
    keep = np.zeros(len(flow), dtype=bool)
    keep[order] = rank < ways
    return keep & usable
