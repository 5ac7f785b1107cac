"""The order of the search: relaxation with cuts, a dive, searches around the plan, and the whole tree where it fits."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.improve import clock, distances, idle_flows, improve, neighbourhoods, split
from batteryopt.network.search.lagrangian.pursuit import Prices, search_by_prices
from batteryopt.network.search.plunge import NEARLY, plunge
from batteryopt.network.search.relaxation import Relaxation
from batteryopt.network.search.searched_problem import Problem, dual_bound
from batteryopt.network.search.shifted import shift_openings
from batteryopt.network.search.start import dive
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

TINY = 2_500
"""Non-zeros up to which the whole tree is searched at once, with all cuts."""
SMALL = 120_000
"""Non-zeros up to which the tree follows on the relaxation and a plan from it, without searches around the plan.

Since cuts leave little between relaxation and plan, the tree at once proves three networks of 85,000 to 111,000
non-zeros (the province, the capitals, Germany) in a third to a ninth of the processor's seconds. Beyond that nobody has
measured.
"""
LARGE = 300_000
"""Non-zeros beyond which a tree of the whole problem is only begun where nothing else is left to try, and time is."""
ENOUGH_FOR_A_LARGE_TREE = 0.25
"""Part of the time limit that must be left for that."""
SHARES = {"first": 0.25, "relaxation": 0.4, "dive": 0.5, "around": 0.95}
"""Parts of the time limit by which each phase is over."""
WITHOUT_A_PLAN = 0.85
"""Part of the time limit that dives have as long as there is no plan: a tree would hardly find one sooner."""
PRESSED = 0.1
"""Part of the time limit after which, with the relaxation without cuts solved, a quick plan comes before the cuts."""
BEFORE_THE_TREE = 0.12
"""Part of the time limit that searching around a plan takes where a tree of the whole problem follows."""
SECONDS_FOR_A_PLAN = 1.0
"""What the tree has at least, even beyond the time limit, where there is no plan yet."""
LEAST_SECONDS = 0.05
"""Less is not worth beginning a tree for, where there is a plan."""
PASS = 12
"""Searches around a plan that count as a full pass."""
STALLED = 1e-4
"""Relative gain over a full pass below which searching around the plan ends."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, in the problem's own units.

    Attributes
    ----------
    bound
        The best proven lower bound.
    root_bound
        What the relaxation's duals, or prices of nodes, prove, evaluated without the solver.
    rests_on
        What the bound rests on, in words; empty where there is none.
    """

    stop_reason: StopReason
    point_status: PointStatus
    x: Floats | None = None
    bound: float | None = None
    root_bound: float | None = None
    rests_on: str = ""


DUALS, TREE = "duals of the relaxation, evaluated without the solver", "the tree of HiGHS"
"""What bounds rest on."""


def search(
    problem: Problem,
    options: Options,
    *,
    began: float,
    positions: Floats | None = None,
    start: Floats | None = None,
    on_progress: ProgressListener | None = None,
) -> Found:
    """Return the best point of a problem and its bound, within the time limit counted from `began`.

    Parameters
    ----------
    options
        Its iteration limit is one of steps: of prices, searches around a plan, nodes of trees.
    start
        A point that is known to be feasible: the best so far.
    """
    whole = problem.with_cuts()
    effort, limit = Effort(options.iteration_limit), options.iteration_limit
    options = dataclasses.replace(options, iteration_limit=None)  # of linear programs it would mean another thing
    with catching_interrupt() as flag:  # one for all phases: who asks once asks each of them
        if whole.A.nnz <= TINY or not whole.has_integers:
            root = root_bound_of(whole, options, began)
            if flag.is_set:
                objective = None if start is None else whole.objective(start)
                return _held(start, objective, root, options, StopReason.INTERRUPTED)
            limited = dataclasses.replace(options, iteration_limit=limit)
            return _tree(whole, limited, began, start, on_progress, root=root)
        by_prices = search_by_prices(problem, options, began, start, flag, on_progress, effort)
        if by_prices is not None and by_prices.is_over:
            return _of_prices(by_prices, options, _why(flag, effort))
        hunt = _Hunt(problem, options, began, positions, flag, on_progress, effort)
        hunt.x = start if by_prices is None or by_prices.x is None else by_prices.x
        try:
            with contextlib.suppress(KeyboardInterrupt):  # asked twice, or not heeded: the best so far is kept
                hunt.go()
        except MemoryError:
            return hunt.held(StopReason.MEMORY_LIMIT)
        return _better_bound(hunt.finish(), by_prices)


def _why(flag: InterruptFlag, effort: Effort) -> StopReason:
    """Return what ends a search that has not reached its gap."""
    if flag.is_set:
        return StopReason.INTERRUPTED
    return StopReason.ITERATION_LIMIT if effort.is_spent else StopReason.TIME_LIMIT


def _of_prices(found: Prices, options: Options, why: StopReason) -> Found:
    """Return what a search by prices ended with."""
    is_optimal = options.is_near_enough(found.objective, found.bound)
    status = PointStatus.OPTIMAL if is_optimal else PointStatus.FEASIBLE
    return Found(
        stop_reason=StopReason.CONVERGED if is_optimal else why,
        point_status=PointStatus.NONE if found.x is None else status,
        x=found.x,
        bound=_known(found.bound),
        root_bound=_known(found.proven),
        rests_on=found.rests_on,
    )


def _better_bound(found: Found, prices: Prices | None) -> Found:
    """Return what was found, with the bound of prices where that is the better one."""
    if prices is None or found.stop_reason.is_no_solution or (found.bound is not None and found.bound >= prices.bound):
        return found
    return dataclasses.replace(found, bound=_known(prices.bound), rests_on=prices.rests_on)


def root_bound_of(program: QuadraticProgram, options: Options, began: float) -> float | None:
    """Return the bound that the duals of the linear relaxation prove; None where it has no optimum, or not in time."""
    left = _left(options, began)
    limit = None if left is None else max(left, SECONDS_FOR_A_PLAN)
    relaxed = dataclasses.replace(options, relative_gap=0.0, time_limit=limit)
    try:
        duals = solve_arrays(program.relaxed(), relaxed).row_duals
    except KeyboardInterrupt:  # the flag says so too
        return None
    except MemoryError:  # the tree may need less, without a bound to begin from
        return None
    return None if duals is None else _known(dual_bound(program, duals))


def _left(options: Options, began: float) -> float | None:
    """Return the seconds that are left, perhaps less than none; None without a limit."""
    return None if options.time_limit is None else options.time_limit - (time.monotonic() - began)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _held(x: Floats | None, objective: float | None, root: float | None, options: Options, why: StopReason) -> Found:
    """Return the best point as it is: proven where the relaxation's bound is near enough, else stopped for a reason."""
    is_optimal = options.is_near_enough(objective, root)
    status = PointStatus.OPTIMAL if is_optimal else PointStatus.FEASIBLE
    return Found(
        stop_reason=StopReason.CONVERGED if is_optimal else why,
        point_status=PointStatus.NONE if x is None else status,
        x=x,
        bound=root,
        root_bound=root,
        rests_on="" if root is None else DUALS,
    )


