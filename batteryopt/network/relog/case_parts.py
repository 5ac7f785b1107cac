"""What both dialects have: freight by product, emissions by gas, two capacities."""

from __future__ import annotations

from collections.abc import Sequence

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.data.instance import Level, Mode, Profile
from batteryopt.network.relog.case_draft import CaseDraft, mode_name
from batteryopt.network.relog.case_file import Branch

CARBON = "CO2"
"""The one gas that a network counts."""


def add_mode(product: str, data: Branch, draft: CaseDraft) -> None:
    """Add the mode that carries a product, with RELOG's freight rate."""
    draft.modes[product] = Mode(
        name=mode_name(product),
        products=(product,),
        cost_per_t_km=data.series("transportation cost ($/km/tonne)"),
        emission_kg_per_t_km=carbon_kg(data, "transportation emissions (tonne/km/tonne)", draft),
        distance=f"{product}_km",
        detour_factor=draft.detour_factor,
    )
    if data.has("transportation energy (J/km/tonne)"):
        tell_once(draft, "energy use (J, GJ) is not kept: a network counts money, emissions and risk")


def carbon_kg(data: Branch, key: str, draft: CaseDraft) -> Profile:
    """Return CO2 in kg of an object of gases in tonnes; other gases are told and left out."""
    gases = data.branch(key)
    for gas in gases.value:
        if gas != CARBON:
            tell_once(draft, f"emissions of {gas} are not kept: a network counts {CARBON} only")
    return gases.series(CARBON, default=0.0, scale=KG_PER_T)


def levels_between(sizes: Sequence[Level], place: Branch) -> tuple[Level, ...]:
    """Return the smallest and the largest size, or the only one; RELOG allows two, with one variable cost."""
    ordered = sorted(sizes, key=lambda level: level.capacity_t)
    if not ordered or len(ordered) > 2 or len({level.variable_cost_per_t for level in ordered}) > 1:
        found = f"has {len(ordered)} sizes" if len(ordered) != 2 else "has two variable costs"
        place.add_fault(found, "RELOG allows one or two sizes, with the same variable operating cost")
        return tuple(ordered[:1]) or (Level(name="1", capacity_t=1.0),)
    if ordered[-1].capacity_t <= ordered[0].capacity_t:
        return tuple(ordered[:1])
    return tuple(ordered)


def plus(one: Profile, other: Profile) -> Profile:
    """Return the sum of two profiles."""
    if not isinstance(one, tuple) and not isinstance(other, tuple):
        return one + other
    years = len(one) if isinstance(one, tuple) else len(other) if isinstance(other, tuple) else 0
    pairs = zip(*(each if isinstance(each, tuple) else (each,) * years for each in (one, other)), strict=True)
    return tuple(a + b for a, b in pairs)


def times(profile: Profile, factor: Profile) -> Profile:
    """Return the product of two profiles, year by year."""
    if not isinstance(profile, tuple) and not isinstance(factor, tuple):
        return profile * factor
    years = len(profile) if isinstance(profile, tuple) else len(factor) if isinstance(factor, tuple) else 0
    pairs = zip(*(each if isinstance(each, tuple) else (each,) * years for each in (profile, factor)), strict=True)
    return tuple(a * b for a, b in pairs)


def minus(one: Profile, other: Profile) -> Profile:
    """Return the difference of two profiles."""
    return plus(one, times(other, -1.0))


def tell_once(draft: CaseDraft, difference: str) -> None:
    """Tell the user something once."""
    if difference not in draft.differences:
        draft.differences.append(difference)
