"""SCIP's events, passed on to whoever listens."""

from __future__ import annotations

from typing import Any

from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

from batteryopt.solvers.contract.adapter import Progress, ProgressListener

_EVENTS = (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.NODESOLVED)
_INFINITY = 1e20


class ScipListener(Eventhdlr):
    """Tells of each better point and each node; an exception of the caller's stops SCIP and is kept in ``error``."""

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener
        self.error: Exception | None = None

    def eventinit(self) -> None:
        """Ask SCIP for the events."""
        for event in _EVENTS:
            self.model.catchEvent(event, self)

    def eventexit(self) -> None:
        """Ask for no more."""
        for event in _EVENTS:
            self.model.dropEvent(event, self)

    def eventexec(self, _event: Any) -> None:
        """Pass one event on."""
        progress = Progress(
            seconds=self.model.getSolvingTime(),
            objective=_known(self.model.getPrimalbound()),
            bound=_known(self.model.getDualbound()),
        )
        try:
            self._listener(progress)
        except Exception as error:
            self.error = error
            self.model.interruptSolve()


def _known(value: float) -> float | None:
    return float(value) if abs(value) < _INFINITY else None
