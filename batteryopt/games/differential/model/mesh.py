"""Where the time axis is cut: a first grid from the instance's own rates, and refinement where the paths bend.

The error of a path is estimated from the path alone, element by element: its Legendre coefficients fall off
geometrically where the element is short enough, and the first one left out is extrapolated from the last two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.path.quadrature import FloatArray, Rule, legendre_coefficients
from batteryopt.games.differential.path.time_grid import FiniteGrid, InfiniteGrid, TimeGrid
from batteryopt.games.differential.path.trajectory import Trajectory

_GROWTH = 1.5
"""By how much a first element may be longer than the one before."""
_FIRST_TAIL = 1e-3
"""Discount factor at which the first grid's last element starts."""
_TAIL_STEPS = 8
"""Elements that an unresolved last element is cut into, each half as wide in the discount factor as the one before."""
_NOISE = 1e-13
"""Coefficients below this share of a path's size are rounding."""


def first_grid(instance: Instance, degree: int) -> TimeGrid:
    """Return a grid whose first element is as long as the fastest decay of efficiency left alone takes, 1/|E|.

    Only the instance's own parameters are used: decay, discount rate, horizon and the times of its credit prices.
    """
    game = instance.matrices()
    pace = 1.0 / float(np.abs(np.linalg.eigvals(game.efficiency_decay)).max())
    kinks = [t for t in instance.credit_price_times or () if t > 0.0]
    if instance.horizon_length is not None:
        longest = instance.horizon_length / 4.0
        ends = _growing(min(pace, longest), longest, instance.horizon_length)
        return FiniteGrid(
            discount_rate=game.discount_rate, ends=_merged([*ends, *kinks], instance.horizon_length), degree=degree
        )
    longest = np.log(2.0) / game.discount_rate
    tail = max([-np.log(_FIRST_TAIL) / game.discount_rate, *kinks])
    times = _merged([*_growing(min(pace, longest), longest, tail), *kinks], tail)
    levels = np.exp(-game.discount_rate * np.array(times))
    return InfiniteGrid(discount_rate=game.discount_rate, levels=(*levels.tolist(), 0.0), degree=degree)


def _growing(first: float, longest: float, end: float) -> list[float]:
    """Return times from 0 to `end` whose distances grow from `first` to `longest`."""
    times, length = [0.0], first
    while times[-1] + length < end:
        times.append(times[-1] + length)
        length = min(_GROWTH * length, longest)
    return [*times, end]


def _merged(times: list[float], end: float) -> tuple[float, ...]:
    """Return sorted times up to `end`, none nearer to its neighbour than rounding allows."""
    merged = [0.0]
    for time in sorted(t for t in times if t <= end):
        if time - merged[-1] > 1e-9 * end:
            merged.append(time)
    merged[-1] = end
    return tuple(merged)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeshError:
    """Estimated errors of a discretised solution.

    Attributes
    ----------
    by_element
        Largest estimated error of any path, relative to the path's size (elements).
    discounts
        Discount factor at each element's start (elements).
    tail
        Bound of what the last element of an infinite horizon can change in the present value, relative to it: the
        element's discounted length times the spread of the money flow on it. It holds where the flow is monotone there.
    """

    by_element: FloatArray
    tail: float
    discounts: FloatArray | None = None

    def worst(self, deepest: float = 0.0) -> float:
        """Return the largest error of any element that starts while the discount factor is above `deepest`.

        What comes later counts for so little that a search for the largest value does not determine it.
        """
        if self.discounts is None:
            return float(self.by_element.max())
        return float(self.by_element[self.discounts > deepest].max())


