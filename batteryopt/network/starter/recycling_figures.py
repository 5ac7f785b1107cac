"""Every figure of the template `recycling`, once, with its source and its standing: what is known, what is assumed.

Figures in CNY are those of the Chinese networks of this repository, turned into euros at one rate, which is itself an
assumption: they are a beginning for a planner to replace, and each stands in the network's table `provenance`.
"""

from __future__ import annotations

from dataclasses import dataclass

NATURE = "Nature Communications 2024, doi 10.1038/s41467-024-52030-0"
HERE = "this project"
SOURCED, DERIVED, ASSUMED = "well sourced", "derived", "assumption"
CNY_PER_EUR = 7.8


@dataclass(frozen=True, kw_only=True)
class StarterFigure:
    """One number, and why it may be believed."""

    figure: str
    value: float
    unit: str
    source: str
    standing: str
    note: str = ""

    @property
    def row(self) -> list[str]:
        """The figure as a row of `provenance`."""
        return [self.figure, f"{self.value:.6g}", self.unit, self.source, self.standing, self.note]


HEADINGS = ["figure", "value", "unit", "source", "standing", "note"]
_ALL: list[StarterFigure] = []


def _figure(figure: str, value: float, unit: str, source: str, standing: str, note: str = "") -> float:
    _ALL.append(StarterFigure(figure=figure, value=value, unit=unit, source=source, standing=standing, note=note))
    return value


def _assumed(figure: str, value: float, unit: str, note: str = "") -> float:
    return _figure(figure, value, unit, HERE, ASSUMED, note)


def _from_cny(figure: str, cny: float, unit: str, source: str, standing: str, note: str = "") -> float:
    """Note a figure that is known in CNY, and return it in EUR, to three digits."""
    value = float(f"{cny / CNY_PER_EUR:.3g}")
    told = f"{cny:,.0f} CNY" + (f"; {note}" if note else "")
    return _figure(figure, value, f"EUR{unit}", source, standing, told)


def figures() -> tuple[StarterFigure, ...]:
    """Return all figures that every network of the template has."""
    return tuple(_ALL)


_assumed("rate of exchange", CNY_PER_EUR, "CNY/EUR", "for figures that are known in CNY; chosen round")

# ---- packs ---------------------------------------------------------------------------------------------------------

LIFE_YEARS = _assumed("mean life of a battery", 15.0, "years", "by Weibull's law; 15 with a spread of 4 are named")
CAR_YEARS = _assumed("mean life of a car", 17.0, "years", "packs return at the first of both ends; 17 with 4 are named")
SPREAD_YEARS = _assumed("standard deviation of both lives", 4.0, "years")
SPARES = _assumed("failed batteries that are replaced", 0.0, "share", "the car goes with its battery")
KG_PER_PACK = _assumed("mass of a pack", 350.0, "kg", "packs of cars in the Chinese data weigh up to 357 kg")
LFP_SHARE = _assumed("LFP packs", 0.3, "share of packs", "the others are NCM")
_assumed("registrations", 0.5, "of a year", "vehicles are registered in the middle of their year")

# ---- what a pack becomes -------------------------------------------------------------------------------------------

SECOND_LIFE = _assumed("LFP packs fit for a second life", 0.2, "share", "10 to 40 % are named; LFP only")
CELLS = _assumed("cells in a pack", 0.65, "t per t of pack", "the rest is casing, wiring, cooling")
BLACK_MASS = _assumed("black mass from cells", 0.5, "t per t of cells", "electrode powders after shredding")
CASING_SOLD = _assumed("metal of the casing that is sold", 0.7, "t per t of casing")
FOILS = _assumed("aluminium and copper foil in cells", 0.2, "t per t of cells")
FOIL_RECOVERY = _figure("recovery of Al and Cu", 0.93, "share", NATURE, SOURCED)
LITHIUM_LFP = _figure("Li2CO3 from LFP black mass", 0.160652, "t per t", NATURE, DERIVED, "recovery 98 %, LiFePO4")
LITHIUM_NCM = _figure("Li2CO3 from NCM black mass", 0.250796, "t per t", NATURE, DERIVED, "recovery 94 %, NCM 622")
SALTS_NCM = _figure("salts of Ni, Co, Mn from NCM black mass", 1.681685, "t per t", NATURE, DERIVED, "recovery 94 %")

