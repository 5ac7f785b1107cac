"""What the leader would earn by doing something else: random changes of its plan, the retailers answering anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.differential.judge.pieces import handed_on, piece_ends
from batteryopt.games.differential.judge.responses import equilibrium_prices
from batteryopt.games.differential.judge.simulation import (
    credit_income,
    demand_of,
    leader_part,
    player_flows,
    salvage_worth,
)
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments
from batteryopt.games.differential.solution import Model, Solution

_POINTS = 6
"""Gauss points a panel."""
_SIZES = (1e-3, 3e-2)
"""Changes tried, relative to the size of each decision's path; both signs of each."""
_KINDS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""What a bump changes: innovation alone, the leader's prices alone, both."""
_FEW = 4
"""Up to so many vehicles every set of them is tried at its caps."""
_WIDTHS = (0.2, 0.6)
"""Least and largest width of a bump, relative to the time within which it counts."""
_LEAST_FACTOR = 1e-9
"""Changes are weighed until the discount factor is this small."""
_GAUSS, _GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(_POINTS)
_PAST_POINTS = np.linalg.solve(np.vander(_GAUSS, increasing=True).T, np.ones(_POINTS))
"""Turns values at a panel's points into the polynomial's value at the panel's end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Panels:
    """Gauss points in panels short enough for every rate of the game: P panels, n points in each, s levels.

    Attributes
    ----------
    times, weights
        Of every point, and what it counts in a discounted integral (P, n).
    points
        Efficiency at the points by its slopes there, less that at the panel's start (P, n, n).
    to_end
        The same at the panel's end (P, n).
    by_push
        Slopes by what pushes efficiency at the points (P, n * s, n * s), both by point and level.
    by_start
        Slopes by efficiency at the panel's start (P, n, s, s).
    """

    times: FloatArray
    weights: FloatArray
    points: FloatArray
    to_end: FloatArray
    by_push: FloatArray
    by_start: FloatArray


def largest_gain(solution: Solution, seed: int = 0) -> float:
    """Return the most that any tried change of plan gains, relative to the present value; negative if all lose.

    Each change is a bump in time, of random place and width, added to innovation, to the leader's prices or to both.
    Efficiency follows it, retailers answer it, and constraints clip it. Where prices are capped, plans are tried too
    that charge the cap at any time: they are far from a plan in the middle, and no small bump finds them.
    """
    draw = np.random.default_rng(seed)
    panels = _panels(solution)
    plan = solution.trajectory.at(panels.times.ravel())
    base = _value(solution, panels, plan)
    gains = []
    for kind in _KINDS:
        bump = _bump(solution, plan, kind, draw)
        for size in (sign * size for size in _SIZES for sign in (1.0, -1.0)):
            changed = _changed(solution, panels, plan, bump, size)
            if _is_allowed(solution, changed):
                gains.append(_value(solution, panels, changed) - base)
    gains.append(_gain_at_caps(solution, panels, plan))
    return float(max(gains, default=0.0) / max(abs(base), 1e-12))


def _gain_at_caps(solution: Solution, panels: _Panels, plan: Moments) -> float:
    """Return what the leader gains by asking the capped price for some vehicles whenever that pays; 0 without caps.

    Prices do not enter the law of efficiency, so that each instant may be judged for itself.
    """
    caps = solution.instance.price_caps
    if solution.model is not Model.DECENTRALIZED or caps is None:
        return 0.0
    assert plan.wholesale_prices is not None
    here = player_flows(solution, plan)[:, 0]
    best = here
    for chosen in _sets_of(solution.game.vehicles):
        wholesale = plan.wholesale_prices.copy()
        wholesale[:, chosen] = np.array(caps)[chosen]
        changed = replace(plan, wholesale_prices=wholesale)
        changed = replace(changed, prices=equilibrium_prices(solution, changed))
        earned = player_flows(solution, changed)[:, 0]
        best = np.where(_is_allowed_at(solution, changed), np.maximum(best, earned), best)
    return float(panels.weights.ravel() @ (best - here))


def _sets_of(vehicles: int) -> list[list[int]]:
    """Return the sets of vehicles that are tried: all of them where there are few, else those of one and of all."""
    if vehicles <= _FEW:
        sizes = range(1, vehicles + 1)
        return [list(chosen) for size in sizes for chosen in combinations(range(vehicles), size)]
    return [[vehicle] for vehicle in range(vehicles)] + [list(range(vehicles))]


def _is_allowed_at(solution: Solution, at: Moments) -> NDArray[np.bool_]:
    """Return where a plan with the leader's prices at their caps leaves everybody a feasible answer (k)."""
    instance, game = solution.instance, solution.game
    assert at.wholesale_prices is not None
    slacks: list[FloatArray] = [at.prices - at.wholesale_prices]
    if instance.nonnegative_demands:
        slacks.append(demand_of(game, at))
    if instance.nonnegative_margins:
        net_cost = game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T
        slacks.append(at.wholesale_prices - net_cost + credit_income(instance, game, at.times))
    return np.asarray(np.all([(z >= -1e-9 * (1.0 + np.abs(z).max())).all(axis=1) for z in slacks], axis=0))


