"""Two linear programs of Netlib's collection, each with its optimum proven by a basis in rational numbers.

Data: D. M. Gay, "Electronic mail distribution of linear programming test problems", COAL Newsletter 13, 1985
(https://www.netlib.org/lp/data). Whoever has more of them gives the files: ``accuracy --problem FILE.mps``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from batteryopt.accuracy.mps_problems import named_problem
from batteryopt.accuracy.problem import AccuracyProblem

HERE = Path(__file__).parent / "netlib_data"
NAMES = ("afiro", "adlittle")


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (files: nothing is drawn)
    """Yield the programs, the smallest first."""
    for name in NAMES[:1] if quick else NAMES:
        yield named_problem(HERE / f"{name}.mps", "netlib")
