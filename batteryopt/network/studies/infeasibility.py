"""Why no plan exists: the rows that cannot hold together, with their places, and by how much they are missed.

Every row is allowed to be missed at a price, and the sum of what is missed, each relative to the size of its row, is
made least. What remains missed names the rules, sites, periods and products in conflict. Which side of a conflict gives
is of the price's making; so the rules that are kept, and without which less would be missed, are named beside it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulation_arrays import row_names, to_arrays
from batteryopt.network.plan.readable import Breach
from batteryopt.network.search.search_units import in_units, natural_units
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

MISSED = 1e-6
"""Relative miss that counts."""
LONGEST = 60.0
"""Seconds for finding out what conflicts, where more are left or there is no limit."""

ELASTIC = {
    "every_node_is_in_balance": "t must leave and cannot",
    "capacity_is_kept": "t beyond the capacity",
    "product_capacity_is_kept": "t of the product beyond its own capacity",
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
    "visits_carry_the_load": "t beyond what visits carry",
    "visits_have_the_slots": "slots beyond those of the vehicles",
    "one_destination": "destinations too many, for it fits nowhere whole",
    "one_destination_by_mode": "destinations too many, for it fits nowhere whole",
}
"""Families of rows that may be missed, and what an amount of them means; the others are logic and hold.

Cuts, which follow from the rows, would forbid what the elastic rows allow: they are left out.
"""

BEYOND_A_RULE = "units beyond your own rule"
"""What an amount of a user's rule means; all of them may be missed."""

OPPOSING = ELASTIC.keys() - {"every_node_is_in_balance"}
"""What may be in the way of a rule: all but that matter does not vanish."""

PRICES = {"every_node_is_in_balance": 100.0, "one_destination": 0.01, "one_destination_by_mode": 0.01}
"""What missing a row by its whole size costs; 1 where nothing stands. Matter vanishes only where no rule can give, and
where a plan exists once some places have a second destination, those are what is named."""


Ints = np.typing.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Why no plan exists.

    Attributes
    ----------
    missed
        What cannot be kept, largest first.
    opposed
        What is kept, and in the way: with less of it, less would be missed.
    """

    missed: tuple[Breach, ...] = ()
    opposed: tuple[Breach, ...] = ()


def explain(m: Formulation, options: Options) -> Conflict:
    """Return what conflicts, in the time that is left; integrality is given up where it takes too long."""
    program, slack_rows, units = elastic(m)
    solve = _Solves(options)
    answer = solve(program, gap=1e-4, share=0.5)
    if answer.x is None:
        answer = solve(program.relaxed())
    if answer.x is None:
        return Conflict()
    slacks, sizes, cuts = answer.x[m.size :], _sizes(program), _cuts(m)
    names, kinds = row_names(m, leave_out=cuts), _kinds(m, cuts)
    found = [i for i in np.argsort(-slacks) if slacks[i] > MISSED]
    amounts = slacks * (sizes * units)[slack_rows]
    missed = [_breach(m, names[row], kinds[row], amounts[i]) for i in found for row in [slack_rows[i]]]
    may_oppose = OPPOSING | _added(m)
    opposing = _opposing(program, answer.x, kinds, may_oppose, frozenset(slack_rows[found].tolist()), solve)
    return Conflict(missed=tuple(missed), opposed=tuple(_breach(m, names[row], kinds[row], 0.0) for row in opposing))


class _Solves:
    """Solves of which all together keep to a time limit; one without any time left has no point."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ends_at = time.monotonic() + min(options.time_limit or LONGEST, LONGEST)

    def __call__(self, program: QuadraticProgram, *, gap: float = 0.0, share: float = 1.0) -> ArraySolution:
        """Return the answer to a program within a share of what is left."""
        left = self._ends_at - time.monotonic()
        if left <= 0.0:
            return ArraySolution(stop_reason=StopReason.TIME_LIMIT, point_status=PointStatus.NONE)
        return solve_arrays(program, dataclasses.replace(self._options, time_limit=share * left, relative_gap=gap))


