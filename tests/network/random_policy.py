"""Random rules for the random networks: targets, coverage, limits of every quantity, caps, subsidies, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batteryopt.network.data.instance import (
    GREAT_CIRCLE,
    CollectionTarget,
    Coverage,
    FacilityType,
    Limit,
    Mode,
    Policy,
    Quantity,
    Sharing,
    Subsidy,
    SubsidyBase,
)

if TYPE_CHECKING:
    from tests.network.draw import Draw

NARROWED_BY: dict[Quantity, tuple[str, ...]] = {
    Quantity.FACILITIES: ("type",),
    Quantity.OPENINGS: ("type",),
    Quantity.CAPACITY: ("type",),
    Quantity.PROCESSED: ("type", "product"),
    Quantity.COLLECTED: ("product",),
    Quantity.SOLD: ("product",),
    Quantity.DISPOSED: ("type", "product"),
    Quantity.STORED: ("type", "product"),
    Quantity.RECEIVED: ("product", "mode"),
    Quantity.SENT: ("product", "mode"),
}
"""What each quantity may be narrowed by."""

UPPER = {Quantity.FACILITIES: 3, Quantity.OPENINGS: 2, Quantity.CAPACITY: 150}
"""About how large a quantity becomes; tonnes else, up to 80."""


def random_policy(
    d: Draw, types: tuple[FacilityType, ...], products: list[str], modes: tuple[Mode, ...], groups: list[str]
) -> Policy:
    """Return rules; hard ones are rarer than soft ones, so that most networks have a plan."""
    places = ["", *groups]
    has_visits = all(mode.whole_trips for mode in modes if mode.is_mobile)
    return Policy(
        collection_targets=tuple(_target(d, i, products, places) for i in range(_count(d))),
        coverage=tuple(_coverage(d, i, types, places, has_visits) for i in range(_count(d))),
        limits=tuple(_limit(d, i, types, products, modes, places) for i in range(_count(d) + _count(d))),
        subsidies=_subsidies(d, types, products, places),
        carbon_price_per_t=d.profile(0, 90) if d.maybe() else 0.0,
        emission_cap_t=d.profile(0, 30) if d.maybe() else None,
        emission_cap_total_t=d.number(0, 60) if d.maybe() else None,
        emission_penalty_per_t=d.number(0, 200) if d.chance(0.85) else None,
        budget=d.profile(0, 1500) if d.maybe() else None,
        budget_carries_over=d.chance(0.5),
        budget_penalty=d.one(0.0, 0.05, 0.5, 2.0) if d.chance(0.7) else None,
        final_stock_is_free=d.chance(0.5),
    )


def _count(d: Draw) -> int:
    return d.one(1, 1, 2) if d.maybe() else 0


def _penalty(d: Draw, most: float) -> float | None:
    return d.number(0, most) if d.chance(0.8) else None


def _sharing(d: Draw) -> Sharing:
    return d.one(Sharing.EACH, Sharing.TOTAL)


def _shares(d: Draw) -> Any:
    if d.chance(0.5):
        return d.one(0.2, 0.5, 0.9, 1.0)
    return tuple(d.one(0.0, 0.3, 0.5, 0.8) for _ in range(d.periods))


def _target(d: Draw, i: int, products: list[str], places: list[str]) -> CollectionTarget:
    return CollectionTarget(
        name=f"target {i}",
        share=_shares(d),
        products=() if d.chance(0.5) else d.some(products),
        group=d.one(*places),
        sharing=_sharing(d),
        penalty_per_t=_penalty(d, 60),
    )


def _coverage(d: Draw, i: int, types: tuple[FacilityType, ...], places: list[str], has_visits: bool) -> Coverage:
    return Coverage(
        name=f"coverage {i}",
        radius_km=d.number(0, 60),
        types=d.some([kind.name for kind in types]),
        share=_shares(d),
        group=d.one(*places),
        sharing=_sharing(d),
        distance=d.one("road", GREAT_CIRCLE),
        detour_factor=d.one(1.0, 1.3),
        visits=d.one(1.0, 2.0, 1.5) if has_visits and d.chance(0.5) else None,
        penalty_per_t=_penalty(d, 60),
    )


def _limit(
    d: Draw, i: int, types: tuple[FacilityType, ...], products: list[str], modes: tuple[Mode, ...], places: list[str]
) -> Limit:
    quantity = d.one(*Quantity)
    names = {
        "type": [kind.name for kind in types],
        "product": products if quantity is not Quantity.PROCESSED else [],
        "mode": [mode.name for mode in modes],
    }
    narrowed = {kind: d.one(*names[kind]) for kind in NARROWED_BY[quantity] if names[kind] and d.chance(0.5)}
    if quantity is Quantity.PROCESSED and d.chance(0.5):
        narrowed["product"] = _an_input(d, types, narrowed.get("type", ""))
    upper = UPPER.get(quantity, 80)
    over_all = d.chance(0.35)
    number = d.number if over_all else d.profile
    least = number(0, upper / 2) if d.chance(0.5) else None
    most = number(upper / 2, upper * 1.5) if least is None or d.chance(0.3) else None
    return Limit(
        name=f"limit {i}",
        quantity=quantity,
        **narrowed,
        group=d.one(*places),
        sharing=_sharing(d),
        least=least,
        most=most,
        over_all_periods=over_all,
        penalty=_penalty(d, 50 if upper > 10 else 400),
    )


def _an_input(d: Draw, types: tuple[FacilityType, ...], kind: str) -> str:
    mine = [t for t in types if kind in ("", t.name)]
    return d.one(*sorted({product for t in mine for recipe in t.recipes for product, _ in recipe.inputs}))


def _subsidies(d: Draw, types: tuple[FacilityType, ...], products: list[str], places: list[str]) -> tuple[Subsidy, ...]:
    rows = []
    for i in range(_count(d) + _count(d)):
        base = d.one(*SubsidyBase, SubsidyBase.OPENING_COST)
        kind = d.one("", *(kind.name for kind in types)) if base in (_PROCESSED, SubsidyBase.OPENING_COST) else ""
        product = ""
        if base is _PROCESSED and d.chance(0.4):
            product = _an_input(d, types, kind)
        elif base in (SubsidyBase.COLLECTED, SubsidyBase.SOLD) and d.chance(0.5):
            product = d.one(*products)
        share = d.one(0.1, 0.2, 0.24)  # at most four of them come together
        rows.append(
            Subsidy(
                name=f"subsidy {i}",
                base=base,
                rate=share if base is SubsidyBase.OPENING_COST else d.profile(0, 12),
                type=kind,
                product=product,
                group=d.one(*places),
                most=d.profile(0, 300) if d.chance(0.5) else None,
            )
        )
    return tuple(rows)


_PROCESSED = SubsidyBase.PROCESSED
