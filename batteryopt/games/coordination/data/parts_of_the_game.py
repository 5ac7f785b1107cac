"""Which parts of the game know nothing of each other: markets of vehicles, and the market of batteries.

No price or quantity of a vehicle stands in a condition or profit of the batteries, and regions between which no buyer
crosses share nothing. Everybody's best answers, the leader's best decisions and the chain's are therefore those of the
parts, each by itself, and profits add up. Only the manufacturer's reservation profit asks something of all parts
together; a manufacturer that earns the most in each part meets it if it can be met at all.

That is what lets a market of 30 be judged in its own size beside one of 100,000: a tolerance that is relative to the
whole chain would not see it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scipy.sparse.csgraph import connected_components

from batteryopt.games.coordination.data.regions import CoordinationNetwork

_VEHICLES = ("market_size", "wholesale_price", "reservation_profit_retailer", "wholesale_price_cap")
_RETURNS = ("service_response", "voluntary_returns", "residual_value")


class GameMarket(enum.Flag):
    """What a model, or a part of one, is about."""

    VEHICLES = enum.auto()
    BATTERIES = enum.auto()
    BOTH = VEHICLES | BATTERIES


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a game: the batteries of all regions, or the vehicles of some.

    Attributes
    ----------
    network
        The game with these regions alone, and only the demands of players that can be met within the part.
    regions
        Positions of its regions in the whole game.
    """

    market: GameMarket
    network: CoordinationNetwork
    regions: tuple[int, ...]


def parts_of(network: CoordinationNetwork) -> tuple[Part, ...]:
    """Return the parts of a game, the batteries first.

    Regions between which nobody crosses are apart; those whose markets are of one order of magnitude may share a
    model all the same, so that a thousand of them do not make a thousand models.
    """
    batteries = network.replace(reservation_profit_manufacturer=None, reservation_profit_retailer=None)
    everywhere = tuple(range(network.regions))
    return (
        Part(market=GameMarket.BATTERIES, network=batteries, regions=everywhere),
        *(
            Part(market=GameMarket.VEHICLES, network=_vehicles(network, regions), regions=regions)
            for regions in _groups(network)
        ),
    )


def _groups(network: CoordinationNetwork) -> Iterator[tuple[int, ...]]:
    """Yield the regions of each part: whole components of the graph of crossings, by order of magnitude."""
    _, component_of = connected_components(network.cross_prices, directed=False)
    largest: dict[int, float] = {}
    for component, size in zip(component_of.tolist(), network.market_size, strict=True):
        largest[component] = max(size, largest.get(component, 0.0))
    magnitude = {component: math.floor(math.log10(size)) for component, size in largest.items()}
    for chosen in sorted(set(magnitude.values()), reverse=True):
        yield tuple(r for r, component in enumerate(component_of.tolist()) if magnitude[component] == chosen)


def _vehicles(network: CoordinationNetwork, regions: tuple[int, ...]) -> CoordinationNetwork:
    """Return the game with these regions alone."""
    position = {region: new for new, region in enumerate(regions)}
    given = {name: getattr(network, name) for name in (*_VEHICLES, *_RETURNS)}
    changes: dict[str, Any] = {
        name: None if values is None else tuple(values[r] for r in regions) for name, values in given.items()
    }
    changes["cross_price_effect"] = tuple(
        (position[r], position[s], effect) for r, s, effect in network.cross_price_effect if r in position
    )
    return network.replace(**changes, reservation_profit_manufacturer=None, reservation_profit_echelon=None)
