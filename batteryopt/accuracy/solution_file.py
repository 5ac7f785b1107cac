"""Solutions in files: AMPL's, beside the names of the NL file, and lines of names and values, as MIPLIB has them.

Lines of names and values may begin with what the solver claims: ``=stat= optimal`` (or local, feasible, infeasible,
unbounded, limit, failed; optimal where nothing is said) and ``=bound= NUMBER``. What stands after ``=obj=`` is not
read: the objective is evaluated here. A variable without a line is zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.contest import Word
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of, in_words
from batteryopt.ground.status import PointStatus, StopReason

CLAIMS: Mapping[str, tuple[StopReason, PointStatus]] = {
    "optimal": (StopReason.CONVERGED, PointStatus.OPTIMAL),
    "local": (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),
    "feasible": (StopReason.TIME_LIMIT, PointStatus.FEASIBLE),
    "infeasible": (StopReason.INFEASIBLE, PointStatus.NONE),
    "unbounded": (StopReason.UNBOUNDED, PointStatus.NONE),
    "limit": (StopReason.TIME_LIMIT, PointStatus.UNKNOWN),
    "failed": (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),
}
"""What a file may claim, and what is understood."""
BY_HUNDREDS = ("optimal", "optimal", "infeasible", "unbounded", "limit", "failed")
"""AMPL's ``solve_result_num``: 0 to 99 solved, 100 to 199 solved with a warning, 200 infeasible, and so on."""
MOST_SOLUTION_BYTES = 64_000_000
"""Of a file: two million lines of names and values."""


@dataclass(frozen=True, kw_only=True)
class SolutionFile:
    """What a file says.

    Attributes
    ----------
    claim
        A key of `CLAIMS`.
    values
        By the variable's name.
    bound
        What the solver says that no solution is better than.
    message
        Its closing words, where AMPL's form has any.
    """

    claim: str = "optimal"
    values: Mapping[str, float] = field(default_factory=dict)
    bound: float | None = None
    message: str = ""

    @classmethod
    def read(cls, path: Path, *, names: list[str], aliases: Mapping[str, str]) -> SolutionFile:
        """Read a file.

        Parameters
        ----------
        names
            Of the variables in the order of the NL file, whose solution AMPL's form gives without names.
        aliases
            The variables' names by what they are called in the MPS file.

        Raises
        ------
        InvalidInput
            If it cannot be read, or names what is no variable; all faults at once.
        """
        try:
            with in_words("give a text file"):
                lines = content_of(path, most=MOST_SOLUTION_BYTES).decode("utf-8").splitlines()
        except CannotRead as error:
            raise InvalidInput(str(path), [error.fault()]) from error
        options = next((i for i, line in enumerate(lines) if line.strip() == "Options"), None)
        return _ampl(path, lines, options, names) if options is not None else _named(path, lines, names, aliases)

    def put_into(self, model: Any) -> None:
        """Give the model's variables their values; one that the file does not name keeps what it has."""
        for variable in model.component_data_objects(pyo.Var):
            if variable.name in self.values:
                variable.set_value(self.values[variable.name], skip_validation=True)


def _named(path: Path, lines: list[str], names: list[str], aliases: Mapping[str, str]) -> SolutionFile:
    known, faults = set(names), []
    strange: list[str] = []
    values: dict[str, float] = {}
    claim, bound = "optimal", None
    for number, line in enumerate(lines, start=1):
        words, place = line.split(), f"line {number}"
        if not words or words[0].startswith("#") or words[0] == "=obj=":
            continue
        name, word = " ".join(words[:-1]), words[-1]
        if name == "=stat=":
            claim = word.lower()
            if claim not in CLAIMS:
                faults.append(
                    Fault(place=place, problem=f"claims '{word}'", remedy=f"expected one of {', '.join(CLAIMS)}")
                )
            continue
        value = _number(word)
        if value is None:
            faults.append(Fault(place=place, problem=f"has '{word}' for a number", remedy="expected: NAME VALUE"))
        elif name == "=bound=":
            bound = value
        elif (own := aliases.get(name, name)) in known:
            values[own] = value
        else:
            strange.append(f"'{name}' ({place})")
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        remedy = "name variables as the .col file does, or as the MPS file"
        faults.append(Fault(place="names", problem=f"{strange[0]}{more}: no variable of the problem", remedy=remedy))
    if faults:
        raise InvalidInput(str(path), faults)
    return SolutionFile(claim=claim, values=dict.fromkeys(names, 0.0) | values, bound=bound)


def _ampl(path: Path, lines: list[str], options: int, names: list[str]) -> SolutionFile:
    """Read AMPL's form: a message, ``Options`` with their count, four sizes, duals, values, and ``objno``."""
    try:
        count = int(lines[options + 1])
        sizes = options + 2 + count
        if count and int(lines[options + 3]) == 3:  # a third option 3 says that a line on tolerances follows
            sizes += 2
        duals, variables = int(lines[sizes + 1]), int(lines[sizes + 3])
        first = sizes + 4 + duals
        values = [float(line) for line in lines[first : first + variables]]
        ended = next((line for line in lines[first + variables :] if line.startswith("objno")), "objno 0 0")
        hundreds = int(ended.split()[-1]) // 100
        claim = BY_HUNDREDS[hundreds]
        if len(values) != variables:
            raise ValueError(f"{variables} values announced, {len(values)} given")
    except (ValueError, IndexError) as error:
        fault = Fault(
            place="file", problem=f"is not as AMPL writes solutions ({error})", remedy="or give lines of: NAME VALUE"
        )
        raise InvalidInput(str(path), [fault]) from error
    has_point = CLAIMS[claim][1] is not PointStatus.NONE
    if variables != len(names) and has_point:
        fault = Fault(
            place="file",
            problem=f"has {variables} values for {len(names)} variables",
            remedy="solve the NL file beside it",
        )
        raise InvalidInput(str(path), [fault])
    message = " ".join(line.strip() for line in lines[:options] if line.strip())
    return SolutionFile(claim=claim, values=dict(zip(names, values, strict=False)), message=message)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class FromFile:
    """A contestant whose word and point are in a file."""

    name: str
    solution: SolutionFile
    levels: int = 1

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:  # noqa: ARG002 (it has been solved)
        """Leave the file's point in the model."""
        self.solution.put_into(model)
        reason, status = CLAIMS[self.solution.claim]
        bound = self.solution.bound
        return Word(solver=self.name, stop_reason=reason, point_status=status, bound=bound, seconds=math.nan)
