"""From a formulation to an answer: searched, read back into tables, judged, and its bound tried from outside."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.bound_checks import JUDGING, AsAsked, money_checks, seconds_to_try, tried_from_outside
from batteryopt.network.data.geography import flat_positions
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.judge.check import check
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.earlier import EarlierFacilities
from batteryopt.network.search.search import Found, search
from batteryopt.network.search.searched_problem import Problem, make_problem
from batteryopt.network.search.warm import point_of
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Adapter, Options, Progress, ProgressListener
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.solvers.highs.highs_run import version as highs_version

MOST_FOR_JUDGING = 0.25
"""Part of the time limit that is left for tables, check and output at most."""


def answer(
    network: Network,
    m: Formulation,
    weights: Mapping[Objective, float],
    options: Options,
    *,
    began: float,
    extra: QuadraticProgram | None = None,
    on_progress: ProgressListener | None = None,
) -> NetworkAnswer:
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
    earlier: EarlierFacilities | None = None,
    adapter: Adapter | None = None,
    on_progress: ProgressListener | None = None,
) -> tuple[NetworkAnswer, Floats | None]:
    """Return the answer to a formulation, and the values of its variables, from which another search can start.

    Parameters
    ----------
    start
        Values that are known to be feasible, the further rows included.
    earlier
        Facilities to begin from, where there are no such values.
    adapter
        Another solver than HiGHS for the tree.
    """
    problem = make_problem(m, weighted(m, weights), extra=extra)
    building = time.monotonic() - began
    most, options = options.iteration_limit, dataclasses.replace(options, iteration_limit=None)
    with catching_interrupt():  # to the end, tables and check included: an interrupt ends the search and loses nothing
        told = on_progress
        found, x = _searched(network, m, problem, weights, options, most, began, start, earlier, adapter, told)
        if extra is None and found.solution is not None and found.certificate.passed and found.run.bound is not None:
            seconds = seconds_to_try(options, began, building)
            tried = Certificate()
            with contextlib.suppress(MemoryError):  # the answer stands without this further look at its bound
                tried = tried_from_outside(m, found.solution, weights, found.run, seconds)
            found = dataclasses.replace(found, certificate=found.certificate + tried)
        return found, x


def _searched(
    network: Network,
    m: Formulation,
    problem: Problem,
    weights: Mapping[Objective, float],
    options: Options,
    most: int | None,
    began: float,
    start: Floats | None,
    earlier: EarlierFacilities | None,
    adapter: Adapter | None,
    on_progress: ProgressListener | None,
) -> tuple[NetworkAnswer, Floats | None]:
    units, building = AsAsked(problem, weights), time.monotonic() - began
    options = dataclasses.replace(options, absolute_gap=options.absolute_gap / problem.money)
    searching = _for_the_search(options, building)
    start = None if start is None else problem.units.inside(start)

    def told(progress: Progress) -> None:
        if on_progress is not None:
            seconds, value = time.monotonic() - began, units.if_any(progress.objective)
            bound = units.if_any(progress.bound)
            on_progress(Progress(seconds=seconds, objective=value, bound=bound, doing=progress.doing))

    if start is None and earlier is not None:
        start = _begun(problem, earlier, searching, told)
    searching = dataclasses.replace(searching, iteration_limit=most)
    if adapter is None:
        positions = flat_positions(network)
        found = search(problem, searching, began=began, positions=positions, start=start, on_progress=told)
    else:
        from batteryopt.network.search.elsewhere import search_elsewhere

        found = search_elsewhere(problem, adapter, searching, began=began, on_progress=told)
    run = _run(found, units, time.monotonic() - began, adapter)
    x = None if found.x is None else problem.units.outside(found.x)
    solution = None if x is None else to_solution(m, network, x)
    answer = NetworkAnswer(
        network=network,
        objective_kind=weights,
        solution=solution,
        run=run,
        root_bound=units.if_any(found.root_bound),
        bound_rests_on=found.rests_on,
    )
    if solution is None:
        left = options.after(time.monotonic() - began)
        return _explained(dataclasses.replace(answer, reason=_reason(run)), m, left), None
    certificate = check(solution) + money_checks(problem, found, solution, weights, units)
    return dataclasses.replace(answer, certificate=certificate), x


def _explained(answer: NetworkAnswer, m: Formulation, options: Options) -> NetworkAnswer:
    """Return an answer without a plan with what stands in its way, where it is proven that there is none."""
    if not answer.run.stop_reason.is_no_solution:
        return answer
    from batteryopt.network.studies.infeasibility import explain

    why = explain(m, options)
    return dataclasses.replace(answer, conflicts=why.missed, opposed=why.opposed)


def _begun(problem: Problem, earlier: EarlierFacilities, options: Options, told: ProgressListener) -> Floats | None:
    """Return a feasible point with an earlier plan's facilities, and tell whether there is one."""
    x = point_of(problem, earlier.plan, options.time_limit) if earlier.fits else None
    doing = f"begun from the earlier plan: {earlier.words}"
    if x is None:
        doing = f"the earlier plan does not fit and is ignored: {earlier.words}"
    told(Progress(seconds=0.0, objective=None if x is None else problem.core.objective(x), bound=None, doing=doing))
    return x


def _run(found: Found, units: AsAsked, seconds: float, adapter: Adapter | None) -> Run:
    return Run(
        route=Route.OPTIMIZER,
        solver=f"highs {highs_version()}" if adapter is None else f"{adapter.name} {adapter.version()}",
        stop_reason=found.stop_reason,
        point_status=found.point_status,
        bound=units.if_any(found.bound),
        seconds=seconds,
    )


def _for_the_search(options: Options, building: float) -> Options:
    """Return the options of the search: its time limit leaves what tables, check and JSON of a plan will take.

    That grows with the model as building it does, and on a busy machine both take longer.
    """
    if options.time_limit is None:
        return options
    kept = min(JUDGING * building, MOST_FOR_JUDGING * options.time_limit)
    return dataclasses.replace(options, time_limit=options.time_limit - kept)


def _reason(run: Run) -> str:
    if run.stop_reason is StopReason.INFEASIBLE:
        return "no plan meets all rules: see what conflicts, and by how much"
    if run.stop_reason is StopReason.MEMORY_LIMIT:
        return "memory ran out before a plan was found: a smaller network and fewer threads need less"
    if run.point_status is PointStatus.NONE and run.stop_reason.is_limit:
        ended = "before it was interrupted" if run.stop_reason is StopReason.INTERRUPTED else "in time"
        return f"no plan was found {ended}: give more time, or soften rules with a penalty"
    return f"no plan: {run.stop_reason.value}"
