"""Bundles of futures: bounds and plans where the extensive form of all is too large for the time limit."""

from __future__ import annotations

import time

import numpy as np
import pytest

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.futures import search_in_parts
from batteryopt.network.futures.bundles import Bundled, improve_by_bundles, joined_bundles, paired
from batteryopt.network.futures.solve_futures import solve_futures
from tests.network.line import level, line, plant
from tests.network.test_futures import TWO, futures


def test_the_cheapest_goes_with_the_dearest():
    assert paired([5.0, 1.0, 9.0, 3.0, 4.0]) == [(1, 2), (0, 3), (4,)]
    assert joined_bundles([(1, 2), (0, 3), (4,)]) == [(1, 2, 4), (0, 3)]
    assert joined_bundles([(0, 1, 2, 3)]) == [(0, 1, 2, 3)]


def known(bounds):
    """Return futures with 0.1, 0.2, 0.3 and 0.4 that cost at least 1, 2, 3 and 4, in two bundles."""
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    return Bundled(probabilities=shares, lowest=np.array([1.0, 2, 3, 4]), bundles=[(0, 3), (1, 2)], bounds=dict(bounds))


def test_the_bound_of_bundles_by_hand():
    """Alone: 0.1 + 0.4 + 0.9 + 1.6 = 3. A bundle of 0.5 that costs at least 4 counts 2, not 1.7; one of 2 does not."""
    assert known({}).bound == pytest.approx(3.0)
    assert known({(0, 3): 4.0}).bound == pytest.approx(3.3)
    assert known({(0, 3): 2.0}).bound == pytest.approx(3.0)


def test_larger_bundles_keep_what_smaller_ones_have_proven():
    bundled, tried = known({}), []
    bounds = {(0, 3): 4.0, (1, 2): 2.8, (0, 1, 2, 3): 3.0}

    def solve(bundle, _):
        return bounds[bundle], [bundle]

    improve_by_bundles(bundled, solve, lambda points, b: tried.append(b), lambda _: False, time.monotonic() + 60)
    assert tried == [(0, 3), (1, 2), (0, 1, 2, 3)]
    assert bundled.bound == pytest.approx(0.5 * 4.0 + 0.5 * 2.8)  # 3.4, which the whole does not take back


def test_bundles_end_with_the_time():
    bundled = known({})
    improve_by_bundles(bundled, lambda *_: pytest.fail("begun"), lambda *_: None, lambda _: False, time.monotonic())
    assert bundled.bound == pytest.approx(3.0)


SIZES = plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450)))
FOUR = futures([0.3, 0.3, 0.2, 0.2], [(name, "returns.tonnes", "set", value) for name, value in
                                      (("a", "30"), ("b", "32"), ("c", "90"), ("d", "80"))])  # fmt: skip


@pytest.mark.parametrize("network", [line(**TWO), line(types=SIZES, **FOUR)], ids=["two", "four"])
def test_they_find_what_the_extensive_form_finds(network, monkeypatch):
    whole = solve_futures(network, gap=0)
    monkeypatch.setattr(search_in_parts, "SPLIT_FROM", 0)
    found = solve_futures(network, gap=0, time_limit=120)
    assert found.certificate.passed, found.certificate
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.run.stop_reason is StopReason.CONVERGED
    assert found.objective == pytest.approx(whole.objective)
    assert found.run.bound == pytest.approx(whole.objective)
    assert found.evpi.value == pytest.approx(whole.evpi.value, abs=1e-6)
