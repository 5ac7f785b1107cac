"""All runs: every contestant on every problem it is for, at every tolerance; in this process or several, resumable."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pyomo.common.errors import PyomoException

import batteryopt
from batteryopt.accuracy.bogus_options import refuse_bogus_options
from batteryopt.accuracy.contest import TOLERANCES, Contestant, Word, track_of
from batteryopt.accuracy.dual_errors import DualErrors
from batteryopt.accuracy.implications import refuse_half_a_model
from batteryopt.accuracy.measures import Errors, bound_excess, duals_judged, errors_of
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.problem_class import ProblemShape, shape_of
from batteryopt.accuracy.run_columns import COLUMNS
from batteryopt.accuracy.verdicts import RANK, ContestVerdict, allowed_at, verdict_of
from batteryopt.ground.errors import BatteryOptError
from batteryopt.ground.interrupt import noting_interrupts
from batteryopt.ground.owned import digest
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.provenance import versions
from batteryopt.work.journal import Journal
from batteryopt.work.parts import all_parts

TIME_LIMIT = 5.0
"""Seconds a run, where the user says nothing."""
WORK = "benchmark"
REFUSALS = (ContestVerdict.REFUSED.value, ContestVerdict.INTERFACE.value)
THREADS = 1
"""Of every run: times of several are not comparable."""
Row = dict[str, Any]
Plan = tuple[tuple[Contestant, ...], tuple[float, ...], float, int]
"""Contestants, tolerances, seconds a run, and how often each is repeated."""


def run(
    problems: Sequence[AccuracyProblem],
    contestants: Sequence[Contestant],
    *,
    tolerances: Sequence[float] = TOLERANCES,
    time_limit: float = TIME_LIMIT,
    repeats: int = 1,
    jobs: int = 1,
    total_time: float | None = None,
    journal: Path | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """Run the benchmark.

    Parameters
    ----------
    repeats
        How often each run is repeated: the row has the worst verdict and the median time, and all times.
    jobs
        Processes; with more than one, times are less steady, and a script guards its main part with
        ``if __name__ == "__main__"``.
    total_time
        Seconds after which no problem is begun; the rows say how many there should have been (``planned``).
    journal
        Where to note finished problems; the same benchmark with the same journal goes on where it was interrupted.
    on_progress
        Told how many problems are done.

    Raises
    ------
    InvalidInput
        If a contestant was given an option that its solver does not take.

    Returns
    -------
    pandas.DataFrame
        One row a run: what was solved, by whom, at which tolerance, what it said, its errors, and the verdict.
    """
    refuse_bogus_options(contestants)
    plan = (tuple(contestants), tuple(tolerances), time_limit, repeats)
    found = all_parts(
        functools.partial(judge_problem, plan=plan),
        problems,
        name=WORK,
        identity=identity_of(problems, plan),
        jobs=jobs,
        journal=journal,
        until=None if total_time is None else time.time() + total_time,
        restart=restart,
        on_progress=on_progress,
    )
    return _framed(found.values(), planned(problems, contestants))


def so_far(problems: Sequence[AccuracyProblem], plan: Plan, journal: Path) -> pd.DataFrame:
    """Return the runs that an interrupted benchmark has noted in its journal, which stays."""
    with Journal(journal, identity_of(problems, plan), work=WORK) as book:
        return _framed([book.done[number] for number in sorted(book.done)], planned(problems, plan[0]))


def planned(problems: Sequence[AccuracyProblem], contestants: Sequence[Contestant]) -> int:
    """Return the number of problems that are for any of the contestants."""
    levels = {who.levels for who in contestants}
    return sum(problem.levels in levels for problem in problems)


def _framed(found: Iterable[list[Row]], count: int) -> pd.DataFrame:
    return pd.DataFrame([row for rows in found for row in rows], columns=COLUMNS).assign(planned=count)


def machine() -> dict[str, Any]:
    """Return when and on what the numbers were made, which they depend on besides the solvers: no names, no paths."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "processor": platform.machine(),
        **versions(),
    }


def identity_of(problems: Sequence[AccuracyProblem], plan: Plan) -> dict[str, Any]:
    """Return what makes a benchmark the same as another, and so one that may be continued.

    Its own code belongs to it: what was judged by other adapters, or another rule, is not joined with what comes.
    """
    who, tolerances, time_limit, repeats = plan
    return {
        "versions": versions(),
        "code": code_digest(),
        "problems": [problem.name for problem in problems],
        "contestants": [contestant.name for contestant in who],
        "tolerances": list(tolerances),
        "time_limit": time_limit,
        "repeats": repeats,
    }


@functools.cache
def code_digest(package: Path = Path(batteryopt.__file__).parent) -> str:
    """Return what tells the code of a package from any other state of it: a version stays while it is worked on."""
    files = sorted(package.rglob("*.py"))
    return digest(b"".join(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes() for path in files))


