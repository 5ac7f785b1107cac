"""Solving from the command line: JSON as promised, files complete or absent, one exit status for each way to end."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pandas as pd
import pytest

import batteryopt
from batteryopt.cli.exits import ExitStatus, answer_status, gravest
from batteryopt.games.coordination import solve as family
from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.judge import check
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.provenance import Route, Run
from batteryopt.tables.toml_output import write
from tests.command_line import TABLE_2, changed, heeding_ctrl_c, invoke, run, started

STATUS_KEYS = {"route", "solver", "stop_reason", "point_status", "objective", "bound", "gap", "seconds", "certificate"}

# --- what is printed -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document():
    """The JSON of Table 2's instance, from a process whose stdout is a pipe."""
    found = run("solve", TABLE_2, "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)  # a word of a solver on stdout would break this


def test_json_has_the_promised_keys(document):
    assert set(document) == {"kind", "instance", "versions", "models", "closed_form"}
    assert (document["kind"], document["instance"]) == ("coordination", "Table 2")
    assert {"python", "batteryopt", "pyomo"} <= set(document["versions"])
    names = {"centralized", "decentralized", "contract", "decentralized-wholesale"}
    assert set(document["models"]) == set(document["closed_form"]) == names
    for answers in (document["models"], document["closed_form"]):
        for answer in answers.values():
            assert STATUS_KEYS | {"decisions", "profits"} <= set(answer)
            assert {"retail_price", "recycling_service", "sales_effort"} <= set(answer["decisions"])
            assert set(answer["profits"]) == {"manufacturer", "retailer", "echelon_enterprise", "supply_chain"}
            assert {"name", "residual", "tolerance", "passed"} <= set(answer["certificate"][0])
        contract = answers["contract"]
        assert set(contract["terms"]) == {"cost_share", "wholesale_price"}
        assert {"corners", "area", "equal_split", "nash_bargaining"} <= set(contract["pareto_region"])


@pytest.mark.parametrize("route", ["models", "closed_form"])
def test_the_numbers_are_those_of_the_game(document, route):
    """a = 30, w = 10, beta = 0.7, theta = 0.6, S = 9, G = 1.98, H = 12; F = G + theta H = 9.18.

    Centralised: p = a/2 = 15, e_r = 0.7 (9.18 - 0.36 * 9) / (1 + 0.49 * 0.36) = 4.158 / 1.1764.
    Decentralised: p = (30 + 10)/2 = 20, e_r = 0.7 * 1.98 = 1.386, and the retailer earns (20 - 10)^2 = 100.
    Contract: x = 1 - 1.386 / e_r(centralised). Wholesale price the manufacturer's: w = a/2 = 15, p = 22.5.
    """
    service = 4.158 / 1.1764
    answers = document[route]
    assert answers["centralized"]["decisions"]["recycling_service"] == pytest.approx(service, rel=1e-6)
    assert answers["decentralized"]["decisions"]["retail_price"] == pytest.approx(20, rel=1e-6)
    assert answers["decentralized"]["profits"]["retailer"] == pytest.approx(100, rel=1e-6)
    assert answers["contract"]["terms"]["cost_share"] == pytest.approx(1 - 1.386 / service, rel=1e-6)
    assert answers["decentralized-wholesale"]["decisions"]["retail_price"] == pytest.approx(22.5, rel=1e-6)


def test_one_route_has_no_closed_form_beside_it():
    for route in ("closed-form", "optimizer"):
        found = invoke("solve", TABLE_2, "--route", route, "--model", "centralized", "--json")
        document = json.loads(found.stdout)
        assert found.exit_code == 0
        assert "closed_form" not in document
        assert document["models"]["centralized"]["route"] == route


def test_models_and_solver_are_the_ones_asked_for():
    found = invoke("solve", TABLE_2, "--model", "centralized", "--solver", "ipopt", "--route", "optimizer", "--json")
    (name,) = models = json.loads(found.stdout)["models"]
    assert name == "centralized"
    assert models[name]["solver"].startswith("ipopt")


def test_the_table_for_people_is_plain_in_a_pipe():
    found = invoke("solve", TABLE_2, "--model", "decentralized", "--model", "contract", "--route", "closed-form")
    lines = found.stdout.splitlines()
    assert found.exit_code == 0
    assert "\x1b" not in found.stdout
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    (price,) = (line.split() for line in lines if "retail price" in line)
    assert price == ["retail", "price", "20", "15"]
    assert "closed forms" in found.stderr


# --- how it ends -----------------------------------------------------------------------------------------------------


def test_a_formula_that_does_not_apply_is_no_error_where_the_optimiser_answers(tmp_path):
    """At w = 40 > a = 30 nothing is sold: the interior price (a + w)/2 = 35 would make demand -5."""
    path = changed(tmp_path, ("wholesale_price = 10.0", "wholesale_price = 40.0"))
    found = invoke("solve", path, "--model", "decentralized", "--json")
    document = json.loads(found.stdout)
    assert found.exit_code == 0
    assert document["models"]["decentralized"]["decisions"]["retail_price"] == pytest.approx(30, abs=1e-6)
    assert document["closed_form"]["decentralized"]["objective"] is None
    assert "demand Q is not negative, but there it would be -5" in document["closed_form"]["decentralized"]["reason"]
    alone = invoke("solve", path, "--model", "decentralized", "--route", "closed-form")
    assert alone.exit_code == 1
    assert "--route optimizer" in alone.stderr


@pytest.mark.parametrize("route", ["closed-form", "optimizer", "both"])
def test_that_no_contract_coordinates_is_an_answer(tmp_path, route):
    """At w_t = 9, G = 1.2 * 0.4 + 0.6 * 9 = 5.88: the manufacturer alone gives 4.116, more than the chain's 3.534."""
    path = changed(tmp_path, ("transfer_price = 2.5", "transfer_price = 9.0"))
    found = invoke("solve", path, "--model", "contract", "--route", route, "--json")
    answer = json.loads(found.stdout)["models"]["contract"]
    assert found.exit_code == 0
    assert answer["terms"] is None
    assert answer["reason"].startswith("no contract coordinates")


def test_an_unbounded_model_is_said_to_be_and_the_others_are_answered():
    found = invoke("solve", TABLE_2, "--model", "decentralized-transfer", "--model", "centralized", "--json")
    models = json.loads(found.stdout)["models"]
    assert found.exit_code == 3
    assert models["decentralized-transfer"]["stop_reason"] == "unbounded"
    assert models["decentralized-transfer"]["reason"]
    assert models["centralized"]["objective"] == pytest.approx(300.388, abs=1e-3)


def test_an_infeasible_model_names_the_demand_that_cannot_be_met(tmp_path):
    """At the given w the retailer earns (a - w)^2 / 4 = 100, whatever the manufacturer does."""
    path = changed(tmp_path, ("# reservation_profit_retailer =", "reservation_profit_retailer = 500.0"))
    found = invoke("solve", path, "--model", "decentralized")
    assert found.exit_code == 3
    assert "infeasible" in found.stdout
    assert "reservation_profit_retailer = 500 cannot be met: without it the retailer earns 100" in found.stdout


def test_a_limit_leaves_the_best_point_and_its_bound(tmp_path):
    """The smallest limit that is long enough for any bound on the machine at hand: a busy one needs a longer one."""
    path, out = tmp_path / "network.toml", tmp_path / "out"
    write(random_network(1, 40, 2, rivalry=False), path)
    for limit in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0):  # the first in which this machine, busy or not, gets as far
        words = ("--model", "contract", "--route", "optimizer", "--time-limit", limit, "--json", "--out", out)
        found = invoke("solve", path, *words)
        answer = json.loads(found.stdout)["models"]["contract"]
        if answer["bound"] is not None:
            break
    assert answer["stop_reason"] == "time-limit"
    assert found.exit_code == 4
    assert answer["bound"] is not None
    assert json.loads((out / "result.json").read_text(encoding="utf-8"))["models"]["contract"] == answer