def _opposing(
    program: QuadraticProgram,
    x: Floats,
    kinds: Sequence[str],
    may_oppose: Set[str],
    missed: frozenset[int],
    solve: _Solves,
) -> list[int]:
    """Return the rows in the way, those that matter most first: a price says so, and leaving them out proves it.

    In the relaxation, or, where that misses nothing, with the integers as they are. Prices alone would name rows that
    only hold by chance at that point; so each family of rows is left out once, and must have less missed.
    """
    relaxed = program.relaxed()
    answer = solve(relaxed)
    if answer.x is not None and relaxed.objective(answer.x) <= MISSED:
        whole = np.round(x)
        lower = np.where(program.is_integer, whole, program.lower)
        upper = np.where(program.is_integer, whole, program.upper)
        relaxed = dataclasses.replace(relaxed, lower=lower, upper=upper)
        answer = solve(relaxed)
    if answer.x is None or answer.row_duals is None:
        return []
    weights = np.abs(answer.row_duals) * _sizes(program)
    rows = [int(i) for i in np.argsort(-weights) if weights[i] > MISSED and i not in missed and kinds[i] in may_oppose]
    value = relaxed.objective(answer.x)
    matters = {
        kind: _value_without(relaxed, [row for row in rows if kinds[row] == kind], solve) < value - MISSED
        for kind in dict.fromkeys(kinds[row] for row in rows)
    }
    return [row for row in rows if matters[kinds[row]]]


def _value_without(program: QuadraticProgram, rows: Sequence[int], solve: _Solves) -> float:
    """Return what is missed where rows are left out; infinite where it is not found out in time."""
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    freed = dataclasses.replace(program, row_lower=lower, row_upper=upper)
    answer = solve(freed)
    return np.inf if answer.x is None or answer.bound is None else freed.objective(answer.x)


def elastic(m: Formulation) -> tuple[QuadraticProgram, Ints, Floats]:
    """Return the program with misses of rows as further columns, the row of each of these, and the unit of each row."""
    cuts = _cuts(m)
    base = to_arrays(m, np.zeros(m.size), leave_out=cuts)
    units = natural_units(m, base)
    base = in_units(base, units)
    kinds = np.array(_kinds(m, cuts), dtype=object)
    is_elastic = np.isin(kinds, [*ELASTIC, *_added(m)])
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
    return program, rows.astype(np.int64), units.rows


def _added(m: Formulation) -> Set[str]:
    """Return the families of rows that a user's rules brought."""
    return {name for name, rows in m.rows.items() if rows.is_added}


def _cuts(m: Formulation) -> list[str]:
    return [name for name, rows in m.rows.items() if rows.is_cut]


def _kinds(m: Formulation, leave_out: Sequence[str]) -> list[str]:
    """Return the family of each row."""
    return [name for name, rows in m.rows.items() if name not in leave_out for _ in range(len(rows))]


def _sizes(program: QuadraticProgram) -> Floats:
    """Return the size of each row: its right-hand side, at least the row's unit."""
    sides = [np.where(np.isfinite(side), abs(side), 0.0) for side in (program.row_lower, program.row_upper)]
    return np.maximum(1.0, np.maximum(*sides))


def _breach(m: Formulation, name: str, kind: str, amount: float) -> Breach:
    """Return a row's miss with its place and period, read from its name."""
    keys = m.rows[kind].index.keys
    labels = dict(zip(keys, name[len(kind) + 1 : -1].split(","), strict=False))
    period = labels.pop("period", labels.pop("when", "all"))
    what = "/".join(labels.values()) or "all"
    return Breach(
        rule=kind if m.rows[kind].is_added else kind.replace("_", " "),
        place=what,
        period=period,
        amount=float(amount),
        unit=ELASTIC.get(kind, BEYOND_A_RULE),
        penalty=None,
    )
