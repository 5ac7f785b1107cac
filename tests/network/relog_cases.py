"""Cases of RELOG (Argonne National Laboratory), with the costs that its repository records for them.

RELOG is (c) 2020-2025 UChicago Argonne, LLC, under the modified BSD licence; the figures of the cases are its own
(`instances/`, `test/fixtures/`), set out here as Python because most of them repeat the same plant at ten places.
"""

from __future__ import annotations

from typing import Any

SITES_OF_S1 = {
    "C1": (7.0, 7.0, 934.56),
    "C2": (7.0, 19.0, 198.95),
    "C3": (84.0, 76.0, 212.97),
    "C4": (21.0, 16.0, 352.19),
    "C5": (32.0, 92.0, 510.33),
    "C6": (14.0, 62.0, 471.66),
    "C7": (30.0, 83.0, 785.21),
    "C8": (35.0, 40.0, 706.17),
    "C9": (74.0, 52.0, 30.08),
    "C10": (22.0, 54.0, 536.52),
}


def s1() -> dict[str, Any]:
    """Return the two-year case of the early releases (2-digit distances), whose cost its repository records."""
    disposal = {"cost ($/tonne)": [-10.0, -10.0], "limit (tonne)": [1.0, 1.0]}
    return {
        "parameters": {"time horizon (years)": 2, "building period (years)": [1, 2]},
        "products": {
            "P1": {
                "transportation cost ($/km/tonne)": [0.015, 0.015],
                "transportation energy (J/km/tonne)": [0.12, 0.11],
                "transportation emissions (tonne/km/tonne)": {"CO2": [0.052, 0.05], "CH4": [0.003, 0.002]},
                "initial amounts": {
                    name: {"latitude (deg)": lat, "longitude (deg)": lon, "amount (tonne)": [amount, amount]}
                    for name, (lat, lon, amount) in SITES_OF_S1.items()
                },
            },
            "P2": {"transportation cost ($/km/tonne)": [0.02, 0.02]},
            "P3": {"transportation cost ($/km/tonne)": [0.0125, 0.0125]},
            "P4": {"transportation cost ($/km/tonne)": [0.0175, 0.0175]},
        },
        "plants": {
            "F1": {
                "input": "P1",
                "outputs (tonne/tonne)": {"P2": 0.2, "P3": 0.5},
                "energy (GJ/tonne)": [0.12, 0.11],
                "emissions (tonne/tonne)": {"CO2": [0.052, 0.05], "CH4": [0.003, 0.002]},
                "locations": {
                    "L1": _place(0.0, 0.0, _sizes({"250.0": (500.0, 30.0, 30.0), "1000.0": (1250.0, 30.0, 30.0)}))
                    | {"disposal": {"P2": disposal, "P3": disposal}},
                    "L2": _place(0.5, 0.5, _sizes({"0.0": (1000, 50.0, 50.0), "10000.0": (10000, 50.0, 50.0)})),
                },
            },
            "F2": {
                "input": "P2",
                "outputs (tonne/tonne)": {"P3": 0.05, "P4": 0.8},
                "locations": {
                    "L3": _place(25.0, 65.0, _sizes({"1000.0": (3000, 50.0, 50.0)}))
                    | {"disposal": {"P3": {"cost ($/tonne)": [100.0, 100.0]}}},
                    "L4": _place(0.75, 0.2, _sizes({"10000": (3000, 50.0, 50.0)})),
                },
            },
            "F3": {"input": "P4", "locations": {"L5": _place(100.0, 100.0, _sizes({"15000": (0.0, 0.0, -15.0)}))}},
            "F4": {"input": "P3", "locations": {"L6": _place(50.0, 50.0, _sizes({"10000": (0.0, 0.0, -15.0)}))}},
        },
    }


S1_RECORDED_COST = 935782.0928313101 + 935396.8688313101
"""Cost of the two years in `instances/solutions/s1.json`."""
S1_RECORDED_DISTANCES_KM = {
    ("C1", "L2"): 1017.44,
    ("C3", "L1"): 8889.75,
    ("C9", "L1"): 8201.21,
    ("C4", "L2"): 2802.12,
} | {
    ("L2", "L4"): 43.35,
    ("L4", "L5"): 8811.73,
    ("L1", "L6"): 6893.41,
}


def s1_of_version_0_7() -> dict[str, Any]:
    """Return s1 as release 0.7 has it: a plant exists, centres may dispose of packs, packs cost something to acquire.

    Its "distance metric" there is "driving", whose ratios RELOG downloads; "Euclidean" stands in its place here.
    """
    case = s1()
    case["parameters"] = {"time horizon (years)": 2, "distance metric": "Euclidean"}
    case["products"]["P1"] |= {
        "disposal limit (tonne)": [1.0, 1.0],
        "disposal cost ($/tonne)": [-1000, -1000],
        "acquisition cost ($/tonne)": [0.5, 0.5],
    }
    case["plants"]["F1"]["locations"]["L1"]["initial capacity (tonne)"] = 500.0
    return case


