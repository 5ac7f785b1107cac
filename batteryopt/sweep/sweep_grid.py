"""Which instances a sweep is about: every combination of some values of some keys, each of them validated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from batteryopt.families import family_of
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.unit_words import unit_of
from batteryopt.tables.changes import Change, How, split
from batteryopt.tables.input_faults import meaning_of
from batteryopt.tables.toml_changes import key_faults, without_table
from batteryopt.tables.toml_input import TomlInstance

MOST_POINTS = 100_000
"""Of a grid."""
MOST_LOOKED_AT = 3_000
"""Points of networks that are all made before one is solved; beyond, each value is tried by itself alone."""
BLOCK = 8
"""Points of which the first begins from nothing, and the others from the one before."""
_SHOWN = 6
"""Values of a key that a fault lists one by one; of more it names the first, the last and how many."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key of the instance and the values that it takes; ``key.2`` is the third item of a list.

    Attributes
    ----------
    how
        Whether the values are put there, multiply what is there, or are added to it.

    Raises
    ------
    InvalidInput
        If there is no value, or one that is not finite.
    """

    key: str
    values: tuple[float, ...]
    how: How = How.SET

    def __post_init__(self) -> None:
        if not self.values or not all(math.isfinite(value) for value in self.values):
            fault = Fault(place=self.key, problem=f"varies over {self.values}", remedy="give finite numbers")
            raise InvalidInput("sweep", [fault])

    @classmethod
    def evenly(cls, key: str, start: float, stop: float, count: int, how: How = How.SET) -> Axis:
        """Return evenly spaced values, both ends included."""
        return cls(key=key, values=tuple(np.linspace(start, stop, count).tolist()), how=how)

    def change(self, value: float) -> Change:
        """Return the change that one of the values makes."""
        return Change(key=self.key, how=self.how, value=value)

    @classmethod
    def parse(cls, text: str) -> Axis:
        """Return the axis that ``KEY=START:STOP:COUNT`` describes, or raise `InvalidInput`.

        With ``*=`` and ``+=`` the values multiply what is there, or are added to it.
        """
        key, how, numbers = split(text)
        parts = numbers.split(":")
        try:
            start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
        except (ValueError, IndexError):
            raise _unclear(text, "expected KEY=START:STOP:COUNT, such as usable_share=0.3:0.9:25") from None
        if not key or how is None or len(parts) != 3:
            raise _unclear(text, "expected KEY=START:STOP:COUNT, such as usable_share=0.3:0.9:25")
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise _unclear(text, "START and STOP must be finite numbers")
        if count < 1 or (count == 1 and start != stop):
            raise _unclear(text, "COUNT must be at least 2, or 1 where START and STOP are the same")
        if count > MOST_POINTS:
            raise _unclear(text, f"COUNT may be at most {MOST_POINTS:,}")
        return cls.evenly(key, start, stop, count, how)


def _unclear(text: str, remedy: str) -> InvalidInput:
    return InvalidInput("command line", [Fault(place="--vary", problem=f"'{text}' cannot be used", remedy=remedy)])


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """An instance and what is different of it at one point; the instance there is made when it is asked for."""

    base: Any
    changes: tuple[Change, ...]

    @property
    def instance(self) -> Any:
        """The instance at the point, or `InvalidInput` where there is none."""
        return family_of(self.base.kind).changed_instance(self.base, self.changes)


@dataclass(frozen=True, kw_only=True)
class SweepGrid:
    """An instance and what varies, with every point's instance valid. Made by `grid_of`.

    Attributes
    ----------
    axes
        As given, their keys without the table.
    """

    base: Any
    axes: tuple[Axis, ...]

    @property
    def points(self) -> list[dict[str, float]]:
        """The values of the keys at every point, the last axis running fastest."""
        return list(_points(self.axes))

    @property
    def parts(self) -> list[SweepPoint]:
        """What is solved at every point, in the order of `points`."""
        return [SweepPoint(base=self.base, changes=_changes(self.axes, point)) for point in self.points]

    @property
    def instances(self) -> tuple[Any, ...]:
        """The instances at every point."""
        return tuple(part.instance for part in self.parts)

    def neighbours(self) -> dict[int, int]:
        """Return the point from which each one begins that has one: the one before it along the last axis.

        Of every `BLOCK` points the first begins from nothing, so that several can work at once; what begins from what
        does not depend on how many they are, and so the table does not.
        """
        length = len(self.axes[-1].values) if self.axes else 1
        count = math.prod(len(axis.values) for axis in self.axes)
        return {number: number - 1 for number in range(count) if number % length % BLOCK}


def grid_of(base: Any, axes: Sequence[Axis]) -> SweepGrid:
    """Return the grid of an instance.

    Raises
    ------
    InvalidInput
        With every fault: a key that does not exist, is given twice or holds no number, and every value or combination
        of values that makes no valid instance.
    """
    points = math.prod(len(axis.values) for axis in axes)
    if points > MOST_POINTS:
        fault = Fault(
            place="--vary",
            problem=f"makes {points:,} points",
            remedy=f"at most {MOST_POINTS:,} are solved: give fewer values",
        )
        raise InvalidInput("sweep", [fault])
    is_toml = isinstance(base, TomlInstance)
    plain = tuple(replace(axis, key=without_table(axis.key, base)) for axis in axes) if is_toml else tuple(axes)
    faults = list(_key_faults(base, plain)) or list(_value_faults(base, plain))
    if not faults and (is_toml or (len(axes) > 1 and points <= MOST_LOOKED_AT)):
        faults = _point_faults(base, plain)
    if faults:
        raise InvalidInput("sweep", faults)
    return SweepGrid(base=base, axes=plain)


def meaning_of_key(base: Any, key: str) -> str:
    """Return what a key means, with its unit, as its file says it."""
    if not isinstance(base, TomlInstance):
        return _words_of_key(base, key)
    name, _, index = key.partition(".")
    meaning = meaning_of(type(base).model_fields[name])
    return f"{meaning}, item {index}" if index else meaning


def key_in_words(key: str, axis: Axis, currency: str) -> str:
    """Return a column or setting as an axis names it: its table and rows, its name, its unit where the value has one.

    "returns[product=pack].tonnes" is "Returns, product=pack: tonnes (t)"; a setting of the policy has no table.
    """
    place, _, last = key.rpartition(".")
    column, _, period = last.partition(":")
    table, _, rows = place.partition("[")
    unit = unit_of(column, currency)
    name = (column.partition("_per_")[0] if unit else column).removesuffix("_t").replace("_", " ")
    unit = "" if axis.how is How.TIMES else unit
    where = [part for part in (table if table != "policy" else "", rows.removesuffix("]"), period) if part]
    words = f"{', '.join(where)}: {name}" if where else name
    return f"{words[:1].upper()}{words[1:]}{f' ({unit})' if unit else ''}"


def _words_of_key(base: Any, key: str) -> str:
    family = family_of(base.kind)
    return str(family.get(family.words_of_key)(base, key))


def _points(axes: Sequence[Axis]) -> Iterator[dict[str, float]]:
    keys = [axis.key for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip(keys, values, strict=True))


def _key_faults(base: Any, axes: Sequence[Axis]) -> Iterator[Fault]:
    keys = [axis.key for axis in axes]
    for axis in {axis.key: axis for axis in axes}.values():
        faults = list(_faults_of_key(base, axis))
        yield from faults
        if not faults and keys.count(axis.key) > 1:
            yield Fault(place=axis.key, problem="is varied twice", remedy="name every key once")


def _faults_of_key(base: Any, axis: Axis) -> Iterator[Fault]:
    if isinstance(base, TomlInstance):
        yield from key_faults(base, axis.key, of_all_items=axis.how is not How.SET, numbers=True)
        return
    try:
        _words_of_key(base, axis.key)
    except InvalidInput as error:
        yield from error.faults


def _value_faults(base: Any, axes: Sequence[Axis]) -> Iterator[Fault]:
    """Yield what is wrong with the values of one key whatever the others are."""
    for axis in axes:
        refused: dict[tuple[str, str, str], list[float]] = {}
        for value in axis.values:
            for fault in _faults_at(base, [axis.change(value)]):
                if _is_of_key(base, fault, axis.key):
                    problem = "" if isinstance(base, TomlInstance) else fault.problem
                    refused.setdefault((fault.place, problem, fault.remedy), []).append(value)
        for (place, problem, remedy), values in refused.items():
            where = axis.key if isinstance(base, TomlInstance) else place
            why = f" ({problem})" if problem else ""
            yield Fault(place=where, problem=f"{_listed(values)} cannot be{why}", remedy=remedy)


def _is_of_key(base: Any, fault: Fault, key: str) -> bool:
    """Whether a fault is of one key's value alone; of a game, others may have the value that goes with it."""
    return not isinstance(base, TomlInstance) or fault.place.partition("[")[0] == key.partition(".")[0]


def _point_faults(base: Any, axes: Sequence[Axis]) -> list[Fault]:
    """Return what is wrong with the points that have no instance."""
    refused: dict[tuple[str, str, str], list[str]] = {}
    for point in _points(axes):
        words = ", ".join(f"{key} = {value:g}" for key, value in point.items())
        for fault in _faults_at(base, _changes(axes, point)):
            refused.setdefault((fault.place, fault.problem, fault.remedy), []).append(words)
    return [
        Fault(place=f"{place} (at {'; '.join(points)})", problem=problem, remedy=remedy)
        for (place, problem, remedy), points in refused.items()
    ]


def _changes(axes: Sequence[Axis], point: Mapping[str, float]) -> tuple[Change, ...]:
    return tuple(axis.change(point[axis.key]) for axis in axes)


def _faults_at(base: Any, changes: Sequence[Change]) -> tuple[Fault, ...]:
    try:
        family_of(base.kind).changed_instance(base, changes)
    except InvalidInput as error:
        return error.faults
    return ()


def _listed(values: Sequence[float]) -> str:
    if len(values) <= _SHOWN:
        return ", ".join(f"{value:g}" for value in values)
    return f"{values[0]:g}, {values[1]:g} ... {values[-1]:g} ({len(values)} values)"
