"""What is bought and sold in the Chinese networks, what packs cost and why, and what the state asks for."""

from __future__ import annotations

from china_build import figures as f
from china_build.figures import NATURE, REGISTER

_known, _derived, _assumed = REGISTER.known, REGISTER.derived, REGISTER.assumed
SMM = "Shanghai Metals Market, weekly reviews"
REUSE = "integralnewenergy.com, Sparking a Second Life of Power Battery, part 4, 26 April 2021"
LFP, NCM = "lfp", "ncm"

# ---- metals and scrap ----------------------------------------------------------------------------------------------

PRICE_LI2CO3 = _assumed(
    "price of lithium carbonate", 75_000, "CNY/t",
    f"seen 38,694 to 597,990, and 297,236 at the time of {NATURE}; a low price keeps the plan from resting on it",
)  # fmt: skip
PRICE_SALTS = {
    "NiSO4": _known("price of NiSO4", 32_700, "CNY/t", "2024", NATURE),
    "CoSO4": _known("price of CoSO4", 36_300, "CNY/t", "2024", NATURE),
    "MnSO4": _known("price of MnSO4", 6_100, "CNY/t", "2024", NATURE),
}
CASINGS = _assumed("price of casings", 6_000, "CNY/t", "between steel and aluminium scrap")
COPPER_IN_FOIL = _assumed("copper in the foils of cells", 0.4, "share", "0.35 to 0.6, the rest is aluminium: 20 kg "
                          "and 35 kg, cans included, in Transport & Environment's pack of some 400 kg")  # fmt: skip
COPPER_FOIL = _derived("price of copper foil with powder", 49_100, "CNY/t", "75 % of 8,400 EUR for shredded wire at "
                       "7.8 CNY/EUR", "recyclingmagazin.de, 25 November 2025")  # fmt: skip
ALUMINIUM_FOIL = _assumed("price of aluminium foil with powder", 9_000, "CNY/t", "7,000 to 12,000")
PAYABLE_METALS = _known("payable of nickel and cobalt in NCM black mass", 0.76, "of the metal's value", "2025", SMM,
                        "75.5 to 77 % on 11 December 2025; 72.5 to 75 % in August")  # fmt: skip
PAYABLE_LITHIUM = _known("payable of lithium in NCM black mass", 0.74, "of the metal's value", "2025", SMM,
                         "73 to 75 % on 11 December 2025")  # fmt: skip
LFP_PER_PERCENT = _known("price of LFP black mass for a percent of lithium", 2_700, "CNY/t", "2025", SMM,
                         "2,650 to 2,800 on 18 September 2025, 4,300 to 4,650 on 25 December")  # fmt: skip
ELECTRICITY_PRICE = _known("price of electricity", 0.72, "CNY/kWh", "2024", NATURE)
CARBON_PRICE = _known(
    "price of carbon", 73, "CNY/t CO2e", "July 2025", "national emission trading", "97.49 at the end of 2024"
)
DISCOUNT_RATE = _assumed("discount rate", 0.06, "a year", "0.04 to 0.1")


def lithium_in_ncm() -> float:
    """Return tonnes of lithium carbonate that a tonne of NCM black mass holds."""
    return f.CATHODE_PER_CELL / f.BLACK_MASS_PER_CELL * f.LI_IN_NCM * f.LI2CO3_PER_LI


def black_mass_price(chemistry: str, carbonate: float = PRICE_LI2CO3) -> float:
    """Return what a tonne fetches: by percents of lithium (LFP), or by payables of the metals in it (NCM).

    LFP's price for a percent moves with lithium carbonate.
    """
    powder = f.CATHODE_PER_CELL / f.BLACK_MASS_PER_CELL
    if chemistry == LFP:
        return float(round(100.0 * powder * f.LI_IN_LFP * LFP_PER_PERCENT * carbonate / PRICE_LI2CO3))
    salts = powder * sum(f.SALTS_PER_CATHODE[name] * PRICE_SALTS[name] for name in ("NiSO4", "CoSO4"))
    return float(round(PAYABLE_METALS * salts + PAYABLE_LITHIUM * lithium_in_ncm() * carbonate))


# ---- what packs cost -----------------------------------------------------------------------------------------------

WORKSHOP_MARGIN = _assumed("margin of an informal workshop", 0.05, "of its sales", "0 to 0.15")
WORKSHOP_WORK = _assumed("cost of an informal workshop", 300, "CNY/t of packs", "200 to 800; half of a formal line's "
                         "disassembly: safety, waste and taxes cost it nothing")  # fmt: skip
