"""What every entity does when it is made: take what people give, and refuse what its fields cannot hold."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, ClassVar, cast

from batteryopt.ground.errors import nearest
from batteryopt.ground.inputs import LARGEST
from batteryopt.network.data.entity_faults import EntityFault, InvalidNetwork, fault_in
from batteryopt.network.data.fields import FieldSpec, is_finite, parts_of, specs_of
from batteryopt.tables.input_faults import show

_ARE_JUDGED_LATER: ContextVar[bool] = ContextVar("_ARE_JUDGED_LATER", default=False)


@contextlib.contextmanager
def judged_later() -> Iterator[None]:
    """Let entities be made whatever they hold: whoever reads a table tells all faults of all rows at once."""
    token = _ARE_JUDGED_LATER.set(True)
    try:
        yield
    finally:
        _ARE_JUDGED_LATER.reset(token)


class Entity:
    """A row of a table: its fields say what they may hold (`batteryopt.network.data.fields`).

    Where a field takes one of a few words, the word itself will do (``base="collected_t"``), and lists and arrays
    where it takes several numbers or names.

    Raises
    ------
    InvalidNetwork
        With every fault of the entity's own fields; where there is none, with what in them does not go together.
    """

    KEY: ClassVar[tuple[str, ...]]
    """The fields that tell it from its like; empty: all of them."""

    def __post_init__(self) -> None:
        refuse_other_parts(self, type(self).__name__)
        for spec in specs_of(type(self)):
            value = getattr(self, spec.name)
            taken = _taken(value, spec)
            if taken is not value:
                object.__setattr__(self, spec.name, taken)
        if not _ARE_JUDGED_LATER.get():
            faults = list(own_faults(self)) or list(self.contradictions())
            if faults:
                raise InvalidNetwork(type(self).__name__, faults)

    def contradictions(self) -> Iterator[EntityFault]:
        """Yield what in it does not go together, though each field is in order: told at birth, or by a reader."""
        return iter(())


def refuse_other_parts(owner: Any, name: str) -> None:
    """Raise `InvalidNetwork` where a field that holds rows holds something else; lists of rows are taken as tuples."""
    faults = []
    for part in parts_of(owner.__class__):
        value = getattr(owner, part.name)
        if part.is_many and isinstance(value, list):
            value = tuple(value)
            object.__setattr__(owner, part.name, value)
        items = value if part.is_many and isinstance(value, tuple) else (value,)
        if (part.is_many and not isinstance(value, tuple)) or not all(isinstance(item, part.kind) for item in items):
            expected = (
                f"several {part.kind.__name__}, as a tuple or a list" if part.is_many else f"a {part.kind.__name__}"
            )
            faults.append(fault_in(owner, part.name, f"is {show(value)}", f"expected {expected}"))
    if faults:
        raise InvalidNetwork(name, faults)


def key_of(kind: type[Entity]) -> tuple[str, ...]:
    """Return the fields that tell a row of an entity from the others."""
    return kind.KEY or tuple(field.name for field in dataclasses.fields(cast("Any", kind)))


def _taken(value: Any, spec: FieldSpec) -> Any:
    """Return what a value stands for in a field; the value itself where it is none of its kind."""
    if spec.choices is not None:
        return _choice(value, spec.choices)
    if isinstance(value, float | int | str | bool) or value is None:
        return value
    if hasattr(value, "tolist"):  # numbers and arrays of numpy, columns of pandas
        value = value.tolist()
    if isinstance(value, list) and (spec.is_profile or spec.is_list or spec.is_amounts):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value


def _choice(value: Any, choices: type[enum.StrEnum]) -> Any:
    if isinstance(value, str) and not isinstance(value, choices):
        for choice in choices:
            if value.lower() in (choice.value, choice.name.lower()):
                return choice
    return value


def own_faults(entity: Any) -> Iterator[EntityFault]:
    """Yield every fault of an entity that can be seen without the others."""
    for spec in specs_of(type(entity)):
        value = getattr(entity, spec.name)
        if value is None and spec.is_optional:
            continue
        if spec.choices is not None:
            yield from _word_faults(entity, spec, value)
        elif spec.is_text:
            yield from _text_faults(entity, spec, value)
        elif spec.is_amounts:
            yield from _amount_faults(entity, spec, value)
        elif spec.limits is not None:
            yield from _number_faults(entity, spec, value)


def _word_faults(entity: Any, spec: FieldSpec, value: Any) -> Iterator[EntityFault]:
    assert spec.choices is not None
    if not isinstance(value, spec.choices):
        words = [choice.value for choice in spec.choices]
        remedy = f"{nearest(str(value), words)}; expected one of {', '.join(words)}"
        yield fault_in(entity, spec.name, f"is {show(value)}", remedy)


def _text_faults(entity: Any, spec: FieldSpec, value: Any) -> Iterator[EntityFault]:
    expected = "several names, as a tuple or a list" if spec.is_list else "a text"
    items = value if spec.is_list and isinstance(value, tuple) else (value,)
    is_wrong = spec.is_list and not isinstance(value, tuple)
    if is_wrong or not all(isinstance(item, str) for item in items):
        yield fault_in(entity, spec.name, f"is {show(value)}", f"expected {expected}")


def _amount_faults(entity: Any, spec: FieldSpec, value: Any) -> Iterator[EntityFault]:
    """Yield what is no pair of a name and a number; how large the number may be is judged with the recipe."""
    pairs = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(pair, tuple) and len(pair) == 2 and _is_amount(*pair) for pair in pairs):
        yield fault_in(entity, spec.name, f"is {show(value)}", "expected pairs of a product and its tonnes")


def _is_amount(name: Any, tonnes: Any) -> bool:
    return isinstance(name, str) and isinstance(tonnes, int | float) and not isinstance(tonnes, bool)


def _number_faults(entity: Any, spec: FieldSpec, value: Any) -> Iterator[EntityFault]:
    assert spec.limits is not None
    numbers = value if isinstance(value, tuple) and spec.is_profile else (value,)
    for period, number in enumerate(numbers):
        at = period if isinstance(value, tuple) else None
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or (spec.is_whole and is_finite(number) and number != int(number)):
            expected = (
                "a whole number" if spec.is_whole else "a number, or one a period" if spec.is_profile else "a number"
            )
            yield fault_in(entity, spec.name, f"is {show(number)}", f"expected {expected}", at)
            return
        if not spec.limits.allow(number):
            size = f", at most {LARGEST:g} in size" if is_finite(number) and abs(number) > LARGEST else ""
            yield fault_in(entity, spec.name, f"is {show(number)}", f"expected {spec.limits.words}{size}", at)
            return
