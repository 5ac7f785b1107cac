"""How the time axis is cut: elements, nodes within them, and the discounted weight of every node.

An infinite horizon is cut in the discount factor ``s = exp(-rho t)``, which falls from 1 to 0: there are no
truncated months, the last element reaches to ``t = inf``, and ``int exp(-rho t) f dt`` is ``int f ds / rho``, whose
weight never vanishes. A finite horizon is cut in time itself. Both grids count position in elements: ``x`` runs from
``e`` to ``e + 1`` through element ``e``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from batteryopt.differential_game.radau import FloatArray, nodes, weights


class Grid(Protocol):
    """What a trajectory and a discretised model need to know of the time axis; arrays are (elements, degree)."""

    @property
    def degree(self) -> int:
        """Number of Radau nodes an element."""

    @property
    def elements(self) -> int:
        """Number of elements."""

    @property
    def times(self) -> FloatArray:
        """Time of every node; ``inf`` at the last one of an infinite horizon."""

    @property
    def speeds(self) -> FloatArray:
        """``dx / dt`` at every node, where x counts elements; 0 at ``t = inf``."""

    @property
    def discounted_weights(self) -> FloatArray:
        """Weights that sum node values to ``int exp(-rho t) f dt``."""

    @property
    def breaks(self) -> FloatArray:
        """Start of every element and the end of the last, in time (elements + 1)."""

    def position(self, times: FloatArray) -> FloatArray:
        """Return ``x`` at given times."""


@dataclass(frozen=True, kw_only=True)
class InfiniteGrid:
    """Elements in the discount factor.

    Attributes
    ----------
    discount_rate
        rho.
    levels
        Falling discount factors, from 1 to 0: the ends of the elements.
    degree
        Radau nodes an element.
    """

    discount_rate: float
    levels: tuple[float, ...]
    degree: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return len(self.levels) - 1

    @cached_property
    def _levels(self) -> FloatArray:
        return np.array(self.levels)

    @cached_property
    def _factors(self) -> FloatArray:
        """Discount factor at every node, exactly 0 at the end."""
        start, end = self._levels[:-1, None], self._levels[1:, None]
        # Written from the element's end: close to 0, `start - width * node` would cancel.
        factors: FloatArray = end + (start - end) * (1.0 - nodes(self.degree))[None, :]
        return factors

    @cached_property
    def times(self) -> FloatArray:
        """Time of every node (elements, degree)."""
        return self._time_of(self._factors)

    @cached_property
    def breaks(self) -> FloatArray:
        """Ends of the elements in time; the last is infinite."""
        return self._time_of(self._levels)

    def _time_of(self, factors: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return np.maximum(-np.log(factors) / self.discount_rate, 0.0)

    @cached_property
    def speeds(self) -> FloatArray:
        """``dx / dt = rho s / (width of the element in s)``."""
        return self.discount_rate * self._factors / self._widths[:, None]

    @cached_property
    def discounted_weights(self) -> FloatArray:
        """``int exp(-rho t) f dt = int f ds / rho``."""
        return self._widths[:, None] * weights(self.degree)[None, :] / self.discount_rate

    @property
    def _widths(self) -> FloatArray:
        return -np.diff(self._levels)

    def position(self, times: FloatArray) -> FloatArray:
        """Return ``x`` at given times; ``elements`` at infinity."""
        factors, levels = np.exp(-self.discount_rate * np.asarray(times, dtype=float)), self._levels
        element = np.clip(np.searchsorted(-levels, -factors, side="right") - 1, 0, self.elements - 1)
        start, end = levels[element], levels[element + 1]
        position: FloatArray = element + (start - factors) / (start - end)
        return position


@dataclass(frozen=True, kw_only=True)
class FiniteGrid:
    """Elements in time, for a horizon that ends.

    Attributes
    ----------
    discount_rate
        rho.
    ends
        Rising times, from 0 to the horizon's end.
    degree
        Radau nodes an element.
    """

    discount_rate: float
    ends: tuple[float, ...]
    degree: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return len(self.ends) - 1

    @cached_property
    def breaks(self) -> FloatArray:
        """Ends of the elements in time."""
        return np.array(self.ends)

    @property
    def _widths(self) -> FloatArray:
        return np.diff(self.breaks)

    @cached_property
    def times(self) -> FloatArray:
        """Time of every node (elements, degree)."""
        return self.breaks[:-1, None] + self._widths[:, None] * nodes(self.degree)[None, :]

    @cached_property
    def speeds(self) -> FloatArray:
        """``dx / dt``: one element a width."""
        return np.repeat(1.0 / self._widths[:, None], self.degree, axis=1)

    @cached_property
    def discounted_weights(self) -> FloatArray:
        """Radau's weights times the discount factor."""
        weighted: FloatArray = self._widths[:, None] * weights(self.degree) * np.exp(-self.discount_rate * self.times)
        return weighted

    def position(self, times: FloatArray) -> FloatArray:
        """Return ``x`` at given times, those past the end at the end."""
        within = np.clip(np.asarray(times, dtype=float), 0.0, self.ends[-1])
        element = np.clip(np.searchsorted(self.breaks, within, side="right") - 1, 0, self.elements - 1)
        position: FloatArray = element + (within - self.breaks[element]) / self._widths[element]
        return position
