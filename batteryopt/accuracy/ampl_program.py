"""A solver's own program, as AMPL calls it: an NL file in, a solution file out, nothing of ours in between."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.accuracy.contest import Track, Word
from batteryopt.accuracy.solution_file import CLAIMS, Naming, SolutionFile
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.solvers.compile.components import numbers_required, parts_of
from batteryopt.solvers.compile.nl_file import write_plainly
from batteryopt.solvers.contract.points import settle_unused

PREFIX = "ampl:"
PATIENCE = 5.0
"""Seconds beyond its limit after which a program that does not stop is stopped, and counts as stopped by the limit."""


@dataclass(frozen=True)
class AmplProgram:
    """A program that reads ``STUB.nl`` and writes ``STUB.sol``.

    Attributes
    ----------
    program
        Where it is, or its name on the PATH.
    keywords
        What it is told, such as ``tol={tolerance}`` and ``max_cpu_time={seconds}``.
    """

    program: str
    keywords: tuple[str, ...] = ()
    levels: int = 1
    track: Track = Track.RAW

    @classmethod
    def at(cls, word: str) -> AmplProgram:
        """Return the program of ``PROGRAM [KEYWORD ...]``.

        Raises
        ------
        InvalidInput
            If there is no such program.
        """
        program, *keywords = word.split()
        if shutil.which(program) is None:
            remedy = "give the path of a program, or its name where the shell finds it"
            fault = Fault(place="--contestant", problem=f"there is no program '{program}'", remedy=remedy)
            raise InvalidInput("command line", [fault])
        return cls(program, tuple(keywords))

    @property
    def name(self) -> str:
        """The program's name, and what it is told beside tolerance and time."""
        told = [word for word in self.keywords if "{" not in word]
        return f"{PREFIX}{Path(self.program).stem}" + (f"({','.join(told)})" if told else "")

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Write the model, run the program and read its word and its point."""
        parts = parts_of(model)
        told = [word.format(tolerance=f"{tolerance:g}", seconds=f"{time_limit:g}") for word in self.keywords]
        with tempfile.TemporaryDirectory(prefix="batteryopt-") as folder:
            stub = Path(folder) / "model"
            with stub.with_suffix(".nl").open("w", newline="\n") as stream, numbers_required(str(model.name)):
                written = write_plainly(parts.model, stream)
            begin = time.perf_counter()
            output = self._output(stub, told, time_limit)
            seconds = time.perf_counter() - begin
            naming = Naming(
                columns=[str(v.name) for v in written.variables], rows=[str(c.name) for c in written.constraints]
            )
            solution = self._solution(stub.with_suffix(".sol"), naming, output)
        solution.put_into(model)
        settle_unused(parts.variables, written.variables)
        reason, status = CLAIMS[solution.claim]
        return Word(
            solver=self.name,
            stop_reason=reason,
            point_status=status,
            bound=solution.bound,
            seconds=seconds,
            raw_status=solution.message,
            options={"keywords": told},
            duals=solution.duals,
            reduced_costs=solution.reduced_costs,
        )

    def _output(self, stub: Path, told: Sequence[str], time_limit: float) -> str | None:
        """Return what the program printed; None where it had to be stopped."""
        command = [self.program, str(stub), "-AMPL", *told]
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=time_limit + PATIENCE,
                check=False,
            )
            return f"{done.stdout}\n{done.stderr}"
        return None

    def _solution(self, path: Path, naming: Naming, output: str | None) -> SolutionFile:
        """Return what the program wrote; raises RuntimeError, a failure of its, where that cannot be read."""
        if output is None:
            return SolutionFile(claim="limit", values={}, message="did not stop at its limit")
        if not path.is_file():
            last = next((line for line in reversed(output.splitlines()) if line.strip()), "no word")
            raise RuntimeError(f"{self.program} wrote no solution: {last.strip()}")
        try:
            return SolutionFile.read(path, naming)
        except InvalidInput as error:
            raise RuntimeError(str(error)) from error
