"""The data of the differential-game paper's figures against a derivation of their own, and what is said of them."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.paper.drawn_figures import redrawn
from batteryopt.games.differential.paper.published import BASE_CASE, FIGURES
from batteryopt.games.differential.paper.statements import STATEMENTS
from batteryopt.games.differential.solution import Model
from batteryopt.games.shell.redrawn import OPTIMIZER

EFFECT = np.array([[2.0, -1.0], [-1.0, 2.0]])
SIZES, COSTS = np.array([20.0, 18.0]), np.array([1.0, 2.0])
DECAY, RATE, INNOVATION = 0.5, 0.1, 2.0
FIGURE = {figure.number: figure for figure in redrawn({})}


def prices(m, income, *, together):
    """Return retail prices, wholesale prices and demands at an efficiency, from the players' first-order conditions."""
    reach, cost = SIZES + m, COSTS + 0.5 * m - income
    if together:  # (p - cost)' (reach - B p): reach - 2 B p + B cost = 0
        p = np.linalg.solve(2 * EFFECT, reach + EFFECT @ cost)
        return p, cost, reach - EFFECT @ p
    # The retailer: p = (B^-1 reach + w)/2, so demand is (reach - B w)/2, and (w - cost)' of it is best at:
    w = np.linalg.solve(2 * EFFECT, reach + EFFECT @ cost)
    p = (np.linalg.solve(EFFECT, reach) + w) / 2
    return p, w, reach - EFFECT @ p


def leader_flow(m, income, *, together):
    p, w, sold = prices(m, income, together=together)
    cost = COSTS + 0.5 * m - income
    return float(((p if together else w) - cost) @ sold)


@functools.cache
def value(income, together):
    """Return v1, v2 of the value of who steers: rho V = flow + max_g [-k g^2 + V' (g - eta m)], by its coefficients."""
    third, second, first = np.polynomial.polynomial.polyfit(
        [0.0, 1.0, 2.0], [leader_flow(m, income, together=together) for m in (0.0, 1.0, 2.0)], 2
    )
    roots = np.roots([1 / INNOVATION, -(2 * DECAY + RATE), first])  # v1^2/k - (2 eta + rho) v1 + first = 0
    v1 = float(min(roots.real))
    v2 = second / (RATE + DECAY - v1 / INNOVATION)
    assert abs(roots.imag).max() == 0
    assert third > 0
    return v1, v2


def innovation(m, income, *, together):
    v1, v2 = value(income, together)
    return (2 * v1 * m + v2) / (2 * INNOVATION)


@functools.cache
def path(start, income, together, end=400.0):
    def slope(_, m):
        return innovation(m, income, together=together) - DECAY * m

    return solve_ivp(slope, (0.0, end), [start], rtol=1e-10, atol=1e-12, dense_output=True).sol


def efficiency(time, start=15.0, income=1.0, *, together):
    return float(path(start, income, together)(time)[0])


def chain_profit(time, income=1.0, *, together, player="chain"):
    """Return what is still to be earned from a time on, discounted to 0, by quadrature along the path."""

    def flow(t):
        m = efficiency(t, income=income, together=together)
        p, w, sold = prices(m, income, together=together)
        cost, spent = COSTS + 0.5 * m - income, INNOVATION * innovation(m, income, together=together) ** 2
        parts = {
            "chain": (p - cost) @ sold - spent,
            "manufacturer": (w - cost) @ sold - spent,
            "retailer": (p - w) @ sold,
        }
        return np.exp(-RATE * t) * float(parts[player])

    return quad(flow, time, time + 250.0, limit=400, epsabs=1e-6, epsrel=1e-9)[0]


def at(number, series, x, column):
    figure = FIGURE[number]
    across = next(iter(figure.axes))
    rows = figure.frame[(figure.frame["series"] == series) & np.isclose(figure.frame[across], x)]
    (found,) = rows[column]
    return found


# --- the data ---------------------------------------------------------------------------------------------------------

MODELS = {"integrated": True, "contract": True, "decentralised": False}


@pytest.mark.parametrize(("name", "together"), MODELS.items())
@pytest.mark.parametrize("start", [15.0, 0.0])
@pytest.mark.parametrize("time", [0.0, 2.5, 20.0])
def test_fig_2(name, together, start, time):
    m = efficiency(time, start, together=together)
    assert at("Fig. 2a", f"m0 = {start:g}, {name}", time, "efficiency") == pytest.approx(m, rel=1e-8, abs=1e-8)
    g = innovation(m, 1.0, together=together)
    assert at("Fig. 2b", f"m0 = {start:g}, {name}", time, "innovation") == pytest.approx(g, rel=1e-8)


@pytest.mark.parametrize(("name", "together"), MODELS.items())
@pytest.mark.parametrize("time", [0.0, 3.0, 20.0])
def test_fig_3a_and_3b(name, together, time):
    p, _, sold = prices(efficiency(time, together=together), 1.0, together=together)
    for i in (0, 1):
        assert at("Fig. 3a", f"NEV {i + 1}, {name}", time, "price") == pytest.approx(p[i], rel=1e-8)
        assert at("Fig. 3b", f"NEV {i + 1}, {name}", time, "demand") == pytest.approx(sold[i], rel=1e-8)


