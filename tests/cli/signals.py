"""Commands that are sent a signal at some moment, and what became of them: made of a number.

``python -m tests.cli.signals FIRST COUNT`` tries so many, and says what should not have happened.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from batteryopt.ground.owned import MANIFEST, digest
from tests.command_line import HEED_CTRL_C, ROOT, TABLE_2, command

NETWORKS = ROOT / "data" / "networks"
PROVINCE = NETWORKS / "china-province"
GENERAL = ROOT / "data" / "differential_game" / "general.toml"
COMMANDS: tuple[tuple[tuple[object, ...], float], ...] = (
    (("solve", PROVINCE, "--gap", 0, "--threads", 1, "--out", "out"), 9.0),
    (("solve", TABLE_2, "--out", "out"), 4.0),
    (("solve", GENERAL, "--out", "out"), 8.0),
    (("frontier", PROVINCE, "--points", 5, "--gap", 0.02, "--out", "out"), 12.0),
    (("sweep", TABLE_2, "--vary", "usable_share=0.1:0.9:3000", "--jobs", 2, "--out", "out/table.csv"), 6.0),
    (("sweep", TABLE_2, "--vary", "usable_share=0.1:0.9:40", "--route", "optimizer", "--out", "out/table.csv"), 6.0),
    (("reproduce", "coordination"), 5.0),
    (("accuracy", "--quick", "--jobs", 2, "--out", "out"), 9.0),
    (("check", PROVINCE), 2.0),
    (("export", PROVINCE, "--out", "out/network.xlsx"), 3.0),
)
"""What is run, and about how many seconds it takes."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A command, a signal, and the seconds before it is sent, counted from when the command heeds signals."""

    words: tuple[object, ...]
    number: int
    seconds: float
    waits_for: float
    """How long it may take to end afterwards."""

    def __str__(self) -> str:
        return f"{signal.Signals(self.number).name} after {self.seconds:.2f} s of {' '.join(map(str, self.words[:2]))}"


def moment(seed: int) -> Moment:
    """Return what a seed stands for: a third of the moments are among the first half second."""
    chance = random.Random(seed)
    words, usual = COMMANDS[seed % len(COMMANDS)]
    seconds = chance.uniform(0, 0.5) if chance.random() < 0.33 else chance.uniform(0, usual)
    number = chance.choice([signal.SIGINT, signal.SIGTERM])
    return Moment(words=words, number=number, seconds=seconds, waits_for=20.0)  # 5 s on a machine of one's own


def _heeds(process: int, number: int) -> bool:
    """Whether a process handles a signal, as Linux knows."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
    return bool(caught >> (number - 1) & 1)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a command ended after its signal: the seconds that it took, and what should not have happened."""

    seconds: float
    complaints: list[str]


def ending(tried: Moment, folder: Path) -> Ending:
    """Run a command in a folder, send its signal, and return how it ended."""
    (folder / "out").mkdir()
    (folder / "out" / "mine.txt").write_text("mine")
    said = folder / "said.txt"
    with said.open("w") as stream:
        process = subprocess.Popen(
            command(*tried.words, first=HEED_CTRL_C),
            cwd=folder,
            stdout=stream,
            stderr=stream,
            process_group=0,  # one of its own, whose orphans can be told from others
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    while process.poll() is None and not _heeds(process.pid, signal.SIGTERM):
        time.sleep(0.001)
    time.sleep(tried.seconds)
    has_ended = process.poll() is not None
    began = time.monotonic()
    if not has_ended:
        process.send_signal(tried.number)
    try:
        status = process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return Ending(seconds=math.inf, complaints=["does not end"])
    took = time.monotonic() - began
    words = said.read_text(encoding="utf-8", errors="replace")
    found = [] if status == 4 or (has_ended and status == 0) else [f"status {status}, ended before: {has_ended}"]
    found += [f"took {took:.1f} s"] if took > tried.waits_for else []
    found += [f"says {word}" for word in ("Traceback", "fault of batteryopt", "Exception ignored") if word in words]
    found += _orphans(process.pid)
    found += _folder_complaints(folder / "out")
    return Ending(seconds=took, complaints=[*found, words[-800:]] if found else [])


def _orphans(group: int) -> list[str]:
    """Return what is still there of a group of processes some moments after its first has ended."""
    give_up = time.monotonic() + 5.0
    while time.monotonic() < give_up:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return []
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return ["leaves processes behind"]


def _folder_complaints(out: Path) -> list[str]:
    """Return what is not as it should be in a folder of results: half a file, a list that lies, what was there gone."""
    found = [f"leaves {path.name}" for path in out.rglob("*") if ".part" in path.name]
    if (out / "mine.txt").read_text() != "mine":
        found.append("touched what was not its own")
    for path in out.rglob("*.json"):
        json.loads(path.read_bytes())
    if (out / MANIFEST).exists():
        files = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        found += [
            f"{name} is not as listed" for name, kept in files.items() if digest((out / name).read_bytes()) not in kept
        ]
    return found


def main(arguments: list[str]) -> int:
    """Try moments, and print what came of them."""
    first, count = map(int, arguments)
    endings = []
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="batteryopt-signals-") as folder:
            endings.append(ending(moment(seed), Path(folder)))
        print(seed, moment(seed), f"ended in {endings[-1].seconds:.1f} s", *endings[-1].complaints, flush=True)
    wrong = sum(bool(each.complaints) for each in endings)
    print(f"{count} moments; slowest {max(each.seconds for each in endings):.1f} s; {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
