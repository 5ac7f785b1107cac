"""What a field of an entity may hold, said once where the field stands: limits of a number, the table a name is from.

A new field is one line, ``most_t: AtLeastZeroProfile | None = None``; from it come the check when an entity is made,
the reference that is looked up, the column of the table and its drop-down. A number without limits, or a text that is
neither a name of its own nor a reference, is a mistake of ours, which `specs_of` refuses.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from batteryopt.ground.inputs import LARGEST

Profile: TypeAlias = float | tuple[float, ...]
"""One number for all periods, or a tuple with one number a period."""


def is_finite(number: float) -> bool:
    """Whether a number can be reckoned with: whole numbers beyond the largest double cannot."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which finite numbers a field may hold.

    Attributes
    ----------
    least, above, most
        At least, more than, at most.
    """

    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf

    def allow(self, number: float) -> bool:
        """Whether a number is within them, and of a size that can be computed with."""
        if not is_finite(number) or abs(number) > LARGEST:
            return False
        return self.least <= number <= self.most and number > self.above

    @property
    def words(self) -> str:
        """What is expected."""
        if (self.least, self.most) == (0.0, 1.0):
            return "a share from 0 to 1"
        if math.isfinite(self.above):
            return f"a finite number above {self.above:g}"
        return f"a finite number of at least {self.least:g}" if math.isfinite(self.least) else "a finite number"


@dataclass(frozen=True)
class RefersTo:
    """That a text is the name of a row of another table; empty: of none."""

    table: str


@dataclass(frozen=True)
class Own:
    """That a text is a name of its own, or a word for people."""


AnyNumber: TypeAlias = Annotated[float, Limits()]
AnyProfile: TypeAlias = Annotated[Profile, Limits()]
AtLeastZero: TypeAlias = Annotated[float, Limits(least=0.0)]
AtLeastZeroProfile: TypeAlias = Annotated[Profile, Limits(least=0.0)]
AboveZero: TypeAlias = Annotated[float, Limits(above=0.0)]
Share: TypeAlias = Annotated[float, Limits(least=0.0, most=1.0)]
ShareProfile: TypeAlias = Annotated[Profile, Limits(least=0.0, most=1.0)]
Periods: TypeAlias = Annotated[int, Limits(least=0.0)]
"""A number of periods."""

OwnName: TypeAlias = Annotated[str, Own()]
SiteName: TypeAlias = Annotated[str, RefersTo("sites")]
ProductName: TypeAlias = Annotated[str, RefersTo("products")]
TypeName: TypeAlias = Annotated[str, RefersTo("types")]
ModeName: TypeAlias = Annotated[str, RefersTo("modes")]
PeriodName: TypeAlias = Annotated[str, RefersTo("periods")]
ScenarioName: TypeAlias = Annotated[str, RefersTo("scenarios")]
GroupName: TypeAlias = Annotated[str, RefersTo("groups")]
DistanceName: TypeAlias = Annotated[str, RefersTo("distances")]
Amounts: TypeAlias = tuple[tuple[ProductName, AboveZero], ...]
"""(product, tonnes for each tonne processed)."""


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """What is known of a field.

    Attributes
    ----------
    limits
        Of its numbers; None where it holds none.
    refers_to
        The table that its names are from; empty: none.
    choices
        The enumeration that its words come from.
    is_optional
        Whether it may be None.
    is_whole
        Whether its number is a whole one.
    is_list
        Whether it holds several names.
    is_profile
        Whether it may differ from period to period.
    is_amounts
        Whether it holds products with tonnes.
    is_text
        Whether it holds a text, or several.
    """

    name: str
    limits: Limits | None
    refers_to: str
    choices: type[enum.StrEnum] | None
    is_optional: bool
    is_whole: bool
    is_list: bool
    is_profile: bool
    is_amounts: bool
    is_text: bool


def specs_of(entity: type) -> tuple[FieldSpec, ...]:
    """Return what is known of every field of an entity, parts that are entities themselves left out.

    Raises
    ------
    TypeError
        If a number has no limits or a text is neither a name of its own nor a reference.
    """
    return _specs_of(entity)


@cache
def _specs_of(entity: type) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(entity, include_extras=True)
    found = (_spec(field.name, hints[field.name]) for field in dataclasses.fields(entity))
    return tuple(spec for spec in found if spec is not None)


@dataclass(frozen=True, kw_only=True)
class PartSpec:
    """A field that holds entities, or one of them, and the class that they are of."""

    name: str
    kind: type[Any]
    is_many: bool


@cache
def parts_of(owner: type) -> tuple[PartSpec, ...]:
    """Return the fields of a class that hold entities: the tables of a network, the levels of a type."""
    hints = get_type_hints(owner, include_extras=True)
    found = ((field.name, list(_leaves(hints[field.name])), hints[field.name]) for field in dataclasses.fields(owner))
    return tuple(
        PartSpec(name=name, kind=cast("type[Any]", leaves[0][0]), is_many=get_origin(hint) is tuple)
        for name, leaves, hint in found
        if dataclasses.is_dataclass(leaves[0][0])
    )


def _spec(name: str, hint: Any) -> FieldSpec | None:
    leaves = list(_leaves(hint))
    kinds = {leaf for leaf, _ in leaves}
    if any(dataclasses.is_dataclass(kind) for kind in kinds):
        return None
    for kind, marks in leaves:
        needed = Limits if kind in (float, int) else (RefersTo, Own) if kind is str else None
        if needed is not None and not any(isinstance(mark, needed) for mark in marks):
            raise TypeError(f"{name}: {kind.__name__} without {needed}; see batteryopt.network.data.fields")
    said = [mark for _, marks in leaves for mark in marks]
    is_amounts = float in kinds and str in kinds
    members = [_plain(member) for member in _members(_plain(hint))]
    has_tuple = any(get_origin(member) is tuple for member in members)
    return FieldSpec(
        name=name,
        limits=next((mark for mark in said if isinstance(mark, Limits)), None),
        refers_to=next((mark.table for mark in said if isinstance(mark, RefersTo)), ""),
        choices=next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, enum.StrEnum)), None),
        is_optional=types.NoneType in kinds,
        is_whole=int in kinds,
        is_list=has_tuple and str in kinds and not is_amounts,
        is_profile=float in kinds and str not in kinds and len(leaves) > 1 and _holds_tuple(hint),
        is_amounts=is_amounts,
        is_text=str in kinds and not is_amounts,
    )


def _leaves(hint: Any, marks: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the plain types in a hint, each with what is said of it."""
    if get_origin(hint) is Annotated:
        inner, *more = get_args(hint)
        yield from _leaves(inner, (*marks, *more))
    elif get_origin(hint) in (Union, types.UnionType, tuple):
        for member in get_args(hint):
            if member is not Ellipsis:
                yield from _leaves(member, marks)
    else:
        yield hint, marks


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _holds_tuple(hint: Any) -> bool:
    return any(
        get_origin(part) is tuple for member in _members(_plain(hint)) for part in _members(_plain(_plain(member)))
    )
