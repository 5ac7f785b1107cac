"""Counts of facilities of a size as whole numbers of their own, for a tree to branch upon.

Sites near each other are nearly alike to a relaxation: where a tree forbids a plant at one, a third of it moves to each
of three others at nearly the same cost, and the bound stays. That two stand in all, or three, is what the bound turns
on. A count is a sum of variables that are whole, so that no plan is lost and none is won. HiGHS' presolve would put
the sum back in its place: the rule of it that does so is left out, and the order of the counts keeps them from being
columns of a single row.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.matching import Ints
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options

PRESOLVE_RULES_OFF = {"presolve_rule_off": 1 << 12}
"""HiGHS' number of the aggregator, which substitutes counts by what they count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Counts of the whole variables of a program.

    Attributes
    ----------
    of
        Which columns each count is the sum of (counts, n).
    order
        Rows that are at least 0, of counts (rows, counts): facilities that have a step of size have the one below.
    """

    of: sp.csr_array
    order: sp.csr_array

    def joined(self, program: QuadraticProgram) -> QuadraticProgram:
        """Return a program with its counts as further columns."""
        count, n = self.of.shape
        equal = sp.hstack([self.of, -sp.eye_array(count)])
        order = sp.hstack([sp.csr_array((self.order.shape[0], n)), self.order])
        A = sp.vstack([sp.hstack([program.A, sp.csr_array((program.A.shape[0], count))]), equal, order], format="csr")
        none, rows = np.zeros(count), np.zeros(self.order.shape[0])
        return dataclasses.replace(
            program,
            c=np.concatenate([program.c, none]),
            Q=sp.csc_array((n + count, n + count)),
            A=sp.csr_array(A),
            row_lower=np.concatenate([program.row_lower, none, rows]),
            row_upper=np.concatenate([program.row_upper, none, np.full(len(rows), np.inf)]),
            lower=np.concatenate([program.lower, self.of @ program.lower]),
            upper=np.concatenate([program.upper, self.of @ program.upper]),
            is_integer=np.concatenate([program.is_integer, np.ones(count, dtype=bool)]),
        )

    def completed(self, x: Floats) -> Floats:
        """Return a point with its counts."""
        return np.concatenate([x, self.of @ x])

    def options(self, options: Options) -> Options:
        """Return options under which the counts stay."""
        return dataclasses.replace(options, extra=PRESOLVE_RULES_OFF | options.extra)


def counts_of(m: Formulation) -> Counts | None:
    """Return counts of facilities by type, size and period; None where none may differ from what a single one says."""
    family = m.families["is_open"]
    keys = np.column_stack([family.index[name] for name in ("type", "step", "period")])
    free = np.flatnonzero(family.is_integer & (family.upper > family.lower))
    kinds, kind, count = np.unique(keys[free], axis=0, return_inverse=True, return_counts=True)
    several = np.flatnonzero(count > 1)
    if not len(several):
        return None
    number = np.full(len(kinds), -1)
    number[several] = np.arange(len(several))
    of = number[kind.ravel()]
    used = of >= 0
    ones, columns = np.ones(int(used.sum())), family.first + free[used]
    return Counts(
        of=sp.csr_array((ones, (of[used], columns)), shape=(len(several), m.size)),
        order=_order(m, keys, several, kinds),
    )


def _order(m: Formulation, keys: Ints, several: Ints, kinds: Ints) -> sp.csr_array:
    """Return rows of counts: of a step of size no fewer than of the next one, where the same facilities are counted."""
    family = m.families["is_open"]
    place = {tuple(kinds[k].tolist()): i for i, k in enumerate(several.tolist())}
    free = family.is_integer & (family.upper > family.lower)
    facilities: dict[tuple[int, ...], set[int]] = {}
    for key, facility in zip(keys[free].tolist(), family.index["facility"][free].tolist(), strict=True):
        facilities.setdefault(tuple(key), set()).add(facility)
    pairs = [
        (i, place[kind, step + 1, period])
        for (kind, step, period), i in place.items()
        if (kind, step + 1, period) in place and facilities[kind, step + 1, period] <= facilities[kind, step, period]
    ]
    rows = sp.lil_array((len(pairs), len(several)))
    for row, (below, above) in enumerate(pairs):
        rows[row, below], rows[row, above] = 1.0, -1.0
    return sp.csr_array(rows)
