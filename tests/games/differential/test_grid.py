"""Quadrature, grids and trajectories: known nodes, exactness, and the map from time to position and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from batteryopt.games.differential.model.mesh import MeshError, estimate, first_grid, halved, refine
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.quadrature import (
    Rule,
    differentiation_matrix,
    interpolation_matrix,
    legendre_coefficients,
    nodes,
    weights,
)
from batteryopt.games.differential.path.time_grid import FiniteGrid, InfiniteGrid
from batteryopt.games.differential.path.trajectory import Trajectory

INFINITE = InfiniteGrid(discount_rate=0.1, levels=(1.0, 0.6, 0.2, 0.05, 0.0), degree=5)
FINITE = FiniteGrid(discount_rate=0.1, ends=(0.0, 1.0, 4.0, 10.0), degree=5)


def test_known_nodes_and_weights():
    root = np.sqrt(6.0)
    assert nodes(Rule.RADAU, 1) == pytest.approx([1.0])
    assert nodes(Rule.RADAU, 2) == pytest.approx([1 / 3, 1.0])
    assert nodes(Rule.RADAU, 3) == pytest.approx([(4 - root) / 10, (4 + root) / 10, 1.0])
    assert weights(Rule.RADAU, 3) == pytest.approx([(16 - root) / 36, (16 + root) / 36, 1 / 9])
    assert nodes(Rule.GAUSS, 2) == pytest.approx([0.5 - np.sqrt(3) / 6, 0.5 + np.sqrt(3) / 6])
    assert weights(Rule.GAUSS, 2) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("rule", "missing"), [(Rule.RADAU, 2), (Rule.GAUSS, 1)])
@pytest.mark.parametrize("degree", [2, 3, 5, 8])
def test_a_rule_is_exact_up_to_its_degree_and_no_further(rule, missing, degree):
    for power in range(2 * degree - missing + 1):
        assert weights(rule, degree) @ nodes(rule, degree) ** power == pytest.approx(1 / (power + 1), rel=1e-12)
    power = 2 * degree - missing + 1
    assert weights(rule, degree) @ nodes(rule, degree) ** power != pytest.approx(1 / (power + 1), rel=1e-9)


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("with_start", [True, False])
def test_interpolation_reproduces_polynomials_also_at_the_nodes_themselves(rule, with_start):
    points = np.append(0.0, nodes(rule, 4)) if with_start else nodes(rule, 4)
    targets = np.concatenate([points, [0.123, 0.77, 1.0]])
    matrix = interpolation_matrix(rule, 4, targets, with_start=with_start)
    assert matrix @ (points**3 - 2 * points) == pytest.approx(targets**3 - 2 * targets, abs=1e-13)


@pytest.mark.parametrize("rule", list(Rule))
def test_a_differentiation_matrix_differentiates_polynomials_up_to_the_degree(rule):
    points = np.append(0.0, nodes(rule, 4))
    slopes = differentiation_matrix(rule, 4) @ (points**4 - 2 * points)
    assert slopes == pytest.approx(4 * nodes(rule, 4) ** 3 - 2, abs=1e-12)


def test_legendre_coefficients_of_a_legendre_polynomial():
    x = nodes(Rule.RADAU, 4)
    second = 1.5 * (2 * x - 1) ** 2 - 0.5
    assert legendre_coefficients(Rule.RADAU, second, 4, with_start=False) == pytest.approx([0, 0, 1, 0], abs=1e-13)


@pytest.mark.parametrize("grid", [INFINITE, FINITE])
def test_discounted_weights_integrate_exponentials(grid):
    """int exp(-(0.1 + q) t) dt is 1 / (0.1 + q) without an end, and that times 1 - exp(-10 (0.1 + q)) on 10 months.

    With q = 0.1 and 0.2 the integrand is a polynomial in the discount factor, which the infinite grid integrates
    exactly; the finite one is exact to its order.
    """
    for q in (0.0, 0.1, 0.2):
        exact = 1 / (0.1 + q) * (1.0 if grid is INFINITE else 1 - np.exp(-10 * (0.1 + q)))
        found = np.sum(grid.discounted_weights * np.exp(-q * grid.times))
        assert found == pytest.approx(exact, rel=1e-12 if grid is INFINITE else 1e-7)


@pytest.mark.parametrize("grid", [INFINITE, FINITE])
def test_position_and_time_are_inverse_and_the_speed_is_their_derivative(grid):
    times = grid.times.ravel()
    position = grid.position(times)
    local = np.array(
        [[e + x for x in nodes(grid.last_rule if e == 3 else Rule.RADAU, 5)] for e in range(grid.elements)]
    )
    assert position == pytest.approx(local.ravel(), abs=1e-12)
    inner = (position % 1 > 1e-9) & (position % 1 < 1 - 1e-9)
    step = 1e-6
    slope = (grid.position(times + step) - grid.position(times - step)) / (2 * step)
    assert slope[inner] == pytest.approx(grid.speeds.ravel()[inner], rel=1e-6)


def test_infinity_is_the_last_position_and_no_node_of_an_infinite_grid():
    assert INFINITE.position(np.array([np.inf]))[0] == INFINITE.elements
    assert np.isfinite(INFINITE.times).all()
    assert INFINITE.breaks[-1] == np.inf


def test_far_elements_keep_their_precision():
    """At discount factors of 1e-30 neither nodes nor positions cancel."""
    grid = InfiniteGrid(discount_rate=0.1, levels=(1.0, 1e-15, 1e-30, 0.0), degree=3)
    assert grid.position(grid.times.ravel()) % 1 == pytest.approx(
        np.concatenate([nodes(Rule.RADAU, 3), nodes(Rule.RADAU, 3), nodes(Rule.GAUSS, 3)]) % 1, abs=1e-9
    )


def trajectory(grid, rate=0.3):
    """Return ``m = 2 + exp(-rate t)``, ``g`` the same, one price ``3 m``."""
    m = 2.0 + np.exp(-rate * grid.times)[..., None]
    return Trajectory(grid=grid, initial_efficiency=np.array([3.0]), efficiency=m, innovation=m, prices=3 * m)


@pytest.mark.parametrize("grid", [INFINITE, FINITE])
def test_a_trajectory_interpolates_between_nodes_and_knows_its_ends(grid):
    found = trajectory(grid)
    times = np.array([0.0, 0.4, 2.0, 9.0, 10.0, 30.0 if grid is INFINITE else 10.0])
    at = found.at(times)
    assert at.efficiency[:, 0] == pytest.approx(2 + np.exp(-0.3 * times), abs=2e-4)
    assert at.prices == pytest.approx(3 * at.innovation)
    end = 2.0 if grid is INFINITE else 2 + np.exp(-3.0)
    assert found.end.efficiency[0, 0] == pytest.approx(end, abs=1e-4)
    assert found.at_nodes().efficiency.shape == (grid.elements * 5, 1)


# --- refinement -------------------------------------------------------------------------------------------------------


def test_the_first_grid_starts_at_the_pace_of_the_decay_and_reaches_far():
    grid = first_grid(BASE_CASE, 5)
    assert grid.breaks[1] == pytest.approx(2.0)  # 1 / eta
    assert grid.levels[-2] == pytest.approx(1e-3)
    assert np.all(np.diff(grid.levels) < 0)


def test_the_times_of_a_credit_price_path_are_ends_of_elements():
    instance = BASE_CASE.replace(credit_price_times=(0.0, 7.0, 11.0), credit_price_values=(5.0, 4.0, 5.0))
    for kind in (instance, instance.replace(horizon_length=20.0)):
        grid = first_grid(kind, 4)
        assert np.min(np.abs(grid.breaks - 7.0)) < 1e-9
        assert np.min(np.abs(grid.breaks - 11.0)) < 1e-9


@pytest.mark.parametrize("grid", [INFINITE, FINITE])
def test_only_poor_elements_are_cut(grid):
    poor = np.zeros(grid.elements)
    poor[1] = 1.0
    finer = refine(grid, MeshError(by_element=poor, tail=0.0), 0.5)
    assert finer.elements == grid.elements + 1
    assert set(grid.breaks.round(12)) < set(finer.breaks.round(12))
    assert refine(grid, MeshError(by_element=poor, tail=0.0), 2.0) == grid


def test_a_poor_tail_is_cut_deeper_unless_it_is_deep_enough():
    error = MeshError(by_element=np.array([0, 0, 0, 1.0]), tail=0.0)
    finer = refine(INFINITE, error, 0.5)
    assert finer.levels[:4] == INFINITE.levels[:4]
    assert finer.levels[-2] == pytest.approx(0.05 * 0.5**8)
    assert refine(INFINITE, error, 0.5, deepest=0.1) == INFINITE
    small = MeshError(by_element=np.zeros(4), tail=1e-3)
    assert refine(INFINITE, small, 0.5, tail_tolerance=1e-4).elements > INFINITE.elements


@pytest.mark.parametrize("grid", [INFINITE, FINITE])
def test_halving_doubles_the_elements(grid):
    assert halved(grid).elements == 2 * grid.elements


@pytest.mark.parametrize("rate", [0.05, 0.25, 0.75])
def test_estimated_errors_are_of_the_size_of_the_true_ones_element_by_element(rate):
    """The interpolation's true error between nodes against the estimate: within a factor of ten, over seven digits."""
    grid = first_grid(BASE_CASE, 5)
    for _ in range(3):
        found = trajectory(grid, rate)
        estimated = estimate(found, np.ones(grid.times.size), np.ones((grid.times.size, 1))).by_element
        local = np.linspace(0.02, 0.98, 25)
        factors = np.array(grid.levels)
        times = -np.log(factors[:-1, None] - (factors[:-1] - factors[1:])[:, None] * local) / grid.discount_rate
        errors = found.at(times.ravel()).innovation[:, 0] - 2 - np.exp(-rate * times.ravel())
        true = np.abs(errors).reshape(times.shape).max(axis=1) / found.innovation.max()
        seen = true > 1e-13
        assert np.all(estimated[seen] < 10 * true[seen])
        assert np.all(true[seen] < 10 * estimated[seen])
        grid = halved(grid)


def test_the_tail_s_bound_is_its_weight_times_the_spread_of_the_flow():
    flow = np.ones(20)
    flow[-5:] = [1.0, 1.1, 1.2, 1.3, 1.4]
    found = estimate(trajectory(INFINITE), flow, np.ones((20, 1)))
    # The last element weighs 0.05 / 0.1 = 0.5 of 10.
    value = np.sum(INFINITE.discounted_weights.ravel() * flow)
    assert found.tail == pytest.approx(0.5 * 0.4 / value)


def test_the_wholesale_price_of_a_vehicle_that_nobody_buys_may_be_anything():
    found = trajectory(INFINITE)
    noise = np.random.default_rng(0).uniform(1.0, 1000.0, found.prices.shape)
    with_noise = replace(found, wholesale_prices=noise)
    assert (
        estimate(with_noise, np.ones(20), np.zeros((20, 1))).worst()
        == estimate(found, np.ones(20), np.ones((20, 1))).worst()
    )
    assert estimate(with_noise, np.ones(20), np.ones((20, 1))).worst() > 1e-2
