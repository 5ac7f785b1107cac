"""The battery chain as data: pack -> module -> black mass -> metals, with scrap metals sold on the way."""

from __future__ import annotations

from collections.abc import Mapping

from batteryopt.network.data.instance import FacilityType, Level, Mode, Product, Recipe, Sizes
from germany_build import figures as f

LFP, NCM = "lfp", "ncm"
CHEMISTRIES = (NCM, LFP)
DISMANTLER, SHREDDER, REFINERY = "dismantler", "shredder", "refinery"
SECOND_LIFE = {c: f"{c}_second_life_pack" for c in CHEMISTRIES}
ALUMINIUM, STEEL, COPPER = "aluminium_scrap", "steel_scrap", "copper_scrap"
SCRAPS = (ALUMINIUM, STEEL, COPPER)
CARBONATE, NICKEL, COBALT, GRAPHITE = "lithium_carbonate", "nickel_in_salts", "cobalt_in_salts", "graphite"
IN_PACK: Mapping[str, Mapping[str, float]] = {NCM: f.IN_NCM, LFP: f.IN_LFP}
PAID = {NCM: f.PAID_NCM, LFP: f.PAID_LFP}
DIGITS = 6


def pack(chemistry: str) -> str:
    """Return the product that returns in a city."""
    return f"{chemistry}_pack"


def module(chemistry: str) -> str:
    """Return what a pack is once it is dismantled."""
    return f"{chemistry}_module"


def black_mass(chemistry: str) -> str:
    """Return the powder of a chemistry's modules."""
    return f"{chemistry}_black_mass"


def products() -> tuple[Product, ...]:
    """Return all products; only returned packs may stay where they are, which costs the operator nothing."""
    return (
        *(Product(name=pack(c), uncollected_cost_per_t=0.0) for c in CHEMISTRIES),
        *(Product(name=module(c)) for c in CHEMISTRIES),
        *(Product(name=SECOND_LIFE[c]) for c in CHEMISTRIES),
        *(Product(name=black_mass(c), hazard=0.2) for c in CHEMISTRIES),
        *(Product(name=name, hazard=0.0) for name in (*SCRAPS, CARBONATE, NICKEL, COBALT, GRAPHITE)),
    )


# ---- dismantling ---------------------------------------------------------------------------------------------------


def dismantler() -> FacilityType:
    """Return plants that test packs for a second use and take the others apart."""
    levels = tuple(_level(t, f.DISMANTLER_COST * f.EUR_PER_GBP, f.DISMANTLER_T) for t in (5_000, 20_000))
    return FacilityType(
        name=DISMANTLER,
        recipes=tuple(map(_dismantle, CHEMISTRIES)),
        levels=levels,
        sizes=Sizes.BETWEEN,
        life_periods=f.ASSET_YEARS,
    )


def _dismantle(chemistry: str) -> Recipe:
    """Return what a tonne of packs becomes: some are sold on as they are, the others come apart."""
    rest = 1.0 - f.SECOND_LIFE
    outputs = {
        SECOND_LIFE[chemistry]: f.SECOND_LIFE,
        module(chemistry): rest * f.MODULES,
        ALUMINIUM: rest * f.HOUSING,
        STEEL: rest * f.PACK_STEEL,
        COPPER: rest * f.CABLES * f.COPPER_RECOVERED,
    }
    return Recipe(
        name=f"dismantle {chemistry}",
        inputs=((pack(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, DIGITS)) for name, tonnes in outputs.items()),
        cost_per_t=f.HANDLING + f.SECOND_LIFE * f.SECOND_COST + rest * (f.DISMANTLING + f.DISPOSED * f.BURNING),
    )


# ---- shredding -----------------------------------------------------------------------------------------------------


def shredder() -> FacilityType:
    """Return plants that make black mass and scrap of modules."""
    levels = tuple(_level(t, f.SHREDDER_COST, f.SHREDDER_T) for t in (10_000, 30_000))
    return FacilityType(
        name=SHREDDER,
        recipes=tuple(map(_shred, CHEMISTRIES)),
        levels=levels,
        sizes=Sizes.BETWEEN,
        life_periods=f.ASSET_YEARS,
    )


def _shred(chemistry: str) -> Recipe:
    """Return what a tonne of modules becomes; contents are told of a pack, so they are divided by its modules."""
    outputs = {
        black_mass(chemistry): f.BLACK_MASS,
        COPPER: (IN_PACK[chemistry]["copper"] - f.CABLES) / f.MODULES * f.COPPER_RECOVERED,
        ALUMINIUM: f.CELL_ALUMINIUM / f.MODULES * f.ALUMINIUM_RECOVERED,
        STEEL: f.CELL_STEEL / f.MODULES * f.ALUMINIUM_RECOVERED,
    }
    return Recipe(
        name=f"shred {chemistry}",
        inputs=((module(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, DIGITS)) for name, tonnes in outputs.items()),
        cost_per_t=f.SHREDDING,
        electricity_kwh_per_t=f.SHREDDING_KWH,
    )


