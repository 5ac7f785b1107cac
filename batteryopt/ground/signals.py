"""Being asked to stop, by Ctrl-C or SIGTERM: counted from the first moment on. Imports nothing, so as to be early."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

STOPPED = 4
"""Exit status of what was interrupted, as `batteryopt.cli.exits` has it."""
Handler = Callable[[int, FrameType | None], object] | signal.Handlers


class _Heard:
    """How often this process was asked to stop, and when it was last."""

    count = 0
    at = -float("inf")


def note_interrupt() -> None:
    """Count that somebody asked this process to stop."""
    _Heard.count += 1
    _Heard.at = time.monotonic()


def interrupts_heard() -> int:
    """Return how often this process has been asked to stop."""
    return _Heard.count


def seconds_since_interrupt() -> float:
    """Return the seconds since the last time that anybody asked."""
    return time.monotonic() - _Heard.at


def raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle a signal: count it, and raise `KeyboardInterrupt`."""
    note_interrupt()
    raise KeyboardInterrupt


def leave_at_once(_signal: int, _frame: FrameType | None) -> None:
    """Handle a signal while libraries are imported: nothing is lost, and an exception might be swallowed there."""
    try:
        os.write(2, b"interrupted\n")
    finally:
        os._exit(STOPPED)


def heed_signals(handler: Handler = raise_interrupt) -> None:
    """Have this process count Ctrl-C and SIGTERM and end in words; what it was told to ignore it goes on ignoring."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
