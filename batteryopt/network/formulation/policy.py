"""Rules on the whole plan: limits on quantities, emission caps, the budget, subsidies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from batteryopt.network.data.policy import Limit, Quantity, Subsidy, SubsidyBase
from batteryopt.network.formulation.algebra import Bools, Floats, Index, Terms, index, plus
from batteryopt.network.formulation.balances import came_back
from batteryopt.network.formulation.draft import EMISSIONS, Draft
from batteryopt.network.formulation.matching import match
from batteryopt.network.formulation.processing import used
from batteryopt.network.formulation.service import Scope
from batteryopt.network.formulation.steps import first_step, opening_prices

LIMIT_KEYS = ("limit", "place", "when")


def add_policy(b: Draft) -> None:
    """Add limits, emission caps, carbon price, budget and subsidies."""
    limits_are_kept(b)
    emissions_are_capped(b)
    budget_is_kept(b)
    add_subsidies(b)


# ---- limits --------------------------------------------------------------------------------------------------------


def quantity_terms(b: Draft, quantity: Quantity) -> Terms:
    """Return what a limit counts; of what is collected, only the part that depends on decisions."""
    shipped, raised = b.m["shipped"], b.m["raised"]
    capacity = b.sets.by_step("capacity_t").ravel()
    terms = {
        Quantity.FACILITIES: lambda: first_step(b),
        Quantity.OPENINGS: lambda: raised.where(raised["step"] == 0),
        Quantity.CAPACITY: lambda: b.m["is_open"] * capacity,
        Quantity.PROCESSED: lambda: b.m["processed"],
        Quantity.COLLECTED: lambda: plus(-b.m["uncollected"].only("site", "product", "period"), came_back(b)),
        Quantity.SOLD: lambda: b.m["sold"],
        Quantity.DISPOSED: lambda: b.m["disposed"],
        Quantity.STORED: lambda: b.m["stock"],
        Quantity.RECEIVED: lambda: shipped.renamed(destination="site"),
        Quantity.SENT: lambda: shipped.renamed(origin="site"),
    }
    return terms[quantity]()


def _counted(b: Draft, rule: Limit) -> Terms:
    """Return the terms that a limit counts, narrowed to its type, product and mode."""
    terms = quantity_terms(b, rule.quantity)
    if rule.quantity is Quantity.PROCESSED and rule.product:
        terms = used(b)
    if rule.quantity is Quantity.DISPOSED and rule.type:
        terms = terms.with_columns(type=terms["disposal_type"] - 1)
    for kind in ("type", "product", "mode"):
        name = getattr(rule, kind)
        if name:
            terms = terms.where(terms[kind] == b.sets.codes[kind][name])
    return terms


def _constant(b: Draft, rule: Limit) -> Floats:
    """Return the part of a limit's quantity that is given (sites, T): returns, for what is collected."""
    products = [b.sets.codes["product"][rule.product]] if rule.product else slice(None)
    given = b.reach.returns[:, products].sum(axis=1)
    return np.asarray(given if rule.quantity is Quantity.COLLECTED else np.zeros_like(given), dtype=float)


def _whens(b: Draft, rule: Limit, terms: Terms) -> Terms:
    return terms.with_columns(when=b.sets.T if rule.over_all_periods else terms["period"]).only(*LIMIT_KEYS)


def limits_are_kept(b: Draft) -> None:
    """State least - missing <= sum of the quantity <= most + excess."""
    rules = b.network.policy.limits
    scopes = [Scope(b, rule.group, rule.sharing) for rule in rules]
    terms, rows, given = [], [], [np.zeros(0)]
    for r, (rule, scope) in enumerate(zip(rules, scopes, strict=True)):
        terms.append(_whens(b, rule, scope.of(_counted(b, rule), limit=r)))
        whens = np.array([b.sets.T]) if rule.over_all_periods else np.arange(b.sets.T)
        place, when = (grid.ravel() for grid in np.meshgrid(scope.places, whens, indexing="ij"))
        rows.append(np.stack([np.full(len(place), r), place, when], axis=1))
        constant = scope.summed(_constant(b, rule))
        given.append((constant.sum(axis=1) if rule.over_all_periods else constant).ravel())
    table = np.concatenate([np.zeros((0, 3), dtype=np.int64), *rows])
    LIMITS = index(LIMIT_KEYS, limit=table[:, 0], place=table[:, 1], when=table[:, 2])
    constant = np.concatenate(given)
    _limit_from_below(b, LIMITS, terms, _bounds(b, rules, LIMITS, "least", -np.inf), constant)
    _limit_from_above(b, LIMITS, terms, _bounds(b, rules, LIMITS, "most", np.inf), constant)


