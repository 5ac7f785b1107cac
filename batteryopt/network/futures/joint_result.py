"""A plan for all futures as every family gives its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from batteryopt.network.futures.joint_answer import JointAnswer
from batteryopt.network.futures.joint_summary import summary
from batteryopt.network.futures.result_over_futures import ResultOverFutures
from batteryopt.network.plan.answer import Model

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, kw_only=True, repr=False)
class JointResult(ResultOverFutures[JointAnswer]):
    """The plan for all futures under the name of its model."""

    MODEL: ClassVar[Model] = Model.STOCHASTIC

    def _said(self) -> RenderableType:
        return summary(self.answer)
