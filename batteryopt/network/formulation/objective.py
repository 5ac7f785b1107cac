"""What is minimised, as one number for each variable; and the rules that only money can soften."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.draft import COLLECTION, COST_TERMS, EMISSIONS, RISK

SOFT_FAMILIES = (
    *("missing_at_market", "short_of_collection", "short_of_coverage", "short_of_limit"),
    *("beyond_limit", "beyond_emission_cap", "beyond_budget"),
)
"""Variables that say by how much a soft rule is missed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Costs:
    """A linear function of the variables: ``vector @ x + constant``, to be minimised."""

    vector: Floats
    constant: float

    def at(self, x: Floats) -> float:
        """Return its value at a point."""
        return float(self.vector @ x + self.constant)


def costs_of(m: Formulation, objective: Objective) -> Costs:
    """Return an objective as a function to be minimised; collection has a minus."""
    accounts: Mapping[Objective, tuple[tuple[str, ...], float]] = {
        Objective.COST: (COST_TERMS, 1.0),
        Objective.EMISSIONS: ((EMISSIONS,), 1.0),
        Objective.RISK: ((RISK,), 1.0),
        Objective.COLLECTION: ((COLLECTION,), -1.0),
    }
    names, sign = accounts[objective]
    vector = sum((m.account(name) for name in names), np.zeros(m.size))
    return Costs(vector=sign * vector, constant=sign * sum(m.constants.get(name, 0.0) for name in names))


def weighted(m: Formulation, weights: Mapping[Objective, float]) -> Costs:
    """Return the sum of objectives times weights, each as it is minimised."""
    parts = [(costs_of(m, objective), weight) for objective, weight in weights.items()]
    return Costs(
        vector=sum((part.vector * weight for part, weight in parts), np.zeros(m.size)),
        constant=sum(part.constant * weight for part, weight in parts),
    )


def harden(m: Formulation) -> None:
    """Make every soft rule hold: without money in the objective nothing keeps it."""
    for name in SOFT_FAMILIES:
        family = m.families.get(name)
        if family is not None:
            m.families[name] = dataclasses.replace(family, upper=np.zeros(len(family)))
