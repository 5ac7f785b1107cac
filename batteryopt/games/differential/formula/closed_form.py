"""The exact route: from an instance to a solution by formulas (two vehicles) or matrix equations (general form)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batteryopt.games.differential.data.instance import DifferentialGameInstance, Instance
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.formula.riccati import matrix_equilibrium
from batteryopt.games.differential.formula.statics import pricing
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import InfiniteGrid
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model, NoContract, Solution
from batteryopt.ground.errors import FormulaDoesNotApply

_DEGREE = 9
"""Radau nodes an element of the grid that carries the formula's paths: interpolation errs by less than 1e-11."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Exact:
    """One model's solution in a form that both kinds of formula share.

    Attributes
    ----------
    manufacturer, retailers
        Present values at t = 0 (the retailers' only when decentralised).
    decay_rates
        Slowest first.
    efficiency
        From times (k) to m (k, s).
    innovation, prices
        From m (k, s) to g (k, r) and p (k, n).
    wholesale_prices
        From m (k, s) and the contract's share to w (k, n) or None.
    cost_threshold
        See `statics.pricing`; None in the general form, which has no such number.
    """

    manufacturer: float
    retailers: tuple[float, ...]
    decay_rates: FloatArray
    efficiency: Callable[[FloatArray], FloatArray]
    innovation: Callable[[FloatArray], FloatArray]
    prices: Callable[[FloatArray], FloatArray]
    wholesale_prices: Callable[[FloatArray, float | None], FloatArray | None]
    cost_threshold: float | None = None


def solve(instance: Instance, model: Model, share: float | None = None) -> Solution:
    """Return the exact solution of one model.

    Parameters
    ----------
    share
        delta of the contract; without it, the instance's, or else the middle of the range that both players accept,
        which gives both the same gain.

    Raises
    ------
    FormulaDoesNotApply
        If the instance asks for something no formula covers; all of it is named.
    UnsupportedModel
        If a contract is asked for with several retailers.
    """
    require_formula(instance, model)
    found = exact(instance, model)
    shares = share_range(instance) if model is Model.CONTRACT else None
    if shares is not None and share is None:
        share = instance.share if instance.share is not None else sum(shares) / 2.0
    return Solution(
        instance=instance,
        model=model,
        trajectory=_trajectory(instance, found, share),
        share=share,
        share_range=shares,
        decay_rate=tuple(found.decay_rates.tolist()),
        cost_threshold=found.cost_threshold,
    )


def require_formula(instance: Instance, model: Model) -> None:
    """Raise `FormulaDoesNotApply` with everything that the formulas do not cover, or why there is no such game."""
    if model is Model.CONTRACT and not instance.matrices().has_one_retailer:
        raise NoContract
    if conditions := instance.beyond_formula():
        raise FormulaDoesNotApply(f"the {model} game", conditions)


def share_range(instance: Instance) -> tuple[float, float]:
    """Return the shares delta that both accept: ``J_R^D / J^I <= delta <= 1 - J_M^D / J^I``."""
    whole = exact(instance, Model.INTEGRATED).manufacturer
    apart = exact(instance, Model.DECENTRALIZED)
    return sum(apart.retailers) / whole, 1.0 - apart.manufacturer / whole


def exact(instance: Instance, model: Model) -> Exact:
    """Return one model's formulas for an instance: the paper's scalars for two vehicles, else matrix equations."""
    return (
        _exact_pair(instance, model)
        if isinstance(instance, DifferentialGameInstance)
        else _exact_matrix(instance, model)
    )


def _exact_pair(instance: DifferentialGameInstance, model: Model) -> Exact:
    found = pair_equilibrium(model, **instance.scalars())
    start = instance.initial_efficiency
    return Exact(
        manufacturer=float(found.leader(start)),
        retailers=(float(found.retailer(start)),) if model is Model.DECENTRALIZED else (),
        decay_rates=np.array([float(found.decay_rate)]),
        efficiency=lambda times: found.efficiency(times)[:, None],
        innovation=lambda m: found.innovation(m[:, 0])[:, None],
        prices=lambda m: found.prices(m[:, 0]),
        wholesale_prices=lambda m, share: found.wholesale_prices(m[:, 0], share),
        cost_threshold=float(pricing(model, **instance.scalars()).cost_threshold),
    )


def _exact_matrix(instance: Instance, model: Model) -> Exact:
    game = instance.matrices()
    found = matrix_equilibrium(game, model)
    return Exact(
        manufacturer=found.leader(game.initial_efficiency),
        retailers=tuple(value(game.initial_efficiency) for value in found.retailers),
        decay_rates=found.decay_rates,
        efficiency=found.efficiency,
        innovation=found.innovation,
        prices=found.prices,
        wholesale_prices=found.wholesale_prices,
    )


def _trajectory(instance: Instance, found: Exact, share: float | None) -> Trajectory:
    """Return the formula's paths at the nodes of a grid fine enough for its own decay rates."""
    game = instance.matrices()
    grid = _grid(game.discount_rate, found.decay_rates)
    shape = grid.times.shape
    efficiency = found.efficiency(grid.times.ravel())
    wholesale = found.wholesale_prices(efficiency, share)
    return Trajectory(
        grid=grid,
        initial_efficiency=game.initial_efficiency,
        efficiency=efficiency.reshape(*shape, -1),
        innovation=found.innovation(efficiency).reshape(*shape, -1),
        prices=found.prices(efficiency).reshape(*shape, -1),
        wholesale_prices=None if wholesale is None else wholesale.reshape(*shape, -1),
    )


def _grid(discount_rate: float, decay_rates: FloatArray) -> InfiniteGrid:
    """Return elements that start at the fastest mode's pace and lengthen until the slowest has died out."""
    longest = min(1.0 / decay_rates[0], 1.0 / discount_rate)
    length = min(1.0 / decay_rates[-1], longest)
    end = min(37.0 / decay_rates[0], 600.0 / discount_rate)  # exp(-37) is below double precision, exp(-600) above zero
    times = [0.0]
    while times[-1] < end:
        times.append(times[-1] + length)
        length = min(1.2 * length, longest)
    pace = min(discount_rate, float(decay_rates[0]))
    levels = (*np.exp(-pace * np.array(times)).tolist(), 0.0)
    return InfiniteGrid(discount_rate=discount_rate, levels=levels, degree=_DEGREE, pace=pace)
