"""The contract of a coordination game: its terms, and the lump sums with which everyone gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batteryopt.report import page
from batteryopt.report.charts import BLUE, GREEN, ORANGE, Trace, chart, line, points
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Table, number

PLAYERS = {
    "manufacturer": ("Manufacturer", BLUE),
    "retailer": ("Retailer", ORANGE),
    "echelon_enterprise": ("Echelon enterprise", GREEN),
}


def region(saved: Saved) -> Mapping[str, Any] | None:
    """Return the Pareto region; None where no contract was asked for or none coordinates."""
    found: Mapping[str, Any] | None = saved.models.get("contract", {}).get("pareto_region")
    return found


def section(saved: Saved) -> Section:
    """Return the section of the contract, where there is one."""
    intro = page.paragraph(
        "Under the contract the vehicles change hands at cost, and the enterprise bears a share of the recycling "
        "service. That makes the chain's profit the largest possible; the retailer then pays the lump sums K1 to the "
        "manufacturer and K2 to the enterprise. Inside the triangle, all three earn more than without the contract."
    )
    return Section(
        title="The contract",
        blocks=[intro, page.table(terms(saved)), page.charts([{**triangle(saved), "wide": True}])],
    )


def terms(saved: Saved) -> Table:
    """Return the terms that coordinate, with Nash's lump sums."""
    answer = saved.models["contract"]
    found, agreed = answer["pareto_region"], answer["terms"]
    k1, k2 = found["nash_bargaining"]
    rows = [
        ["Share of the service cost borne by the enterprise, x", cell(agreed["cost_share"])],
        ["Wholesale price, w", cell(agreed["wholesale_price"])],
        ["Lump sum to the manufacturer, K1 (Nash)", k1],
        ["Lump sum to the enterprise, K2 (Nash)", k2],
        ["Area of the Pareto region", found["area"]],
    ]
    return Table(caption="Terms of the contract", columns=["Term", "Value"], rows=rows, digits=4)


def triangle(saved: Saved) -> dict[str, Any]:
    """Return the triangle of lump sums with which all three gain, its corners and fair points named."""
    found = region(saved)
    assert found is not None
    corners = [*found["corners"], found["corners"][0]]
    (x, y), inside = zip(*corners, strict=True), found.get("non_negative")
    y_all = y
    traces = [line(x, y, "Everyone gains", BLUE, fill="toself", fillcolor="rgba(47,126,188,0.16)", hoverinfo="skip")]
    if inside and min(*x, *y) < 0:
        x, y = zip(*[*inside["corners"], inside["corners"][0]], strict=True)
        traces.append(
            line(x, y, "… with K1, K2 ≥ 0", GREEN, fill="toself", fillcolor="rgba(42,157,120,0.22)", hoverinfo="skip")
        )
    traces += [_named_point(*named) for named in zip("ABCNE", *zip(*named_points(found), strict=True), strict=False)]
    return chart(
        "pareto-region",
        "Lump sums with which all three gain",
        traces,
        x="K1, from retailer to manufacturer (money)",
        y="K2, from retailer to enterprise (money)",
        height=430,
        yaxis={"range": _stretched(y_all)},
    )


def named_points(found: Mapping[str, Any]) -> list[tuple[str, Sequence[float]]]:
    """Return the corners and the fair points of the region, with their names."""
    names = ("all gain to the retailer", "all to the manufacturer", "all to the enterprise")
    fair, split = found["nash_bargaining"], found["equal_split"]
    corners = [*zip(names, found["corners"], strict=True)]
    if split is None or split == fair:
        return [*corners, ("Nash bargaining" if split is None else "Nash bargaining = equal split", fair)]
    return [*corners, ("Nash bargaining", fair), ("equal split", split)]


def _named_point(letter: str, name: str, place: Sequence[float]) -> Trace:
    """Return a point that bears a letter, its name and numbers being in the legend."""
    title = f"{letter}: {name} ({number(place[0])}; {number(place[1])})"
    style = {"mode": "markers+text", "textposition": "top right", "cliponaxis": False, "text": [f" {letter} "]}
    hover = {"hovertemplate": f"{title}<extra></extra>", "textfont": {"color": "var(--ink)", "size": 13}}
    return points([place[0]], [place[1]], title, ORANGE if letter in "NE" else BLUE, **style, **hover)


def _stretched(values: Sequence[float]) -> list[float]:
    """Return a range with room for words below and above."""
    low, high = min(values), max(values)
    room = 0.14 * (high - low)
    return [low - room, high + room / 2]


def cell(value: Any) -> float | str | None:
    """Return a number, or the range of several."""
    if value is None:
        return None
    items = np.atleast_1d(np.asarray(value, dtype=float))
    return float(items[0]) if len(items) == 1 else f"{number(items.min())} to {number(items.max())}"
