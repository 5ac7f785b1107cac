"""SCIP's tightening of bounds over special ordered sets called feasible models infeasible: the adapter avoids it."""

from __future__ import annotations

import pytest

from batteryopt import bilevel
from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.model.build import build
from batteryopt.games.coordination.solution import Model
from batteryopt.ground.status import StopReason
from batteryopt.solvers.scip.scip_solver import WORKAROUNDS


def test_the_workaround_is_in_place():
    assert WORKAROUNDS["constraints/SOS1/maxtightenbds"] == 0


@pytest.mark.parametrize(("regions", "enterprises"), [(50, 10)])
def test_a_feasible_network_game_is_not_called_infeasible(regions: int, enterprises: int):
    """Fifty retailers and ten enterprises, each with one best answer to every decision: there is always a solution."""
    model = build(random_network(seed=0, regions=regions, enterprises=enterprises), Model.DECENTRALIZED)
    answer = bilevel.solve(model, method="sos1", time_limit=60)
    assert answer.stop_reason is not StopReason.INFEASIBLE
    assert answer.point_status.is_feasible
