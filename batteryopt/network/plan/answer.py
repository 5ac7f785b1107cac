"""What a solve of a network returns: a plan with how it came about, its certificate, or what stands in its way."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.named import by_name
from batteryopt.network.data.instance import Network
from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.data.objective import Objective
from batteryopt.network.money import statement
from batteryopt.network.plan.gross import gross, size_of
from batteryopt.network.plan.readable import Breach
from batteryopt.network.plan.solution import Solution
from batteryopt.report.presentation import Presented, View, document_of, view_of_answer
from batteryopt.solvers.contract.provenance import Certified, Run

if TYPE_CHECKING:
    from rich.console import RenderableType

NOTICED = 1e-6
"""Units missed of a rule that are worth a word, of tonnes the network's own; less is rounding."""
ROUNDING = 1e-12
"""Distance of objective and bound, relative to the sums they come from, that is none: digits that a double has not."""

BOUND, ROOT_BOUND = "bound-below-the-objective", "bound-from-duals-below-the-objective"
"""Names of the certificate's entries on which side of the plan the bounds are."""

MODEL = "design"
"""Name of the one model of this family."""

Held: TypeAlias = Mapping[Objective, float]
"""Limits of other objectives: at most so much, of collection at least."""


@dataclass(frozen=True, kw_only=True, repr=False)
class NetworkAnswer(Certified, Presented):
    """A plan, or why there is none.

    Attributes
    ----------
    objective_kind
        What was minimised (or, for collection, maximised); several with their weights.
    solution
        None where there is no plan: infeasible, or stopped too early.
    certificate
        What the check found; empty without a solution.
    root_bound
        Bound of the linear relaxation before any branching.
    bound_rests_on
        What the bound rests on, in words: multipliers that anybody can evaluate, or a solver's tree.
    held
        Limits of other objectives within which this one is the best.
    conflicts
        Without a solution: the rules and balances that cannot hold together, with place and amount.
    opposed
        Without a solution: the rules that are in the way of those, with place; their amount is 0.
    reason
        Without a solution: why, for people.
    extras
        Values of the variables that a user's own rules added, by name: a number, or numbers by index.
    """

    network: Network
    objective_kind: Mapping[Objective, float]
    solution: Solution | None
    run: Run
    certificate: Certificate = field(default_factory=Certificate)
    root_bound: float | None = None
    bound_rests_on: str = ""
    held: Held = field(default_factory=dict)
    conflicts: tuple[Breach, ...] = ()
    opposed: tuple[Breach, ...] = ()
    reason: str | None = None
    extras: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge the sides of the bounds anew: plan or bounds may not be those that the certificate was made for."""
        if self.solution is not None:
            object.__setattr__(self, "certificate", Certificate(tuple(map(self._on_its_side, self.certificate))))
        super().__post_init__()

    def _on_its_side(self, entry: Check) -> Check:
        """Return an entry on a bound with a residual no smaller than this plan's; any other one as it is."""
        bound = {BOUND: self.run.bound, ROOT_BOUND: self.root_bound}.get(entry.name)
        value = self.objective
        if bound is None or value is None or self.solution is None:
            return entry
        sign = -1.0 if tuple(self.objective_kind) == (Objective.COLLECTION,) else 1.0
        size = size_of(self.solution, self.objective_kind, value)
        return dataclasses.replace(entry, residual=max(entry.residual, sign * (bound - value) / size))

    @property
    def objective(self) -> float | None:
        """The objective, recomputed from the plan's tables; None without a plan."""
        return None if self.solution is None else value_of(self.solution, self.objective_kind)

    @property
    def gap(self) -> float | None:
        """Distance of objective and bound, relative to the objective; None where the objective is 0 and they differ."""
        return self._relative_gap(self.run.bound)

    @property
    def gap_money(self) -> float | None:
        """Distance of objective and bound in money; None where cost is no part of the objective."""
        if self.objective is None or self.run.bound is None or Objective.COST not in self.objective_kind:
            return None
        return abs(self.objective - self.run.bound)

    @property
    def gross(self) -> float | None:
        """The money that moves: the sum of the sizes of all cost terms; None without a plan."""
        return None if self.solution is None else gross(self.solution)

    @property
    def gap_of_gross(self) -> float | None:
        """The gap in money as a share of the money that moves."""
        if self.gap_money is None or self.gross is None:
            return None
        return self.gap_money / self.gross if self.gross else None if self.gap_money else 0.0

    @property
    def root_gap(self) -> float | None:
        """Relative distance of objective and the linear relaxation: how tight the formulation is here."""
        return self._relative_gap(self.root_bound)

    def _relative_gap(self, bound: float | None) -> float | None:
        if self.solution is None or self.objective is None or bound is None:
            return None
        distance = abs(self.objective - bound)
        if distance <= ROUNDING * size_of(self.solution, self.objective_kind, self.objective):
            return 0.0
        return distance / abs(self.objective) if self.objective else None

    @property
    def missed(self) -> tuple[Breach, ...]:
        """Soft rules that the plan misses, with what they cost."""
        if self.solution is None:
            return ()
        tonne = own_tonne(self.network)
        return tuple(b for b in self.solution.breaches if b.amount > NOTICED * (tonne if b.unit == "t" else 1.0))

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON."""
        missing = {"cost_terms": None, "open_facilities": None, "kpis": None, "money": None}
        return {
            **self.run.to_json(self.objective),
            "gap": self.gap,
            "gap_money": self.gap_money,
            "gross": self.gross,
            "gap_of_gross": self.gap_of_gross,
            "minimised": {kind.value: weight for kind, weight in self.objective_kind.items()},
            "held": {kind.value: limit for kind, limit in self.held.items()},
            "root_bound": self.root_bound,
            "root_gap": self.root_gap,
            **({"bound_rests_on": self.bound_rests_on} if self.bound_rests_on else {}),
            **(
                missing
                if self.solution is None
                else {**self.solution.to_json(), "money": statement.to_json(self.solution)}
            ),
            "missed_rules": [vars(breach) for breach in self.missed],
            "conflicts": [vars(breach) for breach in self.conflicts],
            "opposed": [{key: vars(breach)[key] for key in ("rule", "place", "period")} for breach in self.opposed],
            **({} if self.reason is None else {"reason": self.reason}),
            **({"extras": dict(self.extras)} if self.extras else {}),
            "certificate": self.certificate.to_json(),
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table of the plan by name; none without a plan."""
        from batteryopt.network.plan import output  # tables are made for whoever asks for them

        return {} if self.solution is None else output.tables(self.solution)

    def _view(self) -> View:
        return view_of_answer(self.network.kind, MODEL, self, self.network, tables=self.tables)


