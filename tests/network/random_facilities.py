"""Random facility types and candidates for the random networks."""

from __future__ import annotations

import dataclasses

from batteryopt.network.data.instance import Candidate, FacilityType, Level, Recipe, Sizes, Standing, Storage
from tests.network.draw import Draw


def random_types(d: Draw, chain: str) -> tuple[FacilityType, ...]:
    if chain == "short":
        kinds = {"plant": [("melt", (("pack", 1.0),), "metal", "")]}
    elif chain == "long":
        kinds = {
            "outlet": [("check", (("pack", 1.0),), "checked", "")],
            "plant": [
                ("melt", (("checked", 1.0),), "metal", ""),
                ("mix", (("pack", 0.5), ("checked", 0.5)), "metal", ""),
            ],
        }
    else:
        kinds = {
            "outlet": [("sort", (("pack", 1.0),), "checked", "scrap")],
            "plant": [
                ("melt", (("scrap", 1.0),), "metal", ""),
                ("join", (("checked", 0.3), ("scrap", 0.7)), "metal", "scrap"),
            ],
        }
    return tuple(_type(d, name, recipes) for name, recipes in kinds.items())


def _type(d: Draw, name: str, recipes: list[tuple[str, tuple[tuple[str, float], ...], str, str]]) -> FacilityType:
    sizes = d.one(Sizes.LEVELS, Sizes.LEVELS, Sizes.BETWEEN)
    used = sorted({product for _, inputs, *_ in recipes for product, _ in inputs})
    made = sorted({row[2] for row in recipes})
    return FacilityType(
        name=name,
        recipes=tuple(_recipe(d, *row) for row in recipes[: d.one(1, 2, 2)]),
        levels=_levels(d, sizes),
        sizes=sizes,
        storage=_storage(d, d.some([*used, *made])) if d.maybe() and d.periods > 1 else (),
        life_periods=d.one(1.0, 2.0, 4.0, 10.0) if d.maybe() else None,
        new_may_close=d.maybe(),
        refunds_shrinking=d.chance(0.5 if sizes is Sizes.BETWEEN else 0.1),
    )


def _recipe(d: Draw, name: str, inputs: tuple[tuple[str, float], ...], first: str, second: str) -> Recipe:
    share = d.one(0.3, 0.5, 0.8, 0.95)
    outputs = ((first, share),)
    if second:
        part = d.one(0.1, 0.25, 0.5)
        outputs = ((first, round(share * (1 - part), 4)), (second, round(share * part * 0.9, 4)))
    return Recipe(
        name=name,
        inputs=inputs,
        outputs=outputs,
        reagents_t=d.one(0.1, 0.5) if d.maybe() else 0.0,
        cost_per_t=d.money(0, 12) if d.maybe() else 0.0,
        electricity_kwh_per_t=d.number(0, 30) if d.maybe() else 0.0,
        emission_kg_per_t=d.profile(0, 300) if d.maybe() else 0.0,
        capacity_use=d.one(0.5, 2.0, 3.0) if d.maybe() else 1.0,
    )


def _levels(d: Draw, sizes: Sizes) -> tuple[Level, ...]:
    """Sizes in growing order; opening costs grow with them in every period."""
    capacity, opening, is_profile, levels = 0.0, 0.0, False, []
    growth = tuple(d.one(1.0, 0.8, 1.3) for _ in range(d.periods)) if d.maybe() else (1.0,) * d.periods
    variable = d.money(0, 9)
    limits = d.maybe()
    for name in ("S", "M", "L")[: d.one(1, 2, 2, 3)]:
        capacity += d.number(10, 70)
        opening += 0.0 if d.costs_nothing else d.number(0, 900)
        is_profile = d.chance(0.4) if not levels else is_profile  # of all levels or of none, so that larger costs more
        levels.append(
            Level(
                name=name,
                capacity_t=capacity,
                least_t=round(capacity * d.one(0.1, 0.4), 2) if d.maybe() else 0.0,
                opening_cost=tuple(round(opening * g, 4) for g in growth) if is_profile else opening,
                fixed_cost=d.money(0, 90),
                variable_cost_per_t=variable if sizes is Sizes.BETWEEN or d.chance(0.5) else d.money(0, 9),
                storage_limit_t=d.number(0, 40) if limits and (sizes is Sizes.BETWEEN or d.chance(0.7)) else None,
                closing_cost=d.money(-40, 80) if d.maybe() else 0.0,
                emission_kg=d.profile(0, 900) if d.maybe() else 0.0,
            )
        )
    return tuple(levels)


