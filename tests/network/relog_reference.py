"""RELOG's own two formulations, typed from its documentation and solved by SciPy: a second route to its costs.

Nothing here uses batteryopt. Symbols follow `docs/src/model.md` (0.5 to 0.7) and `docs/src/problem.md` (0.8) of RELOG.
"""

from __future__ import annotations

from collections import defaultdict
from math import cos, hypot, inf, radians, sin, sqrt
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array


class Program:
    """A mixed-integer program that grows a variable and a row at a time."""

    def __init__(self) -> None:
        self.columns: dict[Any, int] = {}
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.integer: list[int] = []
        self.cost: dict[int, float] = defaultdict(float)
        self.constant = 0.0
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def add(self, name: Any, upper: float = inf, *, binary: bool = False) -> int:
        self.columns[name] = len(self.lower)
        self.lower.append(0.0)
        self.upper.append(1.0 if binary else upper)
        self.integer.append(int(binary))
        return self.columns[name]

    def pay(self, rate: float, name: Any) -> None:
        self.cost[self.columns[name]] += rate

    def row(self, terms: list[tuple[float, Any]], low: float, high: float) -> None:
        line: dict[int, float] = defaultdict(float)
        for factor, name in terms:
            if isinstance(name, float | int):
                low, high = low - factor * name, high - factor * name
            else:
                line[self.columns[name]] += factor
        self.rows.append((line, low, high))

    def solve(self) -> float:
        rows, columns, values = zip(
            *((i, j, v) for i, (r, *_) in enumerate(self.rows) for j, v in r.items()), strict=True
        )
        matrix = csr_array((values, (rows, columns)), shape=(len(self.rows), len(self.lower)))
        lows, highs = (np.array([row[side] for row in self.rows]) for side in (1, 2))
        cost = np.array([self.cost[j] for j in range(len(self.lower))])
        answer = milp(
            cost,
            integrality=self.integer,
            bounds=Bounds(self.lower, self.upper),
            constraints=LinearConstraint(matrix, lows, highs),
            options={"mip_rel_gap": 0.0},
        )
        assert answer.success, answer.message
        return float(answer.fun) + self.constant


