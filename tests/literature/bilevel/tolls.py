"""Tolls on arcs of a network, and its mirror image: arcs to be cut."""

from __future__ import annotations

import itertools

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import toll_revenue

# Arcs of the first network: (from, to): cost; the toll arcs are named in TOLLED.
ARCS = {
    ("s", "a"): 2,
    ("s", "b"): 6,
    ("s", "t"): 5,
    ("a", "b"): 0,
    ("a", "c"): 4,
    ("b", "c"): 2,
    ("b", "t"): 6,
    ("c", "t"): 0,
}
TOLLED = (("s", "t"), ("a", "b"), ("c", "t"))


def one_commodity() -> pyo.ConcreteModel:
    """Flow over a set of pairs, balances at nodes as one indexed equality."""
    m = pyo.ConcreteModel()
    m.ARCS = pyo.Set(initialize=list(ARCS), dimen=2)
    m.TOLLED = pyo.Set(initialize=list(TOLLED), dimen=2)
    m.NODES = pyo.Set(initialize=["s", "a", "b", "c", "t"])
    m.toll = pyo.Var(m.TOLLED, domain=pyo.NonNegativeReals)
    m.user = bilevel.Follower()
    u = m.user
    u.flow = pyo.Var(m.ARCS, domain=pyo.NonNegativeReals)
    u.supply = pyo.Param(m.NODES, initialize={"s": 1, "t": -1}, default=0)
    u.balance = pyo.Constraint(
        m.NODES,
        rule=lambda b, n: (
            sum(b.flow[i, j] for i, j in m.ARCS if i == n) - sum(b.flow[i, j] for i, j in m.ARCS if j == n)
            == b.supply[n]
        ),
    )
    u.cost = pyo.Objective(
        expr=sum(cost * u.flow[arc] for arc, cost in ARCS.items()) + sum(m.toll[a] * u.flow[a] for a in m.TOLLED)
    )
    m.revenue = pyo.Objective(expr=sum(m.toll[a] * u.flow[a] for a in m.TOLLED), sense=pyo.maximize)
    return m


def verify_one_commodity() -> float:
    # Paths: s-t; s-a-b-t; s-a-c-t; s-a-b-c-t; s-b-t; s-b-c-t. Tolls in the order of TOLLED.
    costs = [5, 2 + 0 + 6, 2 + 4 + 0, 2 + 0 + 2 + 0, 6 + 6, 6 + 2 + 0]
    uses = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (0, 0, 0), (0, 0, 1)]
    return toll_revenue([costs], [uses], demands=[1])


INTO = {1: (5, 7, 14), 2: (7, 2, 4)}
OUT_OF = {1: (29, 20, 12), 2: (8, 5, 2)}
MIDDLE = ((0, 1), (1, 2), (0, 2))


def two_commodities() -> pyo.ConcreteModel:
    """Two independent followers over an index set that pay the same three tolls, twice each."""
    m = pyo.ConcreteModel()
    m.K = pyo.RangeSet(2)
    m.T = pyo.RangeSet(0, 2)
    m.toll = pyo.Var(m.T, bounds=(0, None))
    m.user = bilevel.Follower(m.K)
    for k in m.K:
        u = m.user[k]
        u.enter = pyo.Var(range(3), domain=pyo.NonNegativeReals)
        u.middle = pyo.Var(m.T, domain=pyo.NonNegativeReals)
        u.leave = pyo.Var(range(3), domain=pyo.NonNegativeReals)
        u.all_enter = pyo.Constraint(expr=pyo.summation(u.enter) == 1)
        u.all_leave = pyo.Constraint(expr=pyo.summation(u.leave) == 1)
        u.at_node = pyo.Constraint(
            range(3),
            rule=lambda b, n: (
                b.enter[n] + sum(b.middle[t] for t in range(3) if MIDDLE[t][1] == n)
                == b.leave[n] + sum(b.middle[t] for t in range(3) if MIDDLE[t][0] == n)
            ),
        )
        u.cost = pyo.Objective(
            expr=sum(INTO[k][n] * u.enter[n] + OUT_OF[k][n] * u.leave[n] for n in range(3))
            + 2 * sum(m.toll[t] * u.middle[t] for t in m.T)
        )
    m.revenue = pyo.Objective(expr=sum(m.toll[t] * m.user[k].middle[t] for t in m.T for k in m.K), sense=pyo.maximize)
    return m


def scaled_commodity() -> pyo.ConcreteModel:
    """The same as one follower, the second commodity's flow on toll arcs counted in tens."""
    m = pyo.ConcreteModel()
    m.toll = pyo.Var(range(3), domain=pyo.NonNegativeReals)
    m.users = bilevel.Follower()
    u = m.users
    ten = {1: 1, 2: 10}
    u.enter = pyo.Var([1, 2], range(3), domain=pyo.NonNegativeReals)
    u.middle = pyo.Var([1, 2], range(3), domain=pyo.NonNegativeReals)
    u.leave = pyo.Var([1, 2], range(3), domain=pyo.NonNegativeReals)
    u.all_enter = pyo.Constraint([1, 2], rule=lambda b, k: sum(b.enter[k, n] for n in range(3)) == 1)
    u.all_leave = pyo.Constraint([1, 2], rule=lambda b, k: sum(b.leave[k, n] for n in range(3)) == 1)

    def at_node(b, k, n):
        arrive = sum(b.middle[k, t] for t in range(3) if MIDDLE[t][1] == n)
        depart = sum(b.middle[k, t] for t in range(3) if MIDDLE[t][0] == n)
        return b.enter[k, n] + ten[k] * arrive - ten[k] * depart - b.leave[k, n] == 0

    u.at_node = pyo.Constraint([1, 2], range(3), rule=at_node)
    tolls = sum(m.toll[t] * ten[k] * u.middle[k, t] for k in (1, 2) for t in range(3))
    own = sum(INTO[k][n] * u.enter[k, n] + OUT_OF[k][n] * u.leave[k, n] for k in (1, 2) for n in range(3))
    u.cost = pyo.Objective(expr=own + 2 * tolls)
    m.revenue = pyo.Objective(expr=tolls, sense=pyo.maximize)
    return m