def judge_problem(problem: AccuracyProblem, plan: Plan) -> list[Row]:
    """Return a row a run of one problem."""
    who, tolerances, time_limit, repeats = plan
    truth, shape = problem.find_truth(), shape_of(problem.build(), problem.levels, problem.kind)
    rows: list[Row] = []
    for contestant in (c for c in who if c.levels == problem.levels):
        row: Row | None = None
        for tolerance in tolerances:
            if row is not None and row["verdict"] in REFUSALS:  # no tolerance would change that
                row = {**row, "tolerance": tolerance}
            else:
                one = functools.partial(judge_run, problem, truth, contestant, tolerance, time_limit, shape=shape)
                row = repeated([one() for _ in range(repeats)])
            rows.append(row)
    return rows


def repeated(rows: Sequence[Row]) -> Row:
    """Return one row of several runs of the same: the worst of them, with the median of the times and all of these."""
    worst = max(rows, key=lambda row: RANK[row["verdict"]])
    times = [row["seconds"] for row in rows]
    return {**worst, "seconds": statistics.median(times), "all_seconds": json.dumps([round(t, 6) for t in times])}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop what compiled code prints, on stdout and stderr: thousands of lines where a model is hard."""
    kept = []
    try:
        for stream in (1, 2):
            kept.append((stream, os.dup(stream)))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream, _ in kept:
            os.dup2(nowhere, stream)
        os.close(nowhere)
        yield
    finally:
        for stream, copy in kept:
            os.dup2(copy, stream)
            os.close(copy)


def judge_run(
    problem: AccuracyProblem,
    truth: Truth,
    contestant: Contestant,
    tolerance: float,
    time_limit: float = TIME_LIMIT,
    *,
    shape: ProblemShape | None = None,
) -> Row:
    """Return the row of one run; `shape` spares asking the model for it."""
    model = problem.build()
    shape = shape or shape_of(model, problem.levels, problem.kind)
    begin, began = time.perf_counter(), time.process_time()
    word, refusal, message = None, None, ""
    try:
        with _silence(), noting_interrupts():
            refuse_half_a_model(contestant, model)
            word = contestant.solve(model, tolerance, float(time_limit))
    except BatteryOptError as error:
        refusal, message = ContestVerdict.REFUSED, str(error)
    except PyomoException as error:  # the model was not handed over
        refusal, message = ContestVerdict.INTERFACE, f"{type(error).__name__}: {error}"
    except ValueError as error:  # what adapters raise for an option
        refusal, message = ContestVerdict.OUT_OF_RANGE, str(error)
    except Exception as error:  # a contestant that breaks down has failed, and has not hidden it
        refusal, message = ContestVerdict.HONEST_FAILURE, f"{type(error).__name__}: {error}"
    seconds, processor = time.perf_counter() - begin, time.process_time() - began
    if word is None:
        failed = StopReason.NUMERICAL_TROUBLE
        word = Word(solver=contestant.name, stop_reason=failed, point_status=PointStatus.NONE, seconds=seconds)
    errors = errors_of(truth, model) if word.point_status is not PointStatus.NONE else Errors()
    duals = duals_judged(truth, word, model)
    excess = bound_excess(truth, word.bound)
    verdict = refusal or verdict_of(truth, word, errors, excess, tolerance)
    return {
        "family": problem.family,
        "problem": problem.name,
        "variant": problem.variant,
        "size": problem.size,
        "levels": problem.levels,
        "class": shape.kind.value,
        "rows": shape.rows,
        "columns": shape.columns,
        "seed": problem.seed,
        "sense": "maximise" if truth.maximise else "minimise",
        "what_there_is": truth.kind.value,
        "contestant": contestant.name,
        "track": track_of(contestant).value,
        "solver": word.solver,
        "version": word.version,
        "tolerance": tolerance,
        "time_limit": time_limit,
        "threads": THREADS,
        "options": json.dumps(dict(word.options)),
        "raw_status": word.raw_status[:200],
        "stop_reason": word.stop_reason.value if verdict.is_run else "",
        "point_status": word.point_status.value,
        "verdict": verdict.value,
        "objective": errors.value,
        "reference": math.nan if truth.objective is None else float(truth.objective),
        "bound": math.nan if word.bound is None else word.bound,
        "objective_error": errors.objective,
        "decision_error": errors.decisions,
        "profit_error": errors.profits,
        "violation": errors.violation,
        "stationarity": errors.stationarity,
        "follower_gain": errors.follower_gain,
        "nearby_gain": errors.nearby_gain,
        **_on_duals(duals, tolerance),
        "bound_excess": excess,
        "seconds": seconds,
        "all_seconds": json.dumps([round(seconds, 6)]),
        "cpu_seconds": processor,
        "iterations": word.iterations,
        "message": message[:200],
    }


def _on_duals(found: DualErrors, tolerance: float) -> Row:
    """Return the cells on duals: empty where the contestant claimed no optimum, or gave none."""
    verdict = ("right" if found.are_within(allowed_at(tolerance)) else "wrong") if found.are_known else ""
    return {
        "dual_verdict": verdict,
        "dual_residual": found.residual,
        "complementarity": found.complementarity,
        "duality_gap": found.gap,
    }
