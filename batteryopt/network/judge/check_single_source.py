"""Judging whether goods that are to be kept together are: one destination a place, product and period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from batteryopt.network.data.instance import Network
from batteryopt.network.judge.check_flows import Key, Masses, Residuals
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.solution import Solution

ITSELF = ""
"""The destination of what is taken where it is."""


def several_destinations(solution: Solution) -> Residuals:
    """Yield what goes elsewhere than most of a place's goods do, where all of them are to go to one destination."""
    masses, modes = Masses(solution), {mode.name for mode in solution.network.modes if mode.single_source}
    places = _kept_together(solution.network)
    by_place: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    by_mode: dict[tuple[str, str, str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in records(solution.shipped):
        if (row.origin, row.product) in places:
            by_place[row.origin, row.product, row.period][row.destination] += row.tonnes
        if row.mode in modes:
            by_mode[row.origin, row.mode, row.product, row.period][row.destination] += row.tonnes
    for key, loads in by_place.items():
        loads[ITSELF] = max(0.0, masses.taken[key] - masses.received[key])
        yield _elsewhere(loads, masses.tonne), "/".join(key)
    for way, loads in by_mode.items():
        yield _elsewhere(loads, masses.tonne), "/".join(way)


def _kept_together(network: Network) -> set[tuple[str, str]]:
    """Return the (site, product) whose goods have one destination."""
    back = {(market.site, row.product) for market in network.markets for row in market.comes_back}
    if network.policy.single_source:
        return back | {(row.site, row.product) for row in network.returns}
    return {(row.site, row.product) for row in network.returns if row.single_source}


def _elsewhere(loads: Mapping[str, float], tonne: float) -> float:
    """Return the tonnes that do not go where most go, relative to all."""
    whole = sum(loads.values())
    return (whole - max(loads.values())) / max(tonne, whole)
