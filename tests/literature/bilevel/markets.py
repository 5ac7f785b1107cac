"""Markets: followers that clear them, and leaders whose income holds the prices, which are followers' multipliers.

A price that the market leaves open within a range is the leader's to choose: the optimistic convention.
"""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def investment() -> pyo.ConcreteModel:
    """A producer builds capacity and is paid the marginal cost of the market."""
    m = pyo.ConcreteModel()
    m.capacity = pyo.Var(bounds=(0, 250))
    m.market = bilevel.Follower()
    k = m.market
    k.UNITS = pyo.RangeSet(3)
    k.cost = pyo.Param(k.UNITS, initialize={1: 10, 2: 12, 3: 15})
    k.g = pyo.Var(k.UNITS, domain=pyo.NonNegativeReals)
    k.balance = pyo.Constraint(expr=pyo.summation(k.g) == 200)
    k.new = pyo.Constraint(expr=k.g[1] <= m.capacity)
    k.old = pyo.Constraint([2, 3], rule=lambda b, i: b.g[i] <= {2: 150, 3: 100}[i])
    k.total = pyo.Objective(expr=pyo.summation(k.cost, k.g))
    m.price = bilevel.dual_of(k.balance)
    m.loss = pyo.Objective(expr=40_000 * m.capacity + 8_760 * (10 - m.price) * k.g[1])
    return m


def verify_investment() -> float:
    # Unit 1 runs at min(capacity, 200), units 2 and 3 after it. Price 15 while unit 3 runs (capacity < 50), 12 while
    # unit 2 does, 10 or less after; at 50 and 200 any price between, of which the leader has the higher.
    def price(x: float) -> float:
        return 15.0 if x <= 50 else 12.0 if x <= 200 else 10.0

    return nested_minimum(
        lambda x: 40_000 * x[0] + 8_760 * (10 - price(x[0])) * min(x[0], 200), [(0, 250)], points=251, also=[50, 200]
    )


def withholding() -> pyo.ConcreteModel:
    """A producer with free energy that decides how much to offer."""
    m = pyo.ConcreteModel()
    m.offer = pyo.Var(bounds=(0, 100))
    m.market = bilevel.Follower()
    k = m.market
    limits = {1: None, 2: 40, 3: 40, 4: 100}
    k.g = pyo.Var(list(limits), bounds=lambda b, i: (0, limits[i]))
    k.total = pyo.Objective(expr=50 * k.g[2] + 100 * k.g[3] + 1000 * k.g[4])
    k.offered = pyo.Constraint(expr=k.g[1] <= m.offer)
    k.balance = pyo.Constraint(expr=sum(k.g[i] for i in limits) == 100)
    m.price = bilevel.dual_of(k.balance)
    m.income = pyo.Objective(expr=m.price * k.g[1], sense=pyo.maximize)
    return m


def verify_withholding() -> float:
    def income(x: float) -> float:
        price = 1000 if x <= 20 else 100 if x <= 60 else 50
        return price * x

    return -nested_minimum(lambda x: -income(x[0]), [(0, 100)], also=[20, 60, 100])


def bidding() -> pyo.ConcreteModel:
    """A producer that bids a price; its bid is in the market's cost, the market's price in its profit."""
    m = pyo.ConcreteModel()
    m.bid = pyo.Var(bounds=(0, 200))
    m.market = bilevel.Follower()
    k = m.market
    k.OTHERS = pyo.Set(initialize=["a", "b", "c"])
    k.own = pyo.Var(bounds=(0, 50))
    k.others = pyo.Var(k.OTHERS, bounds=lambda b, i: (0, {"a": 40, "b": 40, "c": 60}[i]))
    k.balance = pyo.Constraint(expr=k.own + pyo.summation(k.others) == 100)
    k.total = pyo.Objective(expr=m.bid * k.own + 30 * k.others["a"] + 60 * k.others["b"] + 90 * k.others["c"])
    m.price = bilevel.dual_of(k.balance)
    m.profit = pyo.Objective(expr=(m.price - 20) * k.own, sense=pyo.maximize)
    return m


def verify_bidding() -> float:
    # Bid up to 60: the own 50 and a's 40 run, b covers 10 at 60: (60 - 20) 50. Bid in (60, 90]: a and b run 80, own
    # 20 at the bid, at most (90 - 20) 20 = 1400. Above 90 nothing sold (c has 60).
    def profit(bid: float) -> float:
        return 2000.0 if bid <= 60 else (bid - 20) * 20 if bid <= 90 else 0.0

    return -nested_minimum(lambda x: -profit(x[0]), [(0, 200)], also=[60, 90])


