"""Models that are feasible by another route and that SCIP 10.0 calls infeasible without `scip.WORKAROUNDS`."""

from __future__ import annotations

import pytest

from batteryopt import bilevel
from batteryopt.coordination import closed_form
from batteryopt.coordination.generator import random_network
from batteryopt.coordination.model import build
from batteryopt.coordination.solution import Model


@pytest.mark.parametrize(
    ("method", "seed", "regions", "enterprises"),
    [("indicator", 15, 2, 3), pytest.param("sos1", 0, 50, 10, marks=pytest.mark.slow)],
)
def test_a_feasible_network_is_not_called_infeasible(method: str, seed: int, regions: int, enterprises: int):
    """The formula, one linear system, gives the point whose existence SCIP denied."""
    instance = random_network(seed, regions, enterprises)
    answer = bilevel.solve(build(instance, Model.DECENTRALIZED), method=method, time_limit=60)
    assert answer.objective == pytest.approx(closed_form.solve(instance, Model.DECENTRALIZED).objective, rel=1e-6)
