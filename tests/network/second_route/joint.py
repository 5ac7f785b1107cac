"""The second route with a future index: every future's program, with the same careers and sizes in all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from batteryopt.network.data.instance import Network
from tests.network.second_route.program import Linear, Outcome, Program, total
from tests.network.second_route.route import SecondRoute

DECIDED_ONCE = ("career", "size")
"""Decisions that are made before anybody knows which future comes."""


def least_expected_cost(futures: Sequence[tuple[float, Network]], *, seconds: float = 3.0) -> Outcome:
    """Return the least expected cost of futures, each a probability and a network of its own."""
    whole = Program()
    costs: list[Linear] = []
    for position, (share, network) in enumerate(futures):
        route = SecondRoute(network)
        first = len(whole.names)
        _take(whole, route.flows.program, first, position)
        costs.append(_moved(route.cost, first) * share)
    for key, at in list(whole.decisions.items()):
        assert isinstance(key, tuple)
        position, table, *rest = key
        if position and table in DECIDED_ONCE:
            one = whole.decisions[0, table, *rest]
            whole.zero(f"one {table} in all futures", Linear({at: 1.0, one: -1.0}))
    return whole.solve(total(costs), seconds=seconds)


def _take(whole: Program, part: Program, first: int, position: int) -> None:
    """Take the variables and rows of a future's program, from a position on."""
    whole.names += [f"future {position}: {name}" for name in part.names]
    whole.lows += part.lows
    whole.highs += part.highs
    whole.is_whole += part.is_whole
    for row in part.rows:
        gate = None if row.gate is None else _moved(row.gate, first)
        whole.rows.append(dataclasses.replace(row, left=_moved(row.left, first), gate=gate))
    for key, at in part.decisions.items():
        assert isinstance(key, tuple)
        whole.decisions[position, *key] = at + first


def _moved(sum_of: Linear, by: int) -> Linear:
    return Linear({i + by: weight for i, weight in sum_of.weights.items()}, sum_of.constant)
