"""Many pieces of a differential equation at once, against what is known of each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.judge.pieces import handed_on, integrate, linear_path, piece_ends
from batteryopt.games.differential.judge.simulation import simulate
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model


def test_pieces_of_their_own_start_length_and_direction():
    """x' = t^2 + x, y' = 1 from (0, 0): x = 2 exp(u) - 2 - 2u - u^2 after u from t = 0, y = u; backward, too."""
    starts, ends = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.25, 0.0])

    def after(u):
        return np.array([2 * np.exp(u) - 2 - 2 * u - u**2, u])

    states = np.array([[0.0, 0.0], [0.0, 0.0], after(1.0)])
    found = integrate(lambda t, x: np.column_stack([t**2 + x[:, 0], np.ones_like(t)]), starts, ends, states)
    assert found == pytest.approx(np.array([after(1.0), after(0.25), [0.0, 0.0]]), abs=1e-9)


def test_a_push_that_jumps_where_a_piece_ends_is_met_exactly():
    """x' = -x + 1 until t = 1, x' = -x - 1 after: (1 - 1/e) at 1, then (x + 1)/e - 1."""
    times = np.array([0.0, 1.0, 2.0])
    path = linear_path(-np.eye(1), lambda t: np.where(t < 1.0, 1.0, -1.0)[:, None], times, np.zeros(1))
    middle = 1.0 - np.exp(-1.0)
    assert path[:, 0] == pytest.approx([0.0, middle, (middle + 1.0) / np.e - 1.0], abs=1e-10)
    back = linear_path(-np.eye(1), lambda t: np.where(t < 1.0, 1.0, -1.0)[:, None], times[::-1], path[-1])
    assert back[:, 0] == pytest.approx(path[::-1, 0], abs=1e-9)


def test_a_linear_system_of_several_levels_is_the_matrix_exponential_s():
    rates = np.array([[-0.5, 0.2], [0.1, -1.5]])
    start, rest = np.array([3.0, -1.0]), np.linalg.solve(-rates, [1.0, 2.0])
    times = np.array([0.0, 0.1, 0.7, 2.0, 5.0])
    path = linear_path(rates, lambda t: np.tile([1.0, 2.0], (len(t), 1)), times, start)
    for time, x in zip(times, path, strict=True):
        assert x == pytest.approx(rest + expm(rates * time) @ (start - rest), abs=1e-9)


def test_what_is_handed_on():
    """2 * 3 + 1 = 7, then 0.5 * 7 - 3 = 0.5."""
    assert handed_on(np.array([[[2.0]], [[0.5]]]), np.array([[1.0], [-3.0]]), np.array([3.0])).ravel().tolist() == [
        3.0, 7.0, 0.5,
    ]  # fmt: skip


def test_pieces_are_cut_for_the_fastest_rate_and_keep_every_break():
    solution = closed_form.solve(BASE_CASE, Model.INTEGRATED)
    ends, breaks = piece_ends(solution), solution.trajectory.grid.breaks
    assert np.diff(ends).max() <= 2.0 * (1 + 1e-9)  # eta = 0.5
    assert np.exp(-0.1 * ends[-1]) == pytest.approx(1e-14)
    assert set(breaks[breaks < 0.999 * ends[-1]]) <= set(ends)


def test_very_different_rates_do_not_cut_a_horizon_without_end():
    """eta is ten million times rho: a piece for every unit of 1/eta would be some 10^8 of them."""
    instance = BASE_CASE.replace(efficiency_decay=1e4, discount_rate=1e-3)
    assert len(piece_ends(closed_form.solve(instance, Model.INTEGRATED))) < 20_000


def money(m, p, w, g):
    """Return what manufacturer and retailer earn a month in the base case, from the model page's equations."""
    demand = np.array([20.0, 18.0]) + m - 2.0 * p + p[::-1]
    return [(w - np.array([1.0, 2.0]) - 0.5 * m + 1.0) @ demand - 2.0 * g**2, (p - w) @ demand]


def test_the_simulation_against_scipy_from_one_time_to_the_next():
    """One run without pieces until t = 60; what is left, exp(-6), comes at the flow of the steady state."""
    solution = closed_form.solve(BASE_CASE, Model.DECENTRALIZED)
    found = simulate(solution)

    def slope(t, state):
        at, m = solution.trajectory.at(np.array([t])), state[0]
        g, flow = at.innovation[0, 0], money(m, at.prices[0], at.wholesale_prices[0], at.innovation[0, 0])
        return [g - 0.5 * m, *(np.exp(-0.1 * t) * np.array(flow))]

    until = found.times <= 60.0
    times = [*found.times[until], 60.0]
    run = solve_ivp(slope, (0.0, 60.0), [15.0, 0.0, 0.0], t_eval=times, rtol=1e-9, atol=1e-9, max_step=2.0)
    assert found.efficiency[until, 0] == pytest.approx(run.y[0, :-1], rel=1e-6)
    end = solution.trajectory.end
    steady = money(end.efficiency[0, 0], end.prices[0], end.wholesale_prices[0], end.innovation[0, 0])
    assert found.values == pytest.approx(run.y[1:, -1] + np.exp(-6.0) * np.array(steady) / 0.1, rel=1e-6)
