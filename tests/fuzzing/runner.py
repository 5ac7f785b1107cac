"""Runs many hostile inputs, each in a process of its own that is forked from one in which everything is imported.

``python -m tests.fuzzing.runner FIRST COUNT`` tries so many, says how they ended, and what should not have happened.
"""

from __future__ import annotations

import collections
import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzzing.inputs import ENTITY, command, entity

EXPECTED = {0, 2, 3, 4}
SECONDS, MEGABYTES = 20.0, 2000.0
ADDRESSES = 12 << 30
"""Bytes that a process may ask for: what asks for more than the machine has is to say so, and not to take it down."""
PRELOADED = (
    *("batteryopt.cli", "batteryopt.families", "batteryopt.report.saved", "batteryopt.games.coordination.solve"),
    *(
        "batteryopt.games.differential.solve",
        "batteryopt.network.family",
        "batteryopt.network.studies.compromises",
        "openpyxl",
    ),
    *("batteryopt.network.tables.template", "batteryopt.network.relog", "batteryopt.report.write", "batteryopt.sweep"),
    *(
        "batteryopt.games.coordination.data.instance",
        "batteryopt.games.differential.data.instance",
        "batteryopt.accuracy",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How one input ended."""

    seed: int
    words: list[str]
    status: int
    seconds: float
    megabytes: float
    said: str

    def complaints(self) -> list[str]:
        """Return what should not have happened."""
        found = []
        if self.status not in EXPECTED:
            found.append(f"status {self.status}")
        if "fault of batteryopt" in self.said or "Traceback" in self.said:
            found.append("a fault of ours")
        if "\x1b" in self.said or "\x07" in self.said:
            found.append("control characters")
        if self.seconds > SECONDS:
            found.append(f"{self.seconds:.0f} s")
        if self.megabytes > MEGABYTES:
            found.append(f"{self.megabytes:.0f} MB")
        return found

    def __str__(self) -> str:
        words = " ".join(word if len(word) < 60 else f"{word[:57]}..." for word in self.words)
        return f"seed {self.seed}: {', '.join(self.complaints())} | {words} | {self.said.strip()[-600:]}"


def tried(seed: int) -> Ending:
    """Try one input."""
    folder = Path(tempfile.mkdtemp(prefix="batteryopt-fuzz-"))
    try:
        return _tried(seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tried(seed: int, folder: Path) -> Ending:
    words = command(seed, folder)
    said = folder / "said.txt"
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(words, folder, said)
    status, usage = _waited(child, began)
    return Ending(
        seed=seed,
        words=words,
        status=status,
        seconds=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss / 1024,
        said=said.read_text(encoding="utf-8", errors="replace") if said.exists() else "",
    )


def _waited(child: int, began: float) -> tuple[int, resource.struct_rusage]:
    """Return how a process ended; one that waits for something that never comes is ended."""
    while True:
        found, status, usage = os.wait4(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), usage
        if time.monotonic() - began > 10 * SECONDS:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def _run(words: list[str], folder: Path, said: Path) -> None:
    """Run a command in this process, and end it."""
    status = 1
    try:
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(stream, number)
        sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8")
        status = _status(words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _status(words: list[str]) -> int:
    from batteryopt.cli import main
    from batteryopt.ground.errors import InvalidInput

    if words[0] == ENTITY:
        try:
            entity(int(words[1]))
        except InvalidInput:
            return 2
        return 0
    sys.argv = ["batteryopt", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def try_all(first: int, count: int) -> Iterator[Ending]:
    """Try inputs one after the other."""
    for module in PRELOADED:
        importlib.import_module(module)
    yield from map(tried, range(first, first + count))


def main(arguments: list[str]) -> int:
    """Try inputs, and print what came of them."""
    first, count = map(int, arguments)
    endings = []
    for ending in try_all(first, count):
        endings.append(ending)
        if ending.complaints():
            print(ending, flush=True)
    statuses = collections.Counter(ending.status for ending in endings)
    wrong = [ending for ending in endings if ending.complaints()]
    slowest, largest = max(e.seconds for e in endings), max(e.megabytes for e in endings)
    counts = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    print(f"{count} inputs; ended with {counts}; slowest {slowest:.1f} s, largest {largest:.0f} MB; {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
