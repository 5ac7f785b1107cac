"""Objectives held as constraints while another one is improved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.network.answer import Answer
from batteryopt.network.model.algebra import Formulation
from batteryopt.network.model.objective import costs_of
from batteryopt.network.objective import Objective
from batteryopt.solvers.arrays import QuadraticProgram

LEEWAY = 1e-6
"""Relative loss of an earlier objective that a later one may use; without any, rounding would leave no plan."""


def sign(kind: Objective) -> float:
    """Return -1 for what is maximised."""
    return -1.0 if kind is Objective.COLLECTION else 1.0


def with_leeway(value: float, leeway: float = LEEWAY) -> float:
    """Return the cap that keeps an objective, as it is minimised, where it is."""
    return value + leeway * max(1.0, abs(value))


def values_of(found: Answer, kinds: Sequence[Objective]) -> list[float]:
    """Return the values of objectives in an answer's plan."""
    return [dataclasses.replace(found, objective_kind={kind: 1.0}).objective or 0.0 for kind in kinds]


def caps_as_rows(m: Formulation, caps: Mapping[Objective, float]) -> QuadraticProgram | None:
    """Return rows that hold objectives (as they are minimised) below caps; None where there is none."""
    if not caps:
        return None
    costs = [costs_of(m, kind) for kind in caps]
    sizes = [max(1.0, float(np.max(np.abs(cost.vector), initial=0.0))) for cost in costs]
    limits = [(cap - cost.constant) / size for cap, cost, size in zip(caps.values(), costs, sizes, strict=True)]
    none = np.zeros(m.size)
    return QuadraticProgram(
        c=none,
        Q=sp.csc_array((m.size, m.size)),
        A=sp.csr_array(np.array([cost.vector / size for cost, size in zip(costs, sizes, strict=True)])),
        row_lower=np.full(len(limits), -np.inf),
        row_upper=np.array(limits),
        lower=none,
        upper=none,
        is_integer=np.zeros(m.size, dtype=bool),
    )
