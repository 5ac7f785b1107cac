"""A search of so many steps: the same plan each time, and a limit like any other."""

from __future__ import annotations

import math

import pytest

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.search.effort import Effort
from batteryopt.network.solve import solve
from batteryopt.network.tables.writer import write
from batteryopt.solvers.contract.adapter import Options
from tests.command_line import invoke
from tests.network.location_draw import drawn


def test_steps_are_counted_down():
    """Ten, of which three and one are taken: a tree may have six nodes; of none left it has none."""
    effort = Effort(10)
    effort.spend(3)
    effort.spend()
    assert effort.limited(Options(time_limit=5.0)) == Options(time_limit=5.0, iteration_limit=6)
    effort.spend(9)
    assert effort.is_spent
    assert effort.limited(Options()).iteration_limit == 0
    assert Effort().limited(Options()).iteration_limit is None
    assert Effort().left == math.inf


@pytest.mark.parametrize("steps", [1, 60])
def test_so_many_steps_give_the_same_plan_each_time(steps):
    network = drawn(3, sites=8, zones=30, stages=2, levels=2, periods=3)
    one, two = (solve(network, gap=0, threads=1, iterations=steps) for _ in range(2))
    assert one.run.stop_reason is StopReason.ITERATION_LIMIT
    assert (one.objective, one.run.bound) == (two.objective, two.run.bound)
    if one.solution is not None:
        assert one.certificate.passed
        assert one.run.bound <= one.objective
        assert one.run.point_status is PointStatus.FEASIBLE


def test_the_command_says_that_a_limit_stopped_it(tmp_path):
    write(drawn(3, sites=8, zones=30, stages=2, levels=2, periods=3), tmp_path / "case")
    assert invoke("solve", tmp_path / "case", "--gap", "0", "--iterations", "60", "--threads", "1").exit_code == 4
    refused = invoke("solve", tmp_path / "case", "--iterations", "0")
    assert refused.exit_code == 2
    assert "--iterations" in refused.stderr
