"""What can be seen of an impossible plan before it is sought: batteries that nobody can take, chains that end nowhere.

Two necessary conditions, each far smaller than the plan itself. *Reach*: whatever must be collected at a site has
someone there, or at the end of a lane, who takes it. *Enough*: with geography forgotten and every candidate open at its
largest size, the chain as a whole can take what must be collected; what it cannot is a number of tonnes of a product in
a period. A network that passes may still have no plan; one that fails has none for certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from batteryopt.ground.errors import Fault
from batteryopt.network.data.geography import Ways
from batteryopt.network.data.instance import (
    Candidate,
    CollectionTarget,
    Disposal,
    FacilityType,
    Level,
    Market,
    Network,
    Sharing,
    Standing,
    of_scenario,
)
from batteryopt.network.data.magnitude import own_tonne

Bools = npt.NDArray[np.bool_]

NEGLIGIBLE = 1e-7
"""Tonnes stuck, as a share of all tonnes that return, that are rounding."""
SHOWN = 10
"""Places named one by one before the rest are counted."""


def foresee(network: Network) -> list[Fault]:
    """Return why no plan can exist, as far as that can be seen without seeking one."""
    faults = [*_dead_ends(network), *_out_of_reach(network)]
    return faults or list(_stuck(network))


# ---- reach ---------------------------------------------------------------------------------------------------------


def takers(network: Network) -> Mapping[str, set[str]]:
    """Return the sites where something could take a product: a recipe, a market, a disposal."""
    found: dict[str, set[str]] = defaultdict(set)
    for candidate in _usable(network):
        for recipe in network.types_by_name[candidate.type].recipes:
            for product, _ in recipe.inputs:
                found[product].add(candidate.site)
    for market in network.markets:
        found[market.product].add(market.site)
    for disposal in network.disposals:
        found[disposal.product].add(disposal.site)
    return found


def _usable(network: Network) -> Iterator[Candidate]:
    return (candidate for candidate in network.candidates if candidate.standing is not Standing.CLOSED)


def _dead_ends(network: Network) -> Iterator[Fault]:
    """Yield products that are made and have nowhere to go: their recipes could never run."""
    taken = takers(network)
    for type_ in network.types:
        for recipe in type_.recipes:
            for product, _ in recipe.outputs:
                if not taken.get(product):
                    place = f"recipes, type '{type_.name}', recipe '{recipe.name}'"
                    problem = f"makes '{product}', which no recipe uses, no market buys and no disposal takes"
                    yield Fault(place=place, problem=problem, remedy="add one, or a disposal, so that it can ever run")


def _out_of_reach(network: Network) -> Iterator[Fault]:
    """Yield returns that must be collected and that nobody can take, with how far off the next taker is."""
    taken = takers(network)
    must = {product.name for product in network.products if product.uncollected_cost_per_t is None}
    ways = {product: ways_of(network, product) for product in must}
    position = {site.name: i for i, site in enumerate(network.sites)}
    stranded = [
        (row.site, row.product)
        for row in network.returns
        if row.product in must
        and np.any(network.profile(row.tonnes) > 0)
        and row.site not in taken.get(row.product, ())
        and not any(ways[row.product][position[row.site], position[site]] for site in taken.get(row.product, ()))
    ]
    for site, product in stranded[:SHOWN]:
        sites = taken.get(product, set())
        problem = f"'{product}' must be collected, and nobody can take it: "
        problem += f"no lane leads to any of the {len(sites)} sites that could" if sites else "no site could"
        remedy = "lengthen a mode's longest_km, add a candidate near, or give the product an uncollected_cost_per_t"
        yield Fault(place=f"returns, site '{site}'", problem=problem, remedy=remedy)
    if len(stranded) > SHOWN:
        problem = f"{len(stranded) - SHOWN} more sites with returns that nobody can take"
        yield Fault(place="returns", problem=problem, remedy="as above")


def ways_of(network: Network, product: str) -> Bools:
    """Return whether any mode carries a product from site to site (S, S)."""
    every = np.arange(len(network.sites))
    reach = np.zeros((len(every), len(every)), dtype=bool)
    for mode in network.modes:
        if mode.products is None or product in mode.products:
            origin, destination, _ = Ways(network, mode).among(every, every)
            reach[origin, destination] = True
    return reach


# ---- enough --------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class _Rows:
    """A linear program that grows: rows of (column, coefficient), each with its right-hand side."""

    right: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def new(self, right: float) -> int:
        self.right.append(right)
        return len(self.right) - 1


@dataclass(kw_only=True)
class _Chain:
    """The whole network as one place: balances of products, capacities of types, and slack that counts what is stuck.

    Attributes
    ----------
    most
        Upper bound of each column.
    stuck
        Columns of the slack, by product and period.
    """

    network: Network
    most: list[float] = field(default_factory=list)
    equal: _Rows = field(default_factory=_Rows)
    below: _Rows = field(default_factory=_Rows)
    balance: dict[tuple[str, int], int] = field(default_factory=dict)
    stuck: dict[tuple[str, int], int] = field(default_factory=dict)

    def column(self, most: float = np.inf) -> int:
        self.most.append(most)
        return len(self.most) - 1

    def leave(self, column: int, product: str, period: int, tonnes: float = 1.0) -> None:
        """Take tonnes out of a balance (negative: bring them in) for each unit of a column."""
        self.equal.entries.append((self.balance[product, period], column, tonnes))


def _stuck(network: Network) -> Iterator[Fault]:
    """Yield products and periods whose tonnes the chain cannot take, even with everything open at its largest."""
    chain = _Chain(network=network)
    returned = _returned(network)
    for key, tonnes in returned.items():
        chain.balance[key] = chain.equal.new(tonnes)
    for key in returned:
        chain.stuck[key] = chain.column()
        chain.leave(chain.stuck[key], *key)
    _let_go(chain, returned)
    for type_ in network.types:
        _let_work(chain, type_)
    for key, tonnes in _least_stuck(chain).items():
        if tonnes > NEGLIGIBLE * sum(returned.values()):
            product, t = key
            problem = f"at least {tonnes:,.6g} t have nowhere to go, even with every candidate open at its largest size"
            remedy = "raise capacities, market limits or disposal limits, or let batteries stay uncollected at a cost"
            yield Fault(
                place=f"product '{product}', period '{network.periods[t].name}'", problem=problem, remedy=remedy
            )


def _returned(network: Network) -> dict[tuple[str, int], float]:
    """Return the tonnes that return by product and period; scenarios: the largest of any."""
    names = [scenario.name for scenario in network.scenarios] or [""]
    futures = [_returned_in(network, name) for name in names]
    keys = [(product.name, t) for product in network.products for t in range(len(network.periods))]
    return {key: max(future.get(key, 0.0) for future in futures) for key in keys}


def _returned_in(network: Network, scenario: str) -> dict[tuple[str, int], float]:
    found: dict[tuple[str, int], float] = defaultdict(float)
    for row in of_scenario(network.returns, scenario) if scenario else network.returns:
        for t, tonnes in enumerate(network.profile(row.tonnes)):
            found[row.product, t] += float(tonnes)
    return found


def _let_go(chain: _Chain, returned: Mapping[tuple[str, int], float]) -> None:
    """Let products be sold, disposed of, left uncollected, and come back after they were sold."""
    network = chain.network
    for market in network.markets:
        for t, column in enumerate(_outlets(chain, market)):
            for back in market.comes_back:
                if t + back.lag_periods < len(network.periods):
                    chain.leave(column, back.product, t + back.lag_periods, -back.share)
    for disposal in network.disposals:
        _outlets(chain, disposal)
    optional = {p.name for p in network.products if p.uncollected_cost_per_t is not None}
    left = {key: chain.column(tonnes) for key, tonnes in returned.items() if key[0] in optional}
    for key, column in left.items():
        chain.leave(column, *key)
    for target in network.policy.collection_targets:
        if target.penalty_per_t is None and not target.group and target.sharing is Sharing.TOTAL:
            _must_collect(chain, target, left, returned)


def _outlets(chain: _Chain, row: Market | Disposal) -> list[int]:
    """Let a product go to a market or a disposal; a column a period."""
    most = np.full(len(chain.network.periods), np.inf) if row.most_t is None else chain.network.profile(row.most_t)
    columns = [chain.column(float(limit)) for limit in most]
    for t, column in enumerate(columns):
        chain.leave(column, row.product, t)
    return columns


def _must_collect(
    chain: _Chain,
    target: CollectionTarget,
    left: Mapping[tuple[str, int], int],
    returned: Mapping[tuple[str, int], float],
) -> None:
    for t, share in enumerate(chain.network.profile(target.share)):
        keys = [(p, s) for p, s in left if s == t and (not target.products or p in target.products)]
        row = chain.below.new((1.0 - float(share)) * sum(returned[key] for key in keys))
        chain.below.entries += [(row, left[key], 1.0) for key in keys]


def _let_work(chain: _Chain, type_: FacilityType) -> None:
    """Let a facility type process and store, within what all its candidates together can hold."""
    network = chain.network
    for t in range(len(network.periods)):
        row = chain.below.new(_capacity(network, type_, t))
        of_products = {p: chain.below.new(most) for p, most in _product_capacities(network, type_, t).items()}
        for recipe in type_.recipes:
            column = chain.column()
            chain.below.entries.append((row, column, recipe.capacity_use))
            for product, tonnes in recipe.inputs:
                chain.leave(column, product, t, tonnes)
                if product in of_products:
                    chain.below.entries.append((of_products[product], column, tonnes))
            for product, tonnes in recipe.outputs:
                chain.leave(column, product, t, -tonnes)
    last = len(network.periods) - 1
    for stored in {row.product for row in type_.storage}:
        for t in range(last + 1 if network.policy.final_stock_is_free else last):
            column = chain.column()
            chain.leave(column, stored, t)
            if t < last:
                chain.leave(column, stored, t + 1, -1.0)
    for stock in type_.storage:
        if stock.initial_t:
            chain.equal.right[chain.balance[stock.product, 0]] += stock.initial_t


def _capacity(network: Network, type_: FacilityType, period: int) -> float:
    """Return the capacity that all candidates of a type can have in a period."""
    return sum(level.capacity_t for level in _largest(network, type_, period))


def _product_capacities(network: Network, type_: FacilityType, period: int) -> dict[str, float]:
    """Return what they can take of single products, of those of which each has a capacity of its own."""
    largest = list(_largest(network, type_, period))
    products = {row.product for level in largest for row in level.by_product}
    most = {p: [level.capacity_of(p) for level in largest] for p in products}
    return {p: sum(v for v in values if v is not None) for p, values in most.items() if None not in values}


def _largest(network: Network, type_: FacilityType, period: int) -> Iterator[Level]:
    """Yield the largest levels of all candidates of a type that can stand in a period."""
    for candidate in _usable(network):
        opens = network.period_index[candidate.earliest] if candidate.earliest else 0
        if candidate.type == type_.name and (opens <= period or candidate.standing is Standing.EXISTING):
            yield network.levels_of(candidate)[-1]


def _least_stuck(chain: _Chain) -> dict[tuple[str, int], float]:
    """Return the slack where it is least in total; nothing where the program has no answer."""
    cost = np.zeros(len(chain.most))
    cost[list(chain.stuck.values())] = 1.0
    tonne = own_tonne(chain.network)  # the solver's tolerances are absolute, and all here are masses
    equal, below = np.array(chain.equal.right) / tonne, np.array(chain.below.right) / tonne
    rows = [LinearConstraint(_matrix(chain.equal, len(cost)), equal, equal)]
    if len(below):
        rows.append(LinearConstraint(_matrix(chain.below, len(cost)), -np.inf, below))
    answer = milp(cost, bounds=Bounds(0.0, np.array(chain.most) / tonne), constraints=rows)
    return {key: float(answer.x[column]) * tonne for key, column in chain.stuck.items()} if answer.status == 0 else {}


def _matrix(rows: _Rows, columns: int) -> csr_array:
    if not rows.entries:
        return csr_array((len(rows.right), columns))
    row, column, value = zip(*rows.entries, strict=True)
    return csr_array((value, (row, column)), shape=(len(rows.right), columns))
