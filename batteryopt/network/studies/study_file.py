"""A study as people write it: a TOML file, or a network alone, whose table ``changes`` has the what-ifs.

kind = "study"
network = "network"                # a folder or a workbook, from this file's own place
questions = ["cost", "keep existing"]
gap = 0.01
time_limit = 60

[what_ifs]
"lithium halves" = ["markets[product=black_mass].price_per_t*=0.5"]

[policies]
subsidy-collected = "0:300:4"      # START:STOP:COUNT, or a list of rates
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.studies.policies import TEMPLATES
from batteryopt.network.studies.study import QUESTIONS, PolicyGrid, StudyPlan
from batteryopt.network.tables.changed import what_ifs
from batteryopt.network.tables.reader import read
from batteryopt.tables.changes import Change
from batteryopt.tables.input_faults import show
from batteryopt.tables.spreadsheet import is_workbook
from batteryopt.tables.toml_input import load_table

KEYS = ("kind", "name", "network", "questions", "gap", "time_limit", "what_ifs", "policies", "target")
FILE = "study.toml"


def read_study(path: Path) -> tuple[StudyPlan, Path]:
    """Return the study at a path and the path of its network.

    Parameters
    ----------
    path
        A TOML file; a folder with a ``study.toml``; or a network, all whose what-ifs are then tried.

    Raises
    ------
    InvalidInput
        With everything wrong about the file, or about the network.
    """
    file = path / FILE if os.path.isdir(path) and (path / FILE).is_file() else path
    if is_workbook(file) or os.path.isdir(file):
        network = read(file)
        return StudyPlan(name=network.name, network=network, what_ifs=what_ifs(network)), file
    table, faults = load_table(file), []
    if table.get("kind") != "study":
        remedy = 'expected kind = "study" at the top of the file'
        raise InvalidInput(str(file), [Fault(place="kind", problem=f"is {show(table.get('kind'))}", remedy=remedy)])
    faults += [Fault(place=key, problem="unknown key", remedy=nearest(key, KEYS)) for key in table if key not in KEYS]
    where = table.get("network")
    place = file.parent / where if isinstance(where, str) else file.parent
    if not isinstance(where, str) and not (file.parent / "network.toml").is_file():
        faults.append(Fault(place="network", problem=f"is {show(where)}", remedy="expected a folder or a workbook"))
        raise InvalidInput(str(file), faults)
    faults += _wrong_values(table)
    changes = dict(_changes(table.get("what_ifs", {}), faults))
    grids = tuple(_grids(table.get("policies", {}), table.get("target", 0.5), faults))
    if faults:
        raise InvalidInput(str(file), faults)
    network = read(place)
    _refuse_shared(changes, what_ifs(network), file)
    plan = StudyPlan(
        name=str(table.get("name") or network.name),
        network=network,
        what_ifs={**what_ifs(network), **changes},
        policies=grids,
        questions=tuple(table.get("questions", ("cost",))),
        options={key: float(table[key]) for key in ("gap", "time_limit") if key in table},
    )
    return plan, place


def _refuse_shared(mine: Iterable[str], of_network: Collection[str], file: Path) -> None:
    """Raise `InvalidInput` where a what-if of the file has the name of one in the network's own table."""
    problem, remedy = "stands in the network's table 'changes', too", "give it another name"
    faults = [Fault(place=f"what_ifs.{name}", problem=problem, remedy=remedy) for name in mine if name in of_network]
    if faults:
        raise InvalidInput(str(file), faults)


def _wrong_values(table: Mapping[str, Any]) -> Iterator[Fault]:
    for key in ("gap", "time_limit"):
        value = table.get(key, 1.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < np.inf:
            yield Fault(place=key, problem=f"is {show(value)}", remedy="expected a number of at least 0")
    questions = table.get("questions", [])
    if not isinstance(questions, list):
        yield Fault(
            place="questions", problem=f"is {show(questions)}", remedy=f"expected a list: {', '.join(QUESTIONS)}"
        )
        return
    for question in questions:
        if question not in QUESTIONS:
            yield Fault(place="questions", problem=f"has {show(question)}", remedy=nearest(str(question), QUESTIONS))


def _changes(table: Any, faults: list[Fault]) -> Iterator[tuple[str, tuple[Change, ...]]]:
    if not isinstance(table, Mapping):
        faults.append(Fault(place="what_ifs", problem=f"is {show(table)}", remedy="expected a table: [what_ifs]"))
        return
    for name, words in table.items():
        place = f"what_ifs.{name}"
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            remedy = 'expected a list of changes, such as ["returns.tonnes*=1.2"]'
            faults.append(Fault(place=place, problem=f"is {show(words)}", remedy=remedy))
            continue
        try:
            yield name, tuple(Change.parse(word, place) for word in words)
        except InvalidInput as error:
            faults += error.faults


def _grids(table: Any, target: Any, faults: list[Fault]) -> Iterator[PolicyGrid]:
    if not isinstance(target, int | float) or isinstance(target, bool) or not 0 <= target <= 1:
        faults.append(Fault(place="target", problem=f"is {show(target)}", remedy="expected a share from 0 to 1"))
        target = 0.5
    if not isinstance(table, Mapping):
        faults.append(Fault(place="policies", problem=f"is {show(table)}", remedy="expected a table: [policies]"))
        return
    for name, rates in table.items():
        try:
            yield grid_called(name, rates, target=float(target), place=f"policies.{name}")
        except InvalidInput as error:
            faults += error.faults


def grid_called(name: str, rates: str | Sequence[Any], *, target: float = 0.5, place: str = "--policy") -> PolicyGrid:
    """Return a policy with its rates, START:STOP:COUNT or a list, or raise `InvalidInput`."""
    if name not in TEMPLATES:
        raise InvalidInput(
            "study", [Fault(place=place, problem=f"'{name}' is no policy", remedy=nearest(name, TEMPLATES))]
        )
    try:
        if isinstance(rates, str):
            start, stop, count = rates.split(":")
            values = np.linspace(float(start), float(stop), int(count)).tolist()
        else:
            values = [float(rate) for rate in rates]
        if not values or not np.isfinite(values).all():
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        remedy = "expected START:STOP:COUNT, such as 0:300:4, or a list of rates"
        raise InvalidInput("study", [Fault(place=place, problem=f"is {show(rates)}", remedy=remedy)]) from None
    return PolicyGrid(name=name, rates=tuple(values), target=target, place=place)
