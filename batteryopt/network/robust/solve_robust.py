"""One plan for the worst that a budget of deviating returns allows: a network in, a checked plan out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt, winding_up
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_point, with_facilities
from batteryopt.network.futures.joint_answer import FutureOutcome
from batteryopt.network.futures.joint_checks import same_first_stage, worst_of
from batteryopt.network.judge.check import check
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.gross import gross
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.clock import Clock
from batteryopt.network.robust.deviations import Moves, moved, moves_of, name_of
from batteryopt.network.robust.robust_answer import RobustAnswer, with_seconds
from batteryopt.network.robust.robust_found import RobustFound, Tried
from batteryopt.network.robust.robust_search import CHECKS, RobustSearch
from batteryopt.network.solve import gaps
from batteryopt.solvers.contract.adapter import Options, ProgressListener
from batteryopt.solvers.contract.best_told import BestTold
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.solvers.highs.highs_run import version as highs_version

TRIED = 12
"""Futures of the set, drawn at random, in which the certificate tries what the plan is said to cost at most."""
ROUNDING = 1e-7
"""Relative difference of a bound from a tree and a value from linear programs that is rounding: gaps are no smaller."""
OF_AN_OUTCOME = 0.4
"""Part of the time that a plan in its futures took which its tables take to be written."""
OUTPUT = "output"
"""What the clock keeps time for: the tables of the plan in each future."""
HINDSIGHT_GAP = 1e-6
"""Relative gap of the flows in one future with the facilities as they are."""


def solve_robust(
    network: Network,
    *,
    budget: int,
    deviation: float | None = None,
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
    on_progress: ProgressListener | None = None,
) -> RobustAnswer:
    """Return the plan whose worst case is best: what opens is decided once, flows when it is known what returns.

    In the worst case at most `budget` rows of the table of returns deviate: by `more_t` up, or by `less_t` down, in all
    periods.

    Parameters
    ----------
    budget
        How many rows may deviate at once.
    deviation
        Share of the tonnes by which rows deviate, up or down, that say neither more_t nor less_t.
    gap, gap_money, time_limit, threads, on_progress
        As in `batteryopt.network.solve.solve`; the gap is between what the plan costs at most and the bound.
    announce
        Told what is begun.

    Raises
    ------
    InvalidInput
        If a number makes no sense, nothing may deviate, or a rule weighs by what returns (coverage).
    """
    clock = Clock(time_limit)
    network = _only_future(network)
    faults = [
        *([] if budget >= 0 else [_fault("--budget", f"is {budget}", "expected a whole number of at least 0")]),
        *(
            []
            if deviation is None or 0 <= deviation <= 1
            else [_fault("--deviation", f"is {deviation:g}", "expected a share from 0 to 1")]
        ),
    ]
    if faults:
        raise InvalidInput("robust", faults)
    moves = moves_of(network, deviation)
    relative, absolute = gaps(gap, gap_money)
    relative = max(relative, ROUNDING)
    options = Options(relative_gap=relative, absolute_gap=absolute, threads=threads)
    budget = min(budget, len({move.row for move in moves}))
    with catching_interrupt() as flag:
        told = None if on_progress is None else BestTold(on_progress)
        search = RobustSearch(network, moves, budget, options, flag, clock, announce=announce, on_progress=told)
        found = search.go()
        answer = _answer(network, search, found, options, flag)
    return with_seconds(answer, clock.spent())


def _only_future(network: Network) -> Network:
    if len(network.scenarios) > 1:
        remedy = "choose one with --scenario, or plan for all of them with --model stochastic"
        raise InvalidInput(network.name, [_fault("scenarios", f"has {len(network.scenarios)} futures", remedy)])
    return network.only_future


def _fault(place: str, problem: str, remedy: str) -> Fault:
    return Fault(place=place, problem=problem, remedy=remedy)


def _answer(
    network: Network, search: RobustSearch, found: RobustFound, options: Options, flag: InterruptFlag
) -> RobustAnswer:
    if found.best is None:
        return _without_plan(network, search, found)
    worst = [r.worst.moves for r in found.rounds if r.worst is not None]
    choices = list(dict.fromkeys([*(choice for _, choice in found.futures), *worst]))
    with winding_up():  # an interrupt ended the search; what it has found is still tried in its futures
        outcomes = _outcomes(search, choices, found.best, options)
    plans = [outcome.solution for outcome in outcomes if outcome.solution is not None]
    objective = max(plan.net_present_cost for plan in plans)
    most = found.most if np.isfinite(found.most) else None
    bound = found.bound if np.isfinite(found.bound) else None
    is_proven = most is not None and bound is not None and options.is_near_enough(most, bound)
    stop = StopReason.CONVERGED if is_proven else found.stop_reason
    certificate = worst_of({o.name: o.certificate for o in outcomes if o.solution is not None})
    certificate += Certificate((same_first_stage(plans), *_bounds(plans, objective, most, bound)))
    if most is not None and not flag.is_set:
        certificate += _tried(search, found.best.plan, most, max(gross(plan) for plan in plans))
    return RobustAnswer(
        network=network,
        budget=search.budget,
        run=Run(
            route=Route.OPTIMIZER,
            solver=f"highs {highs_version()}",
            stop_reason=stop,
            point_status=PointStatus.OPTIMAL if is_proven else PointStatus.FEASIBLE,
            bound=bound,
        ),
        outcomes=outcomes,
        objective=objective,
        most=most,
        rounds=len(found.rounds),
        certificate=certificate,
    )


def _without_plan(network: Network, search: RobustSearch, found: RobustFound) -> RobustAnswer:
    names = ", ".join(f"'{name}'" for name, _ in found.futures)
    reason = "no plan for the worst was found in time: give more time, or soften rules with a penalty"
    if found.stop_reason.is_no_solution:
        reason = f"no facilities keep the hard rules in all of the futures {names}: soften one with a penalty"
    run = Run(
        route=Route.OPTIMIZER,
        solver=f"highs {highs_version()}",
        stop_reason=found.stop_reason,
        point_status=PointStatus.NONE,
    )
    return RobustAnswer(network=network, budget=search.budget, run=run, outcomes=(), objective=None, reason=reason)


def _outcomes(
    search: RobustSearch, choices: Sequence[Moves], best: Tried, options: Options
) -> tuple[FutureOutcome, ...]:
    """Return what becomes of a plan's facilities in some futures.

    Where no time is left, that is as the search has left it in those that the plan was made for.
    """
    made_for, clock = dict(best.in_known), search.clock
    began, found = clock.now(), []
    for number, choice in enumerate(choices):
        name = name_of(search.moves, choice)
        outcome = None
        if not clock.is_over(CHECKS):
            seconds = clock.grant(1.0 / (len(choices) - number), but=CHECKS)
            outcome = _outcome(search, choice, best.plan, dataclasses.replace(options, time_limit=seconds))
        if (outcome is None or outcome.solution is None) and name in made_for:
            plan = made_for[name]
            outcome = FutureOutcome(name=name, probability=0.0, solution=plan, certificate=check(plan))
        if outcome is not None:
            found.append(outcome)
        clock.expect(OUTPUT, OF_AN_OUTCOME * (clock.now() - began) / (number + 1), len(choices))
    return tuple(found)


def _outcome(search: RobustSearch, choice: Moves, plan: Solution, options: Options) -> FutureOutcome:
    """Return what becomes of a plan's facilities in one future of the set, flows decided with hindsight."""
    moves, began = search.moves, time.monotonic()
    network = moved(search.network, moves, [float(i in choice) for i in range(len(moves))])
    m = with_facilities(formulate(network, WEIGHTS), plan)
    exact = Options(relative_gap=HINDSIGHT_GAP, threads=options.threads, time_limit=options.time_limit)
    tried, _ = answer_with_point(network, m, WEIGHTS, exact, began=began)
    return FutureOutcome(
        name=name_of(moves, choice), probability=0.0, solution=tried.solution, certificate=tried.certificate
    )


