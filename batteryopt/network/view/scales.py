"""What the charts of a plan share: the unit of money, the periods and their axis."""

from __future__ import annotations

from typing import Any

from batteryopt.report.results import Saved


def money_unit(saved: Saved) -> tuple[float, str]:
    """Return the divisor and name of the unit that money is shown in."""
    answer = saved.models["design"]
    currency = answer.get("currency") or "money"
    largest = max((abs(value) for value in answer["cost_terms"].values()), default=0.0)
    return (1e6, f"million {currency}") if largest >= 1e6 else (1.0, currency)


def periods(saved: Saved) -> list[str]:
    """Return the periods in order."""
    return list(dict.fromkeys(saved.table("emissions")["period"]))


def period_axis(saved: Saved) -> dict[str, Any]:
    """Return an axis with all periods, whatever is drawn over them."""
    names = periods(saved)
    return {"type": "category", "categoryarray": names, "range": [-0.5, len(names) - 0.5]}
