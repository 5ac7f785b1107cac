"""What several methods say of one problem: the best point that any found, the tightest bound that any proved."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from batteryopt.bilevel.judge import claims
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.active_set import all_variables, polish
from batteryopt.bilevel.methods.base import MethodOutcome, MethodSettings, is_refuted
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.ground.status import StopReason
from batteryopt.solvers import relative_gap

LEAST_SHARE = 0.02
"""Of the time limit: with less left than this, and than `LEAST_LEFT`, no further method is begun."""
LEAST_LEFT = 0.2
SOLVERS_OWN_GAP = 1e-6
"""A smaller gap is not asked for: the solvers' tolerances blur bounds by about this much."""

Words = tuple[MethodOutcome, str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class FollowedPoint:
    """A bilevel-feasible point with what is needed to come back to it."""

    objective: float
    outcome: MethodOutcome
    values: list[float]
    method: str
    why: str


def candidate_of(problem: BilevelProblem, outcome: MethodOutcome, method: str, why: str) -> FollowedPoint | None:
    """Return the outcome's point, polished, if the followers really are at their best there."""
    if not outcome.report.has_point:
        return None
    if hasattr(outcome.system.model, "kkt"):
        polish(outcome.system, objective=outcome.report.objective, time_limit=1.0)
    if not (claims.leader_feasibility(problem).passed and claims.are_at_their_best(problem)):
        return None
    values = [v.value for v in all_variables(outcome.system)]
    return FollowedPoint(float(problem.objective()), outcome, values, method, why)


def best_of(problem: BilevelProblem, candidates: list[FollowedPoint], direct: MethodOutcome) -> Words:
    """Put the best candidate back into the variables, with the bound that another search proved."""
    best = min(candidates, key=lambda candidate: problem.sense * candidate.objective)
    kkt.connect_duals(problem, best.outcome.system.model)  # a later search has connected them to its own model
    for variable, value in zip(all_variables(best.outcome.system), best.values, strict=True):
        variable.set_value(value, skip_validation=True)
    report: Any = dataclasses.replace(
        best.outcome.report,
        objective=best.objective,
        bound=direct.report.bound,
        stop_reason=direct.report.stop_reason,
    )
    return dataclasses.replace(best.outcome, report=report), best.method, best.why


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """What one method came to."""

    words: Words
    candidate: FollowedPoint | None
    seconds: float

    def __str__(self) -> str:
        outcome, name, _ = self.words
        point = "no point" if self.candidate is None else f"a point of {self.candidate.objective:.8g}"
        bound = "no bound" if outcome.report.bound is None else f"a bound of {outcome.report.bound:.8g}"
        return f"{name} brought {point} and {bound} in {self.seconds:.1f} s"


class Heard:
    """Methods one after the other, each in a share of the time that is left."""

    def __init__(self, problem: BilevelProblem, settings: MethodSettings, otherwise: float) -> None:
        self.problem, self.settings, self.otherwise = problem, settings, otherwise
        self.began = time.perf_counter()
        self.said: list[Said] = []

    def listen(self, run: Callable[[MethodSettings], Words], share: float) -> None:
        """Let a method run, and keep what it says."""
        began = time.perf_counter()
        left = self.otherwise if self.left is None else share * self.left
        words = run(dataclasses.replace(self.settings, time_limit=left))
        candidate = candidate_of(self.problem, *words)
        self.said.append(Said(words=words, candidate=candidate, seconds=time.perf_counter() - began))

    @property
    def left(self) -> float | None:
        """Seconds until the limit; None where there is none."""
        limit = self.settings.time_limit
        return None if limit is None else max(LEAST_LEFT, limit - (time.perf_counter() - self.began))

    @property
    def has_time(self) -> bool:
        """Whether it is worth while to begin something; without a limit every method has its time once."""
        limit = self.settings.time_limit
        return limit is not None and self.left is not None and self.left > max(LEAST_LEFT, LEAST_SHARE * limit)

    @property
    def is_settled(self) -> bool:
        """Whether point and bound have met, or nothing more is to be expected."""
        if not self.said:
            return False
        reason = self.said[-1].words[0].report.stop_reason
        if reason is StopReason.INTERRUPTED:
            return True
        best = self._best()
        return best is not None and self._is_close(best, self._tightest(best))

    def conclusion(self) -> Words:
        """Return the best point with the tightest bound; of one method alone, what it said."""
        if len(self.said) == 1:
            return self.said[0].words
        best = self._best()
        if best is None:
            return self.said[-1].words
        tightest = self._tightest(best)
        outcome, name, why = best_of(self.problem, [said.candidate for said in self.said if said.candidate], self._last)
        report = dataclasses.replace(
            outcome.report,
            bound=None if tightest is None else tightest.report.bound,
            stop_reason=self._reason(best, tightest),
        )
        said = "; ".join(map(str, self.said))
        assumptions = outcome.assumptions if tightest is None else tightest.assumptions
        failures = outcome.failures if tightest is None else tightest.failures
        together = dataclasses.replace(outcome, report=report, assumptions=assumptions, failures=failures)
        return together, name, f"{why} ({said})"

    @property
    def _last(self) -> MethodOutcome:
        return self.said[-1].words[0]

    def _best(self) -> FollowedPoint | None:
        found = [said.candidate for said in self.said if said.candidate is not None]
        return min(found, key=lambda c: self.problem.sense * c.objective) if found else None

    def _tightest(self, best: FollowedPoint) -> MethodOutcome | None:
        """Return the outcome with the tightest bound among those that the best point does not refute."""
        outcomes = [said.words[0] for said in self.said]
        bounded = [
            o
            for o in outcomes
            if o.report.bound is not None
            and not o.failures
            and not is_refuted(self.problem, o.report.bound, best.objective)
        ]
        return max(bounded, key=lambda o: self.problem.sense * (o.report.bound or 0.0), default=None)

    def _is_close(self, best: FollowedPoint, tightest: MethodOutcome | None) -> bool:
        gap = None if tightest is None else relative_gap(best.objective, tightest.report.bound)
        return gap is not None and gap <= max(self.settings.gap, SOLVERS_OWN_GAP)

    def _reason(self, best: FollowedPoint, tightest: MethodOutcome | None) -> StopReason:
        if self._is_close(best, tightest):
            return StopReason.CONVERGED
        reason = self._last.report.stop_reason
        if reason.is_limit:
            return reason
        return StopReason.NUMERICAL_TROUBLE if self.has_time or self.left is None else StopReason.TIME_LIMIT
