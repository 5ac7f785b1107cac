"""What was understood of a network: what a planner compares with what was meant, before anything is solved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from batteryopt.ground.errors import Fault
from batteryopt.network.data.entity_faults import fault_in
from batteryopt.network.data.facilities import Standing
from batteryopt.network.data.faults import numbers_in
from batteryopt.network.data.geography import Ways
from batteryopt.network.data.odd_numbers import capacity_of

if TYPE_CHECKING:
    from batteryopt.network.data.facilities import Level
    from batteryopt.network.data.flows import Mode
    from batteryopt.network.data.instance import Network

LARGEST = 10
"""Numbers that are shown because nothing is larger."""


def _lanes(network: Network, mode: Mode) -> int:
    every = np.arange(len(network.sites))
    return len(Ways(network, mode).among(every, every)[0])


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A network in a few figures, with what is to be asked about it."""

    network: Network
    remarks: Sequence[Fault]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        network = self.network
        standing = [candidate.standing for candidate in network.candidates]
        return {
            "sites": len(network.sites),
            "sites_with_returns": len({row.site for row in network.returns}),
            "candidates": {kind.value: standing.count(kind) for kind in Standing if kind in standing},
            "lanes": {mode.name: _lanes(network, mode) for mode in network.modes},
            "periods": [period.name for period in network.periods],
            "years": sum(period.years for period in network.periods),
            "scenarios": [scenario.name for scenario in network.scenarios],
            "returns_t_per_year": dict(_returns_a_year(network)),
            "capacity_t_per_period": {type_.name: capacity_of(network, type_.name) for type_ in network.types},
            "largest_returns_t_per_period": float(np.max(_returns_t(network), initial=0.0)),
            "prices_per_t": {name: [low, high] for name, (low, high) in _prices(network).items()},
            "largest_numbers": [{"place": place, "value": value} for place, value in _largest(network)],
            "remarks": [{"place": r.place, "problem": r.problem, "remedy": r.remedy} for r in self.remarks],
        }

    def words(self) -> RenderableType:
        """Return the figures for a screen."""
        found = self.to_json()
        candidates = ", ".join(f"{count} {standing}" for standing, count in found["candidates"].items())
        lanes = ", ".join(f"{mode} {count:,}" for mode, count in found["lanes"].items())
        periods = found["periods"]
        span = periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
        rows = [
            ("sites", f"{found['sites']:,}, {found['sites_with_returns']:,} with returns"),
            ("candidates", candidates or "none"),
            ("lanes", lanes or "none"),
            ("periods", f"{len(periods)} ({span}), {found['years']:g} years"),
            *([("scenarios", ", ".join(found["scenarios"]))] if found["scenarios"] else []),
            *((f"{name} returns", f"{t:,.6g} t a year") for name, t in found["returns_t_per_year"].items()),
            ("returns", f"{found['largest_returns_t_per_period']:,.6g} t in the largest period"),
            *((f"{name} capacity", f"{t:,.6g} t a period") for name, t in found["capacity_t_per_period"].items()),
            *((f"{name} price", _range(pair, self.network.currency)) for name, pair in found["prices_per_t"].items()),
        ]
        largest = [(each["place"], f"{each['value']:,.10g}") for each in found["largest_numbers"]]
        parts: list[RenderableType] = [_table("What was understood", rows), _table("The largest numbers", largest)]
        if self.remarks:
            count = "1 remark" if len(self.remarks) == 1 else f"{len(self.remarks)} remarks"
            parts.append(Text("\n".join([f"{count}:", *(f"  - {remark}" for remark in self.remarks)])))
        return Group(*parts)


def understand(path: Path) -> Understood:
    """Return what is understood of the network at a path; remarks have their rows and cells.

    Raises
    ------
    InvalidInput
        With every fault.
    """
    from batteryopt.network.tables.reader import read_with_remarks

    network, remarks = read_with_remarks(path)
    return Understood(network=network, remarks=remarks)


def _returns_t(network: Network) -> np.ndarray[Any, np.dtype[np.float64]]:
    total = np.zeros(len(network.periods))
    for row in network.returns:
        total = total + network.profile(row.tonnes)
    return total


def _returns_a_year(network: Network) -> Iterator[tuple[str, float]]:
    years = sum(period.years for period in network.periods)
    for product in network.products:
        mine = [network.profile(row.tonnes).sum() for row in network.returns if row.product == product.name]
        if mine:
            yield product.name, float(sum(mine)) / years


def _prices(network: Network) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for market in network.markets:
        prices = network.profile(market.price_per_t)
        low, high = found.get(market.product, (np.inf, -np.inf))
        found[market.product] = (min(low, float(prices.min())), max(high, float(prices.max())))
    return found


def _largest(network: Network) -> list[tuple[str, float]]:
    """Return the places and values of the largest numbers, the largest of a profile for all of it."""
    numbers = sorted(numbers_in(network), key=lambda each: -abs(each[2]))
    owners = _owners(network)
    found = [(owners.get(id(entity), ""), entity, spec.name, value) for entity, spec, value in numbers[:LARGEST]]
    return [(f"{owner}{fault_in(entity, name, '', '').place}", value) for owner, entity, name, value in found]


def _owners(network: Network) -> dict[int, str]:
    """Return whose each part is that has a name of its own only, by its identity: a level's type, or its candidate."""
    found: dict[int, str] = {}
    for type_ in network.types:
        found |= {id(part): f"{type_.name}: " for part in (*type_.recipes, *type_.levels, *type_.storage)}
        found |= _of_products(f"{type_.name}/", type_.levels)
    for candidate in network.candidates:
        found |= _of_products(f"{candidate.site}/{candidate.type}/", candidate.levels)
        found |= {id(level): f"{candidate.site}/{candidate.type}: " for level in candidate.levels}
    for market in network.markets:
        found |= {id(part): f"{market.site}/{market.product}: " for part in market.comes_back}
    for mode in network.modes:
        found |= {id(part): f"{mode.name}: " for part in mode.by_product}
    return found


def _of_products(owner: str, levels: Sequence[Level]) -> dict[int, str]:
    return {id(row): f"{owner}{level.name}: " for level in levels for row in level.by_product}


def _range(prices: Sequence[float], currency: str) -> str:
    low, high = prices
    span = f"{low:,.6g}" if low == high else f"{low:,.6g} to {high:,.6g}"
    return f"{span} {currency} a tonne".replace("  ", " ")


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False)
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table
