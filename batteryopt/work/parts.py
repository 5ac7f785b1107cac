"""Work in numbered parts, in this process or by a crew, noted in a journal so that it can go on where it was.

A part may need the rows of an earlier one (its neighbour's plan to begin from): it is begun when they are there. A
worker that dies costs its part once; the part is tried again, alone, and where it dies again a row says so.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from batteryopt.ground.errors import BatteryOptError
from batteryopt.work.crews import GOES_ON, POOL_IS_GONE, Crew, Pool
from batteryopt.work.journal import Journal, Rows

PartT = TypeVar("PartT")
SECONDS_BETWEEN_LOOKS = 1.0
"""How often is looked whether the time for all is over."""


def all_parts(
    work: Callable[..., Rows],
    parts: Sequence[PartT],
    *,
    name: str,
    identity: Mapping[str, Any],
    jobs: int = 1,
    scheduler: str = "",
    needs: Mapping[int, int] | None = None,
    lost: Callable[[int], Rows] | None = None,
    until: float | None = None,
    journal: Path | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> dict[int, Rows]:
    """Return the rows of every part by its number, in the order of the numbers.

    Parameters
    ----------
    work
        Gives the rows of a part; can be pickled, as parts can, where there are several processes.
    name
        What messages call the whole.
    identity
        What the whole is: a journal of the same goes on where it was.
    jobs, scheduler
        As in `Crew`.
    needs
        The part whose rows a part is given, by number, both earlier ones: `work` is then called with part and rows.
    lost
        Gives the rows of a part on which a worker died twice; without it that is an error.
    until
        The time (`time.time`) after which no part is begun; those that were not are left out of the answer.

    Raises
    ------
    InvalidInput
        If the journal belongs to other work.
    BatteryOptError
        If a process died twice on a part.
    KeyboardInterrupt
        If interrupted; the journal keeps what is done.
    """
    with contextlib.ExitStack() as stack:
        book = None
        if journal is not None:
            book = stack.enter_context(Journal(journal, identity, work=name, restart=restart))
        done = {} if book is None else dict(book.done)
        on_progress(len(done))
        crew = Crew(jobs=jobs, scheduler=scheduler)
        shift = _Shift(work=work, parts=parts, name=name, needs=needs or {}, lost=lost, until=until, done=done)
        for number, rows in shift.here() if crew.is_this_process or not shift.several else shift.by(crew):
            if book is not None:
                book.add(number, rows)
            done[number] = rows
            on_progress(len(done))
    return {number: done[number] for number in range(len(parts)) if number in done}


@dataclass(kw_only=True)
class _Shift(Generic[PartT]):
    """Work under way; `done` is filled by whoever asks for it."""

    work: Callable[..., Rows]
    parts: Sequence[PartT]
    name: str
    needs: Mapping[int, int]
    lost: Callable[[int], Rows] | None
    until: float | None
    done: dict[int, Rows]
    suspects: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.waiting = [number for number in range(len(self.parts)) if number not in self.done]

    @property
    def several(self) -> bool:
        """Whether there is work for more than one."""
        return len(self.waiting) > 1

    @property
    def is_over(self) -> bool:
        """Whether no part is to be begun any more."""
        return self.until is not None and time.time() >= self.until

    def here(self) -> Iterator[tuple[int, Rows]]:
        """Yield the rows of each part, done in this process."""
        for number in self.waiting:
            if self.is_over:
                return
            yield number, self.work(*self._given(number))

    def by(self, crew: Crew) -> Iterator[tuple[int, Rows]]:
        """Yield the rows of each part when a crew has done it."""
        while (self.waiting or self.suspects) and not self.is_over:
            alone = [self.suspects.popleft()] if self.suspects else []
            with crew.pool(1 if alone else len(self.waiting)) as pool:
                yield from self._in_pool(pool, alone)

    def _in_pool(self, pool: Pool, alone: list[int]) -> Iterator[tuple[int, Rows]]:
        """Yield rows until nothing is left, or the pool is gone; what was under way then is suspected."""
        under_way: dict[Future[Rows | None], int] = {}
        is_trial = bool(alone)
        try:
            while True:
                waiting = alone if is_trial else self.waiting
                for number in self._next(waiting, pool.width() - len(under_way)):
                    under_way[pool.executor.submit(_quietly, self.work, *self._given(number))] = number
                    waiting.remove(number)
                if not under_way:
                    return
                ended, _ = wait(under_way, timeout=SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=lambda future: isinstance(_error(future), POOL_IS_GONE)):
                    yield under_way[future], self._rows(future, under_way[future], pool)
                    del under_way[future]
        except POOL_IS_GONE:
            mine = sorted(under_way.values())
            if not is_trial:
                self.suspects.extend(mine)
                return
            yield mine[0], self._lost(mine[0])

    def _next(self, waiting: Collection[int], room: int) -> list[int]:
        """Return the parts that can be begun, no more than there is room for."""
        if self.is_over:
            return []
        ready = (number for number in waiting if self.needs.get(number, -1) in self.done or number not in self.needs)
        return [number for _, number in zip(range(max(room, 0)), ready, strict=False)]

    def _given(self, number: int) -> tuple[Any, ...]:
        need = self.needs.get(number)
        return (self.parts[number],) if need is None else (self.parts[number], self.done.get(need, []))

    def _rows(self, future: Future[Rows | None], number: int, pool: Pool) -> Rows:
        try:
            rows = future.result()
        except pool.died:
            return self._lost(number)
        except CancelledError as error:
            raise BatteryOptError(f"the scheduler let a part of the {self.name} go; {GOES_ON}") from error
        if rows is None:
            raise KeyboardInterrupt
        return rows

    def _lost(self, number: int) -> Rows:
        if self.lost is None:
            raise BatteryOptError(
                f"a process of the {self.name} died, twice on part {number + 1}: a solver took it down, or memory ran "
                f"out; {GOES_ON} from there, with fewer --jobs if it happens again"
            )
        return self.lost(number)


def _error(future: Future[Any]) -> BaseException | None:
    return None if future.cancelled() else future.exception()


def _quietly(work: Callable[..., Rows], *given: Any) -> Rows | None:
    """Work on a part in a worker; None where an interrupt reached a solver all the same."""
    try:
        return work(*given)
    except KeyboardInterrupt:
        return None
