"""Why no plan exists: the rows that cannot hold together, with their places, and by how much they are missed.

Every row is allowed to be missed at a price, and the sum of what is missed, each relative to the size of its row, is
made least. What remains missed names the rules, sites, periods and products in conflict.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.network.model.algebra import Formulation
from batteryopt.network.model.arrays import row_names, to_arrays
from batteryopt.network.rules import Breach
from batteryopt.solvers.adapter import Options
from batteryopt.solvers.arrays import QuadraticProgram
from batteryopt.solvers.highs_arrays import solve_arrays

MISSED = 1e-6
"""Relative miss that counts."""

ELASTIC = {
    "every_node_is_in_balance": "t must leave and cannot",
    "capacity_is_kept": "t beyond the capacity",
    "enough_is_collected": "t short of the collection target",
    "enough_is_covered": "t of returns without service near",
    "markets_get_their_least": "t short of what the market must get",
    "limits_are_reached": "units short of the limit",
    "limits_are_kept": "units beyond the limit",
    "emissions_are_capped": "t CO2e above the cap",
    "budget_is_kept": "money above the budget",
    "lanes_are_wide_enough": "t beyond what the lane carries",
    "depots_have_the_vehicles": "trips beyond the vehicles' time",
    "store_is_large_enough": "t beyond the storage limit",
    "least_throughput_is_reached": "t short of the least throughput",
    "nothing_stays_too_long": "t that stay too long",
}
"""Families of rows that may be missed, and what an amount of them means; the others are logic and hold.

Cuts, which follow from the rows, would forbid what the elastic rows allow: they are left out.
"""

PRICES = {"every_node_is_in_balance": 100.0}
"""What missing a row by its whole size costs; 1 where nothing stands. Matter vanishes only where no rule can give."""


def explain(m: Formulation, options: Options) -> tuple[Breach, ...]:
    """Return what conflicts, largest first; integrality is tried with and given up where it takes too long."""
    program, slack_rows = elastic(m)
    limited = dataclasses.replace(options, time_limit=min(options.time_limit or 60.0, 60.0), relative_gap=1e-4)
    answer = solve_arrays(program, limited)
    if answer.x is None:
        relaxed = program.relaxed()
        answer = solve_arrays(relaxed, dataclasses.replace(limited, relative_gap=0.0))
    if answer.x is None:
        return ()
    misses = answer.x[m.size :] * _sizes(program)[slack_rows]
    cuts = _cuts(m)
    names, kinds = row_names(m, leave_out=cuts), _kinds(m, cuts)
    order = np.argsort(-answer.x[m.size :])
    return tuple(
        _breach(m, names[slack_rows[i]], kinds[slack_rows[i]], misses[i])
        for i in order
        if answer.x[m.size + i] > MISSED
    )


def elastic(m: Formulation) -> tuple[QuadraticProgram, np.typing.NDArray[np.int64]]:
    """Return the program with misses of rows as further columns, and the row of each of these."""
    cuts = _cuts(m)
    base = to_arrays(m, np.zeros(m.size), leave_out=cuts)
    kinds = np.array(_kinds(m, cuts), dtype=object)
    is_elastic = np.isin(kinds, list(ELASTIC))
    sizes = _sizes(base)
    below = np.flatnonzero(is_elastic & np.isfinite(base.row_lower))
    above = np.flatnonzero(is_elastic & np.isfinite(base.row_upper))
    rows = np.concatenate([below, above])
    signs = np.concatenate([np.ones(len(below)), -np.ones(len(above))])
    slack = sp.csr_array((signs * sizes[rows], (rows, np.arange(len(rows)))), shape=(base.A.shape[0], len(rows)))
    count = len(rows)
    program = dataclasses.replace(
        base,
        c=np.concatenate([np.zeros(m.size), [PRICES.get(kind, 1.0) for kind in kinds[rows]]]),
        Q=sp.csc_array((m.size + count, m.size + count)),
        A=sp.csr_array(sp.hstack([base.A, slack], format="csr")),
        lower=np.concatenate([base.lower, np.zeros(count)]),
        upper=np.concatenate([base.upper, np.full(count, np.inf)]),
        is_integer=np.concatenate([base.is_integer, np.zeros(count, dtype=bool)]),
    )
    return program, rows.astype(np.int64)


def _cuts(m: Formulation) -> list[str]:
    return [name for name, rows in m.rows.items() if rows.is_cut]


def _kinds(m: Formulation, leave_out: Sequence[str]) -> list[str]:
    """Return the family of each row."""
    return [name for name, rows in m.rows.items() if name not in leave_out for _ in range(len(rows))]


def _sizes(program: QuadraticProgram) -> np.typing.NDArray[np.float64]:
    """Return the size of each row: its right-hand side, at least 1."""
    sides = [np.where(np.isfinite(side), abs(side), 0.0) for side in (program.row_lower, program.row_upper)]
    return np.maximum(1.0, np.maximum(*sides))


def _breach(m: Formulation, name: str, kind: str, amount: float) -> Breach:
    """Return a row's miss with its place and period, read from its name."""
    keys = m.rows[kind].index.keys
    labels = dict(zip(keys, name[len(kind) + 1 : -1].split(","), strict=False))
    period = labels.pop("period", labels.pop("when", "all"))
    what = "/".join(labels.values()) or "all"
    return Breach(
        rule=kind.replace("_", " "), place=what, period=period, amount=float(amount), unit=ELASTIC[kind], penalty=None
    )
