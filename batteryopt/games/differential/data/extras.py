"""What the paper leaves out and the optimiser can carry: horizon, paths of the credit price, constraints, terms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.ground.errors import Fault
from batteryopt.tables.toml_input import TomlInstance, quantity


class GameExtras(TomlInstance):
    """The optional tables of both forms of the game. Absent keys leave the paper's game as it is.

    Whose constraint is whose, where the game is decentralised or under a contract: the retailers keep demands and
    their own margins not negative and retail prices below the caps; the manufacturer keeps its own margins not
    negative, and innovation below its caps and within its budget. The integrated owner keeps them all, with the
    margin of the whole chain. A price cap brings with it that retailers do not sell below their wholesale price: a
    retailer that could not raise its price and had to sell would pay whatever the manufacturer asks.
    """

    largest: ClassVar[float] = 1e9  # beyond it, double precision could not tell the answer from noise

    horizon_length: float | None = quantity(
        "length of the planning horizon; without it, there is no end",
        unit="months",
        table="horizon",
        default=None,
        gt=0,
    )
    salvage_values: tuple[float, ...] | None = quantity(
        "worth of one unit of each efficiency level at the end of a finite horizon, one an efficiency level",
        unit="money/efficiency",
        table="horizon",
        default=None,
    )
    credit_price_times: tuple[float, ...] | None = quantity(
        "times of a credit price that changes (linear between them, constant after the last); "
        "or name a table with the columns time and credit_price: credit_price_file",
        unit="months",
        table="horizon",
        default=None,
        min_length=1,
    )
    credit_price_values: tuple[float, ...] | None = quantity(
        "credit price at these times", unit="money/credit", table="horizon", default=None, min_length=1
    )

    nonnegative_demands: bool = quantity("whether demands must not be negative", table="constraints", default=False)
    nonnegative_margins: bool = quantity(
        "whether no player may sell below its unit cost (net of credit income)", table="constraints", default=False
    )
    price_caps: tuple[float, ...] | None = quantity(
        "largest retail price, one a vehicle", unit="money/vehicle", table="constraints", default=None
    )
    innovation_caps: tuple[float, ...] | None = quantity(
        "largest innovation level, one an effort; innovation then keeps between 0 and it",
        unit="innovation",
        table="constraints",
        default=None,
    )
    innovation_budget: float | None = quantity(
        "largest present value of all innovation costs",
        unit="money",
        table="constraints",
        default=None,
        gt=0,
    )

    share: float | None = quantity(
        "share delta of revenue and innovation cost that the retailer keeps; without it, the share that gives both "
        "players the same gain",
        table="contract",
        default=None,
        gt=0,
        lt=1,
    )

    @property
    def is_finite(self) -> bool:
        """Whether the horizon ends."""
        return self.horizon_length is not None

    @property
    def retailers_keep_margins(self) -> bool:
        """Whether retailers' margins must not be negative: asked for, or because their prices are capped."""
        return self.nonnegative_margins or self.price_caps is not None

    def beyond_formula(self) -> tuple[str, ...]:
        """Return the names of what this instance asks for and no formula covers; empty for the paper's game."""
        asked = {
            "a finite horizon (horizon_length)": self.horizon_length,
            "a credit price that changes (credit_price_times)": self.credit_price_times,
            "demands that must not be negative (nonnegative_demands)": self.nonnegative_demands or None,
            "margins that must not be negative (nonnegative_margins)": self.nonnegative_margins or None,
            "price caps (price_caps)": self.price_caps,
            "caps on innovation (innovation_caps)": self.innovation_caps,
            "an innovation budget (innovation_budget)": self.innovation_budget,
        }
        return tuple(name for name, value in asked.items() if value is not None)

    def constrains_paths(self) -> bool:
        """Whether an inequality holds at every instant, so that paths may have kinks."""
        return self.constrains_prices() or self.innovation_caps is not None

    def constrains_prices(self) -> bool:
        """Whether a constraint holds at every instant between efficiency and prices."""
        return self.nonnegative_demands or self.nonnegative_margins or self.price_caps is not None

    def credit_price_at(self, times: FloatArray, constant: float) -> FloatArray:
        """Return the credit price at given times, `constant` where there is no path."""
        if self.credit_price_times is None or self.credit_price_values is None:
            return np.full_like(np.asarray(times, dtype=float), constant)
        # The last value holds for ever: infinity, where nothing can be interpolated, is past the last time.
        return np.interp(
            np.minimum(times, self.credit_price_times[-1]), self.credit_price_times, self.credit_price_values
        )


def extra_faults(values: Mapping[str, Any], *, vehicles: int, states: int, efforts: int) -> Iterator[Fault]:
    """Yield what is wrong among the optional keys, for a game of this size."""
    yield from _length_faults(values, "price_caps", vehicles, "one a vehicle", least=0.0)
    yield from _length_faults(values, "innovation_caps", efforts, "one an innovation effort", least=0.0)
    yield from _length_faults(values, "salvage_values", states, "one an efficiency level", least=-math.inf)
    yield from _path_faults(values)
    if values.get("salvage_values") is not None and values.get("horizon_length", 0.0) is None:
        yield Fault(
            place="salvage_values",
            problem="are given and the horizon has no end",
            remedy="give horizon_length as well, or leave the salvage values out",
        )


def _length_faults(values: Mapping[str, Any], key: str, count: int, meaning: str, *, least: float) -> Iterator[Fault]:
    given: Sequence[float] | None = values.get(key)
    if given is None:
        return
    if len(given) != count:
        yield Fault(place=key, problem=f"has {len(given)} items", remedy=f"expected {count}: {meaning}")
    for position, number in enumerate(given):
        if number < least:
            yield Fault(
                place=f"{key}[{position}]", problem=f"is {number!r}", remedy=f"expected a value of at least {least:g}"
            )


def _path_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with a path of credit prices."""
    if "credit_price_times" not in values or "credit_price_values" not in values:
        return
    times, prices = values["credit_price_times"], values["credit_price_values"]
    if (times is None) != (prices is None):
        missing = "credit_price_times" if times is None else "credit_price_values"
        yield Fault(place=missing, problem="is missing", remedy="a path of credit prices needs times and values")
    if times is None or prices is None:
        return
    if len(times) != len(prices):
        problem = f"has {len(prices)} items for {len(times)} times"
        yield Fault(place="credit_price_values", problem=problem, remedy="expected one price a time")
    if times[0] != 0.0 or any(later <= earlier for earlier, later in pairwise(times)):
        yield Fault(place="credit_price_times", problem=f"are {list(times)}", remedy="expected rising times from 0")
    for position, price in enumerate(prices):
        if price < 0.0:
            place = f"credit_price_values[{position}]"
            yield Fault(place=place, problem=f"is {price!r}", remedy="expected a value of at least 0")