def _bounds(plans: list[Solution], objective: float, most: float | None, bound: float | None) -> list[Check]:
    """Return whether the bound is below the worst case found, and that below what the plan is said to cost at most."""
    size = max(abs(objective), *(gross(plan) for plan in plans)) or 1.0
    sides = {"bound-below-the-worst-case": (bound, most), "the-worst-found-is-within-the-most": (objective, most)}
    return [
        Check(
            name=name,
            residual=max(0.0, low - high) / size,
            tolerance=BOUND_TOLERANCE,
            detail=f"{low:.10g} <= {high:.10g}",
        )
        for name, (low, high) in sides.items()
        if low is not None and high is not None
    ]


def _tried(search: RobustSearch, plan: Solution, most: float, size: float) -> Certificate:
    """Return whether the plan costs no more than its most in futures of the set that chance chooses.

    By the usual formulation with all its cuts, which the adversary has not seen; as many as there is time for.
    """
    rng = np.random.default_rng(0)
    worst, place, count, clock, longest = 0.0, "", 0, search.clock, 0.0
    while count < TRIED and search.budget and clock.left(CHECKS) > longest:
        began = clock.now()
        choice: dict[int, int] = {}
        for i in rng.permutation(len(search.moves)).tolist():
            if len(choice) < search.budget:
                choice.setdefault(search.moves[i].row, i)
        future = moved(search.network, search.moves, [float(i in choice.values()) for i in range(len(search.moves))])
        m = formulate(future, WEIGHTS)
        if clock.is_over(CHECKS):
            break
        x = hindsight_point(m, plan, Options(relative_gap=HINDSIGHT_GAP, time_limit=clock.grant(but=CHECKS)))
        if x is None and clock.is_over(CHECKS):  # it was not the rules that were in the way
            break
        count, longest = count + 1, max(longest, clock.now() - began)
        beyond = np.inf if x is None else max(0.0, weighted(m, WEIGHTS).at(x) - most) / size
        if beyond > worst:
            worst, place = beyond, f"in the future '{name_of(search.moves, choice.values())}'"
    check = Check(
        name="no-future-of-the-set-that-was-tried-costs-more",
        residual=worst,
        tolerance=BOUND_TOLERANCE,
        detail=place or f"{count} futures by chance",
    )
    return Certificate((check,))