def _tree(
    program: QuadraticProgram,
    options: Options,
    began: float,
    start: Floats | None,
    on_progress: ProgressListener | None,
    *,
    root: float | None,
) -> Found:
    """Search the whole tree in the time that is left, and a moment longer where there is no plan yet."""
    left = _left(options, began)
    if left is not None and start is not None and left < LEAST_SECONDS:
        return _held(start, program.objective(start), root, options, StopReason.TIME_LIMIT)
    left = left if left is None or start is not None else max(left, SECONDS_FOR_A_PLAN)
    limited = dataclasses.replace(options, time_limit=left)
    try:
        found = _solved(program, limited, start, _beside(on_progress, began, program, start, root))
    except (KeyboardInterrupt, MemoryError) as stopped:  # asked twice, or not heeded; or no room for the tree
        objective = None if start is None else program.objective(start)
        is_memory = isinstance(stopped, MemoryError)
        why = StopReason.MEMORY_LIMIT if is_memory else StopReason.INTERRUPTED
        return _held(start, objective, root, options, why)
    x, status = found.x, found.point_status
    if start is not None and (x is None or program.objective(start) < program.objective(x)):
        x, status = start, PointStatus.FEASIBLE
    bounds = [b for b in (found.bound, root) if b is not None]
    bound = max(bounds) if bounds else None
    if x is not None and status is PointStatus.FEASIBLE and found.stop_reason is StopReason.CONVERGED:
        status = PointStatus.OPTIMAL if options.is_near_enough(program.objective(x), bound) else status
    rests_on = "" if bound is None else DUALS if bound == root else TREE
    return Found(
        stop_reason=found.stop_reason, point_status=status, x=x, bound=bound, root_bound=root, rests_on=rests_on
    )


