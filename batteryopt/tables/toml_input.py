"""TOML files to validated instances and back, with every fault of a file reported at once.

An instance is a flat, frozen class; each field says under which table of the file its key stands::

    class Pendulum(TomlInstance):
        kind: ClassVar[str] = "pendulum"
        length: float = quantity("distance from pivot to mass", unit="m", gt=0)

    pendulum = read("pendulum.toml", Pendulum)     # or raises InvalidInput with all faults
    write(pendulum, "copy.toml")                   # read(copy) == pendulum, to the last bit
"""

from __future__ import annotations

import itertools
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np
import pydantic
from pydantic import BaseModel, ConfigDict, Field

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.inputs import LARGEST, CannotRead, content_of, in_words
from batteryopt.ground.named import named
from batteryopt.tables.changes import Changes, changes_of
from batteryopt.tables.input_faults import faults_of, meaning_of, show, table_of

MOST_TOML_BYTES = 20_000_000
MOST_ITEMS = 100_000
"""Of a list, those in its lists included."""
README, MOVED = "README.md", "# Moved"
"""File and beginning of its first line that tell where an instance went."""
SHOWN = 6
"""Values that the short form of an instance tells."""


def quantity(description: str, *, unit: str = "", table: str = "parameters", default: Any = ..., **limits: Any) -> Any:
    """Return a field of an instance.

    Parameters
    ----------
    description
        What it means, in one line; printed as a comment by `to_toml` and in faults.
    unit
        Its unit; empty for a pure number or a text.
    table
        The TOML table its key stands under; empty for the top of the file.
    default
        Its value where the file does not give it; without one the key is required.
    limits
        Pydantic's constraints: ``gt``, ``ge``, ``lt``, ``le``, ``min_length``, ``max_length``.
    """
    return Field(default=default, description=description, json_schema_extra={"table": table, "unit": unit}, **limits)


class TomlInstance(BaseModel):
    """An instance that a TOML file can hold: frozen, keyword-only, strict about types, finite numbers only.

    Lists and NumPy arrays become tuples. Whatever is wrong raises one `InvalidInput` with all faults. No number of any
    field, in lists or not, is larger in size than `largest`, or nearer to 0 than `smallest` without being it: sums of
    such squares and quotients are out of the range of numbers, and searches among them end in overflow, or never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: ClassVar[str]
    largest: ClassVar[float] = LARGEST
    smallest: ClassVar[float] = 1e-30

    name: str = quantity("what this instance is called", table="", default="unnamed")
    source: str = quantity("where its numbers come from", table="", default="not given")

    if not TYPE_CHECKING:  # type checkers keep the keyword-only signature that pydantic derives from the fields

        def __init__(self, **values: Any) -> None:
            plain = {key: _plain(value) for key, value in values.items()}
            faults = [fault for key, value in plain.items() for fault in _size_faults(key, value, type(self))]
            beyond = {_key_of(fault) for fault in faults}
            try:
                super().__init__(**{key: value for key, value in plain.items() if key not in beyond})
            except pydantic.ValidationError as error:
                faults += [fault for fault in faults_of(error, type(self)) if fault.place not in beyond]
            sound = _sound_values(plain, faults, type(self))
            faults += type(self).inconsistencies(sound)
            if faults:
                raise InvalidInput(type(self).__name__, faults)

    def __repr__(self) -> str:
        """Return a line: the numbers of large games would fill a prompt with thousands."""
        given = [name for name in type(self).model_fields if table_of(type(self).model_fields[name])]
        told = [f"{name} {_brief(getattr(self, name))}" for name in given if getattr(self, name) is not None]
        shown = ", ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")
        return f"{type(self).__name__} {self.name!r}: {shown}"

    __str__ = __repr__

    @classmethod
    def inconsistencies(cls, values: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG003
        """Yield what is wrong between fields, each sound by itself; `values` lacks the fields that are not sound."""
        yield from ()

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed."""
        return type(self)(**{**dict(self), **changes})

    def changed(self, changes: Changes) -> Self:
        """Return a validated copy with some numbers changed: ``game.changed({"usable_share": times(1.1)})``.

        Parameters
        ----------
        changes
            By key, ``key.2`` for the third item of a list: the new value, or what `times` and `plus` give.

        Raises
        ------
        InvalidInput
            With every fault: keys that do not exist, values out of range.
        """
        change: Callable[..., Self] = named("batteryopt.tables.toml_changes:changed")
        return change(self, changes_of(changes))


