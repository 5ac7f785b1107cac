"""The battery chain as data: pack -> collected pack -> second-life pack, black mass and scrap -> metals."""

from __future__ import annotations

from collections.abc import Iterable

from batteryopt.network.data.instance import FacilityType, Level, Product, Recipe, Sizes
from china_build import figures as f
from china_build import market_figures as m
from china_build.market_figures import LFP, NCM

OUTLET, CENTRE, PLANT = "outlet", "centre", "plant"
SECOND_LIFE, LITHIUM, SALTS = "second_life_pack", "lithium_carbonate", "nickel_cobalt_manganese_salts"
COPPER, ALUMINIUM, CASINGS = "copper_foil", "aluminium_foil", "casings"
CHEMISTRIES = (LFP, NCM)
DIGITS = 6
PLANT_KT = {10: f.PLANT_10_KT, 50: f.PLANT_50_KT, 100: f.PLANT_100_KT}
YARDS = "yards"


def pack(chemistry: str) -> str:
    """Return a pack whose owner sells to whoever pays most."""
    return f"{chemistry}_pack"


def contract_pack(chemistry: str) -> str:
    """Return a pack that a contract or the law brings to the formal chain."""
    return f"{chemistry}_pack_by_contract"


def collected(chemistry: str) -> str:
    """Return a pack once an outlet has it."""
    return f"{chemistry}_collected"


def black_mass(chemistry: str) -> str:
    """Return the powder of a chemistry's cells."""
    return f"{chemistry}_black_mass"


PAID = {
    **{pack(c): m.PAID[c] for c in CHEMISTRIES},
    **{contract_pack(c): round(m.CONTRACT_PRICE * m.PAID[c]) for c in CHEMISTRIES},
}
"""What owners get, CNY a tonne, by product."""
SHARE = {
    **{pack(c): 1.0 - m.CONTRACT_SHARE for c in CHEMISTRIES},
    **{contract_pack(c): m.CONTRACT_SHARE for c in CHEMISTRIES},
}
"""Of what retires of a chemistry, by product."""


def products() -> tuple[Product, ...]:
    """Return all products; only returned packs may stay where they are, at a harm."""
    return (
        *(Product(name=name, uncollected_cost_per_t=m.UNCOLLECTED) for name in PAID),
        *(Product(name=collected(c)) for c in CHEMISTRIES),
        Product(name=SECOND_LIFE),
        *(Product(name=black_mass(c), hazard=0.2) for c in CHEMISTRIES),
        *(Product(name=name, hazard=0.0) for name in (COPPER, ALUMINIUM, CASINGS, LITHIUM, SALTS)),
    )


# ---- outlets -------------------------------------------------------------------------------------------------------


def outlet(capacity_t: float, extra_cost_per_t: float = 0.0) -> FacilityType:
    """Return the yards that stand in every prefecture, paid by the tonne.

    Parameters
    ----------
    capacity_t
        More than any place returns, so that it never binds.
    extra_cost_per_t
        Hauls that the network does not see.
    """
    level = Level(
        name=YARDS,
        capacity_t=capacity_t,
        variable_cost_per_t=round(f.OUTLET_HANDLING + f.OUTLET_SHARE + extra_cost_per_t, 2),
    )
    recipes = tuple(
        Recipe(name=f"collect {name}", inputs=((product(c), 1.0),), outputs=((collected(c), 1.0),))
        for c in CHEMISTRIES
        for product, name in ((pack, c), (contract_pack, f"{c} by contract"))
    )
    return FacilityType(name=OUTLET, recipes=recipes, levels=(level,), sizes=Sizes.LEVELS)


# ---- centres -------------------------------------------------------------------------------------------------------


def centre(sizes_kt: Iterable[int], sizes: Sizes) -> FacilityType:
    """Return regional centres: they regroup LFP packs for a second life, dismantle the rest and shred its cells."""
    return FacilityType(
        name=CENTRE,
        recipes=(_dismantle(LFP, m.SECOND_LIFE_SHARE), _dismantle(LFP, 0.0, ", none reused"), _dismantle(NCM, 0.0)),
        levels=tuple(_centre_size(kt) for kt in sizes_kt),
        sizes=sizes,
        life_periods=float(f.LIFE_YEARS),
    )


def _centre_size(kt: int) -> Level:
    line = min(kt, f.CENTRE_LINE_KT)
    opening = float(round(kt / line * f.CENTRE_30_KT * (line / 30) ** f.CENTRE_EXPONENT))
    return Level(
        name=f"{kt} kt", capacity_t=1000.0 * kt, opening_cost=opening, fixed_cost=round(opening * f.FIXED_SHARE)
    )


