"""How good a plan for a sample of futures is for all that could have been drawn: replications of the sample.

Source: Mak, W.-K., Morton, D., Wood, R. (1999), Monte Carlo bounding techniques for determining solution quality in
stochastic programs, Operations Research Letters 24, 47-56. The optimum of a sample is on average no more than the true
one, so that the mean over samples bounds it from below; what a plan costs in futures that it was not made for bounds it
from above; and in each sample the plan costs no less than the sample's own optimum, so that their differences, which
share their futures, bound what the plan lacks.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_point
from batteryopt.network.futures.joint_search import JointSearch
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.plan.solution import Solution
from batteryopt.solvers.contract.adapter import Options, ProgressListener

Drawing = Callable[[int], Sequence[Future]]
"""Gives the futures of a replication, by its number: independent of each other and of all other replications."""
HINDSIGHT_GAP = 1e-6
"""Relative gap of the flows in one future with the plan's facilities."""
CONFIDENCE = 0.95
"""Of each interval: of one-sided ones that the truth is beyond is as likely as 1 in 20."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What replications say.

    Attributes
    ----------
    replications, futures
        How many samples, and of how many futures each.
    broken
        In how many of them the plan cannot keep the hard rules of some future: then it has no true cost.
    optimum
        Interval of the true optimum: from what the samples' own optima prove to what the plan costs.
    plan
        Interval of the plan's true cost; None where it has none.
    gap_mean, gap_at_most
        What the plan is dearer than the true optimum: on average over the samples, and at most.
    seed, drawn_from
        Whence.
    is_stopped
        Whether time or the user ended it before all replications.
    """

    replications: int
    futures: int
    broken: int
    optimum: tuple[float, float | None]
    plan: tuple[float, float] | None
    gap_mean: float | None
    gap_at_most: float | None
    seed: int
    drawn_from: str
    is_stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**dataclasses.asdict(self), "confidence": CONFIDENCE}


def mean_and_room(values: Sequence[float], *, sides: int) -> tuple[float, float]:
    """Return the mean of independent values and how far the true one may be from it, to one side or to both.

    Student's t, for the spread is estimated from the same values: ``t s / sqrt(n)``.
    """
    count = len(values)
    share = 1.0 - (1.0 - CONFIDENCE) / sides
    spread = float(np.std(values, ddof=1))
    return float(np.mean(values)), float(student.ppf(share, count - 1)) * spread / math.sqrt(count)


def resampling(futures: Sequence[Future], count: int, seed: int) -> Drawing:
    """Return how samples are drawn from a table of futures, with replacement and by their probabilities.

    A future that is drawn several times stands once in the sample, with so many times the probability.
    """
    shares = np.array([future.probability for future in futures])

    def drawn(number: int) -> list[Future]:
        rng = np.random.default_rng([seed, number])
        times = Counter(rng.choice(len(futures), size=count, p=shares).tolist())
        return [dataclasses.replace(futures[i], probability=n / count) for i, n in sorted(times.items())]

    return drawn


def replicate(
    plan: Solution,
    draw: Drawing,
    replications: int,
    options: Options,
    flag: InterruptFlag,
    *,
    seed: int,
    drawn_from: str,
    futures: int,
    announce: Callable[[str], None],
    on_progress: ProgressListener | None,
) -> Sampled | None:
    """Return what replications say of a plan; None where fewer than two could be made.

    Parameters
    ----------
    options
        Their time limit is for all replications together.
    """
    began = time.monotonic()
    lows: list[float] = []
    costs: list[float | None] = []
    for number in range(1, replications + 1):
        left = None if options.time_limit is None else options.time_limit - (time.monotonic() - began)
        if flag.is_set or (left is not None and left <= 0):
            break
        seconds = None if left is None else left / (replications - number + 1)
        announce(f"replication {number} of {replications}")
        one = _replication(plan, draw(number), dataclasses.replace(options, time_limit=seconds), flag, on_progress)
        if one is not None and not flag.is_set:  # what an interrupt cut short says little, and would spoil the rest
            lows.append(one[0])
            costs.append(one[1])
    if len(lows) < 2:
        return None
    lowest, room_below = mean_and_room(lows, sides=1)
    sampled = Sampled(
        replications=len(lows),
        futures=futures,
        broken=costs.count(None),
        optimum=(lowest - room_below, None),
        plan=None,
        gap_mean=None,
        gap_at_most=None,
        seed=seed,
        drawn_from=drawn_from,
        is_stopped=len(lows) < replications,
    )
    known = [cost for cost in costs if cost is not None]
    return sampled if len(known) < len(costs) else _with_costs(sampled, lowest - room_below, known, lows)


def _with_costs(sampled: Sampled, least: float, costs: Sequence[float], lows: Sequence[float]) -> Sampled:
    """Return what is known where the plan has a cost in every sample."""
    cost, room_above = mean_and_room(costs, sides=1)
    _, room = mean_and_room(costs, sides=2)
    gap, room_of_gap = mean_and_room(np.subtract(costs, lows).tolist(), sides=1)
    return dataclasses.replace(
        sampled,
        optimum=(least, cost + room_above),
        plan=(cost - room, cost + room),
        gap_mean=gap,
        gap_at_most=gap + room_of_gap,
    )


def _replication(
    plan: Solution, futures: Sequence[Future], options: Options, flag: InterruptFlag, listener: ProgressListener | None
) -> tuple[float, float | None] | None:
    """Return a proven lower bound of a sample's optimum, and what the plan costs in it; None where no bound is known.

    The bound rather than the value: what a search that ends at a gap has found may be more than the sample's optimum.
    """
    search = JointSearch(futures, Risk(), options, flag, announce=lambda _: None, on_progress=listener)
    exact = dataclasses.replace(options, time_limit=None, relative_gap=HINDSIGHT_GAP)
    points = [hindsight_point(m, plan, exact) for m in search.forms]
    starts = [x for x in points if x is not None]
    cost = None
    if len(starts) == len(points):
        values = [weighted(m, WEIGHTS).at(x) for m, x in zip(search.forms, starts, strict=True)]
        cost = float(np.dot(search.shares, values))
    found, _, _ = search.best_for_all([-np.inf] * len(points), [] if cost is None else starts)
    if found.bound is None:
        return None
    return found.bound if cost is None else min(found.bound, cost), cost