def _nodes(demand: float) -> pyo.ConcreteModel:
    """Two nodes and a line: indexed prices, a range on the flow, quadratic costs; the leader injects at node 2."""
    m = pyo.ConcreteModel()
    m.NODES = pyo.RangeSet(2)
    m.inject = pyo.Var(domain=pyo.NonNegativeReals)
    m.grid = bilevel.Follower()
    k = m.grid
    k.g = pyo.Var(m.NODES, domain=pyo.NonNegativeReals)
    k.flow = pyo.Var()
    k.line = pyo.Constraint(expr=pyo.inequality(-50, k.flow, 50))
    k.balance = pyo.Constraint(
        m.NODES, rule=lambda b, n: b.g[1] - b.flow == 0 if n == 1 else b.g[2] + b.flow + m.inject == demand
    )
    k.cost = pyo.Objective(expr=10 * k.g[1] + 0.05 * k.g[1] ** 2 + 30 * k.g[2] + 0.1 * k.g[2] ** 2)
    m.price = bilevel.dual_of(k.balance)
    m.profit = pyo.Objective(expr=(m.price[2] - 15) * m.inject, sense=pyo.maximize)
    return m


def nodes() -> pyo.ConcreteModel:
    return _nodes(150.0)


def nodes_corner() -> pyo.ConcreteModel:
    return _nodes(100.0)


def _verify_nodes(demand: float) -> float:
    # Node 2 pays 30 + 0.2 g2 while it runs its own plant, with the line full: g2 = demand - 50 - x. Where that is 0 any
    # price from the line's 15 to 30; beyond, the line is not full and both nodes pay 10 + 0.1 (demand - x).
    def price(x: float) -> float:
        own = demand - 50 - x
        return 30 + 0.2 * own if own >= 0 else 10 + 0.1 * (demand - x)

    return -nested_minimum(lambda x: -(price(x[0]) - 15) * x[0], [(0, demand)], points=401, also=[demand - 50])


def verify_nodes() -> float:
    return _verify_nodes(150.0)


def verify_nodes_corner() -> float:
    return _verify_nodes(100.0)


def price_cap() -> pyo.ConcreteModel:
    """A regulator pays for capacity until the price is at most 50: a multiplier in a leader's constraint."""
    m = pyo.ConcreteModel()
    m.added = pyo.Var(bounds=(0, 100))
    m.market = bilevel.Follower()
    k = m.market
    k.g = pyo.Var([1, 2, 3], domain=pyo.NonNegativeReals)
    k.limits = pyo.Constraint([1, 2, 3], rule=lambda b, i: b.g[i] <= [50, 30 + m.added, 100][i - 1])
    k.balance = pyo.Constraint(expr=sum(k.g[i] for i in (1, 2, 3)) == 100)
    k.total = pyo.Objective(expr=20 * k.g[1] + 35 * k.g[2] + 60 * k.g[3])
    m.price = bilevel.dual_of(k.balance)
    m.cap = pyo.Constraint(expr=m.price <= 50)
    m.spent = pyo.Objective(expr=3 * m.added)
    return m


def verify_price_cap() -> float:
    # Unit 3 sets 60 while 50 + 30 + added < 100; from added = 20 on a price of 35 is possible.
    return nested_minimum(lambda x: 3 * x[0] if x[0] >= 20 else math.inf, [(0, 100)], points=101)


def capacity_seller() -> pyo.ConcreteModel:
    """The leader sells capacity at what it is worth to the retailer; the retailer maximises, so worth is positive."""
    m = pyo.ConcreteModel()
    m.capacity = pyo.Var(bounds=(0, 20))
    m.retailer = bilevel.Follower()
    m.retailer.p = pyo.Var(bounds=(0, 30))
    m.retailer.profit = pyo.Objective(expr=(m.retailer.p - 4) * (30 - m.retailer.p), sense=pyo.maximize)
    m.retailer.stock = pyo.Constraint(expr=30 - m.retailer.p <= m.capacity)
    m.worth = bilevel.dual_of(m.retailer.stock)
    m.income = pyo.Objective(expr=m.worth * m.capacity, sense=pyo.maximize)
    return m


def verify_capacity_seller() -> float:
    # With r sold the retailer earns (26 - r) r; one unit more is worth 26 - 2r, nothing from r = 13 on.
    return -nested_minimum(lambda r: -max(0.0, 26 - 2 * r[0]) * r[0], [(0, 20)])


def wholesale() -> pyo.ConcreteModel:
    """The retailer example of the engine's documentation."""
    m = pyo.ConcreteModel()
    m.w = pyo.Var(bounds=(0, 30))
    m.retailer = bilevel.Follower()
    m.retailer.p = pyo.Var(bounds=(0, None))
    m.retailer.profit = pyo.Objective(expr=(m.retailer.p - m.w) * (30 - m.retailer.p), sense=pyo.maximize)
    m.retailer.stock = pyo.Constraint(expr=30 - m.retailer.p <= 12)
    m.stock_value = bilevel.dual_of(m.retailer.stock)
    m.profit = pyo.Objective(expr=m.w * (30 - m.retailer.p), sense=pyo.maximize)
    return m


def verify_wholesale() -> float:
    def value(w: np.ndarray) -> float:
        return -w[0] * (30 - max((30 + w[0]) / 2, 18))

    return -nested_minimum(value, [(0, 30)])


