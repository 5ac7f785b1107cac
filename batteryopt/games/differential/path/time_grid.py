"""How the time axis is cut: elements, nodes within them, and the discounted weight of every node.

An infinite horizon is cut in ``u = exp(-kappa t)``, which falls from 1 to 0: there are no truncated months, the last
element reaches to ``t = inf``, and ``int exp(-rho t) f dt`` is ``int u^(rho/kappa - 1) f du / kappa``. Where months are
discounted no faster than efficiency decays, kappa is rho and the weight is constant. Where they are discounted faster,
kappa is the rate of decay: paths then go like ``u``, and not like a small power of it, which no polynomial follows
towards 0. The last element may have a pace of its own. A finite horizon is cut in time itself. Both grids count
position in elements: ``x`` runs from ``e`` to ``e + 1`` through element ``e``.

The nodes are Radau's, but in the element that reaches to infinity they are Gauss's. Radau would put a node, with a
weight, at ``t = inf`` itself, where nothing decays any more and ``m = g mu / eta``: a gain that no real plan has. A
game in which innovation is cheap, concave as it is, becomes unbounded by that node on every grid, however fine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from batteryopt.games.differential.path.quadrature import FloatArray, Rule, nodes, weights


class TimeGrid(Protocol):
    """What a trajectory and a discretised model need to know of the time axis; arrays are (elements, degree)."""

    @property
    def discount_rate(self) -> float:
        """The rate rho at which money is discounted."""

    @property
    def degree(self) -> int:
        """Number of nodes an element."""

    @property
    def last_rule(self) -> Rule:
        """Where the nodes of the last element stand; in all others they are Radau's."""

    @property
    def elements(self) -> int:
        """Number of elements."""

    @property
    def times(self) -> FloatArray:
        """Time of every node."""

    @property
    def speeds(self) -> FloatArray:
        """``dx / dt`` at every node, where x counts elements."""

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
    """Elements in ``exp(-kappa t)``.

    Attributes
    ----------
    discount_rate
        rho.
    levels
        Falling values of ``exp(-kappa t)``, from 1 to 0: the ends of the elements.
    degree
        Nodes an element.
    pace
        kappa, at most rho; without it, rho: the levels are discount factors then.
    tail_pace
        kappa in the last element, at most rho; without it, that of the others. At a slow pace its last nodes stand so
        late that they have no weight: with rho/kappa = 20 and eight nodes, 1e-34 of the first one's. No search settles
        what has none.
    """

    discount_rate: float
    levels: tuple[float, ...]
    degree: int
    pace: float | None = None
    tail_pace: float | None = None
    last_rule: ClassVar[Rule] = Rule.GAUSS

    @property
    def elements(self) -> int:
        """Number of elements."""
        return len(self.levels) - 1

    @property
    def _pace(self) -> float:
        return self.discount_rate if self.pace is None else self.pace

    @property
    def _paces(self) -> FloatArray:
        """Kappa of every element, as a column."""
        paces = np.full((self.elements, 1), self._pace)
        paces[-1] = self._pace if self.tail_pace is None else self.tail_pace
        return paces

    def discount_at(self, level: float) -> float:
        """Return the discount factor at a level."""
        return float(level ** (self.discount_rate / self._pace))

    def level_at(self, times: FloatArray) -> FloatArray:
        """Return the level of times within the elements but the last, and of infinity."""
        levels: FloatArray = np.exp(-self._pace * np.asarray(times, dtype=float))
        return levels

    @cached_property
    def _levels(self) -> FloatArray:
        return np.array(self.levels)

    @cached_property
    def _factors(self) -> FloatArray:
        """``exp(-kappa (t - start of the element))`` at every node."""
        local = _by_element(nodes, self.elements, self.degree, self.last_rule)
        # Written from the element's end: close to 0, `1 - width * node` would cancel.
        factors: FloatArray = self._ends + self._widths * (1.0 - local)
        return factors

    @cached_property
    def times(self) -> FloatArray:
        """Time of every node (elements, degree)."""
        return np.maximum(self.breaks[:-1, None] - np.log(self._factors) / self._paces, 0.0)

    @cached_property
    def breaks(self) -> FloatArray:
        """Ends of the elements in time; the last is infinite."""
        with np.errstate(divide="ignore"):
            return np.maximum(-np.log(self._levels) / self._pace, 0.0)

    @cached_property
    def speeds(self) -> FloatArray:
        """``dx / dt = kappa u / (width of the element in u)``."""
        return self._paces * self._factors / self._widths

    @cached_property
    def discounted_weights(self) -> FloatArray:
        """``int exp(-rho t) f dt = int u^(rho/kappa - 1) f du / kappa``."""
        weighted: FloatArray = self._widths * _by_element(weights, self.elements, self.degree, self.last_rule)
        discounts = np.exp(-self.discount_rate * self.breaks[:-1, None])
        discounted: FloatArray = discounts * self._factors ** (self.discount_rate / self._paces - 1.0)
        return weighted * discounted / self._paces

    @property
    def _ends(self) -> FloatArray:
        """What u is at each element's end, relative to its start, as a column."""
        return (self._levels[1:] / self._levels[:-1])[:, None]

    @property
    def _widths(self) -> FloatArray:
        """By how much u falls through each element, relative to its start, as a column."""
        return 1.0 - self._ends

    def position(self, times: FloatArray) -> FloatArray:
        """Return ``x`` at given times; ``elements`` at infinity."""
        times = np.asarray(times, dtype=float)
        element = np.clip(np.searchsorted(self.breaks, times, side="right") - 1, 0, self.elements - 1)
        fallen = -np.expm1(-self._paces[element, 0] * (times - self.breaks[element]))
        position: FloatArray = element + fallen / self._widths[element, 0]
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
    last_rule: ClassVar[Rule] = Rule.RADAU

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
        return self.breaks[:-1, None] + self._widths[:, None] * nodes(Rule.RADAU, self.degree)

    @cached_property
    def speeds(self) -> FloatArray:
        """``dx / dt``: one element a width."""
        return np.repeat(1.0 / self._widths[:, None], self.degree, axis=1)

    @cached_property
    def discounted_weights(self) -> FloatArray:
        """Radau's weights times the discount factor."""
        discounted: FloatArray = weights(Rule.RADAU, self.degree) * np.exp(-self.discount_rate * self.times)
        return self._widths[:, None] * discounted

    def position(self, times: FloatArray) -> FloatArray:
        """Return ``x`` at given times, those past the end at the end."""
        within = np.clip(np.asarray(times, dtype=float), 0.0, self.ends[-1])
        element = np.clip(np.searchsorted(self.breaks, within, side="right") - 1, 0, self.elements - 1)
        position: FloatArray = element + (within - self.breaks[element]) / self._widths[element]
        return position


def _by_element(rule_of: Callable[[Rule, int], FloatArray], elements: int, degree: int, last: Rule) -> FloatArray:
    """Return nodes or weights of every element (elements, degree)."""
    return np.vstack([np.tile(rule_of(Rule.RADAU, degree), (elements - 1, 1)), rule_of(last, degree)])
