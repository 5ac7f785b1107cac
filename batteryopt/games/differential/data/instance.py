"""The game's data as people write it: two vehicles in the paper's scalars, or any number of them in matrices.

After "Dynamic optimization and coordination of the new energy vehicle supply chain based on credit trading and green
innovation" (Lili Zhao, Jizi Li, Xiuli Bao, Scientific Reports 2025, doi 10.1038/s41598-025-27557-x).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from batteryopt.games.differential.data.assumptions import pair_faults
from batteryopt.games.differential.data.credit_prices import with_credit_prices
from batteryopt.games.differential.data.extras import GameExtras, extra_faults
from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.ground.errors import Fault
from batteryopt.tables.toml_input import TomlInstance, from_table, load_table, quantity


class PairParameters(TomlInstance):
    """The paper's parameters, without the optional tables."""

    kind: ClassVar[str] = "differential-game"

    market_size: tuple[float, float] = quantity(
        "market size alpha of the two vehicles: demand at price and efficiency zero", unit="vehicles/month"
    )
    price_sensitivity: float = quantity(
        "price sensitivity beta: demand that one unit of the own price costs",
        unit="vehicles/month/money",
        gt=0,
    )
    cross_price_sensitivity: float = quantity(
        "cross-price sensitivity gamma < beta: demand that one unit of the other vehicle's price brings",
        unit="vehicles/month/money",
        ge=0,
    )
    efficiency_effect: float = quantity(
        "demand phi that one unit of efficiency brings", unit="vehicles/month/efficiency", gt=0
    )
    innovation_effectiveness: float = quantity(
        "efficiency mu that one unit of green innovation builds", unit="efficiency/innovation", gt=0
    )
    efficiency_decay: float = quantity("decay rate eta of efficiency", unit="1/month", gt=0)
    unit_cost: tuple[float, float] = quantity("unit cost c of the two vehicles", unit="money/vehicle")
    efficiency_unit_cost: float = quantity(
        "unit cost c0 of one unit of efficiency", unit="money/vehicle/efficiency", gt=0
    )
    innovation_cost: float = quantity("cost k of innovation, k g^2 a month", unit="money month/innovation^2", gt=0)
    discount_rate: float = quantity("discount rate rho", unit="1/month", gt=0)
    credit_price: float = quantity("price h of a credit", unit="money/credit", ge=0)
    credits_per_vehicle: float = quantity("credits theta per vehicle", unit="credits/vehicle", ge=0)
    initial_efficiency: float = quantity("efficiency m0 at the start", unit="efficiency", ge=0)


class DifferentialGameInstance(GameExtras, PairParameters):
    """Two vehicles, one efficiency level, one retailer: the paper's game, with optional constraints.

    The manufacturer leads with wholesale prices w_i(t) and green innovation g(t), the retailer answers with retail
    prices p_i(t)::

        m' = mu g - eta m, m(0) = m0                              efficiency
        D_i = alpha_i + phi m - beta p_i + gamma p_{3-i}          demand
        J_M = int exp(-rho t) [sum_i (w_i - c_i - c0 m + h theta) D_i - k g^2] dt
        J_R = int exp(-rho t) [sum_i (p_i - w_i) D_i] dt

    The paper counts time in months; any other unit will do, if all rates use it.

    Raises
    ------
    InvalidInput
        With every fault; an assumption of the paper that is broken is named: ``beta > gamma``,
        ``0 < c0 < phi/(beta - gamma)``, ``0 < c1 + c2 - 2 h theta < (alpha1 + alpha2)/(beta - gamma)``, xi real,
        and ``Q > 0``, which the paper asserts without the condition on k that it needs.
    """

    @classmethod
    def inconsistencies(cls, values: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield broken assumptions and faults among the optional keys."""
        yield from _range_faults(values, "market_size", least=0.0, is_open=True)
        yield from _range_faults(values, "unit_cost", least=0.0)
        yield from pair_faults(values)
        yield from extra_faults(values, vehicles=2, states=1, efforts=1)

    def matrices(self) -> GameMatrices:
        """Return the same game in matrices: n = 2, s = r = 1, one retailer."""
        beta, gamma = self.price_sensitivity, self.cross_price_sensitivity
        return GameMatrices(
            market_size=np.array(self.market_size),
            price_effect=np.array([[beta, -gamma], [-gamma, beta]]),
            efficiency_effect=np.full((2, 1), self.efficiency_effect),
            unit_cost=np.array(self.unit_cost),
            efficiency_unit_cost=np.full((2, 1), self.efficiency_unit_cost),
            credits_per_vehicle=np.full(2, self.credits_per_vehicle),
            credit_price=self.credit_price,
            innovation_effectiveness=np.array([[self.innovation_effectiveness]]),
            efficiency_decay=np.array([[self.efficiency_decay]]),
            innovation_cost=np.array([[self.innovation_cost]]),
            discount_rate=self.discount_rate,
            initial_efficiency=np.array([self.initial_efficiency]),
            retailers=((0, 1),),
        )

    def scalars(self) -> dict[str, Any]:
        """Return the paper's parameters by key, as `pair_formulas.pair_equilibrium` takes them."""
        return {key: getattr(self, key) for key in PairParameters.model_fields if key not in TomlInstance.model_fields}


Instance: TypeAlias = DifferentialGameInstance | GeneralDifferentialGame
"""Either form of the game."""


def read(path: str | os.PathLike[str]) -> Instance:
    """Read either form of the game from a TOML file: `price_effect`, a matrix, announces the general one.

    Raises
    ------
    InvalidInput
        With every fault of the file.
    """
    table = with_credit_prices(load_table(path), Path(path))
    parameters = table.get("parameters")
    is_general = isinstance(parameters, Mapping) and "price_effect" in parameters
    form: type[DifferentialGameInstance] | type[GeneralDifferentialGame]
    form = GeneralDifferentialGame if is_general else DifferentialGameInstance
    return from_table(table, form, source=str(path))


def _range_faults(values: Mapping[str, Any], key: str, *, least: float, is_open: bool = False) -> Iterator[Fault]:
    """Yield the numbers of a list below `least`, or at it where the range is open."""
    for position, number in enumerate(values.get(key, ())):
        if number < least or (is_open and number == least):
            expected = f"expected a value {'above' if is_open else 'of at least'} {least:g}"
            yield Fault(place=f"{key}[{position}]", problem=f"is {number!r}", remedy=expected)
