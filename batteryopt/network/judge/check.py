"""Judging a plan from its tables and the instance, knowing nothing of the model that made it.

Each check is a claim with the largest residual found: tonnes relative to the size of what is compared (at least one
tonne, or what is one to a network of other units), money relative to the sum of the terms' sizes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from batteryopt.ground.certificate import Certificate, Check
from batteryopt.network.data.facilities import Sizes, Standing
from batteryopt.network.data.instance import Network
from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.judge.check_flows import Key, Masses, Residuals, ends, lanes, over, rounds, trips, visits
from batteryopt.network.judge.check_product_capacity import product_capacity
from batteryopt.network.judge.check_single_source import several_destinations
from batteryopt.network.plan import chain
from batteryopt.network.plan.careers import Career, records
from batteryopt.network.plan.gross import gross
from batteryopt.network.plan.solution import Solution

TOLERANCE = 1e-6
"""Largest relative residual that passes."""


def check(solution: Solution, *, objective: float | None = None) -> Certificate:
    """Return the certificate of a plan.

    Parameters
    ----------
    objective
        What the solver says the net present cost is, to be compared with the sum of the recomputed terms.
    """
    claims: Mapping[str, Callable[[Solution], Residuals]] = {
        "no-table-has-negative-entries": negative_entries,
        "no-row-stands-twice": repeated_rows,
        "every-node-is-in-balance": balances,
        "nothing-is-passed-on": passing_on,
        "collection-within-returns": collection,
        "facilities-have-legal-careers": facility_careers,
        "levels-are-those-of-the-capacity": levels,
        "capacity-and-throughput": capacity,
        "capacity-of-each-product": product_capacity,
        "stock-is-safe": stock,
        "nothing-stays-too-long": stays,
        "lanes-exist-and-carry-it": lanes,
        "trips-carry-the-load": trips,
        "rounds-end-at-a-depot": rounds,
        "visits-carry-the-load": visits,
        "one-destination-a-place": several_destinations,
        "markets-and-disposals-take-it": ends,
        "hard-rules-hold": hard_rules,
    }
    checks = [_worst(name, claim(solution)) for name, claim in claims.items()]
    return Certificate((*checks, *([] if objective is None else [_money(solution, objective)])))


def _worst(name: str, residuals: Residuals) -> Check:
    """Return the check of a claim: its largest residual and where it is."""
    worst, place = 0.0, ""
    for residual, where in residuals:
        if np.isnan(residual) or residual > worst:
            worst, place = residual, where
    return Check(name=name, residual=worst, tolerance=TOLERANCE, detail=place)


def _money(solution: Solution, objective: float) -> Check:
    size = max(gross(solution), abs(objective)) or 1.0
    return Check(
        name="cost-terms-sum-to-the-objective",
        residual=abs(solution.net_present_cost - objective) / size,
        tolerance=TOLERANCE,
        detail=f"recomputed {solution.net_present_cost:.10g}, reported {objective:.10g}",
    )


# ---- masses --------------------------------------------------------------------------------------------------------


def negative_entries(solution: Solution) -> Residuals:
    """Yield what is below zero in any table."""
    tonne = own_tonne(solution.network)
    for name, table in solution.tables.items():
        column = table.columns[-1]
        values = table[column].to_numpy(dtype=float) / (1.0 if column == "trips" else tonne)
        yield float(max(0.0, -values.min(initial=0.0))) if np.isfinite(values).all() else float("nan"), name


def repeated_rows(solution: Solution) -> Residuals:
    """Yield 1 for every row whose decision stands in its table already: nobody can say which of the two counts."""
    for name, table in solution.tables.items():
        keys = [column for column in table.columns[:-1] if (name, column) != ("facilities", "level")]
        for row in table[table.duplicated(keys)][keys].itertuples(index=False):
            yield 1.0, f"{name}: {'/'.join(map(str, row))}"


def balances(solution: Solution) -> Residuals:
    """Yield by how much what comes to a site differs from what leaves it or stays."""
    masses = Masses(solution)
    for key in masses.places():
        entering = masses.own[key] + masses.received[key]
        leaving = masses.sent[key] + masses.taken[key] + masses.left[key] + masses.stock[key]
        yield abs(entering - leaving) / max(masses.tonne, entering), "/".join(key)


def passing_on(solution: Solution) -> Residuals:
    """Yield what is sent or left beyond what a site has of its own."""
    masses = Masses(solution)
    for key in masses.places():
        yield over(masses.sent[key] + masses.left[key], masses.own[key], masses.tonne), "/".join(key)


def collection(solution: Solution) -> Residuals:
    """Yield what is left uncollected beyond what returned, or where that may not be."""
    may = {p.name for p in solution.network.products if p.uncollected_cost_per_t is not None}
    returned = {(r.site, r.product, r.period): float(r.returned) for r in records(solution.collected_t)}
    for row in records(solution.uncollected):
        limit = returned.get((row.site, row.product, row.period), 0.0) if row.product in may else 0.0
        yield over(row.tonnes, limit, own_tonne(solution.network)), f"{row.site}/{row.product}/{row.period}"


# ---- facilities ----------------------------------------------------------------------------------------------------


def facility_careers(solution: Solution) -> Residuals:
    """Yield 1 for every step of a facility's career that may not be taken."""
    for (site, type_), career in solution.careers.items():
        for reason in illegal_steps(solution.network, career):
            yield 1.0, f"{site}/{type_}: {reason}"


