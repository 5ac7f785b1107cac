"""Every figure of the Chinese networks, once, with its source and its standing: what is known and what is assumed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

WELL_SOURCED, DERIVED, ASSUMPTION = "well sourced", "derived", "assumption"

EOL = "data of 'Reducing the environmental impacts of battery recycling through spatial and technological alignment'"
EOL += " (repository Miffyfei/EOL-power-battery)"
NATURE = "Nature Communications 2024, doi 10.1038/s41467-024-52030-0"
MIIT = "Ministry of Industry and Information Technology, announcement 2019 no. 46"
PERIODIC = "stoichiometry, IUPAC atomic weights"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number, and why it may be believed."""

    figure: str
    value: float
    unit: str
    year: str
    source: str
    licence: str
    standing: str
    note: str = ""


_ALL: list[Figure] = []


def _known(
    figure: str, value: float, unit: str, year: str, source: str, note: str = "", licence: str = "figure"
) -> float:
    _ALL.append(Figure(figure=figure, value=value, unit=unit, year=year, source=source, licence=licence,
                       standing=WELL_SOURCED, note=note))  # fmt: skip
    return value


def _derived(figure: str, value: float, unit: str, note: str, source: str = "") -> float:
    _ALL.append(Figure(figure=figure, value=value, unit=unit, year="", source=source, licence="figure",
                       standing=DERIVED, note=note))  # fmt: skip
    return value


def _assumed(figure: str, value: float, unit: str, note: str) -> float:
    _ALL.append(Figure(figure=figure, value=value, unit=unit, year="2026", source="this project", licence="as the code",
                       standing=ASSUMPTION, note=note))  # fmt: skip
    return value


# ---- returns -------------------------------------------------------------------------------------------------------

REGISTRATIONS_UNTIL = 2023
_known("registrations by city", 19_788_561, "vehicles", "2016-2023", EOL, "sum of cities.csv", "CC BY 4.0")
_known(
    "shares of pack types", 1.0, "of registrations", "2016-2023", EOL, "chemistry_share.csv; sum of a year", "CC BY 4.0"
)
_known("pack masses", 357.0, "kg", "2016-2023", EOL, "packs.csv; the heaviest LFP pack stands here", "CC BY 4.0")
_known("life of a pack", 9.0, "years", "2016-2023", EOL, "packs.csv; Weibull scale of BEV_LFP, shape 3.5", "CC BY 4.0")
REGISTRATION_GROWTH = _assumed(
    "growth of registrations after 2023", 0.065, "a year",
    "same in every city; registrations up to 2023 alone retire 428 kt in 2027 and 770 kt in 2030, with this growth "
    "475 kt and 1,280 kt; shares of pack types are held at those of 2023",
)  # fmt: skip

# ---- composition and recovery --------------------------------------------------------------------------------------

CELLS_PER_PACK = _assumed("cells in a pack", 0.65, "t per t of pack", "the rest is casing, wiring, cooling")
SCRAP_PER_CASING = _assumed("metal of the casing that is sold", 0.7, "t per t of casing", "steel, aluminium, copper")
BLACK_MASS_PER_CELL = _assumed("black mass from cells", 0.5, "t per t of cells", "electrode powders after shredding")
FOIL_PER_CELL = _assumed("aluminium and copper foil in cells", 0.2, "t per t of cells", "before recovery")
FOIL_RECOVERY = _known("recovery of Al and Cu", 0.93, "share", "2024", NATURE)
CATHODE_PER_CELL = _assumed("cathode powder in cells", 0.35, "t per t of cells", "LFP and NCM alike")
LITHIUM_RECOVERY_LFP = _known("recovery of Li from LFP", 0.98, "share", "2024", NATURE)
LITHIUM_RECOVERY_NCM = _known("recovery of Li from NCM", 0.94, "share", "2024", NATURE)
METAL_RECOVERY = _known("recovery of Ni, Co, Mn", 0.94, "share", "2024", NATURE)

