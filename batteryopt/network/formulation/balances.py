"""The one balance of every site, product and period, and what enters and leaves the network in it."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Index, Terms, index
from batteryopt.network.formulation.draft import COLLECTION, Draft
from batteryopt.network.formulation.processing import made, used
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.steps import first_step


def add_ends(b: Draft) -> None:
    """Add where products leave the network: sold, disposed, never collected."""
    add_markets(b)
    add_disposals(b)
    add_uncollected(b)


def add_markets(b: Draft) -> None:
    """Add what markets buy, and what is missing from what they must get."""
    markets = b.network.markets
    MARKETS = b.each_period(b.sets.MARKETS)
    most = b.sets.profiles(markets, "most_t").ravel()
    arriving = b.reach.at(b.reach.available, MARKETS)
    least = np.where(np.isinf(v := b.sets.profiles(markets, "least_t").ravel()), 0.0, v)
    penalty = np.array([np.nan if k.shortfall_penalty_per_t is None else k.shortfall_penalty_per_t for k in markets])
    is_soft = ~np.isnan(np.repeat(penalty, b.sets.T)) & (least > 0)
    upper = np.minimum(most, arriving)
    sold = b.m.variables("sold", MARKETS, upper=np.where(upper < LARGEST_BOUND, upper, np.inf), doc="tonnes sold")
    # no less than nothing is sold: no more can be missing than is asked for
    missing = b.m.variables(
        "missing_at_market", MARKETS.where(is_soft), upper=least[is_soft], doc="tonnes short of what a market must get"
    )
    b.m.require(
        "markets_get_their_least",
        over=MARKETS.where(least > 0),
        terms=[sold, missing],
        at_least=least[least > 0],
        doc="a market gets what it was promised",
    )
    b.pay("revenue", -sold, b.sets.profiles(markets, "price_per_t").ravel())
    b.emit(sold, b.sets.profiles(markets, "emission_kg_per_t").ravel())
    b.pay("penalties", missing, np.repeat(penalty, b.sets.T)[is_soft])


def came_back(b: Draft) -> Terms:
    """Return tonnes that come back from markets: by site, product and period."""
    sold = b.m["sold"]
    parts = [sold.where(np.zeros(len(sold), dtype=bool)).only("site", "product", "period")]
    for row, market in enumerate(b.network.markets):
        for back in market.comes_back:
            mine = sold.where((sold["row"] == row) & (sold["period"] + back.lag_periods < b.sets.T))
            again = mine.moved(period=back.lag_periods) * back.share
            product = b.sets.codes["product"][back.product]
            parts.append(again.with_columns(product=product).only("site", "product", "period"))
    return _sum(parts)


def _sum(parts: list[Terms]) -> Terms:
    return Terms(
        columns={name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns},
        variable=np.concatenate([part.variable for part in parts]),
        coefficient=np.concatenate([part.coefficient for part in parts]),
    )


def add_disposals(b: Draft) -> None:
    """Add what is disposed of; where a facility must be open for it, only then."""
    rows = b.network.disposals
    DISPOSALS = b.each_period(b.sets.DISPOSALS)
    most = np.minimum(b.sets.profiles(rows, "most_t").ravel(), b.reach.at(b.reach.available, DISPOSALS))
    disposed = b.m.variables("disposed", DISPOSALS, upper=most, doc="tonnes disposed of")
    needs = DISPOSALS.where(DISPOSALS["disposal_type"] > 0)
    limit = most[DISPOSALS["disposal_type"] > 0]
    smallest = (
        first_step(b).with_columns(disposal_type=first_step(b)["type"] + 1).only("site", "disposal_type", "period")
    )
    owner = smallest.only("site", "disposal_type", "period")
    b.m.require(
        "disposal_needs_a_facility",
        over=needs,
        terms=[disposed.only("row", "period"), -scaled(owner, needs, limit)],
        at_most=0.0,
        doc="disposal at a facility only where it stands",
    )
    b.pay("disposal", disposed, b.sets.profiles(rows, "cost_per_t").ravel())
    b.emit(disposed, b.sets.profiles(rows, "emission_kg_per_t").ravel())


def scaled(terms: Terms, over: Index, limits: Floats) -> Terms:
    """Return terms spread over the rows of an index, each times the row's own number."""
    position = np.arange(len(over), dtype=np.int64)
    spread = terms.through({**over.columns, "at": position}, limits)
    return spread.only("at", *over.keys)