def illegal_steps(network: Network, career: Career) -> Iterator[str]:
    """Yield what a facility does that it may not: sizes that do not exist, shrinking, opening twice or too early."""
    candidate, is_open = career.candidate, career.is_open
    type_, index = network.types_by_name[candidate.type], network.period_index
    capacities = [level.capacity_t for level in career.levels]
    is_existing = candidate.standing is Standing.EXISTING
    earliest = index[candidate.earliest] if candidate.earliest else 0
    may_close = candidate.may_close if is_existing else type_.new_may_close
    may_shrink = type_.refunds_shrinking and type_.sizes is Sizes.BETWEEN
    for t, (size, before) in enumerate(zip(career.sizes, career.befores, strict=True)):
        if size is not None and not _is_size(size, capacities, type_.sizes):
            yield f"has no size {size:g}"
        if size is not None and before is not None and size < before * (1 - TOLERANCE) and not may_shrink:
            yield f"shrinks from {before:g} to {size:g}"
        if size is not None and size > (before or 0.0) * (1 + TOLERANCE) and t < earliest:
            yield f"is opened or raised before {candidate.earliest}"
        if size is None and before is not None and not may_close:
            yield "is closed"
        if size is not None and before is None and (is_existing or is_open[:t].any()):
            yield "is opened again"
    yield from _unmet_duties(network, career)


def _is_size(size: float, capacities: list[float], sizes: Sizes) -> bool:
    if sizes is Sizes.LEVELS:
        return any(abs(size - capacity) <= TOLERANCE * capacity for capacity in capacities)
    return capacities[0] * (1 - TOLERANCE) <= size <= capacities[-1] * (1 + TOLERANCE)


def _unmet_duties(network: Network, career: Career) -> Iterator[str]:
    candidate = career.candidate
    if candidate.standing is not Standing.FORCED:
        return
    begin = network.period_index[candidate.forced_from] if candidate.forced_from else 0
    least = {level.name: level.capacity_t for level in career.levels}.get(candidate.level, 0.0)
    for size in career.sizes[begin:]:
        if size is None or size < least * (1 - TOLERANCE):
            yield "does not stand where it must"


def levels(solution: Solution) -> Residuals:
    """Yield 1 where the level named is not the smallest one that is large enough for the capacity that stands."""
    for row in records(solution.facilities):
        sizes = {level.name: level.capacity_t for level in solution.careers[row.site, row.type].levels}
        below = max((size for size in sizes.values() if size < sizes.get(row.level, 0.0)), default=-np.inf)
        is_right = row.level in sizes and below < row.capacity_t <= sizes[row.level] * (1 + TOLERANCE)
        where = f"{row.site}/{row.type}/{row.period}"
        yield float(not is_right), f"{where}: {row.capacity_t:g} t is not the level '{row.level}'"


