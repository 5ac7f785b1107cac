"""Random cases of both of RELOG's dialects: small, with everything that a case may have, and always with a plan."""

from __future__ import annotations

import random
from typing import Any


def plants_case(seed: int) -> dict[str, Any]:
    """Return a case of releases 0.2 to 0.7: packs to modules to metal, some places with storage or plants already."""
    r = random.Random(seed)
    years = r.randint(1, 3)

    def series(low: float, high: float) -> list[float]:
        return [round(r.uniform(low, high), 2) for _ in range(years)]

    def place(product: str | None) -> dict[str, Any]:
        least, most = r.choice([(10, 80), (0, 120), (60, 60)])
        variable = series(1, 9)
        sizes = {
            str(size): {
                "opening cost ($)": [round(opening * f, 2) for f in series(0.8, 1.2)],
                "fixed operating cost ($)": series(5, 20) if size == least else series(20, 60),
                "variable operating cost ($/tonne)": variable,
            }
            for size, opening in ((least, 100.0), (most, 400.0))
        }
        found: dict[str, Any] = point(r) | {"capacities (tonne)": sizes}
        if r.random() < 0.4:
            found["storage"] = {"cost ($/tonne)": series(0, 2), "limit (tonne)": round(r.uniform(5, 40), 1)}
        if r.random() < 0.3:
            found["initial capacity (tonne)"] = round(r.uniform(least, most), 1) or 1.0
        if product:
            found["disposal"] = {product: {"cost ($/tonne)": series(-1, 8)}}
        return found

    def product(**more: Any) -> dict[str, Any]:
        return {"transportation cost ($/km/tonne)": series(0.01, 0.05)} | more

    centres = {
        f"c{i}": point(r) | {"amount (tonne)": series(0, 40)} for i in range(r.randint(1, 4))
    }  # fmt: skip
    return {
        "parameters": {
            "time horizon (years)": years,
            "building period (years)": r.choice([[1], list(range(1, years + 1))]),
        },
        "products": {
            "pack": product(
                **{
                    "initial amounts": centres,
                    # room to dispose of everything, so that a plan exists
                    "disposal limit (tonne)": [500.0] * years,
                    "disposal cost ($/tonne)": series(5, 25),
                    "acquisition cost ($/tonne)": series(0, 3),
                }
            ),
            "module": product(),
            "metal": product(),
        },
        "plants": {
            "dismantler": {
                "input": "pack",
                "outputs (tonne/tonne)": {"module": round(r.uniform(0.3, 0.8), 2)},
                "locations": {f"d{i}": place("module") for i in range(r.randint(1, 3))},
            },
            "refiner": {
                "input": "module",
                "outputs (tonne/tonne)": {"metal": 0.5},
                "locations": {f"f{i}": place("metal") for i in range(r.randint(1, 2))},
            },
        },
    }  # fmt: skip


def centers_case(seed: int) -> dict[str, Any]:
    """Return a case of the 0.8 version: ore and scrap to ware, ware to shops, from which scrap comes back."""
    r = random.Random(seed)
    years = r.randint(2, 4)

    def series(low: float, high: float) -> list[float]:
        return [round(r.uniform(low, high), 2) for _ in range(years)]

    def center(bought: str | None, sold: str, lagged: Any, fixed: Any) -> dict[str, Any]:
        return point(r) | {
            "input": bought,
            "outputs": [sold],
            "fixed output (tonne)": {sold: fixed},
            "variable output (tonne/tonne)": {sold: lagged},
            "revenue ($/tonne)": series(20, 60) if bought else None,
            "collection cost ($/tonne)": {sold: series(0, 3)},
            "operating cost ($)": r.choice([0, 12.5]),
            "disposal limit (tonne)": {sold: None},
            "disposal cost ($/tonne)": {sold: series(0, 5)},
        }

    def plant() -> dict[str, Any]:
        scrap = r.choice([0, 10, 30])
        variable = r.choice([4.0, series(1, 9)])
        least, most = r.choice([(10, 60), (30, 30), (5, 100)])
        return point(r) | {
            "input mix (%)": {"ore": 100 - scrap} | ({"scrap": scrap} if scrap else {}),
            "output (tonne)": {"ware": round(r.uniform(0.5, 1.0), 2)},
            "processing emissions (tonne)": {"CO2": 0.4},
            "storage cost ($/tonne)": {"ore": series(0, 2), "scrap": 0.5},
            "storage limit (tonne)": {"ore": r.choice([0, 15.0, None]), "scrap": r.choice([0, 5.0])},
            "disposal cost ($/tonne)": {"ware": 1.0},
            "disposal limit (tonne)": {"ware": None},
            "capacities": [
                {
                    "size (tonne)": size,
                    "opening cost ($)": series(50, 150) if size == least else series(200, 500),
                    "fixed operating cost ($)": 5.0 if size == least else 25.0,
                    "variable operating cost ($/tonne)": variable,
                }
                for size in (least, most)
            ],
            "initial capacity (tonne)": r.choice([0, 0, round(r.uniform(1, most), 1)]),
        }  # fmt: skip

    freight = {"transportation cost ($/km/tonne)": 0.02, "transportation emissions (tonne/km/tonne)": {"CO2": 0.001}}
    return {
        "parameters": {
            "time horizon (years)": years,
            "building period (years)": r.choice([[1], [2], list(range(1, years + 1))]),
        },
        "products": {name: dict(freight) for name in ("ore", "scrap", "ware")},
        "centers": {f"mine {i}": center(None, "ore", 0, series(0, 50)) for i in range(r.randint(1, 2))}
        | {
            f"shop {i}": center("ware", "scrap", [0.1, 0.3, 0.2][: r.randint(1, 3)], r.choice([0, 4])) for i in range(2)
        },
        "plants": {f"works {i}": plant() for i in range(r.randint(1, 3))},
    }


def point(r: random.Random) -> dict[str, float]:
    """Return a place within some hundred kilometres."""
    return {"latitude (deg)": round(r.uniform(0, 4), 3), "longitude (deg)": round(r.uniform(0, 4), 3)}
