"""The benchmark as files: every problem for a solver in any language, with its exact answer, under checksums.

A problem is ``NAME.nl`` (with the names of its variables and rows in ``NAME.col`` and ``NAME.row``), where it is linear
also ``NAME.mps``, and ``NAME.json`` with the truth in fifty decimal digits. Indicator constraints stand in the
MPS file alone, in a section of that name, since NL has no words for them. Games with followers have no such form and
are left out. ``set.json`` says what belongs together: version, seed, and a checksum of every file.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.accuracy.digits import Number
from batteryopt.accuracy.families import problems
from batteryopt.accuracy.indicator_sections import with_implied_rows, with_indicators
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.problem_class import ProblemClass, class_of_problem
from batteryopt.accuracy.rational_words import rationals_of
from batteryopt.accuracy.solution_file import Naming
from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.inputs import CannotRead, content_of
from batteryopt.ground.owned import OwnedFolder, digest
from batteryopt.report.saved import json_text
from batteryopt.solvers.contract.provenance import versions

SET = "set.json"
FORMAT = 1
"""Of the files; a reader refuses what it does not know."""
SET_VERSION = 3
"""Of the problems: those that a judge makes again from the seed have to be the ones that were written."""
_ROW = re.compile(r"[cr]_[elu]_(.*)_")
LINEAR = (ProblemClass.LP, ProblemClass.MILP)


def export(
    cases: Sequence[AccuracyProblem],
    folder: Path,
    *,
    seed: int,
    overwrite: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write problems of one decision maker and their truths, and return the paths.

    Parameters
    ----------
    seed
        That the problems were made with: from it the judge makes them again.

    Raises
    ------
    InvalidInput
        If files of the user's lie in the way; then nothing is written.
    """
    contents: dict[str, bytes] = {}
    for done, case in enumerate(c for c in cases if c.levels == 1):
        contents |= _files_of(case)
        on_progress(done + 1)
    about = {
        "format": FORMAT,
        "set_version": SET_VERSION,
        "batteryopt": versions()["batteryopt"],
        "seed": seed,
        "sha256": {name: digest(data) for name, data in contents.items()},
    }
    contents[SET] = json_text(about).encode()
    OwnedFolder(folder).put(contents, overwrite=overwrite)
    return [folder / name for name in contents]


def _files_of(case: AccuracyProblem) -> dict[str, bytes]:
    model, truth = case.build(), case.find_truth()
    model.name = case.name  # what the files call it; a name with spaces is none in MPS
    kind = class_of_problem(case)
    with tempfile.TemporaryDirectory() as scratch:
        stem = Path(scratch) / case.name
        # what is fixed is folded in; nothing else is presolved, or the names would lack what the truth is about
        model.write(f"{stem}.nl", format="nl", io_options={"symbolic_solver_labels": True, "linear_presolve": False})
        columns, rows = dict[str, str](), dict[str, str]()
        implied = with_implied_rows(model)
        if implied:
            Path(f"{stem}.nl").unlink()  # it says half of the problem
        if kind in LINEAR:
            _, symbols = model.write(f"{stem}.mps", format="mps", io_options={"symbolic_solver_labels": True})
            by_symbol = model.solutions.symbol_map[symbols].bySymbol
            named = {symbol: getattr(part, "name", "") for symbol, part in by_symbol.items()}
            columns = {symbol: name for symbol, name in named.items() if name in truth.variables}
            mps = Path(f"{stem}.mps").read_text(encoding="utf-8")
            rows = _rows_of(mps, named)
            if implied:
                said = with_indicators(mps, implied, rows, columns)
                Path(f"{stem}.mps").write_text(said, encoding="utf-8", newline="\n")
        found = {path.name: path.read_bytes() for path in sorted(Path(scratch).iterdir())}
    found[f"{case.name}.json"] = json_text(_described(case, kind, truth, columns, rows)).encode()
    return found


