"""Which instances a sweep is about: every combination of some values of some keys, each of them validated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.tables.changes import Change, How, split
from batteryopt.tables.input_faults import meaning_of
from batteryopt.tables.toml_changes import changed, key_faults, without_table
from batteryopt.tables.toml_input import TomlInstance

MOST_POINTS = 100_000
"""Of a grid."""
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
class SweepGrid:
    """An instance and what varies, with every point's instance valid. Made by `grid_of`.

    Attributes
    ----------
    axes
        As given, their keys without the table.
    instances
        By point, the last axis running fastest.
    """

    base: TomlInstance
    axes: tuple[Axis, ...]
    instances: tuple[TomlInstance, ...]

    @property
    def points(self) -> list[dict[str, float]]:
        """The values of the keys at every point, in the order of `instances`."""
        return list(_points(self.axes))


def grid_of(base: Any, axes: Sequence[Axis]) -> SweepGrid:
    """Return the grid of an instance.

    Raises
    ------
    InvalidInput
        With every fault: a key that does not exist, is given twice or holds no number, and every value or combination
        of values that makes no valid instance.
    """
    if not isinstance(base, TomlInstance):
        fault = Fault(place="INSTANCE", problem="its kind cannot be swept", remedy="give an instance in one TOML file")
        raise InvalidInput("sweep", [fault])
    points = math.prod(len(axis.values) for axis in axes)
    if points > MOST_POINTS:
        fault = Fault(
            place="--vary",
            problem=f"makes {points:,} points",
            remedy=f"at most {MOST_POINTS:,} are solved: give fewer values",
        )
        raise InvalidInput("sweep", [fault])
    plain = tuple(replace(axis, key=without_table(axis.key, base)) for axis in axes)
    faults = list(_key_faults(base, plain)) or list(_value_faults(base, plain))
    if faults:
        raise InvalidInput("sweep", faults)
    instances, faults = _instances(base, plain)
    if faults:
        raise InvalidInput("sweep", faults)
    return SweepGrid(base=base, axes=plain, instances=tuple(instances))


def meaning_of_key(base: TomlInstance, key: str) -> str:
    """Return what a key means, with its unit, as its file says it."""
    name, _, index = key.partition(".")
    meaning = meaning_of(type(base).model_fields[name])
    return f"{meaning}, item {index}" if index else meaning


def _points(axes: Sequence[Axis]) -> Iterator[dict[str, float]]:
    keys = [axis.key for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip(keys, values, strict=True))


def _key_faults(base: TomlInstance, axes: Sequence[Axis]) -> Iterator[Fault]:
    keys = [axis.key for axis in axes]
    for axis in {axis.key: axis for axis in axes}.values():
        faults = list(key_faults(base, axis.key, of_all_items=axis.how is not How.SET, numbers=True))
        yield from faults
        if not faults and keys.count(axis.key) > 1:
            yield Fault(place=axis.key, problem="is varied twice", remedy="name every key once")


def _value_faults(base: TomlInstance, axes: Sequence[Axis]) -> Iterator[Fault]:
    """Yield what is wrong with the values of one key whatever the others are."""
    for axis in axes:
        refused: dict[tuple[str, str], list[float]] = {}
        for value in axis.values:
            for fault in _faults_at(base, [axis.change(value)]):
                if fault.place.partition("[")[0] == axis.key.partition(".")[0]:
                    refused.setdefault((fault.place, fault.remedy), []).append(value)
        for (_, remedy), values in refused.items():
            yield Fault(place=axis.key, problem=f"{_listed(values)} cannot be", remedy=remedy)


def _instances(base: TomlInstance, axes: Sequence[Axis]) -> tuple[list[TomlInstance], list[Fault]]:
    """Return the instances of all points, and what is wrong with the points that have none."""
    instances: list[TomlInstance] = []
    refused: dict[tuple[str, str, str], list[str]] = {}
    for point in _points(axes):
        try:
            instances.append(changed(base, [axis.change(point[axis.key]) for axis in axes]))
        except InvalidInput as error:
            words = ", ".join(f"{key} = {value:g}" for key, value in point.items())
            for fault in error.faults:
                refused.setdefault((fault.place, fault.problem, fault.remedy), []).append(words)
    faults = [
        Fault(place=f"{place} (at {'; '.join(points)})", problem=problem, remedy=remedy)
        for (place, problem, remedy), points in refused.items()
    ]
    return instances, faults


def _faults_at(base: TomlInstance, changes: Sequence[Change]) -> tuple[Fault, ...]:
    try:
        changed(base, changes)
    except InvalidInput as error:
        return error.faults
    return ()


def _listed(values: Sequence[float]) -> str:
    if len(values) <= _SHOWN:
        return ", ".join(f"{value:g}" for value in values)
    return f"{values[0]:g}, {values[1]:g} ... {values[-1]:g} ({len(values)} values)"
