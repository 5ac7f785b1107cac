"""Two routes that share no code, on random instances: formula against optimiser, solver against solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt import bilevel
from batteryopt.games.coordination.data.generator import Binding, binding_instance, random_instance, random_network
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.judge import check
from batteryopt.games.coordination.model.build import build, solution_of
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract
from batteryopt.games.coordination.solve import by_optimizer, solve
from batteryopt.ground.errors import FormulaDoesNotApply
from batteryopt.ground.status import PointStatus, StopReason

SEEDS = st.integers(0, 10**6)
INTERIOR = (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE)


@settings(max_examples=6)
@given(seed=SEEDS)
def test_optimiser_equals_formula_where_a_contract_exists(seed: int):
    """Each instance in four models: 24 comparisons."""
    formula_and_optimiser_agree(seed)


@pytest.mark.slow
@settings(max_examples=60)
@given(seed=SEEDS)
def test_optimiser_equals_formula_on_many_instances(seed: int):
    """Each instance in four models: 240 comparisons."""
    formula_and_optimiser_agree(seed)


def formula_and_optimiser_agree(seed: int) -> None:
    instance = random_instance(seed)
    for model in INTERIOR:
        found = by_optimizer(instance, model)
        assert found.run.point_status is PointStatus.OPTIMAL
        agreement = check.agreement(found.solution, closed_form.solve(instance, model))
        assert agreement.passed, str(agreement)
        assert found.certificate.passed, str(found.certificate)


@settings(max_examples=6)
@given(seed=SEEDS)
def test_both_routes_deny_a_contract_where_none_coordinates(seed: int):
    instance = random_instance(seed, contract_exists=False)
    with pytest.raises(NoCoordinatingContract):
        closed_form.solve(instance, Model.CONTRACT)
    denied = by_optimizer(instance, Model.CONTRACT)
    assert denied.solution is None
    assert "no contract" in denied.reason


@settings(max_examples=2)
@given(seed=SEEDS)
@pytest.mark.parametrize("binding", list(Binding))
def test_where_a_constraint_binds_two_solvers_agree(binding: Binding, seed: int):
    """SCIP's global answer against interior points from several starts: no formula applies here."""
    instance = binding_instance(seed, binding)
    model = Model.DECENTRALIZED_WHOLESALE if "wholesale" in binding or "retailer" in binding else Model.DECENTRALIZED
    with pytest.raises(FormulaDoesNotApply):
        closed_form.solve(instance, model)
    found = by_optimizer(instance, model)
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.certificate.passed, str(found.certificate)
    second = build(instance, model)
    bilevel.solve(second, method="regularized")
    assert solution_of(second, instance, model).objective == pytest.approx(found.objective, rel=1e-6, abs=1e-6)


@settings(max_examples=3)
@given(seed=SEEDS, regions=st.integers(1, 5), enterprises=st.integers(1, 4))
def test_network_equals_its_linear_system(seed: int, regions: int, enterprises: int):
    instance = random_network(seed, regions, enterprises)
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED):
        found = by_optimizer(instance, model)
        assert check.agreement(found.solution, closed_form.solve(instance, model)).passed


@pytest.mark.slow
def test_a_large_network_equals_its_linear_system():
    """1,000 regions and 100 enterprises: 1,100 followers."""
    instance = random_network(0, 1000, 100)
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED):
        found = by_optimizer(instance, model)
        assert check.agreement(found.solution, closed_form.solve(instance, model)).passed


def test_a_free_transfer_price_is_unbounded_without_participation_and_binds_it_with():
    instance = random_instance(3)
    free = by_optimizer(instance, Model.DECENTRALIZED_TRANSFER)
    assert free.run.stop_reason is StopReason.UNBOUNDED
    assert free.solution is None
    least = 0.5 * by_optimizer(instance, Model.DECENTRALIZED).solution.profits.echelon_enterprise
    held = by_optimizer(instance.replace(reservation_profit_echelon=least), Model.DECENTRALIZED_TRANSFER)
    assert held.solution.profits.echelon_enterprise == pytest.approx(least, rel=1e-6)


@settings(max_examples=4)
@given(seed=SEEDS, factor=st.floats(0.1, 10))
def test_the_optimum_scales_with_money(seed: int, factor: float):
    """Quantities are linear in money here: prices, efforts and markets times k make every profit times k squared."""
    instance = random_instance(seed)
    names = ("market_size", "wholesale_price", "transfer_price", "testing_cost", "scrap_value", "voluntary_returns")
    names += ("residual_value", "echelon_market_size", "production_cost")
    scaled = instance.replace(**{name: factor * getattr(instance, name) for name in names})
    one, many = (by_optimizer(i, Model.DECENTRALIZED).solution for i in (instance, scaled))
    assert many.objective == pytest.approx(factor**2 * one.objective, rel=1e-6)
    assert many.recycling_service == pytest.approx(factor * one.recycling_service, rel=1e-5)


def test_solve_by_both_routes_carries_their_agreement():
    result = solve(random_instance(1))
    assert result.passed
    for model in INTERIOR:
        names = {c.name for c in result[model].certificate}
        assert any(name.startswith("agree") for name in names), names
    assert np.isfinite(result[Model.CONTRACT].pareto.area)