def verify_two_commodities() -> float:
    # A path enters at one node, crosses 0, 1 or 2 toll arcs, and leaves.
    crossings = {(0, 0): (0, 0, 0), (1, 1): (0, 0, 0), (2, 2): (0, 0, 0)}
    crossings |= {(0, 1): (1, 0, 0), (1, 2): (0, 1, 0), (0, 2): (0, 0, 1)}
    costs, uses = [], []
    for k in (1, 2):
        own = [(INTO[k][i] + OUT_OF[k][j], use) for (i, j), use in crossings.items()]
        own.append((INTO[k][0] + OUT_OF[k][2], (1, 1, 0)))
        costs.append([c for c, _ in own])
        uses.append([u for _, u in own])
    return toll_revenue(costs, uses, demands=[1, 1], toll_weight=2.0)


LENGTH = {("s", "a"): 3.0, ("s", "b"): 4.0, ("a", "b"): 1.0, ("a", "t"): 5.0, ("b", "t"): 3.0}
DELAY = {("s", "a"): 4.0, ("s", "b"): 3.0, ("a", "b"): 5.0, ("a", "t"): 2.0, ("b", "t"): 4.0}


def interdiction() -> pyo.ConcreteModel:
    """A zero-sum game: the leader delays two arcs to make the shortest path as long as possible."""
    m = pyo.ConcreteModel()
    m.ARCS = pyo.Set(initialize=list(LENGTH), dimen=2)
    m.hit = pyo.Var(m.ARCS, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=pyo.summation(m.hit) <= 2)
    m.runner = bilevel.Follower()
    r = m.runner
    r.flow = pyo.Var(m.ARCS, bounds=(0, 1))
    r.length = pyo.Objective(expr=sum((LENGTH[a] + DELAY[a] * m.hit[a]) * r.flow[a] for a in m.ARCS))
    r.leave = pyo.Constraint(expr=r.flow["s", "a"] + r.flow["s", "b"] == 1)
    r.at_a = pyo.Constraint(expr=r.flow["s", "a"] == r.flow["a", "b"] + r.flow["a", "t"])
    r.at_b = pyo.Constraint(expr=r.flow["s", "b"] + r.flow["a", "b"] == r.flow["b", "t"])
    m.damage = pyo.Objective(
        expr=sum((LENGTH[a] + DELAY[a] * m.hit[a]) * r.flow[a] for a in m.ARCS), sense=pyo.maximize
    )
    return m


def verify_interdiction() -> float:
    paths = [[("s", "a"), ("a", "t")], [("s", "b"), ("b", "t")], [("s", "a"), ("a", "b"), ("b", "t")]]

    def shortest(hit: tuple) -> float:
        return min(sum(LENGTH[a] + DELAY[a] * (a in hit) for a in path) for path in paths)

    return max(shortest(hit) for hit in itertools.combinations(LENGTH, 2))


PROBLEMS = (
    Problem(
        name="toll-one-commodity",
        source="Brotcorne, Labbe, Marcotte and Savard (2001), A bilevel model for toll optimization on a "
        "multicommodity "
        "transportation network, Transportation Science 35; BOLIB TollSettingP1",
        statement="max toll revenue on three of eight arcs from s to t; the user takes a cheapest path",
        build=one_commodity,
        optimal_value=7.0,
        sense=pyo.maximize,
        verify=verify_one_commodity,
        tags=tags("lp-follower", "leader-in-follower-cost", "equalities", "indexed-constraints", "params", "maximise"),
        note="7 on the direct arc of cost 5; the toll-free path costs 12.",
    ),
    Problem(
        name="toll-two-commodities",
        source="Brotcorne and others (2001), Transportation Science 35; Didi-Biha, Marcotte and Savard (2006), "
        "Path-based "
        "formulations of a bilevel toll setting problem; BOLIB TollSettingP2",
        statement="max revenue of three tolls from two users, each with a cheapest path through three nodes; tolls "
        "weigh twice",
        build=two_commodities,
        optimal_value=4.5,
        sense=pyo.maximize,
        verify=verify_two_commodities,
        tags=tags(
            "lp-follower", "several-followers", "indexed-followers", "leader-in-follower-cost", "equalities", "maximise"
        ),
    ),
    Problem(
        name="toll-scaled-commodity",
        source="BOLIB TollSettingP3: the same data, the second user's flow on toll arcs in tens, one follower",
        statement="the same problem in other units",
        build=scaled_commodity,
        optimal_value=4.5,
        sense=pyo.maximize,
        verify=verify_two_commodities,
        tags=tags("lp-follower", "leader-in-follower-cost", "equalities", "scaling", "maximise"),
        note="BOLIB prints 3.5 as the best known. Substituting y' = 10 y gives the problem before, worth 4.5.",
    ),
    Problem(
        name="shortest-path-interdiction",
        source="Israeli and Wood (2002), Shortest-path network interdiction, Networks 40: the model, with five arcs of "
        "our own",
        statement="max the length of a shortest path from s to t with at most two arcs delayed, x in {0, 1}^5",
        build=interdiction,
        optimal_value=11.0,
        sense=pyo.maximize,
        verify=verify_interdiction,
        tags=tags("lp-follower", "integer-leader", "leader-in-follower-cost", "zero-sum", "equalities", "maximise"),
        note="Delaying s-a and b-t: 12, 11 and 15.",
    ),
)
