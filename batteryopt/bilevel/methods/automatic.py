"""What ``method="auto"`` does: the cheap exact ways first, then a global search, one within a box, and a local one.

What each says is kept (`portfolio`): the answer is the best of the points with the tightest of the bounds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator

from batteryopt import solvers
from batteryopt.bilevel.methods import METHODS, MethodOutcome, MethodSettings
from batteryopt.bilevel.methods.base import is_refuted
from batteryopt.bilevel.methods.portfolio import FollowedPoint, Heard, Words, best_of, candidate_of
from batteryopt.bilevel.problem.normal_form import BilevelProblem, refuse_integers
from batteryopt.bilevel.proof.boxes import FIRST_SIZE as FIRST_BOX
from batteryopt.bilevel.proof.boxes import boxed, natural_size, reaches
from batteryopt.ground.errors import BatteryOptError, SolverUnavailable
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Capability

GLOBAL = "indicator"
"""The method of the global searches: on the published problems it solved the most, in the least time."""
SECOND = "sos1"
"""Asked before a problem is called infeasible, and where a point is better than its own bound: the word of one solver's
one code path is not enough for the first, and wrong in the second."""
EXACT = "branching"
"""Asked where followers are indifferent but for digits that a spatial search does not see."""
DIRECT_SECONDS = 60.0
"""How long the first search may run where no time limit was given."""
WITHOUT_SCIP = ("branching", "big-m", "regularized")
"""Methods that can do without SCIP, those with a global bound first."""
SHARES = (0.4, 0.5)
"""Share of the time left that the direct search, and then the boxed one, may use."""
LARGE = 2000
"""From this number of complementarity pairs on SCIP is not asked: its global search finds no point in time."""
FIRST, FIRST_SHARE = "milp", 0.8
FIRST_WHY = "one mixed-integer linear program, exact where limits are proven"
"""Asked first where it accepts, and last again where nothing else has settled the matter."""
INTEGER = "value-function"
"""For followers who decide on integers."""
SCIP_SHARE = 0.5
LOCAL, LOCAL_SHARE = "regularized", 0.3
"""Shares of the time that is left then."""
MOST_TURNS = 8
LARGER = 10.0
"""By what factor a box grows while the answer reaches its edge, up to `MOST_BOXES` boxes."""
MOST_BOXES = 3


def run_automatic(problem: BilevelProblem, settings: MethodSettings) -> tuple[MethodOutcome, str, str]:
    """Return the best outcome, the method that gave it, and the reason in words."""
    if problem.integer_decision is not None:
        return _by_values(problem, settings)
    pairs = sum(len(follower.inequalities) for follower in problem.followers)
    if pairs >= LARGE and METHODS[LOCAL].accepts(problem, settings):
        return _of_many_pairs(problem, settings, pairs)
    if settings.solver is not None and Capability.INDICATOR not in solvers.get(settings.solver).capabilities:
        return _with_solver(problem, settings, settings.solver)
    if settings.solver is None:
        try:
            solvers.get("scip")
        except SolverUnavailable as missing:
            return _without_scip(problem, settings, missing)
    return _portfolio(problem, settings)


def _by_values(problem: BilevelProblem, settings: MethodSettings) -> Words:
    """Take the one method for followers who decide on integers; where it refuses, say what would help."""
    refusal = METHODS[INTEGER].objection(problem, settings)
    if refusal is not None:
        refuse_integers(problem, f"method '{INTEGER}' does without, but: {refusal}")
    return METHODS[INTEGER].solve(problem, settings), INTEGER, "a follower decides on integers"


def _of_many_pairs(problem: BilevelProblem, settings: MethodSettings, pairs: int) -> Words:
    """Ask the program whose parts are solved one by one, and then a local search."""
    heard = Heard(problem, settings, otherwise=DIRECT_SECONDS)
    if METHODS[FIRST].accepts(problem, settings):
        heard.listen(_saying(FIRST, problem, FIRST_WHY), share=FIRST_SHARE)
        if heard.is_settled or not heard.has_time:
            return heard.conclusion()
    why = f"{pairs} complementarity pairs are beyond a global search by SCIP"
    heard.listen(lambda s: (METHODS[LOCAL].solve(problem, dataclasses.replace(s, starts=1)), LOCAL, why), share=1.0)
    return heard.conclusion()


def _portfolio(problem: BilevelProblem, settings: MethodSettings) -> tuple[MethodOutcome, str, str]:
    """Let methods follow each other until the answer is proven or the time is over; none gives up before that."""
    heard = Heard(problem, settings, otherwise=DIRECT_SECONDS)
    is_linear = METHODS[FIRST].accepts(problem, settings)
    if is_linear:
        heard.listen(_saying(FIRST, problem, FIRST_WHY), share=FIRST_SHARE)
        if heard.is_settled:
            return heard.conclusion()
    heard.listen(lambda s: _search_by_scip(problem, s), share=SCIP_SHARE if is_linear else 1.0)
    if heard.said[-1].words[0].report.stop_reason.is_no_solution:
        return heard.conclusion()
    if METHODS[LOCAL].accepts(problem, settings) and heard.has_time and not heard.is_settled:
        heard.listen(_saying(LOCAL, problem, "the best of several local searches"), share=LOCAL_SHARE)
    last = FIRST if is_linear else GLOBAL
    while heard.has_time and not heard.is_settled and len(heard.said) < MOST_TURNS:
        heard.listen(_saying(last, problem, "once more, with all the time that was left"), share=1.0)
        last = SECOND if last == GLOBAL else GLOBAL  # where it ended early by trouble of its own
    return heard.conclusion()


def _saying(name: str, problem: BilevelProblem, why: str) -> Callable[[MethodSettings], Words]:
    return lambda settings: (METHODS[name].solve(problem, settings), name, why)


def _search_by_scip(problem: BilevelProblem, settings: MethodSettings) -> tuple[MethodOutcome, str, str]:
    """Search by SCIP, directly, exactly, in boxes, and by local descents, in this order."""
    began = time.perf_counter()
    direct = METHODS[GLOBAL].solve(problem, _within(settings, began, SHARES[0], DIRECT_SECONDS))
    reason = direct.report.stop_reason
    if reason is StopReason.INFEASIBLE:
        second = METHODS[SECOND].solve(problem, _within(settings, began, SHARES[0], DIRECT_SECONDS))
        if not second.report.has_point:
            return direct, GLOBAL, f"a global search found that there is nothing to find, and {SECOND} does not object"
        return second, SECOND, f"{GLOBAL} called the problem infeasible, and this point shows that it is not"
    if reason.is_no_solution:
        return direct, GLOBAL, "a global search found that there is nothing to find"
    found = candidate_of(problem, direct, GLOBAL, "indicator constraints need no M, and SCIP proves a bound")
    if found is not None and reason is StopReason.CONVERGED:
        if not is_refuted(problem, direct.report.bound, found.objective):
            return found.outcome, found.method, found.why
        return _after_refutation(problem, _within(settings, began, SHARES[0], DIRECT_SECONDS), found)
    if reason is StopReason.INTERRUPTED:
        return direct, GLOBAL, "interrupted during the global search"
    if found is None and direct.report.has_point and _has_time(settings, began):
        exact = _exactly(problem, _within(settings, began, SHARES[1], DIRECT_SECONDS))
        if exact is not None:
            return exact.outcome, exact.method, exact.why
    candidates = [found] if found is not None else []
    if settings.fritz_john and found is None and direct.report.has_point and _has_time(settings, began):
        candidates.extend(_without_fritz_john(problem, _within(settings, began, SHARES[1], DIRECT_SECONDS)))
    if _has_time(settings, began):
        candidates.extend(_in_boxes(problem, _within(settings, began, SHARES[1], DIRECT_SECONDS)))
    if METHODS["regularized"].accepts(problem, settings) and not candidates:
        candidates.extend(_local(problem, _within(settings, began, 1.0, DIRECT_SECONDS)))
    if not candidates:
        return direct, GLOBAL, "no search found a point at which the followers are at their best"
    return best_of(problem, candidates, direct)


def _with_solver(problem: BilevelProblem, settings: MethodSettings, solver: str) -> tuple[MethodOutcome, str, str]:
    """Choose the method for a solver that the user named and that has no indicator constraints."""
    is_nonlinear = Capability.NONLINEAR in solvers.get(solver).capabilities
    names = ("regularized",) if is_nonlinear else ("branching", "big-m")
    reasons = []
    for name in names:
        refusal = METHODS[name].refusal(problem, settings)
        if refusal is None:
            return METHODS[name].solve(problem, settings), name, f"what {solver} can do here"
        reasons.append(f"{name}: {refusal}")
    raise BatteryOptError(f"no method for {solver} accepts this problem ({'; '.join(reasons)}); use scip")


def _without_scip(
    problem: BilevelProblem, settings: MethodSettings, missing: SolverUnavailable
) -> tuple[MethodOutcome, str, str]:
    """Search by what needs no SCIP, proofs first; where nothing else can do, SCIP's absence is the answer."""
    for name in WITHOUT_SCIP:
        if METHODS[name].accepts(problem, settings):
            with contextlib.suppress(SolverUnavailable):
                return METHODS[name].solve(problem, settings), name, f"the best that there is without SCIP ({missing})"
    raise missing


