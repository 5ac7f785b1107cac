"""Random networks with three futures: what rows of costs find and prove lies on both sides of the best there is."""

from __future__ import annotations

import time

import pytest

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures import found_by_cuts
from batteryopt.network.futures.first_stage import FIRST_STAGE
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.robust.solve_robust import solve_robust
from batteryopt.solvers.contract.adapter import Options
from tests.network.line import level, line, plant, returns
from tests.network.test_futures import TWO, futures
from tests.network.test_futures_by_second_route import drawn, size_of

QUICK, SLOW = 1, 120
SECONDS = 20.0
RISKS = (Risk(), Risk(alpha=1.0, weight=1.0), Risk(alpha=0.5, weight=0.5))


def _on_both_sides(seed: int) -> None:
    network = drawn(seed)
    if network is None:
        return
    risk = RISKS[seed % len(RISKS)]
    whole = solve_futures(network, risk=risk, gap=0, threads=1)
    likely = futures_of(network)
    forms = [formulate(future.network, WEIGHTS) for future in likely]
    with catching_interrupt() as flag:
        known = SearchByCuts(
            forms,
            [weighted(m, WEIGHTS) for m in forms],
            [future.probability for future in likely],
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


SIZES = plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450)))
FOUR = futures([0.3, 0.3, 0.2, 0.2], [(name, "returns.tonnes", "set", value) for name, value in
                                      (("a", "30"), ("b", "32"), ("c", "90"), ("d", "80"))])  # fmt: skip


SMALL, LARGER = line(**TWO), line(types=SIZES, **FOUR)


@pytest.mark.parametrize(
    ("network", "risk"),
    [
        pytest.param(SMALL, None, id="two"),
        pytest.param(SMALL, "worst", id="two, the worst"),
        pytest.param(LARGER, "cvar:0.5:0.5", id="four, half the worst"),
        pytest.param(LARGER, None, id="four", marks=pytest.mark.slow),
        pytest.param(LARGER, "worst", id="four, the worst", marks=pytest.mark.slow),
    ],
)
def test_answers_are_those_of_the_extensive_form(network, risk, monkeypatch):
    whole = solve_futures(network, risk=risk, gap=0)
    monkeypatch.setattr(found_by_cuts, "CUTS_FROM", 0)
    found = solve_futures(network, risk=risk, gap=1e-6)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(whole.objective, rel=1e-6)
    assert found.run.bound == pytest.approx(whole.objective, rel=1e-5)


def test_the_worst_case_is_that_of_the_extensive_form(monkeypatch):
    network = line(types=SIZES, returns=returns(more_t=30.0, less_t=30.0))
    whole = solve_robust(network, budget=1, gap=0)
    monkeypatch.setattr(found_by_cuts, "CUTS_FROM", 0)
    found = solve_robust(network, budget=1, gap=1e-6)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(whole.objective, rel=1e-6)
    assert found.run.point_status == whole.run.point_status == "optimal"
