"""One plan for all futures by mpi-sppy: `mpiexec` is started, and what it brings back is checked like any answer."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.ground.errors import Fault, InvalidInput, SolverUnavailable
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt, winding_up
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.cluster.first_prices import first_prices
from batteryopt.network.cluster.hedging import BEST_SO_FAR, BOUNDS, CYLINDERS, FIRST_STAGE, JOB, NETWORK, PRICES
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.joint_answer import JointAnswer
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.plan.gross import gross
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.solve import gaps
from batteryopt.network.tables.writer import write
from batteryopt.solvers.contract.adapter import Options, relative_gap
from batteryopt.solvers.highs.highs_arrays import solve_arrays

NAME = "mpi-sppy"
INSTALL = "pip install 'batteryopt[mpi]'"
ITERATIONS = 1000
OF_THE_TIME = 0.6
"""Part of the time limit that hub and spokes have; starting, ending and the checks in every future have the rest."""
FOR_PRICES = 0.3
"""Part of that which the first prices may take."""
GRACE = 0.25
"""Part of their time that the ranks have beyond it, for the iteration under way; then they are ended."""
SECONDS_AFTER_AN_INTERRUPT = 20.0
"""What the best plan so far has to be tried and judged in all futures."""
ROUNDING = (1e-7, 1e-5, 1e-3)
"""Distances within which sizes that were brought back are taken, until one keeps the rules: ranks round, too."""
# said where one plan for all futures is sought as without the ranks
NO_PLAN = "the ranks brought back no plan"
AGAINST_RULES = "the ranks brought back no plan that keeps the rules"
NO_TIME = "there was no time to try the ranks' plan in all futures"
CHEAPER = "the plan for the mean is cheaper than theirs"
"""Said where the time was too short for them to find a better one."""
POLL = 0.2
SHOWN = 5
"""Last lines of what the ranks said that are shown where they failed."""


def mpiexec() -> str:
    """Return the command that starts ranks.

    Raises
    ------
    SolverUnavailable
        If there is none, or no mpi-sppy: with the one command that brings both.
    """
    beside = Path(sys.executable).parent / "mpiexec"
    found = str(beside) if beside.is_file() else shutil.which("mpiexec")
    lacking = [name for name, there in (("mpiexec", found), ("mpi-sppy", _has("mpisppy")), ("mpi4py", _has("mpi4py")))
               if not there]  # fmt: skip
    if lacking or found is None:
        raise SolverUnavailable(f"{NAME}: {' and '.join(lacking)} cannot be found; {INSTALL} brings it")
    return found


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def solve_by_hedging(
    network: Network,
    *,
    ranks: int = CYLINDERS,
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> JointAnswer:
    """Return one plan for all futures of a network by progressive hedging on several ranks, checked like any other.

    Parameters
    ----------
    ranks
        Processes; a multiple of three: hub, bounds and plans have a third each.
    gap, gap_money, time_limit, threads
        As in `solve_futures`.
    announce
        Told what is begun.

    Raises
    ------
    InvalidInput
        If the ranks cannot be shared out, or the network has no futures.
    SolverUnavailable
        If mpiexec or mpi-sppy is missing, or the ranks failed: with the last that they said.
    """
    if ranks < CYLINDERS or ranks % CYLINDERS:
        remedy = "expected 3, 6, 9 ...: a third each for hedging, for bounds and for plans"
        raise InvalidInput("command line", [Fault(place="--ranks", problem=f"is {ranks}", remedy=remedy)])
    starter, began = mpiexec(), time.monotonic()
    likely = [future for future in futures_of(network) if future.probability > 0]
    relative, absolute = gaps(gap, gap_money)
    reason, found, shares = StopReason.TIME_LIMIT, None, None
    with catching_interrupt() as flag, tempfile.TemporaryDirectory(prefix="batteryopt-") as place:
        folder = Path(place)
        write(network, folder / NETWORK)
        options = Options(relative_gap=relative, threads=threads)
        limit = None if time_limit is None else OF_THE_TIME * time_limit
        announce("prices of the first stage")
        prices = first_prices(likely, options, flag, np.inf if limit is None else began + FOR_PRICES * limit)
        if prices is not None and not flag.is_set:
            np.savez(folder / PRICES, **{part.name: getattr(prices, part.name) for part in dataclasses.fields(prices)})
            limit = None if limit is None else max(1.0, began + limit - time.monotonic())
            job = {"relative_gap": relative, "time_limit": limit, "iterations": ITERATIONS}
            (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
            announce(f"{ranks} ranks of {NAME}")
            reason = _ran([starter, "-n", str(ranks), sys.executable, "-m", "mpi4py"], folder, limit, flag)
            found = _read(folder / BOUNDS)
            shares = _first_stage(folder)
        elif flag.is_set:
            reason = StopReason.INTERRUPTED
    until = np.inf if time_limit is None else began + time_limit
    if reason is StopReason.INTERRUPTED:
        until = min(until, time.monotonic() + SECONDS_AFTER_AN_INTERRUPT)
    with winding_up():
        plan = None if shares is None else _planned(network, shares, Options(relative_gap=relative, threads=threads))

        def judged(facilities: Solution | None) -> JointAnswer:
            limits: dict[str, Any] = {
                "gap": gap,
                "gap_money": gap_money,
                "time_limit": seconds_left(until, least=1.0),
                "threads": threads,
            }
            return solve_futures(network, facilities=facilities, beside_the_mean=True, announce=announce, **limits)

        kept, own_words = None, ""
        if plan is not None:
            announce("the plan in all futures")
            kept = judged(plan)
            cheaper = _mean_plan(kept)
            if cheaper is not None:
                announce(CHEAPER)
                kept, own_words = judged(cheaper), f"; {CHEAPER}"
        is_aided = kept is not None and kept.objective is not None
        unaided = "" if is_aided else _unaided(shares, plan, kept)
        if kept is None or not is_aided:
            announce(f"{unaided}: one is sought without them")
            kept = judged(None)
    options = Options(relative_gap=relative, absolute_gap=absolute)
    outer = found.get("outer") if isinstance(found, dict) else None
    solver = f"{NAME} {importlib.metadata.version(NAME)} ({ranks} ranks){own_words}"
    if not is_aided:
        solver += f"; {unaided}, it is of {kept.run.solver}"
    return _judged(kept, outer, options, reason, solver, began)


def _unaided(shares: Floats | None, plan: Solution | None, kept: JointAnswer | None) -> str:
    """Say why the plan is not of the ranks."""
    if shares is None:
        return NO_PLAN
    is_late = plan is not None and kept is not None and kept.run.stop_reason.is_limit
    return NO_TIME if is_late else AGAINST_RULES


def _mean_plan(kept: JointAnswer) -> Solution | None:
    """Return the plan for the mean where it costs less in all futures than the one that was brought back."""
    if kept.mean_value is None or kept.objective is None or kept.mean_value.value >= kept.objective:
        return None
    plans = [outcome.mean_plan.solution for outcome in kept.outcomes if outcome.mean_plan is not None]
    return plans[0] if plans else None


def _ran(command: list[str], folder: Path, limit: float | None, flag: InterruptFlag) -> StopReason:
    """Run the ranks to their end, or until somebody or the time ends them."""
    words = [*command, "-m", "batteryopt.network.cluster.hedging", str(folder)]
    own = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    own |= {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    known = (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH"))
    own["PYTHONPATH"] = os.pathsep.join(filter(None, known))  # ranks stand in a folder of their own, for their logs
    until = np.inf if limit is None else time.monotonic() + (1.0 + GRACE) * limit
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            words, stdout=said, stderr=subprocess.STDOUT, cwd=folder, env=own, start_new_session=True
        )
        try:
            while process.poll() is None and not flag.is_set and time.monotonic() < until:
                time.sleep(POLL)
        finally:
            is_ended = process.poll() is None
            if is_ended:
                process.terminate()
                process.wait()
        if is_ended:
            return StopReason.INTERRUPTED if flag.is_set else StopReason.TIME_LIMIT
        if process.returncode:
            raise SolverUnavailable(f"{NAME}: the ranks failed: {' / '.join(_last(said))}")
    return StopReason.CONVERGED


def _last(said: IO[str]) -> Iterator[str]:
    said.seek(0)
    lines = [line.strip() for line in said if line.strip()]
    yield from lines[-SHOWN:] or ["they said nothing"]


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _first_stage(folder: Path) -> Floats | None:
    """Return the first stage that the ranks left at their end, else the last that they left on the way; None: none."""
    shares = _read(folder / FIRST_STAGE) or _read(folder / BEST_SO_FAR)
    return np.asarray(shares, dtype=float) if shares else None


def _planned(network: Network, shares: Floats, options: Options) -> Solution | None:
    """Return a plan whose facilities are those of the first stage that was brought back; None where rules forbid it."""
    likely = next(future for future in futures_of(network) if future.probability > 0)
    for room in ROUNDING:
        m = formulate(likely.network, WEIGHTS)
        family = m.families["is_open"]
        whole = np.where(family.is_integer, np.round(shares), shares)
        off = np.where(family.is_integer, 0.0, room)
        lower, upper = (
            np.clip(whole - off, family.lower, family.upper),
            np.clip(whole + off, family.lower, family.upper),
        )
        m.families = {**m.families, "is_open": dataclasses.replace(family, lower=lower, upper=upper)}
        m.drop_choices()
        problem = make_problem(m, weighted(m, WEIGHTS))
        found = solve_arrays(problem.with_cuts(), options)
        if found.x is not None:
            return to_solution(m, likely.network, problem.units.outside(found.x))
    return None


def _judged(
    kept: JointAnswer, outer: float | None, options: Options, reason: StopReason, solver: str, began: float
) -> JointAnswer:
    """Return the plan as it was tried in all futures, with the bound that was brought back and a check of it."""
    known = None if kept.wait_and_see is None else kept.wait_and_see.least
    bounds = [bound for bound in (outer, known, kept.run.bound) if bound is not None]
    bound = max(bounds) if bounds else None
    value = kept.objective
    is_near = value is not None and options.is_near_enough(value, bound)
    stop = StopReason.CONVERGED if is_near else reason if reason.is_limit else StopReason.TIME_LIMIT
    certificate = kept.certificate
    if value is not None and outer is not None and kept.solution is not None:
        size = max(abs(value), *(gross(plan) for plan in kept.solution)) or 1.0
        check = Check(
            name="bound-below-the-objective",
            residual=max(0.0, outer - value) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"{outer:.10g} <= {value:.10g}, gap {relative_gap(value, outer) or 0.0:.2%}",
        )
        certificate += Certificate((check, *_mean_check(kept, outer, size)))
    run = dataclasses.replace(
        kept.run,
        solver=solver,
        stop_reason=kept.run.stop_reason if value is None else stop,
        point_status=PointStatus.NONE if value is None else PointStatus.OPTIMAL if is_near else PointStatus.FEASIBLE,
        bound=bound,
        seconds=time.monotonic() - began,
    )
    return dataclasses.replace(kept, run=run, certificate=certificate, is_kept=False)


def _mean_check(kept: JointAnswer, outer: float, size: float) -> list[Check]:
    """Return whether the bound is below what the mean future's plan costs too, where it has a plan in all futures."""
    if kept.mean_value is None:
        return []
    mean = kept.mean_value.value
    return [
        Check(
            name="the-mean-plan-is-no-cheaper",
            residual=max(0.0, outer - mean) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"{outer:.10g} <= {mean:.10g}",
        )
    ]