def _bounds(b: Draft, rules: Sequence[Limit], LIMITS: Index, side: str, missing: float) -> Floats:
    """Return a side of the limits (rows); of a limit over all periods, its single number."""
    values = [getattr(rule, side) for rule in rules]
    table = np.array([b.network.profile(missing if v is None else v) for v in values]).reshape(len(rules), b.sets.T)
    return np.asarray(table[LIMITS["limit"], np.where(LIMITS["when"] == b.sets.T, 0, LIMITS["when"])], dtype=float)


def _limit_from_below(b: Draft, LIMITS: Index, terms: Sequence[Terms], least: Floats, constant: Floats) -> None:
    asks = np.isfinite(least)
    # no quantity is ever below nothing, its given part included: no more can be missing than is asked for
    slack = _slack(b, "short_of_limit", LIMITS, asks, np.maximum(least, 0.0))
    b.m.require(
        "limits_are_reached",
        over=LIMITS.where(asks),
        terms=[*terms, slack],
        at_least=(least - constant)[asks],
        doc="the least of a quantity is reached, or what is short is paid for",
    )


def _limit_from_above(b: Draft, LIMITS: Index, terms: Sequence[Terms], most: Floats, constant: Floats) -> None:
    asks = np.isfinite(most)
    slack = _slack(b, "beyond_limit", LIMITS, asks, np.full(len(LIMITS), np.inf))
    b.m.require(
        "limits_are_kept",
        over=LIMITS.where(asks),
        terms=[*terms, -slack],
        at_most=(most - constant)[asks],
        doc="the most of a quantity is kept, or what is beyond is paid for",
    )


def _slack(b: Draft, name: str, LIMITS: Index, asks: Bools, most: Floats) -> Terms:
    """Add what is beyond soft limits, in their own unit; a limit over all periods is paid for in the last one."""
    penalties = [np.nan if rule.penalty is None else rule.penalty for rule in b.network.policy.limits]
    price = np.array(penalties, dtype=float)[LIMITS["limit"]] if penalties else np.zeros(0)
    is_soft = asks & ~np.isnan(price)
    doc = f"how much is {name.replace('_', ' ')}, in the unit of the limited quantity"
    slack = b.m.variables(name, LIMITS.where(is_soft), upper=most[is_soft], doc=doc)
    period = np.minimum(slack["when"], b.sets.T - 1)
    b.pay("penalties", slack.with_columns(period=period), price[is_soft])
    return slack


# ---- emissions -----------------------------------------------------------------------------------------------------


def emissions_are_capped(b: Draft) -> None:
    """State sum of emissions <= cap + excess, by period and over the plan; and their price."""
    policy = b.network.policy
    emitted = _emissions(b)
    b.pay("carbon", emitted, b.network.profile(policy.carbon_price_per_t)[emitted["period"]])
    caps = np.full(b.sets.T + 1, np.inf)
    if policy.emission_cap_t is not None:
        caps[:-1] = b.network.profile(policy.emission_cap_t)
    if policy.emission_cap_total_t is not None:
        caps[-1] = policy.emission_cap_total_t
    CAPS = index(("when",), when=np.flatnonzero(np.isfinite(caps)))
    is_soft = policy.emission_penalty_per_t is not None
    SOFT = CAPS.where(np.full(len(CAPS), is_soft))
    excess = b.m.variables("beyond_emission_cap", SOFT, doc="t CO2e above a cap")
    period = np.minimum(excess["when"], b.sets.T - 1)
    b.pay("penalties", excess.with_columns(period=period), policy.emission_penalty_per_t or 0.0)
    b.m.require(
        "emissions_are_capped",
        over=CAPS,
        terms=[
            emitted.with_columns(when=emitted["period"]).only("when"),
            emitted.with_columns(when=b.sets.T).only("when"),
            -excess,
        ],
        at_most=caps[CAPS["when"]],
        doc="emissions stay below the cap, or what is above is paid for",
    )


def _emissions(b: Draft) -> Terms:
    """Return all emissions, t CO2e, by period."""
    return plus(*(terms.only("period") for terms in b.m.charges[EMISSIONS]))


# ---- budget --------------------------------------------------------------------------------------------------------


