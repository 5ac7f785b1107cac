"""What a solve returns: a solution with how it came about and its certificate; and several of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.games.coordination.data.instance import Instance
from batteryopt.games.coordination.judge.pareto import ParetoRegion, pareto_region
from batteryopt.games.coordination.solution import Model, Solution
from batteryopt.games.shell.routes import RoutesResult
from batteryopt.ground.certificate import Certificate
from batteryopt.report.presentation import Presented, View, view_of_answer
from batteryopt.solvers.contract.provenance import Certified, Run


@dataclass(frozen=True, kw_only=True, repr=False)
class CoordinationAnswer(Certified, Presented):
    """One model's answer by one route.

    Attributes
    ----------
    solution
        None where there is no point: infeasible, unbounded, stopped too early, or no contract that coordinates.
    certificate
        What the check found; empty without a solution.
    reason
        Why there is no solution, for people.
    applies
        False where a closed form was asked outside its assumptions, so that it says nothing about the model.
    pareto
        For the contract: the lump sums that leave every player better off than this route's decentralised answer.
    """

    model: Model
    solution: Solution | None
    run: Run
    certificate: Certificate = field(default_factory=Certificate)
    reason: str | None = None
    applies: bool = True
    pareto: ParetoRegion | None = None

    @property
    def objective(self) -> float | None:
        """The value of what the model maximises, recomputed from decisions and instance; None without a solution."""
        return None if self.solution is None else self.solution.objective

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON."""
        missing = {"decisions": None, "profits": None}
        body = missing if self.solution is None else self.solution.to_json()
        contract = self._contract_json() if self.model is Model.CONTRACT else {}
        reason = {} if self.reason is None else {"reason": self.reason}
        certificate = {"certificate": self.certificate.to_json()}
        return {**self.run.to_json(self.objective), **body, **contract, **reason, **certificate}

    def _contract_json(self) -> dict[str, Any]:
        terms = None if self.solution is None else self.solution.terms
        return {
            "terms": None if terms is None else terms.to_json(),
            "pareto_region": None if self.pareto is None else self.pareto.to_json(),
        }

    def _view(self) -> View:
        instance = None if self.solution is None else self.solution.instance
        return view_of_answer("coordination", self.model.value, self, instance)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number: ``quantity``, ``index`` (region or enterprise, from 0), ``value``."""
        columns = ["quantity", "index", "value"]
        if self.solution is None:
            return pd.DataFrame(columns=columns)
        profits = {f"profit_{name}": value for name, value in vars(self.solution.profits).items()}
        numbers: dict[str, Any] = {**self.solution.decisions(), **profits}
        rows = [
            (name, index, item)
            for name, value in numbers.items()
            for index, item in enumerate(np.atleast_1d(value).tolist())
        ]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        head = f"{self.model.value} by {self.run.route.value} ({self.run.solver}): {self.run.point_status.value}"
        if self.solution is None:
            return f"{head}\n  {self.reason or self.run.stop_reason.value}"
        lines = [f"  {name:<26}{_shown(value)}" for name, value in self.solution.decisions().items()]
        profits = self.solution.to_json()["profits"]
        lines += [f"  profit of {name:<16}{_shown(value)}" for name, value in profits.items() if value is not None]
        return "\n".join([head, *lines, *self._contract_lines(), f"  certificate: {self.certificate.verdict}"])

    def _contract_lines(self) -> list[str]:
        terms = None if self.solution is None else self.solution.terms
        if terms is None:
            return []
        lines = [f"  cost share x              {terms.cost_share:12.6g}"]
        lines += [f"  wholesale price w         {_shown(terms.wholesale_price)}"]
        if self.pareto is not None:
            lines += ["  fair lump sums (K1, K2)   {:12.6g}, {:.6g}".format(*self.pareto.nash_bargaining)]
        return lines


@dataclass(frozen=True, kw_only=True, repr=False)
class CoordinationResult(RoutesResult[Instance, CoordinationAnswer]):
    """Answers to several models of one game."""


def contract_region(contract: Solution | None, decentralized: Solution | None) -> ParetoRegion | None:
    """Return the Pareto region of a contract against a decentralised solution; None where either is missing."""
    if contract is None or decentralized is None:
        return None
    return pareto_region(contract=contract.profits, before=decentralized.profits)


def _shown(value: Any) -> str:
    """Return a number, or the range of many."""
    items = np.atleast_1d(value)
    if len(items) == 1:
        return f"{items[0]:12.6g}"
    return f"{items.min():12.6g} to {items.max():.6g} ({len(items)} of them)"