def _rows_of(mps: str, named: Mapping[str, str]) -> dict[str, str]:
    """Return the constraints by what an MPS file calls them: the writer puts a letter for the side around the name."""
    section = mps.partition("\nROWS\n")[2].partition("\nCOLUMNS")[0]
    written = (line.split()[-1] for line in section.splitlines())
    matches = ((row, _ROW.fullmatch(row)) for row in written)
    return {row: named[match[1]] for row, match in matches if match and match[1] in named}


def _described(
    case: AccuracyProblem, kind: ProblemClass, truth: Truth, columns: dict[str, str], rows: dict[str, str]
) -> dict[str, Any]:
    return {
        "name": case.name,
        "family": case.family,
        "variant": case.variant,
        "class": kind.value,
        "what_there_is": truth.kind.value,
        "sense": "maximise" if truth.maximise else "minimise",
        "objective": _digits(truth.objective),
        "decisions": {name: _digits(value) for name, value in truth.decisions.items()},
        "rational": rationals_of(truth),
        "names_in_mps": columns,
        "rows_in_mps": rows,
    }


def _digits(value: Number | None) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, kw_only=True)
class ExportedSet:
    """A folder of problems that is as it was written."""

    folder: Path
    seed: int
    names: tuple[str, ...]

    @classmethod
    def at(cls, folder: Path) -> ExportedSet:
        """Read a folder and see that nothing in it has changed.

        Raises
        ------
        InvalidInput
            If it holds no set, one of another version, or files that differ from what was written.
        """
        try:
            about = json.loads(content_of(folder / SET).decode("utf-8"))
            checksums = dict(about["sha256"])
            known = (about["format"], about["batteryopt"], about.get("set_version", 1), int(about["seed"]))
        except (CannotRead, ValueError, KeyError, TypeError) as error:
            remedy = "give a folder that `batteryopt accuracy export` wrote"
            raise InvalidInput(
                str(folder), [Fault(place=SET, problem=f"holds no set of problems ({error})", remedy=remedy)]
            ) from error
        here = versions()["batteryopt"]
        if known[:3] != (FORMAT, here, SET_VERSION):
            problem = (
                f"was written by batteryopt {known[1]} (format {known[0]}, set {known[2]}), and this is {here} "
                f"(format {FORMAT}, set {SET_VERSION})"
            )
            raise InvalidInput(
                str(folder), [Fault(place=SET, problem=problem, remedy="export it anew: problems may have changed")]
            )
        faults = [
            Fault(place=name, problem=words, remedy="export it anew") for name, words in _altered(folder, checksums)
        ]
        if faults:
            raise InvalidInput(str(folder), faults)
        names = tuple(sorted(name.removesuffix(".json") for name in checksums if name.endswith(".json")))
        return cls(folder=folder, seed=known[3], names=names)

    def problem(self, name: str) -> AccuracyProblem:
        """Return a problem of the set.

        Raises
        ------
        InvalidInput
            If there is none of that name.
        """
        if name not in self.names:
            problem = f"'{name}' is no problem of this set"
            raise InvalidInput(
                str(self.folder), [Fault(place="FILE", problem=problem, remedy=nearest(name, self.names))]
            )
        family = self._description(name)["family"]
        return next(case for case in problems([family], seed=self.seed, most_columns=None) if case.name == name)

    def naming(self, name: str) -> Naming:
        """Return what the variables and constraints of a problem are called in its files."""
        about = self._description(name)
        columns, rows = (
            (self.folder / f"{name}{ending}").read_text(encoding="utf-8").splitlines() for ending in (".col", ".row")
        )
        nl, count = self.folder / f"{name}.nl", 0  # whose rows are in the MPS file alone has none to be judged by
        if nl.exists():
            count = int(nl.read_text(encoding="utf-8").splitlines()[1].split()[1])  # after them come the objectives
        return Naming(
            columns=columns,
            rows=rows[:count],
            column_aliases=about["names_in_mps"],
            row_aliases=about["rows_in_mps"],
        )

    def _description(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        return description


def _altered(folder: Path, checksums: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, expected in checksums.items():
        path = folder / name
        if not path.is_file():
            yield name, "is missing"
        elif digest(path.read_bytes()) != expected:
            yield name, "is not as it was written"
