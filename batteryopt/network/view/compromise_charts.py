"""The frontier of a network: what one objective costs in terms of another, and how the plan changes on the way."""

from __future__ import annotations

from typing import Any

from batteryopt.network.view import comparison as network_comparison
from batteryopt.network.view.scales import money_unit
from batteryopt.report import page, words
from batteryopt.report.charts import BLUE, COLORS, ORANGE, bars, chart, line
from batteryopt.report.results import Saved, load
from batteryopt.report.saved import RESULT_FILE
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, number

UNITS = {"emissions": "t CO₂e", "risk": "t km people", "collection": "t collected"}
MAXIMISED = ("collection",)
SMALL = 10_000.0
"""Figures below it are shown with decimals."""
SEEN = 1e-3
"""Gaps from which on bounds are drawn beside the plans."""


def section(saved: Saved) -> Section:
    """Return the section of the frontier, where there is one."""
    found = _found(saved)
    first, second = found["objectives"]
    points = plans(saved)
    blocks = [
        page.paragraph(
            f"Every point is a plan of its own: but for the gaps, no other plan has {_gain(first)} without "
            f"{_loss(second)}. The plan below is the first point, best in {first}; batteryopt report shows the others "
            "from their folders."
        ),
        page.charts([{**curve(saved), "wide": True}]),
        page.table(table(saved)),
    ]
    if len(points) > 1:
        changes = page.table(network_comparison.changes(points))
        blocks += [
            page.charts([{**terms(saved), "wide": True}]),
            page.fold("What stands elsewhere on the way", [changes]),
        ]
    blocks.append(page.paragraph(_others(found), "soft"))
    return Section(title=f"The frontier: {first} against {second}", blocks=blocks)


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return the charts of the frontier; none without one."""
    if saved.frontier is None or not saved.frontier["points"]:
        return []
    return [curve(saved), *([terms(saved)] if len(plans(saved)) > 1 else [])]


def plans(saved: Saved) -> list[Saved]:
    """Return the plans of the points, as far as their folders are there."""
    folders = [saved.folder / point["folder"] for point in _found(saved)["points"]]
    return [load(folder) for folder in folders if (folder / RESULT_FILE).is_file()]


def table(saved: Saved) -> Table:
    """Return the points: both objectives, what one more unit of the second costs, and how far each is proven."""
    found = _found(saved)
    first, second = found["objectives"]
    scales = [_scale(saved, kind)[0] for kind in (first, second)]
    rows: list[list[Cell]] = []
    for position, point in enumerate(found["points"], start=1):
        before = found["points"][position - 2] if position > 1 else None
        rows.append(
            [
                f"{position}",
                _figure(point[first] / scales[0]),
                _share(point["gap"]),
                _figure(point[second] / scales[1]),
                _share(point["second_gap"]),
                None if before is None else _price(before, point, first, second),
                point["folder"],
            ]
        )
    columns = ["Point", _axis(saved, first), "Proven to", _axis(saved, second), "Proven to", "Price", "Plan"]
    price = f"price: {_price_words(saved, first, second)}, on the way from the point before"
    caption = f"Plans that are best in {first} with {second} held; {price}"
    return Table(caption=caption, columns=columns, rows=rows)


def curve(saved: Saved) -> dict[str, Any]:
    """Return the frontier as a curve, with the bounds below it."""
    found = _found(saved)
    first, second = found["objectives"]
    scale, other = _scale(saved, first)[0], _scale(saved, second)[0]
    values = [(point[second] / other, point[first] / scale) for point in found["points"]]
    names = [f"Point {position}" for position in range(1, len(values) + 1)]
    x, y = zip(*values, strict=True)
    text = [f" {position} " for position in range(1, len(values) + 1)]
    traces = [
        line(
            x,
            y,
            "plans",
            BLUE,
            mode="lines+markers+text",
            marker={"color": BLUE, "size": 10},
            text=text,
            textposition="top center",
            cliponaxis=False,
            customdata=names,
            hovertemplate=f"%{{customdata}}<br>{second} %{{x:,.4~s}}<br>{first} %{{y:,.5~g}}<extra></extra>",
        )
    ]
    if any((point["gap"] or 0.0) > SEEN for point in found["points"]):
        bounds = [None if point["bound"] is None else point["bound"] / scale for point in found["points"]]
        traces.append(line(x, bounds, "no plan can be beyond", ORANGE, dash="dot", mode="lines+markers"))
    return chart(
        "frontier",
        f"{words.words(first)} against {second}",
        traces,
        x=_axis(saved, second),
        y=_axis(saved, first),
        height=430,
        showlegend=len(traces) > 1,
    )


def terms(saved: Saved) -> dict[str, Any]:
    """Return the cost terms of every point, stacked."""
    unit, name = money_unit(saved)
    points = plans(saved)
    found = [plan.models["design"]["cost_terms"] for plan in points]
    most = max((abs(value) for mine in found for value in mine.values()), default=0.0)
    shown = [key for key in found[0] if any(abs(mine.get(key, 0.0)) > 1e-3 * most for mine in found)]
    labels = [plan.label for plan in points]
    traces = [
        bars(labels, [mine.get(key, 0.0) / unit for mine in found], words.words(key), COLORS[i % len(COLORS)])
        for i, key in enumerate(shown)
    ]
    return chart(
        "frontier-cost-terms",
        "What each point costs and earns",
        traces,
        y=name,
        height=420,
        barmode="relative",
        xaxis={"type": "category"},
    )


def _others(found: Any) -> str:
    """Return whether there are other compromises, and why points are missing."""
    missing = found["asked"] - len(found["points"])
    if found.get("is_complete"):
        return "These are all compromises there are, to within the gap."
    if missing and found["stop_reason"] != "converged":
        return f"Stopped before its end: {missing} of the {found['asked']} points asked for were not reached."
    if missing:
        return (
            f"{missing} of the {found['asked']} points asked for are not shown, being no better than another in both "
            "objectives, or not proven."
        )
    return "There may be other compromises between these."


def _found(saved: Saved) -> Any:
    assert saved.frontier is not None
    return saved.frontier


def _scale(saved: Saved, kind: str) -> tuple[float, str]:
    return money_unit(saved) if kind == "cost" else (1.0, UNITS[kind])


def _axis(saved: Saved, kind: str) -> str:
    return f"{kind}, {_scale(saved, kind)[1]}"


def _price(before: Any, point: Any, first: str, second: str) -> str | None:
    change = abs(point[second] - before[second])
    return amount(abs(point[first] - before[first]) / change) if change else None


def _price_words(saved: Saved, first: str, second: str) -> str:
    unit = saved.models["design"].get("currency") or "money" if first == "cost" else UNITS[first]
    verb = "more" if second in MAXIMISED else "less"
    return f"{unit} for each {UNITS.get(second, 'unit of money')} {verb}"


def _gain(kind: str) -> str:
    return f"more {kind}" if kind in MAXIMISED else f"less {kind}"


def _loss(kind: str) -> str:
    return f"less {kind}" if kind in MAXIMISED else f"more {kind}"


def _figure(value: float) -> str:
    return number(value, 2 if abs(value) < SMALL else 0)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2%}"