def test_a_failed_certificate_has_its_own_status(monkeypatch):
    monkeypatch.setattr(check, "SUM_TOLERANCE", -1.0)
    found = invoke("solve", TABLE_2, "--model", "decentralized", "--route", "closed-form")
    assert found.exit_code == 5
    assert "check profits-sum-to-chain FAILED" in found.stdout


def _answer(reason, *, solved=True, passed=True, claimed=PointStatus.FEASIBLE, is_of_convergence=False, **more):
    residual = 0.0 if passed else 1.0
    certificate = Certificate(
        (Check(name="made-up", residual=residual, tolerance=0.5, is_of_convergence=is_of_convergence),)
    )
    run = Run(route=Route.OPTIMIZER, solver="x", stop_reason=reason, point_status=claimed).as_certified(certificate)
    return SimpleNamespace(run=run, solution=object() if solved else None, certificate=certificate, **more)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (_answer(StopReason.CONVERGED), ExitStatus.SOLVED),
        (_answer(StopReason.CONVERGED, passed=False), ExitStatus.NOT_CERTIFIED),
        (_answer(StopReason.CONVERGED, solved=False), ExitStatus.SOLVED),
        (_answer(StopReason.CONVERGED, solved=False, applies=False), ExitStatus.OTHER),
        (_answer(StopReason.TIME_LIMIT), ExitStatus.STOPPED),
        # stopped: a point that was called feasible and breaks the rules is wrong; one that is not yet an optimum is not
        (_answer(StopReason.TIME_LIMIT, passed=False), ExitStatus.NOT_CERTIFIED),
        (_answer(StopReason.TIME_LIMIT, passed=False, claimed=PointStatus.UNKNOWN), ExitStatus.STOPPED),
        (_answer(StopReason.TIME_LIMIT, passed=False, is_of_convergence=True), ExitStatus.STOPPED),
        (_answer(StopReason.CONVERGED, passed=False, is_of_convergence=True), ExitStatus.NOT_CERTIFIED),
        (_answer(StopReason.INTERRUPTED, solved=False), ExitStatus.STOPPED),
        (_answer(StopReason.INFEASIBLE, solved=False), ExitStatus.NO_SOLUTION),
        (_answer(StopReason.INFEASIBLE_OR_UNBOUNDED, solved=False), ExitStatus.NO_SOLUTION),
        (_answer(StopReason.NUMERICAL_TROUBLE, solved=False), ExitStatus.OTHER),
    ],
)
def test_every_way_to_end_has_its_status(answer, status):
    assert answer_status(answer) is status


