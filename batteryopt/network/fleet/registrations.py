"""A table of registrations: vehicles by place and year, of a CSV file or a workbook, with every fault in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.fleet.survival import Floats
from batteryopt.network.tables.cell_grid import CellGrid, csv_grid
from batteryopt.network.tables.workbook_source import grids_of_workbook
from batteryopt.tables.spreadsheet import is_workbook

SHEET = "registrations"
SITE, YEAR, VEHICLES, PRODUCT, MASS = "site", "year", "vehicles", "product", "kg_per_pack"
SITE_NAMES = (SITE, "city", "place", "region", "country")
"""What the column of places may be called."""
_YEAR_COLUMN = re.compile(r"(?:(?:vehicles|registrations)[:_ ])?((?:19|20|21)\d\d)")
EARLIEST, LATEST = 1990, 2100


@dataclass(frozen=True, kw_only=True)
class Registrations:
    """Vehicles registered, by place.

    Attributes
    ----------
    first_year
        The year that the profiles begin with.
    vehicles
        By (site, product): vehicles of each year (years); the product is empty where the table has none.
    pack_t
        The same, tonnes of packs, where the table says what a pack weighs; else empty.
    """

    first_year: int
    vehicles: Mapping[tuple[str, str], Floats]
    pack_t: Mapping[tuple[str, str], Floats]

    @property
    def last_year(self) -> int:
        """The last year that is in the table."""
        return self.first_year + len(next(iter(self.vehicles.values()))) - 1


@dataclass(frozen=True, kw_only=True)
class _Registered:
    site: str
    product: str
    year: int
    vehicles: float
    kg_per_pack: float | None


def read_registrations(path: Path) -> Registrations:
    """Return a table of registrations.

    Its columns are `site`, `year` and `vehicles`, a row a place and year; or `site` and a column a year (`2023`,
    `vehicles:2023` or `registrations_2023`). `product` and `kg_per_pack` may stand beside them. Of a workbook the sheet
    `registrations` is read, or the only one.

    Raises
    ------
    InvalidInput
        With everything wrong in it.
    """
    faults: list[Fault] = []
    grid = _grid_at(path, faults)
    entries = list(_entries(grid, faults)) if grid is not None and grid.lines else []
    if not entries and not faults:
        faults.append(Fault(place=path.name, problem="has no rows", remedy="write a row for each place and year"))
    if len({entry.kg_per_pack is None for entry in entries}) > 1:
        faults.append(
            Fault(place=f"column {MASS}", problem="is empty in some rows", remedy="fill all, or leave it out")
        )
    if faults:
        raise InvalidInput(str(path), faults)
    return _joined(entries)


def _grid_at(path: Path, faults: list[Fault]) -> CellGrid | None:
    if not is_workbook(path):
        return csv_grid(path, faults)
    grids = grids_of_workbook(path)
    found = grids.get(SHEET) or (next(iter(grids.values())) if len(grids) == 1 else None)
    if found is None:
        remedy = nearest(SHEET, grids)
        faults.append(Fault(place="file", problem=f"has no sheet '{SHEET}'", remedy=remedy))
    return found


def _entries(grid: CellGrid, faults: list[Fault]) -> Iterator[_Registered]:
    """Yield what each cell of vehicles says; a place and year may stand in several rows, which are added."""
    (_, header), *rows = grid.lines
    heads = [name.strip().lower() for name in header]
    years = {i: int(found[1]) for i, name in enumerate(heads) if (found := _YEAR_COLUMN.fullmatch(name))}
    site_at = next((heads.index(name) for name in SITE_NAMES if name in heads), None)
    is_long = {YEAR, VEHICLES} <= set(heads)
    if site_at is None:
        faults.append(Fault(place=grid.column(SITE), problem="is missing", remedy=nearest(SITE, heads)))
    if not years and not is_long:
        remedy = f"expected columns '{YEAR}' and '{VEHICLES}', or a column a year, such as 2023"
        faults.append(Fault(place=grid.place, problem="says of no year how many vehicles", remedy=remedy))
    if faults:
        return
    optional = {name: heads.index(name) if name in heads else None for name in (PRODUCT, MASS)}
    for line, cells in rows:
        site = cells[site_at] if site_at is not None and site_at < len(cells) else ""
        if not site:
            faults.append(Fault(place=grid.cell(line, SITE, site_at), problem="is empty", remedy="name the place"))
        cell = _Cells(grid, line, cells, heads, faults)
        mass = cell.number(optional[MASS]) if optional[MASS] is not None else None
        product = cell.text(optional[PRODUCT])
        if is_long:
            pairs = [(cell.number(heads.index(YEAR)), heads.index(VEHICLES))]
        else:
            pairs = [(float(year), position) for position, year in years.items()]
        for year, position in pairs:
            vehicles = cell.number(position) if is_long or cell.text(position) else 0.0
            if year is None or vehicles is None:
                continue
            if year != int(year) or not EARLIEST <= year <= LATEST:
                place, remedy = grid.cell(line, YEAR, None), f"expected a year from {EARLIEST} to {LATEST}"
                faults.append(Fault(place=place, problem=f"is {year:g}", remedy=remedy))
                continue
            yield _Registered(site=site, product=product, year=int(year), vehicles=vehicles, kg_per_pack=mass)


class _Cells:
    """The cells of a line."""

    def __init__(self, grid: CellGrid, line: int, cells: Sequence[str], heads: list[str], faults: list[Fault]) -> None:
        self._grid, self._line, self._heads, self._faults = grid, line, heads, faults
        self._cells = list(cells)

    def text(self, position: int | None) -> str:
        """Return what a cell holds; nothing where there is none."""
        return str(self._cells[position]) if position is not None and position < len(self._cells) else ""

    def number(self, position: int | None) -> float | None:
        """Return a number of at least 0, or tell what stands there instead."""
        text = self.text(position)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value) and value >= 0:
            return value
        assert position is not None
        problem = f"is '{text}'" if text else "is empty"
        place = self._grid.cell(self._line, self._heads[position], position)
        self._faults.append(Fault(place=place, problem=problem, remedy="expected a number of at least 0"))
        return None


def _joined(entries: list[_Registered]) -> Registrations:
    first, last = min(entry.year for entry in entries), max(entry.year for entry in entries)
    vehicles: dict[tuple[str, str], Floats] = {}
    pack_t: dict[tuple[str, str], Floats] = {}
    for entry in entries:
        key, at = (entry.site, entry.product), entry.year - first
        vehicles.setdefault(key, np.zeros(last - first + 1))[at] += entry.vehicles
        if entry.kg_per_pack is not None:
            pack_t.setdefault(key, np.zeros(last - first + 1))[at] += entry.vehicles * entry.kg_per_pack / KG_PER_T
    return Registrations(first_year=first, vehicles=vehicles, pack_t=pack_t)
