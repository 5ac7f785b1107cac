"""Solutions in files, judged as a solver's own words and points are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batteryopt.accuracy.accuracy_run import Row, judge_run
from batteryopt.accuracy.exported import ExportedSet
from batteryopt.accuracy.solution_file import FromFile, SolutionFile
from batteryopt.ground.errors import Fault, InvalidInput


def judged_files(folder: Path, files: Sequence[Path], tolerance: float) -> list[Row]:
    """Return a row of the benchmark for each solution.

    Parameters
    ----------
    folder
        What `exported.export` wrote.
    files
        Solutions: each has the name of its problem before its ending.
    tolerance
        What their solver was asked for.

    Raises
    ------
    InvalidInput
        If the set was altered, or a file cannot be read or belongs to no problem; all faults at once.
    """
    exported, rows = ExportedSet.at(folder), []
    faults: list[Fault] = []
    for path in files:
        try:
            rows.append(_judged(exported, path, tolerance))
        except InvalidInput as error:
            faults += [Fault(place=f"{path.name}: {f.place}", problem=f.problem, remedy=f.remedy) for f in error.faults]
    if faults:
        raise InvalidInput(str(folder), faults)
    return rows


def _judged(exported: ExportedSet, path: Path, tolerance: float) -> Row:
    case = exported.problem(path.stem)
    solution = SolutionFile.read(path, exported.naming(case.name))
    return judge_run(case, case.find_truth(), FromFile(name=path.name, solution=solution), tolerance)
