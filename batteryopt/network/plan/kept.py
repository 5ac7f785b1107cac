"""Facilities that are given: those of a saved plan, or those that stand today; what is then asked for are flows."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.files import unmarked
from batteryopt.ground.inputs import CannotRead, content_of, in_words
from batteryopt.network.data.facilities import Candidate, Standing
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.careers import Career
from batteryopt.network.plan.solution import COLUMNS, Solution

EXISTING = "existing"
"""The word for what stands today."""
TABLE = "facilities.csv"


def kept_facilities(network: Network, source: str | os.PathLike[str]) -> Solution:
    """Return a plan without flows whose facilities are those of a source.

    Parameters
    ----------
    source
        A folder that ``solve --out`` has written; or "existing": what stands today and what is forced, nothing else.

    Raises
    ------
    InvalidInput
        If the folder has no plan, or one that cannot stand in this network; every row that is wrong is told.
    """
    return existing_facilities(network) if str(source) == EXISTING else saved_facilities(network, Path(source))


def existing_facilities(network: Network) -> Solution:
    """Return the plan in which nothing opens but what is forced, and nothing closes."""
    rows = []
    for candidate in network.candidates:
        career = Career(network, candidate)
        since, size = 0, career.initial
        if candidate.standing is Standing.FORCED:
            since = network.period_index[candidate.forced_from] if candidate.forced_from else 0
            by_name = {level.name: level.capacity_t for level in career.levels}
            size = by_name.get(candidate.level, career.levels[0].capacity_t)
        if size is not None:
            level = next(v.name for v in career.levels if v.capacity_t >= size)
            rows += [(candidate.site, candidate.type, level, p.name, size) for p in network.periods[since:]]
    return as_plan(network, rows)


def saved_facilities(network: Network, folder: Path) -> Solution:
    """Return the facilities of a saved plan."""
    lines, candidates = lines_of(folder, option="--keep", other=f"; or the word {EXISTING}"), may_stand(network)
    every = (f for row, line in enumerate(lines, 2) for f in faults_of_row(network, candidates, row, line))
    faults = list(_told_once(every))
    if faults:
        raise InvalidInput(str(folder / TABLE), faults)
    return as_plan(network, [(*(line[c] for c in COLUMNS["facilities"][:-1]), tonnes_of(line)) for line in lines])


def lines_of(folder: Path, *, option: str, other: str = "") -> list[dict[str, str]]:
    """Return the rows of a saved plan's facilities as texts; refuse a folder without them."""
    path = folder / TABLE
    remedy = f"give a folder written by: batteryopt solve NETWORK --out DIR{other}"
    try:
        with in_words(remedy):
            reader = csv.DictReader(io.StringIO(content_of(path).decode("utf-8-sig"), newline=""))
            return [{name: unmarked(cell) for name, cell in _texts(line)} for line in reader]
    except CannotRead as error:
        raise InvalidInput(str(path), [Fault(place=option, problem=error.problem, remedy=remedy)]) from error


def may_stand(network: Network) -> dict[tuple[str, str], Candidate]:
    """Return the candidates that are not closed, by site and type."""
    return {(c.site, c.type): c for c in network.candidates if c.standing is not Standing.CLOSED}


def _texts(line: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield the cells of a line that have a column and hold something."""
    return ((name, cell) for name, cell in line.items() if isinstance(name, str) and isinstance(cell, str))


def _told_once(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Yield each fault once, with how many further rows have the same: a plan of another network has them in all."""
    rows: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        rows.setdefault((fault.problem, fault.remedy), []).append(fault)
    for first, *more in rows.values():
        others = f" (and in {len(more)} more rows)" if more else ""
        yield dataclasses.replace(first, problem=first.problem + others)


def as_plan(network: Network, rows: Sequence[tuple[object, ...]]) -> Solution:
    """Return a plan without flows whose facilities are these rows."""
    return Solution.of(network, facilities=pd.DataFrame(rows, columns=list(COLUMNS["facilities"])))


def tonnes_of(line: Mapping[str, str]) -> float:
    """Return the capacity that a row says; NaN where it is no number."""
    try:
        return float(line.get("capacity_t") or "nan")
    except ValueError:
        return math.nan


def faults_of_row(
    network: Network, candidates: Mapping[tuple[str, str], Candidate], number: int, line: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield what keeps a row from standing in this network."""
    place = f"{TABLE} row {number}"
    missing = [column for column in COLUMNS["facilities"] if not line.get(column)]
    if missing:
        yield Fault(place=place, problem=f"has no {', '.join(missing)}", remedy="write the plan anew with: solve --out")
        return
    candidate = candidates.get((line["site"], line["type"]))
    if candidate is None:
        remedy = "add it to candidates.csv, or take it out of the plan"
        yield Fault(place=place, problem=f"no '{line['type']}' may stand at '{line['site']}' here", remedy=remedy)
    if line["period"] not in network.period_index:
        remedy = nearest(line["period"], network.period_index)
        yield Fault(place=f"{place}, column period", problem=f"'{line['period']}' is no period here", remedy=remedy)
    size = tonnes_of(line)
    if candidate is not None:
        levels = network.levels_of(candidate)
        least, most = levels[0].capacity_t, levels[-1].capacity_t
        if not least * (1 - 1e-9) <= size <= most * (1 + 1e-9):
            remedy = f"expected {least:g} to {most:g} t, as the levels here say"
            yield Fault(place=f"{place}, column capacity_t", problem=f"is '{line['capacity_t']}'", remedy=remedy)
