"""Judging how much of single products facilities take: no more than the size that stands has a capacity of."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.judge.check_flows import Residuals, over
from batteryopt.network.plan.careers import Career, records
from batteryopt.network.plan.solution import Solution


def product_capacity(solution: Solution) -> Residuals:
    """Yield what is used of a product beyond its own capacity, where a facility has one."""
    network, tonne = solution.network, own_tonne(solution.network)
    inputs = {(t.name, r.name): r.inputs for t in network.types for r in t.recipes}
    used: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for row in records(solution.processed):
        for product, share in inputs[row.type, row.recipe]:
            used[row.site, row.type, product, row.period] += row.tonnes * share
    for (site, type_), career in solution.careers.items():
        for product in dict.fromkeys(row.product for level in career.levels for row in level.by_product):
            for period, size in zip(network.periods, career.sizes, strict=True):
                taken, most = used[site, type_, product, period.name], _capacity(career, product, size)
                yield over(taken, most, tonne), f"{site}/{type_}/{product}/{period.name}"


def _capacity(career: Career, product: str, size: float | None) -> float:
    """Return the capacity of a product at a size; with sizes between levels, on the line between theirs."""
    if size is None:
        return 0.0
    own = [level.capacity_of(product) for level in career.levels]
    capacities = [np.inf if most is None else most for most in own]
    return float(np.interp(size, [level.capacity_t for level in career.levels], capacities))