# ---- prices --------------------------------------------------------------------------------------------------------

PAID_LFP = _from_cny("paid for an LFP pack", 5_000, "/t", HERE, ASSUMED, "the lever that moves the answer most")
PAID_NCM = _from_cny("paid for an NCM pack", 20_000, "/t", HERE, ASSUMED, "the lever that moves the answer most")
PRICE_LITHIUM = _from_cny("price of lithium carbonate", 75_000, "/t", HERE, ASSUMED, "seen 38,694 to 597,990 CNY")
PRICE_SALTS = _from_cny("price of the mixed salts", 29_887, "/t", NATURE, DERIVED, "NiSO4, CoSO4, MnSO4 by their mass")
PRICE_SCRAP = _from_cny("price of mixed scrap metal", 6_000, "/t", HERE, ASSUMED)
PRICE_SECOND_LIFE = _from_cny("price of a tested second-life pack", 8_000, "/t", HERE, ASSUMED, "at the centre's gate")
PRICE_ELECTRICITY = _assumed("price of electricity", 0.18, "EUR/kWh", "industry")
PRICE_CARBON = _assumed("price of carbon", 70.0, "EUR/t CO2e", "emission trading has moved about this")
DISCOUNT = _assumed("discount rate", 0.06, "a year")

# ---- facilities ----------------------------------------------------------------------------------------------------

HANDLING = _assumed("taking back at an outlet", 150.0, "EUR/t", "dealers and workshops, which stand today: check, pack")
CENTRE_COST = _from_cny("second-life and dismantling lines, 30 kt/yr", 110e6, "", "company, Ganfeng", SOURCED)
EXPONENT = _assumed("scale exponent of centres", 0.6, "", "the six-tenths rule, from the size of 30 kt")
PLANT_10_KT = _from_cny("recycling plant, 10 kt/yr of cells", 120e6, "", "company announcement, Jereh", SOURCED)
PLANT_50_KT = _from_cny("the same, raised to 50 kt/yr", 460e6, "", "company announcement, Jereh", SOURCED)
FIXED_SHARE = _assumed("fixed cost of centres and plants", 0.05, "of the investment a year")
ASSET_YEARS = _assumed("straight-line life of an investment", 10.0, "years", "for the salvage at the end of the plan")
DISMANTLING = _from_cny("dismantling", 850, "/t of cells", NATURE, SOURCED)
TESTING = _from_cny("testing and grading an LFP pack", 300, "/t", HERE, ASSUMED)
LEACHING = _from_cny("labour, equipment, sewage, hydrometallurgy", 3_505, "/t of cells", NATURE, SOURCED)
REAGENTS = _from_cny("acids and bases, hydrometallurgy", 2_500, "/t of cells", HERE, ASSUMED)
LEACHING_KWH = _figure("electricity, hydrometallurgy", 500.0, "kWh/t of cells", NATURE, SOURCED)
LEACHING_KG_LFP = _figure("emission of hydrometallurgy, LFP", 2_344.0, "kg CO2e/t of cells", NATURE, SOURCED)
LEACHING_KG_NCM = _figure("emission of hydrometallurgy, NCM", 3_419.0, "kg CO2e/t of cells", NATURE, SOURCED)

# ---- ways and rules ------------------------------------------------------------------------------------------------

DANGEROUS_FREIGHT = _from_cny("road freight of packs", 1.6, "/t-km", HERE, ASSUMED, "dangerous goods")
BULK_FREIGHT = _from_cny("road freight of black mass", 0.6, "/t-km", HERE, ASSUMED, "as ordinary bulk goods")
ROAD_KG = _figure("emission of a diesel lorry of 26 to 32 t", 0.095, "kg CO2e/t-km", "Netherlands 2014", SOURCED)
LONGEST_KM = _assumed("longest haul of packs", 600.0, "km", "a day's drive")
TARGET = _assumed("share that must be collected", 0.7, "of packs", "a soft target; what is short of it has a price")
TARGET_PENALTY = _assumed("price of a tonne short of the target", 4_000.0, "EUR/t", "as a number, so that plans exist")
UNCOLLECTED = _assumed("harm of a pack that is not collected", 65.0, "EUR/t")