def add_uncollected(b: Draft) -> None:
    """Add what is left where it fell, where that may happen; what is collected is the rest."""
    products = b.network.products
    may = np.array([product.uncollected_cost_per_t is not None for product in products], dtype=bool)
    ZONES = b.each_period(b.sets.ZONES)
    back = b.reach.at(b.reach.returns + b.reach.came_back, ZONES)
    keep = may[ZONES["product"]] & (back > 0)
    UNCOLLECTED = ZONES.where(keep)
    upper = np.where(back[keep] < LARGEST_BOUND, back[keep], np.inf)
    uncollected = b.m.variables("uncollected", UNCOLLECTED, upper=upper, doc="tonnes that nobody collects")
    only_what_returned_is_left(b, UNCOLLECTED)
    place = uncollected["product"], uncollected["period"]
    costs = np.where(may[:, None], b.sets.profiles(products, "uncollected_cost_per_t"), 0.0)
    b.pay("uncollected", uncollected, costs[place])
    _pay_owners(b, uncollected)
    b.m.charge(COLLECTION, -uncollected, constant=float(b.reach.returns.sum()))
    b.m.charge(COLLECTION, came_back(b))


def only_what_returned_is_left(b: Draft, UNCOLLECTED: Index) -> None:
    """State uncollected <= returns + came back, where something may come back; elsewhere the bound says so."""
    MIXED = UNCOLLECTED.where(b.reach.at(b.reach.came_back, UNCOLLECTED) > 0)
    if not len(MIXED):
        return
    b.m.require(
        "only_what_returned_is_left",
        over=MIXED,
        terms=[b.m["uncollected"], -came_back(b)],
        at_most=b.reach.at(b.reach.returns, MIXED),
        doc="no more is left than returned and came back",
    )


def _pay_owners(b: Draft, uncollected: Terms) -> None:
    """Pay price x (returns + came back - uncollected)."""
    price = np.zeros(b.reach.returns.shape)
    for row in b.network.returns:
        place = b.sets.codes["site"][row.site], b.sets.codes["product"][row.product]
        price[place] += b.network.profile(row.acquisition_cost_per_t)
    if not price.any():
        return
    for terms, sign in ((uncollected, -1.0), (came_back(b), 1.0)):
        b.pay("acquisition", terms, sign * price[terms["site"], terms["product"], terms["period"]])
    b.m.charge("acquisition", constant=float((price * b.reach.returns * b.discount).sum()))


# ---- the balance ---------------------------------------------------------------------------------------------------


def nodes(b: Draft) -> Index:
    """Return every site, product and period where some of the product may be, or something is done with it."""
    site, product = np.nonzero((b.reach.available > 0).any(axis=2))
    return b.each_period(index(("site", "product"), site=site, product=product))


def sent(b: Draft) -> Terms:
    """Return what lanes take from sites."""
    return b.m["shipped"].renamed(origin="site").only("site", "product", "period")


def received(b: Draft) -> Terms:
    """Return what lanes bring to sites."""
    return b.m["shipped"].renamed(destination="site").only("site", "product", "period")


def by_site(terms: Terms) -> Terms:
    """Return terms by site, product and period only."""
    return terms.only("site", "product", "period")


def add_balances(b: Draft) -> None:
    """State the balance, and that nothing is passed on that was neither worked on nor stored."""
    NODES = nodes(b)
    every_node_is_in_balance(b, NODES)
    what_is_sent_is_own(b, NODES)


def own_at(b: Draft, NODES: Index) -> Floats:
    """Return tonnes that are there without any decision: returns, and in the first period the initial stock."""
    fixed = b.reach.returns.copy()
    for row, store in enumerate(b.sets.stores):
        fixed[b.sets.STORES["site"][row], b.sets.STORES["product"][row], 0] += store.initial_t
    return b.reach.at(fixed, NODES)


def own_terms(b: Draft) -> list[Terms]:
    """Return what else a site has of its own: made, come back, in stock before."""
    return [by_site(made(b)), came_back(b), by_site(b.m["stock"].moved(period=1))]


def every_node_is_in_balance(b: Draft, NODES: Index) -> None:
    """State returns + came back + received + made + stock before = sent + used + sold + disposed + left + stock."""
    leaving = [
        sent(b),
        *(by_site(t) for t in (used(b), b.m["sold"], b.m["disposed"], b.m["uncollected"], b.m["stock"])),
    ]
    b.m.require(
        "every_node_is_in_balance",
        over=NODES,
        terms=[received(b), *own_terms(b), *(-terms for terms in leaving)],
        equal=-own_at(b, NODES),
        doc="what comes to a site leaves it or stays",
    )


def what_is_sent_is_own(b: Draft, NODES: Index) -> None:
    """State sent + uncollected <= returns + came back + made + stock before, where a site also receives the product."""
    shape = b.reach.own.shape[:2]
    arcs = b.reach.arcs.index
    both = np.zeros((2, *shape), dtype=bool)
    both[0, arcs["origin"], arcs["product"]] = True
    both[0, b.sets.ZONES["site"], b.sets.ZONES["product"]] = True
    both[1, arcs["destination"], arcs["product"]] = True
    mixed = NODES.where((both[0] & both[1])[NODES["site"], NODES["product"]])
    b.m.require(
        "what_is_sent_is_own",
        over=mixed,
        terms=[sent(b), by_site(b.m["uncollected"]), *(-terms for terms in own_terms(b))],
        at_most=own_at(b, mixed),
        doc="nothing is passed on, or left, that was neither returned here nor worked on nor stored",
    )
