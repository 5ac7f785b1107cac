"""Constraints that several followers have in common: what their multipliers are is the user's to say.

Where two followers carry the same limit on both their variables, their joint conditions have a whole family of
solutions (a generalised Nash equilibrium problem). "independent" keeps them all, and the leader chooses
(optimistic); "equal" asks for the one in which the limit has a single price (a variational equilibrium).
"""

from __future__ import annotations

import itertools
from typing import Any

from pyomo.common.collections import ComponentSet

from batteryopt.bilevel.errors import UnsupportedFollower
from batteryopt.bilevel.forms import own_form
from batteryopt.bilevel.problem import BilevelProblem, FollowerProblem, Row
from batteryopt.errors import BatteryOptError, nearest

RELATIONS = ("independent", "equal")
DIGITS = 10
"""Significant digits to which coefficients of the same constraint must agree."""


def shared_rows(problem: BilevelProblem) -> list[tuple[Row, Row]]:
    """Return pairs of rows of two followers that state the same limit on variables of both."""
    found: list[tuple[Row, Row]] = []
    for one, other in itertools.combinations(problem.followers, 2):
        ours = _joint_rows(one, other)
        theirs = _joint_rows(other, one)
        found.extend((ours[key], theirs[key]) for key in ours.keys() & theirs.keys())
    return found


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


def _joint_rows(follower: FollowerProblem, other: FollowerProblem) -> dict[Any, Row]:
    """Return the affine rows of a follower that contain own variables of both, by their normalised coefficients."""
    theirs = ComponentSet(other.variables)
    everything = ComponentSet([*follower.variables, *follower.data_variables])
    rows = {}
    for row in follower.rows:
        form = own_form(row.form.expression, everything)
        if row.is_data or not form.is_affine or not any(v in theirs for v in form.variables):
            continue
        numbers = [float(c) for c in form.linear.values()] + [float(form.constant)]
        scale = max(abs(number) for number in numbers)
        key = frozenset((id(v), _rounded(float(c) / scale)) for v, c in form.linear.items())
        rows[key, _rounded(float(form.constant) / scale), row.is_equality] = row
    return rows


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") + 0.0
