"""What a solve returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from batteryopt.games.shell.routes import RoutesResult
from batteryopt.ground.certificate import Certificate
from batteryopt.report.presentation import Presented, View, view_of_answer
from batteryopt.solvers.contract.provenance import Certified, Run
from tests.guide_family.data.instance import SellerInstance
from tests.guide_family.solution import Model, Solution


@dataclass(frozen=True, kw_only=True, repr=False)
class SellerAnswer(Certified, Presented):
    """One model's answer by one route."""

    model: Model
    solution: Solution | None
    run: Run
    certificate: Certificate = field(default_factory=Certificate)
    reason: str | None = None

    @property
    def objective(self) -> float | None:
        """The profit, recomputed; None without a solution."""
        return None if self.solution is None else self.solution.objective

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        price = None if self.solution is None else self.solution.price
        reason = {} if self.reason is None else {"reason": self.reason}
        body = {"price": price, **reason, "certificate": self.certificate.to_json()}
        return {**self.run.to_json(self.objective), **body}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number."""
        rows = [] if self.solution is None else [("price", self.solution.price)]
        return pd.DataFrame(rows, columns=["quantity", "value"])

    def _view(self) -> View:
        instance = None if self.solution is None else self.solution.instance
        return view_of_answer("seller", self.model.value, self, instance)


class SellerResult(RoutesResult[SellerInstance, SellerAnswer]):
    """Answers to the models of one instance."""
