"""What retailers would best answer, found without the optimality conditions that the models use."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from batteryopt.games.differential.judge.simulation import credit_income
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments
from batteryopt.games.differential.solution import Solution

_SWEEPS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """One retailer's problem at k instants, each alone: ``max (kept p - charge)' D`` over its own vehicles' prices.

    Attributes
    ----------
    own
        Positions of its vehicles.
    reach
        Demands at prices zero (k, n).
    effect
        B (n, n).
    kept, charge
        What it keeps of a price, and what a vehicle costs it (k, own).
    keeps_demand
        Whether its demands must not be negative.
    rows, limits
        Other constraints, ``rows @ own prices <= limits``, limits (k, rows).
    """

    own: list[int]
    reach: FloatArray
    effect: FloatArray
    kept: float
    charge: FloatArray
    keeps_demand: bool
    rows: FloatArray
    limits: FloatArray

    def at(self, instants: NDArray[np.intp]) -> Stage:
        """Return the problem at some of the instants, by their positions."""
        return replace(self, reach=self.reach[instants], charge=self.charge[instants], limits=self.limits[instants])

    def flow(self, prices: FloatArray) -> FloatArray:
        """Return what it earns (k) at all retailers' prices (k, n)."""
        return np.asarray(np.sum((self.kept * prices[:, self.own] - self.charge) * self._demand(prices), axis=1))

    def turnover(self, prices: FloatArray) -> FloatArray:
        """Return what it takes and pays in all (k): a size for its gains, even where its profit is zero."""
        passed = np.abs(self.kept * prices[:, self.own]) + np.abs(self.charge)
        return np.asarray(np.sum(passed * np.abs(self._demand(prices)), axis=1))

    def _demand(self, prices: FloatArray) -> FloatArray:
        return np.asarray((self.reach - prices @ self.effect.T)[:, self.own])

    def best(self, prices: FloatArray) -> FloatArray:
        """Return all prices (k, n), its own at their best and the others as they are."""
        best = prices.copy()
        best[:, self.own] = 0.0
        left = self._demand(best)
        block = self.effect[np.ix_(self.own, self.own)]
        rows, limits = self.rows, self.limits
        if self.keeps_demand:
            rows, limits = np.vstack([rows, block]), np.hstack([limits, left])
        # max (kept x - charge)'(left - block x)  is  min x'(kept block) x - (kept left + block charge)' x
        pull = self.kept * left + self.charge @ block.T
        best[:, self.own] = minimise(2.0 * self.kept * block, pull, rows, limits)
        return best


def stages(solution: Solution, at: Moments) -> list[Stage]:
    """Return every retailer's problem at given moments (k), given efficiency and wholesale prices there."""
    game, extras = solution.game, solution.instance
    kept = 1.0 if solution.share is None else solution.share
    income = credit_income(extras, game, at.times) if solution.share is not None else 0.0
    assert at.wholesale_prices is not None
    charge = at.wholesale_prices - kept * income
    reach = game.market_size + at.efficiency @ game.efficiency_effect.T
    return [_stage(solution, list(vehicles), kept, charge[:, list(vehicles)], reach) for vehicles in game.retailers]


def _stage(solution: Solution, own: list[int], kept: float, charge: FloatArray, reach: FloatArray) -> Stage:
    extras = solution.instance
    rows, limits = np.empty((0, len(own))), np.empty((len(charge), 0))
    if extras.price_caps is not None:
        rows, limits = np.eye(len(own)), np.tile(np.array(extras.price_caps)[own], (len(charge), 1))
    if extras.retailers_keep_margins:
        rows, limits = np.vstack([rows, -kept * np.eye(len(own))]), np.hstack([limits, -charge])
    return Stage(
        own=own,
        reach=reach,
        effect=solution.game.price_effect,
        kept=kept,
        charge=charge,
        keeps_demand=extras.nonnegative_demands,
        rows=rows,
        limits=limits,
    )


