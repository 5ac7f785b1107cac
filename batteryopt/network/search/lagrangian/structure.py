"""What the prices see of a formulation: nodes whose own goods have a price, flows that leave them, and who takes these.

Each node (site, product, period) has one balance. Here it is cut in two: what is the node's *own* (returned, made, come
back, in stock before) is sent, left, or kept *here*; what is received, or kept here, is *taken*: used, sold, disposed
of or stored. The first half is what is priced. What is kept here is not negative, as nothing is passed on: that rule,
`what_is_sent_is_own`, is the same as the sign. Then every flow, with the one that takes it, is an item of the taker's
capacity, and nothing but the prices ties one facility to another.

All numbers are in the search's units: tonnes in the network's own tonne, money in the problem's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Floats, Formulation, Rows
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.counts import Counts
from batteryopt.network.search.lagrangian.fewest import fewest
from batteryopt.network.search.lagrangian.further import Further, further_rows
from batteryopt.network.search.lagrangian.priced_careers import Careers, careers_of
from batteryopt.network.search.lagrangian.product_lines import PRODUCT_CAPACITY, ProductLines, product_lines
from batteryopt.network.search.searched_problem import NODES, Problem

NODE_KEYS = ("site", "product", "period")
SEEN = frozenset(
    {
        NODES,
        *("what_is_sent_is_own", "capacity_is_kept", "disposal_needs_a_facility", "stock_needs_a_facility"),
        *("size_changes_by_steps", "larger_needs_smaller", "opens_once", "kept_was_raised", "kept_stands_at_the_end"),
        *("closes_what_stands", "closed_is_not_open", "closes_as_a_whole", "burden_is_kept"),
        *("every_tonne_has_a_level", "level_is_the_one_that_stands"),
    }
)
"""Families of rules that the prices keep, or price. A network that has others is left to other ways."""
LINKS = frozenset({"what_is_sent_needs_a_taker", "what_is_kept_needs_a_taker", "what_is_made_needs_a_taker"})
"""Cuts that the items keep by themselves."""
BY_RECIPE = frozenset({"what_one_recipe_sends_needs_a_taker", "what_one_recipe_keeps_needs_a_taker"})
"""Cuts that items do not keep, for goods have one price whatever they were made of. Without them bounds are far off."""
SINGLE_SOURCE = frozenset({"goes_to", "goes_to_by_mode"})
"""Variables that hold goods of a place together, which items do not see."""
TAKERS = ("processed", "sold", "disposed", "stock")
"""Families of variables that take what a node receives or keeps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools:
    """Capacities that items share (pools).

    Attributes
    ----------
    facility
        Which must stand; -1 where none need.
    period
        Of the facility's career.
    capacity
        By level that stands (pools, levels + 1), none first; all the same where none need stand.
    charge
        What a unit of what takes costs more, by level that stands; None where no level differs from another.
    of_work
        How many of them, the first ones, are capacities to process.
    """

    facility: Ints
    period: Ints
    capacity: Floats
    charge: Floats | None
    of_work: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """Flows, each with the one that takes it (items), in the order of their pools.

    Attributes
    ----------
    column
        The shipment; -1: what is kept where it is.
    node, arrival
        That it leaves, and where it is taken; of what is kept the same.
    cost
        Of the shipment, a tonne.
    taker
        Column of what takes it.
    share
        How much of the taker's column a tonne is.
    weight
        Of the pool's capacity a tonne takes.
    upper
        Most tonnes.
    """

    column: Ints
    node: Ints
    arrival: Ints
    cost: Floats
    taker: Ints
    share: Floats
    pool: Ints
    weight: Floats
    upper: Floats

    def __len__(self) -> int:
        return len(self.column)


@dataclass(frozen=True, kw_only=True, eq=False)
class Structure:
    """A problem as prices see it.

    Attributes
    ----------
    own
        What nodes have without any decision (nodes).
    gives
        What a unit of each column adds to a node's own (nodes, columns); less for what is left uncollected.
    given_columns, gives_by_column
        The columns that add something, and the same turned round (given columns, nodes).
    costs, nothing
        What columns cost, and zeros (columns).
    counts
        Rules on how many facilities stand, whose prices need no search.
    further
        Other rules and cuts that have a price: rows ``A x >= least`` (rows, columns).
    leftover
        Columns that stand in no item but at nodes or with a cost: each is at its cheaper end.
    """

    problem: Problem
    own: Floats
    gives: sp.csr_array
    given_columns: Ints
    gives_by_column: sp.csr_array
    costs: Floats
    nothing: Floats
    counts: Counts
    items: Items
    pools: Pools
    careers: Careers
    further: Further
    leftover: Ints

    @property
    def nodes(self) -> int:
        """How many of the prices are of nodes; the others are of further rows."""
        return len(self.own)


