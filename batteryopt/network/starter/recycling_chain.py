"""The template `recycling`: outlets collect packs, centres make second-life packs and black mass, plants refine it."""

from __future__ import annotations

import math

from batteryopt.network.data.instance import FacilityType, Level, Mode, Product, Recipe, Sizes
from batteryopt.network.starter import recycling_figures as f

LFP, NCM = "lfp", "ncm"
OUTLET, CENTRE, PLANT = "outlet", "centre", "plant"
SECOND_LIFE, SCRAP = "second_life_pack", "scrap_metal"
LITHIUM, SALTS = "lithium_carbonate", "nickel_cobalt_manganese_salts"
PAID = {LFP: f.PAID_LFP, NCM: f.PAID_NCM}
SHARES = {LFP: f.LFP_SHARE, NCM: 1.0 - f.LFP_SHARE}


def pack(chemistry: str) -> str:
    """Return the product that returns at a city."""
    return f"{chemistry}_pack"


def collected(chemistry: str) -> str:
    """Return a pack once an outlet has it."""
    return f"{chemistry}_collected"


def black_mass(chemistry: str) -> str:
    """Return the powder of a chemistry's cells."""
    return f"{chemistry}_black_mass"


def products() -> tuple[Product, ...]:
    """Return all products; only returned packs may stay where they are, at a harm."""
    return (
        *(Product(name=pack(c), uncollected_cost_per_t=f.UNCOLLECTED) for c in (LFP, NCM)),
        *(Product(name=collected(c)) for c in (LFP, NCM)),
        *(Product(name=black_mass(c), hazard=0.2) for c in (LFP, NCM)),
        Product(name=SECOND_LIFE),
        *(Product(name=name, hazard=0.0) for name in (SCRAP, LITHIUM, SALTS)),
    )


def outlet(largest_t: float) -> FacilityType:
    """Return the yards of dealers and workshops, large enough for what any city returns, paid by the tonne."""
    recipes = tuple(
        Recipe(name=f"collect {c}", inputs=((pack(c), 1.0),), outputs=((collected(c), 1.0),)) for c in (LFP, NCM)
    )
    level = Level(name="yard", capacity_t=float(math.ceil(largest_t)), variable_cost_per_t=f.HANDLING)
    return FacilityType(name=OUTLET, recipes=recipes, levels=(level,))


def centre() -> FacilityType:
    """Return centres that test LFP packs for a second life, dismantle the rest and shred its cells."""
    levels = []
    for kt in (3, 30):
        opening = round(f.CENTRE_COST * (kt / 30) ** f.EXPONENT)
        fixed = round(opening * f.FIXED_SHARE)
        levels.append(Level(name=f"{kt} kt", capacity_t=1000.0 * kt, opening_cost=opening, fixed_cost=fixed))
    recipes = (_dismantle(LFP, f.SECOND_LIFE, f.TESTING), _dismantle(NCM, 0.0, 0.0))
    return FacilityType(
        name=CENTRE, recipes=recipes, levels=tuple(levels), sizes=Sizes.BETWEEN, life_periods=f.ASSET_YEARS
    )


def _dismantle(chemistry: str, second_life: float, testing: float) -> Recipe:
    """Return what a tonne of collected packs becomes."""
    rest = 1.0 - second_life
    scrap = (1.0 - f.CELLS) * f.CASING_SOLD + f.CELLS * f.FOILS * f.FOIL_RECOVERY
    outputs = [(black_mass(chemistry), rest * f.CELLS * f.BLACK_MASS), (SCRAP, rest * scrap)]
    if second_life:
        outputs.append((SECOND_LIFE, second_life))
    return Recipe(
        name=f"dismantle {chemistry}",
        inputs=((collected(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, 6)) for name, tonnes in outputs),
        cost_per_t=round(testing + rest * f.DISMANTLING * f.CELLS, 2),
    )


def plant() -> FacilityType:
    """Return hydrometallurgical plants; their capacity counts tonnes of cells, of which black mass is a part."""
    levels = tuple(
        Level(name=f"{kt} kt", capacity_t=1000.0 * kt, opening_cost=cost, fixed_cost=cost * f.FIXED_SHARE)
        for kt, cost in ((10, f.PLANT_10_KT), (50, f.PLANT_50_KT))
    )
    recipes = (
        _leach(LFP, ((LITHIUM, f.LITHIUM_LFP),), f.LEACHING_KG_LFP),
        _leach(NCM, ((LITHIUM, f.LITHIUM_NCM), (SALTS, f.SALTS_NCM)), f.LEACHING_KG_NCM),
    )
    return FacilityType(name=PLANT, recipes=recipes, levels=levels, sizes=Sizes.BETWEEN, life_periods=f.ASSET_YEARS)


def _leach(chemistry: str, outputs: tuple[tuple[str, float], ...], kg_per_t_cells: float) -> Recipe:
    """Return what a tonne of black mass becomes; salts weigh more than the metals in it, by what reagents bring."""
    cells = 1.0 / f.BLACK_MASS
    return Recipe(
        name=f"leach {chemistry}",
        inputs=((black_mass(chemistry), 1.0),),
        outputs=outputs,
        reagents_t=round(max(0.0, sum(tonnes for _, tonnes in outputs) - 1.0), 6),
        cost_per_t=round((f.LEACHING + f.REAGENTS) * cells, 2),
        electricity_kwh_per_t=f.LEACHING_KWH * cells,
        emission_kg_per_t=kg_per_t_cells * cells,
        capacity_use=cells,
    )


def modes(detour: float) -> tuple[Mode, ...]:
    """Return lorries; roads are as long as the great circle times a factor."""
    return (
        Mode(
            name="lorry",
            products=tuple(map(collected, (LFP, NCM))),
            cost_per_t_km=f.DANGEROUS_FREIGHT,
            emission_kg_per_t_km=f.ROAD_KG,
            detour_factor=detour,
            longest_km=f.LONGEST_KM,
        ),
        Mode(
            name="bulk lorry",
            products=tuple(map(black_mass, (LFP, NCM))),
            cost_per_t_km=f.BULK_FREIGHT,
            emission_kg_per_t_km=f.ROAD_KG,
            detour_factor=detour,
        ),
    )
