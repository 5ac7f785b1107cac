"""The money of a plan in one place: its tables by name, and the same as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from batteryopt.network.money.break_even import break_even
from batteryopt.network.money.cash_flow import cash_flow, payback_of
from batteryopt.network.money.parties import parties
from batteryopt.network.money.profit import profits
from batteryopt.network.money.support import support

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

TABLES = ("cash_flow", "parties", "profit_by_product", "profit_by_place", "break_even", "support")
"""The names of the tables."""


def tables(solution: Solution) -> dict[str, pd.DataFrame]:
    """Return every table of a plan's money by name."""
    by_product, by_place = profits(solution)
    return dict(
        zip(
            TABLES,
            (
                cash_flow(solution),
                parties(solution),
                by_product,
                by_place,
                break_even(solution),
                support(solution),
            ),
            strict=True,
        )
    )


def to_json(solution: Solution) -> dict[str, Any]:
    """Return the money of a plan as plain data, as it stands under ``models.design.money``; places are in the table."""
    flow = cash_flow(solution)
    back = payback_of(flow)
    revenue = -solution.cost_terms["revenue"]
    by_party = parties(solution).groupby("party", sort=False)["receives"].sum()
    by_product, _ = profits(solution)
    return {
        "present_value": back.present_value,
        "turnover": revenue,
        "share_of_turnover": back.present_value / revenue if revenue > 0 else None,
        "payback_years": back.payback_years,
        "discounted_payback_years": back.discounted_payback_years,
        "rate_of_return": back.rate,
        "rates_of_return": list(back.rates),
        "sign_changes": back.sign_changes,
        "parties": {str(name): float(value) for name, value in by_party.items()},
        "cash_flow": _rows(flow[["period", "after_years", "cash", "running_cash", "discounted_cash"]]),
        "profit_by_product": _rows(by_product),
        "break_even": _rows(break_even(solution)),
        "support": _rows(support(solution)),
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    whole = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in whole.to_dict(orient="records")]
