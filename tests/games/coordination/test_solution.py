"""Solutions, answers, results: profits with their arithmetic written out, and what they look like outside."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from batteryopt.games.coordination.answer import CoordinationAnswer, CoordinationResult, contract_region
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model, Solution
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.provenance import Route, Run

from .test_instance import small_network


def by_formula(model: Model, instance=TABLE_2_INSTANCE) -> CoordinationAnswer:
    solution = solve(instance, model)
    pareto = contract_region(solution, solve(instance, Model.DECENTRALIZED)) if model is Model.CONTRACT else None
    run = Run.of_formula(solution.objective, 0.0)
    certificate = Certificate((Check(name="made-up", residual=0.0, tolerance=1.0),))
    return CoordinationAnswer(model=model, solution=solution, run=run, certificate=certificate, pareto=pareto)


def test_profits_of_arbitrary_decisions():
    """Any decisions, not only equilibria: p = 18, e_r = 2, e_t = 3 in the instance of Table 2, by hand.

    Q = 30 - 18 = 12; Q_n = 9 + 0.7 * 2 = 10.4; U = 6.24; p_m = 15 - 6.24 + 3 = 11.76
    M = 10 * 12 + (2.5 * 0.6 + 1.2 * 0.4) * 10.4 - 2 = 120 + 20.592 - 2 = 138.592
    R = 8 * 12 = 96; T = (11.76 - 2.5 - 0.5) * 6.24 - 4.5 = 50.1624
    """
    solution = Solution(
        instance=TABLE_2_INSTANCE, model=Model.DECENTRALIZED, retail_price=18, recycling_service=2, sales_effort=3
    )
    profits = solution.profits
    assert profits.manufacturer == pytest.approx(138.592, rel=1e-14)
    assert profits.retailer == pytest.approx(96, rel=1e-14)
    assert profits.echelon_enterprise == pytest.approx(50.1624, rel=1e-14)
    assert profits.supply_chain == pytest.approx(138.592 + 96 + 50.1624, rel=1e-14)
    assert solution.objective == profits.manufacturer


def test_terms_that_are_charged_count():
    """As above with w = 7, w_t = 4, x = 0.25: M = 7 * 12 + (4 * 0.6 + 0.48) * 10.4 - 0.75 * 2 = 84 + 29.952 - 1.5.

    T = (11.76 - 4 - 0.5) * 6.24 - 4.5 - 0.25 * 2 = 40.3024.
    """
    charged = {"wholesale_price": 7, "transfer_price": 4, "cost_share": 0.25}
    decisions = {"retail_price": 18, "recycling_service": 2, "sales_effort": 3}
    solution = Solution(instance=TABLE_2_INSTANCE, model=Model.CONTRACT, **decisions, **charged)
    assert solution.profits.manufacturer == pytest.approx(112.452, rel=1e-14)
    assert solution.profits.retailer == pytest.approx(132, rel=1e-14)
    assert solution.profits.echelon_enterprise == pytest.approx(40.3024, rel=1e-14)
    assert solution.objective == solution.profits.supply_chain == pytest.approx(112.452 + 132 + 40.3024, rel=1e-14)
    assert solution.terms.to_json() == {"cost_share": 0.25, "wholesale_price": 7.0}


def test_profits_of_a_network_by_hand():
    """p = (20, 15), e_r = (1, 2), e_n = (4, 2) in the small network.

    Q = (30 - 20 + 0.2 * 15, 20 - 15 + 0.1 * 20) = (13, 7); returns (9.7, 9); U = 0.6 * 18.7 = 11.22
    u = (0.75 * 11.22 + 0.2 * 1, 0.25 * 11.22 - 0.2 * 1) = (8.615, 2.605); p_n = (22.78, 20.78)
    M = 9 * 13 + 7 * 7 + (1.5 + 0.48) * 18.7 - (1 + 4) / 2 = 166 + 37.026 - 2.5 = 200.526
    R = (10 * 13, 7 * 7); T = ((22.78 - 3) * 8.615 - 8, (20.78 - 3.2) * 2.605 - 1.5 * 4 / 2) = (162.4047, 42.7959)
    """
    solution = Solution(
        instance=small_network(),
        model=Model.DECENTRALIZED,
        retail_price=(20, 15),
        recycling_service=(1, 2),
        sales_effort=(4, 2),
    )
    outcome = solution.outcome
    assert outcome.demand == pytest.approx([13, 7])
    assert outcome.quantity == pytest.approx([8.615, 2.605])
    assert outcome.manufacturer == pytest.approx(200.526, rel=1e-14)
    assert outcome.retailers == pytest.approx([130, 49], rel=1e-14)
    assert outcome.enterprises == pytest.approx([162.4047, 42.7959], rel=1e-14)
    assert outcome.supply_chain == pytest.approx(200.526 + 179 + 162.4047 + 42.7959, rel=1e-14)


def test_cost_shares_in_a_network_are_borne_by_market_share():
    base = {"instance": small_network(), "model": Model.CONTRACT, "retail_price": (20, 15), "sales_effort": (4, 2)}
    without = Solution(**base, recycling_service=(1, 2)).outcome
    shared = Solution(**base, recycling_service=(1, 2), cost_share=0.4).outcome
    assert without.enterprises - shared.enterprises == pytest.approx([0.4 * 2.5 * 0.75, 0.4 * 2.5 * 0.25])
    assert shared.manufacturer - without.manufacturer == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, (1.0, 2.0)])
def test_decisions_that_are_none(bad):
    with pytest.raises(ValueError, match="retail_price must be 1 finite"):
        Solution(
            instance=TABLE_2_INSTANCE, model=Model.CENTRALIZED, retail_price=bad, recycling_service=1, sales_effort=1
        )


def test_solutions_are_frozen_comparable_and_plain():
    one, two = solve(TABLE_2_INSTANCE, Model.DECENTRALIZED), solve(TABLE_2_INSTANCE, "decentralized")
    assert one == two
    assert hash(one) == hash(two)
    with pytest.raises(AttributeError):
        one.retail_price = 3.0
    network = solve(small_network(), Model.DECENTRALIZED)
    assert all(type(decision) is tuple for decision in network.decisions().values())
    assert all(type(decision) is float for decision in one.decisions().values())


# --- outside ---------------------------------------------------------------------------------------------------------

ANSWER_KEYS = {"route", "solver", "stop_reason", "point_status", "objective", "bound", "gap", "seconds", "certificate"}


@pytest.mark.parametrize(
    "model", [Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE]
)
def test_the_keys_of_an_answer_s_json(model):
    document = json.loads(json.dumps(by_formula(model).to_json(), allow_nan=False))
    assert document.keys() >= ANSWER_KEYS | {"decisions", "profits"}
    assert document["decisions"].keys() >= {"retail_price", "recycling_service", "sales_effort"}
    assert document["profits"].keys() == {"manufacturer", "retailer", "echelon_enterprise", "supply_chain"}
    assert ("terms" in document) == ("pareto_region" in document) == (model is Model.CONTRACT)
    assert ("wholesale_price" in document["decisions"]) == (model is Model.DECENTRALIZED_WHOLESALE)
    assert document["certificate"][0].keys() >= {"name", "residual", "tolerance", "passed"}


def test_one_owner_has_no_members_profits():
    profits = by_formula(Model.CENTRALIZED).to_json()["profits"]
    assert profits["manufacturer"] is profits["retailer"] is profits["echelon_enterprise"] is None
    assert profits["supply_chain"] == pytest.approx(300.39, abs=0.005)


def test_the_contract_s_json():
    document = by_formula(Model.CONTRACT).to_json()
    assert document["terms"].keys() == {"cost_share", "wholesale_price"}
    region = document["pareto_region"]
    assert region.keys() >= {"corners", "area", "equal_split", "nash_bargaining"}
    assert np.shape(region["corners"]) == (3, 2)


def test_where_no_contract_coordinates_terms_are_null_and_reason_says_why():
    run = Run.of_formula(0.0, 0.0)
    document = CoordinationAnswer(model=Model.CONTRACT, solution=None, run=run, reason="x = -0.2").to_json()
    assert document["terms"] is document["pareto_region"] is document["decisions"] is document["objective"] is None
    assert document["reason"] == "x = -0.2"


def test_a_network_s_json_has_lists_and_each_member_s_profit():
    document = by_formula(Model.DECENTRALIZED, small_network()).to_json()
    assert [len(document["decisions"][k]) for k in ("retail_price", "recycling_service", "sales_effort")] == [2, 2, 2]
    for player, total in (("retailer", "retailer"), ("echelon_enterprise", "echelon_enterprise")):
        assert sum(document["profits_by_member"][player]) == pytest.approx(document["profits"][total])


def test_a_result_holds_both_routes():
    answers = {model: by_formula(model) for model in (Model.CENTRALIZED, Model.CONTRACT)}
    document = CoordinationResult(instance=TABLE_2_INSTANCE, models=answers, closed_form=answers).to_json()
    assert document.keys() == {"kind", "instance", "versions", "models", "closed_form"}
    assert document["kind"] == "coordination"
    assert document["models"].keys() == document["closed_form"].keys() == {"centralized", "contract"}
    alone = CoordinationResult(instance=TABLE_2_INSTANCE, models=answers)
    assert "closed_form" not in alone.to_json()
    assert alone["contract"].model is Model.CONTRACT
    with pytest.raises(InvalidInput, match=r"decentralized: no answer of this name; did you mean .centralized."):
        alone["decentralized"]
    assert alone.passed
    assert len(alone.to_frame()) == 3 + 4 + 3 + 4


def test_a_result_with_a_failed_certificate_has_not_passed():
    answer = by_formula(Model.CENTRALIZED)
    failed = Certificate((Check(name="made-up", residual=2.0, tolerance=1.0),))
    bad = CoordinationAnswer(model=answer.model, solution=answer.solution, run=answer.run, certificate=failed)
    assert not CoordinationResult(instance=TABLE_2_INSTANCE, models={answer.model: bad}).passed
    assert "FAILED: made-up" in str(bad)


def test_tables_and_texts():
    frame = by_formula(Model.DECENTRALIZED, small_network()).to_frame()
    assert frame[frame.quantity == "sales_effort"]["index"].tolist() == [0, 1]
    text = str(by_formula(Model.CONTRACT))
    assert all(words in text for words in ("contract by closed-form", "cost share x", "0.607867", "1 check passed"))
    stopped = {"stop_reason": StopReason.UNBOUNDED, "point_status": PointStatus.NONE}
    run = Run(route=Route.OPTIMIZER, solver="made-up 1", **stopped)
    nothing = CoordinationAnswer(model=Model.DECENTRALIZED_TRANSFER, solution=None, run=run)
    assert "unbounded" in str(nothing)
    assert nothing.to_frame().empty
