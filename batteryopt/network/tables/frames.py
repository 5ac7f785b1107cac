"""A network as DataFrames, one a table: in with the same faults as from files, out with the same columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Floats, Network, Policy
from batteryopt.network.tables.cell_grid import CellGrid, Source
from batteryopt.network.tables.cells import text_of
from batteryopt.network.tables.distance_matrices import matrix_of
from batteryopt.network.tables.reader import read_source
from batteryopt.network.tables.rows import cell_of, heads_of, rows_of, settings_of_network, text_of_head
from batteryopt.network.tables.schema import TABLES


class FrameGrid(CellGrid):
    """A DataFrame: its lines are numbered as in a file, so that the first row is row 2."""

    def row(self, line: int) -> str:
        """Return the place of a line."""
        return f"frame {self.place} row {line - 2}"

    def column(self, name: str, position: int | None = None) -> str:  # noqa: ARG002 (columns have names)
        """Return the place of a column's name."""
        return f"frame {self.place}, column {name or '(no name)'}"

    def cell(self, line: int, name: str, position: int | None = None) -> str:  # noqa: ARG002
        """Return the place of a cell."""
        return f"{self.row(line)}, column {name}"


class Frames(Source):
    """DataFrames by the name of their table, distances, and settings as ``network.toml`` has them."""

    periods_example = 'a list of names, such as ["2025", "2026"]'

    def __init__(
        self, frames: Mapping[str, pd.DataFrame], distances: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
    ) -> None:
        self.name = self.title = str(settings.get("name", "frames"))
        self._frames, self._distances, self._settings = frames, distances, settings

    def content(self, faults: list[Fault]) -> Mapping[str, Any]:  # noqa: ARG002 (there is no syntax to be wrong)
        """Return the settings."""
        return {**self._settings, "distances": {name: name for name in self._distances}}

    def setting(self, key: str, item: int = 0) -> str:  # noqa: ARG002 (all items stand behind one key)
        """Return the place of a setting."""
        return key

    def table(self, name: str) -> str:
        """Return what a table is called here."""
        return f"frame {name}"

    def grids(self, known: Iterable[str], distances: Mapping[str, str], faults: list[Fault]) -> Mapping[str, CellGrid]:  # noqa: ARG002
        """Return the tables by name."""
        known = list(known)
        for name in self._frames:
            if name not in known:
                faults.append(Fault(place=f"frame {name}", problem="unknown table", remedy=nearest(name, known)))
        return {name: _grid(name, self._frames[name]) for name in known if name in self._frames}

    def matrix(self, name: str, where: str, sites: Sequence[str], faults: list[Fault]) -> Floats:  # noqa: ARG002
        """Return distances in the order of `sites`."""
        frame = self._distances[name]
        rows = [["", *map(str, frame.columns)]]
        rows += [[str(label), *map(_text, cells)] for label, cells in zip(frame.index, frame.to_numpy(), strict=True)]
        return matrix_of(FrameGrid(place=name, lines=list(enumerate(rows, start=1))), sites, faults)


def read_frames(
    frames: Mapping[str, pd.DataFrame], distances: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> Network:
    """Return the network that DataFrames say, or raise `InvalidInput` with every fault."""
    return read_source(Frames(frames, distances, settings))


def _grid(name: str, frame: pd.DataFrame) -> FrameGrid:
    header = [str(column) for column in frame.columns]
    rows = [[_text(cell) for cell in cells] for cells in frame.itertuples(index=False, name=None)]
    return FrameGrid(place=name, lines=list(enumerate([header, *rows], start=1)))


def _text(cell: Any) -> str:
    """Return what a cell would be in a file; nothing where a number is missing."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, list):
        cell = tuple(cell)
    if not isinstance(cell, tuple) and pd.isna(cell):
        return ""
    return text_of(cell).strip()


def frames_of(network: Network) -> dict[str, pd.DataFrame]:
    """Return every table that has rows."""
    periods = [period.name for period in network.periods]
    found = {}
    for name, rows in rows_of(network).items():
        if rows:
            heads = heads_of(TABLES[name], rows, len(periods))
            cells = [[_plain(cell_of(head, row, heads)) for head in heads] for row in rows]
            found[name] = pd.DataFrame(cells, columns=[text_of_head(head, periods) for head in heads])
    return {name: found[name] for name in TABLES if name in found}


def _plain(value: Any) -> Any:
    """Return a cell's value, with words for members of enumerations and lists of names as files have them."""
    return value if value is None or isinstance(value, bool | int | float) else text_of(value)


def settings_of_frames(network: Network) -> dict[str, Any]:
    """Return what `read_frames` needs beside the tables."""
    settings = settings_of_network(network)
    found = {key: value for key, value in settings.items() if "." not in key}
    policy = {key.removeprefix("policy."): value for key, value in settings.items() if "." in key}
    names = [site.name for site in network.sites]
    return {
        **found,
        "policy": {key: list(value) if isinstance(value, tuple) else value for key, value in policy.items()},
        "distances": {name: pd.DataFrame(km, index=names, columns=names) for name, km in network.distances.items()},
    }


def with_changes(network: Network, changes: Mapping[str, Any]) -> Network:
    """Return a network with some fields, fields of its policy, or tables changed."""
    frames = {name: value for name, value in changes.items() if isinstance(value, pd.DataFrame)}
    plain = {name: value for name, value in changes.items() if name not in frames}
    fields = {field.name for field in dataclasses.fields(Network)}
    rules = {field.name for field in dataclasses.fields(Policy)}
    faults = [
        Fault(place=name, problem="unknown field", remedy=nearest(name, known))
        for names, known in ((plain, fields | rules), (frames, set(TABLES)))
        for name in names
        if name not in known
    ]
    if faults:
        raise InvalidInput(network.name, faults)
    if frames:
        settings = settings_of_frames(network)
        network = read_frames(network.tables() | frames, settings.pop("distances"), settings)
    policy = {name: value for name, value in plain.items() if name in rules}
    if policy:
        plain["policy"] = dataclasses.replace(plain.get("policy", network.policy), **policy)
    return dataclasses.replace(network, **{name: value for name, value in plain.items() if name in fields})