def _storage(d: Draw, products: tuple[str, ...]) -> tuple[Storage, ...]:
    rows = [_store(d, product, "") for product in products]
    if d.maybe():
        rows.append(_store(d, products[0], d.one(*d.sites)))
    return tuple(rows)


def _store(d: Draw, product: str, site: str) -> Storage:
    return Storage(
        product=product,
        site=site,
        holding_cost_per_t=d.money(0, 3),
        limit_t=d.number(0, 40) if d.maybe() else None,
        longest_stay_periods=d.one(0, 1, 1, 2) if d.maybe() else None,
    )


def random_candidates(d: Draw, types: tuple[FacilityType, ...]) -> tuple[Candidate, ...]:
    rows = []
    for kind in types:
        for site in d.some(d.sites):
            rows.append(_candidate(d, kind, site))
    if d.maybe() and len(d.sites) > 1:  # twins: two plants that nothing tells apart but their place
        last = rows[-1]
        others = [site for site in d.sites if all((site, last.type) != (row.site, row.type) for row in rows)]
        rows += [Candidate(site=site, type=last.type) for site in others[:1]]
    return tuple(rows)


def _candidate(d: Draw, kind: FacilityType, site: str) -> Candidate:
    standing = d.one(*[Standing.OPEN] * 5, *[Standing.EXISTING] * 3, Standing.FORCED, Standing.CLOSED)
    names = [level.name for level in kind.levels]
    largest = d.one(*range(len(names))) if d.maybe() else len(names) - 1
    has_level = standing in (Standing.EXISTING, Standing.FORCED) and d.chance(0.6)
    level = names[d.one(*range(largest + 1))] if has_level else ""
    between = standing is Standing.EXISTING and kind.sizes is Sizes.BETWEEN and d.chance(0.5)
    capacity = round(d.random.uniform(kind.levels[0].capacity_t, kind.levels[largest].capacity_t), 1)
    # a place has levels of its own where it may, with the same names
    own = kind.levels if not (d.chance(0.1) and not between) else tuple(_dearer(level) for level in kind.levels)
    return Candidate(
        site=site,
        type=kind.name,
        standing=standing,
        level=level,
        capacity_t=min(capacity, kind.levels[largest].capacity_t) if between else None,
        forced_from=f"p{d.one(*range(d.periods)) + 1}" if standing is Standing.FORCED and d.chance(0.5) else "",
        earliest=f"p{d.one(*range(d.periods)) + 1}" if standing is not Standing.FORCED and d.maybe() else "",
        largest_level=names[largest] if largest < len(names) - 1 else "",
        may_close=d.chance(0.7),
        opening_cost_factor=d.factor(),
        fixed_cost_factor=d.factor(),
        variable_cost_factor=d.factor(),
        holding_cost_factor=d.factor(),
        levels=() if own is kind.levels else own,
    )


def _dearer(level: Level) -> Level:
    return Level(name=level.name, capacity_t=level.capacity_t + 3, opening_cost=level.capacity_t * 7, fixed_cost=11)


def with_initial_stock(d: Draw, kind: FacilityType, candidates: tuple[Candidate, ...]) -> FacilityType:
    """Give an existing facility something in stock, where it may store."""
    existing = [c.site for c in candidates if c.type == kind.name and c.standing is Standing.EXISTING]
    if not kind.storage or not existing or not d.chance(0.6):
        return kind
    product = kind.storage[0].product
    others = tuple(row for row in kind.storage if (row.product, row.site) != (product, existing[0]))
    row = Storage(
        product=product,
        site=existing[0],
        holding_cost_per_t=d.money(0, 3),
        initial_t=d.number(0, 20),
        longest_stay_periods=d.one(None, None, 1, 2),
    )
    return dataclasses.replace(kind, storage=(*others, row))