def estimate(trajectory: Trajectory, flow: FloatArray, sold: FloatArray) -> MeshError:
    """Return estimated errors of a trajectory.

    Wholesale prices are judged by what they bring in: that of a vehicle which nobody buys may be anything.

    Parameters
    ----------
    flow
        The chain's money flow at all nodes in order of time.
    sold
        Demands at all nodes in order of time, (k, n).
    """
    grid, paths = trajectory.grid, [_left_out(trajectory.grid, trajectory.efficiency_with_starts, with_start=True)]
    paths += [_left_out(grid, values, with_start=False) for values in (trajectory.innovation, trajectory.prices)]
    if trajectory.wholesale_prices is not None:
        earned = trajectory.wholesale_prices * sold.reshape(trajectory.prices.shape)
        paths.append(_left_out(grid, earned, with_start=False, size=float(np.abs(earned).max())))
    by_element = np.max([errors.max(axis=1) for errors in paths], axis=0)
    value = abs(trajectory.integral(flow))
    last = flow.reshape(grid.times.shape)[-1]
    tail = grid.discounted_weights[-1].sum() * np.ptp(last) if np.isinf(grid.breaks[-1]) else 0.0
    discounts = np.exp(-grid.discount_rate * grid.breaks[:-1])
    return MeshError(by_element=by_element, tail=float(tail / max(value, 1e-300)), discounts=discounts)


def _left_out(grid: TimeGrid, values: FloatArray, *, with_start: bool, size: float | None = None) -> FloatArray:
    """Return the first Legendre coefficient left out, extrapolated (elements, paths).

    It is relative to each path's size, or to a size that is given.
    """
    by_point = np.moveaxis(values, 1, 0)
    coefficients = legendre_coefficients(Rule.RADAU, by_point, grid.degree, with_start=with_start)
    coefficients[:, -1] = legendre_coefficients(grid.last_rule, by_point[:, -1], grid.degree, with_start=with_start)
    sizes = np.maximum(np.abs(values).max(axis=(0, 1)) if size is None else size, 1e-12)
    last, before = np.abs(coefficients[-1]) / sizes, np.abs(coefficients[-2]) / sizes
    result: FloatArray = last * np.minimum(1.0, last / np.maximum(before, _NOISE))
    return result


def refine(
    grid: TimeGrid, error: MeshError, tolerance: float, *, tail_tolerance: float = np.inf, deepest: float = 0.0
) -> TimeGrid:
    """Return a grid with every element cut whose error exceeds the tolerance; the same grid where none does.

    An element is cut in two, in the middle in time; the last one of an infinite horizon into several, each half as
    wide on the axis as the one before it, unless it starts below the discount factor `deepest` already. That one is
    cut for its bound of the present value too. Other elements that start below that factor are left alone as well.
    """
    is_poor = error.by_element > tolerance
    if error.discounts is not None and isinstance(grid, InfiniteGrid):
        is_poor &= error.discounts > deepest
    if isinstance(grid, FiniteGrid):
        middles = (grid.breaks[:-1] + grid.breaks[1:])[is_poor] / 2.0
        return replace(grid, ends=tuple(np.sort([*grid.ends, *middles]).tolist()))
    if not isinstance(grid, InfiniteGrid):
        raise TypeError(f"no way to refine a {type(grid).__name__}")
    body = np.array(grid.levels[:-1])
    logs = np.log(body)
    levels = [*body, *np.exp((logs[:-1] + logs[1:])[is_poor[:-1]] / 2.0)]
    if (is_poor[-1] or error.tail > tail_tolerance) and grid.discount_at(body[-1]) > deepest:
        levels += [*body[-1] * 0.5 ** np.arange(1, _TAIL_STEPS + 1)]
    return replace(grid, levels=(*np.sort(levels)[::-1].tolist(), 0.0))


def halved(grid: TimeGrid) -> TimeGrid:
    """Return the grid with every element cut in two, for tables of convergence."""
    everywhere = np.full(grid.elements, np.inf)
    if not isinstance(grid, InfiniteGrid):
        return refine(grid, MeshError(by_element=everywhere, tail=0.0), 0.0)
    everywhere[-1] = 0.0  # the last element reaches to infinity: it is cut at half its discount factor
    finer = refine(grid, MeshError(by_element=everywhere, tail=0.0), 0.0)
    assert isinstance(finer, InfiniteGrid)
    return replace(finer, levels=(*finer.levels[:-1], 0.5 * finer.levels[-2], 0.0))
