"""The battery chain as data: pack -> collected pack -> second-life pack, black mass and scrap -> metals."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.instance import FacilityType, Level, Product, Recipe, Sizes, Storage
from china_build import figures as f
from china_build.returns import LFP, NCM

OUTLET, CENTRE, PLANT = "outlet", "centre", "plant"
SECOND_LIFE, SCRAP, LITHIUM, SALTS = (
    "second_life_pack",
    "scrap_metal",
    "lithium_carbonate",
    "nickel_cobalt_manganese_salts",
)
CELL_PRODUCTS = {LFP: "lfp_black_mass", NCM: "ncm_black_mass"}


def pack(chemistry: str) -> str:
    """Return the product that returns at a city."""
    return f"{chemistry}_pack"


def collected(chemistry: str) -> str:
    """Return a pack once an outlet has it."""
    return f"{chemistry}_collected"


def products() -> tuple[Product, ...]:
    """Return all products; only returned packs may stay where they are, at a harm."""
    packs = [Product(name=pack(c), uncollected_cost_per_t=f.UNCOLLECTED) for c in (LFP, NCM)]
    dangerous = [Product(name=collected(c)) for c in (LFP, NCM)]
    black_masses = [Product(name=name, hazard=0.2) for name in CELL_PRODUCTS.values()]
    harmless = [Product(name=name, hazard=0.0) for name in (SCRAP, LITHIUM, SALTS)]
    return (*packs, *dangerous, Product(name=SECOND_LIFE), *black_masses, *harmless)


# ---- outlets -------------------------------------------------------------------------------------------------------


def outlet(extra_cost_per_t: float = 0.0, *, smallest: int = 0) -> FacilityType:
    """Return collection outlets: a point, a centralised one, a hundred and a thousand of those, and all between.

    Parameters
    ----------
    extra_cost_per_t
        Beside handling: hauls that the network does not see.
    smallest
        Position of the smallest of the four sizes that is offered.
    """
    sizes = [
        ("point", f.OUTLET_STORE_T, f.OUTLET_OPENING, f.OUTLET_FIXED),
        ("centralised", f.CENTRAL_STORE_T, f.CENTRAL_OPENING, f.CENTRAL_FIXED),
        *(
            (f"{10**k} centralised", f.CENTRAL_STORE_T * 10**k, f.CENTRAL_OPENING * scale, f.CENTRAL_FIXED * scale)
            for k, scale in ((k, f.TEN_FOLD**k) for k in (2, 3))
        ),
    ]
    levels = tuple(
        Level(
            name=name,
            capacity_t=store * f.OUTLET_TURNS,
            opening_cost=opening,
            fixed_cost=fixed,
            variable_cost_per_t=f.OUTLET_HANDLING + extra_cost_per_t,
        )
        for name, store, opening, fixed in sizes[smallest:]
    )
    recipes = tuple(
        Recipe(name=f"collect {c}", inputs=((pack(c), 1.0),), outputs=((collected(c), 1.0),)) for c in (LFP, NCM)
    )
    return FacilityType(name=OUTLET, recipes=recipes, levels=levels, sizes=Sizes.BETWEEN)


def outlet_levels(type_: FacilityType, most_t: float) -> tuple[Level, ...]:
    """Return the sizes of a place that needs so much at most: the smallest, and one just large enough.

    The larger one costs what lies on the straight lines between the type's levels. Two sizes a place instead of four
    make plans far easier to find, and what lies between them is straight too.
    """
    least = type_.levels[0]
    if most_t <= least.capacity_t:
        return (least,)
    capacities = [level.capacity_t for level in type_.levels]

    def at_most(figures: list[float]) -> float:
        return float(round(np.interp(most_t, capacities, figures)))

    largest = Level(
        name="largest",
        capacity_t=most_t,
        opening_cost=at_most([float(np.mean(level.opening_cost)) for level in type_.levels]),
        fixed_cost=at_most([float(np.mean(level.fixed_cost)) for level in type_.levels]),
        variable_cost_per_t=least.variable_cost_per_t,
    )
    return least, largest


# ---- centres -------------------------------------------------------------------------------------------------------


def centre() -> FacilityType:
    """Return regional centres: they test LFP packs for a second life, dismantle the rest and shred its cells."""
    levels = tuple(
        Level(
            name=f"{kt} kt",
            capacity_t=1000.0 * kt,
            opening_cost=round(opening := f.CENTRE_30_KT * (kt / 30) ** f.CENTRE_EXPONENT),
            fixed_cost=round(opening * f.FIXED_SHARE),
        )
        for kt in (10, 30, 100)
    )
    recipes = (_dismantle(LFP, f.SECOND_LIFE_SHARE, f.TESTING), _dismantle(NCM, 0.0, 0.0))
    storage = tuple(
        Storage(product=collected(c), holding_cost_per_t=200.0, limit_t=5_000.0, longest_stay_periods=1)
        for c in (LFP, NCM)
    )
    return FacilityType(
        name=CENTRE,
        recipes=recipes,
        levels=levels,
        sizes=Sizes.BETWEEN,
        storage=storage,
        life_periods=float(f.LIFE_YEARS),
    )


def _dismantle(chemistry: str, second_life: float, testing: float) -> Recipe:
    """Return what a tonne of collected packs becomes."""
    rest = 1.0 - second_life
    scrap = (1 - f.CELLS_PER_PACK) * f.SCRAP_PER_CASING + f.CELLS_PER_PACK * f.FOIL_PER_CELL * f.FOIL_RECOVERY
    outputs = [
        (CELL_PRODUCTS[chemistry], rest * f.CELLS_PER_PACK * f.BLACK_MASS_PER_CELL),
        (SCRAP, rest * scrap),
        *([(SECOND_LIFE, second_life)] if second_life else []),
    ]
    return Recipe(
        name=f"dismantle {chemistry}",
        inputs=((collected(chemistry), 1.0),),
        outputs=tuple((product, round(tonnes, 6)) for product, tonnes in outputs),
        cost_per_t=testing + rest * (f.DISASSEMBLY * f.CELLS_PER_PACK + f.WASTE),
    )


# ---- plants --------------------------------------------------------------------------------------------------------


def plant() -> FacilityType:
    """Return hydrometallurgical plants; their capacity counts tonnes of cells, of which black mass is a part."""
    levels = tuple(
        Level(name=f"{kt} kt", capacity_t=1000.0 * kt, opening_cost=cost, fixed_cost=cost * f.FIXED_SHARE)
        for kt, cost in ((10, f.PLANT_10_KT), (50, f.PLANT_50_KT), (100, f.PLANT_100_KT))
    )
    recipes = (
        _leach(LFP, {LITHIUM: f.LI_IN_LFP * f.LITHIUM_RECOVERY_LFP * f.LI2CO3_PER_LI}, f.HYDRO_KG_LFP),
        _leach(
            NCM,
            {
                LITHIUM: f.LI_IN_NCM * f.LITHIUM_RECOVERY_NCM * f.LI2CO3_PER_LI,
                SALTS: sum(f.SALTS_PER_CATHODE.values()) * f.METAL_RECOVERY,
            },
            f.HYDRO_KG_NCM,
        ),
    )
    return FacilityType(
        name=PLANT, recipes=recipes, levels=levels, sizes=Sizes.BETWEEN, life_periods=float(f.LIFE_YEARS)
    )


def _leach(chemistry: str, per_cathode: dict[str, float], kg_per_t_cells: float) -> Recipe:
    """Return what a tonne of black mass becomes, from tonnes of product for each tonne of cathode powder."""
    cells = 1.0 / f.BLACK_MASS_PER_CELL
    outputs = {name: round(tonnes * f.CATHODE_PER_CELL * cells, 6) for name, tonnes in per_cathode.items()}
    cost = f.HYDRO_LABOUR + f.HYDRO_EQUIPMENT + f.HYDRO_SEWAGE + f.HYDRO_REAGENTS
    return Recipe(
        name=f"leach {chemistry}",
        inputs=((CELL_PRODUCTS[chemistry], 1.0),),
        outputs=tuple(outputs.items()),
        reagents_t=round(max(0.0, sum(outputs.values()) - 1.0), 6),
        cost_per_t=cost * cells,
        electricity_kwh_per_t=f.HYDRO_KWH * cells,
        emission_kg_per_t=kg_per_t_cells * cells,
        capacity_use=cells,
    )


def salts_price() -> float:
    """Return the price of a tonne of the mixed nickel, cobalt and manganese salts."""
    tonnes = f.SALTS_PER_CATHODE
    return round(sum(tonnes[name] * f.PRICE_SALTS[name] for name in tonnes) / sum(tonnes.values()), 2)
