"""Asking work in other processes to stop, so that it hands over the best that it has: a file says so.

Processes of a pool leave Ctrl-C to the one that began them. A file reaches them on every system, whatever they are at,
without a channel that would have to be handed to them when they begin.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LOOK_AGAIN = 0.05
"""Seconds: how often a process looks whether the file is there, however often it is asked."""


class StopSign(Protocol):
    """Whatever says whether to stop."""

    @property
    def is_set(self) -> bool:
        """Whether to stop."""


@dataclass(eq=False)
class StopFile:
    """A sign to stop that other processes see: a file at a path that all of them know."""

    path: Path
    _looked: float = field(default=-1.0, repr=False)
    _is_there: bool = field(default=False, repr=False)

    @property
    def is_set(self) -> bool:
        """Whether the file is there; once it was, it is not looked for again."""
        now = time.monotonic()
        if not self._is_there and now - self._looked >= LOOK_AGAIN:
            self._looked, self._is_there = now, self.path.exists()
        return self._is_there

    def set(self) -> None:
        """Ask all who know the path to stop."""
        self.path.touch()


@contextlib.contextmanager
def stop_file() -> Iterator[StopFile]:
    """Give a sign to stop that can be sent to other processes; its file is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="batteryopt-stop-") as folder:
        yield StopFile(Path(folder) / "stop")