def _within(settings: MethodSettings, began: float, share: float, otherwise: float) -> MethodSettings:
    """Return settings with a share of the time that is left."""
    if settings.time_limit is None:
        return dataclasses.replace(settings, time_limit=otherwise)
    left = max(0.5, settings.time_limit - (time.perf_counter() - began))
    return dataclasses.replace(settings, time_limit=share * left)


def _has_time(settings: MethodSettings, began: float) -> bool:
    """Whether a further search may begin: its model alone takes seconds where a follower has a thousand rows."""
    return settings.time_limit is None or time.perf_counter() - began < settings.time_limit


def _after_refutation(
    problem: BilevelProblem, settings: MethodSettings, found: FollowedPoint
) -> tuple[MethodOutcome, str, str]:
    """Search once more by another way; where that bound does not hold either, keep the point, and no bound."""
    second = METHODS[SECOND].solve(problem, settings)
    other = candidate_of(problem, second, SECOND, f"{GLOBAL} found a point better than its own bound")
    if other is not None and not is_refuted(problem, second.report.bound, found.objective):
        return second, SECOND, other.why
    unproven = dataclasses.replace(found.outcome.report, bound=None, stop_reason=StopReason.NUMERICAL_TROUBLE)
    return best_of(problem, [found], dataclasses.replace(found.outcome, report=unproven))


