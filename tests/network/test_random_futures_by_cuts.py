"""Random networks with three futures: what rows of costs find and prove lies on both sides of the best there is."""

from __future__ import annotations

import time

import pytest

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.joint_search import FIRST_STAGE
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.solvers.contract.adapter import Options
from tests.network.test_futures_by_second_route import drawn, size_of

QUICK, SLOW = 3, 120
SECONDS = 20.0
RISKS = (Risk(), Risk(alpha=1.0, weight=1.0), Risk(alpha=0.5, weight=0.5))


def _on_both_sides(seed: int) -> None:
    network = drawn(seed)
    if network is None:
        return
    risk = RISKS[seed % len(RISKS)]
    whole = solve_futures(network, risk=risk, gap=0, threads=1)
    futures = futures_of(network)
    forms = [formulate(future.network, WEIGHTS) for future in futures]
    with catching_interrupt() as flag:
        known = SearchByCuts(
            forms,
            [weighted(m, WEIGHTS) for m in forms],
            [future.probability for future in futures],
            risk,
            Options(relative_gap=1e-6, threads=1),
            flag,
            names=FIRST_STAGE,
            deadline=time.monotonic() + SECONDS,
        ).go()
    if whole.objective is None:
        assert not known.points, seed
        return
    room = 1e-6 * size_of(whole)
    assert known.bound <= whole.objective + room, seed
    assert known.root_bound <= whole.objective + room, seed
    if known.points:
        assert whole.run.bound is not None
        assert known.value >= whole.run.bound - room, seed


@pytest.mark.parametrize("seed", range(1, QUICK + 1))
def test_random_networks_by_rows_of_costs(seed):
    _on_both_sides(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK + 1, SLOW + 1))
def test_more_random_networks_by_rows_of_costs(seed):
    _on_both_sides(seed)
