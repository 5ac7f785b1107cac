"""The futures of a network, each a network with one future and a probability; and the mean of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import Market, Network, Return
from batteryopt.network.tables.future_faults import known_too_early


@dataclass(frozen=True, kw_only=True, eq=False)
class Future:
    """One way that things may go, as a network of its own."""

    name: str
    probability: float
    network: Network


def futures_of(network: Network) -> tuple[Future, ...]:
    """Return the futures of a network; without probabilities they are equally likely.

    Raises
    ------
    InvalidInput
        If it has none, or one of them changes what must be known before anything is decided.
    """
    if not network.scenarios:
        remedy = "name them in the table 'scenarios', with what is different in each in 'changes'; or leave --model out"
        raise InvalidInput(network.name, [Fault(place="scenarios", problem="there is one future", remedy=remedy)])
    faults = [
        dataclasses.replace(fault, place=f"in the future '{scenario.name}': {fault.place}")
        for scenario in network.scenarios
        for fault in known_too_early(network, scenario.name)
    ]
    if faults:
        raise InvalidInput(network.name, faults)
    equal = 1.0 / len(network.scenarios)
    given = [equal if scenario.probability is None else scenario.probability for scenario in network.scenarios]
    total = sum(given)  # one but for the digits that people type: a third is 0.333
    return tuple(
        Future(name=scenario.name, probability=share / total, network=network.in_scenario(scenario.name))
        for scenario, share in zip(network.scenarios, given, strict=True)
    )


def mean_future(futures: Sequence[Future]) -> Network:
    """Return the network whose numbers are the means of those of the futures.

    What returns in some futures only counts 0 t in the others, and a buyer who is there in some only buys 0 t there.
    Where one future has no number (no limit, say) the mean has none; words and yes or no are the likeliest future's.
    """
    likely = [future for future in futures if future.probability > 0]
    shares = np.array([future.probability for future in likely])
    networks = _aligned([future.network for future in likely])
    fields = {
        field.name: _mean([getattr(network, field.name) for network in networks], shares)
        for field in dataclasses.fields(networks[0])
        if field.name not in ("name", "currency", "source", "scenarios", "changes")
    }
    return dataclasses.replace(networks[0], **fields)


def _aligned(networks: Sequence[Network]) -> list[Network]:
    """Return networks of which each has every return and every market that any has."""
    returns: dict[tuple[str, str], Return] = {}
    markets: dict[tuple[str, str], Market] = {}
    for network in networks:
        for row in network.returns:
            returns.setdefault((row.site, row.product), dataclasses.replace(row, tonnes=0.0))
        for market in network.markets:
            none = dataclasses.replace(market, most_t=0.0, least_t=None)
            markets.setdefault((market.site, market.product), none)
    found = []
    for network in networks:
        mine = {(row.site, row.product): row for row in network.returns}
        buyers = {(market.site, market.product): market for market in network.markets}
        found.append(
            dataclasses.replace(
                network, returns=tuple((returns | mine).values()), markets=tuple((markets | buyers).values())
            )
        )
    return found


def _mean(values: Sequence[Any], shares: np.typing.NDArray[np.float64]) -> Any:
    """Return the mean of values of one shape: numbers, profiles, matrices, and whatever is made of these."""
    first = values[0]
    if any(value is None for value in values):
        return None
    if isinstance(first, np.ndarray):
        return first if all(value is first for value in values) else np.tensordot(shares, np.stack(values), axes=1)
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        names = [field.name for field in dataclasses.fields(first) if field.init]
        means = {name: _mean([getattr(value, name) for value in values], shares) for name in names}
        return (
            first if all(means[name] is getattr(first, name) for name in names) else dataclasses.replace(first, **means)
        )
    if isinstance(first, dict):
        return {key: _mean([value[key] for value in values], shares) for key in first}
    if all(value == first for value in values):
        return first
    if any(isinstance(value, bool | str) for value in values):
        return values[int(np.argmax(shares))]
    if any(isinstance(value, tuple) for value in values):
        length = max(len(value) for value in values if isinstance(value, tuple))
        rows = [value if isinstance(value, tuple) else (value,) * length for value in values]
        if any(len(row) != length for row in rows):
            return rows[int(np.argmax(shares))]
        return tuple(_mean(items, shares) for items in zip(*rows, strict=True))
    mean = float(shares @ np.array(values, dtype=float))
    return round(mean) if all(isinstance(value, int) for value in values) and mean.is_integer() else mean