InstanceT = TypeVar("InstanceT", bound=TomlInstance)


# --- reading ---------------------------------------------------------------------------------------------------------


def read(path: str | os.PathLike[str], model: type[InstanceT]) -> InstanceT:
    """Read an instance from a TOML file.

    Raises
    ------
    InvalidInput
        With every fault of the file: no such file, broken TOML (with line and column), a wrong `kind`, and each key
        that is missing, unknown, of the wrong type, not finite or out of range.
    """
    return from_table(load_table(path), model, source=str(path))


def load_table(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a TOML file, or raise `InvalidInput` saying why it cannot be had."""
    try:
        content = content_of(path, most=MOST_TOML_BYTES)
        with in_words("correct it"):
            return _parsed(content, str(path))
    except CannotRead as error:
        remedy = error.remedy
        if "no such file" in error.problem:
            remedy += f", or make one: batteryopt new{_where_it_went(Path(path).parent)}"
        raise InvalidInput(str(path), [Fault(place="file", problem=error.problem, remedy=remedy)]) from error


def _where_it_went(folder: Path) -> str:
    """Return what a README says that was left in place of an instance: its first line, if that is where it moved."""
    try:
        first = content_of(folder / README, most=MOST_TOML_BYTES).decode("utf-8").partition("\n")[0]
    except (CannotRead, UnicodeDecodeError):
        return ""
    return f"; {README} there says: {first[2:]}" if first.startswith(MOVED) else ""


def _parsed(content: bytes, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(source, [_unreadable(error)]) from error


def kind_of(path: str | os.PathLike[str], known: Iterable[str] = ()) -> str:
    """Return the `kind` a TOML file declares, without looking at the rest.

    Raises
    ------
    InvalidInput
        If the file cannot be read, has no `kind`, or one that is not among `known` (any will do where that is empty).
    """
    faults = list(_kind_faults(table := load_table(path), tuple(known)))
    if faults:
        raise InvalidInput(str(path), faults)
    return str(table["kind"])


def from_table(table: Mapping[str, Any], model: type[InstanceT], source: str) -> InstanceT:
    """Return the instance that a parsed TOML table describes; `source` names it in faults."""
    faults = list(_kind_faults(table, (model.kind,)))
    values, structural = _flatten(table, model)
    faults += structural
    try:
        instance = model(**values)
    except InvalidInput as error:
        faults += [replace(fault, place=_key_path(fault.place, model)) for fault in error.faults]
    if faults:
        raise InvalidInput(source, faults)
    return instance


def _kind_faults(table: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Fault]:
    expected = " or ".join(f'kind = "{name}"' for name in known) or 'a line such as kind = "coordination"'
    if "kind" not in table:
        yield Fault(place="kind", problem="is missing", remedy=f"expected {expected} at the top of the file")
    elif not isinstance(kind := table["kind"], str):
        yield Fault(place="kind", problem=f"is {show(kind)}", remedy=f"expected {expected}")
    elif known and kind not in known:
        yield Fault(place="kind", problem=f"'{kind}' is unknown", remedy=nearest(kind, known))


def _flatten(table: Mapping[str, Any], model: type[TomlInstance]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values by field name, and the faults of the file's structure."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    tables = sorted({table_of(field) for field in model.model_fields.values()} - {""})
    for key, value in table.items():
        if key == "kind":
            continue
        if key not in tables:
            _place_key(model, "", key, value, values, faults)
        elif isinstance(value, Mapping):
            for inner, item in value.items():
                _place_key(model, key, inner, item, values, faults)
        else:
            faults.append(Fault(place=key, problem=f"is {show(value)}", remedy=f"expected a table, [{key}]"))
    return values, faults


def _place_key(
    model: type[TomlInstance], table: str, key: str, value: Any, values: dict[str, Any], faults: list[Fault]
) -> None:
    """Put one key of the file where it belongs: among the values, or among the faults."""
    path = f"{table}.{key}" if table else key
    field = model.model_fields.get(key)
    if field is not None and table_of(field) == table:
        values[key] = value
    elif field is not None:
        home = table_of(field)
        where = f"put it under [{home}]" if home else "put it at the top of the file, above the first table"
        faults.append(Fault(place=path, problem="stands in the wrong place", remedy=where))
    else:
        fields = {name for name, other in model.model_fields.items() if table_of(other) == table}
        known = fields if table else fields | {"kind"} | {table_of(other) for other in model.model_fields.values()}
        faults.append(Fault(place=path, problem="unknown key", remedy=nearest(key, known - {""})))


def _unreadable(error: Exception) -> Fault:
    """Return why a file could not be read, for people."""
    if isinstance(error, tomllib.TOMLDecodeError):
        found = re.fullmatch(r"(.*?) \((?:at )?(.*)\)", str(error), flags=re.DOTALL)
        reason, place = found.groups() if found else (str(error), "file")
        return Fault(place=place, problem=f"not valid TOML: {reason}", remedy="correct the syntax there")
    if isinstance(error, UnicodeDecodeError):
        return Fault(place=f"byte {error.start}", problem="is not UTF-8 text", remedy="save the file as UTF-8")
    return Fault(place="file", problem="cannot be read (arrays nested too deeply)", remedy="check the file")


def _sound_values(plain: dict[str, Any], faults: list[Fault], model: type[TomlInstance]) -> dict[str, Any]:
    """Return the values of all fields that have no fault of their own, defaults filled in."""
    faulty = {_key_of(fault) for fault in faults}
    defaults = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    return {
        name: value for name, value in (defaults | plain).items() if name in model.model_fields and name not in faulty
    }


def _brief(value: Any) -> str:
    """Return a value in a word or two."""
    if isinstance(value, tuple):
        return show(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size_faults(key: str, value: Any, model: type[TomlInstance]) -> Iterator[Fault]:
    """Yield what is of no size to be looked at any further: a list, or the first such number in it."""
    items = list(itertools.islice(_items(value, key), MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        remedy = f"expected at most {MOST_ITEMS:,} items"
        yield Fault(place=key, problem=f"has more than {MOST_ITEMS:,} items", remedy=remedy)
        return
    field = model.model_fields.get(key)
    meaning = f" ({meaning_of(field)})" if field is not None else ""
    for place, item in items:
        if _is_beyond(item, model):
            remedy = f"expected at most {model.largest:g} in size, and 0 or at least {model.smallest:g}{meaning}"
            yield Fault(place=place, problem=f"is {show(item)}", remedy=remedy)
            return


def _is_beyond(item: Any, model: type[TomlInstance]) -> bool:
    """Return whether something is a finite number that is too large, or too near to 0, to be computed with."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    return model.largest < abs(item) < math.inf or 0 < abs(item) < model.smallest


def _items(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield what is in a list and in its lists, each with its place."""
    if isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from _items(item, f"{place}[{position}]")
    else:
        yield place, value


def _plain(value: Any) -> Any:
    """Return lists and arrays as tuples, NumPy scalars as Python's."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(_plain(item) for item in value) if isinstance(value, list | tuple) else value


def _key_of(fault: Fault) -> str:
    return _key_in(fault.place)


def _key_in(place: str) -> str:
    """Return the key of the field that a place such as ``market_size[3]`` is in."""
    return place.partition("[")[0]


def _key_path(place: str, model: type[TomlInstance]) -> str:
    """Return a fault's place as it stands in the file: the table before the key."""
    field = model.model_fields.get(_key_in(place))
    table = table_of(field) if field is not None else ""
    return f"{table}.{place}" if table else place
