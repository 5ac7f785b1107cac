"""Run some cases: see the package's docstring."""

from __future__ import annotations

import argparse

from benchmarks.location import run
from benchmarks.location.published import all_cases

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.location")
    parser.add_argument(
        "case", nargs="*", choices=[[], *(case.name for case in all_cases())], help="all where none is named"
    )
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--seconds", type=float, help="another time limit than the case's own")
    words = parser.parse_args()
    for label, value in run(words.case, with_peers=not words.alone, seconds=words.seconds).items():
        print(f"{label:<70} {value}")
