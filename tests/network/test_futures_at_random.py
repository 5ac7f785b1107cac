"""One plan for two futures of random networks with every feature: WS <= RP <= EEV, and every check passes."""

from __future__ import annotations

import dataclasses

import pytest

from batteryopt.network.data.instance import InvalidNetwork, NamedChange, Scenario
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.tables.changes import How
from tests.network.random_networks import random_network

QUICK, SLOW = 4, 200


def _tried(seed: int) -> None:
    try:
        network = random_network(seed)
    except InvalidNetwork:
        return
    many = NamedChange(name="many", key="returns.tonnes", change=How.TIMES, value="1.5")
    futures = (Scenario(name="few", probability=0.6), Scenario(name="many", probability=0.4))
    found = solve_futures(dataclasses.replace(network, scenarios=futures, changes=(many,)), gap=0)
    if found.solution is None:
        return
    assert found.certificate.passed, f"seed {seed}\n{found.certificate}"
    size = 1e-6 * max(1.0, *(sum(map(abs, plan.cost_terms.values())) for plan in found.solution))
    assert found.evpi is not None
    assert found.evpi.value >= -size, seed
    if found.vss is not None:
        assert found.vss.value >= -size, seed


@pytest.mark.parametrize("seed", range(1, QUICK + 1))
def test_random_networks_with_two_futures(seed):
    _tried(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK + 1, SLOW + 1))
def test_more_random_networks_with_two_futures(seed):
    _tried(seed)
