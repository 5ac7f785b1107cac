"""A plan for the worst as every family gives its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.plan.answer import Model
from batteryopt.network.robust.robust_answer import RobustAnswer
from batteryopt.network.robust.robust_summary import summary
from batteryopt.report.presentation import Presented, View, document_of

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, kw_only=True, repr=False)
class RobustResult(Presented):
    """The plan for the worst under the name of its model."""

    instance: Network
    answer: RobustAnswer

    def __getitem__(self, model: Model | str) -> RobustAnswer:
        return self.models[Model(model)]

    @property
    def models(self) -> Mapping[Model, RobustAnswer]:
        """The answer by its model."""
        return {Model.ROBUST: self.answer}

    @property
    def closed_form(self) -> None:
        """There is none."""
        return

    def to_frame(self) -> pd.DataFrame:
        """Return a row a future that was looked at."""
        return self.tables()["futures"]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by name; none without a plan."""
        return self.answer.tables()

    @property
    def passed(self) -> bool:
        """Whether a plan, where there is one, passed all its checks."""
        return self.answer.solution is None or self.answer.certificate.passed

    def summary(self) -> RenderableType | None:
        """Return what a planner reads first; None without a plan."""
        return None if self.answer.solution is None else summary(self.answer)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return document_of(self.instance.kind, self.instance.name, {Model.ROBUST.value: self.answer.to_json()})

    def _view(self) -> View:
        return View(document=self.to_json(), instance=self.instance, tables=self.answer.tables)
