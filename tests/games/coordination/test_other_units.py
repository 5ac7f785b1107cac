"""The paper's game with all money and quantities times k: decisions times k, profits times k^2, as certain."""

from __future__ import annotations

from pathlib import Path

import pytest

import batteryopt
from batteryopt.games.coordination.data.generator import scaled
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.solution import Model

TABLE_2 = Path(__file__).resolve().parents[3] / "data" / "coordination" / "table2.toml"


@pytest.mark.parametrize("k", [1e-6, 1e6])
@pytest.mark.parametrize("model", ["centralized", "decentralized", "contract", "decentralized-wholesale"])
def test_the_optimiser_in_other_units_against_the_formula_in_the_papers(model: str, k: float) -> None:
    game = batteryopt.read(TABLE_2)
    formula = closed_form.solve(game, Model(model))
    answer = batteryopt.solve(scaled(game, k), [model], route="optimizer")[model]
    assert answer.run.point_status == "optimal"
    assert answer.solution.profits.supply_chain == pytest.approx(formula.profits.supply_chain * k**2, rel=1e-6, abs=0)
    assert answer.solution.retail_price == pytest.approx(formula.retail_price * k, rel=1e-4, abs=0)
    assert answer.solution.recycling_service == pytest.approx(formula.recycling_service * k, rel=1e-3, abs=0)
