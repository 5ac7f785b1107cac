"""Running contestants on a case, each in a process of its own, and keeping what they did."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batteryopt.ground.files import write_atomically
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.pyomo_model import to_pyomo
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.solve import solve
from batteryopt.report.saved import json_text
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.contract.provenance import versions
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.through_pyomo.pyomo_solver import PyomoAdapter
from benchmarks.location.cases import PEERS, Case
from benchmarks.network import largest_memory_mb

OURS = "batteryopt"
RESULTS = Path(__file__).parents[1] / "results"

Row = dict[str, Any]
"""Seconds of wall and processor, memory, objective, bound and the gross money where it is known."""


def measured(case: Case, *, with_peers: bool = True) -> Iterator[tuple[str, Row]]:
    """Yield what each contestant did, ours first: its plan says how much money moves."""
    ours = _alone(_ours, case, case.share_of_gross)
    yield OURS, ours
    theirs = case.for_peers(ours["seconds"])
    for peer in case.peers if with_peers else ():
        row = _alone(CONTESTANTS[peer], theirs, case.share_of_gross * ours["gross"])
        yield peer, row | {"gross": ours["gross"], "limit": theirs.seconds}


def _alone(work: Callable[[Case, float], Row], case: Case, amount: float) -> Row:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        return pool.submit(_timed, work, case, amount).result()


def _timed(work: Callable[[Case, float], Row], case: Case, amount: float) -> Row:
    """Return a contestant's row with the time that reading, building and solving took together."""
    wall, processor = time.perf_counter(), time.process_time()
    row = work(case, amount)
    seconds = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    return seconds | {"memory_mb": largest_memory_mb(), **row}


def _ours(case: Case, share: float) -> Row:
    """Solve; where the goal is a share of gross money, to the amount that a first look at the money says."""
    network = case.network()
    money = None
    if share:  # revenues are the larger part of what moves, whatever is built: a careful guess from below
        most = sum(row.tonnes[-1] if isinstance(row.tonnes, tuple) else row.tonnes for row in network.returns)
        money = share * 2_500.0 * most
    answer = solve(network, gap=case.gap or None, gap_money=money, time_limit=case.seconds, threads=case.threads)
    return {"objective": answer.objective, "bound": answer.run.bound, "gross": answer.gross, "root": answer.root_bound}


def _usual_form(case: Case, amount: float) -> Row:
    m = build(case.network(), is_tight=False)
    costs = costs_of(m, Objective.COST)
    model = to_pyomo(m, costs.vector, constant=costs.constant)
    report = PyomoAdapter("appsi_highs").solve(model, _options(case, amount))
    return {"objective": report.objective, "bound": report.bound}


def _our_arrays(case: Case, amount: float) -> Row:
    m = build(case.network())
    problem = make_problem(m, costs_of(m, Objective.COST))
    found = solve_arrays(problem.with_cuts(), _options(case, amount / problem.money))
    objective = None if found.x is None else problem.core.objective(found.x) * problem.money
    return {"objective": objective, "bound": None if found.bound is None else found.bound * problem.money}


def _options(case: Case, amount: float) -> Options:
    return Options(time_limit=case.seconds, relative_gap=case.gap, absolute_gap=amount, threads=case.threads)


def _scip(case: Case, amount: float) -> Row:
    answer = solve(
        case.network(),
        gap=case.gap or None,
        gap_money=amount or None,
        time_limit=case.seconds,
        threads=case.threads,
        solver="scip",
    )
    return {"objective": answer.objective, "bound": answer.run.bound}


CONTESTANTS = dict(zip(PEERS, (_usual_form, _our_arrays, _scip), strict=True))


def merged_into_results(case: Case, contestant: str, row: Row, folder: Path = RESULTS) -> None:
    """Write a row beside what the file has of the others, with what a time means nothing without."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{case.results}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    where = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
        "load": load,
        "versions": versions(),
    }
    entry = kept.setdefault(case.name, {"contestants": {}})
    entry |= {"goal": case.goal, "limit": case.seconds}
    entry["contestants"][contestant] = row | where
    write_atomically(path, json_text(kept))
