"""Cash of whoever runs the network, by period: what comes in and goes out, when it is paid back, at what rate.

As everywhere in the network, all money of a period moves at its beginning, and what is left of investments is paid out
at the end of the plan (as if it were sold for its value). The harm of batteries left behind is nobody's payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from batteryopt.network.money.rate_of_return import rates_of_return, sign_changes

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

NOT_PAID = ("uncollected",)
"""Terms of the net present cost that nobody pays: harm."""


@dataclass(frozen=True, kw_only=True)
class Payback:
    """What whoever pays for the network gets back.

    Attributes
    ----------
    present_value
        Of all cash, at the network's discount rate.
    payback_years
        Years from the start after which the running sum of cash is not below zero any more; None: it ends below.
    discounted_payback_years
        The same with discounted cash.
    rates
        All internal rates of return.
    sign_changes
        How often cash changes its sign from one period to the next: with one there is one rate, with more there may
        be several, and none of them alone says whether the plan pays.
    """

    present_value: float
    payback_years: float | None
    discounted_payback_years: float | None
    rates: tuple[float, ...]
    sign_changes: int

    @property
    def rate(self) -> float | None:
        """The internal rate of return, where there is exactly one and one change of sign, from spending to earning."""
        return self.rates[0] if len(self.rates) == 1 and self.sign_changes == 1 else None


def cash_flow(solution: Solution) -> pd.DataFrame:
    """Return cash by period and at the end: ``after_years``, a column a term, ``cash`` and running sums.

    Terms have the sign of cash: what is earned is above zero. Money is that of its period; only ``discounted_cash`` and
    its running sum are discounted.
    """
    network = solution.network
    years = np.cumsum([0.0, *(period.years for period in network.periods)])
    factors = np.append(network.discount_factors, network.discount_factor_at_end)
    terms = solution.ledger.drop(columns=list(NOT_PAID)).div(-factors, axis=0) + 0.0
    cash = terms.sum(axis=1)
    table = terms.assign(cash=cash, running_cash=cash.cumsum(), discounted_cash=cash * factors)
    table["running_discounted_cash"] = table["discounted_cash"].cumsum()
    table.insert(0, "after_years", years)
    return table.rename_axis("period").reset_index()


def payback_of(table: pd.DataFrame) -> Payback:
    """Return what a cash flow pays back."""
    payments = list(zip(table["after_years"].astype(float), table["cash"].astype(float), strict=True))
    size = float(table["cash"].abs().sum())
    payments = [(time, money if abs(money) > 1e-12 * size else 0.0) for time, money in payments]
    return Payback(
        present_value=float(table["discounted_cash"].sum()),
        payback_years=_payback(table["after_years"], table["running_cash"]),
        discounted_payback_years=_payback(table["after_years"], table["running_discounted_cash"]),
        rates=rates_of_return(payments),
        sign_changes=sign_changes(payments),
    )


def _payback(years: pd.Series[float], running: pd.Series[float]) -> float | None:
    """Return the first time from which a running sum stays at or above zero; payments come at once, not evenly."""
    below = np.flatnonzero(running.to_numpy(dtype=float) < -1e-9 * float(running.abs().max()))
    last = int(below[-1]) + 1 if len(below) else 0
    return float(years.iloc[last]) if last < len(years) else None
