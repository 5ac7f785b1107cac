"""Where things stand in a study: what regions gain and lose, and a map of each set of facilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from batteryopt.network.studies.study import BASE, Study, known_difference
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, chart, points
from batteryopt.report.tables import Cell, Table, amount

MAPS = 8
"""Sets of facilities that have a map, and variants that the table of regions shows."""
REGIONS = 25
NAMED = 15
"""Facilities up to which a map names the sites."""


def called(study: Study, variant: str) -> str:
    """Return what people call a variant: a policy by its words and its rate."""
    for grid in study.plan.policies:
        for rate in grid.rates:
            if variant == grid.variant(rate):
                return f"{words.words(grid.name)} {rate:g}"
    return variant.capitalize() if variant == BASE else variant


def regions(study: Study) -> Iterator[str]:
    """Yield the cost and the collection of each region, against the base."""
    costs = study.regions.pivot_table(index="region", columns="variant", values="net_present_cost", aggfunc="first")
    gathered = study.regions.pivot_table(index="region", columns="variant", values="collected_t", aggfunc="first")
    currency = study.plan.network.currency or "money"
    variants = [name for name in dict.fromkeys(study.regions["variant"]) if name != BASE]
    changes, more = (_against_base(table, variants) for table in (costs, gathered))
    order = changes.abs().max(axis=1).sort_values(ascending=False).index[:REGIONS]
    moved = [name for name in variants if changes[name].any() or more[name].any()]
    shown = moved[:MAPS]
    if not shown:
        yield page.paragraph("No region has another cost or another collection than in the base.")
        return
    rows: list[list[Cell]] = [
        [
            str(region),
            *(
                f"{amount(float(changes.loc[region, name]), 3)} ({amount(float(more.loc[region, name]), 3)} t)"
                for name in shown
            ),
        ]
        for region in order
    ]
    caption = f"Net present cost more than in the base ({currency}), and tonnes collected more"
    yield page.paragraph(
        "What a region's batteries cost on their whole way; a minus gains. Subsidies and penalties are no region's.",
        "soft",
    )
    yield page.table(Table(caption=caption, columns=["Region", *(called(study, name) for name in shown)], rows=rows))
    for words_, names in (
        ("As in the base everywhere", [name for name in variants if name not in moved]),
        ("In regions.csv alone", moved[MAPS:]),
    ):
        if names:
            yield page.paragraph(f"{words_}: {', '.join(called(study, name) for name in names)}.")


def _against_base(table: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    largest = table.abs().max()
    return pd.DataFrame({name: known_difference(table[name] - table[BASE], largest) for name in variants})


def maps(study: Study) -> Iterator[dict[str, Any]]:
    """Yield a map of each different set of facilities, with all the variants that end with it."""
    sites = {site.name: site for site in study.plan.network.sites}
    known = {
        name: (site.longitude_deg, site.latitude_deg)
        for name, site in sites.items()
        if site.latitude_deg is not None and site.longitude_deg is not None
    }
    if not known:
        return
    last = study.facilities[study.facilities["period"] == study.plan.network.periods[-1].name]
    alike: dict[frozenset[tuple[Any, ...]], list[str]] = {}
    for name in dict.fromkeys(study.facilities["variant"]):
        mine = last.loc[last["variant"] == name, ["site", "type", "level"]]
        alike.setdefault(frozenset(mine.itertuples(index=False, name=None)), []).append(name)
    for names in list(alike.values())[:MAPS]:
        yield _map(study, names, last[last["variant"] == names[0]], known)


def _map(study: Study, names: list[str], stands: pd.DataFrame, known: Mapping[str, Any]) -> dict[str, Any]:
    is_named = len(stands) <= NAMED
    longitudes, latitudes = zip(*known.values(), strict=True)
    traces = [
        points(
            longitudes,
            latitudes,
            "sites",
            "#b9c0c8",
            marker={"size": 4},
            text=list(known),
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    ]
    for number, type_ in enumerate(study.plan.network.types):
        mine = stands[(stands["type"] == type_.name) & stands["site"].isin(list(known))]
        if len(mine):
            traces.append(
                points(
                    [known[site][0] for site in mine["site"]],
                    [known[site][1] for site in mine["site"]],
                    words.words(type_.name),
                    COLORS[number % len(COLORS)],
                    mode="markers+text" if is_named else "markers",
                    text=[str(site) for site in mine["site"]],
                    textposition="top center",
                    cliponaxis=False,
                    customdata=[f"{row['site']}: {row['level']}" for row in mine.to_dict(orient="records")],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    axes: dict[str, Any] = {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False, "scaleanchor": "x", "scaleratio": 1.2},
    }
    first, *others = (called(study, name) for name in names)
    note = f"The same: {', '.join(others)}" if others else ""
    return chart(f"map-{names[0]}", f"{first}, at the end", traces, note=note, **axes)
