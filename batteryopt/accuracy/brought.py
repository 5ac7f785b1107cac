"""What users bring: a solver of their own, an option of one that is here, problems with exact answers."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.accuracy.ampl_program import PREFIX as AMPL
from batteryopt.accuracy.ampl_program import AmplProgram
from batteryopt.accuracy.contest import Contestant, Word
from batteryopt.accuracy.contestants import Solver
from batteryopt.accuracy.mps_problems import ENDINGS, problem_of
from batteryopt.accuracy.problem import AccuracyProblem
from batteryopt.accuracy.solution_file import CLAIMS
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.solvers import Adapter

SOLVES = "a function of (model, tolerance, time_limit) that leaves the point in the Pyomo model and returns its claim"


@dataclass(frozen=True, kw_only=True)
class OwnFunction:
    """A function that takes a Pyomo model, a tolerance and seconds, and returns what it claims: a key of `CLAIMS`."""

    name: str
    function: Callable[[Any, float, float], str]
    levels: int = 1

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Call the function; a claim that is none counts as failed."""
        begin = time.perf_counter()
        reason, status = CLAIMS.get(str(self.function(model, tolerance, time_limit)), CLAIMS["failed"])
        seconds = time.perf_counter() - begin
        return Word(solver=self.name, stop_reason=reason, point_status=status, seconds=seconds)


def contestant_at(word: str) -> Contestant:
    """Return the contestant that ``module:object`` names, looked for in the current folder too, or ``ampl:PROGRAM``.

    Parameters
    ----------
    word
        The object is a `Contestant`, an `Adapter`, or a function as `OwnFunction` takes.

    Raises
    ------
    InvalidInput
        If there is none, or it is of another kind.
    """
    if word.startswith(AMPL) and word.removeprefix(AMPL).strip():
        return AmplProgram.at(word.removeprefix(AMPL))
    module, _, name = word.partition(":")
    if not module or not name:
        raise _refused("--contestant", f"is '{word}'", "expected MODULE:OBJECT, such as mine:solve")
    found: Any = getattr(_imported(module, Path.cwd(), "--contestant"), name, None)
    if found is None:
        raise _refused("--contestant", f"{module} has no object '{name}'", f"expected {SOLVES}")
    if isinstance(found, type):
        found = found()
    if isinstance(found, Adapter):
        return Solver(found)
    if all(hasattr(found, attribute) for attribute in ("name", "levels", "solve")):
        contestant: Contestant = found
        return contestant
    if callable(found):
        return OwnFunction(name=word, function=found)
    raise _refused("--contestant", f"'{name}' of {module} is {type(found).__name__}", f"expected {SOLVES}")


def problems_in(path: Path, *, seed: int, quick: bool) -> tuple[AccuracyProblem, ...]:
    """Return the problems of a Python file, made by its function ``problems(seed, quick)``, or the one of an MPS file.

    Raises
    ------
    InvalidInput
        If there is no such file or function, or it gives something else.
    """
    if path.suffix.lower() in ENDINGS:
        return (problem_of(path),)
    if path.suffix != ".py" or not path.is_file():
        raise _refused(
            "--problem", f"'{path}' is no Python file", "give a file with a function problems(seed, quick), or FILE.mps"
        )
    make = getattr(_imported(path.stem, path.parent.resolve(), "--problem"), "problems", None)
    if not callable(make):
        raise _refused("--problem", f"'{path}' has no function problems(seed, quick)", "see docs/accuracy.md for one")
    made: Iterable[Any] = make(seed, quick)
    cases = tuple(made)
    strange = [case for case in cases if not isinstance(case, AccuracyProblem)]
    if strange or not cases:
        words = f"gives {type(strange[0]).__name__}" if strange else "gives nothing"
        raise _refused("--problem", f"'{path}': problems() {words}", "expected AccuracyProblem, one or more")
    return cases


def options_of(words: Iterable[str], here: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return native options by solver, from ``SOLVER:KEY=VALUE``; numbers are read as such.

    Raises
    ------
    InvalidInput
        If a word has another form, or names a solver that is not here; all at once.
    """
    known, faults = set(here), []
    found: dict[str, dict[str, Any]] = {}
    for word in words:
        solver, setting = _solver_of(word, known)
        key, _, value = setting.partition("=")
        if not (key and value):
            remedy = "expected SOLVER:KEY=VALUE, such as highs:solver=ipm"
            faults.append(Fault(place="--option", problem=f"is '{word}'", remedy=remedy))
        elif solver not in known:
            remedy = f"name a solver that is here: {', '.join(sorted(known))}"
            faults.append(Fault(place="--option", problem=f"there is no solver '{solver}' here", remedy=remedy))
        else:
            found.setdefault(solver, {})[key] = _value(value)
    if faults:
        raise InvalidInput("command line", faults)
    return found


def _solver_of(word: str, known: Iterable[str]) -> tuple[str, str]:
    """Return solver and setting; a solver's name may have a colon itself, as ``raw:highs`` has."""
    names = (name for name in known if word.startswith(f"{name}:"))
    solver = max(names, key=len, default=word.partition(":")[0])
    return solver, word[len(solver) + 1 :]


def _value(word: str) -> Any:
    for read in (int, float):
        try:
            return read(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word)


def _imported(module: str, folder: Path, place: str) -> Any:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # other processes of the benchmark get the same path, and find it too
    try:
        return importlib.import_module(module)
    except Exception as error:  # whatever a file of the user's raises while it is read
        problem = f"'{module}' cannot be imported ({type(error).__name__}: {error})"
        raise _refused(place, problem, f"it is looked for in {folder} and among installed packages") from error


def _refused(place: str, problem: str, remedy: str) -> InvalidInput:
    return InvalidInput("command line", [Fault(place=place, problem=problem, remedy=remedy)])