RANGES = {LFP: "2,000 to 9,000", NCM: "10,000 to 30,000"}


def materials(chemistry: str, carbonate: float = PRICE_LI2CO3) -> float:
    """Return what the materials of a tonne of packs sell for, no part of it used a second time."""
    foils = f.CELLS_PER_PACK * f.FOIL_PER_CELL * f.FOIL_RECOVERY
    scrap = foils * (COPPER_IN_FOIL * COPPER_FOIL + (1.0 - COPPER_IN_FOIL) * ALUMINIUM_FOIL)
    casings = (1.0 - f.CELLS_PER_PACK) * f.SCRAP_PER_CASING * CASINGS
    black_mass = f.CELLS_PER_PACK * f.BLACK_MASS_PER_CELL * black_mass_price(chemistry, carbonate)
    return scrap + casings + black_mass


def workshop_bid(chemistry: str, carbonate: float = PRICE_LI2CO3) -> float:
    """Return what an informal workshop can pay for a tonne of packs: its sales less its work and margin, in hundreds.

    It is the competitor who takes whatever a formal chain pays less for, so it is the price of packs.
    """
    return float(round(materials(chemistry, carbonate) * (1.0 - WORKSHOP_MARGIN) - WORKSHOP_WORK, -2))


PAID = {
    c: _derived(f"paid for a tonne of {c.upper()} packs on the market", workshop_bid(c), "CNY/t",
                f"what an informal workshop can pay; try {RANGES[c]}")
    for c in (LFP, NCM)
}  # fmt: skip
CONTRACT_SHARE = _known(
    "packs that their owners must or will sell to the formal chain", 0.25, "share", "2023",
    "survey of the Development Research Center, State Council", "the formal recycling rate, at most: fleets, makers' "
    "guarantees, battery swapping",
)  # fmt: skip
CONTRACT_PRICE = _assumed("price of these packs", 0.8, "of the market's", "0.6 to 1.0")
_known("compliant recycling, at most", 0.5, "share", "2025", "China Daily, 3 November 2025", "the rest goes to "
       "informal workshops")  # fmt: skip

# ---- a second life -------------------------------------------------------------------------------------------------

SECOND_LIFE_SHARE = _assumed("LFP packs fit for a second life", 0.2, "share", "10 to 40 % are named; LFP only; the "
                             "plan may dismantle them instead")  # fmt: skip
SECOND_LIFE_YEARS = _assumed("length of a second life", 5, "years", "after it the pack returns where it was sold")
SECOND_LIFE_RETURN = _assumed("second-life packs that return", 0.95, "share", "0.5 to 1")
NEW_CELL = _assumed("price of a new LFP cell", 0.3, "CNY/Wh", "0.28 to 0.4 in 2024 and 2025")
BELOW_NEW = _known("second-life packs below new ones", 0.3, "of the price", "2021", REUSE, "about")
SECOND_WH_PER_KG = _assumed("energy of a second-life pack", 100, "Wh/kg", "140 new, seven tenths of it left")
SECOND_LIFE_PRICE = _derived("price of a second-life pack", round(NEW_CELL * (1 - BELOW_NEW) * SECOND_WH_PER_KG * 1000),
                             "CNY/t", "0.3 CNY/Wh x 0.7 x 100 kWh/t; 8,000 to 30,000")  # fmt: skip
SECOND_LIFE_MARGIN = _known("profit of second-life packs", 0.1, "of the price", "2021", REUSE, "on average")
SECOND_LIFE_COST = _derived("a second life's own chain", SECOND_LIFE_PRICE * (1 - SECOND_LIFE_MARGIN) - PAID[LFP],
                            "CNY/t", "testing, regrouping, electronics, warranty, sale: what profit and a pack bought "
                            "on the market leave of the price")  # fmt: skip

# ---- policy --------------------------------------------------------------------------------------------------------

TARGET_FIRST = _assumed("share to be collected in 2025", 0.3, "share", "a little above today's rate")
TARGET_LAST = _assumed("share to be collected in 2032", 0.8, "share", "rising evenly from 2025, then held")
TARGET_PENALTY = _assumed(
    "price of a tonne short of a target", 30_000, "CNY/t", "so that a target out of reach is a number"
)
UNCOLLECTED = _assumed("price of the harm of a pack that is not collected", 0, "CNY/t", "nobody pays it, so the net "
                       "cost is money alone; 0 to 2,000 where harm is to be weighed")  # fmt: skip
FAIR_SHARE = _assumed(
    "share of the target that every province must reach", 0.5, "share", "fair access; remote provinces too"
)
