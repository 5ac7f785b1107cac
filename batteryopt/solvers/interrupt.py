"""Ctrl-C while a solver works: noted in a flag that the solver's callbacks read, so that the best point is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class InterruptFlag:
    """Whether somebody asked the solve to stop, and whether anybody can (``is_live``)."""

    def __init__(self, *, is_live: bool = False) -> None:
        self.is_set = False
        self.is_live = is_live

    def set(self, _signal: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
        """Ask for a stop; has the signature of a signal handler. Who asks twice does not want to wait."""
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True


@contextmanager
def catching_interrupt() -> Iterator[InterruptFlag]:
    """Turn Ctrl-C into a set flag while the block runs; outside the main thread Python allows no handlers."""
    flag = InterruptFlag(is_live=threading.current_thread() is threading.main_thread())
    if not flag.is_live:
        yield flag
        return
    previous = signal.signal(signal.SIGINT, flag.set)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
