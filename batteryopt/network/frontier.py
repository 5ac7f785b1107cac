"""More than one objective: one after the other, or every compromise between two of them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from batteryopt.network.answer import Answer
from batteryopt.network.instance import Network
from batteryopt.network.model.algebra import Formulation
from batteryopt.network.model.objective import costs_of
from batteryopt.network.objective import Objective
from batteryopt.network.solve import GAP, answer, formulate
from batteryopt.solvers.adapter import Options, ProgressListener
from batteryopt.solvers.arrays import QuadraticProgram

LEEWAY = 1e-6
"""Relative loss of an earlier objective that a later one may use; without any, rounding would leave no plan."""


def lexicographic(
    network: Network,
    order: Sequence[Objective],
    *,
    gap: float = GAP,
    time_limit: float | None = None,
    threads: int | None = None,
    leeway: float = LEEWAY,
    on_progress: ProgressListener | None = None,
) -> list[Answer]:
    """Return one answer for each objective: the best of those that keep all earlier ones at their best.

    Parameters
    ----------
    leeway
        Relative loss of an earlier objective that is allowed.
    time_limit
        Seconds for each.
    """
    m = formulate(network, dict.fromkeys(order, 1.0))
    options = Options(relative_gap=gap, threads=threads, time_limit=time_limit)
    answers: list[Answer] = []
    caps: dict[Objective, float] = {}
    for kind in order:
        found = answer(
            network,
            m,
            {kind: 1.0},
            options,
            began=time.monotonic(),
            extra=caps_as_rows(m, caps),
            on_progress=on_progress,
        )
        answers.append(found)
        if found.objective is None:
            break
        best = found.objective * _sign(kind)
        caps[kind] = best + leeway * max(1.0, abs(best))
    return answers


@dataclass(frozen=True, kw_only=True, eq=False)
class Frontier:
    """Plans of which none is better than another in both objectives, best in the first one first.

    Attributes
    ----------
    kinds
        The two objectives.
    answers
        One a point; dominated ones are left out.
    """

    kinds: tuple[Objective, Objective]
    answers: tuple[Answer, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a point: both objectives, and the gap to which the point is proven."""
        rows = [(*values_of(a, self.kinds), a.gap) for a in self.answers]
        return pd.DataFrame(rows, columns=[*(kind.value for kind in self.kinds), "gap"])


def frontier(
    network: Network,
    first: Objective,
    second: Objective,
    *,
    points: int = 7,
    gap: float = GAP,
    time_limit: float | None = None,
    threads: int | None = None,
    on_progress: ProgressListener | None = None,
) -> Frontier:
    """Return the frontier between two objectives, by epsilon constraints at equal steps of the second.

    Each point is the best in the first objective with the second held, then the best in the second with the first
    held, so that it cannot be improved in one without loss in the other.

    Parameters
    ----------
    points
        Ends included; at least 2.
    time_limit
        Seconds for each of the solves, two a point.
    """
    m = formulate(network, {first: 1.0, second: 1.0})
    options = Options(relative_gap=gap, threads=threads, time_limit=time_limit)

    def best(order: Sequence[Objective], caps: Mapping[Objective, float]) -> Answer | None:
        held = dict(caps)
        found: Answer | None = None
        for kind in order:
            rows = caps_as_rows(m, held)
            one = answer(network, m, {kind: 1.0}, options, began=time.monotonic(), extra=rows, on_progress=on_progress)
            if one.objective is None:
                return found
            value = one.objective * _sign(kind)
            held[kind] = value + LEEWAY * max(1.0, abs(value))
            found = one
        return found

    ends = [best((first, second), {}), best((second, first), {})]
    found = [end for end in ends if end is not None]
    if len(found) == 2:
        low, high = sorted(values_of(end, (first, second))[1] * _sign(second) for end in found)
        steps = np.linspace(high, low, points)[1:-1]
        found += [a for a in (best((first, second), {second: float(step)}) for step in steps) if a is not None]
    return Frontier(kinds=(first, second), answers=_undominated(found, (first, second)))


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


def _sign(kind: Objective) -> float:
    """Return -1 for what is maximised."""
    return -1.0 if kind is Objective.COLLECTION else 1.0


def _undominated(answers: Sequence[Answer], kinds: tuple[Objective, Objective]) -> tuple[Answer, ...]:
    """Return answers in order of the first objective, without those that another beats or equals in both."""
    signs = [_sign(kind) for kind in kinds]
    pairs = [
        (tuple(v * s for v, s in zip(values_of(a, kinds), signs, strict=True)), position)
        for position, a in enumerate(answers)
    ]
    kept: list[int] = []
    least = np.inf
    for (_, second), position in sorted(pairs):
        if second < least - LEEWAY * max(1.0, abs(second)):
            kept.append(position)
            least = second
    return tuple(answers[position] for position in kept)
