"""When innovation reaches its caps and leaves them: there its path has kinks, and elements are made to meet.

No polynomial follows a kink within an element, however short: halving elements around it gains a factor of two a round.
But innovation at an instant is what maximises ``lambda' M g - g' K g`` between 0 and the caps, and the shadow price
lambda is smooth. A first path with blurred kinks gives lambda far more exactly than innovation itself, lambda gives the
times at which an effort comes to a limit or leaves it, and a grid that is cut there gives the next path. An error of
the times comes back squared.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.model.shadow_prices import shadow_prices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model

LimitArray: TypeAlias = NDArray[np.int_]
"""`CapStanding` by element and effort."""
_SAMPLES = 12
"""Times an element at which limits are looked at: two switches nearer to each other wait for a finer grid."""
_EDGE = 1e-3
"""Part of an element next to its ends that is not looked at: kinks stand there."""
_STEP = 1e-3
"""Part of the shortest element over which a steepness is measured."""
_SWEEPS = 200
_BISECTIONS = 50
_EXPLAINED = 0.1
"""Mean distance of the found path from what lambda says, relative to its size, up to which lambda is believed: that of
a path far from the best one is another."""


class CapStanding(enum.IntEnum):
    """What is known of an effort through an element."""

    ZERO = -1
    NONE = 0
    """It is free, and keeps off its limits by itself."""
    CAP = 1
    BOX = 2
    """Nothing: it is to be decided between its limits."""


@dataclass(frozen=True, kw_only=True)
class Kinks:
    """Where a path has kinks.

    Attributes
    ----------
    times
        Rising.
    steepness
        By how much of its cap innovation changes a month there, at most of all efforts; one a kink.
    """

    times: tuple[float, ...] = ()
    steepness: tuple[float, ...] = ()

    def are_at(self, times: tuple[float, ...], tolerance: float) -> bool:
        """Whether a path with its kinks at other times is off by no more than a tolerance, relative to the caps."""
        if len(times) != len(self.times):
            return False
        moved = np.abs(np.array(times) - self.times)
        return bool((moved * self.steepness <= tolerance).all())


def samples(breaks: FloatArray) -> FloatArray:
    """Return times in every element but one without end, on which paths have come to rest or money has.

    The end of a horizon is none of them: what comes to a limit only there has no kink.
    """
    breaks = breaks[np.isfinite(breaks)]
    starts, lengths = breaks[:-1, None], np.diff(breaks)[:, None]
    times = (starts + lengths * np.linspace(0.0, 1.0, _SAMPLES, endpoint=False)).ravel()
    return np.append(times, breaks[-1] - _EDGE * lengths[-1, 0])


def turns(standing_at: Callable[[FloatArray], NDArray[np.int_]], times: FloatArray) -> FloatArray:
    """Return when something changes that is known at any times (k, .), as far as it differs between given ones."""
    standing = standing_at(times)
    places = np.flatnonzero((standing[:-1] != standing[1:]).any(axis=1))
    low, high = times[places], times[places + 1]
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        is_before = (standing_at(middle) == standing[places]).all(axis=1)
        low, high = np.where(is_before, middle, low), np.where(is_before, high, middle)
    return high


class WantedInnovation:
    """The innovation that lambda asks for, at any time."""

    def __init__(self, instance: Instance, model: Model, path: Trajectory, deepest: float) -> None:
        game = instance.matrices()
        self._path, self._caps, self._deepest = path, np.array(instance.innovation_caps), deepest
        self._cost = game.innovation_cost
        self._pull = shadow_prices(instance, model, path) @ game.innovation_effectiveness / 2.0
        if instance.innovation_budget is not None:
            self._pull = self._pull / self._dearness()

    @classmethod
    def by(cls, instance: Instance, model: Model, path: Trajectory, deepest: float) -> WantedInnovation | None:
        """Return what is wanted along a path that a search has found; None without caps, or where lambda is not known.

        Where limits on prices may bind, lambda is another one: nothing is fixed by it there.

        Parameters
        ----------
        deepest
            Discount factor below which nothing is asked of a path.
        """
        if instance.innovation_caps is None or instance.constrains_prices():
            return None
        wanted = cls(instance, model, path, deepest)
        return wanted if wanted._explains(path) else None

    def kinks(self) -> Kinks:
        """Return when an effort reaches a limit or leaves it."""
        times = turns(self._limits_at, samples(self._path.grid.breaks))
        times = times[self._counts(times)]
        return Kinks(times=tuple(times.tolist()), steepness=tuple(self._steepness(times).tolist()))

    def limits_on(self, grid: TimeGrid) -> LimitArray:
        """Return where every effort stands in every element (e, r); in a box where it does not stay there."""
        starts, ends = grid.breaks[:-1], grid.breaks[1:]
        ends = np.where(np.isfinite(ends), ends, grid.times[:, -1])
        seen = np.array([self._limits_at(starts + part * (ends - starts)) for part in (_EDGE, 0.5, 1.0 - _EDGE)])
        return np.where((seen == seen[0]).all(axis=0), seen[0], CapStanding.BOX)

    def _counts(self, times: FloatArray) -> NDArray[np.bool_]:
        return np.asarray(np.exp(-self._path.grid.discount_rate * times) > self._deepest)

    def _dearness(self) -> float:
        """Return how many times dearer a budget makes innovation: what it brings over what it costs, off the limits."""
        found = self._path.innovation
        is_free = (found > 0.01 * self._caps) & (found < 0.99 * self._caps)
        counted = self._path.grid.discounted_weights[..., None] * found * is_free
        spent, brought = np.sum(counted * (found @ self._cost)), np.sum(counted * self._pull[:, 1:])
        return max(1.0, float(brought / max(spent, 1e-300)))

    def _explains(self, path: Trajectory) -> bool:
        """Whether the found innovation is about what lambda asks for, as its money counts."""
        best = in_the_box(self._cost, self._pull[:, 1:].reshape(-1, len(self._caps)), self._caps)
        off = np.abs(best.reshape(path.innovation.shape) - path.innovation).sum(axis=2)
        size = np.abs(path.innovation).sum(axis=2)
        return path.integral(off) <= _EXPLAINED * path.integral(size)

    def _limits_at(self, times: FloatArray) -> LimitArray:
        """Return where every effort stands at given times (k, r)."""
        best = self._best(times)
        return np.asarray((best >= self._caps).astype(int) - (best <= 0.0).astype(int))

    def _steepness(self, times: FloatArray) -> FloatArray:
        """Return how fast innovation changes on the steeper side of given times, relative to the caps (k)."""
        step = _STEP * np.diff(self._path.grid.breaks).min()
        here, change = self._best(times), np.zeros((len(times), len(self._caps)))
        for side in (-step, step):
            change = np.maximum(change, np.abs(self._best(np.maximum(times + side, 0.0)) - here) / step)
        return np.asarray((change / self._caps).max(axis=1, initial=0.0))

    def _best(self, times: FloatArray) -> FloatArray:
        grid = self._path.grid
        position = grid.position(times)
        element = np.minimum(position.astype(int), grid.elements - 1)
        rows = self._path.rows_at(element, position - element, with_start=True)
        return in_the_box(self._cost, np.einsum("kd,kdr->kr", rows, self._pull[element]), self._caps)


def in_the_box(cost: FloatArray, pull: FloatArray, caps: FloatArray) -> FloatArray:
    """Return the g (k, r) that maximise ``2 pull' g - g' cost g`` between 0 and the caps: one effort after the other.

    The cost is positive definite: the sweeps converge, and stop where nothing moves any more.
    """
    best = np.clip(pull / np.diag(cost), 0.0, caps)
    for _ in range(_SWEEPS if len(caps) > 1 else 0):
        before = best.copy()
        for effort in range(len(caps)):
            others = best @ cost[effort] - best[:, effort] * cost[effort, effort]
            best[:, effort] = np.clip((pull[:, effort] - others) / cost[effort, effort], 0.0, caps[effort])
        if np.abs(best - before).max(initial=0.0) <= 1e-15 * caps.max():
            break
    return best
