"""A folder of CSV tables with a ``network.toml`` as a source of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.files import reason_of
from batteryopt.network.data.instance import Floats
from batteryopt.network.tables.cell_grid import CsvGrid, Source, csv_grid
from batteryopt.network.tables.distance_matrices import read_matrix_file
from batteryopt.tables.toml_input import load_table

FILE = "network.toml"
KIND = "network"
BESIDE = ("provenance",)
"""Tables that may lie beside the others and are not read: where the numbers come from."""


class TableFolder(Source):
    """A folder.

    Raises
    ------
    InvalidInput
        If it holds no network.
    """

    periods_example = 'a list of names, such as ["2025", "2026"]'

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.title = path.resolve().name
        self._content = load_table(path / FILE)
        if self._content.get("kind") != KIND:
            problem = f"is '{self._content['kind']}'" if "kind" in self._content else "is missing"
            fault = Fault(place="kind", problem=problem, remedy=f'expected kind = "{KIND}"')
            raise InvalidInput(str(path / FILE), [fault])

    def content(self, faults: list[Fault]) -> Mapping[str, Any]:  # noqa: ARG002 (a fault of the syntax is raised)
        """Return the settings."""
        return self._content

    def setting(self, key: str, item: int = 0) -> str:  # noqa: ARG002 (all items stand behind one key)
        """Return the place of a setting."""
        return f"{FILE}, {key}"

    def table(self, name: str) -> str:
        """Return what a table is called here."""
        return f"{name}.csv"

    def grids(self, known: Iterable[str], distances: Mapping[str, str], faults: list[Fault]) -> Mapping[str, CsvGrid]:
        """Return the tables by name."""
        known = list(known)
        try:
            files = {file.stem: file for file in sorted(self.path.iterdir()) if file.suffix.lower() == ".csv"}
        except OSError as error:
            problem = f"cannot be listed ({reason_of(error)})"
            faults.append(Fault(place="folder", problem=problem, remedy="check its permissions"))
            return {}
        for name, file in files.items():
            if name not in known and name not in BESIDE and file.name not in distances.values():
                faults.append(Fault(place=file.name, problem="unknown table", remedy=nearest(name, known)))
        return {name: csv_grid(files[name], faults) for name in known if name in files}

    def matrix(self, name: str, where: str, sites: Sequence[str], faults: list[Fault]) -> Floats:  # noqa: ARG002
        """Return distances from a CSV or NPZ file."""
        return read_matrix_file(self.path / where, sites, faults, "check [distances] in network.toml")
