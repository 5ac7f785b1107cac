"""`solve`: routes, their agreement, JSON and tables, and what happens where there is no answer."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from batteryopt.games.differential.data.instance import read
from batteryopt.games.differential.model import optimizer
from batteryopt.games.differential.model.discrete import OptimizerOptions
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model, Solution
from batteryopt.games.differential.solve import DEFAULT_MODELS, solve
from batteryopt.games.differential.template import write_template
from batteryopt.ground.errors import SolverUnavailable
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.report.saved import json_text

from . import reference
from .test_instance import DATA

COARSE = OptimizerOptions(mesh_tolerance=1e-4)
ANSWER_KEYS = {
    "route", "solver", "stop_reason", "point_status", "objective", "bound", "gap", "seconds", "certificate",
    "present_value", "steady_state", "decay_rate", "pricing", "trajectory",
}  # fmt: skip


@pytest.fixture(scope="module")
def formulas():
    return solve(BASE_CASE, route="closed-form")


@pytest.fixture(scope="module")
def both():
    return solve(BASE_CASE, ["integrated"], route="both")


def test_the_formula_answers_all_three_models(formulas):
    assert list(formulas.models) == list(DEFAULT_MODELS)
    assert formulas.closed_form is None
    assert formulas.passed
    assert all(answer.run.point_status is PointStatus.OPTIMAL for answer in formulas.answers)
    assert formulas["integrated"].objective == pytest.approx(reference.J_CHAIN, abs=1e-8)
    assert formulas["decentralized"].objective == pytest.approx(reference.J_MANUFACTURER, abs=1e-8)
    assert formulas["contract"].objective == pytest.approx(reference.J_CHAIN, abs=1e-8)


def test_json_has_the_keys_that_scripts_rely_on(formulas):
    document = json.loads(json_text(formulas.to_json()))
    assert document["kind"] == "differential-game"
    assert document["instance"] == "base case"
    assert list(document["models"]) == ["integrated", "decentralized", "contract"]
    for answer in document["models"].values():
        assert answer.keys() >= ANSWER_KEYS
        assert answer["trajectory"].keys() >= {
            "time", "efficiency", "innovation", "prices", "wholesale_prices", "demands",
        }  # fmt: skip
        assert answer["steady_state"].keys() >= {"efficiency", "prices", "innovation", "demands"}
        assert answer["certificate"][0].keys() >= {"name", "residual", "tolerance", "passed"}
    contract = document["models"]["contract"]
    assert contract["share_range"] == pytest.approx(reference.SHARES, abs=1e-9)
    assert document["models"]["integrated"]["present_value"]["manufacturer"] is None
    assert document["models"]["decentralized"]["present_value"]["retailer"] == pytest.approx(reference.J_RETAILER)
    assert document["models"]["decentralized"]["decay_rate"] == pytest.approx(reference.DECAY_DECENTRALIZED)


def test_how_prices_move_is_said_with_the_cost_at_which_it_changes():
    """m0 = 15 is above both steady states; integrated, they would start below m_inf if c0 were under 0.3596

    m_inf = 37 f/(2.4 - 2 f^2) = 15 with f = 1 - c0: 30 f^2 + 37 f - 36 = 0, so f = (sqrt(5689) - 37)/60. Decentralised
    no c0 will do: m_inf is at most 37/2.8.
    """
    models = solve(BASE_CASE, route="closed-form").to_json()["models"]
    assert {answer["pricing"]["regime"] for answer in models.values()} == {"skimming"}
    threshold = 1 - (5689**0.5 - 37) / 60
    assert models["integrated"]["pricing"]["cost_threshold"] == pytest.approx(threshold)
    assert models["decentralized"]["pricing"]["cost_threshold"] < 0


@pytest.mark.parametrize(
    ("changes", "regime"),
    [
        ({"initial_efficiency": 0.0}, "penetration"),
        ({"initial_efficiency": 18.5 / 1.9}, "constant"),
        ({"initial_efficiency": 15.0}, "skimming"),
    ],
)
def test_the_regime_is_read_off_the_path(changes, regime):
    solution = solve(BASE_CASE.replace(**changes), ["integrated"], route="closed-form")["integrated"].solution
    assert solution.pricing_regime == regime


def test_prices_that_fall_and_rise_are_mixed():
    """From the tenth element on, 20 months from now, every price is one higher."""
    solution = solve(BASE_CASE, ["integrated"], route="closed-form")["integrated"].solution
    prices = solution.trajectory.prices.copy()
    prices[10:] += 1.0
    assert solution.trajectory.grid.breaks[10] < solution.report_times()[-1]
    bent = dataclasses.replace(solution, trajectory=dataclasses.replace(solution.trajectory, prices=prices))
    assert bent.pricing_regime == "mixed"


def test_paths_in_json_are_numbers_for_one_level_and_lists_by_vehicle(formulas):
    path = formulas.to_json()["models"]["decentralized"]["trajectory"]
    assert path["time"][0] == 0.0
    assert path["efficiency"][0] == pytest.approx(15.0)
    assert len(path["prices"]) == len(path["time"]) == len(path["demands"])
    assert len(path["wholesale_prices"][0]) == 2
    general = solve(read(DATA / "general.toml"), ["decentralized"], route="closed-form").to_json()
    answer = general["models"]["decentralized"]
    assert len(answer["trajectory"]["efficiency"][0]) == 2
    assert len(answer["steady_state"]["prices"]) == 3
    assert len(answer["present_value"]["retailers"]) == 2
    assert len(answer["decay_rate"]) == 2


def test_both_routes_are_compared_in_the_optimiser_s_certificate(both):
    assert both.passed
    assert both.closed_form.keys() == both.models.keys() == {Model.INTEGRATED}
    names = {check.name for check in both["integrated"].certificate}
    assert names >= {"agreement-present-value", "agreement-prices", "mesh-error", "truncation", "hjb"}
    document = both.to_json()
    assert document["closed_form"].keys() == document["models"].keys()
    assert document["models"]["integrated"]["point_status"] == "locally-optimal"


def test_tables_have_a_row_a_number(both):
    table = both.to_frame()
    assert list(table.columns) == ["model", "route", "quantity", "index", "time", "value"]
    steady = table[(table.quantity == "efficiency") & np.isinf(table.time)]
    assert steady.value.to_numpy() == pytest.approx([reference.STEADY_INTEGRATED] * 2, rel=1e-6)
    values = table[table.quantity == "present_value_supply_chain"].value.to_numpy()
    assert values == pytest.approx([reference.J_CHAIN] * 2, rel=1e-9)


def test_printed_answers_say_the_essential(formulas):
    text = str(formulas)
    assert "shares that both accept           0.247618 to 0.545835" in text
    assert text.count("checks passed") == 3


def test_where_no_formula_applies_the_formula_says_so_and_the_optimiser_answers():
    instance = BASE_CASE.replace(innovation_caps=(3.0,))
    result = solve(instance, ["integrated"], route="both", options=COARSE)
    formula = result.closed_form[Model.INTEGRATED]
    assert formula.solution is None
    assert not formula.applies
    assert "caps on innovation" in formula.reason
    assert result["integrated"].solution is not None
    assert not any("agreement" in check.name for check in result["integrated"].certificate)
    assert result.to_json()["closed_form"]["integrated"]["present_value"] is None


def test_that_several_retailers_have_no_contract_is_the_answer_of_both_routes():
    result = solve(read(DATA / "general.toml"), ["contract"], route="both")
    for answer in result.answers:
        assert answer.solution is None
        assert answer.applies
        assert "retailer" in answer.reason
        assert answer.to_json()["share_range"] is None


def test_an_unknown_solver_is_refused():
    with pytest.raises(SolverUnavailable):
        solve(BASE_CASE, ["integrated"], route="optimizer", solver="no-such-solver")


def test_another_nonlinear_solver_gives_the_same():
    pytest.importorskip("pounce")
    result = solve(BASE_CASE, ["integrated"], route="optimizer", solver="pounce", options=COARSE)
    assert result["integrated"].objective == pytest.approx(reference.J_CHAIN, rel=1e-6)
    assert "pounce" in result["integrated"].run.solver


def test_an_interrupt_keeps_what_is_done_and_leaves_the_rest(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    first = optimizer.solve(BASE_CASE, Model.INTEGRATED, COARSE)
    answers = iter([lambda *_, **__: first, interrupted])
    monkeypatch.setattr(optimizer, "solve", lambda *a, **k: next(answers)(*a, **k))
    result = solve(BASE_CASE, route="optimizer")
    assert isinstance(result["integrated"].solution, Solution)
    for model in ("decentralized", "contract"):
        assert result[model].run.stop_reason is StopReason.INTERRUPTED
        assert result[model].solution is None


def test_progress_is_announced(monkeypatch):
    monkeypatch.setattr(optimizer, "solve", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    said = []
    solve(BASE_CASE, ["integrated"], route="both", announce=said.append)
    assert said[:2] == ["closed forms", "optimising integrated"]


def test_a_contract_s_share_must_belong_to_a_contract(formulas):
    solution = formulas["integrated"].solution
    with pytest.raises(ValueError, match="the contract has one"):
        Solution(instance=BASE_CASE, model=Model.INTEGRATED, trajectory=solution.trajectory, share=0.5)
    with pytest.raises(ValueError, match="the contract has one"):
        Solution(instance=BASE_CASE, model=Model.CONTRACT, trajectory=solution.trajectory)


def test_the_template_is_a_valid_instance(tmp_path):
    write_template(tmp_path / "mine.toml")
    assert read(tmp_path / "mine.toml") == BASE_CASE.replace(
        name="mine", source="say here where your numbers come from"
    )