def test_the_gravest_of_several_decides():
    statuses = [ExitStatus.SOLVED, ExitStatus.OTHER, ExitStatus.STOPPED, ExitStatus.NO_SOLUTION]
    assert gravest([]) is ExitStatus.SOLVED
    assert gravest(statuses) is ExitStatus.NO_SOLUTION
    assert gravest([*statuses, ExitStatus.NOT_CERTIFIED]) is ExitStatus.NOT_CERTIFIED


def test_a_fault_of_ours_is_told_as_one(monkeypatch):
    def fail(*_args, **_kwargs):
        raise ZeroDivisionError("made up")

    monkeypatch.setattr(family.closed_form, "solve", fail)
    found = invoke("solve", TABLE_2, "--route", "closed-form")
    assert found.exit_code == 1
    assert "ZeroDivisionError: made up" in found.stderr
    assert "Traceback" not in found.output


def test_after_an_interrupt_what_is_done_is_kept(monkeypatch, tmp_path):
    """Ctrl-C comes while the second of three models is solved."""
    begun = []

    def interrupted(instance, model, *args, **kwargs):
        begun.append(model.value)
        if len(begun) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)  # Python delivers the signal here
        return by_formula(instance, model)

    heeding_ctrl_c()
    by_formula = family.by_formula
    monkeypatch.setattr(family, "by_optimizer", interrupted)
    words = ("--model", "centralized", "--model", "contract", "--model", "decentralized", "--route", "optimizer")
    found = invoke("solve", TABLE_2, *words, "--out", tmp_path)
    models = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["models"]
    assert found.exit_code == 4
    assert begun == ["centralized", "contract"]
    assert models["centralized"]["objective"] == pytest.approx(300.388, abs=1e-3)
    assert models["contract"]["stop_reason"] == models["decentralized"]["stop_reason"] == "interrupted"


def test_a_closed_pipe_is_no_traceback():
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started("solve", TABLE_2, "--route", "closed-form", **streams) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        words = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in words
    assert "Exception ignored" not in words


# --- what is saved ---------------------------------------------------------------------------------------------------


