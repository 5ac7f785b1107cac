"""What the coordination paper prints in its Table 2.

Yonglong Wang, Meili Song, Jirong Cai: "Research on Coordination Mechanism Design of Closed-Loop Supply Chain for New
Energy Vehicle Power Batteries". The paper has no production cost; the formulas here are for c = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.solution import Model, Solution, as_array

TABLE_2_INSTANCE = CoordinationInstance(
    name="Table 2",
    source="recovered by us from the figures of Table 2, which the paper prints without its parameters; "
    "see the comments of data/coordination/table2.toml",
    market_size=30.0,
    wholesale_price=10.0,
    transfer_price=2.5,
    testing_cost=0.5,
    scrap_value=1.2,
    usable_share=0.6,
    voluntary_returns=8.0,
    residual_value=1.0,
    service_response=0.7,
    echelon_market_size=15.0,
)
"""The parameters behind Table 2, as far as it determines them."""


@dataclass(frozen=True, kw_only=True)
class TableFigure:
    """A figure of Table 2.

    Attributes
    ----------
    quantity
        Its name in the JSON: a decision or a profit.
    printed
        The number as printed; the contract's profits are printed with the lump sums apart, which are left out here.
    decimals
        The table prints two decimals and drops zeros at the end.
    is_wrong
        Whether the paper's own model gives another number (see `FAULTS`).
    """

    model: Model
    quantity: str
    printed: float
    decimals: int = 2
    is_wrong: bool = False

    def agrees(self, value: float) -> bool:
        """Whether a number rounds to the printed one."""
        return abs(value - self.printed) <= 0.5 * 10.0**-self.decimals * (1 + 1e-9)

    def value(self, solution: Solution) -> float:
        """Return the same quantity of a solution of the paper's game."""
        decisions = solution.decisions()
        found = decisions[self.quantity] if self.quantity in decisions else vars(solution.profits)[self.quantity]
        return float(as_array(found)[0])


def _row(model: Model, printed: dict[str, float], wrong: tuple[str, ...] = ()) -> tuple[TableFigure, ...]:
    return tuple(TableFigure(model=model, quantity=k, printed=v, is_wrong=k in wrong) for k, v in printed.items())


TABLE_2: tuple[TableFigure, ...] = (
    *_row(
        Model.CENTRALIZED,
        {"retail_price": 15.0, "recycling_service": 3.53, "sales_effort": 6.88, "supply_chain": 300.39},
    ),
    *_row(
        Model.DECENTRALIZED,
        {
            "retail_price": 20.0,
            "recycling_service": 1.39,
            "sales_effort": 5.98,
            "manufacturer": 118.78,
            "retailer": 100.0,
            "echelon_enterprise": 53.89,
            "supply_chain": 272.67,
        },
    ),
    *_row(
        Model.CONTRACT,
        {
            "retail_price": 15.0,
            "recycling_service": 3.53,
            "sales_effort": 6.88,
            "manufacturer": 46.27,
            "retailer": 225.0,
            "echelon_enterprise": 39.12,
            "supply_chain": 300.39,
        },
        wrong=("manufacturer", "echelon_enterprise"),
    ),
)
"""Every figure of Table 2, as printed."""
