"""Print what both routes say of random networks: `python -m tests.network.second_route SEED ...` or `FIRST:LAST`."""

from __future__ import annotations

import sys
import time

from tests.network.second_route.compare import compared


def main() -> None:
    seeds = [seed for word in sys.argv[1:] for seed in _seeds(word)]
    counts: dict[str, int] = {}
    for done, seed in enumerate(seeds, 1):
        began = time.monotonic()
        found = compared(seed)
        counts[found.verdict] = counts.get(found.verdict, 0) + 1
        if found.faults or len(seeds) <= 20:
            print(f"{seed}: {found.verdict}, {time.monotonic() - began:.1f} s", flush=True)
            for fault in found.faults:
                print(f"    {fault}", flush=True)
        if done % 50 == 0 or done == len(seeds):
            print(f"{done} of {len(seeds)}: {counts}", flush=True)


def _seeds(word: str) -> range:
    first, _, last = word.partition(":")
    return range(int(first), int(last or first) + 1)


main()
