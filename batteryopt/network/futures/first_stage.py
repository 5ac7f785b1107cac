"""What is decided once for all futures, apart from what each of them decides with hindsight."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.formulation.algebra import Bools, Claim, Floats, Formulation, Rows, VariableFamily
from batteryopt.network.formulation.formulation_arrays import matrix
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.futures.extensive_form import are_alike

FIRST_STAGE = ("is_open", "raised", "closed", "is_full")
"""Families that are decided once for all futures."""
FOLLOWS = ("kept",)
"""What was raised and stands at the end follows from those; futures with other subsidies value it differently."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstStage:
    """Columns that all futures share, and the rows that speak of nothing else.

    Attributes
    ----------
    parts
        The formulations of the futures, without rows of the first stage alone that only tighten: these stand here.
    positions
        Of the shared columns (k) in each part.
    lower, upper, is_integer
        Of these columns (k).
    group
        What belongs together (k): the columns of one facility; each by itself where there are none.
    A, row_lower, row_upper
        Their rows (m, k): what any part demands.
    """

    parts: tuple[Formulation, ...]
    positions: tuple[Ints, ...]
    lower: Floats
    upper: Floats
    is_integer: Bools
    group: Ints
    A: sp.csr_array
    row_lower: Floats
    row_upper: Floats

    def __len__(self) -> int:
        return len(self.lower)


def first_stage_of(parts: Sequence[Formulation], names: Collection[str]) -> FirstStage:
    """Return the first stage of formulations.

    Parameters
    ----------
    names
        Families of variables that are decided once.

    Raises
    ------
    InvalidInput
        If the futures are not alike in one of them.
    """
    shared = [name for name in parts[0].families if name in names]
    for name in shared:
        if not are_alike([part.families.get(name) for part in parts]):
            problem = f"the futures differ in what is decided before they are known ({name})"
            raise InvalidInput("futures", [Fault(place="changes", problem=problem, remedy="change it for all of them")])
    positions = tuple(np.concatenate([_columns(part, name) for name in shared]) for part in parts)
    own = [_own_rows(part, mine) for part, mine in zip(parts, positions, strict=True)]
    kept = _chosen(own)
    families = [parts[0].families[name] for name in shared]
    return FirstStage(
        parts=tuple(
            _without(part, [name for name in rows if rows[name].is_cut and len(rows[name]) == len(part.rows[name])])
            for part, rows in zip(parts, own, strict=True)
        ),
        positions=positions,
        lower=np.concatenate([family.lower for family in families]),
        upper=np.concatenate([family.upper for family in families]),
        is_integer=np.concatenate([family.is_integer for family in families]),
        group=_groups(families),
        A=matrix(kept, len(positions[0])),
        row_lower=np.concatenate([np.zeros(0), *(rows.lower for rows in kept)]),
        row_upper=np.concatenate([np.zeros(0), *(rows.upper for rows in kept)]),
    )


def _groups(families: Sequence[VariableFamily]) -> Ints:
    """Return what belongs together: facilities, where columns say of which they are."""
    found, free = [], -1
    for family in families:
        own = family.index.columns.get("facility")
        if own is None:
            own = np.arange(free, free - len(family), -1, dtype=np.int64)
            free -= len(family)
        found.append(own)
    return np.concatenate(found).astype(np.int64)


def _columns(m: Formulation, name: str) -> Ints:
    positions = m.families[name].positions
    return np.arange(positions.start, positions.stop, dtype=np.int64)


def _own_rows(m: Formulation, positions: Ints) -> dict[str, Rows]:
    """Return the rows that speak of the first stage alone, with its own numbers of columns.

    A family of rows may have both: a limit on what stands beside one on what flows.
    """
    number = np.full(m.size, -1, dtype=np.int64)
    number[positions] = np.arange(len(positions))
    found = {}
    for name, rows in m.rows.items():
        is_own = np.ones(len(rows), dtype=bool)
        is_own[rows.row[number[rows.variable] < 0]] = False
        if is_own.any():
            found[name] = _some(rows, is_own, number)
    return found


def _some(rows: Rows, is_own: Bools, number: Ints) -> Rows:
    """Return some of the rows of a family, with other numbers of columns."""
    entries = is_own[rows.row]
    place = np.cumsum(is_own) - 1
    return dataclasses.replace(
        rows,
        index=rows.index.where(is_own),
        row=place[rows.row[entries]],
        variable=number[rows.variable[entries]],
        coefficient=rows.coefficient[entries],
        lower=rows.lower[is_own],
        upper=rows.upper[is_own],
    )


def _chosen(own: Sequence[dict[str, Rows]]) -> list[Rows]:
    """Return the rows that plans for all keep: what any future demands, but for choices among equally good plans.

    Where only some futures choose, of all together another plan than theirs may be the best.
    """
    kept: list[Rows] = []
    for name in dict.fromkeys(name for rows in own for name in rows):
        found = [rows[name] for rows in own if name in rows]
        if len(found) == len(own) and all(_is_same(found[0], other) for other in found):
            kept.append(found[0])
        elif found[0].claim is not Claim.CHOICE:
            kept.extend(found)
    return kept


def _is_same(one: Rows, other: Rows) -> bool:
    arrays = ("row", "variable", "coefficient", "lower", "upper")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


def _without(m: Formulation, names: Collection[str]) -> Formulation:
    if not names:
        return m
    found = copy.copy(m)
    found.rows = {name: rows for name, rows in m.rows.items() if name not in names}
    return found
