"""One plan for all futures of a network: a network in, a checked plan with what knowing more would be worth out."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.futures.future import Future, futures_of, mean_future
from batteryopt.network.futures.in_hindsight import WEIGHTS, with_facilities
from batteryopt.network.futures.joint_answer import FutureOutcome, Interval, JointAnswer
from batteryopt.network.futures.joint_checks import joint_checks, worst_of
from batteryopt.network.futures.joint_search import JointSearch
from batteryopt.network.futures.replications import Drawing, replicate, resampling
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.futures.searched_futures import Searched
from batteryopt.network.judge.check import check
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.solution import Solution
from batteryopt.network.solve import gaps
from batteryopt.solvers.contract.adapter import Options, ProgressListener
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.solvers.highs.highs_run import version as highs_version

BEFORE_JUDGING = 0.9
"""Part of the time limit that the search has: tables and checks of the plan in every future have the rest."""
OF_THE_TIME = 0.4
"""Part of the time limit that the plan itself has where replications follow."""


def solve_futures(
    network: Network,
    *,
    risk: Risk | str | None = None,
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    facilities: Solution | None = None,
    beside_the_mean: bool = False,
    replications: int | None = None,
    seed: int = 0,
    draw: Drawing | None = None,
    announce: Callable[[str], None] = lambda _: None,
    on_progress: ProgressListener | None = None,
) -> JointAnswer:
    """Return the best plan for all futures of a network: what opens is decided once, flows in each with hindsight.

    A future without probability is not planned for: the plan is tried in it all the same.

    Parameters
    ----------
    risk
        What is minimised, the expected cost by default: ``"worst"``, ``"cvar:0.9:0.5"`` or a `Risk`.
    gap, gap_money, time_limit, threads, on_progress
        As in `batteryopt.network.solve.solve`; the time is for everything together.
    facilities
        A plan whose facilities are kept: it is tried in all futures, and no other is sought.
    beside_the_mean
        Whether the plan for the mean future is tried beside facilities that are given: they are said to be the best.
    replications
        How many further samples of as many futures are drawn and solved, to say how good the plan is for all that could
        have been drawn; at least 2, of the expected cost only.
    seed
        Of these samples.
    draw
        How they are drawn; from the network's own futures, with replacement, where it is not said.
    announce
        Told what is begun.

    Raises
    ------
    InvalidInput
        If the network has no futures, replications make no sense, or a future changes what has to be known before
        anything is decided.
    """
    measure = Risk.parse(risk) if isinstance(risk, str) else risk or Risk()
    _refuse_replications(replications, measure)
    futures = futures_of(network)
    relative, absolute = gaps(gap, gap_money)
    options = Options(relative_gap=relative, absolute_gap=absolute, threads=threads, time_limit=time_limit)
    began = time.monotonic()
    likely = [future for future in futures if future.probability > 0]
    with catching_interrupt() as flag:
        share = BEFORE_JUDGING if replications is None else OF_THE_TIME
        own = options if time_limit is None else dataclasses.replace(options, time_limit=share * time_limit)
        search = JointSearch(likely, measure, own, flag, announce=announce, on_progress=on_progress)
        search.kept_for_judging = 0.0 if time_limit is None else (1.0 - share) * time_limit
        if facilities is None:
            searched = search.go(mean_future(futures))
        else:
            searched = search.evaluate(facilities, mean_future(futures) if beside_the_mean else None)
        answer = _answer(network, likely, measure, searched, options, is_kept=facilities is not None)
        answer = dataclasses.replace(answer, outcomes=_in_their_order(futures, answer, options))
        if replications is not None and answer.solution is not None:
            left = None if time_limit is None else max(0.0, time_limit - (time.monotonic() - began))
            sampled = replicate(
                answer.solution[0],
                draw or resampling(likely, len(likely), seed),
                replications,
                dataclasses.replace(options, time_limit=left),
                flag,
                seed=seed,
                drawn_from="the table of futures, with replacement" if draw is None else "the law of the futures",
                futures=len(likely),
                announce=announce,
                on_progress=None,
            )
            answer = dataclasses.replace(answer, sampled=sampled)
            if sampled is None or sampled.is_stopped:
                answer = _cut_short(
                    answer, flag, is_late=time_limit is not None and time.monotonic() - began > time_limit
                )
    run = dataclasses.replace(answer.run, seconds=time.monotonic() - began)
    return dataclasses.replace(answer, run=run)


def _cut_short(answer: JointAnswer, flag: InterruptFlag, *, is_late: bool) -> JointAnswer:
    """Return an answer that says what ended its replications; its plan stays as good as it is."""
    if answer.run.stop_reason is not StopReason.CONVERGED or not (flag.is_set or is_late):
        return answer
    reason = StopReason.INTERRUPTED if flag.is_set else StopReason.TIME_LIMIT
    return dataclasses.replace(answer, run=dataclasses.replace(answer.run, stop_reason=reason))


def _refuse_replications(replications: int | None, risk: Risk) -> None:
    faults = []
    if replications is not None and replications < 2:
        remedy = "expected at least 2; 10 or more give an interval worth having"
        faults.append(Fault(place="--replications", problem=f"is {replications}", remedy=remedy))
    if replications is not None and risk.weight > 0:
        remedy = "leave one of them out: the interval is one of the expected cost"
        faults.append(Fault(place="--replications", problem="is given beside --risk", remedy=remedy))
    if faults:
        raise InvalidInput("command line", faults)


def _answer(
    network: Network, futures: Sequence[Future], risk: Risk, searched: Searched, options: Options, *, is_kept: bool
) -> JointAnswer:
    shares = [future.probability for future in futures]
    plans = searched.solutions
    certificates = {f.name: check(plan) for f, plan in zip(futures, plans, strict=False)}
    value = risk.of([plan.net_present_cost for plan in plans], shares) if plans else None
    lows = _lowest(searched)
    known = _measured(searched.alone, risk, shares, lows)
    mean = _measured(searched.mean_in_all, risk, shares)
    run = _run(searched, value, known, options, is_kept=is_kept)
    root = None if searched.found is None else searched.found.root_bound
    certificate = Certificate()
    if plans:
        certificate = worst_of(certificates) + joint_checks(
            plans,
            shares,
            risk,
            bound=run.bound,
            root_bound=root,
            model_value=searched.model_value,
            tabled_value=searched.tabled_value,
            alone_bounds=lows,
            mean_costs=None if mean is None else [_cost(answer) for answer in searched.mean_in_all],
        )
    reason, blamed = (None, None) if plans else _why_not(futures, searched, is_kept=is_kept)
    return JointAnswer(
        network=network,
        risk=risk,
        run=run,
        outcomes=tuple(_outcomes(futures, searched, certificates)),
        objective=value,
        certificate=certificate,
        root_bound=root,
        wait_and_see=known,
        mean_value=mean,
        mean_future=None if searched.mean is None else searched.mean.objective,
        is_kept=is_kept,
        reason=reason,
        conflicts=() if blamed is None else blamed.conflicts,
        opposed=() if blamed is None else blamed.opposed,
    )


def _cost(answer: NetworkAnswer) -> float:
    assert answer.objective is not None
    return answer.objective


def _lowest(searched: Searched) -> list[float | None]:
    """Return a proven lower bound of what each future costs, where there is one."""
    if searched.lowest:
        return [low if math.isfinite(low) else None for low in searched.lowest]
    return [answer.run.bound for answer in searched.alone]


def _measured(
    answers: Sequence[NetworkAnswer], risk: Risk, shares: Sequence[float], lows: Sequence[float | None] | None = None
) -> Interval | None:
    """Return the measure of one plan a future; None where one future has no plan or no bound."""
    costs = [answer.objective for answer in answers if answer.objective is not None]
    lows = [answer.run.bound for answer in answers] if lows is None else lows
    bounds = [low for low in lows if low is not None]
    if len(costs) != len(shares) or len(bounds) != len(shares):
        return None
    value = risk.of(costs, shares)
    return Interval(value=value, least=min(value, risk.of(bounds, shares)), most=value)


def _run(searched: Searched, value: float | None, known: Interval | None, options: Options, *, is_kept: bool) -> Run:
    """Return how it came about; the futures alone bound all of them together too."""
    stop, status, bound = StopReason.CONVERGED, PointStatus.FEASIBLE, None
    parts = [*searched.alone, *searched.given_in_all, *searched.mean_in_all]
    limits = [answer.run.stop_reason for answer in parts if answer.run.stop_reason.is_limit]
    if searched.found is not None:
        stop, status = searched.found.stop_reason, searched.found.point_status
        bounds = [b for b in (searched.found.bound, None if known is None else known.least) if b is not None]
        bound = max(bounds) if bounds else None
        if value is not None and options.is_near_enough(value, bound) and status.is_feasible:
            stop, status = StopReason.CONVERGED, PointStatus.OPTIMAL
    elif is_kept and value is not None:
        stop = limits[0] if limits else stop
    else:
        reasons = [a.run.stop_reason for a in parts if a.run.stop_reason.is_no_solution]
        stop, status = (reasons or limits or [StopReason.NUMERICAL_TROUBLE])[0], PointStatus.NONE
    return Run(
        route=Route.OPTIMIZER,
        solver=f"highs {highs_version()}",
        stop_reason=stop,
        point_status=PointStatus.NONE if value is None else status,
        bound=bound,
    )


def _why_not(futures: Sequence[Future], searched: Searched, *, is_kept: bool) -> tuple[str, NetworkAnswer | None]:
    """Return why there is no plan, and the answer that knows which rules are in the way."""
    tried = searched.given_in_all if is_kept else searched.alone
    for future, answer in zip(futures, tried, strict=False):
        if answer.solution is None:
            what = "with these facilities" if is_kept else "even alone"
            return f"the future '{future.name}' has no plan {what}: {answer.reason}", answer
    if searched.found is not None and searched.found.stop_reason.is_no_solution:
        return "each future has a plan of its own, but no one first stage keeps the hard rules of all: soften one", None
    return "no plan for all futures was found in time: give more time, or soften rules with a penalty", None


def _outcomes(
    futures: Sequence[Future], searched: Searched, certificates: dict[str, Certificate]
) -> list[FutureOutcome]:
    def at(row: Sequence[NetworkAnswer], position: int) -> NetworkAnswer | None:
        return row[position] if position < len(row) else None

    return [
        FutureOutcome(
            name=future.name,
            probability=future.probability,
            solution=searched.solutions[s] if searched.solutions else None,
            certificate=certificates.get(future.name, Certificate()),
            alone=at(searched.alone, s),
            mean_plan=at(searched.mean_in_all, s),
        )
        for s, future in enumerate(futures)
    ]


def _in_their_order(futures: Sequence[Future], answer: JointAnswer, options: Options) -> tuple[FutureOutcome, ...]:
    """Return an outcome for every future, in the order of the table: those without probability are tried now."""
    found = {outcome.name: outcome for outcome in answer.outcomes}
    for future in futures:
        if future.name not in found:
            found[future.name] = _tried(future, answer.solution, options)
    return tuple(found[future.name] for future in futures)


def _tried(future: Future, plans: tuple[Solution, ...] | None, options: Options) -> FutureOutcome:
    """Return what becomes of the plan in a future that it was not made for."""
    if plans is None:
        return FutureOutcome(name=future.name, probability=0.0, solution=None)
    m = with_facilities(formulate(future.network, WEIGHTS), plans[0])
    tried, _ = answer_with_point(future.network, m, WEIGHTS, options, began=time.monotonic())
    return FutureOutcome(name=future.name, probability=0.0, solution=tried.solution, certificate=tried.certificate)