def storage() -> dict[str, Any]:
    """Return the case of one plant that may store; RELOG's own test states its cost of each of three years."""
    sizes = {
        "100": {
            "opening cost ($)": [0.0, 0.0, 0.0],
            "fixed operating cost ($)": [0.0, 0.0, 0.0],
            "variable operating cost ($/tonne)": [10.0, 5.0, 2.0],
        }
    }
    amounts = {"latitude (deg)": 0.0, "longitude (deg)": 0.0, "amount (tonne)": [100.0, 0.0, 0.0]}
    place = _place(0.0, 0.0, sizes) | {"storage": {"cost ($/tonne)": [2.0, 1.5, 1.0], "limit (tonne)": 50.0}}
    return {
        "parameters": {"time horizon (years)": 3},
        "products": {
            "battery": {"initial amounts": {"Chicago": amounts}, "transportation cost ($/km/tonne)": [0.01, 0.01, 0.01]}
        },
        "plants": {"mega plant": {"input": "battery", "locations": {"Chicago": place}}},
    }


STORAGE_RECORDED_COST = 600.0 + 75.0 + 100.0


def lead_acid() -> dict[str, Any]:
    """Return the lead-acid case of the first release in the keys of release 0.5; its repository records a cost.

    The first release had one year, one size a plant, and no limit where the case gave none.
    """
    chicago, darien, milwaukee = (41.881944, -87.627778), (41.745556, -87.981111), (43.05, -87.95)
    amounts = {"Chicago": (chicago, 175000.0), "Darien": (darien, 30000.0)} | {
        "Westmont": ((41.794444, -87.976389), 25000.0),
        "Milwaukee": (milwaukee, 120000.0),
    }
    rates = {"lead": 0.0015, "lead ingots": 0.0017, "plastic casings": 0.0023, "plastic pellets": 0.0020}
    plants = {
        "Disassembly Plant": (
            "lead-acid batteries",
            {"lead": 0.60, "plastic casings": 0.05},
            {"Darien": (darien, 0.12), "Lemont": ((41.668784, -87.988845), 0.15)}
            | {"Greendale": ((42.9375, -87.996944), 0.18)},
        ),
        "Plastic Recycling Plant": (
            "plastic casings",
            {"plastic pellets": 0.9},
            {"Milwaukee": (milwaukee, 0.08), "Chicago": (chicago, 0.10)},
        ),
        "Lead Recycling Plant": ("lead", {"lead ingots": 0.9}, {"Milwaukee": (milwaukee, 0.20)}),
        "Lead Sales Point": ("lead ingots", {}, {"Chicago": (chicago, -1.50), "Milwaukee": (milwaukee, -2.75)}),
        "Plastic Sales Point": ("plastic pellets", {}, {"Chicago": (chicago, -0.50), "Milwaukee": (milwaukee, -0.62)}),
    }
    free = {("Lead Sales Point", "Milwaukee"), ("Plastic Sales Point", "Chicago"), ("Plastic Sales Point", "Milwaukee")}

    def sizes(plant: str, place: str, cost: float) -> dict[str, Any]:
        opening, fixed = (0.0, 0.0) if (plant, place) in free else (10000.0, 1000.0)
        return _sizes({"10000000": (opening, fixed, cost)}, years=1)

    return {
        "parameters": {"time horizon (years)": 1},
        "products": {
            "lead-acid batteries": {
                "transportation cost ($/km/tonne)": [0.0015],
                "initial amounts": {
                    name: {"latitude (deg)": place[0], "longitude (deg)": place[1], "amount (tonne)": [amount]}
                    for name, (place, amount) in amounts.items()
                },
            }
        }
        | {name: {"transportation cost ($/km/tonne)": [rate]} for name, rate in rates.items()},
        "plants": {
            plant: {
                "input": used,
                "outputs (tonne/tonne)": made,
                "locations": {name: _place(*place, sizes(plant, name, cost)) for name, (place, cost) in places.items()},
            }
            for plant, (used, made, places) in plants.items()
        },
    }


LEAD_ACID_RECORDED_COST = -346261.9
"""Total in `instances/samples/s2_solution.json`: 44,000 fixed + 46,653.1 transport - 436,915 variable."""

CITIES = {
    "Chicago": (41.881832, -87.623177),
    "New York City": (40.712776, -74.005974),
    "Los Angeles": (34.052235, -118.243683),
    "Houston": (29.760427, -95.369804),
    "Phoenix": (33.448376, -112.074036),
    "Philadelphia": (39.952583, -75.165222),
    "San Antonio": (29.424122, -98.493629),
    "San Diego": (32.715736, -117.161087),
    "Dallas": (32.776664, -96.796988),
    "San Jose": (37.338208, -121.886329),
}


