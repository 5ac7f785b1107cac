"""The result of a plan that was made together with its rounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batteryopt.ground.certificate import Certificate
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.answer import MODEL, NetworkAnswer, NetworkResult
from batteryopt.network.rounds.rounds_agreement import AgreedRounds, RoundTurn
from batteryopt.report.presentation import document_of

if TYPE_CHECKING:
    from batteryopt.network.rounds.rounds_answer import RoundsAnswer


@dataclass(frozen=True, kw_only=True, repr=False)
class RoundedResult(NetworkResult):
    """The best pair of plan and rounds; its instance has the estimate that the plan was made by.

    Attributes
    ----------
    agreed
        All turns.
    """

    agreed: AgreedRounds

    @property
    def rounds(self) -> RoundsAnswer | None:
        """The rounds of the plan; None without a plan."""
        return None if self.agreed.best is None else self.agreed.best.rounds

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data: that of the plan, with `rounds` in it."""
        design = self.answer.to_json()
        if (best := self.agreed.best) is not None:
            design["rounds"] = rounds_json(self.agreed, best)
        return document_of(self.instance.kind, self.instance.name, {MODEL: design})


def rounds_json(agreed: AgreedRounds, best: RoundTurn) -> Mapping[str, Any]:
    """Return what JSON says of rounds: their figures, the cost of plan and rounds in all, and every turn."""
    return {
        **best.rounds.to_json(),
        "total": best.total,
        "has_agreed": agreed.has_agreed,
        "turns": [turn.to_json() for turn in agreed.turns],
    }


def rounded_result(network: Network, agreed: AgreedRounds) -> RoundedResult:
    """Return the result of plans and rounds in turns, the rounds' certificate behind the plan's own."""
    best = agreed.best
    if best is None:
        assert agreed.failed is not None
        return RoundedResult(instance=network, answer=agreed.failed, agreed=agreed)
    return RoundedResult(instance=best.network, answer=_certified(best), agreed=agreed)


def _certified(turn: RoundTurn) -> NetworkAnswer:
    """Return the plan with the rounds' certificate behind its own."""
    checks = [dataclasses.replace(check, name=f"rounds-{check.name}") for check in turn.rounds.certificate]
    return dataclasses.replace(turn.answer, certificate=turn.answer.certificate + Certificate(tuple(checks)))
