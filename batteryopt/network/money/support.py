"""Subsidies by rule, and what they are for each tonne collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from batteryopt.network.plan import rules

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution


def support(solution: Solution) -> pd.DataFrame:
    """Return ``rule``, ``base``, ``paid`` (money of its period), ``paid_per_collected_t`` and ``present_value``."""
    network = solution.network
    collected = float(solution.collected_t["collected"].sum())
    rows = []
    for rule in network.policy.subsidies:
        earned = rules.subsidy(solution, rule)
        paid = float(earned.sum())
        each = paid / collected if collected else float("nan")
        rows.append((rule.name, rule.base.value, paid, each, float(earned @ network.discount_factors)))
    return pd.DataFrame(rows, columns=["rule", "base", "paid", "paid_per_collected_t", "present_value"])