def boats() -> dict[str, Any]:
    """Return the boat example of the 0.8 development version: nails and wood to boats, used boats back to both."""
    product = {
        "transportation cost ($/km/tonne)": 0.3,
        "transportation energy (J/km/tonne)": 7500,
        "transportation emissions (tonne/km/tonne)": {"CO2": 2.68, "NH4": 1.02},
        "disposal limit (tonne)": None,
    }
    centers = {f"NailFactory ({city})": _source(city, "Nail", 1, 1000) for city in ("Chicago", "Phoenix", "Dallas")}
    centers |= {f"Forest ({city})": _source(city, "Wood", 100, 250) for city in ("Chicago", "Phoenix", "Dallas")}
    centers |= {f"Retail ({city})": _retail(city) for city in CITIES}
    return {
        "parameters": {
            "time horizon (years)": 5,
            "building period (years)": [1],
            "distance metric": "Euclidean",
        },
        "products": {name: dict(product) for name in ("Nail", "Wood", "NewBoat", "UsedBoat")},
        "centers": centers,
        "plants": {f"BoatFactory ({city})": _boat_factory(city) for city in CITIES}
        | {f"RecyclingPlant ({city})": _boat_recycler(city) for city in CITIES},
    }


BOATS_RECORDED_COST = (
    (100_000 + 500_000)  # opening, plants.csv
    + 5 * (250_000 + 125_000)  # fixed operating, plants.csv
    + (315.78947 + 357.34072 + 379.42849 + 384.52168 + 386.35435)  # variable, boat factory in Dallas
    + (15.78947 + 57.34072 + 79.42849 + 84.52168 + 86.35435)  # variable, recycling plant in Dallas
    + 10 * 5 * 125_000  # operating cost of ten shops, centers.csv
    - (757894.73684 + 857617.72853 + 910628.37148 + 922852.03459 + 927250.44516)  # revenue, centers.csv
    + 5 * (387.9279 + 427.071)  # transport, transportation.csv
    + 5 * (3 * 1000 + 14250)  # nails and wood, transportation.csv
    + (631.57895 + 2293.62881 + 3177.13952 + 3380.86724 + 3454.17409)  # used boats, transportation.csv
)
"""Sum of every cost column in `test/fixtures/boat_example/*.csv`, each rounded there to five digits."""


def simple() -> dict[str, Any]:
    """Return the case of RELOG's own coefficient tests, with straight-line distances; its optimum is nowhere recorded.

    The global limits on disposal are those that its test names.
    """
    years = 4
    freight = {
        "transportation cost ($/km/tonne)": 0.015,
        "transportation energy (J/km/tonne)": 0.12,
        "transportation emissions (tonne/km/tonne)": {"CO2": 0.052, "CH4": 0.003},
    }
    nothing = {"collection cost ($/tonne)": {}, "disposal limit (tonne)": {}, "disposal cost ($/tonne)": {}}
    return {
        "parameters": {
            "time horizon (years)": years,
            "building period (years)": [1],
            "distance metric": "Euclidean",
        },
        "products": {f"P{i}": dict(freight) for i in (1, 2, 3, 4)},
        "centers": {
            "C1": {
                "latitude (deg)": 41.881,
                "longitude (deg)": -87.623,
                "input": "P1",
                "outputs": ["P2", "P3"],
                "fixed output (tonne)": {"P2": [100, 50, 0, 0], "P3": [20, 10, 0, 0]},
                "variable output (tonne/tonne)": {"P2": [0.20, 0.25, 0.12], "P3": [0.25, 0.25, 0.25]},
                "revenue ($/tonne)": 12.0,
                "collection cost ($/tonne)": {"P2": 0.25, "P3": 0.37},
                "operating cost ($)": 150.0,
                "disposal limit (tonne)": {"P2": 200.0, "P3": None},
                "disposal cost ($/tonne)": {"P2": 0.23, "P3": 1.0},
            },
            "C2": {
                "latitude (deg)": 42.881,
                "longitude (deg)": -87.623,
                "input": None,
                "outputs": ["P1"],
                "variable output (tonne/tonne)": {"P1": 0},
                "fixed output (tonne)": {"P1": [50, 60, 70, 80]},
                "revenue ($/tonne)": None,
                "collection cost ($/tonne)": {"P1": 0.25},
                "operating cost ($)": 150.0,
                "disposal limit (tonne)": {"P1": None},
                "disposal cost ($/tonne)": {"P1": 0},
            },
            "C3": {
                "latitude (deg)": 43.881,
                "longitude (deg)": -87.623,
                "input": "P4",
                "outputs": [],
                "variable output (tonne/tonne)": {},
                "constant output (tonne)": {},
                "revenue ($/tonne)": [12.0, 12.0, 12.0, 12.0],
                "operating cost ($)": 150.0,
            }
            | nothing,
        },
        "plants": {
            "L1": {
                "latitude (deg)": 44.881,
                "longitude (deg)": -87.623,
                "input mix (%)": {"P1": 95.3, "P2": 4.7},
                "output (tonne)": {"P3": 0.25, "P4": 0.12},
                "processing emissions (tonne)": {"CO2": 0.1},
                "storage cost ($/tonne)": {"P1": 0.1, "P2": 0.1},
                "storage limit (tonne)": {"P1": 100, "P2": None},
                "disposal cost ($/tonne)": {"P3": 0, "P4": 0.86},
                "disposal limit (tonne)": {"P3": None, "P4": 1000.0},
                "capacities": [
                    _size(100, [300, 400, 450, 475], 300, 5.0),
                    _size(500, 1000.0, 400.0, 5.0),
                ],
                "initial capacity (tonne)": 0,
            }
        },
    }


