"""Ctrl-C while a solver works: noted in a flag that the solver heeds, so that its best point is kept."""

from __future__ import annotations

import itertools
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

POLL_SECONDS = 0.05


class InterruptFlag:
    """Whether somebody asked the solve to stop, and whether anybody can (``is_live``).

    Attributes
    ----------
    heard
        How often anybody asked, in all solves of this process: many solves serve one purpose, and who runs a series of
        them learns by this of an interrupt that reached one whose report nobody reads (`interrupts_heard`).
    """

    heard: ClassVar[int] = 0

    def __init__(self, *, is_live: bool = False) -> None:
        self.is_set = False
        self.is_live = is_live

    def set(self, _signal: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
        """Ask for a stop; has the signature of a signal handler. Who asks twice does not want to wait."""
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True
        InterruptFlag.heard += 1


def interrupts_heard() -> int:
    """Return how often this process has been asked to stop, as far as a flag or `noting_interrupts` could hear it."""
    return InterruptFlag.heard


@contextmanager
def noting_interrupts() -> Iterator[None]:
    """Count Ctrl-C while the block runs, and raise `KeyboardInterrupt` as ever.

    Compiled code may swallow an exception that is raised in one of its callbacks; the count stays. A process that was
    told to ignore Ctrl-C goes on ignoring it.
    """
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_signal: int, _frame: FrameType | None) -> None:
        InterruptFlag.heard += 1
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def unfinished_is_interrupted() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end of a block that Ctrl-C reached: for work of no use unless complete."""
    before = interrupts_heard()
    with noting_interrupts():
        try:
            yield
        finally:
            if interrupts_heard() > before:
                raise KeyboardInterrupt


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


@contextmanager
def postponed_interrupt() -> Iterator[None]:
    """Let a short block end before Ctrl-C is heard: `KeyboardInterrupt` is raised after it."""
    with catching_interrupt() as flag:
        yield
    if flag.is_set:
        raise KeyboardInterrupt


def run_interruptibly(
    work: Callable[[], object],
    flag: InterruptFlag,
    stop: Callable[[], object] | None = None,
    *,
    in_shared_thread: bool = False,
) -> None:
    """Run a solver that is outside Python for long; `stop` is called as long as it runs on after Ctrl-C.

    Python sees a signal only between two of its own instructions and in its main thread: so where Ctrl-C can come the
    work is done in another thread, and this one waits. Of threads there are two kinds: HiGHS wants a new one each time,
    because it keeps a thread's settings; SCIP wants the same one, because its differentiation numbers the threads that
    it meets and the 64th in a process crashes it.
    """
    if not flag.is_live:
        work()
        return
    job = _Job(work)
    worker = _free_worker() if in_shared_thread else _Worker(jobs_to_do=1)
    worker.take(job)
    while not job.done.wait(POLL_SECONDS):
        if flag.is_set and stop is not None:
            stop()
    worker.is_free = True
    if job.error is not None:
        raise job.error


class _Job:
    """Work to be done, and what it raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self.done = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()


class _Worker(threading.Thread):
    """A thread that does one job after another: so many, or for as long as the process lives."""

    def __init__(self, *, jobs_to_do: int | None = None) -> None:
        super().__init__(daemon=True)
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._counts = itertools.count() if jobs_to_do is None else iter(range(jobs_to_do))
        self.is_free = True
        self.start()

    def take(self, job: _Job) -> None:
        """Do the job; whoever waited for its end says that the worker is free again."""
        self.is_free = False
        self._jobs.put(job)

    def run(self) -> None:
        for _ in self._counts:
            job = self._jobs.get()
            job.run()
            del job  # or the thread would keep the solver's memory until the next one


_shared: list[_Worker] = []


def _free_worker() -> _Worker:
    """Return the last worker; a new one where Ctrl-C twice left that behind at work, or a fork left it behind."""
    if not _shared or not (_shared[-1].is_free and _shared[-1].is_alive()):
        _shared.append(_Worker())
    return _shared[-1]