def recognise(problem: Problem) -> Structure | None:
    """Return the structure of a problem; None where it has rules or variables that prices do not see."""
    m = problem.m
    careers = careers_of(problem) if _is_seen(problem) else None
    if careers is None:
        return None
    lines = product_lines(problem, careers)
    further = further_rows(problem, SEEN | LINKS | (set() if lines is None else {PRODUCT_CAPACITY}))
    takers = None if further is None else _takers(m)
    if further is None or takers is None or _is_by_level(m, further):
        return None
    rows, upper = m.rows[NODES], problem.core.upper
    own = -rows.lower / m.tonne
    gives = _gives(m, rows)
    kept_most = np.maximum(own, 0.0) + _most_given(gives, upper)
    pools, pool_of, use_of = _pools(problem, careers, lines)
    items = _items(problem, takers, kept_most, pools, pool_of, use_of)
    if items is None:
        return None
    in_items = np.zeros(m.size, dtype=bool)
    for name in (*TAKERS, "shipped", "is_open", "raised", "closed", "kept", "at_level"):
        if name in m.families:
            in_items[m.families[name].positions] = True
    leftover = np.flatnonzero(~in_items)
    by_column = sp.csr_array(gives.T)
    given = np.flatnonzero(np.diff(by_column.indptr) > 0)
    is_priced = (np.diff(by_column.indptr) > 0) | (np.diff(further.by_column.indptr) > 0)
    may_be_negative = (problem.core.c[leftover] < 0) | is_priced[leftover]
    leftover = leftover[may_be_negative]
    if np.isinf(upper[leftover]).any():
        return None
    return Structure(
        problem=problem,
        own=own,
        gives=gives,
        given_columns=given,
        gives_by_column=sp.csr_array(by_column[given]),
        costs=problem.core.c,
        nothing=np.zeros(m.size),
        counts=fewest(m, np.where(pool_of >= 0, pools.capacity[pool_of, -1], 0.0) / use_of),
        items=items,
        pools=pools,
        careers=careers,
        further=further,
        leftover=leftover,
    )


def _is_seen(problem: Problem) -> bool:
    """Return whether each node stands once, no rows are there that the formulation has not, and masses begin at none.

    The form of several futures has each node once for every future: their facilities are the same, their capacities
    not, so that one pool a facility would be less than what they may process.
    """
    m = problem.m
    if NODES not in m.rows or m.rows[NODES].index.keys != NODE_KEYS:
        return False
    rules = [rows for rows in m.rows.values() if not rows.is_cut]
    if sum(len(rows) for rows in rules) != len(problem.core.row_lower):
        return False
    if any(family.is_added for family in m.families.values()) or not BY_RECIPE.isdisjoint(m.rows):
        return False
    if not SINGLE_SOURCE.isdisjoint(m.families):  # items are split among takers as prices say
        return False
    masses = [m.families[name].positions for name in (*TAKERS, "shipped", "uncollected") if name in m.families]
    return all(not problem.core.lower[mine].any() for mine in masses)


def _is_by_level(m: Formulation, further: Further) -> bool:
    """Return whether further rows speak of what is processed at a level, which items do not tell apart."""
    at_level = m.families.get("at_level")
    return at_level is not None and bool(np.diff(further.by_column.indptr)[at_level.positions].any())


def _gives(m: Formulation, rows: Rows) -> sp.csr_array:
    """Return what columns add to the own half of each balance: made, come back, in stock before; left with a minus."""
    is_positive = rows.coefficient > 0
    mine = is_positive & ~rows.of(m.families.get("shipped")) | rows.of(m.families.get("uncollected"))
    entries = (rows.coefficient[mine], (rows.row[mine], rows.variable[mine]))
    return sp.csr_array(sp.coo_array(entries, shape=(len(rows), m.size)))


def _most_given(gives: sp.csr_array, upper: Floats) -> Floats:
    """Return the most that columns can add to each node."""
    entries = sp.coo_array(gives)
    most = np.where(entries.data > 0, entries.data * upper[entries.col], 0.0)
    return np.asarray(np.bincount(entries.row, weights=most, minlength=gives.shape[0]), dtype=float)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Takers:
    """Who takes what a node has: its column, and how much of it a tonne is."""

    node: Ints
    column: Ints
    share: Floats


def _takers(m: Formulation) -> _Takers | None:
    """Return who takes what; None where something takes several products at once, so that it is no item of either."""
    rows = m.rows[NODES]
    mine = np.zeros(len(rows.row), dtype=bool)
    for name in TAKERS:
        mine |= rows.of(m.families.get(name)) & (rows.coefficient < 0)
    node, column, amount = rows.row[mine], rows.variable[mine], -rows.coefficient[mine]
    if len(np.unique(column)) < len(column):
        return None
    order = np.argsort(node, kind="stable")
    return _Takers(node=node[order], column=column[order], share=1.0 / amount[order])


