"""A benchmark as PAVER reads it: a GAMS trace file a contestant and tolerance, and what is known, as SCIP's .solu file.

PAVER 2 (https://github.com/coin-or/Paver) makes statistics and profiles of its own of these, and its check of
consistency has the exact optima of the .solu file to go by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.accuracy.problem import ProblemKind
from batteryopt.accuracy.verdicts import ContestVerdict
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.owned import OwnedFolder
from batteryopt.ground.status import PointStatus, StopReason

NEEDED = ("sense", "what_there_is")
"""Columns that benchmarks of earlier versions do not have."""
KNOWN = "truth.solu"
MODEL_TYPES = {"LP": "LP", "MILP": "MIP", "QP": "QCP", "MIQP": "MIQCP", "NLP": "NLP", "MINLP": "MINLP", "MPEC": "MPEC"}
"""What GAMS calls classes; a game with followers it calls EMP."""
OF_POINTS: Mapping[str, int] = {
    PointStatus.OPTIMAL.value: 1,
    PointStatus.LOCALLY_OPTIMAL.value: 2,
    PointStatus.FEASIBLE.value: 7,
    PointStatus.INFEASIBLE.value: 6,
}
"""GAMS' model status of a point; 14, no solution returned, for any other."""
OF_NONE: Mapping[str, int] = {StopReason.INFEASIBLE.value: 19, StopReason.UNBOUNDED.value: 18}
"""And where the claim is that there is none."""
OF_STOPS: Mapping[str, int] = {
    StopReason.ITERATION_LIMIT.value: 2,
    StopReason.TIME_LIMIT.value: 3,
    StopReason.MEMORY_LIMIT.value: 5,
    StopReason.INTERRUPTED.value: 8,
    StopReason.NUMERICAL_TROUBLE.value: 4,
}
"""GAMS' solver status of a stop; 1, normal completion, for any other."""
Cell = Callable[[Mapping[str, object]], object]
FIELDS: Mapping[str, Cell] = {
    "InputFileName": lambda row: row["problem"],
    "ModelType": lambda row: MODEL_TYPES.get(str(row["class"]), "EMP"),
    "SolverName": lambda row: _solver(str(row["contestant"]), _real(row["tolerance"])),
    "Direction": lambda row: int(row["sense"] == "maximise"),
    "NumberOfEquations": lambda row: row["rows"],
    "NumberOfVariables": lambda row: row["columns"],
    "ModelStatus": lambda row: model_status(str(row["stop_reason"]), str(row["point_status"])),
    "SolverStatus": lambda row: OF_STOPS.get(str(row["stop_reason"]), 1),
    "ObjectiveValue": lambda row: _or_na(_real(row["objective"])),
    "ObjectiveValueEstimate": lambda row: _or_na(_real(row["bound"])),
    "SolverTime": lambda row: _or_na(_real(row["seconds"])),
    "NumberOfIterations": lambda row: _or_na(_real(row["iterations"]), "d"),
}


def model_status(stop_reason: str, point_status: str) -> int:
    """Return GAMS' model status of what a contestant claimed."""
    return OF_NONE.get(stop_reason) or OF_POINTS.get(point_status, 14)


def write_traces(frame: pd.DataFrame, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a trace file a contestant and tolerance, and the truth about every problem; return the paths.

    Raises
    ------
    InvalidInput
        If the benchmark is of an earlier version, or files of the user's lie in the way.
    """
    lacking = [name for name in NEEDED if name not in frame]
    if lacking:
        problem = f"has no column {' and '.join(lacking)}: it is of an earlier version"
        raise InvalidInput(str(folder), [Fault(place="runs.csv", problem=problem, remedy="run the benchmark anew")])
    contents = {name: text.encode() for name, text in (traces_of(frame) | {KNOWN: truth_of(frame)}).items()}
    OwnedFolder(folder).put(contents, overwrite=overwrite)
    return [folder / name for name in contents]


def traces_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return trace files by name; what was no run is in none."""
    runs = frame[[ContestVerdict(verdict).is_run for verdict in frame["verdict"]]]
    head = f"* Trace Record Definition\n* GamsSolve\n* {','.join(FIELDS)}\n*\n"
    found: dict[str, str] = {}
    for (contestant, tolerance), group in runs.groupby(["contestant", "tolerance"], sort=False):
        rows: Any = group.to_dict("records")
        lines = (",".join(str(cell(row)) for cell in FIELDS.values()) for row in rows)
        name = re.sub(r"[^\w.=@-]+", "-", _solver(str(contestant), _real(tolerance))).strip("-")
        found[f"{name}.trc"] = head + "".join(f"{line}\n" for line in lines)
    return found


def truth_of(frame: pd.DataFrame) -> str:
    """Return the truth about every problem: its optimum in sixteen digits, or that there is none."""
    words = {ProblemKind.INFEASIBLE.value: "=inf=", ProblemKind.UNBOUNDED.value: "=unbnd="}
    lines = []
    for row in frame.drop_duplicates("problem").to_dict("records"):
        known = words.get(str(row["what_there_is"]))
        lines.append(f"{known} {row['problem']}" if known else f"=opt= {row['problem']} {row['reference']!r}")
    return "".join(f"{line}\n" for line in lines)


def _solver(contestant: str, tolerance: float) -> str:
    """Return what PAVER calls a contestant at a tolerance; its own fields end with commas."""
    return f"{contestant.replace(',', ';')}@{tolerance:.0e}"


def _real(value: object) -> float:
    return float(str(value))


def _or_na(value: float, form: str = "") -> str:
    if not math.isfinite(value):
        return "NA"
    return str(int(value)) if form == "d" else repr(value)
