"""Solutions in files: AMPL's, beside the names of the NL file, and lines of names and values, as MIPLIB has them.

Lines of names and values may begin with what the solver claims: ``=stat= optimal`` (or local, feasible, infeasible,
unbounded, limit, failed; optimal where nothing is said) and ``=bound= NUMBER``. ``=dual= ROW VALUE`` and ``=rc= COLUMN
VALUE`` are multipliers, derivatives of the optimal value by the side that binds. What stands after ``=obj=`` is not
read: the objective is evaluated here. What has no line is zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.ampl_solution import AmplSolution
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
VALUES, DUALS, REDUCED = "", "=dual=", "=rc="
"""What a line of a name and a number begins with, by what the number is."""
MOST_SOLUTION_BYTES = 64_000_000
"""Of a file: two million lines of names and values."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What the variables and constraints of a problem are called in its files.

    Attributes
    ----------
    columns, rows
        Variables and constraints in the order of the NL file, in which AMPL's form gives their values without names.
    column_aliases, row_aliases
        The same by what they are called in the MPS file.
    """

    columns: Sequence[str]
    rows: Sequence[str] = ()
    column_aliases: Mapping[str, str] = field(default_factory=dict)
    row_aliases: Mapping[str, str] = field(default_factory=dict)


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
    duals, reduced_costs
        By constraint and by variable, as derivatives of the optimal value; empty where the file has none.
    """

    claim: str = "optimal"
    values: Mapping[str, float] = field(default_factory=dict)
    bound: float | None = None
    message: str = ""
    duals: Mapping[str, float] = field(default_factory=dict)
    reduced_costs: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, naming: Naming) -> SolutionFile:
        """Read a file.

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
        return _ampl(path, lines, options, naming) if options is not None else _named(path, lines, naming)

    def put_into(self, model: Any) -> None:
        """Give the model's variables their values; one that the file does not name keeps what it has."""
        for variable in model.component_data_objects(pyo.Var):
            if variable.name in self.values:
                variable.set_value(self.values[variable.name], skip_validation=True)


def _named(path: Path, lines: list[str], naming: Naming) -> SolutionFile:
    found = _NamedLines(naming)
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if words and not words[0].startswith("#") and words[0] != "=obj=":
            found.take(words, f"line {number}")
    faults = found.all_faults()
    if faults:
        raise InvalidInput(str(path), faults)
    return SolutionFile(
        claim=found.claim,
        values=dict.fromkeys(naming.columns, 0.0) | found.of[VALUES],
        bound=found.bound,
        duals=found.of[DUALS],
        reduced_costs=found.of[REDUCED],
    )


class _NamedLines:
    """Lines of names and values as they are read: numbers by kind, and whatever is wrong."""

    def __init__(self, naming: Naming) -> None:
        columns, rows = set(naming.columns), set(naming.rows)
        self._known = {VALUES: columns, REDUCED: columns, DUALS: rows}
        self._aliases = {VALUES: naming.column_aliases, REDUCED: naming.column_aliases, DUALS: naming.row_aliases}
        self._faults: list[Fault] = []
        self._strange: list[str] = []
        self.claim = "optimal"
        self.bound: float | None = None
        self.of: dict[str, dict[str, float]] = {kind: {} for kind in self._known}

    def take(self, words: list[str], place: str) -> None:
        """Read one line that is not empty."""
        kind = words.pop(0) if words[0] in (DUALS, REDUCED) else VALUES
        name, word = " ".join(words[:-1]), words[-1] if words else ""
        if name == "=stat=":
            self._claims(word, place)
            return
        value = _number(word)
        own = self._aliases[kind].get(name, name)
        if value is None:
            expected = "NAME VALUE" if kind == VALUES else f"{kind} NAME VALUE"
            problem = f"has '{word}' for a number"
            self._faults.append(Fault(place=place, problem=problem, remedy=f"expected: {expected}"))
        elif name == "=bound=":
            self.bound = value
        elif own in self._known[kind]:
            self._keep(kind, own, value)
        else:
            self._strange.append(f"'{name}' ({place}): no {'constraint' if kind == DUALS else 'variable'}")

    def _keep(self, kind: str, own: str, value: float) -> None:
        """Keep a number; a constraint that the MPS file has as two rows, one a side, has the sum of their duals."""
        earlier = self.of[kind].get(own, 0.0) if kind == DUALS else 0.0
        self.of[kind][own] = earlier + value

    def _claims(self, word: str, place: str) -> None:
        self.claim = word.lower()
        if self.claim not in CLAIMS:
            remedy = f"expected one of {', '.join(CLAIMS)}"
            self._faults.append(Fault(place=place, problem=f"claims '{word}'", remedy=remedy))

    def all_faults(self) -> list[Fault]:
        """Return everything that is wrong; names that are none as one fault."""
        if not self._strange:
            return self._faults
        more = f", and {len(self._strange) - 1} more" if len(self._strange) > 1 else ""
        remedy = "name variables as the .col file does and constraints as the .row file, or both as the MPS file"
        return [*self._faults, Fault(place="names", problem=f"{self._strange[0]} of the problem{more}", remedy=remedy)]


def _ampl(path: Path, lines: list[str], options: int, naming: Naming) -> SolutionFile:
    """Read AMPL's form, which says by order what belongs to whom."""
    try:
        found = AmplSolution.of_lines(lines, options)
    except (ValueError, IndexError) as error:
        fault = Fault(
            place="file", problem=f"is not as AMPL writes solutions ({error})", remedy="or give lines of: NAME VALUE"
        )
        raise InvalidInput(str(path), [fault]) from error
    has_point = CLAIMS[found.claim][1] is not PointStatus.NONE
    counts = [("values", "variables", found.values, naming.columns)]
    counts += [("duals", "constraints", found.duals, naming.rows)] if naming.rows and found.duals else []
    faults = [
        Fault(place="file", problem=f"has {len(given)} {what} for {len(known)} {whose}", remedy="solve the NL file")
        for what, whose, given, known in counts
        if len(given) != len(known) and has_point
    ]
    if faults:
        raise InvalidInput(str(path), faults)
    return SolutionFile(
        claim=found.claim,
        values=dict(zip(naming.columns, found.values, strict=False)),
        message=found.message,
        duals=dict(zip(naming.rows, found.duals, strict=False)),
        reduced_costs={naming.columns[k]: v for k, v in found.reduced_costs.items() if 0 <= k < len(naming.columns)},
    )


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
    takes_indicators: bool = True
    """The MPS file has them."""

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:  # noqa: ARG002 (it has been solved)
        """Leave the file's point in the model."""
        self.solution.put_into(model)
        reason, status = CLAIMS[self.solution.claim]
        bound = self.solution.bound
        return Word(
            solver=self.name,
            stop_reason=reason,
            point_status=status,
            bound=bound,
            seconds=math.nan,
            raw_status=self.solution.message,
            duals=self.solution.duals,
            reduced_costs=self.solution.reduced_costs,
        )
