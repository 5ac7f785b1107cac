"""What follows from the formulas of the two-vehicle game: pricing regimes, acceptable shares, comparative statics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.pair_formulas import Array, PairEquilibrium, pair_equilibrium
from batteryopt.games.differential.solution import Model, PricingRegime

__all__ = [
    "QUANTITIES",
    "STATIC_PARAMETERS",
    "Pricing",
    "PricingRegime",
    "acceptable_shares",
    "comparative_statics",
    "cross_derivative",
    "derivative",
    "present_values",
    "pricing",
]

_COMPLEX_STEP = 1e-30
_REAL_STEP = 1e-5
STATIC_PARAMETERS = (
    "price_sensitivity",
    "cross_price_sensitivity",
    "efficiency_effect",
    "innovation_effectiveness",
    "efficiency_decay",
    "efficiency_unit_cost",
    "innovation_cost",
    "discount_rate",
    "credit_price",
    "credits_per_vehicle",
    "initial_efficiency",
)
"""The parameters that are single numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pricing:
    """The pricing regime of one model, for numbers or arrays of parameters (...).

    Attributes
    ----------
    regime
        By `PricingRegime`'s names.
    cost_threshold
        The unit cost of efficiency c0 at which the steady state equals m0: below it prices penetrate, above it they
        skim. Not above 0 where they skim for every c0 (Corollaries 1 and 2, whose definition of the threshold is
        misprinted).
    largest_steady_efficiency
        The steady state as c0 falls to 0; infinite where innovation is so cheap that there is none before that.
    """

    regime: Array
    cost_threshold: Array
    largest_steady_efficiency: Array


def pricing(model: Model | str, **parameters: npt.ArrayLike) -> Pricing:
    """Return the pricing regime; parameters as for `pair_equilibrium`."""
    model = Model(model)
    found = pair_equilibrium(model, **parameters)
    p, start = found.parameters, found.parameters["initial_efficiency"]
    distance = start - found.steady_efficiency
    spread = p["price_sensitivity"] - p["cross_price_sensitivity"]
    # Steady efficiency is 4 sigma mu^2 f A / (c - 8 sigma mu^2 f^2) with f = phi - b c0: m0 = that is quadratic in f.
    sigma = 1 / 8 if model is Model.DECENTRALIZED else 1 / 4
    rho, eta = p["discount_rate"], p["efficiency_decay"]
    c = 4 * p["innovation_cost"] * spread * eta * (eta + rho)
    market = sum(_market(p))
    slope = 4 * sigma * p["innovation_effectiveness"] ** 2 * market
    bend = 8 * sigma * p["innovation_effectiveness"] ** 2 * start
    pull = 2 * c * start / (slope + np.sqrt(slope**2 + 4 * bend * c * start))
    room = c - 8 * sigma * p["innovation_effectiveness"] ** 2 * p["efficiency_effect"] ** 2
    return Pricing(
        regime=np.select(
            [distance > 0, distance < 0], [PricingRegime.SKIMMING, PricingRegime.PENETRATION], PricingRegime.CONSTANT
        ),
        cost_threshold=(p["efficiency_effect"] - pull) / spread,
        largest_steady_efficiency=np.where(
            room > 0, slope * p["efficiency_effect"] / np.where(room > 0, room, 1.0), np.inf
        ),
    )


def _market(p: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return what each vehicle adds to A, the demand at net unit cost and efficiency zero."""
    spread = p["price_sensitivity"] - p["cross_price_sensitivity"]
    income = p["credit_price"] * p["credits_per_vehicle"]
    first, second = (p["market_size"][i] - spread * (p["unit_cost"][i] - income) for i in (0, 1))
    return first, second


def acceptable_shares(**parameters: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the ends of the shares that both players accept, Proposition 7(i) with J^I for J^D in the denominators."""
    together = pair_equilibrium(Model.INTEGRATED, **parameters)
    apart = pair_equilibrium(Model.DECENTRALIZED, **parameters)
    start = together.parameters["initial_efficiency"]
    whole = together.leader(start)
    return apart.retailer(start) / whole, 1 - apart.leader(start) / whole


def present_values(**parameters: npt.ArrayLike) -> dict[str, Array]:
    """Return present values by name, for numbers or arrays: what maps of h and theta show."""
    together = pair_equilibrium(Model.INTEGRATED, **parameters)
    apart = pair_equilibrium(Model.DECENTRALIZED, **parameters)
    start = together.parameters["initial_efficiency"]
    return {
        "integrated": together.leader(start),
        "decentralized": apart.supply_chain(start),
        "manufacturer": apart.leader(start),
        "retailer": apart.retailer(start),
    }


QUANTITIES: Mapping[str, Callable[[PairEquilibrium], Array]] = {
    "steady_efficiency": lambda e: e.steady_efficiency,
    "steady_innovation": lambda e: e.innovation(e.steady_efficiency),
    "steady_price_1": lambda e: e.prices(e.steady_efficiency)[..., 0],
    "steady_price_2": lambda e: e.prices(e.steady_efficiency)[..., 1],
    "steady_demand_1": lambda e: e.demands(e.steady_efficiency)[..., 0],
    "steady_demand_2": lambda e: e.demands(e.steady_efficiency)[..., 1],
    "decay_rate": lambda e: e.decay_rate,
    "present_value_supply_chain": lambda e: e.supply_chain(e.parameters["initial_efficiency"]),
    "present_value_manufacturer": lambda e: e.leader(e.parameters["initial_efficiency"]),
    "present_value_retailer": lambda e: e.retailer(e.parameters["initial_efficiency"]),
}
"""What comparative statics are about; in the integrated game the manufacturer is the whole chain."""


def derivative(model: Model, quantity: str, key: str, **parameters: Any) -> Array:
    """Return the derivative of a quantity (see `QUANTITIES`) by a single-number parameter, exact to rounding.

    The formulas are analytic, so that a complex step of next to nothing gives the derivative without a difference.
    """
    stepped = {**parameters, key: np.asarray(parameters[key]) + 1j * _COMPLEX_STEP}
    return np.imag(QUANTITIES[quantity](pair_equilibrium(model, **stepped))) / _COMPLEX_STEP


def cross_derivative(model: Model, quantity: str, keys: tuple[str, str], **parameters: Any) -> Array:
    """Return the mixed second derivative: positive where the quantity is supermodular in the two parameters.

    A central difference of exact first derivatives, right to about nine digits.
    """
    first, second = keys
    centre = np.asarray(parameters[second], dtype=float)
    step = _REAL_STEP * np.maximum(np.abs(centre), 1.0)
    above = derivative(model, quantity, first, **{**parameters, second: centre + step})
    below = derivative(model, quantity, first, **{**parameters, second: centre - step})
    return (above - below) / (2 * step)


def comparative_statics(
    instance: DifferentialGameInstance,
    model: Model | str,
    keys: Sequence[str] = STATIC_PARAMETERS,
    quantities: Sequence[str] = tuple(QUANTITIES),
) -> pd.DataFrame:
    """Return derivatives: one row a parameter, one column a quantity."""
    scalars = instance.scalars()
    model = Model(model)
    rows = [[float(derivative(model, quantity, key, **scalars)) for quantity in quantities] for key in keys]
    return pd.DataFrame(rows, index=pd.Index(keys, name="parameter"), columns=list(quantities))