def _exactly(problem: BilevelProblem, settings: MethodSettings) -> FollowedPoint | None:
    """Search by linear programs, whose vertices are exact, where a follower was not at its best to its last unit."""
    if not METHODS[EXACT].accepts(problem, settings):
        return None
    outcome = METHODS[EXACT].solve(problem, settings)
    if outcome.report.stop_reason is not StopReason.CONVERGED:
        return None
    why = f"at the point that {GLOBAL} called optimal a follower is not at its best, in a unit of its own"
    return candidate_of(problem, outcome, EXACT, why)


def _in_boxes(problem: BilevelProblem, settings: MethodSettings) -> Iterator[FollowedPoint]:
    """Search within growing boxes until the answer no longer gains from a larger one."""
    size = FIRST_BOX * natural_size(problem)
    began, previous = time.perf_counter(), None
    for turn in range(MOST_BOXES):
        if turn and not _has_time(settings, began):
            return
        reformulation = METHODS[GLOBAL].apply(problem, settings)
        with boxed(reformulation.system, size) as users:
            if not users:  # the direct search had every bound already: more time is what it needs
                return
            options = _within(settings, began, 1.0, DIRECT_SECONDS).options()
            model = reformulation.system.model
            report = solvers.get("scip").solve(model, options, indicators=tuple(reformulation.indicators))
            is_at_edge = report.has_point and reaches(users, size)
        outcome = METHODS[GLOBAL].invert(reformulation, report)
        found = candidate_of(problem, outcome, GLOBAL, f"searched globally within a box of size {size:.4g}")
        if found is not None:
            yield found
            if not is_at_edge or _is_same(found.objective, previous):
                return
            previous = found.objective
        size *= LARGER


def _is_same(objective: float, previous: float | None) -> bool:
    """Whether a larger box gained nothing that could be told from rounding."""
    return previous is not None and abs(objective - previous) <= 1e-6 * max(1.0, abs(previous))


def _local(problem: BilevelProblem, settings: MethodSettings) -> Iterator[FollowedPoint]:
    outcome = METHODS["regularized"].solve(problem, settings)
    found = candidate_of(problem, outcome, "regularized", "no global search finished: the best of several local ones")
    if found is not None:
        yield found


def _without_fritz_john(problem: BilevelProblem, settings: MethodSettings) -> Iterator[FollowedPoint]:
    """Search with KKT conditions where the Fritz John point was no best answer; its objective remains a bound."""
    outcome = METHODS[GLOBAL].solve(problem, dataclasses.replace(settings, fritz_john=frozenset()))
    why = "a follower fails its constraint qualification somewhere: point from KKT, bound from Fritz John conditions"
    found = candidate_of(problem, outcome, GLOBAL, why)
    if found is not None:
        yield found
