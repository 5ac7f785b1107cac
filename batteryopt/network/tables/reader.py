"""A folder to a network, or every fault of the folder at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from batteryopt.errors import Fault, InvalidInput, nearest
from batteryopt.network.faults import InvalidNetwork
from batteryopt.network.foresight import foresee
from batteryopt.network.instance import Floats, Network
from batteryopt.network.tables.assemble import Sheets, assemble, relocate
from batteryopt.network.tables.matrices import read_matrix
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.settings import FILE, KIND, Settings, settings_of
from batteryopt.network.tables.sheet import read_sheet
from batteryopt.toml_input import load_table

BESIDE = ("provenance",)
"""Tables that may lie in the folder and are not read: where the numbers come from."""


def read(folder: str | os.PathLike[str]) -> Network:
    """Read a network from a folder of CSV tables and its ``network.toml``.

    Parameters
    ----------
    folder
        The folder, or the ``network.toml`` in it.

    Raises
    ------
    InvalidInput
        With every fault at once, each with its table, row, column, value and what was expected: cells, names that are
        not declared, recipes that make mass of nothing, and what can be seen of an impossible plan before it is sought
        (`batteryopt.network.foresight`).
    """
    path = Path(folder).parent if Path(folder).name == FILE else Path(folder)
    if not path.is_dir():
        remedy = "give a folder with CSV tables and a network.toml, or make one: batteryopt new network FOLDER"
        raise InvalidInput(str(folder), [Fault(place="folder", problem="there is no such folder", remedy=remedy)])
    content = load_table(path / FILE)
    if content.get("kind") != KIND:
        problem = f"is '{content['kind']}'" if "kind" in content else "is missing"
        raise InvalidInput(str(path / FILE), [Fault(place="kind", problem=problem, remedy=f'expected kind = "{KIND}"')])
    faults: list[Fault] = []
    settings = settings_of(content, path, faults)
    network = _network(path, settings, faults)
    if network is not None and not faults:
        faults += foresee(network)
    if faults or network is None:
        raise InvalidInput(str(folder), faults)
    return network


def _network(path: Path, settings: Settings, faults: list[Fault]) -> Network | None:
    sheets = _sheets(path, settings, faults)
    arguments, work = assemble(sheets, settings, faults)
    distances = _matrices(path, settings, [site.name for site in arguments["sites"]], faults)
    try:
        return Network(**arguments, distances=distances)
    except InvalidNetwork as error:
        faults += relocate(error.entity_faults, work)
        return None


def _sheets(path: Path, settings: Settings, faults: list[Fault]) -> Sheets:
    """Return the rows of every table in the folder."""
    names = {file.stem: file for file in sorted(path.iterdir()) if file.suffix.lower() == ".csv"}
    for name, file in names.items():
        if name not in TABLES and name not in BESIDE and file.name not in settings.distances.values():
            faults.append(Fault(place=file.name, problem="unknown table", remedy=nearest(name, TABLES)))
    periods = [period.name for period in settings.periods]
    return {name: read_sheet(names[name], table, periods, faults) for name, table in TABLES.items() if name in names}


def _matrices(path: Path, settings: Settings, sites: list[str], faults: list[Fault]) -> Mapping[str, Floats]:
    return {name: read_matrix(path / file, sites, faults) for name, file in settings.distances.items()}