def budget_is_kept(b: Draft) -> None:
    """State opening and raising in a period (up to it, where it carries over) <= budget (so far) + excess."""
    policy = b.network.policy
    if policy.budget is None:
        return
    BUDGETS = index(("period",), period=np.arange(b.sets.T))
    spent = b.m["raised"].only("period") * opening_prices(b)
    budget = b.network.profile(policy.budget)
    SOFT = BUDGETS.where(np.full(len(BUDGETS), policy.budget_penalty is not None))
    excess = b.m.variables("beyond_budget", SOFT, doc="money above the budget")
    terms = [spent, -excess]
    if policy.budget_carries_over:
        budget = np.cumsum(budget)
        earlier = [spent.moved(period=ago) for ago in range(1, b.sets.T)]
        borrowed = [(-excess).moved(period=ago) for ago in range(1, b.sets.T)]
        terms = [*terms, *earlier, *borrowed]
    b.pay("penalties", excess, policy.budget_penalty or 0.0)
    b.m.require(
        "budget_is_kept",
        over=BUDGETS,
        terms=terms,
        at_most=budget,
        doc="opening and raising stay within the budget, or what is above is paid for",
    )


# ---- subsidies -----------------------------------------------------------------------------------------------------


def add_subsidies(b: Draft) -> None:
    """Add subsidies: a rate on what they are paid for, within the pot of each period where there is one."""
    rules = b.network.policy.subsidies
    if not rules:
        return
    has_pot = np.array([rule.most is not None for rule in rules], dtype=bool)
    POTS = index(("subsidy",), subsidy=np.flatnonzero(has_pot)).over("period", b.sets.T)
    most = b.sets.profiles(rules, "most")[POTS["subsidy"], POTS["period"]]
    due: list[Terms] = []
    given = np.zeros((len(rules), b.sets.T))
    for r, rule in enumerate(rules):
        terms, constant = _subsidised(b, rule)
        rate = b.network.profile(rule.rate)
        if rule.most is None:
            b.pay("subsidy", -terms * rate[terms["period"]])
            b.m.charge("subsidy", constant=-float((constant * rate * b.discount).sum()))
        else:
            due.append((-terms * rate[terms["period"]]).only("period").with_columns(subsidy=r))
            given[r] = constant * rate
    # what shrinks gives its subsidy back: the least that is paid is the least that can be due
    least = _summed(POTS, [-terms for terms in due], b) + given[POTS["subsidy"], POTS["period"]]
    paid = b.m.variables(
        "subsidy_paid", POTS, lower=np.minimum(least, most), upper=most, doc="money paid from a limited pot"
    )
    b.pay("subsidy", -paid)
    b.m.require(
        "subsidy_is_due",
        over=POTS,
        terms=[paid, *due],
        at_most=given[POTS["subsidy"], POTS["period"]],
        doc="no more is paid than is due",
    )


def _summed(POTS: Index, due: Sequence[Terms], b: Draft) -> Floats:
    """Return the least that each pot's terms can sum to within the bounds of their variables (rows)."""
    least = np.zeros(len(POTS))
    for terms in due:
        rows, entries = match(POTS.columns, terms.columns)
        np.add.at(least, rows, b.m.least_of(terms)[entries])
    return least


def _subsidised(b: Draft, rule: Subsidy) -> tuple[Terms, Floats]:
    """Return what a subsidy is paid for: the part that is decided, and the part that is given (T)."""
    sites = np.zeros(len(b.sets.codes["site"]), dtype=bool)
    sites[[b.sets.codes["site"][name] for name in b.network.groups_by_name[rule.group]]] = True
    terms = _base(b, rule)
    for kind in ("type", "product"):
        name = getattr(rule, kind)
        if name:
            terms = terms.where(terms[kind] == b.sets.codes[kind][name])
    given = np.zeros(b.sets.T)
    if rule.base is SubsidyBase.COLLECTED:
        products = [b.sets.codes["product"][rule.product]] if rule.product else slice(None)
        given = b.reach.returns[sites][:, products].sum(axis=(0, 1))
    return terms.where(sites[terms["site"]]), given


def _base(b: Draft, rule: Subsidy) -> Terms:
    if rule.base is SubsidyBase.OPENING_COST:
        return b.m["raised"] * opening_prices(b)
    if rule.base is SubsidyBase.PROCESSED and rule.product:
        return used(b)
    return quantity_terms(b, Quantity(rule.base.value))
