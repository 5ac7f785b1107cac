"""Release 0.8, in development: `parameters`, `products`, `centers`, `plants` and `emissions`."""

from __future__ import annotations

from dataclasses import replace

from batteryopt.network.data.instance import (
    Candidate,
    ComesBack,
    Disposal,
    Lane,
    Level,
    Limit,
    Market,
    Product,
    Profile,
    Quantity,
    Recipe,
    Return,
    Standing,
    Storage,
)
from batteryopt.network.relog.case_draft import CaseDraft, idle_type, mode_name
from batteryopt.network.relog.case_file import Branch
from batteryopt.network.relog.case_parts import CARBON, add_mode, carbon_kg, levels_between, plus, tell_once, times

PER_CENT = 0.01
CENTRE = "centre"
"""The facility type that carries the operating costs of centres."""


def read_centers_case(case: Branch, draft: CaseDraft) -> None:
    """Put a case of the 0.8 development version into a draft."""
    for name, product in case.branch("products").branches():
        _product(name, product, draft)
    penalties = _emission_rules(case.branch("emissions"), draft)
    paid = {name: _center(name, center, draft) for name, center in case.branch("centers").branches()}
    for name, plant in case.branch("plants").branches():
        _plant(name, plant, penalties, draft)
    for gas, penalty in penalties.items():
        _price_of_other_gas(gas, penalty, case.branch("products"), draft)
    _collection_costs(paid, draft)


def _product(name: str, product: Branch, draft: CaseDraft) -> None:
    if product.has("components"):
        problem = "has components, each with its own way through a plant"
        product.add_fault(problem, "make each component a product of its own: a network follows products")
    draft.products.append(Product(name=name))
    add_mode(name, product, draft)
    limit = product.limit("disposal limit (tonne)")
    if limit is not None:
        draft.limits.append(Limit(name=f"disposal of {name}", quantity=Quantity.DISPOSED, product=name, most=limit))


# ---- centres -------------------------------------------------------------------------------------------------------


def _center(name: str, center: Branch, draft: CaseDraft) -> tuple[str, dict[str, Profile]]:
    """Add a centre; return its site and what it pays for each tonne that it sends, by product."""
    site = draft.add_site(name, f"centre {name}", center.point())
    outputs = [str(product) for product in center.get("outputs") or ()]
    bought = center.get("input")
    for product in outputs:
        draft.makers[product].append(site)
        tonnes = center.branch("fixed output (tonne)").series(product, default=0.0)
        if tonnes != 0.0:
            draft.returns.append(Return(site=site, product=product, tonnes=tonnes))
        _disposal(site, product, center, draft)
    if bought is not None:
        draft.takers[bought].append(site)
        back = tuple(part for product in outputs for part in _comes_back(product, center))
        price = center.series("revenue ($/tonne)", default=0.0)
        draft.markets.append(Market(site=site, product=bought, price_per_t=price, comes_back=back))
    _operating_cost(site, center, draft)
    costs = center.branch("collection cost ($/tonne)")
    return site, {product: costs.series(product, default=0.0) for product in outputs}


def _comes_back(product: str, center: Branch) -> list[ComesBack]:
    """Return what a centre collects again of what it sold: a share for each lag in years."""
    shares = center.branch("variable output (tonne/tonne)").get(product)
    shares = shares if isinstance(shares, list) else [shares] * center.years
    return [
        ComesBack(product=product, share=float(share), lag_periods=lag)
        for lag, share in enumerate(shares[: center.years])
        if share
    ]


def _disposal(site: str, product: str, node: Branch, draft: CaseDraft) -> None:
    """Let a node dispose of what it collects or makes, unless its limit is 0 in all years."""
    limit = node.branch("disposal limit (tonne)").limit(product)
    if limit != 0.0:
        cost = node.branch("disposal cost ($/tonne)").series(product, default=0.0)
        draft.disposals.append(Disposal(site=site, product=product, cost_per_t=cost, most_t=limit))


def _operating_cost(site: str, center: Branch, draft: CaseDraft) -> None:
    cost = center.series("operating cost ($)", default=0.0)
    if cost == 0.0 or not draft.products:
        return
    if CENTRE not in {type_.name for type_ in draft.types}:
        draft.types.append(idle_type(CENTRE, draft.products[0].name))
    level = Level(name="0", capacity_t=0.0, fixed_cost=cost)
    draft.candidates.append(
        Candidate(site=site, type=CENTRE, standing=Standing.EXISTING, may_close=False, levels=(level,))
    )
    tell_once(draft, f"operating costs of centres stand as the fixed cost of a facility '{CENTRE}' that never closes")


def _collection_costs(paid: dict[str, tuple[str, dict[str, Profile]]], draft: CaseDraft) -> None:
    """Charge a centre's collection cost on what it sends, as RELOG does: what it disposes of costs nothing."""
    for site, costs in paid.values():
        for product, cost in costs.items():
            if cost != 0.0:
                _add_to_lanes(draft, product, cost, origins=[site], destinations=draft.takers[product])
                tell_once(
                    draft,
                    "collection costs are charged on what a centre sends, not on what it disposes of: "
                    "they stand as extra cost of its lanes",
                )


