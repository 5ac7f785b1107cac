"""Table 2 from the command line: every printed figure beside two of ours, and what the check says of both."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import time

import pytest

from batteryopt import families
from batteryopt.cli.streams import results
from batteryopt.games.coordination import solve as family
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.judge import check
from batteryopt.games.shell.reproduction import Figure, Reproduction, Verdict
from batteryopt.ground.certificate import Certificate, Check
from tests.command_line import heeding_ctrl_c, invoke, run

PRINTED = {
    "centralized": (15, 3.53, 6.88, 300.39),
    "decentralized": (20, 1.39, 5.98, 118.78, 100, 53.89, 272.67),
    "contract": (15, 3.53, 6.88, 46.27, 225, 39.12, 300.39),
}
"""The paper's table, copied from its page."""


@pytest.fixture(scope="module")
def document():
    """The JSON, from a process whose stdout is a pipe."""
    found = run("reproduce", "coordination", "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_every_printed_figure_is_there(document):
    for model, printed in PRINTED.items():
        assert tuple(f["printed"] for f in document["figures"] if f["model"] == model) == printed


def test_both_routes_round_to_what_is_printed_but_for_two(document):
    """The two misprints: 46.27 - 26 = 20.27 and 39.12 + 16 = 55.12, which with 225 add up to the chain's 300.39."""
    wrong = {figure["printed"]: figure for figure in document["figures"] if not figure["agrees"]}
    assert set(wrong) == {46.27, 39.12}
    assert "26.00 too large" in wrong[46.27]["reason"]
    assert "16.00 too small" in wrong[39.12]["reason"]
    for figure in document["figures"]:
        right = {46.27: 20.27, 39.12: 55.12}.get(figure["printed"], figure["printed"])
        assert figure["formula"] == pytest.approx(right, abs=0.005)
        assert figure["optimizer"] == pytest.approx(right, abs=0.005)
        assert figure["formula"] == pytest.approx(figure["optimizer"], rel=1e-6)
        assert figure["routes_agree"]


def test_the_third_opinion_is_there(document):
    assert document["routes_agree"]
    assert document["certified"]
    assert {(verdict["model"], verdict["route"]) for verdict in document["checks"]} == {
        (model, route) for model in PRINTED for route in ("closed-form", "optimizer")
    }
    assert all(entry["passed"] for verdict in document["checks"] for entry in verdict["certificate"])


def test_the_paper_s_other_faults_are_there_by_number(document):
    faults = {fault["place"]: fault for fault in document["faults"]}
    assert {"eq. (11)", "Prop. 4", "Prop. 3, proof", "Table 2, contract, sum of profits"} <= set(faults)
    assert faults["eq. (11)"]["printed_value"] > 1 > faults["eq. (11)"]["right_value"]
    assert faults["Table 2, contract, sum of profits"]["printed_value"] == pytest.approx(46.27 + 225 + 39.12)


def test_statements_figures_and_contents_are_there(document):
    statements = {entry["place"]: entry for entry in document["statements"] if not entry["holds"]}
    assert {"Prop. 3", "Prop. 4", "Prop. 5", "Abstract, and (14)", "Conclusion 2"} == set(statements)
    assert all(entry["why"] for entry in statements.values())
    drawn = {figure["number"]: figure for figure in document["redrawn"]}
    assert list(drawn) == ["Fig. 1", "Fig. 2", "(14)"]
    assert [figure["agrees"] for figure in drawn.values()] == [None, True, False]
    for figure in drawn.values():
        assert set(figure) >= {"title", "printed", "note", "drawing", "axes", "data", "claims"}
        assert len({len(column) for column in figure["data"].values()}) == 1
    assert {"formula", "optimizer"} <= set(drawn["Fig. 2"]["data"]["route"])
    contents = {entry["item"]: entry for entry in document["contents"]}
    assert all(entry["where"] for entry in contents.values())
    assert [f"({n})" in contents for n in range(1, 16)] == [True] * 14 + [False]


def test_the_page_for_people():
    found = invoke("reproduce", "coordination")
    lines = found.stdout.splitlines()
    assert found.exit_code == 0
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in found.stdout
    (contract,) = (line for line in lines if "46.27" in line and "20.2694" in line)
    assert re.search(r"46\.27\s+20\.2694\s+20\.2694\s+NO, 26\.00 too large", contract)
    assert "Formula and optimiser agree on 18 of 18 figures" in found.stdout
    assert "prints 16 of 18" in " ".join(found.stdout.split())


@pytest.mark.parametrize("words", [(), ("all",)])
def test_all_papers_come_by_kind(monkeypatch, words):
    """What each says is tested with its family; here, that all are asked and the gravest status counts."""
    monkeypatch.setattr(families.Family, "reproduction", lambda family, _: _reproduction(kind=family.kind))
    found = invoke("reproduce", *words, "--json")
    documents = json.loads(found.stdout)
    assert {kind: document["kind"] for kind, document in documents.items()} == {
        kind: kind for kind in ("coordination", "differential-game")
    }
    assert found.exit_code == 5  # nothing is certified in what stands for the papers here
    assert invoke("reproduce", *words).stdout.count("0 of 0 passed") == 2


def test_routes_that_differ_are_no_success(monkeypatch):
    original = closed_form.solve

    def off(instance, model):
        found = original(instance, model)
        return dataclasses.replace(found, retail_price=found.retail_price + 1e-3)

    monkeypatch.setattr(closed_form, "solve", off)
    found = invoke("reproduce", "coordination", "--json")
    assert found.exit_code == 5  # the check sees a price that is not best, and says so before the comparison does
    document = json.loads(found.stdout)
    assert not document["routes_agree"]
    assert not document["certified"]


def test_a_failed_check_is_no_success(monkeypatch):
    monkeypatch.setattr(check, "SUM_TOLERANCE", -1.0)
    found = invoke("reproduce", "coordination")
    assert found.exit_code == 5
    assert "of 4 passed" in found.stdout


def test_ctrl_c_ends_it_with_its_own_status(monkeypatch):
    """A reproduction with holes is of no use: what came before Ctrl-C is not printed as if it were all."""

    def interrupted(*_args, **_kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)  # Python delivers the signal here

    heeding_ctrl_c()
    monkeypatch.setattr(family, "by_optimizer", interrupted)
    found = invoke("reproduce", "coordination")
    assert found.exit_code == 4
    assert found.stdout == ""
    assert "interrupted" in found.stderr


# --- the words for what is missing -----------------------------------------------------------------------------------


def _figure(**changes):
    values = {"place": "a", "quantity": "q", "printed": 1.0, "formula": 1.0, "optimizer": 1.0, "agrees": True}
    return Figure(**{**values, **changes})


def _reproduction(**changes):
    verdict = Verdict(model="a", route="closed-form", solver="formula", certificate=Certificate())
    values = {"kind": "k", "paper": "p", "instance": "i", "source": "s", "faults": (), "verdicts": (verdict,)}
    return Reproduction(**{**values, "figures": (_figure(),), **changes})


def test_a_route_without_an_answer_does_not_agree():
    lonely = _figure(optimizer=None)
    assert lonely.difference is None
    assert not lonely.routes_agree
    assert not _reproduction(figures=(lonely,)).routes_agree
    assert not _reproduction(figures=()).routes_agree


@pytest.mark.parametrize(("optimizer", "agree"), [(1.0 + 1e-7, True), (1.0 + 1e-5, False), (float("nan"), False)])
def test_routes_agree_up_to_a_millionth(optimizer, agree):
    assert _figure(optimizer=optimizer).routes_agree is agree


def test_nothing_checked_is_not_certified(capsys):
    from batteryopt.cli.reproduced_figures import print_reproduction

    unchecked = _reproduction()
    assert not unchecked.certified
    passed = Certificate((Check(name="c", residual=0.0, tolerance=1.0),))
    verdict = Verdict(model="a", route="closed-form", solver="formula", certificate=passed)
    assert _reproduction(verdicts=(verdict,)).certified
    with results() as console:
        print_reproduction(console, unchecked)
    assert "0 of 0 passed" in capsys.readouterr().out
