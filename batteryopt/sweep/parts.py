"""Work in numbered parts, in this process or in several, noted in a journal so that it can go on where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar

from batteryopt.ground.errors import BatteryOptError
from batteryopt.sweep.journal import Journal, Rows
from batteryopt.sweep.pool import worker_pool

PartT = TypeVar("PartT")


def all_parts(
    work: Callable[[PartT], Rows],
    parts: Sequence[PartT],
    *,
    name: str,
    identity: Mapping[str, Any],
    jobs: int = 1,
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
    jobs
        Processes.
    on_progress
        Told how many parts are done.

    Raises
    ------
    InvalidInput
        If the journal belongs to other work.
    BatteryOptError
        If a process died.
    KeyboardInterrupt
        If interrupted; the journal keeps what is done.
    """
    with contextlib.ExitStack() as stack:
        book = None
        if journal is not None:
            book = stack.enter_context(Journal(journal, identity, work=name, restart=restart))
        done = {} if book is None else dict(book.done)
        on_progress(len(done))
        for number, rows in _worked(work, parts, [k for k in range(len(parts)) if k not in done], jobs, name):
            if book is not None:
                book.add(number, rows)
            done[number] = rows
            on_progress(len(done))
    return {number: done[number] for number in range(len(parts))}


def _worked(
    work: Callable[[PartT], Rows], parts: Sequence[PartT], todo: Sequence[int], jobs: int, name: str
) -> Iterator[tuple[int, Rows]]:
    """Yield the rows of each part when it is done."""
    if min(jobs, len(todo)) <= 1:
        for number in todo:
            yield number, work(parts[number])
        return
    with worker_pool(min(jobs, len(todo))) as pool:
        futures = {pool.submit(_quietly, work, parts[number]): number for number in todo}
        try:
            for future in as_completed(futures):
                rows = future.result()
                if rows is None:
                    raise KeyboardInterrupt
                yield futures[future], rows
        except BrokenProcessPool as error:
            raise BatteryOptError(
                f"a process of the {name} died: a solver took it down, or memory ran out; what is done is kept, "
                "and the same command goes on from there, with fewer --jobs if it happens again"
            ) from error


def _quietly(work: Callable[[PartT], Rows], part: PartT) -> Rows | None:
    """Work on a part in a worker; None where an interrupt reached a solver all the same."""
    try:
        return work(part)
    except KeyboardInterrupt:
        return None