def _pools(problem: Problem, careers: Careers, lines: ProductLines | None) -> tuple[Pools, Ints, Floats]:
    """Return the pools, the pool of each column that takes (columns), and what a unit of it uses of the pool."""
    m = problem.m
    pool_of, use_of = np.full(m.size, -1, dtype=np.int64), np.ones(m.size)
    F, T, levels = careers.shape
    cells = np.arange(F * T, dtype=np.int64)
    facility, period = [cells // T], [cells % T]
    capacity = [careers.capacity.reshape(F * T, levels)]
    rows = m.rows["capacity_is_kept"]
    work = rows.of(m.families.get("processed"))
    place = rows.index["facility"][rows.row[work]] * T + rows.index["period"][rows.row[work]]
    pool_of[rows.variable[work]], use_of[rows.variable[work]] = place, rows.coefficient[work]
    count = F * T
    if lines is not None:  # what has a capacity of its own leaves the facility's, which it never fills
        pool_of[lines.column], use_of[lines.column] = count + lines.line, lines.use
        facility.append(lines.facility)
        period.append(lines.period)
        capacity.append(lines.capacity)
        count += len(lines.facility)
    of_work, owner = count, _owners(problem)
    for name in ("sold", "disposed", "stock"):
        if name not in m.families or not len(m.families[name]):
            continue
        family = m.families[name]
        columns = np.arange(family.positions.start, family.positions.stop)
        pool_of[columns] = count + np.arange(len(columns))
        count += len(columns)
        facility.append(owner[columns])
        period.append(family.index["period"])
        most = np.repeat(problem.core.upper[columns][:, None], levels, axis=1)
        most[owner[columns] >= 0, 0] = 0.0
        capacity.append(most)
    whole = np.concatenate(capacity)
    facilities, periods = np.concatenate(facility), np.concatenate(period)
    charge = careers.charge
    if charge is not None:
        of_levels = charge[facilities[:of_work], periods[:of_work]]
        charge = np.concatenate([of_levels, np.zeros((len(whole) - of_work, levels))])
    pools = Pools(facility=facilities, period=periods, capacity=whole, charge=charge, of_work=of_work)
    return pools, pool_of, use_of


def _owners(problem: Problem) -> Ints:
    """Return the one facility that must stand for a column to be used (columns); -1 where none, or one of several."""
    m = problem.m
    owner = np.full(m.size, -1, dtype=np.int64)
    sizes = m.families["is_open"]
    for name, family in (("disposal_needs_a_facility", "disposed"), ("stock_needs_a_facility", "stock")):
        rows = m.rows.get(name)
        if rows is None or not len(rows):
            continue
        column = np.full(len(rows), -1, dtype=np.int64)
        mine, standing = rows.of(m.families.get(family)), rows.of(m.families.get("is_open"))
        column[rows.row[mine]] = rows.variable[mine]
        number = np.bincount(rows.row[standing], minlength=len(rows))
        place = sizes.index["facility"][rows.variable[standing] - sizes.first]
        alone = number[rows.row[standing]] == 1
        owner[column[rows.row[standing][alone]]] = place[alone]
    return owner


def _items(
    problem: Problem, takers: _Takers, kept_most: Floats, pools: Pools, pool_of: Ints, use_of: Floats
) -> Items | None:
    """Return every arrival at a node with each one that takes it; None where one could be without limit."""
    m, rows = problem.m, problem.m.rows[NODES]
    flows = rows.of(m.families.get("shipped"))
    comes, goes = flows & (rows.coefficient > 0), flows & (rows.coefficient < 0)
    leaves = np.full(m.size, -1, dtype=np.int64)
    leaves[rows.variable[goes]] = rows.row[goes]
    keeping = np.flatnonzero(kept_most > 0)
    column = np.concatenate([rows.variable[comes], np.full(len(keeping), -1, dtype=np.int64)])
    arrival = np.concatenate([rows.row[comes], keeping])
    node = np.concatenate([leaves[rows.variable[comes]], keeping])
    upper = np.concatenate([problem.core.upper[rows.variable[comes]], kept_most[keeping]])
    count = np.bincount(takers.node, minlength=len(rows))
    first = np.cumsum(count) - count
    times = count[arrival]
    of = np.repeat(np.arange(len(arrival)), times)
    offset = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    who = first[arrival[of]] + offset
    taker, share = takers.column[who], takers.share[who]
    pool = pool_of[taker]
    weight = share * use_of[taker]
    most = np.minimum(upper[of], pools.capacity[pool].max(axis=1) / weight)
    keep = (most > 0) & (pool >= 0) & (node[of] >= 0)
    if np.isinf(most[keep]).any():
        return None
    order = np.flatnonzero(keep)[np.argsort(pool[keep], kind="stable")]
    return Items(
        column=column[of][order],
        node=node[of][order],
        arrival=arrival[of][order],
        cost=np.where(column >= 0, problem.core.c[np.maximum(column, 0)], 0.0)[of][order],
        taker=taker[order],
        share=share[order],
        pool=pool[order],
        weight=weight[order],
        upper=most[order],
    )
