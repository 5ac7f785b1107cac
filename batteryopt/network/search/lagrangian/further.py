"""Rules and cuts beyond those that items and careers keep: each has a price of its own, as the nodes have.

A price of 0 leaves a row out, any price of the right sign gives a bound. Rows are turned so that they say "no less
than", and scaled so that what they lack counts as much as what nodes do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Claim, Floats
from batteryopt.network.formulation.formulation_arrays import matrix
from batteryopt.network.search.searched_problem import NODES, Problem

WEIGHT = 0.03
"""What a row's largest coefficient counts, beside what usually returns at a node: so much moves its price at a step.

Some rows say nearly what another one says; as heavy as the nodes together, they would turn every step their way.
"""
MOST = 20_000
"""More rows are left out: their prices would not come near their best."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Further:
    """Rows ``rows x >= least``, equal where they are.

    Attributes
    ----------
    rows, by_column
        In the search's units (rows, columns), and turned round.
    is_equal
        Whether a row's price may have either sign.
    """

    rows: sp.csr_array
    by_column: sp.csr_array
    least: Floats
    is_equal: Bools


def further_rows(problem: Problem, seen: Collection[str]) -> Further | None:
    """Return the rows of all families but those seen; None where they are too many."""
    m, columns = problem.m, problem.units.columns
    families = [
        rows for rows in m.rows.values() if rows.name not in seen and rows.claim is not Claim.CHOICE and len(rows)
    ]
    A = sp.csr_array(matrix(families, m.size) @ sp.diags_array(columns))
    lower = np.concatenate([np.zeros(0), *(rows.lower for rows in families)])
    upper = np.concatenate([np.zeros(0), *(rows.upper for rows in families)])
    if len(lower) > MOST:
        return None
    has_least, has_most = np.isfinite(lower), np.isfinite(upper) & (upper != lower)
    rows = sp.csr_array(sp.vstack([A[has_least], -A[has_most]], format="csr"))
    least = np.concatenate([lower[has_least], -upper[has_most]])
    is_equal = np.concatenate([(lower == upper)[has_least], np.zeros(int(has_most.sum()), dtype=bool)])
    scale = _scales(problem, rows)
    rows = sp.csr_array(sp.diags_array(scale) @ rows)
    return Further(rows=rows, by_column=sp.csr_array(rows.T), least=least * scale, is_equal=is_equal)


def _scales(problem: Problem, rows: sp.csr_array) -> Floats:
    """Return factors by which one of a row's largest coefficients counts as a part of what returns at all nodes."""
    balances = problem.m.rows[NODES]
    own = np.abs(balances.lower) / problem.m.tonne
    usual = np.sqrt(float(own @ own))
    largest = np.maximum(abs(rows).max(axis=1).toarray().ravel(), 1e-300) if rows.shape[0] else np.zeros(0)
    return np.asarray(WEIGHT * usual / largest)
