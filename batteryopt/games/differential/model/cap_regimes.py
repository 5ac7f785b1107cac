"""Where price caps make the leader's problem non-convex: its plans are searched regime by regime.

A manufacturer that raises the wholesale price of a vehicle sells less of it, until the retail price stands at its
cap; from there on the retailer can only give up margin, demand stays, and each further unit is the manufacturer's
gain, up to the cap itself. So a plan may be best in the middle or with some vehicles at their caps, and a local search
that begins in the middle never sees the other. Here it begins at the caps too: of all vehicles, and of each set that
comes of adding or taking away one, as long as that gains; and where one regime is best early and another late, at both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.model.discrete import Discrete
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model, Solution, demands, flows

SolveFrom = Callable[[Trajectory], Discrete]
_GAIN = 1e-9
"""By how much, relative to its value, another regime must be better: less is rounding."""


def best_regime(
    instance: Instance, model: Model, first: Discrete, solve_from: SolveFrom, deadline: float | None
) -> Discrete:
    """Return the best of local searches from plans at the caps, and of the one that began in the middle.

    Parameters
    ----------
    first
        The plan of the search that began in the middle.
    solve_from
        Searches locally from a plan.
    deadline
        By `time.perf_counter`; the best so far is returned then.
    """

    def is_over() -> bool:
        return deadline is not None and time.perf_counter() > deadline

    if model is not Model.DECENTRALIZED or instance.price_caps is None or first.trajectory is None:
        return first
    found = {frozenset[int](): first}
    could = _worth_trying(instance, first.trajectory)

    def value(chosen: frozenset[int]) -> float:
        if chosen not in found:
            found[chosen] = solve_from(_at_caps(instance, first, chosen))
        return _value(instance, model, found[chosen])

    best = max((frozenset[int](), could), key=value)
    improved = bool(could)
    while improved and not is_over():
        nearby = [best ^ {vehicle} for vehicle in sorted(could)]
        better = max(nearby, key=lambda chosen: value(chosen) if not is_over() else -np.inf)
        improved = better in found and _is_better(value(better), value(best))
        best = better if improved else best
    mixed = _mixed(instance, model, found)
    if mixed is None or is_over():
        return found[best]
    both = solve_from(mixed)
    return both if _is_better(_value(instance, model, both), value(best)) else found[best]


def below_caps(plan: Trajectory, caps: tuple[float, ...]) -> Trajectory:
    """Return a plan with its prices down to their caps, retail and wholesale."""
    wholesale = None if plan.wholesale_prices is None else np.minimum(plan.wholesale_prices, caps)
    return replace(plan, prices=np.minimum(plan.prices, caps), wholesale_prices=wholesale)


def _worth_trying(instance: Instance, plan: Trajectory) -> frozenset[int]:
    """Return the vehicles that anybody would buy at their cap at some time, all other prices as in the plan."""
    game, at, caps = instance.matrices(), plan.at_nodes(), np.array(instance.price_caps)
    raised = (caps - at.prices) * np.diag(game.price_effect)
    return frozenset(np.flatnonzero((demands(game, at) - raised > 0).any(axis=0)).tolist())


def _at_caps(instance: Instance, first: Discrete, chosen: frozenset[int]) -> Trajectory:
    """Return the first plan with the wholesale and retail prices of some vehicles at their caps."""
    plan = first.trajectory
    assert plan is not None
    assert plan.wholesale_prices is not None
    assert instance.price_caps is not None
    prices, wholesale = plan.prices.copy(), plan.wholesale_prices.copy()
    for vehicle in chosen:
        prices[..., vehicle] = wholesale[..., vehicle] = instance.price_caps[vehicle]
    return replace(plan, prices=prices, wholesale_prices=wholesale)


def _value(instance: Instance, model: Model, found: Discrete) -> float:
    if found.trajectory is None:
        return -np.inf
    return Solution(instance=instance, model=model, trajectory=found.trajectory).objective


def _is_better(one: float, other: float) -> bool:
    return one > other + _GAIN * abs(other)


def _mixed(instance: Instance, model: Model, found: dict[frozenset[int], Discrete]) -> Trajectory | None:
    """Return the plan that has, at every node, the prices of the regime that earns the most there; None if it is one.

    Prices do not enter the law of efficiency: each instant's may be chosen for itself.
    """
    plans = [f.trajectory for f in found.values() if f.trajectory is not None]
    earned = np.array([flows(instance, plan.at_nodes(), None).manufacturer for plan in plans])
    chosen = earned.argmax(axis=0).reshape(plans[0].grid.times.shape)
    if len(np.unique(chosen)) == 1:
        return None
    best = max(plans, key=lambda plan: Solution(instance=instance, model=model, trajectory=plan).objective)
    return replace(
        best,
        prices=_picked(chosen, [plan.prices for plan in plans]),
        wholesale_prices=_picked(chosen, [p.wholesale_prices for p in plans if p.wholesale_prices is not None]),
    )


def _picked(chosen: NDArray[np.intp], paths: list[FloatArray]) -> FloatArray:
    return np.asarray(np.choose(chosen[..., None], paths))
