"""The ground floor: what errors say, what statuses claim, what a run reports."""

from pathlib import Path

import pytest

from batteryopt.ground.errors import Fault, FormulaDoesNotApply, InvalidInput, nearest
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Report, relative_gap
from batteryopt.solvers.contract.provenance import Route, Run, versions


def test_invalid_input_lists_every_fault_with_its_place():
    faults = [
        Fault(place="parameters.usable_share", problem="is 1.5", remedy="a number between 0 and 1"),
        Fault(place="parameters.market_size", problem="is missing", remedy="vehicles"),
    ]
    text = str(InvalidInput("mine.toml", faults))
    assert text.splitlines() == [
        "mine.toml: 2 faults",
        "  - parameters.usable_share: is 1.5; a number between 0 and 1",
        "  - parameters.market_size: is missing; vehicles",
    ]


def test_a_formula_says_which_condition_fails_and_what_to_do():
    text = str(FormulaDoesNotApply("the decentralized model", ["demand would be -3", "service would be -1"]))
    assert "demand would be -3; service would be -1" in text
    assert "--route optimizer" in text


@pytest.mark.parametrize(
    ("typed", "answer"), [("higsh", "did you mean 'highs'?"), ("zzz", "known: highs, ipopt, scip")]
)
def test_nearest(typed: str, answer: str):
    assert nearest(typed, ["scip", "ipopt", "highs"]) == answer


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_limit_is_not_success_nor_a_verdict(reason: StopReason):
    assert not (reason.is_limit and reason.is_no_solution)
    assert not (reason is StopReason.CONVERGED and (reason.is_limit or reason.is_no_solution))


def test_which_points_are_feasible():
    assert [status for status in PointStatus if status.is_feasible] == [
        PointStatus.FEASIBLE,
        PointStatus.LOCALLY_OPTIMAL,
        PointStatus.OPTIMAL,
    ]


def test_relative_gap():
    assert relative_gap(10.0, 9.0) == pytest.approx(0.1)
    assert relative_gap(0.1, 0.0) == pytest.approx(0.1)  # small objectives are measured absolutely
    assert relative_gap(None, 1.0) is None
    assert relative_gap(1.0, None) is None


def test_a_formulas_value_is_its_own_bound():
    run = Run.of_formula(7.0, seconds=0.1)
    assert run.to_json(7.0) == {
        "route": "closed-form",
        "solver": "formula",
        "stop_reason": "converged",
        "point_status": "optimal",
        "objective": 7.0,
        "bound": 7.0,
        "gap": 0.0,
        "seconds": 0.1,
    }


def test_a_run_repeats_the_solvers_report():
    report = Report(
        solver="scip",
        version="10.0",
        stop_reason=StopReason.TIME_LIMIT,
        point_status=PointStatus.FEASIBLE,
        bound=3.0,
        seconds=1.0,
        build_seconds=0.5,
    )
    run = Run.of_report(report)
    assert (run.route, run.solver, run.seconds) == (Route.OPTIMIZER, "scip 10.0", 1.5)
    assert run.to_json(4.0)["gap"] == pytest.approx(0.25)


def test_versions_name_the_solvers():
    assert {"python", "batteryopt", "pyomo", "highspy", "pyscipopt"} <= versions().keys()


def test_the_copy_of_an_instance_holds_what_the_original_reads_from_another_file(tmp_path):
    """Credit prices of this instance lie in a table beside it; the copy lies elsewhere, alone."""
    from types import SimpleNamespace

    from batteryopt import read
    from batteryopt.report import saved as output

    path = Path(__file__).parents[1] / "data/differential_game/credit-prices.toml"
    game = read(path)
    (tmp_path / "instance.toml").write_bytes(output._toml_copy(SimpleNamespace(instance=game), path))
    assert read(tmp_path / "instance.toml") == game
