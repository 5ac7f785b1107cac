"""A plan from the relaxation over the items that matter: prices learn what whole facilities cost, until flows gather.

The same "dynamic slope scaling" as for a first plan of smaller networks (see `batteryopt.network.search.start`), over
items: where little flows, a facility becomes dear. Then what opens is decided, sizes follow what flows need, and flows
are decided once more at true prices, as long as that saves.
"""

from __future__ import annotations

import time

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.facility_regions import owners
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.relaxation import seconds_left
from batteryopt.network.search.start import Facilities

SCALINGS = 12
"""Times that prices are scaled."""
CLEANINGS = 6
"""Times that sizes are cut to what flows need."""
DEAREST = 1e3
"""Largest factor of a price."""
LEAST = 1e-6


class Gathering:
    """Prices and bounds while flows gather; the relaxation is afterwards as it was, but for its basis."""

    def __init__(self, sifted: Sifted, deadline: float) -> None:
        assert sifted.x is not None
        self.sifted, self.deadline = sifted, deadline
        self.x: Floats | None = sifted.x
        self.places = Facilities(sifted.s.problem.m)
        self.core = sifted.s.problem.core
        program = sifted.program
        self.true = np.concatenate([program.costs[: program.first], program.costs[program.first + sifted.items]])
        self.owner = owners(program)
        sizes = np.arange(self.places.sizes.start, self.places.sizes.stop)
        self.columns: Ints = np.searchsorted(program.careers, sizes)
        self.lower, self.upper = self.core.lower[sizes], self.core.upper[sizes]

    def is_over(self) -> bool:
        """Whether time or hope is gone."""
        return self.x is None or time.monotonic() > self.deadline or self.sifted.flag.is_set

    def _solve(self) -> Floats | None:
        return self.sifted.lp.solve(seconds_left(self.deadline)).x

    def _cover(self) -> Floats:
        """Return whole sizes that are enough for what the point processes."""
        assert self.x is not None
        return self.places.cover(self.sifted.whole(self.x), self.lower, self.upper)

    def scale(self) -> None:
        """Solve with prices that say what facilities of the size needed cost as a whole."""
        factor = np.ones(self.places.count)
        careers = np.flatnonzero(self.owner >= 0)
        for _ in range(SCALINGS):
            if self.is_over():
                break
            assert self.x is not None
            costs, places = self.core.c, self.places
            whole, paid = places.costs(costs, self._cover()), places.costs_at(costs, self.sifted.whole(self.x))
            is_used = (paid > LEAST) & (whole > 0)
            factor[is_used] = np.clip(whole[is_used] / paid[is_used], 1.0, DEAREST)
            prices = np.array(self.true)
            prices[careers] *= factor[self.owner[careers]]
            self.sifted.lp.set_costs(prices)
            self.x = self._solve()
        self.sifted.lp.set_costs(self.true)

    def settle(self) -> Floats | None:
        """Return the best point with whole sizes: what opens is fixed first, then sizes, then what is not needed."""
        best, found, opens = np.inf, None, self.places.step == 0
        for turn in range(CLEANINGS):
            if self.is_over():
                break
            sizes = self._cover()
            fixed = opens if turn == 0 else np.ones_like(opens)
            lower, upper = np.where(fixed, sizes, self.lower), np.where(fixed, sizes, self.upper)
            self.sifted.lp.set_bounds(self.columns, lower, upper)
            self.x = self._solve()
            if self.x is None:
                break
            value = float(self.true @ self.x)
            if turn > 0 and value >= best - LEAST * abs(best):
                break
            if turn > 0:
                best, found = value, self.x
        self.sifted.lp.set_bounds(self.columns, self.lower, self.upper)
        return found


def gathered(sifted: Sifted, deadline: float) -> Floats | None:
    """Return a point of the relaxation whose sizes are whole; None where there is none in time."""
    if sifted.x is None:
        return None
    gathering = Gathering(sifted, deadline)
    gathering.scale()
    return gathering.settle()
