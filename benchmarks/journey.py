"""From the words of a command to a printed plan: modules loaded and entered, and ways between them, each once."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = f"{ROOT / 'batteryopt'}{os.sep}"
COMMANDS = {
    "network": ("solve", "data/networks/hand"),
    "coordination": ("solve", "data/coordination/table2.toml", "--model", "decentralized"),
}


@dataclass
class Journey:
    """Which modules, and which rooms (folders), a command goes through, in order, as long as it stays in one.

    Only calls count, not the returns from them; what runs while a module is imported counts as loading.
    """

    modules: list[str] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)

    def listen(self, frame: FrameType, event: str, _: Any) -> None:
        """Take a profiler's word that a function begins."""
        path = frame.f_code.co_filename
        if event != "call" or frame.f_code.co_name == "<module>" or not path.startswith(PACKAGE):
            return
        module = path[len(PACKAGE) :].removesuffix(".py").replace(os.sep, ".")
        for visited, place in ((self.modules, module), (self.rooms, module.rpartition(".")[0])):
            if not visited or visited[-1] != place:
                visited.append(place)

    def figures(self) -> Iterator[tuple[str, int]]:
        """Yield how many are entered, and how many ways lead from one to the next; one taken often counts once."""
        for name, visited in (("modules", self.modules), ("rooms", self.rooms)):
            yield f"{name} entered", len(set(visited))
            yield f"ways from one of the {name} to another", len(set(itertools.pairwise(visited)))


def run() -> dict[str, int]:
    """Return the figures of each command; every command in a fresh interpreter."""
    found: dict[str, int] = {}
    for name in COMMANDS:
        words = [sys.executable, "-m", "benchmarks.journey", name]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
        found |= {f"{name}: {key}": value for key, value in json.loads(done.stdout).items()}
    return found


def travel(name: str) -> dict[str, int]:
    """Return the figures of a command that this interpreter has not run yet."""
    from batteryopt.cli import app

    journey = Journey()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        sys.setprofile(journey.listen)
        try:
            app(list(COMMANDS[name]), standalone_mode=False)
        finally:
            sys.setprofile(None)
    loaded = [module for module in sys.modules if module.startswith("batteryopt")]
    return {"modules loaded": len(loaded), **dict(journey.figures())}


if __name__ == "__main__":
    print(json.dumps(travel(sys.argv[1])))
