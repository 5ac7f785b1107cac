"""The page, workbook and GeoJSON of rounds: what they cost beside what was expected, the map, and a sheet a driver."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from batteryopt.network.rounds.rounds_answer import RoundsAnswer
from batteryopt.network.view.map import has_map, plan_map
from batteryopt.network.view.map_controls import controls
from batteryopt.report import page
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, number

SHEETS = 60
"""Drivers' sheets on the page and in the workbook; the table of all stops has the others."""
NOTE = "Each visit of a place, once; how often it is repeated in the period stands beside."


def sections(found: RoundsAnswer, saved: Saved) -> list[Section]:
    """Return the parts of the page."""
    parts = [Section(title="", label="Rounds", blocks=_opening(found))]
    if has_map(saved) and len(found.table):
        content = round_map(found, saved)
        spec = {"name": "rounds", "title": "Rounds", "height": 300, "map": content, "note": NOTE}
        parts.append(Section(title="Where vehicles go", blocks=[page.figure(spec, controls(content))]))
    parts.append(Section(title="What rounds take and cost", blocks=[page.table(_periods(found)), _depots(found)]))
    if dearer := found.to_json()["dearer_than_leaving"]:
        parts.append(Section(title="Places that might be left", blocks=[page.table(_dearer(dearer))]))
    parts.append(Section(title="Drivers' sheets", blocks=[*_sheets_on_page(found)]))
    return [*parts, Section(title="How sure is this", blocks=[page.table(_checks(found))])]


def _opening(found: RoundsAnswer) -> list[str]:
    figures, currency = found.to_json(), found.network.currency or "money"
    words = (
        f"Vehicles that visit several places on their way, planned for a plan's flows. They cost "
        f"{amount(figures['cost'], 4)} {currency} (present value); the plan reckoned with "
        f"{amount(figures['expected'], 4)}, {figures['disagreement']:.1%} apart. No rounds of these places and depots "
        f"cost less than {amount(figures['bound'], 4)}: what is proven, whoever plans them."
    )
    blocks = [page.opening("Rounds of vehicles", found.network.name), page.paragraph(words)]
    if found.unplanned:
        names = ", ".join(figures["unplanned"][:8])
        blocks.append(page.paragraph(f"Without rounds: {names}: stopped before, or no rounds keep the shift."))
    tiles = [
        ("Cost of rounds", f"{amount(figures['cost'], 4)} {currency}"),
        ("Driven", f"{amount(figures['km'])} km"),
        ("On the way", f"{amount(figures['hours'])} h"),
        ("Vehicles", number(figures["vehicles"], 0)),
        ("Load factor", f"{figures['load_factor']:.0%}"),
        ("Emitted", f"{amount(figures['emissions_t'])} t CO₂e"),
        ("Cheaper than there and back", f"{figures['share_saved']:.0%}"),
    ]
    return [*blocks, page.tiles(tiles)]


def round_map(found: RoundsAnswer, saved: Saved) -> dict[str, Any]:
    """Return the map of the plan with the legs of rounds in place of its flows: tonnes on board, by depot."""
    return plan_map(saved, flows=legs(found))


def legs(found: RoundsAnswer) -> pd.DataFrame:
    """Return the legs of rounds as flows; each depot's in a colour of its own, where products have theirs."""
    rows = []
    for stops in rounds_in(found):
        at, board = str(stops.iloc[0]["depot"]), 0.0
        product = str(found.shipped.loc[found.shipped["mode"] == stops.iloc[0]["mode"], "product"].iloc[0])
        for stop in stops.to_dict(orient="records"):
            if stop["place"] != at:
                rows.append((at, stop["place"], stop["mode"], product, stop["period"], board, stop["km"]))
            at, board = stop["place"], board + stop["tonnes"]
    columns = ["origin", "destination", "mode", "product", "period", "tonnes", "km"]
    table = pd.DataFrame(rows, columns=columns)
    return table.groupby(columns[:5], as_index=False).agg(tonnes=("tonnes", "sum"), km=("km", "first"))


def rounds_in(found: RoundsAnswer) -> Iterator[pd.DataFrame]:
    """Yield the stops of each round in their order."""
    for _, stops in found.table.groupby(["period", "mode", "depot", "vehicle", "day"], sort=False):
        yield stops.sort_values("stop")


# ---- tables --------------------------------------------------------------------------------------------------------


def _periods(found: RoundsAnswer) -> Table:
    return _figures(found.by_period, "By period; money of the period, undiscounted")


def _depots(found: RoundsAnswer) -> str:
    return page.fold("By depot", [page.table(_figures(found.by_task, "By period, mode and depot"))])


def _figures(table: pd.DataFrame, caption: str) -> Table:
    names = {"load_factor": "load factor", "emissions_t": "t CO₂e", "there_and_back": "there and back"}
    rows: list[list[Cell]] = [
        [_figure(name, value) for name, value in zip(table.columns, row, strict=True)] for row in table.to_numpy()
    ]
    return Table(caption=caption, columns=[names.get(name, name) for name in table.columns], rows=rows)


