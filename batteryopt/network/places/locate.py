"""Missing coordinates of a table of sites, by name; what stands is never overwritten, and nothing is guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_of_rows, harmless, unmarked
from batteryopt.ground.inputs import CannotRead, content_of
from batteryopt.network.places.gazetteer import Country, Place, country_of, places_named
from batteryopt.network.tables.cell_grid import COMMENT
from batteryopt.tables.spreadsheet import cells_of, is_workbook, to_bytes

SHEET, FILE = "sites", "sites.csv"
LATITUDE, LONGITUDE, COUNTRY = "latitude_deg", "longitude_deg", "country"
SITE_COLUMNS = ("site", "name", "city")
"""What the column of names may be called."""
SHOWN = 4
"""Candidates that are told of an ambiguous name."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """What was found.

    Attributes
    ----------
    filled
        Places by the name of the site.
    ambiguous
        Sites whose name means several places, the largest first.
    unknown
        Sites that the gazetteer does not know, or of which only one coordinate stands.
    kept
        How many had coordinates.
    cells
        What to write: by row and column of the table, both from 0.
    """

    filled: dict[str, Place] = field(default_factory=dict)
    ambiguous: dict[str, list[Place]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    kept: int = 0
    cells: dict[tuple[int, int], str] = field(default_factory=dict)

    def words(self) -> list[str]:
        """Return what is to be told, a line each."""
        lines = [f"located {len(self.filled)}, {self.kept} had coordinates"]
        for site, places in self.ambiguous.items():
            more = f", and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            told = "; ".join(map(str, places[:SHOWN]))
            lines.append(f"'{site}' may be {told}{more}: left empty; --country or a column 'country' tells which")
        lines += [f"'{site}' was not found: left as it is; type its coordinates" for site in self.unknown]
        return lines


def located(rows: Sequence[Sequence[str]], country: Country | None, source: str) -> Located:
    """Return what the rows of a table of sites lack, by the names in them.

    Raises
    ------
    InvalidInput
        If the table has no column of names or of coordinates, or a country in it is none.
    """
    start = next((i for i, row in enumerate(rows) if any(row) and not row[0].startswith(COMMENT)), None)
    heads = [] if start is None else [cell.strip().lower() for cell in rows[start]]
    site_at = next((heads.index(name) for name in SITE_COLUMNS if name in heads), None)
    missing = [name for name in (LATITUDE, LONGITUDE) if name not in heads]
    if start is None or site_at is None or missing:
        absent = [*([] if site_at is not None else ["site"]), *missing]
        faults = [Fault(place=f"column {name}", problem="is missing", remedy="add it, empty") for name in absent]
        raise InvalidInput(source, faults)
    at = (heads.index(LATITUDE), heads.index(LONGITUDE))
    country_at = heads.index(COUNTRY) if COUNTRY in heads else None
    found = Located()
    kept = 0
    for number, row in enumerate(rows[start + 1 :], start=start + 1):
        site = _cell(row, site_at)
        if not site or site.startswith(COMMENT):
            continue
        standing = [bool(_cell(row, position)) for position in at]
        if all(standing):
            kept += 1
            continue
        word = _cell(row, country_at)
        where = country_of(word, place=f"row {number + 1}, column country") if word else country
        places = [] if any(standing) else places_named(site, where.code if where else "")
        if len(places) == 1:
            found.filled[site] = places[0]
            pair = (places[0].latitude_deg, places[0].longitude_deg)
            found.cells.update({(number, position): f"{value:g}" for position, value in zip(at, pair, strict=True)})
        elif places:
            found.ambiguous[site] = places
        else:
            found.unknown.append(site)
    return Located(filled=found.filled, ambiguous=found.ambiguous, unknown=found.unknown, kept=kept, cells=found.cells)


def _cell(row: Sequence[str], position: int | None) -> str:
    return row[position].strip() if position is not None and position < len(row) else ""


def locate(path: Path, country: Country | None = None) -> tuple[Located, str, bytes]:
    """Return what was found for a table, a workbook's sheet `sites` or a network's folder; its name and its bytes.

    Everything but the empty coordinates is as it was: in a table to the letter of each cell, in a workbook with its
    formats.
    """
    if is_workbook(path):
        return _in_workbook(path, country)
    file = path / FILE if path.is_dir() else path
    try:
        text = content_of(file).decode("utf-8-sig")
    except CannotRead as error:
        raise InvalidInput(str(file), [error.fault("file")]) from error
    except UnicodeDecodeError as error:
        fault = Fault(place="file", problem="is not UTF-8 text", remedy="save the table as CSV in UTF-8")
        raise InvalidInput(str(file), [fault]) from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    found = located([[unmarked(cell) for cell in row] for row in rows], country, str(file))
    for (line, column), value in found.cells.items():
        rows[line] += [""] * (column + 1 - len(rows[line]))
        rows[line][column] = harmless(value)
    return found, file.name, csv_of_rows(rows, is_as_given=True).encode()


def _in_workbook(path: Path, country: Country | None) -> tuple[Located, str, bytes]:
    sheets = cells_of(path)  # judges the file: its size, its kind, whether it can be read
    name = next((name for name in sheets if name.lower() == SHEET), None)
    if name is None:
        fault = Fault(place="file", problem=f"has no sheet '{SHEET}'", remedy="name the sheet of the places so")
        raise InvalidInput(str(path), [fault])
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content_of(path)))
    sheet = book[name]
    rows = [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()]
    found = located(rows, country, f"{path}, sheet {name}")
    for (line, column), value in found.cells.items():
        sheet.cell(row=line + 1, column=column + 1).value = float(value)
    return found, path.name, to_bytes(book)
