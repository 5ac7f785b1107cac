"""Where words go: results to stdout, all else to stderr; and nothing of a solver's on stdout.

Names come from files that others wrote. Whatever is in them, a terminal gets no control characters but line ends and
tabs; and a stream that cannot show a sign gets its number.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from batteryopt.ground.compiled_output import compiled_output_to

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_WIDTH = 100
"""Columns of a table that goes into a file or a pipe."""
ESCAPING = "batteryopt-escaping"
"""Name of the rule for signs that a stream's encoding does not have: they are written as JSON has them, \\u00e9."""
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")
_PICTURES = 0x2400
"""Where Unicode has pictures of the first control characters."""


def visible(text: str) -> str:
    """Return a text whose control characters, and marks that turn the direction of writing, are signs to be seen."""
    return _CONTROL.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def prepare_streams() -> None:
    """Make stdout and stderr take every text; where they are closed, keep files of ours from getting their numbers."""
    codecs.register_error(ESCAPING, _escaped)
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file that is opened would be taken for it, by compiled code too
            os.open(os.devnull, flags)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPING)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)), error.end


class _Visible(RenderHook):
    """Shows what is printed without its control characters; colours are rich's own, and stay."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what is printed in place of some things."""
        return [_Cleaned(renderable) for renderable in renderables]


class _Cleaned:
    """A renderable, cleaned."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        segments: Iterable[Segment] = console.render(self._renderable, options)
        for text, style, control in segments:
            yield Segment(text if control else visible(text), style, control)


@contextlib.contextmanager
def results() -> Iterator[Console]:
    """Give the console that prints results; into a file or a pipe it prints plain lines without trailing spaces."""
    console = _console(is_error=False)
    console.push_render_hook(_Visible())
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
    """Print a line, or several, on stderr, however long; where stderr is full or gone, nothing is to be done."""
    with contextlib.suppress(OSError):
        remarks().print(visible(words), style=style, markup=False, highlight=False, soft_wrap=True)


def write_result(text: str) -> None:
    """Print text on stdout as it is, but for control characters."""
    sys.stdout.write(visible(text))


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
        yield lambda words: progress.update(task, description=visible(words))


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


@contextlib.contextmanager
def counting_parts(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many of how many are done, as `counting` shows it."""
    with contextlib.ExitStack() as stack:
        told: list[Callable[[int], None]] = []

        def tell(done: int, total: int) -> None:
            if not told:
                told.append(stack.enter_context(counting(total, what)))
            told[0](done)

        yield tell
