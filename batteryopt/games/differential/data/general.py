"""The general form of the game: n vehicles, several efficiency levels and innovation efforts, several retailers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from batteryopt.games.differential.data.assumptions import matrix_faults
from batteryopt.games.differential.data.extras import GameExtras, extra_faults
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.ground.errors import Fault
from batteryopt.tables.toml_input import TomlInstance, quantity

Row = tuple[float, ...]
Matrix = tuple[Row, ...]


class GeneralParameters(TomlInstance):
    """The matrices of the game, without the optional tables."""

    kind: ClassVar[str] = "differential-game"

    market_size: Row = quantity("market size alpha, one a vehicle (n)", unit="vehicles/month", min_length=1)
    price_effect: Matrix = quantity(
        "price effects B (n rows of n), symmetric positive definite: demand is alpha + Phi m - B p, so that own "
        "prices stand as positive numbers on the diagonal and cross effects of substitutes as negative ones beside it",
        unit="vehicles/month/money",
        min_length=1,
    )
    efficiency_effect: Matrix = quantity(
        "demand Phi that one unit of each efficiency level brings (n rows of s)",
        unit="vehicles/month/efficiency",
        min_length=1,
    )
    unit_cost: Row = quantity("unit cost c, one a vehicle (n)", unit="money/vehicle", min_length=1)
    efficiency_unit_cost: Matrix = quantity(
        "unit cost C0 of one unit of each efficiency level (n rows of s)",
        unit="money/vehicle/efficiency",
        min_length=1,
    )
    innovation_effectiveness: Matrix = quantity(
        "efficiency M that one unit of each innovation effort builds (s rows of r)",
        unit="efficiency/innovation",
        min_length=1,
    )
    efficiency_decay: Matrix = quantity(
        "decay E of the efficiency levels (s rows of s), m' = M g - E m", unit="1/month", min_length=1
    )
    innovation_cost: Matrix = quantity(
        "cost K of innovation (r rows of r), symmetric positive definite, g' K g a month",
        unit="money month/innovation^2",
        min_length=1,
    )
    discount_rate: float = quantity("discount rate rho", unit="1/month", gt=0)
    credit_price: float = quantity("price h of a credit", unit="money/credit", ge=0)
    credits_per_vehicle: Row = quantity("credits theta, one a vehicle (n)", unit="credits/vehicle", min_length=1)
    initial_efficiency: Row = quantity("efficiency m0 at the start, one a level (s)", unit="efficiency", min_length=1)
    retailers: tuple[tuple[int, ...], ...] | None = quantity(
        "for each retailer the vehicles it sells, counted from 0, each vehicle at one retailer; "
        "without it, one retailer sells all",
        default=None,
        min_length=1,
    )


class GeneralDifferentialGame(GameExtras, GeneralParameters):
    """The game in matrices, see `batteryopt.games.differential.data.matrices`.

    **Efficiency levels.** s levels, any number of them: one a vehicle (Phi diagonal), one shared by all (s = 1), or
    some shared by groups. Each decays, and each is built by r innovation efforts of the manufacturer.

    **Retailers.** Each vehicle is sold by exactly one retailer, who sets its price; the retailers answer the
    manufacturer at the same moment, each taking the others' prices as given (a Nash equilibrium). One model on sale at
    two retailers is two vehicles with equal costs, effects and credits. The manufacturer may charge each its own
    wholesale price. The contract is defined for a single retailer: a wholesale price at the share of the unit cost
    cannot undo the competition of several.

    Raises
    ------
    InvalidInput
        With every fault: sizes that do not fit, B or K not symmetric positive definite, efficiency that does not
        decay, a Riccati equation (integrated or decentralised) without stabilising solution or steady state.
    """

    @classmethod
    def inconsistencies(cls, values: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield faults of size, of range and of the assumptions; the assumptions only where all sizes fit."""
        shape = [*_size_faults(values), *_retailer_faults(values)]
        yield from shape
        if {"market_size", "initial_efficiency", "innovation_cost"} <= values.keys():
            counts = {"vehicles": len(values["market_size"]), "states": len(values["initial_efficiency"])}
            yield from extra_faults(values, **counts, efforts=len(values["innovation_cost"]))
        if not shape and GeneralParameters.model_fields.keys() <= values.keys():
            yield from matrix_faults(_matrices(values))

    def matrices(self) -> GameMatrices:
        """Return the matrices as arrays."""
        return _matrices(dict(self))


def _matrices(values: Mapping[str, Any]) -> GameMatrices:
    arrays: dict[str, FloatArray] = {
        key: np.array(values[key], dtype=float)
        for key in GeneralParameters.model_fields
        if key not in {*TomlInstance.model_fields, "discount_rate", "credit_price", "retailers"}
    }
    everything = (tuple(range(len(values["market_size"]))),)
    return GameMatrices(
        **arrays,
        discount_rate=float(values["discount_rate"]),
        credit_price=float(values["credit_price"]),
        retailers=values["retailers"] or everything,
    )


def _size_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield every list and matrix whose size does not follow from alpha (n), m0 (s) and K (r)."""
    n = len(values.get("market_size", ()))
    s = len(values.get("initial_efficiency", ()))
    r = len(values.get("innovation_cost", ()))
    for key in ("unit_cost", "credits_per_vehicle"):
        if key in values and n and len(values[key]) != n:
            problem = f"has {len(values[key])} items for {n} vehicles"
            yield Fault(place=key, problem=problem, remedy=f"expected {n}")
    shapes = {"price_effect": (n, n), "efficiency_effect": (n, s), "efficiency_unit_cost": (n, s)}
    shapes |= {"innovation_effectiveness": (s, r), "efficiency_decay": (s, s), "innovation_cost": (r, r)}
    for key, (rows, columns) in shapes.items():
        if key in values and rows and columns:
            yield from _shape_faults(key, values[key], rows, columns)


def _shape_faults(key: str, matrix: Matrix, rows: int, columns: int) -> Iterator[Fault]:
    if len(matrix) != rows:
        yield Fault(place=key, problem=f"has {len(matrix)} rows", remedy=f"expected {rows} rows of {columns}")
    for position, row in enumerate(matrix):
        if len(row) != columns:
            problem = f"has {len(row)} items"
            yield Fault(place=f"{key}[{position}]", problem=problem, remedy=f"expected {columns}")


def _retailer_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the fault of retailers that do not share out the vehicles, each to one."""
    retailers, n = values.get("retailers"), len(values.get("market_size", ()))
    if retailers is None or not n:
        return
    sold = sorted(vehicle for vehicles in retailers for vehicle in vehicles)
    if sold != list(range(n)) or not all(retailers):
        yield Fault(
            place="retailers",
            problem=f"sell the vehicles {sold}",
            remedy=f"expected each of 0 to {n - 1} at exactly one retailer, and no retailer without a vehicle",
        )


def vehicles_from_matrices(game: GameMatrices, **extras: Any) -> GeneralDifferentialGame:
    """Return the instance of given matrices, validated.

    Raises
    ------
    InvalidInput
        As the class itself.
    """
    parameters = {key: getattr(game, key) for key in GeneralParameters.model_fields if hasattr(game, key)}
    return GeneralDifferentialGame(**{**parameters, **extras})
