"""A network with futures that were drawn: all of its sources together, reduced to a few, as rows of its own tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import NamedChange, Network, Scenario
from batteryopt.network.draws.drawn import DrawnSource, Floats
from batteryopt.network.draws.forward_selection import Reduced, distances_between, forward_selection
from batteryopt.network.tables.future_faults import future_faults

Sampler = Callable[[Network, int, np.random.Generator], DrawnSource]
"""Gives so many draws of one source."""
SOURCES = ("returns", "prices", "disruptions")
"""In the order of their streams of random numbers: what one source draws does not depend on the others."""
MOST_DRAWS = 5000
"""Draws among which some are chosen; their distances are a matrix of all pairs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MadeFutures:
    """Futures that were drawn for a network.

    Attributes
    ----------
    network
        With a scenario for each future that is kept, and its changes.
    base
        As it was.
    sources
        What was drawn, all draws.
    reduced
        Which draws are kept, and what is lost by it. A distance of 1 is that between draws and their mean, in the
        mean of squares, each source by itself.
    seed
        Of the random numbers.
    """

    network: Network
    base: Network
    sources: tuple[DrawnSource, ...]
    reduced: Reduced
    seed: int

    @property
    def drawn(self) -> int:
        """How many were drawn."""
        return len(self.reduced.stands_for)

    def to_json(self) -> dict[str, Any]:
        """Return what was made, as plain data."""
        reduced = self.reduced
        counts = {int(k): int((reduced.stands_for == k).sum()) for k in reduced.kept}
        return {
            "kind": "futures",
            "instance": self.base.name,
            "from": [source.name for source in self.sources],
            "seed": self.seed,
            "drawn": self.drawn,
            "kept": len(reduced.kept),
            "distance": reduced.distance,
            "distance_of_one": reduced.distance_of_one,
            "assumed": [source.words for source in self.sources],
            "scenarios": {
                scenario.name: {
                    "probability": scenario.probability,
                    "draw": int(position) + 1,
                    "stands_for": counts[int(position)],
                    "factors": {
                        name: float(values[position])
                        for source in self.sources
                        for name, values in source.factors.items()
                    },
                }
                for scenario, position in zip(self.network.scenarios, reduced.kept, strict=True)
            },
        }


def drawn_futures(
    network: Network,
    samplers: Mapping[str, Sampler],
    *,
    count: int,
    seed: int,
    keep: int | None = None,
    is_foreseen: bool = True,
) -> MadeFutures:
    """Return a network with futures, drawn and perhaps reduced.

    Parameters
    ----------
    samplers
        By source, as in `SOURCES`.
    count
        How many draws.
    seed
        The same seed gives the same draws, and the first draws of a larger count are those of a smaller one.
    keep
        How many stand for all, chosen by forward selection; None: all, equally likely.
    is_foreseen
        Whether a future is refused that can be seen to have no plan.

    Raises
    ------
    InvalidInput
        If the network has futures already, a number makes no sense, or with the faults of the futures.
    """
    faults = list(_faults(network, count, seed, keep))
    if faults:
        raise InvalidInput(network.name, faults)
    order = [name for name in SOURCES if name in samplers]
    sources = tuple(samplers[name](network, count, _stream(seed, name)) for name in order)
    even = np.full(count, 1.0 / count)
    if keep is None or keep >= count:
        everyone = np.arange(count)
        one = float((distances_between(_standardised(sources)) @ even).min()) if count <= MOST_DRAWS else 0.0
        reduced = Reduced(kept=everyone, probabilities=even, stands_for=everyone, distance=0.0, distance_of_one=one)
    else:
        reduced = forward_selection(distances_between(_standardised(sources)), even, keep)
    made = _with_futures(network, sources, reduced.kept.tolist(), reduced.probabilities.tolist())
    if is_foreseen:
        impossible = future_faults(made, {})
        if impossible:
            raise InvalidInput(network.name, impossible)
    return MadeFutures(network=made, base=network, sources=sources, reduced=reduced, seed=seed)


