"""A newsvendor with many futures, as one linear program: the optimum is a quantile, and a rational number.

Buy x now for c each; in future s, which is w_s times as likely as another, sell up to the demand d_s for p each. The
answer is the least demand at which the futures that demand no more weigh at least ``(p - c) / p`` of all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_proof

COUNTS = (10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True, kw_only=True)
class Futures:
    """Demands and weights of the futures, cost and price, all in whole numbers."""

    demands: tuple[int, ...]
    weights: tuple[int, ...]
    cost: int
    price: int

    @property
    def quantile(self) -> int:
        """What to buy."""
        total, so_far = sum(self.weights), 0
        for demand, weight in sorted(zip(self.demands, self.weights, strict=True)):
            so_far += weight
            if so_far * self.price >= (self.price - self.cost) * total:
                return demand
        raise AssertionError("all futures together weigh more than a part of them")


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield few and many futures, up to a hundred thousand."""
    for count in COUNTS[:1] if quick else COUNTS:
        yield AccuracyProblem(
            family="newsvendor",
            name=f"newsvendor-{count}-{seed}",
            variant="two-stage",
            size=count + 1,
            build=partial(build, count, seed),
            find_truth=partial(_truth, count, seed),
        )


def random_futures(count: int, seed: int) -> Futures:
    """Return futures with demands around 1,000; every demand stands once where there is room."""
    rng = np.random.default_rng([seed, count, 7])
    demands = rng.choice(np.arange(1, 10 * count + 1), size=count, replace=False)
    return Futures(
        demands=tuple(demands.tolist()), weights=tuple(rng.integers(1, 10, count).tolist()), cost=7, price=16
    )


def build(count: int, seed: int) -> Any:
    """Return the largest profit, all futures weighed; whole coefficients only."""
    futures = random_futures(count, seed)
    m = pyo.ConcreteModel(name="newsvendor")
    m.FUTURES = pyo.RangeSet(0, count - 1)
    m.bought = pyo.Var(bounds=(0, None))
    m.sold = pyo.Var(m.FUTURES, bounds=lambda _, s: (0, futures.demands[s]))
    m.no_more_than_bought = pyo.Constraint(m.FUTURES, rule=lambda m, s: m.sold[s] <= m.bought)
    sales = pyo.quicksum(futures.price * w * m.sold[s] for s, w in enumerate(futures.weights))
    m.profit = pyo.Objective(expr=sales - futures.cost * sum(futures.weights) * m.bought, sense=pyo.maximize)
    return m


def _truth(count: int, seed: int) -> Truth:
    """Prove the quantile: a future that demands more would pay ``p w`` for one more, one that demands less nothing.

    What is left of the cost falls on the futures that demand exactly what is bought; there it is between 0 and ``p w``,
    which is what makes it the quantile.
    """
    futures = random_futures(count, seed)
    x = futures.quantile
    left = Fraction(futures.cost * sum(futures.weights))
    duals: dict[str, Fraction] = {}
    order = sorted(range(count), key=lambda s: -futures.demands[s])
    for s in itertools.takewhile(lambda s: futures.demands[s] >= x, order):
        duals[f"no_more_than_bought[{s}]"] = paid = min(left, Fraction(futures.price * futures.weights[s]))
        left -= paid
    sold = {f"sold[{s}]": min(x, demand) for s, demand in enumerate(futures.demands)}
    is_unique = (
        0
        < duals[f"no_more_than_bought[{futures.demands.index(x)}]"]
        < futures.price * futures.weights[futures.demands.index(x)]
    )
    return truth_of_proof(build(count, seed), {"bought": x, **sold}, duals, is_unique=is_unique)