def test_fig_3a_has_the_printed_integrated_prices_at_three_months():
    assert round(at("Fig. 3a", "NEV 1, integrated", 3.0, "price"), 2) == 18.02
    assert round(at("Fig. 3a", "NEV 2, integrated", 3.0, "price"), 2) == 18.19


@pytest.mark.parametrize("time", [0.0, 5.0])
def test_fig_3c(time):
    whole = chain_profit(time, together=True)
    apart = {p: chain_profit(time, together=False, player=p) for p in ("chain", "manufacturer", "retailer")}
    assert at("Fig. 3c", "chain, integrated", time, "profit") == pytest.approx(whole, rel=1e-7)
    for player, money in apart.items():
        assert at("Fig. 3c", f"{player}, decentralised", time, "profit") == pytest.approx(money, rel=1e-7)
    parts = [at("Fig. 3c", f"{player}, contract", time, "profit") for player in ("manufacturer", "retailer")]
    assert sum(parts) == pytest.approx(whole, rel=1e-7)
    assert parts[0] > apart["manufacturer"]
    assert parts[1] > apart["retailer"]


def test_fig_1_crosses_at_the_ends_of_the_band():
    """J_R^D/J^I and 1 - J_M^D/J^I, by quadrature; 0.25 is printed for the first, and 0.50 for the second."""
    whole = chain_profit(0.0, together=True)
    low = chain_profit(0.0, together=False, player="retailer") / whole
    high = 1 - chain_profit(0.0, together=False, player="manufacturer") / whole
    assert FIGURE["Fig. 1"].bands[""] == pytest.approx((low, high), rel=1e-7)
    assert round(low, 2) == 0.25
    assert round(high, 2) == 0.55
    for share in (0.0, 0.4, 1.0):
        assert at("Fig. 1", "retailer, contract", share, "present_value") == pytest.approx(share * whole, rel=1e-7)


def cell(number, panel, h, theta, column):
    frame = FIGURE[number].frame
    is_there = np.isclose(frame["credit_price"], h) & np.isclose(frame["credits_per_vehicle"], theta)
    (found,) = frame[is_there & (frame["panel"] == panel)][column]
    return found


@pytest.mark.parametrize(("h", "theta"), [(0.0, 0.2), (5.0, 0.2), (6.0, 0.24)])
def test_fig_4_and_5(h, theta):
    for panel, together in (("integrated and under the contract", True), ("decentralised", False)):
        m = efficiency(4.0, income=h * theta, together=together)
        assert cell("Fig. 4a", f"energy efficiency, {panel}", h, theta, "efficiency") == pytest.approx(m, rel=1e-8)
        g = innovation(m, h * theta, together=together)
        assert cell("Fig. 4b", f"green innovation, {panel}", h, theta, "innovation") == pytest.approx(g, rel=1e-8)
    whole = chain_profit(0.0, h * theta, together=True)
    assert cell("Fig. 5", "chain, integrated and under the contract", h, theta, "profit") == pytest.approx(
        whole, rel=1e-7
    )
    for player in ("chain", "manufacturer", "retailer"):
        apart = chain_profit(0.0, h * theta, together=False, player=player)
        assert cell("Fig. 5", f"{player}, decentralised", h, theta, "profit") == pytest.approx(apart, rel=1e-7)
    contract = [
        cell("Fig. 5", f"{player}, under the contract", h, theta, "profit") for player in ("manufacturer", "retailer")
    ]
    assert sum(contract) == pytest.approx(whole, rel=1e-7)


def test_the_planes_keep_the_paper_s_assumption():
    """0 < c_1 + c_2 - 2 h theta, that is h theta < 1.5."""
    frame = FIGURE["Fig. 5"].frame
    assert (frame["credit_price"] * frame["credits_per_vehicle"]).max() < 1.5


# --- what is said of them ---------------------------------------------------------------------------------------------


def test_everything_said_is_about_a_figure_that_there_is():
    about = {number for statement in STATEMENTS for number in statement.about} | {f.about for f in FIGURES}
    assert about <= set(FIGURE)
    assert set(FIGURE) - about == set()


@pytest.mark.parametrize("figure", FIGURE.values(), ids=lambda f: f.number)
def test_every_figure_can_be_drawn_and_told(figure):
    assert figure.printed
    assert {"route", *figure.axes} <= set(figure.frame)
    data = figure.to_json()["data"]
    assert {len(column) for column in data.values()} == {len(figure.frame)}
    assert not any(value is None for name in figure.axes for value in data[name])


def test_an_optimiser_s_solution_gives_dots_upon_the_lines():
    """Solutions stand in for the optimiser's here; dots are read from paths at times, lines from formulas."""
    solutions = {model: closed_form.solve(BASE_CASE, model) for model in Model}
    for figure in redrawn(solutions):
        dots = figure.frame[figure.frame["route"] == OPTIMIZER]
        assert len(dots), figure.number
        if "time_months" in dots and figure.number != "Fig. 3c":
            y = list(figure.axes)[1]
            lines = figure.frame[figure.frame["route"] != OPTIMIZER]
            both = dots.merge(lines, on=["series", "time_months"], suffixes=("", "_line"))
            assert len(both) == len(dots)
            assert both[y].to_numpy() == pytest.approx(both[f"{y}_line"].to_numpy(), rel=1e-6)
