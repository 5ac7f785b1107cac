"""The callbacks of a nonlinear program, watched: progress is told and Ctrl-C heeded after each iteration."""

from __future__ import annotations

import time
from typing import Any

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.solvers.compile.nonlinear import NonlinearProgram
from batteryopt.solvers.contract.adapter import Progress, ProgressListener

FEASIBLE_ENOUGH = 1e-6
"""Violation up to which an iterate's objective is told."""


class Watched:
    """A program's callbacks, and the one that a code calls after each iteration.

    Attributes
    ----------
    error
        What the caller's listener raised; it stops the solve and is raised after it.
    """

    def __init__(self, program: NonlinearProgram, flag: InterruptFlag, listener: ProgressListener | None) -> None:
        self._callbacks = program.callbacks
        self._sign = program.sign
        self._flag = flag
        self._listener = listener
        self._began = time.perf_counter()
        self._before = self._last = 0
        self.error: Exception | None = None

    @property
    def iterations(self) -> int:
        """Number of iterations, of all runs together."""
        return self._before + self._last

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked for the end."""
        return self._flag.is_set

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callbacks, name)

    def intermediate(self, _mode: int, iteration: int, objective: float, violation: float, *_rest: float) -> bool:
        """Return whether to go on."""
        if iteration < self._last:  # a new run counts from 0 again
            self._before += self._last
        self._last = iteration
        if self._listener is not None:
            self._tell(self._listener, self._sign * objective if violation <= FEASIBLE_ENOUGH else None)
        return not self._flag.is_set

    def _tell(self, listener: ProgressListener, objective: float | None) -> None:
        try:
            listener(Progress(seconds=time.perf_counter() - self._began, objective=objective, bound=None))
        except Exception as error:
            self.error = error
            self._flag.is_set = True