def largest_gain(solution: Solution, retailer: int) -> float:
    """Return the most a retailer could gain at any node by other prices, relative to its largest turnover.

    Efficiency, wholesale prices and the other retailers' prices stay; its constraints are those of the instance.
    """
    at = solution.trajectory.at_nodes()
    stage = stages(solution, at)[retailer]
    gains = stage.flow(stage.best(at.prices)) - stage.flow(at.prices)
    return float(gains.max() / max(1e-12, float(stage.turnover(at.prices).max())))


def equilibrium_prices(solution: Solution, at: Moments) -> FloatArray:
    """Return the retailers' equilibrium prices (k, n) at given efficiency and wholesale prices.

    Without constraints each retailer's first-order conditions stand side by side, one linear system; with them each
    retailer answers the others in turn, until nobody moves.
    """
    if solution.instance.constrains_prices():
        return _answered_in_turn(stages(solution, at), at.prices)
    game, own = solution.game, solution.game.own_price_effect()
    kept = 1.0 if solution.share is None else solution.share
    income = credit_income(solution.instance, game, at.times) if solution.share is not None else 0.0
    reach = game.market_size + at.efficiency @ game.efficiency_effect.T
    assert at.wholesale_prices is not None
    cost = at.wholesale_prices / kept - income
    return np.asarray(np.linalg.solve(game.price_effect + own, (reach + cost @ own).T).T)


def _answered_in_turn(problems: list[Stage], prices: FloatArray) -> FloatArray:
    """Return everybody's answers to all others (k, n); instants at which nobody moves any more are left alone."""
    prices, moving = prices.copy(), np.arange(len(prices))
    for _ in range(_SWEEPS):
        answers = prices[moving]
        for stage in problems:
            answers = stage.at(moving).best(answers)
        moved, sizes = np.abs(answers - prices[moving]).max(axis=1), np.abs(answers).max(axis=1)
        prices[moving] = answers
        moving = moving[moved > 1e-12 * (1.0 + sizes)]
        if len(problems) == 1 or not len(moving):
            break
    return prices


def minimise(curvature: FloatArray, pull: FloatArray, rows: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the x (k, d) that minimise ``x' curvature x / 2 - pull' x`` under ``rows x <= limits``, each by itself.

    Parameters
    ----------
    pull, limits
        One row a problem, (k, d) and (k, rows).
    """
    free = np.linalg.solve(curvature, pull.T).T
    if free.shape[1] == 1:
        return _within(free, rows[:, 0], limits)
    breaks = np.flatnonzero((free @ rows.T > limits).any(axis=1))
    for k in breaks:
        free[k] = _nearest_allowed(curvature, free[k], rows, limits[k])
    return np.asarray(free)


def _within(free: FloatArray, rows: FloatArray, limits: FloatArray) -> FloatArray:
    """Return single numbers (k, 1) moved into the intervals that ``rows x <= limits`` leave, rows (rows)."""
    upper, lower = rows > 0, rows < 0
    best = np.minimum(free, (limits[:, upper] / rows[upper]).min(axis=1, initial=np.inf)[:, None])
    return np.asarray(np.maximum(best, (limits[:, lower] / rows[lower]).max(axis=1, initial=-np.inf)[:, None]))


def _nearest_allowed(curvature: FloatArray, free: FloatArray, rows: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the feasible point nearest to the free optimum in the metric of the curvature: the best one.

    That is a least-distance problem: Lawson and Hanson solve it by one non-negative least-squares problem.
    """
    root = np.linalg.cholesky(curvature)  # curvature = root root', y = root'(x - free)
    sides = -np.linalg.solve(root, rows.T).T
    needed = rows @ free - limits
    size = max(1.0, float(np.abs(needed).max()))
    system = np.vstack([sides.T, needed / size])
    target = np.append(np.zeros(len(free)), 1.0)
    weights, _ = nnls(system, target)
    residual = system @ weights - target
    return np.asarray(free + np.linalg.solve(root.T, -size * residual[:-1] / residual[-1]))
