"""Published location problems in which every customer has one facility, beside the same with customers split.

`holmberg_p1`: K. Holmberg, M. Rönnqvist, D. Yuan, European Journal of Operational Research 113, 1999; the numbers of
sites and customers, capacity and opening cost a site, demands, and for each site what all of each customer's demand
costs from there. `pmedcap01`: OR-Library's first capacitated p-median (I. H. Osman, N. Christofides, International
Transactions in Operational Research 1, 1994): customers and medians to open, their capacity; a line each number,
x, y, demand; distances are Euclidean, cut to whole numbers. The figures are those published for one facility a
customer; 8,772.098 and 706 are those of the same problems with customers split.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from batteryopt.network.data.instance import Limit, Network, Policy, Quantity
from batteryopt.network.location.stages import Echelon, network_of
from batteryopt.network.solve import solve

FOLDER = Path(__file__).parent / "single_source"


def holmberg() -> Network:
    """Return p1: 10 sites, 50 customers."""
    numbers = iter(map(float, (FOLDER / "holmberg_p1.txt").read_text(encoding="ascii").split()))
    sites, customers = int(next(numbers)), int(next(numbers))
    figures = np.array([next(numbers) for _ in range(2 * sites)]).reshape(sites, 2)
    demand = np.array([next(numbers) for _ in range(customers)])
    whole = np.array([next(numbers) for _ in range(sites * customers)]).reshape(sites, customers)
    return _located("p1", figures[:, 0], figures[:, 1], demand, whole.T)


def p_median() -> Network:
    """Return pmedcap01: 50 customers at each of which one of 5 medians may stand, with room for 120."""
    lines = (FOLDER / "pmedcap01.txt").read_text(encoding="ascii").splitlines()
    count, medians, room = map(int, lines[1].split())
    rows = np.array([line.split() for line in lines[2:]], dtype=float)
    km = np.floor(np.hypot(*(rows[:, None, 1:3] - rows[None, :, 1:3]).transpose(2, 0, 1)) + 1e-9)
    # a median's cost is a customer's distance, whatever its demand
    found = _located("pmedcap01", np.full(count, room), np.zeros(count), rows[:, 3], km)
    limit = Limit(name="medians", quantity=Quantity.FACILITIES, most=medians)
    return dataclasses.replace(found, policy=Policy(limits=(limit,)))


def _located(name, capacity, opening, demand, whole):
    sites = [f"site{j + 1:02d}" for j in range(len(capacity))]
    customers = [f"customer{i + 1:02d}" for i in range(len(demand))]
    stage = Echelon(
        type="depot",
        products=["goods"],
        sites=sites,
        capacity=np.asarray(capacity, dtype=float),
        opening_cost=np.asarray(opening, dtype=float),
        unit_costs=whole / demand[:, None],
    )
    return network_of(name, "see the head of this file", customers, demand, [stage])


def whole(network: Network) -> Network:
    """Return the network with one destination a place."""
    return network.replace(returns=tuple(dataclasses.replace(row, single_source=True) for row in network.returns))


@pytest.mark.parametrize(
    ("make", "split", "single"),
    [(holmberg, 8772.098, 8848), pytest.param(p_median, 706, 713, marks=pytest.mark.slow)],
)
def test_published_answers(make, split, single):
    network = make()
    assert solve(network, gap=0.0, threads=1).objective == pytest.approx(split, rel=1e-6)
    answer = solve(whole(network), gap=0.0, threads=1)
    assert answer.certificate.passed
    assert answer.gap == pytest.approx(0.0, abs=1e-9)
    assert answer.objective == pytest.approx(single, rel=1e-9)
    assert not answer.solution.shipped.duplicated(["origin", "product", "period"]).any()
    everywhere = network.replace(policy=dataclasses.replace(network.policy, single_source=True))
    assert solve(everywhere, gap=0.0, threads=1).objective == pytest.approx(single, rel=1e-9)
