"""Being asked to stop, by Ctrl-C or SIGTERM: counted from the first moment on. Imports nothing, so as to be early."""

from __future__ import annotations

import signal
import time
from types import FrameType


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


def heed_signals() -> None:
    """Have this process count Ctrl-C and SIGTERM and end in words; what it was told to ignore it goes on ignoring."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, raise_interrupt)
