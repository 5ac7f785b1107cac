"""A folder or a workbook to a network, or every fault of it at once."""

from __future__ import annotations

import os
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.entity import judged_later
from batteryopt.network.data.entity_faults import InvalidNetwork
from batteryopt.network.data.foresight import foresee
from batteryopt.network.data.instance import Network
from batteryopt.network.data.remarks import remarks_of
from batteryopt.network.tables.assemble import Assembly, Sheets, assemble, relocate
from batteryopt.network.tables.cell_grid import Source
from batteryopt.network.tables.changed import what_if_faults
from batteryopt.network.tables.folder import FILE, TableFolder
from batteryopt.network.tables.future_faults import future_faults
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.settings import NetworkSettings, settings_of
from batteryopt.network.tables.sheet import read_sheet
from batteryopt.network.tables.text_remarks import text_remarks
from batteryopt.tables.spreadsheet import is_workbook


def read(path: str | os.PathLike[str]) -> Network:
    """Read a network from a folder of CSV tables and its ``network.toml``, or from one workbook.

    Parameters
    ----------
    path
        The folder, the ``network.toml`` in it, or an ``.xlsx`` file.

    Raises
    ------
    InvalidInput
        With every fault at once, each with its table, row, column (or sheet and cell), value and what was expected:
        cells, names that are not declared, recipes that make mass of nothing, and what can be seen of an impossible
        plan before it is sought (`batteryopt.network.data.foresight`).
    """
    return _read(path)[0]


def read_with_remarks(path: str | os.PathLike[str]) -> tuple[Network, list[Fault]]:
    """Return a network as `read` does, and what is to be asked about it, each with its row or cell."""
    network, work = _read(path)
    return network, [*relocate(remarks_of(network), work), *text_remarks(work.sheets)]


def _read(path: str | os.PathLike[str]) -> tuple[Network, Assembly]:
    return _of_source(source_at(Path(path)))


def read_source(source: Source) -> Network:
    """Return the network at a source, or raise `InvalidInput` with every fault of it."""
    return _of_source(source)[0]


def _of_source(source: Source) -> tuple[Network, Assembly]:
    faults: list[Fault] = []
    settings = settings_of(source, faults)
    network, work = _network(source, settings, faults)
    if network is not None and not faults:
        places = _places(work, "changes")
        faults += [*(() if network.scenarios else foresee(network)), *what_if_faults(network, places)]
        faults += future_faults(network, {**_places(work, "scenarios"), **places})
    if faults or network is None:
        raise InvalidInput(source.name, faults)
    return network, work


def _places(work: Assembly, table: str) -> dict[str, str]:
    """Return where each what-if or scenario of a table begins, by its name."""
    found: dict[str, str] = {}
    for row in work.rows(table):
        found.setdefault(row.get("name"), row.place())
    return found


def source_at(path: Path) -> Source:
    """Return the source of the network at a path, or raise `InvalidInput` where there is none."""
    if is_workbook(path):
        from batteryopt.network.tables.workbook_source import Workbook

        return Workbook(path)
    folder = path.parent if path.name == FILE else path
    if not os.path.isdir(folder):
        remedy = "give a folder with CSV tables and a network.toml, or make one: batteryopt new network FOLDER"
        raise InvalidInput(str(path), [Fault(place="folder", problem="there is no such folder", remedy=remedy)])
    return TableFolder(folder)


def _network(source: Source, settings: NetworkSettings, faults: list[Fault]) -> tuple[Network | None, Assembly]:
    sheets = _sheets(source, settings, faults)
    with judged_later():
        arguments, work = assemble(sheets, source, settings, faults)
    sites = [site.name for site in arguments["sites"]]
    distances = {name: source.matrix(name, where, sites, faults) for name, where in settings.distances.items()}
    try:
        return Network(**arguments, distances=distances), work
    except InvalidNetwork as error:
        faults += relocate(error.entity_faults, work)
        return None, work


def _sheets(source: Source, settings: NetworkSettings, faults: list[Fault]) -> Sheets:
    """Return the rows of every table that there is."""
    periods = [period.name for period in settings.periods]
    grids = source.grids(TABLES, settings.distances, faults)
    return {name: read_sheet(grid, TABLES[name], periods, faults) for name, grid in grids.items()}
