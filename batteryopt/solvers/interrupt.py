"""Ctrl-C while a solver works: noted in a flag that the solver heeds, so that its best point is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

POLL_SECONDS = 0.05


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


def run_interruptibly(
    work: Callable[[], object], flag: InterruptFlag, stop: Callable[[], object] | None = None
) -> None:
    """Run a solver that is outside Python for long; `stop` is called as long as it runs on after Ctrl-C.

    Python sees a signal only between two of its own instructions and in its main thread: so where Ctrl-C can come the
    work is done in another thread, and this one waits.
    """
    if not flag.is_live:
        work()
        return
    worker = _Worker(work)
    worker.start()
    while worker.is_alive():
        worker.join(POLL_SECONDS)
        if flag.is_set and stop is not None and worker.is_alive():
            stop()
    if worker.error is not None:
        raise worker.error


class _Worker(threading.Thread):
    """A thread that keeps what its work raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error
