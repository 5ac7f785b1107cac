"""What a game's solve returns: answers to several models, by one route or by both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.named import by_name
from batteryopt.report.presentation import Presented, View, document_of
from batteryopt.solvers.contract.provenance import Run


class GameInstance(Protocol):
    """The part of an instance that its results name."""

    @property
    def kind(self) -> str:
        """The family."""

    @property
    def name(self) -> str:
        """What the instance is called."""


class GameAnswer(Protocol):
    """One model's answer by one route, as far as all games are alike."""

    @property
    def model(self) -> Any:
        """Which model it answers, an enum of the family."""

    @property
    def solution(self) -> Any | None:
        """The point, None where there is none."""

    @property
    def run(self) -> Run:
        """How it came about."""

    @property
    def certificate(self) -> Certificate:
        """What the check found."""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data for JSON."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number."""


InstanceT = TypeVar("InstanceT", bound=GameInstance)
AnswerT = TypeVar("AnswerT", bound=GameAnswer)


@dataclass(frozen=True, kw_only=True, repr=False)
class RoutesResult(Presented, Generic[InstanceT, AnswerT]):
    """Answers to several models of one instance, by one route or both.

    Attributes
    ----------
    models
        The answers asked for, by the model's name; with both routes, the optimiser's.
    closed_form
        The formula's answers under the same names; None with one route only.
    """

    instance: InstanceT
    models: Mapping[Any, AnswerT]
    closed_form: Mapping[Any, AnswerT] | None = None

    def __getitem__(self, model: str) -> AnswerT:
        """Return the answer to a model, by its name; raises `InvalidInput` where it was not asked for."""
        return by_name(self.models, model)

    @property
    def answers(self) -> tuple[AnswerT, ...]:
        """Every answer of either route."""
        return (*self.models.values(), *(self.closed_form or {}).values())

    @property
    def passed(self) -> bool:
        """Whether every answer that has a solution passed all its checks."""
        return all(answer.certificate.passed for answer in self._solved())

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data, the keys as the command line prints them."""
        document = document_of(self.instance.kind, self.instance.name, _by_name(self.models))
        return document if self.closed_form is None else {**document, "closed_form": _by_name(self.closed_form)}

    def _view(self) -> View:
        return View(document=self.to_json(), instance=self.instance)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number of every answer, with its ``model`` and ``route``."""
        answers = tuple(self._solved()) or self.answers  # where none is solved, the empty columns
        frames = [a.to_frame().assign(model=a.model.value, route=a.run.route.value) for a in answers]
        found = pd.concat(frames, ignore_index=True)
        return found[["model", "route", *found.columns.drop(["model", "route"])]]

    def __str__(self) -> str:
        return "\n\n".join(str(answer) for answer in self.answers)

    def _solved(self) -> Iterator[AnswerT]:
        return (answer for answer in self.answers if answer.solution is not None)


def _by_name(answers: Mapping[Any, GameAnswer]) -> dict[str, Any]:
    return {model.value: answer.to_json() for model, answer in answers.items()}
