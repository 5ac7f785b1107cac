"""The extensive form: the formulations of single futures side by side, with what is decided once for all of them.

It knows nothing of networks: any formulations whose first stages are alike can be joined. What a family of variables
of the first stage is, all of them have alike; every other family and every row is there once for each of them. Rows
of the first stage alone, which all have alike, are there once too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.formulation.algebra import Bools, Claim, Floats, Formulation, Index, Rows, Terms, VariableFamily
from batteryopt.network.formulation.matching import Ints

FUTURE = "future"


@dataclass(frozen=True, kw_only=True, eq=False)
class Extensive:
    """Formulations joined.

    Attributes
    ----------
    m
        The joint formulation; its accounts are expectations.
    parts, probabilities
        What it was joined from.
    columns
        The joint column of each column of each part.
    """

    m: Formulation
    parts: tuple[Formulation, ...]
    probabilities: Floats
    columns: tuple[Ints, ...]

    def of_part(self, x: Floats, position: int) -> Floats:
        """Return the point of one part."""
        return np.asarray(x[self.columns[position]], dtype=float)

    def joined(self, points: Sequence[Floats]) -> Floats:
        """Return the joint point of points whose first stages are the same."""
        x = np.zeros(self.m.size)
        for columns, point in zip(self.columns, points, strict=True):
            x[columns] = point
        return x


def join(
    parts: Sequence[Formulation],
    probabilities: Sequence[float],
    names: Sequence[str],
    *,
    first_stage: Collection[str],
    follows: Collection[str] = (),
) -> Extensive:
    """Return the extensive form of formulations.

    Parameters
    ----------
    first_stage
        Families of variables that are decided once.
    follows
        Families that follow from those, and may be there once for each future where the futures differ in them.

    Raises
    ------
    InvalidInput
        If the futures are not alike in a family of the first stage.
    """
    shares = np.asarray(probabilities, dtype=float)
    m = Formulation({**parts[0].labels, FUTURE: list(names)}, tonne=max(part.tonne for part in parts))
    columns = tuple(np.full(part.size, -1, dtype=np.int64) for part in parts)
    is_shared = _add_variables(m, parts, columns, first_stage, follows)
    for name in _names(part.rows for part in parts):
        rows = _joined_rows([part.rows.get(name) for part in parts], columns, is_shared)
        if rows is not None:
            m.rows[name] = rows
    for part, mine, share in zip(parts, columns, shares.tolist(), strict=True):
        for account, terms in part.charges.items():
            moved = [Terms(columns={}, variable=mine[t.variable], coefficient=t.coefficient * share) for t in terms]
            for each in moved:
                m.charge(account, each)
        for account, constant in part.constants.items():
            m.charge(account, constant=constant * share)
    return Extensive(m=m, parts=tuple(parts), probabilities=shares, columns=columns)


def _names(tables: Iterable[Collection[str]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))


def _add_variables(
    m: Formulation,
    parts: Sequence[Formulation],
    columns: Sequence[Ints],
    first_stage: Collection[str],
    follows: Collection[str],
) -> Bools:
    """Add the families of all parts, note their columns, and return which joint columns are decided once."""
    shared: list[slice] = []
    for name in _names(part.families for part in parts):
        families = [part.families.get(name) for part in parts]
        is_alike = are_alike(families)
        if name in first_stage and not is_alike:
            problem = f"the futures differ in what is decided before they are known ({name})"
            raise InvalidInput("futures", [Fault(place="changes", problem=problem, remedy="change it for all of them")])
        own = [family for family in families if family is not None]
        one = own[0]
        if is_alike and name in (*first_stage, *follows):
            m.variables(name, one.index, lower=one.lower, upper=one.upper, is_integer=one.is_integer, doc=one.doc)
            first, counts = m.families[name].first, [0] * len(parts)
            shared.append(m.families[name].positions)
        else:
            m.variables(
                name,
                _side_by_side([None if family is None else family.index for family in families]),
                lower=np.concatenate([family.lower for family in own]),
                upper=np.concatenate([family.upper for family in own]),
                is_integer=np.concatenate([family.is_integer for family in own]),
                doc=one.doc,
                is_added=one.is_added,
            )
            first, counts = m.families[name].first, [0 if family is None else len(family) for family in families]
        for mine, family, count in zip(columns, families, counts, strict=True):
            if family is not None:
                mine[family.positions] = np.arange(first, first + len(family))
            first += count
    mask = np.zeros(m.size, dtype=bool)
    for positions in shared:
        mask[positions] = True
    return mask


def are_alike(families: Sequence[VariableFamily | None]) -> bool:
    """Return whether all parts have a family, with the same variables and bounds."""
    one = families[0]
    return one is not None and all(
        other is not None
        and _is_same_index(one.index, other.index)
        and np.array_equal(one.lower, other.lower)
        and np.array_equal(one.upper, other.upper)
        and np.array_equal(one.is_integer, other.is_integer)
        for other in families
    )


def _is_same_index(one: Index, other: Index) -> bool:
    return one.keys == other.keys and all(np.array_equal(one[key], other[key]) for key in one.keys)


def _side_by_side(indices: Sequence[Index | None]) -> Index:
    """Return one index of all rows, with the future as its last key."""
    own = [(position, index) for position, index in enumerate(indices) if index is not None]
    one = own[0][1]
    common = [name for name in one.columns if all(name in index.columns for _, index in own)]
    columns = {name: np.concatenate([index[name] for _, index in own]) for name in common}
    future = np.concatenate([np.full(len(index), position, dtype=np.int64) for position, index in own])
    return Index(keys=(*one.keys, FUTURE), columns={**columns, FUTURE: future})


def _joined_rows(rows: Sequence[Rows | None], columns: Sequence[Ints], is_shared: Bools) -> Rows | None:
    """Return rows of one name of all parts: once where they are of the first stage and alike, else one a part.

    Rows that only choose among equally good plans of one part (twins that open in order) choose among plans of all
    only where every part has them.
    """
    moved = [
        None if each is None else dataclasses.replace(each, variable=mine[each.variable])
        for each, mine in zip(rows, columns, strict=True)
    ]
    own = [each for each in moved if each is not None]
    one = own[0]
    if all(is_shared[each.variable].all() for each in own):
        if len(own) == len(moved) and all(_is_same(one, other) for other in own):
            return one
        if one.claim is Claim.CHOICE:
            return None
    firsts = np.cumsum([0, *(len(each) for each in own)])
    return dataclasses.replace(
        one,
        index=_side_by_side([None if each is None else each.index for each in moved]),
        row=np.concatenate([each.row + first for each, first in zip(own, firsts, strict=False)]),
        variable=np.concatenate([each.variable for each in own]),
        coefficient=np.concatenate([each.coefficient for each in own]),
        lower=np.concatenate([each.lower for each in own]),
        upper=np.concatenate([each.upper for each in own]),
    )


def _is_same(one: Rows, other: Rows) -> bool:
    arrays = ("row", "variable", "coefficient", "lower", "upper")
    return _is_same_index(one.index, other.index) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )
