"""Distance tables: a square with names on both sides (CSV or a sheet), or NPZ (arrays ``site`` and ``km``)."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from batteryopt.ground.errors import Fault, nearest
from batteryopt.ground.inputs import FARTHEST_KM, CannotRead, content_of, in_words, refuse_bombs
from batteryopt.network.data.instance import Floats
from batteryopt.network.tables.cell_grid import CellGrid, Unreadable, csv_grid
from batteryopt.tables.input_faults import show

EXPECTED = "expected a square of km with site names on both sides, or an NPZ file with arrays site and km"
SHOWN = 5
"""Missing sites, and cells that are no numbers, named one by one before the rest are counted."""


def read_matrix_file(path: Path, sites: Sequence[str], faults: list[Fault], remedy: str) -> Floats:
    """Return distances in km in the order of `sites` (S, S), NaN where there is no way.

    The file may have more sites than the network. What is wrong goes to `faults`, and the answer is all zeros.

    Parameters
    ----------
    remedy
        What to do where there is no such file.
    """
    if not os.path.exists(path):
        faults.append(Fault(place=path.name, problem="there is no such file", remedy=remedy))
        return _nothing(sites)
    if path.suffix != ".npz":
        count = len(faults)
        grid = csv_grid(path, faults)
        return _nothing(sites) if len(faults) > count else matrix_of(grid, sites, faults)
    try:
        with in_words(EXPECTED):
            names, km = _read_npz(content_of(path))
    except CannotRead as error:
        faults.append(error.fault(path.name))
        return _nothing(sites)
    return _in_order(names, km, sites, path.name, faults)


def matrix_of(grid: CellGrid, sites: Sequence[str], faults: list[Fault]) -> Floats:
    """Return the distances of a table with names on both sides, as `read_matrix_file` does."""
    try:
        names, cells = _names_and_cells(grid)
    except ValueError as error:
        faults.append(_cannot_be_read(grid.place, error))
        return _nothing(sites)
    km, wrong = np.full((len(names), len(names)), np.nan), []
    for i, (line, row) in enumerate(cells):
        for j, text in enumerate(row):
            try:
                km[i, j] = np.nan if not text else _kilometres(text)
            except ValueError:
                wrong.append((grid.cell(line, names[j], j + 1), text))
    faults += _unreadable_cells(grid.place, wrong)
    return _nothing(sites) if wrong else _in_order(names, km, sites, grid.place, faults)


def _names_and_cells(grid: CellGrid) -> tuple[list[str], list[tuple[int, Sequence[str]]]]:
    """Return the names, and the cells of each line without its name."""
    if not grid.lines:
        raise ValueError("it is empty")
    (_, header), *rest = grid.lines
    names = list(header[1:])
    if [row[0] for _, row in rest] != names:
        raise ValueError("its first column does not repeat its first row")
    for line, row in rest:
        if len(row) != len(header):
            raise ValueError(f"row {line} has {len(row) - 1} distances for {len(names)} names")
    return names, [(line, row[1:]) for line, row in rest]


def _unreadable_cells(place: str, wrong: Sequence[tuple[str, str]]) -> list[Fault]:
    expected = f"expected km as a number of at most {FARTHEST_KM:,.0f}, or an empty cell where there is no way"
    faults = [
        Fault(place=cell, problem=text.problem, remedy=text.remedy)
        if isinstance(text, Unreadable)
        else Fault(place=cell, problem=f"is {show(text)}", remedy=expected)
        for cell, text in wrong[:SHOWN]
    ]
    if len(wrong) > SHOWN:
        faults.append(Fault(place=place, problem=f"has {len(wrong) - SHOWN} more such cells", remedy="as above"))
    return faults


def _in_order(names: Sequence[str], km: Floats, sites: Sequence[str], place: str, faults: list[Fault]) -> Floats:
    position = {name: i for i, name in enumerate(names)}
    missing = [name for name in sites if name not in position]
    for name in missing[:SHOWN]:
        remedy = f"{nearest(name, position)} A site without a way has a row and a column of empty cells"
        faults.append(Fault(place=place, problem=f"has no site '{name}'", remedy=remedy))
    if len(missing) > SHOWN:
        problem = f"lacks {len(missing) - SHOWN} more of the network's sites"
        faults.append(Fault(place=place, problem=problem, remedy="as above"))
    if missing:
        return _nothing(sites)
    index = np.array([position[name] for name in sites], dtype=int)
    return np.array(km[np.ix_(index, index)], dtype=float)


def _nothing(sites: Sequence[str]) -> Floats:
    return np.zeros((len(sites), len(sites)))


def _kilometres(text: str) -> float:
    """Return the distance that a cell holds; raises ValueError for one that is farther than anything."""
    km = float(text)
    if abs(km) > FARTHEST_KM:
        raise ValueError
    return km


def _cannot_be_read(place: str, error: Exception) -> Fault:
    return Fault(place=place, problem=f"cannot be read ({error})", remedy=EXPECTED)


def _read_npz(content: bytes) -> tuple[list[str], Floats]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        refuse_bombs(archive)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = [str(name).strip() for name in arrays["site"]]
        km = np.asarray(arrays["km"], dtype=float)
    if (abs(km) > FARTHEST_KM).any():
        raise ValueError(f"it has a distance beyond {FARTHEST_KM:,.0f} km; no number (NaN) where there is no way")
    if km.shape != (len(names), len(names)):
        raise ValueError(f"{len(names)} names, but a table of {' x '.join(map(str, km.shape))}")
    return names, km


def matrix_bytes(names: Sequence[str], km: Floats) -> bytes:
    """Return distances as the content of an NPZ file, the same bytes for the same distances."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in (("site", np.array(names)), ("km", km)):
            part = io.BytesIO()
            np.save(part, array)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue(), zipfile.ZIP_DEFLATED
            )
    return stream.getvalue()
