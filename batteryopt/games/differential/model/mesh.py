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
_DEGREE, _FAST_DEGREE = 5, 10
"""Nodes an element, and the same where money is discounted faster than paths change."""
_FAST_LENGTH = 2.5
"""Length L of an element of the latter kind, in units of 1/rho. What its n nodes leave of exp(-rho t), by which money
falls, is at most ``2 (L/4)^n / n!``: 5e-9 of what there is at its start."""
_FIRST_TAIL = 1e-3
"""Largest discount factor at which the first grid's last element starts."""
_DIED_OUT = 1e-5
"""Share of its size at which a path counts as died out: the next polynomial follows it to a hundredth of that."""
_DETERMINED = 1e-10
"""Discount factor down to which a search may still settle a path: beyond, its money is in the rounding of the rest."""
_NOTHING_LEFT = 1e-8
"""Discount factor below which there is no money left: a hundredth of the tolerance of present values."""
_TAIL_STEPS = 8
"""Elements that an unresolved last element is cut into, each half as wide in the discount factor as the one before."""
_NOISE = 1e-13
"""Coefficients below this share of a path's size are rounding."""


def degree_for(instance: Instance) -> int:
    """Return how many nodes an element has where nobody says so.

    Smooth paths that are discounted faster than they change take many elements for the discounting alone, and longer
    ones with more nodes do it with fewer nodes in all; kinks want short ones.
    """
    return _FAST_DEGREE if is_fast(instance) else _DEGREE


def is_fast(instance: Instance) -> bool:
    """Whether smooth paths are discounted faster than the slowest of them changes."""
    return not instance.constrains_prices() and _decay(instance)[0] < instance.discount_rate


def first_grid(instance: Instance, degree: int | None = None) -> TimeGrid:
    """Return a grid whose first element is as long as the fastest decay of efficiency left alone takes, 1/|E|.

    Only the instance's own parameters are used: decay, discount rate, horizon and the times of its credit prices.
    Where money is discounted, elements are short for the discount rate too, until there is next to no money left.
    """
    degree = degree_for(instance) if degree is None else degree
    rho, (slowest, fastest) = instance.discount_rate, _decay(instance)
    kinks = [t for t in instance.credit_price_times or () if t > 0.0]
    longest = (_FAST_LENGTH if degree >= _FAST_DEGREE else np.log(2.0)) / rho
    if instance.horizon_length is not None:
        end = instance.horizon_length
        worth = min(-np.log(_NOTHING_LEFT) / rho, end)
        longest = min(longest, end / 4.0)
        times = [
            *_growing(min(1.0 / fastest, longest), longest, worth),
            *_growing(longest, end / 4.0, end - worth, worth),
        ]
        return FiniteGrid(discount_rate=rho, ends=_merged([*times, *kinks], end), degree=degree)
    tail = max([-np.log(_tail_factor(slowest / rho)) / rho, *kinks])
    breaks = _merged([*_growing(min(1.0 / fastest, longest), longest, tail), *kinks], tail)
    pace = min(slowest, rho) if degree >= _FAST_DEGREE else rho
    levels = np.exp(-pace * np.array(breaks))
    return InfiniteGrid(discount_rate=rho, levels=(*levels.tolist(), 0.0), degree=degree, pace=pace, tail_pace=rho)


def _decay(instance: Instance) -> tuple[float, float]:
    """Return the slowest and the fastest rate at which efficiency, left alone, decays."""
    rates = np.linalg.eigvals(instance.matrices().efficiency_decay)
    return float(rates.real.min()), float(np.abs(rates).max())


def _tail_factor(decay: float) -> float:
    """Return the discount factor d at which the last element starts; `decay` is in units of the discount rate.

    Paths fall like ``d^decay``. Where they have fallen to `_DIED_OUT` before money has, what is left of them is as good
    as the steady state, and is a polynomial. Where money is gone first, the element has no weight that would determine
    it; it starts so deep that its errors reach no month that is judged.
    """
    died_out = _DIED_OUT ** (1.0 / decay)
    return min(_FIRST_TAIL, died_out) if died_out >= _DETERMINED else _NOTHING_LEFT


def _growing(first: float, longest: float, end: float, begin: float = 0.0) -> list[float]:
    """Return times from `begin` to as much as `end` later whose distances grow from `first` to `longest`."""
    times, length = [0.0], first
    while times[-1] + length < end:
        times.append(times[-1] + length)
        length = min(_GROWTH * length, longest)
    return [begin + time for time in (*times, end)]


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
    wide on the axis as the one before it. Elements that start below the discount factor `deepest` are left alone, but
    for the last one where its bound of the present value is asked to be smaller: what grows nearly as fast as it is
    discounted counts far out, too.
    """
    is_poor = error.by_element > tolerance
    if error.discounts is not None and isinstance(grid, InfiniteGrid):
        is_poor &= error.discounts > deepest
    if not is_poor.any() and not error.tail > tail_tolerance:
        return grid
    if isinstance(grid, FiniteGrid):
        middles = (grid.breaks[:-1] + grid.breaks[1:])[is_poor] / 2.0
        return replace(grid, ends=tuple(np.sort([*grid.ends, *middles]).tolist()))
    if not isinstance(grid, InfiniteGrid):
        raise TypeError(f"no way to refine a {type(grid).__name__}")
    body = np.array(grid.levels[:-1])
    logs = np.log(body)
    levels = [*body, *np.exp((logs[:-1] + logs[1:])[is_poor[:-1]] / 2.0)]
    if error.tail > tail_tolerance or (is_poor[-1] and grid.discount_at(body[-1]) > deepest):
        levels += [*body[-1] * 0.5 ** np.arange(1, _TAIL_STEPS + 1)]
    return replace(grid, levels=(*np.sort(levels)[::-1].tolist(), 0.0))


def with_breaks(grid: TimeGrid, breaks: FloatArray) -> TimeGrid:
    """Return a grid whose elements meet at given times, 0 and the end among them; all else is as it is."""
    if isinstance(grid, FiniteGrid):
        return replace(grid, ends=tuple(breaks.tolist()))
    assert isinstance(grid, InfiniteGrid)
    return replace(grid, levels=tuple(grid.level_at(breaks).tolist()))


def halved(grid: TimeGrid) -> TimeGrid:
    """Return the grid with every element cut in two, for tables of convergence."""
    everywhere = np.full(grid.elements, np.inf)
    if not isinstance(grid, InfiniteGrid):
        return refine(grid, MeshError(by_element=everywhere, tail=0.0), 0.0)
    everywhere[-1] = 0.0  # the last element reaches to infinity: it is cut at half its discount factor
    finer = refine(grid, MeshError(by_element=everywhere, tail=0.0), 0.0)
    assert isinstance(finer, InfiniteGrid)
    return replace(finer, levels=(*finer.levels[:-1], 0.5 * finer.levels[-2], 0.0))