CONEJO = (
    "Conejo, Baringo, Kazempour and Siddiqui (2016), Investment in Electricity Generation and Transmission, Springer, "
    "the "
    "introductory bilevel example"
)

PROBLEMS = (
    Problem(
        name="conejo-2016-investment",
        source=CONEJO,
        statement="min 40000x + 8760 (10 - price) g1, 0 <= x <= 250; the market minimises 10g1 + 12g2 + 15g3 with sum "
        "200 and "
        "g <= (x, 150, 100), g >= 0; price is the multiplier of the sum",
        build=investment,
        optimal_value=-190_000.0,
        verify=verify_investment,
        tags=tags("lp-follower", "dual", "nonunique-multipliers", "params", "equalities"),
        note="x = 50 at price 15: 2,000,000 - 8760 * 5 * 50. The market would accept 12 as well.",
    ),
    Problem(
        name="fanzeres-2017-withholding",
        source="Fanzeres (2017), Robust strategic bidding in auction-based markets, thesis, PUC-Rio, the illustrative "
        "example",
        statement="max price g1, 0 <= offer <= 100; the market minimises 50g2 + 100g3 + 1000g4 with sum 100 and "
        "g <= (offer, 40, 40, 100), g >= 0",
        build=withholding,
        optimal_value=20_000.0,
        sense=pyo.maximize,
        verify=verify_withholding,
        tags=tags("lp-follower", "dual", "nonunique-multipliers", "equalities", "maximise"),
    ),
    Problem(
        name="strategic-bid",
        source="constructed by us in the style of Ruiz and Conejo (2009), Pool strategy of a producer with endogenous "
        "formation "
        "of locational marginal prices, IEEE Transactions on Power Systems 24",
        statement="max (price - 20) g, 0 <= bid <= 200; the market minimises bid g + 30a + 60b + 90c with sum 100, g "
        "<= 50, "
        "a, b <= 40, c <= 60",
        build=bidding,
        optimal_value=2000.0,
        sense=pyo.maximize,
        verify=verify_bidding,
        tags=tags("lp-follower", "dual", "leader-in-follower-cost", "many-optima", "equalities", "maximise"),
    ),
    Problem(
        name="two-nodes",
        source="constructed by us in the style of Cournot producers on a congested line",
        statement="max (price2 - 15) x, x >= 0; the grid minimises 10g1 + 0.05g1^2 + 30g2 + 0.1g2^2 with g1 = f, "
        "g2 + f + x = 150, |f| <= 50",
        build=nodes,
        optimal_value=35**2 / 0.8,
        sense=pyo.maximize,
        verify=verify_nodes,
        tags=tags(
            "qp", "dual", "indexed-duals", "range-constraints", "equalities", "unbounded-leader-variable", "maximise"
        ),
        note="(30 + 0.2 (100 - x) - 15) x = (35 - 0.2x) x, greatest at 87.5, where g2 = 12.5.",
    ),
    Problem(
        name="two-nodes-corner",
        source="constructed by us in the style of Cournot producers on a congested line",
        statement="the same with demand 100: the optimum is where the line is full and node 2's plant stands still",
        build=nodes_corner,
        optimal_value=750.0,
        sense=pyo.maximize,
        verify=verify_nodes_corner,
        tags=tags(
            "qp", "dual", "indexed-duals", "range-constraints", "nonunique-multipliers", "equalities", "maximise"
        ),
        note="At x = 50 the price is anything from 15 to 30; (30 - 15) 50 is the supremum from the left too.",
    ),
    Problem(
        name="price-cap",
        source="constructed by us",
        statement="min 3x with price <= 50, 0 <= x <= 100; the market minimises 20g1 + 35g2 + 60g3 with sum 100, "
        "g <= (50, 30 + x, 100)",
        build=price_cap,
        optimal_value=60.0,
        verify=verify_price_cap,
        tags=tags(
            "lp-follower", "dual", "dual-in-constraint", "leader-constraints", "nonunique-multipliers", "equalities"
        ),
    ),
    Problem(
        name="capacity-seller",
        source="constructed by us",
        statement="max worth * r, 0 <= r <= 20; the retailer maximises (p - 4)(30 - p) with 30 - p <= r, whose "
        "multiplier is "
        "its worth",
        build=capacity_seller,
        optimal_value=84.5,
        sense=pyo.maximize,
        verify=verify_capacity_seller,
        tags=tags("qp", "dual", "maximise"),
        note="(26 - 2r) r at r = 6.5.",
    ),
    Problem(
        name="wholesale-price",
        source="constructed by us: the double marginalisation of Spengler (1950), Vertical integration and antitrust "
        "policy, "
        "with a stock",
        statement="max w (30 - p), 0 <= w <= 30; the retailer maximises (p - w)(30 - p) with 30 - p <= 12, p >= 0",
        build=wholesale,
        optimal_value=112.5,
        sense=pyo.maximize,
        verify=verify_wholesale,
        tags=tags("qp", "leader-in-follower-cost", "maximise"),
    ),
)