def _place(latitude: float, longitude: float, sizes: dict[str, Any]) -> dict[str, Any]:
    return {"latitude (deg)": latitude, "longitude (deg)": longitude, "capacities (tonne)": sizes}


def _sizes(costs: dict[str, tuple[float, float, float]], years: int = 2) -> dict[str, Any]:
    return {
        size: {
            "opening cost ($)": [opening] * years,
            "fixed operating cost ($)": [fixed] * years,
            "variable operating cost ($/tonne)": [variable] * years,
        }
        for size, (opening, fixed, variable) in costs.items()
    }


def _size(size: float, opening: Any, fixed: float, variable: float) -> dict[str, Any]:
    return {
        "size (tonne)": size,
        "opening cost ($)": opening,
        "fixed operating cost ($)": fixed,
        "variable operating cost ($/tonne)": variable,
    }


def _where(city: str) -> dict[str, float]:
    return {"latitude (deg)": CITIES[city][0], "longitude (deg)": CITIES[city][1]}


def _source(city: str, product: str, amount: float, cost: float) -> dict[str, Any]:
    return _where(city) | {
        "input": None,
        "outputs": [product],
        "fixed output (tonne)": {product: amount},
        "variable output (tonne/tonne)": {product: 0},
        "revenue ($/tonne)": None,
        "collection cost ($/tonne)": {product: cost},
        "operating cost ($)": 0,
        "disposal limit (tonne)": {product: None},
        "disposal cost ($/tonne)": {product: 0},
    }


def _retail(city: str) -> dict[str, Any]:
    return _where(city) | {
        "input": "NewBoat",
        "outputs": ["UsedBoat"],
        "fixed output (tonne)": {"UsedBoat": 0},
        "variable output (tonne/tonne)": {"UsedBoat": [0.1, 0.25, 0.1]},
        "revenue ($/tonne)": 12000,
        "collection cost ($/tonne)": {"UsedBoat": 100},
        "operating cost ($)": 125000,
        "disposal limit (tonne)": {"UsedBoat": 0},
        "disposal cost ($/tonne)": {"UsedBoat": 0},
    }


def _boat_factory(city: str) -> dict[str, Any]:
    return _where(city) | {
        "input mix (%)": {"Wood": 95, "Nail": 5},
        "output (tonne)": {"NewBoat": 1.0},
        "processing emissions (tonne)": {"CO2": 5},
        "storage cost ($/tonne)": {"Wood": 500, "Nail": 200},
        "storage limit (tonne)": {"Wood": 5, "Nail": 1},
        "disposal cost ($/tonne)": {"NewBoat": 0},
        "disposal limit (tonne)": {"NewBoat": 0},
        "capacities": [_size(500, 100_000, 250_000, 5), _size(1000, 2_000_000, 500_000, 5)],
        "initial capacity (tonne)": 0,
    }


def _boat_recycler(city: str) -> dict[str, Any]:
    return _where(city) | {
        "input mix (%)": {"UsedBoat": 100},
        "output (tonne)": {"Nail": 0.025, "Wood": 0.475},
        "processing emissions (tonne)": {"CO2": 5},
        "storage cost ($/tonne)": {"UsedBoat": 0},
        "storage limit (tonne)": {"UsedBoat": 0},
        "disposal cost ($/tonne)": {"Nail": 0, "Wood": 0},
        "disposal limit (tonne)": {"Nail": 0, "Wood": 0},
        "capacities": [_size(500, 500_000, 125_000, 2.5), _size(1000, 1_000_000, 250_000, 2.5)],
        "initial capacity (tonne)": 0,
    }