def _beside(
    on_progress: ProgressListener | None,
    began: float,
    program: QuadraticProgram,
    start: Floats | None,
    root: float | None,
) -> ProgressListener | None:
    """Return a listener that is told of the tree beside what was known before it."""
    if on_progress is None:
        return None
    plan = np.inf if start is None else program.objective(start)
    proven = -np.inf if root is None else root

    def tell(progress: Progress) -> None:
        objective = plan if progress.objective is None else min(plan, progress.objective)
        bound = proven if progress.bound is None else max(proven, progress.bound)
        seconds = time.monotonic() - began
        on_progress(
            Progress(
                seconds=seconds, objective=_known(objective), bound=_known(bound), doing="the tree of all facilities"
            )
        )

    return tell


def _solved(
    program: QuadraticProgram, options: Options, start: Floats | None, on_progress: ProgressListener | None
) -> ArraySolution:
    """Return HiGHS' answer; where it contradicts itself, that of another run, without start and then without presolve.

    From some starts HiGHS presolves to a program that the start's own value shows to be another one, and claims the
    optimum of that. What such a run says of bounds is not believed.
    """
    began = time.monotonic()
    found = solve_arrays(program, options, start=start, on_progress=on_progress)
    for extra in ({}, {"presolve": "off"}):
        if found.stop_reason is not StopReason.NUMERICAL_TROUBLE:
            break
        again = dataclasses.replace(options.after(time.monotonic() - began), extra=options.extra | extra)
        found = solve_arrays(program, again, on_progress=on_progress)
    return found if found.stop_reason is not StopReason.NUMERICAL_TROUBLE else dataclasses.replace(found, bound=None)


