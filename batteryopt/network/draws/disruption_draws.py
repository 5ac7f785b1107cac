"""Futures of disruptions: sites, or whole regions, that are out of order for some periods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Candidate, Group, Limit, Network, Quantity, Standing
from batteryopt.network.draws.drawn import DrawnSource, FanPanel, quoted
from batteryopt.tables.changes import Change, How

MANY_TIMES = 1e3
"""Times all that returns that a recipe which takes no capacity may work on at a site in order: as good as no limit."""


def disruption_draws(
    network: Network,
    count: int,
    rng: np.random.Generator,
    *,
    chance: float,
    lasts: int,
    types: Sequence[str],
    is_regional: bool,
) -> DrawnSource:
    """Return draws of sites out of order: nothing is processed there for some periods.

    Each place fails on its own with the same chance over all periods, from a period that is as likely as any other,
    until it is mended or the plan ends. What stands there goes on costing; lanes, stocks and markets are as they were.

    Parameters
    ----------
    chance
        That a place fails at all.
    lasts
        How many periods.
    types
        The facility types that fail; none: all.
    is_regional
        Whether all sites of a region fail together; sites without one fail by themselves.

    Raises
    ------
    InvalidInput
        If a type is unknown, or nothing that may stand could fail.
    """
    places = _places(network, types, is_regional=is_regional)
    fails = rng.random((count, len(places))) < chance
    starts = rng.integers(0, len(network.periods), size=(count, len(places)))
    after = np.arange(len(network.periods)) - starts[:, :, None]
    is_out = fails[:, :, None] & (after >= 0) & (after < lasts)  # (N, places, T)
    ever = [i for i in range(len(places)) if is_out[:, i].any()]
    named = {i: f"works in {places[i][0]}" for i in ever}
    kinds = tuple(types) or ("",)
    most = {(i, kind): _most_t(network, places[i][1], kind) for i in ever for kind in kinds}
    groups = tuple(Group(name=named[i], sites=places[i][1]) for i in ever)
    limits = tuple(
        Limit(name=_rule(named[i], kind), quantity=Quantity.PROCESSED, type=kind, group=named[i], least=0.0)
        for i in ever
        for kind in kinds
    )
    changes = [
        tuple(
            change
            for i in ever
            if is_out[n, i].any()
            for kind in kinds
            for change in _out(network, _rule(named[i], kind), most[i, kind], is_out[n, i])
        )
        for n in range(count)
    ]
    down = is_out.sum(axis=1).astype(float)
    panel = FanPanel(
        title="Regions out of order" if is_regional else "Sites out of order",
        unit="places",
        base=np.zeros(len(network.periods)),
        draws=down,
    )
    return DrawnSource(
        name="disruptions",
        changes=changes,
        coordinates=is_out.reshape(count, -1).astype(float),
        factors={"places out of order": fails.sum(axis=1).astype(float)},
        panels=(panel,),
        groups=groups,
        limits=limits,
        words=f"each of {len(places)} places fails with a chance of {chance:.0%}, for {lasts} of "
        f"{len(network.periods)} periods",
    )


def _rule(name: str, kind: str) -> str:
    return f"{name}, {kind}" if kind else name


def _out(network: Network, rule: str, most: float, is_out: np.typing.NDArray[np.bool_]) -> list[Change]:
    """Return the changes that let nothing be processed in some periods: a limit for all first, and then none in those.

    A least above 0 in a level is not touched: a facility that must work and cannot would make the future impossible,
    which the plan avoids by not opening it.
    """
    key = f"limits[name={quoted(rule)}].most"
    found = [Change(key=key, how=How.SET, value=most)]
    for t in np.flatnonzero(is_out).tolist():
        found.append(Change(key=f"{key}:{network.periods[t].name}", how=How.SET, value=0.0))
    return found


def _most_t(network: Network, sites: Sequence[str], kind: str) -> float:
    """Return tonnes that sites could not process in a period with all that may stand there: a limit without effect."""
    total = 0.0
    for candidate in _usable(network):
        if candidate.site in sites and kind in ("", candidate.type):
            capacity = max(network.levels_of(candidate)[-1].capacity_t, candidate.capacity_t or 0.0)
            uses = [recipe.capacity_use for recipe in network.types_by_name[candidate.type].recipes]
            least = min(uses, default=1.0)
            total += capacity / least if least > 0 else MANY_TIMES * _returned_t(network)
    return total


def _returned_t(network: Network) -> float:
    return float(sum(network.profile(row.tonnes).sum() for row in network.returns))


def _usable(network: Network) -> list[Candidate]:
    return [candidate for candidate in network.candidates if candidate.standing is not Standing.CLOSED]


def _places(network: Network, types: Sequence[str], *, is_regional: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Return names of what fails by itself, each with its sites, in the order of the table of sites."""
    faults = [
        Fault(place="--type", problem=f"'{name}' is unknown", remedy=nearest(name, network.types_by_name))
        for name in types
        if name not in network.types_by_name
    ]
    able = {candidate.site for candidate in _usable(network) if not types or candidate.type in types}
    if not able and not faults:
        remedy = "name other types, or none"
        faults.append(Fault(place="--type", problem="nothing of that kind may stand anywhere", remedy=remedy))
    if faults:
        raise InvalidInput(network.name, faults)
    found: dict[str, list[str]] = {}
    for site in network.sites:
        if site.name in able:
            found.setdefault(site.region if is_regional and site.region else site.name, []).append(site.name)
    return [(name, tuple(sites)) for name, sites in found.items()]