LI, FE, P, OX, NI, CO, MN, C, S, H = 6.94, 55.845, 30.974, 15.999, 58.693, 58.933, 54.938, 12.011, 32.06, 1.008
_LFP = LI + FE + P + 4 * OX
_NCM = LI + 0.6 * NI + 0.2 * CO + 0.2 * MN + 2 * OX
_WATER = 2 * H + OX
_SULPHATE = S + 4 * OX
LI2CO3_PER_LI = _derived(
    "lithium carbonate per lithium", (2 * LI + C + 3 * OX) / (2 * LI), "t per t", "Li2CO3", PERIODIC
)
LI_IN_LFP = _derived("lithium in LFP powder", LI / _LFP, "t per t", "LiFePO4", PERIODIC)
LI_IN_NCM = _derived("lithium in NCM powder", LI / _NCM, "t per t", "LiNi0.6Co0.2Mn0.2O2 stands for all NCM", PERIODIC)
SALTS_PER_CATHODE = {
    "NiSO4": _derived("NiSO4 6H2O per NCM powder", 0.6 * (NI + _SULPHATE + 6 * _WATER) / _NCM, "t per t", "", PERIODIC),
    "CoSO4": _derived("CoSO4 7H2O per NCM powder", 0.2 * (CO + _SULPHATE + 7 * _WATER) / _NCM, "t per t", "", PERIODIC),
    "MnSO4": _derived("MnSO4 H2O per NCM powder", 0.2 * (MN + _SULPHATE + _WATER) / _NCM, "t per t", "", PERIODIC),
}
SECOND_LIFE_SHARE = _assumed("LFP packs fit for a second life", 0.2, "share", "10 to 40 % are named; LFP only")
SECOND_LIFE_YEARS = _assumed("length of a second life", 5, "years", "after it the pack returns where it was sold")
SECOND_LIFE_RETURN = _assumed("second-life packs that return", 0.95, "share", "")

# ---- prices --------------------------------------------------------------------------------------------------------

PRICE_LI2CO3 = _assumed(
    "price of lithium carbonate", 75_000, "CNY/t",
    f"seen 38,694 to 597,990, and 297,236 at the time of {NATURE}; a low price keeps the plan from resting on it",
)  # fmt: skip
PRICE_SALTS = {
    "NiSO4": _known("price of NiSO4", 32_700, "CNY/t", "2024", NATURE),
    "CoSO4": _known("price of CoSO4", 36_300, "CNY/t", "2024", NATURE),
    "MnSO4": _known("price of MnSO4", 6_100, "CNY/t", "2024", NATURE),
}
PRICE_SCRAP = _assumed("price of mixed scrap metal", 6_000, "CNY/t", "between steel and aluminium scrap")
PRICE_SECOND_LIFE = _assumed("price of a tested second-life pack", 8_000, "CNY/t", "at the centre's gate")
PAID_TO_OWNERS = _assumed(
    "paid to the owner of a pack",
    0,
    "CNY/t",
    "a transfer inside the country, left out: the plan counts what is used up",
)
BOUGHT_LFP = _assumed(
    "what-if: paid for a tonne of LFP packs", 5_000, "CNY/t",
    "2,000 to 9,000 is the range to try; no public series was at hand. Stands for what the informal channel pays: a "
    "plan that cannot pay it leaves the packs there",
)  # fmt: skip
BOUGHT_NCM = _assumed(
    "what-if: paid for a tonne of NCM packs", 20_000, "CNY/t", "10,000 to 30,000 is the range to try; as for LFP"
)
SECOND_LIFE_DEARER = _assumed(
    "what-if: price of a second-life pack", 4_000, "CNY/t", "half: repacking, warranty and sale are paid by the buyer"
)
SALES_IN_THE_MIDDLE = _assumed(
    "what-if: age of a pack at the end of its first year", 0.5, "years", "sales are spread over the year; 0 otherwise"
)
ELECTRICITY_PRICE = _known("price of electricity", 0.72, "CNY/kWh", "2024", NATURE)
CARBON_PRICE = _known(
    "price of carbon", 73, "CNY/t CO2e", "July 2025", "national emission trading", "97.49 at the end of 2024"
)
DISCOUNT_RATE = _assumed("discount rate", 0.06, "a year", "")

# ---- facilities ----------------------------------------------------------------------------------------------------

