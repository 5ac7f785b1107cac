"""Run benchmarks from a shell: see the package's docstring."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from batteryopt.ground.errors import InvalidInput
from benchmarks.registry import compare, known, run


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and size on fixed problems.")
    parser.add_argument(
        "name", nargs="*", help="a benchmark, by default all of them; or: compare BEFORE.json AFTER.json"
    )
    parser.add_argument("--list", action="store_true", help="say which there are")
    words = parser.parse_args()
    if words.list:
        for name, title in known().items():
            print(f"{name:<28}{title}")
        return 0
    try:
        if words.name[:1] == ["compare"]:
            if len(words.name) != 3:
                parser.error("compare takes two files of results: compare BEFORE.json AFTER.json")
            print("\n".join(compare(*map(Path, words.name[1:]))))
            return 0
        print(f"wrote {run(words.name, lambda line: print(line, flush=True))}")
    except InvalidInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
