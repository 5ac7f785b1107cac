"""Objectives held as constraints while another one is improved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.formulation.objective import Costs, costs_of
from batteryopt.network.plan.answer import NetworkAnswer, value_of
from batteryopt.network.search.search_units import mass_units
from batteryopt.solvers.compile.arrays import QuadraticProgram

LEEWAY = 1e-6
"""Loss of an earlier objective that a later one may use, relative to its `unit`; without any, rounding would leave no
plan: it is what a solver's own tolerance lets a row be missed by."""
OF_THE_VALUE = 1e-3
"""An objective's unit is no smaller than so much of its value: of large sums a solver does not know the last digits."""


def sign(kind: Objective) -> float:
    """Return -1 for what is maximised."""
    return -1.0 if kind is Objective.COLLECTION else 1.0


def largest_term(m: Formulation, kind: Objective) -> float:
    """Return what one unit of the decision that matters most to an objective is worth; 1 where none matters."""
    return _largest(m, costs_of(m, kind))


def unit(size: float, value: float) -> float:
    """Return what errors of an objective's value are relative to: its largest term, or a part of the value itself."""
    return max(size, OF_THE_VALUE * abs(value))


def with_leeway(value: float, size: float, leeway: float = LEEWAY) -> float:
    """Return the cap that keeps an objective, as it is minimised, where it is; `size` is its largest term."""
    return value + leeway * unit(size, value)


def values_of(found: NetworkAnswer, kinds: Sequence[Objective]) -> list[float]:
    """Return the values of objectives in an answer's plan."""
    return [0.0 if found.solution is None else value_of(found.solution, {kind: 1.0}) for kind in kinds]


def caps_as_rows(m: Formulation, caps: Mapping[Objective, float]) -> QuadraticProgram | None:
    """Return rows that hold objectives (as they are minimised) below caps; None where there is none."""
    if not caps:
        return None
    costs = [costs_of(m, kind) for kind in caps]
    sizes = [_largest(m, cost) for cost in costs]
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


def _largest(m: Formulation, cost: Costs) -> float:
    return float(np.max(np.abs(cost.vector * mass_units(m)), initial=0.0)) or 1.0
