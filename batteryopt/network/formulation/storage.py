"""Stock: how much is kept from one period to the next, within safety limits and for how long."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Index, Terms, index, plus
from batteryopt.network.formulation.balances import by_site, scaled, sent
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.processing import used
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.steps import first_step


def add_stock(b: Draft) -> None:
    """Add stocks and what they cost; the last one is empty unless the policy leaves it free."""
    STORES = b.each_period(b.sets.STORES)
    upper = np.where(b.reach.stock < LARGEST_BOUND, b.reach.stock, np.inf)
    if not b.network.policy.final_stock_is_free:
        upper[:, -1:] = 0.0
    stock = b.m.variables("stock", STORES, upper=upper.ravel(), doc="tonnes in stock at the period's end")
    factor = b.sets.by_facility("holding_cost_factor")[stock["facility"]]
    b.pay("holding", stock, b.sets.profiles(b.sets.stores, "holding_cost_per_t").ravel() * factor)


def add_storage_rules(b: Draft) -> None:
    """Add safety limits and longest stays."""
    STORES = b.each_period(b.sets.STORES)
    stock_needs_a_facility(b, STORES)
    store_is_large_enough(b)
    nothing_stays_too_long(b)


def stock_needs_a_facility(b: Draft, STORES: Index) -> None:
    """State stock <= (limit of the product) x is_open."""
    upper = b.m.families["stock"].upper
    is_bounded = np.isfinite(upper) & (upper > 0)
    rows = STORES.where(is_bounded)
    owner = first_step(b).only("facility", "period")
    b.m.require(
        "stock_needs_a_facility",
        over=rows,
        terms=[b.m["stock"].only("facility", "product", "period"), -scaled(owner, rows, upper[is_bounded])],
        at_most=0.0,
        doc="nothing is stored where nothing stands, and no product beyond its safety limit",
    )


def store_is_large_enough(b: Draft) -> None:
    """State sum of stock over products <= storage limit of the level that stands.

    A level without a limit among levels with one has room for all that could ever be in stock.
    """
    limits = [[v.storage_limit_t for v in b.sets.levels(f)] for f in range(len(b.sets.candidates))]
    most = np.zeros((len(limits), b.sets.T))
    np.add.at(most, b.sets.STORES["facility"], b.reach.stock)
    stated = [max((v for v in by_level if v is not None), default=0.0) for by_level in limits]
    room = np.maximum(most.max(axis=1, initial=0.0), stated).tolist()
    rows = [[room[f] if v is None else v for v in by_level] for f, by_level in enumerate(limits)]
    per_step = np.repeat(np.concatenate([np.zeros(0), *(np.diff([0.0, *row]) for row in rows)]), b.sets.T)
    stores = set(b.sets.STORES["facility"].tolist())
    limited = [f for f, by_level in enumerate(limits) if f in stores and any(v is not None for v in by_level)]
    keep = np.isin(b.sets.FACILITIES["facility"], limited)
    b.m.require(
        "store_is_large_enough",
        over=b.each_period(b.sets.FACILITIES.where(keep)),
        terms=[b.m["stock"], -b.m["is_open"] * per_step],
        at_most=0.0,
        doc="all stock together keeps the limit of the level that stands",
    )


def nothing_stays_too_long(b: Draft) -> None:
    """State stock <= what leaves the site in the next periods, as many as the longest stay: first in, first out.

    One row for each longest stay at a site: all stock that may stay so long or shorter must have left by then.
    Periods beyond the plan are not seen, so that rows that would need them are left out.
    """
    stays = [-1 if row.longest_stay_periods is None else row.longest_stay_periods for row in b.sets.stores]
    stay = np.minimum(np.array(stays, dtype=np.int64), b.sets.T)
    table = np.stack([b.sets.STORES["site"], b.sets.STORES["product"], stay], axis=1)[stay >= 0].reshape(-1, 3)
    site, product, longest = np.unique(table, axis=0).T
    RULES = b.each_period(index(("site", "product", "stay"), site=site, product=product, stay=longest))
    RULES = RULES.where(RULES["period"] + RULES["stay"] < b.sets.T)
    b.m.require(
        "nothing_stays_too_long",
        over=RULES,
        terms=[_stock_within(b, stay), *(-terms for terms in _leaving_within(b, int(longest.max(initial=0))))],
        at_most=0.0,
        doc="what is in stock has left when its longest stay is over",
    )


def _stock_within(b: Draft, stay: np.typing.NDArray[np.int64]) -> Terms:
    """Return stock, once for every rule that its own longest stay is within."""
    stock = b.m["stock"]
    own = np.repeat(stay, b.sets.T)
    parts = [stock.where(np.zeros(len(stock), dtype=bool)).with_columns(stay=0)]
    for limit in np.unique(stay[stay >= 0]).tolist():
        parts.append(stock.where((own >= 0) & (own <= limit)).with_columns(stay=limit))
    return plus(*parts).only("site", "product", "stay", "period")


def _leaving_within(b: Draft, longest: int) -> list[Terms]:
    """Return what leaves a site in each of the next periods, by the rules that look so far ahead."""
    leaving = plus(*(by_site(t) for t in (sent(b), used(b), b.m["sold"], b.m["disposed"])))
    parts = []
    for ahead in range(1, longest + 1):
        for stay in range(ahead, longest + 1):
            parts.append(leaving.moved(period=-ahead).with_columns(stay=stay))
    return parts
