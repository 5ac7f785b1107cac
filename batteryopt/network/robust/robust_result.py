"""A plan for the worst as every family gives its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from batteryopt.network.futures.result_over_futures import ResultOverFutures
from batteryopt.network.plan.answer import Model
from batteryopt.network.robust.robust_answer import RobustAnswer
from batteryopt.network.robust.robust_summary import summary

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, kw_only=True, repr=False)
class RobustResult(ResultOverFutures[RobustAnswer]):
    """The plan for the worst under the name of its model."""

    MODEL: ClassVar[Model] = Model.ROBUST

    def _said(self) -> RenderableType:
        return summary(self.answer)
