"""The paper's figures, and its contradictions by number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batteryopt.games.coordination.data.generator import random_instance
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.paper.contradicted import FAULTS
from batteryopt.games.coordination.paper.published import TABLE_2, TABLE_2_INSTANCE, TableFigure
from batteryopt.games.coordination.solution import Model

FAULT = {fault.place: fault for fault in FAULTS}
SEEDS = range(30)


def without_cost(seed: int) -> Parameters:
    """Return random parameters of the paper's game, which has no production cost, with a contract."""
    return Parameters.of(random_instance(seed).replace(production_cost=0.0))


@pytest.mark.parametrize("figure", TABLE_2, ids=lambda f: f"{f.model}-{f.quantity}")
def test_every_figure_of_table_2(figure):
    value = figure.value(solve(TABLE_2_INSTANCE, figure.model))
    assert figure.agrees(value) == (not figure.is_wrong)


def test_the_first_two_rows_have_eleven_figures_and_only_the_contract_s_row_is_wrong():
    rows = [figure for figure in TABLE_2 if figure.model is not Model.CONTRACT]
    assert len(rows) == 11
    assert not any(figure.is_wrong for figure in rows)
    assert {figure.quantity for figure in TABLE_2 if figure.is_wrong} == {"manufacturer", "echelon_enterprise"}


def test_agreeing_means_rounding_to_what_is_printed():
    figure = TableFigure(model=Model.CENTRALIZED, quantity="recycling_service", printed=3.53)
    assert figure.agrees(3.5251)
    assert figure.agrees(3.5349)
    assert not figure.agrees(3.5352)
    assert not figure.agrees(3.5248)


def test_what_table_2_determines():
    """From the printed figures alone, with half a unit of the last digit either way (S, G, H as in the data file)."""
    half, g = 0.005, Parameters.of(TABLE_2_INSTANCE)
    theta_beta = [(6.88 - 5.98 + s * 2 * half) / (3.53 - 1.39 - s * 2 * half) for s in (-1, 1)]
    assert theta_beta[0] < g.theta * g.beta < theta_beta[1]
    theta_S = [(5.98 - half) - theta_beta[1] * (1.39 + half), (5.98 + half) - theta_beta[0] * (1.39 - half)]
    assert theta_S[0] < g.theta * g.S < theta_S[1]
    assert 1.39 - half < g.beta * g.G < 1.39 + half
    G_S = [118.78 - half - 100 - (1.39 + half) ** 2 / 2, 118.78 + half - 100 - (1.39 - half) ** 2 / 2]
    assert G_S[0] < g.G * g.S < G_S[1]
    H = [(53.89 - half) / (5.98 + half) + (5.98 - half) / 2, (53.89 + half) / (5.98 - half) + (5.98 + half) / 2]
    assert H[0] < g.m - g.c_t - g.w_t < H[1]


@pytest.mark.parametrize("k", [0.8, 1.3, 3.0])
def test_table_2_does_not_determine_theta(k):
    """theta / k, k beta, k S, G / k: the same figures."""
    theta, w_t, f = 0.6 / k, 1.0, (1.98 / k - 0.6 / k * 1.0) / (1 - 0.6 / k)
    other = TABLE_2_INSTANCE.replace(usable_share=theta, service_response=0.7 * k, voluntary_returns=8 * k)
    other = other.replace(residual_value=k, transfer_price=w_t, scrap_value=f, echelon_market_size=12.5 + w_t)
    for figure in TABLE_2:
        value = figure.value(solve(TABLE_2_INSTANCE, figure.model))
        assert figure.value(solve(other, figure.model)) == pytest.approx(value, rel=1e-12)


# --- the faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_printed_share_of_eq_11_is_never_a_share(seed):
    """Wherever a contract exists, eq. (11) as printed gives more than 1, against the paper's own 0 < x < 1."""
    instance = random_instance(seed).replace(production_cost=0.0)
    g, fault = Parameters.of(instance), FAULT["eq. (11)"]
    assert fault.as_printed(g) > 1
    assert fault.as_printed(g) == pytest.approx(2 - fault.as_derived(g))  # 1 + e_r^B/e_r^A against 1 - e_r^B/e_r^A
    assert fault.as_derived(g) == pytest.approx(solve(instance, Model.CONTRACT).cost_share, rel=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_printed_effort_of_prop_4_contradicts_prop_5(seed):
    """Prop. 5 says e_t^C = e_t^A under the coordinating contract: true of the derived effort, not the printed."""
    instance = random_instance(seed).replace(production_cost=0.0)
    g, fault = Parameters.of(instance), FAULT["Prop. 4"]
    centralised = solve(instance, Model.CENTRALIZED).sales_effort
    assert fault.as_derived(g) == pytest.approx(centralised, rel=1e-10)
    assert fault.as_printed(g) != pytest.approx(centralised, rel=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_printed_gap_of_prop_3_is_not_what_its_formulas_give(seed):
    """At the m that makes services equal, efforts are equal too; prices still differ, so B does not coordinate."""
    instance = random_instance(seed).replace(production_cost=0.0)
    g, fault = Parameters.of(instance), FAULT["Prop. 3, proof"]
    m = (g.G * (1 + g.beta**2 * g.theta**2) - g.f * (1 - g.theta) + g.theta**2 * g.S + g.theta * g.c_t) / g.theta
    meeting = instance.replace(echelon_market_size=float(m))
    one_owner, led = solve(meeting, Model.CENTRALIZED), solve(meeting, Model.DECENTRALIZED)
    assert one_owner.recycling_service == pytest.approx(led.recycling_service, rel=1e-10)
    assert one_owner.sales_effort == pytest.approx(led.sales_effort, rel=1e-10)
    assert fault.as_derived(g) == pytest.approx(0, abs=1e-10)
    assert fault.as_printed(g) < -1e-6
    assert led.retail_price > one_owner.retail_price
    assert led.profits.supply_chain < one_owner.profits.supply_chain


def test_the_contract_s_row_does_not_add_up():
    fault, g = FAULT["Table 2, contract, sum of profits"], Parameters.of(TABLE_2_INSTANCE)
    row = {figure.quantity: figure.printed for figure in TABLE_2 if figure.model is Model.CONTRACT}
    assert fault.as_printed(g) == pytest.approx(46.27 + 225 + 39.12) == pytest.approx(310.39)
    assert fault.as_derived(g) == pytest.approx(row["supply_chain"], abs=0.005)
    profits = solve(TABLE_2_INSTANCE, Model.CONTRACT).profits
    assert row["manufacturer"] - profits.manufacturer == pytest.approx(26, abs=0.005)
    assert row["echelon_enterprise"] - profits.echelon_enterprise == pytest.approx(-16, abs=0.005)


def test_table_1_s_bearer_of_the_testing_cost_contradicts_table_2():
    fault, g = FAULT["Table 1, c_t"], Parameters.of(TABLE_2_INSTANCE)
    (printed,) = (f for f in TABLE_2 if f.model is Model.DECENTRALIZED and f.quantity == "recycling_service")
    assert printed.agrees(fault.as_derived(g))
    assert not printed.agrees(fault.as_printed(g))


def test_every_fault_is_shown_by_a_test_here():
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(re.search(re.escape(f'FAULT["{fault.place}"]'), here) for fault in FAULTS)
    g = Parameters.of(TABLE_2_INSTANCE)
    assert all(fault.as_printed(g) != pytest.approx(fault.as_derived(g), rel=1e-4) for fault in FAULTS)
