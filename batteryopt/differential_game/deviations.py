"""What the leader would earn by doing something else: random changes of its plan, the retailers answering anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from batteryopt.differential_game.quadrature import FloatArray
from batteryopt.differential_game.responses import equilibrium_prices
from batteryopt.differential_game.simulation import (
    credit_income,
    demand_of,
    leader_part,
    piece_ends,
    player_flows,
    salvage_worth,
)
from batteryopt.differential_game.solution import Model, Solution
from batteryopt.differential_game.trajectory import Moments

_POINTS = 6
"""Gauss points a panel."""
_SIZES = (1e-3, 3e-2)
"""Changes tried, relative to the size of each decision's path; both signs of each."""
_KINDS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""What a bump changes: innovation alone, the leader's prices alone, both."""
_LEAST_FACTOR = 1e-9
"""Changes are weighed until the discount factor is this small."""
_GAUSS, _GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(_POINTS)
_PAST_POINTS = np.linalg.solve(np.vander(_GAUSS, increasing=True).T, np.ones(_POINTS))
"""Turns values at a panel's points into the polynomial's value at the panel's end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Panels:
    """Gauss points in panels short enough for every rate of the game: times (panels, points) and discounted weights."""

    lengths: FloatArray
    times: FloatArray
    weights: FloatArray


def largest_gain(solution: Solution, seed: int = 0) -> float:
    """Return the most that any tried change of plan gains, relative to the present value; negative if all lose.

    Each change is a bump in time, of random place and width, added to innovation, to the leader's prices or to both.
    Efficiency follows it, retailers answer it, and constraints clip it.
    """
    draw = np.random.default_rng(seed)
    panels = _panels(solution)
    plan = solution.trajectory.at(panels.times.ravel())
    base = _value(solution, panels, plan)
    gains = []
    for kind in _KINDS:
        bump = _bump(solution, plan, panels, kind, draw)
        for size in (sign * size for size in _SIZES for sign in (1.0, -1.0)):
            changed = _changed(solution, panels, plan, bump, size)
            if _is_allowed(solution, changed):
                gains.append(_value(solution, panels, changed) - base)
    return float(max(gains, default=0.0) / max(abs(base), 1e-12))


def _panels(solution: Solution) -> _Panels:
    game, ends = solution.game, piece_ends(solution)
    last = ends[-1] if solution.instance.is_finite else -np.log(_LEAST_FACTOR) / game.discount_rate
    ends = np.append(ends[ends < 0.999 * last], last)
    pace = max(np.abs(np.linalg.eigvals(game.efficiency_decay)).max(), game.discount_rate)
    counts = np.ceil(np.diff(ends) * pace).astype(int)
    cuts = np.concatenate(
        [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(ends, ends[1:], counts, strict=False)]
    )
    starts = np.append(cuts, last)
    lengths = np.diff(starts)
    times = starts[:-1, None] + lengths[:, None] * (_GAUSS + 1.0) / 2.0
    discounted = lengths[:, None] * _GAUSS_WEIGHTS / 2.0 * np.exp(-game.discount_rate * times)
    return _Panels(lengths=lengths, times=times, weights=discounted)


def _bump(
    solution: Solution, plan: Moments, panels: _Panels, kind: tuple[float, float], draw: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return a random bump of innovation (k, r) and of the leader's prices (k, n), as large as the paths themselves."""
    horizon = min(float(panels.times[-1, -1]), 2.0 / solution.game.discount_rate)
    centre, width = draw.uniform(0.0, horizon), draw.uniform(0.2, 0.6) * horizon
    shape = np.exp(-(((plan.times - centre) / width) ** 2))[:, None]
    sizes = [
        np.abs(path).max(axis=0) * draw.uniform(-1.0, 1.0, path.shape[1]) for path in (plan.innovation, plan.prices)
    ]
    return shape * sizes[0] * kind[0], shape * sizes[1] * kind[1]


