"""The same network in other units of money and mass: what it costs is then as many times as much, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from batteryopt.network.data.instance import Network
from batteryopt.network.data.policy import Limit, Quantity, Subsidy, SubsidyBase

MONEY = {
    *("opening_cost", "fixed_cost", "closing_cost", "cost_per_trip", "cost_per_trip_km", "budget"),
    *("carbon_price_per_t", "emission_penalty_per_t"),
    "electricity_price_per_kwh",
}
"""Amounts of money: carbon is priced a tonne of emission, of which there are as many as before."""
MASS = {
    *("capacity_t", "least_t", "storage_limit_t", "limit_t", "initial_t", "most_t", "tonnes", "trip_capacity_t"),
}
MONEY_PER_MASS = {
    *("variable_cost_per_t", "holding_cost_per_t", "cost_per_t", "cost_per_t_km", "price_per_t"),
    *("shortfall_penalty_per_t", "extra_cost_per_t", "acquisition_cost_per_t", "uncollected_cost_per_t"),
    "penalty_per_t",
}
PER_MASS = {"emission_kg_per_t", "emission_kg_per_t_km", "electricity_kwh_per_t"}
COUNTED = {Quantity.FACILITIES, Quantity.OPENINGS}


def rescaled(network: Network, *, money: float = 1.0, mass: float = 1.0) -> Network:
    """Return a network whose money is so many times as much, and whose tonnes are so many times as many."""
    factors = {
        **dict.fromkeys(MONEY, money),
        **dict.fromkeys(MASS, mass),
        **dict.fromkeys(MONEY_PER_MASS, money / mass),
        **dict.fromkeys(PER_MASS, 1 / mass),
    }

    def of(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(of(each) for each in part)
        if not dataclasses.is_dataclass(part):
            return part
        own = factors | _own_factors(part, money, mass)
        changed = {
            field.name: _times(value, own[field.name]) if field.name in own else of(value)
            for field in dataclasses.fields(part)
            if isinstance(value := getattr(part, field.name), (int, float, tuple)) or dataclasses.is_dataclass(value)
        }
        return dataclasses.replace(part, **changed)

    return of(network)


def _own_factors(part: Any, money: float, mass: float) -> dict[str, float]:
    """Return the factors of what has the unit of whatever it is about."""
    if isinstance(part, Limit):
        unit = 1.0 if part.quantity in COUNTED else mass
        return {"least": unit, "most": unit, "penalty": money / unit}
    if isinstance(part, Subsidy):
        return {"most": money, "rate": 1.0 if part.base is SubsidyBase.OPENING_COST else money / mass}
    return {}


def _times(value: Any, factor: float) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return tuple((np.asarray(value) * factor).tolist()) if isinstance(value, tuple) else value * factor
