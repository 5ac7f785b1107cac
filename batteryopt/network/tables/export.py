"""A network from a folder to a workbook and back, with the tables beside it that say where its numbers come from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_of_rows
from batteryopt.ground.owned import put_folder
from batteryopt.network.data.instance import Network
from batteryopt.network.tables.cell_grid import csv_grid
from batteryopt.network.tables.folder import BESIDE, FILE
from batteryopt.network.tables.reader import read, source_at
from batteryopt.network.tables.workbook_source import Workbook
from batteryopt.network.tables.workbook_writer import write_workbook
from batteryopt.network.tables.writer import files_of, tables_without_rows
from batteryopt.tables.spreadsheet import is_workbook


def export(origin: str | os.PathLike[str], target: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write the network at a path as a workbook, where `target` is one, or as a folder.

    Returns
    -------
    tuple
        Names of files beside the network's tables that were left behind.

    Raises
    ------
    InvalidInput
        With every fault of the network; then nothing is written.
    """
    put_network(read(origin), Path(target), tables_beside(Path(origin)))
    return _left_behind(Path(origin))


def put_network(
    network: Network,
    place: Path,
    beside: Mapping[str, Sequence[Sequence[str]]],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write a network, and tables that lie beside its own, as a workbook, where the place is one, or as a folder.

    Parameters
    ----------
    files
        Others that a folder gets too.

    Raises
    ------
    InvalidInput
        If it cannot be written there.
    """
    if is_workbook(place):
        write_workbook(network, place, beside)
        return
    if place.is_file():
        fault = Fault(place="--out", problem="is a file", remedy="give a folder, or a name that ends with .xlsx")
        raise InvalidInput(str(place), [fault])
    contents = files_of(network)
    more = {f"{name}.csv": csv_of_rows(rows).encode() for name, rows in beside.items()}
    put_folder(place, {**more, **(files or {}), **contents}, gone=tables_without_rows(contents))


def tables_beside(origin: Path) -> dict[str, Sequence[Sequence[str]]]:
    """Return the tables that lie beside a network's own, as they are."""
    if is_workbook(origin):
        source = source_at(origin)
        assert isinstance(source, Workbook)
        return {name: rows for name in BESIDE if (rows := source.rows(name))}
    folder = origin.parent if origin.name == FILE else origin
    files = {name: folder / f"{name}.csv" for name in BESIDE}
    return {name: [row for _, row in csv_grid(file, []).lines] for name, file in files.items() if file.is_file()}


def _left_behind(origin: Path) -> tuple[str, ...]:
    """Return the files of a folder that are no tables, such as its README."""
    folder = origin.parent if origin.name == FILE else origin
    if not folder.is_dir():
        return ()
    tables = (".csv", ".npz", ".toml")
    return tuple(sorted(file.name for file in folder.iterdir() if file.is_file() and file.suffix not in tables))
