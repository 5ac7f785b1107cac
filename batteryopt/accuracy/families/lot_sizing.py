"""Lot sizing with a big M that is far too big: what a tolerance lets trickle through a closed machine.

Demands, costs of setting up, making and keeping are whole numbers. Wagner and Whitin's recursion finds the best plan:
lots last from one setting up to the next. ``made <= M is_set_up`` is right for every M that exceeds the demand, and the
larger M is, the less of a setting up a solver's tolerance has to leave open for all that is made. The same said by
indicator constraints, for solvers that have them, needs no M: nothing can trickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.implications import carry
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_plan
from batteryopt.solvers import Indicator

PERIODS = (6, 12, 24)
BIG_M = (10**3, 10**5, 10**7, 10**9)


@dataclass(frozen=True, kw_only=True)
class Lots:
    """Whole numbers by period: demand, cost of setting up, of making and of keeping one."""

    demand: tuple[int, ...]
    setup: tuple[int, ...]
    making: tuple[int, ...]
    keeping: tuple[int, ...]

    def lot(self, first: int, last: int) -> int:
        """Return the cost of making in one period what is needed up to another."""
        kept = sum(self.keeping[k] * sum(self.demand[k + 1 : last + 1]) for k in range(first, last))
        return self.setup[first] + self.making[first] * sum(self.demand[first : last + 1]) + kept


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield horizons, each with several M."""
    for periods in PERIODS[:1] if quick else PERIODS:
        for big in (BIG_M[0], BIG_M[-1]) if quick else BIG_M:
            yield AccuracyProblem(
                family="lot-sizing",
                name=f"lots-{periods}-periods-M-{big:.0e}-{seed}",
                variant=f"M-{big:.0e}",
                size=3 * periods,
                build=partial(build, periods, big, seed),
                find_truth=partial(_truth, periods, big, seed),
            )
        yield AccuracyProblem(
            family="lot-sizing",
            name=f"lots-{periods}-periods-indicator-{seed}",
            variant="indicator",
            size=3 * periods,
            build=partial(build, periods, None, seed),
            find_truth=partial(_truth, periods, BIG_M[0], seed),
        )


def random_lots(periods: int, seed: int) -> Lots:
    """Return lots whose whole demand is below the smallest M."""
    rng = np.random.default_rng([seed, periods, 3])
    return Lots(
        demand=tuple(rng.integers(5, 40, periods).tolist()),
        setup=tuple(rng.integers(60, 240, periods).tolist()),
        making=tuple(rng.integers(1, 5, periods).tolist()),
        keeping=tuple(rng.integers(1, 3, periods).tolist()),
    )


def build(periods: int, big: int | None, seed: int) -> Any:
    """Return the least cost: ``kept_t = kept_{t-1} + made_t - demand_t`` and ``made_t <= M is_set_up_t``.

    Without an M the latter is said by indicator constraints: where nothing is set up, ``made_t <= 0``.
    """
    lots = random_lots(periods, seed)
    m = pyo.ConcreteModel(name="lot sizing")
    m.PERIODS = pyo.RangeSet(0, periods - 1)
    m.made, m.kept = pyo.Var(m.PERIODS, bounds=(0, None)), pyo.Var(m.PERIODS, bounds=(0, None))
    m.is_set_up = pyo.Var(m.PERIODS, domain=pyo.Binary)
    m.balance = pyo.Constraint(
        m.PERIODS, rule=lambda m, t: (m.kept[t - 1] if t else 0) + m.made[t] - m.kept[t] == lots.demand[t]
    )
    if big is None:
        carry(m, [Indicator(binary=m.is_set_up[t], active_value=0, body=m.made[t]) for t in m.PERIODS])
    else:
        m.only_where_set_up = pyo.Constraint(m.PERIODS, rule=lambda m, t: m.made[t] <= big * m.is_set_up[t])
    m.cost = pyo.Objective(
        expr=pyo.quicksum(
            lots.setup[t] * m.is_set_up[t] + lots.making[t] * m.made[t] + lots.keeping[t] * m.kept[t] for t in m.PERIODS
        )
    )
    return m


def best_lots(lots: Lots) -> tuple[int, tuple[int, ...], bool]:
    """Return the least cost, the periods to set up in, and whether no other plan of lots costs as little.

    H. M. Wagner and T. M. Whitin, "Dynamic version of the economic lot size model", Management Science 5, 1958: the
    best plan up to a period ends with a lot that began in some period, and before it is the best plan up to there.
    """
    best: list[tuple[int, tuple[int, ...], int]] = [(0, (), 1)]
    for last in range(len(lots.demand)):
        plans = [
            (best[first][0] + lots.lot(first, last), (*best[first][1], first), best[first][2])
            for first in range(last + 1)
        ]
        least = min(plans)
        best.append((*least[:2], sum(count for cost, _, count in plans if cost == least[0])))
    cost, plan, count = best[-1]
    return cost, plan, count == 1


def plan_of(lots: Lots, setups: tuple[int, ...]) -> dict[str, int]:
    """Return the decisions of a plan that sets up in these periods, by the model's names."""
    ends = (*setups[1:], len(lots.demand))
    made = {t: sum(lots.demand[t:end]) for t, end in zip(setups, ends, strict=True)}
    found: dict[str, int] = {}
    kept = 0
    for t, demand in enumerate(lots.demand):
        kept += made.get(t, 0) - demand
        found |= {f"made[{t}]": made.get(t, 0), f"kept[{t}]": kept, f"is_set_up[{t}]": int(t in made)}
    return found


def _truth(periods: int, big: int, seed: int) -> Truth:
    lots = random_lots(periods, seed)
    cost, setups, is_unique = best_lots(lots)
    return truth_of_plan(build(periods, big, seed), plan_of(lots, setups), cost, is_unique=is_unique, resolution=0.5)