def _panels(solution: Solution) -> _Panels:
    # A bump is a curve too: panels longer than half of the narrowest would weigh it wrongly, and call that a gain.
    narrowest = _WIDTHS[0] * _horizon(solution)
    game, ends = solution.game, piece_ends(solution, _LEAST_FACTOR, most_length=narrowest / 2.0)
    starts, lengths = ends[:-1, None], np.diff(ends)[:, None]
    roots, powers = (_GAUSS + 1.0) / 2.0, np.arange(1, _POINTS + 1)
    to_powers = np.linalg.inv(roots[:, None] ** (powers - 1))
    points = lengths[:, :, None] * ((roots[:, None] ** powers / powers) @ to_powers)
    times = starts + lengths * roots
    by_push = np.linalg.inv(np.eye(_POINTS * game.states) + np.kron(points, game.efficiency_decay[None]))
    by_start = by_push @ np.tile(-game.efficiency_decay, (_POINTS, 1))
    return _Panels(
        times=times,
        weights=lengths * _GAUSS_WEIGHTS / 2.0 * np.exp(-game.discount_rate * times),
        points=points,
        to_end=lengths * ((1.0 / powers) @ to_powers),
        by_push=by_push,
        by_start=by_start.reshape(-1, _POINTS, game.states, game.states),
    )


def _horizon(solution: Solution) -> float:
    """Return the time within which bumps are tried: to the end, or while the discount factor counts."""
    end = solution.instance.horizon_length or np.inf
    return float(min(end, 2.0 / solution.game.discount_rate))


def _bump(
    solution: Solution, plan: Moments, kind: tuple[float, float], draw: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return a random bump of innovation (k, r) and of the leader's prices (k, n), as large as the paths themselves."""
    horizon = _horizon(solution)
    centre, width = draw.uniform(0.0, horizon), draw.uniform(*_WIDTHS) * horizon
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
    game, count = solution.game, len(panels.times)
    push = (extra @ game.innovation_effectiveness.T).reshape(count, -1, 1)
    slopes = (panels.by_push @ push).reshape(count, _POINTS, game.states)
    transitions = np.eye(game.states) + np.einsum("kp,kpij->kij", panels.to_end, panels.by_start)
    added = np.einsum("kp,kpi->ki", panels.to_end, slopes)
    starts = handed_on(transitions, added, np.zeros(game.states))[:-1]
    slopes += np.einsum("kpij,kj->kpi", panels.by_start, starts)
    return np.asarray(starts[:, None, :] + panels.points @ slopes).reshape(-1, game.states)


def _value(solution: Solution, panels: _Panels, plan: Moments) -> float:
    """Return what a plan is worth to the leader."""
    total = float(panels.weights.ravel() @ player_flows(solution, plan)[:, 0])
    if not solution.instance.is_finite:
        return total
    discount = np.exp(-solution.game.discount_rate * solution.trajectory.grid.breaks[-1])
    end = _PAST_POINTS @ plan.efficiency[-_POINTS:]
    return float(total + leader_part(solution) * discount * salvage_worth(solution, end))
