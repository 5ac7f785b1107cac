"""Solving a network: an instance in, a checked plan with a proven bound out."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.geography import flat_positions
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.judge.check import check
from batteryopt.network.plan.answer import BOUND, ROOT_BOUND, NetworkAnswer, value_of
from batteryopt.network.plan.earlier import EarlierFacilities, start_of
from batteryopt.network.plan.gross import size_of
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.outside import LEAST_SECONDS, MOST_SECONDS, SHARE, improved, wider
from batteryopt.network.search.search import Found, search
from batteryopt.network.search.searched_problem import Problem, make_problem
from batteryopt.network.search.warm import point_of
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Adapter, Capability, Options, Progress, ProgressListener
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.solvers.highs.highs_run import version as highs_version

if TYPE_CHECKING:
    from batteryopt.network.formulation.added import Added, RuleFunction

JUDGING = 2.0
"""Times that building the model took which tables, check and output of its plan take, measured on large networks."""
MOST_FOR_JUDGING = 0.25
"""Part of the time limit that is left for them at most."""
GAP = 1e-4
"""Relative gap at which a plan is good enough, unless asked otherwise."""


def solve(
    network: Network,
    *,
    objective: Objective | Mapping[Objective, float] = Objective.COST,
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    facilities: Solution | None = None,
    start: Solution | EarlierFacilities | None = None,
    is_tight: bool = True,
    rules: RuleFunction | None = None,
    solver: str | None = None,
    on_progress: ProgressListener | None = None,
) -> NetworkAnswer:
    """Return the best plan of a network, with a proven bound and a certificate.

    Parameters
    ----------
    objective
        What to minimise (collection: maximise), or weights of several. Where cost is not among them nothing would
        keep the soft rules, so that they are made hard.
    gap
        Relative gap at which to stop; 0 for exact answers. `GAP` unless one is asked for.
    gap_money
        Stop when no plan can be better by more than this, in the network's currency: beside `gap` where both are
        given, else instead of it. Of an objective without cost it says nothing.
    time_limit
        Seconds; the best plan by then is returned with its bound.
    facilities
        A plan whose facilities are kept as they are: only the flows are decided.
    start
        An earlier plan to begin from, also of another network with the same names, as far as its facilities fit. The
        first progress says whether they do; where they do not it is as if there were none.
    is_tight
        False leaves out cuts and reachable-mass bounds, for comparison.
    rules
        A function that is given the network's Pyomo model without its equations, and adds rules and variables of its
        own to it; or fixes what is decided. The plan keeps them, and the certificate says so.
    solver
        Another solver than HiGHS for the tree: any name of `batteryopt.solvers.get`. It is given the whole problem
        with all cuts at once, and the bound is the one that it reports; HiGHS still solves the relaxation, whose duals
        give a second bound.
    on_progress
        Told of better plans and bounds.

    Raises
    ------
    InvalidInput
        If the network has several futures, or the rules cannot be added: with all faults, by the names in them.
    SolverUnavailable
        If the solver is not known or not installed.
    UnsupportedModel
        If the solver cannot take whole numbers, or an option.
    """
    began = time.monotonic()
    network = network.only_future
    adapter = tree_searcher(network, solver)
    weights = {objective: 1.0} if isinstance(objective, Objective) else dict(objective)
    m = tryable(network, weights, facilities=facilities, is_tight=is_tight)
    added = None if rules is None else with_rules(network, m, rules)
    relative, absolute = gaps(gap, gap_money if Objective.COST in weights else None)
    options = Options(relative_gap=relative, absolute_gap=absolute, threads=threads, time_limit=time_limit)
    earlier = start_of(network, start) if isinstance(start, Solution) else start
    found, x = answer_with_point(
        network, m, weights, options, began=began, earlier=earlier, adapter=adapter, on_progress=on_progress
    )
    return found if added is None or x is None else with_added(found, added, x)


def gaps(gap: float | None, gap_money: float | None) -> tuple[float, float]:
    """Return the relative and the absolute gap at which to stop, whichever comes first, of what was asked for."""
    if gap is None:
        gap = GAP if gap_money is None else 0.0
    return gap, gap_money or 0.0


def tryable(
    network: Network, weights: Mapping[Objective, float], *, facilities: Solution | None = None, is_tight: bool = True
) -> Formulation:
    """Return the formulation for an objective, with the wider one that its bound is tried against from outside."""
    m = formulate(network, weights, facilities=facilities, is_tight=is_tight)
    if is_tight:
        m.wider = functools.cache(lambda: wider(network, weights, facilities))
    return m


def tree_searcher(network: Network, name: str | None) -> Adapter | None:
    """Return the adapter of a solver that takes whole numbers; None for HiGHS, which is called on arrays."""
    if name in (None, "highs"):
        return None
    from batteryopt.solvers import get  # the register of all solvers, of which most networks need none

    adapter = get(str(name))
    adapter.require(Capability.INTEGER, network.name)
    return adapter


def with_rules(network: Network, m: Formulation, rules: RuleFunction) -> Added:
    """Return the user's rules, which are from now on among those of the formulation."""
    from batteryopt.network.formulation.added import add_rules  # Pyomo stays away from whoever has no rules

    added = add_rules(network, m, rules)
    m.wider = None  # a plan of the wider form need not keep the user's rules, and would accuse the bound falsely
    return added