OUTLET_STORE_T = _known("most in a collection outlet's store", 5, "t", "2019", MIIT, "on at least 10 m2")
CENTRAL_STORE_T = _known("least store of a centralised outlet", 30, "t", "2019", MIIT)
OUTLET_TURNS = _assumed("turns of an outlet's store", 24, "a year", "a lorry a fortnight")
OUTLET_OPENING = _assumed("opening an outlet", 100_000, "CNY", "50,000 to 200,000 are named")
OUTLET_FIXED = _assumed("running an outlet", 100_000, "CNY/year", "one person, rent, insurance")
CENTRAL_OPENING = _assumed("opening a centralised outlet", 450_000, "CNY", "cheaper by the tonne than six outlets")
CENTRAL_FIXED = _assumed("running a centralised outlet", 350_000, "CNY/year", "three persons, rent, insurance")
TEN_FOLD = _assumed(
    "cost of ten centralised outlets under one roof", 9.0, "times one", "scale, a tenth off for each tenfold"
)
OUTLET_HANDLING = _assumed(
    "handling and local rounds at an outlet", 350, "CNY/t", "discharge check, packing, short hauls"
)

CENTRE_30_KT = _known(
    "second-life and dismantling lines, 30 kt/yr",
    110e6,
    "CNY",
    "",
    "company announcement, Ganfeng",
    "existing building",
)
CENTRE_EXPONENT = _assumed("scale exponent of centres", 0.6, "", "the six-tenths rule, from the size of 30 kt")
PLANT_10_KT = _known("recycling plant, 10 kt/yr", 120e6, "CNY", "", "company announcement, Jereh")
PLANT_50_KT = _known("the same, raised to 50 kt/yr", 120e6 + 340e6, "CNY", "", "company announcement, Jereh", "+340 M")
PLANT_100_KT = _known("the same, raised to 100 kt/yr with hydrometallurgy", 120e6 + 340e6 + 570e6, "CNY", "",
                      "company announcement, Jereh", "+570 M; capacity counted in t of cells")  # fmt: skip
FIXED_SHARE = _assumed(
    "fixed cost of centres and plants", 0.05, "of the investment a year", "upkeep, insurance, staff at rest"
)
LIFE_YEARS = _assumed("straight-line life of an investment", 10, "years", "for the salvage at the end of the plan")
DISASSEMBLY = _known("disassembly", 850, "CNY/t of cells", "2024", NATURE)
TESTING = _assumed("testing and grading an LFP pack", 300, "CNY/t", "")
WASTE = _assumed("disposal of what is neither cell nor metal", 150, "CNY/t of pack", "0.1 t at 1,500 CNY/t")
HYDRO_LABOUR = _known("labour, hydrometallurgy", 2_150, "CNY/t of cells", "2024", NATURE)
HYDRO_EQUIPMENT = _known("equipment, hydrometallurgy", 365, "CNY/t of cells", "2024", NATURE)
HYDRO_SEWAGE = _known("sewage, hydrometallurgy", 990, "CNY/t of cells", "2024", NATURE)
HYDRO_KWH = _known("electricity, hydrometallurgy", 500, "kWh/t of cells", "2024", NATURE)
HYDRO_REAGENTS = _assumed("acids and bases, hydrometallurgy", 2_500, "CNY/t of cells", "")
HYDRO_KG_LFP = _known("emission of hydrometallurgy, LFP", 2_344, "kg CO2e/t of cells", "2024", NATURE,
                      "725 to 4,229 by province; its electricity is in it")  # fmt: skip
HYDRO_KG_NCM = _known("emission of hydrometallurgy, NCM", 3_419, "kg CO2e/t of cells", "2024", NATURE,
                      "its electricity is in it")  # fmt: skip
EXISTING_T = _assumed(
    "size of the plants that stand already",
    50_000,
    "t of cells a year",
    "Foshan, Changsha, Jingmen, Quzhou: seats of large recyclers; the sizes are round numbers",
)

# ---- transport -----------------------------------------------------------------------------------------------------