def _changed(
    solution: Solution, panels: _Panels, plan: Moments, bump: tuple[FloatArray, FloatArray], size: float
) -> Moments:
    """Return the plan with a bump, within the caps and the budget on innovation, and the efficiency that follows."""
    instance, game = solution.instance, solution.game
    innovation: FloatArray = plan.innovation + size * bump[0]
    if instance.innovation_caps is not None:
        innovation = np.clip(innovation, 0.0, np.array(instance.innovation_caps))
    if instance.innovation_budget is not None:
        spent = panels.weights.ravel() @ np.einsum("ki,ij,kj->k", innovation, game.innovation_cost, innovation)
        innovation = innovation * np.sqrt(min(1.0, instance.innovation_budget / spent))
    efficiency = plan.efficiency + _followed(solution, panels, innovation - plan.innovation)
    changed = replace(plan, innovation=innovation, efficiency=efficiency)
    if solution.model is Model.INTEGRATED:
        return replace(changed, prices=_allowed(solution, changed, plan.prices + size * bump[1]))
    assert plan.wholesale_prices is not None
    if solution.model is Model.CONTRACT:  # the terms fix wholesale prices at the share of the unit cost
        wholesale: FloatArray = (solution.share or 0.0) * (game.unit_cost + efficiency @ game.efficiency_unit_cost.T)
    else:
        wholesale = _allowed(solution, changed, plan.wholesale_prices + size * bump[1])
    changed = replace(changed, wholesale_prices=wholesale)
    return replace(changed, prices=equilibrium_prices(solution, changed))


def _allowed(solution: Solution, at: Moments, prices: FloatArray) -> FloatArray:
    """Return prices of the leader or owner, within caps and not below net unit cost where that is asked for."""
    instance, game = solution.instance, solution.game
    if instance.nonnegative_margins:
        income = credit_income(instance, game, at.times)
        prices = np.maximum(prices, game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T - income)
    return prices if instance.price_caps is None else np.minimum(prices, np.array(instance.price_caps))


def _is_allowed(solution: Solution, at: Moments) -> bool:
    """Whether a changed plan keeps demands from being negative, where that is asked for."""
    return not solution.instance.nonnegative_demands or bool(demand_of(solution.game, at).min() >= -1e-9)


def _followed(solution: Solution, panels: _Panels, extra: FloatArray) -> FloatArray:
    """Return what extra innovation (k, r) adds to efficiency (k, s): ``z' = M extra - E z`` by Gauss collocation."""
    game, roots = solution.game, (_GAUSS + 1.0) / 2.0
    powers = np.arange(1, _POINTS + 1)
    to_points = (roots[:, None] ** powers / powers) @ np.linalg.inv(roots[:, None] ** (powers - 1))
    to_end = (1.0 / powers) @ np.linalg.inv(roots[:, None] ** (powers - 1))
    push = (extra @ game.innovation_effectiveness.T).reshape(len(panels.lengths), _POINTS, game.states)
    start, path = np.zeros(game.states), []
    identity = np.eye(_POINTS * game.states)
    for length, pushed in zip(panels.lengths, push, strict=True):
        system = identity + length * np.kron(to_points, game.efficiency_decay)
        slopes = np.linalg.solve(system, (pushed - game.efficiency_decay @ start).ravel()).reshape(_POINTS, -1)
        path.append(start + length * to_points @ slopes)
        start = start + length * to_end @ slopes
    return np.concatenate(path)


def _value(solution: Solution, panels: _Panels, plan: Moments) -> float:
    """Return what a plan is worth to the leader."""
    total = float(panels.weights.ravel() @ player_flows(solution, plan)[:, 0])
    if not solution.instance.is_finite:
        return total
    discount = np.exp(-solution.game.discount_rate * solution.trajectory.grid.breaks[-1])
    end = _PAST_POINTS @ plan.efficiency[-_POINTS:]
    return float(total + leader_part(solution) * discount * salvage_worth(solution, end))