def _faults(network: Network, count: int, seed: int, keep: int | None) -> Iterable[Fault]:
    if network.scenarios:
        problem = f"has {len(network.scenarios)} futures already"
        yield Fault(
            place="scenarios", problem=problem, remedy="draw them for the network without the table 'scenarios'"
        )
    if not 1 <= count <= MOST_DRAWS:
        yield Fault(place="--count", problem=f"is {count}", remedy=f"expected 1 to {MOST_DRAWS}")
    if seed < 0:
        yield Fault(place="--seed", problem=f"is {seed}", remedy="expected a whole number of at least 0")
    if keep is not None and keep < 1:
        yield Fault(place="--reduce", problem=f"is {keep}", remedy="expected at least 1")


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, SOURCES.index(name)])


def _standardised(sources: Sequence[DrawnSource]) -> Floats:
    """Return the coordinates of all sources, each source with a mean square distance of 1 between draws and mean.

    Tonnes, factors of prices and places out of order have no common unit; so each source counts alike.
    """
    parts = []
    for source in sources:
        off = source.coordinates - source.coordinates.mean(axis=0)
        spread = float(np.sqrt(np.square(off).sum(axis=1).mean()))
        parts.append(off / spread if spread > 0 else off)
    return np.concatenate(parts, axis=1)


def without_futures(network: Network) -> Network:
    """Return a network as it is without its futures: their rows and changes left out."""
    names = {scenario.name for scenario in network.scenarios}
    return dataclasses.replace(
        network,
        scenarios=(),
        changes=tuple(row for row in network.changes if row.name not in names),
        returns=tuple(row for row in network.returns if not row.scenario),
        markets=tuple(row for row in network.markets if not row.scenario),
    )


def names_of_draws(positions: Sequence[int], drawn: int) -> list[str]:
    """Return the names of futures: by the number of the draw, all as long, so that they sort as they were drawn."""
    width = max(2, len(str(drawn)))
    return [f"draw {position + 1:0{width}d}" for position in positions]


def _with_futures(
    network: Network, sources: Sequence[DrawnSource], positions: Sequence[int], probabilities: Sequence[float]
) -> Network:
    """Return the network with a scenario for each chosen draw; probabilities are made to sum to 1 to the last bit."""
    names = names_of_draws(positions, len(sources[0].changes))
    taken = sorted(set(names) & set(network.what_ifs))
    if taken:
        problem = f"has a what-if '{taken[0]}', the name of a future"
        raise InvalidInput(network.name, [Fault(place="changes", problem=problem, remedy="rename it")])
    changes = [
        NamedChange(name=name, key=change.key, change=change.how, value=change.value)
        for name, position in zip(names, positions, strict=True)
        for source in sources
        for change in source.changes[position]
    ]
    rows = [
        dataclasses.replace(row, scenario=name)
        for name, position in zip(names, positions, strict=True)
        for source in sources
        if source.returns
        for row in source.returns[position]
    ]
    rules = {limit.name for limit in network.policy.limits}
    limits = tuple(limit for source in sources for limit in source.limits if limit.name not in rules)
    return dataclasses.replace(
        network,
        scenarios=tuple(
            Scenario(name=name, probability=p) for name, p in zip(names, _to_one(probabilities), strict=True)
        ),
        changes=(*network.changes, *changes),
        returns=(*network.returns, *rows),
        groups=(*network.groups, *(g for source in sources for g in source.groups if g not in network.groups)),
        policy=dataclasses.replace(network.policy, limits=(*network.policy.limits, *limits))
        if limits
        else network.policy,
    )


def _to_one(probabilities: Sequence[float]) -> list[float]:
    """Return probabilities that sum to 1: the largest takes the rounding of all."""
    found = list(probabilities)
    largest = max(range(len(found)), key=found.__getitem__)
    found[largest] += 1.0 - sum(found)
    return found
