"""The game as Pyomo models: Radau collocation of the efficiency dynamics, followers at every collocation point.

`build` returns one of three models on a grid. The integrated game is an optimal control problem. The decentralised
game and the contract are bilevel ones: the retailers at each collocation point are `bilevel.Follower` blocks, so that
their optimality conditions hold at every point and no best response is substituted. Nothing here has seen a formula
for the solution.

Position on the time axis is counted in elements (see `grid`), and ``dm/dx`` times the grid's ``speed = dx/dt`` is
``dm/dt``. That keeps the last element of an infinite horizon, on which t runs to infinity and the speed to zero, as
well conditioned as the first. ``BODY`` holds the elements with Radau's nodes; the element that reaches to infinity is
a continuous set of its own, ``TAIL``, with Gauss's nodes. ``efficiency_at`` and ``slope_at`` run over the nodes of
both in order of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyomo.environ as pyo

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.model.cap_switches import CapStanding, LimitArray
from batteryopt.games.differential.model.dynamics import add_dynamics, add_time
from batteryopt.games.differential.model.players import (
    add_contract_terms,
    add_demand_signs,
    add_manufacturer_margins,
    add_owner,
    add_retailers,
    add_share,
    add_wholesale_prices,
)
from batteryopt.games.differential.model.values import RUNNING_TOTALS, Bargain, add_objective, add_values
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.solution import Model

__all__ = ["RUNNING_TOTALS", "Bargain", "ModelData", "build"]


def build(
    instance: Instance,
    model: Model,
    grid: TimeGrid,
    *,
    share: float | None = None,
    bargain: Bargain | None = None,
    limits: LimitArray | None = None,
) -> pyo.ConcreteModel:
    """Return the discretised model.

    Parameters
    ----------
    grid
        Elements and nodes; their number is the size of the model.
    share
        The contract's share as a parameter; a contract takes this or a `bargain`.
    bargain
        Makes the share a decision.
    limits
        For every element and effort (e, r) whether innovation is to stand at a limit, or to be free of it; decided
        between its limits everywhere without.

    Raises
    ------
    ValueError
        If a contract has neither share nor bargain, or both.
    """
    if model is Model.CONTRACT and (share is None) == (bargain is None):
        raise ValueError("a contract takes either a share, as a parameter, or a bargain that decides it")
    m = pyo.ConcreteModel(name=f"{model} game")
    m.data = ModelData.of(instance, grid, limits, is_led=model is Model.DECENTRALIZED)
    add_time(m)
    add_dynamics(m)
    if model is Model.INTEGRATED:
        add_owner(m)
    elif model is Model.DECENTRALIZED:
        add_wholesale_prices(m)
        add_retailers(m)
        add_manufacturer_margins(m)
        if m.data.leader_keeps_demands:
            add_demand_signs(m)
    else:
        add_share(m, share)
        add_wholesale_prices(m)
        add_retailers(m, takes_credits=True)
        add_contract_terms(m)
    add_values(m, model)
    add_objective(m, model, bargain)
    return m


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelData:
    """What the equations read: the instance in arrays, and the grid's nodes in order of time (k)."""

    instance: Instance
    game: GameMatrices
    grid: TimeGrid
    credit_income: FloatArray
    """h(t) theta (k, n)."""
    weights: FloatArray
    """Weights that sum node values to a present value (k)."""
    speeds: FloatArray
    """dx/dt (k)."""
    limits: LimitArray | None = None
    """Of every element and effort (e, r); see `build`."""
    leader_keeps_demands: bool = False
    """Whether the leader keeps its retailers' demands from being negative, by what it charges; see `of`."""

    def limit_of(self, effort: int, node: int) -> CapStanding:
        """Return what is known of an effort at a node."""
        return CapStanding.BOX if self.limits is None else CapStanding(self.limits[node // self.grid.degree, effort])

    @classmethod
    def of(
        cls, instance: Instance, grid: TimeGrid, limits: LimitArray | None = None, *, is_led: bool = False
    ) -> ModelData:
        """Return the data of an instance on a grid; `is_led` where the manufacturer sets wholesale prices.

        Such a leader keeps demands itself where nothing else limits prices. A retailer that keeps D >= 0 with
        multipliers mu answers by ``D = B_own (p - w + mu)`` and ``mu' D = 0``. Charging ``w - mu`` instead, the same
        p, D and money flows are its answer without that constraint; and an answer with D >= 0 that is best without
        the constraint is best with it. Hence no plan is lost, none gained, and the wholesale price of what nobody
        buys, which is anything above ``w - mu`` otherwise, is the one price at which the last buyer leaves. Where
        the manufacturer must not charge less than its cost, or retailers keep margins, ``w - mu`` may be forbidden.
        """
        game = instance.matrices()
        credit_price = instance.credit_price_at(grid.times.ravel(), game.credit_price)
        return cls(
            instance=instance,
            game=game,
            grid=grid,
            credit_income=credit_price[:, None] * game.credits_per_vehicle,
            weights=grid.discounted_weights.ravel(),
            speeds=grid.speeds.ravel(),
            limits=limits,
            leader_keeps_demands=is_led and instance.nonnegative_demands and not instance.retailers_keep_margins,
        )
