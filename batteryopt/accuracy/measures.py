"""What a run is worth: the point against the truth, and the contestant's word against both."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.contest import Word
from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.problem import Evaluation, ProblemKind, Truth, unit_of
from batteryopt.bilevel import Follower
from batteryopt.ground.status import PointStatus, StopReason

SLACK = 10.0
"""A claim may be off by this times the tolerance asked for: solvers hold it on scaled models."""
LEAST = 1e-7
"""And by this in any case."""


class ContestVerdict(enum.StrEnum):
    """What a contestant's word was worth."""

    RIGHT = "right"
    """Said that it solved the problem, and did."""
    WRONG = "said-solved-and-was-not"
    FALSE_BOUND = "claimed-a-false-bound"
    NO_SUCH_THING = "said-no-solution-and-there-is"
    MISSED = "solved-what-has-no-solution"
    MODEST = "said-failed-and-was-right"
    HONEST_FAILURE = "failed-and-said-so"
    LIMIT = "stopped-by-a-limit"
    REFUSED = "not-for-it"
    OUT_OF_RANGE = "not-at-that-tolerance"
    """The solver takes no such tolerance."""

    @property
    def is_run(self) -> bool:
        """Whether there was anything to judge."""
        return self not in (ContestVerdict.REFUSED, ContestVerdict.OUT_OF_RANGE)

    @property
    def is_lie(self) -> bool:
        """Whether somebody who believed it would have been misled."""
        return self in (
            ContestVerdict.WRONG,
            ContestVerdict.FALSE_BOUND,
            ContestVerdict.NO_SUCH_THING,
            ContestVerdict.MISSED,
        )


@dataclass(frozen=True, kw_only=True)
class Errors:
    """A point against the truth; NaN where a measure has no meaning.

    Attributes
    ----------
    value
        The objective at the point.
    objective, decisions, profits
        Relative errors, the worst of several.
    violation, stationarity, follower_gain
        As in `Evaluation`.
    """

    value: float = math.nan
    objective: float = math.nan
    decisions: float = math.nan
    profits: float = math.nan
    violation: float = math.nan
    stationarity: float = math.nan
    follower_gain: float = math.nan

    def are_within(self, allowed: float) -> bool:
        """Whether the answer is right to a relative tolerance.

        Decisions do not decide: where the optimum is flat they may be far apart. Near an optimum the objective's error
        is of second order, so that the KKT residual has the square root of what it has.
        """
        found = (self.objective, self.violation, self.follower_gain)
        is_near = all(value <= allowed for value in found if not math.isnan(value))
        return not math.isnan(self.objective) and is_near and not self.stationarity > math.sqrt(allowed)


def errors_of(truth: Truth, model: Any) -> Errors:
    """Return the errors of the point in a model's variables."""
    values = _values(model)
    point = {name: values[name] for name in truth.variables}
    if truth.evaluate is None or any(value is None for value in point.values()):
        return Errors()
    found = truth.evaluate(point)
    return Errors(
        value=float(found.objective),
        objective=_relative(found.objective, truth.objective),
        decisions=_worst(_relative(point[n], value, unit_of(truth.unit, n)) for n, value in truth.decisions.items()),
        profits=_profit_error(truth, found),
        violation=float(found.violation),
        stationarity=_or_nan(found.stationarity),
        follower_gain=_or_nan(found.follower_gain),
    )


def bound_excess(truth: Truth, bound: float | None) -> float:
    """Return by how much a claimed bound excludes the truth, relative to it; NaN without a bound."""
    if bound is None or truth.objective is None:
        return math.nan
    excess = exact(bound) - truth.objective
    excess = -excess if truth.maximise else excess
    return float(max(exact(0), excess) / (abs(truth.objective) or 1))


def verdict_of(truth: Truth, word: Word, errors: Errors, excess: float, tolerance: float) -> ContestVerdict:
    """Return what a word was worth, at `SLACK` times the tolerance asked for."""
    allowed = max(LEAST, SLACK * tolerance)
    is_right = errors.are_within(allowed)
    claims = word.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)
    if truth.kind is not ProblemKind.OPTIMUM:
        return _without_solution(word, claims)
    if excess > allowed:
        return ContestVerdict.FALSE_BOUND
    if word.stop_reason.is_no_solution:
        return ContestVerdict.NO_SUCH_THING
    if claims:
        return (
            ContestVerdict.RIGHT if is_right or _is_honest_local(truth, word, errors, allowed) else ContestVerdict.WRONG
        )
    if is_right and word.stop_reason is not StopReason.CONVERGED:
        return ContestVerdict.MODEST
    if word.stop_reason.is_limit:
        return ContestVerdict.LIMIT
    return ContestVerdict.MODEST if is_right else ContestVerdict.HONEST_FAILURE


def _is_honest_local(truth: Truth, word: Word, errors: Errors, allowed: float) -> bool:
    """Whether a local claim may hold: followers at their best, and the leader perhaps at one of the lesser peaks."""
    holds = errors.violation <= allowed and errors.follower_gain <= allowed
    return word.point_status is PointStatus.LOCALLY_OPTIMAL and truth.has_lesser_peaks and holds


def _without_solution(word: Word, claims: bool) -> ContestVerdict:
    if word.stop_reason.is_no_solution:
        return ContestVerdict.RIGHT
    if claims:
        return ContestVerdict.MISSED
    return ContestVerdict.LIMIT if word.stop_reason.is_limit else ContestVerdict.HONEST_FAILURE


def _values(model: Any) -> dict[str, Number | None]:
    """Return the values of all variables, the followers' too, by name; None for one that has no finite value."""
    variables = model.component_data_objects(pyo.Var, descend_into=(pyo.Block, Follower))
    return {v.name: None if v.value is None or not math.isfinite(v.value) else exact(v.value) for v in variables}


def _relative(found: Number, truth: Number, unit: float = 0.0) -> float:
    return float(abs(found - truth) / (max(abs(truth), exact(unit)) or 1))


def _profit_error(truth: Truth, found: Evaluation) -> float:
    """Return the worst player's error, relative to the largest profit: a player may earn next to nothing."""
    largest = max((abs(value) for value in truth.profits.values()), default=exact(0))
    return _worst(_relative(found.profits[player], value, largest) for player, value in truth.profits.items())


def _worst(values: Any) -> float:
    return max(values, default=math.nan)


def _or_nan(value: Number | None) -> float:
    return math.nan if value is None else float(value)