class _Hunt:
    """A search of a problem too large for one tree: what is known so far, and what is tried next."""

    def __init__(
        self,
        problem: Problem,
        options: Options,
        began: float,
        positions: Floats | None,
        flag: InterruptFlag,
        on_progress: ProgressListener | None,
        effort: Effort,
    ) -> None:
        self.problem, self.options, self.began, self.flag = problem, options, began, flag
        self.effort = effort
        self.positions, self.on_progress = positions, on_progress
        self.relaxation = Relaxation(problem, options, flag)
        self.x: Floats | None = None
        self.doing = "the relaxation"

    def deadline(self, phase: str) -> float:
        """Return the moment by which a phase is over."""
        limit = self.options.time_limit
        share = WITHOUT_A_PLAN if self.x is None and phase in ("first", "dive") else SHARES[phase]
        return np.inf if limit is None else self.began + share * limit

    @property
    def objective(self) -> float | None:
        """Objective of the best point."""
        return None if self.x is None else self.problem.core.objective(self.x)

    def is_done(self) -> bool:
        """Whether the gap asked for is reached, no step is left, or somebody asked for the end."""
        stopped = self.flag.is_set or self.effort.is_spent
        return stopped or self.options.is_near_enough(self.objective, _known(self.relaxation.bound))

    def is_pressed(self) -> bool:
        """Whether what has been done so far took a fair part of the time limit."""
        limit = self.options.time_limit
        return limit is not None and time.monotonic() - self.began > PRESSED * limit

    def is_late(self) -> bool:
        """Whether a large tree would not come far in the time that is left."""
        limit = self.options.time_limit
        return limit is not None and time.monotonic() - self.began > (1.0 - ENOUGH_FOR_A_LARGE_TREE) * limit

    def tell(self) -> None:
        """Tell the listener what is known."""
        if self.on_progress is not None:
            seconds = time.monotonic() - self.began
            bound = _known(self.relaxation.bound)
            self.on_progress(Progress(seconds=seconds, objective=self.objective, bound=bound, doing=self.doing))

    def go(self) -> None:
        """Bound and first plan, without cuts at first and then with them; better plans."""
        self.relaxation.begin(self.deadline("relaxation"))
        self.tell()
        size = self.problem.core.A.nnz + self.problem.cuts.A.nnz
        if size > LARGE or self.is_pressed():  # cuts take their time: a plan before that
            self.dive_by("first")
        self.doing = "cuts"
        self.relaxation.tighten(self.deadline("relaxation"), self.tell)
        self.doing = "a plan from the relaxation"
        for nearly in NEARLY if size <= LARGE or self.x is None else ():  # else too slow to end
            self.keep(None if self.is_done() else plunge(self.relaxation, nearly, self.deadline("dive")))
        if self.relaxation.is_in.any() and (self.x is None or size > SMALL):
            self.dive_by("dive")
        if size > LARGE and self.x is not None and not self.is_done():
            self.doing = "openings earlier and later"
            moves, end = self.deadline("dive"), self.deadline("around")
            shift_openings(self.relaxation, self.x, moves, self.effort, self.keep, end=end)
        if size > SMALL:
            self.search_around()

    def dive_by(self, phase: str) -> None:
        """Round the relaxation without cuts; a point of it satisfies the cuts, or one as good does."""
        self.doing = "a first plan"
        self.keep(None if self.is_done() else dive(self.relaxation, self.deadline(phase)))

    def keep(self, found: Floats | None) -> None:
        """Keep a point that is better than the best so far, and tell."""
        best = np.inf if self.objective is None else self.objective
        if found is not None and self.problem.core.objective(found) < best:
            self.x = found
        self.tell()

    def search_around(self) -> None:
        """Decide some facilities anew, again and again, until the time is up or a full pass gains nothing."""
        program = self.problem.with_cuts(self.relaxation.is_in)
        deadline = self.deadline("around")
        if program.A.nnz <= LARGE and self.options.time_limit is not None:
            deadline = min(deadline, time.monotonic() + BEFORE_THE_TREE * self.options.time_limit)
        idle = idle_flows(self.problem.m, self.relaxation.reduced_costs)
        gained, tried, self.doing = 0.0, 0, "searches around the plan"
        for free in self.neighbourhoods():
            if self.is_done() or time.monotonic() > deadline or self.x is None:
                return
            before = self.problem.core.objective(self.x)
            seconds, options = clock(deadline, 0.25), self.effort.limited(self.options)
            if options.iteration_limit is not None:  # no clock decides what is found
                seconds = max(0.0, deadline - time.monotonic())
            self.x = improve(self.problem, program, self.x, free, idle, seconds, self.flag, options)
            self.effort.spend()
            after = self.problem.core.objective(self.x)
            self.tell()
            gained, tried = gained + before - after, tried + 1
            if tried >= PASS:
                if gained <= STALLED * max(1.0, abs(after)):
                    return
                gained, tried = 0.0, 0

    def neighbourhoods(self) -> Iterator[Bools]:
        """Yield what is decided anew: what the relaxation would have otherwise, then types and regions."""
        m = self.problem.m
        if self.relaxation.x is not None and self.x is not None:
            yield split(self.relaxation.x, self.x, self.problem.core.is_integer)
        yield from neighbourhoods(m, distances(m, self.problem.core.c, self.positions))

    def held(self, why: StopReason) -> Found:
        """Return the best so far, stopped for a reason."""
        return _held(self.x, self.objective, _known(self.relaxation.bound), self.options, why)

    def finish(self) -> Found:
        """Search the whole tree for what is left of the time, where it fits; return the best."""
        root = _known(self.relaxation.bound)
        program = self.problem.with_cuts(self.relaxation.is_in)
        stopped = self.relaxation.stop_reason
        if stopped.is_no_solution:
            return Found(stop_reason=stopped, point_status=PointStatus.NONE)
        if self.is_done() or (program.A.nnz > LARGE and self.is_late()):
            return self.held(_why(self.flag, self.effort))
        return _tree(program, self.effort.limited(self.options), self.began, self.x, self.on_progress, root=root)
