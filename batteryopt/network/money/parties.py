"""Who pays and who receives: every term of a plan's cost, between whoever runs the network and the other side.

The tables know no names of payers, so sides are those that a term can have: owners of batteries, buyers, suppliers
(builders, staff, carriers, power, disposal), the government (subsidies, carbon, fines of its rules). Makers are none of
them: where a maker pays a subsidy or a fine goes to a fund, it stands with the government.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from batteryopt.network.plan import rules

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

OPERATOR, OWNERS, BUYERS = "operator", "owners of batteries", "buyers"
SUPPLIERS, GOVERNMENT, PUBLIC, LEFT = "suppliers", "government", "the public", "left at the end"
SIDES = {
    "acquisition": OWNERS,
    "revenue": BUYERS,
    "carbon": GOVERNMENT,
    "subsidy": GOVERNMENT,
    "penalties": GOVERNMENT,
    "salvage": LEFT,
    "uncollected": PUBLIC,
}
"""Whom a term is paid to, or by whom where it is earned; suppliers, where it is not here."""


def parties(solution: Solution) -> pd.DataFrame:
    """Return present values by party and term: ``receives`` above zero, or pays below.

    Everything that the operator pays another side receives, so that parties sum to zero; the harm of what is left
    behind is the public's alone, and is no payment.
    """
    rows: list[tuple[str, str, float]] = []
    for term, cost in _terms(solution).items():
        side = BUYERS if term == SHORTFALLS else SIDES.get(term, SUPPLIERS)
        if side == PUBLIC:
            rows.append((PUBLIC, term, -cost))
        else:
            rows += [(OPERATOR, term, -cost), (side, term, cost)]
    order = {name: i for i, name in enumerate((OPERATOR, OWNERS, BUYERS, SUPPLIERS, GOVERNMENT, PUBLIC, LEFT))}
    rows = sorted((row for row in rows if row[2] != 0.0), key=lambda row: order[row[0]])
    return pd.DataFrame(rows, columns=["party", "term", "receives"])


SHORTFALLS = "shortfalls"
"""What markets are paid for what they were promised and did not get: a part of the penalties."""


def _terms(solution: Solution) -> dict[str, float]:
    terms = dict(solution.cost_terms)
    network = solution.network
    last = len(network.periods) - 1
    paid_to_buyers = sum(
        breach.amount
        * (breach.penalty or 0.0)
        * float(network.discount_factors[network.period_index.get(breach.period, last)])
        for breach in solution.breaches
        if breach.rule.startswith(rules.MARKET_RULE)
    )
    return {**terms, "penalties": terms["penalties"] - paid_to_buyers, SHORTFALLS: paid_to_buyers}