HAZARDOUS_ROAD = _assumed("road freight of dangerous goods", 1.6, "CNY/t-km", "has been used; elsewhere 500 CNY/t flat")
BULK_ROAD = _assumed("road freight of black mass", 0.6, "CNY/t-km", "as ordinary bulk goods")
RAIL_FREIGHT = _assumed("rail freight of black mass", 0.2, "CNY/t-km", "")
RAIL_HANDLING = _assumed("loading and unloading at railheads", 80, "CNY/t", "")
ELECTRIC_ROAD = _assumed("electric lorry with dangerous goods", 1.7, "CNY/t-km", "dearer vehicle, cheaper energy")
ELECTRIC_KWH_PER_T_KM = _assumed(
    "electricity of an electric lorry", 0.1, "kWh/t-km", "1.5 kWh/km (1.2 to 1.8) with 15 t"
)
GRID_KG_PER_KWH = _known("emission of the grid", 0.5366, "kg CO2e/kWh", "2022", "national average, Ministry of Ecology")
ROAD_KG_PER_T_KM = _known(
    "emission of a diesel lorry of 26 to 32 t", 0.095, "kg CO2e/t-km", "2014", "Netherlands, tank to wheel"
)
RAIL_KG_PER_T_KM = _known("emission of rail", 0.011, "kg CO2e/t-km", "2014", "Netherlands")
HAZARDOUS_LONGEST = _assumed(
    "longest haul of packs", 600, "km", "a day's drive; longer ways are not offered to the model"
)
BULK_LONGEST = _assumed("longest haul of black mass by road", 800, "km", "beyond it rail is cheaper")
RAIL_SHORTEST = _assumed("shortest haul by rail", 300, "km", "")
RAIL_LONGEST = _assumed("longest haul by rail", 2_000, "km", "")
RAIL_ACCESS = _assumed("farthest railhead", 100, "km", "cities farther from the railway have no rail")
MOBILE_LOAD = _assumed("load of a mobile station", 5, "t", "as much as an outlet may store")
MOBILE_VISIT = _assumed("visit of a mobile station", 1_500, "CNY", "two persons for a day")
MOBILE_KM = _assumed("drive of a mobile station", 12, "CNY/km of the way there", "there and back")
MOBILE_KG_PER_KM = _assumed("emission of a mobile station", 1.2, "kg CO2e/km of the way there", "there and back")
MOBILE_LONGEST = _assumed("farthest visit", 350, "km", "")
MOBILE_VISITS = _assumed("visits from one depot", 1_000, "a year", "four vehicles")
ROAD_DETOUR = _known(
    "road over great circle", 1.2, "", "", "mean of data/openstreetmap-china", "used inside Hainan", "ODbL"
)
RAIL_DETOUR = _known(
    "rail over great circle", 1.37, "", "", "mean of data/openstreetmap-china", "used inside Hainan", "ODbL"
)
PEOPLE_PER_KM = _assumed(
    "people along a kilometre", 0.001, "of a city's population", "a thousand kilometres of main roads"
)
PROVINCE_HAUL = _assumed(
    "haul inside a province", 150, "km", "china-capitals only, where a capital stands for its province"
)

# ---- policy --------------------------------------------------------------------------------------------------------

FORMAL_RATE = _known(
    "formal recycling rate",
    0.25,
    "share",
    "2023",
    "survey of the Development Research Center, State Council",
    "below it",
)
TARGET_FIRST = _assumed("share to be collected in 2025", 0.3, "share", "a little above today's rate")
TARGET_LAST = _assumed("share to be collected in 2032", 0.8, "share", "rising evenly from 2025")
TARGET_PENALTY = _assumed(
    "price of a tonne short of a target", 30_000, "CNY/t", "so that a target out of reach is a number"
)
UNCOLLECTED = _assumed("harm of a pack that is not collected", 500, "CNY/t", "")
FAIR_SHARE = _assumed(
    "share of the target that every province must reach", 0.5, "share", "fair access; remote provinces too"
)


def provenance(more: Iterable[Figure] = ()) -> str:
    """Return every figure as CSV, and `more` that one network alone has."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([field.name for field in fields(Figure)])
    writer.writerows([f"{x:.6g}" if isinstance(x, float) else x for x in astuple(figure)] for figure in (*_ALL, *more))
    return stream.getvalue()