def with_added(answer: NetworkAnswer, added: Added, x: Floats) -> NetworkAnswer:
    """Return an answer with the values of the user's variables, and whether the user's rules hold."""
    added.put(x)
    return dataclasses.replace(answer, extras=added.values(), certificate=answer.certificate + added.checks())


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
    with catching_interrupt():  # to the end, tables and check included: an interrupt ends the search and loses nothing
        found, x = _searched(network, m, problem, weights, options, began, start, earlier, adapter, on_progress)
        if extra is None and found.solution is not None and found.certificate.passed and found.run.bound is not None:
            seconds = _seconds_to_try(options, began, building)
            tried = Certificate()
            with contextlib.suppress(MemoryError):  # the answer stands without this further look at its bound
                tried = _tried_from_outside(m, found.solution, weights, found.run, seconds)
            found = dataclasses.replace(found, certificate=found.certificate + tried)
        return found, x


def _searched(
    network: Network,
    m: Formulation,
    problem: Problem,
    weights: Mapping[Objective, float],
    options: Options,
    began: float,
    start: Floats | None,
    earlier: EarlierFacilities | None,
    adapter: Adapter | None,
    on_progress: ProgressListener | None,
) -> tuple[NetworkAnswer, Floats | None]:
    units, building = _Units(problem, weights), time.monotonic() - began
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
    certificate = check(solution) + _money_checks(problem, found, solution, weights, units)
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


class _Units:
    """Between the search, which minimises in units of its own, and people, who may ask for the most collected."""

    def __init__(self, problem: Problem, weights: Mapping[Objective, float]) -> None:
        self.sign = direction(weights)
        self._factor = self.sign * problem.money

    def theirs(self, value: float) -> float:
        """Return a value of the search as people asked for it."""
        return float(self._factor * value)

    def if_any(self, value: float | None) -> float | None:
        """Return a value that may be missing."""
        return None if value is None else self.theirs(value)


def _run(found: Found, units: _Units, seconds: float, adapter: Adapter | None) -> Run:
    return Run(
        route=Route.OPTIMIZER,
        solver=f"highs {highs_version()}" if adapter is None else f"{adapter.name} {adapter.version()}",
        stop_reason=found.stop_reason,
        point_status=found.point_status,
        bound=units.if_any(found.bound),
        seconds=seconds,
    )


def _money_checks(
    problem: Problem, found: Found, solution: Solution, weights: Mapping[Objective, float], units: _Units
) -> Certificate:
    """Return whether the model's objective is the tables' own, and whether both bounds are on the right side of it."""
    assert found.x is not None
    value, reported = value_of(solution, weights), units.theirs(problem.core.objective(found.x))
    size = size_of(solution, weights, value)
    checks = [
        Check(
            name="objective-recomputed",
            residual=abs(value - reported) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"from tables {value:.10g}, from the model {reported:.10g}",
        )
    ]
    bounds = {BOUND: found.bound, ROOT_BOUND: found.root_bound}
    for name, bound in bounds.items():
        if bound is not None:
            beyond = max(0.0, units.sign * (units.theirs(bound) - value))
            checks.append(Check(name=name, residual=beyond / size, tolerance=BOUND_TOLERANCE, detail=f"{bound:.10g}"))
    return Certificate(tuple(checks))


def _seconds_to_try(options: Options, began: float, building: float) -> float:
    """Return the seconds in which a bound may be tried from outside; perhaps less than none.

    The wider model is built for it first, and the plan that it finds is judged like any.
    """
    spent = time.monotonic() - began
    left = np.inf if options.time_limit is None else options.time_limit - spent - (1.0 + JUDGING) * building
    return float(min(np.clip(SHARE * spent, LEAST_SECONDS, MOST_SECONDS), left))


def _for_the_search(options: Options, building: float) -> Options:
    """Return the options of the search: its time limit leaves what tables, check and JSON of a plan will take.

    That grows with the model as building it does, and on a busy machine both take longer.
    """
    if options.time_limit is None:
        return options
    kept = min(JUDGING * building, MOST_FOR_JUDGING * options.time_limit)
    return dataclasses.replace(options, time_limit=options.time_limit - kept)


def _tried_from_outside(
    m: Formulation, plan: Solution, weights: Mapping[Objective, float], run: Run, seconds: float
) -> Certificate:
    """Return whether the bound holds against a plan that a wider model finds; nothing where there is no time to try.

    Only what passes the check itself counts: a wider model that lets too much through accuses nobody.
    """
    if m.wider is None or seconds < LEAST_SECONDS or run.bound is None:
        return Certificate()
    until, wide = time.monotonic() + seconds, m.wider()
    found = improved(plan.network, wide, plan, weights, max(until - time.monotonic(), LEAST_SECONDS / 2))
    if found is None or not check(found).passed:
        return Certificate()
    value = value_of(found, weights)
    beyond = max(0.0, direction(weights) * (run.bound - value))
    return Certificate(
        (
            Check(
                name="bound-holds-against-a-wider-model",
                residual=beyond / size_of(found, weights, value),
                tolerance=BOUND_TOLERANCE,
                detail=f"bound {run.bound:.10g}, best of a model without cuts and mass bounds {value:.10g}",
            ),
        )
    )


def direction(weights: Mapping[Objective, float]) -> float:
    """Return -1 where people ask for the most of an objective, 1 where for the least."""
    return -1.0 if tuple(weights) == (Objective.COLLECTION,) else 1.0


def _reason(run: Run) -> str:
    if run.stop_reason is StopReason.INFEASIBLE:
        return "no plan meets all rules: see what conflicts, and by how much"
    if run.stop_reason is StopReason.MEMORY_LIMIT:
        return "memory ran out before a plan was found: a smaller network and fewer threads need less"
    if run.point_status is PointStatus.NONE and run.stop_reason.is_limit:
        ended = "before it was interrupted" if run.stop_reason is StopReason.INTERRUPTED else "in time"
        return f"no plan was found {ended}: give more time, or soften rules with a penalty"
    return f"no plan: {run.stop_reason.value}"
