"""Grids whose elements meet where paths have kinks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from batteryopt.games.differential.model.cap_switches import Kinks, LimitArray, WantedInnovation
from batteryopt.games.differential.model.mesh import MeshError, refine, with_breaks
from batteryopt.games.differential.model.price_switches import WantedPrices
from batteryopt.games.differential.model.switch_search import Jumps
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid

_NEAR = 0.1
"""Part of an element nearer to whose end a kink takes the end's place: slivers are badly conditioned."""
_SAME = 1e-7
"""Part of the element around them up to which two kinks are one: what the path does in between weighs nothing."""
_PATIENCE = 8
"""Rounds for which the jumps of the first path are kept to, where later ones ask for other ways of pricing."""


@dataclass(frozen=True, kw_only=True)
class CutGrid:
    """A grid, and which of its cuts are kinks.

    Attributes
    ----------
    kinks
        Times at which elements meet because a search found a kink there; a later search may move them.
    fixed
        Times at which elements meet because the data have a kink there.
    limits
        Where each effort stands in each element; None where that is not known yet.
    ways
        Which way of pricing a leader takes before, between and after the kinks; None where that is not known.
    jumps
        What is known of the times at which it changes from one to the next.
    """

    grid: TimeGrid
    kinks: tuple[float, ...] = ()
    fixed: tuple[float, ...] = ()
    limits: LimitArray | None = None
    ways: tuple[int, ...] | None = None
    jumps: Jumps = field(default_factory=Jumps)

    def finer(
        self, error: MeshError, wanted: WantedInnovation | WantedPrices | None, tolerance: float, **depth: float
    ) -> CutGrid:
        """Return the next grid: the elements meet at the kinks, and others are cut for their error.

        An element with a kink inside is cut there and nowhere else: its error says nothing else. The same grid comes
        back where neither the kinks have moved, by what that changes in the path, nor efforts come to stand elsewhere,
        nor an error exceeds the tolerance.
        """
        efforts = wanted if isinstance(wanted, WantedInnovation) else None
        if efforts is not None and self.limits is None:
            # What a path errs that was sought between limits comes of the limits: of blurred kinks, and of the slack
            # that an interior point leaves.
            error = replace(error, by_element=np.zeros_like(error.by_element))
        found, plan = Kinks() if wanted is None else wanted.kinks(), self
        if found.are_at(self.kinks, tolerance):
            grid, kinks = refine(self.grid, error, tolerance, **depth), self.kinks
        else:
            if isinstance(wanted, WantedPrices):
                plan = self._moved(wanted, found)
                found = replace(found, times=plan.kinks)
            grid, kinks = self._cut_at(found, error, tolerance, **depth)
        limits = None if efforts is None else efforts.limits_on(grid)
        are_kept = (
            limits is self.limits if limits is None or self.limits is None else np.array_equal(limits, self.limits)
        )
        if grid is self.grid and are_kept:
            return self
        ways = plan.ways if kinks == plan.kinks else None  # a kink that is a cut already is none of them
        return replace(plan, grid=grid, kinks=kinks, limits=limits, ways=ways)

    def _moved(self, wanted: WantedPrices, asked: Kinks) -> CutGrid:
        """Return this with the kinks of the next round: a leader's jumps where they promise to stay, others as asked.

        Of the grid nothing is changed yet: see `Jumps`, and `WantedPrices.start_on` for what the ways are for.
        """
        ways = wanted.ways_between(asked.times)
        as_asked = replace(self, kinks=asked.times, ways=ways, jumps=Jumps())
        if not wanted.is_led or not self.kinks or self.ways is None:
            return as_asked
        jumps = self.jumps.with_gains(self.kinks, wanted.gains(self.kinks, self.ways))
        if ways != self.ways and len(jumps.tried) > _PATIENCE:
            return as_asked
        end = float(self.grid.breaks[np.isfinite(self.grid.breaks)][-1])
        times = jumps.next_times(asked.times if ways == self.ways else (), end)
        return replace(self, kinks=times, jumps=jumps)

    def _cut_at(
        self, found: Kinks, error: MeshError, tolerance: float, **depth: float
    ) -> tuple[TimeGrid, tuple[float, ...]]:
        """Return a grid whose elements meet at the kinks that were found, and no longer at those it had; and which."""
        by_element = error.by_element.copy()
        by_element[self.grid.position(np.array(found.times)).astype(int)] = 0.0
        grid = refine(self.grid, replace(error, by_element=by_element), tolerance, **depth)
        others = [t for t in grid.breaks if not np.isclose(t, self.kinks, rtol=1e-9, atol=0.0).any()]
        kinks = _apart(found.times, np.array([*others, *self.fixed]))
        return with_breaks(grid, _without_slivers(np.array(others), kinks, self.fixed)), kinks


def _apart(times: tuple[float, ...], breaks: FloatArray) -> tuple[float, ...]:
    """Return kinks without those that all but stand at a cut, or at another kink."""
    kept: list[float] = []
    for time in times:
        finite = np.sort([*breaks[np.isfinite(breaks)], *kept])
        length = np.ptp(finite[np.clip(np.searchsorted(finite, time) + np.array([-1, 0]), 0, len(finite) - 1)])
        if np.abs(finite - time).min() > _SAME * length:
            kept.append(time)
    return tuple(kept)


def _without_slivers(breaks: FloatArray, kinks: tuple[float, ...], fixed: tuple[float, ...]) -> FloatArray:
    """Return cuts with the kinks among them, and without cuts that would leave slivers next to a kink."""
    for kink in kinks:
        after = int(np.searchsorted(breaks, kink))
        before, length = after - 1, breaks[after] - breaks[after - 1]
        near = [
            place
            for place in (before, after)
            if 0 < place < len(breaks) - 1
            and abs(breaks[place] - kink) < _NEAR * length
            and not np.isclose(breaks[place], [*fixed, *kinks], rtol=1e-9, atol=0.0).any()
        ]
        breaks = np.sort([*np.delete(breaks, near), kink])
    return breaks
