"""What a contestant's word was worth: the rule, the same for everybody on every track."""

from __future__ import annotations

import enum
import math

from batteryopt.accuracy.contest import Word, gap_at
from batteryopt.accuracy.measures import Errors
from batteryopt.accuracy.problem import ProblemKind, Truth
from batteryopt.ground.status import PointStatus, StopReason

SLACK = 10.0
"""A claim may be off by this times the tolerance asked for: solvers hold it on scaled models."""
ROUNDING = 1e-13
"""And by this in any case: doubles hold sixteen digits, and sums of many terms a few less."""


class ContestVerdict(enum.StrEnum):
    """What a contestant's word was worth."""

    RIGHT = "right"
    """Said that it solved the problem, and did."""
    WRONG = "said-solved-and-was-not"
    FALSE_BOUND = "claimed-a-false-bound"
    NO_SUCH_THING = "said-no-solution-and-there-is"
    MISSED = "solved-what-has-no-solution"
    OTHER_REASON = "said-infeasible-for-unbounded-or-the-reverse"
    MODEST = "said-failed-and-was-right"
    IN_HAND = "stopped-with-the-optimum-in-hand"
    """Ended by a limit, unproven, where the point was right: more time was all it lacked."""
    HONEST_FAILURE = "failed-and-said-so"
    LIMIT = "stopped-by-a-limit"
    REFUSED = "not-for-it"
    INTERFACE = "interface-refused"
    """What stands between model and solver could not hand it over: no failure of the solver."""
    OUT_OF_RANGE = "not-at-that-tolerance"
    """The solver takes no such tolerance."""

    @property
    def is_run(self) -> bool:
        """Whether there was anything to judge."""
        return self not in (ContestVerdict.REFUSED, ContestVerdict.INTERFACE, ContestVerdict.OUT_OF_RANGE)

    @property
    def is_lie(self) -> bool:
        """Whether somebody who believed it would have been misled."""
        return self in (
            ContestVerdict.WRONG,
            ContestVerdict.FALSE_BOUND,
            ContestVerdict.NO_SUCH_THING,
            ContestVerdict.MISSED,
            ContestVerdict.OTHER_REASON,
        )


RANK = {
    **{verdict.value: 2 for verdict in ContestVerdict},
    **{verdict.value: 3 for verdict in ContestVerdict if verdict.is_lie},
    ContestVerdict.MODEST.value: 1,
    ContestVerdict.IN_HAND.value: 1,
    ContestVerdict.RIGHT.value: 0,
}
"""How bad a verdict is: right, right and modest, without an answer, misleading."""


def allowed_at(tolerance: float) -> float:
    """Return how far off a claim may be, relatively: it follows the tolerance asked for, down to rounding."""
    return max(ROUNDING, SLACK * tolerance)


def verdict_of(truth: Truth, word: Word, errors: Errors, excess: float, tolerance: float) -> ContestVerdict:
    """Return what a word was worth, at `SLACK` times the tolerance asked for.

    Parameters
    ----------
    excess
        By how much the claimed bound excludes the truth, relatively; NaN without a bound.
    """
    allowed = allowed_at(tolerance)
    is_right = errors.are_within(allowed)
    if truth.kind is not ProblemKind.OPTIMUM:
        return _without_solution(truth, word, errors, allowed)
    if excess > allowed:
        return ContestVerdict.FALSE_BOUND
    if word.stop_reason.is_no_solution:
        return ContestVerdict.NO_SUCH_THING
    if word.point_status.is_claim:
        holds = is_right or _is_honest_local(word, errors, allowed)
        is_best = not _is_another_plan(truth, word, errors, tolerance)
        return ContestVerdict.RIGHT if holds and is_best else ContestVerdict.WRONG
    if word.stop_reason.is_limit:
        return ContestVerdict.IN_HAND if is_right else ContestVerdict.LIMIT
    return ContestVerdict.MODEST if is_right else ContestVerdict.HONEST_FAILURE


def _is_another_plan(truth: Truth, word: Word, errors: Errors, tolerance: float) -> bool:
    """Whether a proven optimum is a dearer plan: to be asked for a gap of 0 is to be asked to tell plans apart."""
    if truth.resolution is None or word.point_status is not PointStatus.OPTIMAL or gap_at(tolerance) > 0:
        return False
    return errors.shortfall > truth.resolution


def _is_honest_local(word: Word, errors: Errors, allowed: float) -> bool:
    """Whether a claim of a local optimum holds: feasible, followers at their best, and nothing near is better.

    `errors.nearby_gain` is NaN where a problem has no local optimum but the best: there a local claim is one of the
    optimum.
    """
    if word.point_status is not PointStatus.LOCALLY_OPTIMAL or math.isnan(errors.nearby_gain):
        return False
    found = (errors.violation, errors.follower_gain, errors.nearby_gain)
    return all(value <= allowed for value in found if not math.isnan(value))


def _without_solution(truth: Truth, word: Word, errors: Errors, allowed: float) -> ContestVerdict:
    """Return what a word on a problem without solution is worth; "infeasible or unbounded" is true of either."""
    reason, kind = word.stop_reason, truth.kind
    if reason is StopReason.INFEASIBLE_OR_UNBOUNDED:
        return ContestVerdict.RIGHT
    if reason.is_no_solution:
        is_same = (reason is StopReason.INFEASIBLE) == (kind is ProblemKind.INFEASIBLE)
        return ContestVerdict.RIGHT if is_same else ContestVerdict.OTHER_REASON
    if word.point_status.is_claim:
        return ContestVerdict.RIGHT if _is_one_to_that_tolerance(truth, errors, allowed) else ContestVerdict.MISSED
    return ContestVerdict.LIMIT if reason.is_limit else ContestVerdict.HONEST_FAILURE


def _is_one_to_that_tolerance(truth: Truth, errors: Errors, allowed: float) -> bool:
    """Whether a problem without solution has the claimed one to the tolerance asked for.

    What lacks a millionth of a millionth to be feasible is feasible to any solver, and no lie of its; the same holds
    where the objective has no limit, but next to no slope.
    """
    if not errors.violation <= allowed:
        return False
    return truth.kind is ProblemKind.INFEASIBLE or (truth.margin is not None and truth.margin <= allowed)
