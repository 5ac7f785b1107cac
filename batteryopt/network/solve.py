"""Solving a network: an instance in, a checked plan with a proven bound out."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from batteryopt.certificate import Certificate, Check
from batteryopt.network.answer import Answer, value_of
from batteryopt.network.check import check
from batteryopt.network.infeasibility import explain
from batteryopt.network.instance import Network
from batteryopt.network.model.algebra import Floats, Formulation
from batteryopt.network.model.build import build
from batteryopt.network.model.extract import to_solution
from batteryopt.network.model.fix import fix_facilities
from batteryopt.network.model.objective import harden, weighted
from batteryopt.network.objective import Objective
from batteryopt.network.search.arrays import Problem, make_problem
from batteryopt.network.search.search import Found, search
from batteryopt.network.solution import Solution
from batteryopt.run import Route, Run
from batteryopt.solvers.adapter import Options, Progress, ProgressListener
from batteryopt.solvers.arrays import QuadraticProgram
from batteryopt.solvers.highs_run import version as highs_version
from batteryopt.status import PointStatus, StopReason

GAP = 1e-4
"""Relative gap at which a plan is good enough, unless asked otherwise."""
BOUND_TOLERANCE = 1e-6


def solve(
    network: Network,
    *,
    objective: Objective | Mapping[Objective, float] = Objective.COST,
    gap: float = GAP,
    time_limit: float | None = None,
    threads: int | None = None,
    facilities: Solution | None = None,
    is_tight: bool = True,
    on_progress: ProgressListener | None = None,
) -> Answer:
    """Return the best plan of a network, with a proven bound and a certificate.

    Parameters
    ----------
    objective
        What to minimise (collection: maximise), or weights of several. Where cost is not among them nothing would
        keep the soft rules, so that they are made hard.
    gap
        Relative gap at which to stop; 0 for exact answers.
    time_limit
        Seconds; the best plan by then is returned with its bound.
    facilities
        A plan whose facilities are kept as they are: only the flows are decided.
    is_tight
        False leaves out cuts and reachable-mass bounds, for comparison.
    on_progress
        Told of better plans and bounds.
    """
    began = time.monotonic()
    weights = {objective: 1.0} if isinstance(objective, Objective) else dict(objective)
    m = formulate(network, weights, facilities=facilities, is_tight=is_tight)
    options = Options(relative_gap=gap, threads=threads, time_limit=time_limit)
    return answer(network, m, weights, options, began=began, on_progress=on_progress)


def formulate(
    network: Network, weights: Mapping[Objective, float], *, facilities: Solution | None = None, is_tight: bool = True
) -> Formulation:
    """Return the formulation for an objective: with facilities kept, and soft rules made hard where cost is absent."""
    m = build(network, is_tight=is_tight)
    if facilities is not None:
        fix_facilities(m, facilities)
    if Objective.COST not in weights:
        harden(m)
    return m


def answer(
    network: Network,
    m: Formulation,
    weights: Mapping[Objective, float],
    options: Options,
    *,
    began: float,
    extra: QuadraticProgram | None = None,
    on_progress: ProgressListener | None = None,
) -> Answer:
    """Return the answer to a formulation, with further rows where there are any."""
    found, _ = answer_with_point(network, m, weights, options, began=began, extra=extra, on_progress=on_progress)
    return found


def answer_with_point(
    network: Network,
    m: Formulation,
    weights: Mapping[Objective, float],
    options: Options,
    *,
    began: float,
    extra: QuadraticProgram | None = None,
    start: Floats | None = None,
    on_progress: ProgressListener | None = None,
) -> tuple[Answer, Floats | None]:
    """Return the answer to a formulation, and the values of its variables, from which another search can start.

    Parameters
    ----------
    start
        Values that are known to be feasible, the further rows included.
    """
    problem = make_problem(m, weighted(m, weights), extra=extra)
    sign = -1.0 if tuple(weights) == (Objective.COLLECTION,) else 1.0

    def told(progress: Progress) -> None:
        values = (None if v is None else sign * v * problem.scale for v in (progress.objective, progress.bound))
        value, bound = values
        if on_progress is not None:
            on_progress(Progress(seconds=time.monotonic() - began, objective=value, bound=bound))

    found = search(problem, options, began=began, positions=_positions(network), start=start, on_progress=told)
    run = _run(problem, found, sign, time.monotonic() - began)
    root = None if found.root_bound is None else float(sign * found.root_bound * problem.scale)
    if found.x is None:
        conflicts = explain(m, options) if run.stop_reason.is_no_solution else ()
        return Answer(
            network=network,
            objective_kind=weights,
            solution=None,
            run=run,
            root_bound=root,
            conflicts=conflicts,
            reason=_reason(run),
        ), None
    solution = to_solution(m, network, found.x)
    certificate = check(solution) + _money_checks(problem, found, solution, weights, sign)
    return Answer(
        network=network,
        objective_kind=weights,
        solution=solution,
        run=run,
        root_bound=root,
        certificate=certificate,
    ), found.x


def _positions(network: Network) -> np.typing.NDArray[np.float64] | None:
    """Return coordinates of the sites for searches by region, stretched so that a degree is as long both ways."""
    pairs = [(site.latitude_deg, site.longitude_deg) for site in network.sites]
    if any(value is None for pair in pairs for value in pair):
        return None
    degrees = np.array(pairs, dtype=float)
    degrees[:, 1] *= np.cos(np.radians(degrees[:, 0].mean()))
    return degrees


def _run(problem: Problem, found: Found, sign: float, seconds: float) -> Run:
    return Run(
        route=Route.OPTIMIZER,
        solver=f"highs {highs_version()}",
        stop_reason=found.stop_reason,
        point_status=found.point_status,
        bound=None if found.bound is None else float(sign * found.bound * problem.scale),
        seconds=seconds,
    )


def _money_checks(
    problem: Problem, found: Found, solution: Solution, weights: Mapping[Objective, float], sign: float
) -> Certificate:
    """Return whether the model's objective is the tables' own, and whether both bounds are on the right side of it."""
    value = value_of(solution, weights)
    assert found.x is not None
    reported = sign * problem.core.objective(found.x) * problem.scale
    size = max(1.0, sum(map(abs, solution.cost_terms.values())) if Objective.COST in weights else abs(value))
    checks = [
        Check(
            name="objective-recomputed",
            residual=abs(value - reported) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"from tables {value:.10g}, from the model {reported:.10g}",
        )
    ]
    bounds = {"bound-below-the-objective": found.bound, "bound-from-duals-below-the-objective": found.root_bound}
    for name, bound in bounds.items():
        if bound is not None:
            beyond = max(0.0, bound * problem.scale - sign * value)
            checks.append(Check(name=name, residual=beyond / size, tolerance=BOUND_TOLERANCE, detail=f"{bound:.10g}"))
    return Certificate(tuple(checks))


def _reason(run: Run) -> str:
    if run.stop_reason is StopReason.INFEASIBLE:
        return "no plan meets all rules: see what conflicts, and by how much"
    if run.point_status is PointStatus.NONE and run.stop_reason.is_limit:
        return "no plan was found in time: give more time, or soften rules with a penalty"
    return f"no plan: {run.stop_reason.value}"
