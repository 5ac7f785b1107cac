"""A network to a folder: only tables and columns that differ from their defaults, everything to the last bit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_of_rows
from batteryopt.ground.owned import put_folder
from batteryopt.network.data.instance import Network
from batteryopt.network.tables.cell_grid import COMMENT
from batteryopt.network.tables.cells import LIST_SEPARATOR, text_of
from batteryopt.network.tables.distance_matrices import matrix_bytes
from batteryopt.network.tables.folder import FILE, KIND
from batteryopt.network.tables.rows import Values, cell_of, heads_of, rows_of, settings_of_network, text_of_head
from batteryopt.network.tables.schema import TABLES, TableSchema


def write(network: Network, folder: str | os.PathLike[str]) -> None:
    """Write a network as a folder; reading the folder gives the same network, to the last bit.

    The folder is made where there is none; tables of an older network in it that this one has not are removed.

    Raises
    ------
    InvalidInput
        If a name has something that a table could not give back, or the folder cannot be written to; then all is as it
        was.
    """
    contents = files_of(network)
    put_folder(Path(folder), contents, gone=tables_without_rows(contents))


def files_of(network: Network) -> dict[str, bytes]:
    """Return the files of a network's folder by name, ``network.toml`` last.

    Raises
    ------
    InvalidInput
        If a name has something that a table could not give back.
    """
    faults = list(unwritable_names(network))
    if faults:
        raise InvalidInput(network.name, faults)
    periods, rows = [period.name for period in network.periods], rows_of(network)
    sites = [site.name for site in network.sites]
    tables = {f"{name}.csv": _csv(table, rows[name], periods) for name, table in TABLES.items() if rows[name]}
    return {
        **{name: text.encode() for name, text in tables.items()},
        **{f"{name}.npz": matrix_bytes(sites, matrix) for name, matrix in network.distances.items()},
        FILE: _settings(network).encode(),
    }


def tables_without_rows(contents: Mapping[str, bytes]) -> list[str]:
    """Return the names of the tables that the files of a network lack: older ones would pass for its own."""
    return [f"{name}.csv" for name in TABLES if f"{name}.csv" not in contents]


def unwritable_names(network: Network) -> Iterator[Fault]:
    """Yield names that would be read as something else: as a remark, as several names, or without their spaces."""
    named: tuple[Any, ...] = (
        *network.products,
        *network.sites,
        *network.types,
        *network.modes,
        *network.groups,
        *network.scenarios,
    )
    for entity in (*named, *network.periods):
        name = entity.name
        if name != name.strip() or name.startswith(COMMENT) or any(c in name for c in (LIST_SEPARATOR, "\n", "\r")):
            remedy = f"rename it: no {COMMENT} at its beginning, no {LIST_SEPARATOR} or line break, no spaces around it"
            yield Fault(place=type(entity).__name__.lower(), problem=f"the name {name!r} fits no table", remedy=remedy)


def _csv(table: TableSchema, rows: list[Values], periods: list[str]) -> str:
    heads = heads_of(table, rows, len(periods))
    first = [text_of_head(head, periods) for head in heads]
    return csv_of_rows([first, *([text_of(cell_of(head, row, heads)) for head in heads] for row in rows)])


def _settings(network: Network) -> str:
    """Return ``network.toml``."""
    settings = settings_of_network(network)
    lines = [f'kind = "{KIND}"', *(f"{key} = {_toml(value)}" for key, value in settings.items() if "." not in key)]
    if network.distances:
        lines += ["", "[distances]", *(f"{_toml(name)} = {_toml(f'{name}.npz')}" for name in network.distances)]
    policy = [f"{key.removeprefix('policy.')} = {_toml(value)}" for key, value in settings.items() if "." in key]
    return "\n".join([*lines, *(["", "[policy]", *policy] if policy else [])]) + "\n"


def _toml(value: Any) -> str:
    """Return a value in TOML's notation; JSON's texts and lists are valid there."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)
