"""When prices reach their caps and leave them: there their paths have kinks, or jump, and elements are made to meet.

Prices do not enter the law of efficiency: at every instant they are the best there are for the efficiency of that
instant, which is smooth and known where prices are not yet. For one owner, a price bends where it reaches its cap. For
a manufacturer that leads, the wholesale price of a vehicle jumps: it is either in the middle, or at the cap with the
retail price (see `cap_regimes`), and changes where both earn the same. No polynomial follows a jump within an element,
and halving elements around it gains nothing. Here each way is worked out for the efficiency that a search has found;
grids are cut where another way becomes the best, and the next search begins at the best ways. No decision is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.model.cap_switches import Kinks, in_the_box, samples, turns
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model

_FEW = 4
"""Up to so many vehicles every set of them may be at its caps; else one, none or all."""
_ALLOWED = 1e-9
"""By how much of its size a price may be above its limit: rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _AtCaps:
    """The leader's best prices with some vehicles at their caps, at k instants.

    Attributes
    ----------
    retail, wholesale
        (k, n).
    earned
        What the leader earns before innovation (k); minus infinity where a price of another vehicle exceeds its cap.
    """

    retail: FloatArray
    wholesale: FloatArray
    earned: FloatArray


class WantedPrices:
    """The prices that are best at any time for the efficiency of a path that a search has found."""

    def __init__(self, instance: Instance, model: Model, path: Trajectory, deepest: float) -> None:
        self._instance, self._path, self._deepest = instance, path, deepest
        self._game, self._caps = instance.matrices(), np.array(instance.price_caps)
        self.is_led = model is Model.DECENTRALIZED
        self._sets = _sets_of(self._game.vehicles)

    @classmethod
    def by(cls, instance: Instance, model: Model, path: Trajectory, deepest: float) -> WantedPrices | None:
        """Return what is wanted along a path; None without caps, or with other limits on prices beside them.

        Parameters
        ----------
        deepest
            Discount factor below which nothing is asked of a path.
        """
        has_others = instance.nonnegative_demands or instance.nonnegative_margins
        return None if instance.price_caps is None or has_others else cls(instance, model, path, deepest)

    def kinks(self) -> Kinks:
        """Return when another way becomes the best; a kink may move by the tolerance of a path, of its element."""
        breaks = self._path.grid.breaks
        times = turns(self._standing, samples(breaks))
        times = times[np.exp(-self._path.grid.discount_rate * times) > self._deepest]
        lengths = np.diff(breaks)[np.searchsorted(breaks, times, side="right") - 1]
        return Kinks(times=tuple(times.tolist()), steepness=tuple((1.0 / lengths).tolist()))

    def unmet(self) -> float:
        """Return how far a kink is from where elements meet, at most, as a part of its element; 0 without kinks."""
        kinks, breaks = self.kinks(), self._path.grid.breaks
        distances = [
            np.abs(breaks - time).min() * steepness
            for time, steepness in zip(kinks.times, kinks.steepness, strict=True)
        ]
        return float(max(distances, default=0.0))

    def ways_between(self, kinks: tuple[float, ...]) -> tuple[int, ...]:
        """Return a leader's best way halfway between two kinks, and before and after all."""
        if not self.is_led:
            return ()
        finite = self._path.grid.breaks[np.isfinite(self._path.grid.breaks)]
        ends = np.array([0.0, *kinks, max(finite[-1], *kinks)] if kinks else [0.0, finite[-1]])
        return tuple(self._standing((ends[:-1] + ends[1:]) / 2.0)[:, 0].tolist())

    def gains(self, kinks: tuple[float, ...], ways: tuple[int, ...]) -> tuple[float, ...]:
        """Return what the way before each kink earns more then than the way after it, a month."""
        earned = np.array([way.earned for way in self._ways(np.array(kinks))])
        places = np.arange(len(kinks))
        return tuple(np.nan_to_num(earned[list(ways[:-1]), places] - earned[list(ways[1:]), places]).tolist())

    def start_on(self, grid: TimeGrid, kinks: tuple[float, ...], ways: tuple[int, ...] | None) -> Trajectory:
        """Return the path; a leader's on the grid, with its best prices there by one way through every element.

        Parameters
        ----------
        kinks, ways
            When the way changes, and the ways, one more; without them the best way in the middle of each element.
        """
        if not self.is_led:
            return self._path
        times, shape = grid.times.ravel(), grid.times.shape
        found = self._ways(times)
        middles = grid.times[:, grid.degree // 2]
        through = self._standing(middles)[:, 0]
        if ways is not None:
            through = np.array(ways)[np.searchsorted(kinks, middles)]
        chosen = np.repeat(through, grid.degree)[:, None]
        at = self._path.at(times)
        return Trajectory(
            grid=grid,
            initial_efficiency=self._path.initial_efficiency,
            efficiency=at.efficiency.reshape(*shape, -1),
            innovation=at.innovation.reshape(*shape, -1),
            prices=np.choose(chosen, [way.retail for way in found]).reshape(*shape, -1),
            wholesale_prices=np.choose(chosen, [way.wholesale for way in found]).reshape(*shape, -1),
        )

    def _standing(self, times: FloatArray) -> NDArray[np.int_]:
        """Return which way is the best at given times, or which of an owner's prices stand at their caps (k, .)."""
        if self.is_led:
            return np.asarray(np.argmax([way.earned for way in self._ways(times)], axis=0)[:, None], dtype=int)
        reach, cost = self._known(times)
        effect = self._game.price_effect
        best = in_the_box((effect + effect.T) / 2.0, (reach + cost @ effect) / 2.0, self._caps)
        return np.asarray(best >= self._caps, dtype=int)

    def _ways(self, times: FloatArray) -> list[_AtCaps]:
        reach, cost = self._known(times)
        return [_way(self._game, self._caps, chosen, reach, cost) for chosen in self._sets]

    def _known(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return demands at prices zero, and unit costs less credit income (k, n)."""
        game, levels = self._game, self._path.at(times).efficiency
        credit = self._instance.credit_price_at(times, game.credit_price)[:, None] * game.credits_per_vehicle
        return (
            game.market_size + levels @ game.efficiency_effect.T,
            game.unit_cost + levels @ game.efficiency_unit_cost.T - credit,
        )


def _sets_of(vehicles: int) -> list[list[int]]:
    """Return the sets of vehicles that may be at their caps, none of them first."""
    sizes = range(vehicles + 1) if vehicles <= _FEW else (0, 1, vehicles)
    return [list(chosen) for size in sizes for chosen in combinations(range(vehicles), size)]


def _way(game: GameMatrices, caps: FloatArray, chosen: list[int], reach: FloatArray, cost: FloatArray) -> _AtCaps:
    """Return the leader's best prices with the chosen vehicles' at their caps, retail and wholesale.

    A retailer leaves their prices there: it may sell for no less than it pays. Its other prices solve
    ``D = own (p - w)``, so that p is linear in w, and what the leader earns, ``(w - cost)' D``, quadratic.
    """
    free = [i for i in range(len(caps)) if i not in chosen]
    retail, wholesale = np.tile(caps, (len(reach), 1)), np.tile(caps, (len(reach), 1))
    effect, own = game.price_effect, game.own_price_effect()[np.ix_(free, free)]
    if free:
        left = reach - effect[:, chosen] @ caps[chosen]
        answer = np.linalg.inv(effect[np.ix_(free, free)] + own)
        lost = effect[:, free] @ answer @ own  # demand lost by a unit of each free wholesale price (n, free)
        kept = left - left[:, free] @ (effect[:, free] @ answer).T
        pull = kept[:, free] + cost[:, free] @ lost[free] - (caps - cost)[:, chosen] @ lost[chosen]
        wholesale[:, free] = np.linalg.solve(lost[free] + lost[free].T, pull.T).T
        retail[:, free] = (left[:, free] + wholesale[:, free] @ own.T) @ answer.T
    earned = np.sum((wholesale - cost) * (reach - retail @ effect.T), axis=1)
    is_allowed = (np.maximum(retail - caps, wholesale - retail) <= _ALLOWED * (1.0 + caps)).all(axis=1)
    return _AtCaps(retail=retail, wholesale=wholesale, earned=np.where(is_allowed, earned, -np.inf))
