"""Fig. 4 and 5 of the differential-game paper: what credit price and credits per vehicle change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from batteryopt.games.differential.formula.pair_formulas import PairEquilibrium, pair_equilibrium
from batteryopt.games.differential.formula.statics import acceptable_shares, present_values
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Model, Solution
from batteryopt.games.shell.redrawn import FORMULA, OPTIMIZER, PANEL, ROUTE, Drawing, RedrawnFigure

Solutions: TypeAlias = Mapping[Model, Solution]
Row: TypeAlias = dict[str, Any]

FIG_4_TIME = 4.0
CREDIT_PRICES = np.linspace(0.0, 6.0, 25)
CREDITS = np.linspace(0.0, 0.24, 25)
"""Up to 1.2 times the base case: further up c_1 + c_2 > 2 h theta, which the paper assumes, fails in the corner."""
PLANE = {"credit_price": "credit price h (money/credit)", "credits_per_vehicle": "credits per vehicle θ"}


def middle_share() -> float:
    """Return the share of the contract in figures that need one: the paper does not say which it takes."""
    low, high = acceptable_shares(**BASE_CASE.scalars())
    return float(low + high) / 2


def found_at(model: Model, **changes: Any) -> PairEquilibrium:
    """Return the equilibrium of the base case with some parameters changed."""
    return pair_equilibrium(model, **{**BASE_CASE.scalars(), **changes})


def _plane(panel: str, column: str, value: Callable[[FloatArray, FloatArray], FloatArray]) -> Iterator[Row]:
    across, up = np.meshgrid(CREDIT_PRICES, CREDITS)
    values = value(across, up)
    for h, theta, found in zip(across.ravel(), up.ravel(), np.asarray(values).ravel(), strict=True):
        yield _point(panel, FORMULA, float(h), float(theta), column, float(found))


def _point(panel: str, route: str, h: float, theta: float, column: str, value: float) -> Row:
    return {PANEL: panel, ROUTE: route, "credit_price": h, "credits_per_vehicle": theta, column: value}


def _base_point(panel: str, column: str, value: float) -> Row:
    """Return what the optimiser has at the base case."""
    return _point(panel, OPTIMIZER, BASE_CASE.credit_price, BASE_CASE.credits_per_vehicle, column, value)


HERE = (BASE_CASE.credit_price, BASE_CASE.credits_per_vehicle)


def fig_4(letter: str, what: str, axis: str, solutions: Solutions) -> RedrawnFigure:
    """Return efficiency or innovation at t = 4."""
    panels = {
        Model.INTEGRATED: f"{axis[:-2]}, integrated and under the contract",
        Model.DECENTRALIZED: f"{axis[:-2]}, decentralised",
    }
    rows: list[Row] = []
    for model, panel in panels.items():

        def value(h: FloatArray, theta: FloatArray, model: Model = model) -> FloatArray:
            found = found_at(model, credit_price=h, credits_per_vehicle=theta)
            m = found.efficiency(FIG_4_TIME)
            return np.asarray(m if what == "efficiency" else found.innovation(m))

        rows += _plane(panel, what, value)
        if model in solutions:
            at = solutions[model].trajectory.at(np.array([FIG_4_TIME]))
            rows.append(_base_point(panel, what, float(getattr(at, what)[0, 0])))
    return RedrawnFigure(
        number=f"Fig. 4{letter}",
        title=f"Effect of h and θ on {axis[:-2]} at t = 4",
        printed="It rises with the credit price h and the credits per vehicle θ, is the same under the contract as "
        "integrated, and always higher than decentralised.",
        note="The ranges are ours, the dot is the base case. Only h θ enters. Each map has its own scale.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LEVELS,
        axes={**PLANE, what: axis},
        here=HERE,
    )


def fig_5(solutions: Solutions) -> RedrawnFigure:
    """Return the profits of manufacturer, retailer and chain under the three scenarios."""
    share = middle_share()
    rows: list[Row] = []
    values = {
        ("manufacturer", "decentralised"): lambda found: found["manufacturer"],
        ("manufacturer", "under the contract"): lambda found: (1 - share) * found["integrated"],
        ("retailer", "decentralised"): lambda found: found["retailer"],
        ("retailer", "under the contract"): lambda found: share * found["integrated"],
        ("chain", "decentralised"): lambda found: found["decentralized"],
        ("chain", "integrated and under the contract"): lambda found: found["integrated"],
    }
    by_optimizer = {
        key: getattr(solutions[model].present_value, name)
        for key, model, name in (
            (("manufacturer", "decentralised"), Model.DECENTRALIZED, "manufacturer"),
            (("retailer", "decentralised"), Model.DECENTRALIZED, "retailer"),
            (("chain", "decentralised"), Model.DECENTRALIZED, "supply_chain"),
            (("chain", "integrated and under the contract"), Model.INTEGRATED, "supply_chain"),
        )
        if model in solutions
    }
    for key, pick in values.items():
        panel = ", ".join(key)

        def value(h: FloatArray, theta: FloatArray, pick: Callable[[Any], Any] = pick) -> FloatArray:
            scalars = {**BASE_CASE.scalars(), "credit_price": h, "credits_per_vehicle": theta}
            return np.asarray(pick(present_values(**scalars)))

        rows += list(_plane(panel, "profit", value))
        if key in by_optimizer:
            rows.append(_base_point(panel, "profit", by_optimizer[key]))
    return RedrawnFigure(
        number="Fig. 5",
        title="Effect of h and θ on the profits of manufacturer, retailer and chain",
        printed="Every profit rises with the credit price h and the credits per vehicle θ in all three scenarios.",
        note="Present values at t = 0. The ranges are ours, and the contract's share "
        f"({share:.4f}, the middle of those that both accept in the base case, the dot). Each map has its own scale.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LEVELS,
        axes={**PLANE, "profit": "present value (money)"},
        here=HERE,
    )
