"""The paper's game with all money and quantities times 1e-6: decisions times 1e-6, profits times 1e-12, as certain."""

from __future__ import annotations

from pathlib import Path

import pytest

import batteryopt
from batteryopt.coordination import closed_form
from batteryopt.coordination.solution import Model

TABLE_2 = Path(__file__).resolve().parents[2] / "data" / "coordination" / "table2.toml"
MONEY = (
    "market_size",
    "wholesale_price",
    "transfer_price",
    "testing_cost",
    "scrap_value",
    "voluntary_returns",
    "residual_value",
    "echelon_market_size",
    "production_cost",
)
TINY = 1e-6


@pytest.mark.parametrize("model", ["centralized", "decentralized", "contract", "decentralized-wholesale"])
def test_the_optimiser_in_tiny_units_against_the_formula_in_the_papers(model: str) -> None:
    game = batteryopt.read(TABLE_2)
    formula = closed_form.solve(game, Model(model))
    tiny = game.replace(**{name: getattr(game, name) * TINY for name in MONEY})
    answer = batteryopt.solve(tiny, [model], route="optimizer")[model]
    assert answer.run.point_status == "optimal"
    assert answer.solution.profits.supply_chain == pytest.approx(
        formula.profits.supply_chain * TINY**2, rel=1e-6, abs=0
    )
    assert answer.solution.retail_price == pytest.approx(formula.retail_price * TINY, rel=1e-4, abs=0)
    assert answer.solution.recycling_service == pytest.approx(formula.recycling_service * TINY, rel=1e-3, abs=0)
