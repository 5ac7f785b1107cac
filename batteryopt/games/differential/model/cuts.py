"""Grids whose elements meet where paths have kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from batteryopt.games.differential.model.cap_switches import Kinks, LimitArray, WantedInnovation
from batteryopt.games.differential.model.mesh import MeshError, refine, with_breaks
from batteryopt.games.differential.model.price_switches import WantedPrices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid

_NEAR = 0.1
"""Part of an element nearer to whose end a kink takes the end's place: slivers are badly conditioned."""
_SAME = 1e-7
"""Part of the element around them up to which two kinks are one: what the path does in between weighs nothing."""
_MOST_SLOPE = 0.9
"""Most that a kink that is asked for is believed to move with one that stands: ten steps at once, at most."""


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
    before
        Kinks of the grid before, and those that the path found on it asked for; None where nothing is known of them.
    """

    grid: TimeGrid
    kinks: tuple[float, ...] = ()
    fixed: tuple[float, ...] = ()
    limits: LimitArray | None = None
    before: tuple[tuple[float, ...], tuple[float, ...]] | None = None

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
        found, before = Kinks() if wanted is None else wanted.kinks(), self.before
        if found.are_at(self.kinks, tolerance):
            grid, kinks = refine(self.grid, error, tolerance, **depth), self.kinks
        else:
            if efforts is None:
                found, before = replace(found, times=self._foreseen(found.times)), self._known_of(found.times)
            grid, kinks = self._cut_at(found, error, tolerance, **depth)
        limits = None if efforts is None else efforts.limits_on(grid)
        are_kept = (
            limits is self.limits if limits is None or self.limits is None else np.array_equal(limits, self.limits)
        )
        if grid is self.grid and are_kept:
            return self
        return replace(self, grid=grid, kinks=kinks, limits=limits, before=before)

    def _foreseen(self, asked: tuple[float, ...]) -> tuple[float, ...]:
        """Return where the path will ask for kinks that it asks for now, by the secant through the last two grids.

        A jump of prices changes what efficiency is worth before it, and so when it pays to jump: by up to as much as it
        has been moved. Taken as they are asked for, the times would come nearer by a factor a round, and a slow one.
        """
        if not self._knows(len(self.kinks)):
            return asked
        assert self.before is not None
        then = np.array(self.before)
        if len(asked) != len(self.kinks):  # too far, where there are no kinks to be asked for
            return tuple(((then[1] + self.kinks) / 2.0).tolist())
        now = np.array([self.kinks, asked])
        moved, answered = now - then
        slope = np.divide(answered, moved, out=np.zeros_like(moved), where=np.abs(moved) > 1e-12)
        step = (now[1] - now[0]) / (1.0 - np.clip(slope, -_MOST_SLOPE, _MOST_SLOPE))
        foreseen = now[0] + step
        is_in_order = np.all(np.diff(foreseen) > 0) and foreseen.min() > 0 and foreseen.max() < self.grid.breaks[-1]
        return tuple(foreseen.tolist()) if is_in_order else asked

    def _knows(self, kinks: int) -> bool:
        """Whether a grid before had as many kinks, and its path asked for as many, of which there are some."""
        return self.before is not None and kinks > 0 and {len(times) for times in self.before} == {kinks}

    def _known_of(self, asked: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Return what the next grid knows of this one, or of the one before where this one went too far."""
        went_too_far = len(asked) != len(self.kinks) and self._knows(len(self.kinks))
        return self.before if went_too_far else (self.kinks, asked)

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
