"""Constraints that several followers have in common: what their multipliers are is the user's to say.

Where two followers carry the same limit on both their variables, their joint conditions have a whole family of
solutions (a generalised Nash equilibrium problem). "independent" keeps them all, and the leader chooses
(optimistic); "equal" asks for the one in which the limit has a single price (a variational equilibrium).
"""

from __future__ import annotations

import itertools
from typing import Any

from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.problem.forms import OwnForm, own_form, variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow
from batteryopt.bilevel.problem.refusals import UnsupportedFollower
from batteryopt.ground.errors import BatteryOptError, nearest

RELATIONS = ("independent", "equal")
DIGITS = 10
"""Significant digits to which coefficients of the same constraint must agree."""


def shared_rows(problem: BilevelProblem) -> list[tuple[FollowerRow, FollowerRow]]:
    """Return pairs of rows of two followers that state the same limit on variables of both."""
    owner = ComponentMap((v, i) for i, follower in enumerate(problem.followers) for v in follower.variables)
    alike: dict[Any, list[tuple[int, FollowerRow]]] = {}
    for i, follower in enumerate(problem.followers):
        for row in follower.rows:
            if not row.is_data and _reaches_others(row, i, owner):
                alike.setdefault(_normalised(row), []).append((i, row))
    pairs = itertools.chain.from_iterable(
        itertools.combinations(rows, 2) for key, rows in alike.items() if key is not None
    )
    return [(one, other) for (i, one), (j, other) in pairs if i != j]


def _reaches_others(row: FollowerRow, follower: int, owner: ComponentMap) -> bool:
    """Whether variables of other followers occur in a row."""
    return any(owner.get(v, follower) != follower for v in variables_in([row.form.expression]))


def _normalised(row: FollowerRow) -> Any | None:
    """Return what rows that state the same affine limit have in common; None for a row that is not affine.

    Rows are alike in all their variables, so that those that reach another follower reach each other's.
    """
    form = own_form(row.form.expression, variables_in([row.form.expression]))
    if not form.is_affine or not form.linear:
        return None
    scale = _scale(form, row)
    coefficients = frozenset((id(v), _rounded(float(c) / scale)) for v, c in form.linear.items())
    return coefficients, _rounded(float(form.constant) / scale), row.is_equality


def price_per_unit(row: FollowerRow) -> float:
    """Return what a shared row's multiplier is to be multiplied by to be the price of the limit that it states.

    A copy of ``y + z <= 1`` times 1000 has a multiplier of a thousandth: the price is the limit's, not the copy's.
    """
    return _scale(own_form(row.form.expression, variables_in([row.form.expression])), row)


def _scale(form: OwnForm, row: FollowerRow) -> float:
    """Return a row's largest coefficient; with a sign for an equality, which may be written either way round."""
    scale = max(abs(float(c)) for c in form.linear.values())
    if not row.is_equality:
        return scale
    first = min(form.linear.items(), key=lambda item: id(item[0]))[1]
    return scale if first > 0 else -scale


def require_word(problem: BilevelProblem, relation: str | None) -> None:
    """Raise where followers share a constraint and the user has not said how its multipliers relate.

    Raises
    ------
    UnsupportedFollower
        If there is a shared constraint and no relation.
    BatteryOptError
        If the relation is not one of `RELATIONS`.
    """
    if relation is not None and relation not in RELATIONS:
        raise BatteryOptError(f"unknown shared_multipliers '{relation}': {nearest(relation, RELATIONS)}")
    pairs = shared_rows(problem) if relation is None else []
    if pairs:
        one, other = pairs[0]
        raise UnsupportedFollower(
            one.name,
            f"the same constraint as {other.name} of another follower: say how their multipliers relate, "
            "shared_multipliers='independent' (any generalised Nash equilibrium, the leader's choice) "
            "or 'equal' (one price for both)",
        )


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") + 0.0
