"""Which instances a sweep is about: every combination of some values of some keys, each of them validated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.tables.input_faults import meaning_of, table_of
from batteryopt.tables.toml_input import TomlInstance

Changes = Mapping[str, float]
MOST_POINTS = 100_000
"""Of a grid."""
_SHOWN = 6
"""Values of a key that a fault lists one by one; of more it names the first, the last and how many."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key of the instance and the values that it takes; ``key.2`` is the third item of a list.

    Raises
    ------
    InvalidInput
        If there is no value, or one that is not finite.
    """

    key: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or not all(math.isfinite(value) for value in self.values):
            fault = Fault(place=self.key, problem=f"varies over {self.values}", remedy="give finite numbers")
            raise InvalidInput("sweep", [fault])

    @classmethod
    def evenly(cls, key: str, start: float, stop: float, count: int) -> Axis:
        """Return evenly spaced values, both ends included."""
        return cls(key=key, values=tuple(np.linspace(start, stop, count).tolist()))

    @classmethod
    def parse(cls, text: str) -> Axis:
        """Return the axis that ``KEY=START:STOP:COUNT`` describes, or raise `InvalidInput`."""
        key, equals, numbers = text.partition("=")
        parts = numbers.split(":")
        try:
            start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
        except (ValueError, IndexError):
            raise _unclear(text, "expected KEY=START:STOP:COUNT, such as usable_share=0.3:0.9:25") from None
        if not key or not equals or len(parts) != 3:
            raise _unclear(text, "expected KEY=START:STOP:COUNT, such as usable_share=0.3:0.9:25")
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise _unclear(text, "START and STOP must be finite numbers")
        if count < 1 or (count == 1 and start != stop):
            raise _unclear(text, "COUNT must be at least 2, or 1 where START and STOP are the same")
        if count > MOST_POINTS:
            raise _unclear(text, f"COUNT may be at most {MOST_POINTS:,}")
        return cls.evenly(key, start, stop, count)


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
    plain = tuple(Axis(key=_without_table(axis.key, base), values=axis.values) for axis in axes)
    faults = list(_key_faults(base, plain)) or list(_value_faults(base, plain))
    if faults:
        raise InvalidInput("sweep", faults)
    instances, faults = _instances(base, plain)
    if faults:
        raise InvalidInput("sweep", faults)
    return SweepGrid(base=base, axes=plain, instances=tuple(instances))


def sweepable(base: TomlInstance) -> list[str]:
    """Return the keys that hold numbers: those of the file's tables, none of its texts and switches."""
    return [
        name
        for name, field in type(base).model_fields.items()
        if table_of(field) and not isinstance(getattr(base, name), bool | str)
    ]


def meaning_of_key(base: TomlInstance, key: str) -> str:
    """Return what a key means, with its unit, as its file says it."""
    name, _, index = key.partition(".")
    meaning = meaning_of(type(base).model_fields[name])
    return f"{meaning}, item {index}" if index else meaning


def _points(axes: Sequence[Axis]) -> Iterator[dict[str, float]]:
    keys = [axis.key for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip(keys, values, strict=True))


def _without_table(key: str, base: TomlInstance) -> str:
    table, _, rest = key.partition(".")
    field = type(base).model_fields.get(rest.partition(".")[0])
    return rest if field is not None and table_of(field) == table else key


def _key_faults(base: TomlInstance, axes: Sequence[Axis]) -> Iterator[Fault]:
    known, keys = sweepable(base), [axis.key for axis in axes]
    for key in dict.fromkeys(keys):
        name, _, index = key.partition(".")
        value = getattr(base, name, None) if name in known else None
        if name not in known:
            yield Fault(place=key, problem="is no key with a number", remedy=nearest(name, known))
        elif keys.count(key) > 1:
            yield Fault(place=key, problem="is varied twice", remedy="name every key once")
        elif isinstance(value, tuple) and not (index.isdecimal() and int(index) < len(value)):
            last = f"{name}.{len(value) - 1}"
            yield Fault(place=key, problem=f"is a list of {len(value)}", remedy=f"name an item: {name}.0 to {last}")
        elif index and not isinstance(value, tuple):
            yield Fault(place=key, problem=f"{name} is no list", remedy=f"write {name}")


def _value_faults(base: TomlInstance, axes: Sequence[Axis]) -> Iterator[Fault]:
    """Yield what is wrong with the values of one key whatever the others are."""
    for axis in axes:
        refused: dict[tuple[str, str], list[float]] = {}
        for value in axis.values:
            for fault in _faults_at(base, {axis.key: value}):
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
            instances.append(_at(base, point))
        except InvalidInput as error:
            words = ", ".join(f"{key} = {value:g}" for key, value in point.items())
            for fault in error.faults:
                refused.setdefault((fault.place, fault.problem, fault.remedy), []).append(words)
    faults = [
        Fault(place=f"{place} (at {'; '.join(points)})", problem=problem, remedy=remedy)
        for (place, problem, remedy), points in refused.items()
    ]
    return instances, faults


def _faults_at(base: TomlInstance, changes: Changes) -> tuple[Fault, ...]:
    try:
        _at(base, changes)
    except InvalidInput as error:
        return error.faults
    return ()


def _at(base: TomlInstance, changes: Changes) -> TomlInstance:
    """Return the instance with some keys changed; whole numbers stay whole where the key holds one."""
    values: dict[str, Any] = {}
    for key, value in changes.items():
        name, _, index = key.partition(".")
        old = values.get(name, getattr(base, name))
        if index:
            items = list(old)
            items[int(index)] = _like(items[int(index)], value)
            values[name] = tuple(items)
        else:
            values[name] = _like(old, value)
    return base.replace(**values)


def _like(old: Any, value: float) -> float:
    return int(value) if isinstance(old, int) and value.is_integer() else value


def _listed(values: Sequence[float]) -> str:
    if len(values) <= _SHOWN:
        return ", ".join(f"{value:g}" for value in values)
    return f"{values[0]:g}, {values[1]:g} ... {values[-1]:g} ({len(values)} values)"
