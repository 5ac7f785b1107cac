"""What an answer to the differential game is: paths of decisions, and the present values that follow from them."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from batteryopt.games.differential.data.instance import DifferentialGameInstance, Instance
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments, Trajectory
from batteryopt.ground.errors import UnsupportedModel

_SAMPLES = 121
"""Times of a trajectory in JSON: fine enough to draw."""
_LEAST_STEP = 1e-6
"""Between two of these times prices move if they move by more than this part of their size."""


class NoContract(UnsupportedModel):
    """No contract of this form makes several retailers decide as one owner would: that is an answer, not a failure."""

    def __init__(self) -> None:
        super().__init__(
            "the contract is defined for one retailer (retailers): a wholesale price at the share of the unit cost "
            "cannot undo the competition of several"
        )


class Model(enum.StrEnum):
    """Who decides what."""

    INTEGRATED = "integrated"
    """One owner sets retail prices and innovation."""
    DECENTRALIZED = "decentralized"
    """The manufacturer leads with wholesale prices and innovation; retailers answer with retail prices."""
    CONTRACT = "contract"
    """Revenue and cost sharing: wholesale prices at the retailer's share of the unit cost."""


class PricingRegime(enum.StrEnum):
    """How prices move along the path."""

    SKIMMING = "skimming"
    """They start high and fall: efficiency starts above its steady state."""
    PENETRATION = "penetration"
    """They start low and rise."""
    CONSTANT = "constant"
    """They stay: efficiency starts at its steady state."""
    MIXED = "mixed"
    """They turn on the way, or vehicles differ: constraints, several levels, a credit price that changes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """Money a month at some times.

    Attributes
    ----------
    manufacturer
        (k); of the whole chain where one owner decides.
    retailers
        (k, number of retailers); zero where one owner decides.
    """

    manufacturer: FloatArray
    retailers: FloatArray

    @property
    def supply_chain(self) -> FloatArray:
        """All players together (k)."""
        total: FloatArray = self.manufacturer + self.retailers.sum(axis=1)
        return total


@dataclass(frozen=True, kw_only=True)
class PresentValue:
    """Discounted profits at t = 0.

    Attributes
    ----------
    manufacturer
        The leader's; the owner's in the integrated game.
    retailers
        One a retailer; empty in the integrated game.
    supply_chain
        All together.
    """

    manufacturer: float
    retailers: tuple[float, ...]
    supply_chain: float

    @property
    def retailer(self) -> float:
        """All retailers together."""
        return math.fsum(self.retailers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Paths of all decisions, frozen; present values are computed from them and the instance.

    Attributes
    ----------
    trajectory
        Efficiency, innovation and prices over the whole horizon.
    share
        delta of the contract; None in the other models.
    share_range
        Shares that both players accept, against the decentralised game; None where it was not worked out.
    decay_rate
        Rates at which the path approaches its steady state, slowest first; None where there is no such law.
    cost_threshold
        The unit cost of efficiency c0 below which prices would penetrate and above which they would skim; None where
        it was not worked out.
    is_steady_state_known
        False where a search left the last months undetermined, because what is earned there counts for nothing.

    Raises
    ------
    ValueError
        If the contract has no share, or another model has one.
    """

    instance: Instance
    model: Model
    trajectory: Trajectory
    share: float | None = None
    share_range: tuple[float, float] | None = None
    decay_rate: tuple[float, ...] | None = None
    cost_threshold: float | None = None
    is_steady_state_known: bool = True

    def __post_init__(self) -> None:
        if (self.share is not None) != (self.model is Model.CONTRACT):
            raise ValueError(f"a {self.model} solution with share {self.share}: the contract has one, no other model")

    @cached_property
    def game(self) -> GameMatrices:
        """The instance in matrices."""
        return self.instance.matrices()

    @cached_property
    def present_value(self) -> PresentValue:
        """Discounted profits of all players at t = 0, by the grid's own quadrature."""
        flow = flows(self.instance, self.trajectory.at_nodes(), self.share)
        salvage = self._salvage()
        kept = 1.0 if self.share is None else 1.0 - self.share
        manufacturer = self.trajectory.integral(flow.manufacturer) + kept * salvage
        retailers = [
            self.trajectory.integral(column) + (1.0 - kept) * salvage
            for column in (flow.retailers.T if self.model is not Model.INTEGRATED else ())
        ]
        total = math.fsum([manufacturer, *retailers])
        return PresentValue(manufacturer=manufacturer, retailers=tuple(retailers), supply_chain=total)

    @property
    def objective(self) -> float:
        """What the model maximises: the chain's present value, or the leading manufacturer's."""
        value = self.present_value
        return value.manufacturer if self.model is Model.DECENTRALIZED else value.supply_chain

    @property
    def steady_state(self) -> Moments | None:
        """Where the paths end; None on a finite horizon, and where it is not known."""
        return None if self.instance.is_finite or not self.is_steady_state_known else self.trajectory.end

    @property
    def pricing_regime(self) -> PricingRegime:
        """How the retail prices move, read off the path: in steps of more than a millionth of their size."""
        prices = self.trajectory.at(self.report_times()).prices
        steps, least = np.diff(prices, axis=0), _LEAST_STEP * float(np.abs(prices).max())
        falls, rises = bool((steps < -least).any()), bool((steps > least).any())
        if falls and rises:
            return PricingRegime.MIXED
        if falls:
            return PricingRegime.SKIMMING
        return PricingRegime.PENETRATION if rises else PricingRegime.CONSTANT

    def _salvage(self) -> float:
        if self.instance.horizon_length is None or self.instance.salvage_values is None:
            return 0.0
        worth = float(np.dot(self.instance.salvage_values, self.trajectory.end.efficiency[0]))
        return math.exp(-self.game.discount_rate * self.instance.horizon_length) * worth

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader should know of the paths: vehicles with negative demand or margins on the way."""
        moments = self.trajectory.at_nodes()
        demand = demands(self.game, moments)
        margin = _chain_margins(self.instance, self.game, moments)
        unknown = (
            "the steady state is so far off that what is earned there counts for nothing in the present value: the "
            "optimiser does not determine it"
        )
        return (() if self.is_steady_state_known else (unknown,)) + tuple(
            f"{what} of vehicle {vehicle} falls to {path.min():.4g} on the way: {remedy}"
            for what, paths, remedy in (
                ("demand", demand, "set nonnegative_demands to keep it from that"),
                ("margin over unit cost", margin, "set nonnegative_margins to keep it from that"),
            )
            for vehicle, path in enumerate(paths.T, start=1)
            if path.min() < -1e-6 * (1.0 + np.abs(path).max())
        )

    def report_times(self) -> FloatArray:
        """Return evenly spaced times that show the path: to the end, or to ``3 / rho``."""
        end = self.instance.horizon_length or 3.0 / self.game.discount_rate
        return np.linspace(0.0, end, _SAMPLES)

    def to_json(self) -> dict[str, Any]:
        """Return present values, steady state and paths in the form that scripts rely on."""
        value, is_one_owner = self.present_value, self.model is Model.INTEGRATED
        answer: dict[str, Any] = {
            "present_value": {
                "manufacturer": None if is_one_owner else value.manufacturer,
                "retailer": None if is_one_owner else value.retailer,
                "supply_chain": value.supply_chain,
            },
            "steady_state": self._steady_json(),
            "decay_rate": _scalar_if_one(self.decay_rate),
            "pricing": {"regime": self.pricing_regime.value},
            "trajectory": self._moments_json(self.trajectory.at(self.report_times())),
            "remarks": list(self.remarks),
        }
        if self.cost_threshold is not None:
            answer["pricing"]["cost_threshold"] = self.cost_threshold
        if len(value.retailers) > 1:
            answer["present_value"]["retailers"] = list(value.retailers)
        if self.model is Model.CONTRACT:
            answer |= {"share": self.share, "share_range": None if self.share_range is None else [*self.share_range]}
        return answer

    def _steady_json(self) -> dict[str, Any] | None:
        if self.steady_state is None:
            return None
        columns = self._moments_json(self.steady_state)
        return {key: values[0] for key, values in columns.items() if key != "time" and values is not None}

    def _moments_json(self, moments: Moments) -> dict[str, Any]:
        """Return lists over time; efficiency and innovation are numbers in the two-vehicle form."""
        is_pair = isinstance(self.instance, DifferentialGameInstance)
        wholesale = moments.wholesale_prices
        return {
            "time": moments.times.tolist(),
            "efficiency": (moments.efficiency[:, 0] if is_pair else moments.efficiency).tolist(),
            "innovation": (moments.innovation[:, 0] if is_pair else moments.innovation).tolist(),
            "prices": moments.prices.tolist(),
            "wholesale_prices": None if wholesale is None else wholesale.tolist(),
            "demands": demands(self.game, moments).tolist(),
        }


def demands(game: GameMatrices, moments: Moments) -> FloatArray:
    """Return ``alpha + Phi m - B p`` (k, n)."""
    reach = game.market_size + moments.efficiency @ game.efficiency_effect.T
    return reach - moments.prices @ game.price_effect.T


def flows(instance: Instance, moments: Moments, share: float | None) -> Flows:
    """Return what each player earns a month at given moments.

    Parameters
    ----------
    share
        delta of the contract, under which the retailer keeps that part of revenue and credit income and bears that
        part of the innovation cost; None without a contract.
    """
    game = instance.matrices()
    demand = demands(game, moments)
    innovation_cost = np.einsum("ki,ij,kj->k", moments.innovation, game.innovation_cost, moments.innovation)
    whole = np.sum(_chain_margins(instance, game, moments) * demand, axis=1) - innovation_cost
    if moments.wholesale_prices is None:
        return Flows(manufacturer=whole, retailers=np.zeros((len(whole), len(game.retailers))))
    kept = 1.0 if share is None else share
    revenue = kept * moments.prices - moments.wholesale_prices
    if share is not None:
        revenue = revenue + share * _credit_income(instance, game, moments)
    by_vehicle = revenue * demand
    retailers = np.stack([by_vehicle[:, list(vehicles)].sum(axis=1) for vehicles in game.retailers], axis=1)
    if share is not None:
        retailers = retailers - share * innovation_cost[:, None]
    return Flows(manufacturer=whole - retailers.sum(axis=1), retailers=retailers)


def _chain_margins(instance: Instance, game: GameMatrices, moments: Moments) -> FloatArray:
    """Return retail price less unit cost plus credit income (k, n)."""
    cost = game.unit_cost + moments.efficiency @ game.efficiency_unit_cost.T
    return moments.prices - cost + _credit_income(instance, game, moments)


def _credit_income(instance: Instance, game: GameMatrices, moments: Moments) -> FloatArray:
    """Return ``h(t) theta`` (k, n)."""
    price = instance.credit_price_at(moments.times, game.credit_price)
    return price[:, None] * game.credits_per_vehicle


def _scalar_if_one(rates: tuple[float, ...] | None) -> float | list[float] | None:
    if rates is None:
        return None
    return rates[0] if len(rates) == 1 else list(rates)