def chord_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the straight line through the WGS84 ellipsoid between two points (latitude, longitude)."""

    def xyz(latitude: float, longitude: float) -> tuple[float, float, float]:
        axis, flattening = 6378.137, 1 / 298.257223563
        squared = flattening * (2 - flattening)
        phi, lam = radians(latitude), radians(longitude)
        normal = axis / sqrt(1 - squared * sin(phi) ** 2)
        return normal * cos(phi) * cos(lam), normal * cos(phi) * sin(lam), normal * (1 - squared) * sin(phi)

    (x, y, z), (u, v, w) = xyz(*a), xyz(*b)
    return hypot(x - u, y - v, z - w)


def cost_of_plants_case(case: dict[str, Any], digits: int) -> float:
    """Return the least cost of a case of releases 0.2 to 0.7 (`docs/src/model.md`).

    As in RELOG's code, and not on that page, a closed plant may store.
    """
    years = case["parameters"]["time horizon (years)"]
    building = case["parameters"].get("building period (years)", [1])
    T = range(1, years + 1)
    mip = Program()
    plants = [(f, place, kind, site) for f, kind in case["plants"].items() for place, site in kind["locations"].items()]
    centres = [
        (m, c, data)
        for m, product in case["products"].items()
        for c, data in product.get("initial amounts", {}).items()
    ]
    for f, place, kind, site in plants:
        _plants_case_plant(mip, (f, place), kind, site, years, building)
    arriving: dict[Any, list[Any]] = defaultdict(list)
    leaving: dict[Any, list[Any]] = defaultdict(list)
    origins = [(m, ("centre", m, c), data) for m, c, data in centres]
    origins += [(m, (f, p), site) for f, p, kind, site in plants for m in _made(kind)]
    for m, origin, where in origins:
        for f, place, kind, site in plants:
            if kind["input"] != m:
                continue
            d = round(chord_km(_point(where), _point(site)), digits)
            for t in T:
                y = ("y", origin, (f, place), m, t)
                mip.add(y)
                mip.pay(d * case["products"][m]["transportation cost ($/km/tonne)"][t - 1], y)
                arriving[(f, place), t].append(y)
                leaving[origin, m, t].append(y)
    for m, c, data in centres:
        product = case["products"][m]
        for t in T:
            amount = data["amount (tonne)"][t - 1]
            gone = ("dispose", m, c, t)
            mip.add(gone, amount)
            acquisition = product.get("acquisition cost ($/tonne)", [0.0] * years)[t - 1]
            mip.pay(product.get("disposal cost ($/tonne)", [0.0] * years)[t - 1] - acquisition, gone)
            mip.constant += acquisition * amount
            mip.row([(1, y) for y in leaving[("centre", m, c), m, t]] + [(1, gone)], amount, amount)
    for m, product in case["products"].items():
        for t in T:
            gone = [(1, ("dispose", m, c, t)) for n, c, _ in centres if n == m]
            if gone:
                mip.row(gone, -inf, product.get("disposal limit (tonne)", [0.0] * years)[t - 1])
    for f, place, kind, _site in plants:
        p = (f, place)
        for t in T:
            before = ("store", p, t - 1) if t > 1 else 0.0
            received = [(1, y) for y in arriving[p, t]]
            mip.row([*received, (1, before), (-1, ("store", p, t)), (-1, ("process", p, t))], 0, 0)
            for m, share in _made(kind).items():
                sent = [(-1, y) for y in leaving[p, m, t]]
                mip.row([(share, ("process", p, t)), *sent, (-1, ("p-disp", p, m, t))], 0, 0)
    return mip.solve()


def _plants_case_plant(mip: Program, p: Any, kind: Any, site: Any, years: int, building: list[int]) -> None:
    sizes = sorted((float(size), costs) for size, costs in site["capacities (tonne)"].items())
    (least, small), (most, large) = sizes[0], sizes[-1]
    initial = site.get("initial capacity (tonne)", 0.0)
    opened = "opening cost ($)", "fixed operating cost ($)"
    for t in range(1, years + 1):
        slope_open, slope_fix = ((large[k][t - 1] - small[k][t - 1]) / ((most - least) or inf) for k in opened)
        for name in ("u", "x"):
            mip.add((name, p, t), binary=True)
        mip.add(("w", p, t), most - least if most > least else 0.0)  # all expansion so far
        mip.add(("process", p, t))
        mip.add(("store", p, t), site.get("storage", {}).get("limit (tonne)", 0.0) if t < years else 0.0)
        mip.pay(small[opened[0]][t - 1], ("u", p, t))
        mip.pay(small[opened[1]][t - 1], ("x", p, t))
        mip.pay(slope_fix + slope_open, ("w", p, t))
        if t > 1:
            mip.pay(-slope_open, ("w", p, t - 1))
        else:
            mip.constant -= slope_open * max(0.0, initial - least)
        mip.pay(small["variable operating cost ($/tonne)"][t - 1], ("process", p, t))
        mip.pay(site.get("storage", {}).get("cost ($/tonne)", [0.0] * years)[t - 1], ("store", p, t))
        for m in _made(kind):
            rule = site.get("disposal", {}).get(m)
            limit = 0.0 if rule is None else rule.get("limit (tonne)", [1e8] * years)[t - 1]
            mip.add(("p-disp", p, m, t), limit)
            mip.pay(0.0 if rule is None else rule["cost ($/tonne)"][t - 1], ("p-disp", p, m, t))
        x_before = ("x", p, t - 1) if t > 1 else float(initial > 0)
        w_before = ("w", p, t - 1) if t > 1 else max(0.0, initial - least)
        mip.row([(1, ("x", p, t)), (-1, x_before), (-1, ("u", p, t))], 0, 0)
        mip.row([(1, ("w", p, t)), (-1, w_before)], 0, inf)
        mip.row([(1, ("w", p, t)), (least - most, ("x", p, t))], -inf, 0)
        mip.row([(1, ("process", p, t)), (-least, ("x", p, t)), (-1, ("w", p, t))], -inf, 0)
        if t not in building:
            mip.row([(1, ("u", p, t))], 0, 0)


def _made(kind: Any) -> dict[str, float]:
    return {m: share for m, share in kind.get("outputs (tonne/tonne)", {}).items() if share > 0}


def _point(where: Any) -> tuple[float, float]:
    return where["latitude (deg)"], where["longitude (deg)"]


def cost_of_centers_case(case: dict[str, Any], *, refund: bool = True, closed_sites_store: bool = True) -> float:
    """Return the least cost of a case of the 0.8 development version (`docs/src/problem.md`).

    Parameters
    ----------
    refund
        RELOG lets a plant shrink and pays its expansion back; False forbids that.
    closed_sites_store
        RELOG lets a closed plant keep stock; False forbids that.
    """
    years = case["parameters"]["time horizon (years)"]
    building = case["parameters"].get("building period (years)", [1])
    T = range(1, years + 1)

    def at(value: Any, t: int, null: float = 0.0) -> float:
        value = value[t - 1] if isinstance(value, list) else value
        return null if value is None else float(value)

    mip = Program()
    nodes = case["centers"] | case["plants"]
    for u, source in nodes.items():
        for m in source.get("outputs", source.get("output (tonne)", ())):
            for v, target in nodes.items():
                takes = target.get("input mix (%)", {target.get("input"): 100})
                if m not in takes or (u == v and u in case["plants"]):
                    continue
                d = round(chord_km(_point(source), _point(target)), 3)
                for t in T:
                    y = ("y", u, v, m, t)
                    mip.add(y)
                    mip.pay(d * at(case["products"][m]["transportation cost ($/km/tonne)"], t), y)
                    if v in case["centers"]:
                        mip.pay(-at(target["revenue ($/tonne)"], t), y)
                    else:
                        mip.pay(at(target["capacities"][0]["variable operating cost ($/tonne)"], t), y)
                    if u in case["centers"]:
                        mip.pay(at(source["collection cost ($/tonne)"][m], t), y)
    flows = list(mip.columns)
    for u, node in nodes.items():
        for m in node.get("outputs", node.get("output (tonne)", ())):
            for t in T:
                mip.add(("disp", u, m, t), at(node["disposal limit (tonne)"][m], t, inf))
                mip.pay(at(node["disposal cost ($/tonne)"][m], t), ("disp", u, m, t))
    for c, centre in case["centers"].items():
        mip.constant += sum(at(centre["operating cost ($)"], t) for t in T)
        for m in centre["outputs"]:
            lagged = centre["variable output (tonne/tonne)"][m]
            lagged = lagged if isinstance(lagged, list) else [lagged] * years
            for t in T:
                collected = [
                    (lagged[i], y) for i in range(min(len(lagged), t)) for y in flows if y[2] == c and y[4] == t - i
                ]
                fixed = at(centre["fixed output (tonne)"][m], t)
                sent = [(-1, y) for y in flows if y[1] == c and y[3] == m and y[4] == t]
                mip.row([*collected, *sent, (-1, ("disp", c, m, t))], -fixed, -fixed)
    for p, plant in case["plants"].items():
        sizes = sorted(plant["capacities"], key=lambda size: size["size (tonne)"])
        small, large = sizes[0], sizes[-1]
        least, most = small["size (tonne)"], large["size (tonne)"]
        initial = plant.get("initial capacity (tonne)", 0)
        limits = plant.get("storage limit (tonne)", {})
        for t in T:
            per_t = [
                (at(large[k], t) - at(small[k], t)) / ((most - least) or inf)
                for k in ("opening cost ($)", "fixed operating cost ($)")
            ]
            mip.add(("x", p, t), binary=True)
            mip.add(("exp", p, t))
            mip.add(("process", p, t))
            x_before = ("x", p, t - 1) if t > 1 else float(initial > 0)
            exp_before = ("exp", p, t - 1) if t > 1 else max(0.0, float(initial - least))
            mip.pay(at(small["opening cost ($)"], t) + at(small["fixed operating cost ($)"], t), ("x", p, t))
            mip.pay(sum(per_t), ("exp", p, t))
            if t > 1:
                mip.pay(-at(small["opening cost ($)"], t), x_before)
                mip.pay(-per_t[0], exp_before)
            else:
                mip.constant -= at(small["opening cost ($)"], t) * x_before + per_t[0] * exp_before
            mip.row([(1, ("x", p, t)), (-1, x_before)], 0, inf if t in building else 0)
            mip.row([(1, ("exp", p, t)), (least - most, ("x", p, t))], -inf, 0)
            if not refund:
                mip.row([(1, ("exp", p, t)), (-1, exp_before)], 0, inf)
            mip.row([(1, ("process", p, t)), (-least, ("x", p, t)), (-1, ("exp", p, t))], -inf, 0)
            for m, percent in plant["input mix (%)"].items():
                limit = at(limits.get(m, 0.0), t, inf) if t < years else 0.0
                mip.add(("store", p, m, t), limit)
                mip.pay(at(plant.get("storage cost ($/tonne)", {}).get(m, 0.0), t), ("store", p, m, t))
                if not closed_sites_store:
                    mip.row([(1, ("store", p, m, t)), (-min(limit, 1e6), ("x", p, t))], -inf, 0)
                received = [(1, y) for y in flows if y[2] == p and y[3] == m and y[4] == t]
                before = ("store", p, m, t - 1) if t > 1 else 0.0
                mix = (-percent / 100, ("process", p, t))
                mip.row([*received, (1, before), (-1, ("store", p, m, t)), mix], 0, 0)
            for m, share in plant["output (tonne)"].items():
                sent = [(-1, y) for y in flows if y[1] == p and y[3] == m and y[4] == t]
                mip.row([(at(share, t), ("process", p, t)), *sent, (-1, ("disp", p, m, t))], 0, 0)
    for m, product in case["products"].items():
        for t in T:
            gone = [(1, name) for name in mip.columns if name[0] == "disp" and name[2] == m and name[3] == t]
            limit = at(product.get("disposal limit (tonne)"), t, inf)
            if gone and limit < inf:
                mip.row(gone, -inf, limit)
    return mip.solve()