def value_of(solution: Solution, weights: Mapping[Objective, float]) -> float:
    """Return the weighted sum of objectives; collection alone as the tonnes themselves, in a sum with a minus."""
    if tuple(weights) == (Objective.COLLECTION,):
        return _value(solution, Objective.COLLECTION) * weights[Objective.COLLECTION]
    signs = {Objective.COLLECTION: -1.0}
    return sum(_value(solution, kind) * weight * signs.get(kind, 1.0) for kind, weight in weights.items())


def _value(solution: Solution, kind: Objective) -> float:
    if kind is Objective.COST:
        return solution.net_present_cost
    if kind is Objective.EMISSIONS:
        return float(solution.emissions_t.to_numpy().sum())
    return solution.risk if kind is Objective.RISK else float(solution.collected_t["collected"].sum())


class Model(enum.StrEnum):
    """The models: a plan for one future, one for all, or one for the worst that may return."""

    DESIGN = MODEL
    STOCHASTIC = "stochastic"
    ROBUST = "robust"


@dataclass(frozen=True, kw_only=True, repr=False)
class NetworkResult(Presented):
    """A plan under the name of its model, with its tables and its summary."""

    instance: Network
    answer: NetworkAnswer

    def __getitem__(self, model: Model | str) -> NetworkAnswer:
        return by_name(self.models, model)

    @property
    def models(self) -> Mapping[Model, NetworkAnswer]:
        """The answer by its model."""
        return {Model.DESIGN: self.answer}

    @property
    def closed_form(self) -> None:
        """Formulas exist for special networks only (`closed_form`), and not as a route of their own."""
        return

    def to_frame(self) -> pd.DataFrame:
        """Return the cost terms by period; the other tables are in `tables`."""
        return self.tables()["cost_terms"]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table of the plan by name; none without a plan."""
        return self.answer.tables()

    @property
    def table_names(self) -> tuple[str, ...]:
        """The names of all tables that a plan has, or would have if there were one."""
        from batteryopt.network.plan.output import TABLES

        return TABLES

    def summary(self) -> RenderableType | None:
        """Return what a planner reads first; None without a plan."""
        from batteryopt.network.plan.summary import summary

        return self._said(summary)

    def verdict(self) -> RenderableType | None:
        """Return the plan in three lines; None without a plan."""
        from batteryopt.network.plan.summary import verdict

        return self._said(verdict)

    def _said(self, words: Callable[..., RenderableType]) -> RenderableType | None:
        answer = self.answer
        if answer.solution is None:
            return None
        return words(answer.solution, objective=answer.objective_kind, value=answer.objective, bound=answer.run.bound)

    @property
    def passed(self) -> bool:
        """Whether a plan, where there is one, passed all its checks."""
        return self.answer.solution is None or self.answer.certificate.passed

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return document_of(self.instance.kind, self.instance.name, {MODEL: self.answer.to_json()})

    def _view(self) -> View:
        return View(document=self.to_json(), instance=self.instance, tables=self.answer.tables)
