"""Run benchmarks from a shell: see the package's docstring."""

from __future__ import annotations

import argparse
import sys

from batteryopt.ground.errors import InvalidInput
from benchmarks.registry import known, run


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and size on fixed problems.")
    parser.add_argument("name", nargs="*", help="a benchmark; all of them where none is named")
    parser.add_argument("--list", action="store_true", help="say which there are")
    words = parser.parse_args()
    if words.list:
        for name, title in known().items():
            print(f"{name:<28}{title}")
        return 0
    try:
        print(f"wrote {run(words.name, lambda line: print(line, flush=True))}")
    except InvalidInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
