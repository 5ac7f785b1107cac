"""Paths of state and decisions over the whole horizon: values at the grid's nodes, polynomials in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from batteryopt.games.differential.path.quadrature import FloatArray, Rule, interpolation_matrix
from batteryopt.games.differential.path.time_grid import TimeGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """State and decisions at some times.

    Attributes
    ----------
    times
        (k).
    efficiency
        m (k, s).
    innovation
        g (k, r).
    prices
        Retail prices p (k, n).
    wholesale_prices
        w (k, n); None where one owner sells.
    """

    times: FloatArray
    efficiency: FloatArray
    innovation: FloatArray
    prices: FloatArray
    wholesale_prices: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """State and decisions at every node of a grid, and between the nodes by interpolation.

    Within an element, efficiency is the polynomial through the element's start and its nodes, a decision the one
    through the nodes alone (a decision may jump where an element starts).

    Attributes
    ----------
    grid
        The elements and nodes.
    initial_efficiency
        m at t = 0 (s).
    efficiency, innovation, prices, wholesale_prices
        Values at the nodes: (elements, degree, s), (elements, degree, r), (elements, degree, n) and the same or None.
    """

    grid: TimeGrid
    initial_efficiency: FloatArray
    efficiency: FloatArray
    innovation: FloatArray
    prices: FloatArray
    wholesale_prices: FloatArray | None = None

    def at(self, times: FloatArray) -> Moments:
        """Return state and decisions at given times, any of them; infinity is the steady state."""
        times = np.atleast_1d(np.asarray(times, dtype=float))
        position = self.grid.position(times)
        element = np.minimum(position.astype(int), self.grid.elements - 1)
        local, wholesale = position - element, self.wholesale_prices
        of_state = self.rows_at(element, local, with_start=True)
        of_decision = self.rows_at(element, local, with_start=False)
        return Moments(
            times=times,
            efficiency=_interpolate(of_state, self.efficiency_with_starts, element),
            innovation=_interpolate(of_decision, self.innovation, element),
            prices=_interpolate(of_decision, self.prices, element),
            wholesale_prices=None if wholesale is None else _interpolate(of_decision, wholesale, element),
        )

    def rows_at(self, element: npt.NDArray[np.int_], local: FloatArray, *, with_start: bool) -> FloatArray:
        """Return one row of interpolation weights a time (k, points), by its element and where it stands in it."""
        grid = self.grid
        matrix = interpolation_matrix(Rule.RADAU, grid.degree, local, with_start=with_start)
        is_last = element == grid.elements - 1
        if grid.last_rule is not Rule.RADAU and is_last.any():
            of_last = interpolation_matrix(grid.last_rule, grid.degree, local[is_last], with_start=with_start)
            matrix[is_last] = of_last
        return matrix

    def at_nodes(self) -> Moments:
        """Return all nodes in order of time."""
        wholesale = self.wholesale_prices
        return Moments(
            times=self.grid.times.ravel(),
            efficiency=_flat(self.efficiency),
            innovation=_flat(self.innovation),
            prices=_flat(self.prices),
            wholesale_prices=None if wholesale is None else _flat(wholesale),
        )

    @cached_property
    def end(self) -> Moments:
        """The last moment: the steady state of an infinite horizon."""
        return self.at(self.grid.breaks[-1:])

    @cached_property
    def efficiency_with_starts(self) -> FloatArray:
        """Return efficiency with each element's start before its nodes (elements, degree + 1, s)."""
        starts = np.concatenate([self.initial_efficiency[None, None, :], self.efficiency[:-1, -1:, :]])
        return np.concatenate([starts, self.efficiency], axis=1)

    def integral(self, flow: FloatArray) -> float:
        """Return ``int exp(-rho t) flow dt`` of a flow given at the nodes, (elements * degree) or by element."""
        return float(np.sum(self.grid.discounted_weights * flow.reshape(self.grid.times.shape)))


def _interpolate(matrix: FloatArray, values: FloatArray, element: npt.NDArray[np.int_]) -> FloatArray:
    """Return the polynomials of given elements (k), each by its row of the matrix (k, points)."""
    result: FloatArray = np.einsum("kd,kdj->kj", matrix, values[element])
    return result


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(-1, values.shape[-1])
