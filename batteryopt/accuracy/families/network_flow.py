"""Transport and echelons of a network: flows on a tree that was chosen, proven by whole potentials.

A spanning tree is drawn with whole flows on its arcs, some of them 0, and a whole potential at every place. An arc of
the tree costs the difference of the potentials at its ends, any other one some whole number more. The potentials are
the duals: no cycle is worth its way, and since every other arc costs more, no other flow is as cheap.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_proof

LAYERS = ((4, 5), (20, 30), (60, 90), (150, 200), (250, 400), (3, 4, 5), (10, 15, 20), (30, 40, 50), (60, 80, 60, 80))
"""Places in each layer; every one sends to all of the next. Two layers are a transport problem."""
QUICK = ((4, 5), (3, 4, 5))


@dataclass(frozen=True, kw_only=True, eq=False)
class Echelons:
    """A network of layers, all in whole numbers.

    Attributes
    ----------
    arcs
        From and to.
    costs
        Of a unit, by arc.
    supplies
        What a place gives, below 0 what it takes.
    flows
        The best ones, on the arcs of the tree.
    potentials
        Of the places.
    """

    arcs: tuple[tuple[int, int], ...]
    costs: dict[tuple[int, int], int]
    supplies: dict[int, int]
    flows: dict[tuple[int, int], int]
    potentials: dict[int, int]


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield networks of two and more layers, up to a hundred thousand arcs."""
    for layers in QUICK if quick else LAYERS:
        variant = "transport" if len(layers) == 2 else "echelons"
        yield AccuracyProblem(
            family="network-flow",
            name=f"{variant}-{'x'.join(map(str, layers))}-{seed}",
            variant=variant,
            size=sum(a * b for a, b in itertools.pairwise(layers)),
            build=partial(build, layers, seed),
            find_truth=partial(_truth, layers, seed),
        )


def random_echelons(layers: tuple[int, ...], seed: int) -> Echelons:
    """Return a network with a tree of its own; a third of the tree's arcs carries nothing, so that it is degenerate."""
    rng = np.random.default_rng([seed, *layers])
    starts = np.cumsum([0, *layers])
    places = [range(a, b) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
    arcs = tuple((i, j) for left, right in itertools.pairwise(places) for i in left for j in right)
    tree = _spanning_tree(arcs, int(starts[-1]), rng)
    potentials = dict(enumerate(rng.integers(0, 1000, int(starts[-1])).tolist()))
    more = rng.integers(1, 500, len(arcs)).tolist()
    costs = {
        (i, j): potentials[j] - potentials[i] + (0 if (i, j) in tree else extra)
        for (i, j), extra in zip(arcs, more, strict=True)
    }
    amounts = (rng.integers(1, 100, len(tree)) * (rng.random(len(tree)) > 1 / 3)).tolist()
    flows = dict(zip(sorted(tree), amounts, strict=True))
    supplies = dict.fromkeys(potentials, 0)
    for (i, j), flow in flows.items():
        supplies[i] += flow
        supplies[j] -= flow
    return Echelons(arcs=arcs, costs=costs, supplies=supplies, flows=flows, potentials=potentials)


def _spanning_tree(arcs: tuple[tuple[int, int], ...], places: int, rng: np.random.Generator) -> set[tuple[int, int]]:
    """Return arcs that connect all places without a cycle, taken in a random order (Kruskal)."""
    parent = list(range(places))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    tree = set()
    for k in rng.permutation(len(arcs)).tolist():
        a, b = root(arcs[k][0]), root(arcs[k][1])
        if a != b:
            parent[a] = b
            tree.add(arcs[k])
    return tree


def build(layers: tuple[int, ...], seed: int) -> Any:
    """Return the least cost of flows that balance every place."""
    network = random_echelons(layers, seed)
    m = pyo.ConcreteModel(name="network flow")
    m.ARCS = pyo.Set(initialize=network.arcs, dimen=2)
    m.PLACES = pyo.Set(initialize=sorted(network.supplies))
    m.flow = pyo.Var(m.ARCS, bounds=(0, None))
    out: dict[int, list[Any]] = {place: [] for place in network.supplies}
    into: dict[int, list[Any]] = {place: [] for place in network.supplies}
    for i, j in network.arcs:
        out[i].append(m.flow[i, j])
        into[j].append(m.flow[i, j])
    m.balance = pyo.Constraint(
        m.PLACES,
        rule=lambda _, p: pyo.quicksum(out[p]) - pyo.quicksum(into[p]) == network.supplies[p],
    )
    m.cost = pyo.Objective(expr=pyo.quicksum(cost * m.flow[arc] for arc, cost in network.costs.items()))
    return m


def _truth(layers: tuple[int, ...], seed: int) -> Truth:
    """Prove the tree's flows: the dual of a place's balance is minus its potential.

    An arc from i to j stands in the balance of i with 1 and of j with -1: its reduced cost is its cost less
    ``potential_j - potential_i``, 0 on the tree and above 0 elsewhere.
    """
    network = random_echelons(layers, seed)
    flows = {f"flow[{i},{j}]": flow for (i, j), flow in network.flows.items()}
    duals = {f"balance[{place}]": -value for place, value in network.potentials.items()}
    return truth_of_proof(build(layers, seed), flows, duals, is_unique=True)