def _dismantle(chemistry: str, second_life: float, which: str = "") -> Recipe:
    """Return what a tonne of collected packs becomes; what is regrouped for a second life costs its own chain."""
    rest = 1.0 - second_life
    foils = f.CELLS_PER_PACK * f.FOIL_PER_CELL * f.FOIL_RECOVERY
    outputs = {
        black_mass(chemistry): rest * f.CELLS_PER_PACK * f.BLACK_MASS_PER_CELL,
        COPPER: rest * foils * m.COPPER_IN_FOIL,
        ALUMINIUM: rest * foils * (1.0 - m.COPPER_IN_FOIL),
        CASINGS: rest * (1.0 - f.CELLS_PER_PACK) * f.SCRAP_PER_CASING,
        SECOND_LIFE: second_life,
    }
    return Recipe(
        name=f"dismantle {chemistry}{which}",
        inputs=((collected(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, DIGITS)) for name, tonnes in outputs.items() if tonnes),
        cost_per_t=second_life * m.SECOND_LIFE_COST + rest * (f.DISASSEMBLY * f.CELLS_PER_PACK + f.WASTE),
    )


# ---- plants --------------------------------------------------------------------------------------------------------


def plant(sizes: Sizes) -> FacilityType:
    """Return hydrometallurgical plants; their capacity counts tonnes of cells, of which black mass is a part."""
    levels = tuple(
        Level(name=f"{kt} kt", capacity_t=1000.0 * kt, opening_cost=cost, fixed_cost=cost * f.FIXED_SHARE)
        for kt, cost in PLANT_KT.items()
    )
    lithium = f.LI_IN_NCM * f.LITHIUM_RECOVERY_NCM * f.LI2CO3_PER_LI
    salts = sum(f.SALTS_PER_CATHODE.values()) * f.METAL_RECOVERY
    recipes = (
        _leach(LFP, {LITHIUM: f.LI_IN_LFP * f.LITHIUM_RECOVERY_LFP * f.LI2CO3_PER_LI}, f.HYDRO_KG_LFP),
        _leach(NCM, {LITHIUM: lithium, SALTS: salts}, f.HYDRO_KG_NCM),
    )
    return FacilityType(name=PLANT, recipes=recipes, levels=levels, sizes=sizes, life_periods=float(f.LIFE_YEARS))


def _leach(chemistry: str, per_cathode: dict[str, float], kg_per_t_cells: float) -> Recipe:
    """Return what a tonne of black mass becomes, from tonnes of product for each tonne of cathode powder."""
    cells = 1.0 / f.BLACK_MASS_PER_CELL
    outputs = {name: round(tonnes * f.CATHODE_PER_CELL * cells, DIGITS) for name, tonnes in per_cathode.items()}
    cost = f.HYDRO_LABOUR + f.HYDRO_EQUIPMENT + f.HYDRO_SEWAGE + f.HYDRO_REAGENTS
    return Recipe(
        name=f"leach {chemistry}",
        inputs=((black_mass(chemistry), 1.0),),
        outputs=tuple(outputs.items()),
        reagents_t=round(max(0.0, sum(outputs.values()) - 1.0), DIGITS),
        cost_per_t=cost * cells,
        electricity_kwh_per_t=f.HYDRO_KWH * cells,
        emission_kg_per_t=kg_per_t_cells * cells,
        capacity_use=cells,
    )


def salts_price() -> float:
    """Return the price of a tonne of the mixed nickel, cobalt and manganese salts."""
    tonnes = f.SALTS_PER_CATHODE
    return round(sum(tonnes[name] * m.PRICE_SALTS[name] for name in tonnes) / sum(tonnes.values()), 2)


# ---- what is sold --------------------------------------------------------------------------------------------------

AT_CENTRES = {
    SECOND_LIFE: float(m.SECOND_LIFE_PRICE),
    COPPER: float(m.COPPER_FOIL),
    ALUMINIUM: float(m.ALUMINIUM_FOIL),
    CASINGS: float(m.CASINGS),
    **{black_mass(c): m.black_mass_price(c) for c in CHEMISTRIES},
}
AT_PLANTS = {LITHIUM: float(m.PRICE_LI2CO3), SALTS: salts_price()}
"""Prices at the gates, CNY a tonne."""