def _add_to_lanes(draft: CaseDraft, product: str, cost: Profile, origins: list[str], destinations: list[str]) -> None:
    known = {(lane.origin, lane.destination, lane.mode): i for i, lane in enumerate(draft.lanes)}
    for origin in origins:
        for destination in destinations:
            key = (origin, destination, mode_name(product))
            if origin == destination:
                continue
            if key in known:
                lane = draft.lanes[known[key]]
                draft.lanes[known[key]] = replace(lane, extra_cost_per_t=plus(lane.extra_cost_per_t, cost))
            else:
                draft.lanes.append(Lane(origin=origin, destination=destination, mode=key[2], extra_cost_per_t=cost))


# ---- plants --------------------------------------------------------------------------------------------------------


def _plant(name: str, plant: Branch, penalties: dict[str, Profile], draft: CaseDraft) -> None:
    site = draft.add_site(name, f"plant {name}", plant.point())
    used = {product: share for product, share in plant.shares("input mix (%)", scale=PER_CENT).items() if share > 0}
    made = {product: tonnes for product, tonnes in plant.shares("output (tonne)").items() if tonnes > 0}
    gases = plant.branch("processing emissions (tonne)")
    extra: Profile = 0.0
    for gas, penalty in penalties.items():
        extra = plus(extra, times(gases.series(gas, default=0.0), penalty))
    recipe = Recipe(
        name="process",
        inputs=tuple(used.items()),
        outputs=tuple(made.items()),
        reagents_t=max(0.0, sum(made.values()) - sum(used.values())),
        cost_per_t=extra,
        emission_kg_per_t=carbon_kg(plant, "processing emissions (tonne)", draft),
    )
    for product in used:
        draft.takers[product].append(site)
    for product in made:
        draft.makers[product].append(site)
        _disposal(site, product, plant, draft)
    levels = _levels(plant)
    stores = list(_stores(site, plant, used))
    on_receipt = levels[0].variable_cost_per_t if stores and isinstance(levels[0].variable_cost_per_t, tuple) else 0.0
    if on_receipt != 0.0:
        levels = tuple(replace(level, variable_cost_per_t=0.0) for level in levels)
        draft.differences.append(
            f"'{name}': RELOG charges the variable operating cost when a plant receives, not when it processes; with "
            "storage and costs that vary it matters, so it stands as extra cost of the lanes to the plant"
        )
    draft.add_plant_type(name, recipe, levels, refunds=True)
    draft.add_plant(site, name, levels, plant.number("initial capacity (tonne)", default=0.0))
    if stores:
        draft.add_yard(site, name, stores)
    for product in used:
        if on_receipt != 0.0:
            _add_to_lanes(draft, product, on_receipt, origins=_senders(product, draft), destinations=[site])


def _senders(product: str, draft: CaseDraft) -> list[str]:
    return list(draft.makers[product])


def _levels(plant: Branch) -> tuple[Level, ...]:
    sizes = plant.get("capacities")
    parts = [
        Branch(size, f"{plant.path}/capacities/{i}", plant.years, plant.faults)
        for i, size in enumerate(sizes if isinstance(sizes, list) else ())
    ]
    levels = [
        Level(
            name=f"{part.number('size (tonne)'):g}",
            capacity_t=part.number("size (tonne)"),
            opening_cost=part.series("opening cost ($)"),
            fixed_cost=part.series("fixed operating cost ($)"),
            variable_cost_per_t=part.series("variable operating cost ($/tonne)"),
        )
        for part in parts
    ]
    return levels_between(levels, plant)


def _stores(site: str, plant: Branch, used: dict[str, float]) -> list[Storage]:
    """Return what a plant may store of its inputs."""
    limits, costs = plant.branch("storage limit (tonne)"), plant.branch("storage cost ($/tonne)")
    found = []
    for product in used:
        limit = limits.limit(product) if product in limits.value else 0.0
        if isinstance(limit, tuple):
            limits.add_fault(f"'{product}' has a limit that varies", "a network has one storage limit for all years")
            limit = max(limit)
        if limit is None or limit > 0:
            cost = costs.series(product, default=0.0)
            found.append(Storage(product=product, site=site, holding_cost_per_t=cost, limit_t=limit))
    return found


# ---- emissions -----------------------------------------------------------------------------------------------------


def _emission_rules(emissions: Branch, draft: CaseDraft) -> dict[str, Profile]:
    """Set the price and the cap of carbon; return the price of a tonne of every other gas."""
    others: dict[str, Profile] = {}
    for gas, rule in emissions.branches():
        price, cap = rule.series("penalty ($/tonne)", default=0.0), rule.limit("limit (tonne)")
        if gas == CARBON:
            draft.carbon_price_per_t, draft.emission_cap_t = price, cap
        elif cap is not None:
            rule.add_fault(f"{gas} has a limit", f"a network caps {CARBON} only: remove it, or give it a penalty")
        elif price != 0.0:
            others[gas] = price
    return others


def _price_of_other_gas(gas: str, penalty: Profile, products: Branch, draft: CaseDraft) -> None:
    """Charge the penalty of a gas that a network does not count on what causes it: the total is the same."""
    for name, product in products.branches():
        per_t_km = product.branch("transportation emissions (tonne/km/tonne)").series(gas, default=0.0)
        mode = draft.modes[name]
        draft.modes[name] = replace(mode, cost_per_t_km=plus(mode.cost_per_t_km, times(per_t_km, penalty)))
    draft.differences.append(f"the penalty on {gas} stands as part of the freight rates and of the plants' costs")
