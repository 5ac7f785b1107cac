"""Ctrl-C while a solver works: noted in a flag that the solver heeds, so that its best point is kept.

A command may make many solves, one inside of another or one after the other. Who asks once asks all of them: solves
inside of a block that catches interrupts share its flag (`catching_interrupt`), and after an interrupt that reached one
solve of a piece of work (`noting_interrupts`), the others have a moment to wind up, and are stopped then. SIGTERM is
heeded in the same way where somebody handles it already, as the command line does.
"""

from __future__ import annotations

import itertools
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

from batteryopt.ground.scarce_memory import require_room_to_solve
from batteryopt.ground.signals import (
    Handler,
    interrupts_heard,
    note_interrupt,
    raise_interrupt,
    seconds_since_interrupt,
)

__all__ = [
    "InterruptFlag",
    "catching_interrupt",
    "interrupts_heard",
    "noting_interrupts",
    "postponed_interrupt",
    "run_interruptibly",
    "unfinished_is_interrupted",
    "winding_up",
]

POLL_SECONDS = 0.05
SECONDS_TO_WIND_UP = 1.5
"""After an interrupt: what later solves of the same work have for what makes an answer of the best point."""
SECONDS_TO_HEED = 3.0
"""After an interrupt: how long a solver that does not heed it is waited for."""


class InterruptFlag:
    """Whether somebody asked the solve to stop, and whether anybody can (``is_live``).

    Many solves serve one purpose, and who runs a series of them learns by `interrupts_heard` of an interrupt that
    reached one whose report nobody reads.
    """

    under_way: ClassVar[InterruptFlag | None] = None
    """The flag of the block that catches interrupts, shared by all inside of it."""
    heard_before: ClassVar[int | None] = None
    """How many interrupts had been heard when the work under way began; None where a solve is a work of its own."""

    def __init__(self, *, is_live: bool = False) -> None:
        self._is_set = False
        self.is_live = is_live

    @property
    def is_set(self) -> bool:
        """Whether to stop: somebody asked for it here, or earlier in the same work and long enough ago."""
        return self._is_set or (self.is_live and _is_overdue())

    @is_set.setter
    def is_set(self, value: bool) -> None:
        self._is_set = value

    def set(self, _signal: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
        """Ask for a stop; has the signature of a signal handler. Who asks twice does not want to wait."""
        if self._is_set:
            raise KeyboardInterrupt
        self._is_set = True
        note_interrupt()


def _is_overdue() -> bool:
    begun = InterruptFlag.heard_before
    return begun is not None and interrupts_heard() > begun and seconds_since_interrupt() > SECONDS_TO_WIND_UP


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _handling(handler: Handler, *, even_if_ignored: bool) -> Iterator[None]:
    """Let a function handle Ctrl-C, and SIGTERM where that is handled already, while the block runs."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if not callable(previous[signal.SIGTERM]) or isinstance(previous[signal.SIGTERM], signal.Handlers):
        del previous[signal.SIGTERM]
    if previous[signal.SIGINT] is signal.SIG_IGN and not even_if_ignored:
        del previous[signal.SIGINT]
    try:
        for number in previous:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


@contextmanager
def noting_interrupts() -> Iterator[None]:
    """Count Ctrl-C while the block runs, and raise `KeyboardInterrupt` as ever: the block is one piece of work.

    Compiled code, and imports, may swallow an exception that is raised inside of them; the count stays, and a part of
    the same work that begins later does not begin. A process that was told to ignore Ctrl-C goes on ignoring it.
    """
    if not _is_main_thread():
        yield
        return

    outer = InterruptFlag.heard_before
    if outer is not None and interrupts_heard() > outer:
        raise KeyboardInterrupt
    with _handling(raise_interrupt, even_if_ignored=False):
        InterruptFlag.heard_before = interrupts_heard() if outer is None else outer
        try:
            yield
        finally:
            InterruptFlag.heard_before = outer


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
    """Turn Ctrl-C into a set flag while the block runs; outside the main thread Python allows no handlers.

    Inside of another such block it is that one's flag: a relaxation, a tree and what is made of them end together.
    """
    if not _is_main_thread():
        yield InterruptFlag()
        return
    if InterruptFlag.under_way is not None:
        yield InterruptFlag.under_way
        return
    flag = InterruptFlag(is_live=True)
    with _handling(flag.set, even_if_ignored=True):
        InterruptFlag.under_way = flag
        try:
            yield flag
        finally:
            InterruptFlag.under_way = None


@contextmanager
def winding_up() -> Iterator[InterruptFlag]:
    """Run a block as if nobody had asked for a stop before: what was found until then is tried and judged in it.

    Ctrl-C during the block ends that too.
    """
    if not _is_main_thread():
        yield InterruptFlag()
        return
    outer, before = InterruptFlag.under_way, InterruptFlag.heard_before
    InterruptFlag.under_way = None
    InterruptFlag.heard_before = None if before is None else interrupts_heard()
    try:
        with catching_interrupt() as flag:
            yield flag
    finally:
        InterruptFlag.under_way, InterruptFlag.heard_before = outer, before


@contextmanager
def postponed_interrupt() -> Iterator[None]:
    """Let a short block end before Ctrl-C is heard: `KeyboardInterrupt` is raised after it."""
    is_within = InterruptFlag.under_way is not None
    with catching_interrupt() as flag:
        yield
    if flag.is_set and not is_within:
        raise KeyboardInterrupt


def run_interruptibly(
    work: Callable[[], object],
    flag: InterruptFlag,
    stop: Callable[[], object] | None = None,
    *,
    in_shared_thread: bool = False,
) -> None:
    """Run a solver that is outside Python for long; `stop` is called as long as it runs on after Ctrl-C.

    One that does not heed it, as in a long presolve, is left behind: `KeyboardInterrupt` is raised.

    Python sees a signal only between two of its own instructions and in its main thread: so where Ctrl-C can come the
    work is done in another thread, and this one waits. Of threads there are two kinds: HiGHS wants a new one each time,
    because it keeps a thread's settings; SCIP wants the same one, because its differentiation numbers the threads that
    it meets and the 64th in a process crashes it.
    """
    require_room_to_solve()
    if not flag.is_live:
        work()
        return
    job = _Job(work)
    worker = _free_worker() if in_shared_thread else _Worker(jobs_to_do=1)
    worker.take(job)
    give_up = None
    while not job.done.wait(POLL_SECONDS):
        if not flag.is_set:
            continue
        give_up = give_up or time.monotonic() + SECONDS_TO_HEED
        if stop is not None:
            stop()
        if time.monotonic() > give_up:
            raise KeyboardInterrupt
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
        try:
            self.start()
        except RuntimeError as error:  # "can't start new thread": there is no room for its stack
            raise MemoryError(str(error)) from error

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
