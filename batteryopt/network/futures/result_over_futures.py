"""A plan for several futures as every family gives its results, whatever it is best at over them."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.answer import Model
from batteryopt.report.presentation import Presented, View, document_of

if TYPE_CHECKING:
    from rich.console import RenderableType


class AnswerOverFutures(Protocol):
    """What the result needs of its answer."""

    @property
    def solution(self) -> object:
        """The plan in its futures; None without one."""

    @property
    def certificate(self) -> Certificate:
        """Its checks."""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by name."""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data."""


AnswerT = TypeVar("AnswerT", bound=AnswerOverFutures)


@dataclass(frozen=True, kw_only=True, repr=False)
class ResultOverFutures(Presented, Generic[AnswerT]):
    """The plan under the name of its model."""

    MODEL: ClassVar[Model]
    instance: Network
    answer: AnswerT

    def __getitem__(self, model: Model | str) -> AnswerT:
        return self.models[Model(model)]

    @property
    def models(self) -> Mapping[Model, AnswerT]:
        """The answer by its model."""
        return {self.MODEL: self.answer}

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
        return None if self.answer.solution is None else self._said()

    @abc.abstractmethod
    def _said(self) -> RenderableType:
        """Return the summary of a plan."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return document_of(self.instance.kind, self.instance.name, {self.MODEL.value: self.answer.to_json()})

    def _view(self) -> View:
        return View(document=self.to_json(), instance=self.instance, tables=self.answer.tables)
