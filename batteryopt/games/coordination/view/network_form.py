"""What the network form of a coordination game depends on: profits and the contract, by formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.judge.pareto import pareto_region
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Profits, Solution
from batteryopt.games.coordination.view.sensitivity import (
    BINDS,
    PROFITS,
    SWING,
    TERMS,
    Floats,
    tornado,
    tornado_blocks,
    tornados,
)
from batteryopt.ground.errors import FormulaDoesNotApply, InvalidInput
from batteryopt.report import page
from batteryopt.report.section import Section

SHARED = {
    "market_size": "all market sizes a",
    "wholesale_price": "all wholesale prices w",
    "cross_price_effect": "all cross-price effects γ",
    "transfer_price": "transfer price wₜ",
    "testing_cost": "all testing costs c",
    "effort_cost": "all effort costs k",
    "effort_rivalry": "effort rivalry σ",
    "scrap_value": "scrap value f",
    "usable_share": "usable share θ",
    "voluntary_returns": "all voluntary returns b",
    "residual_value": "all residual values ω",
    "service_response": "all service responses β",
    "echelon_market_size": "echelon market size m",
    "production_cost": "production cost c",
}
"""Parameters by their keys; lists change as a whole. Share weights do not: only their ratios matter."""
OWN = {
    "market_size": "market size a, region {}",
    "wholesale_price": "wholesale price w, region {}",
    "service_response": "service response β, region {}",
    "voluntary_returns": "voluntary returns b, region {}",
    "residual_value": "residual value ω, region {}",
    "testing_cost": "testing cost c, enterprise {}",
    "effort_cost": "effort cost k, enterprise {}",
    "share_weight": "share weight, enterprise {}",
}
"""Parameters of single regions and enterprises."""
MOST_OWN = 150
"""Parameters of single regions and enterprises that are tried; a page must not take minutes to write."""


def section(network: CoordinationNetwork) -> Section:
    """Return the section of what profits and contract depend on."""
    title = "What it depends on"
    if not (found := charts(network)):
        return Section(title=title, blocks=[page.paragraph(BINDS)])
    intro = page.paragraph(
        f"By formula: each parameter alone, by {SWING:.0%} down and up; a list of one number a region or enterprise "
        "moves as a whole first. Profits are those of all retailers and of all enterprises together. What a parameter "
        "does not move has no bar, nor has a term of the contract where none coordinates. Curves over one parameter, "
        "and maps over two, come from batteryopt sweep."
    )
    own = [{**spec, "wide": True} for spec in found if spec["name"] == "members"]
    few = [page.paragraph(_too_many(network))] if not own and _count(network) > MOST_OWN else []
    return Section(title=title, blocks=[intro, *tornado_blocks(found), *([page.charts(own)] if own else []), *few])


def charts(network: CoordinationNetwork) -> list[dict[str, Any]]:
    """Return a tornado of each profit and term, and one of single regions and enterprises; none where nothing holds."""
    centre = quantities(network)
    if np.isnan(centre[""]):
        return []
    moved = {key: _both(network, key, None) for key in SHARED if np.any(np.asarray(getattr(network, key)))}
    own = _own(network, float(centre[""])) if _count(network) <= MOST_OWN else None
    return [*tornados(centre, moved, SHARED), *([own] if own is not None else [])]


def quantities(network: CoordinationNetwork | None) -> Mapping[str, Floats]:
    """Return profits and contract terms by their keys in `PROFITS` and `TERMS`; NaN where a formula does not apply."""
    before, after = _solved(network, Model.DECENTRALIZED), _solved(network, Model.CONTRACT)
    found = dict.fromkeys((*PROFITS, *TERMS), float("nan"))
    if before is not None:
        found |= zip(PROFITS, _players(before.profits), strict=True)
    if before is not None and after is not None:
        region = pareto_region(contract=after.profits, before=before.profits)
        if region is not None:
            found |= zip(TERMS, (region.gain, after.cost_share, *region.nash_bargaining), strict=True)
    return {key: np.asarray(value) for key, value in found.items()}


def changed(network: CoordinationNetwork, key: str, position: int | None, factor: float) -> CoordinationNetwork | None:
    """Return the network with a parameter, or one item of a list, times a factor; None where that is no game."""
    old = getattr(network, key) or [1.0] * network.enterprises  # empty effort costs and share weights mean ones
    if key == "cross_price_effect":
        new: Any = [(row, column, effect * factor) for row, column, effect in old]
    elif isinstance(old, tuple | list):
        new = [value * factor if position in (None, i) else value for i, value in enumerate(old)]
    else:
        new = old * factor
    try:
        return network.replace(**{key: new})
    except InvalidInput:
        return None


def _players(profits: Profits) -> tuple[float, ...]:
    return profits.supply_chain, profits.manufacturer, profits.retailer, profits.echelon_enterprise


def _solved(network: CoordinationNetwork | None, model: Model) -> Solution | None:
    if network is None:
        return None
    try:
        return closed_form.solve(network, model)
    except (FormulaDoesNotApply, NoCoordinatingContract):
        return None


def _both(
    network: CoordinationNetwork, key: str, position: int | None
) -> tuple[Mapping[str, Floats], Mapping[str, Floats]]:
    """Return what profits and terms become with a parameter lower and higher."""
    down, up = (quantities(changed(network, key, position, 1 + step)) for step in (-SWING, SWING))
    return down, up


def _own(network: CoordinationNetwork, centre: float) -> dict[str, Any] | None:
    """Return how far the chain's profit moves with the parameters of single regions and enterprises."""
    ends = []
    for key, position in _items(network):
        both = (_solved(changed(network, key, position, 1 + step), Model.DECENTRALIZED) for step in (-SWING, SWING))
        down, up = (float("nan") if found is None else found.profits.supply_chain for found in both)
        ends.append((OWN[key].format(position + 1), down, up))
    return tornado("members", "Chain profit, decentralised: which region and enterprise moves it most", centre, ends)


def _items(network: CoordinationNetwork) -> Iterator[tuple[str, int]]:
    """Yield key and position of every number of a single region or enterprise that can be changed by a factor."""
    for key in OWN:
        values = getattr(network, key) or (1.0,) * network.enterprises
        yield from ((key, i) for i, value in enumerate(values) if value and len(values) > 1)


def _count(network: CoordinationNetwork) -> int:
    return sum(1 for _ in _items(network))


def _too_many(network: CoordinationNetwork) -> str:
    return (
        f"The {_count(network)} parameters of single regions and enterprises are not drawn, each of which would be "
        f"solved for twice; up to {MOST_OWN} are."
    )
