"""The Stackelberg engine at sizes of real work, beside single-level models typed by hand.

    python -m benchmarks.bilevel_scale [--only FAMILY] [--seconds S]

Every family is drawn from a seed. The model typed by hand has the best limits that one can derive for it and goes to
HiGHS, or to SCIP where it needs special ordered sets or products. "Proven" is the solver's own word for it, at a gap
of 1e-4. Where both are proven they must agree, and a run that finds otherwise says so and fails.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

from batteryopt import bilevel, solvers
from batteryopt.solvers import Options
from benchmarks.bilevel_scale_families import MODELS

SECONDS = 60.0
GAP = 1e-4
AGREE = 1e-3
"""Relative distance from which on two answers that are both called optimal contradict each other."""
SIZES: dict[str, tuple[tuple[int, ...], ...]] = {
    "linear": ((50, 1), (100, 1), (200, 1)),
    "paths": ((4, 1), (8, 1), (12, 1)),
    "knapsack": ((20, 1), (100, 1)),
    "bidder": ((30, 1, 1), (118, 1, 1), (30, 24, 1)),
    "firms": ((20,), (50,)),
}
BY_SCIP = ("bidder", "firms")


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What came of one solve."""

    way: str
    case: str
    objective: float | None
    bound: float | None
    is_proven: bool
    seconds: float
    words: str = ""

    def __str__(self) -> str:
        numbers = "".join(f"{'-' if v is None else f'{v:.6g}':>14}" for v in (self.objective, self.bound))
        proven = "proven" if self.is_proven else "open"
        return f"{self.case:<18}{self.way:<10}{numbers}{proven:>9}{self.seconds:>9.1f} s  {self.words}"


def by_engine(family: str, size: tuple[int, ...], seconds: float, method: str = "auto") -> Scaled:
    """Solve with the engine; a refusal is no answer, and says why."""
    began = time.perf_counter()
    model = MODELS[family][0](*size)
    try:
        answer = bilevel.solve(model, method=method, time_limit=seconds, gap=GAP)
    except Exception as refusal:
        objective, bound, is_proven, words = None, None, False, str(refusal)
    else:
        objective = answer.objective if answer.point_status.is_feasible else None
        bound, is_proven, words = answer.bound, answer.is_optimal, f"{answer.method}: {answer.why}"
    return Scaled(
        way=method,
        case=_name(family, size),
        objective=objective,
        bound=bound,
        is_proven=is_proven,
        seconds=time.perf_counter() - began,
        words=words,
    )


def by_hand(family: str, size: tuple[int, ...], seconds: float) -> Scaled:
    """Solve the model typed by hand."""
    began = time.perf_counter()
    model = MODELS[family][1](*size)
    adapter = solvers.get("scip" if family in BY_SCIP else "highs")
    report = adapter.solve(model, Options(time_limit=seconds, relative_gap=GAP))
    return Scaled(
        way="by hand",
        case=_name(family, size),
        objective=report.objective,
        bound=report.bound,
        is_proven=report.is_optimal,
        seconds=time.perf_counter() - began,
        words=adapter.name,
    )


def _name(family: str, size: tuple[int, ...]) -> str:
    """Return a case's name; the last number of a size is the seed, but for the firms, which have none."""
    sizes = size if family == "firms" else size[:-1]
    return f"{family} {'x'.join(map(str, sizes))}"


def both(family: str, size: tuple[int, ...], seconds: float) -> tuple[Scaled, Scaled]:
    """Solve in both ways; raises where both call different values optimal."""
    hand, engine = by_hand(family, size, seconds), by_engine(family, size, seconds)
    if hand.is_proven and engine.is_proven:
        assert hand.objective is not None
        assert engine.objective is not None
        distance = abs(hand.objective - engine.objective) / max(1.0, abs(hand.objective))
        if distance > AGREE:
            raise ArithmeticError(f"two answers are called optimal:\n{hand}\n{engine}")
    return hand, engine


def run(only: str = "", seconds: float = SECONDS, tell: Any = None) -> dict[str, Any]:
    """Solve every case in both ways.

    Returns
    -------
    dict
        By case and way: seconds, whether it was proven, and the objective found.
    """
    figures: dict[str, Any] = {}
    for family, sizes in SIZES.items():
        for size in sizes if only in ("", family) else ():
            for found in both(family, size, seconds):
                if tell is not None:
                    tell(str(found))
                name = f"{found.case}, {found.way}"
                figures |= {
                    f"{name}: seconds": found.seconds,
                    f"{name}: proven": int(found.is_proven),
                    f"{name}: objective": found.objective,
                }
    return figures


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", choices=sorted(SIZES), default="", help="one family")
    arguments.add_argument("--seconds", type=float, default=SECONDS, help="time limit of each solve")
    asked = arguments.parse_args()
    run(asked.only, asked.seconds, lambda line: print(line, flush=True))
