"""What a solve for all futures returns: one first stage, a plan in each future, and what knowing more is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.network.data.instance import Network
from batteryopt.network.futures.joint_tables import tables_of
from batteryopt.network.futures.replications import Sampled
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.plan.answer import Model, NetworkAnswer
from batteryopt.network.plan.readable import Breach
from batteryopt.network.plan.solution import Solution
from batteryopt.report.presentation import Presented, View, view_of_answer
from batteryopt.solvers.contract.provenance import Certified, Run


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FutureOutcome:
    """What becomes of the plan in one future.

    Attributes
    ----------
    solution
        The plan for all, in this future; None where it cannot keep this future's hard rules.
    certificate
        Of that plan.
    alone
        The best plan for this future alone; None for a future without probability.
    mean_plan
        The plan for the mean future, in this one; None where there is none.
    """

    name: str
    probability: float
    solution: Solution | None
    certificate: Certificate = field(default_factory=Certificate)
    alone: NetworkAnswer | None = None
    mean_plan: NetworkAnswer | None = None

    @property
    def cost(self) -> float | None:
        """Net present cost of the plan in this future."""
        return None if self.solution is None else self.solution.net_present_cost

    @property
    def regret(self) -> float | None:
        """What the plan costs more than the best one for this future alone, so far as that is known."""
        if self.cost is None or self.alone is None or self.alone.objective is None:
            return None
        return self.cost - self.alone.objective

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as it stands under ``scenarios``."""
        plan = self.solution
        return {
            "probability": self.probability,
            "objective": self.cost,
            "cost_terms": None if plan is None else plan.cost_terms,
            "kpis": None if plan is None else plan.kpis,
            "alone": None if self.alone is None else self.alone.objective,
            "alone_bound": None if self.alone is None else self.alone.run.bound,
            "mean_plan": None if self.mean_plan is None else self.mean_plan.objective,
            "regret": self.regret,
            "certificate": self.certificate.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A number that is known within bounds."""

    value: float
    least: float
    most: float

    def to_json(self) -> list[float]:
        """Return the bounds."""
        return [self.least, self.most]


@dataclass(frozen=True, kw_only=True, repr=False)
class JointAnswer(Certified, Presented):
    """One plan for all futures, or why there is none.

    Attributes
    ----------
    outcomes
        One for each future, those without probability too.
    objective
        What is minimised, recomputed from the ledgers; None without a plan.
    wait_and_see, mean_value
        The same measure of the futures, each with the best plan for it alone; and with the plan for the mean future.
    mean_future
        What the plan for the mean future costs in the mean future.
    is_kept
        Whether facilities were given: then nothing is claimed of the best ones.
    sampled
        What replications say, where they were asked for: how good the plan is for all that could have been drawn.
    """

    network: Network
    risk: Risk
    run: Run
    outcomes: tuple[FutureOutcome, ...]
    objective: float | None
    certificate: Certificate = field(default_factory=Certificate)
    root_bound: float | None = None
    wait_and_see: Interval | None = None
    mean_value: Interval | None = None
    mean_future: float | None = None
    is_kept: bool = False
    sampled: Sampled | None = None
    reason: str | None = None
    conflicts: tuple[Breach, ...] = ()
    opposed: tuple[Breach, ...] = ()

    @property
    def solution(self) -> tuple[Solution, ...] | None:
        """The plan in each future; None where there is none."""
        plans = tuple(outcome.solution for outcome in self.outcomes if outcome.probability > 0)
        return None if self.objective is None else tuple(plan for plan in plans if plan is not None)

    @property
    def likely(self) -> tuple[FutureOutcome, ...]:
        """The futures that have a probability."""
        return tuple(outcome for outcome in self.outcomes if outcome.probability > 0)

    @property
    def first_stage(self) -> pd.DataFrame:
        """What stands in each period, whatever comes: site, type, level, period, capacity_t."""
        return pd.DataFrame() if self.solution is None else self.solution[0].facilities

    @property
    def expected(self) -> float | None:
        """The expected net present cost."""
        if self.objective is None:
            return None
        return sum(outcome.probability * (outcome.cost or 0.0) for outcome in self.likely)

    @property
    def evpi(self) -> Interval | None:
        """What it would be worth to know the future before deciding."""
        if self.objective is None or self.wait_and_see is None:
            return None
        known = self.wait_and_see
        best = self.objective if self.is_kept or self.run.bound is None else self.run.bound
        return Interval(
            value=self.objective - known.value,
            least=max(0.0, best - known.value),
            most=self.objective - known.least,
        )

    @property
    def vss(self) -> Interval | None:
        """What the plan for the mean future costs more than this one."""
        if self.objective is None or self.mean_value is None or self.is_kept:
            return None
        mean, best = self.mean_value, self.objective if self.run.bound is None else self.run.bound
        return Interval(
            value=mean.value - self.objective, least=max(0.0, mean.least - self.objective), most=mean.value - best
        )

    @cached_property
    def cost_terms(self) -> dict[str, float] | None:
        """The expected net present value of each cost term."""
        return self._expected([o.solution.cost_terms for o in self.likely if o.solution is not None])

    @cached_property
    def kpis(self) -> dict[str, float] | None:
        """The expected figures."""
        return self._expected([o.solution.kpis for o in self.likely if o.solution is not None])

    def _expected(self, rows: list[dict[str, float]]) -> dict[str, float] | None:
        if self.objective is None:
            return None
        pairs = [(outcome.probability, row) for outcome, row in zip(self.likely, rows, strict=True)]
        return {name: sum(share * row[name] for share, row in pairs) for name in rows[0]}

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON."""
        intervals = {
            "wait_and_see": self.wait_and_see,
            "mean_value": self.mean_value,
            "evpi": self.evpi,
            "vss": self.vss,
        }
        columns = ["site", "type", "level", "period"]
        stands = None if self.solution is None else self.first_stage[columns].to_dict(orient="records")
        return {
            **self.run.to_json(self.objective),
            "root_bound": self.root_bound,
            "minimised": {"cost": 1.0},
            "risk": {"alpha": self.risk.alpha, "weight": self.risk.weight, "words": self.risk.words},
            "expected": self.expected,
            "mean_future": self.mean_future,
            **{name: None if found is None else found.value for name, found in intervals.items()},
            **{f"{name}_within": None if found is None else found.to_json() for name, found in intervals.items()},
            "cost_terms": self.cost_terms,
            "kpis": self.kpis,
            "currency": self.network.currency,
            "first_stage": stands,
            "open_facilities": stands,
            "is_kept": self.is_kept,
            **({} if self.sampled is None else {"sampling": self.sampled.to_json()}),
            "scenarios": {outcome.name: outcome.to_json() for outcome in self.outcomes},
            "conflicts": [vars(breach) for breach in self.conflicts],
            "opposed": [{key: vars(breach)[key] for key in ("rule", "place", "period")} for breach in self.opposed],
            **({} if self.reason is None else {"reason": self.reason}),
            "certificate": self.certificate.to_json(),
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by name: ``futures``, ``facilities``, and those of a plan with the future before them."""
        if self.solution is None:
            return {}
        return tables_of([(o.name, o.probability, o.solution, o.to_json()) for o in self.outcomes])

    def _view(self) -> View:
        return view_of_answer(self.network.kind, Model.STOCHASTIC, self, self.network, tables=self.tables)
