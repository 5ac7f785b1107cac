"""What a tonne earns: by the product that came back and the steps of its way, and by place.

Costs and revenues are carried back to the returned product that caused them (`batteryopt.network.plan.heaps`): the mass
of what came in is followed through the recipes of the plan. A recipe with several outputs has nothing to divide, for
its cost and what all its outputs earn belong to what went in; a recipe with several inputs divides by their mass, and
so does a heap in which several origins lie together. A facility's own cost (opening, fixed, closing, less what is left)
is divided over all that it works on in the plan, by the capacity used.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.plan.heaps import PLAIN, PRESENT, Heaps, Item

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

Floats = npt.NDArray[np.float64]

STEPS = (
    "revenue",
    "purchase",
    "transport",
    "processing",
    "storage",
    "disposal",
    "carbon",
    "facilities",
    "left behind",
)
"""In the order in which they are shown: what grows with tonnes first, then facilities; harm is no money of anybody."""
OF_TERMS = {
    "acquisition": "purchase",
    "variable": "processing",
    "holding": "storage",
    "opening": "facilities",
    "closing": "facilities",
    "fixed": "facilities",
    "salvage": "facilities",
    "uncollected": "left behind",
}
"""Steps of the ledger's terms, where they are called otherwise."""
NOBODY = "(no product)"
"""Stands for a product where money was caused by none: idle facilities, stock from before the plan, policy."""
NEGLIGIBLE = 1e-9
"""Share of the money that moves below which what is left over is rounding."""


def profits(solution: Solution) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each returned product earns by step, and what each place's batteries do.

    Returns
    -------
    tuple
        By product: ``product``, ``step``, ``of``, ``profit`` (money of its period), ``profit_per_collected_t`` and
        ``present_value``; rows of `NOBODY` hold what no returned tonne caused, so that each step sums up to the ledger.
        By place: ``site``, ``collected_t``, money of each step for a tonne collected, and their sum without harm.
    """
    heaps = Heaps(solution)
    items = heaps.items
    before = heaps.solve()
    by_product: dict[str, Floats] = defaultdict(lambda: np.zeros((len(items), 3)))
    by_site: dict[str, Floats] = defaultdict(lambda: np.zeros((len(items), 3)))
    for (site, product, period), tonnes in heaps.returned.items():
        carried = before.get((site, product, period), np.zeros((len(items), 3))) * tonnes
        by_product[product] += carried
        by_site[site] += carried
    return _by_product(solution, items, by_product), _by_site(solution, items, by_site)


def _by_product(solution: Solution, items: list[Item], carried: dict[str, Floats]) -> pd.DataFrame:
    collected = solution.collected_t.groupby("product")["collected"].sum()
    rows: list[tuple[str, str, str, float, float, float]] = []
    for product, costs in carried.items():
        tonnes = float(collected[product])
        for item, cost in sorted(zip(items, costs, strict=True), key=lambda pair: STEPS.index(pair[0].step)):
            plain, present = -float(cost[PLAIN]), -float(cost[PRESENT])
            if plain or present:
                each = plain / tonnes if tonnes else np.nan
                rows.append((product, item.step, item.of, plain, each, present))
    rows += _left_over(solution, rows)
    columns = ["product", "step", "of", "profit", "profit_per_collected_t", "present_value"]
    return pd.DataFrame(rows, columns=columns)


def _left_over(
    solution: Solution, rows: list[tuple[str, str, str, float, float, float]]
) -> list[tuple[str, str, str, float, float, float]]:
    """Return what the ledger has and no returned tonne caused, by step."""
    network = solution.network
    factors = np.append(network.discount_factors, network.discount_factor_at_end)
    plain = solution.ledger.div(factors, axis=0).sum()
    left: dict[str, Floats] = defaultdict(lambda: np.zeros(2))
    for term, cost in solution.cost_terms.items():
        left[OF_TERMS.get(term, term)] -= (float(plain[term]), cost)
    for _, step, _, money, _, present in rows:
        left[step] -= (money, present)
    noticed = NEGLIGIBLE * float(sum(abs(value) for value in solution.cost_terms.values()))
    return [
        (NOBODY, step, "", float(money), np.nan, float(present))
        for step, (money, present) in left.items()
        if max(abs(money), abs(present)) > noticed
    ]


def _by_site(solution: Solution, items: list[Item], carried: dict[str, Floats]) -> pd.DataFrame:
    collected = solution.collected_t.groupby("site", sort=False)["collected"].sum()
    rows = []
    for site, costs in carried.items():
        steps = dict.fromkeys(STEPS[:-1], 0.0)
        for item, cost in zip(items, costs, strict=True):
            if item.step in steps:
                steps[item.step] -= float(cost[PLAIN])
        tonnes = float(collected[site])
        each = [money / tonnes if tonnes else np.nan for money in steps.values()]
        rows.append((site, tonnes, *each, sum(each)))
    columns = ["site", "collected_t", *(f"{step}_per_collected_t" for step in STEPS[:-1]), "profit_per_collected_t"]
    return pd.DataFrame(rows, columns=columns)
