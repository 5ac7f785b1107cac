"""What a plan for the worst of a budget of moves returns: facilities, what they cost in which futures, and at most."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.network.data.instance import Network
from batteryopt.network.futures.joint_answer import FutureOutcome
from batteryopt.network.plan import output
from batteryopt.network.plan.answer import Model
from batteryopt.network.plan.readable import Breach
from batteryopt.network.plan.solution import COLUMNS, Solution
from batteryopt.report.presentation import Presented, View, view_of_answer
from batteryopt.solvers.contract.adapter import relative_gap
from batteryopt.solvers.contract.provenance import Certified, Run


@dataclass(frozen=True, kw_only=True, repr=False)
class RobustAnswer(Certified, Presented):
    """One plan for all futures in which no more rows of the returns deviate than the budget allows.

    Attributes
    ----------
    budget
        How many rows deviate at once.
    outcomes
        What becomes of the plan in the futures that were looked at; what is planned first. They have no probabilities.
    objective
        The cost in the worst of them, from its ledger; None without a plan.
    most
        What it costs at most in any future of the set, proven; None where no time was left to prove any.
    rounds
        Plans that were made, each against one more future.
    """

    network: Network
    budget: int
    run: Run
    outcomes: tuple[FutureOutcome, ...]
    objective: float | None
    most: float | None = None
    rounds: int = 0
    certificate: Certificate = field(default_factory=Certificate)
    reason: str | None = None
    conflicts: tuple[Breach, ...] = ()

    @property
    def solution(self) -> tuple[Solution, ...] | None:
        """The plan in each future; None where there is none."""
        plans = tuple(outcome.solution for outcome in self.outcomes if outcome.solution is not None)
        return None if self.objective is None else plans

    @property
    def worst(self) -> FutureOutcome | None:
        """The worst future that was found."""
        known = [outcome for outcome in self.outcomes if outcome.cost is not None]
        return max(known, key=lambda outcome: outcome.cost or 0.0, default=None)

    @property
    def first_stage(self) -> pd.DataFrame:
        """What stands in each period, whatever comes: site, type, level, period, capacity_t."""
        return pd.DataFrame() if self.solution is None else self.solution[0].facilities

    @property
    def gap(self) -> float | None:
        """Between what the plan costs at most and the bound: the proof that no plan has a much better worst case."""
        return relative_gap(self.most, self.run.bound)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON; the cost terms and figures are those of the worst future."""
        worst = None if self.worst is None else self.worst.solution
        columns = ["site", "type", "level", "period"]
        stands = None if self.solution is None else self.first_stage[columns].to_dict(orient="records")
        return {
            **self.run.to_json(self.objective),
            "gap": self.gap,
            "minimised": {"cost": 1.0},
            "budget": self.budget,
            "worst_case": None if self.worst is None else self.worst.name,
            "worst_case_at_most": self.most,
            "as_planned": self.outcomes[0].cost if self.outcomes else None,
            "rounds": self.rounds,
            "cost_terms": None if worst is None else worst.cost_terms,
            "kpis": None if worst is None else worst.kpis,
            "currency": self.network.currency,
            "first_stage": stands,
            "open_facilities": stands,
            "scenarios": {outcome.name: _outcome_json(outcome) for outcome in self.outcomes},
            "conflicts": [vars(breach) for breach in self.conflicts],
            **({} if self.reason is None else {"reason": self.reason}),
            "certificate": self.certificate.to_json(),
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by name: ``futures``, ``facilities``, and those of a plan with the future before them."""
        if self.solution is None:
            return {}
        found: dict[str, list[pd.DataFrame]] = {}
        for outcome in self.outcomes:
            for name, content in {} if outcome.solution is None else output.tables(outcome.solution).items():
                content = content.reset_index() if content.index.name else content
                content.insert(0, "scenario", outcome.name)
                found.setdefault(name, []).append(content)
        by_future = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
        rows = [
            {"scenario": o.name, "objective": o.cost, **({} if o.solution is None else o.solution.kpis)}
            for o in self.outcomes
        ]
        return {"futures": pd.DataFrame(rows), "facilities": _stands(by_future.pop("facilities")), **by_future}

    def _view(self) -> View:
        return view_of_answer(self.network.kind, Model.ROBUST, self, self.network, tables=self.tables)


def _outcome_json(outcome: FutureOutcome) -> dict[str, Any]:
    found = outcome.to_json()
    return {key: found[key] for key in ("objective", "cost_terms", "kpis", "certificate")}


def _stands(used: pd.DataFrame) -> pd.DataFrame:
    """Return what stands, with the least and most use of it over the futures that were looked at."""
    grouped = used.groupby(list(COLUMNS["facilities"]), sort=False)
    return grouped.agg(least_used_t=("used_t", "min"), most_used_t=("used_t", "max")).reset_index()


def with_seconds(answer: RobustAnswer, seconds: float) -> RobustAnswer:
    """Return an answer with the time that all of it took."""
    return dataclasses.replace(answer, run=dataclasses.replace(answer.run, seconds=seconds))
