"""Where words go: results to stdout, all else to stderr; and nothing of a solver's on stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console

from batteryopt.compiled_output import compiled_output_to

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_WIDTH = 100
"""Columns of a table that goes into a file or a pipe."""


@contextlib.contextmanager
def results() -> Iterator[Console]:
    """Give the console that prints results; into a file or a pipe it prints plain lines without trailing spaces."""
    console = _console(is_error=False)
    if console.is_terminal:
        yield console
        return
    with console.capture() as captured:
        yield console
    write_result("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def remarks() -> Console:
    """Return the console that prints everything else."""
    return _console(is_error=True)


def say(words: str, style: str | None = None) -> None:
    """Print a line, or several, on stderr: as it is, whatever it contains and however long."""
    remarks().print(words, style=style, markup=False, highlight=False, soft_wrap=True)


def write_result(text: str) -> None:
    """Print text on stdout as it is."""
    sys.stdout.write(text)


def _console(*, is_error: bool) -> Console:
    console = Console(stderr=is_error, highlight=False)
    return console if console.is_terminal else Console(stderr=is_error, highlight=False, width=PLAIN_WIDTH)


@contextlib.contextmanager
def announcing() -> Iterator[Callable[[str], None]]:
    """Give a function that tells what is being done: beside a moving bar on a terminal, in plain lines elsewhere."""
    console = remarks()
    if not console.is_terminal:
        yield say
        return
    with bar(console) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda words: progress.update(task, description=words)


@contextlib.contextmanager
def counting(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many are done: a bar on a terminal, some ten plain lines elsewhere."""
    console = remarks()
    if console.is_terminal:
        with bar(console, is_counting=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=done)
        return
    tenths_told = -1

    def tell(done: int) -> None:
        nonlocal tenths_told
        tenths = 10 * done // max(total, 1)
        if tenths > tenths_told:
            tenths_told = tenths
            say(f"{what}: {done} of {total}")

    yield tell


def bar(console: Console, *, is_counting: bool = False) -> Progress:
    """Return a progress bar that leaves no trace when it is done; counting, it says how many and for how long yet."""
    from rich import progress

    columns: list[progress.ProgressColumn] = [
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
    ]
    if is_counting:
        columns += [progress.MofNCompleteColumn(), progress.TimeRemainingColumn()]
    columns.append(progress.TimeElapsedColumn())
    return progress.Progress(*columns, console=console, transient=True)


@contextlib.contextmanager
def clean_stdout() -> Iterator[None]:
    """Send to stderr whatever compiled code prints to stdout meanwhile: solvers print where they please."""
    with compiled_output_to(2):
        yield
