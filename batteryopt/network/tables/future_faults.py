"""What is wrong with the futures of a network: what cannot differ between them, and rules that one makes impossible."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.foresight import foresee
from batteryopt.network.data.instance import Network
from batteryopt.network.tables.changed import changed, what_ifs
from batteryopt.network.tables.selectors import Selector, selector_of

KNOWN_LATER: Mapping[str, tuple[str, ...]] = {
    "candidates": ("fixed_cost_factor", "variable_cost_factor", "holding_cost_factor"),
    "levels": ("least_t", "fixed_cost", "variable_cost_per_t", "emission_kg"),
    "types": (),
    "scenarios": (),
    "changes": (),
}
"""Columns that futures may change, of the tables that say what may open, how large, and for how much."""
BUDGET = ("budget", "budget_carries_over", "budget_penalty")
"""Settings of the policy about what opens."""


def future_faults(network: Network, places: Mapping[str, str]) -> list[Fault]:
    """Return what is wrong with the futures of a network, each at the place of its name.

    What is wrong in every future alike is told once, as it is told of a network with one.
    """
    named = {scenario.name: list(_of(network, scenario.name)) for scenario in network.scenarios}
    in_all = [fault for fault in next(iter(named.values()), []) if all(fault in other for other in named.values())]
    found = list(in_all)
    for name, faults in named.items():
        found += [
            dataclasses.replace(fault, place=f"{places.get(name, 'scenarios')}, in the future '{name}': {fault.place}")
            for fault in faults
            if fault not in in_all
        ]
    return found


def _of(network: Network, name: str) -> Iterator[Fault]:
    """Yield what is wrong with one future."""
    early = list(known_too_early(network, name))
    yield from early
    if early:
        yield from _of_the_others(network, name, {fault.place for fault in early})
        return
    try:
        yield from foresee(network.in_scenario(name))
    except InvalidInput as error:
        yield from error.faults


def _of_the_others(network: Network, name: str, told: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with the changes of a future that nothing was told of yet."""
    others = [change for change in what_ifs(network).get(name, ()) if change.key not in told]
    try:
        changed(network, others)
    except InvalidInput as error:
        yield from error.faults


def known_too_early(network: Network, name: str) -> Iterator[Fault]:
    """Yield the changes of a future to what is decided, or paid, before anybody knows which future comes."""
    for change in what_ifs(network).get(name, ()):
        try:
            selector = selector_of(change.key, network)
        except InvalidInput as error:
            yield from error.faults
            continue
        if _is_first_stage(selector):
            problem = f"'{change}' would have to be known before it is decided what opens"
            yield Fault(place=change.key, problem=problem, remedy="change it for all futures, in its table or by --set")


def _is_first_stage(selector: Selector) -> bool:
    column: Any = selector.column
    if selector.table is not None:
        later = KNOWN_LATER.get(selector.table.name)
        return later is not None and column.field not in later
    is_policy = selector.key.startswith("policy.")
    is_distance = selector.key.startswith("distances.")
    return column.field in BUDGET if is_policy else not is_distance
