"""What an answer claims: gaps of the true numbers, and never more than its certificate bears out."""

import dataclasses
import time

import numpy as np
import pytest

from batteryopt.cli.exits import ExitStatus, answer_status
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.data.objective import Objective
from batteryopt.network.judged_answer import answer
from batteryopt.network.search import search as searching
from batteryopt.network.solve import gaps, solve, tryable
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import ArraySolution
from tests.network.echelon import echelon
from tests.network.rescale import rescaled

COST = {Objective.COST: 1.0}


def two_towns(**more):
    """10 t each, 50 km apart at 1 a tonne and km; a point opens for 100 or 400: both open for 500."""
    return echelon(np.array([[0.0, 50], [50, 0]]), [10, 10], [100, 400], **more)


@pytest.fixture
def solved():
    return solve(two_towns(), gap=0.0)


def with_bound(found, bound):
    return dataclasses.replace(found, run=dataclasses.replace(found.run, bound=bound))


def test_the_gap_is_of_the_true_numbers_and_stands_beside_the_money_that_moves(solved):
    assert solved.objective == pytest.approx(500.0)
    loose = with_bound(solved, 480.0)
    assert (loose.gap, loose.gap_money) == (pytest.approx(0.04), pytest.approx(20.0))
    assert (loose.gross, loose.gap_of_gross) == (pytest.approx(500.0), pytest.approx(0.04))
    document = loose.to_json()
    assert {key: document[key] for key in ("gap", "gap_money", "gross", "gap_of_gross")} == pytest.approx(
        {"gap": 0.04, "gap_money": 20.0, "gross": 500.0, "gap_of_gross": 0.04}
    )


def test_a_small_objective_has_the_gap_of_a_large_one():
    small = solve(rescaled(two_towns(), money=1e-9), gap=0.0)
    assert with_bound(small, 480e-9).gap == pytest.approx(0.04)


def test_a_net_cost_near_zero_is_judged_by_the_money_that_moves():
    """Opening and freight of 500 earn 500.5 of subsidy in all but name: acquisition is paid to the network."""
    base = two_towns()
    paid = dataclasses.replace(
        base, returns=tuple(dataclasses.replace(row, acquisition_cost_per_t=-25.025) for row in base.returns)
    )
    found = solve(paid, gap=0.0)
    assert found.objective == pytest.approx(-0.5)
    loose = with_bound(found, -1.5)
    assert loose.gap == pytest.approx(2.0)
    assert loose.gap_of_gross == pytest.approx(1.0 / 1000.5)
    assert solve(paid, gap_money=2.0).run.point_status is PointStatus.OPTIMAL


def test_a_gap_in_money_stands_beside_a_relative_one_or_instead_of_it():
    assert gaps(None, None) == (1e-4, 0.0)
    assert gaps(None, 5.0) == (0.0, 5.0)
    assert gaps(0.01, 5.0) == (0.01, 5.0)
    options = Options(relative_gap=0.01, absolute_gap=5.0)
    assert options.is_near_enough(100.0, 96.0)
    assert options.is_near_enough(1000.0, 991.0)
    assert not options.is_near_enough(100.0, 94.0)
    assert not options.is_near_enough(100.0, None)


@pytest.mark.parametrize("status", [PointStatus.OPTIMAL, PointStatus.FEASIBLE])
def test_beside_a_failed_check_no_status_claims_anything(solved, status):
    run = dataclasses.replace(solved.run, point_status=status)
    failed = Certificate((Check(name="made-up", residual=1.0, tolerance=0.5),))
    judged = dataclasses.replace(solved, run=run, certificate=failed)
    assert judged.run.point_status is PointStatus.UNKNOWN
    assert answer_status(judged) is ExitStatus.NOT_CERTIFIED
    passed = dataclasses.replace(solved, run=run, certificate=solved.certificate)
    assert passed.run.point_status is status


def test_a_bound_of_a_model_that_is_too_narrow_fails_when_tried_from_outside():
    """Leaving a tonne costs 2, so that the best is to open nothing: 40. A model that may leave none says 500."""
    network = two_towns(uncollected=2.0)
    m = tryable(network, COST)
    left = m.families["uncollected"]
    m.families["uncollected"] = dataclasses.replace(left, upper=np.zeros(len(left)))
    found = answer(network, m, COST, Options(), began=time.monotonic())
    assert found.objective == pytest.approx(500.0)
    check = found.certificate["bound-holds-against-a-wider-model"]
    assert not check.passed
    assert check.residual == pytest.approx(460.0 / 40.0)
    assert found.run.point_status is PointStatus.UNKNOWN
    assert solve(network, gap=0.0).certificate["bound-holds-against-a-wider-model"].passed


def test_a_run_that_contradicts_itself_is_repeated_without_its_start(monkeypatch):
    """HiGHS mistakes some starts for points of the presolved program; without one it is right."""
    told = []

    def fickle(program, options, *, start=None, on_progress=None):
        told.append((start is not None, options.extra))
        is_right = start is None and bool(options.extra)
        reason = StopReason.CONVERGED if is_right else StopReason.NUMERICAL_TROUBLE
        return ArraySolution(stop_reason=reason, point_status=PointStatus.FEASIBLE, x=np.zeros(1), bound=1.0)

    monkeypatch.setattr(searching, "solve_arrays", fickle)
    found = searching._solved(None, Options(), np.zeros(1), None)
    assert told == [(True, {}), (False, {}), (False, {"presolve": "off"})]
    assert found.stop_reason is StopReason.CONVERGED
    monkeypatch.setattr(searching, "solve_arrays", lambda *_, **__: fickle(None, Options(), start=np.zeros(1)))
    assert searching._solved(None, Options(), None, None).bound is None


def test_a_tonne_is_one_to_usual_networks_and_another_to_others():
    network = two_towns()  # 20 t
    assert own_tonne(network) == 1.0
    assert own_tonne(rescaled(network, mass=1e-6)) == 2.0**-19  # 2e-5 t, of which 8 are 2.5e-6: nearest to 2^-19
    assert own_tonne(rescaled(network, mass=1e9)) == 2.0**10  # 2e10 t over 2^24 are 1,192