def test_out_has_json_tables_and_the_instance(tmp_path):
    out = tmp_path / "some" / "results"
    found = invoke("solve", TABLE_2, "--json", "--out", out, "--model", "decentralized", "--model", "contract")
    assert found.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "answers.csv",
        "batteryopt-files.json",
        "certificates.csv",
        "instance.toml",
        "result.json",
    ]
    saved = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert saved == json.loads(found.stdout)
    assert (out / "instance.toml").read_bytes() == TABLE_2.read_bytes()
    answers = pd.read_csv(out / "answers.csv").set_index(["model", "route", "quantity"])["value"]
    for route, key in (("optimizer", "models"), ("closed-form", "closed_form")):
        profit = saved[key]["contract"]["profits"]["retailer"]
        assert answers["contract", route, "profit_retailer"] == profit
    checks = pd.read_csv(out / "certificates.csv")
    count = sum(len(answer["certificate"]) for key in ("models", "closed_form") for answer in saved[key].values())
    assert len(checks) == count
    assert checks["passed"].all()


def test_a_half_written_output_never_replaces_a_good_one(tmp_path, monkeypatch):
    words = ("solve", TABLE_2, "--route", "closed-form", "--out", tmp_path)
    assert invoke(*words, "--model", "centralized").exit_code == 0
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(family.CoordinationResult, "to_json", lambda _: {"broken": object()})
    assert invoke(*words, "--model", "decentralized").exit_code == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == good


def test_infinity_is_null_in_json(monkeypatch):
    original = family.by_formula

    def with_infinity(instance, model):
        answer = original(instance, model)
        return dataclasses.replace(answer, run=dataclasses.replace(answer.run, bound=float("inf")))

    monkeypatch.setattr(family, "by_formula", with_infinity)
    found = invoke("solve", TABLE_2, "--route", "closed-form", "--model", "centralized", "--json")
    answer = json.loads(found.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert answer["models"]["centralized"]["bound"] is None


# --- check and new ---------------------------------------------------------------------------------------------------


def test_check_says_what_an_instance_is():
    words = invoke("check", TABLE_2)
    assert words.exit_code == 0
    assert "Table 2" in words.stdout
    document = json.loads(invoke("check", TABLE_2, "--json").stdout)
    assert document["valid"] is True
    assert document["kind"] == "coordination"


def test_a_new_instance_can_be_checked_and_solved(tmp_path):
    path = tmp_path / "mine.toml"
    assert invoke("new", "coordination", path).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("# An instance of the coordination game")
    game = batteryopt.read(path)
    assert game.name == "mine"
    assert invoke("check", path).exit_code == 0
    assert invoke("solve", path, "--route", "closed-form").exit_code == 0


def test_new_replaces_nothing_unasked(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("precious")
    refused = invoke("new", "coordination", path)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert path.read_text() == "precious"
    assert invoke("new", "coordination", path, "--force").exit_code == 0
    assert "kind" in path.read_text()


def test_new_knows_its_kinds(tmp_path):
    refused = invoke("new", "cordination", tmp_path / "x.toml")
    assert refused.exit_code == 2
    assert "did you mean 'coordination'?" in refused.stderr
    assert invoke("new", "coordination", tmp_path / "no" / "folder.toml").exit_code == 2


# --- the frame -------------------------------------------------------------------------------------------------------


def test_help_does_not_wait_for_the_solvers():
    code = (
        "import sys; sys.argv = ['batteryopt', '--help']\n"
        "from batteryopt.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pyomo', 'pandas', 'numpy', 'scipy', 'casadi', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 0, found.stderr
    for command in ("solve", "check", "reproduce", "sweep", "new"):
        assert command in found.stdout


def test_the_version_is_the_package_s():
    assert invoke("--version").stdout == f"batteryopt {batteryopt.versions()['batteryopt']}\n"


def test_the_public_names_are_there():
    for name in batteryopt.__all__:
        assert getattr(batteryopt, name) is not None
    assert set(batteryopt.__all__) <= set(dir(batteryopt))
    with pytest.raises(AttributeError, match="no attribute 'sovle'"):
        batteryopt.sovle  # noqa: B018
    assert PointStatus is batteryopt.PointStatus
