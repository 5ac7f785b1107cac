"""The coordination game's data: one manufacturer, one retailer, one echelon-utilisation enterprise.

After "Research on Coordination Mechanism Design of Closed-Loop Supply Chain for New Energy Vehicle Power Batteries"
(Yonglong Wang, Meili Song, Jirong Cai). The form with several regions and enterprises is in `regions`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from batteryopt.games.coordination.data.regions import LISTS, CoordinationNetwork
from batteryopt.tables.toml_input import TomlInstance, from_table, load_table, quantity


class CoordinationInstance(TomlInstance):
    """Parameters of the coordination game, with the constraints that the paper leaves out.

    The manufacturer leads with a recycling service level e_r >= 0; the retailer answers with a retail price p, the
    echelon enterprise with a sales effort e_t >= 0. With vehicle demand ``Q = a - p``, returns
    ``Q_n = b + omega + beta e_r`` and resale price ``p_m = m - theta Q_n + e_t`` the profits are::

        manufacturer         (w - c) Q + (w_t theta + f (1 - theta)) Q_n - e_r^2 / 2
        retailer             (p - w) Q
        echelon enterprise   (p_m - w_t - c_t) theta Q_n - e_t^2 / 2

    The scrap value and the transfer price may be negative: scrap that costs money to be rid of, batteries that the
    manufacturer pays others to take. The enterprise takes every usable battery at the transfer price; that is why a
    manufacturer free to set the transfer price has no largest profit, unless the enterprise's reservation profit or
    a cap on the price is given.

    Reservation profits bind in the decentralised models, where the leader must leave each player at least that much
    (and earn its own). The centralised model has one owner and ignores them; the contract's lump sums take their place.
    """

    kind: ClassVar[str] = "coordination"

    market_size: float = quantity("market size a: vehicles demanded at price zero", unit="vehicles", gt=0)
    wholesale_price: float = quantity("wholesale price w of a vehicle, where it is given", unit="money/vehicle", ge=0)
    transfer_price: float = quantity(
        "transfer price w_t that the enterprise pays for a usable retired battery",
        unit="money/battery",
    )
    testing_cost: float = quantity("cost c_t of testing a usable battery", unit="money/battery", ge=0)
    scrap_value: float = quantity(
        "net value f of a scrapped battery, negative where scrap costs",
        unit="money/battery",
    )
    usable_share: float = quantity("share theta of the collected batteries that is usable", gt=0, lt=1)
    voluntary_returns: float = quantity("batteries b returned without any service", unit="batteries", ge=0)
    residual_value: float = quantity(
        "residual value omega of a retired battery, counted as the returns that it brings",
        unit="batteries",
        ge=0,
    )
    service_response: float = quantity(
        "returns beta that one unit of recycling service adds", unit="batteries/service unit", ge=0
    )
    echelon_market_size: float = quantity(
        "echelon market size m: price of an echelon battery at no supply and no effort",
        unit="money/battery",
        ge=0,
    )
    production_cost: float = quantity("production cost c of a vehicle", unit="money/vehicle", default=0.0, ge=0)

    sign_constraints: bool = quantity(
        "whether demand and retail price must not be negative", table="constraints", default=True
    )
    reservation_profit_manufacturer: float | None = quantity(
        "least profit with which the manufacturer takes part", unit="money", table="constraints", default=None
    )
    reservation_profit_retailer: float | None = quantity(
        "least profit with which the retailer takes part", unit="money", table="constraints", default=None
    )
    reservation_profit_echelon: float | None = quantity(
        "least profit with which the echelon enterprise takes part", unit="money", table="constraints", default=None
    )
    wholesale_price_cap: float | None = quantity(
        "largest wholesale price, where the manufacturer sets it",
        unit="money/vehicle",
        table="constraints",
        default=None,
        ge=0,
    )
    transfer_price_cap: float | None = quantity(
        "largest transfer price, where the manufacturer sets it",
        unit="money/battery",
        table="constraints",
        default=None,
    )


Instance: TypeAlias = CoordinationInstance | CoordinationNetwork
"""Either form of the game."""


def read(path: str | os.PathLike[str]) -> Instance:
    """Read an instance from a TOML file: the network form where its market size is a list, the paper's otherwise.

    Raises
    ------
    InvalidInput
        With every fault of the file.
    """
    table = load_table(path)
    if _is_network(table.get("parameters")):
        return from_table(table, CoordinationNetwork, source=str(path))
    return from_table(table, CoordinationInstance, source=str(path))


def _is_network(parameters: Any) -> bool:
    """Return which form is meant: the market size decides; where it is missing, any list does."""
    if not isinstance(parameters, Mapping):
        return False
    deciding = [parameters["market_size"]] if "market_size" in parameters else parameters.values()
    return any(isinstance(value, list) for value in deciding)


def as_network(instance: Instance) -> CoordinationNetwork:
    """Return the instance in the network form; the paper's game is the one with one region and one enterprise."""
    if isinstance(instance, CoordinationNetwork):
        return instance
    values = {name: getattr(instance, name) for name in type(instance).model_fields}
    lists = {name: (values[name],) for name in LISTS if values.get(name) is not None}
    return CoordinationNetwork(**{**values, **lists})
