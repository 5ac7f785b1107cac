"""Releases 0.2 to 0.7: `products` with initial amounts, and `plants` with locations."""

from __future__ import annotations

from batteryopt.network.data.instance import (
    Disposal,
    Group,
    Level,
    Limit,
    Product,
    Profile,
    Quantity,
    Recipe,
    Return,
    Storage,
)
from batteryopt.network.relog.case_draft import CaseDraft
from batteryopt.network.relog.case_file import Branch
from batteryopt.network.relog.case_parts import add_mode, carbon_kg, levels_between, minus


def read_plants_case(case: Branch, draft: CaseDraft) -> None:
    """Put a case of releases 0.2 to 0.7 into a draft."""
    for name, product in case.branch("products").branches():
        _product(name, product, draft)
    for name, plant in case.branch("plants").branches():
        _plant_type(name, plant, draft)


def _product(name: str, product: Branch, draft: CaseDraft) -> None:
    draft.products.append(Product(name=name))
    add_mode(name, product, draft)
    centres = [
        _centre(centre, data, name, product, draft) for centre, data in product.branch("initial amounts").branches()
    ]
    limit = product.series("disposal limit (tonne)", default=0.0)
    if not centres or not _is_positive(limit):
        return
    cost = product.series("disposal cost ($/tonne)", default=0.0)
    refund = product.series("acquisition cost ($/tonne)", default=0.0)
    # RELOG does not acquire what a centre disposes of; here every tonne collected is acquired, disposal gives it back
    draft.disposals += [Disposal(site=site, product=name, cost_per_t=minus(cost, refund)) for site in centres]
    if refund != 0.0:
        draft.differences.append(
            f"'{name}': RELOG pays the acquisition cost only for what a centre does not dispose of; "
            "here it is paid for all, and the disposal cost is lower by as much (same total)"
        )
    group = f"centres of {name}"
    draft.groups.append(Group(name=group, sites=tuple(centres)))
    draft.limits.append(
        Limit(name=f"disposal of {name}", quantity=Quantity.DISPOSED, product=name, group=group, most=limit)
    )


def _centre(name: str, data: Branch, product_name: str, product: Branch, draft: CaseDraft) -> str:
    site = draft.add_site(name, f"{name} ({product_name})", data.point())
    draft.returns.append(
        Return(
            site=site,
            product=product_name,
            tonnes=data.series("amount (tonne)"),
            acquisition_cost_per_t=product.series("acquisition cost ($/tonne)", default=0.0),
        )
    )
    draft.makers[product_name].append(site)
    return site


def _plant_type(name: str, plant: Branch, draft: CaseDraft) -> None:
    used = plant.text("input")
    made = {
        product: tonnes
        for product, tonnes in {**plant.shares("outputs (tonne/tonne)"), **plant.shares("outputs (tonne)")}.items()
        if tonnes > 0
    }
    recipe = Recipe(
        name="process",
        inputs=((used, 1.0),),
        outputs=tuple(made.items()),
        reagents_t=max(0.0, sum(made.values()) - 1.0),
        emission_kg_per_t=carbon_kg(plant, "emissions (tonne/tonne)", draft),
    )
    for place, data in plant.branch("locations").branches():
        site = draft.add_site(place, f"{name} ({place})", data.point())
        levels = _levels(data)
        draft.add_plant_type(name, recipe, levels, refunds=False)
        draft.add_plant(site, name, levels, data.number("initial capacity (tonne)", default=0.0))
        draft.takers[used].append(site)
        _storage(site, name, used, data.branch("storage"), draft)
        for product in made:
            draft.makers[product].append(site)
            _disposal(site, product, data.branch("disposal"), draft)


def _levels(data: Branch) -> tuple[Level, ...]:
    part = data.branch("capacities (tonne)")
    sizes = [
        Level(
            name=size,
            capacity_t=_size(size, costs),
            opening_cost=costs.series("opening cost ($)"),
            fixed_cost=costs.series("fixed operating cost ($)"),
            variable_cost_per_t=costs.series("variable operating cost ($/tonne)"),
        )
        for size, costs in part.branches()
    ]
    return levels_between(sizes, part)


def _size(text: str, costs: Branch) -> float:
    try:
        return float(text)
    except ValueError:
        costs.number("(its key)")  # tells that a number is missing there
        return 0.0


def _storage(site: str, type_: str, product: str, storage: Branch, draft: CaseDraft) -> None:
    limit = storage.number("limit (tonne)", default=0.0)
    if limit > 0:
        cost = storage.series("cost ($/tonne)", default=0.0)
        draft.add_yard(site, type_, [Storage(product=product, site=site, holding_cost_per_t=cost, limit_t=limit)])


def _disposal(site: str, product: str, disposal: Branch, draft: CaseDraft) -> None:
    if disposal.has(product):
        rule = disposal.branch(product)
        cost = rule.series("cost ($/tonne)")
        draft.disposals.append(
            Disposal(site=site, product=product, cost_per_t=cost, most_t=rule.limit("limit (tonne)"))
        )


def _is_positive(profile: Profile) -> bool:
    return any(number > 0 for number in (profile if isinstance(profile, tuple) else (profile,)))
