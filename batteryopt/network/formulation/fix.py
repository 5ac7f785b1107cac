"""Keeping facilities as a plan has them: what is then decided are the flows alone."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.steps import shares_of_steps
from batteryopt.network.plan.careers import Career
from batteryopt.network.plan.solution import Solution


def fix_facilities(m: Formulation, plan: Solution) -> None:
    """Fix which facilities stand, at which size, in each period."""
    family, shares = m.families["is_open"], planned_shares(m, plan)
    m.families["is_open"] = dataclasses.replace(family, lower=shares, upper=shares)
    m.drop_choices()  # of two equal sites the plan may have the second


def planned_shares(m: Formulation, plan: Solution) -> Floats:
    """Return how much of each step of size a plan has (rows of ``is_open``)."""
    family = m.families["is_open"]
    shares = np.zeros(len(family))
    for row, (site, type_, period, step) in enumerate(
        zip(*(family.index[key].tolist() for key in ("site", "type", "period", "step")), strict=True)
    ):
        career = plan.careers[m.labels["site"][site], m.labels["type"][type_]]
        shares[row] = _share(career, period, step)
    return shares


def _share(career: Career, period: int, step: int) -> float:
    """Return how much of a step of size stands."""
    size = career.sizes[period]
    if size is None:
        return 0.0
    capacities = [level.capacity_t for level in career.levels]
    return float(shares_of_steps(capacities, len(capacities), size)[step])