def _figure(name: str, value: Any) -> Cell:
    """Return a cell: names as they are, whole things whole, a load factor in per cent."""
    if isinstance(value, str):
        return value
    if name in ("rounds", "vehicles"):
        return f"{float(value):,.0f}"
    return f"{float(value):.0%}" if name == "load_factor" else amount(float(value), 4)


def _dearer(places: list[dict[str, Any]]) -> Table:
    caption = (
        "A stop there costs more than leaving what the place has, as far as rounds go: what is earned with it, and "
        "targets, are the plan's; solve --with-rounds weighs them"
    )
    columns = ["Period", "Mode", "Depot", "Place", "Stops cost", "Leaving costs"]
    rows: list[list[Cell]] = [
        [*(str(row[key]) for key in ("period", "mode", "depot", "place")), amount(row["cost"]), amount(row["leaving"])]
        for row in places
    ]
    return Table(caption=caption, columns=columns, rows=rows)


def _checks(found: RoundsAnswer) -> Table:
    rows: list[list[Cell]] = [
        [check.name, f"{check.residual:.1e}", f"{check.tolerance:.0e}", "passed" if check.passed else "FAILED"]
        for check in found.certificate
    ]
    caption = "From the network's tables and the stops alone, without the planner of rounds"
    return Table(caption=caption, columns=["Claim", "Residual", "Tolerance", "Verdict"], rows=rows)


def sheets(found: RoundsAnswer) -> Iterator[tuple[str, Table]]:
    """Yield a driver's sheet for each vehicle and day, with its name: where to go, when, and what to load."""
    for stops in rounds_in(found):
        first = stops.iloc[0]
        rows: list[list[Cell]] = [
            [int(row["stop"]), row["place"], _clock(row["arrival"]), float(row["tonnes"]), float(row["km"])]
            for row in stops.to_dict(orient="records")
        ]
        name = f"{first['depot']}, {first['vehicle']}, day {int(first['day'])}, {first['period']}"
        caption = f"{name}: {stops['km'].sum():.1f} km, {stops['tonnes'].sum():.3g} t, {first['visits']:g} times"
        columns = ["Stop", "Place", "Arrival after leaving", "Load, t", "Way there, km"]
        yield name, Table(caption=caption, columns=columns, rows=rows)


def _clock(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _sheets_on_page(found: RoundsAnswer) -> Iterator[str]:
    every = list(sheets(found))
    for name, table in every[:SHEETS]:
        yield page.fold(name, [page.table(table)])
    if len(every) > SHEETS:
        yield page.paragraph(f"{len(every) - SHEETS} more are in rounds.csv and rounds.xlsx.")


# ---- files ---------------------------------------------------------------------------------------------------------


def geojson(found: RoundsAnswer) -> bytes | None:
    """Return every round as a line, and every stop as a point, with their figures; None without coordinates."""
    at = {site.name: (site.longitude_deg, site.latitude_deg) for site in found.network.sites}
    used = {*found.table["place"], *found.table["depot"]}
    if any(at[name][0] is None or at[name][1] is None for name in used):
        return None
    features: list[dict[str, Any]] = []
    for stops in rounds_in(found):
        first = stops.iloc[0]
        keys: dict[str, Any] = {name: str(first[name]) for name in ("period", "mode", "depot", "vehicle")}
        keys |= {"day": int(first["day"]), "visits": float(first["visits"])}
        line = [at[first["depot"]], *(at[place] for place in stops["place"])]
        sums = {"km": float(stops["km"].sum()), "tonnes": float(stops["tonnes"].sum()), "stops": len(stops) - 1}
        features.append(_feature("LineString", line, {**keys, **sums}))
        for row in stops.to_dict(orient="records"):
            if row["place"] != first["depot"]:
                own = {"stop": int(row["stop"]), "place": row["place"], "arrival": float(row["arrival"])}
                features.append(_feature("Point", at[row["place"]], {**keys, **own, "tonnes": float(row["tonnes"])}))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def workbook(found: RoundsAnswer) -> bytes:
    """Return a workbook: figures, all stops, and a sheet a driver."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    tables = {"by period": found.by_period, "by depot": found.by_task, "stops": found.table}
    for name, table in tables.items():
        _fill(book.create_sheet(name), [list(table.columns), *table.to_numpy().tolist()])
    for number_, (_, sheet) in enumerate(sheets(found), 1):
        if number_ > SHEETS:
            break
        rows: list[list[Any]] = [[sheet.caption], list(sheet.columns), *(list(row) for row in sheet.rows)]
        _fill(book.create_sheet(f"driver {number_}"), rows)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Any, rows: list[list[Any]]) -> None:
    for row in rows:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a name that begins with = is no formula
    for column, width in zip("ABCDEFGHIJKL", (14, 18, 20, 14, 16, 14, 12, 12, 12, 12, 12, 12), strict=True):
        sheet.column_dimensions[column].width = width