def capacity(solution: Solution) -> Residuals:
    """Yield what is processed beyond the capacity that stands, or below the least throughput."""
    network, tonne = solution.network, own_tonne(solution.network)
    uses = {(t.name, r.name): r.capacity_use for t in network.types for r in t.recipes}
    taken: dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.float64]]] = defaultdict(
        lambda: np.zeros(len(network.periods))
    )
    for row in records(solution.processed):
        taken[row.site, row.type][network.period_index[row.period]] += row.tonnes * uses[row.type, row.recipe]
    for key, career in solution.careers.items():
        least = career.over_time("least_t")
        for t, size in enumerate(career.sizes):
            where = f"{key[0]}/{key[1]}/{network.periods[t].name}"
            yield over(taken[key][t], size or 0.0, tonne), where
            yield max(0.0, least[t] - taken[key][t]) / max(tonne, least[t]), where


# ---- stock ---------------------------------------------------------------------------------------------------------


def stock(solution: Solution) -> Residuals:
    """Yield stock beyond a product's or a level's limit, where nothing may be stored, or after the last period."""
    network, tonne = solution.network, own_tonne(solution.network)
    together: dict[Key, float] = defaultdict(float)
    last = network.periods[-1].name
    for row in records(solution.stock):
        where = f"{row.site}/{row.type}/{row.product}/{row.period}"
        store = chain.store_of(network, row.site, row.type, row.product)
        size = solution.careers[row.site, row.type].sizes[network.period_index[row.period]]
        is_allowed = store is not None and size is not None
        is_final = row.period == last and not network.policy.final_stock_is_free
        if not is_allowed or is_final:
            yield over(row.tonnes, 0.0, tonne), where
        elif store is not None and store.limit_t is not None:
            yield over(row.tonnes, store.limit_t, tonne), where
        together[row.site, row.type, row.period] += row.tonnes
    for (site, type_, period), tonnes in together.items():
        yield (
            over(tonnes, _storage_limit(solution.careers[site, type_], network.period_index[period]), tonne),
            f"{site}/{type_}",
        )


def _storage_limit(career: Career, period: int) -> float:
    """Return the storage limit at the size that stands; with sizes between levels, on the line between theirs."""
    size = career.sizes[period]
    limits = [level.storage_limit_t for level in career.levels]
    if size is None:
        return 0.0
    if any(limit is None for limit in limits):
        nearest = int(np.argmin([abs(level.capacity_t - size) for level in career.levels]))
        limit = limits[nearest]
        return np.inf if limit is None else limit
    values = [float(limit) for limit in limits if limit is not None]
    return float(np.interp(size, [level.capacity_t for level in career.levels], values))


def stays(solution: Solution) -> Residuals:
    """Yield what is in stock and has not left its site when its longest stay is over, first in, first out."""
    network, masses = solution.network, Masses(solution)
    together: dict[tuple[str, str, int], np.ndarray[tuple[int], np.dtype[np.float64]]] = defaultdict(
        lambda: np.zeros(len(network.periods))
    )
    rows = list(records(solution.stock))
    stay_of = {}
    for row in rows:
        store = chain.store_of(network, row.site, row.type, row.product)
        if store is not None and store.longest_stay_periods is not None:
            stay_of[row.site, row.type, row.product] = store.longest_stay_periods
    for stay in set(stay_of.values()):
        for row in rows:
            if stay_of.get((row.site, row.type, row.product), stay + 1) <= stay:
                together[row.site, row.product, stay][network.period_index[row.period]] += row.tonnes
    for (site, product, stay), tonnes in together.items():
        gone = np.array([masses.sent[site, product, n] + masses.taken[site, product, n] for n in masses.names])
        for t in range(len(network.periods) - stay):
            yield (
                over(tonnes[t], float(gone[t + 1 : t + 1 + stay].sum()), masses.tonne),
                f"{site}/{product}/{masses.names[t]}",
            )


# ---- rules ---------------------------------------------------------------------------------------------------------


def hard_rules(solution: Solution) -> Residuals:
    """Yield by how much rules without a penalty are missed, relative to what they ask for."""
    sizes = {
        "t": max(own_tonne(solution.network), float(solution.collected_t["returned"].sum())),
        "t CO2e": float(solution.emissions_t.abs().to_numpy().sum()),
        "money": _budget(solution.network) or gross(solution),
    }
    for breach in solution.breaches:
        if breach.penalty is None:
            size = sizes.get("money" if breach.rule == "budget" else breach.unit, 1.0) or 1.0
            yield breach.amount / size, f"{breach.rule} at {breach.place} in {breach.period}"


def _budget(network: Network) -> float:
    """Return the largest budget of a period."""
    budget = network.policy.budget
    return 0.0 if budget is None else float(network.profile(budget).max())
