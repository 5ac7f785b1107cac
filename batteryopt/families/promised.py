"""What every family gives to those who know none of them: its results, its answers, what it understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from batteryopt.ground.certificate import Certificate
    from batteryopt.ground.errors import Fault
    from batteryopt.solvers.contract.provenance import Run


class FamilyAnswer(Protocol):
    """One model's answer by one route, as every family gives it."""

    @property
    def run(self) -> Run:
        """How it came about."""

    @property
    def certificate(self) -> Certificate:
        """What the family's check found; empty without a solution."""

    @property
    def solution(self) -> Any:
        """The family's own solution; None where there is none."""

    @property
    def reason(self) -> str | None:
        """Why there is no solution."""


class FamilyResult(Protocol):
    """Answers to several models of one instance, as every family gives them."""

    @property
    def instance(self) -> Any:
        """The instance."""

    @property
    def models(self) -> Mapping[Any, Any]:
        """Answers by model; with both routes, the optimiser's."""

    @property
    def closed_form(self) -> Mapping[Any, Any] | None:
        """The formula's answers under the same names; None with one route only."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number."""


class FamilyUnderstood(Protocol):
    """What is understood of an instance before it is solved."""

    @property
    def network(self) -> Any:
        """The instance."""

    @property
    def remarks(self) -> Sequence[Fault]:
        """What a careful colleague would ask about it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""

    def words(self) -> RenderableType:
        """Return it for a screen."""