# ---- refining ------------------------------------------------------------------------------------------------------


def refinery() -> FacilityType:
    """Return hydrometallurgical plants."""
    levels = tuple(_level(t, f.REFINERY_COST * f.EUR_PER_GBP, f.REFINERY_T) for t in (7_000, 20_000))
    return FacilityType(
        name=REFINERY,
        recipes=tuple(map(_refine, CHEMISTRIES)),
        levels=levels,
        sizes=Sizes.BETWEEN,
        life_periods=f.ASSET_YEARS,
    )


def in_black_mass(chemistry: str, name: str) -> float:
    """Return tonnes of a metal in a tonne of black mass."""
    return IN_PACK[chemistry].get(name, 0.0) * f.INTO_BLACK_MASS / (f.MODULES * f.BLACK_MASS)


def _refine(chemistry: str) -> Recipe:
    """Return what a tonne of black mass becomes: metals as what is contained in salts, lithium as carbonate."""
    outputs = {
        NICKEL: in_black_mass(chemistry, "nickel") * f.METALS_REFINED,
        COBALT: in_black_mass(chemistry, "cobalt") * f.METALS_REFINED,
        CARBONATE: in_black_mass(chemistry, "lithium") * f.LITHIUM_REFINED * f.LI2CO3_PER_LI,
        GRAPHITE: in_black_mass(chemistry, "graphite") * f.GRAPHITE_REFINED,
    }
    return Recipe(
        name=f"refine {chemistry}",
        inputs=((black_mass(chemistry), 1.0),),
        outputs=tuple((name, round(tonnes, DIGITS)) for name, tonnes in outputs.items() if tonnes),
        cost_per_t=f.REFINING,
        electricity_kwh_per_t=f.REFINING_KWH,
        emission_kg_per_t=f.REFINING_KG,
    )


def black_mass_price(chemistry: str) -> float:
    """Return what a tonne fetches: payables of the metals in it, or the price of LFP's."""
    if chemistry == LFP:
        return f.LFP_BLACK_MASS
    nickel, cobalt, lithium = (in_black_mass(NCM, name) for name in ("nickel", "cobalt", "lithium"))
    metals = f.PAYABLE * (nickel * f.NICKEL + cobalt * f.COBALT)
    return round(metals + f.PAYABLE_LITHIUM * lithium * f.LI2CO3_PER_LI * f.CARBONATE, 2)


SOLD = {
    DISMANTLER: {
        **{SECOND_LIFE[c]: f.SECOND_PRICE for c in CHEMISTRIES},
        ALUMINIUM: f.ALUMINIUM,
        STEEL: f.STEEL,
        COPPER: f.COPPER * f.COPPER_FOIL_SHARE,
    },
    SHREDDER: {
        **{black_mass(c): black_mass_price(c) for c in CHEMISTRIES},
        ALUMINIUM: f.ALUMINIUM,
        STEEL: f.STEEL,
        COPPER: f.COPPER * f.COPPER_FOIL_SHARE,
    },
    REFINERY: {NICKEL: f.NICKEL, COBALT: f.COBALT, CARBONATE: f.CARBONATE, GRAPHITE: f.GRAPHITE},
}
"""What each kind of plant sells at its gate, EUR a tonne."""


def _level(tonnes: float, cost: float, cost_at_t: float) -> Level:
    """Return a size whose cost follows from a known one by the scale exponent."""
    opening = float(round(cost * (tonnes / cost_at_t) ** f.EXPONENT, -4))
    return Level(name=f"{tonnes / 1000:g} kt", capacity_t=tonnes, opening_cost=opening, fixed_cost=opening * f.FIXED)


def modes() -> tuple[Mode, ...]:
    """Return lorries; roads are as long as the great circle times a factor."""

    def lorry(name: str, carries: tuple[str, ...], per_t_km: float, per_t: float, longest: float | None = None) -> Mode:
        return Mode(
            name=name,
            products=carries,
            cost_per_t_km=per_t_km,
            cost_per_t=per_t,
            emission_kg_per_t_km=f.LORRY_KG,
            detour_factor=f.DETOUR,
            longest_km=longest,
        )

    return (
        lorry("lorry with packs", tuple(map(pack, CHEMISTRIES)), f.PACK_LORRY, f.PACK_LOADING, f.LONGEST),
        lorry("lorry with modules", tuple(map(module, CHEMISTRIES)), f.MODULE_LORRY, f.MODULE_LOADING),
        lorry("lorry with black mass", tuple(map(black_mass, CHEMISTRIES)), f.BULK_LORRY, f.BULK_LOADING),
    )
