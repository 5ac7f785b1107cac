"""What a point is worth: against the truth, in fifty digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.contest import Word
from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.dual_errors import DualErrors
from batteryopt.accuracy.problem import Evaluation, Truth, unit_of
from batteryopt.bilevel import Follower


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
    shortfall
        By how much the objective is worse than the best, in its own unit; 0 where it is better.
    nearby_gain
        What a small move would gain, relative to the objective, where a problem has lesser peaks.
    """

    value: float = math.nan
    objective: float = math.nan
    decisions: float = math.nan
    profits: float = math.nan
    violation: float = math.nan
    stationarity: float = math.nan
    follower_gain: float = math.nan
    shortfall: float = math.nan
    nearby_gain: float = math.nan

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
    if truth.objective is None:
        return Errors(value=float(found.objective), violation=float(found.violation))
    return Errors(
        value=float(found.objective),
        objective=_relative(found.objective, truth.objective),
        decisions=_worst(_relative(point[n], value, unit_of(truth.unit, n)) for n, value in truth.decisions.items()),
        profits=_profit_error(truth, found),
        violation=float(found.violation),
        stationarity=_or_nan(found.stationarity),
        follower_gain=_or_nan(found.follower_gain),
        shortfall=float(max(exact(0), (truth.objective - found.objective) * (1 if truth.maximise else -1))),
        nearby_gain=_nearby_gain(truth, point),
    )


def _nearby_gain(truth: Truth, point: Mapping[str, Number]) -> float:
    if truth.trial is None or truth.evaluate is None or truth.objective is None:
        return math.nan
    gain = truth.trial.gain(point, truth.evaluate, maximise=truth.maximise, unit=lambda name: unit_of(truth.unit, name))
    return float(gain / (abs(truth.objective) or 1))


def duals_judged(truth: Truth, word: Word, model: Any) -> DualErrors:
    """Return the errors of the multipliers that came with a claim of an optimum; NaN where there were none."""
    if truth.judge_duals is None or not word.point_status.is_claim or not (word.duals or word.reduced_costs):
        return DualErrors()
    values = _values(model)
    point = {name: values[name] for name in truth.variables}
    if any(value is None for value in point.values()):
        return DualErrors()
    found: DualErrors = truth.judge_duals(point, word.duals, word.reduced_costs)
    return found


def bound_excess(truth: Truth, bound: float | None) -> float:
    """Return by how much a claimed bound excludes the truth, relative to it; NaN without a bound."""
    if bound is None or truth.objective is None:
        return math.nan
    excess = exact(bound) - truth.objective
    excess = -excess if truth.maximise else excess
    return float(max(exact(0), excess) / (abs(truth.objective) or 1))


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
