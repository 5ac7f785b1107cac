"""One plan for several futures of random networks: the least expected cost of a second formulation, and laws.

`tests/network/second_route` is typed from the reference and solved by SCIP; `joint.py` gives it a future index.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import InvalidNetwork, NamedChange, Scenario
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.solve import solve
from batteryopt.tables.changes import How
from tests.network.random_networks import random_network
from tests.network.second_route.compare import MONEY
from tests.network.second_route.joint import least_expected_cost

QUICK, SLOW = 4, 200
NAMES = ("a", "b", "c")


def drawn(seed, *, equal=False, shares=None):
    """Return the random network of a seed with three futures, their returns and prices drawn; None where it is none."""
    try:
        network = random_network(seed)
    except InvalidNetwork:
        return None
    rng = np.random.default_rng([seed, 77])
    weights = rng.dirichlet(np.ones(len(NAMES))) if shares is None else np.array(shares)
    changes = []
    for name in NAMES:
        factors = np.ones(2) if equal else rng.uniform(0.5, 1.4, 2)
        changes.append(NamedChange(name=name, key="returns.tonnes", change=How.TIMES, value=repr(float(factors[0]))))
        if network.markets:
            key = "markets.price_per_t"
            changes.append(NamedChange(name=name, key=key, change=How.TIMES, value=repr(float(factors[1]))))
    futures = tuple(Scenario(name=name, probability=float(p)) for name, p in zip(NAMES, weights, strict=True))
    return dataclasses.replace(network, scenarios=futures, changes=tuple(changes))


def size_of(found):
    """Return the sum of the sizes of all expected cost terms, at least 1."""
    return max(1.0, sum(abs(value) for value in found.cost_terms.values()))


def _compared(seed):
    network = drawn(seed)
    if network is None:
        return "refused"
    found = solve_futures(network, gap=0, threads=1)
    mine = least_expected_cost([(future.probability, future.network) for future in futures_of(network)])
    if found.solution is None:
        assert found.run.stop_reason.is_no_solution, f"seed {seed}: {found.reason}"
        assert mine.status.is_no_solution, f"seed {seed}: second route {mine.status} {mine.value}"
        return "no plan"
    assert mine.status is StopReason.CONVERGED, f"seed {seed}: second route {mine.status}, model {found.objective}"
    size = size_of(found)
    assert found.certificate.passed, f"seed {seed}\n{found.certificate}"
    assert found.objective == pytest.approx(mine.value, abs=MONEY * size), f"seed {seed}"
    assert found.evpi.value >= -MONEY * size, seed
    assert found.vss is None or found.vss.value >= -MONEY * size, seed
    return "same optimum"


@pytest.mark.parametrize("seed", range(1, QUICK + 1))
def test_the_second_route_finds_the_same(seed):
    _compared(seed)


def test_the_second_route_has_something_to_compare():
    """Seed 1 is neither refused nor without a plan: else the tests here could come to say nothing."""
    assert _compared(1) == "same optimum"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK + 1, SLOW + 1))
def test_the_second_route_finds_the_same_on_more(seed):
    _compared(seed)


# ---- laws ------------------------------------------------------------------------------------------------------------


def _equal_futures_are_one(seed):
    network = drawn(seed, equal=True)
    if network is None:
        return
    one = solve(dataclasses.replace(network, scenarios=(), changes=()), gap=0, threads=1)
    found = solve_futures(network, gap=0, threads=1)
    assert (found.solution is None) == (one.solution is None), seed
    if one.objective is not None:
        assert found.objective == pytest.approx(one.objective, abs=MONEY * size_of(found)), seed
        assert found.evpi.value == pytest.approx(0.0, abs=2 * MONEY * size_of(found)), seed


def _order_and_improbable_futures_change_nothing(seed):
    network = drawn(seed, shares=(0.3, 0.7, 0.0))
    if network is None:
        return
    two = dataclasses.replace(
        network, scenarios=network.scenarios[:2], changes=tuple(c for c in network.changes if c.name != "c")
    )
    turned = dataclasses.replace(network, scenarios=network.scenarios[::-1])
    found, fewer, other = (solve_futures(n, gap=0, threads=1) for n in (network, two, turned))
    assert (found.solution is None) == (fewer.solution is None) == (other.solution is None), seed
    if found.objective is not None:
        expected = pytest.approx(found.objective, abs=MONEY * size_of(found))
        assert fewer.objective == expected, seed
        assert other.objective == expected, seed


@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("law", [_equal_futures_are_one, _order_and_improbable_futures_change_nothing])
def test_laws(law, seed):
    law(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, SLOW + 1))
@pytest.mark.parametrize("law", [_equal_futures_are_one, _order_and_improbable_futures_change_nothing])
def test_laws_on_more(law, seed):
    law(seed)
