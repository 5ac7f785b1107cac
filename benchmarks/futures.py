"""Plans for many futures, and for the worst: gap, seconds and what the bound rests on, within a time limit.

Futures are drawn by `batteryopt futures`, from returns and prices with the seed 1, so that anybody has the same. The
environment variable ``BATTERYOPT_CASES`` names those wanted, parted by commas (the first two by default, of the network
of `data/networks/hand`; the others take two minutes to a quarter of an hour each). A gap is that of the answer, with
its checks and tables within the limit.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from batteryopt.network.draws.made_futures import drawn_futures
from batteryopt.network.draws.recipe import FuturesRecipe
from batteryopt.network.futures.joint_answer import JointAnswer
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.robust.robust_answer import RobustAnswer
from batteryopt.network.robust.solve_robust import solve_robust
from batteryopt.network.tables import read
from batteryopt.solvers.contract.adapter import relative_gap

NETWORKS = Path(__file__).parents[1] / "data" / "networks"
CASES = "BATTERYOPT_CASES"


def stochastic(name: str, futures: int, gap: float, seconds: float) -> JointAnswer:
    """Return the plan of a network for so many futures."""
    recipe = FuturesRecipe(sources=("returns", "prices"))
    network = drawn_futures(read(NETWORKS / name), recipe.samplers(), count=futures, seed=1).network
    return solve_futures(network, gap=gap, time_limit=seconds)


def robust(name: str, budget: int, gap: float, seconds: float) -> RobustAnswer:
    """Return the plan of a network for the worst of so many rows that return a fifth more or less."""
    return solve_robust(read(NETWORKS / name), budget=budget, deviation=0.2, gap=gap, time_limit=seconds)


KNOWN: dict[str, Callable[[], JointAnswer | RobustAnswer]] = {
    "hand x 5": lambda: stochastic("hand", 5, 0.0, 60.0),
    "hand at worst of 2": lambda: robust("hand", 2, 0.0, 60.0),
    "province x 5": lambda: stochastic("china-province", 5, 0.01, 120.0),
    "province x 20": lambda: stochastic("china-province", 20, 0.01, 120.0),
    "province at worst of 5": lambda: robust("china-province", 5, 0.01, 300.0),
    "capitals x 20": lambda: stochastic("china-capitals", 20, 0.02, 600.0),
    "china x 5": lambda: stochastic("china", 5, 0.05, 900.0),
}
BY_DEFAULT = 2


def run() -> dict[str, float]:
    """Return gaps in per cent, seconds and megabytes by case."""
    wanted = [name.strip() for name in os.environ.get(CASES, "").split(",") if name.strip()]
    figures: dict[str, float] = {}
    for name in wanted or list(KNOWN)[:BY_DEFAULT]:
        began, worked = time.perf_counter(), time.process_time()
        answer = KNOWN[name]()
        if not answer.certificate.passed:
            raise AssertionError(f"{name}: a certificate failed")
        gap = _gap(answer)
        figures |= {
            f"{name}: gap %": float("inf") if gap is None else 100.0 * gap,
            f"{name}: seconds": time.perf_counter() - began,
            f"{name}: processor seconds": time.process_time() - worked,
            f"{name}: megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        }
    return figures


def _gap(answer: JointAnswer | RobustAnswer) -> float | None:
    return answer.gap if isinstance(answer, RobustAnswer) else relative_gap(answer.objective, answer.run.bound)
